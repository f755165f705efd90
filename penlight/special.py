"""Special functions, as torch.special: every operator `special_NAME` of the operator table is here under its NAME.

Example:
    >>> import penlight as torch
    >>> torch.special.logsumexp(torch.zeros(1), 0)
    tensor(0.)
"""

from penlight import _C

__all__ = sorted(name.removeprefix("special_") for name in dir(_C) if name.startswith("special_"))
globals().update({name: getattr(_C, "special_" + name) for name in __all__})
