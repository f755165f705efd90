"""The profiler, and the function modes on which it stands."""

import gzip
import json
import threading

import pytest

import penlight as torch
from penlight.overrides import TorchFunctionMode
from penlight.profiler import ProfilerAction, profile, record_function, schedule, tensorboard_trace_handler


class Names(TorchFunctionMode):
    """Writes down what is called."""

    def __init__(self):
        self.names = []

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


def test_a_mode_sees_every_operator():
    x = torch.ones(3)
    with Names() as mode:
        y = 2 * (x + 1)[0]
        y = torch.stack([y, y]).exp_().neg()
        x[1] = 5
    assert mode.names == ["add", "__getitem__", "__rmul__", "stack", "exp_", "neg", "__setitem__"]
    assert y.shape == (2,) and x.tolist() == [1.0, 5.0, 1.0]
    before = list(mode.names)
    torch.ones(2) + 1
    assert mode.names == before


def test_modes_nest_and_belong_to_a_thread():
    with Names() as outer, Names() as inner:
        torch.ones(1).abs()
        other = threading.Thread(target=lambda: torch.ones(1).exp())
        other.start()
        other.join()
    assert inner.names == outer.names == ["ones", "abs"]


def test_a_mode_can_answer_itself():
    class Seven(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return 7

    with Seven():
        assert torch.ones(2) == 7
    with pytest.raises(NotImplementedError, match="must define"), TorchFunctionMode():
        torch.ones(2)
    assert torch.ones(1).item() == 1


def test_events_and_their_parents():
    x = torch.ones(4, 4, requires_grad=True)
    with profile(record_shapes=True, profile_memory=True) as profiler:
        with record_function("forward"):
            y = x.relu().sum()
        y.backward()
    parents = {event.name: event.cpu_parent and event.cpu_parent.name for event in profiler.events()}
    assert parents["aten::relu"] == "forward" and parents["ReluBackward0"] == "aten::backward"
    averages = {event.key: event for event in profiler.key_averages(group_by_input_shape=True)}
    assert averages["aten::relu"].input_shapes == "[[4, 4]]" and averages["aten::relu"].cpu_memory_usage >= 64
    forward = averages["forward"]
    assert forward.cpu_time_total >= forward.self_cpu_time_total >= 0


def test_table():
    with profile() as profiler:
        for _ in range(3):
            torch.ones(2).exp()
    text = profiler.key_averages().table(sort_by="count", row_limit=1)
    lines = text.splitlines()
    assert lines[1].split()[:2] == ["Name", "Self"] and lines[3].split()[0] == "aten::ones" and lines[3].split()[-1] == "3"
    assert lines[-1].startswith("Self CPU time total: ") and len(lines) == 6


def test_schedule():
    plan = schedule(wait=1, warmup=1, active=2, repeat=1, skip_first=1)
    names = [plan(step).name for step in range(7)]
    assert names == ["NONE", "NONE", "WARMUP", "RECORD", "RECORD_AND_SAVE", "NONE", "NONE"]
    with pytest.raises(AssertionError, match="Invalid profiler schedule"):
        schedule(wait=0, warmup=0, active=0)
    recorded = []
    with profile(
        schedule=lambda step: ProfilerAction.RECORD_AND_SAVE if step == 1 else ProfilerAction.NONE,
        on_trace_ready=lambda profiler: recorded.append([event.name for event in profiler.events()]),
    ) as profiler:
        for _ in range(3):
            torch.ones(2)
            profiler.step()
    assert recorded == [["ProfilerStep#1", "aten::ones"]]


def test_files(tmp_path):
    with profile(on_trace_ready=tensorboard_trace_handler(str(tmp_path), use_gzip=True)) as profiler:
        torch.ones(2)
    (packed,) = tmp_path.iterdir()
    assert json.loads(gzip.decompress(packed.read_bytes()))["traceEvents"][0]["name"] == "aten::ones"
    profiler.export_chrome_trace(str(tmp_path / "trace.json"))
    assert json.loads((tmp_path / "trace.json").read_text())["traceEvents"][0]["ph"] == "X"


def test_record_function_decorates():
    @record_function("named")
    def f():
        return torch.ones(1)

    with profile() as profiler:
        f()
    f()
    assert [event.name for event in profiler.events()] == ["named", "aten::ones"]
