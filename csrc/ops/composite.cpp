// Operators that are a few others, one after the other; their gradients follow from those.
#include "ops.h"
#include "ops/pointwise.h"

namespace pl {
namespace native {

Tensor fill(const Tensor& self, const Operand& value) {
  return op::fill_(op::clone(self, MemoryFormat::Preserve), value);
}

Tensor vander(const Tensor& x, std::optional<int64_t> N, bool increasing) {
  PL_CHECK(x.dim() == 1, "x must be a one-dimensional tensor.");
  const int64_t n = N ? *N : x.numel();
  PL_CHECK(n >= 0, "N must be non-negative.");
  Tensor base = is_integral(x.dtype()) ? cast(x, DType::Int64) : x;
  Tensor columns = op::expand(op::unsqueeze(base, 1), {x.numel(), n}, false);
  if (n == 0) return op::clone(columns, MemoryFormat::Contiguous);
  Tensor powers = op::cumprod(op::cat({op::ones_like(op::narrow(columns, 1, 0, 1), DType::Undefined, std::nullopt, MemoryFormat::None),
                                       op::narrow(columns, 1, 0, n - 1)}, 1), 1, DType::Undefined);
  return increasing ? powers : op::flip(powers, {1});
}

// ---------------------------------------------------------------- norms
Tensor frobenius_norm(const Tensor& self, Shape dim, bool keepdim) {
  PL_CHECK(dim.n <= 2, "Expected at most 2 dimensions, but got %d dimensions instead.", dim.n);
  return op::linalg_vector_norm(self, Scalar(int64_t(2)), dim, keepdim, DType::Undefined);
}

namespace {
// The norm of every slice along `dim`, with all other dimensions of size 1.
Tensor slice_norms(const Tensor& x, const Scalar& p, int64_t dim) {
  std::vector<int64_t> others;
  for (int64_t d = 0; d < x.dim(); ++d)
    if (d != dim) others.push_back(d);
  return op::linalg_vector_norm(x, p, Shape(others), true, DType::Undefined);
}
}  // namespace

Tensor norm_except_dim(const Tensor& v, int64_t pow, int64_t dim) {
  const Scalar p(pow);
  if (dim == -1) return op::linalg_vector_norm(v, p, std::nullopt, false, DType::Undefined);
  return slice_norms(v, p, wrap_dim(dim, v.dim()));
}

Tensor renorm(const Tensor& self, const Scalar& p, int64_t dim, const Scalar& maxnorm) {
  PL_CHECK(!p.is_complex(), "renorm: p must be real-valued");
  PL_CHECK(p.to_double() > 0, "renorm: non-positive-norm not supported");
  PL_CHECK(!maxnorm.is_complex(), "renorm: maxnorm must be real-valued");
  PL_CHECK(maxnorm.to_double() >= 0, "renorm: expected maxnorm to be >= 0 but got %g", maxnorm.to_double());
  PL_CHECK(self.dim() > 1, "renorm: input needs at least 2 dimensions, got %d dimensions", self.dim());
  dim = wrap_dim(dim, self.dim());
  const DType d = self.dtype();
  const bool low = d == DType::Float16 || d == DType::BFloat16;       // their norms need float's range
  Tensor norms = slice_norms(low ? op::_to_copy(self, DType::Float32, MemoryFormat::None) : self, p, dim);
  Tensor factor = op::mul(op::reciprocal(op::add(norms, Scalar(1e-7), Scalar(int64_t(1)))), maxnorm);
  factor = op::where_self(op::gt(norms, maxnorm), factor, Scalar(1.0));
  return op::mul(self, low ? op::_to_copy(factor, d, MemoryFormat::None) : factor);
}

// ---------------------------------------------------------------- positions
Tensor nonzero_static(const Tensor& self, int64_t size, int64_t fill_value) {
  PL_CHECK(size >= 0, "nonzero_static: 'size' must be an non-negative integer");
  Tensor found = op::nonzero(self);
  const int64_t n = found.size(0);
  if (n >= size) return op::clone(op::narrow(found, 0, 0, size), MemoryFormat::Contiguous);
  return op::cat({found, full({size - n, found.size(1)}, Scalar(fill_value), DType::Int64)}, 0);
}

Tensor fill_diagonal_(const Tensor& self, const Scalar& fill_value, bool wrap) {
  PL_CHECK(self.dim() >= 2, "dimensions must larger than 1");
  int64_t shortest = self.size(0), step = 0;
  for (int d = 0; d < self.dim(); ++d) {
    PL_CHECK(self.dim() == 2 || self.size(d) == self.size(0), "all dimensions of input must be of equal length");
    shortest = std::min(shortest, self.size(d));
    step += self.stride(d);
  }
  op::fill_(op::as_strided(self, {shortest}, {step}, self->offset), fill_value);
  if (wrap && self.dim() == 2 && shortest > 0)
    for (int64_t at = self.size(1) + 1; at < self.size(0); at += self.size(1) + 1)
      op::fill_(op::diagonal(op::narrow(self, 0, at, self.size(0) - at), 0, 0, 1), fill_value);
  return self;
}

}  // namespace native
}  // namespace pl
