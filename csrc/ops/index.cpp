// x[i, j]: reading, writing and adding at positions that index tensors name. All of them walk two tensors together: the one that is
// indexed, seen as [before, positions, after], and the one that holds the values in that shape.
#include <algorithm>
#include <cstring>
#include "cpu/kernels.h"
#include "ops.h"
#include "ops/derivatives.h"
#include "ops/indexing.h"

namespace pl {
namespace {

constexpr int64_t kGrain = 32768;      // bytes that are worth a chunk of a parallel loop

// ---- the walk
struct Walk {
  Loop outer, inner;                   // operand 0: the indexed tensor, 1: the values
  int64_t outer_count, inner_count, n;
  int64_t step;                        // bytes between two positions of the values
  const int64_t* offsets;
  int64_t item;
  DType dtype;
};

Tensor dims_of(const Tensor& t, int from, int to) {
  return alias(t, Shape(t->sizes + from, to - from), Shape(t->strides + from, to - from), t->offset, t.dtype());
}

// The stride that the dimensions [from, to) have in common as one; -1 where they have none.
int64_t merged_stride(const Tensor& t, int from, int to) {
  int64_t stride = 0, expected = -1;
  for (int d = to - 1; d >= from; --d) {
    if (t->sizes[d] == 1) continue;
    if (expected < 0) stride = t->strides[d];
    else if (t->strides[d] != expected) return -1;
    expected = t->strides[d] * t->sizes[d];
  }
  return stride;
}

Walk make_walk(const Positions& p, Tensor& values) {
  const int indexed = int(p.shape.size()), last = p.first + indexed;
  if (merged_stride(values, p.first, last) < 0) values = contiguous(values);
  Walk w;
  w.item = itemsize(values.dtype());
  w.dtype = values.dtype();
  w.step = merged_stride(values, p.first, last) * w.item;
  w.n = p.n();
  w.offsets = p.offsets.ptr<int64_t>();
  auto build = [&](Loop& loop, int from, int to, int values_from, int values_to) {
    Tensor a = dims_of(p.tensor, from, to), b = dims_of(values, values_from, values_to);
    const TensorImpl* both[] = {a.get(), b.get()};
    loop.build(a.sizes(), both, 2);
    return a.numel();
  };
  w.outer_count = build(w.outer, 0, p.first, 0, p.first);
  w.inner_count = build(w.inner, p.first + p.count, p.tensor.dim(), last, values.dim());
  return w;
}

void locate(const Loop& loop, int64_t i, char** at) {
  at[0] = loop.data[0];
  at[1] = loop.data[1];
  for (int d = loop.ndim - 1; d >= 0; --d) {
    const int64_t k = i % loop.sizes[d];
    i /= loop.sizes[d];
    at[0] += k * loop.strides[0][d];
    at[1] += k * loop.strides[1][d];
  }
}

// Visits positions [begin, end) of outer * n. `elements(m, indexed, offsets, values, step)` is called where a position is one element,
// `row(m, indexed, indexed_step, values, values_step)` for stretches of what stands at one position.
template <class Elements, class Row> void visit(const Walk& w, int64_t begin, int64_t end, Elements elements, Row row) {
  Loop inner = w.inner;
  const int last = inner.ndim - 1;
  char* at[2];
  for (int64_t i = begin; i < end;) {
    const int64_t first = i % w.n, m = std::min(w.n - first, end - i);
    locate(w.outer, i / w.n, at);
    char* values = at[1] + first * w.step;
    if (inner.ndim == 0) {
      elements(m, at[0], w.offsets + first, values, w.step);
    } else {
      for (int64_t k = 0; k < m; ++k, values += w.step) {
        inner.data[0] = at[0] + w.offsets[first + k];
        inner.data[1] = values;
        if (inner.ndim == 1) row(w.inner_count, inner.data[0], inner.strides[0][0], values, inner.strides[1][0]);
        else inner.run(0, w.inner_count, [&](int64_t c, char* const* p) { row(c, p[0], inner.strides[0][last], p[1], inner.strides[1][last]); });
      }
    }
    i += m;
  }
}

// Writes are split so that no two chunks touch one element: over the outer dimensions, or over a single inner one.
template <class Elements, class Row> void visit_writing(const Walk& w, Elements elements, Row row) {
  const int64_t bytes = w.n * w.inner_count * w.item;
  if (w.outer_count > 1) {
    parallel_for(w.outer_count, std::max<int64_t>(1, kGrain / std::max<int64_t>(bytes, 1)),
                 [&](int64_t b, int64_t e) { visit(w, b * w.n, e * w.n, elements, row); });
  } else if (w.inner.ndim == 1 && w.inner_count >= 64 && bytes > 8 * kGrain) {
    const int64_t grain = std::max<int64_t>(32, kGrain / (w.n * w.item));
    parallel_for(w.inner_count, grain, [&](int64_t b, int64_t e) {
      Walk part = w;
      for (int k = 0; k < 2; ++k) part.outer.data[k] += b * w.inner.strides[k][0];
      part.inner.sizes[0] = part.inner_count = e - b;
      visit(part, 0, w.n, elements, row);
    });
  } else {
    visit(w, 0, w.n * w.outer_count, elements, row);
  }
}

// ---- indices of several dimensions
Tensor columns(const Tensor& positions, int64_t k) {
  return alias(positions, {positions.size(0)}, {positions->strides[0]}, positions->offset + k * positions->strides[1], DType::Int64);
}

// Masks become the indices of their true elements.
TensorList expand_masks(const Tensor& self, const TensorList& indices) {
  TensorList r;
  for (auto& t : indices) {
    if (!t) {
      r.push_back(t);
      continue;
    }
    const bool mask = t.dtype() == DType::Bool || t.dtype() == DType::UInt8;
    PL_CHECK_AS(Index, mask || t.dtype() == DType::Int64 || t.dtype() == DType::Int32, "index_dtype", "tensors used as indices must be long, int, byte or bool tensors");
    if (!mask) {
      r.push_back(t);
      continue;
    }
    const int at = int(r.size());
    PL_CHECK_AS(Index, at + t.dim() <= self.dim(), "index_many", "too many indices for tensor of dimension %d", self.dim());
    for (int d = 0; d < t.dim(); ++d)
      PL_CHECK_AS(Index, t->sizes[d] == self->sizes[at + d], "mask_shape",
                  "The shape of the mask %s at index %d does not match the shape of the indexed tensor %s at index %d", to_string(t.sizes()).c_str(), d,
                  to_string(self.sizes()).c_str(), at + d);
    Tensor positions = true_positions(t);
    for (int d = 0; d < t.dim(); ++d) r.push_back(columns(positions, d));
  }
  PL_CHECK_AS(Index, int(r.size()) <= self.dim(), "index_many", "too many indices for tensor of dimension %d", self.dim());
  return r;
}

std::vector<int64_t> common_shape(const TensorList& indices) {
  std::vector<int64_t> shape;
  for (auto& t : indices) {
    if (!t) continue;
    Shape a(shape), b = t.sizes();
    const int n = std::max(a.n, b.n);
    std::vector<int64_t> r(size_t(n), 1);
    for (int d = 0; d < n; ++d) {
      const int64_t x = d < n - a.n ? 1 : a[d - (n - a.n)], y = d < n - b.n ? 1 : b[d - (n - b.n)];
      if (x != y && x != 1 && y != 1) {
        std::string shapes;
        for (auto& u : indices) if (u) shapes += (shapes.empty() ? "" : ", ") + to_string(u.sizes());
        fail(ErrorType::Index, "index_shapes", "shape mismatch: indexing tensors could not be broadcast together with shapes %s", shapes.c_str());
      }
      r[size_t(d)] = x == 1 ? y : x;
    }
    shape = std::move(r);
  }
  return shape;
}

void index_range_error(int64_t index, int64_t dim, int64_t size) {
  fail(ErrorType::Index, "index_out_of_range", "index %lld is out of bounds for dimension %lld with size %lld", (long long)index, (long long)dim, (long long)size);
}

void check_range(const Tensor& index, int64_t low, int64_t high, int64_t dim, RangeError error) {
  const int64_t* p = index.ptr<int64_t>();
  const int64_t at = cpu().index.outside(index.numel(), p, low, high);
  if (at < index.numel()) error(p[at], dim, high);
}

// Checked indices along a dimension as offsets in bytes.
Tensor offsets_of(const Tensor& index, int64_t size, int64_t stride) {
  Tensor offsets = empty({index.numel()}, DType::Int64);
  cpu().index.offsets(index.numel(), index->data, 8, size, stride, 0, offsets.ptr<int64_t>());
  return offsets;
}

Positions positions_of(const Tensor& self, const TensorList& given) {
  TensorList indices = expand_masks(self, given);
  Positions p;
  p.shape = common_shape(indices);
  std::vector<int64_t> order, rest;
  std::vector<int> indexed;
  for (int d = 0; d < self.dim(); ++d) {
    const bool used = d < int(indices.size()) && indices[size_t(d)];
    if (used) indexed.push_back(d);
    else rest.push_back(d);
  }
  PL_CHECK_AS(Index, !indexed.empty(), "", "at least one index must be given");
  p.count = int(indexed.size());
  p.tensor = self;
  // Indices that stand side by side are replaced in their place, others in front.
  const bool adjacent = indexed.back() - indexed.front() + 1 == p.count;
  p.first = adjacent ? indexed.front() : 0;
  if (!adjacent) {
    order.assign(indexed.begin(), indexed.end());
    order.insert(order.end(), rest.begin(), rest.end());
    p.tensor = native::permute(alias(self), order);
  }
  if (self.is_meta()) return p;
  for (int d : indexed) {
    Tensor values = indices[size_t(d)];
    if (!(values.sizes() == Shape(p.shape))) values = native::expand(alias(values), p.shape, false);
    values = index_values(values);
    check_range(values, -self->sizes[d], self->sizes[d], d, index_range_error);
    Tensor offsets = offsets_of(values, self->sizes[d], self->strides[d] * itemsize(self.dtype()));
    if (p.offsets) cpu().index.combine[int(Combine::Add)][int(DType::Int64)](p.n(), p.offsets->data, 8, offsets->data, 8);
    else p.offsets = std::move(offsets);
  }
  return p;
}

bool none_indexed(const TensorList& indices) {
  for (auto& t : indices) if (t) return false;
  return true;
}

// The result's dimensions are ordered in memory as the indexed tensor's are; the positions' follow their own order.
std::vector<int64_t> index_strides(const Positions& p) {
  const std::vector<int64_t> shape = p.result_shape();
  const int indexed = int(p.shape.size()), after = int(shape.size()) - p.first - indexed;
  std::vector<int64_t> source(p.tensor->strides, p.tensor->strides + p.first), own(size_t(p.first), 0);
  source.resize(size_t(p.first + indexed), 0);
  source.insert(source.end(), p.tensor->strides + p.first + p.count, p.tensor->strides + p.tensor.dim());
  for (int64_t s : contiguous_strides(p.shape)) own.push_back(s);
  own.resize(own.size() + size_t(after), 0);
  Tensor a = alias(p.tensor, shape, source, 0, p.tensor.dtype()), b = alias(p.tensor, shape, own, 0, p.tensor.dtype());
  const TensorImpl* both[] = {a.get(), b.get()};
  return result_strides(shape, both, 2);
}

// The values of a write, in the shape and dtype of the place they go to.
Tensor fitted(const Tensor& values, const Tensor& self, const std::vector<int64_t>& shape) {
  PL_CHECK_AS(Runtime, values.dtype() == self.dtype(), "index_put_dtype",
              "Index put requires the source and destination dtypes match, got %s for the destination and %s for the source.",
              info(self.dtype()).scalar_name, info(values.dtype()).scalar_name);
  Shape from = values.sizes(), to(shape);
  bool fits = from.n <= to.n;
  for (int d = 0; fits && d < from.n; ++d) fits = from[d] == to[d + to.n - from.n] || from[d] == 1;
  PL_CHECK_AS(Runtime, fits, "broadcast", "shape mismatch: value tensor of shape %s cannot be broadcast to indexing result of shape %s",
              to_string(from).c_str(), to_string(to).c_str());
  if (values.dim() > 0) check_same_device(self, values);
  else PL_CHECK(!values.is_meta() || self.is_meta(), "Cannot copy out of meta tensor; no data!");
  Tensor v = self->storage == values->storage ? native::clone(values, MemoryFormat::Contiguous) : values;
  return v.sizes() == to ? v : native::expand(alias(v), shape, false);
}

// x[mask] = number
bool is_mask_fill(const Tensor& self, const TensorList& indices, const Tensor& values, bool accumulate) {
  return !accumulate && indices.size() == 1 && indices[0] && indices[0].dtype() == DType::Bool && indices[0].dim() <= self.dim() && values.numel() == 1 &&
         values.dim() <= 1 && indices[0].sizes() == Shape(self->sizes, indices[0].dim()) && values.dtype() == self.dtype();
}

Tensor fill_mask(const Tensor& self, Tensor mask, const Tensor& value) {
  std::vector<int64_t> shape = mask.sizes().vec();
  shape.resize(size_t(self.dim()), 1);
  return native::masked_fill_(self, native::reshape(alias(mask), shape), Operand(item(value)));
}

}  // namespace

Tensor index_values(const Tensor& index) {
  PL_CHECK_AS(Runtime, !index.is_meta(), "device_mismatch", "indices should be either on cpu or on the same device as the indexed tensor (cpu)");
  return contiguous(index.dtype() == DType::Int64 ? index : cast(index, DType::Int64));
}

std::vector<int64_t> Positions::result_shape() const {
  std::vector<int64_t> r(tensor->sizes, tensor->sizes + first);
  r.insert(r.end(), shape.begin(), shape.end());
  r.insert(r.end(), tensor->sizes + first + count, tensor->sizes + tensor.dim());
  return r;
}

Positions positions_along(const Tensor& self, int64_t dim, const Tensor& index, bool negative, RangeError error) {
  Positions p;
  p.tensor = self.dim() ? self : alias(self, {1}, {1}, self->offset, self.dtype());
  p.first = int(dim);
  p.shape = index.sizes().vec();
  if (self.is_meta()) return p;
  Tensor values = index_values(index);
  const int64_t size = p.tensor->sizes[dim];
  check_range(values, negative ? -size : 0, size, dim, error);
  p.offsets = offsets_of(values, size, p.tensor->strides[dim] * itemsize(self.dtype()));
  return p;
}

void read_positions(const Positions& p, const Tensor& out) {
  if (out.numel() == 0 || p.tensor.is_meta()) return;
  Tensor values = out;
  if (merged_stride(out, p.first, p.first + int(p.shape.size())) < 0) {
    values = empty(out.sizes(), out.dtype());
    read_positions(p, values);
    return copy_into(out, values);
  }
  const Walk w = make_walk(p, values);
  const int c = size_class(w.item);
  ReleaseGil free(out.numel());
  parallel_for(w.outer_count * w.n, std::max<int64_t>(1, kGrain / (w.inner_count * w.item)), [&](int64_t b, int64_t e) {
    visit(w, b, e,
          [&](int64_t m, char* from, const int64_t* offsets, char* to, int64_t step) { cpu().index.read[c](m, to, step, from, offsets); },
          [&](int64_t m, char* from, int64_t from_step, char* to, int64_t to_step) {
            if (from_step == w.item && to_step == w.item) std::memcpy(to, from, size_t(m * w.item));
            else cpu().copy.move(m, w.item, from, from_step, to, to_step);
          });
  });
}

void write_positions(const Positions& p, const Tensor& given) {
  if (given.numel() == 0 || p.tensor.is_meta()) return;
  Tensor values = given;
  const Walk w = make_walk(p, values);
  const int c = size_class(w.item);
  ReleaseGil free(given.numel());
  visit_writing(w,
                [&](int64_t m, char* to, const int64_t* offsets, char* from, int64_t step) { cpu().index.write[c](m, to, offsets, from, step); },
                [&](int64_t m, char* to, int64_t to_step, char* from, int64_t from_step) {
                  if (from_step == w.item && to_step == w.item) std::memcpy(to, from, size_t(m * w.item));
                  else cpu().copy.move(m, w.item, from, from_step, to, to_step);
                });
}

void combine_positions(const Positions& p, const Tensor& given, Combine how) {
  if (given.numel() == 0 || p.tensor.is_meta()) return;
  Tensor values = given;
  const Walk w = make_walk(p, values);
  auto at = cpu().index.combine_at[int(how)][int(w.dtype)];
  auto row = cpu().index.combine[int(how)][int(w.dtype)];
  ReleaseGil free(given.numel());
  visit_writing(w, [&](int64_t m, char* to, const int64_t* offsets, char* from, int64_t step) { at(m, to, offsets, from, step); },
                [&](int64_t m, char* to, int64_t to_step, char* from, int64_t from_step) { row(m, to, to_step, from, from_step); });
}

// ---------------------------------------------------------------- gradients
Tensor index_cleared(const Tensor& grad, const TensorList& indices) {
  return op::index_put(grad, indices, zeros({}, grad.dtype(), grad.device()), false);
}

Tensor index_values_grad(const Tensor& grad, const TensorList& indices, Shape shape) {
  return op::sum_to_size(none_indexed(indices) ? grad : op::index(grad, indices), shape);
}

Tensor index_select_backward(const Tensor& grad, Shape shape, int64_t dim, const Tensor& index) {
  return op::index_add(zeros(shape, grad.dtype(), grad.device()), dim, index, grad, Scalar(int64_t(1)));
}

Tensor slices_at(const Tensor& grad, int64_t dim, const Tensor& index, Shape shape) {
  return op::reshape(op::index_select(grad, dim, index), shape);
}

Tensor embedding_backward(const Tensor& grad, const Tensor& indices, Shape shape, int64_t padding_idx, bool scale_grad_by_freq) {
  return op::embedding_dense_backward(grad, indices, shape[0], padding_idx, scale_grad_by_freq);
}

namespace native {

Tensor index(const Tensor& self, const TensorList& indices) {
  PL_CHECK_AS(Index, int(indices.size()) <= self.dim() || indices.empty(), "index_many", "too many indices for tensor of dimension %d (got %zu)", self.dim(),
              indices.size());
  if (none_indexed(indices)) return clone(self, MemoryFormat::None);
  if (indices.size() == 1 && indices[0].dtype() == DType::Bool && indices[0].sizes() == self.sizes() && !self.is_meta()) return masked_select(self, indices[0]);
  Positions p = positions_of(self, indices);
  const std::vector<int64_t> shape = p.result_shape();
  Tensor out = self.is_contiguous() ? pl::empty(shape, self.dtype(), self.device()) : pl::empty_strided(shape, index_strides(p), self.dtype(), self.device());
  read_positions(p, out);
  return out;
}

Tensor index_put_(const Tensor& self, const TensorList& indices, const Tensor& values, bool accumulate) {
  PL_CHECK_AS(Index, int(indices.size()) <= self.dim() || indices.empty(), "index_many", "too many indices for tensor of dimension %d (got %zu)", self.dim(),
              indices.size());
  check_writable(self);
  if (is_mask_fill(self, indices, values, accumulate) && !self.is_meta()) return fill_mask(self, indices[0], values);
  if (none_indexed(indices)) {
    copy_into(self, accumulate ? op::add(self, values, Scalar(int64_t(1))) : values);
    return self;
  }
  Positions p = positions_of(self, indices);
  Tensor v = fitted(values, self, p.result_shape());
  if (accumulate) combine_positions(p, v, Combine::Add);
  else write_positions(p, v);
  return self;
}

Tensor index_put(const Tensor& self, const TensorList& indices, const Tensor& values, bool accumulate) {
  return index_put_(clone(self, MemoryFormat::Preserve), indices, values, accumulate);
}

Tensor index_backward(const Tensor& grad, Shape shape, const TensorList& indices) {
  Tensor r = pl::zeros(shape, grad.dtype(), grad.device());
  if (r.is_meta()) return r;
  if (none_indexed(indices)) copy_into(r, grad);
  else combine_positions(positions_of(r, indices), grad, Combine::Add);
  return r;
}

// ---------------------------------------------------------------- slices along one dimension
namespace {

void check_vector(const char* name, const Tensor& index) {
  PL_CHECK_AS(Index, index.dim() <= 1, "", "%s(): Index is supposed to be a vector", name);
  PL_CHECK_AS(Runtime, index.dtype() == DType::Int64 || index.dtype() == DType::Int32, "index_dtype", "%s(): Expected dtype int32 or int64 for index", name);
}

Tensor as_vector(const Tensor& index) { return index.dim() ? index : alias(index, {1}, {1}, index->offset, index.dtype()); }

void select_range_error(int64_t, int64_t, int64_t) { fail(ErrorType::Index, "index_out_of_range", "index out of range in self"); }
void embedding_range_error(int64_t index, int64_t, int64_t size) {
  (void)index, (void)size;
  fail(ErrorType::Index, "embedding_range", "index out of range in self");
}
void add_range_error(int64_t index, int64_t dim, int64_t size) {
  fail(ErrorType::Runtime, "index_out_of_range", "index %lld is out of bounds for dimension %lld with size %lld", (long long)index, (long long)dim, (long long)size);
}
void copy_range_error(int64_t index, int64_t dim, int64_t size) {
  fail(ErrorType::Index, "index_out_of_range", "index_copy_(): index %lld is out of bounds for dimension %lld with size %lld", (long long)index, (long long)dim,
       (long long)size);
}

// The source of index_add and index_copy: one slice for each index; a 0-dimensional one counts as a vector of one.
Tensor checked_source(const char* name, const Positions& p, const Tensor& source, int64_t dim) {
  Tensor s = source.dim() ? source : alias(source, {1}, {1}, source->offset, source.dtype());
  PL_CHECK_AS(Runtime, s.dtype() == p.tensor.dtype(), "dtype_mismatch", "%s(): self (%s) and source (%s) must have the same scalar type", name,
              info(p.tensor.dtype()).scalar_name, info(s.dtype()).scalar_name);
  PL_CHECK(s.dim() != p.tensor.dim() || s->sizes[dim] == p.n(), "%s(): Number of indices (%lld) should be equal to source.size(dim): (%lld), for dim: %lld", name, (long long)p.n(),
           (long long)s->sizes[dim], (long long)dim);
  PL_CHECK(s.sizes() == Shape(p.result_shape()), "source tensor shape must match self tensor shape, excluding the specified dimension. Got self.shape = %s "
           "source.shape = %s", to_string(p.tensor.sizes()).c_str(), to_string(s.sizes()).c_str());
  check_same_device(p.tensor, s);
  return p.tensor->storage == s->storage ? clone(s, MemoryFormat::Contiguous) : s;
}

}  // namespace

Tensor index_select(const Tensor& self, int64_t dim, const Tensor& index) {
  check_vector("index_select", index);
  dim = wrap_dim(dim, self.dim());
  PL_CHECK(self.dim() == 0 || self->sizes[dim] > 0 || index.numel() == 0, "index_select(): self indexing axis dim should be positive");
  Positions p = positions_along(self, dim, as_vector(index), false, select_range_error);
  std::vector<int64_t> shape = p.result_shape();
  Tensor out = pl::empty(shape, self.dtype(), self.device());
  read_positions(p, out);
  PL_CHECK(self.dim() > 0 || p.n() == 1, "index_select(): Index to scalar can have only 1 value, got %lld value(s)", (long long)p.n());
  if (self.dim() == 0) set_geometry(out.get(), {}, {}, 0);
  return out;
}

Tensor index_add_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, const Scalar& alpha) {
  check_vector("index_add_", index);
  check_writable(self);
  dim = wrap_dim(dim, self.dim());
  Positions p = positions_along(self, dim, as_vector(index), false, add_range_error);
  Tensor s = checked_source("index_add_", p, source, dim);
  const bool one = alpha.is_integral() ? alpha.i == 1 : !alpha.is_complex() && alpha.d == 1;
  combine_positions(p, one ? s : cast(op::mul(s, alpha), self.dtype()), Combine::Add);
  return self;
}

Tensor index_add(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source, const Scalar& alpha) {
  return index_add_(clone(self, MemoryFormat::Contiguous), dim, index, source, alpha);
}

Tensor index_copy_(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  PL_CHECK_AS(Runtime, index.dtype() == DType::Int64, "index_dtype", "index_copy_(): Expected a long tensor for index, but got %s", info(index.dtype()).scalar_name);
  check_vector("index_copy_", index);
  check_writable(self);
  dim = wrap_dim(dim, self.dim());
  Positions p = positions_along(self, dim, as_vector(index), false, copy_range_error);
  write_positions(p, checked_source("index_copy_", p, source, dim));
  return self;
}

Tensor index_copy(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& source) {
  return index_copy_(clone(self, MemoryFormat::Contiguous), dim, index, source);
}

Tensor index_fill_(const Tensor& self, int64_t dim, const Tensor& index, const Operand& value) {
  PL_CHECK_AS(Index, index.dtype() == DType::Int64, "index_dtype", "index_fill_(): Expected dtype int64 for index.");
  check_vector("index_fill_", index);
  check_writable(self);
  PL_CHECK(!value.t || value.t.dim() == 0, "index_fill_ only supports a 0-dimensional value tensor, but got tensor with %d dimension(s).",
           value.t ? value.t.dim() : 0);
  dim = wrap_dim(dim, self.dim());
  Positions p = positions_along(self, dim, as_vector(index), true, index_range_error);
  if (self.is_meta()) return self;
  const Scalar s = value.t ? item(value.t) : value.s;
  PL_CHECK(!s.is_complex() || is_complex(self.dtype()), "index_fill_(): Converting complex Scalar to non-complex type is not supported");
  write_positions(p, expand(pl::scalar_tensor(s, self.dtype()), p.result_shape(), false));
  return self;
}

Tensor index_fill(const Tensor& self, int64_t dim, const Tensor& index, const Operand& value) {
  return index_fill_(clone(self, MemoryFormat::Preserve), dim, index, value);
}

// ---------------------------------------------------------------- embedding
Tensor embedding(const Tensor& weight, const Tensor& indices, int64_t, bool, bool) {
  PL_CHECK(weight.dim() == 2, "'weight' must be 2-D");
  PL_CHECK_AS(Runtime, indices.dtype() == DType::Int64 || indices.dtype() == DType::Int32, "embedding_dtype",
              "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.%sTensor instead "
              "(while checking arguments for embedding)", info(indices.dtype()).scalar_name);
  Positions p = positions_along(weight, 0, indices, false, embedding_range_error);
  Tensor out = pl::empty(p.result_shape(), weight.dtype(), weight.device());
  read_positions(p, out);
  return out;
}

Tensor embedding_dense_backward(const Tensor& grad, const Tensor& indices, int64_t num_weights, int64_t padding_idx, bool scale_grad_by_freq) {
  const int64_t width = grad.size(-1);
  Tensor r = pl::zeros({num_weights, width}, grad.dtype(), grad.device());
  if (r.is_meta() || grad.numel() == 0) return r;
  Tensor rows = reshape(pl::alias(grad), {-1, width}), flat = index_values(reshape(pl::alias(indices), {-1}));
  if (scale_grad_by_freq) rows = op::mul(rows, op::unsqueeze(embedding_scale(flat, num_weights, grad.dtype()), 1));
  combine_positions(positions_along(r, 0, flat, false, embedding_range_error), rows, Combine::Add);
  if (padding_idx >= 0 && padding_idx < num_weights) std::memset(r->data + padding_idx * width * itemsize(r.dtype()), 0, size_t(width * itemsize(r.dtype())));
  return r;
}

// ---------------------------------------------------------------- writing a part
namespace {
void check_part(const Tensor& part, const Tensor& src) {
  PL_CHECK(part.sizes() == src.sizes(), "expected src to have a size equal to the slice of self. src size = %s, slice size = %s",
           to_string(src.sizes()).c_str(), to_string(part.sizes()).c_str());
}

// A copy that keeps gradients, changed through a view of it.
template <class View> Tensor with_part(const Tensor& self, const Tensor& src, View view) {
  Tensor r = op::clone(self, MemoryFormat::None);
  Tensor part = view(r);
  check_part(part, src);
  op::copy_(part, src, false);
  return r;
}
}  // namespace

Tensor select_scatter(const Tensor& self, const Tensor& src, int64_t dim, int64_t index) {
  return with_part(self, src, [&](const Tensor& t) { return op::select(t, dim, index); });
}
Tensor slice_scatter(const Tensor& self, const Tensor& src, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
  return with_part(self, src, [&](const Tensor& t) { return op::slice(t, dim, start, end, step); });
}
Tensor diagonal_scatter(const Tensor& self, const Tensor& src, int64_t offset, int64_t dim1, int64_t dim2) {
  return with_part(self, src, [&](const Tensor& t) { return op::diagonal(t, offset, dim1, dim2); });
}
Tensor as_strided_scatter(const Tensor& self, const Tensor& src, Shape size, Shape stride, std::optional<int64_t> offset) {
  Tensor r = clone(self, MemoryFormat::Preserve), part = as_strided(r, size, stride, offset);
  check_part(part, src);
  copy_into(part, src);
  return r;
}

}  // namespace native

