"""torch.nn: registration, state_dict, hooks, containers, initial weights, losses, and every example of the docs."""

import copy
import doctest
import importlib
import pickle
import pkgutil
import warnings
from collections import OrderedDict

import pytest

import penlight as torch
import penlight.nn.functional as F
from penlight import nn

MODULES = [i.name for i in pkgutil.walk_packages(nn.__path__, "penlight.nn.")]


@pytest.mark.parametrize("name", ["penlight.utils.hooks", *MODULES])
def test_examples(name):
    names = {"torch": torch, "nn": nn, "F": F}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = doctest.testmod(
            importlib.import_module(name), extraglobs=names, optionflags=doctest.NORMALIZE_WHITESPACE
        )
    assert result.failed == 0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(2, 3)
        self.norm = nn.BatchNorm1d(3)
        self.scale = nn.Parameter(torch.ones(1))
        self.register_buffer("offset", torch.zeros(3))
        self.register_buffer("scratch", torch.zeros(3), persistent=False)
        self.register_parameter("absent", None)
        self.plain = torch.zeros(2)

    def forward(self, x, shift=0.0):
        return self.norm(self.hidden(x)) * self.scale + self.offset + shift


# ---------------------------------------------------------------------------------------------------- parameters
def test_parameter():
    data = torch.zeros(2)
    p = nn.Parameter(data)
    assert isinstance(p, torch.Tensor) and p.requires_grad and p.is_leaf
    assert nn.Parameter is nn.parameter.Parameter
    assert not p.data.requires_grad
    p.data.fill_(3)
    assert data.tolist() == [3.0, 3.0]
    assert repr(p) == "Parameter containing:\ntensor([3., 3.], requires_grad=True)"
    assert type(p * 2) is torch.Tensor
    assert not nn.Parameter(torch.zeros(1), requires_grad=False).requires_grad
    with pytest.raises(RuntimeError, match="Only Tensors of floating point and complex dtype can require gradients"):
        nn.Parameter(torch.tensor([1]))


def test_parameter_copies():
    p = nn.Parameter(torch.ones(2))
    for other in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
        assert type(other) is nn.Parameter and other is not p
        assert other.requires_grad and torch.equal(other, p)


def test_registration():
    net = Net()
    names = ["scale", "hidden.weight", "hidden.bias", "norm.weight", "norm.bias"]
    assert [name for name, _ in net.named_parameters()] == names
    assert len(list(net.parameters())) == 5
    assert [name for name, _ in net.named_buffers()] == [
        "offset",
        "scratch",
        "norm.running_mean",
        "norm.running_var",
        "norm.num_batches_tracked",
    ]
    assert [name for name, _ in net.named_children()] == ["hidden", "norm"]
    assert net.absent is None and net.plain.tolist() == [0.0, 0.0]
    assert "hidden" in dir(net) and "scale" in dir(net)


def test_shared_modules_are_listed_once():
    shared = nn.Linear(1, 1)
    net = nn.Sequential(shared, nn.ReLU(), shared)
    assert [name for name, _ in net.named_parameters()] == ["0.weight", "0.bias"]
    assert len(list(net.named_parameters(remove_duplicate=False))) == 4
    assert [name for name, _ in net.named_modules()] == ["", "0", "1"]


def test_attribute_rules():
    layer = nn.Linear(1, 1)
    with pytest.raises(TypeError, match=r"cannot assign 'torch.FloatTensor' as parameter 'weight'"):
        layer.weight = torch.ones(1, 1)
    layer.weight = None
    assert list(layer.state_dict()) == ["bias"]
    layer.extra = 3
    layer.extra = nn.ReLU()
    assert "extra" not in vars(layer) and list(layer._modules) == ["extra"]
    with pytest.raises(TypeError, match=r"cannot assign 'int' as child module 'extra'"):
        layer.extra = 3
    layer.extra = nn.Parameter(torch.ones(1))
    assert not layer._modules and "extra" in layer._parameters
    del layer.extra
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'extra'"):
        _ = layer.extra
    layer.register_buffer("count", torch.ones(1))
    layer.count = torch.zeros(1)
    assert layer.state_dict()["count"].item() == 0
    with pytest.raises(TypeError, match="cannot assign 'int' as buffer 'count'"):
        layer.count = 3
    layer.own = nn.Buffer(torch.ones(1), persistent=False)
    assert isinstance(layer.own, nn.Buffer) and "own" not in layer.state_dict()
    assert not isinstance(torch.ones(1), nn.Buffer)


