"""The inverse gamma distribution."""

import math

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.gamma import Gamma
from penlight.distributions.transformed_distribution import TransformedDistribution
from penlight.distributions.transforms import PowerTransform

__all__ = ["InverseGamma"]


class InverseGamma(TransformedDistribution):
    """1 / x of a gamma value x; common for an unknown variance.

    Args:
        concentration: the gamma's concentration, positive; the mean is infinite up to 1, the variance up to 2.
        rate: the gamma's rate, positive.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.InverseGamma(3.0, 2.0).mean
        tensor(1.)
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive
    has_rsample = True
    _arguments = ()

    def __init__(self, concentration, rate, validate_args=None):
        base = Gamma(concentration, rate, validate_args=validate_args)
        super().__init__(base, PowerTransform(-base.rate.new_ones(())), validate_args=validate_args)

    @property
    def concentration(self):
        """The gamma's concentration."""
        return self.base_dist.concentration

    @property
    def rate(self):
        """The gamma's rate."""
        return self.base_dist.rate

    @property
    def mean(self):
        return torch.where(self.concentration > 1, self.rate / (self.concentration - 1), math.inf)

    @property
    def mode(self):
        return self.rate / (self.concentration + 1)

    @property
    def variance(self):
        c = self.concentration
        return torch.where(c > 2, self.rate.square() / ((c - 1).square() * (c - 2)), math.inf)

    def entropy(self):
        c = self.concentration
        return c + self.rate.log() + c.lgamma() - (1 + c) * c.digamma()
