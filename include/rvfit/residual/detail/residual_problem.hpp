// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// N residual problems as kernels see them: how a fit begins, what its points add to its objective,
/// and how its results are written; by one thread, for one fit or for one in each element of the types.

#include <rvfit/residual/estimator.hpp>
#include <rvfit/residual/residual_data.hpp>
#include <rvfit/residual/residual_model.hpp>
#include <rvfit/solver/covariance.hpp>
#include <rvfit/solver/device_parameters.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

namespace rvfit::detail {

/// Damping is relative to no less than least_influence F / size_p^2, with size_p the largest |theta_p| so
/// far (Parameter::scale while that is 0). A parameter that has little influence at the start is so kept
/// from running to where it has none (docs/decisions/0009).
inline constexpr double least_influence = 1e-3;

/// Of a view with one row for each fit, one for all, or none.
template <class View>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION typename View::non_const_value_type row_or(
    const View& view, std::int64_t fit, int j, typename View::non_const_value_type otherwise) {
  return view.extent(0) == 0 ? otherwise : view(view.extent(0) == 1 ? 0 : fit, j);
}

template <ExecutionPolicy P, class Model, class Estimator>
struct ResidualProblem {
  static constexpr int n = Model::parameters;
  static constexpr Derivatives derivatives = derivatives_of<Model>();
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;

  Model model;
  Estimator estimator;
  ResidualData<P> data;
  DeviceParameters<P> parameters;  ///< of all fits
  Matrix<const Accum, P> start;
  ResidualFits<P> out;
  LmOptions options;
  bool scale_covariance;

  /// Gaussian priors; the precision is exactly 0 without one.
  template <class T>
  struct Priors {
    T mean[n];
    T precision[n];
  };

  [[nodiscard]] KOKKOS_FUNCTION Accum weight(std::int64_t fit, int i) const {
    return static_cast<Accum>(row_or(data.weight, fit, i, Real(1)));
  }
  /// The datum, 0 where it is left out.
  [[nodiscard]] KOKKOS_FUNCTION Accum datum(std::int64_t fit, int i) const {
    return weight(fit, i) == Accum(0) ? Accum(0)
                                      : static_cast<Accum>(row_or(data.y, fit, i, Real(0)));
  }

  /// Begin a fit in element w: `trial` is where it is to be evaluated first.
  template <class State>
  KOKKOS_FUNCTION void begin(std::int64_t number, int w, State& state) const {
    auto& fit = state.fit;
    auto& bounds = state.bounds;
    auto& priors = state.priors;
    set_element(state.fresh, w, true);
    for (int p = 0; p < n; ++p) {
      const ParametersOfFits<P>& own = data.parameters;
      const Accum lower = row_or(own.lower, number, p, static_cast<Accum>(parameters.lower(p)));
      const Accum upper = row_or(own.upper, number, p, static_cast<Accum>(parameters.upper(p)));
      const bool fixed_for_all = parameters.fixed(p) != 0;
      const bool fixed = fixed_for_all || row_or(own.fixed, number, p, 0) != 0;
      const Accum given = start(number, p);
      const Accum inside = given < lower ? lower : (given > upper ? upper : given);
      const Accum first = fixed_for_all ? static_cast<Accum>(parameters.value(p))
                          : fixed       ? given
                                        : inside;
      set_element(fit.theta[p], w, first);
      set_element(fit.trial[p], w, first);
      set_element(bounds.lower[p], w, lower);
      set_element(bounds.upper[p], w, upper);
      set_element(state.scale[p], w, parameters.scale(p));
      set_element(state.size[p], w, 0);
      set_element(bounds.fixed[p], w, fixed);
      const Accum sigma =
          row_or(own.prior_sigma, number, p, static_cast<Accum>(parameters.prior_sigma(p)));
      const Accum precision = Accum(1) / (sigma * sigma);
      const Accum mean =
          row_or(own.prior_mean, number, p, static_cast<Accum>(parameters.prior_mean(p)));
      set_element(priors.mean[p], w, precision == Accum(0) ? Accum(0) : mean);
      set_element(priors.precision[p], w, precision);
    }
    const auto damping = LmDamping<Accum>::start(options);
    set_element(fit.damping.value, w, damping.value);
    set_element(fit.damping.growth, w, damping.growth);
    set_element(fit.damping.unresolved_steps, w, damping.unresolved_steps);
    set_element(fit.damping.unresolved_decrease, w, damping.unresolved_decrease);
    // Nothing of the element's last fit is left.
    set_element(fit.final_trial, w, false);
    set_element(fit.current.value, w, 0);
    set_element(fit.predicted_decrease, w, 0);
    set_element(fit.newton_decrease, w, 0);
    set_element(fit.rounding, w, 0);
    set_element(fit.iterations, w, 0);
    set_element(fit.status, w, static_cast<int>(FitStatus::running));
  }

