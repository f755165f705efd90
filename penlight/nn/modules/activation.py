"""Activation functions as layers."""

import warnings

from penlight import _C
from penlight.nn import functional as F
from penlight.nn.init import constant_, xavier_normal_, xavier_uniform_
from penlight.nn.modules.linear import NonDynamicallyQuantizableLinear
from penlight.nn.modules.module import Module
from penlight.nn.parameter import Parameter

__all__ = [
    "Threshold",
    "ReLU",
    "RReLU",
    "Hardtanh",
    "ReLU6",
    "Sigmoid",
    "Hardsigmoid",
    "Tanh",
    "SiLU",
    "Mish",
    "Hardswish",
    "ELU",
    "CELU",
    "SELU",
    "GLU",
    "GELU",
    "Hardshrink",
    "LeakyReLU",
    "LogSigmoid",
    "Softplus",
    "Softshrink",
    "MultiheadAttention",
    "PReLU",
    "Softsign",
    "Tanhshrink",
    "Softmin",
    "Softmax",
    "Softmax2d",
    "LogSoftmax",
]


class _InplaceActivation(Module):
    """An activation whose one setting is whether it overwrites its input."""

    def __init__(self, inplace=False):
        super().__init__()
        self.inplace = inplace

    def extra_repr(self):
        """The setting."""
        return "inplace=True" if self.inplace else ""


def _inplace_text(module):
    return ", inplace=True" if module.inplace else ""


class ReLU(_InplaceActivation):
    """Replaces negative numbers by zero: max(0, x). With `inplace` the input is overwritten.

    >>> torch.nn.ReLU()(torch.tensor([-1., 1., 0.]))
    tensor([0., 1., 0.])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return _C.relu_(input) if self.inplace else _C.relu(input)


class ReLU6(_InplaceActivation):
    """Limits numbers to the range 0 to 6.

    >>> torch.nn.ReLU6()(torch.tensor([-1., 7.]))
    tensor([0., 6.])
    """

    def __init__(self, inplace=False):
        super().__init__(inplace)
        self.min_val = 0.0
        self.max_val = 6.0

    def forward(self, input):
        """Apply the function to every element."""
        return F.relu6(input, self.inplace)


class Sigmoid(Module):
    """Squeezes every number into the range 0 to 1: 1 / (1 + exp(-x)).

    >>> torch.nn.Sigmoid()(torch.tensor([0.]))
    tensor([0.5000])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return _C.sigmoid(input)


class Tanh(Module):
    """Squeezes every number into the range -1 to 1, the hyperbolic tangent.

    >>> torch.nn.Tanh()(torch.tensor([0.]))
    tensor([0.])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return _C.tanh(input)


class Threshold(Module):
    """Keeps numbers above `threshold` and replaces the others by `value`.

    >>> torch.nn.Threshold(2, -1)(torch.tensor([1., 3.]))
    tensor([-1.,  3.])
    """

    def __init__(self, threshold, value, inplace=False):
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input):
        """Apply the function to every element."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self):
        """The settings."""
        return f"threshold={self.threshold}, value={self.value}{_inplace_text(self)}"


class RReLU(Module):
    """Leaky ReLU whose slope, while training, is drawn between `lower` and `upper` for every element.

    >>> torch.nn.RReLU()(torch.tensor([2.]))
    tensor([2.])
    """

    def __init__(self, lower=1.0 / 8, upper=1.0 / 3, inplace=False):
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input):
        """Apply the function to every element."""
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self):
        """The settings."""
        return f"lower={self.lower}, upper={self.upper}{_inplace_text(self)}"


