// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Elementary functions of packs. exp, log, sin and cos are arithmetic on whole registers; the others go element
/// by element through the functions of Kokkos. No element depends on another.

#include <rvfit/core/pack.hpp>
#include <rvfit/core/pack_exp_log.hpp>
#include <rvfit/core/pack_sine.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit {

#define RVFIT_ELEMENT_BY_ELEMENT(name)                                             \
  template <class T, int W>                                                        \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> name(const Pack<T, W>& x) { \
    Pack<T, W> out;                                                                \
    for (int w = 0; w < W; ++w) {                                                  \
      out.set(w, Kokkos::name(x[w]));                                              \
    }                                                                              \
    return out;                                                                    \
  }
RVFIT_ELEMENT_BY_ELEMENT(sqrt)
RVFIT_ELEMENT_BY_ELEMENT(cbrt)
RVFIT_ELEMENT_BY_ELEMENT(tan)
RVFIT_ELEMENT_BY_ELEMENT(asin)
RVFIT_ELEMENT_BY_ELEMENT(acos)
RVFIT_ELEMENT_BY_ELEMENT(atan)
RVFIT_ELEMENT_BY_ELEMENT(sinh)
RVFIT_ELEMENT_BY_ELEMENT(cosh)
RVFIT_ELEMENT_BY_ELEMENT(tanh)
RVFIT_ELEMENT_BY_ELEMENT(erf)
RVFIT_ELEMENT_BY_ELEMENT(erfc)
RVFIT_ELEMENT_BY_ELEMENT(expm1)
RVFIT_ELEMENT_BY_ELEMENT(log1p)
RVFIT_ELEMENT_BY_ELEMENT(log10)
#undef RVFIT_ELEMENT_BY_ELEMENT

#define RVFIT_ELEMENT_BY_ELEMENT(name)                                                  \
  template <class T, int W>                                                             \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> name(const Pack<T, W>& x,        \
                                                            const Pack<T, W>& y) {      \
    Pack<T, W> out;                                                                     \
    for (int w = 0; w < W; ++w) {                                                       \
      out.set(w, Kokkos::name(x[w], y[w]));                                             \
    }                                                                                   \
    return out;                                                                         \
  }                                                                                     \
  template <class T, int W, class U>                                                    \
  requires std::is_arithmetic_v<U>                                                      \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> name(const Pack<T, W>& x, U y) { \
    return name(x, Pack<T, W>(y));                                                      \
  }                                                                                     \
  template <class T, int W, class U>                                                    \
  requires std::is_arithmetic_v<U>                                                      \
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION Pack<T, W> name(U x, const Pack<T, W>& y) { \
    return name(Pack<T, W>(x), y);                                                      \
  }
RVFIT_ELEMENT_BY_ELEMENT(pow)
RVFIT_ELEMENT_BY_ELEMENT(atan2)
RVFIT_ELEMENT_BY_ELEMENT(hypot)
#undef RVFIT_ELEMENT_BY_ELEMENT

}  // namespace rvfit
