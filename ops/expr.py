"""Formulas and gradients are Python expressions; here they become C++: a scalar expression for a kernel, or calls of operators."""
import ast

BINARY_MATH = {ast.Pow: "pow", ast.FloorDiv: "floor_divide", ast.Mod: "remainder", ast.BitAnd: "bitwise_and",
               ast.BitOr: "bitwise_or", ast.BitXor: "bitwise_xor", ast.LShift: "bitwise_left_shift", ast.RShift: "bitwise_right_shift"}
BINARY_CPP = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
BINARY_OP = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "true_divide", ast.Pow: "pow", ast.Mod: "remainder",
             ast.BitAnd: "bitwise_and", ast.BitOr: "bitwise_or", ast.BitXor: "bitwise_xor"}
COMPARE_CPP = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
COMPARE_OP = {ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne"}
METADATA = {"shape": "sizes", "dtype": "dtype", "dim": "dim"}
CONSTANTS = {"pi": "3.14159265358979323846", "inf": "__builtin_inf()", "nan": "__builtin_nan(\"\")"}


def parse(text):
    return ast.parse(text, mode="eval").body


def names(text):
    """Every variable an expression mentions, in order; functions called are not variables."""
    tree = parse(text)
    called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
    seen = []
    for n in ast.walk(tree):
        if isinstance(n, ast.Name) and id(n) not in called and n.id not in CONSTANTS and n.id not in seen:
            seen.append(n.id)
    return seen


def functions(text):
    """The functions an expression calls."""
    return {n.func.id if isinstance(n.func, ast.Name) else n.func.attr for n in ast.walk(parse(text)) if isinstance(n, ast.Call)}


def operations(text):
    """How many kernels the expression would take operator by operator."""
    return sum(isinstance(n, (ast.BinOp, ast.UnaryOp, ast.Call, ast.IfExp, ast.Compare)) for n in ast.walk(parse(text)))


def scalar(node):
    """C++ for one element; T is the compute type, functions are those of pl::math."""
    if isinstance(node, str):
        node = parse(node)
    if isinstance(node, ast.Constant):
        return ("true" if node.value else "false") if isinstance(node.value, bool) else f"math::cast<T>({node.value!r})"
    if isinstance(node, ast.Name):
        return f"math::cast<T>({CONSTANTS[node.id]})" if node.id in CONSTANTS else node.id
    if isinstance(node, ast.BinOp):
        a, b = scalar(node.left), scalar(node.right)
        if isinstance(node.op, ast.Pow) and isinstance(node.right, ast.Constant) and node.right.value == 2:
            return f"math::square({a})"
        if type(node.op) in BINARY_CPP:
            return f"({a} {BINARY_CPP[type(node.op)]} {b})"
        return f"math::{BINARY_MATH[type(node.op)]}({a}, {b})"
    if isinstance(node, ast.UnaryOp):
        x = scalar(node.operand)
        return {ast.USub: f"(-{x})", ast.Not: f"(!{x})", ast.Invert: f"math::bitwise_not({x})"}[type(node.op)]
    if isinstance(node, ast.Compare):
        return f"({scalar(node.left)} {COMPARE_CPP[type(node.ops[0])]} {scalar(node.comparators[0])})"
    if isinstance(node, ast.BoolOp):
        return "bool(" + (" & " if isinstance(node.op, ast.And) else " | ").join(scalar(v) for v in node.values) + ")"
    if isinstance(node, ast.IfExp):
        return f"math::select({scalar(node.test)}, {scalar(node.body)}, {scalar(node.orelse)})"
    if isinstance(node, ast.Call):
        return f"math::{node.func.id}({', '.join(scalar(a) for a in node.args)})"
    raise ValueError(f"not a scalar expression: {ast.dump(node)}")


class Operators:
    """Translates a gradient into calls of `op::` functions.

    kinds: variable -> "tensor", "scalar" or "other"; signature(name) -> the row of an operator, or None for a helper function;
    ints: the variables that are one int.
    """

    def __init__(self, kinds, signature, ints=()):
        self.kinds, self.signature, self.ints = kinds, signature, ints

    def __call__(self, text):
        return self.visit(parse(text))[0]

    def visit(self, n):
        """-> (C++ text, kind)"""
        if isinstance(n, ast.Constant):
            return self.constant(n.value)
        if isinstance(n, ast.Name):
            if n.id in CONSTANTS:
                return f"Scalar(double({CONSTANTS[n.id]}))", "scalar"
            return n.id, self.kinds.get(n.id, "other")
        if isinstance(n, ast.BinOp):
            return self.binary(n)
        if isinstance(n, ast.UnaryOp):
            x, kind = self.visit(n.operand)
            if isinstance(n.op, ast.Not):
                return (f"op::logical_not({x})", "tensor") if kind == "tensor" else (f"!({x})", "other")
            return (f"op::neg({x})", "tensor") if kind == "tensor" else (f"-({x})", kind)
        if isinstance(n, ast.Compare):
            (a, ka), (b, kb) = self.visit(n.left), self.visit(n.comparators[0])
            if "tensor" in (ka, kb):
                return f"op::{COMPARE_OP[type(n.ops[0])]}({a}, {b})", "tensor"
            return f"({a} {COMPARE_CPP[type(n.ops[0])]} {b})", "other"
        if isinstance(n, ast.BoolOp):
            parts, f = [self.visit(v)[0] for v in n.values], "and" if isinstance(n.op, ast.And) else "or"
            r = parts[0]
            for p in parts[1:]:
                r = f"op::logical_{f}({r}, {p})"
            return r, "tensor"
        if isinstance(n, ast.IfExp):
            (c, kc), (a, ka), (b, kb) = self.visit(n.test), self.visit(n.body), self.visit(n.orelse)
            if kc == "tensor":
                return f"op::where_self({c}, {a}, {b})", "tensor"
            kind = "tensor" if "tensor" in (ka, kb) else ka
            return (f"(({c}) ? Tensor({a}) : Tensor({b}))" if kind == "tensor" else f"(({c}) ? {a} : {b})"), kind
        if isinstance(n, ast.Attribute):
            x = self.visit(n.value)[0]
            if n.attr not in METADATA:
                raise ValueError(f"unknown attribute {n.attr}")
            kept = isinstance(n.value, ast.Name) and f"{x}_{n.attr}" in self.kinds
            return (f"{x}_{n.attr}" if kept else f"{x}.{METADATA[n.attr]}()"), "other"
        if isinstance(n, ast.Subscript):
            return f"{self.visit(n.value)[0]}[{n.slice.value}]", "tensor"
        if isinstance(n, (ast.List, ast.Tuple)):
            return "Shape({" + ", ".join(f"int64_t({self.visit(e)[0]})" for e in n.elts) + "})", "other"
        if isinstance(n, ast.Call):
            return self.call(n)
        raise ValueError(f"not a gradient expression: {ast.dump(n)}")

    def constant(self, v):
        if isinstance(v, bool):
            return ("true" if v else "false"), "other"
        if v is None:
            return "{}", "other"
        if isinstance(v, str):
            return f'"{v}"', "other"
        return (f"Scalar(int64_t({v}))" if isinstance(v, int) else f"Scalar({v!r})"), "scalar"

    def binary(self, n):
        (a, ka), (b, kb) = self.visit(n.left), self.visit(n.right)
        if "tensor" in (ka, kb):
            extra = ", Scalar(int64_t(1))" if isinstance(n.op, (ast.Add, ast.Sub)) else ""
            return f"op::{BINARY_OP[type(n.op)]}({a}, {b}{extra})", "tensor"
        kind = "scalar" if "scalar" in (ka, kb) else "other"
        return f"({a} {BINARY_CPP[type(n.op)]} {b})", kind

    def call(self, n):
        args, keywords = list(n.args), {k.arg: k.value for k in n.keywords}
        name = n.func.id if isinstance(n.func, ast.Name) else n.func.attr
        if isinstance(n.func, ast.Attribute):
            args.insert(0, n.func.value)
        row = self.signature(name)
        if row is None:
            return f"{name}({', '.join(self.argument(a) for a in args)})", "tensor"
        texts = []
        for i, p in enumerate(row.call_args):
            node = args[i] if i < len(args) else keywords.get(p.name)
            if node is None:
                texts.append(default_cpp(p))
            elif isinstance(node, ast.Constant) and p.kind in ("int", "float", "bool") and not isinstance(node.value, str):
                texts.append({True: "true", False: "false", None: "{}"}.get(node.value, repr(node.value))
                             if isinstance(node.value, (bool, type(None))) else f"{'int64_t' if p.kind == 'int' else p.kind}({node.value!r})")
                if p.array is not None:
                    texts[-1] = f"Shape({{{texts[-1]}}})"
            elif isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant) and p.kind in ("int", "float"):
                texts.append(("Shape({int64_t(-%r)})" if p.array is not None else "-%r") % node.operand.value)
            else:
                text = self.visit(node)[0]
                one_int = p.kind == "int" and p.array is not None and isinstance(node, ast.Name) and node.id in self.ints
                texts.append(f"Shape({{{text}}})" if one_int else text)
        return f"op::{row.cname}({', '.join(texts)})", "tensor"

    def argument(self, node):
        """An argument of a helper function: numbers stay plain."""
        if isinstance(node, ast.Constant) and not isinstance(node.value, (bool, str, type(None))):
            return repr(node.value)
        return self.visit(node)[0]


DEFAULTS = {"True": "true", "False": "false", "None": "{}"}


def default_cpp(a):
    """The default of a schema argument as a C++ expression."""
    d = a.default
    if d is None or d == "None":
        if a.kind == "ScalarType":
            return "DType::Undefined"
        if a.kind in ("Layout", "MemoryFormat"):
            return "MemoryFormat::None"
        if a.kind == "Generator":
            return "nullptr"
        return "{}" if a.optional or d is None else "{}"
    if a.array is not None:
        if d.startswith("["):
            return "Shape({" + ", ".join(f"int64_t({x})" for x in d[1:-1].split(",") if x.strip()) + "})"
        return "Shape({" + ", ".join([f"int64_t({d})"] * max(a.array, 1)) + "})"
    if d in DEFAULTS:
        return DEFAULTS[d]
    if a.kind in ("Scalar", "Operand"):
        return f"Scalar(int64_t({d}))" if d.lstrip("-").isdigit() else f"Scalar({d})"
    if a.kind == "MemoryFormat":
        return f"MemoryFormat::{d}"
    if a.kind == "str":
        return '"' + d.strip("'\"") + '"'
    return f"int64_t({d})" if a.kind == "int" else d
