"""Module, the base class of every layer, loss and network, and the hooks that act on all modules."""

import itertools
import warnings
import weakref
from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from typing import TypeVar

import penlight
from penlight import _C, Tensor
from penlight.nn.modules._global_hooks import (
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_buffer_registration_hooks,
    _global_forward_hooks,
    _global_forward_hooks_always_called,
    _global_forward_hooks_with_kwargs,
    _global_forward_pre_hooks,
    _global_module_registration_hooks,
    _global_parameter_registration_hooks,
    add_hook,
    full_backward_hooks,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from penlight.nn.parameter import Buffer, Parameter, is_lazy
from penlight.utils.hooks import BackwardHook

__all__ = [
    "Module",
    "register_module_forward_pre_hook",
    "register_module_forward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_backward_hook",
    "register_module_full_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_EXTRA_STATE = "_extra_state"


class _IncompatibleKeys(namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What `load_state_dict` returns: the keys that the module or the dictionary lacks."""

    __slots__ = ()

    def __repr__(self):
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class _WrappedHook:
    """A hook that receives its module first, holding the module weakly so that no cycle arises."""

    def __init__(self, hook, module=None):
        self.hook = hook
        self.with_module = module is not None
        self.module = weakref.ref(module) if self.with_module else None

    def __call__(self, *args, **kwargs):
        if not self.with_module:
            return self.hook(*args, **kwargs)
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)

    def __getstate__(self):
        state = {"hook": self.hook, "with_module": self.with_module}
        if self.with_module:
            state["module"] = self.module()
        return state

    def __setstate__(self, state):
        self.hook, self.with_module, self.module = state["hook"], state["with_module"], None
        if self.with_module:
            if state["module"] is None:
                raise RuntimeError("You are trying to revive the hook of a dead Module!")
            self.module = weakref.ref(state["module"])


def _forward_unimplemented(self, *input):
    """Compute the module's output from its inputs; every subclass writes its own.

    Raises NotImplementedError where a subclass has not.
    """
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


def _addindent(text, spaces):
    first, *rest = text.split("\n")
    return "\n".join([first, *(" " * spaces + line for line in rest)])


def _first_tensor(output):
    while not isinstance(output, Tensor):
        if isinstance(output, dict):
            output = next(v for v in output.values() if isinstance(v, Tensor))
        else:
            output = output[0]
    return output


def _parse_to(device=None, dtype=None, non_blocking=False, *, memory_format=None):
    """The arguments of Module.to in all of their forms -> (device, dtype, non_blocking, memory_format)."""
    if isinstance(device, penlight.dtype):  # to(dtype, non_blocking)
        if isinstance(dtype, bool):
            non_blocking = dtype
        device, dtype = None, device
    elif isinstance(device, Tensor):  # to(tensor, non_blocking)
        if isinstance(dtype, bool):
            non_blocking = dtype
        device, dtype = device.device, device.dtype
    elif device is not None:
        device = penlight.device(device)
    return device, dtype, non_blocking, memory_format


class Module(_C.ModuleBase):
    """The base class of every layer and network: give it layers in `__init__`, a computation in `forward`, and call it.

    Parameters, buffers and modules assigned to attributes are registered: `parameters()` finds them all, `state_dict()`
    saves them, `to(device)` moves them.

    >>> class Net(torch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = torch.nn.Linear(2, 8)
    ...         self.out = torch.nn.Linear(8, 1)
    ...     def forward(self, x):
    ...         return self.out(torch.relu(self.hidden(x)))
    >>> net = Net()
    >>> net(torch.zeros(5, 2)).shape
    torch.Size([5, 1])
    >>> [name for name, _ in net.named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    """

    dump_patches = False
    T_destination = TypeVar("T_destination", bound=dict)  # for annotations of state_dict()
    # Stored with a state_dict, so that later versions of a module can tell how to read it.
    _version = 1
    call_super_init = False
    forward = _forward_unimplemented

    def __init__(self, *args, **kwargs):
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        # Written straight into __dict__: none of these is a parameter, buffer or module.
        self.__dict__.update(
            training=True,
            _parameters={},
            _buffers={},
            _non_persistent_buffers_set=set(),
            _backward_pre_hooks=OrderedDict(),
            _backward_hooks=OrderedDict(),
            _is_full_backward_hook=None,
            _forward_hooks=OrderedDict(),
            _forward_hooks_with_kwargs=OrderedDict(),
            _forward_hooks_always_called=OrderedDict(),
            _forward_pre_hooks=OrderedDict(),
            _forward_pre_hooks_with_kwargs=OrderedDict(),
            _state_dict_hooks=OrderedDict(),
            _state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_post_hooks=OrderedDict(),
            _modules={},
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # ---------------------------------------------------------------- registration
    def _check_new_name(self, kind, name, registered, dotted):
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {penlight.typename(name)}")
        if "." in name:
            raise KeyError(f'{kind} name can\'t contain "."{dotted}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if name not in registered and hasattr(self, name):
            raise KeyError(f"attribute '{name}' already exists")

    def register_buffer(self, name, tensor, persistent=True):
        """Add a tensor that belongs to the module's state but is not trained, such as a running mean.

        `tensor` may be None. With `persistent=False` the buffer stays out of `state_dict()`.

        >>> m = torch.nn.Module()
        >>> m.register_buffer("mean", torch.zeros(3))
        >>> list(m.state_dict())
        ['mean']
        """
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_new_name("buffer", name, self._buffers, "")
        if tensor is not None and not (isinstance(tensor, Tensor) or hasattr(tensor, "__torch_function__")):
            raise TypeError(
                f"cannot assign '{penlight.typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        tensor = _replaced(_global_buffer_registration_hooks, self, name, tensor)
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name, param):
        """Add a parameter under a name; `self.name = Parameter(...)` does the same.

        `param` may be None: the attribute is then None and appears in no list.

        >>> m = torch.nn.Module()
        >>> m.register_parameter("bias", None)
        >>> list(m.parameters())
        []
        """
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_new_name("parameter", name, self._parameters, "")
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{penlight.typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created "
                    f"explicitly. To express '{name}' as a function of another Tensor, compute the value in the "
                    "forward() method."
                )
            param = _replaced(_global_parameter_registration_hooks, self, name, param)
        self._parameters[name] = param

    def add_module(self, name, module):
        """Add a child module under a name; `self.name = module` does the same. `module` may be None.

        >>> m = torch.nn.Module()
        >>> m.add_module("act", torch.nn.ReLU())
        >>> m.act
        ReLU()
        """
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{penlight.typename(module)} is not a Module subclass")
        self._check_new_name("module", name, self._modules, f", got: {name}")
        self._modules[name] = _replaced(_global_module_registration_hooks, self, name, module)

    def register_module(self, name, module):
        """Another name of `add_module`."""
        self.add_module(name, module)

    # ---------------------------------------------------------------- dotted names
    def get_submodule(self, target):
        """The submodule at a dotted path such as "encoder.0"; "" is the module itself.

        Raises AttributeError where there is none.

        >>> torch.nn.Sequential(torch.nn.ReLU()).get_submodule("0")
        ReLU()
        """
        module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target, module, strict=False):
        """Replace the submodule at a dotted path; with `strict` it must exist already.

        >>> net = torch.nn.Sequential(torch.nn.ReLU())
        >>> net.set_submodule("0", torch.nn.Tanh())
        >>> net[0]
        Tanh()
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, Module):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if hasattr(parent, name):
            if not isinstance(getattr(parent, name), Module):
                raise AttributeError(f"`{name}` is not an nn.Module")
        elif strict:
            raise AttributeError(f"{parent._get_name()} has no attribute `{name}`")
        setattr(parent, name, module)

    def _get_member(self, target):
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{module._get_name()} has no attribute `{name}`")
        return module, name, getattr(module, name)

    def get_parameter(self, target):
        """The parameter at a dotted path such as "fc1.weight"; AttributeError where there is none.

        >>> torch.nn.Sequential(torch.nn.Linear(2, 3)).get_parameter("0.bias").shape
        torch.Size([3])
        """
        _, name, parameter = self._get_member(target)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target):
        """The buffer at a dotted path such as "norm.running_mean"; AttributeError where there is none.

        >>> torch.nn.Sequential(torch.nn.BatchNorm1d(3)).get_buffer("0.running_mean")
        tensor([0., 0., 0.])
        """
        module, name, buffer = self._get_member(target)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer

    # ---------------------------------------------------------------- attributes
    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if cls.__getattr__ is Module.__getattr__ and cls.__getattribute__ is Module.__getattribute__:
            _C._fast_attributes(cls)

    def __getattr__(self, name):
        # Parameters, buffers and children are found by ModuleBase. This is for subclasses that end their own
        # __getattr__ here; its mere presence would make Python look up attributes slowly, which _fast_attributes
        # prevents.
        for registry in ("_parameters", "_buffers", "_modules"):
            members = self.__dict__.get(registry, ())
            if name in members:
                return members[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'", name=name, obj=self)

    def __setattr__(self, name, value):
        fields = self.__dict__
        parameters = fields.get("_parameters")
        if isinstance(value, Parameter):
            if parameters is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif parameters is not None and name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{penlight.typename(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, value)
        elif isinstance(value, Module):
            if fields.get("_modules") is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, "_modules")
            fields["_modules"][name] = _replaced(_global_module_registration_hooks, self, name, value)
        elif name in fields.get("_modules", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign '{penlight.typename(value)}' as child module '{name}' "
                    "(torch.nn.Module or None expected)"
                )
            fields["_modules"][name] = _replaced(_global_module_registration_hooks, self, name, value)
        elif name in fields.get("_buffers", ()) or isinstance(value, Buffer):
            self._set_buffer(name, value)
        else:
            super().__setattr__(name, value)

    def _set_buffer(self, name, value):
        if value is not None and not isinstance(value, Tensor):
            raise TypeError(
                f"cannot assign '{penlight.typename(value)}' as buffer '{name}' "
                "(torch.nn.Buffer, torch.Tensor or None expected)"
            )
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        if name not in self._buffers:
            self._forget(name, "_buffers")
        persistent = getattr(value, "persistent", name not in self._non_persistent_buffers_set)
        self.register_buffer(name, value, persistent)

    def _forget(self, name, keep):
        """Remove the attribute `name` from everywhere but the registry `keep`, where it is about to be written."""
        fields = self.__dict__
        fields.pop(name, None)
        for registry in ("_parameters", "_buffers", "_modules"):
            if registry != keep:
                fields[registry].pop(name, None)
        if keep != "_buffers":
            fields["_non_persistent_buffers_set"].discard(name)

    def __delattr__(self, name):
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __dir__(self):
        names = [*dir(type(self)), *self.__dict__, *self._parameters, *self._modules, *self._buffers]
        # "0", "1", ... of a Sequential are no attributes that one could write.
        return sorted(name for name in names if not name[0].isdigit())

    def __getstate__(self):
        return self.__dict__.copy()

    def __setstate__(self, state):
        # Pickles of older versions lack some of the hook dictionaries: a new module has them all.
        Module.__init__(self)
        self.__dict__.update(state)

    # ---------------------------------------------------------------- the call
    def _call_with_hooks(self, *args, **kwargs):
        """What calling the module does when it, or every module, has hooks."""
        done = []  # ids of the always_call hooks that ran
        state = [None]  # the output so far
        try:
            return self._run_with_hooks(args, kwargs, done, state)
        except Exception:
            self._run_always_called_hooks(args, kwargs, done, state)
            raise

    def _run_with_hooks(self, args, kwargs, done, state):
        full, partial = self._get_backward_hooks()
        pre = [*_global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]
        args, kwargs = self._run_forward_pre_hooks(args, kwargs)
        backward_hook = BackwardHook(self, full, pre) if full or pre else None
        if backward_hook:
            args = backward_hook.setup_input_hook(args)
        state[0] = self.forward(*args, **kwargs)
        self._run_forward_hooks(args, kwargs, done, state)
        result = state[0]
        if backward_hook:
            if not isinstance(result, (Tensor, tuple)):
                warnings.warn(
                    "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                    f"received {type(result)}",
                    stacklevel=4,
                )
            result = backward_hook.setup_output_hook(result)
        if partial:
            self._attach_partial_backward_hooks(partial, args, result)
        return result

    def _run_forward_pre_hooks(self, args, kwargs):
        for hook_id, hook in (*_global_forward_pre_hooks.items(), *self._forward_pre_hooks.items()):
            if hook_id in self._forward_pre_hooks_with_kwargs:
                replaced = hook(self, args, kwargs)
                if replaced is not None:
                    if not isinstance(replaced, tuple) or len(replaced) != 2:
                        raise RuntimeError(
                            "forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got "
                            f"{replaced}."
                        )
                    args, kwargs = replaced
            else:
                replaced = hook(self, args)
                if replaced is not None:
                    args = replaced if isinstance(replaced, tuple) else (replaced,)
        return args, kwargs

    def _forward_hook_table(self):
        """Every forward hook in order: (id, hook, takes kwargs, always called, kind for messages)."""
        for i, hook in (*_global_forward_hooks.items(),):
            yield (
                i,
                hook,
                i in _global_forward_hooks_with_kwargs,
                i in _global_forward_hooks_always_called,
                "global module",
            )
        for i, hook in (*self._forward_hooks.items(),):
            yield i, hook, i in self._forward_hooks_with_kwargs, i in self._forward_hooks_always_called, "module"

    def _run_forward_hooks(self, args, kwargs, done, state):
        for hook_id, hook, with_kwargs, always, _ in self._forward_hook_table():
            if always:
                done.append(hook_id)
            replaced = hook(self, args, kwargs, state[0]) if with_kwargs else hook(self, args, state[0])
            if replaced is not None:
                state[0] = replaced

    def _run_always_called_hooks(self, args, kwargs, done, state):
        """After an error: run the always_call hooks that have not run; their own errors become warnings."""
        for hook_id, hook, with_kwargs, always, kind in self._forward_hook_table():
            if not always or hook_id in done:
                continue
            try:
                replaced = hook(self, args, kwargs, state[0]) if with_kwargs else hook(self, args, state[0])
                if replaced is not None:
                    state[0] = replaced
            except Exception as error:
                warnings.warn(
                    f"{kind} forward hook with ``always_call=True`` raised an exception that was silenced as "
                    f"another error was raised in forward: {error}",
                    stacklevel=4,
                )

    # ---------------------------------------------------------------- backward hooks
    def _get_backward_hooks(self):
        """-> (full backward hooks, deprecated partial ones), global ones first."""
        full, partial = [], []
        (full if full_backward_hooks() else partial).extend(_global_backward_hooks.values())
        (full if self._is_full_backward_hook else partial).extend(self._backward_hooks.values())
        return full, partial

    def _attach_partial_backward_hooks(self, hooks, args, result):
        node = _first_tensor(result).grad_fn
        if node is None:
            return
        for hook in hooks:
            node.register_hook(_WrappedHook(hook, self))
        self._maybe_warn_non_full_backward_hook(args, result, node)

    def _maybe_warn_non_full_backward_hook(self, inputs, result, grad_fn):
        def warn(what):
            warnings.warn(f"Using {what}", FutureWarning, stacklevel=6)

        full = "Please use register_full_backward_hook to get the documented behavior."
        deprecated = "is deprecated and will be removed in future versions. This hook will be missing some"
        result = result if isinstance(result, tuple) else (result,)
        inputs = inputs if isinstance(inputs, tuple) else (inputs,)
        nodes = {r.grad_fn for r in result if isinstance(r, Tensor) and r.grad_fn is not None}
        if not all(isinstance(r, Tensor) for r in result):
            warn(
                "non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors "
                f"{deprecated} of the grad_output. {full}"
            )
        elif not all(isinstance(i, Tensor) for i in inputs):
            warn(
                "non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of "
                f"Tensors {deprecated} of the grad_input. {full}"
            )
        elif nodes != {grad_fn}:
            warn(
                f"a non-full backward hook when outputs are generated by different autograd Nodes {deprecated} "
                f"grad_output. {full}"
            )
        elif {i.grad_fn for i in inputs if i.grad_fn is not None} != {node for node, _ in grad_fn.next_functions}:
            warn(
                f"a non-full backward hook when the forward contains multiple autograd Nodes {deprecated} grad_input. "
                f"{full}"
            )

    def _use_backward_hooks(self, full):
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use "
                "only one of them."
            )
        self._is_full_backward_hook = full

    def register_backward_hook(self, hook):
        """Deprecated: use `register_full_backward_hook`, whose grad_input belongs to the whole module."""
        self._use_backward_hooks(full=False)
        return add_hook(self._backward_hooks, hook)

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Call hook(module, grad_output) before this module's backward; it may return new gradients of the output.

        >>> m = torch.nn.Linear(1, 1)
        >>> handle = m.register_full_backward_pre_hook(lambda module, grad_output: print(grad_output))
        >>> m(torch.ones(1)).backward(torch.tensor([2.]))
        (tensor([2.]),)
        """
        return self._add_hook(self._backward_pre_hooks, hook, prepend)

    def register_full_backward_hook(self, hook, prepend=False):
        """Call hook(module, grad_input, grad_output) after this module's backward; it may return another grad_input.

        >>> m = torch.nn.Identity()
        >>> handle = m.register_full_backward_hook(lambda module, grad_input, grad_output: print(grad_input))
        >>> m(torch.ones(1, requires_grad=True)).backward()
        (tensor([1.]),)
        """
        self._use_backward_hooks(full=True)
        return self._add_hook(self._backward_hooks, hook, prepend)

    # ---------------------------------------------------------------- forward hooks
    @staticmethod
    def _add_hook(hooks, hook, prepend=False, flags=()):
        """Register a hook; `flags` are the dictionaries that note a fact about it -> handle."""
        handle = add_hook(hooks, hook, extra_dict=flags)
        if prepend:
            hooks.move_to_end(handle.id, last=False)
        return handle

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call hook(module, args) before forward; it may return new arguments (a tuple, or one value).

        With `with_kwargs` it is hook(module, args, kwargs) and returns (args, kwargs) or None. `prepend` puts it before
        the hooks there are.

        >>> m = torch.nn.ReLU()
        >>> handle = m.register_forward_pre_hook(lambda module, args: args[0] + 1)
        >>> m(torch.zeros(2))
        tensor([1., 1.])
        """
        handle = self._add_hook(self._forward_pre_hooks, hook, prepend, self._forward_pre_hooks_with_kwargs)
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs[handle.id] = True
        return handle

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Call hook(module, args, output) after forward; what it returns, if not None, becomes the output.

        With `with_kwargs` it is hook(module, args, kwargs, output). With `always_call` it runs even when forward
        raises. The returned handle's `remove()` ends it.

        >>> m = torch.nn.Linear(3, 2)
        >>> handle = m.register_forward_hook(lambda module, args, output: print(output.shape))
        >>> _ = m(torch.zeros(5, 3))
        torch.Size([5, 2])
        >>> handle.remove()
        """
        flags = (self._forward_hooks_with_kwargs, self._forward_hooks_always_called)
        handle = self._add_hook(self._forward_hooks, hook, prepend, flags)
        if with_kwargs:
            self._forward_hooks_with_kwargs[handle.id] = True
        if always_call:
            self._forward_hooks_always_called[handle.id] = True
        return handle

    # ---------------------------------------------------------------- state_dict
    def get_extra_state(self):
        """What else to store in `state_dict()`; a subclass that has such state overrides this and `set_extra_state`."""
        raise RuntimeError("Reached a code path in Module.get_extra_state() that should never be called.")

    def set_extra_state(self, state):
        """Take back what `get_extra_state` returned; called by `load_state_dict`."""
        raise RuntimeError("Reached a code path in Module.set_extra_state() that should never be called.")

    def _register_state_dict_hook(self, hook):
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously registered "
                "via register_state_dict_post_hook"
            )
        return add_hook(self._state_dict_hooks, hook)

    def register_state_dict_post_hook(self, hook):
        """Call hook(module, state_dict, prefix, local_metadata) after `state_dict()`; it may change it in place.

        >>> m = torch.nn.ReLU()
        >>> handle = m.register_state_dict_post_hook(lambda module, state, prefix, meta: state.update(note=1))
        >>> m.state_dict()["note"]
        1
        """
        hook._from_public_api = True
        return add_hook(self._state_dict_hooks, hook)

    def register_state_dict_pre_hook(self, hook):
        """Call hook(module, prefix, keep_vars) before `state_dict()`.

        >>> m = torch.nn.ReLU()
        >>> handle = m.register_state_dict_pre_hook(lambda module, prefix, keep_vars: print("saving"))
        >>> _ = m.state_dict()
        saving
        """
        return add_hook(self._state_dict_pre_hooks, hook)

    def _save_to_state_dict(self, destination, prefix, keep_vars):
        """Write this module's own parameters, buffers and extra state into `destination`."""
        for name, param in self._parameters.items():
            if param is not None:
                destination[prefix + name] = param if keep_vars else param.detach()
        for name, buffer in self._buffers.items():
            if buffer is not None and name not in self._non_persistent_buffers_set:
                destination[prefix + name] = buffer if keep_vars else buffer.detach()
        if type(self).get_extra_state is not Module.get_extra_state:
            destination[prefix + _EXTRA_STATE] = self.get_extra_state()

    def state_dict(self, *args, destination=None, prefix="", keep_vars=False):
        """All parameters and persistent buffers in an ordered dictionary, by dotted names, to save or load elsewhere.

        The tensors share memory with the module. They are detached from the graph unless `keep_vars`. `prefix` is put
        before every name; `destination` is a dictionary to write into.

        >>> list(torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU()).state_dict())
        ['0.weight', '0.bias']
        """
        if args:
            warnings.warn("Positional args are being deprecated, use kwargs instead.", FutureWarning, stacklevel=2)
            destination, prefix, keep_vars = (*args, *(destination, prefix, keep_vars)[len(args) :])
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        for hook in self._state_dict_hooks.values():
            replaced = hook(self, destination, prefix, metadata)
            if replaced is not None:
                if getattr(hook, "_from_public_api", False):
                    raise RuntimeError("state_dict post-hook must return None")
                destination = replaced
        return destination

    def _register_load_state_dict_pre_hook(self, hook, with_module=False):
        return add_hook(self._load_state_dict_pre_hooks, _WrappedHook(hook, self if with_module else None))

    def register_load_state_dict_pre_hook(self, hook):
        """Call a hook before this module's part of a state_dict is loaded.

        It is called as hook(module, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys,
        error_msgs) and may change the dictionary and the lists in place.

        >>> m = torch.nn.Linear(1, 1)
        >>> handle = m.register_load_state_dict_pre_hook(lambda module, state, prefix, *rest: print(sorted(state)))
        >>> m.load_state_dict(m.state_dict())
        ['bias', 'weight']
        <All keys matched successfully>
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def register_load_state_dict_post_hook(self, hook):
        """Call hook(module, incompatible_keys) after `load_state_dict` has treated this module.

        `incompatible_keys` has the lists `missing_keys` and `unexpected_keys`; clearing them in place forgives.

        >>> m = torch.nn.Linear(1, 1)
        >>> handle = m.register_load_state_dict_post_hook(lambda module, keys: keys.missing_keys.clear())
        >>> m.load_state_dict({})
        <All keys matched successfully>
        """
        return add_hook(self._load_state_dict_post_hooks, hook)

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        """Load this module's own part of a state_dict (not its children's), noting problems in the three lists."""
        for hook in self._load_state_dict_pre_hooks.values():
            hook(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        persistent = {k: v for k, v in self._buffers.items() if k not in self._non_persistent_buffers_set}
        own = {k: v for k, v in itertools.chain(self._parameters.items(), persistent.items()) if v is not None}
        assign = local_metadata.get("assign_to_params_buffers", False)
        for name, param in own.items():
            key = prefix + name
            if key in state_dict:
                error = self._load_tensor(name, param, key, state_dict[key], assign)
                if error:
                    error_msgs.append(error)
            elif strict:
                missing_keys.append(key)
        extra = prefix + _EXTRA_STATE
        if type(self).set_extra_state is not Module.set_extra_state:
            if extra in state_dict:
                self.set_extra_state(state_dict[extra])
            elif strict:
                missing_keys.append(extra)
        elif strict and extra in state_dict:
            unexpected_keys.append(extra)
        if strict:
            unexpected_keys.extend(self._unexpected(state_dict, prefix, own))

    def _unexpected(self, state_dict, prefix, own):
        """The keys under `prefix` that neither this module nor a child of it knows."""
        for key in state_dict:
            if not key.startswith(prefix) or key == prefix + _EXTRA_STATE:
                continue
            name, *rest = key[len(prefix) :].split(".", 1)
            if name not in (self._modules if rest else own):
                yield key

    def _load_tensor(self, name, param, key, value, assign):
        """Copy (or with `assign`, put) one tensor of a state_dict into the module -> an error message or None."""
        if not isinstance(value, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from '
                f"checkpoint but received {type(value)}"
            )
        if not is_lazy(param):
            if param.dim() == 0 and value.dim() == 1:  # written by versions that had no 0-dimensional tensors
                value = value[0]
            if value.shape != param.shape:
                return (
                    f"size mismatch for {key}: copying a param with shape {value.shape} from checkpoint, the shape in "
                    f"current model is {param.shape}."
                )
        if param.is_meta and not value.is_meta and not assign:
            warnings.warn(
                f"for {key}: copying from a non-meta parameter in the checkpoint to a meta parameter in the current "
                "model, which is a no-op. (Did you mean to pass `assign=True` to assign items in the state "
                "dictionary to their corresponding key in the module instead of copying them in place?)",
                stacklevel=5,
            )
        try:
            with penlight.no_grad():
                if not assign:
                    param.copy_(value)
                    return None
                if isinstance(param, Parameter):
                    if isinstance(value, Parameter):
                        value.requires_grad_(param.requires_grad)
                    else:
                        value = Parameter(value, requires_grad=param.requires_grad)
                setattr(self, name, value)
        except Exception as error:
            doing = "assigning" if assign else "copying"
            return (
                f'While {doing} the parameter named "{key}", whose dimensions in the model '
                f"are {param.size()} and whose dimensions in the checkpoint are {value.size()}, an exception "
                f"occurred : {error.args}."
            )
        return None

    def load_state_dict(self, state_dict, strict=True, assign=False):
        """Copy parameters and buffers from a dictionary, such as one made by `state_dict()`, into this module.

        With `strict` (the default) the keys must be exactly this module's; otherwise what fits is loaded and the
        returned value names `missing_keys` and `unexpected_keys`. With `assign` the tensors are put in place instead of
        copied. Raises RuntimeError with every missing key, unexpected key and size mismatch.

        >>> a, b = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
        >>> a.load_state_dict(b.state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        missing, unexpected, errors = [], [], []
        metadata = getattr(state_dict, "_metadata", None)
        state_dict = OrderedDict(state_dict)
        if metadata is not None:
            state_dict._metadata = metadata

        def load(module, state, prefix):
            local = {} if metadata is None else metadata.get(prefix[:-1], {})
            if assign:
                local["assign_to_params_buffers"] = assign
            module._load_from_state_dict(state, prefix, local, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    inner = f"{prefix}{name}."
                    load(child, {k: v for k, v in state.items() if k.startswith(inner)}, inner)
            keys = _IncompatibleKeys(missing, unexpected)
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, keys) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to return new "
                        "values, if incompatible_keys need to be modified, it should be done inplace."
                    )

        load(self, state_dict, "")
        if strict:
            for kind, keys in (("Unexpected", unexpected), ("Missing", missing)):
                if keys:
                    errors.insert(0, f"{kind} key(s) in state_dict: {', '.join(chr(34) + k + chr(34) for k in keys)}. ")
        if errors:
            raise RuntimeError(f"Error(s) in loading state_dict for {type(self).__name__}:\n\t" + "\n\t".join(errors))
        return _IncompatibleKeys(missing, unexpected)

    # ---------------------------------------------------------------- listing
    def _named_members(self, get_members, prefix="", recurse=True, remove_duplicate=True):
        """(name, member) for the members that get_members(module) lists, over this module and those in it."""
        seen = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, member in get_members(module):
                if member is None or member in seen:
                    continue
                if remove_duplicate:
                    seen.add(member)
                yield f"{path}.{name}" if path else name, member

    def parameters(self, recurse=True):
        """All parameters, of this module and (with `recurse`) of those in it: what an optimizer is given.

        >>> [p.shape for p in torch.nn.Linear(3, 2).parameters()]
        [torch.Size([2, 3]), torch.Size([2])]
        """
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """(dotted name, parameter) for all parameters; one that occurs twice is listed once if `remove_duplicate`.

        >>> [name for name, _ in torch.nn.Linear(3, 2).named_parameters(prefix="fc")]
        ['fc.weight', 'fc.bias']
        """
        yield from self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """All buffers (state that is not trained), of this module and (with `recurse`) of those in it.

        >>> len(list(torch.nn.BatchNorm1d(4).buffers()))
        3
        """
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """(dotted name, buffer) for all buffers.

        >>> [name for name, _ in torch.nn.BatchNorm1d(4).named_buffers()]
        ['running_mean', 'running_var', 'num_batches_tracked']
        """
        yield from self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def children(self):
        """The modules that are attributes of this one, each once.

        >>> list(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Tanh()).children())
        [ReLU(), Tanh()]
        """
        for _, module in self.named_children():
            yield module

    def named_children(self):
        """(name, module) for the modules that are attributes of this one, each once.

        >>> [name for name, _ in torch.nn.Sequential(torch.nn.ReLU()).named_children()]
        ['0']
        """
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def modules(self, remove_duplicate=True):
        """This module and all modules inside it, at any depth, each once (or as often as it occurs).

        >>> len(list(torch.nn.Sequential(torch.nn.ReLU(), torch.nn.Tanh()).modules()))
        3
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """(dotted name, module) for this module (named `prefix`) and all modules inside it.

        `memo` is the set of modules already listed.

        >>> [name for name, _ in torch.nn.Sequential(torch.nn.ReLU()).named_modules()]
        ['', '0']
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    # ---------------------------------------------------------------- moving and casting
    def _apply(self, fn, recurse=True):
        """Replace the data of every parameter, gradient and buffer by fn(data); parameters stay the same objects."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for param in self._parameters.values():
            if param is None:
                continue
            with penlight.no_grad():
                grad = param.grad
                # The gradient is laid aside: between the two assignments it would not match its parameter's dtype.
                new_grad = None if grad is None else fn(grad)
                param.grad = None
                param.data = fn(param)
                if new_grad is not None:
                    grad.data = new_grad
                    param.grad = grad
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def apply(self, fn):
        """Call fn(module) on every module inside this one, innermost first, then on this one; returns the module.

        >>> def zero_bias(module):
        ...     if isinstance(module, torch.nn.Linear):
        ...         torch.nn.init.zeros_(module.bias)
        >>> net = torch.nn.Sequential(torch.nn.Linear(2, 2)).apply(zero_bias)
        >>> net[0].bias.detach()
        tensor([0., 0.])
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def to(self, *args, **kwargs):
        """Move the module to a device and/or cast its floating-point parameters and buffers to a dtype, in place.

        Forms: to(device), to(dtype), to(device, dtype), to(tensor), each with `non_blocking` and `memory_format`.
        Returns the module.

        >>> torch.nn.Linear(1, 1).to(torch.float64).weight.dtype
        torch.float64
        """
        device, dtype, non_blocking, memory_format = _parse_to(*args, **kwargs)
        if dtype is not None:
            if not (dtype.is_floating_point or dtype.is_complex):
                raise TypeError(
                    f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
                )
            if dtype.is_complex:
                warnings.warn(
                    "Complex modules are a new feature under active development whose design may change, and some "
                    "modules might not work as expected when using complex tensors as parameters or buffers.",
                    stacklevel=2,
                )

        def convert(t):
            wanted = dtype if t.is_floating_point() or t.is_complex() else None
            options = {"memory_format": memory_format} if memory_format is not None and t.dim() in (4, 5) else {}
            try:
                return t.to(t.device if device is None else device, wanted or t.dtype, non_blocking, **options)
            except NotImplementedError as error:
                if str(error) == "Cannot copy out of meta tensor; no data!":
                    raise NotImplementedError(
                        f"{error} Please use torch.nn.Module.to_empty() instead of "
                        "torch.nn.Module.to() when moving module from meta to a different device."
                    ) from None
                raise

        return self._apply(convert)

    def to_empty(self, *, device, recurse=True):
        """Move the module to a device without copying: the parameters there are uninitialised.

        >>> m = torch.nn.Linear(2, 3, device="meta").to_empty(device="cpu")
        >>> m.weight.device
        device(type='cpu')
        """
        return self._apply(lambda t: penlight.empty_like(t, device=device), recurse=recurse)

    def cuda(self, device=None):
        """Move all parameters and buffers to a GPU (the current one, or number `device`); returns the module."""
        return self._apply(lambda t: t.cuda(device))

    def xpu(self, device=None):
        """Raise: there are no Intel GPUs."""
        return self._apply(lambda t: t.xpu(device))

    def ipu(self, device=None):
        """Raise: there are no Graphcore processors."""
        return self._apply(lambda t: t.ipu(device))

    def mtia(self, device=None):
        """Raise: there are no processors of that kind."""
        return self._apply(lambda t: t.mtia(device))

    def cpu(self):
        """Move all parameters and buffers to the CPU; returns the module."""
        return self._apply(lambda t: t.cpu())

    def type(self, dst_type):
        """Cast all parameters and buffers to a type (a dtype or a name such as "torch.DoubleTensor")."""
        return self._apply(lambda t: t.type(dst_type))

    def _cast_floating(self, dtype):
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    def float(self):
        """Cast floating-point parameters and buffers to float32, 4 bytes each; returns the module."""
        return self._cast_floating(penlight.float32)

    def double(self):
        """Cast floating-point parameters and buffers to float64, 8 bytes each; returns the module."""
        return self._cast_floating(penlight.float64)

    def half(self):
        """Cast floating-point parameters and buffers to float16, 2 bytes each; returns the module."""
        return self._cast_floating(penlight.float16)

    def bfloat16(self):
        """Cast floating-point parameters and buffers to bfloat16, 2 bytes each; returns the module."""
        return self._cast_floating(penlight.bfloat16)

    def share_memory(self):
        """Move all parameters and buffers to memory that other processes can share; returns the module."""
        return self._apply(lambda t: t.share_memory_())

    # ---------------------------------------------------------------- modes
    def train(self, mode=True):
        """Switch to training mode (or, with `mode=False`, to evaluation), for this module and all inside; returns it.

        Only layers such as Dropout and BatchNorm behave differently in the two.

        >>> torch.nn.Dropout(0.5).train(False)(torch.ones(3))
        tensor([1., 1., 1.])
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Switch to evaluation mode: Dropout keeps everything, BatchNorm uses stored statistics. Returns the module.

        >>> torch.nn.Dropout(0.5).eval().training
        False
        """
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Say whether the parameters are to be trained; `requires_grad_(False)` freezes them. Returns the module.

        >>> any(p.requires_grad for p in torch.nn.Linear(1, 1).requires_grad_(False).parameters())
        False
        """
        for param in self.parameters():
            param.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none=True):
        """Clear the gradients of all parameters: set them to None, or to zero with `set_to_none=False`.

        >>> m = torch.nn.Linear(1, 1)
        >>> m(torch.ones(1)).backward()
        >>> m.zero_grad()
        >>> print(m.weight.grad)
        None
        """
        _C._zero_grad(list(self.parameters()), set_to_none)

    def compile(self, *args, **kwargs):
        """Accepted and ignored: calls run as they are, without a compiler."""

    # ---------------------------------------------------------------- text
    def _get_name(self):
        return type(self).__name__

    def extra_repr(self):
        """What to print between the brackets of the module's line; a subclass returns its settings.

        >>> torch.nn.Linear(2, 3).extra_repr()
        'in_features=2, out_features=3, bias=True'
        """
        return ""

    def __repr__(self):
        own = self.extra_repr().split("\n") if self.extra_repr() else []
        children = [f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items()]
        head = self._get_name() + "("
        if len(own) == 1 and not children:
            return head + own[0] + ")"
        lines = own + children
        return head + "\n  " + "\n  ".join(lines) + "\n)" if lines else head + ")"


_C._fast_attributes(Module)


def _replaced(hooks, module, name, value):
    """What global registration hooks make of a value about to be registered."""
    for hook in hooks.values():
        output = hook(module, name, value)
        if output is not None:
            value = output
    return value
