"""Optimizer, the base class: parameter groups, state, its saving and loading, and hooks."""

import functools
import warnings
from collections import OrderedDict, defaultdict
from copy import deepcopy
from itertools import chain

import penlight
from penlight import _C, Tensor
from penlight.utils.hooks import RemovableHandle

__all__ = ["Optimizer", "register_optimizer_step_pre_hook", "register_optimizer_step_post_hook"]

_global_optimizer_pre_hooks = OrderedDict()
_global_optimizer_post_hooks = OrderedDict()


class _RequiredParameter:
    """The default of an option that every parameter group must set itself."""

    def __repr__(self):
        return "<required parameter>"


required = _RequiredParameter()


def _hooked(step):
    """An optimizer's step with the hooks around it."""

    @functools.wraps(step)
    def wrapper(self, *args, **kwargs):
        for hook in (*_global_optimizer_pre_hooks.values(), *self._optimizer_step_pre_hooks.values()):
            result = hook(self, args, kwargs)
            if result is not None:
                if not isinstance(result, tuple) or len(result) != 2:
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), but got {result}."
                    )
                args, kwargs = result
        out = step(self, *args, **kwargs)
        for hook in (*self._optimizer_step_post_hooks.values(), *_global_optimizer_post_hooks.values()):
            hook(self, args, kwargs)
        return out

    wrapper.hooked = True
    return wrapper


def _hook_class(cls):
    """Let the optimizers of a class run hooks. Done at the first hook: most programs have none, and a step is short."""
    if not getattr(cls.step, "hooked", False):
        cls.step = _hooked(cls.step)


def _hook_all(hooks, hook):
    def visit(cls):
        _hook_class(cls)
        for sub in cls.__subclasses__():
            visit(sub)

    visit(Optimizer)
    return _add(hooks, hook)


def _add(hooks, hook, prepend=False):
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook):
    """Call hook(optimizer, args, kwargs) before every step of every optimizer; it may return new (args, kwargs).

    >>> handle = torch.optim.optimizer.register_optimizer_step_pre_hook(lambda optimizer, args, kwargs: None)
    >>> handle.remove()
    """
    return _hook_all(_global_optimizer_pre_hooks, hook)


def register_optimizer_step_post_hook(hook):
    """Call hook(optimizer, args, kwargs) after every step of every optimizer.

    >>> handle = torch.optim.optimizer.register_optimizer_step_post_hook(lambda optimizer, args, kwargs: None)
    >>> handle.remove()
    """
    return _hook_all(_global_optimizer_post_hooks, hook)


def _check_implementation(defaults):
    """`foreach` and `fused` choose between PyTorch's implementations; here is one, but impossible wishes are errors."""
    if not defaults["fused"]:
        return
    if defaults["differentiable"]:
        raise RuntimeError("`fused` does not support `differentiable`")
    if defaults["foreach"]:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


