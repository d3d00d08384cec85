// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include <rvfit/solver/lm_options.hpp>

#include <limits>
#include <string>

namespace rvfit::test::lm_options {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// True if the options are refused with a message that names `what`.
bool refused(const LmOptions& options, const std::string& what) {
  const std::string message = message_of<InvalidArgument>([&] { options.require_valid(); });
  return message.starts_with("LmOptions: ") && message.find(what) != std::string::npos;
}

TEST_CASE("lm_options: the defaults are valid, and zero turns a test off") {
  CHECK_NOTHROW(LmOptions{}.require_valid());
  CHECK_NOTHROW(
      (LmOptions{.max_iterations = 0, .tolerance = 0.0, .polish_steps = 0}.require_valid()));
  CHECK_NOTHROW(
      (LmOptions{.initial_damping = 1.0, .min_damping = 1.0, .max_damping = 1.0}.require_valid()));
}

TEST_CASE("lm_options: each option that makes no sense is refused by its name") {
  CHECK(refused({.max_iterations = -1}, "-1 iterations"));
  CHECK(refused({.polish_steps = -2}, "-2 polish steps"));
  for (const double bad : {-1.0, nan, infinity}) {
    CHECK(refused({.tolerance = bad}, "LmOptions: tolerance is"));
    CHECK(refused({.relative_tolerance = bad}, "relative_tolerance is"));
    CHECK(refused({.step_tolerance = bad}, "step_tolerance is"));
    CHECK(refused({.gradient_tolerance = bad}, "gradient_tolerance is"));
  }
  CHECK(refused({.min_damping = 0.0}, "damping from 0"));
  CHECK(refused({.initial_damping = nan}, "damping"));
  CHECK(refused({.initial_damping = 1e-13}, "damping"));
  CHECK(refused({.initial_damping = 1e10}, "damping"));
  CHECK(refused({.max_damping = infinity}, "damping"));
}

}  // namespace rvfit::test::lm_options
