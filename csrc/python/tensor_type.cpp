// The Python type torch.Tensor: life, number slots, properties, and the doors to NumPy, DLPack and the buffer protocol.
#include "python/tensor_type.h"
#include <cstring>
#include "autograd/hooks.h"
#include "ops.h"
#include "python/binding.h"
#include <structmember.h>   // needs Python.h before it

namespace pl {

bool recycle_impl(TensorImpl* t);            // core/tensor.cpp

namespace {

// ---------------------------------------------------------------- life
int traverse(PyObject* self, visitproc visit, void* arg) {
  TensorImpl* t = impl(self);
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(t->dict);
  Py_VISIT(t->grad);
  return visit_hooks(t, visit, arg);
}

int clear(PyObject* self) {
  TensorImpl* t = impl(self);
  Py_CLEAR(t->dict);
  PyObject* grad = t->grad;
  t->grad = nullptr;
  Py_XDECREF(grad);
  delete std::exchange(t->hooks, nullptr);
  return 0;
}

void dealloc(PyObject* self) {
  TensorImpl* t = impl(self);
  PyTypeObject* type = Py_TYPE(self);
  if (PyObject_GC_IsTracked(self)) PyObject_GC_UnTrack(self);
  if (t->weakrefs) PyObject_ClearWeakRefs(self);
  if (type->tp_finalize && type != tensor_type && PyObject_CallFinalizerFromDealloc(self) < 0) return;
  if (t->hooks || (t->flags & kRetainsGrad)) forget_retained(t);
  if (t->dict || t->grad || t->hooks) clear(self);
  if (t->grad_fn) unref(std::exchange(t->grad_fn, nullptr));
  if (t->base) {
    TensorImpl* base = std::exchange(t->base, nullptr);
    Py_DECREF(base);
  }
  StorageRef storage(t->storage);
  if (t->sizes != t->inline_shape) std::free(t->sizes);
  if (type == tensor_type && recycle_impl(t)) {
    Py_DECREF(type);
    return;
  }
  type->tp_free(self);
  Py_DECREF(type);
}

// torch.Tensor(...): the old constructor. Python's penlight._tensor_new does the work.
PyObject* tensor_new(PyTypeObject* type, PyObject* args, PyObject* kw) {
  static PyObject* constructor = nullptr;
  if (!constructor) {
    PyObject* m = PyImport_ImportModule("penlight._tensor");
    constructor = m ? PyObject_GetAttrString(m, "_legacy_new") : nullptr;
    Py_XDECREF(m);
    if (!constructor) return nullptr;
  }
  PyObject* with_type = PyTuple_New(PyTuple_GET_SIZE(args) + 1);
  Py_INCREF(type);
  PyTuple_SET_ITEM(with_type, 0, reinterpret_cast<PyObject*>(type));
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); ++i) {
    Py_INCREF(PyTuple_GET_ITEM(args, i));
    PyTuple_SET_ITEM(with_type, i + 1, PyTuple_GET_ITEM(args, i));
  }
  PyObject* r = PyObject_Call(constructor, with_type, kw);
  Py_DECREF(with_type);
  return r;
}

int tensor_init(PyObject*, PyObject*, PyObject*) { return 0; }

// ---------------------------------------------------------------- operators
// A plain tensor or number goes straight to the operator; everything else through the public function, which knows
// __torch_function__ and says what is wrong.
bool plain(PyObject* o) { return (Py_TYPE(o) == tensor_type || Py_TYPE(o) == parameter_type) && !function_modes; }
bool plain_number(PyObject* o) { return PyFloat_CheckExact(o) || PyLong_CheckExact(o) || PyBool_Check(o); }

PyObject* through_method(const char* name, PyObject* a, PyObject* b) {
  PyObject* f = PyObject_GetAttrString(reinterpret_cast<PyObject*>(tensor_type), name);
  PyObject* r = f ? PyObject_CallFunctionObjArgs(f, a, b, nullptr) : nullptr;
  Py_XDECREF(f);
  return r;
}

