"""Regions of interest from the level of a feature pyramid that suits their size."""

import math

import penlight
from penlight import nn
from penlight.vision.ops._roi import _pair, roi_align
from penlight.vision.ops.boxes import box_area

__all__ = ["MultiScaleRoIAlign", "LevelMapper"]


class LevelMapper:
    """Gives for boxes the number of the level, larger boxes to smaller maps (formula 1 of the FPN paper)."""

    def __init__(self, k_min, k_max, canonical_scale=224, canonical_level=4, eps=1e-6):
        self.k_min, self.k_max, self.s0, self.lvl0, self.eps = k_min, k_max, canonical_scale, canonical_level, eps

    def __call__(self, boxlists):
        s = penlight.sqrt(penlight.cat([box_area(boxes) for boxes in boxlists]))
        level = penlight.floor(self.lvl0 + penlight.log2(s / self.s0) + penlight.tensor(self.eps, dtype=s.dtype))
        return penlight.clamp(level, min=self.k_min, max=self.k_max).to(penlight.int64) - self.k_min


class MultiScaleRoIAlign(nn.Module):
    """Does `roi_align` on the maps named `featmap_names`, each box on the one that suits its size.

    `forward(x, boxes, image_shapes)` takes a dictionary of maps, a list of boxes (L, 4) for each picture and the sizes
    (height, width) of the pictures; it gives (all boxes, C, height, width).

    >>> pool = MultiScaleRoIAlign(["a", "b"], 3, 2)
    >>> maps = {"a": torch.rand(1, 5, 64, 64), "b": torch.rand(1, 5, 32, 32)}
    >>> pool(maps, [torch.tensor([[10., 10, 100, 100]])], [(256, 256)]).shape
    torch.Size([1, 5, 3, 3])
    """

    def __init__(self, featmap_names, output_size, sampling_ratio, *, canonical_scale=224, canonical_level=4):
        super().__init__()
        self.featmap_names, self.sampling_ratio, self.output_size = featmap_names, sampling_ratio, _pair(output_size)
        self.scales = self.map_levels = None
        self.canonical_scale, self.canonical_level = canonical_scale, canonical_level

    def _set_up(self, maps, image_shapes):
        if not image_shapes:
            raise ValueError("images list should not be empty")
        largest = [max(shape[i] for shape in image_shapes) for i in (0, 1)]
        self.scales = []
        for x in maps:
            self.scales.append(2.0 ** round(math.log2(x.shape[-2] / largest[0])))
        lowest, highest = -math.log2(self.scales[0]), -math.log2(self.scales[-1])
        self.map_levels = LevelMapper(int(lowest), int(highest), self.canonical_scale, self.canonical_level)

    def forward(self, x, boxes, image_shapes):
        """The regions of all boxes."""
        maps = [x[name] for name in self.featmap_names if name in x]
        if self.scales is None or self.map_levels is None:
            self._set_up(maps, image_shapes)
        numbered = [penlight.cat([penlight.full_like(b[:, :1], i), b], dim=1) for i, b in enumerate(boxes)]
        rois = penlight.cat(numbered, dim=0)
        pool = lambda level, r: roi_align(maps[level], r, self.output_size, self.scales[level], self.sampling_ratio)
        if len(maps) == 1:
            return pool(0, rois)
        levels = self.map_levels(boxes)
        result = maps[0].new_zeros((len(rois), maps[0].shape[1], *self.output_size))
        for level in range(len(maps)):
            members = penlight.where(levels == level)[0]
            if len(members):
                result = result.index_put((members,), pool(level, rois[members]).to(result.dtype))
        return result

    def __repr__(self):
        return (
            f"{self.__class__.__name__}(featmap_names={self.featmap_names}, "
            f"output_size={self.output_size}, sampling_ratio={self.sampling_ratio})"
        )
