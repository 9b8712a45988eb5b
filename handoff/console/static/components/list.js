// @ts-check
// The left pane: tabs, search, cards.
import { announce } from "../attention.js";
import { cx, html, pure } from "../html.js";
import { label, t, timeOrDate } from "../i18n.js";
import { byWaiting, isMine, isOver, isWaiting } from "../model.js";
import { conversationHash, go } from "../router.js";
import { moveInList } from "../shortcuts.js";
import { useStore } from "../store.js";
import { useEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import { LangBadge, StateChip } from "./bits.js";
import { Icon } from "./icons.js";
import { authorName } from "./message.js";
import { fold } from "./picklist.js";
import { ViewTabs } from "./views.js";
import { CardClock } from "./serviceclock.js";
import { From, placeName, writerName } from "./social.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {"waiting"|"mine"|"all"} Tab */

/** @type {Tab[]} */
const TABS = ["waiting", "mine", "all"];

/** @param {Card} card */
function who(card) {
  const author = card.last?.author;
  if (!author) return "";
  if (author === "citizen" || (typeof author === "object" && author.kind === "citizen")) return writerName(card.author) || label("author", "citizen");
  return typeof author === "string" ? label("author", author) : authorName(author);
}

const CardView = pure(
  /** @param {{card: Card, current: boolean, showState: boolean}} props */
  ({ card, current, showState }) => html`
    <li class="card-item">
      <a class=${cx("card", current && "card--current", isOver(card) && "card--over")} href=${conversationHash(card.id)} data-card=${card.id}
        aria-current=${current ? "true" : undefined}>
        <span class="card__top">
          <${CardClock} card=${card} />
          <${LangBadge} lang=${card.lang} />
          ${showState && html`<${StateChip} card=${card} />`}
          ${!showState && card.offered_to && card.state === "offered" && html`<${StateChip} card=${card} />`}
          ${card.notes > 0 && html`<span class=${cx("badge badge--note", card.mentioned && "badge--called")} title=${t(card.mentioned ? "notes.card_called" : "notes.card", { count: card.notes })}><span aria-hidden="true">${card.mentioned ? "@" : ""}<${Icon} name="note" size=${13} /></span><span class="vh">${t(card.mentioned ? "notes.card_called" : "notes.card", { count: card.notes })}</span></span>`}
          ${card.unread > 0 && html`<span class="badge badge--unread"><span aria-hidden="true">${card.unread}</span><span class="vh">${t("card.unread", { count: card.unread })}</span></span>`}
        </span>
        <span class="card__title"><${Title} card=${card} /></span>
        <span class="card__from"><${From} card=${card} /></span>
        <span class="card__why"><bdi>${card.summary ?? (card.reason ? label("reason", card.reason) : "")}</bdi></span>
        ${card.queue && card.queue.id !== "common" && html`<span class="card__queue"><bdi>${card.queue.name}</bdi></span>`}
        ${card.waits_for && html`<span class="card__waits"><${Icon} name="warn" size=${13} />${card.waits_for.text}</span>`}
        <span class="card__last"><span class="card__who">${who(card)}${card.last ? ": " : ""}</span><bdi>${card.last?.text.replace(/\s+/g, " ") ?? ""}</bdi></span>
        <span class="card__time">${timeOrDate(card.last?.ts ?? card.opened_at)}</span>
      </a>
    </li>`,
);

/**
 * The service first: of several cards of one institution it is what tells them apart. On platforms whose name follows it; whose
 * page it is, stands in the next line.
 * @param {{card: Card}} props
 */
function Title({ card }) {
  const topics = useStore((s) => s.topics);
  const subject = card.service?.title ?? topics.find((one) => one.id === card.topic)?.name ?? card.topic;
  const writer = card.composer ? writerName(card.author) : "";
  const place = writer || (card.institution?.name ?? (card.composer ? (card.municipality?.name ?? placeName(card)) : t("card.no_institution")));
  if (!subject) return html`<bdi>${place}</bdi>`;
  return html`<bdi>${subject}</bdi><span class="card__place"> · <bdi>${place}</bdi></span>`;
}

/**
 * Cards in order of waiting; but while the pointer is over the list or the focus in it, the order stands still and new ones
 * come at the end: nothing may slip away from under a click.
 * @param {Card[]} cards
 * @param {boolean} frozen
 * @param {string} scope another tab or search begins anew
 */
function useCalmOrder(cards, frozen, scope) {
  const order = useRef({ scope, ids: /** @type {string[]} */ ([]) });
  const sorted = [...cards].sort(byWaiting);
  if (frozen && order.current.scope === scope) {
    const place = new Map(order.current.ids.map((id, i) => [id, i]));
    sorted.sort((a, b) => (place.get(a.id) ?? Infinity) - (place.get(b.id) ?? Infinity) || 0);
  }
  order.current = { scope, ids: sorted.map((card) => card.id) };
  return sorted;
}

/** @param {Card} card @param {string} wanted folded */
function matches(card, wanted) {
  const text = [card.institution?.name, card.service?.title, card.topic, card.municipality?.name, card.summary, card.last?.text,
    card.holder?.name, card.contact?.name, card.contact?.email, card.contact?.phone, card.case_no,
    placeName(card), card.post?.text, card.author?.name, card.author?.handle];
  return fold(text.filter(Boolean).join(" ")).includes(wanted);
}

/** @param {{current: string|null}} props */
export function List({ current }) {
  const cards = useStore((s) => s.cards);
  const me = useStore((s) => s.me?.id ?? "");
  const [tab, setTab] = useState(/** @type {Tab} */ ("waiting"));
  const [search, setSearch] = useState("");
  const [over, setOver] = useState(false);
  const [inside, setInside] = useState(false);

  const groups = useMemo(() => {
    const all = [...cards.values()];
    return { waiting: all.filter(isWaiting), mine: all.filter((c) => isMine(c, me)), all };
  }, [cards, me]);
  const wanted = fold(search.trim());
  const found = wanted ? groups[tab].filter((card) => matches(card, wanted)) : groups[tab];
  const shown = useCalmOrder(found, over || inside, `${tab}|${wanted}`);

  useEffect(() => {
    if (!wanted) return undefined;
    const timer = setTimeout(() => announce(t("list.found", { count: found.length })), 600);
    return () => clearTimeout(timer);
  }, [wanted, tab]);

  /** @param {KeyboardEvent} event */
  const tabKey = (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    event.preventDefault();
    const next = TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length];
    setTab(next);
    document.getElementById(`tab-${next}`)?.focus();
  };
  /** @param {KeyboardEvent} event */
  const listKey = (event) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    event.preventDefault();
    moveInList(event.key === "ArrowDown" ? 1 : -1);
  };

  return html`
    <section class="list" aria-label=${t("list.title")}>
      <${ViewTabs} current="" />
      <div class="tabs" role="tablist" aria-label=${t("list.tabs")} onKeyDown=${tabKey}>
        ${TABS.map((one) => html`
          <button type="button" role="tab" key=${one} id=${`tab-${one}`} class="tab" aria-controls="list-panel"
            aria-selected=${one === tab ? "true" : "false"} tabindex=${one === tab ? 0 : -1} onClick=${() => setTab(one)}>
            ${t(`tab.${one}`)} <span class=${cx("count", one === "waiting" && groups.waiting.length > 0 && "count--hot")}>${groups[one].length}</span>
          </button>`)}
      </div>
      <div class="list__search">
        <${Icon} name="search" size=${16} />
        <input id="list-search" class="input" type="search" value=${search} placeholder=${t("list.search")} aria-label=${t("list.search")}
          autocomplete="off" onInput=${(/** @type {any} */ e) => setSearch(e.target.value)}
          onKeyDown=${(/** @type {KeyboardEvent} */ e) => {
            if (e.key === "Escape") {
              setSearch("");
              /** @type {HTMLElement} */ (e.target).blur();
            } else if (e.key === "ArrowDown") {
              e.preventDefault();
              moveInList(1);
            } else if (e.key === "Enter" && shown.length) go(conversationHash(shown[0].id));
          }} />
      </div>
      <div class="list__panel" role="tabpanel" id="list-panel" aria-labelledby=${`tab-${tab}`} tabindex=${shown.length ? undefined : 0}
        onPointerEnter=${(/** @type {PointerEvent} */ e) => setOver(e.pointerType === "mouse")} onPointerLeave=${() => setOver(false)}
        onFocusIn=${() => setInside(true)} onFocusOut=${() => setInside(false)} onKeyDown=${listKey}>
        ${shown.length > 0
          ? html`<ul class="cards">${shown.map((card) => html`<${CardView} key=${card.id} card=${card} current=${card.id === current} showState=${tab !== "waiting"} />`)}</ul>`
          : html`<p class="empty"><${Icon} name=${wanted ? "search" : "done"} size=${28} />${wanted ? t("list.nothing_found") : t(`list.empty.${tab}`)}</p>`}
      </div>
    </section>`;
}
