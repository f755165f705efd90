// Tensors from and to other memory: Python lists, NumPy, buffers, DLPack, storages.
#include <cstring>
#include "ops.h"
#include "python/binding.h"
#include "python/dlpack.h"
#include "python/tensor_type.h"

namespace pl {
namespace {

// ---------------------------------------------------------------- torch.tensor of nested lists
bool is_list(PyObject* o) { return PyList_Check(o) || PyTuple_Check(o); }
bool has_buffer(PyObject* o) { return PyObject_CheckBuffer(o) && !PyBytes_Check(o) && !is_tensor(o); }
bool is_array_like(PyObject* o) { return has_buffer(o) && PyObject_HasAttrString(o, "__array_interface__"); }
bool is_other_sequence(PyObject* o) {
  return !is_list(o) && !is_tensor(o) && !PyUnicode_Check(o) && !PyBytes_Check(o) && PySequence_Check(o) && PyObject_HasAttrString(o, "__len__");
}

struct Item {                 // a reference for as long as a converted sequence is needed
  PyObject* p;
  ~Item() { Py_XDECREF(p); }
};

struct Nested {
  std::vector<int64_t> sizes;
  DType dtype = DType::Undefined;

  void note(PyObject* o) {
    DType d;
    if (is_tensor(o)) d = impl(o)->dtype;
    else if (is_number(o)) d = number_dtype(o);
    else fail(ErrorType::Type, "tensor_data", PyUnicode_Check(o) ? "new(): invalid data type '%s'" : "Could not infer dtype of %s", Py_TYPE(o)->tp_name);
    dtype = dtype == DType::Undefined ? d : promote(dtype, d);
  }

  static DType number_dtype(PyObject* o) {
    if (PyBool_Check(o)) return DType::Bool;
    if (PyFloat_CheckExact(o)) return default_dtype();
    if (PyLong_Check(o)) return DType::Int64;
    if (PyObject_HasAttrString(o, "dtype")) {           // a NumPy scalar keeps its own type
      PyObject* d = PyObject_GetAttrString(o, "dtype");
      PyObject* name = d ? PyObject_GetAttrString(d, "name") : nullptr;
      std::string s = name ? PyUnicode_AsUTF8(name) : "";
      Py_XDECREF(d);
      Py_XDECREF(name);
      for (int k = 0; k < kDTypes; ++k) if (s == info(DType(k)).name) return DType(k);
    }
    return to_scalar(o).dtype();
  }

  void measure(PyObject* o, size_t depth) {
    PL_CHECK_AS(Value, depth < size_t(kMaxDims), "", "too many dimensions '%s'", Py_TYPE(o)->tp_name);
    if (is_list(o) || is_other_sequence(o)) {
      Item fast{PySequence_Fast(o, "a sequence")};
      if (!fast.p) throw PythonError();
      Py_ssize_t n = PySequence_Fast_GET_SIZE(fast.p);
      level(n, depth);
      for (Py_ssize_t i = 0; i < n; ++i) measure(PySequence_Fast_GET_ITEM(fast.p, i), depth + 1);
    } else if (is_tensor(o) && impl(o)->ndim > 0) {
      fail(ErrorType::Value, "tensor_of_tensors", "only one element tensors can be converted to Python scalars");
    } else {
      PL_CHECK_AS(Type, depth == sizes.size(), "tensor_ragged", "not a sequence");
      note(o);
    }
  }

  bool closed = false;
  void level(Py_ssize_t n, size_t depth) {
    if (depth == sizes.size()) {
      PL_CHECK_AS(Value, dtype == DType::Undefined, "tensor_ragged", "expected sequence of length %zd at dim %zu (got %zd)", n, depth, n);
      sizes.push_back(n);
    } else {
      PL_CHECK_AS(Value, sizes[depth] == n, "tensor_ragged", "expected sequence of length %lld at dim %zu (got %zd)", (long long)sizes[depth], depth, n);
    }
  }

  void fill(PyObject* o, size_t depth, char*& at, DType d) {
    if (depth < sizes.size()) {
      Item fast{PySequence_Fast(o, "a sequence")};
      if (!fast.p) throw PythonError();
      for (int64_t i = 0; i < sizes[depth]; ++i) fill(PySequence_Fast_GET_ITEM(fast.p, i), depth + 1, at, d);
      return;
    }
    store(at, d, o);
    at += itemsize(d);
  }

