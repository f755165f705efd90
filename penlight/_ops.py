"""`torch.ops`: operators by their ATen names, as `torch.ops.aten.add.Tensor(x, y)`.

Nothing is listed here: a name is looked up among the operators of the table, the methods of Tensor and
`nn.functional`. Which overload runs is decided by the arguments, as in every call; the overload's name is only kept.
"""

from types import ModuleType

from penlight import _C
from penlight._C import Tensor


class OpOverload:
    """One overload of an operator, such as torch.ops.aten.add.Tensor: a callable that knows its name."""

    def __init__(self, packet, name):
        self.overloadpacket, self._overloadname = packet, name
        self.__name__ = f"{packet.__name__}.{name}"
        self.__qualname__, self.__module__ = self.__name__, packet.__module__
        self.namespace = packet.namespace

    def __call__(self, /, *args, **kwargs):
        return self.overloadpacket(*args, **kwargs)

    def name(self):
        """Give the full name, such as "aten::add.Tensor"."""
        suffix = "" if self._overloadname == "default" else "." + self._overloadname
        return self.overloadpacket._qualified_op_name + suffix

    def __repr__(self):
        return f"<OpOverload(op='{self.namespace}.{self.overloadpacket.__name__}', overload='{self._overloadname}')>"

    def __str__(self):
        return f"{self.namespace}.{self.__name__}"


class OpOverloadPacket:
    """All overloads of an operator, such as torch.ops.aten.add.

    Example:
        >>> penlight.ops.aten.add(penlight.ones(2), 1)
        tensor([2., 2.])
        >>> penlight.ops.aten.mul.Tensor(penlight.ones(2), 3)
        tensor([3., 3.])
    """

    def __init__(self, namespace, name, function):
        self._qualified_op_name, self.__name__, self.op = f"{namespace}::{name}", name, function
        self.__module__, self.namespace, self._overloads = f"torch.ops.{namespace}", namespace, {}

    def __call__(self, /, *args, **kwargs):
        if "self" in kwargs:  # the schema's name of the first argument
            kwargs["input"] = kwargs.pop("self")
        return self.op(*args, **kwargs)

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return self._overloads.setdefault(name, OpOverload(self, name))

    def overloads(self):
        """Give the names of the overloads that were asked for."""
        return list(self._overloads)

    def __repr__(self):
        return f"<OpOverloadPacket(op='{self.namespace}.{self.__name__}')>"

    def __str__(self):
        return f"{self.namespace}.{self.__name__}"


class _Namespace(ModuleType):
    """The operators of one library: `torch.ops.aten`; other libraries hold what `torch.library` puts there."""

    def __init__(self, name):
        super().__init__("torch.ops." + name)
        self._name = name

    def __getattr__(self, name):
        if name.startswith("__") or self._name not in ("aten", "prims"):
            raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")
        function = _find(name)
        if function is None:
            raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")
        packet = OpOverloadPacket(self._name, name, function)
        setattr(self, name, packet)
        return packet

    def _add(self, name, function):
        packet = OpOverloadPacket(self._name, name, function)
        setattr(self, name, packet)
        return packet


def _slice(self, dim=0, start=None, end=None, step=1):
    return self[(slice(None),) * (dim % self.dim()) + (slice(start, end, step),)]


def _index(self, indices):
    return self[tuple(slice(None) if index is None else index for index in indices)]


_BRACKETS = {"slice": _slice, "index": _index}  # operators that Python writes as x[...]


def _find(name):
    import penlight.nn.functional as functional

    if name in _BRACKETS:
        return _BRACKETS[name]

    for place in (_C, Tensor, functional):
        function = getattr(place, name, None)
        if callable(function) and not isinstance(function, type):
            return function
    return None


class _Ops(ModuleType):
    """`torch.ops`, whose attributes are the namespaces."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        namespace = _Namespace(name)
        setattr(self, name, namespace)
        return namespace

    def load_library(self, path):
        """Raise: compiled extensions of PyTorch cannot be loaded."""
        raise NotImplementedError(f"cannot load {path}: Penlight does not load PyTorch's compiled extensions")


class _Classes(ModuleType):
    """`torch.classes`, whose attributes would be classes of PyTorch's compiled extensions."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        raise RuntimeError(f"Class {name} does not exist: Penlight does not load PyTorch's compiled extensions")


ops, classes = _Ops("torch.ops"), _Classes("torch.classes")
