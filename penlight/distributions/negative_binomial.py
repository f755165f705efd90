"""The negative binomial distribution."""

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions._parameters import BinaryParameter
from penlight.distributions.distribution import Distribution
from penlight.distributions.gamma import Gamma
from penlight.distributions.utils import broadcast_all, lazy_property, probs_or_logits
from penlight.nn.functional import logsigmoid

__all__ = ["NegativeBinomial"]


class NegativeBinomial(BinaryParameter, Distribution):
    """The number of successes before `total_count` failures; counts that vary more than Poisson's.

    Args:
        total_count: the number of failures to stop at, nonnegative, not necessarily whole.
        probs: the probability of a success, from 0 to below 1; or
        logits: its log-odds. Exactly one of the two, else ValueError.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.NegativeBinomial(3.0, torch.tensor(0.5)).mean
        tensor(3.)
    """

    arg_constraints = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer
    _arguments = ("total_count", "probs", "logits", "_param")

    def __init__(self, total_count, probs=None, logits=None, validate_args=None):
        name, value = probs_or_logits(probs, logits)
        self.total_count, self._param = broadcast_all(total_count, value)
        self.total_count = self.total_count.type_as(self._param)
        setattr(self, name, self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    @property
    def mean(self):
        return self.total_count * torch.exp(self.logits)

    @property
    def mode(self):
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self):
        return self.mean / torch.sigmoid(-self.logits)

    @lazy_property
    def _gamma(self):
        # The rate of a Poisson count, which itself is random: that is this distribution.
        return Gamma(concentration=self.total_count, rate=torch.exp(-self.logits), validate_args=False)

    def sample(self, sample_shape=torch.Size()):
        with torch.no_grad():
            return torch.poisson(self._gamma.sample(sample_shape=sample_shape))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        n = self.total_count
        unnormalized = n * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        normalizer = -torch.lgamma(n + value) + torch.lgamma(1.0 + value) + torch.lgamma(n)
        normalizer = normalizer.masked_fill(n + value == 0.0, 0.0)
        return unnormalized - normalizer
