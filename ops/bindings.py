"""The Python side of the generator: one function that parses and calls for each name, the method tables, the type stubs."""
import functools

from ops import expr, nodes, table

ACCESS = {"Tensor": "tensor", "Operand": "operand", "Scalar": "scalar", "int": "integer", "float": "number", "bool": "boolean",
          "str": "string", "ScalarType": "dtype", "Device": "device", "MemoryFormat": "memory_format", "Generator": "generator",
          "Any": "object"}
PY = {"Tensor": "Tensor", "Operand": "Tensor | Number", "Scalar": "Number", "int": "int", "float": "float", "bool": "bool", "str": "str",
      "ScalarType": "dtype", "Device": "device | str | int", "MemoryFormat": "memory_format", "Generator": "Generator", "Any": "Any",
      "Layout": "layout"}
KEYWORDS = {"from": "from", "lambda": "lambda"}


def public(a):
    """`self` of the schema is called `input` in Python's functions; the parser knows both."""
    return a.name


def has_out(r):
    return "o" in r.forms and not r.inplace and all(k in ("Tensor", "Tensor[]") for k in r.returns)


@functools.cache
def named_results():
    """The rows whose results have names: torch.return_types.max and its like."""
    return [r for r in table.load() if r.forms and len(r.returns) > 1 and all(r.return_names) and all(k == "Tensor" for k in r.returns)]


def access(a, i):
    """C++ that converts argument i."""
    if a.array is not None:
        base = {"Tensor": "tensors", "int": "ints", "float": "numbers", "bool": "booleans", "Scalar": "scalars"}[a.kind]
        if a.optional:
            return f"p.optional_{base}({i})"
        if a.default is not None and a.kind == "int":
            return f"p.{base}({i}, {a.array}, {expr.default_cpp(a)})"
        return f"p.{base}({i}{f', {a.array}' if a.kind == 'int' else ''})"
    base = ACCESS[a.kind]
    if a.optional and a.kind in nodes.BARE:
        return f"p.optional_{base}({i})"
    if a.default is not None and a.default != "None" and a.kind not in ("Tensor", "Device", "Generator"):
        return f"p.{base}({i}, {expr.default_cpp(a)})"
    return f"p.{base}({i})"


def param(a, last_positional):
    flags = []
    if a.optional or a.default is not None:
        flags.append("kHasDefault")
    if a.optional or a.default == "None":
        flags.append("kNullable")
    if a.keyword_only:
        flags.append("kKeywordOnly")
    if a.nullable_items:
        flags.append("kNullableItems")
    array = -1 if a.array is None else a.array
    return f'{{"{a.name}", Kind::{a.kind[:1].upper() + a.kind[1:]}, {" | ".join(flags) or "0"}, {array}, "{(a.default or "").replace(chr(34), chr(39))}"}}'


def signature(r, i, method_self):
    ps = [param(a, False) for a in r.args]
    if has_out(r) and not any(a.name == "out" for a in r.args):
        ps.append('{"out", Kind::Out, kHasDefault | kNullable | kKeywordOnly, -1, "None"}')
    body = ", ".join(ps) if ps else '{"", Kind::Any, 0, -1, ""}'
    return f"  static const Param params{i}[] = {{{body}}};\n", f"{{params{i}, {len(ps)}}}"


def exact_out(r):
    """The message for an out= of a dtype that is not the result's, with places for both names, those of PyTorch and of C++."""
    names = {"result": "%1$s", "out": "%2$s", "c_result": "%3$s", "c_out": "%4$s"}
    return f', "{r.exact_out.format(**names)}"' if r.exact_out else ""


def call_case(r, i):
    index = {a.name: j for j, a in enumerate(r.args)}
    args = ", ".join(access(a, index[a.name]) for a in nodes.call_args(r))
    lines = [f"      case {i}: {{"]
    out_at = len(r.args)
    call = f"op::{r.cname}({args})"
    if has_out(r):
        if r.formula:
            direct = f"op::{r.cname}_out({args}{', ' if args else ''}p.out({out_at}))"
            lines.append(f"        if (p.given({out_at})) return p.give({direct});")
        else:
            if r.factory:      # the dtype is that of out=
                call = call.replace(f"p.dtype({index['dtype']})", f"p.dtype({index['dtype']}, p.out({out_at}).dtype())")
            lines.append(f'        if (p.given({out_at})) return p.give_out({out_at}, [&] {{ return {call}; }}{exact_out(r)});')
    if r.factory:
        call = f"op::{r.cname}({args})"
        lines.append(f"        return p.give_leaf({call}, {index['requires_grad']}, {index['pin_memory']}, {index['layout']});")
    elif not r.returns or r.returns == ["()"]:
        lines.append(f"        {call};\n        Py_RETURN_NONE;")
    elif len(r.returns) > 1:
        if r in named_results():
            lines.append(f"        return p.give(return_types[{named_results().index(r)}], {call});")
        else:
            lines.append(f"        return p.give({call});")
    else:
        lines.append(f"        return p.give({call});")
    lines.append("      }")
    return "\n".join(lines)


