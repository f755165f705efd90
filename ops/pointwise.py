"""Pointwise operators: one formula each. See docs/design.md for the columns."""
from ops.table import op

REAL = "if"      # types of operators that order their operands
FLOAT = "f"
# ---- arithmetic
op("add(Tensor self, Operand other, *, Scalar alpha=1) -> Tensor", formula="self + alpha * other",
   grad={"self": "grad", "other": "scaled(grad, alpha)"}, forms="fmio", ref="numpy.add",
   doc="Adds other, multiplied by alpha, to input.")
op("sub(Tensor self, Operand other, *, Scalar alpha=1) -> Tensor", formula="self - alpha * other",
   grad={"self": "grad", "other": "-scaled(grad, alpha)"}, forms="fmio", aliases="subtract", ref="numpy.subtract",
   doc="Subtracts other, multiplied by alpha, from input.")
op("rsub(Tensor self, Operand other, *, Scalar alpha=1) -> Tensor", formula="other - alpha * self",
   grad={"self": "-scaled(grad, alpha)", "other": "grad"}, forms="f", doc="Subtracts input, multiplied by alpha, from other.")
op("mul(Tensor self, Operand other) -> Tensor", formula="self * other",
   grad={"self": "grad * conj(other)", "other": "grad * conj(self)"}, forms="fmio", aliases="multiply", ref="numpy.multiply", doc="Multiplies input by other.")
op("true_divide(Tensor self, Operand other) -> Tensor", formula="self / other", dtype="float", types="fc", node="DivBackward0",
   grad={"self": "grad / conj(other)", "other": "-grad * conj(self / other / other)"}, forms="fmio", ref="numpy.true_divide",
   doc="Divides input by other.")
op("div(Tensor self, Operand other, *, str? rounding_mode=None) -> Tensor", forms="fmo", aliases="divide",
   doc="Divides input by other; rounding_mode 'floor' or 'trunc' rounds the quotient.")
op("div_(Tensor(a!) self, Operand other, *, str? rounding_mode=None) -> Tensor(a!)", forms="m", aliases="divide_", doc="In-place form of div.")
op("floor_divide(Tensor self, Operand other) -> Tensor", formula="self // other", no_bools="", types=REAL, forms="fmio", ref="numpy.floor_divide",
   grad={"self": "zeros_like(grad)", "other": "zeros_like(grad)"},
   doc="Divides input by other and rounds towards minus infinity.")
op("trunc_divide(Tensor self, Operand other) -> Tensor", formula="trunc_divide(self, other)", no_bools="", types=REAL, forms="", node="DivBackward0",
   grad={"self": "zeros_like(grad)", "other": "zeros_like(grad)"},
   doc="Divides input by other and rounds towards zero.")
op("remainder(Tensor self, Operand other) -> Tensor", formula="self % other", no_bools="", types=REAL,
   grad={"self": "grad", "other": "-grad * floor_quotient(self, other)"}, forms="fmio", ref="numpy.remainder",
   doc="The remainder of input / other with the sign of other, as Python's %.")
op("fmod(Tensor self, Operand other) -> Tensor", formula="fmod(self, other)", no_bools="", types=REAL,
   grad={"self": "grad", "other": "-grad * trunc_quotient(self, other)"}, forms="fmio", ref="numpy.fmod",
   doc="The remainder of input / other with the sign of input, as C's fmod.")
op("pow_kernel(Operand self, Operand exponent) -> Tensor", formula="pow(self, exponent)", node="PowBackward0",
   grad={"self": "pow_grad_self(grad, self, exponent)", "exponent": "pow_grad_exponent(grad, self, exponent, result)"}, forms="I",
   doc="Raises input to the power exponent.")
op("pow(Operand self, Operand exponent) -> Tensor", forms="fmo", doc="Raises input to the power exponent.")
op("pow_(Tensor(a!) self, Operand exponent) -> Tensor(a!)", forms="m", doc="In-place form of pow.")
op("neg(Tensor self) -> Tensor", formula="-self", grad={"self": "-grad"}, forms="fmio", aliases="negative", ref="numpy.negative", doc="Changes the sign.")
op("reciprocal(Tensor self) -> Tensor", formula="reciprocal(self)", dtype="float", types="fc",
   grad={"self": "-grad * conj(result * result)"}, forms="fmio", ref="numpy.reciprocal", doc="1 / input.")
