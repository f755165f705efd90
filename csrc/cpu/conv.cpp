#include "cpu/conv.h"

#include "cpu/conv_sliding.h"

namespace pl {
namespace PL_ISA {
namespace {

// How many items of `work` multiply-adds each a thread should get at least. Outside matrix products one takes some
// eight times as long as in them.
PL_ALWAYS_INLINE int64_t grain(int64_t work) { return larger(1, kSerialWork / 8 / larger(1, work)); }

PL_ALWAYS_INLINE int64_t product(const int64_t (&x)[3]) { return x[0] * x[1] * x[2]; }

// A kernel of one element without stride or padding sees no neighbours: its space is one long row.
ConvArgs simplified(const ConvArgs& c) {
  ConvArgs s = c;
  for (int d = 0; d < 3; ++d)
    if (c.kernel[d] != 1 || c.stride[d] != 1 || c.padding[d] != 0) return s;
  for (int d = 0; d < 2; ++d) s.in[d] = s.out[d] = 1;
  s.in[2] = s.out[2] = product(c.in);
  return s;
}

template <class T>
Patches<T> forward_patches(const ConvArgs& c, const T* image) {
  Patches<T> p{image, {c.in[0], c.in[1], c.in[2]}, {}};
  for (int d = 0; d < 3; ++d) p.axis[d] = {c.out[d], c.stride[d], c.kernel[d], -c.padding[d], c.dilation[d]};
  return p;
}

constexpr int64_t kFewChannels = 8;

// One channel in, its own channels out: no sum over channels that a matrix product could use.
bool is_depthwise(const ConvArgs& c) { return c.groups > 1 && c.groups == c.c_in; }

// ---- depthwise ----

// The positions whose tap lies inside the image: begin * stride + offset >= 0 and (end - 1) * stride + offset < extent.
struct Span {
  int64_t begin, end;
};
Span inside(int64_t positions, int64_t extent, int64_t stride, int64_t offset) {
  const int64_t begin = offset >= 0 ? 0 : (-offset + stride - 1) / stride;
  const int64_t end = extent <= offset ? 0 : smaller(positions, (extent - 1 - offset) / stride + 1);
  return {smaller(begin, larger(end, 0)), larger(end, 0)};
}

// Calls row(tap, input row, output row, span, offset) for every tap and pair of rows that meet.
template <class Row>
PL_ALWAYS_INLINE void for_each_tap_row(const ConvArgs& c, Row row) {
  for (int64_t kd = 0, tap = 0; kd < c.kernel[0]; ++kd)
    for (int64_t kh = 0; kh < c.kernel[1]; ++kh)
      for (int64_t kw = 0; kw < c.kernel[2]; ++kw, ++tap) {
        const int64_t offset_d = kd * c.dilation[0] - c.padding[0], offset_h = kh * c.dilation[1] - c.padding[1];
        const int64_t offset_w = kw * c.dilation[2] - c.padding[2];
        const Span ds = inside(c.out[0], c.in[0], c.stride[0], offset_d),
                   hs = inside(c.out[1], c.in[1], c.stride[1], offset_h);
        const Span ws = inside(c.out[2], c.in[2], c.stride[2], offset_w);
        for (int64_t d = ds.begin; d < ds.end; ++d)
          for (int64_t h = hs.begin; h < hs.end; ++h)
            row(tap, ((d * c.stride[0] + offset_d) * c.in[1] + h * c.stride[1] + offset_h) * c.in[2],
                (d * c.out[1] + h) * c.out[2], ws, offset_w);
      }
}

// y[x * y_stride] += w * x[x * x_stride]
template <class T>
PL_ALWAYS_INLINE void add_scaled(T* y, int64_t y_stride, const T* x, int64_t x_stride, T w, int64_t n) {
  if (x_stride == 1 && y_stride == 1) {
    for (int64_t i = 0; i < n; ++i) y[i] += w * x[i];
  } else {
    for (int64_t i = 0; i < n; ++i) y[i * y_stride] += w * x[i * x_stride];
  }
}

template <class T>
void depthwise_forward(const ConvArgs& c, const T* input, const T* weight, const T* bias, T* output) {
  const int64_t in_size = product(c.in), out_size = product(c.out), taps = product(c.kernel),
                copies = c.c_out / c.groups;
  parallel_for(c.n * c.c_out, grain(out_size * taps), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t channel = plane % c.c_out;
      const T* x = input + (plane / c.c_out * c.c_in + channel / copies) * in_size;
      T* y = output + plane * out_size;
      const T start = bias ? bias[channel] : T(0);
      for (int64_t i = 0; i < out_size; ++i) y[i] = start;
      for_each_tap_row(c, [&](int64_t tap, int64_t in_row, int64_t out_row, Span w, int64_t offset) {
        add_scaled(y + out_row + w.begin, 1, x + in_row + w.begin * c.stride[2] + offset, c.stride[2],
                   weight[channel * taps + tap], w.end - w.begin);
      });
    }
  });
}

template <class T>
void depthwise_backward_input(const ConvArgs& c, const T* grad_output, const T* weight, T* grad_input) {
  const int64_t in_size = product(c.in), out_size = product(c.out), taps = product(c.kernel),
                copies = c.c_out / c.groups;
  parallel_for(c.n * c.c_in, grain(out_size * taps * copies), [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      T* x = grad_input + plane * in_size;
      for (int64_t i = 0; i < in_size; ++i) x[i] = T(0);
      for (int64_t copy = 0; copy < copies; ++copy) {
        const int64_t channel = plane % c.c_in * copies + copy;
        const T* y = grad_output + (plane / c.c_in * c.c_out + channel) * out_size;
        for_each_tap_row(c, [&](int64_t tap, int64_t in_row, int64_t out_row, Span w, int64_t offset) {
          add_scaled(x + in_row + w.begin * c.stride[2] + offset, c.stride[2], y + out_row + w.begin, 1,
                     weight[channel * taps + tap], w.end - w.begin);
        });
      }
    }
  });
}

