// @ts-check
// Call-backs and visits: asked for beside the conversation, and counted in the header until somebody has done them.
import * as api from "../api.js";
import { reason, uuid } from "../actions.js";
import { html } from "../html.js";
import { dateTime, t } from "../i18n.js";
import { cardOf } from "../model.js";
import { usePolled } from "../polling.js";
import { fromField } from "../riga.js";
import { showDialog, toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { Choice, Field, focusInvalid } from "./field.js";
import { Icon } from "./icons.js";

/**
 * @typedef {object} Callback
 * @property {string} id
 * @property {number} version
 * @property {"call"|"visit"} kind
 * @property {"open"|"taken"|"done"} state
 * @property {string} conversation
 * @property {number|null} case_no
 * @property {string|null} centre
 * @property {string} lang
 * @property {string} name
 * @property {string|null} phone only of one that was opened
 * @property {string} phone_hint
 * @property {string} subject
 * @property {string|null} wanted_at
 * @property {string} due_at
 * @property {boolean} late
 * @property {number} attempts
 * @property {string|null} taken_by
 * @property {boolean} mine
 * @property {string|null} outcome
 * @property {string} note
 * @property {string|null} created_by null: the citizen himself
 * @property {string} created_at
 * @property {string|null} closed_at
 * @property {string[]} may
 */

const COUNT_EVERY_MS = 30_000;
/** Told when one was asked for or changed here: what is shown elsewhere on the page is fetched anew. */
const CHANGED = "pietura-callbacks";
export const callbacksChanged = () => window.dispatchEvent(new Event(CHANGED));

/** @param {() => void} fn */
export function useCallbacksChanged(fn) {
  const latest = useRef(fn);
  latest.current = fn;
  useEffect(() => {
    const told = () => latest.current();
    window.addEventListener(CHANGED, told);
    return () => window.removeEventListener(CHANGED, told);
  }, []);
}

/** How many are late, or else under way, beside the menu's entry. */
export function CallbackCount() {
  const polled = usePolled("callbacks/count", COUNT_EVERY_MS);
  useCallbacksChanged(polled.reload);
  const { late = 0, under_way: underWay = 0 } = polled.data ?? {};
  if (!underWay) return null;
  return html`<span class=${late ? "nav-count nav-count--late" : "nav-count"}><span aria-hidden="true">${late || underWay}</span>
    <span class="vh">${late ? t("callback.count_late", { count: late }) : t("callback.count", { count: underWay })}</span></span>`;
}

/** What this conversation's citizen asked for. @param {{id: string, mayAdd: boolean}} props */
export function CallbackSection({ id, mayAdd }) {
  const phone = useStore((s) => (s.cards.get(id)?.contact ?? s.conversations.get(id)?.card?.contact)?.phone ?? "");
  const polled = usePolled(api.conversationPath(id, "callbacks"), COUNT_EVERY_MS, phone);
  useCallbacksChanged(polled.reload);
  /** @type {Callback[]} */
  const rows = polled.data?.callbacks ?? [];
  if (!mayAdd && !rows.length) return null;
  return html`
    <section class="callbacks-section" aria-label=${t("callback.title")}><h3>${t("callback.title")}</h3>
    <ul class="callbacks-here" role="list">${rows.map((row) => html`
      <li key=${row.id}><a href=${`#/callbacks/${row.id}`}>${t(`callback.kind.${row.kind}`)} · ${dateTime(row.wanted_at ?? row.due_at)}</a>
        <span class="muted"> · ${row.outcome ? t(`callback.outcome.${row.outcome}`) : row.taken_by ? t("callback.with", { name: row.taken_by }) : t("callback.state.open")}</span></li>`)}</ul>
    ${mayAdd && html`<${Button} icon="phone" onClick=${() => showDialog({ kind: "callback", id })}>${t("callback.ask")}</>`}</section>`;
}

/** @param {{id: string}} props */
export function CallbackDialog({ id }) {
  const card = cardOf(id);
  // A repeat after a lost answer is the same call-back; what was changed in between is another one.
  const attempt = useRef({ id: uuid(), asked: "" });
  const [kind, setKind] = useState("call");
  const [phone, setPhone] = useState(card?.contact?.phone ?? "");
  const [name, setName] = useState(card?.contact?.name ?? "");
  const [subject, setSubject] = useState(card?.service?.title ?? "");
  const [when, setWhen] = useState("");
  const [centre, setCentre] = useState("");
  const [centres, setCentres] = useState(/** @type {{id: string, name: string}[]} */ ([]));
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const close = () => showDialog(null);
  useEffect(() => {
    api.get(api.conversationPath(id, "callbacks")).then(
      (answer) => setCentres(answer.centres),
      (problem) => {
        if (!(problem instanceof api.ApiError)) throw problem;
        setError(reason(problem));
      },
    );
  }, []);
  /** Which field a refusal is about. @type {Record<string, string>} */
  const FIELD = { bad_phone: "phone", text_empty: "subject", bad_time: "when", closed_then: "when", bad_centre: "centre" };
  /** @param {Event} event */
  const submit = async (event) => {
    if (busy) return;
    const form = /** @type {HTMLElement} */ (event.target);
    /** @type {Record<string, string>} */
    const found = {};
    const at = when ? fromField(when) : null;
    if (!phone.trim()) found.phone = t("callback.wrong.phone");
    if (!subject.trim()) found.subject = t("callback.wrong.subject");
    if (when && !at) found.when = t("callback.wrong.when");
    if (kind === "visit" && !centre) found.centre = t("callback.wrong.centre");
    setErrors(found);
    setError("");
    if (Object.keys(found).length) {
      focusInvalid(form);
      return;
    }
    setBusy(true);
    const wanted = { kind, phone: phone.trim(), name: name.trim(), subject: subject.trim(), wanted_at: at, centre_id: kind === "visit" ? centre : null };
    const asked = JSON.stringify(wanted);
    if (attempt.current.asked !== asked) attempt.current = { id: uuid(), asked };
    try {
      await api.post(api.conversationPath(id, "callbacks"), { id: attempt.current.id, ...wanted });
      close();
      toast("ok", t("callback.asked"));
      callbacksChanged();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy(false);
      const field = FIELD[problem.code];
      if (field) {
        setErrors({ [field]: reason(problem) });
        focusInvalid(form);
      } else setError(reason(problem));
    }
  };
  const kinds = ["call", "visit"].map((one) => ({ id: one, name: t(`callback.kind.${one}`) }));
  return html`
    <${Dialog} title=${t("callback.ask")} onClose=${close} onSubmit=${submit}
      footer=${html`<${Button} onClick=${close}>${t("action.cancel")}</><${Button} kind="primary" type="submit" icon="done" busy=${busy}>${t("callback.submit")}</>`}>
      <${Choice} legend=${t("callback.field.kind")} items=${kinds} value=${kind} onChange=${setKind} />
      <${Field} label=${t("callback.field.phone")} type="tel" autocomplete="off" maxLength="40" value=${phone} onInput=${setPhone} error=${errors.phone} data-focus="" />
      <${Field} label=${t("callback.field.name")} optional maxLength="120" autocomplete="off" value=${name} onInput=${setName} />
      <${Field} label=${t("callback.field.subject")} rows=${2} maxLength="500" value=${subject} onInput=${setSubject} error=${errors.subject} />
      ${kind === "visit" && html`<div class="field"><label for="callback-centre">${t("callback.field.centre")}</label>
        <select class="input" id="callback-centre" value=${centre} aria-invalid=${errors.centre ? "true" : undefined} aria-describedby=${errors.centre ? "callback-centre-error" : undefined}
          onChange=${(/** @type {any} */ e) => setCentre(e.target.value)}><option value="" selected=${!centre}>${t("macro.choose")}</option>
          ${centres.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === centre}>${one.name}</option>`)}</select>
        ${errors.centre && html`<p class="field__error" id="callback-centre-error">${errors.centre}</p>`}</div>`}
      <${Field} label=${t("callback.field.when")} type="datetime-local" optional hint=${t("callback.field.when_hint")} value=${when} onInput=${setWhen} error=${errors.when} />
      <${Alert} text=${error} />
    </>`;
}

/** @param {{row: Callback}} props */
export const DueChip = ({ row }) => html`<span class=${row.late ? "callback-due callback-due--late" : "callback-due"}>
  <${Icon} name=${row.late ? "warn" : "clock"} size=${14} />${t(row.late ? "callback.late_since" : "callback.until", { time: dateTime(row.due_at) })}</span>`;
