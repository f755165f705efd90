"""Ten thousand calls, right and wrong ones: each ends in an answer or in a Python error of a sensible type.

Hypothesis writes the calls, as lines of Python, from the schemas of the operator table and from the templates below.
They run in a child process, so that a crash or an endless loop shows the line that it happened in. FUZZ_CALLS is the
number of calls of each test; FUZZ_SEED makes other calls.
"""

import copy
import keyword
import mmap
import operator
import os
import pickle
import re
import resource
import signal
import sys
import traceback
import warnings

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

import penlight as torch
from ops.table import load

CALLS, SEED = int(os.environ.get("FUZZ_CALLS", 5000)), int(os.environ.get("FUZZ_SEED", 0))
SECONDS = 10  # for one call; most take microseconds
EXTRA_MEMORY = 8 << 30
SENSIBLE = (
    TypeError,
    ValueError,
    RuntimeError,
    IndexError,
    NotImplementedError,
    OverflowError,
    AttributeError,
    KeyError,
    BufferError,
    ZeroDivisionError,
)


class Broken(Exception):
    """What a call gave is not in order."""


# ---- what arguments are made of: expressions, all of them small
def choices(text):
    """Give the expressions that stand in a text, apart by bars or on lines of their own."""
    return text.strip().replace("\n", " | ").split(" | ")


SHAPES = choices("""
() | (1,) | (3,) | (0,) | (2, 3) | (3, 1) | (1, 3) | (3, 3) | (0, 3) | (2, 0, 3) | (2, 3, 4) | (4, 3, 2)
(1, 2, 5, 5) | (2, 1, 3, 1, 2) | (1, 1, 1, 1, 1, 1, 2)
""")
DTYPES = (
    ["float32"] * 8
    + ["float64"] * 3
    + ["int64"] * 4
    + ["bool"] * 2
    + ["uint8", "int8", "int16", "int32", "float16", "bfloat16", "complex64", "complex128"]
)
LAYOUTS = ["plain"] * 8 + ["turned", "sliced", "behind", "expanded", "overlapping", "meta", "special", "extreme"] * 2
TENSORS = choices("""
torch.empty(0) | torch.tensor(2) | torch.tensor(-1) | torch.tensor(2.5) | torch.tensor([0, 2])
torch.tensor([[0, 1], [1, 0]]) | torch.tensor([2**62, -2**63]) | torch.tensor([True, False, True])
torch.nn.Parameter(torch.ones(2, 3)) | torch.ones(3).as_subclass(Mine)
""")
GRAD = ["", "", "", ", grad=True"]
INTS = choices("""
0 | 1 | 2 | 3 | -1 | -2 | -3 | 4 | 7 | 100 | -100 | 2**40 | -2**31 - 1 | 2**62 | 2**63 - 1 | -2**63 | 2**70 | True
torch.tensor(1) | np.int64(2)
""")
NUMBERS = choices("""
0 | 1 | 2 | -1 | 0.5 | -2.5 | 1e-3 | float('nan') | float('inf') | -float('inf') | 1e300 | True | 1j | 2**62
-2**63 | 2**70 | np.float32(1.5) | torch.tensor(2.0)
""")
LISTS = choices("""
() | (0,) | (1,) | (2,) | (3,) | (-1,) | (0, 1) | (1, 0) | (1, 2) | (2, 3) | (3, 2) | (6,) | (2, -1) | (-1, -2)
(-1, -1) | (0, 0) | (3, 1) | (1, 1, 1) | (2, 3, 4) | (0, 2, 1) | [1, 2] | [] | (0, 3) | (2**62,) | (2**32, 2**32)
(2**63 - 1, 2) | (-2**63,) | (2**62, 0) | (2**70,) | (1,) * 70 | (-5, 9) | torch.Size([2, 3]) | (torch.tensor(2), 3)
2
""")
STRINGS = choices(r"""
'mean' | 'sum' | 'none' | 'floor' | 'trunc' | 'fro' | 'nuc' | 'prod' | 'amax' | 'add' | 'linear' | 'same'
'reflect' | 'left' | 'tanh' | 'xy' | '' | 'a\0b' | '\udcff' | 'x' * 10000
""")
TYPES = choices("""
torch.float32 | torch.float64 | torch.int64 | torch.bool | torch.uint8 | torch.float16 | torch.bfloat16
torch.complex64 | torch.complex128 | float | int | bool
""")
DEVICES = ["'cpu'", "'meta'", "torch.device('cpu')", "'cuda'", "'nowhere'", "0", "-1", "2**40"]
WRONG = choices("""
None | 'text' | b'bytes' | [] | () | {} | object() | 1.5 | 7 | -1 | True | 1j | 2**70 | float('nan') | [[1, 2], [3]]
[1, None] | ['a'] | [[[[]]]] | torch.float32 | torch | torch.Tensor | len | slice(0, 2) | ... | np.ones(3)
np.ones((2, 3))[:, ::2] | np.array('a') | np.array([None]) | np.float64(2) | range(3) | {1, 2}
t((2, 3), 'float32') | [t((3,), 'float32')] | Liar() | torch.Size([1]) | endless
""")
KEYS = choices("""
0 | -1 | 1 | 5 | -5 | 2**62 | None | ... | : | ::2 | 1: | :-1 | ::-1 | 5:2 | ::0 | 1.5 | True | False | 'a' | [0, 1]
[[0], [1]] | [] | [5] | [True, False] | torch.tensor([0, 1]) | torch.tensor(1) | torch.tensor([-1, 9])
torch.tensor([True, False]) | torch.tensor(True) | t((2, 3), 'bool') | t((3,), 'bool') | t((2, 3), 'int64')
torch.empty(0, dtype=torch.int64) | t((2,), 'uint8') | t((2,), 'float32') | np.array([0, 1]) | 2**63 - 1: | :2**70
torch.tensor([2**62]) | t((2,), 'int64', 'meta') | (0, 1) | object()
""")
CHOICES = {
    "Scalar": NUMBERS,
    "int": INTS,
    "float": NUMBERS,
    "bool": ["True", "False", "True", "False", "1", "torch.tensor(True)"],
    "str": STRINGS,
    "ScalarType": TYPES,
    "Device": DEVICES,
    "Layout": ["torch.strided", "None"],
    "Any": WRONG,
    "MemoryFormat": [
        "torch.contiguous_format",
        "torch.preserve_format",
        "torch.channels_last",
        "torch.channels_last_3d",
    ],
    "Generator": ["None", "torch.Generator()", "torch.default_generator"],
}

