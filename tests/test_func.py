"""torch.func: every transform against NumPy, a formula, or a loop over the samples."""

import doctest
import importlib

import numpy as np
import pytest

import penlight as torch
from penlight.func import (
    _rules,
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    rearrange,
    replace_all_batch_norm_modules_,
    stack_module_state,
    vjp,
    vmap,
)

nn, F = torch.nn, torch.nn.functional
fwAD = torch.autograd.forward_ad


def close(a, b, tol=1e-9):
    b = torch.as_tensor(b)
    assert a.shape == b.shape and torch.allclose(a.double(), b.double(), tol, tol), (a, b)


def sample(*shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


# ---------------------------------------------------------------- gradients
def test_grad_and_its_nesting():
    x = torch.tensor(2.0, dtype=torch.float64)
    third = grad(grad(grad(lambda v: v**5)))
    assert third(x).item() == 60 * 4 and not third(x).requires_grad
    value = grad_and_value(lambda v: v**3)(x)
    assert (value[0].item(), value[1].item()) == (12, 8)


def test_inner_and_outer_derivatives_do_not_mix():
    # d/dx [x * d/dy (x + y)] = 1: an inner derivative that took x for y would give 2.
    assert grad(lambda x: x * grad(lambda y: x + y)(torch.tensor(1.0)))(torch.tensor(1.0)).item() == 1
    inner = lambda x: jvp(lambda y: x * y, (torch.tensor(1.0),), (torch.tensor(1.0),))[1]  # noqa: E731
    assert jvp(lambda x: x * inner(x), (torch.tensor(3.0),), (torch.tensor(1.0),))[1].item() == 6


def test_grad_of_structures_argnums_and_aux():
    a, b = sample(3), sample(3, seed=1)
    f = lambda d, c: ((d["w"] * c).sum(), d["w"] * 2)  # noqa: E731
    grads, aux = grad(f, has_aux=True)({"w": a}, b)
    close(grads["w"], b), close(aux, a * 2)
    both = grad(lambda p, q: (p * p * q).sum(), argnums=(0, 1))(a, b)
    close(both[0], 2 * a * b), close(both[1], a * a)
    close(grad(lambda p, q: (p * q).sum(), argnums=-1)(a, b), a)


def test_what_is_behind_a_closure_stays_differentiable():
    w = torch.ones(2, requires_grad=True)
    x = torch.tensor([1.0, 2.0])
    inner = grad(lambda v: (v * v * w).sum())(x)
    assert inner.requires_grad and not grad(lambda v: (v * v).sum())(x).requires_grad
    inner.sum().backward()
    assert w.grad.tolist() == [2, 4]
    with torch.no_grad():
        assert grad(lambda v: (v * v).sum())(x).tolist() == [2, 4]


def test_no_grad_inside():
    def f(v):
        with torch.no_grad():
            return v.sin()

    x = torch.tensor(1.0)
    assert grad(lambda v: f(v) * v)(x).item() == pytest.approx(np.sin(1))
    assert jvp(f, (x,), (x,))[1].item() == pytest.approx(np.cos(1))


@pytest.mark.parametrize("bad, kind, text", [
    (lambda x: grad(lambda v: v)(x), RuntimeError, "return a scalar Tensor, got tensor with 1 dims"),
    (lambda x: grad(lambda v: 1.0)(x), RuntimeError, "to return a Tensor, got <class 'float'>"),
    (lambda x: grad(lambda v: v.sum())(torch.arange(3)), RuntimeError, "floating point dtype can require gradients"),
    (lambda x: grad(lambda v: v.sum(), argnums=1)(x), RuntimeError, "Got argnum=1, but only 1 positional inputs"),
    (lambda x: grad(lambda v: v.sum())(2.0), ValueError, "must be Tensor, got <class 'float'>"),
    (lambda x: vjp(lambda v: v, x)[1](torch.ones(5)), RuntimeError, "Mismatch in shape"),
    (lambda x: vjp(lambda v: (v, v), x)[1](x), RuntimeError, r"cotangents: \*, primal output: \(\*, \*\)"),
    (lambda x: jvp(torch.sin, x, x), RuntimeError, "Expected primals to be a tuple"),
    (lambda x: jvp(torch.sin, (x,), (x[:1],)), RuntimeError, "different size than that of the original Tensor"),
    (lambda x: jvp(lambda v: torch.ones(2), (x,), (x,), strict=True), RuntimeError, "independent of the inputs"),
    (lambda x: jacrev(lambda v: v, chunk_size=0)(x), ValueError, "greater than 0"),
])  # fmt: skip
def test_errors_of_transforms(bad, kind, text):
    with pytest.raises(kind, match=text):
        bad(torch.ones(3))


def test_vjp_may_be_used_again_and_nested():
    x = sample(4)
    value, pull = vjp(lambda v: (v.sin(), v.sum()), x)
    for c in (1.0, 2.0):
        close(pull((torch.full((4,), c, dtype=x.dtype), torch.zeros((), dtype=x.dtype)))[0], c * np.cos(x.numpy()))
    second = grad(lambda v: vjp(torch.sin, v)[1](torch.ones_like(v))[0].sum())(x)
    close(second, -np.sin(x.numpy()))


def test_jvp_and_linearize():
    x, t = sample(3, 2), sample(3, 2, seed=1)
    value, tangent, aux = jvp(lambda v: (v.exp(), v), (x,), (t,), has_aux=True)
    close(value, np.exp(x.numpy())), close(tangent, (np.exp(x) * t.numpy())), close(aux, x)
    value, push = linearize(lambda v: v.exp(), x)
    for s in (1.0, -2.0):
        close(push(s * t), s * np.exp(x.numpy()) * t.numpy())
    assert jvp(lambda v: torch.ones(2), (x,), (t,))[1].tolist() == [0, 0]
    close(jvp(lambda v: v.detach() * v, (x,), (t,))[1], x * t)


# ---------------------------------------------------------------- Jacobians
MATRIX = sample(3, 4, seed=5)


@pytest.mark.parametrize("jacobian", [jacrev, jacfwd])
def test_jacobians(jacobian):
    x = sample(4)
    close(jacobian(lambda v: MATRIX @ v)(x), MATRIX)
    close(jacobian(torch.sin)(x), np.diag(np.cos(x.numpy())))
    close(jacobian(lambda v: v.sum())(x), np.ones(4))
    out = jacobian(lambda p, q: {"a": p * q, "b": p.sum()}, argnums=(0, 1))(x, x + 1)
    close(out["a"][0], np.diag(x + 1)), close(out["b"][1], np.zeros(4))
    assert jacobian(lambda v: v.reshape(2, 2, 1))(x).shape == (2, 2, 1, 4)
    many = sample(5, 4, seed=2)
    close(vmap(jacobian(torch.sin))(many), np.stack([np.diag(np.cos(r)) for r in many.numpy()]))


def test_hessians():
    x = sample(4)
    f = lambda v: (MATRIX @ v).pow(3).sum()  # noqa: E731
    want = 6 * np.einsum("ki,k,kj->ij", MATRIX, (MATRIX @ x).numpy(), MATRIX)
    for method in (hessian, lambda g: jacrev(jacrev(g)), lambda g: jacfwd(jacfwd(g)), lambda g: jacrev(jacfwd(g))):
        close(method(f)(x), want)
    many = sample(3, 4, seed=3)
    wants = [6 * np.einsum("ki,k,kj->ij", MATRIX, MATRIX @ r, MATRIX) for r in many.numpy()]
    close(vmap(hessian(f))(many), np.stack(wants))


# ---------------------------------------------------------------- vmap
def loop(f, *args):
    results = [f(*(a[i] for a in args)) for i in range(len(args[0]))]
    if isinstance(results[0], tuple):
        return tuple(torch.stack(c) for c in zip(*results))
    return torch.stack(results)


FUNCTIONS = {
    "sum": lambda x: x.sum(), "sum dim": lambda x: x.sum(0), "mean keepdim": lambda x: x.mean(-1, keepdim=True),
    "amax": lambda x: x.amax(), "max": lambda x: x.max(), "max dim": lambda x: tuple(x.max(1)),
    "argmax": lambda x: x.argmax(), "var": lambda x: x.var(0), "norm": lambda x: x.norm(), "prod": lambda x: x.prod(),
    "softmax": lambda x: x.softmax(0), "cumsum": lambda x: x.cumsum(1), "sort": lambda x: tuple(x.sort(0)),
    "t": lambda x: x.t(), "T": lambda x: x.T, "view": lambda x: x.view(-1), "view2": lambda x: x.view(2, 6),
    "reshape": lambda x: x.reshape(4, -1), "permute": lambda x: x.permute(1, 0), "flatten": lambda x: x.flatten(),
    "expand": lambda x: x.expand(2, 3, 4), "repeat": lambda x: x.repeat(2, 1, 2), "squeeze": lambda x: x[:, None].squeeze(),
    "unsqueeze": lambda x: x.unsqueeze(-1), "chunk": lambda x: x.chunk(2, 1)[1], "split": lambda x: x.split(2)[0],
    "split sizes": lambda x: x.split([1, 2])[1], "stack": lambda x: torch.stack([x, x + 1], 1),
    "cat": lambda x: torch.cat([x, torch.ones(1, 4, dtype=x.dtype)]), "roll": lambda x: x.roll(1, 0),
    "flip": lambda x: x.flip(0), "tril": lambda x: x.tril(), "diagonal": lambda x: x.diagonal(),
    "unbind": lambda x: x.unbind(1)[2], "movedim": lambda x: x.movedim(0, 1), "select": lambda x: x.select(1, 2),
    "index": lambda x: x[1], "slices": lambda x: x[:, 1:3], "none": lambda x: x[None, ..., 0],
    "list index": lambda x: x[[0, 2]], "two lists": lambda x: x[[0, 2], [1, 3]], "list behind": lambda x: x[:, [1, 1]],
    "mask": lambda x: x[torch.tensor([True, False, True])], "where": lambda x: torch.where(x > 0, x, -1.0),
    "masked_fill": lambda x: x.masked_fill(x > 0, 3.0), "clamp": lambda x: x.clamp(-0.5, 0.5),
    "matmul": lambda x: x @ x.mT, "mv": lambda x: x @ x[0], "vm": lambda x: x[:, 0] @ x, "dot": lambda x: x[0] @ x[1],
    "constant matmul": lambda x: x @ MATRIX.mT, "matmul of a constant": lambda x: MATRIX.mT @ x,
    "einsum": lambda x: torch.einsum("ij,kj->ik", x, x), "outer": lambda x: torch.outer(x[0], x[1]),
    "addmm": lambda x: torch.addmm(torch.ones(3, 3, dtype=x.dtype), x, x.mT, beta=0.5, alpha=2),
    "linear": lambda x: F.linear(x, MATRIX), "linear of weights": lambda x: F.linear(MATRIX, x, x[:, 0]),
    "dtype": lambda x: x.float(), "long": lambda x: (x * 3).long(), "compare": lambda x: x > 0, "any": lambda x: (x > 1).any(),
    "numbers": lambda x: 2.0 - x * 3 + x / 4, "power": lambda x: x.abs() ** 1.5, "new": lambda x: x.new_zeros(2) + x[0, :2],
    "zeros_like": lambda x: torch.zeros_like(x) + 1, "layer_norm": lambda x: F.layer_norm(x, (4,)),
    "topk": lambda x: tuple(x.topk(2)), "gather": lambda x: x.gather(1, x.argsort(1)), "std_mean": lambda x: tuple(torch.std_mean(x, 1)),
    "logsumexp": lambda x: x.logsumexp(0), "cross": lambda x: torch.linalg.cross(x.T, x.T + 1), "glu": lambda x: F.glu(x),
    "gelu": lambda x: F.gelu(x), "embedding": lambda x: F.embedding(torch.tensor([0, 2]), x),
    "argsort index": lambda x: x[x[:, 0].argsort()], "index_select": lambda x: x.index_select(1, torch.tensor([3, 0])),
    "0-dim": lambda x: x[0, 0] + x.float()[0], "pad": lambda x: F.pad(x, (1, 1)), "median": lambda x: x.median(),
    "attention": lambda x: F.scaled_dot_product_attention(x[None], x[None], x[None]), "kron": lambda x: torch.kron(x, x),
    "as_strided": lambda x: x.clone().as_strided((2, 2), (4, 1), 1), "trace": lambda x: x[:, :3].trace(), "size": lambda x: x * x.shape[0],
    "cross_entropy": lambda x: F.cross_entropy(x, torch.tensor([1, 0, 3])), "mse": lambda x: F.mse_loss(x, x[0].expand_as(x)),
    "hstack": lambda x: torch.hstack([x, x]), "vstack": lambda x: torch.vstack([x, x[0]]), "diag": lambda x: x[0].diag(1),
    "index_add": lambda x: x.index_add(1, torch.tensor([2, 0]), x[:, :2]), "fliplr": lambda x: x.fliplr(),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 0), "index_fill": lambda x: x.index_fill(0, torch.tensor([1]), 2.0),
    "conv": lambda x: F.conv1d(x[None], MATRIX[:, :3, None]), "pool": lambda x: F.max_pool1d(x[None], 2),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_vmap_is_a_loop(name):
    f, x = FUNCTIONS[name], sample(5, 3, 4)
    want = loop(f, x)
    for dim in (0, 1, -1):
        got = vmap(f, in_dims=dim)(x.movedim(0, dim))
        for g, w in zip((got,) if torch.is_tensor(got) else got, (want,) if torch.is_tensor(want) else want):
            assert g.dtype == w.dtype
            close(g, w, 1e-6)
    nested = vmap(vmap(f))(x.reshape(5, 1, 3, 4).expand(5, 2, 3, 4))
    nested, want = (nested, want) if torch.is_tensor(nested) else (nested[0], want[0])
    close(nested[:, 1], want, 1e-6)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_through_vmap(name):
    x = sample(5, 3, 4)
    first = lambda r: r if torch.is_tensor(r) else r[0]  # noqa: E731
    if not first(FUNCTIONS[name](x[0])).is_floating_point():
        return
    f = lambda v: first(FUNCTIONS[name](v)).double().sin().sum()  # noqa: E731
    want = loop(grad(f), x)
    close(vmap(grad(f))(x), want, 1e-6)
    close(grad(lambda v: vmap(f)(v).sum())(x), want, 1e-6)


def test_in_dims_out_dims_and_structures():
    x, y = sample(3, 4), sample(4, 3, seed=1)
    close(vmap(lambda a, b: a * b, in_dims=(0, 1))(x, y), x * y.T)
    close(vmap(lambda a, b: a + b, in_dims=(0, None))(x, y[:, 0]), x + y[:, 0])
    out = vmap(lambda d: {"s": d["a"] * 2, "t": d["a"].sum()}, in_dims=({"a": 1},), out_dims={"s": 1, "t": 0})({"a": x})
    close(out["s"], x * 2), close(out["t"], x.sum(0))
    assert vmap(lambda a: torch.ones(2), out_dims=None)(x).shape == (2,)
    assert vmap(lambda a: torch.ones(2))(x).shape == (3, 2) and vmap(lambda a: a * 2)(x[:0]).shape == (0, 4)
    for chunk in (1, 2, 5):
        close(vmap(lambda a, b: a @ b, in_dims=(0, None), out_dims=-1, chunk_size=chunk)(x, y), (x @ y).T)
    close(vmap(lambda a, k=None: a + k)(x, k=x), x[:, None] + x)
    close(vmap(vmap(torch.mul, in_dims=(None, 0)), in_dims=(0, None))(x[:, 0], y[:, 0]), torch.outer(x[:, 0], y[:, 0]))


@pytest.mark.parametrize("bad, kind, text", [
    (lambda x: vmap(torch.sin, in_dims=0.5)(x), ValueError, "expected `in_dims` to be int or a"),
    (lambda x: vmap(torch.sin, in_dims=(0, 0))(x), ValueError, "in_dims is not compatible with the structure of `inputs`"),
    (lambda x: vmap(torch.sin, in_dims=(None,))(x), ValueError, "at least one Tensor to vmap over"),
    (lambda x: vmap(torch.sin, in_dims=2)(x), ValueError, "-2 <= in_dim < 2"),
    (lambda x: vmap(torch.mul)(x, 2.0), ValueError, "We cannot vmap over non-Tensor arguments"),
    (lambda x: vmap(torch.add)(x, torch.ones(2, 2)), ValueError, r"got sizes \[3, 2\] for the mapped dimension"),
    (lambda x: vmap(lambda: x)(), ValueError, "got no inputs"),
    (lambda x: vmap(lambda a: 1)(x), ValueError, "must only return Tensors, got type <class 'int'>"),
    (lambda x: vmap(lambda a: a, out_dims=None)(x), ValueError, "can not return a BatchedTensor when out_dim is None"),
    (lambda x: vmap(lambda a: a, out_dims=(0, 0))(x), ValueError, "out_dims is not compatible with the structure"),
    (lambda x: vmap(lambda a: a, out_dims=3)(x), IndexError, "Dimension out of range"),
    (lambda x: vmap(lambda a: a.sum().item())(x), RuntimeError, r"calling .item\(\) on a Tensor"),
    (lambda x: vmap(lambda a: a if a.sum() > 0 else -a)(x), RuntimeError, "data-dependent control flow"),
    (lambda x: vmap(lambda a: torch.zeros(2).copy_(a))(x), RuntimeError, "inplace arithmetic.* is not possible"),
    (lambda x: vmap(lambda a: torch.zeros(2).add_(a))(x), RuntimeError, "inplace arithmetic.* is not possible"),
    (lambda x: vmap(lambda a: torch.rand(2))(x), RuntimeError, "randomness error mode"),
    (lambda x: vmap(lambda a: F.dropout(a))(x), RuntimeError, "randomness error mode"),
    (lambda x: vmap(lambda a: F.scaled_dot_product_attention(a, a, a, dropout_p=0.5))(x[None, None]), RuntimeError, "randomness error"),
    (lambda x: vmap(torch.sin, randomness="x")(x), RuntimeError, "Only allowed values for randomness"),
    (lambda x: vmap(torch.sin, chunk_size=0)(x), ValueError, "greater than 0"),
    (lambda x: vmap(lambda a: a.nonzero())(x), RuntimeError, "dynamic shape"),
    (lambda x: vmap(lambda a: a[a > 0])(x), RuntimeError, "indexing with a boolean mask"),
    (lambda x: vmap(lambda a: a.numpy())(x), RuntimeError, "doesn't have storage"),
    (lambda x: vmap(lambda a: a.sum().backward())(x), RuntimeError, "inside a functorch transform"),
    (lambda x: vmap(lambda a: a.sum(3))(x), IndexError, "Dimension out of range"),
])  # fmt: skip
def test_errors_of_vmap(bad, kind, text):
    with pytest.raises(kind, match=text):
        bad(torch.ones(3, 2))


def test_in_place_inside_vmap():
    def f(a, i):
        b = a.new_zeros(4)
        b[0] = a[1]
        b[1:] += a[:3] * 2
        b.mul_(3).clamp_(max=5.0)
        b.scatter_(0, i, 7.0)
        b[i] = a.sum()
        return b

    x, i = sample(3, 4), torch.tensor([[2], [0], [3]])
    close(vmap(f)(x, i), loop(f, x, i))
    y = x.clone()
    vmap(lambda a: a.add_(1))(y)
    close(y, x + 1)


def test_shapes_changed_in_place():
    x = sample(3, 2, 1)
    for f in (lambda a: a.clone().unsqueeze_(0), lambda a: a.clone().t_(), lambda a: a.clone().squeeze_(-1)):
        close(vmap(f)(x), loop(f, x))
    labels = torch.tensor([[0, 2], [1, 1]])
    close(vmap(lambda a: F.one_hot(a, 3))(labels), F.one_hot(labels, 3))


def test_forward_mode_of_in_place_operators():
    x, t = sample(3), sample(3, seed=1)
    y = x.clone()
    value, tangent = jvp(lambda v: v.mul_(2).add_(v), (y,), (t,))
    close(value, 4 * x), close(tangent, 4 * t), close(y, 4 * x)
    close(jvp(lambda v: v.zero_(), (x.clone(),), (t,))[1], np.zeros(3))


def test_randomness():
    x = torch.zeros(4, 3)
    for draw in (lambda a: torch.rand(3) + a, torch.rand_like, lambda a: a.clone().normal_(), lambda a: F.dropout(a + 1),
                 lambda a: torch.bernoulli(torch.full((3,), 0.5)), lambda a: torch.normal(0.0, 1.0, (3,))):  # fmt: skip
        torch.manual_seed(0)
        same, other = (vmap(draw, randomness=r)(torch.zeros(40, 3)) for r in ("same", "different"))
        assert same.shape == other.shape == (40, 3)
        assert (same == same[0]).all() and not (other == other[0]).all()
    for draw in (lambda a: torch.randn(20), lambda a: torch.normal(a, 1.0), torch.randn_like, lambda a: a.clone().normal_()):
        torch.manual_seed(0)
        got = vmap(draw, randomness="different")(torch.zeros(3, 20))
        torch.manual_seed(0)
        close(got, torch.randn(3, 20))
    with pytest.raises(RuntimeError, match="same randomness with a batched tensor input"):
        vmap(torch.bernoulli, randomness="same")(x)
    with pytest.raises(RuntimeError, match="different inplace randomness on an unbatched tensor"):
        vmap(lambda a: torch.ones(2).normal_(), randomness="different")(x)
    assert vmap(lambda a: F.dropout(a, training=False))(x).tolist() == x.tolist()


# ---------------------------------------------------------------- models
def test_gradients_of_single_samples():
    torch.manual_seed(0)
    nets = [
        (nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.LayerNorm(8), nn.Linear(8, 3)), torch.randn(5, 4)),
        (nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.GroupNorm(2, 4), nn.Flatten(),
                       nn.Linear(64, 3)), torch.randn(5, 2, 8, 8)),
    ]  # fmt: skip
    for net, x in nets:
        y = torch.randint(0, 3, (5,))
        params = {k: v.detach() for k, v in net.named_parameters()}

        def loss(p, x, y):
            return F.cross_entropy(functional_call(net, p, (x.unsqueeze(0),)), y.unsqueeze(0))  # noqa: B023

        got = vmap(grad(loss), in_dims=(None, 0, 0))(params, x, y)
        for i in range(5):
            net.zero_grad()
            F.cross_entropy(net(x[i : i + 1]), y[i : i + 1]).backward()
            for name, p in net.named_parameters():
                close(got[name][i], p.grad, 1e-5)


