// Views: other sizes and strides over the same memory.
#include <algorithm>
#include "ops.h"
#include "ops/derivatives.h"
#include "ops/layout.h"
#include "ops/recording.h"

namespace pl {
namespace {

// Sizes and strides while a view is being worked out.
struct Geometry {
  int64_t sizes[kMaxDims], strides[kMaxDims];
  int n = 0;
  int64_t offset;

  explicit Geometry(const Tensor& t) : n(t.dim()), offset(t->offset) {
    for (int d = 0; d < n; ++d) {
      sizes[d] = t->sizes[d];
      strides[d] = t->strides[d];
    }
  }
  void remove(int64_t d) {
    for (--n; d < n; ++d) {
      sizes[d] = sizes[d + 1];
      strides[d] = strides[d + 1];
    }
  }
  void insert(int64_t d, int64_t size, int64_t stride) {
    PL_CHECK(n < kMaxDims, "tensors have at most %d dimensions", kMaxDims);
    for (int64_t i = n++; i > d; --i) {
      sizes[i] = sizes[i - 1];
      strides[i] = strides[i - 1];
    }
    sizes[d] = size;
    strides[d] = stride;
  }
  void swap(int64_t a, int64_t b) {
    std::swap(sizes[a], sizes[b]);
    std::swap(strides[a], strides[b]);
  }
  void keep_if(const std::vector<bool>& wanted) {
    int k = 0;
    for (int d = 0; d < n; ++d)
      if (wanted[size_t(d)]) {
        sizes[k] = sizes[d];
        strides[k++] = strides[d];
      }
    n = k;
  }
  Tensor view_of(const Tensor& t) const { return as_view(t, {sizes, n}, {strides, n}, offset); }
};

// Strides that show t's elements in `sizes` (of the same number of elements); false where that takes a copy. Each new
// dimension must lie within a stretch of old ones that are contiguous among themselves.
bool view_strides(const TensorImpl* t, Shape sizes, int64_t* strides) {
  if (t->is_contiguous()) {
    int64_t step = 1;
    for (int d = sizes.n - 1; d >= 0; --d) {
      strides[d] = step;
      step *= std::max<int64_t>(sizes[d], 1);
    }
    return true;
  }
  int at = sizes.n - 1;
  int64_t base = t->strides[t->ndim - 1], old_count = 1, new_count = 1;
  for (int d = t->ndim - 1; d >= 0; --d) {
    old_count *= t->sizes[d];
    bool stretch_ends = d == 0 || (t->sizes[d - 1] != 1 && t->strides[d - 1] != old_count * base);
    if (!stretch_ends) continue;
    for (; at >= 0 && (new_count < old_count || sizes[at] == 1); --at) {
      strides[at] = new_count * base;
      new_count *= sizes[at];
    }
    if (new_count != old_count) return false;
    if (d > 0) {
      base = t->strides[d - 1];
      old_count = new_count = 1;
    }
  }
  return at == -1;
}

void check_order(Shape dims, int ndim) {
  PL_CHECK_AS(Runtime, dims.n == ndim, "permute_dims",
              "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the desired ordering of "
              "dimensions i.e. input.dim() = %d is not equal to len(dims) = %d", ndim, dims.n);
}

// Makes `self` look like `view`, a view of it made by an operator, whose node becomes the history of self.
Tensor become(const Tensor& self, const Tensor& view) {
  check_inplace(self, grad_enabled && requires_grad(self));
  NodeRef<Node> node;
  if (!self->base && view->grad_fn) {
    retain(view->grad_fn);
    node = NodeRef<Node>(view->grad_fn);
  }
  set_geometry(self.get(), view.sizes(), view.strides(), view->offset);
  bump_version(self.get());       // and makes a view work out its history anew
  if (node) set_inplace_history(self, std::move(node), view->output_nr);
  return self;
}

struct AsStridedBackward final : Node {
  std::vector<int64_t> base_sizes, base_strides, sizes, strides;
  int64_t base_offset, offset;
  const char* name() const override { return "AsStridedBackward0"; }
  void backward(const Tensor* grads, Tensor* results) override {
    if (grads[0]) results[0] = as_strided_backward(grads[0], base_sizes, base_strides, base_offset, sizes, strides, offset);
  }
};

void check_within_storage(const Tensor& self, Shape sizes, Shape strides, int64_t offset) {
  int64_t last = offset;
  for (int d = 0; d < sizes.n; ++d) {
    PL_CHECK(strides[d] >= 0, "as_strided: Negative strides are not supported at the moment, got strides: %s", to_string(strides).c_str());
    if (sizes[d] == 0) return;
    int64_t reach;
    bool overflow = __builtin_mul_overflow(sizes[d] - 1, strides[d], &reach) || __builtin_add_overflow(last, reach, &last);
    PL_CHECK(!overflow, "setStorage: sizes and strides overflow");
  }
  size_t need = size_t(last + 1) * size_t(itemsize(self.dtype()));
  PL_CHECK_AS(Runtime, last < INT64_MAX / 16 && need <= self->storage->nbytes, "as_strided_range",
              "setStorage: sizes %s, strides %s, storage offset %lld, and itemsize %lld requiring a storage size of %zu are out of bounds "
              "for storage of size %zu", to_string(sizes).c_str(), to_string(strides).c_str(), (long long)offset,
              (long long)itemsize(self.dtype()), need, self->storage->nbytes);
}

}  // namespace

namespace native {

Tensor alias(const Tensor& self) { return Geometry(self).view_of(self); }

// ---- another shape
Tensor view(const Tensor& self, Shape size) {
  std::vector<int64_t> sizes = infer_size(size, self.numel());
  int64_t strides[kMaxDims];
  PL_CHECK_AS(Runtime, view_strides(self.get(), sizes, strides), "view_noncontiguous",
              "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous "
              "subspaces). Use .reshape(...) instead.");
  return as_view(self, sizes, Shape(strides, int64_t(sizes.size())), self->offset);
}

Tensor view_dtype(const Tensor& self, DType dtype) {
  if (dtype == self.dtype()) return op::alias(self);
  const int64_t from = itemsize(self.dtype()), to = itemsize(dtype);
  Geometry g(self);
  if (from != to) {
    PL_CHECK(g.n > 0, "self.dim() cannot be 0 to view %s as %s (different element sizes)", info(self.dtype()).scalar_name, info(dtype).scalar_name);
    PL_CHECK(g.strides[g.n - 1] == 1, "self.stride(-1) must be 1 to view %s as %s (different element sizes), but got %lld",
             info(self.dtype()).scalar_name, info(dtype).scalar_name, (long long)g.strides[g.n - 1]);
    auto resized = [&](int64_t v, const char* what) {
      PL_CHECK(v * from % to == 0, "%s must be divisible by %lld to view %s as %s (different element sizes), but got %lld", what,
               (long long)(to / from), info(self.dtype()).scalar_name, info(dtype).scalar_name, (long long)v);
      return v * from / to;
    };
    g.sizes[g.n - 1] = resized(g.sizes[g.n - 1], "self.size(-1)");
    g.offset = resized(g.offset, "self.storage_offset()");
    for (int d = 0; d < g.n - 1; ++d) g.strides[d] = resized(g.strides[d], "self.stride()");
  }
  return pl::alias(self, {g.sizes, g.n}, {g.strides, g.n}, g.offset, dtype);
}

Tensor reshape(const Tensor& self, Shape shape) {
  std::vector<int64_t> sizes = infer_size(shape, self.numel());
  int64_t strides[kMaxDims];
  if (view_strides(self.get(), sizes, strides)) return op::view(self, sizes);
  return op::_unsafe_view(op::clone(self, MemoryFormat::Contiguous), sizes);
}

Tensor _unsafe_view(const Tensor& self, Shape size) {
  return pl::alias(self, size, contiguous_strides(size), self->offset, self.dtype());
}

Tensor view_as(const Tensor& self, const Tensor& other) { return op::view(self, other.sizes()); }
Tensor reshape_as(const Tensor& self, const Tensor& other) { return op::reshape(self, other.sizes()); }

Tensor flatten(const Tensor& self, int64_t start_dim, int64_t end_dim) {
  int64_t a = wrap_dim(start_dim, self.dim()), b = wrap_dim(end_dim, self.dim());
  PL_CHECK(a <= b, "flatten() has invalid args: start_dim cannot come after end_dim");
  if (self.dim() == 0) return op::reshape(self, {1});
  if (a == b) return self;
  std::vector<int64_t> sizes(self->sizes, self->sizes + a);
  int64_t n = 1;
  for (int64_t d = a; d <= b; ++d) n *= self->sizes[d];
  sizes.push_back(n);
  sizes.insert(sizes.end(), self->sizes + b + 1, self->sizes + self.dim());
  return op::reshape(self, sizes);
}

Tensor unflatten(const Tensor& self, int64_t dim, Shape sizes) {
  dim = wrap_dim(dim, self.dim());
  PL_CHECK(sizes.n > 0, "unflatten: sizes must be non-empty");
  int64_t size = self.size(dim), known = 1, holes = 0;
  for (int64_t s : sizes) s == -1 ? ++holes : known *= s;
  PL_CHECK(holes <= 1, "only one dimension can be inferred");
  bool fits = holes ? known != 0 && size % known == 0 : known == size;
  PL_CHECK_AS(Runtime, fits, "shape_invalid", "unflatten: Provided sizes %s don't multiply up to the size of dim %lld (%lld) in the input tensor",
              to_string(sizes).c_str(), (long long)dim, (long long)size);
  std::vector<int64_t> full(self->sizes, self->sizes + dim);
  for (int64_t s : sizes) full.push_back(s == -1 ? size / known : s);
  full.insert(full.end(), self->sizes + dim + 1, self->sizes + self.dim());
  return op::view(self, full);
}

Tensor ravel(const Tensor& self) { return op::view(op::contiguous(self, MemoryFormat::Contiguous), {-1}); }

// ---- another order of the dimensions
Tensor transpose(const Tensor& self, int64_t dim0, int64_t dim1) {
  Geometry g(self);
  int64_t a = wrap_dim(dim0, g.n), b = wrap_dim(dim1, g.n);
  if (g.n > 0) g.swap(a, b);
  return g.view_of(self);
}

Tensor t(const Tensor& self) {
  PL_CHECK(self.dim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is %dD", self.dim());
  Geometry g(self);
  if (g.n == 2) g.swap(0, 1);
  return g.view_of(self);
}

Tensor swapaxes(const Tensor& self, int64_t axis0, int64_t axis1) { return op::transpose(self, axis0, axis1); }

Tensor permute(const Tensor& self, Shape dims) {
  check_order(dims, self.dim());
  Geometry g(self);
  bool used[kMaxDims] = {};
  for (int i = 0; i < g.n; ++i) {
    int64_t d = wrap_dim(dims[i], g.n);
    PL_CHECK(!used[d], "permute(): duplicate dims are not allowed.");
    used[d] = true;
    g.sizes[i] = self->sizes[d];
    g.strides[i] = self->strides[d];
  }
  return g.view_of(self);
}

Tensor movedim(const Tensor& self, Shape source, Shape destination) {
  PL_CHECK(source.n == destination.n, "movedim: Invalid source or destination dims: source (%s dims) should contain the same number of dims as "
           "destination (%s dims)", to_string(source).c_str(), to_string(destination).c_str());
  const int n = self.dim();
  std::vector<int64_t> order(size_t(n), -1);
  std::vector<bool> moved(size_t(n), false);
  for (int i = 0; i < source.n; ++i) {
    int64_t from = wrap_dim(source[i], n), to = wrap_dim(destination[i], n);
    if (n == 0) continue;
    PL_CHECK(!moved[size_t(from)], "movedim: repeated dim in `source` (%s)", to_string(source).c_str());
    PL_CHECK(order[size_t(to)] < 0, "movedim: repeated dim in `destination` (%s)", to_string(destination).c_str());
    moved[size_t(from)] = true;
    order[size_t(to)] = from;
  }
  int64_t next = 0;
  for (int64_t& d : order) {
    if (d >= 0) continue;
    while (moved[size_t(next)]) ++next;
    d = next++;
  }
  return op::permute(self, order);
}

Tensor numpy_T(const Tensor& self) {
  std::vector<int64_t> order(size_t(self.dim()));
  for (size_t i = 0; i < order.size(); ++i) order[i] = int64_t(order.size() - 1 - i);
  return op::permute(self, order);
}

Tensor mT(const Tensor& self) {
  if (self.dim() == 0) return op::alias(self);
  PL_CHECK(self.dim() >= 2, "tensor.mT is only supported on matrices or batches of matrices. Got %d-D tensor.", self.dim());
  return op::transpose(self, -2, -1);
}

Tensor mH(const Tensor& self) {
  if (self.dim() == 0) return op::conj(self);
  PL_CHECK(self.dim() >= 2, "tensor.mH is only supported on matrices or batches of matrices. Got %d-D tensor.", self.dim());
  return op::conj(op::transpose(self, -2, -1));
}

Tensor matrix_H(const Tensor& self) {
  PL_CHECK(self.dim() == 2 || self.dim() == 0, "tensor.H is only supported on matrices (2-D tensors). Got %d-D tensor.%s", self.dim(),
           self.dim() > 2 ? " For batches of matrices, consider using tensor.mH" : "");
  return self.dim() == 0 ? op::conj(self) : op::conj(op::transpose(self, 0, 1));
}

Tensor adjoint(const Tensor& self) {
  PL_CHECK(self.dim() != 1, "tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor.");
  return mH(self);
}

// ---- dimensions of size 1
Tensor squeeze(const Tensor& self) {
  Geometry g(self);
  std::vector<bool> keep(size_t(g.n));
  for (int d = 0; d < g.n; ++d) keep[size_t(d)] = g.sizes[d] != 1;
  g.keep_if(keep);
  return g.view_of(self);
}

Tensor squeeze_dim(const Tensor& self, int64_t dim) {
  Geometry g(self);
  dim = wrap_dim(dim, g.n);
  if (g.n > 0 && g.sizes[dim] == 1) g.remove(dim);
  return g.view_of(self);
}

Tensor squeeze_dims(const Tensor& self, Shape dims) {
  Geometry g(self);
  std::vector<bool> keep = dims.n ? dim_mask(dims, g.n) : std::vector<bool>(size_t(g.n), false);
  for (int d = 0; d < g.n; ++d) keep[size_t(d)] = !keep[size_t(d)] || g.sizes[d] != 1;
  g.keep_if(keep);
  return g.view_of(self);
}

Tensor unsqueeze(const Tensor& self, int64_t dim) {
  Geometry g(self);
  dim = wrap_dim(dim, g.n + 1);
  g.insert(dim, 1, dim < g.n ? g.sizes[dim] * g.strides[dim] : 1);
  return g.view_of(self);
}

Tensor squeeze_(const Tensor& self) { return become(self, op::squeeze(self)); }
Tensor squeeze__dim(const Tensor& self, int64_t dim) { return become(self, op::squeeze_dim(self, dim)); }
Tensor squeeze__dims(const Tensor& self, Shape dims) { return become(self, op::squeeze_dims(self, dims)); }
Tensor unsqueeze_(const Tensor& self, int64_t dim) { return become(self, op::unsqueeze(self, dim)); }
Tensor t_(const Tensor& self) {
  PL_CHECK(self.dim() <= 2, "t_() expects a tensor with <= 2 dimensions, but self is %dD", self.dim());
  return become(self, op::t(self));
}
Tensor as_strided_(const Tensor& self, Shape size, Shape stride, std::optional<int64_t> offset) { return become(self, op::as_strided(self, size, stride, offset)); }
Tensor transpose_(const Tensor& self, int64_t dim0, int64_t dim1) { return become(self, op::transpose(self, dim0, dim1)); }
Tensor swapaxes_(const Tensor& self, int64_t axis0, int64_t axis1) { return transpose_(self, axis0, axis1); }

// ---- expansion
Tensor expand(const Tensor& self, Shape size, bool) {
  PL_CHECK(size.n >= self.dim(), "expand(torch.%sTensor{%s}, size=%s): the number of sizes provided (%d) must be greater or equal to the number of "
           "dimensions in the tensor (%d)", info(self.dtype()).scalar_name, to_string(self.sizes()).c_str(), to_string(size).c_str(), size.n, self.dim());
  Geometry g(self);
  PL_CHECK(size.n <= kMaxDims, "tensors have at most %d dimensions", kMaxDims);
  const int lead = size.n - self.dim();
  for (int d = size.n - 1; d >= 0; --d) {
    const bool exists = d >= lead;
    int64_t have = exists ? self->sizes[d - lead] : 1, want = size[d];
    int64_t stride = exists ? self->strides[d - lead] : self.dim() == 0 ? 0 : g.sizes[d + 1] * g.strides[d + 1];
    PL_CHECK(want != -1 || exists, "The expanded size of the tensor (-1) isn't allowed in a leading, non-existing dimension %d", d);
    PL_CHECK(want >= -1, "The expanded size of the tensor (%lld) must not be negative", (long long)want);
    if (want == -1) want = have;
    PL_CHECK_AS(Runtime, want == have || have == 1, "broadcast",
                "The expanded size of the tensor (%lld) must match the existing size (%lld) at non-singleton dimension %d.  Target sizes: %s.  "
                "Tensor sizes: %s", (long long)want, (long long)have, d, to_string(size).c_str(), to_string(self.sizes()).c_str());
    g.sizes[d] = want;
    g.strides[d] = want == have ? stride : 0;
  }
  g.n = size.n;
  return g.view_of(self);
}

Tensor expand_as(const Tensor& self, const Tensor& other) { return op::expand(self, other.sizes(), false); }
Tensor broadcast_to(const Tensor& self, Shape size) { return op::expand(self, size, false); }

// ---- parts
Tensor select(const Tensor& self, int64_t dim, int64_t index) {
  PL_CHECK_AS(Index, self.dim() > 0, "index_0d", "select() cannot be applied to a 0-dim tensor.");
  Geometry g(self);
  dim = wrap_dim(dim, g.n);
  const int64_t size = g.sizes[dim];
  PL_CHECK_AS(Index, index >= -size && index < size, "index_out_of_range", "select(): index %lld out of range for tensor of size %s at dimension %lld",
              (long long)index, to_string(self.sizes()).c_str(), (long long)dim);
  g.offset += (index < 0 ? index + size : index) * g.strides[dim];
  g.remove(dim);
  return g.view_of(self);
}

Tensor slice(const Tensor& self, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
  PL_CHECK_AS(Index, self.dim() > 0, "index_0d", "slice() cannot be applied to a 0-dim tensor.");
  PL_CHECK(step > 0, "slice step must be positive");
  Geometry g(self);
  dim = wrap_dim(dim, g.n);
  const int64_t size = g.sizes[dim];
  auto place = [size](int64_t i, int64_t low) { return std::clamp(i < 0 ? i + size : i, low, size); };
  int64_t first = place(start.value_or(0), 0), last = place(end.value_or(size), first);
  g.offset += first * g.strides[dim];
  g.sizes[dim] = (last - first) / step + ((last - first) % step != 0);
  g.strides[dim] *= step;
  return g.view_of(self);
}

Tensor narrow(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  PL_CHECK(self.dim() > 0, "narrow() cannot be applied to a 0-dim tensor.");
  PL_CHECK(length >= 0, "narrow(): length must be non-negative.");
  const int64_t size = self.size(dim);
  PL_CHECK_AS(Index, start >= -size && start <= size, "index_out_of_range", "start out of range (expected to be in range of [%lld, %lld], but got %lld)",
              (long long)-size, (long long)size, (long long)start);
  if (start < 0) start += size;
  PL_CHECK(length <= size - start, "start (%lld) + length (%lld) exceeds dimension size (%lld).", (long long)start, (long long)length, (long long)size);
  return op::slice(self, dim, start, start + length, 1);
}

Tensor narrow_tensor(const Tensor& self, int64_t dim, const Tensor& start, int64_t length) {
  PL_CHECK(start.dim() == 0 && is_integral(start.dtype(), false), "start must be an 0-dim integral Tensor.");
  return op::narrow(self, dim, item(start).to_int(), length);
}

Tensor as_strided(const Tensor& self, Shape size, Shape stride, std::optional<int64_t> storage_offset) {
  PL_CHECK(size.n == stride.n, "mismatch in length of strides and shape");
  const int64_t offset = storage_offset.value_or(self->offset);
  PL_CHECK(offset >= 0, "Tensor: invalid storage offset %lld", (long long)offset);
  check_within_storage(self, size, stride, offset);
  Tensor r = as_view(self, size, stride, offset);
  if (grad_enabled && requires_grad(self)) {
    NodeRef<AsStridedBackward> node(new AsStridedBackward);
    set_edges(node.get(), {&self});
    node->base_sizes = self.sizes().vec();
    node->base_strides = self.strides().vec();
    node->base_offset = self->offset;
    node->sizes = size.vec();
    node->strides = stride.vec();
    node->offset = offset;
    set_output_history(r, node.get(), 0);
  }
  return r;
}

Tensor diagonal(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) {
  Geometry g(self);
  const int64_t a = wrap_dim(dim1, g.n), b = wrap_dim(dim2, g.n);
  PL_CHECK(a != b, "diagonal dimensions cannot be identical %lld, %lld", (long long)dim1, (long long)dim2);
  const int64_t rows = g.sizes[a], cols = g.sizes[b], stride = g.strides[a] + g.strides[b];
  const int64_t length = std::max<int64_t>(offset >= 0 ? std::min(rows, cols - offset) : std::min(rows + offset, cols), 0);
  if (length > 0) g.offset += offset >= 0 ? offset * g.strides[b] : -offset * g.strides[a];
  g.remove(std::max(a, b));
  g.remove(std::min(a, b));
  g.insert(g.n, length, stride);
  return g.view_of(self);
}

Tensor unfold(const Tensor& self, int64_t dimension, int64_t size, int64_t step) {
  Geometry g(self);
  const int64_t d = wrap_dim(dimension, g.n);
  const int64_t length = g.n == 0 ? 1 : g.sizes[d], stride = g.n == 0 ? 1 : g.strides[d];
  PL_CHECK(size >= 0, "size is %lld but must be >= 0", (long long)size);
  PL_CHECK(size <= length, "maximum size for tensor at dimension %lld is %lld but size is %lld", (long long)d, (long long)length, (long long)size);
  PL_CHECK(step > 0, "step is %lld but must be > 0", (long long)step);
  if (g.n > 0) {
    g.sizes[d] = (length - size) / step + 1;
    g.strides[d] = step * stride;
  }
  g.insert(g.n, size, stride);
  return g.view_of(self);
}

// ---- the same as copies
namespace {
Tensor copied(const Tensor& view) { return op::clone(view, MemoryFormat::Contiguous); }
TensorList copied(const TensorList& views) {
  TensorList r;
  for (auto& v : views) r.push_back(copied(v));
  return r;
}
}  // namespace

Tensor alias_copy(const Tensor& self) { return op::clone(self, MemoryFormat::None); }
Tensor detach_copy(const Tensor& self) { return native::clone(self, MemoryFormat::None); }
Tensor view_copy(const Tensor& self, Shape size) { return copied(op::view(self, size)); }
Tensor view_copy_dtype(const Tensor& self, DType dtype) { return copied(op::view_dtype(self, dtype)); }
Tensor t_copy(const Tensor& self) { return copied(op::t(self)); }
Tensor transpose_copy(const Tensor& self, int64_t dim0, int64_t dim1) { return copied(op::transpose(self, dim0, dim1)); }
Tensor permute_copy(const Tensor& self, Shape dims) { return copied(op::permute(self, dims)); }
Tensor squeeze_copy(const Tensor& self) { return copied(op::squeeze(self)); }
Tensor squeeze_copy_dim(const Tensor& self, int64_t dim) { return copied(op::squeeze_dim(self, dim)); }
Tensor squeeze_copy_dims(const Tensor& self, Shape dims) { return copied(op::squeeze_dims(self, dims)); }
Tensor unsqueeze_copy(const Tensor& self, int64_t dim) { return copied(op::unsqueeze(self, dim)); }
Tensor expand_copy(const Tensor& self, Shape size, bool implicit) { return copied(op::expand(self, size, implicit)); }
Tensor narrow_copy(const Tensor& self, int64_t dim, int64_t start, int64_t length) {
  PL_CHECK(dim < std::max(self.dim(), 1), "Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false.");
  PL_CHECK(length >= 0, "start (%lld) + length (%lld) exceeds dimension size (%lld).", (long long)start, (long long)length, (long long)self.size(dim));
  return copied(op::narrow(self, dim, start, length));
}
Tensor select_copy(const Tensor& self, int64_t dim, int64_t index) { return copied(op::select(self, dim, index)); }
Tensor slice_copy(const Tensor& self, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
  return copied(op::slice(self, dim, start, end, step));
}
Tensor as_strided_copy(const Tensor& self, Shape size, Shape stride, std::optional<int64_t> offset) { return copied(op::as_strided(self, size, stride, offset)); }
Tensor diagonal_copy(const Tensor& self, int64_t offset, int64_t dim1, int64_t dim2) { return copied(op::diagonal(self, offset, dim1, dim2)); }
Tensor unfold_copy(const Tensor& self, int64_t dimension, int64_t size, int64_t step) { return copied(op::unfold(self, dimension, size, step)); }
TensorList unbind_copy(const Tensor& self, int64_t dim) { return copied(op::unbind(self, dim)); }
TensorList split_copy(const Tensor& self, int64_t split_size, int64_t dim) { return copied(op::split(self, split_size, dim)); }
TensorList split_with_sizes_copy(const Tensor& self, Shape sizes, int64_t dim) { return copied(op::split_with_sizes(self, sizes, dim)); }

// ---- gradients
Tensor select_backward(const Tensor& grad, Shape input_sizes, int64_t dim, int64_t index) {
  Tensor r = pl::zeros(input_sizes, grad.dtype(), grad.device());
  copy_into(select(r, dim, index), grad);
  return r;
}

Tensor slice_backward(const Tensor& grad, Shape input_sizes, int64_t dim, std::optional<int64_t> start, std::optional<int64_t> end, int64_t step) {
  Tensor r = pl::zeros(input_sizes, grad.dtype(), grad.device());
  copy_into(slice(r, dim, start, end, step), grad);
  return r;
}

Tensor diagonal_backward(const Tensor& grad, Shape input_sizes, int64_t offset, int64_t dim1, int64_t dim2) {
  Tensor r = pl::zeros(input_sizes, grad.dtype(), grad.device());
  copy_into(diagonal(r, offset, dim1, dim2), grad);
  return r;
}

Tensor unfold_backward(const Tensor& grad, Shape input_sizes, int64_t dim, int64_t size, int64_t step) {
  Tensor r = pl::zeros(input_sizes, grad.dtype(), grad.device());
  if (input_sizes.n == 0) return op::add_(r, op::reshape(grad, input_sizes), Scalar(int64_t(1)));
  const int64_t windows = grad.size(dim);
  // Position k of every window: those never overlap each other.
  for (int64_t k = 0; k < size; ++k)
    op::add_(slice(r, dim, k, k + (windows - 1) * step + 1, step), select(grad, -1, k), Scalar(int64_t(1)));
  return r;
}

}  // namespace native
}  // namespace pl
