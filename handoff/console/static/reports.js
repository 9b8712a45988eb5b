// @ts-check
// What a report's figures say: their value, how it is written, what came of it since the period before.
import * as api from "./api.js";
import { calendarDay, dayName, duration, label, lang, monthName, number, share, t } from "./i18n.js";

/** @typedef {{id: string, how: "count"|"share"|"mean"|"median"|"p95", unit: string, family: string, better: "more"|"less"|null}} Metric */
/** @typedef {{part?: number, whole: number, value?: number|null}} Figure */

export const FILTERS = ["service", "institution", "municipality", "centre", "channel", "language"];
export const GROUPS = ["service", "institution", "municipality", "centre", "channel", "language", "reason", "hour", "weekday", "day", "month"];
/** Groupings in the order of time. */
export const IN_TIME = ["hour", "weekday", "day", "month"];
export const ASKED = ["from", "to", "by", "trend", ...FILTERS];

/** The number that a figure comes to; null where there is nothing to compute. @param {Metric} metric @param {Figure} figure */
export function valueOf(metric, figure) {
  if (metric.how === "count") return figure.part ?? 0;
  if (metric.how === "median" || metric.how === "p95") return figure.value ?? null;
  return figure.whole ? (figure.part ?? 0) / figure.whole : null;
}

/** @param {number} value */
const twoDigits = (value) => new Intl.NumberFormat(lang(), { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(value);

/** A value as it is written. @param {Metric} metric @param {number|null} value */
export function written(metric, value) {
  if (value === null) return "–";
  switch (metric.how) {
    case "count":
      return number(Math.round(value));
    case "share":
      return share(Math.round(value * 1_000_000), 1_000_000);
    case "mean":
      return twoDigits(value);
    default:
      return duration(value);
  }
}

/** A figure as it is written: a share of its own two numbers, so that it is rounded down and never up. @param {Metric} metric @param {Figure} figure */
export function told(metric, figure) {
  if (metric.how === "share" && figure.whole) return share(figure.part ?? 0, figure.whole);
  return written(metric, valueOf(metric, figure));
}

/**
 * What became of it since the period before.
 * @param {Metric} metric @param {Figure} now @param {Figure} before
 * @returns {{text: string, verdict: "better"|"worse"|"same"|null}|null} null where there is nothing to compare
 */
export function change(metric, now, before) {
  const [is, was] = [valueOf(metric, now), valueOf(metric, before)];
  if (is === null || was === null || (metric.how === "count" && !was)) return null;
  const difference = is - was;
  const sign = difference > 0 ? "+" : difference < 0 ? "−" : "";
  const size = Math.abs(difference);
  const one = new Intl.NumberFormat(lang(), { maximumFractionDigits: 1 });
  let text;
  if (metric.how === "count") text = `${sign}${t("response.percent", { value: one.format((100 * size) / was) })}`;
  else if (metric.how === "share") text = t("reports.points", { value: `${sign}${one.format(100 * size)}`, count: Number((100 * size).toFixed(1)) });
  else if (metric.how === "mean") text = `${sign}${twoDigits(size)}`;
  else text = `${sign}${duration(size)}`;
  if (difference === 0) return { text: t("reports.same"), verdict: "same" };
  if (metric.better === null) return { text, verdict: null };
  return { text, verdict: difference > 0 === (metric.better === "more") ? "better" : "worse" };
}

/** The name of a group. @param {string} by @param {{id: string|null, name?: string|null}} group */
export function groupName(by, group) {
  if (group.id === null) return t(`reports.none.${by}`);
  switch (by) {
    case "channel":
    case "language":
    case "reason":
      return label(by, group.id);
    case "weekday":
      return t(`reports.weekday.${group.id}`);
    case "hour":
      return `${group.id.padStart(2, "0")}:00–${String((Number(group.id) + 1) % 24).padStart(2, "0")}:00`;
    case "day":
      return calendarDay(group.id);
    case "month":
      return monthName(group.id);
    default:
      return group.name ?? group.id;
  }
}

/** The same, short enough for an axis. @param {string} by @param {string|null} id */
export function shortName(by, id) {
  if (id === null) return "–";
  if (by === "day") return new Intl.DateTimeFormat(lang(), { day: "numeric", month: "numeric", timeZone: "UTC" }).format(new Date(`${id}T00:00:00Z`));
  if (by === "month") return new Intl.DateTimeFormat(lang(), { month: "short", timeZone: "UTC" }).format(new Date(`${id}-01T00:00:00Z`));
  if (by === "weekday") return new Intl.DateTimeFormat(lang(), { weekday: "short", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, Number(id))));
  return id;
}

/** @param {string} id a step of the trend @param {string} along */
export const stepName = (along, id) => (along === "day" ? dayName(`${id}T09:00:00Z`) : monthName(id));

/** @param {Record<string, string|number|undefined>} asked */
export const reportHash = (asked) => `#/reports${api.query(asked)}`;
/** @param {Record<string, string|number|undefined>} asked */
export const rowsHash = (asked) => `#/reports/rows${api.query(asked)}`;

/** Periods that are asked for most, ending today. @param {string} today `YYYY-MM-DD` */
export function presets(today) {
  const at = (/** @type {number} */ days) => {
    const day = new Date(`${today}T00:00:00Z`);
    day.setUTCDate(day.getUTCDate() + days);
    return day.toISOString().slice(0, 10);
  };
  const first = `${today.slice(0, 8)}01`;
  const last = new Date(`${first}T00:00:00Z`);
  last.setUTCDate(0);
  const lastMonth = last.toISOString().slice(0, 10);
  return [
    { id: "week", from: at(-6), to: today },
    { id: "days30", from: at(-29), to: today },
    { id: "month", from: first, to: today },
    { id: "last_month", from: `${lastMonth.slice(0, 8)}01`, to: lastMonth },
    { id: "year", from: at(-364), to: today },
  ];
}
