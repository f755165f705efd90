"""Measures the scalar functions of csrc/math: their error against long double, and their speed in a contiguous loop.

    python tests/math_ulp.py                  every function, 20 million bit patterns of float32, and its time
    python tests/math_ulp.py --count 1e6 exp  fewer patterns, one function

Errors are in units of the last place of the exact result. Times are nanoseconds an element, one core, 100,000 elements.
test_math.py runs the same measurement on fewer patterns.
"""

import argparse
import ctypes
import os
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).parent / "cpp" / "math_check.cpp"

# As the build compiles csrc/cpu.
FLAGS = ["-std=c++20", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fPIC", "-shared"]
ISAS = {
    "avx2": (["avx2", "fma", "bmi2"], ["-march=x86-64-v3"]),
    "avx512": (["avx512f", "avx512dq", "avx512vl", "avx512bw"], ["-march=x86-64-v4", "-mprefer-vector-width=512"]),
}

# Allowed errors. Those of float32 are the promise of docs/design.md. The sum of two cancelling terms in logaddexp has
# no small relative error in the precision of its terms; float32 computes it in double.
LIMIT_F32 = 2.0
LIMIT_F64 = 4.0
LIMITS_F64 = {"logaddexp": float("inf"), "logaddexp2": float("inf")}


def supported_isas():
    """The instruction sets of ISAS that this machine has."""
    try:
        present = set(Path("/proc/cpuinfo").read_text().split())
    except OSError:
        return []
    return [isa for isa, (needed, _) in ISAS.items() if present.issuperset(needed)]


@lru_cache
def build(isa):
    """Compile math_check.cpp for one instruction set and load it."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / f"math_{isa}.so"
        compiler = os.environ.get("CXX", "g++")
        subprocess.run([compiler, *FLAGS, *ISAS[isa][1], str(SOURCE), "-o", str(library)], check=True)
        lib = ctypes.CDLL(str(library))
    for kind in ("", "integer_", "complex_"):
        getattr(lib, f"{kind}function_name").restype = ctypes.c_char_p
    lib.time_f32.restype = lib.time_f64.restype = ctypes.c_double
    return lib


@lru_cache
def functions(isa, kind=""):
    """The names of the functions and their numbers. kind is "", "integer_" or "complex_"."""
    lib = build(isa)
    count = getattr(lib, f"{kind}function_count")()
    return {getattr(lib, f"{kind}function_name")(i).decode(): i for i in range(count)}


def apply(isa, name, a, b=None):
    """The function of every element of a (and b): float32, float64, int64 or complex128 arrays."""
    a = np.ascontiguousarray(a)
    b = np.ascontiguousarray(a if b is None else b, dtype=a.dtype)
    symbol, kind = {
        "float32": ("apply_f32", ""),
        "float64": ("apply_f64", ""),
        "int64": ("apply_i64", "integer_"),
        "complex128": ("apply_c128", "complex_"),
    }[a.dtype.name]
    out = np.empty_like(a)
    getattr(build(isa), symbol)(functions(isa, kind)[name], *map(pointer, (a, b, out)), ctypes.c_int64(a.size))
    return out


def pointer(array):
    return array.ctypes.data_as(ctypes.c_void_p)


def measure(isa, name, dtype, count):
    """The largest error over count arguments spread over all bit patterns: (ulp, argument, second argument, result)."""
    worst = np.zeros(4)
    step = 2**32 // count | 1 if dtype == "f32" else 1
    number = functions(isa)[name]
    getattr(build(isa), f"measure_{dtype}")(
        number, ctypes.c_uint64(0), ctypes.c_uint64(step), ctypes.c_int64(count), pointer(worst)
    )
    return tuple(worst)


def has_reference(isa, name):
    return bool(build(isa).function_has_reference(functions(isa)[name]))


def nanoseconds(isa, name, dtype):
    """Time of one element in a loop over 100,000."""
    lib, number = build(isa), functions(isa)[name]
    rng = np.random.default_rng(0)
    kind = np.float32 if dtype == "f32" else np.float64
    a = rng.uniform(0.05, 0.95, 100_000).astype(kind)
    if name not in ("asin", "acos", "atanh", "erfinv", "ndtri", "logit", "acosh"):
        a *= 4
    b = rng.uniform(0.5, 4, a.size).astype(kind)
    if name == "acosh":
        a += 1
    out = np.empty_like(a)
    run = getattr(lib, f"time_{dtype}")
    return 1e9 * run(number, *map(pointer, (a, b, out)), ctypes.c_int64(a.size), 5)


def limit(name, dtype):
    return LIMIT_F32 if dtype == "f32" else LIMITS_F64.get(name, LIMIT_F64)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="functions; all by default")
    parser.add_argument("--count", type=float, default=2e7, help="bit patterns; for float64 a twentieth")
    args = parser.parse_args()
    isas = supported_isas()
    print(f"{'function':28s}{'f32 ulp':>9s}{'f64 ulp':>9s}", *(f"{isa + ' f32 ns':>15s}{'f64 ns':>9s}" for isa in isas))
    for name in args.names or functions(isas[-1]):
        errors, count = "", int(args.count)
        for dtype in ("f32", "f64"):
            if has_reference(isas[-1], name):
                error = measure(isas[-1], name, dtype, count if dtype == "f32" else max(count // 20, 1))[0]
                errors += f"{error:8.3f}" + ("!" if error > limit(name, dtype) else " ")
            else:
                errors += f"{'-':>8s} "
        times = (f"{nanoseconds(isa, name, 'f32'):15.3f}{nanoseconds(isa, name, 'f64'):9.3f}" for isa in isas)
        print(f"{name:28s}{errors}", *times, flush=True)


if __name__ == "__main__":
    main()
