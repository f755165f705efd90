"""Names of the API beyond operators: legacy types, storages, dtypes without tensors, control flow, aliases, return types."""

import pickle

import numpy as np
import pytest

import penlight as torch


def test_aliases_are_the_operators():
    x = torch.tensor([-0.5, 0.25])
    for alias, name in (("absolute", "abs"), ("arcsin", "asin"), ("negative", "neg"), ("fix", "trunc")):
        assert torch.equal(getattr(torch, alias)(x), getattr(torch, name)(x))
        assert torch.equal(getattr(x, alias)(), getattr(x, name)())
        assert getattr(torch, alias + "_")(x.clone()).tolist() == getattr(x, name)().tolist()
    assert torch.greater_equal(x, 0.25).tolist() == x.ge(0.25).tolist() == [False, True]
    assert x.multiply(2).subtract(1).divide(2).tolist() == [-1.0, -0.25]
    assert x.clip(0, 1).tolist() == [0.0, 0.25]


def test_abs_of_complex_numbers_in_place_is_refused():
    with pytest.raises(RuntimeError, match="In-place abs is not supported for complex tensors"):
        torch.ones(2, dtype=torch.complex64).abs_()


def test_plus_sign_of_bools_is_refused():
    with pytest.raises(RuntimeError, match=r"The `\+` operator, on a bool tensor is not supported"):
        +torch.tensor(True)


def test_renorm_scales_only_long_rows():
    x = np.arange(6.0).reshape(2, 3)
    got = torch.renorm(torch.tensor(x), 2, 0, 3.0)
    assert np.allclose(got.numpy()[0], x[0])
    assert np.isclose(np.linalg.norm(got.numpy()[1]), 3.0)


def test_fill_diagonal_wraps():
    got = torch.zeros(7, 3).fill_diagonal_(5, wrap=True).numpy()
    want = np.zeros((7, 3))
    np.fill_diagonal(want, 5, wrap=True)
    assert np.array_equal(got, want)


def test_nonzero_static_cuts_and_pads():
    x = torch.tensor([[0, 1], [2, 0]])
    assert torch.nonzero_static(x, size=1).tolist() == [[0, 1]]
    assert torch.nonzero_static(x, size=3).tolist() == [[0, 1], [1, 0], [-1, -1]]


def test_dtypes_that_no_tensor_has():
    assert repr(torch.float8_e4m3fn) == "torch.float8_e4m3fn"
    assert torch.complex32 is torch.chalf and torch.complex32.is_complex and torch.qint32.itemsize == 4
    assert pickle.loads(pickle.dumps(torch.bits8)) is torch.bits8
    with pytest.raises(NotImplementedError, match="torch.float8_e5m2 do not exist in Penlight; use torch.bfloat16"):
        torch.zeros(2, dtype=torch.float8_e5m2)
    with pytest.raises(NotImplementedError):
        torch.ones(2).to(torch.quint8)


def test_layouts():
    assert torch.ones(1).layout is torch.strided and repr(torch.sparse_coo) == "torch.sparse_coo"
    with pytest.raises(NotImplementedError, match="dense tensors only"):
        torch.zeros(2, layout=torch.sparse_csr)


def test_return_types():
    result = torch.max(torch.eye(2), 0)
    assert type(result) is torch.return_types.max and result.indices.tolist() == [0, 1]
    assert torch.return_types.topk in torch.return_types.all_return_types


def test_storages():
    storage = torch.FloatStorage([1, 2])
    assert storage.tolist() == [1.0, 2.0] and storage.double().type() == "torch.DoubleStorage"
    assert torch.LongTensor([3]).storage_type() is torch.LongStorage
    storage.fill_(4)
    assert torch.Tensor(storage.untyped() and [4.0, 4.0]).tolist() == storage.tolist()
    with pytest.raises(NotImplementedError, match="quantised"):
        torch.QInt8Storage(2)


def test_from_file(tmp_path):
    path = str(tmp_path / "numbers")
    torch.from_file(path, shared=True, size=3).copy_(torch.tensor([1.0, 2.0, 3.0]))
    private = torch.from_file(path, size=3)
    private[0] = 9
    assert torch.from_file(path, size=2).tolist() == [1.0, 2.0]
    with pytest.raises(RuntimeError, match="smaller than the required mapping size"):
        torch.from_file(path, size=4)


def test_fake_quantize():
    x = torch.tensor([-1.2, 0.3, 5.0, 100.0, float("nan")], requires_grad=True)
    y = torch.fake_quantize_per_tensor_affine(x, 0.1, 2, 0, 255)
    assert np.allclose(y.detach().numpy(), [-0.2, 0.3, 5.0, 25.3, -0.2])
    y.sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 0, 0]
    y = torch.fake_quantize_per_channel_affine(
        torch.tensor([[-1.2, 0.3], [5.0, 100.0]]), torch.tensor([0.1, 0.2]), torch.tensor([0, 1]), 0, 0, 255
    )
    assert np.allclose(y.numpy(), [[0.0, 0.3], [5.0, 50.8]])