def thunk(name, rows, suffix, case, tag):
    """One Python callable: `suffix` tells plain ("") and in-place ("_") apart, `tag` a method whose overloads are not the function's."""
    decl, sigs = "", []
    for i, r in enumerate(rows):
        d, s = signature(r, i, False)
        decl += d
        sigs.append(s)
    rows_text = ", ".join(sigs)
    cases = "\n".join(case(r, i) for i, r in enumerate(rows))
    return (f"static PyObject* call_{tag}{name}{suffix}(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* kw) {{\n{decl}"
            f"  static const Signature signatures[] = {{{rows_text}}};\n"
            f'  static Callable callable{{"{name}{suffix}", signatures, {len(rows)}}};\n'
            f"  Parsed p(callable);\n  try {{\n    switch (p.parse(self, args, n, kw)) {{\n{cases}\n    }}\n    return p.overridden();\n"
            f"  }} catch (...) {{\n    return p.translate_exception();\n  }}\n}}")


def inplace_case(r, i):
    args = ", ".join(access(a, j) for j, a in enumerate(r.args) if a in nodes.call_args(r))
    if r.formula:
        args = args.replace("p.operand(0)", "p.tensor(0)", 1)
        return f"      case {i}:\n        return p.give(op::{r.cname}_({args}));"
    args = args.replace("p.tensor(0)", "before_inplace(p.tensor(0))", 1)
    return f"      case {i}:\n        return p.give(inplace_from(p.tensor(0), [&] {{ return op::{r.cname}({args}); }}));"


def forms(rows):
    """(thunk suffix, rows, is function, is method) for each callable that a group of overloads makes."""
    functions, methods = ([r for r in rows if form in r.forms] for form in "fm")
    if functions == methods or not (functions and methods):
        if functions or methods:
            yield "", functions or methods, bool(functions), bool(methods)
    else:
        yield "", functions, True, False
        yield "", methods, False, True
    changed = [r for r in rows if "i" in r.forms and not r.inplace]
    if changed:
        yield "_", changed, False, True


def wrappers(name, suffix, function, method, tag):
    full = name + suffix
    out = []
    if function:
        out.append(f"PyObject* f_{full}(PyObject*, PyObject* const* a, Py_ssize_t n, PyObject* kw) {{ return call_{tag}{full}(nullptr, a, n, kw); }}")
    if method:
        out.append(f"PyObject* m_{full}(PyObject* self, PyObject* const* a, Py_ssize_t n, PyObject* kw) {{ return call_{tag}{full}(self, a, n, kw); }}")
    return "\n".join(out)


def inplace_function(suffix, rows):
    """relu_, dropout_ ... : PyTorch also has some in-place forms as functions; all of ours are."""
    return suffix == "_"


def source(groups):
    parts = []
    for rows in groups:
        name = rows[0].name
        for suffix, part, function, method in forms(rows):
            tag = "" if function or suffix else "method_"
            parts.append(thunk(name, part, suffix, inplace_case if suffix else call_case, tag))
            parts.append(wrappers(name, suffix, function or inplace_function(suffix, part), method, tag))
    return ('#include "ops.h"\n#include "python/binding.h"\n\nnamespace pl {\nnamespace bind {\n\n' + "\n\n".join(parts)
            + "\n\n}  // namespace bind\n}  // namespace pl\n")


def allowed(alias, plain_function):
    """Names of torch.special are functions: no methods, no in-place forms."""
    return plain_function or not alias.startswith("special_")


