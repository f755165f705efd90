"""torch.distributions against PyTorch's recorded answers: samples under seeds, densities, gradients, texts of errors."""

import doctest
import importlib
import pkgutil
import sys
from pathlib import Path

import numpy as np
import pytest

import penlight as torch
import penlight.distributions as D

sys.path.insert(0, str(Path(__file__).parent / "fixtures"))
import make_distributions  # noqa: E402

PROGRAMS = make_distributions.programs()
MODULES = [f"penlight.distributions.{module.name}" for module in pkgutil.iter_modules(D.__path__)]


def _recorded():
    with np.load(make_distributions.PATH) as f:
        names, ends = str(f["names"]).split("\n"), np.cumsum(f["lengths"])
        answers = dict(zip(names, np.split(f["values"], ends[:-1])))
        answers.update(dict.fromkeys(str(f["missing"]).split("\n")))
        return answers, dict(zip(make_distributions.TEXTS, str(f["texts"]).split("\0")))


ANSWERS, TEXTS = _recorded()


def _needs(name):
    """Skip what stands on operators that this build does not have yet."""
    needs = {
        "linalg_cholesky": ("Multivariate", "Wishart", "transform_to 11"),
        "special_gammainc": ("Gamma cdf", "Gamma large cdf", "Chi2 cdf"),
        "mvlgamma": ("LKJCholesky",),
    }
    for operator, names in needs.items():
        if not hasattr(torch._C, operator) and any(n in name for n in names):
            pytest.skip(f"needs {operator}")


@pytest.mark.parametrize("name", PROGRAMS)
def test_equals_pytorch(name):
    _needs(name)
    expected = ANSWERS[name]
    answer = make_distributions.numbers(torch, name, PROGRAMS[name])
    if expected is None:
        assert answer is None
        return
    assert answer is not None, "NotImplementedError"
    tolerance = 1e-8  # PyTorch's derivatives of digamma have that many digits
    if "float32" in name:
        tolerance = 3e-5 if "log_prob" in name else 1e-6
    np.testing.assert_allclose(answer, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("expression", make_distributions.TEXTS)
def test_texts_equal_pytorch(expression):
    _needs(expression)
    assert make_distributions.text(torch, expression) == TEXTS[expression]


@pytest.mark.filterwarnings("ignore:Low df|Singular")
def test_wishart_draws_singular_samples_again():
    _needs("Wishart")
    d = D.Wishart(torch.tensor(2.01), torch.eye(3))
    assert D.constraints.positive_definite.check(d.sample((200,))).float().mean() > 0.9


def test_wishart_samples_have_gradients():
    _needs("Wishart")
    factor = torch.eye(2, dtype=torch.float64).requires_grad_()
    D.Wishart(torch.tensor(5.0), scale_tril=factor).rsample().sum().backward()
    assert (factor.grad.tril() != 0).sum() == 3


@pytest.mark.parametrize("name", ["penlight.distributions", *MODULES])
def test_examples(name):
    _needs(name.replace("multivariate", "Multivariate").replace("wishart", "Wishart"))
    assert doctest.testmod(importlib.import_module(name)).failed == 0
