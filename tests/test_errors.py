"""Errors that teach: what stands under PyTorch's sentence, in both languages."""

import gc
import os
import re
import string
import sys
import time
import weakref

import pytest

import penlight as torch
from penlight import nn
from penlight._error_texts import TEXTS
from penlight.errors import explain, teach, with_help


def lines(op_name, kind, message, **operands):
    """Explain an error with these operands and give its message and the lines below it."""
    return shown(teach(RuntimeError(message), op_name, kind, tuple(operands.values()), tuple(operands)))


def shown(error):
    return [str(error), *"\n".join(getattr(error, "__notes__", [])).splitlines()]


class Net(nn.Module):
    """A model that explains its own failure, as an operator under it would."""

    def __init__(self, features=128):
        super().__init__()
        self.body = nn.Sequential(nn.ReLU(), nn.Linear(features, 10))

    def forward(self, x):
        message = "mat1 and mat2 shapes cannot be multiplied"
        return lines("linear", "matmul_shape", message, input=x, weight=self.body[1].weight)


def test_layer_operands_and_help():
    images = torch.zeros(32, 256)
    text = Net()(images)
    assert text[0] == "mat1 and mat2 shapes cannot be multiplied"
    assert text[1].startswith("  input: shape (32, 256), torch.float32, cpu; `x` in forward (test_errors.py:")
    assert text[2].startswith("  weight: shape (10, 128), torch.float32, cpu; `body.1.weight` ")
    assert text[2].endswith("of Linear(in_features=128, out_features=10, bias=True)")
    assert text[3] == (
        "help: body.1 expects in_features=128 but the input's last dimension is 256; "
        "write nn.Linear(256, 10) or give an input of shape (..., 128)"
    )


