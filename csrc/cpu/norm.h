// Normalisation: moments, and the affine maps that follow from them, over rows, runs and columns of contiguous memory.
#pragma once
#include <cstdint>

namespace pl {

enum class RowNorm : uint8_t { Layer, Rms };

// Sums that a gradient needs: of g, and of g * (x - mean).
struct GradSums {
  double g = 0, gx = 0;
};

struct Moments {
  double count = 0, mean = 0, m2 = 0;      // m2: sum of the squared distances from the mean
};

template <class T> struct NormFunctions {
  // m rows of n elements: y = (x - mean) * rstd * w + b; w and b may be null. Rms does without the mean, which may be null.
  void (*rows[2])(int64_t m, int64_t n, const T* x, const T* w, const T* b, T eps, T* y, T* mean, T* rstd);
  void (*rows_backward[2])(int64_t m, int64_t n, const T* g, const T* x, const T* w, const T* mean, const T* rstd, T* dx);
  // Gradients of w and b for n columns out of rows that are `stride` apart; db may be null.
  void (*rows_params[2])(int64_t m, int64_t n, int64_t stride, const T* g, const T* x, const T* mean, const T* rstd, T* dw, T* db);

  // Runs of n elements that share their statistics. `moments` and `grad_sums` add to what is there.
  void (*moments)(int64_t n, const T* x, Moments* into);
  void (*affine)(int64_t n, const T* x, T a, T b, T* y);                              // y = a * x + b
  void (*grad_sums)(int64_t n, const T* g, const T* x, T mean, GradSums* into);
  // dx = kg * g + kx * (x - mean) + k
  void (*grad_affine)(int64_t n, const T* g, const T* x, T mean, T kg, T kx, T k, T* dx);

  // The same for each of n columns of m rows that are `stride` apart.
  void (*column_moments)(int64_t m, int64_t n, int64_t stride, const T* x, Moments* into);
  void (*column_affine)(int64_t m, int64_t n, int64_t stride, const T* x, const T* a, const T* b, T* y);
  void (*column_grad_sums)(int64_t m, int64_t n, int64_t stride, const T* g, const T* x, const T* mean, GradSums* into);
  void (*column_grad_affine)(int64_t m, int64_t n, int64_t stride, const T* g, const T* x, const T* mean, const T* kg, const T* kx, const T* k, T* dx);
};

struct NormKernels {
  NormFunctions<float> f32;
  NormFunctions<double> f64;
};

}  // namespace pl
