// @ts-check
// The same done to many conversations: in small lots, so that one sees how far it is and can stop. What could not be done says why.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { html } from "../html.js";
import { byName, t } from "../i18n.js";
import { conversationHash } from "../router.js";
import { useStore } from "../store.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { QueuePick, useQueueChoices } from "./dialogs_transfer.js";
import { focusInvalid, focusSoon } from "./field.js";
import { Icon } from "./icons.js";
import { PickList, TextArea } from "./picklist.js";
import { writerName } from "./social.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {"take"|"transfer"|"close"|"spam"|"duplicate"|"to_queue"} Act */
/** @typedef {{id: string, ok: boolean, code: string|null, title: string|null}} Result */

export const MOST_SELECTED = 200;
const TOGETHER = 10;
/** @type {[Act, string][]} */
const ACTS = [["take", "take"], ["transfer", "swap"], ["to_queue", "swap"], ["close", "done"], ["spam", "ban"], ["duplicate", "copy"]];

/** @param {{cards: Card[], onClear: () => void, onDone: () => void}} props */
export function BulkBar({ cards, onClear, onDone }) {
  const [act, setAct] = useState(/** @type {Act|null} */ (null));
  return html`
    <section class="bulk" aria-label=${t("bulk.title")}>
      <p class="bulk__count" role="status">${t("bulk.selected", { count: cards.length })}</p>
      <div class="bulk__acts">
        ${ACTS.map(([one, icon]) => html`<${Button} key=${one} icon=${icon} onClick=${() => setAct(one)}>${t(`bulk.${one}`)}</>`)}
        <${Button} onClick=${onClear}>${t("bulk.clear")}</>
      </div>
      ${act && html`<${BulkDialog} act=${act} cards=${cards} onClose=${(/** @type {boolean} */ done) => { setAct(null); if (done) onDone(); }} />`}
    </section>`;
}