  static void store(char* at, DType d, PyObject* o) {
    if (d == DType::Float32 && PyFloat_CheckExact(o)) {
      float f = float(PyFloat_AS_DOUBLE(o));
      std::memcpy(at, &f, 4);
      return;
    }
    Scalar s = to_scalar(o);
    PL_CHECK_AS(Runtime, !is_integral(d) || !s.is_integral() || d == DType::Bool || s.kind == Scalar::Bool || in_range(d, s.i), "",
                "value cannot be converted to type %s without overflow", info(d).name);
    store_scalar(at, d, s);
  }

  static bool in_range(DType d, int64_t v) {
    int bits = int(itemsize(d)) * 8;
    if (bits == 64) return true;
    return info(d).is_signed ? v >= -(int64_t(1) << (bits - 1)) && v < (int64_t(1) << (bits - 1)) : v >= -(int64_t(1) << (bits - 1)) && v < (int64_t(1) << bits);
  }
};

Tensor from_nested(PyObject* o, DType dtype, Device device) {
  Nested n;
  n.measure(o, 0);
  DType d = dtype != DType::Undefined ? dtype : n.dtype != DType::Undefined ? n.dtype : default_dtype();
  Tensor t = empty(n.sizes, d);
  char* at = t->data;
  if (t.numel() > 0) n.fill(o, 0, at, d);
  return device.type == DeviceType::CPU ? t : empty(n.sizes, d, device);
}

// ---------------------------------------------------------------- buffers
DType buffer_dtype(const Py_buffer& b) {
  const char* f = b.format ? b.format : "B";
  if (*f == '@' || *f == '=' || *f == '<') ++f;
  PL_CHECK_AS(Value, *f != '>', "numpy_byte_order", "given numpy array has byte order different from the native byte order. Conversion between byte orders is currently not supported.");
  bool cplx = *f == 'Z';
  if (cplx) ++f;
  bool one = f[0] && !f[1];
  if (one && cplx) return *f == 'f' ? DType::Complex64 : *f == 'd' ? DType::Complex128 : DType::Undefined;
  if (one) {
    switch (*f) {
      case '?': return DType::Bool;
      case 'B': case 'c': return DType::UInt8;
      case 'e': return DType::Float16;
      case 'f': return DType::Float32;
      case 'd': return DType::Float64;
      case 'b': return DType::Int8;
      case 'h': case 'i': case 'l': case 'q': case 'n':
        return b.itemsize == 2 ? DType::Int16 : b.itemsize == 4 ? DType::Int32 : DType::Int64;
      case 'H': case 'I': case 'L': case 'Q': case 'N':
        return b.itemsize == 2 ? DType::UInt16 : b.itemsize == 4 ? DType::UInt32 : DType::UInt64;
      default: break;
    }
  }
  return DType::Undefined;
}

void release_buffer(Storage* s) {
  auto* b = static_cast<Py_buffer*>(s->context);
  PyBuffer_Release(b);
  delete b;
}

// Shares the memory of an object with the buffer protocol.
Tensor share_buffer(PyObject* o, bool warn) {
  auto b = std::make_unique<Py_buffer>();
  if (PyObject_GetBuffer(o, b.get(), PyBUF_STRIDES | PyBUF_FORMAT) < 0) throw PythonError();
  std::unique_ptr<Py_buffer, void (*)(Py_buffer*)> guard(b.get(), PyBuffer_Release);
  DType d = buffer_dtype(*b);
  PL_CHECK_AS(Type, d != DType::Undefined, "numpy_dtype",
              "can't convert np.ndarray of type %s. The only supported types are: float64, float32, float16, complex64, complex128, int64, int32, int16, int8, uint64, uint32, uint16, uint8, and bool.",
              b->format ? b->format : "?");
  std::vector<int64_t> sizes, strides;
  int64_t item = itemsize(d);
  for (int k = 0; k < b->ndim; ++k) {
    sizes.push_back(b->shape[k]);
    int64_t s = b->strides ? b->strides[k] : 0;
    PL_CHECK_AS(Value, s >= 0, "numpy_negative_stride", "At least one stride in the given numpy array is negative, and tensors with negative strides are not currently supported. "
                "(You can probably work around this by making a copy of your array  with array.copy().) ");
    PL_CHECK_AS(Value, s % item == 0 || b->shape[k] <= 1, "", "given numpy array strides not a multiple of the element byte size. Copy the numpy array to reallocate the memory.");
    strides.push_back(s / item);
  }
  if (warn && b->readonly &&
      PyErr_WarnEx(PyExc_UserWarning, "The given NumPy array is not writable, and PyTorch does not support non-writable tensors. This means writing to this tensor will result in "
                   "undefined behavior. You may want to copy the array to protect its data or make it writable before converting it to a tensor.", 1) < 0)
    throw PythonError();
  guard.release();
  int64_t last = 0;
  for (int k = 0; k < b->ndim; ++k) last += sizes[k] ? (sizes[k] - 1) * strides[k] : 0;
  bool none = Shape(sizes).numel() == 0;
  void* data = b->buf;
  Storage* s = new_foreign_storage(data, none ? 0 : size_t(last + 1) * item, release_buffer, b.release());
  TensorImpl* t = new_impl();
  Tensor owner = Tensor::steal(t);
  t->dtype = d;
  t->storage = s;
  set_geometry(t, sizes, strides, 0);
  return owner;
}

PyObject* from_numpy(PyObject*, PyObject* o) {
  try {
    PL_CHECK_AS(Type, is_array_like(o), "", "expected np.ndarray (got %s)", Py_TYPE(o)->tp_name);
    return wrap(share_buffer(o, true));
  } catch (...) {
    return translate_exception("from_numpy", &o, 1);
  }
}

Tensor on_device(const Tensor& t, Device d) {
  if (d.type == DeviceType::CPU) return t;
  return empty(t.sizes(), t.dtype(), d);
}

// Data of any kind to a tensor; `copy` demands fresh memory.
Tensor tensor_from(PyObject* data, DType dtype, std::optional<Device> device, bool copy) {
  Device dev = device ? *device : is_tensor(data) ? impl(data)->device() : default_device();
  if (is_tensor(data)) {
    Tensor t = Tensor::borrow(impl(data));
    DType d = dtype == DType::Undefined ? t.dtype() : dtype;
    if (!copy && d == t.dtype() && t.device() == dev) return t;
    Tensor r = empty_like(t, d);
    copy_into(r, t);
    return on_device(r, dev);
  }
  PyObject* array = nullptr;
  if (!is_list(data) && !is_number(data) && !has_buffer(data) && PyObject_HasAttrString(data, "__array__")) {
    array = PyObject_CallMethod(data, "__array__", nullptr);
    if (!array) throw PythonError();
    data = array;
  }
  Item keep{array};
  if (has_buffer(data) && !is_number(data)) {
    Tensor shared = share_buffer(data, !copy);
    DType d = dtype == DType::Undefined ? shared.dtype() : dtype;
    if (!copy && d == shared.dtype()) return on_device(shared, dev);
    Tensor r = empty_like(shared, d);
    copy_into(r, shared);
    return on_device(r, dev);
  }
  return from_nested(data, dtype, dev);
}

PyObject* make_tensor(PyObject* args, PyObject* kw, const char* name, const char* format, bool always_copy) {
  PyObject *data, *dtype = Py_None, *device = Py_None;
  int requires_grad = 0, pin = 0, copy = 0;
  static const char* tensor_names[] = {"data", "dtype", "device", "requires_grad", "pin_memory", nullptr};
  static const char* as_names[] = {"data", "dtype", "device", nullptr};
  static const char* asarray_names[] = {"obj", "dtype", "device", "copy", "requires_grad", nullptr};
  bool asarray = std::strcmp(name, "asarray") == 0;
  PyObject* copy_object = Py_None;
  bool ok = always_copy ? PyArg_ParseTupleAndKeywords(args, kw, format, const_cast<char**>(tensor_names), &data, &dtype, &device, &requires_grad, &pin)
          : asarray ? PyArg_ParseTupleAndKeywords(args, kw, format, const_cast<char**>(asarray_names), &data, &dtype, &device, &copy_object, &requires_grad)
                    : PyArg_ParseTupleAndKeywords(args, kw, format, const_cast<char**>(as_names), &data, &dtype, &device);
  if (!ok) return nullptr;
  try {
    copy = copy_object == Py_True;
    if (always_copy && is_tensor(data) &&
        PyErr_WarnEx(PyExc_UserWarning, "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
                     "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).", 1) < 0)
      throw PythonError();
    std::optional<Device> dev = device == Py_None ? std::nullopt : std::optional(to_device(device));
    PL_CHECK_AS(Runtime, !pin, "no_cuda", "Cannot access accelerator device when none is available.");
    Tensor t = tensor_from(data, dtype == Py_None ? DType::Undefined : to_dtype(dtype), dev, always_copy || copy);
    if (requires_grad) {
      PL_CHECK_AS(Runtime, is_differentiable(t.dtype()), "requires_grad_dtype", "Only Tensors of floating point and complex dtype can require gradients");
      t->flags |= kRequiresGrad;
    }
    return wrap(t);
  } catch (...) {
    return translate_exception(name, &data, 1);
  }
}

PyObject* tensor(PyObject*, PyObject* a, PyObject* kw) { return make_tensor(a, kw, "tensor", "O|$OOpp:tensor", true); }
PyObject* as_tensor(PyObject*, PyObject* a, PyObject* kw) { return make_tensor(a, kw, "as_tensor", "O|OO:as_tensor", false); }
PyObject* asarray(PyObject*, PyObject* a, PyObject* kw) { return make_tensor(a, kw, "asarray", "O|$OOOp:asarray", false); }

PyObject* frombuffer(PyObject*, PyObject* args, PyObject* kw) {
  PyObject *o, *dtype;
  Py_ssize_t count = -1, offset = 0;
  int grad = 0;
  static const char* names[] = {"buffer", "dtype", "count", "offset", "requires_grad", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kw, "O|$Onnp:frombuffer", const_cast<char**>(names), &o, &dtype, &count, &offset, &grad)) return nullptr;
  try {
    auto b = std::make_unique<Py_buffer>();
    if (PyObject_GetBuffer(o, b.get(), PyBUF_SIMPLE) < 0) throw PythonError();
    DType d = to_dtype(dtype);
    int64_t item = itemsize(d), n = count;
    std::unique_ptr<Py_buffer, void (*)(Py_buffer*)> guard(b.get(), PyBuffer_Release);
    PL_CHECK_AS(Value, b->len > 0 && count != 0, "", "both buffer length (%zd) and count (%zd) must not be 0", b->len, count);
    PL_CHECK_AS(Value, offset >= 0 && offset < b->len, "", "offset (%zd bytes) must be non-negative and no greater than buffer length (%zd bytes) minus 1", offset, b->len);
    if (count < 0) n = (b->len - offset) / item;
    PL_CHECK_AS(Value, count >= 0 || (b->len - offset) % item == 0, "", "buffer length (%zd bytes) after offset (%zd bytes) must be a multiple of element size (%lld)", b->len, offset, (long long)item);
    PL_CHECK_AS(Value, n <= (b->len - offset) / item, "", "requested buffer length (%lld * %lld bytes) after offset (%zd bytes) must not be greater than actual buffer length (%zd bytes)",
                (long long)n, (long long)item, offset, b->len);
    if (b->readonly && PyErr_WarnEx(PyExc_UserWarning, "The given buffer is not writable, and PyTorch does not support non-writable tensors.", 1) < 0) throw PythonError();
    guard.release();
    void* data = static_cast<char*>(b->buf) + offset;
    TensorImpl* t = new_impl();
    Tensor owner = Tensor::steal(t);
    t->dtype = d;
    t->storage = new_foreign_storage(data, size_t(n * item), release_buffer, b.release());
    set_geometry(t, {n}, {1}, 0);
    if (grad) t->flags |= kRequiresGrad;
    return wrap(owner);
  } catch (...) {
    return translate_exception("frombuffer");
  }
}

// ---------------------------------------------------------------- numpy()
PyObject* numpy(PyObject* self, PyObject* args, PyObject* kw) {
  int force = 0;
  static const char* names[] = {"force", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kw, "|$p:numpy", const_cast<char**>(names), &force)) return nullptr;
  try {
    Tensor t = Tensor::borrow(impl(self));
    if (force) t = alias(t);
    PL_CHECK_AS(Type, t.device().type == DeviceType::CPU, "numpy_device", "can't convert %s device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first.",
                device_name(t.device()).c_str());
    PL_CHECK_AS(Runtime, !requires_grad(t), "numpy_requires_grad", "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.");
    static PyObject* asarray = nullptr;
    if (!asarray) {
      PyObject* np = PyImport_ImportModule("numpy");
      asarray = np ? PyObject_GetAttrString(np, "asarray") : nullptr;
      Py_XDECREF(np);
      if (!asarray) throw PythonError();
    }
    PyObject* view = PyMemoryView_FromObject(t.get());
    if (!view) throw PythonError();
    PyObject* r = PyObject_CallOneArg(asarray, view);
    Py_DECREF(view);
    return r;
  } catch (...) {
    return translate_exception("numpy", &self, 1);
  }
}

