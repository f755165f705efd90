"""Operators of neural networks: values against NumPy, both derivatives against differences, errors, memory."""

import gc
import weakref

import numpy as np
import pytest

import penlight as torch
from penlight import _C
from penlight.autograd import gradcheck, gradgradcheck
from penlight.nn import functional as F


def randn(*shape):
    return torch.randn(shape, dtype=torch.float64, requires_grad=True)


def close(actual, expected, tolerance=1e-12):
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=tolerance, atol=tolerance)


def reduced(losses, reduction):
    return {"none": lambda x: x, "mean": np.mean, "sum": np.sum}[reduction](losses)


# ---- losses
def np_bce(x, y):
    return -y * np.log(x) - (1 - y) * np.log(1 - x)


def np_huber(x, y):
    d = abs(x - y)
    return np.where(d < 1, 0.5 * d * d, d - 0.5)


ELEMENTWISE = {
    "mse_loss": lambda x, y: (x - y) ** 2,
    "l1_loss": lambda x, y: abs(x - y),
    "smooth_l1_loss": np_huber,
    "huber_loss": np_huber,
    "binary_cross_entropy": np_bce,
    "binary_cross_entropy_with_logits": lambda x, y: np_bce(1 / (1 + np.exp(-x)), y),
}


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("shape", [(), (3,), (4, 5), (100_003,)], ids=str)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_loss(name, shape, reduction):
    x, y = 2 * torch.randn(shape, dtype=torch.float64), torch.rand(shape, dtype=torch.float64)
    if name == "binary_cross_entropy":
        x = x.sigmoid()
    expected = reduced(ELEMENTWISE[name](x.numpy(), y.numpy()), reduction)
    close(getattr(F, name)(x, y, reduction=reduction), expected, 1e-10)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_loss_gradients(name, reduction):
    function = getattr(F, name)
    x, y = randn(3, 4), torch.rand((3, 4), dtype=torch.float64, requires_grad=True)
    if name == "binary_cross_entropy":
        x = torch.rand((3, 4), dtype=torch.float64).mul(0.8).add(0.1).requires_grad_()
    assert gradcheck(lambda a, b: function(a, b, reduction=reduction), (x, y))
    assert gradgradcheck(lambda a, b: function(a, b, reduction=reduction), (x, y))


def test_loss_of_mixed_dtypes_and_broadcast_shapes():
    x, y = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4, dtype=torch.float64)
    loss = F.mse_loss(x, y)
    assert loss.dtype == torch.float64
    loss.backward()
    assert x.grad.dtype == torch.float32
    assert F.mse_loss(torch.randn(2, 3), torch.tensor([[1, 2, 3], [4, 5, 6]])).dtype == torch.float32
    wide = _C.mse_loss(randn(3, 1), torch.zeros(4, dtype=torch.float64), 0)
    assert wide.shape == (3, 4)


def np_cross_entropy(x, target, weight, ignore):
    """Losses and weights of the places, for scores (N, C, ...)."""
    log_p = x - np.log(np.exp(x).sum(1, keepdims=True))
    counted = target != ignore
    label = np.where(counted, target, 0)
    weights = weight[label] * counted
    return -np.take_along_axis(log_p, label[:, None], 1)[:, 0] * weights, weights


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("shape", [(3, 5), (2, 5, 3), (2, 5, 3, 4), (300, 1000)], ids=str)
def test_cross_entropy(shape, reduction):
    x = 3 * torch.randn(shape, dtype=torch.float64)
    weight = torch.rand(shape[1], dtype=torch.float64)
    target = torch.randint(0, shape[1], (shape[0], *shape[2:]))
    losses, weights = np_cross_entropy(x.numpy(), target.numpy(), weight.numpy(), 1)
    expected = losses.sum() / weights.sum() if reduction == "mean" else reduced(losses, reduction)
    close(F.cross_entropy(x, target, weight, ignore_index=1, reduction=reduction), expected, 1e-10)
    log_p = F.log_softmax(x, 1)
    close(F.nll_loss(log_p, target, weight, ignore_index=1, reduction=reduction), expected, 1e-10)
    one_hot = torch.zeros_like(x).scatter_(1, target.unsqueeze(1), 1)
    close(
        F.cross_entropy(x, one_hot, reduction=reduction),
        F.cross_entropy(x, target, reduction=reduction).numpy()
        if reduction != "mean" or len(shape) == 2
        else F.cross_entropy(x, target, reduction="sum").numpy() / (x.numel() // shape[1]),
        1e-10,
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 5, 3)], ids=str)
def test_cross_entropy_gradients(shape, reduction, smoothing):
    x = randn(*shape)
    classes = shape[1] if len(shape) > 1 else shape[0]
    target = torch.randint(0, classes, (shape[0], *shape[2:]) if len(shape) > 1 else ())
    weight = torch.rand(classes, dtype=torch.float64)

    def loss(a):
        return F.cross_entropy(a, target, weight, ignore_index=1, reduction=reduction, label_smoothing=smoothing)

    if (target != 1).any():
        assert gradcheck(loss, (x,))
        assert gradgradcheck(loss, (x,))


