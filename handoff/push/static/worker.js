// @ts-check
// The console's service worker: shows what was pushed, and opens the conversation. It caches nothing and answers no request.
const worker = /** @type {any} */ (self);

worker.addEventListener("install", () => worker.skipWaiting());
worker.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(worker.clients.claim()));

/** Windows of the console, whoever controls them. */
const windows = async () =>
  (await worker.clients.matchAll({ type: "window", includeUncontrolled: true })).filter((/** @type {any} */ one) => new URL(one.url).pathname.replace(/\/$/, "") === "/console");

worker.addEventListener("push", (/** @type {any} */ event) => {
  const show = async () => {
    /** @type {{title: string, body: string, tag: string, conversation?: string}|null} */
    let told = null;
    try {
      told = event.data.json();
    } catch {
      return; // nothing of ours
    }
    // Whoever has the console before his eyes has been told there.
    if (!told || (told.tag !== "pietura-test" && (await windows()).some((/** @type {any} */ one) => one.focused))) return;
    await worker.registration.showNotification(told.title, {
      body: told.body,
      tag: told.tag,
      icon: "/console/static/favicon.svg",
      data: { conversation: told.conversation ?? null },
    });
  };
  event.waitUntil(show());
});

worker.addEventListener("notificationclick", (/** @type {any} */ event) => {
  event.notification.close();
  const id = event.notification.data?.conversation;
  const hash = id ? `#/inbox/${encodeURIComponent(id)}` : "#/inbox";
  const open = async () => {
    const [first] = await windows();
    if (!first) return worker.clients.openWindow(`/console${hash}`);
    // The page goes there itself: to navigate it from here would load it anew, and drop what is being sent.
    first.postMessage({ kind: "open", hash });
    return first.focus();
  };
  event.waitUntil(open());
});
