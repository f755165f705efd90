#include "cpu/norm.h"
#include "cpu/lanes.h"
#include "math/math.h"

namespace pl {
namespace PL_ISA {
namespace {

constexpr int64_t kChunk = 1024;     // elements worked on while they are in the first-level cache
constexpr int64_t kTile = 128;       // columns
constexpr int64_t kBlock = 64;       // rows of a tile summed in the element's precision

PL_ALWAYS_INLINE int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

template <class P, class T> PL_ALWAYS_INLINE double fold(const P& p, int64_t n, const T* x) {
  double sum = 0;
  for (int64_t b = 0; b < n; b += kFoldChunk) sum += double(fold_chunk(p, x + b, smaller(kFoldChunk, n - b)));
  return sum;
}

// ---- rows
template <class T> PL_ALWAYS_INLINE void scale_row(int64_t n, const T* x, const T* w, const T* b, T centre, T rstd, T* y) {
  if (w && b) return map_row(n, y, [=](T v, T u, T c) { return (v - centre) * rstd * u + c; }, x, w, b);
  if (w) return map_row(n, y, [=](T v, T u) { return (v - centre) * rstd * u; }, x, w);
  if (b) return map_row(n, y, [=](T v, T c) { return (v - centre) * rstd + c; }, x, b);
  map_row(n, y, [=](T v) { return (v - centre) * rstd; }, x);
}

template <class T, RowNorm kind>
void rows(int64_t m, int64_t n, const T* x, const T* w, const T* b, T eps, T* y, T* mean, T* rstd) {
  for (int64_t i = 0; i < m; ++i, x += n, y += n) {
    T centre = 0;
    double squares;
    if constexpr (kind == RowNorm::Layer) {
      centre = mean[i] = T(fold(SumOf<T>(), n, x) / double(n));
      squares = fold(SpreadOf<T>(centre), n, x);
    } else {
      squares = fold(SquareSumOf<T>(), n, x);
    }
    rstd[i] = T(1 / math::sqrt(squares / double(n) + double(eps)));
    scale_row(n, x, w, b, centre, rstd[i], y);
  }
}

// dx = rstd * (u - mean(u) - h * mean(u * h)) with u = g * w and h = (x - mean) * rstd; without the middle term for Rms.
template <class T, RowNorm kind>
void rows_backward(int64_t m, int64_t n, const T* g, const T* x, const T* w, const T* mean, const T* rstd, T* dx) {
  T u[kChunk], uh[kChunk];
  for (int64_t i = 0; i < m; ++i, g += n, x += n, dx += n) {
    const T centre = kind == RowNorm::Layer ? mean[i] : T(0), r = rstd[i];
    double sum = 0, sum_h = 0;
    for (int64_t b = 0; b < n; b += kChunk) {
      const int64_t c = smaller(kChunk, n - b);
      if (w) map_row(c, u, [](T a, T k) { return a * k; }, g + b, w + b);
      const T* at = w ? u : g + b;
      map_row(c, uh, [=](T a, T v) { return a * ((v - centre) * r); }, at, x + b);
      if constexpr (kind == RowNorm::Layer) sum += double(fold_chunk(SumOf<T>(), at, c));
      sum_h += double(fold_chunk(SumOf<T>(), uh, c));
    }
    const T average = T(sum / double(n)), slope = T(sum_h / double(n)) * r;
    if (w) map_row(n, dx, [=](T a, T v, T k) { return r * (a * k - average - (v - centre) * slope); }, g, x, w);
    else map_row(n, dx, [=](T a, T v) { return r * (a - average - (v - centre) * slope); }, g, x);
  }
}

template <class T, RowNorm kind>
void rows_params(int64_t m, int64_t n, int64_t stride, const T* g, const T* x, const T* mean, const T* rstd, T* dw, T* db) {
  T part_w[kTile], part_b[kTile];
  for (int64_t j0 = 0; j0 < n; j0 += kTile) {
    const int64_t w = smaller(kTile, n - j0);
    for (int64_t j = 0; j < w; ++j) dw[j0 + j] = 0;
    if (db) for (int64_t j = 0; j < w; ++j) db[j0 + j] = 0;
    for (int64_t i0 = 0; i0 < m; i0 += kBlock) {
      for (int64_t j = 0; j < w; ++j) part_w[j] = part_b[j] = 0;
      for (int64_t i = i0; i < smaller(m, i0 + kBlock); ++i) {
        const T *gi = g + i * stride + j0, *xi = x + i * stride + j0, centre = kind == RowNorm::Layer ? mean[i] : T(0), r = rstd[i];
#pragma GCC ivdep
        for (int64_t j = 0; j < w; ++j) {
          part_w[j] += gi[j] * ((xi[j] - centre) * r);
          part_b[j] += gi[j];
        }
      }
      for (int64_t j = 0; j < w; ++j) dw[j0 + j] += part_w[j];
      if (db) for (int64_t j = 0; j < w; ++j) db[j0 + j] += part_b[j];
    }
  }
}

// ---- runs
PL_ALWAYS_INLINE void merge(double count, double mean, double m2, Moments& into) {
  const double total = into.count + count, d = mean - into.mean;
  into.m2 += m2 + d * d * into.count * count / total;
  into.mean += d * count / total;
  into.count = total;
}

// Chunk by chunk: the mean and the distances from it are found while the chunk is in the cache, and the chunks' are merged.
template <class T> void moments(int64_t n, const T* x, Moments* into) {
  for (int64_t b = 0; b < n; b += kChunk) {
    const int64_t c = smaller(kChunk, n - b);
    const T centre = T(double(fold_chunk(SumOf<T>(), x + b, c)) / double(c));
    merge(double(c), double(centre), double(fold_chunk(SpreadOf<T>(centre), x + b, c)), *into);
  }
}

template <class T> void affine(int64_t n, const T* x, T a, T b, T* y) {
  map_row(n, y, [=](T v) { return a * v + b; }, x);
}

template <class T> void grad_sums(int64_t n, const T* g, const T* x, T mean, GradSums* into) {
  T t[kChunk];
  for (int64_t b = 0; b < n; b += kChunk) {
    const int64_t c = smaller(kChunk, n - b);
    map_row(c, t, [=](T a, T v) { return a * (v - mean); }, g + b, x + b);
    into->g += double(fold_chunk(SumOf<T>(), g + b, c));
    into->gx += double(fold_chunk(SumOf<T>(), t, c));
  }
}

template <class T> void grad_affine(int64_t n, const T* g, const T* x, T mean, T kg, T kx, T k, T* dx) {
  map_row(n, dx, [=](T a, T v) { return kg * a + (kx * (v - mean) + k); }, g, x);
}

// ---- columns
// add(i, part) adds row i's contribution of w columns to part.
template <class T, class F> PL_ALWAYS_INLINE void column_sums(int64_t m, int64_t w, double* sums, F add) {
  T part[kTile];
  for (int64_t j = 0; j < w; ++j) sums[j] = 0;
  for (int64_t i0 = 0; i0 < m; i0 += kBlock) {
    for (int64_t j = 0; j < w; ++j) part[j] = 0;
    for (int64_t i = i0; i < smaller(m, i0 + kBlock); ++i) add(i, part);
    for (int64_t j = 0; j < w; ++j) sums[j] += double(part[j]);
  }
}

template <class T> void column_moments(int64_t m, int64_t n, int64_t stride, const T* x, Moments* into) {
  double sums[kTile];
  T centre[kTile];
  for (int64_t j0 = 0; j0 < n; j0 += kTile) {
    const int64_t w = smaller(kTile, n - j0);
    column_sums<T>(m, w, sums, [&](int64_t i, T* part) {
      const T* row = x + i * stride + j0;
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) part[j] += row[j];
    });
    for (int64_t j = 0; j < w; ++j) centre[j] = T(sums[j] / double(m));
    column_sums<T>(m, w, sums, [&](int64_t i, T* part) {
      const T* row = x + i * stride + j0;
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) part[j] += (row[j] - centre[j]) * (row[j] - centre[j]);
    });
    for (int64_t j = 0; j < w; ++j) merge(double(m), double(centre[j]), sums[j], into[j0 + j]);
  }
}

template <class T> void column_affine(int64_t m, int64_t n, int64_t stride, const T* x, const T* a, const T* b, T* y) {
  for (int64_t i = 0; i < m; ++i, x += stride, y += stride) map_row(n, y, [](T v, T k, T c) { return k * v + c; }, x, a, b);
}

template <class T>
void column_grad_sums(int64_t m, int64_t n, int64_t stride, const T* g, const T* x, const T* mean, GradSums* into) {
  double sums[kTile];
  for (int64_t j0 = 0; j0 < n; j0 += kTile) {
    const int64_t w = smaller(kTile, n - j0);
    column_sums<T>(m, w, sums, [&](int64_t i, T* part) {
      const T* row = g + i * stride + j0;
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) part[j] += row[j];
    });
    for (int64_t j = 0; j < w; ++j) into[j0 + j].g += sums[j];
    column_sums<T>(m, w, sums, [&](int64_t i, T* part) {
      const T *row = g + i * stride + j0, *at = x + i * stride + j0;
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) part[j] += row[j] * (at[j] - mean[j0 + j]);
    });
    for (int64_t j = 0; j < w; ++j) into[j0 + j].gx += sums[j];
  }
}

