"""Messages of every kind in the Bot API's documentation, as JSON lines, made from the types of aiogram: a framework
that has nothing to do with this project, whose models say which fields are required.

Usage: python telegram_messages.py [--compact]

The first line names all fields of a message and all kinds of update. Each further line is one message:
`name`, `field` (the one that makes it a message of its kind), `message`, and `optional`: JSON pointers of all fields
that the documentation calls optional. `--compact` writes one small message of each kind: the corpus that is used where
there is no aiogram (`telegram_messages.jsonl`). Exit codes: 0 done, 2 no aiogram.
"""

import datetime
import enum
import json
import sys
import types
import typing

try:
    import aiogram.types as telegram
    from pydantic import BaseModel
except ImportError as error:
    print(f"aiogram is missing: {error}", file=sys.stderr)
    sys.exit(2)

PERSON = {"id": 42, "is_bot": False, "first_name": "Ann"}
CHAT = {"id": 42, "type": "private", "first_name": "Ann"}
REQUIRED = {"message_id": 5, "date": 1_795_000_000, "chat": CHAT}
# Fields of a message that do not make it a message of a kind.
ENVELOPE = {name for name in telegram.Message.model_fields if name not in REQUIRED} & {
    "message_thread_id", "direct_messages_topic", "from_user", "sender_chat", "sender_boost_count",
    "sender_business_bot", "sender_tag", "guest_query_id", "business_connection_id", "forward_origin",
    "is_topic_message", "is_automatic_forward", "reply_to_message", "external_reply", "quote", "reply_to_story",
    "reply_to_checklist_task_id", "reply_to_poll_option_id", "via_bot", "guest_bot_caller_user",
    "guest_bot_caller_chat", "edit_date", "has_protected_content", "is_from_offline", "is_paid_post",
    "media_group_id", "author_signature", "paid_star_count", "entities", "link_preview_options",
    "suggested_post_info", "effect_id", "caption", "caption_entities", "show_caption_above_media",
    "has_media_spoiler", "reply_markup", "receiver_user", "ephemeral_message_id", "forward_date", "forward_from",
    "forward_from_chat", "forward_from_message_id", "forward_sender_name", "forward_signature",
}
CAPTIONED = {"animation", "audio", "document", "live_photo", "paid_media", "photo", "video", "voice"}
# Numbers that matter to a reader.
VALUES = {"file_size": 5_000_000_000, "offset": 0, "length": 4, "total_amount": 10, "id": 42, "is_bot": False}


def name_of(name, field):
    return field.alias or name


def variants(annotation):
    """The models of a union, or the annotation alone."""
    annotation = getattr(annotation, "__value__", annotation)
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return variants(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return [v for part in typing.get_args(annotation) if part is not type(None) for v in variants(part)]
    return [annotation]


def value(name, annotation, depth):
    """A value of a type; None if it cannot be made within the depth."""
    kinds = variants(annotation)
    kind = str if str in kinds else kinds[0]
    if name in VALUES and kind in (int, bool):
        return VALUES[name]
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        literal = typing.get_args(kind)[0]
        return literal.value if isinstance(literal, enum.Enum) else literal
    if origin in (list, typing.List):
        # Of a list of alternatives, one each.
        inner = typing.get_args(kind)[0]
        parts = [value(name, part, depth - 1) for part in (variants(inner) if depth > 2 else [inner])]
        return [part for part in parts if part is not None]
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind)).value
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return model(kind, depth)
    if kind is bool:
        return True
    if kind in (int, datetime.datetime, datetime.timedelta) or "DateTime" in str(kind):
        return 1_795_000_000 if "date" in name else 7
    if kind is float:
        return 1.5
    return f"{name} of somebody"


