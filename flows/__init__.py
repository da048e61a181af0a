"""Which work, in which order. Knows Prefect and the command line; computes nothing itself."""

import os

# Read when torch is imported, which only the modules of this room do (figures in docs/log.md).
# Its threads spin while they wait for each other: 300,000 turns take the cores from whatever else
# runs there, such as the Prefect server, and none makes an idle machine 4 % slower.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")
# Its large tensors lie apart from small objects, in pages of 2 MB: among them, batches of ever
# other sizes leave holes, and a run takes more memory with every group of real texts.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

# Where matplotlib remembers the fonts of the machine: beside Prefect's files, since nothing is
# written outside the checkout.
os.environ.setdefault("MPLCONFIGDIR", ".prefect/matplotlib")
