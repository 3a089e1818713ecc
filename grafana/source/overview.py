"""Overview: what people feel, and whether anything waits."""

from panels import GREEN, NEUTRAL, RED, bars, higher_is_better, lines, lower_is_better, number, page, to

BAD = 'outcome=~"overloaded|unreachable|rejected|empty|internal|crashed|not_heard"'


def quantile(share, family, labels=""):
    rate = f"rate({family}_bucket{labels}[$__rate_interval])"
    return f"histogram_quantile({share}, sum by (le) ({rate}))"


NOW = [
    number(
        "Bot",
        "Whether an instance receives updates and hands them on, as /ready says.",
        "max(bot_ready)",
        "none",
        [(None, RED), (1, GREEN)],
        to("logs"),
        mappings={0: "NOT READY", 1: "READY"},
    ),
    number(
        "Alerts",
        "Alerts that fire now. Each has an entry in docs/RUNBOOK.md.",
        'count(ALERTS{alertstate="firing"}) or vector(0)',
        "short",
        lower_is_better(1, 1),
        ("Alerts", "/alerting/list"),
    ),
    number(
        "Answers running",
        "Turns that run now, over all instances.",
        "sum(bot_turns_active)",
        "short",
        NEUTRAL,
        to("telegram"),
    ),
    number(
        "Questions",
        "Questions that ended in the chosen time.",
        "sum(increase(bot_turns_total[$__range]))",
        "short",
        NEUTRAL,
        to("models"),
        decimals=0,
    ),
    number(
        "Answered",
        "Share of the questions of the chosen time that got an answer. Promised: 99.5 % over 30 days.",
        f"1 - sum(increase(bot_turns_total{{{BAD}}}[$__range])) / (sum(increase(bot_turns_total[$__range])) > 0)",
        "percentunit",
        higher_is_better(0.98, 0.995),
        to("models"),
        decimals=2,
    ),
    number(
        "Active users", "Users who were seen in the last hour.", "max(bot_active_users)", "short", NEUTRAL, to("money")
    ),
]

FELT = [
    lines(
        "Questions by outcome",
        "Turns that ended, a minute, by outcome. complete is what people want; stopped and "
        "superseded are their choice; everything else deserves a look.",
        [("sum by (outcome) (rate(bot_turns_total[$__rate_interval])) * 60 > 0", "{{outcome}}")],
        "opm",
        NEUTRAL,
        to("models"),
        stacked=True,
    ),
    lines(
        "Time to first text",
        "Seconds from the request to the model to its first visible text. Promised: 10 s for "
        "95 % of the answers. The bot adds the preparation.",
        [
            (quantile(0.5, "bot_llm_first_text_seconds"), "median"),
            (quantile(0.95, "bot_llm_first_text_seconds"), "95 %"),
            (quantile(0.95, "bot_turn_preparation_seconds"), "preparation, 95 %"),
        ],
        "s",
        lower_is_better(5, 10),
        to("models"),
    ),
    lines(
        "From the end of an answer to the chat",
        "Seconds from the moment a message is owed to its acceptance by "
        "Telegram. Promised: 2.5 s for 99 % of them. Telegram's limits are the usual cause of high values.",
        [
            (quantile(0.5, "bot_delivery_seconds"), "median"),
            (quantile(0.95, "bot_delivery_seconds"), "95 %"),
            (quantile(0.99, "bot_delivery_seconds"), "99 %"),
        ],
        "s",
        lower_is_better(1, 2.5),
        to("telegram"),
    ),
    lines(
        "What waits",
        "Age of the oldest update that is not handled, of the oldest message that is owed and of the "
        "oldest open turn. Updates and messages that wait for more than five minutes raise an alert.",
        [
            ("max(bot_inbox_oldest_seconds)", "update"),
            ("max(bot_outbox_oldest_seconds)", "message"),
            ("max(bot_turns_open_oldest_seconds)", "turn"),
        ],
        "s",
        lower_is_better(120, 300),
        to("storage"),
    ),
]

LEVELS = [
    bars(
        "Error budget left",
        "What is left of the errors that are allowed in 30 days, by service level. At 0 the promise "
        "is broken; it needs 30 days of data to be exact.",
        [("clamp_min(level:budget:left, 0)", "{{level}}")],
        "percentunit",
        higher_is_better(0.25, 0.5),
        to("overview"),
        most=1,
    ),
    lines(
        "Bad events",
        "Share of bad events in the last hour, by service level.",
        [("level:errors:ratio1h", "{{level}}")],
        "percentunit",
        NEUTRAL,
        to("overview"),
    ),
]

PROCESS = [
    number(
        "Version", "The version that runs.", "count by (version) (bot_build_info)", "none", NEUTRAL, to("logs"), width=6
    ),
    number(
        "Up for",
        "Time since the youngest instance was started.",
        'time() - max(process_start_time_seconds{job="starling"})',
        "s",
        NEUTRAL,
        to("logs"),
        width=6,
    ),
    number(
        "Memory",
        "Resident memory of the bot, over all instances.",
        'sum(process_resident_memory_bytes{job="starling"})',
        "bytes",
        lower_is_better(512e6, 1024e6),
        to("storage"),
        width=6,
    ),
    number(
        "CPU",
        "Cores that the bot uses, over all instances.",
        'sum(rate(process_cpu_seconds_total{job="starling"}[5m]))',
        "short",
        lower_is_better(1.5, 1.9),
        to("storage"),
        width=6,
        decimals=2,
    ),
]

INSTANCES = [
    lines(
        "Heartbeats",
        "Seconds since the last heartbeat of each instance arrived in the database. After 6 s an instance does nothing "
        "more, after 10 s another one takes over from it.",
        [("time() - bot_heartbeat_timestamp_seconds > 0", "{{instance}}")],
        "s",
        lower_is_better(6, 10),
        to("logs"),
    ),
    lines(
        "Who works",
        "How many of the 1,024 buckets of chats each instance answers, and how many nobody answers.",
        [("bot_buckets_held", "{{instance}}"), ("max(bot_buckets_free)", "nobody")],
        "short",
        NEUTRAL,
        to("logs"),
    ),
    lines(
        "Takeovers",
        "The newest epoch of the buckets that each instance holds. It grows when buckets are taken: by starts, stops and "
        "deaths.",
        [("bot_work_epoch", "{{instance}}")],
        "short",
        NEUTRAL,
        to("logs"),
    ),
    lines(
        "Duties",
        "How many instances have each duty, which one should have: 0 for minutes is an alert.",
        [("sum by (duty) (bot_duty_held)", "{{duty}}")],
        "short",
        NEUTRAL,
        to("logs"),
    ),
    lines(
        "Wake-ups",
        "Buckets of chats that instances have named to each other, a second. Those that were dropped are found by looking, "
        "within a second. None with one instance.",
        [("sum by (result) (rate(bot_wake_ups_total[$__rate_interval]))", "{{result}}"), ("bot_wake_ups_arrive", "arrive at {{instance}}")],
        "short",
        NEUTRAL,
        to("storage"),
    ),
]

BOARD = page(
    "overview",
    "Starling: overview",
    "What people feel, and whether anything waits.",
    [("Now", NOW), ("What people feel", FELT), ("Service levels", LEVELS), ("Instances", INSTANCES), ("Process", PROCESS)],
)
