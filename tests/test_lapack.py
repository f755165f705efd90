"""Factorisations, solvers, eigenvalues and singular values: against NumPy, SciPy and their own definitions.

What holds for every row of the operator table (forms, layouts, the meta device, gradients) is tested in
test_operators.py; here is what needs matrices of a special kind.
"""

import doctest
import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg

import penlight as torch
from penlight import linalg
from penlight.autograd.gradcheck import gradcheck, gradgradcheck

DTYPES = [torch.float32, torch.float64, torch.complex64, torch.complex128]
BOUND = {torch.float32: 2e-4, torch.complex64: 2e-4, torch.float64: 1e-11, torch.complex128: 1e-11}
over_dtypes = pytest.mark.parametrize("dtype", DTYPES, ids=str)


def matrices(*shape, dtype=torch.float64, seed=0):
    """Random matrices; square ones are far from singular."""
    random = np.random.RandomState(seed)
    numbers = random.uniform(-1, 1, shape)
    if dtype.is_complex:
        numbers = numbers + 1j * random.uniform(-1, 1, shape)
    if shape[-1] == shape[-2]:
        numbers = numbers + 2 * np.eye(shape[-1])
    return torch.from_numpy(numbers).to(dtype)


def definite(*shape, dtype=torch.float64, seed=0):
    """Hermitian matrices with positive eigenvalues."""
    half = matrices(*shape, dtype=dtype, seed=seed)
    return half @ half.mH


def close(ours, theirs):
    theirs = theirs.numpy() if isinstance(theirs, torch.Tensor) else np.asarray(theirs)
    bound = BOUND[ours.dtype]
    assert tuple(ours.shape) == theirs.shape
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=bound, atol=bound * max(1, abs(theirs).max(initial=0)))


# ---- what a factorisation promises
@over_dtypes
@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 5, 5), (0, 3, 3), (0, 0)], ids=str)
def test_cholesky(shape, dtype):
    A = definite(*shape, dtype=dtype)
    for upper in (False, True):
        L = linalg.cholesky(A, upper=upper)
        assert (L == (L.triu() if upper else L.tril())).all()
        close(L.mH @ L if upper else L @ L.mH, A)
    close(torch.cholesky_inverse(L, upper=True), linalg.inv(A))
    B = matrices(*shape[:-2], shape[-1], 2, dtype=dtype)
    close(A @ torch.cholesky_solve(B, L, upper=True), B)


@over_dtypes
@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 5), (2, 5, 3), (3, 0, 2), (0, 2, 2)], ids=str)
def test_lu(shape, dtype):
    A = matrices(*shape, dtype=dtype)
    P, L, U = linalg.lu(A)
    close(P @ L @ U, A)
    assert (L == L.tril()).all() and (U == U.triu()).all() and (L.diagonal(0, -2, -1) == 1).all()
    LU, pivots, info = torch.lu(A, get_infos=True)
    assert LU.stride(-2) == 1 and pivots.dtype is torch.int32 and not info.any()
    for ours, theirs in zip(torch.lu_unpack(LU, pivots), (P, L, U)):
        close(ours, theirs)
    if A.dim() == 2:
        for ours, theirs in zip((P, L, U), scipy.linalg.lu(A.numpy())):
            close(ours, theirs)


@over_dtypes
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("adjoint", [True, False])
def test_lu_solve(dtype, left, adjoint):
    A, B = matrices(2, 4, 4, dtype=dtype), matrices(3, 1, 4, 4, dtype=dtype, seed=1)
    X = linalg.lu_solve(*linalg.lu_factor(A), B, left=left, adjoint=adjoint)
    operator = A.mH if adjoint else A
    close(operator @ X if left else X @ operator, B.expand(3, 2, 4, 4))


