"""The multinomial distribution."""

import math

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.binomial import Binomial
from penlight.distributions.categorical import Categorical
from penlight.distributions.distribution import Distribution
from penlight.distributions.utils import broadcast_all

__all__ = ["Multinomial"]


class Multinomial(Distribution):
    """How often each side of a die falls in `total_count` throws.

    Args:
        total_count: the number of throws, one int for the whole batch (NotImplementedError otherwise).
        probs: the probabilities along the last dimension, nonnegative; or
        logits: their logarithms, up to a constant. Exactly one of the two, else ValueError.

    log_prob() takes counts of any sum up to total_count.

    Example:
        >>> import penlight as torch
        >>> throws = torch.distributions.Multinomial(2, torch.tensor([0.5, 0.5]))
        >>> throws.log_prob(torch.tensor([1.0, 1.0])).exp()
        tensor(0.5000)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    _arguments = ("_categorical",)

    def __init__(self, total_count=1, probs=None, logits=None, validate_args=None):
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs=probs, logits=logits)
        super().__init__(
            self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args=validate_args
        )

    def _expanded(self, new, owner, batch_shape):
        new.total_count = self.total_count
        return super()._expanded(new, owner, batch_shape)

    def _new(self, *args, **kwargs):
        return self._categorical._new(*args, **kwargs)

    @property
    def _binomial(self):
        return Binomial(total_count=self.total_count, probs=self.probs)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self):
        return constraints.multinomial(self.total_count)

    @property
    def probs(self):
        """The probabilities of the categories."""
        return self._categorical.probs

    @property
    def logits(self):
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def param_shape(self):
        """The shape of the parameter that was given."""
        return self._categorical.param_shape

    @property
    def mean(self):
        return self.probs * self.total_count

    @property
    def variance(self):
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape=torch.Size()):
        sample_shape = torch.Size(sample_shape)
        throws = self._categorical.sample(torch.Size((self.total_count,)) + sample_shape).movedim(0, -1)
        counts = throws.new_zeros(self._extended_shape(sample_shape))
        return counts.scatter_add_(-1, throws, torch.ones_like(throws)).type_as(self.probs)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        logits = logits.clone(memory_format=torch.contiguous_format)
        logits[(value == 0) & (logits == -math.inf)] = 0  # 0 * -inf is 0 here
        log_choices = torch.lgamma(value.sum(-1) + 1) - torch.lgamma(value + 1).sum(-1)
        return log_choices + (logits * value).sum(-1)

    def entropy(self):
        n = torch.tensor(self.total_count)
        # Each count is binomial by itself; that is all which the mean of log_prob needs.
        counts = self._binomial.enumerate_support(expand=False)[1:]
        expected = (torch.exp(self._binomial.log_prob(counts)) * torch.lgamma(counts + 1)).sum([0, -1])
        return n * self._categorical.entropy() - torch.lgamma(n + 1) + expected
