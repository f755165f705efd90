"""Layers that put numbers around their input: zeros, a constant, or copies of what is inside."""

from penlight.nn import functional as F
from penlight.nn.modules.module import Module
from penlight.nn.modules.utils import _ntuple, _pair, _quadruple

__all__ = [
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
]

_sextuple = _ntuple(6, "_sextuple")


class _PadNd(Module):
    """`padding` is one number for all sides, or (left, right, top, bottom, front, back) as far as they exist."""

    _mode = "constant"
    _sides = staticmethod(_pair)

    def __init__(self, padding):
        super().__init__()
        self.padding = self._sides(padding)

    def forward(self, input):
        """Return the padded input."""
        return F.pad(input, self.padding, self._mode)

    def extra_repr(self):
        """The numbers of elements on each side."""
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    def __init__(self, padding, value):
        super().__init__(padding)
        self.value = value

    def forward(self, input):
        """Return the padded input."""
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self):
        """The numbers of elements on each side, and the number that they are."""
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Puts a number before and after a signal (..., L); `padding` is one count or (left, right).

    >>> torch.nn.ConstantPad1d((1, 2), 5.)(torch.zeros(1, 2))
    tensor([[5., 0., 0., 5., 5.]])
    """


class ConstantPad2d(_ConstantPadNd):
    """Puts a number around an image (..., H, W); `padding` is one count or (left, right, top, bottom).

    >>> torch.nn.ConstantPad2d(1, 5.)(torch.zeros(1, 3, 4)).shape
    torch.Size([1, 5, 6])
    """

    _sides = staticmethod(_quadruple)


class ConstantPad3d(_ConstantPadNd):
    """Puts a number around a volume (..., D, H, W); `padding` is one count or (left, right, top, bottom, front, back).

    >>> torch.nn.ConstantPad3d(1, 5.)(torch.zeros(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    _sides = staticmethod(_sextuple)


class _Zeros:
    """A constant padding whose constant is zero."""

    def __init__(self, padding):
        super().__init__(padding, 0.0)

    def extra_repr(self):
        """The numbers of elements on each side."""
        return f"{self.padding}"


class ZeroPad1d(_Zeros, ConstantPad1d):
    """Puts zeros before and after a signal (..., L); `padding` is one count or (left, right).

    >>> torch.nn.ZeroPad1d((1, 2))(torch.ones(1, 2))
    tensor([[0., 1., 1., 0., 0.]])
    """


class ZeroPad2d(_Zeros, ConstantPad2d):
    """Puts zeros around an image (..., H, W); `padding` is one count or (left, right, top, bottom).

    >>> torch.nn.ZeroPad2d(1)(torch.ones(1, 3, 4)).shape
    torch.Size([1, 5, 6])
    """


class ZeroPad3d(_Zeros, ConstantPad3d):
    """Puts zeros around a volume (..., D, H, W); `padding` is one count or (left, right, top, bottom, front, back).

    >>> torch.nn.ZeroPad3d(1)(torch.ones(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """


class ReflectionPad1d(_PadNd):
    """Continues a signal (N, C, L) or (C, L) by its mirror image; the edge itself is not repeated.

    >>> torch.nn.ReflectionPad1d(2)(torch.tensor([[1., 2., 3.]]))
    tensor([[3., 2., 1., 2., 3., 2., 1.]])
    """

    _mode = "reflect"


class ReflectionPad2d(ReflectionPad1d):
    """Continues an image (N, C, H, W) or (C, H, W) by its mirror image; the edge itself is not repeated.

    >>> torch.nn.ReflectionPad2d(1)(torch.zeros(1, 3, 4)).shape
    torch.Size([1, 5, 6])
    """

    _sides = staticmethod(_quadruple)


class ReflectionPad3d(ReflectionPad1d):
    """Continues a volume (N, C, D, H, W) or (C, D, H, W) by its mirror image; the edge itself is not repeated.

    >>> torch.nn.ReflectionPad3d(1)(torch.zeros(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    _sides = staticmethod(_sextuple)


class ReplicationPad1d(_PadNd):
    """Continues a signal (N, C, L) or (C, L) by its first and last number.

    >>> torch.nn.ReplicationPad1d(2)(torch.tensor([[1., 2., 3.]]))
    tensor([[1., 1., 1., 2., 3., 3., 3.]])
    """

    _mode = "replicate"


class ReplicationPad2d(ReplicationPad1d):
    """Continues an image (N, C, H, W) or (C, H, W) by the numbers at its edge.

    >>> torch.nn.ReplicationPad2d(1)(torch.zeros(1, 3, 4)).shape
    torch.Size([1, 5, 6])
    """

    _sides = staticmethod(_quadruple)


class ReplicationPad3d(ReplicationPad1d):
    """Continues a volume (N, C, D, H, W) or (C, D, H, W) by the numbers at its surface.

    >>> torch.nn.ReplicationPad3d(1)(torch.zeros(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    _sides = staticmethod(_sextuple)


class CircularPad1d(_PadNd):
    """Continues a signal (N, C, L) or (C, L) as if it were a circle.

    >>> torch.nn.CircularPad1d(1)(torch.tensor([[1., 2., 3.]]))
    tensor([[3., 1., 2., 3., 1.]])
    """

    _mode = "circular"


class CircularPad2d(CircularPad1d):
    """Continues an image (N, C, H, W) or (C, H, W) by its other side.

    >>> torch.nn.CircularPad2d(1)(torch.zeros(1, 3, 4)).shape
    torch.Size([1, 5, 6])
    """

    _sides = staticmethod(_quadruple)


class CircularPad3d(CircularPad1d):
    """Continues a volume (N, C, D, H, W) or (C, D, H, W) by its other side.

    >>> torch.nn.CircularPad3d(1)(torch.zeros(1, 2, 3, 4)).shape
    torch.Size([1, 4, 5, 6])
    """

    _sides = staticmethod(_sextuple)
