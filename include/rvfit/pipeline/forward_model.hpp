// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The model of a star's spectrum: template library, broadening stages, spline, Doppler. Its parameters are in
/// the order of `ParameterLayout`: the library's labels, the widths of the stages that are on, then rv (or one
/// for each exposure).

#include <rvfit/data/parameter_layout.hpp>
#include <rvfit/data/prepare_options.hpp>
#include <rvfit/emulator/domain.hpp>
#include <rvfit/emulator/grid.hpp>
#include <rvfit/emulator/mlp.hpp>
#include <rvfit/pipeline/detail/penalty_kernel.hpp>
#include <rvfit/pipeline/template_model.hpp>
#include <rvfit/stages/broadening.hpp>
#include <rvfit/stages/doppler.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rvfit {

struct ForwardModelOptions {
  double min_rv = -1500.0;  ///< bounds of rv      [km/s]
  double max_rv = 1500.0;
  BroadeningOptions broadening{};  ///< which stages are on, and how wide at most
  /// Velocities: with more than one, exposure e has its own, a parameter rv, rv_2, rv_3 ..; with one
  /// all share it.
  int velocities = 1;
  /// Interpolation in libraries that are grids.
  GridInterpolation interpolation = GridInterpolation::linear;
  /// Outside the complete cells of a grid take the nearest node's template and a penalty by its
  /// distance, as rvspecfit does: both jump at the boundary.
  bool nearest_node_outside = false;
};

/// A template library with broadening and Doppler shift; meets `TemplateModel`.
///
/// @tparam Stages  a StageList: that of the library, or one with stages of a user's own
template <ExecutionPolicy P, class Stages = BroadeningStages>
class ForwardModel {
 public:
  using policy_type = P;
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;

  /// Upload a library.
  /// @throws InvalidArgument  inconsistent data, bounds of rv beyond c; and what the source of a grid's
  ///                          templates throws
  ForwardModel(const Exec& exec, const EmulatorData& data, const ForwardModelOptions& options = {});

  [[nodiscard]] const ParameterSet& parameters() const { return parameters_; }
  [[nodiscard]] int arms() const { return static_cast<int>(data_.arms.size()); }
  [[nodiscard]] int arm_index(const std::string& name) const { return data_.arm_index(name); }
  /// Columns of theta.
  [[nodiscard]] const ParameterLayout& layout() const { return layout_; }

  /// Arrays that depend on the observed wavelengths alone.
  struct Plan {
    int arm;
    int rv;                        ///< parameter that shifts it
    Matrix<const double, P> base;  ///< (1 or B, N)
  };

  /// The observed wavelengths of an arm that templates reach at every rv of a range, broadening included.
  [[nodiscard]] WaveRange covered(int arm, double min_rv, double max_rv) const {
    const TemplateGrid& g = grid(arm);
    // An observed pixel shows light from so far on either side.
    const double support = stages(arm).max_support();
    return {g.wave(support) / rest_over_observed(max_rv),
            g.wave(g.size - 1 - support) / rest_over_observed(min_rv)};
  }

  /// Check that templates reach the observed wavelengths (1 or B, N) at every rv of a range.
  /// @throws InvalidArgument  naming the arm and what is missing on either side
  void require_coverage(const Exec& exec, int arm, const Matrix<const double, P>& wave,
                        double min_rv, double max_rv) const;

  /// The same model with templates no longer than observed wavelengths of an arm can see at any rv of a range. Networks
  /// on hosts can leave pixels out; other libraries, and wavelengths that are not covered, leave it as it is.
  [[nodiscard]] ForwardModel trimmed(int arm, const WaveRange& observed, double min_rv,
                                     double max_rv) const;

  /// Positions of observed pixels on the template grid of an arm.
  /// @throws InvalidArgument  an exposure beyond the velocities, if there are several
  [[nodiscard]] Plan plan(const Exec& exec, int arm, const Matrix<const double, P>& wave,
                          int exposure = 0) const;

  [[nodiscard]] int velocities() const { return layout_.velocities; }
  [[nodiscard]] Tangents tangents(const Plan& plan) const {
    return {layout_.observed_lanes() - 1, plan.rv};
  }

  /// Device arrays of one tile of templates.
  struct Workspace {
    typename Mlp<P>::Workspace network;
    typename GridLibrary<P>::Workspace stencil;
    Vector<Real, P> templates;     ///< (T, 1 + labels, M)
    Vector<Real, P> coefficients;  ///< (T, 1 + labels + widths, M + 2)