@pytest.mark.parametrize(("value", "what"), [(nn.ReLU(), "module"), (nn.Parameter(torch.ones(1)), "parameters")])
def test_forgotten_super_init(value, what):
    class Forgetful(nn.Module):
        def __init__(self):
            self.thing = value

    with pytest.raises(AttributeError, match=rf"cannot assign {what} before Module.__init__\(\) call"):
        Forgetful()


def test_old_form_of_super():
    class Old(nn.Module):
        def __init__(self):
            super(Old, self).__init__()  # noqa: UP008
            self.layer = nn.Linear(1, 1)

    assert len(list(Old().parameters())) == 2


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda m: m.register_buffer("a.b", None), KeyError, "buffer name can.*t contain"),
        (lambda m: m.register_buffer("forward", None), KeyError, "attribute 'forward' already exists"),
        (lambda m: m.register_buffer("a", 3), TypeError, "cannot assign 'int' object to buffer 'a'"),
        (lambda m: m.register_parameter("a", torch.ones(1)), TypeError, "cannot assign 'torch.FloatTensor' object"),
        (lambda m: m.register_parameter("", None), KeyError, "parameter name can.*t be empty string"),
        (lambda m: m.register_parameter(3, None), TypeError, "parameter name should be a string. Got int"),
        (lambda m: m.add_module("a", 3), TypeError, "int is not a Module subclass"),
        (lambda m: m.get_submodule("a.b"), AttributeError, "Module has no attribute `a`"),
        (lambda m: m.get_parameter("training"), AttributeError, "`training` is not an nn.Parameter"),
        (lambda m: m.set_submodule("", m), ValueError, "Cannot set the submodule without a target name!"),
        (lambda m: m.train(3), ValueError, "training mode is expected to be boolean"),
        (lambda m: m.to(torch.int32), TypeError, "only accepts floating point or complex dtypes"),
        (lambda m: m.load_state_dict(3), TypeError, "Expected state_dict to be dict-like, got <class 'int'>"),
        (lambda m: m(1), NotImplementedError, r'Module \[Module\] is missing the required "forward" function'),
        (lambda m: nn.Module(1), TypeError, r"takes 1 positional argument but 2 were given"),
        (lambda m: nn.Conv2d(torch.ones(1)), TypeError, "missing 2 required positional arguments"),
    ],
)
def test_wrong_use(call, error, message):
    with pytest.raises(error, match=message):
        call(nn.Module())


def test_own_getattr():
    class Wrapper(nn.Module):
        def __init__(self, inner):
            super().__init__()
            self.inner = inner

        def __getattr__(self, name):
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(self.inner, name)

    wrapper = Wrapper(nn.Linear(2, 3))
    assert wrapper.in_features == 2
    assert wrapper.inner.out_features == 3
    with pytest.raises(AttributeError, match="'Linear' object has no attribute 'nothing'"):
        _ = wrapper.nothing


def test_own_attribute_lookup_of_a_property():
    class Property(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(1, 1)

        @property
        def weight(self):
            return self.layer.weight

    module = Property()
    assert module.weight is module.layer.weight


# ---------------------------------------------------------------------------------------------------- modes and casts
def test_train_and_eval():
    net = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2))
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    x = torch.randn(4, 2)
    assert torch.allclose(net(x), x, atol=1e-4)
    assert all(m.training for m in net.train().modules())


def test_casts_keep_the_parameters():
    layer = nn.Linear(2, 1)
    weight = layer.weight
    layer(torch.ones(2)).backward()
    assert layer.double() is layer
    assert layer.weight is weight and weight.dtype is torch.float64 and weight.grad.dtype is torch.float64
    assert nn.BatchNorm1d(2).half().num_batches_tracked.dtype is torch.int64
    assert nn.Linear(2, 2, dtype=torch.float64).bias.dtype is torch.float64
    assert nn.Linear(2, 2).to(torch.ones(1, dtype=torch.bfloat16)).bias.dtype is torch.bfloat16
    layer.requires_grad_(False)
    assert not any(p.requires_grad for p in layer.parameters())


def test_deepcopy_and_pickle():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert repr(other) == repr(net)
        assert torch.equal(other[0].weight, net[0].weight) and other[0].weight is not net[0].weight
        assert isinstance(other[0].weight, nn.Parameter)


