"""Python runs this first in every process that `penlight run` starts, children included.

It makes `import torch` mean Penlight and then runs the user's own sitecustomize, as if this folder were not there.
"""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))


def _alias_torch():
    from importlib.machinery import SourceFileLoader

    # Loaded by its path: importing it by name would import the whole package into every child process.
    alias = type(sys)("penlight._alias")
    alias.__file__ = os.path.join(os.path.dirname(_HERE), "_alias.py")
    SourceFileLoader(alias.__name__, alias.__file__).exec_module(alias)
    sys.modules[alias.__name__] = alias
    alias.install()


def _run_the_users_own():
    ours = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = ours


sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != _HERE]
# Another interpreter (the python of another environment, started as a child) has its own packages and maybe its own
# PyTorch, and Penlight's compiled part would not load there: it is left alone.
if os.environ.get("PENLIGHT_RUN") == sys.prefix:
    _alias_torch()
_run_the_users_own()
