// @ts-check
// The bar at the bottom, always there, so that a lost line moves nothing on the screen. And passing messages above it.
import { useNow } from "../clock.js";
import { html } from "../html.js";
import { clock, duration, t } from "../i18n.js";
import { isMine, isWaiting } from "../model.js";
import { dropToast, live, settingsOf, showDialog } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Icon } from "./icons.js";

/** A short break is no news: the bar turns red only when the line has been away for a while. */
const PATIENCE_MS = 1500;

/** @param {{at: number}} props */
function Age({ at }) {
  useNow(); // redraws every second
  return html`${duration((Date.now() - at) / 1000)}`;
}

export function StatusBar() {
  const net = useStore((s) => s.net);
  const cards = useStore((s) => s.cards);
  const me = useStore((s) => s.me);
  const online = net.status === "online";
  const [lost, setLost] = useState(false);
  useEffect(() => {
    if (online) {
      setLost(false);
      return undefined;
    }
    const timer = setTimeout(() => setLost(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [online]);
  const list = [...cards.values()];
  return html`
    <footer class=${lost ? "status status--lost" : "status"}>
      <p class="status__line" role="status">
        ${lost
          ? html`<${Icon} name="warn" size=${16} /><strong>${t("net.lost")}</strong> <span class="status__more">${net.dataAt ? t("net.data_from", { time: clock(net.dataAt) }) : ""}</span>`
          : html`<span class="status__dot" aria-hidden="true"></span>${t(online ? "net.online" : "net.connecting")}`}
      </p>
      ${lost && net.dataAt && html`<p class="status__age" title=${t("net.age")}><span class="vh">${t("net.age")} </span><${Age} at=${net.dataAt} /></p>`}
      ${lost && html`<button type="button" class="status__button" onClick=${() => live.retryNow()}><${Icon} name="refresh" size=${14} />${t("net.retry")}</button>`}
      ${!lost && me?.made_up && html`<p class="status__demo" title=${t("status.made_up_hint")}>${t("status.made_up")}<span class="vh">. ${t("status.made_up_hint")}</span></p>`}
      ${!lost && html`<p class="status__counts">
        <span>${t("status.waiting", { count: list.filter(isWaiting).length })}</span>
        <span>${t("status.mine", { count: me ? list.filter((c) => isMine(c, me.id)).length : 0 })}</span>
      </p>`}
      ${settingsOf(me).shortcuts && html`<button type="button" class="status__button status__keys" onClick=${() => showDialog({ kind: "help" })}><kbd>?</kbd> ${t("help.short")}</button>`}
    </footer>`;
}

export function Toasts() {
  const toasts = useStore((s) => s.toasts);
  return html`
    <div class="toasts">
      <div role="status">${toasts.filter((one) => one.kind !== "error").map((one) => html`<${ToastBox} key=${one.id} toast=${one} />`)}</div>
      <div role="alert">${toasts.filter((one) => one.kind === "error").map((one) => html`<${ToastBox} key=${one.id} toast=${one} />`)}</div>
    </div>`;
}

/** @param {{toast: import("../store.js").Toast}} props */
const ToastBox = ({ toast }) => html`
  <div class=${`toast toast--${toast.kind}`}>
    <${Icon} name=${toast.kind === "error" ? "warn" : toast.kind === "ok" ? "check" : "info"} /><p>${toast.text}</p>
    <button type="button" class="icon-button" aria-label=${t("action.dismiss")} onClick=${() => dropToast(toast.id)}><${Icon} name="close" size=${16} /></button>
  </div>`;
