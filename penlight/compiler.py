"""torch.compiler: the door to PyTorch's compiler. Penlight has none: functions run as they are written.

What marks functions for a compiler gives them back unchanged; what would save or load compiled code says that there is
none.
"""

import contextlib

from penlight._objects import compile as _compile

__all__ = [
    "allow_in_graph",
    "assume_constant_result",
    "compile",
    "cudagraph_mark_step_begin",
    "disable",
    "get_default_backend",
    "is_compiling",
    "is_dynamo_compiling",
    "is_exporting",
    "keep_portable_guards_unsafe",
    "keep_tensor_guards_unsafe",
    "list_backends",
    "load_cache_artifacts",
    "load_compiled_function",
    "nested_compile_region",
    "reset",
    "save_cache_artifacts",
    "set_default_backend",
    "set_enable_guard_collectives",
    "set_stance",
    "skip_all_guards_unsafe",
    "skip_guard_on_all_nn_modules_unsafe",
    "skip_guard_on_globals_unsafe",
    "skip_guard_on_inbuilt_nn_modules_unsafe",
    "substitute_in_graph",
    "wrap_numpy",
]

_backend = {"default": "inductor"}


def compile(*args, **kwargs):
    """Give the function or module back as it is; see torch.compile."""
    return _compile(*args, **kwargs)


def disable(fn=None, recursive=True, *, reason=None):
    """Give the function back as it is: it is never compiled. Without a function this is a decorator.

    Example:
        >>> @penlight.compiler.disable
        ... def double(x):
        ...     return 2 * x
        >>> double(3)
        6
    """
    return fn if fn is not None else lambda fn: fn


def allow_in_graph(fn):
    """Give the function (or the list of functions) back as it is."""
    return fn


def assume_constant_result(fn):
    """Give the function back as it is."""
    return fn


def wrap_numpy(fn):
    """Give a function of NumPy arrays as one of tensors.

    Example:
        >>> import numpy as np
        >>> penlight.compiler.wrap_numpy(np.cumsum)(penlight.ones(3))
        tensor([1., 2., 3.])
    """
    import functools

    import penlight

    @functools.wraps(fn)
    def wrapped(*args, **kwargs):
        def array(x):
            return x.numpy() if isinstance(x, penlight.Tensor) else x

        result = fn(*map(array, args), **{name: array(x) for name, x in kwargs.items()})
        return penlight.as_tensor(result) if hasattr(result, "__array__") else result

    return wrapped


def nested_compile_region(fn=None, *, options=None, max_reuse_entries=8, reuse_hash_fn=None):
    """Give the function back as it is. Without a function this is a decorator."""
    return fn if fn is not None else lambda fn: fn


def substitute_in_graph(original_fn, *, can_constant_fold_through=False, skip_signature_check=False):
    """Give a decorator that leaves its function as it is; nothing is traced, so nothing is put in another's place."""
    return lambda fn: fn


def is_compiling():
    """Give False: nothing is compiled."""
    return False


def is_dynamo_compiling():
    """Give False: nothing is compiled."""
    return False


def is_exporting():
    """Give False: nothing is exported."""
    return False


def reset():
    """Forget compiled code; there is none."""


def cudagraph_mark_step_begin():
    """Mark the begin of a step for CUDA graphs; there are none."""


def list_backends(exclude_tags=("debug", "experimental")):
    """Give the names of the compiler's backends: none."""
    return []


def get_default_backend():
    """Give what `set_default_backend` set."""
    return _backend["default"]


def set_default_backend(backend):
    """Remember a backend; none is ever called."""
    _backend["default"] = "inductor" if backend is None else backend


class set_stance(contextlib.ContextDecorator):
    """Accept PyTorch's setting of when to compile, as a call, a `with` block or a decorator; nothing is compiled."""

    _known = ("default", "force_eager", "eager_on_recompile", "fail_on_recompile", "eager_then_compile")

    def __init__(self, stance="default", *, skip_guard_eval_unsafe=False, force_backend=None):
        if stance not in self._known:
            raise RuntimeError(f"invalid torch.compile stance '{stance}'")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return None


def set_enable_guard_collectives(enabled):
    """Accept PyTorch's switch; give what was set before: False."""
    return False


def save_cache_artifacts():
    """Give None: there is no compiled code to save."""
    return None


def load_cache_artifacts(serialized_artifacts):
    """Give None: compiled code is not loaded, and programs run without."""
    return None


def load_compiled_function(file, *, f_globals=None, external_data=None):
    """Raise: compiled code of PyTorch cannot be run."""
    raise NotImplementedError("load_compiled_function(): Penlight has no compiler; call the function itself")


def _guard_filter(name):
    def keep(guard_entries, *args, **kwargs):
        return [True for _ in guard_entries]

    keep.__name__, keep.__doc__ = name, "Give True for each guard: without a compiler none is ever checked."
    return keep


def keep_tensor_guards_unsafe(guard_entries, keep_parameters=False):
    """Give True for each guard: without a compiler none is ever checked."""
    return [True for _ in guard_entries]


keep_portable_guards_unsafe = _guard_filter("keep_portable_guards_unsafe")
skip_all_guards_unsafe = _guard_filter("skip_all_guards_unsafe")
skip_guard_on_all_nn_modules_unsafe = _guard_filter("skip_guard_on_all_nn_modules_unsafe")
skip_guard_on_globals_unsafe = _guard_filter("skip_guard_on_globals_unsafe")
skip_guard_on_inbuilt_nn_modules_unsafe = _guard_filter("skip_guard_on_inbuilt_nn_modules_unsafe")
