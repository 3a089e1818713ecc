"""Logs: all lines, by service and level; and all lines about one turn, person, chat, update or message."""

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models import dashboard as models

from panels import LOKI, log_counts, log_lines, page, to

SERVICE = (
    dashboard.QueryVariable("service")
    .label("Service")
    .datasource(LOKI)
    .multi(True)
    .include_all(True)
    .query({"label": "service", "stream": "", "type": 1, "refId": "service"})
    .all_value(".+")
    .current(models.VariableOption(text="starling", value="starling"))
)
LEVEL = (
    dashboard.CustomVariable("level")
    .label("Level")
    .multi(True)
    .include_all(True)
    .all_value(".*")
    .values("error,warn,info,debug")
    .current(models.VariableOption(text=["All"], value=["$__all"]))
)
TEXT = dashboard.TextBoxVariable("text").label("Contains").default_value("")

ALL = '{service=~"$service", level=~"$level"} |= `$text`'
LOGS = page(
    "logs",
    "Starling: logs",
    "Lines of all services. Texts of messages, names and keys are never logged.",
    [
        (
            "Lines",
            [
                log_counts(
                    "Lines by level",
                    "Number of lines of the chosen services, by level.",
                    [("sum by (level) (count_over_time(" + ALL + " [$__auto]))", "{{level}}")],
                    to("overview"),
                ),
                log_lines(
                    "Lines",
                    "Newest first. A line of the bot opens into its fields; turn.id leads to the page of one turn.",
                    ALL,
                    to("turn", "One turn"),
                ),
            ],
        ),
        (
            "Errors of the bot",
            [
                log_counts(
                    "Errors by place",
                    "Errors and warnings of the bot, by the module that logged them.",
                    [
                        (
                            'topk(10, sum by (target) (count_over_time({service="starling", level=~"error|warn"} '
                            '| json target="target" '
                            "[$__auto])))",
                            "{{target}}",
                        )
                    ],
                    to("overview"),
                ),
                log_lines(
                    "Errors and warnings",
                    "Newest first. Each is logged once, where it is handled.",
                    '{service="starling", level=~"error|warn"}',
                    to("turn", "One turn"),
                    height=12,
                ),
            ],
        ),
    ],
    variables=[SERVICE, LEVEL, TEXT],
    since="now-1h",
)

KIND = (
    dashboard.CustomVariable("kind")
    .label("What")
    .values("turn,user,chat,update,thread,outbox")
    .current(models.VariableOption(text="turn", value="turn"))
)
ID = dashboard.TextBoxVariable("id").label("Number").default_value("1")

# The id is a field of the line itself, or of the spans around it; update ids are also listed with the turn.
ONE = r'{service="starling"} |~ `"$kind(\.id|s)":"?\[?([0-9]+, )*${id}\b`'
TURN = page(
    "turn",
    "Starling: one turn",
    "From a number to its lines: a turn, a person, a chat, an update, a thread or a message.",
    [
        (
            "From the question to the delivered answer",
            [
                log_counts(
                    "Lines by level",
                    "Number of lines about it, by level.",
                    [("sum by (level) (count_over_time(" + ONE + " [$__auto]))", "{{level}}")],
                    to("logs"),
                    height=5,
                ),
                log_lines(
                    "Lines",
                    "Oldest first. The line `turn N ...` sums the turn up: model, calls, tokens, outcome.",
                    ONE + " | json | line_format `{{.message}}`",
                    to("logs"),
                    newest_first=False,
                ),
            ],
        )
    ],
    variables=[KIND, ID],
    since="now-24h",
)
