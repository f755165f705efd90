"""torch.accelerator: the accelerator of this machine, whatever its kind. Penlight uses the CPU: there is none."""

__all__ = [
    "current_accelerator",
    "current_device_index",
    "device_count",
    "is_available",
    "set_device_index",
    "synchronize",
]


def is_available():
    """Give True if an accelerator can be used: False.

    Example:
        >>> device = penlight.accelerator.current_accelerator() if penlight.accelerator.is_available() else "cpu"
    """
    return False


def device_count():
    """Give the number of accelerators: 0."""
    return 0


def current_accelerator(check_available=False):
    """Give the device of the accelerator: None."""
    return None


def _none(*_args, **_kwargs):
    raise RuntimeError("Cannot access accelerator device when none is available.")


def current_device_index():
    """Raise RuntimeError: there is no accelerator."""
    _none()


def set_device_index(device, /):
    """Raise RuntimeError: there is no accelerator."""
    _none()


def synchronize(device=None, /):
    """Raise RuntimeError: there is no accelerator to wait for."""
    _none()
