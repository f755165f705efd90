// Packing: copies blocks of A and B into the order in which compute_tile reads them. A packer is any callable with the
// signatures of PackRows (A) and PackCols (B); the convolutions bring their own, which gather from an image.
#pragma once
#include <utility>

#include "core/dtype.h"
#include "cpu/gemm_tile.h"

namespace pl {
namespace PL_ISA {

// A matrix in memory whose elements of type S are computed with as T.
template <class T, class S = T>
struct Matrix {
  const S* data;
  int64_t rs, cs;
  PL_ALWAYS_INLINE const S* at(int64_t i, int64_t j) const { return data + i * rs + j * cs; }
};

template <class T, class S>
PL_ALWAYS_INLINE T convert(S x) {
  if constexpr (__is_same(S, Half) || __is_same(S, BFloat16)) return to_float(x);
  else return T(x);
}

template <class T, class S>
PL_ALWAYS_INLINE Vec<T> load_as(const S* p) {
  if constexpr (__is_same(T, S)) return load(p);
#if defined(__AVX512F__)
  if constexpr (__is_same(S, Half))
    return (Vec<T>)_mm512_maskz_cvtph_ps(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(__AVX2__)
  if constexpr (__is_same(S, Half))
    return (Vec<T>)_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#endif
  T x[kLanes<T>];
  for (int i = 0; i < kLanes<T>; ++i) x[i] = convert<T>(p[i]);
  return load(x);
}

template <class T, class S>
__attribute__((noinline)) void convert_part(T* to, const S* from, int64_t count) {
  for (int64_t i = 0; i < count; ++i) to[i] = convert<T>(from[i]);
}

// The first `count` elements, and zeros.
template <class T, class S>
PL_ALWAYS_INLINE Vec<T> load_as(const S* p, int64_t count) {
  if constexpr (__is_same(T, S)) return load(p, Lanes<T>(count));
  T x[kLanes<T>] = {};
  convert_part(x, p, count);
  return load(x);
}

template <int D, int L, class V, int... I>
PL_ALWAYS_INLINE void swap_blocks(V& a, V& b, std::integer_sequence<int, I...>) {
  const V low = __builtin_shufflevector(a, b, ((I & D) ? L + I - D : I)...);
  b = __builtin_shufflevector(a, b, ((I & D) ? L + I : I + D)...);
  a = low;
}

// Transposes a square of vectors held in registers: blocks of D lanes change places, D = L/2 ... 1.
template <class T, int D = kLanes<T> / 2>
PL_ALWAYS_INLINE void transpose(Vec<T> (&x)[kLanes<T>]) {
  constexpr int L = kLanes<T>;
#pragma GCC unroll 16
  for (int i = 0; i < L; ++i)
    if ((i & D) == 0) swap_blocks<D, L>(x[i], x[i + D], std::make_integer_sequence<int, L>{});
  if constexpr (D > 1) transpose<T, D / 2>(x);
}

// Columns [p, p + count) of `rows` rows of A, as [count][kTileRows]; rows beyond `rows` hold anything. Writes up to one
// vector past the end of dst.
template <class T, class S>
struct PackRows {
  Matrix<T, S> a;
  void operator()(T* dst, int64_t i, int64_t rows, int64_t p, int64_t count) const {
    const S* src = a.at(i, p);
    if (a.rs == 1) {
      for (int64_t q = 0; q < count; ++q, dst += kTileRows, src += a.cs) copy_column(dst, src, rows);
      return;
    }
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t q = 0; q < count; ++q) dst[q * kTileRows + r] = convert<T>(src[r * a.rs + q * a.cs]);
  }

  static PL_ALWAYS_INLINE void copy_column(T* dst, const S* src, int64_t rows) {
    constexpr int64_t L = kLanes<T>;
    store(dst, load_as<T>(src, rows < L ? rows : L));
    if constexpr (L < kTileRows)
      if (rows > L) store(dst + L, load_as<T>(src + L, rows - L));
  }
};

// Rows [p, p + count) of `cols` columns of B, as [count][kTileCols], padded with zeros to kTileCols.
template <class T, class S>
struct PackCols {
  Matrix<T, S> b;

  void operator()(T* dst, int64_t p, int64_t count, int64_t j, int64_t cols) const {
    const S* src = b.at(p, j);
    if (b.cs == 1) return copy_rows(dst, src, count, cols);
    if (b.rs == 1) return transpose_columns(dst, src, count, cols);
    for (int64_t q = 0; q < count; ++q)
      for (int64_t c = 0; c < kTileCols<T>; ++c)
        dst[q * kTileCols<T> + c] = c < cols ? convert<T>(src[q * b.rs + c * b.cs]) : T(0);
  }

  void copy_rows(T* dst, const S* src, int64_t count, int64_t cols) const {
    for (int64_t q = 0; q < count; ++q, dst += kTileCols<T>, src += b.rs) {
#pragma GCC unroll 4
      for (int v = 0; v < kTileVectors; ++v) {
        const int64_t left = cols - v * kLanes<T>;
        Vec<T> x{};
        if (left >= kLanes<T>) x = load_as<T>(src + v * kLanes<T>);
        else if (left > 0) x = load_as<T>(src + v * kLanes<T>, left);
        store(dst + v * kLanes<T>, x);
      }
    }
  }

  void transpose_columns(T* dst, const S* src, int64_t count, int64_t cols) const {
    constexpr int L = kLanes<T>;
    for (int64_t c = 0; c < kTileCols<T>; c += L)
      for (int64_t q = 0; q < count; q += L)
        transpose_square(dst + q * kTileCols<T> + c, src + q + c * b.cs, count - q, cols - c);
  }

  void transpose_square(T* dst, const S* src, int64_t count, int64_t cols) const {
    constexpr int L = kLanes<T>;
    Vec<T> x[L] = {};
    if (count >= L && cols >= L) {
#pragma GCC unroll 16
      for (int c = 0; c < L; ++c) x[c] = load_as<T>(src + c * b.cs);
    } else {
      if (count > L) count = L;
#pragma GCC unroll 16
      for (int c = 0; c < L; ++c)
        if (c < cols) x[c] = load_as<T>(src + c * b.cs, count);
    }
    transpose<T>(x);
#pragma GCC unroll 16
    for (int q = 0; q < L; ++q)
      if (q < count) store(dst + q * kTileCols<T>, x[q]);
  }
};

}  // namespace PL_ISA
}  // namespace pl
