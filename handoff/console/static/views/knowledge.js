// @ts-check
// The editors' desk: services and what is missing, one service with its answers, wishes that wait for a second person.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Field, focusInvalid, namedFields, Tick } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { fold } from "../components/picklist.js";
import { differences } from "../differences.js";
import { useWish, WishAsks, WishHead } from "../components/wish.js";
import { html } from "../html.js";
import { calendarDay, dateTime, label, LANGUAGES, t } from "../i18n.js";
import { readDraft, writeDraft } from "../keep.js";
import { fromField, toField } from "../riga.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { ServiceState } from "../components/servicestate.js";
import { AskedOf, Check, checkRuns, QuestionSet, WordingChanges, WordingSection, WorseAsks } from "./wording.js";

/** @typedef {{id: string, title: string, institution: string, kind: string, confidence: string, review_due: string|null, due: boolean, withdrawn: boolean, aspects: number, missing: Record<string, number>, open: number}} ServiceRow */
/** @typedef {{aspect: string, text: string|null, version: number|null, origin: string|null, source_date: string|null}} Answer */
/**
 * @typedef {object} Change
 * @property {string} id
 * @property {number} version
 * @property {{id: string, title: string}} service
 * @property {string} lang
 * @property {string} aspect
 * @property {"draft"|"proposed"|"approved"|"published"|"ended"|"dropped"|"overtaken"} state
 * @property {string|null} text
 * @property {string|null} shown
 * @property {string|null} source_date
 * @property {number|null} base_version
 * @property {string} note
 * @property {string} decision
 * @property {{id: string, name: string}} author
 * @property {{id: string, name: string}|null} decided_by
 * @property {string} changed_at
 * @property {string|null} valid_from
 * @property {string|null} valid_to
 * @property {import("./wording.js").Check} check
 * @property {string[]} may
 */
/**
 * @typedef {object} ServicePage
 * @property {string} id
 * @property {boolean} withdrawn
 * @property {string} title
 * @property {string} institution
 * @property {string} confidence
 * @property {string|null} review_due
 * @property {string|null} checked_on
 * @property {Record<string, any>} facts
 * @property {{url: string, as_of?: string}[]} sources
 * @property {Record<string, Answer[]>} answers
 * @property {Change[]} changes
 */

const FILTERS = ["all", "due", "missing", "open", "withdrawn"];
/** So many the server gives at once. */
const MOST_CHANGES = 200;
/** @type {Record<string, string[]>} */
const STATES = { proposed: ["proposed"], draft: ["draft"], approved: ["approved"], done: ["published", "ended", "dropped", "overtaken"] };

/** @type {[string, string][]} */
const PARTS = [
  ["services", "#/knowledge"],
  ["changes", "#/knowledge/changes"],
  ["plans", "#/plans"],
  ["life", "#/life"],
  ["questions", "#/knowledge/questions"],
  ["training", "#/training"],
  ["try", "#/knowledge/try"],
  ["canned", "#/canned"],
  ["macros", "#/macros"],
  ["files", "#/import"],
  ["unify", "#/unify"],
];

/** The parts of the knowledge base's pages. @param {{current: string}} props */
export const KnowledgeNav = ({ current }) => html`
  <nav class="subnav" aria-label=${t("knowledge.parts")}>
    ${PARTS.map(([name, hash]) => html`
      <a key=${name} href=${hash} aria-current=${name === current ? "page" : undefined}>${t(`knowledge.part.${name}`)}</a>`)}
  </nav>`;

/**
 * What a call brings; fetched again when asked.
 * @param {string} path
 * @returns {{got: any, error: string, again: () => void}}
 */
export function useFetched(path) {
  const [got, setGot] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const known = useRef(path);
  useEffect(() => {
    let current = true;
    setError("");
    if (known.current !== path) setGot(null);
    known.current = path;
    api.get(path).then(
      (answer) => current && setGot(answer),
      (problem) => {
        if (!(problem instanceof api.ApiError)) throw problem;
        if (current) setError(reason(problem));
      },
    );
    return () => {
      current = false;
    };
  }, [path, round]);
  return { got, error, again: () => setRound((n) => n + 1) };
}