def test_cross_entropy_stays_finite_for_large_scores():
    x = torch.tensor([[1000.0, -1000.0, 0.0]], requires_grad=True)
    loss = F.cross_entropy(x, torch.tensor([1]))
    loss.backward()
    assert loss.item() == 2000.0
    assert x.grad.tolist() == [[1.0, -1.0, 0.0]]


def test_cross_entropy_of_only_ignored_targets_is_nan():
    assert F.cross_entropy(torch.randn(2, 3), torch.tensor([-100, -100])).isnan()
    assert F.cross_entropy(torch.randn(2, 3), torch.tensor([-100, -100]), reduction="sum") == 0


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda x: F.cross_entropy(x, torch.tensor([0, 1, 5])), IndexError, "Target 5 is out of bounds."),
        (lambda x: F.cross_entropy(x, torch.tensor([0, 1, -1])), IndexError, "Target -1 is out of bounds."),
        (
            lambda x: F.cross_entropy(x, torch.tensor([0, 1, 2]).int()),
            RuntimeError,
            "expected target dtype to be Long or Byte, but got Int",
        ),
        (
            lambda x: F.cross_entropy(x, torch.tensor([0.0, 1.0, 2.0])),
            RuntimeError,
            "to be Long or Byte, but got Float",
        ),
        (
            lambda x: F.cross_entropy(x, torch.tensor([0, 1, 2, 3])),
            ValueError,
            r"batch_size \(3\) to match target batch_size \(4\)",
        ),
        (
            lambda x: F.cross_entropy(x, torch.zeros(3, 5).long()),
            RuntimeError,
            "Expected floating point type for target with class prob",
        ),
        (
            lambda x: F.cross_entropy(x, torch.tensor([0, 1, 2]), torch.ones(4)),
            RuntimeError,
            "either for all 5 classes or no classes",
        ),
        (
            lambda x: F.cross_entropy(x, torch.tensor([0, 1, 2]), label_smoothing=2.0),
            RuntimeError,
            "must be between 0.0 and 1.0. Got: 2",
        ),
        (lambda x: F.mse_loss(x.long(), x.long()), NotImplementedError, "not implemented for 'Long'"),
        (lambda x: F.binary_cross_entropy(x + 9, x), RuntimeError, "all elements of input should be between 0 and 1"),
        (
            lambda x: F.binary_cross_entropy(x.sigmoid(), x.double()),
            RuntimeError,
            "Found dtype Double but expected Float",
        ),
        (lambda x: F.huber_loss(x, x, delta=0), RuntimeError, "does not support non-positive values for delta"),
    ],
)
def test_loss_errors(call, error, message):
    with pytest.raises(error, match=message):
        call(torch.randn(3, 5))


