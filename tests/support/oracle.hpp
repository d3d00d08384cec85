// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Plain double versions of every operator, written from the formulas and not from the library's
/// code: quadrature instead of antiderivatives, tridiagonal systems instead of filters. Those that
/// are linear algebra are in eigen_oracle.hpp.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::test::oracle {

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double light = 299792.458;  ///< km/s

using Numbers = std::vector<double>;

// ---- differences -------------------------------------------------------------------------------

/// f'(x) for a function that returns an array: sixth-order central differences at steps h and h/2
/// and one Richardson extrapolation, error O(h^8) and rounding about 3 eps |f| / h.
template <class F>
[[nodiscard]] Numbers derivative_of_array(const F& f, double x, double h) {
  const auto central = [&](double step) {
    constexpr std::array<double, 3> weight{45.0, -9.0, 1.0};
    Numbers sum;
    for (int n = 1; n <= 3; ++n) {
      const Numbers right = f(x + n * step);
      const Numbers left = f(x - n * step);
      sum.resize(right.size(), 0.0);
      for (std::size_t i = 0; i < right.size(); ++i) {
        sum[i] += weight[static_cast<std::size_t>(n - 1)] * (right[i] - left[i]) / (60.0 * step);
      }
    }
    return sum;
  };
  const Numbers coarse = central(h);
  Numbers fine = central(0.5 * h);
  for (std::size_t i = 0; i < fine.size(); ++i) {
    fine[i] += (fine[i] - coarse[i]) / 63.0;
  }
  return fine;
}

/// The same for a number.
template <class F>
[[nodiscard]] double derivative(const F& f, double x, double h) {
  return derivative_of_array([&](double y) { return Numbers{f(y)}; }, x, h).front();
}

// ---- quadrature --------------------------------------------------------------------------------

/// Integral of a function that is analytic between a and b: Gauss-Legendre with 10 nodes on 8 equal
/// pieces.
template <class F>
[[nodiscard]] double integral(const F& f, double a, double b) {
  constexpr std::array<double, 5> node{0.1488743389816312108848260, 0.4333953941292471907992659,
                                       0.6794095682990244062343274, 0.8650633666889845107320967,
                                       0.9739065285171717200779640};
  constexpr std::array<double, 5> weight{0.2955242247147528701738930, 0.2692667193099963550912269,
                                         0.2190863625159820439955349, 0.1494513491505805931457763,
                                         0.0666713443086881375935688};
  constexpr int pieces = 8;
  const double half = 0.5 * (b - a) / pieces;
  double sum = 0.0;
  for (int piece = 0; piece < pieces; ++piece) {
    const double centre = a + (2 * piece + 1) * half;
    for (std::size_t n = 0; n < node.size(); ++n) {
      sum += weight[n] * half * (f(centre + half * node[n]) + f(centre - half * node[n]));
    }
  }
  return sum;
}

// ---- rotation ----------------------------------------------------------------------------------

/// The rotation profile of Gray's eq. 18.14 with limb darkening 0.6, at x = sin(angle), times
/// dx/dangle: analytic in the angle.
[[nodiscard]] inline double rotation_profile_in_angle(double angle) {
  constexpr double eps = 0.6;
  const double y = std::cos(angle);  // sqrt(1 - x^2)
  const double profile =
      (2.0 * (1.0 - eps) * y + 0.5 * pi * eps * y * y) / (pi * (1.0 - eps / 3.0));
  return profile * y;
}

/// W_k(R) = int tri(k - R x) G(x) dx, or its derivative dW_k/dR = -int x tri'(k - R x) G(x) dx, by
/// quadrature between the corners of the triangle.
[[nodiscard]] inline double rotation_tap(int k, double radius, bool slope = false) {
  if (radius == 0.0 && !slope) {
    return k == 0 ? 1.0 : 0.0;
  }
  const double r = std::max(radius, 1e-300);
  const auto angle_of = [&](int corner) { return std::asin(std::clamp(corner / r, -1.0, 1.0)); };
  double sum = 0.0;
  for (int side = -1; side <= 1; side += 2) {
    const double a = angle_of(side < 0 ? k - 1 : k);
    const double b = angle_of(side < 0 ? k : k + 1);
    // Left of its peak, where R x < k, the triangle of u = k - R x is 1 - u, right of it 1 + u.
    sum += integral(
        [&](double angle) {
          const double x = std::sin(angle);
          const double u = k - radius * x;
          return rotation_profile_in_angle(angle) * (slope ? -side * x : 1.0 + side * u);
        },
        a, b);
  }
  return sum;
}

