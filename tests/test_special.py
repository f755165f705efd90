"""torch.special: values against 40-digit ones of mpmath far into the tails, corners, dtypes, gradients and errors."""

import math

import pytest

import penlight as torch

INF, NAN = math.inf, math.nan

# name: rows of arguments and the value, recorded from mpmath with 40 digits.
EXACT = {
    "log_ndtr": [
        (-514197.29938817513, -132199431363.1156),
        (1.3767589827318654, -0.08805925825508541),
        (0.009400762548893942, -0.6856745574629413),
        (-1269.352250960083, -805635.6337098794),
    ],
    "ndtr": [
        (-0.6460913022458721, 0.25911011394333533),
        (0.0024593087737189287, 0.5009811212613957),
        (-1.154983035252919, 0.124048686849893),
        (-11.727582517609486, 4.6025103391227623e-32),
    ],
    "erfcx": [
        (-10.779569378647372, 5.829950559287243e50),
        (-0.0011127161179370767, 1.0012568048606727),
        (1089059.460883276, 5.180521393110486e-07),
        (2082008.1445786173, 2.709833700779681e-07),
    ],
    "ndtri": [
        (3.540891386332551e-117, -22.981842829398932),
        (5.318105495418976e-12, -6.797619239148353),
        (5.0105598370186025e-225, -32.00263637333661),
        (0.9999999810742908, 5.500593862670112),
    ],
    "i0e": [
        (5.87068656085325e-06, 0.9999941293392878),
        (0.059709008319782514, 0.9428784371493346),
        (5.436253851308615e-05, 0.9999456396778842),
        (0.043863878046157094, 0.9575446511812806),
    ],
    "i1e": [
        (147375.40085464114, 0.0010391935943622939),
        (-447.4220845971325, -0.01884460126053599),
        (-0.00877149664757952, -0.004347488783974453),
        (1.56463361082528, 0.2190825867706887),
    ],
    "i1": [
        (0.05778355303176023, 0.028903836678529922),
        (-0.008949038397223903, -0.004474563991656387),
        (-0.004463013616134902, -0.002231512364102967),
        (-2.2719511727026047, -2.0446633696036174),
    ],
    "modified_bessel_k0": [
        (1.1049718860521116e-110, 253.30047185284417),
        (1.2448518255458751e-264, 607.7793795588785),
        (2.422650500416723e-247, 567.9695872962596),
        (2.8579290776089454e-24, 54.32787648370799),
    ],
    "scaled_modified_bessel_k0": [
        (8.74248738027779e-139, 318.00706469536766),
        (2.187691940666648e-134, 307.87948689715546),
        (4.9500056083656306e-182, 417.5870297309916),
        (4.784309185812501e-38, 86.04882340573079),
    ],
    "bessel_j0": [
        (-3.001783562294351e-05, 0.9999999997747324),
        (4.0961035709807233e-07, 0.999999999999958),
        (5.560920101555589e-06, 0.9999999999922691),
        (4.220583026546231e-06, 0.9999999999955467),
    ],
    "bessel_y0": [
        (37.05535434933515, -0.12981655175996218),
        (2.5960315237175148e-08, -11.19344883720874),
        (3.973678856931181e-06, -7.990692064677097),
        (3.4221672937007104, 0.22069920145029592),
    ],
    "modified_bessel_k1": [
        (4.962328983806547e-219, 2.0151827967538566e218),
        (2.128563684530224e-233, 4.698003669177044e232),
        (3.6619158097175547e-193, 2.7308110070316733e192),
        (3.4928485876328164e-75, 2.8629926975383806e74),
    ],
    "scaled_modified_bessel_k1": [
        (1.1102199363657378e-271, 9.007224309747684e270),
        (4.718243428296209e-230, 2.1194328253663397e229),
        (1.1223446551105067e-234, 8.909919029297995e233),
        (2.8025755786456734e-268, 3.5681464136758217e267),
    ],
    "bessel_j1": [
        (0.0009370612771916644, 0.00046853058716968645),
        (-2204.1865431996866, 0.015476382798126274),
        (388.8194754058591, -0.0404165080989307),
        (-1726.9789403466646, 0.019080774610354626),
    ],
    "bessel_y1": [
        (0.6593494870716471, -1.1623319846180522),
        (14.631721551478007, -0.05473275366779961),
        (1.3375654472271708e-07, -4759541.102735679),
        (5.893842125293311e-06, -108014.39179639665),
    ],
    "airy_ai": [
        (-0.005065476514706884, 0.3563390897942653),
        (-118.5049882361591, 0.003266452559636838),
        (0.004467087899884272, 0.3538718901268347),
        (-28.820291002694773, -0.062385410729130474),
    ],
    "spherical_bessel_j0": [
        (1.105775076475076, 0.8083126987508186),
        (8138.061098694581, 0.00011951139403292153),
        (0.011571931307514358, 0.9999776818837334),
        (2.3285190558134527e-08, 0.9999999999999999),
    ],
    "gammainc": [
        (0.00805918053601095, 0.0002911879195754397, 0.9408064856219812),
        (19.197456120772905, 11.993459088893582, 0.03343308745897076),
        (2.751919896729291, 0.32837735718412214, 0.008294193964679961),
        (0.865774138852699, 0.04024885139768011, 0.06397343519793912),
    ],
    "gammaincc": [
        (1237.9266148448794, 1512.7714115642939, 1.3580474447715353e-13),
        (38.10209328133611, 8.53899982232993, 0.9999999999998986),
        (0.0016326595547535112, 0.00030286009986895925, 0.012213291296723331),
        (1941.9395781302253, 2040.1286432573243, 0.013931718756769849),
    ],
    "xlog1py": [
        (3071.8258932377794, 0.06345747040965125, 188.99520821241882),
        (39.473763492936776, 5.573599895350864e-07, 2.2001090276070563e-05),
        (1.9868670049919814, 1.598995593017776e-17, 3.176991584894606e-17),
        (0.4815822646146337, 1.2242277588973693e-17, 5.895663765338929e-18),
    ],
    "entr": [
        (7.002720522184853e-102, 1.631055322262311e-99),
        (9.618431706982471e-11, 2.218467688414003e-09),
        (4.0047775475023734e-98, 8.981348450692202e-96),
        (7.142791017703165e-224, 3.6700585756952144e-221),
    ],
    "psi": [
        (1.0356748600360215e-65, -9.655539963239229e64),
        (3.9719305557175485e-61, -2.517667381068663e60),
        (2.1320454437213727e-86, -4.690331544971916e85),
        (4.1248305195667794e-79, -2.4243420311606584e78),
    ],
    "gammaln": [
        (1.0527906451718124e-17, 39.09250218501441),
        (6.231027011071796e-32, 71.85318180730704),
        (1.0246946524070175e-35, 80.56608358667299),
        (3.41990758345589e-74, 169.1616833532313),
    ],
    "erfinv": [
        (1.2361762115658846e-15, 1.095532643293872e-15),
        (8.279116864649905e-16, 7.337176284422763e-16),
        (1.163696530145884e-18, 1.0312991980712295e-18),
        (1.1411328465825136e-10, 1.0113026541599749e-10),
    ],
    "logit": [
        (0.9999999997384268, 22.064306918995683),
        (1.4494124421356087e-08, -18.049522467466726),
        (0.9999999995777223, 21.585358062174215),
        (5.056021316075821e-47, -106.60091949788847),
    ],
    "chebyshev_polynomial_t": [
        (0.5981125495950828, 1.0, 0.5981125495950828),
        (-0.09044869708009973, 20.0, -0.23833711733538004),
        (0.10438214164452231, 29.0, 0.10877079323072676),
    ],
    "shifted_chebyshev_polynomial_t": [
        (-2.550514800461987, 5.0, -130738.078263777),
        (-0.1650080420109692, 5.0, -26.18493302571009),
        (-2.8277421449445432, 10.0, 82479346776.64203),
    ],
    "chebyshev_polynomial_u": [
        (2.413252130093209, 10.0, 4545004.725807637),
        (1.4936797909726405, 25.0, 28648992654.932564),
        (-1.5418772180161893, 16.0, 10113072.2958394),
    ],
    "shifted_chebyshev_polynomial_u": [
        (-0.2572440456614027, 12.0, 141016.77280074082),
        (1.4936797909726405, 25.0, 178636195029736.0),
        (0.10142544382003793, 10.0, 1.2414752231140451),
    ],
    "chebyshev_polynomial_v": [
        (2.6751036433051993, 6.0, 15740.95812741182),
        (-0.5302969483944526, 3.0, 0.8033093505378195),
        (-0.9354712640585079, 8.0, 0.3968330254055314),
    ],
    "shifted_chebyshev_polynomial_v": [
        (0.3023238159949728, 18.0, 0.7923346313232156),
        (0.5628177084817538, 11.0, -0.8206629916100046),
        (0.7037393638457916, 19.0, -1.0705635896470216),
    ],
    "chebyshev_polynomial_w": [
        (-0.14635842584660752, 18.0, 0.46678263277186677),
        (-1.396228712180344, 2.0, 4.00536104250644),
        (0.8114194773464132, 15.0, -0.8076747690077368),
    ],
    "shifted_chebyshev_polynomial_w": [
        (1.722773766109606, 24.0, 1.528774840695475e16),
        (-2.318940190809784, 18.0, 6.90585430331237e18),
        (-0.5811260574610562, 9.0, -251257.71000157992),
    ],
    "hermite_polynomial_h": [
        (0.851228176542322, 20.0, 640014209454.4645),
        (-0.14635842584660752, 18.0, -11221343738.000793),
        (-1.716375672244568, 28.0, 1.4855033346626873e19),
    ],
    "hermite_polynomial_he": [
        (0.5981125495950828, 1.0, 0.5981125495950828),
        (-2.550514800461987, 5.0, 19.727202809540124),
        (-0.2572440456614027, 12.0, 6491.310372827043),
    ],
    "laguerre_polynomial_l": [
        (-1.5201101830654307, 25.0, 14044.931111729684),
        (-0.09044869708009973, 20.0, 3.7410812746123088),
        (1.4936797909726405, 25.0, 0.23989476378859412),
    ],
    "legendre_polynomial_p": [
        (-1.3372235869599358, 15.0, -26343.501558586202),
        (-0.747448052727745, 17.0, -0.186973490669319),
        (0.6215883191806437, 6.0, 0.11678981498310032),
    ],
    "zeta": [(22.352925173146208, 339.3718431464344, 4.434136112385841e-56), (2.0, 1.0, math.pi**2 / 6)],
    "multigammaln": [(5.5, 3, 11.306699197583207)],
}


