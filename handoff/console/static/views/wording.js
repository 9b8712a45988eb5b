// @ts-check
// By which words a service is found: names and example questions, what a change of them does to the question set, the set itself.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Field, focusInvalid } from "../components/field.js";
import { fold } from "../components/picklist.js";
import { useWish, WishAsks, WishHead } from "../components/wish.js";
import { cx, html } from "../html.js";
import { dateTime, LANGUAGES, number, t } from "../i18n.js";
import { readDraft, writeDraft } from "../keep.js";
import { fromField, toField } from "../riga.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { Difference, Fetching, KnowledgeNav, useFetched } from "./knowledge.js";

/** @typedef {{title?: string, texts: string[], base: string}} Wording */
/** @typedef {{said: string, services: string[]}} Said */
/** @typedef {{text: string, lang: string, expected: string|null, verdict: "better"|"worse"|"other", before: Said, after: Said}} Row */
/** @typedef {{total: number, before: Record<string, number>, after: Record<string, number>, better: number, worse: number, other: number, is_worse: boolean, rows: Row[], more: number}} Result */
/**
 * @typedef {object} WordingChange
 * @property {string} id
 * @property {number} version
 * @property {"examples"|"names"|"service"|"withdrawal"} kind
 * @property {{id: string, title: string}} service
 * @property {string} lang
 * @property {any} before
 * @property {any} after
 * @property {string} state
 * @property {string} note
 * @property {string} decision
 * @property {{id: string, name: string}} author
 * @property {{id: string, name: string}|null} decided_by
 * @property {string} changed_at
 * @property {string|null} valid_from
 * @property {string|null} valid_to
 * @property {{text: string, what: string, service: {id: string, title: string}|null}[]} clashes
 * @property {Check} check
 * @property {string[]} may
 */
/** @typedef {{state: string, fresh: boolean, done: number, total: number, result: Result|null, needed?: boolean}} Check `needed` false: no question could fare otherwise */

const WORTH = ["right", "choices", "honest", "wrong"];
const SHOWN = 50;
/** @param {string} text */
const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
/** @param {string} service @param {string} lang @param {string} kind */
const draftOf = (service, lang, kind) => `wording.${service}.${lang}.${kind}`;

/** Names and example questions of a service in one language. @param {{service: {id: string}, lang: string}} props */
export function WordingSection({ service, lang }) {
  const { got, error, again } = useFetched(`editor/services/${encodeURIComponent(service.id)}/wording`);
  return html`
    <${Fetching} got=${got} error=${error} again=${again} />
    ${got && ["names", "examples"].map((kind) => html`
      <${WordingBox} key=${`${lang}-${kind}`} service=${service} lang=${lang} kind=${kind} there=${got.wording[lang][kind]} again=${again}
        change=${got.changes.find((/** @type {WordingChange} */ one) => one.kind === kind && one.lang === lang) ?? null} />`)}`;
}

/** @param {{service: {id: string}, lang: string, kind: "names"|"examples", there: Wording, change: WordingChange|null, again: () => void}} props */
function WordingBox({ service, lang, kind, there, change, again }) {
  const me = useStore((s) => s.me?.id ?? "");
  const [editing, setEditing] = useState(!change && readDraft(me, draftOf(service.id, lang, kind)) !== "");
  const [history, setHistory] = useState(false);
  const title = t(`wording.${kind}`);
  return html`
    <section class="box" aria-label=${title}>
      <header class="desk__head"><h2>${title}</h2>
        ${!change && !editing && html`<${Button} icon="edit" onClick=${() => setEditing(true)}>${t("knowledge.edit")}<span class="vh">: ${title}</span></>`}
        <${Button} kind="quiet" icon="clock" aria-expanded=${history ? "true" : "false"} onClick=${() => setHistory(!history)}>${t("knowledge.history")}<span class="vh">: ${title}</span></></header>
      ${!editing && html`
        ${there.title !== undefined && html`<p lang=${lang}><strong>${there.title}</strong></p>`}
        ${there.texts.length
          ? html`<details class="wording__lines"><summary>${t(`wording.${kind}_count`, { count: there.texts.length })}</summary><ul lang=${lang}>${there.texts.map((one) => html`<li key=${one}>${one}</li>`)}</ul></details>`
          : html`<p class="muted">${t(`wording.${kind}_none`)}</p>`}`}
      ${editing && html`<${WordingForm} service=${service} lang=${lang} kind=${kind} there=${there} change=${null} onDone=${() => { setEditing(false); again(); }} onCancel=${() => setEditing(false)} />`}
      ${change && html`<${WordingChangeView} key=${`${change.id}-${change.version}`} change=${change} there=${there} again=${again} />`}
      ${history && html`<${History} key=${there.base} service=${service} lang=${lang} kind=${kind} there=${there} again=${again} open=${Boolean(change)} />`}
    </section>`;
}

