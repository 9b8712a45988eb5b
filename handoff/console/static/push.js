// @ts-check
// Notices by the browser's push service: they arrive also while no page of the console is open.
import * as api from "./api.js";
import { go } from "./router.js";

const WORKER = "/console/worker.js";
const SCOPE = "/console";

/** @typedef {{id: string, digest: string, label: string, created_at: string, delivered_at: string|null, problem: string|null, here: boolean}} Browser */
/** @typedef {{key: string|null, browsers: Browser[]}} Told */

/** @type {ServiceWorkerRegistration|null} set once this browser is told */
let registration = null;

/** The worker that shows notices, where this browser is told. */
export const pushWorker = () => registration;

/** Whether this browser can be told at all. An address without https is no secure context, and has none of it. */
export const canPush = () => "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

/** @param {string} text */
async function digestOf(text) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((one) => one.toString(16).padStart(2, "0")).join("");
}

/** @param {string} key URL-safe base64 */
const bytesOf = (key) => Uint8Array.from(atob(key.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));

/** By what name the person knows this browser: enough to tell two of his apart. */
function nameOfBrowser() {
  const agent = navigator.userAgent;
  const browser = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]].find(([mark]) => agent.includes(mark))?.[1] ?? "";
  const system = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]].find(([mark]) => agent.includes(mark))?.[1] ?? "";
  return [browser, system].filter(Boolean).join(", ");
}

async function existing() {
  if (!canPush()) return null;
  const found = await navigator.serviceWorker.getRegistration(SCOPE);
  return (await found?.pushManager.getSubscription()) ?? null;
}

/** @param {PushSubscription} subscription */
async function tell(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  return api.post("push", { endpoint, keys, label: nameOfBrowser() });
}

/** @param {{key: string|null, browsers: Omit<Browser, "here">[]}} answer @returns {Promise<Told>} */
async function withHere(answer) {
  const mine = await existing();
  const digest = mine ? await digestOf(mine.endpoint) : "";
  return { key: answer.key, browsers: answer.browsers.map((one) => ({ ...one, here: one.digest === digest })) };
}

/** What the person's browsers are told. @throws {api.ApiError} */
export const look = async () => withHere(await api.get("push"));

/** Tells this browser from now on; asks the person for leave first. @param {string} key @throws {Error} the browser or its push service refuses */
export async function switchOn(key) {
  if ((await Notification.requestPermission()) !== "granted") throw new DOMException("", "NotAllowedError");
  await navigator.serviceWorker.register(WORKER, { scope: SCOPE });
  const ready = await navigator.serviceWorker.ready;
  const options = { userVisibleOnly: true, applicationServerKey: bytesOf(key) };
  let subscription;
  try {
    subscription = await ready.pushManager.subscribe(options);
  } catch (problem) {
    // Of an older key of ours: that one has to go first.
    const former = await ready.pushManager.getSubscription();
    if (!former) throw problem;
    await former.unsubscribe();
    subscription = await ready.pushManager.subscribe(options);
  }
  const answer = await tell(subscription);
  registration = ready;
  return withHere(answer);
}

/** Tells a browser no more. @param {Browser} one @throws {api.ApiError} */
export async function switchOff(one) {
  await api.remove(`push/${one.id}`);
  if (one.here) {
    registration = null;
    await (await existing())?.unsubscribe().catch(() => false);
  }
}

/** After signing in: where this person is told in this browser, it is so for the new session as well. */
export async function followPush() {
  registration = null;
  try {
    const subscription = await existing();
    if (!subscription || Notification.permission !== "granted") return;
    const { key, browsers } = await look();
    if (!key || !browsers.some((one) => one.here)) return;
    await tell(subscription);
    registration = (await navigator.serviceWorker.getRegistration(SCOPE)) ?? null;
  } catch {
    // The page itself tells as long as it is open; the settings show how it stands.
  }
}

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.addEventListener("message", (event) => {
    if (event.data?.kind === "open" && typeof event.data.hash === "string" && event.data.hash.startsWith("#/")) go(event.data.hash);
  });
}
