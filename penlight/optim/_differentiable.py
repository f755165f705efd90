"""Optimizer steps made of tensor operations, for `differentiable=True`: autograd then sees through the step.

The fused steps do the same arithmetic without recording it.
"""

import penlight


def _each(group):
    """(parameter, gradient with its sign) of every parameter that has one."""
    for param in group["params"]:
        if param.grad is not None:
            yield param, -param.grad if group["maximize"] else param.grad


def sgd(group, state):
    """One step of SGD for a parameter group."""
    momentum = group["momentum"]
    for param, grad in _each(group):
        if group["weight_decay"] != 0:
            grad = grad.add(param, alpha=group["weight_decay"])
        if momentum != 0:
            buffer = state[param].get("momentum_buffer")
            if buffer is None:
                buffer = grad.clone()
            else:
                buffer.mul_(momentum).add_(grad, alpha=1 - group["dampening"])
            state[param]["momentum_buffer"] = buffer
            grad = grad.add(buffer, alpha=momentum) if group["nesterov"] else buffer
        param.add_(grad * -group["lr"])


def adam(group, state):
    """One step of Adam or AdamW for a parameter group."""
    (beta1, beta2), lr, decay = group["betas"], group["lr"], group["weight_decay"]
    for param, grad in _each(group):
        own = state[param]
        if not own:
            own["step"] = penlight.tensor(0.0)
            names = ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * bool(group["amsgrad"])
            own.update({name: penlight.zeros_like(param) for name in names})
        own["step"] += 1
        step, mean, square = own["step"].item(), own["exp_avg"], own["exp_avg_sq"]
        if decay != 0:
            if group["decoupled_weight_decay"]:
                param.mul_(1 - lr * decay)
            else:
                grad = grad.add(param, alpha=decay)
        mean.lerp_(grad, 1 - beta1)
        square.mul_(beta2).addcmul_(grad, grad.conj(), value=1 - beta2)
        if group["amsgrad"]:
            square = own["max_exp_avg_sq"] = penlight.maximum(own["max_exp_avg_sq"], square)
        else:
            square = square.clone()  # the next step changes the original in place, which the root's derivative needs
        root = square.sqrt() / (1 - beta2**step) ** 0.5
        param.addcdiv_(mean.clone(), root + group["eps"], value=-lr / (1 - beta1**step))
