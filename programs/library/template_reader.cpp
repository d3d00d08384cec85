// SPDX-License-Identifier: MIT

#include "template_reader.hpp"

#include "core/fits_turn.hpp"
#include <rvfit/io/fits/text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>
#include <utility>

namespace rvfit_library {
namespace {

using rvfit::Medium;
using rvfit::io::FitsInput;
using rvfit::io::IoError;

/// Wavelengths of the pixels of the first axis of an image.
[[nodiscard]] std::vector<double> header_wavelengths(FitsInput& file, std::size_t pixels,
                                                     Medium& medium) {
  const std::string primary = "PRIMARY";
  const auto start = file.keyword<double>(primary, "CRVAL1");
  const auto step = file.keyword<double>(primary, "CDELT1")
                        ? file.keyword<double>(primary, "CDELT1")
                        : file.keyword<double>(primary, "CD1_1");
  if (!start || !step || !(*step > 0.0)) {
    file.fail(primary, "has no wavelengths: CRVAL1 and CDELT1 or CD1_1, or --wave, are expected");
  }
  const double reference = file.keyword<double>(primary, "CRPIX1").value_or(1.0);
  const std::string type =
      rvfit::io::upper_case(file.keyword<std::string>(primary, "CTYPE1").value_or(""));
  const bool log_flag = file.keyword<std::int64_t>(primary, "DC-FLAG").value_or(0) == 1;
  const bool logarithmic = log_flag || type.find("LOG") != std::string::npos;
  medium = type.starts_with("AWAV")   ? Medium::air
           : type.starts_with("WAVE") ? Medium::vacuum
                                      : Medium::unknown;
  // log10 of a wavelength in Angstrom is below 5.5, its natural logarithm above 6.
  const bool natural = logarithmic && *start > 5.5;
  std::vector<double> wave(pixels);
  for (std::size_t i = 0; i < pixels; ++i) {
    const double at = *start + *step * (static_cast<double>(i) + 1.0 - reference);
    wave[i] = !logarithmic ? at : natural ? std::exp(at) : std::pow(10.0, at);
  }
  return wave;
}

void require_finite(const std::vector<double>& flux, const std::string& name) {
  const auto bad = [](double value) { return !std::isfinite(value); };
  if (std::count_if(flux.begin(), flux.end(), bad) > 0) {  // this loop becomes one of registers
    const auto first = std::find_if(flux.begin(), flux.end(), bad);
    throw IoError(name + ": flux of pixel " + std::to_string(first - flux.begin()) +
                  " is no number");
  }
}

void require_increasing(const std::vector<double>& wave, const std::string& name) {
  for (std::size_t i = 1; i < wave.size(); ++i) {
    if (!(wave[i] > wave[i - 1])) {
      throw IoError(name + ": wavelengths do not increase at pixel " + std::to_string(i));
    }
  }
}

/// Two numbers at the beginning of a line, between blanks or commas.
[[nodiscard]] bool parse_pair(const std::string& line, double& wave, double& flux) {
  const char* at = line.c_str();
  char* end = nullptr;
  wave = std::strtod(at, &end);
  if (end == at) {
    return false;
  }
  at = end + std::strspn(end, ", \t;");
  flux = std::strtod(at, &end);
  return end != at && at != line.c_str();
}

/// Wavelength and flux of a text file; lines that begin with # are remarks, and the first line may name columns.
void read_text(const std::string& path, std::vector<double>& wave, std::vector<double>& flux) {
  std::ifstream file(path);
  if (!file) {
    throw IoError(path + ": cannot be opened");
  }
  flux.clear();
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos || line.front() == '#') {
      continue;
    }
    double at = 0.0, value = 0.0;
    if (parse_pair(line, at, value)) {
      wave.push_back(at);
      flux.push_back(value);
    } else if (!wave.empty() || number > 1) {
      throw IoError(path + ": line " + std::to_string(number) + ": '" + line.substr(0, 40) +
                    "', expected a wavelength and a flux");
    }
  }
  if (wave.size() < 2) {
    throw IoError(path + ": has " + std::to_string(wave.size()) +
                  " lines of wavelength and flux, expected a spectrum");
  }
}

}  // namespace

TemplateReader::TemplateReader(const Options& options) : wave_file_(options.wave) {
  if (!wave_file_.empty()) {
    FitsInput file(wave_file_);
    const rvfit::io::ArrayShape shape = file.image_shape("PRIMARY");
    if (shape.size() != 1) {
      file.fail("PRIMARY", "is " + rvfit::io::shape_text(shape) + ", expected wavelengths");
    }
    wave_ = shared(file.read_image<double>("PRIMARY", shape), wave_file_);
  }
}

