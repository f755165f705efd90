// Gradients of pointwise operators that are more than one expression. They are made of operators, so that they can be
// differentiated again.
#include "ops/derivatives.h"
#include "ops/pointwise.h"

namespace pl {
namespace {
const Scalar kZero(int64_t(0)), kOne(int64_t(1));
Tensor add(const Operand& a, const Operand& b) { return op::add(a, b, kOne); }
Tensor sub(const Operand& a, const Operand& b) { return op::sub(a, b, kOne); }
Tensor real_if(const Tensor& t, bool real) { return real && is_complex(t.dtype()) ? op::real(t) : t; }
}  // namespace

Tensor scaled(const Tensor& grad, const Scalar& factor) {
  if (!factor.is_complex() && factor.to_double() == 1.0) return grad;
  return op::mul(grad, factor.is_complex() ? Scalar(factor.d, -factor.im) : factor);
}

Tensor floor_quotient(const Operand& a, const Operand& b) { return op::floor_divide(a, b); }
Tensor trunc_quotient(const Operand& a, const Operand& b) { return op::trunc_divide(a, b); }

Tensor pow_grad_self(const Tensor& grad, const Operand& self, const Operand& exponent) {
  if (!exponent.t) {
    if (exponent.s.to_double() == 0 && !exponent.s.is_complex()) return op::zeros_like(grad, DType::Undefined, {}, MemoryFormat::None);
    Scalar e = exponent.s, less = e - Scalar(int64_t(1));
    return op::mul(grad, op::conj(op::mul(op::pow(self, less), e)));
  }
  // Where the exponent is 0 the derivative is 0, also at 0 ** 0.
  Tensor d = op::mul(exponent, op::pow(self, Operand(sub(exponent, kOne))));
  return op::where_self(op::eq(exponent, kZero), kZero, op::mul(grad, op::conj(d)));
}

Tensor pow_grad_exponent(const Tensor& grad, const Operand& self, const Operand& exponent, const Tensor& result) {
  Operand base = self.t ? self : Operand(scalar_tensor(self.s, result.dtype()));
  Tensor zero_base = op::eq(base, kZero);
  Tensor condition = is_complex(result.dtype()) ? op::logical_and(zero_base, op::ge(op::real(exponent), kZero))
                                                : op::logical_and(zero_base, op::ge(exponent, kZero));
  return op::where_self(condition, kZero, op::mul(grad, op::conj(op::mul(result, op::log(base)))));
}

Tensor where_grad(const Tensor& condition, const Tensor& grad, Shape shape, DType dtype, bool on_true) {
  Tensor g = on_true ? op::where_self(condition, grad, kZero) : op::where_self(condition, kZero, grad);
  if (!(g.sizes() == shape)) g = op::sum_to_size(g, shape);
  return grad_to(g, dtype);
}

Tensor larger_share(const Tensor& grad, const Tensor& self, const Tensor& other) {
  // Equal elements share the gradient.
  Tensor half = op::where_self(op::eq(self, other), op::mul(grad, Scalar(0.5)), grad);
  return op::where_self(op::lt(self, other), kZero, half);
}

Tensor clamp_grad(const Tensor& grad, const Tensor& self, const Operand& min, const Operand& max) {
  return op::where_self(op::logical_and(op::ge(self, min), op::le(self, max)), grad, kZero);
}
Tensor clamp_grad_min(const Tensor& grad, const Tensor& self, const Operand& min, const Operand& max) {
  return op::where_self(op::logical_and(op::lt(self, min), op::lt(min, max)), grad, kZero);
}
Tensor clamp_grad_max(const Tensor& grad, const Tensor& self, const Operand& min, const Operand& max) {
  return op::where_self(op::logical_or(op::gt(self, max), op::lt(max, min)), grad, kZero);
}

Tensor abs_grad(const Tensor& grad, const Tensor& self) { return op::mul(grad, op::sgn(self)); }

Tensor sgn_grad(const Tensor& grad, const Tensor& self) {
  if (!is_complex(self.dtype())) return op::zeros_like(grad, DType::Undefined, {}, MemoryFormat::None);
  // d(z / |z|) = (g / |z|) - Re(conj(g / |z|) sgn z) sgn z
  Tensor size = op::abs(self), s = op::sgn(self);
  Tensor g = op::true_divide(grad, size);
  Tensor along = op::mul(op::real(op::mul(op::conj(g), s)), s);
  return op::where_self(op::eq(size, kZero), kZero, sub(g, along));
}

Tensor copysign_grad(const Tensor& grad, const Tensor& self, const Tensor& result) {
  return op::where_self(op::eq(self, kZero), kZero, op::mul(grad, op::true_divide(result, self)));
}

Tensor sinc_slope(const Tensor& self) {
  const Scalar pi(3.14159265358979323846);
  Tensor x = op::mul(self, pi);
  Tensor d = op::true_divide(sub(op::mul(x, op::cos(x)), op::sin(x)), op::mul(op::mul(self, self), pi));
  return op::where_self(op::eq(self, kZero), kZero, d);
}

Tensor polygamma_next(const Scalar& n, const Tensor& self) { return op::polygamma(n.to_int() + 1, self); }

Tensor xlogy_slope(const Operand& self, const Operand& factor) {
  const Operand other = factor.t ? factor : Operand(scalar_tensor(factor.s, self.t.dtype()));
  Tensor masked = op::logical_and(op::eq(self, kZero), op::le(other, kZero));
  return op::where_self(masked, kZero, op::log(other));
}

Tensor mish_slope(const Tensor& self) {
  Tensor s = op::sigmoid(self), t = op::tanh(op::softplus(self, kOne, Scalar(20.0)));
  return add(t, op::mul(op::mul(self, s), op::sub(kOne, op::mul(t, t), kOne)));
}

Tensor gelu_tanh_slope(const Tensor& self) {
  const Scalar beta(0.7978845608028654), kappa(0.044715), half(0.5);
  Tensor x2 = op::mul(self, self);
  Tensor t = op::tanh(op::mul(op::mul(self, add(op::mul(x2, kappa), kOne)), beta));
  Tensor inner = op::mul(add(op::mul(x2, Scalar(3 * 0.044715)), kOne), beta);
  Tensor right = op::mul(op::mul(self, half), op::mul(op::sub(kOne, op::mul(t, t), kOne), inner));
  return add(op::mul(add(t, kOne), half), right);
}

Tensor logit_grad(const Tensor& grad, const Tensor& self, const Scalar& eps) {
  Tensor d = op::true_divide(grad, op::mul(self, op::sub(kOne, self, kOne)));
  double e = eps.to_double();
  if (e < 0) return op::where_self(op::logical_or(op::lt(self, Scalar(0.0)), op::gt(self, Scalar(1.0))), Scalar(__builtin_nan("")), d);
  return op::where_self(op::logical_and(op::ge(self, Scalar(e)), op::le(self, Scalar(1.0 - e))), d, kZero);
}

Tensor angle_grad(const Tensor& grad, const Tensor& self) {
  if (!is_complex(self.dtype())) return op::zeros_like(grad, DType::Undefined, {}, MemoryFormat::None);
  // d angle = (x dy - y dx) / |z|^2
  Tensor x = op::real(self), y = op::imag(self), n = add(op::mul(x, x), op::mul(y, y));
  Tensor re = op::mul(grad, op::true_divide(op::neg(y), n)), im = op::mul(grad, op::true_divide(x, n));
  return op::where_self(op::eq(self, kZero), kZero, op::complex(re, im));
}

// ---- copies
Tensor grad_to(const Tensor& grad, DType dtype) {
  if (grad.dtype() == dtype) return grad;
  if (is_complex(grad.dtype()) && !is_complex(dtype)) return op::_to_copy(op::real(grad), dtype, MemoryFormat::None);
  return op::_to_copy(grad, dtype, MemoryFormat::None);
}

Tensor copy_grad(const Tensor& grad, Shape shape, DType dtype) {
  Tensor g = grad.sizes() == shape ? grad : op::sum_to_size(grad, shape);
  return grad_to(g, dtype);
}

Tensor fill_grad(const Tensor& grad) { return op::sum(grad, DType::Undefined); }
Tensor real_part(const Tensor& grad) { return real_if(grad, true); }
Tensor imag_part(const Tensor& grad) { return op::imag(grad); }

}  // namespace pl
