"""torch.jit: TorchScript's names. Nothing is compiled: scripted and traced functions and modules are the Python ones.

What they compute is the same; what depends on the compiled form, such as files of it, says that it is not there.
"""

import builtins
import typing
from collections import namedtuple

from penlight.futures import Future
from penlight.nn import Module

__all__ = [
    "Attribute",
    "CompilationUnit",
    "Error",
    "Final",
    "Future",
    "ScriptFunction",
    "ScriptModule",
    "annotate",
    "enable_onednn_fusion",
    "export",
    "export_opnames",
    "fork",
    "freeze",
    "ignore",
    "interface",
    "is_scripting",
    "is_tracing",
    "isinstance",
    "load",
    "onednn_fusion_enabled",
    "optimize_for_inference",
    "save",
    "script",
    "script_if_tracing",
    "script_method",
    "set_fusion_strategy",
    "strict_fusion",
    "trace",
    "trace_module",
    "unused",
    "wait",
]

Final = typing.Final
Attribute = namedtuple("Attribute", ["value", "type"])
Attribute.__doc__ = "A value with a type for the compiler; modules keep both."
_NO_FILES = (
    "files of compiled TorchScript do not exist in Penlight; save module.state_dict() with torch.save(), and load it "
    "into the same Python class"
)


class Error(RuntimeError):
    """What compiled programs raise."""


class ScriptModule(Module):
    """A module for the compiler; here it is a module as any other."""


class ScriptFunction:
    """The type of compiled functions, for isinstance; no function here is of it."""


class CompilationUnit:
    """Would compile a text of TorchScript."""

    def __init__(self, lang=None, _frames_up=0):
        if lang is not None:
            raise NotImplementedError("CompilationUnit: TorchScript is not compiled; write the functions in Python")


def script(obj, optimize=None, _frames_up=0, _rcb=None, example_inputs=None):
    """Give the function, module or class back as it is.

    Example:
        >>> @penlight.jit.script
        ... def double(x):
        ...     return 2 * x
        >>> double(penlight.ones(1))
        tensor([2.])
    """
    return obj


def trace(
    func,
    example_inputs=None,
    optimize=None,
    check_trace=True,
    check_inputs=None,
    check_tolerance=1e-05,
    strict=True,
    _force_outplace=False,
    _module_class=None,
    _compilation_unit=None,
    example_kwarg_inputs=None,
    _store_inputs=True,
):
    """Give the function or module back as it is, after one call with the example inputs, which must work.

    A traced program of PyTorch follows the path that the example takes; this one goes on to take each input's own.
    """
    if example_kwarg_inputs is not None:
        func(**example_kwarg_inputs)
    elif example_inputs is not None:
        func(*example_inputs) if type(example_inputs) in (tuple, list) else func(example_inputs)
    return func


def trace_module(
    mod,
    inputs,
    optimize=None,
    check_trace=True,
    check_inputs=None,
    check_tolerance=1e-05,
    strict=True,
    _force_outplace=False,
    _module_class=None,
    _compilation_unit=None,
    example_inputs_is_kwarg=False,
    _store_inputs=True,
):
    """Give the module back as it is, after one call of each named method with its example inputs."""
    for name, given in inputs.items():
        method = getattr(mod, name)
        if example_inputs_is_kwarg:
            method(**given)
        else:
            method(*given) if type(given) in (tuple, list) else method(given)
    return mod


def script_method(fn):
    """Give the method back as it is."""
    return fn


def script_if_tracing(fn):
    """Give the function back as it is."""
    return fn


def export(fn):
    """Give the method back as it is."""
    return fn


def unused(fn):
    """Give the method back as it is."""
    return fn


def ignore(drop=False, **kwargs):
    """Give the method back as it is; with an argument this is a decorator."""
    return drop if callable(drop) else lambda fn: fn


def interface(obj):
    """Give the class back as it is."""
    return obj


def annotate(the_type, the_value):
    """Give the value; the type is for the compiler."""
    return the_value


def isinstance(obj, target_type):
    """Give True if the object is of the type, which may be one of typing, such as list[int].

    Example:
        >>> penlight.jit.isinstance([1, 2], list[int]), penlight.jit.isinstance([1, "a"], list[int])
        (True, False)
    """
    if builtins.isinstance(target_type, tuple):
        return any(isinstance(obj, t) for t in target_type)
    origin, inner = typing.get_origin(target_type), typing.get_args(target_type)
    if origin is None:
        return target_type is typing.Any or builtins.isinstance(obj, target_type or type(None))
    if not builtins.isinstance(origin, type) or origin.__module__ == "types":
        return any(isinstance(obj, t) for t in inner)  # Optional, Union
    if not builtins.isinstance(obj, origin):
        return False
    if origin is dict:
        return all(isinstance(k, inner[0]) and isinstance(v, inner[1]) for k, v in obj.items())
    if origin is tuple:
        return len(obj) == len(inner) and all(map(isinstance, obj, inner))
    return all(isinstance(x, inner[0]) for x in obj)


def fork(func, *args, **kwargs):
    """Call the function at once and give its result as a Future."""
    future = Future()
    future.set_result(func(*args, **kwargs))
    return future


def wait(future):
    """Give a future's result."""
    return future.wait()


def freeze(mod, preserved_attrs=None, optimize_numerics=True):
    """Give the module back as it is; it must be in evaluation mode."""
    if mod.training:
        raise RuntimeError("Freezing is currently only implemented for modules in eval mode. Please call .eval() first")
    return mod


def optimize_for_inference(mod, other_methods=None):
    """Give the module back as it is, in evaluation mode."""
    return mod.eval()


def is_scripting():
    """Give False: nothing is compiled."""
    return False


def is_tracing():
    """Give False: nothing is traced."""
    return False


def save(m, f, _extra_files=None):
    """Raise: there is no compiled form to save; torch.save(module.state_dict(), f) saves the numbers."""
    raise NotImplementedError("torch.jit.save(): " + _NO_FILES)


def load(f, map_location=None, _extra_files=None, _restore_shapes=False):
    """Raise: compiled programs cannot be run."""
    raise NotImplementedError("torch.jit.load(): " + _NO_FILES)


def export_opnames(m):
    """Give the names of a compiled module's operators: none."""
    return []


def enable_onednn_fusion(enabled):
    """Accept PyTorch's switch; nothing is fused."""


def onednn_fusion_enabled():
    """Give False: nothing is fused."""
    return False


def set_fusion_strategy(strategy):
    """Accept PyTorch's setting; give what was set before: nothing."""
    return []


class strict_fusion:
    """Inside, PyTorch's compiler must fuse everything; here nothing is fused, and that is said."""

    def __enter__(self):
        raise NotImplementedError("strict_fusion: nothing is compiled, so nothing is fused; leave it out")

    def __exit__(self, *exception):
        return None
