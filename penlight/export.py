"""torch.export: PyTorch's programs without Python. Penlight makes none, and the names say so when they are used."""

__all__ = ["Dim", "ExportedProgram", "export", "load", "save"]

_INSTEAD = (
    "programs are not exported; save the weights with torch.save(model.state_dict(), path) and keep the Python class"
)


def export(mod, args, kwargs=None, *, dynamic_shapes=None, strict=False, preserve_module_call_signature=(), **options):
    """Raise NotImplementedError: save the weights, and keep the class."""
    raise NotImplementedError("torch.export.export(): " + _INSTEAD)


def save(ep, f, *, extra_files=None, opset_version=None, pickle_protocol=2):
    """Raise NotImplementedError: there are no exported programs."""
    raise NotImplementedError("torch.export.save(): " + _INSTEAD)


def load(f, *, extra_files=None, expected_opset_version=None):
    """Raise NotImplementedError: exported programs cannot be run."""
    raise NotImplementedError("torch.export.load(): " + _INSTEAD)


class ExportedProgram:
    """The result of PyTorch's export; it cannot be made here."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError("torch.export.ExportedProgram: " + _INSTEAD)


class Dim:
    """The name of a size that may change in an exported program, for programs that prepare an export."""

    def __init__(self, name, *, min=None, max=None):
        self.__name__, self.min, self.max = name, min, max
