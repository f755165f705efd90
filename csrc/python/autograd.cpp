// What torch.Tensor has of autograd, and the functions behind torch.autograd.
#include "python/autograd.h"
#include "python/tensor_type.h"

namespace pl {
namespace {

// ---- arguments
bool is_sequence(PyObject* o) { return PyTuple_Check(o) || PyList_Check(o); }

// A GradientEdge (node, output_nr, ...) as a tensor that stands for the output: it has a shape and a history, one number of memory.
Tensor stand_in(PyObject* edge) {
  NodeRef<Node> n = to_node(PyTuple_GET_ITEM(edge, 0));
  int64_t nr = to_int(PyTuple_GET_ITEM(edge, 1));
  PL_CHECK(nr >= 0 && nr < int64_t(n->n_inputs), "the edge names output %lld, but %s has %u", static_cast<long long>(nr), n->name(), n->n_inputs);
  if (n->is_accumulator()) return static_cast<AccumulateGrad*>(n.get())->variable;
  const OutputMeta& meta = n->output(uint32_t(nr));
  PL_CHECK(meta.dtype != DType::Undefined, "output %lld of %s is not differentiable", static_cast<long long>(nr), n->name());
  std::vector<int64_t> strides(meta.ndim);
  Tensor t = alias(empty({1}, meta.dtype, meta.device), meta.sizes(), strides, 0, meta.dtype);
  t->output_nr = uint32_t(nr);
  t->grad_fn = n.release();
  return t;
}

Tensor to_target(PyObject* o, const char* what) {
  if (is_tensor(o)) return Tensor::borrow(impl(o));
  PL_CHECK_AS(Type, PyTuple_Check(o) && PyTuple_GET_SIZE(o) >= 2 && is_node(PyTuple_GET_ITEM(o, 0)), "",
              "%s can be Tensors or GradientEdges, but got %s", what, Py_TYPE(o)->tp_name);
  return stand_in(o);
}

TensorList to_targets(PyObject* o, const char* what) {
  TensorList l;
  if (!o || o == Py_None) return l;
  if (!is_sequence(o) || (PyTuple_Check(o) && PyTuple_GET_SIZE(o) >= 2 && is_node(PyTuple_GET_ITEM(o, 0)))) {
    l.push_back(to_target(o, what));
    return l;
  }
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) l.push_back(to_target(PySequence_Fast_GET_ITEM(o, i), what));
  return l;
}

Tensor to_gradient(PyObject* o) {
  if (!o || o == Py_None) return Tensor();
  PL_CHECK_AS(Type, is_tensor(o), "", "gradients can be either Tensors or None, but got %s", Py_TYPE(o)->tp_name);
  return Tensor::borrow(impl(o));
}

TensorList to_gradients(PyObject* o, size_t n) {
  TensorList l;
  if (!o || o == Py_None) return l;
  if (!is_sequence(o)) l.push_back(to_gradient(o));
  else for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); ++i) l.push_back(to_gradient(PySequence_Fast_GET_ITEM(o, i)));
  PL_CHECK(l.size() == n, "got %zu tensors and %zu gradients", n, l.size());
  return l;
}

bool truth(PyObject* o, bool otherwise) {
  if (!o || o == Py_None) return otherwise;
  int r = PyObject_IsTrue(o);
  if (r < 0) throw PythonError();
  return r;
}

TensorList to_backward_inputs(PyObject* o) {
  TensorList inputs = to_targets(o, "inputs");
  PL_CHECK(!o || o == Py_None || !inputs.empty(), "`inputs` argument to `backward()` cannot be empty.");
  for (Tensor& t : inputs) retain_gradient(t.get());
  return inputs;
}

