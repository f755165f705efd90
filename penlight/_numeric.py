"""Derivatives of sampled functions, and histograms of several dimensions."""

from collections import namedtuple

from penlight import _C
from penlight._C import Tensor

__all__ = ["gradient", "histogramdd"]

_Histogram = namedtuple("histogramdd", ["hist", "bin_edges"])


def histogramdd(input, bins, *, range=None, weight=None, density=False):
    """Count how many points fall into each box of a grid.

    Args:
        input: the points, (..., N): the last dimension holds coordinates. float32 or float64.
        bins: how many bins each dimension has (one int for all, or N ints), or N tensors with the edges of the bins.
        range: 2 * N numbers, the lowest and the highest edge of each dimension; by default those of the points.
        weight: what each point counts, (...); by default 1.
        density: whether to give shares for each unit of volume, whose integral is 1.

    Returns:
        hist, with N dimensions, and bin_edges, a tuple of N tensors.

    Example:
        >>> points = penlight.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        >>> penlight.histogramdd(points, 2).hist
        tensor([[0., 1.],
                [1., 1.]])
    """
    if isinstance(bins, int):
        bins = [bins] * (input.shape[-1] if input.dim() else 1)
    if not bins or not isinstance(bins[0], Tensor):
        edges = _C._histogramdd_bin_edges(input, list(bins), range=range, weight=weight)
    else:
        edges = list(bins)
    return _Histogram(_C._histogramdd(input, edges, weight, density), tuple(edges))


def gradient(input, *, spacing=1, dim=None, edge_order=1):
    """Estimate the derivative of a sampled function along dimensions, from differences of neighbours.

    Args:
        input: the samples.
        spacing: the distance of neighbours: one number, a number for each dimension, or tensors with the coordinates of
            the samples along each dimension.
        dim: the dimensions, by default all.
        edge_order: 1 or 2: how exactly the first and the last sample's derivatives are estimated.

    Returns:
        A tuple with one tensor of the input's shape for each dimension.

    Example:
        >>> penlight.gradient(penlight.tensor([1.0, 4.0, 9.0, 16.0]))
        (tensor([3., 4., 6., 7.]),)
    """
    if input.dtype == _C.uint8:
        raise RuntimeError("torch.gradient does not support uint8 input.")
    dims = [dim] if isinstance(dim, int) else list(range(input.dim()) if dim is None else dim)
    if isinstance(spacing, Tensor) and spacing.dim() == 0:
        spacing = spacing.item()
    if isinstance(spacing, Tensor):
        raise TypeError("gradient(): argument 'spacing' must be a number, or a list of numbers or tensors, not Tensor")
    spacings = list(spacing) if isinstance(spacing, (list, tuple)) else [1 if spacing is None else spacing] * len(dims)
    if len(spacings) != len(dims):
        raise RuntimeError(_wrong_length(input, dim, len(spacings), len(dims)))
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    wrapped = [_wrapped(d, input.dim()) for d in dims]
    for d in wrapped:
        if wrapped.count(d) > 1:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
        if input.shape[d] <= edge_order:
            raise RuntimeError("torch.gradient expected each dimension size to be at least edge_order+1")
    return tuple(_along(input, d, h, edge_order) for d, h in zip(wrapped, spacings))


def _wrapped(dim, ndim):
    if not -ndim <= dim < ndim:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})")
    return dim % ndim


def _wrong_length(input, dim, given, dims):
    if dim is None:
        return (
            "torch.gradient expected spacing to be unspecified, a scalar, or a list of length equal to "
            f"'self.dim() = {input.dim()}', since dim argument was not given, but got a list of length {given}"
        )
    return (
        "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim arguments to have the "
        f"same length, but got a spacing argument of length {given} and a dim argument of length {dims}."
    )


def _along(f, dim, spacing, edge_order):
    """Weighted sums of neighbours: inside of three, exact for parabolas; at the edges of two, or of three."""

    def part(t, start, stop=None):
        return t[(slice(None),) * dim + (slice(start, stop),)]

    steps = None
    if isinstance(spacing, Tensor):
        steps = spacing.diff().reshape([-1 if d == dim else 1 for d in range(f.dim())])
        u, v = part(steps, None, -1), part(steps, 1)
        inner = _sum_of_three(f, part, (None, -2), _middle(u, v))
    else:
        inner = (part(f, 2) - part(f, None, -2)) / (2 * spacing)
    if edge_order == 1:
        first, last = (spacing, spacing) if steps is None else (part(steps, None, 1), part(steps, -1))
        lowest, highest = (part(f, 1, 2) - part(f, 0, 1)) / first, (part(f, -1) - part(f, -2, -1)) / last
    elif steps is None:
        lowest = _sum_of_three(f, part, (0, 1), (-1.5, 2, -0.5)) / spacing
        highest = _sum_of_three(f, part, (-3, -2), (0.5, -2, 1.5)) / spacing
    else:
        lowest = _sum_of_three(f, part, (0, 1), _first(part(steps, 0, 1), part(steps, 1, 2)))
        mirrored = _first(part(steps, -1), part(steps, -2, -1))
        highest = _sum_of_three(f, part, (-3, -2), [-w for w in reversed(mirrored)])
    return _C.cat([lowest, inner, highest], dim)


def _sum_of_three(f, part, first, weights):
    """Weighted sums of the samples in the range `first`, of those after them and of the second ones after them."""
    start, stop = first
    a = part(f, start, stop)
    b = part(f, (start or 0) + 1, stop + 1)
    c = part(f, (start or 0) + 2, stop + 2 or None)
    return a * weights[0] + b * weights[1] + c * weights[2]


def _middle(u, v):
    """The weights, for the slope in the middle, of three samples that are u and v apart."""
    return -v / (u * (u + v)), (v - u) / (u * v), u / (v * (u + v))


def _first(u, v):
    """The weights, for the slope at the first, of three samples that are u and v apart."""
    return -(2 * u + v) / (u * (u + v)), (u + v) / (u * v), -u / (v * (u + v))
