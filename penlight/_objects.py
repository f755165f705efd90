"""Small things of `torch.*` that are no operators: control flow, symbolic numbers, streams and events."""

import builtins
import enum
import math
import time

from penlight import _C
from penlight._C import Tensor

__all__ = [
    "AcceleratorError",
    "Event",
    "OutOfMemoryError",
    "Stream",
    "SymBool",
    "SymFloat",
    "SymInt",
    "Tag",
    "classproperty",
    "compile",
    "cond",
    "get_device",
    "get_file_path",
    "is_distributed",
    "prepare_multiprocessing_environment",
    "profiler_allow_cudagraph_cupti_lazy_reinit_cuda12",
    "sym_float",
    "sym_int",
    "sym_ite",
    "sym_max",
    "sym_min",
    "sym_not",
    "sym_sqrt",
    "sym_sum",
    "while_loop",
]


class OutOfMemoryError(RuntimeError):
    """An accelerator has no memory left; the CPU raises RuntimeError or MemoryError."""


class AcceleratorError(RuntimeError):
    """An accelerator reports a failure."""


class Tag(enum.IntEnum):
    """What PyTorch notes about its operators; for programs that mention the names."""

    core = enum.auto()
    data_dependent_output = enum.auto()
    dynamic_output_shape = enum.auto()
    inplace = enum.auto()
    inplace_view = enum.auto()
    nondeterministic_seeded = enum.auto()
    out = enum.auto()
    pointwise = enum.auto()
    reduction = enum.auto()
    view_copy = enum.auto()


# ---------------------------------------------------------------- streams and events
class Stream:
    """The order in which a device does its work. The CPU has one and does everything at once, so that waiting is over.

    Args:
        device: the device; the CPU.
        priority: without effect.
    """

    stream_id, device_index, device_type = 0, -1, 0

    def __init__(self, device=None, *, priority=0):
        self.device = _only_cpu(device)

    def query(self):
        """Give True: everything is done."""
        return True

    def synchronize(self):
        """Return at once: everything is done."""

    def wait_event(self, event):
        """Return at once: everything before the event is done."""

    def wait_stream(self, stream):
        """Return at once: everything in the other stream is done."""

    def record_event(self, event=None):
        """Note the time in an event and give it."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        return None

    def __repr__(self):
        return "torch.Stream device_type=cpu, device_index=-1, stream_id=0"


class Event:
    """A moment in a stream's work, to measure the time between two.

    Args:
        device: the device; the CPU.
        enable_timing: let `elapsed_time` work.

    Example:
        >>> start, end = penlight.Event(enable_timing=True), penlight.Event(enable_timing=True)
        >>> start.record(); end.record()
        >>> start.elapsed_time(end) >= 0
        True
    """

    event_id = 0

    def __init__(self, device=None, *, enable_timing=False, blocking=False, interprocess=False):
        self.device, self._timed, self._at = _only_cpu(device), enable_timing, None

    def record(self, stream=None):
        """Note the present moment."""
        self._at = time.perf_counter()

    def query(self):
        """Give True: what came before is done."""
        return True

    def wait(self, stream=None):
        """Return at once: what came before is done."""

    def synchronize(self):
        """Return at once: what came before is done."""

    def elapsed_time(self, end_event):
        """Give the milliseconds from this event to another."""
        if not (self._timed and end_event._timed):
            raise ValueError("Both events must be created with argument 'enable_timing=True'.")
        if self._at is None or end_event._at is None:
            raise ValueError("Both events must be recorded before calculating elapsed time.")
        return (end_event._at - self._at) * 1000

    def __repr__(self):
        return "torch.Event device_type=cpu, device_index=-1, event_flag=0, event_id=0"


def _only_cpu(device):
    device = _C.device("cpu" if device is None else device)
    if device.type != "cpu":
        from penlight._tensor import _no_cuda

        _no_cuda()
    return device


# ---------------------------------------------------------------- control flow
def cond(pred, true_fn, false_fn, operands=()):
    """Call `true_fn(*operands)` if pred is true, else `false_fn(*operands)`.

    Args:
        pred: a bool or a tensor with one bool.

    Example:
        >>> penlight.cond(penlight.tensor(True), lambda x: x + 1, lambda x: x - 1, (penlight.zeros(2),))
        tensor([1., 1.])
    """
    if not isinstance(pred, (builtins.bool, builtins.int, builtins.float, Tensor)):
        raise RuntimeError(f"Expected pred to be bool or tensor, but got {pred}.")
    return true_fn(*operands) if pred else false_fn(*operands)


def while_loop(cond_fn, body_fn, carried_inputs):
    """Give what `body_fn` makes of the inputs, called with its own results as long as `cond_fn` of them is true.

    Args:
        cond_fn: takes the carried values, gives a bool or a tensor with one.
        body_fn: takes the carried values, gives a tuple of as many.
        carried_inputs: the first values, a tuple.

    Example:
        >>> penlight.while_loop(lambda i: i < 3, lambda i: (i + 1,), (penlight.tensor(0),))
        (tensor(3),)
    """
    carried = tuple(carried_inputs)
    while cond_fn(*carried):
        given = body_fn(*carried)
        carried = tuple(given) if isinstance(given, (tuple, list)) else (given,)
    return carried


def compile(
    model=None,
    *,
    fullgraph=False,
    dynamic=None,
    backend=None,
    mode=None,
    options=None,
    name=None,
    disable=False,
    recompile_limit=None,
    isolate_recompiles=False,
    shapes_spec=None,
):
    """Give the function or module back as it is: Penlight's operators run at once and need no compiler.

    A callable `backend` is never called; the settings are checked where PyTorch refuses them, and else without effect.

    Example:
        >>> penlight.compile(abs)(-2)
        2
    """
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    return model if model is not None else lambda m: m


# ---------------------------------------------------------------- numbers that a compiler would not know yet
class _Symbolic:
    def __init__(self, node):
        raise NotImplementedError(
            f"torch.{type(self).__name__}: sizes are plain Python numbers in Penlight, as nothing is traced"
        )


class SymInt(_Symbolic):
    """PyTorch's int of a traced program; here sizes are always ints, and none of this type exists."""


