// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Templates against rvspecfit's: its library, rotation, Doppler shift and spline at 16 points.

#include <rvfit/io/fits/fits_input.hpp>
#include <rvfit/io/read_emulator.hpp>

#include <compiled/fitters.hpp>
#include <doctest/doctest.h>
#include <support/shared_data.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test {

/// Compare the templates of a library with those of `reference`.
/// @param[in] options  with nearest_node_outside, points outside the domain are compared too
template <class Real>
void compare_models(const std::string& library, const std::string& reference_name,
                    const ForwardModelOptions& options, double flux_tolerance) {
  using P = Policy<Kokkos::DefaultExecutionSpace, Real, double>;
  const std::string emulator = shared_emulator(library);
  const std::string reference = shared_file(reference_name);
  if (emulator.empty() || reference.empty()) {
    return;
  }
  const typename P::execution_space exec;
  const ForwardModel<P> model(exec, io::read_emulator(emulator), options);
  io::FitsInput file(reference);
  const std::size_t rows = file.row_count("POINTS");
  std::vector<double> theta(rows * 6);
  std::size_t column = 0;
  for (const char* name : {"teff", "logg", "feh", "alpha", "vsini", "rv"}) {
    const auto values = file.read_column<double>("POINTS", name);
    for (std::size_t b = 0; b < rows; ++b) {
      theta[b * 6 + column] = values[b];
    }
    ++column;
  }
  const auto outside = file.read_column<double>("POINTS", "outside_b");
  Observations<P> layout;
  for (const std::string arm : {"B", "R", "Z"}) {
    const auto shape = file.image_shape(arm + "_WAVELENGTH");
    const auto wave = file.read_image<double>(arm + "_WAVELENGTH", shape);
    SpectrumBatch<P> batch;
    batch.wave = upload_matrix<Matrix<const double, P>>(exec, "wave", wave, 1, wave.size());
    batch.arm = "desi_" + std::string(1, static_cast<char>(std::tolower(arm[0])));
    layout.push_back(batch);
  }
  const auto templates = predict<P>(exec, model, theta, layout);
  for (std::size_t a = 0; a < layout.size(); ++a) {
    const std::string hdu = std::string(1, "BRZ"[a]) + "_MODEL";
    const auto expected = file.read_image<double>(hdu, file.image_shape(hdu));
    REQUIRE(templates[a].size() == expected.size());
    const std::size_t pixels = expected.size() / rows;
    double worst = 0.0;
    for (std::size_t b = 0; b < rows; ++b) {
      if (outside[b] > 0.0 && !options.nearest_node_outside) {
        continue;
      }
      for (std::size_t i = 0; i < pixels; ++i) {
        const std::size_t n = b * pixels + i;
        worst = std::max(worst, std::abs(templates[a][n] / expected[n] - 1.0));
      }
    }
    CAPTURE(hdu);
    CHECK(worst <= flux_tolerance);
    MESSAGE(hdu, ": worst relative difference ", worst);
  }
}

}  // namespace rvfit::test
