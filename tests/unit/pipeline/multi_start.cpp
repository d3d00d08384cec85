// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include <rvfit/pipeline/multi_start.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace rvfit::test::multi_start {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
using enum FitStatus;

/// Two spectra with three starts each, written spectrum by spectrum: {value, rv, status}.
struct Start {
  double value;
  double rv;
  FitStatus status;
};

template <class P>
struct Fits {
  static constexpr int spectra = 2, starts = 3;
  Exec exec;
  LmState<P> state{exec, spectra* starts, 2};

  explicit Fits(const std::vector<std::vector<Start>>& rows) {
    const auto value = Kokkos::create_mirror_view(state.current.value);
    const auto theta = Kokkos::create_mirror_view(state.theta);
    const auto status = Kokkos::create_mirror_view(state.status);
    for (int b = 0; b < spectra; ++b) {
      for (int k = 0; k < starts; ++k) {
        const Start& start = rows[static_cast<std::size_t>(b)][static_cast<std::size_t>(k)];
        const int f = k * spectra + b;
        value(f) = start.value;
        theta(f, 0) = 10.0 * f;
        theta(f, 1) = start.rv;
        status(f) = start.status;
      }
    }
    Kokkos::deep_copy(exec, state.current.value, value);
    Kokkos::deep_copy(exec, state.theta, theta);
    Kokkos::deep_copy(exec, state.status, status);
    exec.fence("test: the state is there");
  }

  template <class Kernel>
  void run(const Kernel& kernel, int size = spectra) {
    Kokkos::parallel_for("test", typename P::range_policy(exec, 0, size), kernel);
  }

  /// Statuses of a spectrum's starts.
  [[nodiscard]] std::vector<FitStatus> statuses(int b) const {
    const auto all = values(exec, state.status);
    return {all[static_cast<std::size_t>(b)], all[static_cast<std::size_t>(spectra + b)],
            all[static_cast<std::size_t>(2 * spectra + b)]};
  }

  /// (K, B) from one row a spectrum.
  [[nodiscard]] Matrix<const double, P> gains(const std::vector<std::vector<double>>& rows) const {
    std::vector<double> by_start;
    for (std::size_t k = 0; k < starts; ++k) {
      for (std::size_t b = 0; b < spectra; ++b) {
        by_start.push_back(rows[b][k]);
      }
    }
    return upload_matrix<Matrix<const double, P>>(exec, "gains", by_start, starts, spectra);
  }
};

template <class P>
void takes_starts_of_enough_gain() {
  Fits<P> fits({{{0, 0, running}, {0, 0, running}, {0, 0, running}},
                {{0, 0, running}, {0, 0, no_valid_pixels}, {0, 0, running}}});
  const Cube<double, P> candidates("candidates", 3, 2, 2);
  Kokkos::deep_copy(candidates, 7.0);
  // 71 % of the first's gain, 40 %; then within the margin of 30 although only 10 %.
  const auto gain = fits.gains({{1000, 710, 400}, {20, 19, 2}});
  const auto templates = upload_matrix<Matrix<const int, P>>(
      fits.exec, "templates", std::vector<int>{4, 5, 6, 7, 8, 9}, 3, 2);
  const auto template_of = allocate<Vector<int, P>>(fits.exec, "template_of", 6);
  fits.run(detail::TakeStarts<P>{fits.state, candidates, templates, gain, template_of, {}, 2}, 6);
  CHECK(values(fits.exec, template_of) == std::vector{4, 5, 6, 7, 8, 9});
  CHECK(fits.statuses(0) == std::vector{running, running, superseded});
  CHECK(fits.statuses(1) == std::vector{running, no_valid_pixels, running});
  CHECK(values(fits.exec, fits.state.theta)[11] == 7.0);
}

RVFIT_TEST_DOUBLE("multi-start: starts far below the scan's first are given up",
                  takes_starts_of_enough_gain);

template <class P>
void screens_by_value_but_for_the_first() {
  Fits<P> fits({{{0, 0, running}, {0, 0, running}, {0, 0, running}},
                {{0, 0, running}, {0, 0, running}, {0, 0, running}}});
  // A fifth of the first's gain of 1000 is allowed; the first stays whatever it is.
  const auto gain = fits.gains({{1000, 900, 900}, {1000, 900, 900}});
  const auto value = upload<Vector<const double, P>>(
      fits.exec, "value", std::vector<double>{500.0, nan, 0.0, 100.0, 201.0, nan});
  fits.run(detail::ScreenStarts<P>{fits.state, value, gain, {}, 2, 3});
  CHECK(fits.statuses(0) == std::vector{running, running, superseded});
  CHECK(fits.statuses(1) == std::vector{running, running, superseded});
}

