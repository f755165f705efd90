"""DataLoader and its workers; the numbers are PyTorch 2.13's own under the same seeds."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time

import numpy
import pytest

import penlight as torch
from penlight.utils.data import (
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    Subset,
    TensorDataset,
    get_worker_info,
)

KINDS = ["fork", "spawn", "thread"]


class Draws(Dataset):
    """Each sample tells what the random number generators of its worker gave."""

    def __len__(self):
        return 6

    def __getitem__(self, i):
        drawn = [torch.randint(0, 1000, ()).item(), random.randint(0, 1000), numpy.random.randint(0, 1000)]
        return torch.tensor([i, *drawn, get_worker_info().seed % 100000])


class Numbers(IterableDataset):
    """Each worker counts from ten times its number."""

    def __iter__(self):
        start = 10 * get_worker_info().id
        return iter(range(start, start + 5))


class Faulty(Dataset):
    """Sample 5 does what `action` says."""

    def __init__(self, action):
        self.action = action

    def __len__(self):
        return 10

    def __getitem__(self, i):
        if i == 5:
            self.action()
        return i


def raise_key_error():
    raise KeyError("no such picture")


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def leave():
    os._exit(3)


def hang():
    time.sleep(60)


def no_children():
    deadline = time.monotonic() + 5
    while multiprocessing.active_children() and time.monotonic() < deadline:
        time.sleep(0.01)
    return not multiprocessing.active_children()


def open_files():
    return len(os.listdir("/proc/self/fd"))


def test_workers_draw_the_numbers_of_pytorch():
    torch.manual_seed(5)
    loader = DataLoader(Draws(), batch_size=2, num_workers=2, shuffle=True)
    assert [batch.tolist() for batch in loader] == [
        [[2, 557, 996, 612, 43470], [3, 364, 680, 106, 43470]],
        [[4, 238, 752, 834, 43471], [5, 935, 768, 96, 43471]],
        [[1, 179, 101, 632, 43470], [0, 234, 638, 484, 43470]],
    ]


def test_workers_that_live_on_continue_their_numbers():
    generator = torch.Generator().manual_seed(3)
    loader = DataLoader(
        Draws(), batch_size=2, num_workers=2, shuffle=True, generator=generator, persistent_workers=True
    )
    assert [batch.tolist() for _ in range(2) for batch in loader] == [
        [[1, 967, 223, 842, 7096], [3, 628, 215, 594, 7096]],
        [[2, 91, 92, 913, 7097], [0, 933, 682, 687, 7097]],
        [[4, 895, 536, 425, 7096], [5, 711, 418, 949, 7096]],
        [[5, 418, 339, 418, 7096], [0, 326, 528, 314, 7096]],
        [[4, 908, 299, 49, 7097], [2, 844, 602, 179, 7097]],
        [[1, 472, 674, 297, 7096], [3, 22, 564, 893, 7096]],
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_order_and_kinds(kind):
    loader = DataLoader(range(10), batch_size=3, num_workers=2, multiprocessing_context=kind)
    assert [batch.tolist() for batch in loader] == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9]]
    assert no_children()


def test_streams_take_turns():
    loader = DataLoader(Numbers(), batch_size=2, num_workers=2)
    assert [batch.tolist() for batch in loader] == [[0, 1], [10, 11], [2, 3], [12, 13], [4], [14]]


def test_a_pass_left_early_is_begun_again():
    loader = DataLoader(range(20), batch_size=2, num_workers=2, persistent_workers=True)
    next(iter(loader))
    assert [batch.tolist() for batch in loader] == [[i, i + 1] for i in range(0, 20, 2)]


def test_out_of_order_gives_everything():
    loader = DataLoader(range(40), batch_size=2, num_workers=2, in_order=False)
    assert sorted(i for batch in loader for i in batch.tolist()) == list(range(40))


def test_an_exception_brings_its_traceback_and_the_rest_goes_on():
    batches = iter(DataLoader(Faulty(raise_key_error), batch_size=2, num_workers=2))
    assert [next(batches).tolist() for _ in range(2)] == [[0, 1], [2, 3]]
    with pytest.raises(KeyError, match="(?s)Caught KeyError in DataLoader worker process 0.*no such picture"):
        next(batches)
    assert [batch.tolist() for batch in batches] == [[6, 7], [8, 9]]


@pytest.mark.parametrize(
    ("action", "message"), [(die, "is killed by signal: Killed"), (leave, "exited unexpectedly with exit code 3")]
)
def test_a_lost_worker_is_told_at_once(action, message):
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=message):
        list(DataLoader(Faulty(action), batch_size=2, num_workers=2))
    assert time.monotonic() - start < 3 and no_children()


def test_timeout():
    start = time.monotonic()
    with pytest.raises(RuntimeError, match="DataLoader timed out after 0.3 seconds"):
        list(DataLoader(Faulty(hang), batch_size=2, num_workers=1, timeout=0.3))
    assert time.monotonic() - start < 5 and no_children()


def test_workers_killed_at_random_leave_nothing():
    data = TensorDataset(torch.arange(512).reshape(64, 8))
    lost, files = 0, open_files()
    for epoch in range(20):
        batches = iter(DataLoader(data, batch_size=8, num_workers=2))
        victim = random.Random(epoch).choice(multiprocessing.active_children())
        try:
            for step, (batch,) in enumerate(batches):
                assert batch.tolist() == data.tensors[0][8 * step : 8 * step + 8].tolist()
                if step == epoch % 8 and victim.is_alive():
                    os.kill(victim.pid, signal.SIGKILL)
        except RuntimeError as error:
            assert "killed by signal" in str(error)
            lost += 1
        del batches, victim
        assert no_children()
    assert lost > 0 and open_files() <= files


def test_large_batches_keep_their_numbers_while_they_are_held():
    data = TensorDataset(torch.arange(40 * 5000).reshape(40, 5000), torch.arange(40))
    loader = DataLoader(data, batch_size=4, num_workers=2, persistent_workers=True)
    held = [batch for _ in range(3) for batch in loader]
    for step, (rows, labels) in enumerate(held):
        first = 4 * (step % 10)
        assert torch.equal(rows, data.tensors[0][first : first + 4]) and labels.tolist() == list(
            range(first, first + 4)
        )


def test_what_a_forked_process_still_looks_at_is_not_used_again():
    data = TensorDataset(torch.arange(12 * 5000).reshape(12, 5000))
    batches = iter(DataLoader(data, batch_size=1, num_workers=1))
    (rows,) = next(batches)
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            time.sleep(0.5)  # by now the parent has let go of the batch and read all others
            os.write(writer, b"same" if torch.equal(rows, data.tensors[0][:1]) else b"changed")
        finally:
            os._exit(0)
    del rows
    for _ in batches:
        pass
    os.waitpid(pid, 0)
    assert os.read(reader, 10) == b"same"
    os.close(reader)
    os.close(writer)


def test_what_cannot_be_sent_is_an_error_and_the_rest_goes_on():
    loader = DataLoader([1, (lambda: 0), 3], batch_size=None, num_workers=1, collate_fn=lambda x: x)
    batches = iter(loader)
    assert next(batches) == 1
    with pytest.raises(Exception, match="sending a batch"):
        next(batches)
    assert next(batches) == 3


def test_many_tensors_and_long_texts():
    sample = {f"field {i}": torch.full((2000,), i) for i in range(300)} | {"text": "x" * 100000}
    (batch,) = DataLoader([sample], batch_size=None, num_workers=1)
    assert batch["text"] == sample["text"] and all(
        torch.equal(batch[f"field {i}"], sample[f"field {i}"]) for i in range(300)
    )


def test_interrupt_leaves_no_process(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import os, time, multiprocessing\n"
        "from penlight.utils.data import DataLoader\n"
        "class Slow(list):\n"
        "    def __getitem__(self, i):\n"
        "        time.sleep(0.05)\n"
        "        return i\n"
        "for step, _ in enumerate(DataLoader(Slow(range(10000)), num_workers=2)):\n"
        "    if step == 1:\n"
        "        print(*(p.pid for p in multiprocessing.active_children()), flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        workers = [int(pid) for pid in process.stdout.readline().split()]
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert len(workers) == 2 and "KeyboardInterrupt" in error
    for pid in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_tensors_are_read_a_batch_at_a_time():
    class Counted(torch.Tensor):
        reads = 0

        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            Counted.reads += 1
            return super().__torch_function__(func, types, args, kwargs or {})

    data = TensorDataset(torch.arange(20).reshape(10, 2))
    plain = [batch[0].tolist() for batch in DataLoader(Subset(data, [9, 1, 5]), batch_size=2)]
    assert plain == [[[18, 19], [2, 3]], [[10, 11]]]
    by_sample = TensorDataset(torch.arange(20).reshape(10, 2).as_subclass(Counted))
    assert len(list(DataLoader(by_sample, batch_size=5))) == 2 and Counted.reads >= 10


def test_arguments():
    with pytest.raises(ValueError, match="num_workers > 0"):
        DataLoader(range(3), multiprocessing_context="fork")
    with pytest.raises(ValueError, match="valid start method"):
        DataLoader(range(3), num_workers=1, multiprocessing_context="frok")
    loader = DataLoader(range(3))
    with pytest.raises(ValueError, match="batch_size attribute should not be set"):
        loader.batch_size = 2
    with pytest.raises(RuntimeError, match="Cannot assign attributes"):
        torch.utils.data._worker.WorkerInfo(0, 1, 2, None).id = 3
    with pytest.warns(UserWarning, match="no accelerator is found"):
        iter(DataLoader(range(3), pin_memory=True))
    with pytest.warns(UserWarning, match="suggested max number of worker"):
        DataLoader(range(3), num_workers=1000)


def test_distributed_sampler():
    def orders(shuffle_seed, epoch, drop_last):
        samplers = [DistributedSampler(range(10), 3, rank, seed=shuffle_seed, drop_last=drop_last) for rank in range(3)]
        for sampler in samplers:
            sampler.set_epoch(epoch)
        return [list(sampler) for sampler in samplers]

    assert orders(3, 0, False) == [[6, 7, 1, 4], [0, 8, 9, 6], [3, 5, 2, 0]]
    assert orders(7, 1, True) == [[3, 1, 4], [5, 2, 7], [0, 6, 8]]
