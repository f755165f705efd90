"""Differentiable approximations of the Bernoulli distribution."""

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions._parameters import BinaryParameter
from penlight.distributions.distribution import Distribution
from penlight.distributions.transformed_distribution import TransformedDistribution
from penlight.distributions.transforms import SigmoidTransform
from penlight.distributions.utils import broadcast_all, clamp_probs, probs_or_logits

__all__ = ["LogitRelaxedBernoulli", "RelaxedBernoulli"]


class LogitRelaxedBernoulli(BinaryParameter, Distribution):
    """The log-odds of a RelaxedBernoulli value.

    Args:
        temperature: positive; the lower, the closer to 0 and 1 the values come.
        probs: the probability of a 1; or
        logits: its log-odds. Exactly one of the two, else ValueError.

    Example:
        >>> import penlight as torch
        >>> from penlight.distributions.relaxed_bernoulli import LogitRelaxedBernoulli
        >>> LogitRelaxedBernoulli(torch.tensor(1.0), 0.5).log_prob(torch.tensor(0.0)).exp()
        tensor(0.2500)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.real
    _arguments = ("probs", "logits", "_param")

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self.temperature = temperature
        name, value = probs_or_logits(probs, logits)
        (self._param,) = broadcast_all(value)
        setattr(self, name, self._param)
        super().__init__(self._param.size(), validate_args=validate_args)

    def _expanded(self, new, owner, batch_shape):
        new.temperature = self.temperature
        return super()._expanded(new, owner, batch_shape)

    def rsample(self, sample_shape=torch.Size()):
        shape = self._extended_shape(sample_shape)
        probs = clamp_probs(self.probs.expand(shape))
        u = clamp_probs(torch.rand(shape, dtype=probs.dtype, device=probs.device))
        return (u.log() - (-u).log1p() + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        difference = logits - value.mul(self.temperature)
        return self.temperature.log() + difference - 2 * difference.exp().log1p()


class RelaxedBernoulli(TransformedDistribution):
    """A differentiable coin: values between 0 and 1, most of them near the ends (binary concrete distribution).

    Args:
        temperature: a positive tensor; the lower, the closer to 0 and 1 the values come.
        probs: the probability of the upper end; or
        logits: its log-odds. Exactly one of the two, else ValueError.

    Example:
        >>> import penlight as torch
        >>> probs = torch.tensor(0.5, requires_grad=True)
        >>> torch.distributions.RelaxedBernoulli(torch.tensor(0.1), probs).rsample().requires_grad
        True
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.unit_interval
    has_rsample = True
    _arguments = ()

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)

    @property
    def temperature(self):
        """How far from 0 and 1 the values stay."""
        return self.base_dist.temperature

    @property
    def logits(self):
        """The log-odds of the upper end."""
        return self.base_dist.logits

    @property
    def probs(self):
        """The probability of the upper end."""
        return self.base_dist.probs
