"""Printed tensors are PyTorch's, to the letter: recorded texts (fixtures/make_printing.py) and the options."""

import json
import math
import os
import time

import pytest

import penlight as torch
from penlight import printing

with open(os.path.join(os.path.dirname(__file__), "fixtures", "printing.json")) as file:
    CASES = json.load(file)["cases"]


@pytest.fixture(autouse=True)
def default_options():
    """Every test starts with the default print options and leaves them."""
    torch.set_printoptions(profile="default")
    yield
    torch.set_printoptions(profile="default")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['expression'][:40]}-{case['options']}")
def test_recorded(case):
    torch.set_printoptions(**case["options"])
    exec(case["setup"], {"torch": torch})
    assert repr(eval(case["expression"], {"torch": torch})) == case["text"]


def test_str_is_repr():
    x = torch.arange(3)
    assert str(x) == repr(x) == f"{torch.ones(3).long() * torch.arange(3)}" == "tensor([0, 1, 2])"


def test_subclasses_show_their_names():
    class Mine(torch.Tensor):
        pass

    class MyParameter(torch.nn.Parameter):
        pass

    assert repr(torch.ones(2).as_subclass(Mine)) == "Mine([1., 1.])"
    assert "MyParameter([1., 1.], requires_grad=True)" in repr(MyParameter(torch.ones(2)))


def test_contents_can_be_given():
    x = torch.ones(2, dtype=torch.float64)
    assert printing.tensor_str(x, tensor_contents="hello") == "tensor(hello, dtype=torch.float64)"


def test_options():
    assert printing.get_printoptions() == {
        "precision": 4,
        "threshold": 1000,
        "edgeitems": 3,
        "linewidth": 80,
        "sci_mode": None,
    }
    torch.set_printoptions(precision=2, sci_mode=True)
    torch.set_printoptions(edgeitems=1)
    assert printing.get_printoptions()["precision"] == 2 and printing.get_printoptions()["sci_mode"] is None
    torch.set_printoptions(profile="full", linewidth=100)
    assert printing.get_printoptions()["threshold"] == math.inf and printing.get_printoptions()["linewidth"] == 100
    with pytest.raises(ValueError, match="profile must be one of 'default', 'short', 'full'"):
        torch.set_printoptions(profile="long")
    with printing.printoptions(precision=1):
        assert repr(torch.tensor(0.25)) == "tensor(0.2)"
    assert printing.get_printoptions()["precision"] == 4


def test_printing_is_quick():
    x = torch.randn(10, 10)
    times = []
    for _ in range(20):
        start = time.process_time()
        repr(x)
        times.append(time.process_time() - start)
    assert min(times) < 1e-3
    start = time.process_time()
    assert "..." in repr(torch.zeros(1).expand(10**6, 10**6))
    assert time.process_time() - start < 0.1