op("square_kernel(Tensor self) -> Tensor", formula="self * self", node="PowBackward0", grad={"self": "grad * conj(self) * 2"}, forms="I",
   doc="The kernel of square.")
op("square(Tensor self) -> Tensor", forms="fmio",
   ref="numpy.square", doc="Multiplies every element by itself.")
op("addcmul(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor", formula="self + value * tensor1 * tensor2", no_bools="",
   grad={"self": "grad", "tensor1": "grad * conj(tensor2 * value)", "tensor2": "grad * conj(tensor1 * value)"}, forms="fmio",
   doc="input + value * tensor1 * tensor2.")
op("addcdiv(Tensor self, Tensor tensor1, Tensor tensor2, *, Scalar value=1) -> Tensor", formula="self + value * tensor1 / tensor2", types="fc",
   grad={"self": "grad", "tensor1": "grad * conj(value / tensor2)", "tensor2": "-grad * conj(tensor1 * value / (tensor2 * tensor2))"},
   forms="fmio", doc="input + value * tensor1 / tensor2.")
op("lerp(Tensor self, Tensor end, Operand weight) -> Tensor", types="fc", formula="lerp(self, end, weight)",
   grad={"self": "grad * conj(1 - weight)", "end": "grad * conj(weight)", "weight": "grad * conj(end - self)"}, forms="fmio",
   doc="Moves from input towards end by the fraction weight.")

# ---- comparison and logic
for name, sign, ref, words in (("eq", "==", "equal", "equal to"), ("ne", "!=", "not_equal", "different from")):
    op(f"{name}(Tensor self, Operand other) -> Tensor", formula=f"self {sign} other", dtype="bool", forms="fmio", not_diff=True,
       aliases="" if name == "eq" else ref, ref="numpy." + ref, doc=f"True where input is {words} other.")
for name, sign, ref, words in (("lt", "<", "less", "less than"), ("le", "<=", "less_equal", "at most"),
                               ("gt", ">", "greater", "greater than"), ("ge", ">=", "greater_equal", "at least")):
    op(f"{name}(Tensor self, Operand other) -> Tensor", formula=f"self {sign} other", dtype="bool", types=REAL, forms="fmio", not_diff=True,
       aliases=ref, ref="numpy." + ref, doc=f"True where input is {words} other.")
op("logical_not(Tensor self) -> Tensor", formula="self == 0", dtype="bool", forms="fmio", ref="numpy.logical_not", doc="True where input is zero.")
op("logical_and(Tensor self, Tensor other) -> Tensor", formula="self != 0 and other != 0", dtype="bool", forms="fmio", ref="numpy.logical_and",
   doc="True where both are nonzero.")
op("logical_or(Tensor self, Tensor other) -> Tensor", formula="self != 0 or other != 0", dtype="bool", forms="fmio", ref="numpy.logical_or",
   doc="True where either is nonzero.")
op("logical_xor(Tensor self, Tensor other) -> Tensor", formula="(self != 0) != (other != 0)", dtype="bool", forms="fmio",
   ref="numpy.logical_xor", doc="True where exactly one is nonzero.")
for name, words in (("and", "and"), ("or", "or"), ("xor", "exclusive or")):
    op(f"bitwise_{name}(Operand self, Operand other) -> Tensor", formula=f"bitwise_{name}(self, other)", types="i", forms="fmio",
       ref=f"numpy.bitwise_{name}", doc=f"The bits of input {words} other.")
op("bitwise_not(Tensor self) -> Tensor", forms="fmio", doc="The complement of the bits; of a bool its opposite.", ref="numpy.bitwise_not")
op("bitwise_flip(Tensor self) -> Tensor", formula="~self", types="i", forms="", doc="The complement of the bits of an integer.")
op("bitwise_left_shift(Operand self, Operand other) -> Tensor", formula="self << other", no_bools="", types="i", forms="fmio", ref="numpy.left_shift",
   doc="Shifts the bits of input to the left by other places.")
op("bitwise_right_shift(Operand self, Operand other) -> Tensor", formula="self >> other", no_bools="", types="i", forms="fmio", ref="numpy.right_shift",
   doc="Shifts the bits of input to the right by other places.")