template <class T>
void depthwise_backward_weight(const ConvArgs& c, const T* grad_output, const T* input, T* grad_weight) {
  const int64_t in_size = product(c.in), out_size = product(c.out), taps = product(c.kernel),
                copies = c.c_out / c.groups;
  parallel_for(c.c_out, grain(out_size * taps * c.n), [&](int64_t begin, int64_t end) {
    for (int64_t channel = begin; channel < end; ++channel) {
      T* dw = grad_weight + channel * taps;
      for (int64_t tap = 0; tap < taps; ++tap) dw[tap] = T(0);
      for (int64_t image = 0; image < c.n; ++image) {
        const T* x = input + (image * c.c_in + channel / copies) * in_size;
        const T* y = grad_output + (image * c.c_out + channel) * out_size;
        Vec<T> sum{};
        int64_t current = 0;
        for_each_tap_row(c, [&](int64_t tap, int64_t in_row, int64_t out_row, Span w, int64_t offset) {
          if (tap != current) dw[current] += horizontal_sum<T>(sum), sum = Vec<T>{}, current = tap;
          for (int64_t i = w.begin; i < w.end; i += kLanes<T>) {
            const int64_t count = w.end - i;
            const Vec<T> seen = take(x + in_row, c.in[2], i * c.stride[2] + offset, c.stride[2], count);
            sum += take(y + out_row, w.end, i, 1, count) * seen;
          }
        });
        dw[current] += horizontal_sum<T>(sum);
      }
    }
  });
}

// ---- matrix products ----

template <class T>
void forward(const ConvArgs& args, const T* input, const T* weight, const T* bias, T* output) {
  if (is_depthwise(args)) return depthwise_forward(args, input, weight, bias, output);
  const ConvArgs c = simplified(args);
  const int64_t rows = c.c_out / c.groups, channels = c.c_in / c.groups, k = channels * product(c.kernel);
  const int64_t in_size = product(c.in), out_size = product(c.out);
  if (c.n * c.c_out * out_size == 0) return;
  const Patches<T> shape = forward_patches(c, input);
  if (slides(Sliding<T>(shape), rows)) {
    const T* packed = pack_weights<T>(c.groups, rows, k, [&](T* dst, int64_t g, int64_t i, int64_t count) {
      PackRows<T, T>{{weight + g * rows * k, k, 1}}(dst, i, count, 0, k);
    });
    return multiply_images<T>(
        c.n * c.groups, rows, channels, shape, [&](int64_t index) { return input + index * channels * in_size; },
        [&](int64_t index) { return PackedRows<T>{packed + index % c.groups * round_up(rows, kTileRows) * k, k}; },
        [&](int64_t index, int64_t i, const T* sums, int64_t position, int64_t n) {
          T* y = output + (index * rows + i) * out_size + position;
          const T start = bias ? bias[index % c.groups * rows + i] : T(0);
          for (int64_t x = 0; x < n; ++x) y[x] = sums[x] + start;
        });
  }
  for_each_part<T>(c.n * c.groups, rows, out_size, k, [&](int64_t index, Part part) {
    const int64_t image = index / c.groups, g = index % c.groups;
    const Patches<T> patches = forward_patches(c, input + (image * c.c_in + g * channels) * in_size);
    const TileOutput<T> out{output + (image * c.c_out + g * rows) * out_size,
                            out_size,
                            T(1),
                            T(0),
                            nullptr,
                            bias ? bias + g * rows : nullptr};
    multiply_panels<T>(part, k, RowsInPlace<T>{{weight + g * rows * k, k, 1}}, patches, out);
  });
}

