#include "core/tensor.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace pl {

PyTypeObject* tensor_type = nullptr;
PyTypeObject* parameter_type = nullptr;
thread_local bool inference_enabled = false;

void TensorImpl::no_data() { fail(ErrorType::NotImplemented, "", "this operator needs the numbers of its arguments; tensors on the meta device have none"); }

// ---------------------------------------------------------------- objects
namespace {
// The memory of dead tensors of the plain type, ready for the next ones.
constexpr int kFreeList = 256;
TensorImpl* free_list[kFreeList];
int free_count = 0;
}  // namespace

bool recycle_impl(TensorImpl* t) {
  if (free_count == kFreeList) return false;
  free_list[free_count++] = t;
  return true;
}

TensorImpl* new_impl(PyTypeObject* type) {
  TensorImpl* t;
  if ((!type || type == tensor_type) && free_count > 0) {
    t = free_list[--free_count];
    PyObject_Init(t, tensor_type);
  } else {
    type = type ? type : tensor_type;
    t = reinterpret_cast<TensorImpl*>(PyType_IS_GC(type) ? _PyObject_GC_New(type) : _PyObject_New(type));
    if (!t) throw PythonError();
  }
  init_impl(t);
  return t;
}

void init_impl(TensorImpl* t) {
  std::memset(reinterpret_cast<char*>(t) + sizeof(PyObject), 0, sizeof(TensorImpl) - sizeof(PyObject));
  t->flags = inference_enabled ? kInference : 0;
  t->sizes = t->inline_shape;
  t->strides = t->inline_shape + kInlineDims;
}

namespace {

bool strides_contiguous(const TensorImpl* t) {
  if (t->numel == 0) return true;
  int64_t expected = 1;
  for (int d = t->ndim - 1; d >= 0; --d) {
    if (t->sizes[d] == 1) continue;
    if (t->strides[d] != expected) return false;
    expected *= t->sizes[d];
  }
  return true;
}

void reserve_dims(TensorImpl* t, int n) {
  PL_CHECK(n <= kMaxDims, "tensors have at most %d dimensions, got %d", kMaxDims, n);
  bool heap = t->sizes != t->inline_shape;
  if (n <= kInlineDims) {
    if (heap) {
      std::free(t->sizes);
      t->sizes = t->inline_shape;
      t->strides = t->inline_shape + kInlineDims;
    }
  } else if (!heap || n != t->ndim) {
    auto* p = static_cast<int64_t*>(std::malloc(sizeof(int64_t) * 2 * n));
    if (heap) std::free(t->sizes);
    t->sizes = p;
    t->strides = p + n;
  }
  t->ndim = uint8_t(n);
}

int64_t checked_numel(Shape sizes) {
  int64_t n = 1;
  bool empty = false;
  for (int64_t s : sizes) {
    PL_CHECK(s >= 0, "Trying to create tensor with negative dimension %lld: %s", (long long)s, to_string(sizes).c_str());
    empty |= s == 0;
  }
  if (empty) return 0;
  for (int64_t s : sizes)
    PL_CHECK(!__builtin_mul_overflow(n, s, &n) && n < (int64_t(1) << 56), "numel: integer multiplication overflow");
  return n;
}

}  // namespace

// The caller passes arrays that may be t's own: they are copied before the old memory goes.
void set_geometry(TensorImpl* t, Shape sizes, Shape strides, int64_t offset) {
  int n = sizes.n;
  PL_CHECK(n <= kMaxDims, "tensors have at most %d dimensions, got %d", kMaxDims, n);
  int64_t kept[2 * kMaxDims];
  std::copy_n(sizes.p, n, kept);
  std::copy_n(strides.p, n, kept + n);
  reserve_dims(t, n);
  std::memcpy(t->sizes, kept, sizeof(int64_t) * n);
  std::memcpy(t->strides, kept + n, sizeof(int64_t) * n);
  t->numel = checked_numel(Shape(t->sizes, n));
  t->offset = offset;
  t->data = t->storage && t->storage->data ? static_cast<char*>(t->storage->data) + (t->numel ? offset * itemsize(t->dtype) : 0) : nullptr;
  t->flags = strides_contiguous(t) ? t->flags | kContiguous : t->flags & ~kContiguous;
}

void set_storage(TensorImpl* t, Storage* s) {
  ++s->refs;
  StorageRef old(t->storage);
  t->storage = s;
}

