"""Reading and writing pictures as tensors (C, H, W)."""

import io
import os
from enum import Enum

import numpy as np
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

import penlight

__all__ = [
    "ImageReadMode",
    "decode_image",
    "decode_jpeg",
    "decode_png",
    "decode_gif",
    "decode_webp",
    "decode_avif",
    "decode_heic",
    "encode_jpeg",
    "encode_png",
    "read_file",
    "read_image",
    "write_file",
    "write_jpeg",
    "write_png",
]


class ImageReadMode(Enum):
    """Which channels a picture is read with: as it is, gray (1), gray and alpha (2), RGB (3), RGB and alpha (4).

    >>> ImageReadMode.RGB
    <ImageReadMode.RGB: 3>
    """

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4


_PIL_MODES = {
    ImageReadMode.GRAY: "L",
    ImageReadMode.GRAY_ALPHA: "LA",
    ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}


def _mode(mode):
    return ImageReadMode[mode.upper()] if isinstance(mode, str) else mode


def read_file(path):
    """Give the bytes of a file as a uint8 tensor (n); RuntimeError where it cannot be read."""
    try:
        with open(path, "rb") as f:
            content = f.read()
    except OSError as error:
        raise RuntimeError(f"[Errno {error.errno}] {error.strerror}: '{path}'") from error
    return penlight.from_numpy(np.frombuffer(bytearray(content), np.uint8))


def write_file(filename, data):
    """Write a uint8 tensor (n) as the bytes of a file."""
    if data.dtype != penlight.uint8:
        raise RuntimeError("Input tensor dtype should be uint8")
    if data.ndim != 1:
        raise RuntimeError("Input data should be a 1-dimensional tensor")
    try:
        with open(filename, "wb") as f:
            f.write(data.cpu().numpy().tobytes())
    except OSError as error:
        raise RuntimeError(f"[Errno {error.errno}] {error.strerror}: '{filename}'") from error


def _decode(data, formats, mode, apply_exif_orientation):
    if data.dtype != penlight.uint8:
        raise RuntimeError(f"Expected a torch.uint8 tensor, got {data.dtype}")
    if data.ndim != 1 or data.numel() == 0:
        raise RuntimeError("Expected a non empty 1-dimensional tensor")
    mode = _mode(mode)
    try:
        image = Image.open(io.BytesIO(data.cpu().numpy().tobytes()), formats=formats)
        if image.format == "JPEG" and mode == ImageReadMode.GRAY:
            image.draft("L", image.size)  # the file's own brightness
        if image.format == "GIF" and getattr(image, "n_frames", 1) > 1:
            frames = [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]
            return penlight.from_numpy(np.ascontiguousarray(np.stack(frames).transpose(0, 3, 1, 2)))
        image.load()
    except UnidentifiedImageError as error:
        wanted = "jpeg, png, webp, gif and avif" if formats is None else " or ".join(formats)
        raise RuntimeError(f"Unsupported image file: the bytes are no {wanted} picture that Pillow knows") from error
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise RuntimeError(f"The picture cannot be decoded: {error}") from error
    if apply_exif_orientation:
        image = ImageOps.exif_transpose(image)
    return _to_tensor(image, mode)


def _to_tensor(image, mode):
    if mode != ImageReadMode.UNCHANGED:
        if image.mode == "I;16" and mode in (ImageReadMode.GRAY, ImageReadMode.RGB):  # keeps its 16 bits
            channels = 1 if mode == ImageReadMode.GRAY else 3
            return penlight.from_numpy(np.array(image)).unsqueeze(0).expand(channels, -1, -1).contiguous()
        image = image.convert(_PIL_MODES[mode])
    elif image.format == "GIF" or image.mode in ("P", "1", "PA"):
        alpha = "transparency" in image.info and image.format != "GIF"
        image = image.convert("L" if image.mode == "1" else "RGBA" if alpha else "RGB")
    array = np.array(image)
    array = array[None] if array.ndim == 2 else np.ascontiguousarray(array.transpose(2, 0, 1))
    return penlight.from_numpy(array)


def decode_image(input, mode=ImageReadMode.UNCHANGED, apply_exif_orientation=False):
    """Decode the bytes of a JPEG, PNG, GIF, WebP or AVIF picture (a uint8 tensor, or a path) to (C, H, W).

    `mode` asks for certain channels (also by name, "RGB"). The result is uint8, for PNGs of 16 bits uint16; a GIF of
    several pictures is (N, 3, H, W). `apply_exif_orientation` turns it upright as the camera noted.

    >>> decode_image(encode_png(torch.zeros(1, 2, 3, dtype=torch.uint8)), "RGB").shape
    torch.Size([3, 2, 3])
    """
    if isinstance(input, (str, os.PathLike)):
        input = read_file(input)
    return _decode(input, None, mode, apply_exif_orientation)


