"""RAdam: Adam that is careful in its first steps."""

import math

import penlight
from penlight.optim import _fused

__all__ = ["RAdam"]


class RAdam(_fused.FusedOptimizer):
    """RAdam (Liu et al. 2019): Adam that leaves out the scaling while the mean of squares rests on too few gradients.

    `weight_decay` w adds w * parameter to the gradient, or with `decoupled_weight_decay` shrinks the parameter by lr *
    w. `maximize` climbs instead.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.RAdam([w], lr=0.1)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.7000])
    """

    _added_settings = {**_fused.FusedOptimizer._added_settings, "decoupled_weight_decay": False}

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        decoupled_weight_decay=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
    ):
        _fused.check_lr(lr)
        _fused.check_not_negative(eps=eps)
        _fused.check_betas(betas)
        _fused.check_not_negative(weight_decay=weight_decay)
        super().__init__(
            params,
            dict(
                lr=lr,
                betas=betas,
                eps=eps,
                weight_decay=weight_decay,
                maximize=maximize,
                foreach=foreach,
                capturable=capturable,
                decoupled_weight_decay=decoupled_weight_decay,
                differentiable=differentiable,
            ),
        )

    def _kernel(self, group):
        return "radam", ("exp_avg", "exp_avg_sq")

    def _initial_state(self, param, group):
        zeros = penlight.zeros_like
        return {"step": _fused.scalar_state(0), "exp_avg": zeros(param.detach()), "exp_avg_sq": zeros(param.detach())}

    def _coefficients(self, group, state):
        (beta1, beta2), lr, decay = group["betas"], float(group["lr"]), group["weight_decay"]
        t = float(state["step"])
        correction = 1 - beta2**t
        # The length of the moving average, at most and so far; below 5 its variance is unknown.
        rho_most = 2 / (1 - beta2) - 1
        rho = rho_most - 2 * t * beta2**t / correction
        scale = 0.0
        if rho > 5:
            rectification = (rho - 4) * (rho - 2) * rho_most / ((rho_most - 4) * (rho_most - 2) * rho)
            scale = math.sqrt(rectification) * math.sqrt(correction)
        decoupled = group["decoupled_weight_decay"]
        return (
            _fused.sign(group),
            0 if decoupled else decay,
            1 - lr * decay if decoupled else 1,
            lr / (1 - beta1**t),
            scale,
            1 - beta1,
            beta2,
            1 - beta2,
            group["eps"],
        )
