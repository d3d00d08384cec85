// SPDX-License-Identifier: MIT

#include "batch_fitter.hpp"
#include "survey_fitter.hpp"

namespace rvfit_programs {

std::unique_ptr<SurveyFitter> make_double_fitter(const rvfit::EmulatorData& emulator,
                                                 const FitSettings& settings) {
  return make_batch_fitter<double>(emulator, settings);
}

}  // namespace rvfit_programs
