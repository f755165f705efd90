// Vectors of the ISA a file is compiled for, for kernels that hold them in registers. GCC's vector extensions give the
// arithmetic (a * b + c is contracted to one fused operation); intrinsics are needed only to read and write part of a
// vector.
#pragma once
#include <cstdint>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>
#endif
#include "core/dtype.h"

namespace pl {
namespace PL_ISA {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

template <class T>
struct VectorOf {
  typedef T type __attribute__((vector_size(kVectorBytes)));
};
template <class T>
using Vec = typename VectorOf<T>::type;
template <class T>
constexpr int kLanes = kVectorBytes / int(sizeof(T));

template <class T>
PL_ALWAYS_INLINE Vec<T> load(const T* p) {
  Vec<T> v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
PL_ALWAYS_INLINE void store(T* p, Vec<T> v) {
  __builtin_memcpy(p, &v, sizeof v);
}

template <class T>
PL_ALWAYS_INLINE Vec<T> splat(T x) {
  return x - Vec<T>{};
}

// Lanes [begin, end) of a vector of elements of 4 or 8 bytes.
template <class T>
struct Lanes {
#if defined(__AVX512F__)
  uint32_t mask;
  PL_ALWAYS_INLINE Lanes(int64_t begin, int64_t end) : mask(((1u << end) - 1) & ~((1u << begin) - 1)) {}
#elif defined(__AVX2__)
  __m256i mask;
  PL_ALWAYS_INLINE Lanes(int64_t begin, int64_t end) {
    if constexpr (sizeof(T) == 4) {
      const __m256i lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
      mask = _mm256_andnot_si256(_mm256_cmpgt_epi32(_mm256_set1_epi32(int(begin)), lane),
                                 _mm256_cmpgt_epi32(_mm256_set1_epi32(int(end)), lane));
    } else {
      const __m256i lane = _mm256_setr_epi64x(0, 1, 2, 3);
      mask = _mm256_andnot_si256(_mm256_cmpgt_epi64(_mm256_set1_epi64x(begin), lane),
                                 _mm256_cmpgt_epi64(_mm256_set1_epi64x(end), lane));
    }
  }
#else
  int64_t begin, end;
  PL_ALWAYS_INLINE Lanes(int64_t b, int64_t e) : begin(b), end(e) {}
#endif
  PL_ALWAYS_INLINE explicit Lanes(int64_t count) : Lanes(0, count) {}
};

// The other lanes read as zero, and their memory is not touched.
template <class T>
PL_ALWAYS_INLINE Vec<T> load(const T* p, Lanes<T> lanes) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_maskz_loadu_epi32(__mmask16(lanes.mask), p);
  else return (Vec<T>)_mm512_maskz_loadu_epi64(__mmask8(lanes.mask), p);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_maskload_epi32(reinterpret_cast<const int*>(p), lanes.mask);
  else return (Vec<T>)_mm256_maskload_epi64(reinterpret_cast<const long long*>(p), lanes.mask);
#else
  Vec<T> v{};
  for (int64_t i = lanes.begin; i < lanes.end; ++i) v[i] = p[i];
  return v;
#endif
}

template <class T>
PL_ALWAYS_INLINE void store(T* p, Vec<T> v, Lanes<T> lanes) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) _mm512_mask_storeu_epi32(p, __mmask16(lanes.mask), (__m512i)v);
  else _mm512_mask_storeu_epi64(p, __mmask8(lanes.mask), (__m512i)v);
#elif defined(__AVX2__)
  if constexpr (sizeof(T) == 4) _mm256_maskstore_epi32(reinterpret_cast<int*>(p), lanes.mask, (__m256i)v);
  else _mm256_maskstore_epi64(reinterpret_cast<long long*>(p), lanes.mask, (__m256i)v);
#else
  for (int64_t i = lanes.begin; i < lanes.end; ++i) p[i] = v[i];
#endif
}

template <int N, class V, int... I>
PL_ALWAYS_INLINE auto fold(V v, std::integer_sequence<int, I...>) {
  return __builtin_shufflevector(v, v, I...) + __builtin_shufflevector(v, v, (I + N)...);
}

// Adds the upper half of the lanes to the lower half until one is left.
template <class T, int N = kLanes<T> / 2, class V>
PL_ALWAYS_INLINE T horizontal_sum(V v) {
  if constexpr (N == 1) return v[0] + v[1];
  else return horizontal_sum<T, N / 2>(fold<N>(v, std::make_integer_sequence<int, N>{}));
}

}  // namespace PL_ISA
}  // namespace pl
