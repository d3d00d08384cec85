// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include <rvfit/continuum/projection.hpp>
#include <rvfit/emulator/mlp.hpp>
#include <rvfit/stages/broadening.hpp>
#include <rvfit/stages/doppler.hpp>

#include <cmath>
#include <type_traits>
#include <vector>

namespace rvfit::test::batch {

constexpr int labels = 4, parameters = 6, pixels = 150, columns = 6;
constexpr int stars = 11, padded = 12;

/// Observations and parameters of some stars, row by row.
struct Stars {
  std::vector<double> theta, flux, weight;

  [[nodiscard]] Stars in_order(const std::vector<int>& order) const {
    const auto take = [&](const std::vector<double>& rows) {
      const auto length = static_cast<std::ptrdiff_t>(rows.size()) / stars;
      std::vector<double> out;
      for (const int b : order) {
        out.insert(out.end(), rows.begin() + b * length, rows.begin() + (b + 1) * length);
      }
      return out;
    };
    return {take(theta), take(flux), take(weight)};
  }
};

Stars random_stars() {
  Random random(77);
  Stars s;
  for (int b = 0; b < stars; ++b) {
    const auto label = random_labels(random);
    s.theta.insert(s.theta.end(), label.begin(), label.end());
    s.theta.insert(s.theta.end(),
                   {b == 3 ? 0.0 : random.uniform(0, 300), random.uniform(-400, 400)});
    for (int i = 0; i < pixels; ++i) {
      s.flux.push_back(random.uniform(0.5, 2));
      s.weight.push_back(random.uniform(0, 1) < 0.1 ? 0.0 : random.uniform(0.5, 20));
    }
  }
  return s;
}

/// Value, gradient and curvature of each star, in that order.
struct Rows {
  std::vector<double> value, gradient, hessian;
};

void check_same_rows(const Rows& got, const Rows& want) {
  check_same_bits("value", got.value, want.value);
  check_same_bits("gradient", got.gradient, want.gradient);
  check_same_bits("hessian", got.hessian, want.hessian);
}

/// Emulator, rotation, Doppler shift and continuum of one arm, chained.
template <class P>
struct Chain {
  using Real = typename P::real_type;
  Exec exec;
  ArmData arm;
  Mlp<P> network;
  DopplerMap map;
  Matrix<const double, P> base;
  Cube<const Real, P> basis;

  Chain(const Exec& instance, const std::vector<int>& widths)
      : exec(instance),
        arm(random_arm(widths, Activation::silu, 50)),
        network(exec, arm),
        map(arm.grid) {
    std::vector<double> wave;
    for (int i = 0; i < pixels; ++i) {
      wave.push_back(arm.grid.wave(60.0 + 1.87 * i));
    }
    const auto wave_view = upload_matrix<Matrix<const double, P>>(exec, "wave", wave, 1, pixels);
    base = base_positions<P>(exec, map, wave_view);
    basis = continuum_basis<P>(exec, wave_view, {.columns = columns});
  }

