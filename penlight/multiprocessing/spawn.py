"""Running one function in several processes, with the first error brought back."""

import multiprocessing
import multiprocessing.connection
import signal
import sys
import time
import traceback

__all__ = [
    "ENV_VAR_PARALLEL_START",
    "ProcessContext",
    "ProcessException",
    "ProcessExitedException",
    "ProcessRaisedException",
    "SpawnContext",
    "spawn",
    "start_processes",
]

ENV_VAR_PARALLEL_START = "TORCH_MP_PARALLEL_START"


class ProcessException(Exception):
    """One of the processes ended in an error; `error_index` says which."""

    def __init__(self, msg, error_index, pid):
        super().__init__(msg)
        self.msg, self.error_index, self.pid = msg, error_index, pid

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.pid)


class ProcessRaisedException(ProcessException):
    """One of the processes raised an exception: its traceback is in the message."""

    def __init__(self, msg, error_index, error_pid):
        super().__init__(msg, error_index, error_pid)


class ProcessExitedException(ProcessException):
    """One of the processes was ended by a signal or left with an exit code."""

    def __init__(self, msg, error_index, error_pid, exit_code, signal_name=None):
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name

    def __reduce__(self):
        return type(self), (self.msg, self.error_index, self.pid, self.exit_code, self.signal_name)


def _run(fn, index, args, errors):
    """What a process does: call fn(index, *args), and tell of an exception before leaving with code 1."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # the parent reports an interrupt; children just end
    try:
        fn(index, *args)
    except Exception:
        errors.send(traceback.format_exc())
        sys.exit(1)


class ProcessContext:
    """The processes that `spawn(join=False)` started; `join()` waits for them."""

    def __init__(self, processes, errors):
        self.processes, self._errors = processes, errors
        self.sentinels = {process.sentinel: index for index, process in enumerate(processes)}

    def pids(self):
        """Give the process ids."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout=None, grace_period=None):
        """Wait until a process ends; True when all have ended well, False if some still run.

        Args:
            timeout: seconds to wait at most.
            grace_period: seconds that the others get to end by themselves after one has failed.

        Raises ProcessRaisedException or ProcessExitedException for the first that failed, after ending the others.
        """
        if not self.sentinels:
            return True
        failed = None
        for sentinel in multiprocessing.connection.wait(self.sentinels, timeout=timeout):
            index = self.sentinels.pop(sentinel)
            self.processes[index].join()
            if self.processes[index].exitcode != 0:
                failed = index
                break
        if failed is None:
            return not self.sentinels
        self._end_others(grace_period)
        self._raise(failed)

    def _end_others(self, grace_period):
        end = time.monotonic() + (grace_period or 0)
        for process in self.processes:
            process.join(max(0.0, end - time.monotonic()))
        for action in ("terminate", "kill"):
            running = [process for process in self.processes if process.is_alive()]
            for process in running:
                getattr(process, action)()
            end = time.monotonic() + 30
            for process in running:
                process.join(max(0.0, end - time.monotonic()))

    def _raise(self, index):
        process = self.processes[index]
        try:
            text = self._errors[index].recv()
        except EOFError:
            pass
        else:
            raise ProcessRaisedException(
                f"\n\n-- Process {index} terminated with the following error:\n{text}", index, process.pid
            )
        if process.exitcode < 0:
            try:
                name = signal.Signals(-process.exitcode).name
            except ValueError:
                name = f"<Unknown signal {-process.exitcode}>"
            raise ProcessExitedException(
                f"process {index} terminated with signal {name}", index, process.pid, process.exitcode, name
            )
        raise ProcessExitedException(
            f"process {index} terminated with exit code {process.exitcode}", index, process.pid, process.exitcode
        )


SpawnContext = ProcessContext


def start_processes(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """Call fn(i, *args) in `nprocs` processes, i counting from 0; see spawn()."""
    context = multiprocessing.get_context(start_method)
    processes, errors = [], []
    for index in range(nprocs):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_run, args=(fn, index, args, sender), daemon=daemon)
        process.start()
        sender.close()
        processes.append(process)
        errors.append(receiver)
    running = ProcessContext(processes, errors)
    if not join:
        return running
    while not running.join():
        pass


def spawn(fn, args=(), nprocs=1, join=True, daemon=False, start_method="spawn"):
    """Start `nprocs` processes that each call fn(i, *args), where i is the number of the process.

    Args:
        fn: a function at the top level of a module; its first argument is the process number.
        args: the other arguments; tensors among them are shared.
        nprocs: how many processes.
        join: wait for all of them, and raise if one fails; otherwise give a ProcessContext.
        daemon: whether the processes end with this one.
        start_method: "spawn"; use start_processes() for another one.

    Errors: ProcessRaisedException with the traceback of the first process that raised, ProcessExitedException for one
    that was killed.
    """
    if start_method != "spawn":
        raise ValueError(
            f"spawn() starts processes by 'spawn', not {start_method!r}: call start_processes(start_method=...)"
        )
    return start_processes(fn, args, nprocs, join, daemon, start_method)
