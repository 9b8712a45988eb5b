// @ts-check
// The specialists' clock: until when the institution should answer, in working time by marks that the server tells.
import { useNow } from "../clock.js";
import { html } from "../html.js";
import { duration, t, timeOrDate } from "../i18n.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Level2Clock} Level2Clock */

/** Beyond this the clock time says more than a countdown: people go home in between. */
const COUNTED_MS = 2 * 3600 * 1000;

/** @param {Level2Clock} clock @param {number} now @returns {"calm"|"soon"|"late"|"over"} */
export function level2Urgency(clock, now) {
  if (now > Date.parse(clock.due_at)) return "over";
  if (now >= Date.parse(clock.late_at)) return "late";
  return now >= Date.parse(clock.soon_at) ? "soon" : "calm";
}

/** @param {{card: import("../types.js").Card}} props */
export function Level2Due({ card }) {
  return card.level2_clock ? html`<${Ticking} clock=${card.level2_clock} />` : null;
}

/** @param {{clock: Level2Clock}} props */
function Ticking({ clock }) {
  const now = useNow();
  const due = Date.parse(clock.due_at);
  if (clock.answered_at) {
    const late = Date.parse(clock.answered_at) > due;
    return html`<span class=${`wait wait--due wait--${late ? "late" : "calm"}`}><${Icon} name="check" size=${14} />${t(late ? "level2.answered_late" : "level2.answered")}</span>`;
  }
  const level = level2Urgency(clock, now);
  const left = due - now;
  const text = level === "over" ? t("level2.over", { time: timeOrDate(due) })
    : t(`level2.${level}`, { time: left > COUNTED_MS ? timeOrDate(due) : t("level2.in", { time: duration(left / 1000) }) });
  return html`<span class=${`wait wait--due wait--${level}`} title=${t("level2.title", { time: timeOrDate(due) })}>
    <${Icon} name=${level === "calm" ? "expert" : "warn"} size=${14} />${text}</span>`;
}