int64_t greatest_common_divisor(int64_t a, int64_t b) {
  while (b != 0) {
    const int64_t r = a % b;
    a = b, b = r;
  }
  return a;
}

// Transposed weights are packed once for all threads: [group][tile of rows][k][kTileRows].
template <class T, class Pack>
T* pack_weights(int64_t groups, int64_t rows, int64_t k, Pack pack) {
  const int64_t size = round_up(rows, kTileRows) * k;
  T* packed = static_cast<T*>(gemm_scratch().weights.get(groups * size * int64_t(sizeof(T)) + kVectorBytes));
  for (int64_t g = 0; g < groups; ++g)
    for (int64_t i = 0; i < rows; i += kTileRows) pack(packed + g * size + i * k, g, i, smaller(kTileRows, rows - i));
  return packed;
}

// Input positions phase, phase + stride, ... of a dimension meet the same taps of the kernel: first_tap, first_tap +
// tap_step,
// ... Among them the gradient of the input is a convolution of the gradient of the output with stride 1.
struct Phase {
  Axis axis;
  int64_t phase, first_tap, tap_step;
};

Phase find_phase(const ConvArgs& c, int d, int64_t phase) {
  const int64_t s = c.stride[d], step = s / greatest_common_divisor(s, c.dilation[d]);
  int64_t tap = 0;
  while (tap < step && (phase + c.padding[d] - tap * c.dilation[d]) % s != 0) ++tap;
  const int64_t taps = tap < step && tap < c.kernel[d] ? (c.kernel[d] - 1 - tap) / step + 1 : 0;
  const int64_t positions = phase < c.in[d] ? (c.in[d] - 1 - phase) / s + 1 : 0;
  const int64_t offset = taps > 0 ? (phase + c.padding[d] - tap * c.dilation[d]) / s : 0;
  return {{positions, 1, taps, offset, -(step * c.dilation[d] / s)}, phase, tap, step};
}

// Rows of the transposed weights for a phase: row = input channel, column = (output channel, tap).
template <class T>
void pack_transposed(const ConvArgs& c, const Phase (&phase)[3], const T* weight, T* dst, int64_t g, int64_t i,
                     int64_t count) {
  const int64_t channels = c.c_in / c.groups, filters = c.c_out / c.groups, volume = product(c.kernel);
  for (int64_t o = 0; o < filters; ++o) {
    const T* filter = weight + ((g * filters + o) * channels + i) * volume;
    for (int64_t td = 0; td < phase[0].axis.taps; ++td)
      for (int64_t th = 0; th < phase[1].axis.taps; ++th)
        for (int64_t tw = 0; tw < phase[2].axis.taps; ++tw, dst += kTileRows) {
          const int64_t d = phase[0].first_tap + td * phase[0].tap_step,
                        h = phase[1].first_tap + th * phase[1].tap_step;
          const int64_t w = phase[2].first_tap + tw * phase[2].tap_step;
          const T* tap = filter + (d * c.kernel[1] + h) * c.kernel[2] + w;
          for (int64_t r = 0; r < count; ++r) dst[r] = tap[r * volume];
        }
  }
}

// Puts sums of a phase's positions j, j + 1, ..., which lie in one row, at their places in a channel, `stride` apart.
template <class T>
PL_ALWAYS_INLINE void put_run(const ConvArgs& c, const Phase (&phase)[3], const T* sums, int64_t j, int64_t n, T* channel) {
  const int64_t wide = phase[2].axis.positions, high = phase[1].axis.positions;
  const int64_t w = j % wide, h = j / wide % high, d = j / wide / high, step = c.stride[2];
  T* row = channel + ((phase[0].phase + d * c.stride[0]) * c.in[1] + phase[1].phase + h * c.stride[1]) * c.in[2] +
           phase[2].phase + w * step;
  if (step == 1) std::memcpy(row, sums, size_t(n) * sizeof(T));
  else
    for (int64_t x = 0; x < n; ++x) row[x * step] = sums[x];
}

