"""Losses: how far predictions are from their targets. `reduction` is "mean", "sum" or "none" (a number an element)."""

import math
import warnings

import penlight
from penlight import _C, Tensor
from penlight.nn import _reduction

_get_enum = _reduction.get_enum


def _reduce(loss, reduction):
    """Apply a reduction to the losses of the elements."""
    number = _get_enum(reduction)
    return loss if number == 0 else loss.mean() if number == 1 else loss.sum()


def _legacy(size_average, reduce, reduction):
    """`reduction`, unless one of the two arguments that it replaced is given."""
    if size_average is None and reduce is None:
        return reduction
    return _reduction.legacy_get_string(size_average, reduce)


def _broadcast(name, input, target):
    """Warn that the shapes differ, which is seldom meant, and bring both to one shape."""
    from penlight import errors

    message = (
        f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). This will likely "
        "lead to incorrect results due to broadcasting. Please ensure they have the same size."
    )
    warnings.warn(errors.explain(name, "loss_broadcast", message, (input, target), ("input", "target")), stacklevel=3)
    return penlight.broadcast_tensors(input, target)


def _weighted(loss, weight, reduction, mean_over_weights):
    """Reduce the losses of the elements, each counted `weight` times."""
    if weight.size() != loss.size():
        raise ValueError("Weights and input must have the same size.")
    if mean_over_weights and reduction == "mean":
        return (loss * weight).sum() / weight.sum()
    return _reduce(loss * weight, reduction)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """Absolute error |input - target|. Both have the same shape; `weight`, of that shape, weighs the elements.

    >>> F.l1_loss(torch.tensor([1., 2.]), torch.tensor([1., 4.]))
    tensor(1.)
    """
    if input.shape != target.shape:
        input, target = _broadcast("l1_loss", input, target)
    if size_average is not None or reduce is not None:
        reduction = _reduction.legacy_get_string(size_average, reduce)
    if weight is not None:
        return _weighted(_C.l1_loss(input, target, 0), weight, reduction, mean_over_weights=True)
    return _C.l1_loss(input, target, _get_enum(reduction))


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """Squared error (input - target)**2. Both have the same shape; `weight`, of that shape, weighs the elements.

    >>> F.mse_loss(torch.tensor([1., 2.]), torch.tensor([1., 4.]))
    tensor(2.)
    """
    if input.shape != target.shape:
        input, target = _broadcast("mse_loss", input, target)
    if size_average is not None or reduce is not None:
        reduction = _reduction.legacy_get_string(size_average, reduce)
    if weight is not None:
        return _weighted(_C.mse_loss(input, target, 0), weight, reduction, mean_over_weights=True)
    return _C.mse_loss(input, target, _get_enum(reduction))


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Squared error below `beta`, absolute error above: 0.5 d**2 / beta, or d - 0.5 beta, for d = |input - target|.

    >>> F.smooth_l1_loss(torch.tensor([0.]), torch.tensor([3.]))
    tensor(2.5000)
    """
    if input.shape != target.shape:
        input, target = _broadcast("smooth_l1_loss", input, target)
    reduction = _legacy(size_average, reduce, reduction)
    if beta == 0.0:
        return _C.l1_loss(input, target, _get_enum(reduction))
    return _C.smooth_l1_loss(input, target, _get_enum(reduction), beta)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Squared error below `delta`, absolute error above: 0.5 d**2 or delta * (d - 0.5 delta), d = |input - target|.

    >>> F.huber_loss(torch.tensor([0.]), torch.tensor([3.]))
    tensor(2.5000)
    """
    if input.shape != target.shape:
        input, target = _broadcast("huber_loss", input, target)
    if weight is not None:
        return _weighted(_C.huber_loss(input, target, 0, delta), weight, reduction, mean_over_weights=False)
    return _C.huber_loss(input, target, _get_enum(reduction), delta)


