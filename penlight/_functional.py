"""Functions of `torch.*` that are short compositions of operators, and small questions about tensors."""

import builtins
import warnings

from penlight import _C
from penlight._C import Tensor
from penlight._einsum import einsum
from penlight._numeric import gradient, histogramdd

__all__ = [
    "is_tensor",
    "is_storage",
    "is_floating_point",
    "is_complex",
    "is_signed",
    "is_nonzero",
    "numel",
    "typename",
    "equal",
    "isclose",
    "allclose",
    "broadcast_tensors",
    "meshgrid",
    "cartesian_prod",
    "combinations",
    "block_diag",
    "set_default_tensor_type",
    "is_inference",
    "isreal",
    "einsum",
    "gradient",
    "histogramdd",
    "unique",
    "unique_consecutive",
    "nuclear_norm",
    "conv_tbc",
]


def is_tensor(obj):
    """Give True if the object is a tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj):
    """Give True if the object is a storage, the memory behind tensors."""
    from penlight.storage import TypedStorage

    return isinstance(obj, (_C.UntypedStorage, TypedStorage))


def is_floating_point(input):
    """Give True if the tensor's dtype is a float dtype."""
    return input.is_floating_point()


def is_complex(input):
    """Give True if the tensor's dtype is complex."""
    return input.is_complex()


def is_signed(input):
    """Give True if the tensor's dtype holds negative numbers."""
    return input.is_signed()


def is_inference(input):
    """Give True for a tensor that was made in inference mode."""
    return input.is_inference()


def is_nonzero(input):
    """Give True if the only element of the tensor is not zero; a tensor of another size raises RuntimeError."""
    if input.numel() != 1:
        raise RuntimeError(
            "Boolean value of Tensor with "
            + ("more than one value" if input.numel() else "no values")
            + " is ambiguous"
        )
    return builtins.bool(input.item())


def numel(input):
    """Give the number of elements."""
    return input.numel()


def typename(obj):
    """Give the name of an object's type, such as 'torch.FloatTensor'."""
    if isinstance(obj, Tensor):
        return obj.type()
    kind = type(obj)
    return kind.__qualname__ if kind.__module__ in ("builtins", "") else f"{kind.__module__}.{kind.__qualname__}"


def equal(input, other):
    """Give True if both tensors have the same shape and the same elements.

    Example:
        >>> penlight.equal(penlight.ones(2), penlight.ones(2))
        True
    """
    if input.device != other.device:
        raise RuntimeError("Cannot compare two tensors on different devices")
    return input.shape == other.shape and builtins.bool((input == other).all())


def isclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Give True where |input - other| <= atol + rtol * |other|.

    Args:
        rtol, atol: the tolerances, not negative.
        equal_nan: whether NaN is close to NaN.
    """
    if input.dtype != other.dtype:
        raise RuntimeError(f"{str(input.dtype)} did not match {str(other.dtype)}")
    if rtol < 0 or atol < 0:
        name = "rtol" if rtol < 0 else "atol"
        raise RuntimeError(f"{name} must be greater than or equal to zero, but got {rtol if rtol < 0 else atol}")
    close = input == other
    if equal_nan and (input.is_floating_point() or input.is_complex()):
        close = close | (_C.isnan(input) & _C.isnan(other))
    if rtol == 0 and atol == 0:
        return close
    if not (input.is_floating_point() or input.is_complex()):
        input, other = input.double(), other.double()
    error = (input - other).abs()
    return close | (_C.isfinite(error) & (error <= atol + (rtol * other).abs()))


def allclose(input, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Give True if `isclose` holds for all elements.

    Example:
        >>> penlight.allclose(penlight.tensor([1.0]), penlight.tensor([1.000001]))
        True
    """
    return builtins.bool(isclose(input, other, rtol, atol, equal_nan).all())


def isreal(input):
    """Give True where an element has no imaginary part."""
    return _C.imag(input) == 0 if input.is_complex() else _C.ones_like(input, dtype=_C.bool)


def broadcast_tensors(*tensors):
    """Give all tensors expanded to their common shape."""
    tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    shape = _C.broadcast_shapes(*[t.shape for t in tensors])
    return tuple(t.expand(shape) for t in tensors)


