// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A DESI file in memory: its spectra and the columns of FIBERMAP that decide which of them are fitted.

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/spectra.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace rvfit::io {

using DesiArm = SpectraArm;

/// R spectra and what FIBERMAP says about them.
struct DesiFile : Spectra {
  std::vector<std::int64_t> target_id;     ///< (R)
  std::vector<std::string> object_type;    ///< (R) OBJTYPE
  std::vector<std::int64_t> fiber_status;  ///< (R) FIBERSTATUS, else COADD_FIBERSTATUS
  std::vector<std::int64_t> exposure_id;   ///< (R) EXPID, empty where there is none
  std::shared_ptr<FitsInput> tables;       ///< FIBERMAP, SCORES and EXP_FIBERMAP as they are

  [[nodiscard]] std::size_t rows() const { return target_id.size(); }
};

}  // namespace rvfit::io
