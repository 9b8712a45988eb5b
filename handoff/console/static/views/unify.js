// @ts-check
// Doubtful duplicates of the old catalogue: two titles side by side, decided on by one key; nothing is joined by itself.
import * as api from "../api.js";
import { reason as said } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Field, Tick, focusSoon } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { cx, html } from "../html.js";
import { dateTime, number, t } from "../i18n.js";
import { go } from "../router.js";
import { settingsOf, toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Difference, Fetching, KnowledgeNav, useFetched } from "./knowledge.js";

/** @typedef {{version: number, verdict: string, reason: string, second_look: boolean, by: {id: string, name: string}, at: string}} Decision */
/** @typedef {{key: string, kind: "joined"|"alike", score: number, title: string, other: string, rows: number, version: number, decision: Decision|null, in_force: boolean, gone?: boolean}} Line `gone`: the catalogue asks it no more; then only titles and decision are known */
/** @typedef {{row: number, title: string, organisation: string, unit: string|null, former: string|null, today: string[], status: string, confidence: number, doubtful: boolean}} Row */
/** @typedef {{title: string, service: {id: string, title: string, described: boolean}, kind: string, rows: Row[]}} Side */
/** @typedef {Line & {note: string|null, matters: string[], figures: boolean, left: Side, right: Side, history: Decision[], may_confirm: boolean}} Question */

const STATES = ["open", "later", "second_look", "decided", "all", "gone"];
const VERDICTS = [["same", "check"], ["variant", "people"], ["different", "ban"], ["later", "clock"]];
/** So many rows of a side stand open; the others are behind a summary. */
const ROWS_SHOWN = 5;

/** @param {string} shown */
const query = (shown) => (shown === "open" ? "" : `?show=${shown}`);
/** @param {string} key @param {string} shown */
const hashOf = (key, shown) => `#/unify/${encodeURIComponent(key)}${query(shown)}`;

/** @param {{id: string|null, params: URLSearchParams}} props `id`: a question; without one the first is shown */
export function UnifyPage({ id, params }) {
  const asked = params.get("show") ?? "open";
  const shown = STATES.includes(asked) ? asked : "open";
  const { got, error, again } = useFetched(`editor/unify?show=${shown}`);
  // What was decided last on this page: one key takes it back.
  const [last, setLast] = useState(/** @type {{key: string, version: number}|null} */ (null));
  /** @type {Line[]} */
  const lines = got?.questions ?? [];
  const key = id ?? lines[0]?.key ?? null;
  const at = lines.findIndex((one) => one.key === key);
  const counts = got?.counts;
  /** @param {Question} question @param {boolean} [stay] */
  const decided = (question, stay = false) => {
    setLast(question.decision ? { key: question.key, version: question.version } : null);
    again();
    if (stay) return;
    const next = lines[at + 1] ?? lines.find((one) => one.key !== question.key);
    go(next && at >= 0 ? hashOf(next.key, shown) : `#/unify${query(shown)}`, true);
    focusSoon("unify-question");
  };
  /** @param {number} step */
  const move = (step) => {
    const to = lines[at + step];
    if (!to) return;
    go(hashOf(to.key, shown), true);
    focusSoon("unify-question");
  };
  const takeBack = async () => {
    if (!last) return;
    try {
      await api.post(`editor/unify/${encodeURIComponent(last.key)}/undo`, { version: last.version });
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      toast("error", said(problem));
      return;
    }
    toast("ok", t("unify.taken_back"));
    setLast(null);
    again();
    go(hashOf(last.key, shown), true);
    focusSoon("unify-question");
  };
  return html`
    <main class="page desk unify" id="main" tabindex="-1">
      <header class="page__head"><h1>${t("knowledge.base")}</h1>
        <div class="page__buttons"><a class="button" href="/console/api/editor/unify/decisions.json" download=""><${Icon} name="download" /><span>${t("unify.export")}</span></a></div></header>
      <${KnowledgeNav} current="unify" />
      <p class="muted">${t("unify.lead")}</p>
      <nav class="segments desk__filter" aria-label=${t("knowledge.filter")}>${STATES.filter((name) => name !== "gone" || shown === "gone" || counts?.gone > 0).map((name) => html`<a key=${name} href=${`#/unify${query(name)}`} aria-current=${shown === name ? "true" : undefined}>${t(`unify.state.${name}`)} <span class="count">${counts?.[name] ?? 0}</span></a>`)}</nav>
      ${counts && html`<p class="unify__progress"><progress max=${counts.all} value=${counts.decided} aria-label=${t("unify.progress_label")}></progress> <span>${t("unify.progress", { done: number(counts.decided), all: number(counts.all) })}</span>
        ${last && html`<${Button} icon="undo" hint="U" onClick=${takeBack}>${t("unify.undo_last")}</>`}</p>`}
      <${Fetching} got=${got} error=${error} again=${again} />
      ${got && !key && html`<p class="muted">${t(shown === "open" ? "unify.none_open" : "unify.none")}</p>`}
      ${got && key && html`<${QuestionView} key=${key} id=${key} place=${at < 0 ? "" : t("unify.place", { number: at + 1, all: lines.length })} decided=${decided} move=${move} takeBack=${takeBack} />`}
      ${lines.length > 1 && html`<details class="unify__list"><summary>${t("unify.list", { count: lines.length })}</summary>
        <ol role="list">${lines.map((one) => html`<li key=${one.key}><a href=${hashOf(one.key, shown)} aria-current=${one.key === key ? "true" : undefined}><bdi>${one.title}</bdi> ↔ <bdi>${one.other}</bdi></a>
          <span class="muted">${!one.gone && t("unify.likeness", { percent: Math.round(one.score * 100) })}${!one.gone && one.decision && " · "}${one.decision && t(`unify.verdict.${one.decision.verdict}`)}</span></li>`)}</ol></details>`}
    </main>`;
}