def meshgrid(*tensors, indexing=None):
    """Give the grids of coordinates that one-dimensional tensors span.

    Args:
        indexing: "ij" (rows first) or "xy" (columns first, as in plots).
    """
    tensors = tensors[0] if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)) else tensors
    if indexing is None:
        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.", stacklevel=2
        )
        indexing = "ij"
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    if not tensors:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    swap = indexing == "xy" and len(tensors) > 1
    order = [1, 0, *range(2, len(tensors))] if swap else list(range(len(tensors)))
    if any(t.dtype != tensors[0].dtype for t in tensors):
        raise RuntimeError("meshgrid expects all tensors to have the same dtype")
    vectors = [tensors[i].reshape(-1) for i in order]
    shape = [v.numel() for v in vectors]
    grids = [v.reshape([-1 if i == d else 1 for i in range(len(shape))]).expand(shape) for d, v in enumerate(vectors)]
    return tuple(grids[order.index(i)] for i in range(len(tensors)))


def cartesian_prod(*tensors):
    """Give all combinations of the elements of one-dimensional tensors, a row each."""
    for t in tensors:
        if t.dim() != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(t.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return _C.stack([g.reshape(-1) for g in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input, r=2, with_replacement=False):
    """Give all combinations of r elements of a one-dimensional tensor, a row each."""
    import itertools

    if input.dim() != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(input.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(input.numel()), r))
    if not rows:
        return _C.stack([input[:0]] * r, 1) if r else input.new_empty((0,))
    return input[_C.tensor(rows, dtype=_C.int64)]


def block_diag(*tensors):
    """Put matrices along the diagonal of a large one, with zeros elsewhere."""
    for i, t in enumerate(tensors):
        if t.dim() > 2:
            raise RuntimeError(
                f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Input {i} has {t.dim()} dimensions"
            )
    blocks = [t.reshape(1, -1) if t.dim() < 2 else t for t in tensors] or [_C.empty(1, 0)]
    dtype = blocks[0].dtype
    for b in blocks:
        dtype = _C.promote_types(dtype, b.dtype)
    width, rows, at = sum(b.shape[1] for b in blocks), [], 0
    for b in blocks:
        left, right = b.new_zeros((b.shape[0], at)), b.new_zeros((b.shape[0], width - at - b.shape[1]))
        rows.append(_C.cat([left, b, right], 1).to(dtype))
        at += b.shape[1]
    return _C.cat(rows, 0)


def unique(input, sorted=True, return_inverse=False, return_counts=False, dim=None):
    """Give the different elements, sorted; with dim, the different slices along it.

    With return_inverse also the place of each element among them (in the shape of input, or one for each slice), with
    return_counts
    also how often each occurs. NaN differs from itself.

    Example:
        >>> penlight.unique(penlight.tensor([3, 1, 3]), return_counts=True)
        (tensor([1, 3]), tensor([1, 2]))
    """
    if dim is None:
        results = _C._unique2(input, sorted, return_inverse, return_counts)
    else:
        results = _C.unique_dim(input, dim, sorted, return_inverse, return_counts)
    return _asked_for(results, return_inverse, return_counts)


def unique_consecutive(input, return_inverse=False, return_counts=False, dim=None):
    """Give the elements (or slices along dim) without those that equal the one before.

    Results are as those of unique.

    Example:
        >>> penlight.unique_consecutive(penlight.tensor([1, 1, 2, 1]))
        tensor([1, 2, 1])
    """
    return _asked_for(_C._unique_consecutive(input, return_inverse, return_counts, dim), return_inverse, return_counts)


def _asked_for(results, inverse, counts):
    """The values alone, or a tuple of them and what was asked for besides."""
    values, places, sizes = results
    extra = ((places,) if inverse else ()) + ((sizes,) if counts else ())
    return (values, *extra) if extra else values


def set_default_tensor_type(t):
    """Set the default float dtype by the name of a tensor type, such as torch.DoubleTensor."""
    from penlight._tensor import _TYPES_BY_NAME

    _C.set_default_dtype(_TYPES_BY_NAME[t.removeprefix("torch.")] if isinstance(t, str) else t.dtype)


def nuclear_norm(input, dim=None, keepdim=False, *, out=None):
    """Give the sum of the singular values of a matrix, or of the matrices in two dimensions."""
    if dim is None and input.dim() != 2:
        raise RuntimeError(f"Expected a tensor with 2 dimensions, but got a tensor with {input.dim()} dimensions.")
    return _C.linalg_matrix_norm(input, "nuc", (-2, -1) if dim is None else dim, keepdim, out=out)


def conv_tbc(input, weight, bias, pad=0):
    """Convolve sequences laid out as time x batch x channels with weight of kernel x in channels x out channels."""
    return _C.conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad).permute(2, 0, 1)


for _function in (allclose, equal, isclose, isreal, is_nonzero):
    setattr(Tensor, _function.__name__, _function)
