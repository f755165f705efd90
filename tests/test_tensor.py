"""The tensor itself: making it, sharing memory, identity, conversion, promotion, pickling, life and death."""

import copy
import gc
import io
import json
import math
import pickle
import sys
import weakref
from pathlib import Path

import numpy as np
import pytest

import penlight as torch

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
import make_promotion  # noqa: E402

with open(make_promotion.PATH) as file:
    PROMOTION = json.load(file)

NUMPY_DTYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
DTYPES = [getattr(torch, name) for name in make_promotion.DTYPES]


# ---- making tensors
@pytest.mark.parametrize(
    "data, dtype, values",
    [
        (3, torch.int64, 3),
        (2.5, torch.float32, 2.5),
        (True, torch.bool, True),
        (1 + 2j, torch.complex64, 1 + 2j),
        ([], torch.float32, []),
        ([[], []], torch.float32, [[], []]),
        ([1, 2.5], torch.float32, [1.0, 2.5]),
        ([True, 2], torch.int64, [1, 2]),
        ([[1, 2], [3, 4]], torch.int64, [[1, 2], [3, 4]]),
        ((1, (2)), torch.int64, [1, 2]),
        (range(3), torch.int64, [0, 1, 2]),
        ([1, 2j], torch.complex64, [1 + 0j, 2j]),
        (np.float64(1.5), torch.float64, 1.5),
        (np.int32(7), torch.int32, 7),
        (np.array([1, 2], dtype=np.int16), torch.int16, [1, 2]),
        ([np.array([1.0, 2.0])[0], 3], torch.float64, [1.0, 3.0]),
    ],
)
def test_tensor_infers_the_dtype(data, dtype, values):
    x = torch.tensor(data)
    assert x.dtype is dtype
    assert x.tolist() == values


def test_tensor_copies():
    array = np.zeros(3)
    x = torch.tensor(array)
    array[0] = 1
    assert x.tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_tensor_takes_a_dtype(dtype):
    x = torch.tensor([0, 1, 2], dtype=dtype)
    assert x.dtype is dtype
    assert x.tolist() == ([False, True, True] if dtype is torch.bool else [0, 1, 2])
    assert x.element_size() == dtype.itemsize == x.itemsize
    assert x.nbytes == 3 * dtype.itemsize


@pytest.mark.parametrize(
    "data, error",
    [
        ([[1, 2], [3]], ValueError),
        ([[1], 2], (TypeError, ValueError)),
        ([1, [2]], (TypeError, ValueError)),
        ("abc", TypeError),
        (["a"], (TypeError, ValueError)),
        (None, (TypeError, RuntimeError)),
        ([None], (TypeError, RuntimeError)),
        ({1: 2}, (TypeError, RuntimeError, KeyError)),
        (object(), (TypeError, RuntimeError)),
        (2**70, (RuntimeError, OverflowError, ValueError)),
    ],
)
def test_tensor_refuses(data, error):
    with pytest.raises(error):
        torch.tensor(data)


def test_a_list_that_holds_itself_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises((ValueError, RecursionError)):
        torch.tensor(endless)


def test_tensor_of_a_tensor_warns():
    with pytest.warns(UserWarning, match="To copy construct from a tensor"):
        x = torch.tensor(torch.ones(2))
    assert x.tolist() == [1, 1]


def test_overflow_is_an_error():
    for value, dtype in ((256, torch.uint8), (-129, torch.int8), (2**31, torch.int32)):
        with pytest.raises(RuntimeError, match="cannot be converted"):
            torch.tensor([value], dtype=dtype)


def test_as_tensor_shares_where_it_can():
    x = torch.ones(2)
    assert torch.as_tensor(x) is x
    assert torch.as_tensor(x, dtype=torch.float64).dtype is torch.float64
    array = np.zeros(2, dtype=np.float32)
    assert torch.as_tensor(array).data_ptr() == array.ctypes.data
    assert torch.asarray(array).data_ptr() == array.ctypes.data
    assert torch.asarray(array, copy=True).data_ptr() != array.ctypes.data
    assert torch.as_tensor([1, 2]).tolist() == [1, 2]