// ---- backward
BackwardOptions options(PyObject* retain_graph, PyObject* create_graph, bool accumulate) {
  bool create = truth(create_graph, false);
  if (create && accumulate &&
      PyErr_WarnEx(PyExc_UserWarning, "Using backward() with create_graph=True will create a reference cycle between the parameter and its gradient "
                   "which can cause a memory leak. We recommend using autograd.grad when creating the graph to avoid this. If you have to use this "
                   "function, make sure to reset the .grad fields of your parameters to None after use to break the cycle and avoid the leak.", 1) < 0)
    throw PythonError();
  return {truth(retain_graph, create), create, accumulate};
}

const Param backward_params[] = {{"self", Kind::Tensor, 0, -1, ""},
                                 {"gradient", Kind::Any, kHasDefault | kNullable, -1, "None"},
                                 {"retain_graph", Kind::Any, kHasDefault | kNullable, -1, "None"},
                                 {"create_graph", Kind::Any, kHasDefault, -1, "False"},
                                 {"inputs", Kind::Any, kHasDefault | kNullable, -1, "None"}};
const Signature backward_signature[] = {{backward_params, 5}};
Callable backward_callable{"backward", backward_signature, 1};

PyObject* backward(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kw) {
  return with_arguments(backward_callable, self, args, n, kw, [](Parsed& p) -> PyObject* {
    Tensor root = p.tensor(0), gradient = to_gradient(p.object(1));
    TensorList inputs = to_backward_inputs(p.object(4));
    run_backward({&root, 1}, {&gradient, 1}, inputs, options(p.object(2), p.object(3), true));
    Py_RETURN_NONE;
  });
}

// _autograd_backward(tensors, grad_tensors, retain_graph, create_graph, inputs)
PyObject* backward_many(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded("backward", nullptr, [&]() -> PyObject* {
    PL_CHECK_AS(Type, n == 5, "", "_autograd_backward takes 5 arguments");
    TensorList roots = to_targets(args[0], "tensors");
    TensorList grads = to_gradients(args[1], roots.size());
    TensorList inputs = to_backward_inputs(args[4]);
    run_backward(roots, grads, inputs, options(args[2], args[3], true));
    Py_RETURN_NONE;
  });
}

// _autograd_grad(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads)
PyObject* grad_of(PyObject*, PyObject* const* args, Py_ssize_t n) {
  return guarded("grad", nullptr, [&]() -> PyObject* {
    PL_CHECK_AS(Type, n == 7, "", "_autograd_grad takes 7 arguments");
    TensorList outputs = to_targets(args[0], "outputs"), inputs = to_targets(args[1], "inputs");
    PL_CHECK(!inputs.empty(), "`inputs` argument to `grad()` cannot be empty.");
    TensorList grads = to_gradients(args[2], outputs.size());
    bool materialize = truth(args[6], false), allow_unused = truth(args[5], materialize);
    PL_CHECK_AS(Value, allow_unused || !materialize, "", "Expected allow_unused to be True or not passed when materialize_grads=True, but got: allow_unused=False.");
    TensorList found = run_backward(outputs, grads, inputs, options(args[3], args[4], false));
    for (size_t i = 0; i < found.size(); ++i) {
      PL_CHECK_AS(Runtime, found[i] || allow_unused, "grad_unused",
                  "The differentiated Tensor at index %zu appears to not have been used in the graph. Set allow_unused=True if this is the "
                  "desired behavior.", i);
      if (!found[i] && materialize) found[i] = zeros(inputs[i].sizes(), inputs[i].dtype(), inputs[i].device());
    }
    return tuple_of(found.data(), uint32_t(found.size()));
  });
}

// ---- methods without arguments
PyObject* detach(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kw) {
  static const Param params[] = {{"self", Kind::Tensor, 0, -1, ""}};
  static const Signature signature[] = {{params, 1}};
  static Callable callable{"detach", signature, 1};
  return with_arguments(callable, self, args, n, kw, [](Parsed& p) { return wrap(alias(p.tensor(0))); });
}

