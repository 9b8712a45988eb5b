// @ts-check
// A conversation that is put to me, wherever in the console I am: what it is, how long I have, one key for each answer. It
// takes no focus: whoever is writing goes on writing.
import { begin } from "../actions.js";
import { announce } from "../attention.js";
import { useNow } from "../clock.js";
import { html } from "../html.js";
import { duration, label, t } from "../i18n.js";
import { changeMe, settingsOf, toast } from "../session.js";
import { state, useStore } from "../store.js";
import { useEffect, useRef } from "../vendor/hooks.js";
import { Button, LangBadge, Waiting } from "./bits.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Card} Card */

const LAST_CALL_S = 10;

/** What is put to me, the one that runs out first in front. @returns {Card[]} */
export const offersToMe = () =>
  [...state.cards.values()].filter((card) => card.may.includes("accept") && card.offer).sort((a, b) => ends(a) - ends(b));

/** @param {Card} card */
const ends = (card) => (card.offer?.until ? Date.parse(card.offer.until) : Infinity);

/** The first of the offers is answered. @param {"accept"|"decline"} action @returns {boolean} false when there is none */
export function answerOffer(action) {
  const first = offersToMe()[0];
  if (!first) return false;
  begin(action, first.id);
  return true;
}

/** What it is about, in few words. @param {Card} card */
const subject = (card) => card.service?.title ?? card.institution?.name ?? card.composer?.account.name ?? t("card.no_institution");

export function OfferCard() {
  const cards = useStore((s) => s.cards);
  const me = useStore((s) => s.me);
  const now = useNow();
  const before = useRef(/** @type {string|null} */ (null));
  const called = useRef("");
  const offers = offersToMe();
  const card = offers[0];
  const left = card ? Math.max(0, Math.ceil((ends(card) - now) / 1000)) : Infinity;
  const key = card ? `${card.id} ${card.offer?.since}` : "";

  useEffect(() => {
    const gone = before.current;
    before.current = card?.id ?? null;
    if (!gone || gone === card?.id) return;
    const now = state.cards.get(gone);
    // What I answered myself is no news.
    if (now?.may.includes("accept") || now?.holder?.id === me?.id || state.busy.has(gone)) return;
    toast("info", t("offer.gone"));
  }, [card?.id, cards]);
  useEffect(() => {
    // Once, and not every second: so a screen reader can be listened to.
    if (!card || left > LAST_CALL_S || left === 0 || called.current === key) return;
    called.current = key;
    announce(t("offer.last_call", { seconds: left, subject: subject(card) }));
  }, [left, key]);

  if (!card) return html`<${AwayNotice} />`;
  const busy = state.busy.has(card.id);
  const keys = settingsOf(me).shortcuts;
  const total = Math.max(1, Math.round((ends(card) - Date.parse(card.offer?.since ?? "")) / 1000));
  return html`
    <section class="offer" aria-labelledby="offer-title">
      <h2 class="offer__title" id="offer-title"><${Icon} name="bell" />${card.offer?.routed ? t("offer.title") : t("offer.from", { name: card.holder?.name ?? "–" })}</h2>
      <p class="offer__facts"><${LangBadge} lang=${card.lang} /><span>${label("channel", card.channel)}</span><${Waiting} card=${card} />
        ${card.queue && html`<span class="muted"><bdi>${card.queue.name}</bdi></span>`}</p>
      <p class="offer__subject"><bdi>${subject(card)}</bdi></p>
      ${card.summary && html`<p class="offer__why"><bdi>${card.summary}</bdi></p>`}
      ${Number.isFinite(left) && html`
        <p class="offer__left" role="timer" aria-live="off">${t("offer.left", { time: duration(left) })}</p>
        <progress class=${left <= LAST_CALL_S ? "offer__bar offer__bar--late" : "offer__bar"} max=${total} value=${Math.min(left, total)} aria-hidden="true"></progress>`}
      <div class="offer__buttons">
        <${Button} kind="primary" icon="check" busy=${busy} hint=${keys ? "A" : undefined} aria-keyshortcuts=${keys ? "A" : undefined}
          onClick=${() => begin("accept", card.id)}>${t("offer.accept")}</>
        <${Button} icon="close" busy=${busy} hint=${keys ? "D" : undefined} aria-keyshortcuts=${keys ? "D" : undefined}
          onClick=${() => begin("decline", card.id)}>${t(card.offer?.routed ? "offer.pass" : "action.decline")}</>
      </div>
      ${offers.length > 1 && html`<p class="offer__more muted">${t("offer.more", { count: offers.length - 1 })}</p>`}
    </section>`;
}

/** Why I am away though I did not choose it, and the way back. */
function AwayNotice() {
  const me = useStore((s) => s.me);
  if (!me?.away_reason || me.availability !== "away") return null;
  return html`
    <section class="offer offer--away" aria-label=${t("away.title")} role="status">
      <p class="offer__title"><${Icon} name="warn" />${t(`away_reason.${me.away_reason}`)}</p>
      <div class="offer__buttons"><${Button} kind="primary" icon="check" onClick=${() => changeMe({ availability: "available" })}>${t("away.back")}</></div>
    </section>`;
}

/** What I carry of what I can: beside presence and availability the third fact, and none of them follows from another. */
export function Load() {
  const me = useStore((s) => s.me);
  const cards = useStore((s) => s.cards);
  if (!me?.capacity || (me.role !== "operator" && me.role !== "supervisor")) return null;
  let carried = 0;
  for (const card of cards.values()) {
    const held = card.holder?.id === me.id && ["active", "on_hold", "level2", "wrap_up", "offered"].includes(card.state);
    const offered = card.state === "offered" && !card.holder && card.offered_to?.id === me.id;
    if (held || offered) carried += card.weight ?? 100;
  }
  const text = { load: units(carried), capacity: units(me.capacity * 100) };
  return html`<p class=${carried >= me.capacity * 100 ? "load load--full" : "load"} title=${t("load.title", text)}>
    <span aria-hidden="true"><span class="load__word">${t("load.word")} </span>${text.load}/${text.capacity}</span><span class="vh">${t("load.title", text)}</span></p>`;
}

/** Hundredths of a unit of capacity, as a number. @param {number} hundredths */
export const units = (hundredths) => (hundredths / 100).toLocaleString(state.lang, { maximumFractionDigits: 2 });
