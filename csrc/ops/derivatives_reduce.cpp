// Gradients of reductions, scans and sorting. They are made of operators, so that they can be differentiated again.
#include <cfloat>
#include <cmath>
#include "ops/derivatives.h"
#include "ops/reduction.h"

namespace pl {
namespace {

const Scalar kZero(int64_t(0)), kOne(int64_t(1));

Tensor add(const Operand& a, const Operand& b) { return op::add(a, b, kOne); }
Tensor sub(const Operand& a, const Operand& b) { return op::sub(a, b, kOne); }
Tensor add_defined(const Tensor& a, const Tensor& b) { return !a ? b : !b ? a : add(a, b); }
Tensor sum_over(const Tensor& t, const OptShape& dim) { return op::sum_dim_IntList(t, dim, true, DType::Undefined); }
Tensor sum_over(const Tensor& t, int64_t dim) { return sum_over(t, Shape(&dim, 1)); }
Tensor zero_where(const Tensor& condition, const Tensor& t) { return op::where_self(condition, kZero, t); }
Tensor conj(const Tensor& t) { return is_complex(t.dtype()) ? op::conj(t) : t; }
Tensor spread(const Tensor& t, Shape sizes) { return op::expand(t, sizes, false); }
bool holds(const Tensor& condition) { return item(op::any(condition)).to_bool(); }

int64_t count_of(Shape sizes, const OptShape& dim) { return reduced_count(sizes, reduced_dims(dim, sizes.n)); }

Tensor reversed(const Tensor& t, int64_t dim) { return op::flip(t, Shape(&dim, 1)); }
Tensor reversed_cumsum(const Tensor& t, int64_t dim) {
  return reversed(op::cumsum(reversed(t, dim), dim, DType::Undefined), dim);
}

Tensor ones_like_slice(const Tensor& t, int64_t dim) {
  std::vector<int64_t> sizes = t.sizes().vec();
  sizes[size_t(dim)] = 1;
  return full(sizes, kOne, t.dtype(), t.device());
}

// The product of all other elements along dim, which needs no division and so is right where elements are zero.
Tensor product_of_others(const Tensor& self, int64_t dim) {
  const int64_t n = self->sizes[dim];
  if (n == 1) return full(self.sizes(), kOne, self.dtype(), self.device());
  Tensor one = ones_like_slice(self, dim);
  Tensor before = op::cumprod(op::cat({one, op::narrow(self, dim, 0, n - 1)}, dim), dim, DType::Undefined);
  Tensor after = reversed(
      op::cumprod(op::cat({one, reversed(op::narrow(self, dim, 1, n - 1), dim)}, dim), dim, DType::Undefined), dim);
  return op::mul(before, after);
}

Tensor prod_along(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim) {
  if (!self.is_meta() && !holds(op::eq(self, kZero))) return op::mul(grad, conj(op::true_divide(result, self)));
  return op::mul(grad, conj(product_of_others(self, dim)));
}

}  // namespace

Tensor with_dims(const Tensor& t, int64_t ndim, const OptShape& dim, bool keepdim) {
  const DimMask mask = reduced_dims(dim, int(ndim));
  if (keepdim || ndim == 0) return t;
  std::vector<int64_t> sizes(static_cast<size_t>(ndim));
  int from = 0;
  for (int d = 0; d < ndim; ++d) sizes[size_t(d)] = mask >> d & 1 ? 1 : t->sizes[from++];
  return op::reshape(t, sizes);
}

// ---- sums, means, products
Tensor sum_backward(const Tensor& grad, Shape sizes, const OptShape& dim, bool keepdim, DType dtype) {
  return spread(with_dims(grad_to(grad, dtype), sizes.n, dim, keepdim), sizes);
}

Tensor mean_backward(const Tensor& grad, Shape sizes, const OptShape& dim, bool keepdim, DType dtype) {
  Tensor each = op::true_divide(grad_to(grad, dtype), Scalar(count_of(sizes, dim)));
  return spread(with_dims(each, sizes.n, dim, keepdim), sizes);
}

Tensor nansum_backward(const Tensor& grad, const Tensor& self, const OptShape& dim, bool keepdim) {
  Tensor g = with_dims(grad_to(grad, self.dtype()), self.dim(), dim, keepdim);
  return op::where_self(op::eq(self, self), g, kZero);
}

Tensor prod_backward(const Tensor& grad, const Tensor& self, const Tensor& result) {
  Tensor g = grad_to(grad, self.dtype());
  if (self.dim() == 0 || self.numel() == 0) return spread(g, self.sizes());
  Tensor flat = op::reshape(self, {-1});
  return op::reshape(prod_along(g, flat, grad_to(result, self.dtype()), 0), self.sizes());
}

Tensor prod_dim_backward(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim, bool keepdim) {
  Tensor g = grad_to(grad, self.dtype());
  if (self.dim() == 0) return g;
  const Shape one(&dim, 1);
  dim = wrap_dim(dim, self.dim());
  return prod_along(with_dims(g, self.dim(), one, keepdim), self,
                    with_dims(grad_to(result, self.dtype()), self.dim(), one, keepdim), dim);
}

// ---- extremes: equal ones share the gradient
Tensor evenly_to_extremes(const Tensor& grad, const Tensor& self, const Tensor& result, const OptShape& dim,
                          bool keepdim) {
  Tensor r = with_dims(result, self.dim(), dim, keepdim), g = with_dims(grad, self.dim(), dim, keepdim);
  Tensor hit = op::eq(self, r);
  if (is_floating(self.dtype())) hit = op::logical_or(hit, op::logical_and(op::isnan(self), op::isnan(r)));
  return op::where_self(hit, op::true_divide(g, sum_over(hit, dim)), kZero);
}

Tensor aminmax_backward(const Tensor& grad_min, const Tensor& grad_max, const Tensor& self, const Tensor& min,
                        const Tensor& max, std::optional<int64_t> dim, bool keepdim) {
  const OptShape dims = dim ? OptShape(Shape(&*dim, 1)) : OptShape();
  return add_defined(grad_min ? evenly_to_extremes(grad_min, self, min, dims, keepdim) : Tensor(),
                     grad_max ? evenly_to_extremes(grad_max, self, max, dims, keepdim) : Tensor());
}

Tensor selected_backward(const Tensor& grad, Shape sizes, const Tensor& index, int64_t dim, bool keepdim) {
  if (sizes.n == 0) return grad;
  const Shape one(&dim, 1);
  Tensor g = with_dims(grad, sizes.n, one, keepdim), i = with_dims(index, sizes.n, one, keepdim);
  return op::scatter_add(zeros(sizes, grad.dtype(), grad.device()), dim, i, g);
}

// ---- variance
Tensor var_backward(const Tensor& grad, const Tensor& self, const OptShape& dim,
                    const std::optional<Scalar>& correction, bool keepdim) {
  const double freedom = double(count_of(self.sizes(), dim)) - (correction ? correction->to_double() : 1);
  Tensor off = sub(self, op::mean_dim(self, dim, true, DType::Undefined));
  return op::mul(op::mul(with_dims(grad, self.dim(), dim, keepdim), Scalar(2 / freedom)), off);
}

Tensor std_backward(const Tensor& grad, const Tensor& self, const Tensor& result, const OptShape& dim,
                    const std::optional<Scalar>& correction, bool keepdim) {
  Tensor g = zero_where(op::eq(result, kZero), op::true_divide(grad, op::mul(result, Scalar(int64_t(2)))));
  return var_backward(g, self, dim, correction, keepdim);
}

Tensor var_mean_backward(const Tensor& grad_var, const Tensor& grad_mean, const Tensor& self, const OptShape& dim,
                         const std::optional<Scalar>& correction, bool keepdim) {
  return add_defined(grad_var ? var_backward(grad_var, self, dim, correction, keepdim) : Tensor(),
                     grad_mean ? mean_backward(grad_mean, self.sizes(), dim, keepdim, self.dtype()) : Tensor());
}

Tensor std_mean_backward(const Tensor& grad_std, const Tensor& grad_mean, const Tensor& self, const Tensor& result,
                         const OptShape& dim, const std::optional<Scalar>& correction, bool keepdim) {
  return add_defined(grad_std ? std_backward(grad_std, self, result, dim, correction, keepdim) : Tensor(),
                     grad_mean ? mean_backward(grad_mean, self.sizes(), dim, keepdim, self.dtype()) : Tensor());
}

// ---- norms
Tensor vector_norm_backward(const Tensor& grad, const Tensor& self, const Tensor& result, const Scalar& ord,
                            const OptShape& dim, bool keepdim) {
  const double p = ord.to_double();
  const DType real = real_of(self.dtype());
  Tensor g = with_dims(grad_to(grad, real), self.dim(), dim, keepdim),
         norm = with_dims(grad_to(result, real), self.dim(), dim, keepdim);
  if (p == 0) return zeros(self.sizes(), self.dtype(), self.device());
  if (p == 1) return op::mul(op::sgn(self), g);
  if (p == 2) return op::mul(self, zero_where(op::eq(norm, kZero), op::true_divide(g, norm)));
  Tensor size = op::abs(self);
  if (std::isinf(p)) {
    // The size of a complex number may differ in the last bit from what the reduction took it for.
    if (is_complex(self.dtype())) norm = (p > 0 ? op::amax : op::amin)(size, dim.value_or(Shape{}), true);
    Tensor hit = op::logical_or(op::eq(size, norm), op::isnan(size));
    return op::mul(op::sgn(self), op::where_self(hit, op::true_divide(g, sum_over(hit, dim)), kZero));
  }
  if (p < 1) {
    Tensor scaled = op::mul(op::sgn(self), zero_where(op::eq(size, kZero), op::pow(size, Scalar(p - 1))));
    return op::mul(op::mul(scaled, g), op::pow(norm, Scalar(1 - p)));
  }
  Tensor scale = zero_where(op::eq(norm, kZero), op::true_divide(g, op::pow(norm, Scalar(p - 1))));
  if (p < 2) return op::mul(op::mul(op::sgn(self), op::pow(size, Scalar(p - 1))), scale);
  return op::mul(op::mul(self, op::pow(size, Scalar(p - 2))), scale);
}

Tensor dist_backward(const Tensor& grad, const Tensor& self, const Tensor& other, const Tensor& result, const Scalar& p,
                     Shape shape, bool negate) {
  Tensor g = vector_norm_backward(grad, sub(self, other), result, p, {}, false);
  return copy_grad(negate ? op::neg(g) : g, shape, negate ? other.dtype() : self.dtype());
}

// ---- exponentials
Tensor logsumexp_backward(const Tensor& grad, const Tensor& self, const Tensor& result, Shape dim, bool keepdim) {
  Tensor g = with_dims(grad, self.dim(), dim, keepdim), r = with_dims(result, self.dim(), dim, keepdim);
  if (!is_complex(r.dtype())) r = zero_where(op::eq(r, Scalar(-INFINITY)), r);
  return op::mul(g, conj(op::exp(sub(self, r))));
}

Tensor softmax_output_grad(const Tensor& grad, const Tensor& grad_output, const Tensor& output, int64_t dim) {
  Tensor both = op::mul(grad, grad_output);
  Tensor a = op::mul(sum_over(op::mul(output, grad_output), dim), grad),
         b = op::mul(sum_over(op::mul(output, grad), dim), grad_output);
  return sub(sub(both, a), b);
}

Tensor log_softmax_output_grad(const Tensor& grad, const Tensor& grad_output, const Tensor& output, int64_t dim) {
  return op::neg(op::mul(op::mul(sum_over(grad_output, dim), op::exp(output)), grad));
}

// ---- scans
Tensor cumsum_backward(const Tensor& grad, int64_t dim, DType dtype) {
  if (grad.dim() == 0 || grad.numel() <= 1) return grad_to(grad, dtype);
  return grad_to(reversed_cumsum(grad, dim), dtype);
}

Tensor cumprod_backward(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim) {
  Tensor g = grad_to(grad, self.dtype()), out = conj(grad_to(result, self.dtype())), in = conj(self);
  if (self.numel() <= 1) return g;
  dim = wrap_dim(dim, self.dim());
  if (!self.is_meta() && !holds(op::eq(self, kZero))) return op::true_divide(reversed_cumsum(op::mul(g, out), dim), in);
  // With zeros: for each position the products that hold it, without it.
  const int64_t n = self->sizes[dim];
  TensorList slices;
  for (int64_t k = 0; k < n; ++k) {
    Tensor others = k == 0 ? ones_like_slice(in, dim) : op::narrow(out, dim, k - 1, 1);
    if (k + 1 < n)
      others = op::cat(
          {others, op::mul(others, op::cumprod(op::narrow(in, dim, k + 1, n - k - 1), dim, DType::Undefined))}, dim);
    slices.push_back(sum_over(op::mul(op::narrow(g, dim, k, n - k), others), dim));
  }
  return op::cat(slices, dim);
}

Tensor logcumsumexp_backward(const Tensor& grad, const Tensor& self, const Tensor& result, int64_t dim) {
  if (grad.dim() == 0 || grad.numel() == 0) return grad;
  auto reversed_scan = [&](const Tensor& logs) {
    return op::exp(add(reversed(op::logcumsumexp(reversed(logs, dim), dim), dim), self));
  };
  if (is_complex(grad.dtype())) return op::conj(reversed_scan(sub(op::log(op::conj(grad)), result)));
  // The logarithm of nothing: finite, so that differences of it are not NaN.
  const Scalar none(grad.dtype() == DType::Float64   ? -DBL_MAX
                    : grad.dtype() == DType::Float16 ? -65504.0
                                                     : -double(FLT_MAX));
  Tensor size = op::log(op::abs(grad));
  // The positive and the negative gradients apart, in logarithms.
  auto part = [&](const Tensor& keep) { return reversed_scan(sub(op::where_self(keep, size, none), result)); };
  return sub(part(op::gt(grad, kZero)), part(op::lt(grad, kZero)));
}

Tensor trace_backward(const Tensor& grad, Shape sizes) {
  Tensor places = native::eye(sizes[0], sizes[1], grad.dtype(), grad.device());
  return op::mul(places, grad);
}

}  // namespace pl
