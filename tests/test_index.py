"""Indexing, masks, gather and scatter agree with NumPy; bounds are checked before memory is touched."""

import itertools

import numpy as np
import pytest

import penlight as torch

DTYPES = [
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.bfloat16,
    torch.float32,
    torch.float64,
    torch.complex64,
    torch.complex128,
]
LONG = torch.int64


def counted(*shape, dtype=torch.float64):
    return torch.arange(int(np.prod(shape))).reshape(shape).to(dtype)


def array(t):
    return t.float().numpy() if t.dtype == torch.bfloat16 else t.numpy()


def same(t, a):
    assert tuple(t.shape) == np.asarray(a).shape
    np.testing.assert_array_equal(array(t), a)


# ---------------------------------------------------------------- x[...]
I = torch.tensor([[0, -1, 1], [2, 0, 0]])
J = torch.tensor([1, -2, 0])
M = torch.tensor([[True, False, True, False], [False, False, True, True], [True, False, False, False]])
KEYS = {
    "vector": (J,),
    "matrix": (I,),
    "second": (slice(None), J),
    "two": (J, J),
    "broadcast": (I, J),
    "apart": (J, slice(None), J),
    "columns": (I[:, :1], J),
    "number": (1, J),
    "apart_number": (J, slice(None), 1),
    "new_axis": (J, None),
    "ellipsis": (..., J),
    "step": (slice(0, None, 2), J, slice(1, 3)),
    "mask": (M,),
    "mask_rows": (torch.tensor([True, False, True]),),
    "mask_and_index": (torch.tensor([True, False, True]), torch.tensor([1, 0])),
    "trailing_mask": (..., torch.tensor([True, False] * 2 + [True])),
    "empty": (torch.empty(0, dtype=LONG),),
    "list": ([0, 2],),
    "zero_dim": (torch.tensor(1), J),
    "none_true": (torch.zeros(3, 4, dtype=torch.bool),),
    "scalar_mask": (True,),
    "false": (False,),
    "int32": (J.int(),),
    "uint8_mask": (torch.tensor([1, 0, 1], dtype=torch.uint8),),
}


def numpy_key(key):
    def one(k):
        if not isinstance(k, torch.Tensor):
            return k
        return k.numpy().astype(bool) if k.dtype == torch.uint8 else k.numpy()

    return tuple(one(k) for k in key)


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)], ids=["dense", "turned"])
@pytest.mark.filterwarnings("ignore:indexing with dtype torch.uint8")
def test_reading_and_writing(name, order):
    key = KEYS[name]
    x = counted(*(np.array((3, 4, 5))[np.argsort(order)])).permute(order)
    a = array(x).copy()
    same(x[key], a[numpy_key(key)])
    for value in (7.5, torch.randn(a[numpy_key(key)].shape[-1:], dtype=torch.float64)):
        y, b = x.clone(), a.copy()
        y[key] = value
        b[numpy_key(key)] = array(value) if isinstance(value, torch.Tensor) else value
        same(y, b)


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype(dtype):
    x = counted(4, 3, dtype=dtype)
    i = torch.tensor([3, 0, 3])
    same(x[i], array(x)[[3, 0, 3]])
    same(x[:, [2, 0]], array(x)[:, [2, 0]])
    same(x.index_select(1, torch.tensor([2, 2, 0])), array(x)[:, [2, 2, 0]])
    same(x.gather(0, torch.tensor([[3, 0, 1]])), array(x)[[3, 0, 1], [0, 1, 2]][None])
    y = x.clone()
    y[i] = x[0]
    b = array(x).copy()
    b[[3, 0]] = b[0]
    same(y, b)
    same(x.take(torch.tensor([[-1, 0]])), array(x).reshape(-1)[[[-1, 0]]])
    mask = torch.tensor([True, False, True])
    same(x[:, mask], array(x)[:, [0, 2]])
    same(x.masked_select(mask), array(x)[:, [0, 2]].reshape(-1))
    same(x.masked_fill(mask, 1), np.where(mask.numpy(), np.ones((), array(x).dtype), array(x)))
    same(torch.nonzero(x), np.argwhere(array(x)))


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("inner", [(), (3,), (2, 70)], ids=str)
def test_duplicates_add_up(dtype, inner):
    x, i = torch.zeros((5, *inner), dtype=dtype), torch.tensor([1, 3, 1, 1, -1])
    v = torch.ones((5, *inner), dtype=dtype)
    count = np.zeros((5, *inner))
    np.add.at(count, [1, 3, 1, 1, 4], np.ones((5, *inner)))
    expected = count.astype(bool) if dtype == torch.bool else count
    same(x.index_put((i,), v, accumulate=True), expected)
    same(x.index_add(0, i % 5, v), expected)
    wide = (i % 5).view([-1] + [1] * len(inner)).expand(v.shape)
    same(x.scatter_add(0, wide, v), expected)


