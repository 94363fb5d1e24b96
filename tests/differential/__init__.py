"""Random schemes in random surroundings: the explicit engine, the symbolic one and the oracle must say the same.

`python -m differential 10000` from the folder `tests` compares on that many seeds and tells every disagreement.
"""

from .compare import Finding, compare_seed, program_of, surroundings_of

__all__ = ["Finding", "compare_seed", "program_of", "surroundings_of"]