def test_lazy_linear():
    layer = nn.LazyLinear(3)
    assert repr(layer.weight) == "<UninitializedParameter>"
    with pytest.raises(RuntimeError, match="Can't access the shape of an uninitialized parameter"):
        _ = layer.weight.shape
    layer(torch.ones(2, 4))
    assert type(layer) is nn.Linear and layer.weight.shape == (3, 4)
    layer = nn.LazyLinear(3)
    layer.load_state_dict(nn.Linear(5, 3).state_dict())
    assert layer(torch.ones(1, 5)).shape == (1, 3)


# ---------------------------------------------------------------------------------------------------- state_dict
def test_state_dict_round_trip():
    one, two = Net(), Net()
    state = one.state_dict()
    assert list(state) == [
        "scale", "offset", "hidden.weight", "hidden.bias", "norm.weight", "norm.bias", "norm.running_mean",
        "norm.running_var", "norm.num_batches_tracked",
    ]  # fmt: skip
    assert not state["scale"].requires_grad and state["scale"].data_ptr() == one.scale.data_ptr()
    assert state._metadata["norm"] == {"version": 2}
    assert repr(two.load_state_dict(state)) == "<All keys matched successfully>"
    assert torch.equal(one.hidden.weight, two.hidden.weight)
    assert one.state_dict(keep_vars=True)["scale"] is one.scale
    assert next(iter(one.state_dict(prefix="net."))) == "net.scale"


def test_load_state_dict_errors():
    layer = nn.Linear(1, 2)
    with pytest.raises(RuntimeError) as error:
        layer.load_state_dict({"weight": torch.ones(3, 3), "other": 1})
    assert str(error.value).startswith(
        "Error(s) in loading state_dict for Linear:\n"
        '\tMissing key(s) in state_dict: "bias". \n'
        '\tUnexpected key(s) in state_dict: "other". \n'
        "\tsize mismatch for weight: copying a param with shape torch.Size([3, 3]) from checkpoint, the shape in "
        "current model is torch.Size([2, 1])."
    )
    keys = layer.load_state_dict({"bias": torch.zeros(2), "other": 1}, strict=False)
    assert keys.missing_keys == ["weight"] and keys.unexpected_keys == ["other"]
    assert layer.bias.tolist() == [0.0, 0.0]


def test_load_by_assignment():
    layer, weight = nn.Linear(1, 1), torch.ones(1, 1, dtype=torch.float64)
    layer.load_state_dict({"weight": weight, "bias": torch.zeros(1)}, assign=True)
    assert layer.weight.dtype is torch.float64 and type(layer.weight) is nn.Parameter


def test_extra_state():
    class Counter(nn.Module):
        def __init__(self):
            super().__init__()
            self.n = 0

        def get_extra_state(self):
            return {"n": self.n}

        def set_extra_state(self, state):
            self.n = state["n"]

    one, two = nn.Sequential(Counter()), nn.Sequential(Counter())
    one[0].n = 5
    assert list(one.state_dict()) == ["0._extra_state"]
    two.load_state_dict(one.state_dict())
    assert two[0].n == 5
    with pytest.raises(RuntimeError, match=r'Missing key\(s\) in state_dict: "0._extra_state"'):
        two.load_state_dict({})


def test_state_dict_hooks():
    seen = []
    net = nn.Sequential(nn.Linear(1, 1))
    net.register_state_dict_pre_hook(lambda module, prefix, keep_vars: seen.append("pre"))
    net.register_state_dict_post_hook(lambda module, state, prefix, metadata: state.update(note=1))
    net.register_load_state_dict_pre_hook(lambda module, state, *rest: state.pop("note"))
    net.register_load_state_dict_post_hook(lambda module, keys: seen.append("loaded"))
    state = net.state_dict()
    assert state["note"] == 1
    net.load_state_dict(state)
    assert seen == ["pre", "loaded"]


# ---------------------------------------------------------------------------------------------------- hooks
def test_forward_hooks_run_in_order():
    seen = []
    layer = nn.Identity()
    layer.register_forward_pre_hook(lambda module, args: (args[0] + 1,))
    layer.register_forward_pre_hook(lambda module, args: seen.append(args[0].item()))
    layer.register_forward_pre_hook(lambda module, args: seen.append("first"), prepend=True)
    layer.register_forward_hook(lambda module, args, output: output * 10)
    handle = layer.register_forward_hook(lambda module, args, output: seen.append(output.item()))
    assert layer(torch.tensor(1.0)).item() == 20
    assert seen == ["first", 2.0, 20.0]
    handle.remove()
    layer(torch.tensor(1.0))
    assert len(seen) == 5


