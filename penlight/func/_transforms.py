"""Derivatives of functions as functions: grad, vjp, jvp, jacrev, jacfwd, hessian.

All of them record the function in autograd's graph and differentiate with respect to tensors of their own, so that they
nest in any order. Where a vmap is being run, a tensor of one's own is expanded to one for each sample: the gradients of
a batch are then those of its samples. Forward mode is the derivative of reverse mode: a vjp is linear in its cotangent,
and the transpose of that linear map is the jvp.
"""

import functools
from _thread import _local

from penlight import _C, Tensor
from penlight.autograd.function import Function
from penlight.autograd.graph import get_gradient_edge
from penlight.func._batched import active_levels, map_physical, physical, spread_all, watch, wrap_all
from penlight.utils._pytree import tree_flatten, tree_map, tree_unflatten


class _Running(_local):
    def __init__(self):
        self.scopes = []


_running = _Running()  # every thread has its own


def innermost_is_forward():
    """Whether the innermost transform being run is one of forward mode."""
    return bool(_running.scopes) and _running.scopes[-1].forward


class Place(Function):
    """The tensor itself at a place of the graph that can be named; `seed` has it recorded in any case."""

    @staticmethod
    def forward(ctx, tensor, seed):
        return tensor.detach()

    @staticmethod
    def backward(ctx, grad):
        return grad if ctx.needs_input_grad[0] else None, None


class Scope:
    """One run of a transform. Inside, autograd records; the leaves made for it are told from the caller's."""

    def __init__(self, forward=False):
        self.forward, self.open = forward, False

    def __enter__(self):
        _running.scopes.append(self)
        if self.forward:
            watch(True)
        self.recording = _C.is_grad_enabled()
        # no_grad() does not concern forward mode, but stops the reverse mode that it stands in.
        self.kept = _C._keep_recording(self.forward)
        self.mode = _enable_grad()
        self.mode.__enter__()
        self.open = True
        return self

    def __exit__(self, *exception):
        self.mode.__exit__(*exception)
        _C._keep_recording(self.kept)
        self.open = False
        _running.scopes.remove(self)
        if self.forward:
            watch(False)

    def track(self, tensor):
        """A tensor of this scope's own with the given values; behind it, the caller's graph."""
        levels = list(active_levels())
        source = physical_of(tensor, levels)
        if self.forward:
            own = self.place(source)
        elif self.recording and source.requires_grad:
            own = source.view_as(source)
        else:
            own = source.detach().requires_grad_()
            own._scope = self
        return wrap_all(own, levels), own

    def place(self, tensor):
        """The plain tensor, its memory too, as the output of a node of this scope's own; may be changed in place."""
        seed = _C.zeros(()).requires_grad_()
        seed._scope = self
        return Place.apply(tensor if self.recording else tensor.detach(), seed)

    def settle(self, tensor):
        """A result as the caller gets it: cut off the graph unless a tensor outside this scope is behind it."""
        if not isinstance(tensor, Tensor) or not tensor.requires_grad:
            return tensor
        if self.recording and self.has_outer([physical(tensor)]):
            return tensor
        return map_physical(lambda t: t.detach(), tensor)

    def has_outer(self, tensors):
        """Whether leaves that other scopes or the user differentiate by are behind the plain tensors."""
        seen, todo = set(), []
        for t in tensors:
            if t.requires_grad and t.grad_fn is None and not self._is_own(t):
                return True
            todo.append(t.grad_fn)
        while todo:
            node = todo.pop()
            if node is None or node in seen:
                continue
            seen.add(node)
            leaf = getattr(node, "variable", None)
            if leaf is not None and not self._is_own(leaf):
                return True
            todo += [n for n, _ in node.next_functions]
        return False

    def _is_own(self, leaf):
        """A leaf of this scope, or of one that has ended."""
        scope = getattr(leaf, "_scope", None)
        return scope is self or (scope is not None and not scope.open)


def _enable_grad():
    from penlight.autograd.grad_mode import enable_grad

    return enable_grad()


def physical_of(tensor, levels):
    """The plain tensor with a dimension for every vmap being run."""
    if not isinstance(tensor, Tensor):
        raise ValueError(f"Thing passed to transform API must be Tensor, got {type(tensor)}")
    return spread_all(tensor, levels)


def _gradients(outputs, inputs, cotangents, create_graph, keep=True):
    """Gradients of plain tensors, None where there is no connection."""
    used = [(o, c) for o, c in zip(outputs, cotangents) if o.requires_grad and c is not None]
    if not used or not inputs:
        return (None,) * len(inputs)
    outputs, cotangents = zip(*used)
    return _C._autograd_grad(outputs, inputs, cotangents, keep, create_graph, True, False)


