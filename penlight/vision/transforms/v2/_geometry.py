"""Transforms that move pixels: size, place, turning, bending."""

import numbers
from collections.abc import Sequence

import PIL.Image

import penlight
from penlight import Tensor
from penlight.vision import tv_tensors
from penlight.vision.ops.boxes import box_convert, box_iou
from penlight.vision.transforms import transforms as v1
from penlight.vision.transforms.transforms import _check_sequence_input, _setup_angle, _setup_size, _uniform
from penlight.vision.transforms.v2 import functional as F
from penlight.vision.transforms.v2._transform import (
    RandomApplyTransform,
    Transform,
    get_bounding_boxes,
    has_all,
    has_any,
    query_size,
)
from penlight.vision.transforms.v2.functional import is_pure_tensor

__all__ = [
    "Resize",
    "CenterCrop",
    "Pad",
    "FiveCrop",
    "TenCrop",
    "RandomHorizontalFlip",
    "RandomVerticalFlip",
    "RandomResizedCrop",
    "RandomCrop",
    "RandomRotation",
    "RandomAffine",
    "RandomPerspective",
    "ElasticTransform",
    "RandomZoomOut",
    "RandomIoUCrop",
    "ScaleJitter",
    "RandomShortestSize",
    "RandomResize",
]

BILINEAR, NEAREST = "bilinear", "nearest"


def fills(fill):
    """{class: filling} of a filling for all, or of a dictionary as it is."""
    if isinstance(fill, dict):
        return {kind: _as_fill(value) for kind, value in fill.items()}
    return {"others": _as_fill(fill)}


def _as_fill(fill):
    if fill is None or isinstance(fill, numbers.Number):
        return fill
    if not isinstance(fill, (tuple, list)):
        raise TypeError("Got inappropriate fill arg, only Numbers, tuples, lists and dicts are allowed.")
    return [float(f) for f in fill]


def fill_for(table, inpt):
    """The filling for this kind of input; masks are filled with 0 unless they are named."""
    for kind in type(inpt).__mro__:
        if kind in table:
            return table[kind]
    return table.get("others", 0)


class Resize(Transform):
    """Gives another size: (height, width), or one number for the shorter side; None with `max_size` for the longer."""

    def __init__(self, size, interpolation=BILINEAR, max_size=None, antialias=True):
        super().__init__()
        if isinstance(size, int):
            size = [size]
        elif isinstance(size, Sequence) and len(size) in (1, 2):
            size = list(size)
        elif size is None:
            if not isinstance(max_size, int):
                raise ValueError(f"max_size must be an integer when size is None, but got {max_size} instead.")
        else:
            raise ValueError(
                f"size can be an integer, a sequence of one or two integers, or None, but got {size} instead."
            )
        self.size, self.interpolation, self.max_size, self.antialias = size, interpolation, max_size, antialias

    def transform(self, inpt, params):
        """The input in its new size."""
        return F.resize(inpt, self.size, self.interpolation, self.max_size, self.antialias)


class CenterCrop(Transform):
    """Cuts out the middle, (height, width) or a square."""

    def __init__(self, size):
        super().__init__()
        self.size = _setup_size(size)

    def transform(self, inpt, params):
        """The middle."""
        return F.center_crop(inpt, output_size=self.size)


class Pad(Transform):
    """Adds a border; `fill` may be a dictionary {class: filling}."""

    def __init__(self, padding, fill=0, padding_mode="constant"):
        super().__init__()
        if not isinstance(padding, (int, tuple, list)):
            raise TypeError("Got inappropriate padding arg")
        if isinstance(padding, (tuple, list)) and len(padding) not in (1, 2, 4):
            raise ValueError(
                f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple"
            )
        if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
            raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
        self.padding = padding if isinstance(padding, int) else list(padding)
        self.fill, self.padding_mode = fill, padding_mode
        self._fill = fills(fill)

    def transform(self, inpt, params):
        """The input with its border."""
        return F.pad(inpt, self.padding, fill=fill_for(self._fill, inpt), padding_mode=self.padding_mode)


class FiveCrop(Transform):
    """Gives the four corners and the middle as a tuple; masks and boxes are not supported."""

    _transformed_types = (is_pure_tensor, PIL.Image.Image, tv_tensors.Image, tv_tensors.Video)

    def __init__(self, size):
        super().__init__()
        self.size = _setup_size(size)

    def check_inputs(self, flat_inputs):
        """Masks and boxes have no five versions."""
        if has_any(flat_inputs, tv_tensors.BoundingBoxes, tv_tensors.Mask):
            raise TypeError(f"BoundingBoxes'es and Mask's are not supported by {type(self).__name__}()")

    def transform(self, inpt, params):
        """The five pictures."""
        return F.five_crop(inpt, self.size)