template <class T>
void column_grad_affine(int64_t m, int64_t n, int64_t stride, const T* g, const T* x, const T* mean, const T* kg, const T* kx, const T* k,
                        T* dx) {
  for (int64_t i = 0; i < m; ++i, g += stride, x += stride, dx += stride)
    map_row(n, dx, [](T a, T v, T m0, T p, T q, T c) { return p * a + (q * (v - m0) + c); }, g, x, mean, kg, kx, k);
}

template <class T, RowNorm kind> void fill_rows(NormFunctions<T>& k) {
  k.rows[int(kind)] = rows<T, kind>;
  k.rows_backward[int(kind)] = rows_backward<T, kind>;
  k.rows_params[int(kind)] = rows_params<T, kind>;
}

template <class T> void fill(NormFunctions<T>& k) {
  fill_rows<T, RowNorm::Layer>(k);
  fill_rows<T, RowNorm::Rms>(k);
  k.moments = moments<T>;
  k.affine = affine<T>;
  k.grad_sums = grad_sums<T>;
  k.grad_affine = grad_affine<T>;
  k.column_moments = column_moments<T>;
  k.column_affine = column_affine<T>;
  k.column_grad_sums = column_grad_sums<T>;
  k.column_grad_affine = column_grad_affine<T>;
}

}  // namespace

void fill_norm(NormKernels& k) {
  fill(k.f32);
  fill(k.f64);
}

}  // namespace PL_ISA
}  // namespace pl
