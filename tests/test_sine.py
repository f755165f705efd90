"""Training a sine gives PyTorch's losses, step by step (fixtures/make_sine.py)."""

import json
import sys
from pathlib import Path

import pytest

import penlight as torch

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
import make_sine  # noqa: E402

with open(make_sine.PATH) as file:
    RECORDED = json.load(file)


@pytest.mark.parametrize("name", make_sine.PROGRAMS)
def test_losses_equal_pytorch(name):
    losses = make_sine.PROGRAMS[name](torch)
    assert len(losses) == make_sine.STEPS
    assert losses == pytest.approx(RECORDED[name], rel=1e-5, abs=0)


@pytest.mark.parametrize("name", make_sine.PROGRAMS)
def test_a_second_run_gives_the_same_bits(name):
    assert make_sine.PROGRAMS[name](torch) == make_sine.PROGRAMS[name](torch)
