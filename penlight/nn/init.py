"""Initial values for parameters: each function fills a tensor in place and returns it."""

import math
import warnings

import penlight

__all__ = [
    "calculate_gain",
    "uniform_",
    "normal_",
    "trunc_normal_",
    "constant_",
    "ones_",
    "zeros_",
    "eye_",
    "dirac_",
    "xavier_uniform_",
    "xavier_normal_",
    "kaiming_uniform_",
    "kaiming_normal_",
    "orthogonal_",
    "sparse_",
    "uniform",
    "normal",
    "constant",
    "eye",
    "dirac",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
    "sparse",
]

_GAINS = {
    "tanh": 5.0 / 3,
    "relu": math.sqrt(2.0),
    "selu": 3.0 / 4,
    "sigmoid": 1,
    "linear": 1,
    "conv1d": 1,
    "conv2d": 1,
    "conv3d": 1,
    "conv_transpose1d": 1,
    "conv_transpose2d": 1,
    "conv_transpose3d": 1,
}


def calculate_gain(nonlinearity, param=None):
    """The factor by which initial weights are scaled so that a nonlinearity keeps the variance.

    `param` is the negative slope of "leaky_relu".

    >>> torch.nn.init.calculate_gain("tanh")
    1.6666666666666667
    """
    if nonlinearity == "leaky_relu":
        if param is None:
            slope = 0.01
        elif isinstance(param, (int, float)) and not isinstance(param, bool):
            slope = param
        else:
            raise ValueError(f"negative_slope {param} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in _GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return _GAINS[nonlinearity]


def uniform_(tensor, a=0.0, b=1.0, generator=None):
    """Fill a tensor with numbers drawn evenly from `a` to `b`.

    >>> w = torch.nn.init.uniform_(torch.empty(3, 5), -1, 1)
    >>> bool((w.abs() <= 1).all())
    True
    """
    with penlight.no_grad():
        return tensor.uniform_(a, b, generator=generator)


def normal_(tensor, mean=0.0, std=1.0, generator=None):
    """Fill a tensor with numbers from the normal distribution of the given mean and standard deviation.

    >>> torch.nn.init.normal_(torch.empty(3, 5), std=0.02).shape
    torch.Size([3, 5])
    """
    with penlight.no_grad():
        return tensor.normal_(mean, std, generator=generator)


def trunc_normal_(tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None):
    """Fill a tensor with normal numbers of which none lies outside `a` to `b`.

    >>> w = torch.nn.init.trunc_normal_(torch.empty(100), std=2.0)
    >>> bool((w.abs() <= 2).all())
    True
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values may be "
            "incorrect.",
            stacklevel=2,
        )

    def below(x):
        """The share of a normal distribution that lies below x standard deviations."""
        return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0

    if not tensor.is_meta:
        with penlight.no_grad():
            if below((b - mean) / std) - below((a - mean) / std) > 0.3:
                _redraw_outside(tensor, mean, std, a, b, generator)
            else:
                _accept_inside(tensor, mean, std, a, b, generator)
    return tensor


def _redraw_outside(tensor, mean, std, a, b, generator):
    """Normal numbers, drawn again while they lie outside: quick where most lie inside."""
    low, high = tensor.new_tensor(a).item(), tensor.new_tensor(b).item()  # as the dtype has them
    tensor.normal_(mean, std, generator=generator)
    while (outside := (tensor < low) | (tensor > high)).any():
        fresh = penlight.empty_like(tensor).normal_(mean, std, generator=generator)
        tensor.copy_(penlight.where(outside, fresh, tensor))


def _accept_inside(tensor, mean, std, a, b, generator):
    """Even numbers between a and b, each accepted with the relative height of the normal curve there."""
    highest = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    pending = None  # where no number is accepted yet; None is everywhere
    while pending is None or pending.any():
        drawn = penlight.empty_like(tensor).uniform_(a, b, generator=generator)
        tensor.copy_(drawn if pending is None else penlight.where(pending, drawn, tensor))
        height = drawn.sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(highest)
        rejected = penlight.empty_like(tensor).uniform_(generator=generator).log_() > height
        pending = rejected if pending is None else pending & rejected


def constant_(tensor, val):
    """Fill a tensor with one number.

    >>> torch.nn.init.constant_(torch.empty(2), 0.3)
    tensor([0.3000, 0.3000])
    """
    with penlight.no_grad():
        return tensor.fill_(val)


def ones_(tensor):
    """Fill a tensor with ones.

    >>> torch.nn.init.ones_(torch.empty(2))
    tensor([1., 1.])
    """
    return constant_(tensor, 1.0)


def zeros_(tensor):
    """Fill a tensor with zeros.

    >>> torch.nn.init.zeros_(torch.empty(2))
    tensor([0., 0.])
    """
    with penlight.no_grad():
        return tensor.zero_()


def eye_(tensor):
    """Make a 2-dimensional tensor the identity matrix, so that a linear layer gives back its input.

    >>> torch.nn.init.eye_(torch.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    with penlight.no_grad():
        tensor.zero_().diagonal().fill_(1)
    return tensor


def dirac_(tensor, groups=1):
    """Make the weight of a convolution (3 to 5 dimensions) give back as many input channels as it can.

    >>> torch.nn.init.dirac_(torch.empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    ndim = tensor.ndimension()
    if ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    sizes = tensor.size()
    if sizes[0] % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    out_in_group = sizes[0] // groups
    centre = tuple(n // 2 for n in sizes[2:])
    with penlight.no_grad():
        tensor.zero_()
        for g in range(groups):
            for d in range(min(out_in_group, sizes[1])):
                tensor[(g * out_in_group + d, d, *centre)] = 1
    return tensor


def _calculate_fan_in_and_fan_out(tensor):
    """How many inputs each output has, and how many outputs each input."""
    if tensor.dim() < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    window = math.prod(tensor.shape[2:])
    return tensor.size(1) * window, tensor.size(0) * window


def _calculate_correct_fan(tensor, mode):
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of {['fan_in', 'fan_out']}")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if mode == "fan_in" else fan_out


def xavier_uniform_(tensor, gain=1.0, generator=None):
    """Fill a weight evenly from +-gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio 2010). At least 2 dimensions.

    >>> torch.nn.init.xavier_uniform_(torch.empty(3, 5)).shape
    torch.Size([3, 5])
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    bound = math.sqrt(3.0) * gain * math.sqrt(2.0 / (fan_in + fan_out))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor, gain=1.0, generator=None):
    """Fill a weight from a normal distribution of std gain * sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio 2010).

    At least 2 dimensions.

    >>> torch.nn.init.xavier_normal_(torch.empty(3, 5)).shape
    torch.Size([3, 5])
    """
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / (fan_in + fan_out)), generator)


