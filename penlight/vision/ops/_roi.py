"""Cutting regions of interest out of feature maps, each to the same size.

`boxes` is (K, 5), rows of (picture, x1, y1, x2, y2), or a list with one (L, 4) for each picture; `spatial_scale` is the
size of the map divided by the size that the boxes are meant for.
"""

import math

import penlight
from penlight.nn import Module
from penlight.nn import functional as F

__all__ = [
    "roi_align",
    "RoIAlign",
    "roi_pool",
    "RoIPool",
    "ps_roi_align",
    "PSRoIAlign",
    "ps_roi_pool",
    "PSRoIPool",
]

_ROWS = 1 << 16  # samples read at one time: what bounds the memory


def _pair(size):
    return (size, size) if isinstance(size, int) else tuple(size) * (2 // len(size))


def _rois(boxes):
    if isinstance(boxes, (list, tuple)):
        for b in boxes:
            if b.size(1) != 4:
                raise AssertionError("The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]")
        numbered = [penlight.cat([penlight.full_like(b[:, :1], i), b], dim=1) for i, b in enumerate(boxes)]
        return penlight.cat(numbered, dim=0)
    if not isinstance(boxes, penlight.Tensor) or boxes.size(1) != 5:
        raise AssertionError("The boxes tensor shape is not correct as Tensor[K, 5]")
    return boxes


def _samples(start, extent, bins, per_bin, size):
    """(low, high, weight of high, inside) of the places along one axis, each (K, bins, per_bin)."""
    step = extent / bins
    bin_ = penlight.arange(bins, device=start.device, dtype=start.dtype)[None, :, None]
    part = penlight.arange(per_bin, device=start.device, dtype=start.dtype)[None, None, :]
    step, start = step[:, None, None], start[:, None, None]
    place = start + bin_ * step + (part + 0.5) * step / per_bin
    inside = (place >= -1.0) & (place <= size)
    place = place.clamp(min=0)
    low = penlight.floor(place).clamp(max=size - 1)
    weight = penlight.where(low >= size - 1, 0.0, place - low)
    return low.to(penlight.int64), (low + 1).clamp(max=size - 1).to(penlight.int64), weight, inside


def _align(input, rois, bins, spatial_scale, sampling_ratio, offset, at_least):
    """(K, C, bins[0], bins[1]): the mean of bilinear samples in every bin."""
    n, c, h, w = input.shape
    image = rois[:, 0].to(penlight.int64)
    corners = rois[:, 1:].to(input.dtype) * spatial_scale - offset
    x, y = corners[:, 0], corners[:, 1]
    width, height = corners[:, 2] - x, corners[:, 3] - y
    if at_least is not None:
        width, height = width.clamp(min=at_least), height.clamp(min=at_least)
    if sampling_ratio > 0:
        counts = [(sampling_ratio, sampling_ratio)] * len(rois)
    else:  # about one sample a pixel: as many as the box is large
        per = lambda extent, k: penlight.ceil(extent / k).to(penlight.int64).clamp(min=0).tolist()
        counts = list(zip(per(height, bins[0]), per(width, bins[1])))
    pixels = input.permute(0, 2, 3, 1).reshape(-1, c)  # one row a pixel
    out = [None] * len(rois)
    for gh, gw in sorted(set(counts)):
        members = [k for k, count in enumerate(counts) if count == (gh, gw)]
        if gh * gw == 0:
            for k in members:
                out[k] = input.new_zeros(c, *bins)
            continue
        chunk = max(_ROWS // (bins[0] * bins[1] * gh * gw), 1)
        for begin in range(0, len(members), chunk):
            ks = penlight.tensor(members[begin : begin + chunk], device=input.device)
            rows = _samples(y[ks], height[ks], bins[0], gh, h)
            columns = _samples(x[ks], width[ks], bins[1], gw, w)
            part = _bilinear(pixels, image[ks] * h * w, w, rows, columns)
            for k, values in zip(ks.tolist(), part):
                out[k] = values
    return penlight.stack(out) if out else input.new_zeros(0, c, *bins)


def _bilinear(pixels, first, w, rows, columns):
    """Samples (k, C, bins, bins) on the grid of `rows` by `columns`, averaged in each bin."""
    grid = lambda r, s: (r[:, :, :, None, None], s[:, None, None, :, :])
    y0, y1, ly, in_y = rows
    x0, x1, lx, in_x = columns
    total = 0
    for yi, wy in ((y0, 1 - ly), (y1, ly)):
        for xi, wx in ((x0, 1 - lx), (x1, lx)):
            (a, b), (wa, wb) = grid(yi, xi), grid(wy, wx)
            index = first[:, None, None, None, None] + a * w + b
            found = pixels.index_select(0, index.reshape(-1)).reshape(*index.shape, -1)
            total = total + found * (wa * wb).unsqueeze(-1)
    a, b = grid(in_y, in_x)
    return penlight.where((a & b).unsqueeze(-1), total, 0).mean(dim=(2, 4)).permute(0, 3, 1, 2)


def roi_align(input, boxes, output_size, spatial_scale=1.0, sampling_ratio=-1, aligned=False):
    """Give each box's part of the maps (N, C, H, W) as (K, C, height, width), the mean of bilinear samples in each bin.

    `sampling_ratio` samples a bin along each axis (-1: about one a pixel). `aligned` shifts the boxes by half a pixel,
    which is exact; without it boxes count at least one pixel.

    >>> roi_align(torch.ones(1, 2, 8, 8), torch.tensor([[0., 1, 1, 5, 5]]), 2).shape
    torch.Size([1, 2, 2, 2])
    """
    offset, at_least = (0.5, None) if aligned else (0.0, 1.0)
    return _align(input, _rois(boxes), _pair(output_size), spatial_scale, sampling_ratio, offset, at_least)


def _diagonal(values, bins):
    """(K, C', bins): of (K, C' * bins, bins) the channel that belongs to each bin."""
    h, w = bins
    k, c = values.shape[:2]
    if c % (h * w):
        raise RuntimeError("input channels must be a multiple of pooling height * pooling width")
    by_bin = values.reshape(k, c // (h * w), h * w, h * w)
    return by_bin.diagonal(dim1=2, dim2=3).reshape(k, c // (h * w), h, w)


def ps_roi_align(input, boxes, output_size, spatial_scale=1.0, sampling_ratio=-1):
    """Do `roi_align` with channels of their own for every bin: (N, C * height * width, H, W) gives (K, C, ...).

    >>> ps_roi_align(torch.ones(1, 8, 8, 8), torch.tensor([[0., 1, 1, 5, 5]]), 2).shape
    torch.Size([1, 2, 2, 2])
    """
    bins = _pair(output_size)
    return _diagonal(_align(input, _rois(boxes), bins, spatial_scale, sampling_ratio, 0.5, None), bins)


def _rounded(rois, spatial_scale):
    """[(picture, x1, y1, x2, y2)] in whole pixels of the map; halves go away from zero."""
    scaled = rois[:, 1:].detach() * spatial_scale
    whole = penlight.where(scaled < 0, penlight.ceil(scaled - 0.5), penlight.floor(scaled + 0.5))
    return [(int(i), *(int(v) for v in row)) for i, row in zip(rois[:, 0].tolist(), whole.tolist())]


def roi_pool(input, boxes, output_size, spatial_scale=1.0):
    """Give each box's part of the maps (N, C, H, W) as (K, C, height, width), the largest value in each bin.

    >>> roi_pool(torch.arange(16.0).view(1, 1, 4, 4), torch.tensor([[0., 0, 0, 3, 3]]), 2).flatten()
    tensor([ 5.,  7., 13., 15.])
    """
    bins = _pair(output_size)
    h, w = input.shape[-2:]
    out = []
    for image, x1, y1, x2, y2 in _rounded(_rois(boxes), spatial_scale):
        x2, y2 = max(x2, x1), max(y2, y1)
        inside = input[image, :, max(y1, 0) : max(y2 + 1, 0), max(x1, 0) : max(x2 + 1, 0)]
        if inside.numel() == 0:
            out.append(input.new_zeros(input.shape[1], *bins))
            continue
        around = [max(-x1, 0), max(x2 + 1 - w, 0), max(-y1, 0), max(y2 + 1 - h, 0)]
        largest = F.adaptive_max_pool2d(F.pad(inside, around, value=-float("inf")), bins)
        out.append(penlight.where(largest == -float("inf"), 0, largest))  # bins outside of the map
    return penlight.stack(out) if out else input.new_zeros(0, input.shape[1], *bins)


def _mean_weights(start, end, bins, size, like):
    """(bins, size): rows that take the mean of each bin of the pixels start..end."""
    step = max(end - start, 1) / bins
    weights = like.new_zeros(bins, size)
    for i in range(bins):
        low = min(max(math.floor(i * step) + start, 0), size - 1)
        high = min(max(math.ceil((i + 1) * step) + start, 0), size - 1)
        if high > low:
            weights[i, low:high] = 1.0 / (high - low)
    return weights


def ps_roi_pool(input, boxes, output_size, spatial_scale=1.0):
    """Give the mean in each bin of each box, with channels of their own for every bin.

    (N, C * height * width, H, W) gives (K, C, height, width).

    >>> ps_roi_pool(torch.ones(1, 8, 8, 8), torch.tensor([[0., 1, 1, 5, 5]]), 2).shape
    torch.Size([1, 2, 2, 2])
    """
    bins = _pair(output_size)
    c, h, w = input.shape[1:]
    if c % (bins[0] * bins[1]):
        raise RuntimeError("input channels must be a multiple of pooling height * pooling width")
    out = []
    for image, x1, y1, x2, y2 in _rounded(_rois(boxes), spatial_scale):
        rows, columns = _mean_weights(y1, y2, bins[0], h, input), _mean_weights(x1, x2, bins[1], w, input)
        maps = input[image].reshape(-1, *bins, h, w)
        out.append(((maps * columns[None, None, :, None, :]).sum(-1) * rows[None, :, None, :]).sum(-1))
    return penlight.stack(out) if out else input.new_zeros(0, c // (bins[0] * bins[1]), *bins)


class _RoILayer(Module):
    """A layer that calls `pool` with the options in `names`."""

    names = ("output_size", "spatial_scale")

    def __init__(self, output_size, spatial_scale):
        super().__init__()
        self.output_size, self.spatial_scale = output_size, spatial_scale

    def forward(self, input, rois):
        """The regions, all of one size."""
        return self.pool(input, rois, *(getattr(self, name) for name in self.names))

    def __repr__(self):
        return f"{self.__class__.__name__}({', '.join(f'{name}={getattr(self, name)}' for name in self.names)})"


class RoIAlign(_RoILayer):
    """The layer of `roi_align`.

    >>> RoIAlign(2, 1.0, 2)(torch.ones(1, 2, 8, 8), torch.tensor([[0., 1, 1, 5, 5]])).shape
    torch.Size([1, 2, 2, 2])
    """

    names = ("output_size", "spatial_scale", "sampling_ratio", "aligned")
    pool = staticmethod(roi_align)

    def __init__(self, output_size, spatial_scale, sampling_ratio, aligned=False):
        super().__init__(output_size, spatial_scale)
        self.sampling_ratio, self.aligned = sampling_ratio, aligned


class RoIPool(_RoILayer):
    """The layer of `roi_pool`.

    >>> RoIPool(2, 1.0)
    RoIPool(output_size=2, spatial_scale=1.0)
    """

    pool = staticmethod(roi_pool)


class PSRoIAlign(_RoILayer):
    """The layer of `ps_roi_align`.

    >>> PSRoIAlign(2, 1.0, 2)
    PSRoIAlign(output_size=2, spatial_scale=1.0, sampling_ratio=2)
    """

    names = ("output_size", "spatial_scale", "sampling_ratio")
    pool = staticmethod(ps_roi_align)

    def __init__(self, output_size, spatial_scale, sampling_ratio):
        super().__init__(output_size, spatial_scale)
        self.sampling_ratio = sampling_ratio


class PSRoIPool(_RoILayer):
    """The layer of `ps_roi_pool`.

    >>> PSRoIPool(2, 1.0)
    PSRoIPool(output_size=2, spatial_scale=1.0)
    """

    pool = staticmethod(ps_roi_pool)