def computed(name, arguments, dtype):
    args = [torch.tensor(a, dtype=dtype) for a in arguments]
    if name == "multigammaln":
        args[1] = arguments[1]
    return getattr(torch.special, name)(*args)


@pytest.mark.parametrize("name", EXACT)
def test_digits(name):
    for *arguments, value in EXACT[name]:
        result = computed(name, arguments, torch.float64)
        assert result.dtype is torch.float64
        assert result.item() == pytest.approx(value, rel=5e-12 if "gammainc" in name else 2e-13, abs=1e-300)


@pytest.mark.parametrize(
    "name", [n for n in EXACT if n not in ("entr", "erfcx", "logit", "ndtri", "gammainc", "gammaincc")]
)
def test_float32_is_the_rounded_double(name):
    for *arguments, _ in EXACT[name]:
        single = [torch.tensor(a).item() for a in arguments]
        if name == "multigammaln":
            single = arguments
        wide = computed(name, single, torch.float64).float()
        narrow = computed(name, single, torch.float32)
        assert narrow.dtype is torch.float32
        assert narrow.item() == pytest.approx(wide.item(), rel=3e-6, abs=1e-30) or narrow.item() == wide.item()


def test_all_names_are_there():
    assert len(torch.special.__all__) >= 56
    assert all(callable(getattr(torch.special, name)) for name in torch.special.__all__)
    x = torch.tensor([0.25, 2.0])
    assert torch.equal(torch.special.psi(x), torch.digamma(x))
    assert torch.equal(torch.special.expit(x), torch.sigmoid(x))
    assert torch.equal(torch.special.multigammaln(x + 1, 2), (x + 1).mvlgamma(2))
    assert not hasattr(torch.Tensor, "special_psi")


