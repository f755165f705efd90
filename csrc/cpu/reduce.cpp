#include "cpu/reduce.h"
#include <type_traits>
#include "cpu/lanes.h"

namespace pl {
namespace PL_ISA {

void fill_softmax(SoftmaxKernels&);
void fill_scan(ScanKernels&);
void fill_sort(SortKernels&);

namespace {

constexpr int64_t kColTile = 1024;   // columns whose states of lane type are worked on at a time
constexpr int64_t kColBlock = 64;    // rows added in lane precision before the states absorb them

template <class T> constexpr Compute compute_of = Compute::F32;
template <> constexpr Compute compute_of<double> = Compute::F64;
template <> constexpr Compute compute_of<int64_t> = Compute::I64;
template <> constexpr Compute compute_of<Complex<double>> = Compute::C128;

PL_ALWAYS_INLINE double magnitude(Complex<double> z) {
  double a = math::abs(z.re), b = math::abs(z.im);
  double large = a > b ? a : b, small = a > b ? b : a, ratio = small / large;
  double r = large * math::sqrt(1.0 + ratio * ratio);
  r = large == 0                                                               ? 0.0
      : large == math::infinity<double>() || small == math::infinity<double>() ? math::infinity<double>()
                                                                               : r;
  return a != a ? a : b != b ? b : r;
}

// ---------------------------------------------------------------- folds of one number: sums, products, extremes
// R: the policy with Elem (what lies in memory), State, make(params), lane(element), absorb(state, lane).
template <class R> struct FoldKernels {
  using C = typename R::Elem;
  using L = typename R::Policy::Lane;
  using S = typename R::State;

  static void init(int64_t m, void* states) {
    for (int64_t i = 0; i < m; ++i) static_cast<S*>(states)[i] = R::nothing();
  }

  static PL_ALWAYS_INLINE L fold(const R& r, const C* x, int64_t n) {
    if constexpr (R::kDirect) {
      return fold_chunk(r.policy, x, n);
    } else {
      L t[kFoldChunk / 4];
      for (int64_t i = 0; i < n; ++i) t[i] = r.lane(x[i]);
      return fold_chunk(r.policy, t, n);
    }
  }

  static void rows(int64_t m, int64_t n, const void* x, int64_t stride, int64_t, void* states, const ReduceParams& p) {
    const R r(p);
    constexpr int64_t chunk = R::kDirect ? kFoldChunk : kFoldChunk / 4;
    S* s = static_cast<S*>(states);
    const C* row = static_cast<const C*>(x);
    for (int64_t i = 0; i < m; ++i, row += stride)
      for (int64_t b = 0; b < n; b += chunk) r.absorb(s[i], fold(r, row + b, n - b < chunk ? n - b : chunk));
  }

  static PL_ALWAYS_INLINE L at(const R& r, const C* x) {
    if constexpr (R::kDirect) return r.policy.map(*x);
    else return r.policy.map(r.lane(*x));
  }

  // kColBlock rows of at most kColTile columns: four rows at a time, so that the buffer is read and written once for
  // four loads.
  static void block(const R& r, int64_t n, int64_t m, const C* x, int64_t stride, S* s) {
    L buffer[kColTile];
    const auto& p = r.policy;
    int64_t i = 0;
    if (n >= 4) {
      const C *a = x, *b = x + stride, *c = b + stride, *d = c + stride;
#pragma GCC ivdep
      for (int64_t j = 0; j < m; ++j)
        buffer[j] = p.join(p.join(at(r, a + j), at(r, b + j)), p.join(at(r, c + j), at(r, d + j)));
      i = 4;
    } else {
      for (int64_t j = 0; j < m; ++j) buffer[j] = at(r, x + j);
      i = 1;
    }
    for (; i + 4 <= n; i += 4) {
      const C *a = x + i * stride, *b = a + stride, *c = b + stride, *d = c + stride;
#pragma GCC ivdep
      for (int64_t j = 0; j < m; ++j)
        buffer[j] = p.join(buffer[j], p.join(p.join(at(r, a + j), at(r, b + j)), p.join(at(r, c + j), at(r, d + j))));
    }
    for (; i < n; ++i) {
      const C* a = x + i * stride;
#pragma GCC ivdep
      for (int64_t j = 0; j < m; ++j) buffer[j] = p.join(buffer[j], at(r, a + j));
    }
    for (int64_t j = 0; j < m; ++j) r.absorb(s[j], buffer[j]);
  }

  static void cols(int64_t n, int64_t m, const void* x, int64_t stride, int64_t, void* states, const ReduceParams& p) {
    const R r(p);
    const C* data = static_cast<const C*>(x);
    for (int64_t j = 0; j < m; j += kColTile)
      for (int64_t i = 0; i < n; i += kColBlock)
        block(r, n - i < kColBlock ? n - i : kColBlock, m - j < kColTile ? m - j : kColTile, data + i * stride + j,
              stride, static_cast<S*>(states) + j);
  }

  static void merge(int64_t m, const void* from, void* into) {
    for (int64_t i = 0; i < m; ++i) R::combine(static_cast<S*>(into)[i], static_cast<const S*>(from)[i]);
  }

  template <class F> static void set(ReduceKernels& k, Reduction kind, Compute out, F finish) {
    k.reducers[int(kind)][int(compute_of<C>)] = {int(sizeof(S)), true, {out, out}, false, init,
                                                 rows,           cols, merge,      finish};
  }
};

// Sums: float lanes absorbed by a double.
template <class C, class P, class S> struct SumLike {
  using Elem = C;
  using Policy = P;
  using State = S;
  static constexpr bool kDirect = true;
  P policy;
  explicit SumLike(const ReduceParams&) {}
  static S nothing() { return S(0); }
  PL_ALWAYS_INLINE void absorb(S& s, typename P::Lane v) const { s += S(v); }
  static PL_ALWAYS_INLINE void combine(S& s, S o) { s += o; }
};

// Products: float lanes multiplied into a double.
template <class C, class S> struct ProductLike {
  using Elem = C;
  using Policy = ProductOf<C>;
  using State = S;
  static constexpr bool kDirect = true;
  Policy policy;
  explicit ProductLike(const ReduceParams&) {}
  static S nothing() { return S(1); }
  PL_ALWAYS_INLINE void absorb(S& s, C v) const { s *= S(v); }
  static PL_ALWAYS_INLINE void combine(S& s, S o) { s *= o; }
};

template <class C, class P> struct ExtremeLike {
  using Elem = C;
  using Policy = P;
  using State = C;
  static constexpr bool kDirect = true;
  P policy;
  explicit ExtremeLike(const ReduceParams&) {}
  static C nothing() { return P().padding(); }
  PL_ALWAYS_INLINE void absorb(C& s, C v) const { s = policy.join(s, v); }
  static PL_ALWAYS_INLINE void combine(C& s, C o) { s = P().join(s, o); }
};

// Sums and extremes of the magnitudes of complex numbers.
template <class C, class P> struct MagnitudeLike {
  using Elem = C;
  using Policy = P;
  using State = double;
  static constexpr bool kDirect = false;
  P policy;
  explicit MagnitudeLike(const ReduceParams&) {}
  static double nothing() { return P().padding(); }
  PL_ALWAYS_INLINE double lane(C x) const { return magnitude(x); }
  PL_ALWAYS_INLINE void absorb(double& s, double v) const { s = policy.join(s, v); }
  static PL_ALWAYS_INLINE void combine(double& s, double o) { s = P().join(s, o); }
};
template <class C, class L> struct PowerLike {
  using Elem = C;
  using Policy = SumOf<L>;
  using State = double;
  static constexpr bool kDirect = false;
  Policy policy;
  L p;
  explicit PowerLike(const ReduceParams& q) : p(L(q.p)) {}
  static double nothing() { return 0; }
  PL_ALWAYS_INLINE L lane(C x) const { return math::pow(size(x), p); }
  PL_ALWAYS_INLINE void absorb(double& s, L v) const { s += double(v); }
  static PL_ALWAYS_INLINE void combine(double& s, double o) { s += o; }

 private:
  static PL_ALWAYS_INLINE L size(C x) {
    if constexpr (sizeof(C) == sizeof(L)) return math::abs(x);
    else return magnitude(x);
  }
};

// Results: each takes one state.
template <class S, class Out, class F> PL_ALWAYS_INLINE void each(int64_t m, const void* states, void* out, F f) {
  for (int64_t i = 0; i < m; ++i) static_cast<Out*>(out)[i] = Out(f(static_cast<const S*>(states)[i]));
}
template <class S, class Out> void finish_plain(int64_t m, const void* s, const ReduceParams&, void* out, void*) {
  each<S, Out>(m, s, out, [](S v) { return v; });
}
template <class S, class Out> void finish_mean(int64_t m, const void* s, const ReduceParams& p, void* out, void*) {
  const double n = double(p.n);
  each<S, Out>(m, s, out, [n](S v) { return v / n; });
}
template <class Out> void finish_root(int64_t m, const void* s, const ReduceParams&, void* out, void*) {
  each<double, Out>(m, s, out, [](double v) { return math::sqrt(v); });
}
template <class Out> void finish_power(int64_t m, const void* s, const ReduceParams& p, void* out, void*) {
  const double e = 1 / p.p;
  each<double, Out>(m, s, out, [e](double v) { return math::pow(v, e); });
}
void finish_any(int64_t m, const void* s, const ReduceParams&, void* out, void*) {
  each<int64_t, int64_t>(m, s, out, [](int64_t v) { return v > 0; });
}
void finish_all(int64_t m, const void* s, const ReduceParams& p, void* out, void*) {
  const int64_t n = p.n;
  each<int64_t, int64_t>(m, s, out, [n](int64_t v) { return v == n; });
}

// ---------------------------------------------------------------- counting bytes that are not zero
struct ByteKernels {
  static void init(int64_t m, void* states) { std::memset(states, 0, size_t(m) * sizeof(int64_t)); }