# ---------------------------------------------------------------- arguments
def _argnums(argnums, args):
    if not isinstance(argnums, (int, tuple)) or isinstance(argnums, bool):
        raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {type(argnums)}")
    numbers = (argnums,) if isinstance(argnums, int) else argnums
    if not numbers:
        raise RuntimeError("argnums must be non-empty")
    if len(set(numbers)) != len(numbers):
        raise RuntimeError(f"argnums elements must be unique, got {argnums}")
    for n in numbers:
        if not isinstance(n, int):
            raise RuntimeError(f"argnums must be int or Tuple[int, ...], got: {argnums}")
        if not -len(args) <= n < len(args):
            raise RuntimeError(f"Got argnum={n}, but only {len(args)} positional inputs")
    return [n % len(args) for n in numbers]


def _with_args(args, numbers, values):
    args = list(args)
    for n, v in zip(numbers, values):
        args[n] = v
    return args


def _selected(argnums, values):
    """What belongs to `argnums`: a tuple, or a single value for an int."""
    return values[0] if isinstance(argnums, int) else tuple(values)


def _of_args(func, argnums, args, kwargs):
    """The function of the arguments that are differentiated by, and those arguments."""
    numbers = _argnums(argnums, args)

    def inner(*primals):
        return func(*_with_args(args, numbers, primals), **kwargs)

    return inner, [args[n] for n in numbers]


def _track_tree(scope, tree):
    """The container with tensors of the scope's own, these as plain tensors, and the TreeSpec."""
    leaves, spec = tree_flatten(tree)
    pairs = [scope.track(leaf) for leaf in leaves]
    return tree_unflatten([p[0] for p in pairs], spec), [p[1] for p in pairs], spec


def _split_aux(result, has_aux, caller):
    if not has_aux:
        return result, None
    if not (isinstance(result, tuple) and len(result) == 2):
        raise RuntimeError(f"{caller}: output of function f should be a tuple: (output, aux) if has_aux is True")
    for value in tree_flatten(result[1])[0]:
        if not isinstance(value, Tensor):
            raise RuntimeError(f"Expected tensors, got unsupported type {type(value)}")
    return result


# ---------------------------------------------------------------- reverse mode
def grad_and_value(func, argnums=0, has_aux=False):
    """Return a function that computes the gradient of `func` (which gives one number) and the number itself.

    See `grad` for the arguments. The result is (gradient, value), or (gradient, (value, aux)) with has_aux.

    Example:
        >>> torch.func.grad_and_value(lambda x: x**3)(torch.tensor(2.0))
        (tensor(12.), tensor(8.))
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        inner, primals = _of_args(func, argnums, args, kwargs)
        with Scope() as scope:
            levels = list(active_levels())
            inputs, own, spec = _track_tree(scope, primals)
            caller = "grad_and_value(f)(*args)"
            output, aux = _split_aux(inner(*inputs), has_aux, caller)
            if not isinstance(output, Tensor):
                raise RuntimeError(f"{caller}: Expected f(*args) to return a Tensor, got {type(output)}")
            if output.dim() != 0:
                raise RuntimeError(
                    f"{caller}: Expected f(*args) to return a scalar Tensor, got tensor with "
                    f"{output.dim()} dims. Maybe "
                    "you wanted to use the vjp or jacrev APIs instead?"
                )
            out = spread_all(output, levels)
            create = scope.recording and scope.has_outer([out])
            found = _gradients([out], own, [_C.ones_like(out)], create, keep=create or has_aux)
            grads = [wrap_all(_C.zeros_like(o) if g is None else g, levels) for g, o in zip(found, own)]
            grads, output = [scope.settle(g) for g in grads], scope.settle(output)
            aux = tree_map(scope.settle, aux)
        grads = _selected(argnums, tree_unflatten(grads, spec))
        return (grads, (output, aux)) if has_aux else (grads, output)

    return wrapper


def grad(func, argnums=0, has_aux=False):
    """Return a function that computes the gradient of `func`, which must give one number.

    Args:
        func: takes tensors (or nested containers of them) and returns a tensor without dimensions.
        argnums: which positional arguments to differentiate by: an int, or a tuple of ints for a tuple of gradients.
        has_aux: func returns (number, aux), and the result is (gradient, aux).

    Example:
        >>> torch.func.grad(torch.sin)(torch.tensor(0.0))
        tensor(1.)
        >>> torch.func.grad(torch.func.grad(lambda x: x**3))(torch.tensor(2.0))
        tensor(12.)
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        grads, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (grads, value[1]) if has_aux else grads

    return wrapper


