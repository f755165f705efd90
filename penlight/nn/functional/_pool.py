"""Pooling: one number for each window of the input."""

from penlight import _C
from penlight.nn.modules.utils import _list_with_default, _pair, _single, _triple


def max_pool1d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest number in each window of (N, C, L) or (C, L); the stride is by default the window's size.

    With `return_indices` also where it stands, as `max_unpool1d` needs it.

    >>> F.max_pool1d(torch.tensor([[1., 3., 2., 0.]]), 2)
    tensor([[3., 2.]])
    """
    if return_indices:
        return _C.max_pool1d_with_indices(
            input, kernel_size, [] if stride is None else stride, padding, dilation, ceil_mode
        )
    return _C.max_pool1d(input, kernel_size, [] if stride is None else stride, padding, dilation, ceil_mode)


def max_pool2d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest number in each window of (N, C, H, W) or (C, H, W); the stride is by default the window's size.

    With `return_indices` also where it stands in the flattened plane, as `max_unpool2d` needs it.

    >>> F.max_pool2d(torch.tensor([[[1., 3.], [2., 0.]]]), 2)
    tensor([[[3.]]])
    """
    if return_indices:
        return _C.max_pool2d_with_indices(
            input, kernel_size, [] if stride is None else stride, padding, dilation, ceil_mode
        )
    return _C.max_pool2d(input, kernel_size, [] if stride is None else stride, padding, dilation, ceil_mode)


def max_pool3d(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False):
    """The largest number in each window of (N, C, D, H, W) or (C, D, H, W); the stride is by default the window's size.

    With `return_indices` also where it stands in the flattened volume, as `max_unpool3d` needs it.

    >>> F.max_pool3d(torch.ones(1, 2, 2, 2), 2)
    tensor([[[[1.]]]])
    """
    if return_indices:
        return _C.max_pool3d_with_indices(
            input, kernel_size, [] if stride is None else stride, padding, dilation, ceil_mode
        )
    return _C.max_pool3d(input, kernel_size, [] if stride is None else stride, padding, dilation, ceil_mode)


def max_pool1d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """`max_pool1d` that always returns the indices too."""
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool2d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """`max_pool2d` that always returns the indices too."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def max_pool3d_with_indices(
    input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False
):
    """`max_pool3d` that always returns the indices too."""
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)


def avg_pool1d(input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    """The mean of each window of (N, C, L) or (C, L); the stride is by default the window's size.

    >>> F.avg_pool1d(torch.tensor([[1., 3., 2., 0.]]), 2)
    tensor([[2., 1.]])
    """
    return _C.avg_pool1d(input, kernel_size, [] if stride is None else stride, padding, ceil_mode, count_include_pad)


def avg_pool2d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """The mean of each window of (N, C, H, W) or (C, H, W); the stride is by default the window's size.

    `count_include_pad` says whether padding counts as zeros; `divisor_override` replaces the number to divide by.

    >>> F.avg_pool2d(torch.tensor([[[1., 3.], [2., 0.]]]), 2)
    tensor([[[1.5000]]])
    """
    return _C.avg_pool2d(
        input, kernel_size, [] if stride is None else stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None
):
    """The mean of each window of (N, C, D, H, W) or (C, D, H, W); the stride is by default the window's size.

    >>> F.avg_pool3d(torch.ones(1, 2, 2, 2), 2)
    tensor([[[[1.]]]])
    """
    return _C.avg_pool3d(
        input, kernel_size, [] if stride is None else stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def adaptive_max_pool1d(input, output_size, return_indices=False):
    """The largest number in each of `output_size` parts of (N, C, L) or (C, L).

    >>> F.adaptive_max_pool1d(torch.tensor([[1., 3., 2., 0.]]), 2)
    tensor([[3., 2.]])
    """
    output = _C.adaptive_max_pool1d(input, output_size)
    return output if return_indices else output[0]


def adaptive_max_pool2d(input, output_size, return_indices=False):
    """The largest number in each of H x W parts of (N, C, *, *); a size None keeps the input's.

    >>> F.adaptive_max_pool2d(torch.ones(1, 4, 4), 1).shape
    torch.Size([1, 1, 1])
    """
    output = _C.adaptive_max_pool2d(input, _list_with_default(output_size, input.size()))
    return output if return_indices else output[0]


def adaptive_max_pool3d(input, output_size, return_indices=False):
    """The largest number in each of D x H x W parts of (N, C, *, *, *); a size None keeps the input's.

    >>> F.adaptive_max_pool3d(torch.ones(1, 4, 4, 4), 1).shape
    torch.Size([1, 1, 1, 1])
    """
    output = _C.adaptive_max_pool3d(input, _list_with_default(output_size, input.size()))
    return output if return_indices else output[0]


def adaptive_max_pool1d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool1d` that always returns the indices too."""
    return adaptive_max_pool1d(input, output_size, True)


