// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// From the device arrays of a fitter (pipeline/fitter.hpp) to a FitResult on the host.

#include <rvfit/continuum/projection.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/pipeline/rv_profile.hpp>
#include <rvfit/solver/covariance.hpp>
#include <rvfit/solver/lm.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace rvfit::detail {

/// Velocities of a fit from several starts.
template <ExecutionPolicy P>
struct StartRecord {
  Vector<double, P> start_rv;       ///< (K B)  of the best start in the first B  [km/s]
  Vector<double, P> second_rv;      ///< (B)    of the second-best minimum        [km/s]
  Vector<double, P> second_excess;  ///< (B)    its neg2_log_like less the solution's

  StartRecord(const typename P::execution_space& exec, int capacity, int starts)
      : start_rv(allocate<Vector<double, P>>(exec, "rvfit::Fitter::start_rv", capacity * starts)),
        second_rv(allocate<Vector<double, P>>(exec, "rvfit::Fitter::second_rv", capacity)),
        second_excess(allocate<Vector<double, P>>(exec, "rvfit::Fitter::second_excess", capacity)) {
  }
};

/// Chi-squares of one arm.
template <ExecutionPolicy P>
struct ArmFit {
  Vector<const typename P::accum_type, P> chi2;  ///< (B)  at the solution
  Vector<const double, P> continuum_chi2;        ///< (B)  of the continuum alone
  Vector<const int, P> good;                     ///< (B)  pixels
  Vector<const double, P> unit;                  ///< (B)  of the spectra's fluxes; empty: 1
};

/// Multiply the rows of a matrix (B, N) by the unit of each.
/// @param[in] unit  (B), or empty: 1
template <ExecutionPolicy P>
void to_own_unit(const typename P::execution_space& exec, const Vector<const double, P>& unit,
                 std::vector<float>& matrix) {
  const std::vector<double> units = download_rows<double>(exec, unit, unit.extent(0));
  const std::size_t pixels = units.empty() ? 0 : matrix.size() / units.size();
  for (std::size_t i = 0; i < pixels * units.size(); ++i) {
    matrix[i] = static_cast<float>(matrix[i] * units[i / pixels]);
  }
}

/// Rows of B spectra. NaN stands where there is no solution.
///
/// @param[in] exec     instance the copies are enqueued on; the call waits for them
/// @param[in] size     B
/// @param[in] columns  of the continuum: an arm of so few good pixels is left out
template <ExecutionPolicy P>
[[nodiscard]] FitResult download_fit(const typename P::execution_space& exec, int size,
                                     const ParameterSet& parameters, const LmState<P>& state,
                                     const Covariance<P>& covariance, const RvMoments<P>& moments,
                                     const StartRecord<P>& starts,
                                     const std::vector<ArmFit<P>>& arms, int columns) {
  const auto spectra = static_cast<std::size_t>(size);
  const auto rows = [&]<class T>(T, const auto& view) {
    return download_rows<T>(exec, view, spectra);
  };
  FitResult out;
  out.parameters = parameters;
  out.size = size;
  out.arms = static_cast<int>(arms.size());
  out.theta = rows(double{}, state.theta);
  out.covariance = rows(double{}, covariance.matrix);
  out.neg2_log_like = rows(double{}, state.proposed.value);
  out.status = rows(FitStatus{}, state.status);
  out.bound_flags = rows(std::uint32_t{}, covariance.bound);
  out.bad_hessian = rows(std::uint8_t{}, covariance.bad);
  out.iterations = rows(std::int32_t{}, state.iterations);
  out.profile_error = rows(double{}, moments.error);
  out.profile_skewness = rows(double{}, moments.skewness);
  out.profile_kurtosis = rows(double{}, moments.kurtosis);
  out.start_rv = rows(double{}, starts.start_rv);
  out.second_rv = rows(double{}, starts.second_rv);
  out.second_excess = rows(double{}, starts.second_excess);

  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  out.chi2.resize(spectra * arms.size());
  out.continuum_chi2.resize(spectra * arms.size());
  out.pixels.resize(spectra * arms.size());
  for (std::size_t a = 0; a < arms.size(); ++a) {
    const auto chi2 = rows(double{}, arms[a].chi2);
    const auto continuum = rows(double{}, arms[a].continuum_chi2);
    const auto good = rows(std::int32_t{}, arms[a].good);
    const auto unit =
        arms[a].unit.extent(0) > 0 ? rows(double{}, arms[a].unit) : std::vector<double>{};
    for (std::size_t b = 0; b < spectra; ++b) {
      const bool fitted = has_enough_pixels(good[b], columns);
      const std::size_t index = b * arms.size() + a;
      out.chi2[index] = is_solution(out.status[b]) ? chi2[b] : nan;
      out.continuum_chi2[index] = fitted ? continuum[b] : 0.0;
      out.pixels[index] = fitted ? good[b] : 0;
      if (fitted && !unit.empty()) {
        // 2 sum_i ln sigma_i gains N times the unit's logarithm twice, ln det M loses K times.
        out.neg2_log_like[b] += 2.0 * (good[b] - columns) * std::log(unit[b]);
      }
    }
  }
  const auto n = static_cast<std::size_t>(parameters.size());
  out.error.resize(spectra * n);
  for (std::size_t b = 0; b < spectra; ++b) {
    const bool solved = is_solution(out.status[b]);
    out.neg2_log_like[b] = solved ? out.neg2_log_like[b] : nan;
    for (std::size_t p = 0; p < n; ++p) {
      out.theta[b * n + p] = solved ? out.theta[b * n + p] : nan;
      out.error[b * n + p] = std::sqrt(out.covariance[(b * n + p) * n + p]);
    }
  }
  return out;
}

}  // namespace rvfit::detail
