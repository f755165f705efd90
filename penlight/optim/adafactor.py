"""Adafactor: Adam's scaling in the memory of two vectors."""

import penlight
from penlight.optim import _fused

__all__ = ["Adafactor"]


class Adafactor(_fused.OptimizerOfEach):
    """Adafactor (Shazeer and Stern 2018): for a matrix it keeps the mean squares of rows and columns alone.

    Args:
        lr: the largest relative step; it shrinks as 1 / sqrt(step).
        beta2_decay: the weight of new squares is step**beta2_decay.
        eps: the smallest mean square (None: the dtype's resolution), and the smallest size a parameter counts with.
        d: updates whose root mean square is above d are made smaller.
        weight_decay: shrinks parameters by lr * weight_decay at each step.
        maximize: climbs instead.

    Example:
        >>> w = torch.nn.Parameter(torch.ones(2, 2))
        >>> optimizer = torch.optim.Adafactor([w], lr=0.1)
        >>> (w * 3).sum().backward()
        >>> optimizer.step()
        >>> w.data
        tensor([[0.9000, 0.9000],
                [0.9000, 0.9000]])
    """

    def __init__(
        self,
        params,
        lr=1e-2,
        beta2_decay=-0.8,
        eps=(None, 1e-3),
        d=1.0,
        weight_decay=0.0,
        *,
        foreach=None,
        maximize=False,
    ):
        if isinstance(lr, penlight.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        for holds, rule, value in (
            (lr >= 0, "Learning rate should be >= 0", lr),
            (beta2_decay <= 0, "beta2_decay should be <= 0", beta2_decay),
            (eps[0] is None or eps[0] >= 0, "epsilon1 should be >= 0", eps[0]),
            (eps[1] >= 0, "epsilon2 should be >= 0", eps[1]),
            (d >= 1, "Clipping threshold d should be >= 1", d),
            (weight_decay >= 0, "weight_decay should be >= 0", weight_decay),
        ):
            if not holds:
                raise ValueError(f"{rule} but is: {value}")
        settings = dict(lr=lr, beta2_decay=beta2_decay, eps=eps, d=d, weight_decay=weight_decay)
        super().__init__(params, {**settings, "foreach": foreach, "maximize": maximize})

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            group.setdefault("foreach", None)
            for param in group["params"]:
                own = self.state.get(param, {})
                if "step" in own and not isinstance(own["step"], penlight.Tensor):
                    own["step"] = _fused.scalar_state(own["step"])

    def _update(self, param, group):
        grad = -param.grad if group["maximize"] else param.grad
        state = self.state[param]
        if not state:
            state.update(_initial_state(param.grad))
        state["step"] += 1
        step, lr, (smallest, least_size) = state["step"].item(), float(group["lr"]), group["eps"]
        smallest = penlight.finfo(param.dtype).eps if smallest is None else smallest
        size = max(least_size, _root_mean_square(param))
        if group["weight_decay"] != 0:
            param.mul_(1 - lr * group["weight_decay"])
        squares = _mean_squares(state, grad, step ** group["beta2_decay"], smallest)
        update = squares.clamp_(min=smallest**2).rsqrt_().mul_(grad)
        excess = max(1.0, _root_mean_square(update) / group["d"])
        param.add_(update, alpha=-size * min(lr, step**-0.5) / excess)


def _root_mean_square(tensor):
    return tensor.norm(2).item() / tensor.numel() ** 0.5


def _initial_state(grad):
    state = {"step": _fused.scalar_state(0)}
    if grad.dim() > 1:
        state["row_var"] = grad.new_zeros((*grad.shape[:-1], 1))
        state["col_var"] = grad.new_zeros((*grad.shape[:-2], 1, grad.shape[-1]))
    else:
        state["variance"] = penlight.zeros_like(grad)
    return state


def _mean_squares(state, grad, weight, smallest):
    """Take the squares of a gradient into the running means, and give what they say of each element."""
    if grad.dim() <= 1:
        return state["variance"].lerp_(grad * grad, weight).clone()
    for name, dim in (("row_var", -1), ("col_var", -2)):
        mean = grad.norm(dim=dim, keepdim=True).square_().div_(grad.size(dim))
        state[name].lerp_(mean, weight)
    rows = state["row_var"]
    return (rows @ state["col_var"]).div_(rows.mean(dim=-2, keepdim=True).clamp_(min=smallest))
