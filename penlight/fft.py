"""Fourier transforms, as torch.fft: every operator `fft_NAME` of the operator table is here under its NAME.

Example:
    >>> import penlight as torch
    >>> torch.fft.fft(torch.tensor([1.0, 0.0, 0.0, 0.0])).real
    tensor([1., 1., 1., 1.])
"""

from penlight import _C

__all__ = sorted(name.removeprefix("fft_") for name in dir(_C) if name.startswith("fft_"))
globals().update({name: getattr(_C, "fft_" + name) for name in __all__})


def _transform(function, input, output, dim, norm):
    """Fill `output` with NumPy's transform of `input`; the operators call this."""
    import numpy

    out = output.numpy()
    sizes = [out.shape[d] for d in dim] if function == "irfftn" else None
    # NumPy 1 computes in double precision whatever comes in; the assignment rounds.
    out[...] = getattr(numpy.fft, function)(input.numpy(), sizes, dim, norm)