def test_adding_does_not_depend_on_threads():
    torch.manual_seed(0)
    x, i, v = torch.zeros(50, 300), torch.randint(0, 50, (2000,)), torch.randn(2000, 300)
    results, threads = [], torch.get_num_threads()
    try:
        for n in (1, 2):
            torch.set_num_threads(n)
            results.append(x.index_put((i,), v, accumulate=True))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*results)
    expected = np.zeros((50, 300), dtype=np.float32)
    np.add.at(expected, i.numpy(), v.numpy())
    np.testing.assert_allclose(results[0].numpy(), expected, rtol=1e-5, atol=1e-4)


def test_reading_is_fast_enough_to_be_parallel_and_right():
    x, i = torch.randn(1000, 64), torch.randint(0, 1000, (5000,))
    same(x[i], x.numpy()[i.numpy()])
    same(x[:, i[:100] % 64], x.numpy()[:, i[:100].numpy() % 64])
    same(x.t()[i % 64], x.numpy().T[i.numpy() % 64])
    same(x.gather(0, i.view(-1, 1).expand(-1, 64)), x.numpy()[i.numpy()])


def test_indices_that_are_written_to():
    x = torch.arange(5)
    x.scatter_(0, x, 2**40)
    assert x.tolist() == [2**40] * 5
    x = torch.arange(3)
    x[x] = torch.tensor([2**40, 2**41, 2**42])
    assert x.tolist() == [2**40, 2**41, 2**42]
    x = torch.arange(3)
    x.index_fill_(0, x, -(2**40))
    assert x.tolist() == [-(2**40)] * 3


def test_writing_to_itself():
    x = torch.arange(5.0)
    x[torch.tensor([0, 1, 2, 3])] = x[1:]
    assert x.tolist() == [1, 2, 3, 4, 4]
    x = torch.arange(4.0)
    x.index_copy_(0, torch.tensor([3, 2, 1, 0]), x)
    assert x.tolist() == [3, 2, 1, 0]


# ---------------------------------------------------------------- along a dimension
def test_index_functions():
    x, i = counted(3, 4), torch.tensor([2, 0])
    a = x.numpy()
    same(x.index_copy(0, i, -x[:2]), np.stack([-a[1], a[1], -a[0]]))
    same(x.index_fill(1, torch.tensor([-1]), 9), np.concatenate([a[:, :3], np.full((3, 1), 9)], 1))
    same(x.index_add(1, i, x[:, :2], alpha=2), a + 2 * np.stack([a[:, 1], 0 * a[:, 0], a[:, 0], 0 * a[:, 0]], 1))
    same(x.index_reduce(0, torch.tensor([0, 0]), x[1:], "amax"), np.stack([a[2], a[1], a[2]]))
    same(torch.tensor(5.0).index_select(0, torch.tensor([0])), 5.0)
    same(x.take_along_dim(torch.tensor([[1], [0], [3]]), 1), np.take_along_axis(a, np.array([[1], [0], [3]]), 1))


@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("dtype", [torch.int64, torch.float32, torch.float64])
def test_scatter_reduce(reduce, include_self, dtype):
    x, src = (torch.randint(-4, 5, s).to(dtype) for s in ((3, 4), (5, 4)))
    i = torch.randint(0, 3, (5, 4))
    r = x.scatter_reduce(0, i, src, reduce, include_self=include_self)
    combine = {"sum": np.sum, "mean": np.mean, "prod": np.prod, "amax": np.max, "amin": np.min}[reduce]
    for p, q in itertools.product(range(3), range(4)):
        named = [src[k, q].item() for k in range(5) if i[k, q] == p]
        values = ([x[p, q].item()] if include_self or not named else []) + named
        expected = combine(values)
        assert r[p, q].item() == pytest.approx(np.floor(expected) if dtype == torch.int64 else expected)


def test_scatter():
    x, i = torch.zeros(3, 4), torch.tensor([[0, 1, 2, 0]])
    assert x.scatter(0, i, torch.ones(1, 4)).sum() == 4
    assert x.scatter(0, i, 2.5).sum() == 10
    assert x.scatter(0, i, 2, reduce="add").scatter(0, i, 3, reduce="multiply").sum() == 24
    y = torch.zeros(5)
    y.scatter_(0, torch.tensor([4, 4]), torch.tensor([1.0, 2.0]))
    assert y.tolist() == [0, 0, 0, 0, 2]


