"""Random numbers equal PyTorch's, bit for bit; generators and their states behave; bad arguments are errors."""

import sys
from pathlib import Path

import numpy as np
import pytest

import penlight as torch

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
import make_rng  # noqa: E402

PROGRAMS = make_rng.programs()


@pytest.fixture(scope="module")
def recorded():
    with np.load(make_rng.PATH) as f:
        names, ends, data = str(f["names"]).split("\n"), np.cumsum(f["lengths"]), f["data"].tobytes()
    return {name: data[end - length : end] for name, end, length in zip(names, ends, np.diff(ends, prepend=0))}


@pytest.mark.parametrize("name", PROGRAMS)
def test_equals_pytorch(name, recorded):
    assert make_rng.as_bytes(torch, PROGRAMS[name](torch)) == recorded[name]


def test_a_seed_repeats():
    torch.manual_seed(3)
    first = torch.randn(5)
    torch.manual_seed(3)
    assert torch.equal(first, torch.randn(5))


def test_seeds():
    assert torch.manual_seed(11).initial_seed() == torch.initial_seed() == 11
    assert torch.Generator().initial_seed() == 67280421310721
    assert torch.Generator().manual_seed(-5).initial_seed() == 2**64 - 5
    g = torch.Generator()
    assert g.seed() == g.initial_seed() < 2**53


@pytest.mark.parametrize("length, dtype", [(5056, torch.uint8), (5, torch.uint8), (5056, torch.float32)])
def test_bad_state_is_refused(length, dtype):
    g = torch.Generator().manual_seed(1)
    with pytest.raises((RuntimeError, TypeError)):
        g.set_state(torch.zeros(length, dtype=dtype))
    assert torch.equal(torch.rand(3, generator=g), torch.rand(3, generator=torch.Generator().manual_seed(1)))


def test_inconsistent_state_is_refused():
    """left and next must agree, or draws would run past the end of the words."""
    g = torch.Generator()
    state = g.get_state()
    state[8] = 200  # left
    state[16] = 255  # next
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        g.set_state(state)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: torch.empty(3).uniform_(2, 1), r"\[from, to\) range, but found from=2 > to=1"),
        (lambda: torch.empty(3).uniform_(0, 1e300), "to is out of bounds for float"),
        (lambda: torch.empty(3, dtype=torch.int64).uniform_(), "not implemented for 'Long'"),
        (lambda: torch.randn(3, dtype=torch.int64), "not implemented for 'Long'"),
        (lambda: torch.empty(3).normal_(0, -1), "normal expects std >= 0.0, but found std -1"),
        (lambda: torch.normal(0.0, torch.tensor([-1.0])), "normal expects all elements of std >= 0.0"),
        (lambda: torch.empty(3).bernoulli_(2), r"bernoulli_ expects p to be in \[0, 1\], but got p=2"),
        (lambda: torch.bernoulli(torch.tensor([0.5, 2])), "Expected p_in >= 0 && p_in <= 1"),
        (lambda: torch.bernoulli(torch.tensor([0.5, float("nan")])), "Expected p_in >= 0 && p_in <= 1"),
        (lambda: torch.empty(3).exponential_(-1), "expects lambda > 0.0, but found lambda=-1"),
        (lambda: torch.empty(3).geometric_(1), r"expects p to be in \(0, 1\), but got p=1"),
        (lambda: torch.empty(3).cauchy_(1, -1), "expects sigma > 0.0, but found sigma=-1"),
        (lambda: torch.empty(3).log_normal_(1, -1), "expects std > 0.0, but found std=-1"),
        (lambda: torch.randint(3, 3, (2,)), "got from=3 >= to=3"),
        (lambda: torch.randint(0, 300, (2,), dtype=torch.uint8), "to - 1 is out of bounds for unsigned char"),
        (lambda: torch.empty(3, dtype=torch.bool).random_(0, 3), "to - 1 is out of bounds for bool"),
        (lambda: torch.randperm(-1), "negative dimension -1"),
        (lambda: torch.randperm(3000, dtype=torch.float16), "n cannot be greater than 2049 for Half type"),
        (lambda: torch.poisson(torch.tensor([-1.0])), "invalid Poisson rate"),
        (lambda: torch.multinomial(torch.ones(3), 4), "without replacement"),
        (lambda: torch.multinomial(torch.ones(3), 0), "cannot sample n_sample <= 0 samples"),
        (lambda: torch.multinomial(torch.zeros(3), 2), "sum of probabilities <= 0"),
        (lambda: torch.multinomial(torch.tensor([1.0, -1]), 2, replacement=True), "probability entry < 0"),
        (lambda: torch.multinomial(torch.ones(2, 2, 2), 1), "prob_dist must be 1 or 2 dim"),
        (lambda: torch.empty(2).expand(3, 2).uniform_(), "single memory location"),
        (lambda: torch.dropout(torch.ones(3), 1.5, True), "between 0 and 1, but got 1.5"),
        (lambda: torch.feature_dropout(torch.ones(3), 0.5, True), "at least 2 dimensions"),
    ],
)
def test_bad_arguments(call, message):
    with pytest.raises((RuntimeError, ValueError, NotImplementedError), match=message):
        call()


