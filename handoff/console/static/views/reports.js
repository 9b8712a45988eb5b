// @ts-check
// Reports: figures of a period, their course, what they are made of. Every number opens to its formula and its rows; what is asked lives
// in the address.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Button } from "../components/bits.js";
import { Chart, ticks } from "../components/chart.js";
import { Dialog } from "../components/dialog.js";
import { Failed, useFetched, useRows } from "../components/fetched.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { serverNow } from "../clock.js";
import { cx, html } from "../html.js";
import { calendarDay, duration, label, number, t, timeOrDate } from "../i18n.js";
import { ASKED, change, FILTERS, GROUPS, groupName, IN_TIME, presets, reportHash, rowsHash, shortName, stepName, told, valueOf, written } from "../reports.js";
import { conversationHash, go } from "../router.js";
import { toField } from "../riga.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @typedef {import("../reports.js").Metric} Metric */
/** @typedef {import("../reports.js").Figure} FigureOf */
/**
 * `before`: the same figure of the period before, `past` that period.
 * @typedef {{metric: Metric, figure: FigureOf, before?: FigureOf, past?: {from: string, to: string}, asked: Record<string, string>, of: string, group?: {by: string, id: string}}} Opened
 */

const FAMILIES = ["demand", "assistant", "people", "rating"];
/** In the table of groups; the rest has its tile and its chart. */
const COLUMNS = ["contacts", "contained", "understood", "not_helped", "handed_over", "wait_median", "wait_p95", "handle_median", "begun_in_time", "solved", "rating_mean"];
const SHOWN = 20;
/** Stands in the address for what is not known: an empty value would be left out of it. */
const NOT_KNOWN = "-";
const ROW_COLUMNS = ["no", "opened", "channel", "about", "centre", "wait", "handle", "questions", "outcome", "rating"];

/** @param {{id: string|null, params: URLSearchParams}} props `id`: `rows`, or none for the figures */
export function ReportsPage({ id, params }) {
  const role = useStore((s) => s.me?.role ?? "");
  /** @type {Record<string, string>} */
  const asked = Object.fromEntries(ASKED.map((name) => [name, params.get(name) ?? ""]).filter(([, value]) => value));
  const key = params.toString();
  return html`<main class="page reports" id="main" tabindex="-1">
    ${role === "editor" ? html`<${DemandPage} key=${key} asked=${asked} />`
      : id === "rows" ? html`<${Rows} key=${key} params=${params} asked=${asked} />`
        : html`<${Report} asked=${asked} hash=${key} />`}
  </main>`;
}

const Loading = () => html`<p class="muted" role="status">${t("conversation.loading")}</p>`;

/** A long look says after a second what it is about; of a short one nothing need be said. */
function Counting() {
  const [long, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), 1000);
    return () => clearTimeout(timer);
  }, []);
  return html`<div class="reports__counting" role="status">${long && html`<progress class="bulk__progress" aria-label=${t("reports.counting")}></progress>
    <p class="muted">${t("reports.counting")}</p>`}</div>`;
}

/** What the server is asked: the metric that is drawn is the page's own affair. @param {Record<string, string>} asked */
function callOf(asked) {
  const { trend: _drawn, ...rest } = asked;
  return rest;
}

/** @param {{asked: Record<string, string>, hash: string}} props */
function Report({ asked, hash }) {
  const call = callOf(asked);
  const { answer, error, busy, reload } = useFetched(`reports${api.query(call)}`, (got) => t("reports.said", { count: got.total.contacts.whole }));
  const [opened, setOpened] = useState(/** @type {Opened|null} */ (null));
  const period = answer ? { ...call, from: answer.from, to: answer.to } : call;
  const files = { ...period, by: asked.by || "channel" };
  return html`
    <header class="page__head">
      <h1>${t("reports.title")}</h1>
      <div class="reports__files">
        <a class="button" href=${`${api.BASE}reports.csv${api.query(files)}`} download><${Icon} name="download" /><span>${t("cases.csv")}</span></a>
        <a class="button" href=${`${api.BASE}reports.xlsx${api.query(files)}`} download><${Icon} name="download" /><span>${t("reports.xlsx")}</span></a>
        <${Button} icon="cases" onClick=${() => window.print()}>${t("reports.print")}</>
      </div>
    </header>
    <p class="muted response__lead">${t("reports.lead")}</p>
    <${Chooser} key=${hash} asked=${asked} answer=${answer} onAgain=${reload} />
    ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
    ${busy && html`<${Counting} key=${hash} />`}
    ${answer && html`<div class=${cx("reports__found", busy && "table-wrap--busy")} aria-busy=${busy ? "true" : undefined}>
      <${Found} answer=${answer} asked=${{ ...asked, from: answer.from, to: answer.to }} onOpen=${setOpened} /></div>`}
    ${opened && html`<${Opening} opened=${opened} onClose=${() => setOpened(null)} />`}`;
}

