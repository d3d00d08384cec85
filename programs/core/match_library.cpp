// SPDX-License-Identifier: MIT

#include "match_library.hpp"

#include <rvfit/core/require.hpp>
#include <rvfit/io/fits/io_error.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace rvfit_programs {
namespace {

using rvfit::ArmData;
using rvfit::Medium;
using rvfit::io::SpectraArm;

class LibraryMatch {
 public:
  LibraryMatch(const SpectraSettings& settings, const rvfit::EmulatorData& library)
      : settings_(settings), library_(library) {
    RVFIT_REQUIRE(settings.medium == Medium::unknown ||
                      settings.library_medium != Medium::unknown ||
                      std::any_of(library.arms.begin(), library.arms.end(),
                                  [](const ArmData& arm) { return arm.medium != Medium::unknown; }),
                  settings.medium == Medium::air ? "--air" : "--vacuum",
                  ": the library does not tell the medium of its own wavelengths, which "
                  "--library-medium can");
  }

  /// @throws rvfit::io::IoError  nothing tells the medium of the spectra
  void apply(const std::string& path, SpectraArm& arm) const {
    const Medium wanted = medium_of_library(arm.name);
    const Medium given = settings_.medium != Medium::unknown ? settings_.medium : arm.medium;
    if (wanted == Medium::unknown || wanted == given) {
      return;
    }
    if (given == Medium::unknown) {
      throw rvfit::io::IoError(path + ": arm " + arm.label + ": the library's wavelengths are in " +
                               name_of(wanted) +
                               ", the file does not tell its own: --vacuum or --air does");
    }
    for (double& wave : arm.wave) {
      wave = rvfit::converted(wave, given, wanted);
    }
    arm.medium = wanted;
  }

 private:
  /// Unknown for an arm that the library has not, of which the fit complains.
  [[nodiscard]] Medium medium_of_library(const std::string& name) const {
    const auto found = std::find_if(library_.arms.begin(), library_.arms.end(),
                                    [&](const ArmData& arm) { return arm.name == name; });
    const Medium told = found == library_.arms.end() ? Medium::unknown : found->medium;
    return told != Medium::unknown ? told : settings_.library_medium;
  }

  const SpectraSettings& settings_;
  const rvfit::EmulatorData& library_;
};

}  // namespace

Reader matched_to_library(const Reader& read, const SpectraSettings& settings,
                          const rvfit::EmulatorData& library) {
  return [&read, match = LibraryMatch(settings, library)](const std::string& path) {
    Reading reading = read(path);
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
