// Resampling along one dimension: each output is a weighted sum of a few inputs.
#pragma once
#include <cstdint>

namespace pl {

// Blocks [in, inner] and [out, inner]; output o is the sum of weight[o * taps + k] * input[index[o * taps + k]].
template <class T> struct ResampleArgs {
  int64_t blocks, in, out, inner, taps;
  const int64_t* index;
  const T* weight;
};

template <class T> struct ResampleFunctions {
  void (*forward)(const ResampleArgs<T>& a, const T* x, T* y);
  void (*backward)(const ResampleArgs<T>& a, const T* g, T* dx);
};

struct ResampleKernels {
  ResampleFunctions<float> f32;
  ResampleFunctions<double> f64;
};

}  // namespace pl
