"""Checkpoints: PyTorch's format both ways, nothing run from a file, all or nothing on the disk."""

import collections
import copy
import fractions
import importlib.util
import io
import os
import pickle
import struct
import subprocess
import sys
import zipfile

import pytest

import penlight as torch
from penlight import _pickling, nn, serialization
from penlight._archive import ArchiveReader, ArchiveWriter

FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fixtures")


def fixture(name):
    return os.path.join(FIXTURES, name)


spec = importlib.util.spec_from_file_location("make_checkpoints", fixture("make_checkpoints.py"))
made = importlib.util.module_from_spec(spec)
spec.loader.exec_module(made)


def assert_same(a, b):
    """Assert that two objects are equal in type, dtype, layout and value."""
    assert type(a) is type(b)
    if isinstance(a, torch.Tensor):
        for fact in ("dtype", "shape", "device", "requires_grad"):
            assert getattr(a, fact) == getattr(b, fact)
        assert a.stride() == b.stride() and a.storage_offset() == b.storage_offset() and torch.equal(a, b)
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    else:
        assert a == b


def saved(thing, **options):
    buffer = io.BytesIO()
    torch.save(thing, buffer, **options)
    buffer.seek(0)
    return buffer


def round_trip(thing, **options):
    return torch.load(saved(thing), **options)


# ------------------------------------------------------------------------------------------------ PyTorch's own files
@pytest.mark.parametrize("weights_only", [True, False])
@pytest.mark.parametrize("name", ["tensors.pt", "tensors_legacy.pt"])
def test_reading_files_of_pytorch(name, weights_only):
    loaded = torch.load(fixture(name), weights_only=weights_only)
    assert_same(loaded, made.contents(torch))
    loaded["a"][0, 1] = 50
    assert loaded["transposed"][1, 0] == 50 and loaded["row"].data_ptr() == loaded["a"].data_ptr() + 12


def test_the_file_written_is_the_file_pytorch_writes(tmp_path):
    torch.save(made.contents(torch), tmp_path / "tensors.pt")
    theirs, ours = zipfile.ZipFile(fixture("tensors.pt")), zipfile.ZipFile(tmp_path / "tensors.pt")
    assert ours.testzip() is None and ours.namelist() == theirs.namelist()
    for a, b in zip(ours.infolist(), theirs.infolist()):
        assert (a.header_offset, a.flag_bits, a.file_size) == (b.header_offset, b.flag_bits, b.file_size)
        assert ours.read(a) == theirs.read(b) or a.filename.endswith("serialization_id")
    assert os.path.getsize(tmp_path / "tensors.pt") == os.path.getsize(fixture("tensors.pt"))


def test_storages_are_aligned(tmp_path):
    torch.save([torch.ones(n) for n in range(1, 9)], tmp_path / "x.pt")
    data = (tmp_path / "x.pt").read_bytes()
    for record in zipfile.ZipFile(tmp_path / "x.pt").infolist():
        name_length, extra_length = struct.unpack_from("<2H", data, record.header_offset + 26)
        assert (record.header_offset + 30 + name_length + extra_length) % 64 == 0


def test_a_whole_model_of_pytorch():
    model = torch.load(fixture("module.pt"), weights_only=False)
    assert isinstance(model[0], nn.Linear) and model.training
    assert_same(model.state_dict(), made.small_model(torch).state_dict())
    assert model(torch.ones(1, 2)).shape == (1, 1)


def test_a_model_is_saved_under_pytorchs_names():
    data = ArchiveReader(saved(made.small_model(torch))).read("data.pkl")
    assert b"ctorch.nn.modules.linear\nLinear\n" in data and b"penlight" not in data
    with open(fixture("module.pt"), "rb") as file:
        theirs = ArchiveReader(file).read("data.pkl")
    assert {line for line in data.split(b"\n") if line.startswith(b"torch")} <= set(theirs.split(b"\n"))


