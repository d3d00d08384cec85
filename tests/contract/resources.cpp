// SPDX-License-Identifier: MIT

/// @file
/// What a fit asks of Kokkos: nothing is allocated once it is planned, the solver's loop copies one
/// integer and fences once a pass, every kernel has a label and runs on the instance passed in.

#include <doctest/doctest.h>
#include <support/kokkos_events.hpp>
#include <support/sampled_grid.hpp>
#include <support/shared_data.hpp>
#include <support/simulated_stars.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace rvfit::test {

bool starts_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

/// A planned fit of a few stars on an instance of its own.
struct PlannedFit {
  EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 12, .seed = 4});
  Float::execution_space exec = instances_side_by_side<Float>(Float::execution_space()).front();
  ForwardModel<Float> model{exec, emulator};
  Observations<Float> data = stars.observations<Float>(exec);
  Fitter<ForwardModel<Float>> fitter{exec, model, data, 12, {}};
};

void require_no_allocation(PlannedFit plan) {
  const auto run = [&] {
    plan.fitter.bind(plan.exec, plan.data);
    plan.fitter.scan(plan.exec);
    plan.fitter.minimize(plan.exec);
    plan.fitter.errors(plan.exec);
  };
  run();  // Kokkos itself grows the team scratch of an instance when a kernel first wants more.
  const KokkosEvents events;
  run();
  for (const std::string& label : events.allocations) {
    FAIL_CHECK(label);
  }
}

TEST_CASE("resources: binding, scan, solver and errors allocate nothing") {
  require_no_allocation({});
}

TEST_CASE("resources: nor with a grid library") {
  require_no_allocation({.emulator = sampled_on_grid(
                             io::read_emulator(test_file("emulator-tiny.fits")), {3, 3, 2, 2})});
}

TEST_CASE("resources: the solver's loop copies and waits for single integers only") {
  PlannedFit plan;
  plan.fitter.bind(plan.exec, plan.data);
  plan.fitter.scan(plan.exec);
  const KokkosEvents events;
  plan.fitter.minimize(plan.exec);
  CHECK(!events.kernels.empty());
  CHECK(!events.copies.empty());
  CHECK(events.copied_bytes == sizeof(int) * events.copies.size());
  for (const std::string& label : events.fences) {
    CAPTURE(label);
    // Kokkos waits around the copy of that one integer, and for the tool of this test.
    CHECK((starts_with(label, "rvfit::ActiveList::refresh") ||
           label.find("deep_copy") != std::string::npos ||
           label.find("Kokkos Profile Tool Fence") != std::string::npos));
  }
}

TEST_CASE("resources: every kernel has a label and runs on the instance passed in") {
  const PlannedFit reference;
  std::uint32_t instance = 0;
  {
    const KokkosEvents events;
    Kokkos::parallel_for("probe", Float::range_policy(reference.exec, 0, 1), KOKKOS_LAMBDA(int){});
    instance = events.kernels.at(0).instance;
  }
  const KokkosEvents events;
  const ForwardModel<Float> model(reference.exec, reference.emulator);
  Fitter<ForwardModel<Float>> fitter(reference.exec, model, reference.data, 12, {});
  fitter.bind(reference.exec, reference.data);
  fitter.scan(reference.exec);
  fitter.minimize(reference.exec);
  fitter.errors(reference.exec);
  CHECK(fitter.result(reference.exec).size == 12);
  CHECK(events.kernels.size() > 100);
  for (const KokkosEvents::Kernel& kernel : events.kernels) {
    CAPTURE(kernel.label);
    // Kokkos names its own fills and copies after the view.
    CHECK((starts_with(kernel.label, "rvfit::") || starts_with(kernel.label, "Kokkos::")));
    CHECK(kernel.instance == instance);
  }
  for (const std::string& label : events.allocations) {
    CAPTURE(label);
    CHECK((starts_with(label, "rvfit::") || starts_with(label, "Kokkos::")));
  }
}

}  // namespace rvfit::test