/**
 * What was published, the latest first; back to what there was before is a wish as any other.
 * @param {{service: {id: string}, lang: string, kind: string, there: Wording, again: () => void, open: boolean}} props `open`: a wish is open
 */
function History({ service, lang, kind, there, again, open }) {
  const { got, error, again: retry } = useFetched(`editor/services/${encodeURIComponent(service.id)}/wording/history${api.query({ kind, lang })}`);
  const [back, setBack] = useState(/** @type {any} */ (null));
  /** @type {{id: string, state: string, before: any, after: any, note: string, author: string, decided_by: string|null, at: string}[]} */
  const versions = got?.versions ?? [];
  const restore = async () => {
    let made;
    try {
      made = await api.post("editor/wording", { kind, service_id: service.id, lang, texts: back.texts, title: back.title ?? "", base: there.base });
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      return reason(problem);
    }
    // A draft that could not be proposed stands on the page and is proposed there.
    await api.post(`editor/wording/${made.id}/propose`, { version: made.version }).then(() => toast("ok", t("knowledge.proposed")), (problem) => toast("error", reason(problem)));
    setBack(null);
    again();
    return "";
  };
  return html`
    <${Fetching} got=${got} error=${error} again=${retry} />
    ${got && !versions.length && html`<p class="muted">${t("wording.history_none")}</p>`}
    <ol class="versions" role="list">${versions.map((one) => html`
      <li key=${one.id}>
        <p class="change__head"><time datetime=${one.at}>${dateTime(one.at)}</time> · <bdi>${one.author}</bdi>${one.decided_by && html`, <bdi>${one.decided_by}</bdi>`}${one.state === "ended" && html` <span class="chip">${t("knowledge.state.ended")}</span>`}</p>
        ${one.note && html`<p class="muted"><bdi>${one.note}</bdi></p>`}
        <${LinesChanged} before=${one.before} after=${one.after} lang=${lang} />
        ${!open && html`<${Button} icon="undo" onClick=${() => setBack(one.before)}>${t("wording.restore")}<span class="vh">: ${dateTime(one.at)}</span></>`}
      </li>`)}</ol>
    ${back !== null && html`<${Confirm} title=${t("wording.restore")} lead=${t("wording.restore_lead")} submit=${t("knowledge.propose")} icon="undo" onClose=${() => setBack(null)} onConfirm=${restore} />`}`;
}

