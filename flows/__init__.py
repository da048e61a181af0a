"""Which work, in which order. Knows Prefect and the command line; computes nothing itself."""

import os

# Read when torch is imported, which only the modules of this room do. Threads that spin while they
# wait for each other take the cores from the Prefect server beside them (docs/log.md).
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# Where matplotlib remembers the fonts of the machine: beside Prefect's files, since nothing is
# written outside the checkout.
os.environ.setdefault("MPLCONFIGDIR", ".prefect/matplotlib")
