// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Kernels of the fitter (pipeline/fitter.hpp) that set and read the state of fits between its phases.

#include <rvfit/continuum/basis.hpp>
#include <rvfit/continuum/projection_outputs.hpp>
#include <rvfit/core/tile.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/data/spectrum_batch.hpp>
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

/// No fit has anything to fit or a value yet.
template <ExecutionPolicy P>
void clear_fits(const typename P::execution_space& exec, const LmState<P>& state) {
  Kokkos::deep_copy(exec, state.status, FitStatus::no_valid_pixels);
  Kokkos::deep_copy(exec, state.theta, Kokkos::Experimental::quiet_NaN_v<double>);
  Kokkos::deep_copy(exec, state.rounding, 0.0);
}

/// Fits of spectra that have enough pixels in an arm run, and know its share of the rounding error.
template <ExecutionPolicy P>
void bind_arm(const typename P::execution_space& exec, const SpectrumView<P>& data, int spectra,
              int fits, int columns, const LmState<P>& state) {
  const typename P::range_policy range(exec, 0, fits);
  Kokkos::parallel_for("rvfit::Fitter::bind", range,
                       RunIfObserved<P>{data.good, spectra, columns, state.status});
  Kokkos::parallel_for("rvfit::Fitter::rounding", range,
                       AddRounding<P>{data.signal, data.good, spectra, state.rounding});
}

/// Chi-squares, and if wanted best-fit spectra, of up to `capacity` spectra of an arm.
template <ExecutionPolicy P>
[[nodiscard]] ProjectionOutputs<P> allocate_outputs(const typename P::execution_space& exec,
                                                    const SpectrumBatch<P>& arm, int capacity,
                                                    bool keep_models) {
  ProjectionOutputs<P> out;
  out.chi2 = allocate<Vector<typename P::accum_type, P>>(exec, "rvfit::Fitter::chi2", capacity);
  if (keep_models) {
    using Models = Matrix<typename P::real_type, P>;
    out.model = allocate<Models>(exec, "rvfit::Fitter::model", capacity, arm.pixels());
  }
  return out;
}

/// Zero, as for spectra left out, whose outputs no projection writes.
template <ExecutionPolicy P>
void clear_outputs(const typename P::execution_space& exec, const ProjectionOutputs<P>& outputs) {
  Kokkos::deep_copy(exec, outputs.chi2, 0.0);
  if (outputs.model.size() > 0) {
    Kokkos::deep_copy(exec, outputs.model, typename P::real_type(0));
  }
}

}  // namespace rvfit::detail
