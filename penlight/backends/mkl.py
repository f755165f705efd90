"""Intel's MKL: not used; matrix products have kernels of their own."""

__all__ = ["VERBOSE_OFF", "VERBOSE_ON", "is_available", "verbose"]

VERBOSE_OFF, VERBOSE_ON = 0, 1


def is_available():
    """Give False: the library is not used."""
    return False


class verbose:
    """Accept PyTorch's switch for the library's messages; there are none.

    Args:
        enable: VERBOSE_OFF or VERBOSE_ON.
    """

    def __init__(self, enable):
        self.enable = enable

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return False
