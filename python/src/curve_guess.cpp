// SPDX-License-Identifier: MIT

#include "curve_guess.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace rvfit_python {

namespace {

using Numbers = std::vector<double>;

[[nodiscard]] bool is_peak(CurveKind kind) {
  return kind == CurveKind::gaussian || kind == CurveKind::lorentz || kind == CurveKind::voigt;
}

[[nodiscard]] double quantile(Numbers values, double share) {
  const std::ptrdiff_t at = std::lround(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

/// Points in the order of x.
[[nodiscard]] CurvePoints sorted(const CurvePoints& points) {
  if (std::is_sorted(points.x.begin(), points.x.end())) {
    return points;
  }
  std::vector<std::size_t> order(points.x.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return points.x[a] < points.x[b]; });
  CurvePoints out;
  for (const std::size_t i : order) {
    out.x.push_back(points.x[i]);
    out.y.push_back(points.y[i]);
  }
  return out;
}

/// Least squares of a polynomial, of fewer coefficients where there are fewer points; x is scaled to its largest
/// size meanwhile.
void fit_polynomial(const Numbers& x, const Numbers& y, int count, double* c) {
  std::fill_n(c, count, 0.0);
  const auto n = std::min(static_cast<std::size_t>(count), x.size());
  double scale = 0.0;
  for (const double each : x) {
    scale = std::max(scale, std::abs(each));
  }
  scale = scale > 0.0 ? scale : 1.0;
  std::vector<Numbers> q;  // Gram-Schmidt of the powers, with the powers that each is made of
  std::vector<Numbers> made_of;
  Numbers rest = y, powers;
  for (std::size_t p = 0; p < n; ++p) {
    Numbers column(x.size()), of(n, 0.0);
    of[p] = 1.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      column[i] = p == 0 ? 1.0 : powers[i] * (x[i] / scale);
    }
    powers = column;
    const double before = std::inner_product(column.begin(), column.end(), column.begin(), 0.0);
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t k = 0; k < q.size(); ++k) {
        const double dot = std::inner_product(column.begin(), column.end(), q[k].begin(), 0.0);
        for (std::size_t i = 0; i < x.size(); ++i) {
          column[i] -= dot * q[k][i];
        }
        for (std::size_t j = 0; j < n; ++j) {
          of[j] -= dot * made_of[k][j];
        }
      }
    }
    const double square = std::inner_product(column.begin(), column.end(), column.begin(), 0.0);
    if (!(square > 1e-24 * before)) {
      break;  // no more different places
    }
    const double inverse = 1.0 / std::sqrt(square);
    std::for_each(column.begin(), column.end(), [&](double& each) { each *= inverse; });
    std::for_each(of.begin(), of.end(), [&](double& each) { each *= inverse; });
    const double dot = std::inner_product(rest.begin(), rest.end(), column.begin(), 0.0);
    double power = 1.0;
    for (std::size_t j = 0; j < n; ++j) {
      c[j] += dot * of[j] / power;
      power *= scale;
    }
    for (std::size_t i = 0; i < x.size(); ++i) {
      rest[i] -= dot * column[i];
    }
    q.push_back(std::move(column));
    made_of.push_back(std::move(of));
  }
}

/// Mean of some values at one end.
[[nodiscard]] double mean_at(const Numbers& y, bool last) {
  const std::size_t count = std::max<std::size_t>(1, y.size() / 10);
  const std::size_t first = last ? y.size() - count : 0;
  return std::accumulate(&y[first], &y[first] + count, 0.0) / static_cast<double>(count);
}

/// The level of most points, beside a peak or beside a dip: the likelier first, the other where it may as well be.
struct LevelsBesidePeak {
  double likelier;
  double other;
  bool may_be_other;
};

[[nodiscard]] LevelsBesidePeak levels_beside_peak(const Numbers& y) {
  const double middle = quantile(y, 0.5);
  const auto [least, most] = std::minmax_element(y.begin(), y.end());
  const double above = *most - middle, below = middle - *least;
  const bool rises = above >= below;
  const bool is_clear = std::max(above, below) > 3.0 * std::min(above, below);
  return {quantile(y, rises ? 0.2 : 0.8), is_clear ? 0.0 : quantile(y, rises ? 0.8 : 0.2),
          !is_clear};
}

