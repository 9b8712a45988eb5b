// @ts-check
// Settings of notices by push: this browser, the person's others, and what they tell. The state is said as it is.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { dateTime, t } from "../i18n.js";
import { seesInbox, servesCitizens } from "../pages.js";
import * as push from "../push.js";
import { changeMe, settingsOf, toast } from "../session.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Tick } from "./field.js";

const OPERATORS = /** @type {const} */ (["waiting", "offers", "messages", "mentions"]);
const SPECIALISTS = /** @type {const} */ (["level2", "messages", "mentions"]);

/** @param {{me: import("../types.js").Me, onPermission: (state: NotificationPermission) => void}} props */
export function PushSettings({ me, onPermission }) {
  const [told, setTold] = useState(/** @type {push.Told|null} */ (null));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    let here = true;
    push.look().then((found) => here && setTold(found), () => here && setError(t("error.network")));
    return () => {
      here = false;
    };
  }, []);
  /** @param {() => Promise<any>} act */
  const doing = async (act) => {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      await act();
    } catch (problem) {
      if (problem instanceof api.ApiError) setError(reason(problem));
      // What the browser itself refuses: leave was not given, or it has no push service.
      else setError(t(Notification.permission === "denied" ? "push.blocked" : Notification.permission === "default" ? "push.not_allowed" : "push.no_service"));
      push.look().then(setTold, () => {});
    }
    if ("Notification" in window) onPermission(Notification.permission);
    setBusy(false);
  };
  // Editors have no conversations to be told of.
  if (!seesInbox(me.role)) return null;
  if (!told) return error ? html`<fieldset class="group"><legend>${t("push.title")}</legend><${Alert} text=${error} /></fieldset>` : null;
  const settings = settingsOf(me);
  const here = told.browsers.find((one) => one.here);
  const blocked = push.canPush() && Notification.permission === "denied";
  const state = !told.key ? "off" : !push.canPush() ? "unsupported" : blocked ? "blocked" : here ? "here" : told.browsers.length ? "elsewhere" : "nowhere";
  const tell = async () => {
    setTold(await push.switchOn(/** @type {string} */ (told.key)));
    toast("ok", t("push.on"));
  };
  /** @param {push.Browser} one */
  const stop = async (one) => {
    await push.switchOff(one);
    setTold(await push.look());
  };
  /** @param {push.Browser} one */
  const attempt = async (one) => {
    await api.post(`push/${one.id}/test`);
    setTold(await push.look());
    toast("ok", t("push.tried"));
  };
  return html`
    <fieldset class="group push">
      <legend>${t("push.title")}</legend>
      <p class="muted">${t("push.lead")}</p>
      <p role="status">${t(`push.state.${state}`)}</p>
      ${["elsewhere", "nowhere"].includes(state) && html`<${Button} icon="bell" busy=${busy} onClick=${() => doing(tell)}>${t("push.switch_on")}</>`}
      <${Alert} text=${error} />
      ${told.browsers.length > 0 && html`
        <ul class="push__browsers" role="list">${told.browsers.map((one) => html`
          <li key=${one.id}><p><strong>${one.label}</strong>${one.here && html` <span class="chip chip--active">${t("push.this")}</span>`}<br />
              <span class="muted">${one.problem ? t("push.problem") : one.delivered_at ? t("push.delivered", { when: dateTime(one.delivered_at) }) : t("push.since", { when: dateTime(one.created_at) })}</span></p>
            <${Button} busy=${busy} onClick=${() => doing(() => attempt(one))}>${t("push.try")}<span class="vh"> ${one.label}</span></>
            <${Button} icon="ban" busy=${busy} onClick=${() => doing(() => stop(one))}>${t("push.switch_off")}<span class="vh"> ${one.label}</span></>
          </li>`)}</ul>
        ${(servesCitizens(me.role) ? OPERATORS : SPECIALISTS).map((kind) => html`<${Tick} key=${kind} text=${t(`push.kind.${kind}`)} on=${settings[`push_${kind}`]} onChange=${(/** @type {boolean} */ on) => changeMe({ settings: { [`push_${kind}`]: on } })} />`)}`}
    </fieldset>`;
}