/** @param {{service: {id: string}, lang: string, kind: string, there: Wording, change: WordingChange|null, onDone: () => void, onCancel: () => void}} props */
function WordingForm({ service, lang, kind, there, change, onDone, onCancel }) {
  const me = useStore((s) => s.me?.id ?? "");
  const draft = draftOf(service.id, lang, kind);
  const [text, setText] = useState(() => readDraft(me, draft) || (change?.after.texts ?? there.texts).join("\n"));
  const [title, setTitle] = useState(change?.after.title ?? there.title ?? "");
  const [note, setNote] = useState(change?.note ?? "");
  const [from, setFrom] = useState(toField(change?.valid_from ?? ""));
  const [to, setTo] = useState(toField(change?.valid_to ?? ""));
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [base, setBase] = useState(there.base);
  const [moved, setMoved] = useState(/** @type {Wording|null} */ (null));
  const stored = useRef(change);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  useEffect(() => {
    /** @type {HTMLElement|null|undefined} */ (form.current?.querySelector("input, textarea"))?.focus();
  }, []);
  /** @param {string} next */
  const type = (next) => {
    setText(next);
    writeDraft(me, draft, next);
  };
  const leave = (/** @type {() => void} */ then) => {
    writeDraft(me, draft, "");
    then();
  };
  /** @param {boolean} propose */
  const submit = async (propose) => {
    if (busy) return;
    setError("");
    const starts = from ? fromField(from) : null;
    const ends = to ? fromField(to) : null;
    const wrong = { ...(from && !starts && { from: t("knowledge.wrong.time") }), ...(to && !ends && { to: t("knowledge.wrong.time") }) };
    setErrors(wrong);
    if (Object.keys(wrong).length) return focusInvalid(form.current);
    setBusy(true);
    const body = { texts: text.split("\n"), title, base, note: note.trim(), valid_from: starts, valid_to: ends };
    try {
      const known = stored.current;
      stored.current = known
        ? await api.put(`editor/wording/${known.id}`, { ...body, version: known.version })
        : await api.post("editor/wording", { ...body, kind, service_id: service.id, lang });
      if (propose) await api.post(`editor/wording/${stored.current?.id}/propose`, { version: stored.current?.version });
      toast("ok", t(propose ? "knowledge.proposed" : "knowledge.saved"));
      leave(onDone);
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy(false);
      const said = reason(problem);
      if (problem.code === "wording_changed") {
        await api.get(`editor/services/${encodeURIComponent(service.id)}/wording`).then((page) => {
          setMoved(page.wording[lang][kind]);
          setBase(page.wording[lang][kind].base);
        }, () => {});
      }
      // Of the wish itself there is a newer version: whoever saves again has been shown it.
      if (problem.code === "edited_elsewhere" && stored.current) {
        await api.get(`editor/wording/${stored.current.id}`).then((now) => {
          stored.current = now;
          setMoved(now.after);
        }, () => {});
      }
      if (problem.code === "title_needed") setErrors({ title: said });
      else if (problem.code.startsWith("line")) setErrors({ text: said });
      else if (problem.code === "ends_before_it_begins") setErrors({ to: said });
      else setError(said);
      focusInvalid(form.current);
    }
  };
  return html`
    <form class="desk__form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(true); }}>
      ${kind === "names" && html`<${Field} label=${t("wording.title")} lang=${lang} value=${title} onInput=${setTitle} error=${errors.title} maxLength="160" />`}
      <${Field} label=${t(`wording.${kind}_field`)} hint=${t(`wording.${kind}_hint`)} rows=${kind === "names" ? 5 : 12} lang=${lang} spellcheck value=${text} onInput=${type} error=${errors.text} />
      ${moved && html`<div class="notice"><p><strong>${t("wording.moved")}</strong></p><${LinesChanged} before=${moved} after=${{ title, texts: lines(text) }} lang=${lang} /></div>`}
      <div class="desk__row">
        <${Field} label=${t("knowledge.field.from")} optional type="datetime-local" value=${from} onInput=${setFrom} error=${errors.from} />
        <${Field} label=${t("knowledge.field.to")} optional type="datetime-local" value=${to} onInput=${setTo} error=${errors.to} />
      </div>
      <${Field} label=${t("knowledge.field.note")} hint=${t("knowledge.field.note_hint")} optional value=${note} onInput=${setNote} maxLength="1000" />
      <${Alert} text=${error} />
      <div class="desk__buttons">
        <${Button} type="submit" kind="primary" icon="send" busy=${busy}>${t("knowledge.propose")}</>
        <${Button} busy=${busy} onClick=${() => submit(false)}>${t("knowledge.save")}</>
        <${Button} kind="quiet" onClick=${() => leave(stored.current === change ? onCancel : onDone)}>${t("action.cancel")}</>
      </div>
    </form>`;
}