// A number and a subclass of Tensor; NotImplemented where the subclass does not ask to be called.
PyObject* reflected(const char* name, PyObject* a, PyObject* b) {
  PyObject* m = PyImport_ImportModule("penlight.overrides");
  PyObject* r = m ? PyObject_CallMethod(m, "_reflected", "sOO", name, a, b) : nullptr;
  Py_XDECREF(m);
  return r;
}

template <class F> PyObject* binary(const char* name, PyObject* a, PyObject* b, F f) {
  bool a_ok = plain(a) || plain_number(a), b_ok = plain(b) || plain_number(b);
  if (!a_ok || !b_ok) {
    bool known = is_tensor(a) && (is_tensor(b) || is_number(b));
    known = known || (is_tensor(b) && is_number(a));
    if (!known) Py_RETURN_NOTIMPLEMENTED;
    if ((is_tensor(a) && !plain(a)) || (is_tensor(b) && !plain(b))) {
      PyObject* r = is_tensor(a) ? through_method(name, a, b) : reflected(name, a, b);
      if (r != Py_NotImplemented) return r;
      Py_DECREF(r);
    }
  }
  try {
    Operand x = is_tensor(a) ? Operand(Tensor::borrow(impl(a))) : Operand(to_scalar(a));
    Operand y = is_tensor(b) ? Operand(Tensor::borrow(impl(b))) : Operand(to_scalar(b));
    return wrap(f(x, y));
  } catch (...) {
    PyObject* args[] = {a, b};
    return translate_exception(name, args, 2);
  }
}

const Scalar kOne(int64_t(1));

PyObject* nb_add(PyObject* a, PyObject* b) { return binary("add", a, b, [](auto& x, auto& y) { return x.t ? op::add(x, y, kOne) : op::add(y, x, kOne); }); }
PyObject* nb_subtract(PyObject* a, PyObject* b) {
  return binary("sub", a, b, [](auto& x, auto& y) {
    return x.t ? op::sub(x, y, kOne) : op::rsub(y, x, kOne);
  });
}
PyObject* nb_multiply(PyObject* a, PyObject* b) { return binary("mul", a, b, [](auto& x, auto& y) { return x.t ? op::mul(x, y) : op::mul(y, x); }); }
PyObject* nb_true_divide(PyObject* a, PyObject* b) { return binary("div", a, b, [](auto& x, auto& y) { return op::true_divide(x, y); }); }
PyObject* nb_floor_divide(PyObject* a, PyObject* b) { return binary("floor_divide", a, b, [](auto& x, auto& y) { return op::floor_divide(x, y); }); }
PyObject* nb_remainder(PyObject* a, PyObject* b) { return binary("remainder", a, b, [](auto& x, auto& y) { return op::remainder(x, y); }); }
PyObject* nb_power(PyObject* a, PyObject* b, PyObject* modulo) {
  if (modulo != Py_None) {
    PyErr_SetString(PyExc_TypeError, "pow() with a modulus is not supported for tensors");
    return nullptr;
  }
  return binary("pow", a, b, [](auto& x, auto& y) { return op::pow(x, y); });
}
PyObject* nb_matmul(PyObject* a, PyObject* b) {
  if (!is_tensor(a) || !is_tensor(b)) Py_RETURN_NOTIMPLEMENTED;
  if (!plain(a) || !plain(b)) return through_method("matmul", a, b);
  return binary("matmul", a, b, [](auto& x, auto& y) { return op::matmul(x.t, y.t); });
}
PyObject* nb_and(PyObject* a, PyObject* b) { return binary("bitwise_and", a, b, [](auto& x, auto& y) { return op::bitwise_and(x, y); }); }
PyObject* nb_or(PyObject* a, PyObject* b) { return binary("bitwise_or", a, b, [](auto& x, auto& y) { return op::bitwise_or(x, y); }); }
PyObject* nb_xor(PyObject* a, PyObject* b) { return binary("bitwise_xor", a, b, [](auto& x, auto& y) { return op::bitwise_xor(x, y); }); }
PyObject* nb_lshift(PyObject* a, PyObject* b) { return binary("bitwise_left_shift", a, b, [](auto& x, auto& y) { return op::bitwise_left_shift(x, y); }); }
PyObject* nb_rshift(PyObject* a, PyObject* b) { return binary("bitwise_right_shift", a, b, [](auto& x, auto& y) { return op::bitwise_right_shift(x, y); }); }