def test_names_in_files():
    assert _pickling.torch_name(nn.functional.mse_loss) == ("torch.nn.functional", "mse_loss")
    assert _pickling.torch_name(nn.Linear) == ("torch.nn.modules.linear", "Linear")
    assert _pickling.torch_name(torch.optim.SGD) == ("torch.optim.sgd", "SGD")
    assert _pickling.torch_name(torch.Size) == ("torch", "Size")
    assert _pickling.torch_name(torch.float32) == ("torch", "float32")
    assert _pickling.torch_name(nn.Parameter) == ("torch.nn.parameter", "Parameter")
    assert _pickling.torch_name(os.getcwd) is None
    assert _pickling.find("torch.nn.functional", "mse_loss") is nn.functional.mse_loss
    with pytest.raises(AttributeError, match="Penlight has no torch.nn.NoSuchLayer"):
        _pickling.find("torch.nn", "NoSuchLayer")


def test_training_goes_on_from_a_file_of_pytorch():
    theirs = torch.load(fixture("training.pt"))
    ours = made.training_state(torch)
    assert (
        theirs["epoch"] == 1
        and theirs["optimizer"]["param_groups"][0].keys() == ours["optimizer"]["param_groups"][0].keys()
    )
    model = made.small_model(torch)
    model.load_state_dict(theirs["model"])
    optimizer = torch.optim.Adam(model.parameters())
    optimizer.load_state_dict(theirs["optimizer"])
    for name, weight in ours["model"].items():
        assert torch.allclose(weight, theirs["model"][name], rtol=1e-6)


def test_conjugations_noted_in_the_file_are_carried_out():
    loaded = torch.load(fixture("bits.pt"))
    assert loaded["conjugated"].tolist() == [1 - 2j] and loaded["negated"].tolist() == [-2.0]


def test_a_plain_pickle_of_pytorch():
    code = f"import pickle, torch; print(pickle.load(open({fixture('tensor.pkl')!r}, 'rb')).tolist())"
    done = subprocess.run([sys.executable, "-m", "penlight", "run", "-c", code], capture_output=True, text=True)
    assert done.stdout == "[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]\n", done.stderr


# --------------------------------------------------------------------------------------------------------- round trips
@pytest.mark.parametrize(
    "options", [{}, {"pickle_protocol": 4}, {"pickle_protocol": 5}, {"_use_new_zipfile_serialization": False}]
)
@pytest.mark.parametrize("weights_only", [True, False])
def test_round_trip(options, weights_only):
    thing = made.contents(torch)
    assert_same(torch.load(saved(thing, **options), weights_only=weights_only), thing)


def test_unsigned_and_meta_tensors():
    unsigned = torch.tensor([1, 60000], dtype=torch.uint16)
    assert_same(round_trip(unsigned), unsigned)
    meta = round_trip(torch.empty(2, 3, device="meta"))
    assert meta.device.type == "meta" and meta.shape == (2, 3)


def test_paths_and_file_objects(tmp_path):
    x = torch.arange(3)
    for path in (tmp_path / "a.pt", str(tmp_path / "b.pt")):
        torch.save(x, path)
        assert torch.equal(torch.load(path), x)
    with open(tmp_path / "c.pt", "wb") as file:
        torch.save(x, file)
    with open(tmp_path / "c.pt", "rb") as file:
        assert torch.equal(torch.load(file), x)

    class OnlyWrites:
        parts = b""

        def write(self, data):
            self.parts += bytes(data)

    stream = OnlyWrites()
    torch.save(x, stream)
    assert torch.equal(torch.load(io.BytesIO(stream.parts)), x)
    with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like object"):
        torch.save(x, 3)
    with pytest.raises(AttributeError, match="You can only torch.load from a file that is seekable"):
        torch.load(3)


def test_one_storage_cannot_have_two_dtypes():
    x = torch.zeros(4)
    with pytest.raises(RuntimeError, match="view the same data as different types"):
        saved([x, x.view(torch.int32)])


def test_attributes_and_subclasses():
    class Mine(torch.Tensor):
        pass

    Mine.__module__, Mine.__qualname__ = __name__, "Mine"
    globals()["Mine"] = Mine
    x = torch.ones(2).as_subclass(Mine)
    x.note = "kept"
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL \S*Mine was not an allowed global"):
        round_trip(x)
    with serialization.safe_globals([Mine]):
        y = round_trip(x)
    assert type(y) is Mine and y.note == "kept" and y.tolist() == [1.0, 1.0]
    p = nn.Parameter(torch.ones(1))
    p.note = [1]
    assert round_trip(p).note == [1]


