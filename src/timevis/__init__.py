"""TimeVis: how well can a series be forecast, does a language model help, and at what cost?"""

import os

# before torch is imported: on cores that others use too, threads that wait by spinning made steps 7 times slower
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
