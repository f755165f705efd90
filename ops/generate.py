"""Writes the C++ that follows from the operator table: kernels, graph nodes, recording functions and Python bindings.

    python ops/generate.py --out DIR      writes the files (only those whose text changed)
    python ops/generate.py --list         prints their names
"""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from ops import bindings, expr, nodes, table  # noqa: E402

CHUNKS = 6
HEADER = "// Made by ops/generate.py from the operator table.\n"
SUFFIXES = {"f": [("f32", "float", 0), ("f64", "double", 1)], "i": [("i64", "int64_t", 2)],
            "c": [("c128", "Complex<double>", 3)]}


def file_names():
    names = ["native.h", "ops.h", "pointwise_ids.h", "pointwise_info.cpp", "bindings_table.cpp", "cpu/pointwise_table.cpp", "_C.pyi"]
    for i in range(CHUNKS):
        names += [f"ops_{i}.cpp", f"bindings_{i}.cpp", f"cpu/pointwise_{i}.cpp"]
    return names


# ---------------------------------------------------------------- kernels
def kernels(rows):
    """(name, argument names, parameter names, formula, types) of every pointwise kernel: the forward formulas and fused gradients."""
    found = []
    for r in rows:
        if r.formula:
            ins = [a.name for a in r.tensors]
            params = [a.name for a in r.args if a.kind == "Scalar"]
            found.append((r.cname, ins, params, r.formula, r.types, r.dtype, r.cname, r.no_bools))
            for target, text in nodes.fused_gradients(r):
                used = expr.names(text)
                ins_g = [v for v in used if v in ("grad", "result") or any(a.name == v for a in r.tensors)]
                found.append((f"{r.cname}_grad_{target}", ins_g, [p for p in params if p in used], text, "f", "promote",
                              r.cname + "_backward", None))
    return found


def kernel_source(k):
    name, ins, params, formula, types, *_ = k
    out = [f"struct F_{name} {{", "  template <class T> static PL_FN auto apply("
           + ", ".join([f"T {v}" for v in ins] + ["const T* q"]) + ") {"]
    out += [f"    [[maybe_unused]] const T {p} = q[{i}];" for i, p in enumerate(params)]
    out += ["    (void)q;", f"    return {expr.scalar(formula)};", "  }", "};"]
    for t in types:
        for suffix, ctype, _ in SUFFIXES[t]:
            out.append(f"void {name}_{suffix}(int64_t n, char* const* p, const void* q) {{ "
                       f"loop<F_{name}, {ctype}, {len(ins)}>(n, p, static_cast<const {ctype}*>(q)); }}")
    return "\n".join(out)


def kernel_chunk(ks):
    return (HEADER + '#include "cpu/pointwise_loop.h"\n\nnamespace pl {\nnamespace PL_ISA {\nnamespace pw {\n\n'
            + "\n\n".join(kernel_source(k) for k in ks) + "\n\n}  // namespace pw\n}  // namespace PL_ISA\n}  // namespace pl\n")


def kernel_table(ks):
    out = [HEADER + '#include "cpu/kernels.h"\n\nnamespace pl {\nnamespace PL_ISA {\nnamespace pw {\n'
           "#define PL_K(name) void name(int64_t, char* const*, const void*);"]
    rows = []
    for k in ks:
        cells = ["nullptr"] * 4
        for t in k[4]:
            for suffix, _, at in SUFFIXES[t]:
                out.append(f"PL_K({k[0]}_{suffix})")
                cells[at] = f"pw::{k[0]}_{suffix}"
        rows.append("  {" + ", ".join(cells) + "},")
    return "\n".join(out) + ("\n#undef PL_K\n}  // namespace pw\n\nextern const PointwiseKernel pointwise_table[][4];\n"
                             "const PointwiseKernel pointwise_table[][4] = {\n" + "\n".join(rows)
                             + "\n};\n\n}  // namespace PL_ISA\n}  // namespace pl\n")


RULES = {"promote": "Promote", "float": "Float", "bool": "Bool", "real": "Real", "float_real": "FloatReal"}


def kernel_ids(ks):
    ids = "\n".join(f"  {k[0]}," for k in ks)
    return HEADER + "#pragma once\n\nnamespace pl {\n\nenum class Pw : int {\n" + ids + "\n};\n\n}  // namespace pl\n"


def no_bools(words):
    return "nullptr" if words is None else f'"{words}"'


def kernel_info(ks):
    rows = "\n".join(f'  {{"{k[6]}", Rule::{RULES[k[5]]}, {len(k[1])}, {len(k[2])}, {no_bools(k[7])}}},' for k in ks)
    return (HEADER + '#include "ops/pointwise.h"\n\nnamespace pl {\n\nconst PointwiseInfo pointwise_info[] = {\n' + rows
            + "\n};\n\n}  // namespace pl\n")


# ---------------------------------------------------------------- files
def declarations(rows):
    native = [r for r in rows if not r.formula]
    decl = "\n".join(f"{nodes.result_type(r)} {r.cname}({nodes.parameters(r)});" for r in native)
    return (HEADER + '#pragma once\n#include "ops/common.h"\n\nnamespace pl {\nnamespace native {\n\n' + decl
            + "\n\n}  // namespace native\n}  // namespace pl\n")


def operators(rows):
    out = [HEADER + '#pragma once\n#include "native.h"\n#include "pointwise_ids.h"\n\nnamespace pl {\nnamespace op {\n']
    for r in rows:
        out.append(nodes.declaration(r))
    return "\n".join(out) + "\n\n}  // namespace op\n}  // namespace pl\n"


def chunked(items):
    return [items[i::CHUNKS] for i in range(CHUNKS)]


def files():
    rows = table.load()
    ks = kernels(rows)
    out = {"native.h": declarations(rows), "ops.h": operators(rows), "pointwise_ids.h": kernel_ids(ks),
           "pointwise_info.cpp": kernel_info(ks), "cpu/pointwise_table.cpp": kernel_table(ks)}
    groups = {}
    for r in rows:
        groups.setdefault(r.name, []).append(r)
    for i, (part, ks_part, names) in enumerate(zip(chunked(rows), chunked(ks), chunked(list(groups)))):
        out[f"cpu/pointwise_{i}.cpp"] = kernel_chunk(ks_part)
        out[f"ops_{i}.cpp"] = HEADER + nodes.source(part, rows)
        out[f"bindings_{i}.cpp"] = HEADER + bindings.source([groups[n] for n in names])
    out["bindings_table.cpp"] = HEADER + bindings.tables(groups)
    out["_C.pyi"] = bindings.stubs(groups)
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    ap.add_argument("--out")
    ap.add_argument("--list", action="store_true")
    a = ap.parse_args()
    if a.list:
        print("\n".join(file_names()))
        return
    for name, text in files().items():
        path = os.path.join(a.out, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if not os.path.exists(path) or open(path, encoding="utf-8").read() != text:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)


if __name__ == "__main__":
    main()
