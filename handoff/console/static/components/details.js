// @ts-check
// The right pane: what is known about the conversation, and what has happened to it.
import { html } from "../html.js";
import { clock, dateTime, label, t, timeOrDate } from "../i18n.js";
import { nameOf } from "../model.js";
import { conversationHash } from "../router.js";
import { set, useStore } from "../store.js";
import { CallbackSection } from "./callbacks.js";
import { CitizenCard } from "./citizen.js";
import { Icon } from "./icons.js";
import { servesCitizens, supervises } from "../pages.js";
import { KnowledgePanel } from "./knowledge.js";
import { Level2Due } from "./level2clock.js";
import { ClockList } from "./serviceclock.js";
import { AnswerClock, placeName, writerName } from "./social.js";

/** @param {{name: string, children?: any}} props */
const Row = ({ name, children }) => (children ? html`<div><dt>${name}</dt><dd>${children}</dd></div>` : null);

/** @param {{events: import("../types.js").TimelineEvent[]}} props */
export const Timeline = ({ events }) => html`
  <ol class="timeline">${events.map((event, i) => html`
    <li key=${`${event.ts}-${i}`}>
      <time datetime=${event.ts} title=${`${dateTime(event.ts)} (${clock(event.ts)})`}>${timeOrDate(event.ts)}</time>
      <p><span class="timeline__what">${event.text || label("event", event.kind)}</span>${nameOf(event.actor) && html`<bdi class="timeline__who">${nameOf(event.actor)}</bdi>`}</p>
    </li>`)}</ol>`;

/** @type {["about"|"knowledge", string][]} */
const TABS = [
  ["about", "details.tab_about"],
  ["knowledge", "knowledge.title"],
];

/** @param {{id: string}} props */
export function Details({ id }) {
  const tab = useStore((s) => s.detailsTab);
  const card = useStore((s) => s.cards.get(id) ?? s.conversations.get(id)?.card);
  if (!card) return html`<aside class="details" aria-label=${t("details.title")}></aside>`;
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    event.preventDefault();
    const next = tab === "about" ? "knowledge" : "about";
    set({ detailsTab: next });
    document.getElementById(`details-tab-${next}`)?.focus();
  };
  return html`
    <aside class="details" aria-label=${t("details.title")}>
      <header class="details__head">
        <a class="icon-button only-no-details" href=${conversationHash(id)} aria-label=${t("details.back")}><${Icon} name="back" /></a>
        <div class="tabs tabs--details" role="tablist" aria-label=${t("details.title")} onKeyDown=${onKey}>
          ${TABS.map(([name, key]) => html`<button type="button" key=${name} class="tab" role="tab" id=${`details-tab-${name}`} aria-controls="details-panel"
            aria-selected=${tab === name ? "true" : "false"} tabindex=${tab === name ? 0 : -1} onClick=${() => set({ detailsTab: name })}>${t(key)}</button>`)}
        </div>
      </header>
      <div id="details-panel" role="tabpanel" aria-labelledby=${`details-tab-${tab}`}>
        ${tab === "about" ? html`<${About} id=${id} />` : html`<${KnowledgePanel} key=${id} card=${card} />`}
      </div>
    </aside>`;
}

