// SPDX-License-Identifier: MIT

/// @file
/// rvfit_library: a template library for an instrument from a folder of synthetic spectra.

#include "core/progress.hpp"
#include "core/python.hpp"
#include "core/tool.hpp"
#include "make_library.hpp"
#include "write_report.hpp"
#include <rvfit/core/version.hpp>

#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace rvfit_library {
namespace {

void declare(CLI::App& app, Options& options) {
  app.add_option("--templates", options.templates,
                 "Files or folders of synthetic spectra, or a list: file,teff,logg,..")
      ->required();
  app.add_option("--instrument", options.instrument,
                 "Description of the instrument (docs/rvfit_library.md), or the name of one: desi, "
                 "sdss, lamost_lrs ..")
      ->required();
  app.add_option("--output", options.output, "Library to write")->required();
  app.add_option_function<std::vector<std::string>>(
         "--labels",
         [&options](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             const std::size_t equals = text.find('=');
             if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
               throw CLI::ValidationError("--labels", "'" + text + "', expected LABEL=KEYWORD");
             }
             options.labels[text.substr(0, equals)] = text.substr(equals + 1);
           }
         },
         "Keyword or column of each label [those of PHOENIX, or TEFF, LOGG, FEH, ALPHA]")
      ->delimiter(',')
      ->type_name("LABEL=KEYWORD,..");
  app.add_option("--wave", options.wave, "File of the templates' wavelengths [their own]");
  app.add_option("--templates-medium", options.medium,
                 "Their wavelengths are in air or vacuum, or as their lines or headers say [lines]")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, MediumSource>{{"lines", MediumSource::lines},
                                              {"header", MediumSource::header},
                                              {"air", MediumSource::air},
                                              {"vacuum", MediumSource::vacuum}},
          CLI::ignore_case))
      ->type_name("WORD");
  app.add_option("--templates-resolution", options.resolution,
                 "Line spread that they have already: R=, fwhm= or sigma= [none]")
      ->type_name("KIND=NUMBER");
  app.add_option("--normalization", options.normalization,
                 "Divide templates by their median or continuum, or none [median]")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Normalization>{{"median", Normalization::median},
                                               {"continuum", Normalization::continuum},
                                               {"none", Normalization::none}},
          CLI::ignore_case))
      ->type_name("WORD");
  app.add_option("--report", options.report,
                 "Page about the library: counts, coverage, sampling, some templates")
      ->type_name("FILE.html");
  app.add_flag("--strict", options.strict, "Stop at the first template that is bad");
  app.add_flag("--synthetic", options.synthetic, "Mark the library: not for science");
  app.add_option("--threads", options.threads, "Threads [all]")->check(CLI::Range(1, 4096));
  app.add_flag("--quiet", options.quiet, "No progress bar and no summary");
  app.set_version_flag("--version", std::string("rvfit_library ") + rvfit::version);
}

void print(const Report& report, const Options& options) {
  for (const std::string& fault : report.faults) {
    std::fprintf(stderr, "rvfit_library: left out: %s\n", fault.c_str());
  }
  if (options.quiet) {
    return;
  }
  for (const std::string& remark : report.remarks) {
    std::printf("%s\n", remark.c_str());
  }
  if (report.resumed > 0) {
    std::printf("%zu templates were there from an earlier run\n", report.resumed);
  }
  std::printf("%zu templates found, %zu used, %zu holes in the grid, %zu complete cells: %s\n",
              report.found, report.used, report.holes, report.cells, options.output.c_str());
}

}  // namespace
}  // namespace rvfit_library

int main(int argc, char** argv) {
  rvfit_library::Options options;
  CLI::App app("Make a template library for an instrument from synthetic spectra.",
               "rvfit_library");
  rvfit_library::declare(app, options);
  for (int n = 0; n < argc; ++n) {
    options.command += std::string(n == 0 ? "" : " ") + argv[n];
  }
  const auto nothing = [] {};
  return rvfit_programs::run_tool(app, argc, argv, nothing, [&] {
    const auto instrument = rvfit_library::read_instrument(options.instrument);
    if (!options.report.empty()) {
      rvfit_programs::require_plotting("--report");
    }
    rvfit_programs::Progress bar(!options.quiet);
    const auto made = rvfit_library::make_library(options, instrument, [&](double fraction) {
      bar.show(options.output, fraction, "templates");
    });
    bar.clear();
    rvfit_library::print(made, options);
    if (!options.report.empty()) {
      rvfit_library::write_report(options, made);
    }
  });
}