op("isnan(Tensor self) -> Tensor", formula="isnan(self)", dtype="bool", forms="fm", ref="numpy.isnan", doc="True where input is not a number.")
op("isinf(Tensor self) -> Tensor", formula="isinf(self)", dtype="bool", forms="fm", ref="numpy.isinf", doc="True where input is infinite.")
op("isfinite(Tensor self) -> Tensor", formula="isfinite(self)", dtype="bool", forms="fm", ref="numpy.isfinite", doc="True where input is neither infinite nor NaN.")
op("isposinf(Tensor self) -> Tensor", formula="self > 0 and isinf(self)", dtype="bool", types=REAL, forms="fmo", ref="numpy.isposinf", doc="True where input is plus infinity.")
op("isneginf(Tensor self) -> Tensor", formula="self < 0 and isinf(self)", dtype="bool", types=REAL, forms="fmo", ref="numpy.isneginf", doc="True where input is minus infinity.")
op("signbit(Tensor self) -> Tensor", formula="signbit(self)", dtype="bool", types=REAL, forms="fmo", ref="numpy.signbit", doc="True where the sign bit is set (also -0.).")

# ---- choosing
op("where.self(Tensor condition, Operand self, Operand other) -> Tensor", forms="fo", doc="Takes from input where condition is True, from other elsewhere.",
   grad={"self": "where_grad(condition, grad, self.shape, self.dtype, True)",
         "other": "where_grad(condition, grad, other.shape, other.dtype, False)"}, node="WhereBackward0")
op("maximum(Tensor self, Tensor other) -> Tensor", formula="maximum(self, other)", types=REAL, forms="fmo", ref="numpy.maximum",
   grad={"self": "larger_share(grad, self, other)", "other": "larger_share(grad, other, self)"}, doc="The larger of two elements; NaN if either is NaN.")
op("minimum(Tensor self, Tensor other) -> Tensor", formula="minimum(self, other)", types=REAL, forms="fmo", ref="numpy.minimum",
   grad={"self": "larger_share(grad, other, self)", "other": "larger_share(grad, self, other)"}, doc="The smaller of two elements; NaN if either is NaN.")
op("fmax(Tensor self, Tensor other) -> Tensor", formula="fmax(self, other)", types=REAL, forms="fmo", ref="numpy.fmax",
   grad={"self": "where(logical_or(self >= other, isnan(other)), grad, 0)", "other": "where(logical_or(self >= other, isnan(other)), 0, grad)"},
   doc="The larger of two elements; a NaN counts only where both are NaN.")
op("fmin(Tensor self, Tensor other) -> Tensor", formula="fmin(self, other)", types=REAL, forms="fmo", ref="numpy.fmin",
   grad={"self": "where(logical_or(self <= other, isnan(other)), grad, 0)", "other": "where(logical_or(self <= other, isnan(other)), 0, grad)"},
   doc="The smaller of two elements; a NaN counts only where both are NaN.")
op("clamp_both(Tensor self, Operand min, Operand max) -> Tensor", formula="minimum(maximum(self, min), max)", types=REAL, forms="", node="ClampBackward0",
   grad={"self": "clamp_grad(grad, self, min, max)", "min": "clamp_grad_min(grad, self, min, max)", "max": "clamp_grad_max(grad, self, min, max)"},
   doc="Limits to [min, max].")
op("clamp_low(Tensor self, Operand min) -> Tensor", formula="maximum(self, min)", types=REAL, forms="", node="ClampMinBackward0",
   grad={"self": "where(self >= min, grad, 0)", "min": "where(self < min, grad, 0)"}, doc="Limits from below.")
op("clamp_high(Tensor self, Operand max) -> Tensor", formula="minimum(self, max)", types=REAL, forms="", node="ClampMaxBackward0",
   grad={"self": "where(self <= max, grad, 0)", "max": "where(self > max, grad, 0)"}, doc="Limits from above.")

op("clamp(Tensor self, Operand? min=None, Operand? max=None) -> Tensor", forms="fmio", aliases="clip", doc="Limits every element to [min, max].")
op("clamp_min(Tensor self, Operand min) -> Tensor", forms="fmio", doc="Limits every element from below.")
op("clamp_max(Tensor self, Operand max) -> Tensor", forms="fmio", doc="Limits every element from above.")

# ---- rounding and sign
for name, ref in (("floor", "floor"), ("ceil", "ceil"), ("trunc", "trunc"), ("round_even", "round")):
    op(f"{name}(Tensor self) -> Tensor", formula=f"{'round' if name == 'round_even' else name}(self)", no_bools="", types=REAL, grad={"self": "zeros_like(grad)"},
       node="RoundBackward0" if name == "round_even" else None, forms="" if name == "round_even" else "fmio", aliases="fix" if name == "trunc" else "", ref="numpy." + ref,
       doc="Rounds to a whole number.")
