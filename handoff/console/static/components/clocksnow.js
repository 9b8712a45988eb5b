// @ts-check
// Clocks that run now, by how far they have got, on the board; and the conversations behind each count.
import * as api from "../api.js";
import { cx, html } from "../html.js";
import { clock as clockTime, label, number, t, timeOrDate } from "../i18n.js";
import { usePolled } from "../polling.js";
import { conversationHash } from "../router.js";
import { whenBoard } from "../session.js";
import { useEffect } from "../vendor/hooks.js";
import { Failed, useRows } from "./fetched.js";
import { Icon } from "./icons.js";
import { Pager } from "./pager.js";
import { standing } from "./serviceclock.js";

/** In percent of the promised time. */
const LEVELS = ["0", "50", "80", "100"];
const POLL_MS = 10_000;

/** @param {string} kind @param {string} [level] */
const hash = (kind, level) => `#/board/clocks?${new URLSearchParams(level === undefined ? { kind } : { kind, level })}`;

export function ClocksNow() {
  const polled = usePolled("service_level/now", POLL_MS);
  useEffect(() => whenBoard(() => {
    if (document.visibilityState === "visible") polled.reload();
  }), []);
  const found = polled.data;
  if (!found) return null;
  return html`<section><h2 id="board-clocks">${t("service.now")}</h2>
    ${found.kinds.length === 0 ? html`<p class="muted">${t("service.nothing_runs")}</p>` : html`
    <div class="table-wrap" role="region" aria-labelledby="board-clocks" tabindex="0"><table class="table situation__table" role="table">
      <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${t("service.clock")}</th>${LEVELS.map((one) => html`<th scope="col" role="columnheader" class="num" key=${one}>${t(`service.passed.${one}`)}</th>`)}</tr></thead>
      <tbody role="rowgroup">${found.kinds.map((/** @type {any} */ row) => html`<tr role="row" key=${row.kind}><th scope="row" role="rowheader">${t(`service.kind.${row.kind}`)}</th>
        ${LEVELS.map((one) => html`<td role="cell" class="num" key=${one} data-label=${t(`service.passed.${one}`)}>${row.levels[one]
          ? html`<a class=${cx("figure", one === "100" && "figure--trouble")} href=${hash(row.kind, one)}>${one === "100" && html`<${Icon} name="warn" size=${14} />`}${number(row.levels[one])}<span class="vh"> – ${t(`service.kind.${row.kind}`)}, ${t(`service.passed.${one}`)}</span></a>`
          : html`<span class="muted">${number(0)}</span>`}</td>`)}</tr>`)}</tbody></table></div>`}
  </section>`;
}

/** @param {{params: URLSearchParams}} props */
export function ClockRows({ params }) {
  const kind = params.get("kind") ?? "waiting";
  const level = params.get("level");
  const page = Math.max(1, Number(params.get("page")) || 1);
  const path = `service_level/rows${api.query({ kind, level: level ?? "", page: String(page) })}`;
  const { answer, error, reload } = useRows(path, (got) => t("board.rows_total", { count: got.total }), "clock-rows");
  /** @param {number} at */
  const pageHash = (at) => `${hash(kind, level ?? undefined)}&page=${at}`;
  const columns = ["case", "state", "channel", "institution", "holder"];
  return html`
    <header class="page__head"><h1 id="clock-rows" tabindex="-1">${t(`service.kind.${kind}`)}${level !== null && LEVELS.includes(level) && ` – ${t(`service.passed.${level}`)}`}</h1>
      <a class="button" href="#/board"><${Icon} name="back" /><span>${t("board.back")}</span></a></header>
    ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
    ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${answer && html`<p class="muted">${t("board.rows_total", { count: answer.total })} · ${t("board.at", { time: clockTime(answer.at) })}</p>
      ${answer.total > 0 && html`<div class="table-wrap" role="region" aria-labelledby="clock-rows" tabindex="0"><table class="table situation__table" role="table">
        <thead role="rowgroup"><tr role="row">${columns.map((one) => html`<th scope="col" role="columnheader" key=${one}>${t(`board.column.${one}`)}</th>`)}<th scope="col" role="columnheader">${t("service.since")}</th><th scope="col" role="columnheader">${t("service.clock")}</th></tr></thead>
        <tbody role="rowgroup">${answer.rows.map((/** @type {any} */ row) => html`<tr role="row" key=${row.id}>
          <th scope="row" role="rowheader"><a href=${conversationHash(row.id)}>${t("board.case", { no: String(row.case_no) })}</a></th>
          <td role="cell" data-label=${t("board.column.state")}>${label("state", row.state)}</td>
          <td role="cell" data-label=${t("board.column.channel")}>${label("channel", row.channel)}</td>
          <td role="cell" data-label=${t("board.column.institution")}>${row.institution ?? "–"}${row.service && html`<br /><span class="muted">${row.service}</span>`}</td>
          <td role="cell" data-label=${t("board.column.holder")}>${row.holder ?? "–"}</td>
          <td role="cell" data-label=${t("service.since")}>${timeOrDate(row.clock.started_at)}</td>
          <td role="cell" data-label=${t("service.clock")}>${standing(row.clock, Date.parse(answer.at))}</td></tr>`)}</tbody></table></div>`}
      <${Pager} answer=${answer} hash=${pageHash} />`}`;
}
