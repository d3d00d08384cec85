// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The parameters of a model as the settings of a run want them: some fixed, some with priors.

#include "fit_settings.hpp"
#include <rvfit/core/require.hpp>
#include <rvfit/data/parameters.hpp>

#include <string>

namespace rvfit_programs {

/// @throws rvfit::InvalidArgument  a setting names a parameter that the model has not, or a value outside its bounds;
///                                 the message names the option
[[nodiscard]] inline rvfit::ParameterSet fitted_parameters(rvfit::ParameterSet parameters,
                                                           const FitSettings& settings) {
  const auto require = [&](const char* option, const std::string& name) {
    RVFIT_REQUIRE(parameters.find(name) >= 0, option, " ", name, ": a fit has ", parameters.names(),
                  name == "vgauss" ? ", and vgauss with --max-vgauss" : "",
                  name == "vsini" ? ", and vsini without --rotation off" : "");
  };
  for (const auto& [name, value] : settings.fixed) {
    require("--fix-param", name);
    rvfit::Parameter& p = parameters[name];
    RVFIT_REQUIRE(value >= p.lower && value <= p.upper, "--fix-param ", name, "=", value,
                  ": outside its bounds [", p.lower, ", ", p.upper, "]");
    p.fixed = true;
    p.value = value;
  }
  for (const Prior& prior : settings.priors) {
    require("--priors", prior.parameter);
    parameters[prior.parameter].prior_mean = prior.mean;
    parameters[prior.parameter].prior_sigma = prior.sigma;
  }
  return parameters;
}

}  // namespace rvfit_programs
