// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Fit spectra with a model in one call.

#include <rvfit/pipeline/fitter.hpp>

namespace rvfit {

/// Fit a batch of spectra: parameters with their covariance and a status for each.
///
/// Finds the least neg2_log_like (pipeline/objective.hpp) of every spectrum from the best rv and templates of
/// a scan. The call plans a `Fitter` for all spectra, whose memory is about that of the spectra again, and
/// runs it. Make a Fitter yourself to fit many batches with one plan, to keep best-fit spectra, or to time
/// the phases.
///
/// @param[in] exec     instance that all work is enqueued on; the call waits for the result
/// @param[in] model    e.g. a ForwardModel; its parameters are the columns of the result
/// @param[in] spectra  one SpectrumBatch of B spectra for each arm or exposure
/// @return             B rows in the order of the spectra; a spectrum that cannot be fitted is a row with NaN
///                     and a status that says why
/// @throws InvalidArgument  no arms, or of different B; an arm that the model does not know or whose
///                          wavelengths it does not cover; bad options
template <class Model, ExecutionPolicy P = typename Model::policy_type>
requires TemplateModel<Model, P>
[[nodiscard]] FitResult fit_spectra(const typename P::execution_space& exec, const Model& model,
                                    const Observations<P>& spectra,
                                    const FitOptions& options = {}) {
  RVFIT_REQUIRE(!spectra.empty(), "fit_spectra: 0 arms, at least 1 wanted");
  return Fitter<Model, P>(exec, model, spectra, spectra.front().size(), options).run(exec, spectra);
}

/// The same from given parameters instead of a scan.
///
/// @param[in] start  (B, P)  in the order of model.parameters()
/// @throws InvalidArgument  as above; `start` of another shape
template <class Model, ExecutionPolicy P = typename Model::policy_type>
requires TemplateModel<Model, P>
[[nodiscard]] FitResult fit_spectra(const typename P::execution_space& exec, const Model& model,
                                    const Observations<P>& spectra, const FitOptions& options,
                                    const Matrix<const double, P>& start) {
  RVFIT_REQUIRE(!spectra.empty(), "fit_spectra: 0 arms, at least 1 wanted");
  return Fitter<Model, P>(exec, model, spectra, spectra.front().size(), options)
      .run(exec, spectra, start);
}

}  // namespace rvfit
