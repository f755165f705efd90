"""What every test shares: the module under test, a known random state, and matplotlib without a window."""

import os

os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import pytest

import penlight as torch


@pytest.fixture(autouse=True)
def known_state():
    """Every test starts from the same seeds and leaves the default dtype and the gradient mode as it found them."""
    torch.manual_seed(0)
    np.random.seed(0)
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_grad_enabled(True)
