// @ts-check
// How soon comments are answered: figures in total and by account, and the rows behind each. Filters live in the address.
import * as api from "../api.js";
import { Button } from "../components/bits.js";
import { Failed, useFetched } from "../components/fetched.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { cx, html } from "../html.js";
import { byName, calendarDay, dateTime, duration, label, number, share, t, time } from "../i18n.js";
import { conversationHash, go } from "../router.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @typedef {{id: string, name: string, channel: string, owner: string}} Account */
/** @typedef {Record<string, number> & {share: {in_time: number, counted: number}|null, met: boolean|null, working: Times, plain: Times}} Figures */
/** @typedef {{median_s: number|null, p95_s: number|null}} Times */

const FILTERS = ["from", "to", "channel", "account", "institution"];
/** The figures of the table, in its order; the share and the times stand before and after them. */
const COLUMNS = ["placed", "in_time", "late", "open_in_time", "open_late", "closed_unanswered", "withdrawn"];
const BY = ["assistant", "operator", "outside"];
/** Of these the share is less than it could be: worth a look when there are any. */
const TROUBLE = new Set(["late", "open_late", "closed_unanswered"]);
/** A webhook within a minute is on time. */
const LATE_MS = 60_000;

/** @param {{id: string|null, params: URLSearchParams}} props `id`: `rows`, or none for the figures */
export function ResponseTimes({ id, params }) {
  const key = params.toString();
  /** @type {Record<string, string>} */
  const asked = Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? ""]));
  return html`
    <main class="page response" id="main" tabindex="-1">
      ${id === "rows" ? html`<${Rows} asked=${asked} params=${params} key=${key} />` : html`<${Report} asked=${asked} hash=${key} />`}
    </main>`;
}

// --- figures ---------------------------------------------------------------------------------------------------------

/** @param {{asked: Record<string, string>, hash: string}} props */
function Report({ asked, hash }) {
  const { answer, error, busy, reload } = useFetched(`response_times${api.query(asked)}`, (got) => saidOf(got.total, got.target.percent));
  const [choices, setChoices] = useState({ accounts: /** @type {Account[]} */ ([]), institutions: /** @type {{id: string, name: string}[]} */ ([]) });
  useEffect(() => {
    if (answer) setChoices(answer.choices);
  }, [answer]);
  const period = { ...asked, from: answer?.from ?? asked.from, to: answer?.to ?? asked.to };
  return html`
    <header class="page__head">
      <h1>${t("response.title")}</h1>
      <a class="button" href=${api.responseTimesCsvUrl(period)} download><${Icon} name="download" /><span>${t("cases.csv")}</span></a>
    </header>
    <p class="muted response__lead">${t("response.lead")}</p>
    <${Filters} key=${hash} asked=${asked} answer=${answer} choices=${choices} onAgain=${reload} />
    ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
    ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${answer && (answer.total.placed === 0
      ? html`<p class="empty"><${Icon} name="clock" size=${28} />${t("response.nothing", { from: calendarDay(answer.from), to: calendarDay(answer.to) })}</p>`
      : html`
        <${Total} answer=${answer} period=${period} busy=${busy} />
        <${ByAccount} answer=${answer} period=${period} busy=${busy} />`)}`;
}

/** @param {{asked: Record<string, string>, answer: any, choices: {accounts: Account[], institutions: {id: string, name: string}[]}, onAgain: () => void}} props */
function Filters({ asked, answer, choices, onAgain }) {
  const [typed, setTyped] = useState(/** @type {Record<string, string>} */ ({}));
  // Without dates in the address the server says which ones it took.
  const form = { ...asked, from: asked.from || answer?.from || "", to: asked.to || answer?.to || "", ...typed };
  const badDates = Boolean(form.from && form.to && form.from > form.to);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (badDates) {
      document.getElementById("rt-to")?.focus();
      return;
    }
    const hash = `#/response-times${api.query(form)}`;
    if (hash === location.hash) onAgain();
    else go(hash);
  };
  /** @param {string} name */
  const onInput = (name) => (/** @type {any} */ e) => setTyped({ ...typed, [name]: e.target.value });
  /** @param {string} name @param {{id: string, name: string}[]} options */
  const select = (name, options) => html`
    <div class="field"><label for=${`rt-${name}`}>${t(`response.filter.${name}`)}</label>
      <select class="input" id=${`rt-${name}`} value=${form[name]} onChange=${onInput(name)}>
        <option value="" selected=${!form[name]}>${t("cases.any")}</option>
        ${options.map((one) => html`<option key=${one.id} value=${one.id} selected=${form[name] === one.id}>${one.name}</option>`)}
      </select></div>`;
  const channels = [...new Set(choices.accounts.map((one) => one.channel))];
  return html`
    <form class="filters" role="search" aria-label=${t("response.filters")} onSubmit=${submit} noValidate>
      <div class="field"><label for="rt-from">${t("cases.from")}</label><input class="input" type="date" id="rt-from" value=${form.from} onInput=${onInput("from")} /></div>
      <div class="field"><label for="rt-to">${t("cases.to")}</label><input class="input" type="date" id="rt-to" value=${form.to} onInput=${onInput("to")}
        aria-invalid=${badDates ? "true" : undefined} aria-describedby=${badDates ? "rt-to-error" : undefined} />
        ${badDates && html`<p class="field__error" id="rt-to-error">${t("cases.bad_dates")}</p>`}</div>
      ${select("channel", channels.map((id) => ({ id, name: label("channel", id) })))}
      ${select("account", byName(choices.accounts.map((one) => ({ id: one.id, name: `${one.name} (${label("channel", one.channel)})` }))))}
      ${select("institution", byName(choices.institutions))}
      <div class="filters__buttons">
        <${Button} kind="primary" type="submit" icon="search">${t("cases.show")}</>
        ${FILTERS.some((name) => asked[name]) && html`<a class="button" href="#/response-times">${t("cases.clear")}</a>`}
      </div>
    </form>`;
}