# ---- calls that are in no table: T a tensor, A anything, I an int, S sizes, D a dtype, K a key
TEMPLATES = choices("""
T[K] | T[K, K] | T[K, K, K, K] | assign(T, np.s_[K], A) | assign(T, np.s_[K, K], T) | assign(T, np.s_[K], T) | T + A
T - T | A * T | T / T | T // A | T % T | T ** A | A ** T | T @ T | T & A | T.__or__(T) | T ^ T | T << I | T >> T
-T | ~T | abs(T) | T == A | T < A | T >= T | T.__iadd__(A) | T.__imul__(T) | T.__itruediv__(T) | T.__ipow__(A)
T.__iand__(A) | divmod(T, T) | A - T | A / T | int(T) | float(T) | complex(T) | bool(T) | [0, 1, 2][T] | len(T)
list(T)[:5] | list(reversed(T))[:5] | A in T | hash(T) | repr(T) | str(T) | f"{T}" | format(T, A) | T.item()
T.tolist() | T.numpy() | T.numpy(force=True) | np.asarray(T) | memoryview(T) | bytes(T) | T.to(A) | T.to(A, A)
T.to(T) | T.to(D) | T.type(A) | T.type(D) | T.type_as(T) | T.cpu() | T.cuda() | T.half() | T.bool() | T.cfloat()
T.size(A) | T.stride(A) | T.size(I) | T.is_contiguous(A) | T.new_tensor(A) | T.new(A) | T.unique()
T.unique_consecutive(A) | T.set_(A, I, S, S) | T.set_(T) | T.set_(T.untyped_storage(), I, S, S) | T.set_()
T.resize_(S) | T.resize_(A) | T.view(D) | T.untyped_storage()[I]
torch._C._tensor_from_storage(T.untyped_storage(), D, I, S, S) | torch.UntypedStorage(I) | T.storage()
T.map_(T, max) | T.apply_(abs) | T.is_set_to(T) | T.is_same_size(T) | T.get_device() | T.pin_memory()
T.element_size() | T.detach() | T.detach_() | T.requires_grad_(A) | T.requires_grad_() | T.retain_grad()
T.register_hook(A) | T.register_hook(len) | T.register_post_accumulate_grad_hook(A) | T.backward() | T.backward(A)
T.backward(T) | T.backward(T, A, A) | T.grad_fn | T.grad_fn(T) | T._base | T.data | T.grad | T._version
T.output_nr | T.is_leaf | T.mT | T.T | T.H | T.real | T.imag | T.as_subclass(A) | T.as_subclass(Mine)
setattr(T, 'data', A) | setattr(T, 'data', T) | setattr(T, 'grad', A) | setattr(T, 'grad', T)
setattr(T, 'requires_grad', A) | setattr(T, 'real', A) | setattr(T, 'shape', A) | setattr(T, '__dict__', A)
setattr(T, '__class__', A) | setattr(T, '_backward_hooks', A) | torch.autograd.grad(T, T, A)
torch.autograd.grad(T, A) | torch.autograd.grad([T, T], [T], [T, T]) | torch.autograd.backward(T, A)
torch.tensor(A) | torch.tensor([A, A]) | torch.tensor([[A], [A]], dtype=D) | torch.as_tensor(A, dtype=D)
torch.asarray(A, copy=A) | torch.from_numpy(A) | torch.from_dlpack(A) | torch.from_dlpack(T) | np.from_dlpack(T)
torch.frombuffer(bytearray(9), dtype=D, offset=I, count=I) | torch.frombuffer(A, dtype=A) | torch.Tensor(A)
torch.Tensor(A, A) | torch.Tensor(T) | torch.Size(A) | torch.Size(S) | torch.device(A) | torch.device(A, A)
torch.Generator(A) | torch.Generator().set_state(T) | torch.Generator().set_state(A) | torch.manual_seed(A)
torch.Generator().manual_seed(A) | torch.set_default_dtype(A) | torch.set_num_threads(A) | torch.result_type(A, A)
torch.result_type(T, A) | torch.promote_types(D, A) | torch.can_cast(A, D) | torch.broadcast_shapes(S, S)
torch.broadcast_shapes(A) | torch.finfo(A) | torch.iinfo(D) | copy.copy(T) | copy.deepcopy(T)
pickle.loads(pickle.dumps(T)) | torch.nn.Parameter(A) | torch.nn.Parameter(T, A) | T.__array__(A)
torch._C._make_subclass(A, T) | torch._C._make_subclass(Mine, T, True) | torch._C._as_subclass(A, A)
torch._C._storage_from_buffer(A) | torch._C._autograd_grad(A, A, A) | torch._C._autograd_backward(A, A, A)
torch._C._increment_version(A) | torch._C._gradient_node(A) | torch._C._sgd_step(A, A, A)
torch._C._adam_step(A, A, A) | torch._C._zero_grad(A) | torch._C._optimizer_step(A, A) | torch._C._Node()
torch.where(T, A, A) | torch.where(A) | torch.equal(T, A) | torch.allclose(T, T) | torch.isclose(T, T, A)
torch.einsum(A, T) | torch.numel(A) | torch.einsum('ij,jk->ik', T, T) | torch.einsum('...i', T)
torch.einsum('ii', T) | torch.broadcast_tensors(T, T) | torch.meshgrid(T, T) | torch.block_diag(T, T)
torch.cartesian_prod(T, T) | torch.combinations(T, I) | torch.nonzero(T, as_tuple=A) | torch.is_tensor(A)
torch.nn.functional.linear(T, T, A) | torch.nn.functional.cross_entropy(T, T) | torch.nn.functional.dropout(T, A)
""")
LETTERS = {"A": WRONG, "I": INTS, "S": LISTS, "D": TYPES, "K": KEYS}


