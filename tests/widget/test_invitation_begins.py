"""An invitation that offers a plan: one press begins it, and tells the server which."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.people import assert_accessible

from .conftest import OpenPage
from .stub_server import Stub

_RULE = {
    "id": "slimiba",
    "page": "",
    "after_s": 0,
    "text": {"lv": "Vai palīdzēt?", "ru": "Помочь?", "en": "Need help?"},
    "begin": {
        "title": {"lv": "Soli pa solim", "ru": "Шаг за шагом", "en": "Step by step"},
        "payload": "plan:s:celvedis",
    },
}


def test_one_press_begins_the_plan(visit: OpenPage, stub: Stub) -> None:
    stub.proactive = [_RULE]
    page = visit(open_chat=False)
    button = page.get_by_role("button", name="Soli pa solim")
    expect(button).to_be_visible()
    assert_accessible(page, "an invitation that begins a plan")
    # Nothing has begun by looking at it.
    assert stub.frames("send") == []
    page.set_viewport_size({"width": 390, "height": 844})
    box = button.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    button.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.locator(".msg.own")).to_contain_text("Soli pa solim")
    expect(page.locator(".invite")).to_have_count(0)
    assert [(one["text"], one["payload"]) for one in stub.frames("send")] == [("Soli pa solim", "plan:s:celvedis")]
