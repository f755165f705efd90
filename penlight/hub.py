"""torch.hub: models from the net. Penlight fetches nothing; files that are there are loaded by torch.load."""

import os

__all__ = ["download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url", "set_dir"]

_folder = {"now": None}


def get_dir():
    """Give the folder in which PyTorch's programs keep what they fetch."""
    home = os.environ.get("TORCH_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME", "~/.cache"), "torch")
    return _folder["now"] or os.path.join(os.path.expanduser(home), "hub")


def set_dir(d):
    """Set the folder that `get_dir` gives."""
    _folder["now"] = os.path.expanduser(d)


def _kept(url, model_dir, file_name):
    folder = model_dir or os.path.join(get_dir(), "checkpoints")
    return os.path.join(folder, file_name or os.path.basename(url.partition("?")[0]))


def load_state_dict_from_url(
    url, model_dir=None, map_location=None, progress=True, check_hash=False, file_name=None, weights_only=True
):
    """Load the weights that an earlier download has left in the folder of checkpoints.

    Errors: RuntimeError names the file that must be there.
    """
    import penlight

    path = _kept(url, model_dir, file_name)
    if not os.path.exists(path):
        raise RuntimeError(f"Penlight downloads nothing: fetch {url} yourself and put it at {path}")
    return penlight.load(path, map_location=map_location, weights_only=weights_only)


def _refusal(name):
    def function(*args, **kwargs):
        raise NotImplementedError(
            f"torch.hub.{name}(): Penlight downloads nothing; install the model's package, or copy its code and load "
            "its weights with torch.load()"
        )

    function.__name__, function.__doc__ = name, "Raise NotImplementedError: nothing is downloaded."
    return function


load, list, help = _refusal("load"), _refusal("list"), _refusal("help")
download_url_to_file = _refusal("download_url_to_file")
