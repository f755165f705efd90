// autograd.Function. One Python object is the context (`ctx`), the grad_fn of the outputs and the node of the graph: the Node
// stands inside the object. References from the graph (Node::refs) together hold one Python reference.
#include <new>
#include "python/autograd.h"

namespace pl {
namespace {

struct FunctionObject;

struct FunctionNode final : Node {
  FunctionObject* context;
  std::vector<SavedTensor> saved_tensors;
  std::vector<bool> takes_gradient;      // for each argument of apply: is it a tensor
  bool materialize = true, released = false;
  bool cleared = false;                  // by clear_saved_tensors_on_access

  explicit FunctionNode(FunctionObject* c);
  const char* name() const override;
  void backward(const Tensor* grads, Tensor* results) override;
  void dispose() override;
  void release_saved() override {
    for (SavedTensor& s : saved_tensors) s.reset();
    released = !saved_tensors.empty();
  }
};

struct FunctionObject : PyObject {
  PyObject *needs_input_grad, *to_save, *non_differentiable, *dirty, *saved_for_forward;
  alignas(FunctionNode) char node_memory[sizeof(FunctionNode)];
  FunctionNode& node() { return *std::launder(reinterpret_cast<FunctionNode*>(node_memory)); }
};

FunctionObject* object(PyObject* o) { return static_cast<FunctionObject*>(o); }

FunctionNode::FunctionNode(FunctionObject* c) : context(c) {
  refs = 0;
  wrapper = c;
}
const char* FunctionNode::name() const { return Py_TYPE(context)->tp_name; }
void FunctionNode::dispose() { Py_DECREF(context); }

struct Names {
  PyObject *backward_cls, *forward_cls, *forward, *backward, *vjp, *setup_context, *bind, *boxed, *clear_saved;
  Names() {
    auto s = [](const char* text) { return PyUnicode_InternFromString(text); };
    backward_cls = s("_backward_cls");
    forward_cls = s("_forward_cls");
    forward = s("forward");
    backward = s("backward");
    vjp = s("vjp");
    setup_context = s("setup_context");
    bind = s("_bind_arguments");
    boxed = s("boxed_grads_call");
    clear_saved = s("clear_saved_tensors_on_access");
  }
};
const Names& names() {
  static const Names n;
  return n;
}

// penlight.autograd.function.Function and its placeholders for what a user did not define.
struct Defaults {
  PyObject *function, *backward, *setup_context;
  Defaults() {
    PyRef module(PyImport_ImportModule("penlight.autograd.function"));
    function = PyRef(PyObject_GetAttrString(module.get(), "Function")).release();
    backward = PyRef(PyObject_GetAttr(function, names().backward)).release();
    setup_context = PyRef(PyObject_GetAttr(function, names().setup_context)).release();
  }
};
const Defaults& defaults() {
  static const Defaults d;
  return d;
}

// An option that a Function's class sets.
bool option(PyObject* forward_cls, PyObject* name) {
  PyRef value(PyObject_GetAttr(forward_cls, name));
  return value.get() == Py_True;
}

// ---- backward
PyObject* user_backward(PyObject* forward_cls) {
  PyRef backward(PyObject_GetAttr(forward_cls, names().backward));
  PyRef vjp(PyObject_GetAttr(forward_cls, names().vjp));
  bool has_backward = backward.get() != defaults().backward, has_vjp = vjp.get() != defaults().backward;
  PL_CHECK(!has_backward || !has_vjp, "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one "
           "of them.");
  return has_vjp ? vjp.release() : backward.release();
}

Tensor materialized(FunctionNode& n, uint32_t i, const Tensor& grad) {
  const OutputMeta& meta = n.output(i);
  if (grad || !n.materialize || meta.dtype == DType::Undefined) return grad;
  return zeros(meta.sizes(), meta.dtype, meta.device);
}

void take_results(FunctionNode& n, PyObject* returned, Tensor* results) {
  PyObject* const* items = PyTuple_Check(returned) ? &PyTuple_GET_ITEM(returned, 0) : &returned;
  size_t given = PyTuple_Check(returned) ? size_t(PyTuple_GET_SIZE(returned)) : 1, expected = n.takes_gradient.size(), got = given;
  while (given > expected && items[given - 1] == Py_None) --given;      // surplus Nones are dropped
  PL_CHECK(given == expected, "function %s returned an incorrect number of gradients (expected %zu, got %zu)", n.name(), expected, got);
  uint32_t edge = 0;
  for (size_t i = 0; i < given; ++i) {
    if (!n.takes_gradient[i]) {
      PL_CHECK(items[i] == Py_None, "function %s returned a gradient different than None at position %zu, but the corresponding forward input was "
               "not a Variable", n.name(), i + 1);
      continue;
    }
    PL_CHECK(items[i] == Py_None || is_tensor(items[i]), "expected Variable or None (got %s)", Py_TYPE(items[i])->tp_name);
    if (items[i] != Py_None) results[edge] = Tensor::borrow(impl(items[i]));
    ++edge;
  }
}

void FunctionNode::backward(const Tensor* grads, Tensor* results) {
  PyObject* self = context;
  PyRef forward_cls(PyObject_GetAttr(self, names().forward_cls));
  PyRef function(user_backward(forward_cls.get()));
  TensorList given(n_inputs);
  std::vector<PyObject*> args{self};
  for (uint32_t i = 0; i < n_inputs; ++i) {
    given[i] = materialized(*this, i, grads[i]);
    args.push_back(given[i] ? static_cast<PyObject*>(given[i].get()) : Py_None);
  }
  if (option(forward_cls.get(), names().boxed)) {
    PyRef list(PyList_New(Py_ssize_t(n_inputs)));
    for (uint32_t i = 0; i < n_inputs; ++i) {
      Py_INCREF(args[i + 1]);
      PyList_SET_ITEM(list.get(), i, args[i + 1]);
    }
    PyRef returned(PyObject_CallFunctionObjArgs(function.get(), self, list.get(), nullptr));
    take_results(*this, returned.get(), results);
    return;
  }
  PyRef returned(PyObject_Vectorcall(function.get(), args.data(), args.size(), nullptr));
  take_results(*this, returned.get(), results);
}

// ---- forward
// The arguments of one apply, and what wrapping its outputs has to know.
struct Call {
  FunctionObject* context;
  FunctionNode& node;
  PyObject* const* args;
  size_t n_args;
  bool records;                 // a derivative is wanted

