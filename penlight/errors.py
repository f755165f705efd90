"""Errors that teach: what Penlight says beyond PyTorch's own sentence.

The message of an error is PyTorch's, and nothing more: programs compare and print it. Below it, as notes that a
traceback shows, stand a line for each tensor that took part (its shape, dtype, device and where it came from) and one
line of help. All of it is put together on the error path only; the texts stand in `_error_texts.py`, in English and,
with the environment variable PENLIGHT_LANG=zh, in Chinese.

    RuntimeError: mat1 and mat2 shapes cannot be multiplied (32x256 and 128x10)
      input: shape (32, 256), torch.float32, cpu; `x` in forward (train.py:14)
      weight: shape (10, 128), torch.float32, cpu; `fc1.weight` of Linear(in_features=128, out_features=10, bias=True)
    help: fc1 expects in_features=128 but the input's last dimension is 256; write nn.Linear(256, 10) or ...
"""

import math
import os
import re
import sys
from difflib import get_close_matches

from penlight._error_texts import TEXTS

_HOME = os.path.dirname(os.path.abspath(__file__)) + os.sep
# Limits that keep an error under a millisecond, whatever surrounds it.
_MAX_OPERANDS = 8
_MAX_FRAMES = 60
_MAX_MODULES = 400
_MAX_SCANNED = 10_000


def teach(error, op_name, kind, args=(), names=()):
    """Complete an error with notes about its operands and a line of help, and give it back.

    Args:
        error: the exception; its message is PyTorch's sentence and stays as it is.
        op_name: the operator that failed, such as "matmul".
        kind: a key of `_error_texts.TEXTS`, such as "matmul_shape". An unknown kind gets no help line.
        args, names: the operands and their parameter names, in pairs; a list of tensors is taken apart.
            For the kind "unexpected_keyword" they may be ("keyword", "valid"): the wrong word and the right ones.

    It never raises and keeps no reference to what it was given.

    Example:
        >>> error = teach(RuntimeError("no"), "sum", "unexpected_keyword", ("dims", ["dim"]), ("keyword", "valid"))
        >>> print(error, *error.__notes__, sep="\\n")
        no
        help: did you mean dim=? the arguments are: dim
    """
    try:
        _add_notes(error, _lines(_Case(op_name, kind, str(error), args, names, sys._getframe(1))))
    except Exception:  # an error about the error would hide the one the user has to see
        pass
    return error


def explain(op_name, kind, message, args=(), names=()):
    """Give a message with the lines that `teach` would add to an error, for warnings, which have no notes.

    Example:
        >>> print(explain("view", "view_noncontiguous", "view size is not compatible"))
        view size is not compatible
        help: its elements don't lie in one row in memory (after a transpose, permute or slice); \
write tensor.reshape(...), which copies where it must
    """
    try:
        return "\n".join([message, *_lines(_Case(op_name, kind, message, args, names, sys._getframe(1)))])
    except Exception:  # as above
        return message


def with_help(error, kind, **facts):
    """Complete an error with a line of help from given facts, and give it back; for errors without operands.

    Example:
        >>> with_help(ImportError("No module named 'torch.foo'"), "torch_module", name="torch.foo").__notes__
        ['help: Penlight has no module torch.foo']
    """
    try:
        _add_notes(error, ["help: " + _from_facts(kind, facts)])
    except Exception:  # as above
        pass
    return error


def _add_notes(error, lines):
    if not lines:
        return
    note = "\n".join(lines)
    if hasattr(error, "add_note"):
        error.add_note(note)
        return
    error.__notes__ = [note]  # Python 3.10 knows no notes: they are printed by a hook
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _show_error_with_notes


def _show_error_with_notes(kind, error, traceback):
    sys.__excepthook__(kind, error, traceback)
    print(*getattr(error, "__notes__", ()), sep="\n", file=sys.stderr)


# ---------------------------------------------------------------------------------------------------- the case at hand
class _Case:
    """An error with everything that is known about it."""

    def __init__(self, op_name, kind, message, args, names, frame):
        self.op_name, self.kind, self.message = op_name, kind, message
        self.values = dict(zip(names, args))
        self.numbers = [int(number) for number in re.findall(r"-?\d+", message)]
        scene = _Scene(frame)
        self.operands = [_Operand(name, tensor, scene) for name, tensor in _tensors(args, names)]

    def operand(self, *names):
        """Give the first operand with one of these names."""
        return next(operand for name in names for operand in self.operands if operand.name == name)

    def layer(self, kind):
        """Give the operand that is a parameter of a layer whose class name begins with `kind`."""
        return next(o for o in self.operands if o.owner is not None and type(o.owner).__name__.startswith(kind))

    @property
    def label(self):
        """What the user calls the first operand."""
        return self.operands[0].label if self.operands else "tensor"


