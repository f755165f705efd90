"""Operators of torch.special (rows named special_NAME) and relatives. See docs/design.md for the columns."""
from ops.table import TABLE, op

FLOAT = "f"
TWO_OVER_SQRT_PI = "1.1283791670955126"

# ---- differentiable ones: gradient, node (None: from the name), reference, sentence
for name, (grad, node, ref, doc) in {
    "i0e": ("special_i1e(self) - sgn(self) * result", "SpecialI0EBackward0", "i0e", "exp(-abs(input)) i0(input), which does not overflow."),
    "i1": ("i1_slope(self, result)", None, "i1", "The modified Bessel function of order 1."),
    "i1e": ("i1e_slope(self, result)", "SpecialI1EBackward0", "i1e", "exp(-abs(input)) i1(input), which does not overflow."),
    "entr": ("(-1 - log(self))", None, "entr", "The entropy -input * log(input); 0 at 0, minus infinity below."),
    "erfcx": (f"(2 * self * result - {TWO_OVER_SQRT_PI})", None, "erfcx", "exp(input^2) erfc(input), which does not underflow."),
    "ndtr": ("exp(-0.5 * self * self) * 0.3989422804014327", None, "ndtr", "The share of the normal distribution that lies below input."),
    "ndtri": ("exp(0.5 * result * result) * 2.5066282746310002", None, "ndtri", "The inverse of ndtr: the quantile of the normal distribution."),
    "log_ndtr": ("0.7978845608028654 / special_erfcx(self * -0.7071067811865476)", None, None, "log(ndtr(input)), exact in the tail."),
}.items():
    op(f"special_{name}(Tensor self) -> Tensor", formula=f"{name}(self)", dtype="float", types=FLOAT, grad={"self": f"grad * ({grad})"}, node=node,
       ref=ref and "scipy.special." + ref, forms="fo", doc=doc)
op("special_xlog1py(Operand self, Operand other) -> Tensor", formula="xlog1py(self, other)", dtype="float", types=FLOAT, forms="fo",
   node="SpecialXlog1PyBackward0", ref="scipy.special.xlog1py",
   grad={"self": "grad * xlog1py_slope(self, other)", "other": "grad * (self / (other + 1))"}, doc="input * log1p(other), 0 where input is 0.")
op("special_zeta(Operand self, Operand other) -> Tensor", formula="zeta(self, other)", dtype="float", types=FLOAT, forms="fo",
   grad={"self": "no_derivative(grad, 'zeta')", "other": "grad * zeta_slope(self, other)"},
   doc="The Hurwitz zeta function: the sum of (k + other)^-input over k = 0, 1, 2, ...")
op("igamma(Tensor self, Tensor other) -> Tensor", formula="igamma(self, other)", types=FLOAT, forms="fmio",
   grad={"self": "no_derivative(grad, 'igamma: input')", "other": "grad * gamma_density(self, other)"},
   doc="The regularised lower incomplete gamma function P(input, other).")
op("igammac(Tensor self, Tensor other) -> Tensor", formula="igammac(self, other)", types=FLOAT, forms="fmio",
   grad={"self": "no_derivative(grad, 'igammac: input')", "other": "-grad * gamma_density(self, other)"},
   doc="The regularised upper incomplete gamma function Q(input, other) = 1 - P(input, other).")

# ---- without a derivative, as in PyTorch
for name, doc in (
    ("airy_ai", "The Airy function Ai."),
    ("bessel_j0", "The Bessel function of the first kind of order 0."),
    ("bessel_j1", "The Bessel function of the first kind of order 1."),
    ("bessel_y0", "The Bessel function of the second kind of order 0."),
    ("bessel_y1", "The Bessel function of the second kind of order 1."),
    ("modified_bessel_i0", "The modified Bessel function of the first kind of order 0."),
    ("modified_bessel_i1", "The modified Bessel function of the first kind of order 1."),
    ("modified_bessel_k0", "The modified Bessel function of the second kind of order 0."),
    ("modified_bessel_k1", "The modified Bessel function of the second kind of order 1."),
    ("scaled_modified_bessel_k0", "exp(input) modified_bessel_k0(input), which does not underflow."),
    ("scaled_modified_bessel_k1", "exp(input) modified_bessel_k1(input), which does not underflow."),
    ("spherical_bessel_j0", "The spherical Bessel function of order 0: sin(input) / input."),
):
    op(f"special_{name}(Tensor self) -> Tensor", formula=f"{name}(self)", dtype="float", types=FLOAT, not_diff=True, forms="fo", doc=doc)
