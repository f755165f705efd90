"""Messages between the main process and a worker; tensors are written into shared memory, lent to the receiver.

Fresh shared memory is slow (the kernel clears it page by page), so each side keeps what it has made and uses it again
once the receiver has no tensor over it any more.
"""

import array
import io
import os
import pickle
import socket
import struct
import weakref
from multiprocessing.reduction import ForkingPickler

import penlight
from penlight.multiprocessing.reductions import rebuild_tensor, reduce_tensor
from penlight.multiprocessing.shared import SharedMemory, is_shared, tensor_over

__all__ = ["Channel", "close_inherited", "pair"]

_INLINE = 8192  # bytes: a longer message travels in shared memory
_BY_VALUE = 4096  # bytes: a smaller tensor travels in the message
_FILES = 200  # file descriptors in one datagram: Linux takes 253
_KEPT = 32  # pieces of memory that wait to be used again
_HEADER = struct.Struct("=?qq")  # whether the text stands in memory; its length; how many files come along

# The main process' ends. A forked worker closes its copies: the end of the main process must reach its siblings too.
_main_ends = weakref.WeakSet()

# A forked process goes on looking at what was lent before it was made: such memory is not used again.
_forks = 0


def _count_fork():
    global _forks
    _forks += 1


os.register_at_fork(after_in_parent=_count_fork)


class _Loan:
    """Shared memory of a sender, under the number by which the receiver knows it."""

    def __init__(self, number, memory):
        self.number, self.memory = number, memory


class _Lender:
    """The memory that one end of a channel has made."""

    def __init__(self):
        self._out, self._free, self._made = {}, [], 0
        self.forgotten = []  # numbers that the receiver may let go of

    def lend(self, nbytes):
        """Give memory of at least `nbytes`, and not of much more."""
        fitting = [loan for loan in self._free if nbytes <= loan.memory.nbytes <= 2 * nbytes]
        if fitting:
            loan = min(fitting, key=lambda loan: loan.memory.nbytes)
            self._free.remove(loan)
        else:
            self._made += 1
            loan = _Loan(self._made, SharedMemory(nbytes))
        self._out[loan.number] = loan
        return loan

    def take_back(self, number, reusable):
        """Take back what the receiver no longer looks at."""
        loan = self._out.pop(number)
        if reusable:
            self._free.append(loan)
        else:
            self.forgotten.append(number)
        if len(self._free) > _KEPT:
            self.forgotten.append(self._free.pop(0).number)


class _Pickler(ForkingPickler):
    """Pickles an object; collects the files of the shared memory that it stands on."""

    def __init__(self, file, lender, known):
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._lender, self._known, self._seen = lender, known, {}
        self.files, self.loans = [], []

    def persistent_id(self, obj):
        if type(obj) is _Loan:
            at = None if obj.number in self._known else self._file(obj.memory)
            return obj.number, at, obj.memory.nbytes
        if type(obj) is SharedMemory:
            if id(obj) not in self._seen:
                self._seen[id(obj)] = self._file(obj), obj
            return None, self._seen[id(obj)][0], obj.nbytes
        return None

    def reducer_override(self, obj):
        if type(obj) is not penlight.Tensor or obj.requires_grad or obj.device.type != "cpu" or obj.is_sparse:
            return NotImplemented
        nbytes = obj.numel() * obj.itemsize
        if 0 < nbytes <= _BY_VALUE:
            data = obj.contiguous().view(-1).view(penlight.uint8).numpy().tobytes()
            return _from_bytes, (data, obj.dtype, tuple(obj.shape))
        if nbytes == 0 or is_shared(obj):
            return reduce_tensor(obj)
        loan = self._lender.lend(nbytes)
        self.loans.append(loan)
        layout = obj.dtype, 0, tuple(obj.shape), _dense_strides(obj)
        tensor_over(loan.memory, *layout).copy_(obj)
        return rebuild_tensor, (False, loan, layout, False)

    def _file(self, memory):
        self.files.append(memory.fd)
        return len(self.files) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, file, channel, files):
        super().__init__(file)
        self._channel, self._files, self._attached = channel, files, {}

    def persistent_load(self, pid):
        number, at, nbytes = pid
        if number is not None:
            return self._channel.borrowed(number, lambda: self._attach(at, nbytes))
        return self._attach(at, nbytes)

    def _attach(self, at, nbytes):
        if at not in self._attached:
            self._attached[at] = SharedMemory.attach(nbytes, self._files[at])
            self._files[at] = -1
        return self._attached[at]