def test_ensemble():
    torch.manual_seed(0)
    nets = [nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2)) for _ in range(3)]
    for n in nets:
        n.eval()
    params, buffers = stack_module_state(nets)
    assert params["0.weight"].shape == (3, 4, 3) and params["0.weight"].is_leaf and params["0.weight"].requires_grad
    x = torch.randn(6, 3)
    call = lambda p, b, v: functional_call(nets[0], (p, b), (v,))  # noqa: E731
    out = vmap(call, in_dims=(0, 0, None))(params, buffers, x)
    close(out, torch.stack([n(x) for n in nets]), 1e-6)
    out.sum().backward()
    nets[1](x).sum().backward()
    close(params["3.weight"].grad[1], nets[1][3].weight.grad, 1e-6)
    with pytest.raises(RuntimeError, match="same class"):
        stack_module_state([nn.Linear(2, 2), nn.ReLU()])
    assert replace_all_batch_norm_modules_(nets[0])[1].running_mean is None


def test_functional_call():
    net = nn.Linear(2, 2)
    before = net.weight
    x, weights = torch.ones(2), {"weight": torch.ones(2, 2), "bias": torch.ones(2)}
    assert functional_call(net, weights, x).tolist() == [3, 3] and net.weight is before
    assert functional_call(net, [{"weight": weights["weight"]}, {"bias": weights["bias"]}], kwargs={"input": x}).tolist() == [3, 3]
    for bad, text in (({"weight": x}, r"Missing key\(s\): 'bias'"), ({**weights, "q": x}, r"Unexpected key\(s\): 'q'")):
        with pytest.raises(RuntimeError, match=text):
            functional_call(net, bad, x, strict=True)
    tied = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    tied[1].weight = tied[0].weight
    zero = {"0.weight": torch.zeros(2, 2), "0.bias": x, "1.bias": x}
    assert functional_call(tied, zero, x).tolist() == [1, 1]
    norm = nn.BatchNorm1d(2)
    functional_call(norm, {"running_mean": torch.zeros(2)}, torch.ones(3, 2))
    assert norm.running_mean.tolist() == [0, 0]