// The same for a block of sums.
template <class T>
void scatter(const ConvArgs& c, const Phase (&phase)[3], const T* sums, int64_t sums_stride, Part block, T* image) {
  const int64_t wide = phase[2].axis.positions;
  for (int64_t i = block.i0; i < block.i1; ++i, sums += sums_stride)
    for (int64_t j = block.j0, n; j < block.j1; j += n) {
      n = smaller(wide - j % wide, block.j1 - j);
      put_run(c, phase, sums + j - block.j0, j, n, image + i * product(c.in));
    }
}

template <class T>
void backward_input_phase(const ConvArgs& c, const Phase (&phase)[3], const T* grad_output, const T* weight,
                          T* grad_input) {
  const int64_t rows = c.c_in / c.groups, filters = c.c_out / c.groups;
  const int64_t in_size = product(c.in), out_size = product(c.out);
  const Patches<T> shape{nullptr, {c.out[0], c.out[1], c.out[2]}, {phase[0].axis, phase[1].axis, phase[2].axis}};
  const int64_t positions = shape.positions(), k = filters * shape.taps();
  const bool whole = c.stride[0] == 1 && c.stride[1] == 1 && c.stride[2] == 1;
  const T* packed = pack_weights<T>(c.groups, rows, k, [&](T* dst, int64_t g, int64_t i, int64_t count) {
    pack_transposed(c, phase, weight, dst, g, i, count);
  });
  if (slides(Sliding<T>(shape), rows))
    return multiply_images<T>(
        c.n * c.groups, rows, filters, shape, [&](int64_t index) { return grad_output + index * filters * out_size; },
        [&](int64_t index) { return PackedRows<T>{packed + index % c.groups * round_up(rows, kTileRows) * k, k}; },
        [&](int64_t index, int64_t i, const T* sums, int64_t position, int64_t n) {
          put_run(c, phase, sums, position, n, grad_input + (index * rows + i) * in_size);
        });
  for_each_part<T>(c.n * c.groups, rows, positions, k, [&](int64_t index, Part part) {
    const int64_t image = index / c.groups, g = index % c.groups;
    Patches<T> patches = shape;
    patches.image = grad_output + (image * c.c_out + g * filters) * out_size;
    T* target = grad_input + (image * c.c_in + g * rows) * in_size;
    const PackedRows<T> a{packed + g * round_up(rows, kTileRows) * k, k};
    const auto multiply = [&](Part block, const TileOutput<T>& out) { multiply_panels<T>(block, k, a, patches, out); };
    if (whole) return multiply(part, {target, in_size, T(1), T(0), nullptr, nullptr});
    multiply_staged<T>(part, multiply, [&](const T* sums, int64_t stride, Part block) {
      scatter(c, phase, sums, stride, block, target);
    });
  });
}

// Adds rows of sums, one for each (channel, tap), to the input elements that those taps saw from output positions j0
// ... j1.
template <class T>
void add_columns(const ConvArgs& c, const T* sums, int64_t sums_stride, Part block, T* image) {
  const int64_t volume = product(c.kernel), wide = c.out[2], high = c.out[1];
  for (int64_t i = block.i0; i < block.i1; ++i, sums += sums_stride) {
    const int64_t tap = i % volume, kw = tap % c.kernel[2], kh = tap / c.kernel[2] % c.kernel[1];
    const int64_t kd = tap / c.kernel[2] / c.kernel[1], offset = kw * c.dilation[2] - c.padding[2];
    const Span span = inside(wide, c.in[2], c.stride[2], offset);
    T* channel = image + i / volume * product(c.in);
    for (int64_t j = block.j0, end; j < block.j1; j = end) {
      const int64_t start = j / wide * wide, h = j / wide % high, d = j / wide / high;
      end = smaller(start + wide, block.j1);
      const int64_t y = h * c.stride[1] + kh * c.dilation[1] - c.padding[1];
      const int64_t z = d * c.stride[0] + kd * c.dilation[0] - c.padding[0];
      if (uint64_t(y) >= uint64_t(c.in[1]) || uint64_t(z) >= uint64_t(c.in[0])) continue;
      const int64_t first = larger(j - start, span.begin), last = smaller(end - start, span.end);
      add_scaled(channel + (z * c.in[1] + y) * c.in[2] + first * c.stride[2] + offset, c.stride[2],
                 sums + start - block.j0 + first, 1, T(1), last - first);
    }
  }
}

