"""The examples run as `penlight run` runs them, learn something and leave their files behind."""

import re
import subprocess
import sys
from pathlib import Path

from PIL import Image

import penlight as torch

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def test_mnist(tmp_path):
    arguments = ["--epochs", "2", "--samples", "800", "--out", tmp_path]
    done = subprocess.run(
        [sys.executable, "-m", "penlight", "run", EXAMPLES / "mnist.py", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    accuracies = [float(word) for word in re.findall(r"accuracy ([\d.]+)%", done.stdout)]
    assert len(accuracies) == 3
    assert accuracies[1] > 30  # chance gives 10
    assert accuracies[2] == accuracies[1]  # the saved model is the trained one
    checkpoint = torch.load(tmp_path / "mnist.pt")
    (first, _), (second, _) = checkpoint["history"]
    assert second < first
    assert checkpoint["model"]["0.weight"].shape == (16, 1, 3, 3)
    with Image.open(tmp_path / "mnist.png") as picture:
        assert len(set(picture.convert("L").resize((64, 32)).tobytes())) > 20  # something is drawn
