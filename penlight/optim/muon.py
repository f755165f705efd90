"""Muon: momentum whose matrix is made orthogonal."""

import math

import penlight
from penlight.optim import _fused

__all__ = ["Muon"]


class Muon(_fused.OptimizerOfEach):
    """Muon (Jordan 2024): for the matrices of hidden layers; each update is the nearest orthogonal matrix, about.

    Args:
        params: matrices alone; give other parameters to AdamW.
        lr: the step.
        weight_decay: shrinks parameters by lr * weight_decay at each step.
        momentum, nesterov: the running mean of gradients, and whether it is looked ahead of.
        ns_coefficients, eps, ns_steps: of the Newton-Schulz iteration that makes a matrix orthogonal, in bfloat16.
        adjust_lr_fn: "original" (None) for sqrt(max(1, rows / columns)) times lr, or "match_rms_adamw" for updates as
            large as AdamW's.

    Errors: ValueError for parameters that are not matrices.

    Example:
        >>> w = torch.nn.Parameter(torch.zeros(2, 2))
        >>> optimizer = torch.optim.Muon([w], lr=0.1)
        >>> (w * torch.eye(2)).sum().backward()
        >>> optimizer.step()
        >>> bool(w[0, 0] < -0.05) and bool(w[0, 1] == 0)
        True
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        weight_decay=0.1,
        momentum=0.95,
        nesterov=True,
        ns_coefficients=(3.4445, -4.7750, 2.0315),
        eps=1e-7,
        ns_steps=5,
        adjust_lr_fn=None,
    ):
        if isinstance(lr, penlight.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        for name, value in (("Learning rate", lr), ("momentum", momentum), ("weight decay", weight_decay)):
            if not value >= 0:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        settings = dict(lr=lr, weight_decay=weight_decay, momentum=momentum, nesterov=nesterov)
        settings.update(ns_coefficients=ns_coefficients, eps=eps, ns_steps=ns_steps, adjust_lr_fn=adjust_lr_fn)
        super().__init__(params, settings)
        for group in self.param_groups:
            for param in group["params"]:
                if param.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {param.size()}"
                    )

    def _update(self, param, group):
        state, lr, momentum = self.state[param], float(group["lr"]), group["momentum"]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = penlight.zeros_like(param.grad)
        mean = state["momentum_buffer"].lerp_(param.grad, 1 - momentum)
        ahead = param.grad.lerp(mean, momentum) if group["nesterov"] else mean
        update = _orthogonal(ahead, group["ns_coefficients"], group["ns_steps"], group["eps"])
        param.mul_(1 - lr * group["weight_decay"])
        param.add_(update, alpha=-lr * _step_scale(group["adjust_lr_fn"], *param.shape))


def _step_scale(kind, rows, columns):
    if kind == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1, rows / columns))


def _orthogonal(matrix, coefficients, steps, eps):
    """Bring the singular values of a matrix near 1, by a polynomial of x @ x.T that is applied `steps` times."""
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    first, third, fifth = coefficients
    is_tall = matrix.size(0) > matrix.size(1)
    x = matrix.bfloat16()
    x = x.T if is_tall else x
    x = x / x.norm().clamp(min=eps)  # singular values of 1 at most
    for _ in range(steps):
        square = x @ x.T
        x = penlight.addmm(x, penlight.addmm(square, square, square, beta=third, alpha=fifth), x, beta=first)
    return x.T if is_tall else x