PyObject* detach_in_place(PyObject* self, PyObject*) {
  return guarded("detach_", self, [&] {
    detach_inplace(Tensor::borrow(impl(self)));
    Py_INCREF(self);
    return self;
  });
}

PyObject* retain_grad(PyObject* self, PyObject*) {
  return guarded("retain_grad", self, [&]() -> PyObject* {
    retain_gradient(impl(self));
    Py_RETURN_NONE;
  });
}

// ---- requires_grad
void change_requires_grad(TensorImpl* t, bool on, bool strict) {
  if (Node* fn = grad_fn(t)) {
    (void)fn;
    if (on && !strict) return;
    fail(ErrorType::Runtime, "requires_grad_nonleaf", "you can only change requires_grad flags of leaf variables.%s",
         on ? "" : " If you want to use a computed variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach().");
  }
  PL_CHECK_AS(Runtime, !on || is_differentiable(t->dtype), "requires_grad_dtype", "only Tensors of floating point dtype can require gradients");
  PL_CHECK(!on || !(t->flags & kInference) || inference_enabled,
           "Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.");
  t->flags = uint16_t(on ? t->flags | kRequiresGrad : t->flags & ~kRequiresGrad);
}

const Param requires_grad_params[] = {{"self", Kind::Tensor, 0, -1, ""}, {"requires_grad", Kind::Bool, kHasDefault, -1, "True"}};
const Signature requires_grad_signature[] = {{requires_grad_params, 2}};
Callable requires_grad_callable{"requires_grad_", requires_grad_signature, 1};

PyObject* set_requires_grad(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kw) {
  return with_arguments(requires_grad_callable, self, args, n, kw, [](Parsed& p) {
    Tensor t = p.tensor(0);
    change_requires_grad(t.get(), p.boolean(1, true), false);
    return wrap(t);
  });
}

PyObject* get_requires_grad(PyObject* self, void*) { return PyBool_FromLong(requires_grad(impl(self))); }

// A property setter: -1 when the error is set.
template <class F> int setter(const char* name, PyObject* self, F&& body) {
  try {
    body();
    return 0;
  } catch (...) {
    translate_exception(name, &self, 1);
    return -1;
  }
}

int put_requires_grad(PyObject* self, PyObject* value, void*) {
  return setter("requires_grad", self, [&] {
    PL_CHECK(value && PyBool_Check(value), "requires_grad must be a bool");
    change_requires_grad(impl(self), value == Py_True, true);
  });
}

// What is got from a subclass of Tensor is of the subclass, unless that says otherwise.
PyObject* like(PyObject* self, PyObject* result) {
  if (Py_TYPE(self) == tensor_type || Py_TYPE(self) == parameter_type || result == Py_None) return result;
  PyObject* m = PyImport_ImportModule("penlight.overrides");
  PyObject* r = m ? PyObject_CallMethod(m, "_like", "ON", self, result) : nullptr;
  Py_XDECREF(m);
  return r;
}

// ---- grad
PyObject* get_grad(PyObject* self, void*) {
  TensorImpl* t = impl(self);
  if (!t->grad && t->grad_fn && !(t->flags & kRetainsGrad)) {
    const char* text = "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute won't be populated "
                       "during autograd.backward(). If you indeed want the .grad field to be populated for a non-leaf Tensor, use "
                       ".retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor by mistake, make sure you access the leaf "
                       "Tensor instead. See github.com/pytorch/pytorch/pull/30531 for more information.";
    if (PyErr_WarnEx(PyExc_UserWarning, text, 1) < 0) return nullptr;
  }
  return like(self, wrap(Tensor::borrow(t->grad)));
}

const char* cpp_type_name(DType d) {
  static const char* const names[] = {"bool", "unsigned char", "signed char", "short int", "int", "long int", "c10::Half", "c10::BFloat16",
                                      "float", "double", "c10::complex<float>", "c10::complex<double>", "unsigned short", "unsigned int",
                                      "unsigned long"};
  return names[int(d)];
}

