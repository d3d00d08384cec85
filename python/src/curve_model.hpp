// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A function of coordinates and parameters as a model of the library, and its fits.

#include "curve_task.hpp"
#include <rvfit/residual/residual_fitter.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace rvfit_python {

using CurvePolicy = rvfit::Policy<Kokkos::DefaultHostExecutionSpace, double, double>;

/// f(x; theta) at the points of a task. A curve is called as curve(theta, x) or curve(theta, x, y), and may have a
/// `linearize` with a last argument for derivatives.
template <class Curve>
struct CurveOnPoints {
  static constexpr int parameters = Curve::parameters;
  static constexpr bool teams = false;
  static constexpr bool packs = [] {
    if constexpr (requires { Curve::packs; }) {
      return Curve::packs;
    } else {
      return true;
    }
  }();
  static constexpr auto derivatives = [] {
    if constexpr (requires { Curve::derivatives; }) {
      return Curve::derivatives;
    } else if constexpr (
        requires(const Curve& c, const double* t, double x, double* d) { c.linearize(t, x, d); } ||
        requires(const Curve& c, const double* t, double x, double* d) {
          c.linearize(t, x, x, d);
        }) {
      return rvfit::Derivatives::by_hand;
    } else {
      return rvfit::Derivatives::dual;
    }
  }();
  using Coordinates = rvfit::Matrix<const double, CurvePolicy>;

  Curve curve;
  Coordinates x;  ///< (1 or N, M)
  Coordinates y;  ///< likewise, or empty

  template <class T, class Fit>
  KOKKOS_FORCEINLINE_FUNCTION T operator()(const T* theta, const Fit& fit, int i) const {
    if constexpr (requires(double one) { curve(theta, one, one); }) {
      return curve(theta, at(x, fit, i), at(y, fit, i));
    } else {
      return curve(theta, at(x, fit, i));
    }
  }
  template <class T, class Fit>
  KOKKOS_FORCEINLINE_FUNCTION T linearize(const T* theta, const Fit& fit, int i,
                                          T* derivative) const
      requires(derivatives == rvfit::Derivatives::by_hand) {
    if constexpr (requires(double one) { curve.linearize(theta, one, one, derivative); }) {
      return curve.linearize(theta, at(x, fit, i), at(y, fit, i), derivative);
    } else {
      return curve.linearize(theta, at(x, fit, i), derivative);
    }
  }

