"""The LKJ distribution of correlation matrices."""

import math

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.beta import Beta
from penlight.distributions.distribution import Distribution
from penlight.distributions.utils import broadcast_all

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """Random correlation matrices, as their lower Cholesky factors (Lewandowski, Kurowicka and Joe, 2009).

    Args:
        dim: the number of rows, at least 2, else ValueError.
        concentration: positive; 1 makes all matrices equally likely, more favours small correlations.

    Example:
        >>> import penlight as torch
        >>> factor = torch.distributions.LKJCholesky(3).sample()
        >>> (factor @ factor.T).diagonal().round()
        tensor([1., 1., 1.])
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky
    _arguments = ("concentration",)

    def __init__(self, dim, concentration=1.0, validate_args=None):
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        like = {"dtype": self.concentration.dtype, "device": self.concentration.device}
        # The squared length of row k below the diagonal is beta distributed.
        offset = torch.cat([torch.zeros(1, **like), torch.arange(dim - 1, **like)])
        marginal = self.concentration + 0.5 * (dim - 2)
        self._beta = Beta(offset + 0.5, marginal.unsqueeze(-1) - 0.5 * offset)
        super().__init__(self.concentration.size(), torch.Size((dim, dim)), validate_args)

    def _expanded(self, new, owner, batch_shape):
        new.dim = self.dim
        new._beta = self._beta.expand(batch_shape + (self.dim,))
        return super()._expanded(new, owner, batch_shape)

    def sample(self, sample_shape=torch.Size()):
        # The onion method: each row is a random direction, as long as its beta value says.
        length = self._beta.sample(sample_shape).unsqueeze(-1)
        shape = self._extended_shape(sample_shape)
        normal = torch.randn(shape, dtype=length.dtype, device=length.device).tril(-1)
        direction = normal / normal.norm(dim=-1, keepdim=True)
        direction[..., 0, :].fill_(0.0)
        w = torch.sqrt(length) * direction
        tiny = torch.finfo(w.dtype).tiny
        return w + torch.clamp(1 - torch.sum(w**2, dim=-1), min=tiny).sqrt().diag_embed()

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        n = self.dim - 1
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        row = torch.arange(2, self.dim + 1, device=self.concentration.device)
        exponent = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - row
        alpha = self.concentration + 0.5 * n
        normalizer = 0.5 * n * math.log(math.pi) + torch.mvlgamma(alpha - 0.5, n) - torch.lgamma(alpha) * n
        return torch.sum(exponent * diagonal.log(), dim=-1) - normalizer
