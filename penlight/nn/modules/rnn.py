"""Recurrent layers: RNN, LSTM and GRU over whole sequences, and their single steps, the cells."""

import math
import numbers
import warnings

import penlight
from penlight import _C
from penlight.nn import init
from penlight.nn.modules.module import Module
from penlight.nn.parameter import Parameter
from penlight.nn.utils.rnn import PackedSequence

__all__ = ["RNNBase", "RNN", "LSTM", "GRU", "RNNCellBase", "RNNCell", "LSTMCell", "GRUCell"]

# How many rows of hidden_size a weight has: one for each gate.
_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What RNN, LSTM and GRU share: sizes, weights and checks. `mode` is "LSTM", "GRU", "RNN_TANH" or "RNN_RELU".

    Weights are named weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0 (and weight_hr_l0 with projections), with the
    layer's number at the end, and `_reverse` after it for the backward direction.

    >>> torch.nn.RNNBase("GRU", 2, 3)
    RNNBase(2, 3)
    """

    def __init__(
        self,
        mode,
        input_size,
        hidden_size,
        num_layers=1,
        bias=True,
        batch_first=False,
        dropout=0.0,
        bidirectional=False,
        proj_size=0,
        device=None,
        dtype=None,
    ):
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_settings(dropout)
        self._flat_weights_names = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: 1 + bidirectional]:
                for name, shape in self._weight_shapes(layer):
                    name = f"{name}_l{layer}{suffix}"
                    setattr(self, name, Parameter(_C.empty(shape, device=device, dtype=dtype)))
                    self._flat_weights_names.append(name)
        self.reset_parameters()

    def _check_settings(self, dropout):
        if not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1 or isinstance(dropout, bool):
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
            )
        if dropout > 0 and self.num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects "
                f"num_layers greater than 1, but got dropout={dropout} and num_layers={self.num_layers}",
                stacklevel=4,
            )
        for name, kind in (("bias", bool), ("batch_first", bool), ("input_size", int), ("hidden_size", int)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
        for name in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be greater than zero")
        if self.proj_size < 0:
            raise ValueError("proj_size should be a positive integer or zero to disable projections")
        if self.proj_size >= self.hidden_size:
            raise ValueError("proj_size has to be smaller than hidden_size")
        if self.mode not in _GATES:
            raise ValueError("Unrecognized RNN mode: " + self.mode)

    def _weight_shapes(self, layer):
        """(name, shape) of one layer's weights in one direction."""
        rows = _GATES[self.mode] * self.hidden_size
        out = self.proj_size or self.hidden_size
        columns = self.input_size if layer == 0 else out * (1 + self.bidirectional)
        yield "weight_ih", (rows, columns)
        yield "weight_hh", (rows, out)
        if self.bias:
            yield "bias_ih", (rows,)
            yield "bias_hh", (rows,)
        if self.proj_size:
            yield "weight_hr", (self.proj_size, self.hidden_size)

    def reset_parameters(self):
        """Draw new initial values, uniform in +-1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def flatten_parameters(self):
        """Does nothing: the weights need no common memory. Kept for programs that call it."""

    @property
    def _flat_weights(self):
        return [getattr(self, name) for name in self._flat_weights_names]

    @property
    def all_weights(self):
        """The weights, a list for each layer and direction."""
        n = 2 + 2 * self.bias + (self.proj_size > 0)
        flat = self._flat_weights
        return [flat[i : i + n] for i in range(0, len(flat), n)]

    def __setstate__(self, state):
        super().__setstate__(state)
        self.__dict__.setdefault("proj_size", 0)

    def extra_repr(self):
        """The sizes and the settings that are not the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size != 0:
            text += f", proj_size={self.proj_size}"
        if self.num_layers != 1:
            text += f", num_layers={self.num_layers}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.batch_first is not False:
            text += f", batch_first={self.batch_first}"
        if self.dropout != 0:
            text += f", dropout={self.dropout}"
        if self.bidirectional is not False:
            text += f", bidirectional={self.bidirectional}"
        return text

    def check_input(self, input, batch_sizes=None):
        """Raise an error where an input (3 dimensions) has the wrong dtype or sizes."""
        weight_dtype = self._parameters[self._flat_weights_names[0]].dtype
        if input.dtype != weight_dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight_dtype}). Convert input: "
                f"input.to({weight_dtype}), or convert model: model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def get_expected_hidden_size(self, input, batch_sizes=None):
        """The shape that the hidden state must have for an input: (layers * directions, batch, size)."""
        batch = input.size(0 if self.batch_first else 1) if batch_sizes is None else int(batch_sizes[0])
        return self.num_layers * (1 + self.bidirectional), batch, self.proj_size or self.hidden_size

    def check_forward_args(self, input, hidden, batch_sizes):
        """Raise an error where the input or the hidden state has the wrong sizes."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def check_hidden_size(self, hx, expected_hidden_size, msg="Expected hidden size {}, got {}"):
        """Raise an error where a hidden state has the wrong shape."""
        if hx.size() != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def permute_hidden(self, hx, permutation):
        """A hidden state with the samples of its batch in another order; None changes nothing."""
        return hx if permutation is None else hx.index_select(1, permutation)

    def _run(self, input, hx):
        """The operator, on a checked sequence."""
        run = {"LSTM": _C.lstm, "GRU": _C.gru, "RNN_TANH": _C.rnn_tanh, "RNN_RELU": _C.rnn_relu}[self.mode]
        settings = self._flat_weights, self.bias, self.num_layers, self.dropout, self.training, self.bidirectional
        if isinstance(input, PackedSequence):
            return run(input.data, input.batch_sizes, hx, *settings)
        return run(input, hx, *settings, self.batch_first)

    def _forward_packed(self, sequence, hx):
        """forward of a PackedSequence, whose output is one as well."""
        data, batch_sizes, sorted_indices, unsorted_indices = sequence
        expected = self.get_expected_hidden_size(data, batch_sizes)
        if hx is None:
            hx = penlight.zeros(expected, dtype=data.dtype, device=data.device)
        else:
            hx = self.permute_hidden(hx, sorted_indices)
        self.check_forward_args(data, hx, batch_sizes)
        output, hidden = self._run(sequence, hx)
        packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
        return packed, self.permute_hidden(hidden, unsorted_indices)

    def _check_ndim(self, input, word=""):
        if input.dim() not in (2, 3):
            raise ValueError(f"{type(self).__name__}: Expected input to be 2D or 3D, got {input.dim()}D{word} instead")

    def forward(self, input, hx=None):
        """Run over a sequence -> (outputs of the last layer, final hidden state of every layer)."""
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        self._check_ndim(input, " tensor" if self.mode.startswith("RNN") else "")
        batched = input.dim() == 3
        if hx is not None and hx.dim() != input.dim():
            ndim, word = input.dim(), "batched" if batched else "unbatched"
            raise RuntimeError(f"For {word} {ndim}-D input, hx should also be {ndim}-D but got {hx.dim()}-D tensor")
        if not batched:
            input = input.unsqueeze(0 if self.batch_first else 1)
            hx = hx if hx is None else hx.unsqueeze(1)
        expected = self.get_expected_hidden_size(input)
        if hx is None:
            hx = penlight.zeros(expected, dtype=input.dtype, device=input.device)
        self.check_forward_args(input, hx, None)
        output, hidden = self._run(input, hx)
        if batched:
            return output, hidden
        return output.squeeze(0 if self.batch_first else 1), hidden.squeeze(1)


class RNN(RNNBase):
    """A simple recurrent network: h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh), in `num_layers` layers.

    Input (L, N, input_size), or (N, L, input_size) with `batch_first`, or unbatched (L, input_size); hidden state
    (num_layers * directions, N, hidden_size), zeros by default. Gives (outputs, last hidden state). `nonlinearity` is
    "tanh" or "relu", `dropout` acts between layers, `bidirectional` also runs backwards and joins both outputs.

    >>> output, h = torch.nn.RNN(10, 20, 2)(torch.zeros(5, 3, 10))
    >>> output.shape, h.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            nonlinearity, args = args[3], (*args[:3], *args[4:])
        else:
            nonlinearity = kwargs.pop("nonlinearity", "tanh")
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__("RNN_" + nonlinearity.upper(), *args, **kwargs)
        self.nonlinearity = nonlinearity