for name, words in (("chebyshev_polynomial_t", "Chebyshev polynomial of the first kind"), ("chebyshev_polynomial_u", "Chebyshev polynomial of the second kind"),
                    ("chebyshev_polynomial_v", "Chebyshev polynomial of the third kind"), ("chebyshev_polynomial_w", "Chebyshev polynomial of the fourth kind"),
                    ("shifted_chebyshev_polynomial_t", "Chebyshev polynomial of the first kind, shifted to [0, 1],"),
                    ("shifted_chebyshev_polynomial_u", "Chebyshev polynomial of the second kind, shifted to [0, 1],"),
                    ("shifted_chebyshev_polynomial_v", "Chebyshev polynomial of the third kind, shifted to [0, 1],"),
                    ("shifted_chebyshev_polynomial_w", "Chebyshev polynomial of the fourth kind, shifted to [0, 1],"),
                    ("hermite_polynomial_h", "physicist's Hermite polynomial"), ("hermite_polynomial_he", "probabilist's Hermite polynomial"),
                    ("laguerre_polynomial_l", "Laguerre polynomial"), ("legendre_polynomial_p", "Legendre polynomial")):
    op(f"special_{name}(Operand self, Operand n) -> Tensor", formula=f"{name}(self, n)", dtype="float", types=FLOAT, not_diff=True, forms="fo",
       doc=f"The {words} of degree n at input.")

# ---- the multivariate gamma function
op("mvlgamma(Tensor self, int p) -> Tensor", forms="fmio", doc="The logarithm of the multivariate gamma function of dimension p.")
op("mvlgamma_kernel(Tensor self, *, Scalar p) -> Tensor", formula="mvlgamma(self, p)", dtype="float", types=FLOAT, forms="",
   node="MvlgammaBackward0", grad={"self": "grad * mvlgamma_slope(self, p)"}, doc="The kernel of mvlgamma.")

# ---- parts and powers of floats
op("frexp(Tensor self) -> (Tensor mantissa, Tensor exponent)", forms="fmo", ref="numpy.frexp", grad={"self": "ldexp(grads[0], -result1)"},
   doc="Splits every number into a mantissa of size 0.5 to 1 and a power of two: input = mantissa * 2^exponent.")
for name in ("mantissa", "exponent"):
    op(f"frexp_{name}(Tensor self) -> Tensor", formula=f"frexp_{name}(self)", types=FLOAT, not_diff=True, forms="", doc=f"The {name} of frexp.")
op("ldexp(Tensor self, Tensor other) -> Tensor", formula="ldexp(self, other)", dtype="float", types="fc", forms="fmio",
   grad={"self": "ldexp(grad, conj(other))", "other": "grad * conj(result * 0.6931471805599453)"}, doc="input * 2^other.")
op("float_power(Operand self, Operand exponent) -> Tensor", forms="fmo", ref="numpy.float_power",
   exact_out="the output given to float_power has dtype {out} but the operation's result requires dtype {result}",
   doc="Raises input to the power exponent in float64, or complex128.")
op("float_power_(Tensor(a!) self, Operand exponent) -> Tensor(a!)", forms="m", doc="In-place form of float_power; for float64 and complex128.")

# ---- operators that torch.special has under another name
SAME = {"sigmoid": "expit", "lgamma": "gammaln", "digamma": "digamma psi", "igamma": "gammainc", "igammac": "gammaincc", "mvlgamma": "multigammaln",
        **{name: name for name in ("erf", "erfc", "erfinv", "exp2", "expm1", "i0", "log1p", "logit", "polygamma", "round", "sinc", "xlogy", "softmax",
                                   "log_softmax", "logsumexp")}}
for row in TABLE:
    if row.name in SAME and "f" in row.forms:
        row.aliases = " ".join([row.aliases, *("special_" + name for name in SAME[row.name].split())]).strip()