/** Which lines are new and which are gone. @param {{before: any, after: any, lang: string}} props */
function LinesChanged({ before, after, lang }) {
  const old = new Set(before.texts ?? []);
  const now = new Set(after.texts ?? []);
  const added = [...now].filter((one) => !old.has(one));
  const gone = [...old].filter((one) => !now.has(one));
  return html`
    ${after.title !== undefined && after.title !== before.title && html`<${Difference} before=${before.title ?? ""} after=${after.title} lang=${lang} />`}
    ${added.length > 0 && html`<p class="wording__label">${t("wording.added", { count: added.length })}</p><ul class="wording__diff diff" lang=${lang}>${added.map((one) => html`<li key=${one}><ins>${one}</ins></li>`)}</ul>`}
    ${gone.length > 0 && html`<p class="wording__label">${t("wording.gone", { count: gone.length })}</p><ul class="wording__diff diff" lang=${lang}>${gone.map((one) => html`<li key=${one}><del>${one}</del></li>`)}</ul>`}`;
}

/** A new service as it is wished. @param {{after: any}} props */
const ServiceWished = ({ after }) => html`
  <dl class="facts">
    ${LANGUAGES.map((code) => after.title[code] && html`<div key=${`t${code}`}><dt>${t("wording.title")} (${code.toUpperCase()})</dt><dd lang=${code}>${after.title[code]}</dd></div>`)}
    ${LANGUAGES.map((code) => after.answer[code] && html`<div key=${`a${code}`}><dt>${t("knowledge.field.text")} (${code.toUpperCase()})</dt><dd class="desk__text" lang=${code}>${after.answer[code]}</dd></div>`)}
    ${LANGUAGES.map((code) => after.examples[code]?.length > 0 && html`<div key=${`e${code}`}><dt>${t("wording.examples")} (${code.toUpperCase()})</dt><dd lang=${code}><ul>${after.examples[code].map((/** @type {string} */ one) => html`<li key=${one}>${one}</li>`)}</ul></dd></div>`)}
  </dl>`;

/** @param {{change: WordingChange, there: Wording|null, again: () => void}} props `there`: what is in force; without it the wish cannot be rewritten here */
export function WordingChangeView({ change: given, there, again }) {
  const me = useStore((s) => s.me?.id ?? "");
  const [change, setChange] = useState(given);
  const [editing, setEditing] = useState(given.kind === "service" && given.may.includes("rewrite") && readDraft(me, serviceDraft(given.id)) !== "");
  const may = new Set(change.may);
  const { check } = change;
  const runs = checkRuns(check);
  const fetchIt = () => api.get(`editor/wording/${change.id}`).then(setChange);
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setInterval(() => fetchIt().catch(() => {}), 1000);
    return () => clearInterval(timer);
  }, [runs, change.id]);
  const wish = useWish("editor/wording", change, {
    done: again,
    conflict: () => fetchIt().catch(() => {}),
    said: (verb) => (verb === "approve" ? "wording.approved" : `knowledge.done.${verb}`),
  });
  const { asking, setAsking, busy, error, act } = wish;
  const runSet = () => wish.pressed(() => wish.tried(async () => setChange(await api.post(`editor/wording/${change.id}/run_set`))));
  /** @param {string} verb */
  const press = (verb) => (verb === "approve" && check.fresh && check.result?.is_worse ? setAsking("approve") : wish.press(verb));
  if (editing && change.kind === "service") return html`<${ServiceForm} first=${change.after} change=${change} draft=${serviceDraft(change.id)} onDone=${() => { setEditing(false); again(); }} onCancel=${() => setEditing(false)} />`;
  if (editing && there) return html`<${WordingForm} service=${change.service} lang=${change.lang} kind=${change.kind} there=${there} change=${change} onDone=${() => { setEditing(false); again(); }} onCancel=${() => setEditing(false)} />`;
  return html`
    <div class="change">
      <${WishHead} change=${change} />
      ${change.kind === "service" ? html`<${ServiceWished} after=${change.after} />` : change.kind === "withdrawal" ? html`<p><strong>${t(change.after.withdrawn ? "wording.withdraws" : "wording.offers_again")}</strong></p>` : html`<${LinesChanged} before=${change.before} after=${change.after} lang=${change.lang} />`}
      ${change.clashes.length > 0 && html`<div class="notice"><p><strong>${t("wording.clashes")}</strong></p><ul class="wording__clashes">${change.clashes.map((one, i) => html`
        <li key=${i}><bdi>„${one.text}”</bdi> – ${one.service ? html`${t(`wording.clash.${one.what}`)} <a href=${`#/knowledge/${one.service.id}`}><bdi>${one.service.title}</bdi></a>` : t("wording.clash.set")}</li>`)}</ul></div>`}
      <${Check} change=${change} />
      <${Alert} text=${error} />
      <div class="desk__buttons">
        ${may.has("approve") && html`<${Button} kind="primary" icon="check" busy=${busy || runs} onClick=${() => !runs && press("approve")}>${t("knowledge.approve")}</>`}
        ${may.has("propose") && html`<${Button} kind="primary" icon="send" busy=${busy} onClick=${() => press("propose")}>${t("knowledge.propose")}</>`}
        ${may.has("rewrite") && (there || change.kind === "service") && html`<${Button} icon="edit" onClick=${() => setEditing(true)}>${t("knowledge.edit")}</>`}
        ${may.has("run_set") && !runs && !check.fresh && html`<${Button} icon="target" busy=${busy} onClick=${runSet}>${t("wording.run")}</>`}
        ${may.has("send_back") && html`<${Button} icon="undo" onClick=${() => setAsking("send_back")}>${t("knowledge.send_back")}</>`}
        ${may.has("drop") && html`<${Button} kind="quiet" icon="bin" onClick=${() => setAsking("drop")}>${t("knowledge.drop")}</>`}
      </div>
      ${asking === "approve" && html`<${WorseAsks} check=${check} onClose=${() => setAsking(null)} onConfirm=${(/** @type {string} */ note) => act("approve", { note })} />`}
      <${WishAsks} wish=${wish} drop=${t("wording.drop_lead")} />
    </div>`;
}

