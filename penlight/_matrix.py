"""Linear algebra of `torch.*` that is Python: LU in its form of old, and the largest parts of a spectrum."""

import math

from penlight import _C
from penlight._info import finfo
from penlight.autograd.grad_mode import no_grad

__all__ = ["lu", "svd_lowrank", "pca_lowrank", "lobpcg", "eig", "symeig", "lstsq", "solve", "matrix_rank"]


def lu(A, pivot=True, get_infos=False, out=None):
    """Factor matrices into a lower and an upper triangle, kept in one matrix, with the row exchanges (from 1).

    This is the older form of `torch.linalg.lu_factor_ex`.

    Args:
        A: square or rectangular matrices, in the last two dimensions.
        pivot: must be true.
        get_infos: also give, for each matrix, 0 or the place of the first zero on the diagonal of U.

    Example:
        >>> factors, pivots = penlight.lu(penlight.tensor([[1.0, 2.0], [2.0, 2.0]]))
        >>> factors, pivots
        (tensor([[2.0000, 2.0000],
                [0.5000, 1.0000]]), tensor([2, 2], dtype=torch.int32))
    """
    count = 3 if get_infos else 2
    if out is None:
        results = _C.linalg_lu_factor_ex(A, pivot=pivot)
        return results if get_infos else tuple(results)[:2]
    if not isinstance(out, (tuple, list)):
        raise TypeError(f"argument 'out' must be tuple of Tensors, not {type(out).__name__}")
    if len(out) != count:
        raise TypeError(f"expected tuple of {count} elements but got {len(out)}")
    spare = () if get_infos else (_C.empty(A.shape[:-2], dtype=_C.int32),)
    _C.linalg_lu_factor_ex(A, pivot=pivot, out=(*out, *spare))
    return out


def svd_lowrank(A, q=6, niter=2, M=None):
    """Approximate the q largest singular values of large matrices and their vectors, by random projection.

    The method is that of Halko, Martinsson and Tropp (2009); where the matrix has rank q or less it is exact.

    Args:
        A: matrices [..., m, n].
        q: how many; a little more than the rank that is wanted.
        niter: how often the projection is refined.
        M: what is subtracted from A first, broadcast to it.

    Returns:
        U [..., m, q], S [..., q] and V [..., n, q], with A nearly U diag(S) V^H.

    Example:
        >>> A = penlight.outer(penlight.arange(1.0, 4), penlight.ones(4))
        >>> U, S, V = penlight.svd_lowrank(A, q=1)
        >>> S
        tensor([7.4833])
    """
    A = A if M is None else A - M
    rows, columns = A.shape[-2:]
    tall = A if rows >= columns else A.mH
    basis = _range_of(tall, 6 if q is None else q, niter)
    U, S, Vh = _C.linalg_svd(basis.mH @ tall, full_matrices=False)
    U, V = basis @ U, Vh.mH
    return (U, S, V) if rows >= columns else (V, S, U)


def _range_of(A, q, niter):
    """Orthonormal columns that span nearly what the q largest singular vectors do."""
    basis = _C.linalg_qr(A @ _C.randn(A.shape[-1], q, dtype=A.dtype, device=A.device)).Q
    for _ in range(niter):
        basis = _C.linalg_qr(A.mH @ basis).Q
        basis = _C.linalg_qr(A @ basis).Q
    return basis


def pca_lowrank(A, q=None, center=True, niter=2):
    """Find the q principal components of samples, by `svd_lowrank`.

    Args:
        A: samples in rows [..., m, n].
        q: how many components; by default 6 or what the sizes allow.
        center: subtract the mean of each column first.
        niter: how often the approximation is refined.

    Returns:
        U, S and V as of `svd_lowrank`; the columns of V are the principal directions.

    Example:
        >>> points = penlight.tensor([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
        >>> U, S, V = penlight.pca_lowrank(points, q=1)
        >>> V.abs()
        tensor([[0.7071],
                [0.7071]])
    """
    rows, columns = A.shape[-2:]
    q = min(6, rows, columns) if q is None else q
    if not 0 <= q <= min(rows, columns):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(rows, columns)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)


