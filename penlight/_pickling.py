"""Picklers for checkpoints: the names in a file are PyTorch's, the objects in memory are Penlight's.

`Pickler` writes names of PyTorch's for everything of Penlight's. Of the two readers, `Unpickler` follows whatever the
file says, and `WeightsUnpickler` knows tensors, containers and an allow-list, and does nothing else.
"""

import _compat_pickle
import collections
import importlib
import pickle
import sys

import penlight
from penlight import _utils
from penlight._alias import PACKAGES, penlight_name
from penlight.storage import _STORAGE_TYPES

# Modules whose contents are never for a checkpoint, not even if the caller allows one of their names.
_BLOCKED_MODULES = ("os", "sys", "posix", "nt")
_STORAGE_NAMES = {storage_type.__name__: storage_type for storage_type in _STORAGE_TYPES.values()}
# Where PyTorch's files look for things that stand elsewhere here.
_MOVED = {"torch._tensor": "penlight._utils", "torch._C._nn": "penlight.nn.functional"}

safe_globals = set()  # what add_safe_globals() has allowed: objects, or pairs (object, "its.name.in.files")


# ------------------------------------------------------------------------------------------------------------- names
def torch_name(thing, name=None):
    """Give (module, name) that files use for a class, function or dtype of Penlight's, or None for anything else."""
    if isinstance(thing, penlight.dtype):
        return "torch", str(thing).partition(".")[2]
    name = name or getattr(thing, "__qualname__", None) or getattr(thing, "__name__", None)
    if name is None:
        return None
    if thing is penlight.UntypedStorage:
        return "torch.storage", "UntypedStorage"
    if thing is _utils._rebuild_from_type_v2:
        return "torch._tensor", name
    module = _public_module(thing, pickle.whichmodule(thing, name), name)
    if module.partition(".")[0] in PACKAGES:
        return module, name
    for theirs, ours in reversed(PACKAGES.items()):  # penlight.vision is torchvision, the rest torch
        if module == ours or module.startswith(ours + "."):
            return theirs + module[len(ours) :], name
    return None


def _public_module(thing, module, name):
    """Give the package that shows a thing from its private module: penlight.nn.functional for its part _loss."""
    package, _, part = module.rpartition(".")
    if part.startswith("_") and getattr(sys.modules.get(package), name, None) is thing:
        return package
    return module


def find(module, name):
    """Give the object behind a name of PyTorch's in a file; other names are None."""
    if module == "torch" and name in _STORAGE_NAMES:
        return _STORAGE_NAMES[name]
    target = _MOVED.get(module) or penlight_name(module)
    if target is None:
        return None
    while target:  # what PyTorch keeps in a module of its own may stand further up here
        try:
            found = importlib.import_module(target)
            for part in name.split("."):
                found = getattr(found, part)
            return found
        except (ImportError, AttributeError):
            target = target.rpartition(".")[0]
    raise AttributeError(f"Penlight has no {module}.{name}, which the file names")


def name_in_python3(module, name):
    """Turn a name of Python 2, which pickle's protocol 2 still writes, into that of today."""
    if (module, name) in _compat_pickle.NAME_MAPPING:
        return _compat_pickle.NAME_MAPPING[module, name]
    return _compat_pickle.IMPORT_MAPPING.get(module, module), name


# ----------------------------------------------------------------------------------------------------------- writing
def pickler(pickle_module, file, protocol, persistent_id):
    """Give a pickler that writes PyTorch's names and hands storages to `persistent_id`."""

    # The pickler written in Python, because only there can the name of a global be chosen.
    base = getattr(pickle_module, "_Pickler", pickle_module.Pickler)

    class Pickler(base):
        def persistent_id(self, thing):
            return persistent_id(thing)

        def reducer_override(self, thing):
            if isinstance(thing, (penlight.device, penlight.Size)):  # by its type, as PyTorch does
                return type(thing), thing.__reduce__()[1]
            if isinstance(thing, penlight.layout):
                return penlight.serialization._get_layout, (str(thing),)
            if type(thing) is penlight.Tensor and thing.__dict__:
                function, arguments, state = _utils._reduce_tensor(thing)
                return _utils._rebuild_from_type_v2, (function, penlight.Tensor, arguments, state)
            return NotImplemented

        def save_global(self, thing, name=None):
            found = torch_name(thing, name)
            if found is None or ("." in found[1] and self.proto < 4):
                super().save_global(thing, name)
                return
            module, name = found
            if self.proto >= 4:
                self.save(module)
                self.save(name)
                self.write(pickle.STACK_GLOBAL)
            else:
                self.write(pickle.GLOBAL + f"{module}\n{name}\n".encode())
            self.memoize(thing)

        def save_type(self, thing):
            if thing in (type(None), type(NotImplemented), type(...)):
                super().save_type(thing)
            else:
                self.save_global(thing)

        # The base class finds its own methods in this table, by the type of what is to be written.
        dispatch = dict(getattr(base, "dispatch", {}))
        dispatch.update({type: save_type, type(torch_name): save_global})
        dispatch[penlight.dtype] = save_global

    return Pickler(file, protocol)