def _kaiming_std(tensor, a, mode, nonlinearity):
    return calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))


def _has_no_elements(tensor):
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fill a weight evenly from +-gain * sqrt(3 / fan) (He et al. 2015), which suits layers followed by ReLU.

    `a` is the negative slope of "leaky_relu"; `mode` "fan_in" keeps the variance of the forward pass, "fan_out" that of
    the backward pass.

    >>> torch.nn.init.kaiming_uniform_(torch.empty(3, 5), nonlinearity="relu").shape
    torch.Size([3, 5])
    """
    if _has_no_elements(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu", generator=None):
    """Fill a weight from a normal distribution of std gain / sqrt(fan) (He et al. 2015); see `kaiming_uniform_`.

    >>> torch.nn.init.kaiming_normal_(torch.empty(3, 5), mode="fan_out", nonlinearity="relu").shape
    torch.Size([3, 5])
    """
    if _has_no_elements(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor, gain=1, generator=None):
    """Fill a weight, seen as a matrix (first size, the rest), with orthogonal rows or columns (Saxe et al. 2013).

    >>> w = torch.nn.init.orthogonal_(torch.empty(2, 2))
    >>> (w @ w.T).round().abs()
    tensor([[1., 0.],
            [0., 1.]])
    """
    if tensor.ndimension() < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    flat = tensor.new_empty((rows, columns)).normal_(0, 1, generator=generator)
    if rows < columns:
        flat.t_()
    q, r = penlight.linalg.qr(flat)
    q *= r.diagonal().sign()  # makes the factorisation unique and q uniformly distributed (Mezzadri 2006)
    if rows < columns:
        q.t_()
    with penlight.no_grad():
        tensor.view_as(q).copy_(q)
        tensor.mul_(gain)
    return tensor


def sparse_(tensor, sparsity, std=0.01, generator=None):
    """Fill a matrix with normal numbers of which a share `sparsity` of each column is zero (Martens 2010).

    >>> w = torch.nn.init.sparse_(torch.empty(10, 3), sparsity=0.5)
    >>> (w == 0).sum(0)
    tensor([5, 5, 5])
    """
    if tensor.ndimension() != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = int(math.ceil(sparsity * rows))
    with penlight.no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            tensor[penlight.randperm(rows)[:zeros], column] = 0
    return tensor


def _deprecated(new):
    """The old name of an initialiser, without the underscore."""
    name = new.__name__[:-1]

    def old(*args, **kwargs):
        warnings.warn(f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`.", FutureWarning, stacklevel=2)
        return new(*args, **kwargs)

    old.__name__ = old.__qualname__ = name
    old.__doc__ = f"Deprecated: use `{name}_`."
    return old


uniform = _deprecated(uniform_)
normal = _deprecated(normal_)
constant = _deprecated(constant_)
eye = _deprecated(eye_)
dirac = _deprecated(dirac_)
xavier_uniform = _deprecated(xavier_uniform_)
xavier_normal = _deprecated(xavier_normal_)
kaiming_uniform = _deprecated(kaiming_uniform_)
kaiming_normal = _deprecated(kaiming_normal_)
orthogonal = _deprecated(orthogonal_)
sparse = _deprecated(sparse_)
