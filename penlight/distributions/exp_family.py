"""Exponential families, whose entropy follows from the derivatives of the log normalizer."""

import penlight as torch
from penlight.distributions.distribution import Distribution
from penlight.distributions.utils import sum_rightmost

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """Distributions with density exp(<t(x), n> - F(n) + k(x)): normal, gamma, Bernoulli and many more.

    A subclass gives `_natural_params` (n), `_log_normalizer(*n)` (F), `_mean_carrier_measure` (the mean of k), and has
    entropy() and kl_divergence() of its own kind from them, by automatic differentiation.

    Example:
        >>> import penlight as torch
        >>> isinstance(torch.distributions.Normal(0.0, 1.0), torch.distributions.ExponentialFamily)
        True
    """

    @property
    def _natural_params(self):
        raise NotImplementedError(f"{type(self).__name__} does not give its natural parameters (_natural_params)")

    def _log_normalizer(self, *natural_params):
        raise NotImplementedError(f"{type(self).__name__} does not give its log normalizer (_log_normalizer)")

    @property
    def _mean_carrier_measure(self):
        raise NotImplementedError(f"{type(self).__name__} does not give the mean of its carrier measure")

    def entropy(self):
        """F(n) - <n, grad F(n)> - E[k(x)]."""
        natural = [p.detach().requires_grad_() for p in self._natural_params]
        normalizer = self._log_normalizer(*natural)
        gradients = torch.autograd.grad(normalizer.sum(), natural, create_graph=True)
        result = normalizer - self._mean_carrier_measure
        for parameter, gradient in zip(natural, gradients):
            term = (parameter * gradient).reshape(self._batch_shape + (-1,))
            result = result - sum_rightmost(term, 1)
        return result
