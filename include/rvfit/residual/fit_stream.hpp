// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// Streams of fits: data come from the host in chunks and results go back in chunks, so that memory is set by the chunk, whatever
/// the number of fits. On a device there are two chunks: one is copied and fitted while the host fills the other.
/// A fit has the same bits in a chunk of any size.

#include <rvfit/residual/residual_fitter.hpp>

#include <Kokkos_Core.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace rvfit {

/// Arrays of a chunk of a stream.
struct StreamShape {
  int points = 0;            ///< M
  int chunk = 1 << 16;       ///< fits of a chunk
  bool weights = false;      ///< a weight comes with each datum
  bool covariances = false;  ///< covariances are wanted

  /// @throws InvalidArgument  no points or no fits
  void require_valid() const {
    RVFIT_REQUIRE(points > 0 && chunk > 0, "StreamShape: ", points, " points, chunks of ", chunk,
                  " fits, must be positive");
  }
};

/// A chunk of data on the host, that a source fills from row 0.
template <ExecutionPolicy P>
struct StreamChunk {
  template <class T>
  using Host = Kokkos::View<T**, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>;
  std::int64_t first = 0;              ///< number of the fit in row 0
  Host<typename P::real_type> y;       ///< (chunk, M)
  Host<typename P::real_type> weight;  ///< (chunk, M)  1 / sigma; empty: not wanted
  Host<typename P::accum_type> start;  ///< (chunk, P)
};

/// Results of a chunk on the host, for a sink; they are valid until it returns.
template <ExecutionPolicy P>
struct StreamResults {
  template <class T>
  using Host = Kokkos::View<T, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>;
  std::int64_t first = 0;                            ///< number of the fit in row 0
  int count = 0;                                     ///< rows in use
  Host<const typename P::accum_type**> theta;        ///< (chunk, P)
  Host<const typename P::accum_type*> value;         ///< (chunk)
  Host<const FitStatus*> status;                     ///< (chunk)
  Host<const int*> iterations;                       ///< (chunk)
  Host<const typename P::accum_type***> covariance;  ///< (chunk, P, P)  empty: not wanted
};

namespace detail {

/// A view on the device with its copy on the host: the same memory where both see it.
template <class View>
struct StreamArray {
  View device;
  decltype(Kokkos::create_mirror_view(std::declval<View>())) host;

  template <class Exec, class... Extents>
  StreamArray(const Exec& exec, const char* label, Extents... extents)
      : device(allocate<View>(exec, label, extents...)), host(Kokkos::create_mirror_view(device)) {}

  template <class Exec>
  void to_device(const Exec& exec, std::size_t rows) const {
    Kokkos::deep_copy(exec, first_rows(device, rows), first_rows(host, rows));
  }
  template <class Exec>
  void to_host(const Exec& exec, std::size_t rows) const {
    Kokkos::deep_copy(exec, first_rows(host, rows), first_rows(device, rows));
  }
};

/// A chunk with its instance of the execution space.
template <ExecutionPolicy P>
struct StreamSlot {
  using Exec = typename P::execution_space;
  using Real = typename P::real_type;
  using Accum = typename P::accum_type;
  Exec exec;
  StreamArray<Matrix<Real, P>> y, weight;
  StreamArray<Matrix<Accum, P>> start, theta;
  StreamArray<Vector<Accum, P>> value;
  StreamArray<Vector<FitStatus, P>> status;
  StreamArray<Vector<int, P>> iterations;
  StreamArray<Cube<Accum, P>> covariance;
  Vector<int, P> evaluations;
  std::int64_t first = 0;
  int count = 0;  ///< fits under way

  StreamSlot(const Exec& instance, const StreamShape& shape, int n)
      : exec(instance),
        y(exec, "rvfit::FitStream::y", shape.chunk, shape.points),
        weight(exec, "rvfit::FitStream::weight", shape.weights ? shape.chunk : 0, shape.points),
        start(exec, "rvfit::FitStream::start", shape.chunk, n),
        theta(exec, "rvfit::FitStream::theta", shape.chunk, n),
        value(exec, "rvfit::FitStream::value", shape.chunk),
        status(exec, "rvfit::FitStream::status", shape.chunk),
        iterations(exec, "rvfit::FitStream::iterations", shape.chunk),
        covariance(exec, "rvfit::FitStream::covariance", shape.covariances ? shape.chunk : 0, n, n),
        evaluations(allocate<Vector<int, P>>(exec, "rvfit::FitStream::evaluations", shape.chunk)) {
    exec.fence("rvfit::FitStream: arrays are there");
  }

