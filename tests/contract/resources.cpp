// SPDX-License-Identifier: MIT

/// @file
/// A planned fit allocates and frees nothing, its solver's loop copies one integer and fences once a pass,
/// and every kernel has a label and runs on the instance passed in.

#include <doctest/doctest.h>
#include <support/kokkos_events.hpp>
#include <support/sampled_grid.hpp>
#include <support/shared_data.hpp>
#include <support/simulated_stars.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rvfit::test {

bool starts_with(const std::string& text, const std::string& beginning) {
  return text.compare(0, beginning.size(), beginning) == 0;
}

[[nodiscard]] FitOptions keeping_models() {
  FitOptions options;
  options.keep_models = true;
  return options;
}

/// A planned fit of a few stars on an instance of its own.
struct PlannedFit {
  EmulatorData emulator = io::read_emulator(test_file("emulator-tiny.fits"));
  SimulatedStars stars = simulate(emulator, coarse_arms(), {.stars = 12, .seed = 4});
  Float::execution_space exec = instances_side_by_side<Float>(Float::execution_space()).front();
  ForwardModel<Float> model{exec, emulator};
  Observations<Float> data = stars.observations<Float>(exec);
  Fitter<ForwardModel<Float>> fitter{exec, model, data, 12, keeping_models()};
};

/// Batches that come from the host: raw arrays, and where they are prepared.
struct Stream {
  std::vector<std::vector<float>> flux, ivar;
  std::vector<std::vector<std::int32_t>> mask;
  std::vector<UploadBuffer<float, Float>> flux_on_device, ivar_on_device;
  std::vector<UploadBuffer<std::int32_t, Float>> mask_on_device;
  std::vector<SpectrumBuffer<Float>> prepared;

  explicit Stream(const PlannedFit& plan) {
    const auto rows = static_cast<std::size_t>(plan.stars.size);
    for (std::size_t a = 0; a < plan.data.size(); ++a) {
      const auto pixels = static_cast<std::size_t>(plan.data[a].pixels());
      flux.emplace_back(plan.stars.flux[a].begin(), plan.stars.flux[a].end());
      ivar.emplace_back();
      for (const double weight : plan.stars.weight[a]) {
        ivar.back().push_back(static_cast<float>(weight * weight));
      }
      mask.emplace_back(rows * pixels, 0);
      prepared.emplace_back(plan.exec, rows, pixels);
    }
    flux_on_device.resize(flux.size());
    ivar_on_device.resize(flux.size());
    mask_on_device.resize(flux.size());
  }

  /// The first `rows` spectra.
  Observations<Float> load(const PlannedFit& plan, std::size_t rows) {
    Observations<Float> observations;
    for (std::size_t a = 0; a < flux.size(); ++a) {
      const auto pixels = static_cast<std::size_t>(plan.data[a].pixels());
      observations.push_back(prepare_spectra<Float>(
          plan.exec, plan.data[a].arm, plan.data[a].wave,
          flux_on_device[a].upload(plan.exec, flux[a].data(), rows, pixels),
          ivar_on_device[a].upload(plan.exec, ivar[a].data(), rows, pixels),
          mask_on_device[a].upload(plan.exec, mask[a].data(), rows, pixels), {}, {}, prepared[a]));
    }
    return observations;
  }
};

void require_no_allocation(PlannedFit plan) {
  Stream stream(plan);
  const auto run = [&](std::size_t rows) {
    const FitResult result = plan.fitter.run(plan.exec, stream.load(plan, rows));
    CHECK(result.size == static_cast<int>(rows));
    CHECK(plan.fitter.model_spectra(plan.exec).size() == plan.data.size());
  };
  run(12);  // Kokkos itself grows the team scratch of an instance when a kernel first wants more.
  const KokkosEvents events;
  run(12);
  run(5);
  for (const std::string& label : events.allocations) {
    FAIL_CHECK(label);
  }
  for (const std::string& label : events.deallocations) {
    FAIL_CHECK(label);
  }
}

TEST_CASE("resources: from upload to result a batch allocates and frees nothing") {
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
  const std::uint32_t host =
      Kokkos::Tools::Experimental::device_id(Kokkos::DefaultHostExecutionSpace());
  std::uint32_t instance = 0;
  {
    const KokkosEvents events;
    Kokkos::parallel_for("probe", Float::range_policy(reference.exec, 0, 1), KOKKOS_LAMBDA(int){});
    instance = events.kernels.at(0).instance;
  }
  const KokkosEvents events;
  const ForwardModel<Float> model(reference.exec, reference.emulator);
  Fitter<ForwardModel<Float>> fitter(reference.exec, model, reference.data, 12, {});
  CHECK(fitter.run(reference.exec, reference.data).size == 12);
  CHECK(events.kernels.size() > 100);
  for (const KokkosEvents::Kernel& kernel : events.kernels) {
    CAPTURE(kernel.label);
    // Kokkos names its own fills and copies after the view.
    CHECK((starts_with(kernel.label, "rvfit::") || starts_with(kernel.label, "Kokkos::")));
    // Copies of a device's arrays on the host begin as zeros, which the host writes.
    if (!Float::on_host && kernel.instance == host) {
      CHECK(starts_with(kernel.label, "Kokkos::View::initialization"));
    } else {
      CHECK(kernel.instance == instance);
    }
  }
  for (const std::string& label : events.allocations) {
    CAPTURE(label);
    CHECK((starts_with(label, "rvfit::") || starts_with(label, "Kokkos::")));
  }
}

}  // namespace rvfit::test
