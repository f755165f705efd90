"""The Cauchy (Lorentz) distribution."""

import math

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.distribution import Distribution

__all__ = ["Cauchy"]


class Cauchy(Distribution):
    """A peak with tails so heavy that mean (nan) and variance (inf) do not exist: the ratio of two normal values.

    Args:
        loc: the median.
        scale: half of the width at half of the height, positive.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.Cauchy(0.0, 1.0).cdf(torch.tensor(1.0))
        tensor(0.7500)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _arguments = ("loc", "scale")

    def __init__(self, loc, scale, validate_args=None):
        self._set_arguments(validate_args, loc=loc, scale=scale)

    def _constant(self, value):
        return torch.full(self._extended_shape(), value, dtype=self.loc.dtype, device=self.loc.device)

    @property
    def mean(self):
        return self._constant(math.nan)

    @property
    def mode(self):
        return self.loc

    @property
    def variance(self):
        return self._constant(math.inf)

    def rsample(self, sample_shape=torch.Size()):
        return self.loc + self.loc.new(self._extended_shape(sample_shape)).cauchy_() * self.scale

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return -math.log(math.pi) - self.scale.log() - (((value - self.loc) / self.scale) ** 2).log1p()

    def cdf(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return torch.atan((value - self.loc) / self.scale) / math.pi + 0.5

    def icdf(self, value):
        return torch.tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self):
        return math.log(4 * math.pi) + self.scale.log()
