// @ts-check
// What the assistant learns: examples of every kind of turn, wishes that wait for a second person, and training Rasa's model anew.
import * as api from "../api.js";
import { reason, told } from "../actions.js";
import { announce } from "../attention.js";
import { Alert, Button, LangBadge } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Field, focusInvalid, focusSoon } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { useWish, WishAsks, WishHead } from "../components/wish.js";
import { cx, html } from "../html.js";
import { dateTime, label, number, t } from "../i18n.js";
import { readDraft, writeDraft } from "../keep.js";
import { cell, Table } from "../money.js";
import { usePolled } from "../polling.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Difference, Fetching, KnowledgeNav, useFetched } from "./knowledge.js";

/** @typedef {{intent: string, counts: Record<string, {data: number, editor: number}>}} Kind */
/** @typedef {{text: string, what: string, intent?: string, lang?: string, service?: {id: string, title: string}}} Clash */
/** @typedef {{id: string, version: number, verb: string, intent: string, lang: string, texts: string[], state: string, note: string, decision: string, author: {id: string, name: string}, decided_by: {id: string, name: string}|null, changed_at: string, valid_from: null, valid_to: null, from_life: boolean, conflicts: Clash[], may: string[]}} Change */
/** @typedef {{text: string, intent: string, lang: string, origin: string, by: string|null, at: string|null, leaving: boolean}} Example */
/** @typedef {{figure: string, lang: string, n: number, before: number, after: number}} FigureRow */
/** @typedef {{rows: FigureRow[], fallen: string[], emergencies_missed: number, worse: boolean}} Figures */
/** @typedef {{id: string, version: number, state: string, progress: number, step: string, problem: string|null, cancelling: boolean, by: string, created_at: string, ended_at: string|null, examples: number, figures: Figures|null, log: string, has_model: boolean, live_at: string|null, may: string[]}} Training */

const PARTS = ["examples", "waiting", "model"];
const LANGS = ["lv", "ru", "en"];
const QUESTION = "ask_";
const ADD_DRAFT = "training.add";
const OPEN = ["queued", "exporting", "training", "measuring"];
const QUICK_MS = 1500;
const CALM_MS = 20000;

/** How a kind of turn is called; a question by what it asks about a service. @param {string} intent */
const kindName = (intent) => (intent.startsWith(QUESTION) ? t("training.question", { aspect: intent === "ask_status" ? t("training.aspect.status") : label("knowledge.aspect", intent.slice(QUESTION.length)) }) : label("knowledge.intent", intent));

/** @param {Kind} kind @param {string} lang */
const countOf = (kind, lang) => (lang ? [lang] : LANGS).reduce((all, one) => all + kind.counts[one].data + kind.counts[one].editor, 0);

/** Kinds as options, questions apart. @param {{kinds: string[], value: string, suffix?: (intent: string) => string}} props */
const KindOptions = ({ kinds, value, suffix = () => "" }) => html`
  <optgroup label=${t("training.kinds")}>${kinds.filter((one) => !one.startsWith(QUESTION)).map((one) => html`<option key=${one} value=${one} selected=${one === value}>${kindName(one)}${suffix(one)}</option>`)}</optgroup>
  <optgroup label=${t("training.questions")}>${kinds.filter((one) => one.startsWith(QUESTION)).map((one) => html`<option key=${one} value=${one} selected=${one === value}>${kindName(one)}${suffix(one)}</option>`)}</optgroup>`;

/** A choice of the kind of turn. @param {{id: string, kinds: string[], value: string, onChange: (intent: string) => void, labelled?: string}} props */
export const KindField = ({ id, kinds, value, onChange, labelled }) => html`
  <div class="field"><label for=${id}>${labelled ?? t("training.kind")}</label>
    <select class="input" id=${id} value=${value} onChange=${(/** @type {any} */ e) => onChange(e.target.value)}><${KindOptions} kinds=${kinds} value=${value} /></select></div>`;

