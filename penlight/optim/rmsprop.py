"""RMSprop: steps scaled by a running mean of the squared gradient."""

import penlight
from penlight.optim import _fused

__all__ = ["RMSprop"]


class RMSprop(_fused.FusedOptimizer):
    """RMSprop (Hinton 2012): lr * gradient / (sqrt(v) + eps), v a running mean of squared gradients (factor `alpha`).

    `centered` subtracts the square of the gradient's mean from v, `momentum` lets steps add up, `weight_decay` w adds
    w * parameter to the gradient, `maximize` climbs instead.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.RMSprop([w], lr=0.01)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    _added_settings = {"momentum": 0, "centered": False, **_fused.FusedOptimizer._added_settings}

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        _fused.check_lr(lr)
        _fused.check_not_negative(eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        super().__init__(
            params,
            dict(
                lr=lr,
                momentum=momentum,
                alpha=alpha,
                eps=eps,
                centered=centered,
                weight_decay=weight_decay,
                capturable=capturable,
                foreach=foreach,
                maximize=maximize,
                differentiable=differentiable,
            ),
        )

    def _kernel(self, group):
        momentum, centered = group["momentum"] > 0, bool(group["centered"])
        kernel = "rmsprop" + "_centered" * centered + "_momentum" * momentum
        return kernel, ("square_avg", *["momentum_buffer"] * momentum, *["grad_avg"] * centered)

    def _initial_state(self, param, group):
        state = {"step": _fused.scalar_state(0)}
        state.update((name, penlight.zeros_like(param.detach())) for name in self._kernel(group)[1])
        return state

    def _coefficients(self, group, state):
        alpha = group["alpha"]
        return (
            _fused.sign(group),
            group["weight_decay"],
            group["lr"],
            alpha,
            1 - alpha,
            group["eps"],
            group["momentum"],
        )
