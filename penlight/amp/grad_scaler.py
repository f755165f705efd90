"""GradScaler: losses are made large before backward, so that float16 gradients do not vanish."""

import warnings
from collections.abc import Iterable

import penlight

__all__ = ["GradScaler"]

_READY, _UNSCALED, _STEPPED = range(3)


class GradScaler:
    """Scales a loss before backward, and the gradients back before the step; steps with inf or NaN are left out.

    Args:
        device: "cpu", or "cuda", which warns and does nothing where there is no GPU.
        init_scale: the first factor.
        growth_factor, growth_interval: after so many good steps the factor grows so.
        backoff_factor: how it shrinks after a step that was left out.
        enabled: False makes every method do nothing but step.

    Example:
        >>> w = torch.nn.Parameter(torch.ones(1))
        >>> optimizer, scaler = torch.optim.SGD([w], lr=0.5), torch.amp.GradScaler("cpu")
        >>> scaler.scale((w * 2).sum()).backward()
        >>> scaler.step(optimizer)
        >>> scaler.update()
        >>> w.data
        tensor([0.])
    """

    def __init__(
        self,
        device="cuda",
        init_scale=2.0**16,
        growth_factor=2.0,
        backoff_factor=0.5,
        growth_interval=2000,
        enabled=True,
    ):
        if enabled and device == "cuda" and not penlight.cuda.is_available():
            warnings.warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2)
            enabled = False
        if enabled and growth_factor <= 1:
            raise AssertionError("The growth factor must be > 1.0.")
        if enabled and backoff_factor >= 1:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._device, self._enabled, self._scale = device, enabled, float(init_scale)
        self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
        self._growth_interval, self._growth_tracker = growth_interval, 0
        self._begin_step()

    def _begin_step(self):
        self._stages, self._found_inf = {}, {}  # by optimizer

    def scale(self, outputs):
        """Multiply a loss, or every tensor of a container, by the factor."""
        if not self._enabled:
            return outputs
        if isinstance(outputs, penlight.Tensor):
            return outputs * penlight.tensor(self._scale, dtype=penlight.float32)
        if isinstance(outputs, (list, tuple)):
            scaled = [self.scale(output) for output in outputs]
            return type(outputs)(*scaled) if hasattr(outputs, "_fields") else type(outputs)(scaled)
        if isinstance(outputs, Iterable):
            return map(self.scale, outputs)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    @penlight.no_grad()
    def unscale_(self, optimizer):
        """Divide the gradients of an optimizer by the factor, to clip them for instance, and look for inf and NaN."""
        if not self._enabled:
            return
        stage = self._stages.get(optimizer, _READY)
        if stage == _UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if stage == _STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        found = False
        for group in optimizer.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                if param.grad.dtype == penlight.float16 and param.dtype == penlight.float16:
                    raise ValueError("Attempting to unscale FP16 gradients.")
                param.grad.mul_(1.0 / self._scale)
                found = found or not bool(penlight.isfinite(param.grad).all())
        self._stages[optimizer], self._found_inf[optimizer] = _UNSCALED, found

    def step(self, optimizer, *args, **kwargs):
        """Unscale if that is not done, and step unless a gradient is inf or NaN."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        stage = self._stages.get(optimizer, _READY)
        if stage == _STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if stage == _READY:
            self.unscale_(optimizer)
        self._stages[optimizer] = _STEPPED
        return None if self._found_inf[optimizer] else optimizer.step(*args, **kwargs)

    def update(self, new_scale=None):
        """Let the factor grow or shrink by what the last steps found, or set it."""
        if not self._enabled:
            return
        if new_scale is not None:
            self._scale = float(new_scale)
        elif not self._found_inf:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif any(self._found_inf.values()):
            self._scale *= self._backoff_factor
            self._growth_tracker = 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                self._scale *= self._growth_factor
                self._growth_tracker = 0
        self._begin_step()

    def get_scale(self):
        """Give the factor; 1 where scaling is off."""
        return self._scale if self._enabled else 1.0

    def is_enabled(self):
        """Give True where gradients are scaled."""
        return self._enabled

    def get_growth_factor(self):
        """Give by how much the factor grows."""
        return self._growth_factor

    def set_growth_factor(self, new_factor):
        """Set by how much the factor grows."""
        self._growth_factor = new_factor

    def get_backoff_factor(self):
        """Give by how much the factor shrinks."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor):
        """Set by how much the factor shrinks."""
        self._backoff_factor = new_factor

    def get_growth_interval(self):
        """Give after how many good steps the factor grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval):
        """Set after how many good steps the factor grows."""
        self._growth_interval = new_interval

    def state_dict(self):
        """Give the state for a checkpoint."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict):
        """Take the state of a checkpoint."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._scale = state_dict["scale"]
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval, self._growth_tracker = state_dict["growth_interval"], state_dict["_growth_tracker"]
