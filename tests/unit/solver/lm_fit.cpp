// SPDX-License-Identifier: MIT

/// @file
/// The two moves of a fit, one at a time, on F = floor + theta^2: the curvature is 2, the undamped step goes
/// to 0, and one damped by lambda goes a share 1 / (1 + lambda) of the way.

#include <rvfit/solver/lm_fit.hpp>

#include <doctest/doctest.h>
#include <support/tolerance.hpp>

#include <array>
#include <limits>
#include <vector>

namespace rvfit::test::fit {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Fit = LmFit<double, 1>;
/// Numbers that steps are worked out with below.
const LmOptions usual{.max_iterations = 60, .tolerance = 1e-4, .initial_damping = 1e-3};
const LmBounds<double, 1> unbounded{{-infinity}, {infinity}, {1e-12}, {false}};

Fit fit_at(double theta, const LmOptions& options = usual, double floor = 0.0) {
  Fit fit{};
  fit.theta[0] = fit.trial[0] = theta;
  fit.current = {floor + theta * theta, {2.0 * theta}, {2.0}};
  fit.damping = LmDamping<double>::start(options);
  fit.unit = 1.0;
  fit.status = static_cast<int>(FitStatus::running);
  return fit;
}

Fit proposed(Fit fit, const LmOptions& options = usual) {
  lm_propose(fit, 1, unbounded, options);
  return fit;
}

FitStatus status(const Fit& fit) { return static_cast<FitStatus>(fit.status); }

TEST_CASE(
    "lm_propose: far from the minimum a damped step, and what the undamped model makes of it") {
  const Fit fit = proposed(fit_at(1.0, {.initial_damping = 1.0}));
  CHECK(fit.running());
  CHECK(!fit.final_trial);
  CHECK(fit.trial[0] == 0.5);
  CHECK(fit.predicted_decrease == 0.75);  // 1 - 0.5^2
  CHECK(fit.newton_decrease == 0.75);     // at least; it is 1
  CHECK(fit.theta[0] == 1.0);
}

TEST_CASE("lm_propose: a short step that is short by its damping alone does not end a fit") {
  // Nothing but the undamped step says how far F is above its minimum: 4e-4, above the tolerance of 1e-4.
  const LmOptions options{.tolerance = 1e-4, .initial_damping = 10.0};
  const Fit fit = proposed(fit_at(0.02, options), options);
  CHECK(fit.running());
  CHECK(fit.predicted_decrease < 1e-4);  // the tolerance
  CHECK(fit.newton_decrease == rounded(4e-4));
}

TEST_CASE("lm_propose: near the minimum the undamped step is taken unjudged, with its value") {
  const Fit fit = proposed(fit_at(0.005, {}, 7.0));
  CHECK(status(fit) == FitStatus::converged);
  CHECK(fit.theta[0] == 0.0);
  CHECK(fit.current.value == rounded(7.0));
  // Relative to F = 7, 1e-5 is the same limit as 7e-5: a fit 1e-4 above its minimum goes on.
  const auto relative = [&](double share) {
    const LmOptions options{.tolerance = 0.0, .relative_tolerance = share};
    return status(proposed(fit_at(0.01, options, 7.0), options));
  };
  CHECK(relative(1e-5) == FitStatus::running);
  CHECK(relative(2e-5) == FitStatus::converged);
}

TEST_CASE("lm_propose: a last step that is judged becomes the trial, unless no step is left") {
  Fit fit = fit_at(0.005);
  lm_propose<LmRules::residuals>(fit, 1, unbounded, usual);
  CHECK(fit.running());
  CHECK(fit.final_trial);
  CHECK(fit.trial[0] == 0.0);
  CHECK(fit.theta[0] == 0.005);
  fit.iterations = 60;
  lm_propose<LmRules::residuals>(fit, 1, unbounded, usual);
  CHECK(status(fit) == FitStatus::converged);
  CHECK(!fit.final_trial);
  CHECK(fit.theta[0] == 0.005);
}

TEST_CASE(
    "lm_propose: where the Hessian is singular, the initial damping tells whether a fit is done") {
  LmFit<double, 2> fit{};
  fit.theta[0] = 0.005;
  fit.theta[1] = 3.0;
  fit.current = {fit.theta[0] * fit.theta[0], {2.0 * fit.theta[0], 0.0}, {2.0, 0.0, 0.0}};
  fit.damping = LmDamping<double>::start({});
  fit.unit = 1.0;
  fit.status = static_cast<int>(FitStatus::running);
  const LmBounds<double, 2> bounds{
      {-infinity, -infinity}, {infinity, infinity}, {1e-12, 1e-12}, {false, false}};
  lm_propose(fit, 2, bounds, usual);
  CHECK(fit.status == static_cast<int>(FitStatus::converged));
  // A thousandth of the way is left: a difference of numbers a thousand times as large.
  CHECK(fit.theta[0] == rounded(0.005 / 1001.0, 2.0 * 1001.0));
  CHECK(fit.theta[1] == 3.0);
}

TEST_CASE("lm_propose: each reason to end without a step") {
  Fit fit = fit_at(1.0);
  fit.current.gradient[0] = nan;
  CHECK(status(proposed(fit)) == FitStatus::non_finite);
  fit = fit_at(1.0);
  fit.current.hessian[0] = infinity;
  CHECK(status(proposed(fit)) == FitStatus::non_finite);
  fit = fit_at(1.0);
  fit.iterations = 60;
  CHECK(status(proposed(fit)) == FitStatus::max_iterations);
  CHECK(fit.theta[0] == 1.0);
  // The cosine |g| / sqrt(2 F H) is theta / sqrt(floor + theta^2): 0.1 to a part in 200 at theta = 0.1.
  const auto flat = [](double limit) {
    const LmOptions options{.tolerance = 0.0, .gradient_tolerance = limit};
    return status(proposed(fit_at(0.1, options, 1.0), options));
  };
  CHECK(flat(0.09) == FitStatus::running);
  CHECK(flat(0.11) == FitStatus::converged_gradient);
}

TEST_CASE("lm_gradient_vanishes: a gradient that a bound or a fixed value holds does not count") {
  const Fit fit = fit_at(1.0);
  const auto vanishes = [&](double lower, double upper, bool fixed) {
    const LmBounds<double, 1> bounds{{lower}, {upper}, {}, {fixed}};
    return lm_gradient_vanishes(fit, 1, bounds, 1e-3);
  };
  CHECK(!vanishes(0.0, 2.0, false));
  CHECK(vanishes(1.0, 2.0, false));   // F falls towards 0, below the lower bound
  CHECK(!vanishes(0.0, 1.0, false));  // and away from the upper one
  CHECK(vanishes(0.0, 2.0, true));
}

/// A fit whose trial point has been proposed, with the decreases that were predicted for it.
Fit tried(double predicted, double newton, double rounding) {
  Fit fit = fit_at(1.0);
  fit.current.value = 100.0;
  fit.trial[0] = 0.5;
  fit.predicted_decrease = predicted;
  fit.newton_decrease = newton;
  fit.rounding = rounding;
  return fit;
}

/// The fit after a trial point where F is higher by `rise`.
Fit judged(Fit fit, double rise, const LmOptions& options = usual) {
  const bool moved = lm_judge(fit, 1, true, fit.current.value + rise, options);
  CHECK(moved == (fit.theta[0] == fit.trial[0]));
  CHECK(fit.iterations == 1);
  return fit;
}

TEST_CASE("lm_judge: a step that brings a thousandth of what was predicted is accepted") {
  const Fit good = judged(tried(1.0, 1.0, 0.0), -1.0);
  CHECK(good.running());
  CHECK(good.theta[0] == 0.5);
  CHECK(good.current.value == 99.0);
  CHECK(good.damping.value == rounded(1e-4));
  CHECK(judged(tried(1.0, 1.0, 0.0), -0.002).theta[0] == 0.5);
  for (const double rise : {-0.0005, 0.0, 1.0, nan, infinity}) {
    CAPTURE(rise);
    const Fit bad = judged(tried(1.0, 1.0, 0.0), rise);
    CHECK(bad.running());
    CHECK(bad.theta[0] == 1.0);
    CHECK(bad.current.value == 100.0);
    CHECK(bad.damping.value == rounded(4e-3));
    CHECK(bad.damping.growth == 8.0);
  }
  // Without a step there is nothing to accept, even where the ratio is positive.
  CHECK(judged(tried(-1.0, 1.0, 0.0), -1.0).theta[0] == 1.0);
  CHECK(judged(tried(-1.0, 1.0, 0.0), 1.0).theta[0] == 1.0);
}

TEST_CASE("lm_judge: a step that F does not resolve is taken, and the last one") {
  // Both the decrease still to come and the rise are below the rounding.
  const Fit done = judged(tried(1e-6, 1e-6, 1e-3), 5e-4);
  CHECK(status(done) == FitStatus::converged);
  CHECK(done.theta[0] == 0.5);
  // F rises by more than rounding: the step is rejected, and too short to try a shorter one.
  const Fit worse = judged(tried(1e-6, 1e-6, 1e-3), 2e-3);
  CHECK(status(worse) == FitStatus::stalled);
  CHECK(worse.theta[0] == 1.0);
  // More than rounding is still to come.
  CHECK(judged(tried(1e-6, 2e-3, 1e-3), 5e-4).theta[0] == 1.0);
  // A fall that the prediction bears out is progress, and no reason to stop.
  CHECK(judged(tried(1e-6, 1e-6, 1e-3), -1e-6).running());
}

TEST_CASE("lm_judge: polishing steps go on while their predicted decrease shrinks") {
  const LmOptions options{.tolerance = 1e-4, .polish_steps = 2};
  const auto next = [&](Fit fit, double newton) {
    fit.newton_decrease = newton;
    fit.iterations = 0;
    return judged(fit, 0.0, options);
  };
  const Fit first = judged(tried(1e-6, 1e-6, 1e-3), 0.0, options);
  CHECK(first.running());
  CHECK(first.damping.unresolved_steps == 1.0);
  CHECK(first.damping.unresolved_decrease == 1e-6);
  CHECK(first.damping.value == rounded(1e-4));  // as if the prediction had been kept
  CHECK(status(next(first, 0.91e-6)) == FitStatus::converged);
  const Fit second = next(first, 0.89e-6);
  CHECK(second.running());
  CHECK(status(next(second, 1e-9)) == FitStatus::converged);  // two are allowed
}

TEST_CASE("lm_judge: a final step is taken unless F rises by more than its rounding") {
  Fit fit = tried(1e-5, 1e-5, 0.0);
  fit.final_trial = true;
  const Fit taken = judged(fit, 0.0);
  CHECK(status(taken) == FitStatus::converged);
  CHECK(taken.theta[0] == 0.5);
  const Fit left = judged(fit, 1e-9);  // far below the tolerance
  CHECK(status(left) == FitStatus::converged);
  CHECK(left.theta[0] == 1.0);
  CHECK(left.current.value == 100.0);
  fit.rounding = 2e-4;
  fit.newton_decrease = 1.0;
  CHECK(judged(fit, 1.1e-4).theta[0] == 0.5);
}

TEST_CASE(
    "lm_judge: by the rules of residuals a step is taken that F cannot tell, if much is promised") {
  // F = 100 changes by less than its rounding, 1e-3, where the undamped step promises 2: sizes are wrong by far.
  const auto after = [](double newton, double rise) {
    Fit fit = tried(1e-6, newton, 1e-3);
    (void)lm_judge<LmRules::residuals>(fit, 1, true, 100.0 + rise, usual);
    return fit;
  };
  const Fit taken = after(2.0, 5e-4);
  CHECK(taken.running());
  CHECK(taken.theta[0] == 0.5);
  CHECK(taken.damping.value == rounded(1e-4));
  CHECK(after(2.0, 2e-3).theta[0] == 1.0);  // F does rise
  CHECK(after(0.9, 5e-4).theta[0] == 1.0);  // 1 % of F is not promised
  CHECK(after(2.0, nan).theta[0] == 1.0);
  // Fits of spectra, whose F is coarse, do not take it.
  CHECK(judged(tried(1e-6, 2.0, 1e-3), 5e-4).theta[0] == 1.0);
}

TEST_CASE("lm_propose: a tolerance counts in the unit of F") {
  // 4e-6 above the minimum: less than 1e-4 in units of 1, more in units of 1e-2.
  Fit fit = fit_at(0.002);
  CHECK(status(proposed(fit)) == FitStatus::converged);
  fit.unit = 1e-2;
  CHECK(proposed(fit).running());
}

TEST_CASE("lm_propose: a singular Hessian does not make a fit look converged") {
  // F = (t0 + t1)^2 falls by 1 along t0 + t1, which the floor of the damping makes a long way.
  LmFit<double, 2> fit{};
  fit.theta[0] = 1.0;
  fit.current = {1.0, {2.0, 2.0}, {2.0, 2.0, 2.0}};
  fit.damping = LmDamping<double>::start(usual);
  fit.damping.value = 1e3;
  fit.unit = 1.0;
  fit.status = static_cast<int>(FitStatus::running);
  const LmBounds<double, 2> floored{
      {-infinity, -infinity}, {infinity, infinity}, {1e9, 1e9}, {false, false}};
  lm_propose<LmRules::residuals>(fit, 2, floored, usual);
  CHECK(fit.running());
  CHECK(!fit.final_trial);
  CHECK(fit.newton_decrease == doctest::Approx(1.0).epsilon(1e-7));  // damping of 1e-8
}

TEST_CASE("lm_propose: a perfect fit has converged, with tolerances of 0, too") {
  const LmOptions none{.tolerance = 0.0};
  Fit fit = fit_at(0.0, none);
  lm_propose<LmRules::residuals>(fit, 1, unbounded, none);
  CHECK(fit.final_trial);
  (void)lm_judge<LmRules::residuals>(fit, 1, true, 0.0, none);
  CHECK(status(fit) == FitStatus::converged);
}

TEST_CASE("lm_propose: a last step to a bound but for rounding ends on it") {
  // F = theta^2 has its minimum at 0; the bound is half an eps above it, in units of theta.
  const double bound = 0.005 * std::numeric_limits<double>::epsilon() / 2;
  const LmBounds<double, 1> above{{-bound}, {infinity}, {1e-12}, {false}};
  Fit fit = fit_at(0.005);
  lm_propose<LmRules::residuals>(fit, 1, above, usual);
  CHECK(fit.final_trial);
  CHECK(fit.trial[0] == -bound);
}

TEST_CASE("lm_judge: a fit stalls by a negligible step that is rejected, or by its damping") {
  CHECK(status(judged(tried(0.9e-4, 1.0, 0.0), 1.0)) == FitStatus::stalled);
  CHECK(judged(tried(1.1e-4, 1.0, 0.0), 1.0).running());
  Fit fit = tried(1.0, 1.0, 0.0);
  fit.damping.value = 1e8;
  CHECK(judged(fit, 1.0).running());
  fit.damping.value = 3e8;
  CHECK(status(judged(fit, 1.0)) == FitStatus::stalled);
  CHECK(judged(fit, -1.0).running());
}

TEST_CASE("lm_judge: an accepted step of half the parameter's size ends a fit at that tolerance") {
  // The step of 0.5 from 1 is compared with tolerance (1 + tolerance).
  CHECK(judged(tried(1.0, 1.0, 0.0), -1.0, {.step_tolerance = 0.36}).running());
  CHECK(status(judged(tried(1.0, 1.0, 0.0), -1.0, {.step_tolerance = 0.37})) ==
        FitStatus::converged_step);
  CHECK(judged(tried(1.0, 1.0, 0.0), 1.0, {.step_tolerance = 0.37}).running());
}

TEST_CASE("lm_judge: fits without a trial stay as they are") {
  Fit fit = tried(1.0, 1.0, 0.0);
  fit.final_trial = true;
  const bool moved = lm_judge(fit, 1, false, 99.0, usual);
  CHECK(!moved);
  CHECK(fit.running());
  CHECK(fit.iterations == 0);
  CHECK(fit.theta[0] == 1.0);
  CHECK(fit.current.value == 100.0);
  CHECK(fit.damping.value == 1e-3);
}

TEST_CASE("lm_fit: each element of a pack goes the way of a fit alone, bit for bit") {
  using Packed = Pack<double, 4>;
  // A long step, a last one, NaN, and one whose damping is high; then accepted, final, none, rejected.
  const std::array<double, 4> theta{1.3, 0.004, 2.0, 0.7}, damping{1e-3, 1e-3, 1e-3, 100.0};
  const std::array<double, 4> gradient{2.6, 0.008, nan, 1.4}, rise{-1.5, 1e-5, 0.0, 0.2};
  const LmOptions& options = usual;
  LmFit<Packed, 1> together{};
  LmBounds<Packed, 1> bounds;
  Packed at_trial(0.0);
  std::vector<Fit> alone;
  for (int w = 0; w < 4; ++w) {
    const auto i = static_cast<std::size_t>(w);
    Fit fit = fit_at(theta[i], options, 5.0);
    fit.damping.value = damping[i];
    fit.current.gradient[0] = gradient[i];
    set_element(together.theta[0], w, theta[i]);
    set_element(together.current.value, w, fit.current.value);
    set_element(together.current.gradient[0], w, gradient[i]);
    set_element(together.current.hessian[0], w, 2.0);
    set_element(together.damping.value, w, damping[i]);
    set_element(together.damping.growth, w, 4.0);
    set_element(together.damping.unresolved_steps, w, 0.0);
    set_element(together.damping.unresolved_decrease, w, infinity);
    set_element(together.rounding, w, 0.0);
    set_element(together.unit, w, 1.0);
    set_element(together.iterations, w, 0);
    set_element(together.status, w, static_cast<int>(FitStatus::running));
    set_element(bounds.lower[0], w, -infinity);
    set_element(bounds.upper[0], w, infinity);
    set_element(bounds.least_curvature[0], w, 1e-12);
    set_element(bounds.fixed[0], w, false);
    const double value = fit.current.value + rise[i];
    set_element(at_trial, w, value);
    lm_propose<LmRules::residuals>(fit, 1, unbounded, options);
    if (fit.running()) {
      (void)lm_judge<LmRules::residuals>(fit, 1, true, value, options);
    }
    alone.push_back(fit);
  }
  lm_propose<LmRules::residuals>(together, 1, bounds, options);
  const auto proposed_by_all = together.running();
  (void)lm_judge<LmRules::residuals>(together, 1, proposed_by_all, at_trial, options);
  for (int w = 0; w < 4; ++w) {
    CAPTURE(w);
    const Fit& one = alone[static_cast<std::size_t>(w)];
    CHECK(element(together.status, w) == one.status);
    CHECK(element(together.iterations, w) == one.iterations);
    CHECK(element(together.theta[0], w) == one.theta[0]);
    CHECK(element(together.current.value, w) == one.current.value);
    CHECK(element(together.damping.value, w) == one.damping.value);
  }
  CHECK(status(alone[0]) == FitStatus::running);
  CHECK(alone[0].theta[0] != 1.3);
  CHECK(status(alone[1]) == FitStatus::converged);
  CHECK(alone[1].theta[0] == 0.004);  // F rose there
  CHECK(status(alone[2]) == FitStatus::non_finite);
  CHECK(status(alone[3]) == FitStatus::running);
  CHECK(alone[3].theta[0] == 0.7);
}

}  // namespace rvfit::test::fit