@pytest.mark.parametrize(
    "make",
    [
        lambda: torch.rand(0),
        lambda: torch.randn(0, 3),
        lambda: torch.randperm(0),
        lambda: torch.randint(5, (0,)),
        lambda: torch.bernoulli(torch.zeros(0)),
        lambda: torch.poisson(torch.zeros(0)),
        lambda: torch.multinomial(torch.ones(0, 3), 2),
        lambda: torch.dropout(torch.ones(0), 0.5, True),
        lambda: torch.empty(0).exponential_(),
    ],
)
def test_nothing_draws_nothing(make):
    before = torch.get_rng_state()
    assert make().numel() == 0
    assert torch.equal(before, torch.get_rng_state())


def test_fills_stay_inside_their_interval():
    x = torch.empty(100000, dtype=torch.float16).uniform_(0, 1)
    assert x.min() >= 0 and x.max() < 1
    x = torch.empty(100000).uniform_(1, 1 + 2**-22)
    assert x.max() < 1 + 2**-22


def test_dropout_gradient_is_its_own_noise():
    x = torch.rand(6, 5).add(1).t().requires_grad_()
    y = torch.dropout(x, 0.4, True)
    y.sum().backward()
    assert torch.equal(x.grad, (y != 0) * (1 / torch.tensor(0.6)))


def test_fill_cuts_the_gradient():
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.normal_()
    (y * 3).sum().backward()
    assert torch.equal(x.grad, torch.zeros(3))
    with pytest.raises(RuntimeError, match="leaf Variable that requires grad"):
        x.uniform_()


def test_meta_tensors_have_no_numbers():
    before = torch.get_rng_state()
    assert torch.rand(2, 3, device="meta").shape == (2, 3)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("train", [True, None])
def test_native_dropout_drops_as_dropout_does(train):
    x = torch.arange(1.0, 7, requires_grad=True)
    torch.manual_seed(0)
    dropped, kept = torch.native_dropout(x, 0.5, train)
    torch.manual_seed(0)
    assert torch.equal(dropped, torch.dropout(x, 0.5, True)) and torch.equal(kept, dropped != 0)
    dropped.sum().backward()
    assert torch.equal(x.grad, kept * 2.0)
    assert torch.native_dropout(x, 0.5, False)[1].all()


def test_bad_dtypes_name_the_kernel():
    with pytest.raises(NotImplementedError, match="\"check_uniform_bounds\" not implemented for 'Long'"):
        torch.rand(2, dtype=torch.int64)
    with pytest.raises(RuntimeError, match="Lower bound should be less"):
        torch.nn.functional.rrelu(torch.ones(2), 0.3, 0.1)
