"""The half-Cauchy distribution."""

import math

import penlight as torch
from penlight.distributions._half import HalfDistribution
from penlight.distributions.cauchy import Cauchy

__all__ = ["HalfCauchy"]


class HalfCauchy(HalfDistribution):
    """The absolute value of a Cauchy value with median 0; its mean is infinite.

    Args:
        scale: the median, positive.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.HalfCauchy(2.0).cdf(torch.tensor(2.0))
        tensor(0.5000)
    """

    _arguments = ()

    def __init__(self, scale, validate_args=None):
        super().__init__(Cauchy(0, scale, validate_args=False), validate_args=validate_args)

    @property
    def mean(self):
        return torch.full(self._extended_shape(), math.inf, dtype=self.scale.dtype, device=self.scale.device)

    @property
    def variance(self):
        return self.base_dist.variance
