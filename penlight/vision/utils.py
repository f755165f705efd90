"""Looking at pictures: put into a grid, saved, and with boxes, masks and points drawn on them."""

import math
import warnings

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFont

import penlight
from penlight.vision.transforms import functional as F

__all__ = [
    "make_grid",
    "save_image",
    "draw_bounding_boxes",
    "draw_segmentation_masks",
    "draw_keypoints",
    "flow_to_image",
]


@penlight.no_grad()
def make_grid(tensor, nrow=8, padding=2, normalize=False, value_range=None, scale_each=False, pad_value=0.0):
    """Put pictures (N, C, H, W), or a list of equal ones, into one picture with `nrow` in a row.

    `normalize` shifts the values to the range 0 to 1, from `value_range` or from the smallest and the largest, picture
    by picture with `scale_each`.

    >>> make_grid(torch.rand(5, 3, 8, 8), nrow=3).shape
    torch.Size([3, 22, 32])
    """
    if not penlight.is_tensor(tensor):
        if not isinstance(tensor, list):
            raise TypeError(f"tensor or list of tensors expected, got {type(tensor)}")
        for t in tensor:
            if not penlight.is_tensor(t):
                raise TypeError(f"tensor or list of tensors expected, got a list containing {type(t)}")
        tensor = penlight.stack(tensor, dim=0)
    if tensor.dim() == 2:
        tensor = tensor.unsqueeze(0)
    if tensor.dim() == 3:
        tensor = tensor.unsqueeze(0)
    if tensor.dim() == 4 and tensor.size(1) == 1:
        tensor = penlight.cat((tensor, tensor, tensor), 1)
    if normalize is True:
        tensor = tensor.clone()
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")

        def norm_range(t):
            low, high = (float(t.min()), float(t.max())) if value_range is None else value_range
            t.clamp_(min=low, max=high).sub_(low).div_(max(high - low, 1e-5))

        for t in tensor if scale_each is True else [tensor]:
            norm_range(t)
    if tensor.size(0) == 1:
        return tensor.squeeze(0)
    count, channels, h, w = tensor.shape
    columns = min(nrow, count)
    rows = math.ceil(count / columns)
    height, width = h + padding, w + padding
    grid = tensor.new_full((channels, height * rows + padding, width * columns + padding), pad_value)
    for k in range(count):
        y, x = divmod(k, columns)
        top, left = y * height + padding, x * width + padding
        grid[:, top : top + h, left : left + w] = tensor[k]
    return grid


@penlight.no_grad()
def save_image(tensor, fp, format=None, **kwargs):
    """Save pictures with values from 0 to 1 to a file, several as a grid; further arguments go to `make_grid`.

    `fp` is a path or an open file; `format` is needed for the latter ("png").
    """
    grid = make_grid(tensor, **kwargs)
    array = grid.mul(255).add_(0.5).clamp_(0, 255).permute(1, 2, 0).to("cpu", penlight.uint8).numpy()
    Image.fromarray(array).save(fp, format=format)


# ---- drawing


def _check_image(image):
    if not isinstance(image, penlight.Tensor):
        raise TypeError(f"Tensor expected, got {type(image)}")
    if not (image.dtype == penlight.uint8 or image.is_floating_point()):
        raise ValueError(f"The image dtype must be uint8 or float, got {image.dtype}")
    if image.dim() != 3:
        raise ValueError("Pass individual images, not batches")


def _palette(n):
    # Three numbers that share no small factor with 255: neighbours get colours that differ.
    return [tuple(i * p % 255 for p in (2**25 - 1, 2**15 - 1, 2**21 - 1)) for i in range(n)]


def _colors(colors, n, dtype=penlight.uint8):
    """n tuples (r, g, b), whichever way the colours were given."""
    if colors is None:
        colors = _palette(n)
    elif isinstance(colors, list):
        if len(colors) < n:
            raise ValueError(
                f"Number of colors must be equal or larger than the number of objects, but got {len(colors)} < {n}."
            )
    elif not isinstance(colors, (tuple, str)):
        raise ValueError(f"colors must be a tuple or a string, or a list thereof, but got {colors}.")
    elif isinstance(colors, tuple) and len(colors) != 3:
        raise ValueError(f"If passed as tuple, colors should be an RGB triplet, but got {colors}.")
    else:
        colors = [colors] * n
    colors = [ImageColor.getrgb(color) if isinstance(color, str) else color for color in colors]
    return [tuple(v / 255 for v in color) for color in colors] if dtype.is_floating_point else colors


def _canvas(image):
    """The picture as a PIL image in colour."""
    if image.size(0) == 1:
        image = image.tile((3, 1, 1))
    if image.is_floating_point():
        image = F.convert_image_dtype(image, penlight.uint8)
    return F.to_pil_image(image)