  bool is_input(PyObject* o) const {
    for (size_t i = 0; i < n_args; ++i) if (args[i] == o) return true;
    return false;
  }
  // The edge of the graph that belongs to the argument o.
  uint32_t edge_of(PyObject* o) const {
    uint32_t edge = 0;
    for (size_t i = 0; i < n_args; ++i) {
      if (args[i] == o) return edge;
      edge += is_tensor(args[i]);
    }
    return 0;
  }
};

bool is_listed(PyObject* tuple, PyObject* o) {
  if (!tuple) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) if (PyTuple_GET_ITEM(tuple, i) == o) return true;
  return false;
}

void check_marks(FunctionObject* c, PyObject* outputs) {
  for (auto [tuple, name] : {std::pair{c->dirty, "mark_dirty"}, {c->non_differentiable, "mark_non_differentiable"}}) {
    if (!tuple) continue;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i)
      PL_CHECK_AS(Type, is_tensor(PyTuple_GET_ITEM(tuple, i)), "", "%s only accepts variable arguments, but argument %zd is of type %s", name, i,
                  Py_TYPE(PyTuple_GET_ITEM(tuple, i))->tp_name);
  }
  for (Py_ssize_t i = 0; c->dirty && i < PyTuple_GET_SIZE(c->dirty); ++i) {
    PyObject* changed = PyTuple_GET_ITEM(c->dirty, i);
    PL_CHECK(is_listed(outputs, changed), "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
             "modified inplace must all be outputs of the Function.");
    bump_version(impl(changed));
  }
}

void mark_view(const Tensor& v, TensorFlag how) {
  v->flags = uint16_t((v->flags & ~(kNoGradView | kMultiView | kCustomView)) | how);
}

Tensor view_of_itself(const Tensor& t) {
  NoGrad no_grad;
  Tensor v = as_view(t, t.sizes(), t.strides(), t->offset);
  mark_view(v, kCustomView);
  return v;
}

// An output that the derivative does not concern.
Tensor plain_output(const Tensor& t, bool is_input, bool is_modified) {
  if (!requires_grad(t)) return is_input && !is_modified ? view_of_itself(t) : t;
  if (is_input) return alias(t);
  if (!t->base) detach_inplace(t);
  return t;
}