/** @param {{params: URLSearchParams}} props */
export function TrainingPage({ params }) {
  const asked = params.get("show") ?? "examples";
  const shown = PARTS.includes(asked) ? asked : "examples";
  const desk = useFetched("editor/turns");
  const waiting = /** @type {Change[]} */ (desk.got?.changes ?? []).length;
  return html`
    <main class="page desk training" id="main" tabindex="-1">
      <header class="page__head"><h1>${t("training.title")}</h1></header>
      <${KnowledgeNav} current="training" />
      <p class="muted">${t("training.lead")}</p>
      <nav class="segments desk__filter" aria-label=${t("training.parts")}>${PARTS.map((one) => html`
        <a key=${one} href=${one === "examples" ? "#/training" : `#/training?show=${one}`} aria-current=${shown === one ? "page" : undefined}>${t(`training.part.${one}`)}${one === "waiting" && html` <span class="count">${waiting}</span>`}</a>`)}</nav>
      ${shown === "model" ? html`<${Model} />` : html`<${Fetching} got=${desk.got} error=${desk.error} again=${desk.again} />`}
      ${shown === "examples" && desk.got && html`<${Examples} params=${params} kinds=${desk.got.kinds} again=${desk.again} />`}
      ${shown === "waiting" && desk.got && html`<${Waiting} changes=${desk.got.changes} kinds=${desk.got.kinds} again=${desk.again} />`}
    </main>`;
}

// --- examples -----------------------------------------------------------------------------------------------------------

