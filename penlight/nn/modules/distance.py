"""Distances between rows of two tensors."""

from penlight.nn import functional as F
from penlight.nn.modules.module import Module

__all__ = ["PairwiseDistance", "CosineSimilarity"]


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last dimension: (N, D) and (N, D) give (N).

    >>> torch.nn.PairwiseDistance()(torch.zeros(2, 1), torch.ones(2, 1))
    tensor([1.0000, 1.0000])
    """

    def __init__(self, p=2.0, eps=1e-6, keepdim=False):
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1, x2):
        """Compare the rows."""
        return F.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along `dim`: 1 for the same direction, -1 for the opposite one.

    >>> torch.nn.CosineSimilarity(dim=0)(torch.tensor([1., 0.]), torch.tensor([2., 0.]))
    tensor(1.)
    """

    def __init__(self, dim=1, eps=1e-8):
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1, x2):
        """Compare the vectors."""
        return F.cosine_similarity(x1, x2, self.dim, self.eps)
