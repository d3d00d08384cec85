// SPDX-License-Identifier: MIT

#include "support/compare.hpp"
#include "support/eigen_oracle.hpp"
#include "support/policies.hpp"
#include "support/synthetic.hpp"
#include "support/tolerance.hpp"
#include <rvfit/emulator/dense_layer.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

namespace rvfit::test::dense_layer {

struct Case {
  int inputs, outputs, lanes, spectra;
  Activation activation;
  const char* name;
};

// Widths around those of vectors and blocks, and tiles around the 64 rows of a host block.
constexpr Case cases[] = {{1, 1, 1, 4, Activation::identity, "identity"},
                          {4, 31, 5, 12, Activation::silu, "silu"},
                          {31, 33, 1, 68, Activation::tanh, "tanh"},
                          {33, 513, 7, 8, Activation::sigmoid, "sigmoid"},
                          {513, 1025, 5, 4, Activation::silu, "silu"},
                          {1025, 1, 2, 12, Activation::leaky_relu, "leaky_relu"},
                          {1, 1025, 24, 4, Activation::relu, "relu"},
                          {200, 512, 5, 16, Activation::exponential, "exponential"}};

constexpr double slope = 0.125;

/// One layer with random inputs, as host numbers.
struct Problem {
  std::vector<double> in;      ///< (T * L, inputs)
  std::vector<double> weight;  ///< (inputs, outputs)
  std::vector<double> bias;