class Hardtanh(Module):
    """Limits numbers to the range `min_val` to `max_val`.

    >>> torch.nn.Hardtanh()(torch.tensor([-3., 2.]))
    tensor([-1.,  1.])
    """

    def __init__(self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None):
        super().__init__()
        self.min_val = _renamed("min_value", min_value, "min_val", min_val)
        self.max_val = _renamed("max_value", max_value, "max_val", max_val)
        self.inplace = inplace
        if not self.max_val > self.min_val:
            raise AssertionError(f"max_val ({self.max_val}) must be greater than min_val ({self.min_val})")

    def forward(self, input):
        """Apply the function to every element."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self):
        """The settings."""
        return f"min_val={self.min_val}, max_val={self.max_val}{_inplace_text(self)}"


def _renamed(old_name, old, new_name, new):
    """The value of an argument that may be given under an old name."""
    if old is None:
        return new
    warnings.warn(
        f"keyword argument `{old_name}` is deprecated and renamed to `{new_name}`", FutureWarning, stacklevel=3
    )
    return old


class Hardsigmoid(_InplaceActivation):
    """A sigmoid made of straight lines: relu6(x + 3) / 6.

    >>> torch.nn.Hardsigmoid()(torch.tensor([0.]))
    tensor([0.5000])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self):
        """Nothing, as PyTorch prints it."""
        return ""


class SiLU(_InplaceActivation):
    """x * sigmoid(x), also called swish.

    >>> torch.nn.SiLU()(torch.tensor([0.]))
    tensor([0.])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.silu(input, self.inplace)


class Mish(_InplaceActivation):
    """x * tanh(softplus(x)).

    >>> torch.nn.Mish()(torch.tensor([0.]))
    tensor([0.])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.mish(input, self.inplace)


class Hardswish(_InplaceActivation):
    """x * relu6(x + 3) / 6, a cheap SiLU.

    >>> torch.nn.Hardswish()(torch.tensor([3.]))
    tensor([3.])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self):
        """Nothing, as PyTorch prints it."""
        return ""


class ELU(Module):
    """Keeps positive numbers; below zero alpha * (exp(x) - 1), which levels off at -alpha.

    >>> torch.nn.ELU()(torch.tensor([2.]))
    tensor([2.])
    """

    def __init__(self, alpha=1.0, inplace=False):
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input):
        """Apply the function to every element."""
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self):
        """The settings."""
        return f"alpha={self.alpha}{_inplace_text(self)}"


class CELU(ELU):
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1)): an ELU that is smooth for every alpha.

    >>> torch.nn.CELU()(torch.tensor([2.]))
    tensor([2.])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.celu(input, self.alpha, self.inplace)


class SELU(_InplaceActivation):
    """Scaled ELU, whose two constants keep mean 0 and variance 1 through many layers.

    >>> torch.nn.SELU()(torch.tensor([1.]))
    tensor([1.0507])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.selu(input, self.inplace)


class GLU(Module):
    """Gated linear unit: cuts the input into halves a, b along `dim` and gives a * sigmoid(b).

    >>> torch.nn.GLU()(torch.tensor([2., 0.]))
    tensor([1.])
    """

    def __init__(self, dim=-1):
        super().__init__()
        self.dim = dim

    def forward(self, input):
        """Gate one half of the input by the other."""
        return F.glu(input, self.dim)

    def extra_repr(self):
        """The setting."""
        return f"dim={self.dim}"


class GELU(Module):
    """x times the share of a normal distribution below x; `approximate="tanh"` is a faster formula for it.

    >>> torch.nn.GELU()(torch.tensor([0.]))
    tensor([0.])
    """

    def __init__(self, approximate="none"):
        super().__init__()
        self.approximate = approximate

    def forward(self, input):
        """Apply the function to every element."""
        return F.gelu(input, approximate=self.approximate)

    def extra_repr(self):
        """The setting."""
        return f"approximate={self.approximate!r}"


class _Shrink(Module):
    def __init__(self, lambd=0.5):
        super().__init__()
        self.lambd = lambd

    def extra_repr(self):
        """The setting."""
        return str(self.lambd)


class Hardshrink(_Shrink):
    """Sets numbers between -lambd and lambd to zero and keeps the others.

    >>> torch.nn.Hardshrink()(torch.tensor([0.4, 2.]))
    tensor([0., 2.])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.hardshrink(input, self.lambd)


class Softshrink(_Shrink):
    """Moves numbers towards zero by `lambd`; those nearer than that become zero.

    >>> torch.nn.Softshrink()(torch.tensor([0.4, 2.]))
    tensor([0.0000, 1.5000])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.softshrink(input, self.lambd)