/** @param {{error: string, again: () => void, got: any}} props */
export const Fetching = ({ error, again, got }) =>
  error
    ? html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${again}>${t("action.try_again")}</>`
    : got
      ? null
      : html`<p class="muted" role="status">${t("conversation.loading")}</p>`;

/** @param {{id: string|null, params: URLSearchParams}} props `id`: a service, `changes`, `try`, or none for the list */
export function KnowledgePage({ id, params }) {
  const page = id === "changes" ? html`<${Changes} params=${params} />` : id === "try" ? html`<${TryOut} />` : id === "questions" ? html`<${QuestionSet} />` : id ? html`<${ServiceView} key=${id} id=${id} first=${params.get("lang")} />` : html`<${Services} params=${params} />`;
  return html`<main class="page desk" id="main" tabindex="-1">${page}</main>`;
}

/** @param {{params: URLSearchParams}} props */
function Services({ params }) {
  const { got, error, again } = useFetched("editor/services");
  const [search, setSearch] = useState("");
  const shown = params.get("show") ?? "all";
  const wanted = fold(search.trim());
  /** @type {ServiceRow[]} */
  const all = got?.services ?? [];
  /** @param {ServiceRow} row */
  const lacks = (row) => Object.values(row.missing).some((count) => count > 0);
  /** @type {Record<string, (row: ServiceRow) => boolean>} */
  const rules = { all: () => true, due: (row) => row.due, missing: lacks, open: (row) => row.open > 0, withdrawn: (row) => row.withdrawn };
  const rule = rules[shown] ?? rules.all;
  const rows = all.filter((row) => rule(row) && (!wanted || fold(`${row.title} ${row.institution} ${row.id}`).includes(wanted)));
  return html`
    <header class="page__head"><h1>${t("knowledge.base")}</h1></header>
    <${KnowledgeNav} current="services" />
    <${Fetching} got=${got} error=${error} again=${again} />
    ${got && html`
      <div class="desk__tools">
        <div class="field"><label for="desk-search">${t("knowledge.search")}</label>
          <input class="input" id="desk-search" type="search" value=${search} onInput=${(/** @type {any} */ e) => setSearch(e.target.value)} /></div>
        <nav class="segments desk__filter" aria-label=${t("knowledge.filter")}>${FILTERS.map((name) => html`
          <a key=${name} href=${name === "all" ? "#/knowledge" : `#/knowledge?show=${name}`} aria-current=${shown === name ? "true" : undefined}>${t(`knowledge.show.${name}`)} <span class="count">${all.filter(rules[name]).length}</span></a>`)}</nav>
      </div>
      <p class="vh" role="status">${t("knowledge.found", { count: rows.length })}</p>
      ${!rows.length && html`<p class="muted">${t("pick.nothing")}</p>`}
      ${rows.length > 0 && html`<div class="table-wrap"><table class="table">
        <thead><tr><th scope="col">${t("knowledge.col.service")}</th><th scope="col">${t("knowledge.col.institution")}</th><th scope="col">${t("knowledge.col.answers")}</th><th scope="col">${t("knowledge.col.missing")}</th><th scope="col">${t("knowledge.col.review")}</th><th scope="col">${t("knowledge.col.open")}</th></tr></thead>
        <tbody>${rows.map((row) => html`
          <tr key=${row.id}>
            <th scope="row"><a href=${`#/knowledge/${row.id}`}><bdi>${row.title}</bdi></a>${row.withdrawn && html` <span class="chip">${t("knowledge.chip_withdrawn")}</span>`}</th>
            <td data-label=${t("knowledge.col.institution")}><bdi>${row.institution}</bdi></td>
            <td data-label=${t("knowledge.col.answers")}>${row.aspects}</td>
            <td data-label=${t("knowledge.col.missing")}>${lacks(row) ? Object.entries(row.missing).filter(([, n]) => n > 0).map(([lang, n]) => `${lang.toUpperCase()} ${n}`).join(", ") : "–"}</td>
            <td data-label=${t("knowledge.col.review")}>${row.review_due && !row.withdrawn ? html`<span class=${row.due ? "desk__due" : ""}>${row.due && html`<${Icon} name="warn" size=${13} />`}${calendarDay(row.review_due)}</span>` : "–"}</td>
            <td data-label=${t("knowledge.col.open")}>${row.open || "–"}</td>
          </tr>`)}</tbody></table></div>`}`}`;
}

/** @param {{id: string, first: string|null}} props `first`: the language shown at first */
function ServiceView({ id, first }) {
  const { got, error, again } = useFetched(`editor/services/${encodeURIComponent(id)}`);
  const [lang, setLang] = useState(first && LANGUAGES.includes(first) ? first : "lv");
  /** @type {ServicePage|null} */
  const page = got;
  return html`
    <header class="page__head"><a class="icon-button" href="#/knowledge" aria-label=${t("knowledge.to_list")}><${Icon} name="back" /></a>
      <h1><bdi>${page?.title ?? t("knowledge.base")}</bdi></h1></header>
    <${Fetching} got=${got} error=${error} again=${again} />
    ${page && html`
      <p class="muted"><bdi>${page.institution}</bdi>${page.review_due && !page.withdrawn && html` · ${t("knowledge.review", { day: calendarDay(page.review_due) })}`}${page.checked_on && html` · ${t("knowledge.checked", { day: calendarDay(page.checked_on) })}`}</p>
      <${ServiceState} service=${page} again=${again} />
      <div class="segments" role="group" aria-label=${t("knowledge.lang")}>${LANGUAGES.map((code) => html`<button type="button" key=${code} aria-pressed=${code === lang ? "true" : "false"} lang=${code}
        aria-label=${t(`own_language.${code}`)} onClick=${() => setLang(code)}>${code.toUpperCase()}</button>`)}</div>
      <div class="desk__service">
        <div class="desk__answers">${page.answers[lang].map((answer) => html`
          <${AnswerBox} key=${`${lang}-${answer.aspect}`} service=${page} lang=${lang} answer=${answer}
            change=${page.changes.find((one) => one.lang === lang && one.aspect === answer.aspect) ?? null} again=${again} />`)}
          <${WordingSection} service=${page} lang=${lang} /></div>
        <aside class="box desk__facts" aria-labelledby="facts-title"><h2 id="facts-title">${t("knowledge.facts")}</h2><p class="muted">${t("knowledge.facts_lead")}</p>
          <dl class="facts">${Object.entries(page.facts).map(([name, value]) => html`<div key=${name}><dt>${label("knowledge.fact", name)}</dt><dd>${Array.isArray(value) ? html`<ul>${value.map((one) => html`<li>${one}</li>`)}</ul>` : String(value)}</dd></div>`)}</dl>
          <h3>${t("knowledge.sources")}</h3>
          <ul class="desk__sources">${page.sources.map((source) => html`<li key=${source.url}><a href=${source.url} target="_blank" rel="noopener noreferrer">${source.url.replace(/^https?:\/\//, "")}<span class="vh"> ${t("message.new_window")}</span></a>${source.as_of && html`<span class="muted"> ${source.as_of}</span>`}</li>`)}</ul>
        </aside>
      </div>`}`;
}

/** @param {{service: ServicePage, lang: string, answer: Answer, change: Change|null, again: () => void}} props */
function AnswerBox({ service, lang, answer, change, again }) {
  const me = useStore((s) => s.me?.id ?? "");
  // What was typed before the language was changed, or the page left, is still being written.
  const begun = readDraft(me, draftOf(service.id, lang, answer.aspect)) !== "";
  const [editing, setEditing] = useState(begun && !change);
  const [history, setHistory] = useState(false);
  const title = t(`knowledge.aspect.${answer.aspect}`);
  return html`
    <section class="box" aria-label=${title}>
      <header class="desk__head"><h2>${title}</h2>
        ${!change && !editing && html`<${Button} icon="edit" onClick=${() => setEditing(true)}>${t(answer.text ? "knowledge.edit" : "knowledge.write")}<span class="vh">: ${title}</span></>`}
        ${answer.version !== null && html`<${Button} kind="quiet" icon="clock" aria-expanded=${history ? "true" : "false"} onClick=${() => setHistory(!history)}>${t("knowledge.history")}<span class="vh">: ${title}</span></>`}
      </header>
      ${!editing && (answer.text
        ? html`<p class="desk__text" lang=${lang}>${answer.text}</p><p class="muted desk__origin">${label("knowledge.origin", answer.origin ?? "")}${answer.source_date && html` · ${t("knowledge.as_of", { date: answer.source_date })}`}</p>`
        : html`<p class="muted">${t("knowledge.no_answer")}</p>`)}
      ${editing && html`<${ChangeForm} service=${service} lang=${lang} answer=${answer} change=${null} onDone=${() => { setEditing(false); again(); }} onCancel=${() => setEditing(false)} />`}
      ${change && html`<${ChangeView} change=${change} answer=${answer} service=${service} again=${again} />`}
      ${history && html`<${History} key=${answer.version} service=${service.id} lang=${lang} answer=${answer} again=${again} open=${Boolean(change)} />`}
    </section>`;
}

/** Under which name what is typed is kept: until it is saved, given up, or the person signs out. @param {string} service @param {string} lang @param {string} aspect */
const draftOf = (service, lang, aspect) => `answer.${service}.${lang}.${aspect}`;

/**
 * @param {{service: {id: string}, lang: string, answer: Answer, change: Change|null, onDone: () => void, onCancel: () => void}} props
 *   `answer`: what is shown now, as this person sees it
 */
function ChangeForm({ service, lang, answer, change, onDone, onCancel }) {
  const me = useStore((s) => s.me?.id ?? "");
  const draft = draftOf(service.id, lang, answer.aspect);
  const [text, setText] = useState(() => readDraft(me, draft) || (change ? (change.text ?? "") : (answer.text ?? "")));
  const [dated, setDated] = useState(change?.source_date ?? "");
  const [note, setNote] = useState(change?.note ?? "");
  const [from, setFrom] = useState(toField(change?.valid_from ?? ""));
  const [to, setTo] = useState(toField(change?.valid_to ?? ""));
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  // What this person has seen: another answer that comes meanwhile is shown to him first, and only then written over.
  const [base, setBase] = useState(answer.version);
  const [moved, setMoved] = useState(/** @type {{text: string|null, said: string}|null} */ (null));
  // What has been stored already, when proposing it failed: the next attempt goes on with it.
  const stored = useRef(change);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  useLayoutEffect(() => form.current?.querySelector("textarea")?.focus(), []);

  /** @param {string} next */
  const type = (next) => {
    setText(next);
    writeDraft(me, draft, next);
  };
  const done = () => {
    writeDraft(me, draft, "");
    onDone();
  };
  const cancel = () => {
    writeDraft(me, draft, "");
    if (stored.current !== change) onDone();
    else onCancel();
  };
  /** The answer is another by now: it is fetched and shown beside what is typed. */
  const compare = async () => {
    const page = await api.get(`editor/services/${encodeURIComponent(service.id)}`);
    const now = page.answers[lang].find((/** @type {Answer} */ one) => one.aspect === answer.aspect);
    setBase(now.version);
    setMoved({ text: now.text, said: t("knowledge.moved") });
  };
  /** The wish itself was stored otherwise: whoever saves again has been shown how. @param {Change} known */
  const compareWish = async (known) => {
    const now = /** @type {Change} */ (await api.get(`editor/changes/${known.id}`));
    stored.current = now;
    setMoved({ text: now.text, said: t("knowledge.moved_change") });
  };
  /** @param {boolean} propose */
  const submit = async (propose) => {
    if (busy) return;
    setError("");
    const starts = from ? fromField(from) : null;
    const ends = to ? fromField(to) : null;
    const wrong = { ...(from && !starts && { from: t("knowledge.wrong.time") }), ...(to && !ends && { to: t("knowledge.wrong.time") }) };
    setErrors(wrong);
    if (Object.keys(wrong).length) {
      focusInvalid(form.current);
      return;
    }
    setBusy(true);
    const body = { text: text.trim() || null, base_version: base, source_date: dated.trim() || null, note: note.trim(), valid_from: starts, valid_to: ends };
    try {
      const known = stored.current;
      stored.current = known
        ? await api.put(`editor/changes/${known.id}`, { ...body, version: known.version })
        : await api.post("editor/changes", { ...body, service_id: service.id, lang, aspect: answer.aspect });
      if (propose) await api.post(`editor/changes/${stored.current?.id}/propose`, { version: stored.current?.version });
      toast("ok", t(propose ? "knowledge.proposed" : "knowledge.saved"));
      done();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      if (problem.code === "answer_changed") await compare().catch(() => {});
      if (problem.code === "edited_elsewhere" && stored.current) await compareWish(stored.current).catch(() => {});
      setBusy(false);
      const said = reason(problem);
      if (problem.code === "money_needs_date" || namedFields(problem).includes("source_date")) setErrors({ dated: problem.code === "money_needs_date" ? said : t("knowledge.wrong.date") });
      else if (problem.code === "ends_before_it_begins") setErrors({ to: said });
      else setError(said);
      focusInvalid(form.current);
    }
  };
  return html`
    <form class="desk__form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(true); }}>
      <${Field} label=${t("knowledge.field.text")} hint=${t("knowledge.field.text_hint")} rows=${8} lang=${lang} spellcheck maxLength="4000" value=${text} onInput=${type} error=${errors.text} />
      ${moved && html`<div class="notice"><p><strong>${moved.said}</strong></p><${Difference} before=${moved.text} after=${text} lang=${lang} /></div>`}
      <div class="desk__row">
        <${Field} label=${t("knowledge.field.dated")} hint=${`${t("knowledge.field.dated_hint")}${answer.source_date ? ` · ${t("knowledge.field.dated_before", { date: answer.source_date })}` : ""}`} optional value=${dated} onInput=${setDated} error=${errors.dated} maxLength="10" inputmode="numeric" />
        <${Field} label=${t("knowledge.field.from")} optional type="datetime-local" value=${from} onInput=${setFrom} error=${errors.from} />
        <${Field} label=${t("knowledge.field.to")} optional type="datetime-local" value=${to} onInput=${setTo} error=${errors.to} />
      </div>
      <${Field} label=${t("knowledge.field.note")} hint=${t("knowledge.field.note_hint")} optional value=${note} onInput=${setNote} maxLength="1000" />
      <${Alert} text=${error} />
      <div class="desk__buttons">
        <${Button} type="submit" kind="primary" icon="send" busy=${busy}>${t("knowledge.propose")}</>
        <${Button} busy=${busy} onClick=${() => submit(false)}>${t("knowledge.save")}</>
        <${Button} kind="quiet" onClick=${cancel}>${t("action.cancel")}</>
      </div>
    </form>`;
}

/** Old and new in one text: what is gone struck out, what is new underlined; never by colour alone. @param {{before: string|null, after: string|null, lang: string}} props */
export const Difference = ({ before, after, lang }) => html`
  <p class="diff" lang=${lang}>${differences(before ?? "", after ?? "").map((part, i) =>
    part.kind === "same" ? part.text : part.kind === "gone" ? html`<del key=${i}>${part.text}</del>` : html`<ins key=${i}>${part.text}</ins>`)}</p>`;

/** @param {{change: Change, answer: Answer|null, service: {id: string}, again: () => void}} props */
function ChangeView({ change, answer, service, again }) {
  const me = useStore((s) => s.me?.id ?? "");
  const begun = answer !== null && change.may.includes("rewrite") && readDraft(me, draftOf(service.id, change.lang, answer.aspect)) !== "";
  const [editing, setEditing] = useState(begun);
  const [check, setCheck] = useState(change.check);
  const [whole, setWhole] = useState(false);
  const wish = useWish("editor/changes", change, { done: (verb) => (verb === "approve" && whole ? review() : again()), conflict: again });
  const { busy, error, asking, act, setAsking } = wish;
  const may = new Set(change.may);
  const runs = checkRuns(check);
  const open = change.state === "draft" || change.state === "proposed" || change.state === "approved";
  // What is fetched anew knows better than what was asked for meanwhile.
  useEffect(() => setCheck(change.check), [change]);
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setInterval(() => api.get(`editor/changes/${change.id}`).then((now) => setCheck(now.check), () => {}), 1000);
    return () => clearInterval(timer);
  }, [runs, change.id]);
  const review = () => api.post(`editor/services/${encodeURIComponent(service.id)}/reviewed`, {}).then(() => toast("ok", t("knowledge.reviewed_done")), (problem) => toast("error", reason(problem))).then(again);
  /** @param {string} verb */
  const press = (verb) => (verb === "approve" && check.fresh && check.result?.is_worse ? setAsking("approve") : wish.press(verb));
  if (editing && answer) return html`<${ChangeForm} service=${service} lang=${change.lang} answer=${answer} change=${change} onDone=${() => { setEditing(false); again(); }} onCancel=${() => setEditing(false)} />`;
  return html`
    <div class="change">
      <${WishHead} change=${change} />
      ${change.text === null ? html`<p><strong>${t("knowledge.withdraws")}</strong></p>` : null}
      <${Difference} before=${change.shown} after=${change.text} lang=${change.lang} />
      ${change.source_date && html`<p class="muted">${t("knowledge.as_of", { date: change.source_date })}</p>`}
      ${(change.state === "proposed" || change.state === "draft") && html`<${AskedOf} service=${change.service.id} lang=${change.lang} />`}
      ${(open || check.result) && html`<${Check} change=${{ state: change.state, check }} />`}
      ${may.has("approve") && html`<${Tick} text=${t("knowledge.reviewed_too")} on=${whole} onChange=${setWhole} />`}
      <${Alert} text=${error} />
      <div class="desk__buttons">
        ${may.has("approve") && html`<${Button} kind="primary" icon="check" busy=${busy || runs} onClick=${() => !runs && press("approve")}>${t("knowledge.approve")}</>`}
        ${may.has("propose") && html`<${Button} kind="primary" icon="send" busy=${busy} onClick=${() => press("propose")}>${t("knowledge.propose")}</>`}
        ${may.has("rewrite") && answer && html`<${Button} icon="edit" onClick=${() => setEditing(true)}>${t("knowledge.edit")}</>`}
        ${may.has("send_back") && html`<${Button} icon="undo" onClick=${() => setAsking("send_back")}>${t("knowledge.send_back")}</>`}
        ${may.has("drop") && html`<${Button} kind="quiet" icon="bin" onClick=${() => setAsking("drop")}>${t("knowledge.drop")}</>`}
      </div>
      ${asking === "approve" && html`<${WorseAsks} check=${check} onClose=${() => setAsking(null)} onConfirm=${(/** @type {string} */ note) => act("approve", { note })} />`}
      <${WishAsks} wish=${wish} drop=${t("knowledge.drop_lead")} />
    </div>`;
}

