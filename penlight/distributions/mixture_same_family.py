"""Mixtures of distributions of one kind."""

import penlight as torch
from penlight.distributions import constraints
from penlight.distributions.categorical import Categorical
from penlight.distributions.constraints import MixtureSameFamilyConstraint
from penlight.distributions.distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """A value from one of several distributions of a kind, chosen at random each time.

    Args:
        mixture_distribution: a Categorical: the probability of each component.
        component_distribution: a distribution whose last batch dimension counts the components.

    ValueError if their shapes do not match. Samples carry no gradient.

    Example:
        >>> import penlight as torch
        >>> D = torch.distributions
        >>> mix = D.MixtureSameFamily(D.Categorical(torch.ones(2)), D.Normal(torch.tensor([-1.0, 1.0]), 0.5))
        >>> mix.mean, mix.variance
        (tensor(0.), tensor(1.2500))
    """

    arg_constraints = {}
    has_rsample = False
    _arguments = ()

    def __init__(self, mixture_distribution, component_distribution, validate_args=None):
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(" The Mixture distribution needs to be an  instance of torch.distributions.Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("The Component distribution needs to be an instance of torch.distributions.Distribution")
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        mixture_shape, component_shape = mixture_distribution.batch_shape, component_distribution.batch_shape
        for a, b in zip(reversed(mixture_shape), reversed(component_shape[:-1])):
            if a != 1 and b != 1 and a != b:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({mixture_shape}) is not compatible with "
                    f"`component_distribution.batch_shape`({component_shape[:-1]})"
                )
        components = mixture_distribution.logits.shape[-1]
        if component_shape and components != component_shape[-1]:
            raise ValueError(
                f"`mixture_distribution component` ({components}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({component_shape[-1]})"
            )
        self._num_component = components
        event_shape = component_distribution.event_shape
        self._event_ndims = len(event_shape)
        if not component_shape:
            raise IndexError("tuple index out of range: component_distribution needs a batch dimension of components")
        super().__init__(component_shape[:-1], event_shape, validate_args=validate_args)

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(MixtureSameFamily, _instance)
        batch_shape = torch.Size(batch_shape)
        new._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        new._component_distribution = self._component_distribution.expand(batch_shape + (self._num_component,))
        new._num_component = self._num_component
        new._event_ndims = self._event_ndims
        super(MixtureSameFamily, new).__init__(batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @constraints.dependent_property
    def support(self):
        return MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self):
        """The Categorical that chooses the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self):
        """The components, along the last batch dimension."""
        return self._component_distribution

    def _for_event(self, x):
        """One number for each component, as wide as an event."""
        return x.reshape(x.shape + (1,) * self._event_ndims)

    def _weighted(self, x):
        """The mean over the components of something of the shape of their values."""
        return (self._for_event(self.mixture_distribution.probs) * x).sum(dim=-1 - self._event_ndims)

    @property
    def mean(self):
        return self._weighted(self.component_distribution.mean)

    @property
    def variance(self):
        # the mean of the variances, and the variance of the means
        means = self.component_distribution.mean
        spread = (means - self.mean.unsqueeze(-1 - self._event_ndims)).pow(2.0)
        return self._weighted(self.component_distribution.variance) + self._weighted(spread)

    def _for_components(self, x):
        return x.unsqueeze(-1 - self._event_ndims)

    def cdf(self, x):
        cdf = self.component_distribution.cdf(self._for_components(x))
        return torch.sum(cdf * self.mixture_distribution.probs, dim=-1)

    def log_prob(self, x):
        if self._validate_args:
            self._validate_sample(x)
        log_prob = self.component_distribution.log_prob(self._for_components(x))
        log_weight = torch.log_softmax(self.mixture_distribution.logits, dim=-1)
        return torch.logsumexp(log_prob + log_weight, dim=-1)

    def sample(self, sample_shape=torch.Size()):
        with torch.no_grad():
            sample_shape = torch.Size(sample_shape)
            chosen = self.mixture_distribution.sample(sample_shape)
            samples = self.component_distribution.sample(sample_shape)
            dim = len(sample_shape) + len(self.batch_shape)
            chosen = chosen.reshape(chosen.shape + (1,) * (self._event_ndims + 1))
            chosen = chosen.expand(samples.shape[:dim] + (1,) + self.event_shape)
            return torch.gather(samples, dim, chosen).squeeze(dim)

    def __repr__(self):
        return f"MixtureSameFamily(\n  {self.mixture_distribution},\n  {self.component_distribution})"
