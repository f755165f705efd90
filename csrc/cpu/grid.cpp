#include "cpu/grid.h"
#include "cpu/lanes.h"

namespace pl {
namespace PL_ISA {
namespace {

template <class T> PL_ALWAYS_INLINE T floor_of(T x) { return sizeof(T) == 4 ? T(__builtin_floorf(float(x))) : T(__builtin_floor(double(x))); }
template <class T> PL_ALWAYS_INLINE T nearest_of(T x) { return sizeof(T) == 4 ? T(__builtin_nearbyintf(float(x))) : T(__builtin_nearbyint(double(x))); }

// A place and how fast it moves with the coordinate of the grid.
template <class T> struct Place {
  T at, slope;
};

// Mirrors x at low and high as often as needed; the bounds are given doubled, so that half elements are exact.
template <class T> Place<T> reflected(Place<T> p, T twice_low, T twice_high) {
  if (twice_low == twice_high) return {T(0), T(0)};
  const T low = twice_low / 2, span = (twice_high - twice_low) / 2;
  T x = p.at - low, sign = T(1);
  if (x < 0) x = -x, sign = T(-1);
  const T flips = floor_of(x / span), extra = x - flips * span;
  const bool even = flips - 2 * floor_of(flips / 2) == T(0);
  return even ? Place<T>{extra + low, p.slope * sign} : Place<T>{span - extra + low, -p.slope * sign};
}

template <class T> Place<T> clipped(Place<T> p, int64_t size) {
  const T last = T(size - 1);
  if (p.at <= 0) return {T(0), T(0)};
  return p.at < last ? p : Place<T>{last, T(0)};       // NaN ends here too
}

// Where [-1, 1] lies among `size` elements.
template <class T> Place<T> unnormalised(T x, int64_t size, bool align) {
  return align ? Place<T>{(x + 1) / 2 * T(size - 1), T(size - 1) / 2} : Place<T>{((x + 1) * T(size) - 1) / 2, T(size) / 2};
}

template <class T> Place<T> padded(Place<T> p, int64_t size, GridPadding padding, bool align) {
  if (padding == GridPadding::Border) return clipped(p, size);
  if (padding == GridPadding::Reflection)
    return clipped(align ? reflected<T>(p, T(0), T(2 * (size - 1))) : reflected<T>(p, T(-1), T(2 * size - 1)), size);
  return p;
}

// A place far outside, or none at all, is outside.
template <class T> int64_t element(T x) { return x > T(-1e9) && x < T(1e9) ? int64_t(x) : -100; }

// The elements along one dimension that a point takes part of; index -1 is outside.
template <class T> struct Taps {
  int count;
  int64_t index[4];
  T weight[4], slope[4];
};

template <class T> void set_tap(Taps<T>& t, int k, int64_t index, int64_t size, T weight, T slope) {
  t.index[k] = index >= 0 && index < size ? index : -1;
  t.weight[k] = weight;
  t.slope[k] = slope;
}

// Keys' cubic with a = -0.75 at distance x (not negative), and its derivative.
template <class T> T near_cubic(T x) { return (T(1.25) * x - T(2.25)) * x * x + 1; }
template <class T> T far_cubic(T x) { return ((T(-0.75) * x + T(3.75)) * x - 6) * x + 3; }
template <class T> T near_slope(T x) { return (T(3.75) * x - T(4.5)) * x; }
template <class T> T far_slope(T x) { return (T(-2.25) * x + T(7.5)) * x - 6; }

template <class T> Taps<T> taps(const GridArgs<T>& a, T coordinate, int64_t size) {
  Taps<T> t;
  Place<T> p = unnormalised(coordinate, size, a.align_corners);
  if (a.mode == GridMode::Cubic) {
    const T low = floor_of(p.at), x = p.at - low, s = p.slope;
    t.count = 4;
    const T weights[] = {far_cubic(x + 1), near_cubic(x), near_cubic(1 - x), far_cubic(2 - x)};
    const T slopes[] = {far_slope(x + 1) * s, near_slope(x) * s, -near_slope(1 - x) * s, -far_slope(2 - x) * s};
    for (int k = 0; k < 4; ++k)
      set_tap(t, k, element(padded(Place<T>{low - 1 + T(k), T(0)}, size, a.padding, a.align_corners).at), size, weights[k], slopes[k]);
    return t;
  }
  p = padded(p, size, a.padding, a.align_corners);
  if (a.mode == GridMode::Nearest) {
    t.count = 1;
    set_tap(t, 0, element(nearest_of(p.at)), size, T(1), T(0));
    return t;
  }
  const T low = floor_of(p.at), x = p.at - low;
  const int64_t at = element(low);
  t.count = 2;
  set_tap(t, 0, at, size, 1 - x, -p.slope);
  set_tap(t, 1, at + 1, size, x, p.slope);
  return t;
}

// f(offset in the plane, weight, slopes by dimension, x first) for all elements that the point takes part of.
template <class T, class F> PL_ALWAYS_INLINE void each_tap(const GridArgs<T>& a, int64_t point, F f) {
  const T* g = a.grid + point * a.dims;
  const Taps<T> x = taps(a, g[0], a.size[2]), y = taps(a, g[1], a.size[1]);
  Taps<T> z;
  z.count = 1, z.index[0] = 0, z.weight[0] = T(1), z.slope[0] = T(0);
  if (a.dims == 3) z = taps(a, g[2], a.size[0]);
  for (int k = 0; k < z.count; ++k)
    for (int j = 0; j < y.count; ++j)
      for (int i = 0; i < x.count; ++i) {
        if (z.index[k] < 0 || y.index[j] < 0 || x.index[i] < 0) continue;
        const T slopes[3] = {x.slope[i] * y.weight[j] * z.weight[k], x.weight[i] * y.slope[j] * z.weight[k], x.weight[i] * y.weight[j] * z.slope[k]};
        f((z.index[k] * a.size[1] + y.index[j]) * a.size[2] + x.index[i], x.weight[i] * y.weight[j] * z.weight[k], slopes);
      }
}

template <class T> void forward(const GridArgs<T>& a, const T* in, T* out, int64_t out_stride) {
  const int64_t plane = a.plane();
  for (int64_t p = 0; p < a.points; ++p) {
    for (int64_t c = 0; c < a.channels; ++c) out[c * out_stride + p] = T(0);
    each_tap(a, p, [&](int64_t offset, T weight, const T*) {
      for (int64_t c = 0; c < a.channels; ++c) out[c * out_stride + p] += weight * in[c * plane + offset];
    });
  }
}

template <class T> void input_grad(const GridArgs<T>& a, const T* grad, T* d_in) {
  const int64_t plane = a.plane();
  for (int64_t p = 0; p < a.points; ++p)
    each_tap(a, p, [&](int64_t offset, T weight, const T*) {
      for (int64_t c = 0; c < a.channels; ++c) d_in[c * plane + offset] += weight * grad[c * a.points + p];
    });
}

template <class T> void grid_grad(const GridArgs<T>& a, const T* grad, int64_t grad_stride, const T* in, T* d_grid) {
  const int64_t plane = a.plane();
  for (int64_t p = 0; p < a.points; ++p) {
    T sums[3] = {};
    if (a.mode != GridMode::Nearest)
      each_tap(a, p, [&](int64_t offset, T, const T* slopes) {
        T dot = 0;
        for (int64_t c = 0; c < a.channels; ++c) dot += grad[c * grad_stride + p] * in[c * plane + offset];
        for (int d = 0; d < a.dims; ++d) sums[d] += slopes[d] * dot;
      });
    for (int d = 0; d < a.dims; ++d) d_grid[p * a.dims + d] = sums[d];
  }
}

}  // namespace

void fill_grid(GridKernels& k) {
  k.f32 = {forward<float>, input_grad<float>, grid_grad<float>};
  k.f64 = {forward<double>, input_grad<double>, grid_grad<double>};
}

}  // namespace PL_ISA
}  // namespace pl
