"""The graph, backward, views and in-place changes, hooks, autograd.Function, grad modes and gradcheck."""

import gc
import threading
import weakref

import pytest

import penlight as torch
from penlight.autograd import Function, grad, gradcheck, gradgradcheck, graph
from penlight.autograd.function import once_differentiable


def leaf(*values, dtype=torch.float32):
    return torch.tensor(list(values), dtype=dtype, requires_grad=True)


def same(a, b):
    return torch.equal(a, torch.tensor(b, dtype=a.dtype))


# ---- leaves and flags
def test_flags_of_leaf_and_result():
    x = leaf(1.0, 2.0)
    y = x * 2
    assert x.is_leaf and x.requires_grad and x.grad is None and x.grad_fn is None
    assert not y.is_leaf and y.requires_grad and type(y.grad_fn).__name__ == "MulBackward0"
    assert (torch.ones(2) * 2).is_leaf


def test_requires_grad_rules():
    with pytest.raises(RuntimeError, match="only Tensors of floating point dtype can require gradients"):
        torch.ones(2, dtype=torch.int64).requires_grad_()
    y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="you can only change requires_grad flags of leaf variables. If you want"):
        y.requires_grad_(False)
    assert y.requires_grad_() is y
    with pytest.raises(RuntimeError, match="requires_grad must be a bool"):
        leaf(1.0).requires_grad = 3
    x = leaf(1.0)
    assert x.requires_grad_(False) is x and not (x * 2).requires_grad


def test_grad_of_non_leaf_warns():
    x = leaf(1.0)
    y = x * 2
    y.sum().backward()
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None


def test_assigning_grad_is_checked():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="attempting to assign a gradient of size '\\[3\\]'"):
        x.grad = torch.ones(3)
    with pytest.raises(RuntimeError, match="dtype 'double'"):
        x.grad = torch.ones(2, dtype=torch.float64)
    with pytest.raises(TypeError, match="got grad of type int"):
        x.grad = 3
    with pytest.raises(RuntimeError, match="own grad"):
        x.grad = x
    x.grad = torch.ones(2)
    del x.grad
    assert x.grad is None


def test_detach_and_data_share_memory():
    x = leaf(1.0, 2.0)
    d = x.detach()
    assert not d.requires_grad and d.is_leaf and d.data_ptr() == x.data_ptr()
    x.data[0] = 5.0
    assert x[0].item() == 5.0 and x._version == 0 and not x.data.requires_grad
    x.data = torch.zeros(3)
    assert x.shape == (3,) and x.requires_grad
    x.sum().backward()
    assert x.grad.shape == (3,)


def test_detach_in_place():
    x = leaf(1.0)
    y = x * 2
    assert y.detach_() is y and y.is_leaf and not y.requires_grad
    with pytest.raises(RuntimeError, match="Can't detach views in-place"):
        (x * 2)[0].detach_()


# ---- backward
def test_polynomial_and_accumulation():
    x = leaf(1.0)
    for expected in (-2.0, -4.0):
        ((x - 2) ** 2).sum().backward()
        assert same(x.grad, [expected])


def test_product_of_shared_parts():
    a, b = leaf(2.0), leaf(1.0)
    c, d = a + b, b + 1
    (c * d).backward()
    assert same(a.grad, [2.0]) and same(b.grad, [5.0])


def test_gradient_argument():
    x = leaf(1.0, 2.0, 3.0)
    (x * x).backward(torch.tensor([1.0, 10.0, 100.0]))
    assert same(x.grad, [2.0, 40.0, 600.0])
    with pytest.raises(RuntimeError, match=r"Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[2\]\)"):
        (x * x).backward(torch.ones(2))
    with pytest.raises(TypeError, match="gradients can be either Tensors or None, but got str"):
        x.sum().backward("a")


def test_backward_errors():
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        (x * 2).backward()
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad and does not have a grad_fn"):
        torch.ones(1).backward()
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()
    with pytest.raises(RuntimeError, match="got 2 tensors and 1 gradients"):
        torch.autograd.backward([x, x], [torch.ones(2)])


