"""Attention, Transformers, packed sequences, bags, grids, patches, CTC and the losses over many classes.

Expected numbers are computed with NumPy or SciPy here, or were recorded from PyTorch 2.13 under the same seed.
"""

import itertools
import math

import numpy as np
import pytest
from scipy import ndimage

import penlight as torch
import penlight.nn.functional as F
from penlight import nn
from penlight.autograd import gradcheck, gradgradcheck
from penlight.nn.utils import rnn


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def tensor(rng, *shape, grad=False):
    return torch.tensor(rng.standard_normal(shape)).requires_grad_(grad)


def near(t, expected, tol=1e-9):
    np.testing.assert_allclose(np.asarray(t.detach()), expected, rtol=tol, atol=tol)


# ------------------------------------------------------------------------------------------------------- attention
def attention(q, k, v, mask=None):
    """softmax(q k^T / sqrt(E) + mask) v, where a query that sees nothing gives zeros."""
    scores = q @ np.swapaxes(k, -1, -2) / math.sqrt(q.shape[-1])
    scores = scores if mask is None else scores + mask
    top = scores.max(-1, keepdims=True)
    weights = np.exp(scores - np.where(np.isinf(top), 0, top))
    total = weights.sum(-1, keepdims=True)
    return weights / np.where(total == 0, 1, total) @ v


# More queries than a tile has rows and more keys than it has columns, and less.
@pytest.mark.parametrize("length, keys", [(3, 4), (70, 600), (130, 1100)])
@pytest.mark.parametrize("kind", ["none", "causal", "bool", "numbers"])
def test_attention(rng, length, keys, kind):
    q, k, v = tensor(rng, 2, 2, length, 5), tensor(rng, 2, 2, keys, 5), tensor(rng, 2, 2, keys, 3)
    given, added = {}, None
    if kind == "causal":
        given, added = {"is_causal": True}, np.where(np.tri(length, keys) > 0, 0, -np.inf)
    elif kind == "bool":
        seen = rng.random((2, 1, length, keys)) > 0.5
        seen[0, 0, 0] = False
        given, added = {"attn_mask": torch.tensor(seen)}, np.where(seen, 0, -np.inf)
    elif kind == "numbers":
        added = rng.standard_normal((length, keys))
        given = {"attn_mask": torch.tensor(added)}
    near(F.scaled_dot_product_attention(q, k, v, **given), attention(*map(np.asarray, (q, k, v)), added))


@pytest.mark.parametrize("given", [{}, {"is_causal": True}, {"is_causal": True, "enable_gqa": True, "scale": 0.3}])
def test_attention_gradients_of_tiles(rng, given):
    """The fused backward against the operators that a mask with a gradient asks for."""
    heads = 1 if "enable_gqa" in given else 2
    q = tensor(rng, 1, 2, 70, 4, grad=True)
    k, v = tensor(rng, 1, heads, 600, 4, grad=True), tensor(rng, 1, heads, 600, 4, grad=True)
    direction = tensor(rng, 1, 2, 70, 4)
    fused = F.scaled_dot_product_attention(q, k, v, **given)
    mask = torch.zeros(70, 600, dtype=torch.float64)
    if given.pop("is_causal", False):
        mask = torch.full((70, 600), -math.inf, dtype=torch.float64).triu(1)
    composed = F.scaled_dot_product_attention(q, k, v, mask.requires_grad_(), **given)
    assert "ScaledDotProduct" in fused.grad_fn.name() and "ScaledDotProduct" not in composed.grad_fn.name()
    near(fused, np.asarray(composed.detach()))
    for a, b in zip(
        torch.autograd.grad(fused, (q, k, v), direction), torch.autograd.grad(composed, (q, k, v), direction)
    ):
        near(a, np.asarray(b))


def test_attention_second_gradients(rng):
    q, k, v = (tensor(rng, 1, 1, 3, 2, grad=True) for _ in range(3))
    assert gradgradcheck(lambda *t: F.scaled_dot_product_attention(*t, is_causal=True), (q, k, v))