    Workspace(const Exec& exec, const ForwardModel& model, int tile)
        : network(exec,
                  static_cast<std::size_t>(tile) *
                      static_cast<std::size_t>(model.layout().library_lanes()),
                  model.width()),
          stencil(exec, tile, model.layout().library_lanes(), model.stencil_nodes()) {
      const auto rows = static_cast<std::size_t>(tile);
      const auto library = static_cast<std::size_t>(model.layout().library_lanes());
      const auto broadened = static_cast<std::size_t>(model.layout().broadened_lanes());
      const auto pixels = static_cast<std::size_t>(model.max_pixels());
      templates = allocate_raw<Vector<Real, P>>(exec, "rvfit::ForwardModel::templates",
                                                rows * library * pixels);
      coefficients = allocate_raw<Vector<Real, P>>(exec, "rvfit::ForwardModel::coefficients",
                                                   rows * broadened * (pixels + 2));
    }
  };

  /// Templates of one arm, broadened, as spline coefficients.
  void synthesize(const Exec& exec, int arm, const Tile<P>& tile,
                  const Matrix<const double, P>& theta, int lanes, Workspace& workspace) const;

  /// Broadened templates on the pixels of one observed arm.
  void observe(const Exec& exec, const Plan& plan, const Tile<P>& tile,
               const Matrix<const double, P>& theta, int lanes, const Jets<P>& jets,
               Workspace& workspace) const;

  /// Templates of one arm with all lanes, broadened, as spline coefficients.
  struct Kept {
    Vector<Real, P> coefficients;  ///< (count, 1 + labels + widths, M + 2)
    int count = 0;
  };

  /// The templates of a tile.
  [[nodiscard]] Kept keep(const Exec& exec, int arm, const Tile<P>& tile,
                          const Matrix<const double, P>& theta) const {
    Workspace workspace(exec, *this, tile.size);
    synthesize(exec, arm, tile, theta, layout_.observed_lanes(), workspace);
    return {workspace.coefficients, tile.size};
  }

  /// As `observe`, of template templates(b) for fit b.
  void observe_kept(const Exec& exec, const Plan& plan, const Tile<P>& tile,
                    const Matrix<const double, P>& theta, int lanes, const Jets<P>& jets,
                    const Kept& kept, const Vector<const int, P>& templates) const {
    const int columns = grid(plan.arm).size + 2 * spline_padding;
    const int rows = layout_.broadened_lanes();
    const MatrixRef<const Real> c{kept.coefficients.data(), kept.count * rows, columns, columns};
    rvfit::observe<P>(exec, tile, theta, plan.rv, DopplerMap(grid(plan.arm)), plan.base,
                      broadened_lanes(lanes), SplineRows<P>(c, rows, templates), jets);
  }

  /// Penalty outside the domain of one arm.
  void add_penalty(const Exec& exec, int arm, const Tile<P>& tile,
                   const Matrix<const double, P>& theta, const Vector<const double, P>& weight,
                   const Linearization<P>& out, bool derivatives) const;

  /// Points of a Halton sequence inside the domain of every arm, with a few widths.
  [[nodiscard]] std::vector<double> start_points(int count) const;

 private:
  using Library = std::variant<Mlp<P>, GridLibrary<P>>;
  using Domain = std::variant<ArmDomain<P>, GridDomain<P>>;

  [[nodiscard]] const TemplateGrid& grid(int arm) const {
    return data_.arms[static_cast<std::size_t>(arm)].grid;
  }
  [[nodiscard]] int max_pixels() const {
    int largest = 0;
    for (const ArmData& arm : data_.arms) {
      largest = std::max(largest, arm.grid.size);
    }
    return largest;
  }
  [[nodiscard]] int width() const {
    int widest = 0;
    for (const Library& library : libraries_) {
      const auto* network = std::get_if<Mlp<P>>(&library);
      widest = std::max(widest, network == nullptr ? 0 : network->width());
    }
    return widest;
  }
  [[nodiscard]] int stencil_nodes() const {
    int most = 0;
    for (const Library& library : libraries_) {
      const auto* templates = std::get_if<GridLibrary<P>>(&library);
      most = std::max(most, templates == nullptr ? 0 : templates->stencil_nodes());
    }
    return most;
  }
  [[nodiscard]] int broadened_lanes(int lanes) const {
    return lanes == 1 ? 1 : layout_.broadened_lanes();
  }
  [[nodiscard]] ActiveStages<Stages> stages(int arm) const {
    return {options_.broadening, layout_.labels, grid(arm).step};
  }

  [[nodiscard]] MatrixRef<Real> coefficients(int arm, const Tile<P>& tile, int lanes,
                                             Workspace& workspace) const {
    const int columns = grid(arm).size + 2 * spline_padding;
    return {workspace.coefficients.data(), tile.size * broadened_lanes(lanes), columns, columns};
  }

