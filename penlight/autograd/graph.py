"""The recorded graph: its nodes and edges, and hooks on what it saves."""
import abc
import contextlib
from collections import namedtuple

from penlight import _C
from penlight.utils.hooks import RemovableHandle

__all__ = [
    "saved_tensors_hooks", "save_on_cpu", "disable_saved_tensors_hooks", "register_multi_grad_hook", "Node",
    "GradientEdge", "get_gradient_edge", "increment_version", "allow_mutation_on_saved_tensors",
    "region_activation_memory_budget", "set_override_stale_capture_stream",
    "set_warn_on_accumulate_grad_stream_mismatch",
]


class Node(abc.ABC):
    """The type of every `grad_fn`, for isinstance.

    >>> y = torch.ones(1, requires_grad=True) * 2
    >>> isinstance(y.grad_fn, torch.autograd.graph.Node)
    True
    >>> y.grad_fn.name()
    'MulBackward0'
    """

    @abc.abstractmethod
    def name(self):
        """The name of the operation."""

    @property
    @abc.abstractmethod
    def next_functions(self):
        """The nodes of the inputs, as (node, output number)."""

    @abc.abstractmethod
    def metadata(self):
        """A dict for notes of your own."""

    @abc.abstractmethod
    def register_hook(self, fn):
        """Call fn(grad_inputs, grad_outputs) after the node's gradients are computed."""

    @abc.abstractmethod
    def register_prehook(self, fn):
        """Call fn(grad_outputs) before the node's gradients are computed."""

    @classmethod
    def __subclasshook__(cls, subclass):
        if cls is Node and issubclass(subclass, (_C._Node, _C._FunctionBase)):
            return True
        return NotImplemented


class GradientEdge(namedtuple("GradientEdge", ["node", "output_nr", "ownership_token"], defaults=[None])):
    """A place in the graph: output `output_nr` of the call that `node` differentiates.

    `autograd.grad` and `autograd.backward` take it in place of the tensor itself, which may be gone by then.
    """


def get_gradient_edge(tensor):
    """Return the place of `tensor` in the graph.

    >>> x = torch.ones(1, requires_grad=True)
    >>> edge = torch.autograd.graph.get_gradient_edge(x * 2)
    >>> torch.autograd.grad(edge, x, torch.ones(1))
    (tensor([2.]),)
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    node = _C._gradient_node(tensor)
    return GradientEdge(node, tensor.output_nr if tensor.grad_fn is not None else 0)


def increment_version(tensor):
    """Tell autograd that the memory of a tensor (or of several) was changed behind its back.

    >>> x = torch.ones(2)
    >>> torch.autograd.graph.increment_version(x)
    >>> x._version
    1
    """
    for t in (tensor,) if isinstance(tensor, _C.Tensor) else tensor:
        _C._increment_version(t)


class saved_tensors_hooks:
    """Inside, `pack_hook(tensor)` is called for every tensor that the graph saves, and its result is saved instead.

    `unpack_hook(result)` must give the tensor back when backward() needs it.

    >>> x = torch.full((1,), 3.0, requires_grad=True)
    >>> with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), lambda l: torch.tensor(l)):
    ...     y = x * x
    >>> y.backward()
    >>> x.grad
    tensor([6.])
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self):
        _C._push_saved_tensors_hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *exception):
        _C._pop_saved_tensors_hooks()


class save_on_cpu(saved_tensors_hooks):
    """Inside, what the graph saves is kept in the CPU's memory and moved back for backward().

    >>> x = torch.full((1,), 3.0, requires_grad=True)
    >>> with torch.autograd.graph.save_on_cpu():
    ...     y = x * x
    >>> y.backward()
    >>> x.grad
    tensor([6.])
    """

    def __init__(self, pin_memory=False, device_type="cuda"):
        def pack(tensor):
            return tensor.device, tensor.cpu().clone() if tensor.device.type == "cpu" else tensor.cpu()

        def unpack(packed):
            device, tensor = packed
            return tensor.to(device)

        super().__init__(pack, unpack)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message):
    """Inside, using saved_tensors_hooks raises a RuntimeError that says `error_message`.

    >>> with torch.autograd.graph.disable_saved_tensors_hooks("not here"):
    ...     pass
    """
    before = _C._disable_saved_tensors_hooks(error_message)
    try:
        yield
    finally:
        _C._disable_saved_tensors_hooks(before)


class _MultiHandle(RemovableHandle):
    """Removes several handles at once."""

    def __init__(self, handles):
        self.handles = tuple(handles)

    def remove(self):
        """Unregister all of the hooks."""
        for h in self.handles:
            h.remove()

    def __getstate__(self):
        return self.handles

    def __setstate__(self, state):
        self.handles = state


def register_multi_grad_hook(tensors, fn, *, mode="all"):
    """Call `fn` when the gradients of several tensors have been computed.

    With mode "all" it is fn(grads), once in each backward(), after the last of them, with None for those that had no
    gradient;
    with "any" it is fn(grad) for the first. Returns a handle with `remove()`.

    >>> a, b = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
    >>> handle = torch.autograd.graph.register_multi_grad_hook((a, b), lambda grads: print(len(grads)))
    >>> (a * b).backward()
    2
    """
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    if mode == "any":
        last_run = []

        def first(grad):
            run = _C._current_graph_task_id()
            if last_run != [run]:
                last_run[:] = [run]
                fn(grad)

        return _MultiHandle([t.register_hook(first) for t in tensors if t.requires_grad])
    seen = {}

    def make(index):
        def one(grad):
            run = _C._current_graph_task_id()
            state = seen.get(run)
            if state is None:
                seen.clear()  # of the run before, which has ended
                expected = [t.requires_grad and _C._will_engine_execute_node(_C._gradient_node(t)) for t in tensors]
                state = seen[run] = [sum(expected), [None] * len(tensors)]
            state[0] -= 1
            state[1][index] = grad
            if state[0] == 0:
                fn(state[1])

        return one

    return _MultiHandle([t.register_hook(make(i)) for i, t in enumerate(tensors) if t.requires_grad])


@contextlib.contextmanager
def allow_mutation_on_saved_tensors():
    """Inside, tensors that the graph has saved may be changed in place: the graph keeps copies of its own.

    >>> x = torch.ones(1, requires_grad=True)
    >>> with torch.autograd.graph.allow_mutation_on_saved_tensors():
    ...     a = x * 3
    ...     y = a * a
    ...     with torch.no_grad():
    ...         _ = a.zero_()
    ...     y.backward()
    >>> x.grad
    tensor([18.])
    """
    with saved_tensors_hooks(lambda tensor: tensor.clone(), lambda tensor: tensor):
        yield


@contextlib.contextmanager
def region_activation_memory_budget(budget):
    """Raise: the budget is for what `torch.compile` compiles, and Penlight's compile leaves functions as they are."""
    name = "torch.autograd.graph.region_activation_memory_budget"
    if not 0 <= budget <= 1:
        raise ValueError(f"{name}: must be in [0, 1], got {budget}")
    raise RuntimeError(f"{name} can only be used inside a torch.compile region; it has no effect in eager mode.")
    yield


def set_override_stale_capture_stream(enabled):
    """Accept PyTorch's setting for CUDA graphs; Penlight's backward uses no streams of its own."""


def set_warn_on_accumulate_grad_stream_mismatch(enabled):
    """Accept PyTorch's setting for gradients on several CUDA streams; Penlight's backward uses none of its own."""
