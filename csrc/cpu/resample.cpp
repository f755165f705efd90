#include "cpu/resample.h"

namespace pl {
namespace PL_ISA {
namespace {

template <class T> void forward(const ResampleArgs<T>& a, const T* x, T* y) {
  for (int64_t b = 0; b < a.blocks; ++b, x += a.in * a.inner) {
    for (int64_t o = 0; o < a.out; ++o, y += a.inner) {
      const int64_t* at = a.index + o * a.taps;
      const T* w = a.weight + o * a.taps;
      if (a.inner == 1) {
        T sum = 0;
        for (int64_t k = 0; k < a.taps; ++k) sum += w[k] * x[at[k]];
        *y = sum;
        continue;
      }
      const T* first = x + at[0] * a.inner;
      for (int64_t i = 0; i < a.inner; ++i) y[i] = w[0] * first[i];
      for (int64_t k = 1; k < a.taps; ++k) {
        const T* row = x + at[k] * a.inner;
#pragma GCC ivdep
        for (int64_t i = 0; i < a.inner; ++i) y[i] += w[k] * row[i];
      }
    }
  }
}

template <class T> void backward(const ResampleArgs<T>& a, const T* g, T* dx) {
  for (int64_t i = 0; i < a.blocks * a.in * a.inner; ++i) dx[i] = 0;
  for (int64_t b = 0; b < a.blocks; ++b, dx += a.in * a.inner)
    for (int64_t o = 0; o < a.out; ++o, g += a.inner)
      for (int64_t k = 0; k < a.taps; ++k) {
        const T w = a.weight[o * a.taps + k];
        T* row = dx + a.index[o * a.taps + k] * a.inner;
#pragma GCC ivdep
        for (int64_t i = 0; i < a.inner; ++i) row[i] += w * g[i];
      }
}

}  // namespace

void fill_resample(ResampleKernels& k) {
  k.f32 = {forward<float>, backward<float>};
  k.f64 = {forward<double>, backward<double>};
}

}  // namespace PL_ISA
}  // namespace pl
