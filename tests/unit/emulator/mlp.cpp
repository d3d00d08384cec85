// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/eigen_oracle.hpp"
#include "support/oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/emulator/mlp.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test::mlp {

constexpr int labels = 4, columns = 6, lanes = 5;  // theta has vsini and rv after the labels

const char* name_of(Activation activation) {
  switch (activation) {
    case Activation::silu:
      return "silu";
    case Activation::tanh:
      return "tanh";
    case Activation::sigmoid:
      return "sigmoid";
    case Activation::leaky_relu:
      return "leaky_relu";
    case Activation::relu:
      return "relu";
    default:
      return "identity";
  }
}

/// Jets (lanes, pixels) of one star by Eigen in double, row-major.
std::vector<double> oracle_jets(const ArmData& arm, const std::vector<double>& theta) {
  Eigen::MatrixXd jets = Eigen::MatrixXd::Zero(lanes, labels);
  for (int j = 0; j < labels; ++j) {
    const InputData& input = arm.inputs[static_cast<std::size_t>(j)];
    const double label = theta[static_cast<std::size_t>(j)];
    jets(0, j) = ((input.log10 ? std::log10(label) : label) - input.offset) / input.scale;
    jets(1 + j, j) = (input.log10 ? 1.0 / (std::log(10.0) * label) : 1.0) / input.scale;
  }
  for (const LayerData& layer : arm.layers) {
    using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const Eigen::Map<const RowMajor> weight(layer.weight.data(), layer.outputs, layer.inputs);
    const Eigen::Map<const Eigen::VectorXf> bias(layer.bias.data(), layer.outputs);
    const bool exponential = arm.exponential_output && &layer == &arm.layers.back();
    jets =
        oracle::dense_layer(jets, weight.cast<double>(), bias.cast<double>(),
                            exponential ? "exponential" : name_of(layer.activation), layer.slope);
  }
  std::vector<double> out;
  for (Eigen::Index l = 0; l < jets.rows(); ++l) {
    for (Eigen::Index i = 0; i < jets.cols(); ++i) {
      out.push_back(jets(l, i));
    }
  }
  return out;
}

std::vector<double> random_theta(int stars, std::uint64_t seed) {
  Random random(seed);
  std::vector<double> theta;
  for (int b = 0; b < stars; ++b) {
    const auto label = random_labels(random);
    theta.insert(theta.end(), label.begin(), label.end());
    theta.insert(theta.end(), {random.uniform(0, 100), random.uniform(-300, 300)});
  }
  return theta;
}

/// Templates (T, lanes, pixels) of a list of stars, in a tile of `size` entries.
template <class P>
std::vector<typename P::real_type> evaluate(const ArmData& arm, const std::vector<double>& theta,
                                            const std::vector<int>& list, int size, int used) {
  using Real = typename P::real_type;
  const Exec exec{};
  const Mlp<P> network(exec, arm);
  const typename Mlp<P>::Workspace workspace(exec, static_cast<std::size_t>(size * used),
                                             network.width());
  const auto out = allocate<Matrix<Real, P>>(exec, "out", size * used, network.pixels());
  network.evaluate(
      exec, tile_of<P>(exec, list, size),
      upload_matrix<Matrix<const double, P>>(exec, "theta", theta, theta.size() / columns, columns),
      used, ref(out), workspace);
  return values(exec, out);
}

/// Tangents in units of their inputs' scale, so that all lanes are of the same size.
template <class T>
std::vector<double> scaled(const ArmData& arm, const std::vector<T>& jets,
                           const std::vector<double>& theta) {
  std::vector<double> out(jets.begin(), jets.end());
  const std::size_t pixels = out.size() / lanes;
  for (std::size_t i = pixels; i < out.size(); ++i) {
    const std::size_t j = i / pixels - 1;
    out[i] *= arm.inputs[j].scale * (arm.inputs[j].log10 ? std::log(10.0) * theta[j] : 1.0);
  }
  return out;
}

struct Network {
  std::vector<int> widths;
  Activation activation;
};

const std::vector<Network> networks{{{40}, Activation::identity},
                                    {{7, 33}, Activation::tanh},
                                    {{65, 31, 513}, Activation::silu},
                                    {{128, 100, 33, 1025}, Activation::silu},
                                    {{33, 33, 33, 33, 64}, Activation::leaky_relu}};

