// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// DESI files as observations, and fits of them, in any policy.

#include "support/test_policies.hpp"
#include <rvfit/io/desi/desi_preparation.hpp>
#include <rvfit/io/desi/read_desi.hpp>
#include <rvfit/rvfit.hpp>

#include <compiled/fitters.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test {

using Double = DoublePolicy;
using Float = FloatPolicy;

/// Prepared observations of some rows of a file, with its resolution matrices where they were read.
/// @param[in] template_sigma  of the templates' line spread in each arm  [Angstrom]
template <class P>
[[nodiscard]] Observations<P> observations(const typename P::execution_space& exec,
                                           const io::DesiFile& file,
                                           const std::vector<std::size_t>& rows,
                                           const PrepareOptions& options = io::desi_preparation(),
                                           const std::vector<double>& template_sigma = {}) {
  Observations<P> result;
  for (const io::DesiArm& arm : file.arms) {
    const std::size_t n = arm.pixels();
    std::vector<float> flux, ivar, matrices;
    std::vector<std::int32_t> mask;
    for (const std::size_t row : rows) {
      const auto begin = static_cast<std::ptrdiff_t>(row * n);
      const auto end = static_cast<std::ptrdiff_t>((row + 1) * n);
      flux.insert(flux.end(), arm.flux.begin() + begin, arm.flux.begin() + end);
      ivar.insert(ivar.end(), arm.ivar.begin() + begin, arm.ivar.begin() + end);
      mask.insert(mask.end(), arm.mask.begin() + begin, arm.mask.begin() + end);
      const auto d = static_cast<std::ptrdiff_t>(arm.diagonals());
      matrices.insert(matrices.end(), arm.resolution.begin() + d * begin,
                      arm.resolution.begin() + d * end);
    }
    Cube<const typename P::real_type, P> resolution;
    if (!matrices.empty()) {
      resolution = remove_template_spread<P>(
          exec,
          upload_cube<Cube<const float, P>>(exec, "resolution", matrices, rows.size(),
                                            arm.diagonals(), n),
          template_sigma.at(result.size()) / (arm.wave[1] - arm.wave[0]));
    }
    result.push_back(prepare_spectra<P>(
        exec, arm.name, upload_matrix<Matrix<const double, P>>(exec, "wave", arm.wave, 1, n),
        upload_matrix<Matrix<const float, P>>(exec, "flux", flux, rows.size(), n),
        upload_matrix<Matrix<const float, P>>(exec, "ivar", ivar, rows.size(), n),
        upload_matrix<Matrix<const std::int32_t, P>>(exec, "mask", mask, rows.size(), n), options,
        resolution));
  }
  return result;
}

/// Objective values of given parameters (B, P), row-major, one row for each observed spectrum.
template <class P, class Model>
[[nodiscard]] std::vector<double> objective_values(const typename P::execution_space& exec,
                                                   const Model& model, const Observations<P>& data,
                                                   const std::vector<double>& theta) {
  const int size = data.front().size();
  const int parameters = model.parameters().size();
  Objective<P, Model> objective(exec, model, model.parameters(), data, size, {}, 64);
  objective.bind(exec, data);
  ActiveList<P> all(exec, size);
  all.select(exec, size, size, KeepAll{});
  const Linearization<P> out(exec, size, parameters);
  objective.evaluate(
      exec, all,
      upload_matrix<Matrix<const double, P>>(exec, "theta", theta, static_cast<std::size_t>(size),
                                             static_cast<std::size_t>(parameters)),
      out);
  const auto values = download(exec, out.value);
  return {values.data(), values.data() + size};
}

}  // namespace rvfit::test
