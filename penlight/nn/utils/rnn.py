"""Sequences of different lengths: padded to one length, or packed without padding for recurrent layers."""

from collections import namedtuple
from collections.abc import Iterable

import penlight
from penlight import _C, Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpad_sequence",
    "pack_sequence",
    "unpack_sequence",
]

PackedSequence_ = namedtuple("PackedSequence_", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])


class PackedSequence(PackedSequence_):
    """Sequences laid behind each other step by step: all first elements, then all second ones, without padding.

    `data` (sum of lengths, ...) holds the elements, `batch_sizes` how many sequences have each step, the longest first.
    `sorted_indices` says which sequence stands where, `unsorted_indices` the reverse; None where they were sorted
    already. Made by `pack_padded_sequence` and `pack_sequence`, and taken and given by recurrent layers.

    >>> packed = torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])])
    >>> packed.data, packed.batch_sizes
    (tensor([1, 4, 2, 3]), tensor([2, 1, 1]))
    """

    __slots__ = ()

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Instances of PackedSequence should never be created manually. "
                "They should be instantiated by functions like pack_sequence and pack_padded_sequences in "
                "nn.utils.rnn. https://pytorch.org/docs/stable/nn.html#torch.nn.utils.rnn.pack_sequence"
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs):
        """Move or cast the data, as Tensor.to does; the same object where nothing changes.

        >>> packed = torch.nn.utils.rnn.pack_sequence([torch.ones(2)])
        >>> packed.to(torch.float64).data.dtype
        torch.float64
        """
        data = self.data.to(*args, **kwargs)
        if data is self.data:
            return self
        device = data.device
        move = lambda t: None if t is None else t.to(device)  # noqa: E731
        return type(self)(data, self.batch_sizes, move(self.sorted_indices), move(self.unsorted_indices))

    def cuda(self, *args, **kwargs):
        """Move the data to a GPU."""
        return self.to(*(args or ("cuda",)), **kwargs)

    def cpu(self, *args, **kwargs):
        """Move the data to the CPU."""
        return self.to(*(args or ("cpu",)), **kwargs)

    def double(self):
        """Cast the data to float64."""
        return self.to(penlight.double)

    def float(self):
        """Cast the data to float32."""
        return self.to(penlight.float)

    def half(self):
        """Cast the data to float16."""
        return self.to(penlight.half)

    def long(self):
        """Cast the data to int64."""
        return self.to(penlight.long)

    def int(self):
        """Cast the data to int32."""
        return self.to(penlight.int)

    def short(self):
        """Cast the data to int16."""
        return self.to(penlight.short)

    def char(self):
        """Cast the data to int8."""
        return self.to(penlight.int8)

    def byte(self):
        """Cast the data to uint8."""
        return self.to(penlight.uint8)

    def pin_memory(self):
        """Page-lock the data's memory for a GPU."""
        return type(self)(self.data.pin_memory(), *self[1:])

    @property
    def is_cuda(self):
        """Whether the data is on a GPU."""
        return self.data.is_cuda

    def is_pinned(self):
        """Whether the data's memory is page-locked."""
        return self.data.is_pinned()


