// @ts-check
// Texts of the catalogue, and times as they are in Latvia.

export const LANGUAGES = /** @type {const} */ (["lv", "ru", "en"]);
const ZONE = "Europe/Riga";
const KEPT = "simulator.lang";

/** @type {Record<string, string|Record<string, string>>} */
let texts = {};
let current = "lv";

export const lang = () => current;

/** The language of last time, else the browser's, else Latvian. */
export function firstLanguage() {
  let kept = null;
  try {
    kept = localStorage.getItem(KEPT);
  } catch {
    // Storage may be forbidden.
  }
  const wanted = [kept, ...navigator.languages.map((one) => one.slice(0, 2))];
  return wanted.find((one) => one && LANGUAGES.includes(/** @type {any} */ (one))) ?? "lv";
}

/** @param {string} code */
export async function useLanguage(code) {
  const response = await fetch(`/texts/${code}.json`);
  if (!response.ok) throw new Error(`texts ${code}: ${response.status}`);
  texts = await response.json();
  current = code;
  document.documentElement.lang = code;
  document.title = `${t("title")} – Pietura`;
  try {
    localStorage.setItem(KEPT, code);
  } catch {
    // Then the next visit begins with the browser's language.
  }
}

/** @param {string} key without the prefix @param {Record<string, string|number>} [values] `n` chooses the plural form */
export function t(key, values = {}) {
  const entry = texts[`sim.${key}`];
  if (entry === undefined) return key;
  const text = typeof entry === "string" ? entry : entry[new Intl.PluralRules(current).select(Number(values.n))] ?? entry.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** Time of day; the day as well when it is not today. @param {string} at */
export function when(at) {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return "";
  const day = new Intl.DateTimeFormat(current, { timeZone: ZONE, day: "numeric", month: "short" });
  const time = new Intl.DateTimeFormat(current, { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hour12: false }).format(moment);
  return day.format(moment) === day.format(new Date()) ? time : `${day.format(moment)}, ${time}`;
}
/** With seconds. @param {string} at */
export const clock = (at) =>
  new Intl.DateTimeFormat(current, { timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false }).format(new Date(at));
