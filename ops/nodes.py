"""The autograd part of the generator: for each row a Node class and the recording function `op::NAME`."""
import ast
import os
import re

from ops import expr

CPP = {"Tensor": "const Tensor&", "Operand": "const Operand&", "Scalar": "const Scalar&", "int": "int64_t", "float": "double",
       "bool": "bool", "str": "const std::string&", "ScalarType": "DType", "Device": "std::optional<Device>",
       "MemoryFormat": "MemoryFormat", "Generator": "Generator*", "Any": "PyObject*"}
BARE = {"Scalar": "Scalar", "Operand": "Operand", "int": "int64_t", "float": "double", "bool": "bool", "str": "std::string"}


def call_args(row):
    """The arguments that the C++ functions take."""
    return row.call_args


def cpp_type(a):
    if a.array is not None:
        if a.kind == "Tensor":
            return "const TensorList&"
        base = {"int": "Shape", "float": "const std::vector<double>&", "bool": "const std::vector<bool>&",
                "Scalar": "const std::vector<Scalar>&"}[a.kind]
        return f"std::optional<{base.replace('const ', '').replace('&', '')}>" if a.optional else base
    if a.optional and a.kind in BARE:
        return f"const std::optional<{BARE[a.kind]}>&" if a.kind in ("Scalar", "str", "Operand") else f"std::optional<{BARE[a.kind]}>"
    return CPP[a.kind]


def member_type(a):
    """How a node keeps an argument."""
    if a.array is not None:
        base = {"int": "std::vector<int64_t>", "float": "std::vector<double>", "bool": "std::vector<bool>",
                "Scalar": "std::vector<Scalar>"}[a.kind]
        return f"std::optional<{base}>" if a.optional else base
    if a.optional and a.kind in BARE:
        return f"std::optional<{BARE[a.kind]}>"
    return BARE.get(a.kind) or {"ScalarType": "DType", "MemoryFormat": "MemoryFormat"}[a.kind]


def param_type(row, a):
    """Pointwise operators take numbers wherever they take tensors."""
    return "const Operand&" if row.formula and a.kind == "Tensor" else cpp_type(a)


def parameters(row, extra=()):
    return ", ".join([f"{param_type(row, a)} {a.name}" for a in call_args(row)] + list(extra))


def result_type(row):
    kinds = {"Tensor": "Tensor", "Tensor[]": "TensorList", "Scalar": "Scalar", "bool": "bool", "int": "int64_t", "float": "double",
             "Any": "PyObject*"}
    if len(row.returns) > 1:
        return "std::tuple<" + ", ".join(kinds[r] for r in row.returns) + ">"
    return kinds[row.returns[0]] if row.returns else "void"


def is_plain(row):
    """A native function that needs no recording: op::NAME is the native function itself."""
    return not row.formula and not row.grad


def has_inplace(row):
    return row.formula is not None and bool(set(row.forms) & set("iI"))


def declaration(row):
    if is_plain(row):
        return f"using native::{row.cname};"
    lines = [f"{result_type(row)} {row.cname}({parameters(row)});"]
    if has_inplace(row):
        lines.append(f"Tensor {row.cname}_({inplace_parameters(row)});")
    if row.formula:
        lines.append(f"Tensor {row.cname}_out({parameters(row, ['const Tensor& out'])});")
    return "\n".join(lines)


def inplace_parameters(row):
    args = call_args(row)
    return ", ".join([f"const Tensor& {args[0].name}"] + [f"{param_type(row, a)} {a.name}" for a in args[1:]])


def math_functions():
    """The scalar functions that csrc/math defines: what a kernel may call."""
    here = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "csrc", "math")
    text = "".join(open(os.path.join(here, f), encoding="utf-8").read() for f in sorted(os.listdir(here)) if f.endswith(".h"))
    return set(re.findall(r"PL_FN\s+[\w:<> ]+?\s(\w+)\(", text))


MATH = math_functions()


def fused_gradients(row):
    """The gradients of a pointwise row that are worth a kernel of their own: those of more than one operation."""
    for target, text in row.grad.items():
        if expr.operations(text) > 1 and expr.functions(text) <= MATH and all(v == "grad" or v == "result" or any(a.name == v for a in row.args)
                                             for v in expr.names(text)):
            yield target, text


def camel(name):
    return "".join(p[:1].upper() + p[1:] for p in name.strip("_").split("_"))


