"""The transforms on PIL images: Pillow does the work, so the numbers are Pillow's."""

import numbers

import numpy as np
from PIL import Image, ImageEnhance, ImageOps


def _is_pil_image(img):
    return isinstance(img, Image.Image)


def _check(img):
    if not _is_pil_image(img):
        raise TypeError(f"img should be PIL Image. Got {type(img)}")


def get_dimensions(img):
    """[channels, height, width]."""
    if not _is_pil_image(img):
        raise TypeError(f"Unexpected type {type(img)}")
    return [len(img.getbands()), img.height, img.width]


def get_image_size(img):
    """[width, height]."""
    if not _is_pil_image(img):
        raise TypeError(f"Unexpected type {type(img)}")
    return list(img.size)


def get_image_num_channels(img):
    """The number of bands."""
    if not _is_pil_image(img):
        raise TypeError(f"Unexpected type {type(img)}")
    return len(img.getbands())


def hflip(img):
    """Left to right."""
    _check(img)
    return img.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def vflip(img):
    """Upside down."""
    _check(img)
    return img.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def adjust_brightness(img, brightness_factor):
    """0 is black, 1 the picture."""
    _check(img)
    return ImageEnhance.Brightness(img).enhance(brightness_factor)


def adjust_contrast(img, contrast_factor):
    """0 is all gray, 1 the picture."""
    _check(img)
    return ImageEnhance.Contrast(img).enhance(contrast_factor)


def adjust_saturation(img, saturation_factor):
    """0 is without colour, 1 the picture."""
    _check(img)
    return ImageEnhance.Color(img).enhance(saturation_factor)


def adjust_sharpness(img, sharpness_factor):
    """0 is blurred, 1 the picture."""
    _check(img)
    return ImageEnhance.Sharpness(img).enhance(sharpness_factor)


def adjust_hue(img, hue_factor):
    """Turn the hues; 0.5 is half a turn."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    _check(img)
    mode = img.mode
    if mode in ("L", "1", "I", "F"):
        return img
    h, s, v = img.convert("HSV").split()
    turned = np.array(h, dtype=np.uint8) + np.int32(hue_factor * 255).astype(np.uint8)  # wraps round
    return Image.merge("HSV", (Image.fromarray(turned), s, v)).convert(mode)


def adjust_gamma(img, gamma, gain=1):
    """gain * img ** gamma on the range 0 to 1."""
    _check(img)
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    table = [int((255 + 1 - 1e-3) * gain * pow(value / 255.0, gamma)) for value in range(256)] * 3
    return img.convert("RGB").point(table).convert(img.mode)


def parse_fill(fill, img, name="fillcolor"):
    """The keyword that gives Pillow the filling, one number for each band."""
    bands = len(img.getbands())
    if fill is None:
        fill = 0
    if isinstance(fill, (int, float)) and bands > 1:
        fill = (fill,) * bands
    if isinstance(fill, (list, tuple)):
        if len(fill) == 1:
            fill = tuple(fill) * bands
        elif len(fill) != bands:
            raise ValueError(
                "The number of elements in 'fill' does not match the number of "
                f"channels of the image ({len(fill)} != {bands})"
            )
        fill = tuple(fill)
    if img.mode != "F":
        fill = tuple(int(f) for f in fill) if isinstance(fill, tuple) else int(fill)
    return {name: fill}


def pad(img, padding, fill=0, padding_mode="constant"):
    """Add a border; negative numbers cut."""
    _check(img)
    if not isinstance(padding, (numbers.Number, tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if fill is not None and not isinstance(fill, (numbers.Number, tuple, list)):
        raise TypeError("Got inappropriate fill arg")
    if not isinstance(padding_mode, str):
        raise TypeError("Got inappropriate padding_mode arg")
    if not isinstance(padding, numbers.Number) and len(padding) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple")
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    sides = [padding] * 4 if isinstance(padding, numbers.Number) else list(padding) * (4 // len(padding))
    if padding_mode == "constant":
        options = parse_fill(fill, img, "fill")
        if img.mode == "P":
            out = ImageOps.expand(img, border=tuple(sides), **options)
            out.putpalette(img.getpalette())
            return out
        return ImageOps.expand(img, border=tuple(sides), **options)
    left, top, right, bottom = sides
    if min(sides) < 0:
        cut = [max(-side, 0) for side in sides]
        img = img.crop((cut[0], cut[1], img.width - cut[2], img.height - cut[3]))
        left, top, right, bottom = (max(side, 0) for side in sides)
    around = ((top, bottom), (left, right))
    if img.mode == "P":
        out = Image.fromarray(np.pad(np.asarray(img), around, padding_mode))
        out.putpalette(img.getpalette())
        return out
    array = np.asarray(img)
    return Image.fromarray(np.pad(array, around + ((0, 0),) * (array.ndim - 2), padding_mode))


def crop(img, top, left, height, width):
    """A rectangle; what lies outside is black."""
    _check(img)
    return img.crop((left, top, left + width, top + height))


def resize(img, size, interpolation=Image.Resampling.BILINEAR):
    """To (height, width)."""
    _check(img)
    if not (isinstance(size, list) and len(size) == 2):
        raise TypeError(f"Got inappropriate size arg: {size}")
    return img.resize(tuple(size[::-1]), interpolation)


def affine(img, matrix, interpolation=0, fill=None):
    """Move pixels by an inverse matrix of six numbers."""
    _check(img)
    return img.transform(img.size, Image.Transform.AFFINE, matrix, interpolation, **parse_fill(fill, img))


def rotate(img, angle, interpolation=0, expand=False, center=None, fill=None):
    """Turn counter-clockwise by degrees."""
    _check(img)
    return img.rotate(angle, interpolation, expand, center, **parse_fill(fill, img))


def perspective(img, perspective_coeffs, interpolation=Image.Resampling.BICUBIC, fill=None):
    """The projective transform of eight coefficients."""
    _check(img)
    options = parse_fill(fill, img)
    return img.transform(img.size, Image.Transform.PERSPECTIVE, perspective_coeffs, interpolation, **options)


def to_grayscale(img, num_output_channels):
    """Gray, in one band or in three equal ones."""
    _check(img)
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    gray = img.convert("L")
    return gray if num_output_channels == 1 else Image.merge("RGB", [gray] * 3)


def invert(img):
    """The negative."""
    _check(img)
    return ImageOps.invert(img)


def posterize(img, bits):
    """Keep the first bits of each byte."""
    _check(img)
    return ImageOps.posterize(img, bits)


def solarize(img, threshold):
    """The negative of the pixels at or above the threshold."""
    _check(img)
    return ImageOps.solarize(img, threshold)


def autocontrast(img):
    """Stretch each band over the whole range."""
    _check(img)
    return ImageOps.autocontrast(img)


def equalize(img):
    """Make each value about equally often."""
    _check(img)
    return ImageOps.equalize(img)
