"""The text of a tensor: what `print(t)` shows, to the letter as PyTorch 2.13 shows it.

One pass turns the shown elements into texts, a second lays the texts out in rows. Everything works on the Python
numbers of `tolist()`, so that printing needs no operator beyond slicing.
"""

import math
from contextlib import contextmanager
from types import SimpleNamespace

import penlight

_PROFILES = {
    "default": {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80},
    "short": {"precision": 2, "threshold": 1000, "edgeitems": 2, "linewidth": 80},
    "full": {"precision": 4, "threshold": math.inf, "edgeitems": 3, "linewidth": 80},
}
_options = SimpleNamespace(**_PROFILES["default"], sci_mode=None)


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, profile=None, sci_mode=None):
    """Set how tensors are printed.

    Options that are left out stay as they are, but for `sci_mode`, which goes back to None (PyTorch 2.13 does so).

    Args:
        precision: digits after the decimal point (4 at first).
        threshold: a tensor with more elements than this is summarised with "..." (1000).
        edgeitems: how many items a summary shows at each end of a dimension (3).
        linewidth: characters in a line (80).
        profile: "default", "short" or "full", whose values come first.
        sci_mode: True or False forces scientific notation on or off; None decides by the numbers.

    Example:
        >>> torch.set_printoptions(precision=2)
        >>> torch.tensor([1.12345])
        tensor([1.12])
        >>> torch.set_printoptions(profile="default")
    """
    given = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    if profile is not None:
        if profile not in _PROFILES:
            raise ValueError(f"profile must be one of {', '.join(map(repr, _PROFILES))}, got {profile!r}")
        vars(_options).update(_PROFILES[profile])
    vars(_options).update({name: value for name, value in given.items() if value is not None})
    _options.sci_mode = sci_mode


def get_printoptions():
    """Give the present print options as a dictionary that `set_printoptions(**options)` takes.

    Example:
        >>> get_printoptions()["precision"]
        4
    """
    return dict(vars(_options))


@contextmanager
def printoptions(**options):
    """Set print options inside a `with` block only; they are those of `set_printoptions`.

    Example:
        >>> with printoptions(precision=1):
        ...     print(torch.tensor([0.25, 3.0]))
        tensor([0.2, 3.0])
    """
    before = get_printoptions()
    set_printoptions(**options)
    try:
        yield
    finally:
        set_printoptions(**before)


def tensor_str(tensor, tensor_contents=None):
    """Give the text of a tensor, as `repr` does.

    Args:
        tensor: any tensor; a subclass shows its own name in place of "tensor".
        tensor_contents: the text to show in place of the elements.

    Example:
        >>> tensor_str(torch.tensor([1.0, 2.5]))
        'tensor([1.0000, 2.5000])'
    """
    own_class = type(tensor) is not penlight.Tensor and "_plain_parameter" not in vars(type(tensor))
    prefix = type(tensor).__name__ + "(" if own_class else "tensor("
    if tensor_contents is None:
        tensor_contents = _contents(tensor.detach(), indent=len(prefix))
    text = _add_suffixes(prefix + tensor_contents, _suffixes(tensor), indent=len(prefix))
    return f"Parameter({text})" if own_class and getattr(tensor, "_is_param", False) else text


def _suffixes(tensor):
    """Give what stands after the elements, such as "dtype=torch.float16" and "grad_fn=<AddBackward0>"."""
    meta = tensor.device.type == "meta"
    empty = tensor.numel() == 0
    suffixes = []
    if tensor.device.type != "cpu":
        suffixes.append(f"device='{tensor.device}'")
    if meta or (empty and tensor.dim() != 1) or not (empty or _options.edgeitems):
        suffixes.append(f"size={tuple(tensor.shape)}")
    # Elements tell int64, bool and the default complex type apart from the default dtype; without them it is said.
    if tensor.dtype not in _dtypes_left_out(elements_shown=not (meta or empty)):
        suffixes.append(f"dtype={tensor.dtype}")
    if tensor.grad_fn is not None:
        suffixes.append(f"grad_fn=<{tensor.grad_fn.name().rpartition('::')[2]}>")
    elif tensor.requires_grad:
        suffixes.append("requires_grad=True")
    return suffixes


