"""Pooling layers: one number for each window of the input."""

from penlight.nn import functional as F
from penlight.nn.modules.module import Module
from penlight.nn.modules.utils import _pair, _single, _triple

__all__ = [
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
]


class _MaxPoolNd(Module):
    def __init__(self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def _pool(self, function, input):
        return function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            ceil_mode=self.ceil_mode,
            return_indices=self.return_indices,
        )

    def extra_repr(self):
        """The settings."""
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, dilation={self.dilation}, "
            f"ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPoolNd):
    """The largest number in each window of (N, C, L) or (C, L); the stride is by default the window's size.

    With `ceil_mode` a last window may reach over the end; `return_indices` also gives where the numbers stood.

    >>> torch.nn.MaxPool1d(2)(torch.tensor([[1., 3., 2., 0.]]))
    tensor([[3., 2.]])
    """

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.max_pool1d, input)


class MaxPool2d(_MaxPoolNd):
    """The largest number in each window of (N, C, H, W) or (C, H, W); the stride is by default the window's size.

    With `ceil_mode` last windows may reach over the end; `return_indices` also gives where the numbers stood.

    >>> torch.nn.MaxPool2d(2)(torch.zeros(4, 3, 32, 32)).shape
    torch.Size([4, 3, 16, 16])
    """

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.max_pool2d, input)


class MaxPool3d(_MaxPoolNd):
    """The largest number in each window of (N, C, D, H, W) or (C, D, H, W); the stride is by default the window's size.

    >>> torch.nn.MaxPool3d(2)(torch.zeros(4, 3, 8, 8, 8)).shape
    torch.Size([4, 3, 4, 4, 4])
    """

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.max_pool3d, input)


class AvgPool1d(Module):
    """The mean of each window of (N, C, L) or (C, L); the stride is by default the window's size.

    `count_include_pad` says whether padding counts as zeros.

    >>> torch.nn.AvgPool1d(2)(torch.tensor([[1., 3., 2., 0.]]))
    tensor([[2., 1.]])
    """

    def __init__(self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
        super().__init__()
        self.kernel_size = _single(kernel_size)
        self.stride = _single(stride if stride is not None else kernel_size)
        self.padding = _single(padding)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input):
        """Pool the input."""
        return F.avg_pool1d(input, self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad)

    def extra_repr(self):
        """The settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPoolNd(Module):
    def __init__(
        self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
    ):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride if stride is not None else kernel_size
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def _pool(self, function, input):
        return function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def extra_repr(self):
        """The settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPoolNd):
    """The mean of each window of (N, C, H, W) or (C, H, W); the stride is by default the window's size.

    `count_include_pad` says whether padding counts as zeros; `divisor_override` replaces the number to divide by.

    >>> torch.nn.AvgPool2d(2)(torch.zeros(4, 3, 32, 32)).shape
    torch.Size([4, 3, 16, 16])
    """

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.avg_pool2d, input)


class AvgPool3d(_AvgPoolNd):
    """The mean of each window of (N, C, D, H, W) or (C, D, H, W); the stride is by default the window's size.

    >>> torch.nn.AvgPool3d(2)(torch.zeros(4, 3, 8, 8, 8)).shape
    torch.Size([4, 3, 4, 4, 4])
    """

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.avg_pool3d, input)


class _LPPoolNd(Module):
    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def _pool(self, function, input):
        return function(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)

    def extra_repr(self):
        """The settings."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """The p-norm of each window, (sum x**p)**(1/p) with p = `norm_type`, of (N, C, L) or (C, L).

    >>> torch.nn.LPPool1d(2, 2)(torch.tensor([[3., 4.]]))
    tensor([[5.]])
    """

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.lp_pool1d, input)


class LPPool2d(_LPPoolNd):
    """The p-norm of each window, (sum x**p)**(1/p) with p = `norm_type`, of (N, C, H, W) or (C, H, W).

    >>> torch.nn.LPPool2d(2, 2)(torch.ones(1, 2, 2))
    tensor([[[2.]]])
    """

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.lp_pool2d, input)


class LPPool3d(_LPPoolNd):
    """The p-norm of each window, (sum x**p)**(1/p) with p = `norm_type`, of (N, C, D, H, W) or (C, D, H, W).

    >>> torch.nn.LPPool3d(3, 2)(torch.ones(1, 2, 2, 2))
    tensor([[[[2.]]]])
    """

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.lp_pool3d, input)


class _AdaptiveMaxPoolNd(Module):
    def __init__(self, output_size, return_indices=False):
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def extra_repr(self):
        """The setting."""
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The largest number in each of `output_size` parts of (N, C, L) or (C, L), whatever L is.

    >>> torch.nn.AdaptiveMaxPool1d(2)(torch.tensor([[1., 3., 2., 0.]]))
    tensor([[3., 2.]])
    """

    def forward(self, input):
        """Pool the input."""
        return F.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The largest number in each of H x W parts of (N, C, *, *), whatever the size; None keeps a size.

    >>> torch.nn.AdaptiveMaxPool2d((5, 7))(torch.zeros(1, 64, 8, 9)).shape
    torch.Size([1, 64, 5, 7])
    """

    def forward(self, input):
        """Pool the input."""
        return F.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The largest number in each of D x H x W parts of (N, C, *, *, *), whatever the size; None keeps a size.

    >>> torch.nn.AdaptiveMaxPool3d(2)(torch.zeros(1, 4, 8, 9, 10)).shape
    torch.Size([1, 4, 2, 2, 2])
    """

    def forward(self, input):
        """Pool the input."""
        return F.adaptive_max_pool3d(input, self.output_size, self.return_indices)


