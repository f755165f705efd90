#include "cpu/lanes.h"
#include "cpu/reduce.h"
#include "math/complex_math.h"

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

struct ComplexLogSumExpScan {
  using Elem = Complex<double>;
  using State = Elem;
  static PL_ALWAYS_INLINE Elem start(Elem x) { return x; }
  static PL_ALWAYS_INLINE Elem next(Elem s, Elem x) {
    const Elem large = x.re > s.re ? x : s, small = x.re > s.re ? s : x;
    if (math::abs(large.re) == math::infinity<double>()) return large;
    return math::log(Elem(1) + math::exp(small - large)) + large;
  }
  static PL_ALWAYS_INLINE Elem value(Elem s) { return s; }
};

template <class R> void cols(int64_t n, int64_t m, const void* in, void* out, int64_t*) {
  using C = typename R::Elem;
  const C* x = static_cast<const C*>(in);
  C* y = static_cast<C*>(out);
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

// kRows rows at a time: each is a chain of dependent additions, and several chains overlap. (Rows often lie a power of
// two apart, in the same lines of the first-level cache, which has room for few of them.)
template <class R, int kRows>
PL_ALWAYS_INLINE void row_group(int64_t n, const typename R::Elem* x, typename R::Elem* y,
                                const typename R::State* begin) {
  typename R::State s[kRows];
  for (int r = 0; r < kRows; ++r) {
    s[r] = begin ? R::next(begin[r], x[r * n]) : R::start(x[r * n]);
    y[r * n] = R::value(s[r]);
  }
  for (int64_t i = 1; i < n; ++i)
    for (int r = 0; r < kRows; ++r) {
      s[r] = R::next(s[r], x[r * n + i]);
      y[r * n + i] = R::value(s[r]);
    }
}

template <class R> void rows(int64_t m, int64_t n, const void* in, void* out, int64_t*, const void* begin) {
  constexpr int group = 4;
  const auto* x = static_cast<const typename R::Elem*>(in);
  auto* y = static_cast<typename R::Elem*>(out);
  const auto* s = static_cast<const typename R::State*>(begin);
  int64_t i = 0;
  for (; i + group <= m; i += group) row_group<R, group>(n, x + i * n, y + i * n, s ? s + i : nullptr);
  for (; i < m; ++i) row_group<R, 1>(n, x + i * n, y + i * n, s ? s + i : nullptr);
}

// With the running maximum M the running sum of exp(x - M) is s = s' exp(M' - M) + exp(x - M): only the product and the
// sum depend on the element before, the exponentials and logarithms are computed for a chunk at once.
template <class T> void log_sum_rows(int64_t m, int64_t n, const void* in, void* out, int64_t*, const void*) {
  constexpr int64_t chunk = 512;
  T top[chunk], shrink[chunk], part[chunk];
  double sums[chunk];
  const T inf = math::infinity<T>();
  for (int64_t r = 0; r < m; ++r) {
    const T* x = static_cast<const T*>(in) + r * n;
    T* y = static_cast<T*>(out) + r * n;
    T before = -inf;
    double sum = 0;
    for (int64_t b = 0; b < n; b += chunk) {
      const int64_t c = n - b < chunk ? n - b : chunk;
      T largest = before;
      for (int64_t i = 0; i < c; ++i) {
        shrink[i] = largest;
        largest = ExtremeOf<T, true>().join(largest, x[b + i]);
        top[i] = largest;
      }
      before = largest;
      for (int64_t i = 0; i < c; ++i) {
        // Infinities have no difference: they are measured from zero.
        const T from = math::abs(shrink[i]) == inf ? T(0) : shrink[i], to = math::abs(top[i]) == inf ? T(0) : top[i];
        shrink[i] = shrink[i] == -inf ? T(0) : math::exp(from - to);
        part[i] = math::exp(x[b + i] - to);
        top[i] = to;
      }
      for (int64_t i = 0; i < c; ++i) {
        sum = sum * double(shrink[i]) + double(part[i]);
        sums[i] = sum;
      }
      for (int64_t i = 0; i < c; ++i) y[b + i] = T(math::log(sums[i]) + double(top[i]));
    }
  }
}

// Running maximum or minimum and where it was last met; NaN stays.
template <class T, bool kMax> PL_ALWAYS_INLINE bool replaces(T v, T before) {
  return (v != v) | (kMax ? v >= before : v <= before);
}

template <class T, bool kMax> void extreme_cols(int64_t n, int64_t m, const void* in, void* out, int64_t* index) {
  const T* x = static_cast<const T*>(in);
  T* y = static_cast<T*>(out);
  for (int64_t j = 0; j < m; ++j) {
    y[j] = x[j];
    index[j] = 0;
  }
  for (int64_t i = 1; i < n; ++i)
#pragma GCC ivdep
    for (int64_t j = 0; j < m; ++j) {
      const T v = x[i * m + j], before = y[(i - 1) * m + j];
      const bool take = replaces<T, kMax>(v, before);
      y[i * m + j] = take ? v : before;
      index[i * m + j] = take ? i : index[(i - 1) * m + j];
    }
}

template <class T, bool kMax>
void extreme_rows(int64_t m, int64_t n, const void* in, void* out, int64_t* index, const void*) {
  for (int64_t r = 0; r < m; ++r) {
    const T* x = static_cast<const T*>(in) + r * n;
    T* y = static_cast<T*>(out) + r * n;
    T best = x[0];
    int64_t where = 0;
    for (int64_t i = 0; i < n; ++i) {
      const bool take = replaces<T, kMax>(x[i], best);
      best = take ? x[i] : best;
      where = take ? i : where;
      y[i] = best;
      index[r * n + i] = where;
    }
  }
}

template <class R> void fill(ScanKernels& k, Scan kind, Compute c) {
  k.cols[int(kind)][int(c)] = cols<R>;
  k.rows[int(kind)][int(c)] = rows<R>;
}

template <class T, Compute c, class S> void fill_real(ScanKernels& k) {
  fill<SumScan<T, S>>(k, Scan::Sum, c);
  fill<ProductScan<T, S>>(k, Scan::Prod, c);
  k.cols[int(Scan::Max)][int(c)] = extreme_cols<T, true>;
  k.cols[int(Scan::Min)][int(c)] = extreme_cols<T, false>;
  k.rows[int(Scan::Max)][int(c)] = extreme_rows<T, true>;
  k.rows[int(Scan::Min)][int(c)] = extreme_rows<T, false>;
}

}  // namespace

void fill_scan(ScanKernels& k) {
  using C = Complex<double>;
  k = {};
  fill_real<float, Compute::F32, double>(k);
  fill_real<double, Compute::F64, double>(k);
  fill_real<int64_t, Compute::I64, int64_t>(k);
  k.cols[int(Scan::LogSumExp)][int(Compute::F32)] = cols<LogSumExpScan<float>>;
  k.cols[int(Scan::LogSumExp)][int(Compute::F64)] = cols<LogSumExpScan<double>>;
  k.rows[int(Scan::LogSumExp)][int(Compute::F32)] = log_sum_rows<float>;
  k.rows[int(Scan::LogSumExp)][int(Compute::F64)] = log_sum_rows<double>;
  fill<ComplexLogSumExpScan>(k, Scan::LogSumExp, Compute::C128);
  fill<SumScan<C, C>>(k, Scan::Sum, Compute::C128);
  fill<ProductScan<C, C>>(k, Scan::Prod, Compute::C128);
}

}  // namespace PL_ISA
}  // namespace pl