def _dtypes_left_out(elements_shown):
    default = penlight.get_default_dtype()
    if not elements_shown:
        return (default,)
    default_complex = penlight.complex128 if default == penlight.float64 else penlight.complex64
    return (default, default_complex, penlight.int64, penlight.bool)


def _add_suffixes(text, suffixes, indent):
    """Append the suffixes, each on the line if it still fits there, else on a new one."""
    column = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if column + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"


def _contents(tensor, indent):
    """Give the text of the elements in their brackets."""
    if tensor.device.type == "meta":
        return "..."
    if tensor.numel() == 0:
        return "[]"
    summarize = tensor.numel() > _options.threshold
    cut = [summarize and size > 2 * _options.edgeitems for size in tensor.shape]
    if any(cut) and not _options.edgeitems:
        return "[...]"
    shown = _without_the_middle(tensor, cut)
    texts, width = _element_texts(shown.reshape(-1).tolist(), shown.dtype)
    if not cut:
        return texts[0]
    return _rows(texts, list(shown.shape), cut, width, indent)


def _without_the_middle(tensor, cut):
    """Keep the first and last `edgeitems` items of each dimension that is marked in `cut`."""
    for dim, is_cut in enumerate(cut):
        if is_cut:
            start = tensor.narrow(dim, 0, _options.edgeitems)
            end = tensor.narrow(dim, tensor.size(dim) - _options.edgeitems, _options.edgeitems)
            tensor = penlight.cat([start, end], dim)
    return tensor


def _rows(texts, shape, cut, width, indent):
    """Lay the element texts out in nested brackets; `texts` holds the elements of `shape` in row-major order."""
    if len(shape) == 1:
        items = texts[: _options.edgeitems] + [" ..."] + texts[_options.edgeitems :] if cut[0] else texts
        per_line = max(1, math.floor((_options.linewidth - indent) / (width + 2)))
        lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    step = len(texts) // shape[0]
    blocks = [
        _rows(texts[i : i + step], shape[1:], cut[1:], width, indent + 1) for i in range(0, len(texts), step)
    ]
    if cut[0]:
        blocks.insert(_options.edgeitems, "...")
    return "[" + ("," + "\n" * (len(shape) - 1) + " " * (indent + 1)).join(blocks) + "]"


def _element_texts(values, dtype):
    """Turn numbers into texts of one width; give the texts and the width of a column."""
    if dtype.is_complex:
        return _complex_texts(values)
    if dtype.is_floating_point:
        return _float_texts(values)
    texts = [str(value) for value in values]
    width = max(map(len, texts))
    return [text.rjust(width) for text in texts], width


def _complex_texts(values):
    reals, real_width = _float_texts([value.real for value in values])
    imags, imag_width = _float_texts([value.imag for value in values])
    texts = []
    for real, imag in zip(reals, imags):
        imag = imag.lstrip() + "j"
        texts.append(real + imag if imag[0] in "+-" else real + "+" + imag)
    return texts, real_width + imag_width + 1


def _float_texts(values):
    """Choose whole, decimal or scientific notation by the nonzero finite values, which also set the width."""
    significant = [value for value in values if value and math.isfinite(value)]
    whole = all(value.is_integer() for value in significant)
    if significant and _is_scientific(significant):
        spec, point = f".{_options.precision}e", ""
    elif whole:
        spec, point = ".0f", "."
    else:
        spec, point = f".{_options.precision}f", ""
    texts = [format(value, spec) + (point if math.isfinite(value) else "") for value in values]
    counted = [len(text) for text, value in zip(texts, values) if value and math.isfinite(value)]
    width = max(counted, default=1)
    return [text.rjust(width) for text in texts], width


def _is_scientific(significant):
    if _options.sci_mode is not None:
        return _options.sci_mode
    sizes = [abs(value) for value in significant]
    largest, smallest = max(sizes), min(sizes)
    return largest / smallest > 1000.0 or largest > 1.0e8 or smallest < 1.0e-4
