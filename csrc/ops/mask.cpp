// Masks: filling, choosing and finding; take and put, which index the flattened tensor; searching.
#include <algorithm>
#include <cstring>
#include "cpu/kernels.h"
#include "ops.h"
#include "ops/derivatives.h"
#include "ops/indexing.h"
#include "ops/pointwise.h"

namespace pl {

// ---------------------------------------------------------------- gradients
Tensor masked_fill_self_grad(const Tensor& grad, const Tensor& mask, Shape shape) {
  return op::sum_to_size(op::masked_fill(grad, mask, Scalar(int64_t(0))), shape);
}

Tensor masked_fill_value_grad(const Tensor& grad, const Tensor& mask) {
  return op::sum_to_size(op::where_self(mask, grad, Scalar(int64_t(0))), {});
}

Tensor masked_select_backward(const Tensor& grad, const Tensor& mask, Shape shape) {
  std::vector<int64_t> both = broadcast_shapes(mask.sizes(), shape);
  Tensor r = op::masked_scatter(zeros(both, grad.dtype(), grad.device()), mask, grad);
  return op::sum_to_size(r, shape);
}

Tensor masked_scatter_backward(const Tensor& grad, const Tensor& mask, Shape shape) {
  Tensor chosen = op::reshape(op::masked_select(grad, mask), {-1});
  const int64_t rest = shape.numel() - chosen.numel();
  if (rest > 0) chosen = op::cat({chosen, zeros({rest}, grad.dtype(), grad.device())}, 0);
  return op::reshape(chosen, shape);
}

Tensor take_backward(const Tensor& grad, Shape shape, const Tensor& index) {
  return op::put(zeros(shape, grad.dtype(), grad.device()), index, grad, true);
}

Tensor put_cleared(const Tensor& grad, const Tensor& index) {
  return op::put(grad, index, zeros(index.sizes(), grad.dtype(), grad.device()), false);
}

// ---------------------------------------------------------------- the true elements
namespace {

// Bytes that are 0 or 1.
Tensor as_bytes(const Tensor& mask) { return contiguous(mask.dtype() == DType::Bool ? mask : cast(mask, DType::Bool)); }

int64_t count_true(const uint8_t* p, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; ++i) count += p[i];
  return count;
}

// Calls f(i) for each true element, eight at a glance.
template <class F> void for_each_true(const uint8_t* p, int64_t n, F f) {
  for (int64_t i = 0; i < n;) {
    uint64_t word;
    if (n - i >= 8 && (std::memcpy(&word, p + i, 8), word == 0)) {
      i += 8;
      continue;
    }
    const int64_t end = std::min(i + 8, n);
    for (; i < end; ++i) if (p[i]) f(i);
  }
}

}  // namespace

Tensor true_positions(const Tensor& given) {
  PL_CHECK_AS(NotImplemented, !given.is_meta(), "", "nonzero: the number of true elements of a tensor without data is not known");
  Tensor mask = as_bytes(given);
  const uint8_t* p = mask.ptr<uint8_t>();
  const int64_t n = mask.numel(), count = count_true(p, n);
  const int dims = given.dim();
  // One stretch of memory for each dimension, so that x[mask] can use them as they are.
  Tensor out = empty_strided({count, dims}, {1, std::max<int64_t>(count, 1)}, DType::Int64);
  int64_t* to = out.ptr<int64_t>();
  if (dims == 1) {
    for_each_true(p, n, [&](int64_t i) { *to++ = i; });
  } else if (dims > 0) {
    const int64_t cols = given->sizes[dims - 1];
    for_each_true(p, n, [&](int64_t i) {
      int64_t rest = i / cols;
      to[(dims - 1) * count] = i - rest * cols;
      for (int d = dims - 2; d >= 0; --d) {
        to[d * count] = rest % given->sizes[d];
        rest /= given->sizes[d];
      }
      ++to;
    });
  }
  return out;
}