@pytest.mark.parametrize(
    "name, arguments, value",
    [
        ("ndtr", (INF,), 1.0),
        ("log_ndtr", (-1e200,), -INF),
        ("ndtri", (0.0,), -INF),
        ("ndtri", (1.5,), NAN),
        ("zeta", (1.0, 2.0), INF),
        ("zeta", (0.5, 2.0), NAN),
        ("xlog1py", (0.0, INF), 0.0),
        ("xlog1py", (0.0, NAN), NAN),
        ("entr", (-1.0,), -INF),
        ("i0e", (INF,), 0.0),
        ("bessel_y0", (0.0,), -INF),
        ("bessel_y1", (-2.0,), NAN),
        ("modified_bessel_k0", (0.0,), INF),
        ("chebyshev_polynomial_t", (-1.0, 7.0), -1.0),
        ("chebyshev_polynomial_u", (-1.0, 3.0), -4.0),
        ("chebyshev_polynomial_v", (-1.0, 2.0), 5.0),
        ("chebyshev_polynomial_w", (1.0, 2.0), 5.0),
        ("shifted_chebyshev_polynomial_t", (0.0, 3.0), -1.0),
        ("chebyshev_polynomial_t", (0.5, -1.0), 0.0),
        ("legendre_polynomial_p", (0.5, 2.9), -0.125),  # the fraction of a degree is dropped
        ("laguerre_polynomial_l", (0.0, 9.0), 1.0),
        ("hermite_polynomial_h", (0.5, 600.0), NAN),
        ("hermite_polynomial_he", (2.0, NAN), 0.0),
    ],
)
def test_corners(name, arguments, value):
    result = computed(name, arguments, torch.float64).item()
    assert result == value or (math.isnan(value) and math.isnan(result))


