"""Optimizers and schedulers: the numbers that PyTorch gives, parameter groups, state, hooks, errors."""

import copy
import doctest
import importlib
import json
import pkgutil
import sys
from pathlib import Path

import numpy as np
import pytest

import penlight as torch
from penlight import nn, optim

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
import make_optimizers  # noqa: E402

RECORD = json.loads(make_optimizers.PATH.read_text())
MODULES = [i.name for i in pkgutil.walk_packages(optim.__path__, "penlight.optim.")]


def parameter(*values):
    return nn.Parameter(torch.tensor(values))


def with_gradient(*values):
    p = parameter(*values)
    p.grad = torch.ones_like(p)
    return p


# ---------------------------------------------------------------------------------------------------- numbers
@pytest.mark.parametrize(("name", "keywords", "expected"), RECORD["optimizers"])
def test_steps_are_pytorchs(name, keywords, expected):
    got = make_optimizers.train(torch, name, keywords)
    # L-BFGS divides differences that become tiny: rounding grows from step to step.
    assert np.allclose(got, expected, rtol=1e-9, atol=1e-8 if name == "LBFGS" else 1e-10)


@pytest.mark.parametrize(("name", "keywords", "expected"), RECORD["schedulers"])
def test_schedules_are_pytorchs(name, keywords, expected):
    got = make_optimizers.schedule(torch, name, keywords)
    assert np.allclose(got, expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_every_float_dtype(name, dtype):
    values = torch.linspace(-2, 2, 40)
    params = [nn.Parameter(values.to(d)) for d in (dtype, torch.float64)]
    for p in params:
        optimizer = getattr(optim, name)([p], lr=0.01)
        for _ in range(3):
            p.grad = p.detach() * 0.5 + 1
            optimizer.step()
    tolerance = {torch.float16: 5e-3, torch.bfloat16: 4e-2, torch.float32: 1e-6}[dtype]
    assert params[0].dtype is dtype
    assert np.allclose(params[0].double().detach(), params[1].detach(), atol=tolerance)


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.1)])
@pytest.mark.parametrize(
    "arrange",
    [
        lambda t: t.clone().t(),
        lambda t: torch.stack([t, t], -1)[..., 0],
        lambda t: t.clone().unsqueeze(0).transpose(0, 2),
    ],
)
def test_any_memory_order(make, arrange):
    values = torch.arange(12.0).reshape(3, 4)
    strided = nn.Parameter(arrange(values))
    plain = nn.Parameter(strided.detach().contiguous())
    for p in (strided, plain):
        optimizer = make([p])
        for step in range(3):
            p.grad = (torch.arange(12.0).reshape(p.shape) + step) / 10
            optimizer.step()
    assert torch.equal(strided, plain)


def test_complex_parameters():
    z = nn.Parameter(torch.tensor([1 + 2j, -1j]))
    real = nn.Parameter(torch.view_as_real(z.detach()).clone())
    for p in (z, real):
        optimizer = optim.Adam([p], lr=0.1)
        for _ in range(3):
            p.grad = p.detach() * 2
            optimizer.step()
    assert torch.equal(torch.view_as_real(z.detach()), real.detach())


def test_large_parameters_step_the_same_on_any_number_of_threads():
    results = []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            p = nn.Parameter(torch.linspace(-1, 1, 300_001))
            optimizer = optim.Adam([p], lr=0.1)
            for _ in range(2):
                p.grad = p.detach().sin()
                optimizer.step()
            results.append(p.detach().clone())
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*results)


def test_infinite_parameter_without_weight_decay():
    p = with_gradient(float("inf"), 1.0)
    optim.SGD([p], lr=0.5).step()
    assert p.tolist() == [float("inf"), 0.5]


def test_parameters_without_gradient_stay():
    a, b = with_gradient(1.0), parameter(1.0)
    optimizer = optim.Adam([a, b], lr=0.5)
    optimizer.step()
    assert b.item() == 1.0
    assert list(optimizer.state) == [a]


def test_closure_loss_is_returned():
    p = parameter(2.0)
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 4.0
    assert p.item() == pytest.approx(1.6)


