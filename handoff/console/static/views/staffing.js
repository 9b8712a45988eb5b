// @ts-check
// How far agreed workplaces were staffed in a month, by centre, hour and day, down to the minutes; and the agreements.
import { told } from "../actions.js";
import * as api from "../api.js";
import { announce } from "../attention.js";
import { AgreementForm, Agreements, monthFrom, weekday } from "../components/agreements.js";
import { Alert, Button } from "../components/bits.js";
import { Icon } from "../components/icons.js";
import { html } from "../html.js";
import { calendarDay, dateTime, euros, label, lang, monthName, number, share, t, time } from "../i18n.js";
import { toField } from "../riga.js";
import { serverNow } from "../clock.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @typedef {{agreed: number, filled: number, unrecorded: number}} Sum */
/** @typedef {Sum & {centre: {id: string, name: string}, base: string, due: string|null, parts: any[], cells: (Sum & {weekday: number, hour: number})[], days: (Sum & {day: string})[]}} Figure */

const thisMonth = () => toField(serverNow()).slice(0, 7);
/** Minutes of workplaces as hours. @param {number} minutes */
const hours = (minutes) => t("staffing.h_min", { h: Math.floor(minutes / 60), min: minutes % 60 });
/** Four degrees, told in words: colour alone tells nothing. @param {Sum} one */
function degree({ filled, agreed }) {
  if (filled * 100 >= agreed * 95) return "full";
  if (filled * 100 >= agreed * 80) return "nearly";
  return filled * 100 >= agreed * 50 ? "partly" : "little";
}

/** @param {{id: string|null, part: string|null, params: URLSearchParams}} props `id`: a centre, or `agreement` with its id or `new` as `part` */
export function StaffingPage({ id, part, params }) {
  const asked = params.get("month") ?? "";
  const month = /^\d{4}-(0[1-9]|1[0-2])$/.test(asked) ? asked : thisMonth();
  const [answer, setAnswer] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const language = lang();
  const form = id === "agreement";
  const day = id && !form && part ? part : null;
  useEffect(() => {
    let here = true;
    setError("");
    api.get(`staffing${api.query({ month })}`).then(
      (found) => {
        if (!here) return;
        setAnswer(found);
        if (!id) announce(t("staffing.loaded", { month: monthName(found.month), count: found.figures.length }));
      },
      (problem) => {
        if (!here) return;
        // What is being written stays, whatever becomes of the figures.
        if (!form) setAnswer(null);
        setError(told(problem));
      },
    );
    return () => {
      here = false;
    };
  }, [month, round, language]);
  const reload = () => setRound(round + 1);
  const one = form && part !== "new" ? (answer?.agreements.find((/** @type {any} */ each) => each.id === part) ?? null) : null;
  /** @type {Figure|null} */
  const figure = id && !form ? (answer?.figures.find((/** @type {any} */ each) => each.centre.id === id) ?? null) : null;
  const name = figure?.centre.name ?? answer?.centres.find((/** @type {any} */ each) => each.id === id)?.name ?? "";
  const heading = form ? t(part === "new" ? "staffing.new" : "staffing.one") : id ? name || t("staffing.title") : t("staffing.title");
  const back = form || !day ? `#/staffing${api.query({ month: form ? "" : month })}` : `#/staffing/${encodeURIComponent(id ?? "")}${api.query({ month })}`;
  useEffect(() => {
    // One comes here by a link: what was pressed is gone, the heading is where reading goes on.
    if (id) document.getElementById("staffing-heading")?.focus();
  }, [id, part]);
  return html`
    <main class="page staffing" id="main" tabindex="-1">
      <header class="page__head">
        ${id && html`<a class="icon-button" href=${back} aria-label=${t("staffing.back")}><${Icon} name="back" /></a>`}
        <h1 id="staffing-heading" tabindex="-1">${heading}${day && ` · ${calendarDay(day)}`}</h1>
        ${!form && !day && html`<${Months} id=${id} month=${month} />`}
      </header>
      ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${reload}>${t("action.try_again")}</>`}
      ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${answer && !id && html`<${Overview} answer=${answer} month=${month} onChanged=${(/** @type {any} */ listed) => setAnswer({ ...answer, ...listed })} />`}
      ${answer && form && (part === "new" || one
        ? html`<${AgreementForm} key=${part} one=${one} listed=${answer} month=${answer.over ? month : monthFrom(month, -1)} onReload=${reload} onSaved=${(/** @type {any} */ listed) => setAnswer({ ...answer, ...listed })} />`
        : html`<p role="alert">${t("staffing.missing")}</p>`)}
      ${answer && id && !form && !day && (figure ? html`<${Centre} figure=${figure} answer=${answer} />` : html`<p>${t("staffing.nothing_agreed", { month: monthName(month) })}</p>`)}
      ${answer && day && html`<${Day} centre=${id} day=${day} />`}
    </main>`;
}

/** @param {{id: string|null, month: string}} props */
function Months({ id, month }) {
  const address = (/** @type {string} */ one) => `#/staffing${id ? `/${encodeURIComponent(id)}` : ""}${api.query({ month: one })}`;
  const last = month >= thisMonth();
  return html`<nav class="staffing__months" aria-label=${t("staffing.months")}>
    <a class="icon-button" href=${address(monthFrom(month, -1))} aria-label=${t("staffing.month_before", { month: monthName(monthFrom(month, -1)) })}><${Icon} name="back" /></a>
    <strong aria-current="true">${monthName(month)}</strong>
    ${last ? html`<span class="icon-button" aria-hidden="true"></span>` : html`<a class="icon-button" href=${address(monthFrom(month, 1))} aria-label=${t("staffing.month_after", { month: monthName(monthFrom(month, 1)) })}><${Icon} name="right" /></a>`}
  </nav>`;
}

