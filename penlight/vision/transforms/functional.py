"""The transforms as functions with nothing random in them, for PIL images and for tensors (..., C, H, W).

Example:
    >>> from penlight.vision.transforms import functional as F
    >>> F.hflip(torch.tensor([[[1, 2, 3]]]))
    tensor([[[3, 2, 1]]])
"""

import math
import numbers
import sys
import warnings
from enum import Enum

import numpy as np
from PIL import Image

import penlight
from penlight import Tensor
from penlight.vision.transforms import _functional_pil as F_pil
from penlight.vision.transforms import _functional_tensor as F_t


class InterpolationMode(Enum):
    """How the value between pixels is found: NEAREST takes the nearest one, BILINEAR and the others weigh several.

    BOX, HAMMING and LANCZOS are for PIL images only.

    >>> InterpolationMode("bilinear")
    <InterpolationMode.BILINEAR: 'bilinear'>
    """

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


pil_modes_mapping = {
    InterpolationMode.NEAREST: 0,
    InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3,
    InterpolationMode.NEAREST_EXACT: 0,
    InterpolationMode.BOX: 4,
    InterpolationMode.HAMMING: 5,
    InterpolationMode.LANCZOS: 1,
}
_FROM_INT = {n: mode for mode, n in pil_modes_mapping.items() if mode is not InterpolationMode.NEAREST_EXACT}


def _interpolation_modes_from_int(i):
    return _FROM_INT[i]


def _interpolation(mode):
    if isinstance(mode, int):
        return _FROM_INT[mode]
    if not isinstance(mode, InterpolationMode):
        raise TypeError(
            "Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant"
        )
    return mode


def _kernels(img):
    return F_t if isinstance(img, Tensor) else F_pil


def get_dimensions(img):
    """Give [channels, height, width] of a picture.

    >>> get_dimensions(torch.zeros(3, 4, 5))
    [3, 4, 5]
    """
    return _kernels(img).get_dimensions(img)


def get_image_size(img):
    """Give [width, height] of a picture.

    >>> get_image_size(torch.zeros(3, 4, 5))
    [5, 4]
    """
    return _kernels(img).get_image_size(img)


def get_image_num_channels(img):
    """Give the number of channels of a picture.

    >>> get_image_num_channels(torch.zeros(3, 4, 5))
    3
    """
    return _kernels(img).get_image_num_channels(img)


def _is_numpy(img):
    return isinstance(img, np.ndarray)


# ---- conversions


def to_tensor(pic):
    """Turn a PIL image or an array (H, W, C) into a tensor (C, H, W); bytes become floats from 0.0 to 1.0.

    Other dtypes keep their values. TypeError for anything else, ValueError for an array that is not 2-D or 3-D.

    >>> to_tensor(np.array([[0, 51, 255]], dtype="uint8"))
    tensor([[[0.0000, 0.2000, 1.0000]]])
    """
    if not (F_pil._is_pil_image(pic) or _is_numpy(pic)):
        raise TypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    if _is_numpy(pic):
        if pic.ndim not in (2, 3):
            raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        array = pic[:, :, None] if pic.ndim == 2 else pic
    else:
        kind = {"I": np.int32, "I;16": np.int16 if sys.byteorder == "little" else ">i2", "F": np.float32}.get(pic.mode)
        array = np.array(pic, kind, copy=True)
        if pic.mode == "1":
            array = 255 * array.astype(np.uint8)
        array = array.reshape(pic.height, pic.width, len(pic.getbands()))
    tensor = penlight.from_numpy(np.ascontiguousarray(array.transpose(2, 0, 1)))
    if tensor.dtype == penlight.uint8:
        return tensor.to(penlight.get_default_dtype()).div(255)
    if _is_numpy(pic) and tensor.data_ptr() == pic.ctypes.data:  # the caller's array stays the caller's
        return tensor.clone()
    return tensor


def pil_to_tensor(pic):
    """Turn a PIL image into a tensor (C, H, W) of the same numbers, not scaled.

    >>> pil_to_tensor(Image.new("L", (2, 1), 7))
    tensor([[[7, 7]]], dtype=torch.uint8)
    """
    if not F_pil._is_pil_image(pic):
        raise TypeError(f"pic should be PIL Image. Got {type(pic)}")
    array = np.array(pic, copy=True)
    return penlight.from_numpy(array).view(pic.height, pic.width, len(pic.getbands())).permute(2, 0, 1)