/** @param {{id: string, place: string, decided: (question: Question, stay?: boolean) => void, move: (step: number) => void, takeBack: () => void}} props */
function QuestionView({ id, place, decided, move, takeBack }) {
  const { got, error: failed, again } = useFetched(`editor/unify/${encodeURIComponent(id)}`);
  const me = useStore((s) => s.me);
  const [why, setWhy] = useState("");
  const [second, setSecond] = useState(false);
  const [wrong, setWrong] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const filled = useRef(false);
  /** @type {Question|null} */
  const question = got;
  useEffect(() => {
    // What was said before is where one goes on from; what is typed is never written over.
    if (question && !filled.current) {
      filled.current = true;
      setWhy(question.decision?.reason ?? "");
      setSecond(Boolean(question.decision?.second_look) && !question.may_confirm);
    }
  }, [question]);
  /** @param {string} verb @param {object} body */
  const send = async (verb, body) => {
    setBusy(true);
    setError("");
    setWrong("");
    try {
      const now = await api.post(`editor/unify/${encodeURIComponent(id)}${verb}`, body);
      setBusy(false);
      return now;
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy(false);
      if (problem.code === "variant_needs_reason") {
        setWrong(said(problem));
        focusSoon("unify-reason");
      } else setError(said(problem));
      // Somebody was faster: the decision is fetched and shown; what is typed stays.
      if (problem.status === 409) again();
      return null;
    }
  };
  /** @param {string} verdict */
  const decide = async (verdict) => {
    if (busy || !question || question.gone) return;
    const now = await send("", { verdict, reason: why.trim(), second_look: second, version: question.version });
    if (!now) return;
    toast("ok", t(`unify.done.${verdict}`));
    decided(now);
  };
  const undo = async () => {
    if (busy || !question?.decision) return;
    const now = await send("/undo", { version: question.version });
    if (!now) return;
    toast("ok", t("unify.taken_back"));
    again();
    decided(now, true);
    focusSoon("unify-question");
  };
  /** Single keys act only while the focus is in here, and not where one types; and they can be turned off (WCAG 2.1.4). @param {KeyboardEvent} event */
  const onKey = (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
    if (me && settingsOf(me).shortcuts === false) return;
    const verdict = VERDICTS[Number(event.key) - 1];
    const code = event.code;
    if (verdict) decide(verdict[0]);
    else if (code === "KeyU") question?.decision ? undo() : takeBack();
    else if (code === "KeyJ") move(1);
    else if (code === "KeyK") move(-1);
    else if (code === "KeyR") focusSoon("unify-reason");
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`
    <section class="unify__one" aria-labelledby="unify-question" onKeyDown=${onKey}>
      <header class="unify__head"><h2 id="unify-question" tabindex="-1">${t("unify.question")}</h2><span class="muted">${place}</span>
        <div class="unify__moves"><${Button} icon="back" hint="K" onClick=${() => move(-1)}>${t("unify.before")}</><${Button} icon="right" hint="J" onClick=${() => move(1)}>${t("unify.after")}</></div></header>
      <${Fetching} got=${got} error=${failed} again=${again} />
      ${question?.gone && html`<p><bdi>${question.title}</bdi> ↔ <bdi>${question.other}</bdi></p><p class="muted">${t("unify.gone")}</p>`}
      ${question && !question.gone && html`
        <div class="unify__sides"><${SideView} side=${question.left} name="left" /><${SideView} side=${question.right} name="right" /></div>
        <div class="box unify__evidence"><h3>${t("unify.evidence")}</h3>
          <p><strong>${question.figures ? t("unify.figures") : t("unify.likeness", { percent: Math.round(question.score * 100) })}</strong> · ${t(`unify.kind.${question.kind}`)}</p>
          <${Difference} before=${question.left.title} after=${question.right.title} lang="lv" />
          ${question.matters.length > 0 && html`<p>${t("unify.matters", { words: question.matters.map((one) => `${one}…`).join(", ") })}</p>`}
          ${question.note && html`<p>${t("unify.note")}: <q lang="en">${question.note}</q></p>`}
        </div>`}
      ${question && html`
        ${question.decision && html`<div class="change unify__decision"><p class="change__head"><span class="chip">${t(`unify.verdict.${question.decision.verdict}`)}</span> <bdi>${question.decision.by.name}</bdi> · <time datetime=${question.decision.at}>${dateTime(question.decision.at)}</time></p>
          ${question.decision.reason && html`<p><bdi>${question.decision.reason}</bdi></p>`}
          ${question.decision.second_look && html`<p><strong>${t(question.may_confirm ? "unify.waits_for_you" : "unify.waits_for_other")}</strong></p>`}
          ${!question.gone && question.decision.verdict !== "later" && !question.decision.second_look && html`<p class="muted">${t(question.in_force ? "unify.in_force" : "unify.next_import")}</p>`}
          <${Button} icon="undo" busy=${busy} onClick=${undo}>${t("unify.undo")}</></div>`}
        ${question.gone && html`<${Alert} text=${error} />`}
        ${!question.gone && html`<form class="unify__form" noValidate onSubmit=${(/** @type {Event} */ e) => e.preventDefault()}>
          <div class="unify__why"><${Field} id="unify-reason" label=${t("unify.reason")} hint=${t("unify.reason_hint")} optional value=${why} onInput=${setWhy} error=${wrong} rows=${2} maxLength="2000" />
          <${Tick} text=${t("unify.second_look")} note=${t("unify.second_look_note")} on=${second} onChange=${setSecond} />
          <${Alert} text=${error} /></div>
          <div class="unify__verdicts">${VERDICTS.map(([verdict, icon], at) => html`<${Button} key=${verdict} icon=${icon} hint=${String(at + 1)} busy=${busy} aria-keyshortcuts=${String(at + 1)} class=${cx("button", question.decision?.verdict === verdict && "unify__chosen")} onClick=${() => decide(verdict)}>${t(`unify.verdict.${verdict}`)}</>`)}</div>
        </form>`}
        ${question.history.length > 1 && html`<details><summary>${t("unify.history", { count: question.history.length })}</summary><ol role="list" class="versions">${question.history.map((one) => html`<li key=${one.version}><p class="change__head"><strong>${t(`unify.verdict.${one.verdict}`)}</strong> <bdi>${one.by.name}</bdi> · <time datetime=${one.at}>${dateTime(one.at)}</time></p>${one.reason && html`<p><bdi>${one.reason}</bdi></p>`}</li>`)}</ol></details>`}`}
    </section>`;
}

/** @param {{side: Side, name: "left"|"right"}} props */
function SideView({ side, name }) {
  const rows = side.rows;
  return html`
    <section class="box unify__side" aria-labelledby=${`unify-${name}`}>
      <p class="muted">${t(`unify.side.${name}`)}</p>
      <h3 id=${`unify-${name}`} lang="lv"><bdi>${side.title}</bdi></h3>
      <p>${t(`unify.service.${name}`)}: ${side.service.described ? html`<a href=${`#/knowledge/${side.service.id}`}><bdi>${side.service.title}</bdi></a>` : html`<bdi>${side.service.title}</bdi>`} <span class="muted">${t(side.service.described ? "unify.described" : "unify.only_catalogue")}</span></p>
      <p class="wording__label">${t("unify.rows", { count: rows.length })}</p>
      <ul role="list" class="unify__rows">${rows.slice(0, ROWS_SHOWN).map((row) => html`<${RowView} key=${row.row} row=${row} title=${side.title} />`)}</ul>
      ${rows.length > ROWS_SHOWN && html`<details><summary>${t("unify.more_rows", { count: rows.length - ROWS_SHOWN })}</summary>
        <ul role="list" class="unify__rows">${rows.slice(ROWS_SHOWN).map((row) => html`<${RowView} key=${row.row} row=${row} title=${side.title} />`)}</ul></details>`}
    </section>`;
}

/** One municipality's variant. @param {{row: Row, title: string}} props */
const RowView = ({ row, title }) => html`
  <li><strong><bdi>${row.today.join(", ") || row.organisation}</bdi></strong> <span class="muted">${t("unify.row", { row: row.row })} · <bdi>${row.organisation}</bdi>${row.unit && html` · <bdi>${row.unit}</bdi>`}</span>
    ${row.title !== title && html`<br /><span lang="lv"><bdi>${row.title}</bdi></span>`}</li>`;
