// Enlarging and shrinking images, volumes and signals: one dimension after the other, since all the methods are separable.
#include <cmath>
#include "cpu/kernels.h"
#include "native.h"
#include "ops/fused.h"
#include "ops/reduction.h"

namespace pl {
namespace {

using Sizes = std::vector<int64_t>;
constexpr int64_t kGrain = 1 << 14;      // elements worth a thread

template <class T> const ResampleFunctions<T>& kernels();
template <> const ResampleFunctions<float>& kernels() { return cpu().resample.f32; }
template <> const ResampleFunctions<double>& kernels() { return cpu().resample.f64; }

enum class Mode { Nearest, NearestExact, Linear, Cubic };

// The taps of all outputs along a dimension.
struct Taps {
  int64_t out, count;
  Tensor index, weight;      // [out, count]
  Taps(int64_t o, int64_t n) : out(o), count(n), index(zeros({o, n}, DType::Int64)), weight(zeros({o, n}, DType::Float64)) {}
  void set(int64_t o, int64_t k, int64_t at, double w) {
    index.ptr<int64_t>()[o * count + k] = at;
    weight.ptr<double>()[o * count + k] = w;
  }
};

// How far one step of the output goes in the input. `scale` is the caller's factor, 0 where a size was given.
double step_of(int64_t in, int64_t out, double scale, bool align_corners) {
  if (align_corners) return out > 1 ? double(in - 1) / double(out - 1) : 0;
  return scale > 0 ? 1 / scale : double(in) / double(out);
}

// Coordinates are computed in the precision that PyTorch computes them in, because a nearest neighbour can depend on it.
Taps nearest_taps(int64_t in, int64_t out, double scale, bool exact) {
  Taps t(out, 1);
  const float step = float(step_of(in, out, scale, false));
  for (int64_t o = 0; o < out; ++o) {
    const float at = std::floor(exact ? (float(o) + 0.5f) * step : float(o) * step);
    t.set(o, 0, std::min(int64_t(at), in - 1), 1);
  }
  return t;
}

template <class T> Taps linear_taps(int64_t in, int64_t out, double scale, bool align_corners) {
  Taps t(out, 2);
  const T step = T(step_of(in, out, scale, align_corners));
  for (int64_t o = 0; o < out; ++o) {
    const T at = align_corners ? step * T(o) : std::max(step * (T(o) + T(0.5)) - T(0.5), T(0));
    const int64_t low = std::min(int64_t(at), in - 1);
    const T share = std::min(std::max(at - T(low), T(0)), T(1));
    t.set(o, 0, low, double(T(1) - share));
    t.set(o, 1, std::min(low + 1, in - 1), double(share));
  }
  return t;
}

// Keys' cubic convolution; a is -0.75 here and -0.5 where it filters against aliasing.
double cubic(double x, double a) {
  x = std::fabs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((x - 5) * a * x + 8 * a) * x - 4 * a : 0;
}

template <class T> Taps cubic_taps(int64_t in, int64_t out, double scale, bool align_corners) {
  Taps t(out, 4);
  const T step = T(step_of(in, out, scale, align_corners));
  for (int64_t o = 0; o < out; ++o) {
    const T at = align_corners ? step * T(o) : step * (T(o) + T(0.5)) - T(0.5);
    const int64_t low = int64_t(std::floor(at));
    const double share = double(at - T(low));
    for (int64_t k = 0; k < 4; ++k) t.set(o, k, std::clamp<int64_t>(low - 1 + k, 0, in - 1), cubic(share + 1 - double(k), -0.75));
  }
  return t;
}

// Shrinking without aliasing: the filter is stretched by the step.
Taps filtered_taps(int64_t in, int64_t out, double scale, bool align_corners, Mode mode) {
  const double step = step_of(in, out, scale, align_corners), stretch = std::max(step, 1.0), reach = (mode == Mode::Cubic ? 2 : 1) * stretch;
  Taps t(out, int64_t(std::ceil(reach)) * 2 + 1);
  std::vector<double> w(static_cast<size_t>(t.count));
  for (int64_t o = 0; o < out; ++o) {
    const double centre = step * (double(o) + 0.5);
    const int64_t from = std::max<int64_t>(int64_t(centre - reach + 0.5), 0), to = std::min<int64_t>(int64_t(centre + reach + 0.5), in);
    const int64_t n = std::min(to - from, t.count);
    double sum = 0;
    for (int64_t k = 0; k < n; ++k) {
      const double x = (double(k + from) - centre + 0.5) / stretch;
      sum += w[size_t(k)] = mode == Mode::Cubic ? cubic(x, -0.5) : std::max(0.0, 1 - std::fabs(x));
    }
    for (int64_t k = 0; k < n; ++k) t.set(o, k, from + k, sum != 0 ? w[size_t(k)] / sum : 0);
  }
  return t;
}

Taps taps_for(Mode mode, DType d, int64_t in, int64_t out, double scale, bool align_corners, bool antialias) {
  if (mode == Mode::Nearest || mode == Mode::NearestExact) return nearest_taps(in, out, scale, mode == Mode::NearestExact);
  if (antialias) return filtered_taps(in, out, scale, align_corners, mode);
  const bool wide = d == DType::Float64;
  if (mode == Mode::Linear) return wide ? linear_taps<double>(in, out, scale, align_corners) : linear_taps<float>(in, out, scale, align_corners);
  return wide ? cubic_taps<double>(in, out, scale, align_corners) : cubic_taps<float>(in, out, scale, align_corners);
}

// run(T(), arguments for the blocks [b, e), offset of block b in the input, and in the output).
template <class F> void over_blocks(const DimSplit& s, DType d, const Tensor& index, const Tensor& weight, F run) {
  Tensor at = contiguous(index), w = kernel_data(weight, d);
  with_float(d, [&](auto t) {
    using T = decltype(t);
    const int64_t out = at.size(0);
    ResampleArgs<T> all{s.outer, s.n, out, s.inner, at.size(1), at.ptr<int64_t>(), w.template ptr<T>()};
    const int64_t block = s.inner * std::max(s.n, out);
    ReleaseGil free(s.outer * block);
    parallel_for(s.outer, std::max<int64_t>(1, kGrain / std::max<int64_t>(block, 1)), [&](int64_t b, int64_t e) {
      ResampleArgs<T> part = all;
      part.blocks = e - b;
      run(t, part, b * s.n * s.inner, b * out * s.inner);
    });
  });
}

// Images of bytes: PyTorch's weights are 16-bit fixed-point numbers, and each pass rounds.
Tensor fixed_point(const Tensor& weight) {
  Tensor w = contiguous(cast(weight, DType::Float64)), r = empty(w.sizes(), DType::Float64);
  const double* from = w.ptr<double>();
  double most = 0, one = 1;
  for (int64_t i = 0; i < w.numel(); ++i) most = std::max(most, from[i]);
  for (int bits = 0; bits < 22 && std::floor(0.5 + most * one * 2) < 0x1p15; ++bits) one *= 2;
  for (int64_t i = 0; i < w.numel(); ++i) r.ptr<double>()[i] = std::round(from[i] * one) / one;
  return r;
}

void round_to_bytes(const Tensor& t) {
  double* p = t.ptr<double>();
  for (int64_t i = 0; i < t.numel(); ++i) p[i] = std::clamp(std::floor(p[i] + 0.5), 0.0, 255.0);
}

DType resample_dtype(DType d) { return is_floating(d) ? kernel_dtype(d) : DType::Float64; }

Mode mode_of(const std::string& name) {
  if (name == "nearest") return Mode::Nearest;
  if (name == "nearest-exact") return Mode::NearestExact;
  if (name == "bicubic") return Mode::Cubic;
  PL_CHECK_AS(NotImplemented, name == "linear" || name == "bilinear" || name == "trilinear", "", "upsample: unknown mode %s", name.c_str());
  return Mode::Linear;
}

// Resamples to sizes `out`; a scale of 0 follows from the sizes.
Tensor resampled(const Tensor& input, Mode m, const Sizes& out, const std::vector<double>& scales, bool align_corners, bool antialias) {
  const int dims = input.dim() - 2;
  PL_CHECK(input.numel() != 0 || Shape(input.sizes().p + 1, dims + 1).numel() != 0,
           "Non-empty %dD data tensor expected but got a tensor with sizes %s", input.dim(), to_string(input.sizes()).c_str());
  // Narrow floats are rounded once, at the end.
  const bool narrow = is_floating(input.dtype()) && itemsize(input.dtype()) == 2 && dims > 1;
  Tensor r = narrow ? op::_to_copy(input, DType::Float32, MemoryFormat::None) : input;
  for (int d = dims - 1; d >= 0; --d) {
    const int64_t in = input.size(2 + d), n = out[size_t(d)];
    const double scale = scales[size_t(d)];
    PL_CHECK(n > 0, "Input and output sizes should be greater than 0, but got input of size %lld and output of size %lld", (long long)in, (long long)n);
    Taps t = taps_for(m, input.dtype(), in, n, scale, align_corners, antialias);
    if (!(n == in && m != Mode::Cubic && scale == 0)) r = op::resample(r, 2 + d, t.index, t.weight);
  }
  if (narrow) r = op::_to_copy(r, input.dtype(), MemoryFormat::None);
  if (is_channels_last(input) && !is_channels_last(r)) return op::clone(r, dims == 2 ? MemoryFormat::ChannelsLast : MemoryFormat::ChannelsLast3d);
  return r.get() == input.get() ? op::clone(input, MemoryFormat::None) : r;
}

}  // namespace

namespace native {
Tensor resample(const Tensor& self, int64_t dim, const Tensor& index, const Tensor& weight) {
  const DType d = resample_dtype(self.dtype());
  Sizes sizes = self.sizes().vec();
  sizes[size_t(dim)] = index.size(0);
  Tensor y = pl::empty(sizes, d, self.device());
  if (self.is_meta() || y.numel() == 0) return cast(y, self.dtype());
  const bool bytes = self.dtype() == DType::UInt8;
  Tensor x = kernel_data(self, d);
  char *from = x->data, *to = y->data;
  over_blocks(DimSplit(x, dim), d, index, bytes ? fixed_point(weight) : weight, [&](auto t, const auto& a, int64_t in, int64_t out) {
    using T = decltype(t);
    kernels<T>().forward(a, reinterpret_cast<const T*>(from) + in, reinterpret_cast<T*>(to) + out);
  });
  if (bytes) round_to_bytes(y);
  return cast(y, self.dtype());
}

Tensor resample_grad(const Tensor& grad_output, Shape input_size, int64_t dim, const Tensor& index, const Tensor& weight) {
  const DType d = kernel_dtype(grad_output.dtype());
  Tensor dx = pl::empty(input_size, d, grad_output.device());
  if (grad_output.is_meta() || dx.numel() == 0) return cast(dx, grad_output.dtype());
  Tensor g = kernel_data(grad_output, d);
  char *from = g->data, *to = dx->data;
  over_blocks(DimSplit(dx, dim), d, index, weight, [&](auto t, const auto& a, int64_t in, int64_t out) {
    using T = decltype(t);
    kernels<T>().backward(a, reinterpret_cast<const T*>(from) + out, reinterpret_cast<T*>(to) + in);
  });
  return cast(dx, grad_output.dtype());
}

Tensor _upsample(const Tensor& input, const std::string& mode, std::optional<Shape> output_size, std::optional<std::vector<double>> scale_factors,
                 bool align_corners, bool antialias) {
  const int dims = input.dim() - 2;
  PL_CHECK(dims >= 1 && dims <= 3, "upsample: expected an input of 3 to 5 dimensions, got %s", to_string(input.sizes()).c_str());
  PL_CHECK(output_size.has_value() != scale_factors.has_value(), "Must specify exactly one of output_size and scale_factors");
  PL_CHECK(output_size ? output_size->n == dims : int(scale_factors->size()) == dims, "upsample: expected %d sizes or factors", dims);
  const Mode m = mode_of(mode);
  if (output_size) return resampled(input, m, output_size->vec(), std::vector<double>(size_t(dims), 0), align_corners, antialias);
  Sizes sizes;
  for (int d = 0; d < dims; ++d) {
    const double scale = (*scale_factors)[size_t(d)], size = double(input.size(2 + d)) * scale;
    PL_CHECK(scale > 0 && size < 1e15, "upsample: a scale factor of %g is not possible", scale);
    sizes.push_back(int64_t(size));
  }
  return resampled(input, m, sizes, *scale_factors, align_corners, antialias);
}

namespace {
void check_image(const Tensor& input) {
  PL_CHECK(input.dim() == 4, "Non-empty 4D data tensor expected but got a tensor with sizes %s", to_string(input.sizes()).c_str());
}
Tensor with_scales(Mode mode, const Tensor& input, Shape size, bool align_corners, std::optional<double> down, std::optional<double> across) {
  check_image(input);
  return resampled(input, mode, size.vec(), {down.value_or(0), across.value_or(0)}, align_corners, true);
}
}  // namespace

#define PL_WITHOUT_ALIASING(name, mode)                                                                                                                 \
  Tensor name(const Tensor& input, std::optional<Shape> output_size, bool align_corners, std::optional<std::vector<double>> scale_factors) {            \
    check_image(input);                                                                                                                                 \
    return native::_upsample(input, mode, output_size, scale_factors, align_corners, true);                                                             \
  }                                                                                                                                                     \
  Tensor name##_scales(const Tensor& self, Shape output_size, bool align_corners, std::optional<double> scales_h, std::optional<double> scales_w) {     \
    return with_scales(mode_of(mode), self, output_size, align_corners, scales_h, scales_w);                                                            \
  }
PL_WITHOUT_ALIASING(_upsample_bilinear2d_aa, "bilinear")
PL_WITHOUT_ALIASING(_upsample_bicubic2d_aa, "bicubic")
#undef PL_WITHOUT_ALIASING

}  // namespace native
}  // namespace pl
