"""Probability distributions: samples that may carry gradients, log-probabilities, entropies and divergences.

Three ways to train through randomness: `log_prob` of a sample (the score function), `rsample`, whose samples are
differentiable functions of the parameters, and `kl_divergence` between two distributions.

Example:
    >>> import penlight as torch
    >>> loc = torch.tensor(1.0, requires_grad=True)
    >>> torch.distributions.Normal(loc, 1.0).rsample().backward()
    >>> loc.grad
    tensor(1.)
"""

from penlight.distributions import transforms
from penlight.distributions.bernoulli import Bernoulli
from penlight.distributions.beta import Beta
from penlight.distributions.binomial import Binomial
from penlight.distributions.categorical import Categorical
from penlight.distributions.cauchy import Cauchy
from penlight.distributions.chi2 import Chi2
from penlight.distributions.constraint_registry import biject_to, transform_to
from penlight.distributions.continuous_bernoulli import ContinuousBernoulli
from penlight.distributions.dirichlet import Dirichlet
from penlight.distributions.distribution import Distribution
from penlight.distributions.exp_family import ExponentialFamily
from penlight.distributions.exponential import Exponential
from penlight.distributions.fishersnedecor import FisherSnedecor
from penlight.distributions.gamma import Gamma
from penlight.distributions.generalized_pareto import GeneralizedPareto
from penlight.distributions.geometric import Geometric
from penlight.distributions.gumbel import Gumbel
from penlight.distributions.half_cauchy import HalfCauchy
from penlight.distributions.half_normal import HalfNormal
from penlight.distributions.independent import Independent
from penlight.distributions.inverse_gamma import InverseGamma
from penlight.distributions.kl import kl_divergence, register_kl
from penlight.distributions.kumaraswamy import Kumaraswamy
from penlight.distributions.laplace import Laplace
from penlight.distributions.lkj_cholesky import LKJCholesky
from penlight.distributions.log_normal import LogNormal
from penlight.distributions.logistic_normal import LogisticNormal
from penlight.distributions.lowrank_multivariate_normal import LowRankMultivariateNormal
from penlight.distributions.mixture_same_family import MixtureSameFamily
from penlight.distributions.multinomial import Multinomial
from penlight.distributions.multivariate_normal import MultivariateNormal
from penlight.distributions.negative_binomial import NegativeBinomial
from penlight.distributions.normal import Normal
from penlight.distributions.one_hot_categorical import OneHotCategorical, OneHotCategoricalStraightThrough
from penlight.distributions.pareto import Pareto
from penlight.distributions.poisson import Poisson
from penlight.distributions.relaxed_bernoulli import RelaxedBernoulli
from penlight.distributions.relaxed_categorical import RelaxedOneHotCategorical
from penlight.distributions.studentT import StudentT
from penlight.distributions.transformed_distribution import TransformedDistribution
from penlight.distributions.transforms import *  # noqa: F403
from penlight.distributions.uniform import Uniform
from penlight.distributions.von_mises import VonMises
from penlight.distributions.weibull import Weibull
from penlight.distributions.wishart import Wishart

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Cauchy",
    "Chi2",
    "ContinuousBernoulli",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "ExponentialFamily",
    "FisherSnedecor",
    "Gamma",
    "GeneralizedPareto",
    "Geometric",
    "Gumbel",
    "HalfCauchy",
    "HalfNormal",
    "Independent",
    "InverseGamma",
    "Kumaraswamy",
    "LKJCholesky",
    "Laplace",
    "LogNormal",
    "LogisticNormal",
    "LowRankMultivariateNormal",
    "MixtureSameFamily",
    "Multinomial",
    "MultivariateNormal",
    "NegativeBinomial",
    "Normal",
    "OneHotCategorical",
    "OneHotCategoricalStraightThrough",
    "Pareto",
    "Poisson",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "StudentT",
    "TransformedDistribution",
    "Uniform",
    "VonMises",
    "Weibull",
    "Wishart",
    "biject_to",
    "kl_divergence",
    "register_kl",
    "transform_to",
    *transforms.__all__,
]
