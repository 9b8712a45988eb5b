// @ts-check
// Macros: the list, and the form of one with its steps in order. What somebody else has changed meanwhile is never written over.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Field, focusInvalid, focusSoon, Tick } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { STEP_ICON, stepText } from "../components/macros.js";
import { fold } from "../components/picklist.js";
import { html } from "../html.js";
import { byName, dateTime, t } from "../i18n.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { editsKnowledge } from "../pages.js";
import { KnowledgeNav } from "./knowledge.js";

/** @typedef {import("../components/macros.js").Macro} Macro */
/** @typedef {{macros: Macro[], canned: {id: string, title: string}[], queues: {id: string, title: string}[], may_share: boolean}} All */
/** @typedef {Record<string, any>} Draft a step being written; `key` tells it apart */

const KINDS = ["answer", "note", "hold", "level2", "return", "transfer", "close", "to_queue"];
const MOST = 8;
/** Fields of each kind of step, as the server takes them. @type {Record<string, string[]>} */
const FIELDS = {
  answer: ["canned_id", "send"],
  note: ["text"],
  hold: ["note"],
  level2: ["institution_id", "note"],
  return: ["note"],
  transfer: ["to_user", "note"],
  close: ["topic", "outcome", "comment"],
  to_queue: ["queue_id", "note"],
};
/** @type {Record<string, string[]>} */
const NEEDED = { answer: ["canned_id"], note: ["text"], level2: ["institution_id", "note"], transfer: ["to_user"], close: ["topic", "outcome"], to_queue: ["queue_id", "note"] };