def test_multihead_attention_weights():
    torch.manual_seed(0)
    m = nn.MultiheadAttention(4, 2, add_bias_kv=True, kdim=3)
    sums = [p.sum().item() for p in (m.k_proj_weight, m.out_proj.weight, m.bias_k)]
    assert sums == pytest.approx([-0.03582048416137695, -1.3448340892791748, -0.6125141382217407], abs=1e-6)
    assert list(m.state_dict())[:4] == ["q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias"]


def test_multihead_attention_masks(rng):
    torch.manual_seed(0)
    m = nn.MultiheadAttention(4, 2, batch_first=True).double()
    x = tensor(rng, 2, 5, 4)
    padding = torch.tensor([[False] * 4 + [True], [False] * 5])
    output, weights = m(x, x, x, key_padding_mask=padding)
    assert (weights[0, :, 4] == 0).all() and weights.shape == (2, 5, 5)
    near(m(x[:1], x[:1, :4], x[:1, :4])[0], np.asarray(output[:1].detach()))
    near(m(x, x, x, key_padding_mask=padding, need_weights=False)[0], np.asarray(output.detach()))
    causal = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64)
    near(
        m(x, x, x, attn_mask=causal)[0][:, :2],
        np.asarray(m(x[:, :2], x[:, :2], x[:, :2], attn_mask=causal[:2, :2])[0].detach()),
    )
    assert m(x, x, x, average_attn_weights=False)[1].shape == (2, 2, 5, 5)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda m, x: m(x[0, 0], x, x), "query should be unbatched 2D or batched 3D tensor but received 1-D"),
        (
            lambda m, x: m(x, x, x, attn_mask=torch.zeros(3, 2)),
            r"The shape of the 2D attn_mask is torch.Size\(\[3, 2\]\)",
        ),
        (lambda m, x: m(x, x[:2], x), "key shape torch.Size"),
        (lambda m, x: m(x, x, x, is_causal=True), "Need attn_mask if specifying the is_causal hint"),
        (lambda m, x: nn.MultiheadAttention(5, 2), "embed_dim must be divisible by num_heads"),
    ],
)
def test_multihead_attention_errors(call, message):
    with pytest.raises((AssertionError, RuntimeError), match=message):
        call(nn.MultiheadAttention(4, 2), torch.zeros(3, 2, 4))


def test_transformer():
    torch.manual_seed(0)
    m = nn.Transformer(4, 2, 1, 1, 6, dropout=0.0, batch_first=True)
    x, y = torch.arange(12.0).view(1, 3, 4) / 12, torch.arange(8.0).view(1, 2, 4) / 8
    recorded = [-1.24986744, 0.16094138, 1.49814260, -0.40921637, -1.37280118, 0.07649936, 1.44480813, -0.14850621]
    near(m(x, y, tgt_mask=m.generate_square_subsequent_mask(2)).flatten(), recorded, 1e-5)


def test_encoder_gives_zeros_for_padding():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 2).eval()
    x, padding = torch.ones(1, 3, 4), torch.tensor([[False, False, True]])
    assert (encoder(x, src_key_padding_mask=padding)[0, 2] != 0).any()
    with torch.no_grad():
        assert (encoder(x, src_key_padding_mask=padding)[0, 2] == 0).all()


def test_sdpa_kernel():
    backends = nn.attention.SDPBackend
    with nn.attention.sdpa_kernel([backends.FLASH_ATTENTION, backends.MATH]):
        pass
    with pytest.raises(RuntimeError, match="No viable backend"):
        with nn.attention.sdpa_kernel(backends.CUDNN_ATTENTION):
            pass


