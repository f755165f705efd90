"""Rprop: steps whose size goes by whether the gradient keeps its sign."""

import penlight
from penlight.optim import _fused

__all__ = ["Rprop"]


class Rprop(_fused.FusedOptimizer):
    """Rprop (Riedmiller and Braun 1993): each element has its own step size, and only the gradient's sign counts.

    The size starts at `lr`, shrinks by etas[0] when the sign changes, grows by etas[1] when it stays, and lies within
    `step_sizes`. For whole data sets, not for batches. `maximize` climbs instead.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.Rprop([w], lr=0.1)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        etas=(0.5, 1.2),
        step_sizes=(1e-6, 50),
        *,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        _fused.check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        super().__init__(
            params,
            dict(
                lr=lr,
                etas=etas,
                step_sizes=step_sizes,
                foreach=foreach,
                maximize=maximize,
                differentiable=differentiable,
                capturable=capturable,
            ),
        )

    def _kernel(self, group):
        return "rprop", ("prev", "step_size")

    def _initial_state(self, param, group):
        lr = float(group["lr"])
        size = complex(lr, lr) if param.is_complex() else lr
        return {
            "step": _fused.scalar_state(0),
            "prev": penlight.zeros_like(param.detach()),
            "step_size": penlight.full_like(param.detach(), size),
        }

    def _coefficients(self, group, state):
        return _fused.sign(group), *group["step_sizes"], *group["etas"]
