"""Saving and loading: checkpoints in PyTorch's file format, both ways.

`save` writes the zip format of PyTorch 1.6 and later, `load` reads it and the older format without a zip. Loading runs
nothing from the file unless the caller says `weights_only=False`; writing to a path is all or nothing.
"""

import io
import os
import pickle
import struct
import sys
from contextlib import contextmanager, nullcontext

import penlight
from penlight import _C, _pickling
from penlight._archive import ALIGNMENT, ArchiveReader, ArchiveWriter, DamagedArchive
from penlight.errors import with_help
from penlight.storage import TypedStorage, copy_storage, new_storage, storage_type

__all__ = [
    "save", "load", "add_safe_globals", "get_safe_globals", "clear_safe_globals", "safe_globals",
    "get_unsafe_globals_in_checkpoint",
]

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001


# ---------------------------------------------------------------------------------------------------- what is allowed
def add_safe_globals(safe_globals):
    """Allow classes and functions of yours in files that are loaded with `weights_only=True`.

    Args:
        safe_globals: a list of classes and functions, or of pairs (object, "name.in.the.file").

    Example:
        >>> import fractions
        >>> torch.serialization.add_safe_globals([fractions.Fraction])
        >>> torch.serialization.get_safe_globals()
        [<class 'fractions.Fraction'>]
        >>> torch.serialization.clear_safe_globals()
    """
    for entry in safe_globals:
        if isinstance(entry, tuple) and not (len(entry) == 2 and isinstance(entry[1], str)):
            raise ValueError(f"expected a pair (object, name in the file), but got {entry!r}")
    _pickling.safe_globals.update(safe_globals)


def get_safe_globals():
    """Give the list of what `add_safe_globals` has allowed.

    Example:
        >>> torch.serialization.get_safe_globals()
        []
    """
    return list(_pickling.safe_globals)


def clear_safe_globals():
    """Take back everything that `add_safe_globals` has allowed.

    Example:
        >>> torch.serialization.clear_safe_globals()
    """
    _pickling.safe_globals.clear()


@contextmanager
def safe_globals(safe_globals):
    """Allow classes and functions inside a `with` block only; see `add_safe_globals`.

    Example:
        >>> import fractions
        >>> with torch.serialization.safe_globals([fractions.Fraction]):
        ...     torch.serialization.get_safe_globals()
        [<class 'fractions.Fraction'>]
    """
    added = set(safe_globals) - _pickling.safe_globals
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        _pickling.safe_globals.difference_update(added)


def get_unsafe_globals_in_checkpoint(f):
    """List the names in a checkpoint that `weights_only=True` would refuse; nothing of the file is run.

    Args:
        f: a path or a file object with a checkpoint in the zip format.

    Example:
        >>> buffer = io.BytesIO()
        >>> torch.save({"a": torch.ones(2)}, buffer)
        >>> torch.serialization.get_unsafe_globals_in_checkpoint(buffer)
        []
    """
    import pickletools

    with _opened(f, "rb") as file:
        file.seek(0)
        if not _is_zip(file):
            raise ValueError("Expected input to be a checkpoint returned by torch.save")
        data = ArchiveReader(file).read("data.pkl")
    pairs = [argument.split(" ", 1) for code, argument, _ in pickletools.genops(data) if code.name == "GLOBAL"]
    named = {".".join(_pickling.name_in_python3(*pair)) for pair in pairs}
    return sorted(named - {**_pickling._allowed_globals(), **_pickling._user_globals()}.keys())