# ---- recurrent layers
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def np_cell(kind, x, h, c, w, u, b, v):
    g, r = x @ w.T + b, h @ u.T + v
    if kind == "lstm":
        i, f, a, o = np.split(g + r, 4, -1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(a)
        return sigmoid(o) * np.tanh(c), c
    if kind == "gru":
        (gr, gz, gn), (hr, hz, hn) = np.split(g, 3, -1), np.split(r, 3, -1)
        z = sigmoid(gz + hz)
        n = np.tanh(gn + sigmoid(gr + hr) * hn)
        return (1 - z) * n + z * h, c
    return (np.tanh(g + r) if kind == "rnn_tanh" else np.maximum(g + r, 0)), c


GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def recurrent_inputs(kind, steps, batch, inputs, hidden, layers=1, directions=1):
    rows = GATES[kind] * hidden
    params = []
    for layer in range(layers):
        for _ in range(directions):
            params += [
                randn(rows, hidden * directions if layer else inputs),
                randn(rows, hidden),
                randn(rows),
                randn(rows),
            ]
    state = [randn(layers * directions, batch, hidden) for _ in range(2 if kind == "lstm" else 1)]
    return randn(steps, batch, inputs), state, params


def run_recurrent(kind, x, state, params, layers=1, bidirectional=False, batch_first=False):
    return getattr(_C, kind)(
        x, state if kind == "lstm" else state[0], params, True, layers, 0.0, False, bidirectional, batch_first
    )


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", GATES)
def test_recurrent_values(kind, layers, directions, batch_first):
    x, state, params = recurrent_inputs(kind, 4, 2, 3, 5, layers, directions)
    given = x.transpose(0, 1) if batch_first else x
    output, *last = run_recurrent(kind, given, state, params, layers, directions == 2, batch_first)
    sequence = x.detach().numpy()
    numpy = [p.detach().numpy() for p in params]
    for layer in range(layers):
        outputs = []
        for d in range(directions):
            i = layer * directions + d
            h, c = state[0][i].detach().numpy(), state[-1][i].detach().numpy()
            steps = []
            for step in sequence[::-1] if d else sequence:
                h, c = np_cell(kind, step, h, c, *numpy[4 * i : 4 * i + 4])
                steps.append(h)
            outputs.append(np.stack(steps[::-1] if d else steps))
            close(last[0][i], h)
            if kind == "lstm":
                close(last[1][i], c)
        sequence = np.concatenate(outputs, -1)
    close(output.transpose(0, 1) if batch_first else output, sequence)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", GATES)
def test_recurrent_gradients(kind, bidirectional):
    x, state, params = recurrent_inputs(kind, 3, 2, 2, 3, 1, 1 + bidirectional)

    def call(x, *rest):
        return run_recurrent(kind, x, list(rest[: len(state)]), list(rest[len(state) :]), 1, bidirectional)

    assert gradcheck(call, (x, *state, *params))
    if not bidirectional:
        assert gradgradcheck(call, (x, *state, *params))


@pytest.mark.parametrize("kind", GATES)
def test_cell_gradients(kind):
    x, state, params = recurrent_inputs(kind, 1, 2, 2, 3)

    def call(x, *rest):
        hx = list(rest[: len(state)])
        return getattr(_C, kind + "_cell")(x, hx if kind == "lstm" else hx[0], *rest[len(state) :])

    assert gradcheck(call, (x[0], *(s[0] for s in state), *params))


def test_lstm_backward_twice_through_a_kept_graph():
    x, state, params = recurrent_inputs("lstm", 3, 2, 2, 3)
    loss = run_recurrent("lstm", x, state, params)[0].sum()
    first = torch.autograd.grad(loss, params, retain_graph=True)
    second = torch.autograd.grad(loss, params)
    assert all((a == b).all() for a, b in zip(first, second))


def test_projected_lstm():
    lstm = torch.nn.LSTM(4, 6, proj_size=3).double()
    output, (h, c) = lstm(randn(5, 2, 4))
    assert (output.shape, h.shape, c.shape) == ((5, 2, 3), (1, 2, 3), (1, 2, 6))
    assert (output[-1] == h[0]).all()


def test_output_changed_in_place_is_noticed():
    x, state, params = recurrent_inputs("lstm", 3, 2, 2, 3)
    output = run_recurrent("lstm", x, state, params)[0]
    with torch.no_grad():
        output.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        output.sum().backward()


# ---- memory: a graph dies with its last tensor, without the cycle collector
@pytest.mark.parametrize(
    "call",
    [
        lambda x: torch.nn.LSTM(4, 4)(x)[0],
        lambda x: torch.nn.GRU(4, 4)(x)[0],
        lambda x: torch.nn.LSTMCell(4, 4)(x[0])[1],
        lambda x: F.layer_norm(x, (4,)),
        lambda x: F.batch_norm(x, None, None, training=True),
        lambda x: F.cross_entropy(x[0], torch.zeros(3).long()),
        lambda x: F.max_pool1d(x, 2),
        lambda x: F.conv1d(x, torch.ones(2, 3, 2, requires_grad=True)),
    ],
)
def test_graph_has_no_cycle(call):
    gc.disable()
    try:
        output = call(torch.randn(2, 3, 4, requires_grad=True))
        seen = weakref.ref(output)
        del output
        assert seen() is None
    finally:
        gc.enable()


# ---- convolutions
def np_conv2d(x, w, stride, padding, dilation, groups):
    n, _, height, width = x.shape
    out_channels, in_channels, kh, kw = w.shape
    x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    oh = (height + 2 * padding[0] - dilation[0] * (kh - 1) - 1) // stride[0] + 1
    ow = (width + 2 * padding[1] - dilation[1] * (kw - 1) - 1) // stride[1] + 1
    y = np.zeros((n, out_channels, oh, ow))
    each = out_channels // groups
    for o in range(out_channels):
        part = x[:, (o // each) * in_channels : (o // each + 1) * in_channels]
        for i in range(oh):
            for j in range(ow):
                top, left = i * stride[0], j * stride[1]
                window = part[
                    :,
                    :,
                    top : top + dilation[0] * (kh - 1) + 1 : dilation[0],
                    left : left + dilation[1] * (kw - 1) + 1 : dilation[1],
                ]
                y[:, o, i, j] = (window * w[o]).sum((1, 2, 3))
    return y


CONVOLUTIONS = [
    # input, weight, stride, padding, dilation, groups
    ((2, 3, 5, 6), (4, 3, 3, 2), (1, 1), (0, 0), (1, 1), 1),
    ((2, 4, 6, 5), (6, 2, 2, 3), (2, 1), (1, 2), (1, 2), 2),
    ((1, 4, 5, 5), (4, 1, 3, 3), (2, 2), (1, 1), (1, 1), 4),
    ((1, 2, 4, 4), (3, 2, 1, 1), (1, 1), (0, 0), (1, 1), 1),
]


@pytest.mark.parametrize("sizes", CONVOLUTIONS, ids=str)
def test_conv2d(sizes):
    x, w = randn(*sizes[0]), randn(*sizes[1])
    b = randn(sizes[1][0])
    expected = np_conv2d(x.detach().numpy(), w.detach().numpy(), *sizes[2:]) + b.detach().numpy()[:, None, None]
    close(F.conv2d(x, w, b, *sizes[2:]), expected)
    assert gradcheck(lambda *a: F.conv2d(*a, *sizes[2:]), (x, w, b))
    assert gradgradcheck(lambda *a: F.conv2d(*a, *sizes[2:]), (x, w, b))


@pytest.mark.parametrize("output_padding", [0, 1])
@pytest.mark.parametrize("sizes", CONVOLUTIONS[1:3], ids=str)
def test_transposed_convolution_is_the_transpose(sizes, output_padding):
    shape, weight, *settings, groups = sizes
    stride, padding, dilation = settings
    w = randn(*weight)
    small = F.conv2d(randn(*shape), w, None, *settings, groups)
    y = torch.randn_like(small).requires_grad_()
    padding_out = [min(output_padding, max(s, d) - 1) for s, d in zip(stride, dilation)]
    big = _C.conv_transpose2d(y, w, None, stride, padding, padding_out, groups, dilation)
    x = torch.randn_like(big)
    # <conv(x), y> = <x, conv_transpose(y)>, where a longer x gives rows and columns that y does not have.
    images = F.conv2d(x, w, None, *settings, groups)[..., : y.size(2), : y.size(3)]
    close((images * y).sum(), (x * big).sum().item(), 1e-9)
    assert gradcheck(
        lambda a, b: _C.conv_transpose2d(a, b, None, stride, padding, padding_out, groups, dilation), (y, w)
    )


def test_conv1d_and_conv3d_are_special_cases():
    x, w = randn(2, 3, 7), randn(4, 3, 3)
    flat = F.conv2d(x.unsqueeze(2), w.unsqueeze(2), stride=(1, 2), padding=(0, 1)).squeeze(2)
    close(F.conv1d(x, w, stride=2, padding=1), flat.detach().numpy())
    close(F.conv1d(x[0], w, stride=2, padding=1), flat[0].detach().numpy())
    volume = F.conv3d(x.unsqueeze(2).unsqueeze(2), w.unsqueeze(2).unsqueeze(2), stride=(1, 1, 2), padding=(0, 0, 1))
    close(volume, flat.detach().numpy()[:, :, None, None])


def test_conv_padding_by_name():
    x, w = randn(1, 1, 6), randn(1, 1, 4)
    assert F.conv1d(x, w, padding="same").shape == (1, 1, 6)
    close(F.conv1d(x, w, padding="same"), F.conv1d(F.pad(x, (1, 2)), w).detach().numpy())
    assert F.conv1d(x, w, padding="valid").shape == (1, 1, 3)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda w: F.conv2d(torch.randn(1, 1, 8, 8), w),
            r"Given groups=1, weight of size \[8, 3, 3, 3\], expected input\[1, 1, 8, 8\] to have 3 channels",
        ),
        (
            lambda w: F.conv2d(torch.randn(5, 5), w),
            r"Expected 3D \(unbatched\) or 4D \(batched\) input to conv2d, but got input of size: \[5, 5\]",
        ),
        (
            lambda w: F.conv2d(torch.randn(1, 3, 2, 8), w),
            r"Calculated padded input size per channel: \(2 x 8\). Kernel size: \(3 x 3\)",
        ),
        (lambda w: F.conv2d(torch.randn(1, 3, 8, 8).double(), w), "expected scalar type Double but found Float"),
        (lambda w: F.conv2d(torch.randn(1, 3, 8, 8), w, torch.ones(7)), "bias to be 1-dimensional with 8 elements"),
        (lambda w: F.conv2d(torch.randn(1, 3, 8, 8), w, stride=0), "non-positive stride is not supported"),
        (lambda w: F.conv2d(torch.randn(1, 3, 8, 8), w, padding="same", stride=2), "not supported for strided"),
    ],
)
def test_conv_errors(call, message):
    with pytest.raises(RuntimeError, match=message):
        call(torch.randn(8, 3, 3, 3))


