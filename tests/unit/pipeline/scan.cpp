// SPDX-License-Identifier: MIT

#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include <rvfit/pipeline/scan.hpp>

#include <cmath>
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

RVFIT_TEST_DOUBLE("scan: the step follows the finest pixel of any arm", steps_by_the_finest_pixel);

}  // namespace rvfit::test::scan
