"""The half-normal distribution."""

import math

from penlight.distributions._half import HalfDistribution
from penlight.distributions.normal import Normal

__all__ = ["HalfNormal"]


class HalfNormal(HalfDistribution):
    """The absolute value of a normal value with mean 0.

    Args:
        scale: the standard deviation of the normal value, positive.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.HalfNormal(1.0).mean
        tensor(0.7979)
    """

    _arguments = ()

    def __init__(self, scale, validate_args=None):
        super().__init__(Normal(0, scale, validate_args=False), validate_args=validate_args)

    @property
    def mean(self):
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self):
        return self.scale.pow(2) * (1 - 2 / math.pi)
