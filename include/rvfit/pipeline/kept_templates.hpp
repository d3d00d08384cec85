// SPDX-License-Identifier: MIT
#pragma once

/// @file
/// The templates of a scan, kept with their tangents: fits begin at them, and their first linearization needs
/// no synthesis (docs/decisions/0023-first-points-are-kept.md).

#include <rvfit/pipeline/template_model.hpp>

#include <vector>

namespace rvfit {

/// Templates of every arm of a model, none for models that cannot keep them.
template <ExecutionPolicy P, class Model>
struct KeptTemplates {
  struct Nothing {};
  [[nodiscard]] bool empty() const { return true; }
};

template <ExecutionPolicy P, class Model>
requires KeepsTemplates<Model, P>
struct KeptTemplates<P, Model> {
  std::vector<typename Model::Kept> arms;  ///< of the model; empty: nothing is kept
  Vector<const int, P> of_fit;             ///< (K B)  template that each fit begins at
  [[nodiscard]] bool empty() const { return arms.empty(); }
};

}  // namespace rvfit