@over_dtypes
def test_ldl(dtype):
    for hermitian in (False, True):
        half = matrices(3, 4, 4, dtype=dtype) - 2 * torch.eye(4, dtype=dtype)
        A = half + (half.mH if hermitian else half.mT)  # not definite
        LD, pivots = linalg.ldl_factor(A, hermitian=hermitian)
        B = matrices(4, 2, dtype=dtype)
        close(A @ linalg.ldl_solve(LD, pivots, B, hermitian=hermitian), B.expand(3, 4, 2))


@over_dtypes
@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 5), (2, 5, 3), (0, 3), (3, 0)], ids=str)
def test_qr(shape, dtype):
    A = matrices(*shape, dtype=dtype)
    for mode in ("reduced", "complete"):
        Q, R = linalg.qr(A, mode)
        close(Q @ R, A)
        close(Q.mH @ Q, torch.eye(Q.shape[-1], dtype=dtype).expand(Q.shape[:-2] + (Q.shape[-1],) * 2))
        assert (R == R.triu()).all()
    assert linalg.qr(A, "r").Q.shape == (0,)
    a, tau = torch.geqrf(A)
    if shape[-1] <= shape[-2]:
        close(torch.orgqr(a, tau), linalg.qr(A).Q)
    if A.numel():
        whole, C = linalg.qr(A, "complete").Q, matrices(*shape[:-1], 2, dtype=dtype)
        close(torch.ormqr(a[..., : tau.shape[-1]], tau, C), whole @ C)
        close(torch.ormqr(a[..., : tau.shape[-1]], tau, C.mH, left=False, transpose=True), C.mH @ whole.mH)


@over_dtypes
@pytest.mark.parametrize("shape", [(4, 4), (2, 3, 5), (2, 5, 3), (0, 3), (2, 0, 3, 2)], ids=str)
def test_svd(shape, dtype):
    A = matrices(*shape, dtype=dtype)
    U, S, Vh = linalg.svd(A, full_matrices=False)
    close((U * S.unsqueeze(-2)) @ Vh, A)
    close(S, np.linalg.svd(A.numpy(), compute_uv=False))
    close(linalg.svdvals(A), S)
    U, S, Vh = linalg.svd(A)
    close(U @ U.mH, torch.eye(shape[-2], dtype=dtype).expand(U.shape))
    close(Vh @ Vh.mH, torch.eye(shape[-1], dtype=dtype).expand(Vh.shape))
    close(torch.svd(A, some=False).V, Vh.mH)


@over_dtypes
def test_eigenvalues(dtype):
    A = matrices(2, 5, 5, dtype=dtype)
    values, vectors = linalg.eig(A)
    close(A.to(vectors.dtype) @ vectors, vectors * values.unsqueeze(-2))
    assert values.is_complex()
    order = lambda v: v[np.lexsort((v.imag.round(3), v.real.round(3)))]
    for ours, own, theirs in zip(linalg.eigvals(A).numpy(), values.numpy(), np.linalg.eigvals(A.numpy())):
        close(torch.from_numpy(order(ours)), order(theirs))
        close(torch.from_numpy(order(own)), order(theirs))
    for side in "LU":
        H = A.tril() + A.tril(-1).mH if side == "L" else A.triu() + A.triu(1).mH
        H = H - 1j * torch.diag_embed(H.diagonal(0, -2, -1).imag) if dtype.is_complex else H
        values, vectors = linalg.eigh(A, UPLO=side)
        close(vectors @ (values.unsqueeze(-1) * vectors.mH), H)
        close(linalg.eigvalsh(A, side), values)


# ---- systems of equations
@over_dtypes
def test_solve(dtype):
    A = matrices(3, 4, 4, dtype=dtype)
    for B in (matrices(4, 2, dtype=dtype), matrices(2, 1, 4, 3, dtype=dtype)):
        close(A @ linalg.solve(A, B), B.expand(*B.shape[:-2][:-1], 3, *B.shape[-2:]))
    b = matrices(3, 4, dtype=dtype)  # a vector for each matrix
    close((A @ linalg.solve(A, b).unsqueeze(-1)).squeeze(-1), b)
    B = matrices(2, 4, dtype=dtype)
    close(linalg.solve(A, B, left=False) @ A, B.expand(3, 2, 4))
    close(linalg.inv(A) @ A, torch.eye(4, dtype=dtype).expand(3, 4, 4))
    close(torch.linalg.matrix_power(A, -2) @ A @ A, torch.eye(4, dtype=dtype).expand(3, 4, 4))


