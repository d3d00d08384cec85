// SPDX-License-Identifier: MIT

#include "arm_maker.hpp"

#include "normalization.hpp"
#include <rvfit/core/pack.hpp>
#include <rvfit/core/pack_exp_log.hpp>
#include <rvfit/core/require.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <future>
#include <limits>
#include <span>
#include <sstream>
#include <utility>

namespace rvfit_library {
namespace {

void take_logarithms(std::vector<double>& numbers) {
  using Lanes = rvfit::Pack<double, rvfit::native_pack_size<double>>;
  std::size_t i = 0;
  for (; i + Lanes::size <= numbers.size(); i += Lanes::size) {
    rvfit::store(log(rvfit::load<Lanes>(&numbers[i])), &numbers[i]);
  }
  std::transform(numbers.begin() + static_cast<std::ptrdiff_t>(i), numbers.end(),
                 numbers.begin() + static_cast<std::ptrdiff_t>(i),
                 [](double number) { return std::log(number); });
}

}  // namespace

ArmMaker::ArmMaker(const Instrument& instrument, const std::vector<rvfit::TemplateGrid>& grids,
                   const LineSpread& templates, rvfit::Medium medium, Normalization normalization)
    : instrument_(instrument),
      grids_(grids),
      templates_(templates),
      medium_(medium),
      normalization_(normalization) {}

std::span<const ArmMaker::Made> ArmMaker::make(std::span<const TemplateSpectrum> spectra) {
  made_.resize(std::max(made_.size(), spectra.size()));
  for (Made& one : made_) {
    one.ln_template.clear();
    one.fault.clear();
  }
  const auto alike = [](const Wavelengths& a, const Wavelengths& b) { return a == b || *a == *b; };
  for (std::size_t first = 0; first < spectra.size();) {
    const Wavelengths& wave = spectra[first].wave;
    std::size_t last = first + 1;
    while (last < spectra.size() && alike(spectra[last].wave, wave)) {
      ++last;
    }
    const std::span made = std::span(made_).subspan(first, last - first);
    try {
      if (prepared_ == nullptr || !alike(prepared_->wave, wave)) {
        prepare(wave, 1);
      }
      make_alike(spectra.subspan(first, last - first), made);
    } catch (const rvfit::InvalidArgument& error) {
      std::for_each(made.begin(), made.end(), [&](Made& one) { one.fault = error.what(); });
    }
    first = last;
  }
  return std::span(made_).first(spectra.size());
}

/// Templates of spectra that have the wavelengths that were prepared.
void ArmMaker::make_alike(std::span<const TemplateSpectrum> spectra, std::span<Made> made) {
  arms_.resize(std::max(arms_.size(), spectra.size()));
  std::vector<std::span<const double>> flux(spectra.size());
  std::transform(spectra.begin(), spectra.end(), flux.begin(),
                 [](const TemplateSpectrum& spectrum) { return std::span(spectrum.flux); });
  for (std::size_t a = 0; a < grids_.size(); ++a) {
    std::vector<std::span<double>> out;
    for (std::size_t n = 0; n < spectra.size(); ++n) {
      arms_[n].resize(static_cast<std::size_t>(grids_[a].size));
      out.emplace_back(arms_[n]);
    }
    prepared_->resamplers[a].resample(flux, out);
    for (std::size_t n = 0; n < spectra.size(); ++n) {
      std::vector<double>& arm = arms_[n];
      constexpr double least = std::numeric_limits<double>::min();
      const auto dark =
          std::find_if(arm.begin(), arm.end(), [](double t) { return !(t >= least); });
      if (dark != arm.end()) {
        std::ostringstream text;
        text << "arm " << instrument_.arms[a].name << ": flux is " << *dark << " at "
             << grids_[a].wave(static_cast<double>(dark - arm.begin()))
             << " Angstrom, positive wanted";
        made[n].fault = made[n].fault.empty() ? text.str() : made[n].fault;
        continue;
      }
      take_logarithms(arm);
      normalize(arm, normalization_);
      made[n].ln_template.insert(made[n].ln_template.end(), arm.begin(), arm.end());
    }
  }
}

void ArmMaker::prepare(const Wavelengths& wave, int threads) {
  std::vector<double> own(*wave);
  std::transform(own.begin(), own.end(), own.begin(),
                 [&](double w) { return rvfit::converted(w, medium_, instrument_.medium); });
  const auto policy = threads > 1 ? std::launch::async : std::launch::deferred;
  std::vector<std::future<rvfit::TemplateResampler>> arms;
  for (std::size_t a = 0; a < grids_.size(); ++a) {
    arms.push_back(std::async(policy, [&own, this, a] { return resampler(a, own); }));
  }
  auto prepared = std::make_shared<Prepared>();
  for (auto& arm : arms) {
    prepared->resamplers.push_back(arm.get());
  }
  prepared->wave = wave;
  prepared_ = std::move(prepared);
}

/// For arm a and wavelengths in the instrument's medium.
rvfit::TemplateResampler ArmMaker::resampler(std::size_t a, const std::vector<double>& wave) const {
  const InstrumentArm& arm = instrument_.arms[a];
  std::vector<double> sigma;
  sigma.reserve(static_cast<std::size_t>(grids_[a].size));
  for (int j = 0; j < grids_[a].size; ++j) {
    sigma.push_back(missing_sigma(arm.spread, templates_, grids_[a].wave(j)));
  }
  const auto [first, last] = rvfit::TemplateResampler::light(grids_[a], sigma);
  RVFIT_REQUIRE(wave.front() <= first && wave.back() >= last, "arm ", arm.name, " needs ", first,
                " to ", last, " Angstrom, the spectrum has ", wave.front(), " to ", wave.back());
  return {wave, grids_[a], sigma};
}

}  // namespace rvfit_library