def test_a_step_counts_as_a_change_in_place():
    p = parameter(1.0)
    y = (p * p).sum()
    p.grad = torch.ones(1)
    optim.SGD([p], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


@pytest.mark.parametrize(
    ("name", "settings"),
    [("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}), ("Adam", {"amsgrad": True}), ("AdamW", {})],
)
def test_differentiable_step(name, settings):
    """The gradient of a parameter after a step with respect to its gradient, by finite differences."""

    def after(g):
        start = torch.tensor([1.0, -2.0], dtype=torch.float64, requires_grad=True)
        p = start.clone()
        p.grad = g
        getattr(optim, name)([p], lr=0.1, differentiable=True, **settings).step()
        return p.sum()

    g = torch.tensor([0.5, 0.25], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(after(g), g)
    for i in range(2):
        step = torch.zeros(2, dtype=torch.float64)
        step[i] = 1e-6
        change = (after((g + step).detach()) - after((g - step).detach())) / 2e-6
        assert slope[i].item() == pytest.approx(change.item(), abs=1e-6)


# ---------------------------------------------------------------------------------------------------- state
def test_state_dict():
    optimizer = optim.SGD([with_gradient(1.0), parameter(2.0)], lr=0.1, momentum=0.9)
    optimizer.step()
    state = optimizer.state_dict()
    assert state["param_groups"][0]["params"] == [0, 1]
    names = "lr momentum dampening weight_decay nesterov maximize foreach differentiable fused params"
    assert list(state["param_groups"][0]) == names.split()
    assert list(state["state"]) == [0]
    assert state["state"][0]["momentum_buffer"].tolist() == [1.0]


def test_adam_state_is_laid_out_as_in_pytorch():
    optimizer = optim.Adam([with_gradient(1.0)], amsgrad=True)
    optimizer.step()
    state = optimizer.state_dict()["state"][0]
    assert list(state) == ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
    assert state["step"].dtype is torch.float32
    assert state["step"].shape == () and state["step"].item() == 1


@pytest.mark.parametrize("make", [lambda p: optim.SGD(p, lr=0.1, momentum=0.9), lambda p: optim.Adam(p, lr=0.1)])
def test_going_on_after_a_break(make):
    def steps(optimizer, n):
        for _ in range(n):
            p = optimizer.param_groups[0]["params"][0]
            p.grad = p.detach() + 1
            optimizer.step()

    one, two = parameter(1.0, 2.0), parameter(1.0, 2.0)
    whole, first = make([one]), make([two])
    steps(whole, 5)
    steps(first, 3)
    second = make([two])
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    steps(second, 2)
    assert torch.equal(one, two)


def test_loading_takes_the_parameters_dtype():
    optimizer = optim.Adam([with_gradient(1.0)])
    optimizer.step()
    wide = optim.Adam([nn.Parameter(torch.ones(1, dtype=torch.float64))])
    wide.load_state_dict(optimizer.state_dict())
    (state,) = wide.state.values()
    assert state["exp_avg"].dtype is torch.float64
    assert state["step"].dtype is torch.float32


def test_loading_errors():
    optimizer = optim.SGD([parameter(1.0)], lr=0.1)
    with pytest.raises(ValueError, match="different number of parameter groups"):
        optimizer.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        optimizer.load_state_dict({"state": {}, "param_groups": [{"params": [0, 1]}]})


def test_copies():
    optimizer = optim.Adam([with_gradient(1.0)], lr=0.5)
    optimizer.step()
    other = copy.deepcopy(optimizer)
    assert other.param_groups[0]["lr"] == 0.5
    assert other.param_groups[0]["params"][0] is not optimizer.param_groups[0]["params"][0]
    assert next(iter(other.state)) is other.param_groups[0]["params"][0]


# ---------------------------------------------------------------------------------------------------- groups
def test_groups_have_their_own_settings():
    a, b = with_gradient(1.0), with_gradient(1.0)
    optimizer = optim.SGD([{"params": a, "lr": 0.5}, {"params": [b]}], lr=0.25)
    optimizer.step()
    assert (a.item(), b.item()) == (0.5, 0.75)
    assert [g["lr"] for g in optimizer.param_groups] == [0.5, 0.25]


def test_named_parameters():
    optimizer = optim.SGD(nn.Linear(1, 1).named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="cannot add param group without names"):
        optimizer.add_param_group({"params": [parameter(1.0)]})


@pytest.mark.parametrize(
    ("params", "error", "message"),
    [
        ([], ValueError, "optimizer got an empty parameter list"),
        (torch.ones(1), TypeError, "should be an iterable of Tensors or dicts, but got torch.FloatTensor"),
        ([3], TypeError, "can only optimize Tensors, but one of the params is int"),
        ([torch.ones(1, requires_grad=True) * 2], ValueError, "can't optimize a non-leaf Tensor"),
        ([{"params": {torch.ones(1)}}], TypeError, "organized in ordered collections"),
        ([{"lr": 1}], KeyError, "params"),
    ],
)
def test_wrong_parameters(params, error, message):
    with pytest.raises(error, match=message):
        optim.SGD(params, lr=0.1)


def test_repeated_parameters():
    p = parameter(1.0)
    with pytest.raises(ValueError, match="appear in more than one parameter group"):
        optim.SGD([{"params": [p]}, {"params": [p]}], lr=0.1)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optim.SGD([p, p], lr=0.1)


@pytest.mark.parametrize(
    ("name", "settings", "error", "message"),
    [
        ("SGD", {"lr": -1}, ValueError, "Invalid learning rate: -1"),
        ("SGD", {"momentum": -1}, ValueError, "Invalid momentum value: -1"),
        ("SGD", {"nesterov": True}, ValueError, "Nesterov momentum requires a momentum and zero dampening"),
        ("SGD", {"fused": True, "foreach": True}, RuntimeError, "cannot be `True` together"),
        ("Adam", {"betas": (1.0, 0.9)}, ValueError, "Invalid beta parameter at index 0: 1.0"),
        ("Adam", {"eps": -1}, ValueError, "Invalid epsilon value: -1"),
        ("Adam", {"lr": torch.ones(2)}, ValueError, "Tensor lr must be 1-element"),
        ("Adadelta", {"rho": 2}, ValueError, "Invalid rho value: 2"),
        ("Rprop", {"etas": (2, 3)}, ValueError, "Invalid eta values: 2, 3"),
    ],
)
def test_wrong_settings(name, settings, error, message):
    with pytest.raises(error, match=message):
        getattr(optim, name)([parameter(1.0)], **settings)


def test_repr():
    text = repr(optim.SGD([parameter(1.0)], lr=0.01))
    assert text.splitlines()[:3] == ["SGD (", "Parameter Group 0", "    dampening: 0"]
    assert "    lr: 0.01" in text


def test_zero_grad():
    p = with_gradient(1.0)
    grad = p.grad
    optimizer = optim.SGD([p], lr=0.1)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is grad and grad.item() == 0
    optimizer.zero_grad()
    assert p.grad is None


def test_learning_rate_tensor():
    p = with_gradient(1.0)
    optim.SGD([p], lr=torch.tensor(0.25)).step()
    assert p.item() == 0.75


# ---------------------------------------------------------------------------------------------------- hooks
def test_step_hooks():
    p = with_gradient(1.0)
    optimizer = optim.SGD([p], lr=0.1)
    seen = []
    handles = [
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append("before")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append("after")),
        optim.optimizer.register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("all")),
    ]
    optimizer.step()
    assert seen == ["all", "before", "after"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(seen) == 3


def test_state_dict_hooks():
    optimizer = optim.SGD([parameter(1.0)], lr=0.1)
    optimizer.register_state_dict_post_hook(lambda o, state: {**state, "note": 1})
    assert optimizer.state_dict()["note"] == 1
    optimizer.register_load_state_dict_pre_hook(lambda o, state: {**state, "state": {}})
    seen = []
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(o))
    optimizer.load_state_dict(optimizer.state_dict())
    assert seen == [optimizer]


def test_own_optimizer():
    class Halve(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    p.data.mul_(0.5)

    p = parameter(4.0)
    Halve([p]).step()
    assert p.item() == 2.0
    with pytest.raises(NotImplementedError):
        optim.Optimizer([p], {}).step()


# ---------------------------------------------------------------------------------------------------- schedulers
def make_scheduler(**settings):
    optimizer = optim.SGD([with_gradient(1.0)], lr=0.5)
    return optimizer, optim.lr_scheduler.StepLR(optimizer, 1, **settings)


def test_scheduler_before_optimizer_warns():
    _, scheduler = make_scheduler()
    with pytest.warns(UserWarning, match="Detected call of `lr_scheduler.step\\(\\)` before `optimizer.step\\(\\)`"):
        scheduler.step()
    optimizer, scheduler = make_scheduler()
    optimizer.step()
    scheduler.step()
    assert "step" not in vars(optimizer)


def test_scheduler_state():
    optimizer, scheduler = make_scheduler(gamma=0.5)
    optimizer.step()
    scheduler.step()
    state = scheduler.state_dict()
    assert "optimizer" not in state
    other = optim.lr_scheduler.StepLR(optim.SGD([parameter(1.0)], lr=0.5), 1)
    other.load_state_dict(state)
    assert other.last_epoch == 1 and other.get_last_lr() == [0.25]


def test_reduce_on_plateau():
    optimizer = optim.SGD([parameter(1.0)], lr=1.0)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.5, cooldown=1)
    rates = []
    for loss in (3, 2, 2, 2, 2, 2, 2):
        scheduler.step(loss)
        rates.append(scheduler.get_last_lr()[0])
    assert rates == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]


def test_combined_schedulers():
    optimizer = optim.SGD([with_gradient(1.0)], lr=1.0)
    schedulers = [
        optim.lr_scheduler.ConstantLR(optimizer, 0.5, 10),
        optim.lr_scheduler.ExponentialLR(optimizer, 0.5),
    ]
    scheduler = optim.lr_scheduler.SequentialLR(optimizer, schedulers, [2])
    rates = []
    for _ in range(4):
        rates.append(scheduler.get_last_lr()[0])
        optimizer.step()
        scheduler.step()
    assert rates == [0.5, 0.5, 1.0, 0.5]


def test_names_as_in_pytorch():
    from penlight.optim.adam import Adam
    from penlight.optim.lr_scheduler import LRScheduler, _LRScheduler
    from penlight.optim.sgd import SGD

    assert SGD is optim.SGD and Adam is optim.Adam and LRScheduler is _LRScheduler


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    result = doctest.testmod(importlib.import_module(name), extraglobs={"torch": torch, "nn": nn})
    assert result.failed == 0


@pytest.mark.parametrize(
    ("make", "after_three_steps"),
    [
        (
            lambda params: optim.Adafactor(params, lr=0.05, weight_decay=0.1),
            [[0.744107, 2.351154], [2.631932, 3.599519], [-0.64013, 0.165294]],
        ),
        (
            lambda params: optim.Muon(params, lr=0.05),
            [[0.965796, 2.011326], [2.860971, 3.839382], [-0.873684, 0.375911]],
        ),
    ],
)
def test_optimizers_of_matrices(make, after_three_steps):
    """PyTorch 2.13's numbers."""
    param = nn.Parameter(torch.tensor([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]]))
    optimizer = make([param])
    for step in range(3):
        param.grad = torch.tensor([[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]]) * (step + 1)
        optimizer.step()
    np.testing.assert_allclose(param.tolist(), after_three_steps, atol=2e-6)
    with pytest.raises(ValueError, match="should be >= 0"):
        optim.Adafactor([param], lr=-1)
    with pytest.raises(ValueError, match="only supports 2D parameters"):
        optim.Muon([nn.Parameter(torch.ones(3))])


