# SPDX-License-Identifier: MIT
"""Limits of time in tests hold on an idle machine: RVFIT_TEST_PATIENCE is their factor on others, and with sanitizers."""

import os

PATIENCE = float(os.environ.get("RVFIT_TEST_PATIENCE", "1"))