# ----------------------------------------------------------------------------------------------- reading, everything
def unpickler(pickle_module, file, persistent_load, **options):
    """Give an unpickler for trusted files: it imports and calls what the file says, with PyTorch's names as ours."""

    class Unpickler(pickle_module.Unpickler):
        def find_class(self, module, name):
            found = find(module, name)
            return super().find_class(module, name) if found is None else found

    reader = Unpickler(file, **options)
    reader.persistent_load = persistent_load
    return reader


# ---------------------------------------------------------------------------------------------- reading, weights only
def _latin1(text, encoding):
    """Give the bytes that pickle's protocol 2 wrote as text."""
    if type(text) is not str or encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"_codecs.encode is allowed for bytes only, but got the encoding {encoding!r}")
    return text.encode("latin1")


def _allowed_globals():
    """Give {name in the file: object} of what weights are made of; PyTorch 2.13 allows the same."""
    allowed = {
        "collections.OrderedDict": collections.OrderedDict,
        "collections.Counter": collections.Counter,
        "_codecs.encode": _latin1,
        "builtins.bytearray": bytearray,
        "builtins.set": set,
        "builtins.complex": complex,
        "torch.Size": penlight.Size,
        "torch.Tensor": penlight.Tensor,
        "torch.device": penlight.device,
        "torch.storage.UntypedStorage": penlight.UntypedStorage,
        "torch.nn.parameter.Parameter": penlight.nn.Parameter,
        "torch._tensor._rebuild_from_type_v2": _rebuild_from_allowed_type,
    }
    for function in (
        _utils._rebuild_tensor, _utils._rebuild_tensor_v2, _utils._rebuild_tensor_v3, _utils._rebuild_parameter,
        _utils._rebuild_parameter_with_state, _utils._rebuild_meta_tensor_no_storage, _utils._rebuild_sparse_tensor,
    ):
        allowed[f"torch._utils.{function.__name__}"] = function
    allowed["torch.serialization._get_layout"] = penlight.serialization._get_layout
    allowed.update({f"torch.{name}": storage_type for name, storage_type in _STORAGE_NAMES.items()})
    dtypes = [value for value in vars(penlight).values() if isinstance(value, penlight.dtype)]
    allowed.update({str(dtype): dtype for dtype in dtypes})
    return allowed


def _rebuild_from_allowed_type(function, new_type, arguments, state):
    """Rebuild a tensor subclass, after a look at what the file wants called for it."""
    if function not in _allowed_objects() or new_type not in _allowed_objects():
        raise pickle.UnpicklingError(f"Trying to rebuild a tensor of type {new_type} by unrecognized {function}")
    return _utils._rebuild_from_type_v2(function, new_type, arguments, state)


def _user_globals():
    """Give {name in the file: object} of what the caller has allowed."""
    allowed = {}
    for entry in safe_globals:
        if isinstance(entry, tuple):
            thing, name = entry
        else:
            thing, name = entry, ".".join(torch_name(entry) or (entry.__module__, entry.__qualname__))
        allowed[name] = thing
    return allowed


def _allowed_objects():
    return [*_allowed_globals().values(), *_user_globals().values()]