@over_dtypes
def test_triangular(dtype):
    A, B = matrices(2, 4, 4, dtype=dtype), matrices(4, 4, dtype=dtype, seed=1)
    for upper in (False, True):
        for unit in (False, True):
            T = A.triu() if upper else A.tril()
            T = T - torch.diag_embed(T.diagonal(0, -2, -1) - 1) if unit else T
            for layout in (A, A.mT.contiguous().mT):
                X = linalg.solve_triangular(layout, B, upper=upper, unitriangular=unit)
                close(T @ X, B.expand(2, 4, 4))
            X = linalg.solve_triangular(A, B, upper=upper, left=False, unitriangular=unit)
            close(X @ T, B.expand(2, 4, 4))
            X, copy = torch.triangular_solve(B, A, upper=upper, transpose=True, unitriangular=unit)
            close(T.mT @ X, B.expand(2, 4, 4))
            assert (copy == A).all()


@over_dtypes
@pytest.mark.parametrize("driver", ["gels", "gelsy", "gelsd", "gelss"])
def test_least_squares(dtype, driver):
    for rows, columns in ((6, 3), (3, 5)):
        A, B = matrices(2, rows, columns, dtype=dtype), matrices(rows, 2, dtype=dtype, seed=1)
        result = linalg.lstsq(A, B, driver=driver)
        for i in range(2):
            solution, residuals, rank, values = np.linalg.lstsq(A[i].numpy(), B.numpy(), rcond=None)
            close(result.solution[i], solution)
            if rows > columns and driver != "gelsy":
                close(result.residuals[i], residuals)
            if driver != "gels":
                assert result.rank[i] == rank
            if driver in ("gelsd", "gelss"):
                close(result.singular_values[i], values)


def test_determinants():
    A = matrices(3, 4, 4)
    close(linalg.det(A), np.linalg.det(A.numpy()))
    close(torch.logdet(definite(3, 4, 4)), np.linalg.slogdet(definite(3, 4, 4).numpy())[1])
    sign, size = linalg.slogdet(torch.zeros(2, 2))
    assert sign == 0 and size == -torch.inf and torch.logdet(torch.zeros(2, 2)) == -torch.inf
    assert linalg.det(torch.zeros(0, 0)) == 1 and torch.logdet(-torch.eye(3)).isnan()


def test_ranks_and_pseudo_inverses():
    A = matrices(5, 2) @ matrices(2, 4, seed=1)
    assert linalg.matrix_rank(A) == 2 and linalg.matrix_rank(A @ A.mT, hermitian=True) == 2
    assert linalg.matrix_rank(A, atol=1e9) == 0 and linalg.matrix_rank(A, atol=torch.tensor(1e9)) == 0
    X = linalg.pinv(A)
    close(X, np.linalg.pinv(A.numpy()))
    close(A @ X @ A, A)
    close(linalg.pinv(A @ A.mT, hermitian=True), np.linalg.pinv((A @ A.mT).numpy()))
    close(linalg.cond(matrices(4, 4), 1), np.linalg.cond(matrices(4, 4).numpy(), 1))
    assert linalg.cond(torch.zeros(2, 2), "fro") == torch.inf


@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, float("inf"), float("-inf")])
def test_matrix_norms(order):
    A = matrices(3, 4, 5)
    close(linalg.matrix_norm(A, order), np.linalg.norm(A.numpy(), order, (1, 2)))
    ours = linalg.matrix_norm(A, order, dim=(2, 0), keepdim=True)
    close(ours, np.linalg.norm(A.numpy(), order, (2, 0), keepdims=True))