def invert_permutation(permutation):
    """The permutation that undoes another; None for None.

    >>> torch.nn.utils.rnn.invert_permutation(torch.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    places = _C.arange(permutation.numel(), device=permutation.device)
    return _C.empty_like(permutation).scatter_(0, permutation, places.to(permutation.dtype))


def _positions(batch_sizes, batch):
    """Where the elements of a packed sequence stand in one of shape (steps, batch), flattened."""
    inside = _C.arange(batch).unsqueeze(0) < batch_sizes.unsqueeze(1)
    return inside.flatten().nonzero().squeeze(1)


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """Pack sequences that are padded to one length: (T, B, ...), or (B, T, ...) with `batch_first`.

    `lengths` (B,) is a list or a tensor. With `enforce_sorted` the sequences must come the longest first.

    >>> x = torch.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
    >>> packed = torch.nn.utils.rnn.pack_padded_sequence(x, [2, 1, 3], batch_first=True, enforce_sorted=False)
    >>> packed.data, packed.batch_sizes
    (tensor([4, 1, 3, 5, 2, 6]), tensor([3, 2, 1]))
    """
    if not isinstance(lengths, Tensor):
        lengths = _C.tensor(lengths, dtype=penlight.int64)
    lengths = lengths.to(penlight.int64)
    sorted_indices = None
    if not enforce_sorted:
        lengths, sorted_indices = _C.sort(lengths, descending=True)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    if input.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    if lengths.dim() != 1:
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.dim()}D cpu Long tensor"
        )
    if batch_first:
        input = input.transpose(0, 1)
    steps, batch = input.shape[:2]
    if len(lengths) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={batch})"
        )
    if int(lengths.min()) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if (lengths[1:] > lengths[:-1]).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you "
            "do not need ONNX exportability."
        )
    if int(lengths[0]) > steps:
        raise RuntimeError(f"Expected lengths of at most {steps}, the input's steps, but got {int(lengths[0])}")
    batch_sizes = (_C.arange(int(lengths[0])).unsqueeze(1) < lengths.unsqueeze(0)).sum(1)
    flat = input.reshape(steps * batch, *input.shape[2:])
    return PackedSequence(flat.index_select(0, _positions(batch_sizes, batch)), batch_sizes, sorted_indices)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """Undo `pack_padded_sequence` -> (sequences (T, B, ...), or (B, T, ...) with `batch_first`, their lengths).

    `total_length` pads them to more than the longest one's length.

    >>> packed = torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])])
    >>> torch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2, 3],
            [4, 0, 0]]), tensor([3, 1]))
    """
    data, batch_sizes, _, unsorted_indices = sequence
    steps, batch = batch_sizes.numel(), int(batch_sizes[0])
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {steps}"
            )
        steps = total_length
    blank = data.new_full((steps * batch, *data.shape[1:]), padding_value)
    padded = blank.index_copy(0, _positions(batch_sizes, batch), data).view(steps, batch, *data.shape[1:])
    lengths = (_C.arange(batch).unsqueeze(1) < batch_sizes.unsqueeze(0)).sum(1)
    if batch_first:
        padded = padded.transpose(0, 1)
    if unsorted_indices is not None:
        padded = padded.index_select(0 if batch_first else 1, unsorted_indices)
        lengths = lengths[unsorted_indices]
    return padded, lengths


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Stack sequences (L, ...) of different lengths, padded to the longest: (T, B, ...), or (B, T, ...) `batch_first`.

    >>> torch.nn.utils.rnn.pad_sequence([torch.tensor([1, 2]), torch.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    sequences = list(sequences.unbind(0) if isinstance(sequences, Tensor) else sequences)
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if any(s.dim() == 0 for s in sequences):
        raise RuntimeError("pad_sequence: sequences must have at least one dimension")
    longest = max(s.size(0) for s in sequences)
    padded = []
    for s in sequences:
        missing = longest - s.size(0)
        edges = [missing, 0] if padding_side == "left" else [0, missing]
        padded.append(_C.constant_pad_nd(s, [0, 0] * (s.dim() - 1) + edges, padding_value) if missing else s)
    return _C.stack(padded, 0 if batch_first else 1)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """Undo `pad_sequence`: a list of sequences of the given lengths.

    >>> torch.nn.utils.rnn.unpad_sequence(torch.tensor([[1, 2], [3, 0]]), torch.tensor([2, 1]), batch_first=True)
    [tensor([1, 2]), tensor([3])]
    """
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [s[: int(n)] for s, n in zip(padded_sequences, lengths)]


def pack_sequence(sequences, enforce_sorted=True):
    """Pack a list of sequences (L, ...), the longest first unless `enforce_sorted` is off.

    >>> torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]).data
    tensor([1, 3, 2])
    """
    lengths = _C.tensor([s.size(0) for s in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    """Undo `pack_sequence`: a list of sequences.

    >>> packed = torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2]), torch.tensor([3])])
    >>> torch.nn.utils.rnn.unpack_sequence(packed)
    [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
