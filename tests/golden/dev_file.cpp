// SPDX-License-Identifier: MIT

/// @file
/// 200 simulated DESI stars, made from exact spectra and not from the emulator: scatter against the
/// truth next to rvspecfit's own on the same file, and no wrong basins.

#include <rvfit/io/desi/select_stars.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <doctest/doctest.h>
#include <support/desi_observations.hpp>
#include <support/fits_of_batches.hpp>
#include <support/place_of.hpp>
#include <support/shared_data.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

namespace rvfit::test {

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return 0.5 * (values[(n - 1) / 2] + values[n / 2]);
}

/// Standard deviation of a Gaussian with this median absolute deviation.
double robust_scatter(const std::vector<double>& values) {
  const double centre = median(values);
  std::vector<double> deviations;
  for (const double value : values) {
    deviations.push_back(std::abs(value - centre));
  }
  return 1.4826 * median(deviations);
}

struct Expected {
  const char* parameter;
  const char* truth;
  double scatter_20_50;  ///< rvspecfit's, S/N 20 to 50
  double scatter_10_20;  ///< rvspecfit's, S/N 10 to 20
};

TEST_CASE("dev file: scatter against the truth is rvspecfit's, and no star is in a wrong basin") {
  using P = Policy<Kokkos::DefaultExecutionSpace, float, double>;
  const std::string emulator = shared_emulator();
  const std::string spectra = shared_file("desi/coadd-dev.fits");
  if (emulator.empty() || spectra.empty()) {
    return;
  }
  const P::execution_space exec;
  const ForwardModel<P> model(exec, io::read_emulator(emulator));
  const io::DesiFile file = io::read_desi(spectra);
  const auto rows = io::select_stars(file);
  REQUIRE(rows.size() == 200);
  const FitResult result = fit<P>(exec, model, observations<P>(exec, file, rows));

  io::FitsInput truth(spectra);
  const auto snr = truth.read_column<double>("TRUTH", "SNR");
  const auto rv = truth.read_column<double>("TRUTH", "VRAD");
  int wrong = 0;
  for (std::size_t b = 0; b < 200; ++b) {
    CHECK(result.status[b] == FitStatus::converged);
    const std::size_t place = place_of(result.parameters, b, "rv");
    const double offset = std::abs(result.theta[place] - rv[b]);
    wrong += offset > 10.0 && offset > 5.0 * result.error[place] ? 1 : 0;
  }
  CHECK(wrong <= 2);  // a hundredth; measured 0

  // Both fit the same noise: scatters of 52 and 38 stars agree better than to their own 16 and 19 %.
  // Measured at most 1.08 of rvspecfit's.
  constexpr double allowed = 1.1;
  for (const Expected& expected :
       {Expected{"rv", "VRAD", 0.35, 0.58}, Expected{"teff", "TEFF", 13.0, 35.0},
        Expected{"logg", "LOGG", 0.056, 0.11}, Expected{"feh", "FEH", 0.018, 0.054},
        Expected{"alpha", "ALPHA", 0.016, 0.026}}) {
    const auto values = truth.read_column<double>("TRUTH", expected.truth);
    const auto scatter = [&](double low, double high) {
      std::vector<double> offsets;
      for (std::size_t b = 0; b < 200; ++b) {
        if (snr[b] >= low && snr[b] < high) {
          const std::size_t place = place_of(result.parameters, b, expected.parameter);
          offsets.push_back(result.theta[place] - values[b]);
        }
      }
      return robust_scatter(offsets);
    };
    CAPTURE(expected.parameter);
    const double high = scatter(20.0, 50.0);
    const double low = scatter(10.0, 20.0);
    CHECK(high <= allowed * expected.scatter_20_50);
    CHECK(low <= allowed * expected.scatter_10_20);
    MESSAGE(std::string(expected.parameter), ": ", high, " at S/N 20-50, ", low, " at 10-20");
  }
}

}  // namespace rvfit::test
