"""Checkpoints give the results and gradients of the plain computation, and compute twice."""

import pytest

import penlight as torch
from penlight.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential, set_checkpoint_early_stop

both = pytest.mark.parametrize("reentrant", [True, False])


def leaf():
    return torch.linspace(0.2, 1.4, 5, dtype=torch.float64).requires_grad_()


def gradient(function, x):
    function(x).sum().backward()
    return x.grad


@both
def test_gradient_and_number_of_calls(reentrant):
    calls = []

    def f(x):
        calls.append(1)
        return x.sin().exp() * x

    x = leaf()
    assert torch.allclose(gradient(lambda x: checkpoint(f, x, use_reentrant=reentrant), x), gradient(f, leaf()))
    assert len(calls) == 3  # two of them here, one of the plain function


@both
@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")
@pytest.mark.parametrize("inner_reentrant", [True, False])
def test_nested(reentrant, inner_reentrant):
    count = {"inner": 0, "outer": 0}

    def inner(x):
        count["inner"] += 1
        return x.sin().cos()

    def outer(x):
        count["outer"] += 1
        return checkpoint(inner, x.exp(), use_reentrant=inner_reentrant).tan()

    got = gradient(lambda x: checkpoint(outer, x, use_reentrant=reentrant), leaf())
    assert torch.allclose(got, gradient(lambda x: x.exp().sin().cos().tan(), leaf()))
    assert count == {"outer": 2, "inner": 3}


@both
def test_parameters_of_a_module(reentrant):
    layer = torch.nn.Linear(3, 2)
    x = torch.ones(2, 3, requires_grad=True)
    checkpoint(layer, x, use_reentrant=reentrant).sum().backward()
    assert layer.weight.grad.tolist() == [[2.0] * 3] * 2


@both
def test_random_numbers_are_the_same(reentrant):
    drop, x = torch.nn.Dropout(0.5), torch.ones(100, requires_grad=True)
    y = checkpoint(lambda x: drop(x) * drop(x), x, use_reentrant=reentrant)
    state = torch.get_rng_state()
    y.sum().backward()
    assert torch.equal(x.grad, 2 * y) and torch.equal(torch.get_rng_state(), state)


def test_keyword_arguments_and_other_values():
    x = leaf()
    got = checkpoint(lambda x, *, by, more: {"y": x.sin() * by * more}, x, by=3, more=x, use_reentrant=False)
    assert torch.allclose(torch.autograd.grad(got["y"].sum(), x)[0], (3 * x * x.cos() + 3 * x.sin()))


def test_two_backward_runs_and_second_derivatives():
    x = leaf()
    y = checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False).sum()
    first = torch.autograd.grad(y, x, retain_graph=True)[0]
    assert torch.equal(torch.autograd.grad(y, x)[0], first)
    assert torch.autograd.gradgradcheck(lambda x: checkpoint(lambda x: x.sin().exp(), x, use_reentrant=False), leaf())


def test_early_stop():
    done = []

    def f(x):
        y = x.sin()
        done.append(1)
        return y

    gradient(lambda x: checkpoint(f, x, use_reentrant=False), leaf())
    assert len(done) == 1
    with set_checkpoint_early_stop(False):
        gradient(lambda x: checkpoint(f, x, use_reentrant=False), leaf())
    assert len(done) == 3


def test_a_function_that_computes_otherwise_the_second_time():
    calls = []

    def other_number(x):
        calls.append(1)
        return x.sin() * x if len(calls) == 1 else x + 1

    with pytest.raises(CheckpointError, match="saved during forward: 3\nNumber of tensors saved during recomputation: 0"):
        gradient(lambda x: checkpoint(other_number, x, use_reentrant=False), leaf())
    calls.clear()

    def other_dtype(x):
        calls.append(1)
        return (x if len(calls) == 1 else x.float()).sin().sum()

    with pytest.raises(CheckpointError, match="tensor at position 0"):
        gradient(lambda x: checkpoint(other_dtype, x, use_reentrant=False), leaf())


def test_sequential():
    layers = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    x = torch.ones(1, 3, requires_grad=True)
    checkpoint_sequential(layers, 2, x, use_reentrant=False).sum().backward()
    y = torch.ones(1, 3, requires_grad=True)
    layers(y).sum().backward()
    assert torch.equal(x.grad, y.grad)


def test_reentrant_is_refused_within_grad():
    x = leaf()
    y = checkpoint(torch.sin, x, use_reentrant=True).sum()
    with pytest.raises(RuntimeError, match="incompatible with .grad"):
        torch.autograd.grad(y, x)


def test_wrong_arguments():
    with pytest.raises(ValueError, match="Unexpected keyword arguments: k"):
        checkpoint(torch.sin, leaf(), use_reentrant=True, k=1)
    with pytest.raises(ValueError, match="determinism_check should be one of"):
        checkpoint(torch.sin, leaf(), use_reentrant=False, determinism_check="all")
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed explicitly"):
        checkpoint(torch.sin, leaf())