void check_assigned_grad(PyObject* self, PyObject* value) {
  PL_CHECK_AS(Type, is_tensor(value), "", "assigned grad expected to be a Tensor or None but got grad of type %s", Py_TYPE(value)->tp_name);
  PL_CHECK(value != self, "can't assign Variable as its own grad");
  TensorImpl *t = impl(self), *g = impl(value);
  PL_CHECK(g->dtype == t->dtype,
           "attempting to assign a gradient with dtype '%s' to a tensor with grad_dtype '%s'. The gradient must match the tensor's grad_dtype "
           "(defaults to the tensor's dtype). You can set the tensor's grad_dtype attribute with a specific dtype, or None to allow any dtype. "
           "Set grad_dtype with caution. Diverging the dtypes of a tensor and its gradient may break downstream systems that assume they match.",
           cpp_type_name(g->dtype), info(t->dtype).scalar_name);
  PL_CHECK(g->device() == t->device(), "attempting to assign a gradient with device type '%s' to a tensor with device type '%s'. Please ensure "
           "that the gradient and the tensor are on the same device", device_name(g->device()).c_str(), device_name(t->device()).c_str());
  PL_CHECK(Shape(g->sizes, g->ndim) == Shape(t->sizes, t->ndim),
           "attempting to assign a gradient of size '%s' to a tensor of size '%s'. Please ensure that the gradient and the tensor are the same size",
           to_string({g->sizes, g->ndim}).c_str(), to_string({t->sizes, t->ndim}).c_str());
}

int put_grad(PyObject* self, PyObject* value, void*) {
  return setter("grad", self, [&] {
    if (!value || value == Py_None) {
      Py_CLEAR(impl(self)->grad);
      return;
    }
    check_assigned_grad(self, value);
    Py_INCREF(value);
    Py_XDECREF(std::exchange(impl(self)->grad, impl(value)));
  });
}

// ---- data
PyObject* get_data(PyObject* self, void*) {
  return guarded("data", self, [&] {
    Tensor t = alias(Tensor::borrow(impl(self)));
    t->flags |= kPrivateVersion;
    return like(self, wrap(t));
  });
}

int put_data(PyObject* self, PyObject* value, void*) {
  return setter("data", self, [&] {
    PL_CHECK(value, "Deleting tensor data is not allowed. Delete tensor instead!");
    PL_CHECK_AS(Type, is_tensor(value), "", "Variable data has to be a tensor, but got %s", Py_TYPE(value)->tp_name);
    TensorImpl *t = impl(self), *from = impl(value);
    PL_CHECK(!requires_grad(t) || is_differentiable(from->dtype), "data set to a tensor that requires gradients must be floating point or complex dtype");
    // Gradients of the old kind must not be added to the new data.
    bool same_kind = from->dtype == t->dtype && from->device() == t->device() && Shape(from->sizes, from->ndim) == Shape(t->sizes, t->ndim);
    if (!same_kind) t->grad_accumulator = nullptr;
    set_storage(t, from->storage);
    t->dtype = from->dtype;
    set_geometry(t, {from->sizes, from->ndim}, {from->strides, from->ndim}, from->offset);
  });
}

// ---- facts
PyObject* get_grad_fn(PyObject* self, void*) {
  return guarded("grad_fn", self, [&] { return wrap_node(grad_fn(impl(self))); });
}
PyObject* get_is_leaf(PyObject* self, void*) {
  return guarded("is_leaf", self, [&] { return PyBool_FromLong(is_leaf(impl(self))); });
}
PyObject* get_output_nr(PyObject* self, void*) { return PyLong_FromUnsignedLong(impl(self)->output_nr); }
PyObject* get_retains_grad(PyObject* self, void*) { return PyBool_FromLong(impl(self)->flags & kRetainsGrad); }
PyObject* get_version(PyObject* self, void*) {
  return guarded("_version", self, [&] {
    PL_CHECK(!(impl(self)->flags & kInference), "Inference tensors do not track version counter.");
    return PyLong_FromUnsignedLongLong(impl(self)->flags & kPrivateVersion ? 0 : impl(self)->storage->version);
  });
}