def test_what_a_dense_tensor_answers():
    x = torch.zeros(2, 3)
    assert (x.sparse_dim(), x.dense_dim(), x.is_sparse, x.is_xla, x.to_dense() is x) == (0, 2, False, False, True)
    assert x.t().dim_order() == (1, 0)
    with pytest.raises(RuntimeError, match="coalesce expected sparse coordinate tensor layout but got Strided"):
        x.coalesce()
    with pytest.raises(NotImplementedError, match="quantised tensors do not exist"):
        x.q_scale()


def test_control_flow():
    assert torch.cond(3 > 5, lambda: 1, lambda: 2) == 2
    assert torch.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * 2), (0, torch.ones(1)))[1].item() == 8
    with pytest.raises(RuntimeError, match="Expected pred to be bool or tensor"):
        torch.cond("yes", None, None)


def test_settings():
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.get_deterministic_debug_mode() == 1 and torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_deterministic_debug_mode("default")
    assert not torch.are_deterministic_algorithms_enabled()
    with pytest.raises(RuntimeError, match="Invalid precision"):
        torch.set_float32_matmul_precision("fast")


def test_events_measure_time():
    start, end = torch.Event(enable_timing=True), torch.Event(enable_timing=True)
    with pytest.raises(ValueError, match="must be recorded"):
        start.elapsed_time(end)
    start.record()
    torch.Stream().record_event(end)
    assert start.elapsed_time(end) >= 0


def test_a_subclass_with_torch_dispatch_is_refused():
    with pytest.raises(NotImplementedError, match="__torch_function__"):

        class Mode(torch.Tensor):
            @classmethod
            def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
                return func(*args)


def test_the_generator_s_state_travels():
    a = torch.Generator().manual_seed(3)
    b = torch.Generator()
    b.graphsafe_set_state(a.graphsafe_get_state())
    assert torch.equal(torch.rand(3, generator=a), torch.rand(3, generator=b))


def test_nan_to_num_replaces_nan():
    x = torch.tensor([float("nan"), 1.0, float("inf")], requires_grad=True)
    y = x.nan_to_num(2.0, posinf=3.0)
    assert y.tolist() == [2.0, 1.0, 3.0]
    y.sum().backward()
    assert x.grad.tolist() == [0, 1, 0]


def test_losses_with_numbers_for_words():
    x, y, z = torch.tensor([[1.0, 2], [3, 4]]), torch.tensor([[2.0, 1], [1, 1]]), torch.tensor([1.0, -1.0])
    assert np.allclose(torch.cosine_embedding_loss(x, y, z, 0.1, 0).numpy(), [0.2, 0.8899], atol=1e-4)
    assert torch.margin_ranking_loss(x[0], y[0], z, 0.5, 2).item() == 3
    assert np.isclose(torch.triplet_margin_loss(x, y, y + 1).item(), 1.3918, atol=1e-4)
    assert np.isclose(torch.poisson_nll_loss(x, y, True, False, 1e-8, 1).item(), 18.4478, atol=1e-4)
    assert np.allclose(torch.rrelu(-x).numpy(), -x.numpy() * 11 / 48)
    assert np.allclose(torch.embedding_renorm_(x, torch.tensor([1, 1]), 1.0, 2.0).numpy(), [[1, 2], [0.6, 0.8]])
    with pytest.raises(RuntimeError, match="expected a number from 0 to 2"):
        torch.margin_ranking_loss(x[0], y[0], z, 0.0, 3)


def test_devices_that_are_not_there():
    assert torch.cpu.is_available() and not torch.accelerator.is_available() and not torch.backends.mps.is_available()
    assert torch.backends.cuda.matmul.allow_tf32 is False and torch.get_device_module("cpu") is torch.cpu
    with torch.backends.cuda.sdp_kernel(enable_flash=False):
        assert not torch.backends.cuda.flash_sdp_enabled()
    with pytest.raises(RuntimeError, match="no|none"):
        torch.accelerator.synchronize()
    with pytest.raises(AssertionError, match="XPU"):
        torch.nn.Linear(1, 1).xpu()


def test_hub_takes_what_is_there(tmp_path):
    torch.save({"a": torch.ones(1)}, tmp_path / "weights.pth")
    url = "https://example.org/weights.pth?version=1"
    assert torch.hub.load_state_dict_from_url(url, str(tmp_path))["a"].item() == 1
    with pytest.raises(RuntimeError, match="fetch https://example.org/other.pth yourself"):
        torch.hub.load_state_dict_from_url("https://example.org/other.pth", str(tmp_path))
    with pytest.raises(NotImplementedError, match="downloads nothing"):
        torch.hub.load("a", "b")


def test_modules_with_repetition():
    layer = torch.nn.ReLU()
    twice = torch.nn.Sequential(layer, layer)
    assert len(list(twice.modules())) == 2 and len(list(twice.modules(remove_duplicate=False))) == 3


def test_safe_softmax_of_an_empty_row_has_a_gradient():
    x = torch.tensor([[float("-inf")] * 2, [0.0, 1.0]], requires_grad=True)
    torch.ops.aten._safe_softmax(x, 1)[:, 0].sum().backward()
    assert np.allclose(x.grad.numpy(), [[0, 0], [0.19661, -0.19661]], atol=1e-4)


def test_fill_has_a_gradient():
    x = torch.ones(3, requires_grad=True)
    value = torch.tensor(2.0, requires_grad=True)
    torch.fill(x, value).sum().backward()
    assert x.grad.tolist() == [0, 0, 0] and value.grad.item() == 3