# -------------------------------------------------------------------------------------------------------------- saving
def save(
    obj,
    f,
    pickle_module=pickle,
    pickle_protocol=2,
    _use_new_zipfile_serialization=True,
    _disable_byteorder_record=False,
):
    """Save an object to a file: a tensor, a state_dict, any nest of them, or a whole model.

    A path is written all or nothing: into a new file beside it, which then takes its place. Tensors that share memory
    share it again when they are loaded. PyTorch reads the file.

    Args:
        obj: the object; anything that pickle can take.
        f: a path, or a file object with `write`.
        pickle_module: the module that pickles (pickle).
        pickle_protocol: pickle's protocol (2, which every PyTorch reads).
        _disable_byteorder_record: leave out the order of the bytes, as files of old do.

    Example:
        >>> torch.save({"weights": torch.ones(2), "epoch": 3}, "checkpoint.pth")
        >>> torch.load("checkpoint.pth")["epoch"]
        3
    """
    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, "write"):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute, "
            f"but got {type(f).__name__}"
        )
    storages = _SavedStorages()
    if _use_new_zipfile_serialization:
        # What cannot be pickled fails here, before a file is touched.
        data = _pickled(obj, storages, pickle_module, pickle_protocol)
        with _opened_for_writing(f) as file:
            _write_archive(file, _archive_name(f), data, storages, not _disable_byteorder_record)
    else:
        storages.legacy = True
        data = _pickled(obj, storages, pickle_module, pickle_protocol)
        with _opened_for_writing(f) as file:
            _write_legacy(file, data, storages, pickle_protocol)


class _SavedStorages:
    """Collects the storages that a pickle mentions and gives each its key in the file."""

    def __init__(self):
        self.legacy = False
        self.keys = {}
        self.found = []  # (key, storage, dtype), kept alive until they are written

    def persistent_id(self, thing):
        """Give what stands for a storage in the pickle; None for anything else."""
        if isinstance(thing, TypedStorage):
            storage, dtype, kind = thing.untyped(), thing.dtype, storage_type(thing.dtype)
        elif isinstance(thing, penlight.UntypedStorage):
            storage, dtype, kind = thing, penlight.uint8, penlight.UntypedStorage
        else:
            return None
        key, count = self._key(storage, dtype), storage.nbytes() // dtype.itemsize
        location = sys.intern(str(storage.device))  # pickle writes one string once
        return ("storage", kind, key, location, count, None) if self.legacy else ("storage", kind, key, location, count)

    def _key(self, storage, dtype):
        key, known_dtype = self.keys.get(storage, (None, dtype))
        if known_dtype != dtype and storage.nbytes():
            raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
        if key is None or known_dtype != dtype:
            key = str(len(self.found))
            self.keys[storage] = key, dtype
            self.found.append((key, storage, dtype))
        return key


def _pickled(obj, storages, pickle_module, protocol):
    buffer = io.BytesIO()
    _pickling.pickler(pickle_module, buffer, protocol, storages.persistent_id).dump(obj)
    return buffer.getbuffer()


def _bytes_of(storage):
    return _C._storage_bytes(storage if storage.device.type == "cpu" else copy_storage(storage, "cpu"))


def _write_archive(file, name, data, storages, says_byteorder):
    archive = ArchiveWriter(file, name)
    archive.write_record("data.pkl", data)
    archive.write_record(".format_version", b"1")
    archive.write_record(".storage_alignment", str(ALIGNMENT).encode())
    if says_byteorder:
        archive.write_record("byteorder", sys.byteorder.encode())
    for key, storage, _ in storages.found:
        archive.write_record(f"data/{key}", _bytes_of(storage))
    archive.write_record("version", b"3\n")
    archive.write_record(".data/serialization_id", f"{archive.names_checksum:020d}{archive.checksum:020d}".encode())
    archive.close()


