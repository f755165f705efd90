"""Fit one period of a sine with a small network, and draw the fit.

    penlight run examples/sine.py

An ordinary PyTorch program: nothing in it knows that Penlight runs it.
"""

import math
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # draw into a file; no window is needed
import matplotlib.pyplot as plt
import torch
from torch import nn
from tqdm import tqdm

EPOCHS = 3000
OUT = Path(__file__).resolve().parent / "out"

torch.manual_seed(0)
x = torch.linspace(0, 2 * math.pi, 629).reshape(-1, 1)
y = torch.sin(x)

model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 64), nn.Tanh(), nn.Linear(64, 1))
loss_function = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.002)

print(model)
bar = tqdm(range(1, EPOCHS + 1), desc="training", mininterval=0.5)
for epoch in bar:
    loss = loss_function(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch == 1 or epoch % 500 == 0:
        bar.set_postfix(loss=f"{loss.item():.6f}")
        tqdm.write(f"epoch {epoch:4d}   loss {loss.item():.6f}")

model.eval()
with torch.no_grad():
    prediction = model(x)

figure, axes = plt.subplots(figsize=(7, 4))
axes.plot(x.flatten().numpy(), y.flatten().numpy(), label="sin(x)", linewidth=5, alpha=0.3)
axes.plot(x.flatten().numpy(), prediction.flatten().numpy(), label="network", color="tab:red")
axes.set_title(f"after {EPOCHS} epochs, loss {loss.item():.6f}")
axes.legend()
OUT.mkdir(exist_ok=True)
figure.savefig(OUT / "sine.png", dpi=120)
print(f"torch.__version__ {torch.__version__}; the picture is in {OUT / 'sine.png'}")
