"""finfo and iinfo: the limits of the numeric dtypes."""

from penlight import _C


class finfo:
    """The limits of a float dtype: largest and smallest number, precision.

    Args:
        type: a float dtype; the default is `torch.get_default_dtype()`. Anything else raises TypeError.

    Example:
        >>> penlight.finfo(penlight.float32).eps
        1.1920928955078125e-07
    """

    # dtype: (bits, eps, max, smallest normal number, decimal resolution)
    _LIMITS = {
        _C.float16: (16, 2.0**-10, 65504.0, 2.0**-14, 1e-3),
        _C.bfloat16: (16, 2.0**-7, 3.3895313892515355e38, 2.0**-126, 1e-2),
        _C.float32: (32, 2.0**-23, 3.4028234663852886e38, 2.0**-126, 1e-6),
        _C.float64: (64, 2.0**-52, 1.7976931348623157e308, 2.0**-1022, 1e-15),
    }

    def __init__(self, type=None):
        type = _C.get_default_dtype() if type is None else type
        if type.is_complex:
            type = type.to_real()
        if type not in self._LIMITS:
            raise TypeError(f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle '{type}'")
        self.bits, self.eps, self.max, self.tiny, self.resolution = self._LIMITS[type]
        self.min, self.smallest_normal, self.dtype = -self.max, self.tiny, str(type).removeprefix("torch.")

    def __repr__(self):
        names = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")
        return "finfo(" + ", ".join(f"{n}={getattr(self, n):g}" for n in names) + f", dtype={self.dtype})"

    def __eq__(self, other):
        return isinstance(other, finfo) and self.dtype == other.dtype

    __hash__ = None


class iinfo:
    """The limits of an integer dtype.

    Args:
        type: an integer dtype. Anything else raises TypeError.

    Example:
        >>> penlight.iinfo(penlight.uint8).max
        255
    """

    def __init__(self, type):
        if type.is_floating_point or type.is_complex or type is _C.bool:
            raise TypeError(f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type}'")
        self.bits = type.itemsize * 8
        self.max = 2 ** (self.bits - type.is_signed) - 1
        self.min = -(2 ** (self.bits - 1)) if type.is_signed else 0
        self.dtype = str(type).removeprefix("torch.")

    def __repr__(self):
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"

    def __eq__(self, other):
        return isinstance(other, iinfo) and self.dtype == other.dtype

    __hash__ = None