def _write_legacy(file, data, storages, protocol):
    sizes = {"short": 2, "int": 4, "long": 4}
    system = {"protocol_version": _LEGACY_PROTOCOL, "little_endian": sys.byteorder == "little", "type_sizes": sizes}
    for header in (_LEGACY_MAGIC, _LEGACY_PROTOCOL, system):
        file.write(pickle.dumps(header, protocol))
    file.write(data)
    file.write(pickle.dumps([key for key, _, _ in storages.found], protocol))
    for _, storage, dtype in storages.found:
        file.write(struct.pack("<q", storage.nbytes() // dtype.itemsize))
        file.write(_bytes_of(storage))


def _archive_name(f):
    """Give the folder inside the archive: the file's own name without its ending."""
    if not isinstance(f, (str, os.PathLike)):
        return "archive"
    return os.path.splitext(os.path.basename(os.fspath(f)))[0] or "archive"


@contextmanager
def _opened_for_writing(f):
    """Open a file object or a path; a path gets its new contents only when all of them are on the disk."""
    if not isinstance(f, (str, os.PathLike)):
        yield f
        getattr(f, "flush", lambda: None)()
        return
    path = os.path.realpath(os.fspath(f))
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        raise RuntimeError(f"Parent directory {os.path.dirname(os.fspath(f))} does not exist.")
    if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe (or a folder, which fails)
        with open(path, "wb") as file:
            yield file
        return
    temporary = f"{path}.{os.getpid()}-{os.urandom(4).hex()}.tmp"
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(path):
            os.chmod(temporary, os.stat(path).st_mode & 0o7777)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


# ------------------------------------------------------------------------------------------------------------- loading
def load(f, map_location=None, pickle_module=None, *, weights_only=None, mmap=None, **pickle_load_args):
    """Load what `torch.save` has saved, by Penlight or by PyTorch.

    Args:
        f: a path, or a file object that can seek.
        map_location: where the tensors go: a device or its name, a dictionary from device names in the file to new
            ones, or a function(storage, name) that gives a storage, or None to leave the choice.
        weights_only: True, the default: tensors, numbers, containers and what `add_safe_globals` has allowed; anything
            else is refused by name, and nothing in the file is run. False: whole pickled objects, as a file from a
            source that you trust may hold; loading it runs what it says.
        mmap: True maps the file into memory: tensors are read when they are used. Needs a path.
        pickle_module, pickle_load_args: the module that unpickles, and its arguments, when `weights_only=False`.

    Raises:
        pickle.UnpicklingError: the file asks for something that is not allowed.
        RuntimeError: the file is incomplete or damaged.

    Example:
        >>> torch.save([1, torch.ones(2)], "list.pth")
        >>> torch.load("list.pth")
        [1, tensor([1., 1.])]
    """
    if weights_only is None:
        weights_only = pickle_module is None
    if weights_only and pickle_module is not None:
        raise RuntimeError("Can not safely load weights when explicit pickle_module is specified")
    pickle_load_args.setdefault("encoding", "utf-8")
    is_path = isinstance(f, (str, os.PathLike))
    if mmap and not is_path:
        raise ValueError("f must be a file path in order to use the mmap argument")
    if not is_path and not (hasattr(f, "read") and hasattr(f, "seek")):
        missing = "seek" if hasattr(f, "read") else "read"
        raise AttributeError(
            f"'{type(f).__name__}' object has no attribute '{missing}'. You can only torch.load from a file that is "
            "seekable. Please pre-load the data into a buffer like io.BytesIO and try to load from it instead."
        )
    reader = _Reader(map_location, pickle_module or pickle, weights_only, pickle_load_args)
    with _opened(f, "rb") as file, _teaching_about_damage(file):
        if _is_zip(file):
            return reader.read_archive(ArchiveReader(file), mmap)
        if mmap:
            raise RuntimeError(
                "mmap can only be used with files saved with `torch.save(_use_new_zipfile_serialization=True), "
                "please torch.save your checkpoint with this option in order to use mmap."
            )
        return reader.read_legacy(file)


def _opened(f, mode):
    return open(f, mode) if isinstance(f, (str, os.PathLike)) else nullcontext(f)


def _is_zip(file):
    start = file.tell()
    signature = file.read(4)
    file.seek(start)
    return signature == b"PK\x03\x04"


@contextmanager
def _teaching_about_damage(file):
    """Turn what goes wrong inside a damaged file into an error that says so."""
    start = file.tell()
    try:
        yield
    except pickle.UnpicklingError as error:
        raise _explained(error, file, start) from None
    except DamagedArchive as error:
        raise with_help(RuntimeError(str(error)), "file_damaged") from None
    except EOFError:
        file.seek(start)
        if not file.read(1):
            raise with_help(EOFError("Ran out of input"), "file_empty") from None
        raise with_help(RuntimeError("unexpected EOF. The file might be corrupted."), "file_damaged") from None


def _explained(error, file, start):
    """Add to an error of unpickling what can be done about it."""
    message = str(error)
    file.seek(start)
    beginning = file.read(64).lstrip()
    text = beginning[:1] in b"<{" or beginning.startswith(b"version https://git-lfs")
    if "was not an allowed global" in message:
        last = message.partition("GLOBAL ")[2].split()[0].rpartition(".")[2]
        return with_help(error, "weights_only", last=last)
    return with_help(error, "file_text" if text and beginning else "file_damaged")


class _Reader:
    """Reads one checkpoint in either format."""

    def __init__(self, map_location, pickle_module, weights_only, options):
        self.place = _placement(map_location)
        self.pickle_module, self.weights_only, self.options = pickle_module, weights_only, options
        self.storages = {}  # key in the file: TypedStorage

    def read_archive(self, archive, mmap):
        """Read the zip format."""
        if "constants.pkl" in archive.records:
            raise RuntimeError("this is a TorchScript archive (torch.jit.save), which holds a program, not weights")
        if "byteorder" in archive.records and archive.read("byteorder") != sys.byteorder.encode():
            raise RuntimeError("the checkpoint was written on a machine with another byte order")
        mapped = archive.map_into_memory() if mmap else None

        def persistent_load(saved):
            kind, key, location, count = _checked_id(saved, 5)
            if key not in self.storages:
                storage = _stored(archive, f"data/{key}", count * _dtype(kind).itemsize, mapped)
                self.storages[key] = TypedStorage(wrap_storage=self.place(storage, location), dtype=_dtype(kind))
            return _as_saved(self.storages[key], kind)

        return self._unpickle(io.BytesIO(archive.read("data.pkl")), persistent_load)

    def read_legacy(self, file):
        """Read the format before PyTorch 1.6: pickles one after the other, then the bytes of the storages."""
        if self._unpickle(file, _no_storages) != _LEGACY_MAGIC:
            raise pickle.UnpicklingError("Invalid magic number; corrupt file?")
        protocol = self._unpickle(file, _no_storages)
        if protocol != _LEGACY_PROTOCOL:
            raise RuntimeError(f"Invalid protocol version: {protocol}")
        system = self._unpickle(file, _no_storages)
        if not isinstance(system, dict):
            raise DamagedArchive("Invalid system information; corrupt file?")
        if system.get("little_endian", True) != (sys.byteorder == "little"):
            raise RuntimeError("the checkpoint was written on a machine with another byte order")
        raw = {}  # key: the storage on the CPU, which is filled only after the pickle has been read
        size = _size(file)

        def persistent_load(saved):
            if saved[0] in ("module", b"module"):  # a class with its source code, which is not compared
                return saved[1]
            kind, key, location, count, view = _checked_id(saved, 6)
            if view is not None:
                raise RuntimeError("the checkpoint holds views of storages, as PyTorch wrote them before version 0.4")
            if key not in raw:
                nbytes = count * _dtype(kind).itemsize
                if nbytes > size:
                    raise DamagedArchive("unexpected EOF. The file might be corrupted.")
                raw[key] = new_storage(nbytes)
                self.storages[key] = TypedStorage(wrap_storage=self.place(raw[key], location), dtype=_dtype(kind))
            return _as_saved(self.storages[key], kind)

        result = self._unpickle(file, persistent_load)
        keys = self._unpickle(file, _no_storages)
        if not (isinstance(keys, list) and all(isinstance(key, str) for key in keys) and sorted(keys) == sorted(raw)):
            raise DamagedArchive("the list of storages doesn't match the pickle; corrupt file?")
        for key in keys:
            _fill(file, raw[key], self.storages[key])
        return result

    def _unpickle(self, file, persistent_load):
        if not self.weights_only:
            return _pickling.unpickler(self.pickle_module, file, persistent_load, **self.options).load()
        try:
            return _pickling.WeightsUnpickler(file, persistent_load, **self.options).load()
        except pickle.UnpicklingError as error:
            raise pickle.UnpicklingError(f"Weights only load failed. WeightsUnpickler error: {error}") from None
        except (EOFError, RuntimeError):
            raise
        except Exception as error:  # whatever a garbled instruction ran into
            kind = type(error).__name__
            raise pickle.UnpicklingError(f"Weights only load failed. The pickle is garbled: {kind}: {error}") from None


def _no_storages(saved):
    raise pickle.UnpicklingError("a storage where none can be; corrupt file?")


def _checked_id(saved, length):
    """Give the parts of a storage's persistent id, after a look at each: they come from the file."""
    if len(saved) != length:
        raise pickle.UnpicklingError(f"a storage's id has {length} parts, but got {len(saved)}; corrupt file?")
    _, kind, key, location, count = saved[:5]
    location = location.decode() if isinstance(location, bytes) else location
    if not (isinstance(key, str) and isinstance(location, str) and type(count) is int and count >= 0):
        raise pickle.UnpicklingError(f"no valid id of a storage: {saved!r:.200}; corrupt file?")
    return (kind, key, location, count, *saved[5:])


def _dtype(kind):
    """Give the dtype of the elements that a storage class in a file counts."""
    if isinstance(kind, type) and issubclass(kind, TypedStorage) and kind.dtype is not None:
        return kind.dtype
    if kind is penlight.UntypedStorage:
        return penlight.uint8
    raise pickle.UnpicklingError(f"expected a storage class, but got {kind!r:.100}")


def _as_saved(storage, kind):
    return storage.untyped() if kind is penlight.UntypedStorage else storage


def _stored(archive, name, nbytes, mapped):
    """Read a record into a new storage, or give a storage on the mapped file."""
    if archive.size(name) != nbytes:
        raise DamagedArchive(f"PytorchStreamReader failed reading file {name}: {nbytes} bytes were expected")
    if mapped and nbytes:
        return _C._storage_from_buffer(mapped(name))
    storage = new_storage(nbytes)
    archive.read_into(name, _C._storage_bytes(storage))
    return storage


def _size(file):
    here = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(here)
    return size


def _fill(file, storage, placed):
    """Read the bytes of a storage in the old format, and hand them on to where the storage was placed."""
    header = file.read(8)
    if len(header) < 8 or struct.unpack("<q", header)[0] * placed.dtype.itemsize != storage.nbytes():
        raise DamagedArchive("unexpected EOF or size of a storage. The file might be corrupted.")
    view = _C._storage_bytes(storage)
    data = file.read(len(view))
    if len(data) < len(view):
        raise DamagedArchive("unexpected EOF. The file might be corrupted.")
    view[:] = data
    if placed.data_ptr() != storage.data_ptr() and placed.device.type != "meta":
        source = TypedStorage(wrap_storage=storage, dtype=penlight.uint8)._tensor()
        TypedStorage(wrap_storage=placed.untyped(), dtype=penlight.uint8)._tensor().copy_(source)


# ----------------------------------------------------------------------------------------------------------- placement
def _placement(map_location):
    """Give a function(storage on the CPU, device name in the file) that brings a storage to its device."""
    if map_location is None:
        return _to_device
    if isinstance(map_location, dict):
        return lambda storage, location: _to_device(storage, map_location.get(location, location))
    if isinstance(map_location, (str, penlight.device)):
        return lambda storage, location: _to_device(storage, str(map_location))
    if not callable(map_location):
        raise TypeError(
            "map_location must be a device, a string, a dictionary or a function, but got "
            f"{type(map_location).__name__}"
        )

    def chosen_by_the_caller(storage, location):
        placed = map_location(storage, location)
        if placed is None:
            return _to_device(storage, location)
        return placed.untyped() if isinstance(placed, TypedStorage) else placed

    return chosen_by_the_caller


def _to_device(storage, location):
    """Bring a storage on the CPU to the device of this name."""
    kind = str(location).partition(":")[0]
    if kind == "cpu":
        return storage
    if kind == "meta":
        return penlight.empty(storage.nbytes(), dtype=penlight.uint8, device="meta").untyped_storage()
    if kind != "cuda":
        raise RuntimeError(
            f"don't know how to restore data location of torch.storage.UntypedStorage (tagged with {location})"
        )
    if not penlight.cuda.is_available():
        error = RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are "
            "running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your "
            "storages to the CPU."
        )
        raise with_help(error, "file_cuda")
    return copy_storage(storage, location)


def _get_layout(name):
    """Give the layout that a file names, such as "torch.sparse_coo"."""
    layout = getattr(penlight, name.removeprefix("torch."), None)
    if not isinstance(layout, penlight.layout):
        raise RuntimeError(f"the file names {name!r}, which is no layout")
    return layout
