#include <algorithm>
#include "ops/derivatives.h"

namespace pl {
namespace {

int64_t last_offset(Shape sizes, Shape strides, int64_t offset) {
  for (int d = 0; d < sizes.n; ++d) offset += (sizes[d] - 1) * strides[d];
  return offset;
}

// Whether two indices may reach one element: each stride must exceed what the smaller ones span.
bool may_overlap(Shape sizes, Shape strides) {
  std::vector<int> order;
  for (int d = 0; d < sizes.n; ++d) if (sizes[d] > 1) order.push_back(d);
  std::sort(order.begin(), order.end(), [&](int a, int b) { return strides[a] < strides[b]; });
  int64_t span = 0;
  for (int d : order) {
    if (strides[d] <= span) return true;
    span += (sizes[d] - 1) * strides[d];
  }
  return false;
}

// The place in the buffer of every element, in order.
Tensor flat_places(Shape sizes, Shape strides, int64_t offset) {
  Tensor places = empty({sizes.numel()}, DType::Int64);
  int64_t* out = places.ptr<int64_t>();
  std::vector<int64_t> index(size_t(sizes.n));
  for (int64_t i = 0, n = places.numel(); i < n; ++i) {
    out[i] = offset;
    for (int d = sizes.n - 1; d >= 0; --d) {
      offset += strides[d];
      if (++index[size_t(d)] < sizes[d]) break;
      offset -= sizes[d] * strides[d];
      index[size_t(d)] = 0;
    }
  }
  return places;
}

}  // namespace

Tensor as_strided_backward(const Tensor& grad, Shape base_sizes, Shape base_strides, int64_t base_offset, Shape sizes, Shape strides,
                           int64_t offset) {
  if (grad.numel() == 0 || base_sizes.numel() == 0) return zeros(base_sizes, grad.dtype(), grad.device());
  PL_CHECK(!may_overlap(base_sizes, base_strides), "as_strided: the gradient of a tensor whose elements share memory is not defined; "
           "clone() it first");
  std::vector<int64_t> kept = sizes.vec();                 // an expanded dimension is one element seen many times
  for (int d = 0; d < sizes.n; ++d) if (strides[d] == 0) kept[size_t(d)] = 1;
  Tensor g = Shape(kept) == sizes ? grad : op::sum_to_size(grad, kept);
  int64_t first = std::min(base_offset, offset);
  int64_t last = std::max(last_offset(base_sizes, base_strides, base_offset), last_offset(kept, strides, offset));
  Tensor buffer = zeros({last - first + 1}, grad.dtype(), grad.device());
  if (may_overlap(kept, strides))
    buffer = op::index_add(buffer, 0, flat_places(kept, strides, offset - first), op::reshape(g, {-1}), Scalar(1));
  else
    op::copy_(op::as_strided(buffer, kept, strides, offset - first), g, false);
  return op::as_strided(buffer, base_sizes, base_strides, base_offset - first);
}

}  // namespace pl