def tables(groups):
    decls, functions, methods = [], [], []
    for name, rows in groups.items():
        for suffix, part, function, method in forms(rows):
            full, doc = name + suffix, docstring(part, suffix, next((r.doc for r in rows if r.doc), ""))
            function = function or inplace_function(suffix, part)
            for on, prefix, into in ((function, "f_", functions), (method, "m_", methods)):
                if on:
                    decls.append(f"PyObject* {prefix}{full}(PyObject*, PyObject* const*, Py_ssize_t, PyObject*);")
                    flags = "METH_FASTCALL | METH_KEYWORDS"
                    for public_name in (full, *(a + suffix for r in part for a in r.aliases.split()
                                                if allowed(a, into is functions and not suffix))):
                        into.append(f'  {{"{public_name}", (PyCFunction)(void (*)(void)){prefix}{full}, {flags}, {doc}}},')
    types = []
    for r in named_results():
        names = ", ".join(f'"{n}"' for n in r.return_names)
        types.append(f'  {{"{r.name}", {{{names}}}}},\n')
    pointwise = "\n".join(f'  "{name} "' for name, rows in groups.items() if rows[0].formula)
    return ('#include "python/binding.h"\n\nnamespace pl {\n\nResultType return_types[] = {\n' + "".join(types)
            + "  {nullptr, {}}};\n\nnamespace bind {\n\n" + "\n".join(decls)
            + "\n\n}  // namespace bind\n\nusing namespace bind;\n\nPyMethodDef operator_functions[] = {\n" + "\n".join(functions)
            + "\n  {nullptr, nullptr, 0, nullptr}};\n\nPyMethodDef operator_methods[] = {\n" + "\n".join(methods)
            + "\n  {nullptr, nullptr, 0, nullptr}};\n\nconst char* const pointwise_names = \n" + pointwise
            + ";\n\n}  // namespace pl\n")


def py_signature(r, skip_self=False, suffix=""):
    parts, star = [], False
    for a in r.args:
        if a.keyword_only and not star:
            parts.append("*")
            star = True
        text = "input" if a.name == "self" and not skip_self else a.name
        if a.name == "self" and skip_self:
            text = "self"
        if a.default is not None:
            text += "=" + a.default
        elif a.optional:
            text += "=None"
        parts.append(text)
    if has_out(r) and not suffix:
        parts += ([] if star else ["*"]) + ["out=None"]
    return "(" + ", ".join(parts) + ")"


def docstring(rows, suffix, doc):
    """The first overload gives the text signature that inspect.signature reads."""
    r = rows[0]
    name = r.name + suffix
    if suffix:
        doc = (doc + " " if doc else "") + f"In-place form of {r.name}."
    lines = "\n".join(f"{name}{py_signature(x, suffix=suffix)}" for x in rows)
    text = f"{lines}\n\n{doc}".strip()
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def stub_type(a):
    t = PY[a.kind]
    if a.array is not None:
        t = f"Sequence[{t}]" + (f" | {t}" if a.array else "")
    return t + (" | None" if a.optional or a.default == "None" else "")


def stub(r, suffix, method):
    parts, star = [], False
    for i, a in enumerate(r.args):
        if a.keyword_only and not star:
            parts.append("*")
            star = True
        if method and i == 0:
            parts.append("self")
            continue
        text = f"{'input' if a.name == 'self' else a.name}: {stub_type(a)}"
        if a.default is not None or a.optional:
            text += " = ..."
        parts.append(text)
    ret = {"Tensor": "Tensor", "Tensor[]": "tuple[Tensor, ...]", "Scalar": "Number"}.get(r.returns[0] if r.returns else "", r.returns[0] if r.returns else "None")
    if len(r.returns) > 1:
        ret = "tuple[" + ", ".join("Tensor" for _ in r.returns) + "]"
    return f"def {r.name}{suffix}({', '.join(parts)}) -> {ret}: ..."


def stubs(groups):
    """_C.pyi: what editors and type checkers read."""
    functions, methods = [], []
    for rows in groups.values():
        for suffix, part, function, method in forms(rows):
            over = "@overload\n" if len(part) > 1 else ""
            if function:
                functions += [over + stub(r, suffix, False) for r in part]
            if method:
                methods += [over + stub(r, suffix, True) for r in part if r.args]
    body = "\n".join("    " + line for m in methods for line in m.split("\n"))
    head = "# Made by ops/generate.py from the operator table.\nfrom collections.abc import Sequence\nfrom typing import Any, overload\n\nNumber = bool | int | float | complex\n\n"
    return head + "class dtype: ...\nclass device: ...\nclass layout: ...\nclass memory_format: ...\nclass Generator: ...\n\nclass Tensor:\n" + body + "\n\n" + "\n".join(functions) + "\n"
