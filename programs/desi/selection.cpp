// SPDX-License-Identifier: MIT

#include "selection.hpp"

#include "target_bits.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_set>

namespace rvfit_desi {
namespace {

using rvfit::io::DesiFile;
using Condition = std::function<bool(std::size_t row)>;

/// S/N of the best arm; NaN if none has any.
[[nodiscard]] float best_snr(const DesiFile& file, std::size_t row) {
  float best = std::numeric_limits<float>::quiet_NaN();
  for (const rvfit::io::SpectraArm& arm : file.arms) {
    best = std::fmax(best, arm.snr[row]);
  }
  return best;
}

/// The condition that a row has a bit whose name matches.
[[nodiscard]] Condition of_type(const DesiFile& file, const std::vector<std::string>& types) {
  const std::string fibermap = "FIBERMAP";
  for (const std::string& column : target_columns()) {
    if (file.tables->has_column(fibermap, column)) {
      return [bits = target_bits(column, types),
              values = file.tables->read_column<std::int64_t>(fibermap, column)](std::size_t row) {
        return (values[row] & bits) != 0;
      };
    }
  }
  file.tables->fail(fibermap, "has no column " + target_columns().back() + " to select types by");
}

}  // namespace

std::vector<std::size_t> select_rows(const DesiFile& file, const Selection& selection,
                                     const rvfit::io::Redrock* redrock) {
  std::vector<Condition> all, any;
  if (selection.targets) {
    const std::unordered_set<std::int64_t> wanted(selection.targets->begin(),
                                                  selection.targets->end());
    all.emplace_back(
        [&file, wanted](std::size_t row) { return wanted.contains(file.target_id[row]); });
  }
  if (selection.min_snr) {
    all.emplace_back([&](std::size_t row) { return best_snr(file, row) > *selection.min_snr; });
  }
  if (!file.exposure_id.empty()) {
    all.emplace_back([&](std::size_t row) {
      const std::int64_t id = file.exposure_id[row];
      return id > selection.min_expid && id <= selection.max_expid;
    });
  }
  if (!selection.types.empty()) {
    any.push_back(of_type(file, selection.types));
  }
  if (selection.by_redrock && redrock != nullptr) {
    any.emplace_back([&](std::size_t row) { return redrock->may_be_star(row); });
  }
  std::vector<std::size_t> rows = selection.all_rows
                                      ? rvfit::io::select_all(file)
                                      : rvfit::io::select_stars(file, selection.harmless_status);
  std::erase_if(rows, [&](std::size_t row) {
    const auto holds = [row](const Condition& condition) { return condition(row); };
    return !std::all_of(all.begin(), all.end(), holds) ||
           !(any.empty() || std::any_of(any.begin(), any.end(), holds));
  });
  return rows;
}

}  // namespace rvfit_desi