# ---- normalisation
@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 2), (2, 3, 4, 5), (8, 5, 40, 40), (300, 7)], ids=str)
def test_batch_norm(shape):
    x, w, b = randn(*shape) * 2 + 3, randn(shape[1]), randn(shape[1])
    mean, var = torch.zeros(shape[1]).double(), torch.ones(shape[1]).double()
    over = (0, *range(2, len(shape)))
    wide = (1, -1, *[1] * (len(shape) - 2))
    numpy = x.detach().numpy()
    m, v = numpy.mean(over, keepdims=True), numpy.var(over, keepdims=True)
    expected = (numpy - m) / np.sqrt(v + 1e-5) * w.detach().numpy().reshape(wide) + b.detach().numpy().reshape(wide)
    close(F.batch_norm(x, mean, var, w, b, True, 0.1), expected, 1e-10)
    n = numpy.size / shape[1]
    close(mean, 0.1 * m.reshape(-1))
    close(var, 0.9 + 0.1 * v.reshape(-1) * n / (n - 1))
    expected = (numpy - mean.numpy().reshape(wide)) / np.sqrt(var.numpy().reshape(wide) + 1e-5)
    close(F.batch_norm(x, mean, var), expected, 1e-10)


def test_batch_norm_of_channels_last_memory():
    x = torch.randn(2, 3, 4, 5, dtype=torch.float64)
    y = F.batch_norm(x.contiguous(memory_format=torch.channels_last), None, None, training=True)
    close(y, F.batch_norm(x, None, None, training=True).numpy())
    assert y.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("shape, size", [((4, 6), (6,)), ((2, 3, 4), (3, 4)), ((40, 1300), (1300,))], ids=str)
