// @ts-check
// What is noted about a citizen, to what he agreed, and what he may ask of us: his data, and to be forgotten.
import * as api from "../api.js";
import { reason as explain, uuid } from "../actions.js";
import { announce } from "../attention.js";
import { loadCitizen } from "../citizen.js";
import { html } from "../html.js";
import { dateTime, t } from "../i18n.js";
import { loadConversation, toast } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { patchConversation } from "../model.js";
import { Alert, Button } from "./bits.js";
import { Confirm } from "./confirm.js";
import { Dialog } from "./dialog.js";
import { Field, focusInvalid } from "./field.js";
import { Icon } from "./icons.js";
import { TextArea } from "./picklist.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {import("../types.js").Citizen} Citizen */

/** @param {{card: Card, citizen: Citizen}} props */
export function CitizenRights({ card, citizen }) {
  const [dialog, setDialog] = useState("");
  const may = new Set(citizen.rights);
  const caution = citizen.identities.some((one) => one.link?.evidence === "browser") ? html`<p class="notice"><${Icon} name="warn" />${t("rights.browser")}</p>` : "";
  return html`
    <h3>${t("rights.consent")}</h3>
    ${citizen.consents.length
      ? html`<ul class="consents" role="list">${citizen.consents.map((one) => html`<li key=${one.conversation}>
          <bdi>${[one.name, one.email, one.phone].filter(Boolean).join(", ")}</bdi><br /><span class="muted">${t("rights.agreed", { time: dateTime(one.at) })}</span></li>`)}</ul>`
      : html`<p class="muted">${t("rights.no_consent")}</p>`}
    <${CitizenNotes} card=${card} citizen=${citizen} may=${may.has("note")} />
    ${may.has("export") && html`
      <h3>${t("rights.title")}</h3>
      <div class="rights">
        <${Button} icon="download" onClick=${() => setDialog("export")}>${t("rights.export")}</>
        <${Button} icon="bin" onClick=${() => setDialog("erase")}>${t("rights.erase")}</>
      </div>`}
    ${dialog === "export" && html`<${Confirm} title=${t("rights.export")} lead=${t("rights.export_lead")} submit=${t("rights.export_submit")} icon="download"
      reason=${{ label: t("rights.reason"), missing: t("rights.reason_missing") }} onClose=${() => setDialog("")} children=${caution}
      onConfirm=${async (/** @type {string} */ reason) => {
        try {
          await api.download(api.conversationPath(card.id, "citizen/export"), { reason });
        } catch (problem) {
          if (!(problem instanceof api.ApiError)) throw problem;
          return explain(problem);
        }
        toast("ok", t("rights.exported"));
        setDialog("");
        return "";
      }} />`}
    ${dialog === "erase" && html`<${EraseDialog} card=${card} caution=${caution} onClose=${() => setDialog("")} />`}`;
}

/** @param {{card: Card, citizen: Citizen, may: boolean}} props */
function CitizenNotes({ card, citizen, may }) {
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  // A repeat after a lost answer is the same note; a text that was changed in between is another one.
  const attempt = useRef({ id: uuid(), text: "" });
  /** @param {Event} event */
  const add = async (event) => {
    event.preventDefault();
    if (busy) return;
    if (!text.trim()) {
      setError(t("rights.note_missing"));
      return;
    }
    setBusy(true);
    setError("");
    if (attempt.current.text !== text.trim()) attempt.current = { id: uuid(), text: text.trim() };
    try {
      patchConversation(card.id, { citizen: await api.post(api.conversationPath(card.id, "citizen/notes"), attempt.current) });
      attempt.current = { id: uuid(), text: "" };
      setText("");
      announce(t("rights.noted"));
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(explain(problem));
    }
    setBusy(false);
  };
  /** @param {string} note */
  const drop = async (note) => {
    try {
      patchConversation(card.id, { citizen: await api.remove(`${api.conversationPath(card.id, "citizen/notes")}/${note}`) });
      announce(t("rights.note_dropped"));
      document.getElementById("citizen-notes")?.focus();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(explain(problem));
    }
  };
  return html`
    <h3 id="citizen-notes" tabindex="-1">${t("rights.notes")}</h3>
    ${citizen.notes.length > 0 && html`<ul class="citizen-notes" role="list">${citizen.notes.map((one) => html`<li class="citizen-note" key=${one.id}>
      <p><bdi>${one.text}</bdi></p><p class="muted"><bdi>${one.author.name}</bdi> · <time datetime=${one.at}>${dateTime(one.at)}</time>
      ${one.may_delete && html` <button type="button" class="icon-button" aria-label=${t("rights.note_drop", { name: one.author.name })} onClick=${() => drop(one.id)}><${Icon} name="bin" size=${14} /></button>`}</p></li>`)}</ul>`}
    ${!citizen.notes.length && !may && html`<p class="muted">${t("rights.no_notes")}</p>`}
    ${may && html`<form class="citizen-notes__form" noValidate onSubmit=${add}>
      <${Field} label=${t("rights.note_label")} hint=${t("rights.note_hint")} value=${text} rows=${2} maxLength="2000" error=${error} onInput=${setText} />
      <${Button} type="submit" icon="plus" busy=${busy}>${t("rights.note_add")}</></form>`}
    ${!may && html`<${Alert} text=${error} />`}`;
}