class LeakyReLU(Module):
    """Keeps positive numbers and multiplies negative ones by `negative_slope`.

    >>> torch.nn.LeakyReLU(0.1)(torch.tensor([-1., 2.]))
    tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope=0.01, inplace=False):
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input):
        """Apply the function to every element."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self):
        """The settings."""
        return f"negative_slope={self.negative_slope}{_inplace_text(self)}"


class LogSigmoid(Module):
    """The logarithm of the sigmoid, computed so that it stays finite.

    >>> torch.nn.LogSigmoid()(torch.tensor([0.]))
    tensor([-0.6931])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.logsigmoid(input)


class Softplus(Module):
    """A smooth ReLU: log(1 + exp(beta x)) / beta, and x itself where beta x is above `threshold`.

    >>> torch.nn.Softplus()(torch.tensor([0.]))
    tensor([0.6931])
    """

    def __init__(self, beta=1.0, threshold=20.0):
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input):
        """Apply the function to every element."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self):
        """The settings."""
        return f"beta={self.beta}, threshold={self.threshold}"


class PReLU(Module):
    """Leaky ReLU whose slope is learned: one for all (`num_parameters=1`), or one a channel (dimension 1).

    The slopes, `weight`, start at `init`. They should not be subject to weight decay.

    >>> torch.nn.PReLU()(torch.tensor([-1., 2.])).detach()
    tensor([-0.2500,  2.0000])
    """

    def __init__(self, num_parameters=1, init=0.25, device=None, dtype=None):
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(_C.empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self):
        """Set all slopes to their initial value."""
        constant_(self.weight, self.init)

    def forward(self, input):
        """Apply the function to every element."""
        return F.prelu(input, self.weight)

    def extra_repr(self):
        """The setting."""
        return f"num_parameters={self.num_parameters}"


class Softsign(Module):
    """x / (1 + |x|), which lies between -1 and 1.

    >>> torch.nn.Softsign()(torch.tensor([1.]))
    tensor([0.5000])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x).

    >>> torch.nn.Tanhshrink()(torch.tensor([0.]))
    tensor([0.])
    """

    def forward(self, input):
        """Apply the function to every element."""
        return F.tanhshrink(input)


class _AlongDim(Module):
    def __init__(self, dim=None):
        super().__init__()
        self.dim = dim

    def __setstate__(self, state):
        super().__setstate__(state)
        if not hasattr(self, "dim"):
            self.dim = None

    def extra_repr(self):
        """The dimension."""
        return f"dim={self.dim}"


class Softmax(_AlongDim):
    """Makes numbers along `dim` positive and lets them sum to one: exp(x) / sum(exp(x)).

    >>> torch.nn.Softmax(dim=1)(torch.zeros(1, 4))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def forward(self, input):
        """Normalise along the dimension."""
        return F.softmax(input, self.dim, _stacklevel=5)


class Softmin(_AlongDim):
    """Softmax of the negated input: the smallest number gets the largest share.

    >>> torch.nn.Softmin(dim=1)(torch.zeros(1, 2))
    tensor([[0.5000, 0.5000]])
    """

    def forward(self, input):
        """Normalise along the dimension."""
        return F.softmin(input, self.dim, _stacklevel=5)


class LogSoftmax(_AlongDim):
    """The logarithm of Softmax, computed so that it stays finite.

    >>> torch.nn.LogSoftmax(dim=1)(torch.zeros(1, 2))
    tensor([[-0.6931, -0.6931]])
    """

    def forward(self, input):
        """Normalise along the dimension."""
        return F.log_softmax(input, self.dim, _stacklevel=5)


class Softmax2d(Module):
    """Softmax over the channels of (N, C, H, W) or (C, H, W), at every pixel.

    >>> torch.nn.Softmax2d()(torch.zeros(1, 2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input):
        """Normalise over the channels."""
        if input.dim() not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.dim()}D instead")
        return F.softmax(input, -3, _stacklevel=5)


