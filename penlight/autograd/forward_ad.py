"""Forward-mode derivatives: tensors that carry a tangent along, the derivative in one direction.

>>> import penlight.autograd.forward_ad as fwAD
>>> with fwAD.dual_level():
...     x = fwAD.make_dual(torch.tensor(3.0), torch.tensor(1.0))
...     fwAD.unpack_dual(x * x).tangent
tensor(6.)
"""

from collections import namedtuple

from penlight.autograd.graph import get_gradient_edge
from penlight.func._batched import active_levels, spread_all, wrap_all
from penlight.func._transforms import Scope, check_tangent, transpose

__all__ = ["UnpackedDualTensor", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual", "dual_level"]

_scopes = []


class UnpackedDualTensor(namedtuple("UnpackedDualTensor", ["primal", "tangent"])):
    """What `unpack_dual` gives: the tensor without its tangent, and the tangent (None where there is none)."""


class _Level(Scope):
    """A dual level: the tensors that carry tangents, as edges of the graph, and their tangents."""

    def __init__(self):
        super().__init__(forward=True)
        self.edges, self.tangents = [], []


def _level(level):
    if level is not None and level < 0 or level is None and not _scopes:
        return None
    return _scopes[-1] if _scopes else None


def enter_dual_level():
    """Begin a level, in which tensors can be given tangents, and return its number; see `dual_level`."""
    if _scopes:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    scope = _Level()
    _scopes.append(scope)
    scope.__enter__()
    return 0


def exit_dual_level(*, level=None):
    """End the level: its tangents are gone."""
    if not _scopes or (level is not None and level < 0):
        raise RuntimeError("Dual level must be a positive number.")
    if level is not None and level != len(_scopes) - 1:
        raise RuntimeError(
            "Trying to exit a forward AD level that was not the last one that was created. This is not supported."
        )
    _scopes.pop().__exit__(None, None, None)


class dual_level:
    """A block in which tensors can be given tangents by `make_dual`.

    >>> with torch.autograd.forward_ad.dual_level() as level:
    ...     print(level)
    0
    """

    def __enter__(self):
        return enter_dual_level()

    def __exit__(self, *exception):
        exit_dual_level()


def make_dual(tensor, tangent, *, level=None):
    """Return a tensor with the given values that carries `tangent`, of the same shape, through all operators.

    >>> import penlight.autograd.forward_ad as fwAD
    >>> with fwAD.dual_level():
    ...     x = fwAD.make_dual(torch.ones(2), torch.tensor([1.0, 2.0]))
    ...     print(fwAD.unpack_dual(x.exp().log()).tangent)
    tensor([1., 2.])
    """
    scope = _level(level)
    if scope is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for value, name in ((tensor, "primal"), (tangent, "tangent")):
        if not (value.is_floating_point() or value.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {value.dtype}")
    check_tangent(tensor, tangent)
    if _tangent(scope, tensor) is not None:
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not "
            "supported."
        )
    maps = list(active_levels())
    primal = scope.place(spread_all(tensor, maps))
    scope.edges.append(get_gradient_edge(primal))
    scope.tangents.append(spread_all(tangent, maps))
    return wrap_all(primal, maps)


def _tangent(scope, tensor):
    """The tangent that a tensor carries, None where it carries none."""
    maps = list(active_levels())
    plain = spread_all(tensor, maps)
    if not plain.requires_grad or not scope.edges:
        return None
    push = transpose([plain], scope.edges)
    create = scope.recording and (scope.has_outer([plain]) or any(t.requires_grad for t in scope.tangents))
    found, = push(scope.tangents, create)
    return None if found is None else wrap_all(found, maps)


def unpack_dual(tensor, *, level=None):
    """Return (primal, tangent): the tensor without its tangent, and the tangent, None where it carries none.

    >>> torch.autograd.forward_ad.unpack_dual(torch.ones(1))
    UnpackedDualTensor(primal=tensor([1.]), tangent=None)
    """
    scope = _level(level)
    if scope is None:
        return UnpackedDualTensor(tensor, None)
    tangent = _tangent(scope, tensor)
    return UnpackedDualTensor(tensor if tangent is None else scope.settle(tensor), tangent)
