"""`__torch_function__`: how subclasses of Tensor, and tensor-like classes, take part in every operator."""

from _thread import _local

from penlight import _C, Tensor

__all__ = [
    "has_torch_function",
    "handle_torch_function",
    "is_tensor_like",
    "is_tensor_method_or_property",
    "resolve_name",
    "TorchFunctionMode",
]



class _State(_local):
    enabled = True

    def __init__(self):
        self.modes = []


_state = _State()  # every thread has its own


class DisableTorchFunctionSubclass:
    """Inside this block operators treat subclasses of Tensor as plain tensors.

    Example:
        >>> class Mine(torch.Tensor): pass
        >>> with torch._C.DisableTorchFunctionSubclass():
        ...     type(torch.ones(2).as_subclass(Mine) + 1)
        <class 'torch.Tensor'>
    """

    def __enter__(self):
        self.before, _state.enabled = _state.enabled, False

    def __exit__(self, *exception):
        _state.enabled = self.before


def _overloaded(values):
    """The arguments that define __torch_function__, subclasses before their bases; lists of tensors are looked into."""
    found = []
    for value in values:
        for v in value if isinstance(value, (tuple, list)) else (value,):
            kind = type(v)
            if (
                kind in (Tensor, _C.Tensor)
                or not hasattr(kind, "__torch_function__")
                or any(type(f) is kind for f in found)
            ):
                continue
            if kind.__torch_function__ is _disabled_torch_function_impl or "_plain_parameter" in vars(kind):
                continue
            at = next((i for i, f in enumerate(found) if issubclass(kind, type(f))), len(found))
            found.insert(at, v)
    return found


def _disabled_torch_function_impl(func, types, args=(), kwargs=None):
    """The `__torch_function__` of classes whose results are plain tensors."""
    with DisableTorchFunctionSubclass():
        return func(*args, **(kwargs or {}))


def _call(func, args, kwargs):
    found = _overloaded([*args, *kwargs.values()])
    types = tuple(type(f) for f in found)
    for f in found:
        result = type(f).__torch_function__(func, types, args, kwargs)
        if result is not NotImplemented:
            return result
    kinds = "".join(f"\n  - tensor subclass {t}" for t in types)
    raise TypeError(
        f"Multiple dispatch failed for '{resolve_name(func)}'; all __torch_function__ handlers "
        "returned NotImplemented:\n"
        + kinds
    )


def _dispatch(name, is_method, args, kwargs):
    """Called by the core for an operator given something with __torch_function__; NotImplemented means: go on."""
    found = _overloaded([*args, *kwargs.values()]) if _state.enabled else []
    if not found and not _state.modes:
        return NotImplemented
    func = getattr(Tensor, name) if is_method else getattr(_C, name)
    return _ask_mode(func, tuple(map(type, found)), args, kwargs) if _state.modes else _call(func, args, kwargs)


class TorchFunctionMode:
    """Inside `with Mode():` every operator of this thread goes through the mode's `__torch_function__`.

    Derive from it and define `__torch_function__(self, func, types, args=(), kwargs=None)`; call func there to compute.
    The mode is off while its own method runs.

    Example:
        >>> class Names(torch.overrides.TorchFunctionMode):
        ...     def __torch_function__(self, func, types, args=(), kwargs=None):
        ...         print(func.__name__)
        ...         return func(*args, **(kwargs or {}))
        >>> with Names():
        ...     y = torch.ones(2) + 1
        ones
        add
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        raise NotImplementedError("a TorchFunctionMode must define __torch_function__")

    def __enter__(self):
        _state.modes.append(self)
        _C._add_function_mode(1)
        return self

    def __exit__(self, *exception):
        _C._add_function_mode(-1)
        _state.modes.pop()


def _ask_mode(func, types, args, kwargs):
    mode = _state.modes.pop()
    try:
        result = mode.__torch_function__(func, types, args, kwargs)
    finally:
        _state.modes.append(mode)
    if result is NotImplemented:
        raise TypeError(f"no implementation found for '{resolve_name(func)}' by the mode {type(mode).__name__}")
    return result


_REFLECTED = {
    "add": Tensor.__radd__,
    "sub": Tensor.__rsub__,
    "mul": Tensor.__rmul__,
    "div": Tensor.__rtruediv__,
    "floor_divide": Tensor.__rfloordiv__,
    "remainder": Tensor.__rmod__,
    "pow": Tensor.__rpow__,
    "bitwise_and": Tensor.__rand__,
    "bitwise_or": Tensor.__ror__,
    "bitwise_xor": Tensor.__rxor__,
    "bitwise_left_shift": Tensor.__rlshift__,
    "bitwise_right_shift": Tensor.__rrshift__,
}


def _reflected(name, number, tensor):
    """Called by the core for `number + tensor` and its like; NotImplemented means: go on."""
    if _state.modes:
        return _ask_mode(_REFLECTED[name], (), (tensor, number), {})
    if not _state.enabled or not _overloaded([tensor]):
        return NotImplemented
    return _call(_REFLECTED[name], (tensor, number), {})


def _like(tensor, result):
    """Give a result the type of the tensor that it was got from, where that is a subclass that keeps its type."""
    return _convert(result, type(tensor)) if _state.enabled and _overloaded([tensor]) else result


def _getitem(tensor, key):
    if _state.modes:
        return _ask_mode(Tensor.__getitem__, (), (tensor, key), {})
    if not _state.enabled or not _overloaded([tensor, key]):
        return NotImplemented
    return _call(Tensor.__getitem__, (tensor, key), {})


def _setitem(tensor, key, value):
    if _state.modes:
        return _ask_mode(Tensor.__setitem__, (), (tensor, key, value), {})
    if not _state.enabled or not _overloaded([tensor, key, value]):
        return NotImplemented
    _call(Tensor.__setitem__, (tensor, key, value), {})
    return None


def _convert(result, cls):
    """Gives plain tensors in a result the subclass."""
    if isinstance(result, Tensor) and not isinstance(result, cls):
        return result.as_subclass(cls)
    if isinstance(result, (tuple, list)):
        return type(result)([_convert(r, cls) for r in result])
    return result


def has_torch_function(relevant_args):
    """Give True if an argument defines `__torch_function__`."""
    return _state.enabled and bool(_overloaded(relevant_args))


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """Call the `__torch_function__` of the arguments that define one."""
    return _call(public_api, args, kwargs)


def is_tensor_like(inp):
    """Give True for tensors and for objects that define `__torch_function__`."""
    return isinstance(inp, Tensor) or hasattr(type(inp), "__torch_function__")


def is_tensor_method_or_property(func):
    """Give True if the function is a method of Tensor."""
    return getattr(func, "__objclass__", None) is Tensor or func in vars(Tensor).values()


def resolve_name(f):
    """Give the public name of an operator, such as "torch.add"."""
    owner = "torch.Tensor." if getattr(f, "__objclass__", None) is Tensor else "torch."
    return owner + getattr(f, "__name__", str(f))


# Where programs look for them.
_C.DisableTorchFunctionSubclass = DisableTorchFunctionSubclass
_C._disabled_torch_function_impl = _disabled_torch_function_impl