class MultiheadAttention(Module):
    """Attention in several heads: each position of a query takes a weighted mean of the values at all keys.

    `query` (L, N, embed_dim), `key` (S, N, kdim) and `value` (S, N, vdim); N comes first with `batch_first` and may be
    missing. Gives the output, of the query's shape, and the weights of attention (N, L, S), or (N, num_heads, L, S)
    without `average_attn_weights`, or None without `need_weights`, which is faster. In `key_padding_mask` (N, S) and
    `attn_mask` (L, S) or (N * num_heads, L, S), True or -inf says where not to look. `add_bias_kv` learns one more key
    and value, `add_zero_attn` adds zeros as one; `dropout` acts on the weights.

    >>> attention = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    >>> x = torch.zeros(3, 5, 8)
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    (torch.Size([3, 5, 8]), torch.Size([3, 5, 5]))
    """

    def __init__(
        self,
        embed_dim,
        num_heads,
        dropout=0.0,
        bias=True,
        add_bias_kv=False,
        add_zero_attn=False,
        kdim=None,
        vdim=None,
        batch_first=False,
        device=None,
        dtype=None,
    ):
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} "
                "instead"
            )
        super().__init__()
        options = {"device": device, "dtype": dtype}
        self.embed_dim = embed_dim
        self.kdim = kdim if kdim is not None else embed_dim
        self.vdim = vdim if vdim is not None else embed_dim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        widths = {"q_proj_weight": embed_dim, "k_proj_weight": self.kdim, "v_proj_weight": self.vdim}
        for name, width in widths.items():
            separate = not self._qkv_same_embed_dim
            weight = Parameter(_C.empty((embed_dim, width), **options)) if separate else None
            self.register_parameter(name, weight)
        packed = Parameter(_C.empty((3 * embed_dim, embed_dim), **options)) if self._qkv_same_embed_dim else None
        self.register_parameter("in_proj_weight", packed)
        self.register_parameter("in_proj_bias", Parameter(_C.empty(3 * embed_dim, **options)) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, **options)
        if add_bias_kv:
            self.bias_k = Parameter(_C.empty((1, 1, embed_dim), **options))
            self.bias_v = Parameter(_C.empty((1, 1, embed_dim), **options))
        else:
            self.bias_k = self.bias_v = None
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self):
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            constant_(self.in_proj_bias, 0.0)
            constant_(self.out_proj.bias, 0.0)
        if self.bias_k is not None:
            xavier_normal_(self.bias_k)
            xavier_normal_(self.bias_v)

    def __setstate__(self, state):
        state.setdefault("_qkv_same_embed_dim", True)
        super().__setstate__(state)

    def forward(
        self,
        query,
        key,
        value,
        key_padding_mask=None,
        need_weights=True,
        attn_mask=None,
        average_attn_weights=True,
        is_causal=False,
    ):
        """Attend -> (output, weights). `is_causal` says that `attn_mask` is the causal one, which may save work."""
        if self.batch_first and query.dim() == 3:
            # One tensor stays one: a projection of all three at once is faster.
            seen = {id(t): t.transpose(0, 1) if t.dim() == 3 else t for t in (query, key, value)}
            query, key, value = [seen[id(t)] for t in (query, key, value)]
            transposed = True
        else:
            transposed = False
        output, weights = F.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return output.transpose(0, 1) if transposed else output, weights

    def merge_masks(self, attn_mask, key_padding_mask, query):
        """Join both masks -> (mask, its kind: 0 of attention, 1 of padding, 2 of both; both are None for no mask)."""
        if key_padding_mask is None:
            return attn_mask, None if attn_mask is None else 0
        if attn_mask is None:
            return key_padding_mask, 1
        batch, length = query.shape[:2]
        mask = attn_mask.view(batch, -1, length, length) if attn_mask.dim() == 3 else attn_mask
        mask = mask.expand(batch, self.num_heads, -1, -1)
        return mask + key_padding_mask.view(batch, 1, 1, length).expand(-1, self.num_heads, -1, -1), 2
