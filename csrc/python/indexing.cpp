// x[key] and x[key] = value: integers, slices, None, Ellipsis, masks, tensors and lists.
#include "ops.h"
#include "python/binding.h"
#include "python/tensor_type.h"

namespace pl {
namespace {

bool is_index_int(PyObject* o) { return (PyLong_Check(o) && !PyBool_Check(o)) || (!is_tensor(o) && !PyBool_Check(o) && PyIndex_Check(o)); }
bool is_bool_object(PyObject* o) { return PyBool_Check(o); }

// A list such as [0, 2] or [[0], [1]] is an index tensor; torch.tensor makes it.
Tensor index_tensor(PyObject* o) {
  if (is_tensor(o)) return Tensor::borrow(impl(o));
  static PyObject* make = nullptr;
  if (!make) {
    PyObject* m = PyImport_ImportModule("penlight._C");
    make = m ? PyObject_GetAttrString(m, "tensor") : nullptr;
    Py_XDECREF(m);
    if (!make) throw PythonError();
  }
  PyObject* r = PyObject_CallOneArg(make, o);
  if (!r) throw PythonError();
  Tensor t = Tensor::steal(impl(r));
  if (t.numel() == 0 && is_floating(t.dtype())) t = cast(t, DType::Int64);    // x[[]]
  return t;
}

struct Key {
  Tensor view;                    // after integers, slices, None and Ellipsis
  TensorList tensors;             // one for each dimension of `view`, undefined where it is taken whole
  bool advanced = false;
};

int dims_used(PyObject* item) {
  if (item == Py_None || item == Py_Ellipsis || is_bool_object(item)) return 0;
  if (is_tensor(item) && (impl(item)->dtype == DType::Bool || impl(item)->dtype == DType::UInt8)) return impl(item)->ndim;
  return 1;
}

std::optional<int64_t> bound(PyObject* o) {
  if (o == Py_None) return std::nullopt;
  if (!is_tensor(o) && !PyIndex_Check(o))
    fail(ErrorType::Type, "", "slice indices must be integers or None or have an __index__ method");
  PyObject* i = PyNumber_Index(o);
  if (!i) throw PythonError();
  Py_ssize_t v = PyNumber_AsSsize_t(i, nullptr);      // clips what no dimension can reach
  Py_DECREF(i);
  return int64_t(v);
}

Tensor take_index(const Tensor& t, int64_t dim, int64_t index) {
  const int64_t size = t->sizes[dim];
  PL_CHECK_AS(Index, index >= -size && index < size, "index_out_of_range", "index %lld is out of bounds for dimension %lld with size %lld", (long long)index,
              (long long)dim, (long long)size);
  return op::select(t, dim, index);
}

Tensor take_slice(const Tensor& t, int64_t dim, PyObject* item) {
  auto* s = reinterpret_cast<PySliceObject*>(item);
  std::optional<int64_t> step = bound(s->step);
  PL_CHECK_AS(Value, !step || *step > 0, "slice_step", "step must be greater than zero");
  std::optional<int64_t> start = bound(s->start), stop = bound(s->stop);
  if (!start && !stop && !step) return t;
  return op::slice(t, dim, start, stop, step.value_or(1));
}

void place(Key& k, int64_t dim, Tensor t) {
  if (int64_t(k.tensors.size()) <= dim) k.tensors.resize(size_t(dim) + 1);
  k.tensors[size_t(dim)] = std::move(t);
  k.advanced = true;
}

// A True or False counts as a mask over a new dimension of size one.
Tensor bool_index(bool v) { return full({1}, Scalar(v), DType::Bool); }

// A mask of several dimensions beside other indices: the coordinates of its true elements, a tensor for each dimension.
void place_mask(Key& k, int64_t& dim, const Tensor& mask) {
  for (int64_t d = 0; d < mask.dim(); ++d)
    PL_CHECK_AS(Index, mask.size(d) == k.view.size(dim + d), "mask_shape", "The shape of the mask %s at index %lld does not match the shape of the indexed tensor %s at index %lld",
                to_string(mask.sizes()).c_str(), (long long)d, to_string(k.view.sizes()).c_str(), (long long)(dim + d));
  Tensor rows = op::nonzero(mask);
  for (int64_t d = 0; d < mask.dim(); ++d) place(k, dim++, op::select(rows, 1, d));
}

void apply(Key& k, int64_t& dim, PyObject* item, int64_t left, bool among_others) {
  if (is_index_int(item)) {
    PL_CHECK_AS(Index, k.view.dim() > 0, "index_0d", "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor to a number");
    k.view = take_index(k.view, dim, to_int(item));
  } else if (PySlice_Check(item)) {
    k.view = take_slice(k.view, dim++, item);
  } else if (item == Py_None) {
    k.view = op::unsqueeze(k.view, dim++);
  } else if (item == Py_Ellipsis) {
    dim += left;
  } else if (is_bool_object(item)) {
    k.view = op::unsqueeze(k.view, dim);
    place(k, dim++, bool_index(item == Py_True));
  } else {
    Tensor t = index_tensor(item);
    if (t.dim() == 0 && is_integral(t.dtype(), false) && is_tensor(item) && !requires_grad(t) && t.dtype() != DType::UInt8 && !t.is_meta()) {
      k.view = take_index(k.view, dim, pl::item(t).to_int());
      return;
    }
    PL_CHECK_AS(Index, is_integral(t.dtype()), "index_dtype", "tensors used as indices must be long, int, byte or bool tensors");
    bool mask = t.dtype() == DType::Bool || t.dtype() == DType::UInt8;
    if (mask && t.dim() == 0) {
      k.view = op::unsqueeze(k.view, dim);
      t = op::reshape(t, {1});
      place(k, dim++, t);
      return;
    }
    if (mask && t.dim() > 1 && among_others) {
      place_mask(k, dim, t);
      return;
    }
    place(k, dim, t);
    dim += mask ? t.dim() : 1;
  }
}

// [1, slice(None)] used as an index means the tuple; a list of numbers is one index.
bool means_tuple(PyObject* key) {
  if (PyTuple_Check(key)) return true;
  if (!PyList_Check(key) || PyList_GET_SIZE(key) >= 32) return false;
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(key); ++i) {
    PyObject* x = PyList_GET_ITEM(key, i);
    if (PySlice_Check(x) || x == Py_Ellipsis || x == Py_None || (is_tensor(x) && impl(x)->ndim > 0)) return true;
  }
  return false;
}

Key read_key(const Tensor& self, PyObject* key) {
  Key k;
  k.view = self;
  int64_t dim = 0;
  if (!means_tuple(key)) {
    int n = dims_used(key);
    PL_CHECK_AS(Index, n <= self.dim() || (n == 1 && self.dim() == 0), "index_many", "too many indices for tensor of dimension %d", self.dim());
    if (n == 1 && self.dim() == 0 && !is_index_int(key))
      fail(ErrorType::Index, "index_0d", PySlice_Check(key) ? "slice() cannot be applied to a 0-dim tensor." : "too many indices for tensor of dimension 0");
    apply(k, dim, key, self.dim(), false);
    return k;
  }
  PyObject* items = PySequence_Fast(key, "index");
  if (!items) throw PythonError();
  Py_ssize_t n = PySequence_Fast_GET_SIZE(items);
  try {
    int used = 0;
    for (Py_ssize_t i = 0; i < n; ++i) used += dims_used(PySequence_Fast_GET_ITEM(items, i));
    PL_CHECK_AS(Index, used <= self.dim(), "index_many", "too many indices for tensor of dimension %d", self.dim());
    for (Py_ssize_t i = 0; i < n; ++i) apply(k, dim, PySequence_Fast_GET_ITEM(items, i), self.dim() - used, n > 1);
  } catch (...) {
    Py_DECREF(items);
    throw;
  }
  Py_DECREF(items);
  return k;
}

bool ordinary(PyObject* o) { return !is_tensor(o) || Py_TYPE(o) == tensor_type || Py_TYPE(o) == parameter_type; }

// Whether no subclass of Tensor takes part.
bool all_ordinary(PyObject* self, PyObject* key, PyObject* value) {
  if (!ordinary(self) || !ordinary(key) || (value && !ordinary(value))) return false;
  if (!PyTuple_Check(key)) return true;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(key); ++i) if (!ordinary(PyTuple_GET_ITEM(key, i))) return false;
  return true;
}