class _AdaptiveAvgPoolNd(Module):
    def __init__(self, output_size):
        super().__init__()
        self.output_size = output_size

    def extra_repr(self):
        """The setting."""
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The mean of each of `output_size` parts of (N, C, L) or (C, L), whatever L is.

    >>> torch.nn.AdaptiveAvgPool1d(2)(torch.tensor([[1., 3., 2., 0.]]))
    tensor([[2., 1.]])
    """

    def forward(self, input):
        """Pool the input."""
        return F.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The mean of each of H x W parts of (N, C, *, *), whatever the size; None keeps a size.

    >>> torch.nn.AdaptiveAvgPool2d(1)(torch.zeros(1, 64, 8, 9)).shape
    torch.Size([1, 64, 1, 1])
    """

    def forward(self, input):
        """Pool the input."""
        return F.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The mean of each of D x H x W parts of (N, C, *, *, *), whatever the size; None keeps a size.

    >>> torch.nn.AdaptiveAvgPool3d(2)(torch.zeros(1, 4, 8, 9, 10)).shape
    torch.Size([1, 4, 2, 2, 2])
    """

    def forward(self, input):
        """Pool the input."""
        return F.adaptive_avg_pool3d(input, self.output_size)


class _MaxUnpoolNd(Module):
    def __init__(self, kernel_size, stride=None, padding=0):
        super().__init__()
        self.kernel_size = self._ntuple(kernel_size)
        self.stride = self._ntuple(stride if stride is not None else kernel_size)
        self.padding = self._ntuple(padding)

    def extra_repr(self):
        """The settings."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Puts numbers back where a MaxPool1d with `return_indices` found them, zeros elsewhere.

    >>> pooled, indices = torch.nn.MaxPool1d(2, return_indices=True)(torch.tensor([[1., 3., 2., 0.]]))
    >>> torch.nn.MaxUnpool1d(2)(pooled, indices)
    tensor([[0., 3., 2., 0.]])
    """

    _ntuple = staticmethod(_single)

    def forward(self, input, indices, output_size=None):
        """Put the numbers back."""
        return F.max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_MaxUnpoolNd):
    """Puts numbers back where a MaxPool2d with `return_indices` found them, zeros elsewhere.

    >>> torch.nn.MaxUnpool2d(2)(torch.tensor([[[3.]]]), torch.tensor([[[1]]]))
    tensor([[[0., 3.],
             [0., 0.]]])
    """

    _ntuple = staticmethod(_pair)

    def forward(self, input, indices, output_size=None):
        """Put the numbers back."""
        return F.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool3d(_MaxUnpoolNd):
    """Puts numbers back where a MaxPool3d with `return_indices` found them, zeros elsewhere.

    >>> torch.nn.MaxUnpool3d(2)(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1, dtype=torch.int64)).shape
    torch.Size([1, 2, 2, 2])
    """

    _ntuple = staticmethod(_triple)

    def forward(self, input, indices, output_size=None):
        """Put the numbers back."""
        return F.max_unpool3d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class _FractionalMaxPoolNd(Module):
    def __init__(self, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None):
        super().__init__()
        name = type(self).__name__
        self.kernel_size = self._ntuple(kernel_size)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = self._ntuple(output_size) if output_size is not None else None
        self.output_ratio = self._ntuple(output_ratio) if output_ratio is not None else None
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")

    def _pool(self, function, input):
        return function(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            _random_samples=self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """The largest number in windows at places drawn at random, so many that images get `output_size`.

    Input (N, C, H, W) or (C, H, W). Give `output_size`, or `output_ratio`, its share of the input's size (Graham 2014).

    >>> torch.nn.FractionalMaxPool2d(3, output_ratio=0.5)(torch.zeros(1, 1, 9, 9)).shape
    torch.Size([1, 1, 4, 4])
    """

    _ntuple = staticmethod(_pair)

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.fractional_max_pool2d, input)


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """FractionalMaxPool2d for volumes (N, C, D, H, W) or (C, D, H, W).

    >>> torch.nn.FractionalMaxPool3d(3, output_size=4)(torch.zeros(1, 1, 9, 9, 9)).shape
    torch.Size([1, 1, 4, 4, 4])
    """

    _ntuple = staticmethod(_triple)

    def forward(self, input):
        """Pool the input."""
        return self._pool(F.fractional_max_pool3d, input)
