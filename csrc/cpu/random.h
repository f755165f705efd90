// Kernels that fill contiguous memory with random numbers, consuming a generator in PyTorch's order.
#pragma once
#include <cstdint>

#include "core/dtype.h"
#include "core/generator.h"

namespace pl {

struct RandomKernels {
  // [from, to) for the four floating dtypes.
  void (*uniform)(Generator& g, DType dtype, void* out, int64_t n, double from, double to);
  // Box-Muller on blocks of 16, the last block overlapping the one before it; needs n >= 16.
  void (*normal_blocks)(Generator& g, DType dtype, void* out, int64_t n, double mean, double std);
  // Box-Muller pair by pair in double: PyTorch's way for fewer than 16 elements and for strided tensors.
  void (*normal_pairs)(Generator& g, DType dtype, void* out, int64_t n, double mean, double std);
  void (*log_normal)(Generator& g, DType dtype, void* out, int64_t n, double mean, double std);
  void (*exponential)(Generator& g, DType dtype, void* out, int64_t n, double rate);
  void (*cauchy)(Generator& g, DType dtype, void* out, int64_t n, double median, double sigma);
  void (*geometric)(Generator& g, DType dtype, void* out, int64_t n, double p);  // any real dtype

  // One probability for all elements, any real dtype.
  void (*bernoulli)(Generator& g, DType dtype, void* out, int64_t n, double p);
  // A probability for each element; false, before anything is drawn, if one is outside [0, 1].
  bool (*bernoulli_each)(Generator& g, DType dtype, void* out, DType p_dtype, const void* p, int64_t n);

  // base + [0, range), any real dtype; range 0 means 2^64.
  void (*integers)(Generator& g, DType dtype, void* out, int64_t n, uint64_t range, int64_t base);
  // random_() without bounds: [0, largest] for integers, [0, 2^digits] for floats.
  void (*integers_of_dtype)(Generator& g, DType dtype, void* out, int64_t n);
  void (*permutation)(Generator& g, DType dtype, void* out, int64_t n);  // of 0 ... n - 1

  // out = in * noise with noise 1 / (1 - p) or 0; `kept` tells which. dropout_backward multiplies by the same noise.
  void (*dropout)(Generator& g, DType dtype, void* out, uint8_t* kept, const void* in, int64_t n, double p);
  void (*dropout_backward)(DType dtype, void* out, const uint8_t* kept, const void* grad, int64_t n, double p);
};

}  // namespace pl
