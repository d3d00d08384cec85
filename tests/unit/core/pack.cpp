// SPDX-License-Identifier: MIT

/// @file
/// Pack against plain numbers: the same arithmetic in each, whatever is in the others, and elementary
/// functions against those of the standard library.

#include <rvfit/core/pack_math.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace rvfit::test {

constexpr int width = 4;

/// Difference in units of the last place of `want`.
template <class T>
double ulps(T got, double want) {
  if (std::isnan(want)) {
    return std::isnan(got) ? 0.0 : HUGE_VAL;
  }
  const T rounded = static_cast<T>(want);
  if (got == rounded) {
    return 0.0;
  }
  const T spacing =
      std::nextafter(std::abs(rounded), std::numeric_limits<T>::infinity()) - std::abs(rounded);
  return std::abs(static_cast<double>(got) - want) / static_cast<double>(spacing);
}

TEST_CASE_TEMPLATE("pack: arithmetic, comparison and selection are those of numbers", T, float,
                   double) {
  using L = Pack<T, width>;
  L a(0), b(0);
  for (int w = 0; w < width; ++w) {
    a.set(w, static_cast<T>(1.5 * w - 2.0));
    b.set(w, static_cast<T>(0.5 + w * w));
  }
  const L sum = a + b, difference = a - b, product = 2 * a * b, ratio = a / b, opposite = -a;
  const auto less = a < b;
  const L chosen = select(a > L(0) || !less, a, b);
  for (int w = 0; w < width; ++w) {
    CHECK(sum[w] == a[w] + b[w]);
    CHECK(difference[w] == a[w] - b[w]);
    CHECK(product[w] == 2 * a[w] * b[w]);
    CHECK(ratio[w] == a[w] / b[w]);
    CHECK(opposite[w] == -a[w]);
    CHECK(less[w] == (a[w] < b[w]));
    CHECK(chosen[w] == (a[w] > 0 ? a[w] : b[w]));
    CHECK(element(abs_of(a), w) == std::abs(a[w]));
    CHECK(element(pack_cast<Pack<float, width>>(a), w) == static_cast<float>(a[w]));
  }
  CHECK(any(a < L(-1)));
  CHECK(none(a < L(-2)));
  L odd = a;
  set_element(odd, 1, std::numeric_limits<T>::quiet_NaN());
  set_element(odd, 2, std::numeric_limits<T>::infinity());
  const auto finite = is_finite(odd);
  CHECK(finite[0]);
  CHECK(!finite[1]);
  CHECK(!finite[2]);
  // NaN is neither less nor greater.
  CHECK(!(odd < odd)[1]);
  CHECK(element(max_of(odd, b), 1) == b[1]);
}

/// Worst error of f(pack) against `exact`, over the arguments; also that an element does not depend on
/// the others.
template <class T, class Function, class Exact>
double worst_ulps(const std::vector<double>& arguments, const Function& f, const Exact& exact) {
  using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  using L = Pack<T, width>;
  double worst = 0.0;
  for (std::size_t n = 0; n + width <= arguments.size(); n += width) {
    L x(0);
    for (int w = 0; w < width; ++w) {
      x.set(w, static_cast<T>(arguments[n + static_cast<std::size_t>(w)]));
    }
    const L y = f(x);
    for (int w = 0; w < width; ++w) {
      worst = std::fmax(worst, ulps(y[w], exact(static_cast<double>(x[w]))));
      const bool same = std::bit_cast<Bits>(element(f(L(x[w])), 0)) == std::bit_cast<Bits>(y[w]) ||
                        std::isnan(y[w]);
      if (!same) {
        return HUGE_VAL;
      }
    }
  }
  return worst;
}

std::vector<double> between(double low, double high, int count = 40000) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> uniform(low, high);
  std::vector<double> out;
  for (int n = 0; n < count; ++n) {
    out.push_back(uniform(random));
  }
  return out;
}

template <class T, int W>
void any_sees_each_element() {
  Pack<T, W> x(0);
  CHECK(none(x != Pack<T, W>(0)));
  for (int w = 0; w < W; ++w) {
    x.set(w, T(1));
    CHECK(any(x != Pack<T, W>(0)));
    x.set(w, T(0));
  }
}

TEST_CASE("pack: any sees every element, whatever the width") {
  any_sees_each_element<float, 1>();
  any_sees_each_element<double, 2>();
  any_sees_each_element<float, 4>();
  any_sees_each_element<double, 8>();
  any_sees_each_element<float, 16>();
}

