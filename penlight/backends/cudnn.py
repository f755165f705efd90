"""cuDNN's switches. They are kept as set and have no effect without a GPU."""

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True


def is_available():
    """Give True if cuDNN can be used."""
    return False


def version():
    """Give cuDNN's version, or None without it."""
    return None