/// The strongest peak or dip of points in order, which is then taken from them.
void guess_peak(const CurveTerm& term, const Numbers& x, Numbers& y, double* c) {
  const std::size_t size = y.size();
  Numbers smooth = y;
  for (std::size_t i = 1; i + 1 < size; ++i) {
    smooth[i] = 0.25 * (y[i - 1] + 2.0 * y[i] + y[i + 1]);
  }
  const auto by_size = [](double a, double b) { return std::abs(a) < std::abs(b); };
  const auto top = static_cast<std::size_t>(
      std::max_element(smooth.begin(), smooth.end(), by_size) - smooth.begin());
  const double height = smooth[top];
  const auto is_high = [&](std::size_t i) { return smooth[i] / height > 0.5; };
  const double range = x.back() - x.front();
  std::size_t left = top, right = top;
  while (left > 0 && is_high(left - 1)) {
    --left;
  }
  while (right + 1 < size && is_high(right + 1)) {
    ++right;
  }
  const double spacing = size > 1 && range > 0.0 ? range / static_cast<double>(size - 1) : 1.0;
  const double half_width = 0.5 * std::max(x[right] - x[left] + spacing, spacing);
  c[1] = 0.5 * (x[left] + x[right]);
  if (term.kind == CurveKind::voigt) {
    c[2] = half_width / 1.6;
    c[3] = half_width / 2.4;
    c[0] = height * half_width * 2.5;
  } else {
    c[0] = height;
    c[2] = term.kind == CurveKind::gaussian ? half_width / 1.1774 : half_width;
  }
  double slopes[4];
  for (std::size_t i = 0; i < size; ++i) {
    y[i] -= term.kind == CurveKind::gaussian  ? curves::gaussian(c, x[i], slopes)
            : term.kind == CurveKind::lorentz ? curves::lorentz(c, x[i], slopes)
                                              : curves::voigt(c, x[i], slopes);
  }
}

/// All peaks above a level, the strongest first.
///
/// @return  sum of the squares of what is left
[[nodiscard]] double guess_peaks(const std::vector<CurveTerm>& terms, const CurvePoints& points,
                                 double* theta, double level) {
  Numbers rest = points.y;
  std::for_each(rest.begin(), rest.end(), [&](double& y) { y -= level; });
  for (const CurveTerm& term : terms) {
    if (is_peak(term.kind)) {
      guess_peak(term, points.x, rest, theta + term.first);
    }
  }
  return std::inner_product(rest.begin(), rest.end(), rest.begin(), 0.0);
}

/// Slope and value at 0 of a line through (u, ln |v|) of values that are not small, weighted by their squares.
[[nodiscard]] std::pair<double, double> log_line(const Numbers& u, const Numbers& v) {
  double largest = 0.0;
  for (const double each : v) {
    largest = std::max(largest, std::abs(each));
  }
  double sum = 0.0, of_u = 0.0, of_l = 0.0, of_uu = 0.0, of_ul = 0.0;
  for (std::size_t i = 0; i < u.size(); ++i) {
    if (std::abs(v[i]) > 0.02 * largest && std::isfinite(u[i])) {
      const double w = v[i] * v[i] / (largest * largest), l = std::log(std::abs(v[i]));
      sum += w;
      of_u += w * u[i];
      of_l += w * l;
      of_uu += w * u[i] * u[i];
      of_ul += w * u[i] * l;
    }
  }
  const double slope = (sum * of_ul - of_u * of_l) / (sum * of_uu - of_u * of_u);
  return {slope, (of_l - slope * of_u) / sum};
}

void guess_decay(const CurvePoints& points, double level, double* c) {
  Numbers rest = points.y;
  std::for_each(rest.begin(), rest.end(), [&](double& y) { y -= level; });
  const double range = points.x.back() - points.x.front();
  const double sign = mean_at(rest, false) < 0.0 ? -1.0 : 1.0;
  std::for_each(rest.begin(), rest.end(), [&](double& y) { y = std::max(sign * y, 0.0); });
  const auto [slope, at_zero] = log_line(points.x, rest);
  if (std::isfinite(slope) && slope < 0.0 && std::isfinite(std::exp(at_zero))) {
    c[0] = sign * std::exp(at_zero);
    c[1] = -1.0 / slope;
  } else {
    c[1] = range > 0.0 ? range / 3.0 : 1.0;
    c[0] = mean_at(points.y, false) - level;
  }
}

void guess_power_law(const CurvePoints& points, double* c) {
  Numbers ln_x = points.x;
  std::for_each(ln_x.begin(), ln_x.end(), [](double& x) { x = std::log(x); });
  const auto [slope, at_zero] = log_line(ln_x, points.y);
  const double sign = mean_at(points.y, false) + mean_at(points.y, true) < 0.0 ? -1.0 : 1.0;
  const bool is_good = std::isfinite(slope) && std::isfinite(std::exp(at_zero));
  c[0] = is_good ? sign * std::exp(at_zero) : sign;
  c[1] = is_good ? slope : 1.0;
}

/// A step up or down, from `level` or, without one, between 0 and a height.
void guess_logistic(const CurvePoints& points, bool has_level, double& level, double* c) {
  const double first = mean_at(points.y, false), last = mean_at(points.y, true);
  const bool falls = !has_level && std::abs(first) > std::abs(last);
  level = has_level ? first : 0.0;
  c[0] = has_level ? last - first : (falls ? first : last);
  const auto place = [&](double share) {
    for (std::size_t i = 0; i < points.x.size(); ++i) {
      const double rise = (points.y[i] - level) / c[0];
      if (falls ? rise < share : rise > share) {
        return points.x[i];
      }
    }
    return points.x.back();
  };
  c[1] = place(0.5);
  const double range = points.x.back() - points.x.front();
  const double width = std::abs(place(0.75) - place(0.25)) / 2.2;
  c[2] = (falls ? -1.0 : 1.0) * (width > 0.0 ? width : (range > 0.0 ? 0.05 * range : 1.0));
}