def test_hooks_with_keywords():
    net = Net().eval()
    net.register_forward_pre_hook(lambda module, args, kwargs: (args, {"shift": kwargs["shift"] + 1}), with_kwargs=True)
    shifts = []
    net.register_forward_hook(lambda module, args, kwargs, out: shifts.append(kwargs["shift"]), with_kwargs=True)
    net(torch.ones(1, 2), shift=1.0)
    assert shifts == [2.0]
    net.register_forward_pre_hook(lambda module, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="must return None or a tuple of \\(new_args, new_kwargs\\), but got 3."):
        net(torch.ones(1, 2), shift=1.0)


def test_hook_that_is_always_called():
    seen = []
    layer = nn.Linear(2, 2)
    layer.register_forward_hook(lambda module, args, output: seen.append(output), always_call=True)
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes"):
        layer(torch.ones(1, 3))
    assert seen == [None]


def test_global_hooks():
    from penlight.nn.modules import module

    seen = []
    handle = module.register_module_forward_hook(lambda m, args, output: seen.append(type(m).__name__))
    nn.Sequential(nn.ReLU(), nn.Tanh())(torch.ones(1))
    handle.remove()
    nn.ReLU()(torch.ones(1))
    assert seen == ["ReLU", "Tanh", "Sequential"]


class Double(nn.Module):
    def forward(self, x):
        return x * 2


def test_full_backward_hooks():
    seen = []
    module = Double()
    module.register_full_backward_hook(
        lambda m, grad_in, grad_out: seen.append((grad_in[0].item(), grad_out[0].item()))
    )
    module.register_full_backward_hook(lambda m, grad_in, grad_out: (grad_in[0] * 5,))
    module.register_full_backward_pre_hook(lambda m, grad_out: (grad_out[0] * 3,))
    x = torch.tensor(1.0, requires_grad=True)
    module(x).backward()
    assert seen == [(6.0, 3.0)]
    assert x.grad.item() == 30.0
    with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks"):
        module.register_backward_hook(lambda m, grad_in, grad_out: None)


def test_full_backward_hook_places_gradients_by_argument():
    class Two(nn.Module):
        def forward(self, x, y, n):
            return x * 2, y * 3

    seen = []
    module = Two()
    module.register_full_backward_hook(lambda m, grad_in, grad_out: seen.append((grad_in, grad_out)))
    x, y = torch.ones(1, requires_grad=True), torch.ones(1)
    module(x, y, 5)[0].backward()
    ((grad_in, grad_out),) = seen
    assert grad_in[0].item() == 2.0 and grad_in[2] is None
    assert grad_out[0].item() == 1.0


def test_partial_backward_hook():
    seen = []
    module = Double()
    module.register_backward_hook(lambda m, grad_in, grad_out: seen.append(grad_out[0].item()))
    with pytest.warns(FutureWarning, match="non-full backward hook"):
        y = module(torch.tensor(1.0, requires_grad=True))
    y.backward()
    assert seen == [1.0]


# ---------------------------------------------------------------------------------------------------- containers
def test_sequential():
    net = nn.Sequential(nn.Linear(1, 2), nn.ReLU())
    assert repr(net) == ("Sequential(\n  (0): Linear(in_features=1, out_features=2, bias=True)\n  (1): ReLU()\n)")
    net.append(nn.Tanh()).insert(1, nn.Sigmoid())
    assert [type(m).__name__ for m in net] == ["Linear", "Sigmoid", "ReLU", "Tanh"]
    del net[1]
    assert [name for name, _ in net.named_children()] == ["0", "1", "2"]
    assert len(net + net) == 6 and len(net * 2) == 6 and len(net[1:]) == 2
    assert isinstance(net.pop(-1), nn.Tanh) and len(net) == 2
    net[1] = nn.ELU()
    assert isinstance(net[-1], nn.ELU)
    named = nn.Sequential(OrderedDict(first=nn.ReLU()))
    assert named.first is named[0]
    with pytest.raises(IndexError, match="index 9 is out of range"):
        net[9]
    with pytest.raises(TypeError, match="int is not a Module subclass"):
        nn.Sequential(3)


