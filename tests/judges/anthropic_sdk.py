"""Reads the emulated Messages API with the official SDK: python anthropic_sdk.py http://127.0.0.1:PORT

Prints one line a check and exits with 1 if one failed. Needs anthropic==2.11.0.
"""

import sys
import traceback

import anthropic
from anthropic.types import RawMessageStreamEvent
from pydantic import TypeAdapter

MODEL = "claude-sonnet-5-5"
EVENTS = TypeAdapter(RawMessageStreamEvent)
CLOCK = {
    "name": "clock",
    "description": "Tells the time",
    "input_schema": {"type": "object", "properties": {"zone": {"type": "string"}}, "required": ["zone"]},
}


def said(message):
    return "".join(block.text for block in message.content if block.type == "text")


def talk(client, text, **more):
    """The final message of a stream and the text that its deltas carried."""
    request = {"model": MODEL, "max_tokens": 16000, "messages": [{"role": "user", "content": text}], **more}
    with client.messages.stream(**request) as stream:
        heard = "".join(stream.text_stream)
        return stream.get_final_message(), heard


def echo(client):
    message, heard = talk(client, "hello, world")
    assert heard == said(message) == "You said: hello, world", heard
    assert message.stop_reason == "end_turn", message.stop_reason
    assert message.usage.input_tokens == 15, message.usage
    assert message.usage.output_tokens == 6, message.usage


def markdown(client):
    message, heard = talk(client, "show me markdown")
    assert heard == said(message)
    assert all(part in heard for part in ("# A tour", "| Fruit", "```rust", "- [x]", "日本語")), heard


def long(client):
    message, heard = talk(client, "!long")
    assert heard == said(message) and len(heard) >= 12_000, len(heard)
    assert message.usage.output_tokens == -(-len(heard.encode()) // 4), message.usage


def thinking(client):
    config = {"type": "adaptive", "display": "summarized"}
    message, heard = talk(client, "think about the sea", thinking=config)
    thought, answer = message.content
    assert thought.type == "thinking" and thought.thinking and thought.signature, thought
    assert answer.text == heard
    assert 0 < message.usage.output_tokens_details.thinking_tokens < message.usage.output_tokens
    history = [
        {"role": "user", "content": "think about the sea"},
        message.to_param(),
        {"role": "user", "content": "thanks"},
    ]
    again, _ = talk(client, "", messages=history, thinking=config)
    assert said(again) == "You said: thanks", said(again)


def tool(client):
    message, _ = talk(client, '!tool clock {"zone": "UTC"}', tools=[CLOCK])
    assert message.stop_reason == "tool_use", message.stop_reason
    call = message.content[-1]
    assert (call.type, call.name, call.input) == ("tool_use", "clock", {"zone": "UTC"}), call
    history = [
        {"role": "user", "content": '!tool clock {"zone": "UTC"}'},
        message.to_param(),
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "noon"}]},
    ]
    answer, _ = talk(client, "", messages=history, tools=[CLOCK])
    assert said(answer) == "The tool clock says: noon", said(answer)


def server_tool(client):
    tools = [{"type": "web_search_20260318", "name": "web_search"}]
    paused, _ = talk(client, "!pause", tools=tools)
    assert paused.stop_reason == "pause_turn", paused.stop_reason
    history = [{"role": "user", "content": "!pause"}, paused.to_param()]
    message, _ = talk(client, "", messages=history, tools=tools)
    assert [block.type for block in message.content] == ["web_search_tool_result", "text"], message.content


WEB = [
    {"type": "web_search_20260318", "name": "web_search", "max_uses": 2, "allowed_callers": ["direct"]},
    {"type": "web_fetch_20260318", "name": "web_fetch", "max_uses": 2, "allowed_callers": ["direct"],
     "citations": {"enabled": True}},
]


