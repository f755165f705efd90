// Splitting and joining, and the operators that rearrange elements.
#include <algorithm>
#include <cstring>
#include "ops.h"
#include "ops/derivatives.h"
#include "ops/layout.h"
#include "ops/recording.h"
#include "ops/pointwise.h"

namespace pl {
namespace {

const Scalar kOne(int64_t(1));

// ---- joining
// The part of `out` along `dim` that starts at `at`, without a trace in the graph.
Tensor part_of(const Tensor& out, int64_t dim, int64_t at, int64_t size) {
  std::vector<int64_t> sizes = out.sizes().vec();
  sizes[size_t(dim)] = size;
  return alias(out, sizes, out.strides(), out->offset + at * out->strides[dim], out.dtype());
}

// PyTorch lets an empty vector join anything.
bool is_skipped(const Tensor& t) { return t.dim() == 1 && t.numel() == 0; }

void check_joined(const TensorList& tensors, size_t first, int64_t dim) {
  const Tensor& model = tensors[first];
  for (size_t i = first + 1; i < tensors.size(); ++i) {
    const Tensor& t = tensors[i];
    if (is_skipped(t)) continue;
    PL_CHECK_AS(Runtime, t.dim() == model.dim(), "cat_shape", "Tensors must have same number of dimensions: got %d and %d", model.dim(), t.dim());
    for (int d = 0; d < t.dim(); ++d)
      PL_CHECK_AS(Runtime, d == dim || t->sizes[d] == model->sizes[d], "cat_shape",
                  "Sizes of tensors must match except in dimension %lld. Expected size %lld but got size %lld for tensor number %zu in the list.",
                  (long long)dim, (long long)model->sizes[d], (long long)t->sizes[d], i);
  }
}

DType common_dtype(const TensorList& tensors) {
  DType d = tensors[0].dtype();
  for (auto& t : tensors) d = t.dtype() == d ? d : result_type({In(t), In(empty(Shape({0}), d))});
  return d;
}

bool all_channels_last(const TensorList& tensors) {
  for (auto& t : tensors)
    if (t.dim() != 4 || t.is_contiguous() || !(t.strides() == Shape(channels_last_strides(t.sizes())))) return false;
  return true;
}

constexpr size_t kSmallCopy = 1 << 16;

// Rows of `run` bytes, `stride` apart in the output.
void copy_rows(char* dst, size_t stride, const char* src, size_t run, int64_t rows) {
  for (int64_t r = 0; r < rows; ++r) std::memcpy(dst + size_t(r) * stride, src + size_t(r) * run, run);
}

// Joins along `dim` of the output; a stacked tensor lacks the dimension and takes one place of it.
Tensor join(const TensorList& tensors, Shape shape, int64_t dim, bool stacked, DType dtype) {
  for (auto& t : tensors) check_same_device(tensors[0], t);
  const bool channels_last = !stacked && shape.n == 4 && all_channels_last(tensors);
  Tensor out = channels_last ? empty_strided(shape, channels_last_strides(shape), dtype, tensors[0].device())
                             : empty(shape, dtype, tensors[0].device());
  if (!out->data || out.numel() == 0) return out;
  int64_t rows = 1, inner = itemsize(dtype);
  for (int d = 0; d < dim; ++d) rows *= shape[d];
  for (int d = int(dim) + 1; d < shape.n; ++d) inner *= shape[d];
  const size_t stride = size_t(shape[int(dim)] * inner);
  int64_t at = 0;
  for (auto& t : tensors) {
    if (!stacked && is_skipped(t)) continue;
    const int64_t size = stacked ? 1 : t->sizes[dim];
    const size_t run = size_t(size * inner);
    if (!channels_last && t.is_contiguous() && t.dtype() == dtype && t->data && run * size_t(rows) <= kSmallCopy) {
      copy_rows(out->data + at * inner, stride, t->data, run, rows);
    } else {
      Tensor part = part_of(out, dim, at, size);
      if (stacked) {
        std::vector<int64_t> sizes = t.sizes().vec(), strides = t.strides().vec();
        sizes.insert(sizes.begin() + dim, 1);
        strides.insert(strides.begin() + dim, 1);
        copy_into(part, alias(t, sizes, strides, t->offset, t.dtype()));
      } else {
        copy_into(part, t);
      }
    }
    at += size;
  }
  return out;
}

struct CatBackward final : Node {
  struct Part { int64_t size; DType dtype; bool skipped; };
  std::vector<Part> parts;
  int64_t dim;
  const char* name() const override { return "CatBackward0"; }
  void backward(const Tensor* grads, Tensor* results) override {
    if (!grads[0]) return;
    int64_t at = 0;
    for (uint32_t i = 0; i < n_next; ++i) {
      const Part& p = parts[i];
      if (p.skipped) {
        if (needs(i)) results[i] = zeros({0}, p.dtype, grads[0].device());
        continue;
      }
      if (needs(i)) results[i] = grad_to(op::slice(grads[0], dim, at, at + p.size, 1), p.dtype);
      at += p.size;
    }
  }
};

struct StackBackward final : Node {
  std::vector<DType> dtypes;
  int64_t dim;
  const char* name() const override { return "StackBackward0"; }
  void backward(const Tensor* grads, Tensor* results) override {
    if (!grads[0]) return;
    for (uint32_t i = 0; i < n_next; ++i)
      if (needs(i)) results[i] = grad_to(op::select(grads[0], dim, i), dtypes[i]);
  }
};

std::string shape_text(const Tensor& t) { return to_string(t.sizes()); }

// ---- splitting
TensorList cut(const Tensor& self, int64_t dim, const std::vector<int64_t>& sizes) {
  TensorList r;
  r.reserve(sizes.size());
  int64_t at = 0;
  for (int64_t n : sizes) {
    std::vector<int64_t> shape = self.sizes().vec();
    shape[size_t(dim)] = n;
    r.push_back(as_view(self, shape, self.strides(), self->offset + at * self->strides[dim]));
    r.back()->flags |= kMultiView;
    at += n;
  }
  return r;
}

std::vector<int64_t> piece_sizes(int64_t length, int64_t split_size) {
  PL_CHECK(split_size >= 0, "split expects split_size be non-negative, but got split_size=%lld", (long long)split_size);
  PL_CHECK(split_size > 0 || length == 0, "split_size can only be 0 if dimension size is 0, but got dimension size of %lld", (long long)length);
  const int64_t n = split_size == 0 ? 1 : std::max<int64_t>(length / split_size + (length % split_size != 0), 1);
  std::vector<int64_t> sizes(size_t(n), split_size);
  sizes.back() = length - split_size * (n - 1);
  return sizes;
}

constexpr int64_t kMaxPieces = 1 << 24;     // tensors are objects: more would fill the memory with empty ones

int64_t chunk_size(const Tensor& self, int64_t chunks, int64_t dim) {
  PL_CHECK(self.dim() > 0, "chunk expects at least a 1-dimensional tensor");
  PL_CHECK(chunks > 0, "chunk expects `chunks` to be greater than 0, got: %lld", (long long)chunks);
  const int64_t n = self.size(dim);
  return chunks >= n ? n > 0 : (n + chunks - 1) / chunks;
}

// torch.chunk of an empty dimension still gives the number of pieces asked for.
std::vector<int64_t> chunk_sizes(const Tensor& self, int64_t chunks, int64_t dim) {
  const int64_t size = chunk_size(self, chunks, dim);
  PL_CHECK(size > 0 || chunks <= kMaxPieces, "%lld chunks are too many", (long long)chunks);
  return size == 0 ? std::vector<int64_t>(size_t(chunks), 0) : piece_sizes(self.size(dim), size);
}

TensorList without_base(const TensorList& views) {
  TensorList r;
  for (auto& v : views) r.push_back(op::clone(v, MemoryFormat::None));
  return r;
}

Tensor like_first(const Tensor* grads, size_t n, Shape sizes) {
  for (size_t i = 0; i < n; ++i)
    if (grads[i]) return zeros(sizes, grads[i].dtype(), grads[i].device());
  return {};
}

Tensor joined_gradient(const Tensor* grads, Shape shape, int64_t dim, const std::vector<int64_t>& pieces) {
  TensorList parts;
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::vector<int64_t> sizes = shape.vec();
    sizes[size_t(dim)] = pieces[i];
    parts.push_back(grads[i] ? grads[i] : like_first(grads, pieces.size(), sizes));
  }
  return op::cat(parts, dim);
}

}  // namespace