// ---------------------------------------------------------------- making
Tensor empty(Shape sizes, DType dtype, Device device) {
  int n = sizes.n;
  int64_t numel = checked_numel(sizes);
  TensorImpl* t = new_impl();
  Tensor owner = Tensor::steal(t);
  t->dtype = dtype;
  PL_CHECK_AS(Assertion, device.type != DeviceType::CUDA, "no_cuda", "Torch not compiled with CUDA enabled");
  t->storage = new_storage(size_t(numel) * itemsize(dtype), device);
  t->data = static_cast<char*>(t->storage->data);
  t->numel = numel;
  reserve_dims(t, n);
  int64_t step = 1;
  for (int d = n - 1; d >= 0; --d) {
    t->sizes[d] = sizes[d];
    t->strides[d] = step;
    step *= sizes[d] > 1 ? sizes[d] : 1;
  }
  t->flags |= kContiguous;
  return owner;
}

Tensor empty_strided(Shape sizes, Shape strides, DType dtype, Device device) {
  PL_CHECK(sizes.n == strides.n, "mismatch in length of strides and shape");
  const bool none = checked_numel(sizes) == 0;
  int64_t count = !none;                // elements of memory up to the last one that is reached
  for (int d = 0; d < sizes.n; ++d) {
    PL_CHECK(strides[d] >= 0, "as_strided: Negative strides are not supported at the moment, got strides: %s", to_string(strides).c_str());
    int64_t reach;
    PL_CHECK(none || (!__builtin_mul_overflow(sizes[d] - 1, strides[d], &reach) && !__builtin_add_overflow(count, reach, &count)),
             "empty_strided: sizes %s and strides %s overflow", to_string(sizes).c_str(), to_string(strides).c_str());
  }
  Tensor t = empty({count}, dtype, device);
  set_geometry(t.get(), sizes, strides, 0);
  return t;
}

Tensor empty_like(const Tensor& t, DType dtype) {
  if (dtype == DType::Undefined) dtype = t.dtype();
  if (t.is_contiguous()) return empty(t.sizes(), dtype, t.device());
  if (is_non_overlapping_and_dense(t.get())) return empty_strided(t.sizes(), t.strides(), dtype, t.device());
  // The order of the dimensions by stride is kept, gaps and overlaps are not.
  int n = t.dim();
  std::vector<int> order(n);
  for (int d = 0; d < n; ++d) order[d] = n - 1 - d;
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
    int64_t x = t->strides[a], y = t->strides[b];
    return x != 0 && y != 0 && x < y;
  });
  std::vector<int64_t> strides(n);
  int64_t step = 1;
  for (int d : order) {
    strides[d] = step;
    step *= t->sizes[d] > 1 ? t->sizes[d] : 1;
  }
  return empty_strided(t.sizes(), strides, dtype, t.device());
}

Tensor full(Shape sizes, const Scalar& value, DType dtype, Device device) {
  Tensor t = empty(sizes, dtype, device);
  if (t.is_meta() || t.numel() == 0) return t;
  int64_t size = itemsize(dtype), n = t.numel() * size;
  store_scalar(t->data, dtype, value);
  for (int64_t done = size; done < n;) {     // doubling copies fill at memory speed whatever the element's size
    int64_t m = std::min(std::min(done, n - done), int64_t(1) << 16);
    std::memcpy(t->data + done, t->data, size_t(m / size * size));
    done += m / size * size;
  }
  return t;
}

Tensor zeros(Shape sizes, DType dtype, Device device) {
  Tensor t = empty(sizes, dtype, device);
  if (t->data) std::memset(t->data, 0, size_t(t.numel()) * itemsize(dtype));
  return t;
}

Tensor scalar_tensor(const Scalar& value, DType dtype, Device device) {
  Tensor t = empty(Shape(nullptr, 0), dtype, device);
  if (t->data) store_scalar(t->data, dtype, value);
  return t;
}

Tensor alias(const Tensor& t, Shape sizes, Shape strides, int64_t offset, DType dtype) {
  TensorImpl* v = new_impl();
  Tensor owner = Tensor::steal(v);
  v->dtype = dtype;
  set_storage(v, t->storage);
  v->flags = t->flags & (kPrivateVersion | kInference);
  set_geometry(v, sizes, strides, offset);
  return owner;
}

Tensor alias(const Tensor& t) { return alias(t, t.sizes(), t.strides(), t->offset, t.dtype()); }

// ---------------------------------------------------------------- shapes
std::string to_string(Shape s) {
  std::string r = "[";
  for (int i = 0; i < s.n; ++i) r += (i ? ", " : "") + std::to_string(s[i]);
  return r + "]";
}

int64_t wrap_dim(int64_t d, int64_t ndim) {
  int64_t n = ndim > 0 ? ndim : 1;
  PL_CHECK_AS(Index, d >= -n && d < n, "dim_out_of_range",
              "Dimension out of range (expected to be in range of [%lld, %lld], but got %lld)", (long long)-n, (long long)(n - 1), (long long)d);
  return d < 0 ? d + n : d;
}

