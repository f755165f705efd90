// Folding contiguous memory in vector lanes. Element i of a chunk goes to lane i mod kLanes and the lanes are joined by
// a fixed tree, so that the bits of a sum depend neither on the width of the vectors nor on the number of threads.
#pragma once
#include <cstdint>
#include <cstring>
#include <type_traits>
#include "core/dtype.h"
#include "math/exp_log.h"
#if defined(__AVX2__)
#include <immintrin.h>
#endif

namespace pl {
namespace PL_ISA {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif
constexpr int kLaneBytes = 256;       // enough independent sums to hide the adder's latency
constexpr int64_t kFoldChunk = 4096;  // elements folded in lanes of the element's own precision

template <class T> struct Vector {
  typedef T type __attribute__((vector_size(kVectorBytes)));
  typedef T unaligned __attribute__((vector_size(kVectorBytes), aligned(sizeof(T)), may_alias));
  static constexpr int width = kVectorBytes / int(sizeof(T));
};
template <class T> using Vec = typename Vector<T>::type;

template <class T> PL_ALWAYS_INLINE Vec<T> load_vector(const T* x) {
  return *reinterpret_cast<const typename Vector<T>::unaligned*>(x);
}

template <class T> PL_ALWAYS_INLINE Vec<T> broadcast(T x) { return x - Vec<T>{}; }

#if defined(__AVX2__) && !defined(__AVX512F__)
// Ones in the first n elements of `size` bytes.
template <class T> PL_ALWAYS_INLINE __m256i first_lanes(int n) {
  if constexpr (sizeof(T) == 4)
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  else return _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3));
}
#endif

// The first n (< width) elements; the other lanes hold `rest`.
template <class T> PL_ALWAYS_INLINE Vec<T> load_partial(const T* x, int n, T rest) {
#if defined(__AVX512F__)
  const __m512i r = (__m512i)broadcast(rest);
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_mask_loadu_epi32(r, __mmask16((1u << n) - 1), x);
  else return (Vec<T>)_mm512_mask_loadu_epi64(r, __mmask8((1u << n) - 1), x);
#elif defined(__AVX2__)
  const __m256i r = (__m256i)broadcast(rest), m = first_lanes<T>(n);
  if constexpr (sizeof(T) == 4)
    return (Vec<T>)_mm256_blendv_epi8(r, _mm256_maskload_epi32(reinterpret_cast<const int*>(x), m), m);
  else return (Vec<T>)_mm256_blendv_epi8(r, _mm256_maskload_epi64(reinterpret_cast<const long long*>(x), m), m);
#else
  T t[Vector<T>::width];
  for (int i = 0; i < Vector<T>::width; ++i) t[i] = i < n ? x[i] : rest;
  return load_vector(t);
#endif
}

template <class T> PL_ALWAYS_INLINE void store_partial(T* y, int n, Vec<T> v) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) _mm512_mask_storeu_epi32(y, __mmask16((1u << n) - 1), (__m512i)v);
  else _mm512_mask_storeu_epi64(y, __mmask8((1u << n) - 1), (__m512i)v);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) _mm256_maskstore_epi32(reinterpret_cast<int*>(y), first_lanes<T>(n), (__m256i)v);
  else _mm256_maskstore_epi64(reinterpret_cast<long long*>(y), first_lanes<T>(n), (__m256i)v);
#else
  for (int i = 0; i < n; ++i) y[i] = v[i];
#endif
}

// One bit for each lane whose comparison (all ones or zero) holds.
template <class M> PL_ALWAYS_INLINE unsigned lane_bits(M hits) {
  constexpr int W = int(sizeof(M) / sizeof(hits[0]));
#if defined(__AVX512F__)
  if constexpr (W == 16) return _mm512_movepi32_mask((__m512i)hits);
  else return _mm512_movepi64_mask((__m512i)hits);
#elif defined(__AVX2__)
  if constexpr (W == 8) return unsigned(_mm256_movemask_ps((__m256)hits));
  else return unsigned(_mm256_movemask_pd((__m256d)hits));
#else
  unsigned bits = 0;
  for (int j = 0; j < W; ++j) bits |= unsigned(hits[j] != 0) << j;
  return bits;
#endif
}
// The first such lane, or the width.
template <class M> PL_ALWAYS_INLINE int first_lane(M hits) {
  return __builtin_ctz(lane_bits(hits) | 1u << (sizeof(M) / sizeof(hits[0])));
}

// y[i] = f(x[i]...) for a function that the compiler vectorises; the rest of a row is computed in a whole vector as
// well.
template <class T, class F, class... X> PL_ALWAYS_INLINE void map_row(int64_t n, T* y, F f, const X*... x) {
  constexpr int W = Vector<T>::width;
  int64_t i = 0;
  for (; i + W <= n; i += W)
    for (int j = 0; j < W; ++j) y[i + j] = f(x[i + j]...);
  if (i == n) return;
  const int rest = int(n - i);
  [&](auto... tail) {
    T t[W];
    for (int j = 0; j < W; ++j) t[j] = f(tail[j]...);
    store_partial(y + i, rest, load_vector(t));
  }(load_partial(x + i, rest, T(0))...);
}

