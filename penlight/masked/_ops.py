"""The operators of torch.masked: masked-out elements are replaced by what leaves the result alone.

Every operator takes `mask` (True where an element counts; None for everywhere) and `dtype` (of the result; None for the
operator's own). Reductions take `dim` as one number, several, or None for all dimensions, and `keepdim`.
"""

import math

from penlight import _C
from penlight._info import iinfo
from penlight.masked.maskedtensor import is_masked_tensor

_SMALL_INTEGERS = (_C.bool, _C.uint8, _C.int8, _C.int16, _C.int32)
_LOWEST = ("amax", "argmax", "logsumexp", "logaddexp")
_HIGHEST = ("amin", "argmin")


def _parts(input, mask):
    """Give a MaskedTensor's data and mask; of other inputs, both as they are."""
    if is_masked_tensor(input):
        return input.get_data(), input.get_mask() if mask is None else mask
    return input, mask


def _dims(dim, ndim):
    """Give the reduced dimensions in increasing order, all of them for None and ()."""
    ndim = max(ndim, 1)
    if dim is None or dim == ():
        return tuple(range(ndim))
    found = []
    for d in (dim,) if isinstance(dim, int) else dim:
        if d in found:
            raise RuntimeError(f"dim={d} appears multiple times in the list of dims")
        if not -ndim <= d < ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {d})")
        found.append(d % ndim)
    return tuple(sorted(found))


def _broadcast_mask(input, mask):
    if mask.shape != input.shape:
        if mask.dim() > input.dim():
            raise IndexError(
                "_input_mask expected broadcastable mask (got mask dimensionality higher than of the input)"
            )
        mask = mask.expand(input.shape)
    return mask if mask.dtype == _C.bool else mask.bool()


def _extreme(name, dtype, highest):
    """Give the number that loses every comparison: that `name` never picks."""
    if dtype == _C.bool:
        raise NotImplementedError(f"identity of {name} on {dtype} input")
    if dtype.is_floating_point or (dtype.is_complex and name == "logsumexp"):
        return math.inf if highest else -math.inf
    return iinfo(dtype).max if highest else iinfo(dtype).min


def _fill(name, input, mask, value=None):
    """Give the input with `value`, or the identity of the reduction `name`, in place of what the mask leaves out."""
    if mask is None:
        return input
    if value is None:
        value = _extreme(name, input.dtype, name in _HIGHEST) if name in _LOWEST + _HIGHEST else 0
    return _C.where(_broadcast_mask(input, mask), input, _C.full((), value, dtype=input.dtype, device=input.device))