def names_of(row):
    """Give the expressions by which a row is called: as function, method, in place."""
    function = [f"torch._C.{row.name}"] if "f" in row.forms else []
    methods = [f".{row.name}"] if "m" in row.forms else []
    return function * 2 + methods + [f".{row.name}_"] * ("i" in row.forms)


ROWS = [
    row
    for row in load()
    if set(row.forms) & set("fmi") and (hasattr(torch._C, row.name) or hasattr(torch.Tensor, row.name))
]


def tensor(rng):
    if rng.random() < 0.1:
        return rng.choice(TENSORS)
    return f"t({rng.choice(SHAPES)}, '{rng.choice(DTYPES)}', '{rng.choice(LAYOUTS)}'{rng.choice(GRAD)})"


def argument(arg, rng):
    """Give an expression for an argument of the table, most of the time one of the right kind."""
    if rng.random() < 0.05:
        return rng.choice(WRONG)
    if arg.array is not None and arg.kind == "Tensor":
        return "[" + ", ".join(tensor(rng) for _ in range(rng.randrange(4))) + "]"
    if arg.array is not None:
        return rng.choice(LISTS)
    if arg.kind == "Tensor" or (arg.kind == "Operand" and rng.random() < 0.6):
        return tensor(rng)
    return rng.choice(CHOICES.get(arg.kind, NUMBERS))