/** @param {{params: URLSearchParams, kinds: Kind[], again: () => void}} props */
function Examples({ params, kinds, again }) {
  const me = useStore((s) => s.me?.id ?? "");
  const [intent, setIntent] = useState(params.get("kind") ?? "");
  const [lang, setLang] = useState(params.get("lang") ?? "");
  const [search, setSearch] = useState("");
  const [adding, setAdding] = useState(readDraft(me, ADD_DRAFT) !== "");
  const [removing, setRemoving] = useState(/** @type {Example|null} */ (null));
  const [asked, setAsked] = useState("");
  // Not a call for each letter.
  useEffect(() => {
    const timer = setTimeout(() => setAsked(search.trim()), 250);
    return () => clearTimeout(timer);
  }, [search]);
  const page = Number(params.get("page")) || 1;
  const found = useFetched(`editor/turns/examples${api.query({ intent, lang, search: asked, page })}`);
  /** @type {Example[]} */
  const rows = found.got?.examples ?? [];
  const first = () => params.get("page") && go("#/training", true);
  const remove = async (/** @type {string} */ note) => {
    if (!removing) return "";
    try {
      const made = await api.post("editor/turns", { verb: "remove", intent: removing.intent, lang: removing.lang, texts: [removing.text], note });
      await api.post(`editor/turns/${made.id}/propose`, { version: made.version });
    } catch (problem) {
      return told(problem);
    }
    setRemoving(null);
    toast("ok", t("training.proposed"));
    again();
    found.again();
    document.getElementById("main")?.focus();
    return "";
  };
  return html`
    <div class="desk__tools">
      <div class="field"><label for="training-kind">${t("training.kind")}</label>
        <select class="input" id="training-kind" value=${intent} onChange=${(/** @type {any} */ e) => { setIntent(e.target.value); first(); }}>
          <option value="" selected=${!intent}>${t("training.all_kinds")}</option>
          <${KindOptions} kinds=${kinds.map((one) => one.intent)} value=${intent} suffix=${(/** @type {string} */ one) => ` (${number(countOf(/** @type {Kind} */ (kinds.find((kind) => kind.intent === one)), lang))})`} /></select></div>
      <div class="field training__lang"><label for="training-lang">${t("training.language")}</label>
        <select class="input" id="training-lang" value=${lang} onChange=${(/** @type {any} */ e) => { setLang(e.target.value); first(); }}>
          <option value="" selected=${!lang}>${t("training.all_languages")}</option>
          ${LANGS.map((one) => html`<option key=${one} value=${one} selected=${one === lang}>${label("language", one)}</option>`)}</select></div>
      <div class="field"><label for="training-search">${t("training.search")}</label>
        <input class="input" id="training-search" type="search" value=${search} onInput=${(/** @type {any} */ e) => { setSearch(e.target.value); first(); }} /></div>
      ${!adding && html`<${Button} kind="primary" icon="plus" onClick=${() => { setAdding(true); focusSoon("training-texts"); }}>${t("training.add")}</>`}
    </div>
    ${adding && html`<${AddForm} kinds=${kinds.map((one) => one.intent)} first=${{ intent: intent || "greet", lang: lang || "lv" }} onDone=${() => { setAdding(false); again(); found.again(); }} onCancel=${() => setAdding(false)} />`}
    <${Fetching} got=${found.got} error=${found.error} again=${found.again} />
    ${found.got && html`<p class="muted" role="status">${t("training.found", { count: found.got.total })}</p>`}
    ${rows.length > 0 && html`<ul class="training__list" role="list">${rows.map((row) => html`
      <li key=${`${row.intent} ${row.lang} ${row.text}`}>
        <${LangBadge} lang=${row.lang} /><span class="training__text" lang=${row.lang}><bdi>${row.text}</bdi></span>
        <span class="badge">${kindName(row.intent)}</span>
        ${row.origin === "editor" && html`<span class="muted training__who"><bdi>${row.by}</bdi> · ${dateTime(row.at ?? "")}</span>`}
        ${row.origin === "editor" && (row.leaving
          ? html`<span class="chip chip--proposed">${t("training.leaving")}</span>`
          : html`<${Button} kind="quiet" icon="bin" onClick=${() => setRemoving(row)}>${t("training.remove")}<span class="vh">: ${row.text}</span></>`)}
      </li>`)}</ul>`}
    ${found.got && html`<${Pager} answer=${found.got} hash=${(/** @type {number} */ to) => `#/training${api.query({ kind: intent, lang, page: to })}`} />`}
    ${removing && html`<${Confirm} title=${t("training.remove_title")} lead=${t("training.remove_lead", { text: removing.text })} submit=${t("training.remove")} icon="bin" onClose=${() => setRemoving(null)}
      reason=${{ label: t("training.why"), missing: t("training.why_missing") }} onConfirm=${remove} />`}`;
}

/**
 * @param {{kinds: string[], first: {intent: string, lang: string}, change?: Change|null, onDone: () => void, onCancel: () => void}} props
 *   `change`: a wish that is written anew
 */