def test_retain_graph():
    x = leaf(3.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    assert same(x.grad, [12.0])


def test_leaf_as_root():
    x = leaf(1.0, 2.0)
    x.backward(torch.ones(2))
    assert same(x.grad, [1.0, 1.0])


def test_several_roots_one_above_the_other():
    x = leaf(2.0)
    y = x * x
    z = y * 3
    torch.autograd.backward([z, y])
    assert same(x.grad, [16.0])
    x.grad = None
    y = x * x
    torch.autograd.backward([y, y])
    assert same(x.grad, [8.0])


def test_backward_with_inputs():
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    (y * y).backward(inputs=[x, y])
    assert same(x.grad, [36.0]) and w.grad is None and same(y.grad, [12.0])
    with pytest.raises(RuntimeError, match="`inputs` argument to `backward\\(\\)` cannot be empty"):
        (x * w).backward(inputs=[])


def test_grad_is_not_shared_between_leaves():
    a, b = leaf(1.0, 2.0), leaf(1.0, 2.0)
    (a + b).backward(torch.ones(2))
    assert a.grad.data_ptr() != b.grad.data_ptr()
    g = torch.ones(2)
    a.grad = None
    (a + b).backward(g)
    g.zero_()
    assert same(a.grad, [1.0, 1.0])


def test_grad_is_accumulated_in_place():
    x = leaf(1.0, 2.0)
    x.sum().backward()
    kept = x.grad
    x.sum().backward()
    assert x.grad is kept and same(kept, [2.0, 2.0])


def test_grad_keeps_the_layout_of_the_leaf():
    x = torch.ones(3, 4).t().requires_grad_()
    (x * 2).sum().backward()
    assert x.grad.stride() == x.stride()


def test_long_chain_is_walked_and_freed():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.backward()
    assert same(x.grad, [1.0])
    y = x
    for _ in range(100_000):
        y = y * 1
    del y


def test_diamond_runs_each_node_once():
    calls = []

    class Count(Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            calls.append(g.item())
            return g

    x = leaf(1.0)
    y = Count.apply(x)
    (y * 2 + y * 3).backward()
    assert calls == [5.0]


def test_backward_inside_backward():
    class Inner(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 2

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with torch.enable_grad():
                z = x.detach().requires_grad_()
                (z * z).sum().backward()
            return g * 2 + z.grad

    x = leaf(3.0)
    Inner.apply(x).backward()
    assert same(x.grad, [8.0])


def test_threads_share_a_leaf():
    x = torch.ones(64, requires_grad=True)
    threads = [threading.Thread(target=lambda: [(x * x).sum().backward() for _ in range(50)]) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert same(x.grad, [400.0] * 64)


def test_error_in_backward_leaves_the_graph_usable():
    fail = [True]

    class Sometimes(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            if fail[0]:
                raise ValueError("not now")
            return g * 2

    x = leaf(1.0)
    y = Sometimes.apply(x) * 3
    with pytest.raises(ValueError, match="not now"):
        y.backward(retain_graph=True)
    fail[0] = False
    y.backward()
    assert same(x.grad, [6.0])


# ---- autograd.grad
def test_grad_function():
    x, w = leaf(2.0), leaf(3.0)
    y = x * x * w
    gx, gw = grad(y, [x, w])
    assert same(gx, [12.0]) and same(gw, [4.0]) and x.grad is None


def test_grad_of_non_leaf_input():
    x = leaf(2.0)
    y = x * 3
    (g,) = grad(y * y, y)
    assert same(g, [12.0])
    (g,) = grad(y, y, torch.ones(1))
    assert same(g, [1.0])


def test_unused_inputs():
    x, w = leaf(2.0), leaf(3.0)
    with pytest.raises(RuntimeError, match="Tensor at index 1 appears to not have been used in the graph"):
        grad(x * 2, [x, w])
    assert grad(x * 2, [x, w], allow_unused=True)[1] is None
    assert same(grad(x * 2, [x, w], materialize_grads=True)[1], [0.0])
    with pytest.raises(ValueError, match="allow_unused"):
        grad(x * 2, w, allow_unused=False, materialize_grads=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        grad(x * 2, torch.ones(1))


def test_create_graph():
    x = leaf(3.0)
    (d1,) = grad(x**3, x, create_graph=True)
    (d2,) = grad(d1, x, create_graph=True)
    (d3,) = grad(d2, x)
    assert same(d1.detach(), [27.0]) and same(d2.detach(), [18.0]) and same(d3, [6.0])


def test_backward_with_create_graph():
    x = leaf(2.0)
    with pytest.warns(UserWarning, match="will create a reference cycle between the parameter and its gradient"):
        (x**3).backward(create_graph=True)
    assert x.grad.requires_grad
    g, x.grad = x.grad, None
    g.backward()
    assert same(x.grad, [12.0])


def test_gradient_penalty():
    w, x = leaf(2.0), leaf(3.0)
    (g,) = grad((w * x * x).sum(), x, create_graph=True)
    (g**2).sum().backward()
    assert same(w.grad, [144.0])


def test_batched_grads():
    x = leaf(1.0, 2.0)
    (rows,) = grad(x * x, x, torch.eye(2), is_grads_batched=True)
    assert same(rows, [[2.0, 0.0], [0.0, 4.0]])


def test_gradient_edges():
    x = leaf(2.0)
    edge = graph.get_gradient_edge(x * x)
    assert edge.node.name() == "MulBackward0" and edge.output_nr == 0
    assert same(grad(edge, x, torch.ones(1), retain_graph=True)[0], [4.0])
    torch.autograd.backward([edge], [torch.ones(1)])
    assert same(x.grad, [4.0])
    y = x * 3
    at = graph.get_gradient_edge(y)
    assert same(grad(y * y, at)[0], [12.0])
    assert graph.get_gradient_edge(x).node.name() == "AccumulateGrad"


# ---- the graph as Python sees it
def test_nodes():
    x = leaf(1.0)
    y = x * 2 + 1
    fn = y.grad_fn
    assert fn is y.grad_fn and isinstance(fn, graph.Node)
    assert fn.name() == "AddBackward0" and repr(fn).startswith("<AddBackward0 object at 0x")
    mul = fn.next_functions[0][0]
    assert mul.name() == "MulBackward0"
    accumulate, nr = mul.next_functions[0]
    assert accumulate.name() == "AccumulateGrad" and nr == 0 and accumulate.variable is x
    assert not hasattr(fn, "variable") and "variable" in dir(accumulate)
    fn.metadata["note"] = 1
    assert y.grad_fn.metadata == {"note": 1}
    assert mul._sequence_nr() < fn._sequence_nr()


def test_saved_tensors_are_shown():
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    assert y.grad_fn._saved_self is x and "_saved_other" in dir(y.grad_fn)
    y.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        y.grad_fn._saved_self  # noqa: B018
    assert y.grad_fn.name() == "MulBackward0"


def test_node_outlives_its_tensor():
    x = leaf(2.0)
    fn = (x * x).grad_fn
    assert same(fn(torch.ones(1))[0], [2.0])
    with pytest.raises(RuntimeError, match="expects a gradient of shape \\[1\\] and torch.float32 at index 0"):
        fn(torch.ones(2))
    assert fn.next_functions[0][0].variable is x


def test_tensors_are_freed():
    x = leaf(1.0)
    y = x * 2
    refs = [weakref.ref(t) for t in (x, y)]
    z = y.exp().sum()
    z.backward()
    del x, y, z
    assert [r() for r in refs] == [None, None]


def test_output_that_is_saved_makes_no_cycle():
    x = leaf(1.0)
    y = x.exp()
    ref = weakref.ref(x)
    del x, y
    assert ref() is None


# ---- views and in-place changes
def test_in_place_on_leaf():
    x = torch.ones(2, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place op"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being used in an in-place"):
        x[0].add_(1)
    with torch.no_grad():
        x.add_(1)
    assert x._version == 1 and x.is_leaf


def test_saved_value_changed_in_place():
    x = leaf(1.0, 2.0)
    y = x + 1
    z = y * y
    y.add_(1)
    with pytest.raises(
        RuntimeError,
        match=r"modified by an inplace operation: \[torch.FloatTensor \[2\]\], which is "
        r"output 0 of Add, is at version 1; expected version 0 instead. Hint: enable anomaly",
    ):
        z.sum().backward()


def test_saved_output_changed_in_place():
    x = leaf(1.0, 2.0)
    y = x.exp()
    y.mul_(2)
    with pytest.raises(RuntimeError, match="output 0 of Exp, is at version 1; expected version 0 instead"):
        y.sum().backward()


def test_in_place_chain():
    x = leaf(2.0)
    y = x * 3
    y.mul_(x)
    y.add_(x).neg_()
    y.backward()
    assert same(x.grad, [-13.0])


def test_change_of_a_view_reaches_the_base():
    x = torch.arange(6.0).reshape(2, 3).requires_grad_()
    a = x * 1
    v = a[0]
    v.mul_(10)
    assert a.grad_fn.name() == "CopySlices" and v.grad_fn.name() == "AsStridedBackward0"
    a.sum().backward()
    assert same(x.grad, [[10.0] * 3, [1.0] * 3])


def test_change_of_the_base_reaches_a_view():
    x = torch.ones(2, 3, requires_grad=True)
    a = x * 1
    v = a.t()[0]
    a.mul_(4)
    v.sum().backward()
    assert same(x.grad, [[4.0, 0.0, 0.0]] * 2)


def test_assignment_into_a_constant():
    x = leaf(1.0, 2.0)
    out = torch.zeros(4)
    view = out[1:]
    assert not view.requires_grad
    out[1:3] = x * 2
    assert out.requires_grad and view.requires_grad and not view.is_leaf
    (out * torch.arange(4.0)).sum().backward()
    assert same(x.grad, [2.0, 4.0])
    x.grad = None
    view = torch.zeros(4)[1:]
    view[0] = x[1]
    view.sum().backward()
    assert same(x.grad, [0.0, 1.0])


def test_in_place_under_no_grad_keeps_the_graph():
    x = leaf(1.0, 2.0)
    a = x * 2
    with torch.no_grad():
        a.add_(1)
    assert a.grad_fn.name() == "MulBackward0"
    a.sum().backward()
    assert same(x.grad, [2.0, 2.0])


def test_double_backward_through_a_changed_view():
    x = leaf(2.0, 3.0, dtype=torch.float64)

    def f(x):
        a = x * x
        a[0].mul_(x[1])
        a.view(2)[1:].pow_(2)
        return a * x

    assert gradcheck(f, x) and gradgradcheck(f, x)


def test_in_place_on_the_parts_of_complex_numbers():
    z = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128, requires_grad=True)

    def f(z):
        a = z * z
        real = a.real
        a.imag.mul_(3)
        real[1:].sin_()
        return a, real * 2

    assert gradcheck(f, z) and gradgradcheck(f, z)


def test_other_data_is_noticed():
    x = leaf(1.0, 2.0)
    y = x * x
    x.data = torch.ones(3)
    with pytest.raises(RuntimeError, match="MulBackward0 needs for its gradient has been given other data"):
        y.sum().backward()


def test_leaf_that_no_longer_wants_a_gradient():
    x = leaf(1.0)
    y = x * 2
    x.requires_grad_(False)
    y.backward()
    assert x.grad is None


def test_views_that_must_not_be_changed():
    x = torch.ones(2, 2, requires_grad=True)
    with torch.no_grad():
        v = x[0]
    assert v.requires_grad and v.grad_fn is None
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode and is being modified inplace"):
        v.mul_(2)
    with pytest.raises(
        RuntimeError, match="Output 0 of View is a view of a view which was created in no_grad mode and is"
    ):
        v.view(2).mul_(2)
    a, b = (x * 2).unbind(0)
    with pytest.raises(RuntimeError, match="Output 0 of Unbind is a view and is being modified inplace"):
        a.add_(1)
    z = x * 2
    a, b = z.unbind(0)
    z.add_(1)
    with pytest.raises(RuntimeError, match="its base or another view of its base has been modified inplace"):
        b.grad_fn  # noqa: B018


def test_overlapping_views():
    x = leaf(1.0, 2.0, 3.0, 4.0)
    (x * 1).as_strided((3, 2), (1, 1)).sum().backward()
    assert same(x.grad, [1.0, 2.0, 2.0, 1.0])
    x.grad = None
    (x * 1).as_strided((2, 3), (0, 1), 1).sum().backward()
    assert same(x.grad, [0.0, 2.0, 2.0, 2.0])


# ---- hooks
def test_tensor_hooks():
    x = leaf(1.0, 2.0)
    y = x * 2
    seen = []
    y.register_hook(seen.append)
    handle = y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    y.sum().backward(retain_graph=True)
    assert same(seen[0], [1.0, 1.0]) and same(x.grad, [21.0, 21.0])
    handle.remove()
    x.grad = None
    y.sum().backward()
    assert same(x.grad, [3.0, 3.0]) and len(y._backward_hooks) == 1


def test_hook_results_are_checked():
    x = leaf(1.0, 2.0)
    for hook, error, text in (
        (lambda g: 3, TypeError, "expected Variable, but hook returned 'int'"),
        (lambda g: g[:1], RuntimeError, "has changed the size of value"),
        (lambda g: g.double(), RuntimeError, "has changed the type of value"),
    ):
        y = x * 2
        y.register_hook(hook)
        with pytest.raises(error, match=text):
            y.sum().backward()
    with pytest.raises(RuntimeError, match="cannot register a hook on a tensor that doesn't require gradient"):
        torch.ones(2).register_hook(print)


def test_hooks_stay_with_the_value_before_an_in_place_change():
    x = leaf(1.0)
    y = x * 2
    seen = []
    y.register_hook(lambda g: seen.append(g.item()))
    y.mul_(5)
    y.register_hook(lambda g: seen.append(g.item()))
    y.backward()
    assert seen == [1.0, 5.0]


def test_retain_grad():
    x = leaf(1.0, 2.0)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad and not x.retains_grad
    (y * y).sum().backward()
    assert same(y.grad, [4.0, 8.0])
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    assert same(y.grad, [1.0, 1.0])
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"):
        torch.ones(1).retain_grad()


def test_retained_tensor_may_die_first():
    x = leaf(1.0)
    y = x * 2
    y.retain_grad()
    z = y.exp()
    del y
    z.backward()
    assert x.grad is not None


def test_post_accumulate_hook():
    x = leaf(1.0)
    seen = []

    def step(p):
        seen.append(p.grad.item())
        p.grad = None

    handle = x.register_post_accumulate_grad_hook(step)
    (x * 3).backward()
    handle.remove()
    (x * 4).backward()
    assert seen == [3.0] and same(x.grad, [4.0])
    with pytest.raises(RuntimeError, match="post accumulate grad hooks cannot be registered on non-leaf tensors"):
        (x * 2).register_post_accumulate_grad_hook(print)


def test_node_hooks():
    x = leaf(1.0, 2.0)
    y = x * 2
    seen = []
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs[0].tolist(), outputs[0].tolist())))
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 3,))
    y.sum().backward()
    assert seen == [([6.0, 6.0], [3.0, 3.0])] and same(x.grad, [6.0, 6.0])
    y = x * 2
    y.grad_fn.register_prehook(lambda outputs: outputs * 2)
    with pytest.raises(RuntimeError, match="incorrect number of values \\(got 2, but expected 1\\)"):
        y.sum().backward()


