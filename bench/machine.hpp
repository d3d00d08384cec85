// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The machine's best rates, measured on the threads that a benchmark runs on: multiplications and
/// additions in registers, copies, and matrix products by Eigen and a BLAS.

#include "report.hpp"
#include <rvfit/core/pack.hpp>
#include <rvfit/core/views.hpp>
#include <rvfit/pipeline/side_by_side.hpp>

#include <Eigen/Core>
#include <Kokkos_Core.hpp>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <thread>
#include <vector>

#if RVFIT_BENCH_BLAS
// The interface of every BLAS (Fortran, column-major), and OpenBLAS' own threads.
extern "C" {
void sgemm_(const char*, const char*, const int*, const int*, const int*, const float*,
            const float*, const int*, const float*, const int*, const float*, float*, const int*);
void dgemm_(const char*, const char*, const int*, const int*, const int*, const double*,
            const double*, const int*, const double*, const int*, const double*, double*,
            const int*);
[[gnu::weak]] void openblas_set_num_threads(int);
}
#endif

namespace rvfit::bench {

/// Calls of `work(n)` a second, of all instances together: each calls it again and again in a thread
/// of its own until `seconds` are over, and counts with the best of its times: what else runs on the
/// machine disturbs that least. `work(n)` enqueues on
/// instance n; `prepare(n)` before it is not timed.
template <class Exec, class Prepare, class Work>
[[nodiscard]] double calls_per_second(const std::vector<Exec>& instances, double seconds,
                                      const Prepare& prepare, const Work& work) {
  constexpr int least = 3;
  std::vector<double> rate(instances.size());
  const auto measure = [&](std::size_t n) {
    double best = std::numeric_limits<double>::infinity();
    const Kokkos::Timer timer;
    for (int call = 0; call <= least || timer.seconds() < seconds; ++call) {
      prepare(n);
      instances[n].fence("rvfit_bench: prepared");
      const double time = seconds_of([&] {
        work(n);
        instances[n].fence("rvfit_bench: done");
      });
      best = call > 0 ? std::min(best, time) : best;  // the first one warms up
    }
    rate[n] = 1.0 / best;
  };
  std::vector<std::thread> threads;
  for (std::size_t n = 1; n < instances.size(); ++n) {
    threads.emplace_back(measure, n);
  }
  measure(0);
  for (std::thread& thread : threads) {
    thread.join();
  }
  return std::accumulate(rate.begin(), rate.end(), 0.0);
}

/// One matrix product, (rows, inner) by (inner, columns).
struct Product {
  int rows, inner, columns;

  [[nodiscard]] double flops() const { return 2.0 * rows * inner * columns; }
};

namespace detail {

/// Chains of multiply-add, enough of them to hide its latency, on vectors of the native width.
template <class T>
struct MultiplyAdd {
  static constexpr int chains = 16;
  static constexpr int rounds = 100000;
  static constexpr int width = native_pack_size<T>;
  static constexpr double flops = 2.0 * chains * rounds * width;

  [[gnu::noinline]] static T run(T factor, T term) {
    using V = Pack<T, width>;
    const V a(factor), b(term);
    V x[chains];
    for (int c = 0; c < chains; ++c) {
      x[c] = V(T(c));
    }
    for (int n = 0; n < rounds; ++n) {
#pragma GCC unroll 16
      for (int c = 0; c < chains; ++c) {
        x[c] = x[c] * a + b;
      }
    }
    T sum = 0;
    for (int c = 0; c < chains; ++c) {
      for (int w = 0; w < width; ++w) {
        sum += x[c].v[w];
      }
    }
    return sum;
  }
};

/// The same on a device: some chains a thread.
template <ExecutionPolicy P, class T>
struct DeviceMultiplyAdd {
  static constexpr int chains = 8;
  static constexpr int rounds = 4096;
  T factor, term;
  Vector<T, P> out;

  KOKKOS_FUNCTION void operator()(int i) const {
    T x[chains];
    for (int c = 0; c < chains; ++c) {
      x[c] = T(c);
    }
    for (int n = 0; n < rounds; ++n) {
      for (int c = 0; c < chains; ++c) {
        x[c] = x[c] * factor + term;
      }
    }
    T sum = 0;
    for (int c = 0; c < chains; ++c) {
      sum += x[c];
    }
    out(i) = sum;
  }
};

template <class T>
void eigen(const Product& p, const T* a, const T* b, T* c) {
  using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const RowMajor> left(a, p.rows, p.inner), right(b, p.inner, p.columns);
  Eigen::Map<RowMajor>(c, p.rows, p.columns).noalias() = left * right;
}

#if RVFIT_BENCH_BLAS
inline void blas(const Product& p, const float* a, const float* b, float* c) {
  const float one = 1, zero = 0;
  sgemm_("N", "N", &p.columns, &p.rows, &p.inner, &one, b, &p.columns, a, &p.inner, &zero, c,
         &p.columns);
}
inline void blas(const Product& p, const double* a, const double* b, double* c) {
  const double one = 1, zero = 0;
  dgemm_("N", "N", &p.columns, &p.rows, &p.inner, &one, b, &p.columns, a, &p.inner, &zero, c,
         &p.columns);
}
#endif

}  // namespace detail

/// Measurements on some instances, each of `seconds`.
template <ExecutionPolicy P>
class Machine {
 public:
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;
  static constexpr bool has_blas = RVFIT_BENCH_BLAS && P::on_host;

