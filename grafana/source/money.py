"""Money: what came in, what it cost, what people have, and whether the books are right."""

from overview import quantile
from panels import GREEN, NEUTRAL, RED, bars, higher_is_better, lines, lower_is_better, number, page, to

PAID = 'sum(max by (direction) (increase(bot_stars{direction="paid"}[$__range])))'
REFUNDED = 'sum(max by (direction) (increase(bot_stars{direction="refunded"}[$__range])))'
COSTS = "sum(increase(bot_costs_nanousd_total[$__range])) / 1e9"
REVENUE = f"0.013 * ({PAID} - {REFUNDED})"

IN_AND_OUT = [
    number(
        "Stars paid",
        "Telegram Stars that people paid in the chosen time.",
        PAID,
        "short",
        NEUTRAL,
        to("money"),
        decimals=0,
    ),
    number(
        "Stars refunded",
        "Stars that were given back in the chosen time.",
        REFUNDED,
        "short",
        lower_is_better(1, 500),
        to("logs"),
        decimals=0,
    ),
    number(
        "Revenue",
        "Paid minus refunded Stars at $0.013 each, before Telegram's share and taxes.",
        REVENUE,
        "currencyUSD",
        NEUTRAL,
        to("money"),
        decimals=2,
    ),
    number(
        "Costs",
        "What models and services cost in the chosen time, whoever pays.",
        COSTS,
        "currencyUSD",
        NEUTRAL,
        to("models"),
        decimals=2,
    ),
    number(
        "Margin",
        "Half of the revenue (35 % are Telegram's share, 15 % taxes) minus all costs of the chosen time. It is "
        "negative while people use up what they paid before.",
        f"0.5 * {REVENUE} - {COSTS}",
        "currencyUSD",
        higher_is_better(-5, 0),
        to("money"),
        decimals=2,
    ),
    number(
        "Operator's loss",
        "Costs that the operator bears because the fault was ours, and charges that were given back.",
        'sum(increase(bot_costs_nanousd_total{payer="owner"}[$__range])) / 1e9 + '
        "sum(increase(bot_returned_nanousd_total[$__range])) / 1e9",
        "currencyUSD",
        lower_is_better(1, 5),
        to("logs"),
        decimals=2,
    ),
]

COST = [
    lines(
        "Costs by model and service",
        "US dollars an hour, by model and by paid service of tools.",
        [
            (
                "sum by (service) (rate(bot_service_costs_nanousd_total[$__rate_interval])) * 3600 / 1e9 > 0",
                "{{service}}",
            )
        ],
        "currencyUSD",
        NEUTRAL,
        to("models"),
        stacked=True,
    ),
    bars(
        "Costs of the chosen time",
        "US dollars, by model and by paid service of tools.",
        [
            (
                "sort_desc(sum by (service) (increase(bot_service_costs_nanousd_total[$__range])) / 1e9 > 0)",
                "{{service}}",
            )
        ],
        "currencyUSD",
        NEUTRAL,
        to("models"),
    ),
    lines(
        "Who pays",
        "US dollars an hour, by payer. The owner pays where the fault was ours.",
        [("sum by (payer) (rate(bot_costs_nanousd_total[$__rate_interval])) * 3600 / 1e9", "{{payer}}")],
        "currencyUSD",
        NEUTRAL,
        to("logs"),
    ),
    lines(
        "Stars",
        "Stars a day, paid and refunded.",
        [("max by (direction) (rate(bot_stars[$__rate_interval])) * 86400", "{{direction}}")],
        "short",
        NEUTRAL,
        to("money"),
    ),
]

BOOKS = [
    number(
        "Drift",
        "Rows that break a rule of the books, as the last audit found. Anything but 0 is an emergency: "
        "docs/RUNBOOK.md, BooksWrong.",
        "max(bot_audit_problems)",
        "short",
        [(None, GREEN), (1, RED)],
        to("logs"),
    ),
    number(
        "Last audit",
        "How long ago the books were audited. It runs at start and every night.",
        "time() - max(bot_audit_timestamp_seconds)",
        "s",
        lower_is_better(93600, 129600),
        to("logs"),
    ),
    number(
        "All books",
        "How long ago an audit of all books found nothing. It runs once a week; between them, what has changed is read.",
        "time() - max(bot_audit_full_timestamp_seconds > 0)",
        "s",
        lower_is_better(691200, 777600),
        to("logs"),
    ),
    number(
        "Balances",
        "What all people have, US dollars: what the operator owes them in answers.",
        "max(bot_total_balance_usd)",
        "currencyUSD",
        NEUTRAL,
        to("money"),
        decimals=2,
    ),
    number(
        "Holds",
        "Money reserved for work in progress. Falls back to 0 when nothing runs.",
        "max(bot_holds_usd)",
        "currencyUSD",
        NEUTRAL,
        to("storage"),
        decimals=4,
    ),
    number(
        "Overdrafts",
        "Sum of the balances below zero. A person can overdraw by one answer.",
        "max(bot_overdrafts_usd)",
        "currencyUSD",
        [(None, RED), (-50, "orange"), (-10, GREEN)],
        to("money"),
        decimals=2,
    ),
    number("Users", "Users with an account.", "max(bot_total_users)", "short", NEUTRAL, to("overview")),
]

STARS = [
    lines(
        "Balances, holds, overdrafts",
        "US dollars, over time.",
        [
            ("max(bot_total_balance_usd)", "balances"),
            ("max(bot_holds_usd)", "holds"),
            ("-max(bot_overdrafts_usd)", "overdrafts"),
        ],
        "currencyUSD",
        NEUTRAL,
        to("money"),
    ),
    lines(
        "Payments and refunds",
        "Events an hour. late: the answer to a pre-checkout came too late, so nothing was paid. "
        "found: a payment that only Telegram's list told of.",
        [
            ("sum by (result) (rate(bot_payments_total[$__rate_interval])) * 3600", "payment {{result}}"),
            ("sum by (result) (rate(bot_pre_checkouts_total[$__rate_interval])) * 3600", "pre-checkout {{result}}"),
            ("sum by (result) (rate(bot_refunds_total[$__rate_interval])) * 3600", "refund {{result}}"),
            ("sum by (what) (rate(bot_star_reconciled_total[$__rate_interval])) * 3600", "found {{what}}"),
        ],
        "short",
        NEUTRAL,
        to("logs"),
    ),
    lines(
        "From payment to credit",
        "Seconds from a payment, as Telegram dates it, to its credit. Promised: 10 s for 99.9 %.",
        [
            (quantile(0.5, "bot_payment_credit_seconds"), "median"),
            (quantile(0.99, "bot_payment_credit_seconds"), "99 %"),
        ],
        "s",
        lower_is_better(5, 10),
        to("telegram"),
    ),
    lines(
        "Refunds that wait",
        "Refunds that Telegram has not answered, and the age of the oldest.",
        [("max(bot_refunds_pending)", "refunds"), ("max(bot_refunds_oldest_seconds)", "age of the oldest, s")],
        "short",
        lower_is_better(300, 900),
        to("logs"),
    ),
]

BOARD = page(
    "money",
    "Starling: money",
    "What came in, what it cost, what people have, and whether the books are right.",
    [("In and out", IN_AND_OUT), ("Costs", COST), ("Books", BOOKS), ("Stars and balances", STARS)],
    since="now-24h",
)
