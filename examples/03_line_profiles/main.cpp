// SPDX-License-Identifier: MIT

/// @file
/// Fit every spaxel of a spectral cube with a Gaussian, a Lorentzian and a Voigt profile, choose one,
/// print how well that went, and write a map.
///
///   line_profiles [SIDE] [MAP.csv]

#include "cube.hpp"
#include "profiles.hpp"
#include <rvfit/residual/residual_fitter.hpp>

#include <Kokkos_Core.hpp>

#include <array>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace line_profiles {
namespace {

using P = rvfit::Policy<Kokkos::DefaultExecutionSpace, double, double>;

/// One profile fitted to all spaxels, on the host.
struct Fits {
  std::vector<double> chi2;          ///< (N)
  std::vector<double> centre;        ///< (N)  Angstrom
  std::vector<double> centre_error;  ///< (N)
  std::vector<rvfit::FitStatus> status;
};

/// @param start   (N, P)
/// @param widths  parameters that are widths: positive
template <class Model>
Fits fit(const P::execution_space& exec, const Cube& cube, const rvfit::ResidualData<P>& data,
         const Model& model, const std::vector<double>& start,
         const std::vector<rvfit::Parameter>& parameters) {
  const auto spaxels = static_cast<std::size_t>(cube.spaxels());
  const auto fits = rvfit::fit_residuals<P>(exec, model, data,
                                            rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
                                                exec, "start", start, spaxels, parameters.size()),
                                            {.parameters = rvfit::ParameterSet(parameters)});
  const auto theta = rvfit::download(exec, fits.theta);
  const auto chi2 = rvfit::download(exec, fits.value);
  const auto covariance = rvfit::download(exec, fits.covariance);
  const auto status = rvfit::download(exec, fits.status);
  Fits out;
  for (std::size_t s = 0; s < spaxels; ++s) {
    out.chi2.push_back(chi2(s));
    out.centre.push_back(theta(s, 1));
    out.centre_error.push_back(std::sqrt(covariance(s, 1, 1)));
    out.status.push_back(status(s));
  }
  return out;
}

/// The three fits of all spaxels, in the order of `names`.
std::array<Fits, 3> fit_profiles(const P::execution_space& exec, const Cube& cube) {
  const auto points = cube.wave.size();
  const rvfit::ResidualData<P> data{
      .y = rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
          exec, "flux", cube.flux, static_cast<std::size_t>(cube.spaxels()), points),
      .weight = rvfit::upload_matrix<rvfit::Matrix<const double, P>>(
          exec, "weight", std::vector<double>(points, 1.0 / cube.sigma), 1, points)};
  const auto wave = rvfit::upload<Wave>(exec, "wave", cube.wave);

  std::vector<double> simple, mixed;  // starts of one width and of two
  for (int s = 0; s < cube.spaxels(); ++s) {
    const Guess g = guess(cube, s);
    simple.insert(simple.end(), {g.flux, g.centre, g.width, g.continuum});
    mixed.insert(mixed.end(), {g.flux, g.centre, 0.6 * g.width, 0.6 * g.width, g.continuum});
  }
  const rvfit::Parameter flux{.name = "flux"}, continuum{.name = "continuum"};
  const rvfit::Parameter centre{
      .name = "centre", .unit = "Angstrom", .lower = cube.wave.front(), .upper = cube.wave.back()};
  const rvfit::Parameter sigma{.name = "sigma", .unit = "Angstrom", .lower = 0.05};
  const rvfit::Parameter gamma{.name = "gamma", .unit = "Angstrom", .lower = 0.0};
  return {fit(exec, cube, data, Gaussian{wave}, simple, {flux, centre, sigma, continuum}),
          fit(exec, cube, data, Lorentzian{wave}, simple, {flux, centre, gamma, continuum}),
          fit(exec, cube, data, Voigt{wave}, mixed, {flux, centre, sigma, gamma, continuum})};
}