RVFIT_TEST_DOUBLE("multi-start: the first start is never screened out, NaN always else",
                  screens_by_value_but_for_the_first);

template <class P>
void reviews_by_the_predicted_decrease() {
  Fits<P> fits({{{0.0, 0, converged}, {100.0, 0, running}, {100.0, 0, running}},
                {{nan, 0, running}, {10.0, 0, non_finite}, {-50.0, 0, superseded}}});
  const auto decrease = Kokkos::create_mirror_view(fits.state.newton_decrease);
  decrease(2) = 18.0;  // start 1 of spectrum 0: 4 x 18 and the margin of 30 reach 0
  decrease(4) = 17.0;  // start 2: they do not
  Kokkos::deep_copy(fits.state.newton_decrease, decrease);
  fits.run(detail::ReviewStarts<P>{fits.state, {}, 2, 3});
  CHECK(fits.statuses(0) == std::vector{converged, running, superseded});
  // No other fit is better than NaN: it goes on, and ends by itself.
  CHECK(fits.statuses(1) == std::vector{running, non_finite, superseded});
}

RVFIT_TEST_DOUBLE("multi-start: a fit that its expected decrease cannot save is given up",
                  reviews_by_the_predicted_decrease);

template <class P>
void keeps_damped_fits() {
  // Both lag by 100, and their steps are predicted to bring nothing.
  Fits<P> fits({{{0.0, 0, converged}, {100.0, 0, running}, {100.0, 0, running}},
                {{0.0, 0, converged}, {0.0, 0, converged}, {0.0, 0, converged}}});
  const auto damping = Kokkos::create_mirror_view(fits.state.damping);
  damping(2).value = 0.09;
  damping(4).value = 0.11;
  Kokkos::deep_copy(fits.state.damping, damping);
  fits.run(detail::ReviewStarts<P>{fits.state, {}, 2, 3});
  CHECK(fits.statuses(0) == std::vector{converged, superseded, running});
}

RVFIT_TEST_DOUBLE("multi-start: a fit is not given up for the short steps of its damping",
                  keeps_damped_fits);

template <class P>
void keeps_the_best_and_names_the_second() {
  Fits<P> fits({{{5.0, 100.0, converged}, {3.0, -200.0, converged}, {4.0, 300.0, superseded}},
                {{7.0, 0.0, non_finite}, {9.0, 10.0, stalled}, {nan, 90.0, superseded}}});
  const Vector<double, P> second_rv("second_rv", 2), second_excess("second_excess", 2);
  const auto start_rv =
      upload<Vector<double, P>>(fits.exec, "start_rv", std::vector<double>{90, 1, -210, 2, 300, 3});
  const auto gain = fits.gains({{0, 0, 0}, {900, 800, 650}});
  fits.run(detail::KeepBest<P>{fits.state, gain, {}, 2, 3, 1, start_rv, second_rv, second_excess});
  const auto rv = values(fits.exec, second_rv), excess = values(fits.exec, second_excess);
  const auto theta = values(fits.exec, fits.state.theta);
  // Spectrum 0: start 1 wins, all of its row moves; start 2, given up at 4, comes before start 0.
  CHECK(fits.statuses(0)[0] == converged);
  CHECK(theta[0] == 20.0);
  CHECK(theta[1] == -200.0);
  CHECK(values(fits.exec, fits.state.current.value)[0] == 3.0);
  CHECK(values(fits.exec, start_rv)[0] == -210.0);
  CHECK(rv[0] == 300.0);
  CHECK(excess[0] == 1.0);
  // Spectrum 1: the only solution; start 0 is too near to be another minimum, start 2 never had a
  // value and counts by its gain.
  CHECK(fits.statuses(1)[0] == stalled);
  CHECK(theta[3] == 10.0);
  CHECK(rv[1] == 90.0);
  CHECK(excess[1] == 150.0);
}

RVFIT_TEST_DOUBLE("multi-start: the lowest solution moves to the spectrum's row, the next is named",
                  keeps_the_best_and_names_the_second);

}  // namespace rvfit::test::multi_start
