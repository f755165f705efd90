"""Storages: the memory that tensors are views of, as programs and checkpoints know it."""

import io

import penlight
from penlight import _C
from penlight._C import UntypedStorage

__all__ = ["TypedStorage", "UntypedStorage"]


class TypedStorage:
    """A storage seen as numbers of one dtype.

    Args:
        args: a number of elements, a sequence of numbers, or nothing.
        wrap_storage: the UntypedStorage with the bytes, in place of args.
        dtype: the dtype of its elements; torch.FloatStorage and its like know theirs.

    Example:
        >>> torch.ones(3).storage().tolist()
        [1.0, 1.0, 1.0]
    """

    dtype = None

    def __init__(self, *args, wrap_storage=None, dtype=None, device=None, _internal=False):
        if dtype is not None:
            self.dtype = dtype
        if self.dtype is None:
            self.dtype = penlight.get_default_dtype()
        if wrap_storage is not None:
            if args or not isinstance(wrap_storage, UntypedStorage):
                raise TypeError("Argument 'wrap_storage' must be UntypedStorage, and the only one besides dtype")
            self._untyped_storage = wrap_storage
        elif args and isinstance(args[0], UntypedStorage):
            self._untyped_storage = args[0]
        else:
            start = args[0] if args else 0
            made = (
                penlight.empty(start, dtype=self.dtype)
                if isinstance(start, int)
                else penlight.tensor(start, dtype=self.dtype)
            )
            self._untyped_storage = made.untyped_storage()

    def untyped(self):
        """Give the bytes themselves, as an UntypedStorage."""
        return self._untyped_storage

    def size(self):
        """Give the number of elements."""
        return self._untyped_storage.nbytes() // self.dtype.itemsize

    __len__ = size

    def nbytes(self):
        """Give the number of bytes."""
        return self._untyped_storage.nbytes()

    def data_ptr(self):
        """Give the address of the first byte."""
        return self._untyped_storage.data_ptr()

    @property
    def device(self):
        """The device the bytes are on."""
        return self._untyped_storage.device

    is_cuda = is_sparse = False

    def element_size(self):
        """Give the bytes an element takes."""
        return self.dtype.itemsize

    def clone(self):
        """Give a copy."""
        return type(self)(wrap_storage=copy_storage(self._untyped_storage), dtype=self.dtype)

    def copy_(self, source, non_blocking=None):
        """Write the elements of another storage into this one, converted to its dtype."""
        self._tensor().copy_(source._tensor())
        return self

    def fill_(self, value):
        """Set every element to value."""
        self._tensor().fill_(value)
        return self

    def resize_(self, size):
        """Change the number of elements; tensors that look into it see the new memory."""
        self._untyped_storage.resize_(size * self.dtype.itemsize)
        return self

    def cpu(self):
        """Give the storage in the CPU's memory: itself."""
        return self

    def is_shared(self):
        """Give True if other processes see the memory."""
        return False

    def type(self, dtype=None, non_blocking=False):
        """Give the name of the type, or a copy as a storage of another dtype or type."""
        if dtype is None:
            return f"torch.{storage_type(self.dtype).__name__}"
        return self._converted(dtype if isinstance(dtype, penlight.dtype) else dtype.dtype)

    def _converted(self, dtype):
        return TypedStorage(wrap_storage=self._tensor().to(dtype, copy=True).untyped_storage(), dtype=dtype)

    def float(self):
        """Give a copy as float32."""
        return self._converted(penlight.float32)

    def double(self):
        """Give a copy as float64."""
        return self._converted(penlight.float64)

    def long(self):
        """Give a copy as int64."""
        return self._converted(penlight.int64)

    def __repr__(self):
        rows = "".join(f" {number}\n" for number in self.tolist())
        kind = f"{type(self).__module__}.{type(self).__name__}"
        return f"{rows}[{kind}(dtype={self.dtype}, device={self.device}) of size {len(self)}]"

    def __eq__(self, other):
        return isinstance(other, TypedStorage) and self._untyped_storage == other._untyped_storage

    __hash__ = None

    def tolist(self):
        """Give the elements as a list of Python numbers."""
        return self._tensor().tolist()

    def __getitem__(self, index):
        return self._tensor()[index].item() if isinstance(index, int) else self._tensor()[index].tolist()

    def __setitem__(self, index, value):
        self._tensor()[index] = value

    def __iter__(self):
        return iter(self.tolist())

    def _tensor(self):
        return _C._tensor_from_storage(self._untyped_storage, self.dtype, 0, (self.size(),), (1,))

    def __reduce__(self):
        buffer = io.BytesIO()
        penlight.save(self, buffer, _use_new_zipfile_serialization=False)
        return _load_from_bytes, (buffer.getvalue(),)


