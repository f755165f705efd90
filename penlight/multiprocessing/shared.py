"""Memory that several processes see: an anonymous file that each of them maps, gone when the last one lets go of it."""

import mmap
import os
import tempfile
import weakref

import penlight
from penlight import _C

__all__ = ["SharedMemory", "empty_shared", "is_shared", "memory_of", "share_"]

# The mappings of this process by the identity of their files: what comes back from another process is found again.
_mapped = weakref.WeakValueDictionary()


class SharedMemory(mmap.mmap):
    """Bytes that other processes can map too, through the file descriptor `fd`.

    Args:
        nbytes: the number of bytes.
        fd: an open file with these bytes; owned from then on. By default a new one, filled with zeros.
    """

    def __new__(cls, nbytes, fd=None):
        if fd is None:
            fd = _anonymous_file()
            os.ftruncate(fd, max(nbytes, 1))
        self = super().__new__(cls, fd, max(nbytes, 1))
        self.fd, self.nbytes = fd, nbytes
        _mapped[_identity(fd)] = self
        return self

    @classmethod
    def attach(cls, nbytes, fd):
        """Give the memory of a file that another process sent; `fd` is owned from then on."""
        known = _mapped.get(_identity(fd))
        if known is not None:
            os.close(fd)
            return known
        return cls(nbytes, fd)

    def __del__(self):
        os.close(self.fd)


def _anonymous_file():
    if hasattr(os, "memfd_create"):
        return os.memfd_create("penlight", os.MFD_CLOEXEC)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _identity(fd):
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


def _owner(tensor):
    owner = tensor.untyped_storage()._owner
    return owner if isinstance(owner, SharedMemory) else None


def is_shared(tensor):
    """Give True if the tensor's memory can be seen by other processes."""
    return _owner(tensor) is not None


def share_(tensor):
    """Move a tensor's memory to where other processes can see it.

    Errors: RuntimeError if other tensors look into it.
    """
    if _owner(tensor) is None:
        _C._move_storage(tensor, SharedMemory(tensor.untyped_storage().nbytes()))
    return tensor


def memory_of(tensor):
    """Give (memory, tensor over it) for sending: the tensor itself where it is shared or nobody else looks into its
    memory, which then moves; otherwise a copy."""
    owner = _owner(tensor)
    if owner is None:
        try:
            share_(tensor)
        except RuntimeError:  # a view of something larger, or one that has views
            tensor = empty_shared(tensor.shape, tensor.dtype).copy_(tensor.detach())
        owner = _owner(tensor)
    return owner, tensor


def empty_shared(shape, dtype):
    """Give a new tensor in memory that other processes can map; it holds zeros."""
    strides, count = [], 1
    for size in reversed(shape):
        strides.append(count)
        count *= max(size, 1)
    memory = SharedMemory(count * dtype.itemsize)
    storage = _C._storage_from_buffer(memory)
    return _C._tensor_from_storage(storage, dtype, 0, tuple(shape), tuple(reversed(strides)))


def tensor_over(memory, dtype, offset, size, stride):
    """Give a tensor whose elements stand in `memory`."""
    return penlight._C._tensor_from_storage(_C._storage_from_buffer(memory), dtype, offset, size, stride)
