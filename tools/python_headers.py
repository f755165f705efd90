"""Print the include directories that hold the running Python's headers, one a line.

Usage: python python_headers.py SCRATCH

Debian and Ubuntu keep Python.h in a package of its own (python3-dev). Where it is missing, that package is fetched with
apt into the folder SCRATCH and unpacked there, which needs no root and leaves the system as it is.
"""

import subprocess
import sys
import sysconfig
from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def installed():
    """The include directories of this Python, or [] when its headers are not installed."""
    found = dict.fromkeys(sysconfig.get_path(key) for key in ("include", "platinclude"))
    return list(found) if all(Path(path, "Python.h").exists() for path in found) else []


def unpacked(scratch):
    """The include directories of headers unpacked earlier under `scratch`, or []."""
    include = scratch / "usr" / "include"
    headers = include / f"python{VERSION}"
    # Debian's pyconfig.h includes <x86_64-linux-gnu/python3.11/pyconfig.h>, hence the parent as well.
    return [str(headers), str(include)] if (headers / "Python.h").exists() else []


def fetch(scratch):
    """Download and unpack Debian's package of headers; OSError or CalledProcessError where that fails."""
    lists = scratch / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    download = ["download", f"libpython{VERSION}-dev"]
    private = ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={scratch}"]
    try:
        apt(download, scratch)
    except subprocess.CalledProcessError:  # the system has no package lists: fetch them into scratch
        apt([*private, "update"], scratch)
        apt([*private, *download], scratch)
    package = next(scratch.glob("libpython*-dev_*.deb"))
    subprocess.run(["dpkg-deb", "-x", str(package), str(scratch)], check=True, capture_output=True)


def apt(arguments, folder):
    subprocess.run(["apt-get", "-q", *arguments], cwd=folder, check=True, capture_output=True)


def main():
    scratch = Path(sys.argv[1]).absolute()
    found = installed() or unpacked(scratch)
    if not found:
        try:
            fetch(scratch)
        except (OSError, subprocess.CalledProcessError, StopIteration):
            pass
        found = unpacked(scratch)
    if not found:
        sys.exit(
            f"Python.h of Python {VERSION} was not found in {sysconfig.get_path('include')}.\n"
            f"help: apt-get install python{VERSION}-dev   (Fedora: dnf install python3-devel)"
        )
    print("\n".join(found))


if __name__ == "__main__":
    main()
