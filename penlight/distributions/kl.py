"""The Kullback-Leibler divergence between two distributions, and the table of its formulas."""

import functools
import math
import warnings

import penlight as torch
from penlight.distributions.bernoulli import Bernoulli
from penlight.distributions.beta import Beta
from penlight.distributions.binomial import Binomial
from penlight.distributions.categorical import Categorical
from penlight.distributions.cauchy import Cauchy
from penlight.distributions.continuous_bernoulli import ContinuousBernoulli
from penlight.distributions.dirichlet import Dirichlet
from penlight.distributions.distribution import Distribution
from penlight.distributions.exp_family import ExponentialFamily
from penlight.distributions.exponential import Exponential
from penlight.distributions.gamma import Gamma
from penlight.distributions.geometric import Geometric
from penlight.distributions.gumbel import Gumbel
from penlight.distributions.half_normal import HalfNormal
from penlight.distributions.independent import Independent
from penlight.distributions.laplace import Laplace
from penlight.distributions.lowrank_multivariate_normal import (
    LowRankMultivariateNormal,
    lowrank_logdet,
    lowrank_mahalanobis,
)
from penlight.distributions.multivariate_normal import MultivariateNormal, batch_mahalanobis, log_diagonal
from penlight.distributions.normal import Normal
from penlight.distributions.one_hot_categorical import OneHotCategorical
from penlight.distributions.pareto import Pareto
from penlight.distributions.poisson import Poisson
from penlight.distributions.transformed_distribution import TransformedDistribution
from penlight.distributions.uniform import Uniform
from penlight.distributions.utils import euler_constant, sum_rightmost
from penlight.nn.functional import softplus

__all__ = ["kl_divergence", "register_kl"]

_KL_REGISTRY = {}


def register_kl(type_p, type_q):
    """Decorate a function kl(p, q) as the divergence of a pair of classes and of their subclasses.

    TypeError if either is not a subclass of Distribution.

    Example:
        >>> import penlight as torch
        >>> from penlight.distributions import Cauchy, Normal, kl_divergence, register_kl
        >>> class Narrow(Normal):
        ...     pass
        >>> @register_kl(Narrow, Normal)
        ... def kl_narrow_normal(p, q):
        ...     return torch.tensor(7.0)
        >>> kl_divergence(Narrow(0.0, 0.1), Normal(0.0, 1.0))
        tensor(7.)
    """
    for kind, name in ((type_p, "type_p"), (type_q, "type_q")):
        if not issubclass(kind, Distribution):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def decorate(function):
        _KL_REGISTRY[type_p, type_q] = function
        _formula.cache_clear()
        return function

    return decorate


@functools.cache
def _formula(type_p, type_q):
    """The formula of the closest registered pair, or None."""
    matches = [pair for pair in _KL_REGISTRY if issubclass(type_p, pair[0]) and issubclass(type_q, pair[1])]
    if not matches:
        return None

    def distance(kind, ancestor):
        return kind.__mro__.index(ancestor)

    # The closest in p first, then in q; if it were otherwise and gave another formula, that is worth a warning.
    left = min(matches, key=lambda m: (distance(type_p, m[0]), distance(type_q, m[1])))
    right = min(matches, key=lambda m: (distance(type_q, m[1]), distance(type_p, m[0])))
    if _KL_REGISTRY[left] is not _KL_REGISTRY[right]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). "
            f"Please register_kl({left[0].__name__}, {right[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _KL_REGISTRY[left]


def kl_divergence(p, q):
    """How many nats are lost when q is used in place of p: the mean under p of log p(x) - log q(x).

    Returns a tensor of the batch's shape; infinite where p gives values that q rules out. NotImplementedError for a
    pair of classes without a formula (see register_kl).

    Example:
        >>> import penlight as torch
        >>> D = torch.distributions
        >>> D.kl_divergence(D.Normal(0.0, 1.0), D.Normal(1.0, 1.0))
        tensor(0.5000)
    """
    formula = _formula(type(p), type(q))
    if formula is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
        )
    return formula(p, q)


