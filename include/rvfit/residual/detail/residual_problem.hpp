// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// N residual problems as kernels see them: one thread begins a fit, and adds its priors and the terms of its
/// points to the objective, for one fit or for one in each element of the types.

#include <rvfit/residual/detail/model_derivatives.hpp>
#include <rvfit/residual/detail/residual_state.hpp>
#include <rvfit/residual/detail/residual_units.hpp>
#include <rvfit/residual/estimator.hpp>
#include <rvfit/residual/residual_data.hpp>
#include <rvfit/residual/residual_model.hpp>
#include <rvfit/solver/device_parameters.hpp>
#include <rvfit/solver/lm_fit.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <type_traits>

namespace rvfit::detail {

/// Element j of a fit's row in a view with one row for each fit, one for all, or none.
template <class View>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION typename View::non_const_value_type row_or(
    const View& view, std::int64_t fit, int j, typename View::non_const_value_type otherwise) {
  return view.extent(0) == 0 ? otherwise : view(view.extent(0) == 1 ? 0 : fit, j);
}

/// 1 / sigma of point i of a data set; 0 leaves it out.
template <ExecutionPolicy P>
[[nodiscard]] KOKKOS_FUNCTION typename P::accum_type point_weight(const ResidualData<P>& data,
                                                                  std::int64_t set, int i) {
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  Accum weight = 0;
  if (data.inverse_variance.extent(0) != 0) {
    weight = Kokkos::sqrt(static_cast<Accum>(row_or(data.inverse_variance, set, i, Real(1))));
  } else {
    weight = static_cast<Accum>(row_or(data.weight, set, i, Real(1)));
  }
  return data.scale.extent(0) == 0 ? weight : weight / data.scale(set);
}

/// Sums over the data of a fit.
template <class Accum>
struct DataSums {
  Accum signal = 0;   ///< of (w y)^2
  Accum weights = 0;  ///< of w^2
  int used = 0;       ///< points with weight
  bool valid = true;  ///< the data can be those of the estimator
};

/// Units of the data of one fit.
template <class Accum>
struct FitUnits {
  Accum data, weight;
  bool used;
};

/// A parameter of one fit.
template <class Accum>
struct FitParameter {
  Accum first;  ///< start, put within the bounds, or value if it is fixed
  Accum lower, upper;
  Accum scale;        ///< size where it starts at 0
  Accum mean, sigma;  ///< of its prior; infinity: none
  bool fixed;

  /// Its size at the start.
  [[nodiscard]] KOKKOS_FUNCTION Accum size() const {
    return first == Accum(0) ? scale : Kokkos::fabs(first);
  }
  /// False where bounds cross or are NaN, or the prior has no width.
  [[nodiscard]] KOKKOS_FUNCTION bool valid() const { return lower <= upper && sigma > Accum(0); }
};

/// A model, an estimator and the data, start and results of N fits.
template <ExecutionPolicy P, class Model, class Estimator>
struct ResidualProblem {
  static constexpr int n = Model::parameters;
  /// Coefficients that are eliminated, the last of the parameters.
  static constexpr int eliminated =
      std::is_same_v<Estimator, LeastSquares> ? coefficients_of<Model>() : 0;
  using ModelType = Model;
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

  /// Data set of a fit: its row of the data, and the number that the model is called with.
  [[nodiscard]] KOKKOS_FUNCTION std::int64_t set_of(std::int64_t fit) const {
    return data.set.extent(0) == 0 ? fit : static_cast<std::int64_t>(data.set(fit));
  }

  /// 1 / sigma of point i of a data set; 0 leaves it out.
  [[nodiscard]] KOKKOS_FUNCTION Accum weight(std::int64_t set, int i) const {
    return point_weight(data, set, i);
  }
  /// The datum, 0 where it is left out.
  [[nodiscard]] KOKKOS_FUNCTION Accum datum(std::int64_t set, int i) const {
    return weight(set, i) == Accum(0) ? Accum(0)
                                      : static_cast<Accum>(row_or(data.y, set, i, Real(0)));
  }

  /// True where F is -2 ln L but for a constant: errors are known, or the data are counts.
  [[nodiscard]] KOKKOS_FUNCTION bool knows_errors() const {
    const bool given = data.weight.extent(0) != 0 || data.inverse_variance.extent(0) != 0 ||
                       data.scale.extent(0) != 0 || data.whitening.extent(0) != 0;
    return is_likelihood<Estimator> || (given && !scale_covariance);
  }