class GRU(RNNBase):
    """A gated recurrent unit: reset and update gates decide what of the hidden state is kept.

    Input (L, N, input_size), or (N, L, input_size) with `batch_first`, or unbatched (L, input_size); hidden state
    (num_layers * directions, N, hidden_size), zeros by default. Gives (outputs, last hidden state). The settings are
    those of RNN.

    >>> output, h = torch.nn.GRU(10, 20, 2)(torch.zeros(5, 3, 10))
    >>> output.shape, h.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class LSTM(RNNBase):
    """Long short-term memory: a recurrent network whose gates decide what a cell state keeps, takes in and shows.

    Input (L, N, input_size), or (N, L, input_size) with `batch_first`, or unbatched (L, input_size); states (h, c) of
    shapes (num_layers * directions, N, proj_size or hidden_size) and (..., hidden_size), zeros by default. Gives
    (outputs, (h, c)). With `proj_size` the hidden state is projected to that size. The other settings are those of
    RNN.

    >>> output, (h, c) = torch.nn.LSTM(10, 20, 2)(torch.zeros(5, 3, 10))
    >>> output.shape, h.shape, c.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input, batch_sizes=None):
        """The shape that the cell state must have for an input."""
        return (*self.get_expected_hidden_size(input, batch_sizes)[:2], self.hidden_size)

    def permute_hidden(self, hx, permutation):
        """Both states with the samples of the batch in another order; None changes nothing."""
        return hx if permutation is None else tuple(super(LSTM, self).permute_hidden(h, permutation) for h in hx)

    def check_forward_args(self, input, hidden, batch_sizes):
        """Raise an error where the input or a state has the wrong sizes."""
        self.check_input(input, batch_sizes)
        sizes = self.get_expected_hidden_size(input, batch_sizes), self.get_expected_cell_size(input, batch_sizes)
        for i in (0, 1):
            self.check_hidden_size(hidden[i], sizes[i], f"Expected hidden[{i}] size {{}}, got {{}}")

    def _forward_packed(self, sequence, hx):
        data, batch_sizes, sorted_indices, unsorted_indices = sequence
        if hx is None:
            sizes = self.get_expected_hidden_size(data, batch_sizes), self.get_expected_cell_size(data, batch_sizes)
            hx = tuple(penlight.zeros(size, dtype=data.dtype, device=data.device) for size in sizes)
        else:
            hx = self.permute_hidden(hx, sorted_indices)
        self.check_forward_args(data, hx, batch_sizes)
        output, h, c = self._run(sequence, hx)
        packed = PackedSequence(output, batch_sizes, sorted_indices, unsorted_indices)
        return packed, self.permute_hidden((h, c), unsorted_indices)

    def forward(self, input, hx=None):
        """Run over a sequence -> (outputs of the last layer, (final hidden states, final cell states))."""
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        self._check_ndim(input)
        batched = input.dim() == 3
        if hx is not None:
            self._check_state_ndim(hx, input.dim(), batched)
        if not batched:
            input = input.unsqueeze(0 if self.batch_first else 1)
            hx = hx if hx is None else (hx[0].unsqueeze(1), hx[1].unsqueeze(1))
        sizes = self.get_expected_hidden_size(input), self.get_expected_cell_size(input)
        if hx is None:
            hx = tuple(penlight.zeros(size, dtype=input.dtype, device=input.device) for size in sizes)
        self.check_forward_args(input, hx, None)
        output, h, c = self._run(input, hx)
        if batched:
            return output, (h, c)
        return output.squeeze(0 if self.batch_first else 1), (h.squeeze(1), c.squeeze(1))

    @staticmethod
    def _check_state_ndim(hx, ndim, batched):
        if hx[0].dim() != ndim or hx[1].dim() != ndim:
            raise RuntimeError(
                f"For {'batched' if batched else 'unbatched'} {ndim}-D input, hx and cx should also be {ndim}-D "
                f"but got ({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
            )


