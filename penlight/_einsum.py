"""Sums of products in Einstein's notation: reading the equation, choosing an order, products of pairs."""

import math
import string

from penlight import _C
from penlight._C import Tensor

__all__ = ["einsum"]

_DOTS = "..."


def einsum(*args):
    """Sum products of tensors along named dimensions (Einstein's notation), as "ij,jk->ik" for a matrix product.

    Call it as `einsum(equation, *tensors)`, or with lists of numbers from 0 to 51 for names:
    `einsum(tensor, [0, 1], tensor, [1, 2], [0, 2])`. More than two tensors are multiplied in the order that costs the
    least at each step, unless `torch.backends.opt_einsum.enabled` is False: then from left to right.

    Args:
        equation: letters for the dimensions of each tensor, then the result's behind "->"; "..." for batch dimensions.
            What the result does not name is summed over; without "->" the result has, sorted, what occurs once.

    Example:
        >>> a, b = penlight.ones(2, 3), penlight.ones(3, 4)
        >>> penlight.einsum("ij,jk->ik", a, b).shape
        torch.Size([2, 4])
    """
    if len(args) < 2:
        raise ValueError(
            "einsum(): must specify the equation string and at least one operand, or at least one operand and its "
            "subscripts list"
        )
    if isinstance(args[0], Tensor):
        operands, terms, output = _from_lists(args)
    else:
        operands = args[1] if len(args) == 2 and isinstance(args[1], (list, tuple)) else args[1:]
        terms, output = _read(args[0])
    for i, t in enumerate(operands):
        if not isinstance(t, Tensor):
            raise TypeError(f"expected Tensor as element {i} in argument 1, but got {type(t).__name__}")
    if len(terms) != len(operands):
        count = "fewer" if len(operands) < len(terms) else "more"
        raise RuntimeError(f"einsum(): {count} operands were provided than specified in the equation")
    names, dots = _named_dimensions(operands, terms)
    output = _output_names(terms, output, dots)
    parts = [_unrepeated(t, n, i) for i, (t, n) in enumerate(zip(operands, names))]
    return _contract(parts, output, _sizes(parts))


# ---- reading
def _letter(number):
    if not 0 <= number < 52:
        raise ValueError("einsum(): subscript in subscript list is not within the valid range [0, 52)")
    return (string.ascii_uppercase + string.ascii_lowercase)[number]


def _from_lists(args):
    """Tensors, each followed by the list of its dimensions' numbers; the result's list may stand at the end."""

    def names(numbers):
        return [_DOTS if n is Ellipsis else _letter(n) for n in numbers]

    terms = [names(numbers) for numbers in args[1::2]]
    return args[0 : len(args) - len(args) % 2 : 2], terms, names(args[-1]) if len(args) % 2 else None


def _read(equation):
    """Give the names in each operand's part of the equation, and in the result's part (None where there is none)."""
    if not isinstance(equation, str):
        raise TypeError(f"einsum(): argument 'equation' (position 1) must be str, not {type(equation).__name__}")
    parts, arrow, at = [[]], False, 0
    while at < len(equation):
        c = equation[at]
        if c == "," and not arrow:
            parts.append([])
        elif equation.startswith("->", at) and not arrow:
            arrow, at = True, at + 1
            parts.append([])
        elif c == ".":
            whose = "output" if arrow else f"operand {len(parts) - 1}"
            if _DOTS in parts[-1]:
                raise RuntimeError(f"einsum(): found '.' for {whose} for which an ellipsis was already found")
            if not equation.startswith(_DOTS, at):
                raise RuntimeError(f"einsum(): found '.' for {whose} that is not part of any ellipsis")
            parts[-1].append(_DOTS)
            at += 2
        elif c in string.ascii_letters:
            parts[-1].append(c)
        elif c != " ":
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {at} in the equation string, subscripts must be in "
                "[a-zA-Z]"
            )
        at += 1
    return (parts[:-1], parts[-1]) if arrow else (parts, None)


def _named_dimensions(operands, terms):
    """Give a name for every dimension of each operand, and the names that "..." stands for: numbers from the left."""
    batches = []
    for i, (t, term) in enumerate(zip(operands, terms)):
        letters = len(term) - (_DOTS in term)
        if _DOTS not in term and letters != t.dim():
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({letters}) does not match the number of "
                f"dimensions ({t.dim()}) for operand {i} and no ellipsis was given"
            )
        if letters > t.dim():
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({letters}) is more than the number of "
                f"dimensions ({t.dim()}) for operand {i}"
            )
        batches.append(t.dim() - letters)
    dots = [str(d) for d in range(max(batches))]
    names = [
        [name for n in term for name in (dots[len(dots) - batch :] if n == _DOTS else [n])]
        for term, batch in zip(terms, batches)
    ]
    return names, dots


def _output_names(terms, output, dots):
    letters = [n for term in terms for n in term if n != _DOTS]
    if output is None:
        return dots + sorted(n for n in set(letters) if letters.count(n) == 1)
    for n in output:
        if n != _DOTS and output.count(n) > 1:
            raise RuntimeError(f"einsum(): output subscript {n} appears more than once in the output")
        if n != _DOTS and n not in letters:
            raise RuntimeError(f"einsum(): output subscript {n} does not appear in the equation for any input operand")
    return [name for n in output for name in (dots if n == _DOTS else [n])]


