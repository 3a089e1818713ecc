"""Telegram: what comes in, what goes out, and how its limits are kept."""

from overview import quantile
from panels import NEUTRAL, lines, lower_is_better, number, page, to

RATE = "[$__rate_interval]"

NOW = [
    number(
        "429s",
        "Calls in the chosen time that Telegram answered with 429. Each silences a chat; many mean that the budgets "
        "in src/bot_api/flow.rs do not fit any more.",
        'sum(increase(bot_telegram_calls_total{result="flood"}[$__range]))',
        "short",
        lower_is_better(1, 20),
        to("logs"),
        width=6,
        decimals=0,
    ),
    number(
        "Imposed silence",
        "Seconds of silence that 429s of the chosen time imposed, summed over chats.",
        "sum(increase(bot_telegram_penalty_seconds_total[$__range]))",
        "s",
        lower_is_better(10, 300),
        to("logs"),
        width=6,
    ),
    number(
        "Failed calls",
        "Share of the calls of the chosen time without an answer, or with a server error.",
        'sum(increase(bot_telegram_calls_total{result="failed"}[$__range])) / '
        "(sum(increase(bot_telegram_calls_total[$__range])) > 0)",
        "percentunit",
        lower_is_better(0.02, 0.3),
        to("logs"),
        width=6,
        decimals=2,
    ),
    number(
        "Messages refused",
        "Messages of the chosen time that Telegram refused in every form; mostly because somebody has blocked the bot.",
        "sum(increase(bot_messages_refused_total[$__range]))",
        "short",
        lower_is_better(5, 50),
        to("logs"),
        width=6,
        decimals=0,
    ),
]

OUT = [
    lines(
        "Messages",
        "Messages a minute that Telegram accepted or refused.",
        [
            (f"sum(rate(bot_messages_sent_total{RATE})) * 60", "accepted"),
            (f"sum(rate(bot_messages_refused_total{RATE})) * 60", "refused"),
        ],
        "opm",
        NEUTRAL,
        to("overview"),
    ),
    lines(
        "Delivery",
        "Seconds from the moment a message is owed to its acceptance.",
        [(quantile(q, "bot_delivery_seconds"), n) for q, n in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))],
        "s",
        lower_is_better(1, 2.5),
        to("overview"),
    ),
    lines(
        "Flow control: waiting",
        "Seconds that finished messages waited for their place under Telegram's limits.",
        [(quantile(q, "bot_telegram_wait_seconds"), n) for q, n in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))],
        "s",
        lower_is_better(1, 2.5),
        to("overview"),
    ),
    lines(
        "Flow control: dropped",
        "Drafts and other cosmetic calls a minute that were not made, and drafts that were. Dropping "
        "is how the limits are kept; nothing that counts is dropped.",
        [
            (f"sum(rate(bot_telegram_cosmetic_dropped_total{RATE})) * 60", "dropped"),
            (f'sum(rate(bot_telegram_calls_total{{method="sendMessageDraft"}}{RATE})) * 60', "drafts"),
            (f'sum(rate(bot_telegram_calls_total{{method="editMessageText"}}{RATE})) * 60', "edits"),
        ],
        "opm",
        NEUTRAL,
        to("telegram"),
    ),
    lines(
        "Calls by method",
        "Calls of the Bot API a minute.",
        [(f"sum by (method) (rate(bot_telegram_calls_total{RATE})) * 60 > 0", "{{method}}")],
        "opm",
        NEUTRAL,
        to("telegram"),
        stacked=True,
    ),
    lines(
        "Calls that went wrong",
        "Calls a minute: flood is a 429, refused is another refusal, failed got no answer.",
        [(f'sum by (result) (rate(bot_telegram_calls_total{{result!="ok"}}{RATE})) * 60', "{{result}}")],
        "opm",
        lower_is_better(1, 10),
        to("logs"),
    ),
    lines(
        "Messages that are owed",
        "Messages in the outbox, and the age of the oldest.",
        [("max(bot_outbox_pending)", "messages"), ("max(bot_outbox_oldest_seconds)", "age of the oldest, s")],
        "short",
        lower_is_better(120, 300),
        to("storage"),
    ),
]

IN = [
    lines(
        "Updates",
        "Updates a minute, by kind.",
        [(f"sum by (kind) (rate(bot_updates_total{RATE})) * 60 > 0", "{{kind}}")],
        "opm",
        NEUTRAL,
        to("overview"),
        stacked=True,
    ),
    lines(
        "Questions by chat",
        "Messages a minute that want an answer, by kind of chat.",
        [(f"sum by (chat_type) (rate(bot_messages_received_total{RATE})) * 60", "{{chat_type}}")],
        "opm",
        NEUTRAL,
        to("overview"),
        stacked=True,
    ),
    lines(
        "Not handled at once",
        "Updates a minute. duplicate: came again; ignored: of a kind that the bot does not handle; "
        "deferred: the mailbox of the thread was full; given up: somebody got no answer.",
        [
            (f"sum(rate(bot_updates_duplicate_total{RATE})) * 60", "duplicate"),
            (f"sum(rate(bot_updates_ignored_total{RATE})) * 60", "ignored"),
            (f"sum(rate(bot_updates_deferred_total{RATE})) * 60", "deferred"),
            (f"sum(rate(bot_updates_given_up_total{RATE})) * 60", "given up"),
        ],
        "opm",
        NEUTRAL,
        to("logs"),
    ),
    lines(
        "Nothing to read",
        "Messages a minute with nothing that the bot can read, and service messages, by kind.",
        [(f"sum by (kind) (rate(bot_messages_unread_total{RATE})) * 60 > 0", "{{kind}}")],
        "opm",
        NEUTRAL,
        to("logs"),
        stacked=True,
    ),
    lines(
        "Updates that wait",
        "Updates that are stored and not handled, and the age of the oldest.",
        [("max(bot_inbox_pending)", "updates"), ("max(bot_inbox_oldest_seconds)", "age of the oldest, s")],
        "short",
        lower_is_better(120, 300),
        to("storage"),
    ),
]

BOARD = page(
    "telegram",
    "Starling: Telegram",
    "What comes in, what goes out, and how Telegram's limits are kept.",
    [("Now", NOW), ("Out", OUT), ("In", IN)],
)