// ---------------------------------------------------------------- gradients
std::vector<int64_t> inverse_order(Shape dims) {
  std::vector<int64_t> r(size_t(dims.n));
  for (int i = 0; i < dims.n; ++i) r[size_t(wrap_dim(dims[i], dims.n))] = i;
  return r;
}

std::vector<int64_t> negated(Shape values) {
  std::vector<int64_t> r = values.vec();
  for (int64_t& v : r) v = -v;
  return r;
}

Tensor unbind_backward(const Tensor* grads, Shape shape, int64_t dim) {
  dim = wrap_dim(dim, shape.n);
  const size_t n = size_t(shape[int(dim)]);
  std::vector<int64_t> sizes = shape.vec();
  sizes.erase(sizes.begin() + dim);
  TensorList parts;
  for (size_t i = 0; i < n; ++i) parts.push_back(grads[i] ? grads[i] : like_first(grads, n, sizes));
  return op::stack(parts, dim);
}

Tensor split_backward(const Tensor* grads, Shape shape, int64_t split_size, int64_t dim) {
  dim = wrap_dim(dim, shape.n);
  return joined_gradient(grads, shape, dim, piece_sizes(shape[int(dim)], split_size));
}

Tensor split_with_sizes_backward(const Tensor* grads, Shape shape, Shape split_sizes, int64_t dim) {
  return joined_gradient(grads, shape, wrap_dim(dim, shape.n), split_sizes.vec());
}

