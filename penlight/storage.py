"""Storages: the memory that tensors are views of, as programs and checkpoints know it."""

import io

import penlight
from penlight import _C
from penlight._C import UntypedStorage

__all__ = ["TypedStorage", "UntypedStorage"]


class TypedStorage:
    """A storage seen as numbers of one dtype.

    Args:
        untyped: the UntypedStorage with the bytes.
        dtype: the dtype of its elements; torch.FloatStorage and its like know theirs.

    Example:
        >>> torch.ones(3).storage().tolist()
        [1.0, 1.0, 1.0]
    """

    dtype = None

    def __init__(self, untyped, dtype=None):
        self._untyped_storage = untyped
        if dtype is not None:
            self.dtype = dtype

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


def storage_type(dtype):
    """Give the storage class of a dtype, such as FloatStorage, or None if PyTorch has none for it."""
    return _STORAGE_TYPES.get(dtype)


def new_storage(nbytes):
    """Give a new UntypedStorage on the CPU; its bytes are arbitrary."""
    return penlight.empty(nbytes, dtype=penlight.uint8).untyped_storage()


def copy_storage(storage, device=None):
    """Give a copy of an UntypedStorage, on its own or another device."""
    data = _C._tensor_from_storage(storage, penlight.uint8, 0, (storage.nbytes(),), (1,))
    return (data.clone() if device is None else data.to(device, copy=True)).untyped_storage()


def _load_from_bytes(data):
    """Rebuild a storage out of a plain pickle; pickles name this function."""
    return penlight.load(io.BytesIO(data), weights_only=False)
