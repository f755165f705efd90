"""The Dirichlet distribution."""

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.exp_family import ExponentialFamily

__all__ = ["Dirichlet"]


class _DirichletSample(torch.autograd.Function):
    """Dirichlet samples and their implicit gradient: how a sample moves when a concentration does."""

    @staticmethod
    def forward(ctx, concentration):
        sample = torch._sample_dirichlet(concentration)
        ctx.save_for_backward(sample, concentration)
        return sample

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, grad_output):
        return dirichlet_backward(*ctx.saved_tensors, grad_output)


def dirichlet_backward(sample, concentration, grad_output):
    """The gradient of the concentrations for one of the samples."""
    total = concentration.sum(-1, True).expand_as(concentration)
    slope = torch._dirichlet_grad(sample, concentration, total)
    return slope * (grad_output - (sample * grad_output).sum(-1, True))


class Dirichlet(ExponentialFamily):
    """Random probabilities: vectors of positive numbers with sum 1.

    Args:
        concentration: positive, of at least one dimension; its last dimension is one vector. Larger ones come closer
            to their share of the sum, which is the mean.

    Example:
        >>> import penlight as torch
        >>> torch.distributions.Dirichlet(torch.tensor([1.0, 3.0])).mean
        tensor([0.2500, 0.7500])
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True
    _arguments = ("concentration",)

    def __init__(self, concentration, validate_args=None):
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    @property
    def mean(self):
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self):
        above_one = (self.concentration - 1).clamp(min=0.0)
        mode = above_one / above_one.sum(-1, True)
        at_corner = (self.concentration < 1).all(dim=-1)
        corners = torch.nn.functional.one_hot(mode[at_corner].argmax(dim=-1), above_one.shape[-1])
        mode[at_corner] = corners.to(mode)
        return mode

    @property
    def variance(self):
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape=()):
        return _DirichletSample.apply(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return (
            torch.xlogy(self.concentration - 1.0, value).sum(-1)
            + torch.lgamma(self.concentration.sum(-1))
            - torch.lgamma(self.concentration).sum(-1)
        )

    def entropy(self):
        c = self.concentration
        total = c.sum(-1)
        return (
            torch.lgamma(c).sum(-1)
            - torch.lgamma(total)
            - (c.size(-1) - total) * torch.digamma(total)
            - ((c - 1.0) * torch.digamma(c)).sum(-1)
        )

    @property
    def _natural_params(self):
        return (self.concentration,)

    def _log_normalizer(self, x):
        return x.lgamma().sum(-1) - torch.lgamma(x.sum(-1))