# ------------------------------------------------------------------------------------------------ packed sequences
LENGTHS = [2, 4, 1]


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
@pytest.mark.parametrize("settings", [{}, {"num_layers": 2, "bidirectional": True}])
def test_packed_is_as_each_alone(rng, kind, settings):
    m = kind(3, 4, **settings).double()
    x = tensor(rng, 4, 3, 3, grad=True)
    output, hidden = m(rnn.pack_padded_sequence(x, LENGTHS, enforce_sorted=False))
    padded, lengths = rnn.pad_packed_sequence(output)
    hidden = hidden if isinstance(hidden, tuple) else (hidden,)
    assert lengths.tolist() == LENGTHS
    loss, alone = (padded**2).sum() + sum((h**2).sum() for h in hidden), 0
    for i, n in enumerate(LENGTHS):
        one, state = m(x[:n, i])
        near(padded[:n, i], np.asarray(one.detach()))
        assert (padded[n:, i] == 0).all()
        state = state if isinstance(state, tuple) else (state,)
        for h, s in zip(hidden, state):
            near(h[:, i], np.asarray(s.detach()))
        alone = alone + (one**2).sum() + sum((s**2).sum() for s in state)
    for a, b in zip(*[torch.autograd.grad(t, [x, *m.parameters()]) for t in (loss, alone)]):
        near(a, np.asarray(b))


def test_packed_dropout_between_layers():
    torch.manual_seed(0)
    m = nn.LSTM(2, 3, 2, dropout=0.5, bidirectional=True)
    packed = rnn.pack_sequence([torch.ones(3, 2), torch.ones(1, 2)])
    torch.manual_seed(1)
    output, (h, c) = m(packed)
    near(output.data.sum(1), [-0.57837051, -0.36013901, -0.55633199, -0.46796310], 1e-5)
    assert [h.sum().item(), c.sum().item()] == pytest.approx([-2.39169955, -4.86453056], abs=1e-5)


def test_packed_projection(rng):
    m = nn.LSTM(3, 4, proj_size=2).double()
    x = tensor(rng, 4, 3, 3)
    output, (h, c) = m(rnn.pack_padded_sequence(x, LENGTHS, enforce_sorted=False))
    assert output.data.shape == (7, 2) and h.shape == (1, 3, 2) and c.shape == (1, 3, 4)
    near(h[:, 0], np.asarray(m(x[:2, 0])[1][0].detach()))


def test_packing_errors():
    x = torch.zeros(4, 3, 2)
    with pytest.raises(RuntimeError, match="must be sorted in decreasing order"):
        rnn.pack_padded_sequence(x, [1, 2, 3])
    with pytest.raises(RuntimeError, match="has to be greater than 0"):
        rnn.pack_padded_sequence(x, [2, 1, 0])
    with pytest.raises(RuntimeError, match="equal to batch_size"):
        rnn.pack_padded_sequence(x, [2, 1])
    with pytest.raises(RuntimeError, match="batch_sizes"):
        torch.lstm(
            torch.zeros(3, 2),
            torch.tensor([1, 2]),
            (torch.zeros(1, 1, 2), torch.zeros(1, 1, 2)),
            [],
            False,
            1,
            0.0,
            False,
            False,
        )
    with pytest.raises(RuntimeError, match="Expected hidden size"):
        nn.GRU(2, 3)(rnn.pack_padded_sequence(x, [4, 2, 1]), torch.zeros(1, 2, 3))


# -------------------------------------------------------------------------------------- bags, grids, patches, pools
@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_embedding_bag(rng, mode):
    table = rng.standard_normal((6, 3))
    bags = [[1, 2, 2], [], [5, 0]]
    reduce = {"sum": np.sum, "mean": np.mean, "max": np.max}[mode]
    expected = [reduce(table[b], 0) if b else np.zeros(3) for b in bags]
    flat, offsets = torch.tensor([i for b in bags for i in b]), torch.tensor([0, 3, 3])
    weight = torch.tensor(table).requires_grad_()
    near(F.embedding_bag(flat, weight, offsets, mode=mode), expected)
    assert gradcheck(lambda w: F.embedding_bag(flat, w, offsets, mode=mode, padding_idx=2), (weight,))