 private:
  /// The coordinate of a point, or of one for each of several fits.
  template <class Fit>
  [[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION static auto at(const Coordinates& view, const Fit& fit,
                                                           int i) {
    using Number = decltype(rvfit::pick(view, fit, i));
    if (view.extent(0) == 1) {
      return Number(view(0, i));
    }
    return view.extent(0) == 0 ? Number(0.0) : rvfit::pick(view, fit, i);
  }
};

/// Fits of a curve by the library's solver.
template <class Curve>
class FittedCurve final : public CurveModel {
 public:
  using P = CurvePolicy;
  static constexpr int n = Curve::parameters;

  explicit FittedCurve(const Curve& curve) : curve_(curve) {}

  [[nodiscard]] int parameters() const override { return n; }

  void fit(const Kokkos::DefaultHostExecutionSpace& exec, const CurveTask& task) const override {
    if (task.loss == Loss::square) {
      run(exec, task, rvfit::LeastSquares{});
    } else {
      run(exec, task, OtherLoss{task.loss, task.threshold});
    }
  }

  void evaluate(const double* theta, int points, const double* x, const double* second,
                double* out) const override {
    using Coordinates = typename CurveOnPoints<Curve>::Coordinates;
    const auto size = static_cast<std::size_t>(points);
    const CurveOnPoints<Curve> model{curve_, Coordinates(x, 1, size),
                                     Coordinates(second, second == nullptr ? 0 : 1, size)};
    for (int i = 0; i < points; ++i) {
      out[i] = model(theta, std::int64_t{0}, i);
    }
  }

 private:
  /// All but least squares, compiled as one. Counts come with weights of 1 and without a scale of covariances, so that
  /// their errors are known.
  struct OtherLoss {
    Loss loss;
    double threshold;

    template <class T>
    [[nodiscard]] KOKKOS_INLINE_FUNCTION rvfit::EstimatorTerm<T> operator()(const T& f, const T& y,
                                                                            const T& w) const {
      if (loss == Loss::huber) {
        return rvfit::Huber{threshold}(f, y, w);
      }
      return loss == Loss::cauchy ? rvfit::Cauchy{threshold}(f, y, w) : rvfit::Poisson{}(f, y, w);
    }
    template <class T>
    [[nodiscard]] KOKKOS_INLINE_FUNCTION bool accepts(T y, T w) const {
      return loss != Loss::poisson || rvfit::Poisson{}.accepts(y, w);
    }
    void require_valid() const {
      if (loss != Loss::poisson) {
        rvfit::Huber{threshold}.require_valid();
      }
    }
  };

  template <class Estimator>
  void run(const Kokkos::DefaultHostExecutionSpace& exec, const CurveTask& task,
           const Estimator& estimator) const {
    const auto fits = static_cast<std::size_t>(task.fits);
    const auto points = static_cast<std::size_t>(task.points);
    const auto rows = [&](const Rows& from) {
      return rvfit::Matrix<const double, P>(from.data, static_cast<std::size_t>(from.rows), points);
    };
    const auto own = [&]<class T>(const T* from) {
      return rvfit::Matrix<const T, P>(from, from == nullptr ? 0 : fits, n);
    };
    const CurveOnPoints<Curve> model{curve_, rows(task.x[0]), rows(task.x[1])};
    rvfit::ResidualData<P> data;
    data.points = task.points;
    data.y = rows(task.y);
    data.weight = rows(task.weight);
    data.inverse_variance = rows(task.inverse_variance);
    data.parameters = {own(task.lower), own(task.upper), own(task.fixed), own(task.prior_mean),
                       own(task.prior_sigma)};
    data.scale = rvfit::Vector<const double, P>(task.scale, task.scale == nullptr ? 0 : fits);
    rvfit::ResidualFits<P> out;
    out.theta = decltype(out.theta)(task.theta, fits, n);
    out.value = decltype(out.value)(task.value, fits);
    out.status = decltype(out.status)(task.status, fits);
    out.iterations = decltype(out.iterations)(task.steps, fits);
    std::vector<int> evaluations(fits), rank(fits);
    out.evaluations = decltype(out.evaluations)(evaluations.data(), fits);
    out.covariance = decltype(out.covariance)(task.covariance, fits, n, n);
    out.rank = decltype(out.rank)(rank.data(), fits);
    out.freedom = decltype(out.freedom)(task.freedom, fits);
    out.undetermined = decltype(out.undetermined)(task.undetermined, fits);
    out.on_bound = decltype(out.on_bound)(task.on_bound, fits);
    const rvfit::ResidualOptions options{task.solver, set_of(task), task.scale_covariance};
    const rvfit::ResidualFitter<P, CurveOnPoints<Curve>, Estimator> fitter(exec, options,
                                                                           estimator);
    fitter.run(exec, model, data, own(task.start), out);
    exec.fence("rvfit_python: fits of curves");
  }

  [[nodiscard]] static rvfit::ParameterSet set_of(const CurveTask& task) {
    std::vector<rvfit::Parameter> all(n);
    for (int p = 0; p < n; ++p) {
      const CurveParameter& from = task.parameters[p];
      rvfit::Parameter& to = all[static_cast<std::size_t>(p)];
      to.name = "parameter " + std::to_string(p);
      to.lower = from.lower;
      to.upper = from.upper;
      to.prior_mean = from.prior_mean;
      to.prior_sigma = from.prior_sigma;
      to.scale = from.scale;
    }
    return rvfit::ParameterSet(all);
  }

  Curve curve_;
};

}  // namespace rvfit_python
