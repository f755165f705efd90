"""Functions that drop random parts of their input."""

import warnings

from penlight import _C


def _check_probability(p):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def dropout(input, p=0.5, training=True, inplace=False):
    """Set each element to zero with probability `p` and scale the rest by 1/(1-p); without `training`, do nothing.

    >>> F.dropout(torch.ones(3), 0.5, training=False)
    tensor([1., 1., 1.])
    """
    _check_probability(p)
    return _C.dropout_(input, p, training) if inplace else _C.dropout(input, p, training)


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Dropout that keeps mean and variance: dropped elements take SELU's lower limit.

    >>> F.alpha_dropout(torch.ones(3))
    tensor([1., 1., 1.])
    """
    _check_probability(p)
    return _alpha_dropout(input, p, input.shape, inplace) if training else input


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    """`alpha_dropout` of whole channels: input (N, C, ...).

    >>> F.feature_alpha_dropout(torch.ones(2, 3, 4)).shape
    torch.Size([2, 3, 4])
    """
    _check_probability(p)
    return _alpha_dropout(input, p, _channel_shape(input), inplace) if training else input


def _channel_shape(input):
    if input.dim() < 2:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")
    return (*input.shape[:2], *[1] * (input.dim() - 2))


# SELU's limit for numbers far below zero, negated: its scale times its alpha.
_SELU_LIMIT = 1.7580993408473766


def _alpha_dropout(input, p, noise_shape, inplace):
    if p == 0 or input.numel() == 0:
        return input
    if p == 1:
        return input.mul_(0) if inplace else input * input.new_zeros(())
    # Affine map that gives mean 0 and variance 1 back (Klambauer et al. 2017, "Self-normalizing neural networks").
    scale = ((_SELU_LIMIT * _SELU_LIMIT * p + 1) * (1 - p)) ** -0.5
    kept = input.new_empty(noise_shape).bernoulli_(1 - p)
    shift = (kept - 1).mul_(_SELU_LIMIT * scale).add_(_SELU_LIMIT * scale * p)
    kept.mul_(scale)
    return input.mul_(kept).add_(shift) if inplace else input * kept + shift


def _feature_dropout(input, p, training, inplace):
    if not training or p == 0 or input.numel() == 0:
        return input
    noise_shape = _channel_shape(input)
    noise = input.new_zeros(()) if p == 1 else input.new_empty(noise_shape).bernoulli_(1 - p).div_(1 - p)
    return input.mul_(noise) if inplace else input * noise


def dropout1d(input, p=0.5, training=True, inplace=False):
    """Set whole channels of (N, C, L) or (C, L) to zero with probability `p` and scale the rest by 1/(1-p).

    >>> F.dropout1d(torch.ones(2, 3, 4), training=False).shape
    torch.Size([2, 3, 4])
    """
    _check_probability(p)
    ndim = input.dim()
    if ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {ndim}D input. {_note(1)}")
    return _unbatched_feature_dropout(input, p, training, inplace, batched=ndim == 3)


def dropout2d(input, p=0.5, training=True, inplace=False):
    """Set whole channels of (N, C, H, W) to zero with probability `p` and scale the rest by 1/(1-p).

    >>> F.dropout2d(torch.ones(2, 3, 4, 4), training=False).shape
    torch.Size([2, 3, 4, 4])
    """
    _check_probability(p)
    ndim = input.dim()
    _warn_of_dims(2, ndim)
    if ndim == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is "
            "desired - input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will "
            "change in a future release to interpret the input as one without a batch dimension, i.e. shape (C, H, "
            "W). To maintain the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _feature_dropout(input, p, training, inplace)


def dropout3d(input, p=0.5, training=True, inplace=False):
    """Set whole channels of (N, C, D, H, W) or (C, D, H, W) to zero with probability `p` and scale the rest by 1/(1-p).

    >>> F.dropout3d(torch.ones(2, 3, 4, 4, 4), training=False).shape
    torch.Size([2, 3, 4, 4, 4])
    """
    _check_probability(p)
    _warn_of_dims(3, input.dim())
    return _unbatched_feature_dropout(input, p, training, inplace, batched=input.dim() != 4)


def _unbatched_feature_dropout(input, p, training, inplace, batched):
    if batched:
        return _feature_dropout(input, p, training, inplace)
    return _feature_dropout(input.unsqueeze(0), p, training, inplace).squeeze(0)


def _note(n):
    return (
        f"Note that dropout{n}d exists to provide channel-wise dropout on inputs with {n} spatial "
        f"dimension{'s' * (n > 1)}, a channel dimension, and an optional batch dimension (i.e. {n + 1}D or {n + 2}D "
        "inputs)."
    )


def _warn_of_dims(n, ndim):
    if ndim not in (n + 1, n + 2):
        warnings.warn(
            f"dropout{n}d: Received a {ndim}-D input to dropout{n}d, which is deprecated and will result in an error "
            "in a future release. To retain the behavior and silence this warning, please use dropout instead. "
            f"{_note(n)}",
            stacklevel=3,
        )
