// SPDX-License-Identifier: MIT

/// @file
/// rvfit_simulate: a DESI-format file of made-up stars, drawn from an emulator, with the truth.
/// The same seed gives the same file on every machine, up to rounding.

#include "core/command_line.hpp"
#include "core/tool.hpp"
#include "observe.hpp"
#include "options.hpp"
#include "stars.hpp"
#include "write_coadd.hpp"
#include <rvfit/core/version.hpp>
#include <rvfit/io/read_emulator.hpp>

#include <CLI/CLI.hpp>
#include <compiled/fitters.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace rvfit_simulate {
namespace {

using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, double, double>;

void declare(CLI::App& app, Options& options) {
  app.add_option("--emulator", options.emulator, "Emulator file (docs/emulator_file.md)")
      ->required();
  app.add_option("--output", options.output, "DESI-format file to write")->required();
  app.add_option("--stars", options.stars, "Number of stars")
      ->check(rvfit_programs::between(1, 1000000))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Seed of the random numbers")->capture_default_str();
  app.add_option("--snr-min", options.snr_min, "Least S/N of a pixel")
      ->check(rvfit_programs::between(1e-3, 1e6))
      ->capture_default_str();
  app.add_option("--snr-max", options.snr_max, "Greatest S/N of a pixel")
      ->check(rvfit_programs::between(1e-3, 1e6))
      ->capture_default_str();
  app.add_option("--rv-max", options.rv_max, "Greatest |rv| [km/s]")
      ->check(rvfit_programs::between(0.0, 1e5))
      ->capture_default_str();
  app.add_option("--vsini-max", options.vsini_max, "Greatest vsini [km/s]")
      ->check(rvfit_programs::between(0.0, 1e5))
      ->capture_default_str();
  app.set_version_flag("--version", std::string("rvfit_simulate ") + rvfit::version);
}

/// Wavelengths of every arm, as `predict` wants them.
rvfit::Observations<P> layout_of(const P::execution_space& exec,
                                 const std::vector<rvfit::io::DesiArm>& arms) {
  rvfit::Observations<P> layout;
  for (const rvfit::io::DesiArm& arm : arms) {
    rvfit::SpectrumBatch<P>& batch = layout.emplace_back();
    batch.arm = arm.name;
    batch.wave = rvfit::upload_matrix<rvfit::Matrix<const double, P>>(exec, "rvfit_simulate::wave",
                                                                      arm.wave, 1, arm.pixels());
  }
  return layout;
}

void simulate(const Options& options) {
  const P::execution_space exec;
  const rvfit::EmulatorData emulator = rvfit::io::read_emulator(options.emulator);
  rvfit::ForwardModelOptions range;
  range.min_rv = -options.rv_max;
  range.max_rv = options.rv_max;
  range.broadening.max_vsini = options.vsini_max;
  const rvfit::ForwardModel<P> model(exec, emulator, range);
  std::vector<rvfit::io::DesiArm> arms = desi_arms();
  const rvfit::Observations<P> layout = layout_of(exec, arms);
  for (const rvfit::SpectrumBatch<P>& arm : layout) {
    model.require_coverage(exec, model.arm_index(arm.arm), arm.wave, range.min_rv, range.max_rv);
  }

  std::vector<Random> streams;
  const Stars stars = draw_stars(emulator, options, streams);
  const auto parameters = static_cast<std::size_t>(model.parameters().size());
  constexpr std::size_t batch = 512;
  for (std::size_t first = 0; first < stars.snr.size(); first += batch) {
    const std::size_t last = std::min(first + batch, stars.snr.size());
    const auto begin = stars.theta.begin();
    const std::vector<double> theta(begin + static_cast<std::ptrdiff_t>(first * parameters),
                                    begin + static_cast<std::ptrdiff_t>(last * parameters));
    const auto templates = rvfit::predict<P>(exec, model, theta, layout);
    for (std::size_t a = 0; a < arms.size(); ++a) {
      for (std::size_t s = first; s < last; ++s) {
        observe(templates[a].data() + (s - first) * arms[a].pixels(), stars.snr[s], options,
                streams[s], arms[a]);
      }
    }
  }
  write_coadd(options, emulator, model.parameters(), stars, arms);
}

}  // namespace
}  // namespace rvfit_simulate

int main(int argc, char** argv) {
  rvfit_simulate::Options options;
  CLI::App app("Make a DESI-format file of simulated stars with known parameters.",
               "rvfit_simulate");
  rvfit_simulate::declare(app, options);
  const auto check = [&] {
    if (options.snr_min > options.snr_max) {
      throw CLI::ValidationError("--snr-min, --snr-max", "the range of S/N is empty");
    }
  };
  return rvfit_programs::run_tool(app, argc, argv, check, [&] {
    Kokkos::InitializationSettings settings;
    settings.set_disable_warnings(true);
    const Kokkos::ScopeGuard kokkos(settings);
    rvfit_simulate::simulate(options);
  });
}