/** @param {{id: string|null}} props `id`: one of them, or `new` */
export function MacrosPage({ id }) {
  const [all, setAll] = useState(/** @type {All|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const role = useStore((s) => s.me?.role ?? "");
  useEffect(() => {
    setError("");
    setAll(null);
    api.get("macros").then(setAll, (problem) => {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
    });
  }, [id, round]);
  const one = id && id !== "new" ? (all?.macros.find((row) => row.id === id) ?? null) : null;
  const missing = Boolean(id && id !== "new" && all && !one);
  return html`
    <main class="page canned-page" id="main" tabindex="-1">
      <header class="page__head">
        ${id && html`<a class="icon-button" href="#/macros" aria-label=${t("macro.to_list")}><${Icon} name="back" /></a>`}
        <h1>${id === "new" ? t("macro.new") : one ? one.title : t("macro.title")}</h1>
        ${!id && html`<div class="page__buttons"><a class="button button--primary" href="#/macros/new"><${Icon} name="plus" /><span>${t("macro.new")}</span></a></div>`}
      </header>
      ${!id && editsKnowledge(role) && html`<${KnowledgeNav} current="macros" />`}
      ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
      ${!all && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${missing && html`<p role="alert">${t("macro.missing")}</p>`}
      ${all && !id && html`<${MacroList} all=${all} />`}
      ${all && id && !missing && html`<${MacroForm} key=${id} one=${one} all=${all} />`}
    </main>`;
}

/** @param {{all: All}} props */
function MacroList({ all }) {
  const [search, setSearch] = useState("");
  const wanted = fold(search.trim());
  const shown = all.macros.filter((row) => !wanted || fold([row.title, ...row.steps.map(stepText)].join(" ")).includes(wanted));
  return html`
    <p class="muted">${t("macro.lead")}</p>
    <div class="field canned-page__search"><label for="macro-list-search">${t("macro.search")}</label>
      <input class="input" id="macro-list-search" type="search" value=${search} onInput=${(/** @type {any} */ e) => setSearch(e.target.value)} /></div>
    <p class="vh" role="status">${t("macro.found", { count: shown.length })}</p>
    ${!shown.length && html`<p class="muted">${t(all.macros.length ? "pick.nothing" : "macro.none")}</p>`}
    <ul class="canned-list" role="list">${shown.map((row) => html`
      <li key=${row.id}><a class="canned-row" href=${`#/macros/${row.id}`}>
        <span class="canned-row__title"><bdi>${row.title}</bdi></span>
        ${row.personal && html`<span class="badge">${t("macro.mine")}</span>`}
        <span class="canned-row__text">${row.steps.map(stepText).join(" → ")}</span>
        <span class="canned-row__who muted">${t(row.personal ? "macro.only_me" : "macro.for_all")} · ${dateTime(row.changed_at)}${row.changed_by && ` · ${row.changed_by}`}</span>
      </a></li>`)}</ul>`;
}

let made = 0;
/** @param {string} kind @returns {Draft} */
const fresh = (kind) => ({ key: `step-${made++}`, kind, send: false });

/** @param {{one: Macro|null, all: All}} props */
function MacroForm({ one, all }) {
  // What was seen when the form was opened: a list fetched anew meanwhile must not lend its version to old steps.
  const [version] = useState(one?.version);
  const [title, setTitle] = useState(one?.title ?? "");
  const [personal, setPersonal] = useState(one ? one.personal : !all.may_share);
  const [steps, setSteps] = useState(/** @type {Draft[]} */ ((one?.steps ?? []).map((step) => ({ ...step, key: `step-${made++}` }))));
  const [tried, setTried] = useState(false);
  const [error, setError] = useState("");
  const [titleError, setTitleError] = useState("");
  const [stepError, setStepError] = useState(/** @type {{step: number, text: string}|null} */ (null));
  const [busy, setBusy] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const locked = Boolean(one && !one.may_change);

  /** @param {Draft} step @param {string} field */
  const lacks = (step, field) => tried && (NEEDED[step.kind] ?? []).includes(field) && !String(step[field] ?? "").trim();
  /** @param {number} at @param {Draft} patch */
  const change = (at, patch) => {
    setStepError(null);
    setSteps(steps.map((step, i) => (i === at ? { ...step, ...patch } : step)));
  };
  /** @param {number} from @param {number} to */
  const move = (from, to) => {
    const next = [...steps];
    next.splice(to, 0, ...next.splice(from, 1));
    setStepError(null);
    setSteps(next);
    focusSoon(`${steps[from].key}-${to === 0 ? "down" : to === steps.length - 1 ? "up" : to < from ? "up" : "down"}`);
  };
  const submit = async () => {
    if (busy || locked) return;
    setTried(true);
    setError("");
    setStepError(null);
    setTitleError(title.trim() ? "" : t("macro.wrong.title"));
    const incomplete = steps.some((step) => (NEEDED[step.kind] ?? []).some((field) => !String(step[field] ?? "").trim()));
    if (!steps.length) setError(t("macro.wrong.steps"));
    if (!title.trim() || incomplete || !steps.length) {
      focusInvalid(form.current);
      return;
    }
    setBusy(true);
    const body = {
      title: title.trim(),
      personal,
      steps: steps.map((step) => ({ kind: step.kind, ...Object.fromEntries(FIELDS[step.kind].filter((name) => step[name] !== undefined && step[name] !== null).map((name) => [name, step[name]])) })),
    };
    try {
      if (one) await api.put(`macros/${one.id}`, { ...body, version });
      else await api.post("macros", body);
      toast("ok", t("macro.saved"));
      go("#/macros");
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy(false);
      const text = reason(problem);
      if (problem.code === "title_taken") setTitleError(text);
      else if (problem.code === "macro_step") {
        setStepError({ step: Number(problem.body.step) - 1, text: String(problem.body.why) });
        focusSoon(`${steps[Number(problem.body.step) - 1]?.key}-kind`);
      } else setError(text);
      if (problem.code === "title_taken") focusInvalid(form.current);
    }
  };
  const drop = async () => {
    if (!one) return "";
    try {
      await api.remove(`macros/${one.id}${api.query({ version })}`);
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      return reason(problem);
    }
    setDeleting(false);
    toast("ok", t("macro.deleted"));
    go("#/macros");
    return "";
  };
  const add = () => {
    const step = fresh("answer");
    setSteps([...steps, step]);
    focusSoon(`${step.key}-kind`);
  };
  return html`
    <form class="canned-form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      ${locked && html`<p class="notice">${t("macro.locked")}</p>`}
      <${Field} label=${t("macro.field.title")} value=${title} onInput=${setTitle} error=${titleError} maxLength="120" disabled=${locked} />
      ${!one && html`<${Tick} text=${t("macro.field.personal")} note=${all.may_share ? undefined : t("macro.field.personal_only")} on=${personal} disabled=${!all.may_share} onChange=${setPersonal} />`}
      <fieldset class="macro-form__steps" disabled=${locked}><legend>${t("macro.steps")}</legend>
        <p class="muted">${t("macro.steps_lead")}</p>
        <ol role="list">${steps.map((step, at) => html`
          <li key=${step.key} class="macro-form__step"><div role="group" aria-label=${t("macro.step_no", { number: at + 1 })}>
            <div class="macro-form__head">
              <span class="macro-form__no" aria-hidden="true">${at + 1}.</span><${Icon} name=${STEP_ICON[step.kind]} />
              <label class="vh" for=${`${step.key}-kind`}>${t("macro.step_what", { number: at + 1 })}</label>
              <select class="input" id=${`${step.key}-kind`} value=${step.kind} aria-invalid=${stepError?.step === at ? "true" : undefined}
                aria-describedby=${stepError?.step === at ? `${step.key}-error` : undefined} onChange=${(/** @type {any} */ e) => change(at, { kind: e.target.value })}>
                ${KINDS.map((kind) => html`<option key=${kind} value=${kind} selected=${kind === step.kind}>${t(`macro.step.${kind}`)}</option>`)}</select>
              <button type="button" class="icon-button" id=${`${step.key}-up`} disabled=${at === 0} aria-label=${t("macro.up", { number: at + 1 })} onClick=${() => move(at, at - 1)}><${Icon} name="up" /></button>
              <button type="button" class="icon-button" id=${`${step.key}-down`} disabled=${at === steps.length - 1} aria-label=${t("macro.down", { number: at + 1 })} onClick=${() => move(at, at + 1)}><${Icon} name="down" /></button>
              <button type="button" class="icon-button" aria-label=${t("macro.remove", { number: at + 1 })} onClick=${() => {
                setStepError(null);
                setSteps(steps.filter((_, i) => i !== at));
                focusSoon("macro-add");
              }}><${Icon} name="bin" /></button>
            </div>
            ${stepError?.step === at && html`<p class="field__error" id=${`${step.key}-error`} role="alert">${stepError.text}</p>`}
            <${StepFields} step=${step} canned=${all.canned} queues=${all.queues} lacks=${(/** @type {string} */ field) => lacks(step, field)} onChange=${(/** @type {Draft} */ patch) => change(at, patch)} />
          </div></li>`)}</ol>
        <${Button} id="macro-add" icon="plus" busy=${steps.length >= MOST} onClick=${() => steps.length < MOST && add()}>${t("macro.add_step")}</>
      </fieldset>
      <${Alert} text=${error} />
      ${!locked && html`<div class="canned-form__buttons">
        <${Button} type="submit" kind="primary" icon="done" busy=${busy}>${t("macro.save")}</>
        ${one && html`<${Button} icon="bin" onClick=${() => setDeleting(true)}>${t("macro.delete")}</>`}
      </div>`}
    </form>
    ${deleting && html`<${Confirm} title=${t("macro.delete")} lead=${t("macro.delete_lead", { title: one?.title ?? "" })} submit=${t("macro.delete")} icon="bin"
      onClose=${() => setDeleting(false)} onConfirm=${drop} />`}`;
}

/** @param {{id: string, label: string, value: string, items: {id: string, name: string}[], error: string, onChange: (id: string) => void}} props */
const Select = ({ id, label, value, items, error, onChange }) => html`
  <div class="field"><label for=${id}>${label}</label>
    <select class="input" id=${id} value=${value} aria-invalid=${error ? "true" : undefined} aria-describedby=${error ? `${id}-error` : undefined}
      onChange=${(/** @type {any} */ e) => onChange(e.target.value)}>
      <option value="" selected=${!items.some((one) => one.id === value)}>${t("macro.choose")}</option>
      ${items.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === value}>${one.name}</option>`)}
    </select>
    ${error && html`<p class="field__error" id=${`${id}-error`}>${error}</p>`}</div>`;

/** @param {{step: Draft, canned: {id: string, title: string}[], queues: {id: string, title: string}[], lacks: (field: string) => boolean, onChange: (patch: Draft) => void}} props */
function StepFields({ step, canned, queues, lacks, onChange }) {
  const institutions = useStore((s) => s.level2Institutions);
  const colleagues = useStore((s) => s.colleagues);
  const topics = useStore((s) => s.topics);
  const outcomes = useStore((s) => s.outcomes);
  /** @param {string} field @param {string} key @param {{id: string, name: string}[]} items */
  const select = (field, key, items) => html`<${Select} id=${`${step.key}-${field}`} label=${t(key)} value=${step[field] ?? ""} items=${items}
    error=${lacks(field) ? t("macro.wrong.choose") : ""} onChange=${(/** @type {string} */ value) => onChange({ [field]: value })} />`;
  /** @param {string} field @param {string} key @param {boolean} [optional] */
  const text = (field, key, optional = false) => html`<${Field} label=${t(key)} value=${step[field] ?? ""} rows=${2} maxLength="1000" optional=${optional}
    error=${lacks(field) ? t("macro.wrong.text") : ""} onInput=${(/** @type {string} */ value) => onChange({ [field]: value })} />`;
  switch (step.kind) {
    case "answer":
      return html`${select("canned_id", "macro.field.canned", canned.map((one) => ({ id: one.id, name: one.title })))}
        <${Tick} text=${t("macro.field.send")} note=${t("macro.field.send_note")} on=${Boolean(step.send)} onChange=${(/** @type {boolean} */ send) => onChange({ send })} />`;
    case "note":
      return text("text", "macro.field.note_text");
    case "level2":
      return html`${select("institution_id", "dialog.level2.institution", byName(institutions))}${text("note", "dialog.level2.note")}`;
    case "transfer":
      return html`${select("to_user", "dialog.transfer.who", byName(colleagues.filter((one) => one.role === "operator" || one.role === "supervisor")))}${text("note", "dialog.transfer.note", true)}`;
    case "to_queue":
      return html`${select("queue_id", "transfer.queue", queues.map((one) => ({ id: one.id, name: one.title })))}${text("note", "transfer.note")}`;
    case "close":
      return html`<div class="macro-form__pair">${select("topic", "dialog.close.topic", topics)}${select("outcome", "dialog.close.outcome", outcomes)}</div>${text("comment", "form.comment", true)}`;
    default:
      return text("note", "form.note", true);
  }
}
