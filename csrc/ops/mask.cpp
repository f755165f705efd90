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

// Flat positions become positions along a dimension of `size` and flat positions in the dimensions before it.
void split_positions(int64_t n, int64_t size, int64_t* positions, int64_t* before) {
  ReleaseGil free(n);
  parallel_for(n, 16384, [=](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) {
      // 32 bits divide several times faster
      const int64_t at = positions[i], q = (at | size) >> 32 ? at / size : int64_t(uint32_t(at) / uint32_t(size));
      before[i] = q;
      positions[i] = at - q * size;
    }
  });
}

// Bytes that are 0 or 1.
Tensor as_bytes(const Tensor& mask) { return contiguous(mask.dtype() == DType::Bool ? mask : cast(mask, DType::Bool)); }

// A mask cut into pieces of fixed size, so that several threads can find its true elements.
struct TrueElements {
  static constexpr int64_t kPiece = 1 << 15;
  Tensor mask;
  const uint8_t* p;
  std::vector<int64_t> before;      // true elements before each piece, and in all

  explicit TrueElements(const Tensor& given) : mask(as_bytes(given)), p(mask.ptr<uint8_t>()), before(size_t(pieces()) + 1, 0) {
    parallel_for(pieces(), 4, [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i) before[size_t(i) + 1] = cpu().index.count(size(i), p + i * kPiece);
    });
    for (size_t i = 1; i < before.size(); ++i) before[i] += before[i - 1];
  }
  int64_t pieces() const { return (mask.numel() + kPiece - 1) / kPiece; }
  int64_t size(int64_t piece) const { return std::min(kPiece, mask.numel() - piece * kPiece); }
  int64_t count() const { return before.back(); }
  // f(start, size, true elements before, true elements in it) for each piece
  template <class F> void each(F f) const {
    ReleaseGil free(mask.numel());
    parallel_for(pieces(), 2, [&](int64_t b, int64_t e) {
      for (int64_t i = b; i < e; ++i) f(i * kPiece, size(i), before[size_t(i)], before[size_t(i) + 1] - before[size_t(i)]);
    });
  }
  // The flat positions of the true elements.
  void write_positions(int64_t* out) const {
    each([this, out](int64_t start, int64_t n, int64_t at, int64_t k) { cpu().index.positions(n, p + start, start, k, out + at); });
  }
};

}  // namespace

Tensor true_positions(const Tensor& given) {
  PL_CHECK_AS(NotImplemented, !given.is_meta(), "", "nonzero: the number of true elements of a tensor without data is not known");
  const TrueElements found(given);
  const int64_t count = found.count();
  const int dims = given.dim();
  // One stretch of memory for each dimension, so that x[mask] can use them as they are.
  Tensor out = empty_strided({count, dims}, {1, std::max<int64_t>(count, 1)}, DType::Int64);
  if (dims == 0) return out;
  int64_t* last = out.ptr<int64_t>() + (dims - 1) * count;
  found.write_positions(last);
  for (int d = dims - 1; d > 0; --d, last -= count) split_positions(count, given->sizes[d], last, last - count);
  return out;
}

