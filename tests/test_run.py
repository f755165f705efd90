"""`penlight run`: programs written for PyTorch find Penlight, and nothing else about Python changes."""

import os
import signal
import subprocess
import sys
import time

import pytest

import penlight.run
from penlight.torch_version import TorchVersion


def run(*arguments, launcher=("-m", "penlight", "run"), cwd=None, stdin="", **variables):
    """Run Python with these arguments and give (exit code, standard output, standard error)."""
    done = subprocess.run(
        [sys.executable, *launcher, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **variables},
        timeout=100,
    )
    return done.returncode, done.stdout, done.stderr


def output(*arguments, **options):
    code, out, err = run(*arguments, **options)
    assert code == 0, err
    return out


def script(folder, text, name="script.py"):
    path = folder / name
    path.write_text(text)
    return path


def test_torch_is_penlight(tmp_path):
    path = script(
        tmp_path,
        """
import importlib, importlib.util, pickle, sys
import torch, torch.nn as nn
import torch.nn.functional as F
from torch.nn import functional
from torch import optim
import penlight
assert torch is penlight and F is functional is penlight.nn.functional
assert sys.modules["torch.nn"] is sys.modules["penlight.nn"] is nn
assert sys.modules["torch.nn.functional"] is sys.modules["penlight.nn.functional"]
assert nn.__spec__.name == "penlight.nn" and nn.__spec__ is sys.modules["penlight.nn"].__spec__
assert importlib.import_module("torch.optim") is optim
assert importlib.util.find_spec("torch") and importlib.util.find_spec("torch.nn.functional")
assert importlib.util.find_spec("torch.no_such_module") is None
assert pickle.loads(b"ctorch.nn\\nLinear\\n.") is nn.Linear
""",
    )
    output(path)


def test_a_submodule_is_loaded_when_it_is_asked_for():
    assert (
        output("-c", "import sys; print([m for m in sys.modules if m.startswith(('torch', 'penlight'))])")
        == "['penlight._alias']\n"
    )


def test_versions():
    out = output("-c", "import torch, importlib.metadata as m; print(torch.__version__, m.version('torch'))")
    version, installed = out.split()
    assert version == installed and version.startswith("2.13.0+penlight")
    names = output("-c", "import importlib.metadata as m; print([d.metadata['Name'] for d in m.distributions()])")
    assert "'torch'" in names and "'torchvision'" in names


@pytest.mark.parametrize(
    "lower, higher",
    [
        ("2.13.0", "2.13.0+penlight"),
        ("2.2", "2.13.0"),
        ((1, 10), "2.13.0"),
        ("2.13.0a0", "2.13.0"),
        ("2.13.0.dev20260101", "2.13.0"),
        ("2.13.0+cpu", (2, 13, 1)),
        ("v1.0", "1.0.1"),
    ],
)
def test_versions_compare(lower, higher):
    for text, other, sign in ((lower, higher, -1), (higher, lower, 1)):
        if isinstance(text, str):
            version = TorchVersion(text)
            assert (version > other) == (version >= other) == (sign > 0)
            assert (version < other) == (version <= other) == (sign < 0)
            assert version != other and version == text and hash(version) == hash(text)


def test_versions_that_are_none_compare_as_text():
    assert TorchVersion("parrot") == "parrot" and TorchVersion("2.0") < "parrot" and TorchVersion("1.0") == (1,)