@over_dtypes
@pytest.mark.parametrize("scale", [1e-3, 0.5, 3.0, 20.0])
def test_matrix_exp(dtype, scale):
    A = (matrices(2, 4, 4, dtype=dtype) - 2 * torch.eye(4)) * torch.tensor([scale, 1.0]).reshape(2, 1, 1)
    exact = np.stack([scipy.linalg.expm(a) for a in A.to(torch.complex128).numpy()])
    error = abs(torch.matrix_exp(A).numpy() - exact).max() / abs(exact).max()
    assert error < (1e-4 if dtype in (torch.float32, torch.complex64) else 1e-12)


def test_tensors_as_matrices():
    A = torch.from_numpy(np.random.RandomState(0).rand(2, 3, 6))
    close(linalg.tensorinv(A), np.linalg.tensorinv(A.numpy()))
    close(linalg.tensorsolve(A, torch.ones(2, 3).double()), np.linalg.tensorsolve(A.numpy(), np.ones((2, 3))))
    close(linalg.vander(torch.tensor([2.0, 3.0]), N=3), [[1, 2, 4], [1, 3, 9]])


# ---- gradients along matrices of a kind
def hermitian(A):
    return (A + A.mH) / 2


@pytest.mark.parametrize("dtype", [torch.float64, torch.complex128], ids=str)
def test_gradients_along_special_matrices(dtype):
    A = definite(3, 3, dtype=dtype).requires_grad_()
    L = linalg.cholesky(A.detach()).requires_grad_()
    B = matrices(3, 2, dtype=dtype).requires_grad_()
    functions = [
        (lambda A: linalg.cholesky(hermitian(A)), [A]),
        (lambda A: linalg.cholesky_ex(hermitian(A), upper=True).L, [A]),
        (lambda A: torch.cholesky(hermitian(A)), [A]),
        (lambda A: torch.cholesky_inverse(linalg.cholesky(hermitian(A))), [A]),
        (lambda B, L: torch.cholesky_solve(B, L.tril()), [B, L]),
        (lambda A: linalg.eigvalsh(hermitian(A)), [A]),
        (lambda A: linalg.eigh(hermitian(A)).eigenvectors.abs(), [A]),
        (lambda A: linalg.eigh(hermitian(A), "U").eigenvectors.abs(), [A]),
        (lambda A: torch.logdet(hermitian(A)), [A]),
        (lambda A: linalg.pinv(hermitian(A), hermitian=True), [A]),
        (lambda B: [x.abs() for x in linalg.svd(B, full_matrices=False)], [B]),
        (lambda A: linalg.eig(A).eigenvectors.abs(), [A]),
        (lambda A: linalg.svd(A[:2], full_matrices=True).U.abs(), [A]),
    ]
    for f, leaves in functions:
        gradcheck(f, leaves)
        gradgradcheck(f, leaves)


def test_gradients_of_singular_matrices():
    A = torch.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(torch.det(A), A)
    close(grad, [[4, -2], [-2, 1]])
    (grad,) = torch.autograd.grad(torch.det(A), A, create_graph=True)
    (second,) = torch.autograd.grad((grad * torch.tensor([[0.0, 1.0], [2.0, 3.0]])).sum(), A)
    close(grad.detach(), [[4, -2], [-2, 1]])
    close(second, [[3, -2], [-1, 0]])


def test_phases_have_no_gradient():
    A = definite(3, 3, dtype=torch.complex128).requires_grad_()
    with pytest.raises(RuntimeError, match="specified up to multiplication by e"):
        (linalg.eigh(A).eigenvectors * (1 + 2j)).imag.sum().backward()
    with pytest.raises(RuntimeError, match="specified up to multiplication by e"):
        linalg.svd(A).U.imag.sum().backward()


def test_what_has_no_derivative():
    A = definite(3, 3).requires_grad_()
    with pytest.raises(RuntimeError, match="derivative for 'geqrf'"):
        torch.geqrf(A).a.sum().backward()
    with pytest.raises(RuntimeError, match="depends on Q"):
        linalg.qr(A, "r").R.sum().backward()
    with pytest.raises(RuntimeError, match="not differentiable when mode='complete'"):
        linalg.qr(A[:, :2], "complete").Q.sum().backward()
    assert not linalg.lstsq(A, A, driver="gelsd").singular_values.requires_grad


