// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Redshifts and classes that redrock found for a DESI file, from the file that lies beside it or from a table
/// inside.

#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_input.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <numeric>
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

/// Rows of a table of redshifts that belong to targets: row by row if these agree, as redrock writes them; else
/// by TARGETID.
///
/// @param[in] same  whether two rows of the table say the same
/// @return  (R)  none where the table has no such target
/// @throws IoError  a target has two rows there that say different things: nobody knows which is meant
template <class Same>
[[nodiscard]] std::vector<std::optional<std::size_t>> rows_of_targets(
    const FitsInput& file, const std::string& hdu, const std::vector<std::int64_t>& id,
    const std::vector<std::int64_t>& targets, const Same& same) {
  std::vector<std::optional<std::size_t>> rows(targets.size());
  if (id == targets) {
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    return rows;
  }
  std::unordered_map<std::int64_t, std::vector<std::size_t>> rows_of;
  for (std::size_t row = 0; row < id.size(); ++row) {
    rows_of[id[row]].push_back(row);
  }
  for (std::size_t n = 0; n < targets.size(); ++n) {
    const auto found = rows_of.find(targets[n]);
    if (found == rows_of.end()) {
      continue;
    }
    for (const std::size_t row : found->second) {
      if (row != found->second.front() && !same(row, found->second.front())) {
        file.fail(hdu, "rows " + std::to_string(found->second.front() + 1) + " and " +
                           std::to_string(row + 1) + " are both of TARGETID " +
                           std::to_string(targets[n]) +
                           ", and the rows are not those of the spectra, one by one");
      }
    }
    rows[n] = found->second.front();
  }
  return rows;
}

/// Read the redshifts of targets, whatever their order in the file.
/// @throws IoError  an HDU or column is missing, or a target is there twice
[[nodiscard]] inline Redrock read_redrock(FitsInput& file, const std::string& hdu,
                                          const std::vector<std::int64_t>& targets) {
  const auto id = file.read_column<std::int64_t>(hdu, "TARGETID");
  const auto z = file.read_column<double>(hdu, "Z");
  const auto spectype = file.read_column<std::string>(hdu, "SPECTYPE");
  const auto subtype = file.read_column<std::string>(hdu, "SUBTYPE");
  const auto same = [&](std::size_t a, std::size_t b) {
    return z[a] == z[b] && spectype[a] == spectype[b] && subtype[a] == subtype[b];
  };
  const auto rows = rows_of_targets(file, hdu, id, targets, same);
  Redrock redrock(targets.size());
  for (std::size_t n = 0; n < targets.size(); ++n) {
    if (rows[n]) {
      redrock.z[n] = z[*rows[n]];
      redrock.spectype[n] = spectype[*rows[n]];
      redrock.subtype[n] = subtype[*rows[n]];
    }
  }
  return redrock;
}

/// The same of a file of redshifts. @throws IoError  also: it cannot be read
[[nodiscard]] inline Redrock read_redrock(const RedrockPlace& place,
                                          const std::vector<std::int64_t>& targets) {
  FitsInput file(place.path);
  return read_redrock(file, place.hdu, targets);
}

}  // namespace rvfit::io