template <class F> PyObject* inplace(const char* name, PyObject* a, PyObject* b, F f) {
  if (!plain(a) || !(plain(b) || plain_number(b))) {
    if (!is_tensor(b) && !is_number(b)) Py_RETURN_NOTIMPLEMENTED;
    if (!plain(a) || (is_tensor(b) && !plain(b))) return through_method(name, a, b);
  }
  return binary(name, a, b, [&](auto& x, auto& y) { return f(x.t, y); });
}
PyObject* nb_iadd(PyObject* a, PyObject* b) { return inplace("add_", a, b, [](auto& x, auto& y) { return op::add_(x, y, kOne); }); }
PyObject* nb_isub(PyObject* a, PyObject* b) { return inplace("sub_", a, b, [](auto& x, auto& y) { return op::sub_(x, y, kOne); }); }
PyObject* nb_imul(PyObject* a, PyObject* b) { return inplace("mul_", a, b, [](auto& x, auto& y) { return op::mul_(x, y); }); }
PyObject* nb_idiv(PyObject* a, PyObject* b) { return inplace("div_", a, b, [](auto& x, auto& y) { return op::true_divide_(x, y); }); }
PyObject* nb_ifloordiv(PyObject* a, PyObject* b) { return inplace("floor_divide_", a, b, [](auto& x, auto& y) { return op::floor_divide_(x, y); }); }
PyObject* nb_iremainder(PyObject* a, PyObject* b) { return inplace("remainder_", a, b, [](auto& x, auto& y) { return op::remainder_(x, y); }); }
PyObject* nb_ipower(PyObject* a, PyObject* b, PyObject*) { return inplace("pow_", a, b, [](auto& x, auto& y) { return op::pow_(x, y); }); }
PyObject* nb_iand(PyObject* a, PyObject* b) { return inplace("bitwise_and_", a, b, [](auto& x, auto& y) { return op::bitwise_and_(x, y); }); }
PyObject* nb_ior(PyObject* a, PyObject* b) { return inplace("bitwise_or_", a, b, [](auto& x, auto& y) { return op::bitwise_or_(x, y); }); }
PyObject* nb_ixor(PyObject* a, PyObject* b) { return inplace("bitwise_xor_", a, b, [](auto& x, auto& y) { return op::bitwise_xor_(x, y); }); }
PyObject* nb_ilshift(PyObject* a, PyObject* b) { return inplace("bitwise_left_shift_", a, b, [](auto& x, auto& y) { return op::bitwise_left_shift_(x, y); }); }
PyObject* nb_irshift(PyObject* a, PyObject* b) { return inplace("bitwise_right_shift_", a, b, [](auto& x, auto& y) { return op::bitwise_right_shift_(x, y); }); }

template <class F> PyObject* unary(const char* name, PyObject* a, F f) {
  if (!plain(a)) {
    PyObject* method = PyObject_GetAttrString(reinterpret_cast<PyObject*>(tensor_type), name);
    PyObject* r = method ? PyObject_CallOneArg(method, a) : nullptr;
    Py_XDECREF(method);
    return r;
  }
  try {
    return wrap(f(Tensor::borrow(impl(a))));
  } catch (...) {
    return translate_exception(name, &a, 1);
  }
}
PyObject* nb_negative(PyObject* a) {
  return unary("neg", a, [](const Tensor& t) {
    PL_CHECK(t.dtype() != DType::Bool, "Negation, the `-` operator, on a bool tensor is not supported. If you are trying to invert a mask, use the `~` or `logical_not()` operator instead.");
    return op::neg(t);
  });
}
PyObject* nb_positive(PyObject* a) { return unary("positive", a, [](const Tensor& t) { return op::positive(t); }); }
PyObject* nb_absolute(PyObject* a) { return unary("abs", a, [](const Tensor& t) { return op::abs(t); }); }
PyObject* nb_invert(PyObject* a) { return unary("bitwise_not", a, [](const Tensor& t) { return op::bitwise_not(t); }); }

