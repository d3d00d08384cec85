// SPDX-License-Identifier: MIT

#include "support/fits_edit.hpp"
#include "support/read_error.hpp"
#include "support/scratch_folder.hpp"
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/read_image.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

/// Two spectra of three pixels with errors and a mask, and keywords that `edit` gives.
io::SpectraArm read(const std::string& path, const std::function<void(FitsEdit&)>& edit,
                    const io::ImageHdus& hdus) {
  {
    io::FitsOutput file(path);
    file.write_keywords({});
    file.write_image("FLUX", Floats{1, 2, 3, 4, 5, 6}, {2, 3});
    file.write_image("ERR", Floats{0.5F, 0, 1, 1, 1, 1}, {2, 3});
    file.write_image("BAD", std::vector<std::int32_t>{0, 1, 2, 0, 0, 4}, {2, 3});
    file.commit();
  }
  {
    FitsEdit file(path);
    edit(file.at("FLUX"));
  }
  io::FitsInput file(path);
  CHECK(io::is_image(file, "FLUX"));
  return io::read_image_arm(file, hdus);
}

io::ImageHdus usual() {
  io::ImageHdus hdus;
  hdus.flux = "FLUX";
  hdus.error = "ERR";
  return hdus;
}

TEST_CASE("read_image: linear and logarithmic solutions, in any unit") {
  const ScratchFolder folder;
  const std::string path = folder / "image.fits";
  const auto wave_of = [&](double origin, double step, const char* type, const char* unit,
                           double reference = 1.0) {
    return read(
               path,
               [&](FitsEdit& hdu) {
                 hdu.set("CRVAL1", origin);
                 hdu.set("CDELT1", step);
                 hdu.set("CRPIX1", reference);
                 hdu.set("CTYPE1", type);
                 hdu.set("CUNIT1", unit);
               },
               usual())
        .wave;
  };
  CHECK(wave_of(4700.0, 0.5, "WAVE", "Angstrom") == Doubles{4700.0, 4700.5, 4701.0});
  CHECK(wave_of(4700.0, 0.5, "WAVE", "Angstrom", 2.0)[0] == 4699.5);
  CHECK(wave_of(470.0, 1.0, "WAVE", "nm")[1] == 4710.0);
  CHECK(wave_of(5e-7, 1e-10, "WAVE", "")[0] == doctest::Approx(5000.0).epsilon(1e-12));  // rounding
  CHECK(wave_of(3.7, 1e-4, "WAVE-LOG", "")[1] == std::pow(10.0, 3.7 + 1e-4));
  CHECK(wave_of(8.5, 1e-4, "AWAV-LOG", "")[0] == std::exp(8.5));
  // Decreasing: reversed, with all that belongs to it.
  const io::SpectraArm arm = read(
      path,
      [](FitsEdit& hdu) {
        hdu.set("CRVAL1", 5000.0);
        hdu.set("CD1_1", -1.0);
        hdu.set("CTYPE1", "AWAV");
      },
      [] {
        io::ImageHdus hdus = usual();
        hdus.mask = "BAD";
        hdus.mask_bits = 6;
        return hdus;
      }());
  CHECK(arm.medium == Medium::air);
  CHECK(arm.wave == Doubles{4998, 4999, 5000});
  CHECK(arm.flux == Floats{3, 2, 1, 6, 5, 4});
  CHECK(arm.ivar == Floats{1, 0, 4, 1, 1, 1});
  CHECK(arm.mask == std::vector<std::int32_t>{1, 0, 0, 1, 0, 0});
}

TEST_CASE("read_image: what is missing or odd is named") {
  const ScratchFolder folder;
  const std::string path = folder / "image.fits";
  const auto error = [&](const std::function<void(FitsEdit&)>& edit, const io::ImageHdus& hdus) {
    return read_error(path, [&] { (void)read(path, edit, hdus); });
  };
  const auto solved = [](FitsEdit& hdu) {
    hdu.set("CRVAL1", 5000.0);
    hdu.set("CDELT1", 1.0);
  };
  CHECK(
      error([](FitsEdit&) {}, usual()) ==
      "HDU 'FLUX': is an image without CRVAL1 and CDELT1 or CD1_1, expected a wavelength solution");
  CHECK(error(
            [](FitsEdit& hdu) {
              hdu.set("CRVAL1", 5000.0);
              hdu.set("CDELT1", -4000.0);
            },
            usual())
            .starts_with("HDU 'FLUX': has a wavelength of -3000.0"));
  io::ImageHdus hdus = usual();
  hdus.error = "";
  CHECK(
      error(solved, hdus).starts_with("HDU 'FLUX': is an image, whose errors are in another HDU"));
  hdus.error = "NONE";
  CHECK(error(solved, hdus) == "HDU 'NONE' missing");
  hdus = usual();
  hdus.mask = "PRIMARY";
  CHECK(error(solved, hdus) == "HDU 'PRIMARY': has no data pixels, expected 2 x 3");
}

}  // namespace
}  // namespace rvfit::test
