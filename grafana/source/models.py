"""Models and tools: requests, tokens, cache, delays, tools, files, transcripts."""

from overview import quantile
from panels import NEUTRAL, bars, higher_is_better, lines, lower_is_better, number, page, to

RATE = "[$__rate_interval]"

NOW = [
    number(
        "Failed requests",
        "Share of the requests to models that failed or had to be repeated, in the chosen time.",
        'sum(increase(bot_llm_requests_total{result=~"failed|retried"}[$__range])) / '
        "(sum(increase(bot_llm_requests_total[$__range])) > 0)",
        "percentunit",
        lower_is_better(0.05, 0.3),
        to("logs"),
        width=6,
        decimals=2,
    ),
    number(
        "Read from cache",
        "Share of the prompt tokens that the provider's cache had. Cached tokens cost a tenth.",
        'sum(increase(bot_llm_tokens_total{kind="cache_read"}[$__range])) / '
        '(sum(increase(bot_llm_tokens_total{kind!="output"}[$__range])) > 0)',
        "percentunit",
        higher_is_better(0.2, 0.5),
        to("money"),
        width=6,
        decimals=1,
    ),
    number(
        "Tool errors",
        "Share of the calls of tools that failed, in the chosen time. Models react to errors; a tool that "
        "fails in half of its calls is broken.",
        'sum(increase(bot_tool_calls_total{status="error"}[$__range])) / '
        "(sum(increase(bot_tool_calls_total[$__range])) > 0)",
        "percentunit",
        lower_is_better(0.2, 0.5),
        to("logs"),
        width=6,
        decimals=1,
    ),
    number(
        "Calls an answer",
        "Requests to models for one question: rounds of tools, retries, sub-agents.",
        "sum(increase(bot_llm_requests_total[$__range])) / (sum(increase(bot_turns_total[$__range])) > 0)",
        "short",
        lower_is_better(5, 15),
        to("money"),
        width=6,
        decimals=2,
    ),
]

MODELS = [
    lines(
        "Requests by result",
        "Requests a minute. retried: failed and asked again; cut: stopped by a person or a newer message.",
        [(f"sum by (result) (rate(bot_llm_requests_total{RATE})) * 60", "{{result}}")],
        "opm",
        NEUTRAL,
        to("logs"),
        stacked=True,
    ),
    lines(
        "Requests by model",
        "Requests a minute to each model; those of sub-agents included.",
        [(f"sum by (model) (rate(bot_llm_requests_total{RATE})) * 60 > 0", "{{model}}")],
        "opm",
        NEUTRAL,
        to("money"),
        stacked=True,
    ),
    lines(
        "Tokens by kind",
        "Tokens a minute, all models.",
        [(f"sum by (kind) (rate(bot_llm_tokens_total{RATE})) * 60", "{{kind}}")],
        "short",
        NEUTRAL,
        to("money"),
        stacked=True,
    ),
    lines(
        "Tokens by model",
        "Tokens a minute, all kinds.",
        [(f"sum by (model) (rate(bot_llm_tokens_total{RATE})) * 60 > 0", "{{model}}")],
        "short",
        NEUTRAL,
        to("money"),
        stacked=True,
    ),
    lines(
        "Time to first text",
        "Seconds from the request to the first visible text.",
        [(quantile(q, "bot_llm_first_text_seconds"), n) for q, n in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))],
        "s",
        lower_is_better(5, 10),
        to("overview"),
    ),
    lines(
        "From the first words to the screen",
        "Seconds from the first words of an answer to the draft, or the message in a group, that shows them.",
        [(quantile(q, "bot_first_draft_seconds"), n) for q, n in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))],
        "s",
        lower_is_better(1, 3),
        to("telegram"),
    ),
    lines(
        "Length of requests",
        "Seconds from the request to the end of the answer.",
        [(quantile(q, "bot_llm_request_seconds"), n) for q, n in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))],
        "s",
        lower_is_better(60, 300),
        to("overview"),
    ),
    lines(
        "Preparation",
        "Seconds from the closing of a batch to the request: what the bot itself adds. Aim: 5 ms.",
        [
            (quantile(q, "bot_turn_preparation_seconds"), n)
            for q, n in ((0.5, "median"), (0.95, "95 %"), (0.99, "99 %"))
        ],
        "s",
        lower_is_better(0.1, 0.5),
        to("storage"),
    ),
    lines(
        "Batches",
        "Messages a minute that became part of another message's prompt, and threads with a task in memory.",
        [
            (f"sum(rate(bot_queue_messages_batched_total{RATE})) * 60", "batched"),
            ("sum(bot_queue_threads_total)", "threads"),
        ],
        "short",
        NEUTRAL,
        to("telegram"),
    ),
]

TOOLS = [
    lines(
        "Tool calls",
        "Calls a minute, by tool.",
        [(f"sum by (tool_name) (rate(bot_tool_calls_total{RATE})) * 60 > 0", "{{tool_name}}")],
        "opm",
        NEUTRAL,
        to("logs"),
        stacked=True,
    ),
    bars(
        "Tool errors by tool",
        "Share of the calls that failed in the chosen time, by tool.",
        [
            (
                'sum by (tool_name) (increase(bot_tool_calls_total{status="error"}[$__range])) / '
                "(sum by (tool_name) (increase(bot_tool_calls_total[$__range])) > 0)",
                "{{tool_name}}",
            )
        ],
        "percentunit",
        lower_is_better(0.2, 0.5),
        to("logs"),
        most=1,
    ),
    lines(
        "Refused paid tools",
        "Calls a minute of paid tools that were refused for lack of money, by tool and reason: the balance, or what a "
        "sub-agent may still cost.",
        [
            (
                f"sum by (tool_name, reason) (rate(bot_tools_refused_total{RATE})) * 60 > 0",
                "{{tool_name}}: {{reason}}",
            )
        ],
        "short",
        NEUTRAL,
        to("money"),
    ),
    lines(
        "Length of tool calls",
        "Seconds, 95 % of the calls are shorter, by tool.",
        [
            (
                f"histogram_quantile(0.95, sum by (tool_name, le) (rate(bot_tool_execution_seconds_bucket{RATE})))",
                "{{tool_name}}",
            )
        ],
        "s",
        lower_is_better(30, 120),
        to("logs"),
    ),
    lines(
        "Files and copies",
        "Files a minute: fetched from Telegram, and deleted at the model's provider.",
        [
            (f"sum by (result) (rate(bot_files_fetched_total{RATE})) * 60", "fetched {{result}}"),
            (f"sum by (result) (rate(bot_copies_deleted_total{RATE})) * 60", "deleted {{result}}"),
        ],
        "opm",
        NEUTRAL,
        to("logs"),
    ),
    lines(
        "Transcriptions",
        "Recordings a minute, by result.",
        [
            (f"sum by (result) (rate(bot_transcriptions_total{RATE})) * 60", "{{result}}"),
            (f"sum(rate(bot_transcribed_seconds_total{RATE}))", "seconds of speech a second"),
        ],
        "short",
        NEUTRAL,
        to("money"),
    ),
    lines(
        "Length of transcriptions",
        "Seconds from the request for a transcript to the transcript.",
        [(quantile(0.5, "bot_transcription_seconds"), "median"), (quantile(0.95, "bot_transcription_seconds"), "95 %")],
        "s",
        lower_is_better(10, 30),
        to("logs"),
    ),
]

BOARD = page(
    "models",
    "Starling: models and tools",
    "Requests, tokens, delays, tools, files and transcripts.",
    [("Now", NOW), ("Models", MODELS), ("Tools and files", TOOLS)],
)
