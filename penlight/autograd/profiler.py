"""Where the time goes: every operator called from Python, and every node of backward(), with start and end.

Off, the profiler costs nothing. On, it stands before the operators as a TorchFunctionMode.

Example:
    >>> with penlight.autograd.profiler.profile() as profiler:
    ...     y = penlight.ones(2).exp()
    >>> [event.name for event in profiler.function_events]
    ['aten::ones', 'aten::exp']
"""

import contextlib
import functools
import itertools
import json
import os
import threading
import time

import penlight
from penlight import _C
from penlight.overrides import TorchFunctionMode

__all__ = [
    "EnforceUnique",
    "EventList",
    "FunctionEvent",
    "KinetoStepTracker",
    "MemRecordsAcc",
    "emit_itt",
    "emit_nvtx",
    "load_nvprof",
    "profile",
    "record_function",
]

_active = []  # the profiles that record at present, the innermost last


class _Times:
    """What an event and an average of events share."""

    device_time = device_time_total = self_device_time_total = 0
    cuda_time = cuda_time_total = self_cuda_time_total = 0
    device_memory_usage = self_device_memory_usage = 0
    flops = 0
    is_async = is_remote = is_legacy = False
    node_id = -1

    @property
    def cpu_time(self):
        """Microseconds for one call, on average."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_time_str(self):
        """The time for one call as text."""
        return _time_text(self.cpu_time)

    @property
    def cpu_time_total_str(self):
        """The time of all calls as text."""
        return _time_text(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self):
        """The time that was not spent in operators called from within, as text."""
        return _time_text(self.self_cpu_time_total)


class FunctionEvent(_Times):
    """One call of an operator: its name, start and end in microseconds, and the calls within it."""

    count = 1

    def __init__(
        self,
        id,
        name,
        thread,
        start_us,
        end_us,
        overload_name=None,
        fwd_thread=None,
        input_shapes=None,
        stack=None,
        scope=0,
        use_device=None,
        cpu_memory_usage=0,
        is_user_annotation=False,
        **others,
    ):
        self.id, self.name, self.thread, self.key = id, name, thread, name
        self.start_us, self.end_us = start_us, end_us
        self.input_shapes, self.stack, self.scope = input_shapes or [], stack or [], scope
        self.cpu_memory_usage, self.is_user_annotation = cpu_memory_usage, is_user_annotation
        self.cpu_children, self.cpu_parent = [], None

    @property
    def cpu_time_total(self):
        """Microseconds from start to end."""
        return self.end_us - self.start_us

    @property
    def self_cpu_time_total(self):
        """Microseconds that were not spent in calls within."""
        return self.cpu_time_total - sum(child.cpu_time_total for child in self.cpu_children)

    @property
    def self_cpu_memory_usage(self):
        """Bytes that calls within did not take."""
        return self.cpu_memory_usage - sum(child.cpu_memory_usage for child in self.cpu_children)

    def __repr__(self):
        return f"<FunctionEvent id={self.id} name={self.name} cpu_time={self.cpu_time_str} thread={self.thread}>"


class FunctionEventAvg(_Times):
    """The calls of one operator taken together."""

    def __init__(self, key, input_shapes=""):
        self.key, self.input_shapes, self.count = key, input_shapes, 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0

    def add(self, other):
        """Count an event, or another average, in."""
        self.count += other.count
        for name in ("cpu_time_total", "self_cpu_time_total", "cpu_memory_usage", "self_cpu_memory_usage"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        return self

    __iadd__ = add

    def __repr__(self):
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str}  self_cuda_time=0.000us cuda_time=0.000us input_shapes={self.input_shapes} "
            f"cpu_memory_usage={self.cpu_memory_usage} cuda_memory_usage=0>"
        )


class EventList(list):
    """Events, or averages of events, that can be summed up and printed."""

    def __init__(self, *args, profile_memory=False, **options):
        super().__init__(*args)
        self._profile_memory = profile_memory

    @property
    def self_cpu_time_total(self):
        """Microseconds of all events."""
        return sum(event.self_cpu_time_total for event in self)

    def key_averages(self, group_by_input_shapes=False, group_by_stack_n=0, group_by_overload_name=False):
        """Give the events of each name, or of each name and input shapes, taken together."""
        groups = {}
        for event in self:
            shapes = str(event.input_shapes) if group_by_input_shapes else ""
            groups.setdefault((event.key, shapes), FunctionEventAvg(event.key, shapes)).add(event)
        return EventList(groups.values(), profile_memory=self._profile_memory)

    def total_average(self):
        """Give all events taken together."""
        total = FunctionEventAvg("Total", [])
        for event in self:
            total.add(event)
        return total

    def table(
        self,
        sort_by=None,
        row_limit=100,
        max_src_column_width=75,
        max_name_column_width=55,
        max_shapes_column_width=80,
        header=None,
        top_level_events_only=False,
        time_unit=None,
    ):
        """Give the events as a text of columns.

        Args:
            sort_by: what to sort by, the largest first: "cpu_time_total", "self_cpu_time_total", "cpu_time", "count",
                "cpu_memory_usage" or "self_cpu_memory_usage".
            row_limit: how many rows are shown; -1 shows all.
        """
        events = self if sort_by is None else sorted(self, key=lambda event: getattr(event, sort_by), reverse=True)
        if top_level_events_only:
            events = [event for event in events if getattr(event, "cpu_parent", None) is None]
        shown = list(events[:row_limit] if row_limit >= 0 else events)
        shapes = any(event.input_shapes and isinstance(event.input_shapes, str) for event in shown)
        total = self.self_cpu_time_total
        columns = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg"]
        columns += ["CPU Mem", "Self CPU Mem"] * self._profile_memory + ["# of Calls"] + ["Input Shapes"] * shapes
        rows = [_row(event, total, self._profile_memory, shapes, max_name_column_width) for event in shown]
        name_width = min(max((len(str(event.key)) for event in self), default=0) + 4, max_name_column_width)
        widths = [max(name_width, 4), *([12] * (len(columns) - 1))]
        if shapes:
            widths[-1] = min(max(len(row[-1]) for row in rows) + 4, max_shapes_column_width)
        line = "  ".join("-" * width for width in widths) + "  "
        lines = [line, *("  ".join(text.rjust(w) for text, w in zip(row, widths)) + "  " for row in [columns, *rows])]
        lines.insert(2, line)
        text = "\n".join([*lines, line, f"Self CPU time total: {_time_text(total, time_unit)}\n"])
        return text if header is None else f"{'=' * len(line)}\n{header}\n{text}"

    __str__ = table

    def export_chrome_trace(self, path):
        """Write the events to a JSON file, which chrome://tracing and ui.perfetto.dev show."""
        process = os.getpid()
        events = [
            {
                "ph": "X",
                "cat": "user_annotation" if event.is_user_annotation else "cpu_op",
                "name": event.name,
                "pid": process,
                "tid": event.thread,
                "ts": event.start_us,
                "dur": event.cpu_time_total,
                "args": {"External id": event.id, "Input Dims": event.input_shapes},
            }
            for event in self
        ]
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"schemaVersion": 1, "displayTimeUnit": "ms", "traceEvents": events}, file)

    def export_stacks(self, path, metric):
        """Raise: Python's stacks are not recorded; Python's own cProfile does that."""
        raise NotImplementedError("export_stacks(): Python's stacks are not recorded; use cProfile for them")


