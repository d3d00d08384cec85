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

/// Rows of spectra in the HDU `hdu`, with their labels in the table `labels`.
void add_rows(FitsInput& file, const std::string& hdu, const std::string& labels,
              const Options& options, std::vector<Found>& found) {
  const std::size_t rows = file.row_count(labels);
  const std::size_t first = found.size();
  for (std::size_t row = 0; row < rows; ++row) {
    found.push_back({{file.path(), hdu, row, {}, true}, {}});
  }
  for (const auto& [label, names] : wanted_labels(options)) {
    const auto name = std::find_if(names.begin(), names.end(), [&](const std::string& n) {
      return file.has_column(labels, n);
    });
    const auto values =
        name == names.end() ? std::vector<double>{} : file.read_column<double>(labels, *name);
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
    add_rows(file, "PRIMARY", *hdu, options, found);
    return;
  }
  if (shape.empty()) {
    const auto hdu = label_table(file, options, std::nullopt);
    if (!hdu) {
      file.fail("PRIMARY", "has no spectrum, and no table has labels");
    }
    add_rows(file, *hdu, *hdu, options, found);
    return;
  }
  if (shape.size() != 1) {
    file.fail("PRIMARY",
              "is " + rvfit::io::shape_text(shape) + ", expected a spectrum or a row for each");
  }
  Found one{{path, "PRIMARY", 0, {}, false}, {}};
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
    const std::filesystem::path name(row.front());
    const std::string file =
        (name.is_absolute() ? name : std::filesystem::path(path).parent_path() / name).string();
    Found one{{file, is_fits_name(file) ? "PRIMARY" : "", 0, {}, false}, {}};
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

}  // namespace rvfit_library
