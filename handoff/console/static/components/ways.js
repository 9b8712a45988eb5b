// @ts-check
// How an answer on a platform can go out: in public or privately, until when, in how many characters, at what price.
import { serverNow, useNow } from "../clock.js";
import { cx, html } from "../html.js";
import { dollars, duration, label, t, timeOrDate } from "../i18n.js";
import { readMode, writeMode } from "../keep.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Icon } from "./icons.js";
import { refusalText } from "./social.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {import("../types.js").Mode} Mode */
/** @typedef {import("../types.js").Place} Place */
/** @typedef {import("../types.js").WayToAnswer} WayToAnswer */

/** Browsers count time-outs in 32 bits. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;
/** When less is left than this, the end of the window is news. */
const NEAR_END_MS = 60 * 60 * 1000;
/** From so much on hours say more than seconds. */
const IN_HOURS_MS = 24 * 3600 * 1000;

/** @type {Record<Mode, string>} */
const ICONS = { direct: "talk", public: "globe", private: "lock" };

/** Who has said for which conversation that everybody may read it. @type {Set<string>} */
const confirmed = new Set();
/** @param {string} me @param {string} conversation */
export const isConfirmed = (me, conversation) => confirmed.has(`${me} ${conversation}`);
/** @param {string} me @param {string} conversation */
export const confirm = (me, conversation) => void confirmed.add(`${me} ${conversation}`);

/**
 * Windows close while somebody writes, and no frame tells of it.
 * @param {WayToAnswer[]} ways
 * @returns {WayToAnswer[]}
 */
function useOpenNow(ways) {
  const [, redraw] = useState(0);
  const now = serverNow();
  const next = Math.min(...ways.map((way) => Date.parse(way.closes_at ?? "") || Infinity).filter((at) => at > now));
  useEffect(() => {
    if (next === Infinity) return undefined;
    const timer = setTimeout(() => redraw((n) => n + 1), Math.min(LONGEST_TIMEOUT_MS, next - serverNow() + 50));
    return () => clearTimeout(timer);
  }, [next]);
  return ways.map((way) => (way.allowed && way.closes_at && Date.parse(way.closes_at) <= now ? { ...way, allowed: false, refusal: "window_closed" } : way));
}

/**
 * The ways to answer here, and the one that is chosen. What was chosen and is no longer open is not replaced by another: a text
 * meant for one person must not go out to everybody.
 * @param {Card} card
 * @param {string} me
 * @returns {{ways: WayToAnswer[], way: WayToAnswer|undefined, choose: (mode: Mode) => void}}
 */
export function useWays(card, me) {
  const place = card.composer;
  const ways = useOpenNow(place?.modes ?? []);
  const [chosen, setChosen] = useState(() => /** @type {Mode|null} */ (readMode(me, card.id)) ?? firstMode(card));
  const known = ways.find((way) => way.mode === chosen);
  return {
    ways,
    way: known ?? (ways.length === 1 ? ways[0] : undefined),
    choose(mode) {
      setChosen(mode);
      writeMode(me, card.id, mode);
    },
  };
}

/** Personal data in a public comment is answered privately; else as the comment was written, in public. @param {Card} card @returns {Mode|null} */
function firstMode(card) {
  const open = (card.composer?.modes ?? []).filter((way) => way.allowed).map((way) => way.mode);
  if (card.composer?.hide_proposed && open.includes("private")) return "private";
  return open[0] ?? card.composer?.modes[0]?.mode ?? null;
}

/** What a way means, or why it is closed. @param {WayToAnswer} way @param {Place} place */
function wayNote(way, place) {
  if (!way.allowed) return refusalText(way);
  if (way.mode === "public") return t("social.mode.public_note");
  if (way.mode === "private") return way.closes_at ? t("social.mode.private_left_until", { time: timeOrDate(way.closes_at) }) : t("social.mode.private_left");
  return place.kind === "direct" ? t("social.mode.direct_note") : "";
}

/** @param {{ways: WayToAnswer[], way: WayToAnswer|undefined, place: Place, onChoose: (mode: Mode) => void}} props */
export function Modes({ ways, way, place, onChoose }) {
  if (!ways.length) return html`<p class="way way--closed"><${Icon} name="ban" size=${16} /><span>${t("social.refusal.account_disabled")}</span></p>`;
  if (ways.length === 1) {
    const only = ways[0];
    return html`<p class=${cx("way", !only.allowed && "way--closed")} role=${only.allowed ? undefined : "status"}><${Icon} name=${only.allowed ? ICONS[only.mode] : "ban"} size=${16} />
      <span><strong>${t(`social.mode.${only.mode}`)}</strong> <span class="way__note">${wayNote(only, place)}</span></span></p>`;
  }
  return html`
    <fieldset class="ways">
      <legend class="vh">${t("social.mode.legend")}</legend>
      ${ways.map((one) => html`
        <label key=${one.mode} class=${cx("way", `way--${one.mode}`, !one.allowed && "way--closed")}>
          <input type="radio" name="answer-mode" value=${one.mode} checked=${way?.mode === one.mode && one.allowed} disabled=${!one.allowed} onChange=${() => onChoose(one.mode)} />
          <${Icon} name=${one.allowed ? ICONS[one.mode] : "ban"} size=${16} />
          <span><strong>${t(`social.mode.${one.mode}`)}</strong> <span class="way__note">${wayNote(one, place)}</span></span>
        </label>`)}
    </fieldset>`;
}

/** How long the platform still takes an answer; ticking when it is short. @param {{place: Place, until: string}} props */
function Window({ place, until }) {
  const now = useNow();
  const left = Date.parse(until) - now;
  const assistant = place.assistant_window_closes_at ? Date.parse(place.assistant_window_closes_at) - now : null;
  const time = left < IN_HOURS_MS ? duration(left / 1000) : t("social.window.hours", { count: Math.floor(left / 3600000) });
  return html`<span class=${left < NEAR_END_MS ? "fact fact--near" : "fact"}><${Icon} name=${left < NEAR_END_MS ? "warn" : "clock"} size=${14} />
    <span>${t("social.window.left", { time, until: timeOrDate(until) })}${place.human_agent && assistant !== null && html` ${assistant > 0 ? t("social.window.human_later", { time: timeOrDate(place.assistant_window_closes_at ?? "") }) : t("social.window.human_now")}`}</span></span>`;
}

/** Window, price, parts. @param {{id: string, place: Place, way: WayToAnswer|undefined, parts: boolean}} props */
export function Facts({ id, place, way, parts }) {
  const price = way ? place.cost?.[way.mode] : undefined;
  return html`
    <p class="facts-line" id=${id}>
      ${way?.allowed && way.mode === "direct" && way.closes_at && html`<${Window} place=${place} until=${way.closes_at} />`}
      ${way?.allowed && price !== undefined && html`<span class="fact"><${Icon} name="info" size=${14} /><span>${t("social.cost", { price: dollars(price), channel: label("channel", place.channel) })}</span></span>`}
      ${parts && html`<span class="fact"><${Icon} name="info" size=${14} /><span>${t("social.parts")}</span></span>`}
    </p>`;
}
