# SPDX-License-Identifier: MIT
from typing import Any

isa: str
module: Any
