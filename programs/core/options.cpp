// SPDX-License-Identifier: MIT

#include "options.hpp"

#include "backend.hpp"
#include "command_line.hpp"
#include <rvfit/core/version.hpp>

#include <string>
#include <utility>
#include <vector>

namespace rvfit_programs {
namespace {

constexpr int most = 1000000;

/// "NAME=TEXT" into its halves. @throws CLI::ValidationError  naming the option and what it wants
[[nodiscard]] std::pair<std::string, std::string> split_at_equals(const std::string& option,
                                                                  const std::string& text,
                                                                  const char* wanted) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw CLI::ValidationError(option, "'" + text + "', expected " + wanted);
  }
  return {text.substr(0, equals), text.substr(equals + 1)};
}

void declare_files(CLI::App& app, Options& options) {
  const char* group = "Files";
  OutputNames& outputs = options.outputs;
  app.add_option("FILE", options.files, "Files to fit, .gz or not");
  app.add_option("--emulator", options.emulator, "Template library (docs/emulator_file.md)")
      ->required()
      ->group(group);
  app.add_option("--input-file-from", options.input_list, "Text file that lists the files to fit")
      ->group(group);
  app.add_option_function<std::string>(
         "--queue-file",
         [&options](const std::string& list) {
           options.queue = true;
           if (!list.empty() && list != "true") {
             options.input_list = list;
           }
         },
         "The list is shared: take files out of it, so that several processes fit each once")
      ->expected(0, 1)
      ->type_name("[LIST]")
      ->group(group);
  app.add_option("--output-dir", outputs.folder, "Folder of the outputs, made if missing")
      ->capture_default_str()
      ->group(group);
  app.add_option("--output-tab-prefix", outputs.table_prefix, "Tables are named PREFIX_FILE")
      ->capture_default_str()
      ->group(group);
  app.add_option("--output-mod-prefix", outputs.models_prefix, "Models are named PREFIX_FILE")
      ->capture_default_str()
      ->group(group);
  app.add_option("--merge", options.merge,
                 "Write one table of all files, with a column INFILE, instead of one for each")
      ->type_name("TABLE")
      ->group(group);
  app.add_flag("--subdirs,!--no-subdirs", outputs.subdirs,
               "Outputs of X/Y/FILE go to OUTPUT_DIR/X/Y")
      ->group(group);
  app.add_flag("--write-models", options.fit.keep_models, "Also write best-fit spectra")
      ->group(group);
  app.add_flag("--skip-existing,--skipexisting", options.skip_existing,
               "Pass over files whose outputs are there")
      ->group(group);
  app.add_flag("--throw-exceptions", options.stop_at_failure, "Stop at the first bad file")
      ->group(group);
  app.add_flag("--doplot", options.plot, "Draw spectra and fits")->group(group);
  app.add_option("--figure-dir", outputs.figure_folder, "Folder of the figures")
      ->capture_default_str()
      ->group(group);
  app.add_option("--figure-prefix", outputs.figure_prefix, "Figures are named PREFIX_...")
      ->capture_default_str()
      ->group(group);
}

