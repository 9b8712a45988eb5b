// @ts-check
// How a channel account is doing, in words: what is wrong, how badly, and what to do about it.
import { label, t, timeOrDate } from "./i18n.js";

/**
 * @typedef {object} Account as `GET channels/board` sends it (docs/protocol.md)
 * @property {string} id
 * @property {string} channel
 * @property {string} platform_id
 * @property {string} name
 * @property {{kind: "institution"|"municipality", id: string, name: string}} owner
 * @property {Record<string, any>} settings
 * @property {boolean} enabled
 * @property {boolean} served
 * @property {{reason: string, text: string}|null} paused
 * @property {string[]|null} credentials names of those that are set; null when they cannot be read
 * @property {string} webhook_url
 * @property {string|null} last_event_at
 * @property {string|null} last_sent_at
 * @property {string|null} checked_at
 * @property {{ok: boolean, name: string|null, token_expires_at: string|null, api_version_ends: string|null, webhook: string|null,
 *   problems: {code: string, text: string}[], detail: string|null}|null} check
 * @property {string|null} last_error
 * @property {string|null} last_error_at
 * @property {string} spend decimal text of US dollars
 * @property {Record<string, number>} counts
 */
/** @typedef {{code: string, bad: boolean, text: string, todo: string}} Trouble `bad`: something does not work now */
/** @typedef {"paused"|"attention"|"works"|"off"} Standing */

const DAY_MS = 24 * 3600 * 1000;
/** Days before its end from which on a token, or a version of the platform's API, is spoken of. */
const TOKEN_DAYS = 14;
const VERSION_DAYS = 90;
/** What works on, though not for long or not wholly. */
const MILD = new Set(["token_expires", "api_version_ends", "direct_unavailable"]);
/** Errors that leave no other trace on the board. */
const ONLY_IN_ERROR = new Set(["poll", "unknown_page"]);
const RECENT_MS = 3600 * 1000;

/** @param {string} when @param {number} now @returns {number} whole days left; negative when it is over */
export const daysLeft = (when, now) => Math.floor((Date.parse(when) - now) / DAY_MS);

/** What to do, said for the platform where that differs. @param {string} code @param {string} channel */
function todo(code, channel) {
  for (const key of [`channels.todo.${code}.${channel}`, `channels.todo.${code}`]) {
    const text = t(key);
    if (text !== key) return text;
  }
  return "";
}

/** @param {Account} account @param {number} now milliseconds, by the server's clock @returns {Trouble[]} worst first */
export function troubles(account, now) {
  /** @type {Trouble[]} */
  const found = [];
  /** @param {string} code @param {boolean} bad @param {string} text */
  const add = (code, bad, text) => found.push({ code, bad, text, todo: todo(code, account.channel) });
  if (!account.served) add("not_served", true, t("channels.trouble.not_served"));
  if (account.credentials === null) add("unreadable", true, t("channels.trouble.unreadable"));
  if (account.paused) add("paused", true, t("channels.trouble.paused", { reason: account.paused.text }));
  const { check, counts } = account;
  const token = check?.token_expires_at ? daysLeft(check.token_expires_at, now) : null;
  const version = check?.api_version_ends ? daysLeft(check.api_version_ends, now) : null;
  for (const { code, text } of check?.problems ?? []) {
    // With the days left these are said more exactly below.
    if ((code === "token_expires" && token !== null) || (code === "api_version_ends" && version !== null)) continue;
    add(code, !MILD.has(code), text);
  }
  if (token !== null && token < 0) add("token_invalid", true, t("channels.trouble.token_ended"));
  else if (token === 0) add("token_expires", false, t("channels.trouble.token_today"));
  else if (token !== null && token < TOKEN_DAYS) add("token_expires", false, t("channels.trouble.token_expires", { count: token }));
  if (version !== null && version < 0) add("api_version_ends", true, t("channels.trouble.version_ended"));
  else if (version !== null && version < VERSION_DAYS) add("api_version_ends", false, t("channels.trouble.version_ends", { count: version }));
  const elsewhere = leadsElsewhere(account);
  if (elsewhere) add("webhook_elsewhere", true, t("channels.trouble.webhook_elsewhere", { address: elsewhere }));
  for (const name of ["dead", "failed", "unknown"]) {
    if (counts[name]) add(name, false, t(`channels.trouble.${name}`, { count: counts[name] }));
  }
  const error = errorParts(account.last_error);
  if (error && ONLY_IN_ERROR.has(error.head) && account.last_error_at && now - Date.parse(account.last_error_at) < RECENT_MS) {
    add(error.head, false, errorText(account.last_error));
  }
  return found.sort((a, b) => Number(b.bad) - Number(a.bad));
}

/** @param {Account} account @param {Trouble[]} known @returns {Standing} */
export function standing(account, known) {
  if (!account.enabled) return "off";
  if (account.paused) return "paused";
  return known.length ? "attention" : "works";
}

/** Trouble first, and what is switched off last. @param {Account} account @param {number} now */
export function rank(account, now) {
  const known = troubles(account, now);
  const how = standing(account, known);
  if (how === "off") return 4;
  if (how === "paused") return 0;
  if (how === "works") return 3;
  return known.some((one) => one.bad) ? 1 : 2;
}

/** @param {string|null} told */
function errorParts(told) {
  if (!told) return null;
  const [, head, rest] = /^(\w+)(?::? (.*))?$/s.exec(told) ?? [];
  return head ? { head, rest: rest ?? "" } : null;
}

/** Notes that name something else than a reason. */
const NAMES_SOMETHING = new Set(["poll", "bad_payload", "dead_event", "unknown_page"]);

/** The note that the server keeps of the last error, in words. @param {string|null} told */
export function errorText(told) {
  const error = errorParts(told);
  if (!error) return told ?? "";
  const { head, rest } = error;
  const words = NAMES_SOMETHING.has(head) ? rest : label("channels.reason", rest) || t("channels.reason_unknown");
  const text = t(`channels.error.${head}`, { rest: words });
  return text.startsWith("channels.error.") ? (told ?? "") : text;
}

/** The address to which the platform sends the account's events, if that is not ours. @param {Account} account @returns {string|null} */
function leadsElsewhere(account) {
  const told = account.check?.webhook ?? "";
  // An application of Facebook's or X's has one address for all its accounts: any of this channel's leads here.
  const door = account.webhook_url.slice(0, account.webhook_url.lastIndexOf("/") + 1);
  return told.startsWith("http") && !told.startsWith(door) ? told : null;
}

/** Whether the platform sends us its events. @param {Account} account @returns {string} */
export function webhookText(account) {
  if (!account.check) return t("channels.webhook.not_checked");
  const codes = new Set(account.check.problems.map((one) => one.code));
  if (leadsElsewhere(account)) return t("channels.webhook.elsewhere");
  if (codes.has("webhook_missing")) return t("channels.webhook.missing");
  if (codes.has("webhook_failing")) return t("channels.webhook.failing");
  return t(account.check.webhook ? "channels.webhook.works" : "channels.webhook.not_known");
}

/** @param {string|null} when @param {string} never a text for never */
export const moment = (when, never) => (when ? timeOrDate(when) : never);
