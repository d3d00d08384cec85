// SPDX-License-Identifier: MIT

#include "template_reader.hpp"

#include <rvfit/io/fits/text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <optional>

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

void require_usable(const TemplateSpectrum& spectrum, const std::string& name) {
  const auto bad = [](double value) { return !std::isfinite(value); };
  const auto flux = std::find_if(spectrum.flux.begin(), spectrum.flux.end(), bad);
  if (flux != spectrum.flux.end()) {
    throw IoError(name + ": flux of pixel " + std::to_string(flux - spectrum.flux.begin()) +
                  " is no number");
  }
  for (std::size_t i = 1; i < spectrum.wave.size(); ++i) {
    if (!(spectrum.wave[i] > spectrum.wave[i - 1])) {
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
[[nodiscard]] TemplateSpectrum read_text(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    throw IoError(path + ": cannot be opened");
  }
  TemplateSpectrum spectrum;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos || line.front() == '#') {
      continue;
    }
    double wave = 0.0, flux = 0.0;
    if (parse_pair(line, wave, flux)) {
      spectrum.wave.push_back(wave);
      spectrum.flux.push_back(flux);
    } else if (!spectrum.wave.empty() || number > 1) {
      throw IoError(path + ": line " + std::to_string(number) + ": '" + line.substr(0, 40) +
                    "', expected a wavelength and a flux");
    }
  }
  if (spectrum.wave.size() < 2) {
    throw IoError(path + ": has " + std::to_string(spectrum.wave.size()) +
                  " lines of wavelength and flux, expected a spectrum");
  }
  return spectrum;
}

}  // namespace

TemplateReader::TemplateReader(const Options& options) : wave_file_(options.wave) {
  if (!wave_file_.empty()) {
    FitsInput file(wave_file_);
    const rvfit::io::ArrayShape shape = file.image_shape("PRIMARY");
    if (shape.size() != 1) {
      file.fail("PRIMARY", "is " + rvfit::io::shape_text(shape) + ", expected wavelengths");
    }
    wave_ = file.read_image<double>("PRIMARY", shape);
  }
}

TemplateSpectrum TemplateReader::read(const Template& which) {
  TemplateSpectrum spectrum = which.hdu.empty() ? read_text(which.path) : read_fits(which);
  if (!wave_file_.empty()) {
    if (wave_.size() != spectrum.flux.size()) {
      throw IoError(which.name() + ": has " + std::to_string(spectrum.flux.size()) +
                    " pixels, and " + wave_file_ + " has " + std::to_string(wave_.size()) +
                    " wavelengths");
    }
    spectrum.wave = wave_;
  }
  require_usable(spectrum, which.name());
  return spectrum;
}

TemplateSpectrum TemplateReader::read_fits(const Template& which) {
  const std::lock_guard lock(fits_);
  if (open_ == nullptr || open_->path() != which.path) {
    open_ = nullptr;
    open_ = std::make_unique<FitsInput>(which.path);
  }
  FitsInput& file = *open_;
  TemplateSpectrum spectrum;
  if (which.hdu == "PRIMARY") {
    const rvfit::io::ArrayShape shape = file.image_shape("PRIMARY");
    if (shape.empty()) {
      file.fail("PRIMARY", "has no spectrum");
    }
    const std::size_t pixels = shape.back();
    spectrum.flux.resize(pixels);
    file.read_image_part("PRIMARY", which.row * pixels, pixels, spectrum.flux.data());
    if (wave_file_.empty()) {
      spectrum.wave = header_wavelengths(file, pixels, spectrum.header_medium);
    }
  } else {
    spectrum.flux = file.read_matrix_row<double>(which.hdu, "flux", which.row);
    if (wave_file_.empty()) {
      spectrum.wave = file.read_matrix_row<double>(which.hdu, "wave", which.row);
      if (spectrum.wave.size() != spectrum.flux.size()) {
        file.fail(which.hdu, "has " + std::to_string(spectrum.wave.size()) + " wavelengths for " +
                                 std::to_string(spectrum.flux.size()) + " fluxes a row");
      }
    }
  }
  return spectrum;
}

Medium medium_of_lines(const TemplateSpectrum& spectrum) {
  // H beta, Mg b 1, Na D 1 and 2, H alpha, Ca II triplet; in vacuum (NIST)  [Angstrom]
  constexpr std::array lines{4862.69, 5185.05, 5891.58, 5897.56, 6564.61, 8544.44, 8664.52};
  int air = 0, vacuum = 0;
  const auto flux_at = [&](double wave) -> std::optional<double> {
    const auto after = std::lower_bound(spectrum.wave.begin(), spectrum.wave.end(), wave);
    if (after == spectrum.wave.begin() || after == spectrum.wave.end()) {
      return std::nullopt;
    }
    const auto i = static_cast<std::size_t>(after - spectrum.wave.begin());
    const double part = (wave - spectrum.wave[i - 1]) / (spectrum.wave[i] - spectrum.wave[i - 1]);
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
