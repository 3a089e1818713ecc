"""Judges request bodies for /v1/messages by the official SDK's own types, offline.

    python anthropic_request.py body.json [more.json ...]
    python anthropic_request.py - < bodies.jsonl          one body a line
    python anthropic_request.py --self-test

Prints "ok" or the reason for each body; exits with 1 if one was rejected. Needs anthropic==2.11.0.
The types are TypedDicts, so three things need care: nested arrays are declared as iterables, which pydantic
checks only when they are walked; keys that no type knows would pass; and a block that is no correct request
block may still pass as the more tolerant response type. So every dictionary is also judged alone, at every
depth, by the request type that its `type` or `role` names.
"""

import collections.abc
import copy
import functools
import json
import sys
import typing

import typing_extensions
from anthropic.types import message_create_params as params
from pydantic import TypeAdapter, ValidationError


def walk(value):
    """Forces the validation of everything that pydantic left for later."""
    if isinstance(value, collections.abc.Mapping):
        for part in value.values():
            walk(part)
    elif isinstance(value, collections.abc.Iterable) and not isinstance(value, (str, bytes)):
        for part in value:
            walk(part)


def alternatives(kind):
    """The typed dictionaries and element types that an annotation may stand for."""
    origin = typing_extensions.get_origin(kind)
    if origin in (typing_extensions.Required, typing_extensions.NotRequired, typing_extensions.Annotated):
        return alternatives(typing_extensions.get_args(kind)[0])
    if origin is typing.Union or type(kind).__name__ == "UnionType":
        return [option for part in typing_extensions.get_args(kind) for option in alternatives(part)]
    return [kind]


def fields_of(kind):
    module = sys.modules[kind.__module__]
    return typing_extensions.get_type_hints(kind, vars(module), include_extras=True)


def fits(kind, value):
    """Whether a typed dictionary is the one meant: its literal fields, such as `type`, agree."""
    for name, hint in fields_of(kind).items():
        options = alternatives(hint)
        literals = [o for o in options if typing_extensions.get_origin(o) is typing.Literal]
        if name in ("type", "role") and literals and len(literals) == len(options):
            allowed = [word for o in literals for word in typing_extensions.get_args(o)]
            if name in value and value[name] not in allowed:
                return False
            if name not in value and name in kind.__required_keys__:
                return False
    return True


@functools.cache
def adapter_of(kind):
    return TypeAdapter(kind)


def wrong_alone(kind, value, path):
    """What is wrong with a dictionary as this type."""
    try:
        walk(adapter_of(kind).validate_python(copy.deepcopy(value)))
        return []
    except ValidationError as error:
        first = error.errors()[0]
        return [f"{'.'.join([path, *map(str, first['loc'])])}: {first['msg']}"]


def problems(kind, value, path):
    """Keys that none of the possible types has, and values that the meant type does not take."""
    options = alternatives(kind)
    if isinstance(value, list):
        parts = [a for o in options for a in typing_extensions.get_args(o) if typing_extensions.get_origin(o) in
                 (list, collections.abc.Iterable, collections.abc.Sequence)]
        element = typing.Union[tuple(parts)] if parts else None
        return [found for at, part in enumerate(value) if element for found in problems(element, part, f"{path}.{at}")]
    if not isinstance(value, dict):
        return []
    dicts = [o for o in options if typing_extensions.is_typeddict(o)]
    if not dicts:
        return []
    results = []
    for option in dicts:
        if not fits(option, value):
            continue
        fields = fields_of(option)
        # A type that declares how further keys look (a JSON schema) takes any.
        extra = getattr(option, "__extra_items__", None)
        open_ended = extra is not None and extra is not typing_extensions.NoExtraItems
        found = [] if open_ended else [f"{path}.{key}: unknown key" for key in value if key not in fields]
        found += wrong_alone(option, value, path)
        for key, part in value.items():
            if key in fields:
                found += problems(fields[key], part, f"{path}.{key}")
        results.append(found)
    return min(results, key=len) if results else []


def judge(body):
    """None for a correct body, else the reason."""
    streams = isinstance(body, dict) and body.get("stream") is True
    kind = params.MessageCreateParamsStreaming if streams else params.MessageCreateParamsNonStreaming
    try:
        walk(adapter_of(kind).validate_python(copy.deepcopy(body)))
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
    found = problems(kind, body, "body")
    return "; ".join(dict.fromkeys(found)) or None


GOOD = {
    "model": "claude-sonnet-5-5",
    "max_tokens": 1000,
    "stream": True,
    "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    "thinking": {"type": "adaptive", "display": "summarized"},
    "output_config": {"effort": "low"},
    "tools": [
        {"name": "clock", "input_schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
        {"type": "web_search_20260318", "name": "web_search", "max_uses": 3},
    ],
    "messages": [
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "t", "signature": "s"},
            {"type": "tool_use", "id": "toolu_1", "name": "clock", "input": {"a": "b"}},
        ]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "noon"}]},
    ],
}


def self_test():
    """The judge itself: the good body passes, each broken one does not."""
    def text_block(**more):
        return [{"role": "user", "content": [{"type": "text", "text": "a", **more}]}]

    broken = {
        "effort": {"output_config": {"effort": "huge"}},
        "max_tokens": {"max_tokens": "many"},
        "unknown field": {"temprature": 1},
        "sampling": {"temperature": 1},
        "block type": {"messages": [{"role": "user", "content": [{"type": "txt", "text": "a"}]}]},
        "role": {"messages": [{"role": "usr", "content": "a"}]},
        "message field": {"messages": [{"role": "user", "content": "a", "name": "b"}]},
        "block field": {"messages": text_block(colour="red")},
        "mark field": {"messages": text_block(cache_control={"type": "ephemeral", "time": "5m"})},
        "mark lifetime": {"messages": text_block(cache_control={"type": "ephemeral", "ttl": "2h"})},
        "tool field": {"tools": [{"name": "a", "input_schema": {"type": "object"}, "colour": "red"}]},
        "no messages": {"messages": None},
    }
    wrong = [] if judge(GOOD) is None else [f"good: {judge(GOOD)}"]
    for name, change in broken.items():
        reason = judge({**GOOD, **change})
        print(f"{name}: {reason or 'not noticed'}")
        if reason is None:
            wrong.append(name)
    print("self-test " + (f"failed: {wrong}" if wrong else "ok"))
    return 1 if wrong else 0


def bodies(names):
    for name in names:
        if name == "-":
            for number, line in enumerate(sys.stdin, 1):
                if line.strip():
                    yield f"line {number}", line
        else:
            with open(name, encoding="utf-8") as file:
                yield name, file.read()


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    failed = judged = 0
    for name, text in bodies(sys.argv[1:] or ["-"]):
        judged += 1
        try:
            reason = judge(json.loads(text))
        except json.JSONDecodeError as error:
            reason = f"not JSON: {error}"
        failed += reason is not None
        print(f"{name}: {'ok' if reason is None else reason}")
    if judged == 0:
        print("nothing to judge")
    return 1 if failed or judged == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
