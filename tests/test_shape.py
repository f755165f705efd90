"""Views share memory and follow PyTorch's stride rules; joining, splitting and rearranging agree with NumPy."""

import numpy as np
import pytest

import penlight as torch

DTYPES = [
    torch.bool,
    torch.uint8,
    torch.int16,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
]


def counted(*shape, dtype=torch.float64):
    return torch.arange(int(np.prod(shape))).reshape(shape).to(dtype, copy=True)


def array(t):
    return t.float().numpy() if t.dtype == torch.bfloat16 else t.numpy()


def same(t, a):
    assert tuple(t.shape) == np.asarray(a).shape
    np.testing.assert_array_equal(array(t), a)


# ---------------------------------------------------------------- views
VIEWS = {
    "view": (lambda x: x.view(4, 6), lambda a: a.reshape(4, 6)),
    "view_hole": (lambda x: x.view(-1, 12), lambda a: a.reshape(2, 12)),
    "transpose": (lambda x: x.transpose(0, -1), lambda a: a.swapaxes(0, 2)),
    "permute": (lambda x: x.permute(2, 0, 1), lambda a: a.transpose(2, 0, 1)),
    "movedim": (lambda x: x.movedim((0, 1), (-1, 0)), lambda a: np.moveaxis(a, (0, 1), (-1, 0))),
    "T": (lambda x: x[0].T, lambda a: a[0].T),
    "mT": (lambda x: x.mT, lambda a: a.swapaxes(1, 2)),
    "unsqueeze": (lambda x: x.unsqueeze(-2), lambda a: np.expand_dims(a, 2)),
    "squeeze": (lambda x: x[:, :1].squeeze(1), lambda a: a[:, 0]),
    "select": (lambda x: x.select(1, -1), lambda a: a[:, -1]),
    "narrow": (lambda x: x.narrow(2, 1, 2), lambda a: a[:, :, 1:3]),
    "slice": (lambda x: x[:, ::2, 1:-1], lambda a: a[:, ::2, 1:-1]),
    "expand": (lambda x: x[:, :1].expand(-1, 5, -1), lambda a: np.broadcast_to(a[:, :1], (2, 5, 4))),
    "diagonal": (lambda x: x.diagonal(1, 1, 2), lambda a: a.diagonal(1, 1, 2)),
    "unfold": (lambda x: x.unfold(2, 2, 1), lambda a: np.lib.stride_tricks.sliding_window_view(a, 2, 2)),
    "as_strided": (
        lambda x: x.as_strided((3, 2), (1, 2), 4),
        lambda a: np.lib.stride_tricks.as_strided(a.reshape(-1)[4:], (3, 2), (a.itemsize, 2 * a.itemsize)),
    ),
    "flatten": (lambda x: x.flatten(1), lambda a: a.reshape(2, 12)),
    "unflatten": (lambda x: x.unflatten(2, (2, -1)), lambda a: a.reshape(2, 3, 2, 2)),
    "view_as": (lambda x: x.view_as(torch.empty(6, 4)), lambda a: a.reshape(6, 4)),
    "split": (lambda x: x.split(2, 1)[1], lambda a: a[:, 2:]),
    "unbind": (lambda x: x.unbind(2)[3], lambda a: a[:, :, 3]),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_view(name, dtype):
    ours, theirs = VIEWS[name]
    x = counted(2, 3, 4, dtype=dtype)
    y = ours(x)
    same(y, theirs(array(x)))
    assert y._base is x or y._base._base is x
    start = x.data_ptr()
    assert start <= y.data_ptr() < start + x.nbytes
    y.zero_() if name != "expand" and name != "unfold" else x.zero_()
    assert not array(y).any()


@pytest.mark.parametrize(
    "shape, order, size, fits",
    [
        ((2, 3, 4), (0, 1, 2), (6, 4), True),
        ((2, 3, 4), (1, 0, 2), (6, 4), False),
        ((2, 3, 4), (1, 0, 2), (3, 2, 2, 2), True),
        ((2, 3, 4), (2, 0, 1), (4, 6), True),
        ((4, 1, 3), (2, 1, 0), (3, 4), True),
        ((0, 3), (1, 0), (0, 7), True),
        ((1, 1, 1), (2, 1, 0), (1,), True),
        ((), (), (1, 1), True),
    ],
)
def test_view_needs_compatible_strides(shape, order, size, fits):
    x = counted(*shape).permute(order)
    if fits:
        same(x.view(size), x.numpy().reshape(size))
    else:
        with pytest.raises(RuntimeError, match=r"view size is not compatible.*Use .reshape\(...\) instead"):
            x.view(size)
    y = x.reshape(size)
    same(y, x.numpy().reshape(size))
    assert (y._base is not None) == fits


def test_view_of_another_dtype():
    x = torch.tensor([[1.0, -2.0], [0.5, 4.0]])
    same(x.view(torch.int32), x.numpy().view(np.int32))
    same(x.view(torch.uint8), x.numpy().view(np.uint8))
    same(x.view(torch.uint8).view(torch.float32), x.numpy())
    same(x.view(torch.complex64), x.numpy().view(np.complex64))
    with pytest.raises(RuntimeError, match="must be divisible by 2"):
        torch.ones(3).view(torch.float64)
    with pytest.raises(RuntimeError, match=r"stride\(-1\) must be 1"):
        x.t().view(torch.uint8)


def test_in_place_views():
    x = torch.arange(6.0).view(1, 2, 3).clone()
    same(x.squeeze_(0), np.arange(6.0).reshape(2, 3))
    same(x.t_(), np.arange(6.0).reshape(2, 3).T)
    same(x.unsqueeze_(1).transpose_(0, 2), np.arange(6.0).reshape(2, 1, 3))


def test_in_place_views_keep_gradients():
    x = torch.arange(6.0, requires_grad=True)
    y = (x * 2).view(2, 3).clone()
    y.t_()
    (y * torch.tensor([[1.0, 10.0]])).sum().backward()
    same(x.grad, [2, 2, 2, 20, 20, 20])
    base = (x * 1).clone()
    part = base.view(2, 3)
    part.t_()
    assert part.shape == (3, 2) and part.grad_fn is not None
    x.grad = None
    part[0].sum().backward()
    same(x.grad, [1, 0, 0, 1, 0, 0])
    with pytest.raises(RuntimeError, match="leaf Variable"):
        torch.ones(2, 3, requires_grad=True).t_()


def test_expanded_memory_is_not_written():
    x = torch.ones(3, 1).expand(3, 4)
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        x.index_add_(0, torch.tensor([0]), torch.ones(1, 4))


# ---------------------------------------------------------------- joining and splitting
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_cat_and_stack(dtype):
    x, y = counted(2, 3, dtype=dtype), counted(3, 2, dtype=dtype).t()
    same(torch.cat([x, y]), np.concatenate([array(x), array(y)]))
    same(torch.concatenate([x, y], axis=-1), np.concatenate([array(x), array(y)], -1))
    for dim in (0, 1, 2, -1):
        same(torch.stack([x, y], dim), np.stack([array(x), array(y)], dim))


def test_cat_promotes_and_skips_the_empty_vector():
    r = torch.cat([torch.ones(2, dtype=torch.int64), torch.zeros(1), torch.ones(2, dtype=torch.float16)])
    assert r.dtype == torch.float32 and r.tolist() == [1, 1, 0, 1, 1]
    assert torch.cat([torch.empty(0), torch.ones(2, 3)]).shape == (2, 3)
    assert torch.cat([torch.ones(2, 0), torch.ones(2, 3)], 1).shape == (2, 3)
    assert torch.cat([torch.ones(2, 3).bool(), torch.ones(1, 3).bool()]).dtype == torch.bool


@pytest.mark.parametrize("size", [1, 3, 5000])
def test_cat_of_large_rows(size):
    a = np.arange(40 * size, dtype=np.float32).reshape(20, 2, size)
    x = torch.from_numpy(a)
    same(torch.cat([x, x[:, :1], x], 1), np.concatenate([a, a[:, :1], a], 1))
    same(torch.cat([x.transpose(0, 1), x.transpose(0, 1)], 2), np.concatenate([a.swapaxes(0, 1)] * 2, 2))


@pytest.mark.parametrize("name", ["hstack", "vstack", "dstack", "column_stack"])
def test_stacks(name):
    for shapes in ([(3,), (3,)], [(2, 3), (2, 3)], [(2, 3, 1), (2, 3, 1)]):
        arrays = [np.random.randn(*s) for s in shapes]
        same(getattr(torch, name)([torch.from_numpy(a) for a in arrays]), getattr(np, name)(arrays))


def test_splitting():
    x = counted(5, 4)
    assert [tuple(p.shape) for p in x.split(2)] == [(2, 4), (2, 4), (1, 4)]
    assert [tuple(p.shape) for p in torch.split(x, [1, 4])] == [(1, 4), (4, 4)]
    assert [p.size(1) for p in torch.chunk(x, 3, 1)] == [2, 2]
    for ours, theirs in zip(torch.tensor_split(x, 3), np.array_split(x.numpy(), 3)):
        same(ours, theirs)
    for ours, theirs in zip(torch.tensor_split(x, (1, 3), 1), np.array_split(x.numpy(), (1, 3), 1)):
        same(ours, theirs)
    same(torch.hsplit(x, 2)[1], np.hsplit(x.numpy(), 2)[1])
    first, second = x.unsafe_chunk(2)
    assert first._base is None and second._base is None


def test_views_made_together_are_not_changed_in_place():
    x = torch.ones(4, requires_grad=True) * 2
    first, _ = x.split(2)
    with pytest.raises(RuntimeError, match="returns multiple views"):
        first.mul_(3)


# ---------------------------------------------------------------- rearranging
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_rearranging(dtype):
    x = counted(2, 3, 4, dtype=dtype).transpose(0, 2)
    a = array(x)
    same(x.repeat(2, 1, 3), np.tile(a, (2, 1, 3)))
    same(x.tile((2,)), np.tile(a, (2,)))
    same(x.repeat_interleave(2, 1), np.repeat(a, 2, 1))
    same(x.repeat_interleave(torch.tensor([1, 0, 2]), 1), np.repeat(a, [1, 0, 2], 1))
    same(x.repeat_interleave(3), np.repeat(a, 3))
    same(x.roll(5), np.roll(a, 5))
    same(x.roll((1, -2), (0, 2)), np.roll(a, (1, -2), (0, 2)))
    same(x.flip(0, 2), np.flip(a, (0, 2)))
    same(x.fliplr(), np.fliplr(a))
    same(x.flipud(), np.flipud(a))
    for k in range(-2, 5):
        same(x.rot90(k, (0, 2)), np.rot90(a, k, (0, 2)))
        same(x.tril(k - 1), np.tril(a, k - 1))
        same(x.triu(k - 1), np.triu(a, k - 1))
    same(x[0, :, 0].diag(1), np.diag(a[0, :, 0], 1))
    same(x[0].diag(-1), np.diag(a[0], -1))
    same(x[0].diagflat(), np.diagflat(a[0]))
    same(x.diag_embed()[0, 0], np.diag(a[0, 0]))


def test_triangle_indices():
    for k in (-3, -1, 0, 2, 5):
        same(torch.tril_indices(4, 3, k), np.array(np.tril_indices(4, k, 3)))
        same(torch.triu_indices(4, 3, k), np.array(np.triu_indices(4, k, 3)))


def test_huge_diagonal_offsets():
    for k in (2**62, -(2**62)):
        same(torch.ones(2, 3).tril(k), np.ones((2, 3)) * (k > 0))
        same(torch.ones(2, 3).triu(k), np.ones((2, 3)) * (k < 0))
        assert torch.ones(2, 3).diagonal(k).shape == (0,)


# ---------------------------------------------------------------- gradients
GRADIENTS = {
    "view": lambda x: x.view(3, 8),
    "permute": lambda x: x.permute(2, 0, 1),
    "expand": lambda x: x[:, :1].expand(2, 5, 4),
    "select": lambda x: x.select(1, 1),
    "slice": lambda x: x[:, ::2, 1:],
    "diagonal": lambda x: x.diagonal(0, 1, 2),
    "unfold": lambda x: x.unfold(2, 3, 1),
    "as_strided": lambda x: x.as_strided((3, 3), (1, 2), 1),
    "cat": lambda x: torch.cat([x, x[:, :1] * x[:, :1]], 1),
    "stack": lambda x: torch.stack([x[0], x[1] * x[0]], 1),
    "unbind": lambda x: x.unbind(1)[0] * x.unbind(1)[2],
    "split": lambda x: x.split(2, 1)[0] * 2,
    "repeat": lambda x: x.repeat(2, 1, 2),
    "repeat_interleave": lambda x: x.repeat_interleave(torch.tensor([2, 0, 1]), 1),
    "roll": lambda x: x.roll((1, 2), (0, 1)),
    "flip": lambda x: x.flip(0, 1),
    "rot90": lambda x: x.rot90(1, (0, 1)),
    "tril": lambda x: x.tril(),
    "diag_embed": lambda x: x.diag_embed(1),
    "movedim": lambda x: x.movedim(0, 2),
    "reshape": lambda x: x.transpose(0, 2).reshape(-1),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    f = GRADIENTS[name]
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: f(t * t), (x,))
    assert torch.autograd.gradgradcheck(lambda t: f(t * t * t), (x,))


# ---------------------------------------------------------------- errors and the meta device
@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda x: x.view(5), RuntimeError, r"shape '\[5\]' is invalid for input of size 6"),
        (lambda x: x.view(-1, -1), RuntimeError, "only one dimension can be inferred"),
        (
            lambda x: x.transpose(0, 2),
            IndexError,
            r"Dimension out of range \(expected to be in range of \[-2, 1\], but got 2\)",
        ),
        (lambda x: x.permute(0), RuntimeError, "does not match the length of the desired ordering"),
        (lambda x: x.permute(0, 0), RuntimeError, "duplicate dims"),
        (
            lambda x: x.expand(4, 3),
            RuntimeError,
            r"The expanded size of the tensor \(4\) must match the existing size \(2\) at non-singleton "
            "dimension 0",
        ),
        (lambda x: x.expand(3), RuntimeError, r"the number of sizes provided \(1\) must be greater or equal"),
        (lambda x: x.narrow(0, 1, 2), RuntimeError, r"start \(1\) \+ length \(2\) exceeds dimension size \(2\)"),
        (
            lambda x: torch.select(x, 0, 2),
            IndexError,
            r"select\(\): index 2 out of range for tensor of size \[2, 3\] at dimension 0",
        ),
        (lambda x: x[2], IndexError, "index 2 is out of bounds for dimension 0 with size 2"),
        (lambda x: x.unfold(1, 4, 1), RuntimeError, "maximum size for tensor at dimension 1 is 3 but size is 4"),
        (lambda x: x.as_strided((2, 2), (3, 3), 1), RuntimeError, "out of bounds for storage of size 24"),
        (lambda x: x.as_strided((2,), (2**62,)), RuntimeError, "out of bounds|overflow"),
        (lambda x: x.as_strided((2,), (-1,)), RuntimeError, "Negative strides are not supported"),
        (
            lambda x: torch.cat([x, x.t()]),
            RuntimeError,
            "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 2",
        ),
        (lambda x: torch.cat([]), ValueError, "expected a non-empty list of Tensors"),
        (lambda x: torch.cat([x, x[0]]), RuntimeError, "Tensors must have same number of dimensions: got 2 and 1"),
        (lambda x: torch.cat([x, None]), TypeError, "expected Tensor as element 1 in argument 0, but got NoneType"),
        (lambda x: torch.stack([x, x.t()]), RuntimeError, "stack expects each tensor to be equal size"),
        (lambda x: x.split(0), RuntimeError, "split_size can only be 0"),
        (lambda x: x.split([1, 2]), RuntimeError, "split_with_sizes expects split_sizes to sum exactly to 2"),
        (lambda x: x.chunk(0), RuntimeError, "chunk expects `chunks` to be greater than 0"),
        (lambda x: x.repeat(2), RuntimeError, "Number of dimensions of repeat dims"),
        (lambda x: x.flip(0, -2), RuntimeError, "dim 0 appears multiple times"),
        (lambda x: x.unflatten(1, (2, 2)), RuntimeError, "don't multiply up to the size of dim 1"),
        (lambda x: torch.cat([x, x.to("meta")]), RuntimeError, "same device"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(torch.arange(6.0).view(2, 3))


@pytest.mark.parametrize("name", [n for n in GRADIENTS if n != "repeat_interleave"])
def test_meta(name):
    x = torch.randn(2, 3, 4)
    real, shape = GRADIENTS[name](x), GRADIENTS[name](x.to("meta"))
    assert shape.is_meta and shape.shape == real.shape and shape.stride() == real.stride()