def test_module_list():
    layers = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()])
    assert repr(layers) == "ModuleList(\n  (0-1): 2 x ReLU()\n  (2): Tanh()\n)"
    layers.insert(0, nn.ELU())
    layers += [nn.Sigmoid()]
    del layers[1]
    assert [type(m).__name__ for m in layers] == ["ELU", "ReLU", "Tanh", "Sigmoid"]
    assert [name for name, _ in layers.named_children()] == ["0", "1", "2", "3"]
    with pytest.raises(NotImplementedError):
        layers(1)


def test_module_dict():
    modules = nn.ModuleDict([("a", nn.ReLU())])
    modules.update({"z": nn.Tanh(), "b": nn.ELU()})
    assert list(modules) == ["a", "z", "b"] and "z" in modules and len(modules) == 3
    assert isinstance(modules.pop("z"), nn.Tanh)
    with pytest.raises(KeyError, match="attribute 'keys' already exists"):
        modules["keys"] = nn.ReLU()
    with pytest.raises(TypeError, match="iterable of key/value pairs, but got int"):
        modules.update(3)


def test_parameter_containers():
    plist = nn.ParameterList([torch.ones(2), 3])
    plist.append(torch.zeros(1))
    assert repr(plist) == (
        "ParameterList(\n    (0): Parameter containing: [torch.float32 of size 2]\n    (1): Object of type: int\n"
        "    (2): Parameter containing: [torch.float32 of size 1]\n)"
    )
    assert [name for name, _ in plist.named_parameters()] == ["0", "2"] and len(plist[1:]) == 2
    pdict = nn.ParameterDict({"b": torch.ones(1), "a": torch.ones(2)})
    assert list(pdict) == ["a", "b"]  # sorted, as in PyTorch
    pdict["c"] = torch.zeros(1)
    assert isinstance(pdict["c"], nn.Parameter) and list(pdict.state_dict()) == ["a", "b", "c"]
    assert list(pdict | {"d": torch.ones(1)}) == ["a", "b", "c", "d"]
    assert pdict.popitem()[0] == "c" and pdict.get("c", 5) == 5


# ---------------------------------------------------------------------------------------------------- layers
@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: nn.Linear(1, 2, bias=False), "Linear(in_features=1, out_features=2, bias=False)"),
        (lambda: nn.ReLU(inplace=True), "ReLU(inplace=True)"),
        (lambda: nn.Softmax(dim=1), "Softmax(dim=1)"),
        (lambda: nn.GELU(), "GELU(approximate='none')"),
        (lambda: nn.Dropout(0.2), "Dropout(p=0.2, inplace=False)"),
        (lambda: nn.MSELoss(), "MSELoss()"),
        (lambda: nn.Embedding(3, 4, padding_idx=0), "Embedding(3, 4, padding_idx=0)"),
        (lambda: nn.Conv2d(1, 20, 5), "Conv2d(1, 20, kernel_size=(5, 5), stride=(1, 1))"),
        (
            lambda: nn.Conv2d(4, 8, 3, 2, 1, 2, 2, False),
            "Conv2d(4, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), dilation=(2, 2), groups=2, bias=False)",
        ),
        (lambda: nn.MaxPool2d(2), "MaxPool2d(kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False)"),
        (
            lambda: nn.BatchNorm2d(3),
            "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)",
        ),
        (lambda: nn.LayerNorm(8), "LayerNorm((8,), eps=1e-05, elementwise_affine=True, bias=True)"),
        (lambda: nn.LSTM(3, 4, 2, batch_first=True), "LSTM(3, 4, num_layers=2, batch_first=True)"),
        (lambda: nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
    ],
)
def test_repr(make, text):
    assert repr(make()) == text


def test_linear_takes_any_leading_dimensions():
    layer = nn.Linear(3, 2)
    for shape in ((3,), (5, 3), (4, 5, 3), (0, 3)):
        assert layer(torch.ones(shape)).shape == (*shape[:-1], 2)
    x = torch.randn(5, 3)
    assert torch.allclose(layer(x), x @ layer.weight.T + layer.bias)