def operator_call(rng):
    """Give a call of an operator of the table: with too many or too few arguments at times, or with out=."""
    row = rng.choice(ROWS)
    name = rng.choice(names_of(row))
    positional, named = [], []
    for arg in row.args:
        if arg.default is not None and rng.random() < 0.6:
            break
        value = argument(arg, rng)
        by_name = arg.keyword_only or (rng.random() < 0.03 and not keyword.iskeyword(arg.name))
        named.append(f"{arg.name}={value}") if by_name else positional.append(value)
    if rng.random() < 0.05:
        rng.choice(
            [positional.pop if positional else str, lambda: positional.append("1"), lambda: named.append("x=1")]
        )()
    if "o" in row.forms and name.startswith("torch") and rng.random() < 0.2:
        named.append("out=" + tensor(rng))
    if name.startswith("."):
        name = (positional.pop(0) if positional and positional[0].startswith("t") else tensor(rng)) + name
    return f"{name}({', '.join(positional + named)})"


def other_call(rng):
    """Give one of the templates with its letters replaced."""

    def expression(match):
        return tensor(rng) if match[0] == "T" else rng.choice(LETTERS[match[0]])

    return re.sub(r"\b[TAISDK]\b", expression, rng.choice(TEMPLATES))


# ---- running a call
def t(shape, dtype, layout="plain", grad=False):
    """Make a tensor of small numbers."""
    dtype, count = getattr(torch, dtype), int(np.prod(shape, dtype=np.int64))
    made = (torch.arange(count) % 5 - (dtype.is_signed and dtype is not torch.bool)).reshape(shape).to(dtype)
    if layout == "turned":
        made = made.permute(tuple(range(made.dim()))[::-1])
    elif layout == "sliced":
        made = made.repeat_interleave(2, 0)[::2] if made.dim() else made
    elif layout == "behind":
        made = torch.cat([made.reshape(-1)[:1], made.reshape(-1)])[-count:].reshape(shape) if count else made
    elif layout == "expanded":
        made = made[:1].expand(shape) if made.dim() else made
    elif layout == "overlapping":
        made = made.as_strided(shape, (1,) * len(shape)) if count else made
    elif layout == "special" and dtype.is_floating_point:
        made = made / (made - 1)
    elif layout == "extreme" and not dtype.is_complex:
        limits = (
            torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype) if dtype is not torch.bool else None
        )
        made = torch.full(shape, limits.min if limits else True, dtype=dtype)
    elif layout == "meta":
        made = made.to("meta")
    if grad and (dtype.is_floating_point or dtype.is_complex):
        made = made.requires_grad_() if draw_leaf(shape) else made.requires_grad_() * 1
    return made


