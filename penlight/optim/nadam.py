"""NAdam: Adam with Nesterov momentum."""

import penlight
from penlight.optim import _fused

__all__ = ["NAdam"]


class NAdam(_fused.FusedOptimizer):
    """NAdam (Dozat 2016): Adam that looks one step of its momentum ahead.

    `momentum_decay` shapes how the momentum grows to beta1. `weight_decay` w adds w * parameter to the gradient, or
    with `decoupled_weight_decay` shrinks the parameter by lr * w. `maximize` climbs instead.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.NAdam([w], lr=0.1)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.8944])
    """

    _added_settings = {**_fused.FusedOptimizer._added_settings, "decoupled_weight_decay": False}
    _scalars = ("step", "mu_product")

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        momentum_decay=4e-3,
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
        _fused.check_not_negative(weight_decay=weight_decay, momentum_decay=momentum_decay)
        super().__init__(
            params,
            dict(
                lr=lr,
                betas=betas,
                eps=eps,
                weight_decay=weight_decay,
                momentum_decay=momentum_decay,
                decoupled_weight_decay=decoupled_weight_decay,
                maximize=maximize,
                foreach=foreach,
                capturable=capturable,
                differentiable=differentiable,
            ),
        )

    def _kernel(self, group):
        return "nadam", ("exp_avg", "exp_avg_sq")

    def _initial_state(self, param, group):
        zeros = penlight.zeros_like
        return {
            "step": _fused.scalar_state(0),
            "mu_product": _fused.scalar_state(1),
            "exp_avg": zeros(param.detach()),
            "exp_avg_sq": zeros(param.detach()),
        }

    def _coefficients(self, group, state):
        (beta1, beta2), lr, decay = group["betas"], float(group["lr"]), group["weight_decay"]
        t = float(state["step"])
        now, ahead = (beta1 * (1.0 - 0.5 * 0.96 ** (step * group["momentum_decay"])) for step in (t, t + 1))
        state["mu_product"] *= now
        product = float(state["mu_product"])
        decoupled = group["decoupled_weight_decay"]
        return (
            _fused.sign(group),
            0 if decoupled else decay,
            1 - lr * decay if decoupled else 1,
            lr * (1 - now) / (1 - product),
            lr * ahead / (1 - product * ahead),
            1 - beta2**t,
            1 - beta1,
            beta2,
            1 - beta2,
            group["eps"],
        )