void TemplateReader::read(const Template& which, TemplateSpectrum& spectrum) {
  std::vector<double> wave;
  if (which.hdu.empty()) {
    read_text(which.path, wave, spectrum.flux);
  } else {
    read_fits(which, spectrum, wave);
  }
  if (wave_file_.empty()) {
    spectrum.wave = shared(std::move(wave), which.name());
  } else if (wave_->size() != spectrum.flux.size()) {
    throw IoError(which.name() + ": has " + std::to_string(spectrum.flux.size()) + " pixels, and " +
                  wave_file_ + " has " + std::to_string(wave_->size()) + " wavelengths");
  } else {
    spectrum.wave = wave_;
  }
  require_finite(spectrum.flux, which.name());
}

Wavelengths TemplateReader::shared(std::vector<double> wave, const std::string& name) {
  const std::lock_guard lock(waves_);
  if (wave_ == nullptr || *wave_ != wave) {
    require_increasing(wave, name);
    wave_ = std::make_shared<const std::vector<double>>(std::move(wave));
  }
  return wave_;
}

void TemplateReader::read_fits(const Template& which, TemplateSpectrum& spectrum,
                               std::vector<double>& wave) {
  if (!which.has_rows) {
    const auto turn = rvfit_programs::fits_turn();
    FitsInput file(which.path);
    read_hdu(file, which, spectrum, wave);
    return;
  }
  const std::lock_guard lock(rows_);
  const auto turn = rvfit_programs::fits_turn();
  if (open_ == nullptr || open_->path() != which.path) {
    open_ = nullptr;
    open_ = std::make_unique<FitsInput>(which.path);
  }
  read_hdu(*open_, which, spectrum, wave);
}

void TemplateReader::read_hdu(FitsInput& file, const Template& which, TemplateSpectrum& spectrum,
                              std::vector<double>& wave) const {
  if (which.hdu == "PRIMARY") {
    const rvfit::io::ArrayShape shape = file.image_shape("PRIMARY");
    if (shape.empty()) {
      file.fail("PRIMARY", "has no spectrum");
    }
    const std::size_t pixels = shape.back();
    spectrum.flux.resize(pixels);
    file.read_image_part("PRIMARY", which.row * pixels, pixels, spectrum.flux.data());
    if (wave_file_.empty()) {
      wave = header_wavelengths(file, pixels, spectrum.header_medium);
    }
    return;
  }
  spectrum.flux = file.read_matrix_row<double>(which.hdu, "flux", which.row);
  if (wave_file_.empty()) {
    wave = file.read_matrix_row<double>(which.hdu, "wave", which.row);
    if (wave.size() != spectrum.flux.size()) {
      file.fail(which.hdu, "has " + std::to_string(wave.size()) + " wavelengths for " +
                               std::to_string(spectrum.flux.size()) + " fluxes a row");
    }
  }
}

Medium medium_of_lines(const TemplateSpectrum& spectrum) {
  // H beta, Mg b 1, Na D 1 and 2, H alpha, Ca II triplet; in vacuum (NIST)  [Angstrom]
  constexpr std::array lines{4862.69, 5185.05, 5891.58, 5897.56, 6564.61, 8544.44, 8664.52};
  int air = 0, vacuum = 0;
  const std::vector<double>& wave = *spectrum.wave;
  const auto flux_at = [&](double at) -> std::optional<double> {
    const auto after = std::lower_bound(wave.begin(), wave.end(), at);
    if (after == wave.begin() || after == wave.end()) {
      return std::nullopt;
    }
    const auto i = static_cast<std::size_t>(after - wave.begin());
    const double part = (at - wave[i - 1]) / (wave[i] - wave[i - 1]);
    return spectrum.flux[i - 1] + part * (spectrum.flux[i] - spectrum.flux[i - 1]);
  };
  for (const double line : lines) {
    const auto in_vacuum = flux_at(line), in_air = flux_at(rvfit::air_of_vacuum(line));
    if (in_vacuum && in_air &&
        std::abs(*in_vacuum - *in_air) > 0.02 * std::abs(*in_vacuum + *in_air)) {
      (*in_vacuum < *in_air ? vacuum : air) += 1;
    }
  }
  return vacuum >= 2 && vacuum > 3 * air ? Medium::vacuum
         : air >= 2 && air > 3 * vacuum  ? Medium::air
                                         : Medium::unknown;
}

}  // namespace rvfit_library
