"""Multi-head attention as a function."""

import math
import warnings

import penlight
from penlight import _C


def _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads):
    """Check the numbers of dimensions; whether the query has a batch dimension."""
    batched = query.dim() == 3
    if query.dim() not in (2, 3):
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.dim()}-D query tensor"
        )
    ndim, mask_ndim = (3, 2) if batched else (2, 1)
    name = f"For {'batched' if batched else 'unbatched'} ({ndim}-D) `query`, expected"
    if key.dim() != ndim or value.dim() != ndim:
        raise AssertionError(
            f"{name} `key` and `value` to be {ndim}-D but found {key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if key_padding_mask is not None and key_padding_mask.dim() != mask_ndim:
        raise AssertionError(
            f"{name} `key_padding_mask` to be `None` or {mask_ndim}-D but found {key_padding_mask.dim()}-D tensor "
            "instead"
        )
    if attn_mask is not None:
        if attn_mask.dim() not in (2, 3):
            raise AssertionError(
                f"{name} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor instead"
            )
        expected = (num_heads, query.shape[0], key.shape[0])
        if not batched and attn_mask.dim() == 3 and attn_mask.shape != expected:
            raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {attn_mask.shape}")
    return batched


def _canonical_mask(mask, mask_name, other_type, other_name, target_type, check_other=True):
    """A mask as numbers to add: -inf where a bool mask is True. `other_type` is the dtype of a mask used with it."""
    if mask is None:
        return None
    if mask.dtype != penlight.bool and not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {mask_name} are supported")
    if check_other and other_type is not None and mask.dtype != other_type:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=3,
        )
    if mask.dtype != penlight.bool:
        return mask
    return penlight.zeros(mask.shape, dtype=target_type, device=mask.device).masked_fill_(mask, -math.inf)


def _dtype_of(mask):
    return None if mask is None else mask.dtype


def _in_projection(query, key, value, weights, bias):
    """Queries, keys and values as the heads see them. `weights` is one matrix for all three, or a tuple of three."""
    if not isinstance(weights, tuple):
        if query is key and key is value:
            return _C.linear(query, weights, bias).chunk(3, -1)
        weights = weights.chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    return [_C.linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]


def _attn_mask_of_heads(attn_mask, batch, num_heads, queries, keys):
    """Check the shape; as one matrix, or one for each head of each sample."""
    if attn_mask is None:
        return None
    expected = (queries, keys) if attn_mask.dim() == 2 else (batch * num_heads, queries, keys)
    if attn_mask.shape != expected:
        raise RuntimeError(
            f"The shape of the {attn_mask.dim()}D attn_mask is {attn_mask.shape}, but should be {expected}."
        )
    return attn_mask.unsqueeze(0) if attn_mask.dim() == 2 else attn_mask


