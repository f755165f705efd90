#include "cpu/lanes.h"
#include "cpu/reduce.h"

namespace pl {
namespace PL_ISA {
namespace {

constexpr int64_t kTile = 256;       // columns whose running states are kept at hand

// A scan has State, start(x), next(state, x) and value(state).
template <class C, class S> struct SumScan {
  using Elem = C;
  using State = S;
  static PL_ALWAYS_INLINE S start(C x) { return S(x); }
  static PL_ALWAYS_INLINE S next(S s, C x) { return s + S(x); }
  static PL_ALWAYS_INLINE C value(S s) { return C(s); }
};
template <class C, class S> struct ProductScan : SumScan<C, S> {
  static PL_ALWAYS_INLINE S next(S s, C x) { return s * S(x); }
};
template <class T> struct LogSumExpScan {
  using Elem = T;
  using State = double;
  static PL_ALWAYS_INLINE double start(T x) { return double(x); }
  static PL_ALWAYS_INLINE double next(double s, T v) {
    const double x = double(v), large = x > s ? x : s, small = x > s ? s : x;
    const double both = large + math::log1p(math::exp(small - large));
    // Two equal infinities have no difference.
    const double r = math::abs(large) == math::infinity<double>() ? large : both;
    return x != x ? x : s != s ? s : r;
  }
  static PL_ALWAYS_INLINE T value(double s) { return T(s); }
};

template <class R> void run(int64_t n, int64_t m, const void* in, void* out, int64_t*) {
  using C = typename R::Elem;
  const C* x = static_cast<const C*>(in);
  C* y = static_cast<C*>(out);
  if (m == 1) {
    typename R::State s = R::start(x[0]);
    y[0] = R::value(s);
    for (int64_t i = 1; i < n; ++i) {
      s = R::next(s, x[i]);
      y[i] = R::value(s);
    }
    return;
  }
  typename R::State s[kTile];
  for (int64_t j0 = 0; j0 < m; j0 += kTile) {
    const int64_t w = m - j0 < kTile ? m - j0 : kTile;
    for (int64_t j = 0; j < w; ++j) {
      s[j] = R::start(x[j0 + j]);
      y[j0 + j] = R::value(s[j]);
    }
    for (int64_t i = 1; i < n; ++i)
#pragma GCC ivdep
      for (int64_t j = 0; j < w; ++j) {
        s[j] = R::next(s[j], x[i * m + j0 + j]);
        y[i * m + j0 + j] = R::value(s[j]);
      }
  }
}

// Running maximum or minimum and where it was last met; NaN stays.
template <class T, bool kMax> void run_extreme(int64_t n, int64_t m, const void* in, void* out, int64_t* index) {
  const T* x = static_cast<const T*>(in);
  T* y = static_cast<T*>(out);
  for (int64_t j = 0; j < m; ++j) {
    y[j] = x[j];
    index[j] = 0;
  }
  for (int64_t i = 1; i < n; ++i)
    for (int64_t j = 0; j < m; ++j) {
      const T v = x[i * m + j], before = y[(i - 1) * m + j];
      const bool take = (v != v) | (kMax ? v >= before : v <= before);
      y[i * m + j] = take ? v : before;
      index[i * m + j] = take ? i : index[(i - 1) * m + j];
    }
}

template <class T, Compute c, class S> void fill_real(ScanKernels& k) {
  k.run[int(Scan::Sum)][int(c)] = run<SumScan<T, S>>;
  k.run[int(Scan::Prod)][int(c)] = run<ProductScan<T, S>>;
  k.run[int(Scan::Max)][int(c)] = run_extreme<T, true>;
  k.run[int(Scan::Min)][int(c)] = run_extreme<T, false>;
}

}  // namespace

void fill_scan(ScanKernels& k) {
  using C = Complex<double>;
  fill_real<float, Compute::F32, double>(k);
  fill_real<double, Compute::F64, double>(k);
  fill_real<int64_t, Compute::I64, int64_t>(k);
  k.run[int(Scan::LogSumExp)][int(Compute::F32)] = run<LogSumExpScan<float>>;
  k.run[int(Scan::LogSumExp)][int(Compute::F64)] = run<LogSumExpScan<double>>;
  k.run[int(Scan::Sum)][int(Compute::C128)] = run<SumScan<C, C>>;
  k.run[int(Scan::Prod)][int(Compute::C128)] = run<ProductScan<C, C>>;
}

}  // namespace PL_ISA
}  // namespace pl