def _finish(canvas, like):
    out = F.pil_to_tensor(canvas)
    return F.convert_image_dtype(out, like.dtype) if like.is_floating_point() else out


@penlight.no_grad()
def draw_bounding_boxes(
    image,
    boxes,
    labels=None,
    colors=None,
    fill=False,
    width=1,
    font=None,
    font_size=None,
    label_colors=None,
    label_background_colors=None,
    fill_labels=False,
):
    """Draw boxes (N, 4), corners (x1, y1, x2, y2), or turned ones (N, 8), four corners, on a picture (1 or 3, H, W).

    Colours are names ("red"), "#ff0000", (r, g, b), or a list with one for each box. `fill` fills them with thin
    colour; `font` is the path of a TrueType font, `font_size` its size. Gives a new picture of the same dtype.

    >>> image = draw_bounding_boxes(torch.zeros(3, 8, 8), torch.tensor([[1, 1, 6, 6]]), colors="red")
    >>> image[:, 1, 3]
    tensor([1., 0., 0.])
    """
    _check_image(image)
    if image.size(0) not in {1, 3}:
        raise ValueError("Only grayscale and RGB images are supported")
    if boxes.shape[-1] == 4 and ((boxes[:, 0] > boxes[:, 2]).any() or (boxes[:, 1] > boxes[:, 3]).any()):
        raise ValueError(
            "Boxes need to be in (xmin, ymin, xmax, ymax) format. Use torchvision.ops.box_convert to convert them"
        )
    n = boxes.shape[0]
    if n == 0:
        warnings.warn("boxes doesn't contain any box. No box was drawn", stacklevel=2)
        return image
    if labels is None:
        labels = [None] * n
    elif len(labels) != n:
        raise ValueError(
            f"Number of boxes ({n}) and labels ({len(labels)}) mismatch. Please specify labels for each box."
        )
    box_colors = _colors(colors, n)
    text_colors = _colors(label_colors, n) if label_colors else box_colors.copy()
    backgrounds = _colors(label_background_colors, n) if label_background_colors else box_colors.copy()
    if fill_labels and not label_colors and not label_background_colors:
        text_colors = [(0, 0, 0)] * n
    if font is None:
        if font_size is not None:
            warnings.warn("Argument 'font_size' will be ignored since 'font' is not set.", stacklevel=2)
        letters = ImageFont.load_default()
    else:
        letters = ImageFont.truetype(font=font, size=font_size or 10)
    canvas = _canvas(image)
    draw = ImageDraw.Draw(canvas, "RGBA" if fill else None)
    for box, color, label, text, background in zip(
        boxes.to(penlight.int64).tolist(), box_colors, labels, text_colors, backgrounds
    ):
        shape = draw.rectangle if len(box) == 4 else draw.polygon
        shape(box, width=width, outline=color, fill=(*color, 100) if fill else None)
        if label is None:
            continue
        margin = width + 1
        place = (box[0] + margin, box[1] + margin)
        if fill_labels:
            left, top, right, bottom = draw.textbbox(place, label, font=letters)
            draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), fill=background)
        draw.text(place, label, fill=text, font=letters)
    return _finish(canvas, image)


@penlight.no_grad()
def draw_segmentation_masks(image, masks, alpha=0.8, colors=None):
    """Colour the pixels of masks (N, H, W) or (H, W), booleans, on a picture (3, H, W).

    `alpha` is how strong the colour is, from 0 (nothing) to 1. Gives a new picture of the same dtype.

    >>> draw_segmentation_masks(torch.zeros(3, 1, 2), torch.tensor([[True, False]]), alpha=1.0, colors="red")[0]
    tensor([[1., 0.]])
    """
    _check_image(image)
    if image.size(0) != 3:
        raise ValueError("Pass an RGB image. Other Image formats are not supported")
    if masks.ndim == 2:
        masks = masks[None, :, :]
    if masks.ndim != 3:
        raise ValueError("masks must be of shape (H, W) or (batch_size, H, W)")
    if masks.dtype != penlight.bool:
        raise ValueError(f"The masks must be of dtype bool. Got {masks.dtype}")
    if masks.shape[-2:] != image.shape[-2:]:
        raise ValueError("The image and the masks must have the same height and width")
    if masks.shape[0] == 0:
        warnings.warn("masks doesn't contain any mask. No mask was drawn", stacklevel=2)
        return image
    painted = image.detach().clone()
    for mask, color in zip(masks, _colors(colors, masks.shape[0], image.dtype)):
        painted[:, mask] = penlight.tensor(color, dtype=image.dtype, device=image.device)[:, None]
    painted[:, masks.sum(dim=0) > 1] = 0  # pixels of several masks are black
    return (image * (1 - alpha) + painted * alpha).to(image.dtype)