def draw_leaf(shape):
    return len(shape) % 2 == 0


class Mine(torch.Tensor):
    """A subclass."""


class Liar:
    """Says that it is a number, a sequence and an array, and is none."""

    def __len__(self):
        return 3

    def __getitem__(self, i):
        raise ValueError("no such thing")

    def __index__(self):
        raise ValueError("no number")

    __float__ = __array__ = __index__


endless = []
endless.append(endless)
SCOPE = dict(
    torch=torch, assign=operator.setitem, np=np, copy=copy, pickle=pickle, t=t, Mine=Mine, Liar=Liar, endless=endless
)


def examine(value, depth=0):
    """Look at all of a result, and differentiate it."""
    if isinstance(value, (tuple, list)) and depth < 3:
        for part in value[:10]:
            examine(part, depth + 1)
    if not isinstance(value, torch.Tensor) or value.is_meta or max(value.shape, default=0) > 10_000:
        return
    reach = sum((size - 1) * stride for size, stride in zip(value.shape, value.stride())) + value.storage_offset() + 1
    if value.numel() and reach * value.element_size() > value.untyped_storage().nbytes():
        raise Broken("the tensor goes beyond its memory")
    repr(value), value.tolist()
    if value.requires_grad:
        try:
            (value * value).sum().backward(torch.ones((), dtype=value.dtype))
        except SENSIBLE:
            pass


def run(text, note):
    """Run one call; errors of other than sensible types go through."""
    note.seek(0)
    note.write(text.encode("utf-8", "replace")[: len(note) - 1] + b"\0")
    torch.manual_seed(0)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            examine(eval(text, SCOPE))
    except SENSIBLE as error:
        if isinstance(error, RecursionError) and "endless" not in text:
            raise
    except MemoryError:
        if "2**" not in text:  # a size that nobody has the memory for
            raise
    except AssertionError as error:
        if "not compiled with CUDA" not in str(error):  # which PyTorch says, too, by an AssertionError
            raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        torch.set_default_dtype(torch.float32)
        torch.set_grad_enabled(True)


def child(make_call, note, report):
    """Let hypothesis make calls and run them; what goes wrong is written to the file `report`."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + EXTRA_MEMORY,) * 2)

    @seeded(SEED)
    @settings(max_examples=CALLS, database=None, deadline=None, phases=[Phase.generate])
    @given(rng=st.randoms(use_true_random=True))
    def all_calls(rng):
        run(make_call(rng), note)

    try:
        all_calls()
    except BaseException as error:
        report.write(
            "".join(traceback.format_exception(error, limit=-8)) + "\n" + "\n".join(getattr(error, "__notes__", []))
        )
        report.flush()
        os._exit(1)
    os._exit(0)


@pytest.mark.parametrize("make_call", [operator_call, other_call])
def test_calls_end_in_an_answer_or_an_error(make_call, tmp_path):
    note = mmap.mmap(-1, 1 << 16)
    sys.stdout.flush()
    with open(tmp_path / "report", "w+") as report:
        pid = os.fork()
        if pid == 0:
            child(make_call, note, report)
        _, status = os.waitpid(pid, 0)
        report.seek(0)
        text = report.read()
    last = note[:].split(b"\0")[0].decode("utf-8", "replace")
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        pytest.fail(f"{'no end after ' + str(SECONDS) + ' s' if name == 'SIGALRM' else name} in\n    {last}")
    assert status == 0, f"{last}\n{text}"