// A NumPy array is compared element by element, also when it is Python that asks the tensor after the array.
PyObject* compare_with_array(PyObject* a, PyObject* array, int how) {
  PyObject* m = PyImport_ImportModule("penlight._C");
  PyObject* b = m ? PyObject_CallMethod(m, "as_tensor", "O", array) : nullptr;
  Py_XDECREF(m);
  PyObject* r = b ? PyObject_RichCompare(a, b, how) : nullptr;
  Py_XDECREF(b);
  return r;
}

PyObject* compare(PyObject* a, PyObject* b, int how) {
  bool equality = how == Py_EQ || how == Py_NE;
  if (equality && !is_tensor(b) && PyObject_CheckBuffer(b) && !is_number(b) && PyObject_HasAttrString(b, "__array_interface__"))
    return compare_with_array(a, b, how);
  switch (how) {
    case Py_LT: return binary("lt", a, b, [](auto& x, auto& y) { return op::lt(x, y); });
    case Py_LE: return binary("le", a, b, [](auto& x, auto& y) { return op::le(x, y); });
    case Py_GT: return binary("gt", a, b, [](auto& x, auto& y) { return op::gt(x, y); });
    case Py_GE: return binary("ge", a, b, [](auto& x, auto& y) { return op::ge(x, y); });
    case Py_EQ: return binary("eq", a, b, [](auto& x, auto& y) { return op::eq(x, y); });
    default: return binary("ne", a, b, [](auto& x, auto& y) { return op::ne(x, y); });
  }
}

// ---------------------------------------------------------------- numbers
int nb_bool(PyObject* a) {
  try {
    TensorImpl* t = impl(a);
    PL_CHECK_AS(Runtime, t->numel == 1, t->numel ? "bool_many" : "bool_none",
                t->numel ? "Boolean value of Tensor with more than one value is ambiguous" : "Boolean value of Tensor with no values is ambiguous");
    return item(Tensor::borrow(t)).to_bool();
  } catch (...) {
    translate_exception("bool", &a, 1);
    return -1;
  }
}
PyObject* nb_int(PyObject* a) {
  try {
    Scalar s = item(Tensor::borrow(impl(a)));
    if (s.is_integral()) return PyLong_FromLongLong(s.i);
    return PyLong_FromDouble(s.to_double());
  } catch (...) {
    return translate_exception("int", &a, 1);
  }
}
PyObject* nb_float(PyObject* a) {
  try {
    Scalar s = item(Tensor::borrow(impl(a)));
    PL_CHECK(!s.is_complex() || s.im == 0, "value cannot be converted to type double without overflow");
    return PyFloat_FromDouble(s.to_double());
  } catch (...) {
    return translate_exception("float", &a, 1);
  }
}
PyObject* nb_index(PyObject* a) {
  try {
    PL_CHECK_AS(Type, is_integral(impl(a)->dtype) && impl(a)->numel == 1, "index_float", "only integer tensors of a single element can be converted to an index");
    return PyLong_FromLongLong(item(Tensor::borrow(impl(a))).to_int());
  } catch (...) {
    return translate_exception("index", &a, 1);
  }
}
PyObject* tensor_item(PyObject* a, PyObject*) {
  const TensorImpl* t = impl(a);
  if (t->numel == 1 && t->dtype == DType::Float32 && t->data) return PyFloat_FromDouble(*t->ptr<float>());
  try {
    return from_scalar(item(Tensor::borrow(impl(a))));
  } catch (...) {
    return translate_exception("item", &a, 1);
  }
}
PyObject* to_complex(PyObject* a, PyObject*) {
  try {
    Scalar s = item(Tensor::borrow(impl(a)));
    return PyComplex_FromDoubles(s.to_double(), s.im);
  } catch (...) {
    return translate_exception("complex", &a, 1);
  }
}