/** The outcome in one sentence. @param {Figures} figures @param {number} percent */
const saidOf = (figures, percent) =>
  figures.share === null ? t("response.nothing_judged") : t(figures.met ? "response.said_met" : "response.said_missed", { share: share(figures.share.in_time, figures.share.counted), target: percent });

/** @param {string} figure @param {Record<string, string>} period */
const rowsHash = (figure, period) => `#/response-times/rows${api.query({ ...period, figure })}`;

/**
 * A figure that leads to its rows; nought leads nowhere. The link's name says what it counts, so that it can be found among others.
 * @param {{figure: string, count: number, period: Record<string, string>, of?: string, text?: any}} props
 */
function Figure({ figure, count, period, of = "", text }) {
  const shown = text ?? number(count);
  if (!count) return html`<span class="muted">${shown}</span>`;
  return html`<a class=${cx("figure", TROUBLE.has(figure) && "figure--trouble")} href=${rowsHash(figure, period)}>${shown}<span class="vh"> – ${t(`response.figure.${figure}`)}${of && `, ${of}`}</span></a>`;
}

/** The share once more for the eye, with a mark where the target is; the text beside it says the same. @param {{figures: Figures, percent: number}} props */
function Bar({ figures, percent }) {
  if (!figures.share) return null;
  const width = (100 * figures.share.in_time) / figures.share.counted;
  return html`<svg class=${cx("share-bar", figures.met ? "share-bar--met" : "share-bar--missed")} viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
    <rect class="share-bar__all" width="100" height="10" /><rect class="share-bar__part" width=${width} height="10" />
    <line class="share-bar__target" x1=${percent} x2=${percent} y1="0" y2="10" /></svg>`;
}

/** Whether the target is met, in words and with a sign. @param {{figures: Figures}} props */
const Met = ({ figures }) => html`<span class=${cx("chip met", figures.met === true && "met--yes", figures.met === false && "met--no")}>
  ${figures.met !== null && html`<${Icon} name=${figures.met ? "check" : "warn"} size=${14} />`}
  ${t(figures.met === null ? "response.not_judged" : figures.met ? "response.met" : "response.missed")}</span>`;

/** @param {{answer: any, period: Record<string, string>, busy: boolean}} props */
function Total({ answer, period, busy }) {
  /** @type {Figures} */
  const total = answer.total;
  const { percent } = answer.target;
  /** @param {string} figure @param {any} [more] */
  const fact = (figure, more) => html`<div><dt>${t(`response.figure.${figure}`)}</dt><dd><${Figure} figure=${figure} count=${total[figure]} period=${period} />${more}</dd></div>`;
  return html`
    <section class=${cx("box response__total", busy && "table-wrap--busy")} aria-labelledby="rt-total" aria-busy=${busy ? "true" : undefined}>
      <h2 id="rt-total">${t("response.total", { from: calendarDay(answer.from), to: calendarDay(answer.to) })}</h2>
      <div class="response__share">
        <p class="response__percent">${total.share ? share(total.share.in_time, total.share.counted) : "–"}</p>
        <p class="response__of">${total.share ? t("response.share_of", { in_time: total.share.in_time, count: total.share.counted }) : t("response.nothing_judged")}</p>
        <${Met} figures=${total} />
        <${Bar} figures=${total} percent=${percent} />
        <p class="muted response__target">${t("response.target", { target: percent })}</p>
      </div>
      <div class="response__facts">
        <div><h3>${t("response.part.judged")}</h3><dl class="facts">${["in_time", "late", "open_late", "closed_unanswered"].map((one) => fact(one))}</dl></div>
        <div><h3>${t("response.part.rest")}</h3><dl class="facts">${fact("placed")}${fact("open_in_time")}
          ${fact("withdrawn", total.withdrawn_late > 0 && html`<br /><${Figure} figure="withdrawn_late" count=${total.withdrawn_late} period=${period} text=${t("response.of_them_late", { count: total.withdrawn_late })} />`)}</dl></div>
        <div><h3>${t("response.part.by")}</h3><dl class="facts">${BY.map((by) => fact(`by_${by}`))}</dl></div>
        <div><h3>${t("response.part.times")}</h3><dl class="facts response__times">
          <div><dt>${t("response.median")}</dt><dd><${Lengths} working=${total.working.median_s} plain=${total.plain.median_s} period=${period} /></dd></div>
          <div><dt>${t("response.p95")}</dt><dd><${Lengths} working=${total.working.p95_s} plain=${total.plain.p95_s} period=${period} /></dd></div>
        </dl></div>
      </div>
      <p class="muted response__at">${t("response.at", { time: time(answer.at) })}</p>
    </section>`;
}

