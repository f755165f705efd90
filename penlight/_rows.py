"""Functions of `torch.*` about sets of rows and places in arrays."""

import operator

from penlight import _C
from penlight._C import Tensor

__all__ = ["cdist", "resize_as_", "unravel_index"]

_MODES = ("use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist")
_ROWS_WORTH_A_PRODUCT = 25


def cdist(x1, x2, p=2.0, compute_mode="use_mm_for_euclid_dist_if_necessary"):
    """Give the distances of every row of one matrix to every row of another.

    Args:
        x1, x2: tensors of shape (..., P, M) and (..., R, M); the dimensions in front are broadcast.
        p: the norm, 0 or larger; 2 for lengths.
        compute_mode: whether lengths come from a matrix product, which is fast for many rows and less exact for near
            ones: "use_mm_for_euclid_dist_if_necessary" (above 25 rows), "use_mm_for_euclid_dist" or
            "donot_use_mm_for_euclid_dist".

    Returns a tensor of shape (..., P, R).

    Example:
        >>> penlight.cdist(penlight.tensor([[0.0, 0.0]]), penlight.tensor([[3.0, 4.0], [0.0, 1.0]]))
        tensor([[5., 1.]])
    """
    mode = _MODES.index(compute_mode) if compute_mode in _MODES else compute_mode
    if mode not in (0, 1, 2):
        raise ValueError(f"{compute_mode} is not a valid value for compute_mode")
    many = x1.dim() > 1 and x2.dim() > 1 and max(x1.shape[-2], x2.shape[-2]) > _ROWS_WORTH_A_PRODUCT
    return _C._cdist(x1, x2, p, mode == 1 or (mode == 0 and many))


def unravel_index(indices, shape):
    """Turn places in a flattened array into coordinates, one tensor for each dimension.

    Args:
        indices: a tensor of integers.
        shape: the shape of the array.

    Example:
        >>> penlight.unravel_index(penlight.tensor([3, 5]), (2, 3))
        (tensor([1, 1]), tensor([0, 2]))
    """
    if indices.is_complex() or indices.is_floating_point() or indices.dtype == _C.bool:
        raise TypeError(f"expected 'indices' to be integer dtype, but got {indices.dtype}")
    if isinstance(shape, (int, _C.Size)):
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if not isinstance(shape, (list, tuple)):
        raise TypeError(f"expected 'shape' to be int or sequence of ints, but got {type(shape)}")
    for size in shape:
        if not hasattr(size, "__index__"):
            raise TypeError(f"expected 'shape' sequence to only contain ints, but got {type(size)}")
    sizes = [operator.index(size) for size in shape]
    if any(size < 0 for size in sizes):
        raise ValueError(f"'shape' cannot have negative values, but got {tuple(sizes)}")
    indices, coordinates = indices.to(_C.int64), []
    for size in reversed(sizes):
        coordinates.append(indices % size)
        indices = indices.div(size, rounding_mode="floor")
    return tuple(reversed(coordinates))


def resize_as_(input, the_template, *, memory_format=None):
    """Change the shape in place to that of another tensor; new elements are uninitialised.

    Args:
        memory_format: penlight.preserve_format also takes over the order of the dimensions in memory.

    Example:
        >>> penlight.resize_as_(penlight.tensor([1, 2, 3]), penlight.zeros(2))
        tensor([1, 2])
    """
    input.resize_(the_template.shape)
    like = _C.empty_like(the_template, device="meta", memory_format=memory_format or _C.contiguous_format)
    if like.stride() != input.stride():
        input.set_(input.untyped_storage(), input.storage_offset(), input.shape, like.stride())
    return input


Tensor.resize_as_ = resize_as_
