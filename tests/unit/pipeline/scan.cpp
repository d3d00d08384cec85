// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/eigen_oracle.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include "support/two_lines.hpp"
#include <rvfit/pipeline/scan.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace rvfit::test::scan {

/// An arm with these wavelengths, in one or two rows, and nothing else.
template <class P>
SpectrumBatch<P> arm_of(const std::vector<double>& wave, std::size_t rows) {
  SpectrumBatch<P> arm;
  arm.wave = upload_matrix<Matrix<const double, P>>(Exec{}, "wave", wave, rows, wave.size() / rows);
  return arm;
}

template <class P>
void steps_by_the_finest_pixel() {
  const Exec exec{};
  // 0.8 Angstrom at 9800.
  const auto red = arm_of<P>({9798.4, 9799.2, 9800.0, 9800.8}, 1);
  const auto blue = arm_of<P>({4000.0, 4000.8, 4001.6, 4002.4}, 1);
  const double want = speed_of_light * 0.8 / 9799.6;  // the middle one of three
  // A step in ln(wave) is the quotient's but for (0.8 / 9800)^2 / 12 = 6e-10, margin 17.
  constexpr double quotient = 1e-8;
  CHECK(finest_pixel<P>(exec, {blue, red}) == doctest::Approx(want).epsilon(quotient));
  // In the second row of an arm, where every spectrum has its own wavelengths.
  const auto own = arm_of<P>({5000.0, 5001.0, 5002.0, 5003.0,  //
                              5000.0, 5000.2, 5000.4, 5000.6},
                             2);
  CHECK(finest_pixel<P>(exec, {own}) ==
        doctest::Approx(speed_of_light * 0.2 / 5000.3).epsilon(quotient));
  // Never so fine that the scan becomes endless.
  CHECK(finest_pixel<P>(exec, {arm_of<P>({5000.0, 5000.001}, 1)}) == 1.0);
}

// ---- the gain, against chi-square pixel by pixel -------------------------------------------------

constexpr int columns = 4;  // of the continuum
const ContinuumOptions continuum{ContinuumKind::chebyshev, columns};

/// Two arms of B spectra with a line each, in double.
struct Lines {
  struct Arm {
    std::string name;
    std::vector<double> wave, flux, weight;  ///< (N), (B, N), (B, N)
  };
  std::size_t size;
  std::vector<Arm> arms;

  /// @param[in] depth, rv  of the spectra's lines, of width 90 km/s
  Lines(const std::vector<double>& depth, const std::vector<double>& rv) : size(depth.size()) {
    Random random(3);
    for (std::size_t a = 0; a < 2; ++a) {
      Arm arm{a == 0 ? "blue" : "red", {}, {}, {}};
      const std::size_t pixels = 120 + 15 * a;
      for (std::size_t i = 0; i < pixels; ++i) {
        arm.wave.push_back(line_centres[a] * (1.0 + 1e-4 * (static_cast<double>(i) - 60.0)));
      }
      arm.weight = random.uniform(size * pixels, 20.0, 40.0);
      for (std::size_t b = 0; b < size; ++b) {
        for (std::size_t i = 0; i < pixels; ++i) {
          const double slope = 2.0 + 0.5 * static_cast<double>(i) / static_cast<double>(pixels);
          arm.flux.push_back(slope * line_template(a, arm.wave[i], depth[b], 90.0, rv[b]) +
                             random.uniform(-0.05, 0.05));
          double& w = arm.weight[b * pixels + i];
          w = random.uniform(0.0, 1.0) < 0.03 ? 0.0 : w;
        }
      }
      arms.push_back(arm);
    }
  }

  template <class P>
  [[nodiscard]] Observations<P> observations() const {
    using Real = typename P::real_type;
    Observations<P> out;
    for (const Arm& arm : arms) {
      const std::size_t pixels = arm.wave.size();
      out.push_back(make_spectrum_batch<P>(
          Exec{}, arm.name,
          upload_matrix<Matrix<const double, P>>(Exec{}, "wave", arm.wave, 1, pixels),
          upload_matrix<Matrix<const Real, P>>(Exec{}, "flux", arm.flux, size, pixels),
          upload_matrix<Matrix<const Real, P>>(Exec{}, "weight", arm.weight, size, pixels)));
    }
    return out;
  }
};