def _row(event, total, memory, shapes, name_width):
    name = event.key if len(event.key) <= name_width else event.key[: name_width - 3] + "..."
    row = [name]
    for time_us in (event.self_cpu_time_total, event.cpu_time_total):
        row += [f"{100 * time_us / total if total else 0:.2f}%", _time_text(time_us)]
    row.append(event.cpu_time_str)
    if memory:
        row += [_memory_text(event.cpu_memory_usage), _memory_text(event.self_cpu_memory_usage)]
    row.append(str(event.count))
    return [*row, event.input_shapes] if shapes else row


def _time_text(microseconds, unit=None):
    for name, size in (("s", 1e6), ("ms", 1e3)):
        if unit == name or (unit is None and microseconds >= size):
            return f"{microseconds / size:.3f}{name}"
    return f"{microseconds:.3f}us"


def _memory_text(nbytes):
    for name, size in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if abs(nbytes) >= size:
            return f"{nbytes / size:.2f} {name}"
    return f"{nbytes} B"


# ------------------------------------------------------------------------------------------------ recording
class _Recorder(TorchFunctionMode):
    """Turns calls into events; the events of one thread nest."""

    def __init__(self, shapes, memory):
        self.shapes, self.memory, self.events = shapes, memory, []
        self.open, self.numbers = threading.local(), itertools.count(1)

    def stack(self):
        if not hasattr(self.open, "events"):
            self.open.events = []
        return self.open.events

    def begin(self, name, shapes=None, annotation=False):
        stack = self.stack()
        event = FunctionEvent(
            next(self.numbers),
            name,
            threading.get_native_id(),
            0,
            0,
            input_shapes=shapes,
            is_user_annotation=annotation,
        )
        if stack:
            event.cpu_parent = stack[-1]
            stack[-1].cpu_children.append(event)
        stack.append(event)
        self.events.append(event)
        event.cpu_memory_usage = _C._memory_stats()["allocated_bytes"] if self.memory else 0
        event.start_us = event.end_us = time.perf_counter_ns() / 1000
        return event

    def end(self):
        event = self.stack().pop()
        event.end_us = time.perf_counter_ns() / 1000
        if self.memory:
            event.cpu_memory_usage = _C._memory_stats()["allocated_bytes"] - event.cpu_memory_usage

    def __torch_function__(self, func, types, args=(), kwargs=None):
        shapes = [list(a.shape) if isinstance(a, penlight.Tensor) else [] for a in args] if self.shapes else None
        self.begin("aten::" + _NAMES.get(func.__name__, func.__name__.strip("_")), shapes)
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.end()

    def observe(self, name, begins):
        if begins:
            self.begin(name)
        elif self.stack():
            self.end()