def test_an_installed_torch_is_not_imported(tmp_path):
    (tmp_path / "torch").mkdir()
    script(tmp_path / "torch", "raise RuntimeError('the wrong one')", "__init__.py")
    script(tmp_path / "torch", "", "only_there.py")
    path = script(tmp_path, "import torch, penlight\nassert torch is penlight\nimport torch.only_there")
    code, _, err = run(path, PYTHONPATH=f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    assert code == 1 and "No module named 'torch.only_there'" in err


def test_an_unknown_submodule_is_explained(tmp_path):
    path = script(tmp_path, "x = 1\nimport torch.nn.functionall\n")
    code, _, err = run(path)
    assert code == 1
    assert err == (
        f'Traceback (most recent call last):\n  File "{path}", line 2, in <module>\n    import torch.nn.functionall\n'
        "ModuleNotFoundError: No module named 'torch.nn.functionall'\n"
        "help: Penlight has no module torch.nn.functionall; did you mean torch.nn.functional?\n"
    )
    assert output("-c", "try:\n    import torch.nope\nexcept ModuleNotFoundError as e: print(e.name)") == "torch.nope\n"


MAIN = """
import os, sys
print(__name__, __file__, __spec__ and __spec__.name, __package__)
print(sys.argv, sys.path[0], sys.modules["__main__"].__dict__ is globals(), "_site" in "".join(sys.path))
"""


def test_main_is_as_under_python(tmp_path):
    path = script(tmp_path, MAIN)
    for arguments in ([path, "a", "--b"], ["-m", "script", "a"], ["-c", "import sys; print(sys.argv, __name__)", "-x"]):
        assert output(*arguments, cwd=tmp_path) == output(*arguments, launcher=(), cwd=tmp_path)


def test_a_package_runs(tmp_path):
    (tmp_path / "package").mkdir()
    script(tmp_path / "package", "", "__init__.py")
    script(tmp_path / "package", "import torch, sys; print(torch.__name__, __package__, sys.argv[1:])", "__main__.py")
    assert output("-m", "package", "1", cwd=tmp_path) == "penlight package ['1']\n"


def test_the_traceback_is_the_users(tmp_path):
    path = script(tmp_path, "import torch\ndef f():\n    raise ValueError('mine')\nf()\n")
    code, _, err = run(path)
    assert code == 1
    assert err.splitlines()[:2] == ["Traceback (most recent call last):", f'  File "{path}", line 4, in <module>']
    assert "penlight" not in err and err.endswith("ValueError: mine\n")


@pytest.mark.parametrize("ending, code", [("sys.exit(3)", 3), ("sys.exit('bad')", 1), ("os._exit(9)", 9), ("1/0", 1)])
def test_exit_codes(ending, code):
    assert run("-c", f"import os, sys; {ending}")[0] == code


def test_signals_reach_the_program(tmp_path):
    path = script(tmp_path, "import time\nprint('ready', flush=True)\ntime.sleep(60)\n")
    # A shell that starts the tests in the background makes its children ignore SIGINT: undone here.
    process = subprocess.Popen(
        [sys.executable, "-m", "penlight", "run", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == -signal.SIGINT and "KeyboardInterrupt" in err


def test_standard_input():
    assert output("-c", "print(input() * 2)", stdin="ab\n") == "abab\n"
    assert output("-", stdin="import torch; print(torch.__name__)") == "penlight\n"


def test_interpreter_options():
    code = "import sys; print(sys.flags.optimize, sys.flags.dev_mode)"
    assert output("-X", "dev", "-c", code) == "0 True\n"
    assert output("-c", code, launcher=("-O", "-m", "penlight", "run")) == "1 False\n"
    for option in ("-I", "-E", "-OS"):
        code, _, err = run(option, "-c", "pass")
        assert code == 1 and "would hide Penlight" in err


CHILDREN = """
import multiprocessing, subprocess, sys

def name(_):
    import torch
    return torch.__name__

if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(1) as pool:
            print(method, pool.map(name, [0]))
    print(subprocess.run([sys.executable, "-c", "import torch; print(torch.__name__)"], stdout=subprocess.PIPE).stdout)
"""


def test_children_find_penlight(tmp_path):
    out = output("-W", "ignore", script(tmp_path, CHILDREN))
    assert out == "fork ['penlight']\nspawn ['penlight']\nforkserver ['penlight']\nb'penlight\\n'\n"


def test_pytest_finds_penlight(tmp_path):
    script(tmp_path, "import torch.nn\ndef test_it():\n    assert torch.__name__ == 'penlight'\n", "test_it.py")
    assert "1 passed" in output("-m", "pytest", "-q", "-p", "no:cacheprovider", tmp_path, cwd=tmp_path)


def test_the_users_sitecustomize_still_runs(tmp_path):
    script(tmp_path, "import os\nos.environ['MINE'] = __file__\n", "sitecustomize.py")
    path = f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    code = "import os, sys, torch; print(torch.__name__, os.environ['MINE'], sys.modules['sitecustomize'].__file__)"
    own = str(tmp_path / "sitecustomize.py")
    assert output("-c", code, PYTHONPATH=path).split() == ["penlight", own, own]


def test_another_interpreter_is_left_alone():
    code = "import sys; print('penlight._alias' in sys.modules)"
    variables = penlight.run.environment({**os.environ})
    assert variables["PENLIGHT_RUN"] == sys.prefix
    assert output("-c", code, launcher=(), **variables) == "True\n"
    assert output("-c", code, launcher=(), **{**variables, "PENLIGHT_RUN": "/another"}) == "False\n"


def test_the_environment_is_changed_once():
    once = penlight.run.environment({"A": "1"})
    assert penlight.run.environment(once) == once and once["A"] == "1" and os.pathsep not in once["PYTHONPATH"]


def test_usage():
    code, out, err = run(launcher=("-m", "penlight"))
    assert (code, err) == (0, "") and out.startswith("usage: penlight run")
    code, out, err = run("walk", launcher=("-m", "penlight"))
    assert (code, out) == (2, "") and err.startswith("usage: penlight run")
    assert run("nowhere.py")[0] == 2


def test_it_starts_quickly():
    def seconds(launcher):
        start = time.perf_counter()
        run("-c", "pass", launcher=launcher)
        return time.perf_counter() - start

    plain = min(seconds(()) for _ in range(3))
    assert min(seconds(("-m", "penlight", "run")) for _ in range(3)) < plain + 0.3