  explicit Problem(const Case& c) {
    Random random(static_cast<std::uint64_t>(c.inputs + c.outputs));
    const double bound = 1.0 / std::sqrt(static_cast<double>(c.inputs));
    in = random.uniform(static_cast<std::size_t>(c.spectra * c.lanes * c.inputs), -1, 1);
    weight = random.uniform(static_cast<std::size_t>(c.inputs * c.outputs), -bound, bound);
    bias = random.uniform(static_cast<std::size_t>(c.outputs), -1, 1);
  }
};

template <class P>
std::vector<typename P::real_type> apply(const Case& c, const Problem& problem, bool portable) {
  using Real = typename P::real_type;
  const Exec exec{};
  const auto inputs = static_cast<std::size_t>(c.inputs);
  const auto outputs = static_cast<std::size_t>(c.outputs);
  const auto rows = problem.in.size() / inputs;
  const auto in = upload_matrix<Matrix<const Real, P>>(exec, "in", problem.in, rows, inputs);
  const auto out = allocate<Matrix<Real, P>>(exec, "out", rows, outputs);
  const DenseLayer<P> layer{
      upload_panels<P>(exec, "weight", problem.weight, outputs, portable ? c.outputs : 0),
      upload<Vector<const Real, P>>(exec, "bias", problem.bias), c.activation, slope};
  if (portable) {
    rvfit::detail::device_dense_layer(exec, const_ref(in), layer, c.lanes, ref(out));
  } else {
    rvfit::dense_layer(exec, const_ref(in), layer, c.lanes, ref(out));
  }
  return values(exec, out);
}

/// The oracle for every spectrum, row-major.
std::vector<double> oracle_of(const Case& c, const Problem& problem) {
  using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> weight(problem.weight.data(), c.inputs, c.outputs);
  const Eigen::Map<const Eigen::VectorXd> bias(problem.bias.data(), c.outputs);
  std::vector<double> out;
  for (int t = 0; t < c.spectra; ++t) {
    const Eigen::Map<const RowMajor> in(problem.in.data() + t * c.lanes * c.inputs, c.lanes,
                                        c.inputs);
    const RowMajor jets = oracle::dense_layer(in, weight.transpose(), bias, c.name, slope);
    out.insert(out.end(), jets.data(), jets.data() + jets.size());
  }
  return out;
}

template <class P>
void agrees_with_eigen() {
  using Real = typename P::real_type;
  for (const Case& c : cases) {
    CAPTURE(c.inputs);
    CAPTURE(c.outputs);
    CAPTURE(c.name);
    const Problem problem(c);
    const std::vector<double> want = oracle_of(c, problem);
    // Rounding of z, whose products have the norm 1 / 3 or at most 1 for few inputs, and of the
    // activation (16 eps, see activation.cpp); both times what the activation magnifies: slopes and
    // second derivatives are at most 1.1 but for the exponential's, and |z_l| < 3.
    const double magnified = c.activation == Activation::exponential ? std::exp(3.0) : 1.1;
    const Tolerance allowed{4.0 * magnified * dot_rounding<Real>(c.inputs, 1.0) +
                            rounding<Real>(16, 4.0 * magnified)};
    check_close("host", apply<P>(c, problem, false), want, allowed);
    check_close("device", apply<P>(c, problem, true), want, allowed);
  }
}

template <class P>
void gives_a_spectrum_the_same_bits() {
  for (const Case& c : cases) {
    CAPTURE(c.inputs);
    CAPTURE(c.outputs);
    const Problem problem(c);
    const auto all = apply<P>(c, problem, false);
    const int per_spectrum_in = c.lanes * c.inputs, per_spectrum_out = c.lanes * c.outputs;
    // The last spectrum, first among three copies of the first one.
    Case four = c;
    four.spectra = 4;
    Problem part = problem;
    part.in.clear();
    for (const int t : {c.spectra - 1, 0, 0, 0}) {
      const auto begin = problem.in.begin() + t * per_spectrum_in;
      part.in.insert(part.in.end(), begin, begin + per_spectrum_in);
    }
    auto alone = apply<P>(four, part, false);
    alone.resize(static_cast<std::size_t>(per_spectrum_out));
    const auto begin = all.begin() + (c.spectra - 1) * per_spectrum_out;
    check_same_bits("last spectrum", alone, std::vector(begin, begin + per_spectrum_out));
  }
}

template <class P>
void passes_values_alone() {
  // The value lane of a call with tangents is the call for values only.
  using Real = typename P::real_type;
  Case jets = cases[3];
  const Problem problem(jets);
  Case value = jets;
  value.lanes = 1;
  Problem values_only = problem;
  values_only.in.clear();
  for (int t = 0; t < jets.spectra; ++t) {
    const auto begin = problem.in.begin() + t * jets.lanes * jets.inputs;
    values_only.in.insert(values_only.in.end(), begin, begin + jets.inputs);
  }
  const auto all = apply<P>(jets, problem, false);
  std::vector<Real> want;
  for (int t = 0; t < jets.spectra; ++t) {
    const auto begin = all.begin() + t * jets.lanes * jets.outputs;
    want.insert(want.end(), begin, begin + jets.outputs);
  }
  check_same_bits("values", apply<P>(value, values_only, false), want);
}

template <class P>
void refuses_extents_that_differ() {
  using Real = typename P::real_type;
  const Exec exec{};
  const DenseLayer<P> layer{upload_panels<P>(exec, "weight", std::vector<double>(15), 5),
                            allocate<Vector<Real, P>>(exec, "bias", 5), Activation::identity, 0.0};
  const auto error_of = [&](int rows, int inputs, int out_rows, int outputs, int lanes) {
    return message_of<InvalidArgument>([&] {
      const auto in = allocate<Matrix<Real, P>>(exec, "in", rows, inputs);
      const auto out = allocate<Matrix<Real, P>>(exec, "out", out_rows, outputs);
      rvfit::dense_layer(exec, const_ref(in), layer, lanes, ref(out));
    });
  };
  CHECK(error_of(8, 3, 8, 5, 2) == "no error");
  CHECK(error_of(8, 4, 8, 5, 2) == "dense_layer: in has 4 columns, the layer takes 3");
  CHECK(error_of(8, 3, 8, 6, 2) == "dense_layer: out has 6 columns, the layer gives 5");
  CHECK(error_of(8, 3, 12, 5, 1) ==
        "dense_layer: in has 8 rows, out has 12, both must be the same multiple of 4");
  CHECK(error_of(8, 3, 8, 5, 3) ==
        "dense_layer: in has 8 rows, out has 8, both must be the same multiple of 12");
}

RVFIT_TEST("dense_layer: the host's and the portable layer agree with Eigen in double",
           agrees_with_eigen);
RVFIT_TEST("dense_layer: a spectrum has the same bits whatever its neighbours",
           gives_a_spectrum_the_same_bits);
RVFIT_TEST("dense_layer: values are the same with and without tangents", passes_values_alone);
RVFIT_TEST_DOUBLE("dense_layer: extents that differ are refused with both",
                  refuses_extents_that_differ);

}  // namespace rvfit::test::dense_layer