def test_layer_and_rms_norm(shape, size):
    x, w, b = randn(*shape) + 2, randn(*size), randn(*size)
    numpy, over = x.detach().numpy(), tuple(range(-len(size), 0))
    m, v = numpy.mean(over, keepdims=True), numpy.var(over, keepdims=True)
    close(F.layer_norm(x, size, w, b), (numpy - m) / np.sqrt(v + 1e-5) * w.detach().numpy() + b.detach().numpy(), 1e-10)
    root = np.sqrt((numpy * numpy).mean(over, keepdims=True) + 0.1)
    close(F.rms_norm(x, size, w, 0.1), numpy / root * w.detach().numpy(), 1e-10)


NORMS = {
    "layer_norm": (lambda x, w, b: F.layer_norm(x, (4,), w, b), (2, 3, 4), 4),
    "rms_norm": (lambda x, w, b: F.rms_norm(x, (4,), w), (2, 3, 4), 4),
    "batch_norm": (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (3, 2, 4), 2),
    "batch_norm_2d": (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), (5, 3), 3),
    "batch_norm_eval": (
        lambda x, w, b: F.batch_norm(x, torch.ones(2).double(), torch.ones(2).double(), w, b),
        (3, 2, 4),
        2,
    ),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b), (2, 4, 3), 4),
    "group_norm_2d": (lambda x, w, b: F.group_norm(x, 2, w, b), (2, 4), 4),
    "instance_norm": (lambda x, w, b: F.instance_norm(x, None, None, w, b), (2, 3, 4), 3),
}


