"""Sparse coordinate tensors: against the same computation on dense tensors, and their own rules."""

import copy
import io
import pickle

import numpy as np
import pytest

import penlight as torch

PLACES = [[0, 1, 1, 1], [2, 0, 2, 0]]  # (1, 0) occurs twice
NUMBERS = [3.0, 4.0, 5.0, -1.5]


def graph(**options):
    return torch.sparse_coo_tensor(PLACES, NUMBERS, (2, 4), dtype=torch.float64, **options)


def dense():
    matrix = np.zeros((2, 4))
    np.add.at(matrix, tuple(PLACES), NUMBERS)
    return torch.tensor(matrix)


def some(*shape, requires_grad=False):
    numbers = np.cos(np.arange(np.prod(shape)) + 1.0).reshape(shape)
    return torch.tensor(numbers, requires_grad=requires_grad)


def full(x):
    return x.to_dense() if isinstance(x, torch.Tensor) and x.is_sparse else x


SAME = {
    "matmul": lambda s: s @ some(4, 3),
    "vector": lambda s: s @ some(4),
    "from the left": lambda s: some(3, 2) @ s,
    "mm": lambda s: torch.mm(s, some(4, 3)),
    "addmm": lambda s: torch.addmm(some(2, 3), s, some(4, 3), beta=0.5, alpha=2),
    "linear": lambda s: torch.nn.functional.linear(s, some(3, 4), some(3)),
    "sparse by sparse": lambda s: s @ s.t(),
    "transpose": lambda s: s.transpose(0, 1),
    "T": lambda s: s.T,
    "permute": lambda s: s.permute(1, 0),
    "times a number": lambda s: 2 * s * 0.5,
    "divided": lambda s: s / 4,
    "minus": lambda s: -s,
    "sum": lambda s: s.sum(),
    "sum of rows": lambda s: s.sum(1),
    "sum of columns": lambda s: torch.sum(s, 0),
    "plus itself": lambda s: s + s,
    "times dense": lambda s: s * some(2, 4),
    "times itself": lambda s: s * s,
    "added to dense": lambda s: some(2, 4) + s,
    "taken from dense": lambda s: some(2, 4) - s,
    "square root": lambda s: s.abs().sqrt(),
    "power": lambda s: s**2,
    "relu": lambda s: torch.relu(s),
    "row": lambda s: s[1],
    "element": lambda s: s[1, 0],
    "rows": lambda s: s[1:],
    "index_select": lambda s: s.index_select(1, torch.tensor([2, 0, 2])),
    "narrow": lambda s: s.narrow(1, 1, 2),
    "cat": lambda s: torch.cat([s, s], 1),
    "stack": lambda s: torch.stack([s, s]),
    "unsqueeze": lambda s: s.unsqueeze(1),
    "unbind": lambda s: torch.unbind(s)[1],
    "norm": lambda s: s.norm(),
    "double": lambda s: s.float().double(),
    "clone": lambda s: s.clone(),
}


@pytest.mark.parametrize("name", SAME)
def test_as_the_dense_tensor(name):
    compute = SAME[name]
    got, want = full(compute(graph())), compute(dense())
    assert got.shape == want.shape and torch.allclose(got, want, atol=1e-6)


@pytest.mark.parametrize("name", [n for n in SAME if n not in ("double",)])
def test_gradients_of_the_values(name):
    def of_values(values):
        return full(SAME[name](torch.sparse_coo_tensor(PLACES, values, (2, 4))))

    values = torch.tensor(NUMBERS, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(of_values, values)


@pytest.mark.parametrize("product", [lambda s, x: s @ x, lambda s, x: x.t() @ s.t(), torch.sparse.mm])
def test_gradient_of_the_dense_operand(product):
    x, y = some(4, 3, requires_grad=True), some(4, 3, requires_grad=True)
    (product(graph(), x) ** 2).sum().backward()
    (dense() @ y).pow(2).sum().backward()
    assert torch.allclose(x.grad, y.grad)


def test_a_sparse_leaf_gets_a_sparse_gradient():
    s = graph(requires_grad=True)
    (s @ torch.ones(4, 1, dtype=torch.float64)).sum().backward()
    assert s.is_leaf and s.grad.is_sparse and s.grad._values().tolist() == [1.0] * 4


def test_coalescing_orders_and_adds():
    s = torch.sparse_coo_tensor([[1, 0, 1], [0, 2, 0]], [4.0, 3.0, 1.0], (2, 4))
    assert not s.is_coalesced() and s._nnz() == 3
    with pytest.raises(RuntimeError, match="Cannot get values on an uncoalesced tensor"):
        s.values()
    s = s.coalesce()
    assert s.is_coalesced() and s.indices().tolist() == [[0, 1], [2, 0]] and s.values().tolist() == [3.0, 5.0]


def test_softmax_counts_only_what_is_there():
    s = torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 4), dtype=torch.float64)
    got = torch.sparse.softmax(s, 1)
    assert np.allclose(got.values().numpy(), [1.0, 1 / (1 + np.e), np.e / (1 + np.e)])
    assert np.allclose(torch.sparse.log_softmax(s, 1).values().exp().numpy(), got.values().numpy())
    values, places = s._values().requires_grad_(), s._indices()
    assert torch.autograd.gradcheck(
        lambda v: torch.sparse.softmax(torch.sparse_coo_tensor(places, v, (2, 4)), 0).values(), values
    )


