// SPDX-License-Identifier: MIT

#include "arm_maker.hpp"

#include "normalization.hpp"
#include <rvfit/core/require.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace rvfit_library {

ArmMaker::ArmMaker(const Instrument& instrument, const std::vector<rvfit::TemplateGrid>& grids,
                   const LineSpread& templates, rvfit::Medium medium, Normalization normalization)
    : instrument_(instrument),
      grids_(grids),
      templates_(templates),
      medium_(medium),
      normalization_(normalization) {}

std::vector<float> ArmMaker::make(const TemplateSpectrum& spectrum) {
  if (prepared_ == nullptr || spectrum.wave != prepared_->wave) {
    prepare(spectrum.wave);
  }
  std::vector<float> all;
  for (std::size_t a = 0; a < grids_.size(); ++a) {
    std::vector<double> arm(static_cast<std::size_t>(grids_[a].size));
    prepared_->resamplers[a].resample(spectrum.flux, arm);
    for (std::size_t j = 0; j < arm.size(); ++j) {
      RVFIT_REQUIRE(arm[j] > 0.0, "arm ", instrument_.arms[a].name, ": flux is ", arm[j], " at ",
                    grids_[a].wave(static_cast<double>(j)), " Angstrom, positive wanted");
      arm[j] = std::log(arm[j]);
    }
    normalize(arm, normalization_);
    all.insert(all.end(), arm.begin(), arm.end());
  }
  return all;
}

void ArmMaker::prepare(const std::vector<double>& wave) {
  auto prepared = std::make_shared<Prepared>();
  std::vector<double> own(wave);
  std::transform(own.begin(), own.end(), own.begin(),
                 [&](double w) { return rvfit::converted(w, medium_, instrument_.medium); });
  for (std::size_t a = 0; a < instrument_.arms.size(); ++a) {
    const InstrumentArm& arm = instrument_.arms[a];
    std::vector<double> sigma;
    for (int j = 0; j < grids_[a].size; ++j) {
      sigma.push_back(missing_sigma(arm.spread, templates_, grids_[a].wave(j)));
    }
    const auto [first, last] = rvfit::TemplateResampler::light(grids_[a], sigma);
    RVFIT_REQUIRE(own.front() <= first && own.back() >= last, "arm ", arm.name, " needs ", first,
                  " to ", last, " Angstrom, the spectrum has ", own.front(), " to ", own.back());
    prepared->resamplers.emplace_back(own, grids_[a], sigma);
  }
  prepared->wave = wave;
  prepared_ = std::move(prepared);
}

}  // namespace rvfit_library