TEST_CASE_TEMPLATE("pack: exp and log are good to two units in the last place", T, float, double) {
  const double limit = sizeof(T) == 4 ? 87.0 : 708.0;
  const auto exp_of = [](const auto& x) { return exp(x); };
  const auto log_of = [](const auto& x) { return log(x); };
  const auto exact_exp = [](double x) { return std::exp(x); };
  const auto exact_log = [](double x) { return std::log(x); };
  // Two units in the last place is what its header states.
  CHECK(worst_ulps<T>(between(-limit, limit), exp_of, exact_exp) < 2.0);
  CHECK(worst_ulps<T>(between(-1.0, 1.0), exp_of, exact_exp) < 2.0);
  CHECK(worst_ulps<T>(between(1e-3, 10.0), log_of, exact_log) < 2.0);
  CHECK(worst_ulps<T>(between(0.99, 1.01), log_of, exact_log) < 2.0);
  CHECK(worst_ulps<T>(between(1e-30, 1e30), log_of, exact_log) < 2.0);
  // The reduced argument changes sides at sqrt(1/2) times a power of two.
  std::vector<double> edges;
  for (int k = -120; k < 120; ++k) {
    const double edge = std::sqrt(0.5) * std::pow(2.0, k);
    edges.insert(edges.end(), {edge * (1.0 - 1e-7), edge, edge * (1.0 + 1e-7), 2.0 * edge});
  }
  CHECK(worst_ulps<T>(edges, log_of, exact_log) < 2.0);
}

TEST_CASE_TEMPLATE("pack: exp and log at the ends of their range", T, float, double) {
  using L = Pack<T, width>;
  constexpr T inf = std::numeric_limits<T>::infinity();
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  CHECK(element(exp(L(0)), 0) == T(1));
  CHECK(element(exp(L(1e4)), 1) == inf);
  CHECK(element(exp(L(inf)), 1) == inf);
  CHECK(element(exp(L(-1e4)), 2) == T(0));
  CHECK(element(exp(L(-inf)), 2) == T(0));
  CHECK(std::isnan(element(exp(L(nan)), 3)));
  CHECK(element(log(L(1)), 0) == T(0));
  CHECK(element(log(L(0)), 0) == -inf);
  CHECK(element(log(L(inf)), 0) == inf);
  CHECK(std::isnan(element(log(L(-1)), 0)));
  CHECK(std::isnan(element(log(L(nan)), 0)));
}

TEST_CASE_TEMPLATE("pack: sin and cos, also of arguments too far for a short reduction", T, float,
                   double) {
  constexpr double allowed = 2.0 * std::numeric_limits<T>::epsilon();  // as its header states
  std::vector<double> arguments = between(-300.0, 300.0);
  arguments.insert(arguments.end(),
                   {0.0, 1e7, -1e9, HUGE_VAL, 1.5707963267948966, 3.1415926, 401, 1.7e6});
  const auto error = [&](const auto& f, const auto& exact) {
    double worst = 0.0;
    for (const double x : arguments) {
      const T at = static_cast<T>(x);
      const double got = element(f(Pack<T, width>(at)), 2), want = exact(static_cast<double>(at));
      worst = std::isnan(want) ? (std::isnan(got) ? worst : HUGE_VAL)
                               : std::fmax(worst, std::abs(got - want));
    }
    return worst;
  };
  CHECK(error([](const auto& x) { return sin(x); }, [](double x) { return std::sin(x); }) <
        allowed);
  CHECK(error([](const auto& x) { return cos(x); }, [](double x) { return std::cos(x); }) <
        allowed);
}

TEST_CASE("pack: functions that go element by element are those of the standard library") {
  using L = Pack<double, width>;
  L x(0);
  for (int w = 0; w < width; ++w) {
    x.set(w, 0.2 * (w + 1));
  }
  const L root = sqrt(x), power = pow(x, 1.5), base = pow(2.0, x), angle = atan2(x, L(1));
  for (int w = 0; w < width; ++w) {
    CHECK(root[w] == std::sqrt(x[w]));
    CHECK(power[w] == std::pow(x[w], 1.5));
    CHECK(base[w] == std::pow(2.0, x[w]));
    CHECK(angle[w] == std::atan2(x[w], 1.0));
    CHECK(element(erf(x), w) == std::erf(x[w]));
  }
}

}  // namespace rvfit::test
