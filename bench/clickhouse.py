"""Lines of a firewall, parsed and inserted by ClickHouse (chdb), for `ward bench telemetry`.

The lines come by the standard input. Arguments: a folder for the table, questions in SQL. Prints one object of JSON:
version, rows, wall and processor seconds of the insertion, bytes on the disk, most memory held in bytes, seconds for each
question when it is asked again. Columns are typed and packed as ClickHouse advises, addresses have bloom filters; the raw
line stands beside them, since nothing else gives it back.
"""

import json
import resource
import sys
import time

from chdb import session

COLUMNS = [
    # column, type, codec
    ("devname", "LowCardinality(String)", "ZSTD(1)"),
    ("eventtime", "DateTime", "Delta, ZSTD(1)"),
    ("level", "LowCardinality(String)", "ZSTD(1)"),
    ("srcip", "IPv4", "ZSTD(1)"),
    ("srcport", "UInt16", "ZSTD(1)"),
    ("srcintf", "LowCardinality(String)", "ZSTD(1)"),
    ("dstip", "IPv4", "ZSTD(1)"),
    ("dstport", "UInt16", "ZSTD(1)"),
    ("dstintf", "LowCardinality(String)", "ZSTD(1)"),
    ("sessionid", "UInt64", "Delta, ZSTD(1)"),
    ("proto", "UInt8", "ZSTD(1)"),
    ("action", "LowCardinality(String)", "ZSTD(1)"),
    ("policyid", "UInt32", "ZSTD(1)"),
    ("service", "LowCardinality(String)", "ZSTD(1)"),
    ("duration", "UInt32", "ZSTD(1)"),
    ("sentbyte", "UInt64", "ZSTD(1)"),
    ("rcvdbyte", "UInt64", "ZSTD(1)"),
]


def value(name, kind):
    """A value of a line's pairs, in the type of its column."""
    if kind == "DateTime":
        return f"toDateTime(toUInt32(pairs['{name}']))"
    return f"pairs['{name}']" if "String" in kind else f"to{kind}(pairs['{name}'])"


def main(folder, *questions):
    base = session.Session(folder)
    columns = [("raw", "String", "ZSTD(1)")] + COLUMNS
    described = ", ".join(f"{name} {kind} CODEC({codec})" for name, kind, codec in columns)
    base.query("CREATE DATABASE IF NOT EXISTS bench")
    filters = ", ".join(f"INDEX {name}_bloom {name} TYPE bloom_filter GRANULARITY 1" for name in ("srcip", "dstip"))
    base.query(f"CREATE TABLE bench.lines ({described}, {filters}) ENGINE = MergeTree ORDER BY eventtime")
    values = ", ".join(value(name, kind) for name, kind, _ in COLUMNS)
    begin, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    base.query(
        f"INSERT INTO bench.lines SELECT raw, {values} FROM (SELECT line AS raw, "
        f"extractKeyValuePairs(line, '=', ' ', '\"') AS pairs FROM file('/dev/stdin', 'LineAsString', 'line String'))"
    )
    wall, after = time.monotonic() - begin, resource.getrusage(resource.RUSAGE_SELF)

    def again(query):
        """The middle of nine times after the first."""
        taken = []
        for _ in range(10):
            start = time.monotonic()
            base.query(query, "TSV")
            taken.append(time.monotonic() - start)
        return sorted(taken[1:])[4]

    def one(query):
        return str(base.query(query, "TSV")).strip()

    print(
        json.dumps(
            {
                "version": one("SELECT version()"),
                "rows": int(one("SELECT count() FROM bench.lines")),
                "wall": wall,
                "processor": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
                "bytes": int(one("SELECT sum(bytes_on_disk) FROM system.parts WHERE table = 'lines' AND active")),
                "memory": after.ru_maxrss * 1024,
                "asked": [again(question) for question in questions],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
