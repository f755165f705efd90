"""Where LAPACK is: the shared library of the package scipy-openblas32."""

import glob
import os
from importlib.util import find_spec


def library_path():
    """Give the path of OpenBLAS; without importing its package, which would put its symbols before everybody's."""
    spec = find_spec("scipy_openblas32")
    folders = spec.submodule_search_locations if spec else []
    found = [path for folder in folders for path in glob.glob(os.path.join(folder, "lib", "libscipy_openblas*"))]
    if not found:
        raise ModuleNotFoundError(
            "factorisations of matrices need LAPACK, which the package scipy-openblas32 brings: "
            "pip install scipy-openblas32",
            name="scipy_openblas32",
        )
    return found[0]
