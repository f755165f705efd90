// Functions of matrices and the small composites of linear algebra.
#include <cmath>
#include "ops.h"
#include "ops/matrix.h"
#include "ops/pointwise.h"

namespace pl {
namespace {

const Scalar kZero(int64_t(0)), kOne(int64_t(1));

Tensor sum_last(const Tensor& t, bool keepdim = false) { return op::sum_dim_IntList(t, Shape({-1}), keepdim, DType::Undefined); }
Tensor plus(const Tensor& a, const Tensor& b) { return op::add(a, b, kOne); }

// 1 + x + x^2/2! + ... + x^18/18!, which is exact to the last bit of a double for norms up to 1, by seven products.
Tensor taylor_series(const Tensor& x) {
  const Tensor unit = op::eye(x.size(-1), std::nullopt, x.dtype(), x.device()), x2 = op::matmul(x, x), x3 = op::matmul(x2, x), x4 = op::matmul(x2, x2);
  const Tensor* powers[] = {&unit, &x, &x2, &x3};
  Tensor sum;
  for (int k = 18; k >= 0; --k) {
    const bool first_of_four = k == 18 || k % 4 == 3;
    if (first_of_four && sum) sum = op::matmul(sum, x4);
    Tensor term = op::mul(*powers[k % 4], Scalar(1 / std::tgamma(k + 1.0)));
    sum = sum ? plus(sum, term) : term;
  }
  return sum;
}

// How often each matrix is halved until its norm is at most 1.
std::vector<int> halvings(const Tensor& a) {
  Tensor norms = contiguous(cast(op::amax(op::sum_dim_IntList(op::abs(a), Shape({-2}), false, DType::Undefined), {-1}, false), DType::Float64));
  std::vector<int> s(static_cast<size_t>(norms.numel()), 0);
  for (size_t i = 0; i < s.size(); ++i) {
    const double norm = norms.ptr<double>()[i];
    if (norm > 1 && std::isfinite(norm)) s[i] = std::ilogb(norm) + 1;
  }
  return s;
}

Tensor exponential(const Tensor& a) {
  const std::vector<int> times = halvings(a);
  Tensor scale = empty(with_sizes(batch_of(a), {1, 1}), DType::Float64), count = empty(scale.sizes(), DType::Int64);
  int most = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    scale.ptr<double>()[i] = std::ldexp(1.0, -times[i]);
    count.ptr<int64_t>()[i] = times[i];
    most = std::max(most, times[i]);
  }
  Tensor r = taylor_series(op::mul(a, cast(scale, real_of(a.dtype()))));
  for (int k = 0; k < most; ++k) {
    Tensor square = op::matmul(r, r);
    r = times.size() == 1 ? square : op::where_self(op::gt(count, Scalar(k)), square, r);
  }
  return r;
}

// The sizes of a tensor as the rows and columns of a matrix, split before dimension `at`.
void check_matching(const Tensor& t, int64_t at, const char* split) {
  const int64_t rows = Shape(t->sizes, at).numel(), columns = Shape(t->sizes + at, t.dim() - at).numel();
  PL_CHECK(rows == columns, "Expected self to satisfy the requirement prod(self.shape[%s:]) == prod(self.shape[:%s]), but got %lld != %lld", split, split,
           (long long)columns, (long long)rows);
}

}  // namespace

// The singular values of the matrices that dimensions `row` and `col` span, along the last dimension.
static Tensor singular_values(const Tensor& self, int64_t row, int64_t col, DType dtype) {
  check_floating(self, "linalg.matrix_norm", false);
  Tensor a = op::movedim(self, Shape({row, col}), {-2, -1});
  return op::linalg_svdvals(dtype == DType::Undefined || dtype == a.dtype() ? a : op::_to_copy(a, dtype, MemoryFormat::Preserve), std::nullopt);
}

Tensor spectral_norm(const Tensor& self, SpectralNorm kind, int64_t row, int64_t col, bool keepdim, DType dtype) {
  Tensor s = singular_values(self, row, col, dtype), r;
  if (kind == SpectralNorm::Sum) r = sum_last(s);
  else if (kind == SpectralNorm::Smallest) r = op::amin(s, {-1}, false);
  else r = s.size(-1) == 0 ? sum_last(s) : op::amax(s, {-1}, false);
  if (!keepdim) return r;
  for (int64_t d : {std::min(row, col), std::max(row, col)}) r = op::unsqueeze(r, d);
  return r;
}