# ---- errors
SINGULAR = torch.stack([torch.eye(3), torch.diag(torch.tensor([1.0, 0.0, 1.0]))])


@pytest.mark.parametrize(
    "call, said",
    [
        (
            lambda: linalg.inv(SINGULAR[1]),
            "linalg.inv: The diagonal element 2 is zero, the inversion could not be completed because the input matrix "
            "is singular.",
        ),
        (lambda: linalg.inv(SINGULAR), "linalg.inv: (Batch element 1): The diagonal element 2 is zero"),
        (lambda: linalg.solve(SINGULAR, torch.ones(2, 3)), "torch.linalg.solve: (Batch element 1): The solver failed"),
        (lambda: linalg.solve_ex(SINGULAR[1], torch.ones(3), check_errors=True), "torch.linalg.solve_ex: The solver"),
        (lambda: linalg.cholesky(-SINGULAR), "linalg.cholesky: (Batch element 0): The factorization could not"),
        (lambda: torch.cholesky_inverse(SINGULAR[1]), "cholesky_inverse: The diagonal element 2 is zero"),
        (lambda: linalg.svd(torch.full((2, 2), torch.nan)), "the input matrix contained non-finite values"),
        (lambda: linalg.eigh(torch.full((2, 2), torch.nan)), "linalg.eigh: The algorithm failed to converge"),
    ],
)
def test_linear_algebra_errors(call, said):
    with pytest.raises(linalg.LinAlgError) as raised:
        call()
    assert said in str(raised.value) and issubclass(linalg.LinAlgError, RuntimeError)


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: linalg.inv(torch.ones(3)), "linalg.inv: The input tensor A must have at least 2 dimensions."),
        (lambda: linalg.det(torch.ones(2, 3)), "A must be batches of square matrices, but they are 2 by 3 matrices"),
        (lambda: linalg.inv(torch.eye(2).long()), "Expected a floating point or complex tensor as input. Got Long"),
        (lambda: linalg.inv(torch.eye(2).half()), "Low precision dtypes not supported. Got Half"),
        (lambda: linalg.det(torch.eye(2).half()), "\"lu_cpu\" not implemented for 'Half'"),
        (lambda: linalg.eig(torch.full((2, 2), torch.inf)), "should not contain infs or NaNs"),
        (lambda: linalg.eigvals(torch.full((2, 2), torch.nan)), "should not contain infs or NaNs"),
        (
            lambda: linalg.solve(torch.eye(2), torch.ones(3, 1)),
            "Incompatible shapes of A and B for the equation AX = B",
        ),
        (lambda: linalg.lu_factor(SINGULAR[1]), "U[2,2] is zero and using it on lu_solve would result in a division"),
        (lambda: linalg.lu_factor(torch.eye(2), pivot=False), "LU without pivoting is not implemented on the CPU"),
        (lambda: torch.lu_unpack(torch.eye(2), torch.tensor([1, 3], dtype=torch.int32)), "between 1 and LU.size(-2)"),
        (
            lambda: linalg.lu_solve(torch.eye(2), torch.tensor([1, 7], dtype=torch.int32), torch.eye(2)),
            "must all be smaller or equal to LU.size(-2)",
        ),
        (
            lambda: linalg.ldl_solve(torch.eye(2), torch.tensor([1, -9], dtype=torch.int32), torch.eye(2)),
            "must all satisfy |pivot| <= LD.size(-2)",
        ),
        (lambda: linalg.eigh(torch.eye(2), "X"), "Expected UPLO argument to be 'L' or 'U', but got X"),
        (lambda: linalg.qr(torch.eye(2), "bad"), "qr received unrecognized mode 'bad'"),
        (lambda: linalg.lstsq(torch.eye(2), torch.eye(2), driver="x"), "should be one of (gels, gelsy, gelsd, gelss)"),
        (lambda: linalg.matrix_norm(torch.eye(2), 3), "Order 3 not supported"),
        (lambda: torch.ormqr(torch.eye(3), torch.ones(5), torch.eye(3)), "tau.shape[-1] must be equal to min"),
        (lambda: linalg.householder_product(torch.ones(2, 3), torch.ones(2)), "must be greater than or equal"),
        (lambda: torch.solve(torch.eye(2), torch.eye(2)), "is now removed"),
        (lambda: torch.eye(2).symeig(), "is now removed"),
    ],
)
def test_errors(call, said):
    with pytest.raises(RuntimeError) as raised:
        call()
    assert said in str(raised.value)


