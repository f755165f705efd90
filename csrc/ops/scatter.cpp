// gather, scatter and their relatives: every element of the index tensor names a place along one dimension.
#include <algorithm>
#include "cpu/kernels.h"
#include "ops.h"
#include "ops/derivatives.h"
#include "ops/indexing.h"
#include "ops/pointwise.h"

namespace pl {
namespace {

constexpr int64_t kTile = 512;
const Scalar kOne(int64_t(1));

Tensor at_least_1d(const Tensor& t) { return t.dim() ? t : alias(t, {1}, {1}, t->offset, t.dtype()); }

void check_index_dtype(const char* name, const Tensor& index) {
  PL_CHECK_AS(Runtime, index.dtype() == DType::Int64 || index.dtype() == DType::Int32 || index.numel() == 0, "index_dtype", "%s(): Expected dtype int64 for index", name);
}

// int64 indices, each checked to be in [0, size) before any memory is touched. Expanded dimensions stay expanded.
Tensor checked_index(const Tensor& given, int64_t dim, int64_t size) {
  std::vector<int64_t> sizes = given.sizes().vec();
  for (int d = 0; d < given.dim(); ++d) if (given->strides[d] == 0) sizes[size_t(d)] = 1;
  Tensor values = index_values(alias(given, sizes, given.strides(), given->offset, given.dtype()));
  const int64_t* p = values.ptr<int64_t>();
  const int64_t at = cpu().index.outside(values.numel(), p, 0, size);
  if (at < values.numel())
    fail(ErrorType::Runtime, "index_out_of_range", "index %lld is out of bounds for dimension %lld with size %lld", (long long)p[at], (long long)dim, (long long)size);
  return native::expand(values, given.sizes(), false);
}

// Walks index, `self` at the places that it names, and `other` (in the shape of index, or a part of it) together.
struct DimWalk {
  Loop loop;               // operands: other, index, self with stride 0 along dim
  int64_t count, dim_stride;
};

DimWalk make_walk(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& other) {
  DimWalk w;
  std::vector<int64_t> strides = self.strides().vec();
  w.dim_stride = strides[size_t(dim)] * itemsize(self.dtype());
  strides[size_t(dim)] = 0;
  Tensor base = alias(self, index.sizes(), strides, self->offset, self.dtype());
  Tensor part = alias(other, index.sizes(), other.strides(), other->offset, other.dtype());
  const TensorImpl* all[] = {part.get(), index.get(), base.get()};
  w.loop.build(index.sizes(), all, 3);
  w.count = index.numel();
  return w;
}

// f(m, other, other_step, self, offsets) for tiles of [begin, end).
template <class F> void run(const DimWalk& w, int64_t begin, int64_t end, F f) {
  const int last = w.loop.ndim - 1;
  const int64_t other_step = last >= 0 ? w.loop.strides[0][last] : 0, index_step = last >= 0 ? w.loop.strides[1][last] : 0,
                self_step = last >= 0 ? w.loop.strides[2][last] : 0;
  w.loop.run(begin, end, [&](int64_t n, char* const* at) {
    int64_t offsets[kTile];
    for (int64_t i = 0; i < n; i += kTile) {
      const int64_t m = std::min(kTile, n - i);
      cpu().index.offsets(m, at[1] + i * index_step, index_step, 0, w.dim_stride, self_step, offsets);
      f(m, at[0] + i * other_step, other_step, at[2] + i * self_step, offsets);
    }
  });
}

struct Places {
  Tensor self, index, other;
  int64_t dim;
};

Places scatter_places(const char* name, const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  check_index_dtype(name, index);
  check_writable(self);
  Places p;
  p.dim = wrap_dim(dim, self.dim());
  p.self = at_least_1d(self);
  p.index = at_least_1d(index);
  p.other = at_least_1d(src);
  if (index.numel() == 0) return p;
  PL_CHECK_AS(Runtime, p.index.dim() == p.self.dim(), "gather_shape", "Index tensor must have the same number of dimensions as self tensor");
  PL_CHECK_AS(Runtime, p.index.dim() == p.other.dim(), "gather_shape", "Index tensor must have the same number of dimensions as src tensor");
  PL_CHECK_AS(Runtime, src.dtype() == self.dtype(), "dtype_mismatch", "%s(): Expected self.dtype to be equal to src.dtype", name);
  for (int d = 0; d < p.index.dim(); ++d) {
    const bool fits = (d == p.dim || p.index->sizes[d] <= p.self->sizes[d]) && p.index->sizes[d] <= p.other->sizes[d];
    PL_CHECK_AS(Runtime, fits, "gather_shape", "Expected index %s to be no larger than self %s apart from dimension %lld and to be no larger size than src %s",
                to_string(index.sizes()).c_str(), to_string(self.sizes()).c_str(), (long long)p.dim, to_string(src.sizes()).c_str());
  }
  check_same_device(self, src);
  if (self.is_meta()) return p;
  // Indices that a write could change after they were checked are copied.
  if (p.self->storage == p.index->storage) p.index = native::clone(p.index, MemoryFormat::Contiguous);
  p.index = checked_index(p.index, p.dim, p.self->sizes[p.dim]);
  if (p.self->storage == p.other->storage) p.other = native::clone(p.other, MemoryFormat::Contiguous);
  return p;
}

// A number in the shape of index, for scatter with a value.
Tensor expanded_value(const char* name, const Scalar& value, const Tensor& self, const Tensor& index) {
  PL_CHECK(!value.is_complex() || is_complex(self.dtype()), "%s(): value cannot be converted to type %s without overflow", name, info(self.dtype()).name);
  Tensor one = scalar_tensor(value, self.dtype(), self.device());
  return index.dim() ? native::expand(one, index.sizes(), false) : one;
}

Tensor range_of(const Tensor& t, int64_t dim, int64_t begin, int64_t size) {
  std::vector<int64_t> sizes = t.sizes().vec();
  sizes[size_t(dim)] = size;
  return alias(t, sizes, t.strides(), t->offset + begin * t->strides[dim], t.dtype());
}

// Walks that touch different elements of self, cut along the first dimension that is not indexed; large ones run in parallel.
std::vector<DimWalk> separate_walks(const Places& p) {
  constexpr int64_t kParts = 16, kLarge = 1 << 16;
  std::vector<DimWalk> walks;
  int64_t d = p.dim == 0 ? 1 : 0;
  const bool whole = p.index.numel() < kLarge || d >= p.index.dim();
  const int64_t size = whole ? 1 : p.index->sizes[d], parts = whole ? 1 : std::min(size, kParts);
  if (parts == 1) return {make_walk(p.self, p.dim, p.index, p.other)};
  for (int64_t i = 0; i < parts; ++i) {
    const int64_t begin = size * i / parts, n = size * (i + 1) / parts - begin;
    walks.push_back(make_walk(range_of(p.self, d, begin, n), p.dim, range_of(p.index, d, begin, n), range_of(p.other, d, begin, n)));
  }
  return walks;
}

// f(m, other, other_step, self, offsets) for every element that is named.
template <class F> void run_writing(const Places& p, F f) {
  if (p.index.numel() == 0 || p.self.is_meta()) return;
  const std::vector<DimWalk> walks = separate_walks(p);
  ReleaseGil free(p.index.numel());
  parallel_for(int64_t(walks.size()), 1, [&](int64_t b, int64_t e) {
    for (int64_t i = b; i < e; ++i) run(walks[size_t(i)], 0, walks[size_t(i)].count, f);
  });
}

void write_at(const Places& p) {
  auto write = cpu().index.write[size_class(itemsize(p.self.dtype()))];
  run_writing(p, [=](int64_t m, char* other, int64_t step, char* self, const int64_t* offsets) { write(m, self, offsets, other, step); });
}

void combine_at(const Places& p, Combine how) {
  auto combine = cpu().index.combine_at[int(how)][int(p.self.dtype())];
  run_writing(p, [=](int64_t m, char* other, int64_t step, char* self, const int64_t* offsets) { combine(m, self, offsets, other, step); });
}

enum class Reduce : uint8_t { Sum, Prod, Mean, Max, Min };

Reduce reduction_of(const std::string& name) {
  if (name == "sum") return Reduce::Sum;
  if (name == "prod") return Reduce::Prod;
  if (name == "mean") return Reduce::Mean;
  if (name == "amax") return Reduce::Max;
  if (name == "amin") return Reduce::Min;
  fail(ErrorType::Runtime, "", "reduce argument must be either sum, prod, mean, amax or amin, got %s", name.c_str());
}

Combine combine_of(Reduce r) {
  return r == Reduce::Prod ? Combine::Mul : r == Reduce::Max ? Combine::Max : r == Reduce::Min ? Combine::Min : Combine::Add;
}

// torch.scatter's older names.
Combine scatter_reduction_of(const std::string& name) {
  PL_CHECK(name == "add" || name == "multiply", "reduce argument must be either add or multiply.");
  return name == "add" ? Combine::Add : Combine::Mul;
}

Scalar lowest(DType d) {
  if (is_floating(d)) return Scalar(-__builtin_inf());
  const int bits = int(itemsize(d)) * 8;
  return d == DType::Bool || !info(d).is_signed ? Scalar(int64_t(0)) : Scalar(int64_t(-1) << (bits - 1));
}
Scalar highest(DType d) {
  if (is_floating(d)) return Scalar(__builtin_inf());
  if (d == DType::Bool) return Scalar(true);
  const int bits = int(itemsize(d)) * 8 - info(d).is_signed;
  return Scalar(bits >= 63 ? INT64_MAX : (int64_t(1) << bits) - 1);
}
Scalar neutral(Reduce r, DType d) {
  return r == Reduce::Prod ? kOne : r == Reduce::Max ? lowest(d) : r == Reduce::Min ? highest(d) : Scalar(int64_t(0));
}

// Means of integers are rounded down.
void divide_by_counts(const Tensor& self, const Tensor& counts) {
  const std::optional<std::string> rounding = is_differentiable(self.dtype()) ? std::nullopt : std::optional<std::string>("floor");
  op::div_(self, op::masked_fill(counts, op::eq(counts, Scalar(int64_t(0))), kOne), rounding);
}

}  // namespace

namespace native {

Tensor gather(const Tensor& self, int64_t dim, const Tensor& index, bool) {
  check_index_dtype("gather", index);
  dim = wrap_dim(dim, self.dim());
  Tensor out = pl::empty(index.sizes(), self.dtype(), self.device());
  if (index.numel() == 0) return out;
  Tensor from = at_least_1d(self), places = at_least_1d(index);
  PL_CHECK_AS(Runtime, from.dim() == places.dim(), "gather_shape", "Index tensor must have the same number of dimensions as input tensor");
  for (int d = 0; d < places.dim(); ++d)
    PL_CHECK_AS(Runtime, d == dim || places->sizes[d] <= from->sizes[d], "gather_shape",
                "Size does not match at dimension %d expected index %s to be no larger than self %s apart from dimension %lld", d, to_string(index.sizes()).c_str(),
                to_string(self.sizes()).c_str(), (long long)dim);
  if (out.is_meta()) return out;
  places = checked_index(places, dim, from->sizes[dim]);
  const DimWalk w = make_walk(from, dim, places, at_least_1d(out));
  const int c = size_class(itemsize(self.dtype()));
  ReleaseGil free(w.count);
  parallel_for(w.count, 16384, [&](int64_t b, int64_t e) {
    run(w, b, e, [&](int64_t m, char* to, int64_t step, char* source, const int64_t* offsets) { cpu().index.read[c](m, to, step, source, offsets); });
  });
  return out;
}

Tensor take_along_dim(const Tensor& self, const Tensor& indices, std::optional<int64_t> dim) {
  PL_CHECK_AS(Runtime, indices.dtype() == DType::Int64, "index_dtype", "torch.take_along_dim(): dtype of indices should be Long but got %s. Please use indices with Long dtype.",
              info(indices.dtype()).scalar_name);
  auto from_front = [](const Tensor& index, int64_t size) {
    const Scalar zero(int64_t(0));
    return op::where_self(op::lt(index, zero), op::add(index, Scalar(size), Scalar(1)), index);
  };
  if (!dim) return op::gather(op::reshape(self, {-1}), 0, from_front(op::reshape(indices, {-1}), self.numel()), false);
  PL_CHECK(self.dim() == indices.dim(), "torch.take_along_dim(): input and indices should have the same number of dimensions, but got %d dimensions for input, and %d "
           "dimensions for indices", self.dim(), indices.dim());
  PL_CHECK_AS(Index, self.dim() > 0, "dim_out_of_range", "Dimension specified as %lld but tensor has no dimensions", (long long)*dim);
  const int64_t d = wrap_dim(*dim, self.dim());
  std::vector<int64_t> a = self.sizes().vec(), b = indices.sizes().vec();
  const int64_t own = a[size_t(d)], wanted = b[size_t(d)];
  a[size_t(d)] = b[size_t(d)] = 1;
  std::vector<int64_t> both = broadcast_shapes(a, b), index_shape = both;
  both[size_t(d)] = own;
  index_shape[size_t(d)] = wanted;
  return op::gather(op::expand(self, both, false), d, op::expand(from_front(indices, own), index_shape, false), false);
}

Tensor scatter_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  write_at(scatter_places("scatter", self, dim, index, src));
  return self;
}
Tensor scatter__value(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  write_at(scatter_places("scatter", self, dim, index, expanded_value("scatter", value, self, index)));
  return self;
}
Tensor scatter_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  combine_at(scatter_places("scatter_add", self, dim, index, src), Combine::Add);
  return self;
}
Tensor scatter__reduction(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, const std::string& reduce) {
  combine_at(scatter_places("scatter", self, dim, index, src), scatter_reduction_of(reduce));
  return self;
}
Tensor scatter__value_reduction(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value, const std::string& reduce) {
  combine_at(scatter_places("scatter", self, dim, index, expanded_value("scatter", value, self, index)), scatter_reduction_of(reduce));
  return self;
}
Tensor scatter(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) { return scatter_(clone(self, MemoryFormat::Contiguous), dim, index, src); }
Tensor scatter_value(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value) {
  return scatter__value(clone(self, MemoryFormat::Contiguous), dim, index, value);
}
Tensor scatter_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src) {
  return scatter_add_(clone(self, MemoryFormat::Contiguous), dim, index, src);
}
Tensor scatter_reduction(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, const std::string& reduce) {
  return op::scatter__reduction(op::clone(self, MemoryFormat::Contiguous), dim, index, src, reduce);
}
Tensor scatter_value_reduction(const Tensor& self, int64_t dim, const Tensor& index, const Scalar& value, const std::string& reduce) {
  return op::scatter__value_reduction(op::clone(self, MemoryFormat::Contiguous), dim, index, value, reduce);
}

