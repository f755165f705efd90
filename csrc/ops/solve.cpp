// Systems of linear equations: solving them, inverses, determinants, least squares.
#include <algorithm>
#include <cmath>
#include <limits>
#include "ops.h"
#include "ops/matrix.h"

namespace pl {
namespace {

using lapack::Int;
using Pair = std::tuple<Tensor, Tensor>;
using Four = std::tuple<Tensor, Tensor, Tensor, Tensor>;

const Scalar kOne(int64_t(1)), kZero(int64_t(0));
constexpr const char* kSingularInverse =
    "The diagonal element %lld is zero, the inversion could not be completed because the input matrix is singular.";
constexpr const char* kSingular = "The solver failed because the input matrix is singular.";

// Whether B holds one vector for each matrix A.
bool is_vector(const Tensor& A, const Tensor& B) {
  return B.dim() == 1 || (A.dim() - 1 == B.dim() && Shape(A->sizes, A.dim() - 1) == B.sizes());
}

void check_same_dtype(const char* name, const char* a, const Tensor& A, const Tensor& B) {
  PL_CHECK_AS(Runtime, A.dtype() == B.dtype(), "dtype_mismatch", "%s: Expected %s and B to have the same dtype, but found %s of type %s and B of type %s instead",
              name, a, a, info(A.dtype()).scalar_name, info(B.dtype()).scalar_name);
  check_same_device(A, B);
}

void check_sides(const char* name, const Tensor& A, const Tensor& B, bool left) {
  PL_CHECK_AS(Runtime, A.size(-2) == (left ? B.size(-2) : B.size(-1)), "matmul_shape", "%s: Incompatible shapes of A and B for the equation %s (%lldx%lld and %lldx%lld)",
              name, left ? "AX = B" : "XA = B", (long long)A.size(-2), (long long)A.size(-1), (long long)B.size(-2), (long long)B.size(-1));
}

// Solves with the factors of A for every matrix of B: A X = B, or X A = B, or with A^H for `adjoint`.
Tensor solve_factored(const Tensor& lu, const Tensor& pivots, const Tensor& B, bool left, bool adjoint) {
  const int64_t n = lu.size(-1), columns = left ? B.size(-1) : B.size(-2);
  const std::vector<int64_t> batch = broadcast_shapes(batch_of(lu), batch_of(B)), from = broadcast_index(batch_of(lu), batch);
  // X A = B is A^T X^T = B^T, and the rows of B are the columns of B^T. With A^H it is conj(A) X^T = B^T.
  const bool conjugate = !left && adjoint && is_complex(lu.dtype());
  Tensor x = left ? columns_of(B, batch) : rows_copy(conjugate ? op::conj(B) : B, batch), factors = in_columns(lu), exchanges = contiguous(pivots);
  const char trans = left ? (!adjoint ? 'N' : is_complex(lu.dtype()) ? 'C' : 'T') : adjoint ? 'N' : 'T';
  with_lapack(lu.dtype(), "lu_solve_cpu", [&](auto t) {
    using T = decltype(t);
    if (x.is_meta()) return;
    const T* a = factors.ptr<T>();
    const Int* p = exchanges.ptr<Int>();
    T* b = x.ptr<T>();
    each_matrix(int64_t(from.size()), 2.0 * double(n * n * columns), [=, &from](int64_t i) {
      lapack::getrs(trans, Int(n), Int(columns), a + from[size_t(i)] * n * n, p + from[size_t(i)] * n, b + i * n * columns);
    });
  });
  return conjugate ? op::conj(x) : x;
}

// +1 or -1 for an even or odd number of row exchanges.
Tensor permutation_sign(const Tensor& pivots, DType dtype) {
  Tensor sign = empty({pivots->sizes, pivots.dim() - 1}, DType::Float64, pivots.device());
  if (sign.is_meta()) return cast(sign, dtype);
  const int64_t n = pivots.size(-1);
  for (int64_t b = 0; b < sign.numel(); ++b) {
    const Int* p = pivots.ptr<Int>() + b * n;
    int64_t odd = 0;
    for (int64_t i = 0; i < n; ++i) odd ^= p[i] != i + 1;
    sign.ptr<double>()[b] = odd ? -1 : 1;
  }
  return cast(sign, dtype);
}

Tensor product_along_last(const Tensor& t) { return op::prod_dim_int(t, -1, false, DType::Undefined); }

Tensor identity_like(const Tensor& A) {
  return op::expand(op::eye(A.size(-1), std::nullopt, A.dtype(), A.device()), A.sizes(), false);
}

}  // namespace

namespace native {

// ---------------------------------------------------------------- A X = B
Four _linalg_solve_ex(const Tensor& A, const Tensor& B, bool left, bool check_errors) {
  const char* name = "linalg.solve";
  check_floating(A, name);
  check_square(A, name);
  check_same_dtype(name, "A", A, B);
  const bool vector = is_vector(A, B);
  PL_CHECK(left || !vector, "linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this case linalg.solve is equivalent to B / A.squeeze(-1)");
  Tensor b = vector ? op::unsqueeze(B, -1) : B;
  check_matrix(b, name, "B");
  check_sides(name, A, b, left);
  broadcast_shapes(batch_of(A), batch_of(b));      // raises before the work is done
  auto [lu, pivots, info] = op::linalg_lu_factor_ex(A, true, false);
  Tensor x = solve_factored(lu, pivots, b, left, false);
  if (check_errors) check_info(info, "torch.linalg.solve_ex", kSingular);
  if (vector) x = op::squeeze_dim(x, -1);
  if (vector && x.dim() >= 2) x = columns_of(x);       // PyTorch's strides
  return {x, lu, pivots, info};
}

Pair linalg_solve_ex(const Tensor& A, const Tensor& B, bool left, bool check_errors) {
  auto [x, lu, pivots, info] = op::_linalg_solve_ex(A, B, left, check_errors);
  return {x, info};
}

Tensor linalg_solve(const Tensor& A, const Tensor& B, bool left) {
  auto [x, lu, pivots, info] = op::_linalg_solve_ex(A, B, left, false);
  check_info(info, "torch.linalg.solve", kSingular);
  return x;
}

Tensor linalg_lu_solve(const Tensor& LU, const Tensor& pivots, const Tensor& B, bool left, bool adjoint) {
  const char* name = "linalg.lu_solve";
  check_floating(LU, name);
  check_square(LU, "torch.linalg.lu_solve");
  check_same_dtype(name, "LU", LU, B);
  check_matrix(B, name, "B");
  check_sides(name, LU, B, left);
  PL_CHECK(pivots.dtype() == DType::Int32, "%s: pivots should be a Tensor of scalar type torch.int32", name);
  const int64_t n = LU.size(-1);
  PL_CHECK(pivots.dim() > 0 && pivots.size(-1) == n, "%s: Number of pivots per batch should be same as the dimension of the matrix", name);
  PL_CHECK(batch_of(LU) == Shape(pivots->sizes, pivots.dim() - 1), "%s: Expected LU.shape[:-1] and pivots.shape to be the same, but got pivots with shape %s instead",
           name, to_string(pivots.sizes()).c_str());
  Tensor rows = pl::contiguous(pivots);
  for (int64_t i = 0; i < rows.numel() && !rows.is_meta(); ++i) {
    PL_CHECK(rows.ptr<Int>()[i] >= 1, "Pivots given to lu_solve must all be greater or equal to 1. Did you properly pass the result of lu_factor?");
    PL_CHECK(rows.ptr<Int>()[i] <= n, "Pivots given to lu_solve must all be smaller or equal to LU.size(-2). Did you properly pass the result of lu_factor?");
  }
  return solve_factored(LU, rows, B, left, adjoint);
}
Tensor lu_solve(const Tensor& self, const Tensor& LU_data, const Tensor& LU_pivots) { return op::linalg_lu_solve(LU_data, LU_pivots, self, true, false); }

// ---------------------------------------------------------------- inverses
Pair linalg_inv_ex(const Tensor& A, bool check_errors) {
  check_square(A, "linalg.inv");
  check_floating(A, "linalg.inv", false);
  auto [x, lu, pivots, info] = op::_linalg_solve_ex(A, identity_like(A), true, false);
  if (check_errors) check_info(info, "linalg.inv_ex", kSingularInverse);
  return {x, info};
}
Tensor linalg_inv(const Tensor& A) {
  auto [inverse, info] = op::linalg_inv_ex(A, false);
  check_info(info, "linalg.inv", kSingularInverse);
  return inverse;
}
Tensor inverse(const Tensor& self) { return op::linalg_inv(self); }

Tensor cholesky_inverse(const Tensor& self, bool upper) {
  check_square(self, "cholesky_inverse");
  const int64_t n = self.size(-1);
  Tensor inverse = columns_of(self), info = pl::zeros(batch_of(self), DType::Int32, self.device());
  with_lapack(self.dtype(), "cholesky_inverse_out_cpu", [&](auto t) {
    using T = decltype(t);
    if (self.is_meta()) return;
    T* data = inverse.ptr<T>();
    Int* codes = info.ptr<Int>();
    each_matrix(info.numel(), double(n * n * n), [=](int64_t b) {
      T* a = data + b * n * n;
      codes[b] = lapack::potri(upper ? 'U' : 'L', Int(n), a);
      for (int64_t j = 0; j < n; ++j)      // the other triangle
        for (int64_t i = j + 1; i < n; ++i)
          if (upper) a[i + j * n] = math::conj(a[j + i * n]);
          else a[j + i * n] = math::conj(a[i + j * n]);
    });
  });
  check_info(info, "cholesky_inverse", kSingularInverse);
  return inverse;
}

// ---------------------------------------------------------------- triangular and Cholesky factors
Tensor linalg_solve_triangular(const Tensor& self, const Tensor& B, bool upper, bool left, bool unitriangular) {
  const char* name = "linalg.solve_triangular";
  const Tensor& A = self;
  check_square(A, name);
  check_matrix(B, name, "B");
  check_same_dtype(name, "A", A, B);
  check_sides(name, A, B, left);
  const int64_t m = B.size(-2), n = B.size(-1), size = A.size(-1);
  const std::vector<int64_t> batch = broadcast_shapes(batch_of(B), batch_of(A)), from = broadcast_index(batch_of(A), batch);
  // The transpose of contiguous rows lies in columns: it is used where it stands.
  const bool transposed = A.is_contiguous() && size > 1;
  Tensor x = columns_of(B, batch), a = transposed ? A : in_columns(A);
  with_lapack(A.dtype(), "triangular_solve_cpu", [&](auto t) {
    using T = decltype(t);
    if (x.is_meta()) return;
    const T* factors = a.ptr<T>();
    T* b = x.ptr<T>();
    each_matrix(int64_t(from.size()), double(m * n * size), [=, &from](int64_t i) {
      lapack::trsm(left ? 'L' : 'R', upper != transposed ? 'U' : 'L', transposed ? 'T' : 'N', unitriangular ? 'U' : 'N', Int(m), Int(n),
                   factors + from[size_t(i)] * size * size, b + i * m * n);
    });
  });
  return x;
}

namespace {
// The checks of the elder operators on a right side b and a matrix A.
void check_linear_system(const char* name, const Tensor& b, const Tensor& A) {
  PL_CHECK(A.size(-1) == A.size(-2), "A must be batches of square matrices, but they are %lld by %lld matrices", (long long)A.size(-2), (long long)A.size(-1));
  PL_CHECK(b.dtype() == A.dtype(), "Expected b and A to have the same dtype, but found b of type %s and A of type %s instead.", info(b.dtype()).scalar_name,
           info(A.dtype()).scalar_name);
  PL_CHECK(A.size(-1) == b.size(-2), "Incompatible matrix sizes for %s: each A matrix is %lld by %lld but each b matrix is %lld by %lld", name, (long long)A.size(-1),
           (long long)A.size(-1), (long long)b.size(-2), (long long)b.size(-1));
  check_same_device(b, A);
  check_lapack_size(A.size(-1));
}
}  // namespace

Pair triangular_solve(const Tensor& self, const Tensor& A, bool upper, bool transpose, bool unitriangular) {
  PL_CHECK(self.dim() >= 2, "torch.triangular_solve: Expected b to have at least 2 dimensions, but it has %d dimensions instead", self.dim());
  PL_CHECK(A.dim() >= 2, "torch.triangular_solve: Expected A to have at least 2 dimensions, but it has %d dimensions instead", A.dim());
  check_linear_system("triangular_solve", self, A);
  const std::vector<int64_t> batch = broadcast_shapes(batch_of(self), batch_of(A));
  Tensor x = op::linalg_solve_triangular(transpose ? op::mT(A) : A, self, upper != transpose, true, unitriangular);
  Tensor clone = empty_columns(batch, A.size(-2), A.size(-1), A.dtype(), A.device());
  return {x, op::copy_(clone, op::expand(A, clone.sizes(), false), false)};
}

Tensor cholesky_solve(const Tensor& self, const Tensor& input2, bool upper) {
  const Tensor &b = self, &A = input2;
  PL_CHECK(b.dim() >= 2, "b should have at least 2 dimensions, but has %d dimensions instead", b.dim());
  PL_CHECK(A.dim() >= 2, "u should have at least 2 dimensions, but has %d dimensions instead", A.dim());
  check_linear_system("cholesky_solve", b, A);
  const int64_t n = A.size(-1), columns = b.size(-1);
  const std::vector<int64_t> batch = broadcast_shapes(batch_of(b), batch_of(A)), from = broadcast_index(batch_of(A), batch);
  Tensor x = columns_of(b, batch), factors = in_columns(A);
  with_lapack(b.dtype(), "cholesky_solve_cpu", [&](auto t) {
    using T = decltype(t);
    if (x.is_meta()) return;
    const T* a = factors.ptr<T>();
    T* out = x.ptr<T>();
    each_matrix(int64_t(from.size()), 2.0 * double(n * n * columns), [=, &from](int64_t i) {
      lapack::potrs(upper ? 'U' : 'L', Int(n), Int(columns), a + from[size_t(i)] * n * n, out + i * n * columns);
    });
  });
  return x;
}

// ---------------------------------------------------------------- determinants
std::tuple<Tensor, Tensor, Tensor> _linalg_det(const Tensor& A) {
  check_square(A, "linalg.det");
  check_floating(A, "linalg.det");
  auto [lu, pivots, info] = op::linalg_lu_factor_ex(A, true, false);
  return {op::mul(product_along_last(op::diagonal(lu, 0, -2, -1)), permutation_sign(pivots, A.dtype())), lu, pivots};
}
Tensor linalg_det(const Tensor& A) { return std::get<0>(op::_linalg_det(A)); }
Tensor det(const Tensor& self) { return std::get<0>(op::_linalg_det(self)); }

namespace {
Four slogdet_named(const Tensor& A, const char* name) {
  check_square(A, name);
  check_floating(A, name, false);
  return op::_linalg_slogdet(A);
}
}  // namespace

Four _linalg_slogdet(const Tensor& A) {
  auto [lu, pivots, info] = op::linalg_lu_factor_ex(A, true, false);
  Tensor diagonal = op::diagonal(lu, 0, -2, -1);
  Tensor sign = op::mul(product_along_last(op::sgn(diagonal)), permutation_sign(pivots, A.dtype()));
  return {sign, op::sum_dim_IntList(op::log(op::abs(diagonal)), Shape({-1}), false, DType::Undefined), lu, pivots};
}
Pair linalg_slogdet(const Tensor& A) {
  auto [sign, logabsdet, lu, pivots] = slogdet_named(A, "linalg.slogdet");
  return {sign, logabsdet};
}
Pair slogdet(const Tensor& self) { return linalg_slogdet(self); }
Tensor logdet(const Tensor& self) {
  auto [sign, logabsdet, lu, pivots] = slogdet_named(self, "logdet");
  if (is_complex(self.dtype())) return op::add(op::log(sign), logabsdet, kOne);
  return op::where_self(op::eq(sign, Scalar(-1.0)), Scalar(std::nan("")), logabsdet);
}

// ---------------------------------------------------------------- least squares
namespace {

enum class Driver { gels, gelsy, gelsd, gelss };

Driver driver_of(const std::optional<std::string>& name) {
  if (!name || *name == "gelsy") return Driver::gelsy;
  if (*name == "gels") return Driver::gels;
  if (*name == "gelsd") return Driver::gelsd;
  PL_CHECK(*name == "gelss", "torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)");
  return Driver::gelss;
}

template <class T> Int least_squares(Driver d, Int m, Int n, Int columns, T* a, T* b, lapack::Real<T>* s, lapack::Real<T> rcond, Int* rank) {
  switch (d) {
    case Driver::gels: return lapack::gels(m, n, columns, a, b);
    case Driver::gelsy: return lapack::gelsy(m, n, columns, a, b, rcond, rank);
    case Driver::gelsd: return lapack::gelsd(m, n, columns, a, b, s, rcond, rank);
    case Driver::gelss: return lapack::gelss(m, n, columns, a, b, s, rcond, rank);
  }
  __builtin_unreachable();
}

// The sums of squares of what remains of each column behind the first n elements.
Tensor squared_rest(const Tensor& x, int64_t n) {
  Tensor rest = op::abs(op::narrow(x, -2, n, x.size(-2) - n));
  return op::sum_dim_IntList(op::mul(rest, rest), Shape({-2}), false, DType::Undefined);
}

}  // namespace

Four linalg_lstsq(const Tensor& self, const Tensor& b, std::optional<double> rcond, const std::optional<std::string>& driver) {
  const char* name = "torch.linalg.lstsq";
  PL_CHECK(self.dim() >= 2, "%s: input must have at least 2 dimensions.", name);
  PL_CHECK(b.dim() >= 1, "%s: other must have at least 1 dimension.", name);
  PL_CHECK(itemsize(self.dtype()) >= 4 && is_differentiable(self.dtype()), "This function doesn't handle types other than float and double");
  PL_CHECK(self.dtype() == b.dtype(), "%s: Expected input and other to have the same dtype, but got input's dtype %s and other's dtype %s", name,
           info(self.dtype()).scalar_name, info(b.dtype()).scalar_name);
  check_same_device(self, b);
  const Driver way = driver_of(driver);
  const bool vector = is_vector(self, b);
  const int64_t m = self.size(-2), n = self.size(-1);
  PL_CHECK(m == b.size(vector ? -1 : -2), "%s: input.size(-2) should match other.size(-%d)", name, vector ? 1 : 2);
  check_lapack_size(std::max(m, n));
  Tensor right = vector ? op::unsqueeze(b, -1) : b;
  const std::vector<int64_t> batch = broadcast_shapes(batch_of(self), batch_of(right));
  // Without right sides there is still a rank to find: LAPACK is given a column of zeros then.
  const int64_t columns = std::max<int64_t>(right.size(-1), 1), k = std::min(m, n), rows = std::max(m, n);
  const bool with_values = way == Driver::gelsd || way == Driver::gelss;
  const DType real = real_of(self.dtype());
  Tensor a = columns_of(self, batch), x = empty_columns(batch, rows, columns, b.dtype(), b.device()),
         rank = pl::zeros(batch, DType::Int32, self.device()), values = pl::empty(with_sizes(batch, {k}), real, self.device());
  if (!x.is_meta() && x.numel() > 0) {
    copy_into(x, scalar_tensor(kZero, x.dtype()));
    if (m > 0 && right.size(-1) > 0) copy_into(op::narrow(x, -2, 0, m), right);
  }
  with_lapack(self.dtype(), "linalg_lstsq_cpu", [&](auto t) {
    using T = decltype(t);
    using R = lapack::Real<T>;
    if (x.is_meta() || m == 0 || n == 0) return;
    const R cut = R(rcond.value_or(double(std::numeric_limits<R>::epsilon()) * double(std::max(m, n))));
    T *matrix = a.ptr<T>(), *sides = x.ptr<T>();
    R* s = values.ptr<R>();
    Int* ranks = rank.ptr<Int>();
    each_matrix(rank.numel(), 4.0 * double(m * n * (k + columns)), [=](int64_t i) {
      least_squares(way, Int(m), Int(n), Int(columns), matrix + i * m * n, sides + i * rows * columns, s + i * k, cut, ranks + i);
    });
  });
  PL_CHECK_AS(NotImplemented, !x.is_meta() || !with_values || m <= n, "",
              "linalg.lstsq: with driver 'gelsd' or 'gelss' the shape of the residuals depends on the rank, which a meta tensor has not");
  x = op::narrow(x, -1, 0, right.size(-1));
  Tensor nothing = pl::empty({0}, real, self.device()), residuals = nothing;
  const bool full_rank = way == Driver::gels || (with_values && !x.is_meta() && !item(op::any(op::ne(rank, Scalar(n)))).to_bool());
  if (m > n && full_rank) residuals = squared_rest(x, n);
  Tensor solution = op::narrow(x, -2, 0, n);
  return {vector ? op::squeeze_dim(solution, -1) : solution, residuals, way == Driver::gels ? pl::empty({0}, DType::Int64, self.device()) : cast(rank, DType::Int64),
          with_values ? values : nothing};
}

}  // namespace native
}  // namespace pl