/** Working time first: that is what was promised. @param {{working: number|null, plain: number|null, period: Record<string, string>, of?: string, word?: string}} props */
function Lengths({ working, plain, period, of = "", word = "response.plain" }) {
  if (working === null) return html`<span class="muted">–</span>`;
  return html`<${Figure} figure="answered" count=${1} period=${period} of=${of} text=${duration(working)} />
    <br /><span class="muted">${t(word, { time: duration(plain) })}</span>`;
}

/** @param {{answer: any, period: Record<string, string>, busy: boolean}} props */
function ByAccount({ answer, period, busy }) {
  const { percent } = answer.target;
  /** @param {string} column @param {any} content @param {boolean} [num] */
  const cell = (column, content, num = true) => html`<td role="cell" class=${num ? "num" : ""} data-label=${t(`response.column.${column}`)}>${content}</td>`;
  return html`
    <h2 class="response__by-account" id="rt-by-account">${t("response.by_account")}</h2>
    <div class=${cx("table-wrap", busy && "table-wrap--busy")} role="region" aria-labelledby="rt-by-account" aria-busy=${busy ? "true" : undefined} tabindex="0">
      <table class="table response__table" role="table" aria-labelledby="rt-by-account">
        <thead role="rowgroup"><tr role="row">
          <th scope="col" role="columnheader">${t("response.column.account")}</th><th scope="col" role="columnheader">${t("response.column.share")}</th>
          ${[...COLUMNS, "by", "median", "p95"].map((column) => html`<th scope="col" role="columnheader" class=${column === "by" ? "" : "num"}>${t(`response.column.${column}`)}</th>`)}
        </tr></thead>
        <tbody role="rowgroup">${answer.accounts.map((/** @type {Figures & {account: Account}} */ row) => {
          const one = row.account;
          const own = { ...period, account: one.id };
          /** @param {string} figure */
          const figure = (figure) => html`<${Figure} figure=${figure} count=${row[figure]} period=${own} of=${one.name} />`;
          return html`<tr role="row" key=${one.id}>
            <th scope="row" role="rowheader" data-label=${t("response.column.account")}><bdi>${one.name}</bdi><br /><span class="muted response__owner">${label("channel", one.channel)} · <bdi>${one.owner}</bdi></span></th>
            ${cell("share", html`<div class="response__cell"><strong>${row.share ? share(row.share.in_time, row.share.counted) : "–"}</strong> <${Met} figures=${row} /><${Bar} figures=${row} percent=${percent} /></div>`, false)}
            ${COLUMNS.map((column) => cell(column, column === "withdrawn" && row.withdrawn_late > 0
              ? html`<div>${figure("withdrawn")}<br /><span class="response__small"><${Figure} figure="withdrawn_late" count=${row.withdrawn_late} period=${own} of=${one.name} text=${t("response.of_them_late", { count: row.withdrawn_late })} /></span></div>`
              : figure(column)))}
            ${cell("by", html`<ul class="response__by">${BY.map((by) => html`<li key=${by}>${t(`response.by.${by}`)}: ${figure(`by_${by}`)}</li>`)}</ul>`, false)}
            ${cell("median", html`<div><${Lengths} working=${row.working.median_s} plain=${row.plain.median_s} period=${own} of=${one.name} word="response.plain_short" /></div>`)}
            ${cell("p95", html`<div><${Lengths} working=${row.working.p95_s} plain=${row.plain.p95_s} period=${own} of=${one.name} word="response.plain_short" /></div>`)}
          </tr>`;
        })}</tbody>
      </table>
    </div>`;
}

