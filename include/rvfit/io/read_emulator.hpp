// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Reads an emulator file, format version 1 of docs/emulator_file.md, and refuses all that a reader must
/// refuse by that page.

#include <rvfit/core/medium.hpp>
#include <rvfit/core/require.hpp>
#include <rvfit/emulator/emulator_data.hpp>
#include <rvfit/io/detail/expected_numbers.hpp>
#include <rvfit/io/detail/read_label_grid.hpp>
#include <rvfit/io/detail/read_network.hpp>
#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/io_error.hpp>
#include <rvfit/io/fits/text.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::io {
namespace detail {

/// Reads one emulator file; each function reads one kind of HDU.
class EmulatorReader {
 public:
  explicit EmulatorReader(const std::string& path) : file_(path) {}

  [[nodiscard]] EmulatorData read() {
    const std::string primary = "PRIMARY";
    const auto kind = file_.keyword<std::string>(primary, "RVFITFMT");
    if (kind != "EMULATOR") {
      file_.fail(primary, "RVFITFMT is '" + kind.value_or("") + "', expected 'EMULATOR'");
    }
    const auto version = file_.require_keyword<std::int64_t>(primary, "RVFITVER");
    if (version != 1) {
      file_.fail(primary, "RVFITVER is " + std::to_string(version) + ", expected 1");
    }
    file_.verify_checksums();

    EmulatorData data;
    data.creator = file_.require_keyword<std::string>(primary, "CREATOR");
    data.library = file_.require_keyword<std::string>(primary, "LIBRARY");
    data.synthetic = file_.keyword<bool>(primary, "SYNTH").value_or(false);
    data.labels = read_labels(require_count(file_, primary, "NPAR"));
    const std::size_t arms = require_count(file_, primary, "NARM");
    for (std::size_t a = 0; a < arms; ++a) {
      const std::string name =
          file_.require_keyword<std::string>(primary, "ARM" + std::to_string(a));
      for (const ArmData& other : data.arms) {
        if (upper_case(other.name) == upper_case(name)) {
          file_.fail(primary, "arm '" + name + "' is named twice");
        }
      }
      data.arms.push_back(read_arm(name, data.labels));
    }
    try {
      require_consistent(data);
    } catch (const InvalidArgument& error) {
      throw IoError(file_.path() + ": " + error.what());
    }
    return data;
  }

 private:
  [[nodiscard]] std::vector<LabelData> read_labels(std::size_t count) {
    const std::string hdu = "PARAMETERS";
    require_rows(hdu, count);
    const auto names = file_.read_column<std::string>(hdu, "NAME");
    const auto units = file_.read_column<std::string>(hdu, "UNIT");
    const auto lower = file_.read_column<double>(hdu, "LOWER");
    const auto upper = file_.read_column<double>(hdu, "UPPER");
    require_finite(file_, hdu, "LOWER", lower);
    require_finite(file_, hdu, "UPPER", upper);
    std::vector<LabelData> labels;
    for (std::size_t j = 0; j < count; ++j) {
      if (std::count(names.begin(), names.end(), names[j]) != 1) {
        file_.fail(hdu, "label '" + names[j] + "' is named twice");
      }
      if (lower[j] >= upper[j]) {
        file_.fail(hdu, "box of " + names[j] + " is [" + std::to_string(lower[j]) + ", " +
                            std::to_string(upper[j]) + "], expected LOWER < UPPER");
      }
      labels.push_back({names[j], units[j], lower[j], upper[j]});
    }
    return labels;
  }

  void require_rows(const std::string& hdu, std::size_t count) {
    const std::size_t rows = file_.row_count(hdu);
    if (rows != count) {
      file_.fail(hdu,
                 "has " + std::to_string(rows) + " rows, expected NPAR = " + std::to_string(count));
    }
  }

  [[nodiscard]] ArmData read_arm(const std::string& name, const std::vector<LabelData>& labels) {
    const std::string prefix = upper_case(name);
    const std::string hdu = prefix + "_INPUT";
    ArmData arm;
    arm.name = name;
    arm.revision = file_.require_keyword<std::string>(hdu, "REVISION");
    arm.software_version = file_.require_keyword<std::string>(hdu, "SOFTVER");
    if (const auto sigma = file_.keyword<double>(hdu, "LSFSIGMA")) {
      if (!(*sigma >= 0.0) || !std::isfinite(*sigma)) {
        file_.fail(hdu,
                   "has LSFSIGMA = " + std::to_string(*sigma) + ", expected a width in Angstrom");
      }
      arm.lsf_sigma = *sigma;
    }
    arm.spread = read_spread(prefix + "_LSF");
    arm.medium = read_medium(hdu);
    arm.exponential_output = choose(hdu, "OUTPUT", "LINEAR", "EXP");
    arm.grid = read_grid(hdu);
    arm.inputs = read_inputs(hdu, labels);
    const auto kind = file_.keyword<std::string>(hdu, "LIBTYPE").value_or("NETWORK");
    if (kind == "GRID") {
      arm.label_grid = read_label_grid(file_, prefix, labels.size(), arm.grid.size);
    } else if (kind == "NETWORK") {
      read_network(file_, prefix, labels.size(), arm);
    } else {
      file_.fail(hdu, "LIBTYPE is '" + kind + "', expected 'NETWORK' or 'GRID'");
    }
    return arm;
  }

