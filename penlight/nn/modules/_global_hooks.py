"""Hooks that act on every module: on its call, its backward, and what is registered in it."""

from collections import OrderedDict

from penlight import _C
from penlight.utils.hooks import RemovableHandle

# Hooks of every module. The C part of Module's call looks into the first four, which must therefore stay the same
# objects.
_global_backward_pre_hooks = OrderedDict()
_global_backward_hooks = OrderedDict()
_global_forward_pre_hooks = OrderedDict()
_global_forward_hooks = OrderedDict()
_global_forward_hooks_always_called = OrderedDict()
_global_forward_hooks_with_kwargs = OrderedDict()
_global_buffer_registration_hooks = OrderedDict()
_global_module_registration_hooks = OrderedDict()
_global_parameter_registration_hooks = OrderedDict()
_global_is_full_backward_hook = None
_C._set_global_module_hooks(
    _global_backward_pre_hooks, _global_backward_hooks, _global_forward_pre_hooks, _global_forward_hooks
)


def add_hook(hooks, hook, **kwargs):
    """Put a hook into a dictionary of hooks -> the handle that removes it."""
    handle = RemovableHandle(hooks, **kwargs)
    hooks[handle.id] = hook
    return handle


def register_module_buffer_registration_hook(hook):
    """Call hook(module, name, buffer) whenever any module gets a buffer; it may return another one.

    >>> handle = torch.nn.modules.module.register_module_buffer_registration_hook(lambda module, name, buffer: None)
    >>> handle.remove()
    """
    return add_hook(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook):
    """Call hook(module, name, submodule) whenever any module gets a child; it may return another one.

    >>> handle = torch.nn.modules.module.register_module_module_registration_hook(lambda module, name, child: None)
    >>> handle.remove()
    """
    return add_hook(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook):
    """Call hook(module, name, param) whenever any module gets a parameter; it may return another one.

    >>> handle = torch.nn.modules.module.register_module_parameter_registration_hook(lambda module, name, p: None)
    >>> handle.remove()
    """
    return add_hook(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook):
    """Call hook(module, args) before the forward of every module; it may return new arguments.

    >>> handle = torch.nn.modules.module.register_module_forward_pre_hook(lambda module, args: print("in"))
    >>> _ = torch.nn.ReLU()(torch.ones(1))
    in
    >>> handle.remove()
    """
    return add_hook(_global_forward_pre_hooks, hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """Call hook(module, args, output) after the forward of every module; it may return another output.

    With `with_kwargs` it is hook(module, args, kwargs, output). With `always_call` it runs even when forward raises.

    >>> handle = torch.nn.modules.module.register_module_forward_hook(lambda module, args, output: output + 1)
    >>> torch.nn.ReLU()(torch.ones(1))
    tensor([2.])
    >>> handle.remove()
    """
    handle = add_hook(
        _global_forward_hooks, hook, extra_dict=(_global_forward_hooks_with_kwargs, _global_forward_hooks_always_called)
    )
    if with_kwargs:
        _global_forward_hooks_with_kwargs[handle.id] = True
    if always_call:
        _global_forward_hooks_always_called[handle.id] = True
    return handle


def full_backward_hooks():
    """Whether the global backward hooks are full ones; None while there are none."""
    return _global_is_full_backward_hook


def _use_global_backward_hooks(full):
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module hook. Please "
            "use only one of them."
        )
    _global_is_full_backward_hook = full


def register_module_backward_hook(hook):
    """Call hook(module, grad_input, grad_output) in the backward of every module; deprecated for the full variant.

    >>> torch.nn.modules.module.register_module_backward_hook.__name__
    'register_module_backward_hook'
    """
    _use_global_backward_hooks(full=False)
    return add_hook(_global_backward_hooks, hook)


def register_module_full_backward_pre_hook(hook):
    """Call hook(module, grad_output) before the backward of every module; it may return new gradients.

    >>> handle = torch.nn.modules.module.register_module_full_backward_pre_hook(lambda module, grad_output: None)
    >>> handle.remove()
    """
    return add_hook(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook):
    """Call hook(module, grad_input, grad_output) after the backward of every module; it may return new grad_input.

    >>> handle = torch.nn.modules.module.register_module_full_backward_hook(lambda module, grad_in, grad_out: None)
    >>> handle.remove()
    """
    _use_global_backward_hooks(full=True)
    return add_hook(_global_backward_hooks, hook)
