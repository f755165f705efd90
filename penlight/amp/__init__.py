"""Mixed precision: matrix products in 16 bits, losses in 32, and gradients scaled so that small ones are not lost."""

from penlight.amp.autocast_mode import autocast, custom_bwd, custom_fwd, is_autocast_available
from penlight.amp.grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "is_autocast_available"]
