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
    if (is_first(text)) {
      log(LogLevel::warning, text);
    }
  }

  [[nodiscard]] bool is_first(const std::string& text) {
    const std::lock_guard lock(mutex_);
    return said_.insert(text).second;
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

  /// @throws rvfit::io::IoError  settings name an arm that the file has not, or it has one that the library has not:
  ///                             ToldBefore if that was so of another file
  void require_arms(const std::string& path, const std::vector<SpectraArm>& arms) const {
    for (const SpectraArm& arm : arms) {
      if (find(arm.name) == nullptr) {
        const std::string what = "no arm '" + arm.name + "', there are: " + names_of_arms(library_);
        if (once_->is_first(what)) {
          throw rvfit::io::IoError(path + ": arm " + arm.label + ": the library has " + what +
                                   "; other files that want it fail without a line");
        }
        throw ToldBefore(path + ": arm " + arm.label + ": the library has " + what);
      }
    }
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
  /// Null for an arm that the library has not.
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
    if (arm.line_spread.empty()) {
      return;
    }
    const auto spread_of_library = [&](double wave) {
      return given >= 0 || library == nullptr ? given : library->lsf_at(wave);
    };
    const bool is_known = spread_of_library(arm.wave.front()) >= 0;
    if (wanted && !is_known) {
      fail(
          "--lsf: the library does not tell the line spread of its templates, which --lsf-sigma "
          "can");
    }
    if (!is_known || fit_.resolution_matrix) {
      arm.line_spread.clear();
      return;
    }
    warn_of_narrow(arm, spread_of_library);
    if (!(given >= 0) && library != nullptr && !library->spread.empty()) {
      take_off(arm, *library);
    }
  }

  /// The wavelength of element n of a matrix of an arm's pixels.
  [[nodiscard]] static double wave_of(const SpectraArm& arm, std::size_t n) {
    return arm.wave[arm.wave_rows == 1 ? n % arm.pixels() : n];
  }

  /// Leave what is to be applied to templates whose own line spread changes with wavelength: the difference in quadrature,
  /// 0 where theirs is wider.
  static void take_off(SpectraArm& arm, const ArmData& library) {
    for (std::size_t n = 0; n < arm.line_spread.size(); ++n) {
      const auto sigma = static_cast<double>(arm.line_spread[n]);
      const double there = library.lsf_at(wave_of(arm, n));
      if (!std::isnan(sigma)) {
        arm.line_spread[n] =
            static_cast<float>(std::sqrt(std::max((sigma - there) * (sigma + there), 0.0)));
      }
    }
  }

  /// Warn where nothing is left to apply, and where templates are too narrow for pixels.
  template <class Spread>
  void warn_of_narrow(const SpectraArm& arm, const Spread& spread_of_library) const {
    std::size_t narrower = 0;
    for (std::size_t n = 0; n < arm.line_spread.size(); ++n) {
      narrower +=
          static_cast<double>(arm.line_spread[n]) < spread_of_library(wave_of(arm, n)) ? 1 : 0;
    }
    if (narrower > arm.line_spread.size() / 20) {
      once_->warn("arm " + arm.label +
                  ": the library's line spread is wider than that of the spectra, which is left as "
                  "it is in such pixels");
    }
    const std::size_t middle = arm.pixels() / 2;
    const double pixel = arm.wave[middle] - arm.wave[middle - 1];
    if (spread_of_library(arm.wave[middle]) < 0.5 * pixel) {
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

std::string names_of_arms(const rvfit::EmulatorData& library) {
  std::string names;
  for (const ArmData& arm : library.arms) {
    names += (names.empty() ? "" : ", ") + arm.name;
  }
  return names;
}

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