/** Whether the run of the question set goes on. @param {Check} check */
export const checkRuns = (check) => check.state === "waiting" || check.state === "running";

/** Why it is approved although it gets worse. @param {{check: Check, onClose: () => void, onConfirm: (note: string) => Promise<string>}} props */
export const WorseAsks = ({ check, onClose, onConfirm }) => html`
  <${Confirm} title=${t("wording.worse_title")} lead=${t("wording.worse_lead", { worse: check.result?.worse ?? 0, better: check.result?.better ?? 0 })} submit=${t("knowledge.approve")} icon="check" onClose=${onClose}
    reason=${{ label: t("wording.worse_why"), missing: t("wording.worse_missing") }} onConfirm=${onConfirm} />`;

/** How far the run of the question set is, and what it found. @param {{change: {state: string, check: Check}}} props */
export function Check({ change }) {
  const { check } = change;
  if (check.needed === false) return html`<p class="muted">${t("wording.check.unneeded")}</p>`;
  if (check.state === "none") return html`<p class="muted">${t("wording.check.none")}</p>`;
  if (check.state === "failed") return html`<${Alert} text=${t("wording.check.failed")} />`;
  if (check.state !== "done" || !check.result)
    return html`<p role="status" class="wording__run"><span>${t("wording.check.running")}</span><progress max=${check.total || 1} value=${check.done} aria-label=${t("wording.check.running")}></progress></p>`;
  const found = check.result;
  const open = change.state === "draft" || change.state === "proposed" || change.state === "approved";
  return html`
    <section class="wording__check" aria-label=${t("wording.check")}>
      <h3>${t("wording.check")}</h3>
      ${open && !check.fresh && html`<p><strong>${t("wording.check.stale")}</strong></p>`}
      <p class=${found.is_worse ? "wording__verdict wording__verdict--bad" : "wording__verdict"} role="status">${t(found.is_worse ? "wording.check.worse" : found.better + found.worse + found.other === 0 ? "wording.check.same" : "wording.check.fine", { better: found.better, worse: found.worse, total: number(found.total) })}</p>
      <table class="table wording__totals"><caption class="vh">${t("wording.check.totals")}</caption>
        <thead><tr><th scope="col">${t("wording.check.said")}</th><th scope="col">${t("wording.check.before")}</th><th scope="col">${t("wording.check.after")}</th></tr></thead>
        <tbody>${WORTH.map((word) => html`<tr key=${word}><th scope="row">${t(`wording.said.${word}`)}</th><td data-label=${t("wording.check.before")}>${number(found.before[word] ?? 0)}</td><td data-label=${t("wording.check.after")}>${number(found.after[word] ?? 0)}</td></tr>`)}</tbody></table>
      ${found.rows.length > 0 && html`<details open=${found.worse > 0}><summary>${t("wording.check.rows", { count: found.rows.length + found.more })}</summary>
        <ul class="wording__rows" role="list">${found.rows.map((row, i) => html`
          <li key=${i}><p><span class=${cx("chip", `chip--${row.verdict}`)}>${t(`wording.verdict.${row.verdict}`)}</span> <bdi lang=${row.lang}>„${row.text}”</bdi></p>
            <p class="muted">${t("wording.check.expected")}: <bdi>${row.expected ?? t("wording.not_ours")}</bdi></p>
            <p>${t(`wording.said.${row.before.said}`)}${row.before.services.length > 0 && html` (<bdi>${row.before.services.join(", ")}</bdi>)`} → ${t(`wording.said.${row.after.said}`)}${row.after.services.length > 0 && html` (<bdi>${row.after.services.join(", ")}</bdi>)`}</p></li>`)}</ul>
        ${found.more > 0 && html`<p class="muted">${t("wording.check.more", { count: found.more })}</p>`}</details>`}
    </section>`;
}