/** @param {{service: string, lang: string, answer: Answer, again: () => void, open: boolean}} props `open`: a wish for this answer is open */
function History({ service, lang, answer, again, open }) {
  const { got, error, again: retry } = useFetched(`editor/services/${encodeURIComponent(service)}/history${api.query({ lang, aspect: answer.aspect })}`);
  const [back, setBack] = useState(/** @type {number|null} */ (null));
  /** @type {{version: number, text: string|null, current: boolean, origin: string, at: string, author: string|null, decided_by: string|null, note: string|null}[]} */
  const versions = got?.versions ?? [];
  const restore = async () => {
    try {
      await api.post("editor/restore", { service_id: service, lang, aspect: answer.aspect, to_version: back, base_version: answer.version });
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      return reason(problem);
    }
    setBack(null);
    toast("ok", t("knowledge.restored"));
    retry();
    again();
    return "";
  };
  return html`
    <${Fetching} got=${got} error=${error} again=${retry} />
    <ol class="versions" role="list">${versions.map((one, i) => html`
      <li key=${one.version}>
        <p class="change__head"><strong>${t("knowledge.version", { number: one.version })}</strong>${one.current && html` <span class="chip chip--active">${t("knowledge.shown_now")}</span>`}
          <time datetime=${one.at}>${dateTime(one.at)}</time> · ${one.author ? html`<bdi>${one.author}</bdi>${one.decided_by && html`, <bdi>${one.decided_by}</bdi>`}` : label("knowledge.origin", one.origin)}</p>
        ${one.note && html`<p class="muted"><bdi>${one.note}</bdi></p>`}
        ${one.text === null ? html`<p class="muted">${t("knowledge.withdrawn")}</p>` : html`<${Difference} before=${versions[i + 1]?.text ?? (i === versions.length - 1 ? one.text : null)} after=${one.text} lang=${lang} />`}
        ${!one.current && !open && html`<${Button} icon="undo" onClick=${() => setBack(one.version)}>${t("knowledge.restore")}<span class="vh">: ${t("knowledge.version", { number: one.version })}</span></>`}
      </li>`)}</ol>
    ${back !== null && html`<${Confirm} title=${t("knowledge.restore")} lead=${t("knowledge.restore_lead", { number: back })} submit=${t("knowledge.restore")} icon="undo" onClose=${() => setBack(null)} onConfirm=${restore} />`}`;
}