PyObject* list_of(const TensorImpl* t, int d, const char* p) {
  if (d == t->ndim) return from_scalar(load_scalar(p, t->dtype));
  PyObject* l = PyList_New(t->sizes[d]);
  const int64_t step = t->sizes[d] > 1 ? t->strides[d] * itemsize(t->dtype) : 0;
  for (int64_t i = 0; l && i < t->sizes[d]; ++i) PyList_SET_ITEM(l, i, list_of(t, d + 1, p + i * step));
  return l;
}
PyObject* tolist(PyObject* a, PyObject*) {
  try {
    PL_CHECK(!impl(a)->is_meta(), "Cannot copy out of meta tensor; no data!");
    return list_of(impl(a), 0, impl(a)->data);
  } catch (...) {
    return translate_exception("tolist", &a, 1);
  }
}

// ---------------------------------------------------------------- shape and identity
PyObject* get_shape(PyObject* a, void*) { return make_size({impl(a)->sizes, impl(a)->ndim}); }
PyObject* get_dtype(PyObject* a, void*) { return wrap(impl(a)->dtype); }
PyObject* get_device(PyObject* a, void*) { return wrap(impl(a)->device()); }
PyObject* get_ndim(PyObject* a, void*) { return PyLong_FromLong(impl(a)->ndim); }
PyObject* get_itemsize(PyObject* a, void*) { return PyLong_FromLongLong(itemsize(impl(a)->dtype)); }
PyObject* get_nbytes(PyObject* a, void*) { return PyLong_FromLongLong(impl(a)->numel * itemsize(impl(a)->dtype)); }
PyObject* get_is(PyObject* a, void* type) { return PyBool_FromLong(impl(a)->device().type == DeviceType(reinterpret_cast<intptr_t>(type))); }
PyObject* get_layout(PyObject* a, void*) {
  (void)a;
  PyObject* m = PyImport_ImportModule("penlight._C");
  PyObject* r = m ? PyObject_GetAttrString(m, "strided") : nullptr;
  Py_XDECREF(m);
  return r;
}
PyObject* get_base(PyObject* a, void*) { return wrap(Tensor::borrow(impl(a)->base)); }
// Whoever writes into the dictionary can make a cycle without set_attribute seeing it.
PyObject* get_dict(PyObject* a, void* context) {
  PyObject* r = PyObject_GenericGetDict(a, context);
  if (r && !PyObject_GC_IsTracked(a)) PyObject_GC_Track(a);
  return r;
}
template <bool value> PyObject* constant(PyObject*, void*) { return PyBool_FromLong(value); }