  EmulatorData data_;  ///< without weights and templates
  ForwardModelOptions options_;
  ParameterSet parameters_;
  ParameterLayout layout_;
  std::vector<Library> libraries_;
  std::vector<Domain> domains_;
};

template <ExecutionPolicy P, class Stages>
std::vector<double> ForwardModel<P, Stages>::start_points(int count) const {
  constexpr int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29};
  constexpr int max_draws = 100000;
  const auto radical_inverse = [](int n, int base) {
    double result = 0.0;
    for (double digit = 1.0 / base; n > 0; n /= base, digit /= base) {
      result += digit * (n % base);
    }
    return result;
  };
  const auto inside = [&](const std::vector<double>& label) {
    return std::all_of(data_.arms.begin(), data_.arms.end(),
                       [&](const ArmData& arm) { return arm.is_inside(label); });
  };
  std::vector<double> points;
  int accepted = 0;
  for (int n = 1; n <= max_draws && accepted < count; ++n) {
    std::vector<double> label;
    for (int j = 0; j < layout_.labels; ++j) {
      const LabelData& box = data_.labels[static_cast<std::size_t>(j)];
      const double u = radical_inverse(n, primes[j]);
      const bool log10 = data_.arms.front().inputs[static_cast<std::size_t>(j)].log10;
      label.push_back(log10 ? box.lower * std::pow(box.upper / box.lower, u)
                            : box.lower + u * (box.upper - box.lower));
    }
    if (inside(label)) {
      points.insert(points.end(), label.begin(), label.end());
      const auto widths = stage_starts(Stages{}, options_.broadening, accepted);
      points.insert(points.end(), widths.begin(), widths.end());
      points.insert(points.end(), static_cast<std::size_t>(layout_.velocities), 0.0);
      ++accepted;
    }
  }
  RVFIT_REQUIRE(accepted == count, "ForwardModel: only ", accepted, " of ", count,
                " start points lie inside the library's domain");
  return points;
}

template <ExecutionPolicy P, class Stages>
void ForwardModel<P, Stages>::require_coverage(const Exec& exec, int arm,
                                               const Matrix<const double, P>& wave, double min_rv,
                                               double max_rv) const {
  const double support = stages(arm).max_support();
  const auto [lowest, highest] = covered(arm, min_rv, max_rv);
  const auto host = download(exec, wave);
  const auto last = host.extent(1) - 1;
  for (std::size_t row = 0; row < host.extent(0); ++row) {
    const double first_wave = host(row, 0);
    const double last_wave = host(row, last);
    RVFIT_REQUIRE(first_wave >= lowest && last_wave <= highest, "arm ",
                  data_.arms[static_cast<std::size_t>(arm)].name, ": the emulator covers ", lowest,
                  " to ", highest, " Angstrom at rv ", min_rv, " to ", max_rv,
                  " km/s with broadening of up to ", support,
                  " template pixels, the data reach from ", first_wave, " to ", last_wave, ": ",
                  std::max(lowest - first_wave, 0.0), " Angstrom missing below, ",
                  std::max(last_wave - highest, 0.0), " above");
  }
}

template <ExecutionPolicy P, class Stages>
ForwardModel<P, Stages> ForwardModel<P, Stages>::trimmed(int arm, const WaveRange& observed,
                                                         double min_rv, double max_rv) const {
  ForwardModel result = *this;
  const auto index = static_cast<std::size_t>(arm);
  const TemplateGrid& whole = grid(arm);
  const double spare = stages(arm).max_support() + 1.0;  // a pixel for rounding
  const double first = whole.pixel(observed.lower * rest_over_observed(max_rv)) - spare;
  const double last = whole.pixel(observed.upper * rest_over_observed(min_rv)) + spare;
  const auto* network = std::get_if<Mlp<P>>(&libraries_[index]);
  if (network != nullptr && first >= 0.0 && last <= whole.size - 1.0) {
    // The spline leans on pixels beyond, those that there are.
    const int begin = std::max(static_cast<int>(first) - spline_reach<Real>, 0);
    const int end = std::min(static_cast<int>(last) + 1 + spline_reach<Real>, whole.size - 1);
    const auto part = network->stretch(begin, end);
    result.libraries_[index] = part.network;
    result.data_.arms[index].grid = {whole.origin + part.first * whole.step, whole.step,
                                     part.network.pixels()};
  }
  return result;
}

