"""Adamax: Adam with the largest gradient in place of the mean square."""

import penlight
from penlight.optim import _fused

__all__ = ["Adamax"]


class Adamax(_fused.FusedOptimizer):
    """Adamax (Kingma and Ba 2014): lr * m / u, m the running mean of the gradient, u = max(beta2 u, |gradient| + eps).

    `weight_decay` w adds w * parameter to the gradient, `maximize` climbs instead.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.Adamax([w], lr=0.1)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        capturable=False,
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
                foreach=foreach,
                maximize=maximize,
                differentiable=differentiable,
                capturable=capturable,
            ),
        )

    def _kernel(self, group):
        return "adamax", ("exp_avg", "exp_inf")

    def _initial_state(self, param, group):
        zeros = penlight.zeros_like
        return {"step": _fused.scalar_state(0), "exp_avg": zeros(param.detach()), "exp_inf": zeros(param.detach())}

    def _coefficients(self, group, state):
        beta1, beta2 = group["betas"]
        lr = group["lr"] / (1 - beta1 ** float(state["step"]))
        return _fused.sign(group), group["weight_decay"], lr, 1 - beta1, beta2, group["eps"]
