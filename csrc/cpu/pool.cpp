// A window is folded row by row first, which vectorises along the width, and then across the columns.
#include "cpu/pool.h"
#include "cpu/lanes.h"

namespace pl {
namespace PL_ISA {
namespace {

constexpr int64_t kSpan = 1024;      // columns of the input folded at a time

template <class T> struct PlaceOf;   // an integer as wide as T, for a place in a plane
template <> struct PlaceOf<float> { using type = int32_t; };
template <> struct PlaceOf<double> { using type = int64_t; };

// A stretch of output columns whose windows lie within kSpan columns of the input.
struct Columns {
  int64_t out0, out1, in0, in1;
};

// Where windows are spread out, one that starts in the padding may begin behind the next.
PL_ALWAYS_INLINE Columns next_columns(const PoolDim& w, int64_t out0) {
  Columns c{out0, out0, w.begin[out0], w.end[out0]};
  for (int64_t o = out0; o < w.out; ++o) {
    const int64_t in0 = w.begin[o] < c.in0 ? w.begin[o] : c.in0, in1 = w.end[o] > c.in1 ? w.end[o] : c.in1;
    if (in1 - in0 > kSpan && o > out0) break;
    c = {out0, o + 1, in0, in1};
  }
  return c;
}

// f(offset of the row in the plane) for each row of the window of outputs (d, h).
template <class F> PL_ALWAYS_INLINE void each_row(const PoolDim* dims, int64_t d, int64_t h, F f) {
  for (int64_t i = dims[0].begin[d]; i < dims[0].end[d]; i += dims[0].step)
    for (int64_t j = dims[1].begin[h]; j < dims[1].end[h]; j += dims[1].step) f((i * dims[1].in + j) * dims[2].in);
}

// f(plane's input offset, plane's output offset, d, h) for each row of outputs.
template <class F> PL_ALWAYS_INLINE void each_output_row(int64_t planes, const PoolDim* dims, F f) {
  const int64_t in = dims[0].in * dims[1].in * dims[2].in, out = dims[0].out * dims[1].out * dims[2].out;
  for (int64_t p = 0; p < planes; ++p)
    for (int64_t d = 0; d < dims[0].out; ++d)
      for (int64_t h = 0; h < dims[1].out; ++h) f(p * in, p * out + (d * dims[1].out + h) * dims[2].out, d, h);
}

// The outputs of a row in stretches: run(o0, o1, whether their windows are regular).
template <class F> PL_ALWAYS_INLINE void each_stretch(const PoolDim& w, const Columns& c, F run) {
  const int64_t a = w.regular0 > c.out0 ? w.regular0 : c.out0, b = w.regular1 < c.out1 ? w.regular1 : c.out1;
  if (a >= b) return run(c.out0, c.out1, false);
  if (c.out0 < a) run(c.out0, a, false);
  run(a, b, true);
  if (b < c.out1) run(b, c.out1, false);
}

// ---- the largest element: of equal ones the first in memory; a NaN is larger than every number
template <class T> struct Largest {
  T value;
  int64_t place = -1;
  PL_ALWAYS_INLINE void meet(T v, int64_t at) {
    if (place < 0 || v > value || v != v || (v == value && at < place)) value = v, place = at;
  }
};

template <class T, bool kIndex> struct MaxRow {
  using Place = typename PlaceOf<T>::type;
  const PoolDim* dims;
  const T* x;            // the plane
  int64_t d, h;

  // Windows too wide for the buffers.
  Largest<T> wide(int64_t o) const {
    Largest<T> best{};
    each_row(dims, d, h, [&](int64_t row) {
      for (int64_t i = dims[2].begin[o]; i < dims[2].end[o]; i += dims[2].step) best.meet(x[row + i], row + i);
    });
    return best;
  }

  // The largest of each column, and the row where it stands.
  PL_ALWAYS_INLINE void fold_rows(const Columns& c, T* value, Place* from) const {
    const int64_t n = c.in1 - c.in0;
    bool first = true;
    each_row(dims, d, h, [&](int64_t row) {
      const T* at = x + row + c.in0;
      const Place base = Place(row + c.in0);
      if (first) {
        for (int64_t i = 0; i < n; ++i) value[i] = at[i];
        if constexpr (kIndex) for (int64_t i = 0; i < n; ++i) from[i] = base;
        first = false;
        return;
      }
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const bool larger = (at[i] > value[i]) | (at[i] != at[i]);
        value[i] = larger ? at[i] : value[i];
        if constexpr (kIndex) from[i] = larger ? base : from[i];
      }
    });
  }

