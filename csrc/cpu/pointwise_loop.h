// The one loop of all pointwise kernels: contiguous arrays of the compute type, vectorised by the compiler.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include "math/math.h"

namespace pl {
namespace PL_ISA {
namespace pw {

template <class F, class T, std::size_t... I>
PL_FN auto apply(int64_t i, const T* const* in, const T* q, std::index_sequence<I...>) {
  return F::apply(in[I][i]..., q);
}

template <class F, class T, int N>
PL_FN void loop(int64_t n, char* const* p, const T* q) {
  using Seq = std::make_index_sequence<N>;
  const T* in[N > 0 ? N : 1];
  for (int k = 0; k < N; ++k) in[k] = reinterpret_cast<const T*>(p[k + 1]);
  using R = decltype(apply<F, T>(0, in, q, Seq{}));
  R* out = reinterpret_cast<R*>(p[0]);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) out[i] = apply<F, T>(i, in, q, Seq{});
}

}  // namespace pw
}  // namespace PL_ISA
}  // namespace pl