# The classes by which PyTorch's files name the dtype of a storage. Newer dtypes have none: their tensors stand on an
# UntypedStorage, and the dtype stands beside it.
_STORAGE_TYPES = {
    dtype: type(name, (TypedStorage,), {"dtype": dtype, "__module__": "torch", "__doc__": f"A storage of {dtype}."})
    for name, dtype in {
        "DoubleStorage": _C.float64,
        "FloatStorage": _C.float32,
        "HalfStorage": _C.float16,
        "BFloat16Storage": _C.bfloat16,
        "LongStorage": _C.int64,
        "IntStorage": _C.int32,
        "ShortStorage": _C.int16,
        "CharStorage": _C.int8,
        "ByteStorage": _C.uint8,
        "BoolStorage": _C.bool,
        "ComplexDoubleStorage": _C.complex128,
        "ComplexFloatStorage": _C.complex64,
    }.items()
}
globals().update({storage_type.__name__: storage_type for storage_type in _STORAGE_TYPES.values()})
Storage = _STORAGE_TYPES[_C.float32]


def _quantized_storage(name):
    def refuse(self, *args, wrap_storage=None, dtype=None, device=None, _internal=False):
        raise NotImplementedError(f"torch.{name}: quantised tensors do not exist in Penlight; use int8 or uint8")

    doc = "The storage of a quantised dtype, which no tensor has here: it cannot be made."
    return type(name, (TypedStorage,), {"__init__": refuse, "__module__": "torch", "__doc__": doc})


_QUANTIZED = ("QInt8Storage", "QInt32Storage", "QUInt8Storage", "QUInt2x4Storage", "QUInt4x2Storage")
globals().update({name: _quantized_storage(name) for name in _QUANTIZED})


def storage_type(dtype):
    """Give the storage class of a dtype, such as FloatStorage, or None if PyTorch has none for it."""
    return _STORAGE_TYPES.get(dtype)


def new_storage(nbytes):
    """Give a new UntypedStorage on the CPU; its bytes are arbitrary."""
    return penlight.empty(nbytes, dtype=penlight.uint8).untyped_storage()


def from_file(
    filename, shared=None, size=0, *, dtype=None, layout=None, device=None, pin_memory=False, requires_grad=False
):
    """Give a vector whose memory is a file.

    Args:
        filename: the path.
        shared: True writes every change of the tensor to the file, which is made if it is missing; else the file stays
            as it is.
        size: the number of elements.
        dtype: their dtype; the default dtype if left out.
    """
    import mmap

    dtype = dtype or penlight.get_default_dtype()
    nbytes = size * dtype.itemsize
    with open(filename, "a+b" if shared else "rb") as file:
        file.seek(0, io.SEEK_END)
        if file.tell() < nbytes:
            if not shared:
                raise RuntimeError(
                    f"file <{filename}> size <{file.tell()}> is smaller than the required mapping size <{nbytes}>"
                )
            file.truncate(nbytes)
        if not nbytes:
            return penlight.empty(0, dtype=dtype, requires_grad=requires_grad)
        memory = mmap.mmap(file.fileno(), nbytes, access=mmap.ACCESS_WRITE if shared else mmap.ACCESS_COPY)
    return penlight.frombuffer(memory, dtype=dtype, count=size).requires_grad_(requires_grad)


def copy_storage(storage, device=None):
    """Give a copy of an UntypedStorage, on its own or another device."""
    data = _C._tensor_from_storage(storage, penlight.uint8, 0, (storage.nbytes(),), (1,))
    return (data.clone() if device is None else data.to(device, copy=True)).untyped_storage()


def _load_from_bytes(data):
    """Rebuild a storage out of a plain pickle; pickles name this function."""
    return penlight.load(io.BytesIO(data), weights_only=False)