# The first weights after manual_seed(3), from PyTorch 2.13.
@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: nn.Linear(3, 2), [-0.5724272, -0.4554493, -0.2472878, -0.5462255, -0.0327769, -0.507934]),
        (lambda: nn.Conv1d(1, 1, 3), [-0.5724272, -0.4554493, -0.2472878]),
        (lambda: nn.Embedding(2, 3, padding_idx=0), [0.0, 0.0, 0.0, -0.613718, 0.0461824, -1.3682592]),
        (lambda: nn.Bilinear(1, 2, 1), [-0.991473, -0.7888613]),
        (lambda: nn.LSTM(1, 1), [-0.991473, -0.7888613, -0.428315, -0.9460903]),
    ],
)
def test_initial_weights(make, expected):
    torch.manual_seed(3)
    first = next(make().parameters())
    assert first.flatten().tolist() == pytest.approx(expected, abs=1e-7)


# After manual_seed(5), from PyTorch 2.13.
INITIALISERS = [
    ("uniform_", {"a": -1, "b": 2}, [1.4907556, -0.6216673, 1.722409, 1.4597812, 1.7603103, -0.6500643]),
    ("normal_", {"mean": 1, "std": 2}, [0.0264385, -0.2076432, -0.1161925, 2.3350487, 0.6051698, 4.8855672]),
    ("trunc_normal_", {"std": 2.0}, [-0.9735615, -1.2076432, -1.1161925, 1.3350486, -0.3948302, 1.3814375]),
    ("xavier_uniform_", {}, [0.7235456, -0.81915, 0.8927214, 0.7009251, 0.9204006, -0.8398883]),
    ("xavier_normal_", {"gain": 2}, [-0.6157343, -0.7637806, -0.7059421, 0.8443589, -0.2497125, 2.4574485]),
    (
        "kaiming_uniform_",
        {"nonlinearity": "relu"},
        [0.9340934, -1.057518, 1.1524982, 0.9048903, 1.1882319, -1.0842911],
    ),
    (
        "kaiming_normal_",
        {"a": 0.1, "mode": "fan_out"},
        [-0.484365, -0.600825, -0.5553265, 0.6642115, -0.1964354, 1.9331418],
    ),
    ("orthogonal_", {"gain": 2}, [-1.0188763, -1.2638534, -1.1681461, -0.0259297, -1.3460815, 1.4789835]),
    ("sparse_", {"sparsity": 0.5}, [-0.0048678, 0.0, 0.0, 0.0, -0.0019742, 0.0194278]),
]


@pytest.mark.parametrize(("name", "settings", "expected"), INITIALISERS)
def test_initialisers(name, settings, expected):
    torch.manual_seed(5)
    tensor = torch.empty(2, 3)
    assert getattr(nn.init, name)(tensor, **settings) is tensor
    assert tensor.flatten().tolist() == pytest.approx(expected, abs=2e-7)


def test_initialiser_errors():
    with pytest.raises(ValueError, match="Fan in and fan out can not be computed for tensor with fewer than 2 dim"):
        nn.init.xavier_normal_(torch.empty(3))
    with pytest.raises(ValueError, match="Mode foo not supported"):
        nn.init.kaiming_uniform_(torch.empty(2, 2), mode="foo")
    with pytest.raises(ValueError, match="Unsupported nonlinearity foo"):
        nn.init.calculate_gain("foo")
    with pytest.warns(FutureWarning, match="`nn.init.uniform` is now deprecated in favor of `nn.init.uniform_`"):
        nn.init.uniform(torch.empty(1))
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        nn.Linear(0, 3)