/** @param {{asked: Record<string, string>, answer: any, onAgain: () => void, plain?: boolean}} props `plain`: the period alone */
function Chooser({ asked, answer, onAgain, plain = false }) {
  const [typed, setTyped] = useState(/** @type {Record<string, string>} */ ({}));
  // Without dates in the address the server says which ones it took.
  const form = { ...asked, from: asked.from || answer?.from || "", to: asked.to || answer?.to || "", by: asked.by || "channel", ...typed };
  const badDates = Boolean(form.from && form.to && form.from > form.to);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (badDates) {
      document.getElementById("reports-to")?.focus();
      return;
    }
    const hash = reportHash(form);
    if (hash === location.hash) onAgain();
    else go(hash);
  };
  /** @param {string} name */
  const onInput = (name) => (/** @type {any} */ e) => setTyped({ ...typed, [name]: e.target.value });
  const ready = presets(toField(serverNow()).slice(0, 10));
  return html`
    <form class="filters reports__chooser" role="search" aria-label=${t("reports.chooser")} onSubmit=${submit} noValidate>
      <div class="field"><label for="reports-from">${t("cases.from")}</label><input class="input" type="date" id="reports-from" value=${form.from} onInput=${onInput("from")} /></div>
      <div class="field"><label for="reports-to">${t("cases.to")}</label><input class="input" type="date" id="reports-to" value=${form.to} onInput=${onInput("to")}
        aria-invalid=${badDates ? "true" : undefined} aria-describedby=${badDates ? "reports-to-error" : undefined} />
        ${badDates && html`<p class="field__error" id="reports-to-error">${t("cases.bad_dates")}</p>`}</div>
      ${!plain && html`<div class="field"><label for="reports-by">${t("reports.by")}</label>
        <select class="input" id="reports-by" value=${form.by} onChange=${onInput("by")}>
          ${GROUPS.map((one) => html`<option key=${one} value=${one} selected=${form.by === one}>${t(`reports.by.${one}`)}</option>`)}
        </select></div>`}
      <div class="filters__buttons"><${Button} kind="primary" type="submit" icon="search">${t("cases.show")}</></div>
      <nav class="reports__presets" aria-label=${t("reports.preset")}>
        ${ready.map((one) => html`<a key=${one.id} class="chip" href=${reportHash({ ...asked, from: one.from, to: one.to })} aria-current=${form.from === one.from && form.to === one.to ? "true" : undefined}>${t(`reports.preset.${one.id}`)}</a>`)}
      </nav>
    </form>
    ${answer?.only?.length > 0 && html`<ul class="reports__only" aria-label=${t("reports.only")}>${answer.only.map((/** @type {any} */ one) => {
      const { [one.by]: _gone, ...rest } = asked;
      const name = groupName(one.by, one);
      return html`<li key=${one.by}><span class="chip chip--level2">${t(`reports.by.${one.by}`)}: <bdi>${name}</bdi></span> <a class="icon-button" href=${reportHash(rest)} aria-label=${t("reports.remove_only", { name })}><${Icon} name="close" /></a></li>`;
    })}</ul>`}`;
}

