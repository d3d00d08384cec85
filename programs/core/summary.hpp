// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The summary of a run, its counts and times, for people and for programs.

#include "text_output.hpp"
#include <rvfit/data/fit_result.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iomanip>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace rvfit_programs {

/// Wall-clock seconds of the phases of a run. Reading and writing go on while others fit, so that the sum
/// may exceed the total; of fits side by side it is the mean.
struct Seconds {
  double total = 0;  ///< from the command line on
  double setup = 0;  ///< emulator, uploads of it, workspaces
  double read = 0;   ///< files, and preparation on the device
  double scan = 0;
  double fit = 0;
  double errors = 0;
  double write = 0;
  double wait = 0;  ///< fits for spectra to be read

  /// Add a share of the phases of a fit, of one of several side by side.
  void add(const Seconds& part, double share) {
    setup += share * part.setup;
    read += share * part.read;
    scan += share * part.scan;
    fit += share * part.fit;
    errors += share * part.errors;
    wait += share * part.wait;
  }
};

struct Summary {
  int files = 0;  ///< finished ones
  int stars = 0;  ///< rows fitted or tried
  std::map<std::string, int> statuses;
  Seconds seconds;
  std::string execution_space;
  int threads = 0;  ///< of the execution space, 0 on a device
  std::string precision;
  int processes = 1;
  int lost = 0;  ///< processes that died

  /// Add a finished file.
  void count(const std::vector<rvfit::FitStatus>& of_rows) {
    ++files;
    stars += static_cast<int>(of_rows.size());
    for (const rvfit::FitStatus status : of_rows) {
      ++statuses[rvfit::to_string(status)];
    }
  }

  [[nodiscard]] double stars_per_second() const {
    return seconds.total > 0 ? stars / seconds.total : 0.0;
  }
};

/// A few lines for people.
inline void print(std::ostream& out, const Summary& summary) {
  out << summary.stars << " stars in " << summary.files
      << (summary.files == 1 ? " file" : " files");
  const char* separator = ": ";
  for (const auto& [status, count] : summary.statuses) {
    out << separator << count << ' ' << status;
    separator = ", ";
  }
  const Seconds& s = summary.seconds;
  out << std::fixed << std::setprecision(2) << "\nseconds: " << s.total << " in all: reading "
      << s.read << ", scan " << s.scan << ", fit " << s.fit << ", errors " << s.errors
      << ", writing " << s.write << ", set-up " << s.setup << ", waiting " << s.wait << '\n'
      << std::setprecision(1) << summary.stars_per_second() << " stars per second, "
      << summary.execution_space << ", ";
  if (summary.threads > 0) {
    out << summary.threads << (summary.threads == 1 ? " thread, " : " threads, ");
  }
  if (summary.processes > 1) {
    out << "in " << summary.processes << " processes, ";
  }
  out << summary.precision << " storage\n";
}

/// The same for programs.
[[nodiscard]] inline nlohmann::ordered_json to_json(const Summary& summary) {
  const Seconds& s = summary.seconds;
  nlohmann::ordered_json json;
  json["files"] = summary.files;
  json["stars"] = summary.stars;
  json["stars_per_second"] = summary.stars_per_second();
  json["execution_space"] = summary.execution_space;
  json["threads"] = summary.threads;
  json["processes"] = summary.processes;
  json["precision"] = summary.precision;
  json["seconds"] = {{"total", s.total}, {"read", s.read},     {"scan", s.scan},
                     {"fit", s.fit},     {"errors", s.errors}, {"write", s.write},
                     {"setup", s.setup}, {"wait", s.wait}};
  json["statuses"] = nlohmann::ordered_json::object();
  for (const auto& [status, count] : summary.statuses) {
    json["statuses"][status] = count;
  }
  return json;
}

/// The summary that `to_json` was given.
template <class Json>
[[nodiscard]] Summary summary_of(const Json& json) {
  Summary summary;
  summary.files = json["files"];
  summary.stars = json["stars"];
  summary.execution_space = json["execution_space"];
  summary.threads = json["threads"];
  summary.processes = json["processes"];
  summary.precision = json["precision"];
  const Json& s = json["seconds"];
  summary.seconds = {s["total"], s["setup"],  s["read"],  s["scan"],
                     s["fit"],   s["errors"], s["write"], s["wait"]};
  summary.statuses = json["statuses"].template get<std::map<std::string, int>>();
  return summary;
}

/// One summary of processes that worked side by side: counts are summed, the seconds of a phase are the mean,
/// and the total is the longest.
[[nodiscard]] inline Summary sum_of(const std::vector<Summary>& parts) {
  Summary all;
  all.processes = 0;
  for (const Summary& part : parts) {
    all.files += part.files;
    all.stars += part.stars;
    all.threads += part.threads;
    all.processes += part.processes;
    all.execution_space = part.execution_space.empty() ? all.execution_space : part.execution_space;
    all.precision = part.precision.empty() ? all.precision : part.precision;
    const double share = 1.0 / static_cast<double>(parts.size());
    all.seconds.add(part.seconds, share);
    all.seconds.write += share * part.seconds.write;
    all.seconds.total = std::max(all.seconds.total, part.seconds.total);
    for (const auto& [status, count] : part.statuses) {
      all.statuses[status] += count;
    }
  }
  return all;
}

/// @throws rvfit::io::IoError  the file cannot be written
inline void write_json(const std::string& path, const Summary& summary) {
  write_text(path, to_json(summary).dump(2) + '\n');
}

}  // namespace rvfit_programs
