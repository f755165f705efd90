"""The settings of linear_cross_entropy in pieces."""

__all__ = ["LinearCrossEntropyOptions"]

_POLICIES = ("accurate", "balanced", "compact", "auto")
_FIELDS = ("allow_retain_graph", "batch_chunk_size", "chunking_method", "acc_policy", "acc_dtype")


class LinearCrossEntropyOptions:
    """How `F.linear_cross_entropy` cuts a batch into pieces, so that the scores of all classes never stand in memory.

    `batch_chunk_size` is the number of samples in a piece; without it, so many that their scores take about as much
    memory as the input. The other settings of PyTorch are accepted and change nothing here: gradients are summed in the
    input's dtype, and backward may be called several times.

    >>> torch.nn.LinearCrossEntropyOptions(batch_chunk_size=2).batch_chunk_size
    2
    """

    def __init__(
        self,
        allow_retain_graph=False,
        batch_chunk_size=None,
        chunking_method="auto",
        acc_policy="auto",
        acc_dtype=None,
    ):
        if batch_chunk_size is not None and (not isinstance(batch_chunk_size, int) or batch_chunk_size <= 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {batch_chunk_size}")
        if acc_policy not in _POLICIES:
            raise ValueError(f"invalid acc_policy: {acc_policy!r}")
        if chunking_method not in (None, "auto") and not _is_aspect_ratio(chunking_method):
            raise ValueError(f"invalid chunking_method: {chunking_method!r}")
        self.allow_retain_graph = allow_retain_graph
        self.batch_chunk_size = batch_chunk_size
        self.chunking_method = chunking_method
        self.acc_policy = acc_policy
        self.acc_dtype = acc_dtype

    def _rows(self, input, linear_weight):
        """The number of samples in a piece."""
        if self.batch_chunk_size is not None:
            return self.batch_chunk_size
        return max(1, input.numel() // max(1, linear_weight.size(0)))

    def _values(self):
        return tuple(getattr(self, name) for name in _FIELDS)

    def __repr__(self):
        text = ", ".join(f"{name}={value!r}" for name, value in zip(_FIELDS, self._values()))
        return f"LinearCrossEntropyOptions({text})"

    def __eq__(self, other):
        return isinstance(other, LinearCrossEntropyOptions) and self._values() == other._values()

    def __hash__(self):
        return hash(self._values())


def _is_aspect_ratio(text):
    name, _, number = text.partition(":")
    return name == "aspect_ratio" and (not number or number.replace(".", "", 1).isdigit())