def test_factories():
    assert torch.zeros(2, 3).shape == torch.zeros((2, 3)).shape == torch.zeros([2, 3]).shape == (2, 3)
    assert torch.ones(2, dtype=torch.int32).tolist() == [1, 1]
    assert torch.full((2,), 7).dtype is torch.int64
    assert torch.full((2,), 7.0).dtype is torch.float32
    assert torch.full((2,), True).dtype is torch.bool
    assert torch.empty(0).shape == (0,)
    assert torch.zeros(()).shape == ()
    assert torch.eye(2).tolist() == [[1, 0], [0, 1]]
    assert torch.arange(5).tolist() == [0, 1, 2, 3, 4]
    assert torch.arange(1, 2, 0.25).tolist() == [1, 1.25, 1.5, 1.75]
    assert torch.arange(3.0).dtype is torch.float32
    assert torch.linspace(0, 1, 5).tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert torch.zeros(2, requires_grad=True).requires_grad
    x = torch.ones(2, 3, dtype=torch.float64)
    for like in (
        torch.zeros_like(x),
        torch.empty_like(x),
        torch.full_like(x, 3),
        x.new_zeros(2, 3),
        x.new_ones((2, 3)),
    ):
        assert like.dtype is torch.float64 and like.shape == (2, 3)


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.zeros(-1),
        lambda: torch.empty(2, -3),
        lambda: torch.arange(0, 5, -1),
        lambda: torch.arange(0, 5, 0),
        lambda: torch.eye(-1),
        lambda: torch.linspace(0, 1, -1),
        lambda: torch.zeros(2**62, 2**62),
        lambda: torch.ones(2, dtype=torch.int64, requires_grad=True),
    ],
    ids=range(8),
)
def test_factories_refuse(call):
    with pytest.raises(RuntimeError):
        call()


def test_strided_results_keep_their_strides():
    x = torch.zeros(2, 3, 4).transpose(0, 2)
    assert torch.empty_like(x).stride() == x.stride()
    assert (x + 1).stride() == x.stride()
    assert torch.empty_strided((2, 2), (1, 2)).stride() == (1, 2)


# ---- the old constructor
def test_the_old_constructor():
    assert torch.Tensor(2, 3).shape == (2, 3)
    assert torch.Tensor().shape == (0,)
    assert torch.Tensor([1, 2]).dtype is torch.float32
    assert torch.Tensor([1, 2]).tolist() == [1, 2]
    assert torch.Tensor(np.array([1.0, 2.0])).dtype is torch.float32
    assert torch.Tensor(torch.Size([2, 2])).shape == (2, 2)
    assert torch.FloatTensor([1, 2]).dtype is torch.float32
    assert torch.LongTensor([1, 2]).dtype is torch.int64
    assert torch.ByteTensor(3).shape == (3,)
    x = torch.ones(2)
    assert torch.Tensor(x).data_ptr() == x.data_ptr()


@pytest.mark.parametrize("args", [("a",), (1, "a"), (None,), (1.5,), ({},)], ids=str)
def test_the_old_constructor_refuses(args):
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        torch.Tensor(*args)


# ---- NumPy
@pytest.mark.parametrize("name", NUMPY_DTYPES)
def test_numpy_shares_memory_both_ways(name):
    array = np.array([[0, 1, 2], [3, 4, 5]]).astype(name)
    x = torch.from_numpy(array)
    assert x.dtype is getattr(torch, name)
    assert x.data_ptr() == array.ctypes.data
    x[0, 0] = 1
    assert array[0, 0] == 1
    back = x.t().numpy()
    assert back.dtype == array.dtype and back.strides == array.T.strides
    back[2, 1] = 0
    assert x[1, 2].item() == 0
    assert np.array_equal(x.numpy(), array)


def test_numpy_keeps_the_memory_alive():
    array = torch.arange(1000.0).numpy()
    x = torch.from_numpy(np.arange(1000.0))
    gc.collect()
    assert array.sum() == x.sum().item() == 499500


