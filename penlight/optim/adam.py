"""Adam: steps scaled by running means of the gradient and of its square."""

from penlight import _C, Tensor, tensor
from penlight.optim import _differentiable, _fused
from penlight.optim.optimizer import Optimizer, _check_implementation

__all__ = ["Adam"]


class Adam(Optimizer):
    """Adam (Kingma and Ba 2014): lr * m / (sqrt(v) + eps), with m, v the running means of the gradient and its square.

    `betas` are the factors by which m and v keep their past; both are corrected for starting at zero. `weight_decay` w
    adds w * parameter to the gradient, or with `decoupled_weight_decay` shrinks the parameter by lr * w (AdamW).
    `amsgrad` uses the largest v so far. `maximize` climbs instead. `foreach`, `fused` are accepted: all parameters are
    updated in one call anyway. `capturable` is for GPU graphs. `differentiable` records the step for autograd.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.Adam([w], lr=0.1)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.9000])
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ):
        _check_lr(lr, foreach, capturable)
        if not 0.0 <= eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        for i in (0, 1):
            if not 0.0 <= betas[i] < 1.0:
                raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        _check_betas(betas, foreach, capturable)
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=decoupled_weight_decay,
        )
        super().__init__(params, defaults)
        _check_implementation(defaults)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in (
                ("amsgrad", False),
                ("maximize", False),
                ("foreach", None),
                ("capturable", False),
                ("differentiable", False),
                ("decoupled_weight_decay", False),
                ("fused", None),
            ):
                group.setdefault(name, value)
            for param in group["params"]:
                state = self.state.get(param, {})
                if "step" in state and not isinstance(state["step"], Tensor):
                    state["step"] = tensor(float(state["step"]))

    def step(self, closure=None):
        """Change the parameters by their gradients; those without a gradient stay.

        `closure` computes the loss anew, with its gradients, and returns it.
        """
        loss = None if closure is None else self._evaluate(closure)
        for group in self.param_groups:
            if group["differentiable"]:
                _differentiable.adam(group, self.state)
                continue
            if group["capturable"]:
                _fused.check_capturable(group["params"])
            beta1, beta2 = group["betas"]
            _C._adam_step(
                group["params"],
                self.state,
                group["lr"],
                beta1,
                beta2,
                group["eps"],
                group["weight_decay"],
                group["amsgrad"],
                group["maximize"],
                group["decoupled_weight_decay"],
            )
        return loss


def _check_lr(lr, foreach, capturable):
    if isinstance(lr, Tensor):
        if foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        if lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
    if not 0.0 <= lr:
        raise ValueError(f"Invalid learning rate: {lr}")


def _check_betas(betas, foreach, capturable):
    if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
        raise ValueError("betas must be either both floats or both Tensors")
    for i in (0, 1):
        if isinstance(betas[i], Tensor):
            if foreach and not capturable:
                raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
            if betas[i].numel() != 1:
                raise ValueError(f"Tensor betas[{i}] must be 1-element")