// ---- filters -----------------------------------------------------------------------------------

/// Element i of a spectrum continued by point reflection at its first and last element.
[[nodiscard]] inline double point_reflected(const Numbers& in, int i) {
  const int last = static_cast<int>(in.size()) - 1;
  if (i < 0) {
    return 2.0 * in.front() - in[static_cast<std::size_t>(-i)];
  }
  if (i > last) {
    return 2.0 * in.back() - in[static_cast<std::size_t>(2 * last - i)];
  }
  return in[static_cast<std::size_t>(i)];
}

/// out_i = sum_k h_|k| in_{i+k}, reach at most the size of the spectrum minus one.
[[nodiscard]] inline Numbers symmetric_filter(const Numbers& taps, const Numbers& in) {
  const int reach = static_cast<int>(taps.size()) - 1;
  Numbers out(in.size());
  for (int i = 0; i < static_cast<int>(in.size()); ++i) {
    for (int k = -reach; k <= reach; ++k) {
      out[static_cast<std::size_t>(i)] +=
          taps[static_cast<std::size_t>(std::abs(k))] * point_reflected(in, i + k);
    }
  }
  return out;
}

/// A spectrum rotated by R pixels, or the derivative with respect to R.
[[nodiscard]] inline Numbers rotate(const Numbers& in, double radius, bool slope = false) {
  Numbers taps;
  for (int k = 0; k <= static_cast<int>(radius) + 1; ++k) {
    taps.push_back(rotation_tap(k, radius, slope));
  }
  return symmetric_filter(taps, in);
}

// ---- spline ------------------------------------------------------------------------------------

/// Natural cubic spline through y at 0, 1, 2 .. in its second-derivative form:
/// M_{i-1} + 4 M_i + M_{i+1} = 6 (y_{i-1} - 2 y_i + y_{i+1}), M = 0 at the ends.
class NaturalSpline {
 public:
  explicit NaturalSpline(Numbers y) : y_(std::move(y)), second_(y_.size(), 0.0) {
    const std::size_t n = y_.size();
    Numbers upper(n, 0.0);  // Thomas' algorithm
    for (std::size_t i = 1; i + 1 < n; ++i) {
      const double pivot = 4.0 - upper[i - 1];
      upper[i] = 1.0 / pivot;
      second_[i] = (6.0 * (y_[i - 1] - 2.0 * y_[i] + y_[i + 1]) - second_[i - 1]) / pivot;
    }
    for (std::size_t i = n - 1; i-- > 1;) {
      second_[i] -= upper[i] * second_[i + 1];
    }
  }

  /// Value, and derivative with respect to s; s is clamped to the grid.
  [[nodiscard]] double operator()(double s) const {
    const auto [i, a, b] = locate(s);
    return a * y_[i] + b * y_[i + 1] +
           ((a * a * a - a) * second_[i] + (b * b * b - b) * second_[i + 1]) / 6.0;
  }
  [[nodiscard]] double slope(double s) const {
    const auto [i, a, b] = locate(s);
    return y_[i + 1] - y_[i] -
           ((3.0 * a * a - 1.0) * second_[i] - (3.0 * b * b - 1.0) * second_[i + 1]) / 6.0;
  }

  /// B-spline coefficients c_{-1} .. c_n: c_i = y_i - M_i / 6, continued in straight lines.
  [[nodiscard]] Numbers coefficients() const {
    Numbers c{0.0};
    for (std::size_t i = 0; i < y_.size(); ++i) {
      c.push_back(y_[i] - second_[i] / 6.0);
    }
    c.front() = 2.0 * c[1] - c[2];
    c.push_back(2.0 * c[c.size() - 1] - c[c.size() - 2]);
    return c;
  }

 private:
  struct Place {
    std::size_t i;
    double a, b;
  };
  [[nodiscard]] Place locate(double s) const {
    const double last = static_cast<double>(y_.size() - 1);
    s = std::clamp(s, 0.0, last);
    const double i = std::min(std::floor(s), last - 1.0);
    return {static_cast<std::size_t>(i), i + 1.0 - s, s - i};
  }

  Numbers y_, second_;
};

// ---- Doppler -----------------------------------------------------------------------------------

/// Rest over observed wavelength.
[[nodiscard]] inline double doppler(double rv) {
  return std::sqrt((1.0 - rv / light) / (1.0 + rv / light));
}

/// Position of an observed wavelength on a grid of pixels origin + step * pixel in ln(wave).
[[nodiscard]] inline double position(double origin, double step, double wave, double rv) {
  return (std::log(wave * doppler(rv)) - origin) / step;
}