def test_numpy_odd_shapes():
    assert torch.from_numpy(np.zeros((0, 3))).shape == (0, 3)
    assert torch.from_numpy(np.zeros(())).shape == ()
    assert torch.zeros(0, 3).numpy().shape == (0, 3)
    assert torch.tensor(2.0).numpy().shape == ()
    strided = np.arange(24).reshape(2, 3, 4)[:, ::2, 1:]
    assert torch.from_numpy(strided).tolist() == strided.tolist()
    assert torch.from_numpy(strided).stride() == (12, 8, 1)
    x = torch.arange(3).expand(2, 3)
    assert np.array_equal(x.numpy(), [[0, 1, 2], [0, 1, 2]])


def test_numpy_refuses():
    with pytest.raises(RuntimeError, match="Can't call numpy\\(\\) on Tensor that requires grad"):
        torch.ones(2, requires_grad=True).numpy()
    assert torch.ones(2, requires_grad=True).numpy(force=True).tolist() == [1, 1]
    with pytest.raises(TypeError, match="unsupported ScalarType BFloat16"):
        torch.ones(2, dtype=torch.bfloat16).numpy()
    with pytest.raises(TypeError):
        torch.ones(2, device="meta").numpy()
    with pytest.raises(ValueError, match="negative"):
        torch.from_numpy(np.arange(3)[::-1])
    with pytest.raises(TypeError):
        torch.from_numpy([1, 2])
    with pytest.raises(TypeError):
        torch.from_numpy(np.array(["a"]))
    with pytest.raises(TypeError):
        torch.from_numpy(np.array([object()]))
    with pytest.raises((TypeError, ValueError)):
        torch.from_numpy(np.zeros(2, dtype=">f4"))
    with pytest.raises((TypeError, ValueError)):
        torch.from_numpy(np.zeros(2, dtype=[("a", "f4"), ("b", "i4")]))


def test_a_read_only_array_warns():
    array = np.zeros(2)
    array.flags.writeable = False
    with pytest.warns(UserWarning, match="not writable"):
        torch.from_numpy(array)


def test_numpy_functions_take_tensors():
    x = torch.tensor([1.0, 4.0])
    assert np.sqrt(x).tolist() == [1, 2]
    assert np.asarray(x, dtype=np.float64).dtype == np.float64
    assert np.array(x).tolist() == [1, 4]
    assert (x + np.array([1.0, 2.0], dtype=np.float32)).tolist() == [2, 6]
    assert (x == np.array([1.0, 2.0])).tolist() == [True, False]
    assert (x * np.float32(2)).tolist() == (np.float32(2) * x).tolist() == [2, 8]
    assert isinstance(x * np.float64(2), torch.Tensor)
    assert x[np.int64(1)].item() == 4


# ---- other memory
def test_buffer_protocol():
    x = torch.arange(6, dtype=torch.int32).reshape(2, 3)
    view = memoryview(x.numpy())
    assert view.shape == (2, 3) and view.format == "i"
    data = bytearray(np.array([1.0, 2.0, 3.0], dtype=np.float32).tobytes())
    shared = torch.frombuffer(data, dtype=torch.float32)
    assert shared.tolist() == [1, 2, 3]
    shared[0] = 7
    assert np.frombuffer(data, dtype=np.float32)[0] == 7
    assert torch.frombuffer(data, dtype=torch.float32, offset=4, count=1).tolist() == [2]


@pytest.mark.parametrize(
    "keywords",
    [
        dict(dtype=torch.float64),
        dict(dtype=torch.float32, offset=100),
        dict(dtype=torch.float32, offset=-4),
        dict(dtype=torch.float32, count=4),
        dict(dtype=torch.float32, count=0),
        dict(dtype=torch.float32, count=2**61),
    ],
    ids=str,
)
def test_frombuffer_refuses(keywords):
    with pytest.raises(ValueError):
        torch.frombuffer(bytearray(12), **keywords)


@pytest.mark.parametrize("name", NUMPY_DTYPES)
def test_dlpack(name):
    x = torch.tensor([[0, 1, 2], [3, 4, 5]]).to(getattr(torch, name))
    array = np.from_dlpack(x.t())
    assert array.ctypes.data == x.data_ptr() and array.dtype == name and array.shape == (3, 2)
    y = torch.from_dlpack(x)
    assert y.data_ptr() == x.data_ptr() and y.dtype is x.dtype and y.tolist() == x.tolist()
    source = np.arange(6).reshape(2, 3).astype(name)
    shared = torch.from_dlpack(source)
    assert shared.data_ptr() == source.ctypes.data and np.array_equal(shared.numpy(), source)


