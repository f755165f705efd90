"""The transforms on tensors (..., C, H, W): integers count from 0 to the dtype's largest value, floats from 0 to 1."""

import penlight
from penlight.nn import functional as F

_MAXIMA = {
    penlight.uint8: 255,
    penlight.int8: 127,
    penlight.int16: 32767,
    penlight.uint16: 65535,
    penlight.int32: 2147483647,
    penlight.int64: 9223372036854775807,
}


def _max_value(dtype):
    return _MAXIMA.get(dtype, 1)


def _assert_image_tensor(img):
    if not (isinstance(img, penlight.Tensor) and img.ndim >= 2):
        raise TypeError("Tensor is not a torch image.")


def get_dimensions(img):
    """[channels, height, width]."""
    _assert_image_tensor(img)
    return [1 if img.ndim == 2 else img.shape[-3], *img.shape[-2:]]


def get_image_size(img):
    """[width, height]."""
    _assert_image_tensor(img)
    return [img.shape[-1], img.shape[-2]]


def get_image_num_channels(img):
    """The number of channels; 1 for a tensor of two dimensions."""
    return get_dimensions(img)[0]


def _assert_channels(img, permitted):
    c = get_dimensions(img)[0]
    if c not in permitted:
        raise TypeError(f"Input image tensor permitted channel values are {permitted}, but found {c}")


