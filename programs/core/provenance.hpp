// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Keywords that say where an output comes from; those that rvspecfit has, and ours.

#include "options.hpp"
#include <rvfit/core/version.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/io/fits/column.hpp>

#include <Kokkos_Core.hpp>
#include <fitsio.h>

#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {

/// Name and version of the library and of what it was compiled with.
[[nodiscard]] inline std::vector<std::pair<std::string, std::string>> software() {
  const auto dotted = [](int major, int minor, int patch) {
    std::string text = std::to_string(major);
    return text.append(".").append(std::to_string(minor)).append(".").append(std::to_string(patch));
  };
  return {
      {"rvfit", rvfit::version},
      {"Kokkos", dotted(KOKKOS_VERSION / 10000, KOKKOS_VERSION / 100 % 100, KOKKOS_VERSION % 100)},
      {"CFITSIO", dotted(CFITSIO_MAJOR, CFITSIO_MINOR, CFITSIO_MICRO)}};
}

/// Keywords for the primary header of an output.
[[nodiscard]] inline std::vector<rvfit::io::Keyword> provenance(const std::string& program,
                                                                const Options& options,
                                                                const rvfit::EmulatorData& emulator,
                                                                const std::string& input) {
  using std::string;
  const auto file_name = [](const string& path) {
    return std::filesystem::path(path).filename().string();
  };
  std::vector<rvfit::io::Keyword> keywords;
  for (const auto& [name, version] : software()) {
    char number[3];
    std::snprintf(number, sizeof number, "%02u", static_cast<unsigned>(keywords.size() / 2) % 100);
    keywords.push_back({string("DEPNAM") + number, name, "software"});
    keywords.push_back({string("DEPVER") + number, version, "its version"});
  }
  for (std::size_t a = 0; a < emulator.arms.size(); ++a) {
    const string n = std::to_string(a);
    keywords.push_back({"TMPLCON" + n, emulator.arms[a].name, "arm of the library"});
    keywords.push_back({"TMPLREV" + n, emulator.arms[a].revision, "its revision"});
    keywords.push_back({"TMPLSVR" + n, emulator.arms[a].software_version, "its software"});
  }
  const string config =
      options.config_file.empty() ? "" : std::filesystem::absolute(options.config_file).string();
  keywords.insert(
      keywords.end(),
      {{"RVS_CONF", config, "file of settings"},
       {"RVS_CMD", options.command, "command line"},
       {"CREATOR", program + " " + rvfit::version, "program that wrote this file"},
       {"INFILE", file_name(input), "file that was fitted"},
       {"EMULATOR", file_name(options.emulator), "emulator file"},
       {"LIBRARY", emulator.library, "template library"},
       {"SYNTH", emulator.synthetic, "T: synthetic library, not for science"},
       {"SCALEERR", options.fit.errors.scale, "T: errors scaled by sqrt(chi2 / pixels)"},
       {"RVFLOOR", options.fit.errors.rv_floor, "[km/s] added to errors of rv"},
       {"CLIP", options.fit.clip.sigma, "[sigma] outliers rejected beyond; 0: none"}});
  return keywords;
}

}  // namespace rvfit_programs