  [[nodiscard]] StreamChunk<P> chunk(std::int64_t number) const {
    return {number, y.host, weight.host, start.host};
  }
  [[nodiscard]] StreamResults<P> results() const {
    return {first, count, theta.host, value.host, status.host, iterations.host, covariance.host};
  }

  /// Enqueue the fits of the chunk, from the copy of its data to that of its results.
  template <class Fitter, class Model>
  void run(const Fitter& fitter, const Model& model) const {
    const auto rows = static_cast<std::size_t>(count);
    const auto some = [&](const auto& view) {
      return first_rows(view, view.extent(0) == 0 ? 0 : rows);
    };
    y.to_device(exec, rows);
    start.to_device(exec, rows);
    if (weight.device.extent(0) != 0) {
      weight.to_device(exec, rows);
    }
    ResidualFits<P> out;
    out.theta = some(theta.device);
    out.value = some(value.device);
    out.status = some(status.device);
    out.iterations = some(iterations.device);
    out.evaluations = some(evaluations);
    out.covariance = some(covariance.device);
    fitter.run(exec, model, {.y = some(y.device), .weight = some(weight.device)},
               some(start.device), out);
    theta.to_host(exec, rows);
    value.to_host(exec, rows);
    status.to_host(exec, rows);
    iterations.to_host(exec, rows);
    if (covariance.device.extent(0) != 0) {
      covariance.to_host(exec, rows);
    }
  }
};

/// True where a model does not ask for the number of its fit, which chunks do not keep.
template <class Model>
concept ModelOfAnyFit = requires(const Model& model, const double* theta) {
  model(theta, 0);
}
|| requires(const Model& model, const double* theta, double* f) { model.basis(theta, 0, f); }
|| requires(const Model& model, const double* theta, double* f) { model.evaluate(theta, 0, f); };

}  // namespace detail

/// Fit all data of a source. Results reach the sink in the source's order.
///
/// @param[in] exec    instance whose device is used
/// @param[in] source  int source(const StreamChunk<P>&): fills rows and returns their number; 0 ends the stream
/// @param[in] sink    sink(const StreamResults<P>&)
/// @return fits of the stream
/// @throws InvalidArgument  a shape or options that are not valid, more rows than a chunk has; whatever source and sink throw
template <ExecutionPolicy P, ResidualModel Model, class Source, class Sink,
          class Estimator = LeastSquares>
requires detail::ModelOfAnyFit<Model> std::int64_t fit_stream(
    const typename P::execution_space& exec, const Model& model, const StreamShape& shape,
    Source&& source, Sink&& sink, const ResidualOptions& options = {},
    const Estimator& estimator = {}) {
  using Exec = typename P::execution_space;
  constexpr bool shares_memory =
      Kokkos::SpaceAccessibility<Kokkos::HostSpace, typename P::memory_space>::accessible;
  shape.require_valid();
  const ResidualFitter<P, Model, Estimator> fitter(exec, options, estimator);
  exec.fence("rvfit::fit_stream: parameters are there");
  std::vector<Exec> instances{exec};
  if constexpr (!shares_memory) {
    instances = Kokkos::Experimental::partition_space(exec, std::vector<int>{1, 1});
  }
  std::vector<detail::StreamSlot<P>> slots;
  slots.reserve(instances.size());
  for (const Exec& instance : instances) {
    slots.emplace_back(instance, shape, Model::parameters);
  }
  const auto deliver = [&](detail::StreamSlot<P>& slot) {
    if (slot.count > 0) {
      slot.exec.fence("rvfit::fit_stream: results are on the host");
      sink(slot.results());
      slot.count = 0;
    }
  };
  std::int64_t fits = 0;
  std::size_t turn = 0;
  for (bool more = true; more; turn = (turn + 1) % slots.size()) {
    detail::StreamSlot<P>& slot = slots[turn];
    deliver(slot);
    const int count = source(slot.chunk(fits));
    RVFIT_REQUIRE(count >= 0 && count <= shape.chunk, "fit_stream: the source gave ", count,
                  " fits, a chunk has room for ", shape.chunk);
    more = count > 0;
    if (more) {
      slot.first = fits;
      slot.count = count;
      slot.run(fitter, model);
      fits += count;
    }
  }
  // The other slots hold the last chunks; `turn` is the one with the oldest.
  for (std::size_t k = 0; k < slots.size(); ++k) {
    deliver(slots[(turn + k) % slots.size()]);
  }
  return fits;
}

}  // namespace rvfit