op("round(Tensor self, *, int decimals=0) -> Tensor", forms="fmio", doc="Rounds to the nearest number with so many decimals; halves go to the even one.")
op("frac(Tensor self) -> Tensor", formula="frac(self)", types=FLOAT, grad={"self": "grad"}, forms="fmio", doc="The part behind the decimal point.")
op("abs(Tensor self) -> Tensor", formula="abs(self)", no_bools="", dtype="real", grad={"self": "abs_grad(grad, self)"}, forms="fmio", aliases="absolute", ref="numpy.abs", doc="The absolute value.")
op("sign(Tensor self) -> Tensor", formula="sign(self)", types=REAL, grad={"self": "zeros_like(grad)"}, forms="fmio", ref="numpy.sign", doc="-1, 0 or 1.")
op("sgn(Tensor self) -> Tensor", formula="sgn(self)", grad={"self": "sgn_grad(grad, self)"}, forms="fmio", doc="The sign; of a complex number its direction.")
op("copysign(Tensor self, Operand other) -> Tensor", formula="copysign(self, other)", dtype="float", types=FLOAT,
   grad={"self": "copysign_grad(grad, self, result)"}, forms="fmio", ref="numpy.copysign", doc="The size of input with the sign of other.")
op("heaviside(Tensor self, Tensor values) -> Tensor", formula="heaviside(self, values)", types=REAL, forms="fmio", ref="numpy.heaviside",
   doc="0 below zero, 1 above, values at zero.")
op("nextafter(Tensor self, Tensor other) -> Tensor", formula="nextafter(self, other)", types=FLOAT,
   grad={"self": "where(self == other, 0, grad)", "other": "where(self == other, grad, 0)"}, forms="fmio", ref="numpy.nextafter",
   doc="The next number that can be represented, towards other.")
op("hypot(Tensor self, Tensor other) -> Tensor", formula="hypot(self, other)", types=FLOAT,
   grad={"self": "grad * (self / result)", "other": "grad * (other / result)"}, forms="fmio", ref="numpy.hypot", doc="The length of the hypotenuse.")
op("gcd(Tensor self, Tensor other) -> Tensor", formula="gcd(self, other)", no_bools="", types="i", forms="fmio", ref="numpy.gcd", doc="The greatest common divisor.")
op("lcm(Tensor self, Tensor other) -> Tensor", formula="lcm(self, other)", no_bools="", types="i", forms="fmio", ref="numpy.lcm", doc="The least common multiple.")
op("deg2rad(Tensor self) -> Tensor", formula="deg2rad(self)", dtype="float", types=FLOAT, grad={"self": "grad * 0.017453292519943295"}, forms="fmio",
   ref="numpy.deg2rad", doc="Degrees to radians.")
op("rad2deg(Tensor self) -> Tensor", formula="rad2deg(self)", dtype="float", types=FLOAT, grad={"self": "grad * 57.29577951308232"}, forms="fmio",
   ref="numpy.rad2deg", doc="Radians to degrees.")