def test_dlpack_refuses():
    with pytest.raises((RuntimeError, BufferError)):
        np.from_dlpack(torch.ones(2, requires_grad=True))
    capsule = torch.ones(2).__dlpack__()
    torch.from_dlpack(capsule)
    with pytest.raises(RuntimeError):
        torch.from_dlpack(capsule)
    with pytest.raises((TypeError, AttributeError, RuntimeError)):
        torch.from_dlpack([1, 2])
    assert torch.ones(1).__dlpack_device__() == (1, 0)


def test_dlpack_keeps_the_memory_alive():
    array = np.from_dlpack(torch.arange(1000.0))
    x = torch.from_dlpack(np.arange(1000.0))
    gc.collect()
    assert array.sum() == x.sum().item() == 499500


# ---- pickling and copying
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
def test_pickle(dtype, protocol):
    x = torch.tensor([[0, 1], [1, 0]], dtype=dtype).t()
    y = pickle.loads(pickle.dumps(x, protocol))
    assert y.dtype is dtype and y.stride() == x.stride() and y.tolist() == x.tolist()


def test_pickle_keeps_attributes():
    x = torch.ones(2, requires_grad=True)
    x.note = "mine"
    y, again = pickle.loads(pickle.dumps((x, x)))
    assert y.requires_grad and y.note == "mine" and y is again


def test_pickle_of_the_small_objects():
    for value in (
        torch.float32,
        torch.device("cpu"),
        torch.device("cuda:1"),
        torch.Size([1, 2]),
        torch.strided,
        torch.channels_last,
    ):
        again = pickle.loads(pickle.dumps(value))
        assert again == value and type(again) is type(value)
        assert copy.deepcopy(value) == value


def test_deepcopy():
    base = torch.arange(4.0)
    x, view = copy.deepcopy((base, base[1:]))
    x[1] = 9
    assert view.tolist() == [9, 2, 3] and base.tolist() == [0, 1, 2, 3]
    leaf = torch.ones(2, requires_grad=True)
    leaf.grad = torch.full((2,), 3.0)
    leaf.note = [1]
    twin = copy.deepcopy(leaf)
    assert twin.requires_grad and twin.is_leaf and twin.grad.tolist() == [3, 3] and twin.grad is not leaf.grad
    assert twin.note == [1] and twin.note is not leaf.note
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(leaf * 2)


def test_copy_shares_memory():
    x = torch.ones(2)
    x.note = "mine"
    y = copy.copy(x)
    y[0] = 5
    assert x.tolist() == [5, 1] and y is not x


# ---- identity
def test_a_tensor_has_one_python_object():
    x = torch.ones(2, requires_grad=True)
    x.note = "kept"
    reference = weakref.ref(x)
    y = (x * 2).sum()
    node = y.grad_fn.next_functions[0][0].next_functions[0][0]
    assert node.variable is x
    del x
    gc.collect()
    assert reference() is not None and node.variable.note == "kept"
    y.backward()
    assert node.variable.grad.tolist() == [2, 2]
    del y, node
    gc.collect()
    assert reference() is None


def test_attributes():
    x = torch.ones(2)
    x.name_of_mine = [1]
    assert x.name_of_mine == [1] and x.__dict__ == {"name_of_mine": [1]}
    del x.name_of_mine
    assert not hasattr(x, "name_of_mine")
    with pytest.raises(AttributeError):
        x.shape = (1, 2)
    with pytest.raises(AttributeError):
        x.no_such_attribute  # noqa: B018
    assert "name_of_mine" not in vars(torch.ones(2))


def test_weak_references():
    x = torch.ones(2)
    called = []
    reference = weakref.ref(x, called.append)
    assert reference() is x
    del x
    assert reference() is None and called == [reference]


def test_hash_and_equality():
    x, y = torch.ones(2), torch.ones(2)
    assert hash(x) == hash(x) and x in {x} and len({x, y}) == 2
    assert (x == y).tolist() == [True, True] and (x != y).tolist() == [False, False]
    assert (x == None) is False and (x != None) is True  # noqa: E711
    assert (x == "text") is False
    assert [x].index(x) == 0