/** Under which name a wished service that is being rewritten is kept. @param {string} change */
const serviceDraft = (change) => `wording.${change}.service`;

/**
 * A service that there is not yet. What is typed is kept under `draft` until it is saved, given up, or the person signs out.
 * @param {{first: any, change: WordingChange|null, draft: string, institutions?: {id: string, name: string}[], onDone: (change: any) => void, onCancel: () => void, send?: (body: any) => Promise<any>}} props
 */
export function ServiceForm({ first, change, draft, institutions, onDone, onCancel, send }) {
  const me = useStore((s) => s.me?.id ?? "");
  const [begun] = useState(() => begunService(readDraft(me, draft)));
  const [titles, setTitles] = useState({ lv: "", ru: "", en: "", ...(begun?.titles ?? first.title) });
  const [answers, setAnswers] = useState({ lv: "", ru: "", en: "", ...(begun?.answers ?? first.answer) });
  const [examples, setExamples] = useState(begun?.examples ?? Object.fromEntries(LANGUAGES.map((code) => [code, (first.examples?.[code] ?? []).join("\n")])));
  const [institution, setInstitution] = useState(begun?.institution ?? first.institution ?? "");
  const [dated, setDated] = useState(begun?.dated ?? first.source_date ?? "");
  const version = useRef(change?.version ?? 0);
  const typed = JSON.stringify({ titles, answers, examples, institution, dated });
  const untouched = useRef(typed);
  // With the drawing, not after it: a page that is left at once has it all the same.
  useLayoutEffect(() => {
    if (typed !== untouched.current) writeDraft(me, draft, typed);
  }, [typed]);
  /** @param {() => void} then */
  const leave = (then) => {
    writeDraft(me, draft, "");
    then();
  };
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const submit = async () => {
    if (busy) return;
    setErrors({});
    setError("");
    setBusy(true);
    /** @param {Record<string, string>} texts */
    const given = (texts) => Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim()));
    const body = { title: given(titles), institution: institution || "-", answer: given(answers), source_date: dated.trim(), examples: Object.fromEntries(LANGUAGES.map((code) => [code, lines(examples[code])])) };
    try {
      const done = change ? await api.put(`editor/wording/${change.id}/service`, { ...body, version: version.current }) : await send?.(body);
      toast("ok", t("knowledge.saved"));
      leave(() => onDone(done));
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy(false);
      const said = reason(problem);
      if (problem.code === "title_needed") setErrors({ title: said });
      else if (problem.code === "institution_unknown") setErrors({ institution: said });
      else if (problem.code === "money_needs_date") setErrors({ dated: said });
      else setError(said);
      // There is a newer version of the wish: whoever saves again has been told so.
      if (problem.code === "edited_elsewhere" && change) version.current = await api.get(`editor/wording/${change.id}`).then((now) => now.version, () => version.current);
      focusInvalid(form.current);
    }
  };
  return html`
    <form class="desk__form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      <p class="muted">${t("wording.service_lead")}</p>
      ${institutions && html`<div class="field"><label for="new-institution">${t("knowledge.col.institution")}</label>
        <select class="input" id="new-institution" value=${institution} aria-invalid=${errors.institution ? "true" : undefined} aria-describedby=${errors.institution ? "new-institution-error" : undefined} onChange=${(/** @type {any} */ e) => setInstitution(e.target.value)}>
          <option value=""></option>${institutions.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === institution}>${one.name}</option>`)}</select>
        ${errors.institution && html`<p class="field__error" id="new-institution-error">${errors.institution}</p>`}</div>`}
      ${LANGUAGES.map((code) => html`<fieldset class="wording__lang" key=${code}><legend>${t(`own_language.${code}`)}</legend>
        <${Field} label=${t("wording.title")} lang=${code} optional=${code !== "lv"} value=${titles[code]} onInput=${(/** @type {string} */ text) => setTitles({ ...titles, [code]: text })} error=${code === "lv" ? errors.title : ""} maxLength="160" />
        <${Field} label=${t("knowledge.field.text")} lang=${code} optional rows=${4} value=${answers[code]} onInput=${(/** @type {string} */ text) => setAnswers({ ...answers, [code]: text })} maxLength="4000" />
        <${Field} label=${t("wording.examples_field")} hint=${t("wording.examples_hint")} lang=${code} optional rows=${4} value=${examples[code]} onInput=${(/** @type {string} */ text) => setExamples({ ...examples, [code]: text })} />
      </fieldset>`)}
      <${Field} label=${t("knowledge.field.dated")} hint=${t("knowledge.field.dated_hint")} optional value=${dated} onInput=${setDated} error=${errors.dated} maxLength="10" />
      <${Alert} text=${error} />
      <div class="desk__buttons"><${Button} type="submit" kind="primary" icon="check" busy=${busy}>${t("knowledge.save")}</><${Button} kind="quiet" onClick=${() => leave(onCancel)}>${t("action.cancel")}</></div>
    </form>`;
}

/** What was typed before the page was left; null when there is nothing, or nothing that can be read. @param {string} kept @returns {any} */
function begunService(kept) {
  try {
    return kept ? JSON.parse(kept) : null;
  } catch {
    return null;
  }
}

/** Wishes for wording on the page of changes. @param {{rows: WordingChange[], again: () => void}} props */
export const WordingChanges = ({ rows, again }) => html`
  <ul class="desk__changes" role="list">${rows.map((change) => html`
    <li class="box" key=${`${change.id}-${change.version}`}><h2>${change.kind === "service" && change.state !== "published" ? html`<bdi>${change.service.title}</bdi>` : html`<a href=${`#/knowledge/${change.service.id}`}><bdi>${change.service.title}</bdi></a>`} <span class="muted">· ${t(`wording.kind.${change.kind}`)}${change.kind !== "withdrawal" && ` · ${change.lang.toUpperCase()}`}</span></h2>
      <${WordingChangeView} change=${change} there=${null} again=${again} /></li>`)}</ul>`;

/** To whom a changed answer will be told. @param {{service: string, lang: string}} props */
export function AskedOf({ service, lang }) {
  const [open, setOpen] = useState(false);
  return html`<details onToggle=${(/** @type {any} */ e) => setOpen(e.target.open)}><summary>${t("wording.answer_check")}</summary><p class="muted">${t("wording.answer_lead")}</p>${open && html`<${AskedList} service=${service} lang=${lang} />`}</details>`;
}

/** @param {{service: string, lang: string}} props */
function AskedList({ service, lang }) {
  const { got, error, again } = useFetched(`editor/services/${encodeURIComponent(service)}/questions${api.query({ lang })}`);
  return html`<${Fetching} got=${got} error=${error} again=${again} />
    ${got && (got.questions.length ? html`<ul class="wording__list" lang=${lang}>${got.questions.map((/** @type {any} */ one) => html`<li key=${one.key}>${one.text}</li>`)}</ul>` : html`<p class="muted">${t("wording.answer_none")}</p>`)}`;
}

/** The question set: what every change is judged by. */
export function QuestionSet() {
  const { got, error, again } = useFetched("editor/questions");
  const services = useFetched("editor/services");
  const [search, setSearch] = useState("");
  const [more, setMore] = useState(SHOWN);
  const [text, setText] = useState("");
  const [lang, setLang] = useState("lv");
  const [service, setService] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  /** @type {{key: string, text: string, lang: string, expected: {id: string, title: string}|null, origin: string, by: string|null, removed: boolean}[]} */
  const all = got?.questions ?? [];
  const wanted = fold(search.trim());
  const rows = all.filter((one) => !wanted || fold(`${one.text} ${one.expected?.title ?? ""}`).includes(wanted));
  /** @param {string} path @param {any} body @param {string} done */
  const send = async (path, body, done) => {
    if (busy) return;
    setBusy(true);
    setWrong("");
    try {
      await api.post(path, body);
      toast("ok", t(done));
      if (path === "editor/questions") setText("");
      again();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setWrong(reason(problem));
    }
    setBusy(false);
  };
  return html`
    <header class="page__head"><h1>${t("knowledge.base")}</h1></header>
    <${KnowledgeNav} current="questions" />
    <p class="muted">${t("wording.set_lead")}</p>
    <form class="desk__try wording__add" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); if (text.trim()) send("editor/questions", { text, lang, service_id: service || null }, "wording.set_added"); }}>
      <${Field} label=${t("wording.set_text")} value=${text} onInput=${setText} maxLength="300" autocomplete="off" />
      <div class="field"><label for="set-lang">${t("wording.set_lang")}</label><select class="input" id="set-lang" value=${lang} onChange=${(/** @type {any} */ e) => setLang(e.target.value)}>${LANGUAGES.map((code) => html`<option key=${code} value=${code} selected=${code === lang}>${t(`own_language.${code}`)}</option>`)}</select></div>
      <div class="field"><label for="set-service">${t("wording.set_service")}</label><select class="input" id="set-service" value=${service} onChange=${(/** @type {any} */ e) => setService(e.target.value)}><option value="">${t("wording.not_ours")}</option>${(services.got?.services ?? []).map((/** @type {any} */ one) => html`<option key=${one.id} value=${one.id} selected=${one.id === service}>${one.title}</option>`)}</select></div>
      <${Button} type="submit" kind="primary" icon="plus" busy=${busy}>${t("wording.set_add")}</>
    </form>
    <${Alert} text=${wrong} />
    <${Fetching} got=${got} error=${error} again=${again} />
    ${got && html`
      <div class="desk__tools"><div class="field"><label for="set-search">${t("wording.set_search")}</label><input class="input" id="set-search" type="search" value=${search} onInput=${(/** @type {any} */ e) => { setSearch(e.target.value); setMore(SHOWN); }} /></div></div>
      <p role="status" class="muted">${t("wording.set_found", { count: rows.length })}</p>
      <ul class="wording__set" role="list">${rows.slice(0, more).map((one) => html`
        <li key=${one.key} class=${one.removed ? "box wording__q wording__q--out" : "box wording__q"}><div><p lang=${one.lang}><bdi>${one.text}</bdi></p><p class="muted">${one.lang.toUpperCase()} · <bdi>${one.expected?.title ?? t("wording.not_ours")}</bdi>${one.by && html` · <bdi>${one.by}</bdi>`}${one.removed && html` · <strong>${t("wording.set_is_out")}</strong>`}</p></div>
          <${Button} kind="quiet" icon=${one.removed ? "undo" : "bin"} onClick=${() => send("editor/questions/removed", { key: one.key, removed: !one.removed }, one.removed ? "wording.set_back" : "wording.set_removed")}>${t(one.removed ? "wording.set_bring" : "wording.set_take")}<span class="vh">: ${one.text}</span></></li>`)}</ul>
      ${rows.length > more && html`<${Button} onClick=${() => setMore(more + SHOWN)}>${t("wording.set_more")}</>`}`}`;
}
