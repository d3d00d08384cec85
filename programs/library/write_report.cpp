// SPDX-License-Identifier: MIT

#include "write_report.hpp"

#include "core/python.hpp"
#include "report_script.hpp"
#include <rvfit/io/fits/io_error.hpp>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace rvfit_library {

void write_report(const Options& options, const Report& report) {
  nlohmann::ordered_json run;
  run["page"] = rvfit_programs::quoted(std::filesystem::absolute(options.report).string());
  run["library"] = rvfit_programs::quoted(std::filesystem::absolute(options.output).string());
  run["command"] = options.command;
  run["found"] = report.found;
  run["used"] = report.used;
  run["holes"] = report.holes;
  run["cells"] = report.cells;
  run["resumed"] = report.resumed;
  run["faults"] = report.faults;
  run["remarks"] = report.remarks;
  run["samples"] = nlohmann::json::array();
  for (const SampleSpectrum& sample : report.samples) {
    run["samples"].push_back({{"title", sample.title},
                              {"arm", sample.arm},
                              {"row", sample.row},
                              {"wave", sample.wave},
                              {"flux", sample.flux}});
  }
  std::string folder = (std::filesystem::temp_directory_path() / "rvfit_XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) {
    throw rvfit::io::IoError(options.report + ": no temporary folder can be made for it");
  }
  const std::string input = folder + "/run.json";
  bool good = false;
  {
    std::ofstream file(input);
    file << run.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    file.close();
    good = file && rvfit_programs::run_python(report_script, {input});
  }
  std::error_code none;
  std::filesystem::remove_all(folder, none);
  if (!good) {
    throw rvfit::io::IoError(options.report + ": cannot be written");
  }
}

}  // namespace rvfit_library