# ---- mathematics of floats and complex numbers: (gradient, reference)
UNARY = {
    "exp": ("grad * conj(result)", "numpy.exp", "e to the power input."),
    "exp2": ("grad * conj(result) * 0.6931471805599453", "numpy.exp2", "2 to the power input."),
    "expm1": ("grad * conj(result + 1)", "numpy.expm1", "exp(input) - 1, exact near 0."),
    "log": ("grad / conj(self)", "numpy.log", "The natural logarithm."),
    "log2": ("grad / conj(self * 0.6931471805599453)", "numpy.log2", "The logarithm to base 2."),
    "log10": ("grad / conj(self * 2.302585092994046)", "numpy.log10", "The logarithm to base 10."),
    "log1p": ("grad / conj(self + 1)", "numpy.log1p", "log(1 + input), exact near 0."),
    "sin": ("grad * conj(cos(self))", "numpy.sin", "The sine of radians."),
    "cos": ("grad * conj(-sin(self))", "numpy.cos", "The cosine of radians."),
    "tan": ("grad * conj(1 + result * result)", "numpy.tan", "The tangent of radians."),
    "asin": ("grad * conj(rsqrt(1 - self * self))", "numpy.arcsin", "The angle whose sine is input."),
    "acos": ("grad * conj(-rsqrt(1 - self * self))", "numpy.arccos", "The angle whose cosine is input."),
    "atan": ("grad / conj(self * self + 1)", "numpy.arctan", "The angle whose tangent is input."),
    "sinh": ("grad * conj(cosh(self))", "numpy.sinh", "The hyperbolic sine."),
    "cosh": ("grad * conj(sinh(self))", "numpy.cosh", "The hyperbolic cosine."),
    "tanh": ("grad * conj(1 - result * result)", "numpy.tanh", "The hyperbolic tangent: squeezes into (-1, 1)."),
    "asinh": ("grad * conj(rsqrt(self * self + 1))", "numpy.arcsinh", "The inverse of sinh."),
    "acosh": ("grad * conj(rsqrt(self - 1) * rsqrt(self + 1))", "numpy.arccosh", "The inverse of cosh."),
    "atanh": ("grad * conj(1 / (1 - self * self))", "numpy.arctanh", "The inverse of tanh."),
    "sqrt": ("grad / conj(2 * result)", "numpy.sqrt", "The square root."),
    "rsqrt": ("grad * conj(-0.5 * result * result * result)", None, "1 / sqrt(input)."),
    "sinc": ("grad * conj(sinc_slope(self))", "numpy.sinc", "sin(pi x) / (pi x), 1 at zero."),
    "sigmoid": ("grad * conj((1 - result) * result)", "scipy.special.expit", "Squeezes every number into (0, 1): 1 / (1 + exp(-input))."),
}
for name, (grad, ref, doc) in UNARY.items():
    op(f"{name}(Tensor self) -> Tensor", formula=f"{name}(self)", dtype="float", types="fc", grad={"self": grad}, forms="fmio",
       aliases="arc" + name[1:] if name.startswith("a") else "", ref=ref, doc=doc)

REAL_UNARY = {
    "erf": ("grad * exp(-(self * self)) * 1.1283791670955126", "scipy.special.erf", "The error function."),
    "erfc": ("-grad * exp(-(self * self)) * 1.1283791670955126", "scipy.special.erfc", "1 - erf(input), exact in the tail."),
    "erfinv": ("grad * exp(result * result) * 0.8862269254527579", "scipy.special.erfinv", "The inverse of erf."),
    "lgamma": ("grad * digamma(self)", "scipy.special.gammaln", "The logarithm of the absolute value of the gamma function."),
    "digamma": ("grad * polygamma(1, self)", "scipy.special.digamma", "The derivative of lgamma."),
    "i0": ("grad * special_i1(self)", "scipy.special.i0", "The modified Bessel function of order 0."),
}
for name, (grad, ref, doc) in REAL_UNARY.items():
    op(f"{name}(Tensor self) -> Tensor", formula=f"{name}(self)", dtype="float", types=FLOAT, grad={"self": grad}, forms="fmio", ref=ref, doc=doc)
op("polygamma(int n, Tensor self) -> Tensor", forms="fo", doc="The n-th derivative of digamma.")
op("polygamma.method(Tensor self, int n) -> Tensor", forms="mi", doc="The n-th derivative of digamma.")
op("polygamma_kernel(Tensor self, *, Scalar n) -> Tensor", formula="polygamma(n, self)", dtype="float", types=FLOAT, forms="", node="PolygammaBackward0",
   grad={"self": "grad * polygamma_next(n, self)"}, doc="The kernel of polygamma.")
op("atan2(Tensor self, Tensor other) -> Tensor", formula="atan2(self, other)", dtype="float", types=FLOAT,
   grad={"self": "grad * (other / (self * self + other * other))", "other": "grad * (-self / (self * self + other * other))"}, forms="fmio",
   aliases="arctan2", ref="numpy.arctan2", doc="The angle of the point (other, input).")
op("logaddexp(Tensor self, Tensor other) -> Tensor", formula="logaddexp(self, other)", types="fc", ref="numpy.logaddexp", forms="fmo",
   grad={"self": "grad * conj(exp(self - result))", "other": "grad * conj(exp(other - result))"}, doc="log(exp(input) + exp(other)), without overflow.")
op("logaddexp2(Tensor self, Tensor other) -> Tensor", formula="logaddexp2(self, other)", types="f", ref="numpy.logaddexp2", forms="fmo",
   grad={"self": "grad * exp2(self - result)", "other": "grad * exp2(other - result)"}, doc="log2(2^input + 2^other), without overflow.")
