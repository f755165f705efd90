"""What the half-normal and the half-Cauchy distribution share: the distance from the centre of a symmetric one."""

import math

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.transformed_distribution import TransformedDistribution
from penlight.distributions.transforms import AbsTransform

__all__ = ["HalfDistribution"]


class HalfDistribution(TransformedDistribution):
    """The absolute value of a distribution that is symmetric about 0.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.HalfNormal(1.0).support
        GreaterThanEq(lower_bound=0.0)
    """

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, base, validate_args=None):
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    @property
    def scale(self):
        """The scale of the whole distribution."""
        return self.base_dist.scale

    @property
    def mode(self):
        return torch.zeros_like(self.scale)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        value = torch.as_tensor(value, dtype=self.scale.dtype, device=self.scale.device)
        log_prob = self.base_dist.log_prob(value) + math.log(2)
        return torch.where(value >= 0, log_prob, -math.inf)

    def cdf(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, prob):
        return self.base_dist.icdf((prob + 1) / 2)

    def entropy(self):
        return self.base_dist.entropy() - math.log(2)
