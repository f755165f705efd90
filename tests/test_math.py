"""The scalar functions of csrc/math: error in units of the last place, special arguments, integers, complex numbers."""

import cmath
import math

import math_ulp
import numpy as np
import pytest
import scipy.special

ISAS = math_ulp.supported_isas()
pytestmark = pytest.mark.skipif(not ISAS, reason="needs AVX2")

INF, NAN = float("inf"), float("nan")
NAMES = [name for name in math_ulp.functions(ISAS[-1]) if math_ulp.has_reference(ISAS[-1], name)] if ISAS else []


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("name", NAMES)
def test_error(isa, name):
    for dtype, count in (("f32", 100_000), ("f64", 20_000)):
        error, x, y, got = math_ulp.measure(isa, name, dtype, count)
        assert error <= math_ulp.limit(name, dtype), f"{name}({x!r}, {y!r}) = {got!r} in {dtype}"


# Functions that long double lacks, beside scipy: name, scipy's, arguments, relative error, absolute error.
def spread(low, high, count=400):
    return np.exp(np.linspace(math.log(low), math.log(high), count))


def every(firsts, seconds):
    """All pairs of the two."""
    return [np.repeat(firsts, len(seconds)), np.tile(seconds, len(firsts))]


GAMMA = every([0.01, 0.9, 7.0, 150.0], spread(0.01, 300, 100))
CAREFUL = [
    ("lgamma", scipy.special.gammaln, [spread(1e-5, 1e5)], 1e-14, 1e-15),
    ("digamma", scipy.special.digamma, [np.r_[spread(1e-8, 1e8), np.linspace(-20.3, -0.2, 100)]], 1e-13, 1e-13),
    ("trigamma", lambda x: scipy.special.polygamma(1, x), [spread(1e-5, 1e6)], 1e-14, 0),
    ("polygamma", scipy.special.polygamma, every([2.0, 3.0, 5.0], spread(0.1, 50, 100)), 1e-13, 0),
    ("zeta", scipy.special.zeta, every([1.5, 3.0, 20.0], spread(0.1, 500, 100)), 1e-13, 0),
    ("igamma", scipy.special.gammainc, GAMMA, 1e-12, 1e-200),
    ("igammac", scipy.special.gammaincc, GAMMA, 1e-12, 1e-200),
    ("erfinv", scipy.special.erfinv, [np.linspace(-0.999, 0.999, 400)], 1e-14, 0),
    ("erfcx", scipy.special.erfcx, [np.linspace(-26, 60, 400)], 1e-13, 0),
    ("ndtr", scipy.special.ndtr, [np.linspace(-37, 8, 400)], 1e-12, 0),
    ("log_ndtr", scipy.special.log_ndtr, [np.linspace(-40, 10, 400)], 1e-12, 0),
    ("ndtri", scipy.special.ndtri, [np.r_[spread(1e-300, 0.4), np.linspace(0.5, 0.9999, 100)]], 1e-14, 1e-15),
    ("i0", scipy.special.i0, [np.linspace(-700, 700, 400)], 1e-14, 0),
    ("i0e", scipy.special.i0e, [np.linspace(-50, 50, 400)], 1e-14, 0),
    ("i1", scipy.special.i1, [np.linspace(-700, 700, 400)], 1e-14, 0),
    ("i1e", scipy.special.i1e, [np.linspace(-50, 50, 400)], 1e-14, 0),
    ("modified_bessel_k0", scipy.special.k0, [spread(1e-5, 600)], 1e-14, 0),
    ("modified_bessel_k1", scipy.special.k1, [spread(1e-5, 600)], 1e-14, 0),
    ("scaled_modified_bessel_k0", scipy.special.k0e, [spread(1e-5, 600)], 1e-14, 0),
    ("scaled_modified_bessel_k1", scipy.special.k1e, [spread(1e-5, 600)], 1e-14, 0),
    ("bessel_j0", scipy.special.j0, [np.linspace(-100, 100, 400)], 1e-13, 1e-15),
    ("bessel_j1", scipy.special.j1, [np.linspace(-100, 100, 400)], 1e-13, 1e-15),
    ("bessel_y0", scipy.special.y0, [spread(1e-5, 100)], 1e-13, 1e-15),
    ("bessel_y1", scipy.special.y1, [spread(1e-5, 100)], 1e-13, 1e-15),
    ("spherical_bessel_j0", lambda x: scipy.special.spherical_jn(0, x), [np.linspace(0, 50, 400)], 1e-14, 1e-16),
    ("airy_ai", lambda x: scipy.special.airy(x)[0], [np.linspace(-20, 20, 400)], 1e-12, 1e-13),
    ("sinc", np.sinc, [np.linspace(-5, 5, 401)], 1e-14, 1e-15),
    ("entr", scipy.special.entr, [spread(1e-10, 100)], 1e-14, 1e-15),
    ("logit", lambda x, eps: scipy.special.logit(x), every(np.linspace(0.001, 0.999, 400), [-1.0]), 1e-14, 1e-15),
]