@pytest.mark.parametrize(
    ("settings", "weight", "running_mean", "computed_anew"),
    [
        (
            {},
            [0.02171, 0.37952, -0.5719, -0.53163, -0.27016, 0.19278],
            [-0.00194, 0.14089, -0.0203],
            [0.02049, 0.51115, -0.04584],
        ),
        (
            {"multi_avg_fn": optim.swa_utils.get_ema_multi_avg_fn(0.9)},
            [0.0008, 0.37935, -0.57864, -0.52412, -0.26975, 0.19336],
            [-0.00194, 0.14089, -0.0203],
            [0.02043, 0.51181, -0.04579],
        ),
        (
            {"avg_fn": optim.swa_utils.get_ema_avg_fn(0.5), "use_buffers": True},
            [0.03517, 0.37961, -0.5671, -0.537, -0.27031, 0.19256],
            [0.0197, 0.10253, 0.00588],
            [0.02053, 0.51067, -0.04586],
        ),
    ],
)
def test_averaged_model(settings, weight, running_mean, computed_anew):
    """PyTorch 2.13's numbers."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))
    average, optimizer = optim.swa_utils.AveragedModel(model, **settings), optim.SGD(model.parameters(), lr=0.1)
    batches = [torch.randn(4, 2) for _ in range(3)]
    for batch in batches:
        optimizer.zero_grad()
        model(batch).pow(2).sum().backward()
        optimizer.step()
        average.update_parameters(model)
    assert average.n_averaged == 3
    np.testing.assert_allclose(average.module[0].weight.flatten().tolist(), weight, atol=2e-5)
    np.testing.assert_allclose(average.module[1].running_mean.tolist(), running_mean, atol=2e-5)
    optim.swa_utils.update_bn([(batch, 0) for batch in batches], average)
    np.testing.assert_allclose(average.module[1].running_mean.tolist(), computed_anew, atol=2e-5)
    with pytest.raises(ValueError, match="Invalid decay value"):
        optim.swa_utils.get_ema_avg_fn(1.5)
