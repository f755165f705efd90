// The matrix a convolution multiplies with: one row for each (channel, tap of the kernel), one column for each output
// position. It is never stored: its packers gather panels from the image.
#pragma once
#include "cpu/gemm_core.h"

namespace pl {
namespace PL_ISA {

// How positions along a dimension meet the image: position x and tap t read element
// x * stride + offset + t * offset_step.
struct Axis {
  int64_t positions, stride, taps, offset, offset_step;
};

// Elements begin, begin + stride, ... of a row, `count` of them (a vector at most); outside [0, extent) there are
// zeros.
template <class T>
PL_ALWAYS_INLINE Vec<T> take(const T* row, int64_t extent, int64_t begin, int64_t stride, int64_t count) {
  constexpr int64_t L = kLanes<T>;
  if (stride == 1) {
    if (begin >= 0 && begin + L <= extent && count >= L) return load(row + begin);
    const int64_t last = smaller(smaller(count, L), larger(extent - begin, 0));
    return load(row + begin, Lanes<T>(smaller(larger(-begin, 0), last), last));
  }
  T x[L] = {};
  for (int64_t i = 0; i < smaller(count, L); ++i, begin += stride)
    if (begin >= 0 && begin < extent) x[i] = row[begin];
  return load(x);
}

template <class T>
PL_ALWAYS_INLINE Vec<T> even_lanes(Vec<T> a, Vec<T> b) {
  return [&]<int... I>(std::integer_sequence<int, I...>) __attribute__((always_inline)) {
    return __builtin_shufflevector(a, b, 2 * I...);
  }(std::make_integer_sequence<int, kLanes<T>>{});
}

template <class T>
struct Patches {
  const T* image;  // [channels, extent[0], extent[1], extent[2]]
  int64_t extent[3];
  Axis axis[3];

  // Positions that follow each other along the last dimension, and where they stand in a panel.
  struct Run {
    int64_t origin[3];  // in the image, before a tap's offset
    int64_t column, length;
  };

  int64_t taps() const { return axis[0].taps * axis[1].taps * axis[2].taps; }
  int64_t positions() const { return axis[0].positions * axis[1].positions * axis[2].positions; }

  int64_t find_runs(int64_t j, int64_t cols, Run* runs) const {
    int64_t w = j % axis[2].positions, h = j / axis[2].positions % axis[1].positions;
    int64_t d = j / axis[2].positions / axis[1].positions, n = 0;
    for (int64_t column = 0; column < cols; ++n) {
      const int64_t length = smaller(cols - column, axis[2].positions - w);
      runs[n] = {{d * axis[0].stride, h * axis[1].stride, w * axis[2].stride}, column, length};
      column += length;
      w = 0;
      if (++h == axis[1].positions) h = 0, ++d;
    }
    return n;
  }

  // One row of a panel. Whole vectors are written: what overruns a run is overwritten by the next.
  PL_ALWAYS_INLINE void fill_row(T* dst, const T* channel, const int64_t (&offset)[3], const Run* runs,
                                 int64_t count) const {
    const int64_t stride = axis[2].stride;
    for (const Run* r = runs; r < runs + count; ++r) {
      const int64_t d = r->origin[0] + offset[0], h = r->origin[1] + offset[1], w = r->origin[2] + offset[2];
      const bool inside = uint64_t(d) < uint64_t(extent[0]) && uint64_t(h) < uint64_t(extent[1]);
      const T* row = channel + (d * extent[1] + h) * extent[2];
      for (int64_t x = 0; x < r->length; x += kLanes<T>) {
        const int64_t left = smaller(kLanes<T>, r->length - x), begin = w + x * stride;
        Vec<T> v{};
        if (inside && stride == 2)
          v = even_lanes<T>(take(row, extent[2], begin, 1, kLanes<T>),
                            take(row, extent[2], begin + kLanes<T>, 1, kLanes<T>));
        else if (inside) v = take(row, extent[2], begin, stride, left);
        store(dst + r->column + x, v);
      }
    }
  }

  // PackCols's signature: rows [p, p + count), columns [j, j + cols). Writes up to a vector past the end.
  void operator()(T* dst, int64_t p, int64_t count, int64_t j, int64_t cols) const {
    if (count == 0) return;
    Run runs[kTileCols<T>];
    const int64_t n = find_runs(j, cols, runs), volume = extent[0] * extent[1] * extent[2];
    int64_t tw = p % axis[2].taps, th = p / axis[2].taps % axis[1].taps,
            td = p / axis[2].taps / axis[1].taps % axis[0].taps;
    const T* channel = image + p / taps() * volume;
    for (int64_t q = 0; q < count; ++q, dst += kTileCols<T>) {
      const int64_t offset[3] = {axis[0].offset + td * axis[0].offset_step, axis[1].offset + th * axis[1].offset_step,
                                 axis[2].offset + tw * axis[2].offset_step};
      fill_row(dst, channel, offset, runs, n);
      if (++tw < axis[2].taps) continue;
      tw = 0;
      if (++th < axis[1].taps) continue;
      th = 0;
      if (++td < axis[0].taps) continue;
      td = 0;
      channel += volume;
    }
  }
};

// The transpose of Patches: rows are positions, columns are (channel, tap).
template <class T>
struct TransposedPatches {
  Patches<T> patches;
  void operator()(T* dst, int64_t p, int64_t count, int64_t j, int64_t cols) const {
    constexpr int64_t kColumns = kTileCols<T>;
    alignas(kVectorBytes) T rows[(kColumns + 1) * kColumns];
    for (int64_t q = 0; q < count; q += kColumns) {
      const int64_t positions = smaller(kColumns, count - q);
      patches(rows, j, cols, p + q, positions);
      PackCols<T, T>{{rows, 1, kColumns}}(dst + q * kColumns, 0, positions, 0, cols);
    }
  }
};

}  // namespace PL_ISA
}  // namespace pl