def test_hook_and_tensor_cycle_is_collected():
    x = torch.ones(1, requires_grad=True)
    x.register_hook(lambda g, x=x: g)
    ref = weakref.ref(x)
    del x
    gc.collect()
    assert ref() is None


def test_multi_grad_hook():
    a, b, c = leaf(1.0), leaf(2.0), leaf(3.0)
    seen = []
    handle = graph.register_multi_grad_hook((a, b, c), lambda grads: seen.append([g is not None for g in grads]))
    for _ in range(2):
        (a * b).backward()
    assert seen == [[True, True, False]] * 2
    handle.remove()
    (a * b).backward()
    assert len(seen) == 2
    count = []
    graph.register_multi_grad_hook((a, b), count.append, mode="any")
    (a * b).backward()
    (a * b).backward()
    assert len(count) == 2


def test_saved_tensors_hooks():
    x = leaf(2.0, 3.0)
    packed = []

    def pack(t):
        packed.append(t.requires_grad)
        return t.tolist()

    with graph.saved_tensors_hooks(pack, torch.tensor):
        y = (x * x).exp()
    assert packed == [False, False, False]
    y.sum().backward()
    assert torch.allclose(x.grad, 2 * x.detach() * (x.detach() ** 2).exp())
    with graph.saved_tensors_hooks(lambda t: t, lambda t: t * 2):
        y = x**3
    (g,) = grad(y.sum(), x, create_graph=True)
    assert g.requires_grad
    g.sum().backward()
    with graph.disable_saved_tensors_hooks("not here"):
        with pytest.raises(RuntimeError, match="not here"):
            with graph.saved_tensors_hooks(pack, pack):
                pass