int64_t Tensor::size(int64_t d) const {
  PL_CHECK_AS(Index, dim() > 0, "dim_out_of_range", "Dimension specified as %lld but tensor has no dimensions", (long long)d);
  return p_->sizes[wrap_dim(d, dim())];
}

int64_t Tensor::stride(int64_t d) const {
  PL_CHECK_AS(Index, dim() > 0, "dim_out_of_range", "Dimension specified as %lld but tensor has no dimensions", (long long)d);
  return p_->strides[wrap_dim(d, dim())];
}

std::vector<bool> dim_mask(Shape dims, int64_t ndim) {
  std::vector<bool> mask(size_t(ndim > 0 ? ndim : 1), dims.n == 0);
  for (int64_t d : dims) {
    size_t w = size_t(wrap_dim(d, ndim));
    PL_CHECK(!mask[w], "dim %zu appears multiple times in the list of dims", w);
    mask[w] = true;
  }
  if (ndim == 0) mask.clear();
  return mask;
}

std::vector<int64_t> contiguous_strides(Shape sizes) {
  std::vector<int64_t> s(size_t(sizes.n));
  int64_t step = 1;
  for (int d = sizes.n - 1; d >= 0; --d) {
    s[d] = step;
    step *= sizes[d] > 1 ? sizes[d] : 1;
  }
  return s;
}

std::vector<int64_t> broadcast_shapes(Shape a, Shape b, const char*) {
  int n = std::max(a.n, b.n);
  std::vector<int64_t> r(static_cast<size_t>(n));
  for (int d = n - 1; d >= 0; --d) {
    int ia = d - (n - a.n), ib = d - (n - b.n);
    int64_t x = ia >= 0 ? a[ia] : 1, y = ib >= 0 ? b[ib] : 1;
    PL_CHECK_AS(Runtime, x == y || x == 1 || y == 1, "broadcast",
                "The size of tensor a (%lld) must match the size of tensor b (%lld) at non-singleton dimension %d", (long long)x, (long long)y, d);
    r[d] = x == 1 ? y : x;
  }
  return r;
}

std::vector<int64_t> infer_size(Shape sizes, int64_t numel) {
  PL_CHECK(sizes.n <= kMaxDims, "tensors have at most %d dimensions, got %d", kMaxDims, sizes.n);
  std::vector<int64_t> r = sizes.vec();
  int64_t known = 1;
  int hole = -1;
  for (int d = 0; d < sizes.n; ++d) {
    if (sizes[d] == -1) {
      PL_CHECK(hole < 0, "only one dimension can be inferred");
      hole = d;
    } else {
      PL_CHECK(sizes[d] >= 0, "invalid shape dimension %lld", (long long)sizes[d]);
      PL_CHECK(!__builtin_mul_overflow(known, sizes[d], &known), "shape '%s' is invalid for input of size %lld", to_string(sizes).c_str(),
               (long long)numel);
    }
  }
  bool fits = hole < 0 ? known == numel : known > 0 ? numel % known == 0 : numel == 0;
  PL_CHECK_AS(Runtime, fits, "shape_invalid", "shape '%s' is invalid for input of size %lld", to_string(sizes).c_str(), (long long)numel);
  if (hole >= 0) {
    PL_CHECK(known != 0, "cannot reshape tensor of 0 elements into shape %s because the unspecified dimension size -1 can be any "
             "value and is ambiguous", to_string(sizes).c_str());
    r[hole] = numel / known;
  }
  return r;
}

bool is_non_overlapping_and_dense(const TensorImpl* t) {
  if (t->is_contiguous()) return true;
  int order[kMaxDims], n = 0;
  for (int d = 0; d < t->ndim; ++d) if (t->sizes[d] != 1) order[n++] = d;
  std::sort(order, order + n, [&](int a, int b) { return t->strides[a] < t->strides[b]; });
  int64_t expected = 1;
  for (int i = 0; i < n; ++i) {
    if (t->strides[order[i]] != expected) return false;
    expected *= t->sizes[order[i]];
  }
  return true;
}

bool overlaps_itself(const TensorImpl* t) {
  if (t->is_contiguous() || t->numel < 2) return false;
  for (int d = 0; d < t->ndim; ++d) if (t->sizes[d] > 1 && t->strides[d] == 0) return true;
  return false;
}

void check_writable(const Tensor& t) {
  PL_CHECK_AS(Runtime, !overlaps_itself(t.get()), "expanded_write",
              "unsupported operation: more than one element of the written-to tensor refers to a single memory location. "
              "Please clone() the tensor before performing the operation.");
}

