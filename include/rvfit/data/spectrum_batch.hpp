// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Observations of a batch of spectra: one `SpectrumBatch` for each arm, or each exposure of one.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>
#include <rvfit/data/prepare_options.hpp>
#include <rvfit/data/spectrum_buffer.hpp>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace rvfit {

/// Kernels see one arm (or one exposure of an arm) of B spectra as this. The mask is folded into the
/// weight, so that no kernel branches on it; where the weight is zero the flux is finite and unused.
template <ExecutionPolicy P>
struct SpectrumView {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;

  Matrix<const double, P> wave;     ///< (1 or B, N)  observed wavelength, increasing   [Angstrom]
  Matrix<const Real, P> flux;       ///< (B, N)       D_i                               [flux]
  Matrix<const Real, P> weight;     ///< (B, N)       w_i = 1 / sigma_i, 0 if masked    [1 / flux]
  Vector<const Accum, P> log_norm;  ///< (B)          2 sum_i ln sigma_i over w_i > 0
  Vector<const int, P> good;        ///< (B)          number of pixels with w_i > 0
  Vector<const Accum, P> signal{};  ///< (B)          sum_i (w_i D_i)^2
  /// (1 or B, D, N)  line spread that acts on templates (stages/resolution.hpp); empty if there is none
  Cube<const Real, P> resolution{};
  /// (B)  unit of all of these in that of the results, a power of two (data/flux_unit.hpp); empty: 1
  Vector<const double, P> unit{};

  [[nodiscard]] KOKKOS_FUNCTION int size() const { return static_cast<int>(flux.extent(0)); }
  [[nodiscard]] KOKKOS_FUNCTION int pixels() const { return static_cast<int>(flux.extent(1)); }
  [[nodiscard]] KOKKOS_FUNCTION bool has_resolution() const { return resolution.extent(1) > 0; }
};

/// The same with the name of the setup of the model that predicts it, e.g. desi_b.
template <ExecutionPolicy P>
struct SpectrumBatch : SpectrumView<P> {
  std::string arm;
  int exposure = 0;  ///< which of the velocities of a spectrum it shows, where each has its own
  WaveRange used = PrepareOptions{}.used;  ///< no pixel outside has weight    [Angstrom]
};

/// All arms and exposures of B spectra.
template <ExecutionPolicy P>
using Observations = std::vector<SpectrumBatch<P>>;

namespace detail {

/// One team sums over the pixels of one spectrum. On devices strips of pixels have sums of their own, which one
/// thread adds, so that the order of additions does not depend on how many threads there are.
template <ExecutionPolicy P>
struct SpectrumConstants {
  using Accum = typename P::accum_type;
  static constexpr int strips = P::on_host ? 1 : 128;
  struct Sums {
    Accum log_weight = 0, signal = 0;
    int good = 0;
  };

  Matrix<const typename P::real_type, P> flux, weight;
  Vector<Accum, P> log_norm, signal;
  Vector<int, P> good;

  [[nodiscard]] static int scratch_bytes() {
    return static_cast<int>(strips * sizeof(Sums) + alignof(Sums));
  }

  KOKKOS_FUNCTION void operator()(const typename P::member_type& member) const {
    const int b = member.league_rank();
    auto* sums = static_cast<Sums*>(
        member.team_scratch(0).get_shmem_aligned(strips * sizeof(Sums), alignof(Sums)));
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, int{strips}),
                         [&](int strip) { sums[strip] = sum_strip(b, strip); });
    member.team_barrier();
    Kokkos::single(Kokkos::PerTeam(member), [&] {
      Sums all = sums[0];
      for (int strip = 1; strip < strips; ++strip) {
        all.log_weight += sums[strip].log_weight;
        all.signal += sums[strip].signal;
        all.good += sums[strip].good;
      }
      log_norm(b) = -2 * all.log_weight;
      signal(b) = all.signal;
      good(b) = all.good;
    });
  }

 private:
  /// Sums over pixels strip, strip + strips .. A logarithm is taken of products of weights, as long as they are far
  /// from the ends of the exponent's range.
  [[nodiscard]] KOKKOS_FUNCTION Sums sum_strip(int b, int strip) const {
    constexpr Accum most = 1e100, least = 1e-100;
    const auto n = static_cast<int>(weight.extent(1));
    Sums sum;
    Accum product = 1;
    for (int i = strip; i < n; i += strips) {
      const Accum w = weight(b, i);
      if (!(w > 0)) {
        continue;
      }
      const Accum d = w * flux(b, i);
      sum.signal += d * d;
      ++sum.good;
      const Accum longer = product * w;
      if (longer < most && longer > least) {
        product = longer;
      } else {
        sum.log_weight += Kokkos::log(product) + Kokkos::log(w);
        product = 1;
      }
    }
    sum.log_weight += Kokkos::log(product);
    return sum;
  }
};

}  // namespace detail

