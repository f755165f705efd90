"""How a loss is reduced to a number: the word that users write and the number that the operators take."""

import warnings

_NUMBERS = {"none": 0, "mean": 1, "sum": 2}


def get_enum(reduction):
    """The operators' number for "none", "mean" or "sum"; ValueError for another word.

    >>> from penlight.nn import _reduction
    >>> _reduction.get_enum("sum")
    2
    """
    try:
        return _NUMBERS[reduction]
    except (KeyError, TypeError):
        if reduction == "elementwise_mean":
            warnings.warn(
                "reduction='elementwise_mean' is deprecated. Please use reduction='mean' instead.", stacklevel=3
            )
            return 1
        raise ValueError(f"{reduction} is not a valid value for reduction") from None


def legacy_get_string(size_average, reduce, emit_warning=True):
    """The word for the two old arguments that `reduction` replaced.

    >>> from penlight.nn import _reduction
    >>> _reduction.legacy_get_string(False, True, emit_warning=False)
    'sum'
    """
    size_average = True if size_average is None else size_average
    reduce = True if reduce is None else reduce
    word = "none" if not reduce else "mean" if size_average else "sum"
    if emit_warning:
        warnings.warn(
            f"size_average and reduce args will be deprecated, please use reduction='{word}' instead.", stacklevel=4
        )
    return word
