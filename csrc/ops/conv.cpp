// Convolutions. Forward, the gradient of the input and the gradient of the weight are each linear in two arguments and are one
// another's derivatives, so that three operators give derivatives of every order. A transposed convolution is the second.
#include "cpu/kernels.h"
#include "native.h"
#include "ops/fused.h"

namespace pl {
namespace {

using Sizes = std::vector<int64_t>;

template <class T> const ConvFunctions<T>& kernels();
template <> const ConvFunctions<float>& kernels() { return cpu().conv.f32; }
template <> const ConvFunctions<double>& kernels() { return cpu().conv.f64; }

struct Settings {
  Shape stride, padding, dilation;
  int64_t groups;
};

// `input` [n, c_in, ...], `weight` [c_out, c_in / groups, ...], `output` [n, c_out, ...].
ConvArgs conv_args(Shape input, Shape weight, Shape output, const Settings& s) {
  ConvArgs a;
  a.n = input[0], a.c_in = input[1], a.c_out = weight[0], a.groups = s.groups;
  const int dims = input.n - 2, first = 3 - dims;
  for (int d = 0; d < dims; ++d) {
    a.in[first + d] = input[2 + d];
    a.kernel[first + d] = weight[2 + d];
    a.out[first + d] = output[2 + d];
    a.stride[first + d] = s.stride[d];
    a.padding[first + d] = s.padding[d];
    a.dilation[first + d] = s.dilation[d];
  }
  return a;
}

int64_t work(const ConvArgs& a) {
  int64_t n = a.n * a.c_out * (a.c_in / a.groups);
  for (int d = 0; d < 3; ++d) n *= a.out[d] * a.kernel[d];
  return n;
}

Sizes output_sizes(const Tensor& input, const Tensor& weight, const Settings& s) {
  Sizes r = {input.size(0), weight.size(0)};
  for (int d = 0; d < input.dim() - 2; ++d)
    r.push_back((input.size(2 + d) + 2 * s.padding[d] - s.dilation[d] * (weight.size(2 + d) - 1) - 1) / s.stride[d] + 1);
  return r;
}

// Computes into a fresh tensor of `sizes` with run(T(), pointer to the result); zeros where an operand is empty.
template <class F> Tensor computed(Shape sizes, const Tensor& a, const Tensor& b, DType d, const ConvArgs& args, F run) {
  const DType result = a.dtype();
  if (sizes.numel() == 0) return empty(sizes, result);
  if (a.numel() == 0 || b.numel() == 0) return zeros(sizes, result);
  Tensor out = empty(sizes, d);
  with_float(d, [&](auto t) {
    ReleaseGil free(work(args));
    run(t, out.ptr<decltype(t)>());
  });
  return cast(out, result);
}

// Integers are computed in double, exact up to 2^53.
DType conv_dtype(DType d) { return is_floating(d) ? kernel_dtype(d) : DType::Float64; }

// ---- checks
void check_channels(const Tensor& input, const Tensor& weight, int64_t groups, bool transposed) {
  const int64_t wanted = transposed ? weight.size(0) : weight.size(1) * groups;
  if (transposed)
    PL_CHECK_AS(Runtime, input.size(1) == wanted, "conv_channels",
                "Given transposed=1, weight of size %s, expected input%s to have %lld channels, but got %lld channels instead",
                to_string(weight.sizes()).c_str(), to_string(input.sizes()).c_str(), (long long)wanted, (long long)input.size(1));
  else
    PL_CHECK_AS(Runtime, input.size(1) == wanted, "conv_channels",
                "Given groups=%lld, weight of size %s, expected input%s to have %lld channels, but got %lld channels instead", (long long)groups,
                to_string(weight.sizes()).c_str(), to_string(input.sizes()).c_str(), (long long)wanted, (long long)input.size(1));
}

void check_window(const Tensor& input, const Tensor& weight, const Settings& s) {
  std::string padded, kernel;
  bool fits = true;
  for (int d = 0; d < input.dim() - 2; ++d) {
    const int64_t in = input.size(2 + d) + 2 * s.padding[d], k = s.dilation[d] * (weight.size(2 + d) - 1) + 1;
    fits &= in >= k;
    padded += (d ? " x " : "") + std::to_string(in);
    kernel += (d ? " x " : "") + std::to_string(k);
  }
  PL_CHECK_AS(Runtime, fits, "conv_window", "Calculated padded input size per channel: (%s). Kernel size: (%s). Kernel size can't be greater than actual input size",
              padded.c_str(), kernel.c_str());
}

bool all_at_least(Shape s, int64_t least) {
  for (int64_t v : s) if (v < least) return false;
  return true;
}

void check_settings(const Settings& s, int dims) {
  auto one_each = [&](Shape v, const char* name) {
    PL_CHECK(v.n == dims, "expected %s to be a single integer value or a list of %d values to match the convolution dimensions, but got %s=%s", name, dims,
             name, to_string(v).c_str());
  };
  one_each(s.stride, "stride");
  one_each(s.padding, "padding");
  one_each(s.dilation, "dilation");
  PL_CHECK(all_at_least(s.padding, 0), "negative padding is not supported");
  PL_CHECK(all_at_least(s.stride, 1), "non-positive stride is not supported");
  PL_CHECK(all_at_least(s.dilation, 1), "dilation should be greater than zero, but got %s", to_string(s.dilation).c_str());
  PL_CHECK(s.groups > 0, "non-positive groups is not supported");
  for (Shape v : {s.stride, s.padding, s.dilation})
    for (int64_t n : v) PL_CHECK(n <= INT32_MAX, "a stride, padding or dilation of %lld is too large", (long long)n);
}

// As C++ calls it: PyTorch's words here.
const char* type_name(DType d) {
  switch (d) {
    case DType::Bool: return "bool";
    case DType::UInt8: return "unsigned char";
    case DType::Int8: return "signed char";
    case DType::Int16: return "short int";
    case DType::Int32: return "int";
    case DType::Int64: return "long int";
    case DType::Float16: return "c10::Half";
    case DType::BFloat16: return "c10::BFloat16";
    case DType::Float32: return "float";
    case DType::Float64: return "double";
    case DType::Complex64: return "c10::complex<float>";
    case DType::Complex128: return "c10::complex<double>";
    default: return info(d).name;
  }
}

void check_dtypes(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  PL_CHECK_AS(Runtime, input.dtype() == weight.dtype(), "dtype_mismatch", "expected scalar type %s but found %s", info(input.dtype()).scalar_name,
              info(weight.dtype()).scalar_name);
  PL_CHECK_AS(Runtime, !bias || input.dtype() == bias.dtype(), "dtype_mismatch", "Input type (%s) and bias type (%s) should be the same",
              type_name(input.dtype()), type_name(bias ? bias.dtype() : input.dtype()));
}

void check_same_dims(const Tensor& input, const Tensor& weight) {
  PL_CHECK(input.dim() == weight.dim(), "Expected %d-dimensional input for %d-dimensional weight%s, but got %d-dimensional input of size %s instead",
           weight.dim(), weight.dim(), to_string(weight.sizes()).c_str(), input.dim(), to_string(input.sizes()).c_str());
}

void check_convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, const Settings& s, bool transposed) {
  PL_CHECK(weight.dim() >= 3, "weight should have at least three dimensions");
  PL_CHECK(weight.dim() <= 5, "weight should have at most five dimensions, got shape %s", to_string(weight.sizes()).c_str());
  check_settings(s, weight.dim() - 2);
  check_same_dims(input, weight);
  check_dtypes(input, weight, bias);
  PL_CHECK(weight.size(0) >= s.groups, "Given groups=%lld, expected weight to be at least %lld at dimension 0, but got weight of size %s instead",
           (long long)s.groups, (long long)s.groups, to_string(weight.sizes()).c_str());
  PL_CHECK(weight.size(0) % s.groups == 0, "Given groups=%lld, expected weight to be divisible by %lld at dimension 0, but got weight of size %s instead",
           (long long)s.groups, (long long)s.groups, to_string(weight.sizes()).c_str());
  check_channels(input, weight, s.groups, transposed);
  const int64_t outputs = transposed ? weight.size(1) * s.groups : weight.size(0);
  PL_CHECK_AS(Runtime, !bias || (bias.dim() == 1 && bias.size(0) == outputs), "conv_bias",
              "Given %sweight of size %s, expected bias to be 1-dimensional with %lld elements, but got bias of size %s instead",
              transposed ? "transposed=1, " : "", to_string(weight.sizes()).c_str(), (long long)outputs, to_string(bias.sizes()).c_str());
  if (!transposed) check_window(input, weight, s);
}

// ---- the public operators
Tensor add_bias(const Tensor& t, const Tensor& bias) {
  if (!bias) return t;
  Sizes shape(size_t(t.dim()), 1);
  shape[1] = bias.numel();
  return op::add(t, op::view(bias, shape), Scalar(1));
}

// Of complex numbers: four convolutions of their parts.
Tensor complex_convolution(const Tensor& x, const Tensor& w, const Tensor& bias, const Settings& s, bool transposed, Shape output_padding) {
  auto conv = [&](const Tensor& a, const Tensor& b) {
    return native::convolution(a, b, Tensor(), s.stride, s.padding, s.dilation, transposed, output_padding, s.groups);
  };
  Tensor xr = op::real(x), xi = op::imag(x), wr = op::real(w), wi = op::imag(w);
  Tensor re = op::sub(conv(xr, wr), conv(xi, wi), Scalar(1)), im = op::add(conv(xr, wi), conv(xi, wr), Scalar(1));
  return add_bias(op::complex(re, im), bias);
}

Sizes transposed_sizes(const Tensor& input, const Tensor& weight, const Settings& s, Shape output_padding) {
  Sizes r = {input.size(0), weight.size(1) * s.groups};
  for (int d = 0; d < input.dim() - 2; ++d) {
    PL_CHECK(output_padding[d] >= 0, "negative output_padding is not supported");
    PL_CHECK(output_padding[d] < s.stride[d] || output_padding[d] < s.dilation[d],
             "output padding must be smaller than either stride or dilation, but got output_padding: %lld stride: %lld dilation: %lld",
             (long long)output_padding[d], (long long)s.stride[d], (long long)s.dilation[d]);
    const int64_t size = (input.size(2 + d) - 1) * s.stride[d] - 2 * s.padding[d] + s.dilation[d] * (weight.size(2 + d) - 1) + output_padding[d] + 1;
    PL_CHECK(size > 0, "Given input size per channel: %s. Calculated output size per channel is too small", to_string(input.sizes()).c_str());
    r.push_back(size);
  }
  return r;
}

// With an output_padding of a stride or more, a convolution of `sizes` would give more than the input has: zeros are added to it.
Tensor as_long_as_needed(const Tensor& input, const Tensor& weight, Shape sizes, const Settings& s) {
  const int dims = input.dim() - 2;
  Sizes more(size_t(2 * dims), 0);
  bool needed = false;
  for (int d = 0; d < dims; ++d) {
    const int64_t natural = (sizes[2 + d] + 2 * s.padding[d] - s.dilation[d] * (weight.size(2 + d) - 1) - 1) / s.stride[d] + 1;
    more[size_t(2 * (dims - 1 - d) + 1)] = natural - input.size(2 + d);
    needed |= natural > input.size(2 + d);
  }
  return needed ? op::constant_pad_nd(input, more, Scalar(0)) : input;
}

// One sample without a batch dimension is a batch of one.
template <class F> Tensor batched(const char* name, int dims, const Tensor& input, F run) {
  PL_CHECK_AS(Runtime, input.dim() == dims + 1 || input.dim() == dims + 2, "conv_dims",
              "Expected %dD (unbatched) or %dD (batched) input to %s, but got input of size: %s", dims + 1, dims + 2, name, to_string(input.sizes()).c_str());
  return input.dim() == dims + 2 ? run(input) : op::squeeze_dim(run(op::unsqueeze(input, 0)), 0);
}

Tensor conv(const char* name, int dims, const Tensor& input, const Tensor& weight, const Tensor& bias, const Settings& s) {
  const int64_t zero[3] = {};
  return batched(name, dims, input, [&](const Tensor& x) {
    return native::convolution(x, weight, bias, s.stride, s.padding, s.dilation, false, Shape(zero, dims), s.groups);
  });
}

// "same": the output is as long as the input; the odd element of padding goes to the end.
Tensor conv_padded(const char* name, int dims, const Tensor& input, const Tensor& weight, const Tensor& bias, Shape stride, const std::string& padding,
                   Shape dilation, int64_t groups) {
  int64_t zero[3] = {}, half[3] = {};
  if (padding == "valid") return conv(name, dims, input, weight, bias, {stride, Shape(zero, dims), dilation, groups});
  PL_CHECK(padding == "same", "Invalid padding string: '%s'", padding.c_str());
  check_same_dims(input.dim() == dims + 1 ? op::unsqueeze(input, 0) : input, weight);
  for (int64_t s : stride) PL_CHECK(s == 1, "padding='same' is not supported for strided convolutions");
  Sizes more(size_t(2 * dims), 0);
  bool uneven = false;
  for (int d = 0; d < dims; ++d) {
    const int64_t total = dilation[d] * (weight.size(2 + d) - 1);
    half[d] = total / 2;
    more[size_t(2 * (dims - 1 - d) + 1)] = total % 2;
    uneven |= total % 2 != 0;
  }
  Tensor x = uneven ? op::constant_pad_nd(input, more, Scalar(0)) : input;
  return conv(name, dims, x, weight, bias, {stride, Shape(half, dims), dilation, groups});
}

Tensor conv_transpose(const char* name, int dims, const Tensor& input, const Tensor& weight, const Tensor& bias, const Settings& s, Shape output_padding) {
  return batched(name, dims, input, [&](const Tensor& x) {
    return native::convolution(x, weight, bias, s.stride, s.padding, s.dilation, true, output_padding, s.groups);
  });
}

}  // namespace