def convert_image_dtype(image, dtype=penlight.float32):
    """Convert, scaling the values to the range of the new dtype."""
    if image.dtype == dtype:
        return image
    if image.is_floating_point():
        if dtype.is_floating_point:
            return image.to(dtype)
        unsafe = (image.dtype == penlight.float32 and dtype in (penlight.int32, penlight.int64)) or (
            image.dtype == penlight.float64 and dtype == penlight.int64
        )
        if unsafe:
            raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
        # A hair under one whole step, so that 1.0 becomes the largest value and the steps have equal width.
        return image.mul(_max_value(dtype) + 1.0 - 1e-3).to(dtype)
    source = _max_value(image.dtype)
    if dtype.is_floating_point:
        return image.to(dtype) / source
    target = _max_value(dtype)
    if source > target:
        return penlight.div(image, (source + 1) // (target + 1), rounding_mode="floor").to(dtype)
    return image.to(dtype) * ((target + 1) // (source + 1))


def vflip(img):
    """Upside down."""
    _assert_image_tensor(img)
    return img.flip(-2)


def hflip(img):
    """Left to right."""
    _assert_image_tensor(img)
    return img.flip(-1)


def crop(img, top, left, height, width):
    """A rectangle; what lies outside of the picture is black."""
    _assert_image_tensor(img)
    h, w = img.shape[-2:]
    right, bottom = left + width, top + height
    if left < 0 or top < 0 or right > w or bottom > h:
        inside = img[..., max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        around = [max(min(right, 0) - left, 0), max(right - max(w, left), 0)]
        around += [max(min(bottom, 0) - top, 0), max(bottom - max(h, top), 0)]
        return F.pad(inside, around, value=0.0)
    return img[..., top:bottom, left:right]


def rgb_to_grayscale(img, num_output_channels=1):
    """Brightness as the eye sees it: 0.2989 red, 0.587 green, 0.114 blue."""
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    _assert_channels(img, [1, 3])
    if num_output_channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")
    if img.shape[-3] == 3:
        r, g, b = img.unbind(dim=-3)
        gray = (0.2989 * r + 0.587 * g + 0.114 * b).to(img.dtype).unsqueeze(-3)
        return gray.expand(img.shape) if num_output_channels == 3 else gray
    return img.clone()


def _blend(img1, img2, ratio):
    ratio = float(ratio)
    return (ratio * img1 + (1.0 - ratio) * img2).clamp(0, _max_value(img1.dtype)).to(img1.dtype)


def adjust_brightness(img, brightness_factor):
    """0 is black, 1 the picture, 2 twice as bright."""
    if brightness_factor < 0:
        raise ValueError(f"brightness_factor ({brightness_factor}) is not non-negative.")
    _assert_image_tensor(img)
    _assert_channels(img, [1, 3])
    return _blend(img, penlight.zeros_like(img), brightness_factor)


def adjust_contrast(img, contrast_factor):
    """0 is all gray, 1 the picture, 2 twice the contrast."""
    if contrast_factor < 0:
        raise ValueError(f"contrast_factor ({contrast_factor}) is not non-negative.")
    _assert_image_tensor(img)
    _assert_channels(img, [3, 1])
    dtype = img.dtype if img.is_floating_point() else penlight.float32
    gray = rgb_to_grayscale(img) if img.shape[-3] == 3 else img
    mean = gray.to(dtype).mean(dim=(-3, -2, -1), keepdim=True)
    return _blend(img, mean, contrast_factor)


def adjust_saturation(img, saturation_factor):
    """0 is without colour, 1 the picture, 2 twice the colour."""
    if saturation_factor < 0:
        raise ValueError(f"saturation_factor ({saturation_factor}) is not non-negative.")
    _assert_image_tensor(img)
    _assert_channels(img, [1, 3])
    if img.shape[-3] == 1:
        return img
    return _blend(img, rgb_to_grayscale(img), saturation_factor)


def adjust_gamma(img, gamma, gain=1):
    """gain * img ** gamma, on the range 0 to 1."""
    _assert_image_tensor(img)
    _assert_channels(img, [1, 3])
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    x = img if img.is_floating_point() else convert_image_dtype(img, penlight.float32)
    return convert_image_dtype((gain * x**gamma).clamp(0, 1), img.dtype)


def adjust_hue(img, hue_factor):
    """Turn every colour along the circle of hues; 0.5 and -0.5 are half a turn."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if not (isinstance(img, penlight.Tensor) and img.ndim >= 2):
        raise TypeError("Input img should be Tensor image")
    _assert_channels(img, [1, 3])
    if img.shape[-3] == 1:
        return img
    h, s, v = _rgb2hsv(convert_image_dtype(img, penlight.float32)).unbind(dim=-3)
    out = _hsv2rgb(penlight.stack([(h + hue_factor) % 1.0, s, v], dim=-3))
    return convert_image_dtype(out, img.dtype)


def _rgb2hsv(img):
    r, g, b = img.unbind(dim=-3)
    high, low = img.amax(dim=-3), img.amin(dim=-3)
    gray = high == low
    spread = high - low
    one = penlight.ones_like(high)
    s = spread / penlight.where(gray, one, high)
    # Gray pixels divide by one instead of by zero; their hue comes out as 0.
    divisor = penlight.where(gray, one, spread)
    rc, gc, bc = (high - r) / divisor, (high - g) / divisor, (high - b) / divisor
    hr = (high == r) * (bc - gc)
    hg = ((high == g) & (high != r)) * (2.0 + rc - bc)
    hb = ((high != g) & (high != r)) * (4.0 + gc - rc)
    h = penlight.fmod((hr + hg + hb) / 6.0 + 1.0, 1.0)
    return penlight.stack((h, s, high), dim=-3)


def _hsv2rgb(img):
    h, s, v = img.unbind(dim=-3)
    sextant = penlight.floor(h * 6.0)
    f = h * 6.0 - sextant
    sextant = sextant.to(penlight.int32) % 6
    p = (v * (1.0 - s)).clamp(0.0, 1.0)
    q = (v * (1.0 - s * f)).clamp(0.0, 1.0)
    t = (v * (1.0 - s * (1.0 - f))).clamp(0.0, 1.0)
    mask = sextant.unsqueeze(-3) == penlight.arange(6, device=img.device).view(-1, 1, 1)
    by_sextant = (
        penlight.stack((v, q, p, p, t, v), dim=-3),
        penlight.stack((t, v, v, q, p, p), dim=-3),
        penlight.stack((p, p, t, v, v, q), dim=-3),
    )
    mask = mask.to(img.dtype)
    return penlight.stack([(mask * choice).sum(dim=-3) for choice in by_sextant], dim=-3)


def _with_batch(img, dtypes):
    """(N, C, H, W) in the first of `dtypes` that fits, and what `_without_batch` needs to go back."""
    before = (img.ndim, img.dtype)
    if img.ndim < 4:
        img = img.reshape((1,) * (4 - img.ndim) + tuple(img.shape))
    if img.dtype not in dtypes:
        img = img.to(dtypes[0])
    return img, before


def _without_batch(img, before):
    ndim, dtype = before
    if ndim < 4:
        img = img.reshape(img.shape[4 - ndim :])
    if img.dtype != dtype:
        if not dtype.is_floating_point:
            img = penlight.round(img)
        img = img.to(dtype)
    return img


def pad(img, padding, fill=0, padding_mode="constant"):
    """Add a border; `padding` is one number, [left/right, top/bottom] or [left, top, right, bottom]."""
    _assert_image_tensor(img)
    if fill is None:
        fill = 0
    if not isinstance(padding, (int, tuple, list)):
        raise TypeError("Got inappropriate padding arg")
    if not isinstance(fill, (int, float)):
        raise TypeError("Got inappropriate fill arg")
    if not isinstance(padding_mode, str):
        raise TypeError("Got inappropriate padding_mode arg")
    if isinstance(padding, (tuple, list)) and len(padding) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple")
    if padding_mode not in ("constant", "edge", "reflect", "symmetric"):
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    left, top, right, bottom = padding_sides(padding)
    if padding_mode == "symmetric":
        return _pad_symmetric(img, left, top, right, bottom)
    mode = "replicate" if padding_mode == "edge" else padding_mode
    sides = [left, right, top, bottom]
    if mode == "constant":
        if img.ndim < 2 or img.dtype == penlight.bool:
            return F.pad(img.to(penlight.uint8), sides, value=float(bool(fill))).to(img.dtype)
        return F.pad(img, sides, value=float(fill))
    # Other modes cut before they mirror, which F.pad does not mix.
    inner = img[..., max(-top, 0) : img.shape[-2] - max(-bottom, 0), max(-left, 0) : img.shape[-1] - max(-right, 0)]
    x, before = _with_batch(inner, [penlight.float32, penlight.float64])
    x = F.pad(x.flatten(0, -4), [max(side, 0) for side in sides], mode=mode)
    return _without_batch(x.reshape(inner.shape[:-2] + x.shape[-2:]), (4, before[1]))


def padding_sides(padding):
    """[left, top, right, bottom] of any form of padding."""
    if isinstance(padding, int):
        return [padding] * 4
    return list(padding) * (4 // len(padding))


def _pad_symmetric(img, left, top, right, bottom):
    def indices(n, before, after):
        at = penlight.arange(-before, n + after) % (2 * n)
        return penlight.where(at < n, at, 2 * n - 1 - at)

    h, w = img.shape[-2:]
    rows, columns = indices(h, top, bottom), indices(w, left, right)
    return img.index_select(-2, rows.to(img.device)).index_select(-1, columns.to(img.device))


def resize(img, size, interpolation="bilinear", antialias=True):
    """To (height, width); `antialias` averages when the picture gets smaller."""
    _assert_image_tensor(img)
    if interpolation == "lanczos":
        raise ValueError("Lanczos mode requires antialias=True")
    if antialias is None:
        antialias = False
    if antialias and interpolation not in ("bilinear", "bicubic"):
        antialias = False
    x, before = _with_batch(img, [penlight.float32, penlight.float64])
    shape = x.shape
    x = x.reshape(-1, *shape[-3:])
    align = False if interpolation in ("bilinear", "bicubic") else None
    x = F.interpolate(x, size=list(size), mode=interpolation, align_corners=align, antialias=antialias)
    if interpolation == "bicubic" and img.dtype == penlight.uint8:
        x = x.clamp(min=0, max=255)
    return _without_batch(x.reshape(*shape[:-2], *x.shape[-2:]), before)


# ---- sampling at other places


def grid_sample(img, grid, mode):
    """Read (N, C, H, W) at the places (N, h, w, 2), x and y from -1 to 1 edge to edge; outside is 0."""
    n, c, h, w = img.shape
    x = (grid[..., 0] + 1) * (w / 2) - 0.5
    y = (grid[..., 1] + 1) * (h / 2) - 0.5
    pixels = img.reshape(n, c, h * w)

    def at(ix, iy):
        inside = ((ix >= 0) & (ix < w) & (iy >= 0) & (iy < h)).unsqueeze(1)
        index = iy.clamp(0, h - 1).to(penlight.int64) * w + ix.clamp(0, w - 1).to(penlight.int64)
        found = pixels.gather(2, index.reshape(n, 1, -1).expand(n, c, -1)).reshape(n, c, *index.shape[1:])
        return penlight.where(inside, found, 0)

    if mode == "nearest":
        return at(penlight.round(x), penlight.round(y))
    left, top = penlight.floor(x), penlight.floor(y)
    e, s = x - left, y - top
    if mode == "bicubic":
        rows = [
            sum(at(left + (i - 1), top + (j - 1)) * weight.unsqueeze(1) for i, weight in enumerate(_cubic_weights(e)))
            for j in range(4)
        ]
        return sum(row * weight.unsqueeze(1) for row, weight in zip(rows, _cubic_weights(s)))
    w_, n_ = 1 - e, 1 - s
    corners = ((left, top, w_ * n_), (left + 1, top, e * n_), (left, top + 1, w_ * s), (left + 1, top + 1, e * s))
    return sum(at(ix, iy) * weight.unsqueeze(1) for ix, iy, weight in corners)


def _cubic_weights(t):
    """The weights of the four neighbours at the distances 1 + t, t, 1 - t and 2 - t (Keys' cubic with a = -0.75)."""
    a = -0.75
    near = lambda d: ((a + 2) * d - (a + 3)) * d * d + 1
    far = lambda d: ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return far(t + 1), near(t), near(1 - t), far(2 - t)


def _apply_grid(img, grid, mode, fill):
    img, before = _with_batch(img, [penlight.float32, penlight.float64])
    shape = img.shape
    img = img.reshape(-1, *shape[-3:])
    grid = grid.to(img.dtype)
    if img.shape[0] > 1:
        grid = grid.expand(img.shape[0], *grid.shape[1:])
    if fill is not None:  # a further channel says which pixels come from the picture
        img = penlight.cat((img, img.new_ones(img.shape[0], 1, *img.shape[-2:])), dim=1)
    img = grid_sample(img, grid, mode)
    if fill is not None:
        mask = img[:, -1:].expand(-1, img.shape[1] - 1, -1, -1)
        img = img[:, :-1]
        values = list(fill) if isinstance(fill, (tuple, list)) else [float(fill)]
        filling = penlight.tensor(values, dtype=img.dtype, device=img.device).view(1, -1, 1, 1).expand_as(img)
        img = penlight.where(mask < 0.5, filling, img) if mode == "nearest" else img * mask + (1.0 - mask) * filling
    return _without_batch(img.reshape(*shape[:-2], *img.shape[-2:]), before)


def _check_grid_arguments(img, interpolation, fill, permitted, coeffs=None):
    if not isinstance(img, penlight.Tensor):
        raise TypeError("Input img should be Tensor")
    _assert_image_tensor(img)
    if coeffs is not None and len(coeffs) != 8:
        raise ValueError("Argument coeffs should have 8 float values")
    c = get_dimensions(img)[0]
    if fill is not None and isinstance(fill, (tuple, list)) and len(fill) > 1 and len(fill) != c:
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of "
            f"channels of the image ({len(fill)} != {c})"
        )
    if interpolation not in permitted:
        raise ValueError(f"Interpolation mode '{interpolation}' is unsupported with Tensor input")


def _grid_dtype(img):
    return img.dtype if img.is_floating_point() else penlight.float32


def _pixel_places(w, h, dtype, device, corner_x, corner_y):
    x = penlight.linspace(corner_x + 0.5, corner_x + w - 0.5, steps=w, dtype=dtype, device=device)
    y = penlight.linspace(corner_y + 0.5, corner_y + h - 0.5, steps=h, dtype=dtype, device=device)
    x, y = x.expand(h, w), y.unsqueeze(-1).expand(h, w)
    return penlight.stack([x, y, penlight.ones_like(x)], dim=-1).view(1, h * w, 3)


def _affine_grid(theta, w, h, ow, oh):
    places = _pixel_places(ow, oh, theta.dtype, theta.device, -ow * 0.5, -oh * 0.5)
    rescaled = theta.transpose(1, 2) / penlight.tensor([0.5 * w, 0.5 * h], dtype=theta.dtype, device=theta.device)
    return places.bmm(rescaled).view(1, oh, ow, 2)


def affine(img, matrix, interpolation="nearest", fill=None):
    """Move pixels by the inverse matrix [a, b, c, d, e, f], counted from the centre."""
    _check_grid_arguments(img, interpolation, fill, ["nearest", "bilinear"])
    theta = penlight.tensor(matrix, dtype=_grid_dtype(img), device=img.device).reshape(1, 2, 3)
    h, w = img.shape[-2:]
    return _apply_grid(img, _affine_grid(theta, w, h, w, h), interpolation, fill)


def expanded_size(matrix, w, h):
    """(width, height) that hold the whole of a turned picture."""
    corners = penlight.tensor(
        [[-0.5 * w, -0.5 * h, 1.0], [-0.5 * w, 0.5 * h, 1.0], [0.5 * w, 0.5 * h, 1.0], [0.5 * w, -0.5 * h, 1.0]]
    )
    theta = penlight.tensor(matrix, dtype=penlight.float32).view(2, 3)
    moved = corners @ theta.T
    half = penlight.tensor((w * 0.5, h * 0.5))
    low, high = moved.amin(dim=0) + half, moved.amax(dim=0) + half
    # Cut to 1e-4, so that rounding does not add a column.
    low, high = penlight.trunc(low / 1e-4) * 1e-4, penlight.trunc(high / 1e-4) * 1e-4
    size = penlight.ceil(high) - penlight.floor(low)
    return int(size[0]), int(size[1])


def rotate(img, matrix, interpolation="nearest", expand=False, fill=None):
    """Turn by an inverse matrix; with `expand` the result holds the whole picture."""
    _check_grid_arguments(img, interpolation, fill, ["nearest", "bilinear"])
    h, w = img.shape[-2:]
    ow, oh = expanded_size(matrix, w, h) if expand else (w, h)
    theta = penlight.tensor(matrix, dtype=_grid_dtype(img), device=img.device).reshape(1, 2, 3)
    return _apply_grid(img, _affine_grid(theta, w, h, ow, oh), interpolation, fill)


def perspective(img, perspective_coeffs, interpolation="bilinear", fill=None):
    """Read every pixel (x, y) at ((ax+by+c)/(gx+hy+1), (dx+ey+f)/(gx+hy+1))."""
    _check_grid_arguments(img, interpolation, fill, ["nearest", "bilinear"], perspective_coeffs)
    h, w = img.shape[-2:]
    dtype, device = _grid_dtype(img), img.device
    c = perspective_coeffs
    above = penlight.tensor([c[:3], c[3:6]], dtype=dtype, device=device).unsqueeze(0)
    below = penlight.tensor([[c[6], c[7], 1.0], [c[6], c[7], 1.0]], dtype=dtype, device=device).unsqueeze(0)
    places = _pixel_places(w, h, dtype, device, 0.0, 0.0)
    rescaled = above.transpose(1, 2) / penlight.tensor([0.5 * w, 0.5 * h], dtype=dtype, device=device)
    grid = places.bmm(rescaled) / places.bmm(below.transpose(1, 2)) - 1.0
    return _apply_grid(img, grid.view(1, h, w, 2), interpolation, fill)


def identity_grid(size, dtype=penlight.float32, device=None):
    """The places (1, h, w, 2) at which a picture would be read unchanged."""
    y, x = (penlight.linspace((1 - s) / s, (s - 1) / s, s, dtype=dtype, device=device) for s in size)
    h, w = size
    return penlight.stack([x.expand(h, w), y.unsqueeze(-1).expand(h, w)], -1).unsqueeze(0)


def elastic_transform(img, displacement, interpolation="bilinear", fill=None):
    """Read every pixel at its own place plus `displacement` (1, H, W, 2)."""
    if not isinstance(img, penlight.Tensor):
        raise TypeError(f"img should be Tensor. Got {type(img)}")
    grid = identity_grid(img.shape[-2:], device=img.device).to(_grid_dtype(img))
    return _apply_grid(img, grid + displacement.to(device=img.device, dtype=grid.dtype), interpolation, fill)


# ---- filters and value tables


def _gaussian_kernel1d(kernel_size, sigma, dtype, device):
    half = (kernel_size - 1) * 0.5
    x = penlight.linspace(-half, half, steps=kernel_size, dtype=dtype, device=device)
    pdf = penlight.exp(-0.5 * (x / sigma).pow(2))
    return pdf / pdf.sum()


def _filter(img, kernel, border):
    """Each channel convolved with one 2-D kernel, after adding a mirrored border of (x, y) pixels."""
    x, before = _with_batch(img, [kernel.dtype])
    shape = x.shape
    x = x.reshape(-1, *shape[-3:])
    c = x.shape[1]
    if border is not None:
        x = F.pad(x, [border[0], border[0], border[1], border[1]], mode="reflect")
    x = F.conv2d(x, kernel.expand(c, 1, *kernel.shape), groups=c)
    return _without_batch(x.reshape(*shape[:-2], *x.shape[-2:]), before)


def gaussian_blur(img, kernel_size, sigma):
    """Blur with a bell of [x, y] `kernel_size` pixels and width `sigma`."""
    if not isinstance(img, penlight.Tensor):
        raise TypeError(f"img should be Tensor. Got {type(img)}")
    _assert_image_tensor(img)
    dtype = _grid_dtype(img)
    kx, ky = (_gaussian_kernel1d(k, s, dtype, img.device) for k, s in zip(kernel_size, sigma))
    return _filter(img, penlight.mm(ky[:, None], kx[None, :]), (kernel_size[0] // 2, kernel_size[1] // 2))


def adjust_sharpness(img, sharpness_factor):
    """0 is blurred, 1 the picture, 2 twice as sharp."""
    if sharpness_factor < 0:
        raise ValueError(f"sharpness_factor ({sharpness_factor}) is not non-negative.")
    _assert_image_tensor(img)
    _assert_channels(img, [1, 3])
    if img.shape[-1] <= 2 or img.shape[-2] <= 2:
        return img
    kernel = penlight.ones(3, 3, dtype=_grid_dtype(img), device=img.device)
    kernel[1, 1] = 5.0
    blurred = img.clone()
    blurred[..., 1:-1, 1:-1] = _filter(img, kernel / kernel.sum(), None)
    return _blend(img, blurred, sharpness_factor)


def invert(img):
    """The negative."""
    _assert_image_tensor(img)
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    _assert_channels(img, [1, 3])
    return _max_value(img.dtype) - img


def posterize(img, bits):
    """Keep the first `bits` bits of each byte."""
    _assert_image_tensor(img)
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    if img.dtype != penlight.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")
    _assert_channels(img, [1, 3])
    return img & (256 - 2 ** (8 - int(bits)))


def solarize(img, threshold):
    """The negative of the pixels at or above `threshold`."""
    _assert_image_tensor(img)
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    _assert_channels(img, [1, 3])
    if threshold > _max_value(img.dtype):
        raise TypeError("Threshold should be less than bound of img.")
    return penlight.where(img >= threshold, invert(img), img)


def autocontrast(img):
    """Stretch each channel over the whole range."""
    _assert_image_tensor(img)
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    _assert_channels(img, [1, 3])
    bound, dtype = _max_value(img.dtype), _grid_dtype(img)
    low = img.amin(dim=(-2, -1), keepdim=True).to(dtype)
    high = img.amax(dim=(-2, -1), keepdim=True).to(dtype)
    scale = bound / (high - low)
    flat = ~penlight.isfinite(scale)
    low, scale = penlight.where(flat, 0.0, low), penlight.where(flat, 1.0, scale)
    return ((img - low) * scale).clamp(0, bound).to(img.dtype)


def equalize(img):
    """Change the values so that each occurs about equally often, channel by channel."""
    _assert_image_tensor(img)
    if not 3 <= img.ndim <= 4:
        raise TypeError(f"Input image tensor should have 3 or 4 dimensions, but found {img.ndim}")
    if img.dtype != penlight.uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")
    _assert_channels(img, [1, 3])
    return equalize_channels(img)


def equalize_channels(img):
    """`equalize` of uint8 of any leading shape."""
    channels = img.reshape(-1, *img.shape[-2:])
    return penlight.stack([_equalize_channel(channel) for channel in channels]).reshape(img.shape)


def _equalize_channel(channel):
    histogram = penlight.bincount(channel.reshape(-1).to(penlight.int64), minlength=256)
    used = histogram[histogram != 0]
    step = int(used[:-1].sum()) // 255
    if step == 0:
        return channel
    table = (histogram.cumsum(0) + step // 2) // step
    table = F.pad(table, [1, 0])[:-1].clamp(0, 255)
    return table[channel.to(penlight.int64)].to(penlight.uint8)


def normalize(tensor, mean, std, inplace=False):
    """(tensor - mean) / std, channel by channel."""
    _assert_image_tensor(tensor)
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.size()}"
        )
    if not inplace:
        tensor = tensor.clone()
    mean = penlight.as_tensor(mean, dtype=tensor.dtype, device=tensor.device)
    std = penlight.as_tensor(std, dtype=tensor.dtype, device=tensor.device)
    if (std == 0).any():
        raise ValueError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    if mean.ndim == 1:
        mean = mean.view(-1, 1, 1)
    if std.ndim == 1:
        std = std.view(-1, 1, 1)
    return tensor.sub_(mean).div_(std)


def erase(img, i, j, h, w, v, inplace=False):
    """Write `v` over the rectangle at row i, column j."""
    _assert_image_tensor(img)
    if not inplace:
        img = img.clone()
    img[..., i : i + h, j : j + w] = v
    return img
