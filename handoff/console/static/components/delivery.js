// @ts-check
// What became of a message on its platform, why, and what can be done about it.
import { decide, history, reason as explain } from "../actions.js";
import { ApiError } from "../api.js";
import { announce } from "../attention.js";
import { html } from "../html.js";
import { dateTime, label, t } from "../i18n.js";
import { useStore } from "../store.js";
import { useState } from "../vendor/hooks.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Message} Message */

/** @type {Record<string, string>} */
const ICONS = { queued: "clock", sent: "check", delivered: "check", read: "check", failed: "warn", unknown: "question", cancelled: "ban" };
const TROUBLED = new Set(["failed", "unknown", "cancelled"]);

/** @param {import("../types.js").Delivery} delivery */
export const isTroubled = (delivery) => TROUBLED.has(delivery ?? "");

/** @param {string|null} code */
export function reasonText(code) {
  if (!code) return "";
  const text = label("social.reason", code);
  return text === code ? t("social.reason.unknown") : text;
}

/** One word and a sign, for messages that are well; and why one has not gone yet, if it was tried. @param {{delivery: import("../types.js").Delivery, reason?: string|null}} props */
export const DeliveryMark = ({ delivery, reason = null }) => html`
  <span class="msg__state"><${Icon} name=${ICONS[delivery ?? "sent"]} size=${13} />${t(`social.delivery.${delivery}`)}${delivery === "queued" && reason && html` ${reasonText(reason)} ${t("social.tried_again")}`}</span>`;

/**
 * A message that did not arrive, or of which nobody knows: why, where to look, and what to do.
 * @param {{conversation: string, message: Message, decides: boolean, url: string|null}} props `decides`: the viewer may say what is to happen
 */
export function Trouble({ conversation, message, decides, url }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const { delivery } = message;
  const unknown = delivery === "unknown";
  /** @param {"send_again"|"mark_sent"} verb */
  const run = async (verb) => {
    if (busy) return;
    setBusy(true);
    setError("");
    const problem = await decide(conversation, message.seq, verb);
    setBusy(false);
    setError(problem);
    if (problem) return;
    announce(t(`social.done.${verb}`));
    // The buttons go away with the trouble: the focus stays by the message.
    document.getElementById(`msg-${message.id}`)?.focus();
  };
  return html`
    <div class=${`trouble trouble--${delivery}`}>
      <p class="trouble__what"><${Icon} name=${ICONS[delivery ?? "failed"]} size=${15} /><span><strong>${t(`social.delivery.${delivery}`)}.</strong>${message.delivery_reason && ` ${reasonText(message.delivery_reason)}`}
        ${unknown && html` ${t("social.unknown_lead")}`}</span></p>
      ${unknown && url && html`<p><a href=${url} target="_blank" rel="noopener noreferrer">${t("social.look_on_platform")}<span class="vh"> ${t("message.new_window")}</span></a></p>`}
      ${decides
        ? html`<p class="trouble__ways">
            ${unknown && html`<button type="button" class="button" aria-disabled=${busy ? "true" : undefined} onClick=${() => run("mark_sent")}><${Icon} name="check" size=${15} /><span>${t("social.mark_sent")}</span></button>`}
            <button type="button" class="button" aria-disabled=${busy ? "true" : undefined} onClick=${() => run("send_again")}><${Icon} name="refresh" size=${15} /><span>${t("social.send_again")}</span></button>
          </p>`
        : html`<p class="muted">${t("social.others_decide")}</p>`}
      ${error && html`<p class="field__error" role="alert">${error}</p>`}
    </div>`;
}

/** Whether the signed-in person may decide about sends of a conversation; the server checks again. @param {string} id */
export function useDecides(id) {
  return useStore((s) => {
    const card = s.cards.get(id) ?? s.conversations.get(id)?.card;
    const me = s.me;
    if (!card || !me) return false;
    return card.holder?.id === me.id || card.specialist?.id === me.id || me.role === "supervisor" || me.role === "admin";
  });
}

/** "Edited" or "deleted", and on demand what it said before; that is on record. @param {{conversation: string, message: Message}} props */
export function Changed({ conversation, message }) {
  const [versions, setVersions] = useState(/** @type {{what: string, at: string, text: string}[]|null} */ (null));
  const [open, setOpen] = useState(false);
  const [error, setError] = useState("");
  const toggle = async () => {
    setError("");
    if (open) {
      setOpen(false);
      return;
    }
    try {
      setVersions(await history(conversation, message.seq));
      setOpen(true);
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(explain(problem));
    }
  };
  const id = `history-${message.id}`;
  // Our own words that were deleted on the platform are there still.
  const kept = message.deleted && message.author.kind !== "citizen";
  return html`
    <div class="changed">
      <span class="changed__what"><${Icon} name=${message.deleted ? "bin" : "edit"} size=${13} />${t(message.deleted ? (kept ? "social.deleted_there" : "social.deleted_by_author") : message.author.kind === "citizen" || message.delivery ? "social.edited" : "correction.edited")}</span>
      ${!kept && html`<button type="button" class="link-button" aria-expanded=${open ? "true" : "false"} aria-controls=${open ? id : undefined} onClick=${toggle}>${t(open ? "social.history_hide" : "social.history_show")}</button>`}
      ${error && html`<p class="field__error" role="alert">${error}</p>`}
      ${open && versions && html`<div class="history" id=${id}>
        ${versions.length
          ? html`<ol>${versions.map((one) => html`<li key=${one.at}><span class="muted">${t(`social.history.${one.what}`, { time: dateTime(one.at) })}</span><bdi class="history__text">${one.text}</bdi></li>`)}</ol>`
          : html`<p class="muted">${t("social.history_none")}</p>`}
        <p class="muted history__note">${t("social.history_on_record")}</p>
      </div>`}
    </div>`;
}