template <class P>
void agrees_with_eigen() {
  using Real = typename P::real_type;
  constexpr int stars = 9, size = 12;
  for (const auto& [widths, activation] : networks) {
    for (const bool exponential : {true, false}) {
      CAPTURE(widths.size());
      CAPTURE(exponential);
      ArmData arm = random_arm(widths, activation, 10 + widths.size());
      arm.exponential_output = exponential;
      const auto theta = random_theta(stars, 4);
      const auto got = evaluate<P>(arm, theta, first(stars), size, lanes);
      const std::size_t per_star = lanes * static_cast<std::size_t>(widths.back());
      const auto values_only = evaluate<P>(arm, theta, first(stars), size, 1);
      for (std::size_t b = 0; b < stars; ++b) {
        CAPTURE(b);
        const std::vector<double> label(theta.begin() + static_cast<std::ptrdiff_t>(b * columns),
                                        theta.end());
        const auto begin = got.begin() + static_cast<std::ptrdiff_t>(b * per_star);
        const std::vector<Real> star(begin, begin + static_cast<std::ptrdiff_t>(per_star));
        const auto want = scaled(arm, oracle_jets(arm, label), label);
        // Each layer rounds sums of products of norm about one and passes on what came in; the
        // exponential and the tangents of five layers magnify both by less than ten.
        double allowed = 0.0;
        for (const int width : widths) {
          allowed += 10.0 * (dot_rounding<Real>(width, 1.0) + rounding<Real>(16));
        }
        check_close("jets", scaled(arm, star, label), want, {allowed});
        const auto value = values_only.begin() +
                           static_cast<std::ptrdiff_t>(b * static_cast<std::size_t>(widths.back()));
        check_same_bits("values alone", std::vector<Real>(value, value + widths.back()),
                        std::vector<Real>(star.begin(), star.begin() + widths.back()));
      }
    }
  }
}

template <class P>
void tangents_are_derivatives() {
  const ArmData arm = random_arm({65, 31, 513}, Activation::silu, 20);
  const auto theta = random_theta(1, 5);
  const std::size_t pixels = 513;
  const auto jets = evaluate<P>(arm, theta, {0}, 4, lanes);
  for (std::size_t j = 0; j < labels; ++j) {
    CAPTURE(j);
    // Step 0.01 in units of the scaled input, on which everything varies over about one.
    const double h =
        0.01 * arm.inputs[j].scale * (arm.inputs[j].log10 ? std::log(10.0) * theta[j] : 1.0);
    const auto slope = oracle::derivative_of_array(
        [&](double label) {
          auto moved = theta;
          moved[j] = label;
          auto value = evaluate<P>(arm, moved, {0}, 4, 1);
          value.resize(pixels);
          return oracle::Numbers(value.begin(), value.end());
        },
        theta[j], h);
    const auto begin = jets.begin() + static_cast<std::ptrdiff_t>((1 + j) * pixels);
    // Relative to the largest derivative: 3 eps |T| / (h |dT|) = 1e-12, and exp's 3 ulp.
    check_close("tangent", oracle::Numbers(begin, begin + static_cast<std::ptrdiff_t>(pixels)),
                slope, {1e-11 * largest(slope)});
  }
}

template <class P>
void ignores_padding() {
  const ArmData arm = random_arm({32, 20, 129}, Activation::silu, 30);
  const auto theta = random_theta(8, 6);
  const std::size_t per_star = lanes * 129;
  const auto full = evaluate<P>(arm, theta, first(8), 8, lanes);
  const auto part = evaluate<P>(arm, theta, {5, 2, 7}, 8, lanes);
  std::vector<typename P::real_type> want;
  for (const std::ptrdiff_t b : {5, 2, 7}) {
    const auto begin = full.begin() + b * static_cast<std::ptrdiff_t>(per_star);
    want.insert(want.end(), begin, begin + static_cast<std::ptrdiff_t>(per_star));
  }
  CHECK(std::all_of(part.begin(), part.end(), [](auto x) { return std::isfinite(x); }));
  check_same_bits(
      "stars of the list",
      std::vector(part.begin(), part.begin() + static_cast<std::ptrdiff_t>(want.size())), want);
}

template <class P>
void describes_itself() {
  ArmData arm = random_arm({32, 20, 129}, Activation::silu, 30);
  const Exec exec{};
  const Mlp<P> network(exec, arm);
  CHECK(network.labels() == labels);
  CHECK(network.pixels() == 129);
  CHECK(network.width() == 32);
  arm.layers.back().activation = Activation::silu;
  CHECK(message_of<InvalidArgument>([&] { (void)Mlp<P>(exec, arm); }) ==
        "Mlp: arm desi_b has an activation after its last layer and an exponential output");
  arm.exponential_output = false;
  CHECK(message_of<InvalidArgument>([&] { (void)Mlp<P>(exec, arm); }) == "no error");
}

RVFIT_TEST("mlp: values and tangents agree with Eigen in double", agrees_with_eigen);
RVFIT_TEST_DOUBLE("mlp: tangents are the derivatives of values", tangents_are_derivatives);
RVFIT_TEST("mlp: entries past the end of a tile's list disturb nothing", ignores_padding);
RVFIT_TEST_DOUBLE("mlp: knows its widths and refuses two activations at its end", describes_itself);

}  // namespace rvfit::test::mlp