class Layer(nn.Module):
    """A layer that fails inside its own forward, two modules deep."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(4, 3))

    def extra_repr(self):
        return "4, 3"

    def forward(self, x):
        return lines("add", "broadcast", "sizes differ", a=x, b=self.weight)


def test_a_parameter_is_named_from_the_outermost_module():
    outer = nn.Module()
    outer.blocks = nn.ModuleList([nn.Sequential(nn.Identity(), Layer())])
    outer.forward = lambda x: outer.blocks[0](x)
    assert "`1.weight` of Layer(4, 3)" in nn.Sequential(nn.Identity(), Layer())(torch.zeros(2))[2]

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([nn.Sequential(nn.Identity(), Layer())])

        def forward(self, x):
            return self.blocks[0](x)

    assert "`blocks.0.1.weight` of Layer(4, 3)" in Outer()(torch.zeros(2))[2]


def test_an_input_that_only_has_to_be_flattened():
    help_line = Net(12)(torch.zeros(5, 1, 3, 4))[-1]
    assert help_line.endswith("write x.flatten(1) before it")


def test_plain_matrices():
    a, b = torch.zeros(2, 5), torch.zeros(3, 5)
    assert (
        lines("matmul", "matmul_shape", "m", mat1=a, mat2=b)[-1]
        == "help: the inner sizes 5 and 3 differ; a @ b.T would fit"
    )
    c = torch.zeros(2, 7)
    assert lines("matmul", "matmul_shape", "m", mat1=a, mat2=c)[-1].endswith("a.T @ c would fit")
    d = torch.zeros(4, 7)
    assert "(n, k) @ (k, m)" in lines("matmul", "matmul_shape", "m", mat1=a, mat2=d)[-1]


def test_dtypes():
    x, y, w = torch.zeros(2, dtype=torch.float64), torch.zeros(2, dtype=torch.int64), nn.Linear(2, 2)
    assert lines("linear", "dtype_mismatch", "m", input=x, weight=w.weight)[-1].endswith("write x.float()")
    assert (
        lines("linear", "dtype_mismatch", "m", input=y, weight=w.weight)[-1]
        == "help: y holds integers (torch.int64); write y.float()"
    )
    h = torch.zeros(2).half()
    assert "h.to(torch.float64)" in lines("dot", "dtype_mismatch", "m", a=h, b=x)[-1]
    assert "`w.weight` of Linear(in_features=2" in lines("linear", "dtype_mismatch", "m", input=x, weight=w.weight)[2]
    assert "write y.long()" in lines("nll_loss", "target_dtype", "m", input=x, target=y)[-1]


def test_broadcasting():
    rows, table = torch.zeros(3), torch.zeros(3, 4)
    assert lines("add", "broadcast", "m", self=table, other=rows)[-1] == (
        "help: shapes are compared from the right; write rows.unsqueeze(-1), of shape (3, 1), "
        "if its elements belong to the rows of table"
    )
    assert ".unsqueeze(dim)" in lines("add", "broadcast", "m", self=table, other=torch.zeros(7))[-1]
    assert "table.view_as(rows)" in lines("mse_loss", "loss_broadcast", "m", input=rows, target=table)[-1]


def test_views():
    x = torch.zeros(6)
    text = lines("view", "shape_invalid", "shape '[4, 2]' is invalid for input of size 6", self=x)
    assert (
        text[-1] == "help: (4, 2) multiplies to 8, but the tensor has 6 elements; let one size be worked out: "
        "x.reshape(-1, 2)"
    )
    assert "x.reshape(...)" in lines("view", "view_noncontiguous", "m", self=x)[-1]


def test_values_out_of_range():
    words = torch.tensor([[1, 2], [3, 12]])
    weight = torch.zeros(10, 3)
    assert lines("embedding", "embedding_range", "index out of range in self", weight=weight, indices=words)[-1] == (
        "help: the index 12 at position [1, 1] is not in 0 to 9; the table has 10 rows: "
        "make num_embeddings at least 13 or correct the index"
    )
    negative = torch.tensor([-1])
    assert "is negative" in lines("embedding", "embedding_range", "m", weight=weight, indices=negative)[-1]
    labels = torch.tensor([0, -100, 3])
    text = lines("nll_loss", "target_range", "Target 3 is out of bounds.", input=torch.zeros(3, 3), target=labels)
    assert text[-1].startswith("help: target 3 at position [2], but there are 3 classes, numbered 0 to 2")
    text = lines("select", "index_out_of_range", "index 5 is out of bounds for dimension 0 with size 3", self=labels)
    assert text[-1] == "help: a dimension of size 3 has the indices 0 to 2 (or -3 to -1); 5 is not one of them"


def test_backward():
    counts = torch.zeros(3, dtype=torch.int64)
    assert "counts is torch.int64" in lines("backward", "backward_no_grad", "m", self=counts)[-1]
    with torch.no_grad():
        assert "switched off" in lines("backward", "backward_no_grad", "m", self=torch.zeros(1))[-1]
    assert ".detach()" in lines("backward", "backward_no_grad", "m", self=torch.zeros(1))[-1]


def test_keywords():
    text = lines(
        "sum",
        "unexpected_keyword",
        "sum() got an unexpected keyword argument 'dims'",
        keyword="dims",
        valid=("dim", "keepdim", "dtype"),
    )
    assert text[1:] == ["help: did you mean dim=? the arguments are: dim, keepdim, dtype"]
    text = lines("sum", "unexpected_keyword", "m", keyword="zzz", valid=("dim", "keepdim"))
    assert text[1:] == ["help: the arguments are: dim, keepdim"]


def test_keywords_out_of_a_dump_of_overloads():
    message = (
        "sum() received an invalid combination of arguments - got (Tensor, dims=int), but expected one of:\n"
        " * (Tensor input, *, torch.dtype dtype = None)\n"
        " * (Tensor input, tuple of ints dim, bool keepdim = False, *, torch.dtype dtype = None)"
    )
    assert (
        lines("sum", "unexpected_keyword", message)[-1]
        == "help: did you mean dim=? the arguments are: input, dtype, dim, keepdim"
    )


def test_names_that_are_not_there():
    assert with_help(AttributeError("m"), "torch_attribute", name="arrange").__notes__ == [
        "help: Penlight has no torch.arrange; did you mean torch.arange?"
    ]
    assert "leaves out" in with_help(AttributeError("m"), "torch_attribute", name="qqqqqq").__notes__[0]


def test_lists_of_tensors_are_taken_apart():
    parts = [torch.zeros(2), torch.zeros(3)]
    text = lines("stack", "stack_shape", "m", tensors=parts, dim=0)
    assert [line.split(":")[0] for line in text] == ["m", "  tensors[0]", "  tensors[1]", "help"]


def test_chinese(monkeypatch):
    monkeypatch.setenv("PENLIGHT_LANG", "zh")
    text = Net()(torch.zeros(32, 256))
    assert text[0] == "mat1 and mat2 shapes cannot be multiplied"
    assert text[1].startswith("  input：形状 (32, 256)，torch.float32，cpu；forward（test_errors.py:")
    assert "要求 in_features=128，而输入的最后一维是 256" in text[-1]


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", TEXTS)
def test_every_text_is_in_both_languages_with_the_same_facts(key):
    assert set(TEXTS[key]) == {"en", "zh"}
    assert fields(TEXTS[key]["en"]) == fields(TEXTS[key]["zh"])


def test_every_kind_of_the_core_has_a_text():
    sources = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "csrc")
    kinds = set()
    for folder, _, files in os.walk(sources):
        for name in files:
            with open(os.path.join(folder, name)) as file:
                text = file.read()
            kinds.update(re.findall(r'fail\(ErrorType::\w+,\s*"(\w+)"', text))
            kinds.update(re.findall(r'PL_CHECK_AS\(\w+,[^;]*?,\s*"(\w+)",\s*"', text))
    assert kinds <= set(TEXTS), f"no help for {sorted(kinds - set(TEXTS))}"


WITH_OWN_FACTS = {"operand", "torch_attribute", "torch_module", "weights_only"}


@pytest.mark.parametrize("kind", sorted({key for key in TEXTS if "." not in key} - WITH_OWN_FACTS))
def test_every_kind_survives_wrong_operands(kind):
    tensors = torch.zeros(()), torch.zeros(0, 3)
    for args, names in [((), ()), ((1, None, "x"), ("a",)), (tensors, ("input", "target"))]:
        assert shown(teach(RuntimeError("message 1"), "op", kind, args, names))[-1].startswith("help: ")


def test_it_never_raises():
    error = ValueError("message")
    assert teach(error, "op", "no_such_kind") is error and shown(error) == ["message"]
    assert shown(teach(ValueError("message"), "op", "broadcast", None, None)) == ["message"]
    assert shown(teach(ValueError("message"), "op", "broadcast", (object(),), ()))[1].startswith("help: ")
    assert shown(with_help(ValueError("message"), "no_such_kind")) == ["message"]


def test_warnings_carry_it_in_their_text():
    x, y = torch.zeros(4, 1), torch.zeros(3)
    text = explain("mse_loss", "loss_broadcast", "Using a target size", (x, y), ("input", "target")).split("\n")
    assert text[0] == "Using a target size" and text[-1].startswith("help: ") and "y.view_as(x)" in text[-1]
    assert explain("op", "no_such_kind", "message") == explain("op", "broadcast", "message", None, None) == "message"


def test_the_traceback_shows_it(capsys):
    error = teach(RuntimeError("message"), "view", "view_noncontiguous", (torch.zeros(2),), ("self",))
    sys.excepthook(type(error), error, None)
    text = capsys.readouterr().err.splitlines()
    assert text[0] == "RuntimeError: message" and text[1].startswith("  self: shape") and text[2].startswith("help: ")


def test_it_keeps_nothing_alive():
    def fail():
        x = torch.zeros(3)
        alive = weakref.ref(x)
        assert "`x` in fail" in lines("op", "broadcast", "m", a=x)[1]
        del x
        return alive()

    assert fail() is None


def test_a_dictionary_of_locals_stays_whole():
    def fail():
        x = torch.zeros(3)
        mine = locals()
        teach(RuntimeError("m"), "op", "broadcast", (x,), ("a",))
        return mine

    assert "x" in fail()


def test_locals_survive_under_a_debugger():
    def fail():
        x = torch.zeros(3)
        teach(RuntimeError("m"), "op", "broadcast", (x,), ("a",))
        return x

    before = sys.gettrace()
    sys.settrace(lambda *_: None)
    try:
        assert fail().shape == (3,)
    finally:
        sys.settrace(before)


def test_it_is_quick():
    model = nn.Sequential(*[nn.Linear(2, 2) for _ in range(200)])
    weight = model[199].weight
    gc.collect()
    times = []
    for _ in range(20):
        start = time.process_time()  # of this process alone, however busy the machine
        teach(RuntimeError("m"), "linear", "matmul_shape", (torch.zeros(3, 5), weight), ("input", "weight"))
        times.append(time.process_time() - start)
    assert min(times) < 1e-3