  // n windows of `taps` columns from `first` on, kStride columns apart.
  template <int64_t kStride> void regular(int64_t n, int64_t first, int64_t taps, int64_t stride, const T* value, const Place* from, T* y, int64_t* index) const {
    T best[kSpan];
    Place place[kSpan];
    const int64_t s = kStride ? kStride : stride, step = dims[2].step;
    for (int64_t k = 0; k < taps; ++k) {
      const int64_t o = first + k * step;
      const T* v = value + o;
      const Place* f = from + o;
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const T candidate = v[i * s];
        bool take = (k == 0) | (candidate > best[i]) | (candidate != candidate);
        if constexpr (kIndex) {
          const Place at = f[i * s] + Place(i * s + o);
          take |= (candidate == best[i]) & (at < place[i]);
          place[i] = take ? at : place[i];
        }
        best[i] = take ? candidate : best[i];
      }
    }
    for (int64_t i = 0; i < n; ++i) y[i] = best[i];
    if constexpr (kIndex) for (int64_t i = 0; i < n; ++i) index[i] = place[i];
  }

  void run(const Columns& c, T* y, int64_t* index) const {
    T value[kSpan];
    Place from[kSpan];
    fold_rows(c, value, from);
    const PoolDim& w = dims[2];
    each_stretch(w, c, [&](int64_t o0, int64_t o1, bool is_regular) {
      int64_t* to = kIndex ? index + o0 : nullptr;
      if (is_regular) {
        const int64_t first = w.begin[o0] - c.in0, taps = (w.end[o0] - w.begin[o0] - 1) / w.step + 1;
        if (w.stride == 1) return regular<1>(o1 - o0, first, taps, 1, value, from, y + o0, to);
        if (w.stride == 2) return regular<2>(o1 - o0, first, taps, 2, value, from, y + o0, to);
        return regular<0>(o1 - o0, first, taps, w.stride, value, from, y + o0, to);
      }
      for (int64_t o = o0; o < o1; ++o) {
        Largest<T> best{};
        for (int64_t i = w.begin[o] - c.in0; i < w.end[o] - c.in0; i += w.step) best.meet(value[i], kIndex ? int64_t(from[i]) + i : i);
        y[o] = best.value;
        if constexpr (kIndex) index[o] = best.place;
      }
    });
  }
};

template <class T, bool kIndex> void max_of(int64_t planes, const PoolDim* dims, const T* x, T* y, int64_t* index) {
  const PoolDim& w = dims[2];
  each_output_row(planes, dims, [&](int64_t in, int64_t out, int64_t d, int64_t h) {
    const MaxRow<T, kIndex> row{dims, x + in, d, h};
    for (Columns c{0, 0, 0, 0}; c.out1 < w.out;) {
      c = next_columns(w, c.out1);
      if (c.in1 - c.in0 <= kSpan) {
        row.run(c, y + out, kIndex ? index + out : nullptr);
        continue;
      }
      const Largest<T> best = row.wide(c.out0);
      y[out + c.out0] = best.value;
      if constexpr (kIndex) index[out + c.out0] = best.place;
    }
  });
}

template <class T> void max(int64_t planes, const PoolDim* dims, const T* x, T* y, int64_t* index) {
  if (index) max_of<T, true>(planes, dims, x, y, index);
  else max_of<T, false>(planes, dims, x, y, nullptr);
}

// ---- averages
template <class T> struct AverageRow {
  const PoolDim* dims;
  double divisor;
  int64_t d, h;

  T count(int64_t o) const { return T(divisor != 0 ? divisor : double(dims[0].extent[d] * dims[1].extent[h] * dims[2].extent[o])); }

  // The columns [i0, i0 + n) summed over the rows of the window.
  PL_ALWAYS_INLINE void fold_rows(const T* x, int64_t i0, int64_t n, T* sum) const {
    for (int64_t i = 0; i < n; ++i) sum[i] = 0;
    each_row(dims, d, h, [&](int64_t row) {
      const T* at = x + row + i0;
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) sum[i] += at[i];
    });
  }

  T wide(const T* x, int64_t o) const {
    T sum[kSpan], total = 0;
    for (int64_t i0 = dims[2].begin[o]; i0 < dims[2].end[o]; i0 += kSpan) {
      const int64_t n = dims[2].end[o] - i0 < kSpan ? dims[2].end[o] - i0 : kSpan;
      fold_rows(x, i0, n, sum);
      for (int64_t i = 0; i < n; ++i) total += sum[i];
    }
    return total / count(o);
  }

