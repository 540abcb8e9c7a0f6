"""TimeVis: how well can a series be forecast, does a language model help, and at what cost?"""

import os

from timevis.utils import memory

# before torch is imported: on cores that others use too, threads that wait by spinning made steps 7 times slower
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "20000")  # but not at once: waking costs more than many a product takes

memory.reuse_freed_memory()

__version__ = "0.1.0"