class TenCrop(FiveCrop):
    """Gives the five crops, and those of the mirrored picture."""

    def __init__(self, size, vertical_flip=False):
        super().__init__(size)
        self.vertical_flip = vertical_flip

    def transform(self, inpt, params):
        """The ten pictures."""
        return F.ten_crop(inpt, self.size, vertical_flip=self.vertical_flip)


class RandomHorizontalFlip(RandomApplyTransform):
    """Mirrors left to right with probability `p`."""

    def transform(self, inpt, params):
        """The mirrored input."""
        return F.horizontal_flip(inpt)


class RandomVerticalFlip(RandomApplyTransform):
    """Turns upside down with probability `p`."""

    def transform(self, inpt, params):
        """The turned input."""
        return F.vertical_flip(inpt)


class RandomResizedCrop(Transform):
    """Cuts out a rectangle of random area and shape and gives it the size `size`."""

    def __init__(
        self, size, scale=(0.08, 1.0), ratio=(3.0 / 4.0, 4.0 / 3.0), interpolation=BILINEAR, antialias=True
    ):
        super().__init__()
        self.size = _setup_size(size)
        v1._check_scale_and_ratio(scale, ratio)
        self.scale, self.ratio, self.interpolation, self.antialias = scale, ratio, interpolation, antialias

    def make_params(self, flat_inputs):
        """Draw the rectangle."""
        height, width = query_size(flat_inputs)
        whole = penlight.empty(1, 1, 1).expand(1, height, width)  # only its size matters
        names = ("top", "left", "height", "width")
        return dict(zip(names, v1.RandomResizedCrop.get_params(whole, self.scale, self.ratio)))

    def transform(self, inpt, params):
        """The rectangle in its new size."""
        return F.resized_crop(
            inpt, **params, size=self.size, interpolation=self.interpolation, antialias=self.antialias
        )


class RandomCrop(Transform):
    """Cuts out a rectangle of `size` at a random place, after adding a border where asked for."""

    def __init__(self, size, padding=None, pad_if_needed=False, fill=0, padding_mode="constant"):
        super().__init__()
        self.size = tuple(_setup_size(size))
        if padding is not None:
            self.padding = F.F_t.padding_sides(padding)
        else:
            self.padding = None
        self.pad_if_needed, self.fill, self.padding_mode = pad_if_needed, fill, padding_mode
        self._fill = fills(fill)

    def make_params(self, flat_inputs):
        """Draw the place."""
        h, w = query_size(flat_inputs)
        left, top, right, bottom = self.padding or (0, 0, 0, 0)
        h, w = h + top + bottom, w + left + right
        ch, cw = self.size
        if self.pad_if_needed:
            dy, dx = max(ch - h, 0), max(cw - w, 0)
            top, bottom, left, right = top + dy, bottom + dy, left + dx, right + dx
            h, w = h + 2 * dy, w + 2 * dx
        if h < ch or w < cw:
            raise ValueError(
                f"Required crop size {(ch, cw)} is larger than "
                f"{'padded ' if self.padding is not None else ''}input image size {(h, w)}."
            )
        y = int(penlight.randint(0, h - ch + 1, size=())) if h > ch else None
        x = int(penlight.randint(0, w - cw + 1, size=())) if w > cw else None
        return {"padding": [left, top, right, bottom], "y": y, "x": x, "height": ch, "width": cw}

    def transform(self, inpt, params):
        """The rectangle."""
        if any(params["padding"]):
            fill = fill_for(self._fill, inpt)
            inpt = F.pad(inpt, params["padding"], fill=fill, padding_mode=self.padding_mode)
        if params["y"] is None and params["x"] is None:
            return inpt
        return F.crop(inpt, params["y"] or 0, params["x"] or 0, params["height"], params["width"])


class RandomRotation(Transform):
    """Turns by a random angle, (lowest, highest) or a number d for (-d, d)."""

    def __init__(self, degrees, interpolation=NEAREST, expand=False, center=None, fill=0):
        super().__init__()
        self.degrees = _setup_angle(degrees, name="degrees", req_sizes=(2,))
        self.interpolation, self.expand = interpolation, expand
        self.fill = fill
        self._fill = fills(fill)
        if center is not None:
            _check_sequence_input(center, "center", req_sizes=(2,))
        self.center = center

    def make_params(self, flat_inputs):
        """Draw the angle."""
        return {"angle": _uniform(*self.degrees)}

    def transform(self, inpt, params):
        """The turned input."""
        fill = fill_for(self._fill, inpt)
        return F.rotate(inpt, params["angle"], self.interpolation, self.expand, self.center, fill)


