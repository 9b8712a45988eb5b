// @ts-check
// Small pieces used in many places.
import { useNow } from "../clock.js";
import { cx, html, pure } from "../html.js";
import { duration, label, t } from "../i18n.js";
import { isOver, urgency } from "../model.js";
import { useStore } from "../store.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Card} Card */

/** How long the citizen has waited, ticking. Its width is fixed: the digits must not push what stands beside them. @param {{card: Card}} props */
export function Waiting({ card }) {
  const now = useNow();
  if (!card.waiting_since) return html`<span class="wait wait--none" aria-hidden="true">–</span>`;
  const seconds = (now - Date.parse(card.waiting_since)) / 1000;
  const level = urgency(card, now);
  return html`<span class=${`wait wait--${level}`}>
    <${Icon} name=${level === "over" || level === "late" ? "warn" : "clock"} size=${14} />
    <span class="vh">${t(level === "over" ? "card.waits_over" : "card.waits")} </span>${duration(seconds)}
  </span>`;
}

export const LangBadge = pure(
  /** @param {{lang: string}} props */
  ({ lang }) => html`<span class="badge badge--lang"><span aria-hidden="true">${lang.toUpperCase()}</span><span class="vh">${label("language", lang)}</span></span>`,
);

/** @param {{card: Card}} props */
export function StateChip({ card }) {
  const me = useStore((s) => s.me?.id);
  let text = label("state", card.state);
  if (card.state === "offered") {
    text = card.offered_to?.id === me ? t("state.offered_me") : t("state.offered_to", { name: card.offered_to?.name ?? "–" });
  } else if (card.state === "level2" && card.specialist) text = t("state.level2_with", { name: card.specialist.name });
  else if ((card.state === "active" || card.state === "on_hold" || card.state === "wrap_up") && card.holder && card.holder.id !== me) {
    text = `${text} · ${card.holder.name}`;
  }
  return html`<span class=${cx("chip", `chip--${isOver(card) ? "closed" : card.state}`)}>${text}</span>`;
}

/** @param {{icon?: string, kind?: string, busy?: boolean, children?: any, hint?: string}} props */
export function Button({ icon, kind = "", busy = false, children, hint, ...rest }) {
  return html`<button type="button" class=${cx("button", kind && `button--${kind}`)} aria-disabled=${busy ? "true" : undefined} ...${rest}>
    ${icon && html`<${Icon} name=${icon} />`}<span>${children}</span>${hint && html`<kbd aria-hidden="true">${hint}</kbd>`}
  </button>`;
}

/** @param {{text: string}} props */
export const Alert = ({ text }) => (text ? html`<p class="alert" role="alert"><${Icon} name="warn" />${text}</p>` : null);
