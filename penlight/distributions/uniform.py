"""The uniform distribution on an interval."""

import math

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.distribution import Distribution

__all__ = ["Uniform"]


class Uniform(Distribution):
    """Values spread evenly over [low, high).

    Args:
        low: the lower end, less than high.
        high: the upper end.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.Uniform(0.0, 4.0).cdf(torch.tensor(1.0))
        tensor(0.2500)
    """

    has_rsample = True
    _arguments = ("low", "high")

    def __init__(self, low, high, validate_args=None):
        self._set_arguments(validate_args, low=low, high=high)

    @property
    def arg_constraints(self):
        return {"low": constraints.less_than(self.high), "high": constraints.greater_than(self.low)}

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        return constraints.interval(self.low, self.high)

    @property
    def mean(self):
        return (self.high + self.low) / 2

    @property
    def mode(self):
        return math.nan * self.high

    @property
    def stddev(self):
        return (self.high - self.low) / 12**0.5

    @property
    def variance(self):
        return (self.high - self.low).pow(2) / 12

    def rsample(self, sample_shape=torch.Size()):
        u = torch.rand(self._extended_shape(sample_shape), dtype=self.low.dtype, device=self.low.device)
        return self.low + u * (self.high - self.low)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        inside = self.low.le(value).type_as(self.low) * self.high.gt(value).type_as(self.low)
        return torch.log(inside) - torch.log(self.high - self.low)

    def cdf(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value):
        return value * (self.high - self.low) + self.low

    def entropy(self):
        return torch.log(self.high - self.low)
