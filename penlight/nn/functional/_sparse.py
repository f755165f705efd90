"""Looking up rows: embeddings and one-hot vectors."""

import penlight
from penlight import _C
from penlight.overrides import handle_torch_function, has_torch_function


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """The rows of `weight` (V, D) at the integers `input` (*), as (*, D).

    The row `padding_idx` gets no gradient. With `max_norm`, rows longer than that are first shortened in place.

    >>> F.embedding(torch.tensor([2, 0]), torch.eye(3))
    tensor([[0., 0., 1.],
            [1., 0., 0.]])
    """
    if padding_idx is None:
        padding_idx = -1
    else:
        if not -weight.size(0) <= padding_idx < weight.size(0):
            raise AssertionError("Padding_idx must be within num_embeddings")
        padding_idx %= weight.size(0)
    if max_norm is not None:
        _renormalise(weight, input, max_norm, norm_type)
    return _C.embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)


def _renormalise(weight, input, max_norm, norm_type):
    """Shorten in place the rows of `weight` that are used and longer than `max_norm`."""
    with penlight.no_grad():
        rows = input.unique()
        norm = weight[rows].norm(norm_type, 1, keepdim=True)
        # 1e-7 as PyTorch adds it.
        weight[rows] = penlight.where(norm > max_norm, weight[rows] * (max_norm / (norm + 1e-7)), weight[rows])


def one_hot(tensor, num_classes=-1):
    """Vectors with a one at the index and zeros elsewhere: (*) of integers gives (*, num_classes).

    By default the number of classes is the largest index plus one.

    >>> F.one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if has_torch_function((tensor,)):
        return handle_torch_function(one_hot, (tensor,), tensor, num_classes)
    if tensor.dtype != penlight.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if tensor.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return tensor.new_empty((*tensor.shape, num_classes))
    if tensor.min() < 0:
        raise RuntimeError("Class values must be non-negative.")
    largest = int(tensor.max())
    if num_classes == -1:
        num_classes = largest + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif largest >= num_classes:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return tensor.new_zeros((*tensor.shape, num_classes)).scatter_(-1, tensor.unsqueeze(-1), 1)
