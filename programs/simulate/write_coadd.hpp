// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Writes a DESI-format coadd file with the truth in an HDU of its own.

#include "options.hpp"
#include "random.hpp"
#include "stars.hpp"
#include <rvfit/core/version.hpp>
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/fits/text.hpp>
#include <rvfit/rvfit.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_simulate {

/// TARGETID of every star.
[[nodiscard]] inline std::vector<std::int64_t> target_ids(int stars) {
  std::vector<std::int64_t> ids;
  ids.reserve(static_cast<std::size_t>(stars));
  for (int s = 0; s < stars; ++s) {
    ids.push_back(39600000100000 + s);
  }
  return ids;
}

[[nodiscard]] inline std::vector<rvfit::io::Column> fibermap(const Options& options) {
  using Texts = std::vector<std::string>;
  const auto stars = static_cast<std::size_t>(options.stars);
  Random random(options.seed, 0);
  std::vector<std::int32_t> fiber;
  std::vector<std::int64_t> reference;
  std::vector<double> ra;
  std::vector<double> dec;
  for (int s = 0; s < options.stars; ++s) {
    fiber.push_back(s);
    reference.push_back(1000000000000 + s);
    ra.push_back(random.uniform(0.0, 360.0));
    dec.push_back(random.uniform(-20.0, 80.0));
  }
  return {{"TARGETID", "", "Target identifier", target_ids(options.stars)},
          {"BRICKID", "", "Brick", std::vector<std::int32_t>(stars, 500000)},
          {"OBJTYPE", "", "TGT: a target, SKY, BAD", Texts(stars, "TGT")},
          {"COADD_FIBERSTATUS", "", "Bits of what is wrong", std::vector<std::int32_t>(stars, 0)},
          {"TARGET_RA", "deg", "Right ascension, made up", ra},
          {"TARGET_DEC", "deg", "Declination, made up", dec},
          {"FIBER", "", "Fiber number", fiber},
          {"REF_ID", "", "Identifier in the reference catalogue, made up", reference},
          {"REF_CAT", "", "Reference catalogue", Texts(stars, "G2")}};
}

/// True parameters; the columns of labels have their names in upper case.
[[nodiscard]] inline std::vector<rvfit::io::Column> truth(const rvfit::ParameterSet& parameters,
                                                          const Stars& stars) {
  std::vector<rvfit::io::Column> columns;
  const auto count = static_cast<std::size_t>(parameters.size());
  for (std::size_t p = 0; p < count; ++p) {
    const rvfit::Parameter& parameter = parameters[static_cast<int>(p)];
    std::vector<double> values;
    for (std::size_t s = 0; s < stars.snr.size(); ++s) {
      values.push_back(stars.theta[s * count + p]);
    }
    const std::string name =
        parameter.name == "rv" ? "VRAD" : rvfit::io::upper_case(parameter.name);
    columns.push_back({name, parameter.unit == "dex" ? "" : parameter.unit,
                       "True " + parameter.name, std::move(values)});
  }
  columns.push_back({"SNR", "", "S/N of a pixel of mean flux", stars.snr});
  columns.push_back(
      {"TARGETID", "", "Target identifier", target_ids(static_cast<int>(stars.snr.size()))});
  return columns;
}

/// Write everything. @throws rvfit::io::IoError  nothing is left then
inline void write_coadd(const Options& options, const rvfit::EmulatorData& emulator,
                        const rvfit::ParameterSet& parameters, const Stars& stars,
                        const std::vector<rvfit::io::DesiArm>& arms) {
  namespace io = rvfit::io;
  io::FitsOutput file(options.output);
  file.write_keywords(
      {{"CREATOR", std::string("rvfit_simulate ") + rvfit::version, "program that wrote this file"},
       {"EMULATOR", std::filesystem::path(options.emulator).filename().string(), "emulator file"},
       {"LIBRARY", emulator.library, "template library"},
       {"SEED", static_cast<std::int64_t>(options.seed), "of the random numbers"},
       {"SYNTH", true, "made-up stars, not for science"}});
  file.write_comment("simulated: no star was observed; the truth is in HDU TRUTH");
  file.write_table("FIBERMAP", fibermap(options));
  std::vector<io::Column> scores{{"TARGETID", "", "Target identifier", target_ids(options.stars)}};
  for (const io::DesiArm& arm : arms) {
    scores.push_back({"MEDIAN_COADD_SNR_" + arm.label, "",
                      "Median S/N of a pixel in arm " + arm.label, io::measured_snr(arm)});
  }
  file.write_table("SCORES", scores);
  const std::string flux_unit = "10**-17 erg/(s cm2 Angstrom)";
  for (const io::DesiArm& arm : arms) {
    const io::ArrayShape shape{stars.snr.size(), arm.pixels()};
    file.write_image(arm.label + "_WAVELENGTH", arm.wave, {arm.pixels()}, "Angstrom");
    file.write_image(arm.label + "_FLUX", arm.flux, shape, flux_unit);
    file.write_image(arm.label + "_IVAR", arm.ivar, shape, "10**+34 (s2 cm4 Angstrom2) / erg2");
    file.write_image(arm.label + "_MASK", arm.mask, shape);
  }
  file.write_table("TRUTH", truth(parameters, stars));
  file.commit();
}

}  // namespace rvfit_simulate
