"""Checkpoints: spend time to save memory. What a checkpointed function saves for backward() is thrown away and computed
again when it is needed.

Example:
    >>> x = penlight.ones(2, requires_grad=True)
    >>> y = checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False)
    >>> y.sum().backward()
"""

import contextlib
import enum
import warnings

import penlight
from penlight import _C
from penlight._C import Tensor
from penlight.autograd.graph import saved_tensors_hooks

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "CheckpointPolicy",
    "DefaultDeviceType",
    "GraphExecGroup",
    "SelectiveCheckpointContext",
    "checkpoint",
    "checkpoint_sequential",
    "create_selective_checkpoint_contexts",
    "set_checkpoint_debug_enabled",
    "set_checkpoint_early_stop",
    "set_device_states",
]

_early_stop = {"enabled": True}


class CheckpointError(RuntimeError):
    """The second computation saved other tensors than the first."""


class _Enough(Exception):
    """Ends a recomputation that has saved all that is needed."""

    def __init__(self, frame):
        self.frame = frame


def noop_context_fn():
    """Give two contexts that do nothing, for the first computation and for the second."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function,
    *args,
    use_reentrant=None,
    context_fn=noop_context_fn,
    determinism_check="default",
    debug=False,
    early_stop=True,
    **kwargs,
):
    """Give `function(*args, **kwargs)` without keeping what its gradient needs; backward() computes that again.

    Args:
        function: is called twice and must compute the same both times. Random numbers are the same.
        use_reentrant: False is recommended. True computes the gradient by a backward() within backward(): only
            tensors among args get gradients then, and torch.autograd.grad does not work.
        context_fn: gives two contexts, for the first computation and for the second.
        determinism_check: "default" compares shapes, dtypes and devices of what is saved; "none" does not.
        debug: accepted; an error names the tensors in any case.
        early_stop: end the second computation as soon as it has saved enough.
        preserve_rng_state (a keyword): False lets random numbers differ the second time.

    Example:
        >>> layer = penlight.nn.Linear(2, 2)
        >>> checkpoint(layer, penlight.ones(1, 2), use_reentrant=False).shape
        torch.Size([1, 2])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. use_reentrant=False is "
            "recommended; without it the reentrant way is taken.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    first, second = context_fn()
    frame = _Frame(function, args, kwargs, preserve, second, determinism_check, early_stop and _early_stop["enabled"])
    with saved_tensors_hooks(frame.pack, _unpack), first:
        return function(*args, **kwargs)


class _RandomState:
    """Lets a second computation draw the first one's random numbers, and computes it with the same autocast."""

    def __init__(self, preserve):
        self.state = penlight.get_rng_state() if preserve else None

    @contextlib.contextmanager
    def again(self):
        if self.state is None:
            yield
            return
        with penlight.random.fork_rng():
            penlight.set_rng_state(self.state)
            yield


# ---------------------------------------------------------------- recomputing when a saved tensor is asked for
class _SavedInputs(penlight.autograd.Function):
    """Keeps the inputs the way a node keeps tensors: an outer checkpoint can throw them away too."""

    @staticmethod
    def forward(ctx, anchor, *tensors):
        ctx.save_for_backward(*tensors)
        return _C.empty(0)

    @staticmethod
    def backward(ctx, *grads):
        raise AssertionError("the inputs of a checkpoint are only saved, never differentiated")


class _Frame:
    """One checkpointed call: how to compute again, and what that gave."""

    def __init__(self, function, args, kwargs, preserve, context, determinism_check, early_stop):
        self.function, self.context = function, context
        self.random, self.checked, self.early_stop = _RandomState(preserve), determinism_check != "none", early_stop
        self.names, given = list(kwargs), [*args, *kwargs.values()]
        self.others = [None if isinstance(a, Tensor) else a for a in given]
        self.where = [i for i, a in enumerate(given) if isinstance(a, Tensor)]
        self.needs_grad = [given[i].requires_grad for i in self.where]
        self.saver = _SavedInputs.apply(_C.empty(0, requires_grad=True), *(given[i] for i in self.where)).grad_fn
        self.kinds = []  # of each tensor saved: its shape, dtype and device
        self.recomputed = {}  # number of a backward run -> {place: tensor}

    def pack(self, tensor):
        self.kinds.append(_kind(tensor))
        return self, len(self.kinds) - 1

    def inputs(self):
        given = list(self.others)
        saved = self.saver.saved_tensors if self.saver is not None else ()
        for i, tensor, needs_grad in zip(self.where, saved, self.needs_grad):
            given[i] = tensor.detach().requires_grad_(needs_grad)
        count = len(given) - len(self.names)
        return given[:count], dict(zip(self.names, given[count:]))

    def recompute(self):
        saved = []

        def pack(tensor):
            saved.append(tensor.detach())
            if self.early_stop and len(saved) == len(self.kinds):
                raise _Enough(self)
            return saved[-1]

        args, kwargs = self.inputs()
        try:
            with self.random.again(), penlight.enable_grad(), saved_tensors_hooks(pack, lambda t: t), self.context:
                self.function(*args, **kwargs)
        except _Enough as enough:
            if enough.frame is not self:
                raise
        if len(saved) != len(self.kinds):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the original forward and "
                f"recomputation.\nNumber of tensors saved during forward: {len(self.kinds)}\n"
                f"Number of tensors saved during recomputation: {len(saved)}."
            )
        if self.checked:
            self.compare(saved)
        return dict(enumerate(saved))

    def compare(self, saved):
        other = [i for i, tensor in enumerate(saved) if _kind(tensor) != self.kinds[i]]
        if other:
            lines = "".join(
                f"tensor at position {i}:\nsaved metadata: {self.kinds[i]}\nrecomputed metadata: {_kind(saved[i])}\n"
                for i in other
            )
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have different metadata than "
                f"during the forward pass.\n{lines}"
            )