@pytest.mark.parametrize("name", NORMS)
def test_norm_gradients(name):
    call, shape, n = NORMS[name]
    inputs = randn(*shape), randn(n), randn(n)
    if name == "rms_norm":
        inputs = inputs[:2]
        assert gradcheck(lambda x, w: call(x, w, None), inputs)
        assert gradgradcheck(lambda x, w: call(x, w, None), inputs)
        return
    assert gradcheck(call, inputs)
    assert gradgradcheck(call, inputs)


def test_norms_of_narrow_floats_keep_wide_parameters():
    x = torch.randn(4, 6).bfloat16().requires_grad_()
    w = torch.ones(6, requires_grad=True)
    y = F.layer_norm(x, (6,), w)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype, w.grad.dtype) == (torch.bfloat16, torch.bfloat16, torch.float32)


# ---- pooling
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_max_pool(dims):
    x = torch.randn(2, 3, *(7, 6, 5)[:dims], dtype=torch.float64)
    y, index = getattr(F, f"max_pool{dims}d")(x, 3, 2, 1, return_indices=True)
    padded = np.pad(x.numpy(), [(0, 0), (0, 0)] + [(1, 1)] * dims, constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3,) * dims, tuple(range(2, 2 + dims)))
    expected = windows[(slice(None), slice(None), *[slice(None, None, 2)] * dims)].max(tuple(range(-dims, 0)))
    close(y, expected)
    close(x.flatten(2).gather(2, index.flatten(2)), expected.reshape(2, 3, -1))


def test_of_equal_elements_the_first_wins():
    y, index = F.max_pool2d(torch.tensor([[[1.0, 5.0], [5.0, 1.0]]]), 2, return_indices=True)
    assert (y.item(), index.item()) == (5.0, 1)
    assert F.max_pool1d(torch.tensor([[1.0, float("nan"), 2.0]]), 3).isnan().all()


