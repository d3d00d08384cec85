// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// A model is a function of a user's own, f(theta; i), that is fitted to M points of N data sets:
///
/// @code{.cpp}
///   struct Gaussian {
///     static constexpr int parameters = 4;
///     Kokkos::View<const double*> x;
///     template <class T>
///     KOKKOS_FUNCTION T operator()(const T* theta, int i) const {
///       const T u = (x(i) - theta[1]) / theta[2];
///       return theta[0] * exp(-0.5 * u * u) + theta[3];
///     }
///   };
/// @endcode
///
/// The scalar T is a floating-point number, a Dual for derivatives, or on CPUs a vector register of
/// several fits (Pack), of the last two nested. So a model calls elementary functions without a
/// namespace (with `using Kokkos::exp;` before, where T is double), and branches only by `select`.
/// A model that needs to branch on its scalar says `static constexpr bool packs = false;` and is then
/// run one fit at a time.
///
/// Optional:
/// - constants of each fit: `operator()(const T* theta, const Fit& fit, int i)` with a template parameter
///   Fit, which stands for the number of one fit or of several; `pick(view, fit, j...)` reads
///   view(fit, j...). With `std::int64_t fit` the model is run one fit at a time;
/// - derivatives by hand: `T linearize(const T* theta, [const Fit& fit,] int i, T* derivative)` returns f
///   and sets derivative[p] = df/dtheta_p;
/// - `static constexpr auto derivatives = rvfit::Derivatives::differences;` where neither duals nor
///   derivatives by hand will do;
/// - `static constexpr bool teams = false;` where a fit is never spread over a team, which halves the time to compile.
/// - several values at a point, as the two coordinates of a place: `static constexpr int values = C;` and, instead of the call
///   operator, `void evaluate(const T* theta, [const Fit& fit,] int i, T* f)`. The values of point 0 come first in data of
///   M = C x (points) columns, then those of point 1 ..;
/// - coefficients: a model f = sum_k c_k phi_k(alpha; i) has, instead of the call operator, its last `linear` parameters for
///   the c_k and `void basis(const T* alpha, [const Fit& fit,] int i, T* phi)` for the functions. Least-squares fits then
///   eliminate the coefficients (detail/eliminate_coefficients.hpp).

#include <rvfit/core/dual.hpp>
#include <rvfit/core/dual_math.hpp>
#include <rvfit/core/pack.hpp>
#include <rvfit/data/parameters.hpp>

#include <Kokkos_Core.hpp>

#include <concepts>
#include <cstdint>
#include <type_traits>