PyObject* size(PyObject* a, PyObject* const* args, Py_ssize_t n, PyObject* kw) {
  try {
    if (n == 0 && !kw) return get_shape(a, nullptr);
    if (args[0] == Py_None) return get_shape(a, nullptr);
    return PyLong_FromLongLong(Tensor::borrow(impl(a)).size(to_int(args[0])));
  } catch (...) {
    return translate_exception("size", &a, 1);
  }
}
PyObject* stride(PyObject* a, PyObject* const* args, Py_ssize_t n, PyObject* kw) {
  try {
    if (n == 0 && !kw) {
      PyObject* t = PyTuple_New(impl(a)->ndim);
      for (int d = 0; d < impl(a)->ndim; ++d) PyTuple_SET_ITEM(t, d, PyLong_FromLongLong(impl(a)->strides[d]));
      return t;
    }
    return PyLong_FromLongLong(Tensor::borrow(impl(a)).stride(to_int(args[0])));
  } catch (...) {
    return translate_exception("stride", &a, 1);
  }
}
PyObject* dim(PyObject* a, PyObject*) { return PyLong_FromLong(impl(a)->ndim); }
PyObject* numel(PyObject* a, PyObject*) { return PyLong_FromLongLong(impl(a)->numel); }
PyObject* element_size(PyObject* a, PyObject*) { return PyLong_FromLongLong(itemsize(impl(a)->dtype)); }
PyObject* storage_offset(PyObject* a, PyObject*) { return PyLong_FromLongLong(impl(a)->offset); }
PyObject* data_ptr(PyObject* a, PyObject*) { return PyLong_FromVoidPtr(impl(a)->numel ? impl(a)->data : nullptr); }
PyObject* is_floating_point(PyObject* a, PyObject*) { return PyBool_FromLong(is_floating(impl(a)->dtype)); }
PyObject* is_complex_method(PyObject* a, PyObject*) { return PyBool_FromLong(is_complex(impl(a)->dtype)); }
PyObject* is_signed(PyObject* a, PyObject*) { return PyBool_FromLong(info(impl(a)->dtype).is_signed); }
PyObject* is_inference(PyObject* a, PyObject*) { return PyBool_FromLong((impl(a)->flags & kInference) != 0); }
PyObject* is_view(PyObject* a, PyObject*) { return PyBool_FromLong(impl(a)->base != nullptr); }
PyObject* is_contiguous(PyObject* a, PyObject* const* args, Py_ssize_t n, PyObject* kw) {
  MemoryFormat f = MemoryFormat::Contiguous;
  if (n + (kw ? PyTuple_GET_SIZE(kw) : 0) > 0 && is_memory_format(args[0])) f = to_memory_format(args[0]);
  Tensor t = Tensor::borrow(impl(a));
  if (f == MemoryFormat::ChannelsLast || f == MemoryFormat::ChannelsLast3d) {
    int want = f == MemoryFormat::ChannelsLast ? 4 : 5;
    if (t.dim() != want) Py_RETURN_FALSE;
    std::vector<int64_t> s = channels_last_strides(t.sizes());
    bool same = true;
    for (int d = 0; d < want; ++d) same &= t->sizes[d] == 1 || t->strides[d] == s[d];
    return PyBool_FromLong(same);
  }
  return PyBool_FromLong(t.is_contiguous());
}
Py_ssize_t length(PyObject* a) {
  if (impl(a)->ndim > 0) return impl(a)->sizes[0];
  PyErr_SetString(PyExc_TypeError, "len() of a 0-d tensor");
  return -1;
}
Py_hash_t hash(PyObject* a) { return Py_hash_t(reinterpret_cast<uintptr_t>(a) >> 4); }

// ---------------------------------------------------------------- buffer protocol
const char* buffer_format(DType d) {
  static const char* const formats[] = {"?", "B", "b", "h", "i", "q", "e", nullptr, "f", "d", "Zf", "Zd", "H", "I", "Q"};
  return formats[int(d)];
}

struct BufferShape { Py_ssize_t values[2 * kMaxDims]; };

