// @ts-check
// Texts of the catalogue, plurals by CLDR, and formatting of times and numbers. The time zone is Latvia's wherever the browser is.
import { serverNow } from "./clock.js";

/** @typedef {string|Record<string, string>} Text */

export const LANGUAGES = ["lv", "ru", "en"];
const ZONE = "Europe/Riga";

/** @type {Map<string, Record<string, Text>>} */
const loaded = new Map();
/** @type {Record<string, Text>} */
let texts = {};
let current = "lv";
/** @type {Map<string, any>} */
const formats = new Map();

/** @returns {string} */
export const lang = () => current;

/**
 * Load the catalogue of a language and make it the current one.
 * @param {string} code
 * @throws {Error} when the catalogue cannot be fetched; the former language stays
 */
export async function useLanguage(code) {
  const wanted = LANGUAGES.includes(code) ? code : "lv";
  let found = loaded.get(wanted);
  if (!found) {
    const response = await fetch(`/console/texts/${wanted}.json`, { credentials: "same-origin" });
    if (!response.ok) throw new Error(`texts ${wanted}: ${response.status}`);
    found = /** @type {Record<string, Text>} */ (await response.json());
    loaded.set(wanted, found);
  }
  texts = found;
  current = wanted;
  document.documentElement.lang = wanted;
  try {
    localStorage.setItem("pietura.lang", wanted);
  } catch {
    // remembered only for the log-in page; without storage the browser's language is used
  }
}

/** Language for the log-in page, before anybody is known. */
export function firstLanguage() {
  let kept = null;
  try {
    kept = localStorage.getItem("pietura.lang");
  } catch {
    // no storage: fall through to the default
  }
  return kept && LANGUAGES.includes(kept) ? kept : "lv";
}

/**
 * @param {string} key without the `console.` prefix
 * @param {Record<string, string|number>} [params] `count` chooses the plural form
 * @returns {string}
 */
export function t(key, params) {
  const entry = texts[`console.${key}`];
  if (entry === undefined) return key;
  let text;
  if (typeof entry === "string") text = entry;
  else {
    const rule = format("plural", {}, () => new Intl.PluralRules(current)).select(Number(params?.count ?? 0));
    text = entry[rule] ?? entry.other ?? "";
  }
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === "number" ? number(value) : value;
  });
}

/**
 * Label of an enum's value; a value the catalogue does not know is shown as it is rather than hidden.
 * @param {string} group
 * @param {string|number|null|undefined} value
 */
export function label(group, value) {
  if (value === null || value === undefined || value === "") return "";
  const entry = texts[`console.${group}.${value}`];
  return typeof entry === "string" ? entry : String(value);
}

/**
 * @param {string} kind
 * @param {object} options
 * @param {() => any} make
 */
function format(kind, options, make) {
  const key = `${current}|${kind}|${JSON.stringify(options)}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = make()));
  return found;
}

/** @param {Intl.DateTimeFormatOptions} options @param {string|number} when */
function date(options, when) {
  const value = new Date(when);
  if (Number.isNaN(value.getTime())) return String(when);
  return format("date", options, () => new Intl.DateTimeFormat(current, { timeZone: ZONE, ...options })).format(value);
}

/** @param {string|number|null|undefined} when hours and minutes */
export const time = (when) => (when ? date({ hour: "2-digit", minute: "2-digit", hour12: false }, when) : "");
/** @param {string|number|null|undefined} when with seconds */
export const clock = (when) =>
  when ? date({ hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }, when) : "";
/** @param {string|number|null|undefined} when */
export const dateTime = (when) =>
  when
    ? date({ day: "2-digit", month: "2-digit", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false }, when)
    : "";
/** @param {string|number} when a day for headings, e.g. "pirmdiena, 23. novembris" */
export const dayName = (when) => date({ weekday: "long", day: "numeric", month: "long" }, when);
/** @param {string|number} when key of the calendar day in Latvia */
export const dayKey = (when) => date({ day: "2-digit", month: "2-digit", year: "numeric" }, when);

/** @param {string} day `YYYY-MM-DD`, a calendar day without a time zone */
export function calendarDay(day) {
  const value = new Date(`${day}T00:00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(value.getTime())) return day;
  const options = /** @type {const} */ ({ day: "2-digit", month: "2-digit", year: "numeric", timeZone: "UTC" });
  return format("day", options, () => new Intl.DateTimeFormat(current, options)).format(value);
}

