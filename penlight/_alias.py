"""Makes `import torch` mean Penlight, for the programs that `penlight run` starts.

The finder stands first on `sys.meta_path` and answers for `torch`, `torchvision` and all of their submodules with the
very module objects of Penlight: `sys.modules["torch.nn"] is sys.modules["penlight.nn"]`. Nothing is imported before
the program asks for it, and a PyTorch that happens to be installed is never reached.

This file is loaded by `_site/sitecustomize.py` before the package itself, in every child process, so it imports
nothing of Penlight and nothing that costs time.
"""

import os
import sys
from importlib.machinery import ModuleSpec

HOME = os.path.dirname(os.path.abspath(__file__))
PACKAGES = {"torch": "penlight", "torchvision": "penlight.vision"}
# What `torch.__version__` and importlib.metadata answer: the PyTorch whose behaviour Penlight follows, and a local
# label that version comparisons ("torch>=2.1") pass over.
VERSIONS = {"torch": "2.13.0+penlight", "torchvision": "0.28.0+penlight"}


def penlight_name(name):
    """Give the Penlight module behind a PyTorch module name ("torch.nn" -> "penlight.nn"), or None."""
    top, dot, rest = name.partition(".")
    return PACKAGES[top] + dot + rest if top in PACKAGES else None


class AliasLoader:
    """Loads `torch.x` by handing out the module `penlight.x` itself, not a copy of it."""

    def __init__(self, target):
        self.target = target

    def create_module(self, spec):
        """Import the Penlight module; the import system files it under the second name too."""
        from importlib import import_module

        module = import_module(self.target)
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module):
        """Give the module its own spec back, which the import system has just overwritten."""
        module.__spec__ = self.own_spec

    def get_code(self, name):
        """Give the code to run for `python -m torch.x`."""
        return _find(self.target).loader.get_code(self.target)


class TorchFinder:
    """Finds `torch`, `torchvision` and their submodules in Penlight (an entry of `sys.meta_path`)."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        """Answer the import system: a spec for a name of PyTorch's, None for everything else."""
        if name == "penlight":
            return _spec_of_penlight()
        alias = penlight_name(name)
        if alias is None:
            return None
        found = _find(alias)
        if found is None:
            # A program that only asks (importlib.util.find_spec) hears None; one that imports hears why.
            caller = sys._getframe(1).f_back
            if caller is not None and caller.f_code.co_name == "_find_and_load_unlocked":
                raise _unknown_module(name)
            return None
        spec = ModuleSpec(name, AliasLoader(alias), origin=found.origin)
        spec.submodule_search_locations = found.submodule_search_locations
        return spec

    @staticmethod
    def find_distributions(context=None):
        """Answer `importlib.metadata.version("torch")` although no PyTorch is installed."""
        wanted = getattr(context, "name", None)
        return [_distribution(name) for name in VERSIONS if wanted is None or wanted.lower() == name]


# The import system drops its own frames from the traceback of a failed import; under its file name ours goes with them
# and the user sees the one line that matters, their own.
TorchFinder.find_spec.__code__ = TorchFinder.find_spec.__code__.replace(co_filename="<frozen importlib._bootstrap>")


def install():
    """Make `import torch` find Penlight from now on, in this process."""
    if TorchFinder not in sys.meta_path:
        sys.meta_path.insert(0, TorchFinder)


def _find(name):
    from importlib.util import find_spec

    return find_spec(name)


def _spec_of_penlight():
    # The Penlight that `penlight run` belongs to, wherever the program's own sys.path leads.
    from importlib.util import spec_from_file_location

    return spec_from_file_location("penlight", os.path.join(HOME, "__init__.py"), submodule_search_locations=[HOME])


def _unknown_module(name):
    from pkgutil import iter_modules

    from penlight.errors import with_help

    parent, _, last = name.rpartition(".")
    locations = getattr(sys.modules.get(parent), "__path__", [])
    siblings = [module.name for module in iter_modules(locations) if not module.name.startswith("_")]
    error = ModuleNotFoundError(f"No module named {name!r}", name=name)
    return with_help(error, "torch_module", name=name, last=last, parent=parent, known=siblings)


def _distribution(name):
    from importlib.metadata import Distribution

    class AliasDistribution(Distribution):
        def read_text(self, filename):
            if filename == "METADATA":
                return f"Metadata-Version: 2.1\nName: {name}\nVersion: {VERSIONS[name]}\n"
            return None

        def locate_file(self, path):
            return os.path.join(HOME, path)

    return AliasDistribution()
