#include "cpu/loss.h"
#include "cpu/lanes.h"
#include "math/math.h"

namespace pl {
namespace PL_ISA {
namespace {

constexpr int64_t kChunk = 1024;     // elements worked on while they are in the first-level cache
constexpr int64_t kTile = 256;       // columns

// ---- elementwise: the loss of prediction x and target y, and its derivative with respect to x
template <class T> PL_ALWAYS_INLINE T limited_log(T x) { return x < T(-100) ? T(-100) : x; }

template <Loss kind, class T> PL_ALWAYS_INLINE T loss_of(T x, T y, T param) {
  const T d = x - y, a = math::abs(d);
  if constexpr (kind == Loss::Mse) return d * d;
  if constexpr (kind == Loss::L1) return a;
  if constexpr (kind == Loss::SmoothL1) return a < param ? T(0.5) * d * d / param : a - T(0.5) * param;
  if constexpr (kind == Loss::Huber) return a <= param ? T(0.5) * d * d : param * (a - T(0.5) * param);
  if constexpr (kind == Loss::Bce) return (y - T(1)) * limited_log(math::log1p(-x)) - y * limited_log(math::log(x));
  if constexpr (kind == Loss::BceLogits) return (T(1) - y) * x - math::log_sigmoid(x);
}

template <class T> PL_ALWAYS_INLINE T sign_of(T d) { return d > T(0) ? T(1) : d < T(0) ? T(-1) : d; }

template <Loss kind, class T> PL_ALWAYS_INLINE T slope_of(T x, T y, T param) {
  const T d = x - y, a = math::abs(d);
  if constexpr (kind == Loss::Mse) return T(2) * d;
  if constexpr (kind == Loss::L1) return sign_of(d);
  if constexpr (kind == Loss::SmoothL1) return a < param ? d / param : sign_of(d);
  if constexpr (kind == Loss::Huber) return a <= param ? d : param * sign_of(d);
  if constexpr (kind == Loss::Bce) {
    const T spread = (T(1) - x) * x;    // PyTorch keeps it from 0 by 1e-12
    return d / (spread < T(1e-12) ? T(1e-12) : spread);
  }
  if constexpr (kind == Loss::BceLogits) return math::sigmoid(x) - y;
}

template <Loss kind, class T> void each(int64_t n, const T* x, const T* y, T param, T* out) {
  map_row(n, out, [param](T a, T b) { return loss_of<kind>(a, b, param); }, x, y);
}

template <Loss kind, class T> double sum(int64_t n, const T* x, const T* y, T param) {
  T t[kChunk];
  double total = 0;
  for (int64_t b = 0; b < n; b += kChunk) {
    const int64_t c = n - b < kChunk ? n - b : kChunk;
    map_row(c, t, [param](T u, T v) { return loss_of<kind>(u, v, param); }, x + b, y + b);
    total += double(fold_chunk(SumOf<T>(), t, c));
  }
  return total;
}

template <Loss kind, class T>
void grad(int64_t n, const T* g, int64_t g_step, T scale, const T* x, const T* y, T param, T* out) {
  if (g_step == 0) {
    scale *= *g;
    map_row(n, out, [=](T a, T b) { return scale * slope_of<kind>(a, b, param); }, x, y);
  } else {
    map_row(n, out, [=](T a, T b, T s) { return s * scale * slope_of<kind>(a, b, param); }, x, y, g);
  }
}

template <class T> bool in_unit_interval(int64_t n, const T* x) {
  for (int64_t b = 0; b < n; b += kFoldChunk) {
    const int64_t c = n - b < kFoldChunk ? n - b : kFoldChunk;
    const T least = fold_chunk(ExtremeOf<T, false>(), x + b, c), most = fold_chunk(ExtremeOf<T, true>(), x + b, c);
    if (!(least >= T(0) && most <= T(1))) return false;
  }
  return true;
}

// ---- cross entropy
template <class T> void rows(int64_t m, int64_t n, const T* x, T* largest, T* log_sum) {
  T t[kChunk];
  const ExtremeOf<T, true> larger;
  for (int64_t i = 0; i < m; ++i, x += n) {
    T top = larger.padding();
    for (int64_t b = 0; b < n; b += kFoldChunk) top = larger.join(top, fold_chunk(larger, x + b, n - b < kFoldChunk ? n - b : kFoldChunk));
    double total = 0;
    for (int64_t b = 0; b < n; b += kChunk) {
      const int64_t c = n - b < kChunk ? n - b : kChunk;
      map_row(c, t, [top](T v) { return math::exp(v - top); }, x + b);
      total += double(fold_chunk(SumOf<T>(), t, c));
    }
    largest[i] = top;
    log_sum[i] = T(total);
  }
  map_row(m, log_sum, [](T v) { return math::log(v); }, log_sum);
}

template <class T> void cols(int64_t n, int64_t m, const T* x, T* largest, T* log_sum) {
  double total[kTile];
  for (int64_t j0 = 0; j0 < m; j0 += kTile) {
    const int64_t w = m - j0 < kTile ? m - j0 : kTile;
    T* top = largest + j0;
    for (int64_t j = 0; j < w; ++j) top[j] = x[j0 + j], total[j] = 0;
    for (int64_t i = 1; i < n; ++i)
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) top[j] = ExtremeOf<T, true>().join(top[j], x[i * m + j0 + j]);
    for (int64_t i = 0; i < n; ++i)
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) total[j] += double(math::exp(x[i * m + j0 + j] - top[j]));
    for (int64_t j = 0; j < w; ++j) log_sum[j0 + j] = T(math::log(total[j]));
  }
}

template <class T>
void rows_grad(int64_t m, int64_t n, const T* x, const T* largest, const T* log_sum, const T* scale, T* dx) {
  for (int64_t i = 0; i < m; ++i, x += n, dx += n) {
    const T top = largest[i], rest = log_sum[i], s = scale[i];
    map_row(n, dx, [=](T v) { return math::exp((v - top) - rest) * s; }, x);
  }
}

template <class T>
void cols_grad(int64_t n, int64_t m, const T* x, const T* largest, const T* log_sum, const T* scale, T* dx) {
  for (int64_t i = 0; i < n; ++i, x += m, dx += m)
    map_row(m, dx, [](T v, T top, T rest, T s) { return math::exp((v - top) - rest) * s; }, x, largest, log_sum, scale);
}

template <Loss kind, class T> void fill_kind(LossFunctions<T>& k) {
  k.each[int(kind)] = each<kind, T>;
  k.sum[int(kind)] = sum<kind, T>;
  k.grad[int(kind)] = grad<kind, T>;
}

template <class T> void fill(LossFunctions<T>& k) {
  fill_kind<Loss::Mse>(k);
  fill_kind<Loss::L1>(k);
  fill_kind<Loss::SmoothL1>(k);
  fill_kind<Loss::Huber>(k);
  fill_kind<Loss::Bce>(k);
  fill_kind<Loss::BceLogits>(k);
  k.in_unit_interval = in_unit_interval<T>;
  k.rows = rows<T>;
  k.cols = cols<T>;
  k.rows_grad = rows_grad<T>;
  k.cols_grad = cols_grad<T>;
}

}  // namespace

void fill_loss(LossKernels& k) {
  fill(k.f32);
  fill(k.f64);
}

}  // namespace PL_ISA
}  // namespace pl
