"""Activation functions that take `inplace`, and the softmax family."""

import math
import warnings

import penlight
from penlight import _C


def relu(input, inplace=False):
    """Replace negative numbers by zero: max(0, x). With `inplace` the input is overwritten.

    >>> F.relu(torch.tensor([-1., 2.]))
    tensor([0., 2.])
    """
    return _C.relu_(input) if inplace else _C.relu(input)


def relu6(input, inplace=False):
    """Limit numbers to the range 0 to 6.

    >>> F.relu6(torch.tensor([-1., 7.]))
    tensor([0., 6.])
    """
    return _C.relu6_(input) if inplace else _C.relu6(input)


def threshold(input, threshold, value, inplace=False):
    """Keep numbers above `threshold` and replace the others by `value`.

    >>> F.threshold(torch.tensor([1., 3.]), 2, -1)
    tensor([-1.,  3.])
    """
    return _C.threshold_(input, threshold, value) if inplace else _C.threshold(input, threshold, value)


def glu(input, dim=-1):
    """Gated linear unit: cut the input into halves a, b along `dim` and give a * sigmoid(b). The size must be even.

    >>> F.glu(torch.tensor([2., 0.]))
    tensor([1.])
    """
    if input.dim() == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    size = input.size(dim)
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim % input.dim()} is size {size}")
    value, gate = input.chunk(2, dim)
    return value * gate.sigmoid()


def hardtanh(input, min_val=-1.0, max_val=1.0, inplace=False):
    """Limit numbers to the range `min_val` to `max_val`.

    >>> F.hardtanh(torch.tensor([-3., 0.5]))
    tensor([-1.0000,  0.5000])
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return _C.hardtanh_(input, min_val, max_val) if inplace else _C.hardtanh(input, min_val, max_val)


def elu(input, alpha=1.0, inplace=False):
    """Keep positive numbers; below zero alpha * (exp(x) - 1), which levels off at -alpha.

    >>> F.elu(torch.tensor([2.]))
    tensor([2.])
    """
    return _C.elu_(input, alpha) if inplace else _C.elu(input, alpha)


def selu(input, inplace=False):
    """Scaled ELU, whose two constants keep mean 0 and variance 1 through many layers.

    >>> F.selu(torch.tensor([1.]))
    tensor([1.0507])
    """
    return _C.selu_(input) if inplace else _C.selu(input)


def celu(input, alpha=1.0, inplace=False):
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)): an ELU that is smooth for every alpha.

    >>> F.celu(torch.tensor([2.]))
    tensor([2.])
    """
    return _C.celu_(input, alpha) if inplace else _C.celu(input, alpha)


