// Patches: unfold (im2col) lays windows of an image out as columns, fold (col2im) adds columns back to an image.
#include "native.h"
#include "ops/derivatives.h"

namespace pl {
namespace {

struct Windows {
  const Shape kernel, dilation, padding, stride;

  void check() const {
    check_positive("kernel size", "kernel", kernel);
    check_positive("dilation", "dilation", dilation);
    PL_CHECK(padding[0] >= 0 && padding[1] >= 0, "padding should be non-negative, but got pad_height: %lld pad_width: %lld", (long long)padding[0],
             (long long)padding[1]);
    check_positive("stride", "stride", stride);
    // What follows multiplies and adds these.
    for (const Shape& s : {kernel, dilation, padding, stride})
      for (int64_t v : s) PL_CHECK(v <= INT32_MAX, "a window's settings must be below 2^31, but got %lld", (long long)v);
  }
  int64_t count(int d, int64_t size) const {
    const int64_t span = size + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1;
    return (span >= 0 ? span / stride[d] : -((-span + stride[d] - 1) / stride[d])) + 1;
  }

 private:
  static void check_positive(const char* what, const char* name, Shape s) {
    PL_CHECK(s[0] > 0 && s[1] > 0, "%s should be greater than zero, but got %s_height: %lld %s_width: %lld", what, name, (long long)s[0], name, (long long)s[1]);
  }
};

void check_two(const char* name, Shape s) { PL_CHECK(s.n == 2, "It is expected %s equals to 2, but got size %d", name, s.n); }

void check_dtype(const char* name, DType d, bool with_bool) {
  PL_CHECK_AS(NotImplemented, is_differentiable(d) || (with_bool && d == DType::Bool), "dtype_unsupported", "\"%s\" not implemented for '%s'", name,
              info(d).scalar_name);
}

std::string pair(Shape s) { return "(" + std::to_string(s[0]) + ", " + std::to_string(s[1]) + ")"; }

// The image with its padding, seen as [batch, channels, kernel height, kernel width, blocks down, blocks across].
Tensor windows_of(const Tensor& padded, const Windows& w, int64_t down, int64_t across) {
  const Shape s = padded.strides();
  return alias(padded, {padded.size(0), padded.size(1), w.kernel[0], w.kernel[1], down, across},
               {s[0], s[1], s[2] * w.dilation[0], s[3] * w.dilation[1], s[2] * w.stride[0], s[3] * w.stride[1]}, padded->offset, padded.dtype());
}

}  // namespace

namespace native {

Tensor im2col(const Tensor& self, Shape kernel_size, Shape dilation, Shape padding, Shape stride) {
  check_two("kernel_size", kernel_size);
  check_two("dilation", dilation);
  check_two("padding", padding);
  check_two("stride", stride);
  const Windows w{kernel_size, dilation, padding, stride};
  w.check();
  bool fits = self.dim() == 3 || self.dim() == 4;
  for (int d = 1; d <= 3 && fits; ++d) fits = self.size(-d) != 0;
  PL_CHECK(fits, "Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions for input, but got: %s",
           to_string(self.sizes()).c_str());
  check_dtype("im2col_out_cpu", self.dtype(), true);
  const int64_t height = self.size(-2), width = self.size(-1), down = w.count(0, height), across = w.count(1, width);
  PL_CHECK(down >= 1 && across >= 1,
           "Given input with spatial size (%lld, %lld), kernel_size=%s, dilation=%s, padding=%s, calculated shape of the array of sliding blocks as (%lld, %lld), "
           "but its components must be at least one.",
           (long long)height, (long long)width, pair(kernel_size).c_str(), pair(dilation).c_str(), pair(padding).c_str(), (long long)down, (long long)across);
  const bool batched = self.dim() == 4;
  Tensor x = batched ? self : op::unsqueeze(self, 0);
  x = op::constant_pad_nd(x, {padding[1], padding[1], padding[0], padding[0]}, Scalar(int64_t(0)));
  const int64_t rows = checked_mul(checked_mul(x.size(1), kernel_size[0]), kernel_size[1]), columns = checked_mul(down, across);
  Tensor r = empty({x.size(0), rows, columns}, self.dtype(), self.device());
  if (!self.is_meta() && r.numel())
    copy_into(op::view(r, {x.size(0), x.size(1), kernel_size[0], kernel_size[1], down, across}), windows_of(x, w, down, across));
  return batched ? r : op::squeeze_dim(r, 0);
}

Tensor col2im(const Tensor& self, Shape output_size, Shape kernel_size, Shape dilation, Shape padding, Shape stride) {
  check_two("output_size", output_size);
  check_two("kernel_size", kernel_size);
  check_two("dilation", dilation);
  check_two("padding", padding);
  check_two("stride", stride);
  const Windows w{kernel_size, dilation, padding, stride};
  w.check();
  PL_CHECK(output_size[0] >= 0 && output_size[1] >= 0 && output_size[0] <= INT32_MAX && output_size[1] <= INT32_MAX, "output_size %s is not possible",
           pair(output_size).c_str());
  bool fits = self.dim() == 2 || self.dim() == 3;
  for (int d = 1; d <= 2 && fits; ++d) fits = self.size(-d) != 0;
  PL_CHECK(fits, "Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and non-zero dimensions for input, but got: %s",
           to_string(self.sizes()).c_str());
  const bool batched = self.dim() == 3;
  const int64_t down = w.count(0, output_size[0]), across = w.count(1, output_size[1]), rows = self.size(-2), columns = self.size(-1);
  const int64_t size = checked_mul(kernel_size[0], kernel_size[1]);
  PL_CHECK(rows % size == 0, "Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got input.size(1)=%lld and kernel_size=%s.",
           (long long)rows, pair(kernel_size).c_str());
  const std::string given = "Given output_size=" + pair(output_size) + ", kernel_size=" + pair(kernel_size) + ", dilation=" + pair(dilation) +
                            ", padding=" + pair(padding) + ", stride=" + pair(stride);
  PL_CHECK(columns == down * across, "%s, expected size of input's dimension 2 to match the calculated number of sliding blocks %lld * %lld = %lld, but got input.size(2)=%lld.",
           given.c_str(), (long long)down, (long long)across, (long long)(down * across), (long long)columns);
  PL_CHECK(down >= 1 && across >= 1, "%s, calculated shape of the array of sliding blocks as (%lld, %lld), but its components must be at least one.", given.c_str(),
           (long long)down, (long long)across);
  check_dtype("col2im_out_cpu", self.dtype(), false);
  Tensor x = contiguous(batched ? self : op::unsqueeze(self, 0));
  const int64_t channels = rows / size, height = output_size[0] + 2 * padding[0], width = output_size[1] + 2 * padding[1];
  Tensor padded = zeros({x.size(0), channels, height, width}, self.dtype(), self.device());
  if (!self.is_meta()) {
    Tensor blocks = op::reshape(x, {x.size(0), channels, kernel_size[0], kernel_size[1], down, across}), image = windows_of(padded, w, down, across);
    // The windows of one element of the kernel do not overlap: each is one addition of a whole array.
    for (int64_t i = 0; i < kernel_size[0]; ++i)
      for (int64_t j = 0; j < kernel_size[1]; ++j)
        op::add_(op::select(op::select(image, 2, i), 2, j), op::select(op::select(blocks, 2, i), 2, j), Scalar(int64_t(1)));
  }
  Tensor r = op::constant_pad_nd(padded, {-padding[1], -padding[1], -padding[0], -padding[0]}, Scalar(int64_t(0)));
  return batched ? r : op::squeeze_dim(r, 0);
}

}  // namespace native

Tensor im2col_grad(const Tensor& grad, Shape input, Shape kernel_size, Shape dilation, Shape padding, Shape stride) {
  return op::col2im(grad, Shape(input.end() - 2, 2), kernel_size, dilation, padding, stride);
}

}  // namespace pl