class RNNCellBase(Module):
    """What the cells share: sizes and weights (num_chunks * hidden_size, ...).

    >>> torch.nn.RNNCellBase(2, 3, True, num_chunks=1)
    RNNCellBase(2, 3)
    """

    def __init__(self, input_size, hidden_size, bias, num_chunks, device=None, dtype=None):
        super().__init__()
        options = {"device": device, "dtype": dtype}
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(_C.empty((rows, input_size), **options))
        self.weight_hh = Parameter(_C.empty((rows, hidden_size), **options))
        self.register_parameter("bias_ih", Parameter(_C.empty(rows, **options)) if bias else None)
        self.register_parameter("bias_hh", Parameter(_C.empty(rows, **options)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self):
        """Draw new initial values, uniform in +-1/sqrt(hidden_size)."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self):
        """The sizes and the settings that are not the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if self.__dict__.get("nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _step(self, function, input, hx):
        """One step of a cell with a single hidden state."""
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        if hx is not None and hx.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected hidden to be 1D or 2D, got {hx.dim()}D instead")
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
        if hx is None:
            hx = penlight.zeros((input.size(0), self.hidden_size), dtype=input.dtype, device=input.device)
        elif not batched:
            hx = hx.unsqueeze(0)
        hidden = function(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return hidden if batched else hidden.squeeze(0)


class RNNCell(RNNCellBase):
    """One step of an RNN: h' = tanh(W_ih x + b_ih + W_hh h + b_hh). Input (N, input_size), hidden (N, hidden_size).

    >>> torch.nn.RNNCell(10, 20)(torch.zeros(3, 10)).shape
    torch.Size([3, 20])
    """

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        """The next hidden state."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(_C.rnn_tanh_cell if self.nonlinearity == "tanh" else _C.rnn_relu_cell, input, hx)


class GRUCell(RNNCellBase):
    """One step of a GRU. Input (N, input_size), hidden state (N, hidden_size).

    >>> torch.nn.GRUCell(10, 20)(torch.zeros(3, 10)).shape
    torch.Size([3, 20])
    """

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input, hx=None):
        """The next hidden state."""
        return self._step(_C.gru_cell, input, hx)


class LSTMCell(RNNCellBase):
    """One step of an LSTM. Input (N, input_size), states (h, c) of (N, hidden_size) each; gives the next (h, c).

    >>> h, c = torch.nn.LSTMCell(10, 20)(torch.zeros(3, 10))
    >>> h.shape
    torch.Size([3, 20])
    """

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input, hx=None):
        """The next states."""
        if input.dim() not in (1, 2):
            raise ValueError(f"LSTMCell: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for i, state in enumerate(hx or ()):
            if state.dim() not in (1, 2):
                raise ValueError(f"LSTMCell: Expected hx[{i}] to be 1D or 2D, got {state.dim()}D instead")
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
        if hx is None:
            zeros = penlight.zeros((input.size(0), self.hidden_size), dtype=input.dtype, device=input.device)
            hx = zeros, zeros
        elif not batched:
            hx = hx[0].unsqueeze(0), hx[1].unsqueeze(0)
        h, c = _C.lstm_cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return (h, c) if batched else (h.squeeze(0), c.squeeze(0))
