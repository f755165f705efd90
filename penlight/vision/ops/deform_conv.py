"""Deformable convolution: every tap of the kernel reads at a place of its own."""

import math

import penlight
from penlight import nn
from penlight.nn import init

__all__ = ["deform_conv2d", "DeformConv2d"]


def _pair(value):
    return (value, value) if isinstance(value, int) else tuple(value)


def _sample(img, x, y):
    """Read (N, C, H, W) at the columns `x` and rows `y` (N, h, w), between the pixels too; outside of it is 0."""
    n, c, h, w = img.shape
    pixels = img.reshape(n, c, h * w)
    left, top = penlight.floor(x), penlight.floor(y)
    e, s = x - left, y - top
    total = 0
    for ix, wx in ((left, 1 - e), (left + 1, e)):
        for iy, wy in ((top, 1 - s), (top + 1, s)):
            inside = (ix >= 0) & (ix < w) & (iy >= 0) & (iy < h)
            index = penlight.where(inside, iy * w + ix, 0).to(penlight.int64).reshape(n, 1, -1)
            found = pixels.gather(2, index.expand(n, c, -1)).reshape(n, c, *x.shape[1:])
            total = total + found * penlight.where(inside, wx * wy, 0).unsqueeze(1)
    return total


def deform_conv2d(input, offset, weight, bias=None, stride=(1, 1), padding=(0, 0), dilation=(1, 1), mask=None):
    """Do a convolution of (N, C, H, W) whose taps are shifted by `offset`, pixel by pixel.

    `weight` is (C_out, C / groups, kh, kw). `offset` is (N, 2 * G * kh * kw, out_h, out_w) with (y, x) pairs in pixels,
    for G groups of channels; `mask` (N, G * kh * kw, out_h, out_w) weighs each tap (None: all 1).

    >>> x, w = torch.ones(1, 1, 3, 3), torch.ones(1, 1, 3, 3)
    >>> deform_conv2d(x, torch.zeros(1, 18, 1, 1), w)
    tensor([[[[9.]]]])
    """
    (sy, sx), (py, px), (dy, dx) = _pair(stride), _pair(padding), _pair(dilation)
    out_c, group_c, kh, kw = weight.shape
    n, c, h, w = input.shape
    taps = kh * kw
    offset_groups = offset.shape[1] // (2 * taps)
    if offset_groups == 0:
        raise RuntimeError(
            "the shape of the offset tensor at dimension 1 is not valid. It should be a multiple of 2 * "
            f"weight.size[2] * weight.size[3].\nGot offset.shape[1]={offset.shape[1]}, "
            f"while 2 * weight.size[2] * weight.size[3]={2 * taps}"
        )
    out_h = (h + 2 * py - (dy * (kh - 1) + 1)) // sy + 1
    out_w = (w + 2 * px - (dx * (kw - 1) + 1)) // sx + 1
    if tuple(offset.shape) != (n, 2 * offset_groups * taps, out_h, out_w) or c % offset_groups or c % group_c:
        raise RuntimeError(
            f"offset of shape {tuple(offset.shape)} does not fit: input {tuple(input.shape)} and weight "
            f"{tuple(weight.shape)} want ({n}, a multiple of {2 * taps}, {out_h}, {out_w})"
        )
    at = lambda count, step: penlight.arange(count, dtype=input.dtype, device=input.device) * step
    y = (at(out_h, sy) - py)[None, :, None] + at(kh, dy).repeat_interleave(kw)[:, None, None]
    x = (at(out_w, sx) - px)[None, None, :] + at(kw, dx).repeat(kh)[:, None, None]
    shift = offset.reshape(n * offset_groups, taps, 2, out_h, out_w)
    images = input.reshape(n * offset_groups, c // offset_groups, h, w)
    flat = (n * offset_groups, taps * out_h, out_w)
    read = _sample(images, (x + shift[:, :, 1]).reshape(flat), (y + shift[:, :, 0]).reshape(flat))
    columns = read.reshape(n, offset_groups, c // offset_groups, taps, out_h, out_w)
    if mask is not None:
        columns = columns * mask.reshape(n, offset_groups, 1, taps, out_h, out_w)
    groups = c // group_c
    columns = columns.reshape(n, groups, group_c * taps, out_h * out_w)
    kernels = weight.reshape(groups, out_c // groups, group_c * taps)
    out = (kernels @ columns).reshape(n, out_c, out_h, out_w)
    return out if bias is None else out + bias.view(1, -1, 1, 1)


class DeformConv2d(nn.Module):
    """The layer of `deform_conv2d`; its `forward` takes the input, the offsets and, where wanted, the mask.

    >>> layer = DeformConv2d(3, 8, 3, padding=1)
    >>> layer(torch.rand(1, 3, 5, 5), torch.zeros(1, 18, 5, 5)).shape
    torch.Size([1, 8, 5, 5])
    """

    def __init__(
        self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True
    ):
        super().__init__()
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels, self.out_channels, self.groups = in_channels, out_channels, groups
        self.kernel_size, self.stride = _pair(kernel_size), _pair(stride)
        self.padding, self.dilation = _pair(padding), _pair(dilation)
        self.weight = nn.Parameter(penlight.empty(out_channels, in_channels // groups, *self.kernel_size))
        if bias:
            self.bias = nn.Parameter(penlight.empty(out_channels))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw the weights anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in)
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input, offset, mask=None):
        """The convolution."""
        return deform_conv2d(
            input, offset, self.weight, self.bias, self.stride, self.padding, self.dilation, mask=mask
        )

    def __repr__(self):
        text = f"{self.__class__.__name__}({self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        for name, usual in (("padding", (0, 0)), ("dilation", (1, 1)), ("groups", 1)):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text + (", bias=False)" if self.bias is None else ")")