void guess_in_plane(const CurveTerm& term, const CurvePoints& points, double level, double* c) {
  const auto by_size = [&](double a, double b) {
    return std::abs(a - level) < std::abs(b - level);
  };
  const auto top = static_cast<std::size_t>(
      std::max_element(points.y.begin(), points.y.end(), by_size) - points.y.begin());
  const double height = points.y[top] - level;
  double sum = 0.0, x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, yy = 0.0;
  for (std::size_t i = 0; i < points.x.size(); ++i) {
    const double w = (points.y[i] - level) / height;
    if (w > 0.5) {
      const double u = points.x[i] - points.x[top], v = points.second[i] - points.second[top];
      sum += w;
      x += w * u;
      y += w * v;
      xx += w * u * u;
      xy += w * u * v;
      yy += w * v * v;
    }
  }
  x /= sum;
  y /= sum;
  // The second moment of a Gaussian above half of its height is 0.307 sigma^2; a pixel's own is added.
  constexpr double share = 0.307;
  const auto [left, right] = std::minmax_element(points.x.begin(), points.x.end());
  const auto [below, above] = std::minmax_element(points.second.begin(), points.second.end());
  const double extent = std::max(*right - *left, *above - *below);
  const double pixel =
      extent > 0.0 ? extent / std::sqrt(static_cast<double>(points.x.size())) : 1.0;
  xx = (xx / sum - x * x) / share + 0.1 * pixel * pixel;
  yy = (yy / sum - y * y) / share + 0.1 * pixel * pixel;
  xy = (xy / sum - x * y) / share;
  c[0] = height;
  c[1] = points.x[top] + x;
  c[2] = points.second[top] + y;
  if (term.kind == CurveKind::gaussian_2d) {
    c[3] = std::sqrt(0.5 * (xx + yy));
    return;
  }
  const double middle = 0.5 * (xx + yy), half = std::hypot(0.5 * (xx - yy), xy);
  c[3] = std::sqrt(middle + half);
  c[4] = std::sqrt(std::max(middle - half, 0.1 * pixel * pixel));
  c[5] = 0.5 * std::atan2(2.0 * xy, xx - yy);
}

}  // namespace

bool has_guess(const std::vector<CurveTerm>& terms) {
  int peaks = 0, others = 0;
  for (const CurveTerm& term : terms) {
    peaks += is_peak(term.kind) ? 1 : 0;
    others += !is_peak(term.kind) && term.kind != CurveKind::polynomial ? 1 : 0;
  }
  return others == 0 || (others == 1 && peaks == 0);
}

void guess_curve(const std::vector<CurveTerm>& terms, const CurvePoints& points, double* theta) {
  double unused[16];
  double* level = unused;
  int levels = 0;
  bool in_plane = false;
  for (const CurveTerm& term : terms) {
    if (term.kind == CurveKind::polynomial) {
      level = theta + term.first;
      levels = term.parameters;
    }
    in_plane = in_plane || !points.second.empty();
  }
  level[0] = 0.0;
  std::fill_n(level, levels, 0.0);
  const CurvePoints in_order = in_plane ? points : sorted(points);
  if (terms.size() == 1 && levels > 0) {
    fit_polynomial(in_order.x, in_order.y, levels, level);
    return;
  }
  const CurveKind kind =
      terms.front().kind == CurveKind::polynomial ? terms.back().kind : terms.front().kind;
  if (levels > 0 && (is_peak(kind) || in_plane)) {
    const LevelsBesidePeak levels_beside = levels_beside_peak(in_order.y);
    level[0] = levels_beside.likelier;
    if (is_peak(kind) && levels_beside.may_be_other) {
      const double squares = guess_peaks(terms, in_order, theta, level[0]);
      level[0] = guess_peaks(terms, in_order, theta, levels_beside.other) < squares
                     ? levels_beside.other
                     : levels_beside.likelier;
    }
  } else if (levels > 0 && kind == CurveKind::decay) {
    level[0] = mean_at(in_order.y, true);
  }
  if (is_peak(kind)) {
    (void)guess_peaks(terms, in_order, theta, level[0]);
    return;
  }
  for (const CurveTerm& term : terms) {
    double* const c = theta + term.first;
    if (term.kind == CurveKind::decay) {
      guess_decay(in_order, level[0], c);
    } else if (term.kind == CurveKind::power_law) {
      guess_power_law(in_order, c);
    } else if (term.kind == CurveKind::logistic) {
      guess_logistic(in_order, levels > 0, level[0], c);
    } else if (term.kind != CurveKind::polynomial) {
      guess_in_plane(term, in_order, level[0], c);
    }
  }
}

}  // namespace rvfit_python
