"""The generalized Pareto distribution."""

import math

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.distribution import Distribution

__all__ = ["GeneralizedPareto"]


class GeneralizedPareto(Distribution):
    """Values that exceed a high threshold: the distribution of the tail of other distributions.

    Args:
        loc: the threshold.
        scale: the width of the tail, positive.
        concentration: how heavy the tail is: 0 exponential, below 0 bounded, mean nan from 1 and variance from 1/2 on.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.GeneralizedPareto(0.0, 1.0, 0.5).mean
        tensor(2.)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real}
    has_rsample = True
    _arguments = ("loc", "scale", "concentration")

    def __init__(self, loc, scale, concentration, validate_args=None):
        self._set_arguments(validate_args, loc=loc, scale=scale, concentration=concentration)

    def rsample(self, sample_shape=torch.Size()):
        shape = self._extended_shape(sample_shape)
        return self.icdf(torch.rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    @property
    def _exponential(self):
        """Where the concentration is 0 and the formulas have a limit instead."""
        return torch.isclose(self.concentration, torch.tensor(0.0).to(self.concentration.dtype))

    def _tail(self, value):
        """The logarithm of the probability of more than `value`."""
        y = (value - self.loc) / self.scale
        at_zero = self._exponential
        k = torch.where(at_zero, torch.ones_like(self.concentration), self.concentration)
        return torch.where(at_zero, -y, -torch.log1p(k * y) / k)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        y = (value - self.loc) / self.scale
        at_zero = self._exponential
        k = torch.where(at_zero, torch.ones_like(self.concentration), self.concentration)
        return -torch.log(self.scale) + torch.where(at_zero, -y, -(1 + 1 / k) * torch.log1p(k * y))

    def log_survival_function(self, value):
        """The logarithm of the probability of a result above `value`."""
        if self._validate_args:
            self._validate_sample(value)
        return self._tail(value)

    def log_cdf(self, value):
        """The logarithm of cdf(value)."""
        return torch.log1p(-torch.exp(self.log_survival_function(value)))

    def cdf(self, value):
        return torch.exp(self.log_cdf(value))

    def icdf(self, value):
        at_zero = self._exponential
        k = torch.where(at_zero, torch.ones_like(self.concentration), self.concentration)
        log_rest = torch.log1p(-value)
        return torch.where(at_zero, self.loc - self.scale * log_rest,
                           self.loc + self.scale * torch.expm1(-k * log_rest) / k)  # fmt: skip

    def _where_below(self, limit, value):
        return torch.where(self.concentration < limit, value, math.nan)

    @property
    def mean(self):
        return self._where_below(1, self.loc + self.scale / (1 - self.concentration))

    @property
    def variance(self):
        k = self.concentration
        return self._where_below(0.5, self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k)))

    def entropy(self):
        return torch.broadcast_to(torch.log(self.scale) + self.concentration + 1, self._batch_shape)

    @property
    def mode(self):
        return self.loc

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self):
        upper = torch.where(self.concentration < 0, self.loc - self.scale / self.concentration, math.inf)
        return constraints.interval(self.loc, upper)
