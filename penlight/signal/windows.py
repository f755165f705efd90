"""Window functions, as torch.signal.windows: weights for the M points of a piece of a signal.

All take `sym`: True for a symmetric window (for filters), False for a periodic one (for spectra), which is the
symmetric one of M + 1 points without its last. The dtype is float32 or float64, by default the default dtype.
A negative M or another dtype raises ValueError.

Example:
    >>> import penlight as torch
    >>> torch.signal.windows.hann(5)
    tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
"""

import math

from penlight import _C

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _window(name, weight, M, sym, dtype, layout, device, requires_grad):
    """Make the window weight(k, n): k are the M points in float64, n is the number of the last one."""
    dtype = _C.get_default_dtype() if dtype is None else dtype
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not _C.strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if dtype not in (_C.float32, _C.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    if M < 2:
        return _C.ones((M,), dtype=dtype, device=device, requires_grad=requires_grad)
    k = _C.linspace(0, M - 1, M, dtype=_C.float64, device=device)
    return weight(k, M - 1 if sym else M).to(dtype).requires_grad_(requires_grad)


def exponential(
    M,
    *,
    center=None,
    tau=1.0,
    sym=True,
    dtype=None,
    layout=_C.strided,
    device=None,
    requires_grad=False,
):
    """Give exp(-|k - center| / tau): a peak that falls off on both sides.

    Args:
        center: where the peak is, by default in the middle; only with sym=False.
        tau: how many points it takes to fall by a factor of e, positive.
    """
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")

    def weight(k, n):
        return _C.exp(-_C.abs(k - (n / 2 if center is None else center)) / tau)

    return _window("exponential", weight, M, sym, dtype, layout, device, requires_grad)


def cosine(M, *, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give the positive half of a sine wave, sampled in the middle of each point."""

    def weight(k, n):
        return _C.sin((k + 0.5) * (math.pi / (n + 1)))

    return _window("cosine", weight, M, sym, dtype, layout, device, requires_grad)


def gaussian(M, *, std=1.0, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give the bell curve exp(-(k - middle)^2 / (2 std^2)); std is in points, positive."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")

    def weight(k, n):
        return _C.exp(-(((k - n / 2) / (std * math.sqrt(2))) ** 2))

    return _window("gaussian", weight, M, sym, dtype, layout, device, requires_grad)


def kaiser(M, *, beta=12.0, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give the Kaiser window, made of a Bessel function: beta, not negative, trades a narrow peak for low sides."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")

    def weight(k, n):
        inside = _C.clamp(1 - (2 * k / n - 1) ** 2, min=0)
        return _C.i0(beta * _C.sqrt(inside)) / _C.i0(_C.full((), float(beta), dtype=_C.float64, device=k.device))

    return _window("kaiser", weight, M, sym, dtype, layout, device, requires_grad)


def general_cosine(M, *, a, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give the sum of cosines a[0] - a[1] cos(x) + a[2] cos(2x) - ..., where x goes once round.

    Args:
        a: the weights of the cosines, a list or tuple; an empty one raises ValueError.
    """

    if not isinstance(a, (list, tuple)):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    return _window("general_cosine", _cosines(a), M, sym, dtype, layout, device, requires_grad)


def _cosines(a):
    return lambda k, n: sum((-1) ** i * w * _C.cos(k * (2 * math.pi * i / n)) for i, w in enumerate(a))


def general_hamming(M, *, alpha=0.54, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give alpha - (1 - alpha) cos(x), where x goes once round."""
    return general_cosine(
        M,
        a=[alpha, 1.0 - alpha],
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )


def hamming(M, *, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give the Hamming window, 0.54 - 0.46 cos(x): close to zero, but not zero, at its ends."""
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def hann(M, *, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give the Hann window, 0.5 - 0.5 cos(x): a smooth hill from zero to zero.

    Example:
        >>> penlight.signal.windows.hann(4, sym=False)
        tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return general_hamming(
        M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def blackman(M, *, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give the Blackman window, 0.42 - 0.5 cos(x) + 0.08 cos(2x)."""
    return _window("blackman", _cosines([0.42, 0.5, 0.08]), M, sym, dtype, layout, device, requires_grad)


def bartlett(M, *, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give a triangle, 0 at its ends and 1 in the middle."""

    def weight(k, n):
        return 1 - _C.abs(2 * k / n - 1)

    return _window("bartlett", weight, M, sym, dtype, layout, device, requires_grad)


def nuttall(M, *, sym=True, dtype=None, layout=_C.strided, device=None, requires_grad=False):
    """Give Nuttall's window, a sum of four cosines with very low sides."""
    return general_cosine(
        M,
        a=[0.3635819, 0.4891775, 0.1365995, 0.0106411],
        sym=sym,
        dtype=dtype,
        layout=layout,
        device=device,
        requires_grad=requires_grad,
    )
