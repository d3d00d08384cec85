// SPDX-License-Identifier: MIT

#include "match_library.hpp"

#include "keep_pixels.hpp"
#include "log.hpp"
#include <rvfit/core/require.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {
namespace {

using rvfit::ArmData;
using rvfit::Medium;
using rvfit::io::SpectraArm;
using Source = LineSpreadChoice::Source;

/// Says a thing once a run.
class Once {
 public:
  void warn(const std::string& text) {
    const std::lock_guard lock(mutex_);
    if (said_.insert(text).second) {
      log(LogLevel::warning, text);
    }
  }

 private:
  std::mutex mutex_;
  std::set<std::string> said_;
};

class LibraryMatch {
 public:
  LibraryMatch(const Options& options, const rvfit::EmulatorData& library)
      : fit_(options.fit), settings_(options.spectra), library_(library) {
    RVFIT_REQUIRE(settings_.medium == Medium::unknown ||
                      settings_.library_medium != Medium::unknown ||
                      std::any_of(library.arms.begin(), library.arms.end(),
                                  [](const ArmData& arm) { return arm.medium != Medium::unknown; }),
                  settings_.medium == Medium::air ? "--air" : "--vacuum",
                  ": the library does not tell the medium of its own wavelengths, which "
                  "--library-medium can");
  }

  /// @throws rvfit::io::IoError  settings name an arm that the file has not
  void require_arms(const std::string& path, const std::vector<SpectraArm>& arms) const {
    const auto require = [&](const char* option, const std::string& name) {
      std::string list;
      for (const SpectraArm& arm : arms) {
        if (name.empty() || is_named(name, arm.label, arm.name)) {
          return;
        }
        list += (list.empty() ? "" : ", ") + arm.label;
      }
      throw rvfit::io::IoError(path + ": " + option + ": no arm '" + name +
                               "', there are: " + list);
    };
    for (const KeptRange& range : settings_.kept) {
      require("--wave-range", range.arm);
    }
    for (const LineSpreadChoice& choice : settings_.line_spread) {
      require("--lsf", choice.arm);
    }
  }

  /// @throws rvfit::io::IoError  the arm cannot be brought to what is wanted
  void apply(const std::string& path, SpectraArm& arm) const {
    const auto fail = [&](const std::string& what) {
      throw rvfit::io::IoError(path + ": arm " + arm.label + ": " + what);
    };
    if (const std::string error = keep_pixels(settings_, arm); !error.empty()) {
      fail(error);
    }
    if (!arm.flux.empty()) {
      apply_line_spread(arm, fail);
    }
    const Medium wanted = medium_of_library(arm.name);
    const Medium given = settings_.medium != Medium::unknown ? settings_.medium : arm.medium;
    if (wanted == Medium::unknown || wanted == given) {
      return;
    }
    if (given == Medium::unknown) {
      fail(std::string("the library's wavelengths are in ") + name_of(wanted) +
           ", the file does not tell its own: --vacuum or --air does");
    }
    for (double& wave : arm.wave) {
      wave = rvfit::converted(wave, given, wanted);
    }
    arm.medium = wanted;
  }

 private:
  /// Null for an arm that the library has not, of which the fit complains.
  [[nodiscard]] const ArmData* find(const std::string& name) const {
    const auto found = std::find_if(library_.arms.begin(), library_.arms.end(),
                                    [&](const ArmData& arm) { return arm.name == name; });
    return found == library_.arms.end() ? nullptr : &*found;
  }

  [[nodiscard]] Medium medium_of_library(const std::string& name) const {
    const ArmData* arm = find(name);
    const Medium told = arm == nullptr ? Medium::unknown : arm->medium;
    return told != Medium::unknown ? told : settings_.library_medium;
  }

  /// The choice for an arm, one that names it before one for all; null if there is none.
  [[nodiscard]] const LineSpreadChoice* choice_for(const SpectraArm& arm) const {
    const LineSpreadChoice* chosen = nullptr;
    for (const LineSpreadChoice& choice : settings_.line_spread) {
      const bool named = is_named(choice.arm, arm.label, arm.name);
      if (named || (choice.arm.empty() && (chosen == nullptr || chosen->arm.empty()))) {
        chosen = &choice;
      }
    }
    return chosen;
  }

  template <class Fail>
  void apply_line_spread(SpectraArm& arm, const Fail& fail) const {
    const LineSpreadChoice* choice = choice_for(arm);
    if (choice != nullptr && choice->source == Source::number) {
      set_line_spread(arm, choice->kind, choice->number);
    }
    const bool wanted = choice != nullptr && choice->source != Source::none;
    if (wanted && arm.line_spread.empty()) {
      fail("--lsf: the file does not tell its line spread");
    }
    if (choice != nullptr && choice->source == Source::none) {
      arm.line_spread.clear();
    }
    const double given = fit_.lsf_sigma.of(arm.label);
    const ArmData* library = find(arm.name);
    const double known = given >= 0 || library == nullptr ? given : library->lsf_sigma;
    if (arm.line_spread.empty()) {
      return;
    }
    const bool is_known = known >= 0;
    if (wanted && !is_known) {
      fail(
          "--lsf: the library does not tell the line spread of its templates, which --lsf-sigma "
          "can");
    }
    if (!is_known || fit_.resolution_matrix) {
      arm.line_spread.clear();
      return;
    }
    warn_of_narrow(arm, known);
  }

  /// Warn where nothing is left to apply, and where templates are too narrow for pixels.
  void warn_of_narrow(const SpectraArm& arm, double library) const {
    const auto narrower = std::count_if(arm.line_spread.begin(), arm.line_spread.end(),
                                        [&](float sigma) { return sigma < library; });
    if (narrower > static_cast<std::ptrdiff_t>(arm.line_spread.size() / 20)) {
      once_->warn("arm " + arm.label +
                  ": the library's line spread is wider than that of the spectra, which is left as "
                  "it is in such pixels");
    }
    const std::size_t middle = arm.pixels() / 2;
    const double pixel = arm.wave[middle] - arm.wave[middle - 1];
    if (library < 0.5 * pixel) {
      once_->warn("arm " + arm.label +
                  ": the library's line spread is below half a pixel of the spectra: its line "
                  "spread is applied to too few samples of a template");
    }
  }

  const FitSettings& fit_;
  const SpectraSettings& settings_;
  const rvfit::EmulatorData& library_;
  std::shared_ptr<Once> once_ = std::make_shared<Once>();
};

}  // namespace

Reader matched_to_library(const Reader& read, const Options& options,
                          const rvfit::EmulatorData& library) {
  return [&read, match = LibraryMatch(options, library)](const std::string& path) {
    Reading reading = read(path);
    match.require_arms(path, reading.spectra.arms);
    for (SpectraArm& arm : reading.spectra.arms) {
      match.apply(path, arm);
    }
    if (reading.read_rows) {
      reading.read_rows = [inner = std::move(reading.read_rows), match,
                           path](const std::vector<std::size_t>& rows) {
        std::vector<SpectraArm> arms = inner(rows);
        for (SpectraArm& arm : arms) {
          match.apply(path, arm);
        }
        return arms;
      };
    }
    return reading;
  };
}

}  // namespace rvfit_programs
