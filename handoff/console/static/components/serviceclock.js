// @ts-check
// The clocks of a conversation: which of them counts now, how far it has got, in words; and all of them, one under the other.
import * as api from "../api.js";
import { serverNow, useNow } from "../clock.js";
import { html } from "../html.js";
import { duration, t, timeOrDate } from "../i18n.js";
import { clockUrgency } from "../model.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Icon } from "./icons.js";
import { Level2Due } from "./level2clock.js";
import { AnswerClock } from "./social.js";

/** @typedef {import("../types.js").ServiceClock} ServiceClock */
/** @typedef {import("../types.js").Card} Card */

/** Beyond this the clock time says more than a countdown: people go home in between. */
const COUNTED_MS = 2 * 3600 * 1000;

/** The clock that counts in a list: the institution's, the answer's on a platform, else what is due first. @param {{card: Card}} props */
export function CardClock({ card }) {
  if (card.level2_clock) return html`<${Level2Due} card=${card} />`;
  return html`<${OwnClock} card=${card} />`;
}

/** The same without the institution's. @param {{card: Card}} props */
export function OwnClock({ card }) {
  if (card.service_clock && !(card.composer && card.clock)) return html`<${Ticking} clock=${card.service_clock} since=${card.waiting_since} />`;
  return html`<${AnswerClock} card=${card} />`;
}

/** @param {{clock: ServiceClock, since: string|null}} props `since`: since when the citizen waits */
function Ticking({ clock, since }) {
  const now = useNow();
  const level = clockUrgency(clock, now);
  const due = Date.parse(clock.due_at ?? "");
  return html`<span class=${`wait wait--due wait--${level}`} title=${t("service.due", { what: t(`service.kind.${clock.kind}`), time: timeOrDate(due) })}>
    <${Icon} name=${level === "calm" ? "clock" : "warn"} size=${14} />${clock.kind === "waiting"
      ? t(`service.waits.${level}`, { time: duration((now - Date.parse(since ?? clock.started_at)) / 1000) })
      : t(`service.level.${level}`, { what: t(`service.what.${clock.kind}`), time: leftOf(due, now) })}</span>`;
}

/** @param {number} due @param {number} now */
function leftOf(due, now) {
  if (now > due) return duration((now - due) / 1000);
  return due - now > COUNTED_MS ? t("social.due.by", { time: timeOrDate(due) }) : t("social.due.left", { time: duration((due - now) / 1000) });
}

/** How a clock stands, in a sentence. @param {ServiceClock} clock @param {number} now */
export function standing(clock, now) {
  const spent = duration(clock.spent_s);
  const due = clock.due_at ? Date.parse(clock.due_at) : null;
  if (clock.stopped_at) {
    const how = t(`service.cause.${clock.cause}`);
    if (clock.target_s === null) return t("service.stopped", { how, time: spent });
    return t(clock.breached ? "service.stopped_late" : "service.stopped_in_time", { how, time: spent, target: duration(clock.target_s) });
  }
  if (clock.paused) return t(clock.breached ? "service.paused_late" : "service.paused", { time: spent });
  if (due === null) return t("service.runs", { time: timeOrDate(clock.runs_from ?? clock.started_at) });
  return t(now > due ? "service.over_since" : "service.until", { time: timeOrDate(due) });
}

/** Every clock of a conversation, fetched again when the conversation has changed. @param {{card: Card}} props */
export function ClockList({ card }) {
  const lang = useStore((s) => s.lang);
  const [clocks, setClocks] = useState(/** @type {ServiceClock[]|null} */ (null));
  useEffect(() => {
    let stale = false;
    api.get(`service_level/conversations/${encodeURIComponent(card.id)}`).then(
      (got) => !stale && setClocks(got.clocks),
      (problem) => {
        // What stands beside the conversation must not take it away: the card keeps its own clock.
        if (!(problem instanceof api.ApiError)) throw problem;
        if (!stale) setClocks(null);
      },
    );
    return () => {
      stale = true;
    };
  }, [card.id, card.version, card.last?.ts, lang]);
  if (!clocks?.length) return null;
  const now = serverNow();
  return html`<h3>${t("service.title")}</h3>
    <ul class="clock-list">${clocks.map((one) => html`<li key=${`${one.kind}-${one.started_at}`} class=${one.breached ? "clock-list__late" : ""}>
      <${Icon} name=${one.breached ? "warn" : one.stopped_at ? "check" : "clock"} size=${14} /><span><strong>${t(`service.kind.${one.kind}`)}</strong> · ${standing(one, now)}</span></li>`)}</ul>`;
}
