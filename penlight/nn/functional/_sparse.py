"""Looking up rows: embeddings and one-hot vectors."""

import warnings

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


_BAG_MODES = {"sum": 0, "mean": 1, "max": 2}


def embedding_bag(
    input,
    weight,
    offsets=None,
    max_norm=None,
    norm_type=2,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """The "sum", "mean" or "max" over bags of rows of `weight` (V, D): one row for each bag, (B, D).

    Input (B, n) of row numbers is B bags of n rows; input (n,) has bags that begin at `offsets` (B,), with the end of
    the last one as one more offset if `include_last_offset`. `per_sample_weights`, of the input's shape, weighs the
    rows of a "sum". The row `padding_idx` counts for nothing; an empty bag gives zeros.

    >>> F.embedding_bag(torch.tensor([[0, 1], [2, 2]]), torch.eye(3), mode="sum")
    tensor([[1., 1., 0.],
            [0., 0., 2.]])
    """
    if weight.dtype == penlight.int64 and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is "
            "deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        weight, input = input, weight
    if per_sample_weights is not None and input.size() != per_sample_weights.size():
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the "
            f"same shape as the input ({input.shape})"
        )
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
                f"sequences. However, found offsets of type {type(offsets)}"
            )
        bags, size = input.shape
        offsets = penlight.arange(bags, device=input.device) * size
        input = input.reshape(-1)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
        if include_last_offset:
            offsets = penlight.cat([offsets, offsets.new_tensor([bags * size])])
    elif input.dim() != 1:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    elif offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    elif offsets.dim() != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    if mode not in _BAG_MODES:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}'). Please open a feature request on GitHub."
        )
    if max_norm is not None:
        _renormalise(weight, input, max_norm, norm_type)
    return _C.embedding_bag(
        weight,
        input,
        offsets,
        scale_grad_by_freq,
        _BAG_MODES[mode],
        sparse,
        per_sample_weights,
        include_last_offset,
        padding_idx,
    )[0]


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
