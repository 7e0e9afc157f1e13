"""The audit chain, verified from its description alone (DESIGN 7): SHA-256 over canonical JSON, each record naming the one before."""

import hashlib
import json

GENESIS = "0" * 64


def canonical(value) -> bytes:
    """RFC 8785 for what records hold: text, whole numbers, true, false, null."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def check_chain(records: list[dict]) -> None:
    """All records of one tenant's chain, from the first on."""
    previous = GENESIS
    for n, record in enumerate(records, start=1):
        assert record["seq"] == n
        assert record["prev_hash"] == previous
        without_hash = {k: v for k, v in record.items() if k != "hash"}
        assert hashlib.sha256(canonical(without_hash)).hexdigest() == record["hash"], f"record {n}"
        previous = record["hash"]
