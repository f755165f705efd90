// Factorisations of matrices: Cholesky, LU, LDL and QR.
#include <algorithm>
#include <cmath>
#include <cstring>
#include "ops.h"
#include "ops/matrix.h"

namespace pl {
namespace {

using lapack::Int;
using Pair = std::tuple<Tensor, Tensor>;
using Triple = std::tuple<Tensor, Tensor, Tensor>;

constexpr const char* kNotDefinite =
    "The factorization could not be completed because the input is not positive-definite (the leading minor of order %lld is not positive-definite).";
constexpr const char* kZeroPivot =
    "U[%1$lld,%1$lld] is zero and using it on lu_solve would result in a division by zero. If you still want to perform the factorization, consider calling "
    "linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)";

template <class T> bool is_nan(T z) { return !(math::real(z) == math::real(z) && math::imag(z) == math::imag(z)); }

// Sets what stands above (or below) the diagonal to zero.
template <class T> void clear_triangle(T* a, int64_t n, bool above) {
  for (int64_t j = 0; j < n; ++j)
    for (int64_t i = above ? 0 : j + 1; i < (above ? j : n); ++i) a[i + j * n] = T(0);
}

// The order of the first NaN on the diagonal, which OpenBLAS lets pass; 0 without.
template <class T> Int first_nan(const T* a, int64_t n) {
  for (int64_t i = 0; i < n; ++i) if (is_nan(a[i + i * n])) return Int(i + 1);
  return 0;
}

Pair cholesky_factor(const Tensor& self, bool upper) {
  const int64_t n = self.size(-1);
  Tensor l = columns_of(self), info = zeros(batch_of(self), DType::Int32, self.device());
  with_lapack(self.dtype(), "cholesky_cpu", [&](auto t) {
    using T = decltype(t);
    if (self.is_meta()) return;
    T* data = l.ptr<T>();
    Int* codes = info.ptr<Int>();
    each_matrix(info.numel(), double(n * n * n) / 3, [=](int64_t i) {
      T* a = data + i * n * n;
      codes[i] = lapack::potrf(upper ? 'U' : 'L', Int(n), a);
      if (codes[i] == 0) codes[i] = first_nan(a, n);
      clear_triangle(a, n, !upper);
    });
  });
  return {l, info};
}

// Rows and columns of each matrix, and the smaller number.
struct Sizes {
  int64_t m, n, k;
  explicit Sizes(const Tensor& t) : m(t.size(-2)), n(t.size(-1)), k(std::min(m, n)) {
    check_lapack_size(m);
    check_lapack_size(n);
  }
  double work() const { return double(m) * double(n) * double(k); }
};

// Householder's reflections: R above the diagonal, the vectors below it.
Pair reflections(const Tensor& self) {
  const Sizes s(self);
  Tensor a = columns_of(self), tau = empty(with_sizes(batch_of(self), {s.k}), self.dtype(), self.device());
  with_lapack(self.dtype(), "geqrf_cpu", [&](auto t) {
    using T = decltype(t);
    if (self.is_meta()) return;
    T *data = a.ptr<T>(), *scales = tau.ptr<T>();
    each_matrix(batch_of(self).numel(), 2 * s.work(), [=](int64_t i) {
      lapack::geqrf(Int(s.m), Int(s.n), data + i * s.m * s.n, scales + i * s.k);
    });
  });
  return {a, tau};
}

// Multiplies the k reflections in the columns of q [m, n], in place.
void multiply_reflections(const Tensor& q, const Tensor& tau) {
  const Sizes s(q);
  const int64_t k = tau.size(-1);
  with_lapack(q.dtype(), "orgqr_cpu", [&](auto t) {
    using T = decltype(t);
    if (q.is_meta()) return;
    T* data = q.ptr<T>();
    const T* scales = tau.ptr<T>();
    each_matrix(batch_of(q).numel(), 4 * s.work(), [=](int64_t i) {
      lapack::orgqr(Int(s.m), Int(s.n), Int(k), data + i * s.m * s.n, scales + i * k);
    });
  });
}

}  // namespace

namespace native {

// ---------------------------------------------------------------- Cholesky
Pair linalg_cholesky_ex(const Tensor& self, bool upper, bool check_errors) {
  check_square(self, "linalg.cholesky");
  check_floating(self, "linalg.cholesky");
  Pair r = cholesky_factor(self, upper);
  if (check_errors) check_info(std::get<1>(r), "linalg.cholesky_ex", kNotDefinite);
  return r;
}

Tensor linalg_cholesky(const Tensor& self, bool upper) {
  auto [l, info] = op::linalg_cholesky_ex(self, upper, false);
  check_info(info, "linalg.cholesky", kNotDefinite);
  return l;
}

Tensor cholesky(const Tensor& self, bool upper) {
  check_square(self, "cholesky");
  if (self.numel() == 0) return pl::empty_like(self);
  auto [l, info] = cholesky_factor(self, upper);
  check_info(info, "cholesky", kNotDefinite);
  return l;
}

// ---------------------------------------------------------------- LU
Triple linalg_lu_factor_ex(const Tensor& A, bool pivot, bool check_errors) {
  PL_CHECK(A.dim() >= 2, "torch.lu_factor: Expected tensor with 2 or more dimensions. Got size: %s instead", to_string(A.sizes()).c_str());
  PL_CHECK(pivot, "linalg.lu_factor: LU without pivoting is not implemented on the CPU");
  const Sizes s(A);
  Tensor lu = columns_of(A), pivots = pl::empty(with_sizes(batch_of(A), {s.k}), DType::Int32, A.device()),
         info = pl::zeros(batch_of(A), DType::Int32, A.device());
  with_lapack(A.dtype(), "lu_cpu", [&](auto t) {
    using T = decltype(t);
    if (A.is_meta()) return;
    T* data = lu.ptr<T>();
    Int *rows = pivots.ptr<Int>(), *codes = info.ptr<Int>();
    each_matrix(info.numel(), s.work(), [=](int64_t i) {
      codes[i] = lapack::getrf(Int(s.m), Int(s.n), data + i * s.m * s.n, rows + i * s.k);
    });
  });
  if (check_errors) check_info(info, "torch.linalg.lu_factor_ex", kZeroPivot, ErrorType::Runtime);
  return {lu, pivots, info};
}

Pair linalg_lu_factor(const Tensor& A, bool pivot) {
  auto [lu, pivots, info] = op::linalg_lu_factor_ex(A, pivot, false);
  check_info(info, "torch.linalg.lu_factor", kZeroPivot, ErrorType::Runtime);
  return {lu, pivots};
}

namespace {
// The matrix P of A = P L U, from the row exchanges.
Tensor permutation(const Tensor& pivots, int64_t m, DType dtype) {
  const Shape batch(pivots->sizes, pivots.dim() - 1);
  Tensor p = pl::zeros(with_sizes(batch, {m, m}), dtype, pivots.device());
  if (p.is_meta() || p.numel() == 0) return p;
  Tensor one = scalar_tensor(Scalar(int64_t(1)), dtype);
  const int64_t k = pivots.size(-1), item = itemsize(dtype);
  const Int* exchange = pivots.ptr<Int>();
  std::vector<int64_t> order(static_cast<size_t>(m));
  for (int64_t b = 0; b < batch.numel(); ++b) {
    for (int64_t i = 0; i < m; ++i) order[size_t(i)] = i;
    for (int64_t i = 0; i < k; ++i) std::swap(order[size_t(i)], order[size_t(exchange[b * k + i] - 1)]);
    for (int64_t i = 0; i < m; ++i) std::memcpy(p->data + (b * m * m + order[size_t(i)] * m + i) * item, one->data, size_t(item));
  }
  return p;
}
}  // namespace

Triple lu_unpack(const Tensor& LU_data, const Tensor& LU_pivots, bool unpack_data, bool unpack_pivots) {
  PL_CHECK(LU_data.dim() >= 2, "torch.lu_unpack: Expected tensor with 2 or more dimensions. Got size: %s instead", to_string(LU_data.sizes()).c_str());
  PL_CHECK(!unpack_pivots || (LU_pivots.dtype() == DType::Int32 && LU_pivots.is_contiguous()),
           "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 dtype.\n"
           "Note: this function is intended to be used with the output produced by torch.linalg.lu_factor");
  const Sizes s(LU_data);
  Tensor none = pl::empty({0}, LU_data.dtype(), LU_data.device()), p = none, l = none, u = none;
  if (unpack_pivots) {
    bool fits = LU_pivots.dim() == LU_data.dim() - 1 && LU_pivots.size(-1) == s.k && Shape(LU_pivots->sizes, LU_pivots.dim() - 1) == batch_of(LU_data);
    if (!LU_pivots.is_meta())
      for (int64_t i = 0; fits && i < LU_pivots.numel(); ++i) fits = LU_pivots.ptr<Int>()[i] >= 1 && LU_pivots.ptr<Int>()[i] <= s.m;
    PL_CHECK(fits, "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive.Did you properly pass the result of lu_factor?");
    p = permutation(LU_pivots, s.m, LU_data.dtype());
  }
  if (unpack_data) {
    Tensor unit = op::eye(s.m, s.k, LU_data.dtype(), LU_data.device());
    l = op::contiguous(op::add(op::tril(op::narrow(LU_data, -1, 0, s.k), -1), unit, Scalar(int64_t(1))), MemoryFormat::Contiguous);
    u = op::contiguous(op::triu(op::narrow(LU_data, -2, 0, s.k), 0), MemoryFormat::Contiguous);
  }
  return {p, l, u};
}

Triple linalg_lu(const Tensor& A, bool pivot) {
  PL_CHECK(A.dim() >= 2, "linalg.lu: Expected tensor with 2 or more dimensions. Got size: %s instead", to_string(A.sizes()).c_str());
  auto [lu, pivots, info] = op::linalg_lu_factor_ex(A, pivot, false);
  return op::lu_unpack(lu, pivots, true, true);
}

// ---------------------------------------------------------------- LDL of symmetric and Hermitian matrices
Triple linalg_ldl_factor_ex(const Tensor& self, bool hermitian, bool check_errors) {
  const char* name = "torch.linalg.ldl_factor_ex";
  check_square(self, name);
  check_floating(self, name);
  const int64_t n = self.size(-1);
  Tensor ld = columns_of(op::tril(self, 0)), pivots = pl::empty({self->sizes, self.dim() - 1}, DType::Int32, self.device()),
         info = pl::zeros(batch_of(self), DType::Int32, self.device());
  with_lapack(self.dtype(), "ldl_factor_kernel_cpu", [&](auto t) {
    using T = decltype(t);
    if (self.is_meta()) return;
    T* data = ld.ptr<T>();
    Int *rows = pivots.ptr<Int>(), *codes = info.ptr<Int>();
    each_matrix(info.numel(), double(n * n * n) / 3, [=](int64_t i) {
      codes[i] = lapack::sytrf(hermitian, Int(n), data + i * n * n, rows + i * n);
    });
  });
  constexpr const char* zero = "D[%1$lld,%1$lld] is zero and using it on ldl_solve would result in a division by zero.";
  if (check_errors) check_info(info, name, zero, ErrorType::Runtime);
  return {ld, pivots, info};
}

Pair linalg_ldl_factor(const Tensor& self, bool hermitian) {
  auto [ld, pivots, info] = op::linalg_ldl_factor_ex(self, hermitian, true);
  return {ld, pivots};
}

Tensor linalg_ldl_solve(const Tensor& LD, const Tensor& pivots, const Tensor& B, bool hermitian) {
  const char* name = "torch.linalg.ldl_solve";
  check_square(LD, name);
  check_floating(LD, name);
  const int64_t n = LD.size(-1);
  PL_CHECK(B.size(-2) == n, "Incompatible matrix sizes for %s: each A matrix is %lld by %lld but each b matrix is %lld by %lld", name, (long long)n,
           (long long)n, (long long)B.size(-2), (long long)B.size(-1));
  PL_CHECK(LD.dtype() == B.dtype(), "Expected b and A to have the same dtype, but found b of type %s and A of type %s instead.",
           info(B.dtype()).scalar_name, info(LD.dtype()).scalar_name);
  PL_CHECK(Shape(LD->sizes, LD.dim() - 1) == pivots.sizes(), "%s: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape %s instead",
           name, to_string(pivots.sizes()).c_str());
  PL_CHECK(is_integral(pivots.dtype(), false), "%s: Expected pivots to be integers. Got %s", name, info(pivots.dtype()).scalar_name);
  const std::vector<int64_t> batch = broadcast_shapes(batch_of(B), batch_of(LD)), from = broadcast_index(batch_of(LD), batch);
  const int64_t columns = B.size(-1);
  Tensor x = columns_of(B, batch), factors = in_columns(LD), rows = pl::contiguous(cast(pivots, DType::Int32));
  if (x.is_meta()) return x;
  for (int64_t i = 0; i < rows.numel(); ++i) {
    const int64_t at = std::abs(int64_t(rows.ptr<Int>()[i]));
    PL_CHECK(at >= 1 && at <= n, "Pivots given to ldl_solve must all satisfy |pivot| <= LD.size(-2). Did you properly pass the result of ldl_factor?");
  }
  with_lapack(LD.dtype(), "ldl_solve_kernel_cpu", [&](auto t) {
    using T = decltype(t);
    const T* a = factors.ptr<T>();
    const Int* p = rows.ptr<Int>();
    T* b = x.ptr<T>();
    each_matrix(int64_t(from.size()), 2.0 * double(n * n * columns), [=, &from](int64_t i) {
      lapack::sytrs(hermitian, Int(n), Int(columns), a + from[size_t(i)] * n * n, p + from[size_t(i)] * n, b + i * n * columns);
    });
  });
  return x;
}

// ---------------------------------------------------------------- QR and the reflections it is made of
Pair geqrf(const Tensor& self) {
  PL_CHECK(self.dim() >= 2, "torch.geqrf: input must have at least 2 dimensions.");
  return reflections(self);
}

Tensor linalg_householder_product(const Tensor& input, const Tensor& tau) {
  const char* name = "torch.linalg.householder_product";
  PL_CHECK(input.dim() >= 2, "%s: input must have at least 2 dimensions.", name);
  PL_CHECK(input.size(-2) >= input.size(-1), "%s: input.shape[-2] must be greater than or equal to input.shape[-1]", name);
  PL_CHECK(tau.dim() == 0 || input.size(-1) >= tau.size(-1), "%s: input.shape[-1] must be greater than or equal to tau.shape[-1]", name);
  PL_CHECK(input.dim() - tau.dim() == 1, "%s: Expected tau to have one dimension less than input, but got tau.ndim equal to %d and input.ndim is equal to %d",
           name, tau.dim(), input.dim());
  PL_CHECK(Shape(tau->sizes, tau.dim() - 1) == batch_of(input), "%s: Expected batch dimensions of tau to be equal to input.shape[:-2], but got %s", name,
           to_string(Shape(tau->sizes, tau.dim() - 1)).c_str());
  PL_CHECK(tau.dtype() == input.dtype(), "%s: tau dtype %s does not match input dtype %s", name, info(tau.dtype()).scalar_name, info(input.dtype()).scalar_name);
  check_same_device(input, tau);
  Tensor q = columns_of(input);
  multiply_reflections(q, pl::contiguous(tau));
  return q;
}
Tensor orgqr(const Tensor& self, const Tensor& input2) { return op::linalg_householder_product(self, input2); }

Tensor ormqr(const Tensor& self, const Tensor& input2, const Tensor& input3, bool left, bool transpose) {
  const Tensor &tau = input2, &other = input3;
  const int64_t side = left ? -2 : -1;
  PL_CHECK(self.dim() >= 2, "torch.ormqr: input must have at least 2 dimensions.");
  PL_CHECK(other.dim() >= 2, "torch.ormqr: other must have at least 2 dimensions.");
  PL_CHECK(other.size(side) == self.size(-2), "torch.ormqr: other.shape[%lld] must be equal to input.shape[-2]", (long long)side);
  PL_CHECK(tau.dim() > 0 && tau.size(-1) == std::min(other.size(side), self.size(-1)), "torch.ormqr: tau.shape[-1] must be equal to min(other.shape[%lld], input.shape[-1])",
           (long long)side);
  PL_CHECK(self.dim() - tau.dim() == 1, "torch.ormqr: Expected tau to have one dimension less than input, but got tau.ndim equal to %d and input.ndim is equal to %d",
           tau.dim(), self.dim());
  PL_CHECK(self.dim() == other.dim(), "torch.ormqr: Expected other to have the same number of dimensions as input, but got other.ndim equal to %d and input.ndim is equal to %d",
           other.dim(), self.dim());
  const char* own = info(self.dtype()).scalar_name;
  PL_CHECK(Shape(tau->sizes, tau.dim() - 1) == batch_of(self), "torch.ormqr: Expected batch dimensions of tau to be equal to input.shape[:-2], but got %s",
           to_string(Shape(tau->sizes, tau.dim() - 1)).c_str());
  PL_CHECK(batch_of(other) == batch_of(self), "torch.ormqr: Expected batch dimensions of other to be equal to input.shape[:-2], but got %s",
           to_string(batch_of(other)).c_str());
  PL_CHECK(tau.dtype() == self.dtype(), "torch.ormqr: Expected input and tau to have the same dtype, but input has dtype %s and tau has dtype %s", own,
           info(tau.dtype()).scalar_name);
  PL_CHECK(other.dtype() == self.dtype(), "torch.ormqr: Expected input and other to have the same dtype, but input has dtype%s and other has dtype %s", own,
           info(other.dtype()).scalar_name);
  const Sizes s(other);
  const int64_t rows = self.size(-2), columns = self.size(-1), k = tau.size(-1);
  Tensor c = columns_of(other), vectors = in_columns(self), scales = pl::contiguous(tau);
  with_lapack(self.dtype(), "ormqr_cpu", [&](auto t) {
    using T = decltype(t);
    if (c.is_meta()) return;
    const T *a = vectors.ptr<T>(), *f = scales.ptr<T>();
    T* out = c.ptr<T>();
    each_matrix(batch_of(c).numel(), 4 * double(s.m * s.n * k), [=](int64_t i) {
      lapack::ormqr(left, transpose, Int(s.m), Int(s.n), Int(k), a + i * rows * columns, Int(rows), f + i * k, out + i * s.m * s.n);
    });
  });
  return c;
}

namespace {
// Copies `count` whole columns of each matrix; both have rows of one length.
void copy_leading_columns(const Tensor& to, const Tensor& from, int64_t count) {
  if (to.is_meta() || count == 0 || to.numel() == 0) return;
  const int64_t column = to.size(-2) * itemsize(to.dtype()), to_step = column * to.size(-1), from_step = column * from.size(-1);
  for (int64_t b = 0; b < batch_of(to).numel(); ++b) std::memcpy(to->data + b * to_step, from->data + b * from_step, size_t(count * column));
}
}  // namespace

Pair linalg_qr(const Tensor& A, const std::string& mode) {
  check_matrix(A, "linalg.qr");
  check_floating(A, "linalg.qr");
  PL_CHECK(mode == "reduced" || mode == "complete" || mode == "r", "qr received unrecognized mode '%s' but expected one of 'reduced' (default), 'r', or 'complete'",
           mode.c_str());
  const Sizes s(A);
  auto [a, tau] = reflections(A);
  const int64_t size = mode == "complete" ? s.m : s.k;
  Tensor r = empty_columns(batch_of(A), size, s.n, A.dtype(), A.device());
  if (!r.is_meta() && r.numel() > 0) copy_into(r, op::triu(op::narrow(a, -2, 0, size), 0));
  if (mode == "r") return {pl::empty({0}, A.dtype(), A.device()), r};
  Tensor q = empty_columns(batch_of(A), s.m, size, A.dtype(), A.device());
  copy_leading_columns(q, a, std::min(size, s.n));
  multiply_reflections(q, tau);
  return {q, r};
}

Pair qr(const Tensor& self, bool some) { return op::linalg_qr(self, some ? "reduced" : "complete"); }

}  // namespace native
}  // namespace pl