/// The profile with the least chi2 + P ln M (Schwarz, Ann. Stat. 6, 461, 1978): a Voigt profile always fits
/// at least as well as those that it contains, and has to be worth its parameter.
Kind choose(const std::array<Fits, 3>& fits, std::size_t spaxel, int points) {
  const std::array<int, 3> parameters{Gaussian::parameters, Lorentzian::parameters,
                                      Voigt::parameters};
  Kind best = gaussian;
  double least = std::numeric_limits<double>::infinity();
  for (const Kind kind : {gaussian, lorentzian, voigt}) {
    const double score = fits[kind].chi2[spaxel] + parameters[kind] * std::log(points);
    if (score < least) {
      least = score;
      best = kind;
    }
  }
  return best;
}

void write_map(const std::string& path, const Cube& cube, const std::array<Fits, 3>& fits,
               const std::vector<Kind>& chosen) {
  std::ofstream map(path);
  map << "x,y,profile,chi2,centre,centre_error,status\n";
  for (std::size_t s = 0; s < chosen.size(); ++s) {
    const Fits& fit = fits[chosen[s]];
    const int spaxel = static_cast<int>(s);
    map << spaxel % cube.side << ',' << spaxel / cube.side << ',' << names[chosen[s]] << ','
        << fit.chi2[s] << ',' << fit.centre[s] << ',' << fit.centre_error[s] << ','
        << rvfit::to_string(fit.status[s]) << '\n';
  }
  if (!map.flush()) {
    throw std::runtime_error("cannot write " + path);
  }
}

/// One row for each true profile: how often each was chosen, and the errors of the centre.
/// @return spaxels whose profile was recognised
int print_table(const Cube& cube, const std::array<Fits, 3>& fits,
                const std::vector<Kind>& chosen) {
  int recognised = 0;
  std::printf("%-11s %8s  chosen: %9s %11s %6s  centre: rms/A   pull\n", "true line", "spaxels",
              names[0], names[1], names[2]);
  for (const Kind truth : {gaussian, lorentzian, voigt}) {
    std::array<int, 3> count{};
    double squares = 0.0, pulls = 0.0;
    int total = 0;
    for (std::size_t s = 0; s < chosen.size(); ++s) {
      if (cube.kind[s] == truth) {
        const Fits& fit = fits[chosen[s]];
        const double error = fit.centre[s] - cube.centre[s];
        squares += error * error;
        pulls += std::pow(error / fit.centre_error[s], 2);
        ++count[chosen[s]];
        ++total;
      }
    }
    recognised += count[truth];
    std::printf("%-11s %8d          %9d %11d %6d         %7.4f %6.2f\n", names[truth], total,
                count[0], count[1], count[2], std::sqrt(squares / total), std::sqrt(pulls / total));
  }
  return recognised;
}

int run(int side, const std::string& path) {
  const P::execution_space exec;
  const Cube cube = simulate_cube(side);
  const std::array<Fits, 3> fits = fit_profiles(exec, cube);
  std::vector<Kind> chosen;
  chosen.reserve(static_cast<std::size_t>(cube.spaxels()));
  for (int s = 0; s < cube.spaxels(); ++s) {
    chosen.push_back(choose(fits, static_cast<std::size_t>(s), cube.points()));
  }
  const int recognised = print_table(cube, fits, chosen);
  std::printf("%d of %d lines recognised\n", recognised, cube.spaxels());
  if (!path.empty()) {
    write_map(path, cube, fits, chosen);
  }
  return 10 * recognised >= 9 * cube.spaxels() ? 0 : 1;
}

}  // namespace
}  // namespace line_profiles

int main(int argc, char** argv) {
  const Kokkos::ScopeGuard kokkos(argc, argv);
  try {
    return line_profiles::run(argc > 1 ? std::stoi(argv[1]) : 64, argc > 2 ? argv[2] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "line_profiles: %s\n", error.what());
    return 2;
  }
}