def _from_bytes(data, dtype, shape):
    return penlight.frombuffer(bytearray(data), dtype=dtype).view(shape)


def _dense_strides(tensor):
    """Give the strides of a copy without gaps: the tensor's own where it has none."""
    return penlight.empty_like(tensor, device="meta").stride()


class Channel:
    """One end of a connection that carries Python objects in whole messages."""

    def __init__(self, end):
        self._socket, self._lender = end, _Lender()
        self._sent = set()  # numbers of our memory that the other side has mapped
        self._borrowed = {}  # number -> memory of the other side
        self._returns = []  # (number, whether it may be used again) of what is no longer looked at here

    def fileno(self):
        """Give the file descriptor to wait on."""
        return self._socket.fileno()

    def send(self, obj):
        """Send an object; OSError if the other side is gone."""
        text = io.BytesIO()
        pickler = _Pickler(text, self._lender, self._sent)
        returns, self._returns = self._returns, []
        try:
            pickler.dump((obj, returns, self._lender.forgotten))
        except BaseException:
            self._returns += returns
            for loan in pickler.loans:
                self._lender.take_back(loan.number, True)
            raise
        self._sent.update(loan.number for loan in pickler.loans)
        self._sent.difference_update(self._lender.forgotten)
        self._lender.forgotten = []
        self._send_all(text.getbuffer(), pickler.files)

    def recv(self):
        """Give the next object; EOFError if the other side is gone."""
        message, files = self._recv()
        is_long, length, count = _HEADER.unpack_from(message)
        body = memoryview(message)[_HEADER.size :]
        while len(files) < count:
            files += self._recv()[1]
        try:
            if is_long:
                body = memoryview(SharedMemory.attach(length, files.pop()))[:length]
            obj, returned, forgotten = _Unpickler(io.BytesIO(body), self, files).load()
        finally:
            for fd in files:
                if fd >= 0:
                    os.close(fd)
        for number, reusable in returned:
            self._lender.take_back(number, reusable)
        for number in forgotten:
            self._borrowed.pop(number, None)
        return obj

    def borrowed(self, number, attach):
        """Give a view of the other side's memory. When nobody holds it any more, the next message returns it."""
        if number not in self._borrowed:
            self._borrowed[number] = attach()
        view = memoryview(self._borrowed[number])
        weakref.finalize(view, _give_back, self._returns_of(), number, _forks).atexit = False
        return view

    def close(self):
        """Close this end: the other side sees that nobody is there."""
        _main_ends.discard(self)
        self._socket.close()

    def _returns_of(self):
        return weakref.WeakMethod(self._note_return)

    def _note_return(self, number, reusable):
        self._returns.append((number, reusable))

    def _send_all(self, body, files):
        is_long = len(body) > _INLINE
        if is_long:
            memory = SharedMemory(len(body))
            memory[: len(body)] = body
            files.append(memory.fd)
        header = _HEADER.pack(is_long, len(body), len(files))
        self._send(header if is_long else header + bytes(body), files[:_FILES])
        for at in range(_FILES, len(files), _FILES):
            self._send(b"+", files[at : at + _FILES])

    def _send(self, message, files):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", files))] if files else []
        self._socket.sendmsg([message], rights)

    def _recv(self):
        files = array.array("i")
        message, rights, _, _ = self._socket.recvmsg(
            _INLINE + _HEADER.size, socket.CMSG_SPACE(_FILES * files.itemsize), socket.MSG_CMSG_CLOEXEC
        )
        for level, kind, data in rights:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                files.frombytes(data[: len(data) - len(data) % files.itemsize])
        if not message:
            raise EOFError
        return message, list(files)

    def __reduce__(self):
        return Channel, (self._socket,)


def _give_back(note, number, forks):
    note = note()
    if note is not None:
        note(number, forks == _forks)


def pair():
    """Give the two ends of a new connection: the main process', the worker's."""
    ours, theirs = (Channel(end) for end in socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET))
    _main_ends.add(ours)
    return ours, theirs


def close_inherited():
    """Close the main process' ends in a process forked from it."""
    for channel in list(_main_ends):
        channel.close()
