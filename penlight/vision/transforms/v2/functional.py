"""The transforms as functions with nothing random in them, for pictures, videos, masks, boxes and points.

Pictures are PIL images, `tv_tensors.Image` or plain tensors. A function that does not concern a kind of input (colours
and boxes, say) gives it back as it was.

Example:
    >>> from penlight.vision import tv_tensors
    >>> from penlight.vision.transforms.v2 import functional as F
    >>> boxes = tv_tensors.BoundingBoxes([[0, 0, 2, 2]], format="XYXY", canvas_size=(4, 8))
    >>> F.horizontal_flip(boxes)
    BoundingBoxes([[6, 0, 8, 2]], format=BoundingBoxFormat.XYXY, canvas_size=(4, 8), clamping_mode=soft)
"""

import numbers

import numpy as np
import PIL.Image

import penlight
from penlight import Tensor
from penlight.vision import tv_tensors
from penlight.vision.ops.boxes import box_convert
from penlight.vision.transforms import _functional_pil as F_pil
from penlight.vision.transforms import _functional_tensor as F_t
from penlight.vision.transforms import functional as v1
from penlight.vision.transforms.functional import InterpolationMode, pil_to_tensor, to_pil_image
from penlight.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat, KeyPoints, Mask, TVTensor, Video

_registered = {}  # (functional, class of tensor) -> kernel of a user's


def is_pure_tensor(inpt):
    """Tell whether it is a tensor that does not know what it holds."""
    return isinstance(inpt, Tensor) and not isinstance(inpt, TVTensor)


def register_kernel(functional, tv_tensor_cls):
    """Say how `functional` treats tensors of your class; used as a decorator. ValueError for the classes known here."""
    if isinstance(functional, str):
        functional = globals()[functional]
    if not (isinstance(tv_tensor_cls, type) and issubclass(tv_tensor_cls, TVTensor)):
        raise ValueError(
            f"Kernels can only be registered for subclasses of torchvision.tv_tensors.TVTensor, got {tv_tensor_cls}."
        )
    if tv_tensor_cls in (tv_tensors.Image, Mask, BoundingBoxes, KeyPoints, Video):
        raise ValueError(f"Kernels cannot be registered for the builtin tv_tensor classes, but got {tv_tensor_cls}")

    def remember(kernel):
        _registered[functional.__name__, tv_tensor_cls] = kernel
        return kernel

    return remember


def _call(name, inpt, args, kwargs, image=None, pil=None, mask=None, boxes=None, points=None):
    """Do the function for the kind of `inpt`.

    `boxes` and `points` are called with (numbers, what the input knows) and give numbers or (numbers, canvas size);
    boxes come as XYXY. A kind without a kernel passes unchanged.
    """
    if _registered:
        kernel = next((_registered[name, c] for c in type(inpt).__mro__ if (name, c) in _registered), None)
        if kernel is not None:
            return kernel(inpt, *args, **kwargs)
    if isinstance(inpt, PIL.Image.Image):
        return inpt if pil is None else pil(inpt, *args, **kwargs)
    if not isinstance(inpt, Tensor):
        raise TypeError(
            f"Functional F.{name} supports inputs of type Image, Video, Mask, BoundingBoxes, KeyPoints, a plain tensor "
            f"or a PIL image, but got {type(inpt)} instead."
        )
    if is_pure_tensor(inpt):
        return image(inpt, *args, **kwargs)
    plain = inpt.as_subclass(Tensor)
    if isinstance(inpt, BoundingBoxes):
        if boxes is None:
            return inpt
        return _wrap_moved(inpt, *_on_boxes(name, boxes, plain, inpt, args, kwargs))
    if isinstance(inpt, KeyPoints):
        if points is None:
            return inpt
        moved = points(plain, inpt.canvas_size, *args, **kwargs)
        return _wrap_moved(inpt, *(moved if isinstance(moved, tuple) else (moved, inpt.canvas_size)))
    kernel = mask if isinstance(inpt, Mask) else image
    return inpt if kernel is None else tv_tensors.wrap(kernel(plain, *args, **kwargs), like=inpt)


def _wrap_moved(inpt, numbers_, canvas_size):
    return tv_tensors.wrap(numbers_, like=inpt, canvas_size=tuple(canvas_size))