def test_embedding_bag_weights_and_errors(rng):
    table, w = tensor(rng, 6, 3, grad=True), tensor(rng, 2, 3, grad=True)
    index = torch.tensor([[0, 1, 1], [4, 5, 2]])
    near(
        F.embedding_bag(index, table, mode="sum", per_sample_weights=w),
        np.asarray((table[index] * w.unsqueeze(2)).sum(1).detach()),
    )
    assert gradcheck(lambda t, v: F.embedding_bag(index, t, mode="sum", per_sample_weights=v), (table, w))
    with pytest.raises(RuntimeError, match="not in the valid range"):
        F.embedding_bag(index + 4, table)
    with pytest.raises(RuntimeError, match=r"offsets\[0\] has to be 0"):
        F.embedding_bag(index[0], table, torch.tensor([1]))


@pytest.mark.parametrize("mode, order", [("bilinear", 1), ("nearest", 0)])
@pytest.mark.parametrize(
    "padding, scipy_mode", [("zeros", "grid-constant"), ("border", "nearest"), ("reflection", "mirror")]
)
def test_grid_sample(rng, mode, order, padding, scipy_mode):
    image, grid = rng.standard_normal((1, 1, 4, 6)), rng.uniform(-1.4, 1.4, (1, 5, 3, 2))
    places = [(grid[0, ..., 1] + 1) / 2 * 3, (grid[0, ..., 0] + 1) / 2 * 5]
    expected = ndimage.map_coordinates(image[0, 0], places, order=order, mode=scipy_mode, cval=0.0)
    near(F.grid_sample(torch.tensor(image), torch.tensor(grid), mode, padding, True)[0, 0], expected)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_grid_sample_gradients(rng, mode, padding):
    image = tensor(rng, 1, 2, 3, 4, grad=True)
    grid = torch.tensor(rng.uniform(-1.2, 1.2, (1, 2, 2, 2))).requires_grad_()
    f = lambda x, g: F.grid_sample(x, g, mode, padding, align_corners=False)  # noqa: E731
    assert gradcheck(f, (image, grid)) and gradgradcheck(f, (image, grid))


def test_affine_grid_of_no_change():
    image = torch.arange(24.0).view(1, 2, 3, 4)
    for align in (False, True):
        grid = F.affine_grid(torch.eye(2, 3).unsqueeze(0), image.shape, align)
        near(F.grid_sample(image, grid, align_corners=align), image.numpy(), 1e-5)


def test_unfold_and_fold(rng):
    x = tensor(rng, 2, 3, 5, 6)
    columns = F.unfold(x, (2, 3), dilation=(1, 2), padding=(1, 0), stride=(2, 1))
    near(columns[1, :, 3], np.pad(np.asarray(x[1]), ((0, 0), (1, 1), (0, 0)))[:, 2:4, 1:6:2].ravel())
    counts = F.fold(torch.ones_like(columns), (5, 6), (2, 3), (1, 2), (1, 0), (2, 1))
    near(F.fold(columns, (5, 6), (2, 3), (1, 2), (1, 0), (2, 1)), np.asarray(x * counts))
    with pytest.raises(RuntimeError, match="calculated shape of the array of sliding blocks"):
        F.unfold(x, 9)


def test_fractional_max_pool():
    torch.manual_seed(0)
    pooled = F.fractional_max_pool2d(torch.arange(49.0).view(1, 1, 7, 7), 2, output_size=3)
    assert pooled.flatten().tolist() == [8.0, 10.0, 13.0, 29.0, 31.0, 34.0, 43.0, 45.0, 48.0]
    outside = F.fractional_max_pool2d(
        torch.zeros(1, 1, 7, 7), 2, output_size=3, _random_samples=torch.full((1, 1, 2), 1e9)
    )
    assert outside.shape == (1, 1, 3, 3)


def test_resampling_of_bytes():
    image = torch.arange(0, 250, 10).view(1, 1, 5, 5).to(torch.uint8)
    small = F.interpolate(image, (3, 2), mode="bicubic", antialias=True)
    assert small.dtype == torch.uint8 and small.flatten().tolist() == [27, 49, 109, 131, 191, 213]


