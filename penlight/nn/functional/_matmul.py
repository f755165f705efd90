"""Matrix products in groups and with scales, and the convolution that has time first."""

import enum

import penlight
from penlight import _C


class ScalingType(enum.Enum):
    """How many elements of a matrix share a scale in `scaled_mm`."""

    TensorWise = 0
    RowWise = 1
    BlockWise1x16 = 2
    BlockWise1x32 = 3
    BlockWise1x128 = 4
    BlockWise128x128 = 5


class SwizzleType(enum.Enum):
    """The order in which `scaled_mm` finds the scales of blocks."""

    NO_SWIZZLE = 0
    SWIZZLE_32_4_4 = 1


def conv_tbc(input, weight, bias, pad=0):
    """A convolution over time with time first: (T, N, C) with weight (width, C, out) gives (T', N, out).

    >>> F.conv_tbc(torch.ones(5, 2, 3), torch.ones(2, 3, 4), torch.zeros(4)).shape
    torch.Size([4, 2, 4])
    """
    if input.dim() != 3:
        raise RuntimeError("Input must have 3 dims: time, batch, in_channel")
    if weight.dim() != 3:
        raise RuntimeError("Weight tensor must have 3 dims: kernel_width, in_channels, out_channels.")
    if bias.dim() != 1:
        raise RuntimeError("Bias must be 1-D")
    if input.size(2) != weight.size(1):
        raise RuntimeError("Input dim 2 (input channels) is not == dim 1 in the weight tensor")
    if weight.size(2) != bias.size(0):
        raise RuntimeError("Bias size must equal dim 2 in the weight tensor (output channels).")
    return _C.conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad).permute(2, 0, 1)


def _ends(offs, groups):
    """Where the groups of a dimension begin and end, from the ends of the groups."""
    ends = offs.tolist()
    return list(zip([0, *ends[:-1]], ends))[:groups]


def grouped_mm(mat_a, mat_b, *, offs=None, bias=None, out_dtype=None):
    """Products of matrices in groups: (G, M, K) with (G, K, N), or with one side not cut but marked by `offs`.

    `offs` (G,) holds the ends of the groups: of the rows of a two-dimensional `mat_a`, of the columns of a
    two-dimensional `mat_b`, or where both have two dimensions of those that are summed.

    >>> a, b = torch.ones(3, 2), torch.ones(2, 2, 4)
    >>> F.grouped_mm(a, b, offs=torch.tensor([1, 3], dtype=torch.int32)).shape
    torch.Size([3, 4])
    """
    if mat_a.dim() not in (2, 3) or mat_b.dim() not in (2, 3):
        raise RuntimeError(
            f"grouped_mm: both matrices must have 2 or 3 dimensions, got {mat_a.dim()} and {mat_b.dim()}"
        )
    if (offs is None) != (mat_a.dim() == 3 and mat_b.dim() == 3):
        raise RuntimeError("grouped_mm: offs must be given where a matrix has 2 dimensions, and only there")
    if bias is not None:
        raise RuntimeError("Bias not supported yet")
    dtype = mat_a.dtype if out_dtype is None else out_dtype
    if offs is None:
        return _C.bmm(mat_a, mat_b).to(dtype)
    pairs = _ends(offs, offs.numel())
    if mat_a.dim() == 2 and mat_b.dim() == 2:
        return _C.stack([mat_a[:, i:j] @ mat_b[i:j] for i, j in pairs]).to(dtype)
    if mat_a.dim() == 2:
        return _C.cat([mat_a[i:j] @ b for (i, j), b in zip(pairs, mat_b)]).to(dtype)
    return _C.cat([a @ mat_b[:, i:j] for (i, j), a in zip(pairs, mat_a)], 1).to(dtype)


def _refuse_float8(name):
    return NotImplementedError(
        f"{name} multiplies 8-bit floats, which Penlight does not have; multiply bfloat16 or float32 tensors with @"
    )


def scaled_mm(
    mat_a,
    mat_b,
    scale_a,
    scale_recipe_a,
    scale_b,
    scale_recipe_b,
    swizzle_a=None,
    swizzle_b=None,
    bias=None,
    output_dtype=penlight.bfloat16,
    contraction_dim=(),
    use_fast_accum=False,
):
    """The product of matrices of 8-bit floats with scales: NotImplementedError, as Penlight has no such dtypes."""
    raise _refuse_float8("scaled_mm")


def scaled_grouped_mm(
    mat_a,
    mat_b,
    scale_a,
    scale_recipe_a,
    scale_b,
    scale_recipe_b,
    swizzle_a=None,
    swizzle_b=None,
    bias=None,
    offs=None,
    output_dtype=penlight.bfloat16,
    contraction_dim=(),
    use_fast_accum=False,
):
    """`grouped_mm` of 8-bit floats with scales: NotImplementedError, as Penlight has no such dtypes."""
    raise _refuse_float8("scaled_grouped_mm")
