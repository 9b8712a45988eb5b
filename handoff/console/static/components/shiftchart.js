// @ts-check
// What is needed and what is planned, hour by hour: a picture for the eye, and beneath it the same as a table for everybody.
import { cx, html } from "../html.js";
import { dayName, lang, number, t } from "../i18n.js";

/** @typedef {{at: string, day: string, hour: number, planned: number, needed: number|null, needed_high?: number, contacts?: number, low?: number, high?: number, spare?: number}} Hour */

const WIDTH = 24;
const HEIGHT = 120;

/** @param {string} day `YYYY-MM-DD` */
export const shortDay = (day) => new Intl.DateTimeFormat(lang(), { weekday: "short", day: "numeric", month: "numeric", timeZone: "UTC" }).format(Date.parse(`${day}T00:00:00Z`));
/** @param {number} value one decimal at most */
const people = (value) => number(Math.round(value * 10) / 10);

/** @param {Hour} one */
const state = (one) => (one.needed === null ? "unknown" : (one.spare ?? 0) < 0 ? "missing" : (one.spare ?? 0) >= 1 ? "spare" : "enough");
/** @param {Hour} one */
function words(one) {
  const found = state(one);
  return found === "missing" || found === "spare" ? t(`shifts.${found}`, { n: people(Math.abs(one.spare ?? 0)) }) : t(`shifts.${found}`);
}

/** @param {{hours: Hour[]}} props of the whole week */
export function ShiftChart({ hours }) {
  if (!hours.length) return html`<p>${t("shifts.no_hours")}</p>`;
  const days = [...new Set(hours.map((one) => one.day))];
  const rows = [...new Set(hours.map((one) => one.hour))].sort((a, b) => a - b);
  const at = new Map(hours.map((one) => [`${one.day}-${one.hour}`, one]));
  const most = Math.max(1, ...hours.map((one) => Math.max(one.planned, one.needed_high ?? one.needed ?? 0)));
  const missing = hours.reduce((sum, one) => sum + Math.max(0, -(one.spare ?? 0)), 0);
  const spare = hours.reduce((sum, one) => sum + Math.max(0, one.spare ?? 0), 0);
  const short = hours.filter((one) => state(one) === "missing").length;
  const known = hours.some((one) => one.needed !== null);
  const y = (/** @type {number} */ value) => HEIGHT - (value / most) * (HEIGHT - 8);
  return html`
    <p class="shifts__sum" role="status">${known ? t("shifts.sum", { hours: short, missing: people(missing), spare: people(spare) }) : t("shifts.sum_unknown")}</p>
    <div class="shifts__charts">${days.map((day) => {
      const own = hours.filter((one) => one.day === day);
      const width = own.length * WIDTH;
      return html`<figure class="shifts__chart" key=${day}><figcaption>${shortDay(day)}</figcaption>
        <svg viewBox=${`0 0 ${width} ${HEIGHT + 18}`} role="img" aria-label=${t("shifts.chart", { day: dayName(`${day}T12:00:00Z`), hours: own.filter((one) => state(one) === "missing").length })}>
          ${own.map((one, place) => html`
            <rect key=${one.hour} class=${`shift-bar shift-bar--${state(one)}`} x=${place * WIDTH + 3} width=${WIDTH - 6} y=${y(one.planned)} height=${HEIGHT - y(one.planned)} />
            ${one.needed !== null && html`<line class="shift-need" x1=${place * WIDTH} x2=${(place + 1) * WIDTH} y1=${y(one.needed)} y2=${y(one.needed)} />
              ${one.needed_high !== undefined && one.needed_high > one.needed && html`<line class="shift-need shift-need--high" x1=${place * WIDTH} x2=${(place + 1) * WIDTH} y1=${y(one.needed_high)} y2=${y(one.needed_high)} />`}`}
            ${(own.length <= 12 || one.hour % 3 === 0) && html`<text class=${own.length <= 12 ? "shift-hour" : "shift-hour shift-hour--few"} x=${place * WIDTH + WIDTH / 2} y=${HEIGHT + 15} text-anchor="middle">${one.hour}</text>`}`)}
          <line class="shift-ground" x1="0" x2=${width} y1=${HEIGHT} y2=${HEIGHT} />
        </svg></figure>`;
    })}</div>
    <p class="muted shifts__legend"><span class="shift-key shift-key--planned"></span>${t("shifts.legend_planned")} <span class="shift-key shift-key--need"></span>${t("shifts.legend_needed")} <span class="shift-key shift-key--high"></span>${t("shifts.legend_high")}</p>
    <div class="table-wrap" role="region" aria-label=${t("shifts.table")} tabindex="0"><table class="heat" aria-label=${t("shifts.table")}>
      <thead><tr><th scope="col">${t("staffing.hour")}</th>${days.map((day) => html`<th scope="col" key=${day}>${shortDay(day)}</th>`)}</tr></thead>
      <tbody>${rows.map((hour) => html`<tr key=${hour}><th scope="row">${hour}–${hour + 1}</th>${days.map((day) => {
        const one = at.get(`${day}-${hour}`);
        if (!one) return html`<td key=${day}><span class="muted">–</span></td>`;
        return html`<td key=${day} class=${cx("shift-cell", `shift-cell--${state(one)}`)}>
          <strong>${people(one.planned)}${one.needed !== null && html`<span aria-hidden="true"> / </span><span class="vh"> ${t("shifts.of_needed")} </span>${people(one.needed)}`}</strong>
          <br /><span class="heat__word">${words(one)}</span>
          ${one.contacts !== undefined && html`<br /><span class="heat__word">${t("shifts.contacts", { n: people(one.contacts), low: one.low ?? 0, high: one.high ?? 0 })}</span>`}</td>`;
      })}</tr>`)}</tbody></table></div>`;
}