function AddForm({ kinds, first, change = null, onDone, onCancel }) {
  const me = useStore((s) => s.me?.id ?? "");
  const draft = change ? `training.${change.id}` : ADD_DRAFT;
  const [intent, setIntent] = useState(change?.intent ?? first.intent);
  const [lang, setLang] = useState(change?.lang ?? first.lang);
  const [texts, setTexts] = useState(readDraft(me, draft) || (change?.texts.join("\n") ?? ""));
  const [note, setNote] = useState(change?.note ?? "");
  const [missing, setMissing] = useState(false);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  // What has been stored already, when proposing it failed: the next attempt goes on with it.
  const stored = useRef(change);
  const [moved, setMoved] = useState(/** @type {Change|null} */ (null));
  /** The wish was stored otherwise meanwhile: whoever saves again has been shown how. @param {Change} known */
  const compare = async (known) => {
    const now = (await api.get("editor/turns")).changes.find((/** @type {Change} */ one) => one.id === known.id) ?? null;
    stored.current = now ?? known;
    setMoved(now);
  };
  const type = (/** @type {string} */ text) => {
    setTexts(text);
    writeDraft(me, draft, text);
  };
  const submit = async (/** @type {any} */ event) => {
    event.preventDefault();
    const form = event.target;
    if (busy) return;
    const empty = !texts.trim();
    setMissing(empty);
    if (empty) {
      focusInvalid(form);
      return;
    }
    setBusy(true);
    setError("");
    const body = { intent, lang, texts: texts.split("\n"), note };
    try {
      const known = stored.current;
      const made = known ? await api.put(`editor/turns/${known.id}`, { ...body, verb: known.verb, version: known.version }) : await api.post("editor/turns", body);
      stored.current = made;
      await api.post(`editor/turns/${made.id}/propose`, { version: made.version });
    } catch (problem) {
      if (problem instanceof api.ApiError && problem.code === "edited_elsewhere" && stored.current) await compare(stored.current).catch(() => {});
      setError(told(problem));
      setBusy(false);
      return;
    }
    writeDraft(me, draft, "");
    toast("ok", t("training.proposed"));
    onDone();
    document.getElementById("main")?.focus();
  };
  return html`
    <form class="box desk__form" aria-label=${t("training.add")} onSubmit=${submit} noValidate>
      <div class="desk__row">
        <${KindField} id="training-add-kind" kinds=${kinds} value=${intent} onChange=${setIntent} />
        <div class="field"><label for="training-add-lang">${t("training.language")}</label>
          <select class="input" id="training-add-lang" value=${lang} onChange=${(/** @type {any} */ e) => setLang(e.target.value)}>${LANGS.map((one) => html`<option key=${one} value=${one} selected=${one === lang}>${label("language", one)}</option>`)}</select></div>
      </div>
      <${Field} id="training-texts" label=${t("training.texts")} hint=${t("training.texts_hint")} rows=${6} value=${texts} onInput=${type} lang=${lang} error=${missing ? t("training.texts_missing") : ""} />
      ${moved && html`<div class="notice"><p><strong>${t("knowledge.moved_change")}</strong></p><${Difference} before=${moved.texts.join("\n")} after=${texts} lang=${lang} /></div>`}
      <${Field} label=${t("knowledge.field.note")} optional value=${note} onInput=${setNote} maxlength="2000" />
      <${Alert} text=${error} />
      <div class="desk__buttons">
        <${Button} kind="primary" type="submit" icon="send" busy=${busy}>${t("knowledge.propose")}</>
        <${Button} onClick=${() => { writeDraft(me, draft, ""); (stored.current === change ? onCancel : onDone)(); }}>${t("action.cancel")}</>
      </div>
    </form>`;
}

// --- what waits ---------------------------------------------------------------------------------------------------------

/** @param {Clash} one */
function clashText(one) {
  const text = one.text;
  if (one.what === "kind") return t("training.clash.kind", { text, kind: kindName(one.intent ?? "") });
  if (one.what === "service") return t("training.clash.service", { text, service: one.service?.title ?? "" });
  return t("training.clash.language", { text, language: label("language", one.lang ?? "") });
}

/** @param {{changes: Change[], kinds: Kind[], again: () => void}} props */
const Waiting = ({ changes, kinds, again }) => html`
  ${!changes.length && html`<p class="muted">${t("training.none_waiting")}</p>`}
  <ul class="desk__changes" role="list">${changes.map((one) => html`<li class="box" key=${one.id}><${ChangeBox} key=${`${one.id}-${one.version}`} change=${one} kinds=${kinds.map((kind) => kind.intent)} again=${again} /></li>`)}</ul>`;