namespace native {

Tensor conv_forward(const Tensor& input, const Tensor& weight, const Tensor& bias, Shape stride, Shape padding, Shape dilation, int64_t groups) {
  const Settings s{stride, padding, dilation, groups};
  const Sizes sizes = output_sizes(input, weight, s);
  const DType d = conv_dtype(input.dtype());
  const ConvArgs args = conv_args(input.sizes(), weight.sizes(), sizes, s);
  if (!input.is_meta() && bias && (input.numel() == 0 || weight.numel() == 0)) return add_bias(zeros(sizes, input.dtype()), bias);
  if (input.is_meta()) return in_layout_of(is_channels_last(input) ? input : weight, empty(sizes, input.dtype(), input.device()));
  Tensor x = kernel_data(input, d), w = kernel_data(weight, d), b = kernel_data(bias, d);
  Tensor y = computed(sizes, input, weight, d, args, [&](auto t, auto* out) {
    using T = decltype(t);
    kernels<T>().forward(args, x->ptr<T>(), w->ptr<T>(), b.get() ? b->ptr<T>() : nullptr, out);
  });
  return in_layout_of(is_channels_last(input) ? input : weight, y);
}

Tensor conv_input_grad(const Tensor& grad_output, const Tensor& weight, Shape input_size, Shape stride, Shape padding, Shape dilation, int64_t groups) {
  const DType d = conv_dtype(weight.dtype());
  const ConvArgs args = conv_args(input_size, weight.sizes(), grad_output.sizes(), {stride, padding, dilation, groups});
  if (grad_output.is_meta()) return empty(input_size, grad_output.dtype(), grad_output.device());
  Tensor g = kernel_data(grad_output, d), w = kernel_data(weight, d);
  return computed(input_size, grad_output, weight, d, args, [&](auto t, auto* out) {
    using T = decltype(t);
    kernels<T>().backward_input(args, g->ptr<T>(), w->ptr<T>(), out);
  });
}

Tensor conv_weight_grad(const Tensor& grad_output, const Tensor& input, Shape weight_size, Shape stride, Shape padding, Shape dilation, int64_t groups) {
  const DType d = conv_dtype(input.dtype());
  const ConvArgs args = conv_args(input.sizes(), weight_size, grad_output.sizes(), {stride, padding, dilation, groups});
  if (grad_output.is_meta()) return empty(weight_size, grad_output.dtype(), grad_output.device());
  Tensor g = kernel_data(grad_output, d), x = kernel_data(input, d);
  return computed(weight_size, grad_output, input, d, args, [&](auto t, auto* out) {
    using T = decltype(t);
    kernels<T>().backward_weight(args, g->ptr<T>(), x->ptr<T>(), out);
  });
}

Tensor conv_transposed(const Tensor& input, const Tensor& weight, const Tensor& bias, Shape output_size, Shape stride, Shape padding, Shape dilation,
                       int64_t groups) {
  Tensor y = add_bias(conv_input_grad(input, weight, output_size, stride, padding, dilation, groups), bias);
  return in_layout_of(is_channels_last(input) ? input : weight, y);
}

Tensor convolution(const Tensor& input, const Tensor& weight, const Tensor& bias, Shape stride, Shape padding, Shape dilation, bool transposed,
                   Shape output_padding, int64_t groups) {
  const Settings s{stride, padding, dilation, groups};
  check_convolution(input, weight, bias, s, transposed);
  if (is_complex(input.dtype())) return complex_convolution(input, weight, bias, s, transposed, output_padding);
  if (!transposed) return op::conv_forward(input, weight, bias, stride, padding, dilation, groups);
  PL_CHECK(output_padding.n == weight.dim() - 2, "expected output_padding to be a single integer value or a list of %d values to match the convolution "
           "dimensions, but got output_padding=%s", weight.dim() - 2, to_string(output_padding).c_str());
  const Sizes sizes = transposed_sizes(input, weight, s, output_padding);
  return op::conv_transposed(as_long_as_needed(input, weight, sizes, s), weight, bias, sizes, stride, padding, dilation, groups);
}

#define PL_CONV(dims)                                                                                                                   \
  Tensor conv##dims##d(const Tensor& input, const Tensor& weight, const Tensor& bias, Shape stride, Shape padding, Shape dilation,      \
                       int64_t groups) {                                                                                                \
    return conv("conv" #dims "d", dims, input, weight, bias, {stride, padding, dilation, groups});                                      \
  }                                                                                                                                     \
  Tensor conv##dims##d_padding(const Tensor& input, const Tensor& weight, const Tensor& bias, Shape stride, const std::string& padding, \
                               Shape dilation, int64_t groups) {                                                                        \
    return conv_padded("conv" #dims "d", dims, input, weight, bias, stride, padding, dilation, groups);                                 \
  }                                                                                                                                     \
  Tensor conv_transpose##dims##d(const Tensor& input, const Tensor& weight, const Tensor& bias, Shape stride, Shape padding,            \
                                 Shape output_padding, int64_t groups, Shape dilation) {                                                \
    return conv_transpose("conv_transpose" #dims "d", dims, input, weight, bias, {stride, padding, dilation, groups}, output_padding);  \
  }
PL_CONV(1)
PL_CONV(2)
PL_CONV(3)
#undef PL_CONV

}  // namespace native

// The gradient of a bias: the sum over all but the channels.
Tensor conv_bias_grad(const Tensor& grad) {
  Sizes dims = {0};
  for (int d = 2; d < grad.dim(); ++d) dims.push_back(d);
  return op::sum_dim_IntList(grad, std::optional<Shape>(Shape(dims)), false, DType::Undefined);
}

}  // namespace pl
