"""Helpers that the distributions share: broadcasting, probabilities and logits, properties computed once."""

from functools import update_wrapper
from numbers import Number

import penlight as torch
from penlight.overrides import is_tensor_like

__all__ = [
    "broadcast_all",
    "clamp_probs",
    "euler_constant",
    "lazy_property",
    "logits_to_probs",
    "probs_to_logits",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]

euler_constant = 0.57721566490153286060


def broadcast_all(*values):
    """Make tensors of one shape from tensors and Python numbers; numbers take the dtype and device of the first tensor.

    Raises ValueError for a value that is neither.

    Example:
        >>> import penlight as torch
        >>> from penlight.distributions.utils import broadcast_all
        >>> broadcast_all(torch.zeros(2), 1)
        (tensor([0., 0.]), tensor([1., 1.]))
    """
    if not all(is_tensor_like(v) or isinstance(v, Number) for v in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
        )
    if not all(is_tensor_like(v) for v in values):
        first = next((v for v in values if isinstance(v, torch.Tensor)), None)
        like = {"dtype": torch.get_default_dtype()} if first is None else {"dtype": first.dtype, "device": first.device}
        values = [v if is_tensor_like(v) else torch.tensor(v, **like) for v in values]
    return torch.broadcast_tensors(*values)


def standard_normal(shape, dtype, device):
    """Normally distributed numbers with mean 0 and variance 1, drawn as torch.normal draws them."""
    return torch.normal(torch.zeros(shape, dtype=dtype, device=device), torch.ones(shape, dtype=dtype, device=device))


_standard_normal = standard_normal


def sum_rightmost(value, dims):
    """Sum over the last `dims` dimensions."""
    return value if dims == 0 else value.reshape(value.shape[:-dims] + (-1,)).sum(-1)


_sum_rightmost = sum_rightmost


def clamp_probs(probs):
    """Move probabilities off 0 and 1 by the smallest step of their dtype, so that their logarithms are finite.

    Example:
        >>> import penlight as torch
        >>> from penlight.distributions.utils import clamp_probs
        >>> clamp_probs(torch.tensor([0.0, 0.5])) > 0
        tensor([True, True])
    """
    eps = torch.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs, is_binary=False):
    """Turn probabilities into logits: log-odds for coins (`is_binary`), else logarithms over the last dimension.

    Example:
        >>> import penlight as torch
        >>> from penlight.distributions.utils import probs_to_logits
        >>> probs_to_logits(torch.tensor([0.5, 0.75]), is_binary=True)
        tensor([0.0000, 1.0986])
    """
    clamped = clamp_probs(probs)
    return torch.log(clamped) - torch.log1p(-clamped) if is_binary else torch.log(clamped)


def logits_to_probs(logits, is_binary=False):
    """Turn logits into probabilities: sigmoid for coins (`is_binary`), else softmax over the last dimension.

    Example:
        >>> import penlight as torch
        >>> from penlight.distributions.utils import logits_to_probs
        >>> logits_to_probs(torch.zeros(4))
        tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    return torch.sigmoid(logits) if is_binary else torch.softmax(logits, dim=-1)


def probs_or_logits(probs, logits):
    """Check that exactly one of the two is given; returns its name and value."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return ("logits", logits) if probs is None else ("probs", probs)


class lazy_property:
    """A property that is computed at its first use and then kept.

    Example:
        >>> from penlight.distributions.utils import lazy_property
        >>> class Box:
        ...     @lazy_property
        ...     def size(self):
        ...         print("computed")
        ...         return 3
        >>> box = Box()
        >>> box.size + box.size
        computed
        6
    """

    def __init__(self, wrapped):
        self.wrapped = wrapped
        update_wrapper(self, wrapped)

    def __get__(self, instance, owner=None):
        if instance is None:
            return _LazyAndProperty(self.wrapped)
        with torch.enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


class _LazyAndProperty(lazy_property, property):
    """What a class shows for a lazy property, so that tools for documentation see a property."""

    def __init__(self, wrapped):
        property.__init__(self, wrapped)


def tril_matrix_to_vec(mat, diag=0):
    """Write the lower triangles of matrices, up to diagonal `diag`, as vectors, row by row.

    Example:
        >>> import penlight as torch
        >>> from penlight.distributions.utils import tril_matrix_to_vec
        >>> tril_matrix_to_vec(torch.tensor([[1, 0], [2, 3]]))
        tensor([1, 2, 3])
    """
    n = mat.shape[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    rows, columns = torch.tril_indices(n, n, diag, device=mat.device)
    return mat[..., rows, columns]


def vec_to_tril_matrix(vec, diag=0):
    """Make lower triangular matrices, up to diagonal `diag`, from vectors of their elements row by row.

    Example:
        >>> import penlight as torch
        >>> from penlight.distributions.utils import vec_to_tril_matrix
        >>> vec_to_tril_matrix(torch.tensor([1, 2, 3]))
        tensor([[1, 0],
                [2, 3]])
    """
    length = vec.shape[-1]
    n = 0
    while _triangle(n + 1, diag) <= length:
        n += 1
    if _triangle(n, diag) != length:
        raise ValueError(
            f"The size of last dimension is {length} which cannot be expressed as the lower triangular part of a "
            "square D x D matrix."
        )
    rows, columns = torch.tril_indices(n, n, diag, device=vec.device)
    mat = vec.new_zeros(vec.shape[:-1] + (n, n))
    mat[..., rows, columns] = vec
    return mat


def _triangle(n, diag):
    """The number of elements of an n x n matrix that lie on or below a diagonal."""
    if diag <= 0:
        k = max(n + diag, 0)
        return k * (k + 1) // 2
    k = max(n - 1 - diag, 0)
    return n * n - k * (k + 1) // 2
