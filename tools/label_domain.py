# SPDX-License-Identifier: MIT
"""The domain of a network from the labels that it has learnt: convex hulls as half-spaces (needs scipy)."""
import numpy as np
import scipy.spatial

__all__ = ["hull_domain"]


def hull_domain(points):
    """Half-spaces (facets, NPAR + 1) around points (P, NPAR) in scaled labels, as `emulator_file.Arm.domain` has them.

    There is one hull of the first two labels and one of the others, as rvspecfit's networks have: models are missing where
    gravities are unlikely for a temperature, and abundances form a grid of their own. A single label gives an interval.
    Raises scipy.spatial.QhullError where the points of two labels span no area.
    """
    count = points.shape[1]
    parts = [(0, min(count, 2)), (2, count)] if count > 2 else [(0, count)]
    return np.vstack([_facets(points[:, first:last], first, count) for first, last in parts])


def _facets(points, first, count):
    """Facets of the hull of `points` (columns first .. of the labels), padded with zeros, coplanar twins merged."""
    if points.shape[1] == 1:
        equations = np.array([[-1.0, points.min()], [1.0, -points.max()]])
    else:
        equations = scipy.spatial.ConvexHull(points).equations
    facets = []
    for equation in equations:
        if not any(np.abs(equation - other).max() < 1e-9 for other in facets):
            facets.append(equation)
    rows = np.zeros((len(facets), count + 1))
    rows[:, first:first + points.shape[1]] = np.array(facets)[:, :-1]
    rows[:, -1] = np.array(facets)[:, -1]
    return rows
