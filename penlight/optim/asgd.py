"""ASGD: gradient descent that also keeps the average of the parameters."""

import penlight
from penlight.optim import _fused

__all__ = ["ASGD"]


class ASGD(_fused.FusedOptimizer):
    """Averaged gradient descent (Polyak and Juditsky 1992): the parameters' average, state["ax"], often does better.

    The learning rate falls as lr / (1 + lambd * lr * step)**alpha, `lambd` also shrinks the parameters, and averaging
    starts at step `t0`. `weight_decay` w adds w * parameter to the gradient, `maximize` climbs instead.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.ASGD([w], lr=0.1)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.7000])
    """

    _scalars = ("step", "eta", "mu")

    def __init__(
        self,
        params,
        lr=1e-2,
        lambd=1e-4,
        alpha=0.75,
        t0=1e6,
        weight_decay=0,
        foreach=None,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        _fused.check_lr(lr)
        _fused.check_not_negative(weight_decay=weight_decay)
        super().__init__(
            params,
            dict(
                lr=lr,
                lambd=lambd,
                alpha=alpha,
                t0=t0,
                weight_decay=weight_decay,
                foreach=foreach,
                maximize=maximize,
                differentiable=differentiable,
                capturable=capturable,
            ),
        )

    def _kernel(self, group):
        return "asgd", ("ax",)

    def _initial_state(self, param, group):
        return {
            "step": _fused.scalar_state(0),
            "eta": _fused.scalar_state(group["lr"]),
            "mu": _fused.scalar_state(1),
            "ax": penlight.zeros_like(param.detach()),
        }

    def _coefficients(self, group, state):
        eta, mu, lr = float(state["eta"]), float(state["mu"]), float(group["lr"])
        step = float(state["step"])
        state["eta"].fill_(lr / (1 + group["lambd"] * lr * step) ** group["alpha"])
        state["mu"].fill_(1 / max(1, step - group["t0"]))
        return _fused.sign(group), group["weight_decay"], 1 - group["lambd"] * eta, eta, mu