def _check_sizes(query, key, value, embed_dim_to_check, num_heads, separate):
    embed_dim = query.shape[-1]
    if embed_dim != embed_dim_to_check:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim_to_check}, but got {embed_dim}")
    if embed_dim // num_heads * num_heads != embed_dim:
        raise AssertionError(f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _with_key(dim, k, v, new_k, new_v, *masks):
    """One more key and value along `dim`, which every query may see."""
    return _C.cat([k, new_k], dim), _C.cat([v, new_v], dim), *[m if m is None else _C.pad(m, [0, 1]) for m in masks]


def _heads(x, batch, num_heads, head_dim):
    return x.reshape(x.shape[0], batch * num_heads, head_dim).transpose(0, 1)


def _static_heads(static, name, batch, num_heads, head_dim):
    if static.size(0) != batch * num_heads:
        raise AssertionError(f"expecting {name}.size(0) of {batch * num_heads}, but got {static.size(0)}")
    if static.size(2) != head_dim:
        raise AssertionError(f"expecting {name}.size(2) of {head_dim}, but got {static.size(2)}")
    return static


def multi_head_attention_forward(
    query,
    key,
    value,
    embed_dim_to_check,
    num_heads,
    in_proj_weight,
    in_proj_bias,
    bias_k,
    bias_v,
    add_zero_attn,
    dropout_p,
    out_proj_weight,
    out_proj_bias,
    training=True,
    key_padding_mask=None,
    need_weights=True,
    attn_mask=None,
    use_separate_proj_weight=False,
    q_proj_weight=None,
    k_proj_weight=None,
    v_proj_weight=None,
    static_k=None,
    static_v=None,
    average_attn_weights=True,
    is_causal=False,
):
    """Attention in `num_heads` parts of the features, the computation of `nn.MultiheadAttention` with weights given.

    `query` (L, N, E), `key` and `value` (S, N, E), or all without N; gives the output (L, N, E) and the weights of
    attention, (N, L, S), or (N, num_heads, L, S) without `average_attn_weights`, or None without `need_weights`.
    `key_padding_mask` (N, S) and `attn_mask` (L, S) or (N * num_heads, L, S) say with True, or -inf, where not to look.

    >>> x, weight = torch.ones(3, 1, 2), torch.eye(2)
    >>> output, weights = F.multi_head_attention_forward(
    ...     x, x, x, 2, 1, torch.cat([weight] * 3), None, None, None, False, 0.0, weight, None)
    >>> output.shape, weights.shape
    (torch.Size([3, 1, 2]), torch.Size([1, 3, 3]))
    """
    batched = _is_batched(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        same = query is key and key is value
        query = query.unsqueeze(1)
        key, value = (query, query) if same else (key.unsqueeze(1), value.unsqueeze(1))
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    length, batch, embed_dim = query.shape
    key_padding_mask = _canonical_mask(
        key_padding_mask, "key_padding_mask", _dtype_of(attn_mask), "attn_mask", query.dtype
    )
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None
    else:
        attn_mask = _canonical_mask(attn_mask, "attn_mask", None, "", query.dtype, False)
        is_causal = False
    _check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    head_dim = embed_dim // num_heads
    if use_separate_proj_weight:
        weights = q_proj_weight, k_proj_weight, v_proj_weight
        for name, weight in zip("qkv", weights):
            if weight is None:
                raise AssertionError(f"use_separate_proj_weight is True but {name}_proj_weight is None")
    elif in_proj_weight is None:
        raise AssertionError("use_separate_proj_weight is False but in_proj_weight is None")
    else:
        weights = in_proj_weight
    q, k, v = _in_projection(query, key, value, weights, in_proj_bias)
    attn_mask = _attn_mask_of_heads(attn_mask, batch, num_heads, length, key.shape[0])

    if (bias_k is None) != (bias_v is None):
        raise AssertionError("bias_k and bias_v must be given together, or neither")
    if bias_k is not None:
        if static_k is not None or static_v is not None:
            raise AssertionError("bias cannot be added to static key or value.")
        new = bias_k.repeat(1, batch, 1), bias_v.repeat(1, batch, 1)
        k, v, attn_mask, key_padding_mask = _with_key(0, k, v, *new, attn_mask, key_padding_mask)
    q = _heads(q, batch, num_heads, head_dim)
    heads = batch, num_heads, head_dim
    k = _heads(k, *heads) if static_k is None else _static_heads(static_k, "static_k", *heads)
    v = _heads(v, *heads) if static_v is None else _static_heads(static_v, "static_v", *heads)
    if add_zero_attn:
        zero = k.new_zeros(batch * num_heads, 1, head_dim)
        k, v, attn_mask, key_padding_mask = _with_key(1, k, v, zero, zero, attn_mask, key_padding_mask)
    keys = k.size(1)
    if key_padding_mask is not None:
        if key_padding_mask.shape[0] != batch:
            raise AssertionError(
                f"Expected key_padded_mask.shape[0] to be {batch}, but got {key_padding_mask.shape[0]}"
            )
        if key_padding_mask.shape[1] != keys:
            raise AssertionError(f"Expected key_padded_mask.shape[1] to be {keys}, but got {key_padding_mask.shape[1]}")
        padding = key_padding_mask.view(batch, 1, 1, keys).expand(-1, num_heads, -1, -1)
        padding = padding.reshape(batch * num_heads, 1, keys)
        attn_mask = padding if attn_mask is None else attn_mask + padding

    dropout_p = dropout_p if training else 0.0
    if need_weights:
        scores = q * math.sqrt(1.0 / head_dim) @ k.transpose(-2, -1)
        if attn_mask is not None:
            scores = scores + attn_mask
        weights = _C.softmax(scores, -1)
        if dropout_p > 0:
            weights = _C.dropout(weights, dropout_p, True)
        output = (weights @ v).transpose(0, 1)
    else:
        if attn_mask is not None:
            one = attn_mask.size(0) == 1 and attn_mask.dim() == 3
            attn_mask = attn_mask.unsqueeze(0) if one else attn_mask.view(batch, num_heads, -1, keys)
        q, k, v = [t.view(batch, num_heads, -1, head_dim) for t in (q, k, v)]
        output = _C.scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal).permute(2, 0, 1, 3)
        weights = None
    output = _C.linear(output.reshape(length * batch, embed_dim), out_proj_weight, out_proj_bias)
    output = output.view(length, batch, output.size(1))
    if weights is not None:
        weights = weights.view(batch, num_heads, length, keys)
        weights = weights.mean(1) if average_attn_weights else weights
        weights = weights if batched else weights.squeeze(0)
    return output if batched else output.squeeze(1), weights
