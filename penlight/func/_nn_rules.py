"""The rules of vmap for the operators of neural networks.

Most of them know a batch dimension of their own: the samples' batches are put one behind the other.
"""

from penlight import _C
from penlight.func._batched import any_batched, is_batched, spread, wrap
from penlight.func._rules import aligned, bind, call, rule, wrap_results


def _spatial(name):
    """The number of spatial dimensions that the name of an operator tells: 2 for conv2d."""
    return next((int(name[i - 1]) for i in range(1, len(name)) if name[i] == "d" and name[i - 1] in "123"), 0)


def fold(func, level, first, rest, named, ndim):
    """An operator on (N, ...) with `ndim` dimensions, or on one sample with ndim - 1; only `first` is batched."""
    value = first.value
    if first.dim() == ndim - 1:
        return wrap_results(func(value, *rest, **named), level)
    if first.dim() != ndim:
        return NotImplemented
    results = func(value.flatten(0, 1), *rest, **named)
    return _unfolded(results, level, first.shape[0])


def _unfolded(results, level, n):
    if isinstance(results, tuple):
        return type(results)([_unfolded(r, level, n) for r in results])
    return wrap(results.unflatten(0, (level.size, n)), level)


@rule(*[f"{name}{n}d{end}" for n in (1, 2, 3) for name, end in (
    ("max_pool", ""), ("max_pool", "_with_indices"), ("avg_pool", ""), ("adaptive_max_pool", ""),
    ("adaptive_avg_pool", ""))])  # fmt: skip
def pool(func, level, args, kwargs):
    return fold(func, level, args[0], args[1:], kwargs, _spatial(func.__name__) + 2)


@rule("max_unpool2d max_unpool3d")
def unpool(func, level, args, kwargs):
    x, indices, *rest = args
    if x.dim() != _spatial(func.__name__) + 2:
        return NotImplemented
    result = func(spread(x, level).flatten(0, 1), spread(indices, level).flatten(0, 1), *rest, **kwargs)
    return _unfolded(result, level, x.shape[0])


@rule("_upsample channel_shuffle")
def per_batch(func, level, args, kwargs):
    return fold(func, level, args[0], args[1:], kwargs, args[0].dim())