@pytest.mark.parametrize("include", [True, False])
def test_avg_pool_counts_padding(include):
    y = F.avg_pool1d(torch.tensor([[1.0, 2.0, 3.0]]), 2, 2, 1, count_include_pad=include)
    assert y.tolist() == [[0.5, 2.5]] if include else [[1.0, 2.5]]
    assert F.avg_pool2d(torch.ones(1, 4, 4), 2, divisor_override=2).tolist() == [[[2.0, 2.0], [2.0, 2.0]]]


@pytest.mark.parametrize("ceil", [False, True])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_pool_gradients(dims, ceil):
    x = randn(1, 2, *(5, 4, 4)[:dims])
    calls = [
        lambda a: getattr(F, f"max_pool{dims}d")(a, 2, 2, 1, 2 if dims == 1 else 1, ceil),
        lambda a: getattr(F, f"avg_pool{dims}d")(a, 3, 2, 1, ceil, False),
        lambda a: getattr(F, f"adaptive_avg_pool{dims}d")(a, 3),
        lambda a: getattr(F, f"adaptive_max_pool{dims}d")(a, 3),
    ]
    for call in calls:
        assert gradcheck(call, (x,))
        assert gradgradcheck(call, (x,))


def test_windows_wider_than_a_tile():
    x = torch.randn(2, 5000, dtype=torch.float64)
    close(F.max_pool1d(x, 2500), x.numpy().reshape(2, 2, 2500).max(2))
    close(F.avg_pool1d(x, 2500), x.numpy().reshape(2, 2, 2500).mean(2))
    close(F.adaptive_avg_pool1d(x, 2), x.numpy().reshape(2, 2, 2500).mean(2))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: F.max_pool2d(x[0, 0], 2), r"non-empty 3D or 4D \(batch mode\) tensor expected for input"),
        (
            lambda x: F.max_pool2d(x, 9),
            r"Given input size: \(1x4x4\). Calculated output size: \(1x0x0\). Output size is too small",
        ),
        (lambda x: F.max_pool2d(x, 2, padding=2), "pad should be at most half of effective kernel size"),
        (lambda x: F.avg_pool2d(x, 2, divisor_override=0), "divisor must be not zero"),
    ],
)
def test_pool_errors(call, message):
    with pytest.raises(RuntimeError, match=message):
        call(torch.ones(1, 1, 4, 4))


# ---- padding, resampling, attention, distances
@pytest.mark.parametrize(
    "mode, numpy", [("constant", "constant"), ("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")]
)
def test_pad(mode, numpy):
    x = randn(2, 3, 4, 5)
    close(_C.pad(x, (1, 2, 3, 0), mode), np.pad(x.detach().numpy(), ((0, 0), (0, 0), (3, 0), (1, 2)), mode=numpy))
    assert gradcheck(lambda a: _C.pad(a, (1, 2, 3, 0), mode), (x[:1, :1],))


def test_negative_padding_crops():
    assert _C.pad(torch.arange(5.0), (-1, 2), value=9.0).tolist() == [1.0, 2.0, 3.0, 4.0, 9.0, 9.0]


UPSAMPLED = {
    "nearest": [1.0, 1.0, 2.0, 2.0, 4.0, 4.0],
    "linear": [1.0, 1.25, 1.75, 2.5, 3.5, 4.0],
}


@pytest.mark.parametrize("mode", UPSAMPLED)
def test_upsample(mode):
    assert _C._upsample(torch.tensor([[[1.0, 2.0, 4.0]]]), mode, [6], None).tolist() == [[UPSAMPLED[mode]]]
    assert gradcheck(lambda a: _C._upsample(a, mode, [5], None), (randn(1, 2, 3),))


def test_upsample_with_aligned_corners_keeps_them():
    y = _C._upsample(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), "bilinear", [3, 3], None, True)
    assert y.tolist() == [[[[1.0, 1.5, 2.0], [2.0, 2.5, 3.0], [3.0, 3.5, 4.0]]]]


