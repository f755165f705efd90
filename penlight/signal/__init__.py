"""Signal processing, as torch.signal: the window functions of `torch.signal.windows`."""

from penlight.signal import windows

__all__ = ["windows"]