/** @param {{answer: any, asked: Record<string, string>, onOpen: (opened: Opened) => void}} props */
function Found({ answer, asked, onOpen }) {
  if (answer.total.contacts.whole === 0) {
    const { before, total_before } = answer;
    const count = total_before.contacts.whole;
    return html`<div class="empty"><${Icon} name="cases" size=${28} /><p>${t("reports.nothing")}</p>
      ${count > 0 ? html`<p><a href=${reportHash({ ...asked, ...before })}>${t("reports.nothing_but", { count, from: calendarDay(before.from), to: calendarDay(before.to) })}</a></p>`
        : html`<p class="muted">${t("reports.nothing_why")}</p>`}</div>
      ${answer.sees.demand && html`<${Demand} asked=${asked} />`}`;
  }
  /** @type {Record<string, Metric>} */
  const metrics = Object.fromEntries(answer.metrics.map((/** @type {Metric} */ one) => [one.id, one]));
  return html`
    <${Tiles} answer=${answer} asked=${asked} onOpen=${onOpen} />
    <${Course} answer=${answer} asked=${asked} metrics=${metrics} onOpen=${onOpen} />
    <div class="reports__pair">
      <${Reasons} answer=${answer} asked=${asked} />
      <${Ratings} answer=${answer} asked=${asked} metrics=${metrics} onOpen=${onOpen} />
    </div>
    <${Groups} answer=${answer} asked=${asked} metrics=${metrics} onOpen=${onOpen} />
    ${answer.sees.demand && html`<${Demand} asked=${asked} />`}`;
}

/** A figure that opens. @param {{opened: Opened, big?: boolean}& {onOpen: (opened: Opened) => void}} props */
function Figure({ opened, onOpen, big = false }) {
  const text = told(opened.metric, opened.figure);
  const empty = valueOf(opened.metric, opened.figure) === null;
  if (empty) return html`<span class="muted" title=${t("reports.not_told")}>–<span class="vh"> ${t("reports.not_told")}</span></span>`;
  return html`<button type="button" class=${cx("link-button figure", big && "reports__big")} aria-haspopup="dialog" onClick=${() => onOpen(opened)}>${text}<span class="vh"> – ${t(`reports.metric.${opened.metric.id}`)}${opened.of && `, ${opened.of}`}</span></button>`;
}

/** @param {{answer: any, asked: Record<string, string>, onOpen: (opened: Opened) => void}} props */
function Tiles({ answer, asked, onOpen }) {
  /** @param {Metric} metric */
  const tile = (metric) => {
    const [figure, before] = [answer.total[metric.id], answer.total_before[metric.id]];
    const moved = change(metric, figure, before);
    return html`<div class="tile" key=${metric.id}><dt>${t(`reports.metric.${metric.id}`)}</dt>
      <dd><span class="tile__big"><${Figure} big opened=${{ metric, figure, before, past: answer.before, asked, of: "" }} onOpen=${onOpen} /></span>
        ${metric.how === "share" && figure.whole > 0 && html`<span class="tile__below muted">${t("reports.of", { part: figure.part, whole: figure.whole })}</span>`}
        ${metric.how === "mean" && figure.whole > 0 && html`<span class="tile__below muted">${t("reports.of_ratings", { count: figure.whole })}</span>`}
        ${(metric.how === "median" || metric.how === "p95") && figure.whole > 0 && html`<span class="tile__below muted">${t("reports.of_many", { count: figure.whole })}</span>`}
        <span class=${cx("tile__below", moved?.verdict === "better" && "reports__better", moved?.verdict === "worse" && "reports__worse")}>
          ${moved ? html`${moved.verdict === "better" || moved.verdict === "worse" ? html`<${Icon} name=${moved.verdict === "better" ? "check" : "warn"} size=${14} /> ` : ""}${moved.text}${moved.verdict === "better" || moved.verdict === "worse" ? html` <span>(${t(`reports.${moved.verdict}`)})</span>` : ""}` : html`<span class="muted">${t("reports.before_none")}</span>`}</span>
      </dd></div>`;
  };
  return html`<section class="reports__tiles" aria-labelledby="reports-total">
    <h2 id="reports-total">${t("reports.total", { from: calendarDay(answer.from), to: calendarDay(answer.to) })}</h2>
    <p class="muted reports__compared">${t("reports.compared", { from: calendarDay(answer.before.from), to: calendarDay(answer.before.to) })}</p>
    ${FAMILIES.map((family) => html`<div key=${family} class="reports__family"><h3>${t(`reports.family.${family}`)}</h3>
      <dl class="tiles">${answer.metrics.filter((/** @type {Metric} */ one) => one.family === family && !/^rating_\d$/.test(one.id)).map(tile)}</dl></div>`)}
  </section>`;
}

