// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Types of the numbers that one thread works on.

#include <rvfit/core/pack.hpp>
#include <rvfit/core/policy.hpp>
#include <rvfit/residual/residual_model.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <type_traits>

namespace rvfit::detail {

/// True where a model runs with the fits of several elements at once.
template <class Model, class R>
[[nodiscard]] consteval bool runs_abreast() {
  if constexpr (requires { Model::packs; }) {
    return Model::packs && ValueOf<Model, R, FitOf<R>>;
  } else {
    return ValueOf<Model, R, FitOf<R>>;
  }
}

/// Types of the numbers of one thread. On hosts they are packs of as many fits as a register of the wider type
/// has elements, where the model takes packs.
template <ExecutionPolicy P, class Model>
struct ThreadTypes {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  static constexpr int widest = native_pack_size<Real> < native_pack_size<Accum>
                                    ? native_pack_size<Real>
                                    : native_pack_size<Accum>;
  static constexpr int size = P::on_host && widest > 1 && runs_abreast<Model, Pack<Real, widest>>()
                                  ? widest
                                  : 1;
  using R = std::conditional_t<size == 1, Real, Pack<Real, size>>;
  using T = std::conditional_t<size == 1, Accum, Pack<Accum, size>>;
};

/// Number of the fit in element w.
KOKKOS_FORCEINLINE_FUNCTION std::int64_t& fit_in_element(std::int64_t& fit, int) { return fit; }
template <int W>
KOKKOS_FORCEINLINE_FUNCTION std::int64_t& fit_in_element(FitPack<W>& fits, int w) {
  return fits.number[w];
}

}  // namespace rvfit::detail
