// SPDX-License-Identifier: MIT

/// @file
/// Code with kernels that is in no Fitter, for the checks that compile for GPUs (tools/device_check.sh):
/// preparation of spectra, and fits of residuals with each estimator, by thread and by team, and of data sets
/// that share parameters.

#include <rvfit/rvfit.hpp>

namespace rvfit {

namespace test::device_kernels {

using P = Policy<Kokkos::DefaultExecutionSpace, float, double>;
using Exec = P::execution_space;

/// y = a exp(-t / tau) + c by dual numbers.
struct Decay {
  static constexpr int parameters = 3;

  template <class T>
  KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
    using Kokkos::exp;
    return theta[0] * exp(-0.25 * i / theta[1]) + theta[2];
  }
};

/// The same with its coefficients eliminated.
struct DecayWithBasis {
  static constexpr int parameters = 3, linear = 2;

  template <class T>
  KOKKOS_FUNCTION void basis(const T* theta, int i, T* phi) const {
    using Kokkos::exp;
    phi[0] = exp(-0.25 * i / theta[0]);
    phi[1] = T(1.0);
  }
};

/// Two values at a point.
struct Orbit {
  static constexpr int parameters = 3, values = 2;

  template <class T>
  KOKKOS_FUNCTION void evaluate(const T* theta, int i, T* f) const {
    using Kokkos::cos, Kokkos::sin;
    f[0] = theta[0] * cos(0.25 * i + theta[2]);
    f[1] = theta[1] * sin(0.25 * i + theta[2]);
  }
};

}  // namespace test::device_kernels

using test::device_kernels::Decay, test::device_kernels::DecayWithBasis, test::device_kernels::Exec,
    test::device_kernels::Orbit, test::device_kernels::P;

template SpectrumBatch<P> prepare_spectra<P>(
    const Exec&, std::string, const Matrix<const double, P>&, const Matrix<const float, P>&,
    const Matrix<const float, P>&, const Matrix<const std::int32_t, P>&, const PrepareOptions&,
    const Cube<const float, P>&, const SpectrumBuffer<P>&, const Vector<const double, P>&);
template Cube<const float, P> remove_template_spread<P>(const Exec&, const Cube<const float, P>&,
                                                        double);

template class ResidualFitter<P, Decay, LeastSquares>;
template class ResidualFitter<P, Decay, Huber>;
template class ResidualFitter<P, Decay, Cauchy>;
template class ResidualFitter<P, Decay, Poisson>;
template class ResidualFitter<P, DecayWithBasis, LeastSquares>;
template class ResidualFitter<P, Orbit, LeastSquares>;
template Cube<const double, P> whitening_of_covariance<P>(const Exec&,
                                                          const Cube<const double, P>&);
template ProfileContours<P> profile_contours<P, Decay, LeastSquares>(
    const Exec&, const Decay&, const ResidualData<P>&, const ResidualFits<P>&, int, int, int,
    const ResidualOptions&, const ProfileOptions&, const LeastSquares&);
using Source = int (*)(const StreamChunk<P>&);
using Sink = void (*)(const StreamResults<P>&);
template std::int64_t fit_stream<P, Decay, Source, Sink, LeastSquares>(const Exec&, const Decay&,
                                                                       const StreamShape&, Source&&,
                                                                       Sink&&,
                                                                       const ResidualOptions&,
                                                                       const LeastSquares&);
template class SharedFitter<P, Decay, LeastSquares>;

}  // namespace rvfit
