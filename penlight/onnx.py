"""torch.onnx: Penlight writes no ONNX files. The names say so when they are used."""

__all__ = [
    "ExportableModule",
    "InputObserver",
    "ONNXProgram",
    "OnnxExporterError",
    "export",
    "is_in_onnx_export",
]

_INSTEAD = (
    "Penlight does not write ONNX files; save the weights with torch.save(model.state_dict(), path) and export "
    "them with PyTorch, which reads that file"
)


class OnnxExporterError(RuntimeError):
    """An export has failed."""


def export(
    model,
    args=(),
    f=None,
    *,
    kwargs=None,
    verbose=None,
    input_names=None,
    output_names=None,
    opset_version=None,
    dynamo=True,
    external_data=True,
    dynamic_shapes=None,
    custom_translation_table=None,
    report=False,
    optimize=True,
    verify=False,
    profile=False,
    dump_exported_program=False,
    artifacts_dir=".",
    export_params=True,
    keep_initializers_as_inputs=False,
    dynamic_axes=None,
    training=None,
    operator_export_type=None,
    do_constant_folding=True,
    custom_opsets=None,
    export_modules_as_functions=False,
    autograd_inlining=True,
):
    """Raise NotImplementedError: save the weights, and export them with PyTorch."""
    raise NotImplementedError("torch.onnx.export(): " + _INSTEAD)


def is_in_onnx_export():
    """Give False: nothing is exported."""
    return False


class ONNXProgram:
    """The result of PyTorch's export; it cannot be made here."""

    def __init__(self, model, exported_program):
        raise NotImplementedError("torch.onnx.ONNXProgram: " + _INSTEAD)


class ExportableModule:
    """PyTorch's wrapper of a module for export; it cannot be made here."""

    def __init__(self, *args, **kwargs):
        raise NotImplementedError("torch.onnx.ExportableModule: " + _INSTEAD)


class InputObserver:
    """PyTorch's recorder of a model's inputs for export; it cannot be made here."""

    def __init__(self, value_if_missing=None):
        raise NotImplementedError("torch.onnx.InputObserver: " + _INSTEAD)