# ---------------------------------------------------------------- forward mode
def test_dual_numbers():
    x, t = sample(3), sample(3, seed=1)
    with fwAD.dual_level():
        d = fwAD.make_dual(x, t)
        y = (d * 2).exp() + x
        close(fwAD.unpack_dual(y).tangent, 2 * np.exp(2 * x.numpy()) * t.numpy())
        assert not fwAD.unpack_dual(y).primal.requires_grad and fwAD.unpack_dual(x).tangent is None
        assert fwAD.unpack_dual(d.detach()).tangent is None
        with torch.no_grad():
            close(fwAD.unpack_dual(d.sum()).tangent, t.sum())
        z = torch.zeros(3, dtype=x.dtype)
        z[1:] = d[1:]
        close(fwAD.unpack_dual(z).tangent, np.array([0, *t[1:].tolist()]))
        w = torch.ones(3, dtype=x.dtype, requires_grad=True)
        tangent = fwAD.unpack_dual(d * w).tangent
        tangent.sum().backward()
        close(w.grad, t)
        with pytest.raises(RuntimeError, match="already has a forward gradient"):
            fwAD.make_dual(d, t)
        with pytest.raises(RuntimeError, match="Nested forward mode AD is not supported"):
            fwAD.enter_dual_level()
    with pytest.raises(RuntimeError, match="no level exists"):
        fwAD.make_dual(x, t)


