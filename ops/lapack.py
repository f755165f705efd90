"""Linear algebra that needs factorisations: systems of equations, determinants, eigenvalues, singular values."""
from ops.table import op

# ---- Cholesky
op("linalg_cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False) -> (Tensor L, Tensor info)", forms="fo",
   grad={"self": "cholesky_backward(grads[0], result0, upper)"}, doc="The Cholesky factor, and for each matrix 0 or the order of the minor that is not positive-definite.")
op("linalg_cholesky(Tensor self, *, bool upper=False) -> Tensor", forms="fo",
   doc="The lower triangular L (or upper U) with A = L L^H, for a Hermitian positive-definite matrix; LinAlgError for others.")
op("cholesky(Tensor self, bool upper=False) -> Tensor", forms="fmo", grad={"self": "cholesky_backward(grad, result, upper)"},
   doc="The older form of linalg.cholesky.")
op("cholesky_inverse(Tensor self, bool upper=False) -> Tensor", forms="fmo", grad={"self": "cholesky_inverse_backward(grad, self, result, upper)"},
   doc="The inverse of a matrix, from its Cholesky factor.")
op("cholesky_solve(Tensor self, Tensor input2, bool upper=False) -> Tensor", forms="fmo",
   grad={"self": "sum_to_size(cholesky_solve(grad, input2, upper), self.shape)", "input2": "cholesky_solve_backward(grad, input2, result, upper)"},
   doc="Solves A X = B, from B and the Cholesky factor of A.")

# ---- LU
op("linalg_lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False) -> (Tensor LU, Tensor pivots, Tensor info)", forms="fo",
   grad={"A": "lu_factor_backward(grads[0], result0, result1)"}, doc="linalg.lu_factor, and for each matrix 0 or the place of the first zero on U's diagonal.")
op("linalg_lu_factor(Tensor A, *, bool pivot=True) -> (Tensor LU, Tensor pivots)", forms="fo", doc="L and U in one matrix, and the row exchanges (counted from 1).")
op("linalg_lu(Tensor A, *, bool pivot=True) -> (Tensor P, Tensor L, Tensor U)", forms="fo", ref="scipy.linalg.lu",
   doc="A = P L U: a permutation, a lower triangle with ones on its diagonal, an upper triangle.")
op("lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True) -> (Tensor P, Tensor L, Tensor U)", forms="fo",
   doc="P, L and U from what linalg.lu_factor gives.")
op("linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False) -> Tensor", forms="fo",
   grad={"LU": "lu_solve_backward(grad, LU, pivots, result, left, adjoint)", "B": "sum_to_size(linalg_lu_solve(LU, pivots, grad, left, not adjoint), B.shape)"},
   doc="Solves A X = B (or X A = B), from what linalg.lu_factor gives for A.")
op("lu_solve(Tensor self, Tensor LU_data, Tensor LU_pivots) -> Tensor", forms="fmo", doc="Solves A X = B, from B and what linalg.lu_factor gives for A.")

# ---- LDL
op("linalg_ldl_factor_ex(Tensor self, *, bool hermitian=False, bool check_errors=False) -> (Tensor LD, Tensor pivots, Tensor info)", forms="fo", grad={"self": "no_derivative('linalg_ldl_factor_ex')"},
   doc="linalg.ldl_factor, and for each matrix 0 or the place of the first zero on D's diagonal.")
op("linalg_ldl_factor(Tensor self, *, bool hermitian=False) -> (Tensor LD, Tensor pivots)", forms="fo",
   doc="A = L D L^T (or L D L^H) for a symmetric (Hermitian) matrix that need not be positive-definite.")
op("linalg_ldl_solve(Tensor LD, Tensor pivots, Tensor B, *, bool hermitian=False) -> Tensor", forms="fo",
   grad={"LD": "no_derivative('linalg_ldl_solve')", "B": "no_derivative('linalg_ldl_solve')"}, doc="Solves A X = B, from what linalg.ldl_factor gives for A.")

