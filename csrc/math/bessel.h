// Bessel and Airy functions. Careful scalar code, computed in double for every type.
//
// The Chebyshev series were computed for Penlight from 45-digit values. J and Y come from the C library.
#pragma once

#include "activation.h"

namespace pl::math {

namespace detail {

// The sum of c_k T_k(t), |t| <= 1 (Clenshaw).
template <class... C>
PL_FN double chebyshev(double t, C... c) {
  const double coefficients[] = {c...};
  const double twice = 2.0 * t;
  double b0 = 0.0;
  double b1 = 0.0;
  for (int k = int(sizeof...(C)) - 1; k > 0; --k) {
    const double b2 = b1;
    b1 = b0;
    b0 = twice * b1 + (coefficients[k] - b2);
  }
  return t * b0 - b1 + coefficients[0];
}

// e^-x I0(x), x >= 0.
PL_SLOW_FN double i0e(double x) {
  if (x <= 8.0) {
    return chebyshev(0.25 * x - 1.0, 0.33839763720473803, -0.3046826723431984, 0.17162090152220877,
                     -0.094901097048047639, 0.049305284239670712, -0.023737414805899471, 0.010546460394594998,
                     -0.0043243099950505759, 0.0016394756169413357, -0.00057637557453858236, 0.00018850288509584165,
                     -5.754195010082104e-05, 1.6448448070728896e-05, -4.4167383584587505e-06, 1.1173875391201037e-06,
                     -2.6707938539406119e-07, 6.0469950225419186e-08, -1.300025009986248e-08, 2.6598237246823866e-09,
                     -5.1897956016352627e-10, 9.675809035373237e-11, -1.7268262914415559e-11, 2.9550526631296399e-12,
                     -4.856446783111929e-13, 7.6761854986049361e-14, -1.1685332877993451e-14, 1.7153912855551331e-15,
                     -2.4312798465479549e-16, 3.3307945188222384e-17, -4.4153416464793395e-18, 5.6691780069214962e-19);
  }
  return chebyshev(16.0 / x - 1.0, 0.40224520550705439, 0.0033691164782556943, 6.8897583469168245e-05,
                   2.8913705208347567e-06, 2.0489185894690638e-07, 2.266668990498178e-08, 3.3962320257083865e-09,
                   4.9406023882249701e-10, 1.1889147107846439e-11, -3.1499165279632416e-11, -1.3215811840447713e-11,
                   -1.7941785315068062e-12, 7.180124451383666e-13, 3.8527783827421426e-13, 1.54008621752141e-14,
                   -4.1505693472872222e-14, -9.5548466988283073e-15, 3.8116806693526224e-15, 1.7725601330565263e-15,
                   -3.425485619677219e-16, -2.8276239805165836e-16, 3.4612228676974612e-17, 4.4656214202967598e-17,
                   -4.8305044859441819e-18, -7.2331804878747538e-18) /
         sqrt(x);
}

// e^-x I1(x), x >= 0.
PL_SLOW_FN double i1e(double x) {
  if (x <= 8.0) {
    return x *
           chebyshev(0.25 * x - 1.0, 0.12629359322181682, -0.17641651835783406, 0.10264365868984709,
                     -0.052945981208094989, 0.024726449030626516, -0.010564084894626197, 0.0041564229443128882,
                     -0.0015135724506312532, 0.00051228595616857576, -0.00016176081582589674, 4.7815651075500542e-05,
                     -1.3273163656039436e-05, 3.4702513081376785e-06, -8.5687202646954547e-07, 2.0032947535521353e-07,
                     -4.4450591287963281e-08, 9.3815373864957726e-09, -1.8872497517228294e-09, 3.6255902815521172e-10,
                     -6.6634897235020271e-11, 1.1736186298890901e-11, -1.9839743977649436e-12, 3.2237933659455748e-13,
                     -5.0421855047279118e-14, 7.6006842947354077e-15, -1.1055969477353862e-15, 1.5536319577362005e-16,
                     -2.111421214358166e-17, 2.7779141127610464e-18, -3.5415817725421362e-19);
  }
  return chebyshev(16.0 / x - 1.0, 0.38928811750914005, -0.0097610974913614687, -0.00011058893876262371,
                   -3.8825648088776906e-06, -2.5122362378702088e-07, -2.6314688468895196e-08, -3.835380385964237e-09,
                   -5.5897434621965838e-10, -1.8974958123505413e-11, 3.2526035830154884e-11, 1.4125807436613782e-11,
                   2.0356285441470896e-12, -7.1985517762459084e-13, -4.0835511110921974e-13, -2.1015418427726643e-14,
                   4.272440016711951e-14, 1.0420276984128802e-14, -3.8144030724370075e-15, -1.8803547755107825e-15,
                   3.3082023109209285e-16, 2.9626289976459501e-16, -3.2095259219934238e-17, -4.6503053684893586e-17,
                   4.4143483230717077e-18, 7.5172963108421052e-18, -9.3141788673268842e-19, -1.242193275194891e-18) /
         sqrt(x);
}

// K0(x) and K1(x), 0 < x <= 2.
PL_SLOW_FN double k0_small(double x) {
  const double i0 = exp(x) * i0e(x);
  return chebyshev(0.5 * x * x - 1.0, -0.26766369661695139, 0.3442898999246285, 0.035979936515361501,
                   0.001264615411446926, 2.2862121031194519e-05, 2.5347910790261494e-07, 1.9045163772202091e-09,
                   1.0349695257633625e-11, 4.2598161427910826e-14, 1.3744654358807508e-16, 3.5708965285083736e-19) -
         log(0.5 * x) * i0;
}
PL_SLOW_FN double k1_small(double x) {
  const double i1 = exp(x) * i1e(x);
  return chebyshev(0.5 * x * x - 1.0, 0.76265011366947388, -0.35315596077654487, -0.12261118082265715,
                   -0.0069757238596398641, -0.0001730288957513052, -2.4334061415659684e-06, -2.213387630734726e-08,
                   -1.4114883926335278e-10, -6.6669016941993295e-13, -2.427449850519366e-15, -7.0238634793862882e-18) /
             x +
         log(0.5 * x) * i1;
}

// e^x sqrt(x) K0(x) and e^x sqrt(x) K1(x), x > 2.
PL_SLOW_FN double k0_large(double x) {
  return chebyshev(4.0 / x - 1.0, 1.2201515410329777, -0.031448101311964502, 0.0015698838857300533,
                   -0.00012849549581627802, 1.39498137188765e-05, -1.8317555227191195e-06, 2.7668136394450149e-07,
                   -4.6604898976879478e-08, 8.5740340174142253e-09, -1.6975345093890614e-09, 3.5773972814003283e-10,
                   -7.9574892444773965e-11, 1.8559491149549264e-11, -4.5145978833745193e-12, 1.1403405882073441e-12,
                   -2.9800969231481784e-13, 8.0328907750683746e-14, -2.2275133267462965e-14, 6.3400764762766461e-15,
                   -1.8485933779209071e-15, 5.5120559994043335e-16, -1.6782311257549006e-16, 5.2103917776435543e-17,
                   -1.6475805939842632e-17, 5.3004337711773354e-18);
}
PL_SLOW_FN double k1_large(double x) {
  return chebyshev(4.0 / x - 1.0, 1.3603130952422213, 0.10392373657681724, -0.0028578168596227792,
                   0.00019521551847135162, -1.936197974166083e-05, 2.406484947837217e-06, -3.5019606030878126e-07,
                   5.7410841254500495e-08, -1.0345762465678097e-08, 2.0150497551970347e-09, -4.1903547593419254e-10,
                   9.2183151876053146e-11, -2.1299678384277909e-11, 5.1396396734823432e-12, -1.2891739609498229e-12,
                   3.3484196660522431e-13, -8.9767051820101463e-14, 2.4771544242195988e-14, -7.0198370892147685e-15,
                   2.038703166239861e-15, -6.0570472706430177e-16, 1.8380935752430455e-16, -5.6894628491936484e-17,
                   1.7940510478863572e-17, -5.7567444820733025e-18);
}

// What K0 and K1 are where x is not a positive number.
PL_FN double k_edge(double x) { return x == 0.0 ? infinity<double>() : nan<double>(); }

PL_SLOW_FN double modified_bessel_k0(double x) {
  if (!(x > 0.0)) return k_edge(x);
  return x <= 2.0 ? k0_small(x) : k0_large(x) * (exp(-x) / sqrt(x));
}
PL_SLOW_FN double modified_bessel_k1(double x) {
  if (!(x > 0.0)) return k_edge(x);
  return x <= 2.0 ? k1_small(x) : k1_large(x) * (exp(-x) / sqrt(x));
}
PL_SLOW_FN double scaled_modified_bessel_k0(double x) {
  if (!(x > 0.0)) return k_edge(x);
  return x <= 2.0 ? k0_small(x) * exp(x) : k0_large(x) / sqrt(x);
}
PL_SLOW_FN double scaled_modified_bessel_k1(double x) {
  if (!(x > 0.0)) return k_edge(x);
  return x <= 2.0 ? k1_small(x) * exp(x) : k1_large(x) / sqrt(x);
}

// e^x in two factors: I0 and I1 are finite a little beyond the range of e^x.
PL_SLOW_FN double i0(double x) {
  const double a = abs(x);
  if (a == infinity<double>()) return a;
  const double e = exp(0.5 * a);
  return e * i0e(a) * e;
}
PL_SLOW_FN double i1(double x) {
  const double a = abs(x);
  if (a == infinity<double>()) return x;
  const double e = exp(0.5 * a);
  return copysign(e * i1e(a) * e, x);
}

PL_SLOW_FN double spherical_bessel_j0(double x) {
  if (isinf(x)) return 0.0;
  if (abs(x) < 0.5) {
    const double z = x * x;
    return polynomial(z, 1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800.0);
  }
  return sin(x) / x;
}

// 2/3 x^(3/2) for x > 0 and what its rounding lost: exponentials and angles of thousands need those digits.
struct AiryArgument {
  double zeta;
  double low;
};
PL_SLOW_FN AiryArgument airy_argument(double x) {
  const double third = 2.0 / 3.0;
  const double third_low = 0x1.5555555555555p-55;
  const double root = sqrt(x);
  const double root_low = 0.5 * fma(-root, root, x) / root;
  const double product = x * root;
  const double product_low = fma(x, root, -product) + x * root_low;
  const double zeta = third * product;
  return {zeta, fma(third, product, -zeta) + (third * product_low + third_low * product)};
}

PL_SLOW_FN double airy_ai(double x) {
  const double inverse_sqrt_pi = 0x1.20dd750429b6dp-1;
  if (x > 105.0) return isinf(x) ? nan<double>() : 0.0;
  if (x > 2.0) {
    const AiryArgument z = airy_argument(x);
    const double t = 2.0 * (0x1.e2b7dddfefa66p+0 / z.zeta) - 1.0;
    const double series =
        chebyshev(t, 0.98440530491715517, -0.014792784850104199, 0.00073271774654267146, -6.1259542341782504e-05,
                  6.8347669755726903e-06, -9.2372297354039818e-07, 1.436225340438052e-07, -2.4893194223220961e-08,
                  4.7097934400543277e-09, -9.5838637081127331e-10, 2.0745855483677591e-10, -4.737267332192277e-11,
                  1.1336099808224236e-11, -2.8277067823193509e-12, 7.3207120951255979e-13, -1.9599793911089723e-13,
                  5.4101162570683925e-14, -1.5356466802223836e-14, 4.4723403933000248e-15, -1.3338094674756683e-15,
                  4.0665820464562309e-16, -1.2655832256452891e-16, 4.0151263340158709e-17, -1.2969972135960937e-17,
                  4.2613499074124002e-18);
    return 0.5 * inverse_sqrt_pi * (exp(-z.zeta) * (1.0 - z.low)) * series / sqrt(sqrt(x));
  }
  if (x >= -2.0) {
    return chebyshev(0.5 * x, 0.26381798191440015, -0.19176745775077353, -0.11544587863809751, 0.10129229869705277,
                     -0.020634225363441998, -0.0052634602358797239, 0.003521327342050992, -0.0005522127136308693,
                     -8.7223469610975461e-05, 4.9972155304858785e-05, -6.5820961696593796e-06, -7.4659409806658077e-07,
                     3.8371005050115145e-07, -4.4277262025188752e-08, -3.9015206761140334e-09, 1.8443828865292734e-09,
                     -1.9121426939191717e-10, -1.3741370931826864e-11, 6.0694960049030788e-12, -5.7497991434897605e-13,
                     -3.4830897134177482e-14, 1.4529660977306211e-14, -1.2731201711598244e-15, -6.6581814698644443e-17,
                     2.6436799630296418e-17, -2.1623777372348792e-18);
  }
  if (x >= -6.0) {
    return chebyshev(0.5 * (x + 4.0), -0.045901393023056007, 0.035996558601509597, -0.010242874765900406,
                     0.33630908868563908, -0.010702532456770681, -0.10508066586752478, 0.019607437754759951,
                     0.011433997553759206, -0.0039498586974042078, -0.00035842674546688658, 0.00033363033401185541,
                     -2.7183337046539296e-05, -1.3429935547268037e-05, 3.0570085818263757e-06, 1.3738019279125491e-07,
                     -1.2739948668990628e-07, 1.1268349785888177e-08, 2.4108493671572612e-09, -5.8535870765093039e-10,
                     6.412601403331173e-12, 1.2751379939418277e-11, -1.5099435786734477e-12, -9.517979425719654e-14,
                     3.7890548310151639e-14, -2.1383366193057738e-15, -4.1336451761283797e-16, 7.2911847834119532e-17);
  }
  // Oscillating, with amplitudes that are series in 1/zeta^2.
  const AiryArgument z = airy_argument(-x);
  const double u = 9.7979589711327124 / z.zeta;
  const double t = 2.0 * u * u - 1.0;
  const double f =
      chebyshev(t, 0.99980884773955314, -0.00019041677962134863, 7.2679681684174446e-07, -8.485426967529796e-09,
                1.9144545982950886e-10, -6.7784939414051617e-12, 3.345666079656652e-13, -2.1345137724465704e-14,
                1.6718079441151791e-15, -1.5491724858625586e-16, 1.6524273492513008e-17);
  const double g =
      chebyshev(t, 0.069251011227008608, -0.00019199395713168297, 1.4144485007348916e-06, -2.4076418454371364e-08,
                7.0331354741880267e-10, -3.0199171290130837e-11, 1.7348363656049099e-12, -1.2527799137757002e-13,
                1.0886384509119664e-14, -1.1026771285105438e-15, 1.2709996936013433e-16, -1.6365087007659018e-17,
                2.3195560389025733e-18, -3.5767506409927694e-19) /
      z.zeta;
  // The sine and cosine of zeta - pi/4, times sqrt(2).
  const double sine = sin(z.zeta) + z.low * cos(z.zeta);
  const double cosine = cos(z.zeta) - z.low * sin(z.zeta);
  return inverse_sqrt_pi * kSqrtHalf * ((cosine + sine) * f + (sine - cosine) * g) / sqrt(sqrt(-x));
}

}  // namespace detail

#define PL_BY_DOUBLE(name)             \
  template <class T>                   \
    requires is_float<T>               \
  PL_FN T name(T x) {                  \
    return T(detail::name(double(x))); \
  }
PL_BY_DOUBLE(i0)
PL_BY_DOUBLE(i1)
PL_BY_DOUBLE(modified_bessel_k0)
PL_BY_DOUBLE(modified_bessel_k1)
PL_BY_DOUBLE(scaled_modified_bessel_k0)
PL_BY_DOUBLE(scaled_modified_bessel_k1)
PL_BY_DOUBLE(spherical_bessel_j0)
PL_BY_DOUBLE(airy_ai)
#undef PL_BY_DOUBLE

template <class T>
  requires is_float<T>
PL_FN T i0e(T x) {
  return T(detail::i0e(abs(double(x))));
}
template <class T>
  requires is_float<T>
PL_FN T i1e(T x) {
  return T(copysign(detail::i1e(abs(double(x))), double(x)));
}
template <class T>
  requires is_float<T>
PL_FN T modified_bessel_i0(T x) {
  return i0(x);
}
template <class T>
  requires is_float<T>
PL_FN T modified_bessel_i1(T x) {
  return i1(x);
}
template <class T>
  requires is_float<T>
PL_FN T bessel_j0(T x) {
  return T(PL_BUILTIN(j0)(double(x)));
}
template <class T>
  requires is_float<T>
PL_FN T bessel_j1(T x) {
  return T(PL_BUILTIN(j1)(double(x)));
}
template <class T>
  requires is_float<T>
PL_FN T bessel_y0(T x) {
  return x < T(0) ? nan<T>() : T(PL_BUILTIN(y0)(double(x)));
}
template <class T>
  requires is_float<T>
PL_FN T bessel_y1(T x) {
  return x < T(0) ? nan<T>() : T(PL_BUILTIN(y1)(double(x)));
}

}  // namespace pl::math