/** How far an axis goes. @param {Metric} metric @param {(number|null)[]} values */
function axisOf(metric, values) {
  const most = Math.max(0, ...values.map((one) => one ?? 0));
  if (metric.how === "mean") return [0, 1, 2, 3, 4, 5];
  if (metric.how === "share") return most > 0.5 || most === 0 ? [0, 0.25, 0.5, 0.75, 1] : ticks(most);
  if (metric.how === "count") return ticks(Math.max(4, most));
  // Minutes and hours are round where tens of seconds are not.
  const unit = most > 7200 ? 3600 : most > 120 ? 60 : 1;
  return ticks(Math.max(1, most / unit)).map((one) => one * unit);
}

/** Every hour and every weekday has its place, also one in which nobody came. @param {string} by @param {any[]} groups @param {Metric[]} metrics */
function everyStep(by, groups, metrics) {
  const ids = by === "hour" ? [...Array(24).keys()].map(String) : by === "weekday" ? ["1", "2", "3", "4", "5", "6", "7"] : null;
  const nothing = Object.fromEntries(metrics.map((one) => [one.id, { part: 0, whole: 0, value: null }]));
  return ids ? ids.map((id) => groups.find((one) => one.id === id) ?? { id, figures: nothing }) : groups;
}

/** @param {{answer: any, asked: Record<string, string>, metrics: Record<string, Metric>, onOpen: (opened: Opened) => void}} props */
function Course({ answer, asked, metrics, onOpen }) {
  const chosen = metrics[asked.trend] ? asked.trend : "contacts";
  const metric = metrics[chosen];
  const name = t(`reports.metric.${chosen}`);
  /**
   * The figure of a step, which opens to its rows. The period before has its own days.
   * @param {string} by @param {any} step @param {string} of @param {Record<string, string>} [days]
   */
  const cell = (by, step, of, days) => html`<${Figure} opened=${{ metric, figure: step.figures[chosen], asked: { ...asked, ...days }, of, group: { by, id: step.id ?? "" } }} onOpen=${onOpen} />`;
  const points = answer.trend.map((/** @type {any} */ one, /** @type {number} */ at) => {
    const before = answer.trend_before[at];
    const label = stepName(answer.along, one.id);
    const beforeLabel = before ? (answer.along === "day" ? calendarDay(before.id) : stepName(answer.along, before.id)) : "";
    return {
      label,
      short: shortName(answer.along, one.id),
      value: valueOf(metric, one.figures[chosen]),
      cell: cell(answer.along, one, label),
      before: before ? valueOf(metric, before.figures[chosen]) : null,
      beforeCell: before && cell(answer.along, before, beforeLabel, answer.before),
      beforeLabel,
    };
  });
  const axis = axisOf(metric, points.flatMap((/** @type {any} */ one) => [one.value, one.before]));
  const columns = everyStep(answer.by, answer.groups, answer.metrics).map((/** @type {any} */ one) => ({ label: groupName(answer.by, one), short: shortName(answer.by, one.id), value: valueOf(metric, one.figures[chosen]), cell: cell(answer.by, one, groupName(answer.by, one)) }));
  const period = { name, from: calendarDay(answer.from), to: calendarDay(answer.to) };
  const tell = (/** @type {number|null} */ value) => written(metric, value);
  return html`<section class="box reports__course" aria-labelledby="reports-course">
    <div class="situation__head"><h2 id="reports-course">${t("reports.trend")}</h2>
      <div class="field"><label for="reports-trend">${t("reports.trend_of")}</label>
        <select class="input" id="reports-trend" value=${chosen} onChange=${(/** @type {any} */ e) => go(reportHash({ ...asked, trend: e.target.value }), true)}>
          ${answer.metrics.map((/** @type {Metric} */ one) => html`<option key=${one.id} value=${one.id} selected=${one.id === chosen}>${t(`reports.metric.${one.id}`)}</option>`)}
        </select></div></div>
    <${Chart} key=${`line-${chosen}`} kind="line" name=${name} points=${points} axis=${axis} tell=${tell} label=${t("reports.chart", period)} />
    ${IN_TIME.includes(answer.by) && answer.by !== answer.along && columns.length > 1 && html`<h3>${t("reports.groups", { name: t(`reports.by.${answer.by}`) })}</h3>
      <${Chart} key=${`columns-${chosen}`} kind="columns" name=${name} points=${columns} axis=${axisOf(metric, columns.map((/** @type {any} */ one) => one.value))} tell=${tell} label=${t("reports.chart", period)} />`}
  </section>`;
}

