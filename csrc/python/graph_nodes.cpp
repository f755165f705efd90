// grad_fn objects. Each kind of node has a Python type of its name, made when it is first seen; the object of a node is made
// when it is first asked for and keeps the node alive.
#include <cstring>
#include <map>
#include "python/autograd.h"

namespace pl {
namespace {

struct NodeObject : PyObject {
  Node* node;      // owned
};

PyTypeObject* base_type = nullptr;

Node* node_of(PyObject* o) {
  return PyObject_TypeCheck(o, &function_type) ? function_node(o) : static_cast<NodeObject*>(o)->node;
}

PyTypeObject* type_named(const char* name) {
  static std::map<std::string, PyTypeObject*, std::less<>> types;
  auto found = types.find(name);
  if (found != types.end()) return found->second;
  std::string full = std::string("builtins.") + name;
  PyType_Slot slots[] = {{0, nullptr}};
  PyType_Spec spec{full.c_str(), 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  PyRef bases(PyTuple_Pack(1, base_type));
  auto* type = reinterpret_cast<PyTypeObject*>(PyType_FromSpecWithBases(&spec, bases.get()));
  if (!type) throw PythonError();
  auto entry = types.emplace(name, type).first;
  type->tp_name = entry->first.c_str();      // printed without a module, as built-in types are
  return type;
}

void dealloc(PyObject* self) {
  auto* o = static_cast<NodeObject*>(self);
  PyTypeObject* type = Py_TYPE(self);
  o->node->wrapper = nullptr;
  unref(o->node);
  type->tp_free(self);
  Py_DECREF(type);
}

// ---- attributes
// What the node saved, as {"_saved_self": tensor}.
PyObject* saved_values(Node* n) {
  PyRef found(PyDict_New());
  n->saved([&](const char* name, const Tensor& t) {
    PyRef value(wrap(Tensor(t)));
    if (PyDict_SetItemString(found.get(), (std::string("_saved_") + name).c_str(), value.get()) < 0) throw PythonError();
  });
  return found.release();
}

PyObject* get_attribute(PyObject* self, PyObject* name) {
  const char* text = PyUnicode_AsUTF8(name);
  if (!text) return nullptr;
  Node* n = node_of(self);
  if (n->accumulator && std::strcmp(text, "variable") == 0) return wrap(static_cast<AccumulateGrad*>(n)->variable);
  if (std::strncmp(text, "_saved_", 7) != 0) return PyObject_GenericGetAttr(self, name);
  return guarded("", nullptr, [&]() -> PyObject* {
    PyRef found(saved_values(n));
    PyObject* value = PyDict_GetItemWithError(found.get(), name);
    Py_XINCREF(value);
    return value ? value : PyObject_GenericGetAttr(self, name);
  });
}

PyObject* list_attributes(PyObject* self, PyObject*) {
  return guarded("", nullptr, [&]() -> PyObject* {
    PyRef names(PyObject_CallMethod(reinterpret_cast<PyObject*>(&PyBaseObject_Type), "__dir__", "O", self));
    Node* n = node_of(self);
    auto add = [&](const std::string& name) {
      PyRef text(PyUnicode_FromString(name.c_str()));
      if (PyList_Append(names.get(), text.get()) < 0) throw PythonError();
    };
    if (n->accumulator) add("variable");
    try {
      n->saved([&](const char* name, const Tensor&) { add(std::string("_saved_") + name); });
    } catch (const Error&) {
      // Released by backward: there is nothing to show.
    }
    return names.release();
  });
}

PyObject* get_next_functions(PyObject* self, void*) {
  return guarded("next_functions", nullptr, [&]() -> PyObject* {
    Node* n = node_of(self);
    PyRef edges(PyTuple_New(Py_ssize_t(n->n_next)));
    for (uint32_t i = 0; i < n->n_next; ++i) {
      PyRef fn(wrap_node(n->next[i].fn));
      PyObject* pair = Py_BuildValue("(OI)", fn.get(), n->next[i].nr);
      if (!pair) throw PythonError();
      PyTuple_SET_ITEM(edges.get(), i, pair);
    }
    return edges.release();
  });
}

PyObject* get_metadata(PyObject* self, void*) {
  return guarded("metadata", nullptr, [&]() -> PyObject* {
    Node* n = node_of(self);
    PyHooks& h = hooks_of(n);
    if (!h.metadata) {
      h.metadata = PyRef(PyDict_New()).release();
      if (n->where && PyDict_SetItemString(h.metadata, "traceback_", n->where) < 0) throw PythonError();
    }
    Py_INCREF(h.metadata);
    return h.metadata;
  });
}

PyObject* get_requires_grad(PyObject*, void*) { Py_RETURN_TRUE; }

PyObject* get_name(PyObject* self, PyObject*) { return PyUnicode_FromString(node_of(self)->name()); }
PyObject* get_sequence_nr(PyObject* self, PyObject*) {
  Node* n = node_of(self);
  return PyLong_FromUnsignedLongLong(n->accumulator ? UINT64_MAX : n->seq);
}

// ---- hooks
PyObject* add_hook(PyObject*& dict, PyObject* hook) {
  if (!dict) dict = new_hook_dict();
  return register_hook_in(dict, hook);
}
PyObject* register_hook(PyObject* self, PyObject* hook) {
  return guarded("register_hook", nullptr, [&] { return add_hook(hooks_of(node_of(self)).post, hook); });
}
PyObject* register_prehook(PyObject* self, PyObject* hook) {
  return guarded("register_prehook", nullptr, [&] { return add_hook(hooks_of(node_of(self)).pre, hook); });
}

// ---- a call: the derivative itself, as grad_fn(gradient)
void check_given(Node* n, uint32_t i, const TensorImpl* g) {
  const OutputMeta& want = n->output(i);
  PL_CHECK(want.dtype == DType::Undefined || (want.dtype == g->dtype && want.device == g->device() && want.sizes() == Shape(g->sizes, g->ndim)),
           "%s expects a gradient of shape %s and torch.%s at index %u, but got %s and torch.%s", n->name(), to_string(want.sizes()).c_str(),
           info(want.dtype).name, i, to_string({g->sizes, g->ndim}).c_str(), info(g->dtype).name);
}

PyObject* call(PyObject* self, PyObject* args, PyObject* kw) {
  return guarded("", nullptr, [&]() -> PyObject* {
    Node* n = node_of(self);
    PL_CHECK_AS(Type, !kw || PyDict_GET_SIZE(kw) == 0, "", "%s() takes no keyword arguments", n->name());
    PL_CHECK_AS(Type, PyTuple_GET_SIZE(args) == Py_ssize_t(n->n_inputs), "", "expected %u arguments, got %zd instead", n->n_inputs,
                PyTuple_GET_SIZE(args));
    TensorList grads, results(n->n_next);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) {
      PyObject* g = PyTuple_GET_ITEM(args, i);
      PL_CHECK_AS(Type, is_tensor(g) || g == Py_None, "", "argument %zd is not a Variable", i);
      if (g != Py_None) check_given(n, uint32_t(i), impl(g));
      grads.push_back(g == Py_None ? Tensor() : Tensor::borrow(impl(g)));
    }
    n->backward(grads.data(), results.data());
    if (results.size() == 1) return wrap(results[0]);
    return tuple_of(results.data(), uint32_t(results.size()));
  });
}

}  // namespace

PyMethodDef node_methods[] = {
    {"name", get_name, METH_NOARGS, "The name of the operation, AddBackward0."},
    {"_sequence_nr", get_sequence_nr, METH_NOARGS, "Later operations have larger numbers."},
    {"register_hook", register_hook, METH_O,
     "register_hook(fn)\n\nCalls fn(grad_inputs, grad_outputs) after this node's gradients are computed; it may return other grad_inputs."},
    {"register_prehook", register_prehook, METH_O,
     "register_prehook(fn)\n\nCalls fn(grad_outputs) before this node's gradients are computed; it may return other grad_outputs."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef node_getset[] = {
    {"next_functions", get_next_functions, nullptr, "The nodes of the inputs, as (node, output number).", nullptr},
    {"metadata", get_metadata, nullptr, "A dict for notes of your own.", nullptr},
    {"requires_grad", get_requires_grad, nullptr, "True.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

bool is_node(PyObject* o) { return PyObject_TypeCheck(o, base_type) || PyObject_TypeCheck(o, &function_type); }

NodeRef<Node> to_node(PyObject* o) {
  PL_CHECK_AS(Type, is_node(o), "", "expected a node of the graph, but got %s", Py_TYPE(o)->tp_name);
  if (PyObject_TypeCheck(o, &function_type)) return hold_function_node(o);
  Node* n = static_cast<NodeObject*>(o)->node;
  retain(n);
  return NodeRef<Node>(n);
}

PyObject* wrap_node(Node* n) {
  if (!n) Py_RETURN_NONE;
  if (!n->wrapper) {
    PyTypeObject* type = type_named(n->name());
    auto* o = reinterpret_cast<NodeObject*>(type->tp_alloc(type, 0));
    if (!o) throw PythonError();
    retain(n);
    o->node = n;
    n->wrapper = o;
    return o;
  }
  Py_INCREF(n->wrapper);
  return n->wrapper;
}

PyObject* register_hook_in(PyObject* dict, PyObject* hook) {
  static PyObject* handle_type = nullptr;
  if (!handle_type) {
    PyRef module(PyImport_ImportModule("penlight.utils.hooks"));
    handle_type = PyRef(PyObject_GetAttrString(module.get(), "RemovableHandle")).release();
  }
  PyRef handle(PyObject_CallOneArg(handle_type, dict));
  PyRef id(PyObject_GetAttrString(handle.get(), "id"));
  if (PyObject_SetItem(dict, id.get(), hook) < 0) throw PythonError();
  return handle.release();
}

bool add_node_type(PyObject* module) {
  static PyMethodDef methods[std::size(node_methods) + 1];
  std::copy(std::begin(node_methods), std::end(node_methods) - 1, methods);
  methods[std::size(node_methods) - 1] = {"__dir__", list_attributes, METH_NOARGS, nullptr};
  PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(dealloc)}, {Py_tp_getattro, reinterpret_cast<void*>(get_attribute)},
                         {Py_tp_call, reinterpret_cast<void*>(call)},       {Py_tp_methods, methods},
                         {Py_tp_getset, node_getset},                       {0, nullptr}};
  PyType_Spec spec{"penlight._C._Node", int(sizeof(NodeObject)), 0,
                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};
  base_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!base_type) return false;
  Py_INCREF(base_type);
  return PyModule_AddObject(module, "_Node", reinterpret_cast<PyObject*>(base_type)) == 0;
}

}  // namespace pl
