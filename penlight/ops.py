"""Operators under their names in PyTorch's dispatcher: `torch.ops.aten.add`, also with `.default` or an overload."""

from penlight import _C

__all__ = ["aten"]


class _Operator:
    """An operator; its overloads are the operator itself, which tells them apart by the arguments."""

    def __init__(self, name, function):
        self.__name__ = self.__qualname__ = name
        self._function = function

    def __call__(self, *args, **kwargs):
        return self._function(*args, **kwargs)

    def __getattr__(self, overload):
        if overload.startswith("__"):
            raise AttributeError(overload)
        return self

    def __repr__(self):
        return f"<OpOverloadPacket(op='{self.__name__}')>"


class _Namespace:
    """The operators of one library."""

    def __init__(self, name, find):
        self._name, self._find = name, find

    def __getattr__(self, name):
        function = None if name.startswith("__") else self._find(name)
        if function is None:
            raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")
        setattr(self, name, _Operator(f"{self._name}.{name}", function))
        return self.__dict__[name]

    def __repr__(self):
        return f"<module 'torch.ops.{self._name}' from 'torch.ops'>"


def _find(name):
    """The function, or the method where an operator has no function."""
    return getattr(_C, name, None) or getattr(_C.Tensor, name, None)


aten = _Namespace("aten", _find)


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(f"module 'torch.ops' has no attribute '{name}'")
    return _Namespace(name, lambda operator: None)