/** A bar for the eye; the number beside it says the same. @param {{part: number, whole: number}} props */
const Bar = ({ part, whole }) => html`<svg class="reports__bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="share-bar__all" width="100" height="10" /><rect class="chart__column" width=${whole ? (100 * part) / whole : 0} height="10" /></svg>`;

/** @param {{answer: any, asked: Record<string, string>}} props */
function Reasons({ answer, asked }) {
  const most = Math.max(0, ...answer.reasons.map((/** @type {any} */ one) => one.count));
  return html`<section class="box" aria-labelledby="reports-reasons"><h2 id="reports-reasons">${t("reports.reasons")}</h2>
    ${answer.reasons.length === 0 ? html`<p class="muted">${t("reports.nothing")}</p>` : html`<ul class="reports__bars">${answer.reasons.map((/** @type {any} */ one) => html`<li key=${one.id ?? ""}>
      <span>${groupName("reason", one)}</span><${Bar} part=${one.count} whole=${most} />
      <a class="figure" href=${`${rowsHash({ ...asked, metric: "handed_over", which: "part", by: "reason", group: one.id ?? NOT_KNOWN })}`}>${number(one.count)}<span class="vh"> – ${groupName("reason", one)}</span></a></li>`)}</ul>`}
  </section>`;
}

/** @param {{answer: any, asked: Record<string, string>, metrics: Record<string, Metric>, onOpen: (opened: Opened) => void}} props */
function Ratings({ answer, asked, metrics, onOpen }) {
  const stars = [5, 4, 3, 2, 1].map((one) => `rating_${one}`);
  const most = Math.max(0, ...stars.map((one) => answer.total[one].part));
  return html`<section class="box" aria-labelledby="reports-ratings"><h2 id="reports-ratings">${t("reports.ratings")}</h2>
    ${most === 0 ? html`<p class="muted">${t("reports.nothing")}</p>` : html`<ul class="reports__bars">${stars.map((one) => html`<li key=${one}>
      <span>${t(`reports.metric.${one}`)}</span><${Bar} part=${answer.total[one].part} whole=${most} />
      <${Figure} opened=${{ metric: metrics[one], figure: answer.total[one], before: answer.total_before[one], past: answer.before, asked, of: "" }} onOpen=${onOpen} /></li>`)}</ul>`}
  </section>`;
}

/** @param {{answer: any, asked: Record<string, string>, metrics: Record<string, Metric>, onOpen: (opened: Opened) => void}} props */
function Groups({ answer, asked, metrics, onOpen }) {
  const [all, setAll] = useState(false);
  const { by, groups } = answer;
  const shown = all ? groups : groups.slice(0, SHOWN);
  const most = Math.max(0, ...groups.map((/** @type {any} */ one) => one.figures.contacts.part));
  if (!groups.length) return null;
  return html`<section class="reports__groups"><h2 id="reports-groups">${t("reports.groups", { name: t(`reports.by.${by}`) })}</h2>
    <div class="table-wrap" role="region" aria-labelledby="reports-groups" tabindex="0"><table class="table situation__table reports__table" role="table">
      <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${t(`reports.by.${by}`)}</th>
        ${COLUMNS.map((one) => html`<th key=${one} scope="col" role="columnheader" class="num">${t(`reports.metric.${one}`)}</th>`)}</tr></thead>
      <tbody role="rowgroup">${shown.map((/** @type {any} */ group) => {
        const name = groupName(by, group);
        return html`<tr role="row" key=${group.id ?? ""}>
          <th scope="row" role="rowheader">${FILTERS.includes(by) && group.id !== null && !asked[by] ? html`<a href=${reportHash({ ...asked, [by]: group.id })}><span class="vh">${t("reports.only")}: </span><bdi>${name}</bdi></a>` : html`<bdi>${name}</bdi>`}
            <${Bar} part=${group.figures.contacts.part} whole=${most} /></th>
          ${COLUMNS.map((one) => html`<td key=${one} role="cell" class="num" data-label=${t(`reports.metric.${one}`)}><${Figure} opened=${{ metric: metrics[one], figure: group.figures[one], asked, of: name, group: { by, id: group.id ?? "" } }} onOpen=${onOpen} /></td>`)}</tr>`;
      })}</tbody></table></div>
    ${!all && groups.length > SHOWN && html`<${Button} icon="down" onClick=${() => setAll(true)}>${t("reports.show_all", { count: groups.length })}</>`}
  </section>`;
}