// A policy P names its Lane type and has map, join and padding(): an element that counts for nothing.
template <class P> PL_ALWAYS_INLINE typename P::Lane join_lanes(const P& p, Vec<typename P::Lane> v) {
  using T = typename P::Lane;
  using Index = Vec<std::conditional_t<sizeof(T) == 4, int32_t, int64_t>>;
  Index lane;
  for (int j = 0; j < Vector<T>::width; ++j) lane[j] = j;
#pragma GCC unroll 4
  for (int w = Vector<T>::width / 2; w > 0; w /= 2) v = p.join(v, __builtin_shuffle(v, lane ^ w));
  return v[0];
}

// Folds n <= kFoldChunk mapped elements.
template <class P> PL_ALWAYS_INLINE typename P::Lane fold_chunk(const P& p, const typename P::Lane* x, int64_t n) {
  using T = typename P::Lane;
  constexpr int W = Vector<T>::width, K = kLaneBytes / kVectorBytes;
  const Vec<T> nothing = p.map(broadcast(p.padding()));
  if (n < W) return join_lanes(p, p.map(load_partial(x, int(n), p.padding())));
  Vec<T> acc[K];
  for (int k = 0; k < K; ++k) acc[k] = nothing;
  int64_t i = 0;
  for (; i + K * W <= n; i += K * W)
    for (int k = 0; k < K; ++k) acc[k] = p.join(acc[k], p.map(load_vector(x + i + k * W)));
  for (int k = 0; k < K && i < n; ++k, i += W)
    acc[k] = p.join(acc[k], p.map(i + W <= n ? load_vector(x + i) : load_partial(x + i, int(n - i), p.padding())));
  for (int w = K / 2; w > 0; w /= 2)
    for (int k = 0; k < w; ++k) acc[k] = p.join(acc[k], acc[k + w]);
  return join_lanes(p, acc[0]);
}

// e^x for x <= 0 (or NaN): less work than exp. Results that float would hold as subnormal numbers are 0.
template <class T> PL_ALWAYS_INLINE T exp_of_negative(T x) {
  constexpr T low = sizeof(T) == sizeof(float) ? T(-87.3) : T(-708.3);
  const auto p = math::detail::reduce_exp(x < low ? low : x);
  const T e = ((math::detail::exp_tail(p.r) * p.r + T(1)) * p.r + T(1)) * math::power_of_two(p.n);
  return x < low ? T(0) : e;
}

// ---- policies ----
template <class T> struct SumOf {
  using Lane = T;
  template <class X> PL_ALWAYS_INLINE X map(X x) const { return x; }
  template <class X> PL_ALWAYS_INLINE X join(X a, X b) const { return a + b; }
  PL_ALWAYS_INLINE T padding() const { return T(0); }
};
template <class T> struct NanSumOf : SumOf<T> {
  template <class X> PL_ALWAYS_INLINE X map(X x) const { return x == x ? x : X{}; }
};
template <class T> struct CountOf : SumOf<T> {
  template <class X> PL_ALWAYS_INLINE X map(X x) const { return x != X{} ? X{} + T(1) : X{}; }
};
template <class T> struct AbsSumOf : SumOf<T> {
  template <class X> PL_ALWAYS_INLINE X map(X x) const { return x < X{} ? -x : x; }
};
template <class T> struct SquareSumOf : SumOf<T> {
  template <class X> PL_ALWAYS_INLINE X map(X x) const { return x * x; }
};
// Squares of the distances from a centre.
template <class T> struct SpreadOf : SumOf<T> {
  T centre;
  explicit SpreadOf(T c) : centre(c) {}
  template <class X> PL_ALWAYS_INLINE X map(X x) const { return (x - centre) * (x - centre); }
  PL_ALWAYS_INLINE T padding() const { return centre; }
};
template <class T> struct ProductOf {
  using Lane = T;
  template <class X> PL_ALWAYS_INLINE X map(X x) const { return x; }
  template <class X> PL_ALWAYS_INLINE X join(X a, X b) const { return a * b; }
  PL_ALWAYS_INLINE T padding() const { return T(1); }
};
template <class T> PL_ALWAYS_INLINE T lowest() { return -math::infinity<T>(); }
template <> PL_ALWAYS_INLINE int64_t lowest<int64_t>() { return INT64_MIN; }
template <class T> PL_ALWAYS_INLINE T highest() { return math::infinity<T>(); }
template <> PL_ALWAYS_INLINE int64_t highest<int64_t>() { return INT64_MAX; }
// The larger or smaller element; NaN is kept.
template <class T, bool kMax> struct ExtremeOf {
  using Lane = T;
  template <class X> PL_ALWAYS_INLINE X map(X x) const { return x; }
  template <class X> PL_ALWAYS_INLINE X join(X a, X b) const {
    const X extreme = (kMax ? b > a : b < a) ? b : a;
    return b != b ? b : extreme;
  }
  PL_ALWAYS_INLINE T padding() const { return kMax ? lowest<T>() : highest<T>(); }
};
template <class T, bool kMax> struct AbsExtremeOf : ExtremeOf<T, kMax> {
  template <class X> PL_ALWAYS_INLINE X map(X x) const { return x < X{} ? -x : x; }
  PL_ALWAYS_INLINE T padding() const { return kMax ? T(0) : highest<T>(); }
};

}  // namespace PL_ISA
}  // namespace pl
