// SPDX-License-Identifier: MIT

/// @file
/// What has kernels and is in no Fitter, for the checks that compile for GPUs (tools/device_check.sh):
/// preparation of spectra, and fits of residuals with each estimator, by thread and by team.

#include <rvfit/rvfit.hpp>

namespace rvfit::test {

using Float = Policy<Kokkos::DefaultExecutionSpace, float, double>;
using Double = Policy<Kokkos::DefaultExecutionSpace, double, double>;

template SpectrumBatch<Float> rvfit::prepare_desi<Float>(
    const Float::execution_space&, std::string, const Matrix<const double, Float>&,
    const Matrix<const float, Float>&, const Matrix<const float, Float>&,
    const Matrix<const std::int32_t, Float>&, const DesiPreparation&,
    const Cube<const float, Float>&);

template Cube<const float, Float> rvfit::remove_template_spread<Float>(
    const Float::execution_space&, const Cube<const float, Float>&, double);

/// y = a exp(-t / tau) + c by dual numbers.
struct Decay {
  static constexpr int parameters = 3;

  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    return theta[0] * exp(-0.25 * i / theta[1]) + theta[2];
  }
};

template class rvfit::ResidualFitter<Float, Decay, LeastSquares>;
template class rvfit::ResidualFitter<Double, Decay, LeastSquares>;

}  // namespace rvfit::test
