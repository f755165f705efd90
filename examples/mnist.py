"""Teach a small convolutional network to read digits, from the data to the saved model: penlight run examples/mnist.py

An ordinary PyTorch program. Its digits are drawn on the spot, in several fonts, turned, shifted and noisy: no download.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont
from torch import nn
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

plt.switch_backend("Agg")  # draw into a file; no window is needed
FONTS = sorted(Path(get_data_path(), "fonts/ttf").glob("DejaVuS*[!y].ttf"))  # all but the two Displays: no digits there


class Digits(Dataset):
    """Drawn digits, 28 by 28; the same index always gives the same picture."""

    def __init__(self, size, first=0):
        self.size, self.first = size, first

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        random = np.random.default_rng(self.first + index)
        label = int(random.integers(10))
        font = ImageFont.truetype(str(random.choice(FONTS)), size=int(random.integers(18, 27)))
        image = Image.new("L", (28, 28))
        ImageDraw.Draw(image).text((14, 14), str(label), 255, font, anchor="mm")
        image = image.rotate(random.uniform(-20, 20), Image.BILINEAR, translate=tuple(random.uniform(-3, 3, 2)))
        pixels = np.asarray(image) / 255 + random.normal(0, 0.15, (28, 28))
        return torch.from_numpy(pixels).float().unsqueeze(0), label


def run_epoch(model, loader, optimizer=None, title="validation"):
    """Go over the data once, learning if there is an optimizer; give the mean loss and the accuracy."""
    model.train(optimizer is not None)
    total_loss = correct = 0
    with torch.set_grad_enabled(optimizer is not None):
        for images, labels in tqdm(loader, desc=title, leave=False):
            scores = model(images)
            loss = nn.functional.cross_entropy(scores, labels)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total_loss += loss.item() * len(labels)
            correct += (scores.argmax(1) == labels).sum().item()
    return total_loss / len(loader.dataset), correct / len(loader.dataset)


def draw(model, images, labels, history, path):
    """Draw the losses beside some digits and what the model takes them for; mistakes are red."""
    left, right = plt.figure(figsize=(11, 4.4), layout="constrained").subfigures(1, 2)
    axes = left.subplots()
    axes.plot(range(1, len(history) + 1), history, marker="o", label=["training", "validation"])
    axes.set(xlabel="epoch", ylabel="loss", xticks=range(1, len(history) + 1), ylim=0)
    axes.legend()
    for axes, image, label, guess in zip(right.subplots(5, 8).flat, images, labels, model(images).argmax(1)):
        axes.imshow(image[0].numpy(), cmap="gray_r", vmin=0, vmax=1)
        axes.set_title(guess.item(), color="tab:green" if guess == label else "tab:red")
        axes.set_axis_off()
    plt.savefig(path, dpi=120)


def main(epochs, samples, out):
    torch.manual_seed(0)
    train = DataLoader(Digits(samples), batch_size=32, shuffle=True, num_workers=2)
    val = DataLoader(Digits(samples // 4, first=samples), batch_size=100, num_workers=2)
    layers = [nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.25), nn.Linear(32 * 5 * 5, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
    history = []
    for epoch in range(1, epochs + 1):
        train_loss, _ = run_epoch(model, train, optimizer, f"epoch {epoch}")
        val_loss, accuracy = run_epoch(model, val)
        history.append((train_loss, val_loss))
        print(f"epoch {epoch}   train loss {train_loss:.4f}   val loss {val_loss:.4f}   accuracy {accuracy:.2%}")

    out.mkdir(exist_ok=True)
    torch.save({"model": model.state_dict(), "history": history}, out / "mnist.pt")
    model.load_state_dict(torch.load(out / "mnist.pt")["model"])
    draw(model, *next(iter(val)), history, out / "mnist.png")
    print(f"saved and loaded: accuracy {run_epoch(model, val)[1]:.2%}; the picture is in {out / 'mnist.png'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="teach a small network to read digits")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--samples", type=int, default=4000)
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent / "out")
    main(**vars(parser.parse_args()))
