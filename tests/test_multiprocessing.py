"""Tensors that several processes see."""

import os
import queue

import pytest

import penlight as torch
import penlight.multiprocessing as mp


def fill(index, tensor, model, answers, received):
    """Write into shared memory, send tensors back, and stay until they have arrived."""
    tensor[index] = index + 1
    with torch.no_grad():
        model.weight[index] = index
    answers.put((index, torch.full((3,), float(index))))
    received.wait(30)


def fail(index):
    """Fail in the second process."""
    if index == 1:
        raise ValueError("a mistake")


def leave(index):
    """Leave without a word."""
    os._exit(7)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_share_tensors_and_modules(method):
    tensor, model = torch.zeros(2).share_memory_(), torch.nn.Linear(2, 2)
    assert not model.weight.is_shared() and model.share_memory() is model and model.weight.is_shared()
    context = mp.get_context(method)
    answers, received = context.Queue(), context.Event()
    running = mp.start_processes(fill, (tensor, model, answers, received), 2, join=False, start_method=method)
    got = dict(answers.get(timeout=30) for _ in range(2))
    received.set()
    while not running.join():
        pass
    assert tensor.tolist() == [1, 2] and model.weight.tolist() == [[0, 0], [1, 1]]
    assert got[0].tolist() == [0, 0, 0] and got[1].tolist() == [1, 1, 1]


def test_errors_come_back():
    with pytest.raises(mp.ProcessRaisedException, match="(?s)-- Process 1 terminated.*ValueError: a mistake"):
        mp.start_processes(fail, nprocs=2, start_method="fork")
    with pytest.raises(mp.ProcessExitedException, match="process 0 terminated with exit code 7") as caught:
        mp.start_processes(leave, nprocs=1, start_method="fork")
    assert caught.value.exit_code == 7 and caught.value.error_index == 0


def test_sharing_keeps_values_layout_and_identity():
    tensor = torch.arange(6.0).reshape(2, 3).t().contiguous()
    before = tensor.clone()
    assert tensor.share_memory_() is tensor and tensor.is_shared() and torch.equal(tensor, before)
    assert tensor[0].is_shared() and torch.empty(0).share_memory_().is_shared()
    parameter = torch.nn.Parameter(torch.ones(2))
    parameter.share_memory_()
    (parameter * 2).sum().backward()
    assert parameter.grad.tolist() == [2, 2]


def test_what_others_look_into_is_not_moved():
    base = torch.ones(4)
    view = base[:2]
    with pytest.raises(RuntimeError, match="other tensors look into the same memory"):
        base.share_memory_()
    view[0] = 5
    assert base.tolist() == [5, 1, 1, 1]


def test_a_graph_does_not_travel():
    pipe, _other = mp.Pipe()
    with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor"):
        pipe.send(torch.ones(2, requires_grad=True) * 2)
    with pytest.raises(queue.Empty):
        mp.Queue().get(timeout=0.01)


def test_a_tensor_sent_twice_is_the_same_memory():
    ours, theirs = mp.Pipe()
    tensor = torch.zeros(3).share_memory_()
    ours.send((tensor, tensor[1:]))
    whole, part = theirs.recv()
    whole[2] = 7
    assert part.tolist() == [0, 7] and tensor.tolist() == [0, 0, 7]
