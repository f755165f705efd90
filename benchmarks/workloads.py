"""The programs that run.py times, written once against PyTorch's API.

A workload is a function that takes the framework (`torch` or `penlight`), prepares its data and returns what is timed.
Its name begins with what it is about: call (the cost of a call), memory (large arrays), matmul, train, data.
"""

import functools
import math

WORKLOADS = {}


def workload(prepare):
    WORKLOADS[prepare.__name__] = prepare
    return prepare


def collect(torch):
    """{name: function without arguments that prepares the workload and returns what is timed}."""
    return {name: functools.partial(prepare, torch) for name, prepare in WORKLOADS.items()}


# ---- the cost of a call --------------------------------------------------------------------------------------------
@workload
def call_add(torch):
    a, b = torch.rand(8), torch.rand(8)
    return lambda: a + b


@workload
def call_add_scalar(torch):
    a = torch.rand(8)
    return lambda: a + 1.5


@workload
def call_add_requires_grad(torch):
    a, b = torch.rand(8, requires_grad=True), torch.rand(8)
    return lambda: a + b


@workload
def call_broadcast(torch):
    a, b = torch.rand(4, 1), torch.rand(1, 6)
    return lambda: a * b


@workload
def call_view_and_transpose(torch):
    a = torch.rand(4, 6)
    return lambda: a.view(6, 4).t()


@workload
def call_slice(torch):
    a = torch.rand(16, 8)
    return lambda: a[2:10, ::2]


@workload
def call_item(torch):
    a = torch.rand(1)
    return lambda: a.item()


@workload
def call_from_list(torch):
    values = [0.5, 1.5, 2.5, 3.5]
    return lambda: torch.tensor(values)


@workload
def call_sum_dim(torch):
    a = torch.rand(8, 8)
    return lambda: a.sum(dim=1)


@workload
def call_linear(torch):
    layer, x = torch.nn.Linear(8, 8), torch.rand(4, 8)
    return lambda: layer(x)


@workload
def call_backward(torch):
    a = torch.rand(8, requires_grad=True)

    def step():
        a.grad = None
        (a * a).sum().backward()

    return step


# ---- large arrays --------------------------------------------------------------------------------------------------
MILLION = 1_000_000


@workload
def memory_add(torch):
    a, b = torch.rand(4 * MILLION), torch.rand(4 * MILLION)
    return lambda: a + b


@workload
def memory_add_strided(torch):
    a, b = torch.rand(1000, 1000), torch.rand(1000, 1000)
    return lambda: a + b.t()


@workload
def memory_exp(torch):
    a = torch.rand(MILLION)
    return lambda: torch.exp(a)


@workload
def memory_tanh(torch):
    a = torch.randn(MILLION)
    return lambda: torch.tanh(a)


@workload
def memory_where(torch):
    a, b = torch.randn(MILLION), torch.randn(MILLION)
    mask = a > 0
    return lambda: torch.where(mask, a, b)


@workload
def memory_sum(torch):
    a = torch.rand(4 * MILLION)
    return lambda: a.sum()


@workload
def memory_mean_columns(torch):
    a = torch.rand(1000, 1000)
    return lambda: a.mean(dim=0)


@workload
def memory_var_rows(torch):
    a = torch.rand(1000, 1000)
    return lambda: a.var(dim=1)


@workload
def memory_softmax(torch):
    a = torch.randn(1000, 1000)
    return lambda: torch.softmax(a, dim=1)


@workload
def memory_argmax(torch):
    a = torch.randn(1000, 1000)
    return lambda: a.argmax(dim=1)


@workload
def memory_mask(torch):
    a = torch.randn(MILLION)
    mask = a > 0
    return lambda: a[mask]


@workload
def memory_gather_rows(torch):
    a, rows = torch.randn(10_000, 64), torch.randint(0, 10_000, (20_000,))
    return lambda: a[rows]


@workload
def memory_randn(torch):
    return lambda: torch.randn(MILLION)


# ---- matrix products -----------------------------------------------------------------------------------------------
def product(torch, *shapes):
    a, b = (torch.rand(*shape) for shape in shapes)
    return lambda: a @ b


@workload
def matmul_64(torch):
    return product(torch, (64, 64), (64, 64))


@workload
def matmul_1024(torch):
    return product(torch, (1024, 1024), (1024, 1024))


@workload
def matmul_thin(torch):
    return product(torch, (32, 4096), (4096, 64))


@workload
def matmul_vector(torch):
    return product(torch, (2048, 2048), (2048,))


@workload
def matmul_batch(torch):
    return product(torch, (64, 48, 48), (64, 48, 48))


# ---- training ------------------------------------------------------------------------------------------------------
def training(torch, model, x, y, optimizer, loss_function):
    def step():
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def perceptron(torch, *sizes):
    layers = []
    for inputs, outputs in zip(sizes, sizes[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.Tanh()]
    return torch.nn.Sequential(*layers[:-1])


@workload
def train_sine_one_sample_sgd(torch):
    model, x = perceptron(torch, 1, 32, 1), torch.rand(1, 1)
    sgd = torch.optim.SGD(model.parameters(), lr=1e-3)
    return training(torch, model, x, torch.sin(x), sgd, torch.nn.MSELoss())


@workload
def train_sine_all_samples_adam(torch):
    model, x = perceptron(torch, 1, 32, 64, 1), torch.linspace(0, 2 * math.pi, 629).reshape(-1, 1)
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    return training(torch, model, x, torch.sin(x), adam, torch.nn.MSELoss())


@workload
def train_digits_batch_64(torch):
    model, x, y = perceptron(torch, 784, 128, 10), torch.rand(64, 784), torch.randint(0, 10, (64,))
    adam = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return training(torch, model, x, y, adam, torch.nn.CrossEntropyLoss())


@workload
def train_adam_many_parameters(torch):
    parameters = [torch.nn.Parameter(torch.rand(24)) for _ in range(60)]
    for parameter in parameters:
        parameter.grad = torch.rand(24)
    adam = torch.optim.Adam(parameters, lr=1e-3)
    return adam.step


# ---- data ----------------------------------------------------------------------------------------------------------
@workload
def data_from_numpy_and_back(torch):
    import numpy

    array = numpy.ones((8, 8), dtype=numpy.float32)
    return lambda: torch.from_numpy(array).numpy()


@workload
def data_stack(torch):
    samples = [torch.rand(3, 32, 32) for _ in range(32)]
    return lambda: torch.stack(samples)
