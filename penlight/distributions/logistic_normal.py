"""The logistic-normal distribution."""

from penlight.distributions import constraints
from penlight.distributions.normal import Normal
from penlight.distributions.transformed_distribution import TransformedDistribution
from penlight.distributions.transforms import StickBreakingTransform

__all__ = ["LogisticNormal"]


class LogisticNormal(TransformedDistribution):
    """Random probabilities made of normal values: n of them, stick by stick, give n + 1 numbers with sum 1.

    Args:
        loc: the means of the normal values.
        scale: their standard deviations, positive.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.LogisticNormal(torch.zeros(2), torch.ones(2)).event_shape
        torch.Size([3])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex
    has_rsample = True
    _arguments = ()

    def __init__(self, loc, scale, validate_args=None):
        base = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    @property
    def loc(self):
        """The means of the normal values."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self):
        """The standard deviations of the normal values."""
        return self.base_dist.base_dist.scale