def _on_boxes(name, kernel, plain, inpt, args, kwargs):
    if tv_tensors.is_rotated_bounding_format(inpt.format):
        raise NotImplementedError(f"{name} moves straight boxes only: convert {inpt.format.value} to XYXY first")
    xyxy = _convert(plain, inpt.format.value.lower(), "xyxy")
    moved = kernel(xyxy, inpt.canvas_size, *args, **kwargs)
    moved, canvas = moved if isinstance(moved, tuple) else (moved, inpt.canvas_size)
    if inpt.clamping_mode is not None and name not in _NEVER_OUTSIDE:
        moved = _clamp(moved, canvas)
    return _convert(moved, "xyxy", inpt.format.value.lower()).to(plain.dtype), canvas


_NEVER_OUTSIDE = ("horizontal_flip", "vertical_flip", "resize")


def _clamp(xyxy, canvas):
    h, w = canvas
    return penlight.stack([xyxy[..., i].clamp(0, (w, h)[i % 2]) for i in range(4)], -1)


def _corners(xyxy):
    """(N * 4, 2): the corners of boxes, as floats."""
    x1, y1, x2, y2 = _float(xyxy).unbind(-1)
    return penlight.stack([x1, y1, x2, y1, x2, y2, x1, y2], -1).reshape(-1, 2)


def _around(corners):
    corners = corners.reshape(-1, 4, 2)
    return penlight.cat([corners.amin(dim=1), corners.amax(dim=1)], -1)


def _float(t):
    return t if t.is_floating_point() else t.to(penlight.float32)


def _boxes_from_points(move):
    """The kernel for boxes of a map of points: the straight box around the moved corners."""

    def kernel(xyxy, canvas, *args, **kwargs):
        moved = move(_corners(xyxy), canvas, *args, **kwargs)
        moved, canvas = moved if isinstance(moved, tuple) else (moved, canvas)
        return _around(moved), canvas

    return kernel


def _points(move):
    """The kernel for key points of a map of points."""

    def kernel(points, canvas, *args, **kwargs):
        moved = move(_float(points).reshape(-1, 2), canvas, *args, **kwargs)
        moved, canvas = moved if isinstance(moved, tuple) else (moved, canvas)
        return moved.reshape(points.shape).to(points.dtype), canvas

    return kernel


def _clamp_points(points, canvas):
    h, w = canvas
    return penlight.stack([points[..., 0].clamp(0, w - 1), points[..., 1].clamp(0, h - 1)], -1)


# ---- what an input is


def get_size(inpt):
    """Give [height, width] of a picture, or of the canvas of boxes."""
    if isinstance(inpt, (BoundingBoxes, KeyPoints)):
        return list(inpt.canvas_size)
    if isinstance(inpt, PIL.Image.Image):
        return [inpt.height, inpt.width]
    if not isinstance(inpt, Tensor):
        raise TypeError(f"Functional F.get_size supports pictures and boxes, but got {type(inpt)} instead.")
    return list(inpt.shape[-2:])


def get_dimensions(inpt):
    """Give [channels, height, width] of a picture."""
    return v1.get_dimensions(inpt)


def get_num_channels(inpt):
    """Give the number of channels of a picture."""
    return v1.get_image_num_channels(inpt)


def get_num_frames(inpt):
    """Give the number of pictures of a video (..., T, C, H, W)."""
    if not isinstance(inpt, Tensor):
        raise TypeError(f"Functional F.get_num_frames supports videos, but got {type(inpt)} instead.")
    return inpt.shape[-4]


get_image_num_channels = get_num_channels
get_image_size = v1.get_image_size


# ---- conversions


def to_image(inpt):
    """Make an `Image` of a PIL image, an array (H, W, C) or a tensor; the numbers stay."""
    if isinstance(inpt, np.ndarray):
        array = np.atleast_3d(inpt).transpose(2, 0, 1)
        return tv_tensors.Image(penlight.from_numpy(np.ascontiguousarray(array)))
    if isinstance(inpt, PIL.Image.Image):
        return tv_tensors.Image(pil_to_tensor(inpt))
    if isinstance(inpt, Tensor):
        return tv_tensors.Image(inpt.as_subclass(Tensor))
    raise TypeError(f"unable to convert {type(inpt)} to an image: give a PIL image, an array or a tensor")