/** @param {{act: Act, cards: Card[], onClose: (done: boolean) => void}} props */
function BulkDialog({ act, cards, onClose }) {
  const topics = useStore((s) => s.topics);
  const outcomes = useStore((s) => s.outcomes);
  const colleagues = useStore((s) => s.colleagues);
  const me = useStore((s) => s.me?.id);
  const [topic, setTopic] = useState("");
  const [outcome, setOutcome] = useState("");
  const [to, setTo] = useState("");
  const [note, setNote] = useState("");
  const [tried, setTried] = useState(false);
  const [error, setError] = useState("");
  const [phase, setPhase] = useState(/** @type {"asks"|"works"|"stopped"|"done"} */ ("asks"));
  const [results, setResults] = useState(/** @type {Result[]} */ ([]));
  const stop = useRef(false);
  const [queue, setQueue] = useState("");
  const { found, error: unread } = useQueueChoices("");
  const handsOn = act === "to_queue";
  const lacks = (handsOn && (!queue || !note.trim())) || (act === "close" && (!topic || !outcome)) || (act === "transfer" && !to);

  /** @param {Event} event */
  const begin = async (event) => {
    if (phase !== "asks") return;
    setTried(true);
    if (lacks) {
      focusInvalid(/** @type {Element} */ (event.target));
      return;
    }
    setPhase("works");
    setError("");
    stop.current = false;
    /** @type {Result[]} */
    let all = [];
    for (let at = 0; at < cards.length && !stop.current; at += TOGETHER) {
      const items = cards.slice(at, at + TOGETHER).map((card) => ({ id: card.id, version: card.version, seq: card.seq }));
      try {
        const answer = await api.post("search/bulk", { act, items, topic, outcome, to_user: to, note, queue_id: queue });
        all = [...all, ...answer.results];
        setResults(all);
      } catch (problem) {
        if (!(problem instanceof api.ApiError)) throw problem;
        // What this lot came to is not known when the answer was lost: repeating is harmless, versions see to it.
        setError(reason(problem));
        setPhase(all.length ? "stopped" : "asks");
        return;
      }
    }
    setPhase(stop.current && all.length < cards.length ? "stopped" : "done");
    announce(t("bulk.result", { done: all.filter((one) => one.ok).length, of: cards.length }));
    focusSoon("bulk-result");
  };
  const done = results.filter((one) => one.ok).length;
  const failed = results.filter((one) => !one.ok);
  const people = byName(colleagues.filter((one) => one.id !== me && (one.role === "operator" || one.role === "supervisor")));
  /** @param {string} id */
  const nameOfCard = (id) => {
    const card = cards.find((one) => one.id === id);
    return card ? `${t("search.case", { no: String(card.case_no ?? "–") })} · ${writerName(card.author) || card.contact?.name || t("citizen.nameless")}` : id;
  };
  const close = () => {
    stop.current = true;
    onClose(results.length > 0);
  };
  return html`
    <${Dialog} title=${t(`bulk.${act}`)} onClose=${close} onSubmit=${begin}
      footer=${phase === "asks"
        ? html`<${Button} onClick=${close}>${t("action.cancel")}</><${Button} kind="primary" type="submit">${t("bulk.submit", { count: cards.length })}</>`
        : phase === "works"
          ? html`<${Button} icon="pause" onClick=${() => { stop.current = true; }}>${t("bulk.stop")}</>`
          : html`<${Button} kind="primary" onClick=${close}>${t("search.ready")}</>`}>
      ${phase === "asks" && html`
        <p tabindex="-1" data-focus=${act === "close" || act === "transfer" || handsOn ? undefined : ""}>${t(`bulk.lead.${act}`, { count: cards.length })}</p>
        ${act === "transfer" && html`<${PickList} legend=${t("bulk.to")} items=${people.map((one) => ({ id: one.id, name: one.name, note: one.online ? "" : t("bulk.offline") }))} value=${to} onChange=${setTo} autofocus error=${tried && !to ? t("bulk.to_missing") : ""} />`}
        ${act === "close" && html`<${PickList} legend=${t("search.topic")} items=${topics} value=${topic} onChange=${setTopic} autofocus error=${tried && !topic ? t("bulk.topic_missing") : ""} />
          <${PickList} legend=${t("search.outcome")} items=${outcomes} value=${outcome} onChange=${setOutcome} error=${tried && !outcome ? t("bulk.outcome_missing") : ""} />`}
        ${handsOn && !found && !unread && html`<p class="muted" role="status">${t("transfer.loading")}</p>`}
        ${handsOn && found && html`<${QueuePick} queues=${found.queues} value=${queue} waits=${false} onChange=${setQueue} autofocus error=${tried && !queue ? t("transfer.queue_missing") : ""} />
          ${found.closed && html`<p class="notice">${t("transfer.closed", { when: found.closed })}</p>`}`}
        ${act !== "take" && html`<${TextArea} label=${t(handsOn ? "transfer.note" : "bulk.note")} value=${note} onInput=${setNote} optional=${!handsOn} rows=${2}
          error=${handsOn && tried && !note.trim() ? t("transfer.note_missing") : ""} />`}`}
      ${phase !== "asks" && html`
        <progress class="bulk__progress" max=${cards.length} value=${results.length} aria-label=${t("bulk.progress")}></progress>
        <p id="bulk-result" tabindex="-1">${t("bulk.result", { done, of: cards.length })}${phase === "stopped" ? ` ${t("bulk.stopped")}` : ""}</p>
        ${failed.length > 0 && html`<h3>${t("bulk.failed", { count: failed.length })}</h3>
          <ul class="bulk__failed">${failed.map((one) => html`<li key=${one.id}><a href=${conversationHash(one.id)}><bdi>${nameOfCard(one.id)}</bdi></a>: ${one.title}</li>`)}</ul>`}`}
      <${Alert} text=${error || (handsOn ? unread : "")} />
    </>`;
}
