"""The operator table: what a row is, and how its schema is read.

A row is made by `op(...)` in one of the modules named in ROW_MODULES; docs/design.md explains every column.
"""
import importlib
import re
from dataclasses import dataclass, field

ROW_MODULES = ["pointwise", "creation", "shape", "index", "reduce", "linalg", "lapack", "random", "nn", "spectral", "special", "nn_sampling", "statistics", "distance"]

FACTORY = ("ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=False, "
           "bool? requires_grad=False")
BINDING_ONLY = ("layout", "pin_memory", "requires_grad")
KINDS = {"Tensor", "Operand", "Scalar", "int", "float", "bool", "str", "ScalarType", "Device", "Layout", "MemoryFormat",
         "Generator", "Any"}


@dataclass
class Arg:
    """One argument: `kind` is the base type, `array` None, 0 (any length) or the length a single number is repeated to."""
    name: str
    kind: str
    optional: bool = False
    array: int | None = None
    default: str | None = None
    keyword_only: bool = False
    writes: bool = False
    nullable_items: bool = False    # Tensor?[]: the list may hold None


@dataclass
class Op:
    """A row of the table."""
    name: str                       # python name
    overload: str
    args: list
    returns: list                   # kinds
    return_names: list
    view: bool
    formula: str | None = None
    dtype: str = "promote"
    types: str = "ifc"
    grad: dict = field(default_factory=dict)
    forms: str = "fm"
    node: str | None = None
    doc: str = ""
    ref: str | None = None
    domain: tuple | None = None
    not_diff: bool = False
    exact_out: str | None = None    # what is wrong with an out= of another dtype than the result's; {result}, {out}, {c_result}, {c_out}: their names
    no_bools: str | None = None     # a pointwise operator refuses bools with this message; "" in the usual words
    factory: bool = False
    aliases: str = ""               # further python names, apart by blanks

    @property
    def cname(self):
        """The name in C++: overloads are told apart."""
        return self.name + ("_" + self.overload if self.overload else "")

    @property
    def tensors(self):
        return [a for a in self.args if a.kind in ("Tensor", "Operand")]

    @property
    def call_args(self):
        """The arguments that the C++ functions take: what only the binding handles is left out."""
        return [a for a in self.args if not (self.factory and a.name in BINDING_ONLY) and a.kind != "Layout"]

    @property
    def inplace(self):
        return self.name.endswith("_") and not self.name.endswith("__") and self.args and self.args[0].writes


TABLE: list[Op] = []


def split_top(text):
    """Splits at commas outside brackets."""
    parts, depth, part = [], 0, ""
    for c in text:
        depth += (c in "([") - (c in ")]")
        if c == "," and depth == 0:
            parts.append(part.strip())
            part = ""
        else:
            part += c
    return parts + [part.strip()] if part.strip() else parts


def parse_arg(text, keyword_only):
    m = re.fullmatch(r"(\w+)(\([a-z]!?\))?(\?)?(\[(\d*)\])?(\?)?\s+(\w+)(?:\s*=\s*(.+))?", text)
    if not m or m[1] not in KINDS:
        raise ValueError(f"cannot read the argument {text!r}")
    array = None if m[4] is None else int(m[5] or 0)
    return Arg(m[7], m[1], bool(m[6] or (m[3] and array is None)), array, m[8], keyword_only, bool(m[2] and "!" in m[2]),
               bool(m[3] and array is not None))


def parse_schema(schema):
    m = re.fullmatch(r"(\w+)(?:\.(\w+))?\((.*)\)\s*->\s*(.+)", schema.strip(), re.S)
    if not m:
        raise ValueError(f"cannot read the schema {schema!r}")
    args, keyword_only = [], False
    for part in split_top(m[3].replace("FACTORY", FACTORY)):
        if part == "*":
            keyword_only = True
        else:
            args.append(parse_arg(part, keyword_only))
    ret = m[4].strip()
    parts = split_top(ret[1:-1]) if ret.startswith("(") else [ret]
    returns = [re.match(r"\w+", p)[0] + ("[]" if "[]" in p else "") for p in parts]
    names = [p.split()[-1] if " " in p else "" for p in parts]
    return dict(name=m[1], overload=m[2] or "", args=args, returns=returns, return_names=names, view="(a)" in ret,
                factory="FACTORY" in schema)


def op(schema, **columns):
    """Adds a row to the table."""
    row = Op(**parse_schema(schema), **columns)
    if any(o.cname == row.cname for o in TABLE):
        raise ValueError(f"two rows are named {row.cname}")
    TABLE.append(row)
    return row


def load():
    """Reads all rows."""
    if not TABLE:
        for m in ROW_MODULES:
            importlib.import_module("ops." + m)
    return TABLE