  /// Bounds, prior and start of parameter p of a fit.
  [[nodiscard]] KOKKOS_FUNCTION FitParameter<Accum> parameter(std::int64_t number, int p) const {
    const ParametersOfFits<P>& own = data.parameters;
    FitParameter<Accum> out{};
    out.lower = row_or(own.lower, number, p, static_cast<Accum>(parameters.lower(p)));
    out.upper = row_or(own.upper, number, p, static_cast<Accum>(parameters.upper(p)));
    const bool fixed_for_all = parameters.fixed(p) != 0;
    out.fixed = fixed_for_all || row_or(own.fixed, number, p, 0) != 0;
    const Accum given = start(number, p);
    const Accum inside = given < out.lower ? out.lower : (given > out.upper ? out.upper : given);
    out.first = fixed_for_all ? static_cast<Accum>(parameters.value(p))
                : out.fixed   ? given
                              : inside;
    out.scale = static_cast<Accum>(parameters.scale(p));
    out.sigma = row_or(own.prior_sigma, number, p, static_cast<Accum>(parameters.prior_sigma(p)));
    out.mean = row_or(own.prior_mean, number, p, static_cast<Accum>(parameters.prior_mean(p)));
    return out;
  }

  /// Add a datum to the sums of its fit.
  KOKKOS_FORCEINLINE_FUNCTION void add_datum(Accum y, Accum w, DataSums<Accum>& sums) const {
    sums.signal += y * w * (y * w);
    sums.weights += w * w;
    sums.used += w != Accum(0) ? 1 : 0;
    if constexpr (requires { estimator.accepts(y, w); }) {
      sums.valid = sums.valid && estimator.accepts(y, w);
    }
  }

  /// Set the units of a fit of a data set in element w, and the signal in them.
  template <class State>
  KOKKOS_FUNCTION FitUnits<Accum> set_units(std::int64_t set, int w, const DataSums<Accum>& sums,
                                            State& state) const {
    Accum of_data = 1, of_weight = 1, signal = sums.signal;
    bool used = false;
    if constexpr (!is_likelihood<Estimator>) {
      const bool correlated = data.whitening.extent(0) != 0;
      if (!correlated && (signal == Accum(0) || !is_handy(signal) || !is_handy(sums.weights))) {
        Accum largest = 0, heaviest = 0;
        for (int i = 0; i < data.points; ++i) {
          largest = Kokkos::fmax(largest, Kokkos::fabs(datum(set, i)));
          heaviest = Kokkos::fmax(heaviest, Kokkos::fabs(weight(set, i)));
        }
        used = !is_handy(largest) || !is_handy(heaviest);
        if (used) {
          of_data = Accum(1) / power_of_two(largest);
          of_weight =
              is_homogeneous<Estimator> ? Accum(1) / power_of_two(heaviest) : Accum(1) / of_data;
          signal = 0;
          for (int i = 0; i < data.points; ++i) {
            const Accum scaled = datum(set, i) * of_data * (weight(set, i) * of_weight);
            signal += scaled * scaled;
          }
        }
      }
    }
    set_element(state.units.used, w, used);
    set_element(state.units.data, w, of_data);
    set_element(state.units.weight, w, of_weight);
    set_element(state.root_of_signal, w, Kokkos::sqrt(signal));
    return {of_data, of_weight, used};
  }

  /// Begin a fit in element w. Its first trial point is its start.
  template <class State>
  KOKKOS_FUNCTION void begin(std::int64_t number, int w, const DataSums<Accum>& sums,
                             State& state) const {
    const FitUnits<Accum> units = set_units(set_of(number), w, sums, state);
    bool valid = sums.valid;
    auto& fit = state.fit;
    auto& bounds = state.bounds;
    auto& priors = state.priors;
    set_element(state.fresh, w, true);
    const bool scaled = units.used;
    const Accum root = units.data * units.weight;
    int free = 0;
    for (int p = 0; p < n; ++p) {
      const FitParameter<Accum> own = parameter(number, p);
      const Accum size = Kokkos::fabs(own.first);
      const Accum unit = scaled ? power_of_two(size > Accum(0) ? size : own.scale) : Accum(1);
      const Accum inverse = scaled ? Accum(1) / unit : Accum(1);
      set_element(state.units.parameter[p], w, unit);
      set_element(fit.theta[p], w, own.first * inverse);
      set_element(fit.trial[p], w, own.first * inverse);
      set_element(bounds.lower[p], w, own.lower * inverse);
      set_element(bounds.upper[p], w, own.upper * inverse);
      set_element(state.scale[p], w, own.scale * inverse);
      set_element(state.seen[p], w, size * inverse);
      const Accum sized = (size > Accum(0) ? size : own.scale) * inverse;
      set_element(state.square[p], w,
                  Kokkos::fmax(sized * sized, Kokkos::Experimental::norm_min_v<Accum>));
      set_element(bounds.fixed[p], w, own.fixed);
      free += own.fixed ? 0 : 1;
      const Accum root_of_precision = root * unit / own.sigma;
      const Accum precision = root_of_precision * root_of_precision;
      set_element(priors.mean[p], w, precision == Accum(0) ? Accum(0) : own.mean * inverse);
      set_element(priors.precision[p], w, precision);
      valid = valid && own.valid() && (precision == Accum(0) || Kokkos::isfinite(own.mean));
    }
    set_element(state.used, w, sums.used);
    set_element(state.freedom, w, Kokkos::max(sums.used - free, 1));
    set_element(fit.unit, w, root * root);
    begin_steps(valid, w, fit);
  }

