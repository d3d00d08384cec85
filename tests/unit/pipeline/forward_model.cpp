// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/shared_data.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/io/read_emulator.hpp>
#include <rvfit/pipeline/forward_model.hpp>

#include <string>
#include <vector>

namespace rvfit::test::forward_model {

using P = DoublePolicy;
using Model = ForwardModel<P>;

EmulatorData emulator() { return io::read_emulator(test_file("emulator-tiny.fits")); }

/// Options with these stages on.
ForwardModelOptions stages(RotationKernel rotation, double max_vgauss, int velocities = 1) {
  return {.broadening = {.rotation = rotation, .max_vsini = 300.0, .max_vgauss = max_vgauss},
          .velocities = velocities};
}

/// A star in the middle of the emulator's domain, in the model's order.
std::vector<double> star(const Model& model) {
  std::vector<double> theta;
  for (const Parameter& p : model.parameters()) {
    const double middle = 0.5 * (p.lower + p.upper);
    theta.push_back(p.name == "vsini" ? 150.0 : p.name == "vgauss" ? 120.0 : middle);
  }
  for (int e = 0; e < model.velocities(); ++e) {
    theta[static_cast<std::size_t>(model.layout().rv(e))] = 40.0 - 90.0 * e;
  }
  return theta;
}

/// Jets of one star on 150 pixels of desi_b that an exposure has: (lanes, N).
std::vector<double> jets(const Model& model, const std::vector<double>& theta, int lanes,
                         int exposure = 0) {
  const Exec exec{};
  constexpr int pixels = 150;
  std::vector<double> wave;
  for (int i = 0; i < pixels; ++i) {
    wave.push_back(4000.0 + 7.0 * i);
  }
  const int arm = model.arm_index("desi_b");
  const auto grid =
      upload_matrix<Matrix<const double, P>>(exec, "wave", wave, 1, std::size_t{pixels});
  const auto points = upload_matrix<Matrix<const double, P>>(exec, "theta", theta, 1, theta.size());
  const auto tile = tile_of<P>(exec, {0}, gemm_row_group);
  Model::Workspace workspace(exec, model, gemm_row_group);
  const auto out = allocate<Jets<P>>(exec, "jets", gemm_row_group, lanes, pixels);
  model.synthesize(exec, arm, tile, points, lanes, workspace);
  model.observe(exec, model.plan(exec, arm, grid, exposure), tile, points, lanes, out, workspace);
  const auto host = download(exec, out);
  return {host.data(), host.data() + lanes * pixels};
}

TEST_CASE("forward model: parameters are labels, widths of the stages that are on, velocities") {
  const Exec exec{};
  const auto names = [&](const ForwardModelOptions& options) {
    return Model(exec, emulator(), options).parameters().names();
  };
  const std::string labels = "teff, logg, feh, alpha, ";
  CHECK(names({}) == labels + "vsini, rv");
  CHECK(names(stages(RotationKernel::exact, 0.0)) == labels + "vsini, rv");
  CHECK(names(stages(RotationKernel::off, 0.0)) == labels + "rv");
  CHECK(names(stages(RotationKernel::off, 90.0)) == labels + "vgauss, rv");
  CHECK(names(stages(RotationKernel::exact, 90.0, 3)) == labels + "vsini, vgauss, rv, rv_2, rv_3");
  const Model model(exec, emulator(), stages(RotationKernel::exact, 90.0, 3));
  CHECK(model.layout().size() == model.parameters().size());
  CHECK(model.parameters()[model.layout().width(1)].name == "vgauss");
  CHECK(model.parameters()[model.layout().rv(2)].name == "rv_3");
  CHECK(model.parameters()["vsini"].upper == 300.0);
}

TEST_CASE("forward model: every lane is the derivative by its parameter, whatever stages are on") {
  const Exec exec{};
  for (const RotationKernel rotation :
       {RotationKernel::off, RotationKernel::piecewise_linear, RotationKernel::exact}) {
    for (const double max_vgauss : {0.0, 200.0}) {
      for (const int exposure : {0, 1}) {
        CAPTURE(static_cast<int>(rotation));
        CAPTURE(max_vgauss);
        CAPTURE(exposure);
        const Model model(exec, emulator(), stages(rotation, max_vgauss, 2));
        const std::vector<double> theta = star(model);
        const int lanes = model.layout().observed_lanes();
        const auto all = jets(model, theta, lanes, exposure);
        const std::size_t pixels = all.size() / static_cast<std::size_t>(lanes);
        check_same_bits("values", std::vector<double>(all.begin(), all.begin() + pixels),
                        jets(model, theta, 1, exposure));
        for (int l = 1; l < lanes; ++l) {
          const int column = l + 1 < lanes ? l - 1 : model.layout().rv(exposure);
          const Parameter& parameter = model.parameters()[column];
          CAPTURE(parameter.name);
          const auto value = [&](double x) {
            std::vector<double> at = theta;
            at[static_cast<std::size_t>(column)] = x;
            return jets(model, at, 1, exposure);
          };
          const double h = 0.01 * parameter.scale;
          const auto want =
              oracle::derivative_of_array(value, theta[static_cast<std::size_t>(column)], h);
          const auto begin = all.begin() + static_cast<std::ptrdiff_t>(pixels) * l;
          // Rounding of values of order one over h, and knots of the spline that a shift by h meets: of the third
          // derivative, (h / pixel)^3 of the slope, 0.1 km/s of 200.
          check_close("tangent", std::vector<double>(begin, begin + pixels), want,
                      {rounding<double>(100, largest(all) / h) + 1e-8 * largest(want)});
        }
      }
    }
  }
}

TEST_CASE("forward model: points of the scan lie inside the bounds of what is on") {
  const Exec exec{};
  const Model model(exec, emulator(), stages(RotationKernel::exact, 7.0, 2));
  const auto columns = static_cast<std::size_t>(model.parameters().size());
  const auto points = model.start_points(16);
  REQUIRE(points.size() == 16 * columns);
  for (std::size_t n = 0; n < points.size(); ++n) {
    const Parameter& p = model.parameters()[static_cast<int>(n % columns)];
    CHECK((points[n] >= p.lower && points[n] <= p.upper));
  }
}

TEST_CASE("forward model: wide kernels must find light beyond the data") {
  const Exec exec{};
  const auto needs = [&](double max_vgauss) {
    const Model model(exec, emulator(), stages(RotationKernel::off, max_vgauss));
    const double first = std::exp(8.180384600277323) * 1.03;  // 30 template pixels from the end
    const auto wave = upload_matrix<Matrix<const double, P>>(
        exec, "wave", std::vector<double>{first, first + 100.0}, 1, 2);
    return message_of<InvalidArgument>(
        [&] { model.require_coverage(exec, model.arm_index("desi_b"), wave, 0.0, 0.0); });
  };
  CHECK(needs(1000.0) == "no error");  // six sigma are 20 pixels
  CHECK(needs(2000.0).find("broadening of up to 40") != std::string::npos);
}

TEST_CASE("forward model: trimmed to what is observed it gives the same templates") {
  const Exec exec{};
  const Model model(exec, emulator(), stages(RotationKernel::exact, 90.0));
  const int arm = model.arm_index("desi_b");
  const WaveRange observed{4000.0, 4000.0 + 7.0 * 149};  // the pixels of `jets`
  const Model part = model.trimmed(arm, observed, -200.0, 200.0);
  const auto [lower, upper] = part.covered(arm, -200.0, 200.0);
  const auto [lowest, highest] = model.covered(arm, -200.0, 200.0);
  if constexpr (P::on_host) {
    // Not much longer than wanted: a panel of columns, the reach of the spline and two pixels on either side.
    constexpr int spare = detail::panel_columns<double> + spline_reach<double> + 2;
    constexpr double step = 0.001;  // of the grid, at most
    CHECK((lower <= observed.lower && lower >= observed.lower * std::exp(-spare * step)));
    CHECK((upper >= observed.upper && upper < highest && lower > lowest));
  } else {
    // The weights of devices are one panel, which stays whole.
    CHECK((lower == lowest && upper == highest));
  }
  const int lanes = model.layout().observed_lanes();
  const auto want = jets(model, star(model), lanes);
  // Positions of some thousands of pixels round otherwise; slopes of the spline are at most a few times its values.
  check_close("jets", jets(part, star(model), lanes), want, {rounding<double>(3e4, largest(want))});
  // Light that the templates do not hold leaves them as they are.
  const auto [same_lower, same_upper] =
      model.trimmed(arm, {100.0, 5000.0}, 0.0, 0.0).covered(arm, -200.0, 200.0);
  CHECK((same_lower == lowest && same_upper == highest));
}

}  // namespace rvfit::test::forward_model