def cross_entropy(
    input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0
):
    """The usual loss of classifiers: -log softmax(input)[target]. `input` holds raw scores, no softmax before it.

    Input (N, C), (C) or (N, C, d1, ...) for C classes; target of class numbers 0 to C-1, (N), () or (N, d1, ...), or of
    probabilities in the input's shape. `weight` (C) weighs classes, targets equal to `ignore_index` don't count,
    `label_smoothing` between 0 and 1 mixes the target with the uniform distribution.

    >>> F.cross_entropy(torch.zeros(2, 4), torch.tensor([0, 3]))
    tensor(1.3863)
    """
    reduction = _legacy(size_average, reduce, reduction)
    return _C.cross_entropy_loss(input, target, weight, _get_enum(reduction), ignore_index, label_smoothing)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """Negative log likelihood: -input[target] for `input` of log-probabilities, such as log_softmax gives.

    Shapes, `weight` and `ignore_index` as in `cross_entropy`, with class numbers as target.

    >>> F.nll_loss(torch.tensor([[-0.5, -1.0]]), torch.tensor([1]))
    tensor(1.)
    """
    reduction = _legacy(size_average, reduce, reduction)
    return _C.nll_loss_nd(input, target, weight, _get_enum(reduction), ignore_index)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-(y log(x) + (1-y) log(1-x)) for probabilities x of `input` and targets y between 0 and 1, in the same shape.

    Logarithms are limited to -100. `weight` is broadcast to the input's shape.

    >>> F.binary_cross_entropy(torch.tensor([0.5]), torch.tensor([1.]))
    tensor(0.6931)
    """
    number = _get_enum(_legacy(size_average, reduce, reduction))
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is "
            "deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(penlight.broadcast_shapes(target.size(), weight.size()))
    return _C.binary_cross_entropy(input, target, weight, number)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """`binary_cross_entropy` of sigmoid(input), computed so that it stays finite. `pos_weight` weighs targets of one.

    >>> F.binary_cross_entropy_with_logits(torch.tensor([0.]), torch.tensor([1.]))
    tensor(0.6931)
    """
    number = _get_enum(_legacy(size_average, reduce, reduction))
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return _C.binary_cross_entropy_with_logits(input, target, weight, pos_weight, number)


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """Kullback-Leibler divergence target * (log(target) - input), for `input` of log-probabilities.

    With `log_target` the target is in logarithms too. `reduction="batchmean"` divides the sum by the first size, which
    is the mathematical definition.

    >>> p = torch.tensor([[0.5, 0.5]])
    >>> F.kl_div(p.log(), p, reduction="batchmean")
    tensor(0.)
    """
    reduction = _legacy(size_average, reduce, reduction)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size.'batchmean' "
            "divides only by the batch size, and aligns with the KL div math definition.'mean' will be changed to "
            "behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    number = 2 if reduction == "batchmean" else _get_enum(reduction)
    loss = _C.kl_div(input, target, number, log_target=log_target)
    return loss / input.size(0) if reduction == "batchmean" and input.dim() != 0 else loss


def poisson_nll_loss(
    input, target, log_input=True, full=False, size_average=None, eps=1e-8, reduce=None, reduction="mean"
):
    """Negative log likelihood of counts `target` under Poisson distributions of mean exp(input).

    Without `log_input` the mean is `input` itself, `eps` keeping its logarithm finite. `full` adds Stirling's
    approximation of log(target!).

    >>> F.poisson_nll_loss(torch.tensor([0.]), torch.tensor([3.]))
    tensor(1.)
    """
    reduction = _legacy(size_average, reduce, reduction)
    _get_enum(reduction)
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return _reduce(loss, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """Negative log likelihood of `target` under normal distributions with means `input` and variances `var`.

    `var` is a number, or a tensor of the input's shape or one that lacks (or has as 1) its last size. `eps` is the
    least variance; `full` adds the constant 0.5 log(2 pi).

    >>> F.gaussian_nll_loss(torch.tensor([0.]), torch.tensor([2.]), torch.tensor([1.]))
    tensor(2.)
    """
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * penlight.ones_like(input)
    elif (var < 0).any():
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif not _same_up_to_ones(input, var):
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    var = var.clone()
    with penlight.no_grad():
        var.clamp_(min=eps)
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return _reduce(loss, reduction)


def _same_up_to_ones(input, var):
    return input.dim() == var.dim() and all(v in (i, 1) for i, v in zip(input.size(), var.size()))


def hinge_embedding_loss(input, target, margin=1.0, size_average=None, reduce=None, reduction="mean"):
    """x where the target is 1, max(0, margin - x) where it is -1: distances x are to be small, or large.

    >>> F.hinge_embedding_loss(torch.tensor([0.5, 0.25]), torch.tensor([1., -1.]), reduction="none")
    tensor([0.5000, 0.7500])
    """
    reduction = _legacy(size_average, reduce, reduction)
    zeros = penlight.zeros_like(input)
    far = penlight.where(target != 1, (margin - input).clamp(min=0), zeros)
    near = penlight.where(target != -1, input, zeros)
    return _reduce(far + near, reduction)


def margin_ranking_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """max(0, -target * (input1 - input2) + margin): target 1 says that input1 should be the larger, -1 the smaller.

    >>> F.margin_ranking_loss(torch.tensor([1.]), torch.tensor([3.]), torch.tensor([1.]))
    tensor(2.)
    """
    reduction = _legacy(size_average, reduce, reduction)
    if not input1.dim() == input2.dim() == target.dim():
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{input1.size()}, input2: {input2.size()}, target: {target.size()} "
        )
    return _reduce((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def cosine_embedding_loss(input1, input2, target, margin=0, size_average=None, reduce=None, reduction="mean"):
    """1 - cos(input1, input2) where the target is 1, max(0, cos - margin) where it is -1.

    Inputs (N, D) with target (N), or (D) with target ().

    >>> F.cosine_embedding_loss(torch.eye(2), torch.eye(2), torch.ones(2))
    tensor(0.)
    """
    reduction = _legacy(size_average, reduce, reduction)
    _get_enum(reduction)
    if not (
        (target.dim() == 0 and input1.dim() == input2.dim() == 1)
        or (target.dim() == 1 and input1.dim() == input2.dim() == 2)
    ):
        kind = "1D target tensor expects 2D input tensors" if target.dim() == 1 else "0D or 1D target tensor expected"
        raise RuntimeError(f"{kind}, but found sizes {input1.size()}, {input2.size()} and {target.size()}.")
    # eps stands under the root, as in PyTorch: it guards against vectors of zeros.
    eps = 1e-12
    cos = (input1 * input2).sum(-1) / (((input1 * input1).sum(-1) + eps) * ((input2 * input2).sum(-1) + eps)).sqrt()
    zeros = penlight.zeros_like(cos)
    loss = penlight.where(target == 1, 1 - cos, zeros) + penlight.where(
        target == -1, (cos - margin).clamp(min=0), zeros
    )
    return _reduce(loss, reduction)


def soft_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """log(1 + exp(-target * input)) for targets 1 and -1.

    >>> F.soft_margin_loss(torch.tensor([0.]), torch.tensor([1.]))
    tensor(0.6931)
    """
    reduction = _legacy(size_average, reduce, reduction)
    return _reduce((-target * input).exp().log1p(), reduction)


def multilabel_soft_margin_loss(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """Binary cross entropy of sigmoid(input), averaged over the classes of each sample: several labels may be right.

    Input and target (N, C); targets are 0 or 1; `weight` (C) weighs the classes.

    >>> F.multilabel_soft_margin_loss(torch.zeros(1, 2), torch.tensor([[1., 0.]]))
    tensor(0.6931)
    """
    reduction = _legacy(size_average, reduce, reduction)
    loss = -(target * _C.log_sigmoid(input) + (1 - target) * _C.log_sigmoid(-input))
    if weight is not None:
        loss = loss * weight
    return _reduce(loss.sum(-1) / input.size(-1), reduction)


def _check_scores(input):
    if input.dim() > 2 or (input.numel() == 0 and (input.dim() < 2 or input.size(1) == 0)):
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(input.size())}"
        )


def _check_classes(target, low, classes, message):
    if target.dtype != penlight.int64:
        name = target.type().removeprefix("torch.").removesuffix("Tensor")
        raise RuntimeError(f"expected scalar type Long but found {name}")
    if target.numel() and not target.is_meta and (int(target.min()) < low or int(target.max()) >= classes):
        raise RuntimeError(message)


def multi_margin_loss(input, target, p=1, margin=1.0, weight=None, size_average=None, reduce=None, reduction="mean"):
    """max(0, margin - x[target] + x[i])**p, summed over the wrong classes i and divided by their number plus one.

    Input (N, C) or (C), target (N) or () of class numbers; p is 1 or 2; `weight` (C) weighs the target classes.

    >>> F.multi_margin_loss(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([3]))
    tensor(0.3250)
    """
    reduction = _legacy(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.dim() != 1:
        raise ValueError("weight must be one-dimensional")
    _get_enum(reduction)
    _check_scores(input)
    scores = input if input.dim() == 2 else input.reshape(1, -1)
    right = target.reshape(-1, 1)
    if target.dim() > 1 or target.numel() != scores.size(0):
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size {[scores.size(0)]}, but got {list(target.size())}. Input has shape "
            f"{list(input.size())}."
        )
    if weight is not None and weight.numel() != scores.size(1):
        raise RuntimeError(f"inconsistent weight size, expected {scores.size(1)} but got {list(weight.size())}")
    _check_classes(target, 0, scores.size(1), "target out of range")
    loss = (margin - scores.gather(1, right) + scores).clamp(min=0)
    if p == 2:
        loss = loss * loss
    if weight is not None:
        loss = loss * weight[right]
    loss = loss.scatter(1, right, 0).sum(1) / scores.size(1)
    return _reduce(loss if target.dim() else loss.squeeze(0), reduction)


def multilabel_margin_loss(input, target, size_average=None, reduce=None, reduction="mean"):
    """max(0, 1 - x[right] + x[wrong]), summed over pairs of a right and a wrong class and divided by their number C.

    Input (N, C) or (C); target of the same shape lists the right class numbers of each sample, ended by a -1.

    >>> F.multilabel_margin_loss(torch.tensor([[0.1, 0.2, 0.4, 0.8]]), torch.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """
    reduction = _legacy(size_average, reduce, reduction)
    _get_enum(reduction)
    _check_scores(input)
    if input.shape != target.shape:
        raise RuntimeError(f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}")
    scores, classes = (t if t.dim() == 2 else t.reshape(1, -1) for t in (input, target))
    _check_classes(target, -1, scores.size(1), "argument #2 'target' is out of range")
    listed = (classes >= 0).cumprod(1).bool()  # up to the first -1
    chosen = classes.clamp(min=0)
    right = penlight.zeros_like(scores).scatter_add(1, chosen, listed.to(scores.dtype)) > 0
    gaps = (1 - scores.gather(1, chosen).unsqueeze(2) + scores.unsqueeze(1)).clamp(min=0)
    counted = listed.unsqueeze(2) & ~right.unsqueeze(1)
    loss = penlight.where(counted, gaps, 0).sum((1, 2)) / scores.size(1)
    return _reduce(loss if input.dim() == 2 else loss.squeeze(0), reduction)


def triplet_margin_loss(
    anchor, positive, negative, margin=1.0, p=2, eps=1e-6, swap=False, size_average=None, reduce=None, reduction="mean"
):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d the p-norm of the difference plus `eps`.

    Inputs (N, D) or (D). With `swap` the smaller of d(anchor, negative) and d(positive, negative) counts.

    >>> F.triplet_margin_loss(torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1, 2), margin=2.0)
    tensor(0.5858)
    """
    reduction = _legacy(size_average, reduce, reduction)

    def distance(a, b):
        return _C.pairwise_distance(a, b, p, eps)

    return triplet_margin_with_distance_loss(
        anchor, positive, negative, distance_function=distance, margin=margin, swap=swap, reduction=reduction
    )


def triplet_margin_with_distance_loss(
    anchor, positive, negative, *, distance_function=None, margin=1.0, swap=False, reduction="mean"
):
    """`triplet_margin_loss` with a distance function of your own, by default the Euclidean distance.

    >>> F.triplet_margin_with_distance_loss(torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1, 2), margin=2.0)
    tensor(0.5858)
    """
    _get_enum(reduction)
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    if not anchor.dim() == positive.dim() == negative.dim():
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.dim()}D, positive {positive.dim()}D, and negative {negative.dim()}D inputs"
        )
    distance = _C.pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = penlight.minimum(far, distance(positive, negative))
    return _reduce((near - far + margin).clamp(min=0), reduction)


def ctc_loss(log_probs, targets, input_lengths, target_lengths, blank=0, reduction="mean", zero_infinity=False):
    """-log of the probability that a sequence of symbols and blanks reads as the target, whatever the alignment.

    `log_probs` (T, N, C) or (T, C): log_softmax of the scores of C classes at T steps. `targets` (N, S), or all of them
    in one row, hold class numbers other than `blank`; the lengths say how much of each sequence counts. The "mean"
    divides each loss by its target's length first. `zero_infinity` makes the loss of a target that is too long for its
    input zero, with no gradient.

    >>> log_probs = torch.full((3, 1, 2), 0.5).log()
    >>> F.ctc_loss(log_probs, torch.tensor([[1]]), (3,), (1,))
    tensor(0.2877)
    """
    return _C.ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, _get_enum(reduction), zero_infinity)
