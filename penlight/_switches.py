"""Settings of `torch.*` that choose between ways of computing. The CPU has one way, so most are only remembered."""

import builtins

__all__ = [
    "set_flush_denormal",
    "use_deterministic_algorithms",
    "are_deterministic_algorithms_enabled",
    "is_deterministic_algorithms_warn_only_enabled",
    "set_deterministic_debug_mode",
    "get_deterministic_debug_mode",
    "get_num_interop_threads",
    "set_num_interop_threads",
    "set_warn_always",
    "is_warn_always_enabled",
    "set_float32_matmul_precision",
    "get_float32_matmul_precision",
    "compiled_with_cxx11_abi",
    "is_vulkan_available",
    "set_anomaly_enabled",
    "get_device_module",
    "has_lapack",
    "has_mkl",
    "has_openmp",
    "has_spectral",
]

has_lapack = has_openmp = has_spectral = True
has_mkl = False
_settings = {"deterministic": 0, "precision": "highest", "interop": 1, "warn_always": False}
_MODES = {"default": 0, "warn": 1, "error": 2}


def set_flush_denormal(mode):
    """Say whether the CPU treats denormal numbers as zero; Penlight always keeps them, so only False succeeds."""
    return not mode


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Ask for operators that give the same bits at every run; Penlight's CPU operators always do."""
    _settings["deterministic"] = (1 if warn_only else 2) if mode else 0


def are_deterministic_algorithms_enabled():
    """Give what `use_deterministic_algorithms` set."""
    return _settings["deterministic"] > 0


def is_deterministic_algorithms_warn_only_enabled():
    """Give True if `use_deterministic_algorithms` was asked for warnings in place of errors."""
    return _settings["deterministic"] == 1


def set_deterministic_debug_mode(debug_mode):
    """Set "default" (0), "warn" (1) or "error" (2) for operators that may give other bits at another run."""
    mode = _MODES.get(debug_mode, debug_mode)
    if mode not in (0, 1, 2):
        if isinstance(debug_mode, str):
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, or `error`, but got {debug_mode}"
            )
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    _settings["deterministic"] = mode


def get_deterministic_debug_mode():
    """Give 0 (default), 1 (warn) or 2 (error): what `set_deterministic_debug_mode` set."""
    return _settings["deterministic"]


def set_float32_matmul_precision(precision):
    """Allow faster float32 matrix products of less precision ("high", "medium"); the CPU's are always exact."""
    if precision not in ("highest", "high", "medium"):
        raise RuntimeError(f"Invalid precision: {precision}")
    _settings["precision"] = precision


def get_float32_matmul_precision():
    """Give what `set_float32_matmul_precision` set."""
    return _settings["precision"]


def get_num_interop_threads():
    """Give the number of threads that run independent operators: set_num_interop_threads' number."""
    return _settings["interop"]


def set_num_interop_threads(int):
    """Accept PyTorch's setting for independent operators; Penlight runs them one after the other."""
    if not isinstance(int, builtins.int):
        raise TypeError(f"set_num_interop_threads expects an int, but got {type(int).__name__}")
    if int < 1:
        raise RuntimeError("set_num_interop_threads expects a positive integer")
    _settings["interop"] = int


def set_warn_always(b, /):
    """Accept PyTorch's switch for repeated warnings; Python's `warnings` module decides here."""
    if not isinstance(b, bool):
        raise TypeError(f"setWarnOnlyOnce expects a bool, but got {type(b).__name__}")
    _settings["warn_always"] = b


def is_warn_always_enabled():
    """Give what `set_warn_always` set."""
    return _settings["warn_always"]


def compiled_with_cxx11_abi():
    """Give True: strings and lists of the C++ library are those of C++11."""
    return True


def is_vulkan_available():
    """Give False: there is no Vulkan backend."""
    return False


def set_anomaly_enabled(enabled, check_nan=True):
    """Switch the detection of gradients that go wrong on or off; see torch.autograd.detect_anomaly."""
    from penlight import _C

    _C._set_anomaly_enabled(enabled, check_nan)


def get_device_module(device=None):
    """Give the module of a device, such as torch.cuda; without a device that of the CPU."""
    from importlib import import_module

    from penlight import _C

    kind = "cpu" if device is None else _C.device(device).type
    if kind not in ("cpu", "cuda"):
        raise RuntimeError(f"Invalid value of device_type: {kind}")
    return import_module("penlight." + kind)