def test_save_on_cpu_and_mutation():
    x = leaf(3.0)
    with graph.save_on_cpu():
        y = x * x
    y.backward()
    assert same(x.grad, [6.0])
    x.grad = None
    with graph.allow_mutation_on_saved_tensors():
        a = x * 1
        y = a * a
        with torch.no_grad():
            a.zero_()
        y.backward()
    assert same(x.grad, [6.0])


# ---- anomaly mode
def test_anomaly_mode_names_the_line():
    x = torch.zeros(2, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True):
        y = torch.sqrt(x) * 0
        with pytest.warns(UserWarning, match="Error detected in SqrtBackward0.*(.|\n)*torch.sqrt"):
            with pytest.raises(RuntimeError, match="Function 'SqrtBackward0' returned nan values in its 0th output."):
                y.sum().backward()
    assert not torch.is_anomaly_enabled()
    with pytest.warns(UserWarning, match="Anomaly Detection has been enabled"):
        with torch.autograd.detect_anomaly(check_nan=False):
            (torch.sqrt(x) * 0).sum().backward()
    assert torch.isnan(x.grad).all()


# ---- grad modes
def test_modes_nest_and_restore():
    x = leaf(1.0)
    with torch.no_grad():
        assert not torch.is_grad_enabled() and not (x * 2).requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    with pytest.raises(KeyError):
        with torch.no_grad():
            raise KeyError
    assert torch.is_grad_enabled()
    guard = torch.no_grad()
    with guard, guard:
        pass
    assert torch.is_grad_enabled()