// --- rows ------------------------------------------------------------------------------------------------------------

const ROW_COLUMNS = ["case_no", "account", "written_at", "due_at", "answered_at", "working_s", "plain_s", "by", "state"];

/** @param {{asked: Record<string, string>, params: URLSearchParams}} props */
function Rows({ asked, params }) {
  const figure = params.get("figure") || "placed";
  const page = Math.max(1, Number(params.get("page")) || 1);
  const { answer, error, busy, reload } = useFetched(`response_times/rows${api.query({ ...asked, figure, page })}`, (got) => t("response.rows_total", { count: got.total }));
  /** @param {number} at */
  const hash = (at) => `#/response-times/rows${api.query({ ...asked, figure, page: at > 1 ? at : "" })}`;
  const account = asked.account ? answer?.rows[0]?.account.name : null;
  const period = [asked.from && calendarDay(asked.from), asked.to && calendarDay(asked.to)].filter(Boolean).join(" – ");
  useEffect(() => {
    // One comes here by a link of the table: what was pressed is gone, the heading is where reading goes on.
    document.getElementById("rt-rows")?.focus();
  }, []);
  return html`
    <header class="page__head">
      <a class="icon-button" href=${`#/response-times${api.query(asked)}`} aria-label=${t("response.back")}><${Icon} name="back" /></a>
      <h1 id="rt-rows" tabindex="-1">${t("response.rows_title", { figure: label("response.figure", figure) })}</h1>
      <a class="button" href=${api.responseTimesCsvUrl({ ...asked, figure })} download><${Icon} name="download" /><span>${t("cases.csv")}</span></a>
    </header>
    <p class="muted">${[period, account, answer && t("response.rows_total", { count: answer.total })].filter(Boolean).join(" · ")}</p>
    ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
    ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${answer && html`
      <div class=${cx("table-wrap", busy && "table-wrap--busy")} role="region" aria-labelledby="rt-rows" aria-busy=${busy ? "true" : undefined} tabindex="0">
        <table class="table" role="table" aria-labelledby="rt-rows">
          <thead role="rowgroup"><tr role="row">${ROW_COLUMNS.map((column) => html`<th scope="col" role="columnheader" class=${/_s$/.test(column) ? "num" : ""}>${t(`response.row.${column}`)}</th>`)}</tr></thead>
          <tbody role="rowgroup">${answer.rows.map((/** @type {any} */ row) => html`<${Row} key=${row.conversation_id} row=${row} />`)}</tbody>
        </table>
        ${answer.rows.length === 0 && html`<p class="empty"><${Icon} name="search" size=${28} />${t("response.no_rows")}</p>`}
      </div>
      <${Pager} answer=${answer} hash=${hash} />`}`;
}

/** Roles are written out because on a phone the cells are laid out as blocks. @param {{row: any}} props */
function Row({ row }) {
  /** @param {string} column @param {any} content */
  const cell = (column, content) => html`<td role="cell" class=${/_s$/.test(column) ? "num" : ""} data-label=${t(`response.row.${column}`)}>${content ?? html`<span class="muted">–</span>`}</td>`;
  const cameLate = Date.parse(row.received_at) - Date.parse(row.written_at) >= LATE_MS;
  const note = row.state === "withdrawn" ? t("response.withdrawn_at", { time: dateTime(row.withdrawn_at) }) : row.state === "closed_unanswered" ? label("outcome", row.outcome) : "";
  return html`<tr role="row">
    <th scope="row" role="rowheader" data-label=${t("response.row.case_no")}><a href=${conversationHash(row.conversation_id)}>${row.case_no}<span class="vh"> – ${t("case.conversation")}</span></a></th>
    ${cell("account", html`<span><bdi>${row.account.name}</bdi> <span class="muted">${label("channel", row.account.channel)}</span></span>`)}
    ${cell("written_at", html`<span>${dateTime(row.written_at)}${cameLate && html`<br /><span class="response__came-late"><${Icon} name="info" size=${14} /> ${t("response.received_at", { time: dateTime(row.received_at) })}</span>`}</span>`)}
    ${cell("due_at", dateTime(row.due_at))}
    ${cell("answered_at", row.answered_at && dateTime(row.answered_at))}
    ${cell("working_s", row.working_s === null ? null : duration(row.working_s))}
    ${cell("plain_s", row.plain_s === null ? null : duration(row.plain_s))}
    ${cell("by", row.by && t(`response.by.${row.by}`))}
    ${cell("state", html`<span><span class=${cx("chip", `response-state--${row.state}`)}>${t(`response.state.${row.state}`)}</span>${note && html`<br /><span class="muted">${note}</span>`}</span>`)}
  </tr>`;
}