op("xlogy(Operand self, Operand other) -> Tensor", formula="xlogy(self, other)", dtype="float", types=FLOAT, forms="fmio", ref="scipy.special.xlogy",
   grad={"self": "grad * xlogy_slope(self, other)", "other": "grad * (self / other)"}, doc="input * log(other), 0 where input is 0.")

# ---- activations
op("relu(Tensor self) -> Tensor", formula="maximum(self, 0)", no_bools="Boolean inputs not supported for relu", types=REAL, grad={"self": "0 if result <= 0 else grad"}, forms="fmi",
   doc="Keeps positive numbers and makes the others 0.")
op("relu6(Tensor self) -> Tensor", formula="minimum(maximum(self, 0), 6)", types=REAL, node="HardtanhBackward0",
   grad={"self": "grad if self > 0 and self < 6 else 0"}, forms="fi", doc="Limits to the range 0 to 6.")
op("leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor", formula="self if self > 0 else self * negative_slope", types=FLOAT,
   grad={"self": "grad if self > 0 else grad * negative_slope"}, forms="fi", doc="Like relu, with a small slope for negative numbers.")
op("elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor", types=FLOAT, forms="fi",
   formula="self * scale if self > 0 else expm1(self * input_scale) * alpha * scale",
   grad={"self": "grad * scale if self > 0 else grad * alpha * scale * input_scale * exp(self * input_scale)"},
   doc="Like relu, curving down to -alpha.")
op("selu(Tensor self) -> Tensor", types=FLOAT, forms="fi", node="EluBackward0",
   formula="1.0507009873554805 * (self if self > 0 else 1.6732632423543772 * expm1(self))",
   grad={"self": "grad * 1.0507009873554805 if self > 0 else grad * 1.7580993408473766 * exp(self)"}, doc="elu with constants that keep mean and variance.")
op("celu(Tensor self, Scalar alpha=1.0) -> Tensor", types=FLOAT, forms="fi", formula="maximum(self, 0) + minimum(alpha * expm1(self / alpha), 0)",
   node="EluBackward0", grad={"self": "grad if self > 0 else grad * exp(self / alpha)"}, doc="A smooth elu.")
op("silu(Tensor self) -> Tensor", formula="self * sigmoid(self)", types="fc", forms="fi", doc="input * sigmoid(input), also called swish.",
   grad={"self": "grad * conj(sigmoid(self) * (1 + self * (1 - sigmoid(self))))"})
op("mish(Tensor self) -> Tensor", formula="mish(self)", types=FLOAT, forms="fi", doc="input * tanh(softplus(input)).",
   grad={"self": "grad * mish_slope(self)"})
op("gelu_erf(Tensor self) -> Tensor", formula="gelu(self)", types=FLOAT, forms="", node="GeluBackward0", doc="input times the normal distribution function.",
   grad={"self": "grad * (0.5 * (1 + erf(self * 0.7071067811865476)) + self * exp(-0.5 * self * self) * 0.3989422804014327)"})
op("gelu_tanh(Tensor self) -> Tensor", formula="gelu_tanh(self)", types=FLOAT, forms="", node="GeluBackward0", doc="The tanh approximation of gelu.",
   grad={"self": "grad * gelu_tanh_slope(self)"})
op("softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor", formula="softplus(self, beta, threshold)", types=FLOAT, forms="fo",
   grad={"self": "grad if self * beta > threshold else grad * sigmoid(self * beta)"}, doc="A smooth relu: log(1 + exp(beta * input)) / beta.")
op("log_sigmoid(Tensor self) -> Tensor", formula="log_sigmoid(self)", types=FLOAT, forms="fo", node="LogSigmoidBackward0",
   grad={"self": "grad * (1 - sigmoid(self))"}, doc="log(sigmoid(input)), without underflow.")
op("gelu(Tensor self, *, str approximate='none') -> Tensor", forms="fo", doc="input times the normal distribution function; 'tanh' approximates it.")
op("logsigmoid(Tensor self) -> Tensor", forms="f", doc="log(sigmoid(input)), without underflow.")
op("prelu(Tensor self, Tensor weight) -> Tensor", forms="fm", doc="leaky_relu whose slope is learned, one for all or one a channel.")
op("hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor", formula="minimum(maximum(self, min_val), max_val)", types=REAL, forms="fi",
   grad={"self": "grad if self > min_val and self < max_val else 0"}, doc="Limits to [min_val, max_val].")