def _infinite_like(tensor):
    return torch.full_like(tensor, math.inf)


def _x_log_x(x):
    return torch.xlogy(x, x)


# ---- any pair of a kind


@register_kl(ExponentialFamily, ExponentialFamily)
def _kl_expfamily_expfamily(p, q):
    """The Bregman divergence of the log normalizers."""
    if type(p) is not type(q):
        raise NotImplementedError(
            f"The cross KL-divergence between different exponential families cannot be computed using Bregman "
            f"divergences, but got {type(p).__name__} and {type(q).__name__}; write one with register_kl"
        )
    p_natural = [x.detach().requires_grad_() for x in p._natural_params]
    q_natural = q._natural_params
    p_normalizer = p._log_normalizer(*p_natural)
    gradients = torch.autograd.grad(p_normalizer.sum(), p_natural, create_graph=True)
    result = q._log_normalizer(*q_natural) - p_normalizer
    for of_p, of_q, gradient in zip(p_natural, q_natural, gradients):
        result = result - sum_rightmost((of_q - of_p) * gradient, len(q.event_shape))
    return result


@register_kl(Independent, Independent)
def _kl_independent_independent(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("two Independents need the same reinterpreted_batch_ndims for a KL divergence")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _kl_transformed_transformed(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("two TransformedDistributions need the same transforms for a KL divergence")
    return kl_divergence(p.base_dist, q.base_dist)


# ---- two of the same class


@register_kl(Bernoulli, Bernoulli)
def _kl_bernoulli_bernoulli(p, q):
    def term(p_probs, q_probs, q_logits, p_logits):
        cost = p_probs * (softplus(-q_logits) - softplus(-p_logits))
        return torch.where(p_probs == 0, 0.0, torch.where(q_probs == 0, math.inf, cost))

    heads = term(p.probs, q.probs, q.logits, p.logits)
    return heads + term(1 - p.probs, 1 - q.probs, -q.logits, -p.logits)


@register_kl(Beta, Beta)
def _kl_beta_beta(p, q):
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    t1 = c.lgamma() + d.lgamma() + (a + b).lgamma()
    t2 = a.lgamma() + b.lgamma() + (c + d).lgamma()
    return t1 - t2 + (a - c) * a.digamma() + (b - d) * b.digamma() + (c + d - a - b) * (a + b).digamma()


@register_kl(Binomial, Binomial)
def _kl_binomial_binomial(p, q):
    # total_count * (the divergence of one trial)
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    kl = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return torch.where(p.total_count > q.total_count, math.inf, kl)


@register_kl(Categorical, Categorical)
def _kl_categorical_categorical(p, q):
    terms = p.probs * (p.logits - q.logits)
    terms = torch.where(q.probs == 0, math.inf, terms)
    terms = torch.where(p.probs == 0, 0.0, terms)
    return terms.sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _kl_onehotcategorical_onehotcategorical(p, q):
    return _kl_categorical_categorical(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def _kl_cauchy_cauchy(p, q):
    # Chyzak and Nielsen, 2019
    return ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log() - (4 * p.scale * q.scale).log()


@register_kl(ContinuousBernoulli, ContinuousBernoulli)
def _kl_continuous_bernoulli_continuous_bernoulli(p, q):
    of_p = p._cont_bern_log_norm() + torch.log1p(-p.probs)
    return p.mean * (p.logits - q.logits) + of_p - q._cont_bern_log_norm() - torch.log1p(-q.probs)


@register_kl(Dirichlet, Dirichlet)
def _kl_dirichlet_dirichlet(p, q):
    a, b = p.concentration, q.concentration
    totals = a.sum(-1).lgamma() - b.sum(-1).lgamma()
    slope = a.digamma() - a.sum(-1, True).digamma()
    return totals - (a.lgamma() - b.lgamma()).sum(-1) + ((a - b) * slope).sum(-1)


@register_kl(Exponential, Exponential)
def _kl_exponential_exponential(p, q):
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _kl_gamma_gamma(p, q):
    a, b = p.concentration, q.concentration
    t1 = b * (p.rate / q.rate).log() + torch.lgamma(b) - torch.lgamma(a)
    return t1 + (a - b) * torch.digamma(a) + (q.rate - p.rate) * (a / p.rate)


@register_kl(Geometric, Geometric)
def _kl_geometric_geometric(p, q):
    return -p.entropy() - torch.log1p(-q.probs) / p.probs - q.logits


@register_kl(Gumbel, Gumbel)
def _kl_gumbel_gumbel(p, q):
    ratio = p.scale / q.scale
    of_q, of_p = q.loc / q.scale, p.loc / q.scale
    t1 = -ratio.log() - of_q + of_p
    t3 = torch.exp(of_q + (1 + ratio).lgamma() - of_p)
    return t1 + ratio * euler_constant + t3 - (1 + euler_constant)


@register_kl(HalfNormal, HalfNormal)
def _kl_halfnormal_halfnormal(p, q):
    return _kl_normal_normal(p.base_dist, q.base_dist)


@register_kl(Laplace, Laplace)
def _kl_laplace_laplace(p, q):
    ratio = p.scale / q.scale
    distance = (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * torch.exp(-distance / p.scale) - 1


@register_kl(Normal, Normal)
def _kl_normal_normal(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(Pareto, Pareto)
def _kl_pareto_pareto(p, q):
    # Liese and Vajda, 1987
    ratio = q.alpha / p.alpha
    result = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return torch.where(p.support.lower_bound < q.support.lower_bound, math.inf, result)


@register_kl(Poisson, Poisson)
def _kl_poisson_poisson(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def _kl_uniform_uniform(p, q):
    result = ((q.high - q.low) / (p.high - p.low)).log()
    return torch.where((q.low > p.low) | (q.high < p.high), math.inf, result)


# ---- normal vectors


def _check_events(p, q, what):
    if p.event_shape != q.event_shape:
        raise ValueError(f"KL-divergence between two {what} with different event shapes cannot be computed")


@register_kl(MultivariateNormal, MultivariateNormal)
def _kl_multivariatenormal_multivariatenormal(p, q):
    _check_events(p, q, "Multivariate Normals")
    half_log_dets = log_diagonal(q._unbroadcasted_scale_tril) - log_diagonal(p._unbroadcasted_scale_tril)
    spread = _solved_squares(q._unbroadcasted_scale_tril, p._unbroadcasted_scale_tril)
    distance = batch_mahalanobis(q._unbroadcasted_scale_tril, q.loc - p.loc)
    return half_log_dets + 0.5 * (spread + distance - p.event_shape[0])


def _solved_squares(factor, right):
    """The sum of the squares of inverse(factor) @ right, for a lower triangular factor."""
    return torch.linalg.solve_triangular(factor, right, upper=False).pow(2).sum((-2, -1))


@register_kl(LowRankMultivariateNormal, LowRankMultivariateNormal)
def _kl_lowrank_lowrank(p, q):
    _check_events(p, q, "Low Rank Multivariate Normals")
    return 0.5 * (_lowrank_log_det(q) - _lowrank_log_det(p) + _lowrank_distance(p, q) + _lowrank_trace(p, q)
                  - p.event_shape[0])  # fmt: skip


@register_kl(MultivariateNormal, LowRankMultivariateNormal)
def _kl_multivariatenormal_lowrank(p, q):
    _check_events(p, q, "(Low Rank) Multivariate Normals")
    inverse = q._unbroadcasted_cov_diag.reciprocal()
    scaled = q._unbroadcasted_cov_factor.mT * inverse.unsqueeze(-2)
    factor = p._unbroadcasted_scale_tril
    own = (factor.pow(2) * inverse.unsqueeze(-1)).sum((-2, -1))
    trace = own - _solved_squares(q._capacitance_tril, torch.matmul(scaled, factor))
    log_dets = _lowrank_log_det(q) - 2 * log_diagonal(factor)
    return 0.5 * (log_dets + _lowrank_distance(p, q) + trace - p.event_shape[0])


@register_kl(LowRankMultivariateNormal, MultivariateNormal)
def _kl_lowrank_multivariatenormal(p, q):
    _check_events(p, q, "(Low Rank) Multivariate Normals")
    factor = q._unbroadcasted_scale_tril
    diagonal = torch.diag_embed(p._unbroadcasted_cov_diag.sqrt())
    trace = _solved_squares(factor, p._unbroadcasted_cov_factor) + _solved_squares(factor, diagonal)
    log_dets = 2 * log_diagonal(factor) - _lowrank_log_det(p)
    return 0.5 * (log_dets + batch_mahalanobis(factor, q.loc - p.loc) + trace - p.event_shape[0])


def _lowrank_log_det(d):
    return lowrank_logdet(d._unbroadcasted_cov_diag, d._capacitance_tril)


def _lowrank_distance(p, q):
    return lowrank_mahalanobis(
        q._unbroadcasted_cov_factor, q._unbroadcasted_cov_diag, q.loc - p.loc, q._capacitance_tril
    )


def _lowrank_trace(p, q):
    """tr(inverse(covariance of q) @ covariance of p), through q's small matrix."""
    inverse = q._unbroadcasted_cov_diag.reciprocal()
    scaled = q._unbroadcasted_cov_factor.mT * inverse.unsqueeze(-2)
    diagonal, factor = p._unbroadcasted_cov_diag, p._unbroadcasted_cov_factor
    trace = (diagonal * inverse).sum(-1) + (factor.pow(2) * inverse.unsqueeze(-1)).sum((-2, -1))
    solved = torch.linalg.solve_triangular(q._capacitance_tril, scaled, upper=False)
    trace = trace - (solved.pow(2) * diagonal.unsqueeze(-2)).sum((-2, -1))
    return trace - torch.matmul(solved, factor).pow(2).sum((-2, -1))


# ---- pairs of different classes that are finite


@register_kl(Beta, ContinuousBernoulli)
def _kl_beta_continuous_bernoulli(p, q):
    return -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._cont_bern_log_norm()


@register_kl(Beta, Exponential)
def _kl_beta_exponential(p, q):
    return -p.entropy() - q.rate.log() + q.rate * p.mean


@register_kl(Beta, Gamma)
def _kl_beta_gamma(p, q):
    log_mean = p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    of_q = q.concentration.lgamma() - q.concentration * q.rate.log() + q.rate * p.mean
    return -p.entropy() + of_q - (q.concentration - 1) * log_mean


@register_kl(Beta, Normal)
def _kl_beta_normal(p, q):
    return -p.entropy() + _normal_cost(q, p.mean, p.mean.pow(2) + p.variance)


@register_kl(Beta, Uniform)
def _kl_beta_uniform(p, q):
    result = -p.entropy() + (q.high - q.low).log()
    return torch.where((q.low > p.support.lower_bound) | (q.high < p.support.upper_bound), math.inf, result)


@register_kl(ContinuousBernoulli, Exponential)
def _kl_continuous_bernoulli_exponential(p, q):
    return -p.entropy() - torch.log(q.rate) + q.rate * p.mean


@register_kl(ContinuousBernoulli, Normal)
def _kl_continuous_bernoulli_normal(p, q):
    return -p.entropy() + _normal_cost(q, p.mean, p.variance + p.mean.square())


@register_kl(ContinuousBernoulli, Uniform)
def _kl_continuous_bernoulli_uniform(p, q):
    result = -p.entropy() + (q.high - q.low).log()
    outside = torch.max(torch.ge(q.low, p.support.lower_bound), torch.le(q.high, p.support.upper_bound))
    return torch.where(outside, torch.ones_like(result) * math.inf, result)


@register_kl(Exponential, Gamma)
def _kl_exponential_gamma(p, q):
    ratio = q.rate / p.rate
    log_mean = p.rate.log() + euler_constant  # minus the mean of log(x)
    return (
        -1 + p.rate.log() - q.concentration * q.rate.log() + q.concentration.lgamma() + ratio
        + (q.concentration - 1) * log_mean
    )  # fmt: skip


@register_kl(Exponential, Gumbel)
def _kl_exponential_gumbel(p, q):
    scaled = p.rate * q.scale
    loc = q.loc / q.scale
    return scaled.log() - 1 - loc + scaled.reciprocal() + torch.exp(loc) * scaled / (scaled + 1)


@register_kl(Exponential, Normal)
def _kl_exponential_normal(p, q):
    return -p.entropy() + _normal_cost(q, p.rate.reciprocal(), 2 * p.rate.pow(-2))


@register_kl(Gamma, Exponential)
def _kl_gamma_exponential(p, q):
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Gamma, Gumbel)
def _kl_gamma_gumbel(p, q):
    scaled = p.rate * q.scale
    loc = q.loc / q.scale
    return (
        -p.entropy() + q.scale.log() + p.concentration / scaled - loc
        + torch.exp(loc) * (1 + scaled.reciprocal()).pow(-p.concentration)
    )  # fmt: skip


@register_kl(Gamma, Normal)
def _kl_gamma_normal(p, q):
    return -p.entropy() + _normal_cost(q, p.mean, p.variance + p.mean.pow(2))


@register_kl(Gumbel, Normal)
def _kl_gumbel_normal(p, q):
    return -p.entropy() + _normal_cost(q, p.mean, p.variance + p.mean.pow(2))


@register_kl(Laplace, Normal)
def _kl_laplace_normal(p, q):
    return -p.entropy() + _normal_cost(q, p.loc, 2 * p.scale.pow(2) + p.loc.pow(2))


@register_kl(Normal, Gumbel)
def _kl_normal_gumbel(p, q):
    loc = (p.loc - q.loc) / q.scale
    tail = torch.exp(-loc + 0.5 * (p.scale / q.scale).pow(2))
    return loc + tail + q.scale.log() - p.entropy()


@register_kl(Normal, Laplace)
def _kl_normal_laplace(p, q):
    distance = p.loc - q.loc
    ratio = distance / p.scale
    mean_distance = math.sqrt(2 / math.pi) * p.scale * torch.exp(-0.5 * ratio.pow(2))
    mean_distance = mean_distance + distance * torch.erf(math.sqrt(0.5) * ratio)
    return -p.entropy() + torch.log(2 * q.scale) + mean_distance / q.scale


def _pareto_mean(p):
    """The mean, with finite gradients even where it is infinite and the result is replaced."""
    return p.alpha * p.scale / (p.alpha - 1)


@register_kl(Pareto, Exponential)
def _kl_pareto_exponential(p, q):
    result = -p.entropy() - q.rate.log() + q.rate * _pareto_mean(p)
    return torch.where(p.alpha <= 1, math.inf, result)


@register_kl(Pareto, Gamma)
def _kl_pareto_gamma(p, q):
    log_mean = p.scale.log() + p.alpha.reciprocal()
    of_q = q.concentration.lgamma() - q.concentration * q.rate.log() + (1 - q.concentration) * log_mean
    return torch.where(p.alpha <= 1, math.inf, -p.entropy() + of_q + q.rate * _pareto_mean(p))


@register_kl(Pareto, Normal)
def _kl_pareto_normal(p, q):
    mean_square = p.alpha * p.scale.pow(2) / (p.alpha - 2)
    result = -p.entropy() + _normal_cost(q, _pareto_mean(p), mean_square)
    return torch.where(p.alpha <= 2, math.inf, result)


@register_kl(Uniform, Beta)
def _kl_uniform_beta(p, q):
    width = p.high - p.low
    log_mean = (_x_log_x(p.high) - _x_log_x(p.low) - width) / width
    log_rest = (_x_log_x(1 - p.low) - _x_log_x(1 - p.high) - width) / width
    log_beta = q.concentration1.lgamma() + q.concentration0.lgamma() - (q.concentration1 + q.concentration0).lgamma()
    result = log_beta - (q.concentration1 - 1) * log_mean - (q.concentration0 - 1) * log_rest - width.log()
    outside = (p.high > q.support.upper_bound) | (p.low < q.support.lower_bound)
    return torch.where(outside, math.inf, result)


@register_kl(Uniform, ContinuousBernoulli)
def _kl_uniform_continuous_bernoulli(p, q):
    result = -p.entropy() - p.mean * q.logits - torch.log1p(-q.probs) - q._cont_bern_log_norm()
    outside = torch.max(torch.ge(p.high, q.support.upper_bound), torch.le(p.low, q.support.lower_bound))
    return torch.where(outside, torch.ones_like(result) * math.inf, result)


@register_kl(Uniform, Exponential)
def _kl_uniform_exponential(p, q):
    result = q.rate * (p.high + p.low) / 2 - ((p.high - p.low) * q.rate).log()
    return torch.where(p.low < q.support.lower_bound, math.inf, result)


@register_kl(Uniform, Gamma)
def _kl_uniform_gamma(p, q):
    width = p.high - p.low
    log_mean = (_x_log_x(p.high) - _x_log_x(p.low) - width) / width
    of_q = q.concentration.lgamma() - q.concentration * q.rate.log() + (1 - q.concentration) * log_mean
    result = of_q + q.rate * (p.high + p.low) / 2 - width.log()
    return torch.where(p.low < q.support.lower_bound, math.inf, result)


@register_kl(Uniform, Gumbel)
def _kl_uniform_gumbel(p, q):
    width = (p.high - p.low) / q.scale
    high, low = (p.high - q.loc) / q.scale, (p.low - q.loc) / q.scale
    return 0.5 * (high + low) - (torch.exp(-high) - torch.exp(-low)) / width - width.log()


@register_kl(Uniform, Normal)
def _kl_uniform_normal(p, q):
    width = p.high - p.low
    distance = ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return (math.sqrt(2 * math.pi) * q.scale / width).log() + (width.pow(2) / 12 + distance) / (2 * q.scale.pow(2))


@register_kl(Uniform, Pareto)
def _kl_uniform_pareto(p, q):
    width = p.high - p.low
    log_mean = (_x_log_x(p.high) - _x_log_x(p.low) - width) / width
    result = log_mean * (q.alpha + 1) - width.log() - q.alpha.log() - q.alpha * q.scale.log()
    return torch.where(p.low < q.support.lower_bound, math.inf, result)


def _normal_cost(q, mean, mean_square):
    """Minus the mean of q.log_prob under something with this mean and this mean of squares."""
    variance = q.scale.pow(2)
    return 0.5 * (variance * 2 * math.pi).log() + (0.5 * mean_square - mean * q.loc + 0.5 * q.loc.pow(2)) / variance


# ---- pairs where p gives values that q rules out


def _register_infinite(kinds_p, kinds_q):
    for kind_p in kinds_p:
        for kind_q in kinds_q:
            register_kl(kind_p, kind_q)(_kl_infinite)


def _kl_infinite(p, q):
    return _infinite_like(next(getattr(p, name) for name in p.arg_constraints))


_register_infinite((Exponential, Gamma, Pareto, Laplace, Normal, Gumbel), (Beta, ContinuousBernoulli, Uniform))
_register_infinite((Exponential, Gamma, Laplace, Normal, Gumbel, Beta, ContinuousBernoulli), (Pareto,))
_register_infinite((Laplace, Normal, Gumbel), (Exponential, Gamma))
register_kl(Poisson, Bernoulli)(_kl_infinite)
register_kl(Poisson, Binomial)(_kl_infinite)


@register_kl(Bernoulli, Poisson)
def _kl_bernoulli_poisson(p, q):
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)
