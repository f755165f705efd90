"""Normalisations that don't depend on the batch."""

import numbers

from penlight import _C
from penlight.nn import functional as F
from penlight.nn import init
from penlight.nn.modules.module import Module
from penlight.nn.parameter import Parameter

__all__ = ["LocalResponseNorm", "CrossMapLRN2d", "LayerNorm", "GroupNorm", "RMSNorm"]


class LocalResponseNorm(Module):
    """Divides by (k + alpha * mean of the squares of `size` neighbouring channels)**beta. Input (N, C, ...).

    >>> torch.nn.LocalResponseNorm(2)(torch.zeros(5, 3, 4, 4)).shape
    torch.Size([5, 3, 4, 4])
    """

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1.0):
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input):
        """Normalise the input."""
        return F.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self):
        """The settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(Module):
    """LocalResponseNorm for images (N, C, H, W) as Torch7 had it, for old models; new ones take LocalResponseNorm.

    >>> torch.nn.CrossMapLRN2d(2)(torch.zeros(5, 3, 4, 4)).shape
    torch.Size([5, 3, 4, 4])
    """

    def __init__(self, size, alpha=1e-4, beta=0.75, k=1):
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input):
        """Normalise the input."""
        if input.dim() != 4:
            raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.dim()}D instead.")
        squares, channels = input.pow(2).unbind(1), input.size(1)
        reach = (self.size - 1) // 2 + 1
        sums = [sum(squares[1:reach], squares[0])]
        for c in range(1, channels):
            total = sums[-1]
            if c + reach - 1 < channels:
                total = total + squares[c + reach - 1]
            # One step late, as in Torch7: its models were trained so.
            if c > reach:
                total = total - squares[c - reach]
            sums.append(total)
        return input * (_C.stack(sums, 1) * (self.alpha / self.size) + self.k).pow(-self.beta)

    def extra_repr(self):
        """The settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class LayerNorm(Module):
    """Normalises over the last dimensions to mean 0 and variance 1, then scales and shifts each element.

    `normalized_shape` is the size of the last dimension or the sizes of the last few. `elementwise_affine` gives it a
    trainable `weight` of that shape and, with `bias`, a `bias`.

    >>> torch.nn.LayerNorm(8)(torch.zeros(5, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        options = {"device": device, "dtype": dtype}
        self.register_parameter(
            "weight", Parameter(_C.empty(self.normalized_shape, **options)) if elementwise_affine else None
        )
        has_bias = elementwise_affine and bias
        self.register_parameter("bias", Parameter(_C.empty(self.normalized_shape, **options)) if has_bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Set weight to 1 and bias to 0."""
        if self.elementwise_affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input):
        """Normalise the input."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self):
        """The settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


def _shape(sizes):
    return (sizes,) if isinstance(sizes, numbers.Integral) else tuple(sizes)


class GroupNorm(Module):
    """Normalises groups of channels of each sample of (N, C, ...), then scales and shifts each channel.

    `num_channels` = C must be divisible by `num_groups`. `affine` gives it a trainable `weight` (C) and, with `bias`, a
    `bias` (C).

    >>> torch.nn.GroupNorm(3, 6)(torch.zeros(5, 6, 4)).shape
    torch.Size([5, 6, 4])
    """

    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True, device=None, dtype=None, *, bias=True):
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        options = {"device": device, "dtype": dtype}
        self.register_parameter("weight", Parameter(_C.empty(num_channels, **options)) if affine else None)
        self.register_parameter("bias", Parameter(_C.empty(num_channels, **options)) if affine and bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Set weight to 1 and bias to 0."""
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def forward(self, input):
        """Normalise the input."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self):
        """The settings."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """Divides by the root mean square over the last dimensions, then scales each element.

    `normalized_shape` is the size of the last dimension or the sizes of the last few; `eps` is by default the dtype's.

    >>> torch.nn.RMSNorm(8)(torch.zeros(5, 3, 8)).shape
    torch.Size([5, 3, 8])
    """

    def __init__(self, normalized_shape, eps=None, elementwise_affine=True, device=None, dtype=None):
        super().__init__()
        self.normalized_shape = _shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        weight = Parameter(_C.empty(self.normalized_shape, device=device, dtype=dtype)) if elementwise_affine else None
        self.register_parameter("weight", weight)
        self.reset_parameters()

    def reset_parameters(self):
        """Set weight to 1."""
        if self.elementwise_affine:
            init.ones_(self.weight)

    def forward(self, input):
        """Normalise the input."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self):
        """The settings."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