class _Operand:
    """A tensor that took part in the failed operation."""

    def __init__(self, name, tensor, scene):
        self.name, self.tensor = name, tensor
        self.shape = tuple(tensor.shape)
        self.dtype, self.device = str(tensor.dtype), str(tensor.device)
        self.owner = self.owner_path = None
        self.label, self.origin = name, ""
        scene.place(self)


class _Scene:
    """The frames that led to the error: the user's variables and the modules being called."""

    def __init__(self, frame):
        self.frames = []  # (frame, variables), innermost first
        while frame is not None and len(self.frames) < _MAX_FRAMES:
            self.frames.append((frame, _variables(frame)))
            frame = frame.f_back
        self.modules = [value for frame, variables in self.frames for value in _own_modules(frame, variables)]

    def place(self, operand):
        """Say where an operand came from: a layer's parameter, else a variable of the user's, else nothing."""
        if not (self._called_modules(operand) or self._variable(operand)):
            self._any_module(operand)

    def _called_modules(self, operand):
        for module in self.modules:
            for name, tensor in _own_tensors(module):
                if tensor is operand.tensor:
                    return self._set_parameter(operand, module, self._path(module), name)
        return False

    def _variable(self, operand):
        for frame, variables in self.frames:
            if frame.f_code.co_filename.startswith(_HOME):
                continue
            for name, value in variables.items():
                if value is operand.tensor and not name.startswith("_"):
                    operand.label = name
                    operand.origin = _text("origin.variable", label=name, **_place_in_source(frame))
                    return True
        return False

    def _any_module(self, operand):
        module_class = _module_class()
        for _, variables in self.frames:
            for root_name, root in list(variables.items()):
                if isinstance(root, module_class):
                    for path, module in _walk(root):
                        for name, tensor in _own_tensors(module):
                            if tensor is operand.tensor:
                                if root_name != "self":
                                    path = root_name + "." + path if path else root_name
                                return self._set_parameter(operand, module, path, name)
        return False

    def _set_parameter(self, operand, module, path, name):
        operand.owner, operand.owner_path = module, path or type(module).__name__
        operand.label = f"{path}.{name}" if path else name
        operand.origin = _text("origin.parameter", label=operand.label, layer=_brief(module))
        return True

    def _path(self, module):
        """Give the name of a called module inside the outermost module that is running, such as "body.0.fc1"."""
        chain = list(dict.fromkeys(reversed(self.modules[self.modules.index(module) :])))
        names = []
        for outer, inner in zip(chain, chain[1:]):
            path = next((path for path, found in _walk(outer) if found is inner), None)
            if path is None:  # not a part of the module that called it: start anew
                names = []
            else:
                names.append(path)
        return ".".join(names)


def _variables(frame):
    """Give the variables of a frame, leaving nothing behind in it."""
    if frame.f_locals is frame.f_globals or sys.version_info >= (3, 13) or sys.gettrace() is not None:
        return frame.f_locals
    snapshot = frame.f_locals
    variables = dict(snapshot)
    # Before Python 3.13 the frame keeps this snapshot, and in it every variable, until its function returns. Nobody
    # else can see it (references: the frame, `snapshot`, the argument) unless the function has called locals().
    if frame.f_code.co_flags & 0x1 and sys.getrefcount(snapshot) == 3:  # 0x1: a function, not a class body
        snapshot.clear()
    return variables


def _place_in_source(frame):
    code = frame.f_code
    function = "the main program" if code.co_name == "<module>" and _language() == "en" else code.co_name
    return {"function": function, "file": os.path.basename(code.co_filename), "line": frame.f_lineno}


def _own_modules(frame, variables):
    """Give the module whose method the frame runs, in a list."""
    code = frame.f_code
    first = variables.get(code.co_varnames[0]) if code.co_argcount else None
    return [first] if isinstance(first, _module_class()) else []


def _module_class():
    module = sys.modules.get("penlight.nn.modules.module")
    return module.Module if module else ()


def _own_tensors(module):
    state = vars(module)
    yield from state.get("_parameters", {}).items()
    yield from state.get("_buffers", {}).items()


def _walk(root):
    """Yield (path, module) for a module and its descendants, nearest first, up to a limit."""
    queue = [("", root)]
    for path, module in queue:
        yield path, module
        if len(queue) < _MAX_MODULES:
            for name, child in vars(module).get("_modules", {}).items():
                if child is not None:
                    queue.append((f"{path}.{name}" if path else name, child))


