"""Adagrad: steps that shrink as the squares of the gradients add up."""

import penlight
from penlight.optim import _fused
from penlight.optim.optimizer import _check_implementation

__all__ = ["Adagrad"]


class Adagrad(_fused.FusedOptimizer):
    """Adagrad (Duchi et al. 2011): lr * gradient / (sqrt(sum of squared gradients) + eps).

    `lr_decay` d divides the learning rate by 1 + (steps - 1) * d, `initial_accumulator_value` is where the sum starts,
    `weight_decay` w adds w * parameter to the gradient, `maximize` climbs instead.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.Adagrad([w], lr=0.1)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    _added_settings = {"foreach": None, "maximize": False, "differentiable": False, "fused": None}

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        fused=None,
    ):
        _fused.check_lr(lr)
        _fused.check_not_negative(
            lr_decay=lr_decay, weight_decay=weight_decay, initial_accumulator_value=initial_accumulator_value, eps=eps
        )
        defaults = dict(
            lr=lr,
            lr_decay=lr_decay,
            eps=eps,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            fused=fused,
        )
        super().__init__(params, defaults)
        _check_implementation(defaults)
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param].update(self._initial_state(param, group))

    def share_memory(self):
        """Move the sums to memory that other processes can share."""
        for group in self.param_groups:
            for param in group["params"]:
                self.state[param]["sum"].share_memory_()

    def _kernel(self, group):
        return "adagrad", ("sum",)

    def _initial_state(self, param, group):
        start = group["initial_accumulator_value"]
        start = complex(start, start) if param.is_complex() else start
        return {"step": _fused.scalar_state(0), "sum": penlight.full_like(param.detach(), start)}

    def _coefficients(self, group, state):
        lr = group["lr"] / (1 + (float(state["step"]) - 1) * group["lr_decay"])
        return _fused.sign(group), group["weight_decay"], lr, group["eps"]
