// @ts-check
// Files on their way to the server: chosen beside the composer, sent with a message, which waits for them.
import * as api from "./api.js";
import { beforeFilesGo, reason, uuid, whenDiscarded, whenTakenBack } from "./actions.js";
import { number, t } from "./i18n.js";
import { state, subscribe } from "./store.js";
import { useEffect, useState } from "./vendor/hooks.js";

/**
 * @typedef {object} Upload
 * @property {string} id made once; an upload that broke is tried again under it
 * @property {string} conversation
 * @property {File} file
 * @property {string} name
 * @property {"uploading"|"ready"|"failed"} state
 * @property {number} progress 0…1
 * @property {api.ApiError|null} error
 * @property {import("./types.js").Attachment|null} view
 * @property {XMLHttpRequest|null} request
 * @property {boolean} renewed the session's token was asked for anew already
 */

/** @typedef {{file: number, conversation: number, per_message: number, accept: string}} Limits */

const MIB = 1024 * 1024;

/** All that this page has in hand, by id. @type {Map<string, Upload>} */
const uploads = new Map();
/** What is to go with the next message, by conversation. @type {Map<string, Upload[]>} */
const chosen = new Map();
/** @type {Set<() => void>} */
const listeners = new Set();
const changed = () => [...listeners].forEach((fn) => fn());

/** @type {Promise<Limits>|null} */
let asked = null;

/** @returns {Promise<Limits>} @throws {api.ApiError} */
function limits() {
  asked ??= api.get("attachments/limits").catch((error) => {
    asked = null;
    throw error;
  });
  return /** @type {Promise<Limits>} */ (asked);
}

/** The limits; null until they are known. @returns {Limits|null} */
export function useLimits() {
  const [known, setKnown] = useState(/** @type {Limits|null} */ (null));
  useEffect(() => {
    limits().then(setKnown).catch(() => {});
  }, []);
  return known;
}

/** What is chosen in a conversation, drawn anew whenever a file moves on. @param {string} id @returns {Upload[]} */
export function useChosen(id) {
  const [, redraw] = useState(0);
  useEffect(() => {
    const fn = () => redraw((n) => n + 1);
    listeners.add(fn);
    return () => void listeners.delete(fn);
  }, []);
  return chosen.get(id) ?? [];
}

/** @param {number} size bytes */
export const sizeText = (size) =>
  size >= MIB ? t("files.mb", { value: number(Math.round((size / MIB) * 10) / 10) }) : t("files.kb", { value: number(Math.max(1, Math.round(size / 1024))) });

/**
 * @param {string} conversation
 * @param {Iterable<File>} files
 * @returns {Promise<string>} what was not taken and why; empty when all were
 */
export async function attach(conversation, files) {
  const list = [...files];
  /** @type {Limits} */
  let most;
  try {
    most = await limits();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    return reason(error);
  }
  let problem = "";
  for (const file of list) {
    const held = chosen.get(conversation) ?? [];
    if (held.length >= most.per_message) {
      problem = t("files.too_many", { count: most.per_message });
      break;
    }
    if (file.size > most.file) {
      problem = t("files.too_large", { name: file.name, size: sizeText(file.size), limit: sizeText(most.file) });
      continue;
    }
    /** @type {Upload} */
    const upload = { id: uuid(), conversation, file, name: file.name || t("files.unnamed"), state: "uploading", progress: 0, error: null, view: null, request: null, renewed: false };
    uploads.set(upload.id, upload);
    chosen.set(conversation, [...held, upload]);
    begin(upload);
  }
  changed();
  return problem;
}

