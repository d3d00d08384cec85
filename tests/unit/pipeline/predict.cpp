// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/line_model.hpp"
#include "support/policies.hpp"
#include "support/shared_data.hpp"
#include "support/simulated_stars.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/pipeline/predict.hpp>

#include <cmath>
#include <vector>

namespace rvfit::test::predict_spectra {

/// Depths, widths and velocities of `rows` lines.
inline std::vector<double> lines(std::size_t rows) {
  Random random(5);
  std::vector<double> theta;
  for (std::size_t b = 0; b < rows; ++b) {
    theta.insert(theta.end(), {random.uniform(0.1, 0.9), random.uniform(30.0, 200.0),
                               random.uniform(-500.0, 500.0)});
  }
  return theta;
}

/// T = 1 - depth exp(-x^2 / 2) of one pixel.
inline double line(const double* theta, double wave) {
  const double beta = theta[2] / speed_of_light;
  const double shift = 0.5 * std::log((1.0 - beta) / (1.0 + beta));
  const double x = speed_of_light * (std::log(wave / 5000.0) + shift) / theta[1];
  return 1.0 - theta[0] * std::exp(-0.5 * x * x);
}

template <class P>
void is_the_formula_in_any_number_of_rows() {
  const Exec exec{};
  const LineModel<P> model;
  std::vector<double> wave;
  for (int i = 0; i < 37; ++i) {
    wave.push_back(4985.0 + 0.8 * i);
  }
  // One row, and more than a tile holds.
  for (const std::size_t rows : {std::size_t{1}, std::size_t{16 * gemm_row_group + 1}}) {
    CAPTURE(rows);
    const std::vector<double> theta = lines(rows);
    std::vector<double> want;
    for (std::size_t b = 0; b < rows; ++b) {
      for (const double w : wave) {
        want.push_back(line(&theta[3 * b], w));
      }
    }
    // x is a difference of logarithms times c / width, up to 1e4: its error is 1e4 eps.
    check_close("line", predict<P>(exec, model, theta, "line", wave), want,
                {rounding<double>(1e4) + rounding<typename P::real_type>(4)});
  }
}

template <class P>
void has_an_array_for_each_arm() {
  const Exec exec{};
  const LineModel<P> model;
  const std::vector<double> theta = lines(3), blue{4990.0, 4995.0, 5000.0}, red{5001.0, 5003.0};
  Observations<P> layout(2);
  for (std::size_t a = 0; a < 2; ++a) {
    const std::vector<double>& wave = a == 0 ? blue : red;
    layout[a].arm = "line";
    layout[a].wave = upload_matrix<Matrix<const double, P>>(exec, "wave", wave, 1, wave.size());
  }
  const auto both = predict<P>(exec, model, theta, layout);
  REQUIRE(both.size() == 2);
  check_same_bits("blue", both[0], predict<P>(exec, model, theta, "line", blue));
  check_same_bits("red", both[1], predict<P>(exec, model, theta, "line", red));
  CHECK(both[1].size() == 6);
  CHECK(predict<P>(exec, model, {}, "line", red).empty());
}

TEST_CASE("predict: an exposure has the velocity that is its own") {
  const Double::execution_space exec;
  const EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  const ForwardModel<Double> shared(exec, emulator), separate(exec, emulator, {.velocities = 2});
  const ArmLayout arm = coarse_arms().front();
  Observations<Double> layout;
  for (const int exposure : {0, 1}) {
    layout.push_back(test::layout<Double>(exec, {arm}).front());
    layout.back().exposure = exposure;
  }
  std::vector<double> theta = shared.start_points(1);
  theta.back() = -200.0;
  std::vector<double> both = theta;
  both.push_back(350.0);
  const auto spectra = predict<Double>(exec, separate, both, layout);
  check_same_bits("first", spectra[0], predict<Double>(exec, shared, theta, {layout[0]})[0]);
  theta.back() = 350.0;
  check_same_bits("second", spectra[1], predict<Double>(exec, shared, theta, {layout[0]})[0]);
}

template <class P>
void refuses_what_it_cannot_predict() {
  const Exec exec{};
  const LineModel<P> model;
  const std::vector<double> wave{4990.0, 4995.0};
  CHECK(message_of<InvalidArgument>([&] {
          (void)predict<P>(exec, model, {0.5, 50.0, 0.0, 0.5}, "line", wave);
        }) == "predict: 4 numbers are not whole rows of 3 parameters");
  CHECK(message_of<InvalidArgument>([&] {
          (void)predict<P>(exec, model, lines(1), "other", wave);
        }) == "LineModel: no arm 'other'");
}

RVFIT_TEST("predict: spectra are the model's formula in any number of rows",
           is_the_formula_in_any_number_of_rows);
RVFIT_TEST_DOUBLE("predict: each arm has an array of its own", has_an_array_for_each_arm);
RVFIT_TEST_DOUBLE("predict: parameters that are no whole rows and unknown arms are refused",
                  refuses_what_it_cannot_predict);

}  // namespace rvfit::test::predict_spectra