class Cube(torch.autograd.Function):
    """With a jvp of its own, three times too large, to tell who was asked."""

    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, grad):
        return grad * 3 * ctx.saved_tensors[0] ** 2

    @staticmethod
    def jvp(ctx, tangent):
        return tangent * 9 * ctx.saved_tensors[0] ** 2

    @staticmethod
    def vmap(info, in_dims, x):
        assert info.batch_size == 2 and in_dims == (0,)
        return Cube.apply(x), 0


def test_functions_of_ones_own():
    x = torch.tensor([1.0, 2.0])
    assert grad(lambda v: Cube.apply(v).sum())(x).tolist() == [3, 12]
    assert jvp(Cube.apply, (x,), (torch.ones(2),))[1].tolist() == [9, 36]
    assert vmap(Cube.apply)(x).tolist() == [1, 8] and vmap(grad(Cube.apply))(x).tolist() == [3, 12]

    class Loop(Cube):
        generate_vmap_rule = True
        vmap = torch.autograd.Function.vmap

    class Neither(Cube):
        vmap = torch.autograd.Function.vmap

    assert vmap(grad(Loop.apply))(x).tolist() == [3, 12]
    with pytest.raises(RuntimeError, match="does not have vmap support"):
        vmap(Neither.apply)(x)


def test_autograd_grad_of_batched_cotangents():
    x = sample(3).requires_grad_()
    y = MATRIX[:, :3] @ x
    rows = vmap(lambda v: torch.autograd.grad(y, x, v, retain_graph=True)[0])(torch.eye(3, dtype=x.dtype))
    close(rows, MATRIX[:, :3])