# ---- Python's protocols
def test_iteration():
    rows = list(torch.arange(4).reshape(2, 2))
    assert [row.tolist() for row in rows] == [[0, 1], [2, 3]]
    a, b = torch.tensor([1.0, 2.0])
    assert (a.item(), b.item()) == (1, 2)
    assert len(torch.zeros(3, 2)) == 3
    assert [row.tolist() for row in reversed(torch.arange(3))] == [2, 1, 0]
    with pytest.raises(TypeError, match="iteration over a 0-d tensor"):
        iter(torch.tensor(1))
    with pytest.raises(TypeError, match="len\\(\\) of a 0-d tensor"):
        len(torch.tensor(1))
    assert list(torch.zeros(0, 3)) == []


def test_contains():
    x = torch.tensor([1.0, 2.0])
    assert 2 in x and 3.0 not in x and torch.tensor(1.0) in x
    with pytest.raises(RuntimeError):
        "a" in x  # noqa: B015


def test_conversion_to_numbers():
    assert int(torch.tensor(3.7)) == 3 and float(torch.tensor(3)) == 3.0 and complex(torch.tensor(2.0)) == 2
    assert int(torch.tensor([[5]])) == 5 and bool(torch.tensor([0.5])) and not bool(torch.tensor(0))
    assert [10, 20, 30][torch.tensor(1)] == 20 and list(range(torch.tensor(2))) == [0, 1]
    assert math.sqrt(torch.tensor(4.0)) == 2 and f"{torch.tensor(1.5):.2f}" == "1.50"
    assert torch.tensor(True).item() is True and type(torch.tensor(1).item()) is int
    assert torch.tensor(1, dtype=torch.float16).item() == 1.0 and torch.tensor(1j).item() == 1j
    assert torch.tensor(2**63 - 1).item() == 2**63 - 1 and torch.tensor(-(2**63)).item() == -(2**63)
    assert int(torch.tensor(1e300, dtype=torch.float64)) == int(1e300)


@pytest.mark.parametrize(
    "convert, value, error",
    [
        (bool, [1, 2], RuntimeError),
        (bool, [], RuntimeError),
        (int, [1, 2], (RuntimeError, ValueError, TypeError)),
        (float, [], (RuntimeError, ValueError, TypeError)),
        (lambda x: [1, 2][x], 0.0, TypeError),
        (lambda x: x.item(), [1, 2], (RuntimeError, ValueError)),
        (lambda x: x.item(), [], (RuntimeError, ValueError)),
        (int, math.nan, ValueError),
        (int, math.inf, OverflowError),
        (float, 1j, (RuntimeError, TypeError)),
    ],
    ids=range(10),
)
def test_conversion_refuses(convert, value, error):
    with pytest.raises(error):
        convert(torch.tensor(value))


def test_tolist():
    assert torch.arange(6).reshape(2, 3).t().tolist() == [[0, 3], [1, 4], [2, 5]]
    assert torch.tensor(5).tolist() == 5
    assert torch.zeros(2, 0).tolist() == [[], []]
    assert torch.tensor([math.inf, -0.0]).tolist() == [math.inf, 0.0]


# ---- the small types
def test_dtypes():
    assert torch.float32 is torch.float and torch.float64 is torch.double and torch.int64 is torch.long
    assert repr(torch.float32) == str(torch.bfloat16).replace("bfloat16", "float32") == "torch.float32"
    assert torch.float16.is_floating_point and not torch.float16.is_complex and torch.complex64.is_complex
    assert torch.uint8.itemsize == 1 and not torch.uint8.is_signed and torch.int8.is_signed
    assert torch.complex128.to_real() is torch.float64 and torch.float32.to_complex() is torch.complex64
    assert len({torch.float32, torch.float, torch.int32}) == 2
    with pytest.raises(TypeError):
        type(torch.float32)()