class WeightsUnpickler(pickle._Unpickler):
    """Reads a pickle of weights. Whatever else the file asks for is refused by name; nothing of it is run.

    It is the standard library's reader, written in Python, left with the instructions that build data, and with its
    own checks on those that call, fill or change an object.
    """

    def __init__(self, file, persistent_load, **options):
        super().__init__(file, **options)
        self.persistent_load = persistent_load
        self.allowed = {**_user_globals(), **_allowed_globals()}
        self.callables = list(self.allowed.values())

    def load(self):
        """Read one pickle and give the object."""
        try:
            return super().load()
        except KeyError as error:
            operation = error.args[0]
            if isinstance(operation, int) and operation not in self.dispatch:
                raise pickle.UnpicklingError(f"Unsupported operand {operation}") from None
            raise

    def find_class(self, module, name):
        """Give the object that the file names, if it is allowed."""
        if self.proto < 3:
            module, name = name_in_python3(module, name)
        if module in _BLOCKED_MODULES:
            raise pickle.UnpicklingError(
                f"Trying to load unsupported GLOBAL {module}.{name} whose module {module} is blocked."
            )
        full_name = f"{module}.{name}"
        if full_name in self.allowed:
            return self.allowed[full_name]
        shown = full_name.removeprefix("builtins.")
        raise pickle.UnpicklingError(f"Unsupported global: GLOBAL {shown} was not an allowed global by default.")

    def load_binpersid(self):
        saved = self.stack.pop()
        if type(saved) is not tuple or not saved or saved[0] not in ("storage", b"storage"):
            raise pickle.UnpicklingError(f"Only persistent_load of storage is allowed, but got {saved!r:.100}")
        self.append(self.persistent_load(saved))

    def load_reduce(self):
        arguments = self.stack.pop()
        function = self.stack[-1]
        self._check_callable(function)
        self.stack[-1] = function(*arguments)

    def load_newobj(self):
        arguments = self.stack.pop()
        new_type = self.stack.pop()
        self._check_callable(new_type)
        self.append(new_type.__new__(new_type, *arguments))

    def load_build(self):
        state = self.stack.pop()
        thing = self.stack[-1]
        if type(thing) is collections.OrderedDict:
            thing.__dict__.update(state)
        elif type(thing) in _user_globals().values():
            self.append(state)
            super().load_build()
        else:
            raise pickle.UnpicklingError(
                "Can only build OrderedDict or types allowlisted via `add_safe_globals`, but got " + repr(type(thing))
            )

    def load_append(self):
        item = self.stack.pop()
        self._check_container(self.stack[-1], list)
        self.stack[-1].append(item)

    def load_appends(self):
        items = self.pop_mark()
        self._check_container(self.stack[-1], list)
        self.stack[-1].extend(items)

    def load_additems(self):
        items = self.pop_mark()
        self._check_container(self.stack[-1], set)
        self.stack[-1].update(items)

    def load_setitem(self):
        value, key = self.stack.pop(), self.stack.pop()
        self._check_container(self.stack[-1], dict, collections.OrderedDict, collections.Counter)
        self.stack[-1][key] = value

    def load_setitems(self):
        items = self.pop_mark()
        self._check_container(self.stack[-1], dict, collections.OrderedDict, collections.Counter)
        self.stack[-1].update(zip(items[::2], items[1::2]))

    def _check_callable(self, function):
        if not any(function is allowed for allowed in self.callables):
            raise pickle.UnpicklingError(f"Trying to call reduce for unrecognized function {function!r:.100}")

    def _check_container(self, container, *types):
        if type(container) not in types and type(container) not in _user_globals().values():
            raise pickle.UnpicklingError(
                f"Can only fill {' or '.join(kind.__name__ for kind in types)}, but got {type(container)}"
            )

    _KEPT = (
        "PROTO FRAME STOP MARK POP POP_MARK NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT "
        "BINFLOAT BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 UNICODE BINUNICODE "
        "SHORT_BINUNICODE BINUNICODE8 EMPTY_LIST LIST EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 EMPTY_DICT DICT "
        "EMPTY_SET FROZENSET GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE GLOBAL STACK_GLOBAL"
    )
    dispatch = {code[0]: pickle._Unpickler.dispatch[code[0]] for code in map(vars(pickle).get, _KEPT.split())}
    dispatch.update({
        pickle.BINPERSID[0]: load_binpersid,
        pickle.REDUCE[0]: load_reduce,
        pickle.NEWOBJ[0]: load_newobj,
        pickle.BUILD[0]: load_build,
        pickle.APPEND[0]: load_append,
        pickle.APPENDS[0]: load_appends,
        pickle.ADDITEMS[0]: load_additems,
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
    })