@pytest.mark.parametrize("name", ["func._vmap", "func._transforms", "func._modules", "func._tools", "func._rearrange", "func",
                                  "autograd.forward_ad", "nn.utils.stateless", "utils._pytree"])  # fmt: skip
def test_examples(name):
    result = doctest.testmod(importlib.import_module("penlight." + name), extraglobs={"torch": torch})
    assert result.failed == 0 and result.attempted > 0


# ---------------------------------------------------------------- rearrange
def test_rearrange():
    x = torch.arange(24).reshape(2, 3, 4)
    a = x.numpy()
    close(rearrange(x, "a b c -> c (a b)"), a.transpose(2, 0, 1).reshape(4, 6))
    close(rearrange(x, "a b (c d) -> d c a b 1", c=2), a.reshape(2, 3, 2, 2).transpose(3, 2, 0, 1)[..., None])
    close(rearrange(x, "a ... -> ... a"), a.transpose(1, 2, 0))
    close(rearrange([x, x], "n a b c -> (n a) b c"), np.concatenate([a, a]))
    for pattern, text in (("a b -> b a", "Number of dimensions"), ("a b c -> a b", "only on one side"), ("a b c", "separator")):
        with pytest.raises(ValueError, match=text):
            rearrange(x, pattern)


# ---------------------------------------------------------------- the same through torch.autograd
def test_forward_strategies():
    af, x = torch.autograd.functional, sample(4)
    f = lambda v: (MATRIX @ v).sin()  # noqa: E731
    want = np.cos((MATRIX @ x).numpy())[:, None] * MATRIX.numpy()
    for options in ({}, {"vectorize": True}, {"vectorize": True, "strategy": "forward-mode"}):
        close(af.jacobian(f, x, **options), want)
        both = af.jacobian(lambda a, b: (a * b, a.sum()), (x, x + 1), **options)
        close(both[0][0], np.diag(x.numpy() + 1)), close(both[1][1], np.zeros(4))
    g = lambda v: (v**3).sum()  # noqa: E731
    for options in ({}, {"vectorize": True}, {"vectorize": True, "outer_jacobian_strategy": "forward-mode"}):
        close(af.hessian(g, x, **options), np.diag(6 * x.numpy()))
    with pytest.raises(NotImplementedError, match="only implemented for `vectorize=True`"):
        af.jacobian(f, x, strategy="forward-mode")
    with pytest.raises(RuntimeError, match="`strict=True` and `vectorized=True` are not supported together"):
        af.jacobian(f, x, strict=True, vectorize=True)
    with pytest.raises(AssertionError, match="Expected strategy to be either"):
        af.jacobian(f, x, strategy="sideways")