# ---------------------------------------------------------------- masks
def test_masks():
    x, m = counted(2, 3), torch.tensor([[True, False, True], [False, True, False]])
    assert [t.tolist() for t in torch.where(m)] == [[0, 0, 1], [0, 2, 1]]
    assert [t.tolist() for t in m.nonzero(as_tuple=True)] == [[0, 0, 1], [0, 2, 1]]
    same(x.where(m, -1.0), np.where(m.numpy(), x.numpy(), -1.0))
    same(x.masked_scatter(m, torch.tensor([7.0, 8.0, 9.0, 10.0], dtype=torch.float64)), [[7, 1, 8], [3, 9, 5]])
    y = x.clone()
    y.masked_fill_(m[0], 0)
    same(y, x.numpy() * ~m[0].numpy())
    assert torch.nonzero(torch.tensor(3)).shape == (1, 0) and torch.nonzero(torch.tensor(0)).shape == (0, 0)
    large = torch.randn(300, 7) > 1.5
    same(large.nonzero(), np.argwhere(large.numpy()))


# ---------------------------------------------------------------- searching
@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.float32, torch.float64])
def test_searching(dtype):
    edges, values = torch.tensor([1, 3, 3, 7]).to(dtype), torch.tensor([[0, 1, 3], [5, 7, 8]]).to(dtype)
    for right in (False, True):
        same(
            torch.searchsorted(edges, values, right=right),
            np.searchsorted(edges.numpy(), values.numpy(), "right" if right else "left"),
        )
        same(
            torch.bucketize(values, edges, right=right),
            np.searchsorted(edges.numpy(), values.numpy(), "right" if right else "left"),
        )
    order = torch.tensor([3, 0, 2, 1])
    same(
        torch.searchsorted(edges[order], values, sorter=torch.argsort(edges[order])),
        np.searchsorted(edges.numpy(), values.numpy()),
    )
    assert torch.bucketize(3, edges, out_int32=True).dtype == torch.int32
    same(torch.isin(values, edges), np.isin(values.numpy(), edges.numpy()))
    same(torch.isin(values, 7, invert=True), values.numpy() != 7)


def test_searching_rows_and_nan():
    rows = torch.tensor([[1.0, 2.0, 3.0], [10.0, 20.0, float("nan")]])
    same(torch.searchsorted(rows, torch.tensor([[2.5], [float("nan")]])), [[2], [3]])
    assert not torch.isin(torch.tensor(float("nan")), torch.tensor([float("nan")]))


# ---------------------------------------------------------------- embedding
def test_embedding():
    w = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    i = torch.tensor([[1, 4, 1], [0, 2, 1]])
    y = torch.nn.functional.embedding(i, w, padding_idx=2)
    same(y.detach(), w.detach().numpy()[i.numpy()])
    y.sum().backward()
    same(w.grad, np.array([1, 3, 0, 0, 1])[:, None] * np.ones((5, 3)))
    w.grad = None
    torch.nn.functional.embedding(i, w, scale_grad_by_freq=True).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), np.array([1, 1, 1, 0, 1])[:, None] * np.ones((5, 3)))