/** @param {{params: URLSearchParams}} props */
function Changes({ params }) {
  const shown = params.get("show") ?? "proposed";
  const states = STATES[shown] ?? STATES.proposed;
  const asked = states.map((state) => `state=${state}`).join("&");
  const { got, error, again } = useFetched(`editor/changes?${asked}`);
  const wording = useFetched(`editor/wording?${asked}`);
  /** @type {Change[]} */
  const rows = got?.changes ?? [];
  return html`
    <header class="page__head"><h1>${t("knowledge.base")}</h1></header>
    <${KnowledgeNav} current="changes" />
    <nav class="segments desk__filter" aria-label=${t("knowledge.filter")}>${Object.keys(STATES).map((name) => html`
      <a key=${name} href=${name === "proposed" ? "#/knowledge/changes" : `#/knowledge/changes?show=${name}`} aria-current=${shown === name ? "true" : undefined}>${t(`knowledge.changes.${name}`)}</a>`)}</nav>
    <${Fetching} got=${got} error=${error} again=${again} />
    ${wording.error && html`<${Fetching} got=${wording.got} error=${wording.error} again=${wording.again} />`}
    ${got && wording.got && !rows.length && !wording.got.changes.length && html`<p class="muted">${t("knowledge.changes.none")}</p>`}
    ${rows.length >= MOST_CHANGES && html`<p class="muted">${t("knowledge.changes.most", { count: MOST_CHANGES })}</p>`}
    <ul class="desk__changes" role="list">${rows.map((change) => html`
      <li class="box" key=${change.id}><h2><a href=${`#/knowledge/${change.service.id}`}><bdi>${change.service.title}</bdi></a> <span class="muted">· ${t(`knowledge.aspect.${change.aspect}`)} · ${change.lang.toUpperCase()}</span></h2>
        <${ChangeView} change=${change} answer=${null} service=${change.service} again=${again} /></li>`)}</ul>
    ${wording.got && html`<${WordingChanges} rows=${wording.got.changes} again=${wording.again} />`}`;
}

