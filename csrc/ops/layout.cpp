#include "ops/layout.h"
#include <algorithm>
#include <cstring>
#include <numeric>
#include "ops/common.h"

namespace pl {

void Loop::build(Shape shape, const TensorImpl* const* tensors, int n) {
  count = n;
  int64_t full[kMax][kMaxDims];
  for (int k = 0; k < n; ++k) {
    const TensorImpl* t = tensors[k];
    data[k] = t ? t->data : nullptr;
    int64_t item = t ? itemsize(t->dtype) : 0;
    int shift = shape.n - (t ? t->ndim : 0);
    for (int d = 0; d < shape.n; ++d)
      full[k][d] = t && d >= shift && t->sizes[d - shift] != 1 ? t->strides[d - shift] * item : 0;
  }
  // Order: the output's strides descending, then the inputs', so that the innermost dimension is the densest.
  int order[kMaxDims], m = 0;
  for (int d = 0; d < shape.n; ++d) if (shape[d] != 1) order[m++] = d;
  for (int i = 1; i < m; ++i)
    for (int j = i; j > 0; --j) {
      int a = order[j - 1], b = order[j], swap = 0;
      for (int k = 0; k < n && !swap; ++k) {
        int64_t x = std::abs(full[k][a]), y = std::abs(full[k][b]);
        if (x == 0 || y == 0 || x == y) continue;
        swap = x < y ? 1 : -1;
      }
      if (swap <= 0) break;
      std::swap(order[j - 1], order[j]);
    }
  ndim = 0;
  for (int i = 0; i < m; ++i) {
    int d = order[i];
    bool merge = ndim > 0;
    for (int k = 0; k < n && merge; ++k) merge = strides[k][ndim - 1] == full[k][d] * shape[d];
    if (merge) {
      sizes[ndim - 1] *= shape[d];
    } else {
      sizes[ndim] = shape[d];
      ++ndim;
    }
    for (int k = 0; k < n; ++k) strides[k][ndim - 1] = full[k][d];
  }
}

std::vector<int64_t> result_strides(Shape sizes, const TensorImpl* const* inputs, int n) {
  int nd = sizes.n;
  std::vector<int> order(nd);
  std::iota(order.rbegin(), order.rend(), 0);      // fastest dimension first
  // PyTorch's rule: an insertion sort in which the first input that tells two dimensions apart decides.
  auto compare = [&](int a, int b) {
    for (int k = 0; k < n; ++k) {
      const TensorImpl* t = inputs[k];
      int shift = nd - t->ndim;
      int64_t x = a < shift || t->sizes[a - shift] == 1 ? 0 : t->strides[a - shift];
      int64_t y = b < shift || t->sizes[b - shift] == 1 ? 0 : t->strides[b - shift];
      if (x == 0 || y == 0) continue;
      if (x != y) return x < y ? -1 : 1;
      if (sizes[a] > sizes[b]) return 1;
    }
    return 0;
  };
  for (int i = 1; i < nd; ++i) {
    int at = i;
    for (int j = i - 1; j >= 0; --j) {
      int c = compare(order[j], order[at]);
      if (c > 0) {
        std::swap(order[j], order[at]);
        at = j;
      } else if (c < 0) {
        break;
      }
    }
  }
  std::vector<int64_t> strides(nd);
  int64_t step = 1;
  for (int d : order) {
    strides[d] = step;
    step *= std::max<int64_t>(sizes[d], 1);
  }
  return strides;
}

std::vector<int64_t> channels_last_strides(Shape sizes) {
  PL_CHECK(sizes.n == 4 || sizes.n == 5, "required rank 4 or 5 tensor to use channels_last format, got rank %d", sizes.n);
  std::vector<int64_t> s(size_t(sizes.n));
  s[1] = 1;
  int64_t step = sizes[1] > 1 ? sizes[1] : 1;
  for (int d = sizes.n - 1; d >= 2; --d) {
    s[d] = step;
    step *= sizes[d] > 1 ? sizes[d] : 1;
  }
  s[0] = step;
  return s;
}

bool is_channels_last(const Tensor& t) {
  return (t.dim() == 4 || t.dim() == 5) && !t.is_contiguous() && t.strides() == Shape(channels_last_strides(t.sizes()));
}

Tensor in_layout_of(const Tensor& like, const Tensor& result) {
  if (!is_channels_last(like) || result.dim() != like.dim()) return result;
  Tensor r = empty_strided(result.sizes(), channels_last_strides(result.sizes()), result.dtype(), result.device());
  if (!r.is_meta() && r.numel()) copy_into(r, result);
  return r;
}

bool may_conflict(const TensorImpl* out, const TensorImpl* in) {
  if (out->storage != in->storage || out->numel == 0 || in->numel == 0) return false;
  bool same = out->data == in->data && out->ndim == in->ndim && out->dtype == in->dtype;
  for (int d = 0; same && d < out->ndim; ++d) same = out->sizes[d] == in->sizes[d] && (out->sizes[d] == 1 || out->strides[d] == in->strides[d]);
  if (same) return false;
  auto extent = [](const TensorImpl* t) {
    int64_t lo = 0, hi = itemsize(t->dtype);
    for (int d = 0; d < t->ndim; ++d) {
      int64_t reach = (t->sizes[d] - 1) * t->strides[d] * itemsize(t->dtype);
      (reach < 0 ? lo : hi) += reach;
    }
    return std::pair(t->data + lo, t->data + hi);
  };
  auto [a0, a1] = extent(out);
  auto [b0, b1] = extent(in);
  return a0 < b1 && b0 < a1;
}

}  // namespace pl