def lobpcg(
    A,
    k=None,
    B=None,
    X=None,
    n=None,
    iK=None,
    niter=None,
    tol=None,
    largest=None,
    method=None,
    tracker=None,
    ortho_iparams=None,
    ortho_fparams=None,
    ortho_bparams=None,
):
    """Find the k largest (or smallest) eigenvalues of symmetric matrices and their vectors, by conjugate gradients.

    The locally optimal block method (Knyazev 2001) needs only products with A, so it suits large matrices.

    Args:
        A: symmetric matrices [..., m, m], with m at least 3 n.
        k: how many eigenvalues; by default the columns of X, or 1.
        B: of the generalised problem A x = e B x; by default the identity.
        X: the vectors to begin with [..., m, n]; by default random ones.
        n: how many vectors to work with, at least k.
        iK: a preconditioner, nearly the inverse of A.
        niter: the most iterations; by default 1000.
        tol: when a vector's residual, relative to the sizes of A and B, is small enough.
        largest: whether the largest eigenvalues are wanted (the default).
        method: "basic" or "ortho"; both name the one method here, whose basis is orthonormal.
        tracker: called after each iteration with a dict of `step`, `E`, `X` and `residuals`.
        ortho_iparams, ortho_fparams, ortho_bparams: of PyTorch's way to make the basis orthonormal; not needed here.

    Returns:
        eigenvalues [..., k] and eigenvectors [..., m, k], the best first. Both can be differentiated with respect to A.

    Example:
        >>> E, X = penlight.lobpcg(penlight.diag(penlight.arange(1.0, 10)), k=2)
        >>> E
        tensor([9.0000, 8.0000])
    """
    if A.dim() < 2 or A.shape[-1] != A.shape[-2]:
        raise AssertionError(f"A must be square, got shape {A.shape}")
    k = (1 if X is None else X.shape[-1]) if k is None else k
    n = (k if X is None else X.shape[-1]) if n is None else n
    m = A.shape[-1]
    if m < 3 * n:
        raise ValueError(
            f"LOBPCG algorithm is not applicable when the number of A rows (={m})"
            f" is smaller than 3 x the number of requested eigenpairs (={n})"
        )
    if not 0 < k <= n:
        raise ValueError(f"lobpcg: k must be in the range from 1 to n={n}, but got {k}")
    if A.requires_grad and B is not None:
        raise NotImplementedError(
            "lobpcg has no gradient for the generalised problem; factor B = L L^T and solve L^-1 A L^-T instead"
        )
    tol = math.sqrt(finfo(A.dtype).eps) if tol is None else tol
    batch = A.shape[:-2]
    flat = [None if t is None else t.detach().reshape(-1, *t.shape[-2:]) for t in (A, B, X, iK)]
    pick = lambda t, i: None if t is None else t[i if t.shape[0] > 1 else 0]
    with no_grad():
        pairs = [
            _lobpcg_of_one(*(pick(t, i) for t in flat), n, niter or 1000, tol, largest is not False, tracker)
            for i in range(flat[0].shape[0])
        ]
    E = _C.stack([e[:k] for e, _ in pairs]).reshape(*batch, k)
    V = _C.stack([v[:, :k] for _, v in pairs]).reshape(*batch, m, k)
    return _differentiable(A, E, V) if A.requires_grad else (E, V)


def _lobpcg_of_one(A, B, X, iK, n, niter, tol, largest, tracker):
    """Eigenvalues [n] and vectors [m, n] of one matrix."""
    times_b = (lambda t: t) if B is None else B.matmul
    size = _C.linalg_vector_norm(A).item()
    size_b = 1.0 if B is None else _C.linalg_vector_norm(B).item()
    X = _C.randn(A.shape[-1], n, dtype=A.dtype, device=A.device) if X is None else X
    E, X = _ritz(A, times_b, [X], n, largest)
    directions = []
    for step in range(1, niter + 1):
        residuals = A @ X - times_b(X) * E
        errors = _C.linalg_vector_norm(residuals, dim=0) / (_C.linalg_vector_norm(X, dim=0) * (size + E.abs() * size_b))
        if tracker is not None:
            tracker({"step": step, "E": E, "X": X, "residuals": errors})
        if bool((errors < tol).all()):
            break
        steepest = residuals if iK is None else iK @ residuals
        E, new = _ritz(A, times_b, [X, steepest, *directions], n, largest)
        directions = [new - X @ (X.mT @ times_b(new))]
        X = new
    return E, X


def _ritz(A, times_b, parts, n, largest):
    """The n best approximations to eigenpairs in the space that the columns of `parts` span."""
    basis = _C.cat([p / _C.linalg_vector_norm(p, dim=0).clamp(min=finfo(p.dtype).tiny) for p in parts], 1)
    for _ in range(2):  # the second time makes orthonormal what rounding left over
        overlap, vectors = _C.linalg_eigh(basis.mT @ times_b(basis))
        keep = overlap > overlap[-1] * 10 * finfo(A.dtype).eps
        basis = basis @ (vectors[:, keep] * overlap[keep].rsqrt())
    E, vectors = _C.linalg_eigh(basis.mT @ (A @ basis))
    best = slice(-1, -n - 1, -1) if largest else slice(0, n)
    order = list(range(E.numel()))[best]
    return E[order], basis @ vectors[:, order]


def _differentiable(A, E, V):
    """The same numbers as functions of A: first-order perturbation theory gives how they move with it."""
    A0 = A.detach()
    change = (A - A0) @ V
    moved = E + (V * change).sum(-2)
    others, vectors = _C.linalg_eigh(A0)
    gaps = E.unsqueeze(-2) - others.unsqueeze(-1)
    own = gaps.abs() <= gaps.abs().amin(-2, keepdim=True)  # the eigenvalue itself
    inverse = _C.where(own, _C.zeros_like(gaps), 1 / gaps)
    return moved, V + vectors @ (inverse * (vectors.mT @ change))


def _removed(name, hint):
    def function(*args, **kwargs):
        message = "This function was deprecated since version 1.9 and is now removed. "
        raise RuntimeError(message + hint)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Raise RuntimeError: PyTorch removed {name}. {hint}"
    return function


eig = _removed("eig", "`torch.linalg.eig` gives complex eigenvalues and eigenvectors.")
symeig = _removed("symeig", "`torch.linalg.eigh` takes its place; by default it reads the lower triangle.")
lstsq = _removed("lstsq", "`torch.lstsq` is deprecated in favor of `torch.linalg.lstsq`, which takes A first.")
solve = _removed("solve", "`torch.solve` is deprecated in favor of `torch.linalg.solve`, which takes A first.")
matrix_rank = _removed("matrix_rank", "`torch.linalg.matrix_rank` takes its place, with atol and rtol.")
