// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/grids.hpp"
#include "support/synthetic.hpp"
#include <rvfit/emulator/emulator_data.hpp>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

namespace rvfit::test::emulator_data {

/// A consistent library of two arms.
EmulatorData library() {
  EmulatorData data;
  data.labels = {
      {"teff", "K", 3000, 8000}, {"logg", "", 0, 5}, {"feh", "", -3, 1}, {"alpha", "", -0.5, 1}};
  data.arms = {random_arm({6, 40}, Activation::silu, 1),
               random_arm({5, 7, 30}, Activation::silu, 2)};
  data.arms[1].name = "desi_r";
  data.arms[1].domain = {1, 0, 0, 0, -2};
  return data;
}

/// The error of a library after an edit.
std::string error_after(const std::function<void(EmulatorData&)>& edit) {
  EmulatorData data = library();
  edit(data);
  return message_of<InvalidArgument>([&] { require_consistent(data); });
}

TEST_CASE("emulator_data: a consistent library passes") {
  CHECK(error_after([](EmulatorData&) {}) == "no error");
}

TEST_CASE(
    "emulator_data: arms are found by name; an unknown one is answered with those there are") {
  CHECK(library().arm_index("desi_r") == 1);
  CHECK(message_of<InvalidArgument>([] { (void)library().arm_index("sdss"); }) ==
        "EmulatorData: no arm 'sdss', there are: desi_b, desi_r");
}

TEST_CASE("emulator_data: what does not fit together is refused by arm, layer and extents") {
  CHECK(error_after([](EmulatorData& d) { d.labels.clear(); }) == "EmulatorData: no labels");
  CHECK(error_after([](EmulatorData& d) { d.arms.clear(); }) == "EmulatorData: no arms");
  CHECK(error_after([](EmulatorData& d) { d.arms[0].inputs.pop_back(); }) ==
        "EmulatorData: arm desi_b has 3 inputs, the library has 4 labels");
  CHECK(error_after([](EmulatorData& d) { std::swap(d.arms[1].inputs[0], d.arms[1].inputs[2]); }) ==
        "EmulatorData: input 0 of arm desi_r is feh, label 0 is teff");
  CHECK(error_after([](EmulatorData& d) { d.arms[0].inputs[3].scale = 0; }) ==
        "EmulatorData: scale of input alpha of arm desi_b is 0, must be positive");
  CHECK(error_after([](EmulatorData& d) { d.arms[0].inputs[3].scale = HUGE_VAL; }) ==
        "EmulatorData: scale of input alpha of arm desi_b is inf, must be positive");
  CHECK(error_after([](EmulatorData& d) { d.labels[0].lower = 0; }) ==
        "EmulatorData: input teff of arm desi_b is a logarithm, label from 0");
  CHECK(error_after([](EmulatorData& d) { d.arms[0].layers.clear(); }) ==
        "EmulatorData: arm desi_b has no layers");
  CHECK(error_after([](EmulatorData& d) { d.arms[1].layers[1].inputs = 6; }) ==
        "EmulatorData: layer 1 of arm desi_r takes 6 inputs, the layer before gives 5");
  CHECK(error_after([](EmulatorData& d) { d.arms[1].layers[1].bias.pop_back(); }) ==
        "EmulatorData: layer 1 of arm desi_r has 35 weights and 6 biases, wants 35 and 7");
  CHECK(error_after([](EmulatorData& d) { d.arms[1].layers[1].weight.pop_back(); }) ==
        "EmulatorData: layer 1 of arm desi_r has 34 weights and 7 biases, wants 35 and 7");
  CHECK(error_after([](EmulatorData& d) { d.arms[0].grid.size = 41; }) ==
        "EmulatorData: arm desi_b gives 40 pixels, its grid has 41");
  CHECK(error_after([](EmulatorData& d) { d.arms[0].grid.step = 0; }) ==
        "EmulatorData: grid of arm desi_b has 40 pixels of step 0");
  CHECK(error_after([](EmulatorData& d) { d.arms[1].domain.pop_back(); }) ==
        "EmulatorData: domain of arm desi_r has 4 numbers, not a multiple of 5");
}

/// The library with a grid of 120 nodes in its first arm.
ArmData grid(bool (*has)(const std::vector<double>&) = [](const std::vector<double>&) {
  return true;
}) {
  return grid_arm(
      grid_axes(), 40, [](const auto& x, int i) { return x[0] * i; }, has);
}
std::string grid_error_after(const std::function<void(GridData&)>& edit,
                             const ArmData& arm = grid()) {
  return error_after([&](EmulatorData& d) {
    d.arms[0] = arm;
    edit(d.arms[0].label_grid);
  });
}

TEST_CASE("emulator_data: a grid that does not fit together is refused") {
  CHECK(grid_error_after([](GridData&) {}) == "no error");
  CHECK(grid_error_after([](GridData& g) { g.axes.pop_back(); }) ==
        "GridData: arm desi_b has 3 axes, the library has 4 labels, at most 6 are supported");
  CHECK(grid_error_after([](GridData& g) { g.axes[1][2] = 0.1; }) ==
        "GridData: axis 1 of arm desi_b has 3 nodes, wanted at least 2 and increasing");
  CHECK(grid_error_after([](GridData& g) { g.axes[1][2] = std::nan(""); }) ==
        "GridData: axis 1 of arm desi_b has 3 nodes, wanted at least 2 and increasing");
  CHECK(grid_error_after([](GridData& g) { g.axes[1].resize(1); }) ==
        "GridData: axis 1 of arm desi_b has 1 nodes, wanted at least 2 and increasing");
  CHECK(grid_error_after([](GridData& g) { g.row.pop_back(); }) ==
        "GridData: arm desi_b has 119 nodes, its axes want 120");
  CHECK(grid_error_after([](GridData& g) { g.row[3] = 120; }) ==
        "GridData: arm desi_b has template 120 at a node, there are 120");
  CHECK(grid_error_after([](GridData& g) { g.row[3] = 4; }) ==
        "GridData: arm desi_b has template 4 at two nodes");
  CHECK(grid_error_after([](GridData& g) { g.row[3] = -1; }) ==
        "GridData: arm desi_b has template 3 at no node");
  CHECK(grid_error_after([](GridData& g) { g.read = nullptr; }) ==
        "GridData: arm desi_b has no source of templates");
  CHECK(grid_error_after([](GridData&) {}, grid([](const std::vector<double>& x) {
                           return x[2] < 0;
                         })) == "GridData: arm desi_b has no cell with a template at every corner");
}

TEST_CASE("emulator_data: the domain is the half-spaces' or the complete cells'") {
  const EmulatorData data = library();
  CHECK(data.arms[1].is_inside(labels_at(data.arms[1], {1.9, 9, 9, 9})));
  CHECK_FALSE(data.arms[1].is_inside(labels_at(data.arms[1], {2.1, 0, 0, 0})));
  const ArmData arm = grid([](const std::vector<double>& x) { return x[0] < 0.5 || x[1] < 0.5; });
  CHECK(arm.is_inside(labels_at(arm, {0.2, 0.9, 0, 0})));
  CHECK(arm.is_inside(labels_at(arm, {0.8, 0.05, 0, 0})));
  CHECK_FALSE(arm.is_inside(labels_at(arm, {0.8, 0.15, 0, 0})));
  CHECK_FALSE(arm.is_inside(labels_at(arm, {0.2, 1.1, 0, 0})));
  CHECK_FALSE(arm.is_inside({std::nan(""), 2.5, -1.0, 0.25}));
}

}  // namespace rvfit::test::emulator_data
