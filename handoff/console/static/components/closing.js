// @ts-check
// A month that is being closed: how far it is; and when it fails, why, what to do, and when it is tried again.
import * as api from "../api.js";
import { told } from "../actions.js";
import { announce } from "../attention.js";
import { useNow } from "../clock.js";
import { html } from "../html.js";
import { clock, dateTime, dayKey, label, monthName, t } from "../i18n.js";
import { count as number } from "../money.js";
import { toast } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Confirm } from "./confirm.js";
import { focusSoon } from "./field.js";
import { Icon } from "./icons.js";

/** @param {any} period @returns {boolean} the last attempt failed and no other is under way */
export const isStuck = (period) => period.state === "closing" && Boolean(period.error) && !period.trying;

/** When it is tried again; only the hour where it is today. @param {{when: string|null}} props */
function NextTry({ when }) {
  const now = useNow();
  if (!when || Date.parse(when) <= now) return html`${t("settlements.next_try_now")}`;
  return html`${t("settlements.next_try", { when: dayKey(when) === dayKey(now) ? clock(when) : dateTime(when) })}`;
}

/** Why it failed and what to do. @param {{period: any}} props */
function Failed({ period }) {
  return html`<div class="closing__failed">
    <p class="closing__cause"><${Icon} name="warn" /><strong>${label("settlements.cause", period.error)}</strong></p>
    <p>${label("settlements.todo", period.error)}</p>
    <p>${t("settlements.nothing_stored")} <${NextTry} when=${period.next_try_at} /> ${t("settlements.pauses")}</p>
    <p class="muted">${t("settlements.attempts", { number: number(period.attempts), when: dateTime(period.failed_at), step: label("settlements.step", period.step) })}
      ${" "}${period.fault && html`${t("settlements.fault")} <code>${period.fault}</code>.`}</p>
  </div>`;
}

/** How far it is; said aloud when its step changes, not at each percent. @param {{period: any}} props */
function Progress({ period }) {
  const step = label("settlements.step", period.step ?? "waiting");
  const id = `closing-${period.month}`;
  return html`<label for=${id}>${t("settlements.closing", { step, percent: number(period.progress) })}</label>
    <progress id=${id} max="100" value=${period.progress}></progress>
    ${period.error && html`<p class="muted">${t("settlements.trying", { number: number(period.attempts) })} ${label("settlements.cause", period.error)}</p>`}`;
}

/** @param {{month: string, onClose: () => void, onDone: (period: any) => void}} props */
function GiveBack({ month, onClose, onDone }) {
  /** @param {string} reason */
  const give = async (reason) => {
    let period;
    try {
      period = await api.post(`settlement/periods/${month}/give_back`, { reason });
    } catch (problem) {
      return told(problem);
    }
    toast("info", t("settlements.given_back", { month: monthName(month) }));
    onDone(period);
    return "";
  };
  return html`<${Confirm} title=${t("settlements.give_back_title", { month: monthName(month) })} lead=${t("settlements.give_back_lead")}
    submit=${t("settlements.give_back")} icon="undo" onClose=${onClose} onConfirm=${give}
    reason=${{ label: t("settlements.give_back_why"), missing: t("settlements.give_back_missing") }} />`;
}

/**
 * @param {{period: any, titled?: boolean, onChange: (period: any) => void}} props `titled`: under the month's name, where several are
 *   on a page; `onChange`: the month as it is after an act
 */
export function Closing({ period, titled = false, onChange }) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const stuck = isStuck(period);
  const words = stuck ? `${label("settlements.cause", period.error)} ${label("settlements.todo", period.error)}` : label("settlements.step", period.step ?? "waiting");
  const last = useRef("");
  useEffect(() => {
    if (last.current !== words) announce(words);
    last.current = words;
  }, [words]);
  /** What was pressed is gone by then. @param {any} now */
  const done = (now) => {
    onChange(now);
    focusSoon("main");
  };
  const tryAgain = async () => {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      done(await api.post(`settlement/periods/${period.month}/try_again`));
    } catch (problem) {
      setError(told(problem));
    }
    setBusy(false);
  };
  const may = (/** @type {string} */ act) => period.may.includes(act);
  const name = titled && html`<span class="vh"> ${monthName(period.month)}</span>`;
  return html`<section class="box closing" aria-label=${titled ? monthName(period.month) : t("settlements.state.closing")}>
    ${titled && html`<h2><a href=${`#/settlements/${period.month}`}>${monthName(period.month)}</a></h2>`}
    ${stuck ? html`<${Failed} period=${period} />` : html`<${Progress} period=${period} />`}
    <${Alert} text=${error} />
    ${(may("try_again") || may("give_back")) && html`<div class="row-buttons">
      ${may("try_again") && html`<${Button} kind="primary" icon="refresh" busy=${busy} onClick=${tryAgain}>${t("settlements.try_now")}${name}</>`}
      ${may("give_back") && html`<${Button} icon="undo" onClick=${() => setAsking(true)}>${t("settlements.give_back")}…${name}</>`}
    </div>`}
    ${asking && html`<${GiveBack} month=${period.month} onClose=${() => setAsking(false)} onDone=${(/** @type {any} */ now) => { setAsking(false); done(now); }} />`}
  </section>`;
}
