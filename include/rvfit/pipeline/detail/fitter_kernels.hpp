// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kernels of the fitter (pipeline/fitter.hpp): states of the fits between the steps of a fit.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/solver/lm.hpp>

namespace rvfit::detail {

/// Fits b of spectra b % spectra that have something to fit run; the others end at once.
template <ExecutionPolicy P>
struct RunIfObserved {
  Vector<const int, P> good;
  int spectra;
  int columns;
  Vector<FitStatus, P> status;
  KOKKOS_FUNCTION void operator()(int b) const {
    status(b) = has_enough_pixels(good(b % spectra), columns) ? FitStatus::running : status(b);
  }
};

/// Rounding error of an objective of templates stored as Real: each pixel's residual carries eps times
/// its signal-to-noise ratio. Adds one arm's share.
template <ExecutionPolicy P>
struct AddRounding {
  Vector<const typename P::accum_type, P> signal;
  Vector<const int, P> good;
  int spectra;
  Vector<double, P> rounding;
  KOKKOS_FUNCTION void operator()(int b) const {
    constexpr double eps = Kokkos::Experimental::epsilon_v<typename P::real_type>;
    const int row = b % spectra;
    // A template is good to several eps: a product of a few hundred terms and an exponential.
    rounding(b) += 4.0 * eps * (good(row) + 4.0 * Kokkos::sqrt(signal(row)));
  }
};

/// start_rv(b) = theta(b, rv).
template <ExecutionPolicy P>
struct RecordStarts {
  Matrix<const double, P> theta;
  int rv;
  Vector<double, P> start_rv;
  KOKKOS_FUNCTION void operator()(int b) const { start_rv(b) = theta(b, rv); }
};

template <ExecutionPolicy P>
struct IsSolution {
  Vector<const FitStatus, P> status;
  KOKKOS_FUNCTION bool operator()(int b) const { return is_solution(status(b)); }
};

}  // namespace rvfit::detail