  /// Start the sums of a point with the priors.
  template <class T>
  KOKKOS_FUNCTION void add_priors(const Priors<T>& priors, const T* theta,
                                  LmPoint<T, n>& sums) const {
    sums.clear(n);
    for (int p = 0; p < n; ++p) {
      const T offset = theta[p] - priors.mean[p];
      const T slope = priors.precision[p] * offset;
      sums.value = sums.value + slope * offset;
      sums.gradient[p] = T(2) * slope;
      sums.hessian[packed(p, p)] = T(2) * priors.precision[p];
    }
  }

  /// Parameters as the model is called with them, prepared once for all points.
  template <class R>
  struct Arguments {
    R theta[n];
    R up[n], down[n], inverse[n];  ///< for differences
  };
  template <class R, class T>
  KOKKOS_FUNCTION Arguments<R> arguments(const T* theta, const LmBounds<T, n>& bounds) const {
    Arguments<R> out;
    for (int p = 0; p < n; ++p) {
      out.theta[p] = pack_cast<R>(theta[p]);
      if constexpr (derivatives == Derivatives::differences) {
        // eps^(1/3) balances rounding, eps / h, and truncation, h^2; one-sided on a bound.
        constexpr Real h = sizeof(Real) == 4 ? Real(4.9e-3) : Real(6.1e-6);
        const R size = abs_of(out.theta[p]);
        const R step = h * select(size > R(0), size, R(static_cast<Real>(parameters.scale(p))));
        out.up[p] = min_of(out.theta[p] + step, pack_cast<R>(bounds.upper[p]));
        out.down[p] = max_of(out.theta[p] - step, pack_cast<R>(bounds.lower[p]));
        const R width = out.up[p] - out.down[p];
        out.inverse[p] = select(width > R(0), R(1) / width, R(0));
      }
    }
    return out;
  }

  /// f at point i, and its derivatives.
  template <class R, class Fit>
  KOKKOS_FORCEINLINE_FUNCTION R linearize(const Arguments<R>& at, const Fit& fit, int i,
                                          R* jacobian) const {
    if constexpr (derivatives == Derivatives::by_hand) {
      if constexpr (LinearizedWithFit<Model, R, Fit>) {
        return model.linearize(at.theta, fit, i, jacobian);
      } else {
        return model.linearize(at.theta, i, jacobian);
      }
    } else if constexpr (derivatives == Derivatives::dual) {
      Dual<R, n> theta[n];
      for (int p = 0; p < n; ++p) {
        theta[p] = Dual<R, n>::variable(at.theta[p], p);
      }
      const Dual<R, n> f = model_value(model, theta, fit, i);
      for (int p = 0; p < n; ++p) {
        jacobian[p] = f.derivative[p];
      }
      return f.value;
    } else {
      R theta[n];
      for (int p = 0; p < n; ++p) {
        theta[p] = at.theta[p];
      }
      for (int p = 0; p < n; ++p) {
        theta[p] = at.up[p];
        const R up = model_value(model, theta, fit, i);
        theta[p] = at.down[p];
        jacobian[p] = (up - model_value(model, theta, fit, i)) * at.inverse[p];
        theta[p] = at.theta[p];
      }
      return model_value(model, theta, fit, i);
    }
  }

  /// Add what point i contributes; nothing where w is 0, whatever the model is there.
  template <class R, class T, class Fit>
  KOKKOS_FORCEINLINE_FUNCTION void add_point(const Arguments<R>& at, const Fit& fit, int i,
                                             const T& y, const T& w, LmPoint<T, n>& sums) const {
    R jacobian[n];
    const R f = linearize(at, fit, i, jacobian);
    const auto used = w != T(0);
    EstimatorTerm<T> term = estimator(pack_cast<T>(f), y, w);
    term.slope = select(used, term.slope, T(0));
    term.curvature = select(used, term.curvature, T(0));
    sums.value = sums.value + select(used, term.value, T(0));
    T column[n];
    for (int p = 0; p < n; ++p) {
      column[p] = select(used, pack_cast<T>(jacobian[p]), T(0));
      sums.gradient[p] = sums.gradient[p] + term.slope * column[p];
      const T scaled = term.curvature * column[p];
      for (int q = 0; q <= p; ++q) {
        sums.hessian[packed(p, q)] = sums.hessian[packed(p, q)] + scaled * column[q];
      }
    }
  }

  /// Write the results of the fit in element w.
  template <class T>
  KOKKOS_FUNCTION void finish(std::int64_t number, int w, const LmFit<T, n>& fit,
                              const LmBounds<T, n>& bounds, int evaluations) const {
    const auto status = static_cast<FitStatus>(element(fit.status, w));
    for (int p = 0; p < n; ++p) {
      out.theta(number, p) = element(fit.theta[p], w);
    }
    out.value(number) = element(fit.current.value, w);
    out.status(number) = status;
    out.iterations(number) = static_cast<int>(element(fit.iterations, w));
    out.evaluations(number) = evaluations;
    if (out.covariance.extent(0) != 0 || out.correlation.extent(0) != 0) {
      write_covariance(number, w, fit, bounds, is_solution(status));
    }
  }

