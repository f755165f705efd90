// Front functions of pointwise operators that choose between kernels.
#include <cmath>
#include <limits>
#include "ops/pointwise.h"
#include "ops.h"

namespace pl {
namespace native {

Tensor div(const Tensor& self, const Operand& other, const std::optional<std::string>& rounding_mode) {
  if (!rounding_mode) return op::true_divide(self, other);
  if (*rounding_mode == "floor") return op::floor_divide(self, other);
  PL_CHECK(*rounding_mode == "trunc", "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '%s'",
           rounding_mode->c_str());
  const DType d = result_type({In(self), In(other)});
  if (d == DType::BFloat16 || d == DType::Float16)      // PyTorch rounds the quotient of halves before it cuts it
    return op::trunc(op::true_divide(self, other));
  return op::trunc_divide(self, other);
}

Tensor div_(const Tensor& self, const Operand& other, const std::optional<std::string>& rounding_mode) {
  if (!rounding_mode) return op::true_divide_(self, other);
  Tensor r = div(self, other, rounding_mode);
  return op::copy_(self, r, false);
}

namespace {
bool is_number(const Operand& o, double v) { return !o.t && !o.s.is_complex() && o.s.to_double() == v; }

void check_integer_power(const Operand& self, const Operand& exponent) {
  bool integers = (self.t ? is_integral(self.t.dtype()) : self.s.is_integral()) && !exponent.t && exponent.s.is_integral();
  PL_CHECK(!integers || exponent.s.i >= 0, "Integers to negative integer powers are not allowed.");
}
}  // namespace

Tensor pow(const Operand& self, const Operand& exponent) {
  check_integer_power(self, exponent);
  if (self.t && is_number(exponent, 2) && result_type({In(self), In(exponent)}) == self.t.dtype() && self.t.dtype() != DType::Bool)
    return op::square_kernel(self);
  return op::pow_kernel(self, exponent);
}

Tensor pow_(const Tensor& self, const Operand& exponent) {
  check_integer_power(self, exponent);
  return op::pow_kernel_(self, exponent);
}

Tensor square(const Tensor& self) {     // PyTorch's pow(self, 2): a bool becomes an integer
  return self.dtype() == DType::Bool ? op::square_kernel(cast(self, DType::Int64)) : op::square_kernel(self);
}

Tensor bitwise_not(const Tensor& self) {
  return self.dtype() == DType::Bool ? op::logical_not(self) : op::bitwise_flip(self);
}

Tensor clamp(const Tensor& self, const std::optional<Operand>& min, const std::optional<Operand>& max) {
  PL_CHECK(min || max, "torch.clamp: At least one of 'min' or 'max' must not be None");
  if (min && max) return op::clamp_both(self, *min, *max);
  return min ? op::clamp_low(self, *min) : op::clamp_high(self, *max);
}

Tensor clamp_min(const Tensor& self, const Operand& min) { return op::clamp_low(self, min); }
Tensor clamp_max(const Tensor& self, const Operand& max) { return op::clamp_high(self, max); }

Tensor positive(const Tensor& self) {
  PL_CHECK(self.dtype() != DType::Bool, "The `+` operator, on a bool tensor is not supported.");
  return self;
}

Tensor round(const Tensor& self, int64_t decimals) {
  if (decimals == 0 || is_integral(self.dtype())) return op::round_even(self);
  double scale = std::pow(10.0, double(std::llabs(decimals)));
  if (decimals > 0) return op::true_divide(op::round_even(op::mul(self, Scalar(scale))), Scalar(scale));
  return op::mul(op::round_even(op::true_divide(self, Scalar(scale))), Scalar(scale));
}

Tensor gelu(const Tensor& self, const std::string& approximate) {
  if (approximate == "none") return op::gelu_erf(self);
  PL_CHECK(approximate == "tanh", "approximate argument must be either none or tanh.");
  return op::gelu_tanh(self);
}

Tensor logsigmoid(const Tensor& self) { return op::log_sigmoid(self); }

Tensor prelu(const Tensor& self, const Tensor& weight) {
  PL_CHECK(self.dtype() == weight.dtype(), "prelu: Type promoting not supported. Got %s and %s", info(self.dtype()).scalar_name,
           info(weight.dtype()).scalar_name);
  PL_CHECK(self.dim() > 0 || weight.numel() == 1, "Not allow zero-dim input tensor.");
  PL_CHECK(weight.dim() <= 1, "prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = %d", weight.dim());
  if (weight.numel() == 1) return op::prelu_kernel(self, op::reshape(weight, Shape(nullptr, 0)));
  PL_CHECK(self.dim() > 0, "Not allow zero-dim input tensor.");
  int64_t channels = self.dim() > 1 ? self.size(1) : 1;
  PL_CHECK(weight.numel() == channels, "Mismatch of parameter numbers and input channel size. Found parameter numbers = %lld and channel size = %lld.",
           (long long)weight.numel(), (long long)channels);
  std::vector<int64_t> shape(size_t(self.dim()), 1);
  shape[self.dim() > 1 ? 1 : 0] = weight.numel();
  return op::prelu_kernel(self, op::reshape(weight, Shape(shape)));
}

Tensor logit(const Tensor& self, std::optional<double> eps) {
  if (itemsize(self.dtype()) == 2 && is_floating(self.dtype())) {      // PyTorch computes halves in steps of their own
    Tensor x = eps ? op::clamp_both(self, Scalar(*eps), Scalar(1.0 - *eps)) : self;
    return op::log(op::true_divide(x, op::sub(Scalar(1.0), x, Scalar(1))));
  }
  return op::logit_kernel(self, Scalar(eps ? *eps : -1.0));
}

Tensor nan_to_num(const Tensor& self, std::optional<double> nan, std::optional<double> posinf, std::optional<double> neginf) {
  if (is_integral(self.dtype())) return op::clone(self, MemoryFormat::Preserve);
  double largest = self.dtype() == DType::Float16 ? 65504.0 : self.dtype() == DType::BFloat16 ? 3.3895313892515355e38
                 : self.dtype() == DType::Float32 ? double(std::numeric_limits<float>::max()) : std::numeric_limits<double>::max();
  return op::nan_to_num_kernel(self, Scalar(nan.value_or(0.0)), Scalar(posinf.value_or(largest)), Scalar(neginf.value_or(-largest)));
}

Tensor conj(const Tensor& self) { return is_complex(self.dtype()) ? op::conj_kernel(self) : self; }

Tensor conj_physical(const Tensor& self) { return conj(self); }
Tensor resolve_conj(const Tensor& self) { return self; }
Tensor resolve_neg(const Tensor& self) { return self; }
bool is_conj(const Tensor&) { return false; }
bool is_neg(const Tensor&) { return false; }

Tensor polygamma(int64_t n, const Tensor& self) {
  PL_CHECK(n >= 0, "polygamma(n, x) does not support negative n.");
  return n == 0 ? op::digamma(self) : op::polygamma_kernel(self, Scalar(n));
}

Tensor where_self(const Tensor& condition, const Operand& self, const Operand& other) {
  PL_CHECK(condition.dtype() == DType::Bool || condition.dtype() == DType::UInt8, "where expected condition to be a boolean tensor, but got a tensor with dtype %s",
           info(condition.dtype()).scalar_name);
  return where_select(condition, self, other);
}

}  // namespace native
}  // namespace pl
