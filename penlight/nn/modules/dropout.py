"""Layers that drop random parts of their input while training."""

from penlight.nn import functional as F
from penlight.nn.modules.module import Module

__all__ = ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"]


class _DropoutNd(Module):
    def __init__(self, p=0.5, inplace=False):
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self):
        """The probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """While training, sets each element to zero with probability `p` and scales the rest by 1/(1-p).

    After `eval()` it gives back its input. With `inplace` it writes into its input.

    >>> torch.nn.Dropout(0.2).eval()(torch.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input):
        """Drop elements of the input, when training."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """While training, sets whole channels of (N, C, L) or (C, L) to zero with probability `p`, scaling the rest.

    >>> torch.nn.Dropout1d(0.2).eval()(torch.ones(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def forward(self, input):
        """Drop channels of the input, when training."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """While training, sets whole channels of (N, C, H, W) to zero with probability `p`, scaling the rest.

    >>> torch.nn.Dropout2d(0.2).eval()(torch.ones(2, 3, 4, 4)).shape
    torch.Size([2, 3, 4, 4])
    """

    def forward(self, input):
        """Drop channels of the input, when training."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """While training, sets whole channels of (N, C, D, H, W) to zero with probability `p`, scaling the rest.

    >>> torch.nn.Dropout3d(0.2).eval()(torch.ones(2, 3, 4, 4, 4)).shape
    torch.Size([2, 3, 4, 4, 4])
    """

    def forward(self, input):
        """Drop channels of the input, when training."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout that keeps mean and variance: dropped elements take SELU's lower limit. Goes with SELU.

    >>> torch.nn.AlphaDropout(0.2).eval()(torch.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input):
        """Drop elements of the input, when training."""
        return F.alpha_dropout(input, self.p, self.training, self.inplace)


class FeatureAlphaDropout(_DropoutNd):
    """AlphaDropout of whole channels.

    >>> torch.nn.FeatureAlphaDropout(0.2).eval()(torch.ones(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """

    def forward(self, input):
        """Drop channels of the input, when training."""
        return F.feature_alpha_dropout(input, self.p, self.training, self.inplace)
