// The innermost kernel of matrix multiplication and convolution: a tile of C held in registers while k runs.
#pragma once
#include "cpu/gemm_vector.h"

namespace pl {
namespace PL_ISA {

// Registers decide the tile: 6 rows x 4 vectors of AVX-512 use 24 of 32 for sums, 6 x 2 of AVX2 use 12 of 16.
constexpr int64_t kTileRows = 6;
constexpr int kTileVectors = kVectorBytes == 32 ? 2 : 4;
template <class T>
constexpr int64_t kTileCols = kTileVectors * kLanes<T>;

// What becomes of a tile of sums: C = beta * C + alpha * sum + bias. beta == 0 does not read C.
template <class T>
struct TileOutput {
  T* c;
  int64_t c_rs;
  T alpha, beta;
  const T* col_bias;  // one value a column of the tile, or null
  const T* row_bias;  // one value a row of the tile, or null
};

template <class T, int ROWS, int VECS>
PL_ALWAYS_INLINE void write_tile(Vec<T> (&sum)[ROWS][VECS], const TileOutput<T>& out, Lanes<T> last) {
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r) {
    T* c = out.c + r * out.c_rs;
    T row_bias = out.row_bias ? out.row_bias[r] : T(0);
#pragma GCC unroll 4
    for (int v = 0; v < VECS; ++v) {
      const bool whole = v + 1 < VECS;
      Vec<T> x = sum[r][v] * out.alpha;
      if (out.beta != T(0)) x += out.beta * (whole ? load(c + v * kLanes<T>) : load(c + v * kLanes<T>, last));
      if (out.col_bias) x += whole ? load(out.col_bias + v * kLanes<T>) : load(out.col_bias + v * kLanes<T>, last);
      if (out.row_bias) x += row_bias;
      if (whole) store(c + v * kLanes<T>, x);
      else store(c + v * kLanes<T>, x, last);
    }
  }
}

// Rows of A start a_rs apart and advance by a_cs with k; rows of B are contiguous and start b_rs apart.
// PACKED fixes a_rs = 1, a_cs = kTileRows, b_rs = kTileCols at compile time, and B is padded, so that its last vector
// is whole.
template <class T, int ROWS, int VECS, bool PACKED>
void compute_tile(int64_t k, const T* a, int64_t a_rs, int64_t a_cs, const T* b, int64_t b_rs, int64_t cols,
                  const TileOutput<T>& out) {
  if constexpr (PACKED) a_rs = 1, a_cs = kTileRows, b_rs = kTileCols<T>;
  const Lanes<T> last(cols - (VECS - 1) * kLanes<T>);
#pragma GCC unroll 8
  for (int r = 0; r < ROWS; ++r)  // C is next touched after the whole loop over k
#pragma GCC unroll 4
    for (int v = 0; v < VECS; ++v) __builtin_prefetch(out.c + r * out.c_rs + v * kLanes<T>, 1);
  Vec<T> sum[ROWS][VECS] = {};
#pragma GCC unroll 4
  for (int64_t p = 0; p < k; ++p, a += a_cs, b += b_rs) {
    Vec<T> row[VECS];
#pragma GCC unroll 4
    for (int v = 0; v < VECS; ++v)
      row[v] = PACKED || v + 1 < VECS ? load(b + v * kLanes<T>) : load(b + v * kLanes<T>, last);
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; ++r) {
      const Vec<T> x = splat(a[r * a_rs]);
#pragma GCC unroll 4
      for (int v = 0; v < VECS; ++v) sum[r][v] += x * row[v];
    }
  }
  write_tile<T, ROWS, VECS>(sum, out, last);
}

template <class T>
using TileFn = void (*)(int64_t k, const T* a, int64_t a_rs, int64_t a_cs, const T* b, int64_t b_rs, int64_t cols,
                        const TileOutput<T>& out);

template <class T, bool PACKED, int VECS>
PL_ALWAYS_INLINE TileFn<T> pick_tile_rows(int64_t rows) {
  static constexpr TileFn<T> by_rows[] = {compute_tile<T, 1, VECS, PACKED>, compute_tile<T, 2, VECS, PACKED>,
                                          compute_tile<T, 3, VECS, PACKED>, compute_tile<T, 4, VECS, PACKED>,
                                          compute_tile<T, 5, VECS, PACKED>, compute_tile<T, 6, VECS, PACKED>};
  return by_rows[rows - 1];
}

// The kernel for a tile of `rows` x `cols`, both at least 1 and at most kTileRows, kTileCols.
template <class T, bool PACKED>
PL_ALWAYS_INLINE TileFn<T> pick_tile(int64_t rows, int64_t cols) {
  const int64_t vectors = (cols + kLanes<T> - 1) / kLanes<T>;
  if constexpr (kTileVectors == 4) {
    if (vectors == 4) return pick_tile_rows<T, PACKED, 4>(rows);
    if (vectors == 3) return pick_tile_rows<T, PACKED, 3>(rows);
  }
  return vectors == 2 ? pick_tile_rows<T, PACKED, 2>(rows) : pick_tile_rows<T, PACKED, 1>(rows);
}

}  // namespace PL_ISA
}  // namespace pl