namespace {

// Where the true elements stand in a contiguous tensor of the mask's shape, in bytes.
Tensor byte_offsets(const Tensor& mask, int64_t item) {
  const uint8_t* p = mask.ptr<uint8_t>();
  Tensor offsets = empty({count_true(p, mask.numel())}, DType::Int64);
  int64_t* to = offsets.ptr<int64_t>();
  for_each_true(p, mask.numel(), [&](int64_t i) { *to++ = i * item; });
  return offsets;
}

struct Bytes16 { uint64_t lo, hi; };

template <class T> void fill_stretch(int64_t n, char* to, int64_t to_step, const char* mask, int64_t mask_step, const void* value) {
  T v;
  std::memcpy(&v, value, sizeof v);
  if (to_step == int64_t(sizeof(T)) && mask_step == 1) {
    T* out = reinterpret_cast<T*>(to);
    for (int64_t i = 0; i < n; ++i) out[i] = mask[i] ? v : out[i];
  } else {
    for (int64_t i = 0; i < n; ++i) if (mask[i * mask_step]) *reinterpret_cast<T*>(to + i * to_step) = v;
  }
}

constexpr decltype(&fill_stretch<uint8_t>) kFillStretch[] = {fill_stretch<uint8_t>, fill_stretch<uint16_t>, fill_stretch<uint32_t>, fill_stretch<uint64_t>,
                                                             fill_stretch<Bytes16>};

void fill_where(const Tensor& self, const Tensor& mask, const Scalar& value) {
  alignas(16) char bytes[16];
  store_scalar(bytes, self.dtype(), value);
  const TensorImpl* both[] = {self.get(), mask.get()};
  Loop loop;
  loop.build(self.sizes(), both, 2);
  auto fill = kFillStretch[size_class(itemsize(self.dtype()))];
  const int last = loop.ndim - 1;
  const int64_t to_step = last >= 0 ? loop.strides[0][last] : 0, mask_step = last >= 0 ? loop.strides[1][last] : 0;
  ReleaseGil free(self.numel());
  parallel_for(self.numel(), 32768, [&](int64_t b, int64_t e) {
    loop.run(b, e, [&](int64_t n, char* const* at) { fill(n, at[0], to_step, at[1], mask_step, bytes); });
  });
}

Tensor broadcast(const Tensor& t, const std::vector<int64_t>& shape) { return t.sizes() == Shape(shape) ? t : native::expand(alias(t), shape, false); }

}  // namespace