def test_dense_dimensions():
    x = torch.tensor([[[1.0, 2.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 3.0]]])
    s = x.to_sparse(2)
    assert (s.sparse_dim(), s.dense_dim(), s._nnz()) == (2, 1, 2) and torch.equal(s.to_dense(), x)
    assert torch.equal(s.sum((0, 1)), x.sum((0, 1))) and torch.equal(s.sum(2).to_dense(), x.sum(2))
    assert torch.equal(s.coalesce().t().to_dense() if s.dim() == 2 else s.transpose(0, 1).to_dense(), x.transpose(0, 1))


def test_reductions_of_products():
    s = torch.sparse_coo_tensor([[0, 0, 1], [0, 1, 2]], [1.0, 1.0, 1.0], (2, 3))
    x = torch.tensor([[1.0], [5.0], [2.0]])
    assert torch.sparse.mm(s, x, "mean").tolist() == [[3.0], [2.0]]
    assert torch.sparse.mm(s, x, "amax").tolist() == [[5.0], [2.0]]


def test_text():
    s = torch.sparse_coo_tensor([[0, 1, 1], [2, 0, 2]], [3.0, 4.0, 5.0], (2, 4))
    assert repr(s) == (
        "tensor(indices=tensor([[0, 1, 1],\n                       [2, 0, 2]]),\n"
        "       values=tensor([3., 4., 5.]),\n       size=(2, 4), nnz=3, layout=torch.sparse_coo)"
    )
    assert "indices=tensor([], size=(1, 0)),\n       values=tensor([], size=(0,)),\n       size=(3,), nnz=0" in repr(
        torch.sparse_coo_tensor((3,))
    )


def test_attributes():
    s = graph()
    assert isinstance(s, torch.Tensor) and s.is_sparse and s.layout is torch.sparse_coo and s.device.type == "cpu"
    assert s.shape == (2, 4) and s.numel() == 8 and not s.is_meta and not s.requires_grad


def test_copies_and_files():
    s = graph()
    file = io.BytesIO()
    torch.save({"adjacency": s}, file)
    file.seek(0)
    for other in (copy.deepcopy(s), pickle.loads(pickle.dumps(s)), torch.load(file)["adjacency"]):
        assert other.is_sparse and torch.equal(other.to_dense(), s.to_dense())


def test_as_a_buffer_of_a_module():
    module = torch.nn.Module()
    module.register_buffer("adjacency", graph())
    other = torch.nn.Module()
    other.register_buffer("adjacency", torch.sparse_coo_tensor((2, 4), dtype=torch.float64))
    other.load_state_dict(module.state_dict())
    assert torch.equal(other.adjacency.to_dense(), dense())
    assert module.float().adjacency.dtype == torch.float32


def test_in_place():
    s = graph()
    assert s.mul_(2) is s and torch.equal(s.to_dense(), dense() * 2)
    assert s.zero_()._nnz() == 0
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        graph(requires_grad=True).mul_(2)


def test_masks():
    s, x = graph(), some(2, 4)
    assert torch.equal(x.sparse_mask(s).to_dense(), torch.where(dense() != 0, x, 0))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: torch.sparse_coo_tensor([[0, 5]], [1.0, 2.0], (3,)), "found index 5"),
        (lambda: torch.sparse_coo_tensor([[0, -1]], [1.0, 2.0], (3,)), "found negative index -1 for dim 0"),
        (lambda: torch.sparse_coo_tensor([[0, 1]], [1.0], (3,)), "indices and values must have same nnz"),
        (lambda: torch.sparse_coo_tensor([[0, 1]], [1.0, 2.0], (3, 3)), r"len\(size\) == sparse_dim \+ dense_dim"),
        (lambda: graph() @ some(3, 2), r"mat1 and mat2 shapes cannot be multiplied \(2x4 and 3x2\)"),
        (lambda: graph() + some(2, 4), r"add\(sparse, dense\) is not supported"),
        (lambda: graph() + graph().t(), "Expected sizes of 'self' and 'other' to match"),
        (lambda: graph() / graph(), "Sparse division requires a scalar"),
        (lambda: graph().numpy(), "can't convert Sparse layout tensor to numpy"),
        (lambda: graph().exp(), "exp.. does not take sparse tensors; use .to_dense"),
        (lambda: graph().data_ptr(), "no common memory"),
        (lambda: graph()[5], "out of range"),
        (lambda: torch.sparse_csr_tensor([0, 1], [0], [1.0]), "use torch.sparse_coo_tensor"),
        (lambda: some(2, 2).to_sparse_csr(), "to_sparse"),
        (lambda: some(2, 2).to_sparse(layout=torch.sparse_csc), "no torch.sparse_csc tensors"),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises((RuntimeError, TypeError, IndexError, NotImplementedError), match=message):
        make()