_NAMES = {"__getitem__": "index", "__setitem__": "index_put_", "__rsub__": "rsub", "__rtruediv__": "div"}
_NAMES.update({"__radd__": "add", "__rmul__": "mul", "__rpow__": "pow", "__rmod__": "remainder"})


class profile:
    """Records the operators that run inside the `with` block.

    Args:
        enabled: False records nothing.
        record_shapes: keep the shapes of the arguments.
        profile_memory: keep how many bytes each call has taken or given back.

    Example:
        >>> with penlight.autograd.profiler.profile(record_shapes=True) as profiler:
        ...     y = penlight.ones(2, 3).sum()
        >>> profiler.key_averages()[1].count
        1
    """

    def __init__(
        self,
        enabled=True,
        *,
        use_cuda=False,
        use_device=None,
        record_shapes=False,
        with_flops=False,
        profile_memory=False,
        with_stack=False,
        with_modules=False,
        use_kineto=False,
        use_cpu=True,
        experimental_config=None,
        acc_events=False,
        custom_trace_id_callback=None,
        post_processing_timeout_s=None,
        activity_filters=None,
    ):
        self.enabled, self.record_shapes, self.profile_memory = enabled, record_shapes, profile_memory
        self.function_events, self._recorder, self.entered = None, None, False

    def __enter__(self):
        if not self.enabled:
            return self
        if self.entered:
            raise RuntimeError("Profiler context manager is not reentrant")
        self.entered, self._recorder = True, _Recorder(self.record_shapes, self.profile_memory)
        _active.append(self._recorder)
        _C._set_node_observer(self._recorder.observe)
        self._recorder.__enter__()
        return self

    def __exit__(self, *exception):
        if not self.enabled:
            return
        self._recorder.__exit__()
        _active.remove(self._recorder)
        _C._set_node_observer(_active[-1].observe if _active else None)
        self.function_events = EventList(self._recorder.events, profile_memory=self.profile_memory)

    def _events(self):
        if self.function_events is None:
            raise RuntimeError("Profiler didn't finish running")
        return self.function_events

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0, group_by_overload_name=False):
        """Give the events of each name taken together."""
        return self._events().key_averages(group_by_input_shape, group_by_stack_n)

    def table(self, sort_by=None, row_limit=100, header=None, top_level_events_only=False, **widths):
        """Give the events as a text of columns; see EventList.table."""
        return self._events().table(
            sort_by, row_limit, header=header, top_level_events_only=top_level_events_only, **widths
        )

    def total_average(self):
        """Give all events taken together."""
        return self._events().total_average()

    @property
    def self_cpu_time_total(self):
        """Microseconds of all events."""
        return self._events().self_cpu_time_total

    def export_chrome_trace(self, path):
        """Write the events to a JSON file, which chrome://tracing and ui.perfetto.dev show."""
        self._events().export_chrome_trace(path)

    def export_stacks(self, path, metric="self_cpu_time_total"):
        """Raise; see EventList.export_stacks."""
        self._events().export_stacks(path, metric)

    def __str__(self):
        return "<unfinished torch.autograd.profile>" if self.function_events is None else str(self.function_events)

    def __repr__(self):
        return "<unfinished torch.autograd.profile>" if self.function_events is None else repr(self.function_events)


