// Special functions: front functions and gradients that are more than one expression.
#include "ops/derivatives.h"
#include "ops/pointwise.h"
#include "ops.h"

namespace pl {
namespace {
const Scalar kZero(int64_t(0)), kOne(int64_t(1));

// self where |self| > 0 and 1 elsewhere: what is divided by it there is thrown away, without a NaN in its own derivative.
Tensor nonzero(const Tensor& self) { return op::where_self(op::eq(self, kZero), kOne, self); }
}  // namespace

Tensor no_derivative(const Tensor&, const char* of) {
  fail(ErrorType::NotImplemented, "", "the derivative for '%s' is not implemented.", of);
}

Tensor i1_slope(const Tensor& self, const Tensor& result) {
  Tensor d = op::sub(op::i0(self), op::true_divide(result, nonzero(self)), kOne);
  return op::where_self(op::eq(self, kZero), Scalar(0.5), d);
}

Tensor i1e_slope(const Tensor& self, const Tensor& result) {
  Tensor factor = op::add(op::sgn(self), op::reciprocal(nonzero(self)), kOne);
  return op::where_self(op::eq(self, kZero), Scalar(0.5), op::sub(op::special_i0e(self), op::mul(result, factor), kOne));
}

Tensor xlog1py_slope(const Operand& self, const Operand& factor) {
  const Operand other = factor.t ? factor : Operand(scalar_tensor(factor.s, self.t.dtype()));
  Tensor masked = op::logical_and(op::eq(self, kZero), op::le(other, Scalar(-1.0)));
  return op::where_self(masked, kZero, op::log1p(other));
}

// The derivative by the second argument: zeta'(s, q) = -s zeta(s + 1, q).
Tensor zeta_slope(const Operand& self, const Operand& other) {
  Operand next = self.t ? Operand(op::add(self, kOne, kOne)) : Operand(self.s + Scalar(1.0));
  Operand minus = self.t ? Operand(op::neg(self)) : Operand(-self.s);
  return op::mul(minus, op::special_zeta(next, other));
}

// The derivative of P(a, x) by x: x^(a - 1) e^-x / Gamma(a).
Tensor gamma_density(const Operand& self, const Operand& other) {
  Tensor power = op::mul(op::sub(self, kOne, kOne), op::log(other));
  return op::exp(op::sub(op::sub(power, other, kOne), op::lgamma(self), kOne));
}

Tensor mvlgamma_slope(const Tensor& self, const Scalar& p) {
  Tensor sum = op::digamma(self);
  for (int64_t j = 1; j < p.to_int(); ++j) sum = op::add(sum, op::digamma(op::sub(self, Scalar(0.5 * double(j)), kOne)), kOne);
  return sum;
}

namespace native {

Tensor mvlgamma(const Tensor& self, int64_t p) {
  PL_CHECK(self.dtype() != DType::Bool, "The input tensor may not be a boolean tensor.");
  PL_CHECK(p >= 1, "p has to be greater than or equal to 1");
  PL_CHECK(p <= 100000, "mvlgamma: the dimension p = %lld is beyond 100000", (long long)p);
  return op::mvlgamma_kernel(self, Scalar(p));
}

std::tuple<Tensor, Tensor> frexp(const Tensor& self) {
  PL_CHECK(is_floating(self.dtype()), "torch.frexp() only supports floating-point dtypes");
  return {op::frexp_mantissa(self), op::_to_copy(op::frexp_exponent(self), DType::Int32, MemoryFormat::None)};
}

namespace {
Operand widened(const Operand& o, DType d) {
  if (!o.t) return is_complex(d) ? Scalar(o.s.to_double(), o.s.im) : Scalar(o.s.to_double());
  return o.t.dtype() == d ? o : Operand(op::_to_copy(o.t, d, MemoryFormat::None));
}
DType power_dtype(const Operand& self, const Operand& exponent) {
  return is_complex(result_type({In(self), In(exponent)})) ? DType::Complex128 : DType::Float64;
}
}  // namespace

Tensor float_power(const Operand& self, const Operand& exponent) {
  const DType d = power_dtype(self, exponent);
  return op::pow(widened(self, d), widened(exponent, d));
}

Tensor float_power_(const Tensor& self, const Operand& exponent) {
  const DType d = power_dtype(self, exponent);
  PL_CHECK(self.dtype() == d, "the base given to float_power_ has dtype %s but the operation's result requires dtype %s", info(self.dtype()).scalar_name,
           info(d).scalar_name);
  return op::pow_(self, widened(exponent, d));
}

Tensor polygamma_method(const Tensor& self, int64_t n) { return op::polygamma(n, self); }

}  // namespace native
}  // namespace pl