void check_no_partial_overlap(const Tensor& out, const Tensor& in) {
  bool same = out->data == in->data && out.sizes() == in.sizes() && out.strides() == in.strides();
  if (same || out->storage != in->storage || !is_non_overlapping_and_dense(out.get()) || !is_non_overlapping_and_dense(in.get())) return;
  const char *a = out->data, *b = in->data;
  bool apart = a + out.numel() * itemsize(out.dtype()) <= b || b + in.numel() * itemsize(in.dtype()) <= a;
  PL_CHECK(apart, "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
           "location. Please clone() the tensor before performing the operation.");
}

void resize_out(const Tensor& out, Shape sizes) {
  if (out.sizes() == sizes) return;
  if (out.numel() > 0) {
    std::string text = "An output with one or more elements was resized since it had shape " + to_string(out.sizes()) +
                       ", which does not match the required output shape " + to_string(sizes) +
                       ". This behavior is deprecated, and in a future PyTorch release outputs will not be resized unless they have "
                       "zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero elements with t.resize_(0).";
    if (PyErr_WarnEx(PyExc_UserWarning, text.c_str(), 1) < 0) throw PythonError();
  }
  size_t need = size_t(checked_numel(sizes) + out->offset) * itemsize(out.dtype());
  if (need > out->storage->nbytes) resize_storage(out->storage, need);
  set_geometry(out.get(), sizes, contiguous_strides(sizes), out->offset);
}

// ---------------------------------------------------------------- numbers
Scalar load_scalar(const void* p, DType d) {
  auto as = [p](auto v) { std::memcpy(&v, p, sizeof v); return v; };
  switch (d) {
    case DType::Bool: return Scalar(as(uint8_t()) != 0);
    case DType::UInt8: return Scalar(int64_t(as(uint8_t())));
    case DType::Int8: return Scalar(int64_t(as(int8_t())));
    case DType::Int16: return Scalar(int64_t(as(int16_t())));
    case DType::Int32: return Scalar(int64_t(as(int32_t())));
    case DType::Int64: return Scalar(as(int64_t()));
    case DType::UInt16: return Scalar(int64_t(as(uint16_t())));
    case DType::UInt32: return Scalar(int64_t(as(uint32_t())));
    case DType::UInt64: return Scalar(int64_t(as(uint64_t())));
    case DType::Float16: return Scalar(double(to_float(as(Half()))));
    case DType::BFloat16: return Scalar(double(to_float(as(BFloat16()))));
    case DType::Float32: return Scalar(double(as(float())));
    case DType::Float64: return Scalar(as(double()));
    case DType::Complex64: { auto z = as(Complex<float>()); return Scalar(double(z.re), double(z.im)); }
    case DType::Complex128: { auto z = as(Complex<double>()); return Scalar(z.re, z.im); }
    default: return Scalar();
  }
}

void store_scalar(void* p, DType d, const Scalar& s) {
  auto put = [p](auto v) { std::memcpy(p, &v, sizeof v); };
  switch (d) {
    case DType::Bool: return put(uint8_t(s.to_bool()));
    case DType::UInt8: return put(uint8_t(s.to_int()));
    case DType::Int8: return put(int8_t(s.to_int()));
    case DType::Int16: return put(int16_t(s.to_int()));
    case DType::Int32: return put(int32_t(s.to_int()));
    case DType::Int64: return put(s.to_int());
    case DType::UInt16: return put(uint16_t(s.to_int()));
    case DType::UInt32: return put(uint32_t(s.to_int()));
    case DType::UInt64: return put(uint64_t(s.to_int()));
    case DType::Float16: return put(to_half(float(s.to_double())));
    case DType::BFloat16: return put(to_bfloat16(float(s.to_double())));
    case DType::Float32: return put(float(s.to_double()));
    case DType::Float64: return put(s.to_double());
    case DType::Complex64: return put(Complex<float>{float(s.to_double()), float(s.im)});
    case DType::Complex128: return put(Complex<double>{s.to_double(), s.im});
    default: return;
  }
}

Scalar item(const Tensor& t) {
  PL_CHECK_AS(Runtime, t.numel() == 1, "item_many", "a Tensor with %lld elements cannot be converted to Scalar", (long long)t.numel());
  PL_CHECK(!t.is_meta(), "Tensor.item() cannot be called on meta tensors");
  return load_scalar(t->data, t.dtype());
}

static Device current_device;
Device default_device() { return current_device; }
void set_default_device(Device d) { current_device = d; }

void bump_version(TensorImpl* t) {
  if (!(t->flags & kPrivateVersion)) ++t->storage->version;
}

std::string device_name(Device d) {
  std::string s = d.type == DeviceType::CPU ? "cpu" : d.type == DeviceType::Meta ? "meta" : "cuda";
  return d.index >= 0 ? s + ":" + std::to_string(int(d.index)) : s;
}

}  // namespace pl