@pytest.mark.parametrize("name, reference, arguments, relative, absolute", CAREFUL, ids=[case[0] for case in CAREFUL])
def test_special_functions(name, reference, arguments, relative, absolute):
    want = reference(*arguments)
    got = math_ulp.apply(ISAS[-1], name, *arguments)
    np.testing.assert_allclose(got, want, rtol=relative, atol=absolute)
    single = [a.astype(np.float32) for a in arguments]
    with np.errstate(over="ignore"):
        want = reference(*(a.astype(np.float64) for a in single)).astype(np.float32)
    np.testing.assert_allclose(math_ulp.apply(ISAS[-1], name, *single), want, rtol=2.5e-7, atol=absolute)


# Values at the edges of the domain: name, arguments, result.
EDGES = [
    ("lgamma", (0.0,), INF),
    ("lgamma", (-3.0,), INF),
    ("lgamma", (-INF,), INF),
    ("digamma", (0.0,), -INF),
    ("digamma", (-0.0,), INF),
    ("digamma", (-2.0,), NAN),
    ("zeta", (1.0, 2.0), INF),
    ("zeta", (3.0, -2.0), INF),
    ("zeta", (2.5, -0.5), NAN),
    ("zeta", (3.0, -1e12 + 0.5), 0.0),
    ("igamma", (0.0, 1.0), 1.0),
    ("igamma", (0.0, 0.0), NAN),
    ("igamma", (2.0, INF), 1.0),
    ("igamma", (INF, 2.0), 0.0),
    ("igammac", (2.0, 0.0), 1.0),
    ("igamma", (-1.0, 2.0), NAN),
    ("erfinv", (1.0,), INF),
    ("erfinv", (-1.0,), -INF),
    ("erfinv", (1.5,), NAN),
    ("ndtri", (0.0,), -INF),
    ("ndtri", (1.0,), INF),
    ("erfcx", (-30.0,), INF),
    ("i0", (INF,), INF),
    ("i1", (-INF,), -INF),
    ("modified_bessel_k0", (0.0,), INF),
    ("modified_bessel_k1", (-1.0,), NAN),
    ("bessel_y0", (-1.0,), NAN),
    ("spherical_bessel_j0", (INF,), 0.0),
    ("entr", (0.0,), 0.0),
    ("entr", (-1.0,), -INF),
    ("sinc", (0.0,), 1.0),
    ("logit", (0.0, -1.0), -INF),
    ("logit", (1.0, -1.0), INF),
    ("logit", (2.0, -1.0), NAN),
    ("logit", (0.0, 0.5), 0.0),
    ("heaviside", (0.0, 0.3), 0.3),
    ("heaviside", (NAN, 0.3), 1.0),
    ("heaviside", (-2.0, 0.3), 0.0),
    ("ldexp", (1.5, 4.0), 24.0),
]


@pytest.mark.parametrize("name, arguments, want", EDGES)
def test_edges(name, arguments, want):
    got = math_ulp.apply(ISAS[-1], name, *([np.full(3, a)] for a in arguments))
    np.testing.assert_allclose(np.asarray(got).ravel(), want, rtol=1e-6, atol=0)


