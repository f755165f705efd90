"""Linear algebra, as torch.linalg: every operator `linalg_NAME` of the operator table is here under its NAME.

Example:
    >>> import penlight as torch
    >>> torch.linalg.vector_norm(torch.tensor([3.0, 4.0]))
    tensor(5.)
"""

from penlight import _C

LinAlgError = _C._LinAlgError

__all__ = sorted(name.removeprefix("linalg_") for name in dir(_C) if name.startswith("linalg_"))
globals().update({name: getattr(_C, "linalg_" + name) for name in __all__})
__all__ += ["LinAlgError"]
