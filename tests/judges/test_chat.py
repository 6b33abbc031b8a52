import base64
import io
import json
import logging
import re
import time

import pytest
from PIL import Image

from samesku.judges.chat import ChatJudge
from samesku.judges.wire import Question
from samesku.runtime.cache import Cache


def question(left="Susu 400 g", right="Susu 400 gram", photos=(None, None)):
    return Question({"title": left}, {"title": right}, photos)


def judge(server, **more):
    return ChatJudge(server.url, "m", "RULES: colours differ", timeout=5, **more)


def mark(body):
    """The word that the line of a verdict is to begin with."""
    return re.search(r"last line: (\w+): same", body["messages"][0]["content"])[1]


def test_the_rules_and_the_form_of_an_answer_are_asked_for(server):
    server.reply = lambda body: '{"differs": "colour", "verdict": "different"}'
    assert judge(server).judge([question()]) == ["different"]
    (body,) = server.asked
    assert "RULES: colours differ" in body["messages"][0]["content"]
    schema = body["response_format"]["json_schema"]["schema"]
    assert list(schema["properties"]) == ["differs", "verdict"]


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_without_schemas_is_asked_for_json_then_for_text(server, status):
    def reply(body):
        return (status, {"error": "no"}) if "response_format" in body else f"{mark(body)}: same"

    server.reply = reply
    made = judge(server)
    assert made.judge([question(), question("a", "b")]) == ["same", "same"]
    before = len(server.asked)
    made.judge([question("c", "d")])  # what was refused is not asked again
    assert len(server.asked) == before + 1


def test_a_server_that_takes_no_notice_of_the_form_is_asked_for_text(server):
    server.reply = lambda body: (
        "They look alike to me." if "response_format" in body else f"Well.\n{mark(body)}: different"
    )
    assert judge(server).judge([question()]) == ["different"]


def test_a_server_that_takes_no_notice_of_the_form_and_refuses_text_is_not_asked_for_ever(server):
    server.reply = lambda body: "Alike." if "response_format" in body else (400, {"error": "no"})
    assert judge(server).judge([question()]) == [None]
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    "told",
    [
        "", "yes", '{"differs": "", "verd', '{"verdict": "gleich"}', "[]", "null", '"same"',
        '{"verdict": ["same"]}', '{"verdict": "same", "verdict": "different"}', "Ja, das gleiche.",
        "同じ商品です", "same\ndifferent", "[" * 5000, "<think>same",
    ],
)  # fmt: skip
def test_nonsense_is_unsure(server, told):
    server.reply = lambda body: told
    made = judge(server)
    assert made.judge([question()]) == ["unsure"]
    assert made.unread == 1


def test_thoughts_and_fences_around_json_are_read(server):
    server.reply = lambda body: '<think>same?</think>```json\n{"verdict": " Different"}\n```'
    assert judge(server).judge([question()]) == ["different"]
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_for_a_while_is_asked_again(server, status):
    answers = [(status, {}), (status, {}), '{"verdict": "same"}']
    server.reply = lambda body: answers.pop(0)
    assert judge(server).judge([question()]) == ["same"]


@pytest.mark.parametrize("status", [429, 500])
def test_a_server_that_stays_busy_is_given_up(server, status):
    server.reply = lambda body: (status, {"error": "busy"})
    made = judge(server, at_once=1)
    many = [question(str(number)) for number in range(50)]
    assert made.judge(many) == [None] * 50
    assert len(server.asked) == 5 * (1 + made.retries)
    assert str(status) in made.trouble


def test_a_server_that_is_down_is_given_up():
    made = ChatJudge("http://127.0.0.1:9/v1", "m", "", at_once=1, retries=0)
    assert made.judge([question(str(number)) for number in range(9)]) == [None] * 9
    assert "cannot be reached" in made.trouble


def test_a_slow_server_is_not_waited_for(server):
    server.reply = lambda body: time.sleep(0.5) or "{}"
    made = ChatJudge(server.url, "m", "", timeout=0.05, retries=1)
    start = time.monotonic()
    assert made.judge([question()]) == [None]
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("raw", [b"<html>gateway</html>", b"{", b'{"choices": []}', b"null"])
def test_what_is_no_answer_at_all_is_none(server, raw):
    server.reply = lambda body: (200, raw)
    assert judge(server).judge([question()]) == [None]


@pytest.mark.parametrize(
    ("status", "told"), [(401, "the key"), (403, "the key"), (404, "no such model or address")]
)
def test_a_refusal_ends_it_at_once_and_tells_no_key_nor_posting(
    server, status, told, monkeypatch, caplog
):
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("SAMESKU_JUDGE_KEY", "sk-secret")
    server.reply = lambda body: (status, {"error": "wrong key sk-secret for Susu"})
    made = judge(server, at_once=1)
    assert made.judge([question()] * 3) == [None] * 3
    assert len(server.asked) == 1
    assert server.keys == ["Bearer sk-secret"]
    assert told in made.trouble
    assert not re.search("secret|Susu", made.trouble + caplog.text)


def test_what_was_asked_before_costs_nothing(server, tmp_path):
    first = judge(server, cache=Cache(tmp_path)).judge([question(), question("x", "y")])
    server.reply = lambda body: '{"verdict": "different"}'
    again = judge(server, cache=Cache(tmp_path)).judge([question(), question("x", "y")])
    assert first == again
    assert len(server.asked) == 2
    other = ChatJudge(server.url, "m", "other rules", Cache(tmp_path)).judge([question()])
    assert other == ["different"]


def test_what_was_not_answered_is_asked_in_the_next_run(server, tmp_path):
    server.reply = lambda body: (503, {})
    assert judge(server, cache=Cache(tmp_path)).judge([question()]) == [None]
    server.reply = lambda body: '{"verdict": "same"}'
    assert judge(server, cache=Cache(tmp_path)).judge([question()]) == ["same"]


def test_photos_go_as_one_small_picture(server, tmp_path):
    for name, colour in (("a", "red"), ("b", "blue")):
        Image.new("RGB", (900, 600), colour).save(tmp_path / f"{name}.png")
    judge(server).judge([question(photos=(tmp_path / "a.png", tmp_path / "b.png"))])
    (body,) = server.asked
    (url,) = [p["image_url"]["url"] for p in body["messages"][1]["content"] if "image_url" in p]
    picture = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
    assert picture.format == "JPEG"
    assert max(picture.size) <= 512
    width, height = picture.size
    left, right = (picture.getpixel((x, height // 2)) for x in (width // 4, 3 * width // 4))
    assert left[0] > 200 > left[2]
    assert right[2] > 200 > right[0]


def test_a_photo_that_cannot_be_read_goes_as_text_alone(server, tmp_path):
    (tmp_path / "a.png").write_bytes(b"no photo")
    told = judge(server).judge([question(photos=(tmp_path / "a.png", tmp_path / "gone.png"))])
    assert told == ["same"]
    assert isinstance(server.asked[0]["messages"][1]["content"], str)


def test_a_model_that_sees_nothing_is_asked_without_photos(server, tmp_path):
    Image.new("RGB", (9, 9)).save(tmp_path / "a.png")
    server.reply = lambda body: (
        (400, {"error": "no images"}) if "image_url" in json.dumps(body) else '{"verdict": "same"}'
    )
    made = judge(server)
    assert made.judge([question(photos=(tmp_path / "a.png",) * 2)]) == ["same"]