// ---- hooks
// Hooks may refer to their tensor: the collector must see such cycles.
void track(PyObject* self) {
  if (!PyObject_GC_IsTracked(self)) PyObject_GC_Track(self);
}

PyObject* register_hook(PyObject* self, PyObject* hook) {
  return guarded("register_hook", self, [&] {
    PL_CHECK(requires_grad(impl(self)), "cannot register a hook on a tensor that doesn't require gradient");
    track(self);
    return register_hook_in(tensor_hook_dict(impl(self)), hook);
  });
}

PyObject* register_post_accumulate(PyObject* self, PyObject* hook) {
  return guarded("register_post_accumulate_grad_hook", self, [&] {
    TensorImpl* t = impl(self);
    PL_CHECK(requires_grad(t), "cannot register a hook on a tensor that doesn't require gradient");
    PL_CHECK(!grad_fn(t), "post accumulate grad hooks cannot be registered on non-leaf tensors");
    track(self);
    TensorHooks& h = hooks_of(t);
    if (!h.post_accumulate) h.post_accumulate = new_hook_dict();
    return register_hook_in(h.post_accumulate, hook);
  });
}

PyObject* get_hooks(PyObject* self, void*) {
  TensorHooks* h = impl(self)->hooks;
  PyObject* dict = h && h->backward ? h->backward : Py_None;
  Py_INCREF(dict);
  return dict;
}
int put_hooks(PyObject* self, PyObject* value, void*) {
  return setter("_backward_hooks", self, [&] {
    bool none = !value || value == Py_None;
    PL_CHECK_AS(Type, none || PyDict_Check(value), "", "_backward_hooks must be a dict or None");
    track(self);
    set_tensor_hook_dict(impl(self), none ? nullptr : value);
  });
}
PyObject* get_post_hooks(PyObject* self, void*) {
  TensorHooks* h = impl(self)->hooks;
  PyObject* dict = h && h->post_accumulate ? h->post_accumulate : Py_None;
  Py_INCREF(dict);
  return dict;
}
int put_post_hooks(PyObject* self, PyObject* value, void*) {
  return setter("_post_accumulate_grad_hooks", self, [&] {
    bool none = !value || value == Py_None;
    PL_CHECK_AS(Type, none || PyDict_Check(value), "", "_post_accumulate_grad_hooks must be a dict or None");
    track(self);
    if (!none) Py_INCREF(value);
    Py_XDECREF(std::exchange(hooks_of(impl(self)).post_accumulate, none ? nullptr : value));
  });
}

// ---- functions
PyObject* set_grad_enabled(PyObject*, PyObject* on) {
  int r = PyObject_IsTrue(on);
  if (r < 0) return nullptr;
  grad_enabled = r && !inference_enabled;
  Py_RETURN_NONE;
}
PyObject* is_grad_enabled(PyObject*, PyObject*) { return PyBool_FromLong(grad_enabled); }
PyObject* is_inference_mode(PyObject*, PyObject*) { return PyBool_FromLong(inference_enabled); }

PyObject* set_anomaly(PyObject*, PyObject* args) {
  int on, check_nan = 1;
  if (!PyArg_ParseTuple(args, "p|p", &on, &check_nan)) return nullptr;
  anomaly_enabled = on;
  anomaly_check_nan = check_nan;
  Py_RETURN_NONE;
}
PyObject* is_anomaly(PyObject*, PyObject*) { return PyBool_FromLong(anomaly_enabled); }
PyObject* checks_nan(PyObject*, PyObject*) { return PyBool_FromLong(anomaly_check_nan); }

