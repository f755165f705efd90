"""autocast and GradScaler; the dtypes are PyTorch 2.13's on the CPU."""

import doctest

import pytest

import penlight as torch
from penlight import amp, nn

F = nn.functional
LABELS = torch.tensor([0, 1, 2, 0])
# For float32 and for bfloat16 input.
NARROW, WIDE, AS_IS = ("bfloat16", "bfloat16"), ("float32", "float32"), ("float32", "bfloat16")
CASES = {
    "linear": (lambda z: F.linear(z, torch.randn(5, 8)), NARROW),
    "matmul": (lambda z: z @ z, NARROW),
    "bmm": (lambda z: torch.bmm(z[0], z[0]), NARROW),
    "addmm": (lambda z: torch.addmm(z[0, 0], z[0, 0], z[0, 0]), NARROW),
    "conv2d": (lambda z: F.conv2d(z, torch.randn(2, 3, 3, 3)), NARROW),
    "einsum": (lambda z: torch.einsum("ij,jk", z[0, 0], z[0, 0]), NARROW),
    "attention": (lambda z: F.scaled_dot_product_attention(z, z, z), NARROW),
    "prelu": (lambda z: F.prelu(z, torch.ones(1)), NARROW),
    "cross_entropy": (lambda z: F.cross_entropy(z[:, :, 0, 0], LABELS), WIDE),
    "mse_loss": (lambda z: F.mse_loss(z, z), WIDE),
    "l1_loss": (lambda z: F.l1_loss(z, z), WIDE),
    "prod": (lambda z: z.prod(), WIDE),
    "cdist": (lambda z: torch.cdist(z[0], z[0]), WIDE),
    "inv": (lambda z: torch.linalg.inv(z[0, 0]), WIDE),
    "cat": (lambda z: torch.cat([z, torch.ones(1, 3, 8, 8), torch.ones(1, 3, 8, 8).bfloat16()]), WIDE),
    "softmax": (lambda z: F.softmax(z, 1), AS_IS),
    "layer_norm": (lambda z: F.layer_norm(z, (8,)), AS_IS),
    "sum": (lambda z: z.sum(), AS_IS),
    "relu": (lambda z: F.relu(z), AS_IS),
    "mv": (lambda z: torch.mv(z[0, 0], z[0, 0, 0]), AS_IS),
    "stack": (lambda z: torch.stack([z, z.bfloat16()]), AS_IS),
}


@pytest.mark.parametrize("name", CASES)
def test_dtypes(name):
    call, expected = CASES[name]
    x = torch.randn(4, 3, 8, 8)
    with torch.autocast("cpu"):
        assert tuple(str(call(z).dtype).removeprefix("torch.") for z in (x, x.bfloat16())) == expected


def test_regions():
    layer, x = nn.Linear(3, 2), torch.randn(4, 3)
    with torch.autocast("cpu", dtype=torch.float16):
        assert layer(x).dtype == torch.float16
        with torch.autocast("cpu", enabled=False):
            assert layer(x).dtype == torch.float32
    assert layer(x).dtype == torch.float32

    @torch.autocast("cpu")
    def decorated():
        return layer(x)

    assert decorated().dtype == torch.bfloat16
    with pytest.warns(UserWarning, match="Disabling"), torch.autocast("cuda"):
        assert layer(x).dtype == torch.float32
    with pytest.raises(RuntimeError, match="unsupported autocast device_type"):
        torch.autocast("tpu")


def test_gradients_arrive_in_float32_and_training_goes_down():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 1))
    optimizer, x = torch.optim.SGD(model.parameters(), lr=0.1), torch.randn(32, 4)
    losses = []
    for _ in range(30):
        with torch.autocast("cpu"):
            loss = F.mse_loss(model(x), x.sum(1, keepdim=True))
        optimizer.zero_grad()
        loss.backward()
        assert all(p.grad.dtype == torch.float32 for p in model.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert loss.dtype == torch.float32 and losses[-1] < 0.2 * losses[0]


def test_custom_function():
    class Product(torch.autograd.Function):
        @staticmethod
        @amp.custom_fwd(device_type="cpu")
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a @ b

        @staticmethod
        @amp.custom_bwd(device_type="cpu")
        def backward(ctx, grad):
            a, b = ctx.saved_tensors
            dtypes.append((grad @ b.T).dtype)
            return grad @ b.T, a.T @ grad

    dtypes, a = [], torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu"):
        y = Product.apply(a, torch.ones(2, 2))
    y.float().sum().backward()
    assert y.dtype == torch.bfloat16 and dtypes == [torch.bfloat16] and a.grad.tolist() == [[2, 2], [2, 2]]


def test_grad_scaler():
    w = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([w], lr=1.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=1)
    scaler.scale(w.sum()).backward()
    assert w.grad.tolist() == [4, 4]
    scaler.unscale_(optimizer)
    assert w.grad.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.step(optimizer)
    scaler.update()
    assert w.tolist() == [0, 0] and scaler.get_scale() == 8
    w.grad = torch.tensor([float("inf"), 1.0])
    scaler.step(optimizer)
    scaler.update()
    assert w.tolist() == [0, 0] and scaler.get_scale() == 4
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.state_dict() == scaler.state_dict() and other.get_scale() == 4
    with pytest.warns(UserWarning, match="CUDA is not available"):
        assert not torch.GradScaler().is_enabled()


@pytest.mark.parametrize("module", [amp.autocast_mode, amp.grad_scaler], ids=lambda m: m.__name__)
def test_examples_in_the_docstrings(module):
    assert doctest.testmod(module, extraglobs={"torch": torch}).failed == 0
