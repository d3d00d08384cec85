// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Selects the rows of a DESI file that are fitted, by the rules of rvspecfit (select_fibers_to_fit in
/// rvspecfit/desi/desi_fit.py).

#include <rvfit/io/desi/desi_file.hpp>
#include <rvfit/io/desi/read_redrock.hpp>
#include <rvfit/io/desi/select_stars.hpp>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace rvfit_desi {

/// Conditions on a row. They are joined by "and", but a row of a wanted type or one that
/// redrock takes for a star will do where both are asked for.
struct Selection {
  bool all_rows = false;  ///< also sky, bad and those with a bad fiber status
  /// Bits of the fiber status that do no harm: 3 restricted reach, 20 variable object.
  std::int64_t harmless_status = rvfit::io::harmless_fiber_status;
  std::optional<std::vector<std::int64_t>> targets = std::nullopt;  ///< TARGETID is one of these
  std::optional<double> min_snr = std::nullopt;  ///< S/N of the best arm is above
  std::vector<std::string> types = {};  ///< expressions for names of target bits; empty: any
  std::int64_t min_expid = -1;          ///< EXPID is above, where there is one
  std::int64_t max_expid = std::numeric_limits<std::int64_t>::max();  ///< and not above this
  bool by_redrock = false;  ///< redrock: a star, or near rest
};

/// Rows to fit.
///
/// @param[in] redrock  what redrock says of the rows of the file; none: no condition on it
/// @throws rvfit::io::IoError  types are wanted, and FIBERMAP has no column with target bits
[[nodiscard]] std::vector<std::size_t> select_rows(const rvfit::io::DesiFile& file,
                                                   const Selection& selection,
                                                   const rvfit::io::Redrock* redrock);

}  // namespace rvfit_desi
