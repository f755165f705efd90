// Matrix multiplication on the CPU: C = beta * C + alpha * A @ B (+ bias), for every dtype, batched, with any strides.
#pragma once
#include <cstdint>

namespace pl {

// A factor of any dtype. Build it from an integer for integer matrices, from (re, im) for complex ones.
struct GemmScalar {
  double re, im;
  int64_t integer;
  constexpr GemmScalar(double r, double i = 0) : re(r), im(i), integer(r >= -0x1p63 && r < 0x1p63 ? int64_t(r) : 0) {}
  constexpr GemmScalar(int64_t v) : re(double(v)), im(0), integer(v) {}
  constexpr GemmScalar(int v) : GemmScalar(int64_t(v)) {}
};

// What is added to the product before it is written; one place for an activation later.
struct Epilogue {
  const void* bias = nullptr;  // n contiguous values of C's dtype, or m with bias_along_rows; null for none
  bool bias_along_rows = false;
};

// Strides count elements of the dtype and may be negative or 0 (a broadcast); C's columns are contiguous, its rows c_rs
// apart. C must not overlap A or B.
struct GemmArgs {
  int64_t m = 0, n = 0, k = 0;  // A is [m, k], B is [k, n], C is [m, n]
  const void* a = nullptr;
  int64_t a_rs = 0, a_cs = 0;
  const void* b = nullptr;
  int64_t b_rs = 0, b_cs = 0;
  void* c = nullptr;
  int64_t c_rs = 0;
  // Two batch dimensions, the second the inner one, so that [batch, heads] of a transposed view needs no copy.
  int64_t batch[2] = {1, 1};
  int64_t a_batch[2] = {0, 0}, b_batch[2] = {0, 0}, c_batch[2] = {0, 0};
  GemmScalar alpha = 1, beta = 0;  // beta == 0 does not read C
  Epilogue epilogue;
};

// Results do not depend on the number of threads. Integers wrap; i8, i16, i32 and i64 serve the unsigned types too.
// float16 and bfloat16 are multiplied and summed in float and rounded once.
struct GemmKernels {
  using Gemm = void (*)(const GemmArgs&);
  Gemm f32, f64, f16, bf16, i64, i32, i16, i8, c64, c128;
  // sum of x[i * x_stride] * y[i * y_stride]
  float (*dot_f32)(int64_t n, const float* x, int64_t x_stride, const float* y, int64_t y_stride);
  double (*dot_f64)(int64_t n, const double* x, int64_t x_stride, const double* y, int64_t y_stride);
};

namespace avx2 {
void fill_gemm(GemmKernels&);
}
namespace avx512 {
void fill_gemm(GemmKernels&);
}

}  // namespace pl
