"""The official SDK as the judge of pictures.

    python gemini_sdk.py http://127.0.0.1:PORT     reads the emulated API
    python gemini_sdk.py - < bodies.jsonl          judges request bodies by the SDK's types, one a line

Prints one line a check or body and exits with 1 if one failed. Needs google-genai==3.6.1.
"""

import base64
import json
import struct
import sys
import traceback

from google import genai
from google.genai import errors, types

MODEL = "gemini-3-pro-image"


def config(**more):
    shape = {key: more.pop(key) for key in ("aspect_ratio", "image_size") if key in more}
    return types.GenerateContentConfig(
        response_modalities=["TEXT", "IMAGE"], image_config=types.ImageConfig(**shape), **more
    )


def draw(client, contents, **more):
    return client.models.generate_content(model=MODEL, contents=contents, config=config(**more))


def pictures(answer):
    return [part.inline_data for part in answer.parts or [] if part.inline_data and not part.thought]


def sides(blob):
    """Width and height of a PNG."""
    assert blob.mime_type == "image/png" and blob.data.startswith(b"\x89PNG"), blob.mime_type
    return struct.unpack(">II", blob.data[16:24])


def a_picture(client):
    answer = draw(client, "a cat", aspect_ratio="16:9", image_size="2K")
    (picture,) = pictures(answer)
    assert sides(picture) == (2752, 1536), sides(picture)
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    usage = answer.usage_metadata
    (image,) = [d for d in usage.candidates_tokens_details if d.modality == types.MediaModality.IMAGE]
    assert (image.token_count, usage.candidates_token_count) == (1120, 1120), usage
    assert usage.total_token_count == usage.prompt_token_count + 1120 + usage.thoughts_token_count, usage
    assert answer.model_version == MODEL and answer.response_id, answer


def an_edited_picture(client):
    (first,) = pictures(draw(client, "a cat"))
    source = types.Part.from_bytes(data=first.data, mime_type="image/png")
    answer = draw(client, ["make it blue", source, source], image_size="4K")
    (picture,) = pictures(answer)
    assert sides(picture) == (4096, 4096), sides(picture)
    details = {d.modality: d.token_count for d in answer.usage_metadata.prompt_tokens_details}
    assert details[types.MediaModality.IMAGE] == 1120, details


def a_search(client):
    answer = draw(client, "the weather", tools=[types.Tool(google_search=types.GoogleSearch())])
    grounding = answer.candidates[0].grounding_metadata
    assert grounding.web_search_queries == ["the weather"], grounding
    assert grounding.grounding_chunks[0].web.uri, grounding
    assert answer.usage_metadata.tool_use_prompt_token_count == 90, answer.usage_metadata


def refusals(client):
    answer = draw(client, "something forbidden")
    assert answer.candidates[0].finish_reason == types.FinishReason.IMAGE_SAFETY, answer
    assert not pictures(answer)
    answer = draw(client, "something blocked")
    assert answer.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT, answer
    assert not answer.candidates
    answer = draw(client, "words only")
    assert answer.text and not pictures(answer), answer


def http_errors(client):
    for contents, more, code, status in (
        ("out of order", {}, 503, "UNAVAILABLE"),
        ("a cat", {"image_size": "9K"}, 400, "INVALID_ARGUMENT"),
        ("a cat", {"aspect_ratio": "9:1"}, 400, "INVALID_ARGUMENT"),
    ):
        try:
            draw(client, contents, **more)
        except errors.APIError as error:
            assert (error.code, error.status) == (code, status), error
        else:
            raise AssertionError(f"{contents} {more} passed")


def a_wrong_key(client):
    other = client_of(sys.argv[1], "wrong")
    try:
        draw(other, "a cat")
    except errors.ClientError as error:
        assert error.details["error"]["details"][0]["reason"] == "API_KEY_INVALID", error
    else:
        raise AssertionError("a wrong key passed")


def the_model(client):
    model = client.models.get(model=MODEL)
    assert model.name == f"models/{MODEL}" and "generateContent" in model.supported_actions, model


CHECKS = (a_picture, an_edited_picture, a_search, refusals, http_errors, a_wrong_key, the_model)


def client_of(url, key):
    options = types.HttpOptions(base_url=url, api_version="v1beta", timeout=60_000)
    return genai.Client(api_key=key, http_options=options)


def read_emulator(url):
    client = client_of(url, "AIza-judge")
    failed = 0
    for check in CHECKS:
        try:
            check(client)
            print("ok     ", check.__name__)
        except Exception:
            failed += 1
            print("failed ", check.__name__)
            traceback.print_exc(file=sys.stdout)
    print(f"{len(CHECKS) - failed} of {len(CHECKS)} checks passed, SDK {genai.__version__}")
    return 1 if failed else 0


def same(kind, value):
    """The value, if the type knows each of its fields and writes it again as it was."""
    written = kind.model_validate(value).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert written == value, f"{written} instead of {value}"


def judge(body):
    unknown = set(body) - {"contents", "generationConfig", "tools"}
    assert not unknown, f"unknown fields: {unknown}"
    for content in body["contents"]:
        assert content["role"] == "user", content["role"]
        for part in content["parts"]:
            if "inlineData" in part:
                data = part["inlineData"]
                assert set(data) == {"mimeType", "data"}, set(data)
                blob = types.Blob(mime_type=data["mimeType"], data=base64.b64decode(data["data"], validate=True))
                types.Part(inline_data=blob)
            else:
                same(types.Part, part)
    # The SDK calls it a request's config and moves its fields into `generationConfig`.
    same(types.GenerateContentConfig, body["generationConfig"])
    for tool in body.get("tools", []):
        same(types.Tool, tool)


def read_bodies(lines):
    failed = 0
    for number, line in enumerate(lines):
        try:
            judge(json.loads(line))
            print("ok     ", number)
        except Exception as error:
            failed += 1
            print("failed ", number, error)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(read_bodies(sys.stdin) if sys.argv[1] == "-" else read_emulator(sys.argv[1]))