void modified_output(const Call& call, const Tensor& t, uint32_t nr, bool is_input, size_t n_outputs) {
  PL_CHECK(!(t->flags & kRequiresGrad) || t->grad_fn, "a leaf Variable that requires grad has been used in an in-place operation.");
  if (!is_input && PyErr_WarnEx(PyExc_UserWarning, "Only input Tensors should be given to ctx.mark_dirty(). If a Tensor is not an input, there is no "
                                "need to pass it to mark_dirty().", 1) < 0)
    throw PythonError();
  PL_CHECK(!t->base || n_outputs == 1, "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot return more "
           "than one Tensor. This is not supported by the current autograd engine. You should either make sure the input is not a view (using "
           ".clone() for example) or make your Function only return one Tensor (potentially splitting it into two Functions: one doing the inplace "
           "that returns a single Tensor and a second one that does the other operations).");
  check_inplace(t, true);
  Py_CLEAR(t->grad);
  retain(&call.node);
  set_inplace_history(t, NodeRef<Node>(&call.node), nr, call.edge_of(t.get()));
}

Tensor wrap_output(const Call& call, PyObject* o, uint32_t nr, size_t n_outputs) {
  Tensor t = Tensor::borrow(impl(o));
  bool is_input = call.is_input(o), is_modified = is_listed(call.context->dirty, o);
  bool differentiable = call.records && is_differentiable(t.dtype()) && !is_listed(call.context->non_differentiable, o);
  if (!differentiable) return plain_output(t, is_input, is_modified);
  if (is_modified) {
    modified_output(call, t, nr, is_input, n_outputs);
    return t;
  }
  if (is_input) t = view_of_itself(t);
  else if (requires_grad(t) && !t->base) t = alias(t);      // made by recorded operations inside forward: another history
  if (t->base) mark_view(t, n_outputs > 1 ? kMultiView : kCustomView);
  set_history(t, &call.node, nr);
  return t;
}

// The tensors among the outputs get their history; anything else passes.
PyObject* wrap_outputs(const Call& call, PyObject* outputs) {
  size_t n = size_t(PyTuple_GET_SIZE(outputs)), tensors = 0;
  for (size_t i = 0; i < n; ++i) tensors += is_tensor(PyTuple_GET_ITEM(outputs, i));
  call.node.n_inputs = uint32_t(n ? n : 1);
  PyRef wrapped(PyTuple_New(Py_ssize_t(n)));
  for (size_t i = 0; i < n; ++i) {
    PyObject* o = PyTuple_GET_ITEM(outputs, i);
    PyObject* item = o;
    if (is_tensor(o)) item = wrap_output(call, o, uint32_t(i), tensors).release();
    else Py_INCREF(o);
    PyTuple_SET_ITEM(wrapped.get(), i, item);
  }
  return wrapped.release();
}

// save_for_backward: now that the outputs are known, they can be told from the inputs.
void save_tensors(FunctionObject* c, bool records) {
  PyObject* list = std::exchange(c->to_save, nullptr);
  if (!list) return;
  PyRef owner(list);
  FunctionNode& n = c->node();
  if (records) n.saved_tensors.resize(size_t(PyTuple_GET_SIZE(list)));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(list); ++i) {
    PyObject* o = PyTuple_GET_ITEM(list, i);
    PL_CHECK_AS(Type, o == Py_None || is_tensor(o), "", "save_for_backward can only save variables, but argument %zd is of type %s", i,
                Py_TYPE(o)->tp_name);
    if (!records || o == Py_None) continue;
    Tensor t = Tensor::borrow(impl(o));
    // A changed view's own grad_fn leads here, too.
    if (t->grad_fn == &n || is_listed(c->dirty, o)) n.saved_tensors[size_t(i)].save_output(t, t->output_nr);
    else n.saved_tensors[size_t(i)].save(t);
  }
}

// Records the inputs; true when the call has to be differentiated.
bool record_inputs(FunctionObject* c, PyObject* const* args, size_t n) {
  FunctionNode& node = c->node();
  TensorList tensors;
  bool any = false;
  c->needs_input_grad = PyRef(PyTuple_New(Py_ssize_t(n))).release();
  node.takes_gradient.resize(n);
  for (size_t i = 0; i < n; ++i) {
    bool needs = false;
    if (is_tensor(args[i])) {
      node.takes_gradient[i] = true;
      tensors.push_back(Tensor::borrow(impl(args[i])));
      needs = requires_grad(tensors.back());
    }
    any |= needs;
    PyObject* flag = needs ? Py_True : Py_False;
    Py_INCREF(flag);
    PyTuple_SET_ITEM(c->needs_input_grad, i, flag);
  }
  bool records = any && grad_enabled;
  if (records) set_edges(&node, tensors);
  return records;
}

