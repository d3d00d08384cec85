// SPDX-License-Identifier: MIT

/// @file
/// The benchmark times each stage of a fit beside what the machine can do, measured in the same run: it
/// writes a table in Markdown, and a line of JSON a measurement.
///
///   rvfit_bench_stages                     stages, whole fits, the program rvfit_desi
///   rvfit_bench_stages --breakdown FILE    where the time of a fit of FILE's stars goes, by kernel
///
/// The share of the machine is the time that it needs at least, the longer of operations at the rate of
/// an FMA loop and bytes at that of a copy of as many bytes, over the time taken. Host instances of one
/// thread each run side by side on tiles of their own, as in the programs.

#include "kernel_times.hpp"
#include "tile_stages.hpp"
#include "whole_fit.hpp"
#include <rvfit/io/read_emulator.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace rvfit::bench {
namespace {

struct Options {
  std::string emulator = "programs/demo/emulator.fits";
  std::string spectra;
  std::string breakdown;
  std::string json;
  std::string precision = "float";
  std::vector<int> threads;
  int stars = 0;
  int tile = 0;
  double seconds = 0.5;
};

/// A folder that is gone at the end.
class ScratchFolder {
 public:
  ScratchFolder()
      : path_(std::filesystem::temp_directory_path() /
              ("rvfit_bench." + std::to_string(::getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// The program `name` beside this one, empty if it was not built.
[[nodiscard]] std::string program(const std::string& name) {
  const std::filesystem::path path =
      std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
  return std::filesystem::exists(path) ? path.string() : std::string();
}

/// Run a program and wait. @throws std::runtime_error  it fails
void run(const std::string& path, const std::vector<std::string>& arguments) {
  std::string command = path;
  for (const std::string& argument : arguments) {
    command += " '" + argument + "'";
  }
  if (std::system((command + " > /dev/null 2>&1").c_str()) != 0) {
    throw std::runtime_error("failed: " + command);
  }
}

/// Prints lines of the table and adds them to the report.
class Table {
 public:
  Table(const std::string& json, const std::string& precision)
      : report_("stages", json), precision_(precision) {
    std::printf("| %-29s | %-53s | %4s | %10s | %9s | %8s | %8s | %10s | %8s |\n", "stage", "shape",
                "thr.", "stars/s", "ms a star", "Gflop/s", "GB/s", "of machine", "of GEMM");
    std::printf("|---|---|---|---|---|---|---|---|---|\n");
  }

  /// Figures that are 0 are not known.
  struct Line {
    std::string stage, shape;
    std::size_t threads;
    double stars_per_second = 0.0;
    double core_seconds_per_star = 0.0;
    double flops_per_second = 0.0;
    double bytes_per_second = 0.0;
    double share_of_machine = 0.0;
    double share_of_gemm = 0.0;
  };

  void add(const Line& line) {
    std::printf("| %-29s | %-53s | %4zu |", line.stage.c_str(), line.shape.c_str(), line.threads);
    cell(10, line.stars_per_second, 1.0, 1);
    cell(9, line.core_seconds_per_star, 1e3, 4);
    cell(8, line.flops_per_second, 1e-9, 1);
    cell(8, line.bytes_per_second, 1e-9, 1);
    cell(10, line.share_of_machine, 1.0, 2);
    cell(8, line.share_of_gemm, 1.0, 2);
    std::printf("\n");
    std::fflush(stdout);
    nlohmann::json json{{"stage", line.stage},
                        {"shape", line.shape},
                        {"precision", precision_},
                        {"threads", line.threads}};
    for (const auto& [name, value] : {std::pair{"stars_per_second", line.stars_per_second},
                                      {"core_seconds_per_star", line.core_seconds_per_star},
                                      {"flops_per_second", line.flops_per_second},
                                      {"bytes_per_second", line.bytes_per_second},
                                      {"share_of_machine", line.share_of_machine},
                                      {"share_of_gemm", line.share_of_gemm}}) {
      if (value > 0.0) {
        json[name] = value;
      }
    }
    report_.add(json);
  }

 private:
  static void cell(int width, double value, double unit, int digits) {
    if (value > 0.0) {
      std::printf(" %*.*f |", width, digits, value * unit);
    } else {
      std::printf(" %*s |", width, "");
    }
  }

  Report report_;
  std::string precision_;
};

/// Multiply-adds a second in the precision of storage, and in double.
struct Peak {
  double storage, twice;

  /// Seconds that operations take at least.
  [[nodiscard]] double seconds(const Count& count) const {
    return count.flops / storage + count.double_flops / twice;
  }
};

/// The rates that shares are of.
template <ExecutionPolicy P>
Peak measure_machine(const Machine<P>& machine, Table& table) {
  const std::size_t threads = machine.instances().size();
  const double single = machine.template peak<float>();
  const double twice = machine.template peak<double>();
  const auto line = [&](const std::string& name, const std::string& shape, double flops,
                        double bytes) {
    typename Table::Line out{name, shape, threads};
    out.flops_per_second = flops;
    out.bytes_per_second = bytes;
    table.add(out);
  };
  line("multiply-add, float", "registers", single, 0.0);
  line("multiply-add, double", "registers", twice, 0.0);
  if (const auto cache = static_cast<double>(Machine<P>::cache()); cache > 0.0) {
    line("copy", std::to_string(int(cache / 2048.0)) + " KiB, half of a core's cache", 0.0,
         machine.copy(cache / 2.0));
  }
  line("copy", "512 MiB, memory", 0.0, machine.copy(512.0 * 1024 * 1024));
  return {std::is_same_v<typename P::real_type, float> ? single : twice, twice};
}

template <ExecutionPolicy P>
void measure_stages(const Machine<P>& machine, const Peak& peak,
                    std::vector<std::unique_ptr<StageTile<P>>>& tiles, Table& table) {
  const std::size_t threads = machine.instances().size();
  const double spectra = tiles.front()->shared.tile;
  for (const Stage<P>& stage : stages_of(*tiles.front())) {
    typename Table::Line line{stage.name, stage.shape, threads};
    const auto set = [&](double rate, const Count& count) {  // tiles a second
      line.stars_per_second = rate * spectra;
      line.core_seconds_per_star = static_cast<double>(threads) / line.stars_per_second;
      line.flops_per_second = rate * (count.flops + count.double_flops);
      line.bytes_per_second = rate * count.bytes;
    };
    double gemm = 0.0;
    if (P::on_host && !stage.products.empty()) {
      double flops = 0.0;
      for (const Product& product : stage.products) {
        flops += product.flops();
      }
      gemm = machine.products(stage.products);
      line.stage = "  its products by Eigen";
      set(gemm, {flops, 0.0});
      line.share_of_machine = line.flops_per_second / peak.storage;
      table.add(line);
      if (Machine<P>::has_blas) {
        line.stage = "  its products by BLAS";
        const double rate = machine.products(stage.products, true);
        set(rate, {flops, 0.0});
        line.share_of_machine = line.flops_per_second / peak.storage;
        line.share_of_gemm = rate / gemm;
        table.add(line);
      }
      line.stage = stage.name;
    }
    const double rate = machine.calls([&](std::size_t n) { stage.prepare(*tiles[n]); },
                                      [&](std::size_t n) { stage.run(*tiles[n]); });
    set(rate, stage.count);
    line.share_of_machine = rate * std::max(peak.seconds(stage.count),
                                            stage.count.bytes / machine.copy(stage.count.bytes));
    line.share_of_gemm = gemm > 0.0 ? rate / gemm : 0.0;
    table.add(line);
  }
}

/// Fits of all the file's stars: the phases, and the whole.
template <ExecutionPolicy P>
void measure_fits(const std::vector<typename P::execution_space>& instances,
                  const ForwardModel<P>& model, const io::DesiFile& file, int tile, Table& table) {
  PhaseSeconds phases;
  const auto stars = static_cast<double>(file.rows());
  (void)fit_all<P>(
      instances, model, file, static_cast<std::size_t>(tile), [](std::size_t) {}, phases);
  const auto threads = static_cast<double>(instances.size());
  double total = 0.0;
  const auto add = [&](const std::string& name, double seconds) {
    typename Table::Line line{
        name, std::to_string(file.rows()) + " stars in batches of " + std::to_string(tile),
        instances.size()};
    line.stars_per_second = stars * threads / seconds;
    line.core_seconds_per_star = seconds / stars;
    table.add(line);
  };
  for (std::size_t p = 0; p < fit_phases.size(); ++p) {
    total += phases[p];
    add(std::string("fit, ") + fit_phases[p], phases[p]);
  }
  add("fit, of prepared spectra", total - phases.front());
  add("fit", total);
}

/// rvfit_desi from its start to its end.
void measure_program(const Options& options, const std::string& spectra, std::size_t stars,
                     std::size_t threads, const ScratchFolder& scratch, Table& table) {
  const std::string path = program("rvfit_desi");
  if (path.empty()) {
    std::fprintf(stderr, "rvfit_desi was not built: left out\n");
    return;
  }
  Table::Line line{"program rvfit_desi", std::to_string(stars) + " stars, read to written",
                   threads};
  const double seconds = seconds_of([&] {
    run(path, {"--emulator", options.emulator, "--output-dir", scratch / "out", "--threads",
               std::to_string(threads), spectra});
  });
  line.stars_per_second = static_cast<double>(stars) / seconds;
  line.core_seconds_per_star = static_cast<double>(threads) / line.stars_per_second;
  table.add(line);
}

/// Milliseconds a star by kernel and phase, on one instance.
template <ExecutionPolicy P>
void print_breakdown(const typename P::execution_space& instance, const ForwardModel<P>& model,
                     const io::DesiFile& file, int tile, const Options& options) {
  const std::size_t phases = fit_phases.size();
  PhaseSeconds whole;
  KernelTimes kernels(phases + 1);
  kernels.enter(phases);  // plans
  (void)fit_all<P>(
      {instance}, model, file, static_cast<std::size_t>(tile),
      [&](std::size_t phase) { kernels.enter(phase); }, whole);

  struct Row {
    std::string label;
    long launches;
    PhaseSeconds seconds;
    double total;
  };
  std::vector<Row> rows;
  PhaseSeconds outside = whole;
  double total = 0.0;
  for (const double seconds : whole) {
    total += seconds;
  }
  for (const auto& [label, entry] : kernels.entries()) {
    Row row{label, entry.launches, {}, 0.0};
    for (std::size_t p = 0; p < phases; ++p) {
      row.seconds[p] = entry.seconds[p];
      row.total += entry.seconds[p];
      outside[p] -= entry.seconds[p];
    }
    if (row.total > 0.0) {
      rows.push_back(row);
    }
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.total > b.total; });
  const auto sum = [](const PhaseSeconds& seconds) {
    double all = 0.0;
    for (const double s : seconds) {
      all += s;
    }
    return all;
  };
  rows.push_back({"outside kernels", 0, outside, sum(outside)});
  rows.push_back({"all", 0, whole, total});

  Report report("breakdown", options.json);
  const double unit = 1e3 / static_cast<double>(file.rows());
  std::printf("%s: %zu stars in batches of %d on one thread, milliseconds a star\n\n",
              options.breakdown.c_str(), file.rows(), tile);
  std::printf("| %-40s | %8s |", "kernel", "launches");
  for (const char* phase : fit_phases) {
    std::printf(" %8s |", phase);
  }
  std::printf(" %8s | %5s |\n|---|---|", "all", "%");
  for (std::size_t p = 0; p < phases + 2; ++p) {
    std::printf("---|");
  }
  std::printf("\n");
  const auto print = [&](const Row& row) {
    std::printf("| %-40s | %8ld |", row.label.c_str(), row.launches);
    for (const double seconds : row.seconds) {
      std::printf(" %8.4f |", seconds * unit);
    }
    std::printf(" %8.4f | %5.1f |\n", row.total * unit, 100.0 * row.total / total);
  };
  Row others{"other kernels", 0, {}, 0.0};
  for (std::size_t r = 0; r < rows.size(); ++r) {
    const Row& row = rows[r];
    const bool kernel = r + 2 < rows.size();
    if (!kernel && others.launches > 0) {
      print(std::exchange(others, {}));
    }
    if (kernel && row.total < 5e-4 * total) {
      others.launches += row.launches;
      others.total += row.total;
      for (std::size_t p = 0; p < phases; ++p) {
        others.seconds[p] += row.seconds[p];
      }
    } else {
      print(row);
    }
    nlohmann::json json{
        {"kernel", row.label}, {"launches", row.launches},       {"stars", file.rows()},
        {"batch", tile},       {"precision", options.precision}, {"threads", 1}};
    for (std::size_t p = 0; p < phases; ++p) {
      json[std::string(fit_phases[p]) + "_ms"] = row.seconds[p] * unit;
    }
    json["all_ms"] = row.total * unit;
    report.add(json);
  }
}

template <ExecutionPolicy P>
void measure(const Options& options) {
  using Exec = typename P::execution_space;
  const Exec exec;
  const std::vector<Exec> all = instances_side_by_side<P>(exec);
  const int tile = options.tile > 0 ? options.tile : (P::on_host ? 64 : 2048);
  const int batch = P::on_host ? tile : 4 * tile;  // of whole fits, as in the programs
  const EmulatorData library = io::read_emulator(options.emulator);

  if (!options.breakdown.empty()) {
    const io::DesiFile file = io::read_desi(options.breakdown);
    print_breakdown<P>(all.front(), ForwardModel<P>(exec, library), file, batch, options);
    return;
  }

  const ScratchFolder scratch;
  std::string spectra = options.spectra;
  if (spectra.empty()) {
    const std::string simulate = program("rvfit_simulate");
    if (simulate.empty()) {
      throw std::runtime_error("rvfit_simulate was not built: name a file with --spectra");
    }
    spectra = scratch / "coadd-simulated.fits";
    const int stars = options.stars > 0 ? options.stars : (P::on_host ? 256 : 2 * batch);
    run(simulate, {"--emulator", options.emulator, "--output", spectra, "--stars",
                   std::to_string(stars), "--seed", "1"});
  }
  const io::DesiFile file = io::read_desi(spectra);
  const StageModel<P> model(exec, library, file, tile);
  std::vector<int> counts = options.threads;
  if (counts.empty()) {
    counts = {1};
    if (P::on_host && all.size() > 1) {  // a device is filled by one
      counts.push_back(static_cast<int>(all.size()));
    }
  }
  Table table(options.json, options.precision);
  for (const int count : counts) {
    const auto used = std::min(static_cast<std::size_t>(count), all.size());
    const Machine<P> machine({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(used)},
                             options.seconds);
    std::vector<std::unique_ptr<StageTile<P>>> tiles;
    for (std::size_t n = 0; n < used; ++n) {
      tiles.push_back(
          std::make_unique<StageTile<P>>(all[n], model, file, n * static_cast<std::size_t>(tile)));
    }
    const Peak peak = measure_machine(machine, table);
    measure_stages<P>(machine, peak, tiles, table);
    tiles.clear();
    measure_fits<P>(machine.instances(), model.model, file, batch, table);
    measure_program(options, spectra, file.rows(), used, scratch, table);
  }
}

}  // namespace
}  // namespace rvfit::bench

int main(int argc, char** argv) {
  Eigen::setNbThreads(1);  // each instance has a thread of its own
  namespace bench = rvfit::bench;
  bench::Options options;
  CLI::App app("The stages of a fit, whole fits and the program, beside what the machine can do",
               "rvfit_bench_stages");
  app.option_defaults()->always_capture_default();
  app.add_option("--emulator", options.emulator, "template library");
  app.add_option("--spectra", options.spectra, "DESI file; simulated if none is named");
  app.add_option("--stars", options.stars, "of the simulated file; 0 chooses")
      ->check(CLI::Range(0, 1000000));
  app.add_option("--breakdown", options.breakdown,
                 "fit this DESI file on one thread and print times by kernel and phase, no more");
  app.add_option("--precision", options.precision, "of spectra and templates")
      ->check(CLI::IsMember({"float", "double"}));
  app.add_option("--threads", options.threads, "numbers of threads; one, and all, if not given")
      ->check(CLI::PositiveNumber)
      ->delimiter(',');
  app.add_option("--tile", options.tile, "spectra of a pass, a multiple of 4; 0 chooses")
      ->check(CLI::NonNegativeNumber);
  app.add_option("--seconds", options.seconds, "of each measurement")->check(CLI::PositiveNumber);
  app.add_option("--json", options.json, "append a line for each measurement to this file");
  CLI11_PARSE(app, argc, argv);
  try {
    const Kokkos::ScopeGuard kokkos;
    if (options.precision == "float") {
      bench::measure<rvfit::compiled::Float>(options);
    } else {
      bench::measure<rvfit::compiled::Double>(options);
    }
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "rvfit_bench_stages: %s\n", error.what());
    return 2;
  }
}