class RandomAffine(Transform):
    """Turns, shifts, scales and shears at random; see the older transform of this name."""

    def __init__(
        self, degrees, translate=None, scale=None, shear=None, interpolation=NEAREST, fill=0, center=None
    ):
        super().__init__()
        checked = v1.RandomAffine(degrees, translate, scale, shear, fill=0, center=center)
        self.degrees, self.translate, self.scale, self.shear = checked.degrees, translate, scale, checked.shear
        self.interpolation, self.fill, self.center = interpolation, fill, center
        self._fill = fills(fill)

    def make_params(self, flat_inputs):
        """Draw the moves."""
        height, width = query_size(flat_inputs)
        moves = v1.RandomAffine.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return dict(zip(("angle", "translate", "scale", "shear"), moves))

    def transform(self, inpt, params):
        """The moved input."""
        fill = fill_for(self._fill, inpt)
        return F.affine(inpt, **params, interpolation=self.interpolation, fill=fill, center=self.center)


class RandomPerspective(RandomApplyTransform):
    """Looks aslant with probability `p`."""

    def __init__(self, distortion_scale=0.5, p=0.5, interpolation=BILINEAR, fill=0):
        super().__init__(p=p)
        if not 0 <= distortion_scale <= 1:
            raise ValueError("Argument distortion_scale value should be between 0 and 1")
        self.distortion_scale, self.interpolation, self.fill = distortion_scale, interpolation, fill
        self._fill = fills(fill)

    def make_params(self, flat_inputs):
        """Draw the corners."""
        height, width = query_size(flat_inputs)
        start, end = v1.RandomPerspective.get_params(width, height, self.distortion_scale)
        return {"coefficients": F.v1._get_perspective_coeffs(start, end)}

    def transform(self, inpt, params):
        """The distorted input."""
        fill = fill_for(self._fill, inpt)
        return F.perspective(inpt, None, None, fill=fill, interpolation=self.interpolation, **params)


class ElasticTransform(Transform):
    """Bends like rubber: random shifts of strength `alpha`, smoothed with a bell of width `sigma`."""

    def __init__(self, alpha=50.0, sigma=5.0, interpolation=BILINEAR, fill=0):
        super().__init__()
        pair = lambda x: [float(x)] * 2 if isinstance(x, numbers.Number) else [float(v) for v in x] * (2 // len(x))
        self.alpha, self.sigma = pair(alpha), pair(sigma)
        self.interpolation, self.fill = interpolation, fill
        self._fill = fills(fill)

    def make_params(self, flat_inputs):
        """Draw the displacement."""
        return {"displacement": v1.ElasticTransform.get_params(self.alpha, self.sigma, list(query_size(flat_inputs)))}

    def transform(self, inpt, params):
        """The bent input."""
        return F.elastic(inpt, **params, fill=fill_for(self._fill, inpt), interpolation=self.interpolation)


class RandomZoomOut(RandomApplyTransform):
    """Puts the picture at a random place of a larger one, `side_range` times as large, with probability `p`."""

    def __init__(self, fill=0, side_range=(1.0, 4.0), p=0.5):
        super().__init__(p=p)
        self.fill, self.side_range = fill, side_range
        self._fill = fills(fill)
        if side_range[0] < 1.0 or side_range[0] > side_range[1]:
            raise ValueError(f"Invalid side range provided {side_range}.")

    def make_params(self, flat_inputs):
        """Draw the border."""
        h, w = query_size(flat_inputs)
        r = self.side_range[0] + penlight.rand(1) * (self.side_range[1] - self.side_range[0])
        canvas_w, canvas_h = int(w * r), int(h * r)
        r = penlight.rand(2)
        left, top = int((canvas_w - w) * r[0]), int((canvas_h - h) * r[1])
        return {"padding": [left, top, canvas_w - (left + w), canvas_h - (top + h)]}

    def transform(self, inpt, params):
        """The input in its larger surroundings."""
        return F.pad(inpt, **params, fill=fill_for(self._fill, inpt))


class RandomIoUCrop(Transform):
    """Cuts out a rectangle that overlaps with one of the boxes as much as a random choice asks (from the SSD paper).

    Boxes whose centre is left out become (0, 0, 0, 0); SanitizeBoundingBoxes takes them away.
    """

    def __init__(
        self,
        min_scale=0.3,
        max_scale=1.0,
        min_aspect_ratio=0.5,
        max_aspect_ratio=2.0,
        sampler_options=None,
        trials=40,
    ):
        super().__init__()
        self.min_scale, self.max_scale = min_scale, max_scale
        self.min_aspect_ratio, self.max_aspect_ratio = min_aspect_ratio, max_aspect_ratio
        self.options = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0] if sampler_options is None else sampler_options
        self.trials = trials

    def check_inputs(self, flat_inputs):
        """A picture and boxes are needed."""
        pictures = has_any(flat_inputs, PIL.Image.Image, tv_tensors.Image, is_pure_tensor)
        if not (pictures and has_all(flat_inputs, tv_tensors.BoundingBoxes)):
            raise TypeError(
                f"{type(self).__name__}() requires input sample to contain tensor or PIL images and bounding boxes. "
                "Sample can also contain masks."
            )

    def make_params(self, flat_inputs):
        """Draw the rectangle; nothing where the picture is to stay whole."""
        h, w = query_size(flat_inputs)
        boxes = get_bounding_boxes(flat_inputs)
        xyxy = box_convert(boxes.as_subclass(Tensor), boxes.format.value.lower(), "xyxy")
        while True:
            least = self.options[int(penlight.randint(low=0, high=len(self.options), size=(1,)))]
            if least >= 1.0:  # the whole picture
                return {}
            for _ in range(self.trials):
                r = self.min_scale + (self.max_scale - self.min_scale) * penlight.rand(2)
                new_w, new_h = int(w * r[0]), int(h * r[1])
                aspect = new_w / new_h
                if not self.min_aspect_ratio <= aspect <= self.max_aspect_ratio:
                    continue
                r = penlight.rand(2)
                left, top = int((w - new_w) * r[0]), int((h - new_h) * r[1])
                right, bottom = left + new_w, top + new_h
                if left == right or top == bottom:
                    continue
                cx, cy = 0.5 * (xyxy[..., 0] + xyxy[..., 2]), 0.5 * (xyxy[..., 1] + xyxy[..., 3])
                inside = (left < cx) & (cx < right) & (top < cy) & (cy < bottom)
                if not inside.any():
                    continue
                place = penlight.tensor([[left, top, right, bottom]], dtype=xyxy.dtype, device=xyxy.device)
                if box_iou(xyxy[inside], place).max() < least:
                    continue
                return {"top": top, "left": left, "height": new_h, "width": new_w, "inside": inside}

    def transform(self, inpt, params):
        """The rectangle."""
        if not params:
            return inpt
        inside = params["inside"]
        out = F.crop(inpt, *(params[name] for name in ("top", "left", "height", "width")))
        if isinstance(out, tv_tensors.BoundingBoxes):
            out = tv_tensors.wrap(penlight.where(inside[:, None], out.as_subclass(Tensor), 0), like=out)
        return out


