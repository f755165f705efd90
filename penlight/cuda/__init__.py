"""NVIDIA GPUs. There is no GPU support yet: `is_available()` is False, and a request for a GPU says so."""

__all__ = [
    "is_available",
    "device_count",
    "is_initialized",
    "current_device",
    "synchronize",
    "empty_cache",
    "manual_seed",
    "manual_seed_all",
    "get_device_name",
    "get_device_capability",
    "memory_allocated",
    "max_memory_allocated",
    "set_device",
]


def _unavailable(*_args, **_kwargs):
    from penlight._tensor import _no_cuda

    _no_cuda()


def is_available():
    """Give True if a GPU can be used.

    Example:
        >>> device = "cuda" if penlight.cuda.is_available() else "cpu"
    """
    return False


def device_count():
    """Give the number of GPUs."""
    return 0


def is_initialized():
    """Give True once a GPU was used."""
    return False


def current_device():
    """Give the index of the selected GPU; without one this raises RuntimeError."""
    _unavailable()


def get_device_name(device=None):
    """Give the name of a GPU; without one this raises RuntimeError."""
    _unavailable()


def get_device_capability(device=None):
    """Give the compute capability of a GPU; without one this raises RuntimeError."""
    _unavailable()


def set_device(device):
    """Select a GPU; without one this raises RuntimeError."""
    _unavailable()


def synchronize(device=None):
    """Wait until the GPU has done all it was given; without one this raises RuntimeError."""
    _unavailable()


def empty_cache():
    """Give unused GPU memory back to the system; without a GPU there is none."""


def memory_allocated(device=None):
    """Give the bytes of GPU memory that tensors hold: 0 without a GPU."""
    return 0


def max_memory_allocated(device=None):
    """Give the largest number of bytes that tensors held: 0 without a GPU."""
    return 0


def manual_seed(seed):
    """Set the seed of the GPU's random numbers; without a GPU nothing draws them."""
    int(seed)


def manual_seed_all(seed):
    """Set the seed of all GPUs' random numbers; without a GPU nothing draws them."""
    manual_seed(seed)
