"""Threads: the same bits whatever their number, after a fork, from several Python threads, for each instruction set."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import penlight as torch

F = torch.nn.functional
LARGE = 1 << 19  # elements: enough for every kernel to split its work


def tensor(*shape, seed=0):
    return torch.from_numpy(np.random.RandomState(seed).randn(*shape).astype(np.float32))


# Programs over large inputs, one for each way of splitting work.
PROGRAMS = {
    "pointwise": lambda: torch.exp(tensor(LARGE)) * tensor(LARGE, seed=1),
    "broadcast": lambda: tensor(1024, 1) + tensor(512, seed=1),
    "strided": lambda: (tensor(512, 1024).t() * 2).contiguous(),
    "cast": lambda: tensor(LARGE).to(torch.bfloat16).double(),
    "sum": lambda: tensor(LARGE).sum(),
    "sum of rows": lambda: tensor(1024, 512).sum(1),
    "sum of columns": lambda: tensor(1024, 512).sum(0),
    "mean and variance": lambda: torch.stack(torch.var_mean(tensor(LARGE))),
    "norm": lambda: tensor(LARGE).norm(),
    "largest": lambda: tensor(1024, 512).max(1).values,
    "position": lambda: tensor(LARGE).argmax(),
    "softmax": lambda: tensor(1024, 512).softmax(1),
    "softmax of columns": lambda: tensor(512, 1024).log_softmax(0),
    "running sums": lambda: tensor(LARGE).cumsum(0),
    "sorting": lambda: tensor(LARGE).sort().values,
    "product": lambda: tensor(300, 500) @ tensor(500, 400, seed=1),
    "tall product": lambda: tensor(4000, 64) @ tensor(64, 64, seed=1),
    "deep product": lambda: tensor(16, 20000) @ tensor(20000, 16, seed=1),
    "matrix times vector": lambda: tensor(1000, 1000) @ tensor(1000, seed=1),
    "batch of products": lambda: tensor(32, 60, 70) @ tensor(32, 70, 50, seed=1),
    "indexing": lambda: tensor(LARGE)[torch.arange(0, LARGE, 3)],
    "adding at indices": lambda: torch.zeros(1000).index_add(0, torch.arange(LARGE) % 1000, tensor(LARGE)),
    "joining": lambda: torch.cat([tensor(LARGE), tensor(LARGE, seed=1)]),
    "choosing": lambda: torch.where(tensor(LARGE) > 0, tensor(LARGE), torch.tensor(0.0)),
    "random numbers": lambda: torch.randn(LARGE, generator=torch.Generator().manual_seed(3)),
    "convolution": lambda: F.conv2d(tensor(4, 16, 40, 40), tensor(32, 16, 3, 3, seed=1), padding=1),
    "training": lambda: train(),
}


def train():
    """Give the parameters after a few steps of a network that is wide enough to share."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.ReLU(), torch.nn.Linear(512, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    x, y = tensor(500, 256), torch.arange(500) % 10
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return torch.cat([p.detach().flatten() for p in model.parameters()])


@pytest.fixture(autouse=True)
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_number_of_threads_changes_no_bit(name):
    results = []
    for n in (1, 2, 4, 3, 1):
        torch.set_num_threads(n)
        assert torch.get_num_threads() == n
        results.append(PROGRAMS[name]().numpy().tobytes())
    assert results.count(results[0]) == len(results)


def test_the_number_of_threads_is_checked():
    before = torch.get_num_threads()
    for bad, error in (
        (0, RuntimeError),
        (-1, RuntimeError),
        ("2", TypeError),
        (1.5, TypeError),
        (None, TypeError),
        (2**70, RuntimeError),
    ):
        with pytest.raises(error):
            torch.set_num_threads(bad)
    assert torch.get_num_threads() == before


