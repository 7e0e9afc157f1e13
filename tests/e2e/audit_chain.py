"""The audit chain, verified from its description alone (DESIGN 7): SHA-256 over canonical JSON, each record naming the one before."""

import datetime
import hashlib
import json

GENESIS = "0" * 64


def canonical(value) -> bytes:
    """RFC 8785 for what records hold: text, whole numbers, true, false, null."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def time_of(milliseconds: int) -> str:
    """As records write a time: RFC 3339 in UTC with milliseconds."""
    at = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def hash_of(record: dict) -> str:
    """Of all its fields but the hash."""
    return hashlib.sha256(canonical({name: value for name, value in record.items() if name != "hash"})).hexdigest()


def check_chain(records: list[dict]) -> None:
    """All records of one tenant's chain, from the first on."""
    previous = GENESIS
    for n, record in enumerate(records, start=1):
        assert record["seq"] == n
        assert record["prev_hash"] == previous
        assert hash_of(record) == record["hash"], f"record {n}"
        previous = record["hash"]