// 1 / (how often the index occurs), for each index.
Tensor embedding_scale(const Tensor& indices, int64_t num_weights, DType dtype) {
  const int64_t* index = indices.ptr<int64_t>();
  std::vector<int64_t> counts(size_t(num_weights), 0);
  for (int64_t i = 0; i < indices.numel(); ++i)
    if (index[i] >= 0 && index[i] < num_weights) ++counts[size_t(index[i])];
  Tensor scale = empty({indices.numel()}, DType::Float64);
  for (int64_t i = 0; i < indices.numel(); ++i)
    scale.ptr<double>()[i] = index[i] >= 0 && index[i] < num_weights ? 1.0 / double(counts[size_t(index[i])]) : 0;
  return cast(scale, dtype);
}

Tensor embedding_rows_grad(const Tensor& grad, const Tensor& indices, int64_t padding_idx, bool scale_grad_by_freq) {
  Tensor flat = index_values(native::reshape(alias(indices), {-1}));
  Tensor rows = op::index_select(grad, 0, flat);
  Tensor factor = scale_grad_by_freq ? embedding_scale(flat, grad.size(0), grad.dtype()) : full({flat.numel()}, Scalar(int64_t(1)), grad.dtype());
  if (padding_idx >= 0) factor = op::masked_fill(factor, op::eq(flat, Scalar(padding_idx)), Scalar(int64_t(0)));
  std::vector<int64_t> shape = indices.sizes().vec();
  shape.push_back(grad.size(1));
  return op::reshape(op::mul(rows, op::unsqueeze(factor, 1)), shape);
}

}  // namespace pl