/** @typedef {{lang: string, masked: string[], outcome: string, handoff_reason: string|null, said: {text: string, buttons: string[], source: {title: string, url: string}|null}[], intent: string|null, confidence: number|null, searched: boolean, candidates: {id: string, title: string, probability: number}[], aspects: {aspect: string, name: string, probability: number}[], asked_aspect: string|null, thresholds: {answer: number, choices: number}, scope: {score: number, offer_from: number, answer_from: number}|null}} Trial */

/** @param {number} value */
const percent = (value) => t("response.percent", { value: Math.round(value * 100) });

/** A probability as a bar with its figure. @param {{value: number, name: any}} props */
const Chance = ({ value, name }) => html`
  <li class="chance"><span class="chance__name">${name}</span><span class="chance__bar" aria-hidden="true"><span style=${{ width: `${Math.round(value * 100)}%` }}></span></span><span class="chance__value">${percent(value)}</span></li>`;

/** Why the assistant said what it said, in sentences. @param {Trial} trial @returns {string[]} */
function reasons(trial) {
  const found = [];
  const best = trial.candidates[0];
  if (trial.masked.length) found.push(t("knowledge.why.masked"));
  if (trial.outcome === "unavailable") return [...found, t("knowledge.why.unavailable")];
  if (trial.intent === null) found.push(t("knowledge.why.rule"));
  else found.push(t("knowledge.why.intent", { intent: label("knowledge.intent", trial.intent.replace(/^ask_.*/, "ask")), chance: percent(trial.confidence ?? 0) }));
  if (trial.scope) {
    const { score, offer_from, answer_from } = trial.scope;
    found.push(t(score < offer_from ? "knowledge.why.out_of_scope" : score < answer_from ? "knowledge.why.scope_unsure" : "knowledge.why.in_scope"));
    if (best && score >= offer_from) {
      const { answer, choices } = trial.thresholds;
      found.push(t(best.probability >= answer ? "knowledge.why.sure" : best.probability >= choices ? "knowledge.why.choices" : "knowledge.why.unsure", { chance: percent(best.probability), answer: percent(answer), choices: percent(choices) }));
    }
  }
  return found;
}