namespace rvfit {

/// Source of a model's derivatives.
enum class Derivatives {
  by_hand,      ///< its `linearize`; the default where there is one
  dual,         ///< forward mode, exact; the default otherwise
  differences,  ///< central, 2 P further values a point; good to eps^(2/3)
};

/// Numbers of the fits in the elements of a pack of W.
template <int W>
struct FitPack {
  std::int64_t number[W];
};
/// Number of the fit in each element of T; a plain integer where T is a plain number.
template <class T>
using FitOf = std::conditional_t<pack_size<T> == 1, std::int64_t, FitPack<pack_size<T>>>;

/// View element (fit, j...): one number, or one for each of several fits.
template <class View, class... Index>
[[nodiscard]] KOKKOS_INLINE_FUNCTION auto pick(const View& view, std::int64_t fit, Index... j) {
  return view(fit, j...);
}
template <class View, int W, class... Index>
[[nodiscard]] KOKKOS_INLINE_FUNCTION auto pick(const View& view, const FitPack<W>& fit,
                                               Index... j) {
  Pack<typename View::non_const_value_type, W> out;
  for (int w = 0; w < W; ++w) {
    out.set(w, view(fit.number[w], j...));
  }
  return out;
}

/// Values of a model at a point.
template <class Model>
[[nodiscard]] consteval int values_of() {
  if constexpr (requires { Model::values; }) {
    static_assert(Model::values > 0, "a model has at least one value at a point");
    return Model::values;
  } else {
    return 1;
  }
}

/// Coefficients of a model that has a basis; 0 of others.
template <class Model>
[[nodiscard]] consteval int coefficients_of() {
  if constexpr (requires { Model::linear; }) {
    static_assert(Model::linear > 0 && Model::linear < Model::parameters,
                  "a model with a basis has coefficients and other parameters");
    static_assert(values_of<Model>() == 1, "a model with a basis has one value at a point");
    return Model::linear;
  } else {
    return 0;
  }
}

namespace detail {

/// The functions of a model's basis at point i, whether or not it asks for the fit.
template <class Model, class T, class Fit>
KOKKOS_FORCEINLINE_FUNCTION void model_basis(const Model& model, const T* alpha, const Fit& fit,
                                             int i, T* phi) {
  if constexpr (requires { model.basis(alpha, fit, i, phi); }) {
    model.basis(alpha, fit, i, phi);
  } else {
    model.basis(alpha, i, phi);
  }
}

/// All values at point i of a model that has several.
template <class Model, class T, class Fit>
KOKKOS_FORCEINLINE_FUNCTION void model_values(const Model& model, const T* theta, const Fit& fit,
                                              int i, T* f) {
  if constexpr (requires { model.evaluate(theta, fit, i, f); }) {
    model.evaluate(theta, fit, i, f);
  } else {
    model.evaluate(theta, i, f);
  }
}

/// f at datum i of a fit, whether or not the model asks for the fit.
template <class Model, class T, class Fit>
[[nodiscard]] KOKKOS_FORCEINLINE_FUNCTION T model_value(const Model& model, const T* theta,
                                                        const Fit& fit, int i) {
  if constexpr (coefficients_of<Model>() > 0) {
    constexpr int linear = coefficients_of<Model>();
    const T* c = theta + Model::parameters - linear;
    T phi[linear];
    model_basis(model, theta, fit, i, phi);
    T sum = c[0] * phi[0];
    for (int k = 1; k < linear; ++k) {
      sum = sum + c[k] * phi[k];
    }
    return sum;
  } else if constexpr (values_of<Model>() > 1) {
    constexpr int values = values_of<Model>();
    T f[values];
    model_values(model, theta, fit, i / values, f);
    return f[i % values];
  } else if constexpr (requires { model(theta, fit, i); }) {
    return model(theta, fit, i);
  } else {
    return model(theta, i);
  }
}

template <class Model, class T, class Fit>
concept ValueOf = requires(const Model& model, const T* theta, const Fit& fit) {
  { model(theta, fit, 0) } -> std::convertible_to<T>;
}
|| requires(const Model& model, const T* theta) {
  { model(theta, 0) } -> std::convertible_to<T>;
}
|| requires(const Model& model, const T* theta, const Fit& fit, T* phi) {
  model.basis(theta, fit, 0, phi);
}
|| requires(const Model& model, const T* theta, T* phi) { model.basis(theta, 0, phi); }
|| requires(const Model& model, const T* theta, const Fit& fit, T* f) {
  model.evaluate(theta, fit, 0, f);
}
|| requires(const Model& model, const T* theta, T* f) { model.evaluate(theta, 0, f); };

template <class Model, class T, class Fit>
concept LinearizedWithFit = requires(const Model& model, const T* theta, const Fit& fit, T* out) {
  { model.linearize(theta, fit, 0, out) } -> std::convertible_to<T>;
};
template <class Model, class T>
concept LinearizedWithoutFit = requires(const Model& model, const T* theta, T* out) {
  { model.linearize(theta, 0, out) } -> std::convertible_to<T>;
};

}  // namespace detail

/// A model as described above, of up to max_parameters parameters.
template <class Model>
concept ResidualModel = requires {
  { Model::parameters } -> std::convertible_to<int>;
}
&&Model::parameters > 0 &&
    Model::parameters <= max_parameters&& detail::ValueOf<Model, double, std::int64_t>;

namespace detail {

/// False for a model that says that its fits are not spread over teams.
template <class Model>
[[nodiscard]] consteval bool fits_by_team() {
  if constexpr (requires { Model::teams; }) {
    return Model::teams;
  } else {
    return true;
  }
}

}  // namespace detail

/// The source of the derivatives of a model: the one it names, `linearize` where it has one, else duals.
template <ResidualModel Model>
[[nodiscard]] consteval Derivatives derivatives_of() {
  if constexpr (requires { Model::derivatives; }) {
    return Model::derivatives;
  } else {
    constexpr bool by_hand = detail::LinearizedWithFit<Model, double, std::int64_t> ||
                             detail::LinearizedWithoutFit<Model, double>;
    return by_hand ? Derivatives::by_hand : Derivatives::dual;
  }
}

}  // namespace rvfit
