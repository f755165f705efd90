"""Random operators inside vmap."""

from penlight import _C, Tensor
from penlight.func._batched import NOT_IN_PLACE, NOT_RANDOM, active_levels, any_batched, below, is_batched, spread, wrap
from penlight.func._rules import _sample, aligned, map_arguments, rule, stacked, tensors_in


def _trains(args, kwargs):
    """The argument `train` of a dropout."""
    return args[2] if len(args) > 2 else kwargs.get("train", True)


def random_call(name, is_method, args, kwargs):
    """Called by the core before an operator of plain arguments draws random numbers; NotImplemented means: go on."""
    if not active_levels():
        return NotImplemented
    level = active_levels()[-1]
    func = getattr(Tensor if is_method else _C, name)
    if "dropout" in name and not _trains(args, kwargs):
        return NotImplemented
    return random(func, level, args, kwargs)


@rule(
    "rand randn randint randperm rand_like randn_like randint_like normal bernoulli multinomial poisson binomial",
    "uniform_ normal_ log_normal_ exponential_ cauchy_ geometric_ random_ bernoulli_ dropout dropout_ feature_dropout",
    "feature_dropout_ alpha_dropout alpha_dropout_ feature_alpha_dropout feature_alpha_dropout_ _standard_gamma",
    "_sample_dirichlet _rrelu_with_noise",
)
def random(func, level, args, kwargs):
    """By the vmap's `randomness`: refused, drawn once for all samples, or drawn for each."""
    name = func.__name__
    if "dropout" in name and not _trains(args, kwargs):
        return args[0]
    if level.randomness == "error":
        raise RuntimeError(NOT_RANDOM)
    different, mapped = level.randomness == "different", any_batched([*args, *kwargs.values()], level)
    if not different and any_batched(args if name in _ELEMENTS else args[1:], level):
        raise RuntimeError(
            "Vmap does not currently support same randomness with a batched tensor input. Please file an issue with "
            "functorch"
        )
    if name[-1] == "_" and not is_batched(args[0], level) and (mapped or different):
        raise RuntimeError(NOT_IN_PLACE.replace("arithmetic", name[:-1]) if mapped else NOT_DIFFERENT)
    with below(level):
        if not (different or mapped):
            return func(*args, **kwargs)
        if different and name[-1] == "_" and not any_batched(args[1:], level):
            func(args[0].value, *args[1:], **kwargs)
            return args[0]
        if different and name in _SIZED and not tensors_in(args, kwargs):
            return wrap(_with_size(func, level.size, args, kwargs), level)
        if different and name in _ALIKE and mapped:
            return wrap(func(args[0].value, *args[1:], **kwargs), level)
        if different and name in _ELEMENTS and name != "multinomial":
            values, named = map_arguments(lambda t: wrap(spread(t, level), level), args, kwargs)
            values, named = aligned(level, values, named)
            return wrap(func(*values, **named), level)
        return _drawn_one_by_one(func, level, args, kwargs)


# Operators whose numbers are drawn for all samples by one call, as PyTorch does, which gives the same numbers.
_SIZED = ("rand", "randn", "randint", "normal")
_ELEMENTS = ("bernoulli", "normal", "poisson", "binomial", "_standard_gamma", "multinomial")
_ALIKE = ("dropout", "rand_like", "randn_like", "randint_like")
NOT_DIFFERENT = (
    "vmap: Cannot ask for different inplace randomness on an unbatched tensor. This will appear like same randomness. "
    "If this is necessary for your usage, please file an issue with functorch."
)


def _with_size(func, count, args, kwargs):
    """A factory called with `count` in front of the sizes, however they are given."""
    if "size" in kwargs:
        return func(*args, **{**kwargs, "size": (count, *kwargs["size"])})
    if not any(isinstance(a, (tuple, list)) for a in args):
        return func((count, *args), **kwargs)
    return func(*[(count, *a) if isinstance(a, (tuple, list)) else a for a in args], **kwargs)


def _drawn_one_by_one(func, level, args, kwargs):
    state = _C.default_generator.get_state() if level.randomness == "same" else None
    results = []
    for i in range(level.size):
        if state is not None:
            _C.default_generator.set_state(state)
        one, named = map_arguments(_sample(level, i), args, kwargs)
        results.append(func(*one, **named))
    return args[0] if func.__name__[-1] == "_" and is_batched(args[0], level) else stacked(results, level)
