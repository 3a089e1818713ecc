#!/usr/bin/env python3
"""Judges formatted texts with TDLib, the library that Telegram's servers are built on.

Reads JSON lines {"text", "entities": [{"type", "offset", "length", "detail"}]} and asks TDLib twice:
is the text with exactly these entities accepted and left as it is, and does an HTML made of them parse
back to the same text and entities? Prints one line for each refusal and a last line with the numbers;
exits with 1 if anything was refused. Works offline. Needs: pip install tdjson==1.8.69
"""
import html
import json
import sys

import tdjson

PLAIN = {"bold": ("b", "Bold"), "italic": ("i", "Italic"), "underline": ("u", "Underline"),
         "strikethrough": ("s", "Strikethrough"), "spoiler": ("tg-spoiler", "Spoiler"), "code": ("code", "Code")}
QUOTES = {"blockquote": ("", "BlockQuote"), "expandable_blockquote": (" expandable", "ExpandableBlockQuote")}


def ask(request, **fields):
    """Runs a synchronous TDLib function; this package takes and gives bytes."""
    answer = tdjson.td_execute(json.dumps({"@type": request, **fields}).encode())
    return json.loads(answer) if answer else {}


def tags(entity):
    """The HTML before and behind an entity."""
    kind, detail = entity["type"], entity["detail"]
    if kind in PLAIN:
        tag = PLAIN[kind][0]
        return f"<{tag}>", f"</{tag}>"
    if kind in QUOTES:
        return f"<blockquote{QUOTES[kind][0]}>", "</blockquote>"
    if kind == "text_link":
        return f'<a href="{html.escape(detail)}">', "</a>"
    if detail:
        return f'<pre><code class="language-{html.escape(detail)}">', "</code></pre>"
    return "<pre>", "</pre>"


def td_type(entity):
    """The entity's type as TDLib writes it."""
    kind, detail = entity["type"], entity["detail"]
    if kind in PLAIN:
        return {"@type": "textEntityType" + PLAIN[kind][1]}
    if kind in QUOTES:
        return {"@type": "textEntityType" + QUOTES[kind][1]}
    if kind == "text_link":
        return {"@type": "textEntityTypeTextUrl", "url": detail}
    if detail:
        return {"@type": "textEntityTypePreCode", "language": detail}
    return {"@type": "textEntityTypePre"}


def to_html(text, entities):
    """Weaves tags into the text; the entities must be sorted outer before inner and not cross."""
    units = text.encode("utf-16-le")
    piece = lambda start, end: html.escape(units[2 * start:2 * end].decode("utf-16-le"), quote=False)
    out, at, closing = [], 0, []
    for entity in entities + [{"offset": len(units) // 2, "length": 0, "type": None}]:
        start = entity["offset"]
        while closing and closing[-1][0] <= start:
            end, tag = closing.pop()
            out += [piece(at, end), tag]
            at = end
        out.append(piece(at, start))
        at = start
        if entity["type"]:
            before, behind = tags(entity)
            out.append(before)
            closing.append((start + entity["length"], behind))
    return "".join(out)


def known_url(url):
    """The address in the form that TDLib gives it, or None if it takes no such link."""
    answer = ask("parseTextEntities", text=f'<a href="{html.escape(url)}">x</a>',
                 parse_mode={"@type": "textParseModeHTML"})
    return next((entity["type"].get("url") for entity in answer.get("entities", [])), None)


def comparable(entities):
    """Entities as a sorted list of plain tuples; TDLib orders equal ranges in a way of its own."""
    key = lambda kind: tuple(sorted((k, v) for k, v in kind.items()))
    return sorted((e["offset"], e["length"], key(e["type"])) for e in entities)


def fault(text, entities):
    """Why Telegram would refuse or change the message, or None."""
    expected = []
    for entity in entities:
        kind = td_type(entity)
        if entity["type"] == "text_link":
            kind["url"] = known_url(entity["detail"])
            if not kind["url"]:
                return f"no link to {entity['detail']!r}"
        expected.append({"offset": entity["offset"], "length": entity["length"], "type": kind})
    woven = ask("parseTextEntities", text=to_html(text, entities), parse_mode={"@type": "textParseModeHTML"})
    if woven["@type"] == "error":
        return woven["message"]
    if woven["text"] != text:
        return f"text read as {woven['text']!r}"
    if comparable(woven["entities"]) != comparable(expected):
        return f"entities read as {comparable(woven['entities'])}"
    # This function checks the entities it is given as a message would be: range, borders of characters.
    given = [{"@type": "textEntity", **entity} for entity in expected]
    checked = ask("getMarkdownText", text={"@type": "formattedText", "text": text, "entities": given})
    if checked["@type"] == "error":
        return checked["message"]
    # Without entities it changes nothing but what every message loses: characters that are not allowed.
    bare = ask("getMarkdownText", text={"@type": "formattedText", "text": text, "entities": []})
    if len(bare["text"]) != len(text):
        return "characters are dropped, entities behind them move"
    return None


def main():
    ask("setLogVerbosityLevel", new_verbosity_level=0)
    judged = refused = 0
    for line in sys.stdin:
        message = json.loads(line)
        reason = fault(message["text"], message["entities"])
        judged += 1
        if reason:
            refused += 1
            print(f"{message['text']!r} {message['entities']}: {reason}")
    print(f"{judged} judged, {refused} refused")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