def read_image(path, mode=ImageReadMode.UNCHANGED, apply_exif_orientation=False):
    """Read a picture from a file to (C, H, W); see `decode_image`."""
    return decode_image(read_file(path), mode, apply_exif_orientation)


def decode_png(input, mode=ImageReadMode.UNCHANGED, apply_exif_orientation=False):
    """Decode the bytes of a PNG picture to (C, H, W)."""
    return _decode(input, ["PNG"], mode, apply_exif_orientation)


def decode_jpeg(input, mode=ImageReadMode.UNCHANGED, device="cpu", apply_exif_orientation=False):
    """Decode the bytes of a JPEG picture, or of each in a list, to (C, H, W)."""
    if isinstance(input, (list, tuple)):
        if not input:
            raise ValueError("Input list must contain at least one element")
        return [decode_jpeg(one, mode, device, apply_exif_orientation) for one in input]
    return _decode(input, ["JPEG"], mode, apply_exif_orientation).to(device)


def decode_gif(input):
    """Decode the bytes of a GIF to (3, H, W), or (N, 3, H, W) where it holds several pictures."""
    return _decode(input, ["GIF"], ImageReadMode.RGB, False)


def decode_webp(input, mode=ImageReadMode.UNCHANGED):
    """Decode the bytes of a WebP picture to (C, H, W)."""
    return _decode(input, ["WEBP"], mode, False)


def decode_avif(input, mode=ImageReadMode.UNCHANGED):
    """Decode the bytes of an AVIF picture to (C, H, W), where Pillow was built with it."""
    Image.init()
    if "AVIF" not in Image.OPEN:
        raise RuntimeError("This Pillow was built without AVIF: install Pillow 11.3 or newer")
    return _decode(input, ["AVIF"], mode, False)


def decode_heic(input, mode=ImageReadMode.UNCHANGED):
    """HEIC pictures are not read by Pillow."""
    raise NotImplementedError("Pillow reads no HEIC: convert the picture, or read it with pillow-heif")


def _check_picture(input):
    if input.dtype != penlight.uint8:
        raise RuntimeError("Input tensor dtype should be uint8")
    if input.ndim != 3:
        raise RuntimeError("Input data should be a 3-dimensional tensor")
    if input.shape[0] not in (1, 3):
        raise RuntimeError(f"The number of channels should be 1 or 3, got: {input.shape[0]}")


def _encode(input, **options):
    _check_picture(input)
    array = input.cpu().numpy()
    image = Image.fromarray(array[0] if len(array) == 1 else np.ascontiguousarray(array.transpose(1, 2, 0)))
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return penlight.from_numpy(np.frombuffer(bytearray(buffer.getvalue()), np.uint8))


def encode_png(input, compression_level=6):
    """Give the bytes of a PNG of a uint8 picture (1 or 3, H, W); `compression_level` is 0 to 9.

    >>> decode_png(encode_png(torch.full((1, 1, 2), 9, dtype=torch.uint8)))
    tensor([[[9, 9]]], dtype=torch.uint8)
    """
    if not 0 <= compression_level <= 9:
        raise RuntimeError("Compression level should be between 0 and 9")
    return _encode(input, format="PNG", compress_level=compression_level)


def encode_jpeg(input, quality=75):
    """Give the bytes of a JPEG of a uint8 picture (1 or 3, H, W), or of each in a list; `quality` is 1 to 100.

    >>> decode_jpeg(encode_jpeg(torch.full((3, 8, 8), 9, dtype=torch.uint8))).shape
    torch.Size([3, 8, 8])
    """
    if not 1 <= quality <= 100:
        raise ValueError("Image quality should be a positive number between 1 and 100")
    if isinstance(input, (list, tuple)):
        if not input:
            raise ValueError("encode_jpeg requires at least one input tensor when a list is passed")
        return [_encode(one, format="JPEG", quality=quality) for one in input]
    return _encode(input, format="JPEG", quality=quality)


def write_png(input, filename, compression_level=6):
    """Write a uint8 picture (1 or 3, H, W) as a PNG file."""
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input, filename, quality=75):
    """Write a uint8 picture (1 or 3, H, W) as a JPEG file."""
    write_file(filename, encode_jpeg(input, quality))