def convert_image_dtype(image, dtype=penlight.float32):
    """Convert a tensor image to another dtype and scale its values to the new range (bytes 0..255, floats 0..1).

    RuntimeError where the new integer dtype holds more steps than the float can tell apart.

    >>> convert_image_dtype(torch.tensor([[[0, 255]]], dtype=torch.uint8))
    tensor([[[0., 1.]]])
    """
    if not isinstance(image, Tensor):
        raise TypeError("Input img should be Tensor Image")
    return F_t.convert_image_dtype(image, dtype)


_PIL_MODES = {  # channels -> (the mode taken, further ones that may be asked for)
    2: ("LA", ["LA"]),
    3: ("RGB", ["RGB", "YCbCr", "HSV"]),
    4: ("RGBA", ["RGBA", "CMYK", "RGBX"]),
}
_PIL_GRAY = {"uint8": "L", "int16": "I;16", "uint16": "I;16", "int32": "I", "float32": "F"}


def to_pil_image(pic, mode=None):
    """Turn a tensor (C, H, W) or an array (H, W, C) into a PIL image; floats are taken as 0.0 to 1.0.

    `mode` is Pillow's; None guesses it from the number of channels and the dtype. ValueError where they do not fit.

    >>> to_pil_image(torch.rand(3, 4, 5)).size
    (5, 4)
    """
    if not (isinstance(pic, Tensor) or _is_numpy(pic)):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if pic.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    if isinstance(pic, Tensor):
        if pic.ndim == 2:
            pic = pic.unsqueeze(0)
        _at_most_four(pic.shape[-3])
        if pic.is_floating_point() and mode != "F":
            pic = pic.mul(255).byte()
        array = np.transpose(pic.detach().cpu().numpy(), (1, 2, 0))
    else:
        array = pic[:, :, None] if pic.ndim == 2 else pic
        _at_most_four(array.shape[-1])
    if array.shape[2] == 1:
        array = array[:, :, 0]
        expected = _PIL_GRAY.get(str(array.dtype))
        if mode is not None and mode != expected:
            kind = array.dtype.type
            raise ValueError(f"Incorrect mode ({mode}) supplied for input type {kind}. Should be {expected}")
        mode = expected
    else:
        default, permitted = _PIL_MODES[array.shape[2]]
        if mode is not None and mode not in permitted:
            raise ValueError(f"Only modes {permitted} are supported for {array.shape[2]}D inputs")
        mode = (mode or default) if array.dtype == np.uint8 else None
    if mode is None:
        raise TypeError(f"Input type {array.dtype} is not supported")
    return Image.frombytes(mode, (array.shape[1], array.shape[0]), np.ascontiguousarray(array).tobytes())


def _at_most_four(channels):
    if channels > 4:
        raise ValueError(f"pic should not have > 4 channels. Got {channels} channels.")