class _Star:
    def __repr__(self):
        return "*"


def _outline(spec):
    """A structure as messages show it: (*, *)."""
    return tree_unflatten([_Star()] * spec.num_leaves, spec)


def _only_tensors(outputs, caller):
    leaves, spec = tree_flatten(outputs)
    for value in leaves:
        if not isinstance(value, Tensor):
            raise RuntimeError(
                f"{caller}: expected f(*primals) to return only tensors, got unsupported type {type(value)}"
            )
    return leaves, spec


class _Reverse:
    """A function that was run once, and the products of vectors with its Jacobian."""

    def __init__(self, func, primals, has_aux=False, caller="vjp(f, *primals)"):
        with Scope() as scope:
            self.scope, self.levels = scope, list(active_levels())
            inputs, self.own, self.in_spec = _track_tree(scope, primals)
            outputs, aux = _split_aux(func(*inputs), has_aux, caller)
            leaves, self.out_spec = _only_tensors(outputs, caller)
            self.outputs = [spread_all(o, self.levels) for o in leaves]
            self.outer = scope.recording and scope.has_outer(self.outputs)
            self.result = tree_unflatten([scope.settle(o) for o in leaves], self.out_spec)
            self.aux = tree_map(scope.settle, aux)

    def pull(self, cotangents):
        """The gradients for plain cotangents of the outputs."""
        create = _C.is_grad_enabled() and (self.outer or any(c.requires_grad for c in cotangents))
        found = _gradients(self.outputs, self.own, cotangents, create)
        # A graph kept for other runs gives gradients without history where nobody asked for one.
        return [_C.zeros_like(o) if g is None else g for g, o in zip(found, self.own)]


def per_slice(function, arrays, before, extra):
    """function(list of arrays) for arrays that have `extra` further dimensions behind the first `before`."""
    if not extra:
        return function(arrays)
    sizes = arrays[0].shape[before : before + extra]
    flat = [a.flatten(before, before + extra - 1) for a in arrays]
    rows = [function([f.select(before, i) for f in flat]) for i in range(flat[0].shape[before])]
    return [_C.stack(column, before).unflatten(before, sizes) for column in zip(*rows)]


def vjp(func, *primals, has_aux=False):
    """Return func(*primals) and a function that multiplies vectors with its Jacobian, from the left.

    The second result takes a tensor (or structure) like the output, and gives a tuple with a tensor for each primal.
    With has_aux, func returns (output, aux), and the result is (output, function, aux).

    Example:
        >>> value, pull = torch.func.vjp(lambda x: x * x, torch.tensor([1.0, 2.0]))
        >>> pull(torch.tensor([1.0, 10.0]))
        (tensor([ 2., 40.]),)
    """
    run = _Reverse(func, primals, has_aux)

    def pull(cotangents, retain_graph=True, create_graph=None):
        given, spec = tree_flatten(cotangents)
        if spec != run.out_spec:
            raise RuntimeError(
                "Expected pytree structure of cotangents to be the same as pytree structure of outputs to "
                "the function. "
                f"cotangents: {_outline(spec)}, primal output: {_outline(run.out_spec)}"
            )
        depth = len(run.levels)
        for i, (c, o) in enumerate(zip(given, run.outputs)):
            if c.shape != o.shape[depth:]:
                raise RuntimeError(
                    f"Mismatch in shape: grad_output[{i}] has a shape of {c.shape} and output[{i}] has a shape of "
                    f"{_C.Size(o.shape[depth:])}."
                )
        levels = list(active_levels())
        arrays = [spread_all(c, levels) for c in given]
        found = per_slice(run.pull, arrays, depth, len(levels) - depth)
        results = tree_unflatten([wrap_all(g, levels) for g in found], run.in_spec)
        return tuple(results)

    return (run.result, pull, run.aux) if has_aux else (run.result, pull)