# ---------------------------------------------------------------------------------------------------- losses
X = [[0.5, -1.0, 2.0], [1.0, 0.0, -0.5]]
Y = [[1.0, 0.0, 1.0], [0.0, 2.0, -1.0]]
# The sum of the elements' losses, the mean and the sum, from PyTorch 2.13.
LOSSES = [
    ("l1_loss", lambda x, y: (x, y), [6.0, 1.0, 6.0]),
    ("mse_loss", lambda x, y: (x, y), [7.5, 1.25, 7.5]),
    ("smooth_l1_loss", lambda x, y: (x, y), [3.25, 0.541667, 3.25]),
    ("huber_loss", lambda x, y: (x, y), [3.25, 0.541667, 3.25]),
    ("binary_cross_entropy", lambda x, y: (x.sigmoid(), y.sigmoid()), [4.201576, 0.700263, 4.201576]),
    ("binary_cross_entropy_with_logits", lambda x, y: (x, y.sigmoid()), [4.201577, 0.700263, 4.201577]),
    ("cross_entropy", lambda x, y: (x, torch.tensor([2, 0])), [0.70568, 0.35284, 0.70568]),
    ("nll_loss", lambda x, y: (x, torch.tensor([2, 0])), [-3.0, -1.5, -3.0]),
    ("poisson_nll_loss", lambda x, y: (x, y.abs()), [11.73047, 1.955078, 11.73047]),
    ("gaussian_nll_loss", lambda x, y: (x, y, x.abs() + 1), [4.481252, 0.746875, 4.481252]),
    ("hinge_embedding_loss", lambda x, y: (x, y.sign()), [6.0, 1.0, 6.0]),
    ("margin_ranking_loss", lambda x, y: (x, y, y.sign()), [3.0, 0.5, 3.0]),
    ("soft_margin_loss", lambda x, y: (x, y.sign()), [3.154524, 0.525754, 3.154524]),
    ("multilabel_soft_margin_loss", lambda x, y: (x, (y > 0).float()), [1.131584, 0.565792, 1.131584]),
    ("multi_margin_loss", lambda x, y: (x, torch.tensor([0, 1])), [1.666667, 0.833333, 1.666667]),
    ("cosine_embedding_loss", lambda x, y: (x, y, torch.tensor([1, -1])), [0.428483, 0.214242, 0.428483]),
    ("triplet_margin_loss", lambda x, y: (x, y, -y), [0.598705, 0.299352, 0.598705]),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), LOSSES)
def test_losses(name, arguments, expected):
    args = arguments(torch.tensor(X), torch.tensor(Y))
    got = [getattr(F, name)(*args, reduction=r).sum().item() for r in ("none", "mean", "sum")]
    assert got == pytest.approx(expected, abs=2e-6)
    with pytest.raises(ValueError, match="foo is not"):
        getattr(F, name)(*args, reduction="foo")


def test_loss_of_shapes_that_differ():
    with pytest.warns(UserWarning) as caught:
        loss = F.mse_loss(torch.ones(4, 1), torch.zeros(3), reduction="none")
    assert loss.shape == (4, 3)
    first, *rest = str(caught[0].message).splitlines()
    assert first.startswith(
        "Using a target size (torch.Size([3])) that is different to the input size (torch.Size([4, 1]))."
    )
    assert rest[-1].startswith("help:")
    assert caught[0].filename == __file__


def test_old_reduction_arguments():
    with pytest.warns(UserWarning, match="please use reduction='sum' instead"):
        assert nn.MSELoss(size_average=False).reduction == "sum"


def test_cross_entropy_errors():
    with pytest.raises(IndexError, match="Target 5 is out of bounds."):
        nn.CrossEntropyLoss()(torch.zeros(2, 3), torch.tensor([0, 5]))


def test_weighted_losses():
    x, y, w = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 0.0]), torch.tensor([1.0, 3.0])
    assert F.mse_loss(x, y, weight=w).item() == pytest.approx(13 / 4)
    assert F.l1_loss(x, y, weight=w, reduction="sum").item() == 7.0
    with pytest.raises(ValueError, match="Weights and input must have the same size."):
        F.mse_loss(x, y, weight=torch.ones(3))


# ---------------------------------------------------------------------------------------------------- utilities
def test_clip_grad_norm():
    p = nn.Parameter(torch.zeros(2))
    p.grad = torch.tensor([3.0, 4.0])
    assert nn.utils.clip_grad_norm_([p], 1.0).item() == 5.0
    assert p.grad.tolist() == pytest.approx([0.6, 0.8], abs=1e-6)
    p.grad = torch.tensor([float("nan"), 0.0])
    with pytest.raises(RuntimeError, match="is non-finite, so it cannot be clipped"):
        nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    with pytest.warns(UserWarning, match="empty generator"):
        assert nn.utils.clip_grad_norm_(iter([]), 1.0).item() == 0


def test_parameters_as_a_vector():
    layer = nn.Linear(2, 1)
    vector = nn.utils.parameters_to_vector(layer.parameters())
    assert vector.shape == (3,)
    nn.utils.vector_to_parameters(torch.tensor([1.0, 2.0, 3.0]), layer.parameters())
    assert layer.weight.tolist() == [[1.0, 2.0]] and layer.bias.tolist() == [3.0]