def test_gradcheck_in_forward_mode():
    x = sample(3).requires_grad_()
    z = torch.complex(sample(2), sample(2, seed=1)).requires_grad_()
    check = torch.autograd.gradcheck
    for f, v in ((torch.sin, x), (lambda v: torch.outer(v, v.exp()), x), (torch.abs, z), (lambda v: v * v.conj(), z)):
        assert check(f, (v,), check_forward_ad=True) and check(f, (v,), check_forward_ad=True, check_backward_ad=False)
    assert torch.autograd.gradgradcheck(torch.tanh, (x,), check_fwd_over_rev=True)
    with pytest.raises(torch.autograd.GradcheckError, match="forward mode mismatch for output 0 with respect to input 0"):
        check(Cube.apply, (x,), check_forward_ad=True)
    with pytest.raises(AssertionError, match="Expected at least one of"):
        check(torch.sin, (x,), check_backward_ad=False)


def test_options_of_a_function():
    class Boxed(torch.autograd.Function):
        boxed_grads_call = True

        @staticmethod
        def forward(ctx, a, b):
            return a * 2, b * 3

        @staticmethod
        def backward(ctx, grads):
            assert type(grads) is list and len(grads) == 2
            return grads[0] * 2, grads[1] * 3

    class Once(torch.autograd.Function):
        clear_saved_tensors_on_access = True

        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a * a

        @staticmethod
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0]

    x = torch.tensor([3.0], requires_grad=True)
    a, b = Boxed.apply(x, x)
    (a + b).backward()
    assert x.grad.tolist() == [5]
    y = Once.apply(x)
    y.backward(retain_graph=True)
    assert x.grad.tolist() == [11]
    with pytest.raises(RuntimeError, match="can only be accessed once"):
        y.backward()


