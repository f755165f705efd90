// Repeating, shifting, mirroring; triangles and diagonals.
#include <algorithm>
#include <cstring>
#include "cpu/kernels.h"
#include "ops.h"
#include "ops/derivatives.h"
#include "ops/layout.h"

namespace pl {
namespace native {

// ---------------------------------------------------------------- repeating
Tensor repeat(const Tensor& self, Shape repeats) {
  PL_CHECK(repeats.n >= self.dim(), "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor");
  const int lead = repeats.n - self.dim();
  std::vector<int64_t> shape, apart, source, strides;      // apart: [r0, s0, r1, s1, ...]
  for (int d = 0; d < repeats.n; ++d) {
    const int64_t size = d < lead ? 1 : self->sizes[d - lead];
    PL_CHECK(repeats[d] >= 0, "Trying to create tensor with negative dimension %lld", (long long)repeats[d]);
    shape.push_back(checked_mul(repeats[d], size));
    apart.insert(apart.end(), {repeats[d], size});
    source.insert(source.end(), {1, size});
    strides.insert(strides.end(), {0, d < lead ? 0 : self->strides[d - lead]});
  }
  Tensor out = pl::empty(shape, self.dtype(), self.device());
  if (out.numel() == 0) return out;
  copy_into(pl::alias(out, apart, contiguous_strides(apart), 0, self.dtype()), pl::alias(self, source, strides, self->offset, self.dtype()));
  return out;
}

Tensor tile(const Tensor& self, Shape dims) {
  std::vector<int64_t> repeats(size_t(std::max(self.dim() - dims.n, 0)), 1);
  repeats.insert(repeats.end(), dims.begin(), dims.end());
  return op::repeat(self, repeats);
}

// Index i, repeats[i] times.
Tensor repeat_interleave_counts(const Tensor& repeats, std::optional<int64_t> output_size) {
  PL_CHECK(repeats.dim() == 1, "repeat_interleave only accept 1D vector as repeat");
  PL_CHECK(repeats.dtype() == DType::Int64 || repeats.dtype() == DType::Int32, "repeats has to be Long or Int tensor");
  Tensor counts = pl::contiguous(cast(repeats, DType::Int64));
  const int64_t* n = counts.ptr<int64_t>();
  int64_t total = 0;
  for (int64_t i = 0; i < counts.numel(); ++i) {
    PL_CHECK(n[i] >= 0, "repeats can not be negative");
    total += n[i];
  }
  PL_CHECK(!output_size || *output_size == total, "allocated size does not match required size");
  Tensor out = pl::empty({total}, DType::Int64, repeats.device());
  int64_t* at = out.ptr<int64_t>();
  for (int64_t i = 0; i < counts.numel(); ++i) at = std::fill_n(at, n[i], i);
  return cast(out, repeats.dtype());
}

Tensor repeat_interleave_tensor(const Tensor& self, const Tensor& repeats, std::optional<int64_t> dim, std::optional<int64_t> output_size) {
  const Tensor input = dim ? self : op::flatten(self, 0, -1);
  const int64_t d = wrap_dim(dim.value_or(0), input.dim());
  Tensor counts = repeats;
  if (repeats.dim() == 0 || (repeats.dim() == 1 && repeats.size(0) == 1))
    counts = op::expand(op::reshape(repeats, {1}), {input.size(d)}, false);
  else
    PL_CHECK(repeats.dim() == 1, "repeats must be 0-dim or 1-dim tensor");
  PL_CHECK(counts.numel() == input.size(d), "repeats must have the same size as input along dim, but got repeats.size(0) = %lld and input.size(%lld) = %lld",
           (long long)counts.numel(), (long long)d, (long long)input.size(d));
  return op::index_select(input, d, repeat_interleave_counts(counts, output_size));
}

Tensor repeat_interleave(const Tensor& self, int64_t repeats, std::optional<int64_t> dim, std::optional<int64_t> output_size) {
  PL_CHECK(repeats >= 0, "repeats can not be negative");
  Tensor input = dim ? self : op::flatten(self, 0, -1);
  const int64_t d = wrap_dim(dim.value_or(0), input.dim());
  const int64_t length = input.size(d);
  PL_CHECK(!output_size || *output_size == checked_mul(length, repeats), "allocated size does not match required size");
  return op::repeat_slices(input, repeats, d);
}

Tensor repeat_slices(const Tensor& self, int64_t repeats, int64_t dim) {
  std::vector<int64_t> shape = self.sizes().vec();
  shape[size_t(dim)] = checked_mul(shape[size_t(dim)], repeats);
  Tensor out = pl::empty(shape, self.dtype(), self.device());
  if (out.numel() == 0) return out;
  std::vector<int64_t> strides = out.strides().vec();
  strides[size_t(dim)] *= repeats;
  for (int64_t k = 0; k < repeats; ++k) copy_into(pl::alias(out, self.sizes(), strides, k * out->strides[dim], self.dtype()), self);
  return out;
}

// ---------------------------------------------------------------- shifting and mirroring
namespace {

int64_t remainder(int64_t a, int64_t n) { return ((a % n) + n) % n; }

Tensor rolled(const Tensor& self, int64_t shift, int64_t dim) {
  Tensor out = pl::empty(self.sizes(), self.dtype(), self.device());
  if (self.numel() == 0) return out;
  const int64_t n = self->sizes[dim];
  shift = remainder(shift, n);
  auto part = [dim](const Tensor& t, int64_t at, int64_t size) {
    std::vector<int64_t> sizes = t.sizes().vec();
    sizes[size_t(dim)] = size;
    return pl::alias(t, sizes, t.strides(), t->offset + at * t->strides[dim], t.dtype());
  };
  copy_into(part(out, shift, n - shift), part(self, 0, n - shift));
  copy_into(part(out, 0, shift), part(self, n - shift, shift));
  return out;
}

}  // namespace

Tensor roll(const Tensor& self, Shape shifts, Shape dims) {
  PL_CHECK(shifts.n > 0, "`shifts` required");
  if (self.numel() == 0 && dims.n == 0) return clone(self, MemoryFormat::None);
  if (dims.n == 0 && shifts.n == 1) return op::view(rolled(pl::contiguous(op::reshape(self, {-1})), shifts[0], 0), self.sizes());
  PL_CHECK(shifts.n == dims.n, "shifts and dimensions must align. shifts: %d, dims:%d", shifts.n, dims.n);
  Tensor r = self;
  for (int i = 0; i < dims.n; ++i) {
    PL_CHECK_AS(Index, self.dim() > 0, "dim_out_of_range", "Dimension specified as %lld but tensor has no dimensions", (long long)dims[i]);
    r = rolled(r, shifts[i], wrap_dim(dims[i], self.dim()));
  }
  return r;
}

namespace {

// Rows of `n` contiguous elements, each written backwards; the dimensions before the last as the strides of both say.
void reverse_rows(const Tensor& out, const Tensor& self) {
  const int last = self.dim() - 1;
  auto rows = [last](const Tensor& t) { return pl::alias(t, Shape(t->sizes, last), Shape(t->strides, last), t->offset, t.dtype()); };
  Tensor to = rows(out), from = rows(self);
  const TensorImpl* both[] = {to.get(), from.get()};
  Loop loop;
  loop.build(to.sizes(), both, 2);
  const int64_t n = self->sizes[last], step_to = loop.ndim ? loop.strides[0][loop.ndim - 1] : 0, step_from = loop.ndim ? loop.strides[1][loop.ndim - 1] : 0;
  auto reverse = cpu().index.reverse[size_class(itemsize(self.dtype()))];
  ReleaseGil free(self.numel());
  parallel_for(to.numel(), std::max<int64_t>(1, 16384 / n), [&](int64_t b, int64_t e) {
    loop.run(b, e, [&](int64_t m, char* const* at) {
      for (int64_t i = 0; i < m; ++i) reverse(n, at[0] + i * step_to, at[1] + i * step_from);
    });
  });
}

}  // namespace

Tensor flip(const Tensor& self, Shape dims) {
  const int n = self.dim();
  std::vector<bool> mirrored = dims.n ? dim_mask(dims, n) : std::vector<bool>(size_t(n), false);
  Tensor out = pl::empty_like(self);
  if (self.numel() == 0 || self.is_meta()) return out;
  const bool by_rows = n > 0 && mirrored[size_t(n) - 1] && self->sizes[n - 1] > 7 && self->strides[n - 1] == 1 && out->strides[n - 1] == 1;
  // The output walked backwards along the mirrored dimensions, but for rows that a kernel turns around.
  std::vector<int64_t> strides = out.strides().vec();
  int64_t last = 0;
  for (int d = 0; d < n - by_rows; ++d)
    if (mirrored[size_t(d)]) {
      last += (self->sizes[d] - 1) * strides[size_t(d)];
      strides[size_t(d)] = -strides[size_t(d)];
    }
  Tensor backwards = pl::alias(out, self.sizes(), strides, last, self.dtype());
  if (by_rows) reverse_rows(backwards, self);
  else copy_into(backwards, self);
  return out;
}

Tensor fliplr(const Tensor& self) {
  PL_CHECK(self.dim() >= 2, "Input must be >= 2-d.");
  return op::flip(self, {1});
}
Tensor flipud(const Tensor& self) {
  PL_CHECK(self.dim() >= 1, "Input must be >= 1-d.");
  return op::flip(self, {0});
}

Tensor rot90(const Tensor& self, int64_t k, Shape dims) {
  PL_CHECK(dims.n == 2, "expected total rotation dims == 2, but got dims = %d", dims.n);
  PL_CHECK(self.dim() >= 2, "expected total dims >= 2, but got total dims = %d", self.dim());
  PL_CHECK(dims[0] != dims[1] && std::abs(dims[0] - dims[1]) != self.dim(), "expected rotation dims to be different, but got dim0 = %lld and dim1 = %lld",
           (long long)dims[0], (long long)dims[1]);
  const int64_t a = wrap_dim(dims[0], self.dim()), b = wrap_dim(dims[1], self.dim());
  switch (remainder(k, 4)) {
    case 1: return op::transpose_(op::flip(self, {b}), a, b);
    case 2: return op::flip(self, dims);
    case 3: return op::transpose_(op::flip(self, {a}), a, b);
    default: return op::clone(self, MemoryFormat::Contiguous);
  }
}

// ---------------------------------------------------------------- triangles and diagonals
namespace {

// Columns [first, last) of each row are kept.
template <class Range> Tensor masked_rows(const Tensor& self, const char* name, Range range) {
  PL_CHECK(self.dim() >= 2, "%s: input tensor must have at least 2 dimensions", name);
  Tensor out = pl::empty_like(self), in = self;
  if (out.is_meta() || out.numel() == 0) return out;
  if (!out.is_contiguous()) {
    out = pl::empty(self.sizes(), self.dtype());
    in = pl::contiguous(self);
  } else {
    in = pl::contiguous(self);
  }
  const int64_t rows = self->sizes[self.dim() - 2], cols = self->sizes[self.dim() - 1], item = itemsize(self.dtype());
  char* dst = out->data;
  const char* src = in->data;
  ReleaseGil free(self.numel());
  parallel_for(self.numel() / cols, std::max<int64_t>(1, 32768 / cols), [=](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) {
      auto [first, last] = range(r % rows, cols);
      char* to = dst + r * cols * item;
      std::memset(to, 0, size_t(first * item));
      std::memcpy(to + first * item, src + (r * cols + first) * item, size_t((last - first) * item));
      std::memset(to + last * item, 0, size_t((cols - last) * item));
    }
  });
  return out;
}

// How many elements of a matrix stand on or below a diagonal.
__int128 lower_count(int64_t rows, int64_t cols, int64_t diagonal) {
  const int64_t k = std::clamp(diagonal, -rows, cols), begin = std::clamp<int64_t>(-k, 0, rows), whole = std::clamp(cols - k, begin, rows);
  return __int128(whole - begin) * (begin + k + 1 + whole + k) / 2 + __int128(rows - whole) * cols;
}

// Rows and columns of the elements on and below a diagonal, or of those on and above it.
Tensor triangle_indices(int64_t row, int64_t col, int64_t offset, bool lower, DType dtype, const std::optional<Device>& device) {
  PL_CHECK(row >= 0, "row must be non-negative, got%lld", (long long)row);
  PL_CHECK(col >= 0, "col must be non-negative, got%lld", (long long)col);
  const int64_t k = std::clamp(offset, -row, col), most = INT64_MAX / 16;
  const bool small = row < most && col < most;
  const __int128 count = !small ? most : lower ? lower_count(row, col, k) : __int128(row) * col - lower_count(row, col, k - 1);
  PL_CHECK(count < most, "the triangle of a %lld x %lld matrix has too many elements", (long long)row, (long long)col);
  if (device && device->type == DeviceType::Meta) return pl::empty({2, int64_t(count)}, dtype == DType::Undefined ? DType::Int64 : dtype, *device);
  Tensor t = pl::empty({2, int64_t(count)}, DType::Int64);
  int64_t *rows = t.ptr<int64_t>(), *cols = rows + count;
  const int64_t begin = lower ? std::clamp<int64_t>(-k, 0, row) : 0, end = lower ? row : std::clamp(col - k, int64_t(0), row);
  for (int64_t r = begin; r < end && count > 0; ++r)
    for (int64_t c = lower ? 0 : std::max<int64_t>(r + k, 0); c < (lower ? std::min(r + k + 1, col) : col); ++c) {
      *rows++ = r;
      *cols++ = c;
    }
  return dtype == DType::Undefined ? t : cast(t, dtype);
}

}  // namespace

Tensor tril(const Tensor& self, int64_t diagonal) {
  return masked_rows(self, "tril", [diagonal](int64_t r, int64_t cols) {
    return std::pair(int64_t(0), std::clamp<int64_t>(r + 1 + std::clamp<int64_t>(diagonal, -r - 1, cols), 0, cols));
  });
}

Tensor triu(const Tensor& self, int64_t diagonal) {
  return masked_rows(self, "triu", [diagonal](int64_t r, int64_t cols) {
    return std::pair(std::clamp<int64_t>(r + std::clamp<int64_t>(diagonal, -r, cols), 0, cols), cols);
  });
}

Tensor tril_indices(int64_t row, int64_t col, int64_t offset, DType dtype, std::optional<Device> device) {
  return triangle_indices(row, col, offset, true, dtype, device);
}
Tensor triu_indices(int64_t row, int64_t col, int64_t offset, DType dtype, std::optional<Device> device) {
  return triangle_indices(row, col, offset, false, dtype, device);
}

Tensor diag_embed(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  const int n = self.dim() + 1;
  const int64_t a = wrap_dim(dim1, n), b = wrap_dim(dim2, n);
  PL_CHECK(a != b, "diagonal dimensions cannot be identical %lld, %lld", (long long)dim1, (long long)dim2);
  const int64_t side = checked_add(self.size(-1), offset < 0 ? checked_mul(offset, -1) : offset);
  std::vector<int64_t> shape(self->sizes, self->sizes + self.dim() - 1);
  shape.insert(shape.begin() + std::min(a, b), side);
  shape.insert(shape.begin() + std::max(a, b), side);
  Tensor r = pl::zeros(shape, self.dtype(), self.device());
  copy_into(diagonal(r, offset, a, b), self);
  return r;
}

Tensor diag(const Tensor& self, int64_t offset) {
  PL_CHECK(self.dim() == 1 || self.dim() == 2, "diag(): Supports 1D or 2D tensors. Got %dD", self.dim());
  return self.dim() == 1 ? op::diag_embed(self, offset, 0, 1) : op::clone(op::diagonal(self, offset, 0, 1), MemoryFormat::Contiguous);
}

Tensor diagflat(const Tensor& self, int64_t offset) { return op::diag_embed(op::reshape(self, {-1}), offset, 0, 1); }

}  // namespace native
}  // namespace pl
