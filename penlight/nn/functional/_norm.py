"""Normalisations: shift and scale groups of numbers to mean 0 and variance 1, or vectors to length 1."""

from penlight import _C
from penlight.nn.functional._pool import avg_pool2d, avg_pool3d


def _verify_batch_size(size):
    count = size[0]
    for n in size[2:]:
        count *= n
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Normalise each channel of (N, C, ...) over the batch, then multiply by `weight` and add `bias` (C).

    While `training`, with the batch's own mean and variance, and the running ones move towards them by `momentum`;
    otherwise with the running ones.

    >>> F.batch_norm(torch.ones(2, 3), torch.zeros(3), torch.ones(3), eps=0.0)[0]
    tensor([1., 1., 1.])
    """
    if training:
        _verify_batch_size(input.size())
    return _C.batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, False)


def instance_norm(
    input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5
):
    """Normalise each channel of each sample of (N, C, ...) by itself.

    >>> F.instance_norm(torch.ones(2, 3, 4)).abs().sum()
    tensor(0.)
    """
    if use_input_stats:
        count = 1
        for n in input.size()[2:]:
            count *= n
        if count == 1:
            raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.size()}")
    return _C.instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, False)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Normalise over the last dimensions, whose sizes are `normalized_shape`, then apply `weight` and `bias`.

    >>> F.layer_norm(torch.tensor([1., 3.]), (2,), eps=0.0)
    tensor([-1.,  1.])
    """
    return _C.layer_norm(input, normalized_shape, weight, bias, eps)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Divide by the root mean square over the last dimensions, whose sizes are `normalized_shape`.

    >>> F.rms_norm(torch.tensor([3., -3.]), (2,), eps=0.0)
    tensor([ 1., -1.])
    """
    return _C.rms_norm(input, normalized_shape, weight, eps)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5):
    """Normalise each of `num_groups` groups of channels of each sample of (N, C, ...), then scale and shift (C).

    >>> F.group_norm(torch.ones(2, 4, 3), 2).abs().sum()
    tensor(0.)
    """
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    size = input.size()
    _verify_batch_size([size[0] * size[1] // num_groups, num_groups, *size[2:]])
    return _C.group_norm(input, num_groups, weight, bias, eps)


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """Divide by (k + alpha * mean of the squares of `size` neighbouring channels)**beta. Input (N, C, ...).

    >>> F.local_response_norm(torch.zeros(1, 4, 3), 2).shape
    torch.Size([1, 4, 3])
    """
    if input.dim() < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality                          input (got {input.dim()} dimensions)"
        )
    if input.numel() == 0:
        return input
    squares = (input * input).unsqueeze(1)
    before, after = size // 2, (size - 1) // 2
    if input.dim() == 3:
        mean = avg_pool2d(_pad_channels(squares, before, after), (size, 1), stride=1).squeeze(1)
    else:
        sizes = input.size()
        squares = squares.view(sizes[0], 1, sizes[1], sizes[2], -1)
        mean = avg_pool3d(_pad_channels(squares, before, after), (size, 1, 1), stride=1).squeeze(1).view(sizes)
    return input / (mean * alpha + k) ** beta


def _pad_channels(x, before, after):
    """Zeros around dimension 2, where the channels stand after an unsqueeze(1)."""
    shape = list(x.shape)
    zeros = [x.new_zeros((*shape[:2], n, *shape[3:])) for n in (before, after)]
    return _C.cat([zeros[0], x, zeros[1]], 2)


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """Divide vectors along `dim` by their p-norm (at least `eps`), so that they have length 1.

    >>> F.normalize(torch.tensor([3., 4.]), dim=0)
    tensor([0.6000, 0.8000])
    """
    length = input.norm(p, dim, keepdim=True).clamp(min=eps).expand_as(input)
    return input / length if out is None else _C.div(input, length, out=out)
