"""Gradients: computing them, switching their recording off, operations of your own, and checking them."""
import importlib

from penlight import _C
from penlight.autograd import anomaly_mode, function, grad_mode
from penlight.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from penlight.autograd.function import Function, NestedIOFunction
from penlight.autograd.grad_mode import (
    enable_grad,
    enforce_grad_layout_policy,
    inference_mode,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from penlight.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from penlight.overrides import handle_torch_function, has_torch_function

__all__ = [
    "Variable", "Function", "backward", "grad_mode", "no_grad", "enable_grad", "set_grad_enabled", "inference_mode",
    "detect_anomaly", "set_detect_anomaly", "grad", "gradcheck", "gradgradcheck", "anomaly_mode", "function",
    "functional", "graph", "forward_ad", "GradcheckError", "NestedIOFunction", "set_multithreading_enabled",
    "enforce_grad_layout_policy",
]


def __getattr__(name):
    """Modules that few programs need are loaded when they are first mentioned."""
    if name in ("graph", "functional", "forward_ad"):
        return importlib.import_module("penlight.autograd." + name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _sequence(value):
    """A tensor or GradientEdge alone as a tuple of one; other iterables as tuples."""
    return (value,) if hasattr(value, "output_nr") else tuple(value)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False, grad_variables=None, inputs=None):
    """Compute the gradients of `tensors` with respect to the leaves of their graph and add them to the leaves' `.grad`.

    `grad_tensors` are the gradients with respect to the tensors, of their shapes; None will do for one-element tensors.
    `inputs`: only these get gradients. `retain_graph` keeps what the graph saved for another backward; `create_graph`
    makes
    the gradients differentiable themselves.

    >>> x = torch.ones(2, requires_grad=True)
    >>> torch.autograd.backward([x.sum(), (x * x).sum()])
    >>> x.grad
    tensor([3., 3.])
    """
    if grad_variables is not None:
        if grad_tensors is not None:
            raise RuntimeError("`grad_tensors` and `grad_variables` (deprecated) arguments both passed to "
                               "`backward()`. Please only use `grad_tensors`.")
        grad_tensors = grad_variables
    if grad_tensors is not None:
        grad_tensors = _sequence(grad_tensors)
    if inputs is not None:
        inputs = _sequence(inputs)
    _C._autograd_backward(_sequence(tensors), grad_tensors, retain_graph, create_graph, inputs)


def grad(outputs, inputs, grad_outputs=None, retain_graph=None, create_graph=False, only_inputs=True, allow_unused=None,
         is_grads_batched=False, materialize_grads=False):
    """Compute and return the gradients of `outputs` with respect to `inputs`, as a tuple; no `.grad` is changed.

    `grad_outputs` are the gradients with respect to the outputs; None will do for one-element outputs. An input that
    the
    outputs do not depend on is an error unless `allow_unused` (its gradient is then None) or `materialize_grads`
    (zeros).
    With `is_grads_batched` the first dimension of every grad_output counts a batch, and so does that of the results.

    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> dy, = torch.autograd.grad(x ** 3, x, create_graph=True)
    >>> torch.autograd.grad(dy, x)
    (tensor(18.),)
    """
    outputs, inputs = _sequence(outputs), _sequence(inputs)
    if grad_outputs is not None:
        grad_outputs = _sequence(grad_outputs)
    given = (*outputs, *inputs, *(grad_outputs or ()))
    if has_torch_function(given):
        return handle_torch_function(
            grad, given, outputs, inputs, grad_outputs, retain_graph, create_graph, only_inputs, allow_unused,
            is_grads_batched, materialize_grads,
        )
    if not is_grads_batched:
        return _C._autograd_grad(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused,
        materialize_grads)
    import penlight

    count = next(g for g in grad_outputs if g is not None).shape[0]
    rows = []
    for i in range(count):
        one = tuple(None if g is None else g[i] for g in grad_outputs)
        keep = True if i + 1 < count else retain_graph
        rows.append(_C._autograd_grad(outputs, inputs, one, keep, create_graph, allow_unused, materialize_grads))
    return tuple(None if column[0] is None else penlight.stack(column) for column in zip(*rows))


def variable(*args, **kwargs):
    """Raise: autograd.variable is gone, use Tensor."""
    raise RuntimeError("torch.autograd.variable(...) is deprecated, use torch.tensor(...) instead")


class _VariableMeta(type):
    def __instancecheck__(cls, instance):
        return isinstance(instance, _C.Tensor)


class Variable(metaclass=_VariableMeta):
    """The old name of a tensor that takes part in autograd: `Variable(t)` gives a tensor on the memory of t.

    >>> torch.autograd.Variable(torch.ones(1), requires_grad=True).requires_grad
    True
    """

    def __new__(cls, data=None, requires_grad=False, volatile=None):
        import penlight

        data = penlight.empty(0) if data is None else data
        return data.detach().requires_grad_(requires_grad)