# ---------------------------------------------------------------------------------------------------------- losses
def reads_as(path, blank=0):
    return [s for s, _ in itertools.groupby(path) if s != blank]


def test_ctc_loss_sums_all_alignments(rng):
    log_probs = tensor(rng, 4, 2, 3).log_softmax(2)
    targets, lengths = torch.tensor([[1, 1], [2, 0]]), (2, 1)
    p = np.exp(np.asarray(log_probs))
    expected = []
    for i, steps in enumerate((4, 3)):
        target = targets[i, : lengths[i]].tolist()
        paths = [q for q in itertools.product(range(3), repeat=steps) if reads_as(q) == target]
        expected.append(-np.log(sum(np.prod([p[t, i, c] for t, c in enumerate(q)]) for q in paths)))
    near(F.ctc_loss(log_probs, targets, (4, 3), lengths, reduction="none"), expected)
    near(F.ctc_loss(log_probs, targets, (4, 3), lengths), np.mean(np.array(expected) / lengths))


def test_ctc_loss_gradient(rng):
    scores = tensor(rng, 5, 2, 4, grad=True)
    targets, inputs, lengths = torch.tensor([1, 2, 2, 3]), torch.tensor([5, 4]), torch.tensor([1, 3])
    assert gradcheck(lambda s: F.ctc_loss(s.log_softmax(2), targets, inputs, lengths), (scores,))
    too_long = F.ctc_loss(scores.log_softmax(2), torch.tensor([[1, 1], [1, 1]]), (2, 2), (2, 2), zero_infinity=True)
    assert too_long == 0 and (torch.autograd.grad(too_long, scores)[0] == 0).all()
    with pytest.raises(RuntimeError, match="is not one of the 4 classes"):
        F.ctc_loss(scores.log_softmax(2), targets + 9, inputs, lengths)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_linear_cross_entropy_in_pieces(rng, reduction):
    x, w, b = tensor(rng, 7, 3, grad=True), tensor(rng, 5, 3, grad=True), tensor(rng, 5, grad=True)
    target, given = torch.tensor([0, 4, -100, 2, 1, 1, 3]), {"linear_bias": b, "reduction": reduction}
    given["weight"] = torch.tensor([1.0, 2.0, 0.5, 1.0, 3.0], dtype=torch.float64)
    whole = F.linear_cross_entropy(x, w, target, **given)
    pieces = F.linear_cross_entropy(x, w, target, options=nn.LinearCrossEntropyOptions(batch_chunk_size=2), **given)
    near(pieces, np.asarray(whole.detach()))
    for a, c in zip(*[torch.autograd.grad((t**2).sum(), (x, w, b)) for t in (whole, pieces)]):
        near(c, np.asarray(a))


def test_adaptive_log_softmax(rng):
    m = nn.AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10], div_value=2.0).double()
    x, target = tensor(rng, 6, 8), torch.tensor([0, 4, 5, 9, 10, 19])
    log_probs = m.log_prob(x)
    near(log_probs.exp().sum(1), np.ones(6))
    output, loss = m(x, target)
    near(output, np.asarray(log_probs.gather(1, target.unsqueeze(1)).squeeze(1).detach()))
    assert loss.item() == pytest.approx(-output.mean().item())
    assert m.predict(x).tolist() == log_probs.argmax(1).tolist()


def test_cross_map_lrn_is_one_step_late():
    y = nn.CrossMapLRN2d(3, alpha=0.5, beta=0.7, k=2)(torch.arange(16.0).view(1, 4, 2, 2))
    near(y.flatten()[8:12], [0.61200845, 0.59892666, 0.58290851, 0.56589156], 1e-5)


def test_lazy_instance_norm_and_sync_batch_norm():
    layer = nn.LazyInstanceNorm2d()
    assert layer(torch.zeros(2, 3, 4, 4)).shape == (2, 3, 4, 4) and type(layer) is nn.InstanceNorm2d
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(net)
    assert type(converted[1]) is nn.SyncBatchNorm and converted[1].weight is net[1].weight