def test_attention():
    q, k, v = randn(2, 4, 5), randn(2, 6, 5), randn(2, 6, 3)
    scores = (q @ k.transpose(1, 2) / 5**0.5).detach().numpy()
    weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
    close(_C.scaled_dot_product_attention(q, k, v), weights @ v.detach().numpy())
    allowed = torch.ones(4, 6, dtype=torch.bool)
    allowed[2] = False
    assert (_C.scaled_dot_product_attention(q, k, v, allowed)[:, 2] == 0).all()
    causal = _C.scaled_dot_product_attention(q, k, v, is_causal=True)
    close(causal[:, 0], v[:, 0].detach().numpy())
    assert gradcheck(_C.scaled_dot_product_attention, (q, k, v))


def test_distances():
    a, b = randn(3, 4), randn(3, 4)
    x, y = a.detach().numpy(), b.detach().numpy()
    norms = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    close(F.cosine_similarity(a, b), (x * y).sum(1) / norms)
    close(F.pairwise_distance(a, b), np.linalg.norm(x - y + 1e-6, axis=1))
    assert gradcheck(F.cosine_similarity, (a, b))
    assert (F.cosine_similarity(torch.zeros(2, 3), torch.ones(2, 3)) == 0).all()


def test_bilinear():
    a, b, w = randn(2, 3), randn(2, 4), randn(5, 3, 4)
    close(F.bilinear(a, b, w), np.einsum("ni,kij,nj->nk", a.detach().numpy(), w.detach().numpy(), b.detach().numpy()))
    assert gradcheck(F.bilinear, (a, b, w))


def test_pixel_shuffle_there_and_back():
    x = torch.arange(2 * 8 * 3 * 4).reshape(2, 8, 3, 4)
    y = _C.pixel_shuffle(x, 2)
    assert y.shape == (2, 2, 6, 8)
    assert y[0, 0, :2, :2].tolist() == [[0, 12], [24, 36]]
    assert (_C.pixel_unshuffle(y, 2) == x).all()


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unpool_puts_elements_back(dims):
    x = torch.randn(2, 3, *(6, 8, 4)[:dims], dtype=torch.float64)
    y, index = getattr(F, f"max_pool{dims}d")(x, 2, return_indices=True)
    back = getattr(F, f"max_unpool{dims}d")(y, index, 2)
    assert (back[back != 0] == x[back != 0]).all() and (back != 0).sum() == y.numel()
    assert gradcheck(lambda a: getattr(F, f"max_unpool{dims}d")(a, index, 2), (y.requires_grad_(),))


def test_interpolate_sizes_and_factors():
    x = torch.arange(4.0).reshape(1, 1, 2, 2)
    assert F.interpolate(x, scale_factor=2)[0, 0].tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    assert F.interpolate(x, size=1, mode="area").item() == 1.5
    assert F.interpolate(x, size=(2, 4), mode="bilinear", antialias=True).shape == (1, 1, 2, 4)
    with pytest.raises(ValueError, match="only one of size or scale_factor"):
        F.interpolate(x, 2, 2)
    with pytest.raises(NotImplementedError, match="Got 4D input, but linear mode needs 3D input"):
        F.interpolate(x, 2, mode="linear")


@pytest.mark.parametrize("which", [(True, False), (False, True), (False, False)], ids=str)
@pytest.mark.parametrize("kind", GATES)
def test_cells_with_one_bias(kind, which):
    x, state, params = recurrent_inputs(kind, 1, 2, 3, 4)
    biases = [b if given else None for b, given in zip(params[2:], which)]
    zeros = [b if given else torch.zeros_like(b) for b, given in zip(params[2:], which)]
    h = [s[0] for s in state]
    cell = getattr(_C, kind + "_cell")
    one, two = (cell(x[0], h if kind == "lstm" else h[0], *params[:2], *b) for b in (biases, zeros))
    one, two = (r[1] if kind == "lstm" else r for r in (one, two))
    close(one, two.detach().numpy())