def test_devices():
    cpu = torch.device("cpu")
    assert cpu.type == "cpu" and cpu.index is None and str(cpu) == "cpu" and repr(cpu) == "device(type='cpu')"
    second = torch.device("cuda", 1)
    assert second == torch.device("cuda:1") and second.index == 1 and repr(second) == "device(type='cuda', index=1)"
    assert cpu != second and len({cpu, torch.device("cpu")}) == 1 and torch.device(cpu) == cpu
    assert cpu != "cpu"
    for bad in ("gpu", "cuda:x", "cuda:-1", "cpu:", ""):
        with pytest.raises(RuntimeError):
            torch.device(bad)
    assert torch.zeros(2, device="meta").is_meta and torch.zeros(1, device="cpu").device == cpu
    with torch.device("meta"):
        assert torch.zeros(2).is_meta


def test_size():
    size = torch.zeros(2, 3).shape
    assert repr(size) == "torch.Size([2, 3])" and size == (2, 3) and isinstance(size, tuple)
    assert size.numel() == 6 and torch.Size([]).numel() == 1
    assert isinstance(size[:1], torch.Size) and isinstance(size + (4,), torch.Size) and isinstance(size * 2, torch.Size)
    assert size[-1] == 3 and hash(size) == hash((2, 3)) and torch.Size(range(2)) == (0, 1)
    assert torch.zeros(2, 3).size(-1) == 3 and torch.zeros(2, 3).size() == size
    for bad in (5, ["a"], [1.5]):
        with pytest.raises(TypeError):
            torch.Size(bad)
    with pytest.raises(IndexError):
        torch.zeros(2, 3).size(2)


def test_finfo_and_iinfo():
    for name in ("float16", "float32", "float64"):
        ours, numpys = torch.finfo(getattr(torch, name)), np.finfo(name)
        assert (ours.bits, ours.eps, ours.max, ours.min) == (numpys.bits, numpys.eps, numpys.max, numpys.min)
        assert ours.tiny == ours.smallest_normal == numpys.tiny and ours.dtype == name
    assert torch.finfo().dtype == "float32" and torch.finfo(torch.complex128).bits == 64
    assert torch.finfo(torch.bfloat16).max == 3.3895313892515355e38
    for name in ("uint8", "int8", "int16", "int32", "int64"):
        ours, numpys = torch.iinfo(getattr(torch, name)), np.iinfo(name)
        assert (ours.bits, ours.max, ours.min, ours.dtype) == (numpys.bits, numpys.max, numpys.min, name)
    with pytest.raises(TypeError):
        torch.finfo(torch.int32)
    with pytest.raises(TypeError):
        torch.iinfo(torch.float32)


# ---- promotion
def test_promotion_equals_pytorch():
    ours = json.loads(json.dumps(make_promotion.tables(torch)))
    names = list(make_promotion.operands(torch))
    for table in ("promote_types", "can_cast"):
        wrong = [
            (a, b)
            for i, a in enumerate(make_promotion.DTYPES)
            for j, b in enumerate(make_promotion.DTYPES)
            if ours[table][i][j] != PROMOTION[table][i][j]
        ]
        assert not wrong, (table, wrong)
    for default, rows in PROMOTION["result_type"].items():
        # Penlight has no complex32: a half with a complex number gives complex64.
        wrong = [
            (a, b, ours["result_type"][default][i][j], rows[i][j])
            for i, a in enumerate(names)
            for j, b in enumerate(names)
            if ours["result_type"][default][i][j] != rows[i][j].replace("complex32", "complex64")
        ]
        assert not wrong, (default, wrong)


def test_operators_follow_the_promotion_table():
    """`a + b` has the dtype that result_type says, for tensors and numbers on either side."""
    operands = make_promotion.operands(torch)
    for name_a, a in operands.items():
        for name_b, b in operands.items():
            if isinstance(a, torch.Tensor) or isinstance(b, torch.Tensor):
                assert (a + b).dtype is torch.result_type(a, b), (name_a, name_b)


def test_the_default_dtype():
    torch.set_default_dtype(torch.float64)
    assert torch.get_default_dtype() is torch.float64
    assert torch.tensor(1.0).dtype is torch.zeros(1).dtype is (torch.arange(2) / 2).dtype is torch.float64
    assert torch.tensor(1j).dtype is torch.complex128
    assert torch.Tensor(2).dtype is torch.float64
    for bad in (torch.int64, "float32", None):
        with pytest.raises(TypeError):
            torch.set_default_dtype(bad)
    assert torch.get_default_dtype() is torch.float64


