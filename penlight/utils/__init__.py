"""Tools around tensors: data loading, hooks, checkpoints."""

import importlib

from penlight.utils import data, hooks

__all__ = ["data", "hooks"]


def __getattr__(name):
    """Modules that few programs need are loaded when they are first mentioned."""
    if name in ("checkpoint", "dlpack"):
        return importlib.import_module("penlight.utils." + name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
