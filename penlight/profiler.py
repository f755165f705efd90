"""torch.profiler: what takes the time, over chosen steps of a training loop.

Example:
    >>> with penlight.profiler.profile() as profiler:
    ...     y = penlight.ones(100).exp().sum()
    >>> profiler.key_averages()[0].key
    'aten::ones'
"""

import enum
import os
import socket
import time

from penlight.autograd import profiler as _events
from penlight.autograd.profiler import KinetoStepTracker, kineto_available, record_function

__all__ = [
    "DeviceType",
    "ExecutionTraceObserver",
    "KinetoStepTracker",
    "ProfilerAction",
    "ProfilerActivity",
    "kineto_available",
    "profile",
    "record_function",
    "schedule",
    "supported_activities",
    "tensorboard_trace_handler",
]


class ProfilerAction(enum.Enum):
    """What a profiler does in a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3
    DEVICE_STOPPED = 4


class ProfilerActivity(enum.Enum):
    """What can be recorded; here it is the CPU."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5


class DeviceType(enum.Enum):
    """The kinds of devices that events name."""

    CPU = 0
    CUDA = 1


def supported_activities():
    """Give the activities that can be recorded: the CPU's."""
    return {ProfilerActivity.CPU}


def schedule(*, wait, warmup, active, repeat=0, skip_first=0, skip_first_wait=0):
    """Give a function from the number of a step to what the profiler does in it.

    Args:
        wait, warmup, active: steps of a cycle without recording, with recording that is thrown away, with recording.
        repeat: how many cycles; 0 goes on until the end.
        skip_first: steps before the first cycle.
        skip_first_wait: 1 leaves out the first cycle's wait.

    Example:
        >>> plan = penlight.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
        >>> [plan(step).name for step in range(5)]
        ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got {wait=} (need >= 0), {warmup=} (need >= 0), {active=} "
            f"(need > 0), {repeat=} (need >= 0), {skip_first=} (need >= 0)."
        )

    def plan(step):
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        if step < skip_first:
            return ProfilerAction.NONE
        step -= skip_first
        if skip_first_wait:
            step += wait
        length = wait + warmup + active
        if repeat and step // length >= repeat:
            return ProfilerAction.NONE
        at = step % length
        if at < wait:
            return ProfilerAction.NONE
        if at < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if at < length - 1 else ProfilerAction.RECORD_AND_SAVE

    return plan


class profile:
    """Records the operators inside a `with` block: all of them, or those of the steps that a schedule names.

    Args:
        activities: which to record; the CPU's are.
        schedule: a function from the number of a step to a ProfilerAction; `step()` counts.
        on_trace_ready: is called with the profiler after each recording.
        record_shapes, profile_memory: keep shapes of arguments, bytes taken.
        with_stack, with_flops, with_modules: accepted; stacks and operations are not counted.

    Example:
        >>> with penlight.profiler.profile(record_shapes=True) as profiler:
        ...     with penlight.profiler.record_function("sum"):
        ...         y = penlight.ones(3).sum()
        >>> [event.key for event in profiler.key_averages()]
        ['sum', 'aten::ones', 'aten::sum']
    """

    def __init__(
        self,
        *,
        activities=None,
        schedule=None,
        on_trace_ready=None,
        record_shapes=False,
        profile_memory=False,
        with_stack=False,
        with_flops=False,
        with_modules=False,
        experimental_config=None,
        execution_trace_observer=None,
        acc_events=False,
        use_cuda=None,
        custom_trace_id_callback=None,
        post_processing_timeout_s=None,
    ):
        self.activities = set(activities) if activities else supported_activities()
        self.schedule, self.on_trace_ready = schedule or (lambda step: ProfilerAction.RECORD), on_trace_ready
        self.record_shapes, self.profile_memory = record_shapes, profile_memory
        self.step_num, self._running, self.profiler, self._metadata = 0, None, None, {}
        self._step, self._names_steps = None, schedule is not None
        self.current_action = self.schedule(0)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self.stop()

    def start(self):
        """Begin with the first step."""
        self._enter()

    def stop(self):
        """End; a recording that is under way is handed to on_trace_ready."""
        self._end_step()
        if self._leave() and self.on_trace_ready:
            self.on_trace_ready(self)

    def step(self):
        """Say that the next step begins."""
        self._end_step()
        saves = self.current_action == ProfilerAction.RECORD_AND_SAVE
        following = self.schedule(self.step_num + 1)
        recording = (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        if saves or (self.current_action in recording) != (following in recording):
            left = self._leave()
            if saves and left and self.on_trace_ready:
                self.on_trace_ready(self)
        self.step_num, self.current_action = self.step_num + 1, following
        KinetoStepTracker.increment_step("ProfilerStep")
        self._enter()

    def _enter(self):
        if self.current_action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            if self._running is None:
                self._running = _events.profile(record_shapes=self.record_shapes, profile_memory=self.profile_memory)
                self._running.__enter__()
            if self._names_steps:
                self._step = record_function(f"ProfilerStep#{self.step_num}").__enter__()

    def _end_step(self):
        if self._step is not None:
            self._step.__exit__()
            self._step = None

    def _leave(self):
        if self._running is None:
            return False
        self._running.__exit__()
        self.profiler, self._running = self._running, None
        return True

    def events(self):
        """Give the events of the last recording, one for each call."""
        if self.profiler is None:
            raise AssertionError("Profiler didn't finish running")
        return self.profiler.function_events

    def key_averages(self, group_by_input_shape=False, group_by_stack_n=0, group_by_overload_name=False):
        """Give the events of each name taken together; `.table()` of that is a text."""
        return self.events().key_averages(group_by_input_shape, group_by_stack_n)

    def export_chrome_trace(self, path, use_python_export=False):
        """Write the events to a JSON file (compressed where the name ends in .gz), for ui.perfetto.dev."""
        if not path.endswith(".gz"):
            self.events().export_chrome_trace(path)
            return
        import gzip

        self.events().export_chrome_trace(path[:-3])
        with open(path[:-3], "rb") as plain, gzip.open(path, "wb") as packed:
            packed.write(plain.read())
        os.remove(path[:-3])

    def export_stacks(self, path, metric="self_cpu_time_total"):
        """Raise: Python's stacks are not recorded; Python's own cProfile does that."""
        self.events().export_stacks(path, metric)

    def export_memory_timeline(self, path, device=None):
        """Raise: allocations are not followed one by one."""
        raise NotImplementedError("export_memory_timeline(): use profile_memory=True and key_averages()")

    def add_metadata(self, key, value):
        """Keep a note with the profile."""
        self._metadata[key] = value

    add_metadata_json = add_metadata


def tensorboard_trace_handler(dir_name, worker_name=None, use_gzip=False, use_python_export=False):
    """Give a function for on_trace_ready that writes each recording to a file in a folder."""

    def write(profiler):
        os.makedirs(dir_name, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        name = f"{worker}.{time.time_ns()}.pt.trace.json" + (".gz" if use_gzip else "")
        profiler.export_chrome_trace(os.path.join(dir_name, name))

    return write


class ExecutionTraceObserver:
    """Would write the graph of operators to a file; profiles are written by export_chrome_trace."""

    def register_callback(self, output_file_path):
        """Raise NotImplementedError."""
        raise NotImplementedError("ExecutionTraceObserver: use torch.profiler.profile().export_chrome_trace()")
