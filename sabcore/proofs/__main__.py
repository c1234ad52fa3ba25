"""`python -m sabcore.proofs`: prove every equation; exit code 1 if one is not."""

import sys

from sabcore.proofs.prove import prove

proved, wrong = prove()
print(*(proof.line() for proof in proved), *wrong, sep="\n")
sys.exit(0 if not wrong and all(proof.passed for proof in proved) else 1)
