"""Comparing vectors, and products of two inputs."""

import penlight


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """The p-norm of x1 - x2 + eps along the last dimension: (N, D) and (N, D) give (N).

    >>> F.pairwise_distance(torch.zeros(2, 3), torch.ones(2, 3), p=1.0)
    tensor([3.0000, 3.0000])
    """
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """The cosine of the angle between vectors along `dim`; lengths below `eps` count as `eps`.

    >>> F.cosine_similarity(torch.tensor([[1., 0.]]), torch.tensor([[2., 0.]]))
    tensor([1.])
    """
    dtype = penlight.promote_types(x1.dtype, x2.dtype)
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(
            f"expected common dtype to be floating point, yet common dtype is {str(dtype)[6:].capitalize()}"
        )
    x1, x2 = penlight.broadcast_tensors(x1.to(dtype), x2.to(dtype))
    return (x1 / _length(x1, dim, eps) * (x2 / _length(x2, dim, eps))).sum(dim)


def _length(x, dim, eps):
    """The norm of the vectors, at least `eps`; the limit does not enter the gradient."""
    norm = x.norm(2, dim, keepdim=True)
    return norm + (norm.detach().clamp(min=eps) - norm.detach())


def bilinear(input1, input2, weight, bias=None):
    """x1^T A x2 + b for the features x1 (*, I), x2 (*, J) and a weight A (O, I, J): output (*, O).

    >>> F.bilinear(torch.ones(5, 2), torch.ones(5, 3), torch.ones(4, 2, 3)).shape
    torch.Size([5, 4])
    """
    for i, x in ((1, input1), (2, input2)):
        if x.size(-1) != weight.size(i):
            raise RuntimeError(
                f"bilinear(): input{i} size does not match weight size: got {x.size(-1)} but expected {weight.size(i)}"
            )
    if input1.shape[:-1] != input2.shape[:-1]:
        raise RuntimeError(
            f"bilinear(): input batch dimensions do not match: got {list(input1.shape)} and {list(input2.shape)}"
        )
    rows = input1.reshape(1, -1, weight.size(1)) @ weight  # (O, N, J)
    output = (rows * input2.reshape(-1, weight.size(2))).sum(-1).T
    output = output if bias is None else output + bias
    return output.reshape(*input1.shape[:-1], weight.size(0))