// ---------------------------------------------------------------- storages
struct StorageObject : PyObject { Storage* s; };
PyTypeObject* storage_type;

PyObject* wrap_storage(Storage* s) {
  auto* o = PyObject_New(StorageObject, storage_type);
  ++s->refs;
  o->s = s;
  return o;
}
Storage* storage_of(PyObject* o) {
  PL_CHECK_AS(Type, Py_TYPE(o) == storage_type, "", "expected a torch.UntypedStorage, but got %s", Py_TYPE(o)->tp_name);
  return static_cast<StorageObject*>(o)->s;
}
void storage_dealloc(PyObject* o) {
  { StorageRef drop(static_cast<StorageObject*>(o)->s); }
  PyTypeObject* t = Py_TYPE(o);
  PyObject_Free(o);
  Py_DECREF(t);
}
PyObject* storage_new(PyTypeObject*, PyObject* args, PyObject* kw) {
  Py_ssize_t n = 0;
  PyObject* device = nullptr;
  static const char* names[] = {"size", "device", nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, kw, "|n$O", const_cast<char**>(names), &n, &device)) return nullptr;
  try {
    StorageRef s(new_storage(size_t(n), device ? to_device(device) : Device{}));
    return wrap_storage(s.get());
  } catch (...) {
    return translate_exception("UntypedStorage");
  }
}
PyObject* storage_nbytes(PyObject* o, PyObject*) { return PyLong_FromSize_t(storage_of(o)->nbytes); }
PyObject* storage_data_ptr(PyObject* o, PyObject*) { return PyLong_FromVoidPtr(storage_of(o)->data); }
PyObject* storage_resize(PyObject* o, PyObject* n) {
  try {
    resize_storage(storage_of(o), size_t(to_int(n)));
    Py_INCREF(o);
    return o;
  } catch (...) {
    return translate_exception("resize_");
  }
}
PyObject* storage_device(PyObject* o, void*) { return wrap(storage_of(o)->device); }
PyObject* storage_cdata(PyObject* o, void*) { return PyLong_FromVoidPtr(storage_of(o)); }
Py_ssize_t storage_length(PyObject* o) { return Py_ssize_t(storage_of(o)->nbytes); }
PyObject* storage_item(PyObject* o, Py_ssize_t i) {
  Storage* s = storage_of(o);
  if (i < 0 || size_t(i) >= s->nbytes) {
    PyErr_SetString(PyExc_IndexError, "storage index out of range");
    return nullptr;
  }
  if (!s->data) return PyErr_Format(PyExc_NotImplementedError, "a storage on the meta device has no bytes");
  return PyLong_FromLong(static_cast<uint8_t*>(s->data)[i]);
}
PyObject* storage_compare(PyObject* a, PyObject* b, int how) {
  if (Py_TYPE(b) != storage_type || (how != Py_EQ && how != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong((storage_of(a) == storage_of(b)) == (how == Py_EQ));
}
Py_hash_t storage_hash(PyObject* o) { return Py_hash_t(reinterpret_cast<uintptr_t>(storage_of(o)) >> 4); }
int storage_buffer(PyObject* o, Py_buffer* view, int flags) {
  Storage* s = storage_of(o);
  if (s->device.type != DeviceType::CPU) {
    PyErr_SetString(PyExc_BufferError, "a storage on the meta device has no bytes");
    return -1;
  }
  return PyBuffer_FillInfo(view, o, s->data, Py_ssize_t(s->nbytes), 0, flags);
}
PyMethodDef storage_methods[] = {{"nbytes", storage_nbytes, METH_NOARGS, "The number of bytes."},
                                 {"size", storage_nbytes, METH_NOARGS, "The number of bytes."},
                                 {"data_ptr", storage_data_ptr, METH_NOARGS, "The address of the first byte."},
                                 {"resize_", storage_resize, METH_O, "Changes the number of bytes; tensors that look into it see the new memory."},
                                 {nullptr, nullptr, 0, nullptr}};
// Whose memory a storage stands on: the object given to _storage_from_buffer, or None.
PyObject* storage_owner(PyObject* o, void*) {
  Storage* s = storage_of(o);
  PyObject* owner = s->release == release_buffer ? static_cast<Py_buffer*>(s->context)->obj : nullptr;
  return Py_NewRef(owner ? owner : Py_None);
}
PyGetSetDef storage_getset[] = {{"_owner", storage_owner, nullptr, "The object whose memory this is, or None.", nullptr},
                                {"device", storage_device, nullptr, "Where the memory is.", nullptr},
                                {"_cdata", storage_cdata, nullptr, "An id that is the same for the same memory.", nullptr},
                                {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyObject* untyped_storage(PyObject* self, PyObject*) { return wrap_storage(impl(self)->storage); }
PyObject* storage_bytes(PyObject*, PyObject* o) { return PyMemoryView_FromObject(o); }

PyObject* storage_from_buffer(PyObject*, PyObject* o) {
  try {
    auto b = std::make_unique<Py_buffer>();
    if (PyObject_GetBuffer(o, b.get(), PyBUF_SIMPLE) < 0) throw PythonError();
    void* data = b->buf;
    size_t n = size_t(b->len);
    StorageRef s(new_foreign_storage(data, n, release_buffer, b.release()));
    return wrap_storage(s.get());
  } catch (...) {
    return translate_exception("_storage_from_buffer");
  }
}

// _move_storage(tensor, buffer): the tensor's bytes stand in the buffer from now on. No other tensor may look at them, for
// it would go on looking at the old place.
PyObject* move_storage(PyObject*, PyObject* args) {
  PyObject *tensor, *buffer;
  if (!PyArg_ParseTuple(args, "OO", &tensor, &buffer)) return nullptr;
  try {
    PL_CHECK_AS(Type, is_tensor(tensor), "", "_move_storage takes a tensor");
    TensorImpl* t = impl(tensor);
    Storage* s = t->storage;
    PL_CHECK(s->device.type == DeviceType::CPU, "only memory of the CPU can be moved");
    PL_CHECK(s->refs == 1, "other tensors look into the same memory: share a tensor before making views of it, or share its clone()");
    auto b = std::make_unique<Py_buffer>();
    if (PyObject_GetBuffer(buffer, b.get(), PyBUF_WRITABLE) < 0) throw PythonError();
    std::unique_ptr<Py_buffer, void (*)(Py_buffer*)> guard(b.get(), PyBuffer_Release);
    PL_CHECK(size_t(b->len) >= s->nbytes, "the buffer has %zd bytes, the storage %zu", b->len, s->nbytes);
    std::memcpy(b->buf, s->data, s->nbytes);
    void* data = b->buf;
    Storage* moved = new_foreign_storage(data, s->nbytes, release_buffer, guard.release());
    b.release();
    moved->version = s->version;
    t->data = static_cast<char*>(data) + (t->numel ? t->offset * itemsize(t->dtype) : 0);
    t->storage = moved;
    free_storage(s);
    Py_RETURN_NONE;
  } catch (...) {
    return translate_exception("_move_storage");
  }
}

void check_storage_range(const Storage* s, Shape sizes, Shape strides, int64_t offset, DType d) {
  PL_CHECK(offset >= 0, "Tensor: invalid storage offset %lld", (long long)offset);
  PL_CHECK(sizes.n == strides.n, "mismatch in length of strides and shape");
  int64_t last = checked_add(offset, 1);
  for (int k = 0; k < sizes.n; ++k) {
    if (sizes[k] == 0) return;
    int64_t reach;
    PL_CHECK(sizes[k] > 0 && strides[k] >= 0 && !__builtin_mul_overflow(sizes[k] - 1, strides[k], &reach) && !__builtin_add_overflow(last, reach, &last),
             "invalid sizes %s or strides %s", to_string(sizes).c_str(), to_string(strides).c_str());
  }
  int64_t bytes;
  PL_CHECK(!__builtin_mul_overflow(last, itemsize(d), &bytes) && (size_t(bytes) <= s->nbytes || s->device.type == DeviceType::Meta),
           "setStorage: sizes %s, strides %s, storage offset %lld, and itemsize %lld requiring a storage size of %lld are out of bounds for storage of size %zu",
           to_string(sizes).c_str(), to_string(strides).c_str(), (long long)offset, (long long)itemsize(d), (long long)bytes, s->nbytes);
}

PyObject* tensor_from_storage(PyObject*, PyObject* args) {
  PyObject *storage, *dtype, *size, *stride;
  Py_ssize_t offset;
  if (!PyArg_ParseTuple(args, "OOnOO", &storage, &dtype, &offset, &size, &stride)) return nullptr;
  try {
    Storage* s = storage_of(storage);
    std::vector<int64_t> sizes = to_ints(size), strides = to_ints(stride);
    DType d = to_dtype(dtype);
    check_storage_range(s, sizes, strides, offset, d);
    TensorImpl* t = new_impl();
    Tensor owner = Tensor::steal(t);
    t->dtype = d;
    set_storage(t, s);
    set_geometry(t, sizes, strides, offset);
    return wrap(owner);
  } catch (...) {
    return translate_exception("_tensor_from_storage");
  }
}

// x.set_(source, offset, size, stride) and x.resize_(...)
PyObject* set_(PyObject* self, PyObject* args) {
  PyObject *source = nullptr, *size = nullptr, *stride = nullptr;
  Py_ssize_t offset = 0;
  if (!PyArg_ParseTuple(args, "|OnOO", &source, &offset, &size, &stride)) return nullptr;
  try {
    TensorImpl* t = impl(self);
    if (!source) {
      StorageRef none(new_storage(0, t->device()));
      set_storage(t, none.get());
      set_geometry(t, {0}, {1}, 0);
    } else if (is_tensor(source)) {
      TensorImpl* s = impl(source);
      PL_CHECK(s->dtype == t->dtype, "Could not set tensor of type %s to a tensor of type %s", info(s->dtype).name, info(t->dtype).name);
      set_storage(t, s->storage);
      set_geometry(t, {s->sizes, s->ndim}, {s->strides, s->ndim}, s->offset);
    } else {
      Storage* s = storage_of(source);
      std::vector<int64_t> sizes = size ? to_ints(size) : std::vector<int64_t>{int64_t(s->nbytes) / itemsize(t->dtype)};
      std::vector<int64_t> strides = stride ? to_ints(stride) : contiguous_strides(sizes);
      check_storage_range(s, sizes, strides, offset, t->dtype);
      set_storage(t, s);
      set_geometry(t, sizes, strides, offset);
    }
    bump_version(t);
    Py_INCREF(self);
    return self;
  } catch (...) {
    return translate_exception("set_", &self, 1);
  }
}

PyObject* resize_(PyObject* self, PyObject* args, PyObject*) {
  try {
    TensorImpl* t = impl(self);
    PL_CHECK(!requires_grad(Tensor::borrow(t)), "cannot resize variables that require grad");
    PyObject* first = PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : nullptr;
    std::vector<int64_t> sizes = first && is_list(first) ? to_ints(first) : to_ints(args);
    int64_t n = 1;
    for (int64_t s : sizes) PL_CHECK(s >= 0 && !__builtin_mul_overflow(n, s, &n), "invalid size %s", to_string(sizes).c_str());
    size_t need = size_t(n + t->offset) * itemsize(t->dtype);
    if (need > t->storage->nbytes) resize_storage(t->storage, need);
    set_geometry(t, sizes, contiguous_strides(sizes), t->offset);
    Py_INCREF(self);
    return self;
  } catch (...) {
    return translate_exception("resize_", &self, 1);
  }
}

// ---------------------------------------------------------------- DLPack
DLDataType dl_type(DType d) {
  uint8_t bits = uint8_t(itemsize(d) * 8);
  uint8_t code = d == DType::Bool ? 6 : d == DType::BFloat16 ? 4 : is_complex(d) ? 5 : is_floating(d) ? 2 : info(d).is_signed ? 0 : 1;
  return {code, bits, 1};
}
DType from_dl_type(DLDataType t) {
  for (int k = 0; k < kDTypes; ++k) {
    DLDataType x = dl_type(DType(k));
    if (x.code == t.code && x.bits == t.bits && t.lanes == 1) return DType(k);
  }
  fail(ErrorType::Runtime, "", "Unsupported DLPack data type (code %d, %d bits)", t.code, t.bits);
}
void delete_exported(DLManagedTensor* m) {
  PyGILState_STATE g = PyGILState_Ensure();
  Py_DECREF(static_cast<PyObject*>(m->manager_ctx));
  PyGILState_Release(g);
  delete m;
}
void capsule_gone(PyObject* capsule) {
  if (!PyCapsule_IsValid(capsule, "dltensor")) return;      // taken over: the consumer deletes it
  auto* m = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, "dltensor"));
  m->deleter(m);
}
PyObject* to_dlpack(PyObject* self, PyObject*, PyObject*) {
  try {
    Tensor t = Tensor::borrow(impl(self));
    PL_CHECK_AS(Runtime, !requires_grad(t), "numpy_requires_grad", "Can't export tensors that require gradient, use tensor.detach()");
    PL_CHECK(t.device().type == DeviceType::CPU, "only CPU tensors can be exported by DLPack");
    Py_INCREF(self);
    auto* m = new DLManagedTensor{{t->data, {1, 0}, t.dim(), dl_type(t.dtype()), t->sizes, t->strides, 0}, self, delete_exported};
    return PyCapsule_New(m, "dltensor", capsule_gone);
  } catch (...) {
    return translate_exception("__dlpack__", &self, 1);
  }
}
PyObject* dlpack_device(PyObject*, PyObject*) { return Py_BuildValue("(ii)", 1, 0); }
void release_imported(Storage* s) {
  auto* m = static_cast<DLManagedTensor*>(s->context);
  if (m->deleter) m->deleter(m);
}
PyObject* from_dlpack(PyObject*, PyObject* o) {
  PyObject* capsule = o;
  Item keep{nullptr};
  if (!PyCapsule_CheckExact(o)) {
    capsule = keep.p = PyObject_CallMethod(o, "__dlpack__", nullptr);
    if (!capsule) return nullptr;
  }
  try {
    PL_CHECK(PyCapsule_IsValid(capsule, "dltensor"), "from_dlpack received an invalid capsule. Note that DLTensor capsules can be consumed only once, so you might have already constructed a tensor from it once.");
    auto* m = static_cast<DLManagedTensor*>(PyCapsule_GetPointer(capsule, "dltensor"));
    const DLTensor& d = m->dl_tensor;
    PL_CHECK(d.device.device_type == 1, "from_dlpack: only CPU memory is supported");
    DType dtype = from_dl_type(d.dtype);
    Shape sizes(d.shape, d.ndim);
    std::vector<int64_t> strides = d.strides ? Shape(d.strides, d.ndim).vec() : contiguous_strides(sizes);
    int64_t last = 0;
    for (int k = 0; k < d.ndim; ++k) {
      PL_CHECK(strides[k] >= 0, "from_dlpack: negative strides are not supported");
      last += sizes[k] ? (sizes[k] - 1) * strides[k] : 0;
    }
    char* data = static_cast<char*>(d.data) + d.byte_offset;
    TensorImpl* t = new_impl();
    Tensor owner = Tensor::steal(t);
    t->dtype = dtype;
    t->storage = new_foreign_storage(data, size_t(last + 1) * itemsize(dtype), release_imported, m);
    PyCapsule_SetName(capsule, "used_dltensor");
    set_geometry(t, sizes, strides, 0);
    return wrap(owner);
  } catch (...) {
    return translate_exception("from_dlpack");
  }
}

template <class F> PyCFunction fn(F f) { return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(f)); }

}  // namespace

