// Eigenvalues, singular values, and what is made of them: ranks, pseudo-inverses, condition numbers, norms.
#include <algorithm>
#include <cfloat>
#include <cmath>
#include "ops.h"
#include "ops/matrix.h"

namespace pl {
namespace {

using lapack::Int;
using Pair = std::tuple<Tensor, Tensor>;
using Triple = std::tuple<Tensor, Tensor, Tensor>;

const Scalar kZero(int64_t(0)), kOne(int64_t(1));

bool all_finite(const Tensor& t) { return t.is_meta() || item(native::all(op::isfinite(t))).to_bool(); }

// Writes the eigenvectors of a real matrix, which LAPACK packs by conjugate pairs, as complex ones.
template <class R> void unpack_pairs(int64_t n, const R* imaginary, const R* packed, Complex<R>* vectors) {
  for (int64_t j = 0; j < n; ++j) {
    const R* v = packed + j * n;
    Complex<R>* to = vectors + j * n;
    if (imaginary[j] == 0 || j + 1 == n) {
      for (int64_t i = 0; i < n; ++i) to[i] = Complex<R>(v[i]);
      continue;
    }
    for (int64_t i = 0; i < n; ++i) {
      to[i] = Complex<R>(v[i], v[i + n]);
      to[i + n] = Complex<R>(v[i], -v[i + n]);
    }
    ++j;
  }
}

template <class R> Int eigen_of(int64_t n, R* a, Complex<R>* values, Complex<R>* vectors) {
  auto parts = lapack::room<R>(2 * n), packed = lapack::room<R>(vectors ? n * n : 0);
  const Int info = lapack::geev(Int(n), a, parts.get(), vectors ? packed.get() : nullptr);
  for (int64_t i = 0; i < n; ++i) values[i] = Complex<R>(parts[size_t(i)], parts[size_t(i + n)]);
  if (vectors) unpack_pairs(n, parts.get() + n, packed.get(), vectors);
  return info;
}
template <class R> Int eigen_of(int64_t n, Complex<R>* a, Complex<R>* values, Complex<R>* vectors) { return lapack::geev(Int(n), a, values, vectors); }

Pair eigen(const Tensor& self, bool vectors) {
  const char* name = vectors ? "linalg.eig" : "linalg.eigvals";
  check_square(self, name);
  PL_CHECK(is_differentiable(self.dtype()), "Unknown Complex ScalarType for %s", info(self.dtype()).scalar_name);
  const int64_t n = self.size(-1);
  Tensor values, v, codes = zeros(batch_of(self), DType::Int32, self.device());
  with_lapack(self.dtype(), "linalg_eig_out_cpu", [&](auto t) {
    using T = decltype(t);
    using C = Complex<lapack::Real<T>>;
    PL_CHECK(all_finite(self), "torch.linalg.eig: input tensor should not contain infs or NaNs.");
    const DType complex = complex_of(real_of(self.dtype()));
    values = empty({self->sizes, self.dim() - 1}, complex, self.device());
    v = vectors ? empty_columns(batch_of(self), n, n, complex, self.device()) : empty({0}, complex, self.device());
    if (self.is_meta()) return;
    Tensor copy = columns_of(self);
    T* a = copy.ptr<T>();
    C *w = values.ptr<C>(), *to = vectors ? v.ptr<C>() : nullptr;
    Int* info = codes.ptr<Int>();
    each_matrix(codes.numel(), 25 * double(n * n * n), [=](int64_t i) {
      info[i] = eigen_of(n, a + i * n * n, w + i * n, to ? to + i * n * n : nullptr);
    });
  });
  check_info(codes, name, "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated eigenvalues (error code: %lld).");
  return {values, v};
}

double epsilon(DType d) { return real_of(d) == DType::Float64 ? DBL_EPSILON : FLT_EPSILON; }

// The eigenvalues' sizes of Hermitian matrices, or the singular values.
Tensor spectrum(const Tensor& A, bool hermitian) { return hermitian ? op::abs(op::linalg_eigvalsh(A, "L")) : op::linalg_svdvals(A, std::nullopt); }

// The tolerances as tensors: without any, the relative one follows from the precision.
Pair tolerances(const char* name, const Tensor& A, const Tensor& atol, const Tensor& rtol) {
  const DType real = real_of(A.dtype());
  auto given = [&](const Tensor& t, const char* which) {
    PL_CHECK(!is_complex(t.dtype()), "torch.linalg.%s: %s tensor of complex type is not supported. Got %s", name, which, info(t.dtype()).scalar_name);
    return cast(t, real);
  };
  Tensor a = atol ? given(atol, "atol") : zeros(Shape(nullptr, 0), real, A.device());
  if (rtol) return {a, given(rtol, "rtol")};
  const double usual = epsilon(A.dtype()) * double(std::max(A.size(-1), A.size(-2)));
  Tensor r = scalar_tensor(Scalar(usual), real, A.device());
  return {a, atol ? op::where_self(op::gt(a, kZero), kZero, r) : r};
}
Tensor tolerance_of(const std::optional<double>& v) { return v ? scalar_tensor(Scalar(*v), DType::Float64) : Tensor(); }

// max(atol, rtol * largest), with a last dimension of one.
Tensor cut_of(const Pair& tolerance, const Tensor& values) {
  Tensor largest = op::amax(values, {-1}, true);
  auto wide = [](const Tensor& t) { return t.dim() == 0 ? t : op::unsqueeze(t, -1); };
  return op::maximum(wide(std::get<0>(tolerance)), op::mul(wide(std::get<1>(tolerance)), largest));
}

Tensor rank_of(const Tensor& A, const Tensor& atol, const Tensor& rtol, bool hermitian) {
  PL_CHECK(A.dim() >= 2, "torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions.");
  PL_CHECK(itemsize(A.dtype()) >= 4 && is_differentiable(A.dtype()), "This function doesn't handle types other than float and double");
  NoGrad no_grad;
  const Pair tolerance = tolerances("matrix_rank", A, atol, rtol);
  if (A.numel() == 0) return zeros(batch_of(A), DType::Int64, A.device());
  Tensor s = spectrum(A, hermitian);
  return op::sum_dim_IntList(op::gt(s, cut_of(tolerance, s)), Shape({-1}), false, DType::Undefined);
}

Tensor empty_cond(const Tensor& A) { return zeros(batch_of(A), real_of(A.dtype()), A.device()); }

// ||A|| ||A^-1||, infinite for a singular A.
template <class Norm> Tensor cond_by_inverse(const Tensor& A, const std::string& order, Norm norm) {
  check_square(A, ("linalg.cond(ord=" + order + ")").c_str());
  if (A.numel() == 0) return empty_cond(A);
  auto [inverse, codes] = op::linalg_inv_ex(A, false);
  Tensor product = op::mul(norm(A), norm(inverse));
  return op::where_self(op::ne(codes, kZero), Scalar(INFINITY), product);
}

}  // namespace

namespace native {

// ---------------------------------------------------------------- eigenvalues
Pair linalg_eig(const Tensor& self) { return eigen(self, true); }
Tensor linalg_eigvals(const Tensor& self) {
  // The derivative needs the vectors.
  return std::get<0>(grad_enabled && requires_grad(self) ? op::linalg_eig(self) : eigen(self, false));
}

Pair _linalg_eigh(const Tensor& A, const std::string& UPLO, bool compute_v) {
  check_square(A, "linalg.eigh");
  const char side = UPLO.size() == 1 ? char(UPLO[0] & ~0x20) : ' ';
  PL_CHECK(side == 'L' || side == 'U', "Expected UPLO argument to be 'L' or 'U', but got %s", UPLO.c_str());
  const int64_t n = A.size(-1);
  Tensor copy = columns_of(A), values, codes = pl::zeros(batch_of(A), DType::Int32, A.device());
  with_lapack(A.dtype(), "linalg_eigh_cpu", [&](auto t) {
    using T = decltype(t);
    using R = lapack::Real<T>;
    values = pl::empty({A->sizes, A.dim() - 1}, real_of(A.dtype()), A.device());
    if (A.is_meta()) return;
    const bool finite = all_finite(A);
    T* a = copy.ptr<T>();
    R* w = values.ptr<R>();
    Int* info = codes.ptr<Int>();
    each_matrix(codes.numel(), 9 * double(n * n * n), [=](int64_t i) {
      info[i] = finite ? lapack::syevd(compute_v, side, Int(n), a + i * n * n, w + i * n) : Int(n);
    });
  });
  check_info(codes, "linalg.eigh", "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated eigenvalues (error code: %lld).");
  return {values, compute_v ? copy : pl::empty({0}, A.dtype(), A.device())};
}
Pair linalg_eigh(const Tensor& self, const std::string& UPLO) { return op::_linalg_eigh(self, UPLO, true); }
Tensor linalg_eigvalsh(const Tensor& self, const std::string& UPLO) {
  return std::get<0>(op::_linalg_eigh(self, UPLO, grad_enabled && requires_grad(self)));
}

// ---------------------------------------------------------------- singular values
Triple _linalg_svd(const Tensor& A, bool full_matrices, bool compute_uv, const std::optional<std::string>& driver) {
  check_matrix(A, "linalg.svd");
  check_floating(A, "linalg.svd");
  PL_CHECK(!driver, "torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.");
  const int64_t m = A.size(-2), n = A.size(-1), k = std::min(m, n), columns = full_matrices ? m : k, rows = full_matrices ? n : k;
  check_lapack_size(std::max(m, n));
  const Shape batch = batch_of(A);
  auto made = [&](int64_t r, int64_t c) {
    return compute_uv ? empty_columns(batch, r, c, A.dtype(), A.device()) : pl::empty({0}, A.dtype(), A.device());
  };
  Tensor u = made(m, columns), vh = made(rows, n), s = pl::empty(with_sizes(batch, {k}), real_of(A.dtype()), A.device()),
         codes = pl::zeros(batch, DType::Int32, A.device());
  with_lapack(A.dtype(), "linalg_svd_cpu", [&](auto t) {
    using T = decltype(t);
    using R = lapack::Real<T>;
    if (A.is_meta()) return;
    if (k == 0) {       // LAPACK leaves the vectors of nothing as they are
      for (const Tensor& v : {u, vh})
        if (v.numel() > 0) copy_into(v, op::eye(v.size(-1), std::nullopt, v.dtype(), v.device()));
      return;
    }
    PL_CHECK_AS(LinAlg, all_finite(A), "", "linalg.svd: The algorithm failed to converge because the input matrix contained non-finite values.");
    Tensor copy = columns_of(A);
    T *a = copy.ptr<T>(), *left = u.ptr<T>(), *right = vh.ptr<T>();
    R* values = s.ptr<R>();
    Int* info = codes.ptr<Int>();
    const char job = !compute_uv ? 'N' : full_matrices ? 'A' : 'S';
    const int64_t u_step = compute_uv ? m * columns : 0, v_step = compute_uv ? rows * n : 0;
    each_matrix(codes.numel(), 20 * double(m * n * k), [=](int64_t i) {
      info[i] = lapack::gesdd(job, Int(m), Int(n), a + i * m * n, values + i * k, left + i * u_step, right + i * v_step);
    });
  });
  check_info(codes, "linalg.svd", "The algorithm failed to converge because the input matrix is ill-conditioned or has too many repeated singular values (error code: %lld).");
  return {u, s, vh};
}
Triple linalg_svd(const Tensor& A, bool full_matrices, const std::optional<std::string>& driver) { return op::_linalg_svd(A, full_matrices, true, driver); }
Tensor linalg_svdvals(const Tensor& A, const std::optional<std::string>& driver) {
  return std::get<1>(op::_linalg_svd(A, false, grad_enabled && requires_grad(A), driver));
}

Triple svd(const Tensor& self, bool some, bool compute_uv) {
  PL_CHECK(self.dim() >= 2, "linalg.svd: input should have at least 2 dimensions, but has %d dimensions instead", self.dim());
  if (compute_uv) {
    auto [u, s, vh] = op::linalg_svd(self, !some, std::nullopt);
    return {u, s, op::mH(vh)};
  }
  const int64_t m = self.size(-2), n = self.size(-1);
  auto none = [&](int64_t size) { return pl::zeros(with_sizes(batch_of(self), {size, size}), self.dtype(), self.device()); };
  return {none(m), op::linalg_svdvals(self, std::nullopt), none(n)};
}

// ---------------------------------------------------------------- ranks
Tensor linalg_matrix_rank_atol_rtol_tensor(const Tensor& input, const Tensor& atol, const Tensor& rtol, bool hermitian) { return rank_of(input, atol, rtol, hermitian); }
Tensor linalg_matrix_rank_atol_rtol_float(const Tensor& self, std::optional<double> atol, std::optional<double> rtol, bool hermitian) {
  return rank_of(self, tolerance_of(atol), tolerance_of(rtol), hermitian);
}
Tensor linalg_matrix_rank(const Tensor& self, double tol, bool hermitian) { return rank_of(self, tolerance_of(tol), tolerance_of(0.0), hermitian); }
Tensor linalg_matrix_rank_tol_tensor(const Tensor& input, const Tensor& tol, bool hermitian) { return rank_of(input, tol, tolerance_of(0.0), hermitian); }

// ---------------------------------------------------------------- pseudo-inverses
Tensor linalg_pinv_atol_rtol_tensor(const Tensor& self, const Tensor& atol, const Tensor& rtol, bool hermitian) {
  const Tensor& A = self;
  PL_CHECK(A.dim() >= 2 && is_differentiable(A.dtype()) && itemsize(A.dtype()) >= 4,
           "linalg.pinv(%s{%s}): expected a tensor with 2 or more dimensions of float, double, cfloat or cdouble types", info(A.dtype()).scalar_name,
           to_string(A.sizes()).c_str());
  const Pair tolerance = tolerances("pinv", A, atol, rtol);
  if (A.numel() == 0) return pl::empty(with_sizes(batch_of(A), {A.size(-1), A.size(-2)}), A.dtype(), A.device());
  auto inverted = [](const Tensor& values, const Tensor& keep, DType d) {
    return op::unsqueeze(cast(op::where_self(keep, op::reciprocal(values), kZero), d), -2);
  };
  if (hermitian) {
    auto [values, vectors] = op::_linalg_eigh(A, "L", true);
    Tensor size = op::abs(values), keep = op::gt(size, cut_of(tolerance, size));
    return op::matmul(op::mul(vectors, inverted(values, keep, A.dtype())), op::mH(vectors));
  }
  auto [u, s, vh] = op::_linalg_svd(A, false, true, std::nullopt);
  Tensor keep = op::gt(s, cut_of(tolerance, s));
  return op::matmul(op::mul(op::mH(vh), inverted(s, keep, A.dtype())), op::mH(u));
}
Tensor linalg_pinv_atol_rtol_float(const Tensor& self, std::optional<double> atol, std::optional<double> rtol, bool hermitian) {
  return op::linalg_pinv_atol_rtol_tensor(self, tolerance_of(atol), tolerance_of(rtol), hermitian);
}
Tensor linalg_pinv(const Tensor& self, double rcond, bool hermitian) {
  return op::linalg_pinv_atol_rtol_tensor(self, tolerance_of(0.0), tolerance_of(rcond), hermitian);
}
Tensor linalg_pinv_rcond_tensor(const Tensor& self, const Tensor& rcond, bool hermitian) {
  return op::linalg_pinv_atol_rtol_tensor(self, tolerance_of(0.0), rcond, hermitian);
}
Tensor pinverse(const Tensor& self, double rcond) { return linalg_pinv(self, rcond, false); }

// ---------------------------------------------------------------- condition numbers
Tensor linalg_cond(const Tensor& self, const std::optional<Scalar>& p) {
  PL_CHECK(self.dim() >= 2, "linalg.cond: The input tensor must have at least 2 dimensions.");
  const double order = p ? p->to_double() : 2;
  PL_CHECK(std::abs(order) == 1 || std::abs(order) == 2 || std::isinf(order), "linalg.cond got an invalid norm type: %g", order);
  if (std::abs(order) != 2) return cond_by_inverse(self, format("%g", order), [&](const Tensor& A) { return linalg_matrix_norm(A, Scalar(order), {-2, -1}, false, DType::Undefined); });
  Tensor s = op::linalg_svdvals(self, std::nullopt);
  if (self.numel() == 0) return empty_cond(self);
  Tensor first = op::select(s, -1, 0), last = op::select(s, -1, -1);
  return order > 0 ? op::true_divide(first, last) : op::true_divide(last, first);
}
Tensor linalg_cond_p_str(const Tensor& self, const std::string& p) {
  PL_CHECK(self.dim() >= 2, "linalg.cond: The input tensor must have at least 2 dimensions.");
  PL_CHECK(p == "fro" || p == "nuc", "linalg.cond got an invalid norm type: %s", p.c_str());
  return cond_by_inverse(self, p, [&](const Tensor& A) { return linalg_matrix_norm_str_ord(A, p, {-2, -1}, false, DType::Undefined); });
}

}  // namespace native
}  // namespace pl