  /// Work through a list in tiles of `size` entries.
  [[nodiscard]] Rows run(const Stars& s, const std::vector<int>& list, int size,
                         bool derivatives = true) const {
    const auto theta =
        upload_matrix<Matrix<const double, P>>(exec, "theta", s.theta, stars, parameters);
    const SpectrumBatch<P> data = make_spectrum_batch<P>(
        exec, "desi_b", base,
        upload_matrix<Matrix<const Real, P>>(exec, "flux", s.flux, stars, pixels),
        upload_matrix<Matrix<const Real, P>>(exec, "weight", s.weight, stars, pixels));
    const Linearization<P> out(exec, stars, parameters);
    const int network_lanes = derivatives ? 1 + labels : 1;
    const int stage_lanes = derivatives ? 2 + labels : 1;
    const int tangents = derivatives ? parameters : 0;
    const typename Mlp<P>::Workspace workspace(exec, static_cast<std::size_t>(size * network_lanes),
                                               network.width());
    const auto templates =
        allocate_raw<Matrix<Real, P>>(exec, "templates", size * network_lanes, network.pixels());
    const auto coefficients = allocate_raw<Matrix<Real, P>>(
        exec, "coefficients", size * stage_lanes, network.pixels() + 2);
    const auto jets = allocate_raw<Jets<P>>(exec, "jets", size, 1 + tangents, pixels);
    Tile<P> tile = tile_of<P>(exec, list, padded);
    tile.size = size;
    for (tile.begin = 0; tile.begin < static_cast<int>(list.size()); tile.begin += size) {
      network.evaluate(exec, tile, theta, network_lanes, ref(templates), workspace);
      broaden<P>(exec, tile, theta, ActiveStages<>({}, labels, arm.grid.step), network_lanes,
                 stage_lanes, const_ref(templates), ref(coefficients));
      observe<P>(exec, tile, theta, labels + 1, map, base, stage_lanes, const_ref(coefficients),
                 jets);
      project<P>(exec, tile, data, basis, jets, tangents, out);
    }
    return {values(exec, out.value), values(exec, out.gradient), values(exec, out.hessian)};
  }
};

/// An ordinary network, one of layers narrower than a vector, and one whose products have a
/// narrow last block.
const std::vector<std::vector<int>> networks{{32, 20, 420}, {7, 5, 420}, {517, 3, 420}};

/// 0 .. stars in another order.
std::vector<int> shuffled() {
  std::vector<int> order;
  for (int b = 0; b < stars; ++b) {
    order.push_back((7 * b + 4) % stars);
  }
  return order;
}

/// x += y
void add(std::vector<double>& x, const std::vector<double>& y) {
  for (std::size_t n = 0; n < x.size(); ++n) {
    x[n] += y[n];
  }
}

template <class P>
void one_is_as_many() {
  const Stars s = random_stars();
  for (const auto& widths : networks) {
    for (const bool derivatives : {true, false}) {
      CAPTURE(widths[0]);
      CAPTURE(derivatives);
      const Chain<P> chain(Exec{}, widths);
      Rows alone = chain.run(s, {0}, 4, derivatives);
      for (int b = 1; b < stars; ++b) {  // rows of the others are zero
        const Rows row = chain.run(s, {b}, 4, derivatives);
        add(alone.value, row.value);
        add(alone.gradient, row.gradient);
        add(alone.hessian, row.hessian);
      }
      check_same_rows(alone, chain.run(s, first(stars), padded, derivatives));
    }
  }
}

template <class P>
void tiles_do_not_matter() {
  const Stars s = random_stars();
  for (const auto& widths : networks) {
    CAPTURE(widths[0]);
    const Chain<P> chain(Exec{}, widths);
    const Rows all = chain.run(s, first(stars), padded);
    check_same_rows(chain.run(s, first(stars), 4), all);
    check_same_rows(chain.run(s, first(stars), 8), all);
    check_same_rows(chain.run(s, shuffled(), padded), all);  // another order of the list
  }
}

template <class P>
void permuted_stars_give_permuted_rows() {
  const Stars s = random_stars();
  const std::vector<int> order = shuffled();
  for (const auto& widths : networks) {
    CAPTURE(widths[0]);
    const Chain<P> chain(Exec{}, widths);
    const Rows all = chain.run(s, first(stars), padded);
    const Rows got = chain.run(s.in_order(order), first(stars), padded);
    const auto take = [&](const std::vector<double>& rows) {
      const auto length = static_cast<std::ptrdiff_t>(rows.size()) / stars;
      std::vector<double> out;
      for (const int b : order) {
        out.insert(out.end(), rows.begin() + b * length, rows.begin() + (b + 1) * length);
      }
      return out;
    };
    check_same_rows(got, {take(all.value), take(all.gradient), take(all.hessian)});
  }
}

template <class P>
void values_need_no_tangents() {
  const Stars s = random_stars();
  for (const auto& widths : networks) {
    CAPTURE(widths[0]);
    const Chain<P> chain(Exec{}, widths);
    check_same_bits("value", chain.run(s, first(stars), padded, false).value,
                    chain.run(s, first(stars), padded).value);
  }
}

template <class P>
void threads_do_not_matter() {
  using Space = typename P::execution_space;
  if constexpr (std::is_constructible_v<Space, int>) {  // OpenMP: an instance of so many threads
    const Stars s = random_stars();
    // The second is wide enough for blocks of a sum, whose size must not depend on the threads.
    for (const auto& widths : {networks.front(), std::vector<int>{400, 420}}) {
      CAPTURE(widths[0]);
      check_same_rows(Chain<P>(Space(1), widths).run(s, first(stars), padded),
                      Chain<P>(Exec{}, widths).run(s, first(stars), padded));
    }
  }
}

template <class P>
void has_numbers_to_compare() {
  const Chain<P> chain(Exec{}, networks.front());
  const Rows rows = chain.run(random_stars(), first(stars), padded);
  for (const auto* part : {&rows.value, &rows.gradient, &rows.hessian}) {
    CHECK(std::all_of(part->begin(), part->end(),
                      [](double x) { return std::isfinite(x) && x != 0.0; }));
  }
}

RVFIT_TEST("batch: the chain gives finite values, gradients and curvatures",
           has_numbers_to_compare);
RVFIT_TEST("batch: a star alone has the same bits as among many", one_is_as_many);
RVFIT_TEST("batch: tiles and the order of the list change no bit", tiles_do_not_matter);
RVFIT_TEST("batch: stars in another order give the same rows in that order",
           permuted_stars_give_permuted_rows);
RVFIT_TEST("batch: values are the same with and without tangents", values_need_no_tangents);
RVFIT_TEST("batch: the number of threads changes no bit", threads_do_not_matter);

}  // namespace rvfit::test::batch