namespace {

// Where the true elements stand in a contiguous tensor of the mask's shape, in bytes.
Tensor byte_offsets(const Tensor& mask, int64_t item) {
  const TrueElements found(mask);
  Tensor offsets = empty({found.count()}, DType::Int64);
  int64_t* p = offsets.ptr<int64_t>();
  found.write_positions(p);
  for (int64_t i = 0; i < found.count(); ++i) p[i] *= item;
  return offsets;
}

// out = mask ? value : self
void fill_where(const Tensor& out, const Tensor& mask, const Scalar& value, const Tensor& self) {
  alignas(16) char bytes[16];
  store_scalar(bytes, self.dtype(), value);
  const TensorImpl* all[] = {out.get(), mask.get(), self.get()};
  Loop loop;
  loop.build(out.sizes(), all, 3);
  auto select = cpu().index.select[size_class(itemsize(self.dtype()))];
  int64_t step[3] = {0, 0, 0};
  if (loop.ndim > 0) for (int k = 0; k < 3; ++k) step[k] = loop.strides[k][loop.ndim - 1];
  ReleaseGil free(out.numel());
  parallel_for(out.numel(), 32768, [&](int64_t b, int64_t e) {
    loop.run(b, e, [&](int64_t n, char* const* at) { select(n, at[0], step[0], at[1], step[1], bytes, 0, at[2], step[2]); });
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

PyObject* nonzero_tuple(const Tensor& self, bool as_tuple, const Tensor& out) {
  if (out) {
    PL_CHECK(!as_tuple, "nonzero does not support the out kwarg when as_tuple is True");
    PL_CHECK(out.dtype() == DType::Int64, "nonzero: Expected out tensor to have scalar type Long but got scalar type%s", info(out.dtype()).scalar_name);
    const Tensor r = nonzero(self);
    check_writable(out);
    resize_out(out, r.sizes());
    copy_into(out, r);
    return Tensor(out).release();
  }
  if (!as_tuple) return nonzero(self).release();
  TensorList columns = where_condition(self);
  PyObject* r = PyTuple_New(Py_ssize_t(columns.size()));
  for (size_t i = 0; i < columns.size(); ++i) PyTuple_SET_ITEM(r, Py_ssize_t(i), columns[i].release());
  return r;
}

// ---------------------------------------------------------------- masks
namespace {
void check_mask_fill(const Tensor& self, const Tensor& mask, const Operand& value) {
  PL_CHECK_AS(Runtime, mask.dtype() == DType::Bool, "mask_dtype", "masked_fill_ only supports boolean masks, but got mask with dtype %s", info(mask.dtype()).name);
  PL_CHECK(!value.t || value.t.dim() == 0, "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with %d dimension(s).", value.t ? value.t.dim() : 0);
  check_same_device(self, mask);
}

Scalar fill_value(const Tensor& self, const Operand& value) {
  const Scalar s = value.t ? item(value.t) : value.s;
  PL_CHECK(!s.is_complex() || is_complex(self.dtype()), "value cannot be converted to type %s without overflow", info(self.dtype()).name);
  return s;
}
}  // namespace

Tensor masked_fill_(const Tensor& self, const Tensor& mask, const Operand& value) {
  check_mask_fill(self, mask, value);
  check_writable(self);
  PL_CHECK_AS(Runtime, broadcast_shapes(self.sizes(), mask.sizes()) == self.sizes().vec(), "broadcast",
              "output with shape %s doesn't match the broadcast shape %s", to_string(self.sizes()).c_str(), to_string(broadcast_shapes(self.sizes(), mask.sizes())).c_str());
  if (self.is_meta() || self.numel() == 0) return self;
  fill_where(self, may_conflict(self.get(), mask.get()) ? clone(mask, MemoryFormat::Contiguous) : mask, fill_value(self, value), self);
  return self;
}

Tensor masked_fill(const Tensor& self, const Tensor& mask, const Operand& value) {
  std::vector<int64_t> shape = broadcast_shapes(self.sizes(), mask.sizes());
  check_mask_fill(self, mask, value);
  Tensor out = pl::empty(shape, self.dtype(), self.device());
  if (!out.is_meta() && out.numel() > 0) fill_where(out, mask, fill_value(self, value), self);
  return out;
}

Tensor masked_select(const Tensor& self, const Tensor& mask) {
  PL_CHECK_AS(Runtime, mask.dtype() == DType::Bool, "mask_dtype", "masked_select: expected BoolTensor for mask");
  PL_CHECK_AS(NotImplemented, !self.is_meta() && !mask.is_meta(), "", "masked_select: the number of true elements of a tensor without data is not known");
  std::vector<int64_t> shape = broadcast_shapes(self.sizes(), mask.sizes());
  const Tensor from = pl::contiguous(broadcast(self, shape));
  const TrueElements found(broadcast(mask, shape));
  const int64_t item = itemsize(self.dtype());
  Tensor out = pl::empty({found.count()}, self.dtype());
  auto compress = cpu().index.compress[size_class(item)];
  const char* source = from->data;
  char* to = out->data;
  found.each([=, &found](int64_t start, int64_t n, int64_t at, int64_t k) { compress(n, found.p + start, source + start * item, k, to + at * item); });
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
  Tensor offsets = byte_offsets(broadcast(mask, shape), itemsize(self.dtype())), from = pl::contiguous(source);
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
