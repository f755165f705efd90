"""Apple's GPUs: not supported."""

__all__ = ["is_available", "is_built", "is_macos13_or_newer", "is_macos_or_newer"]


def is_built():
    """Give False: there is no support."""
    return False


def is_available():
    """Give False: there is no support."""
    return False


def is_macos_or_newer(major, minor):
    """Give False."""
    return False


def is_macos13_or_newer(minor=0):
    """Give False."""
    return False
