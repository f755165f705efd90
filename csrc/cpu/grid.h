// Sampling images and volumes at the points of a grid.
#pragma once
#include <cstdint>

namespace pl {

enum class GridMode : uint8_t { Linear, Nearest, Cubic };
enum class GridPadding : uint8_t { Zeros, Border, Reflection };

// One sample of a batch: `channels` planes of size [depth, height, width] (depth 1 in two dimensions) and `points` points of `dims` coordinates, x first.
template <class T> struct GridArgs {
  GridMode mode;
  GridPadding padding;
  bool align_corners;
  int dims;
  int64_t channels, size[3], points;
  const T* grid;
  int64_t plane() const { return size[0] * size[1] * size[2]; }
};

template <class T> struct GridFunctions {
  // out [channels, out_stride], of which the first `points` columns are written.
  void (*forward)(const GridArgs<T>& a, const T* in, T* out, int64_t out_stride);
  // Adds to d_in [channels, plane]; grad [channels, points].
  void (*input_grad)(const GridArgs<T>& a, const T* grad, T* d_in);
  // d_grid [points, dims]; grad [channels, grad_stride].
  void (*grid_grad)(const GridArgs<T>& a, const T* grad, int64_t grad_stride, const T* in, T* d_grid);
};

struct GridKernels {
  GridFunctions<float> f32;
  GridFunctions<double> f64;
};

}  // namespace pl