/** @param {{change: Change, kinds: string[], again: () => void}} props */
function ChangeBox({ change, kinds, again }) {
  const [editing, setEditing] = useState(false);
  const wish = useWish("editor/turns", change, {
    done: () => { again(); document.getElementById("main")?.focus(); },
    conflict: again,
    said: (verb) => `training.done.${verb}`,
  });
  const may = new Set(change.may);
  const serious = change.conflicts.some((one) => one.what !== "language");
  if (editing) return html`<${AddForm} kinds=${kinds} first=${change} change=${change} onDone=${() => { setEditing(false); again(); }} onCancel=${() => setEditing(false)} />`;
  return html`
    <h2>${t(change.verb === "remove" ? "training.removes" : "training.adds", { kind: kindName(change.intent) })} <${LangBadge} lang=${change.lang} /></h2>
    <${WishHead} change=${change} />
    ${change.from_life && html`<p class="muted">${t("training.from_life")}</p>`}
    <ul class="wording__list" lang=${change.lang}>${change.texts.map((one) => html`<li key=${one}><bdi>${one}</bdi></li>`)}</ul>
    ${change.conflicts.length > 0 && html`<ul class="problems">${change.conflicts.map((one) => html`<li key=${clashText(one)}><${Icon} name="warn" /><span>${clashText(one)}</span></li>`)}</ul>`}
    <${Alert} text=${wish.error} />
    <div class="desk__buttons">
      ${may.has("approve") && html`<${Button} kind="primary" icon="check" busy=${wish.busy} onClick=${() => (serious ? wish.setAsking("approve") : wish.press("approve"))}>${t("training.approve")}</>`}
      ${may.has("propose") && html`<${Button} kind="primary" icon="send" busy=${wish.busy} onClick=${() => wish.press("propose")}>${t("knowledge.propose")}</>`}
      ${may.has("rewrite") && change.verb === "add" && html`<${Button} icon="edit" onClick=${() => setEditing(true)}>${t("knowledge.edit")}</>`}
      ${may.has("send_back") && html`<${Button} icon="undo" onClick=${() => wish.setAsking("send_back")}>${t("knowledge.send_back")}</>`}
      ${may.has("drop") && html`<${Button} kind="quiet" icon="bin" onClick=${() => wish.setAsking("drop")}>${t("knowledge.drop")}</>`}
    </div>
    ${wish.asking === "approve" && html`<${Confirm} title=${t("training.approve")} lead=${t("training.approve_lead")} submit=${t("training.approve")} icon="check" onClose=${() => wish.setAsking(null)}
      reason=${{ label: t("training.why"), missing: t("training.why_missing") }} onConfirm=${(/** @type {string} */ note) => wish.act("approve", { note })} />`}
    <${WishAsks} wish=${wish} drop=${t("training.drop_lead")} />`;
}

// --- the model ----------------------------------------------------------------------------------------------------------

