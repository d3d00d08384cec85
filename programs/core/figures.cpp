// SPDX-License-Identifier: MIT

#include "figures.hpp"

#include "figure_script.hpp"
#include "output_names.hpp"
#include <rvfit/io/fits/fits_output.hpp>
#include <rvfit/io/fits/temporary_name.hpp>
#include <rvfit/io/rvtab/row_of_result.hpp>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX declares it nowhere

namespace rvfit_programs {
namespace {

[[nodiscard]] std::string python() {
  const char* given = std::getenv("RVFIT_PYTHON");
  return given != nullptr && *given != '\0' ? given : "python3";
}

/// Run Python code with arguments; true if it ended well.
[[nodiscard]] bool run_python(const std::string& code, const std::vector<std::string>& arguments) {
  std::vector<std::string> words{python(), "-c", code};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  pointers.reserve(words.size() + 1);
  for (std::string& word : words) {
    pointers.push_back(word.data());
  }
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  // The program says in its own words what went wrong.
  posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int failure =
      posix_spawnp(&child, pointers[0], &actions, nullptr, pointers.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  if (failure != 0) {
    return false;
  }
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return false;
    }
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// The title of a figure of target t.
[[nodiscard]] std::string title_of(const rvfit::FitResult& result, int t) {
  const auto value = [&](const char* name) {
    return rvfit::io::value_of(result, result.theta, t, name);
  };
  char text[200];
  std::snprintf(text, sizeof text,
                "logg=%.1f teff=%.1f [Fe/H]=%.1f [alpha/Fe]=%.1f Vrad=%.1f+/-%.1f vsini=%.1f",
                value("logg"), value("teff"), value("feh"), value("alpha"), value("rv"),
                rvfit::io::value_of(result, result.error, t, "rv"), value("vsini"));
  return text;
}

/// A spectrum's name in the name of its figure: the reader's, or else the file's.
[[nodiscard]] std::string name_of_row(const Reading& reading, std::size_t row) {
  return reading.names.empty()
             ? std::filesystem::path(base_name(reading.spectra.path)).stem().string()
             : reading.names[row];
}

/// The unit of a spectrum's fluxes in that of its file.
[[nodiscard]] double unit_of(const rvfit::io::SpectraArm& arm, std::size_t row) {
  return arm.unit.empty() ? 1.0 : arm.unit[row];
}

/// Errors of the good pixels of a spectrum, 0 of the bad ones.
[[nodiscard]] std::vector<float> errors_of(const rvfit::io::SpectraArm& arm, std::size_t row) {
  std::vector<float> errors;
  for (std::size_t i = row * arm.pixels(); i < (row + 1) * arm.pixels(); ++i) {
    const bool good = arm.mask[i] <= 0 && arm.ivar[i] > 0 && std::isfinite(arm.ivar[i]) &&
                      std::isfinite(arm.flux[i]);
    errors.push_back(good ? static_cast<float>(unit_of(arm, row)) / std::sqrt(arm.ivar[i]) : 0.0F);
  }
  return errors;
}

/// A figure: where its spectrum and model are in a batch.
struct Figure {
  std::size_t row;
  std::string path;
  std::string title;
};

[[nodiscard]] std::vector<Figure> figures_of(const Reading& reading, const Part& part,
                                             const Options& options) {
  const std::string prefix = options.outputs.figures(reading.spectra.path);
  const std::size_t exposures = part.batch.exposures;
  std::vector<Figure> figures;
  for (std::size_t b = 0; b < part.targets.size(); ++b) {
    const std::size_t first = reading.targets[part.targets[b]].front();
    const std::string stem =
        prefix + "_" + name_of_row(reading, first) + "_" + std::to_string(first);
    for (std::size_t e = 0; e < exposures; ++e) {
      if (rvfit::is_solution(part.fit.result.status[b])) {
        const std::string path = stem + (exposures > 1 ? "_" + std::to_string(e) : "") + ".png";
        figures.push_back(
            {e * part.targets.size() + b, path, title_of(part.fit.result, static_cast<int>(b))});
      }
    }
  }
  return figures;
}

/// Some rows of a row-major matrix.
template <class T>
void add_row(std::vector<T>& to, const std::vector<T>& matrix, std::size_t pixels,
             std::size_t row) {
  const auto first = matrix.begin() + static_cast<std::ptrdiff_t>(row * pixels);
  to.insert(to.end(), first, first + static_cast<std::ptrdiff_t>(pixels));
}

/// The input of the script.
void write_input(const std::string& path, const Part& part, const std::vector<Figure>& figures) {
  namespace io = rvfit::io;
  io::FitsOutput file(path);
  std::vector<std::string> names, titles;
  for (const Figure& figure : figures) {
    names.push_back(figure.path);
    titles.push_back(figure.title);
  }
  file.write_table("STARS", {{"FIGURE", "", "", names}, {"TITLE", "", "", titles}});
  for (std::size_t a = 0; a < part.batch.arms.size(); ++a) {
    const io::SpectraArm& arm = part.batch.arms[a];
    const std::size_t pixels = arm.pixels();
    std::vector<double> wave;
    std::vector<float> flux, error, model;
    for (const Figure& figure : figures) {
      for (std::size_t i = figure.row * pixels; i < (figure.row + 1) * pixels; ++i) {
        flux.push_back(static_cast<float>(arm.flux[i] * unit_of(arm, figure.row)));
      }
      const std::vector<float> errors = errors_of(arm, figure.row);
      error.insert(error.end(), errors.begin(), errors.end());
      add_row(model, part.fit.models[a], pixels, figure.row);
      add_row(wave, arm.wave, pixels, arm.wave_rows == 1 ? 0 : figure.row);
    }
    const io::ArrayShape shape{figures.size(), pixels};
    file.write_image(arm.label + "_WAVELENGTH", wave, shape, "Angstrom");
    file.write_image(arm.label + "_FLUX", flux, shape);
    file.write_image(arm.label + "_ERROR", error, shape);
    file.write_image(arm.label + "_MODEL", model, shape);
  }
  file.commit();
}

}  // namespace

void require_plotting() {
  if (!run_python("import astropy, matplotlib", {})) {
    throw rvfit::io::IoError("--doplot: " + python() +
                             " does not run, or lacks matplotlib or astropy (RVFIT_PYTHON names "
                             "another)");
  }
}

std::vector<std::string> draw_figures(const Reading& reading, const Part& part,
                                      const Options& options) {
  const std::vector<Figure> figures = figures_of(reading, part, options);
  std::vector<std::string> paths;
  paths.reserve(figures.size());
  for (const Figure& figure : figures) {
    paths.push_back(figure.path);
  }
  if (paths.empty()) {
    return paths;
  }
  make_folder_of(paths.front());
  const rvfit::io::TemporaryName input(paths.front() + ".fits");
  write_input(input.path().string(), part, figures);
  if (!run_python(figure_script, {input.path().string()})) {
    for (const std::string& path : paths) {
      std::error_code ignored;
      std::filesystem::remove(path, ignored);
    }
    throw rvfit::io::IoError(reading.spectra.path + ": its figures cannot be drawn in " +
                             std::filesystem::path(paths.front()).parent_path().string());
  }
  return paths;
}

}  // namespace rvfit_programs
