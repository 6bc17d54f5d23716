"""Signatures with RSA-2048, in as many threads as there are cores, and nothing else to do.

python -m tests.bench.signing SIGNATURES
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.bench.figures import Figures, Meter

HEADERS = b"x" * 1_000


def sign(signatures: int) -> Figures:
    """Make that many."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    threads = os.cpu_count() or 1

    def some(number: int) -> None:
        for _ in range(number):
            key.sign(HEADERS, padding.PKCS1v15(), hashes.SHA256())

    with ThreadPoolExecutor(threads) as pool:
        meter = Meter()
        list(pool.map(some, [signatures // threads] * threads))
        return meter.read(signatures // threads * threads)


if __name__ == "__main__":
    sign(int(sys.argv[1])).tell()
