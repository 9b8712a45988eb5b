// @ts-check
// Charts drawn by hand: the shape for the eye, the same numbers for the ear and for the keyboard, and as a table beside it.
import { cx, html } from "../html.js";
import { t } from "../i18n.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/**
 * `cell`, `beforeCell`: what the table shows instead of the bare value, such as a figure that opens.
 * @typedef {{label: string, short: string, value: number|null, cell?: any, before?: number|null, beforeCell?: any, beforeLabel?: string}} Point
 */

const HEIGHT = 240;
const LEFT = 58;
const RIGHT = 12;
const TOP = 14;
const BELOW = 30;
/** A label needs about so many pixels. */
const LABEL = 64;

/** The width of an element as it is laid out; text must not shrink with the drawing. @returns {[any, number]} */
function useWidth() {
  const ref = useRef(/** @type {HTMLElement|null} */ (null));
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const element = /** @type {HTMLElement} */ (ref.current);
    const watch = new ResizeObserver(() => setWidth(Math.max(240, Math.round(element.clientWidth))));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [ref, width];
}

/** Round steps of an axis from nought to at least `most`. @param {number} most @param {number[]} steps of one tenfold */
export function ticks(most, steps = [1, 2, 5, 10]) {
  if (!(most > 0)) return [0, 1];
  const rough = most / 4;
  const tenfold = 10 ** Math.floor(Math.log10(rough));
  const step = (steps.find((one) => one * tenfold >= rough) ?? 10) * tenfold;
  const found = [];
  for (let at = 0; at < most + step; at += step) {
    found.push(at);
    if (at >= most) break;
  }
  return found;
}

/** A line that is broken where there is no value. @param {(number|null)[]} values @param {(at: number) => number} x @param {(value: number) => number} y */
function line(values, x, y) {
  let path = "";
  let pen = false;
  values.forEach((value, at) => {
    if (value === null) pen = false;
    else {
      path += `${pen ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = true;
    }
  });
  return path;
}

/**
 * One series with the one before it, as a line or as columns. Arrow keys go from point to point; what a point says is read out.
 * @param {{name: string, points: Point[], kind: "line"|"columns", axis: number[], tell: (value: number|null) => string, label: string}} props
 */
export function Chart({ name, points, kind, axis, tell, label }) {
  const [ref, width] = useWidth();
  const [at, setAt] = useState(/** @type {number|null} */ (null));
  const most = axis[axis.length - 1];
  const inner = width - LEFT - RIGHT;
  const slot = inner / Math.max(1, points.length);
  const centre = (/** @type {number} */ one) => (kind === "line" && points.length > 1 ? LEFT + (inner * one) / (points.length - 1) : LEFT + slot * (one + 0.5));
  const y = (/** @type {number} */ value) => TOP + (HEIGHT - TOP - BELOW) * (1 - value / most);
  const every = Math.max(1, Math.ceil(points.length / Math.max(1, Math.floor(inner / LABEL))));
  const shown = at === null ? null : points[at];
  const hasBefore = points.some((one) => one.before !== undefined && one.before !== null);
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => {
    const last = points.length - 1;
    const from = at ?? (event.key === "ArrowRight" ? -1 : points.length);
    const to = { ArrowRight: Math.min(last, from + 1), ArrowLeft: Math.max(0, from - 1), Home: 0, End: last }[event.key];
    if (event.key === "Escape") setAt(null);
    else if (to !== undefined) {
      event.preventDefault();
      setAt(to);
    }
  };
  /** @param {PointerEvent} event */
  const onPointer = (event) => {
    const box = /** @type {Element} */ (event.currentTarget).getBoundingClientRect();
    const inside = event.clientX - box.left - LEFT;
    const near = kind === "line" ? Math.round((inside / inner) * (points.length - 1)) : Math.floor(inside / slot);
    setAt(Math.min(points.length - 1, Math.max(0, near)));
  };
  return html`<figure class="chart" ref=${ref}>
    <svg class="chart__picture" viewBox=${`0 0 ${width} ${HEIGHT}`} role="img" aria-label=${label} tabindex="0"
      onKeyDown=${onKeyDown} onPointerMove=${onPointer} onPointerLeave=${() => setAt(null)} onBlur=${() => setAt(null)}>
      ${axis.map((one) => html`<g key=${one}><line class="chart__grid" x1=${LEFT} x2=${width - RIGHT} y1=${y(one)} y2=${y(one)} />
        <text class="chart__tick" x=${LEFT - 6} y=${y(one)} dy="0.32em" text-anchor="end">${tell(one)}</text></g>`)}
      ${points.map((one, number) => number % every === 0 && html`<text class="chart__tick" key=${number} x=${centre(number)} y=${HEIGHT - 10}
        text-anchor=${kind === "line" && number === 0 ? "start" : kind === "line" && number === points.length - 1 ? "end" : "middle"}>${one.short}</text>`)}
      ${kind === "columns" && points.map((one, number) => one.value !== null && html`<rect key=${number} class=${cx("chart__column", at === number && "chart__column--here")}
        x=${centre(number) - slot * 0.36} width=${slot * 0.72} y=${y(one.value)} height=${Math.max(0, HEIGHT - BELOW - y(one.value))} rx="2" />`)}
      ${kind === "line" && hasBefore && html`<path class="chart__before" d=${line(points.map((one) => one.before ?? null), centre, y)} />`}
      ${kind === "line" && html`<path class="chart__line" d=${line(points.map((one) => one.value), centre, y)} />`}
      ${kind === "line" && points.map((one, number) => one.value !== null && (at === number || points.length < 40) && html`<circle key=${number} class=${cx("chart__dot", at === number && "chart__dot--here")} cx=${centre(number)} cy=${y(one.value)} r=${at === number ? 5 : 3} />`)}
      ${shown && html`<line class="chart__here" x1=${centre(/** @type {number} */ (at))} x2=${centre(/** @type {number} */ (at))} y1=${TOP} y2=${HEIGHT - BELOW} />`}
    </svg>
    <figcaption class="chart__caption">
      ${kind === "line" && hasBefore && html`<span class="chart__key"><svg viewBox="0 0 28 8" aria-hidden="true"><line class="chart__line" x1="1" x2="27" y1="4" y2="4" /></svg>${t("reports.this_period")}</span>
        <span class="chart__key"><svg viewBox="0 0 28 8" aria-hidden="true"><line class="chart__before" x1="1" x2="27" y1="4" y2="4" /></svg>${t("reports.last_period")}</span>`}
      <span class="chart__said" role="status">${shown ? (hasBefore ? t("reports.chart_point", { label: shown.label, value: tell(shown.value), before: tell(shown.before ?? null) }) : `${shown.label}: ${tell(shown.value)}`) : ""}</span>
    </figcaption>
    <details class="chart__table"><summary>${t("reports.as_table")}</summary>
      <div class="table-wrap" role="region" aria-label=${name} tabindex="0"><table class="table"><thead><tr><th scope="col">${name}</th><th scope="col" class="num">${t("reports.this_period")}</th>${hasBefore && html`<th scope="col" class="num">${t("reports.last_period")}</th>`}</tr></thead>
        <tbody>${points.map((one, number) => html`<tr key=${number}><th scope="row">${one.label}</th><td class="num">${one.cell ?? tell(one.value)}</td>${hasBefore && html`<td class="num">${one.beforeCell ?? tell(one.before ?? null)}${one.beforeLabel && html` <span class="muted">(${one.beforeLabel})</span>`}</td>`}</tr>`)}</tbody></table></div></details>
  </figure>`;
}