# ---- QR
op("linalg_qr(Tensor A, str mode='reduced') -> (Tensor Q, Tensor R)", forms="fo", ref="numpy.linalg.qr",
   grad={"A": "qr_backward(grads[0], grads[1], result0, result1, mode, A.shape)"}, doc="A = Q R: orthonormal columns and an upper triangle.")
op("qr(Tensor self, bool some=True) -> (Tensor Q, Tensor R)", forms="fmo", doc="The older form of linalg.qr.")
op("geqrf(Tensor self) -> (Tensor a, Tensor tau)", forms="fmo", grad={"self": "no_derivative('geqrf')"}, doc="The QR factorisation as LAPACK packs it: R above the diagonal, the reflections below it and in tau.")
HOUSEHOLDER = {"input": "householder_backward(grad, result, input, tau, False)", "tau": "householder_backward(grad, result, input, tau, True)"}
op("linalg_householder_product(Tensor input, Tensor tau) -> Tensor", forms="fo", grad=HOUSEHOLDER, doc="The first columns of the product of the reflections that geqrf gives.")
op("orgqr(Tensor self, Tensor input2) -> Tensor", forms="fmo", doc="linalg.householder_product: the columns of Q, from what geqrf gives.")
op("ormqr(Tensor self, Tensor input2, Tensor input3, bool left=True, bool transpose=False) -> Tensor", forms="fmo",
   grad={"self": "ormqr_backward(grad, self, input2, input3, left, transpose, False)", "input2": "ormqr_backward(grad, self, input2, input3, left, transpose, True)",
         "input3": "ormqr(self, input2, grad, left, not transpose)"}, doc="Multiplies a matrix by the Q of what geqrf gives, or by its transpose.")

# ---- systems of equations
SOLVE = "solve_backward(grads[0], A, B, result0, result1, result2, left, {})"
op("_linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor result, Tensor LU, Tensor pivots, Tensor info)", forms="",
   grad={"A": SOLVE.format("True"), "B": SOLVE.format("False")}, doc="The kernel of linalg.solve.")
op("linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False) -> (Tensor result, Tensor info)", forms="fo",
   doc="linalg.solve, and for each matrix 0 or the place of the first zero pivot.")
op("linalg_solve(Tensor A, Tensor B, *, bool left=True) -> Tensor", forms="fo", doc="The X with A X = B (or X A = B); LinAlgError for a singular A.")
op("linalg_solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False) -> Tensor", forms="fo",
   grad={"self": "solve_triangular_backward(grad, self, B, result, upper, left, unitriangular, True)",
         "B": "solve_triangular_backward(grad, self, B, result, upper, left, unitriangular, False)"}, doc="The X with A X = B (or X A = B) for a triangular A.")
op("triangular_solve(Tensor self, Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False) -> (Tensor solution, Tensor cloned_coefficient)",
   forms="fmo", doc="The older form of linalg.solve_triangular; also gives a copy of A.")
op("linalg_inv_ex(Tensor A, *, bool check_errors=False) -> (Tensor inverse, Tensor info)", forms="fo", grad={"A": "inv_backward(grads[0], result0)"},
   doc="linalg.inv, and for each matrix 0 or the place of the first zero pivot.")
op("linalg_inv(Tensor A) -> Tensor", forms="fo", ref="numpy.linalg.inv", doc="The inverse of a square matrix; LinAlgError for a singular one.")
op("inverse(Tensor self) -> Tensor", forms="fmo", ref="numpy.linalg.inv", doc="The inverse of a square matrix; LinAlgError for a singular one.")
op("linalg_lstsq(Tensor self, Tensor b, float? rcond=None, *, str? driver=None) -> (Tensor solution, Tensor residuals, Tensor rank, Tensor singular_values)", forms="fo",
   grad={"self": "lstsq_backward(grads[0], grads[1], self, b, True)", "b": "lstsq_backward(grads[0], grads[1], self, b, False)"},
   doc="The X with the smallest |A X - B|; driver is 'gelsy' (pivoted QR), 'gels' (full rank), 'gelsd' or 'gelss' (singular values).")