def web(client):
    message, heard = talk(client, "!search dollars euro; error:unavailable", tools=WEB)
    kinds = [block.type for block in message.content]
    call, result, other, failed = message.content[1:5]
    assert kinds[1:5] == ["server_tool_use", "web_search_tool_result"] * 2, kinds
    assert call.input == {"query": "dollars euro"} and call.id == result.tool_use_id, call
    assert result.content[0].url == "https://rates.example/eur" and result.content[0].encrypted_content, result
    assert failed.content.error_code == "unavailable" and other.id == failed.tool_use_id, failed
    cited = [block for block in message.content if block.type == "text" and block.citations]
    assert cited[0].citations[0].url == "https://rates.example/eur", cited
    assert message.usage.server_tool_use.web_search_requests == 1, message.usage
    history = [{"role": "user", "content": "?"}, message.to_param(), {"role": "user", "content": "thanks"}]
    again, _ = talk(client, "", messages=history, tools=WEB)
    assert said(again) == "You said: thanks" and "1.17" in heard, said(again)


def page(client):
    message, _ = talk(client, "!fetch https://rates.example/eur", tools=WEB)
    call, result = message.content[1:3]
    assert (call.name, result.content.url) == ("web_fetch", "https://rates.example/eur"), result
    assert result.content.content.source.data.startswith("One euro is"), result
    cited = next(block for block in message.content if block.type == "text" and block.citations)
    assert cited.citations[0].document_title == "EUR/USD today", cited
    assert message.usage.server_tool_use.web_fetch_requests == 1, message.usage


def refusal(client):
    message, heard = talk(client, "!refuse")
    assert message.stop_reason == "refusal" and heard == "", message
    assert message.stop_details.category == "general_harms", message.stop_details


def events_fit_the_types(client):
    kinds = set()
    for text in ("!think", "!tool", "!pause", "!refuse", "!search euro", "!fetch"):
        config = {"type": "adaptive", "display": "summarized"}
        stream = client.messages.create(
            model=MODEL, max_tokens=1000, stream=True, thinking=config, tools=[CLOCK, *WEB],
            messages=[{"role": "user", "content": text}],
        )
        for event in stream:
            EVENTS.validate_python(event.model_dump())
            kinds.add(event.type)
    assert kinds >= {
        "message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta",
        "message_stop",
    }, kinds


def unknown_events_do_no_harm(client):
    heard = ""
    stream = client.messages.create(
        model=MODEL, max_tokens=1000, stream=True, messages=[{"role": "user", "content": "!unknown"}]
    )
    for event in stream:
        if event.type == "content_block_delta" and event.delta.type == "text_delta":
            heard += event.delta.text
    assert heard == "You said: !unknown", heard


def error_in_the_stream(client):
    try:
        talk(client, "!error")
    except anthropic.APIStatusError as error:
        assert "Overloaded" in str(error), error
    else:
        raise AssertionError("the stream ended as if nothing had happened")


def cut_stream(client):
    heard = ""
    request = {"model": MODEL, "max_tokens": 1000, "messages": [{"role": "user", "content": "!cut"}]}
    try:
        with client.messages.stream(**request) as stream:
            for piece in stream.text_stream:
                heard += piece
            raise AssertionError(f"looked complete: {stream.get_final_message()}")
    except AssertionError:
        raise
    except Exception:  # the SDK lets several kinds of transport errors through
        assert heard.startswith("The lighthouse"), heard


def http_errors(client):
    for text, kind in (
        ("!529", anthropic.APIStatusError),
        ("!429-spend", anthropic.RateLimitError),
        ("!500", anthropic.InternalServerError),
        ("!too-long", anthropic.BadRequestError),
    ):
        try:
            talk(client, text)
        except kind as error:
            assert error.request_id.startswith("req_"), error.request_id
        else:
            raise AssertionError(f"{text} passed")


def retry_after_is_obeyed(client):
    message, _ = talk(client.with_options(max_retries=2), "!429")
    assert said(message) == "You said: !429", said(message)


def without_a_stream(client):
    message = client.messages.create(
        model=MODEL, max_tokens=100, messages=[{"role": "user", "content": "plain"}]
    )
    assert said(message) == "You said: plain" and message.usage.input_tokens > 0, message


