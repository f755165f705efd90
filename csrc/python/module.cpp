// penlight._C: the module that Python loads.
#include "cpu/kernels.h"
#include "ops/pointwise.h"
#include "python/binding.h"
#include "python/tensor_type.h"

namespace pl {

extern PyMethodDef operator_functions[];
extern PyMethodDef module_base_functions[];
bool add_optim(PyObject* m);
bool add_module_base(PyObject* m);
bool add_autograd_types(PyObject* m);

namespace {

PyObject* set_threads(PyObject*, PyObject* n) {
  try {
    PL_CHECK_AS(Type, PyLong_Check(n), "", "set_num_threads expects an int, but got %s", Py_TYPE(n)->tp_name);
    set_num_threads(int(to_int(n)));
    Py_RETURN_NONE;
  } catch (...) {
    return translate_exception("set_num_threads");
  }
}
PyObject* get_threads(PyObject*, PyObject*) { return PyLong_FromLong(num_threads()); }
PyObject* isa(PyObject*, PyObject*) { return PyUnicode_FromString(cpu_isa()); }

PyObject* get_default_dtype(PyObject*, PyObject*) { return wrap(default_dtype()); }
PyObject* set_default_dtype_py(PyObject*, PyObject* d) {
  try {
    PL_CHECK_AS(Type, is_dtype(d), "", "invalid dtype object");
    PL_CHECK_AS(Type, is_floating(to_dtype(d)), "", "only floating-point types are supported as the default type");
    set_default_dtype(to_dtype(d));
    Py_RETURN_NONE;
  } catch (...) {
    return translate_exception("set_default_dtype");
  }
}
PyObject* get_default_device(PyObject*, PyObject*) { return wrap(default_device()); }
PyObject* set_default_device_py(PyObject*, PyObject* d) {
  try {
    set_default_device(d == Py_None ? Device{} : to_device(d));
    Py_RETURN_NONE;
  } catch (...) {
    return translate_exception("set_default_device");
  }
}

PyObject* memory_stats_py(PyObject*, PyObject*) {
  MemoryStats s = memory_stats();
  return Py_BuildValue("{s:n,s:n,s:n,s:K}", "allocated_bytes", Py_ssize_t(s.allocated), "peak_bytes", Py_ssize_t(s.peak), "cached_bytes",
                       Py_ssize_t(s.cached), "allocations", (unsigned long long)s.allocations);
}
PyObject* reset_peak(PyObject*, PyObject*) {
  reset_peak_memory();
  Py_RETURN_NONE;
}
PyObject* empty_cache(PyObject*, PyObject*) {
  empty_cpu_cache();
  Py_RETURN_NONE;
}

PyObject* promote_types(PyObject*, PyObject* args) {
  PyObject *a, *b;
  if (!PyArg_ParseTuple(args, "OO", &a, &b)) return nullptr;
  try {
    return wrap(promote(to_dtype(a), to_dtype(b)));
  } catch (...) {
    return translate_exception("promote_types");
  }
}
PyObject* can_cast(PyObject*, PyObject* args) {
  PyObject *a, *b;
  if (!PyArg_ParseTuple(args, "OO", &a, &b)) return nullptr;
  try {
    return PyBool_FromLong(category(to_dtype(a)) <= category(to_dtype(b)));
  } catch (...) {
    return translate_exception("can_cast");
  }
}
PyObject* result_type_py(PyObject*, PyObject* args) {
  PyObject *a, *b;
  if (!PyArg_ParseTuple(args, "OO", &a, &b)) return nullptr;
  try {
    auto in = [](PyObject* o) { return is_tensor(o) ? In(Tensor::borrow(impl(o))) : In(to_scalar(o)); };
    return wrap(result_type({in(a), in(b)}));
  } catch (...) {
    return translate_exception("result_type");
  }
}

// {"max": torch.return_types.max, ...}
PyObject* return_types_py(PyObject*, PyObject*) {
  try {
    PyObject* types = PyDict_New();
    for (ResultType* r = return_types; r->name; ++r) PyDict_SetItemString(types, r->name, reinterpret_cast<PyObject*>(result_type(*r)));
    return types;
  } catch (...) {
    return translate_exception("return_types");
  }
}

PyObject* broadcast_shapes_py(PyObject*, PyObject* args) {
  try {
    std::vector<int64_t> r;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) {
      PyObject* o = PyTuple_GET_ITEM(args, i);
      std::vector<int64_t> s = PyLong_Check(o) ? std::vector<int64_t>{to_int(o)} : to_ints(o);
      r = broadcast_shapes(r, s);
    }
    return make_size(r);
  } catch (...) {
    return translate_exception("broadcast_shapes");
  }
}

// An object of a subclass of Tensor that shares the data of `source`.
Tensor new_subclass(PyObject* type, const TensorImpl* source) {
  auto* t = reinterpret_cast<PyTypeObject*>(type);
  PL_CHECK_AS(Type, PyType_Check(type) && PyType_IsSubtype(t, tensor_type), "", "the first argument must be a subclass of Tensor");
  TensorImpl* p = impl(t->tp_alloc(t, 0));
  if (!p) throw PythonError();
  Tensor owner = Tensor::steal(p);
  init_impl(p);
  p->dtype = source->dtype;
  set_storage(p, source->storage);
  set_geometry(p, {source->sizes, source->ndim}, {source->strides, source->ndim}, source->offset);
  return owner;
}

TensorImpl* checked_data(PyObject* data) {
  PL_CHECK_AS(Type, is_tensor(data), "", "cannot assign '%s' object as tensor data", Py_TYPE(data)->tp_name);
  return impl(data);
}

// _make_subclass(cls, data, requires_grad=False): a leaf, as nn.Parameter is.
PyObject* make_subclass(PyObject*, PyObject* args) {
  PyObject *type, *data;
  int requires_grad = 0;
  if (!PyArg_ParseTuple(args, "OO|p", &type, &data, &requires_grad)) return nullptr;
  try {
    Tensor t = new_subclass(type, checked_data(data));
    PL_CHECK_AS(Runtime, !requires_grad || is_differentiable(t.dtype()), "requires_grad_dtype", "Only Tensors of floating point and complex dtype can require gradients");
    if (requires_grad) t->flags |= kRequiresGrad;
    return wrap(t);
  } catch (...) {
    return translate_exception("_make_subclass");
  }
}

// _as_subclass(cls, tensor): shares the graph too.
PyObject* as_subclass(PyObject*, PyObject* args) {
  PyObject *type, *data;
  if (!PyArg_ParseTuple(args, "OO", &type, &data)) return nullptr;
  try {
    Tensor view = op::alias(Tensor::borrow(checked_data(data)));
    Tensor t = new_subclass(type, view.get());
    t->grad_fn = view->grad_fn;
    retain(t->grad_fn);
    t->output_nr = view->output_nr;
    t->base = Tensor(Tensor::borrow(view->base)).release();
    t->view_version = view->view_version;
    return wrap(t);
  } catch (...) {
    return translate_exception("as_subclass");
  }
}
PyObject* set_parameter_type(PyObject*, PyObject* t) {
  Py_INCREF(t);
  parameter_type = reinterpret_cast<PyTypeObject*>(t);
  Py_RETURN_NONE;
}

// _set_random_hook and _set_function_hook (function or None), _keep_recording(bool) -> bool: for torch.func.
// _set_node_observer: function(name, begins) is called around every node that backward() computes.
template <PyObject** hook> PyObject* set_hook(PyObject*, PyObject* function) {
  Py_INCREF(function);
  Py_XDECREF(std::exchange(*hook, function));
  if (function == Py_None) Py_CLEAR(*hook);
  Py_RETURN_NONE;
}
PyObject* set_keep_recording(PyObject*, PyObject* on) {
  bool before = std::exchange(keep_recording, on == Py_True);
  return PyBool_FromLong(before);
}

PyObject* add_function_mode(PyObject*, PyObject* count) {
  function_modes += int(PyLong_AsLong(count));
  Py_RETURN_NONE;
}

PyMethodDef own_functions[] = {
    {"_set_random_hook", set_hook<&random_hook>, METH_O, nullptr},
    {"_set_function_hook", set_hook<&function_hook>, METH_O, nullptr},
    {"_keep_recording", set_keep_recording, METH_O, nullptr},
    {"_add_function_mode", add_function_mode, METH_O, nullptr},
    {"_set_node_observer", set_hook<&node_observer>, METH_O, nullptr},
    {"set_num_threads", set_threads, METH_O, "Sets how many CPU threads operators may use."},
    {"get_num_threads", get_threads, METH_NOARGS, "How many CPU threads operators may use."},
    {"_isa", isa, METH_NOARGS, nullptr},
    {"get_default_dtype", get_default_dtype, METH_NOARGS, "The dtype that float numbers get."},
    {"set_default_dtype", set_default_dtype_py, METH_O, "Sets the dtype that float numbers get."},
    {"get_default_device", get_default_device, METH_NOARGS, "The device that factories use."},
    {"set_default_device", set_default_device_py, METH_O, "Sets the device that factories use."},
    {"_memory_stats", memory_stats_py, METH_NOARGS, nullptr},
    {"_reset_peak_memory", reset_peak, METH_NOARGS, nullptr},
    {"_empty_cache", empty_cache, METH_NOARGS, nullptr},
    {"promote_types", promote_types, METH_VARARGS, "promote_types(type1, type2)\n\nThe dtype that holds the values of both."},
    {"can_cast", can_cast, METH_VARARGS, "can_cast(from_, to)\n\nWhether an in-place operator may convert from_ to to."},
    {"result_type", result_type_py, METH_VARARGS, "result_type(tensor1, tensor2)\n\nThe dtype an operator on both would give."},
    {"broadcast_shapes", broadcast_shapes_py, METH_VARARGS, "broadcast_shapes(*shapes)\n\nThe shape that all shapes broadcast to."},
    {"_return_types", return_types_py, METH_NOARGS, nullptr},
    {"_make_subclass", make_subclass, METH_VARARGS, nullptr},
    {"_as_subclass", as_subclass, METH_VARARGS, nullptr},
    {"_set_parameter_type", set_parameter_type, METH_O, nullptr},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "penlight._C", "The core of Penlight.", -1, nullptr, nullptr, nullptr, nullptr, nullptr};

}  // namespace
}  // namespace pl

PyMODINIT_FUNC PyInit__C() {
  using namespace pl;
  PyObject* m = PyModule_Create(&definition);
  if (!m) return nullptr;
  try {
    linalg_error = PyErr_NewExceptionWithDoc("torch._C._LinAlgError", "Linear algebra without an answer: a singular matrix, one that is not positive-definite, ...",
                                             PyExc_RuntimeError, nullptr);
    if (!linalg_error || PyModule_AddObjectRef(m, "_LinAlgError", linalg_error) < 0) return nullptr;
    cpu();      // an unsupported CPU is said here, by a sentence, and not by an illegal instruction
    for (PyMethodDef* t : {operator_functions, own_functions, data_functions, autograd_functions, module_base_functions})
      if (PyModule_AddFunctions(m, t) < 0) return nullptr;
    if (PyModule_AddStringConstant(m, "_pointwise_names", pointwise_names) < 0) return nullptr;
    if (!add_types(m) || !add_tensor_type(m) || !add_storage_type(m) || !add_module_base(m) || !add_optim(m) || !add_autograd_types(m)) return nullptr;
  } catch (const Error& e) {
    PyErr_SetString(PyExc_ImportError, e.what());
    return nullptr;
  }
  return m;
}