def _unrepeated(tensor, names, operand):
    """A name that one operand has twice takes its diagonal."""
    for n in sorted(set(names)):
        while names.count(n) > 1:
            first = names.index(n)
            second = names.index(n, first + 1)
            if tensor.shape[first] != tensor.shape[second]:
                raise RuntimeError(
                    f"einsum(): subscript {n} is repeated for operand {operand} but the sizes don't match, "
                    f"{tensor.shape[second]} != {tensor.shape[first]}"
                )
            tensor = tensor.diagonal(0, first, second)
            names = [m for d, m in enumerate(names) if d not in (first, second)] + [n]
    return tensor, names


def _sizes(parts):
    sizes = {}
    for i, (tensor, names) in enumerate(parts):
        for n, size in zip(names, tensor.shape):
            seen = sizes.get(n, 1)
            if size != seen and 1 not in (size, seen):
                raise RuntimeError(
                    f"einsum(): subscript {n} has size {size} for operand {i} which does not broadcast with "
                    f"previously seen size {seen}"
                )
            sizes[n] = size if seen == 1 else seen
    return sizes


# ---- computing
def _contract(parts, output, sizes):
    from penlight.backends import opt_einsum

    order = {n: i for i, n in enumerate(output + sorted(set(sizes) - set(output)))}
    parts = list(parts)
    while len(parts) > 1:
        i, j = _cheapest(parts, sizes) if opt_einsum.enabled and len(parts) > 2 else (0, 1)
        (b, b_names), (a, a_names) = parts.pop(j), parts.pop(i)
        later = {n for _, names in parts for n in names} | set(output)
        parts.insert(0, _product(a, a_names, b, b_names, later, order.get))
    result, names = parts[0]
    gone = [d for d, n in enumerate(names) if n not in output]
    if gone:
        result, names = result.sum(gone), [n for n in names if n in output]
    return result.permute([names.index(n) for n in output]) if names != output else result


def _cheapest(parts, sizes):
    """Give the pair whose product takes the fewest multiplications; of several, the first."""
    pairs = [(i, j) for j in range(len(parts)) for i in range(j)]
    return min(pairs, key=lambda pair: math.prod(sizes[n] for n in {*parts[pair[0]][1], *parts[pair[1]][1]}))


def _reduced(tensor, names, other, other_names, later):
    """Without what does not concern the product: sizes of one that broadcast, and sums over its own dimensions."""
    facing = dict(zip(other_names, other.shape))
    for n, size in list(zip(names, tensor.shape)):
        if size == 1 and facing.get(n, 1) != 1:
            tensor, names = tensor.squeeze(names.index(n)), [m for m in names if m != n]
    gone = [d for d, n in enumerate(names) if n not in later and n not in other_names]
    if gone:
        tensor = tensor.sum(gone)
        names = [n for d, n in enumerate(names) if d not in gone]
    return tensor, names


def _product(a, a_names, b, b_names, later, order):
    """One product as a batch of matrix products: what both have and is kept is the batch, what is dropped is summed."""
    alike = a.dtype == b.dtype
    a, a_names = _reduced(a, a_names, b, b_names, later)
    b, b_names = _reduced(b, b_names, a, a_names, later)
    a, a_names = _reduced(a, a_names, b, b_names, later)  # what b no longer has is a's own
    shared = sorted(set(a_names) & set(b_names), key=order)
    batch, inner = [n for n in shared if n in later], [n for n in shared if n not in later]
    if not inner:
        names = sorted({*a_names, *b_names}, key=order)
        return _spread(a, a_names, names) * _spread(b, b_names, names), names
    rows, columns = (sorted(set(names) - set(shared), key=order) for names in (a_names, b_names))
    if rows and columns and order(columns[-1]) < order(rows[-1]):  # the result then lies in memory in its own order
        (a, a_names, rows), (b, b_names, columns) = (b, b_names, columns), (a, a_names, rows)
    if alike and a.dtype != b.dtype:  # sums of integers are int64
        a, b = a.long(), b.long()
    size = dict(zip(a_names, a.shape)) | dict(zip(b_names, b.shape))
    count = lambda names: math.prod(size[n] for n in names)  # noqa: E731
    x = a.permute([a_names.index(n) for n in batch + rows + inner]).reshape(count(batch), count(rows), count(inner))
    y = b.permute([b_names.index(n) for n in batch + inner + columns]).reshape(
        count(batch), count(inner), count(columns)
    )
    names = batch + rows + columns
    return _C.bmm(x, y).reshape([size[n] for n in names]), names


def _spread(tensor, have, names):
    """With dimensions in the order of `names`, of size 1 where it has none."""
    tensor = tensor.permute([have.index(n) for n in names if n in have])
    return tensor[tuple(slice(None) if n in have else None for n in names)] if len(have) < len(names) else tensor
