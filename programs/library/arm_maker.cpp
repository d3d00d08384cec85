// SPDX-License-Identifier: MIT

#include "arm_maker.hpp"

#include "normalization.hpp"
#include <rvfit/core/require.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <sstream>
#include <utility>

namespace rvfit_library {

ArmMaker::ArmMaker(const Instrument& instrument, const std::vector<rvfit::TemplateGrid>& grids,
                   const LineSpread& templates, rvfit::Medium medium, Normalization normalization)
    : instrument_(instrument),
      grids_(grids),
      templates_(templates),
      medium_(medium),
      normalization_(normalization) {}

std::vector<ArmMaker::Made> ArmMaker::make(const std::vector<TemplateSpectrum>& spectra) {
  std::vector<Made> made(spectra.size());
  for (std::size_t first = 0; first < spectra.size();) {
    const std::vector<double>& wave = spectra[first].wave;
    std::size_t last = first + 1;
    while (last < spectra.size() && spectra[last].wave == wave) {
      ++last;
    }
    try {
      if (prepared_ == nullptr || wave != prepared_->wave) {
        prepare(wave);
      }
      make_alike(spectra, first, last, made);
    } catch (const rvfit::InvalidArgument& error) {
      std::for_each(made.begin() + static_cast<std::ptrdiff_t>(first),
                    made.begin() + static_cast<std::ptrdiff_t>(last),
                    [&](Made& one) { one.fault = error.what(); });
    }
    first = last;
  }
  return made;
}

/// Templates of spectra first .. last - 1, which have the wavelengths that were prepared.
void ArmMaker::make_alike(const std::vector<TemplateSpectrum>& spectra, std::size_t first,
                          std::size_t last, std::vector<Made>& made) const {
  for (std::size_t a = 0; a < grids_.size(); ++a) {
    std::vector<std::vector<double>> arms(
        last - first, std::vector<double>(static_cast<std::size_t>(grids_[a].size)));
    std::vector<std::span<const double>> flux;
    for (std::size_t n = first; n < last; ++n) {
      flux.emplace_back(spectra[n].flux);
    }
    const std::vector<std::span<double>> out(arms.begin(), arms.end());
    prepared_->resamplers[a].resample(flux, out);
    for (std::size_t n = first; n < last; ++n) {
      std::vector<double>& arm = arms[n - first];
      const auto dark = std::find_if(arm.begin(), arm.end(), [](double t) { return !(t > 0.0); });
      if (dark != arm.end()) {
        std::ostringstream text;
        text << "arm " << instrument_.arms[a].name << ": flux is " << *dark << " at "
             << grids_[a].wave(static_cast<double>(dark - arm.begin()))
             << " Angstrom, positive wanted";
        made[n].fault = made[n].fault.empty() ? text.str() : made[n].fault;
        continue;
      }
      std::transform(arm.begin(), arm.end(), arm.begin(), [](double t) { return std::log(t); });
      normalize(arm, normalization_);
      made[n].ln_template.insert(made[n].ln_template.end(), arm.begin(), arm.end());
    }
  }
}

void ArmMaker::prepare(const std::vector<double>& wave) {
  auto prepared = std::make_shared<Prepared>();
  std::vector<double> own(wave);
  std::transform(own.begin(), own.end(), own.begin(),
                 [&](double w) { return rvfit::converted(w, medium_, instrument_.medium); });
  for (std::size_t a = 0; a < instrument_.arms.size(); ++a) {
    const InstrumentArm& arm = instrument_.arms[a];
    std::vector<double> sigma;
    sigma.reserve(static_cast<std::size_t>(grids_[a].size));
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