/// Shifts fill a register at least, however narrow the range of rv, and no candidate lies outside of it.
void narrow_ranges_have_enough_shifts() {
  const auto velocities = [](double bound) {
    return ScanVelocities(
        ParameterSet({{.name = "rv", .unit = "km/s", .lower = -bound, .upper = bound}}), 0, 1,
        40.0);
  };
  for (const double bound : {1.0, 50.0, 250.0}) {
    const ScanVelocities narrow = velocities(bound);
    CHECK(narrow.shifts() >= 16);
    for (int s = 0; s < narrow.shifts(); ++s) {
      const double v = narrow.velocity(s);
      CHECK(narrow.contains(v) == (std::abs(v) <= bound + 20.0));
    }
  }
  CHECK(velocities(1500.0).shifts() == 77);  // 2 ceil(1500 / 40) + 1: as before
}

/// The continuum of a spectrum by QR.
std::vector<double> continuum_of(const std::vector<double>& wave, const double* flux,
                                 const double* weight) {
  const auto rows = static_cast<Eigen::Index>(wave.size());
  const auto basis = oracle::continuum(true, columns, wave);
  oracle::ProjectionProblem p{Eigen::VectorXd(rows), Eigen::VectorXd(rows),
                              Eigen::MatrixXd(rows, columns), Eigen::VectorXd::Ones(rows),
                              Eigen::MatrixXd(rows, 0)};
  for (Eigen::Index i = 0; i < rows; ++i) {
    p.flux(i) = flux[i];
    p.weight(i) = weight[i];
    for (int k = 0; k < columns; ++k) {
      p.basis(i, k) = basis[static_cast<std::size_t>(k * rows + i)];
    }
  }
  const auto fit = oracle::project(p, 4096 * std::numeric_limits<double>::epsilon());
  return {fit.model.begin(), fit.model.end()};
}

/// Decrease of chi-square, (M, shifts), below that of the continuum C by C (1 + a delta_m), pixel by pixel,
/// where the decrease is linear between the bins around a pixel, and a is the best between 0.3 and 2.
std::vector<std::vector<double>> gains_of(const Lines& lines, std::size_t b,
                                          const std::vector<double>& widths,
                                          const ScanVelocities& grid) {
  const auto shifts = static_cast<std::size_t>(grid.shifts());
  std::vector<std::vector<double>> out;
  for (const double width : widths) {
    std::vector<double> linear(shifts, 0.0),
        square(shifts, 0.0);  // decrease = a linear - a^2 square
    for (std::size_t a = 0; a < 2; ++a) {
      const Lines::Arm& arm = lines.arms[a];
      const std::size_t pixels = arm.wave.size();
      // The template at rest on the bins, over its own continuum.
      const double first = std::log(arm.wave.front());
      const double span = std::log(arm.wave.back() / arm.wave.front());
      const int bins = static_cast<int>(std::ceil(span / grid.step)) + 1;
      std::vector<double> wave, delta;
      for (int j = -grid.reach; j < bins + grid.reach; ++j) {
        wave.push_back(std::exp(first + j * grid.step));
        delta.push_back(line_template(a, wave.back(), 0.4, width, 0.0));
      }
      const std::vector<double> ones(wave.size(), 1.0);
      const auto rest = continuum_of(wave, delta.data(), ones.data());
      for (std::size_t j = 0; j < wave.size(); ++j) {
        delta[j] = delta[j] / rest[j] - 1.0;
      }
      const double* flux = &arm.flux[b * pixels];
      const double* weight = &arm.weight[b * pixels];
      const auto data_continuum = continuum_of(arm.wave, flux, weight);
      for (std::size_t s = 0; s < shifts; ++s) {
        for (std::size_t i = 0; i < pixels; ++i) {
          const double place = (std::log(arm.wave[i]) - first) / grid.step;
          const auto j = static_cast<std::size_t>(place);
          const double w = weight[i], c = data_continuum[i];
          for (const std::size_t bin : {j, j + 1}) {
            const double share = 1.0 - std::abs(place - static_cast<double>(bin));
            const double d = delta[bin + s];
            linear[s] += share * 2.0 * w * w * (flux[i] - c) * c * d;
            square[s] += share * w * w * c * c * d * d;
          }
        }
      }
    }
    out.emplace_back();
    for (std::size_t s = 0; s < shifts; ++s) {
      const double strength = std::clamp(0.5 * linear[s] / square[s], 0.3, 2.0);
      out.back().push_back(strength * linear[s] - strength * strength * square[s]);
    }
  }
  return out;
}

/// Candidates of a table of gains, as (velocity, gain, template).
struct Candidate {
  double velocity, gain;
  std::size_t m;
};