/** What stands behind a figure: its formula, its numbers, and the ways to its rows. @param {{opened: Opened, onClose: () => void}} props */
function Opening({ opened, onClose }) {
  const { metric, figure, before, past, asked, of, group } = opened;
  /** @param {string} which @param {Record<string, string>} [days] */
  const to = (which, days) => rowsHash({ ...asked, ...days, metric: metric.id, which, ...(group ? { by: group.by, group: group.id || NOT_KNOWN } : {}) });
  const name = t(`reports.metric.${metric.id}`);
  /** @param {string} which @param {string} [text] */
  const link = (which, text) => html`<li><a class="button" href=${to(which)} onClick=${onClose}><${Icon} name="right" /><span>${t(`reports.rows_${which}`)}${text && html` (${text})`}</span></a></li>`;
  const shares = metric.how === "share" && metric.unit === "contacts";
  return html`<${Dialog} title=${of ? `${name} – ${of}` : name} onClose=${onClose}>
    <p class="reports__value">${told(metric, figure)}${metric.how === "share" && html` <span class="muted">${t("reports.of", { part: figure.part ?? 0, whole: figure.whole })}</span>`}${metric.how === "mean" && html` <span class="muted">${t("reports.of_ratings", { count: figure.whole })}</span>`}${(metric.how === "median" || metric.how === "p95") && html` <span class="muted">${t("reports.of_many", { count: figure.whole })}</span>`}</p>
    ${before && html`<p class="muted">${past && valueOf(metric, before) !== null ? html`<a href=${to(metric.how === "share" ? "whole" : "part", past)} onClick=${onClose}>${t("reports.before", { value: told(metric, before) })}</a>` : t("reports.before", { value: told(metric, before) })}${before.whole > 0 && metric.how === "share" && html` (${t("reports.of", { part: before.part ?? 0, whole: before.whole })})`}</p>`}
    <h3>${t("reports.how")}</h3>
    <p>${t(`reports.formula.${metric.id}`)}</p>
    <ul class="reports__ways">
      ${metric.how === "share" ? html`${link("part", shares ? number(figure.part ?? 0) : "")}${link("rest", shares ? number(figure.whole - (figure.part ?? 0)) : "")}${link("whole", shares ? number(figure.whole) : "")}` : link("part", number(figure.whole))}
    </ul>
  </>`;
}

// --- the rows behind a figure ----------------------------------------------------------------------------------------