def to_dtype(inpt, dtype=penlight.float32, scale=False):
    """Convert to another dtype; with `scale` the values of pictures go to its range (bytes 0..255, floats 0..1)."""
    image = lambda x: F_t.convert_image_dtype(x, dtype) if scale else x.to(dtype)
    same = lambda x: x.to(dtype)
    if isinstance(inpt, (BoundingBoxes, KeyPoints)):
        return inpt.to(dtype)
    return _call("to_dtype", inpt, (), {}, image, mask=same)


def convert_image_dtype(image, dtype=penlight.float32):
    """Convert to another dtype and range."""
    return to_dtype(image, dtype, scale=True)


def _convert(boxes, old, new):
    """`box_convert` that keeps whole numbers whole: half a width is rounded up."""
    if boxes.is_floating_point() or old == new or tv_tensors.is_rotated_bounding_format(old):
        return box_convert(boxes, old, new)
    if old == "cxcywh":
        size = boxes[..., 2:]
        low = boxes[..., :2] + (-size).div(2, rounding_mode="floor")
        boxes, old = penlight.cat([low, low + size], -1), "xyxy"
    if new == "cxcywh":
        boxes = box_convert(boxes, old, "xywh")
        low, size = boxes[..., :2], boxes[..., 2:]
        return penlight.cat([(low * 2 + size).div(2, rounding_mode="floor"), size], -1)
    return box_convert(boxes, old, new)


def _neither_tensor_nor_boxes(inpt):
    return TypeError(f"Input can either be a plain tensor or a bounding box tv_tensor, but got {type(inpt)} instead.")


def convert_bounding_box_format(inpt, old_format=None, new_format=None, inplace=False):
    """Write boxes in another format. A plain tensor needs `old_format`; `BoundingBoxes` know theirs."""
    if new_format is None:
        raise TypeError("convert_bounding_box_format() missing 1 required argument: 'new_format'")
    name = lambda f: (f.value if isinstance(f, BoundingBoxFormat) else f).lower()
    if isinstance(inpt, BoundingBoxes):
        if old_format is not None:
            raise ValueError("For bounding box tv_tensor inputs, `old_format` must not be passed.")
        out = _convert(inpt.as_subclass(Tensor), name(inpt.format), name(new_format))
        return tv_tensors.wrap(out, like=inpt, format=BoundingBoxFormat[name(new_format).upper()])
    if not is_pure_tensor(inpt):
        raise _neither_tensor_nor_boxes(inpt)
    if old_format is None:
        raise ValueError("For pure tensor inputs, `old_format` has to be passed.")
    return _convert(inpt, name(old_format), name(new_format))


def clamp_bounding_boxes(inpt, format=None, canvas_size=None, clamping_mode="auto"):
    """Cut boxes at the edges of the picture. A plain tensor needs `format` and `canvas_size`."""
    if isinstance(inpt, BoundingBoxes):
        if format is not None or canvas_size is not None:
            raise ValueError("For bounding box tv_tensor inputs, `format` and `canvas_size` must not be passed.")
        mode = inpt.clamping_mode if clamping_mode == "auto" else clamping_mode
        if mode is None:
            return inpt.clone()
        return tv_tensors.wrap(_clamped(inpt.as_subclass(Tensor), inpt.format, inpt.canvas_size), like=inpt)
    if not is_pure_tensor(inpt):
        raise _neither_tensor_nor_boxes(inpt)
    if format is None or canvas_size is None:
        raise ValueError("For pure tensor inputs, `format` and `canvas_size` have to be passed.")
    return inpt.clone() if clamping_mode is None else _clamped(inpt, format, canvas_size)


def _clamped(boxes, format, canvas_size):
    name = (format.value if isinstance(format, BoundingBoxFormat) else format).lower()
    if tv_tensors.is_rotated_bounding_format(name):
        raise NotImplementedError(f"clamp_bounding_boxes cuts straight boxes only: convert {name} to XYXY first")
    return _convert(_clamp(_convert(boxes, name, "xyxy"), canvas_size), "xyxy", name).to(boxes.dtype)


