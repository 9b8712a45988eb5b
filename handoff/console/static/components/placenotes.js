// @ts-check
// What the one who answers must know of the place before he writes: personal data in public, answered already, blocked, gone.
import { begin } from "../actions.js";
import { html } from "../html.js";
import { dateTime, t } from "../i18n.js";
import { useStore } from "../store.js";
import { Button } from "./bits.js";
import { reasonText } from "./delivery.js";
import { PlaceNote } from "./social.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {import("../types.js").Thread} Thread */

/** Who hid a comment, when and why; by whom is not told where it was done on the platform itself. @param {NonNullable<Thread["hidden"]>} hidden @param {string|undefined} name */
const hiddenText = (hidden, name) =>
  [
    name ? t("social.hidden_by", { name, time: dateTime(hidden.at) }) : t("social.hidden_outside", { time: dateTime(hidden.at) }),
    hidden.reason ? t("social.hidden_reason", { reason: hidden.reason }) : "",
  ].join(" ");

/** @param {{card: Card, thread: Thread|null}} props */
export function PlaceNotes({ card, thread }) {
  const by = useStore((s) => s.colleagues.find((one) => one.id === thread?.hidden?.by)?.name ?? (s.me?.id === thread?.hidden?.by ? s.me?.name : undefined));
  const busy = useStore((s) => s.busy.has(card.id));
  const place = card.composer;
  if (!place) return null;
  const deed = thread?.last_deed;
  // Asked for and not done yet; once it is done, the card says so.
  const under = deed?.state === "queued";
  const wrong = deed && (deed.state === "failed" || deed.state === "unknown") && (deed.kind === "hide") !== place.hidden;
  return html`
    <div class="place-notes">
      ${place.hide_proposed && !under && html`
        <${PlaceNote} icon="warn" kind="warn"><p><strong>${t("social.hide_proposed.title")}</strong> ${t("social.hide_proposed.lead")}</p>
          ${card.may.includes("hide") && html`<${Button} icon="hide" busy=${busy} onClick=${() => begin("hide", card.id)}>${t("action.hide")}</>`}</>`}
      ${under && html`<${PlaceNote} icon="clock"><p role="status">${t(`social.deed.${deed.kind}`)}</p></>`}
      ${wrong && html`<${PlaceNote} icon="warn" kind="bad"><p role="status"><strong>${t(`social.deed_failed.${deed.kind}`)}</strong> ${reasonText(deed.reason)}</p></>`}
      ${place.hidden && !under && html`<${PlaceNote} icon="hide"><p>${thread?.hidden ? hiddenText(thread.hidden, by) : t("social.hidden")}</p></>`}
      ${place.answered_outside && html`<${PlaceNote} icon="outside"><p>${t("social.answered_outside")}</p></>`}
      ${place.blocked && html`<${PlaceNote} icon="ban" kind="bad"><p>${t("social.refusal.blocked")}</p></>`}
      ${place.deleted && html`<${PlaceNote} icon="bin"><p>${t("social.comment_gone")}</p></>`}
      ${place.paused && html`<${PlaceNote} icon="warn" kind="bad"><p>${t("social.refusal.account_paused")}</p></>`}
    </div>`;
}