PyObject* push_hooks(PyObject*, PyObject* args) {
  PyObject *pack, *unpack;
  if (!PyArg_ParseTuple(args, "OO", &pack, &unpack)) return nullptr;
  return guarded("saved_tensors_hooks", nullptr, [&]() -> PyObject* {
    PL_CHECK_AS(Type, PyCallable_Check(pack) && PyCallable_Check(unpack), "", "saved_tensors_hooks expects two functions");
    push_saved_hooks(pack, unpack);
    Py_RETURN_NONE;
  });
}
PyObject* pop_hooks(PyObject*, PyObject*) {
  return guarded("saved_tensors_hooks", nullptr, [&]() -> PyObject* {
    pop_saved_hooks();
    Py_RETURN_NONE;
  });
}
PyObject* disable_hooks(PyObject*, PyObject* message) {
  return guarded("disable_saved_tensors_hooks", nullptr, [&]() -> PyObject* {
    std::optional<std::string> text;
    if (message != Py_None) {
      const char* s = PyUnicode_AsUTF8(message);
      if (!s) throw PythonError();
      text = s;
    }
    std::optional<std::string> before = disable_saved_hooks(std::move(text));
    if (!before) Py_RETURN_NONE;
    return PyUnicode_FromString(before->c_str());
  });
}

PyObject* current_node(PyObject*, PyObject*) {
  return guarded("", nullptr, [] { return wrap_node(evaluating_node()); });
}
PyObject* gradient_node(PyObject*, PyObject* t) {
  return guarded("", t, [&]() -> PyObject* {
    PL_CHECK_AS(Type, is_tensor(t), "", "expected a Tensor, but got %s", Py_TYPE(t)->tp_name);
    Edge e = gradient_edge(Tensor::borrow(impl(t)));
    NodeRef<Node> owner(e.fn);
    return wrap_node(e.fn);
  });
}
PyObject* run_id(PyObject*, PyObject*) { return PyLong_FromLongLong(current_run_id()); }
PyObject* selective_run(PyObject*, PyObject*) { return PyBool_FromLong(run_is_selective()); }
PyObject* will_execute_node(PyObject*, PyObject* node) {
  return guarded("", nullptr, [&] { return PyBool_FromLong(will_execute(to_node(node).get())); });
}
PyObject* increment_version(PyObject*, PyObject* t) {
  return guarded("increment_version", t, [&]() -> PyObject* {
    PL_CHECK_AS(Type, is_tensor(t), "", "increment_version expects a Tensor, but got %s", Py_TYPE(t)->tp_name);
    bump_version(impl(t));
    Py_RETURN_NONE;
  });
}

PyObject* detach_function(PyObject*, PyObject* const* args, Py_ssize_t n, PyObject* kw) { return detach(nullptr, args, n, kw); }

template <class F> PyCFunction fast(F f) { return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)); }

}  // namespace

