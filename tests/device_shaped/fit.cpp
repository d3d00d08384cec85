// SPDX-License-Identifier: MIT

/// @file
/// Whole fits of the demonstration's stars as a device does them give the host's answers.

#include <doctest/doctest.h>
#include <support/fits_of_batches.hpp>
#include <support/place_of.hpp>
#include <support/shared_data.hpp>
#include <support/simulated_stars.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test::device_shaped {

static_assert(!Float::on_host);

/// The rule of tables (tools/compare_rvtab.py): far above rounding, far below what an error is known to.
constexpr double of_error = 0.01;

/// No number of `got` is further from `want` than a hundredth of the parameter's error.
void check_same_answers(const FitResult& got, const FitResult& want) {
  REQUIRE(got.size == want.size);
  CHECK(got.status == want.status);
  CHECK(got.bound_flags == want.bound_flags);
  CHECK(got.pixels == want.pixels);
  const auto n = static_cast<std::size_t>(want.parameters.size());
  for (std::size_t b = 0; b < static_cast<std::size_t>(want.size); ++b) {
    CAPTURE(b);
    // A hundredth of an error from the minimum is 1e-4; float storage rounds -2 ln L to some 1e-3.
    CHECK(std::abs(got.neg2_log_like[b] - want.neg2_log_like[b]) < 0.01);
    for (std::size_t p = b * n; p < (b + 1) * n; ++p) {
      CAPTURE(want.parameters[static_cast<int>(p - b * n)].name);
      CHECK(std::isfinite(got.error[p]) == std::isfinite(want.error[p]));
      if (std::isfinite(want.error[p])) {
        CHECK(std::abs(got.theta[p] - want.theta[p]) < of_error * want.error[p]);
        CHECK(std::abs(got.error[p] - want.error[p]) < of_error * want.error[p]);
      }
    }
    const double error = want.error[place_of(want.parameters, b, "rv")];
    CHECK(std::abs(got.profile_error[b] - want.profile_error[b]) < of_error * error);
  }
}

/// Fits of a file's emulator by both policies, on devices in tiles of `tile` spectra.
void check_stars(const EmulatorData& emulator, const SimulatedStars& stars, int tile) {
  using Host = compiled::Float;
  const Float::execution_space exec;
  const FitResult want =
      fit<Host>(exec, ForwardModel<Host>(exec, emulator), stars.observations<Host>(exec));
  FitOptions options;
  options.tile = tile;
  check_same_answers(fit<Float>(exec, ForwardModel<Float>(exec, emulator),
                                stars.observations<Float>(exec), options),
                     want);
  const auto size = static_cast<std::size_t>(stars.size);
  CHECK(want.status == std::vector<FitStatus>(size, FitStatus::converged));
}

TEST_CASE("device_shaped: the demonstration's stars have the host's answers") {
  const EmulatorData emulator =
      io::read_emulator(environment("RVFIT_SOURCE_DIR") + "/programs/demo/emulator.fits");
  check_stars(emulator, simulate(emulator, desi_arms(), {.stars = 4, .seed = 5}), 0);
}

TEST_CASE("device_shaped: stars of several tiles have the host's answers") {
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  check_stars(emulator, simulate(emulator, coarse_arms(), {.stars = 11, .seed = 11}), 4);
}

}  // namespace rvfit::test::device_shaped
