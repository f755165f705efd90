"""The normal (Gaussian) distribution."""

import math

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.exp_family import ExponentialFamily
from penlight.distributions.utils import standard_normal

__all__ = ["Normal"]


class Normal(ExponentialFamily):
    """The bell curve: values around `loc`, most of them within a distance of `scale`.

    Args:
        loc: the mean.
        scale: the standard deviation, positive.

    Example:
        >>> import penlight as torch
        >>> normal = torch.distributions.Normal(0.0, 1.0)
        >>> normal.log_prob(torch.tensor(0.0)), normal.cdf(torch.tensor(1.0))
        (tensor(-0.9189), tensor(0.8413))
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real
    has_rsample = True
    _mean_carrier_measure = 0
    _arguments = ("loc", "scale")

    def __init__(self, loc, scale, validate_args=None):
        self._set_arguments(validate_args, loc=loc, scale=scale)

    @property
    def mean(self):
        return self.loc

    @property
    def mode(self):
        return self.loc

    @property
    def stddev(self):
        return self.scale

    @property
    def variance(self):
        return self.stddev.pow(2)

    def sample(self, sample_shape=torch.Size()):
        shape = self._extended_shape(sample_shape)
        with torch.no_grad():
            return torch.normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape=torch.Size()):
        shape = self._extended_shape(sample_shape)
        return self.loc + standard_normal(shape, self.loc.dtype, self.loc.device) * self.scale

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        distance = ((value - self.loc) ** 2) / (2 * self.scale**2)
        return -distance - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def cdf(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return 0.5 * (1 + torch.erf((value - self.loc) * self.scale.reciprocal() / math.sqrt(2)))

    def icdf(self, value):
        return self.loc + self.scale * torch.erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self):
        return 0.5 + 0.5 * math.log(2 * math.pi) + torch.log(self.scale)

    @property
    def _natural_params(self):
        return self.loc / self.scale.pow(2), -0.5 * self.scale.pow(2).reciprocal()

    def _log_normalizer(self, x, y):
        return -0.25 * x.pow(2) / y + 0.5 * torch.log(-math.pi / y)
