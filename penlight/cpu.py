"""torch.cpu: the CPU in the role of a device, for programs that ask every kind of device the same."""

import contextlib

from penlight import _C
from penlight._objects import Event, Stream

__all__ = [
    "Event",
    "Stream",
    "StreamContext",
    "current_device",
    "current_stream",
    "device_count",
    "get_capabilities",
    "is_available",
    "is_initialized",
    "set_device",
    "stream",
    "synchronize",
]

_stream = Stream()


def is_available():
    """Give True: there is a CPU."""
    return True


def is_initialized():
    """Give True."""
    return True


def device_count():
    """Give 1."""
    return 1


def current_device():
    """Give the device's name."""
    return "cpu"


def set_device(device):
    """Do nothing: there is one CPU."""


def synchronize(device=None):
    """Return at once: the CPU has done what it was told."""


def current_stream(device=None):
    """Give the one stream."""
    return _stream


@contextlib.contextmanager
def stream(stream):
    """Do nothing: there is one stream."""
    yield


StreamContext = stream


def get_capabilities():
    """Give what the kernels use of the CPU's instructions.

    Example:
        >>> type(penlight.cpu.get_capabilities()["isa"])
        <class 'str'>
    """
    return {"isa": _C._isa()}
