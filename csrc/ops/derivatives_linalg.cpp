// Gradients of linear algebra, made of operators, so that they can be differentiated again. For a function of complex
// matrices the gradient G of a real number l is the one with dl = Re tr(G^H dA).
#include <cfloat>
#include <cmath>
#include "ops/derivatives.h"
#include "ops/matrix.h"

namespace pl {
namespace {

const Scalar kZero(int64_t(0)), kOne(int64_t(1)), kHalf(0.5), kTwo(2.0);

Tensor plus(const Tensor& a, const Tensor& b) { return !a ? b : !b ? a : op::add(a, b, kOne); }
Tensor minus(const Tensor& a, const Tensor& b) { return op::sub(a, b, kOne); }
Tensor mm(const Tensor& a, const Tensor& b) { return op::matmul(a, b); }
template <class... M> Tensor mm(const Tensor& a, const Tensor& b, const M&... more) { return mm(mm(a, b), more...); }
Tensor H(const Tensor& t) { return op::mH(t); }
Tensor column(const Tensor& t) { return op::unsqueeze(t, -1); }
Tensor row(const Tensor& t) { return op::unsqueeze(t, -2); }
Tensor on_diagonal(const Tensor& t) { return op::diag_embed(t, 0, -2, -1); }
Tensor diagonal_of(const Tensor& t) { return op::diagonal(t, 0, -2, -1); }
Tensor columns_from(const Tensor& t, int64_t start, int64_t end) { return op::narrow(t, -1, start, end - start); }
Tensor rows_from(const Tensor& t, int64_t start, int64_t end) { return op::narrow(t, -2, start, end - start); }
Tensor identity(int64_t n, const Tensor& like) { return op::eye(n, std::nullopt, like.dtype(), like.device()); }
Tensor zeros_as(const Tensor& t) { return zeros(t.sizes(), t.dtype(), t.device()); }

// X with B: A X = B, or X A = B, for a triangular A.
Tensor triangular(const Tensor& a, const Tensor& b, bool upper, bool left, bool unit = false) {
  return op::linalg_solve_triangular(a, b, upper, left, unit);
}

// t - t^H, and t + t^H with the real diagonal kept as it is.
Tensor skew(const Tensor& t) { return minus(t, H(t)); }
Tensor symmetric_from_upper(const Tensor& t) {
  Tensor upper = op::triu(t, 1), d = diagonal_of(t);
  return plus(plus(upper, H(upper)), on_diagonal(is_complex(t.dtype()) ? grad_to(op::real(d), t.dtype()) : d));
}

// Infinite on the diagonal, so that what is divided by it vanishes there.
Tensor infinite_diagonal(const Tensor& t) {
  return op::masked_fill(t, native::eye(t.size(-1), std::nullopt, DType::Bool, t.device()), Scalar(INFINITY));
}
// s_j - s_i for all pairs of the last dimension.
Tensor differences(const Tensor& s) { return minus(row(s), column(s)); }

// The phases of complex vectors are free; a loss that depends on them has no gradient.
void check_phase(const char* name, const char* what, const Tensor& diagonal) {
  if (!is_complex(diagonal.dtype()) || diagonal.is_meta() || diagonal.numel() == 0) return;
  NoGrad no_grad;
  PL_CHECK(item(op::max(op::abs(op::imag(diagonal)))).to_double() <= 1e-2,
           "%s: The %s in the complex case are specified up to multiplication by e^{i phi}. The specified loss function depends on this %s, so it is "
           "ill-defined.", name, what, what[0] == 's' ? "phase term" : "quantity");
}

// Solves A^H X = B with the factors of A, or with A itself where the solution is to be differentiated again.
Tensor solve_adjoint(const Tensor& A, const Tensor& lu, const Tensor& pivots, const Tensor& B, bool left = true) {
  if (grad_enabled) return std::get<0>(op::linalg_solve_ex(H(A), B, left, false));
  return op::linalg_lu_solve(lu, pivots, B, left, true);
}

}  // namespace

Tensor no_derivative(const char* name) { fail(ErrorType::NotImplemented, "", "the derivative for '%s' is not implemented.", name); }

// ---- Cholesky
Tensor cholesky_backward(const Tensor& grad, const Tensor& factor, bool upper) {
  Tensor g = upper ? H(grad) : grad, l = upper ? H(factor) : factor;
  // L^-H (the lower half of L^H G, made Hermitian) L^-1 / 2
  Tensor inner = mm(H(l), g), s = plus(op::tril(inner, 0), H(op::tril(inner, -1)));
  Tensor r = triangular(l, triangular(H(l), s, true, true), false, false);
  return op::mul(r, kHalf);
}

Tensor cholesky_inverse_backward(const Tensor& grad, const Tensor& factor, const Tensor& inverse, bool upper) {
  Tensor middle = mm(inverse, plus(grad, H(grad)), inverse);
  return op::neg(upper ? mm(factor, middle) : mm(middle, factor));
}

Tensor cholesky_solve_backward(const Tensor& grad, const Tensor& factor, const Tensor& solution, bool upper) {
  Tensor outer = mm(op::cholesky_solve(grad, factor, upper), H(solution)), both = plus(outer, H(outer));
  return op::sum_to_size(op::neg(upper ? mm(factor, both) : mm(both, factor)), factor.sizes());
}

// ---- LU
// P is all ones on the pivots' rows; what L and U have beyond the square part depends on it.
Tensor lu_factor_backward(const Tensor& grad, const Tensor& lu, const Tensor& pivots) {
  const int64_t m = lu.size(-2), n = lu.size(-1), k = std::min(m, n);
  if (lu.numel() == 0) return zeros_as(lu);
  auto [p, l, u] = op::lu_unpack(lu, pivots, true, true);
  Tensor gl = op::tril(columns_from(grad, 0, k), -1), gu = op::triu(rows_from(grad, 0, k), 0);
  Tensor l1 = rows_from(l, 0, k), u1 = columns_from(u, 0, k), rest;
  Tensor lower = mm(H(l1), rows_from(gl, 0, k)), upper = mm(columns_from(gu, 0, k), H(u1));
  if (n > k) {         // U = [U1 U2] with U2 = L^-1 P^T A2
    Tensor gu2 = columns_from(gu, k, n);
    lower = minus(lower, mm(gu2, H(columns_from(u, k, n))));
    rest = triangular(H(l1), gu2, true, true, true);
  } else if (m > k) {  // L = [L1; L2] with L2 = A2 U^-1
    Tensor gl2 = rows_from(gl, k, m);
    upper = minus(upper, mm(H(rows_from(l, k, m)), gl2));
    rest = triangular(H(u1), gl2, false, false);
  }
  Tensor middle = plus(op::tril(lower, -1), op::triu(upper, 0));
  Tensor square = triangular(H(u1), triangular(H(l1), middle, true, true, true), false, false);
  return mm(p, rest ? op::cat({square, rest}, n > k ? -1 : -2) : square);
}

Tensor lu_solve_backward(const Tensor& grad, const Tensor& lu, const Tensor& pivots, const Tensor& solution, bool left, bool adjoint) {
  Tensor gb = op::linalg_lu_solve(lu, pivots, grad, left, !adjoint);
  Tensor product = left ? mm(gb, H(solution)) : mm(H(solution), gb), ga = op::neg(adjoint ? H(product) : product);
  auto [p, l, u] = op::lu_unpack(lu, pivots, true, true);
  Tensor inner = mm(op::mT(p), op::sum_to_size(ga, lu.sizes()));
  return plus(op::tril(mm(inner, H(u)), -1), op::triu(mm(H(l), inner), 0));
}

// ---- QR
Tensor qr_backward(const Tensor& grad_q, const Tensor& grad_r, const Tensor& q, const Tensor& r, const std::string& mode, Shape sizes) {
  const int64_t m = sizes[sizes.n - 2], n = sizes[sizes.n - 1], k = std::min(m, n);
  PL_CHECK(mode != "r", "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use linalg.qr(A, mode='reduced') if you are "
           "going to differentiate through linalg.qr.");
  PL_CHECK(mode != "complete" || m <= n, "The QR decomposition is not differentiable when mode='complete' and nrows > ncols.");
  Tensor gq = grad_q ? grad_q : zeros_as(q), gr = grad_r ? grad_r : zeros_as(r), r1 = r, gr1 = gr, rest;
  if (n > k) {         // R = [R1 R2] with R2 = Q^H A2
    Tensor gr2 = columns_from(gr, k, n);
    gq = plus(gq, mm(q, columns_from(r, k, n), H(gr2)));
    rest = mm(q, gr2);
    r1 = columns_from(r, 0, k);
    gr1 = columns_from(gr, 0, k);
  }
  Tensor inner = minus(mm(gr1, H(r1)), mm(H(q), gq));
  Tensor square = triangular(H(r1), plus(gq, mm(q, symmetric_from_upper(inner))), false, false);
  return rest ? op::cat({square, rest}, -1) : square;
}

namespace {

// Gradients of the reflections' vectors and scales, from the gradient of Q = H_1 ... H_k E with H_i = 1 - tau_i v_i v_i^H.
std::tuple<Tensor, Tensor> reflections_backward(const Tensor& grad, const Tensor& q, const Tensor& vectors, const Tensor& tau) {
  const int64_t columns = vectors.size(-1), k = tau.size(-1);
  if (k == 0) return {zeros_as(vectors), zeros_as(tau)};
  Tensor unit = op::add(op::tril(vectors, -1), op::eye(vectors.size(-2), columns, vectors.dtype(), vectors.device()), kOne), bar = grad, product = q;
  TensorList gv, gt;
  for (int64_t i = 0; i < k; ++i) {
    Tensor v = columns_from(unit, i, i + 1), t = op::unsqueeze(op::narrow(tau, -1, i, 1), -1), vh = H(v);
    // H_i^-1 = 1 - sigma v v^H
    Tensor sigma = op::true_divide(t, op::sub(op::mul(t, mm(vh, v)), kOne, kOne));
    product = minus(product, op::mul(sigma, mm(v, mm(vh, product))));
    Tensor a = mm(bar, mm(H(product), v)), b = mm(product, mm(H(bar), v));
    gv.push_back(op::neg(plus(op::mul(op::conj(t), a), op::mul(t, b))));
    gt.push_back(op::neg(op::squeeze_dim(mm(vh, a), -1)));
    bar = minus(bar, op::mul(op::conj(t), mm(v, mm(vh, bar))));
  }
  if (k < columns) gv.push_back(zeros_as(columns_from(vectors, k, columns)));
  return {op::tril(op::cat(gv, -1), -1), op::cat(gt, -1)};
}

}  // namespace

Tensor householder_backward(const Tensor& grad, const Tensor& q, const Tensor& vectors, const Tensor& tau, bool of_tau) {
  auto [gv, gt] = reflections_backward(grad, q, vectors, tau);
  return of_tau ? gt : gv;
}

Tensor ormqr_backward(const Tensor& grad, const Tensor& vectors, const Tensor& tau, const Tensor& other, bool left, bool transpose, bool of_tau) {
  // The gradient of the whole square Q.
  Tensor gq = left ? (transpose ? mm(other, H(grad)) : mm(grad, H(other))) : transpose ? mm(H(grad), other) : mm(H(other), grad);
  const int64_t m = vectors.size(-2);
  Tensor unit = op::expand(identity(m, vectors), with_sizes(batch_of(vectors), {m, m}), false);
  return householder_backward(gq, op::ormqr(vectors, tau, unit, true, false), vectors, tau, of_tau);
}

// ---- systems of equations
Tensor solve_backward(const Tensor& grad, const Tensor& A, const Tensor& B, const Tensor& solution, const Tensor& lu, const Tensor& pivots, bool left, bool of_a) {
  const bool vector = solution.dim() < std::max(A.dim(), B.dim() + (B.dim() == A.dim() - 1)) || B.dim() == 1;
  Tensor gb = solve_adjoint(A, lu, pivots, vector ? column(grad) : grad, left);
  if (!of_a) return op::sum_to_size(vector ? op::squeeze_dim(gb, -1) : gb, B.sizes());
  Tensor x = vector ? column(solution) : solution;
  return op::sum_to_size(op::neg(left ? mm(gb, H(x)) : mm(H(x), gb)), A.sizes());
}

Tensor inv_backward(const Tensor& grad, const Tensor& inverse) { return op::neg(mm(H(inverse), grad, H(inverse))); }

Tensor solve_triangular_backward(const Tensor& grad, const Tensor& A, const Tensor& B, const Tensor& solution, bool upper, bool left, bool unitriangular, bool of_a) {
  Tensor gb = triangular(H(A), grad, !upper, left, unitriangular);
  if (!of_a) return op::sum_to_size(gb, B.sizes());
  Tensor ga = op::neg(left ? mm(gb, H(solution)) : mm(H(solution), gb));
  const int64_t from = unitriangular ? 1 : 0;
  return op::sum_to_size(upper ? op::triu(ga, from) : op::tril(ga, -from), A.sizes());
}

Tensor pinv_backward(const Tensor& grad, const Tensor& inverse, const Tensor& A) {
  const Tensor& x = inverse;
  Tensor xh = H(x), gh = H(grad), k = mm(gh, x), kxh = mm(k, xh), xhxg = mm(xh, mm(x, gh));
  // -X^H G X^H + (1 - A X) G^H X X^H + X^H X G^H (1 - X A)
  Tensor first = op::neg(mm(xh, mm(grad, xh))), second = minus(kxh, mm(A, mm(x, kxh))), third = minus(xhxg, mm(mm(xhxg, x), A));
  return plus(first, plus(second, third));
}

Tensor lstsq_backward(const Tensor& grad_x, const Tensor& grad_residuals, const Tensor& A, const Tensor& b, bool of_a) {
  const bool vector = b.dim() == 1 || (A.dim() - 1 == b.dim() && Shape(A->sizes, A.dim() - 1) == b.sizes());
  Tensor B = vector ? column(b) : b, gx = !grad_x ? grad_x : vector ? column(grad_x) : grad_x, result;
  Tensor inverse = op::linalg_pinv_atol_rtol_tensor(A, {}, {}, false);
  if (gx) result = of_a ? pinv_backward(mm(gx, H(B)), inverse, A) : mm(H(inverse), gx);
  if (grad_residuals && grad_residuals.numel() > 0) {     // |A X - B|^2, which is flat in X
    Tensor x = mm(inverse, B), rest = op::mul(op::mul(minus(mm(A, x), B), row(grad_residuals)), kTwo);
    result = plus(result, of_a ? mm(rest, H(x)) : op::neg(rest));
  }
  const Tensor& like = of_a ? A : b;
  if (!result) return zeros_as(like);
  return op::sum_to_size(!of_a && vector ? op::squeeze_dim(result, -1) : result, like.sizes());
}

// ---- determinants
namespace {
// The gradient of det at singular matrices: conj(adj(A))^T, which is made of the products of the other singular values.
Tensor cofactors(const Tensor& A) {
  auto [u, s, vh] = op::_linalg_svd(A, false, true, std::nullopt);
  const int64_t n = A.size(-1);
  Tensor others = op::masked_fill(op::expand(row(s), A.sizes(), false), native::eye(n, std::nullopt, DType::Bool, A.device()), kOne);
  Tensor products = op::prod_dim_int(others, -1, false, DType::Undefined), phase = op::conj(op::mul(op::linalg_det(u), op::linalg_det(vh)));
  return op::mul(mm(op::mul(u, row(products)), vh), column(column(phase)));
}
}  // namespace

Tensor det_backward(const Tensor& grad, const Tensor& A, const Tensor& det, const Tensor& lu, const Tensor& pivots) {
  if (A.numel() == 0) return zeros_as(A);
  // The second derivative through A^-1 is useless long before det is zero.
  const double least = grad_enabled ? 100 * (real_of(A.dtype()) == DType::Float64 ? DBL_EPSILON : FLT_EPSILON) : 0;
  const bool singular = !A.is_meta() && item(native::any(op::le(op::abs(det), Scalar(least)))).to_bool();
  if (singular) return op::mul(column(column(grad)), cofactors(A));
  Tensor scaled = op::mul(grad, op::conj(det)), d = op::mul(column(column(scaled)), identity(A.size(-1), A));
  return solve_adjoint(A, lu, pivots, d);
}

Tensor slogdet_backward(const Tensor& grad_sign, const Tensor& grad_logabsdet, const Tensor& A, const Tensor& sign, const Tensor& lu, const Tensor& pivots) {
  const bool complex = is_complex(A.dtype());
  Tensor w = grad_logabsdet;
  if (complex && grad_sign) {
    Tensor turn = op::neg(op::imag(op::mul(op::conj(grad_sign), sign)));
    w = op::complex(w ? w : zeros_as(turn), turn);
  }
  if (!w || A.numel() == 0) return zeros_as(A);
  return solve_adjoint(A, lu, pivots, op::mul(column(column(w)), identity(A.size(-1), A)));
}

// ---- eigenvalues and singular values
Tensor eigh_backward(const Tensor& grad_values, const Tensor& grad_vectors, const Tensor& values, const Tensor& vectors) {
  const Tensor& v = vectors;
  if (!grad_vectors || grad_vectors.numel() == 0) return grad_values ? mm(op::mul(v, row(grad_values)), H(v)) : zeros_as(v);
  Tensor inner = mm(H(v), grad_vectors);
  check_phase("linalg_eigh_backward", "eigenvectors", diagonal_of(inner));
  Tensor middle = op::true_divide(inner, infinite_diagonal(differences(values)));
  if (grad_values) middle = plus(middle, on_diagonal(grad_values));
  Tensor result = mm(v, middle, H(v));
  return op::mul(plus(result, H(result)), kHalf);
}

Tensor eig_backward(const Tensor& grad_values, const Tensor& grad_vectors, const Tensor& values, const Tensor& vectors, DType dtype) {
  const Tensor &l = values, &v = vectors;
  Tensor middle;
  if (grad_vectors) {
    Tensor inner = mm(H(v), grad_vectors);
    check_phase("linalg_eig_backward", "eigenvectors", diagonal_of(inner));
    Tensor lengths = grad_to(op::real(diagonal_of(inner)), inner.dtype());
    middle = op::true_divide(minus(inner, op::mul(mm(H(v), v), row(lengths))), op::conj(infinite_diagonal(differences(l))));
  }
  if (grad_values) middle = plus(middle, on_diagonal(grad_values));
  if (!middle) return zeros(v.sizes(), dtype, v.device());
  return grad_to(std::get<0>(op::linalg_solve_ex(H(v), mm(middle, H(v)), true, false)), dtype);
}

Tensor svd_backward(const Tensor& grad_u, const Tensor& grad_s, const Tensor& grad_vh, const Tensor& u_all, const Tensor& s, const Tensor& vh_all) {
  const int64_t m = u_all.size(-2), n = vh_all.size(-1), k = s.size(-1);
  Tensor u = columns_from(u_all, 0, k), vh = rows_from(vh_all, 0, k), v = H(vh);
  if (!grad_u && !grad_vh) return m >= n ? mm(u, op::mul(column(grad_s), vh)) : mm(op::mul(u, row(grad_s)), vh);
  Tensor gu = grad_u ? columns_from(grad_u, 0, k) : grad_u, gvh = grad_vh ? rows_from(grad_vh, 0, k) : grad_vh;
  Tensor x = gu ? mm(H(u), gu) : gu, y = gvh ? mm(vh, H(gvh)) : gvh;
  Tensor phases = diagonal_of(plus(x, y));
  check_phase("svd_backward", "singular vectors", phases);
  // (s_j - s_i)(s_j + s_i), which keeps more digits than the difference of squares
  Tensor gaps = infinite_diagonal(op::mul(differences(s), plus(row(s), column(s)))), middle = grad_s ? on_diagonal(grad_s) : grad_s;
  if (x) {
    middle = plus(middle, op::mul(op::true_divide(skew(x), gaps), row(s)));
    if (is_complex(x.dtype())) {
      Tensor turn = op::true_divide(op::imag(diagonal_of(x)), s);
      middle = plus(middle, on_diagonal(op::complex(zeros_as(turn), turn)));
    }
  }
  if (y) middle = plus(middle, op::mul(column(s), op::true_divide(skew(y), gaps)));
  Tensor left = mm(u, middle);
  if (gu && m > k) left = plus(left, op::true_divide(minus(gu, mm(u, x)), row(s)));
  Tensor result = mm(left, vh);
  if (gvh && n > k) result = plus(result, mm(u, op::true_divide(minus(gvh, mm(mm(gvh, v), vh)), column(s))));
  return result;
}

// ---- the exponential: the upper right block of exp [[A^H, G], [0, A^H]]
Tensor matrix_exp_backward(const Tensor& grad, const Tensor& self) {
  const int64_t n = self.size(-1);
  Tensor a = H(self), top = op::cat({a, grad}, -1), bottom = op::cat({zeros_as(a), a}, -1);
  return columns_from(rows_from(op::linalg_matrix_exp(op::cat({top, bottom}, -2)), 0, n), n, 2 * n);
}

}  // namespace pl
