"""Parameters that may be given as probabilities or as logits; the other of the two is computed at its first use."""

from penlight.distributions.utils import lazy_property, logits_to_probs, probs_to_logits

__all__ = ["BinaryParameter", "CategoricalParameter"]


class BinaryParameter:
    """A probability of success: `probs`, or `logits`, the log-odds log(p / (1 - p)). `_param` is what was given.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.Bernoulli(logits=torch.tensor(0.0)).probs
        tensor(0.5000)
    """

    @lazy_property
    def logits(self):
        """The log-odds of success."""
        return probs_to_logits(self.probs, is_binary=True)

    @lazy_property
    def probs(self):
        """The probability of success."""
        return logits_to_probs(self.logits, is_binary=True)

    @property
    def param_shape(self):
        """The shape of the parameter that was given."""
        return self._param.size()

    def _new(self, *args, **kwargs):
        return self._param.new(*args, **kwargs)


class CategoricalParameter(BinaryParameter):
    """The probabilities of the categories, along the last dimension, or their logarithms, up to a constant.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.Categorical(logits=torch.zeros(2)).probs
        tensor([0.5000, 0.5000])
    """

    @lazy_property
    def logits(self):
        """The logarithms of the probabilities."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self):
        """The probabilities of the categories."""
        return logits_to_probs(self.logits)
