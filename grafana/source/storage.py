"""Storage: PostgreSQL, Redis, the write-behind between them, and the disk."""

from overview import quantile
from panels import GREEN, NEUTRAL, RED, higher_is_better, lines, lower_is_better, number, page, to

RATE = "[$__rate_interval]"
DISK = 'fstype!~"tmpfs|ramfs|overlay|squashfs"'
UP = [(None, RED), (1, GREEN)]
NAMES = {0: "DOWN", 1: "UP"}

NOW = [
    number(
        "PostgreSQL", "Whether the exporter reaches PostgreSQL.", "min(pg_up)", "none", UP, to("logs"), mappings=NAMES
    ),
    number(
        "Redis",
        "Whether the exporter reaches Redis. The bot works without it, more slowly.",
        "min(redis_up)",
        "none",
        UP,
        to("logs"),
        mappings=NAMES,
    ),
    number(
        "Breaker",
        "Whether the bot leaves Redis alone because it failed.",
        "max(bot_redis_circuit_open)",
        "none",
        lower_is_better(1, 1),
        to("logs"),
        mappings={0: "CLOSED", 1: "OPEN"},
    ),
    number(
        "Dead letters",
        "Records that PostgreSQL refused; `starling dead-letters` shows them.",
        "max(bot_dead_letters)",
        "short",
        lower_is_better(1, 1),
        to("logs"),
    ),
    number(
        "Disk free",
        "The fullest disk of the host.",
        f"min(node_filesystem_avail_bytes{{{DISK}}} / node_filesystem_size_bytes{{{DISK}}})",
        "percentunit",
        higher_is_better(0.1, 0.2),
        to("storage"),
        decimals=0,
    ),
    number(
        "Last backup",
        "Age of the last backup (profile `backup` of compose.yaml); empty without backups.",
        "time() - max(starling_backup_timestamp_seconds)",
        "s",
        lower_is_better(90000, 93600),
        to("logs"),
    ),
]

POSTGRES = [
    lines(
        "Size of the databases",
        "Bytes. What grows is described in docs/CAPACITY.md; the janitor keeps messages for "
        "MESSAGES_KEPT_DAYS, money for ever.",
        [('pg_database_size_bytes{datname!~"template.*"}', "{{datname}}")],
        "bytes",
        NEUTRAL,
        to("storage"),
    ),
    lines(
        "Transactions",
        "Transactions a second, and statements a second that the bot sends.",
        [
            (f'sum(rate(pg_stat_database_xact_commit{{datname!~"template.*"}}{RATE}))', "committed"),
            (f'sum(rate(pg_stat_database_xact_rollback{{datname!~"template.*"}}{RATE}))', "rolled back"),
            (f"sum(rate(bot_db_queries_total{RATE}))", "statements of the bot"),
        ],
        "short",
        NEUTRAL,
        to("overview"),
    ),
    lines(
        "Connections",
        "Connections to PostgreSQL by state, and its limit.",
        [
            ("sum by (state) (pg_stat_activity_count) > 0", "{{state}}"),
            ("max(pg_settings_max_connections)", "limit"),
            ("sum(bot_db_connections_active)", "bot: in use"),
            ("sum(bot_db_connections_idle)", "bot: idle"),
        ],
        "short",
        NEUTRAL,
        to("storage"),
    ),
    lines(
        "Repeated operations",
        "Database operations a second that the bot had to try again: PostgreSQL was away or slow.",
        [(f"sum(rate(bot_db_retries_total{RATE}))", "repeated")],
        "short",
        lower_is_better(0.05, 0.2),
        to("logs"),
    ),
    lines(
        "Slowest operations",
        "Seconds, 95 % of the statements of an operation are shorter; the ten slowest, as the code names them. "
        "The audit of all books, once a week, may take minutes.",
        [
            (
                f"topk(10, histogram_quantile(0.95, sum by (operation, le) (rate(bot_db_statement_seconds_bucket{RATE}))))",
                "{{operation}}",
            )
        ],
        "s",
        lower_is_better(0.5, 5),
        to("storage"),
    ),
    lines(
        "Time by operation",
        "Seconds a second that PostgreSQL works for an operation; the ten costliest.",
        [
            (
                f"topk(10, sum by (operation) (rate(bot_db_statement_seconds_sum{RATE})))",
                "{{operation}}",
            )
        ],
        "s",
        NEUTRAL,
        to("storage"),
    ),
    lines(
        "Read from memory",
        "Share of the blocks that PostgreSQL found in its cache.",
        [
            (
                f'sum(rate(pg_stat_database_blks_hit{{datname!~"template.*"}}{RATE})) / '
                f'(sum(rate(pg_stat_database_blks_hit{{datname!~"template.*"}}{RATE})) '
                f'+ sum(rate(pg_stat_database_blks_read{{datname!~"template.*"}}{RATE})) > 0)',
                "cache",
            )
        ],
        "percentunit",
        NEUTRAL,
        to("storage"),
    ),
    lines(
        "Open work",
        "Rows that wait: updates, messages, turns, refunds.",
        [
            ("max(bot_inbox_pending)", "updates"),
            ("max(bot_outbox_pending)", "messages"),
            ("max(bot_turns_open)", "turns"),
            ("max(bot_refunds_pending)", "refunds"),
        ],
        "short",
        NEUTRAL,
        to("overview"),
    ),
]