class _SizeDrawn(Transform):
    def __init__(self, interpolation, antialias):
        super().__init__()
        self.interpolation, self.antialias = interpolation, antialias

    def transform(self, inpt, params):
        """The input in its new size."""
        return F.resize(inpt, params["size"], interpolation=self.interpolation, antialias=self.antialias)


class ScaleJitter(_SizeDrawn):
    """Scales to fit `target_size` (height, width), times a random number of `scale_range`."""

    def __init__(self, target_size, scale_range=(0.1, 2.0), interpolation=BILINEAR, antialias=True):
        Transform.__init__(self)
        self.target_size, self.scale_range = target_size, scale_range
        self.interpolation, self.antialias = interpolation, antialias

    def make_params(self, flat_inputs):
        """Draw the size."""
        h, w = query_size(flat_inputs)
        scale = self.scale_range[0] + penlight.rand(1) * (self.scale_range[1] - self.scale_range[0])
        r = min(self.target_size[1] / h, self.target_size[0] / w) * scale
        return {"size": (int(h * r), int(w * r))}


class RandomShortestSize(_SizeDrawn):
    """Gives the shorter side one of the sizes `min_size`, the longer at most `max_size`."""

    def __init__(self, min_size, max_size=None, interpolation=BILINEAR, antialias=True):
        Transform.__init__(self)
        self.min_size = [min_size] if isinstance(min_size, int) else list(min_size)
        self.max_size, self.interpolation, self.antialias = max_size, interpolation, antialias

    def make_params(self, flat_inputs):
        """Draw the size."""
        h, w = query_size(flat_inputs)
        r = self.min_size[int(penlight.randint(len(self.min_size), ()))] / min(h, w)
        if self.max_size is not None:
            r = min(r, self.max_size / max(h, w))
        return {"size": (int(h * r), int(w * r))}


class RandomResize(_SizeDrawn):
    """Gives the shorter side a random size from `min_size` to below `max_size`."""

    def __init__(self, min_size, max_size, interpolation=BILINEAR, antialias=True):
        Transform.__init__(self)
        self.min_size, self.max_size = min_size, max_size
        self.interpolation, self.antialias = interpolation, antialias

    def make_params(self, flat_inputs):
        """Draw the size."""
        return {"size": [int(penlight.randint(self.min_size, self.max_size, ()))]}