def in_fork(work):
    """Run work in a forked child; give what it returns, as text."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try:
            os.write(write, str(work()).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0
    return text


def test_the_pool_works_after_a_fork():
    torch.set_num_threads(4)
    expected = str(PROGRAMS["sum"]().item())  # the parent's workers are running
    assert in_fork(lambda: PROGRAMS["sum"]().item()) == expected
    assert in_fork(lambda: in_fork(lambda: PROGRAMS["sum"]().item())) == expected
    assert str(PROGRAMS["sum"]().item()) == expected


def test_backward_after_a_fork():
    x = torch.ones(LARGE, requires_grad=True)
    (x * 2).sum().backward()

    def again():
        (x * 3).sum().backward()
        return x.grad.sum().item()

    assert in_fork(again) == str(5.0 * LARGE)


def test_many_python_threads_compute_at_once():
    """Each thread trains its own copy; all get what a single one gets."""
    expected, results, errors = train_alone(0), {}, []

    def work(i):
        try:
            for _ in range(3):
                results[i] = train_alone(i)
        except BaseException as error:
            errors.append(error)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors
    assert results[0] == expected
    assert all(results[i] == train_alone(i) for i in results)


def train_alone(seed):
    weight = tensor(200, 100, seed=seed).requires_grad_()
    x = tensor(300, 200, seed=seed + 100)
    for _ in range(5):
        loss = (x @ weight).tanh().pow(2).mean() + torch.exp(weight).sum() / LARGE
        loss.backward()
        with torch.no_grad():
            weight -= 0.1 * weight.grad
        weight.grad = None
    return weight.detach().numpy().tobytes()


def test_threads_share_a_leaf():
    """Gradients that arrive from several threads are all counted."""
    x = torch.ones(1000, requires_grad=True)
    workers = [threading.Thread(target=lambda: [(x * 2).sum().backward() for _ in range(50)]) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (x.grad == 400).all()


def test_gradient_mode_is_a_threads_own():
    seen = []
    with torch.no_grad():
        worker = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        worker.start()
        worker.join()
        assert seen == [True] and not torch.is_grad_enabled()


SUMMARY = """
import numpy as np
import penlight as torch
r = np.random.RandomState(0)
a, b = (torch.from_numpy(r.randn(200, 300).astype(np.float32)) for _ in range(2))
x = a.clone().requires_grad_()
loss = ((x @ b.t()).log_softmax(1) * torch.sigmoid(a @ b.t())).mean() + torch.exp(x).std() + torch.erf(x).sum(0).norm()
loss.backward()
values = [loss.item(), x.grad.norm().item(), a.cumsum(1).sum().item(), a.sort(0).values[17].sum().item()]
print(torch._C._isa(), *values)
"""


def summary(**environment):
    run = subprocess.run([sys.executable, "-c", SUMMARY], env=os.environ | environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    isa, *values = run.stdout.split()
    return isa, [float(v) for v in values]


def test_instruction_sets_agree():
    isa, values = summary()
    forced, same = summary(PENLIGHT_ISA="avx2")
    assert forced == "avx2"
    assert same == pytest.approx(values, rel=1e-5, nan_ok=True)
    assert summary(PENLIGHT_ISA=isa)[1] == values


def test_an_unknown_instruction_set_is_refused():
    run = subprocess.run(
        [sys.executable, "-c", "import penlight"],
        env=os.environ | {"PENLIGHT_ISA": "mmx"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1 and "ImportError" in run.stderr and "mmx" in run.stderr


@pytest.mark.parametrize("value, number", [("1", 1), ("3", 3)])
def test_omp_num_threads(value, number):
    run = subprocess.run(
        [sys.executable, "-c", "import penlight; print(penlight.get_num_threads())"],
        env=os.environ | {"OMP_NUM_THREADS": value},
        capture_output=True,
        text=True,
    )
    assert run.stdout.strip() == str(number), run.stderr


@pytest.mark.parametrize("value", ["0", "-3", "many", "", "99999999999999999999"])
def test_a_strange_omp_num_threads_is_ignored(value):
    run = subprocess.run(
        [sys.executable, "-c", "import penlight; print(penlight.get_num_threads())"],
        env=os.environ | {"OMP_NUM_THREADS": value},
        capture_output=True,
        text=True,
    )
    assert 1 <= int(run.stdout) <= 4096, run.stderr