def normalize(tensor, mean, std, inplace=False):
    """Give (tensor - mean) / std for each channel of a float tensor image (..., C, H, W).

    TypeError for a PIL image: `to_tensor` comes first. ValueError where a std is zero.

    >>> normalize(torch.tensor([[[1.0]], [[2.0]]]), [0.0, 1.0], [2.0, 2.0]).flatten()
    tensor([0.5000, 0.5000])
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    return F_t.normalize(tensor, mean, std, inplace)


# ---- size and place


def _compute_resized_output_size(image_size, size, max_size=None, allow_size_none=False):
    h, w = image_size
    short, long = (w, h) if w <= h else (h, w)
    if size is None:
        if not allow_size_none:
            raise ValueError("This should never happen!!")
        if not isinstance(max_size, int):
            raise ValueError(f"max_size must be an integer when size is None, but got {max_size} instead.")
        new_short, new_long = int(max_size * short / long), max_size
    elif len(size) == 1:
        requested = size if isinstance(size, int) else size[0]
        new_short, new_long = requested, int(requested * long / short)
        if max_size is not None:
            if max_size <= requested:
                raise ValueError(
                    f"max_size = {max_size} must be strictly greater than the requested "
                    f"size for the smaller edge size = {size}"
                )
            if new_long > max_size:
                new_short, new_long = int(max_size * new_short / new_long), max_size
    else:
        return [size[0], size[1]]
    return [new_long, new_short] if w <= h else [new_short, new_long]


def resize(img, size, interpolation=InterpolationMode.BILINEAR, max_size=None, antialias=True):
    """Give the picture another size: `size` is (height, width), or one number for the shorter side.

    `max_size` bounds the longer side. `antialias` (always on for PIL images) averages where the picture gets smaller.

    >>> resize(torch.rand(3, 20, 40), 10).shape
    torch.Size([3, 10, 20])
    """
    interpolation = _interpolation(interpolation)
    if isinstance(size, (list, tuple)):
        if len(size) not in (1, 2):
            raise ValueError(
                f"Size must be an int or a 1 or 2 element tuple/list, not a {len(size)} element tuple/list"
            )
        if max_size is not None and len(size) != 1:
            raise ValueError(
                "max_size should only be passed if size specifies the length of the smaller edge, "
                "i.e. size should be an int or a sequence of length 1 in torchscript mode."
            )
    _, h, w = get_dimensions(img)
    output_size = _compute_resized_output_size((h, w), [size] if isinstance(size, int) else size, max_size)
    if [h, w] == list(output_size):
        return img
    if isinstance(img, Tensor):
        return F_t.resize(img, output_size, interpolation.value, antialias)
    if antialias is False:
        warnings.warn(
            "Anti-alias option is always applied for PIL Image input. Argument antialias is ignored.", stacklevel=2
        )
    return F_pil.resize(img, output_size, pil_modes_mapping[interpolation])


def pad(img, padding, fill=0, padding_mode="constant"):
    """Add a border: one number, [left/right, top/bottom] or [left, top, right, bottom] pixels.

    `padding_mode` is "constant" (of `fill`), "edge", "reflect" (without the edge) or "symmetric" (with it).

    >>> pad(torch.ones(1, 1, 2), [1, 0], fill=7)
    tensor([[[7., 1., 1., 7.]]])
    """
    if isinstance(img, Tensor):
        return F_t.pad(img, padding, fill, padding_mode)
    return F_pil.pad(img, padding, fill, padding_mode)


def crop(img, top, left, height, width):
    """Cut out the rectangle of `height` x `width` whose upper left pixel is (top, left); outside is black.

    >>> crop(torch.arange(9).view(1, 3, 3), 1, 1, 2, 2)
    tensor([[[4, 5],
             [7, 8]]])
    """
    return _kernels(img).crop(img, top, left, height, width)


def _pair(size):
    if isinstance(size, numbers.Number):
        return int(size), int(size)
    return (size[0], size[0]) if len(size) == 1 else tuple(size)


def center_crop(img, output_size):
    """Cut out the middle, (height, width) or a square of one number; a smaller picture gets a black border first.

    >>> center_crop(torch.arange(9).view(1, 3, 3), 1)
    tensor([[[4]]])
    """
    ch, cw = _pair(output_size)
    _, h, w = get_dimensions(img)
    if cw > w or ch > h:
        x, y = max(cw - w, 0), max(ch - h, 0)
        img = pad(img, [x // 2, y // 2, (x + 1) // 2, (y + 1) // 2], fill=0)
        _, h, w = get_dimensions(img)
        if cw == w and ch == h:
            return img
    return crop(img, int(round((h - ch) / 2.0)), int(round((w - cw) / 2.0)), ch, cw)


def resized_crop(img, top, left, height, width, size, interpolation=InterpolationMode.BILINEAR, antialias=True):
    """Cut out a rectangle and give it another size.

    >>> resized_crop(torch.rand(3, 9, 9), 1, 1, 5, 5, [8, 8]).shape
    torch.Size([3, 8, 8])
    """
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def hflip(img):
    """Mirror the picture left to right.

    >>> hflip(torch.tensor([[[1, 2]]]))
    tensor([[[2, 1]]])
    """
    return _kernels(img).hflip(img)


def vflip(img):
    """Turn the picture upside down.

    >>> vflip(torch.tensor([[[1], [2]]]))
    tensor([[[2],
             [1]]])
    """
    return _kernels(img).vflip(img)


def five_crop(img, size):
    """Give the four corners and the middle, each of `size`: (top left, top right, bottom left, bottom right, centre).

    >>> [p.item() for p in five_crop(torch.arange(9).view(1, 3, 3), 1)]
    [0, 2, 6, 8, 4]
    """
    if not isinstance(size, numbers.Number) and len(size) not in (1, 2):
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    ch, cw = _pair(size)
    _, h, w = get_dimensions(img)
    if cw > w or ch > h:
        raise ValueError(f"Requested crop size {(ch, cw)} is bigger than input size {(h, w)}")
    corners = [crop(img, top, left, ch, cw) for top in (0, h - ch) for left in (0, w - cw)]
    return (*corners, center_crop(img, [ch, cw]))


def ten_crop(img, size, vertical_flip=False):
    """Give the five crops and those of the mirrored picture (upside down with `vertical_flip`).

    >>> [p.item() for p in ten_crop(torch.arange(9).view(1, 3, 3), 1)]
    [0, 2, 6, 8, 4, 2, 0, 8, 6, 4]
    """
    size = _pair(size) if isinstance(size, numbers.Number) else size
    return five_crop(img, size) + five_crop(vflip(img) if vertical_flip else hflip(img), size)


# ---- geometry


def _get_perspective_coeffs(startpoints, endpoints):
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            f"Please provide exactly four corners, got {len(startpoints)} startpoints and {len(endpoints)} endpoints."
        )
    rows = []
    for (sx, sy), (ex, ey) in zip(startpoints, endpoints):
        rows.append([ex, ey, 1, 0, 0, 0, -sx * ex, -sx * ey])
        rows.append([0, 0, 0, ex, ey, 1, -sy * ex, -sy * ey])
    wanted = np.array(startpoints, np.float64).reshape(8)
    return np.linalg.lstsq(np.array(rows, np.float64), wanted, rcond=None)[0].astype(np.float32).tolist()


def perspective(img, startpoints, endpoints, interpolation=InterpolationMode.BILINEAR, fill=None):
    """Look at the picture aslant: the four corners `startpoints` ([x, y] each) go to `endpoints`.

    >>> x = torch.rand(1, 4, 4)
    >>> corners = [[0, 0], [3, 0], [3, 3], [0, 3]]
    >>> torch.allclose(perspective(x, corners, corners), x, atol=1e-4)
    True
    """
    interpolation = _interpolation(interpolation)
    coeffs = _get_perspective_coeffs(startpoints, endpoints)
    if isinstance(img, Tensor):
        return F_t.perspective(img, coeffs, interpolation.value, fill)
    return F_pil.perspective(img, coeffs, pil_modes_mapping[interpolation], fill)


def _get_inverse_affine_matrix(center, angle, translate, scale, shear, inverted=True):
    """Six numbers: the matrix from the result's pixels back to the picture's (or, not `inverted`, forward)."""
    rot, sx, sy = math.radians(angle), math.radians(shear[0]), math.radians(shear[1])
    cx, cy = center
    tx, ty = translate
    a = math.cos(rot - sy) / math.cos(sy)
    b = -math.cos(rot - sy) * math.tan(sx) / math.cos(sy) - math.sin(rot)
    c = math.sin(rot - sy) / math.cos(sy)
    d = -math.sin(rot - sy) * math.tan(sx) / math.cos(sy) + math.cos(rot)
    if inverted:
        m = [x / scale for x in (d, -b, 0.0, -c, a, 0.0)]
        m[2] += m[0] * (-cx - tx) + m[1] * (-cy - ty) + cx
        m[5] += m[3] * (-cx - tx) + m[4] * (-cy - ty) + cy
    else:
        m = [x * scale for x in (a, b, 0.0, c, d, 0.0)]
        m[2] += m[0] * -cx + m[1] * -cy + cx + tx
        m[5] += m[3] * -cx + m[4] * -cy + cy + ty
    return m


def rotate(img, angle, interpolation=InterpolationMode.NEAREST, expand=False, center=None, fill=None):
    """Turn the picture counter-clockwise by `angle` degrees around `center` ([x, y]; None is the middle).

    With `expand` the result grows so that it holds everything. `fill` colours what is new.

    >>> rotate(torch.tensor([[[1.0, 2.0], [3.0, 4.0]]]), 90)
    tensor([[[2., 4.],
             [1., 3.]]])
    """
    interpolation = _interpolation(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    if not isinstance(img, Tensor):
        return F_pil.rotate(img, angle, pil_modes_mapping[interpolation], expand, center, fill)
    middle = [0.0, 0.0]
    if center is not None:
        _, h, w = get_dimensions(img)
        middle = [1.0 * (c - s * 0.5) for c, s in zip(center, [w, h])]
    matrix = _get_inverse_affine_matrix(middle, -angle, [0.0, 0.0], 1.0, [0.0, 0.0])
    return F_t.rotate(img, matrix, interpolation.value, expand, fill)


def affine(
    img, angle, translate, scale, shear, interpolation=InterpolationMode.NEAREST, fill=None, center=None
):
    """Turn clockwise by `angle` degrees, shift by `translate` [x, y] pixels, scale, and shear by degrees.

    >>> affine(torch.tensor([[[1.0, 2.0, 3.0]]]), 0, [1, 0], 1.0, [0.0, 0.0])
    tensor([[[0., 1., 2.]]])
    """
    interpolation = _interpolation(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(translate, (list, tuple)):
        raise TypeError("Argument translate should be a sequence")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    if not isinstance(shear, (numbers.Number, list, tuple)):
        raise TypeError("Shear should be either a single value or a sequence of two values")
    shear = [float(s) for s in (shear if isinstance(shear, (list, tuple)) else [shear, 0.0])]
    if len(shear) == 1:
        shear = [shear[0], shear[0]]
    if len(shear) != 2:
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    if center is not None and not isinstance(center, (list, tuple)):
        raise TypeError("Argument center should be a sequence")
    _, h, w = get_dimensions(img)
    if not isinstance(img, Tensor):
        middle = [w * 0.5, h * 0.5] if center is None else center
        matrix = _get_inverse_affine_matrix(middle, float(angle), list(translate), scale, shear)
        return F_pil.affine(img, matrix, pil_modes_mapping[interpolation], fill)
    middle = [0.0, 0.0] if center is None else [1.0 * (c - s * 0.5) for c, s in zip(center, [w, h])]
    matrix = _get_inverse_affine_matrix(middle, float(angle), [1.0 * t for t in translate], scale, shear)
    return F_t.affine(img, matrix, interpolation.value, fill)


def elastic_transform(img, displacement, interpolation=InterpolationMode.BILINEAR, fill=None):
    """Move every pixel by its own `displacement` (1, H, W, 2), in halves of the picture's size.

    >>> x = torch.rand(1, 3, 3)
    >>> torch.allclose(elastic_transform(x, torch.zeros(1, 3, 3, 2)), x, atol=1e-5)
    True
    """
    interpolation = _interpolation(interpolation)
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    tensor = img
    if not isinstance(img, Tensor):
        F_pil._check(img)
        tensor = pil_to_tensor(img)
    expected = (1, *tensor.shape[-2:], 2)
    if expected != tuple(displacement.shape):
        raise ValueError(f"Argument displacement shape should be {expected}, but given {displacement.shape}")
    out = F_t.elastic_transform(tensor, displacement, interpolation.value, fill)
    return out if tensor is img else to_pil_image(out, mode=img.mode)


# ---- colour


def adjust_brightness(img, brightness_factor):
    """Make the picture brighter: 0 is black, 1 changes nothing, 2 doubles.

    >>> adjust_brightness(torch.full((1, 1, 1), 0.25), 2)
    tensor([[[0.5000]]])
    """
    return _kernels(img).adjust_brightness(img, brightness_factor)


def adjust_contrast(img, contrast_factor):
    """Change the contrast: 0 is all gray, 1 changes nothing, 2 doubles.

    >>> adjust_contrast(torch.tensor([[[0.25, 0.75]]]), 0)
    tensor([[[0.5000, 0.5000]]])
    """
    return _kernels(img).adjust_contrast(img, contrast_factor)


def adjust_saturation(img, saturation_factor):
    """Change how strong the colours are: 0 is black and white, 1 changes nothing, 2 doubles.

    >>> adjust_saturation(torch.rand(3, 2, 2), 0).std(0).max() < 1e-6
    tensor(True)
    """
    return _kernels(img).adjust_saturation(img, saturation_factor)


def adjust_hue(img, hue_factor):
    """Shift all colours along the circle of hues, by -0.5 (half a turn back) to 0.5.

    >>> adjust_hue(torch.tensor([1.0, 0.0, 0.0]).view(3, 1, 1), 0.5).flatten()
    tensor([0., 1., 1.])
    """
    return _kernels(img).adjust_hue(img, hue_factor)


def adjust_gamma(img, gamma, gain=1):
    """Give gain * img ** gamma on the range 0 to 1: above 1 the shadows get darker, below 1 lighter.

    >>> adjust_gamma(torch.full((1, 1, 1), 0.5), 2)
    tensor([[[0.2500]]])
    """
    return _kernels(img).adjust_gamma(img, gamma, gain)


def adjust_sharpness(img, sharpness_factor):
    """Change the sharpness: 0 is blurred, 1 changes nothing, 2 sharpens.

    >>> adjust_sharpness(torch.ones(1, 3, 3), 2).mean()
    tensor(1.)
    """
    return _kernels(img).adjust_sharpness(img, sharpness_factor)


def to_grayscale(img, num_output_channels=1):
    """Take the colour out of a PIL image; the result has one band, or three equal ones.

    >>> to_grayscale(Image.new("RGB", (2, 2))).mode
    'L'
    """
    if isinstance(img, Image.Image):
        return F_pil.to_grayscale(img, num_output_channels)
    raise TypeError("Input should be PIL Image")


def rgb_to_grayscale(img, num_output_channels=1):
    """Take the colour out of a picture; the result has one channel, or three equal ones.

    >>> rgb_to_grayscale(torch.rand(3, 2, 2)).shape
    torch.Size([1, 2, 2])
    """
    if isinstance(img, Tensor):
        return F_t.rgb_to_grayscale(img, num_output_channels)
    return to_grayscale(img, num_output_channels)


def invert(img):
    """Give the negative.

    >>> invert(torch.tensor([[[0, 255]]], dtype=torch.uint8))
    tensor([[[255,   0]]], dtype=torch.uint8)
    """
    return _kernels(img).invert(img)


def posterize(img, bits):
    """Keep the first `bits` (0 to 8) bits of each byte, so that few colours remain.

    >>> posterize(torch.tensor([[[255]]], dtype=torch.uint8), 1)
    tensor([[[128]]], dtype=torch.uint8)
    """
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    return _kernels(img).posterize(img, bits)


def solarize(img, threshold):
    """Give the negative of every pixel value at or above `threshold`.

    >>> solarize(torch.tensor([[[10, 200]]], dtype=torch.uint8), 128)
    tensor([[[10, 55]]], dtype=torch.uint8)
    """
    return _kernels(img).solarize(img, threshold)


def autocontrast(img):
    """Stretch each channel so that its darkest pixel is black and its lightest white.

    >>> autocontrast(torch.tensor([[[0.25, 0.5, 0.75]]]))
    tensor([[[0.0000, 0.5000, 1.0000]]])
    """
    return _kernels(img).autocontrast(img)


def equalize(img):
    """Change the values so that each occurs about equally often (uint8 tensors and PIL images).

    >>> equalize(torch.arange(256, dtype=torch.uint8).view(1, 16, 16)).shape
    torch.Size([1, 16, 16])
    """
    return _kernels(img).equalize(img)


def gaussian_blur(img, kernel_size, sigma=None):
    """Blur with a bell curve: `kernel_size` odd (one number or [x, y]), `sigma` its width in pixels.

    Without `sigma` it is 0.3 * ((kernel_size - 1) * 0.5 - 1) + 0.8.

    >>> gaussian_blur(torch.ones(1, 5, 5), 3).sum().round()
    tensor(25.)
    """
    if not isinstance(kernel_size, (int, list, tuple)):
        raise TypeError(f"kernel_size should be int or a sequence of integers. Got {type(kernel_size)}")
    kernel_size = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if len(kernel_size) != 2:
        raise ValueError(f"If kernel_size is a sequence its length should be 2. Got {len(kernel_size)}")
    for k in kernel_size:
        if k % 2 == 0 or k < 0:
            raise ValueError(f"kernel_size should have odd and positive integers. Got {kernel_size}")
    if sigma is None:
        sigma = [k * 0.15 + 0.35 for k in kernel_size]
    if not isinstance(sigma, (int, float, list, tuple)):
        raise TypeError(f"sigma should be either float or sequence of floats. Got {type(sigma)}")
    sigma = [float(sigma)] * 2 if isinstance(sigma, (int, float)) else list(sigma)
    if len(sigma) == 1:
        sigma = [sigma[0], sigma[0]]
    if len(sigma) != 2:
        raise ValueError(f"If sigma is a sequence, its length should be 2. Got {len(sigma)}")
    for s in sigma:
        if s <= 0.0:
            raise ValueError(f"sigma should have positive values. Got {sigma}")
    if isinstance(img, Tensor):
        return F_t.gaussian_blur(img, kernel_size, sigma)
    F_pil._check(img)
    return to_pil_image(F_t.gaussian_blur(pil_to_tensor(img), kernel_size, sigma), mode=img.mode)


def erase(img, i, j, h, w, v, inplace=False):
    """Write the values `v` over the rectangle of h x w at row `i`, column `j` of a tensor image.

    >>> erase(torch.ones(1, 1, 3), 0, 1, 1, 1, torch.tensor(0.0))
    tensor([[[1., 0., 1.]]])
    """
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    return F_t.erase(img, i, j, h, w, v, inplace=inplace)