# ---------------------------------------------------------------- gradients
GRADIENTS = {
    "index": lambda x: x[I, J] * x[I, J],
    "index_mask": lambda x: x[M],
    "index_apart": lambda x: x[J, :, J],
    "index_select": lambda x: x.index_select(1, J % 4),
    "index_add": lambda x: x.index_add(0, torch.tensor([1, 1]), x[:2] * x[1:], alpha=2),
    "index_copy": lambda x: x.index_copy(0, torch.tensor([2, 0]), x[:2] * x[1:]),
    "index_fill": lambda x: x.index_fill(0, torch.tensor([1]), x[0, 0, 0]),
    "index_put": lambda x: x.index_put((torch.tensor([2, -3]),), x[0, 0] * x[1, 1]),
    "index_put_add": lambda x: x.index_put((J, J), x[0, 0], accumulate=True),
    "gather": lambda x: x.gather(0, torch.tensor([[[2]], [[1]], [[2]]]).expand(3, 4, 2)),
    "scatter": lambda x: x.scatter(0, torch.tensor([[[2]]]).expand(1, 4, 5), x[:1] * x[:1]),
    "scatter_add": lambda x: x.scatter_add(1, torch.zeros(3, 4, 5, dtype=LONG), x * x),
    "scatter_mean": lambda x: x.scatter_reduce(1, torch.ones(3, 4, 5, dtype=LONG), x * x, "mean"),
    "scatter_prod": lambda x: x.scatter_reduce(1, torch.ones(3, 4, 5, dtype=LONG), x * x, "prod", include_self=False),
    "scatter_amax": lambda x: x.scatter_reduce(1, torch.ones(3, 4, 5, dtype=LONG), x * x, "amax"),
    "take": lambda x: x.take(I),
    "put": lambda x: x.put(J, x[0, 0, :3] * 2),
    "masked_fill": lambda x: x.masked_fill(M.unsqueeze(-1), x[0, 0, 0]),
    "masked_select": lambda x: x.masked_select(M.unsqueeze(-1)),
    "masked_scatter": lambda x: x.masked_scatter(M.unsqueeze(-1), x * x),
    "select_scatter": lambda x: x.select_scatter(x[0] * x[1], 0, 1),
    "slice_scatter": lambda x: x.slice_scatter(x[:2] * x[1:], 0, 1),
    "diagonal_scatter": lambda x: x[0].diagonal_scatter(x[1].diagonal() * 2),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients(name):
    f = GRADIENTS[name]
    x = torch.randn(3, 4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: f(t * t), (x,))
    assert torch.autograd.gradgradcheck(lambda t: f(t * t), (x,))


def test_writing_keeps_gradients():
    x, v = torch.ones(4, 3, requires_grad=True), torch.ones(3, requires_grad=True)
    y = x * 2
    y[torch.tensor([1, 1])] = v
    y[0, 2] = 5.0
    y.sum().backward()
    same(x.grad, [[2, 2, 0], [0, 0, 0], [2, 2, 2], [2, 2, 2]])
    assert v.grad.sum() > 0


# ---------------------------------------------------------------- errors
@pytest.mark.parametrize(
    "call, error, text",
    [
        (lambda x: x[torch.tensor([0, 5])], IndexError, "index 5 is out of bounds for dimension 0 with size 3"),
        (lambda x: x[:, torch.tensor([-3])], IndexError, "index -3 is out of bounds for dimension 1 with size 2"),
        (
            lambda x: x[torch.tensor([0, 1]), torch.tensor([0, 1, 1])],
            IndexError,
            r"indexing tensors could not be broadcast together with shapes \[2\], \[3\]",
        ),
        (
            lambda x: x[torch.tensor([True, False])],
            IndexError,
            r"The shape of the mask \[2\] at index 0 does not match",
        ),
        (lambda x: x[0, 0, 0], IndexError, "too many indices for tensor of dimension 2"),
        (lambda x: x[torch.tensor([0.5])], IndexError, "tensors used as indices must be long, int, byte or bool"),
        (lambda x: x.__setitem__(torch.tensor([9]), 1.0), IndexError, "index 9 is out of bounds"),
        (
            lambda x: x.__setitem__(torch.tensor([0, 1]), torch.ones(3, 3)),
            RuntimeError,
            "shape mismatch: value tensor of shape",
        ),
        (
            lambda x: x.index_put((torch.tensor([0]),), torch.ones(2).double()),
            RuntimeError,
            "source and destination dtypes match",
        ),
        (lambda x: x.index_select(0, torch.tensor([3])), IndexError, "index out of range in self"),
        (
            lambda x: x.index_add(0, torch.tensor([3]), x[:1]),
            RuntimeError,
            "index 3 is out of bounds for dimension 0 with size 3",
        ),
        (
            lambda x: x.index_add(0, torch.tensor([1]), x[:2]),
            RuntimeError,
            r"Number of indices \(1\) should be equal to source.size\(dim\): \(2\)",
        ),
        (
            lambda x: x.gather(0, torch.tensor([[-1]])),
            RuntimeError,
            "index -1 is out of bounds for dimension 0 with size 3",
        ),
        (
            lambda x: x.gather(0, torch.tensor([0])),
            RuntimeError,
            "Index tensor must have the same number of dimensions",
        ),
        (lambda x: x.scatter(0, torch.tensor([[3]]), 1.0), RuntimeError, "index 3 is out of bounds"),
        (
            lambda x: x.scatter_add(0, torch.zeros(1, 3, dtype=LONG), torch.ones(1, 3)),
            RuntimeError,
            "to be no larger than self",
        ),
        (lambda x: x.take(torch.tensor([6])), IndexError, "tried to access index 6 on a tensor of 6 elements"),
        (lambda x: x.put(torch.tensor([-7]), torch.ones(1)), IndexError, "out of range"),
        (lambda x: torch.nn.functional.embedding(torch.tensor([3]), x), IndexError, "index out of range in self"),
        (lambda x: torch.nn.functional.embedding(torch.tensor([-1]), x), IndexError, "index out of range in self"),
        (lambda x: x.masked_fill(torch.ones(2), 0), RuntimeError, "only supports boolean masks"),
        (lambda x: x.masked_select(torch.ones(2)), RuntimeError, "expected BoolTensor for mask"),
        (lambda x: x[torch.tensor([0], device="meta")], RuntimeError, "indices should be either on cpu"),
        (lambda x: x.index_add(0, torch.tensor([0]), torch.ones(1, 2, device="meta")), RuntimeError, "same device"),
    ],
)
def test_errors(call, error, text):
    x = torch.zeros(3, 2)
    with pytest.raises(error, match=text):
        call(x)
    assert not x.any()