PyObject* call_forward(PyObject* cls, FunctionObject* c, PyObject* const* args, size_t n, bool separate_setup) {
  NoGrad no_grad;
  PyRef forward(PyObject_GetAttr(cls, names().forward));
  if (!separate_setup) {
    std::vector<PyObject*> with_context{c};
    with_context.insert(with_context.end(), args, args + n);
    return PyObject_Vectorcall(forward.get(), with_context.data(), n + 1, nullptr);
  }
  PyRef output(PyObject_Vectorcall(forward.get(), args, n, nullptr));
  PyRef setup(PyObject_GetAttr(cls, names().setup_context)), inputs(PyTuple_New(Py_ssize_t(n)));
  for (size_t i = 0; i < n; ++i) {
    Py_INCREF(args[i]);
    PyTuple_SET_ITEM(inputs.get(), i, args[i]);
  }
  PyRef nothing(PyObject_CallFunctionObjArgs(setup.get(), c, inputs.get(), output.get(), nullptr));
  return output.release();
}

PyObject* run_forward(PyObject* cls, PyObject* const* args, size_t n, bool separate_setup) {
  PyRef backward_cls(PyObject_GetAttr(cls, names().backward_cls));
  PyRef made(PyObject_CallNoArgs(backward_cls.get()));
  FunctionObject* c = object(made.get());
  FunctionNode& node = c->node();
  bool records = record_inputs(c, args, n);
  PyRef output(call_forward(cls, c, args, n, separate_setup));
  bool single = !PyTuple_Check(output.get());
  PyRef outputs(single ? PyTuple_Pack(1, output.get()) : output.release());
  check_marks(c, outputs.get());
  Call call{c, node, args, n, records};
  // The graph's own reference, taken here because the node has none yet.
  NodeRef<Node> held = hold_function_node(c);
  PyRef wrapped(wrap_outputs(call, outputs.get()));
  save_tensors(c, records);
  Py_CLEAR(c->dirty);
  Py_CLEAR(c->non_differentiable);
  if (!single) return wrapped.release();
  PyObject* only = PyTuple_GET_ITEM(wrapped.get(), 0);
  Py_INCREF(only);
  return only;
}

// Arguments by name, and for setup_context defaults, too, are brought into order.
PyObject* bind_arguments(PyObject* cls, PyObject* const* args, size_t n, PyObject* kw, bool separate) {
  PyRef module(PyImport_ImportModule("penlight.autograd.function")), bind(PyObject_GetAttr(module.get(), names().bind));
  PyRef forward(PyObject_GetAttr(cls, names().forward)), positional(PyTuple_New(Py_ssize_t(n))), keywords(PyDict_New());
  for (size_t i = 0; i < n; ++i) {
    Py_INCREF(args[i]);
    PyTuple_SET_ITEM(positional.get(), i, args[i]);
  }
  for (Py_ssize_t i = 0; kw && i < PyTuple_GET_SIZE(kw); ++i)
    if (PyDict_SetItem(keywords.get(), PyTuple_GET_ITEM(kw, i), args[n + size_t(i)]) < 0) throw PythonError();
  PyObject* has_context = separate ? Py_False : Py_True;
  return PyObject_CallFunctionObjArgs(bind.get(), forward.get(), positional.get(), keywords.get(), has_context, nullptr);
}

// torch.func's answer to a call inside vmap or forward mode; null where it leaves the call to us.
PyObject* ask_function_hook(PyObject* cls, PyObject* const* args, Py_ssize_t n, PyObject* kw) {
  PyRef positional(PyTuple_New(n)), keywords(PyDict_New());
  for (Py_ssize_t i = 0; i < n; ++i) {
    Py_INCREF(args[i]);
    PyTuple_SET_ITEM(positional.get(), i, args[i]);
  }
  for (Py_ssize_t i = 0; kw && i < PyTuple_GET_SIZE(kw); ++i)
    if (PyDict_SetItem(keywords.get(), PyTuple_GET_ITEM(kw, i), args[n + i]) < 0) throw PythonError();
  PyRef answer(PyObject_CallFunctionObjArgs(function_hook, cls, positional.get(), keywords.get(), nullptr));
  return answer.get() == Py_NotImplemented ? nullptr : answer.release();
}

