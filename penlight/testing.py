"""Comparing results in tests: assert_close with its explanations, and tensors of random numbers to compute with."""

import cmath
import collections.abc
import math
import warnings

import penlight
from penlight import _C
from penlight._C import Tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]

# dtype: (relative, absolute) tolerance; all others must be equal.
_TOLERANCES = {
    _C.float16: (1e-3, 1e-5),
    _C.bfloat16: (1.6e-2, 1e-5),
    _C.float32: (1.3e-6, 1e-5),
    _C.float64: (1e-7, 1e-7),
    _C.complex64: (1.3e-6, 1e-5),
    _C.complex128: (1e-7, 1e-7),
}
_NUMBER_DTYPES = {bool: _C.bool, int: _C.int64, float: _C.float64, complex: _C.complex128}


class _Mismatch(Exception):
    """A difference that was found, and the path to it through lists and dictionaries."""

    def __init__(self, text, path=()):
        super().__init__(text)
        self.text, self.path = text, path


def assert_close(
    actual,
    expected,
    *,
    allow_subclasses=True,
    rtol=None,
    atol=None,
    equal_nan=False,
    check_device=True,
    check_dtype=True,
    check_layout=True,
    check_stride=False,
    msg=None,
):
    """Raise AssertionError, with an explanation, unless |actual - expected| <= atol + rtol * |expected| everywhere.

    Tensors, NumPy arrays, numbers, and lists and dictionaries of them are compared. Without tolerances those of the
    dtype are taken: for float32 rtol = 1.3e-6 and atol = 1e-5; integers must be equal.

    Args:
        allow_subclasses: compare subclasses of Tensor with each other; else the types must be the same.
        rtol, atol: the tolerances; both or none.
        equal_nan: whether NaN equals NaN.
        check_device, check_dtype, check_layout, check_stride: whether these must be the same.
        msg: the text of the error, or a function that makes it of the usual one.

    Example:
        >>> penlight.testing.assert_close(penlight.tensor([1.0]), penlight.tensor([1.0 + 1e-7]))
        >>> penlight.testing.assert_close(1, 2)
        Traceback (most recent call last):
        ...
        AssertionError: Scalars are not equal!
        <BLANKLINE>
        Expected 2 but got 1.
        Absolute difference: 1
        Relative difference: 0.5
    """
    if (rtol is None) != (atol is None):
        lacking = "rtol" if rtol is None else "atol"
        raise ValueError(f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {lacking}.")
    if rtol is not None and (rtol < 0 or atol < 0):
        raise ValueError(f"rtol and atol must not be negative, but got {rtol} and {atol}")
    comparison = _Comparison(
        allow_subclasses, rtol, atol, equal_nan, check_device, check_dtype, check_layout, check_stride
    )
    try:
        comparison.compare(actual, expected, ())
    except _Mismatch as found:
        text = found.text
        if found.path:
            text += "\n\nThe failure occurred for item " + "".join(f"[{item!r}]" for item in found.path)
    else:
        return
    raise AssertionError(text if msg is None else msg(text) if callable(msg) else msg)


class _Comparison:
    def __init__(self, allow_subclasses, rtol, atol, equal_nan, device, dtype, layout, stride):
        self.allow_subclasses, self.equal_nan = allow_subclasses, equal_nan
        self.given = None if rtol is None else (rtol, atol)
        self.device, self.dtype, self.layout, self.stride = device, dtype, layout, stride

    def compare(self, actual, expected, path):
        if isinstance(actual, collections.abc.Mapping) and isinstance(expected, collections.abc.Mapping):
            self._mappings(actual, expected, path)
        elif _is_sequence(actual) and _is_sequence(expected):
            if len(actual) != len(expected):
                raise _Mismatch(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", path)
            for i, (a, e) in enumerate(zip(actual, expected)):
                self.compare(a, e, (*path, i))
        elif actual is None or expected is None:
            if actual is not expected:
                raise _Mismatch(f"None mismatch: {actual} is not {expected}", path)
        elif _is_bool(actual) and _is_bool(expected):
            if bool(actual) != bool(expected):
                raise _Mismatch(f"Booleans mismatch: {actual} is not {expected}", path)
        elif _is_number(actual) and _is_number(expected):
            self._numbers(_plain(actual), _plain(expected), path)
        else:
            self._tensors(*self._as_tensors(actual, expected), path)

    def _mappings(self, actual, expected, path):
        missing, additional = (sorted(set(x) - set(y), key=repr) for x, y in ((expected, actual), (actual, expected)))
        if missing or additional:
            text = "The keys of the mappings do not match:"
            text += f"\nMissing keys in the actual mapping: {missing}" if missing else ""
            text += f"\nAdditional keys in the actual mapping: {additional}" if additional else ""
            raise _Mismatch(text, path)
        for key in sorted(actual, key=repr):
            self.compare(actual[key], expected[key], (*path, key))

    def _as_tensors(self, actual, expected):
        both = (actual, expected)
        if all(isinstance(x, Tensor) for x in both):
            related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
            if type(actual) is type(expected) or (self.allow_subclasses and related):
                return both
        elif all(_is_array(x) for x in both):
            return tuple(_C.as_tensor(x) for x in both)
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")

    def _tolerance(self, *dtypes):
        if self.given is not None:
            return self.given
        return tuple(max(pair) for pair in zip(*(_TOLERANCES.get(d, (0.0, 0.0)) for d in dtypes)))

    # ---- numbers
    def _numbers(self, actual, expected, path):
        if self.dtype and type(actual) is not type(expected):
            raise _Mismatch(f"The (d)types do not match: {type(actual)} != {type(expected)}.", path)
        tolerance = self._tolerance(_NUMBER_DTYPES[type(actual)], _NUMBER_DTYPES[type(expected)])
        if not self._is_close(actual, expected, *tolerance):
            raise _Mismatch(_of_scalars(actual, expected, *tolerance, "Scalars"), path)

    def _is_close(self, actual, expected, rtol, atol):
        if actual == expected or (self.equal_nan and cmath.isnan(actual) and cmath.isnan(expected)):
            return True
        difference = abs(actual - expected)
        return math.isfinite(difference) and difference <= atol + rtol * abs(expected)

    # ---- tensors
    def _tensors(self, actual, expected, path):
        self._attributes(actual, expected, path)
        if actual.is_meta or expected.is_meta:
            return
        tolerance = self._tolerance(actual.dtype, expected.dtype)
        if actual.is_sparse and expected.is_sparse:
            actual, expected = actual.coalesce(), expected.coalesce()
            if actual._nnz() != expected._nnz():
                raise _Mismatch(
                    "The number of specified values in sparse COO tensors does not match: "
                    f"{actual._nnz()} != {expected._nnz()}",
                    path,
                )
            self._values(actual.indices(), expected.indices(), 0, 0, "Sparse COO indices", path)
            self._values(actual.values(), expected.values(), *tolerance, "Sparse COO values", path)
        else:
            self._values(actual.to_dense(), expected.to_dense(), *tolerance, "Tensor-likes", path)

    def _attributes(self, actual, expected, path):
        def same(name, a, e):
            if a != e:
                raise _Mismatch(f"The values for attribute '{name}' do not match: {a} != {e}.", path)

        same("shape", actual.shape, expected.shape)
        if self.device:
            same("device", actual.device, expected.device)
        if self.dtype:
            same("dtype", actual.dtype, expected.dtype)
        if self.layout:
            same("layout", actual.layout, expected.layout)
        if self.stride:
            same("stride()", actual.stride(), expected.stride())

    def _values(self, actual, expected, rtol, atol, what, path):
        actual, expected = actual.detach(), expected.detach()
        dtype = _C.promote_types(actual.dtype, expected.dtype)
        dtype = dtype if dtype.is_floating_point or dtype.is_complex else _C.int64
        actual, expected = actual.to(dtype), expected.to(dtype)
        matches = penlight.isclose(actual, expected, rtol, atol, self.equal_nan)
        if bool(matches.all()):
            return
        if actual.dim() == 0 and what == "Tensor-likes":
            raise _Mismatch(_of_scalars(actual.item(), expected.item(), rtol, atol, "Scalars"), path)
        raise _Mismatch(_of_tensors(actual, expected, matches, rtol, atol, what), path)


def _of_scalars(actual, expected, rtol, atol, what):
    equality = rtol == 0 and atol == 0
    absolute = abs(actual - expected)
    relative = math.inf if expected == 0 else absolute / abs(expected)
    text = f"{what} are not {'equal' if equality else 'close'}!\n\nExpected {expected} but got {actual}.\n"
    text += f"Absolute difference: {absolute}" + ("" if equality else f" (up to {atol} allowed)")
    return text + f"\nRelative difference: {relative}" + ("" if equality else f" (up to {rtol} allowed)")


def _of_tensors(actual, expected, matches, rtol, atol, what):
    equality = rtol == 0 and atol == 0
    count, wrong = matches.numel(), int((~matches).sum())
    text = f"{what} are not {'equal' if equality else 'close'}!\n\n"
    text += f"Mismatched elements: {wrong} / {count} ({wrong / count:.1%})"
    absolute = (actual - expected).abs()
    relative = absolute / expected.abs()
    for name, error, allowed in (("absolute", absolute, atol), ("relative", relative, rtol)):
        error = error.masked_fill(matches, 0).flatten()
        at = int(error.argmax())
        place = []
        flat = at
        for size in reversed(actual.shape):
            flat, position = divmod(flat, size)
            place.insert(0, position)
        text += f"\nGreatest {name} difference: {error[at].item()} at index {tuple(place)}"
        text += "" if equality else f" (up to {allowed} allowed)"
    return text


def _is_sequence(x):
    return isinstance(x, collections.abc.Sequence) and not isinstance(x, (str, bytes))


def _is_array(x):
    return type(x).__module__ == "numpy" and hasattr(x, "__array__")


def _is_bool(x):
    return isinstance(x, bool) or type(x).__name__ in ("bool_", "bool")


def _is_number(x):
    return isinstance(x, (int, float, complex)) or (
        _is_array(x) and not getattr(x, "shape", (0,)) and hasattr(x, "item")
    )


def _plain(x):
    return x.item() if hasattr(x, "item") else x


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg=""):
    """Compare tensors with the wider tolerances of old; new programs use assert_close."""
    warnings.warn(
        "`torch.testing.assert_allclose()` is deprecated since 1.12 and will be removed in a future release.",
        FutureWarning,
        stacklevel=2,
    )
    actual = actual if isinstance(actual, Tensor) else _C.tensor(actual)
    expected = expected if isinstance(expected, Tensor) else _C.tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        wider = {_C.float16: (1e-3, 1e-3), _C.float32: (1e-4, 1e-5), _C.float64: (1e-5, 1e-8)}
        rtol, atol = (max(pair) for pair in zip(*(wider.get(x.dtype, (0.0, 0.0)) for x in (actual, expected))))
    options = {"check_device": True, "check_dtype": False, "check_stride": False, "equal_nan": equal_nan}
    assert_close(actual, expected, rtol=rtol, atol=atol, msg=msg or None, **options)


def make_tensor(
    *shape,
    dtype,
    device,
    low=None,
    high=None,
    requires_grad=False,
    noncontiguous=False,
    exclude_zero=False,
    memory_format=None,
):
    """Give a tensor of random numbers between low and high.

    Args:
        shape: the sizes.
        low, high: the bounds, high excluded; -9 and 9 (for integers 10) by default, 0 and 10 for uint8.
        noncontiguous: leave gaps between the elements in memory.
        exclude_zero: put the smallest positive number in place of zero.

    Example:
        >>> penlight.testing.make_tensor(2, 3, dtype=penlight.float32, device="cpu").shape
        torch.Size([2, 3])
    """
    shape = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], collections.abc.Sequence) else shape
    inexact = dtype.is_floating_point or dtype.is_complex
    if requires_grad and not inexact:
        raise ValueError(
            f"`requires_grad=True` is not supported for boolean and integral dtypes, but got dtype={dtype}"
        )
    if noncontiguous and memory_format is not None:
        raise ValueError(
            f"The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got {noncontiguous=}"
        )
    low, high = _bounds(dtype, low, high)
    gaps = noncontiguous and math.prod(shape) > 1
    if gaps:
        shape = (*shape[:-1], 2 * shape[-1])
    if inexact:
        result = _C.empty(shape, dtype=dtype, device=device)
        (penlight.view_as_real(result) if dtype.is_complex else result).uniform_(low, high)
    else:
        result = penlight.randint(low, high, shape, dtype=dtype, device=device)
    if gaps:
        result = result[..., 1::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        result[result == 0] = penlight.finfo(dtype).tiny if inexact else 1
    return result.requires_grad_() if requires_grad else result


def _bounds(dtype, low, high):
    inexact = dtype.is_floating_point or dtype.is_complex
    if dtype == _C.bool:
        lowest, highest, usual = 0, 2, (0, 2)
    elif inexact:
        limits = penlight.finfo(dtype)
        lowest, highest, usual = limits.min, limits.max, (-9, 9)
    else:
        limits = penlight.iinfo(dtype)
        lowest, highest, usual = limits.min, limits.max + 1, ((-9, 10) if dtype.is_signed else (0, 10))
    low, high = (d if given is None else given for d, given in zip(usual, (low, high)))
    if low != low or high != high:
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low > high or (low == high and not inexact):
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    low, high = (min(max(x, lowest), highest) for x in (low, high))
    return (low, high) if inexact else (math.ceil(low), math.ceil(high))
