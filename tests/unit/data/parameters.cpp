// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include <rvfit/data/parameters.hpp>

#include <limits>
#include <string>
#include <vector>

namespace rvfit::test::parameters {

/// The error of making a set, or "no error".
std::string error_of(std::vector<Parameter> parameters) {
  return message_of<InvalidArgument>([&] { (void)ParameterSet(std::move(parameters)); });
}

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

TEST_CASE("parameters: are found by name and by position, in the order given") {
  ParameterSet set({{.name = "teff", .unit = "K", .lower = 3000, .upper = 8000, .scale = 100},
                    {.name = "logg"},
                    {.name = "rv", .fixed = true, .value = 12.0}});
  CHECK(set.size() == 3);
  CHECK(set.names() == "teff, logg, rv");
  CHECK(set.find("rv") == 2);
  CHECK(set.find("vsini") == -1);
  CHECK(set.index("logg") == 1);
  CHECK(set["rv"].value == 12.0);
  CHECK(set[0].upper == 8000);
  set["logg"].fixed = true;
  CHECK(set[1].fixed);
  std::string order;
  for (const Parameter& p : set) {
    order += p.name;
  }
  CHECK(order == "teffloggrv");
}

TEST_CASE("parameters: an unknown name is answered with those there are") {
  const ParameterSet set({{.name = "teff"}, {.name = "rv"}});
  CHECK(message_of<InvalidArgument>([&] { (void)set.index("velocity"); }) ==
        "ParameterSet: no parameter 'velocity', there are: teff, rv");
  CHECK_THROWS_AS((void)set["velocity"], InvalidArgument);
}

TEST_CASE("parameters: defaults have no bounds and no prior") {
  const Parameter p;
  CHECK(p.lower == -infinity);
  CHECK(p.upper == infinity);
  CHECK(p.prior_sigma == infinity);
  CHECK_FALSE(p.fixed);
  CHECK(ParameterSet().size() == 0);
  CHECK(ParameterSet().names().empty());
}

TEST_CASE("parameters: bounds that are not an interval are refused") {
  CHECK(error_of({{.name = "rv", .lower = 5, .upper = -5}}) ==
        "ParameterSet: bounds of rv are [5, -5]");
  CHECK(error_of({{.name = "rv", .lower = nan}}) == "ParameterSet: bounds of rv are [nan, inf]");
  CHECK(error_of({{.name = "rv", .upper = nan}}) == "ParameterSet: bounds of rv are [-inf, nan]");
  CHECK(error_of({{.name = "rv", .lower = 5, .upper = 5}}) == "no error");
}

TEST_CASE("parameters: scales and prior widths must be positive") {
  CHECK(error_of({{.name = "rv", .scale = 0}}) ==
        "ParameterSet: scale of rv is 0, must be positive");
  CHECK(error_of({{.name = "rv", .scale = nan}}) ==
        "ParameterSet: scale of rv is nan, must be positive");
  CHECK(error_of({{.name = "rv", .scale = infinity}}) ==
        "ParameterSet: scale of rv is inf, must be positive");
  const std::string wanted = ", wanted a number and a positive width";
  CHECK(error_of({{.name = "rv", .prior_sigma = -1}}) ==
        "ParameterSet: prior of rv is 0 +- -1" + wanted);
  CHECK(error_of({{.name = "rv", .prior_sigma = nan}}) ==
        "ParameterSet: prior of rv is 0 +- nan" + wanted);
  CHECK(error_of({{.name = "rv", .prior_mean = nan, .prior_sigma = 2}}) ==
        "ParameterSet: prior of rv is nan +- 2" + wanted);
}

TEST_CASE("parameters: a fixed value lies within its bounds") {
  CHECK(error_of({{.name = "rv", .lower = -5, .upper = 5, .fixed = true, .value = 5}}) ==
        "no error");
  CHECK(error_of({{.name = "rv", .lower = -5, .upper = 5, .value = 6}}) == "no error");
  CHECK(error_of({{.name = "rv", .lower = -5, .upper = 5, .fixed = true, .value = 6}}) ==
        "ParameterSet: rv is fixed at 6, outside its bounds [-5, 5]");
  CHECK(error_of({{.name = "rv", .fixed = true, .value = nan}}) ==
        "ParameterSet: rv is fixed at nan, outside its bounds [-inf, inf]");
}

TEST_CASE("parameters: a set that was changed can be checked again") {
  ParameterSet set({{.name = "teff"}, {.name = "rv"}});
  CHECK_NOTHROW(set.require_valid());
  set["rv"].scale = 0;
  CHECK(message_of<InvalidArgument>([&] { set.require_valid(); }) ==
        "ParameterSet: scale of rv is 0, must be positive");
}

TEST_CASE("parameters: a name may be used once") {
  CHECK(error_of({{.name = "rv"}, {.name = "teff"}, {.name = "rv"}}) ==
        "ParameterSet: rv is named twice");
}

TEST_CASE("parameters: there may be as many as the small arrays hold") {
  std::vector<Parameter> many;
  for (int p = 0; p < max_parameters; ++p) {
    many.push_back({.name = "p" + std::to_string(p)});
  }
  CHECK(error_of(many) == "no error");
  many.push_back({.name = "one more"});
  CHECK(error_of(many) == "ParameterSet: 65 parameters, at most 64 are supported");
}

}  // namespace rvfit::test::parameters
