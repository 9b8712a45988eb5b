// @ts-check
// Macros by keyboard: type a few letters, look at what would be done here, Enter does it.
import * as api from "../api.js";
import { reason, uuid } from "../actions.js";
import { cx, html } from "../html.js";
import { t } from "../i18n.js";
import { loadConversation, showDialog, toast } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { insert } from "./aids.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icons.js";
import { fold } from "./picklist.js";

/**
 * @typedef {object} MacroStep
 * @property {string} kind
 * @property {string|null} name what it refers to: a canned answer, an institution, a colleague, topic and outcome
 * @property {boolean} [send]
 * @property {string} [text] of a note; of an answer as it would be said here
 * @property {string} [lang]
 * @property {string[]} [gaps]
 * @property {string} [note]
 * @property {string} [comment]
 * @property {{code: string, title: string}|null} [stops]
 */
/** @typedef {{id: string, version: number, title: string, personal: boolean, may_change: boolean, steps: MacroStep[], changed_by: string|null, changed_at: string}} Macro */
/** @typedef {{version: number, seq: number, macros: Macro[]}} Shown */

/** @type {Record<string, string>} */
export const STEP_ICON = { answer: "copy", note: "note", hold: "pause", level2: "expert", return: "undo", transfer: "swap", close: "done", to_queue: "swap" };

/** What a step does, in a few words. @param {MacroStep} step */
export function stepText(step) {
  const what = t(step.kind === "answer" ? (step.send ? "macro.step.answer_send" : "macro.step.answer_insert") : `macro.step.${step.kind}`);
  if (["answer", "level2", "transfer", "close", "to_queue"].includes(step.kind)) return `${what}: ${step.name ?? t("macro.gone")}`;
  return what;
}

/** The steps with their texts and with what stands against them. @param {{steps: MacroStep[], done?: number}} props */
export const MacroSteps = ({ steps, done = 0 }) => html`
  <ol class="macro-steps">${steps.map((step, i) => html`
    <li key=${i} class=${cx("macro-step", step.stops && "macro-step--stops", i < done && "macro-step--done")}>
      <${Icon} name=${i < done ? "check" : (STEP_ICON[step.kind] ?? "right")} size=${16} />
      <div><p class="macro-step__what">${stepText(step)}${i < done && html` <span class="muted">(${t("macro.step_done")})</span>`}</p>
        ${(step.text || step.note || step.comment) && html`<p class="macro-step__text" lang=${step.lang}>${step.text || step.note || step.comment}</p>`}
        ${step.stops && html`<p class="macro-step__stops"><${Icon} name="warn" size=${14} />${step.stops.title}</p>`}</div>
    </li>`)}</ol>`;