function Model() {
  const [quick, setQuick] = useState(false);
  const [asking, setAsking] = useState(/** @type {{what: "live"|"back"|"cancel", row: Training|null}|null} */ (null));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const found = usePolled("training", quick ? QUICK_MS : CALM_MS);
  /** @type {Training[]} */
  const rows = found.data?.trainings ?? [];
  const running = rows.find((one) => OPEN.includes(one.state)) ?? null;
  const serving = found.data?.serving;
  useEffect(() => setQuick(running !== null || serving?.state === "switching"), [running !== null, serving?.state]);
  const state = serving ? `${serving.state}${serving.generation}` : "";
  const last = useRef("");
  useEffect(() => {
    if (last.current && state && last.current !== state && serving.state === "serving") announce(servingText(serving, rows));
    last.current = state || last.current;
  }, [state]);
  const start = async () => {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      await api.post("training");
    } catch (problem) {
      setError(told(problem));
    }
    setBusy(false);
    found.reload();
  };
  /** @param {string} why */
  const confirmed = async (why) => {
    if (!asking) return "";
    try {
      if (asking.what === "back") await api.post("training/back", { generation: serving.generation });
      else if (asking.what === "cancel") await api.post(`training/${asking.row?.id}/cancel`);
      else await api.post(`training/${asking.row?.id}/live`, { version: asking.row?.version, reason: why });
    } catch (problem) {
      found.reload();
      return told(problem);
    }
    toast("ok", t(`training.done.${asking.what}`));
    setAsking(null);
    found.reload();
    document.getElementById("main")?.focus();
    return "";
  };
  if (!found.data) return found.error ? html`<${Alert} text=${reason(found.error)} /><${Button} icon="refresh" onClick=${found.reload}>${t("action.try_again")}</>` : html`<p class="muted" role="status">${t("conversation.loading")}</p>`;
  const { learnt, examples, back } = found.data;
  const over = rows.filter((one) => one !== running);
  return html`
    <${Alert} text=${error || (found.error ? reason(found.error) : "")} />
    <section class="box" aria-labelledby="training-serving"><h2 id="training-serving">${t("training.serving")}</h2>
      <p>${servingText(serving, rows)}</p>
      ${serving.since && html`<p class="muted">${t("training.since", { when: dateTime(serving.since), who: serving.by ?? t("training.itself") })}${serving.reason && html` · <bdi>${serving.reason}</bdi>`}</p>`}
      ${serving.problem && html`<p class="notice-line"><${Icon} name="warn" />${t(`training.problem.${serving.problem}`)}</p>`}
      <p class="muted">${learnt ? t("training.learnt", { count: examples }) : t("training.not_learnt", { count: examples })}</p>
      <div class="desk__buttons">
        ${!running && !learnt && html`<${Button} kind="primary" icon="refresh" busy=${busy} onClick=${start}>${t("training.start")}</>`}
        ${back && serving.state !== "elsewhere" && html`<${Button} icon="undo" onClick=${() => setAsking({ what: "back", row: null })}>${t("training.back")}</>`}
      </div>
    </section>
    ${running && html`<${Running} row=${running} onCancel=${() => setAsking({ what: "cancel", row: running })} />`}
    <section aria-labelledby="training-past"><h2 id="training-past">${t("training.past")}</h2>
      ${!over.length && html`<p class="muted">${t("training.none")}</p>`}
      <ol class="desk__changes" role="list">${over.map((one, at) => html`<li class="box" key=${one.id}><${Past} row=${one} open=${at === 0} onLive=${() => setAsking({ what: "live", row: one })} /></li>`)}</ol></section>
    ${asking && html`<${Confirm} title=${t(`training.${asking.what}`)} submit=${t(`training.${asking.what}`)} icon=${asking.what === "cancel" ? "ban" : asking.what === "back" ? "undo" : "check"}
      lead=${asking.what === "back" ? t("training.back_lead", { model: back?.training_id ? t("training.model_of", { when: dateTime(back.at) }) : t("training.product") }) : t(asking.row?.figures?.worse && asking.what === "live" ? "training.worse_lead" : `training.${asking.what}_lead`)}
      reason=${asking.what === "live" && asking.row?.figures?.worse ? { label: t("training.why"), missing: t("training.why_missing") } : undefined}
      onClose=${() => setAsking(null)} onConfirm=${confirmed} />`}`;
}

/** @param {any} serving @param {Training[]} rows */
function servingText(serving, rows) {
  const row = rows.find((one) => one.id === serving.training_id);
  const model = serving.training_id ? t("training.model_of", { when: row ? dateTime(row.created_at) : "–" }) : t("training.product");
  return t(`training.serving.${serving.state}`, { model });
}

/** How far a training is; said aloud when its step changes, not at each percent. @param {{row: Training, onCancel: () => void}} props */
function Running({ row, onCancel }) {
  const step = row.cancelling ? t("training.cancelling") : t(`training.step.${row.step}`);
  const last = useRef("");
  useEffect(() => {
    if (last.current !== step) announce(step);
    last.current = step;
  }, [step]);
  return html`
    <section class="box" aria-labelledby="training-running"><h2 id="training-running">${t("training.running")}</h2>
      <p class="muted">${t("training.begun", { who: row.by, when: dateTime(row.created_at) })} ${t("training.background")}</p>
      <div class="closing"><label for="training-progress">${t("training.progress", { step, percent: number(row.progress) })}</label><progress id="training-progress" max="100" value=${row.progress}></progress></div>
      ${row.may.includes("cancel") && html`<div class="desk__buttons"><${Button} icon="ban" onClick=${onCancel}>${t("training.cancel")}</></div>`}
    </section>`;
}

