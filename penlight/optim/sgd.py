"""Stochastic gradient descent, with momentum and weight decay."""

from penlight import _C, Tensor
from penlight.optim import _differentiable
from penlight.optim.optimizer import Optimizer, _check_implementation

__all__ = ["SGD"]


class SGD(Optimizer):
    """Gradient descent: each step takes lr times the gradient from every parameter.

    With `momentum` m it takes lr * v, where v = m * v + (1 - dampening) * gradient, and with `nesterov` lr * (gradient
    + m * v). `weight_decay` w adds w * parameter to the gradient. `maximize` climbs instead. `foreach` and `fused` are
    accepted: all parameters are updated in one call anyway. `differentiable` records the step for autograd.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.7000])
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ):
        if isinstance(lr, Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = dict(
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
            foreach=foreach,
            differentiable=differentiable,
            fused=fused,
        )
        super().__init__(params, defaults)
        _check_implementation(defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in (
                ("nesterov", False),
                ("maximize", False),
                ("foreach", None),
                ("differentiable", False),
                ("fused", False),
            ):
                group.setdefault(name, value)

    def step(self, closure=None):
        """Change the parameters by their gradients; those without a gradient stay.

        `closure` computes the loss anew, with its gradients, and returns it.
        """
        loss = None if closure is None else self._evaluate(closure)
        for group in self.param_groups:
            if group["differentiable"]:
                _differentiable.sgd(group, self.state)
                continue
            _C._sgd_step(
                group["params"],
                self.state,
                group["lr"],
                group["momentum"],
                group["dampening"],
                group["weight_decay"],
                group["nesterov"],
                group["maximize"],
            )
        return loss