namespace native {

Tensor nonzero(const Tensor& self) { return true_positions(self); }
Tensor argwhere(const Tensor& self) { return true_positions(self); }

TensorList where_condition(const Tensor& condition) {
  Tensor positions = true_positions(condition.dim() ? condition : reshape(pl::alias(condition), {1}));
  return op::unbind(positions, 1);
}

Tensor where_method(const Tensor& self, const Tensor& condition, const Operand& other) { return op::where_self(condition, self, other); }

PyObject* nonzero_tuple(const Tensor& self, bool as_tuple) {
  if (!as_tuple) return nonzero(self).release();
  TensorList columns = where_condition(self);
  PyObject* r = PyTuple_New(Py_ssize_t(columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) PyTuple_SET_ITEM(r, Py_ssize_t(i), columns[i].release());
  return r;
}

// ---------------------------------------------------------------- masks
Tensor masked_fill_(const Tensor& self, const Tensor& mask, const Operand& value) {
  PL_CHECK_AS(Runtime, mask.dtype() == DType::Bool, "mask_dtype", "masked_fill_ only supports boolean masks, but got mask with dtype %s", info(mask.dtype()).name);
  PL_CHECK(!value.t || value.t.dim() == 0, "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with %d dimension(s).", value.t ? value.t.dim() : 0);
  check_writable(self);
  PL_CHECK_AS(Runtime, broadcast_shapes(self.sizes(), mask.sizes()) == self.sizes().vec(), "broadcast",
              "output with shape %s doesn't match the broadcast shape %s", to_string(self.sizes()).c_str(), to_string(broadcast_shapes(self.sizes(), mask.sizes())).c_str());
  check_same_device(self, mask);
  if (self.is_meta() || self.numel() == 0) return self;
  const Scalar s = value.t ? item(value.t) : value.s;
  PL_CHECK(!s.is_complex() || is_complex(self.dtype()), "value cannot be converted to type %s without overflow", info(self.dtype()).name);
  Tensor own = may_conflict(self.get(), mask.get()) ? pl::contiguous(mask) : mask;
  fill_where(self, own, s);
  return self;
}

Tensor masked_fill(const Tensor& self, const Tensor& mask, const Operand& value) {
  std::vector<int64_t> shape = broadcast_shapes(self.sizes(), mask.sizes());
  return masked_fill_(clone(broadcast(self, shape), MemoryFormat::Contiguous), mask, value);
}

Tensor masked_select(const Tensor& self, const Tensor& mask) {
  PL_CHECK_AS(Runtime, mask.dtype() == DType::Bool, "mask_dtype", "masked_select: expected BoolTensor for mask");
  PL_CHECK_AS(NotImplemented, !self.is_meta() && !mask.is_meta(), "", "masked_select: the number of true elements of a tensor without data is not known");
  std::vector<int64_t> shape = broadcast_shapes(self.sizes(), mask.sizes());
  Tensor from = pl::contiguous(broadcast(self, shape)), where = pl::contiguous(broadcast(mask, shape));
  const int64_t item = itemsize(self.dtype());
  Tensor offsets = byte_offsets(where, item), out = pl::empty({offsets.numel()}, self.dtype());
  const int64_t* at = offsets.ptr<int64_t>();
  const int c = size_class(item);
  char *to = out->data, *source = from->data;
  ReleaseGil free(out.numel());
  parallel_for(out.numel(), 32768, [=](int64_t b, int64_t e) { cpu().index.read[c](e - b, to + b * item, item, source, at + b); });
  return out;
}

Tensor masked_scatter(const Tensor& self, const Tensor& mask, const Tensor& source) {
  PL_CHECK_AS(Runtime, mask.dtype() == DType::Bool, "mask_dtype", "masked_scatter_ only supports boolean masks, but got mask with dtype %s", info(mask.dtype()).name);
  PL_CHECK_AS(Runtime, self.dtype() == source.dtype(), "dtype_mismatch", "masked_scatter: expected self and source to have same dtypes but got %s and %s",
              info(self.dtype()).scalar_name, info(source.dtype()).scalar_name);
  std::vector<int64_t> shape = broadcast_shapes(self.sizes(), mask.sizes());
  Tensor out = clone(broadcast(self, shape), MemoryFormat::Contiguous);
  check_same_device(self, mask);
  check_same_device(self, source);
  if (out.is_meta() || out.numel() == 0) return out;
  Tensor offsets = byte_offsets(pl::contiguous(broadcast(mask, shape)), itemsize(self.dtype())), from = pl::contiguous(source);
  PL_CHECK(from.numel() >= offsets.numel(), "Number of elements of source < number of ones in mask");
  cpu().index.write[size_class(itemsize(self.dtype()))](offsets.numel(), out->data, offsets.ptr<int64_t>(), from->data, itemsize(self.dtype()));
  return out;
}

// ---------------------------------------------------------------- indices into the flattened tensor
namespace {

// Byte offsets of flat indices into a tensor of any strides.
Tensor flat_offsets(const Tensor& self, const Tensor& index) {
  Tensor values = index_values(index), offsets = pl::empty({values.numel()}, DType::Int64);
  const int64_t n = self.numel(), item = itemsize(self.dtype());
  const int64_t* v = values.ptr<int64_t>();
  int64_t* out = offsets.ptr<int64_t>();
  for (int64_t i = 0; i < values.numel(); ++i) {
    PL_CHECK_AS(Index, v[i] >= -n && v[i] < n, "index_out_of_range", "out of range: tried to access index %lld on a tensor of %lld elements.", (long long)v[i], (long long)n);
    int64_t rest = v[i] < 0 ? v[i] + n : v[i];
    if (self.is_contiguous()) {
      out[i] = rest * item;
      continue;
    }
    out[i] = 0;
    for (int d = self.dim() - 1; d >= 0; --d) {
      out[i] += rest % self->sizes[d] * self->strides[d] * item;
      rest /= self->sizes[d];
    }
  }
  return offsets;
}

}  // namespace

Tensor take(const Tensor& self, const Tensor& index) {
  PL_CHECK_AS(Runtime, index.dtype() == DType::Int64, "index_dtype", "take(): Expected a long tensor for index, but got %s", info(index.dtype()).scalar_name);
  PL_CHECK_AS(Index, self.numel() > 0 || index.numel() == 0, "", "take(): tried to take from an empty tensor");
  Tensor out = pl::empty(index.sizes(), self.dtype(), self.device());
  if (out.is_meta() || out.numel() == 0) return out;
  Tensor offsets = flat_offsets(self, index);
  cpu().index.read[size_class(itemsize(self.dtype()))](out.numel(), out->data, itemsize(self.dtype()), self->data, offsets.ptr<int64_t>());
  return out;
}

Tensor put_(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
  PL_CHECK_AS(Runtime, index.dtype() == DType::Int64, "index_dtype", "put_(): Expected a long tensor for index, but got %s", info(index.dtype()).scalar_name);
  PL_CHECK_AS(Runtime, self.dtype() == source.dtype(), "dtype_mismatch", "put_(): self and source expected to have the same dtype, but got self.dtype = %s and source.dtype = %s",
              info(self.dtype()).scalar_name, info(source.dtype()).scalar_name);
  PL_CHECK(index.numel() == source.numel(), "put_(): Expected source and index to have the same number of elements, but got source.numel() = %lld, index.numel() = %lld",
           (long long)source.numel(), (long long)index.numel());
  PL_CHECK_AS(Index, self.numel() > 0 || index.numel() == 0, "", "put_(): Tried to put elements into an empty tensor");
  check_writable(self);
  check_same_device(self, source);
  if (self.is_meta() || index.numel() == 0) return self;
  Tensor offsets = flat_offsets(self, index), from = self->storage == source->storage ? clone(source, MemoryFormat::Contiguous) : pl::contiguous(source);
  const int64_t n = index.numel(), item = itemsize(self.dtype());
  if (accumulate) cpu().index.combine_at[int(Combine::Add)][int(self.dtype())](n, self->data, offsets.ptr<int64_t>(), from->data, item);
  else cpu().index.write[size_class(item)](n, self->data, offsets.ptr<int64_t>(), from->data, item);
  return self;
}

Tensor put(const Tensor& self, const Tensor& index, const Tensor& source, bool accumulate) {
  return put_(clone(self, MemoryFormat::Preserve), index, source, accumulate);
}

}  // namespace native
}  // namespace pl