  template <int64_t kStride> void regular(int64_t n, int64_t taps, int64_t stride, const T* sum, T divide_by, T* y) const {
    T total[kSpan];
    const int64_t s = kStride ? kStride : stride;
    for (int64_t i = 0; i < n; ++i) total[i] = sum[i * s];
    for (int64_t k = 1; k < taps; ++k)
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) total[i] += sum[i * s + k];
    for (int64_t i = 0; i < n; ++i) y[i] = total[i] / divide_by;
  }

  void run(const Columns& c, const T* x, T* y) const {
    T sum[kSpan];
    fold_rows(x, c.in0, c.in1 - c.in0, sum);
    const PoolDim& w = dims[2];
    each_stretch(w, c, [&](int64_t o0, int64_t o1, bool is_regular) {
      if (is_regular) {
        const T* first = sum + (w.begin[o0] - c.in0);
        const int64_t taps = w.end[o0] - w.begin[o0];
        if (w.stride == 1) return regular<1>(o1 - o0, taps, 1, first, count(o0), y + o0);
        if (w.stride == 2) return regular<2>(o1 - o0, taps, 2, first, count(o0), y + o0);
        return regular<0>(o1 - o0, taps, w.stride, first, count(o0), y + o0);
      }
      for (int64_t o = o0; o < o1; ++o) {
        T s = 0;
        for (int64_t i = w.begin[o] - c.in0; i < w.end[o] - c.in0; ++i) s += sum[i];
        y[o] = s / count(o);
      }
    });
  }

  // Adds sum to the columns [i0, i0 + n) of the window's rows.
  PL_ALWAYS_INLINE void spread_rows(T* dx, int64_t i0, int64_t n, const T* sum) const {
    each_row(dims, d, h, [&](int64_t row) {
      T* at = dx + row + i0;
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) at[i] += sum[i];
    });
  }

  void wide_backward(T share, int64_t o, T* dx) const {
    T sum[kSpan];
    for (int64_t i = 0; i < kSpan; ++i) sum[i] = share;
    for (int64_t i0 = dims[2].begin[o]; i0 < dims[2].end[o]; i0 += kSpan)
      spread_rows(dx, i0, dims[2].end[o] - i0 < kSpan ? dims[2].end[o] - i0 : kSpan, sum);
  }

  void run_backward(const Columns& c, const T* g, T* dx) const {
    T sum[kSpan];
    const PoolDim& w = dims[2];
    const int64_t n = c.in1 - c.in0;
    for (int64_t i = 0; i < n; ++i) sum[i] = 0;
    each_stretch(w, c, [&](int64_t o0, int64_t o1, bool is_regular) {
      const T same = count(o0);
      for (int64_t o = o0; o < o1; ++o) {
        const T share = g[o] / (is_regular ? same : count(o));
        for (int64_t i = w.begin[o] - c.in0; i < w.end[o] - c.in0; ++i) sum[i] += share;
      }
    });
    spread_rows(dx, c.in0, n, sum);
  }
};

template <class T> void average(int64_t planes, const PoolDim* dims, double divisor, const T* x, T* y) {
  each_output_row(planes, dims, [&](int64_t in, int64_t out, int64_t d, int64_t h) {
    const AverageRow<T> row{dims, divisor, d, h};
    for (Columns c{0, 0, 0, 0}; c.out1 < dims[2].out;) {
      c = next_columns(dims[2], c.out1);
      if (c.in1 - c.in0 <= kSpan) row.run(c, x + in, y + out);
      else y[out + c.out0] = row.wide(x + in, c.out0);
    }
  });
}

template <class T> void average_backward(int64_t planes, const PoolDim* dims, double divisor, const T* g, T* dx) {
  const int64_t size = dims[0].in * dims[1].in * dims[2].in;
  for (int64_t i = 0; i < planes * size; ++i) dx[i] = 0;
  each_output_row(planes, dims, [&](int64_t in, int64_t out, int64_t d, int64_t h) {
    const AverageRow<T> row{dims, divisor, d, h};
    for (Columns c{0, 0, 0, 0}; c.out1 < dims[2].out;) {
      c = next_columns(dims[2], c.out1);
      if (c.in1 - c.in0 <= kSpan) row.run_backward(c, g + out, dx + in);
      else row.wide_backward(g[out + c.out0] / row.count(c.out0), c.out0, dx + in);
    }
  });
}

template <class T> void scatter(int64_t planes, int64_t n, int64_t size, const T* g, const int64_t* index, T* dx) {
  for (int64_t p = 0; p < planes; ++p, g += n, index += n, dx += size)
    for (int64_t i = 0; i < n; ++i) dx[index[i]] += g[i];
}

template <class T> void fill(PoolFunctions<T>& k) {
  k.max = max<T>;
  k.average = average<T>;
  k.average_backward = average_backward<T>;
  k.scatter = scatter<T>;
}

}  // namespace

void fill_pool(PoolKernels& k) {
  fill(k.f32);
  fill(k.f64);
}

}  // namespace PL_ISA
}  // namespace pl
