"""What the optimizers beside SGD and Adam share: a step is one call of a fused kernel for each parameter group."""

import penlight
from penlight import _C, Tensor
from penlight.optim.optimizer import Optimizer


def check_lr(lr):
    """Raise an error where a learning rate is negative or a tensor of several elements."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not 0.0 <= lr:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_not_negative(**settings):
    """Raise an error where a setting is negative; it is named as it is written here, `eps` "epsilon"."""
    for name, value in settings.items():
        if not 0.0 <= value:
            raise ValueError(f"Invalid {'epsilon' if name == 'eps' else name} value: {value}")


def check_betas(betas):
    """Raise an error where a beta is not in [0, 1)."""
    for i, beta in enumerate(betas):
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta}")


def check_capturable(params):
    """Raise an error where parameters with gradients cannot be part of a GPU graph."""
    if any(param.grad is not None and param.device.type == "cpu" for param in params):
        raise AssertionError(
            "If capturable=True, params and state_steps must be on supported devices: ['cuda', 'xpu', 'hpu', "
            "'privateuseone', 'xla']."
        )


def scalar_state(value):
    """A number of the state, as the tensor in which it is stored."""
    double = penlight.get_default_dtype() == penlight.float64
    return penlight.tensor(float(value), dtype=penlight.float64 if double else penlight.float32)


class FusedOptimizer(Optimizer):
    """An optimizer that says what its state and the kernel's coefficients are; see csrc/cpu/optim.h."""

    # Settings that older checkpoints lack, and numbers of the state that they hold as plain numbers.
    _added_settings = {"foreach": None, "maximize": False, "differentiable": False, "capturable": False}
    _scalars = ("step",)

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            for name, value in self._added_settings.items():
                group.setdefault(name, value)
            for param in group["params"]:
                own = self.state.get(param, {})
                for name in self._scalars:
                    if name in own and not isinstance(own[name], Tensor):
                        own[name] = scalar_state(own[name])

    def _kernel(self, group):
        """The kernel's name and the names of the state that it is given."""
        raise NotImplementedError

    def _initial_state(self, param, group):
        """The state of a parameter before its first step."""
        raise NotImplementedError

    def _coefficients(self, group, state):
        """The kernel's coefficients for a parameter; state["step"] is already that of this step."""
        raise NotImplementedError

    def step(self, closure=None):
        """Change the parameters by their gradients; those without a gradient stay.

        `closure` computes the loss anew, with its gradients, and returns it.
        """
        loss = self._evaluate(closure)
        for group in self.param_groups:
            if group["differentiable"]:
                raise NotImplementedError(
                    f"{type(self).__name__}(differentiable=True) is not supported: only the steps of SGD, "
                    "Adam and AdamW can be differentiated"
                )
            if group.get("capturable"):
                check_capturable(group["params"])
            kernel, names = self._kernel(group)
            entries = []
            for param in group["params"]:
                if param.grad is None:
                    continue
                state = self.state[param]
                if not state:
                    state.update(self._initial_state(param, group))
                state["step"] += 1
                entries.append((param, self._coefficients(group, state), *[state[name] for name in names]))
            _C._optimizer_step(kernel, entries)
        return loss


class OptimizerOfEach(Optimizer):
    """An optimizer whose step is written in Python, for one parameter: `_update(param, group)`."""

    @penlight.no_grad()
    def step(self, closure=None):
        """Change the parameters by their gradients; `closure` computes the loss anew and returns it."""
        loss = self._evaluate(closure)
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is None:
                    continue
                if param.is_complex():
                    raise RuntimeError(f"{type(self).__name__} does not support complex parameters")
                if param.grad.is_sparse:
                    raise RuntimeError(f"{type(self).__name__} does not support sparse gradients")
                self._update(param, group)
        return loss

    def _update(self, param, group):
        """Change one parameter by its gradient."""
        raise NotImplementedError


def sign(group):
    """The factor of the gradient: -1 to climb."""
    return -1.0 if group["maximize"] else 1.0
