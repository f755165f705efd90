"""rearrange: permuting, joining and splitting dimensions by a pattern of names."""

import re

from penlight import _C, Tensor


class DimensionBindError(Exception):
    """The sizes of a pattern's names do not fit the tensor."""


def _parse(side, pattern):
    """A side of the pattern as a list of groups of names; "..." stands for itself, 1 is an empty group."""
    if side.count("(") != side.count(")"):
        raise ValueError(f"Imbalanced parentheses in expression: '{side}'")
    groups, inside, seen = [], None, set()
    for token in re.findall(r"\.\.\.|\w+|[()]|\S", side):
        if token == "(":
            if inside is not None:
                raise ValueError("Nested brackets are not supported in a pattern")
            inside = []
        elif token == ")":
            groups.append(inside)
            inside = None
        else:
            if token.isdecimal():
                if token != "1":
                    raise ValueError("rearrange only supports unnamed axes of size 1")
                names = []
            elif token == "..." or token.isidentifier():
                if token in seen:
                    raise ValueError(f"Indexing expression contains duplicate dimension '{token}'")
                seen.add(token)
                names = [token]
            else:
                raise ValueError(f"Invalid character in a pattern: '{token}'")
            if inside is None:
                groups.append(names if token != "..." else ["..."])
            else:
                inside += names
    return groups


def _sizes(groups, shape, given):
    """{name: size} from the tensor's shape and the lengths that were given."""
    sizes = dict(given)
    for group, length in zip(groups, shape):
        unknown = [n for n in group if n not in sizes]
        known = 1
        for n in group:
            known *= sizes.get(n, 1)
        if len(unknown) > 1:
            order = [n for g in groups for n in g]  # PyTorch numbers the names
            a, b = (f"d{order.index(n)}" for n in unknown[:2])
            raise DimensionBindError(f"cannot infer the sizes of two dimensions at once {a} and {b}")
        if unknown:
            if known == 0 or length % known:
                parts = tuple(sizes.get(n, "?") for n in group)
                raise DimensionBindError(
                    f"inferred dimension does not evenly fit into larger dimension: {length} vs {parts}"
                )
            sizes[unknown[0]] = length // known
        elif known != length:
            raise DimensionBindError(f"Dimension sizes to do not match ({length} != {known}) when matching {group}")
    return sizes


def rearrange(tensor, pattern, **axes_lengths):
    """Permute, join and split dimensions as a pattern of names says, as "h w c -> c (h w)" does.

    Args:
        tensor: the tensor, or a list of tensors of one shape, which counts as a first dimension.
        pattern: names for the dimensions, then the result's behind "->". Brackets join names to one dimension; "..."
            stands for all others, 1 for a dimension of size 1.
        axes_lengths: sizes of names that the shape does not tell.

    Example:
        >>> torch.func.rearrange(torch.zeros(2, 3, 4), "h w c -> c (h w)").shape
        torch.Size([4, 6])
        >>> torch.func.rearrange(torch.zeros(6), "(a b) -> b a", a=2).shape
        torch.Size([3, 2])
    """
    if not isinstance(tensor, Tensor):
        tensor = _C.stack(list(tensor))
    if pattern.count("->") != 1:
        raise ValueError("Pattern must contain a single '->' separator")
    left_text, right_text = pattern.split("->")
    left, right = _parse(left_text, pattern), _parse(right_text, pattern)
    _check_names(left, right, pattern, axes_lengths)
    dots = tensor.dim() - sum(g != ["..."] for g in left) if ["..."] in left else 0
    if dots < 0 or (["..."] not in left and tensor.dim() != len(left)):
        raise ValueError(
            f"Number of dimensions in pattern ({len(left)}) must be equal to the number of dimensions in the tensor "
            f"({tensor.dim()})"
        )
    rest = [f"...{i}" for i in range(dots)]
    left = [g for group in left for g in ([[r] for r in rest] if group == ["..."] else [group])]
    right = [
        g
        for group in right
        for g in ([[r] for r in rest] if group == ["..."] and group_is_bare(right_text) else [spread_dots(group, rest)])
    ]
    sizes = _sizes(left, tensor.shape, axes_lengths)
    names = [n for g in left for n in g]
    split = tensor.reshape([sizes[n] for n in names])
    order = [names.index(n) for g in right for n in g]
    shape = []
    for group in right:
        length = 1
        for n in group:
            length *= sizes[n]
        shape.append(length)
    return split.permute(order).reshape(shape)


def group_is_bare(text):
    """Whether the "..." of a side stands outside brackets."""
    return "..." in re.sub(r"\([^)]*\)", "", text)


def spread_dots(group, rest):
    """A group with the names that "..." stands for."""
    return [n for name in group for n in (rest if name == "..." else [name])]


def _check_names(left, right, pattern, lengths):
    ours, theirs = ({n for g in side for n in g} for side in (left, right))
    if any("..." in g and g != ["..."] for g in left) or re.search(r"\(\s*\.\.\.\s*\)", pattern.split("->")[0]):
        raise ValueError(f"Ellipsis is parenthesis in the left side is not allowed: {pattern}")
    if "..." in theirs - ours:
        raise ValueError(f"Ellipsis found in right side, but not left side of a pattern {pattern}")
    if ours ^ theirs:
        raise ValueError(
            f"Identifiers only on one side of rearrange expression (should be on both): {ours ^ theirs}"
        )
    unknown = set(lengths) - ours
    if unknown:
        raise ValueError(f"Identifiers not found in rearrange expression: {unknown}")
