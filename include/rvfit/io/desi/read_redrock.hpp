// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Redshifts and classes that redrock found for a DESI file, from the file that lies beside it.

#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace rvfit::io {

/// A file of redshifts and the HDU that has them.
struct RedrockPlace {
  std::string path;
  std::string hdu;
};

/// The redshifts beside `coadd-X` or `spectra-X`, .gz or not: `redrock-X`, else `zbest-X`, which older
/// productions have, .gz or not.
[[nodiscard]] inline std::optional<RedrockPlace> find_redrock(const std::string& spectra) {
  const std::filesystem::path path(spectra);
  std::string name = path.filename().string();
  if (name.ends_with(".gz")) {
    name.resize(name.size() - 3);
  }
  for (const std::string prefix : {"coadd-", "spectra-"}) {
    if (!name.starts_with(prefix)) {
      continue;
    }
    const std::pair<const char*, const char*> kinds[] = {{"redrock-", "REDSHIFTS"},
                                                         {"zbest-", "ZBEST"}};
    for (const auto& [kind, hdu] : kinds) {
      const std::string base = (path.parent_path() / (kind + name.substr(prefix.size()))).string();
      for (const std::string& candidate : {base, base + ".gz"}) {
        if (std::filesystem::exists(candidate)) {
          return RedrockPlace{candidate, hdu};
        }
      }
    }
  }
  return std::nullopt;
}

/// Redrock's redshifts and classes of R spectra; NaN and empty where it has no such target.
struct Redrock {
  std::vector<double> z;              ///< (R)  redshift
  std::vector<std::string> spectype;  ///< (R)  STAR, GALAXY, QSO
  std::vector<std::string> subtype;   ///< (R)

  /// Nothing known of `rows` spectra.
  explicit Redrock(std::size_t rows)
      : z(rows, std::numeric_limits<double>::quiet_NaN()), spectype(rows), subtype(rows) {}

  /// Classed as a star, or less than 1500 km/s away from rest: rvspecfit's choice of what to fit.
  [[nodiscard]] bool may_be_star(std::size_t row) const {
    constexpr double largest = 1500.0 / 3e5;
    return spectype[row] == "STAR" || std::abs(z[row]) < largest;
  }

  /// Columns of a result table.
  [[nodiscard]] std::vector<Column> columns() const {
    return {{"RR_Z", "", "Redrock's redshift", z},
            {"RR_SPECTYPE", "", "Redrock's class", spectype},
            {"RR_SUBTYPE", "", "Redrock's subclass", subtype}};
  }
};

/// Read the redshifts of targets, whatever their order in the file.
/// @throws IoError  an HDU or column is missing
[[nodiscard]] inline Redrock read_redrock(const RedrockPlace& place,
                                          const std::vector<std::int64_t>& targets) {
  FitsInput file(place.path);
  const auto id = file.read_column<std::int64_t>(place.hdu, "TARGETID");
  const auto z = file.read_column<double>(place.hdu, "Z");
  const auto spectype = file.read_column<std::string>(place.hdu, "SPECTYPE");
  const auto subtype = file.read_column<std::string>(place.hdu, "SUBTYPE");
  std::unordered_map<std::int64_t, std::size_t> row_of;
  for (std::size_t row = 0; row < id.size(); ++row) {
    row_of[id[row]] = row;
  }
  Redrock redrock(targets.size());
  for (std::size_t row = 0; row < targets.size(); ++row) {
    if (const auto found = row_of.find(targets[row]); found != row_of.end()) {
      redrock.z[row] = z[found->second];
      redrock.spectype[row] = spectype[found->second];
      redrock.subtype[row] = subtype[found->second];
    }
  }
  return redrock;
}

}  // namespace rvfit::io