def bits(x):
    return x.view(np.int32 if x.dtype == np.float32 else np.int64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nextafter(dtype):
    values = np.array([0.0, -0.0, 1.0, -1.0, 1e-45, INF, -INF, NAN, np.finfo(dtype).max, np.finfo(dtype).tiny], dtype)
    a, b = (grid.ravel() for grid in np.meshgrid(values, values))
    with np.errstate(all="ignore"):
        got, want = math_ulp.apply(ISAS[-1], "nextafter", a, b), np.nextafter(a, b)
    both = ~np.isnan(want)
    assert (np.isnan(got) == np.isnan(want)).all()
    assert (bits(got)[both] == bits(want)[both]).all()


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float_division_is_pythons(isa, dtype):
    rng = np.random.default_rng(0)
    values = np.array([0.0, -0.0, 1.0, -1.0, 2.5, -2.5, INF, -INF, NAN, 1e-45, -1e-45, 3e38, 0.1, 7.0], dtype)
    a, b = (grid.ravel() for grid in np.meshgrid(values, values))
    exponents = rng.uniform(-40, 40, (2, 2000))
    a = np.r_[a, (rng.normal(size=2000) * 2.0 ** exponents[0]).astype(dtype)]
    b = np.r_[b, (rng.normal(size=2000) * 2.0 ** exponents[1]).astype(dtype)]
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(math_ulp.apply(isa, "fmod", a, b), np.fmod(a, b))
        # NumPy gives NaN for inf // 0 and for 1 // 0 what PyTorch gives: the quotient.
        usual = (b != 0) & ~np.isinf(a)
        quotient = math_ulp.apply(isa, "floor_divide", a, b)
        np.testing.assert_array_equal(quotient[usual], np.floor_divide(a, b)[usual])
        np.testing.assert_array_equal(quotient[b == 0], (a / b)[b == 0])
        finite = usual & ~np.isinf(b)
        np.testing.assert_array_equal(math_ulp.apply(isa, "remainder", a, b)[finite], np.remainder(a, b)[finite])


INTEGERS = [0, 1, -1, 2, -2, 7, -7, 63, 64, -64, 10**9 + 7, 2**62, -(2**63), 2**63 - 1]


def wrap(x):
    return (x + 2**63) % 2**64 - 2**63


def integer_power(a, b):
    if b < 0:
        return {1: 1, -1: -1 if b % 2 else 1}.get(a, 0)
    return wrap(pow(a, b, 2**64))


def truncated(a, b):
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


INTEGER_REFERENCES = {
    "floor_divide": lambda a, b: wrap(a // b) if b else 0,
    "trunc_divide": lambda a, b: wrap(truncated(a, b)) if b else 0,
    "remainder": lambda a, b: a % b if b else 0,
    "fmod": lambda a, b: a - truncated(a, b) * b if b else 0,
    "pow": integer_power,
    "gcd": lambda a, b: wrap(math.gcd(a, b)),
    "bitwise_and": lambda a, b: a & b,
    "bitwise_or": lambda a, b: a | b,
    "bitwise_xor": lambda a, b: a ^ b,
    "bitwise_not": lambda a, b: ~a,
    "bitwise_left_shift": lambda a, b: wrap(a << b) if 0 <= b < 64 else 0,
    "bitwise_right_shift": lambda a, b: a >> (b if 0 <= b < 64 else 63),
    "maximum": max,
    "minimum": min,
    "abs": lambda a, b: wrap(abs(a)),
    "neg": lambda a, b: wrap(-a),
    "sign": lambda a, b: (a > 0) - (a < 0),
    "square": lambda a, b: wrap(a * a),
}


@pytest.mark.parametrize("name", INTEGER_REFERENCES)
def test_integers(name):
    a, b = (grid.ravel() for grid in np.meshgrid(np.array(INTEGERS), np.array(INTEGERS)))
    got = math_ulp.apply(ISAS[-1], name, a, b)
    want = [INTEGER_REFERENCES[name](int(x), int(y)) for x, y in zip(a, b)]
    assert got.tolist() == want


def test_lcm():
    a, b = np.array([4, -6, 0, 21]), np.array([6, 4, 5, 6])
    assert math_ulp.apply(ISAS[-1], "lcm", a, b).tolist() == [12, 12, 0, 42]


COMPLEX = ["exp", "log", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan"]
COMPLEX += ["sinh", "cosh", "tanh", "asinh", "acosh", "atanh"]


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_functions(name):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2, 500)).T.copy().view(np.complex128).ravel() * np.exp(rng.uniform(-8, 3, 500))
    got = math_ulp.apply(ISAS[-1], name, z)
    want = np.array([getattr(cmath, name)(complex(x)) for x in z])
    np.testing.assert_allclose(got, want, rtol=3e-15 if name != "log" else 1e-14)


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_functions_at_infinity_and_zero(name):
    values = [0.0, -0.0, 1.0, -2.5, INF, -INF]
    for z in (complex(x, y) for x in values for y in values):
        try:
            want = getattr(cmath, name)(z)
        except (ValueError, OverflowError):
            continue  # a pole, or an infinite angle
        got = complex(math_ulp.apply(ISAS[-1], name, np.array([z]))[0])
        for part, other in ((got.real, want.real), (got.imag, want.imag)):
            assert part == pytest.approx(other, rel=1e-14, nan_ok=True), f"{name}({z}) = {got}, not {want}"
            if part == 0 and cmath.isfinite(z):
                assert math.copysign(1, part) == math.copysign(1, other), f"{name}({z}) = {got}, not {want}"


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_nan_stays(name):
    assert cmath.isnan(math_ulp.apply(ISAS[-1], name, np.array([complex(NAN, NAN)]))[0])


def test_complex_arithmetic():
    a = np.array([3 + 4j, 1e200 + 1e200j, 1 + 0j, 0j, 2 - 1j])
    b = np.array([1 - 2j, 1e200 - 1e200j, 0j, 2 + 0j, 1e-300j])
    assert math_ulp.apply(ISAS[-1], "div", a, b)[:2].tolist() == [-1 + 2j, 1j]
    assert np.isinf(math_ulp.apply(ISAS[-1], "div", a, b)[2].real)
    assert math_ulp.apply(ISAS[-1], "mul", a, b)[0] == 11 - 2j
    assert math_ulp.apply(ISAS[-1], "pow", a, np.zeros(5, complex)).tolist() == [1] * 5
    assert math_ulp.apply(ISAS[-1], "abs", a)[:2].tolist() == [5, math.hypot(1e200, 1e200)]
    assert math_ulp.apply(ISAS[-1], "sgn", a)[3] == 0