/** @param {{id: string}} props */
function About({ id }) {
  const conversation = useStore((s) => s.conversations.get(id));
  const listed = useStore((s) => s.cards.get(id));
  const topics = useStore((s) => s.topics);
  const role = useStore((s) => s.me?.role ?? "");
  const card = listed ?? conversation?.card;
  if (!card) return null;
  const thread = conversation?.thread;
  const topic = topics.find((one) => one.id === card.topic)?.name ?? card.topic;
  return html`
      <h2 class="vh">${t("details.title")}</h2>
      <dl class="facts">
        <${Row} name=${t("details.reason")}>${card.reason && label("reason", card.reason)}</>
        <${Row} name=${t("level2.row")}>${card.level2_clock && html`<${Level2Due} card=${card} /><span class="muted"> ${t("level2.title", { time: timeOrDate(card.level2_clock.due_at) })}</span>`}</>
        <${Row} name=${t(card.clock ? "social.details.due" : "details.waiting")}>${(card.composer ? card.clock : card.waiting_since) && html`<${AnswerClock} card=${card} />${card.due_at && html`<span class="muted"> ${t("details.due", { time: timeOrDate(card.due_at) })}</span>`}`}</>
        <${Row} name=${t("details.state")}>${label("state", card.state)}</>
        <${Row} name=${t("details.holder")}>${card.holder && html`<bdi>${card.holder.name}</bdi>`}</>
        <${Row} name=${t("details.specialist")}>${(card.specialist || card.level2_institution) && [card.specialist?.name, card.level2_institution?.name].filter(Boolean).join(", ")}</>
        <${Row} name=${t("details.institution")}><bdi>${card.institution?.name ?? t("card.no_institution")}</bdi></>
        <${Row} name=${t("details.service")}><bdi>${card.service?.title ?? t("card.no_service")}</bdi></>
        <${Row} name=${t("details.topic")}>${topic && html`<bdi>${topic}</bdi>`}</>
        <${Row} name=${t("details.municipality")}><bdi>${card.municipality?.name ?? t("details.unknown")}</bdi></>
        <${Row} name=${t("details.language")}>${label("language", card.lang)}</>
        <${Row} name=${t("details.channel")}>${label("channel", card.channel)}${placeName(card) && html`<span class="muted"> · <bdi>${placeName(card)}</bdi></span>`}</>
        <${Row} name=${t("social.details.author")}>${writerName(card.author) && html`<bdi>${writerName(card.author)}</bdi>${card.author?.name && card.author.handle && html`<span class="muted"> <bdi>@${card.author.handle.replace(/^@/, "")}</bdi></span>`}`}</>
        <${Row} name=${t("social.details.written")}>${thread && dateTime(thread.created_at)}</>
        <${Row} name=${t("details.opened")}>${dateTime(card.opened_at)}</>
        <${Row} name=${t("details.closed")}>${card.closed_at && dateTime(card.closed_at)}</>
        <${Row} name=${t("details.case_no")}>${card.case_no && (supervises(role) ? html`<a href=${`#/cases/${encodeURIComponent(card.case_no)}`}>${card.case_no}</a>` : card.case_no)}</>
      </dl>
      <${ClockList} key=${`clocks-${id}`} card=${card} />
      <h3>${t("details.contact")}</h3>
      ${card.contact
        ? html`<dl class="facts">
            <${Row} name=${t("details.name")}>${card.contact.name && html`<bdi>${card.contact.name}</bdi>`}</>
            <${Row} name=${t("details.email")}>${card.contact.email && html`<a href=${`mailto:${card.contact.email}`}>${card.contact.email}</a>`}</>
            <${Row} name=${t("details.phone")}>${card.contact.phone && html`<a href=${`tel:${card.contact.phone.replace(/[^\d+]/g, "")}`}>${card.contact.phone}</a>`}</>
          </dl>`
        : html`<p class="muted">${t("details.no_contact")}</p>`}
      <${CallbackSection} key=${`callbacks-${id}`} id=${id} mayAdd=${servesCitizens(role) && Boolean(conversation?.mayNote)} />
      <${CitizenCard} key=${id} card=${card} />
      <h3>${t("details.rating")}</h3>
      ${card.rating
        ? html`<p><strong>${t("details.score", { score: card.rating.score })}</strong>${card.rating.comment && html`<br /><bdi>${card.rating.comment}</bdi>`}</p>`
        : html`<p class="muted">${t("details.no_rating")}</p>`}
      <h3>${t("details.timeline")}</h3>
      <${Timeline} events=${conversation?.timeline ?? []} />`;
}
