// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Choices that a fitter (pipeline/fitter.hpp) makes once: its parameters and the size of its tiles.

#include <rvfit/linalg/gemm.hpp>
#include <rvfit/pipeline/fit_options.hpp>
#include <rvfit/solver/lm.hpp>

#include <algorithm>

namespace rvfit::detail {

/// The parameters of a fit: the model's, or the caller's for the same model, within its bounds.
/// @throws InvalidArgument  other names, wider bounds, too many parameters, options that are none
[[nodiscard]] inline ParameterSet checked_parameters(const FitOptions& options,
                                                     const ParameterSet& model) {
  ParameterSet set = options.parameters.value_or(model);
  RVFIT_REQUIRE(set.names() == model.names(), "Fitter: parameters are ", set.names(),
                ", the model has ", model.names());
  set.require_valid();
  RVFIT_REQUIRE(set.size() <= max_batched_parameters, "Fitter: ", set.size(),
                " parameters, at most ", max_batched_parameters, " are supported");
  require_valid(options.starts);
  for (int p = 0; p < set.size(); ++p) {
    RVFIT_REQUIRE(set[p].lower >= model[p].lower && set[p].upper <= model[p].upper,
                  "Fitter: bounds of ", set[p].name, " are [", set[p].lower, ", ", set[p].upper,
                  "], the model's [", model[p].lower, ", ", model[p].upper, "]");
  }
  return set;
}

/// Spectra of one pass: on hosts enough for every thread to have some blocks of each product, on
/// devices enough to fill one.
template <ExecutionPolicy P>
[[nodiscard]] int tile_size(const typename P::execution_space& exec, int capacity, int wanted) {
  if (wanted > 0) {
    return wanted;
  }
  const int most = P::on_host ? std::clamp(64 * exec.concurrency(), 128, 2048) : 2048;
  const int padded = (capacity + gemm_row_group - 1) / gemm_row_group * gemm_row_group;
  return std::clamp(padded, gemm_row_group, most);
}

}  // namespace rvfit::detail