/**
 * Two steps: what would go and what stays is shown; then the reason, and the number of the case is typed.
 * @param {{card: Card, caution: any, onClose: () => void}} props
 */
function EraseDialog({ card, caution, onClose }) {
  const [seen, setSeen] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [step, setStep] = useState(1);
  const [why, setWhy] = useState("");
  const [typed, setTyped] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState(/** @type {any} */ (null));
  const look = () => {
    setError("");
    api.get(api.conversationPath(card.id, "citizen/erase")).then(setSeen, (problem) => {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(explain(problem));
    });
  };
  useEffect(look, []);
  const right = seen && typed.trim() === String(seen.case_no);
  /** @param {Event} event */
  const submit = async (event) => {
    if (busy || !seen) return;
    if (step === 1) {
      if (!seen.open) setStep(2);
      return;
    }
    setTried(true);
    if (!why.trim() || !right) {
      focusInvalid(/** @type {Element} */ (event.target));
      return;
    }
    setBusy(true);
    setError("");
    try {
      setTold(await api.post(api.conversationPath(card.id, "citizen/erase"), { reason: why.trim(), case_no: seen.case_no, conversations: seen.conversations }));
      loadConversation(card.id).catch(() => {});
      loadCitizen(card.id);
      announce(t("rights.erased"));
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(explain(problem));
      if (problem.code === "erase_changed") {
        setStep(1);
        look();
      }
    }
    setBusy(false);
  };
  /** @param {any[]} parts */
  const list = (parts) => html`<ul class="erase__parts">${parts.map((one) => html`<li key=${one.name}>${one.name}: ${one.count}</li>`)}</ul>`;
  const kept = (told ?? seen)?.kept;
  const left = kept ? kept.event_notes + kept.case_reasons + kept.link_reasons : 0;
  return html`
    <${Dialog} title=${t("rights.erase")} onClose=${onClose} onSubmit=${told ? undefined : submit}
      footer=${told
        ? html`<${Button} kind="primary" onClick=${onClose}>${t("search.ready")}</>`
        : html`<${Button} onClick=${onClose}>${t("action.cancel")}</>
          ${step === 1 ? seen && !seen.open && html`<${Button} kind="primary" type="submit" icon="right">${t("rights.next")}</>` : html`<${Button} kind="primary" type="submit" icon="bin" busy=${busy}>${t("rights.erase_submit")}</>`}`}>
      ${!seen && !error && html`<p role="status">${t("conversation.loading")}</p>`}
      ${seen && !told && step === 1 && html`<p>${t("rights.erase_lead", { count: seen.conversations })}</p>${list(seen.parts)}<p>${t("rights.erase_stays")}</p>${caution}
        ${seen.open > 0 && html`<${Alert} text=${t("rights.erase_open", { count: seen.open })} />`}`}
      ${seen && !told && step === 2 && html`<p class="notice"><${Icon} name="warn" />${t("rights.erase_final")}</p>
        <${TextArea} label=${t("rights.reason")} value=${why} onInput=${setWhy} rows=${2} error=${tried && !why.trim() ? t("rights.reason_missing") : ""} />
        <${Field} label=${t("rights.erase_type", { no: String(seen.case_no) })} value=${typed} inputMode="numeric" autocomplete="off" onInput=${setTyped} error=${tried && !right ? t("rights.erase_mismatch") : ""} />`}
      ${told && html`<p role="status">${t("rights.erased")}</p>${list(told.parts)}`}
      ${left > 0 && html`<p class="muted">${t("rights.kept", { count: left })}</p>`}
      <${Alert} text=${error} />
    </>`;
}