class SymFloat(_Symbolic):
    """PyTorch's float of a traced program; none of this type exists."""


class SymBool(_Symbolic):
    """PyTorch's bool of a traced program; none of this type exists."""


def sym_int(a):
    """Give the number as an int, cut towards zero."""
    return math.trunc(a)


def sym_float(a):
    """Give the number as a float."""
    return builtins.float(a)


def sym_not(a):
    """Give the opposite of a bool."""
    return not a


def sym_max(a, b):
    """Give the larger number; a float if one of them is."""
    return max(builtins.float(a), builtins.float(b)) if builtins.float in (type(a), type(b)) else max(a, b)


def sym_min(a, b):
    """Give the smaller number; a float if one of them is."""
    return min(builtins.float(a), builtins.float(b)) if builtins.float in (type(a), type(b)) else min(a, b)


def sym_ite(b, t, f):
    """Give t if b is true, else f."""
    return t if b else f


def sym_sqrt(a):
    """Give the square root of a number."""
    return math.sqrt(a)


def sym_sum(args):
    """Give the sum of numbers."""
    return builtins.sum(args)


# ---------------------------------------------------------------- questions
def get_device(input):
    """Give the index of the GPU that a tensor is on, or -1 for the CPU."""
    return input.get_device()


def is_distributed(input):
    """Give False: no tensor is spread over several machines."""
    return False


class classproperty:
    """A property of a class itself, not of its objects."""

    def __init__(self, func):
        self.func = func

    def __get__(self, instance, owner):
        return self.func(owner)


def get_file_path(*path_components):
    """Give the path of a file in the package's folder."""
    import os

    return os.path.join(os.path.dirname(__file__), *path_components)


def prepare_multiprocessing_environment(path):
    """Do nothing: processes find their libraries by themselves."""


def profiler_allow_cudagraph_cupti_lazy_reinit_cuda12():
    """Give True: there are no CUDA graphs that the profiler could disturb."""
    return True
