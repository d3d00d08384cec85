// SPDX-License-Identifier: MIT

#include "templates.hpp"

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/fits/text.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

namespace rvfit_library {
namespace {

using rvfit::Medium;
using rvfit::io::FitsInput;
using rvfit::io::IoError;

/// Keywords and columns that hold the usual labels, the first one there is.
const std::vector<std::pair<std::string, std::vector<std::string>>>& usual_labels() {
  static const std::vector<std::pair<std::string, std::vector<std::string>>> names{
      {"teff", {"PHXTEFF", "TEFF", "T_EFF"}},
      {"logg", {"PHXLOGG", "LOGG", "LOG_G", "G"}},
      {"feh", {"PHXM_H", "FEH", "FE_H", "M_H", "METALS"}},
      {"alpha", {"PHXALPHA", "ALPHA", "ALPHA_M", "AFE", "A_FE"}}};
  return names;
}

/// Labels and the names under which a file may have them.
[[nodiscard]] std::vector<std::pair<std::string, std::vector<std::string>>> wanted_labels(
    const Options& options) {
  if (options.labels.empty()) {
    return usual_labels();
  }
  std::vector<std::pair<std::string, std::vector<std::string>>> names;
  for (const auto& [label, name] : options.labels) {
    names.push_back({label, {name}});
  }
  return names;
}

/// Labels of one template, NaN where it has none, in the order of `wanted_labels`.
using FoundLabels = std::vector<std::optional<double>>;

struct Found {
  Template which;
  FoundLabels labels;
};

/// The first table of a file that has rows of labels for `rows` spectra.
[[nodiscard]] std::optional<std::string> label_table(FitsInput& file, const Options& options,
                                                     std::optional<std::size_t> rows) {
  for (int number = 1; file.has(std::to_string(number)); ++number) {
    const std::string hdu = std::to_string(number);
    if (file.keyword<std::string>(hdu, "XTENSION") != "BINTABLE" ||
        (rows && file.row_count(hdu) != *rows)) {
      continue;
    }
    for (const auto& [label, names] : wanted_labels(options)) {
      for (const std::string& name : names) {
        if (file.has_column(hdu, name)) {
          return hdu;
        }
      }
    }
  }
  return std::nullopt;
}

void add_rows(FitsInput& file, const std::string& hdu, const Options& options,
              std::vector<Found>& found) {
  const std::size_t rows = file.row_count(hdu);
  const std::size_t first = found.size();
  for (std::size_t row = 0; row < rows; ++row) {
    found.push_back({{file.path(), row, {}, true}, {}});
  }
  for (const auto& [label, names] : wanted_labels(options)) {
    const auto name = std::find_if(names.begin(), names.end(),
                                   [&](const std::string& n) { return file.has_column(hdu, n); });
    const auto values =
        name == names.end() ? std::vector<double>{} : file.read_column<double>(hdu, *name);
    for (std::size_t row = 0; row < rows; ++row) {
      found[first + row].labels.push_back(values.empty() ? std::nullopt
                                                         : std::optional(values[row]));
    }
  }
}

/// All templates of a FITS file. @throws IoError  it is none of the kinds that are known
void add_file(const std::string& path, const Options& options, std::vector<Found>& found) {
  FitsInput file(path);
  const rvfit::io::ArrayShape shape = file.image_shape("PRIMARY");
  if (shape.size() == 2) {
    const auto hdu = label_table(file, options, shape[0]);
    if (!hdu) {
      file.fail("PRIMARY", "has " + std::to_string(shape[0]) +
                               " spectra, and no table has as many rows of labels");
    }
    add_rows(file, *hdu, options, found);
    return;
  }
  if (shape.empty()) {
    const auto hdu = label_table(file, options, std::nullopt);
    if (!hdu) {
      file.fail("PRIMARY", "has no spectrum, and no table has labels");
    }
    add_rows(file, *hdu, options, found);
    return;
  }
  if (shape.size() != 1) {
    file.fail("PRIMARY",
              "is " + rvfit::io::shape_text(shape) + ", expected a spectrum or a row for each");
  }
  Found one{{path, 0, {}, false}, {}};
  for (const auto& [label, names] : wanted_labels(options)) {
    std::optional<double> value;
    for (const std::string& name : names) {
      value = value ? value : file.keyword<double>("PRIMARY", name);
    }
    one.labels.push_back(value);
  }
  found.push_back(std::move(one));
}

[[nodiscard]] bool is_fits_name(const std::string& name) {
  for (const char* end : {".fits", ".fit", ".fits.gz", ".fit.gz", ".fits.fz"}) {
    if (name.ends_with(end)) {
      return true;
    }
  }
  return false;
}

/// Fields between commas, without blanks around them.
[[nodiscard]] std::vector<std::string> fields(const std::string& line) {
  std::vector<std::string> all;
  std::stringstream stream(line);
  for (std::string field; std::getline(stream, field, ',');) {
    const auto first = field.find_first_not_of(" \t\r");
    const auto last = field.find_last_not_of(" \t\r");
    all.push_back(first == std::string::npos ? "" : field.substr(first, last - first + 1));
  }
  return all;
}

/// Templates of a list; its first line names the columns, `file` and labels.
void add_list(const std::string& path, std::vector<std::string>& labels,
              std::vector<Found>& found) {
  std::ifstream list(path);
  std::string line;
  std::vector<std::string> header;
  for (int number = 1; std::getline(list, line); ++number) {
    if (line.empty() || line.front() == '#') {
      continue;
    }
    const std::vector<std::string> row = fields(line);
    const std::string at = path + ": line " + std::to_string(number) + ": ";
    if (header.empty()) {
      if (row.size() < 2 || row.front() != "file") {
        throw IoError(at + "expected the names of columns, file,LABEL,..");
      }
      header = row;
      const std::vector<std::string> own(row.begin() + 1, row.end());
      if (!labels.empty() && labels != own) {
        throw IoError(at + "has other labels than the files before");
      }
      labels = own;
      continue;
    }
    if (row.size() != header.size()) {
      throw IoError(at + "has " + std::to_string(row.size()) + " fields, expected " +
                    std::to_string(header.size()));
    }
    const std::filesystem::path file(row.front());
    Found one{
        {(file.is_absolute() ? file : std::filesystem::path(path).parent_path() / file).string(),
         0,
         {},
         false},
        {}};
    for (std::size_t n = 1; n < row.size(); ++n) {
      std::size_t used = 0;
      double value = 0.0;
      try {
        value = std::stod(row[n], &used);
      } catch (const std::exception&) {
        used = 0;
      }
      if (used != row[n].size() || row[n].empty()) {
        throw IoError(at + "'" + row[n] + "' is no number");
      }
      one.labels.push_back(value);
    }
    found.push_back(std::move(one));
  }
}

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

[[nodiscard]] std::vector<double> wavelengths_of_file(const std::string& path, std::size_t pixels) {
  FitsInput file(path);
  return file.read_image<double>("PRIMARY", {pixels});
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

}  // namespace

std::string Template::name() const {
  return has_rows ? path + " row " + std::to_string(row + 1) : path;
}

TemplateSet find_templates(const Options& options) {
  TemplateSet set;
  std::vector<Found> found;
  std::vector<std::string> list_labels;
  std::vector<std::string> files;
  for (const std::string& path : options.templates) {
    if (std::filesystem::is_directory(path)) {
      const std::size_t before = files.size();
      for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
        if (entry.is_regular_file() && is_fits_name(entry.path().string())) {
          files.push_back(entry.path().string());
        }
      }
      std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
    } else if (is_fits_name(path)) {
      files.push_back(path);
    } else if (std::filesystem::exists(path)) {
      add_list(path, list_labels, found);
    } else {
      throw IoError(path + ": no such file or folder");
    }
  }
  if (!list_labels.empty() && !files.empty()) {
    throw IoError(options.templates.front() +
                  ": a list tells the labels of its files, and does not go "
                  "with other files or folders");
  }
  for (const std::string& file : files) {
    if (!options.wave.empty() && std::filesystem::equivalent(file, options.wave)) {
      continue;
    }
    try {
      add_file(file, options, found);
    } catch (const IoError& error) {
      set.faults.emplace_back(error.what());
    }
  }
  if (found.empty()) {
    throw IoError(set.faults.empty() ? options.templates.front() + ": no template was found"
                                     : set.faults.front());
  }
  // A label belongs to the library if any template has it; who lacks it then is no template of the library.
  std::vector<std::size_t> used;
  const auto names = wanted_labels(options);
  for (std::size_t n = 0; n < found.front().labels.size(); ++n) {
    if (std::any_of(found.begin(), found.end(),
                    [&](const Found& f) { return f.labels[n].has_value(); })) {
      used.push_back(n);
      set.labels.push_back(list_labels.empty() ? names[n].first : list_labels[n]);
    }
  }
  for (Found& one : found) {
    std::string missing;
    for (const std::size_t n : used) {
      missing = one.labels[n] || !missing.empty() ? missing
                : list_labels.empty()             ? names[n].first
                                                  : list_labels[n];
      one.which.labels.push_back(one.labels[n].value_or(0.0));
    }
    if (missing.empty()) {
      set.templates.push_back(std::move(one.which));
    } else {
      set.faults.push_back(one.which.name() + ": has no label " + missing);
    }
  }
  return set;
}

TemplateSpectrum read_template(const Template& which, const Options& options) {
  TemplateSpectrum spectrum;
  FitsInput file(which.path);
  const rvfit::io::ArrayShape shape = file.image_shape("PRIMARY");
  if (shape.empty()) {
    const auto hdu = label_table(file, options, std::nullopt);
    const std::size_t width = hdu ? file.column_width(*hdu, "flux") : 0;
    const auto flux = file.read_matrix<double>(hdu.value_or("1"), "flux");
    const auto begin = flux.begin() + static_cast<std::ptrdiff_t>(which.row * width);
    spectrum.flux.assign(begin, begin + static_cast<std::ptrdiff_t>(width));
    if (options.wave.empty()) {
      const auto wave = file.read_matrix<double>(*hdu, "wave");
      const auto first = wave.begin() + static_cast<std::ptrdiff_t>(which.row * width);
      spectrum.wave.assign(first, first + static_cast<std::ptrdiff_t>(width));
    }
  } else {
    const std::size_t pixels = shape.back();
    spectrum.flux.resize(pixels);
    file.read_image_part("PRIMARY", which.row * pixels, pixels, spectrum.flux.data());
    if (options.wave.empty()) {
      spectrum.wave = header_wavelengths(file, pixels, spectrum.header_medium);
    }
  }
  if (!options.wave.empty()) {
    spectrum.wave = wavelengths_of_file(options.wave, spectrum.flux.size());
  }
  require_usable(spectrum, which.name());
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