def adaptive_max_pool2d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool2d` that always returns the indices too."""
    return adaptive_max_pool2d(input, output_size, True)


def adaptive_max_pool3d_with_indices(input, output_size, return_indices=False):
    """`adaptive_max_pool3d` that always returns the indices too."""
    return adaptive_max_pool3d(input, output_size, True)


def _fractional_max_pool(n, repeat, function, input, kernel_size, output_size, output_ratio, samples):
    if output_size is None and output_ratio is None:
        raise ValueError(f"fractional_max_pool{n}d requires specifying either an output_size or an output_ratio")
    if output_size is None:
        if not isinstance(output_ratio, (list, tuple)):
            output_ratio = [output_ratio] * n
        output_size = [int(size * ratio) for size, ratio in zip(input.shape[-n:], output_ratio)]
    if samples is None:
        batch = 1 if input.dim() == n + 1 else input.size(0)
        samples = _C.rand(batch, input.size(-n - 1), n, dtype=input.dtype, device=input.device)
    return function(input, repeat(kernel_size), repeat(output_size), samples)


def fractional_max_pool2d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """`fractional_max_pool2d` that always returns the indices too."""
    return _fractional_max_pool(
        2, _pair, _C.fractional_max_pool2d, input, kernel_size, output_size, output_ratio, _random_samples
    )


def fractional_max_pool2d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """The largest number in windows at places drawn at random, so many that the result has `output_size`.

    Input (N, C, H, W) or (C, H, W); instead of the size, `output_ratio` gives it as a share of the input's. With
    `return_indices` also where the numbers stand in the flattened plane. `_random_samples` (N, C, 2) fixes the places.

    >>> F.fractional_max_pool2d(torch.ones(1, 1, 9, 9), 3, output_size=4).shape
    torch.Size([1, 1, 4, 4])
    """
    output = fractional_max_pool2d_with_indices(input, kernel_size, output_size, output_ratio, True, _random_samples)
    return output if return_indices else output[0]


def fractional_max_pool3d_with_indices(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """`fractional_max_pool3d` that always returns the indices too."""
    return _fractional_max_pool(
        3, _triple, _C.fractional_max_pool3d, input, kernel_size, output_size, output_ratio, _random_samples
    )


def fractional_max_pool3d(
    input, kernel_size, output_size=None, output_ratio=None, return_indices=False, _random_samples=None
):
    """`fractional_max_pool2d` for volumes (N, C, D, H, W) or (C, D, H, W); `_random_samples` is (N, C, 3).

    >>> F.fractional_max_pool3d(torch.ones(1, 1, 9, 9, 9), 3, output_ratio=0.5).shape
    torch.Size([1, 1, 4, 4, 4])
    """
    output = fractional_max_pool3d_with_indices(input, kernel_size, output_size, output_ratio, True, _random_samples)
    return output if return_indices else output[0]


def adaptive_avg_pool1d(input, output_size):
    """The mean of each of `output_size` parts of (N, C, L) or (C, L).

    >>> F.adaptive_avg_pool1d(torch.tensor([[1., 3., 2., 0.]]), 2)
    tensor([[2., 1.]])
    """
    return _C.adaptive_avg_pool1d(input, output_size)


def adaptive_avg_pool2d(input, output_size):
    """The mean of each of H x W parts of (N, C, *, *); a size None keeps the input's.

    >>> F.adaptive_avg_pool2d(torch.ones(1, 4, 4), (1, None)).shape
    torch.Size([1, 1, 4])
    """
    return _C.adaptive_avg_pool2d(input, _list_with_default(output_size, input.size()))


def adaptive_avg_pool3d(input, output_size):
    """The mean of each of D x H x W parts of (N, C, *, *, *); a size None keeps the input's.

    >>> F.adaptive_avg_pool3d(torch.ones(1, 4, 4, 4), 1).shape
    torch.Size([1, 1, 1, 1])
    """
    return _C.adaptive_avg_pool3d(input, _list_with_default(output_size, input.size()))


def _lp_pool(average, n_window, input, norm_type, kernel_size, stride, ceil_mode):
    mean = average(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
    # The sign is kept because an odd power of the input may be negative.
    return (mean.sign() * mean.abs().relu()).mul(n_window).pow(1.0 / norm_type)


def lp_pool1d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """The p-norm of each window, (sum x**p)**(1/p) with p = `norm_type`, of (N, C, L) or (C, L).

    >>> F.lp_pool1d(torch.tensor([[3., 4.]]), 2, 2)
    tensor([[5.]])
    """
    (k,) = _single(kernel_size)
    return _lp_pool(avg_pool1d, k, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """The p-norm of each window, (sum x**p)**(1/p) with p = `norm_type`, of (N, C, H, W) or (C, H, W).

    >>> F.lp_pool2d(torch.ones(1, 2, 2), 2, 2)
    tensor([[[2.]]])
    """
    h, w = _pair(kernel_size)
    return _lp_pool(avg_pool2d, h * w, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input, norm_type, kernel_size, stride=None, ceil_mode=False):
    """The p-norm of each window, (sum x**p)**(1/p) with p = `norm_type`, of (N, C, D, H, W) or (C, D, H, W).

    >>> F.lp_pool3d(torch.ones(1, 2, 2, 2), 3, 2)
    tensor([[[[2.]]]])
    """
    d, h, w = _triple(kernel_size)
    return _lp_pool(avg_pool3d, d * h * w, input, norm_type, kernel_size, stride, ceil_mode)


def _unpool_output_size(input, kernel_size, stride, padding, output_size):
    """The sizes that pooling may have had, or the given ones if pooling could have had them."""
    dims = len(kernel_size)
    sizes = [(n - 1) * s + k - 2 * p for n, k, s, p in zip(input.size()[-dims:], kernel_size, stride, padding)]
    if output_size is None:
        return sizes
    wanted = list(output_size)
    if len(wanted) == dims + 2:
        wanted = wanted[2:]
    if len(wanted) != dims:
        raise ValueError(
            f"output_size should be a sequence containing {dims} or {dims + 2} elements, but it has a length of "
            f"'{len(wanted)}'"
        )
    for d in range(dims):
        low, high = sizes[d] - stride[d], sizes[d] + stride[d]
        if not low < wanted[d] < high:
            raise ValueError(f'invalid output_size "{wanted}" (dim {d} must be between {low} and {high})')
    return wanted


def _max_unpool(each, unpool, input, indices, kernel_size, stride, padding, output_size):
    kernel_size, padding = each(kernel_size), each(padding)
    stride = kernel_size if stride is None else each(stride)
    return unpool(input, indices, _unpool_output_size(input, kernel_size, stride, padding, output_size))


def max_unpool1d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Puts numbers back where `max_pool1d` found them, zeros elsewhere; (N, C, L) or (C, L) and the indices it gave.

    `output_size` is the size before pooling, where several sizes give the same pooled one.

    >>> F.max_unpool1d(torch.tensor([[3., 2.]]), torch.tensor([[1, 2]]), 2)
    tensor([[0., 3., 2., 0.]])
    """

    def unpool(input, indices, size):
        return _C.max_unpool2d(input.unsqueeze(-1), indices.unsqueeze(-1), [*size, 1]).squeeze(-1)

    return _max_unpool(_single, unpool, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Puts numbers back where `max_pool2d` found them, zeros elsewhere; (N, C, H, W) or (C, H, W).

    `output_size` is the size before pooling, where several sizes give the same pooled one.

    >>> F.max_unpool2d(torch.tensor([[[3.]]]), torch.tensor([[[1]]]), 2)
    tensor([[[0., 3.],
             [0., 0.]]])
    """
    return _max_unpool(_pair, _C.max_unpool2d, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(input, indices, kernel_size, stride=None, padding=0, output_size=None):
    """Puts numbers back where `max_pool3d` found them, zeros elsewhere; (N, C, D, H, W) or (C, D, H, W).

    `output_size` is the size before pooling, where several sizes give the same pooled one.

    >>> F.max_unpool3d(torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 1, dtype=torch.int64), 2).shape
    torch.Size([1, 2, 2, 2])
    """
    return _max_unpool(_triple, _C.max_unpool3d, input, indices, kernel_size, stride, padding, output_size)
