"""Functions of `nn.functional` under `torch.*`, where numbers stand for words: reduction 0, 1, 2 is none, mean, sum."""

from penlight import _C

__all__ = [
    "cosine_embedding_loss",
    "ctc_loss",
    "embedding_bag",
    "embedding_renorm_",
    "grid_sampler",
    "grid_sampler_2d",
    "grid_sampler_3d",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "poisson_nll_loss",
    "rrelu",
    "rrelu_",
    "triplet_margin_loss",
]

_REDUCTIONS = ("none", "mean", "sum")
_INTERPOLATIONS = ("bilinear", "nearest", "bicubic")
_PADDINGS = ("zeros", "border", "reflection")


def _functional():
    import penlight.nn.functional

    return penlight.nn.functional


def _word(words, code):
    if not 0 <= code < len(words):
        raise RuntimeError(f"expected a number from 0 to {len(words) - 1} for one of {words}, but got {code}")
    return words[code]


def cosine_embedding_loss(input1, input2, target, margin=0.0, reduction=1):
    """See torch.nn.functional.cosine_embedding_loss."""
    reduction = _word(_REDUCTIONS, reduction)
    return _functional().cosine_embedding_loss(input1, input2, target, margin, reduction=reduction)


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction=1, zero_infinity=False):
    """See torch.nn.functional.ctc_loss."""
    reduction = _word(_REDUCTIONS, reduction)
    return _functional().ctc_loss(
        log_probs, targets, input_lengths, target_lengths, blank, reduction=reduction, zero_infinity=zero_infinity
    )


def hinge_embedding_loss(input, target, margin=1.0, reduction=1):
    """See torch.nn.functional.hinge_embedding_loss."""
    return _functional().hinge_embedding_loss(input, target, margin, reduction=_word(_REDUCTIONS, reduction))


def margin_ranking_loss(input1, input2, target, margin=0.0, reduction=1):
    """See torch.nn.functional.margin_ranking_loss."""
    reduction = _word(_REDUCTIONS, reduction)
    return _functional().margin_ranking_loss(input1, input2, target, margin, reduction=reduction)


def poisson_nll_loss(input, target, log_input, full, eps, reduction):
    """See torch.nn.functional.poisson_nll_loss."""
    reduction = _word(_REDUCTIONS, reduction)
    return _functional().poisson_nll_loss(input, target, log_input, full, eps=eps, reduction=reduction)


def triplet_margin_loss(anchor, positive, negative, margin=1.0, p=2.0, eps=1e-06, swap=False, reduction=1):
    """See torch.nn.functional.triplet_margin_loss."""
    reduction = _word(_REDUCTIONS, reduction)
    return _functional().triplet_margin_loss(anchor, positive, negative, margin, p, eps, swap, reduction=reduction)


def grid_sampler(input, grid, interpolation_mode, padding_mode, align_corners):
    """See torch.nn.functional.grid_sample."""
    mode, padding = _word(_INTERPOLATIONS, interpolation_mode), _word(_PADDINGS, padding_mode)
    return _functional().grid_sample(input, grid, mode, padding, align_corners)


grid_sampler_2d = grid_sampler_3d = grid_sampler


def rrelu(input, lower=1.0 / 8, upper=1.0 / 3, training=False, generator=None):
    """See torch.nn.functional.rrelu."""
    return _functional().rrelu(input, lower, upper, training)


def rrelu_(input, lower=1.0 / 8, upper=1.0 / 3, training=False, generator=None):
    """In-place form of rrelu."""
    return _functional().rrelu(input, lower, upper, training, inplace=True)


def embedding_renorm_(input, indices, max_norm, norm_type):
    """Scale the rows that indices name down to the norm max_norm, in place, outside of the graph."""
    rows = _C._unique2(indices.reshape(-1), True, False, False)[0]
    weight = input.detach()
    weight.index_copy_(0, rows, weight.index_select(0, rows).renorm(norm_type, 0, max_norm))
    return input


def embedding_bag(weight, indices, offsets, *args, **kwargs):
    """Raise: of the four results one counts, which torch.nn.functional.embedding_bag gives."""
    raise NotImplementedError("torch.embedding_bag(): use torch.nn.functional.embedding_bag()")