def clamp_keypoints(inpt, canvas_size=None):
    """Put points outside of the picture on its edge."""
    if isinstance(inpt, KeyPoints):
        return tv_tensors.wrap(_clamp_points(inpt.as_subclass(Tensor), inpt.canvas_size), like=inpt)
    if canvas_size is None:
        raise ValueError("For pure tensor inputs, `canvas_size` has to be passed.")
    return _clamp_points(inpt, canvas_size)


def sanitize_bounding_boxes(bounding_boxes, format=None, canvas_size=None, min_size=1.0, min_area=1.0):
    """Give (boxes that are large enough and inside of the picture, which ones those were)."""
    known = isinstance(bounding_boxes, BoundingBoxes)
    if known:
        format, canvas_size = bounding_boxes.format, bounding_boxes.canvas_size
    elif format is None or canvas_size is None:
        raise ValueError("format and canvas_size cannot be None if bounding_boxes is a pure tensor.")
    name = (format.value if isinstance(format, BoundingBoxFormat) else format).lower()
    plain = bounding_boxes.as_subclass(Tensor)
    x1, y1, x2, y2 = box_convert(plain, name, "xyxy").unbind(-1)
    (h, w), width, height = canvas_size, x2 - x1, y2 - y1
    valid = (width >= min_size) & (height >= min_size) & (width * height >= min_area)
    valid &= (x1 >= 0) & (x1 <= w) & (x2 >= 0) & (x2 <= w) & (y1 >= 0) & (y1 <= h) & (y2 >= 0) & (y2 <= h)
    kept = plain[valid]
    return (tv_tensors.wrap(kept, like=bounding_boxes) if known else kept), valid


# ---- size and place


def horizontal_flip(inpt):
    """Mirror left to right."""
    boxes = lambda b, canvas: penlight.stack([canvas[1] - b[:, 2], b[:, 1], canvas[1] - b[:, 0], b[:, 3]], -1)
    points = lambda p, canvas: penlight.stack([canvas[1] - 1 - p[..., 0], p[..., 1]], -1)
    return _call("horizontal_flip", inpt, (), {}, F_t.hflip, F_pil.hflip, F_t.hflip, boxes, points)


def vertical_flip(inpt):
    """Turn upside down."""
    boxes = lambda b, canvas: penlight.stack([b[:, 0], canvas[0] - b[:, 3], b[:, 2], canvas[0] - b[:, 1]], -1)
    points = lambda p, canvas: penlight.stack([p[..., 0], canvas[0] - 1 - p[..., 1]], -1)
    return _call("vertical_flip", inpt, (), {}, F_t.vflip, F_pil.vflip, F_t.vflip, boxes, points)


hflip, vflip = horizontal_flip, vertical_flip


def _mode(interpolation):
    if isinstance(interpolation, str):
        interpolation = InterpolationMode(interpolation.lower())
    return v1._interpolation(interpolation)


def resize(inpt, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True):
    """Give another size: (height, width), or one number for the shorter side.

    `size=None` with `max_size` gives the longer side that size.
    """
    mode = _mode(interpolation)
    if isinstance(size, int):
        size = [size]
    elif size is not None:
        size = list(size)
    old = get_size(inpt)
    new = v1._compute_resized_output_size(old, size, max_size, allow_size_none=True)

    def image(x):
        return x if list(x.shape[-2:]) == list(new) else F_t.resize(x, new, mode.value, antialias)

    def mask(x):
        flat = x.unsqueeze(0) if x.ndim == 2 else x
        out = F_t.resize(flat, new, "nearest-exact" if mode.value == "nearest-exact" else "nearest", False)
        return out.squeeze(0) if x.ndim == 2 else out

    ratio = penlight.tensor([new[1] / old[1], new[0] / old[0]])
    boxes = lambda b, canvas: (_float(b) * ratio.repeat(2).to(b.device), new)
    points = lambda p, canvas: ((p * ratio.to(p.device)).to(p.dtype), new)
    pil = lambda x: v1.resize(x, new, mode)
    return _call("resize", inpt, (), {}, image, pil, mask, boxes, points)