# ---------------------------------------------------------------- forward mode
def transpose(outputs, edges):
    """A function from plain tangents at places of the graph to those of the outputs (None: independent of them)."""
    live = [o for o in outputs if o.requires_grad]
    # Ones rather than zeros, as a formula may take the cotangent's logarithm on the way. Where ones are refused (for
    # eigenvectors they ask for the phase, which nothing determines) zeros are not.
    for start in (_C.ones_like, _C.zeros_like):
        dummies = [start(o).requires_grad_() for o in live]
        try:
            pulled = _gradients(live, edges, dummies, create_graph=True)
            break
        except RuntimeError:
            if start is _C.zeros_like:
                raise
    used = [(g, i) for i, g in enumerate(pulled) if g is not None and g.requires_grad]

    def push(tangents, create_graph):
        found = iter(_gradients([g for g, _ in used], dummies, [tangents[i] for _, i in used], create_graph))
        return [next(found) if o.requires_grad else None for o in outputs]

    return push


class _Forward(_Reverse):
    """A function that was run once, and the products of its Jacobian with vectors."""

    def __init__(self, func, primals, has_aux=False, caller="jvp(f, primals, tangents)"):
        with Scope(forward=True) as scope:
            self.scope, self.levels = scope, list(active_levels())
            inputs, self.own, self.in_spec = _track_tree(scope, primals)
            edges = [get_gradient_edge(o) for o in self.own]
            outputs, aux = _split_aux(func(*inputs), has_aux, caller)
            leaves, self.out_spec = _only_tensors(outputs, caller)
            self.outputs = [spread_all(o, self.levels) for o in leaves]
            self.outer = scope.recording and scope.has_outer(self.outputs)
            self.result = tree_unflatten([scope.settle(o) for o in leaves], self.out_spec)
            self.aux = tree_map(scope.settle, aux)
            self.transposed = transpose(self.outputs, edges)

    def push(self, tangents):
        """The tangents of the outputs for plain tangents of the inputs."""
        create = _C.is_grad_enabled() and (self.outer or any(t.requires_grad for t in tangents))
        found = self.transposed(tangents, create)
        return [_C.zeros_like(o) if t is None else t for t, o in zip(found, self.outputs)]

    def push_tree(self, tangents):
        """The same for a flat list of tensors as functions inside vmap see them; the structure of the output."""
        levels, depth = list(active_levels()), len(self.levels)
        arrays = [spread_all(t, levels) for t in tangents]
        found = per_slice(self.push, arrays, depth, len(levels) - depth)
        return tree_unflatten([wrap_all(t, levels) for t in found], self.out_spec)


def jvp(func, primals, tangents, *, strict=False, has_aux=False):
    """Return func(*primals) and its derivative along `tangents`: the product of the Jacobian with a vector.

    `primals` and `tangents` are tuples of the same structure and shapes. With strict, an output that does not depend on
    the primals is an error. With has_aux, func returns (output, aux), and the result is (output, tangent, aux).

    Computed as the transpose of the vjp. So a result that its operator keeps for the derivative must not be changed in
    place, as `x.exp().mul_(2)` does: this raises RuntimeError, as it does in reverse mode.

    Example:
        >>> torch.func.jvp(torch.sin, (torch.tensor(0.0),), (torch.tensor(2.0),))
        (tensor(0.), tensor(2.))
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals to be a tuple. E.g. it should be valid to call f(*primals)."
        )
    flat, spec = tree_flatten(primals)
    directions, other = tree_flatten(tangents)
    if spec != other:
        raise RuntimeError(
            "jvp(f, primals, tangents): Expected primals and tangents to have the same python structure. For example, "
            "if primals is a tuple of 3 tensors, tangents also must be. Got primals with structure "
            f"{spec} and tangents with structure {other}"
        )
    if not flat:
        raise RuntimeError("jvp(f, primals, tangents): Expected primals to contain at least one Tensor.")
    for what, values in (("primals", flat), ("tangents", directions)):
        if not all(isinstance(v, Tensor) for v in values):
            raise RuntimeError(f"jvp(f, primals, tangents): Expected {what} to contain only Tensors")
    for p, t in zip(flat, directions):
        check_tangent(p, t)
    run = _Forward(func, primals, has_aux)
    if strict and not all(o.requires_grad for o in run.outputs):
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed "
            "with strict=True."
        )
    pushed = run.push_tree(directions)
    return (run.result, pushed, run.aux) if has_aux else (run.result, pushed)


def check_tangent(primal, tangent):
    """Raise where a tangent has not its primal's shape."""
    if primal.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(primal.shape)} while the given forward gradient is of size "
            f"{list(tangent.shape)}."
        )