class record_function(contextlib.ContextDecorator):
    """Gives the code inside a `with` block, or a function, a name of its own in profiles.

    Args:
        name: the name.
        args: is ignored.

    Example:
        >>> with penlight.autograd.profiler.record_function("loading"):
        ...     x = penlight.ones(2)
    """

    def __init__(self, name, args=None):
        self.name, self.args, self._recorders = name, args, []

    def _recreate_cm(self):
        return type(self)(self.name, self.args)

    def __enter__(self):
        self._recorders = list(_active)
        for recorder in self._recorders:
            recorder.begin(self.name, annotation=True)
        return self

    def __exit__(self, *exception):
        for recorder in self._recorders:
            if recorder.stack():
                recorder.end()


# ------------------------------------------------------------------------------------------------ the rest
class _NeedsTool:
    def __init__(self, enabled=True, record_shapes=False):
        self.enabled = enabled

    def __enter__(self):
        if self.enabled:
            raise NotImplementedError(f"{type(self).__name__}: {self._why}; use torch.profiler.profile()")
        return self

    def __exit__(self, *exception):
        return None


class emit_nvtx(_NeedsTool):
    """Would mark operators for NVIDIA's profilers, which need a GPU; with enabled=False it does nothing."""

    _why = "NVIDIA's profilers need a GPU"


class emit_itt(_NeedsTool):
    """Would mark operators for Intel's profilers; with enabled=False it does nothing."""

    _why = "Intel's profilers are not connected"


def load_nvprof(path):
    """Raise: files of NVIDIA's profiler are not read."""
    raise NotImplementedError("load_nvprof(): files of NVIDIA's profiler are not read; use torch.profiler.profile()")


class EnforceUnique:
    """Raises RuntimeError when a key is seen twice."""

    def __init__(self):
        self.seen = set()

    def see(self, *key):
        """Note a key."""
        if key in self.seen:
            raise RuntimeError("duplicate key: " + str(key))
        self.seen.add(key)


class KinetoStepTracker:
    """Counts the steps of programs and optimizers; the largest count is the profiler's step."""

    _steps, _current = {}, 0

    @classmethod
    def init_step_count(cls, requester):
        """Begin to count for somebody, from the present step on."""
        cls._steps[requester] = cls._current

    @classmethod
    def erase_step_count(cls, requester):
        """Stop to count for somebody; give whether there was a count."""
        return cls._steps.pop(requester, None) is not None

    @classmethod
    def increment_step(cls, requester):
        """Count a step for somebody; give the profiler's step."""
        cls._steps[requester] = cls._steps.get(requester, cls._current) + 1
        cls._current = max(cls._steps.values())
        return cls._current

    @classmethod
    def current_step(cls):
        """Give the profiler's step."""
        return cls._current


class MemRecordsAcc:
    """Finds the memory records of a span of time."""

    def __init__(self, mem_records):
        self._records = sorted(mem_records, key=lambda record: record[0].start_ns())

    def in_interval(self, start_us, end_us):
        """Give the records from start to end, in microseconds, one after the other."""
        return (record for record in self._records if start_us * 1000 <= record[0].start_ns() <= end_us * 1000)


kineto_available = functools.partial(bool, 0)
kineto_available.__doc__ = (
    "Give False: PyTorch's Kineto library is not part of Penlight, which has a profiler of its own."
)
