"""Transforms to constraints: `biject_to` gives bijections, `transform_to` any map from all real numbers.

Optimizers and samplers work on unconstrained numbers; these transforms carry them into the region of a parameter.

Example:
    >>> import penlight as torch
    >>> from penlight.distributions import constraints, transform_to
    >>> transform_to(constraints.positive)(torch.tensor([-1.0, 0.0]))
    tensor([0.3679, 1.0000])
"""

from numbers import Number

from penlight.distributions import constraints, transforms

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """A table from kinds of constraints to functions that make a transform into them.

    Calling it with a constraint gives the transform; NotImplementedError for a kind that is not registered.

    Example:
        >>> from penlight.distributions import biject_to, constraints
        >>> biject_to(constraints.unit_interval)
        SigmoidTransform()
    """

    def __init__(self):
        self._registry = {}
        super().__init__()

    def register(self, constraint, factory=None):
        """Register `factory(constraint) -> Transform` for a class of constraints (or that of one), or decorate it."""
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        if isinstance(constraint, constraints.Constraint):
            constraint = type(constraint)
        if not isinstance(constraint, type) or not issubclass(constraint, constraints.Constraint):
            raise TypeError(
                f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}"
            )
        self._registry[constraint] = factory
        return factory

    def __call__(self, constraint):
        try:
            factory = self._registry[type(constraint)]
        except KeyError:
            raise NotImplementedError(
                f"Cannot transform {type(constraint).__name__} constraints"
            ) from None
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _register_both(*kinds):
    def decorate(factory):
        for kind in kinds:
            biject_to.register(kind, factory)
            transform_to.register(kind, factory)
        return factory

    return decorate


@_register_both(constraints.real)
def _to_real(constraint):
    return transforms.identity_transform


def _exp_then_affine(loc, scale):
    return transforms.ComposeTransform([transforms.ExpTransform(), transforms.AffineTransform(loc, scale)])


@_register_both(constraints.positive, constraints.nonnegative)
def _to_greater_than(constraint):
    return _exp_then_affine(constraint.lower_bound, 1)


@_register_both(constraints.less_than)
def _to_less_than(constraint):
    return _exp_then_affine(constraint.upper_bound, -1)


@_register_both(constraints.interval, constraints.half_open_interval)
def _to_interval(constraint):
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, Number) and low == 0 and isinstance(high, Number) and high == 1:
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform([transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)])


@_register_both(constraints.corr_cholesky)
def _to_corr_cholesky(constraint):
    return transforms.CorrCholeskyTransform()


biject_to.register(constraints.simplex, lambda constraint: transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda constraint: transforms.SoftmaxTransform())
transform_to.register(constraints.lower_cholesky, lambda constraint: transforms.LowerCholeskyTransform())
for _kind in (constraints.positive_definite, constraints.positive_semidefinite):
    transform_to.register(_kind, lambda constraint: transforms.PositiveDefiniteTransform())


def _register_parts(registry):
    """Constraints of other constraints, which look the inner ones up in the same registry."""

    @registry.register(constraints.independent)
    def to_independent(constraint):
        inner = registry(constraint.base_constraint)
        return transforms.IndependentTransform(inner, constraint.reinterpreted_batch_ndims)

    @registry.register(constraints.cat)
    def to_cat(constraint):
        return transforms.CatTransform([registry(c) for c in constraint.cseq], constraint.dim, constraint.lengths)

    @registry.register(constraints.stack)
    def to_stack(constraint):
        return transforms.StackTransform([registry(c) for c in constraint.cseq], constraint.dim)


_register_parts(biject_to)
_register_parts(transform_to)
