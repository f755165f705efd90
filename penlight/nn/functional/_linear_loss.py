"""A linear layer and cross_entropy in one, for so many classes that the scores of a batch are too large to keep."""

import warnings

import penlight
from penlight import _C
from penlight.nn import _reduction
from penlight.nn.functional._loss import cross_entropy


def linear_cross_entropy(
    input,
    linear_weight,
    target,
    *,
    linear_bias=None,
    weight=None,
    reduction="mean",
    ignore_index=None,
    label_smoothing=0.0,
    options=None,
):
    """cross_entropy(linear(input, linear_weight, linear_bias), target): the last layer of a classifier and its loss.

    Input (N, in_features) or (in_features,), `linear_weight` (C, in_features) for C classes or (C, d1, ...,
    in_features), target as for `cross_entropy`. With `options`, an nn.LinearCrossEntropyOptions, the batch is taken in
    pieces and no more than a piece's scores are in memory, in the backward pass too, which computes them again; that is
    for class numbers, without label_smoothing and further dimensions.

    >>> F.linear_cross_entropy(torch.zeros(2, 3), torch.ones(4, 3), torch.tensor([0, 3]))
    tensor(1.3863)
    """
    _check_shapes(input, linear_weight, linear_bias)
    probabilities = target.is_floating_point()
    if ignore_index is not None and probabilities:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    settings = {
        "weight": weight,
        "reduction": reduction,
        "ignore_index": -100 if ignore_index is None else ignore_index,
        "label_smoothing": label_smoothing,
    }
    if options is not None and input.dim() == 2:
        _reduction.get_enum(reduction)
        if linear_weight.dim() == 2 and label_smoothing == 0 and target.dtype == penlight.int64:
            return _Chunked.apply(
                input, linear_weight, linear_bias, target, settings, options._rows(input, linear_weight)
            )
        warnings.warn(
            "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in {'mean','sum','none'}, "
            "label_smoothing == 0, target.dtype == int64, out_features == (). Got "
            f"reduction={reduction!r}, label_smoothing={label_smoothing}, target.dtype={target.dtype}, "
            f"out_features={tuple(linear_weight.shape[1:-1])}.",
            stacklevel=2,
        )
    return _at_once(input, linear_weight, linear_bias, target, settings)


def _check_shapes(input, linear_weight, linear_bias):
    if linear_weight.dim() < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}")
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    features = linear_weight.shape[-1]
    if input.shape[-1] != features:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{input.shape[-1]} and {features}, respectively"
        )
    if linear_weight.dim() > 2 and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {features}), got unbatched input with shape {tuple(input.shape)}"
        )
    if linear_bias is not None and linear_bias.shape != linear_weight.shape[:-1]:
        raise RuntimeError(
            f"expected linear_bias shape {tuple(linear_weight.shape[:-1])}, got {tuple(linear_bias.shape)}"
        )


def _at_once(input, linear_weight, linear_bias, target, settings):
    if linear_weight.dim() == 2:
        return cross_entropy(_C.linear(input, linear_weight, linear_bias), target, **settings)
    bias = None if linear_bias is None else linear_bias.flatten()
    scores = _C.linear(input, linear_weight.flatten(0, -2), bias)
    return cross_entropy(scores.view(-1, *linear_weight.shape[:-1]), target, **settings)


class _Chunked(penlight.autograd.Function):
    """The loss over pieces of `rows` samples; backward computes each piece's scores again."""

    @staticmethod
    def forward(ctx, input, linear_weight, linear_bias, target, settings, rows):
        ctx.save_for_backward(input, linear_weight, linear_bias, target)
        ctx.settings, ctx.rows = settings, rows
        if target.shape != input.shape[:1]:
            raise ValueError(
                f"Expected input batch_size ({input.size(0)}) to match target batch_size ({target.size(0)})."
            )
        each = {**settings, "reduction": "none"}
        losses = [
            cross_entropy(_C.linear(x, linear_weight, linear_bias), y, **each)
            for x, y in zip(input.split(rows), target.split(rows))
        ]
        loss = _C.cat(losses) if losses else input.new_zeros(0)
        reduction = settings["reduction"]
        if reduction == "none":
            return loss
        return loss.sum() / _Chunked._count(target, settings, loss.dtype) if reduction == "mean" else loss.sum()

    @staticmethod
    def _count(target, settings, dtype):
        """The number of targets that count, each by its class's weight: what a mean divides by."""
        counted = target != settings["ignore_index"]
        weight = settings["weight"]
        return counted.sum() if weight is None else weight[target[counted]].sum().to(dtype)

    @staticmethod
    def backward(ctx, grad):
        input, linear_weight, linear_bias, target = ctx.saved_tensors
        wanted = [i for i in range(3) if ctx.needs_input_grad[i]]
        if penlight.is_grad_enabled():  # to be differentiated again: with the whole batch in memory
            seen = [None if t is None else t.view_as(t) for t in (input, linear_weight, linear_bias)]
            loss = _at_once(*seen, target, ctx.settings)
            found = penlight.autograd.grad(loss, [seen[i] for i in wanted], grad, create_graph=True)
        else:
            found = _Chunked._gradients(ctx, grad, wanted)
        results = [None] * 6
        for i, g in zip(wanted, found):
            results[i] = g
        return tuple(results)

    @staticmethod
    def _gradients(ctx, grad, wanted):
        input, linear_weight, linear_bias, target = ctx.saved_tensors
        each = {**ctx.settings, "reduction": "none"}
        if ctx.settings["reduction"] == "mean":
            grad = grad / _Chunked._count(target, ctx.settings, grad.dtype)
        grad = grad.expand(target.shape)
        leaves = [
            None if t is None else t.detach().requires_grad_(i in wanted)
            for i, t in enumerate((linear_weight, linear_bias), 1)
        ]
        pieces = []
        with penlight.enable_grad():
            for x, y, g in zip(input.split(ctx.rows), target.split(ctx.rows), grad.split(ctx.rows)):
                x = x.detach().requires_grad_(0 in wanted)
                cross_entropy(_C.linear(x, *leaves), y, **each).backward(g)
                pieces.append(x.grad)
        found = [_C.cat(pieces) if 0 in wanted and pieces else _C.zeros_like(input)]
        found += [None if leaf is None or leaf.grad is None else leaf.grad for leaf in leaves]
        shapes = input, linear_weight, linear_bias
        return [_C.zeros_like(shapes[i]) if found[i] is None else found[i] for i in wanted]