@penlight.no_grad()
def draw_keypoints(image, keypoints, connectivity=None, colors=None, radius=2, width=3, visibility=None):
    """Draw points (things, K, 2) or (things, K, 3), x and y first, on a picture (3, H, W), and lines between them.

    `connectivity` lists the pairs of points to join; `visibility` (things, K) tells which points are to be seen.

    >>> draw_keypoints(torch.zeros(3, 9, 9), torch.tensor([[[4, 4]]]), colors="red")[0, 4, 4]
    tensor(1.)
    """
    _check_image(image)
    if image.size()[0] != 3:
        raise ValueError("Pass an RGB image. Other Image formats are not supported")
    if keypoints.ndim != 3:
        raise ValueError("keypoints must be of shape (num_instances, K, 2)")
    if visibility is None:
        visibility = penlight.ones(keypoints.shape[:-1], dtype=penlight.bool)
    if visibility.ndim == 3:
        if visibility.shape[-1] != 1:
            raise ValueError(
                "visibility should be of shape (num_instances, K) or (num_instances, K, 1). "
                f"Got visibility.shape={visibility.shape}"
            )
        visibility = visibility.squeeze(-1)
    if visibility.ndim != 2:
        raise ValueError(f"visibility must be of shape (num_instances, K). Got ndim={visibility.ndim}")
    if visibility.shape != keypoints.shape[:-1]:
        raise ValueError(
            "keypoints and visibility must have the same dimensionality for num_instances and K. "
            f"Got visibility.shape={visibility.shape} and keypoints.shape={keypoints.shape}"
        )
    canvas = _canvas(image)
    draw = ImageDraw.Draw(canvas)
    fill = ImageColor.getrgb(colors) if isinstance(colors, str) else colors
    for points, seen in zip(keypoints.to(penlight.int64).tolist(), visibility.tolist()):
        for (x, y, *_), visible in zip(points, seen):
            if visible:
                draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=fill, outline=None, width=0)
        for start, end in connectivity or ():
            if seen[start] and seen[end]:
                draw.line((*points[start][:2], *points[end][:2]), width=width)
    return _finish(canvas, image)


def _color_wheel():
    """(55, 3): the Middlebury wheel, red over yellow, green, cyan, blue and magenta back to red."""
    lengths = (15, 6, 4, 11, 13, 6)  # steps from each of these colours to the next
    wheel = np.zeros((sum(lengths), 3), np.float32)
    at = 0
    for i, length in enumerate(lengths):
        ramp = np.floor(255 * np.arange(length) / length)
        rising = i % 2 == 0
        full, moving = ((i // 2) % 3, (i // 2 + 1) % 3) if rising else ((i // 2 + 1) % 3, (i // 2) % 3)
        wheel[at : at + length, full] = 255
        wheel[at : at + length, moving] = ramp if rising else 255 - ramp
        at += length
    return penlight.from_numpy(wheel)


@penlight.no_grad()
def flow_to_image(flow):
    """Show optical flow (2, H, W) or (N, 2, H, W), x and y shifts, as colours: the hue is the direction.

    >>> flow_to_image(torch.zeros(2, 3, 4)).shape
    torch.Size([3, 3, 4])
    """
    if flow.dtype != penlight.float:
        raise ValueError(f"Flow should be of dtype torch.float, got {flow.dtype}.")
    shape = flow.shape
    if flow.ndim == 3:
        flow = flow[None]
    if flow.ndim != 4 or flow.shape[1] != 2:
        raise ValueError(f"Input flow should have shape (2, H, W) or (N, 2, H, W), got {shape}.")
    longest = penlight.sum(flow**2, dim=1).sqrt().max()
    flow = flow / (longest + penlight.finfo(flow.dtype).eps)
    wheel = _color_wheel().to(flow.device)
    length = penlight.sum(flow**2, dim=1).sqrt()
    angle = penlight.atan2(-flow[:, 1], -flow[:, 0]) / penlight.pi
    place = (angle + 1) / 2 * (len(wheel) - 1)
    low = penlight.floor(place).to(penlight.long)
    high = low + 1
    high[high == len(wheel)] = 0
    part = place - low
    image = penlight.zeros((flow.shape[0], 3, *flow.shape[2:]), dtype=penlight.uint8, device=flow.device)
    for c in range(3):
        column = wheel[:, c]
        color = (1 - part) * (column[low] / 255.0) + part * (column[high] / 255.0)
        image[:, c] = penlight.floor(255 * (1 - length * (1 - color))).to(penlight.uint8)
    return image[0] if len(shape) == 3 else image