template <ExecutionPolicy P, class Stages>
ForwardModel<P, Stages>::ForwardModel(const Exec& exec, const EmulatorData& data,
                                      const ForwardModelOptions& options)
    : data_(data), options_(options) {
  require_consistent(data);
  RVFIT_REQUIRE(
      std::abs(options.min_rv) < speed_of_light && std::abs(options.max_rv) < speed_of_light,
      "ForwardModel: rv from ", options.min_rv, " to ", options.max_rv, " km/s");
  std::vector<Parameter> parameters;
  for (const LabelData& label : data.labels) {
    parameters.push_back({.name = label.name,
                          .unit = label.unit,
                          .lower = label.lower,
                          .upper = label.upper,
                          .scale = 0.1 * (label.upper - label.lower)});
  }
  const std::vector<Parameter> widths = stage_parameters(Stages{}, options.broadening);
  parameters.insert(parameters.end(), widths.begin(), widths.end());
  RVFIT_REQUIRE(options.velocities >= 1, "ForwardModel: ", options.velocities, " velocities");
  layout_ = {.labels = static_cast<int>(data.labels.size()),
             .widths = static_cast<int>(widths.size()),
             .velocities = options.velocities};
  for (int e = 1; e <= options.velocities; ++e) {
    parameters.push_back({.name = e == 1 ? "rv" : "rv_" + std::to_string(e),
                          .unit = "km/s",
                          .lower = options.min_rv,
                          .upper = options.max_rv,
                          .scale = 10.0});
  }
  parameters_ = ParameterSet(std::move(parameters));
  for (const ArmData& arm : data.arms) {
    if (arm.is_grid()) {
      const GridLibrary<P> library(exec, arm, options.interpolation, options.nearest_node_outside);
      libraries_.push_back(library);
      domains_.push_back(library.domain());
    } else {
      const Mlp<P> network(exec, arm);
      const std::size_t columns = data.labels.size() + 1;
      libraries_.push_back(network);
      domains_.push_back(ArmDomain<P>{
          upload_matrix<Matrix<const double, P>>(exec, "rvfit::ForwardModel::domain", arm.domain,
                                                 arm.domain.size() / columns, columns),
          network.scaling()});
    }
  }
  for (ArmData& arm : data_.arms) {  // on the device now
    arm.layers.clear();
    arm.label_grid.read = nullptr;
  }
}

template <ExecutionPolicy P, class Stages>
auto ForwardModel<P, Stages>::plan(const Exec& exec, int arm, const Matrix<const double, P>& wave,
                                   int exposure) const -> Plan {
  return {arm, layout_.rv(exposure), base_positions<P>(exec, DopplerMap(grid(arm)), wave)};
}

template <ExecutionPolicy P, class Stages>
void ForwardModel<P, Stages>::synthesize(const Exec& exec, int arm, const Tile<P>& tile,
                                         const Matrix<const double, P>& theta, int lanes,
                                         Workspace& workspace) const {
  const int library_lanes = lanes == 1 ? 1 : layout_.library_lanes();
  const int pixels = grid(arm).size;
  const MatrixRef<Real> templates{workspace.templates.data(), tile.size * library_lanes, pixels,
                                  pixels};
  const Library& library = libraries_[static_cast<std::size_t>(arm)];
  if (const auto* network = std::get_if<Mlp<P>>(&library)) {
    network->evaluate(exec, tile, theta, library_lanes, templates, workspace.network);
  } else {
    std::get<GridLibrary<P>>(library).evaluate(exec, tile, theta, library_lanes, templates,
                                               workspace.stencil);
  }
  broaden<P>(exec, tile, theta, stages(arm), library_lanes, broadened_lanes(lanes),
             {templates.data, templates.rows, pixels, pixels},
             coefficients(arm, tile, lanes, workspace));
}

template <ExecutionPolicy P, class Stages>
void ForwardModel<P, Stages>::observe(const Exec& exec, const Plan& plan, const Tile<P>& tile,
                                      const Matrix<const double, P>& theta, int lanes,
                                      const Jets<P>& jets, Workspace& workspace) const {
  const MatrixRef<Real> c = coefficients(plan.arm, tile, lanes, workspace);
  rvfit::observe<P>(exec, tile, theta, plan.rv, DopplerMap(grid(plan.arm)), plan.base,
                    broadened_lanes(lanes), {c.data, c.rows, c.columns, c.stride}, jets);
}

template <ExecutionPolicy P, class Stages>
void ForwardModel<P, Stages>::add_penalty(const Exec& exec, int arm, const Tile<P>& tile,
                                          const Matrix<const double, P>& theta,
                                          const Vector<const double, P>& weight,
                                          const Linearization<P>& out, bool derivatives) const {
  std::visit(
      [&](const auto& domain) {
        using Kernel = detail::AddPenalty<P, std::decay_t<decltype(domain)>>;
        Kokkos::parallel_for("rvfit::ForwardModel::penalty",
                             typename P::range_policy(exec, 0, tile.size),
                             Kernel{tile, theta, domain, weight, out, derivatives});
      },
      domains_[static_cast<std::size_t>(arm)]);
}

}  // namespace rvfit