  /// The line spread of templates where it changes with wavelength; nothing if there is no such table.
  [[nodiscard]] std::vector<SpreadPoint> read_spread(const std::string& hdu) {
    std::vector<SpreadPoint> spread;
    if (!file_.has(hdu)) {
      return spread;
    }
    const auto wave = file_.read_column<double>(hdu, "WAVE");
    const auto sigma = file_.read_column<double>(hdu, "SIGMA");
    for (std::size_t n = 0; n < wave.size(); ++n) {
      if (!(wave[n] > (n == 0 ? 0.0 : wave[n - 1])) || !(sigma[n] >= 0.0) ||
          !std::isfinite(wave[n]) || !std::isfinite(sigma[n])) {
        file_.fail(hdu, "row " + std::to_string(n + 1) + " has WAVE " + std::to_string(wave[n]) +
                            " and SIGMA " + std::to_string(sigma[n]) +
                            ", expected increasing wavelengths and widths, in Angstrom");
      }
      spread.push_back({wave[n], sigma[n]});
    }
    if (spread.empty()) {
      file_.fail(hdu, "has no rows, expected the line spread at one wavelength at least");
    }
    return spread;
  }

  /// MEDIUM, unknown if it is not there.
  [[nodiscard]] Medium read_medium(const std::string& hdu) {
    const auto value = file_.keyword<std::string>(hdu, "MEDIUM");
    if (value && *value != "VACUUM" && *value != "AIR") {
      file_.fail(hdu, "MEDIUM is '" + *value + "', expected 'VACUUM' or 'AIR'");
    }
    return !value ? Medium::unknown : *value == "AIR" ? Medium::air : Medium::vacuum;
  }

  /// True if a keyword is `yes`, false if it is `no`. @throws IoError  something else
  [[nodiscard]] bool choose(const std::string& hdu, const std::string& keyword,
                            const std::string& no, const std::string& yes) {
    const auto value = file_.require_keyword<std::string>(hdu, keyword);
    if (value != yes && value != no) {
      file_.fail(hdu, keyword + " is '" + value + "', expected '" + yes + "' or '" + no + "'");
    }
    return value == yes;
  }

  [[nodiscard]] TemplateGrid read_grid(const std::string& hdu) {
    TemplateGrid grid;
    const auto type = file_.require_keyword<std::string>(hdu, "GRIDTYPE");
    if (type != "LOG") {
      file_.fail(
          hdu, "GRIDTYPE is '" + type + "', expected 'LOG': wavelengths uniform in ln(wavelength)");
    }
    grid.origin = file_.require_keyword<double>(hdu, "GRID0");
    grid.step = file_.require_keyword<double>(hdu, "GRIDSTEP");
    grid.size =
        static_cast<int>(std::min<std::size_t>(require_count(file_, hdu, "GRIDSIZE"), 1U << 30U));
    require_finite<double>(file_, hdu, "GRID0, GRIDSTEP", {grid.origin, grid.step});
    if (grid.step <= 0) {
      file_.fail(hdu, "GRIDSTEP is " + std::to_string(grid.step) + ", expected a positive one");
    }
    return grid;
  }

  [[nodiscard]] std::vector<InputData> read_inputs(const std::string& hdu,
                                                   const std::vector<LabelData>& labels) {
    require_rows(hdu, labels.size());
    const auto names = file_.read_column<std::string>(hdu, "NAME");
    const auto logs = file_.read_column<bool>(hdu, "LOG10");
    const auto offset = file_.read_column<double>(hdu, "OFFSET");
    const auto scale = file_.read_column<double>(hdu, "SCALE");
    require_finite(file_, hdu, "OFFSET", offset);
    require_finite(file_, hdu, "SCALE", scale);
    std::vector<InputData> inputs;
    for (std::size_t j = 0; j < labels.size(); ++j) {
      if (logs[j] && labels[j].lower <= 0) {
        file_.fail(hdu, "LOG10 of " + names[j] + ", whose LOWER in PARAMETERS is " +
                            std::to_string(labels[j].lower) + ", expected a positive one");
      }
      inputs.push_back({names[j], logs[j], offset[j], scale[j]});
    }
    return inputs;
  }

  FitsInput file_;
};

}  // namespace detail

/// Read an emulator file. Templates of a grid are read when a model is made of it: until then the file
/// must stay, and that they are finite is checked then.
/// @throws IoError  naming the file, the HDU, and what was expected there
[[nodiscard]] inline EmulatorData read_emulator(const std::string& path) {
  return detail::EmulatorReader(path).read();
}

}  // namespace rvfit::io
