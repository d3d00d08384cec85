// SPDX-License-Identifier: MIT

#include "make_library.hpp"

#include "arm_maker.hpp"
#include "template_reader.hpp"
#include "work_file.hpp"
#include "write_library.hpp"
#include <rvfit/core/require.hpp>
#include <rvfit/core/units.hpp>
#include <rvfit/core/version.hpp>
#include <rvfit/io/fits/io_error.hpp>
#include <rvfit/library/resample_template.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <thread>

namespace rvfit_library {
namespace {

using rvfit::Medium;

/// "R=500000" as a line spread; empty: none.
[[nodiscard]] LineSpread parse_spread(const std::string& text) {
  LineSpread spread;
  if (!text.empty()) {
    const std::size_t equals = text.find('=');
    RVFIT_REQUIRE(equals != std::string::npos, "--templates-resolution is '", text,
                  "', expected R=, fwhm= or sigma= and a number");
    spread.kind = line_spread_kind(text.substr(0, equals));
    char* end = nullptr;
    const double number = std::strtod(text.c_str() + equals + 1, &end);
    RVFIT_REQUIRE(*end == '\0' && end != text.c_str() + equals + 1, "--templates-resolution is '",
                  text, "', expected R=, fwhm= or sigma= and a number");
    spread.points = {{0.0, number}};
    require_valid(spread);
  }
  return spread;
}

/// The medium of the templates: as asked for, or told by some of them.
[[nodiscard]] Medium find_medium(const Options& options, const TemplateSet& set,
                                 TemplateReader& reader, Report& report) {
  if (options.medium == MediumSource::air || options.medium == MediumSource::vacuum) {
    return options.medium == MediumSource::air ? Medium::air : Medium::vacuum;
  }
  std::map<Medium, int> lines, header;
  constexpr std::size_t most = 20;
  const std::size_t stride = std::max<std::size_t>(set.templates.size() / most, 1);
  for (std::size_t t = 0; t < set.templates.size(); t += stride) {
    try {
      TemplateSpectrum spectrum;
      reader.read(set.templates[t], spectrum);
      ++lines[medium_of_lines(spectrum)];
      ++header[spectrum.header_medium];
    } catch (const rvfit::io::IoError&) {
      continue;  // it is named when its turn comes
    }
  }
  const auto most_votes = [](std::map<Medium, int>& votes) {
    return votes[Medium::air] == votes[Medium::vacuum]  ? Medium::unknown
           : votes[Medium::air] > votes[Medium::vacuum] ? Medium::air
                                                        : Medium::vacuum;
  };
  const Medium by_lines = most_votes(lines), by_header = most_votes(header);
  const bool trust = options.medium == MediumSource::lines && by_lines != Medium::unknown;
  if (trust && by_header != Medium::unknown && by_header != by_lines) {
    report.remarks.push_back(std::string("headers say that wavelengths are in ") +
                             name_of(by_header) + ", lines are where they are in " +
                             name_of(by_lines) + ": taken as " + name_of(by_lines));
  }
  const Medium medium = trust ? by_lines : by_header;
  RVFIT_REQUIRE(medium != Medium::unknown,
                "neither headers nor lines tell whether the templates' "
                "wavelengths are in air or in vacuum: --templates-medium does");
  return medium;
}

/// A line for each arm whose pixels are too wide for its lines: rvspecfit's kernel of rotation widens what turns more
/// slowly than two pixels, and the spline between pixels no longer follows a line (docs/make_a_library.md).
void add_sampling_remarks(const Instrument& instrument,
                          const std::vector<rvfit::TemplateGrid>& grids, Report& report) {
  constexpr double wanted = 1.5;  // pixels to a sigma
  for (std::size_t a = 0; a < grids.size(); ++a) {
    const LineSpread& spread = instrument.arms[a].spread;
    double least = std::numeric_limits<double>::infinity();
    for (int j = 0; j < grids[a].size; ++j) {
      least = std::min(least, spread.sigma(grids[a].wave(j)) / (grids[a].wave(j) * grids[a].step));
    }
    if (spread.kind != LineSpread::Kind::none && least < wanted) {
      std::ostringstream text;
      text.precision(2);
      text << "arm " << instrument.arms[a].name << ": " << least << " pixels to the least sigma, "
           << wanted << " wanted: lines are not followed to 0.3 % of their depth, and";
      text.precision(3);
      text << " --rotation linear widens vsini below "
           << 2.0 * grids[a].step * rvfit::speed_of_light << " km/s";
      report.remarks.push_back(text.str());
    }
  }
}

/// All that the numbers of a template depend on: work of another description is not gone on with.
[[nodiscard]] std::string description(const Options& options, const Instrument& instrument,
                                      const std::vector<rvfit::TemplateGrid>& grids,
                                      const TemplateSet& set, Medium medium) {
  std::ostringstream text;
  text.precision(17);
  text << "rvfit_library " << rvfit::version << ' ' << name_of(medium) << ' ' << options.resolution
       << ' ' << static_cast<int>(options.normalization) << ' ' << options.wave << ' '
       << name_of(instrument.medium);
  for (std::size_t a = 0; a < grids.size(); ++a) {
    const InstrumentArm& arm = instrument.arms[a];
    text << '\n'
         << arm.name << ' ' << grids[a].origin << ' ' << grids[a].step << ' ' << grids[a].size
         << ' ' << static_cast<int>(arm.spread.kind);
    for (const LineSpread::Point& point : arm.spread.points) {
      text << ' ' << point.wave << ' ' << point.value;
    }
  }
  for (const Template& one : set.templates) {
    text << '\n' << one.name();
  }
  return text.str();
}

/// Make once what all threads use, for the wavelengths of the first template that can be read.
void prepare(ArmMaker& maker, const TemplateSet& set, TemplateReader& reader, int threads) {
  for (const Template& one : set.templates) {
    try {
      TemplateSpectrum spectrum;
      reader.read(one, spectrum);
      maker.prepare(spectrum.wave, threads);
      return;
    } catch (const rvfit::io::IoError&) {
      continue;  // it is named when its turn comes
    } catch (const rvfit::InvalidArgument&) {
      continue;
    }
  }
}

/// Make the templates that are not done, on all threads; a line for each that cannot be made.
std::map<std::size_t, std::string> make_templates(const Options& options, int threads,
                                                  const TemplateSet& set, TemplateReader& reader,
                                                  const ArmMaker& maker, WorkFile& work,
                                                  const std::function<void(double)>& progress) {
  std::map<std::size_t, std::string> faults;
  std::mutex files;  // the work file is for one at a time
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stopped = false;
  std::exception_ptr failure;
  const auto fault = [&](std::size_t t, const std::string& text) {
    const std::lock_guard lock(files);
    faults[t] = text;
    stopped = stopped || options.strict;
  };
  const auto write = [&](std::size_t t, const std::vector<float>& made) {
    const std::lock_guard lock(files);
    try {
      work.write(t, made);
    } catch (...) {
      failure = std::current_exception();
      stopped = true;
    }
    progress(static_cast<double>(work.done()) / static_cast<double>(set.templates.size()));
  };
  const auto run = [&] {
    constexpr std::size_t at_a_time = 16;
    ArmMaker own(maker);
    std::vector<TemplateSpectrum> spectra(at_a_time);
    while (!stopped) {
      const std::size_t first = next.fetch_add(at_a_time);
      const std::size_t last = std::min(first + at_a_time, set.templates.size());
      if (first >= last) {
        return;
      }
      std::vector<std::size_t> which;
      for (std::size_t t = first; t < last && !stopped; ++t) {
        if (work.has(t)) {
          continue;
        }
        try {
          reader.read(set.templates[t], spectra[which.size()]);
          which.push_back(t);
        } catch (const rvfit::io::IoError& error) {
          fault(t, error.what());
        }
      }
      const auto made = own.make(std::span(spectra).first(which.size()));
      for (std::size_t n = 0; n < made.size() && !stopped; ++n) {
        if (made[n].fault.empty()) {
          write(which[n], made[n].ln_template);
        } else {
          fault(which[n], set.templates[which[n]].name() + ": " + made[n].fault);
        }
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int n = 1; n < threads; ++n) {
      workers.emplace_back(run);
    }
    run();
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
  return faults;
}

/// Pieces around the middle of each arm of the first, the middle and the last template.
[[nodiscard]] std::vector<SampleSpectrum> samples_of(const Instrument& instrument,
                                                     const std::vector<rvfit::TemplateGrid>& grids,
                                                     const TemplateSet& good, const LabelGrid& grid,
                                                     Medium medium, TemplateReader& reader) {
  constexpr int pixels = 150;  // of a template to either side
  std::vector<SampleSpectrum> samples;
  for (const std::size_t row :
       std::set<std::size_t>{0, grid.templates.size() / 2, grid.templates.size() - 1}) {
    const Template& one = good.templates[grid.templates[row]];
    TemplateSpectrum spectrum;
    reader.read(one, spectrum);
    const std::vector<double>& own_wave = *spectrum.wave;
    std::ostringstream title;
    for (std::size_t n = 0; n < good.labels.size(); ++n) {
      title << (n == 0 ? "" : ", ") << good.labels[n] << ' ' << one.labels[n];
    }
    for (std::size_t a = 0; a < grids.size(); ++a) {
      SampleSpectrum sample{title.str(), instrument.arms[a].name, row, {}, {}};
      const double middle = 0.5 * grids[a].size;
      for (std::size_t i = 0; i < own_wave.size(); ++i) {
        const double wave = rvfit::converted(own_wave[i], medium, instrument.medium);
        if (wave > grids[a].wave(std::max(middle - pixels, 0.0)) &&
            wave < grids[a].wave(std::min(middle + pixels, grids[a].size - 1.0))) {
          sample.wave.push_back(wave);
          sample.flux.push_back(spectrum.flux[i]);
        }
      }
      samples.push_back(std::move(sample));
    }
  }
  return samples;
}

}  // namespace

Report make_library(const Options& options, const Instrument& instrument,
                    const std::function<void(double)>& progress) {
  Report report;
  TemplateSet set = find_templates(options);
  report.found = set.templates.size() + set.faults.size();
  report.faults = set.faults;
  const auto stop_if_strict = [&] {
    if (options.strict && !report.faults.empty()) {
      throw rvfit::io::IoError(report.faults.front());
    }
  };
  stop_if_strict();
  std::vector<rvfit::TemplateGrid> grids;
  for (const InstrumentArm& arm : instrument.arms) {
    grids.push_back(template_grid(instrument, arm));
  }
  add_sampling_remarks(instrument, grids, report);
  const auto width = std::accumulate(grids.begin(), grids.end(), std::size_t{0},
                                     [](std::size_t sum, const rvfit::TemplateGrid& grid) {
                                       return sum + static_cast<std::size_t>(grid.size);
                                     });
  TemplateReader reader(options);
  const Medium medium = find_medium(options, set, reader, report);
  WorkFile work(options.output + ".work", description(options, instrument, grids, set, medium),
                set.templates.size(), width);
  report.resumed = work.done();
  ArmMaker maker(instrument, grids, parse_spread(options.resolution), medium,
                 options.normalization);
  const auto hardware = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  const int threads = options.threads > 0 ? options.threads : hardware;
  if (work.done() < set.templates.size()) {
    prepare(maker, set, reader, threads);
  }
  const auto faults = make_templates(options, threads, set, reader, maker, work, progress);
  TemplateSet good{set.labels, {}, {}};
  std::vector<std::size_t> rows;  // of the work file
  for (std::size_t t = 0; t < set.templates.size(); ++t) {
    const auto fault = faults.find(t);
    if (fault != faults.end()) {
      report.faults.push_back(fault->second);
    } else if (work.has(t)) {
      good.templates.push_back(set.templates[t]);
      rows.push_back(t);
    }
  }
  stop_if_strict();
  if (good.templates.empty()) {
    throw rvfit::io::IoError(report.faults.front());
  }
  const LabelGrid grid = find_grid(good);
  for (const auto& [twin, first] : grid.twins) {
    report.faults.push_back(good.templates[twin].name() + ": has the labels of " +
                            good.templates[first].name() + ", which is used");
  }
  stop_if_strict();
  for (const auto& [label, value] : grid.constant) {
    std::ostringstream text;
    text << label << " is " << value << " in all templates, and no label of the library";
    report.remarks.push_back(text.str());
  }
  report.used = grid.templates.size();
  report.holes = grid.holes();
  report.cells = complete_cells(grid);
  RVFIT_REQUIRE(report.cells > 0, report.used, " templates on a grid of ", grid.nodes.size(),
                " nodes leave no cell with a template at every corner");
  write_library(
      options, instrument, grid, grids, [&](std::size_t row, std::size_t arm, float* out) {
        std::size_t first = 0;
        for (std::size_t a = 0; a < arm; ++a) {
          first += static_cast<std::size_t>(grids[a].size);
        }
        work.read(rows[grid.templates[row]], first, static_cast<std::size_t>(grids[arm].size), out);
      });
  work.remove();
  if (!options.report.empty()) {
    report.samples = samples_of(instrument, grids, good, grid, medium, reader);
  }
  return report;
}

}  // namespace rvfit_library
