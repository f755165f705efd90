"""The categorical distribution: one throw of a die."""

import math

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions._parameters import CategoricalParameter
from penlight.distributions.distribution import Distribution
from penlight.distributions.utils import probs_or_logits

__all__ = ["Categorical"]


class Categorical(CategoricalParameter, Distribution):
    """One throw of a die: an index from 0 to K - 1, each with its own probability.

    Args:
        probs: the probabilities along the last dimension, nonnegative; they are divided by their sum; or
        logits: their logarithms, up to a constant. Exactly one of the two, else ValueError.

    Example:
        >>> import penlight as torch
        >>> die = torch.distributions.Categorical(torch.tensor([1.0, 1.0, 2.0]))
        >>> die.probs, die.log_prob(torch.tensor(2)).exp()
        (tensor([0.2500, 0.2500, 0.5000]), tensor(0.5000))
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True
    _arguments = ("probs", "logits", "_param")

    def __init__(self, probs=None, logits=None, validate_args=None):
        name, value = probs_or_logits(probs, logits)
        if value.dim() < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if name == "probs":
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        self._param = value
        self._num_events = value.size(-1)
        super().__init__(value.size()[:-1], validate_args=validate_args)

    def _expanded(self, new, owner, batch_shape):
        new._num_events = self._num_events
        return super()._expanded(new, owner, batch_shape)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self):
        return constraints.integer_interval(0, self._num_events - 1)

    def _undefined(self):
        return torch.full(self._extended_shape(), math.nan, dtype=self.probs.dtype, device=self.probs.device)

    @property
    def mean(self):
        return self._undefined()

    @property
    def mode(self):
        return self.probs.argmax(dim=-1)

    @property
    def variance(self):
        return self._undefined()

    def sample(self, sample_shape=torch.Size()):
        sample_shape = torch.Size(sample_shape)
        rows = self.probs.reshape(-1, self._num_events)
        samples = torch.multinomial(rows, sample_shape.numel(), True).T
        return samples.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        value, log_pmf = torch.broadcast_tensors(value.long().unsqueeze(-1), self.logits)
        return log_pmf.gather(-1, value[..., :1]).squeeze(-1)

    def entropy(self):
        logits = torch.clamp(self.logits, min=torch.finfo(self.logits.dtype).min)  # -inf * 0 is 0 here
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand=True):
        values = torch.arange(self._num_events, dtype=torch.long, device=self._param.device)
        values = values.view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1,) + self._batch_shape) if expand else values