def linearize(func, *primals):
    """Return func(*primals) and a function that multiplies its Jacobian with vectors; func is run only once.

    The second result takes tangents in the structure of primals, and gives those of the output.

    Example:
        >>> value, push = torch.func.linearize(torch.sin, torch.tensor(0.0))
        >>> push(torch.tensor(3.0))
        tensor(3.)
    """
    run = _Forward(func, primals, caller="linearize(f, *primals)")
    flat, spec = tree_flatten(primals)

    def push(*tangents):
        given, other = tree_flatten(tangents)
        if other != spec:
            raise RuntimeError(f"Expected the tangents {other} to have the same argspec as the primals {spec}")
        for i, (t, p) in enumerate(zip(given, flat)):
            if t.shape != p.shape:
                raise RuntimeError(
                    f"tangent:{i} with shape {t.shape} in flattened pytree doesn't match the shape {p.shape} of the "
                    "corresponding primal."
                )
        return run.push_tree(given)

    return run.result, push


# ---------------------------------------------------------------- whole Jacobians
def _units(arrays, depth):
    """For every element of every array: the list of arrays that are zero but for this one. `depth` leading dimensions
    are those of vmaps."""
    for k, a in enumerate(arrays):
        shape, count = a.shape[depth:], 1
        for s in shape:
            count *= s
        for i in range(count):
            one = a.new_zeros(count)
            one[i] = 1
            yield [one.reshape(shape).expand(a.shape) if j == k else _zeros(b) for j, b in enumerate(arrays)]


def _zeros(like):
    return like.new_zeros(()).expand(like.shape)


def _count(shape):
    n = 1
    for s in shape:
        n *= s
    return n


def _blocks(rows, arrays, others, depth, rows_first):
    """Blocks [array][other] of a Jacobian; `rows` holds, for every element of the arrays, values like the others."""
    blocks, at, dim = [], 0, depth if rows_first else -1
    for a in arrays:
        shape = a.shape[depth:]
        mine, at = rows[at : at + _count(shape)], at + _count(shape)
        line = []
        for j, other in enumerate(others):
            if mine:
                block = _C.stack([row[j] for row in mine], dim)
                line.append(block.unflatten(dim, shape) if shape else block.squeeze(dim))
            else:
                inner = other.shape[depth:]
                both = (*shape, *inner) if rows_first else (*inner, *shape)
                line.append(other.new_zeros((*a.shape[:depth], *both)))
        blocks.append(line)
    return blocks


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None, _preallocate_and_copy=False):
    """Return a function that computes the Jacobian of `func`, a row (an element of the output) at a time.

    Its shape is output.shape + input.shape. See `grad` for argnums and has_aux; `chunk_size` is accepted, the rows
    being computed one by one in any case.

    Example:
        >>> torch.func.jacrev(lambda x: x * x)(torch.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        inner, primals = _of_args(func, argnums, args, kwargs)
        run = _Reverse(inner, primals, has_aux)
        depth = len(run.levels)
        rows = [run.pull(unit) for unit in _units(run.outputs, depth)]
        blocks = _blocks(rows, run.outputs, run.own, depth, rows_first=True)
        result = _assembled(run, blocks, argnums)
        return (result, run.aux) if has_aux else result

    return wrapper


def _assembled(run, blocks, argnums):
    """Blocks [output][input] in the structure of the outputs, and in each that of the inputs."""
    rows = [_selected(argnums, tree_unflatten([wrap_all(b, run.levels) for b in line], run.in_spec)) for line in blocks]
    return tree_unflatten(rows, run.out_spec)


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """Return a function that computes the Jacobian of `func`, a column (an element of the input) at a time.

    The same numbers as `jacrev`, faster where the input is smaller than the output.

    Example:
        >>> torch.func.jacfwd(lambda x: x * x)(torch.tensor([1.0, 2.0]))
        tensor([[2., 0.],
                [0., 4.]])
    """

    @functools.wraps(func)
    def wrapper(*args, **kwargs):
        inner, primals = _of_args(func, argnums, args, kwargs)
        run = _Forward(inner, primals, has_aux)
        depth = len(run.levels)
        columns = [run.push(unit) for unit in _units(run.own, depth)]
        by_input = _blocks(columns, run.own, run.outputs, depth, rows_first=False)
        result = _assembled(run, [list(line) for line in zip(*by_input)], argnums)
        return (result, run.aux) if has_aux else result

    return wrapper


def hessian(func, argnums=0):
    """Return a function that computes the Hessian of `func`: the second derivatives by every pair of input elements.

    Example:
        >>> torch.func.hessian(lambda x: (x**3).sum())(torch.tensor([1.0, 2.0]))
        tensor([[ 6.,  0.],
                [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)