def _kind(tensor):
    return {"shape": tensor.shape, "dtype": tensor.dtype, "device": tensor.device}


def _unpack(packed):
    frame, place = packed
    run = _C._current_graph_task_id()
    if place not in frame.recomputed.get(run, ()):
        frame.recomputed = {run: frame.recompute()}  # what an earlier run has left is of no more use
    return frame.recomputed[run].pop(place)


# ---------------------------------------------------------------- recomputing within backward
class CheckpointFunction(penlight.autograd.Function):
    """The reentrant way: the function's backward computes it again and runs backward() on that."""

    @staticmethod
    def forward(ctx, run_function, preserve_rng_state, *args):
        """Compute without recording; keep the arguments."""
        if not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", stacklevel=3)
        ctx.run_function, ctx.random = run_function, _RandomState(preserve_rng_state)
        ctx.others = [None if isinstance(a, Tensor) else a for a in args]
        ctx.where = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.save_for_backward(*(args[i] for i in ctx.where))
        with penlight.no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx, *grads):
        """Compute again, with recording, and differentiate that."""
        if _C._current_run_is_selective():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or passing an `inputs` "
                "parameter to .backward(). To resolve this error, you can either set use_reentrant=False, or call "
                ".backward() without passing the `inputs` argument."
            )
        inputs = list(ctx.others)
        for i, tensor in zip(ctx.where, ctx.saved_tensors):
            inputs[i] = tensor.detach().requires_grad_(tensor.requires_grad)
        with ctx.random.again(), penlight.enable_grad():
            outputs = ctx.run_function(*inputs)
        outputs = (outputs,) if isinstance(outputs, Tensor) else outputs
        pairs = [(o, g) for o, g in zip(outputs, grads) if isinstance(o, Tensor) and o.requires_grad]
        if not pairs:
            raise RuntimeError("none of output has requires_grad=True, this checkpoint() is not necessary")
        penlight.autograd.backward(*zip(*pairs))
        return (None, None, *(a.grad if isinstance(a, Tensor) else None for a in inputs))


def checkpoint_sequential(functions, segments, input, use_reentrant=None, **kwargs):
    """Give what a chain of functions makes of the input, checkpointed in segments; the last one is not.

    Args:
        functions: an nn.Sequential, or a list of functions.
        segments: into how many pieces the chain is cut.
        use_reentrant: see checkpoint.

    Example:
        >>> checkpoint_sequential([penlight.sin, penlight.cos], 2, penlight.zeros(1), use_reentrant=False)
        tensor([1.])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be passed explicitly. "
            "use_reentrant=False is recommended; without it the reentrant way is taken.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    functions = list(functions.children()) if isinstance(functions, penlight.nn.Sequential) else list(functions)
    length = len(functions) // segments

    def piece(start, end):
        def run(x):
            for function in functions[start:end]:
                x = function(x)
            return x

        return run

    for k in range(segments - 1):
        part = piece(k * length, (k + 1) * length)
        input = checkpoint(part, input, use_reentrant=use_reentrant, preserve_rng_state=preserve)
    return piece((segments - 1) * length, len(functions))(input)


# ---------------------------------------------------------------- settings, and what needs an operator's interception
@contextlib.contextmanager
def set_checkpoint_early_stop(enable):
    """Inside, second computations end as soon as they have saved enough, or not; they do at first."""
    before, _early_stop["enabled"] = _early_stop["enabled"], enable
    try:
        yield
    finally:
        _early_stop["enabled"] = before


@contextlib.contextmanager
def set_checkpoint_debug_enabled(enabled):
    """Accept PyTorch's switch; errors always name the tensors that differ."""
    yield


class CheckpointPolicy(enum.Enum):
    """What PyTorch's selective checkpoints say about an operator's result."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


SAC_IGNORED_OPS = set()


class SelectiveCheckpointContext:
    """What PyTorch gives to the policy of a selective checkpoint."""

    def __init__(self, *, is_recompute, op_output=None):
        self.is_recompute, self.op_output = is_recompute, op_output


def create_selective_checkpoint_contexts(policy_fn_or_list, allow_cache_entry_mutation=False):
    """Raise: single operators inside a checkpoint cannot be kept; checkpoint smaller pieces instead."""
    raise NotImplementedError(
        "selective checkpoints are not there: call checkpoint() on the pieces whose results need not be kept"
    )


class DefaultDeviceType:
    """The device whose random state a checkpoint would keep besides the CPU's."""

    _type = "cuda"

    @staticmethod
    def set_device_type(device="cuda"):
        """Set the device type."""
        DefaultDeviceType._type = device

    @staticmethod
    def get_device_type():
        """Give the device type."""
        return DefaultDeviceType._type


def set_device_states(devices, states, *, device_type=None):
    """Restore random states of accelerators; the list is empty, as there are none."""
    if len(list(devices)):
        raise RuntimeError("set_device_states: there is no accelerator")


class GraphExecGroup:
    """Groups several backward runs, so that they share one second computation.

    Penlight computes again for each run; inside the block that is all the same.
    """

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return None
