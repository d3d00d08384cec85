// SPDX-License-Identifier: MIT

/// @file
/// The command line of rvfit_desi: the reference's spellings, settings from a file, and the answer to a
/// wrong word.

#include "desi/options.hpp"

#include "support/scratch_folder.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace rvfit::test {
namespace {

struct Parsed : rvfit_programs::CommandLine {
  rvfit_desi::Options options;
};

/// Parse the words of a line.
Parsed parsed(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> words{"rvfit_desi"};
  for (std::string word; stream >> word;) {
    words.push_back(word);
  }
  std::vector<const char*> pointers;
  for (const std::string& word : words) {
    pointers.push_back(word.c_str());
  }
  Parsed result;
  static_cast<rvfit_programs::CommandLine&>(result) = rvfit_desi::parse_command_line(
      static_cast<int>(pointers.size()), pointers.data(), result.options);
  return result;
}

/// The answer to a line with an emulator and a file.
std::string complaint(const std::string& words) {
  const Parsed line = parsed("--emulator e.fits " + words + " a.fits");
  CHECK_FALSE(line.run);
  CHECK(line.exit_code == 2);
  CHECK(line.message.find('\n') == std::string::npos);
  return line.message;
}

TEST_CASE("options: every option of rvspecfit's command line is read as it is written there") {
  const Parsed line = parsed(
      "--emulator e.fits --nthreads 4 --input_file_from list.txt --queue_file --output_dir out "
      "--targetid 39627 --minsn 2.5 --minexpid 10 --maxexpid 20 --npoly 8 --output_tab_prefix tab "
      "--output_mod_prefix mod --fitarm r,B --figure_dir figs --figure_prefix im --log run.log "
      "--log_level info --param_init CCF --process_status_file status.txt --resolution_matrix "
      "--overwrite 1 --skipexisting --zbest_select --zbest_include --doplot "
      "--no_ccf_continuum_normalize --no_subdirs --throw_exceptions --objtypes MWS_ANY,STD_*");
  CHECK(line.message.empty());
  REQUIRE(line.run);
  const rvfit_desi::Options& options = line.options;
  CHECK(options.threads == 4);
  CHECK(options.input_list == "list.txt");
  CHECK(options.queue);
  CHECK(options.outputs.folder == "out");
  CHECK(options.outputs.table("x/coadd-1.fits.gz") == "out/tab_coadd-1.fits");
  CHECK(options.outputs.models("coadd-1.fits") == "out/mod_coadd-1.fits");
  CHECK(options.outputs.figures("coadd-1.fits") == "figs/im");
  CHECK(options.selection.targets == std::vector<std::int64_t>{39627});
  CHECK(options.selection.min_snr == 2.5);
  CHECK(options.selection.min_expid == 10);
  CHECK(options.selection.max_expid == 20);
  CHECK(options.selection.types == std::vector<std::string>{"MWS_ANY", "STD_*"});
  CHECK(options.selection.by_redrock);
  CHECK(options.include_redrock);
  CHECK(options.fit.continuum.columns == 8);
  CHECK(options.arms == std::vector<std::string>{"B", "R"});
  CHECK(options.log_file == "run.log");
  CHECK(options.log_level == rvfit_programs::LogLevel::info);
  CHECK(options.status_file == "status.txt");
  CHECK(options.fit.resolution_matrix);
  CHECK(options.skip_existing);
  CHECK(options.stop_at_failure);
  CHECK(options.plot);
  CHECK(options.notes.size() == 2);  // --overwrite and --no-ccf-continuum-normalize
  CHECK(options.command.starts_with("--emulator e.fits --nthreads 4 --input_file_from"));
}

TEST_CASE("options: ours") {
  const Parsed line = parsed(
      "--emulator e.fits --targetid 1,2 --targetid 3 --expid-range 5,9 --grid-init "
      "--fix-param vsini=3,feh=-1 --priors teff=5000,200 --priors logg=4,0.5 --sys-err 0.1,b=0.2 "
      "--sys-err r=2% --resolution-matrix --lsf-sigma b=0.67 --clip 5 --scale-errors --rv-floor "
      "0.9 --hessian exact --interpolation cubic --batch-size 7 --subdirs "
      "--good-fiberstatus 3,9 --rv-per-exposure p/q/a.fits p/q/b.fits");
  CHECK(line.message.empty());
  REQUIRE(line.run);
  const rvfit_desi::Options& options = line.options;
  CHECK(options.files.size() == 2);
  CHECK(options.selection.targets == std::vector<std::int64_t>{1, 2, 3});
  CHECK(options.selection.min_expid == 5);
  CHECK(options.selection.max_expid == 9);
  CHECK(options.selection.harmless_status == ((1 << 3) | (1 << 9)));
  CHECK(options.fit.scan.templates > rvfit_programs::FitSettings{}.scan.templates);
  REQUIRE(options.fit.fixed.size() == 2);
  CHECK(options.fit.fixed[1].second == -1);
  REQUIRE(options.fit.priors.size() == 2);
  CHECK(options.fit.priors[0].parameter == "teff");
  CHECK(options.fit.priors[1].sigma == 0.5);
  CHECK(options.fit.systematic_error.of("B") == 0.2);
  CHECK(options.fit.systematic_error.of("R") == 0.1);
  CHECK(options.fit.relative_error.of("R") == 0.02);
  CHECK(options.fit.relative_error.of("B") == 0.0);
  CHECK(options.fit.lsf_sigma.of("B") == 0.67);
  CHECK(std::isnan(options.fit.lsf_sigma.of("Z")));  // the library's
  CHECK(options.fit.clip.sigma == 5);
  CHECK(options.fit.errors.scale);
  CHECK(options.fit.errors.rv_floor == 0.9);
  CHECK(options.fit.hessian == rvfit::HessianKind::exact);
  CHECK(options.fit.model.interpolation == rvfit::GridInterpolation::cubic);
  CHECK(options.fit.batch == 7);
  CHECK(options.join_exposures);
  CHECK(options.outputs.table("o/p/q/a.fits") == "./p/q/rvtab_a.fits");
}

TEST_CASE("options: a wrong word is named, and the nearest right one") {
  CHECK(complaint("--npolly 5") == "--npolly: no such option; did you mean --npoly?");
  CHECK(complaint("--min_ve=5") == "--min-ve: no such option; did you mean --min-vel?");
  CHECK(complaint("--frobnicate") == "--frobnicate: no such option");
  CHECK(complaint("--continuum chebychev") ==
        "--continuum: 'chebychev' is none of rbf, chebyshev; did you mean chebyshev?");
  CHECK(complaint("--log-level warnings").ends_with("did you mean WARNING?"));
  CHECK(complaint("--objtypes MSW_ANY") ==
        "--objtypes: 'MSW_ANY' matches no target bit; did you mean MWS_ANY?");
  CHECK(complaint("--objtypes [") ==
        "--objtypes: '[' is no regular expression: a '[' without its ']'");
  CHECK(complaint("--fit-arm b,u").find("'u' is none of b, r, z") != std::string::npos);
  CHECK(complaint("--priors teff=5") == "--priors: 'teff=5', expected NAME=MEAN,SIGMA");
  CHECK(complaint("--priors teff=5,0") == "--priors: 'teff=5,0': SIGMA must be positive");
  CHECK(complaint("--sys-err b=x") == "--sys-err: 'x' is no number");
  CHECK(complaint("--sys-err b=-1%") == "--sys-err: 'b=-1%' is negative");
  CHECK(complaint("--rv-floor -1").find("--rv-floor") != std::string::npos);
  CHECK(complaint("--lsf-sigma 0.5") ==
        "--lsf-sigma: has no effect without --resolution-matrix or --lsf");
  CHECK(complaint("--targetid 12x") == "--targetid: '12x' is no whole number");
  CHECK(complaint("--queue-file list.txt") == "FILE and --input-file-from exclude each other");
  CHECK(complaint("--backend nowhere").find("'nowhere' is none of ") != std::string::npos);
  CHECK(complaint("--devices 0,1").find("--mpi") != std::string::npos);
  CHECK(complaint("--config absent.yaml").find("absent.yaml") != std::string::npos);
  CHECK(complaint("--targetid 1 --targetid-file x").find("excludes") != std::string::npos);
}

TEST_CASE("options: the command line comes before the file, the file before the defaults") {
  const ScratchFolder folder;
  const std::string path = folder / "config.yaml";
  std::ofstream(path) << "# as rvspecfit's\n"
                         "template_lib: 'templ_data/'\n"
                         "min_vel: -800   # km/s\n"
                         "max_vel: 900\n"
                         "vel_step0: 5\n"
                         "lsf_sigma0_angstrom:\n"
                         "  b: 0.66\n"
                         "  z: 0.77\n"
                         "npoly = 7\n"
                         "skipexisting: true\n";
  const Parsed line = parsed("--emulator e.fits --max-vel 1000 a.fits --config " + path);
  CHECK(line.message.empty());
  REQUIRE(line.run);
  const rvfit_programs::FitSettings& fit = line.options.fit;
  CHECK(fit.model.min_rv == -800);
  CHECK(fit.model.max_rv == 1000);
  CHECK(fit.model.broadening.max_vsini == 500);
  CHECK(fit.continuum.columns == 7);
  CHECK(fit.lsf_sigma.of("B") == 0.66);
  CHECK(fit.lsf_sigma.of("Z") == 0.77);
  CHECK(line.options.skip_existing);
  CHECK(line.options.config_file == path);
  CHECK(line.options.notes.size() == 2);  // template_lib and vel_step0

  std::ofstream(path) << "max_vel: 900\nmin_vell: 5\n";
  CHECK(complaint("--config " + path) ==
        path + ": line 2: min_vell: no such setting; did you mean --min-vel?");
  std::ofstream(path) << "nonsense\n";
  CHECK(complaint("--config " + path) == path + ": line 1: 'nonsense', expected KEY: VALUE");
}

}  // namespace
}  // namespace rvfit::test