  Machine(std::vector<Exec> instances, double seconds)
      : instances_(std::move(instances)), seconds_(seconds) {
#if RVFIT_BENCH_BLAS
    if (openblas_set_num_threads != nullptr) {
      openblas_set_num_threads(1);
    }
#endif
  }

  /// Bytes of a core's own cache; 0 where they are not known.
  [[nodiscard]] static std::size_t cache() {
    const long bytes = P::on_host ? ::sysconf(_SC_LEVEL2_CACHE_SIZE) : 0;
    return static_cast<std::size_t>(std::max(bytes, 0L));
  }

  /// Floating-point operations a second of multiply-adds on registers.
  template <class T>
  [[nodiscard]] double peak() const {
    volatile T factor = T(0.5), term = T(0.5);
    if constexpr (P::on_host) {
      using Loop = detail::MultiplyAdd<T>;
      std::vector<T> sums(instances_.size());
      return Loop::flops * calls([&](std::size_t n) { sums[n] = Loop::run(factor, term); });
    } else {
      using Loop = detail::DeviceMultiplyAdd<P, T>;
      constexpr int threads = 1 << 20;
      const Vector<T, P> out("rvfit_bench::multiply_add", threads);
      return 2.0 * Loop::chains * Loop::rounds * threads * calls([&](std::size_t n) {
               Kokkos::parallel_for("rvfit_bench::multiply_add",
                                    typename P::range_policy(instances_[n], 0, threads),
                                    Loop{factor, term, out});
             });
    }
  }

  /// Bytes a second, read and written, of a copy that reads `bytes` / 2.
  [[nodiscard]] double copy(double bytes) const {
    const auto size = static_cast<std::size_t>(std::max(bytes / 2 / sizeof(double), 512.0));
    std::vector<Vector<double, P>> from, to;
    for (std::size_t n = 0; n < instances_.size(); ++n) {
      from.emplace_back("rvfit_bench::from", size);
      to.emplace_back("rvfit_bench::to", size);
    }
    // Small ones often enough to see them on the clock.
    const int repeats = std::max(1, static_cast<int>((1 << 19) / size));
    const double rate = calls([&](std::size_t n) {
      for (int r = 0; r < repeats; ++r) {
        Kokkos::deep_copy(instances_[n], to[n], from[n]);
      }
    });
    return rate * repeats * 2.0 * static_cast<double>(size * sizeof(double));
  }

  /// Sets of products a second by Eigen, or by the BLAS: each product in one call.
  [[nodiscard]] double products(const std::vector<Product>& products, bool by_blas = false) const {
    std::size_t a = 0, b = 0, c = 0;
    for (const Product& p : products) {
      a = std::max(a, static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.inner));
      b += static_cast<std::size_t>(p.inner) * static_cast<std::size_t>(p.columns);
      c = std::max(c, static_cast<std::size_t>(p.rows) * static_cast<std::size_t>(p.columns));
    }
    const std::vector<Real> weights(b, Real(1e-3));  // threads share them, as a model's
    std::vector<std::vector<Real>> in(instances_.size(), std::vector<Real>(a, Real(1)));
    std::vector<std::vector<Real>> out(instances_.size(), std::vector<Real>(c));
    return calls([&](std::size_t n) {
      const Real* weight = weights.data();
      for (const Product& p : products) {
        if (by_blas) {
#if RVFIT_BENCH_BLAS
          detail::blas(p, in[n].data(), weight, out[n].data());
#endif
        } else {
          detail::eigen(p, in[n].data(), weight, out[n].data());
        }
        weight += static_cast<std::ptrdiff_t>(p.inner) * p.columns;
      }
    });
  }

  template <class Prepare, class Work>
  [[nodiscard]] double calls(const Prepare& prepare, const Work& work) const {
    return calls_per_second(instances_, seconds_, prepare, work);
  }
  template <class Work>
  [[nodiscard]] double calls(const Work& work) const {
    return calls([](std::size_t) {}, work);
  }

  [[nodiscard]] const std::vector<Exec>& instances() const { return instances_; }

 private:
  std::vector<Exec> instances_;
  double seconds_;
};

}  // namespace rvfit::bench
