"""OpenMP: not used; kernels share their work among threads of their own."""

__all__ = ["is_available"]


def is_available():
    """Give False: the library is not used."""
    return False