@rule("pad")
def pad(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    if bound.get("mode", "constant") == "constant":
        return wrap(call(func, {**bound, "input": args[0].value}), level)
    return fold(func, level, args[0], args[1:], kwargs, len(bound["pad"]) // 2 + 2)


# ---------------------------------------------------------------- convolutions
@rule(*[f"conv{kind}{n}d" for n in (1, 2, 3) for kind in ("", "_transpose")])
def convolution(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    x, weight, bias = bound["input"], bound["weight"], bound.get("bias")
    ndim = _spatial(func.__name__) + 2
    if not any_batched([weight, bias], level):
        rest = {n: v for n, v in bound.items() if n != "input"}
        return fold(lambda t: call(func, {"input": t, **rest}), level, x, (), {}, ndim)
    if x.dim() not in (ndim, ndim - 1) or weight.dim() != ndim or level.size == 0:
        return NotImplemented
    # The samples' channels side by side, as groups.
    single = x.dim() == ndim - 1
    values = spread(x.unsqueeze(0) if single else x, level)
    bound |= {
        "input": values.transpose(0, 1).flatten(1, 2),
        "weight": spread(weight, level).flatten(0, 1),
        "bias": None if bias is None else spread(bias, level).flatten(0, 1),
        "groups": bound.get("groups", 1) * level.size,
    }
    result = call(func, bound).unflatten(1, (level.size, -1)).transpose(0, 1)
    return wrap(result.squeeze(1) if single else result, level)


# ---------------------------------------------------------------- normalisations
def _per_channel(t, x):
    """A value for each channel of (N, C, ...), with the dimensions to multiply by it."""
    return t.reshape(1, -1, *[1] * (x.dim() - 2))


def _scaled(result, weight, bias):
    result = result if weight is None else result * _per_channel(weight, result)
    return result if bias is None else result + _per_channel(bias, result)


@rule("group_norm")
def group_norm(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    x, weight, bias = bound["input"], bound.get("weight"), bound.get("bias")
    if not is_batched(x, level):
        return NotImplemented
    rest = {n: v for n, v in bound.items() if n not in ("input", "weight", "bias")}
    if not any_batched([weight, bias], level):
        rest |= {"weight": weight, "bias": bias}
        weight = bias = None
    plain = fold(lambda t: call(func, {"input": t, **rest}), level, x, (), {}, x.dim())
    return _scaled(plain, weight, bias)


_SHARED_STATISTICS = (
    "Batch norm got a batched tensor as input while the running_mean or running_var, which will be updated in place, "
    "were not batched.\nIf you are using a module and do not need eval mode, please set `track_running_stats` to "
    "be False.If you are using a prebuilt module and do not need eval mode, please see the functorch website for "
    "resources on how to patch your module to work with vmap"
)


@rule("batch_norm instance_norm")
def batch_norm(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    x, mean, var = bound["input"], bound.get("running_mean"), bound.get("running_var")
    own = bound.get("training", bound.get("use_input_stats"))
    dims = [d for d in range(x.dim()) if d != 1 and not (d == 0 and func.__name__ == "instance_norm")]
    if own:
        if is_batched(x, level) and any(s is not None and not is_batched(s, level) for s in (mean, var)):
            raise RuntimeError(_SHARED_STATISTICS)
        center, spread_ = x.mean(dims, keepdim=True), x.var(dims, unbiased=False, keepdim=True)
        if mean is not None:
            _update(mean, var, center, spread_, x, dims, bound["momentum"])
    else:
        center, spread_ = _per_channel(mean, x), _per_channel(var, x)
    result = (x - center) * (spread_ + bound["eps"]).rsqrt()
    return _scaled(result, bound.get("weight"), bound.get("bias"))


def _update(running_mean, running_var, mean, var, x, dims, momentum):
    """Move the running statistics towards those of the batch; the variance without bias."""
    count = 1
    for d in dims:
        count *= x.shape[d]
    for running, now in ((running_mean, mean), (running_var, var * (count / max(count - 1, 1)))):
        if running is not None:
            now = now.detach().mean(0).flatten()
            running.mul_(1 - momentum).add_(now * momentum)


# ---------------------------------------------------------------- losses
NONE, MEAN = 0, 1


def _reduced(losses, reduction):
    return losses if reduction == NONE else losses.mean() if reduction == MEAN else losses.sum()


@rule("mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy binary_cross_entropy_with_logits kl_div")
def loss(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    first, *others = bound.items()
    reduction = bound["reduction"]
    values, named = aligned(level, (first[1],), {**dict(others), "reduction": NONE})
    return _reduced(wrap(func(*values, **named), level), reduction)


@rule("cross_entropy_loss nll_loss_nd")
def cross_entropy(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    x, target, weight, reduction = (bound.get(n) for n in ("input", "target", "weight", "reduction"))
    if is_batched(weight, level) or x.dim() == 0:
        return NotImplemented
    several = x.dim() > 1
    values = [spread(t, level).flatten(0, 1) if several else spread(t, level) for t in (x, target)]
    losses = call(func, {**bound, "input": values[0], "target": values[1], "reduction": NONE})
    losses = wrap(losses.unflatten(0, (level.size, -1)) if several else losses, level)
    if reduction != MEAN:
        return _reduced(losses, reduction)
    if target.is_floating_point():
        return losses.sum() / max(losses.numel(), 1)
    counted = target != bound.get("ignore_index", -100)
    if weight is not None:
        counted = weight[target.clamp(0, weight.shape[0] - 1)] * counted
    return losses.sum() / counted.to(losses.dtype).sum()


# ---------------------------------------------------------------- products
@rule("bilinear")
def bilinear(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    x, y, weight, bias = (bound.get(n) for n in ("input1", "input2", "weight", "bias"))
    result = _C.matmul(_C.matmul(x.unsqueeze(-2).unsqueeze(-2), weight).squeeze(-2), y.unsqueeze(-1)).squeeze(-1)
    return result if bias is None else result + bias


@rule("prelu")
def prelu(func, level, args, kwargs):
    x, weight = [*args, *kwargs.values()]
    if x.dim() == 0:
        weight = weight.reshape(())
    elif weight.dim() == 1 and x.dim() > 1:
        weight = _per_channel(weight, x)
    return _C.where(x >= 0, x, x * weight)


@rule("pairwise_distance")
def pairwise_distance(func, level, args, kwargs):
    bound = bind(func, args, kwargs)
    difference = args[0] - bound["x2"] + bound.get("eps", 1e-6)
    return difference.norm(bound.get("p", 2.0), -1, keepdim=bound.get("keepdim", False))


