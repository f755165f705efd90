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

// Of equal elements the first in memory counts; a NaN is larger than every number.
template <class T> struct Largest {
  T value;
  int64_t place = -1;
  PL_ALWAYS_INLINE void meet(T v, int64_t at) {
    if (place < 0 || v > value || v != v || (v == value && at < place)) value = v, place = at;
  }
};

template <class T> struct MaxRow {
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

  void run(const Columns& c, T* y, int64_t* index) const {
    using Place = typename PlaceOf<T>::type;
    T value[kSpan];
    Place from[kSpan];
    const int64_t n = c.in1 - c.in0;
    bool first = true;
    each_row(dims, d, h, [&](int64_t row) {
      const T* at = x + row + c.in0;
      const Place base = Place(row + c.in0);
      if (first) {
        for (int64_t i = 0; i < n; ++i) value[i] = at[i], from[i] = base;
        first = false;
        return;
      }
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const bool larger = (at[i] > value[i]) | (at[i] != at[i]);
        value[i] = larger ? at[i] : value[i];
        from[i] = larger ? base : from[i];
      }
    });
    for (int64_t o = c.out0; o < c.out1; ++o) {
      Largest<T> best{};
      for (int64_t i = dims[2].begin[o] - c.in0; i < dims[2].end[o] - c.in0; i += dims[2].step) best.meet(value[i], int64_t(from[i]) + i);
      y[o] = best.value;
      if (index) index[o] = best.place;
    }
  }
};

template <class T> void max(int64_t planes, const PoolDim* dims, const T* x, T* y, int64_t* index) {
  const PoolDim& w = dims[2];
  each_output_row(planes, dims, [&](int64_t in, int64_t out, int64_t d, int64_t h) {
    const MaxRow<T> row{dims, x + in, d, h};
    for (Columns c{0, 0, 0, 0}; c.out1 < w.out;) {
      c = next_columns(w, c.out1);
      if (c.in1 - c.in0 <= kSpan) {
        row.run(c, y + out, index ? index + out : nullptr);
        continue;
      }
      const Largest<T> best = row.wide(c.out0);
      y[out + c.out0] = best.value;
      if (index) index[out + c.out0] = best.place;
    }
  });
}

template <class T> PL_ALWAYS_INLINE T share(const PoolDim* dims, double divisor, int64_t d, int64_t h, int64_t o) {
  return T(1 / (divisor != 0 ? divisor : double(dims[0].extent[d] * dims[1].extent[h] * dims[2].extent[o])));
}

template <class T> void average(int64_t planes, const PoolDim* dims, double divisor, const T* x, T* y) {
  const PoolDim& w = dims[2];
  each_output_row(planes, dims, [&](int64_t in, int64_t out, int64_t d, int64_t h) {
    T sum[kSpan];
    for (Columns c{0, 0, 0, 0}; c.out1 < w.out;) {
      c = next_columns(w, c.out1);
      // A single wide window is summed piece by piece.
      T total = 0;
      for (int64_t i0 = c.in0; i0 < c.in1; i0 += kSpan) {
        const int64_t n = c.in1 - i0 < kSpan ? c.in1 - i0 : kSpan;
        for (int64_t i = 0; i < n; ++i) sum[i] = 0;
        each_row(dims, d, h, [&](int64_t row) {
          const T* at = x + in + row + i0;
#pragma GCC ivdep
          for (int64_t i = 0; i < n; ++i) sum[i] += at[i];
        });
        if (c.in1 - c.in0 > kSpan)
          for (int64_t i = 0; i < n; ++i) total += sum[i];
      }
      if (c.in1 - c.in0 > kSpan) {
        y[out + c.out0] = total * share<T>(dims, divisor, d, h, c.out0);
        continue;
      }
      for (int64_t o = c.out0; o < c.out1; ++o) {
        T s = 0;
        for (int64_t i = w.begin[o] - c.in0; i < w.end[o] - c.in0; ++i) s += sum[i];
        y[out + o] = s * share<T>(dims, divisor, d, h, o);
      }
    }
  });
}

template <class T> void average_backward(int64_t planes, const PoolDim* dims, double divisor, const T* g, T* dx) {
  const int64_t size = dims[0].in * dims[1].in * dims[2].in;
  const PoolDim& w = dims[2];
  for (int64_t i = 0; i < planes * size; ++i) dx[i] = 0;
  each_output_row(planes, dims, [&](int64_t in, int64_t out, int64_t d, int64_t h) {
    T sum[kSpan];
    for (Columns c{0, 0, 0, 0}; c.out1 < w.out;) {
      c = next_columns(w, c.out1);
      const bool wide = c.in1 - c.in0 > kSpan;
      for (int64_t i0 = c.in0; i0 < c.in1; i0 += kSpan) {
        const int64_t n = c.in1 - i0 < kSpan ? c.in1 - i0 : kSpan;
        const T all = wide ? g[out + c.out0] * share<T>(dims, divisor, d, h, c.out0) : T(0);
        for (int64_t i = 0; i < n; ++i) sum[i] = all;
        for (int64_t o = c.out0; o < c.out1 && !wide; ++o) {
          const T part = g[out + o] * share<T>(dims, divisor, d, h, o);
          for (int64_t i = w.begin[o] - c.in0; i < w.end[o] - c.in0; ++i) sum[i] += part;
        }
        each_row(dims, d, h, [&](int64_t row) {
          T* at = dx + in + row + i0;
#pragma GCC ivdep
          for (int64_t i = 0; i < n; ++i) at[i] += sum[i];
        });
      }
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