void declare_model(CLI::App& app, FitSettings& fit) {
  const char* group = "Model";
  app.add_option("--npoly", fit.continuum.columns, "Columns of an arm's continuum")
      ->check(between(1, rvfit::max_continuum_columns))
      ->capture_default_str()
      ->group(group);
  add_choice(
      app, "--continuum", fit.continuum.kind,
      {{"rbf", rvfit::ContinuumKind::radial}, {"chebyshev", rvfit::ContinuumKind::chebyshev}},
      "rbf (1, x, x^2 and Gaussians) or chebyshev")
      ->group(group);
  app.add_option("--min-vel", fit.model.min_rv, "Lower bound of rv [km/s]")
      ->capture_default_str()
      ->group(group);
  app.add_option("--max-vel", fit.model.max_rv, "Upper bound of rv [km/s]")
      ->capture_default_str()
      ->group(group);
  app.add_option("--max-vsini", fit.model.broadening.max_vsini, "Upper bound of vsini [km/s]")
      ->check(between(0.0, 1e5))
      ->capture_default_str()
      ->group(group);
  add_choice(app, "--rotation", fit.model.broadening.rotation,
             {{"linear", rvfit::RotationKernel::piecewise_linear},
              {"exact", rvfit::RotationKernel::exact},
              {"off", rvfit::RotationKernel::off}},
             "Kernel of rotation: linear (rvspecfit's, too wide below 30 km/s), exact, or off")
      ->group(group);
  app.add_option("--max-vgauss", fit.model.broadening.max_vgauss,
                 "Upper bound of the sigma of a Gaussian broadening; 0: none [km/s]")
      ->check(between(0.0, 1e5))
      ->capture_default_str()
      ->group(group);
  add_list(
      app, "--fix-param",
      [&fit](const std::vector<std::string>& texts) {
        for (const std::string& text : texts) {
          const auto [name, value] = split_at_equals("--fix-param", text, "NAME=NUMBER");
          fit.fixed.emplace_back(name, to_number("--fix-param", value));
        }
      },
      "Keep a parameter at a value")
      ->type_name("NAME=VALUE,...")
      ->group(group);
  app.add_option_function<std::vector<std::string>>(
         "--priors",
         [&fit](const std::vector<std::string>& texts) {
           for (const std::string& text : texts) {
             const char* wanted = "NAME=MEAN,SIGMA";
             const auto [name, numbers] = split_at_equals("--priors", text, wanted);
             const std::size_t comma = numbers.find(',');
             if (comma == std::string::npos) {
               throw CLI::ValidationError("--priors", "'" + text + "', expected " + wanted);
             }
             const Prior prior{name, to_number("--priors", numbers.substr(0, comma)),
                               to_number("--priors", numbers.substr(comma + 1))};
             if (!(prior.sigma > 0)) {
               throw CLI::ValidationError("--priors", "'" + text + "': SIGMA must be positive");
             }
             fit.priors.push_back(prior);
           }
         },
         "Gaussian prior of a parameter; repeatable")
      ->type_name("NAME=MEAN,SIGMA")
      ->group(group);
  add_per_arm(
      app, "--sys-err", fit.systematic_error, fit.relative_error,
      "Error in units of the flux, or in percent of it, added in quadrature to that of every pixel")
      ->group(group);
  app.add_flag("--resolution-matrix,!--no-resolution-matrix", fit.resolution_matrix,
               "Apply the resolution matrices of the spectra")
      ->group(group);
  add_per_arm(app, "--lsf-sigma", fit.lsf_sigma,
              "Gaussian line spread that the templates have already [Angstrom]")
      ->default_str("the library's")
      ->group(group);
  add_choice(
      app, "--interpolation", fit.model.interpolation,
      {{"linear", rvfit::GridInterpolation::linear}, {"cubic", rvfit::GridInterpolation::cubic}},
      "Between the templates of a grid library: linear or cubic")
      ->group(group);
}

/// A wider scan over rv and templates stands for the reference's search by brute force.
void scan_widely(rvfit::ScanOptions& scan) {
  scan.templates *= 4;
  scan.candidates *= 2;
}

void declare_errors(CLI::App& app, FitSettings& fit) {
  const char* group = "Fit";
  app.add_option("--clip", fit.clip.sigma,
                 "Reject pixels beyond so many robust standard deviations of the residuals and fit "
                 "again; 0: none")
      ->check(between(0.0, 1e6))
      ->capture_default_str()
      ->group(group);
  app.add_flag("--scale-errors", fit.errors.scale,
               "Multiply errors by the root of chi2 / pixels where that is above 1")
      ->group(group);
  app.add_option("--rv-floor", fit.errors.rv_floor, "Add to errors of rv in quadrature [km/s]")
      ->check(between(0.0, 1e5))
      ->capture_default_str()
      ->group(group);
}

