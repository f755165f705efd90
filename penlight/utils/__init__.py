"""Tools around tensors: data loading, hooks, checkpoints."""

from penlight.utils import data, hooks

__all__ = ["data", "hooks"]