op("linalg_tensorinv(Tensor self, int ind=2) -> Tensor", forms="fo", ref="numpy.linalg.tensorinv", doc="The inverse with respect to tensordot over the first ind dimensions.")
op("linalg_tensorsolve(Tensor self, Tensor other, int[]? dims=None) -> Tensor", forms="fo", ref="numpy.linalg.tensorsolve", doc="The X with tensordot(A, X, X.ndim) = B.")

# ---- determinants
op("_linalg_det(Tensor A) -> (Tensor result, Tensor LU, Tensor pivots)", forms="", grad={"A": "det_backward(grads[0], A, result0, result1, result2)"},
   doc="The kernel of linalg.det.")
op("linalg_det(Tensor A) -> Tensor", forms="fo", ref="numpy.linalg.det", doc="The determinant of a square matrix.")
op("det(Tensor self) -> Tensor", forms="fm", ref="numpy.linalg.det", doc="The determinant of a square matrix.")
op("_linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet, Tensor LU, Tensor pivots)", forms="",
   grad={"A": "slogdet_backward(grads[0], grads[1], A, result0, result2, result3)"}, doc="The kernel of linalg.slogdet.")
op("linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)", forms="fo", ref="numpy.linalg.slogdet", doc="The sign (or phase) of the determinant and the logarithm of its size.")
op("slogdet(Tensor self) -> (Tensor sign, Tensor logabsdet)", forms="fmo", doc="The sign (or phase) of the determinant and the logarithm of its size.")
op("logdet(Tensor self) -> Tensor", forms="fm", doc="The logarithm of the determinant: -inf for a singular matrix, NaN for a negative determinant.")

# ---- eigenvalues
op("linalg_eig(Tensor self) -> (Tensor eigenvalues, Tensor eigenvectors)", forms="fo", grad={"self": "eig_backward(grads[0], grads[1], result0, result1, self.dtype)"},
   doc="Eigenvalues, in no order, and eigenvectors (columns) of square matrices; complex also for real ones.")
op("linalg_eigvals(Tensor self) -> Tensor", forms="fo", doc="The eigenvalues of square matrices; complex also for real ones.")
op("_linalg_eigh(Tensor A, str UPLO='L', bool compute_v=True) -> (Tensor eigenvalues, Tensor eigenvectors)", forms="",
   grad={"A": "eigh_backward(grads[0], grads[1], result0, result1)"}, doc="The kernel of linalg.eigh.")
op("linalg_eigh(Tensor self, str UPLO='L') -> (Tensor eigenvalues, Tensor eigenvectors)", forms="fo", ref="numpy.linalg.eigh",
   doc="Ascending eigenvalues and orthonormal eigenvectors (columns) of symmetric or Hermitian matrices, read from the lower or upper triangle.")
op("linalg_eigvalsh(Tensor self, str UPLO='L') -> Tensor", forms="fo", ref="numpy.linalg.eigvalsh", doc="The ascending eigenvalues of symmetric or Hermitian matrices.")

# ---- singular values
op("_linalg_svd(Tensor A, bool full_matrices=False, bool compute_uv=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)", forms="",
   grad={"A": "svd_backward(grads[0], grads[1], grads[2], result0, result1, result2)"}, doc="The kernel of linalg.svd.")
op("linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None) -> (Tensor U, Tensor S, Tensor Vh)", forms="fo", ref="numpy.linalg.svd",
   doc="A = U diag(S) Vh: orthonormal columns, descending singular values, orthonormal rows.")
op("linalg_svdvals(Tensor A, *, str? driver=None) -> Tensor", forms="fo", doc="The singular values, descending.")
op("svd(Tensor self, bool some=True, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor V)", forms="fmo", doc="The older form of linalg.svd: gives V instead of V^H.")