def test_set_grad_enabled():
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)

    @torch.set_grad_enabled(False)
    def mode():
        return torch.is_grad_enabled()

    assert torch.is_grad_enabled() and not mode() and torch.is_grad_enabled()


def test_modes_as_decorators():
    @torch.no_grad()
    def with_brackets(x):
        """Doubles."""
        return x * 2

    @torch.no_grad
    def without(x):
        return x * 2

    @torch.no_grad()
    def pieces(x):
        got = yield x * 2
        yield torch.is_grad_enabled(), got

    x = leaf(1.0)
    assert not with_brackets(x).requires_grad and not without(x).requires_grad and with_brackets.__doc__ == "Doubles."
    g = pieces(x)
    assert not next(g).requires_grad and torch.is_grad_enabled()
    assert g.send("hello") == (False, "hello") and torch.is_grad_enabled()


def test_inference_mode():
    x = leaf(1.0)
    with torch.inference_mode():
        assert torch.is_inference_mode_enabled() and not torch.is_grad_enabled()
        y = x * 2
        z = torch.ones(1)
        with torch.enable_grad():
            assert not (x * 2).requires_grad
        with torch.inference_mode(False):
            assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert y.is_inference() and z.is_inference() and not y.requires_grad
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        x * z
    with pytest.raises(RuntimeError, match="Inplace update to inference tensor outside InferenceMode is not allowed"):
        z.add_(1)
    with pytest.raises(RuntimeError, match="Setting requires_grad=True on inference tensor"):
        z.requires_grad_()

    @torch.inference_mode()
    def f():
        return torch.is_inference_mode_enabled()

    assert f() and not torch.is_inference_mode_enabled()


