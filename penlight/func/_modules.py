"""Modules as functions of their parameters."""

import contextlib

import penlight
from penlight import Tensor


def _owner(module, name):
    """The submodule that holds a parameter or buffer, and its name there."""
    path, _, last = name.rpartition(".")
    return module.get_submodule(path), last


def _tied(module):
    """{name: the names of the same tensor} for every parameter and buffer."""
    groups = {}
    for named in (module.named_parameters(remove_duplicate=False), module.named_buffers(remove_duplicate=False)):
        for name, tensor in named:
            groups.setdefault(tensor, set()).add(name)
    return {name: names for names in groups.values() for name in names}


def _with_ties(module, values):
    """Values for one name of a tensor that has several are for all of them."""
    tied, result = _tied(module), dict(values)
    for name, value in values.items():
        for other in tied.get(name, ()):
            if other in values and values[other] is not value:
                raise ValueError(
                    f"functional_call got multiple values for keys {sorted(tied[name])}, which are tied. "
                    "Consider using "
                    "tie_weights=False"
                )
            result.setdefault(other, value)
    return result


def _check_keys(module, values, strict):
    if not strict:
        return
    known = _tied(module)
    missing, unexpected = [n for n in known if n not in values], [n for n in values if n not in known]
    if missing or unexpected:
        text = [f"Error(s) in reparametrizing for {type(module).__name__}:"]
        for what, names in (("Unexpected", unexpected), ("Missing", missing)):
            if names:
                text.append(f"{what} key(s): " + ", ".join(repr(n) for n in names) + ".")
        raise RuntimeError("\n\t".join(text))


@contextlib.contextmanager
def _replaced(module, values, tie_weights, strict):
    """Inside the block the module's parameters and buffers are the given tensors."""
    given = values
    if tie_weights:
        values = _with_ties(module, values)
    for value in values.values():
        if not (value is None or isinstance(value, Tensor)):
            raise TypeError(f"{value} is not an instance of torch.Tensor")
    _check_keys(module, values, strict)
    places = []
    for name, value in values.items():
        try:
            owner, last = _owner(module, name)
        except AttributeError:
            continue
        table = next((t for t in (owner._parameters, owner._buffers) if last in t), None)
        if table is not None:
            places.append((name, table, last, table[last], value))
    try:
        for _, table, last, _, value in places:
            table[last] = value
        yield
    finally:
        for name, table, last, before, value in places:
            # A buffer that the module replaced (running statistics) is the caller's new value.
            if table[last] is not value and name in given:
                given[name] = table[last]
            table[last] = before


def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Call a module with other tensors in the place of its parameters and buffers; the module itself stays as it is.

    Args:
        module: the nn.Module.
        parameter_and_buffer_dicts: {name: tensor}, names as in state_dict(), or a list of such dicts. What is not named
            stays the module's own.
        args: the arguments of the call: a tuple, or a single one.
        kwargs: the arguments by keyword.
        tie_weights: a tensor that the module has under two names is replaced under both.
        strict: names that are missing or that the module does not have are an error.

    Example:
        >>> layer = torch.nn.Linear(2, 1)
        >>> weights = {"weight": torch.ones(1, 2), "bias": torch.zeros(1)}
        >>> torch.func.functional_call(layer, weights, (torch.tensor([1.0, 2.0]),))
        tensor([3.])
    """
    dicts = parameter_and_buffer_dicts
    if isinstance(dicts, dict):
        values = dicts
    elif isinstance(dicts, (list, tuple)):
        for d in dicts:
            if not isinstance(d, dict):
                raise ValueError(
                    f"Expected all elements of parameter_and_buffer_dicts to be dictionaries, but got {type(d)}"
                )
        names = [n for d in dicts for n in d]
        repeated = [n for n in dict.fromkeys(names) if names.count(n) > 1]
        if repeated:
            raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
        values = {n: v for d in dicts for n, v in d.items()}
    else:
        raise ValueError(
            f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(dicts)}"
        )
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _replaced(module, values, tie_weights, strict):
        return module(*args, **(kwargs or {}))


def stack_module_state(models):
    """Give the parameters and the buffers of several models of one architecture, stacked along a new dimension 0.

    With `functional_call` and `vmap` the models are run as one. The stacked parameters are leaves of their own.

    Example:
        >>> models = [torch.nn.Linear(2, 1) for _ in range(3)]
        >>> params, buffers = torch.func.stack_module_state(models)
        >>> params["weight"].shape
        torch.Size([3, 1, 2])
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(m.training != models[0].training for m in models):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    return (
        {name: _stacked([p[name] for p in parameters]) for name in parameters[0]},
        {name: _stacked([b[name] for b in buffers]) for name in buffers[0]},
    )


def _stacked(tensors):
    wants = tensors[0].requires_grad
    if any(t.requires_grad != wants for t in tensors):
        raise RuntimeError("Expected all parameters and buffers to have the same .requires_grad")
    with penlight.no_grad():
        result = penlight.stack([t.detach() for t in tensors])
    return result.requires_grad_(wants)


def replace_all_batch_norm_modules_(root):
    """Take the running statistics from all batch normalisations of a module, in place, and give the module.

    vmap cannot update statistics that all samples share.

    Example:
        >>> net = torch.func.replace_all_batch_norm_modules_(torch.nn.Sequential(torch.nn.BatchNorm1d(2)))
        >>> net[0].running_mean is None
        True
    """
    from penlight.nn.modules.batchnorm import _BatchNorm

    for module in root.modules():
        if isinstance(module, _BatchNorm):
            module.running_mean = module.running_var = module.num_batches_tracked = None
            module.track_running_stats = False
    return root