def test_gradients_at_zero_and_what_has_none():
    x = torch.tensor([0.0, 1.0], dtype=torch.float64, requires_grad=True)
    for f, slope in ((torch.special.i1, 0.5), (torch.special.i1e, 0.5)):
        first = torch.autograd.grad(f(x).sum(), x, create_graph=True)[0]
        assert first[0].item() == slope
        assert torch.isfinite(torch.autograd.grad(first.sum(), x)[0]).all()
    assert not torch.special.bessel_j0(x).requires_grad
    for f, words in ((torch.special.zeta, "zeta"), (torch.special.gammainc, "igamma: input")):
        with pytest.raises(NotImplementedError, match=f"the derivative for '{words}' is not implemented"):
            f(x + 2, x.detach() + 1).sum().backward()
    (grad,) = torch.autograd.grad(torch.special.zeta(2, x + 1).sum(), x)
    assert grad[0].item() == pytest.approx(-2 * 1.2020569031595942, rel=1e-14)
    (grad,) = torch.autograd.grad(torch.special.xlog1py(x, 2.0).sum(), x)
    assert grad.tolist() == [pytest.approx(math.log(3))] * 2


def test_two_numbers_are_refused():
    for f in (
        torch.special.xlogy,
        torch.special.zeta,
        torch.special.hermite_polynomial_h,
        torch.pow,
        torch.bitwise_and,
    ):
        with pytest.raises(TypeError, match="invalid combination of arguments"):
            f(2, 3)


def test_out_and_integers():
    out = torch.empty(0)
    assert torch.special.i0e(torch.arange(3), out=out) is out
    assert out.tolist() == pytest.approx([1.0, 0.46575960759, 0.30850832255])
    assert torch.special.legendre_polynomial_p(torch.arange(3), 2).tolist() == [-0.5, 1.0, 5.5]
    with pytest.raises(RuntimeError, match="may not be a boolean"):
        torch.mvlgamma(torch.tensor([True]), 1)
    with pytest.raises(RuntimeError, match="greater than or equal to 1"):
        torch.mvlgamma(torch.ones(2), 0)