def test_modes_belong_to_threads():
    seen = []
    with torch.no_grad():
        t = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        t.start()
        t.join()
    assert seen == [True]


# ---- autograd.Function
class Scale(Function):
    """Multiplies by a number."""

    @staticmethod
    def forward(ctx, x, n):
        ctx.n = n
        return x * n

    @staticmethod
    def backward(ctx, g):
        return g * ctx.n, None


def test_function():
    x = leaf(1.0, 2.0)
    y = Scale.apply(x, 3)
    assert type(y.grad_fn).__name__ == "ScaleBackward" and y.grad_fn.name() == "ScaleBackward" and y.grad_fn.n == 3
    assert y.grad_fn.needs_input_grad == (True, False) and isinstance(y.grad_fn, graph.Node)
    assert "grad_fn=<ScaleBackward>" in repr(y)
    y.sum().backward()
    assert same(x.grad, [3.0, 3.0])
    assert not Scale.apply(torch.ones(2), 3).requires_grad
    assert Scale.apply(x, n=3).requires_grad


def test_function_saves_tensors():
    class Multiply(Function):
        @staticmethod
        def forward(ctx, a, b):
            out = a * b
            ctx.save_for_backward(a, None, b, out)
            return out

        @staticmethod
        def backward(ctx, g):
            a, none, b, out = ctx.saved_tensors
            assert none is None and torch.equal(out, a * b)
            return (g * b if ctx.needs_input_grad[0] else None), (g * a if ctx.needs_input_grad[1] else None)

    a, b = leaf(2.0), torch.tensor([3.0])
    y = Multiply.apply(a, b)
    y.backward()
    assert same(a.grad, [3.0]) and b.grad is None
    with pytest.raises(RuntimeError, match="a second time"):
        y.backward()
    x = leaf(2.0, dtype=torch.float64)
    assert gradcheck(lambda x: Multiply.apply(x, x), x) and gradgradcheck(lambda x: Multiply.apply(x, x * x), x)
    a = leaf(2.0) * 1
    y = Multiply.apply(a, b)
    a.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_function_with_setup_context():
    class Power(Function):
        @staticmethod
        def forward(x, n=2):
            return x**n

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.n = inputs
            ctx.save_for_backward(x)

        @staticmethod
        def vjp(ctx, g):
            (x,) = ctx.saved_tensors
            return g * ctx.n * x ** (ctx.n - 1), None

    x = leaf(3.0)
    Power.apply(x).backward()
    assert same(x.grad, [6.0])
    x.grad = None
    Power.apply(x, n=3).backward()
    assert same(x.grad, [27.0])


