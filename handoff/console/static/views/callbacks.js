// @ts-check
// Call-backs and visits: what is late stands first; one of them with its telephone number and what came of it.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { callbacksChanged, DueChip, useCallbacksChanged } from "../components/callbacks.js";
import { Choice, Field } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { html } from "../html.js";
import { dateTime, label, t } from "../i18n.js";
import { usePolled } from "../polling.js";
import { fromField } from "../riga.js";
import { conversationHash, go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** @typedef {import("../components/callbacks.js").Callback} Callback */

const EVERY_MS = 15_000;
const OUTCOMES = ["reached", "not_reached", "not_needed"];

/** @param {{id: string|null}} props */
export const CallbacksPage = ({ id }) => html`
  <main class="page callbacks-page" id="main" tabindex="-1">${id ? html`<${One} key=${id} id=${id} />` : html`<${List} />`}</main>`;

/** @param {Callback} row */
const who = (row) => (row.outcome ? t(`callback.outcome.${row.outcome}`) : row.taken_by ? t("callback.with", { name: row.taken_by }) : t("callback.state.open"));

function List() {
  const lang = useStore((s) => s.lang);
  const polled = usePolled("callbacks", EVERY_MS, lang);
  useCallbacksChanged(polled.reload);
  const { under_way: underWay = [], ended = [] } = polled.data ?? {};
  /** @param {Callback} row */
  const item = (row) => html`
    <li key=${row.id}><a class=${row.late ? "callback-row callback-row--late" : "callback-row"} href=${`#/callbacks/${row.id}`}>
      <span class="callback-row__what"><${Icon} name=${row.kind === "call" ? "phone" : "people"} size=${16} /><bdi>${row.name || t("callback.nameless")}</bdi></span>
      <span class="callback-row__hint">${row.phone_hint}</span>
      <span class="callback-row__when">${row.state === "done" ? dateTime(row.closed_at) : html`<${DueChip} row=${row} />`}</span>
      <span class="callback-row__subject">${row.subject}</span>
      <span class="callback-row__who muted">${[who(row), row.centre, row.attempts ? t("callback.attempts", { count: row.attempts }) : ""].filter(Boolean).join(" · ")}</span>
    </a></li>`;
  return html`
    <header class="page__head"><h1>${t("callback.title")}</h1></header>
    <p class="muted">${t("callback.lead")}</p>
    ${polled.error && html`<${Alert} text=${reason(polled.error)} /><${Button} icon="refresh" onClick=${polled.reload}>${t("action.try_again")}</>`}
    ${!polled.data && !polled.error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${polled.data && html`<h2>${t("callback.under_way", { count: underWay.length })}</h2>`}
    ${polled.data && !underWay.length && html`<p class="muted">${t("callback.none")}</p>`}
    <ul class="callback-list" role="list">${underWay.map(item)}</ul>
    ${ended.length > 0 && html`<h2>${t("callback.ended")}</h2><ul class="callback-list" role="list">${ended.map(item)}</ul>`}`;
}

/** @param {{name: string, children?: any}} props */
const Row = ({ name, children }) => (children ? html`<div><dt>${name}</dt><dd>${children}</dd></div>` : null);

/** @param {{id: string}} props */
function One({ id }) {
  const lang = useStore((s) => s.lang);
  const [row, setRow] = useState(/** @type {Callback|null} */ (null));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState("");
  const [again, setAgain] = useState("");
  const [outcome, setOutcome] = useState("reached");
  const [wrong, setWrong] = useState("");
  const title = useRef(/** @type {HTMLElement|null} */ (null));
  const fetchOne = () =>
    api.get(`callbacks/${encodeURIComponent(id)}`).then(setRow, (problem) => {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(problem.status === 404 ? t("callback.missing") : reason(problem));
    });
  useEffect(() => void fetchOne(), [id, lang]);
  useEffect(() => title.current?.focus(), [Boolean(row)]);

  /** @param {string} act @param {object} [fields] */
  const perform = async (act, fields = {}) => {
    if (busy || !row) return;
    setBusy(true);
    setError("");
    setWrong("");
    try {
      await api.post(`callbacks/${row.id}/${act}`, { version: row.version, ...fields });
      callbacksChanged();
      toast("ok", t(`callback.did.${act}`));
      if (act === "finish") go("#/callbacks");
      else {
        if (act === "not_reached") {
          setNote("");
          setAgain("");
        }
        await fetchOne();
        title.current?.focus();
      }
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      // What was written stays; what is shown is fetched anew.
      if (problem.code === "bad_time" || problem.code === "closed_then") setWrong(reason(problem));
      else {
        setError(reason(problem));
        if (problem.status === 409) await fetchOne();
      }
    } finally {
      setBusy(false);
    }
  };
  const notReached = () => {
    const at = again ? fromField(again) : null;
    if (again && !at) setWrong(t("callback.wrong.when"));
    else perform("not_reached", { note, again_at: at });
  };
  /** @param {string} act */
  const may = (act) => Boolean(row?.may.includes(act));
  return html`
    <header class="page__head"><a class="icon-button" href="#/callbacks" aria-label=${t("callback.to_list")}><${Icon} name="back" /></a>
      <h1 ref=${title} tabindex="-1">${row ? `${t(`callback.kind.${row.kind}`)}: ${row.name || t("callback.nameless")}` : t("callback.title")}</h1></header>
    ${!row && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    <${Alert} text=${error} />
    ${row && html`
      <div class="callback">
        <dl class="facts">
          <${Row} name=${t("callback.field.phone")}>${row.phone ? html`<a class="callback__phone" href=${`tel:${row.phone}`}>${row.phone}</a>` : html`${row.phone_hint} <span class="muted">${t("callback.hidden")}</span>`}</>
          <${Row} name=${t("callback.field.subject")}><bdi>${row.subject}</bdi></>
          <${Row} name=${t("callback.field.centre")}>${row.centre}</>
          <${Row} name=${t("callback.field.when")}>${row.wanted_at && dateTime(row.wanted_at)}</>
          <${Row} name=${t("callback.due")}>${row.state !== "done" && html`<${DueChip} row=${row} />`}</>
          <${Row} name=${t("details.state")}>${who(row)}</>
          <${Row} name=${t("callback.attempts_made")}>${row.attempts || null}</>
          <${Row} name=${t("details.language")}>${label("language", row.lang)}</>
          <${Row} name=${t("callback.asked_by")}>${row.created_by ?? t("callback.by_citizen")} · ${dateTime(row.created_at)}</>
          <${Row} name=${t("details.case_no")}>${row.case_no}</>
          <${Row} name=${t("callback.conversation")}><a href=${conversationHash(row.conversation)}>${t("callback.open_conversation")}</a></>
          <${Row} name=${t("form.note")}>${row.note && html`<span class="callback__note">${row.note}</span>`}</>
        </dl>
        <div class="canned-form__buttons">
          ${may("take") && html`<${Button} kind="primary" icon="take" busy=${busy} onClick=${() => perform("take")}>${t("callback.act.take")}</>`}
          ${may("release") && html`<${Button} icon="undo" busy=${busy} onClick=${() => perform("release")}>${t("callback.act.release")}</>`}
        </div>
        ${may("finish") && html`
          <form class="canned-form callback__form" noValidate onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); perform("finish", { outcome, note }); }}>
            <${Field} label=${t("form.note")} optional rows=${2} maxLength="1000" value=${note} onInput=${setNote} />
            <${Choice} legend=${t("callback.field.outcome")} value=${outcome} onChange=${setOutcome} items=${OUTCOMES.map((one) => ({ id: one, name: t(`callback.outcome.${one}`) }))} />
            <${Button} type="submit" kind="primary" icon="done" busy=${busy}>${t("callback.act.finish")}</>
            <fieldset class="group"><legend>${t("callback.act.not_reached")}</legend>
              <${Field} label=${t("callback.field.again")} type="datetime-local" optional hint=${t("callback.field.again_hint")} value=${again} onInput=${setAgain} error=${wrong} />
              <${Button} icon="clock" busy=${busy} onClick=${notReached}>${t("callback.act.try_later")}</></fieldset>
          </form>`}
      </div>`}`;
}