  static int64_t count(const uint8_t* x, int64_t n) {
    constexpr int W = kVectorBytes, most = 255;      // as many ones as a lane can count
    int64_t total = 0, i = 0;
    while (i + W <= n) {
      Vec<uint8_t> lanes{};
      for (int k = 0; k < most && i + W <= n; ++k, i += W) lanes -= Vec<uint8_t>(load_vector(x + i) != 0);
      for (int j = 0; j < W; ++j) total += lanes[j];
    }
    for (; i < n; ++i) total += x[i] != 0;
    return total;
  }
  static void rows(int64_t m, int64_t n, const void* x, int64_t stride, int64_t, void* states, const ReduceParams&) {
    for (int64_t i = 0; i < m; ++i)
      static_cast<int64_t*>(states)[i] += count(static_cast<const uint8_t*>(x) + i * stride, n);
  }
  static void cols(int64_t n, int64_t m, const void* in, int64_t stride, int64_t, void* states, const ReduceParams&) {
    constexpr int64_t most = 255;
    uint8_t lanes[kColTile];
    for (int64_t j0 = 0; j0 < m; j0 += kColTile)
      for (int64_t b = 0; b < n; b += most) {
        const int64_t w = m - j0 < kColTile ? m - j0 : kColTile, end = n - b < most ? n : b + most;
        std::memset(lanes, 0, size_t(w));
        for (int64_t i = b; i < end; ++i) {
          const uint8_t* x = static_cast<const uint8_t*>(in) + i * stride + j0;
#pragma GCC ivdep
          for (int64_t j = 0; j < w; ++j) lanes[j] = uint8_t(lanes[j] + (x[j] != 0));
        }
        for (int64_t j = 0; j < w; ++j) static_cast<int64_t*>(states)[j0 + j] += lanes[j];
      }
  }
  static void merge(int64_t m, const void* from, void* into) {
    for (int64_t i = 0; i < m; ++i) static_cast<int64_t*>(into)[i] += static_cast<const int64_t*>(from)[i];
  }
  static void set(ReduceKernels& k, Reduction kind, decltype(Reducer::finish) finish) {
    k.reducers[int(kind)][kBytes] = {8, true, {Compute::I64, Compute::I64}, false, init, rows, cols, merge, finish};
  }
};

// ---------------------------------------------------------------- sums of complex numbers
template <class F, class S> struct ComplexFold {
  using C = Complex<double>;
  static void init(int64_t m, void* states) {
    for (int64_t i = 0; i < m; ++i) static_cast<S*>(states)[i] = F::nothing();
  }
  // Blocks keep the rounding error of a long sum small.
  static void run(int64_t n, const C* x, int64_t stride, S& s) {
    for (int64_t b = 0; b < n; b += 128) {
      S part = F::nothing();
      for (int64_t i = b; i < n && i < b + 128; ++i) F::add(part, x[i * stride]);
      F::combine(s, part);
    }
  }
  static void rows(int64_t m, int64_t n, const void* x, int64_t stride, int64_t, void* states, const ReduceParams&) {
    for (int64_t i = 0; i < m; ++i) run(n, static_cast<const C*>(x) + i * stride, 1, static_cast<S*>(states)[i]);
  }
  static void cols(int64_t n, int64_t m, const void* x, int64_t stride, int64_t, void* states, const ReduceParams&) {
    for (int64_t j = 0; j < m; ++j) run(n, static_cast<const C*>(x) + j, stride, static_cast<S*>(states)[j]);
  }
  static void merge(int64_t m, const void* from, void* into) {
    for (int64_t i = 0; i < m; ++i) F::combine(static_cast<S*>(into)[i], static_cast<const S*>(from)[i]);
  }
  template <class G> static void set(ReduceKernels& k, Reduction kind, Compute out, G finish) {
    k.reducers[int(kind)][int(Compute::C128)] = {int(sizeof(S)), true, {out, out}, false, init,
                                                 rows,           cols, merge,      finish};
  }
};
struct ComplexSum {
  using C = Complex<double>;
  static C nothing() { return C(0); }
  static PL_ALWAYS_INLINE void add(C& s, C x) { s += x; }
  static PL_ALWAYS_INLINE void combine(C& s, C x) { s += x; }
};
struct ComplexNanSum : ComplexSum {
  static PL_ALWAYS_INLINE void add(C& s, C x) { if (x == x) s += x; }
};
struct ComplexProduct {
  using C = Complex<double>;
  static C nothing() { return C(1); }
  static PL_ALWAYS_INLINE void add(C& s, C x) { s *= x; }
  static PL_ALWAYS_INLINE void combine(C& s, C x) { s *= x; }
};
struct ComplexCount {
  static int64_t nothing() { return 0; }
  static PL_ALWAYS_INLINE void add(int64_t& s, Complex<double> x) { s += x != Complex<double>(0); }
  static PL_ALWAYS_INLINE void combine(int64_t& s, int64_t o) { s += o; }
};

// ---------------------------------------------------------------- the extreme and where it is
template <class T, bool kMax> struct ArgKernels {
  struct State {
    T value;
    int64_t index;           // -1: nothing seen yet
  };
  using Policy = ExtremeOf<T, kMax>;
  using Position =
      std::conditional_t<sizeof(T) == 4, int32_t, int64_t>;  // as wide as the element, so that loops vectorise

  static PL_ALWAYS_INLINE bool better(T x, T than) {
    return (kMax ? x > than : x < than) | ((x != x) & (than == than));
  }

  static void init(int64_t m, void* states) {
    for (int64_t i = 0; i < m; ++i) static_cast<State*>(states)[i] = {Policy().padding(), -1};
  }

  // Lanes that hold v; NaN equals NaN.
  static PL_ALWAYS_INLINE auto equal(Vec<T> x, T v) { return v != v ? x != x : x == v; }

  // The first element that equals v; it is there.
  static int64_t find(const T* x, int64_t n, T v) {
    constexpr int W = Vector<T>::width;
    int64_t i = 0;
    for (; i + W <= n; i += W) {
      const int j = first_lane(equal(load_vector(x + i), v));
      if (j < W) return i + j;
    }
    return i + first_lane(equal(load_partial(x + i, int(n - i), v), v));
  }

  static PL_ALWAYS_INLINE void take(State& s, T value, int64_t index) {
    if (s.index < 0 || better(value, s.value)) s = {value, index};
  }

  static void short_rows(int64_t m, int64_t n, const T* row, int64_t stride, int64_t first, State* s) {
    const Policy p;
    for (int64_t i = 0; i < m; ++i, row += stride) {
      const Vec<T> v = load_partial(row, int(n), p.padding());
      const T best = join_lanes(p, v);
      take(s[i], best, first + first_lane(equal(v, best)));
    }
  }

  static void rows(int64_t m, int64_t n, const void* x, int64_t stride, int64_t first, void* states,
                   const ReduceParams&) {
    const T* row = static_cast<const T*>(x);
    if (n > 0 && n < Vector<T>::width) return short_rows(m, n, row, stride, first, static_cast<State*>(states));
    for (int64_t i = 0; i < m; ++i, row += stride) {
      State& s = static_cast<State*>(states)[i];
      for (int64_t b = 0; b < n; b += kFoldChunk) {
        int64_t c = n - b < kFoldChunk ? n - b : kFoldChunk;
        T v = fold_chunk(Policy(), row + b, c);
        if (s.index < 0 || better(v, s.value)) s = {v, first + b + find(row + b, c, v)};
      }
    }
  }

  static void block(int64_t n, int64_t m, const T* x, int64_t stride, int64_t first, State* s) {
    T value[kColTile];
    Position where[kColTile];
    for (int64_t j = 0; j < m; ++j) {
      value[j] = x[j];
      where[j] = 0;
    }
    for (int64_t i = 1; i < n; ++i) {
      const T* row = x + i * stride;
      const Position at = Position(i);
#pragma GCC ivdep
      for (int64_t j = 0; j < m; ++j) {
        const bool b = better(row[j], value[j]);
        value[j] = b ? row[j] : value[j];
        where[j] = b ? at : where[j];
      }
    }
    for (int64_t j = 0; j < m; ++j) take(s[j], value[j], first + int64_t(where[j]));
  }

  static void cols(int64_t n, int64_t m, const void* x, int64_t stride, int64_t first, void* states,
                   const ReduceParams&) {
    constexpr int64_t rows_at_once = 4096;
    for (int64_t i = 0; i < n; i += rows_at_once)
      for (int64_t j = 0; j < m; j += kColTile)
        block(n - i < rows_at_once ? n - i : rows_at_once, m - j < kColTile ? m - j : kColTile,
              static_cast<const T*>(x) + i * stride + j, stride, first + i, static_cast<State*>(states) + j);
  }

  static void merge(int64_t m, const void* from, void* into) {
    for (int64_t i = 0; i < m; ++i) {
      const State& f = static_cast<const State*>(from)[i];
      if (f.index >= 0) take(static_cast<State*>(into)[i], f.value, f.index);
    }
  }

  static void finish(int64_t m, const void* states, const ReduceParams&, void* out, void* second) {
    for (int64_t i = 0; i < m; ++i) {
      const State& s = static_cast<const State*>(states)[i];
      if (out) static_cast<T*>(out)[i] = s.value;
      if (second) static_cast<int64_t*>(second)[i] = s.index;
    }
  }

  static void set(ReduceKernels& k) {
    k.reducers[int(kMax ? Reduction::ArgMax : Reduction::ArgMin)][int(compute_of<T>)] = {
        int(sizeof(State)), false, {compute_of<T>, Compute::I64}, true, init, rows, cols, merge, finish};
  }
};

// ---------------------------------------------------------------- variance
// Chunks small enough to stay in the cache are read twice, for the mean and for the squared distances from it; chunks
// are put together by Chan, Golub and LeVeque's formula in double.
template <class T> struct MomentKernels {
  struct State { double n, mean, spread; };

  static void init(int64_t m, void* states) {
    for (int64_t i = 0; i < m; ++i) static_cast<State*>(states)[i] = {};
  }

  static PL_ALWAYS_INLINE void join(State& s, double n, double mean, double spread) {
    const double total = s.n + n, shift = mean - s.mean;
    s.spread += spread + shift * shift * (s.n * n / total);
    s.mean = s.n == 0 ? mean : s.mean + shift * (n / total);
    s.n = total;
  }

  static void rows(int64_t m, int64_t n, const void* x, int64_t stride, int64_t, void* states, const ReduceParams&) {
    constexpr int64_t chunk = 2048;
    const T* row = static_cast<const T*>(x);
    for (int64_t i = 0; i < m; ++i, row += stride)
      for (int64_t b = 0; b < n; b += chunk) {
        const int64_t c = n - b < chunk ? n - b : chunk;
        const double mean = double(fold_chunk(SumOf<T>(), row + b, c)) / double(c);
        const T centre = T(mean);
        const double error = mean - double(centre);
        const double spread = double(fold_chunk(SpreadOf<T>(centre), row + b, c)) - double(c) * error * error;
        join(static_cast<State*>(states)[i], double(c), mean, spread > 0 || spread != spread ? spread : 0);
      }
  }

  static void block(int64_t n, int64_t m, const T* x, int64_t stride, State* s) {
    T mean[kColTile], spread[kColTile];
    for (int64_t j = 0; j < m; ++j) mean[j] = x[j];
    for (int64_t i = 1; i < n; ++i)
#pragma GCC ivdep
      for (int64_t j = 0; j < m; ++j) mean[j] += x[i * stride + j];
    const T each = T(1) / T(n);
    for (int64_t j = 0; j < m; ++j) {
      mean[j] *= each;
      spread[j] = (x[j] - mean[j]) * (x[j] - mean[j]);
    }
    // The distances' own sum corrects the rounded mean.
    T rest[kColTile];
    for (int64_t j = 0; j < m; ++j) rest[j] = x[j] - mean[j];
    for (int64_t i = 1; i < n; ++i)
#pragma GCC ivdep
      for (int64_t j = 0; j < m; ++j) {
        const T d = x[i * stride + j] - mean[j];
        rest[j] += d;
        spread[j] += d * d;
      }
    for (int64_t j = 0; j < m; ++j) {
      const double off = double(rest[j]) / double(n), sq = double(spread[j]) - double(n) * off * off;
      join(s[j], double(n), off == off ? double(mean[j]) + off : double(mean[j]), sq > 0 || sq != sq ? sq : 0);
    }
  }

  static void cols(int64_t n, int64_t m, const void* x, int64_t stride, int64_t, void* states, const ReduceParams&) {
    constexpr int64_t tile = 512;      // 64 rows of it stay in the second-level cache between the passes
    for (int64_t j = 0; j < m; j += tile)
      for (int64_t i = 0; i < n; i += kColBlock)
        block(n - i < kColBlock ? n - i : kColBlock, m - j < tile ? m - j : tile,
              static_cast<const T*>(x) + i * stride + j, stride, static_cast<State*>(states) + j);
  }

  static void merge(int64_t m, const void* from, void* into) {
    for (int64_t i = 0; i < m; ++i) {
      const State& f = static_cast<const State*>(from)[i];
      if (f.n > 0) join(static_cast<State*>(into)[i], f.n, f.mean, f.spread);
    }
  }

  template <bool kRoot>
  static void finish(int64_t m, const void* states, const ReduceParams& p, void* out, void* second) {
    for (int64_t i = 0; i < m; ++i) {
      const State& s = static_cast<const State*>(states)[i];
      const double free = double(p.n) - p.p, var = p.n == 0 ? math::nan<double>() : s.spread / (free > 0 ? free : 0);
      static_cast<T*>(out)[i] = T(kRoot ? math::sqrt(var) : var);
      if (second) static_cast<T*>(second)[i] = T(p.n == 0 ? math::nan<double>() : s.mean);
    }
  }

  static void set(ReduceKernels& k) {
    const Compute c = compute_of<T>;
    k.reducers[int(Reduction::Var)][int(c)] = {int(sizeof(State)), true, {c, c}, true, init, rows, cols, merge,
                                               finish<false>};
    k.reducers[int(Reduction::Std)][int(c)] = {int(sizeof(State)), true, {c, c}, true, init, rows, cols, merge,
                                               finish<true>};
  }
};

// Complex variance is the mean squared distance in the plane: Welford's step, element by element.
struct ComplexMoments {
  using C = Complex<double>;
  struct State {
    double n;
    C mean;
    double spread;
  };
  static State nothing() { return {0, C(0), 0}; }
  static PL_ALWAYS_INLINE double dot(C a, C b) { return a.re * b.re + a.im * b.im; }
  static PL_ALWAYS_INLINE void add(State& s, C x) {
    const C d = x - s.mean;
    s.n += 1;
    s.mean += d / C(s.n);
    s.spread += dot(d, x - s.mean);
  }
  static PL_ALWAYS_INLINE void combine(State& s, const State& o) {
    if (o.n == 0) return;
    const double total = s.n + o.n;
    const C d = o.mean - s.mean;
    s.spread += o.spread + dot(d, d) * (s.n * o.n / total);
    s.mean = s.n == 0 ? o.mean : s.mean + d * C(o.n / total);
    s.n = total;
  }
  template <bool kRoot>
  static void finish(int64_t m, const void* states, const ReduceParams& p, void* out, void* second) {
    for (int64_t i = 0; i < m; ++i) {
      const State& s = static_cast<const State*>(states)[i];
      const double free = double(p.n) - p.p, var = p.n == 0 ? math::nan<double>() : s.spread / (free > 0 ? free : 0);
      static_cast<double*>(out)[i] = kRoot ? math::sqrt(var) : var;
      if (second) static_cast<C*>(second)[i] = p.n == 0 ? C(math::nan<double>(), math::nan<double>()) : s.mean;
    }
  }
};

// ---------------------------------------------------------------- log of a sum of exponentials
template <class T> struct LogSumExpKernels {
  struct State { double top, sum; };       // sum of exp(x - top); top = 0 where the largest element is infinite

  static void init(int64_t m, void* states) {
    for (int64_t i = 0; i < m; ++i) static_cast<State*>(states)[i] = {0, 0};
  }
  // An infinite element makes the sum infinite whatever else there is, NaN apart.
  static PL_ALWAYS_INLINE void join(State& s, T top, T sum) {
    const bool infinite = top == math::infinity<T>();
    add(s, infinite ? 0 : double(anchor(top)), infinite ? math::infinity<double>() : double(sum));
  }
  static PL_ALWAYS_INLINE void add(State& s, double top, double sum) {
    if (sum == 0) return;
    if (s.sum == 0 || sum == math::infinity<double>()) {
      s = {top, s.sum == s.sum ? sum : s.sum};
    } else if (s.sum != math::infinity<double>()) {
      const double both = (top > s.top) | (top != top) ? top : s.top;
      s = {both, s.sum * math::exp(s.top - both) + sum * math::exp(top - both)};
    } else if (sum != sum) {
      s.sum = sum;
    }
  }
  static PL_ALWAYS_INLINE T anchor(T top) { return math::abs(top) == math::infinity<T>() ? T(0) : top; }

  static void rows(int64_t m, int64_t n, const void* x, int64_t stride, int64_t, void* states, const ReduceParams&) {
    constexpr int64_t chunk = 1024;
    T t[chunk];
    const T* row = static_cast<const T*>(x);
    for (int64_t i = 0; i < m; ++i, row += stride)
      for (int64_t b = 0; b < n; b += chunk) {
        const int64_t c = n - b < chunk ? n - b : chunk;
        const T top = fold_chunk(ExtremeOf<T, true>(), row + b, c), centre = anchor(top);
        map_row(c, t, [centre](T v) { return exp_of_negative(v - centre); }, row + b);
        join(static_cast<State*>(states)[i], top, fold_chunk(SumOf<T>(), t, c));
      }
  }

  static void cols(int64_t n, int64_t m, const void* x, int64_t stride, int64_t, void* states, const ReduceParams&) {
    T top[kColTile], sum[kColTile];
    for (int64_t j = 0; j < m; j += kColTile)
      for (int64_t i = 0; i < n; i += kColBlock) {
        const int64_t w = m - j < kColTile ? m - j : kColTile, h = n - i < kColBlock ? n - i : kColBlock;
        const T* data = static_cast<const T*>(x) + i * stride + j;
        State* s = static_cast<State*>(states) + j;
        for (int64_t c = 0; c < w; ++c) top[c] = data[c], sum[c] = 0;
        for (int64_t r = 1; r < h; ++r)
#pragma GCC ivdep
          for (int64_t c = 0; c < w; ++c) top[c] = ExtremeOf<T, true>().join(top[c], data[r * stride + c]);
        for (int64_t r = 0; r < h; ++r)
#pragma GCC ivdep
          for (int64_t c = 0; c < w; ++c) sum[c] += exp_of_negative(data[r * stride + c] - anchor(top[c]));
        for (int64_t c = 0; c < w; ++c) join(s[c], top[c], sum[c]);
      }
  }

  static void merge(int64_t m, const void* from, void* into) {
    for (int64_t i = 0; i < m; ++i) {
      const State& f = static_cast<const State*>(from)[i];
      add(static_cast<State*>(into)[i], f.top, f.sum);
    }
  }
  static void finish(int64_t m, const void* states, const ReduceParams&, void* out, void*) {
    each<State, T>(m, states, out, [](State s) { return math::log(s.sum) + s.top; });
  }
  static void set(ReduceKernels& k) {
    const Compute c = compute_of<T>;
    k.reducers[int(Reduction::LogSumExp)][int(c)] = {
        int(sizeof(State)), true, {c, c}, false, init, rows, cols, merge, finish};
  }
};

// ---------------------------------------------------------------- the table
template <class T, class S> void fill_real(ReduceKernels& k) {
  const Compute c = compute_of<T>;
  FoldKernels<SumLike<T, SumOf<T>, S>>::set(k, Reduction::Sum, c, finish_plain<S, T>);
  FoldKernels<SumLike<T, NanSumOf<T>, S>>::set(k, Reduction::NanSum, c, finish_plain<S, T>);
  FoldKernels<ProductLike<T, S>>::set(k, Reduction::Prod, c, finish_plain<S, T>);
  FoldKernels<ExtremeLike<T, ExtremeOf<T, true>>>::set(k, Reduction::Max, c, finish_plain<T, T>);
  FoldKernels<ExtremeLike<T, ExtremeOf<T, false>>>::set(k, Reduction::Min, c, finish_plain<T, T>);
  using Count = FoldKernels<SumLike<T, CountOf<T>, int64_t>>;
  Count::set(k, Reduction::Count, Compute::I64, finish_plain<int64_t, int64_t>);
  Count::set(k, Reduction::Any, Compute::I64, finish_any);
  Count::set(k, Reduction::All, Compute::I64, finish_all);
  ArgKernels<T, true>::set(k);
  ArgKernels<T, false>::set(k);
}

template <class T> void fill_float(ReduceKernels& k) {
  const Compute c = compute_of<T>;
  FoldKernels<SumLike<T, SumOf<T>, double>>::set(k, Reduction::Mean, c, finish_mean<double, T>);
  FoldKernels<SumLike<T, AbsSumOf<T>, double>>::set(k, Reduction::Norm1, c, finish_plain<double, T>);
  FoldKernels<SumLike<T, SquareSumOf<T>, double>>::set(k, Reduction::Norm2, c, finish_root<T>);
  FoldKernels<ExtremeLike<T, AbsExtremeOf<T, true>>>::set(k, Reduction::NormInf, c, finish_plain<T, T>);
  FoldKernels<ExtremeLike<T, AbsExtremeOf<T, false>>>::set(k, Reduction::NormNegInf, c, finish_plain<T, T>);
  FoldKernels<PowerLike<T, T>>::set(k, Reduction::NormP, c, finish_power<T>);
  MomentKernels<T>::set(k);
  LogSumExpKernels<T>::set(k);
}

void fill_complex(ReduceKernels& k) {
  using C = Complex<double>;
  const Compute c = Compute::C128, r = Compute::F64;
  ComplexFold<ComplexSum, C>::set(k, Reduction::Sum, c, finish_plain<C, C>);
  ComplexFold<ComplexSum, C>::set(k, Reduction::Mean, c, finish_mean<C, C>);
  ComplexFold<ComplexNanSum, C>::set(k, Reduction::NanSum, c, finish_plain<C, C>);
  ComplexFold<ComplexProduct, C>::set(k, Reduction::Prod, c, finish_plain<C, C>);
  ComplexFold<ComplexCount, int64_t>::set(k, Reduction::Count, Compute::I64, finish_plain<int64_t, int64_t>);
  ComplexFold<ComplexCount, int64_t>::set(k, Reduction::Any, Compute::I64, finish_any);
  ComplexFold<ComplexCount, int64_t>::set(k, Reduction::All, Compute::I64, finish_all);
  FoldKernels<MagnitudeLike<C, SumOf<double>>>::set(k, Reduction::Norm1, r, finish_plain<double, double>);
  FoldKernels<MagnitudeLike<C, SquareSumOf<double>>>::set(k, Reduction::Norm2, r, finish_root<double>);
  FoldKernels<MagnitudeLike<C, ExtremeOf<double, true>>>::set(k, Reduction::NormInf, r, finish_plain<double, double>);
  FoldKernels<MagnitudeLike<C, ExtremeOf<double, false>>>::set(k, Reduction::NormNegInf, r,
                                                               finish_plain<double, double>);
  FoldKernels<PowerLike<C, double>>::set(k, Reduction::NormP, r, finish_power<double>);
  using Moments = ComplexFold<ComplexMoments, ComplexMoments::State>;
  Moments::set(k, Reduction::Var, r, ComplexMoments::finish<false>);
  Moments::set(k, Reduction::Std, r, ComplexMoments::finish<true>);
  for (int kind = int(Reduction::Var); kind <= int(Reduction::Std); ++kind) {
    Reducer& m = k.reducers[kind][int(c)];
    m.out[1] = c;
    m.second = true;
  }
}

}  // namespace

void fill_reduce(ReduceKernels& k) {
  k = {};
  fill_real<float, double>(k);
  fill_real<double, double>(k);
  fill_real<int64_t, int64_t>(k);
  fill_float<float>(k);
  fill_float<double>(k);
  fill_complex(k);
  ByteKernels::set(k, Reduction::Sum, finish_plain<int64_t, int64_t>);
  ByteKernels::set(k, Reduction::Count, finish_plain<int64_t, int64_t>);
  ByteKernels::set(k, Reduction::Any, finish_any);
  ByteKernels::set(k, Reduction::All, finish_all);
  fill_softmax(k.softmax);
  fill_scan(k.scan);
  fill_sort(k.sort);
}

}  // namespace PL_ISA
}  // namespace pl
