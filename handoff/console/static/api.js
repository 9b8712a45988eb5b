// @ts-check
// Calls of the console API. Every failure is an `ApiError`; a call that did not reach the server has status 0.
import { learnClock } from "./clock.js";
import { lang } from "./i18n.js";

export const BASE = "/console/api/";
const TIMEOUT_MS = 15000;
const UPLOAD_TIMEOUT_MS = 120000;

export class ApiError extends Error {
  /**
   * @param {number} status HTTP status; 0 when no answer came
   * @param {any} body what the server said, `{code, title, detail, …}`
   */
  constructor(status, body) {
    super(body?.title || body?.code || `HTTP ${status}`);
    this.status = status;
    this.code = String(body?.code ?? "");
    this.detail = typeof body?.detail === "string" ? body.detail : "";
    this.title = typeof body?.title === "string" ? body.title : "";
    this.winner = typeof body?.winner === "string" ? body.winner : (body?.winner?.name ?? null);
    this.retryAfterS = Number(body?.retry_after_s ?? 0);
    /** Everything the server said: some refusals name fields, accounts or states. @type {Record<string, any>} */
    this.body = body && typeof body === "object" ? body : {};
  }

  /** Worth repeating as it is: the server was not reached or is not well. */
  get transient() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

let csrf = "";
/** For changing calls that are not made here: uploads, whose progress only another way of asking tells. @returns {Record<string, string>} */
export const changingHeaders = () => ({ "Accept-Language": lang(), "X-CSRF-Token": csrf });
/** @type {() => void} */
let onSignedOut = () => {};

/** @param {string} token */
export const setCsrf = (token) => {
  csrf = token;
};

/** @param {() => void} fn called whenever the server says that nobody is signed in */
export const whenSignedOut = (fn) => {
  onSignedOut = fn;
};

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {boolean} [again] true for the repetition with a fresh CSRF token
 * @returns {Promise<any>}
 */
async function call(method, path, body, again = false) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "Accept-Language": lang() };
  const file = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = file ? "application/octet-stream" : "application/json";
  if (method !== "GET" && csrf) headers["X-CSRF-Token"] = csrf;
  const sent = Date.now();
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? undefined : file ? body : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      signal: AbortSignal.timeout(file ? UPLOAD_TIMEOUT_MS : TIMEOUT_MS),
    });
  } catch {
    throw new ApiError(0, { code: "network" });
  }
  learnClock(response.headers.get("Date"), sent, Date.now());
  if (response.status === 204) return null;
  let data = null;
  try {
    data = await response.json();
  } catch {
    if (response.ok) throw new ApiError(502, { code: "bad_answer" });
  }
  if (response.ok) return data;
  const error = new ApiError(response.status, data);
  if (response.status === 403 && error.code.includes("csrf") && !again) {
    // Another tab signed in anew and with it changed the token of the shared session.
    const me = await call("GET", "me");
    csrf = me.csrf;
    return call(method, path, body, true);
  }
  if (response.status === 401 && path !== "login" && path !== "me") onSignedOut();
  throw error;
}

/** @param {string} path */
export const get = (path) => call("GET", path);
/** @param {string} path @param {unknown} [body] */
export const post = (path, body = {}) => call("POST", path, body);
/** @param {string} path @param {unknown} body */
export const put = (path, body) => call("PUT", path, body);

/** @param {string} path */
export const remove = (path) => call("DELETE", path);

/**
 * A file that is made on demand and on record, saved by the browser under the name that the server gives it.
 * @param {string} path
 * @param {unknown} body
 * @throws {ApiError}
 */
export async function download(path, body) {
  let response;
  try {
    const headers = { "Content-Type": "application/json", "Accept-Language": lang(), "X-CSRF-Token": csrf };
    response = await fetch(BASE + path, { method: "POST", headers, body: JSON.stringify(body), credentials: "same-origin", cache: "no-store" });
  } catch {
    throw new ApiError(0, { code: "network" });
  }
  if (!response.ok) throw new ApiError(response.status, await response.json().catch(() => null));
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "pietura.zip";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
/** A file as it is. Reading a long one takes longer than other calls. @param {string} path @param {Blob} file */
export const upload = (path, file) => call("POST", path, file);

/** @param {string} id @param {string} [verb] */
export const conversationPath = (id, verb) => `conversations/${encodeURIComponent(id)}${verb ? `/${verb}` : ""}`;

/**
 * @param {Record<string, string|number|undefined>} params empty ones are left out
 * @returns {string} query text with its question mark, or nothing
 */
export function query(params) {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== undefined && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

/** @param {Record<string, string|number|undefined>} params */
export const responseTimesCsvUrl = (params) => `${BASE}response_times.csv${query(params)}`;
/** @param {Record<string, string|number|undefined>} params */
export const csvUrl = (params) => `${BASE}cases.csv${query(params)}`;