def crop(inpt, top, left, height, width):
    """Cut out a rectangle; what lies outside of the picture is black."""
    shift = penlight.tensor([left, top])
    boxes = lambda b, canvas: (b - shift.repeat(2).to(b), (height, width))
    points = lambda p, canvas: (p - shift.to(p), (height, width))
    image = lambda x: F_t.crop(x, top, left, height, width)
    pil = lambda x: F_pil.crop(x, top, left, height, width)
    return _call("crop", inpt, (), {}, image, pil, image, boxes, points)


def center_crop(inpt, output_size):
    """Cut out the middle, (height, width) or a square; a smaller picture gets a black border."""
    height, width = v1._pair(output_size)
    h, w = get_size(inpt)
    if (height > h or width > w) and not isinstance(inpt, (BoundingBoxes, KeyPoints)):
        x, y = max(width - w, 0), max(height - h, 0)
        inpt = pad(inpt, [x // 2, y // 2, (x + 1) // 2, (y + 1) // 2], fill=0)
        h, w = get_size(inpt)
        if (height, width) == (h, w):
            return inpt
    return crop(inpt, int(round((h - height) / 2.0)), int(round((w - width) / 2.0)), height, width)


def resized_crop(
    inpt, top, left, height, width, size, interpolation=InterpolationMode.BILINEAR, antialias=True
):
    """Cut out a rectangle and give it another size."""
    if isinstance(inpt, Mask):
        interpolation = InterpolationMode.NEAREST
    return resize(crop(inpt, top, left, height, width), size, interpolation, antialias=antialias)


def pad(inpt, padding, fill=None, padding_mode="constant"):
    """Add a border: constant (of `fill`), edge, reflect or symmetric; see the older `functional.pad`."""
    left, top, right, bottom = F_t.padding_sides(padding)

    def image(x):
        if isinstance(fill, (list, tuple)) and padding_mode == "constant":
            if len(fill) == 1:
                return F_t.pad(x, padding, fill[0], padding_mode)
            values = penlight.tensor(fill, dtype=x.dtype, device=x.device).view(-1, 1, 1)
            out = F_t.pad(x, padding, 0, padding_mode)
            inside = F_t.pad(penlight.ones(1, *x.shape[-2:], dtype=penlight.bool), padding, 0, padding_mode)
            return penlight.where(inside, out, values)
        return F_t.pad(x, padding, fill or 0, padding_mode)

    def moved(numbers_, canvas, shift):
        if padding_mode != "constant":
            raise ValueError(f"Padding mode '{padding_mode}' is not supported with bounding boxes")
        return numbers_ + shift.to(numbers_), (canvas[0] + top + bottom, canvas[1] + left + right)

    shift = penlight.tensor([left, top])
    boxes = lambda b, canvas: moved(b, canvas, shift.repeat(2))
    points = lambda p, canvas: moved(p, canvas, shift)
    pil = lambda x: F_pil.pad(x, padding, fill, padding_mode)
    def mask(x):
        if isinstance(fill, (list, tuple)):
            raise ValueError("Non-scalar fill value is not supported")
        return F_t.pad(x, padding, fill or 0, padding_mode)

    return _call("pad", inpt, (), {}, image, pil, mask, boxes, points)


def _cut(function, inpt, size, *more):
    if isinstance(inpt, (BoundingBoxes, KeyPoints, Mask)):
        return inpt
    out = function(inpt.as_subclass(Tensor) if isinstance(inpt, TVTensor) else inpt, size, *more)
    return tuple(tv_tensors.wrap(x, like=inpt) for x in out) if isinstance(inpt, TVTensor) else out


def five_crop(inpt, size):
    """Give the four corners and the middle of a picture."""
    return _cut(v1.five_crop, inpt, size)


def ten_crop(inpt, size, vertical_flip=False):
    """Give the five crops, and those of the mirrored picture."""
    return _cut(v1.ten_crop, inpt, size, vertical_flip)


# ---- geometry


def _geometric(name, inpt, image, pil, move):
    """A map of places: `image(x, mode)` on tensors, `move` on points; masks are read at the nearest pixel."""

    def mask(x):
        flat = x.unsqueeze(0) if x.ndim == 2 else x
        out = image(flat, InterpolationMode.NEAREST)
        return out.squeeze(0) if x.ndim == 2 else out

    return _call(name, inpt, (), {}, lambda x: image(x, None), pil, mask, _boxes_from_points(move), _points(move))


def _through(matrix, points):
    """Points (N, 2) through the six numbers of an affine map."""
    m = penlight.tensor(matrix, dtype=points.dtype, device=points.device).view(2, 3)
    return points @ m[:, :2].T + m[:, 2]



def affine(
    inpt, angle, translate, scale, shear, interpolation=InterpolationMode.NEAREST, fill=None, center=None
):
    """Turn clockwise by `angle` degrees, shift by [x, y] pixels, scale and shear."""
    mode, shear = _mode(interpolation), [shear, 0.0] if isinstance(shear, numbers.Number) else list(shear)
    shear = shear * 2 if len(shear) == 1 else shear
    image = lambda x, m: v1.affine(x, angle, list(translate), scale, shear, m or mode, fill, center)

    def move(points, canvas):
        middle = [canvas[1] * 0.5, canvas[0] * 0.5] if center is None else center
        return _through(v1._get_inverse_affine_matrix(middle, angle, translate, scale, shear, inverted=False), points)

    return _geometric("affine", inpt, image, lambda x: image(x, None), move)


def rotate(inpt, angle, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=None):
    """Turn counter-clockwise by `angle` degrees; with `expand` the result holds everything."""
    mode = _mode(interpolation)
    image = lambda x, m: v1.rotate(x, angle, m or mode, expand, center, fill)

    def move(points, canvas):
        h, w = canvas
        middle = [w * 0.5, h * 0.5] if center is None else center
        matrix = v1._get_inverse_affine_matrix(middle, -angle, [0.0, 0.0], 1.0, [0.0, 0.0], inverted=False)
        moved = _through(matrix, points)
        if not expand:
            return moved
        corners = points.new_tensor([[0.0, 0.0], [0.0, h], [w, h], [w, 0.0]])
        moved = moved - _through(matrix, corners).amin(dim=0)
        back = v1._get_inverse_affine_matrix([0.0, 0.0], -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
        new_w, new_h = F_t.expanded_size(back, w, h)
        return moved, (new_h, new_w)

    return _geometric("rotate", inpt, image, lambda x: image(x, None), move)


def perspective(
    inpt, startpoints, endpoints, interpolation=InterpolationMode.BILINEAR, fill=None, coefficients=None
):
    """Look aslant: the corners `startpoints` go to `endpoints`; or the eight `coefficients` of the map back."""
    if coefficients is not None:
        if startpoints is not None or endpoints is not None:
            raise ValueError("The startpoints/endpoints and the coefficients shouldn't be defined concurrently.")
        if len(coefficients) != 8:
            raise ValueError("Argument coefficients should have 8 float values")
    elif startpoints is None or endpoints is None:
        raise ValueError("Either the startpoints/endpoints or the coefficients must have non `None` values.")
    mode = _mode(interpolation)
    c = coefficients if coefficients is not None else v1._get_perspective_coeffs(startpoints, endpoints)

    def image(x, m):
        return F_t.perspective(x, c, (m or mode).value, fill)

    def move(points, canvas):
        forward = np.linalg.inv(np.array([c[:3], c[3:6], [c[6], c[7], 1.0]]))
        m = penlight.from_numpy(forward).to(points)
        moved = points @ m[:, :2].T + m[:, 2]
        return moved[:, :2] / moved[:, 2:]

    pil = lambda x: F_pil.perspective(x, c, v1.pil_modes_mapping[mode], fill)
    return _geometric("perspective", inpt, image, pil, move)


def elastic(inpt, displacement, interpolation=InterpolationMode.BILINEAR, fill=None):
    """Move every pixel by its own `displacement` (1, H, W, 2), in halves of the picture's size."""
    mode = _mode(interpolation)
    image = lambda x, m: v1.elastic_transform(x, displacement, m or mode, fill)

    def move(points, canvas):
        h, w = canvas
        grid = F_t.identity_grid((h, w), device=points.device).to(points) - displacement.to(points)
        place = points.ceil().to(penlight.int64)
        x, y = place[:, 0].clamp(0, w - 1), place[:, 1].clamp(0, h - 1)
        return (grid[0, y, x] + 1) * points.new_tensor([0.5 * w, 0.5 * h]) - 0.5

    return _geometric("elastic", inpt, image, lambda x: image(x, None), move)


elastic_transform = elastic


# ---- colour and values: masks, boxes and points pass unchanged


def _values(name, same=None):
    """A function on pictures only, which the older functional module has under the same name."""
    function = same or getattr(v1, name)

    def functional(inpt, *args, **kwargs):
        return _call(name, inpt, args, kwargs, function, function)

    functional.__name__ = functional.__qualname__ = name
    functional.__doc__ = function.__doc__.split("\n")[0]
    return functional


def _mix(image1, image2, ratio):
    out = image1.mul(ratio).add(image2, alpha=1.0 - ratio).clamp(0, F_t._max_value(image1.dtype))
    return out.to(image1.dtype)


def _gray_floats(image):
    r, g, b = image.unbind(dim=-3)
    return r.mul(0.2989).add(g, alpha=0.587).add(b, alpha=0.114).unsqueeze(-3)


# These four round otherwise than the older functions, by one step at most.


def _brightness(image, brightness_factor):
    """Make the picture brighter: 0 is black, 1 changes nothing, 2 doubles."""
    if not isinstance(image, Tensor) or brightness_factor < 0:
        return v1.adjust_brightness(image, brightness_factor)
    return image.mul(float(brightness_factor)).clamp(0, F_t._max_value(image.dtype)).to(image.dtype)


def _saturation(image, saturation_factor):
    """Change how strong the colours are: 0 is black and white, 1 changes nothing, 2 doubles."""
    if not isinstance(image, Tensor) or saturation_factor < 0 or image.shape[-3] != 3:
        return v1.adjust_saturation(image, saturation_factor)
    gray = _gray_floats(image)
    return _mix(image, gray if image.is_floating_point() else gray.floor(), float(saturation_factor))


def _sharpness(image, sharpness_factor):
    """Change the sharpness: 0 is blurred, 1 changes nothing, 2 sharpens."""
    if not isinstance(image, Tensor) or sharpness_factor < 0 or min(image.shape[-2:]) <= 2:
        return v1.adjust_sharpness(image, sharpness_factor)
    blurred = _float(v1.adjust_sharpness(image, 0.0))
    out = _float(image)
    out = out.add(blurred.sub(out), alpha=1.0 - float(sharpness_factor))
    return out.clamp(0, F_t._max_value(image.dtype)).to(image.dtype)


def _autocontrast(image):
    """Stretch each channel so that its darkest pixel is black and its lightest white."""
    if not isinstance(image, Tensor):
        return v1.autocontrast(image)
    bound, x = F_t._max_value(image.dtype), _float(image)
    low, high = x.amin(dim=(-2, -1), keepdim=True), x.amax(dim=(-2, -1), keepdim=True)
    flat = low == high
    step = penlight.where(flat, 1.0, high.sub(low).mul(1.0 / bound))
    return x.sub(penlight.where(flat, 0.0, low)).div(step).clamp(0, bound).to(image.dtype)


adjust_brightness = _values("adjust_brightness", _brightness)
adjust_contrast = _values("adjust_contrast")
adjust_saturation = _values("adjust_saturation", _saturation)
adjust_hue = _values("adjust_hue")
adjust_gamma = _values("adjust_gamma")
adjust_sharpness = _values("adjust_sharpness", _sharpness)
gaussian_blur = _values("gaussian_blur")
invert = _values("invert")
autocontrast = _values("autocontrast", _autocontrast)
_gray = _values("rgb_to_grayscale")


def rgb_to_grayscale(inpt, num_output_channels=1):
    """Take the colour out of a picture; a video passes unchanged."""
    return inpt if isinstance(inpt, Video) else _gray(inpt, num_output_channels)


to_grayscale = rgb_to_grayscale


def _posterize(image, bits):
    """Keep the first `bits` bits of each value."""
    if isinstance(image, Tensor) and image.is_floating_point():
        levels = 1 << bits
        return image.mul(levels).floor().clamp(0, levels - 1).mul(1.0 / levels)
    return v1.posterize(image, bits)


def _equalize(image):
    """Change the values so that each occurs about equally often."""
    if isinstance(image, Tensor):
        if image.is_floating_point():
            whole = F_t.convert_image_dtype(image, penlight.uint8)
            return F_t.convert_image_dtype(F_t.equalize_channels(whole), image.dtype)
        return F_t.equalize_channels(image)
    return v1.equalize(image)


posterize = _values("posterize", _posterize)
equalize = _values("equalize", _equalize)
solarize = _values("solarize")


def normalize(inpt, mean, std, inplace=False):
    """Give (picture - mean) / std, channel by channel; for float tensors."""
    if isinstance(inpt, PIL.Image.Image):
        raise TypeError(f"img should be Tensor Image. Got {type(inpt)}")
    return _call("normalize", inpt, (mean, std, inplace), {}, v1.normalize)


def grayscale_to_rgb(inpt):
    """Make three equal channels of one; a picture in colour stays."""
    image = lambda x: x if x.shape[-3] >= 3 else x.expand(*x.shape[:-3], 3, *x.shape[-2:]).clone()
    return _call("grayscale_to_rgb", inpt, (), {}, image, lambda x: x.convert("RGB"))


def permute_channels(inpt, permutation):
    """Put the channels into another order."""
    image = lambda x: x[..., list(permutation), :, :]
    pil = lambda x: to_pil_image(pil_to_tensor(x)[list(permutation)])
    return _call("permute_channels", inpt, (), {}, image, pil)


def gaussian_noise(inpt, mean=0.0, sigma=0.1, clip=True):
    """Add normal noise to float pictures, kept within 0 to 1 with `clip`; bytes get it in their range."""
    if sigma < 0:
        raise ValueError(f"sigma shouldn't be negative. Got {sigma}")

    def image(x):
        if x.is_floating_point():
            out = x + (mean + penlight.randn_like(x) * sigma)
            return out.clamp(0, 1) if clip else out
        if x.dtype != penlight.uint8:
            raise ValueError(f"Input tensor is expected to be in uint8 or float dtype, got dtype={x.dtype}")
        noise = (mean * 255 + penlight.randn_like(x, dtype=penlight.float32) * sigma * 255).to(penlight.int16)
        out = x.to(penlight.int16) + noise
        return (out.clamp(0, 255) if clip else out).to(penlight.uint8)

    return _call("gaussian_noise", inpt, (), {}, image, _no_pil("Gaussian Noise"))


def _no_pil(name):
    def refuse(image):
        raise ValueError(f"{name} is not implemented for PIL images.")

    return refuse


def jpeg(image, quality):
    """Write the uint8 picture as a JPEG of this quality and read it again."""
    from penlight.vision import io

    def tensor(x):
        flat = x.reshape(-1, *x.shape[-3:])
        out = [io.decode_jpeg(io.encode_jpeg(one, quality)) for one in flat]
        return penlight.stack(out).reshape(x.shape) if out else x.clone()

    return _call("jpeg", image, (), {}, tensor, lambda x: to_pil_image(tensor(pil_to_tensor(x)), mode=x.mode))


def erase(inpt, i, j, h, w, v, inplace=False):
    """Write `v` over a rectangle of a picture."""

    def pil(x):
        return to_pil_image(v1.erase(pil_to_tensor(x), i, j, h, w, v, inplace), mode=x.mode)

    return _call("erase", inpt, (i, j, h, w, v, inplace), {}, v1.erase, lambda x, *args: pil(x))


def uniform_temporal_subsample(inpt, num_samples):
    """Take `num_samples` pictures of a video (..., T, C, H, W), evenly spread."""

    def video(x):
        at = penlight.linspace(0, x.shape[-4] - 1, num_samples, device=x.device).long()
        return penlight.index_select(x, -4, at)

    return _call("uniform_temporal_subsample", inpt, (), {}, video)


def to_tensor(inpt):
    """Make a float tensor (C, H, W) from 0.0 to 1.0 of a PIL image or an array; `to_image` is the newer way."""
    return v1.to_tensor(inpt)