def _brief(module):
    return f"{type(module).__name__}({module.extra_repr()})"


def _tensors(args, names):
    """Yield (name, tensor) for the tensors among the arguments."""
    tensor_class = sys.modules["penlight"].Tensor
    found = 0
    for position, value in enumerate(args):
        name = names[position] if position < len(names) else f"argument {position + 1}"
        items = [(name, value)]
        if isinstance(value, (list, tuple)):
            items = [(f"{name}[{i}]", item) for i, item in enumerate(value[:_MAX_OPERANDS])]
        for item_name, item in items:
            if isinstance(item, tensor_class) and found < _MAX_OPERANDS:
                found += 1
                yield item_name, item


def _lines(case):
    """Give the lines below the message: one for each operand, and the help."""
    return ["  " + _operand_line(operand) for operand in case.operands] + _help_lines(case)


def _operand_line(operand):
    facts = {name: getattr(operand, name) for name in ("name", "shape", "dtype", "device", "origin")}
    return _text("operand.from" if operand.origin else "operand", **facts)


# ------------------------------------------------------------------------------------------------------ the help lines
def _language():
    return "zh" if os.environ.get("PENLIGHT_LANG", "").lower().startswith("zh") else "en"


def _text(key, **facts):
    return TEXTS[key][_language()].format(**facts)


def _help_lines(case):
    """Give the line of help in a list: the variant that knows most, else the general one, else nothing."""
    if case.kind in _FACTS:
        try:
            variant, facts = _FACTS[case.kind](case)
            return ["help: " + _text(f"{case.kind}.{variant}" if variant else case.kind, **facts)]
        except Exception:  # a fact is missing, as the next() of an absent operand: the general text needs none
            pass
    try:
        return ["help: " + _text(case.kind, **_Labels(case))]
    except KeyError:  # no text for this kind, or one for `with_help`
        return []


class _Labels(dict):
    """Fills the braces of a general text: with the first operands' names, else with the parameter's own name."""

    def __init__(self, case):
        labels = [operand.label for operand in case.operands]
        dtype = case.operands[0].dtype if case.operands else "dtype"
        super().__init__(label=case.label, dtype=dtype, op_name=case.op_name, **dict(zip("ab", labels)))
        for name in ("a", "b", "input", "target"):
            self.setdefault(name, next((o.label for o in case.operands if o.name == name), name))


def _from_facts(kind, facts):
    if kind == "torch_module":
        near = get_close_matches(facts["last"], facts["known"], 1) if "last" in facts else []
        if near:
            return _text("torch_module.near", name=facts["name"], near=f"{facts['parent']}.{near[0]}")
    if kind == "torch_attribute":
        near = get_close_matches(facts["name"], dir(sys.modules["penlight"]), 1, 0.8)
        if near:
            return _text("torch_attribute.near", name=facts["name"], near=near[0])
    return _text(kind, **facts)


def _matmul_shape(case):
    try:
        weight = case.layer("Linear")
        layer = weight.owner
    except StopIteration:
        return _plain_matmul(case)
    given = next(operand for operand in case.operands if operand.owner is None)
    facts = {"layer": weight.owner_path, "expected": layer.in_features, "out_features": layer.out_features}
    if math.prod(given.shape[1:]) == layer.in_features:
        return "flatten", {**facts, "label": given.label}
    return "linear", {**facts, "got": given.shape[-1]}


def _plain_matmul(case):
    a, b = case.operands[:2]
    facts = {"a": a.label, "b": b.label, "inner_a": a.shape[-1], "inner_b": b.shape[-2]}
    if a.shape[-1] == b.shape[-1]:
        return "transpose_second", facts
    if len(a.shape) == 2 and a.shape[0] == b.shape[-2]:
        return "transpose_first", facts
    return "", facts


def _broadcast(case):
    large, small = sorted(case.operands[:2], key=lambda operand: -len(operand.shape))
    if small.shape != large.shape[: len(small.shape)] or len(small.shape) != len(large.shape) - 1:
        return "", {}
    return "unsqueeze", {"small": small.label, "large": large.label, "new_shape": small.shape + (1,)}


def _shape_invalid(case):
    wanted, numel = case.numbers[:-1], case.numbers[-1]
    rest = math.prod(wanted[1:])
    suggestion = [-1] + wanted[1:] if rest > 0 and numel % rest == 0 else [-1]
    return "product", {
        "wanted": tuple(wanted), "product": math.prod(wanted), "numel": numel, "label": case.label,
        "suggestion": ", ".join(map(str, suggestion)),
    }


