// LAPACK's routines, from the OpenBLAS of the PyPI package scipy-openblas32, which is opened when an operator first needs
// one. Matrices lie column by column without gaps; results are LAPACK's `info`: 0 for success.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <utility>
#include "math/complex.h"

namespace pl::lapack {

using Int = int32_t;

template <class T> struct RealOf { using type = T; };
template <class T> struct RealOf<Complex<T>> { using type = T; };
template <class T> using Real = typename RealOf<T>::type;

#define PL_LAPACK_ROUTINES(X) \
  X(getrf) X(getrs) X(potrf) X(potri) X(potrs) X(trsm) X(geqrf) X(orgqr) X(ormqr) X(gesdd) X(syevd) X(geev) X(sytrf) \
  X(sytrs) X(hetrf) X(hetrs) X(gels) X(gelsy) X(gelsd) X(gelss)
enum class Routine : int {
#define PL_X(name) name,
  PL_LAPACK_ROUTINES(PL_X)
#undef PL_X
  count
};

void open();                                   // before any other; needs the GIL; raises where the package is missing
void* symbol(Routine r, int type);             // type: float, double, complex64, complex128
int set_threads(int n);                        // of OpenBLAS's own pool; returns the former number

template <class T> constexpr int type_index() {
  return (math::is_complex<T> ? 2 : 0) + (sizeof(Real<T>) == 8);
}

// Fortran takes every argument by address, and behind them the length of each character.
template <class A> auto by_address(const A& a) {
  if constexpr (std::is_pointer_v<A>) return a;
  else return &a;
}
template <class T, class... A> void call(Routine r, const A&... a) {
  constexpr size_t chars = (size_t(0) + ... + size_t(std::is_same_v<A, char>));
  [&]<size_t... I>(std::index_sequence<I...>) {
    using Function = void (*)(decltype(by_address(a))..., decltype(size_t(I))...);
    reinterpret_cast<Function>(symbol(r, type_index<T>()))(by_address(a)..., (void(I), size_t(1))...);
  }(std::make_index_sequence<chars>{});
}

// Memory for as long as a call; LAPACK wants at least one element.
template <class T> std::unique_ptr<T[]> room(int64_t n) { return std::unique_ptr<T[]>(new T[size_t(std::max<int64_t>(n, 1))]); }

// Runs f(work, lwork, info) twice: the first time to ask how much room is wanted.
template <class T, class F> Int with_room(F f) {
  T wanted{};
  Int info = 0;
  f(&wanted, Int(-1), &info);
  if (info != 0) return info;
  // A float cannot hold every integer: a little more than it says.
  const double asked = double(math::real(wanted));
  const int64_t n = std::max<int64_t>(1, int64_t(asked + asked / (1 << 22)));
  auto work = room<T>(n);
  f(work.get(), Int(n), &info);
  return info;
}

inline Int least_one(Int n) { return std::max(n, Int(1)); }

// ---- matrices so small that a call costs more than the work: the textbook's loops
constexpr Int kSmall = 10;

template <class T> Real<T> size1(T z) { return math::abs(math::real(z)) + math::abs(math::imag(z)); }

template <class T> Int small_getrf(Int m, Int n, T* a, Int* pivots) {
  Int info = 0;
  for (Int j = 0; j < std::min(m, n); ++j) {
    T* column = a + j * m;
    Int p = j;
    for (Int i = j + 1; i < m; ++i) if (size1(column[i]) > size1(column[p])) p = i;
    pivots[j] = p + 1;
    if (column[p] == T(0)) {
      if (info == 0) info = j + 1;
      continue;
    }
    if (p != j) for (Int k = 0; k < n; ++k) std::swap(a[j + k * m], a[p + k * m]);
    for (Int i = j + 1; i < m; ++i) column[i] = column[i] / column[j];
    for (Int k = j + 1; k < n; ++k) {
      const T f = a[j + k * m];
      for (Int i = j + 1; i < m; ++i) a[i + k * m] -= column[i] * f;
    }
  }
  return info;
}
template <class T> void small_getrs(Int n, Int columns, const T* lu, const Int* pivots, T* b) {
  for (Int c = 0; c < columns; ++c, b += n) {
    for (Int i = 0; i < n; ++i) std::swap(b[i], b[pivots[i] - 1]);
    for (Int j = 0; j < n; ++j) for (Int i = j + 1; i < n; ++i) b[i] -= lu[i + j * n] * b[j];
    for (Int j = n - 1; j >= 0; --j) {
      b[j] = b[j] / lu[j + j * n];
      for (Int i = 0; i < j; ++i) b[i] -= lu[i + j * n] * b[j];
    }
  }
}

// Of the triangle `uplo`; the other one is not touched.
template <class T> Int small_potrf(char uplo, Int n, T* a) {
  const bool upper = uplo == 'U';
  auto at = [&](Int i, Int j) -> T& { return upper ? a[j + i * n] : a[i + j * n]; };      // row i, column j <= i of L or of U^H
  for (Int j = 0; j < n; ++j) {
    Real<T> d = math::real(at(j, j));
    for (Int k = 0; k < j; ++k) d -= math::real(at(j, k)) * math::real(at(j, k)) + math::imag(at(j, k)) * math::imag(at(j, k));
    if (!(d > 0)) return j + 1;
    d = std::sqrt(d);
    at(j, j) = T(d);
    for (Int i = j + 1; i < n; ++i) {
      T sum = at(i, j);
      for (Int k = 0; k < j; ++k) sum -= upper ? math::conj(at(j, k)) * at(i, k) : at(i, k) * math::conj(at(j, k));
      at(i, j) = sum / T(d);
    }
  }
  return 0;
}

// ---- factorisations; `a` is overwritten by the factors
template <class T> Int getrf(Int m, Int n, T* a, Int* pivots) {
  if (std::max(m, n) <= kSmall) return small_getrf(m, n, a, pivots);
  Int info = 0;
  call<T>(Routine::getrf, m, n, a, least_one(m), pivots, &info);
  return info;
}
template <class T> Int potrf(char uplo, Int n, T* a) {
  if (n <= kSmall) return small_potrf(uplo, n, a);
  Int info = 0;
  call<T>(Routine::potrf, uplo, n, a, least_one(n), &info);
  return info;
}
template <class T> Int sytrf(bool hermitian, Int n, T* a, Int* pivots) {
  const Routine r = hermitian && math::is_complex<T> ? Routine::hetrf : Routine::sytrf;
  return with_room<T>([&](T* work, Int lwork, Int* info) { call<T>(r, 'L', n, a, least_one(n), pivots, work, lwork, info); });
}
template <class T> Int geqrf(Int m, Int n, T* a, T* tau) {
  return with_room<T>([&](T* work, Int lwork, Int* info) { call<T>(Routine::geqrf, m, n, a, least_one(m), tau, work, lwork, info); });
}
// The first n columns of the product of k reflections, in place of them.
template <class T> Int orgqr(Int m, Int n, Int k, T* a, const T* tau) {
  return with_room<T>([&](T* work, Int lwork, Int* info) { call<T>(Routine::orgqr, m, n, k, a, least_one(m), tau, work, lwork, info); });
}
// c = Q c, Q^H c, c Q or c Q^H; the reflections are the columns of a, of `rows` elements.
template <class T> Int ormqr(bool left, bool adjoint, Int m, Int n, Int k, const T* a, Int rows, const T* tau, T* c) {
  const char side = left ? 'L' : 'R', trans = !adjoint ? 'N' : math::is_complex<T> ? 'C' : 'T';
  return with_room<T>([&](T* work, Int lwork, Int* info) {
    call<T>(Routine::ormqr, side, trans, m, n, k, a, least_one(rows), tau, c, least_one(m), work, lwork, info);
  });
}

// ---- solving with factors; b is overwritten by the solution
template <class T> Int getrs(char trans, Int n, Int columns, const T* lu, const Int* pivots, T* b) {
  Int info = 0;
  if (trans == 'N' && n <= kSmall) {
    small_getrs(n, columns, lu, pivots, b);
    return info;
  }
  call<T>(Routine::getrs, trans, n, columns, lu, least_one(n), pivots, b, least_one(n), &info);
  return info;
}
template <class T> Int potrs(char uplo, Int n, Int columns, const T* a, T* b) {
  Int info = 0;
  call<T>(Routine::potrs, uplo, n, columns, a, least_one(n), b, least_one(n), &info);
  return info;
}
template <class T> Int potri(char uplo, Int n, T* a) {
  Int info = 0;
  call<T>(Routine::potri, uplo, n, a, least_one(n), &info);
  return info;
}
template <class T> Int sytrs(bool hermitian, Int n, Int columns, const T* a, const Int* pivots, T* b) {
  const Routine r = hermitian && math::is_complex<T> ? Routine::hetrs : Routine::sytrs;
  Int info = 0;
  call<T>(r, 'L', n, columns, a, least_one(n), pivots, b, least_one(n), &info);
  return info;
}
// op(A) X = B or X op(A) = B for a triangular A; B [m, n] becomes X.
template <class T> void trsm(char side, char uplo, char trans, char diag, Int m, Int n, const T* a, T* b) {
  call<T>(Routine::trsm, side, uplo, trans, diag, m, n, T(1), a, least_one(side == 'L' ? m : n), b, least_one(m));
}

// ---- eigenvalues and singular values; `a` is destroyed
// job: 'A' all of u and vt, 'S' the first min(m, n) columns and rows, 'N' none
template <class T> Int gesdd(char job, Int m, Int n, T* a, Real<T>* s, T* u, T* vt) {
  const Int k = std::min(m, n), rows_vt = least_one(job == 'S' ? k : n);
  auto iwork = room<Int>(8 * int64_t(k));
  const int64_t mn = std::min<int64_t>(m, n), mx = std::max<int64_t>(m, n);
  auto rwork = room<Real<T>>(math::is_complex<T> ? mn * std::max(5 * mn + 7, 2 * mx + 2 * mn + 1) : 0);
  return with_room<T>([&](T* work, Int lwork, Int* info) {
    if constexpr (math::is_complex<T>)
      call<T>(Routine::gesdd, job, m, n, a, least_one(m), s, u, least_one(m), vt, rows_vt, work, lwork, rwork.get(), iwork.get(), info);
    else
      call<T>(Routine::gesdd, job, m, n, a, least_one(m), s, u, least_one(m), vt, rows_vt, work, lwork, iwork.get(), info);
  });
}
// Of a symmetric or Hermitian matrix, by its triangle `uplo`; with `vectors` they replace a.
template <class T> Int syevd(bool vectors, char uplo, Int n, T* a, Real<T>* values) {
  const char job = vectors ? 'V' : 'N';
  Int info = 0, wanted_ints = 0;
  T wanted{};
  Real<T> wanted_reals{};
  auto run = [&](T* work, Int lwork, Real<T>* rwork, Int lrwork, Int* iwork, Int liwork) {
    if constexpr (math::is_complex<T>)
      call<T>(Routine::syevd, job, uplo, n, a, least_one(n), values, work, lwork, rwork, lrwork, iwork, liwork, &info);
    else
      call<T>(Routine::syevd, job, uplo, n, a, least_one(n), values, work, lwork, iwork, liwork, &info);
  };
  run(&wanted, -1, &wanted_reals, -1, &wanted_ints, -1);
  if (info != 0) return info;
  const int64_t slack = n;             // what a float may have rounded off
  const int64_t size = int64_t(math::real(wanted)) + slack, reals = int64_t(wanted_reals) + slack;
  auto work = room<T>(size);
  auto rwork = room<Real<T>>(reals);
  auto iwork = room<Int>(wanted_ints);
  run(work.get(), Int(size), rwork.get(), Int(reals), iwork.get(), wanted_ints);
  return info;
}
// Eigenvalues, and with `vectors` the right eigenvectors: of a real matrix in LAPACK's packing of conjugate pairs, apart
// in `values` (real parts, then imaginary ones).
template <class T> Int geev(Int n, T* a, T* values, T* vectors) {
  const char job = vectors ? 'V' : 'N';
  T* const none = nullptr;
  auto rwork = room<Real<T>>(math::is_complex<T> ? 2 * int64_t(n) : 0);
  return with_room<T>([&](T* work, Int lwork, Int* info) {
    if constexpr (math::is_complex<T>)
      call<T>(Routine::geev, 'N', job, n, a, least_one(n), values, none, Int(1), vectors, least_one(n), work, lwork, rwork.get(), info);
    else
      call<T>(Routine::geev, 'N', job, n, a, least_one(n), values, values + n, none, Int(1), vectors, least_one(n), work, lwork, info);
  });
}

// ---- least squares: a [m, n] is overwritten, b [max(m, n), columns] begins with the right sides and then the solution
template <class T> Int gels(Int m, Int n, Int columns, T* a, T* b) {
  return with_room<T>([&](T* work, Int lwork, Int* info) {
    call<T>(Routine::gels, 'N', m, n, columns, a, least_one(m), b, least_one(std::max(m, n)), work, lwork, info);
  });
}
template <class T> Int gelsy(Int m, Int n, Int columns, T* a, T* b, Real<T> rcond, Int* rank) {
  auto pivots = room<Int>(n);
  std::fill_n(pivots.get(), n, Int(0));
  auto rwork = room<Real<T>>(math::is_complex<T> ? 2 * int64_t(n) : 0);
  return with_room<T>([&](T* work, Int lwork, Int* info) {
    if constexpr (math::is_complex<T>)
      call<T>(Routine::gelsy, m, n, columns, a, least_one(m), b, least_one(std::max(m, n)), pivots.get(), rcond, rank, work, lwork, rwork.get(), info);
    else
      call<T>(Routine::gelsy, m, n, columns, a, least_one(m), b, least_one(std::max(m, n)), pivots.get(), rcond, rank, work, lwork, info);
  });
}
template <class T> Int gelss(Int m, Int n, Int columns, T* a, T* b, Real<T>* s, Real<T> rcond, Int* rank) {
  auto rwork = room<Real<T>>(math::is_complex<T> ? 5 * int64_t(std::min(m, n)) : 0);
  return with_room<T>([&](T* work, Int lwork, Int* info) {
    if constexpr (math::is_complex<T>)
      call<T>(Routine::gelss, m, n, columns, a, least_one(m), b, least_one(std::max(m, n)), s, rcond, rank, work, lwork, rwork.get(), info);
    else
      call<T>(Routine::gelss, m, n, columns, a, least_one(m), b, least_one(std::max(m, n)), s, rcond, rank, work, lwork, info);
  });
}
template <class T> Int gelsd(Int m, Int n, Int columns, T* a, T* b, Real<T>* s, Real<T> rcond, Int* rank) {
  Int info = 0, wanted_ints = 0;
  T wanted{};
  Real<T> wanted_reals{};
  auto run = [&](T* work, Int lwork, Real<T>* rwork, Int* iwork) {
    if constexpr (math::is_complex<T>)
      call<T>(Routine::gelsd, m, n, columns, a, least_one(m), b, least_one(std::max(m, n)), s, rcond, rank, work, lwork, rwork, iwork, &info);
    else
      call<T>(Routine::gelsd, m, n, columns, a, least_one(m), b, least_one(std::max(m, n)), s, rcond, rank, work, lwork, iwork, &info);
  };
  run(&wanted, -1, &wanted_reals, &wanted_ints);
  if (info != 0) return info;
  const int64_t size = int64_t(math::real(wanted)) + n;
  auto work = room<T>(size);
  auto rwork = room<Real<T>>(int64_t(wanted_reals) + n);
  auto iwork = room<Int>(wanted_ints);
  run(work.get(), Int(size), rwork.get(), iwork.get());
  return info;
}

}  // namespace pl::lapack