def sum(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Give the sum of the elements that count, 0 where none does. Sums of integers are int64."""
    input, mask = _parts(input, mask)
    if dtype is None and input.dtype in _SMALL_INTEGERS:
        dtype = _C.int64
    return _C.sum(_fill("sum", input, mask), _dims(dim, input.dim()), keepdim, dtype=dtype)


def prod(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Give the product of the elements that count, 1 where none does. Products of integers are int64."""
    input, mask = _parts(input, mask)
    result = _fill("prod", input if dtype is None else input.to(dtype), mask, 1)
    for d in reversed(_dims(dim, input.dim())):
        result = _C.prod(result, d, keepdim)
    return result


def cumsum(input, dim, *, dtype=None, mask=None):
    """Give the running sums along a dimension, in which masked-out elements count as 0."""
    input, mask = _parts(input, mask)
    dtype = input.dtype if dtype is None else dtype
    return _scan(_C.cumsum, _fill("cumsum", input, mask), dim, dtype)


def cumprod(input, dim, *, dtype=None, mask=None):
    """Give the running products along a dimension, in which masked-out elements count as 1."""
    input, mask = _parts(input, mask)
    dtype = input.dtype if dtype is None else dtype
    return _scan(_C.cumprod, _fill("cumprod", input, mask, 1), dim, dtype)


def _scan(scan, input, dim, dtype):
    if dtype == _C.bool:
        raise NotImplementedError(f"\"{scan.__name__}_out_cpu\" not implemented for 'Bool'")
    return scan(input, _dims(dim, input.dim())[0], dtype=dtype)


def amax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Give the largest of the elements that count: where none does, -inf or the dtype's smallest number."""
    input, mask = _parts(input, mask)
    return _C.amax(_fill("amax", input, mask), _dims(dim, input.dim()), keepdim).to(dtype or input.dtype)


def amin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Give the smallest of the elements that count: where none does, inf or the dtype's largest number."""
    input, mask = _parts(input, mask)
    return _C.amin(_fill("amin", input, mask), _dims(dim, input.dim()), keepdim).to(dtype or input.dtype)


def argmax(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Give the index of the largest element that counts, as a number of the input's dtype (PyTorch does so)."""
    input, mask = _parts(input, mask)
    return _C.argmax(_fill("argmax", input, mask), dim, keepdim).to(dtype or input.dtype)


def argmin(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Give the index of the smallest element that counts, as a number of the input's dtype (PyTorch does so)."""
    input, mask = _parts(input, mask)
    return _C.argmin(_fill("argmin", input, mask), dim, keepdim).to(dtype or input.dtype)


def mean(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Give the mean of the elements that count, NaN where none does; integers need a float dtype."""
    input, mask = _parts(input, mask)
    source, dtype = ("Input", input.dtype) if dtype is None else ("Optional", dtype)
    if not (dtype.is_floating_point or dtype.is_complex):
        raise ValueError(
            f"mean(): Could not infer output dtype. {source} dtype must be either a floating point or complex dtype. "
            f"Got: {dtype}"
        )
    if mask is None:
        return _C.mean(input, _dims(dim, input.dim()), keepdim, dtype=dtype)
    return sum(input, dim, keepdim=keepdim, dtype=dtype, mask=mask) / _count(input, dim, keepdim, mask)


def _count(input, dim, keepdim, mask):
    """Give the number of elements that count, for each result."""
    if mask is None:
        mask = _C.ones((), dtype=_C.bool, device=input.device)
    return _C.sum(_broadcast_mask(input, mask), () if dim is None else dim, keepdim)


def median(input, dim=-1, *, keepdim=False, dtype=None, mask=None):
    """Give the median along a dimension of the elements that count, the lower of two; NaN where none counts.

    An integer dtype has no NaN: a row of which nothing counts raises ValueError. `dtype` is accepted and ignored, as in
    PyTorch.
    """
    input, mask = _parts(input, mask)
    dim = _dims(dim, input.dim())[0]
    if mask is None:
        return _C.nanmedian(input, dim, keepdim).values
    mask = _broadcast_mask(input, mask)
    if input.is_floating_point():
        return _C.nanmedian(_fill("median", input, mask, math.nan), dim, keepdim).values
    if not mask.any(dim).all():
        raise ValueError("masked median expects no fully masked out rows if dtype is not floating point")
    return _C.nanmedian(_fill("median", input.float(), mask, math.nan), dim, keepdim).values.to(input.dtype)


def logsumexp(input, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Give log(sum(exp(input))) of the elements that count, without overflow."""
    input, mask = _parts(input, mask)
    return _C.logsumexp(_fill("logsumexp", input, mask), _dims(dim, input.dim()), keepdim).to(dtype or input.dtype)


def logaddexp(input, other, *, dtype=None, input_mask=None, other_mask=None):
    """Give log(exp(input) + exp(other)), in which masked-out elements count as -inf."""
    input, input_mask = _parts(input, input_mask)
    other, other_mask = _parts(other, other_mask)
    result = _C.logaddexp(_fill("logaddexp", input, input_mask), _fill("logaddexp", other, other_mask))
    return result.to(dtype or input.dtype)


def norm(input, ord=2.0, dim=None, *, keepdim=False, dtype=None, mask=None):
    """Give the vector norm (see torch.linalg.vector_norm) of the elements that count."""
    input, mask = _parts(input, mask)
    value = math.inf if ord == -math.inf else 0
    filled = _fill("norm", input, mask, value if input.is_floating_point() else 0)
    return _C.linalg_vector_norm(filled, ord, _dims(dim, input.dim()), keepdim, dtype=dtype)


def var(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """Give the variance of the elements that count: of n of them, the sum of squares is divided by n - correction.

    Args:
        unbiased: True for correction 1 (the default), False for 0.
    """
    if unbiased is not None and correction is not None:
        raise AssertionError("Only one of unbiased and correction may be given")
    correction = correction if correction is not None else 1 if unbiased is None else int(unbiased)
    input, mask = _parts(input, mask)
    dtype = dtype or (input.dtype if input.is_floating_point() or input.is_complex() else _C.get_default_dtype())
    compute = dtype if dtype.is_floating_point or dtype.is_complex else _C.get_default_dtype()
    count = _count(input, dim, True, mask)
    deviation = _C.sub(input, sum(input, dim, keepdim=True, dtype=compute, mask=mask) / count)
    squares = deviation * deviation.conj() if deviation.is_complex() else deviation * deviation
    total = sum(squares, dim, keepdim=keepdim, dtype=compute, mask=mask)
    count = count.reshape(total.shape)
    if correction != 0:
        count = _C.clamp(count.to(compute.to_real() if compute.is_complex else compute) - correction, min=0)
    return (total / count).to(dtype)


def std(input, dim=None, unbiased=None, *, correction=None, keepdim=False, dtype=None, mask=None):
    """Give the standard deviation of the elements that count: the square root of `var`."""
    return _C.sqrt(var(input, dim, unbiased, correction=correction, keepdim=keepdim, dtype=dtype, mask=mask))


def softmax(input, dim, *, dtype=None, mask=None):
    """Give exp(input) divided by its sum along a dimension; 0 where masked out, NaN where nothing counts."""
    input, mask = _parts(input, mask)
    return _C.softmax(_fill("amax", input, mask), _dims(dim, input.dim())[0], dtype=dtype or input.dtype)


def log_softmax(input, dim, *, dtype=None, mask=None):
    """Give the logarithm of `softmax`."""
    input, mask = _parts(input, mask)
    return _C.log_softmax(_fill("amax", input, mask), _dims(dim, input.dim())[0], dtype=dtype or input.dtype)


def softmin(input, dim, *, dtype=None, mask=None):
    """Give the softmax of the negated input: small numbers get large shares."""
    input, mask = _parts(input, mask)
    return _C.softmax(-_fill("amin", input, mask), _dims(dim, input.dim())[0], dtype=dtype or input.dtype)


def normalize(input, ord, dim, *, eps=1e-12, dtype=None, mask=None):
    """Give the input divided by its `norm` along a dimension, or by eps where that is larger; 0 where masked out."""
    input, mask = _parts(input, mask)
    length = norm(input, ord, _dims(dim, input.dim())[0], keepdim=True, dtype=dtype, mask=mask)
    floor = _C.full((), eps, dtype=length.dtype, device=length.device)
    return _fill("normalize", input, mask) / _C.maximum(length, floor)