void declare_fit(CLI::App& app, Options& options) {
  const char* group = "Fit";
  FitSettings& fit = options.fit;
  declare_errors(app, fit);
  app.add_flag_callback(
         "--ccf-init", [] {}, "Start from the scan over rv and templates (default)")
      ->group(group);
  app.add_flag_callback(
         "--grid-init", [&fit] { scan_widely(fit.scan); },
         "Scan four times as many templates and try twice as many minima")
      ->group(group);
  app.add_option_function<std::string>(
         "--param-init",
         [&fit](const std::string& word) {
           if (CLI::detail::to_lower(word) == "bruteforce") {
             scan_widely(fit.scan);
           }
         },
         "CCF: as --ccf-init; bruteforce: as --grid-init")
      ->check(one_of({"CCF", "bruteforce"}))
      ->excludes("--grid-init")
      ->type_name("WORD")
      ->group(group);
  add_choice(
      app, "--hessian", fit.hessian,
      {{"gauss-newton", rvfit::HessianKind::gauss_newton}, {"exact", rvfit::HessianKind::exact}},
      "Curvature that errors come from: gauss-newton or exact")
      ->group(group);
  app.add_option("--max-iterations", fit.solver.max_iterations, "Steps of the solver")
      ->check(between(1, most))
      ->capture_default_str()
      ->group(group);
  add_choice(app, "--precision", fit.double_storage, {{"float", false}, {"double", true}},
             "Storage of spectra and templates: float or double")
      ->group(group);
  app.add_option("--batch-size,--batch", fit.batch, "Stars on the device at a time")
      ->check(between(1, most))
      ->group(group);
  app.add_option("--backend", options.backend, "Where to fit; a build has one: " + backend())
      ->check(one_of({backend()}))
      ->type_name("NAME")
      ->group(group);
  app.add_option("--devices", options.devices,
                 "Number of the device to use; with --mpi numbers that the processes of a machine "
                 "take in turns")
      ->delimiter(',')
      ->check(between(0, most))
      ->type_name("N,...")
      ->group(group);
  app.add_option("--threads,--nthreads", options.threads, "Threads of a host execution space")
      ->check(between(1, most))
      ->group(group);
}

void declare_run(CLI::App& app, Options& options) {
  const char* group = "Program";
  app.set_config("--config", "", "Settings, KEY: VALUE; the command line comes before them")
      ->group(group);
  add_choice(app, "--log-level", options.log_level,
             {{"DEBUG", LogLevel::debug},
              {"INFO", LogLevel::info},
              {"WARNING", LogLevel::warning},
              {"ERROR", LogLevel::error},
              {"CRITICAL", LogLevel::critical}},
             "Least level of messages: DEBUG, INFO, WARNING, ERROR or CRITICAL")
      ->group(group);
  app.add_flag("--mpi", options.mpi,
               "Share the files with the other processes that mpirun has started")
      ->group(group);
  app.add_option("--log", options.log_file, "File for the messages instead of standard error")
      ->group(group);
  app.add_option("--process-status-file", options.status_file,
                 "Text file: FILE STATUS OBJECTS SECONDS for each file")
      ->group(group);
  app.add_option("--report", options.report,
                 "Page about the run: counts, distributions, the worst fits, settings")
      ->type_name("FILE.html")
      ->group(group);
  app.add_option("--summary-json", options.summary_json, "Write the summary to this file, too")
      ->group(group);
  app.add_flag("--quiet", options.quiet, "No progress bar and no summary")->group(group);
  app.set_version_flag("--version", app.get_name() + " " + rvfit::version)->group(group);
}

/// Options of rvspecfit that a batch has no use for: accepted, and hidden from --help.
void declare_ignored(CLI::App& app, Options& options) {
  const auto note = [&options](const std::string& name) {
    options.notes.push_back(name + " has no effect here");
  };
  app.add_option_function<std::string>(
         "--overwrite", [note](const std::string&) { note("--overwrite"); }, "")
      ->group("");
  app.add_flag_callback(
         "--no-ccf-continuum-normalize", [note] { note("--no-ccf-continuum-normalize"); }, "")
      ->group("");
}

}  // namespace

void declare_fit_options(CLI::App& app, Options& options) {
  declare_spectra_options(app, options);
  declare_model(app, options.fit);
  declare_fit(app, options);
}

void declare_common_options(CLI::App& app, Options& options) {
  declare_files(app, options);
  declare_fit_options(app, options);
  declare_run(app, options);
  declare_ignored(app, options);
}

}  // namespace rvfit_programs