/** @param {Upload} upload */
function begin(upload) {
  upload.state = "uploading";
  upload.error = null;
  upload.progress = 0;
  // fetch does not tell how far an upload has come.
  const request = new XMLHttpRequest();
  upload.request = request;
  request.open("PUT", fileUrl(upload.conversation, upload.id));
  for (const [name, value] of Object.entries(api.changingHeaders())) request.setRequestHeader(name, value);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("X-Pietura-Name", encodeURIComponent(upload.file.name));
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) upload.progress = event.loaded / event.total;
    changed();
  };
  const over = () => {
    upload.request = null;
    changed();
  };
  request.onload = () => {
    let body = null;
    try {
      body = JSON.parse(request.responseText);
    } catch {
      // an answer that is none counts as a failure of the server
    }
    if (request.status === 200 && body?.id) {
      upload.state = "ready";
      upload.view = body;
    } else if (request.status === 403 && String(body?.code).includes("csrf") && !upload.renewed) {
      // Another tab signed in anew and with it changed the token of the shared session.
      upload.renewed = true;
      api.get("me").then((me) => api.setCsrf(me.csrf)).catch(() => {}).finally(() => begin(upload));
      return;
    } else {
      upload.state = "failed";
      upload.error = new api.ApiError(request.status === 200 ? 502 : request.status, body);
    }
    over();
  };
  request.onerror = () => {
    upload.state = "failed";
    upload.error = new api.ApiError(0, { code: "network" });
    over();
  };
  request.onabort = over;
  request.send(upload.file);
}

/** @param {Upload} upload */
export function again(upload) {
  if (upload.state !== "failed") return;
  begin(upload);
  changed();
}

/** The person does not want to send it. @param {Upload} upload */
export function remove(upload) {
  uploads.delete(upload.id);
  chosen.set(upload.conversation, (chosen.get(upload.conversation) ?? []).filter((one) => one !== upload));
  upload.request?.abort();
  // What is not asked for is swept by itself in an hour; sooner is kinder.
  if (upload.state === "ready") api.remove(filePath(upload.conversation, upload.id)).catch(() => {});
  changed();
}

/** What is chosen goes with a message now. @param {string} conversation @returns {import("./types.js").PendingFile[]} */
export function take(conversation) {
  const taken = chosen.get(conversation) ?? [];
  chosen.delete(conversation);
  changed();
  return taken.map((upload) => ({ id: upload.id, name: upload.view?.name ?? upload.name, size: upload.file.size }));
}

/**
 * Waits until the files of a message are with the server; those that failed are tried once more.
 * @param {import("./types.js").PendingFile[]} files
 * @throws {api.ApiError} one of them did not arrive
 */
async function arrived(files) {
  for (const { id } of files) {
    const upload = uploads.get(id);
    // After a reload only the server knows of it: it says so when it has not got it.
    if (!upload) continue;
    if (upload.state === "failed") begin(upload);
    await new Promise((resolve) => {
      const look = () => {
        if (upload.state === "uploading" && upload.request) return;
        listeners.delete(look);
        resolve(undefined);
      };
      listeners.add(look);
      look();
    });
    if (upload.state === "failed" && upload.error) throw upload.error;
  }
}

beforeFilesGo(arrived);
whenTakenBack((one) => {
  const back = (one.attachments ?? []).map(({ id }) => uploads.get(id)).filter((upload) => upload !== undefined);
  chosen.set(one.conversation, [...(chosen.get(one.conversation) ?? []), ...back]);
  changed();
});
whenDiscarded((one) => {
  for (const { id } of one.attachments ?? []) {
    const upload = uploads.get(id);
    if (upload) remove(upload);
  }
});

// Desks are shared: nothing of a citizen's matter stays for the next person.
subscribe(() => {
  if (state.phase !== "login" || !uploads.size) return;
  for (const upload of uploads.values()) upload.request?.abort();
  uploads.clear();
  chosen.clear();
  changed();
});

/** @param {string} conversation @param {string} id */
const filePath = (conversation, id) => api.conversationPath(conversation, `attachments/${encodeURIComponent(id)}`);

/** Where a file is read. @param {string} conversation @param {string} id @param {boolean} [inline] a picture, to be shown in place */
export const fileUrl = (conversation, id, inline = false) => `${api.BASE}${filePath(conversation, id)}${inline ? "?inline=true" : ""}`;