def test_to_and_casts():
    x = torch.tensor([1.7, -1.7])
    assert x.to(torch.float32) is x and x.float() is x and x.cpu() is x
    assert x.to(torch.int64).tolist() == x.long().tolist() == [1, -1]
    assert (
        x.to("cpu", torch.float64).dtype is torch.float64 and x.to(torch.ones(1, dtype=torch.int8)).dtype is torch.int8
    )
    assert x.to(torch.float32, copy=True) is not x
    assert x.type() == "torch.FloatTensor" and x.type(torch.int32).dtype is torch.int32
    assert x.type("torch.DoubleTensor").dtype is torch.float64 and x.bool().tolist() == [True, True]
    assert x.half().float().tolist() == pytest.approx([1.7, -1.7], rel=1e-3)
    with pytest.raises((TypeError, RuntimeError)):
        x.to("float32")


# ---- empty tensors and dimension 0
def test_empty_tensors():
    x = torch.zeros(0, 3)
    assert x.sum().item() == 0 and x.sum(0).tolist() == [0, 0, 0] and x.sum(1).shape == (0,)
    assert (x + 1).shape == (0, 3) and (x @ torch.zeros(3, 2)).shape == (0, 2)
    assert (torch.zeros(2, 0) @ torch.zeros(0, 3)).tolist() == [[0, 0, 0], [0, 0, 0]]
    assert torch.cat([x, torch.ones(1, 3)]).shape == (1, 3) and x.reshape(3, 0).shape == (3, 0)
    assert x.prod().item() == 1 and math.isnan(x.mean().item()) and x.numel() == 0
    assert x.any().item() is False and x.all().item() is True
    for call in (x.max, x.argmax, lambda: x.max(0), x.min):
        with pytest.raises((RuntimeError, IndexError)):
            call()
    with pytest.raises(RuntimeError):
        x.reshape(-1, 0)


def test_dimension_zero():
    x = torch.tensor(3.0)
    assert x.dim() == 0 and x.shape == () and x.numel() == 1 and x.sum(0).item() == 3
    assert (x + torch.ones(2)).shape == (2,) and x.reshape(1, 1).shape == (1, 1) and x[None].shape == (1,)
    assert x.t().shape == () and x[...].item() == 3 and x.max(0).indices.item() == 0
    with pytest.raises(IndexError):
        x[0]
    with pytest.raises(IndexError):
        x.sum(1)


# ---- versions
def test_version_counters():
    x = torch.zeros(2, 2)
    view = x[0]
    assert x._version == view._version == 0
    x.add_(1)
    view.mul_(2)
    x[0, 0] = 5
    assert x._version == view._version == 3
    assert x.detach()._version == 3 and x.clone()._version == 0
    (x + 1), x.t(), x.sum()
    assert x._version == 3
    torch.add(x, 1, out=x)
    assert x._version == 4
    x.data.add_(1)
    assert x._version == 4


def test_an_old_version_is_caught():
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    z = y * y
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


# ---- views
def test_views_know_their_base():
    x = torch.zeros(2, 3)
    assert x.t()._base is x and x[0][1:]._base is x and x._base is None and x.clone()._base is None
    assert x.view(6)._is_view() and not x._is_view()
    assert x.view(3, 2).untyped_storage() == x.untyped_storage()
    assert x[1].storage_offset() == 3 and x[1].data_ptr() == x.data_ptr() + 12


def test_set_and_resize():
    x = torch.arange(6.0)
    y = torch.empty(0).set_(x.untyped_storage(), 2, (2, 2), (1, 1))
    assert y.tolist() == [[2, 3], [3, 4]]
    assert x.clone().resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    for bad in (
        lambda: y.set_(x.untyped_storage(), 5, (2,), (1,)),
        lambda: y.set_(x.untyped_storage(), -1, (1,), (1,)),
        lambda: x.resize_(-1),
        lambda: x.as_strided((7,), (1,)),
        lambda: x.as_strided((2,), (-1,)),
        lambda: x.as_strided((2,), (2**62,)),
        lambda: x.as_strided((1,), (1,), -1),
    ):
        with pytest.raises((RuntimeError, ValueError)):
            bad()


# ---- subclasses
class Mine(torch.Tensor):
    """A subclass with nothing of its own."""