PyMethodDef tensor_data_methods[] = {
    {"numpy", fn(numpy), METH_VARARGS | METH_KEYWORDS, "numpy(*, force=False)\n\nThe tensor as a NumPy array that shares its memory."},
    {"untyped_storage", untyped_storage, METH_NOARGS, "The memory that the tensor looks into."},
    {"set_", set_, METH_VARARGS, "Makes the tensor look into other memory."},
    {"resize_", fn(resize_), METH_VARARGS | METH_KEYWORDS, "Changes the shape in place; new elements are uninitialised."},
    {"__dlpack__", fn(to_dlpack), METH_VARARGS | METH_KEYWORDS, "The memory as a DLPack capsule."},
    {"__dlpack_device__", dlpack_device, METH_NOARGS, "The device for DLPack: the CPU."},
    {nullptr, nullptr, 0, nullptr}};

PyMethodDef data_functions[] = {
    {"tensor", fn(tensor), METH_VARARGS | METH_KEYWORDS, "tensor(data, *, dtype=None, device=None, requires_grad=False, pin_memory=False)\n\nA tensor with a copy of the data: a number, nested lists, an array."},
    {"as_tensor", fn(as_tensor), METH_VARARGS | METH_KEYWORDS, "as_tensor(data, dtype=None, device=None)\n\nThe data as a tensor, sharing memory where it can."},
    {"asarray", fn(asarray), METH_VARARGS | METH_KEYWORDS, "asarray(obj, *, dtype=None, device=None, copy=None, requires_grad=False)\n\nThe object as a tensor, sharing memory where it can."},
    {"from_numpy", from_numpy, METH_O, "from_numpy(ndarray)\n\nA tensor that shares the array's memory."},
    {"frombuffer", fn(frombuffer), METH_VARARGS | METH_KEYWORDS, "frombuffer(buffer, *, dtype, count=-1, offset=0, requires_grad=False)\n\nA one-dimensional tensor over the memory of a buffer."},
    {"from_dlpack", from_dlpack, METH_O, "from_dlpack(ext_tensor)\n\nA tensor that shares the memory of another framework's."},
    {"_storage_bytes", storage_bytes, METH_O, nullptr},
    {"_storage_from_buffer", storage_from_buffer, METH_O, nullptr},
    {"_move_storage", move_storage, METH_VARARGS, nullptr},
    {"_tensor_from_storage", tensor_from_storage, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr}};

bool add_storage_type(PyObject* m) {
  auto s = [](int id, auto f) { return PyType_Slot{id, reinterpret_cast<void*>(f)}; };
  PyType_Slot slots[] = {s(Py_tp_new, storage_new), s(Py_tp_dealloc, storage_dealloc), s(Py_tp_methods, storage_methods), s(Py_tp_getset, storage_getset),
                         s(Py_tp_richcompare, storage_compare), s(Py_tp_hash, storage_hash), s(Py_sq_length, storage_length), s(Py_sq_item, storage_item),
                         s(Py_bf_getbuffer, storage_buffer), {0, nullptr}};
  PyType_Spec spec{"torch.UntypedStorage", int(sizeof(StorageObject)), 0, Py_TPFLAGS_DEFAULT, slots};
  storage_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
  if (!storage_type) return false;
  Py_INCREF(storage_type);
  return PyModule_AddObject(m, "UntypedStorage", reinterpret_cast<PyObject*>(storage_type)) == 0;
}

}  // namespace pl
