"""Convolutions."""

import math

from penlight import _C
from penlight.nn import functional as F
from penlight.nn import init
from penlight.nn.modules.lazy import LazyModuleMixin
from penlight.nn.modules.module import Module
from penlight.nn.modules.utils import _pair, _reverse_repeat_tuple, _single, _triple
from penlight.nn.parameter import Parameter, UninitializedParameter

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]


class _ConvNd(Module):
    """What the convolutions share: the settings, the parameters and their initial values."""

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride,
        padding,
        dilation,
        transposed,
        output_padding,
        groups,
        bias,
        padding_mode,
        device=None,
        dtype=None,
    ):
        super().__init__()
        _check_settings(in_channels, out_channels, stride, padding, groups, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        # Padding in the order of F.pad: last dimension first, both sides. Used by modes other than zeros.
        if padding == "same":
            totals = [d * (k - 1) for d, k in zip(reversed(dilation), reversed(kernel_size))]
            self._reversed_padding_repeated_twice = [n for total in totals for n in (total // 2, total - total // 2)]
        elif padding == "valid":
            self._reversed_padding_repeated_twice = [0, 0] * len(kernel_size)
        else:
            self._reversed_padding_repeated_twice = _reverse_repeat_tuple(padding, 2)
        channels = (in_channels, out_channels // groups) if transposed else (out_channels, in_channels // groups)
        self.weight = Parameter(_C.empty((*channels, *kernel_size), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(_C.empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw new initial values, uniform in +-1/sqrt(numbers that each output sums over)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self):
        """The channels and the settings that are not the default."""
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        n = len(self.kernel_size)
        if self.padding != (0,) * n:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * n:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * n:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text

    def __setstate__(self, state):
        super().__setstate__(state)
        self.__dict__.setdefault("padding_mode", "zeros")

    def _padded(self, input):
        """The input, and the padding that the convolution is still to add."""
        if self.padding_mode == "zeros":
            return input, self.padding
        return F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode), (0,) * len(self.kernel_size)


def _check_settings(in_channels, out_channels, stride, padding, groups, padding_mode):
    if groups <= 0:
        raise ValueError("groups must be a positive integer")
    if in_channels % groups != 0:
        raise ValueError("in_channels must be divisible by groups")
    if out_channels % groups != 0:
        raise ValueError("out_channels must be divisible by groups")
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise ValueError(f"Invalid padding string {padding!r}, should be one of { {'same', 'valid'} }")
        if padding == "same" and any(s != 1 for s in stride):
            raise ValueError("padding='same' is not supported for strided convolutions")
    modes = {"zeros", "reflect", "replicate", "circular"}
    if padding_mode not in modes:
        raise ValueError(f"padding_mode must be one of {modes}, but got padding_mode='{padding_mode}'")


class Conv1d(_ConvNd):
    """Slides small filters along a signal: sums each window of all channels, with weights, for each output channel.

    Input (N, in_channels, L) or (in_channels, L); output length floor((L + 2 padding - dilation (kernel_size - 1) - 1)
    / stride) + 1. `padding` is a number, "same" or "valid". `groups` splits the channels. `weight` has shape
    (out_channels, in_channels / groups, kernel_size).

    >>> torch.nn.Conv1d(16, 33, 3, stride=2)(torch.zeros(20, 16, 50)).shape
    torch.Size([20, 33, 24])
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _single(kernel_size),
            _single(stride),
            padding if isinstance(padding, str) else _single(padding),
            _single(dilation),
            False,
            _single(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input):
        """Convolve the input."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input, weight, bias):
        input, padding = self._padded(input)
        return F.conv1d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class Conv2d(_ConvNd):
    """Slides small filters over an image: sums each window of all channels, with weights, for each output channel.

    Input (N, in_channels, H, W) or (in_channels, H, W); output height floor((H + 2 padding - dilation (kernel_size -
    1) - 1) / stride) + 1, and likewise the width. Settings are one number or one for each dimension; `padding` may be
    "same" or "valid". `groups` splits the channels. `weight` has shape (out_channels, in_channels / groups,
    *kernel_size).

    >>> torch.nn.Conv2d(3, 8, 3, padding=1)(torch.zeros(4, 3, 32, 32)).shape
    torch.Size([4, 8, 32, 32])
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _pair(kernel_size),
            _pair(stride),
            padding if isinstance(padding, str) else _pair(padding),
            _pair(dilation),
            False,
            _pair(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input):
        """Convolve the input."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input, weight, bias):
        input, padding = self._padded(input)
        return F.conv2d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(_ConvNd):
    """Slides small filters through a volume or video: as Conv2d, with one more dimension.

    Input (N, in_channels, D, H, W) or (in_channels, D, H, W).

    >>> torch.nn.Conv3d(1, 2, 3)(torch.zeros(4, 1, 8, 8, 8)).shape
    torch.Size([4, 2, 6, 6, 6])
    """

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        super().__init__(
            in_channels,
            out_channels,
            _triple(kernel_size),
            _triple(stride),
            padding if isinstance(padding, str) else _triple(padding),
            _triple(dilation),
            False,
            _triple(0),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input):
        """Convolve the input."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input, weight, bias):
        input, padding = self._padded(input)
        return F.conv3d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class _ConvTransposeNd(_ConvNd):
    """A convolution run backwards: it enlarges where the convolution shrinks."""

    _ntuple = staticmethod(_pair)

    def __init__(
        self,
        in_channels,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        n = self._ntuple
        super().__init__(
            in_channels,
            out_channels,
            n(kernel_size),
            n(stride),
            n(padding),
            n(dilation),
            True,
            n(output_padding),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _transposed(self, function, input, output_size):
        extra = self.output_padding if output_size is None else self._output_padding(input, list(output_size))
        return function(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _output_padding(self, input, wanted):
        """What is to be added at the end of each dimension so that the output has the size asked for."""
        n = len(self.kernel_size)
        leading = input.dim() - n
        if len(wanted) == leading + n:
            wanted = wanted[leading:]
        if len(wanted) != n:
            raise ValueError(
                f"ConvTranspose{n}D: for {input.dim()}D input, output_size must have {n} or {leading + n} elements "
                f"(got {len(wanted)})"
            )
        settings = zip(input.shape[leading:], self.kernel_size, self.stride, self.padding, self.dilation)
        least = [(size - 1) * s - 2 * p + d * (k - 1) + 1 for size, k, s, p, d in settings]
        most = [size + s - 1 for size, s in zip(least, self.stride)]
        if not all(low <= size <= high for low, size, high in zip(least, wanted, most)):
            raise ValueError(
                f"requested an output size of {tuple(wanted)}, but valid sizes range from {least} to {most} (for an "
                f"input of {input.size()[2:]})"
            )
        return [size - low for size, low in zip(wanted, least)]


class ConvTranspose1d(_ConvTransposeNd):
    """Conv1d run backwards: it enlarges a signal, each number adding a weighted copy of the filter to the output.

    Input (N, in_channels, L) or (in_channels, L); output length (L - 1) stride - 2 padding + dilation (kernel_size - 1)
    + output_padding + 1. `weight` has shape (in_channels, out_channels / groups, kernel_size). `output_size`, given to
    the call, chooses among the lengths that the same convolution shrinks to L.

    >>> torch.nn.ConvTranspose1d(16, 33, 3, stride=2)(torch.zeros(20, 16, 50)).shape
    torch.Size([20, 33, 101])
    """

    _ntuple = staticmethod(_single)

    def forward(self, input, output_size=None):
        """Enlarge the input."""
        return self._transposed(F.conv_transpose1d, input, output_size)


class ConvTranspose2d(_ConvTransposeNd):
    """Conv2d run backwards: it enlarges an image, each number adding a weighted copy of the filter to the output.

    Input (N, in_channels, H, W) or (in_channels, H, W); the settings are those of ConvTranspose1d.

    >>> torch.nn.ConvTranspose2d(16, 8, 2, stride=2)(torch.zeros(1, 16, 12, 12)).shape
    torch.Size([1, 8, 24, 24])
    """

    _ntuple = staticmethod(_pair)

    def forward(self, input, output_size=None):
        """Enlarge the input."""
        return self._transposed(F.conv_transpose2d, input, output_size)


class ConvTranspose3d(_ConvTransposeNd):
    """Conv3d run backwards: it enlarges a volume, each number adding a weighted copy of the filter to the output.

    Input (N, in_channels, D, H, W) or (in_channels, D, H, W); the settings are those of ConvTranspose1d.

    >>> torch.nn.ConvTranspose3d(4, 2, 2, stride=2)(torch.zeros(1, 4, 3, 3, 3)).shape
    torch.Size([1, 2, 6, 6, 6])
    """

    _ntuple = staticmethod(_triple)

    def forward(self, input, output_size=None):
        """Enlarge the input."""
        return self._transposed(F.conv_transpose3d, input, output_size)


class _LazyConvNd(LazyModuleMixin):
    """A convolution that learns its in_channels from the first input."""

    def __init__(
        self,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        dilation=1,
        groups=1,
        bias=True,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        # Made without channels, and so in one group.
        super().__init__(0, 0, kernel_size, stride, padding, dilation, 1, False, padding_mode)
        self._await_channels(out_channels, groups, bias, device, dtype)

    def _await_channels(self, out_channels, groups, bias, device, dtype):
        self.out_channels = out_channels
        self.groups = groups
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self):
        """Draw new initial values, once the shapes are known."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input, *args, **kwargs):
        """Take in_channels from the input."""
        if not self.has_uninitialized_params():
            return
        self.in_channels = self._channels(input)
        if self.in_channels % self.groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if self.transposed:
            channels = self.in_channels, self.out_channels // self.groups
        else:
            channels = self.out_channels, self.in_channels // self.groups
        self.weight.materialize((*channels, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()

    def _channels(self, input):
        n = len(self.kernel_size)
        if input.dim() not in (n + 1, n + 2):
            raise RuntimeError(
                f"Expected {n + 1}D (unbatched) or {n + 2}D (batched) input to {type(self).__name__}, but got input "
                f"of size: {input.shape}"
            )
        return input.shape[-n - 1]


class _LazyConvTransposeNd(_LazyConvNd):
    def __init__(
        self,
        out_channels,
        kernel_size,
        stride=1,
        padding=0,
        output_padding=0,
        groups=1,
        bias=True,
        dilation=1,
        padding_mode="zeros",
        device=None,
        dtype=None,
    ):
        LazyModuleMixin.__init__(
            self, 0, 0, kernel_size, stride, padding, output_padding, 1, False, dilation, padding_mode
        )
        self._await_channels(out_channels, groups, bias, device, dtype)


class LazyConv1d(_LazyConvNd, Conv1d):
    """A Conv1d that learns its in_channels from the first input; the other arguments are those of Conv1d.

    >>> layer = torch.nn.LazyConv1d(4, 3)
    >>> layer(torch.zeros(2, 3, 8)).shape[1]
    4
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyConvNd, Conv2d):
    """A Conv2d that learns its in_channels from the first input; the other arguments are those of Conv2d.

    >>> layer = torch.nn.LazyConv2d(4, 3)
    >>> layer(torch.zeros(2, 3, 8, 8)).shape[1]
    4
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConvNd, Conv3d):
    """A Conv3d that learns its in_channels from the first input; the other arguments are those of Conv3d.

    >>> layer = torch.nn.LazyConv3d(4, 3)
    >>> layer(torch.zeros(2, 3, 8, 8, 8)).shape[1]
    4
    """

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvTransposeNd, ConvTranspose1d):
    """A ConvTranspose1d that learns its in_channels from the first input; other arguments as for ConvTranspose1d.

    >>> layer = torch.nn.LazyConvTranspose1d(4, 3)
    >>> layer(torch.zeros(2, 3, 8)).shape[1]
    4
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvTransposeNd, ConvTranspose2d):
    """A ConvTranspose2d that learns its in_channels from the first input; other arguments as for ConvTranspose2d.

    >>> layer = torch.nn.LazyConvTranspose2d(4, 3)
    >>> layer(torch.zeros(2, 3, 8, 8)).shape[1]
    4
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvTransposeNd, ConvTranspose3d):
    """A ConvTranspose3d that learns its in_channels from the first input; other arguments as for ConvTranspose3d.

    >>> layer = torch.nn.LazyConvTranspose3d(4, 3)
    >>> layer(torch.zeros(2, 3, 8, 8, 8)).shape[1]
    4
    """

    cls_to_become = ConvTranspose3d