def leaky_relu(input, negative_slope=0.01, inplace=False):
    """Keep positive numbers and multiply negative ones by `negative_slope`.

    >>> F.leaky_relu(torch.tensor([-1., 2.]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return _C.leaky_relu_(input, negative_slope) if inplace else _C.leaky_relu(input, negative_slope)


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, inplace=False):
    """Leaky ReLU whose slope, while training, is drawn between `lower` and `upper` for every element.

    >>> F.rrelu(torch.tensor([2.]))
    tensor([2.])
    """
    for name, bound in (("lower", lower), ("upper", upper)):
        if not math.isfinite(bound):
            raise RuntimeError(f"rrelu: {name} bound must be finite, got {bound}")
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    negative = input <= 0
    # PyTorch draws in double precision, between bounds of the input's dtype, one number for each element not positive.
    lower, upper = input.new_tensor([lower, upper]).tolist()
    slopes = input.new_empty(int(negative.sum()), dtype=penlight.float64).uniform_(lower, upper)
    slope = penlight.ones_like(input).masked_scatter(negative, slopes.to(input.dtype))
    return input.mul_(slope) if inplace else input * slope


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False):
    """`rrelu` in place.

    >>> F.rrelu_(torch.tensor([2.]))
    tensor([2.])
    """
    return rrelu(input, lower, upper, training, inplace=True)


def silu(input, inplace=False):
    """x * sigmoid(x), also called swish.

    >>> F.silu(torch.tensor([0.]))
    tensor([0.])
    """
    return _C.silu_(input) if inplace else _C.silu(input)


def mish(input, inplace=False):
    """x * tanh(softplus(x)).

    >>> F.mish(torch.tensor([0.]))
    tensor([0.])
    """
    return _C.mish_(input) if inplace else _C.mish(input)


def hardsigmoid(input, inplace=False):
    """A sigmoid made of straight lines: relu6(x + 3) / 6.

    >>> F.hardsigmoid(torch.tensor([0.]))
    tensor([0.5000])
    """
    return _C.hardsigmoid_(input) if inplace else _C.hardsigmoid(input)


def hardswish(input, inplace=False):
    """x * relu6(x + 3) / 6, a cheap silu.

    >>> F.hardswish(torch.tensor([3.]))
    tensor([3.])
    """
    return _C.hardswish_(input) if inplace else _C.hardswish(input)


def softshrink(input, lambd=0.5, *, out=None):
    """Move numbers towards zero by `lambd`, which is not negative; those nearer to it become zero.

    >>> F.softshrink(torch.tensor([-2., 0.2, 1.]))
    tensor([-1.5000,  0.0000,  0.5000])
    """
    if lambd < 0:
        name = input.type().removeprefix("torch.").removesuffix("Tensor")
        largest = penlight.finfo(input.dtype).max
        raise RuntimeError(f"lambda must be in range [0, {largest:.6g}] for input dtype {name}, but found {lambd:g}")
    return _C.softshrink(input, lambd, out=out)


def softsign(input):
    """x / (1 + |x|), which lies between -1 and 1.

    >>> F.softsign(torch.tensor([1.]))
    tensor([0.5000])
    """
    return input / (input.abs() + 1)


def tanhshrink(input):
    """x - tanh(x).

    >>> F.tanhshrink(torch.tensor([0.]))
    tensor([0.])
    """
    return input - input.tanh()


def _softmax_dim(name, dim, ndim, stacklevel):
    if dim is not None:
        return dim
    warnings.warn(
        f"Implicit dimension choice for {name} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=stacklevel + 1,
    )
    return 0 if ndim in (0, 1, 3) else 1


def softmax(input, dim=None, _stacklevel=3, dtype=None):
    """Make numbers along `dim` positive and let them sum to one: exp(x) / sum(exp(x)).

    `dtype` casts the input first.

    >>> F.softmax(torch.zeros(4), dim=0)
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """
    if dim is None:
        dim = _softmax_dim("softmax", dim, input.dim(), _stacklevel)
    return _C.softmax(input, dim, dtype=dtype)


def softmin(input, dim=None, _stacklevel=3, dtype=None):
    """Softmax of the negated input: the smallest number gets the largest share.

    >>> F.softmin(torch.zeros(2), dim=0)
    tensor([0.5000, 0.5000])
    """
    if dim is None:
        dim = _softmax_dim("softmin", dim, input.dim(), _stacklevel)
    return _C.softmax(-input, dim, dtype=dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of softmax, computed so that it stays finite. `dtype` casts the input first.

    >>> F.log_softmax(torch.zeros(2), dim=0)
    tensor([-0.6931, -0.6931])
    """
    if dim is None:
        dim = _softmax_dim("log_softmax", dim, input.dim(), _stacklevel)
    return _C.log_softmax(input, dim, dtype=dtype)


def gumbel_softmax(logits, tau=1, hard=False, eps=1e-10, dim=-1):
    """Draw from the categories of `logits` in a way that has a gradient: softmax of (logits + Gumbel noise) / `tau`.

    With `hard` the result is one-hot and its gradient that of the soft one.

    >>> F.gumbel_softmax(torch.zeros(2, 5), hard=True).sum(-1)
    tensor([1., 1.])
    """
    if eps != 1e-10:
        warnings.warn("`eps` parameter is deprecated and has no effect.", stacklevel=2)
    noise = -penlight.empty_like(logits).exponential_().log()
    soft = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    index = soft.max(dim, keepdim=True)[1]
    one_hot = penlight.zeros_like(logits).scatter_(dim, index, 1.0)
    return one_hot - soft.detach() + soft
