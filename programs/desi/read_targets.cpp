// SPDX-License-Identifier: MIT

#include "read_targets.hpp"

#include "core/log.hpp"
#include "selection.hpp"
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/desi/read_redrock.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rvfit_desi {
namespace {

/// Redrock's redshifts and classes, and the file that has them; unknown if there is no such file or nobody
/// asks.
[[nodiscard]] std::pair<rvfit::io::Redrock, std::string> redrock_of(const rvfit::io::DesiFile& file,
                                                                    const Options& options) {
  if (options.selection.by_redrock || options.include_redrock) {
    if (const auto place = rvfit::io::find_redrock(file.path)) {
      return {rvfit::io::read_redrock(*place, file.target_id), place->path};
    }
    const std::string inside = "REDSHIFTS";
    if (file.tables->has(inside)) {
      return {rvfit::io::read_redrock(*file.tables, inside, file.target_id), file.path};
    }
    rvfit_programs::log(
        rvfit_programs::LogLevel::warning,
        file.path + ": no file of redrock's beside it, and no HDU REDSHIFTS inside");
  }
  return {rvfit::io::Redrock(file.rows()), {}};
}

/// Rows of EXP_FIBERMAP, the exposures of a coadd, that belong to some rows of the file.
[[nodiscard]] std::vector<std::size_t> exposures_of(const rvfit::io::DesiFile& file,
                                                    const std::vector<std::size_t>& rows) {
  const std::string table = "EXP_FIBERMAP";
  std::vector<std::size_t> exposures;
  if (file.tables->has(table)) {
    std::set<std::int64_t> wanted;
    for (const std::size_t row : rows) {
      wanted.insert(file.target_id[row]);
    }
    const auto id = file.tables->read_column<std::int64_t>(table, "TARGETID");
    for (std::size_t row = 0; row < id.size(); ++row) {
      if (wanted.contains(id[row])) {
        exposures.push_back(row);
      }
    }
  }
  return exposures;
}

/// Names of the spectra in names of figures: BRICKID_TARGETID, or TARGETID where there are no bricks.
[[nodiscard]] std::vector<std::string> names_of(const rvfit::io::DesiFile& file) {
  std::vector<std::string> names(file.rows());
  if (file.tables->has_column("FIBERMAP", "BRICKID")) {
    const auto bricks = file.tables->read_column<std::int64_t>("FIBERMAP", "BRICKID");
    for (std::size_t row = 0; row < file.rows(); ++row) {
      names[row] = std::to_string(bricks[row]) + "_";
    }
  }
  for (std::size_t row = 0; row < file.rows(); ++row) {
    names[row] += std::to_string(file.target_id[row]);
  }
  return names;
}

/// Whether a row of an arm has a good pixel.
[[nodiscard]] bool shows_anything(const rvfit::io::DesiArm& arm, std::size_t row) {
  for (std::size_t i = row * arm.pixels(); i < (row + 1) * arm.pixels(); ++i) {
    if (arm.ivar[i] > 0 && arm.mask[i] <= 0 && std::isfinite(arm.flux[i])) {
      return true;
    }
  }
  return false;
}

/// Properties of all rows that only their pixels tell.
struct Look {
  std::vector<std::vector<float>> snr;  ///< for each arm (R)
  std::vector<char> shows_anything;     ///< (R)
};

/// Look through the spectra of a file, some at a time.
[[nodiscard]] Look look_through(rvfit::io::DesiInput& input) {
  constexpr std::size_t at_a_time = 64;
  const std::size_t rows = input.tables().rows();
  Look look{std::vector<std::vector<float>>(input.tables().arms.size()), std::vector<char>(rows)};
  for (std::size_t first = 0; first < rows; first += at_a_time) {
    std::vector<std::size_t> some(std::min(at_a_time, rows - first));
    std::iota(some.begin(), some.end(), first);
    const std::vector<rvfit::io::DesiArm> arms = input.read(some);
    for (std::size_t a = 0; a < arms.size(); ++a) {
      look.snr[a].insert(look.snr[a].end(), arms[a].snr.begin(), arms[a].snr.end());
      for (std::size_t n = 0; n < some.size(); ++n) {
        look.shows_anything[some[n]] |= static_cast<char>(shows_anything(arms[a], n));
      }
    }
  }
  return look;
}

/// Leave out exposures that show nothing, whose own rv nothing would tell, but for the first of a
/// target that has no others.
void leave_out_empty(rvfit::io::Targets& targets, const std::vector<char>& shows_anything) {
  for (std::vector<std::size_t>& rows : targets) {
    const std::size_t first = rows.front();
    std::erase_if(rows, [&](std::size_t row) { return shows_anything[row] == 0; });
    if (rows.empty()) {
      rows.push_back(first);
    }
  }
}

}  // namespace

rvfit_programs::Reading read_targets(const std::string& path, const Options& options) {
  namespace io = rvfit::io;
  const auto input = std::make_shared<io::DesiInput>(
      path, options.arms,
      options.fit.resolution_matrix ? io::Resolution::read : io::Resolution::skip);
  io::DesiFile file = input->tables();
  if (file.arms.size() < options.arms.size()) {
    std::string arms;
    for (const io::DesiArm& arm : file.arms) {
      arms += (arms.empty() ? "" : ", ") + arm.label;
    }
    rvfit_programs::log(rvfit_programs::LogLevel::info, path + ": has arms " + arms + " alone");
  }
  const bool without_snr = std::any_of(file.arms.begin(), file.arms.end(),
                                       [](const io::DesiArm& arm) { return arm.snr.empty(); });
  Look look;
  if (options.fit.rv_per_exposure || (options.selection.min_snr && without_snr)) {
    look = look_through(*input);
  }
  for (std::size_t a = 0; a < file.arms.size(); ++a) {
    std::vector<float>& snr = file.arms[a].snr;
    if (snr.empty() && !look.snr.empty()) {
      snr = look.snr[a];
    }
    snr.resize(file.rows(), std::numeric_limits<float>::quiet_NaN());
  }
  const auto [redrock, redrock_file] = redrock_of(file, options);
  const std::vector<std::size_t> rows =
      select_rows(file, options.selection, redrock_file.empty() ? nullptr : &redrock);
  rvfit_programs::Reading reading;
  reading.targets =
      options.join_exposures ? io::joined(rows, file.target_id) : io::one_by_one(rows);
  if (options.fit.rv_per_exposure) {
    leave_out_empty(reading.targets, look.shows_anything);
  }
  reading.tables = file.tables;
  reading.header = {"SPGRP", "SPGRPVAL", "TILEID",   "SPECTRO",  "PETAL",
                    "NIGHT", "EXPID",    "HPXPIXEL", "HPXNSIDE", "HPXNEST"};
  reading.row_tables = {"FIBERMAP", "SCORES"};
  reading.model_tables = {"FIBERMAP"};
  reading.other_tables = {{"EXP_FIBERMAP", exposures_of(file, rows)}};
  reading.redshift = redrock.columns();
  if (options.plot || !options.report.empty()) {
    reading.names = names_of(file);
  }
  reading.keywords = {{"RR_FILE", redrock_file, "file of redshifts"}};
  reading.spectra = std::move(file);
  reading.read_rows = [input](const std::vector<std::size_t>& some) { return input->read(some); };
  return reading;
}

}  // namespace rvfit_desi