namespace native {

Tensor linalg_matrix_exp(const Tensor& self) {
  check_square(self, "linalg.matrix_exp");
  check_floating(self, "linalg.matrix_exp");
  if (self.is_meta() || self.numel() == 0) return pl::empty(self.sizes(), self.dtype(), self.device());
  if (self.size(-1) == 1) return op::contiguous(op::exp(self), MemoryFormat::Contiguous);
  if (itemsize(self.dtype()) == 2) return cast(exponential(cast(self, DType::Float32)), self.dtype());
  return exponential(self);
}
Tensor matrix_exp(const Tensor& self) { return op::linalg_matrix_exp(self); }
Tensor linalg_matrix_power(const Tensor& self, int64_t n) { return op::matrix_power(self, n); }
Tensor linalg_matmul(const Tensor& self, const Tensor& other) { return op::matmul(self, other); }
Tensor linalg_diagonal(const Tensor& A, int64_t offset, int64_t dim1, int64_t dim2) { return op::diagonal(A, offset, dim1, dim2); }

Tensor linalg_vecdot(const Tensor& x, const Tensor& y, int64_t dim) {
  check_floating(x, "linalg.vecdot");
  PL_CHECK_AS(Runtime, x.dtype() == y.dtype(), "dtype_mismatch", "linalg.vecdot: Expected x and y to have the same dtype, but found x of type %s and y of type %s instead",
              info(x.dtype()).scalar_name, info(y.dtype()).scalar_name);
  const std::vector<int64_t> shape = broadcast_shapes(x.sizes(), y.sizes());
  const int64_t d = wrap_dim(dim, int64_t(shape.size()));
  if (shape.empty()) return op::mul(op::conj(x), y);
  auto last = [&](const Tensor& t) { return op::movedim(op::expand(t, shape, false), Shape(&d, 1), {-1}); };
  Tensor product = op::matmul(op::unsqueeze(op::conj(last(x)), -2), op::unsqueeze(last(y), -1));
  return op::squeeze_dim(op::squeeze_dim(product, -1), -1);
}

Tensor linalg_vander(const Tensor& x, std::optional<int64_t> N) {
  PL_CHECK(x.dtype() != DType::Bool, "linalg.vander supports floating point, complex, and integer tensors, but got Bool");
  Tensor points = x.dim() > 0 ? x : op::unsqueeze(x, 0);
  const int64_t n = N ? *N : points.size(-1);
  PL_CHECK(n > 1, "N must be greater than 1.");
  const std::vector<int64_t> batch = points.sizes().vec();
  Tensor powers = op::cumprod(op::expand(op::unsqueeze(points, -1), with_sizes(batch, {n - 1}), false), -1, DType::Undefined);
  return op::cat({op::expand(scalar_tensor(kOne, powers.dtype(), x.device()), with_sizes(batch, {1}), false), powers}, -1);
}

Tensor linalg_tensorinv(const Tensor& self, int64_t ind) {
  PL_CHECK(ind > 0, "Expected a strictly positive integer for 'ind', but got %lld", (long long)ind);
  PL_CHECK(ind <= self.dim(), "ArrayRef: invalid slice, N = %lld; size = %d", (long long)ind, self.dim());
  check_matching(self, ind, "ind");
  const int64_t n = Shape(self->sizes, ind).numel();
  std::vector<int64_t> shape(self->sizes + ind, self->sizes + self.dim());
  shape.insert(shape.end(), self->sizes, self->sizes + ind);
  return op::reshape(op::linalg_inv(op::reshape(self, {n, n})), shape);
}

Tensor linalg_tensorsolve(const Tensor& self, const Tensor& other, std::optional<Shape> dims) {
  Tensor a = self;
  if (dims) {
    std::vector<int64_t> to(static_cast<size_t>(dims->n));
    for (int i = 0; i < dims->n; ++i) to[size_t(i)] = self.dim() - dims->n + i;
    a = op::movedim(self, *dims, to);
  }
  PL_CHECK(other.dim() <= a.dim(), "ArrayRef: invalid slice, N = %d; size = %d", other.dim(), a.dim());
  check_matching(a, other.dim(), "other.ndim");
  const int64_t n = other.numel();
  PL_CHECK_AS(Runtime, Shape(a->sizes, other.dim()).numel() == n, "matmul_shape", "linalg.solve: Incompatible shapes of A and B for the equation AX = B (%lldx%lld and %lldx1)",
              (long long)Shape(a->sizes, other.dim()).numel(), (long long)Shape(a->sizes, other.dim()).numel(), (long long)n);
  return op::reshape(op::linalg_solve(op::reshape(a, {n, n}), op::reshape(other, {n}), true), Shape(a->sizes + other.dim(), a.dim() - other.dim()));
}

// ---------------------------------------------------------------- norms of matrices under their elder names
Tensor nuclear_norm(const Tensor& self, bool keepdim) { return op::linalg_matrix_norm_str_ord(self, "nuc", {-2, -1}, keepdim, DType::Undefined); }
Tensor nuclear_norm_dim(const Tensor& self, Shape dim, bool keepdim) { return op::linalg_matrix_norm_str_ord(self, "nuc", dim, keepdim, DType::Undefined); }
Tensor frobenius_norm_dim(const Tensor& self, Shape dim, bool keepdim) {
  PL_CHECK(dim.n <= 2, "Expected at most 2 dimensions, but got %d dimensions instead.", dim.n);
  return op::linalg_vector_norm(self, Scalar(int64_t(2)), dim, keepdim, DType::Undefined);
}

}  // namespace native
}  // namespace pl
