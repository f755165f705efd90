"""Nested containers of values, taken apart into a flat list and put together again."""

from collections import OrderedDict, defaultdict, deque

__all__ = ["TreeSpec", "tree_flatten", "tree_unflatten", "tree_map", "tree_map_only", "tree_leaves"]


class TreeSpec:
    """The shape of a nested container: what `tree_unflatten` needs to put the values back.

    `type` is the container's class (None for a leaf), `context` what else it needs (the keys of a dict).
    """

    def __init__(self, type, context, children):
        self.type, self.context, self.children = type, context, children
        self.num_leaves = 1 if type is None else sum(c.num_leaves for c in children)

    def is_leaf(self):
        """Give True for a single value."""
        return self.type is None

    def __eq__(self, other):
        return (
            isinstance(other, TreeSpec)
            and (self.type, self.context) == (other.type, other.context)
            and self.children == other.children
        )

    def __hash__(self):
        return hash((self.type, self.num_leaves))

    def __repr__(self, indent=0):
        if self.type is None:
            return "*"
        head = f"TreeSpec({self.type.__name__}, {self.context}, ["
        indent += 2
        inner = (",\n" + " " * indent).join(c.__repr__(indent) for c in self.children)
        return head + inner + "])"


_LEAF = TreeSpec(None, None, [])


def _is_namedtuple(value):
    return isinstance(value, tuple) and hasattr(type(value), "_fields")


def _parts(value):
    """(class, context, children) of a container, None for a leaf."""
    kind = type(value)
    if kind in (tuple, list, deque):
        return kind, None, list(value)
    if kind in (dict, OrderedDict):
        return kind, list(value), list(value.values())
    if kind is defaultdict:
        return kind, [value.default_factory, list(value)], list(value.values())
    if _is_namedtuple(value) or kind.__module__ == "torch.return_types":
        return kind, kind, list(value)
    return None


def tree_flatten(tree, is_leaf=None):
    """Give the list of the values in a nested container and its TreeSpec.

    Example:
        >>> from penlight.utils._pytree import tree_flatten
        >>> tree_flatten([1, {"a": 2}])[0]
        [1, 2]
    """
    parts = None if is_leaf is not None and is_leaf(tree) else _parts(tree)
    if parts is None:
        return [tree], _LEAF
    kind, context, children = parts
    leaves, specs = [], []
    for child in children:
        values, spec = tree_flatten(child, is_leaf)
        leaves += values
        specs.append(spec)
    return leaves, TreeSpec(kind, context, specs)


def tree_unflatten(leaves, treespec):
    """Put values into a container of the given TreeSpec."""
    if treespec.type is None:
        return leaves[0]
    at, children = 0, []
    for spec in treespec.children:
        children.append(tree_unflatten(leaves[at : at + spec.num_leaves], spec))
        at += spec.num_leaves
    kind, context = treespec.type, treespec.context
    if kind in (dict, OrderedDict):
        return kind(zip(context, children))
    if kind is defaultdict:
        return defaultdict(context[0], zip(context[1], children))
    if kind is context:  # a named tuple: PyTorch's own take one sequence
        return kind(*children) if hasattr(kind, "_fields") else kind(children)
    return kind(children)


def tree_leaves(tree, is_leaf=None):
    """Give the list of the values in a nested container."""
    return tree_flatten(tree, is_leaf)[0]


def tree_map(func, tree, *rests, is_leaf=None):
    """Give the container with `func` applied to every value (and to its partners in `rests`).

    Example:
        >>> from penlight.utils._pytree import tree_map
        >>> tree_map(lambda v: v + 1, {"a": 1, "b": (2, 3)})
        {'a': 2, 'b': (3, 4)}
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [tree_flatten(r, is_leaf)[0] for r in rests]
    return tree_unflatten([func(*values) for values in zip(leaves, *others)], spec)


def tree_map_only(kind, func, tree, is_leaf=None):
    """As tree_map, but only values that are instances of `kind` are changed."""
    return tree_map(lambda v: func(v) if isinstance(v, kind) else v, tree, is_leaf=is_leaf)
