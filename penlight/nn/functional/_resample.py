"""Enlarging and shrinking signals, images and volumes."""

import warnings

from penlight import _C
from penlight.nn.functional._pool import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d

_INTERPOLATING = "linear | bilinear | bicubic | trilinear"
_DIMS = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}
_AREA = (adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d)


def _one_each(value, dims, describe):
    """A list with one entry for each dimension."""
    if not isinstance(value, (list, tuple)):
        return [value] * dims
    if len(value) != dims:
        raise ValueError(describe())
    return list(value)


def _sizes(input, size, dims):
    return _one_each(
        size,
        dims,
        lambda: (
            "Input and output must have the same number of spatial dimensions, but got input with spatial dimensions "
            f"of {list(input.shape[2:])} and output size of {size}. Please provide input tensor in (N, C, d1, d2, "
            "...,dK) format and output size in (o1, o2, ...,oK) format."
        ),
    )


def _factors(input, scale_factor, dims):
    return _one_each(
        scale_factor,
        dims,
        lambda: (
            "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial "
            f"dimensions of {list(input.shape[2:])} and scale_factor of shape {scale_factor}. Please provide input "
            "tensor in (N, C, d1, d2, ...,dK) format and scale_factor in (s1, s2, ...,sK) format."
        ),
    )


def _check_mode(input, mode):
    if input.dim() not in (3, 4, 5) or mode not in {*_DIMS, "nearest", "nearest-exact", "area"}:
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.dim()}D) for the modes: nearest | "
            f"linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact (got {mode})"
        )
    needed = _DIMS.get(mode, input.dim())
    if input.dim() != needed:
        raise NotImplementedError(f"Got {input.dim()}D input, but {mode} mode needs {needed}D input")


def interpolate(
    input,
    size=None,
    scale_factor=None,
    mode="nearest",
    align_corners=None,
    recompute_scale_factor=None,
    antialias=False,
):
    """Enlarges or shrinks (N, C, L), (N, C, H, W) or (N, C, D, H, W) to `size`, or by `scale_factor`.

    `mode` is "nearest", "nearest-exact", "linear" (3-D input), "bilinear" or "bicubic" (4-D), "trilinear" (5-D) or
    "area". With `align_corners` the corners' centres keep their places, otherwise their edges do. `antialias` filters
    what would be too fine for the result ("bilinear" and "bicubic"). `recompute_scale_factor` uses the ratio of the
    rounded sizes as the factor.

    >>> F.interpolate(torch.tensor([[[1., 3.]]]), scale_factor=2, mode="linear")
    tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])
    """
    if align_corners is not None and mode in ("nearest", "area", "nearest-exact"):
        raise ValueError(f"align_corners option can only be set with the interpolating modes: {_INTERPOLATING}")
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if recompute_scale_factor and size is not None:
        raise ValueError("recompute_scale_factor is not meaningful with an explicit size.")
    if antialias and not (mode in ("bilinear", "bicubic") and input.dim() == 4):
        raise ValueError(
            "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor as input"
        )
    dims = input.dim() - 2
    sizes = None if size is None else _sizes(input, size, dims)
    factors = None if scale_factor is None else _factors(input, scale_factor, dims)
    _check_mode(input, mode)
    if factors is not None and (recompute_scale_factor or mode == "area"):
        sizes, factors = [int(n * f) for n, f in zip(input.shape[2:], factors)], None
    if mode == "area":
        return _AREA[dims - 1](input, sizes if dims > 1 else sizes[0])
    return _C._upsample(input, mode, sizes, factors, bool(align_corners), antialias)


def upsample(input, size=None, scale_factor=None, mode="nearest", align_corners=None):
    """`interpolate` under its old name.

    >>> F.interpolate(torch.ones(1, 1, 2), size=4).shape  # write this instead of F.upsample
    torch.Size([1, 1, 4])
    """
    warnings.warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input, size=None, scale_factor=None):
    """`interpolate` with the nearest neighbour, under its old name.

    >>> F.interpolate(torch.tensor([[[1., 3.]]]), size=4)  # write this instead of F.upsample_nearest
    tensor([[[1., 1., 3., 3.]]])
    """
    warnings.warn(
        "`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input, size=None, scale_factor=None):
    """`interpolate` in mode "bilinear" with aligned corners, under its old name.

    >>> x = torch.tensor([[[[1., 3.]]]])
    >>> F.interpolate(x, size=(1, 3), mode="bilinear", align_corners=True)  # instead of F.upsample_bilinear
    tensor([[[[1., 2., 3.]]]])
    """
    warnings.warn(
        "`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.", stacklevel=2
    )
    return interpolate(input, size, scale_factor, "bilinear", True)
