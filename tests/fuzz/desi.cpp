// SPDX-License-Identifier: MIT

/// @file
/// A DESI file of one arm: rows that are fitted, their spectra with resolution matrices, tables that a
/// result repeats.

#include "desi/selection.hpp"
#include "memory_file.hpp"
#include "targets.hpp"
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/io/desi/select_stars.hpp>

void rvfit::fuzz::desi(const std::uint8_t* bytes, std::size_t count) {
  rvfit::fuzz::read_or_refuse(bytes, count, [](const std::string& path) {
    namespace io = rvfit::io;
    io::DesiInput input(path, {"B"}, io::Resolution::read);
    rvfit_desi::Selection selection;
    selection.types = {"MWS_ANY", "STD_.*"};
    selection.min_snr = 2.0;
    io::DesiFile file = input.tables();
    for (io::DesiArm& arm : file.arms) {
      arm.snr.resize(file.rows(), std::numeric_limits<float>::quiet_NaN());  // as rvfit_desi does
    }
    static_cast<void>(input.read(rvfit_desi::select_rows(file, selection, nullptr)));
    static_cast<void>(input.read(io::select_all(input.tables())));
    const std::string exposures = "EXP_FIBERMAP";
    if (input.tables().tables->has(exposures)) {
      static_cast<void>(input.tables().tables->read_column<std::int64_t>(exposures, "TARGETID"));
    }
  });
}
