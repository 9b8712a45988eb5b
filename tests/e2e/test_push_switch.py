"""Notices by push, switched on and off by the person. A headless browser has no push service and blocks notices, so what it would
give is stubbed: the worker, the switch, the server and its states are real; sending is proved in tests/handoff/test_push.py."""

from __future__ import annotations

import os

from playwright.sync_api import expect

from .accounts import assert_fits
from .conftest import NewStaff
from .people import assert_accessible

#: Keys of a browser, made for this; nobody listens at the address.
_STUB = """(() => {
  let there = null;
  const subscription = {
    endpoint: "http://127.0.0.1:9/browser",
    toJSON: () => ({endpoint: "http://127.0.0.1:9/browser", keys: {
      p256dh: "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
      auth: "tBHItJI5svbpez7KI4CCXg"}}),
    unsubscribe: async () => { there = null; return true; },
  };
  Object.defineProperty(Notification, "permission", {get: () => "granted"});
  Notification.requestPermission = async () => "granted";
  PushManager.prototype.subscribe = async () => (there = subscription);
  PushManager.prototype.getSubscription = async () => there;
})()"""


def test_the_switch_says_how_it_stands(new_staff: NewStaff) -> None:
    page = new_staff("anna").page
    page.locator(".me").click()
    page.get_by_role("button", name="Iestatījumi", exact=True).click()
    expect(page.locator(".push").get_by_role("status")).to_contain_text("paziņojumi ir aizliegti")
    page.add_init_script(_STUB)
    page.reload()
    page.locator(".me").click()
    page.get_by_role("button", name="Iestatījumi", exact=True).click()
    push = page.locator(".push")
    expect(push.get_by_role("status")).to_have_text("Izslēgti.")
    push.get_by_role("button", name="Ieslēgt šajā pārlūkā").click()
    expect(push.get_by_role("status")).to_have_text("Šajā pārlūkā ieslēgti.")
    assert page.evaluate("navigator.serviceWorker.getRegistration('/console').then((one) => one.active !== null)")
    push.get_by_label("Gaida iedzīvotājs").uncheck()
    expect(push.get_by_label("Jauna ziņa manā sarunā")).to_be_checked()
    expect(push.get_by_label("Sarunā pieaicināta mana iestāde")).to_have_count(0)
    push.get_by_role("button", name="Izmēģināt").click()
    expect(push.get_by_role("alert")).to_contain_text("nepieņēma")
    expect(push).to_contain_text("pēdējo neizdevās nosūtīt")
    assert_accessible(page, "settings of notices")
    if folder := os.environ.get("PEOPLE_SHOTS"):
        page.screenshot(path=f"{folder}/push.png")
    page.set_viewport_size({"width": 390, "height": 844})
    assert_fits(page, "settings of notices on a phone")
    push.get_by_role("button", name="Izslēgt").click()
    expect(push.get_by_role("status")).to_have_text("Izslēgti.")
