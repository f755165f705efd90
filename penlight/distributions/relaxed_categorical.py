"""Differentiable approximations of the categorical distribution."""

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.categorical import Categorical
from penlight.distributions.distribution import Distribution
from penlight.distributions.transformed_distribution import TransformedDistribution
from penlight.distributions.transforms import ExpTransform
from penlight.distributions.utils import broadcast_all, clamp_probs

__all__ = ["ExpRelaxedCategorical", "RelaxedOneHotCategorical"]


class ExpRelaxedCategorical(Distribution):
    """The logarithm of a RelaxedOneHotCategorical value.

    Args:
        temperature: positive; the lower, the closer to one-hot the exponentials come.
        probs: the probabilities along the last dimension; or
        logits: their logarithms, up to a constant. Exactly one of the two, else ValueError.

    Example:
        >>> import penlight as torch
        >>> from penlight.distributions.relaxed_categorical import ExpRelaxedCategorical
        >>> ExpRelaxedCategorical(torch.tensor(1.0), torch.ones(3)).sample().exp().sum().round()
        tensor(1.)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.real_vector
    has_rsample = True
    _arguments = ("_categorical",)

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        super().__init__(
            self._categorical.batch_shape, self._categorical.param_shape[-1:], validate_args=validate_args
        )

    def _expanded(self, new, owner, batch_shape):
        new.temperature = self.temperature
        return super()._expanded(new, owner, batch_shape)

    def _new(self, *args, **kwargs):
        return self._categorical._new(*args, **kwargs)

    @property
    def param_shape(self):
        """The shape of the parameter that was given."""
        return self._categorical.param_shape

    @property
    def logits(self):
        """The logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def probs(self):
        """The probabilities of the categories."""
        return self._categorical.probs

    def rsample(self, sample_shape=torch.Size()):
        shape = self._extended_shape(sample_shape)
        u = clamp_probs(torch.rand(shape, dtype=self.logits.dtype, device=self.logits.device))
        scores = (self.logits - (-(u.log())).log()) / self.temperature  # the second term is Gumbel noise
        return scores - scores.logsumexp(dim=-1, keepdim=True)

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        k = self._categorical._num_events
        logits, value = broadcast_all(self.logits, value)
        log_scale = torch.full_like(self.temperature, float(k)).lgamma() + self.temperature.log().mul(k - 1)
        score = logits - value.mul(self.temperature)
        return (score - score.logsumexp(dim=-1, keepdim=True)).sum(-1) + log_scale


class RelaxedOneHotCategorical(TransformedDistribution):
    """A differentiable die: probabilities, most of the weight on one index (concrete or Gumbel-softmax distribution).

    Args:
        temperature: a positive tensor; the lower, the closer to one-hot the values come.
        probs: the probabilities along the last dimension; or
        logits: their logarithms, up to a constant. Exactly one of the two, else ValueError.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.RelaxedOneHotCategorical(torch.tensor(2.0), torch.ones(4)).event_shape
        torch.Size([4])
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    support = constraints.simplex
    has_rsample = True
    _arguments = ()

    def __init__(self, temperature, probs=None, logits=None, validate_args=None):
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    @property
    def temperature(self):
        """How far from one-hot the values stay."""
        return self.base_dist.temperature

    @property
    def logits(self):
        """The logarithms of the probabilities."""
        return self.base_dist.logits

    @property
    def probs(self):
        """The probabilities of the categories."""
        return self.base_dist.probs