def model(kind, depth):
    """An object with all required fields and, as deep as wanted, with the optional ones."""
    made = {}
    for name, field in kind.model_fields.items():
        extra = field.json_schema_extra or {}
        if isinstance(extra, dict) and extra.get("deprecated"):
            continue
        needed = field.is_required() or typing.get_origin(field.annotation) is typing.Literal
        if kind is telegram.Chat and name not in ("id", "type", "title", "username", "first_name", "is_forum"):
            continue
        if kind is telegram.Message and not needed and name not in ("from_user", "text"):
            continue
        if depth <= 0 and not needed:
            continue
        if depth < -8:
            return None
        found = value(name, field.annotation, depth - 1)
        if found is not None:
            made[name_of(name, field)] = found
    return made


def optional_pointers(kind, made, path=""):
    """Pointers of the optional fields of an object that was made of a model."""
    found = []
    if not isinstance(made, dict):
        return found
    for name, field in kind.model_fields.items():
        at = made.get(name_of(name, field))
        if at is None:
            continue
        here = f"{path}/{name_of(name, field)}"
        if not field.is_required() and typing.get_origin(field.annotation) is not typing.Literal:
            found.append(here)
        for part in variants(field.annotation):
            found.extend(inner_pointers(part, at, here))
    return found


def inner_pointers(part, at, here):
    if typing.get_origin(part) in (list, typing.List) and isinstance(at, list):
        inner = variants(typing.get_args(part)[0])
        return [p for i, item in enumerate(at) for q in inner for p in inner_pointers(q, item, f"{here}/{i}")]
    if isinstance(part, type) and issubclass(part, BaseModel) and isinstance(at, dict):
        return optional_pointers(part, at, here) if set(part.model_fields) >= set(at) - {"from"} else []
    return []


def line(name, field, fields):
    message = {**REQUIRED, **fields}
    optional = [p for p in optional_pointers(telegram.Message, message) if not p.startswith("/chat/id")]
    print(json.dumps({"name": name, "field": field, "message": message, "optional": sorted(set(optional))}))


def content(name, depth):
    field = telegram.Message.model_fields[name]
    made = value(name, field.annotation, depth)
    return made if made not in (None, {}, []) else value(name, field.annotation, 1)


def compact():
    for name in kinds():
        made = content(name, 1)
        caption = {"caption": "a caption"} if name in CAPTIONED else {}
        line(name, name, {"from": PERSON, name: {} if made is None else made, **caption})


def kinds():
    return [name for name in telegram.Message.model_fields if name not in ENVELOPE and name not in REQUIRED]


def everything():
    for name in kinds():
        made = content(name, 4)
        made = {} if made is None else made
        line(name, name, {"from": PERSON, name: made})
        if name in CAPTIONED:
            caption = content("caption_entities", 2)
            line(f"{name} with a caption", name, {"from": PERSON, name: made, "caption": "words", "caption_entities": caption})
    envelope = {}
    for name in sorted(ENVELOPE):
        made = content(name, 3)
        if made not in (None, {}, []):
            envelope[name_of(name, telegram.Message.model_fields[name])] = made
    person = {**model(telegram.User, 1), **PERSON}
    captions = ("caption", "caption_entities")
    marks = {name: mark for name, mark in envelope.items() if name not in captions}
    line("everything at once", "text", {**marks, "from": person, "text": "words"})
    for part in variants(telegram.Message.model_fields["forward_origin"].annotation):
        line(f"a forward: {part.__name__}", "text", {"from": PERSON, "text": "words", "forward_origin": model(part, 3)})
    for name, field in telegram.ExternalReplyInfo.model_fields.items():
        reply = {"origin": model(telegram.MessageOriginUser, 2), name: value(name, field.annotation, 3)}
        line(f"an external reply: {name}", "text", {"from": PERSON, "text": "words", "external_reply": reply})
    for name in kinds():
        reply = {**REQUIRED, "message_id": 4, "from": PERSON, name: content(name, 2)}
        line(f"a reply to: {name}", "text", {"from": PERSON, "text": "words", "reply_to_message": reply})


if __name__ == "__main__":
    fields = [name_of(name, field) for name, field in telegram.Message.model_fields.items()]
    updates = [name for name in telegram.Update.model_fields if name != "update_id"]
    print(json.dumps({"fields": fields, "updates": updates}))
    compact() if "--compact" in sys.argv else everything()
