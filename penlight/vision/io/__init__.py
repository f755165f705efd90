"""Pictures from files and bytes to tensors and back, by Pillow.

Videos are not read: decode the frames with PyAV or imageio and stack them into a tensor (T, C, H, W).

Example:
    >>> from penlight.vision import io
    >>> data = io.encode_png(torch.full((3, 2, 2), 7, dtype=torch.uint8))
    >>> io.decode_image(data).shape
    torch.Size([3, 2, 2])
"""

from penlight.vision.io.image import (
    ImageReadMode,
    decode_avif,
    decode_gif,
    decode_heic,
    decode_image,
    decode_jpeg,
    decode_png,
    decode_webp,
    encode_jpeg,
    encode_png,
    read_file,
    read_image,
    write_file,
    write_jpeg,
    write_png,
)

_VIDEO = ("read_video", "read_video_timestamps", "write_video", "VideoReader")


def __getattr__(name):
    if name in _VIDEO:
        raise AttributeError(
            f"module {__name__!r} has no {name}: Penlight reads no videos; decode the frames with PyAV or imageio and "
            "stack them into a tensor (T, C, H, W)"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
