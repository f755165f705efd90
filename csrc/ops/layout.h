// Walking several strided tensors together.
#pragma once
#include <cstdint>
#include <vector>
#include "core/tensor.h"

namespace pl {

// Dimensions of a broadcast iteration, merged where the strides of all operands allow it; strides in bytes.
struct Loop {
  static constexpr int kMax = 9;
  int ndim = 0, count = 0;
  int64_t sizes[kMaxDims];
  int64_t strides[kMax][kMaxDims];
  char* data[kMax];

  // A null tensor is a number: it gets stride 0 everywhere and its data pointer is set by the caller.
  void build(Shape shape, const TensorImpl* const* tensors, int n);
  bool is_constant(int k) const {
    for (int d = 0; d < ndim; ++d) if (strides[k][d] != 0) return false;
    return true;
  }
  // Calls f(n, pointers) for each stretch along the innermost dimension within elements [begin, end).
  template <class F> void run(int64_t begin, int64_t end, F&& f) const {
    int64_t index[kMaxDims];
    char* at[kMax];
    for (int k = 0; k < count; ++k) at[k] = data[k];
    if (ndim == 0) {
      if (begin < end) f(int64_t(1), at);
      return;
    }
    int64_t rest = begin;
    for (int d = ndim - 1; d >= 0; --d) {
      index[d] = rest % sizes[d];
      rest /= sizes[d];
      for (int k = 0; k < count; ++k) at[k] += index[d] * strides[k][d];
    }
    const int last = ndim - 1;
    for (int64_t i = begin; i < end;) {
      int64_t n = sizes[last] - index[last];
      if (n > end - i) n = end - i;
      f(n, at);
      i += n;
      if (i >= end) break;
      for (int k = 0; k < count; ++k) at[k] -= index[last] * strides[k][last];
      index[last] = 0;
      for (int d = last - 1; d >= 0; --d) {
        ++index[d];
        for (int k = 0; k < count; ++k) at[k] += strides[k][d];
        if (index[d] < sizes[d]) break;
        for (int k = 0; k < count; ++k) at[k] -= sizes[d] * strides[k][d];
        index[d] = 0;
      }
    }
  }
};

// Strides of a fresh result: dense, its dimensions in the order that the inputs' strides say.
std::vector<int64_t> result_strides(Shape sizes, const TensorImpl* const* inputs, int n);
// Memory shared other than element for element: writing one may change what is still to be read of the other.
bool may_conflict(const TensorImpl* out, const TensorImpl* in);

}  // namespace pl