/** @param {{answer: any}} props */
const Until = ({ answer }) => html`<p class="muted">${answer.over ? t("staffing.over") : t("staffing.so_far", { when: dateTime(answer.until) })}
  ${answer.recorded_since ? ` ${t("staffing.recorded_since", { when: dateTime(answer.recorded_since) })}` : ` ${t("staffing.not_recorded")}`}</p>`;

/** @param {{one: Sum}} props */
const Staffed = ({ one }) => (one.agreed
  ? html`<span class="staffing__share"><strong>${share(one.filled, one.agreed)}</strong> <span class=${`chip heat--${degree(one)}`}>${t(`staffing.degree.${degree(one)}`)}</span></span>`
  : html`<span class="muted">${t("staffing.nothing_known")}</span>`);

/** @param {{answer: any, month: string, onChanged: (listed: any) => void}} props */
function Overview({ answer, month, onChanged }) {
  /** @param {string} column @param {any} content @param {boolean} [num] */
  const cell = (column, content, num = false) => html`<td role="cell" class=${num ? "num" : ""} data-label=${t(`staffing.column.${column}`)}>${content}</td>`;
  return html`
    <p class="muted">${t("staffing.lead")}</p>
    <${Until} answer=${answer} />
    <section aria-labelledby="staffing-now"><h2 id="staffing-now">${t("staffing.now_title")}</h2>
      <ul class="staffing__now" role="list">${answer.there.map((/** @type {any} */ one) => html`<li key=${one.id}><a href=${`#/staffing/${encodeURIComponent(one.id)}/${toField(serverNow()).slice(0, 10)}`}><bdi>${one.name}</bdi></a>: ${t("staffing.present_now", { count: one.present })}</li>`)}</ul></section>
    <h2 id="staffing-month">${monthName(month)}</h2>
    ${answer.figures.length === 0 ? html`<p>${t("staffing.nothing_agreed", { month: monthName(month) })}</p>` : html`
      <div class="table-wrap" role="region" aria-labelledby="staffing-month" tabindex="0">
        <table class="table" role="table" aria-labelledby="staffing-month">
          <thead role="rowgroup"><tr role="row">${["centre", "workplaces", "staffed", "filled", "missing", "base", "due"].map((column) => html`<th scope="col" role="columnheader" class=${["filled", "missing", "base", "due", "workplaces"].includes(column) ? "num" : ""}>${t(`staffing.column.${column}`)}</th>`)}</tr></thead>
          <tbody role="rowgroup">${answer.figures.map((/** @type {Figure} */ one) => html`<tr role="row" key=${one.centre.id}>
            <th scope="row" role="rowheader" data-label=${t("staffing.column.centre")}><a href=${`#/staffing/${encodeURIComponent(one.centre.id)}${api.query({ month })}`}><bdi>${one.centre.name}</bdi></a></th>
            ${cell("workplaces", one.parts.map((each) => number(each.workplaces)).join(" / "), true)}
            ${cell("staffed", html`<${Staffed} one=${one} />`)}
            ${cell("filled", hours(one.filled), true)}
            ${cell("missing", hours(one.agreed - one.filled), true)}
            ${cell("base", euros(one.base), true)}
            ${cell("due", one.due === null ? html`<span class="muted">${t("staffing.nothing_known")}</span>` : html`<strong>${euros(one.due)}</strong>`, true)}
          </tr>`)}</tbody>
        </table></div>`}
    <${Agreements} listed=${answer} month=${answer.over ? month : monthFrom(month, -1)} onChanged=${onChanged} />`;
}

/** @param {{figure: Figure, answer: any}} props */
function Centre({ figure, answer }) {
  const { month } = answer;
  const days = [...new Set(figure.cells.map((one) => one.weekday))].sort();
  const rows = [...new Set(figure.cells.map((one) => one.hour))].sort((a, b) => a - b);
  const at = new Map(figure.cells.map((one) => [`${one.weekday}-${one.hour}`, one]));
  return html`
    <${Until} answer=${answer} />
    <dl class="tiles">
      <div class="tile"><dt>${t("staffing.column.staffed")}</dt><dd><span class="tile__big">${figure.agreed ? share(figure.filled, figure.agreed) : "–"}</span>
        <span class="tile__below">${figure.agreed ? t("staffing.of_agreed", { filled: hours(figure.filled), agreed: hours(figure.agreed) }) : t("staffing.nothing_known")}</span></dd></div>
      <div class="tile"><dt>${t(answer.over ? "staffing.column.due" : "staffing.due_so_far")}</dt><dd><span class="tile__big">${figure.due === null ? "–" : euros(figure.due)}</span><span class="tile__below">${t("staffing.of_base", { base: euros(figure.base) })}</span></dd></div>
      ${figure.unrecorded > 0 && html`<div class="tile"><dt>${t("staffing.unrecorded")}</dt><dd><span class="tile__big">${hours(figure.unrecorded)}</span><span class="tile__below">${t("staffing.unrecorded_note")}</span></dd></div>`}
    </dl>
    ${figure.parts.length > 1 && html`<ul class="staffing__parts">${figure.parts.map((one) => html`<li key=${one.agreement_id}>${t("staffing.part_line", { from: calendarDay(one.valid_from), count: one.workplaces, base: euros(one.base), due: one.due === null ? "–" : euros(one.due) })}</li>`)}</ul>`}
    <h2 id="staffing-heat">${t("staffing.heat")}</h2>
    <p class="muted">${t("staffing.heat_lead")}</p>
    ${rows.length > 0 && html`<div class="table-wrap" role="region" aria-labelledby="staffing-heat" tabindex="0"><table class="heat" aria-labelledby="staffing-heat">
      <thead><tr><th scope="col">${t("staffing.hour")}</th>${days.map((day) => html`<th scope="col" key=${day}><abbr title=${weekday(day)}>${weekday(day, "short")}</abbr></th>`)}</tr></thead>
      <tbody>${rows.map((hour) => html`<tr key=${hour}><th scope="row">${hour}–${hour + 1}</th>${days.map((day) => {
        const one = at.get(`${day}-${hour}`);
        return one && one.agreed
          ? html`<td key=${day} class=${`heat--${degree(one)}`}><strong>${share(one.filled, one.agreed)}</strong><br /><span class="heat__word">${t(`staffing.degree.${degree(one)}`)}</span></td>`
          : html`<td key=${day}><span class="muted">–</span></td>`;
      })}</tr>`)}</tbody></table></div>`}
    <h2 id="staffing-days">${t("staffing.days")}</h2>
    <div class="table-wrap" role="region" aria-labelledby="staffing-days" tabindex="0"><table class="table" role="table" aria-labelledby="staffing-days">
      <thead role="rowgroup"><tr role="row">${["day", "staffed", "filled", "missing"].map((column) => html`<th scope="col" role="columnheader" class=${column === "filled" || column === "missing" ? "num" : ""}>${t(`staffing.column.${column}`)}</th>`)}</tr></thead>
      <tbody role="rowgroup">${figure.days.map((one) => html`<tr role="row" key=${one.day}>
        <th scope="row" role="rowheader" data-label=${t("staffing.column.day")}><a href=${`#/staffing/${encodeURIComponent(figure.centre.id)}/${one.day}${api.query({ month })}`}>${calendarDay(one.day)}</a></th>
        <td role="cell" data-label=${t("staffing.column.staffed")}><${Staffed} one=${one} /></td>
        <td role="cell" class="num" data-label=${t("staffing.column.filled")}>${hours(one.filled)}</td>
        <td role="cell" class="num" data-label=${t("staffing.column.missing")}>${hours(one.agreed - one.filled)}</td></tr>`)}</tbody></table></div>`;
}

/** @param {{centre: string|null, day: string}} props */
function Day({ centre, day }) {
  const [answer, setAnswer] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  useEffect(() => {
    let here = true;
    api.get(`staffing/day${api.query({ centre: centre ?? "", day })}`).then((found) => here && setAnswer(found), (problem) => here && setError(told(problem)));
    return () => {
      here = false;
    };
  }, [centre, day]);
  if (error) return html`<${Alert} text=${error} />`;
  if (!answer) return html`<p class="muted" role="status">${t("conversation.loading")}</p>`;
  return html`
    <p class="muted">${t("staffing.day_lead")} ${t(answer.named ? "staffing.day_named" : "staffing.day_numbered")}</p>
    <h2 id="staffing-minutes">${t("staffing.minutes")}</h2>
    ${answer.segments.length === 0 ? html`<p>${t("staffing.no_minutes")}</p>` : html`<div class="table-wrap" role="region" aria-labelledby="staffing-minutes" tabindex="0"><table class="table" role="table" aria-labelledby="staffing-minutes">
      <thead role="rowgroup"><tr role="row">${["time", "minutes", "present", "counts"].map((column) => html`<th scope="col" role="columnheader" class=${column === "minutes" ? "num" : ""}>${t(`staffing.column.${column}`)}</th>`)}</tr></thead>
      <tbody role="rowgroup">${answer.segments.map((/** @type {any} */ one) => html`<tr role="row" key=${one.begins}>
        <th scope="row" role="rowheader" data-label=${t("staffing.column.time")}>${time(one.begins)}–${time(one.ends)}</th>
        <td role="cell" class="num" data-label=${t("staffing.column.minutes")}>${number(one.minutes)}</td>
        <td role="cell" data-label=${t("staffing.column.present")}>${t("staffing.present_of", { present: one.present, workplaces: one.workplaces })}</td>
        <td role="cell" data-label=${t("staffing.column.counts")}>${one.recorded ? t("staffing.counts", { filled: Math.min(one.present, one.workplaces) * one.minutes, agreed: one.workplaces * one.minutes }) : t("staffing.counts_not")}</td></tr>`)}</tbody></table></div>`}
    <h2 id="staffing-people">${t("staffing.people")}</h2>
    ${answer.stays.length === 0 ? html`<p>${t("staffing.nobody")}</p>` : html`<ul class="hours-list" aria-labelledby="staffing-people">${answer.stays.map((/** @type {any} */ one) => html`
      <li key=${`${one.number}-${one.begins}`}><span><bdi>${one.name ?? t("staffing.person", { number: one.number })}</bdi> · ${label("staffing.kind", one.kind)}</span><span>${time(one.begins)}–${one.ends ? time(one.ends) : t("staffing.still")}</span></li>`)}</ul>`}`;
}
