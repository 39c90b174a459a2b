"""Does mlcroissant take croissant.json, and does it find the rows?"""

from pathlib import Path

import mlcroissant
import pyarrow.parquet as pq


def check_croissant(export: Path) -> str:
    """Validate, then read every record set and count.

    Raises:
        AssertionError: if there is an error or warning, or a row too few.
    """
    dataset = mlcroissant.Dataset(jsonld=str(export / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors, issues.report()
    assert not issues.warnings, issues.report()
    n_rows = 0
    for records in dataset.metadata.record_sets:
        n_records = sum(1 for _ in dataset.records(records.uuid))
        shards = sorted((export / records.name).glob("*.parquet"))
        n_expected = sum(pq.read_metadata(shard).num_rows for shard in shards)
        assert n_records == n_expected, (
            f"{records.name}: {n_records} records of {n_expected} rows"
        )
        n_rows += n_records
    assert n_rows > 0, "no record at all"
    return f"{len(dataset.metadata.record_sets)} record sets, {n_rows} records"
