"""oneDNN: not used; convolutions and matrix products have kernels of their own. Settings are kept."""

import contextlib
import sys

from penlight.backends.mkl import VERBOSE_OFF, VERBOSE_ON, verbose

__all__ = [
    "VERBOSE_OFF",
    "VERBOSE_ON",
    "allow_tf32",
    "deterministic",
    "enabled",
    "flags",
    "is_available",
    "set_flags",
    "verbose",
]

enabled, deterministic, allow_tf32 = True, False, True


def is_available():
    """Give False: the library is not used."""
    return False


def set_flags(_enabled=None, _deterministic=None, _allow_tf32=None, _fp32_precision="none"):
    """Set several switches; give their former values."""
    module = sys.modules[__name__]
    before = module.enabled, module.deterministic, module.allow_tf32
    for name, value in (("enabled", _enabled), ("deterministic", _deterministic), ("allow_tf32", _allow_tf32)):
        if value is not None:
            setattr(module, name, value)
    return before


@contextlib.contextmanager
def flags(enabled=False, deterministic=False, allow_tf32=True, fp32_precision="none"):
    """Set the switches inside a `with` block."""
    before = set_flags(enabled, deterministic, allow_tf32)
    try:
        yield
    finally:
        set_flags(*before)