/** @param {{params: URLSearchParams, asked: Record<string, string>}} props */
function Rows({ params, asked }) {
  const metric = params.get("metric") ?? "contacts";
  const which = params.get("which") ?? "part";
  const page = Math.max(1, Number(params.get("page")) || 1);
  const group = params.get("group") ?? "";
  const by = group ? asked.by : "";
  const known = group === NOT_KNOWN ? "" : group;
  const call = { ...callOf(asked), by, metric, which };
  const grouped = by ? `&group=${encodeURIComponent(known)}` : "";
  const path = `reports/rows${api.query({ ...call, page })}${grouped}`;
  const { answer, error, reload } = useRows(path, (got) => t("reports.rows_total", { count: got.total }), "reports-rows");
  /** @param {number} at */
  const hash = (at) => `#/reports/rows?${new URLSearchParams({ ...Object.fromEntries(params), page: String(at) })}`;
  const file = `${api.BASE}reports/rows.csv${api.query(call)}${grouped}`;
  return html`
    <header class="page__head"><h1 id="reports-rows" tabindex="-1">${t(`reports.metric.${metric}`)} – ${t(`reports.rows_which.${which}`)}</h1>
      <div class="reports__files"><a class="button" href=${file} download><${Icon} name="download" /><span>${t("cases.csv")}</span></a>
      <a class="button" href=${reportHash(asked)}><${Icon} name="back" /><span>${t("reports.rows_back")}</span></a></div></header>
    <p class="muted">${t(`reports.formula.${metric}`)}</p>
    ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
    ${!answer && !error && html`<${Loading} />`}
    ${answer && html`<p>${t("reports.rows_total", { count: answer.total })}${by && html` · ${t(`reports.by.${by}`)}: <bdi>${groupName(by, { id: known || null, name: answer.rows[0]?.[by] })}</bdi>`}</p>
      ${answer.total > 0 && html`<div class="table-wrap" role="region" aria-labelledby="reports-rows" tabindex="0"><table class="table situation__table" role="table">
        <thead role="rowgroup"><tr role="row">${ROW_COLUMNS.map((one) => html`<th key=${one} scope="col" role="columnheader">${t(`reports.column.${one}`)}</th>`)}</tr></thead>
        <tbody role="rowgroup">${answer.rows.map((/** @type {any} */ row) => html`<tr role="row" key=${row.no}>
          <th scope="row" role="rowheader">${row.conversation_id ? html`<a href=${row.closed_at ? `#/cases/${row.no}` : conversationHash(row.conversation_id)}>${t("board.case", { no: String(row.no) })}</a>` : t("board.case", { no: String(row.no) })}</th>
          <td role="cell" data-label=${t("reports.column.opened")}>${timeOrDate(row.opened_at)}</td>
          <td role="cell" data-label=${t("reports.column.channel")}>${label("channel", row.channel)}, ${label("language", row.language)}</td>
          <td role="cell" data-label=${t("reports.column.about")}>${row.service ?? row.institution ?? "–"}${row.service && row.institution && html`<br /><span class="muted">${row.institution}</span>`}</td>
          <td role="cell" data-label=${t("reports.column.centre")}>${row.centre ?? "–"}</td>
          <td role="cell" class="num" data-label=${t("reports.column.wait")}>${row.wait_s === null ? "–" : duration(row.wait_s)}</td>
          <td role="cell" class="num" data-label=${t("reports.column.handle")}>${row.handle_s === null ? "–" : duration(row.handle_s)}</td>
          <td role="cell" class="num" data-label=${t("reports.column.questions")}>${number(row.typed)}, ${number(row.not_understood)}</td>
          <td role="cell" data-label=${t("reports.column.outcome")}>${row.outcome ? label("outcome", row.outcome) : "–"}${row.reason && html`<br /><span class="muted">${label("reason", row.reason)}</span>`}</td>
          <td role="cell" class="num" data-label=${t("reports.column.rating")}>${row.rating ?? "–"}</td></tr>`)}</tbody></table></div>`}
      <${Pager} answer=${answer} hash=${hash} />`}`;
}

// --- what was asked in vain ------------------------------------------------------------------------------------------

/** Whoever edits the knowledge base sees what was asked in vain, and no figures. @param {{asked: Record<string, string>}} props */
function DemandPage({ asked }) {
  return html`<header class="page__head"><h1>${t("reports.title")}</h1></header>
    <p class="muted response__lead">${t("reports.lead_demand")}</p>
    <${Chooser} plain asked=${asked} answer=${null} onAgain=${() => {}} />
    <${Demand} asked=${asked} />`;
}

/** @param {{asked: Record<string, string>}} props */
function Demand({ asked }) {
  const { answer, error, reload } = useFetched(`reports/demand${api.query({ from: asked.from, to: asked.to })}`, (got) => t("reports.demand_total", { count: got.total }));
  const most = Math.max(0, ...(answer?.groups ?? []).map((/** @type {any} */ one) => one.count));
  return html`<section class="box" aria-labelledby="reports-demand"><h2 id="reports-demand">${t("reports.demand")}</h2>
    ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
    ${!answer && !error && html`<${Loading} />`}
    ${answer && html`<p class="muted">${t("reports.demand_lead", { days: answer.kept_days })}</p>
      ${answer.groups.length === 0 ? html`<p>${t("reports.demand_none")}</p>` : html`<p>${t("reports.demand_total", { count: answer.total })}</p>
      <ol class="reports__demand">${answer.groups.map((/** @type {any} */ one) => html`<li key=${one.id}>
        <div class="reports__times"><strong>${t("reports.times", { count: one.count })}</strong><${Bar} part=${one.count} whole=${most} /></div>
        <div><ul>${one.texts.map((/** @type {string} */ text) => html`<li key=${text} lang=${one.lang}>${text}</li>`)}</ul>
        <p class="muted">${label("language", one.lang)} · ${Object.entries(one.why).map(([why, count]) => `${t(`life.why.${why}`)}: ${number(/** @type {number} */ (count))}`).join(" · ")} · <a href=${`#/life/${one.id}`}>${t("reports.demand_open")}</a></p></div></li>`)}</ol>`}`}
  </section>`;
}