def _index_out_of_range(case):
    # "index 5 is out of bounds for dimension 0 with size 3"
    index, size = case.numbers[0], case.numbers[-1]
    return "size", {"index": index, "size": size, "last": size - 1}


def _conv_channels(case):
    weight = case.layer("Conv")
    given = next(operand for operand in case.operands if operand.owner is None)
    channels = given.shape[-len(weight.shape) + 1]
    return "layer", {"layer": weight.owner_path, "expected": weight.owner.in_channels, "got": channels}


def _dtype_mismatch(case):
    a, b = [operand for operand in case.operands if operand.dtype != case.operands[0].dtype][:1] + case.operands[:1]
    for one, other in ((a, b), (b, a)):
        if one.dtype == "torch.float64" and other.dtype == "torch.float32" and one.owner is None:
            return "float64", {"label": one.label}
        if other.tensor.is_floating_point() and not (one.tensor.is_floating_point() or one.tensor.is_complex()):
            return "integer", {"label": one.label, "dtype": one.dtype}
    return "convert", {"a": b.label, "b": a.label, "a_dtype": b.dtype, "b_dtype": a.dtype}


def _target_dtype(case):
    return "label", {"label": case.operand("target").label}


def _device_mismatch(case):
    a = case.operands[0]
    b = next(operand for operand in case.operands if operand.device != a.device)
    if a.owner is not None or (a.device != "cpu" and b.owner is None):
        a, b = b, a  # the data goes to where the weights are, and to the GPU
    return "move", {"a": a.label, "b": b.label, "a_device": a.device, "b_device": b.device}


def _embedding_range(case):
    table, indices = case.operand("weight"), case.operand("indices", "input", "index")
    rows = table.shape[0]
    value, position = _first_outside(indices.tensor, rows)
    facts = {"value": value, "position": position, "last": rows - 1, "rows": rows, "needed": value + 1}
    return ("negative" if value < 0 else "value"), facts


def _target_range(case):
    given, target = case.operand("input", "self"), case.operand("target")
    classes = given.shape[1] if len(given.shape) > 1 else given.shape[0]
    ignored = case.values.get("ignore_index", -100)
    value, position = _first_outside(target.tensor, classes, ignored)
    return "value", {"value": value, "position": position, "classes": classes, "last": classes - 1}


def _first_outside(tensor, size, ignored=None):
    """Give the first element outside 0 ... size - 1 and its position."""
    if tensor.numel() > _MAX_SCANNED:
        raise ValueError("too many to look through")
    flat = enumerate(tensor.reshape(-1).tolist())
    offset, value = next((i, v) for i, v in flat if not 0 <= v < size and v != ignored)
    position = []
    for length in reversed(tuple(tensor.shape)):
        offset, place = divmod(offset, length)
        position.insert(0, place)
    return value, position


def _backward_no_grad(case):
    if not sys.modules["penlight"].is_grad_enabled():
        return "mode", {}
    operand = case.operands[0]
    if operand.tensor.is_floating_point() or operand.tensor.is_complex():
        return "", {}
    return "integer", {"label": operand.label, "dtype": operand.dtype}


def _unexpected_keyword(case):
    keyword, valid = _keyword_and_arguments(case)
    near = get_close_matches(keyword, valid, 1) or [name for name in valid if keyword.startswith(name)]
    return ("near" if near else "valid"), {"valid": ", ".join(valid), "near": near[0] if near else ""}


def _keyword_and_arguments(case):
    """Give the word that is no argument, and the arguments there are."""
    if "valid" in case.values:
        return case.values["keyword"], list(case.values["valid"])
    # "sum() received an invalid combination of arguments - got (Tensor, dims=int), but expected one of: * (Tensor
    # input, *, torch.dtype dtype = None) * ..."
    given, _, expected = case.message.partition("but expected")
    valid = list(dict.fromkeys(re.findall(r"[\w.\[\]]+ (\w+)(?= =|,|\))", expected)))
    return next(word for word in re.findall(r"(\w+)=", given) if word not in valid), valid


# What is known beyond the general text: kind -> function(case) -> (variant, facts).
_FACTS = {
    "matmul_shape": _matmul_shape,
    "broadcast": _broadcast,
    "shape_invalid": _shape_invalid,
    "index_out_of_range": _index_out_of_range,
    "conv_channels": _conv_channels,
    "dtype_mismatch": _dtype_mismatch,
    "target_dtype": _target_dtype,
    "device_mismatch": _device_mismatch,
    "embedding_range": _embedding_range,
    "target_range": _target_range,
    "backward_no_grad": _backward_no_grad,
    "unexpected_keyword": _unexpected_keyword,
}
