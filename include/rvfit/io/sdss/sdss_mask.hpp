// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Bits of SDSS's and BOSS's SPPIXMASK (www.sdss4.org/dr17/algorithms/bitmasks). A pixel is bad where there are no
/// data or no sky, or where the sky fibers themselves do not come out right. PARTIALREJECT,
/// BRIGHTSKY and the like are remarks: the error bars hold.

#include <rvfit/io/mask_bits.hpp>

#include <array>

namespace rvfit::io {

inline constexpr std::array sdss_mask_bits{
    MaskBit{"NOPLUG", 0, true},          MaskBit{"BADTRACE", 1, true},
    MaskBit{"BADFLAT", 2, true},         MaskBit{"BADARC", 3, true},
    MaskBit{"MANYBADCOLUMNS", 4, false}, MaskBit{"MANYREJECTED", 5, false},
    MaskBit{"LARGESHIFT", 6, false},     MaskBit{"BADSKYFIBER", 7, false},
    MaskBit{"NEARWHOPPER", 8, false},    MaskBit{"WHOPPER", 9, false},
    MaskBit{"SMEARIMAGE", 10, false},    MaskBit{"SMEARHIGHSN", 11, false},
    MaskBit{"SMEARMEDSN", 12, false},    MaskBit{"NEARBADPIXEL", 16, false},
    MaskBit{"LOWFLAT", 17, false},       MaskBit{"FULLREJECT", 18, true},
    MaskBit{"PARTIALREJECT", 19, false}, MaskBit{"SCATTEREDLIGHT", 20, false},
    MaskBit{"CROSSTALK", 21, false},     MaskBit{"NOSKY", 22, true},
    MaskBit{"BRIGHTSKY", 23, false},     MaskBit{"NODATA", 24, true},
    MaskBit{"COMBINEREJ", 25, true},     MaskBit{"BADFLUXFACTOR", 26, true},
    MaskBit{"BADSKYCHI", 27, true},      MaskBit{"REDMONSTER", 28, true},
};

}  // namespace rvfit::io