// ---- continuum ---------------------------------------------------------------------------------

/// (K, N) row-major: Chebyshev polynomials by recurrence, or 1, x, x^2 and Gaussians whose centres
/// are numpy.linspace(-1, 1, K - 3).
[[nodiscard]] inline Numbers continuum(bool chebyshev, int columns, const Numbers& wave) {
  Numbers out;
  for (int k = 0; k < columns; ++k) {
    for (const double w : wave) {
      const double x = (w - wave.front()) / (wave.back() - wave.front()) * 2.0 - 1.0;
      if (chebyshev) {
        double before = x, now = 1.0;  // T_{-1} = T_1
        for (int n = 0; n < k; ++n) {
          const double next = 2.0 * x * now - before;
          before = now;
          now = next;
        }
        out.push_back(now);
      } else if (k < 3) {
        out.push_back(std::pow(x, k));
      } else {
        const int count = columns - 3;
        const double spacing = count > 1 ? 2.0 / (count - 1) : 0.0;
        const double width = 1.0 / count;
        const double z = (x - (-1.0 + (k - 3) * spacing)) / width;
        out.push_back(std::exp(-z * z / 2.0));
      }
    }
  }
  return out;
}

// ---- preparation of spectra --------------------------------------------------------------------

struct Prepared {
  Numbers flux, weight;
};

/// One spectrum as rvspecfit's get_specdata prepares it, bad pixels with weight zero.
[[nodiscard]] inline Prepared prepare_spectra(const Numbers& wave, const std::vector<float>& flux,
                                              const std::vector<float>& ivar,
                                              const std::vector<std::int32_t>& mask,
                                              const std::vector<std::pair<double, double>>& masked,
                                              double error_floor) {
  const std::size_t n = wave.size();
  Prepared out{Numbers(n, 0.0), Numbers(n, 0.0)};
  Numbers sigma;  // of the good pixels
  bool signal = false;
  for (std::size_t i = 0; i < n; ++i) {
    const bool is_masked = std::any_of(masked.begin(), masked.end(), [&](const auto& range) {
      return wave[i] > range.first && wave[i] < range.second;
    });
    if (mask[i] > 0 || is_masked || !std::isfinite(flux[i]) || !std::isfinite(ivar[i]) ||
        ivar[i] <= 0.0F) {
      continue;
    }
    out.flux[i] = flux[i];
    out.weight[i] = std::sqrt(static_cast<double>(ivar[i]));
    sigma.push_back(1.0 / out.weight[i]);
    signal = signal || flux[i] != 0.0F;
  }
  if (!signal) {
    std::fill(out.weight.begin(), out.weight.end(), 0.0);
    return out;
  }
  std::sort(sigma.begin(), sigma.end());
  const double median = 0.5 * (sigma[(sigma.size() - 1) / 2] + sigma[sigma.size() / 2]);
  for (double& w : out.weight) {
    if (w > 0.0) {
      w = 1.0 / std::max(1.0 / w, error_floor * median);
    }
  }
  return out;
}

// ---- network -----------------------------------------------------------------------------------

/// Value or first derivative of an activation by name, from its definition.
[[nodiscard]] inline double activation(const std::string& name, double z, double slope = 0.01) {
  if (name == "silu") {
    return z / (1.0 + std::exp(-z));
  }
  if (name == "relu") {
    return std::max(z, 0.0);
  }
  if (name == "leaky_relu") {
    return z > 0.0 ? z : slope * z;
  }
  if (name == "sigmoid") {
    return 1.0 / (1.0 + std::exp(-z));
  }
  if (name == "tanh") {
    return std::tanh(z);
  }
  if (name == "exponential") {
    return std::exp(z);
  }
  return z;
}

/// Its derivative in closed form.
[[nodiscard]] inline double activation_slope(const std::string& name, double z,
                                             double slope = 0.01) {
  const double s = 1.0 / (1.0 + std::exp(-z));
  if (name == "silu") {
    return s + z * s * (1.0 - s);
  }
  if (name == "relu" || name == "leaky_relu") {
    return z > 0.0 ? 1.0 : (name == "relu" ? 0.0 : slope);
  }
  if (name == "sigmoid") {
    return s * (1.0 - s);
  }
  if (name == "tanh") {
    return 1.0 / (std::cosh(z) * std::cosh(z));
  }
  return name == "exponential" ? std::exp(z) : 1.0;
}

}  // namespace rvfit::test::oracle
