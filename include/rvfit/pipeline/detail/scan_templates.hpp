// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Templates of a scan (pipeline/scan.hpp), made once from the model: line strengths delta on the bins
/// of each arm.

#include <rvfit/continuum/fit_continuum.hpp>
#include <rvfit/linalg/correlation.hpp>
#include <rvfit/pipeline/template_model.hpp>
#include <rvfit/solver/active_list.hpp>

#include <algorithm>
#include <vector>

namespace rvfit::detail {

/// Points of the model's domain, within the bounds of the parameters and at rest.
/// @return  (count, P) row-major
/// @throws InvalidArgument  the model's start_points gave another number
template <ExecutionPolicy P, class Model>
[[nodiscard]] std::vector<double> template_points(const Model& model,
                                                  const ParameterSet& parameters, int count) {
  std::vector<double> points = model.start_points(count);
  const auto columns = static_cast<std::size_t>(parameters.size());
  RVFIT_REQUIRE(points.size() == static_cast<std::size_t>(count) * columns,
                "Scan: the model's start_points gave ", points.size(), " numbers, wanted ", count,
                " x ", columns);
  const int rv = parameters.index("rv");
  for (std::size_t m = 0; m < points.size() / columns; ++m) {
    for (std::size_t p = 0; p < columns; ++p) {
      const Parameter& parameter = parameters[static_cast<int>(p)];
      double& value = points[m * columns + p];
      value = std::clamp(value, parameter.lower, parameter.upper);
      if (parameter.fixed) {
        value = parameter.value;
      }
    }
    std::fill_n(points.begin() + static_cast<std::ptrdiff_t>(m * columns) + rv,
                velocity_count<P>(model), 0.0);
  }
  return points;
}

/// All templates as one tile, padded to whole row groups.
template <ExecutionPolicy P>
struct AllTemplates {
  ActiveList<P> list;
  Tile<P> tile;

  AllTemplates(const typename P::execution_space& exec, int count)
      : list(exec, padded(count)), tile(selected(exec, count)) {}

 private:
  [[nodiscard]] static int padded(int count) {
    return (count + gemm_row_group - 1) / gemm_row_group * gemm_row_group;
  }
  [[nodiscard]] Tile<P> selected(const typename P::execution_space& exec, int count) {
    list.select(exec, count, count, KeepAll{});
    return list.tile(0, padded(count));
  }
};

/// delta = template / continuum - 1 and its square.
template <ExecutionPolicy P>
struct NormalizeTemplates {
  using Real = typename P::real_type;
  Matrix<const Real, P> flux, continuum;
  Matrix<Real, P> delta, square;
  KOKKOS_FUNCTION void operator()(int m, int j) const {
    const double d = static_cast<double>(flux(m, j)) / continuum(m, j) - 1.0;
    const double finite = Kokkos::isfinite(d) ? d : 0.0;
    delta(m, j) = static_cast<Real>(finite);
    square(m, j) = static_cast<Real>(finite * finite);
  }
};

/// delta_m(j) of M templates in the bins of one arm and `reach` more at either end, and its square, as correlations
/// multiply with them.
template <ExecutionPolicy P>
struct ScanTemplates {
  using Real = typename P::real_type;
  CorrelatedVectors<P> delta, square;

  /// @param[in] points       (M, P)  parameters of the templates
  /// @param[in] wavelengths  (bins + 2 reach)
  template <class Model>
  ScanTemplates(const typename P::execution_space& exec, const Model& model, int arm,
                const Matrix<const double, P>& points, const std::vector<double>& wavelengths,
                const ContinuumOptions& continuum, const Correlation<P>& correlation) {
    const std::size_t size = wavelengths.size();
    const auto wave =
        upload_matrix<Matrix<const double, P>>(exec, "rvfit::Scan::grid", wavelengths, 1, size);
    const auto count = static_cast<int>(points.extent(0));
    const AllTemplates<P> all(exec, count);
    const Tile<P>& tile = all.tile;
    const int padded = tile.size;

    // The templates at rest.
    typename Model::Workspace workspace(exec, model, padded);
    const auto jets = allocate<Jets<P>>(exec, "rvfit::Scan::template", padded, 1, size);
    model.synthesize(exec, arm, tile, points, 1, workspace);
    model.observe(exec, model.plan(exec, arm, wave), tile, points, 1, jets, workspace);

    // Their continuum, with weight 1 everywhere.
    const Matrix<const Real, P> flux(jets.data(), static_cast<std::size_t>(padded), size);
    const auto weight = allocate_raw<Matrix<Real, P>>(exec, "rvfit::Scan::ones", padded, size);
    Kokkos::deep_copy(exec, weight, Real(1));
    const auto fitted = allocate<Matrix<Real, P>>(exec, "rvfit::Scan::fitted", padded, size);
    fit_continuum<P>(exec, tile, make_spectrum_batch<P>(exec, "scan", wave, flux, weight),
                     continuum_basis<P>(exec, wave, continuum), {{}, fitted});

    // delta = template / continuum - 1
    const auto deltas = allocate<Matrix<Real, P>>(exec, "rvfit::Scan::delta", count, size);
    const auto squares = allocate<Matrix<Real, P>>(exec, "rvfit::Scan::square", count, size);
    Kokkos::parallel_for(
        "rvfit::Scan::normalize",
        typename P::template grid_policy<2>(exec, {0, 0}, {count, static_cast<int>(size)}),
        NormalizeTemplates<P>{flux, fitted, deltas, squares});
    delta = correlation.transform(exec, deltas);
    square = correlation.transform(exec, squares);
  }
};

}  // namespace rvfit::detail