/// Gather device arrays of one arm into a SpectrumBatch and derive its constants. Arrays of the host go
/// through `upload_spectra` (data/host_spectra.hpp), inverse variances through `prepare_spectra`.
///
/// @param[in] exec    instance the work is enqueued on; the call does not fence
/// @param[in] arm     setup of the model, e.g. desi_b
/// @param[in] wave    (1 or B, N)  increasing                              [Angstrom]
/// @param[in] flux    (B, N)       finite everywhere                       [flux]
/// @param[in] weight  (B, N)       1 / sigma, exactly 0 where masked       [1 / flux]
/// @param[in] resolution  (1 or B, D, N)  optional: D odd, finite everywhere
/// @param[in] constants   of which log_norm, signal and good, of B spectra, are filled; allocated here if
///                        there are none
/// @return            views of these arrays, which share their memory
/// @throws InvalidArgument  extents differ
template <ExecutionPolicy P>
[[nodiscard]] SpectrumBatch<P> make_spectrum_batch(
    const typename P::execution_space& exec, std::string arm, Matrix<const double, P> wave,
    Matrix<const typename P::real_type, P> flux, Matrix<const typename P::real_type, P> weight,
    Cube<const typename P::real_type, P> resolution = {}, SpectrumBuffer<P> constants = {}) {
  RVFIT_REQUIRE(flux.extent(0) == weight.extent(0) && flux.extent(1) == weight.extent(1), arm,
                ": flux is ", flux.extent(0), " x ", flux.extent(1), ", weight is ",
                weight.extent(0), " x ", weight.extent(1));
  RVFIT_REQUIRE(wave.extent(1) == flux.extent(1), arm, ": flux has ", flux.extent(1),
                " pixels, wave has ", wave.extent(1));
  RVFIT_REQUIRE(wave.extent(0) == 1 || wave.extent(0) == flux.extent(0), arm, ": flux has ",
                flux.extent(0), " rows, wave has ", wave.extent(0), " (1 or as many wanted)");
  RVFIT_REQUIRE(flux.extent(1) >= 2, arm, ": flux has ", flux.extent(1),
                " pixels, at least 2 wanted");
  const auto rows = flux.extent(0);
  RVFIT_REQUIRE(resolution.extent(1) == 0 ||
                    (resolution.extent(1) % 2 == 1 && resolution.extent(2) == flux.extent(1) &&
                     (resolution.extent(0) == 1 || resolution.extent(0) == rows)),
                arm, ": flux is ", rows, " x ", flux.extent(1), ", resolution is ",
                resolution.extent(0), " x ", resolution.extent(1), " x ", resolution.extent(2),
                " (1 or as many rows, an odd number of diagonals and as many pixels wanted)");
  if (constants.good.extent(0) == 0) {
    constants = SpectrumBuffer<P>(exec, rows, 0);
  }
  RVFIT_REQUIRE(constants.good.extent(0) == rows, arm, ": flux has ", rows,
                " rows, the arrays for its constants ", constants.good.extent(0));
  using Kernel = detail::SpectrumConstants<P>;
  auto policy = teams<P>(exec, static_cast<int>(rows));
  policy.set_scratch_size(0, Kokkos::PerTeam(Kernel::scratch_bytes()));
  Kokkos::parallel_for("rvfit::SpectrumBatch::constants", policy,
                       Kernel{flux, weight, constants.log_norm, constants.signal, constants.good});
  return {{wave, flux, weight, constants.log_norm, constants.good, constants.signal, resolution},
          std::move(arm)};
}

}  // namespace rvfit