// Patches of the output's gradient would be gathered for a handful of input channels only, at more cost than the
// product itself. So the product makes a row for each (channel, tap) instead, and these are added up where they belong.
template <class T>
void backward_input_few_channels(const ConvArgs& c, const T* grad_output, const T* weight, T* grad_input) {
  const int64_t channels = c.c_in / c.groups, filters = c.c_out / c.groups, rows = channels * product(c.kernel);
  const int64_t in_size = product(c.in), out_size = product(c.out);
  const T* packed = pack_weights<T>(c.groups, rows, filters, [&](T* dst, int64_t g, int64_t i, int64_t count) {
    PackRows<T, T>{{weight + g * filters * rows, 1, rows}}(dst, i, count, 0, filters);
  });
  parallel_for(c.n * c.groups, grain(rows * filters * out_size / 8), [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t image = t / c.groups, g = t % c.groups;
      T* target = grad_input + (image * c.c_in + g * channels) * in_size;
      for (int64_t i = 0; i < channels * in_size; ++i) target[i] = T(0);
      const PackCols<T, T> pack_b{{grad_output + (image * c.c_out + g * filters) * out_size, out_size, 1}};
      const PackedRows<T> a{packed + g * round_up(rows, kTileRows) * filters, filters};
      const auto multiply = [&](Part block, const TileOutput<T>& out) {
        multiply_panels<T>(block, filters, a, pack_b, out);
      };
      multiply_staged<T>({0, rows, 0, out_size}, multiply, [&](const T* sums, int64_t stride, Part block) {
        add_columns(c, sums, stride, block, target);
      });
    }
  });
}

template <class T>
void backward_input(const ConvArgs& args, const T* grad_output, const T* weight, T* grad_input) {
  if (is_depthwise(args)) return depthwise_backward_input(args, grad_output, weight, grad_input);
  const ConvArgs c = simplified(args);
  if (c.c_in / c.groups <= kFewChannels) return backward_input_few_channels(c, grad_output, weight, grad_input);
  for (int64_t d = 0; d < c.stride[0]; ++d)
    for (int64_t h = 0; h < c.stride[1]; ++h)
      for (int64_t w = 0; w < c.stride[2]; ++w) {
        const Phase phase[3] = {find_phase(c, 0, d), find_phase(c, 1, h), find_phase(c, 2, w)};
        backward_input_phase(c, phase, grad_output, weight, grad_input);
      }
}

// The images follow each other in every part, so that the order of summation never changes.
template <class T>
void backward_weight(const ConvArgs& args, const T* grad_output, const T* input, T* grad_weight) {
  if (is_depthwise(args)) return depthwise_backward_weight(args, grad_output, input, grad_weight);
  const ConvArgs c = simplified(args);
  const int64_t rows = c.c_out / c.groups, channels = c.c_in / c.groups, cols = channels * product(c.kernel);
  const int64_t in_size = product(c.in), out_size = product(c.out);
  if (c.n == 0) {
    for (int64_t i = 0; i < c.c_out * cols; ++i) grad_weight[i] = T(0);
    return;
  }
  for_each_part<T>(c.groups, rows, cols, c.n * out_size, [&](int64_t g, Part part) {
    for (int64_t image = 0; image < c.n; ++image) {
      const TransposedPatches<T> patches{forward_patches(c, input + (image * c.c_in + g * channels) * in_size)};
      const RowsInPlace<T> a{{grad_output + (image * c.c_out + g * rows) * out_size, out_size, 1}};
      const TileOutput<T> out{grad_weight + g * rows * cols, cols, T(1), image == 0 ? T(0) : T(1), nullptr, nullptr};
      multiply_panels<T>(part, out_size, a, patches, out);
    }
  });
}

template <class T>
void backward_bias(const ConvArgs& c, const T* grad_output, T* grad_bias) {
  const int64_t size = product(c.out);
  parallel_for(c.c_out, grain(c.n * size), [&](int64_t begin, int64_t end) {
    for (int64_t channel = begin; channel < end; ++channel) {
      T total = T(0);
      for (int64_t image = 0; image < c.n; ++image) {
        const T* y = grad_output + (image * c.c_out + channel) * size;
        Vec<T> sum[4] = {};
        for (int64_t i = 0; i < size; i += 4 * kLanes<T>)
          for (int64_t v = 0; v < 4; ++v) {
            const int64_t left = size - i - v * kLanes<T>;
            if (left > 0) sum[v] += load(y + i + v * kLanes<T>, Lanes<T>(smaller(left, kLanes<T>)));
          }
        total += horizontal_sum<T>((sum[0] + sum[1]) + (sum[2] + sum[3]));
      }
      grad_bias[channel] = total;
    }
  });
}

template <class T>
ConvFunctions<T> functions() {
  return {forward<T>, backward_input<T>, backward_weight<T>, backward_bias<T>};
}

}  // namespace

void fill_conv(ConvKernels& k) {
  k.f32 = functions<float>();
  k.f64 = functions<double>();
}

}  // namespace PL_ISA
}  // namespace pl