/** @param {{row: Training, open: boolean, onLive: () => void}} props */
function Past({ row, open, onLive }) {
  const figures = row.figures;
  return html`
    <h3>${t("training.of", { when: dateTime(row.created_at) })} <span class=${cx("chip", `chip--${CHIP[row.state] ?? "closed"}`)}>${t(`training.state.${row.state}`)}</span></h3>
    <p class="muted">${t("training.begun", { who: row.by, when: dateTime(row.created_at) })} ${t("training.with", { count: row.examples })}</p>
    ${row.problem && html`<p class="notice-line"><${Icon} name="warn" />${t(`training.problem.${row.problem}`)}</p>`}
    ${figures && html`<p><strong>${verdict(figures)}</strong></p>
      <details open=${open}><summary>${t("training.figures")}</summary><${FigureTable} id=${`training-${row.id}`} figures=${figures} /></details>`}
    ${row.log && html`<details><summary>${t("training.log")}</summary><pre class="training__log" tabindex="0" aria-label=${t("training.log")}>${row.log}</pre></details>`}
    ${row.may.includes("live") && html`<div class="desk__buttons"><${Button} kind=${figures?.worse ? "" : "primary"} icon="check" onClick=${onLive}>${t("training.live")}<span class="vh">: ${t("training.of", { when: dateTime(row.created_at) })}</span></></div>`}
    ${["ready", "worse", "retired", "rolled_back"].includes(row.state) && !row.has_model && html`<p class="muted">${t("training.gone")}</p>`}`;
}

/** @type {Record<string, string>} */
const CHIP = { ready: "approved", live: "active", worse: "queued", failed: "queued" };

/** @param {Figures} figures */
function verdict(figures) {
  if (figures.emergencies_missed) return t("training.verdict.emergencies", { count: figures.emergencies_missed });
  if (figures.worse) return t("training.verdict.worse", { what: figures.fallen.map((one) => t(`training.figure.${one}`)).join("; ") });
  return t("training.verdict.ready");
}

/** @param {number} value */
const share = (value) => t("response.percent", { value: number(Math.round(value * 10) / 10) });

/** @param {{id: string, figures: Figures}} props */
function FigureTable({ id, figures }) {
  const columns = [
    { name: t("training.column.figure") },
    { name: t("training.column.n"), num: true },
    { name: t("training.column.before"), num: true },
    { name: t("training.column.after"), num: true },
    { name: t("training.column.change") },
  ];
  return html`<p class="muted" id=${id}>${t("training.figures_lead")}</p>
    <${Table} labelledby=${id} head=${columns}>${figures.rows.map((row) => {
      const change = Math.round((row.after - row.before) * 10) / 10;
      const word = change > 0 ? t("training.better", { points: number(change) }) : change < 0 ? t("training.worse", { points: number(-change) }) : t("training.same");
      return html`<tr key=${`${row.figure}-${row.lang}`} role="row" class=${row.lang === "all" ? "sum" : ""}>
        <th scope="row" role="rowheader">${t(`training.figure.${row.figure}`)}${row.lang !== "all" && html` <${LangBadge} lang=${row.lang} />`}</th>
        ${cell(columns[1].name, number(row.n), true)}${cell(columns[2].name, share(row.before), true)}${cell(columns[3].name, share(row.after), true)}
        ${cell(columns[4].name, html`<span class=${change < 0 ? "training__worse" : ""}>${word}</span>`)}</tr>`;
    })}</>`;
}