REDIS = [
    lines(
        "Memory of Redis",
        "Bytes, and the limit (0: none). Caches go when it is full; the write-behind stream stays.",
        [("sum(redis_memory_used_bytes)", "used"), ("sum(redis_memory_max_bytes)", "limit")],
        "bytes",
        NEUTRAL,
        to("storage"),
    ),
    lines(
        "Cache hits",
        "Share of the reads that found something, by cache. Misses of a new conversation are normal.",
        [
            (
                f"sum by (cache_type) (rate(bot_redis_cache_hits_total{RATE})) / "
                f"(sum by (cache_type) (rate(bot_redis_cache_hits_total{RATE})) "
                f"+ sum by (cache_type) (rate(bot_redis_cache_misses_total{RATE})) > 0)",
                "{{cache_type}}",
            )
        ],
        "percentunit",
        NEUTRAL,
        to("models"),
    ),
    lines(
        "Calls and failures",
        "Calls of Redis a second, failures by kind, and turns whose cached context was stale.",
        [
            (f"sum(rate(bot_redis_round_trips_total{RATE}))", "calls"),
            (f"sum by (kind) (rate(bot_redis_failures_total{RATE}))", "{{kind}}"),
            (f"sum(rate(bot_redis_cache_stale_total{RATE}))", "stale"),
            (f"sum(rate(bot_redis_circuit_opened_total{RATE}))", "breaker opened"),
        ],
        "short",
        NEUTRAL,
        to("logs"),
    ),
    lines(
        "Evicted and expired keys",
        "Keys a second that left Redis: evicted for lack of memory, or at the end of their lifetime.",
        [
            (f"sum(rate(redis_evicted_keys_total{RATE}))", "evicted"),
            (f"sum(rate(redis_expired_keys_total{RATE}))", "expired"),
        ],
        "short",
        NEUTRAL,
        to("storage"),
    ),
]

WRITE_BEHIND = [
    lines(
        "Write-behind: waiting",
        "Records that wait for PostgreSQL, and the age of the oldest. Nobody waits for them.",
        [("sum(bot_write_queue_depth)", "records"), ("max(bot_write_queue_oldest_seconds)", "age of the oldest, s")],
        "short",
        lower_is_better(60, 120),
        to("logs"),
    ),
    lines(
        "Write-behind: written",
        "Records a minute by type; direct: without Redis in between; repeated: batches that were tried "
        "again; refused: became dead letters.",
        [
            (f"sum by (write_type) (rate(bot_write_flush_total{RATE})) * 60", "{{write_type}}"),
            (f"sum(rate(bot_write_direct_total{RATE})) * 60", "direct"),
            (f"sum(rate(bot_write_retries_total{RATE})) * 60", "repeated"),
            (f"sum(rate(bot_write_dead_letters_total{RATE})) * 60", "refused"),
        ],
        "opm",
        NEUTRAL,
        to("logs"),
    ),
    lines(
        "Write-behind: time",
        "Seconds that writing a batch took.",
        [(quantile(0.5, "bot_write_flush_seconds"), "median"), (quantile(0.95, "bot_write_flush_seconds"), "95 %")],
        "s",
        lower_is_better(1, 5),
        to("logs"),
    ),
    lines(
        "Cleaned up",
        "Rows an hour that the janitor deleted.",
        [(f"sum by (what) (rate(bot_cleaned_up_rows_total{RATE})) * 3600", "{{what}}")],
        "short",
        NEUTRAL,
        to("logs"),
        stacked=True,
    ),
]

DISKS = [
    lines(
        "Free space by disk",
        "Share of each disk that is free.",
        [(f"node_filesystem_avail_bytes{{{DISK}}} / node_filesystem_size_bytes{{{DISK}}}", "{{mountpoint}}")],
        "percentunit",
        [(None, RED), (0.1, "orange"), (0.2, GREEN)],
        to("storage"),
    ),
    lines(
        "Disk growth",
        "Bytes a day by which the free space shrinks, by the last six hours.",
        [(f"clamp_min(-deriv(node_filesystem_avail_bytes{{{DISK}}}[6h]) * 86400, 0)", "{{mountpoint}}")],
        "bytes",
        NEUTRAL,
        to("storage"),
    ),
]

BOARD = page(
    "storage",
    "Starling: storage",
    "PostgreSQL, Redis, the write-behind between them, and the disk.",
    [("Now", NOW), ("PostgreSQL", POSTGRES), ("Redis", REDIS), ("Write-behind", WRITE_BEHIND), ("Disk", DISKS)],
    since="now-24h",
)
