"""Types for annotations, under PyTorch's names."""

import builtins
import os
from typing import IO, TypeAlias, Union

from penlight import Size, SymBool, SymFloat, SymInt, Tensor, device
from penlight.storage import Storage

__all__ = [
    "BoolLikeType",
    "Device",
    "FileLike",
    "FloatLikeType",
    "IntLikeType",
    "Number",
    "PySymType",
    "Size",
    "Storage",
    "Tensor",
]

Device: TypeAlias = device | str | builtins.int | None
Number: TypeAlias = builtins.int | builtins.float | builtins.bool
FileLike: TypeAlias = Union[str, os.PathLike[str], IO[bytes]]  # noqa: UP007
IntLikeType: TypeAlias = builtins.int | SymInt
FloatLikeType: TypeAlias = builtins.float | SymFloat
BoolLikeType: TypeAlias = builtins.bool | SymBool
PySymType: TypeAlias = SymInt | SymFloat | SymBool
