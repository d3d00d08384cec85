// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Whole fits of a file's stars, batch after batch on each instance as the programs do, timed by phase.

#include "support/desi_observations.hpp"

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <thread>
#include <vector>

namespace rvfit::bench {

/// The phases of a fit: spectra to the device and prepared, then the calls of Fitter.
inline constexpr std::array<const char*, 6> fit_phases{"prepare",  "bind",          "scan",
                                                       "minimize", "uncertainties", "result"};
using PhaseSeconds = std::array<double, fit_phases.size()>;

/// Rows first .. first + size of a file; from its end the file starts again.
[[nodiscard]] inline std::vector<std::size_t> batch_rows(const io::DesiFile& file,
                                                         std::size_t first, std::size_t size) {
  std::vector<std::size_t> rows(size);
  for (std::size_t b = 0; b < size; ++b) {
    rows[b] = (first + b) % file.rows();
  }
  return rows;
}

/// Fit all stars of a file, in batches of `batch` that the instances take in turn.
///
/// @param[in]  enter  called with the number of a phase as it begins
/// @param[out] phase  seconds in each phase, of all instances together; without the plans
/// @return            seconds from the first batch to the last, plans included
template <ExecutionPolicy P>
double fit_all(const std::vector<typename P::execution_space>& instances,
               const ForwardModel<P>& model, const io::DesiFile& file, std::size_t batch,
               const std::function<void(std::size_t)>& enter, PhaseSeconds& phase) {
  std::vector<PhaseSeconds> spent(instances.size(), PhaseSeconds{});
  const std::size_t batches = (file.rows() + batch - 1) / batch;
  const auto work = [&](std::size_t n) {
    const auto& exec = instances[n];
    const auto planned = test::observations<P>(exec, file, batch_rows(file, 0, batch));
    Fitter<ForwardModel<P>> fitter(exec, model, planned, static_cast<int>(batch));
    for (std::size_t k = n; k < batches; k += instances.size()) {
      Observations<P> data;
      std::size_t now = 0;
      const auto timed = [&](const auto& call) {
        enter(now);
        spent[n][now++] += seconds_of([&] {
          call();
          exec.fence("rvfit_bench: end of a phase");
        });
      };
      const std::size_t first = k * batch;
      const auto rows = batch_rows(file, first, std::min(batch, file.rows() - first));
      timed([&] { data = test::observations<P>(exec, file, rows); });
      timed([&] { fitter.bind(exec, data); });
      timed([&] { fitter.scan(exec); });
      timed([&] { fitter.minimize(exec); });
      timed([&] { fitter.uncertainties(exec); });
      timed([&] { (void)fitter.result(exec); });
    }
  };
  const double seconds = seconds_of([&] {
    std::vector<std::thread> threads;
    for (std::size_t n = 1; n < instances.size(); ++n) {
      threads.emplace_back(work, n);
    }
    work(0);
    for (std::thread& thread : threads) {
      thread.join();
    }
  });
  phase = {};
  for (const PhaseSeconds& one : spent) {
    for (std::size_t p = 0; p < phase.size(); ++p) {
      phase[p] += one[p];
    }
  }
  return seconds;
}

}  // namespace rvfit::bench