PyMethodDef tensor_autograd_methods[] = {
    {"backward", fast(backward), METH_FASTCALL | METH_KEYWORDS,
     "backward(gradient=None, retain_graph=None, create_graph=False, inputs=None)\n\n"
     "Computes the gradients of this tensor with respect to the leaves of its graph and adds them to their .grad.\n\n"
     "gradient: the gradient with respect to this tensor, of its shape; may be left out for one-element tensors.\n"
     "retain_graph: keep what the graph saved, for another backward (default: create_graph).\n"
     "create_graph: make the gradients differentiable themselves.\n"
     "inputs: add to the .grad of these tensors only."},
    {"detach", fast(detach), METH_FASTCALL | METH_KEYWORDS, "detach()\n\nA tensor on the same memory that is not part of the graph."},
    {"detach_", detach_in_place, METH_NOARGS, "detach_()\n\nCuts this tensor off the graph that made it."},
    {"requires_grad_", fast(set_requires_grad), METH_FASTCALL | METH_KEYWORDS,
     "requires_grad_(requires_grad=True)\n\nSays whether operations on this tensor are recorded; returns the tensor."},
    {"retain_grad", retain_grad, METH_NOARGS, "retain_grad()\n\nLets backward() fill .grad of this tensor though it is not a leaf."},
    {"register_hook", register_hook, METH_O,
     "register_hook(hook)\n\nCalls hook(grad) whenever the gradient of this tensor is computed; what it returns replaces the gradient."},
    {"register_post_accumulate_grad_hook", register_post_accumulate, METH_O,
     "register_post_accumulate_grad_hook(hook)\n\nCalls hook(tensor) after backward() has added to the .grad of this leaf."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef tensor_autograd_getset[] = {
    {"requires_grad", get_requires_grad, put_requires_grad, "Whether operations on this tensor are recorded for backward().", nullptr},
    {"grad", get_grad, put_grad, "The gradient that backward() has added up, or None.", nullptr},
    {"grad_fn", get_grad_fn, nullptr, "The node of the operation that made this tensor; None for leaves.", nullptr},
    {"is_leaf", get_is_leaf, nullptr, "True for tensors that no recorded operation has made.", nullptr},
    {"data", get_data, put_data, "The same memory outside of the graph; assigning gives the tensor other memory.", nullptr},
    {"output_nr", get_output_nr, nullptr, "Which output of grad_fn this is.", nullptr},
    {"retains_grad", get_retains_grad, nullptr, "True after retain_grad() of a tensor that is not a leaf.", nullptr},
    {"_version", get_version, nullptr, "How often the memory was changed in place.", nullptr},
    {"_backward_hooks", get_hooks, put_hooks, nullptr, nullptr},
    {"_post_accumulate_grad_hooks", get_post_hooks, put_post_hooks, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMethodDef autograd_functions[] = {
    {"_autograd_backward", fast(backward_many), METH_FASTCALL, nullptr},
    {"_autograd_grad", fast(grad_of), METH_FASTCALL, nullptr},
    {"_set_grad_enabled", set_grad_enabled, METH_O, nullptr},
    {"is_grad_enabled", is_grad_enabled, METH_NOARGS, "is_grad_enabled()\n\nTrue while operations are recorded for backward()."},
    {"is_inference_mode_enabled", is_inference_mode, METH_NOARGS, "is_inference_mode_enabled()\n\nTrue inside inference_mode()."},
    {"_set_anomaly_enabled", set_anomaly, METH_VARARGS, nullptr},
    {"is_anomaly_enabled", is_anomaly, METH_NOARGS, "is_anomaly_enabled()\n\nTrue while anomaly detection is on."},
    {"is_anomaly_check_nan_enabled", checks_nan, METH_NOARGS, "is_anomaly_check_nan_enabled()\n\nTrue when anomaly detection looks for nan."},
    {"_push_saved_tensors_hooks", push_hooks, METH_VARARGS, nullptr},
    {"_pop_saved_tensors_hooks", pop_hooks, METH_NOARGS, nullptr},
    {"_disable_saved_tensors_hooks", disable_hooks, METH_O, nullptr},
    {"_current_autograd_node", current_node, METH_NOARGS, nullptr},
    {"_current_graph_task_id", run_id, METH_NOARGS, nullptr},
    {"_current_run_is_selective", selective_run, METH_NOARGS, nullptr},
    {"_will_engine_execute_node", will_execute_node, METH_O, nullptr},
    {"_gradient_node", gradient_node, METH_O, nullptr},
    {"_increment_version", increment_version, METH_O, nullptr},
    {"detach", fast(detach_function), METH_FASTCALL | METH_KEYWORDS, "detach(input)\n\nA tensor on the same memory that is not part of the graph."},
    {nullptr, nullptr, 0, nullptr}};

bool add_autograd_types(PyObject* module) { return add_node_type(module) && add_function_type(module) && add_grad_mode_type(module); }

}  // namespace pl