def caching(client):
    system = [{"type": "text", "text": "rule " * 1000, "cache_control": {"type": "ephemeral", "ttl": "1h"}}]
    first, _ = talk(client, "one", system=system)
    second, _ = talk(client, "two", system=system)
    written = first.usage.cache_creation.ephemeral_1h_input_tokens
    assert written == second.usage.cache_read_input_tokens > 1000, (first.usage, second.usage)


def counting(client):
    messages = [{"role": "user", "content": "hello, world"}]
    assert client.messages.count_tokens(model=MODEL, messages=messages).input_tokens == 15


def models(client):
    every = list(client.models.list(limit=5))
    assert len({model.id for model in every}) == len(every) > 5, every
    one = client.models.retrieve(MODEL)
    assert one.max_tokens == 128_000 and one.capabilities.thinking.types.between_tools.supported, one


def a_pdf(pages):
    """Enough of a PDF for the emulator; a page object each."""
    return b"%PDF-1.4\n" + b"<</Type /Page>>\n" * pages + b"%%EOF\n"


def files(client):
    pdf = client.files.upload(file=("bill.pdf", a_pdf(3), "application/pdf"), expires_in_seconds=3600)
    day = client.files.upload(file=("Отчёт.txt", "день".encode(), "text/plain"))
    assert (pdf.filename, pdf.mime_type, pdf.size_bytes, pdf.downloadable) == (
        "bill.pdf", "application/pdf", len(a_pdf(3)), False,
    ), pdf
    assert (pdf.expires_at - pdf.created_at).total_seconds() == 3600 and day.expires_at is None, (pdf, day)
    assert day.filename == "Отчёт.txt", day
    content = [{"type": "document", "source": {"type": "file", "file_id": file.id}} for file in (pdf, day)]
    content.append({"type": "text", "text": "sum up"})
    message, _ = talk(client, "", messages=[{"role": "user", "content": content}])
    assert said(message) == (
        'You sent a PDF "bill.pdf" (3 pages). You sent a text "Отчёт.txt" (4 characters).\n\nYou said: sum up'
    ), said(message)
    assert message.usage.input_tokens == 8 + 4 + 3 * 1500 + 2 + 2, message.usage
    assert client.files.retrieve_metadata(pdf.id) == pdf
    assert [file.id for file in client.files.list(limit=1)] == [day.id, pdf.id]
    assert [file.id for file in client.files.list(ids=[pdf.id, "file_none"])] == [pdf.id]
    for file in (pdf, day):
        gone = client.files.delete(file.id)
        assert (gone.id, gone.type) == (file.id, "file_deleted"), gone
    assert list(client.files.list()) == []


def files_cannot_be_fetched_back(client):
    file = client.files.upload(file=("a.txt", b"a", "text/plain"))
    try:
        client.files.download(file.id)
    except anthropic.BadRequestError as error:
        assert error.error_code == "file_not_downloadable", error
    else:
        raise AssertionError("an uploaded file was fetched")


def refused(client):
    try:
        talk(client, "hi", extra_body={"temperature": 0.5})
    except anthropic.BadRequestError as error:
        assert "temperature" in str(error), error
    else:
        raise AssertionError("temperature passed")


CHECKS = (
    echo, markdown, long, thinking, tool, server_tool, web, page, refusal, events_fit_the_types,
    unknown_events_do_no_harm, error_in_the_stream, cut_stream, http_errors, retry_after_is_obeyed,
    without_a_stream, caching, counting, models, files, files_cannot_be_fetched_back, refused,
)


def main():
    client = anthropic.Anthropic(base_url=sys.argv[1], api_key="sk-ant-judge", max_retries=0, timeout=20)
    failed = 0
    for check in CHECKS:
        try:
            check(client)
            print("ok     ", check.__name__)
        except Exception:
            failed += 1
            print("failed ", check.__name__)
            traceback.print_exc(file=sys.stdout)
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks passed, SDK {anthropic.__version__}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