/** @param {{id: string}} props */
export function MacroDialog({ id }) {
  const [shown, setShown] = useState(/** @type {Shown|null} */ (null));
  const [error, setError] = useState("");
  const [search, setSearch] = useState("");
  const [chosen, setChosen] = useState("");
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState(0);
  const list = useRef(/** @type {HTMLElement|null} */ (null));
  const hurried = useRef(false);
  /** One run, however often its answer is lost on the way. */
  const run = useRef("");
  const close = () => showDialog(null);

  const fetchAll = () =>
    api.get(api.conversationPath(id, "macros")).then(setShown, (problem) => {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
    });
  useEffect(() => void fetchAll(), []);

  const wanted = fold(search.trim());
  const found = (shown?.macros ?? []).filter((one) => !wanted || fold(one.title).includes(wanted) || one.steps.some((step) => fold(stepText(step)).includes(wanted)));
  const macro = shown?.macros.find((one) => one.id === chosen) ?? null;
  /** @param {string} which */
  const choose = (which) => {
    run.current = uuid();
    setChosen(which);
    setDone(0);
    setError("");
    setTimeout(() => /** @type {HTMLElement|null} */ (which ? document.querySelector("#macro-run:not([aria-disabled])") ?? document.getElementById("macro-preview") : document.getElementById("macro-search"))?.focus(), 30);
  };
  useEffect(() => {
    if (shown && hurried.current && found[0]) choose(found[0].id);
    hurried.current = false;
  }, [shown]);

  const perform = async () => {
    if (busy || !macro || !shown || done || macro.steps.some((step) => step.stops)) return;
    setBusy(true);
    setError("");
    try {
      const answer = await api.post(api.conversationPath(id, `macros/${macro.id}`), { id: run.current, macro_version: macro.version, version: shown.version, seq: shown.seq, texts: macro.texts });
      loadConversation(id).catch(() => {});
      if (answer.inserted) setTimeout(() => insert(id, answer.inserted), 60);
      if (answer.refused) {
        setDone(answer.done.length);
        setError(t("macro.stopped", { done: answer.done.length, all: macro.steps.length, why: answer.refused.title }));
      } else {
        close();
        toast("ok", t("macro.done", { title: macro.title }));
      }
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
      if (!problem.transient) {
        // What is shown is no longer so: look again, then confirm anew.
        run.current = uuid();
        await Promise.all([fetchAll(), loadConversation(id).catch(() => {})]);
      }
    } finally {
      setBusy(false);
    }
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    const buttons = /** @type {HTMLElement[]} */ ([...(list.current?.querySelectorAll("button") ?? [])]);
    const next = buttons.indexOf(/** @type {HTMLElement} */ (event.target)) + (event.key === "ArrowDown" ? 1 : -1);
    if (next < 0) document.getElementById("macro-search")?.focus();
    else buttons[Math.min(next, buttons.length - 1)]?.focus();
  };
  if (macro) {
    const stops = macro.steps.some((step) => step.stops);
    return html`
      <${Dialog} title=${macro.title} onClose=${close} wide onSubmit=${perform}
        footer=${html`<${Button} icon="back" onClick=${() => choose("")}>${t("macro.back")}</>
          ${!done && html`<${Button} kind="primary" type="submit" icon="play" id="macro-run" aria-describedby="macro-preview" busy=${busy || stops}
            onKeyDown=${(/** @type {KeyboardEvent} */ e) => { if (e.key === "Enter" && e.repeat) e.preventDefault(); /* a key held down must not run what it has chosen */ }}>${t("macro.run")}</>`}`}>
        <div id="macro-preview" tabindex="-1" class="macro-preview">
          <p class="muted">${t(stops ? "macro.would_stop" : "macro.preview")}</p>
          <${MacroSteps} steps=${macro.steps} done=${done} />
        </div>
        <${Alert} text=${error} />
      </>`;
  }
  return html`
    <${Dialog} title=${t("macro.pick")} onClose=${close} wide onSubmit=${() => {
      if (found[0]) choose(found[0].id);
      else hurried.current = shown === null;
    }} footer=${html`<a class="button" href="#/macros" onClick=${close}><${Icon} name="edit" /><span>${t("macro.manage")}</span></a>`}>
      <label class="vh" for="macro-search">${t("macro.search")}</label>
      <input id="macro-search" class="input" type="search" value=${search} data-focus="" placeholder=${t("macro.search")} autocomplete="off"
        aria-describedby="macro-hint" onInput=${(/** @type {any} */ e) => setSearch(e.target.value)} onKeyDown=${onKey} />
      <p class="muted" id="macro-hint">${t("macro.hint")}</p>
      <${Alert} text=${error} />
      ${shown && html`<p class="vh" role="status">${t("macro.found", { count: found.length })}</p>`}
      ${shown && !found.length && html`<p class="muted">${t(shown.macros.length ? "pick.nothing" : "macro.none")}</p>`}
      <ul class="canned" role="list" ref=${list}>${found.map((one) => html`
        <li key=${one.id}><button type="button" class="macro-one" onClick=${() => choose(one.id)} onKeyDown=${onKey}>
          <span class="canned__title"><bdi>${one.title}</bdi></span>
          ${one.personal && html`<span class="badge">${t("macro.mine")}</span>`}
          ${one.steps.some((step) => step.stops) && html`<span class="macro-one__warn"><${Icon} name="warn" size=${14} /><span class="vh">${t("macro.would_stop")}</span></span>`}
          <span class="macro-one__steps">${one.steps.map(stepText).join(" → ")}</span>
        </button></li>`)}</ul>
    </>`;
}

/** Beside the composer's hint. @param {{id: string}} props */
export const MacroButton = ({ id }) => html`
  <button type="button" class="button button--quiet" onClick=${() => showDialog({ kind: "macro", id })} aria-keyshortcuts="M Control+K">
    <${Icon} name="play" /><span>${t("macro.open")}</span><kbd aria-hidden="true">M</kbd></button>`;