int get_buffer(PyObject* a, Py_buffer* view, int flags) {
  try {
    TensorImpl* t = impl(a);
    view->obj = nullptr;
    PL_CHECK_AS(Type, t->device().type == DeviceType::CPU, "numpy_device", "can't convert %s device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.",
                device_name(t->device()).c_str());
    PL_CHECK_AS(Runtime, !requires_grad(Tensor::borrow(t)), "numpy_requires_grad", "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
    const char* format = buffer_format(t->dtype);
    PL_CHECK_AS(Type, format, "numpy_bfloat16", "Got unsupported ScalarType %s", info(t->dtype).scalar_name);
    if ((flags & PyBUF_STRIDES) != PyBUF_STRIDES && !t->is_contiguous()) {
      PyErr_SetString(PyExc_BufferError, "the tensor is not contiguous");
      return -1;
    }
    auto* s = new BufferShape;
    for (int d = 0; d < t->ndim; ++d) {
      s->values[d] = t->sizes[d];
      s->values[kMaxDims + d] = t->strides[d] * itemsize(t->dtype);
    }
    Py_INCREF(a);
    *view = Py_buffer{t->data, a, t->numel * itemsize(t->dtype), itemsize(t->dtype), 0, t->ndim, (flags & PyBUF_FORMAT) ? const_cast<char*>(format) : nullptr,
                      (flags & PyBUF_ND) ? s->values : nullptr, (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? s->values + kMaxDims : nullptr, nullptr, s};
    return 0;
  } catch (...) {
    translate_exception("numpy", &a, 1);
    return -1;
  }
}
void release_buffer(PyObject*, Py_buffer* view) { delete static_cast<BufferShape*>(view->internal); }

PyMethodDef own_methods[] = {
    {"item", tensor_item, METH_NOARGS, "The number in a tensor of one element, as a Python number."},
    {"tolist", tolist, METH_NOARGS, "The numbers as nested lists."},
    {"__complex__", to_complex, METH_NOARGS, nullptr},
    {"size", (PyCFunction)(void (*)(void))size, METH_FASTCALL | METH_KEYWORDS, "size(dim=None)\n\nThe shape, or the size of one dimension."},
    {"stride", (PyCFunction)(void (*)(void))stride, METH_FASTCALL | METH_KEYWORDS, "stride(dim=None)\n\nElements to step in memory for one step along each dimension."},
    {"dim", dim, METH_NOARGS, "The number of dimensions."},
    {"ndimension", dim, METH_NOARGS, "The number of dimensions."},
    {"numel", numel, METH_NOARGS, "The number of elements."},
    {"nelement", numel, METH_NOARGS, "The number of elements."},
    {"element_size", element_size, METH_NOARGS, "Bytes an element takes."},
    {"storage_offset", storage_offset, METH_NOARGS, "Where the first element stands in the storage, in elements."},
    {"data_ptr", data_ptr, METH_NOARGS, "The address of the first element."},
    {"is_floating_point", is_floating_point, METH_NOARGS, "True for a float dtype."},
    {"is_complex", is_complex_method, METH_NOARGS, "True for a complex dtype."},
    {"is_signed", is_signed, METH_NOARGS, "True where negative numbers can be held."},
    {"is_inference", is_inference, METH_NOARGS, "True for a tensor that was made in inference mode."},
    {"_is_view", is_view, METH_NOARGS, "True when the memory belongs to another tensor."},
    {"is_contiguous", (PyCFunction)(void (*)(void))is_contiguous, METH_FASTCALL | METH_KEYWORDS, "is_contiguous(memory_format=torch.contiguous_format)\n\nTrue when the elements stand in memory in order, without gaps."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef own_getset[] = {
    {"shape", get_shape, nullptr, "The sizes of all dimensions.", nullptr},
    {"dtype", get_dtype, nullptr, "The type of the elements.", nullptr},
    {"device", get_device, nullptr, "Where the memory is.", nullptr},
    {"ndim", get_ndim, nullptr, "The number of dimensions.", nullptr},
    {"itemsize", get_itemsize, nullptr, "Bytes an element takes.", nullptr},
    {"nbytes", get_nbytes, nullptr, "Bytes all elements take.", nullptr},
    {"layout", get_layout, nullptr, "torch.strided.", nullptr},
    {"__dict__", get_dict, PyObject_GenericSetDict, nullptr, nullptr},
    {"_base", get_base, nullptr, "The tensor that this one is a view of, or None.", nullptr},
    {"is_cpu", get_is, nullptr, "True when the memory is the CPU's.", (void*)DeviceType::CPU},
    {"is_cuda", get_is, nullptr, "True when the memory is a GPU's.", (void*)DeviceType::CUDA},
    {"is_meta", get_is, nullptr, "True when there is a shape but no memory.", (void*)DeviceType::Meta},
    {"is_sparse", constant<false>, nullptr, "False: the tensor is dense.", nullptr},
    {"is_sparse_csr", constant<false>, nullptr, "False: the tensor is dense.", nullptr},
    {"is_quantized", constant<false>, nullptr, "False: quantised tensors do not exist here.", nullptr},
    {"is_mps", constant<false>, nullptr, "False.", nullptr},
    {"is_xpu", constant<false>, nullptr, "False.", nullptr},
    {"is_mkldnn", constant<false>, nullptr, "False.", nullptr},
    {"is_nested", constant<false>, nullptr, "False.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyMemberDef members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(TensorImpl, dict), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(TensorImpl, weakrefs), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr}};

// An attribute of its own makes a tensor part of possible cycles: the collector looks at it from then on.
int set_attribute(PyObject* self, PyObject* name, PyObject* value) {
  int r = PyObject_GenericSetAttr(self, name, value);
  if (r == 0 && impl(self)->dict && !PyObject_GC_IsTracked(self)) PyObject_GC_Track(self);
  return r;
}

bool ends(const PyMethodDef& m) { return !m.ml_name; }
bool ends(const PyGetSetDef& g) { return !g.name; }
template <class T> std::vector<T> joined(std::initializer_list<const T*> tables) {
  std::vector<T> all;
  for (const T* t : tables)
    for (; !ends(*t); ++t) all.push_back(*t);
  all.push_back(T{});
  return all;
}

template <class F> PyType_Slot slot(int id, F f) { return {id, reinterpret_cast<void*>(f)}; }

}  // namespace

extern PyMethodDef operator_methods[];

bool add_tensor_type(PyObject* module) {
  // The tables live as long as the process.
  static auto methods = joined<PyMethodDef>({own_methods, operator_methods, tensor_autograd_methods, tensor_data_methods});
  static auto getset = joined<PyGetSetDef>({own_getset, tensor_autograd_getset});
  PyType_Slot slots[] = {
      slot(Py_tp_new, tensor_new), slot(Py_tp_init, tensor_init), slot(Py_tp_dealloc, dealloc), slot(Py_tp_traverse, traverse), slot(Py_tp_clear, clear),
      slot(Py_tp_methods, methods.data()), slot(Py_tp_getset, getset.data()), slot(Py_tp_members, members), slot(Py_tp_richcompare, compare),
      slot(Py_tp_hash, hash), slot(Py_tp_setattro, set_attribute), slot(Py_bf_getbuffer, get_buffer), slot(Py_bf_releasebuffer, release_buffer),
      slot(Py_mp_length, length), slot(Py_sq_length, length), slot(Py_mp_subscript, tensor_getitem), slot(Py_mp_ass_subscript, tensor_setitem),
      slot(Py_nb_add, nb_add), slot(Py_nb_subtract, nb_subtract), slot(Py_nb_multiply, nb_multiply), slot(Py_nb_true_divide, nb_true_divide),
      slot(Py_nb_floor_divide, nb_floor_divide), slot(Py_nb_remainder, nb_remainder), slot(Py_nb_power, nb_power), slot(Py_nb_matrix_multiply, nb_matmul),
      slot(Py_nb_and, nb_and), slot(Py_nb_or, nb_or), slot(Py_nb_xor, nb_xor), slot(Py_nb_lshift, nb_lshift), slot(Py_nb_rshift, nb_rshift),
      slot(Py_nb_inplace_add, nb_iadd), slot(Py_nb_inplace_subtract, nb_isub), slot(Py_nb_inplace_multiply, nb_imul),
      slot(Py_nb_inplace_true_divide, nb_idiv), slot(Py_nb_inplace_floor_divide, nb_ifloordiv), slot(Py_nb_inplace_remainder, nb_iremainder),
      slot(Py_nb_inplace_power, nb_ipower), slot(Py_nb_inplace_and, nb_iand), slot(Py_nb_inplace_or, nb_ior), slot(Py_nb_inplace_xor, nb_ixor),
      slot(Py_nb_inplace_lshift, nb_ilshift), slot(Py_nb_inplace_rshift, nb_irshift), slot(Py_nb_negative, nb_negative), slot(Py_nb_positive, nb_positive),
      slot(Py_nb_absolute, nb_absolute), slot(Py_nb_invert, nb_invert), slot(Py_nb_bool, nb_bool), slot(Py_nb_int, nb_int), slot(Py_nb_float, nb_float),
      slot(Py_nb_index, nb_index), {0, nullptr}};
  PyType_Spec spec{"torch.Tensor", int(sizeof(TensorImpl)), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC, slots};
  tensor_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!tensor_type) return false;
  tensor_type->tp_name = "Tensor";      // as error messages say it; __module__ stays torch
  Py_INCREF(tensor_type);
  return PyModule_AddObject(module, "Tensor", reinterpret_cast<PyObject*>(tensor_type)) == 0;
}

}  // namespace pl
