"""Adadelta: steps in the unit of the parameter, with hardly a learning rate to choose."""

import penlight
from penlight.optim import _fused

__all__ = ["Adadelta"]


class Adadelta(_fused.FusedOptimizer):
    """Adadelta (Zeiler 2012): the gradient times rms(past steps) / rms(gradients), running means with factor `rho`.

    `eps` is added under both roots, `weight_decay` w adds w * parameter to the gradient, `maximize` climbs instead.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.Adadelta([w])
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9968])
    """

    def __init__(
        self,
        params,
        lr=1.0,
        rho=0.9,
        eps=1e-6,
        weight_decay=0,
        foreach=None,
        *,
        capturable=False,
        maximize=False,
        differentiable=False,
    ):
        _fused.check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        _fused.check_not_negative(eps=eps, weight_decay=weight_decay)
        super().__init__(
            params,
            dict(
                lr=lr,
                rho=rho,
                eps=eps,
                weight_decay=weight_decay,
                maximize=maximize,
                capturable=capturable,
                foreach=foreach,
                differentiable=differentiable,
            ),
        )

    def _kernel(self, group):
        return "adadelta", ("square_avg", "acc_delta")

    def _initial_state(self, param, group):
        zeros = penlight.zeros_like
        return {"step": _fused.scalar_state(0), "square_avg": zeros(param.detach()), "acc_delta": zeros(param.detach())}

    def _coefficients(self, group, state):
        rho = group["rho"]
        return _fused.sign(group), group["weight_decay"], group["lr"], rho, 1 - rho, group["eps"]
