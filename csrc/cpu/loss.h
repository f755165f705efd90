// Losses: elementwise ones with their sums and gradients, and the log-sum-exp of cross entropy.
#pragma once
#include <cstdint>

namespace pl {

// `param` is beta of SmoothL1 and delta of Huber.
enum class Loss : uint8_t { Mse, L1, SmoothL1, Huber, Bce, BceLogits };
constexpr int kLosses = int(Loss::BceLogits) + 1;

template <class T> struct LossFunctions {
  void (*each[kLosses])(int64_t n, const T* x, const T* y, T param, T* out);
  double (*sum[kLosses])(int64_t n, const T* x, const T* y, T param);
  // out[i] = g[i * g_step] * scale * (derivative with respect to x[i])
  void (*grad[kLosses])(int64_t n, const T* g, int64_t g_step, T scale, const T* x, const T* y, T param, T* out);
  bool (*in_unit_interval)(int64_t n, const T* x);    // false for a NaN

  // Cross entropy over m rows of n contiguous scores, or (`cols`) over n rows of m for each of the m columns:
  // the largest score and log(sum(exp(x - largest))).
  void (*rows)(int64_t m, int64_t n, const T* x, T* largest, T* log_sum);
  void (*cols)(int64_t n, int64_t m, const T* x, T* largest, T* log_sum);
  // dx = softmax(x) * scale, scale one number a row (column)
  void (*rows_grad)(int64_t m, int64_t n, const T* x, const T* largest, const T* log_sum, const T* scale, T* dx);
  void (*cols_grad)(int64_t n, int64_t m, const T* x, const T* largest, const T* log_sum, const T* scale, T* dx);
};

struct LossKernels {
  LossFunctions<float> f32;
  LossFunctions<double> f64;
};

}  // namespace pl
