"""The first test to run after a change: a few seconds that touch the tensor, autograd, nn and optim."""

import numpy as np
import pytest

import penlight as torch
from penlight import nn


def test_add():
    a = torch.tensor([1.0, 2.0, 3.0])
    b = torch.tensor([[10.0], [20.0]])
    assert (a + b).tolist() == [[11.0, 12.0, 13.0], [21.0, 22.0, 23.0]]
    assert (a + 1).dtype is torch.float32
    assert repr(a) == "tensor([1., 2., 3.])"


def test_promotion():
    assert (torch.tensor([1, 2]) + 0.5).dtype is torch.float32
    assert (torch.tensor([1, 2]) / 2).tolist() == [0.5, 1.0]
    assert str(torch.arange(3).dtype) == "torch.int64"


def test_matmul():
    a, b = torch.arange(6.0).reshape(2, 3), torch.arange(12.0).reshape(3, 4)
    assert np.array_equal((a @ b).numpy(), a.numpy() @ b.numpy())


def test_view_shares_memory():
    a = torch.zeros(2, 3)
    a.t()[0] = 1
    array = a.numpy()
    array[1, 2] = 7
    assert a.tolist() == [[1.0, 0.0, 0.0], [1.0, 0.0, 7.0]]


def test_backward():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (x * x).sum()
    y.backward()
    assert x.grad.tolist() == [2.0, 4.0, 6.0]
    assert type(y.grad_fn).__name__ == "SumBackward0"


def test_shapes_that_do_not_fit():
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes cannot be multiplied"):
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_training_step():
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, y = torch.randn(16, 2), torch.randn(16, 1)
    before = nn.functional.mse_loss(model(x), y)
    before.backward()
    optimizer.step()
    optimizer.zero_grad()
    assert nn.functional.mse_loss(model(x), y).item() < before.item()
    assert all(parameter.grad is None for parameter in model.parameters())
