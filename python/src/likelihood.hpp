// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// -2 ln L of spectra as a function of the parameters, continuum eliminated, for samplers and minimizers of others.

#include "core/options.hpp"
#include "core/program.hpp"
#include "library.hpp"
#include "runtime.hpp"
#include <rvfit/data/parameters.hpp>

#include <memory>
#include <vector>

namespace rvfit_python {

/// F points and their values; all in memory of the host, or all in that of the execution space.
struct LikelihoodArrays {
  const double* theta = nullptr;  ///< (F, P), F = K B: point k B + b is of spectrum b
  std::size_t size = 0;           ///< of theta
  double* value = nullptr;        ///< (F)        -2 ln L, priors included
  double* gradient = nullptr;     ///< (F, P)     its derivatives, or null: neither is wanted
  double* hessian = nullptr;      ///< (F, P, P)  its Gauss-Newton curvature
  bool on_device = false;
};

/// B spectra (or targets of several exposures) of one number of exposures.
class Likelihood : public Resource {
 public:
  [[nodiscard]] virtual const rvfit::ParameterSet& parameters() const = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;
  /// Only within a Session. Several threads take turns.
  ///
  /// @throws rvfit::InvalidArgument  another number of values
  virtual void evaluate(const LikelihoodArrays& arrays) = 0;

  /// Values of one spectrum at G velocities, of one synthesis.
  ///
  /// @param[in] theta  (P)  of which rv does not count
  /// @param[in] rv     (G)  [km/s]
  /// @throws rvfit::InvalidArgument  several spectra; another number of values
  [[nodiscard]] virtual std::vector<double> at_velocities(const std::vector<double>& theta,
                                                          const std::vector<double>& rv) = 0;
};

/// Only within a Session. The library must outlive it. @throws rvfit::InvalidArgument  targets of different numbers of exposures; and as a fit
[[nodiscard]] std::unique_ptr<Likelihood> make_likelihood(const rvfit::EmulatorData& library,
                                                          const rvfit_programs::Reading& reading,
                                                          const rvfit_programs::Options& options);

}  // namespace rvfit_python
