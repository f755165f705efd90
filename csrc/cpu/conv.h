// Convolution on the CPU in one, two or three dimensions, and its three gradients.
#pragma once
#include <cstdint>

namespace pl {

// Sizes along the last three dimensions; a convolution in fewer has 1 (padding 0) in front. Every array is contiguous:
//   input  [n, c_in, in[0], in[1], in[2]]      weight [c_out, c_in / groups, kernel[0], kernel[1], kernel[2]]
//   output [n, c_out, out[0], out[1], out[2]]  bias   [c_out]
// with out = (in + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1. The caller has checked all this; a
// transposed convolution is backward_input with the names exchanged.
struct ConvArgs {
  int64_t n = 0, c_in = 0, c_out = 0, groups = 1;
  int64_t in[3] = {1, 1, 1}, kernel[3] = {1, 1, 1}, out[3] = {1, 1, 1};
  int64_t stride[3] = {1, 1, 1}, padding[3] = {0, 0, 0}, dilation[3] = {1, 1, 1};
};

// Results overwrite their arrays and do not depend on the number of threads. float and double; narrower types are
// converted by the caller.
template <class T>
struct ConvFunctions {
  void (*forward)(const ConvArgs&, const T* input, const T* weight, const T* bias, T* output);  // bias may be null
  void (*backward_input)(const ConvArgs&, const T* grad_output, const T* weight, T* grad_input);
  void (*backward_weight)(const ConvArgs&, const T* grad_output, const T* input, T* grad_weight);
  void (*backward_bias)(const ConvArgs&, const T* grad_output, T* grad_bias);
};

struct ConvKernels {
  ConvFunctions<float> f32;
  ConvFunctions<double> f64;
};

namespace avx2 {
void fill_conv(ConvKernels&);
}
namespace avx512 {
void fill_conv(ConvKernels&);
}

}  // namespace pl
