#include "cpu/lanes.h"
#include "cpu/reduce.h"

namespace pl {
namespace PL_ISA {
namespace {

constexpr int64_t kChunk = 1024;     // elements of a row worked on while they are in the first-level cache
constexpr int64_t kTile = 256;       // columns
constexpr int64_t kBlock = 64;       // rows of a tile summed in the element's precision

template <class T> PL_ALWAYS_INLINE T row_max(const T* x, int64_t n) {
  const ExtremeOf<T, true> larger;
  T top = larger.padding();
  for (int64_t b = 0; b < n; b += kFoldChunk)
    top = larger.join(top, fold_chunk(larger, x + b, n - b < kFoldChunk ? n - b : kFoldChunk));
  return top;
}

// f(chunk start, length, t) fills t; the sum of all t.
template <class T, class F> PL_ALWAYS_INLINE double row_sum(int64_t n, F f) {
  double sum = 0;
  for (int64_t b = 0; b < n; b += kChunk) {
    const int64_t c = n - b < kChunk ? n - b : kChunk;
    sum += double(fold_chunk(SumOf<T>(), f(b, c), c));
  }
  return sum;
}

// A row that fits one vector; lanes beyond it hold -inf and count for nothing.
template <class T, bool kLog> PL_ALWAYS_INLINE void short_row(int64_t n, const T* x, T* y) {
  constexpr int W = Vector<T>::width;
  T v[W], e[W];
  const Vec<T> in = load_partial(x, int(n), lowest<T>());
  const T top = join_lanes(ExtremeOf<T, true>(), in);
  const Vec<T> shifted = in - top;
  std::memcpy(v, &shifted, sizeof v);
  for (int j = 0; j < W; ++j) e[j] = exp_of_negative(v[j]);
  const T sum = join_lanes(SumOf<T>(), load_vector(e));
  store_partial(y, int(n), kLog ? shifted - math::log(sum) : load_vector(e) * (T(1) / sum));
}

template <class T, bool kLog>
void rows(int64_t m, int64_t n, const void* in, int64_t x_stride, void* out, int64_t y_stride) {
  T t[kChunk];
  for (int64_t i = 0; i < m; ++i) {
    const T* x = static_cast<const T*>(in) + i * x_stride;
    T* y = static_cast<T*>(out) + i * y_stride;
    if (n < Vector<T>::width) {
      short_row<T, kLog>(n, x, y);
      continue;
    }
    const T top = row_max(x, n);
    const double sum = row_sum<T>(n, [&](int64_t b, int64_t c) {
      T* to = kLog ? t : y + b;
      map_row(c, to, [top](T v) { return exp_of_negative(v - top); }, x + b);
      return to;
    });
    if constexpr (kLog) {
      const T log_sum = T(math::log(sum));
      map_row(n, y, [top, log_sum](T v) { return (v - top) - log_sum; }, x);
    } else {
      const T scale = T(1 / sum);
      map_row(n, y, [scale](T v) { return v * scale; }, y);
    }
  }
}

template <class T, bool kLog>
void rows_backward(int64_t m, int64_t n, const void* grad, const void* result, void* out, int64_t stride) {
  T t[kChunk];
  for (int64_t i = 0; i < m; ++i) {
    const T* g = static_cast<const T*>(grad) + i * stride;
    const T* y = static_cast<const T*>(result) + i * stride;
    T* dx = static_cast<T*>(out) + i * stride;
    const T sum = T(row_sum<T>(n, [&](int64_t b, int64_t c) {
      if constexpr (kLog) return g + b;
      map_row(c, t, [](T u, T v) { return u * v; }, g + b, y + b);
      return static_cast<const T*>(t);
    }));
    if constexpr (kLog) map_row(n, dx, [sum](T u, T v) { return u - math::exp(v) * sum; }, g, y);
    else map_row(n, dx, [sum](T u, T v) { return (u - sum) * v; }, g, y);
  }
}

// The sums of f(row) over n rows for each of w columns: rows in blocks of the element's precision, blocks in double.
template <class T, class F> PL_ALWAYS_INLINE void column_sums(int64_t n, int64_t w, double* sums, F f) {
  T part[kTile];
  for (int64_t j = 0; j < w; ++j) sums[j] = 0;
  for (int64_t b = 0; b < n; b += kBlock) {
    for (int64_t j = 0; j < w; ++j) part[j] = 0;
    for (int64_t i = b; i < n && i < b + kBlock; ++i) f(i, part);
    for (int64_t j = 0; j < w; ++j) sums[j] += double(part[j]);
  }
}

template <class T, bool kLog>
void cols(int64_t n, int64_t m, const void* in, int64_t x_stride, void* out, int64_t y_stride) {
  T top[kTile], last[kTile];
  double sums[kTile];
  for (int64_t j0 = 0; j0 < m; j0 += kTile) {
    const int64_t w = m - j0 < kTile ? m - j0 : kTile;
    const T* x = static_cast<const T*>(in) + j0;
    T* y = static_cast<T*>(out) + j0;
    for (int64_t j = 0; j < w; ++j) top[j] = x[j];
    for (int64_t i = 1; i < n; ++i)
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) top[j] = ExtremeOf<T, true>().join(top[j], x[i * x_stride + j]);
    column_sums<T>(n, w, sums, [&](int64_t i, T* part) {
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) {
        const T e = exp_of_negative(x[i * x_stride + j] - top[j]);
        if constexpr (!kLog) y[i * y_stride + j] = e;
        part[j] += e;
      }
    });
    for (int64_t j = 0; j < w; ++j) last[j] = T(kLog ? math::log(sums[j]) : 1 / sums[j]);
    for (int64_t i = 0; i < n; ++i)
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) {
        T& at = y[i * y_stride + j];
        if constexpr (kLog) at = (x[i * x_stride + j] - top[j]) - last[j];
        else at *= last[j];
      }
  }
}

template <class T, bool kLog>
void cols_backward(int64_t n, int64_t m, const void* grad, const void* result, void* out, int64_t stride) {
  T sum[kTile];
  double sums[kTile];
  for (int64_t j0 = 0; j0 < m; j0 += kTile) {
    const int64_t w = m - j0 < kTile ? m - j0 : kTile;
    const T* g = static_cast<const T*>(grad) + j0;
    const T* y = static_cast<const T*>(result) + j0;
    T* dx = static_cast<T*>(out) + j0;
    column_sums<T>(n, w, sums, [&](int64_t i, T* part) {
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) part[j] += kLog ? g[i * stride + j] : g[i * stride + j] * y[i * stride + j];
    });
    for (int64_t j = 0; j < w; ++j) sum[j] = T(sums[j]);
    for (int64_t i = 0; i < n; ++i)
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) {
        const int64_t k = i * stride + j;
        if constexpr (kLog) dx[k] = g[k] - math::exp(y[k]) * sum[j];
        else dx[k] = (g[k] - sum[j]) * y[k];
      }
  }
}

template <class T, bool kLog> void fill(SoftmaxKernels& k, int type) {
  k.rows[kLog][type] = rows<T, kLog>;
  k.cols[kLog][type] = cols<T, kLog>;
  k.rows_backward[kLog][type] = rows_backward<T, kLog>;
  k.cols_backward[kLog][type] = cols_backward<T, kLog>;
}

}  // namespace

void fill_softmax(SoftmaxKernels& k) {
  fill<float, false>(k, 0);
  fill<double, false>(k, 1);
  fill<float, true>(k, 0);
  fill<double, true>(k, 1);
}

}  // namespace PL_ISA
}  // namespace pl
