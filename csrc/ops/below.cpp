// Operators that PyTorch keeps below its public API.
#include "ops/layout.h"
#include "ops.h"

namespace pl {
namespace native {

Tensor _chunk_cat(const TensorList& tensors, int64_t dim, int64_t num_chunks) {
  PL_CHECK(num_chunks >= 1, "_chunk_cat expects positive num_chunks");
  PL_CHECK(!tensors.empty(), "_chunk_cat expects a non-empty input tensor list");
  for (const Tensor& t : tensors)
    PL_CHECK(dim >= 0 || t.dim() == tensors[0].dim(), "_chunk_cat expects non-negative dim when input tensors have different ndims");
  dim = wrap_dim(dim, tensors[0].dim());
  for (const Tensor& t : tensors) {
    PL_CHECK(t.numel() > 0, "_chunk_cat expects non-empty tensor");
    PL_CHECK(t.dtype() == tensors[0].dtype(), "_chunk_cat expects all input tensors with the same dtype");
    PL_CHECK(dim < t.dim(), "_chunk_cat expects dim < ndim for all input tensors");
    for (int64_t d = 0; d < dim; ++d)
      PL_CHECK(t.size(d) == tensors[0].size(d), "_chunk_cat expects same sizes of 0,...,dim-1 dimensions for all tensors");
  }
  TensorList chunks;
  for (const Tensor& t : tensors) {
    const int64_t size = t.size(dim), whole = checked_mul((size + num_chunks - 1) / num_chunks, num_chunks);
    std::vector<int64_t> pad(size_t(2 * (t.dim() - dim)), 0);
    pad.back() = whole - size;
    std::vector<int64_t> shape(t.sizes().begin(), t.sizes().begin() + dim);
    shape.push_back(num_chunks);
    shape.push_back(-1);
    chunks.push_back(op::reshape(whole > size ? op::constant_pad_nd(t, pad, Scalar(int64_t(0))) : t, shape));
  }
  return op::cat(chunks, dim + 1);
}

namespace {
// Indices within the tensor: those that a mask hides may point anywhere.
TensorList clamped(const TensorList& indices, const Tensor& self) {
  TensorList r;
  for (size_t k = 0; k < indices.size(); ++k) {
    if (!indices[k] || int(k) >= self.dim()) {
      r.push_back(indices[k]);
      continue;
    }
    PL_CHECK(indices[k].dtype() != DType::Bool, "Use of boolean tensors as indices is not supported");
    const int64_t size = self.size(int64_t(k));
    r.push_back(op::clamp_both(indices[k], Scalar(-size), Scalar(size - 1)));
  }
  return r;
}
}  // namespace

Tensor _unsafe_index(const Tensor& self, const TensorList& indices) { return op::index(self, indices); }
Tensor _unsafe_index_put(const Tensor& self, const TensorList& indices, const Tensor& values, bool accumulate) {
  return op::index_put(self, indices, values, accumulate);
}

Tensor _unsafe_masked_index(const Tensor& self, const Tensor& mask, const TensorList& indices, const Scalar& fill) {
  if (self.numel() == 0) {
    std::vector<int64_t> shape = mask.sizes().vec();
    for (const Tensor& i : indices) if (i) shape = broadcast_shapes(Shape(shape), i.sizes());
    return pl::full(shape, fill, self.dtype(), self.device());
  }
  return op::masked_fill(op::index(self, clamped(indices, self)), op::logical_not(mask), fill);
}

Tensor _unsafe_masked_index_put_accumulate(const Tensor& self, const Tensor& mask, const TensorList& indices, const Tensor& values) {
  if (self.numel() == 0) return op::clone(self, MemoryFormat::Preserve);
  return op::index_put(self, clamped(indices, self), op::masked_fill(values, op::logical_not(mask), Scalar(int64_t(0))), true);
}

Tensor native_dropout_backward(const Tensor& grad_output, const Tensor& mask, double scale) {
  return op::mul(op::mul(grad_output, mask), Scalar(scale));
}

Tensor slice_inverse(const Tensor& self, const Tensor& src, int64_t, std::optional<int64_t>, std::optional<int64_t>, int64_t) {
  return op::as_strided(self, src.sizes(), src.strides(), src->offset);
}

}  // namespace native
}  // namespace pl
