// SPDX-License-Identifier: MIT

/// @file
/// Minima and rv posteriors next to rvspecfit's on the same 200 stars, by our objective in double.

#include <rvfit/io/desi/select_stars.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <doctest/doctest.h>
#include <support/desi_observations.hpp>
#include <support/fits_of_batches.hpp>
#include <support/shared_data.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test {

namespace {

constexpr std::size_t stars = 200, parameters = 6, rv = 5;

double fraction(std::size_t part, std::size_t whole) {
  return static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

TEST_CASE("reference: minima as low as rvspecfit's or lower, the same answers where equal") {
  const std::string emulator = shared_emulator();
  const std::string spectra = shared_file("desi/coadd-dev.fits");
  const std::string reference = shared_file("rvspecfit_results/rvtab_coadd-dev.fits");
  if (emulator.empty() || spectra.empty() || reference.empty()) {
    return;
  }
  const EmulatorData library = io::read_emulator(emulator);
  const io::DesiFile file = io::read_desi(spectra);
  const auto rows = io::select_stars(file);
  REQUIRE(rows.size() == stars);
  const Float::execution_space exec;
  const FitResult result =
      fit<Float>(exec, ForwardModel<Float>(exec, library), observations<Float>(exec, file, rows));

  io::FitsInput table(reference);
  std::vector<double> theirs(stars * parameters);
  std::size_t p = 0;
  for (const char* name : {"TEFF", "LOGG", "FEH", "ALPHAFE", "VSINI", "VRAD"}) {
    const auto column = table.read_column<double>("RVTAB", name);
    for (std::size_t b = 0; b < stars; ++b) {
      theirs[b * parameters + p] = column[b];
    }
    ++p;
  }
  const ForwardModel<Double> model(exec, library);
  const auto data = observations<Double>(exec, file, rows);
  const auto our_value = objective_values<Double>(exec, model, data, result.theta);
  const auto their_value = objective_values<Double>(exec, model, data, theirs);

  // Both minimisers stop where a step promises some 0.01, and objective_check.cpp has the reference's
  // rounding at 0.06: a difference of 0.05 of -2 ln L is none.
  constexpr double none = 0.05;
  // The step left of a decrease of 0.01 is 0.1 sigma; rv is the best known.
  constexpr double same_offset = 0.1, same_rv_offset = 0.05;
  std::size_t higher = 0, lower = 0, much_lower = 0, equal = 0, same_rv = 0;
  std::vector<std::size_t> same(parameters, 0);
  for (std::size_t b = 0; b < stars; ++b) {
    const double difference = our_value[b] - their_value[b];
    higher += difference > none ? 1 : 0;
    lower += difference < -none ? 1 : 0;
    much_lower += difference < -1.0 ? 1 : 0;
    if (std::abs(difference) > none) {
      continue;
    }
    ++equal;
    for (p = 0; p < parameters; ++p) {
      const std::size_t place = b * parameters + p;
      const double offset = std::abs(result.theta[place] - theirs[place]) / result.error[place];
      // Without an error on a bound.
      same[p] += !(offset > same_offset) ? 1 : 0;
      same_rv += p == rv && offset <= same_rv_offset ? 1 : 0;
    }
  }
  MESSAGE("higher by 0.05: ", higher, ", lower by 0.05: ", lower, ", by 1: ", much_lower);
  CHECK(higher == 0);
  CHECK(lower >= 28);
  // Fits from five different starts agree on each minimum; the eighth star is lower by 0.9945.
  CHECK(much_lower >= 7);
  CHECK(fraction(same_rv, equal) >= 0.99);  // measured 1; one star of 172 may differ
  for (p = 0; p < parameters; ++p) {
    MESSAGE(result.parameters[static_cast<int>(p)].name, ": ", fraction(same[p], equal));
    CHECK(fraction(same[p], equal) >= 0.95);  // measured 0.97 for vsini, above 0.98 for the others
  }
}

TEST_CASE("reference: the rv posteriors have rvspecfit's moments") {
  const std::string emulator = shared_emulator();
  const std::string spectra = shared_file("desi/coadd-dev.fits");
  const std::string reference = shared_file("rvspecfit_results/rvtab_coadd-dev.fits");
  if (emulator.empty() || spectra.empty() || reference.empty()) {
    return;
  }
  const Float::execution_space exec;
  const io::DesiFile file = io::read_desi(spectra);
  const FitResult result = fit<Float>(exec, ForwardModel<Float>(exec, io::read_emulator(emulator)),
                                      observations<Float>(exec, file, io::select_stars(file)));
  io::FitsInput table(reference);
  const auto error = table.read_column<double>("RVTAB", "VRAD_ERR");
  const auto skewness = table.read_column<double>("RVTAB", "VRAD_SKEW");
  const auto kurtosis = table.read_column<double>("RVTAB", "VRAD_KURT");
  std::vector<double> ratio, skew, kurt;
  for (std::size_t b = 0; b < stars; ++b) {
    ratio.push_back(std::abs(result.profile_error[b] / error[b] - 1.0));
    skew.push_back(std::abs(result.profile_skewness[b] - skewness[b]));
    kurt.push_back(std::abs(result.profile_kurtosis[b] - kurtosis[b]));
  }
  for (auto* values : {&ratio, &skew, &kurt}) {
    std::sort(values->begin(), values->end());
  }
  MESSAGE("differences of error ", ratio[100], ", skewness ", skew[100], ", kurtosis ", kurt[100]);
  // The templates that are kept fixed differ where the minima do: nine stars of ten are compared.
  CHECK(ratio[180] < 0.01);   // measured 0.0023, margin 4
  CHECK(ratio.back() < 0.1);  // measured 0.06 of another minimum
  CHECK(skew[180] < 0.01);    // measured 0.0011, margin 9
  CHECK(kurt[180] < 0.01);    // measured 0.0005, margin 19
}

}  // namespace rvfit::test
