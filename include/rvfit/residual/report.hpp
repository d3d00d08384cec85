// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Results in words: `report` of one fit, `summary` of a batch. Numbers are copied to the host, and the calls return
/// when they are there.

#include <rvfit/core/require.hpp>
#include <rvfit/core/views.hpp>
#include <rvfit/data/fit_result.hpp>
#include <rvfit/data/parameters.hpp>
#include <rvfit/residual/residual_data.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace rvfit {

/// A status in the words of the user of a fit.
[[nodiscard]] inline const char* in_words(FitStatus status) {
  switch (status) {
    case FitStatus::converged:
      return "at a minimum: a further step would lower F by less than the tolerance";
    case FitStatus::converged_step:
      return "at a minimum: the last step was shorter than its tolerance";
    case FitStatus::converged_gradient:
      return "at a minimum: the gradient is below its tolerance";
    case FitStatus::max_iterations:
      return "not at a minimum: the number of steps was used up";
    case FitStatus::stalled:
      return "no step lowers F, though more is promised: look at the model's derivatives";
    case FitStatus::non_finite:
      return "the model or its derivatives are not finite at the start";
    case FitStatus::no_valid_pixels:
      return "there is nothing to fit";
    case FitStatus::invalid:
      return "its bounds cross, a prior has no width, or its data cannot be";
    case FitStatus::running:
    case FitStatus::superseded:
      break;
  }
  return "not ended";
}

namespace detail {

/// `printf` to a string.
template <class... Values>
[[nodiscard]] std::string formatted(const char* format, Values... values) {
  std::string out(static_cast<std::size_t>(std::snprintf(nullptr, 0, format, values...)) + 1, ' ');
  std::snprintf(out.data(), out.size(), format, values...);
  out.pop_back();
  return out;
}

/// A number with its error, to two digits of the error.
[[nodiscard]] inline std::string with_error(double value, double sigma) {
  const auto exponent = [](double x) { return std::floor(std::log10(std::abs(x))); };
  const double digits = 2.0 + (value == 0.0 ? 0.0 : exponent(value) - exponent(sigma));
  const int shown = std::isfinite(digits) ? static_cast<int>(std::clamp(digits, 2.0, 15.0)) : 6;
  return formatted("%.*g +- %.2g", shown, value, sigma);
}

/// Row n of a view with a row for each fit, as double.
template <class Exec, class View>
[[nodiscard]] std::vector<double> row_of(const Exec& exec, const View& view, std::int64_t n) {
  const auto first = static_cast<std::size_t>(n);
  const auto range = std::make_pair(first, first + 1);
  if constexpr (View::rank() == 1) {
    return download_rows<double>(exec, Kokkos::subview(view, range), 1);
  } else if constexpr (View::rank() == 2) {
    return download_rows<double>(exec, Kokkos::subview(view, range, Kokkos::ALL), 1);
  } else {
    return download_rows<double>(exec, Kokkos::subview(view, range, Kokkos::ALL, Kokkos::ALL), 1);
  }
}

/// Name of parameter p, its position where the set has none.
[[nodiscard]] inline std::string name_of(const ParameterSet& parameters, int p) {
  return p < parameters.size() ? parameters[p].name : "theta" + std::to_string(p);
}

}  // namespace detail