def test_settings_without_effect():
    with torch.autograd.set_multithreading_enabled(False) as nothing:
        assert nothing is None
    assert torch.autograd.enforce_grad_layout_policy(True).prev is True
    with pytest.raises(RuntimeError, match="torch.compile region"), torch.autograd.graph.region_activation_memory_budget(0.5):
        pass
    with pytest.raises(ValueError, match="in .0, 1., got 2"), torch.autograd.graph.region_activation_memory_budget(2):
        pass


SAMPLE_BY_SAMPLE = {"kron"}  # right all the same, by the way of last resort


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in SAMPLE_BY_SAMPLE])
def test_common_operators_have_a_rule(name, monkeypatch):
    looped = []
    monkeypatch.setattr(_rules, "one_by_one", lambda func, *rest: looped.append(func.__name__))
    try:
        vmap(FUNCTIONS[name])(sample(5, 3, 4))
    except (TypeError, AttributeError, ValueError):
        pass  # of what stands in for the result
    assert not looped


@pytest.mark.parametrize("call, kind, text", [
    (lambda af, x: af.vjp(lambda a: a, x), RuntimeError, "the user-provided function returns a single Tensor"),
    (lambda af, x: af.jvp(lambda a: a, x), RuntimeError, "input to the user-provided function is a single Tensor"),
    (lambda af, x: af.jvp(lambda a: a, x, (x, x)), RuntimeError, "The given v should contain a single Tensor"),
    (lambda af, x: af.vhp(lambda a: a.sum(), 3.0, x), TypeError, "inputs given to vhp must be either .* has type <class 'float'>"),
    (lambda af, x: af.hvp(lambda a: a.sum(), x, x, strict=True), RuntimeError, "found that the jacobian .* is independent of the input"),
    (lambda af, x: af.hessian(lambda a: a.sum(), x, strict=True), RuntimeError, "twice differentiable"),
    (lambda af, x: af.hessian(lambda a: a, x), RuntimeError, "given to hessian should contain a single element"),
    (lambda af, x: af.jacobian(lambda a, b: a, (x, x), strict=True), RuntimeError, "Output 0 .* is independent of input 1"),
    (lambda af, x: af.jacobian(lambda a: torch.ones(1), x, strict=True), RuntimeError, "Output 0 .* does not require gradients"),
    (lambda af, x: af.jacobian(lambda a: a * 2, x, strict=True, create_graph=True), RuntimeError, "when create_graph=True"),
])  # fmt: skip
def test_errors_of_autograd_functional(call, kind, text):
    with pytest.raises(kind, match=text):
        call(torch.autograd.functional, torch.ones(2))