  template <class T>
  KOKKOS_FUNCTION void write_covariance(std::int64_t number, int w, const LmFit<T, n>& fit,
                                        const LmBounds<T, n>& bounds, bool solved) const {
    constexpr Accum nan = Kokkos::Experimental::quiet_NaN_v<Accum>;
    bool free[n];
    Accum hessian[packed(n, 0)], covariance[packed(n, 0)];
    int count = 0;
    for (int p = 0; p < n; ++p) {
      const Accum value = element(fit.theta[p], w);
      free[p] = !element(bounds.fixed[p], w) && value > element(bounds.lower[p], w) &&
                value < element(bounds.upper[p], w);
      count += free[p] ? 1 : 0;
    }
    for (int k = 0; k < packed(n, 0); ++k) {
      hessian[k] = element(fit.current.hessian[k], w);
      covariance[k] = nan;
    }
    if (solved) {
      lm_covariance<n>(n, free, hessian, covariance);
    }
    Accum factor = 1;
    if (scale_covariance) {
      int used = 0;
      for (int i = 0; i < data.points; ++i) {
        used += weight(number, i) != Accum(0) ? 1 : 0;
      }
      factor =
          used > count ? element(fit.current.value, w) / static_cast<Accum>(used - count) : nan;
    }
    for (int p = 0; p < n; ++p) {
      for (int q = 0; q < n; ++q) {
        const Accum element = covariance[p < q ? packed(q, p) : packed(p, q)];
        if (out.covariance.extent(0) != 0) {
          out.covariance(number, p, q) = factor * element;
        }
        if (out.correlation.extent(0) != 0) {
          out.correlation(number, p, q) =
              element / Kokkos::sqrt(covariance[packed(p, p)] * covariance[packed(q, q)]);
        }
      }
    }
  }
};

/// The state of residual fits, one in each element of T, between two evaluations.
template <class T, class Problem>
struct ResidualState {
  static constexpr int n = Problem::n;
  LmFit<T, n> fit;
  LmBounds<T, n> bounds;
  typename Problem::template Priors<T> priors;
  T scale[n];       ///< size of a parameter that is 0
  T size[n];        ///< largest |theta_p| so far
  T signal;         ///< sum (w y)^2: each residual is known to its rounding
  MaskOf<T> fresh;  ///< at its start, where there is nothing to judge yet

  /// Move on from the objective at the trial point to the next one, or to the end.
  KOKKOS_INLINE_FUNCTION void advance(LmPoint<T, n>& at_trial, const LmOptions& options) {
    drop_fixed(at_trial);
    // A point without derivatives is none to go on from.
    const T nan(Kokkos::Experimental::quiet_NaN_v<PackValue<T>>);
    const T value = select(at_trial.finite(n), at_trial.value, nan);
    LmPoint<T, n>& current = fit.current;
    const auto judged = fit.running() && !fresh;
    const auto moved = lm_judge(fit, n, judged, value, options) || fresh;
    current.value = select(fresh, value, current.value);
    for (int p = 0; p < n; ++p) {
      current.gradient[p] = select(moved, at_trial.gradient[p], current.gradient[p]);
      size[p] = max_of(size[p], abs_of(fit.theta[p]));
    }
    for (int k = 0; k < packed(n, 0); ++k) {
      current.hessian[k] = select(moved, at_trial.hessian[k], current.hessian[k]);
    }
    fresh = fresh && !fresh;
    using Kokkos::sqrt;
    constexpr auto eps =
        PackValue<T>(4) *
        static_cast<PackValue<T>>(Kokkos::Experimental::epsilon_v<typename Problem::Real>);
    fit.rounding = eps * (current.value + sqrt(current.value * signal) + eps * signal);
    const T least = static_cast<PackValue<T>>(least_influence) * current.value;
    const T tiny(Kokkos::Experimental::norm_min_v<PackValue<T>>);
    for (int p = 0; p < n; ++p) {
      const T unit = select(size[p] > T(0), size[p], scale[p]);
      bounds.least_curvature[p] = max_of(least, tiny) / (unit * unit);
    }
    lm_propose<LastStep::judged>(fit, n, bounds, options);
  }

 private:
  /// Derivatives in fixed parameters, which need not be finite, are of no concern.
  KOKKOS_INLINE_FUNCTION void drop_fixed(LmPoint<T, n>& at) const {
    for (int p = 0; p < n; ++p) {
      at.gradient[p] = select(bounds.fixed[p], T(0), at.gradient[p]);
      for (int q = 0; q <= p; ++q) {
        T& element = at.hessian[packed(p, q)];
        element = select(bounds.fixed[p] || bounds.fixed[q], T(0), element);
      }
    }
  }
};

}  // namespace rvfit::detail
