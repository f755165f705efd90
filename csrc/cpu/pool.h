// Pooling over windows in up to three dimensions.
#pragma once
#include <cstdint>

namespace pl {

// The windows along one dimension: output i covers begin[i], begin[i] + step, ... below end[i], all inside the input.
// `extent` is what it counts for in an average; the extents of the dimensions are multiplied.
struct PoolDim {
  int64_t in = 1, out = 1, step = 1;
  const int64_t *begin = nullptr, *end = nullptr, *extent = nullptr;
  // The outputs [regular0, regular1) have windows of one size and one extent, each `stride` after the one before.
  int64_t regular0 = 0, regular1 = 0, stride = 1;
};

// Planes are contiguous: [in, in, in] to [out, out, out]. An index counts the elements of the input's plane.
template <class T> struct PoolFunctions {
  void (*max)(int64_t planes, const PoolDim* dims, const T* x, T* y, int64_t* index);    // index may be null
  // The sum of each window over the product of its extents, or over `divisor` where that is not 0.
  void (*average)(int64_t planes, const PoolDim* dims, double divisor, const T* x, T* y);
  void (*average_backward)(int64_t planes, const PoolDim* dims, double divisor, const T* g, T* dx);
  // dx, which is zero, gets g at the indices: `n` of them for each plane of `size` elements.
  void (*scatter)(int64_t planes, int64_t n, int64_t size, const T* g, const int64_t* index, T* dx);
};

struct PoolKernels {
  PoolFunctions<float> f32;
  PoolFunctions<double> f64;
};

}  // namespace pl