def result_of(result):
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x, n):
            return x * n

        @staticmethod
        def backward(ctx, g):
            return result(g)

    return Wrong.apply(leaf(1.0, 2.0, 3.0), 2).sum()


@pytest.mark.parametrize(
    "result, error",
    [
        (lambda g: g, "function WrongBackward returned an incorrect number of gradients \\(expected 2, got 1\\)"),
        (lambda g: (g, None, g), "returned an incorrect number of gradients \\(expected 2, got 3\\)"),
        (lambda g: (g, g), "returned a gradient different than None at position 2, but the corresponding forward"),
        (lambda g: (3, None), "expected Variable or None \\(got int\\)"),
        (
            lambda g: (g[:2], None),
            "Function WrongBackward returned an invalid gradient at index 0 - got \\[2\\] but "
            "expected shape compatible with \\[3\\]",
        ),
    ],
)
def test_wrong_gradients(result, error):
    with pytest.raises(RuntimeError, match=error):
        result_of(result).backward()


def test_gradients_are_brought_into_shape():
    x = leaf(1.0, 2.0)

    class Odd(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g.double().expand(5, 2), None, None

    Odd.apply(x).sum().backward()
    assert x.grad.dtype == torch.float32 and same(x.grad, [5.0, 5.0])


def test_missing_methods():
    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x / 2

    with pytest.raises(NotImplementedError, match="either the backward or vjp method"):
        Half.apply(leaf(1.0)).backward()
    with pytest.raises(NotImplementedError, match="forward function"):
        type("Nothing", (Function,), {}).apply(leaf(1.0))
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        old = Half()
    with pytest.raises(RuntimeError, match="Legacy autograd function"):
        old(leaf(1.0))


def test_outputs_of_all_kinds():
    given = []

    class Many(Function):
        @staticmethod
        def forward(ctx, x):
            order = x.argsort()
            ctx.mark_non_differentiable(order)
            return x[0] * 1, [1, 2], "a", x * 2, order, None

        @staticmethod
        def backward(ctx, *g):
            given.extend(g)
            return torch.zeros(3)

    x = leaf(3.0, 1.0, 2.0)
    a, items, text, y, order, nothing = Many.apply(x)
    assert items == [1, 2] and text == "a" and nothing is None and not order.requires_grad
    y.sum().backward()
    assert same(given[0], 0.0) and same(given[3], [1.0] * 3) and [given[i] for i in (1, 2, 5)] == [None] * 3
    assert y.output_nr == 3


def test_materialize_grads():
    given = []

    class Two(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.set_materialize_grads(False)
            return x * 1, x * 2

        @staticmethod
        def backward(ctx, *g):
            given.extend(g)
            return g[1]

    x = leaf(1.0)
    Two.apply(x)[1].backward()
    assert given[0] is None and same(x.grad, [1.0])


def test_returning_an_input():
    class Identity(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 3

    x = leaf(1.0)
    y = Identity.apply(x)
    assert y is not x and y._base is x
    y.backward()
    assert same(x.grad, [3.0])
    with pytest.raises(RuntimeError, match="Output 0 of Identity is a view and is being modified inplace"):
        Identity.apply(x).add_(1)


def test_mark_dirty():
    class AddOne(Function):
        @staticmethod
        def forward(ctx, n, x):
            ctx.mark_dirty(x)
            x.add_(1)
            return x

        @staticmethod
        def backward(ctx, g):
            return None, g * 2

    x = leaf(1.0, 2.0)
    a = x * 1
    b = AddOne.apply(None, a)
    assert b is a and b.grad_fn.name() == "AddOneBackward"
    b.sum().backward()
    assert same(x.grad, [2.0, 2.0])
    x.grad = None
    a = x * 1
    AddOne.apply(None, a[0])
    assert a.grad_fn.name() == "CopySlices"
    a.sum().backward()
    assert same(x.grad, [2.0, 1.0])
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad has been used in an in-place operation"):
        AddOne.apply(None, x)

    class Forgets(AddOne):
        @staticmethod
        def forward(ctx, n, x):
            ctx.mark_dirty(x)
            return x * 2

    with pytest.raises(RuntimeError, match="Some elements marked as dirty during the forward method were not returned"):
        Forgets.apply(None, x * 1)


def test_once_differentiable():
    class Double(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return g * 2

    x, w = leaf(1.0), leaf(1.0)
    assert same(grad(Double.apply(x), x)[0], [2.0])
    (g,) = grad(Double.apply(x), x, w, create_graph=True)
    with pytest.raises(RuntimeError, match="trying to differentiate twice a function that was marked with @once"):
        g.backward()


def test_save_for_backward_takes_tensors_only():
    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(3)
            return x * 2

    with pytest.raises(TypeError, match="save_for_backward can only save variables, but argument 0 is of type int"):
        Wrong.apply(leaf(1.0))


def test_context_outlives_the_graph():
    x = leaf(1.0)
    y = Scale.apply(x, 2)
    fn = y.grad_fn
    del y
    assert fn.next_functions[0][0].variable is x and fn.n == 2
    ref = weakref.ref(fn)
    y = Scale.apply(Scale.apply(x, 2), 3)
    del fn
    assert ref() is None
    for _ in range(10_000):
        y = Scale.apply(y, 1)
    del y


# ---- checking gradients
def test_gradcheck():
    x = leaf(0.5, 1.5, dtype=torch.float64)
    assert gradcheck(lambda x: (x.sin(), x * x.sum()), (x,))
    assert gradgradcheck(lambda x: x.sin() * x, (x,))

    class Wrong(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 3

    with pytest.raises(torch.autograd.GradcheckError, match="Jacobian mismatch for output 0 with respect to input 0"):
        gradcheck(Wrong.apply, x)
    assert not gradcheck(Wrong.apply, x, raise_exception=False)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        gradgradcheck(lambda x: Wrong.apply(x) * x, x)
    with pytest.raises(RuntimeError, match="Numerical gradient for function expected to be zero"):
        gradcheck(lambda x: x.detach() * 2, x)
    with pytest.raises(ValueError, match="expects at least one input tensor to require gradient"):
        gradcheck(torch.sin, torch.ones(2, dtype=torch.float64))


def test_gradcheck_complex():
    z = torch.tensor([1 + 2j, 0.5 - 1j], dtype=torch.complex128, requires_grad=True)
    x = leaf(0.5, 1.5, dtype=torch.float64)
    assert gradcheck(lambda z: z * z, z)
    assert gradcheck(lambda z: z.abs(), z)
    assert gradcheck(lambda z, x: z * x, (z, x))


# ---- whole derivatives
def test_functional():
    f = torch.autograd.functional
    x, v = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0])
    assert same(f.jacobian(lambda x: x * x.sum(), x), [[4.0, 1.0], [2.0, 5.0]])
    assert same(f.hessian(lambda x: (x**2).sum() * x[0], x), [[6.0, 4.0], [4.0, 2.0]])
    assert same(f.vhp(lambda x: (x**3).sum(), x, v)[1], [6.0, 120.0])
    assert same(f.jvp(lambda x: x * x.sum(), x, v)[1], [14.0, 52.0])
    assert same(f.vjp(lambda x: x * x.sum(), x, v)[1], [24.0, 51.0])
    (a, b), (c, d) = f.jacobian(lambda x, y: (x * y, x + y), (x, v))
    assert same(a, [[1.0, 0.0], [0.0, 10.0]]) and same(d, [[1.0, 0.0], [0.0, 1.0]])
    (a, b), (c, d) = f.hessian(lambda x, y: (x * x * y).sum(), (x, v))
    assert same(b, [[2.0, 0.0], [0.0, 4.0]]) and same(d, [[0.0, 0.0], [0.0, 0.0]])
    with pytest.raises(RuntimeError, match="strict mode"):
        f.jacobian(lambda x: torch.ones(2), x, strict=True)
    with pytest.raises(RuntimeError, match="v has invalid size"):
        f.vjp(lambda x: x, x, torch.ones(3))


def test_in_place_operators_save_what_was_there_before():
    x = torch.tensor([0.1, 1.0, 3.0], requires_grad=True)
    y = x.clone()
    y.clamp_(0.5, 2.0).square_()
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 2.0, 0.0]


def test_grad_computes_only_what_is_asked_for():
    x, w = torch.ones(2, 2, requires_grad=True), torch.ones(2, 2, requires_grad=True)
    product, seen = x @ w, []
    product.grad_fn.register_hook(lambda grad_inputs, grad_outputs: seen.append([g is None for g in grad_inputs]))
    torch.autograd.grad(product.sum(), x, retain_graph=True)
    torch.autograd.grad(product.sum(), w, retain_graph=True)
    product.sum().backward()
    assert seen == [[False, True], [True, False], [False, False]]