/// Fit n in words: its status, parameters with errors, which are undetermined or on a bound, F with its degrees of
/// freedom, correlations. A fit without covariances has no errors to tell.
///
/// @param[in] parameters  names and units; theta0, theta1 .. where it is empty
/// @throws InvalidArgument  no such fit, or parameters of another number
template <ExecutionPolicy P>
[[nodiscard]] std::string report(const typename P::execution_space& exec,
                                 const ResidualFits<P>& fits, std::int64_t n,
                                 const ParameterSet& parameters = {}) {
  const auto size = static_cast<std::int64_t>(fits.theta.extent(0));
  const auto count = static_cast<int>(fits.theta.extent(1));
  RVFIT_REQUIRE(n >= 0 && n < size, "report: fit ", n, " of ", size);
  RVFIT_REQUIRE(parameters.size() == 0 || parameters.size() == count, "report: ", parameters.size(),
                " parameters, the fits have ", count);
  const auto number = [&](const auto& view) { return detail::row_of(exec, view, n)[0]; };
  const auto status =
      download_rows<FitStatus>(exec, Kokkos::subview(fits.status, std::make_pair(n, n + 1)), 1)[0];
  std::string out = detail::formatted("fit %lld: %s, %s\n", static_cast<long long>(n),
                                      to_string(status), in_words(status));
  out += detail::formatted("  %.0f steps, %.0f evaluations of the model\n", number(fits.iterations),
                           number(fits.evaluations));
  const double value = number(fits.value);
  out += detail::formatted("  F = %.6g", value);
  const bool errors = fits.covariance.extent(0) != 0;
  if (errors) {
    const double freedom = number(fits.freedom);
    out += detail::formatted(", %.0f degrees of freedom", freedom);
    out += freedom > 0.0 ? detail::formatted(", reduced %.4g", value / freedom) : "";
  }
  out += "\n";
  const std::vector<double> theta = detail::row_of(exec, fits.theta, n);
  const auto bits = [&](const auto& view) {
    return errors ? download_rows<std::uint64_t>(
                        exec, Kokkos::subview(view, std::make_pair(n, n + 1)), 1)[0]
                  : std::uint64_t{0};
  };
  const std::uint64_t undetermined = bits(fits.undetermined), on_bound = bits(fits.on_bound);
  const std::vector<double> covariance =
      errors ? detail::row_of(exec, fits.covariance, n) : std::vector<double>();
  std::size_t widest = 0;
  for (int p = 0; p < count; ++p) {
    widest = std::max(widest, detail::name_of(parameters, p).size());
  }
  std::vector<int> free;
  for (int p = 0; p < count; ++p) {
    const auto at = static_cast<std::size_t>(p);
    std::string name = detail::name_of(parameters, p);
    name.resize(widest, ' ');
    out += "  " + name + "  ";
    const double variance = errors ? covariance[at * static_cast<std::size_t>(count + 1)] : NAN;
    if (variance >= 0.0) {
      free.push_back(p);
      out += detail::with_error(theta[at], std::sqrt(variance));
    } else {
      out += detail::formatted("%.6g", theta[at]);
      const bool open = (undetermined >> p & 1) != 0, held = (on_bound >> p & 1) != 0;
      out += open ? ", undetermined by the data" : (held ? ", on a bound" : "");
      out += errors && !open && !held && is_solution(status) ? ", fixed" : "";
    }
    out += p < parameters.size() && !parameters[p].unit.empty() ? " " + parameters[p].unit : "";
    out += "\n";
  }
  if (free.size() > 1) {
    const std::vector<double> correlation = detail::row_of(exec, fits.correlation, n);
    out += "  correlation\n";
    for (const int p : free) {
      std::string name = detail::name_of(parameters, p);
      name.resize(widest, ' ');
      out += "  " + name;
      for (const int q : free) {
        out += q > p ? ""
                     : detail::formatted(" %6.3f",
                                         correlation[static_cast<std::size_t>(p * count + q)]);
      }
      out += "\n";
    }
  }
  return out;
}

/// A batch in words: how many fits have which status, how many have an undetermined parameter or one on a bound,
/// and quantiles of F, of the steps and of the parameters of those that converged.
template <ExecutionPolicy P>
[[nodiscard]] std::string summary(const typename P::execution_space& exec,
                                  const ResidualFits<P>& fits,
                                  const ParameterSet& parameters = {}) {
  const std::size_t size = fits.theta.extent(0), count = fits.theta.extent(1);
  RVFIT_REQUIRE(parameters.size() == 0 || parameters.size() == static_cast<int>(count),
                "summary: ", parameters.size(), " parameters, the fits have ", count);
  const auto status = download_rows<FitStatus>(exec, fits.status, size);
  std::map<FitStatus, std::size_t> numbers;
  for (const FitStatus s : status) {
    ++numbers[s];
  }
  std::string out = detail::formatted("%zu fits\n", size);
  for (const auto& [s, number] : numbers) {
    out += detail::formatted("  %8zu %s, %s\n", number, to_string(s), in_words(s));
  }
  if (fits.undetermined.extent(0) != 0) {
    const auto some = [&](const auto& view) {
      const auto bits = download_rows<std::uint64_t>(exec, view, size);
      return static_cast<std::size_t>(
          std::count_if(bits.begin(), bits.end(), [](std::uint64_t b) { return b != 0; }));
    };
    out += detail::formatted("  %8zu with an undetermined parameter, %zu with one on a bound\n",
                             some(fits.undetermined), some(fits.on_bound));
  }
  out += "  of those that converged     least      16 %    median      84 %  greatest\n";
  const auto quantiles = [&](const std::string& name, const std::vector<double>& values,
                             std::size_t stride, std::size_t offset) {
    std::vector<double> good;
    for (std::size_t b = 0; b < size; ++b) {
      if (is_converged(status[b]) && std::isfinite(values[b * stride + offset])) {
        good.push_back(values[b * stride + offset]);
      }
    }
    std::sort(good.begin(), good.end());
    out += detail::formatted("  %-21s", name.c_str());
    for (const double share : {0.0, 0.16, 0.5, 0.84, 1.0}) {
      const auto at = std::lround(share * static_cast<double>(good.empty() ? 0 : good.size() - 1));
      out += good.empty() ? "         -"
                          : detail::formatted(" %9.4g", good[static_cast<std::size_t>(at)]);
    }
    out += "\n";
  };
  quantiles("F", download_rows<double>(exec, fits.value, size), 1, 0);
  quantiles("steps", download_rows<double>(exec, fits.iterations, size), 1, 0);
  const auto theta = download_rows<double>(exec, fits.theta, size);
  for (std::size_t p = 0; p < count; ++p) {
    quantiles(detail::name_of(parameters, static_cast<int>(p)), theta, count, p);
  }
  return out;
}

}  // namespace rvfit