/**
 * Where an answer comes from, with its day.
 * @param {{title: string, date: string|null, seen?: boolean}} source `seen`: `date` is only the day on which the page was looked at
 */
export function sourceWords({ title, date: day, seen }) {
  if (!day) return title;
  return seen ? t("message.source_seen", { title, date: calendarDay(day) }) : `${title}, ${calendarDay(day)}`;
}

/** @param {string|number} when time today, else day and time */
export const timeOrDate = (when) => (dayKey(when) === dayKey(serverNow()) ? time(when) : dateTime(when));

/**
 * A month in words. With the year by the catalogue: browsers shorten "gada".
 * @param {string} month `YYYY-MM`
 * @param {boolean} [alone] without the year
 */
export function monthName(month, alone = false) {
  const value = new Date(`${month}-01T00:00:00Z`);
  if (Number.isNaN(value.getTime())) return month;
  const options = /** @type {const} */ ({ month: "long", timeZone: "UTC" });
  const name = format("month", options, () => new Intl.DateTimeFormat(current, options)).format(value);
  return alone ? name : t("month.of_year", { year: month.slice(0, 4), name });
}

/**
 * A decimal text as it is written here, with all its digits.
 * @param {string} text
 * @param {boolean} [grouped] false in fields: there a separator of thousands would be in the way
 */
export function decimal(text, grouped = true) {
  const value = Number(text);
  if (Number.isNaN(value)) return text;
  const options = /** @type {const} */ ({ maximumFractionDigits: 4, useGrouping: grouped });
  return format("decimal", options, () => new Intl.NumberFormat(current, options)).format(value);
}

/** @param {number} value */
export const number = (value) => format("number", {}, () => new Intl.NumberFormat(current)).format(value);

/**
 * A share in percent with one decimal, rounded down: what misses a target by a hair must not look as if it met it.
 * @param {number} part
 * @param {number} whole more than nought
 */
export function share(part, whole) {
  const options = /** @type {const} */ ({ minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const value = Math.floor((1000 * part) / whole) / 10;
  return t("response.percent", { value: format("share", options, () => new Intl.NumberFormat(current, options)).format(value) });
}

/** @param {string|number|null|undefined} value decimal text of euros; prices have up to four places */
export function euros(value) {
  if (value === null || value === undefined || value === "") return "";
  const amount = Number(value);
  if (Number.isNaN(amount)) return String(value);
  const options = /** @type {const} */ ({ style: "currency", currency: "EUR", minimumFractionDigits: 2, maximumFractionDigits: 4 });
  return format("eur", options, () => new Intl.NumberFormat(current, options)).format(amount);
}

/** @param {string|number|null|undefined} value decimal text of US dollars: what X charges, to a tenth of a cent */
export function dollars(value) {
  if (value === null || value === undefined || value === "") return "";
  const amount = Number(value);
  if (Number.isNaN(amount)) return String(value);
  const options = /** @type {const} */ ({ style: "currency", currency: "USD", minimumFractionDigits: 2, maximumFractionDigits: 4 });
  return format("usd", {}, () => new Intl.NumberFormat(current, options)).format(amount);
}

/**
 * Length of time as digits: `3:07`, `1:03:07`; from a day on in words.
 * @param {number|null|undefined} seconds
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const total = Math.max(0, Math.floor(seconds));
  const s = String(total % 60).padStart(2, "0");
  const minutes = Math.floor(total / 60);
  if (minutes < 60) return `${String(minutes).padStart(2, "0")}:${s}`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours}:${String(minutes % 60).padStart(2, "0")}:${s}`;
  return t("time.days_hours", { days: Math.floor(hours / 24), hours: hours % 24 });
}

/**
 * @param {Iterable<{name: string}>} items
 * @returns {any[]} sorted by name the way the language sorts
 */
export const byName = (items) => [...items].sort((a, b) => a.name.localeCompare(b.name, current));