def test_without_openblas():
    """Everything but factorisations works; those say what to install."""
    program = (
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'scipy_openblas32' else find(name, *a)\n"
        "import penlight as torch\n"
        "print(torch.eye(2) @ torch.ones(2))\n"
        "try: torch.linalg.inv(torch.eye(2))\n"
        "except ModuleNotFoundError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert "tensor([1., 1.])" in run.stdout and "pip install scipy-openblas32" in run.stdout, run.stderr


# ---- large matrices and many small ones give the same, whatever the threads
def test_threads():
    large, small = matrices(300, 300), matrices(500, 6, 6)
    before = torch.get_num_threads()
    try:
        results = []
        for threads in (1, before):
            torch.set_num_threads(threads)
            results.append((linalg.inv(large), linalg.inv(small), linalg.svdvals(small)))
    finally:
        torch.set_num_threads(before)
    for one, many in zip(*results):
        close(one, many)
    close(results[0][0] @ large, torch.eye(300).double())


# ---- approximations
def test_low_rank():
    A = matrices(2, 20, 3) @ matrices(3, 15, seed=1)
    for matrix in (A, A.mT):
        U, S, V = torch.svd_lowrank(matrix, q=4)
        close((U * S.unsqueeze(-2)) @ V.mT, matrix)
    U, S, V = torch.pca_lowrank(A, q=3)
    centred = A - A.mean(-2, keepdim=True)
    close((U * S.unsqueeze(-2)) @ V.mT, centred)
    with pytest.raises(ValueError, match="not greater than min"):
        torch.pca_lowrank(A, q=16)


def test_lobpcg():
    torch.manual_seed(0)
    A = definite(2, 40, 40)
    exact = linalg.eigvalsh(A)
    for largest in (True, False):
        E, X = torch.lobpcg(A, k=3, largest=largest, tol=1e-9)
        wanted = exact[:, -3:].flip(-1) if largest else exact[:, :3]
        np.testing.assert_allclose(E.numpy(), wanted.numpy(), rtol=1e-6)
        np.testing.assert_allclose((A @ X).numpy(), (X * E.unsqueeze(-2)).numpy(), atol=1e-5)
    B = torch.diag(torch.arange(1.0, 41).double())
    E, _ = torch.lobpcg(A[0], k=2, B=B, tol=1e-9)
    np.testing.assert_allclose(E.numpy(), scipy.linalg.eigh(A[0].numpy(), B.numpy())[0][:-3:-1], rtol=1e-6)
    leaf = definite(9, 9).requires_grad_()
    gradcheck(lambda A: torch.lobpcg(hermitian(A), k=2, tol=1e-14)[0], [leaf])
    gradcheck(lambda A: torch.lobpcg(hermitian(A), k=2, tol=1e-14)[1].abs(), [leaf])
    with pytest.raises(ValueError, match="smaller than 3 x the number"):
        torch.lobpcg(torch.eye(5), k=2)


@pytest.mark.parametrize("name", ["_matrix", "linalg"])
def test_documented_examples(name):
    module = __import__("importlib").import_module("penlight." + name)
    result = doctest.testmod(module, extraglobs={"penlight": torch}, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted and not result.failed