def test_as_subclass():
    x = torch.ones(2, requires_grad=True)
    y = (x * 2).as_subclass(Mine)
    assert type(y) is Mine and y.grad_fn is not None
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]
    with pytest.raises(TypeError):
        x.as_subclass(int)


def test_subclasses_are_kept():
    x = Mine([1.0, 2.0])
    assert type(x) is Mine and type(x + 1) is Mine and type(x[0]) is Mine and type(x.sum()) is Mine
    x.note = 1
    y = pickle.loads(pickle.dumps(x))
    assert type(y) is Mine and y.note == 1 and y.tolist() == [1, 2]
    assert type(copy.deepcopy(x)) is Mine and isinstance(x, torch.Tensor)


def test_parameters():
    p = torch.nn.Parameter(torch.ones(2))
    assert p.requires_grad and p.is_leaf and isinstance(p, torch.Tensor) and type(p * 2) is torch.Tensor
    assert not torch.nn.Parameter(torch.ones(2), requires_grad=False).requires_grad
    assert type(pickle.loads(pickle.dumps(p))) is torch.nn.Parameter
    twin = copy.deepcopy(p)
    assert type(twin) is torch.nn.Parameter and twin.data_ptr() != p.data_ptr()
    assert repr(p).startswith("Parameter containing:\ntensor([1., 1.], requires_grad=True)")
    data = torch.zeros(2)
    assert torch.nn.Parameter(data).data_ptr() == data.data_ptr()
    with pytest.raises(RuntimeError, match="Only Tensors of floating point"):
        torch.nn.Parameter(torch.ones(2, dtype=torch.int64))


# ---- life and death
def _alive():
    gc.collect()
    return torch._C._memory_stats()["allocated_bytes"]


def test_nothing_leaks():
    def churn():
        for i in range(1000):
            x = torch.ones(3, requires_grad=True)
            y = (x * 2 + 1).view(3, 1).t()
            y.sum().backward()
            x.grad.add_(y.detach()[0])
            x.note = [x]
            y.note = x
            if i % 10 == 0:
                with pytest.raises(RuntimeError):
                    x + torch.ones(2)
        for _ in range(100_000):
            torch.empty(5)

    churn()
    before, references = _alive(), sys.getrefcount(torch.float32)
    churn()
    assert _alive() == before
    assert abs(sys.getrefcount(torch.float32) - references) < 10


def test_memory_of_views_is_shared_and_freed():
    before = _alive()
    x = torch.zeros(1 << 20)
    views = [x[i:] for i in range(100)]
    assert 4 << 20 <= _alive() - before <= 5 << 20
    del x
    assert _alive() - before >= 4 << 20
    del views
    assert _alive() == before


@pytest.mark.parametrize("knot", ["attribute", "hook", "accumulated grad hook"])
def test_cycles_are_collected(knot):
    x = torch.ones(2, requires_grad=True)
    if knot == "attribute":
        x.me = [x]
    elif knot == "hook":
        x.register_hook(lambda grad, x=x: grad)
    else:
        x.register_post_accumulate_grad_hook(lambda _, x=x: None)
    reference = weakref.ref(x)
    del x
    gc.collect()
    assert reference() is None


def test_long_graphs_are_freed_without_recursion():
    x = torch.ones(1, requires_grad=True)
    for _ in range(200_000):
        x = x + 1
    del x


def test_a_tensor_can_come_back_from_its_finalizer():
    saved = []

    class Phoenix(torch.Tensor):
        def __del__(self):
            saved.append(self)

    x = torch.ones(3).as_subclass(Phoenix)
    del x
    gc.collect()
    assert saved[0].sum().item() == 3
    saved.clear()


def test_saving_to_memory():
    buffer = io.BytesIO()
    torch.save({"a": torch.arange(3)}, buffer)
    buffer.seek(0)
    assert torch.load(buffer)["a"].tolist() == [0, 1, 2]


def test_views_of_resized_memory_stay_readable():
    base = torch.zeros(2)
    base.resize_(1000).fill_(7)
    view = base[:5]
    base.resize_(100_000).fill_(3)
    others = [torch.full((1000,), 1.0) for _ in range(20)]
    assert view.tolist() == [7] * 5 and all(other.sum() == 1000 for other in others)
