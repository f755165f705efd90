"""`__torch_function__`: subclasses of Tensor, tensor-like classes, and how both are switched off, as in PyTorch."""

import threading

import pytest

import penlight as torch

has_torch_function, is_tensor_like = torch.overrides.has_torch_function, torch.overrides.is_tensor_like


class Plain(torch.Tensor):
    """A subclass with nothing of its own."""


class Below(Plain):
    """A subclass of the subclass."""


class Other(torch.Tensor):
    """A subclass that has nothing to do with Plain."""


class Recorder(torch.Tensor):
    """A subclass that writes down what it is asked."""

    calls = []

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        cls.calls.append((func.__name__, types, len(args), dict(kwargs or {})))
        return super().__torch_function__(func, types, args, kwargs)


class Like:
    """Not a tensor, but it answers for tensors."""

    def __init__(self, number):
        self.number = number

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        numbers = [a.number if isinstance(a, Like) else a for a in args]
        return "answer", func.__name__, numbers, kwargs or {}


class Refuses:
    """Has the method, but knows nothing."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return NotImplemented


@pytest.fixture(autouse=True)
def no_calls():
    Recorder.calls.clear()


def make(cls, *shape):
    return torch.ones(*shape).as_subclass(cls)


# ---- subclasses keep their type
@pytest.mark.parametrize(
    "use",
    [
        lambda x: x + 1,
        lambda x: 1 + x,
        lambda x: 2 - x,
        lambda x: 1 / x,
        lambda x: x * x,
        lambda x: -x,
        lambda x: x @ x.t(),
        lambda x: x[0],
        lambda x: x[:, 1:],
        lambda x: x[x > 0],
        lambda x: x.sum(),
        lambda x: x.view(-1),
        lambda x: torch.exp(x),
        lambda x: torch.cat([torch.ones(2, 3), x]),
        lambda x: torch.stack((x, x)),
        lambda x: x.clone(),
        lambda x: x.detach(),
        lambda x: x.to(torch.float64),
        lambda x: x.t(),
        lambda x: x.T,
        lambda x: x == 1,
        lambda x: x**2,
        lambda x: 2**x,
        lambda x: torch.zeros_like(x),
        lambda x: x.new_zeros(2),
        lambda x: torch.nn.functional.relu(x),
        lambda x: abs(x),
        lambda x: x.unbind()[0],
        lambda x: x.max(1).values,
        lambda x: x.max(1)[1],
        lambda x: torch.where(x > 0, x, x),
        lambda x: ~(x > 0),
        lambda x: x.requires_grad_().mul(2),
        lambda x: x.add_(1),
        lambda x: torch.add(1, x) if False else torch.add(x, 1),
        lambda x: x // 1,
        lambda x: x % 2,
        lambda x: x < 2,
        lambda x: x.data,
        lambda x: x.float(),
        lambda x: x.cpu(),
    ],
    ids=range(41),
)
def test_results_are_of_the_subclass(use):
    assert type(use(make(Plain, 2, 3))) is Plain


def test_numbers_and_shapes_stay_what_they_are():
    x = make(Plain, 2, 3)
    assert type(x.shape) is torch.Size and x.size(0) == 2 and x.dim() == 2 and x.sum().item() == 6.0
    assert x.tolist() == [[1.0] * 3] * 2 and len(x) == 2 and bool(x[0, 0]) and float(x[0, 0]) == 1.0
    assert type(x.numpy()).__name__ == "ndarray" and torch.is_tensor(x) and x.dtype is torch.float32
    assert x.stride() == (3, 1) and x.is_contiguous() and not x.requires_grad and "Plain" in repr(x)


def test_mixtures():
    plain = torch.ones(2)
    assert type(plain + make(Plain, 2)) is type(make(Plain, 2) + plain) is Plain
    assert type(make(Plain, 2) + make(Below, 2)) is type(make(Below, 2) + make(Plain, 2)) is Below
    assert type(torch.cat([make(Plain, 2), make(Below, 2)])) is Below
    with pytest.raises(TypeError, match="Multiple dispatch failed for .torch.add."):
        torch.add(make(Plain, 2), make(Other, 2))
    with pytest.raises(TypeError):
        make(Plain, 2) + make(Other, 2)


def test_gradients_flow_through_subclasses():
    leaf = torch.ones(2, requires_grad=True)
    x = leaf.as_subclass(Plain)
    (x * 3).sum().backward()
    assert leaf.grad.tolist() == [3, 3]
    mine = make(Plain, 2).requires_grad_()
    (mine * mine).sum().backward()
    assert mine.grad.tolist() == [2, 2]


def test_in_place_keeps_the_object():
    x = make(Plain, 2)
    before = x
    x += 1
    x *= 2
    x[0] = 7
    assert x is before and type(x) is Plain and x.tolist() == [7, 4]
    out = make(Plain, 2)
    assert torch.add(x, 1, out=out) is out or out.tolist() == [8, 5]


def test_parameters_give_plain_tensors():
    p = torch.nn.Parameter(torch.ones(2))
    assert type(p + 1) is type(p.detach()) is type(p[0]) is torch.Tensor
    assert type(p + make(Plain, 2)) is Plain


# ---- what the method is given
def test_what_is_recorded():
    x = make(Recorder, 2, 3)
    torch.add(x, 1, alpha=2)
    assert Recorder.calls[-1] == ("add", (Recorder,), 2, {"alpha": 2})
    x.sum(0, keepdim=True)
    assert Recorder.calls[-1] == ("sum", (Recorder,), 2, {"keepdim": True})
    torch.stack([x, x], dim=1)
    assert Recorder.calls[-1][:2] == ("stack", (Recorder,))
    torch.ones(2, 3) + x
    assert Recorder.calls[-1][0] in ("add", "__add__", "__radd__")
    x[0]
    assert Recorder.calls[-1][:3] == ("__getitem__", (Recorder,), 2)
    x[0] = 1
    assert Recorder.calls[-1][:3] == ("__setitem__", (Recorder,), 3)
    assert all(types == (Recorder,) for _, types, _, _ in Recorder.calls)


def test_func_can_be_compared_with_the_public_function():
    class Doubles(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            if func is torch.sum or func is torch.Tensor.sum:
                return "summed"
            return super().__torch_function__(func, types, args, kwargs)

    x = make(Doubles, 2)
    assert torch.sum(x) == x.sum() == "summed"
    assert type(x.mean()) is Doubles


def test_an_error_inside_comes_out():
    class Angry(torch.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            raise KeyError("not today")

    x = (
        torch.Tensor._make_subclass(Angry, torch.ones(2))
        if hasattr(torch.Tensor, "_make_subclass")
        else torch.ones(2).as_subclass(Angry)
    )
    with pytest.raises(KeyError, match="not today"):
        torch.exp(x)
    with pytest.raises(KeyError, match="not today"):
        x + 1


# ---- tensor-like classes
def test_tensor_like_arguments():
    like, x = Like(3), torch.ones(2)
    assert torch.add(like, 1) == ("answer", "add", [3, 1], {})
    answer = torch.add(x, like, alpha=2)
    assert answer[:2] == ("answer", "add") and answer[2][1] == 3 and answer[3] == {"alpha": 2}
    assert torch.stack([like]).__class__ is tuple
    assert torch.exp(like)[1] == "exp" and torch.sum(like, 0)[2] == [3, 0]
    assert is_tensor_like(like) and is_tensor_like(x) and not is_tensor_like(3) and not torch.is_tensor(like)
    assert has_torch_function((like,)) and not has_torch_function((x,)) and not has_torch_function((1, "a"))


def test_functions_written_in_python_ask_too():
    like = Like(3)
    assert torch.nn.functional.linear(like, torch.ones(2, 2))[1] == "linear"
    assert torch.where(like, 1, 2)[1] == "where"
    assert torch.nn.functional.dropout(like, 0.5)[1] == "dropout"


def test_nobody_answers():
    with pytest.raises(TypeError, match="Multiple dispatch failed for .torch.add."):
        torch.add(torch.ones(2), Refuses())
    with pytest.raises(TypeError):
        torch.add(torch.ones(2), object())


def test_a_class_without_the_method_is_refused():
    class Nothing:
        pass

    with pytest.raises(TypeError):
        torch.exp(Nothing())


# ---- switching off
def test_disabled_for_subclasses():
    x = make(Recorder, 2)
    Recorder.calls.clear()
    with torch._C.DisableTorchFunctionSubclass():
        y = x + 1
        assert type(torch.exp(x)) is torch.Tensor
    assert type(y) is torch.Tensor and not Recorder.calls
    assert type(x + 1) is Recorder


def test_disabling_ends_with_the_block():
    x = make(Plain, 2)
    with pytest.raises(ValueError), torch._C.DisableTorchFunctionSubclass():
        raise ValueError
    assert type(x + 1) is Plain


def test_disabling_is_a_threads_own():
    x, seen = make(Plain, 2), []
    with torch._C.DisableTorchFunctionSubclass():
        worker = threading.Thread(target=lambda: seen.append(type(x + 1)))
        worker.start()
        worker.join()
        assert type(x + 1) is torch.Tensor
    assert seen == [Plain]


def test_a_subclass_may_opt_out():
    class Quiet(torch.Tensor):
        __torch_function__ = torch._C._disabled_torch_function_impl

    x = make(Quiet, 2)
    assert type(x + 1) is torch.Tensor and type(x[0]) is torch.Tensor