class Recorder:
    """What the node of one row saves and how it computes its results."""

    def __init__(self, row, signature):
        self.row, self.signature = row, signature
        self.node = row.node or camel(row.name) + "Backward" + {"": "0"}.get(row.overload, "0")
        self.cls = "N_" + row.cname
        self.targets = [a for a in row.args if a.kind in ("Tensor", "Operand") and a.name in row.grad]
        self.outputs = [f"result{i}" for i in range(len(row.returns))] if len(row.returns) > 1 else ["result"]
        self.uses = {t.name: self.mentioned(row.grad[t.name]) for t in self.targets}
        self.saved = []
        for names in self.uses.values():
            self.saved += [n for n in names if n not in self.saved]
        self.by_name = {a.name: a for a in row.args}
        self.fused = dict(fused_gradients(row)) if row.formula else {}

    def mentioned(self, text):
        """Variables to save; `x.shape` becomes x_shape where x is an argument or result that is a tensor."""
        tree, meta, inside = expr.parse(text), [], set()
        for n in ast.walk(tree):
            if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.attr in ("shape", "dtype", "dim") \
                    and n.value.id not in ("grad", "grads"):
                meta.append(f"{n.value.id}_{n.attr}")
                inside.add(id(n.value))
        called = {id(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
        plain = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and id(n) not in called | inside
                 and n.id not in ("grad", "grads") and n.id not in expr.CONSTANTS]
        return list(dict.fromkeys(plain + meta))

    def kind(self, name):
        if name.rsplit("_", 1)[-1] in ("shape", "dtype", "dim") and name not in self.by_name:
            return name.rsplit("_", 1)[-1]
        if name in self.outputs:
            return "output"
        a = self.by_name[name]
        if a.kind in ("Tensor", "Operand"):
            return "list" if a.array is not None else "operand" if (a.kind == "Operand" or self.row.formula) else "tensor"
        return "scalar" if a.kind == "Scalar" and not a.optional and a.array is None else "other"

    # ---- the class
    def members(self):
        types = {"output": "SavedTensor", "tensor": "SavedTensor", "operand": "SavedOperand", "list": "SavedList",
                 "shape": "std::vector<int64_t>", "dtype": "DType", "dim": "int64_t", "scalar": "Scalar"}
        out = [f"  {types.get(self.kind(n)) or member_type(self.by_name[n])} {n}_{{}};" for n in self.saved]
        if self.row.formula:
            out += [f"  GradTarget to_{t.name}_;" for t in self.targets]
        out += [f"  uint32_t {t.name}_count_ = 0;" for t in self.targets if t.array is not None]
        return out

    def class_source(self):
        tensors = [n for n in self.saved if self.kind(n) in ("output", "tensor", "operand", "list")]
        out = [f"struct {self.cls} final : Node {{", *self.members(),
               f'  const char* name() const override {{ return "{self.node}"; }}']
        if tensors:
            out.append("  void release_saved() override { " + " ".join(f"{n}_.reset();" for n in tensors) + " }")
            shown = " ".join(f'show_saved(f, "{"result" if n == "result" else n}", {n}_, this);' for n in tensors if self.kind(n) != "list")
            out.append("  void saved([[maybe_unused]] std::function<void(const char*, const Tensor&)> f) override { " + shown + " }")
        out += ["  void backward(const Tensor* grads, Tensor* results) override {", *self.body(), "  }", "};"]
        return "\n".join(out)

    def guard(self, names):
        return " || ".join(names) if names else "true"

    def need(self, t):
        i = self.targets.index(t)
        if any(x.array is not None for x in self.targets):
            return "true" if len(self.targets) == 1 else f"needs_{t.name}"
        return f"needs({i})"

    def body(self):
        multi = len(self.row.returns) > 1 or self.row.returns == ["Tensor[]"]
        out = [] if multi else ["    const Tensor& grad = grads[0];", "    if (!grad) return;"]
        if multi:
            out.append("    if (!any_defined(grads, n_inputs)) return;")
        lists = [t for t in self.targets if t.array is not None]
        if lists and len(self.targets) > 1:
            raise ValueError(f"{self.row.cname}: a list beside other differentiable arguments is not supported")
        kinds = {"grad": "tensor", "grads": "tensor"}
        for n in self.saved:
            k = self.kind(n)
            kinds[n] = "tensor" if k in ("output", "tensor", "operand") else "scalar" if k == "scalar" else "other"
            users = [self.need(t) for t in self.targets if n in self.uses[t.name]]
            if k in ("output", "tensor", "operand", "list"):
                ctype = {"operand": "Operand", "list": "TensorList"}.get(k, "Tensor")
                cond = self.guard(users)
                unpack = f'{n}_.unpack(this, "{n}")'
                out.append(f"    {ctype} {n} = {unpack};" if cond == "true" or len(self.targets) == 1
                           else f"    {ctype} {n} = ({cond}) ? {unpack} : {ctype}();")
            else:
                out.append(f"    [[maybe_unused]] const auto& {n} = {n}_;")
        ints = {a.name for a in self.row.args if a.kind == "int" and a.array is None and not a.optional}
        translate = expr.Operators(kinds, self.signature, ints)
        for i, t in enumerate(self.targets):
            text = self.row.grad[t.name]
            value = translate(text)
            if t.array is not None:
                out.append(f"    TensorList r = {value};")
                out.append("    for (uint32_t i = 0; i < n_next && i < r.size(); ++i) results[i] = r[i];")
                continue
            if t.name in self.fused:
                used = [v for v in expr.names(text) if kinds.get(v) == "tensor"]
                params = [a.name for a in self.row.args if a.kind == "Scalar" and a.name in expr.names(text)]
                ops = ", ".join(used)
                value = (f"fused_gradient_fits({{{', '.join('&' + v for v in used if v == 'grad' or self.kind(v) == 'output')}}}) ? "
                         f"pointwise(Pw::{self.row.cname}_grad_{t.name}, {{{ops}}}, {{{', '.join(params)}}}) : {value}")
            if self.row.formula:
                value = f"to_{t.name}_({value})" if "?" not in value else f"to_{t.name}_(({value}))"
            out.append(f"    if (needs({i})) results[{i}] = {value};")
        return out

    # ---- saving
    def save(self, when, source="{}"):
        """Statements that fill the node: before the call (inputs) or after it (outputs)."""
        out = []
        for n in self.saved:
            k = self.kind(n)
            if (k == "output") != (when == "after") and not (when == "after" and n.split("_")[0] in self.outputs and k in ("shape", "dtype", "dim")):
                continue
            if when == "before" and k in ("shape", "dtype", "dim") and n.rsplit("_", 1)[0] in self.outputs:
                continue
            if k == "output":
                nr = self.outputs.index(n)
                out.append(f"node->{n}_.save_output({n}{f', {nr}' if nr else ''});")
            elif k in ("tensor", "operand"):
                users = [t for t in self.targets if n in self.uses[t.name]]
                value = source.format(n) if n == self.row.args[0].name else n
                cond = " || ".join(f"node->needs({self.targets.index(t)})" for t in users)
                save = f"node->{n}_.save({value});"
                out.append(save if len(users) == len(self.targets) else f"if ({cond}) {save}")
            elif k == "list":
                out.append(f"node->{n}_.save({n});")
            elif k == "shape":
                base = n.rsplit("_", 1)[0]
                out.append(f"node->{n}_ = saved_shape({base});")
            elif k in ("dtype", "dim"):
                base = n.rsplit("_", 1)[0]
                out.append(f"node->{n}_ = saved_{k}({base});")
            else:
                out.append(f"node->{n}_ = kept({n});")
        return out

    def edges(self):
        lists = [t for t in self.targets if t.array is not None]
        if lists:
            return f"set_edges(node.get(), {lists[0].name});"
        return "set_edges(node.get(), {" + ", ".join(f"tensor_of({t.name})" for t in self.targets) + "});"

    def condition(self):
        return "grad_enabled && (" + " || ".join(f"requires_grad({t.name})" for t in self.targets) + ")" if self.targets else "false"

    def function(self):
        row = self.row
        args = [a.name for a in call_args(row)]
        if row.formula:
            call = self.pointwise_call(row)
        else:
            call = f"native::{row.cname}({', '.join(args)})"
        if row.inplace:
            return self.inplace_function(row.cname, f"{result_type(row)} {row.cname}({parameters(row)})", call + ";", row.args[0].name)
        out = [f"{result_type(row)} {row.cname}({parameters(row)}) {{"]
        if not self.targets:
            return "\n".join(out + [f"  return {call};", "}"])
        out += [f"  if (!({self.condition()})) return {call};", f"  NodeRef<{self.cls}> node(new {self.cls});", "  " + self.edges()]
        out += ["  " + s for s in self.save("before")]
        guard = "" if row.view or row.formula else "NoGrad no_grad; "
        if len(row.returns) > 1:
            out += [f"  {result_type(row)} results = [&] {{ {guard}return {call}; }}();"]
            out += [f"  Tensor& {o} = std::get<{i}>(results);" for i, o in enumerate(self.outputs) if row.returns[i] == "Tensor"]
        else:
            out += [f"  {result_type(row)} result = " + (f"[&] {{ {guard}return {call}; }}();" if guard else call + ";")]
        out += ["  " + s for s in self.save("after")]
        if row.formula:
            out += [f"  node->to_{t.name}_.set({t.name}, result);" for t in self.targets]
        if row.returns == ["Tensor[]"]:
            out.append("  set_history(result, node.get());")
        elif len(row.returns) > 1:
            out.append(f"  node->n_inputs = {len(row.returns)};")
            out += [f"  set_output_history({o}, node.get(), {i});" for i, o in enumerate(self.outputs) if row.returns[i] == "Tensor" and self.has_history(i)]
        else:
            out.append("  set_output_history(result, node.get(), 0);")
        out += ["  return result" + ("s" if len(row.returns) > 1 else "") + ";", "}"]
        return "\n".join(out)

    def has_history(self, i):
        """Whether the gradients make use of that of output i, or say of none which they use."""
        texts = " ".join(self.row.grad.values())
        return f"grads[{i}]" in texts or not re.search(r"grads\[\d", texts)

    def pointwise_call(self, row, out=None):
        ins = ", ".join(a.name for a in row.tensors)
        params = ", ".join(a.name for a in row.args if a.kind == "Scalar")
        return f"pointwise{'_out' if out else ''}(Pw::{row.cname}, {{{ins}}}, {{{params}}}{', ' + out if out else ''})"

    def inplace_function(self, name, head, call, target):
        out = [head + " {", f"  const bool record = {self.condition()};", f"  check_inplace({target}, record);"]
        if self.targets:
            out += [f"  NodeRef<{self.cls}> node;", "  if (record) {", f"    node = NodeRef<{self.cls}>(new {self.cls});", "    " + self.edges()]
            out += ["    " + s for s in self.save("before", "copy_of({})")]
            if self.row.formula:
                out += [f"    node->to_{t.name}_.set({t.name}, {target});" for t in self.targets]
            out.append("  }")
        out += ["  {", "    NoGrad no_grad;", "    " + call, "  }", f"  bump_version({target}.get());"]
        if self.targets:
            out += ["  if (record) {", f"    [[maybe_unused]] const Tensor& result = {target};"]
            out += ["    " + s for s in self.save("after")]
            out += [f"    set_inplace_history({target}, NodeRef<Node>(node.release()));", "  }"]
        out += [f"  return {target};", "}"]
        return "\n".join(out)

    def source(self):
        row = self.row
        parts = [self.class_source()] if self.targets else []
        parts.append(self.function())
        if has_inplace(row):
            name = row.args[0].name
            parts.append(self.inplace_function(row.cname + "_", f"Tensor {row.cname}_({inplace_parameters(row)})",
                                               self.pointwise_call(row, name) + ";", name))
        if row.formula:
            args = ", ".join(f"tensor_of({a.name})" for a in row.tensors)
            parts.append(f"Tensor {row.cname}_out({parameters(row, ['const Tensor& out'])}) {{\n"
                         f'  check_out("{row.name}", out, {{{args}}});\n  {self.pointwise_call(row, "out")};\n'
                         "  bump_version(out.get());\n  return out;\n}")
        return "\n\n".join(parts)


def source(rows, all_rows):
    # An expression names an operator as Python does; the first overload answers for a name that no row has alone.
    signatures = {}
    for r in all_rows:
        signatures[r.cname] = r
    for r in all_rows:
        signatures.setdefault(r.name, r)
    parts = [Recorder(r, signatures.get).source() for r in rows if not is_plain(r)]
    return ('#include "ops/recording.h"\n\nnamespace pl {\nnamespace op {\n\n' + "\n\n".join(parts)
            + "\n\n}  // namespace op\n}  // namespace pl\n")