def test_pickle_and_copy_of_tensors():
    a = torch.arange(6.0).view(2, 3)
    leaf = torch.ones(2, requires_grad=True)
    (leaf * 3).sum().backward()
    assert_same(pickle.loads(pickle.dumps(a.t())), a.t())
    first, second = copy.deepcopy([a, a[1]])
    second[0] = 9
    assert first[1, 0] == 9 and a[1, 0] == 3
    copied = copy.deepcopy(leaf)
    assert copied.requires_grad and copied.is_leaf
    assert copied.grad.tolist() == [3.0, 3.0] and copied.grad is not leaf.grad
    with pytest.raises(RuntimeError, match="Only Tensors created explicitly by the user"):
        copy.deepcopy(leaf * 2)


# ----------------------------------------------------------------------------------------------------------- placement
@pytest.mark.parametrize("name", ["tensors.pt", "tensors_legacy.pt"])
def test_map_location(name):
    path = fixture(name)
    for place in ("cpu", torch.device("cpu"), {"cuda:0": "cpu"}, lambda s, where: s, lambda s, where: None):
        assert torch.load(path, map_location=place)["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    for place in ("meta", {"cpu": "meta"}):
        assert torch.load(path, map_location=place)["a"].device.type == "meta"
    with pytest.raises(TypeError, match="map_location must be"):
        torch.load(path, map_location=7)
    with pytest.raises(RuntimeError, match="don't know how to restore data location"):
        torch.load(path, map_location="xla:0")


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what happens without a GPU")
def test_a_file_from_a_gpu_without_one():
    with pytest.raises(RuntimeError) as error:
        torch.load(fixture("tensors.pt"), map_location="cuda:0")
    assert str(error.value).startswith("Attempting to deserialize object on a CUDA device but")
    assert error.value.__notes__ == ["help: write torch.load(..., map_location='cpu')"]


def test_mmap(tmp_path):
    path = tmp_path / "x.pt"
    torch.save([torch.arange(1000.0), torch.empty(0)], path)
    x = torch.load(path, mmap=True)[0]
    assert x.sum() == 499500
    x[0] = 7
    assert torch.load(path)[0][0] == 0
    with pytest.raises(ValueError, match="f must be a file path"):
        torch.load(saved(1), mmap=True)
    with pytest.raises(RuntimeError, match="mmap can only be used with files saved with"):
        torch.load(fixture("tensors_legacy.pt"), mmap=True)


# ------------------------------------------------------------------------------------------------------------- safety
class Runs:
    """Pickles to a call."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def archive_of(data):
    """Give a checkpoint around a hand-written pickle."""
    buffer = io.BytesIO()
    writer = ArchiveWriter(buffer, "archive")
    writer.write_record("data.pkl", data)
    writer.write_record("byteorder", b"little")
    writer.write_record("data/0", struct.pack("<2f", 1, 2))
    writer.close()
    buffer.seek(0)
    return buffer


STORAGE = b"((X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + b"0X\3\0\0\0cpuK\2tQ"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n" + STORAGE + b"K\0K\2\x85K\1\x85\x89ccollections\nOrderedDict\n)RtR"


def test_a_pickle_by_hand():
    assert torch.load(archive_of(b"\x80\2" + TENSOR + b".")).tolist() == [1, 2]


ATTACKS = {
    "os.system": b"\x80\2cos\nsystem\nX\1\0\0\0a\x85R.",
    "posix.system": b"\x80\2cposix\nsystem\nX\1\0\0\0a\x85R.",
    "stack global": b"\x80\4\x8c\2os\x8c\6system\x93\x8c\1a\x85R.",
    "eval": b"\x80\2c__builtin__\neval\nX\1\0\0\0" + b"1\x85R.",
    "getattr": b"\x80\2c__builtin__\ngetattr\n.",
    "dotted": b"\x80\4\x8c\x0bcollections\x8c\x16OrderedDict.__class__\x93.",
    "function of torch": b"\x80\2ctorch.hub\nload\nX\1\0\0\0a\x85R.",
    "load from bytes": b"\x80\2ctorch.storage\n_load_from_bytes\nX\1\0\0\0a\x85R.",
    "inst": b"\x80\2(ios\nsystem\n.",
    "obj": b"\x80\2(ccollections\nOrderedDict\no.",
    "extension": b"\x80\2\x82\1.",
    "string id": b"\x80\2Pname\n.",
    "other persistent id": b"\x80\2X\6\0\0\0moduleK\1\x86Q.",
    "build on a function": b"\x80\2ctorch._utils\n_rebuild_tensor_v2\n}X\1\0\0\0aK\1sb.",
    "build on a class": b"\x80\2ctorch.nn.parameter\nParameter\nN}X\4\0\0\0dataK\1s\x86b.",
    "setitem on a class": b"\x80\2ctorch\nTensor\nK\1K\2s.",
    "append to a dict": b"\x80\2}K\1a.",
    "additems to a list": b"\x80\4](K\1\x90.",
    "reduce of a number": b"\x80\2K\1)R.",
    "newobj of a function": b"\x80\2ctorch._utils\n_rebuild_tensor_v2\n)\x81.",
    "subclass by eval": b"\x80\2ctorch._tensor\n_rebuild_from_type_v2\n(c__builtin__\neval\nctorch\nTensor\nX\1\0\0\0"
    + b"1\x85NtR.",
    "subclass by number": b"\x80\2ctorch._tensor\n_rebuild_from_type_v2\n(K\1ctorch\nTensor\n)NtR.",
    "codec": b"\x80\2c_codecs\nencode\nX\1\0\0\0aX\5\0\0\0rot13\x86R.",
}


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_refused(name, monkeypatch):
    called = []
    monkeypatch.setattr(os, "system", lambda *_: called.append(1))
    for file in (archive_of(ATTACKS[name]), io.BytesIO(ATTACKS[name])):
        with pytest.raises(pickle.UnpicklingError, match="Weights only load failed"):
            torch.load(file)
    assert not called


@pytest.mark.parametrize(
    "place",
    [
        b"K\0K\3\x85K\1\x85",
        b"K\1K\2\x85K\1\x85",
        b"J\xff\xff\xff\xffK\2\x85K\1\x85",
        b"K\0K\2\x85J\xff\xff\xff\xff\x85",
        b"K\0K\2\x85)",
        b"K\0J\xff\xff\xff\xff\x85K\1\x85",
    ],
)
def test_views_outside_their_storage_are_refused(place):
    with pytest.raises((RuntimeError, pickle.UnpicklingError)):
        torch.load(archive_of(b"\x80\2" + TENSOR.replace(b"K\0K\2\x85K\1\x85", place) + b"."))


def test_the_refusal_names_what_was_refused(tmp_path):
    torch.save(Runs(os.getcwd), tmp_path / "x.pt")
    with pytest.raises(pickle.UnpicklingError, match=r"unsupported GLOBAL posix.getcwd whose module posix is blocked"):
        torch.load(tmp_path / "x.pt")
    torch.save(fractions.Fraction(1, 3), tmp_path / "x.pt")
    with pytest.raises(pickle.UnpicklingError) as error:
        torch.load(tmp_path / "x.pt")
    first, (help_line,) = str(error.value), error.value.__notes__
    assert first.startswith("Weights only load failed.")
    assert first.endswith("Unsupported global: GLOBAL fractions.Fraction was not an allowed global by default.")
    assert "add_safe_globals([Fraction])" in help_line and "weights_only=False" in help_line
    assert torch.load(tmp_path / "x.pt", weights_only=False) == fractions.Fraction(1, 3)


def test_safe_globals():
    assert serialization.get_safe_globals() == []
    third = fractions.Fraction(1, 3)
    with serialization.safe_globals([fractions.Fraction]):
        assert round_trip(third) == third
        with serialization.safe_globals([fractions.Fraction]):
            pass
        assert serialization.get_safe_globals() == [fractions.Fraction]
    with pytest.raises(pickle.UnpicklingError):
        round_trip(third)
    serialization.add_safe_globals([(fractions.Fraction, "fractions.Fraction"), nn.Linear])
    assert round_trip(third) == third
    serialization.clear_safe_globals()
    assert serialization.get_safe_globals() == []
    with pytest.raises(ValueError, match="expected a pair"):
        serialization.add_safe_globals([(1, 2, 3)])
    with serialization.safe_globals([os.getcwd]), pytest.raises(pickle.UnpicklingError, match="is blocked"):
        round_trip(Runs(os.getcwd))


def test_a_model_is_more_than_weights():
    with pytest.raises(pickle.UnpicklingError, match="GLOBAL torch.nn.modules.linear.Linear was not an allowed"):
        round_trip(nn.Linear(1, 1))
    assert serialization.get_unsafe_globals_in_checkpoint(saved(nn.Linear(1, 1))) == ["torch.nn.modules.linear.Linear"]
    assert serialization.get_unsafe_globals_in_checkpoint(fixture("tensors.pt")) == []
    with pytest.raises(RuntimeError, match="Can not safely load weights when explicit pickle_module is specified"):
        torch.load(saved(1), pickle_module=pickle, weights_only=True)


# -------------------------------------------------------------------------------------------------------------- damage
@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}])
def test_a_file_cut_short(options):
    data = saved({"a": torch.arange(50), "b": [1, 2]}, **options).getvalue()
    for size in [*range(1, 120), *range(120, len(data), 37), len(data) - 1]:
        with pytest.raises((RuntimeError, pickle.UnpicklingError)) as error:
            torch.load(io.BytesIO(data[:size]))
        assert error.value.__notes__[0].startswith("help: ")


def test_a_changed_byte_is_noticed():
    data = bytearray(saved({"a": torch.arange(50)}).getvalue())
    place = ArchiveReader(io.BytesIO(data))._data_offset("data/0")
    data[place + 100] ^= 1
    with pytest.raises(RuntimeError, match="data/0: the checksum doesn't match") as error:
        torch.load(io.BytesIO(data))
    assert error.value.__notes__[0].startswith("help: the file is incomplete or damaged")


def test_files_that_are_no_checkpoints(tmp_path):
    with pytest.raises(EOFError, match="Ran out of input") as error:
        torch.load(io.BytesIO(b""))
    assert error.value.__notes__[0].startswith("help: the file is empty")
    for text in (b"<!DOCTYPE html><html>", b"version https://git-lfs.github.com/spec/v1\n", b'{"error": 404}'):
        with pytest.raises(pickle.UnpicklingError) as error:
            torch.load(io.BytesIO(text))
        assert error.value.__notes__[0].startswith("help: the file begins with text")
    with pytest.raises(FileNotFoundError):
        torch.load(tmp_path / "nowhere.pt")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a/other.txt", "x")
    buffer.seek(0)
    with pytest.raises(RuntimeError, match="failed locating file data.pkl: file not found"):
        torch.load(buffer)
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        archive.writestr("a/constants.pkl", "x")
    buffer.seek(0)
    with pytest.raises(RuntimeError, match="this is a TorchScript archive"):
        torch.load(buffer)


def test_a_recompressed_archive_is_read():
    x = {"a": torch.arange(50), "b": "x" * 100}
    buffer = io.BytesIO()
    with zipfile.ZipFile(saved(x)) as plain, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in plain.namelist():
            packed.writestr(name, plain.read(name))
    buffer.seek(0)
    assert_same(torch.load(buffer), x)


# ------------------------------------------------------------------------------------------------------ all or nothing
def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    torch.save(1, path)
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        torch.save([torch.ones(3), lambda: 0], path)
    assert torch.load(path) == 1 and os.listdir(tmp_path) == ["x.pt"]

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="no space left"):
        torch.save(2, path)
    monkeypatch.undo()
    assert torch.load(path) == 1 and os.listdir(tmp_path) == ["x.pt"]


def test_where_the_file_goes(tmp_path):
    path = tmp_path / "x.pt"
    torch.save(1, path)
    umask = os.umask(0)
    os.umask(umask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~umask
    path.chmod(0o640)
    link = tmp_path / "link.pt"
    link.symlink_to(path)
    torch.save(2, link)
    assert link.is_symlink() and torch.load(path) == 2 and path.stat().st_mode & 0o777 == 0o640
    torch.save(3, os.devnull)
    with pytest.raises(RuntimeError, match="Parent directory .*nowhere does not exist"):
        torch.save(1, tmp_path / "nowhere" / "x.pt")
    with pytest.raises(IsADirectoryError):
        torch.save(1, tmp_path)


def test_containers():
    thing = {"counter": collections.Counter("aab"), "nested": {"x": [collections.OrderedDict(a=1)]}, 3: (None,)}
    assert_same(round_trip(thing), thing)
    recursive = [1]
    recursive.append(recursive)
    loaded = round_trip(recursive)
    assert loaded[1] is loaded
