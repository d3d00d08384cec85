#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""has_packages.py PACKAGE...: exit code 0 if Python has them. None is imported: that takes up to two seconds."""

import importlib.util
import sys

sys.exit(any(importlib.util.find_spec(package) is None for package in sys.argv[1:]))