PyObject* apply(PyObject* cls, PyObject* const* args, Py_ssize_t n, PyObject* kw) {
  return guarded("", nullptr, [&]() -> PyObject* {
    if (function_hook)
      if (PyObject* answer = ask_function_hook(cls, args, n, kw)) return answer;
    PyRef setup(PyObject_GetAttr(cls, names().setup_context));
    bool separate = setup.get() != defaults().setup_context;
    if (!separate && (!kw || PyTuple_GET_SIZE(kw) == 0)) return run_forward(cls, args, size_t(n), false);
    PyRef bound(bind_arguments(cls, args, size_t(n), kw, separate));
    PL_CHECK_AS(Type, PyTuple_Check(bound.get()), "", "the arguments of forward must be a tuple");
    return run_forward(cls, &PyTuple_GET_ITEM(bound.get(), 0), size_t(PyTuple_GET_SIZE(bound.get())), separate);
  });
}

// ---- the context's methods
PyObject* keep_arguments(PyObject*& slot, PyObject* args) {
  Py_INCREF(args);
  Py_XDECREF(std::exchange(slot, args));
  Py_RETURN_NONE;
}
PyObject* save_for_backward(PyObject* self, PyObject* args) { return keep_arguments(object(self)->to_save, args); }
PyObject* save_for_forward(PyObject* self, PyObject* args) { return keep_arguments(object(self)->saved_for_forward, args); }
PyObject* mark_dirty(PyObject* self, PyObject* args) { return keep_arguments(object(self)->dirty, args); }
PyObject* mark_non_differentiable(PyObject* self, PyObject* args) { return keep_arguments(object(self)->non_differentiable, args); }
PyObject* set_materialize_grads(PyObject* self, PyObject* value) {
  int on = PyObject_IsTrue(value);
  if (on < 0) return nullptr;
  object(self)->node().materialize = on;
  Py_RETURN_NONE;
}

PyObject* get_saved_tensors(PyObject* self, void*) {
  return guarded("saved_tensors", nullptr, [&] {
    FunctionNode& n = object(self)->node();
    if (n.saved_tensors.empty() && object(self)->saved_for_forward) {      // inside jvp
      Py_INCREF(object(self)->saved_for_forward);
      return object(self)->saved_for_forward;
    }
    PL_CHECK(!n.cleared, "saved_tensors can only be accessed once when clear_saved_tensors_on_access=True is set on the autograd.Function. Either "
             "access saved_tensors only once, or set clear_saved_tensors_on_access=False.");
    TensorList tensors;
    for (const SavedTensor& s : n.saved_tensors) tensors.push_back(s.unpack(&n, "", true));
    PyRef forward_cls(PyObject_GetAttr(self, names().forward_cls));
    if (option(forward_cls.get(), names().clear_saved)) {
      n.release_saved();
      n.cleared = true;
    }
    return tuple_of(tensors.data(), uint32_t(tensors.size()));
  });
}

PyObject* get_materialize(PyObject* self, void*) { return PyBool_FromLong(object(self)->node().materialize); }
int put_materialize(PyObject* self, PyObject* value, void*) {
  PyObject* r = value ? set_materialize_grads(self, value) : nullptr;
  Py_XDECREF(r);
  return r ? 0 : -1;
}

template <PyObject* FunctionObject::*member> PyObject* get_member(PyObject* self, void*) {
  PyObject* value = object(self)->*member;
  if (!value) Py_RETURN_NONE;
  Py_INCREF(value);
  return value;
}
template <PyObject* FunctionObject::*member> int put_member(PyObject* self, PyObject* value, void*) {
  Py_XINCREF(value);
  Py_XDECREF(std::exchange(object(self)->*member, value));
  return 0;
}
// Those that are read as tuples later.
template <PyObject* FunctionObject::*member> int put_tuple(PyObject* self, PyObject* value, void*) {
  if (value && value != Py_None && !PyTuple_Check(value)) {
    PyErr_Format(PyExc_TypeError, "expected a tuple of tensors, but got %s", Py_TYPE(value)->tp_name);
    return -1;
  }
  return put_member<member>(self, value == Py_None ? nullptr : value, nullptr);
}

// ---- life
PyObject* function_new(PyTypeObject* type, PyObject*, PyObject*) {
  PyObject* self = type->tp_alloc(type, 0);
  if (self) ::new (object(self)->node_memory) FunctionNode(object(self));
  return self;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  FunctionObject* c = object(self);
  Py_VISIT(c->needs_input_grad);
  Py_VISIT(c->to_save);
  Py_VISIT(c->non_differentiable);
  Py_VISIT(c->dirty);
  Py_VISIT(c->saved_for_forward);
  return 0;
}

