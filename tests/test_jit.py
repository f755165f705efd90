"""torch.jit, torch.compiler, torch.onnx and torch.futures: what is given back as it is, and what is refused."""

import numpy as np
import pytest

import penlight as torch


def double(x):
    """A function to compile."""
    return 2 * x


def test_scripts_and_traces_are_the_functions_themselves():
    layer = torch.nn.Linear(2, 2)
    assert torch.jit.script(double) is double and torch.jit.script(layer) is layer
    assert torch.jit.trace(layer, torch.ones(1, 2)) is layer and torch.jit.freeze(layer.eval()) is layer
    with pytest.raises(RuntimeError):
        torch.jit.trace(layer, torch.ones(1, 3))

    class Scripted(torch.jit.ScriptModule):
        @torch.jit.script_method
        def forward(self, x):
            return self.hidden(x)

        @torch.jit.export
        def hidden(self, x):
            return x + 1

        @torch.jit.ignore(drop=True)
        def other(self):
            return 1

    assert Scripted()(torch.zeros(1)).item() == 1 and Scripted().other() == 1


def test_types():
    check = torch.jit.isinstance
    assert check([1], list[int]) and not check([1.0], list[int]) and check({"a": 1}, dict[str, int])
    assert check(None, int | None) and check((1, "a"), tuple[int, str]) and not check("a", (int, float))
    assert torch.jit.annotate(int, 3) == 3


def test_forks_and_futures():
    assert torch.jit.wait(torch.jit.fork(double, 4)) == 8
    future = torch.jit.Future()
    following = future.then(lambda f: f.wait() + 1).then(lambda f: 1 / (f.wait() - 2))
    future.set_result(1)
    with pytest.raises(ZeroDivisionError):
        following.wait()
    assert torch.futures.wait_all(torch.futures.collect_all([future]).wait()) == [1]


def test_files_are_refused(tmp_path):
    for refused in (
        lambda: torch.jit.save(double, tmp_path / "a"),
        lambda: torch.jit.load(tmp_path / "a"),
        lambda: torch.onnx.export(torch.nn.Linear(1, 1), (torch.ones(1),), tmp_path / "a"),
        lambda: torch.compiler.load_compiled_function(None),
    ):
        with pytest.raises(NotImplementedError, match="Penlight"):
            refused()


def test_compilers():
    assert torch.compile(double) is double and torch.compile(fullgraph=True)(double) is double
    assert torch.compiler.disable(double) is double and torch.compiler.disable(recursive=False)(double) is double
    with torch.compiler.set_stance("force_eager"):
        assert not torch.compiler.is_compiling()
    with pytest.raises(RuntimeError, match="invalid torch.compile stance"):
        torch.compiler.set_stance("fast")
    with pytest.raises(RuntimeError, match="Either mode or options"):
        torch.compile(double, mode="max-autotune", options={})
    assert torch.compiler.wrap_numpy(np.cumsum)(torch.ones(3)).tolist() == [1.0, 2.0, 3.0]


def test_operators_by_their_aten_names():
    aten = torch.ops.aten
    assert aten.add.Tensor(torch.ones(1), 2).item() == 3 and str(aten.sum.dim_IntList) == "aten.sum.dim_IntList"
    assert aten._safe_softmax.default(torch.full((1, 2), float("-inf")), -1).tolist() == [[0.0, 0.0]]
    assert aten.mul(self=torch.ones(1), other=2).item() == 2 and aten.mul is torch.ops.aten.mul
    with pytest.raises(AttributeError):
        aten.no_such_operator()
    with pytest.raises(AttributeError):
        torch.ops.other.add()
