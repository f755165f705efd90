"""Fail when Penlight has grown past one of its budgets. Raising one is a commit of its own, with the reason.

Usage: python tools/budget.py          (after `make wheel`, under the interpreter that has Penlight)
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WHEEL_MB = 12.0
IMPORT_MS = 100.0
FILE_LINES = 1200
SOURCES = {".py", ".cpp", ".h", ".cu", ".cuh"}
MADE = {".git", ".venv", "build", "dist"}  # folders that the build makes

IMPORT = "import time; start = time.perf_counter(); import penlight; print(1e3 * (time.perf_counter() - start))"


def wheel_mb():
    """Size of the largest wheel in dist/ in megabytes (10^6 bytes)."""
    wheels = list((ROOT / "dist").glob("*.whl"))
    if not wheels:
        sys.exit("budget: no wheel in dist/\nhelp: make wheel")
    return max(wheel.stat().st_size for wheel in wheels) / 1e6


def import_ms(tries=5):
    """Milliseconds that `import penlight` takes in a fresh interpreter, the best of `tries`."""
    command = [sys.executable, "-c", IMPORT]
    return min(
        float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(tries)
    )


def longest_file():
    """(lines, path) of the longest source file."""
    paths = (path for path in ROOT.rglob("*") if path.suffix in SOURCES)
    sources = [path.relative_to(ROOT) for path in paths if not MADE & set(path.relative_to(ROOT).parts)]
    return max((len((ROOT / path).read_bytes().splitlines()), str(path)) for path in sources)


def main():
    lines, path = longest_file()
    rows = [
        ("wheel", wheel_mb(), WHEEL_MB, "MB"),
        ("import penlight", import_ms(), IMPORT_MS, "ms"),
        (f"longest file ({path})", lines, FILE_LINES, "lines"),
    ]
    over = 0
    for name, value, limit, unit in rows:
        held = value < limit
        over += not held
        print(f"budget: {name}: {value:.4g} of {limit:g} {unit}{'' if held else '   OVER'}")
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    main()
