// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Names of the bits of DESI_TARGET and its like, as DESI's target selection defines them: files
/// targetmask.yaml of https://github.com/desihub/desitarget, release 4.4.0 (Myers et al. 2023, AJ 165,
/// 50).

#include <cstdint>
#include <string>
#include <vector>

namespace rvfit_desi {

/// The columns that have such bits, in the order in which they are looked for: the commissioning's,
/// those of survey validation, the main survey's. A file of survey validation has the main survey's
/// column, too, without the bits of its own targets.
[[nodiscard]] const std::vector<std::string>& target_columns();

/// Names of all bits of all columns.
[[nodiscard]] std::vector<std::string> target_names();

/// Bits of a column whose names begin with a match of one of some expressions (name_pattern.hpp).
/// @throws BadPattern  an expression that is none
[[nodiscard]] std::int64_t target_bits(const std::string& column,
                                       const std::vector<std::string>& expressions);

/// Expressions that match no name of any column. @throws BadPattern  an expression that is none
[[nodiscard]] std::vector<std::string> without_match(const std::vector<std::string>& expressions);

}  // namespace rvfit_desi