Tensor scatter_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& src, const std::string& reduce, bool include_self) {
  const Reduce r = reduction_of(reduce);
  Tensor out = clone(self, MemoryFormat::Contiguous);
  if (index.numel() == 0) return out;
  if (!include_self) scatter__value(out, dim, index, neutral(r, self.dtype()));
  combine_at(scatter_places("scatter_reduce", out, dim, index, src), combine_of(r));
  if (r == Reduce::Mean) {
    Tensor counts = include_self ? ones_like(self, DType::Undefined, {}, MemoryFormat::None) : zeros_like(self, DType::Undefined, {}, MemoryFormat::None);
    scatter_add_(counts, dim, index, ones_like(src, DType::Undefined, {}, MemoryFormat::None));
    divide_by_counts(out, counts);
  }
  return out;
}

namespace {
void reduce_range_error(int64_t index, int64_t dim, int64_t size) {
  fail(ErrorType::Runtime, "index_out_of_range", "index %lld is out of bounds for dimension %lld with size %lld", (long long)index, (long long)dim, (long long)size);
}
}  // namespace

Tensor index_reduce(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, const std::string& reduce, bool include_self) {
  PL_CHECK(reduce != "sum", "index_reduce(): Expected reduce to be one of prod, mean, amax or amin but got %s.", reduce.c_str());
  const Reduce r = reduction_of(reduce);
  PL_CHECK_AS(Runtime, self.dtype() == source.dtype(), "dtype_mismatch", "index_reduce_(): self and source must have the same scalar type");
  dim = wrap_dim(dim, self.dim());
  Tensor out = clone(self, MemoryFormat::Contiguous), places = at_least_1d(index);
  Positions p = positions_along(out, dim, places, false, reduce_range_error);
  Tensor values = at_least_1d(source);
  check_same_device(out, values);
  PL_CHECK(values.sizes() == Shape(p.result_shape()), "index_reduce_(): Number of indices (%lld) should be equal to source.size(dim): (%lld), for dim: %lld",
           (long long)p.n(), (long long)values.size(dim), (long long)dim);
  if (out.is_meta()) return out;
  if (!include_self) write_positions(p, expand(pl::scalar_tensor(neutral(r, self.dtype()), self.dtype()), p.result_shape(), false));
  combine_positions(p, values, combine_of(r));
  if (r == Reduce::Mean) {
    Tensor counts = include_self ? ones_like(out, DType::Undefined, {}, MemoryFormat::None) : zeros_like(out, DType::Undefined, {}, MemoryFormat::None);
    Tensor one = expand(pl::scalar_tensor(kOne, self.dtype()), p.result_shape(), false);
    combine_positions(positions_along(counts, dim, places, false, reduce_range_error), one, Combine::Add);
    divide_by_counts(out, counts);
  }
  return out;
}

}  // namespace native
}  // namespace pl