  /// Forget the last fit of element w.
  template <class T>
  KOKKOS_FUNCTION void begin_steps(bool valid, int w, LmFit<T, n>& fit) const {
    const auto damping = LmDamping<Accum>::start(options);
    set_element(fit.damping.value, w, damping.value);
    set_element(fit.damping.growth, w, damping.growth);
    set_element(fit.damping.unresolved_steps, w, damping.unresolved_steps);
    set_element(fit.damping.unresolved_decrease, w, damping.unresolved_decrease);
    set_element(fit.final_trial, w, false);
    set_element(fit.current.value, w, 0);
    set_element(fit.predicted_decrease, w, 0);
    set_element(fit.newton_decrease, w, 0);
    set_element(fit.rounding, w, 0);
    set_element(fit.iterations, w, 0);
    set_element(fit.status, w, static_cast<int>(valid ? FitStatus::running : FitStatus::invalid));
  }

  /// Start the sums of a point with the priors.
  template <class T>
  KOKKOS_FUNCTION void add_priors(const ResidualPriors<T, n>& priors, const T* theta,
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

  /// Add the term of a datum. It adds nothing where w is 0, whatever the model is there.
  ///
  /// The value is masked all the same: a fit has the same bits beside one that leaves a point out.
  ///
  /// @tparam Scaled  some of the fits have units of their own
  /// @tparam Masked  some of the fits leave points out
  template <bool Scaled, bool Masked, class R, class T>
  KOKKOS_FORCEINLINE_FUNCTION void add_term(const R& value, const R* jacobian,
                                            const ResidualUnits<T, n>& units, const T& y,
                                            const T& w, LmPoint<T, n>& sums) const {
    const auto used = w != T(0);
    T f = pack_cast<T>(value);
    T column[n];
    for (int p = 0; p < n; ++p) {
      column[p] = pack_cast<T>(jacobian[p]);
      if constexpr (Masked) {
        column[p] = select(used, column[p], T(0));
      }
    }
    if constexpr (Scaled) {
      f = f * units.data;
      for (int p = 0; p < n; ++p) {
        column[p] = column[p] * units.data * units.parameter[p];
      }
    }
    EstimatorTerm<T> term = estimator(f, y, w);
    if constexpr (Masked) {
      term.slope = select(used, term.slope, T(0));
      term.curvature = select(used, term.curvature, T(0));
    }
    sums.value = sums.value + select(used, term.value, T(0));
    for (int p = 0; p < n; ++p) {
      sums.gradient[p] = sums.gradient[p] + term.slope * column[p];
      const T scaled = term.curvature * column[p];
      for (int q = 0; q <= p; ++q) {
        sums.hessian[packed(p, q)] = sums.hessian[packed(p, q)] + scaled * column[q];
      }
    }
  }

  /// Add the terms of all data, in their order.
  ///
  /// @tparam    Abreast  points whose models are evaluated one after the other before their terms are added, so that
  ///                     a processor works at all of them at once: a model with an exp is a long chain of operations
  /// @param[in] datum    datum(i, y, w) sets datum i and its 1 / sigma, in units
  template <bool Scaled, bool Masked, int Abreast, class R, class T, class Fit, class Datum>
  KOKKOS_FORCEINLINE_FUNCTION void add_data(const ModelArguments<R, n>& at,
                                            const ResidualUnits<T, n>& units, const Fit& fit,
                                            const Datum& datum, LmPoint<T, n>& sums) const {
    constexpr int values = values_of<Model>();
    const int count = data.points / values;
    int i = 0;
    for (; i + Abreast <= count; i += Abreast) {
      add_points<Scaled, Masked, Abreast>(i, at, units, fit, datum, sums);
    }
    if constexpr (Abreast > 1) {
      for (; i < count; ++i) {
        add_points<Scaled, Masked, 1>(i, at, units, fit, datum, sums);
      }
    }
  }

  /// Add the terms of the points from i on, so many.
  template <bool Scaled, bool Masked, int Count, class R, class T, class Fit, class Datum>
  KOKKOS_FORCEINLINE_FUNCTION void add_points(int i, const ModelArguments<R, n>& at,
                                              const ResidualUnits<T, n>& units, const Fit& fit,
                                              const Datum& datum, LmPoint<T, n>& sums) const {
    constexpr int values = values_of<Model>();
    R f[Count][values], jacobian[Count][values][n];
    for (int k = 0; k < Count; ++k) {
      linearize_values(model, at, fit, i + k, f[k], jacobian[k]);
    }
    for (int k = 0; k < Count; ++k) {
      for (int c = 0; c < values; ++c) {
        T y, w;
        datum((i + k) * values + c, y, w);
        add_term<Scaled, Masked>(f[k][c], jacobian[k][c], units, y, w, sums);
      }
    }
  }
};

}  // namespace rvfit::detail