op("hardsigmoid(Tensor self) -> Tensor", formula="minimum(maximum(self + 3, 0), 6) / 6", types=FLOAT, forms="fi",
   grad={"self": "grad / 6 if self > -3 and self < 3 else 0"}, doc="A sigmoid of straight pieces.")
op("hardswish(Tensor self) -> Tensor", formula="self * minimum(maximum(self + 3, 0), 6) / 6", types=FLOAT, forms="fi",
   grad={"self": "grad * (0 if self < -3 else (self / 3 + 0.5 if self <= 3 else 1))"}, doc="silu of straight pieces.")
op("hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor", formula="0 if self >= -lambd and self <= lambd else self", types=FLOAT, forms="fmo",
   grad={"self": "0 if self >= -lambd and self <= lambd else grad"}, doc="Makes numbers within lambd of zero 0.")
op("softshrink(Tensor self, Scalar lambd=0.5) -> Tensor", types=FLOAT, forms="fo",
   formula="self - lambd if self > lambd else (self + lambd if self < -lambd else self * 0)",
   grad={"self": "0 if self >= -lambd and self <= lambd else grad"}, doc="Moves numbers towards zero by lambd.")
op("threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor", formula="value if self <= threshold else self", no_bools="", types=REAL, forms="fi",
   grad={"self": "0 if self <= threshold else grad"}, doc="Replaces numbers up to threshold by value.")
op("prelu_kernel(Tensor self, Tensor weight) -> Tensor", formula="self if self > 0 else weight * self", types=FLOAT, forms="", node="PreluKernelBackward0",
   grad={"self": "grad if self > 0 else grad * weight", "weight": "0 if self > 0 else grad * self"}, doc="prelu after broadcasting.")
op("logit_kernel(Tensor self, *, Scalar eps) -> Tensor", formula="logit(self, eps)", dtype="float", types=FLOAT, forms="", node="LogitBackward0",
   grad={"self": "logit_grad(grad, self, eps)"}, doc="The inverse of sigmoid; eps < 0 means no clamping.")
op("logit(Tensor self, float? eps=None) -> Tensor", forms="fmio", ref="scipy.special.logit", doc="The inverse of sigmoid; with eps, input is clamped to [eps, 1 - eps].")
op("nan_to_num(Tensor self, float? nan=None, float? posinf=None, float? neginf=None) -> Tensor", forms="fmio", ref="numpy.nan_to_num",
   doc="Replaces NaN by nan (0) and infinities by posinf and neginf (the largest finite numbers).")
op("nan_to_num_kernel(Tensor self, *, Scalar for_nan, Scalar posinf, Scalar neginf) -> Tensor", types=FLOAT, forms="", node="NanToNumBackward0",
   formula="for_nan if isnan(self) else (posinf if isposinf(self) else (neginf if isneginf(self) else self))",
   grad={"self": "grad * isfinite(self)"}, doc="Replaces NaN and infinities.")

# ---- complex numbers
op("conj(Tensor(a) self) -> Tensor(a)", forms="fm", doc="The complex conjugate; of a real tensor the tensor itself.")
op("conj_kernel(Tensor self) -> Tensor", formula="conj(self)", forms="", node="ConjBackward0", grad={"self": "conj(grad)"}, doc="The complex conjugate.")
op("angle(Tensor self) -> Tensor", formula="angle(self)", dtype="float_real", types="fc", grad={"self": "angle_grad(grad, self)"}, forms="fmo",
   ref="numpy.angle", doc="The angle of a complex number.")
op("conj_physical(Tensor self) -> Tensor", forms="fmio", doc="The complex conjugate, computed at once.")
op("resolve_conj(Tensor(a) self) -> Tensor(a)", forms="fm", doc="The tensor itself: a conjugation is never put off here.")
op("resolve_neg(Tensor(a) self) -> Tensor(a)", forms="fm", doc="The tensor itself: a negation is never put off here.")
op("is_conj(Tensor self) -> bool", forms="fm", not_diff=True, doc="False: a conjugation is never put off here.")
op("positive(Tensor(a) self) -> Tensor(a)", forms="fm", ref="numpy.positive", doc="The tensor itself, as +input; bool raises.")
op("is_neg(Tensor self) -> bool", forms="fm", not_diff=True, doc="False: a negation is never put off here.")