/** What would a citizen be told now? */
function TryOut() {
  const [text, setText] = useState("");
  const [lang, setLang] = useState("lv");
  const [trial, setTrial] = useState(/** @type {(Trial & {asked: string})|null} */ (null));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const heading = useRef(/** @type {HTMLElement|null} */ (null));
  const ask = async () => {
    const asked = text.trim();
    if (!asked || busy) return;
    setBusy(true);
    setError("");
    try {
      setTrial({ ...(await api.post("editor/try", { text: asked, lang })), asked });
      setTimeout(() => heading.current?.focus(), 30);
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
    }
    setBusy(false);
  };
  return html`
    <header class="page__head"><h1>${t("knowledge.base")}</h1></header>
    <${KnowledgeNav} current="try" />
    <p class="muted">${t("knowledge.try.lead")}</p>
    <form class="desk__try" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); ask(); }}>
      <${Field} label=${t("knowledge.try.text")} id="try-text" value=${text} onInput=${setText} maxLength="1000" autocomplete="off" />
      <div class="field"><label for="try-lang">${t("knowledge.try.lang")}</label>
        <select class="input" id="try-lang" value=${lang} onChange=${(/** @type {any} */ e) => setLang(e.target.value)}>${LANGUAGES.map((code) => html`<option key=${code} value=${code} lang=${code} selected=${code === lang}>${t(`own_language.${code}`)}</option>`)}</select></div>
      <${Button} type="submit" kind="primary" icon="send" busy=${busy || !text.trim()}>${t("knowledge.try.ask")}</>
    </form>
    <${Alert} text=${error} />
    ${trial && html`
      <div class="desk__trial">
        <section class="box" aria-labelledby="trial-title"><h2 id="trial-title" tabindex="-1" ref=${heading}>${label("knowledge.outcome", trial.outcome)}</h2>
          <p class="muted"><bdi>„${trial.asked}”</bdi></p>
          ${trial.said.map((one, i) => html`<div class="trial__said" key=${i} lang=${trial.lang}><p class="desk__text">${one.text}</p>
            ${one.buttons.length > 0 && html`<ul class="msg__buttons">${one.buttons.map((title) => html`<li key=${title}>${title}</li>`)}</ul>`}
            ${one.source && html`<p class="msg__source"><a href=${one.source.url} target="_blank" rel="noopener noreferrer">${one.source.title}<span class="vh"> ${t("message.new_window")}</span></a></p>`}</div>`)}
          ${!trial.said.length && trial.handoff_reason && html`<p>${label("reason", trial.handoff_reason)}</p>`}
        </section>
        <section class="box" aria-labelledby="trial-why"><h2 id="trial-why">${t("knowledge.try.why")}</h2>
          <ul class="trial__why">${reasons(trial).map((one) => html`<li key=${one}>${one}</li>`)}</ul>
          <h3>${t("knowledge.try.candidates")}</h3>
          ${trial.candidates.length
            ? html`<ol class="chances" role="list">${trial.candidates.map((one) => html`<${Chance} key=${one.id} value=${one.probability} name=${html`<a href=${`#/knowledge/${one.id}`}><bdi>${one.title}</bdi></a>`} />`)}</ol>`
            : html`<p class="muted">${t("pick.nothing")}</p>`}
          ${trial.aspects.length > 0 && html`<h3>${t("knowledge.try.aspects")}</h3><ol class="chances" role="list">${trial.aspects.map((one) => html`<${Chance} key=${one.aspect} value=${one.probability} name=${one.name} />`)}</ol>`}
        </section>
      </div>`}`;
}