std::vector<Candidate> candidates_of(const std::vector<std::vector<double>>& gains,
                                     const ScanVelocities& grid, int count) {
  const auto velocity = [&](double s) {
    return 299792.458 * std::tanh((grid.reach - s) * grid.step);
  };
  std::vector<bool> taken(gains[0].size(), false);
  std::vector<Candidate> out;
  for (int k = 0; k < count; ++k) {
    Candidate best{0.0, -1e300, 0};
    std::size_t top = 0;
    for (std::size_t m = 0; m < gains.size(); ++m) {
      for (std::size_t s = 0; s < gains[m].size(); ++s) {
        const double v = velocity(static_cast<double>(s));
        // Within the bounds of +-300 km/s, give or take half a step.
        if (!taken[s] && std::abs(v) <= 300.0 + 0.5 * grid.rv_step && gains[m][s] > best.gain) {
          best = {0.0, gains[m][s], m};
          top = s;
        }
      }
    }
    // The vertex of the parabola through the peak and its neighbours, unless it is no peak.
    const double left = gains[best.m][top - 1], right = gains[best.m][top + 1];
    const double curvature = left - 2.0 * best.gain + right;
    const double offset = 0.5 * (left - right) / curvature;
    best.velocity = velocity(static_cast<double>(top) +
                             (curvature < 0.0 && std::abs(offset) <= 1.0 ? offset : 0.0));
    for (std::size_t s = 0; s < taken.size(); ++s) {
      taken[s] = taken[s] ||
                 std::abs(velocity(static_cast<double>(s)) - best.velocity) < 2.7 * grid.rv_step;
    }
    out.push_back(best);
  }
  return out;
}

/// Before anything of their number is made.
template <class P>
void refuses_too_many_shifts() {
  const Exec exec{};
  const TwoLines<P> model;
  const auto data = Lines({0.4}, {0.0}).observations<P>();
  const ScanOptions options{.rv_step = 1e-4, .templates = 3, .candidates = 3};
  const std::string message = message_of<InvalidArgument>([&] {
    const Scan<P, TwoLines<P>> scan(exec, model, model.parameters(), data, 1, continuum, 4,
                                    options);
  });
  CHECK(message.find("bytes of team scratch") != std::string::npos);
}

template <class P>
void gains_are_decreases_of_chi_square() {
  using Real = typename P::real_type;
  const Exec exec{};
  const TwoLines<P> model;
  // Lines of a strength that templates have, three times as deep, and nearly none.
  const Lines lines({0.4, 0.95, 0.03}, {-123.0, 41.0, 160.0});
  const auto data = lines.observations<P>();
  Objective<P, TwoLines<P>> objective(exec, model, model.parameters(), data, 3, continuum, 4);
  objective.bind(exec, data);
  const ScanOptions options{.rv_step = 12.0, .templates = 3, .candidates = 3};
  Scan<P, TwoLines<P>> scan(exec, model, model.parameters(), data, 3, continuum, 4, options);
  CHECK(scan.velocities().rv_step == 12.0);
  ActiveList<P> list(exec, 3);
  list.select(exec, 3, 3, KeepAll{});
  scan.fit_continuum(exec, objective, list);
  const auto candidates = values(exec, scan.run(exec, objective, list));  // (K, B, 3)
  const auto gains = values(exec, scan.gains());                          // (K, B)
  const std::vector<double> widths{60.0, 90.0, 120.0};
  for (std::size_t b = 0; b < 3; ++b) {
    CAPTURE(b);
    const auto want = candidates_of(gains_of(lines, b, widths, scan.velocities()),
                                    scan.velocities(), options.candidates);
    for (std::size_t k = 0; k < 3; ++k) {
      CAPTURE(k);
      const double* got = &candidates[(k * 3 + b) * 3];
      // Sums of 200 pixels of w^2 C^2 = 1e4 or less, and of 1e2 shifts, each rounded.
      const double scale = 200.0 * 40.0 * 40.0 * 2.5 * 2.5;
      const double rounded = rounding<Real>(16, scale);
      check_close("gain", gains[k * 3 + b], want[k].gain, {rounded});
      check_close("width", got[1], widths[want[k].m], {});
      // The vertex of a parabola through gains that agree to some eps.
      check_close("velocity", got[2], want[k].velocity, {1e-9});
    }
  }
  // The template that the spectrum was made of, found within a tenth of a step.
  CHECK(std::abs(candidates[2] + 123.0) < 1.2);
  CHECK(candidates[1] == 90.0);
}

TEST_CASE("scan: a narrow range of rv has as many shifts as a register has numbers") {
  narrow_ranges_have_enough_shifts();
}

RVFIT_TEST_DOUBLE("scan: too many shifts are refused", refuses_too_many_shifts);
RVFIT_TEST_DOUBLE("scan: the step follows the finest pixel of any arm", steps_by_the_finest_pixel);
RVFIT_TEST_DOUBLE("scan: gains are decreases of chi-square, and candidates their peaks",
                  gains_are_decreases_of_chi_square);

}  // namespace rvfit::test::scan