TOLERANCES = "*, Tensor? atol=None, Tensor? rtol=None, bool hermitian=False"
NUMBERS = "*, float? atol=None, float? rtol=None, bool hermitian=False"
op(f"linalg_matrix_rank.atol_rtol_tensor(Tensor input, {TOLERANCES}) -> Tensor", forms="fo", not_diff=True,
   doc="How many singular values (absolute eigenvalues) are above max(atol, rtol * the largest).")
op(f"linalg_matrix_rank.atol_rtol_float(Tensor self, {NUMBERS}) -> Tensor", forms="fo", not_diff=True)
op("linalg_matrix_rank.tol_tensor(Tensor input, Tensor tol, bool hermitian=False) -> Tensor", forms="fo", not_diff=True)
op("linalg_matrix_rank(Tensor self, float tol, bool hermitian=False) -> Tensor", forms="fo", not_diff=True)
op(f"linalg_pinv.atol_rtol_tensor(Tensor self, {TOLERANCES}) -> Tensor", forms="fo", grad={"self": "pinv_backward(grad, result, self)"}, node="LinalgPinvBackward0",
   doc="The pseudo-inverse (Moore-Penrose): singular values up to max(atol, rtol * the largest) count as zero.")
op(f"linalg_pinv.atol_rtol_float(Tensor self, {NUMBERS}) -> Tensor", forms="fo")
op("linalg_pinv.rcond_tensor(Tensor self, Tensor rcond, bool hermitian=False) -> Tensor", forms="fo")
op("linalg_pinv(Tensor self, float rcond, bool hermitian=False) -> Tensor", forms="fo")
op("pinverse(Tensor self, float rcond=1e-15) -> Tensor", forms="fm", doc="The older form of linalg.pinv.")
op("linalg_cond(Tensor self, Scalar? p=None) -> Tensor", forms="fo", ref="numpy.linalg.cond", doc="The condition number: how much solving a system may amplify errors.")
op("linalg_cond.p_str(Tensor self, str p) -> Tensor", forms="fo")
op("nuclear_norm(Tensor self, bool keepdim=False) -> Tensor", forms="fo", doc="The sum of the singular values.")
op("nuclear_norm.dim(Tensor self, int[2] dim, bool keepdim=False) -> Tensor", forms="fo")
op("frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor", forms="fo", doc="The root of the sum of squares over one or two dimensions.")

# ---- functions of matrices, and the rest of torch.linalg
op("linalg_matrix_exp(Tensor self) -> Tensor", forms="f", grad={"self": "matrix_exp_backward(grad, self)"}, ref="scipy.linalg.expm",
   doc="The exponential of a square matrix: 1 + A + A^2/2! + ...")
op("matrix_exp(Tensor self) -> Tensor", forms="fm", doc="The exponential of a square matrix: 1 + A + A^2/2! + ...")
op("linalg_matrix_power(Tensor self, int n) -> Tensor", forms="fo", ref="numpy.linalg.matrix_power", doc="The product of n times the same matrix; of its inverse for a negative n.")
op("linalg_matmul(Tensor self, Tensor other) -> Tensor", forms="fo", ref="numpy.matmul", doc="The matrix product; of vectors, matrices or broadcast batches of matrices.")
op("linalg_diagonal(Tensor(a) A, *, int offset=0, int dim1=-2, int dim2=-1) -> Tensor(a)", forms="f", doc="A view of the diagonal of each matrix.")
op("linalg_vecdot(Tensor x, Tensor y, *, int dim=-1) -> Tensor", forms="fo", doc="The dot products of vectors along dim, the first ones conjugated.")
op("linalg_vander(Tensor x, *, int? N=None) -> Tensor", forms="f", doc="The powers 0, 1, ..., N - 1 of each element, in a new last dimension.")