Tensor repeat_backward(const Tensor& grad, Shape repeats, Shape shape) {
  if (grad.numel() == 0) return zeros(shape, grad.dtype(), grad.device());
  // [r0, s0, r1, s1, ...] summed over the r's
  std::vector<int64_t> apart, summed;
  const int lead = repeats.n - shape.n;
  for (int d = 0; d < repeats.n; ++d) {
    const int64_t size = d < lead ? 1 : shape[d - lead];
    apart.insert(apart.end(), {repeats[d], size});
    summed.insert(summed.end(), {1, size});
  }
  return op::reshape(op::sum_to_size(op::reshape(grad, apart), summed), shape);
}

Tensor repeat_slices_backward(const Tensor& grad, Shape shape, int64_t repeats, int64_t dim) {
  if (grad.numel() == 0) return zeros(shape, grad.dtype(), grad.device());
  std::vector<int64_t> apart = shape.vec();
  apart.insert(apart.begin() + dim + 1, repeats);
  std::vector<int64_t> summed = apart;
  summed[size_t(dim) + 1] = 1;
  return op::reshape(op::sum_to_size(op::reshape(grad, apart), summed), shape);
}

namespace native {

// ---------------------------------------------------------------- joining
Tensor cat(const TensorList& tensors, int64_t dim) {
  PL_CHECK_AS(Value, !tensors.empty(), "", "torch.cat(): expected a non-empty list of Tensors");
  size_t first = 0;
  for (size_t i = 0; i < tensors.size(); ++i)
    PL_CHECK(tensors[i].dim() > 0, "zero-dimensional tensor (at position %zu) cannot be concatenated", i);
  while (first + 1 < tensors.size() && is_skipped(tensors[first])) ++first;
  const Tensor& model = tensors[first];
  dim = wrap_dim(dim, model.dim());
  check_joined(tensors, first, dim);
  std::vector<int64_t> shape = model.sizes().vec();
  shape[size_t(dim)] = 0;
  for (auto& t : tensors) shape[size_t(dim)] += is_skipped(t) ? 0 : t->sizes[dim];
  Tensor out = join(tensors, shape, dim, false, common_dtype(tensors));
  if (grad_enabled && requires_grad(tensors)) {
    NodeRef<CatBackward> node(new CatBackward);
    set_edges(node.get(), tensors);
    node->dim = dim;
    for (auto& t : tensors) node->parts.push_back({is_skipped(t) ? 0 : t->sizes[dim], t.dtype(), is_skipped(t)});
    set_output_history(out, node.get(), 0);
  }
  return out;
}

Tensor stack(const TensorList& tensors, int64_t dim) {
  PL_CHECK(!tensors.empty(), "stack expects a non-empty TensorList");
  dim = wrap_dim(dim, tensors[0].dim() + 1);
  for (size_t i = 1; i < tensors.size(); ++i)
    PL_CHECK_AS(Runtime, tensors[i].sizes() == tensors[0].sizes(), "cat_shape",
                "stack expects each tensor to be equal size, but got %s at entry 0 and %s at entry %zu", shape_text(tensors[0]).c_str(),
                shape_text(tensors[i]).c_str(), i);
  std::vector<int64_t> shape = tensors[0].sizes().vec();
  shape.insert(shape.begin() + dim, int64_t(tensors.size()));
  Tensor out = join(tensors, shape, dim, true, common_dtype(tensors));
  if (grad_enabled && requires_grad(tensors)) {
    NodeRef<StackBackward> node(new StackBackward);
    set_edges(node.get(), tensors);
    node->dim = dim;
    for (auto& t : tensors) node->dtypes.push_back(t.dtype());
    set_output_history(out, node.get(), 0);
  }
  return out;
}

Tensor hstack(const TensorList& tensors) {
  PL_CHECK(!tensors.empty(), "hstack expects a non-empty TensorList");
  TensorList l = atleast_1d_sequence(tensors);
  return op::cat(l, l[0].dim() == 1 ? 0 : 1);
}
Tensor vstack(const TensorList& tensors) {
  PL_CHECK(!tensors.empty(), "vstack expects a non-empty TensorList");
  return op::cat(atleast_2d_sequence(tensors), 0);
}
Tensor dstack(const TensorList& tensors) {
  PL_CHECK(!tensors.empty(), "dstack expects a non-empty TensorList");
  return op::cat(atleast_3d_sequence(tensors), 2);
}
Tensor column_stack(const TensorList& tensors) {
  PL_CHECK(!tensors.empty(), "column_stack expects a non-empty TensorList");
  TensorList l;
  for (auto& t : tensors) l.push_back(t.dim() <= 1 ? op::reshape(t, {t.numel(), 1}) : t);
  return hstack(l);
}

// ---------------------------------------------------------------- splitting
TensorList unbind(const Tensor& self, int64_t dim) {
  PL_CHECK_AS(Index, self.dim() > 0, "dim_out_of_range", "Dimension specified as %lld but tensor has no dimensions", (long long)dim);
  dim = wrap_dim(dim, self.dim());
  std::vector<int64_t> sizes = self.sizes().vec(), strides = self.strides().vec();
  sizes.erase(sizes.begin() + dim);
  strides.erase(strides.begin() + dim);
  TensorList r;
  r.reserve(size_t(self->sizes[dim]));
  for (int64_t i = 0; i < self->sizes[dim]; ++i) {
    r.push_back(as_view(self, sizes, strides, self->offset + i * self->strides[dim]));
    r.back()->flags |= kMultiView;
  }
  return r;
}

TensorList split(const Tensor& self, int64_t split_size, int64_t dim) {
  PL_CHECK(self.dim() > 0, "split expects at least a 1-dimensional tensor");
  dim = wrap_dim(dim, self.dim());
  return cut(self, dim, piece_sizes(self->sizes[dim], split_size));
}
TensorList split_sizes(const Tensor& self, Shape split_size, int64_t dim) { return op::split_with_sizes(self, split_size, dim); }
TensorList split_function(const Tensor& self, int64_t split_size, int64_t dim) { return op::split(self, split_size, dim); }
TensorList split_sections(const Tensor& self, Shape sections, int64_t dim) { return op::split_with_sizes(self, sections, dim); }

TensorList split_with_sizes(const Tensor& self, Shape sizes, int64_t dim) {
  PL_CHECK(self.dim() > 0, "split_with_sizes expects at least a 1-dimensional tensor");
  dim = wrap_dim(dim, self.dim());
  int64_t total = 0;
  for (int64_t n : sizes) {
    PL_CHECK(n >= 0, "split_with_sizes expects split_sizes have only non-negative entries, but got split_sizes=%s", to_string(sizes).c_str());
    total = checked_add(total, n);
  }
  PL_CHECK(total == self->sizes[dim], "split_with_sizes expects split_sizes to sum exactly to %lld (input tensor's size at dimension %lld), but got "
           "split_sizes=%s", (long long)self->sizes[dim], (long long)dim, to_string(sizes).c_str());
  return cut(self, dim, sizes.vec());
}

TensorList chunk(const Tensor& self, int64_t chunks, int64_t dim) {
  const int64_t size = chunk_size(self, chunks, dim);
  return size == 0 ? op::split_with_sizes(self, chunk_sizes(self, chunks, dim), dim) : op::split(self, size, dim);
}

TensorList unsafe_split(const Tensor& self, int64_t split_size, int64_t dim) { return without_base(op::split(self, split_size, dim)); }
TensorList unsafe_split_with_sizes(const Tensor& self, Shape sizes, int64_t dim) { return without_base(op::split_with_sizes(self, sizes, dim)); }
TensorList unsafe_chunk(const Tensor& self, int64_t chunks, int64_t dim) { return without_base(op::chunk(self, chunks, dim)); }

TensorList tensor_split(const Tensor& self, int64_t sections, int64_t dim) {
  PL_CHECK(self.dim() > 0, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with %d dims", self.dim());
  PL_CHECK(sections > 0, "number of sections must be larger than 0, got %lld", (long long)sections);
  PL_CHECK(sections <= kMaxPieces, "%lld sections are too many", (long long)sections);
  dim = wrap_dim(dim, self.dim());
  const int64_t n = self->sizes[dim];
  TensorList r;
  int64_t at = 0;
  for (int64_t i = 0; i < sections; ++i) {
    const int64_t size = n / sections + (i < n % sections);
    r.push_back(op::slice(self, dim, at, at + size, 1));
    at += size;
  }
  return r;
}

TensorList tensor_split_indices(const Tensor& self, Shape indices, int64_t dim) {
  PL_CHECK(self.dim() > 0, "tensor_split expected at least a 1-dimensional tensor, but got a tensor with %d dims", self.dim());
  dim = wrap_dim(dim, self.dim());
  TensorList r;
  int64_t at = 0;
  for (int64_t i : indices) {
    r.push_back(op::slice(self, dim, at, i, 1));
    at = i;
  }
  r.push_back(op::slice(self, dim, at, self->sizes[dim], 1));
  return r;
}

TensorList tensor_split_tensor(const Tensor& self, const Tensor& where, int64_t dim) {
  PL_CHECK(where.dtype() == DType::Int64, "tensor_split expected tensor_indices_or_sections to have dtype of long, but got %s", info(where.dtype()).scalar_name);
  PL_CHECK(where.dim() <= 1, "tensor_split expected tensor_indices_or_sections to be a zero-dimensional or one-dimensional tensor, but got a tensor with %d dims",
           where.dim());
  if (where.dim() == 0) return tensor_split(self, item(where).to_int(), dim);
  Tensor c = pl::contiguous(where);
  return tensor_split_indices(self, Shape(c.ptr<int64_t>(), c.numel()), dim);
}

namespace {
void check_sections(const char* name, const Tensor& self, int64_t sections, int64_t dim) {
  PL_CHECK(sections > 0 && self->sizes[dim] % sections == 0, "torch.%s attempted to split along dimension %lld, but the size of the dimension %lld is not "
           "divisible by the split_size %lld!", name, (long long)dim, (long long)self->sizes[dim], (long long)sections);
}
int64_t hsplit_dim(const Tensor& self) {
  PL_CHECK(self.dim() >= 1, "torch.hsplit requires a tensor with at least 1 dimension, but got a tensor with %d dimensions!", self.dim());
  return self.dim() == 1 ? 0 : 1;
}
void check_dim(const char* name, const Tensor& self, int least) {
  PL_CHECK(self.dim() >= least, "torch.%s requires a tensor with at least %d dimension, but got a tensor with %d dimensions!", name, least, self.dim());
}
}  // namespace

TensorList hsplit(const Tensor& self, int64_t sections) {
  const int64_t dim = hsplit_dim(self);
  check_sections("hsplit", self, sections, dim);
  return tensor_split(self, sections, dim);
}
TensorList hsplit_indices(const Tensor& self, Shape indices) { return tensor_split_indices(self, indices, hsplit_dim(self)); }
TensorList vsplit(const Tensor& self, int64_t sections) {
  check_dim("vsplit", self, 2);
  check_sections("vsplit", self, sections, 0);
  return tensor_split(self, sections, 0);
}
TensorList vsplit_indices(const Tensor& self, Shape indices) {
  check_dim("vsplit", self, 2);
  return tensor_split_indices(self, indices, 0);
}
TensorList dsplit(const Tensor& self, int64_t sections) {
  check_dim("dsplit", self, 3);
  check_sections("dsplit", self, sections, 2);
  return tensor_split(self, sections, 2);
}
TensorList dsplit_indices(const Tensor& self, Shape indices) {
  check_dim("dsplit", self, 3);
  return tensor_split_indices(self, indices, 2);
}

// ---------------------------------------------------------------- at least n dimensions
Tensor atleast_1d(const Tensor& self) { return self.dim() == 0 ? op::reshape(self, {1}) : self; }
Tensor atleast_2d(const Tensor& self) {
  return self.dim() == 0 ? op::reshape(self, {1, 1}) : self.dim() == 1 ? op::unsqueeze(self, 0) : self;
}
Tensor atleast_3d(const Tensor& self) {
  if (self.dim() == 0) return op::reshape(self, {1, 1, 1});
  if (self.dim() == 1) return op::unsqueeze(op::unsqueeze(self, 0), -1);
  return self.dim() == 2 ? op::unsqueeze(self, -1) : self;
}

namespace {
TensorList each(const TensorList& tensors, Tensor (*f)(const Tensor&)) {
  TensorList r;
  for (auto& t : tensors) r.push_back(f(t));
  return r;
}
}  // namespace
TensorList atleast_1d_sequence(const TensorList& tensors) { return each(tensors, atleast_1d); }
TensorList atleast_2d_sequence(const TensorList& tensors) { return each(tensors, atleast_2d); }
TensorList atleast_3d_sequence(const TensorList& tensors) { return each(tensors, atleast_3d); }

}  // namespace native
}  // namespace pl
