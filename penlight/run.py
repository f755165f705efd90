"""`penlight run script.py`: run a program written for PyTorch, unmodified, with Penlight.

The launcher starts the same Python again with everything that stands after `run`, so that the program sees Python as
it always is: its own `__main__`, arguments, standard input, exit codes, signals and tracebacks. Two environment
variables make the difference, and child processes inherit them: `PENLIGHT_RUN` says for which interpreter torch means
Penlight, and `PYTHONPATH` begins with the folder whose `sitecustomize` arranges it.
"""

import os
import sys

from penlight._alias import HOME, VERSIONS

USAGE = """\
usage: penlight run script.py [arguments]    run a PyTorch program with Penlight
       penlight run -m module [arguments]    the same for a module or package (penlight run -m pytest)
       penlight run -c code [arguments]      the same for a line of code
       penlight run                          Python's prompt, where `import torch` means Penlight
       penlight --version

Python's own options stand before the script, as in: penlight run -X dev script.py
"""


def main(arguments=None):
    """Run the command `penlight` (also `python -m penlight`) with these arguments, by default those of the shell.

    It does not return: the process becomes the program, or ends with exit code 2 after an error of use.

    Example:
        python -m penlight run train.py --epochs 3
    """
    options = _interpreter_options() if arguments is None else []
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["run"] and arguments[1:2] not in (["-h"], ["--help"]):
        _become_python(options + arguments[1:])
    if arguments in (["--version"], ["-V"]):
        print(f"penlight (follows PyTorch {VERSIONS['torch'].partition('+')[0]})")
        raise SystemExit(0)
    asked_for_help = not arguments or arguments[-1] in ("-h", "--help", "help")
    print(USAGE, end="", file=sys.stdout if asked_for_help else sys.stderr)
    raise SystemExit(0 if asked_for_help else 2)


def environment(variables):
    """Give these environment variables with what makes `import torch` mean Penlight in a Python started with them.

    Example:
        >>> environment({"PYTHONPATH": "/home/me"})["PYTHONPATH"].endswith(":/home/me")
        True
    """
    site = os.path.join(HOME, "_site")
    entries = [site] + [entry for entry in variables.get("PYTHONPATH", "").split(os.pathsep) if entry != site]
    if entries[1:] == [""]:  # an unset PYTHONPATH: an empty entry would mean the current folder
        entries = [site]
    return {**variables, "PENLIGHT_RUN": sys.prefix, "PYTHONPATH": os.pathsep.join(entries)}


def _become_python(arguments):
    hidden = _option_that_hides_penlight(arguments)
    if hidden:
        raise SystemExit(f"penlight run: Python's option -{hidden} would hide Penlight from the program; leave it out")
    if not sys.executable:
        raise SystemExit("penlight run: this Python does not know its own path (sys.executable is empty)")
    os.execve(sys.executable, [sys.executable, *arguments], environment(dict(os.environ)))


def _interpreter_options():
    # What stands before the command in `python -O -m penlight run` or `python -O bin/penlight run`.
    options = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1][:-1]
    return options[:-1] if options[-1:] == ["-m"] else options


def _option_that_hides_penlight(options):
    """Give the letter of the first option before the script that makes Python ignore PYTHONPATH or sitecustomize."""
    takes_value = False
    for option in options:
        if takes_value:
            takes_value = False
            continue
        if not option.startswith("-") or option == "-":
            return None
        for position, letter in enumerate(option[1:], start=2):
            if letter in "EIS":
                return letter
            if letter in "cm-":
                return None
            if letter in "WX":
                takes_value = position == len(option)
                break
    return None