int clear(PyObject* self) {
  FunctionObject* c = object(self);
  Py_CLEAR(c->needs_input_grad);
  Py_CLEAR(c->to_save);
  Py_CLEAR(c->non_differentiable);
  Py_CLEAR(c->dirty);
  Py_CLEAR(c->saved_for_forward);
  return 0;
}

void dealloc(PyObject* self) {
  PyObject_GC_UnTrack(self);
  clear(self);
  object(self)->node().~FunctionNode();
  Py_TYPE(self)->tp_free(self);
}

PyMethodDef methods[16] = {
    {"apply", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(apply)), METH_FASTCALL | METH_KEYWORDS | METH_CLASS,
     "apply(*args)\n\nRuns forward and records the call."},
    {"save_for_backward", save_for_backward, METH_VARARGS,
     "save_for_backward(*tensors)\n\nKeeps tensors (or None) for backward, which finds them in ctx.saved_tensors."},
    {"save_for_forward", save_for_forward, METH_VARARGS, "save_for_forward(*tensors)\n\nKeeps tensors for jvp."},
    {"mark_dirty", mark_dirty, METH_VARARGS, "mark_dirty(*tensors)\n\nSays which arguments forward has changed in place; they must be returned."},
    {"mark_non_differentiable", mark_non_differentiable, METH_VARARGS,
     "mark_non_differentiable(*tensors)\n\nSays which outputs have no gradient, as those that hold indices."},
    {"set_materialize_grads", set_materialize_grads, METH_O,
     "set_materialize_grads(value)\n\nWith False, backward is given None in place of zeros for outputs that were not used."}};

PyGetSetDef getset[16] = {
    {"saved_tensors", get_saved_tensors, nullptr, "What save_for_backward was given, a tuple.", nullptr},
    {"saved_variables", get_saved_tensors, nullptr, "The old name of saved_tensors.", nullptr},
    {"needs_input_grad", get_member<&FunctionObject::needs_input_grad>, put_member<&FunctionObject::needs_input_grad>,
     "A bool for each argument: is its gradient wanted?", nullptr},
    {"to_save", get_member<&FunctionObject::to_save>, put_tuple<&FunctionObject::to_save>, nullptr, nullptr},
    {"dirty_tensors", get_member<&FunctionObject::dirty>, put_tuple<&FunctionObject::dirty>, nullptr, nullptr},
    {"non_differentiable", get_member<&FunctionObject::non_differentiable>, put_tuple<&FunctionObject::non_differentiable>, nullptr, nullptr},
    {"saved_for_forward", get_member<&FunctionObject::saved_for_forward>, put_tuple<&FunctionObject::saved_for_forward>, nullptr, nullptr},
    {"materialize_grads", get_materialize, put_materialize, "See set_materialize_grads.", nullptr}};

// Appends what every node has.
template <class T, size_t N> void append(T (&table)[N], const T* more, const char* T::*name) {
  size_t at = 0;
  while (table[at].*name) ++at;
  for (; more->*name && at + 1 < N; ++more) table[at++] = *more;
}

}  // namespace

PyObject* function_hook = nullptr;

PyTypeObject function_type = {PyVarObject_HEAD_INIT(nullptr, 0)};

Node* function_node(PyObject* context) { return &object(context)->node(); }

NodeRef<Node> hold_function_node(PyObject* context) {
  Node* n = function_node(context);
  if (n->refs++ == 0) Py_INCREF(context);
  return NodeRef<Node>(n);
}

bool add_function_type(PyObject* module) {
  append(methods, node_methods, &PyMethodDef::ml_name);
  append(getset, node_getset, &PyGetSetDef::name);
  PyTypeObject& t = function_type;
  t.tp_name = "penlight._C._FunctionBase";
  t.tp_doc = "The context of one call of an autograd.Function: what forward notes for backward.";
  t.tp_basicsize = sizeof(FunctionObject);
  t.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;
  t.tp_new = function_new;
  t.tp_dealloc = dealloc;
  t.tp_traverse = traverse;
  t.tp_clear = clear;
  t.tp_methods = methods;
  t.tp_getset = getset;
  if (PyType_Ready(&t) < 0) return false;
  Py_INCREF(&t);
  return PyModule_AddObject(module, "_FunctionBase", reinterpret_cast<PyObject*>(&t)) == 0;
}

}  // namespace pl