class Optimizer:
    """The base class of optimizers: it holds the parameters in groups, with the settings of each, and their state.

    `params` is an iterable of tensors, of (name, tensor) or of dictionaries, each a group with its own settings and
    the key "params". `defaults` are the settings of groups that don't say otherwise. A subclass writes `step`.

    >>> w = torch.nn.Parameter(torch.tensor([1.]))
    >>> optimizer = torch.optim.SGD([w], lr=0.1)
    >>> (w * 3).backward()
    >>> optimizer.step()
    >>> w.data
    tensor([0.7000])
    >>> optimizer.zero_grad()
    """

    def __init__(self, params, defaults):
        self.defaults = defaults
        self._add_hook_dictionaries()
        if _global_optimizer_pre_hooks or _global_optimizer_post_hooks:
            _hook_class(type(self))
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + penlight.typename(params)
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _add_hook_dictionaries(self):
        for name in (
            "_optimizer_step_pre_hooks",
            "_optimizer_step_post_hooks",
            "_optimizer_state_dict_pre_hooks",
            "_optimizer_state_dict_post_hooks",
            "_optimizer_load_state_dict_pre_hooks",
            "_optimizer_load_state_dict_post_hooks",
        ):
            self.__dict__.setdefault(name, OrderedDict())

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state):
        self.__dict__.update(state)
        self._add_hook_dictionaries()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self):
        lines = [type(self).__name__ + " ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join(lines) + "\n)"

    # ---------------------------------------------------------------- hooks
    def register_step_pre_hook(self, hook):
        """Call hook(optimizer, args, kwargs) before each step; it may return new (args, kwargs). Returns a handle."""
        _hook_class(type(self))
        return _add(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook):
        """Call hook(optimizer, args, kwargs) after each step. Returns a handle."""
        _hook_class(type(self))
        return _add(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Call hook(optimizer) before `state_dict()`. Returns a handle."""
        return _add(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Call hook(optimizer, state_dict) after `state_dict()`; it may return another one. Returns a handle."""
        return _add(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Call hook(optimizer, state_dict) before `load_state_dict`; it may return another one. Returns a handle."""
        return _add(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Call hook(optimizer) after `load_state_dict`. Returns a handle."""
        return _add(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    # ---------------------------------------------------------------- saving and loading
    def state_dict(self):
        """The state and the settings in a dictionary, to save; parameters are numbered in the order of the groups.

        >>> w = torch.nn.Parameter(torch.ones(1))
        >>> torch.optim.SGD([w], lr=0.1).state_dict()["param_groups"][0]["params"]
        [0]
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        numbers = {}
        for param in chain.from_iterable(group["params"] for group in self.param_groups):
            numbers.setdefault(id(param), len(numbers))
        groups = []
        for group in self.param_groups:
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(param)] for param in group["params"]]
            groups.append(packed)
        state = {numbers[id(key)] if isinstance(key, Tensor) else key: value for key, value in self.state.items()}
        state_dict = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            replaced = hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        return state_dict

    def load_state_dict(self, state_dict):
        """Take over the state and the settings that `state_dict()` gave, for the same parameters in the same order.

        The state takes the dtype and device of its parameter. Raises ValueError where the groups don't match.

        >>> w = torch.nn.Parameter(torch.ones(1))
        >>> a, b = torch.optim.SGD([w], lr=0.1), torch.optim.SGD([w], lr=0.5)
        >>> a.load_state_dict(b.state_dict())
        >>> a.param_groups[0]["lr"]
        0.5
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            replaced = hook(self, state_dict)
            if replaced is not None:
                state_dict = replaced
        groups, saved = self.param_groups, deepcopy(state_dict["param_groups"])
        if len(groups) != len(saved):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(len(g["params"]) != len(s["params"]) for g, s in zip(groups, saved)):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
            )
        owners = {}  # number -> (parameter, the settings it was saved with)
        for group, old in zip(groups, saved):
            for param, number in zip(group["params"], old["params"]):
                owners[number] = param, old
        state = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in owners:
                param, old = owners[key]
                state[param] = _cast_state(param, value, old)
            else:
                state[key] = value
        for group, old in zip(groups, saved):
            old["params"] = group["params"]
            if "param_names" in group and "param_names" not in old:
                old["param_names"] = group["param_names"]
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    # ---------------------------------------------------------------- use
    def zero_grad(self, set_to_none=True):
        """Clear the gradients of all parameters, which would otherwise add up: to None, or to zero.

        >>> w = torch.nn.Parameter(torch.ones(1))
        >>> optimizer = torch.optim.SGD([w], lr=0.1)
        >>> w.sum().backward()
        >>> optimizer.zero_grad()
        >>> print(w.grad)
        None
        """
        for group in self.param_groups:
            _C._zero_grad(group["params"], set_to_none)

    def step(self, closure=None):
        """Change the parameters by their gradients; every optimizer has its own.

        `closure` computes the loss anew, with its gradients, and returns it.
        """
        raise NotImplementedError

    def _evaluate(self, closure):
        """The loss that a step's closure computes, None without one."""
        if closure is None:
            return None
        with penlight.enable_grad():
            return closure()

    def add_param_group(self, param_group):
        """Add parameters with their own settings: a dictionary with "params" and any settings that differ.

        >>> a, b = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
        >>> optimizer = torch.optim.SGD([a], lr=0.1)
        >>> optimizer.add_param_group({"params": [b], "lr": 0.01})
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.1, 0.01]
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        _unpack_params(param_group)
        params = param_group["params"]
        for param in params:
            if not isinstance(param, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is " + penlight.typename(param)
                )
            if not self.defaults.get("differentiable") and not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        known = set()
        for group in self.param_groups:
            known.update(group["params"])
            if ("param_names" in param_group) != ("param_names" in group):
                kind = "with" if "param_names" in param_group else "without"
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{kind} names to the optimizer"
                )
        unique = set(params)
        if len(unique) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this will cause an "
                "error; see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=3,
            )
        if not known.isdisjoint(unique):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(param_group)


def _unpack_params(group):
    """Make "params" a list of tensors, and "param_names" their names where they were given as (name, tensor)."""
    params = group["params"]
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    params = [params] if isinstance(params, Tensor) else list(params)
    names = [param[0] for param in params if isinstance(param, tuple)]
    group["params"] = [param[1] if isinstance(param, tuple) else param for param in params]
    if names:
        if len(names) != len(params):
            raise ValueError("all optimizer params should be with/without names. Some param names are missing")
        group["param_names"] = names


def _cast_state(param, value, group, key=None):
    """One parameter's loaded state, its tensors in the parameter's dtype and on its device."""
    if isinstance(value, Tensor):
        if key == "step":
            # The count of steps stays float32, and on the CPU unless a GPU kernel reads it.
            needed_there = group.get("capturable") or group.get("fused")
            return value.to(dtype=penlight.float32, device=param.device) if needed_there else value
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device)
        return value.to(device=param.device)
    if isinstance(value, dict):
        return {k: _cast_state(param, v, group, k) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast_state(param, v, group) for v in value)
    return value
