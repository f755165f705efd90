"""The binomial distribution."""

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions._parameters import BinaryParameter
from penlight.distributions.distribution import Distribution
from penlight.distributions.utils import broadcast_all, probs_or_logits

__all__ = ["Binomial"]


def _positive_part(x):
    # Like clamp(min=0), with a gradient of one half at 0.
    return (x.clamp(min=0) + x - x.clamp(max=0)) / 2


class Binomial(BinaryParameter, Distribution):
    """The number of successes in `total_count` trials that each succeed with probability `probs`.

    Args:
        total_count: the number of trials, a nonnegative whole number or a tensor of them.
        probs: the probability of a success; or
        logits: its log-odds. Exactly one of the two, else ValueError.

    entropy() and enumerate_support() need one total_count for the whole batch (NotImplementedError).

    Example:
        >>> import penlight as torch
        >>> torch.distributions.Binomial(2, torch.tensor(0.5)).log_prob(torch.arange(3.0)).exp()
        tensor([0.2500, 0.5000, 0.2500])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True
    _arguments = ("total_count", "probs", "logits", "_param")

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        name, value = probs_or_logits(probs, logits)
        self.total_count, self._param = broadcast_all(total_count, value)
        self.total_count = self.total_count.type_as(self._param)
        setattr(self, name, self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self):
        return self.total_count * self.probs

    @property
    def mode(self):
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self):
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=torch.Size()):
        shape = self._extended_shape(sample_shape)
        with torch.no_grad():
            return torch.binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        log_choices = torch.lgamma(n + 1) - torch.lgamma(value + 1) - torch.lgamma(n - value + 1)
        # n * log(1 + exp(logits)), without overflow
        normalizer = n * _positive_part(logits) + n * torch.log1p(torch.exp(-torch.abs(logits)))
        return value * logits - normalizer + log_choices

    def entropy(self):
        self._common_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(torch.exp(log_prob) * log_prob).sum(0)

    def enumerate_support(self, expand=True):
        count = self._common_count("enumerate_support")
        values = torch.arange(1 + count, dtype=self._param.dtype, device=self._param.device)
        values = values.view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + self._batch_shape) if expand else values

    def _common_count(self, method):
        count = int(self.total_count.max())
        if not self.total_count.min() == count:
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{method}`.")
        return count