PyObject* through_function(PyObject* self, PyObject* key, PyObject* value) {
  PyObject* m = PyImport_ImportModule("penlight.overrides");
  PyObject* r = !m ? nullptr : value ? PyObject_CallMethod(m, "_setitem", "OOO", self, key, value) : PyObject_CallMethod(m, "_getitem", "OO", self, key);
  Py_XDECREF(m);
  return r;
}

}  // namespace

PyObject* tensor_getitem(PyObject* self, PyObject* key) {
  try {
    if (!all_ordinary(self, key, nullptr) || function_modes) {
      PyObject* r = through_function(self, key, nullptr);
      if (r != Py_NotImplemented) return r;
      Py_DECREF(r);
    }
    Tensor t = Tensor::borrow(impl(self));
    if (PyLong_CheckExact(key) && t.dim() > 0) return wrap(take_index(t, 0, to_int(key)));
    Key k = read_key(t, key);
    if (k.advanced) return wrap(op::index(k.view, k.tensors));
    if (k.view.get() == t.get()) return wrap(op::alias(t));       // x[...] is a fresh view
    return wrap(k.view);
  } catch (...) {
    PyObject* args[] = {self, key};
    return translate_exception("index", args, 2);
  }
}

int tensor_setitem(PyObject* self, PyObject* key, PyObject* value) {
  PyObject* args[] = {self, key, value};
  try {
    PL_CHECK_AS(Type, value, "", "Tensor does not support deleting items");
    if (!all_ordinary(self, key, value) || function_modes) {
      PyObject* r = through_function(self, key, value);
      if (!r) return -1;
      Py_DECREF(r);
      if (r != Py_NotImplemented) return 0;
    }
    Tensor t = Tensor::borrow(impl(self));
    Key k = read_key(t, key);
    if (k.advanced) {
      Tensor v = is_tensor(value) ? Tensor::borrow(impl(value))
               : is_number(value) ? scalar_tensor(to_scalar(value), t.dtype(), t.device()) : cast(index_tensor(value), t.dtype());
      PL_CHECK_AS(Runtime, v.dtype() == t.dtype() || v.dim() == 0, "index_put_dtype", "Index put requires the source and destination dtypes match, got %s for the destination and %s for the source.",
                  info(t.dtype()).scalar_name, info(v.dtype()).scalar_name);
      op::index_put_(k.view, k.tensors, op::_to_copy(v, t.dtype(), MemoryFormat::None), false);
      return 0;
    }
    if (is_number(value)) {
      op::fill_(k.view, to_scalar(value));
      return 0;
    }
    Tensor v = is_tensor(value) ? Tensor::borrow(impl(value)) : index_tensor(value);
    // Leading ones of the value that the target lacks are dropped, as NumPy does.
    while (v.dim() > k.view.dim() && v.size(0) == 1) v = op::select(v, 0, 0);
    PL_CHECK_AS(Runtime, v.dim() <= k.view.dim(), "broadcast", "shape mismatch: value tensor of shape %s cannot be broadcast to indexing result of shape %s",
                to_string(v.sizes()).c_str(), to_string(k.view.sizes()).c_str());
    op::copy_(k.view, v, false);
    return 0;
  } catch (...) {
    translate_exception("index", args, value ? 3 : 2);
    return -1;
  }
}

}  // namespace pl
