// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A DESI file of a few rows and pixels, for tests of the reader.

#include <rvfit/io/fits/column.hpp>
#include <rvfit/io/fits/fits_output.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test {

/// Four spectra: a star, a sky fiber, one with a restricted positioner, one with a broken fiber.
/// Arms B, R, Z have 5, 6 and 7 pixels; flux of arm a, row r, pixel i is 100 a + 10 r + i, and diagonal k
/// of 3 of its resolution matrix 1000 k + that.
inline void write_small_desi_file(const std::string& path) {
  io::FitsOutput file(path);
  const std::vector<std::int64_t> ids{39600000000001, 39600000000002, 39600000000003,
                                      39600000000004};
  file.write_table(
      "FIBERMAP",
      {{"TARGETID", "", "", ids},
       {"OBJTYPE", "", "", std::vector<std::string>{"TGT", "SKY", "TGT", "TGT"}},
       {"COADD_FIBERSTATUS", "", "", std::vector<std::int32_t>{0, 0, (1 << 3) | (1 << 20), 1 << 9}},
       {"FIBER", "", "", std::vector<std::int32_t>{10, 11, 12, 13}},
       {"REF_CAT", "", "", std::vector<std::string>{"G2", "", "G2", "T2"}},
       {"TARGET_RA", "deg", "", std::vector<double>{1.5, 2.5, 3.5, 4.5}}});
  file.write_table("SCORES", {{"TARGETID", "", "", ids},
                              {"MEDIAN_COADD_SNR_B", "", "", std::vector<float>{11, 12, 13, 14}}});
  std::size_t pixels = 5;
  float arm = 1;
  for (const char* label : {"B", "R", "Z"}) {
    const std::string name(label);
    std::vector<double> wave;
    std::vector<float> flux, resolution;
    for (std::size_t i = 0; i < pixels; ++i) {
      wave.push_back(4000.0 + 2000.0 * static_cast<double>(arm) + 0.8 * static_cast<double>(i));
    }
    for (std::size_t row = 0; row < ids.size(); ++row) {
      for (std::size_t i = 0; i < pixels; ++i) {
        flux.push_back(100 * arm + 10 * static_cast<float>(row) + static_cast<float>(i));
      }
      for (const float diagonal : {0.0F, 1000.0F, 2000.0F}) {
        for (std::size_t i = 0; i < pixels; ++i) {
          resolution.push_back(diagonal + flux[row * pixels + i]);
        }
      }
    }
    const io::ArrayShape shape{ids.size(), pixels};
    file.write_image(name + "_WAVELENGTH", wave, {pixels}, "Angstrom");
    file.write_image(name + "_FLUX", flux, shape);
    file.write_image(name + "_IVAR", std::vector<float>(flux.size(), 4.0F), shape);
    file.write_image(name + "_MASK", std::vector<std::int32_t>(flux.size(), 0), shape);
    file.write_image(name + "_RESOLUTION", resolution, {ids.size(), 3, pixels});
    ++pixels;
    ++arm;
  }
  file.commit();
}

}  // namespace rvfit::test
