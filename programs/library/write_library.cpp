// SPDX-License-Identifier: MIT

#include "write_library.hpp"

#include <rvfit/core/version.hpp>
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/fits/text.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <string>

namespace rvfit_library {
namespace {

using rvfit::io::FitsOutput;
using rvfit::io::Keyword;
using std::string;

[[nodiscard]] bool is_logarithmic(const string& label) { return label == "teff"; }

[[nodiscard]] string unit_of(const string& label) {
  return label == "teff" ? "K" : label == "logg" || label == "feh" || label == "alpha" ? "dex" : "";
}

[[nodiscard]] string name_of(Normalization normalization) {
  return normalization == Normalization::median      ? "MEDIAN"
         : normalization == Normalization::continuum ? "CONTINUUM"
                                                     : "NONE";
}

[[nodiscard]] string now() {
  const std::time_t time = std::time(nullptr);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", std::gmtime(&time));
  return text.data();
}

/// x = (q - offset) / scale runs from 0 to 1 along an axis; q is the label or its log10.
struct Scaling {
  bool log10;
  double offset, scale;

  Scaling(const string& label, const std::vector<double>& axis)
      : log10(is_logarithmic(label)), offset(q(axis.front())), scale(q(axis.back()) - offset) {}

  [[nodiscard]] double q(double value) const { return log10 ? std::log10(value) : value; }
  [[nodiscard]] double x(double value) const { return (q(value) - offset) / scale; }
};

void write_primary(FitsOutput& file, const Options& options, const Instrument& instrument) {
  const string library =
      std::filesystem::path(options.templates.front()).lexically_normal().filename();
  std::vector<Keyword> keywords{
      {"RVFITFMT", string("EMULATOR"), "format, docs/emulator_file.md"},
      {"RVFITVER", std::int64_t{1}, "its version"},
      {"CREATOR", string("rvfit_library ") + rvfit::version, "program that wrote this file"},
      {"LIBRARY", library, "templates"},
      {"INSTRUME", instrument.name, "instrument that they are seen with"},
      {"INSTSRC", instrument.source, "source of its figures"},
      {"DATE", now(), "UTC"},
      {"SYNTH", options.synthetic, "T: synthetic, not for science"},
      {"NARM", static_cast<std::int64_t>(instrument.arms.size()), "arms"}};
  for (std::size_t a = 0; a < instrument.arms.size(); ++a) {
    keywords.push_back({"ARM" + std::to_string(a), instrument.arms[a].name, "name of an arm"});
  }
  file.write_keywords(keywords);
  if (options.synthetic) {
    file.write_comment("synthetic, not for science");
  }
}

void write_parameters(FitsOutput& file, const LabelGrid& grid) {
  std::vector<string> units;
  std::vector<double> lower, upper;
  for (std::size_t j = 0; j < grid.labels.size(); ++j) {
    units.push_back(unit_of(grid.labels[j]));
    lower.push_back(grid.axes[j].front());
    upper.push_back(grid.axes[j].back());
  }
  file.write_table("PARAMETERS", {{"NAME", "", "label", grid.labels, {16}},
                                  {"UNIT", "", "its unit", units, {8}},
                                  {"LOWER", "", "box around the domain", lower},
                                  {"UPPER", "", "box around the domain", upper}});
}

void write_input(FitsOutput& file, const Options& options, const Instrument& instrument,
                 const InstrumentArm& arm, const LabelGrid& grid,
                 const rvfit::TemplateGrid& pixels) {
  rvfit::io::Flags log10;
  std::vector<double> offset, scale;
  for (std::size_t j = 0; j < grid.labels.size(); ++j) {
    const Scaling scaling(grid.labels[j], grid.axes[j]);
    log10.push_back(scaling.log10 ? 1 : 0);
    offset.push_back(scaling.offset);
    scale.push_back(scaling.scale);
  }
  file.write_table(rvfit::io::upper_case(arm.name) + "_INPUT",
                   {{"NAME", "", "label", grid.labels, {16}},
                    {"LOG10", "", "T: the input is its log10", log10},
                    {"OFFSET", "", "x = (input - OFFSET) / SCALE", offset},
                    {"SCALE", "", "x = (input - OFFSET) / SCALE", scale}});
  std::vector<Keyword> keywords{
      {"GRIDTYPE", string("LOG"), "pixels are uniform in ln(wavelength)"},
      {"GRID0", pixels.origin, "ln(wavelength / Angstrom) of the first"},
      {"GRIDSTEP", pixels.step, "step"},
      {"GRIDSIZE", std::int64_t{pixels.size}, "pixels"},
      {"OUTPUT", string("EXP"), "templates are logarithms"},
      {"LIBTYPE", string("GRID"), "templates on a grid of labels"},
      {"REVISION", string(), "of the library"},
      {"SOFTVER", string("rvfit ") + rvfit::version, "software that made it"},
      {"MEDIUM", string(instrument.medium == rvfit::Medium::air ? "AIR" : "VACUUM"),
       "of wavelengths"},
      {"NORM", name_of(options.normalization), "templates are divided by it"}};
  if (arm.spread.is_constant()) {
    keywords.push_back(
        {"LSFSIGMA", arm.spread.sigma(arm.first), "[Angstrom] line spread in the templates"});
  }
  file.write_keywords(keywords);
}

/// The line spread that the templates have, where one number does not tell it.
void write_spread(FitsOutput& file, const InstrumentArm& arm) {
  if (arm.spread.is_constant()) {
    return;
  }
  constexpr int points = 100;
  std::vector<double> wave, sigma;
  for (int n = 0; n <= points; ++n) {
    wave.push_back(arm.first + (arm.last - arm.first) * n / points);
    sigma.push_back(arm.spread.sigma(wave.back()));
  }
  file.write_table(rvfit::io::upper_case(arm.name) + "_LSF",
                   {{"WAVE", "Angstrom", "wavelength", wave},
                    {"SIGMA", "Angstrom", "of the Gaussian line spread in the templates", sigma}});
}

}  // namespace

void write_library(const Options& options, const Instrument& instrument, const LabelGrid& grid,
                   const std::vector<rvfit::TemplateGrid>& grids, const StoredTemplate& stored) {
  FitsOutput file(options.output);
  write_primary(file, options, instrument);
  file.write_keywords({{"NPAR", static_cast<std::int64_t>(grid.labels.size()), "labels"}});
  write_parameters(file, grid);
  for (std::size_t a = 0; a < instrument.arms.size(); ++a) {
    const InstrumentArm& arm = instrument.arms[a];
    const string prefix = rvfit::io::upper_case(arm.name);
    write_input(file, options, instrument, arm, grid, grids[a]);
    rvfit::io::ArrayShape extents;
    for (std::size_t j = 0; j < grid.labels.size(); ++j) {
      const Scaling scaling(grid.labels[j], grid.axes[j]);
      std::vector<double> x;
      for (const double value : grid.axes[j]) {
        x.push_back(scaling.x(value));
      }
      file.write_image(prefix + "_AXIS" + std::to_string(j), x, {x.size()});
      extents.push_back(x.size());
    }
    file.write_image(prefix + "_NODES", grid.nodes, extents);
    const auto pixels = static_cast<std::size_t>(grids[a].size);
    const int image =
        file.create_image<float>(prefix + "_TEMPLATES", {grid.templates.size(), pixels});
    std::vector<float> row(pixels);
    for (std::size_t r = 0; r < grid.templates.size(); ++r) {
      stored(r, a, row.data());
      file.write_image_rows(image, {r}, pixels, row.data());
    }
    write_spread(file, arm);
  }
  file.commit();
}

}  // namespace rvfit_library
