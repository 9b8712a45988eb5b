// @ts-check
// Handing a conversation on: to a colleague, with whom it stays only when he accepts, or to a queue, whose people it is offered to.
import * as api from "../api.js";
import { act, told } from "../actions.js";
import { html } from "../html.js";
import { byName, label, t } from "../i18n.js";
import { cardOf } from "../model.js";
import { showDialog } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { Choice, focusInvalid } from "./field.js";
import { PickList, TextArea } from "./picklist.js";

/** @typedef {{id: string, name: string, mode: string, waiting: number, own: boolean, able: number, ready: number}} QueueChoice */

/** The queues that are on, as they are now. @param {string} id of which conversation; empty: of several */
export function useQueueChoices(id) {
  const [found, setFound] = useState(/** @type {{closed: string|null, queues: QueueChoice[]}|null} */ (null));
  const [error, setError] = useState("");
  useEffect(() => {
    let stale = false;
    api.get(`queues/choices${api.query({ conversation: id })}`).then(
      (got) => stale || setFound(got),
      (problem) => stale || setError(told(problem)),
    );
    return () => {
      stale = true;
    };
  }, [id]);
  return { found, error };
}

/** What one should know of a queue before. @param {QueueChoice} queue @param {boolean} waits */
const factsOf = (queue, waits) =>
  [
    queue.ready ? t("transfer.ready", { count: queue.ready }) : t(queue.able ? "transfer.nobody_now" : "transfer.nobody_others"),
    queue.waiting > 0 && t("transfer.waiting", { count: queue.waiting }),
    queue.own && t(waits ? "transfer.own_waits" : "transfer.own"),
  ].filter(Boolean).join(" · ");

/** @param {{queues: QueueChoice[], value: string, waits: boolean, onChange: (id: string) => void, error: string, autofocus?: boolean}} props */
export const QueuePick = ({ queues, value, waits, onChange, error, autofocus = false }) => html`
  <${PickList} legend=${t("transfer.queue")} value=${value} onChange=${onChange} error=${error} autofocus=${autofocus}
    items=${queues.map((one) => ({ id: one.id, name: one.name, dim: !one.ready, note: factsOf(one, waits) }))} />`;

/** @param {{id: string, only?: boolean}} props `only`: to a queue, nothing else is allowed */
export function TransferDialog({ id, only = false }) {
  const busy = useStore((s) => s.busy.has(id));
  const me = useStore((s) => s.me?.id);
  const colleagues = useStore((s) => s.colleagues);
  const [way, setWay] = useState(/** @type {"person"|"queue"} */ (only ? "queue" : "person"));
  const [to, setTo] = useState("");
  const [queue, setQueue] = useState("");
  const [note, setNote] = useState("");
  const [error, setError] = useState("");
  const [tried, setTried] = useState(false);
  const { found, error: unread } = useQueueChoices(id);
  const card = cardOf(id);
  const waits = Boolean(card && !card.holder && (card.state === "queued" || card.state === "offered"));
  const close = () => showDialog(null);
  const toQueue = way === "queue";
  // A specialist is brought in with his institution, not handed an operator's work.
  const takers = colleagues.filter((c) => c.id !== me && c.id !== card?.holder?.id && (c.role === "operator" || c.role === "supervisor"));
  const items = byName(takers).map((c) => {
    const ready = c.online && c.availability === "available";
    const status = !c.online ? t("colleague.offline") : ready ? t("colleague.available") : t("colleague.away");
    return { id: c.id, name: c.name, dim: !ready, note: `${label("role", c.role)} · ${status} · ${t("colleague.load", { count: c.load })}` };
  });
  items.sort((a, b) => Number(a.dim) - Number(b.dim));
  const chosen = found?.queues.find((one) => one.id === queue);
  // What waits already is not put where it is.
  const queues = (found?.queues ?? []).filter((one) => !(waits && one.own));
  /** @param {Event} event */
  const submit = async (event) => {
    setTried(true);
    if (toQueue ? !queue || !note.trim() : !to) {
      focusInvalid(/** @type {Element} */ (event.target));
      return;
    }
    setError("");
    const result = toQueue
      ? await act("to_queue", id, { queue_id: queue, note: note.trim() })
      : await act("transfer", id, { to_user: to, ...(note.trim() ? { note: note.trim() } : {}) });
    if (result.ok) close();
    else if (result.error) setError(result.error);
  };
  return html`
    <${Dialog} title=${t("transfer.title")} onClose=${close} onSubmit=${submit}
      footer=${html`<${Button} onClick=${close}>${t("action.cancel")}</>
        <${Button} kind="primary" type="submit" icon="swap" busy=${busy}>${t(toQueue ? "transfer.submit" : "dialog.transfer.submit")}</>`}>
      ${!only && html`<${Choice} legend=${t("transfer.to")} value=${way} onChange=${setWay}
        items=${[{ id: "person", name: t("transfer.to_person") }, { id: "queue", name: t("transfer.to_queue") }]} />`}
      <p class="dialog__lead">${t(!toQueue ? "dialog.transfer.lead" : waits ? "transfer.lead_waits" : "transfer.lead")}</p>
      ${!toQueue && html`
        <${PickList} legend=${t("dialog.transfer.who")} items=${items} value=${to} onChange=${setTo} autofocus
          empty=${t("dialog.transfer.nobody")} error=${tried && !to ? t("dialog.transfer.who_missing") : ""} />`}
      ${toQueue && !found && !unread && html`<p class="muted" role="status">${t("transfer.loading")}</p>`}
      ${toQueue && found && html`
        <${QueuePick} queues=${queues} value=${queue} waits=${waits} onChange=${setQueue} autofocus
          error=${tried && !queue ? t("transfer.queue_missing") : ""} />
        <div role="status">
          ${found.closed && html`<p class="notice">${t("transfer.closed", { when: found.closed })}</p>`}
          ${!found.closed && chosen && !chosen.ready && html`<p class="notice">${t("transfer.will_wait")}</p>`}
        </div>`}
      <${TextArea} label=${t(toQueue ? "transfer.note" : "dialog.transfer.note")} optional=${!toQueue} rows=${toQueue ? 3 : 2} value=${note} onInput=${setNote}
        error=${toQueue && tried && !note.trim() ? t("transfer.note_missing") : ""} />
      <${Alert} text=${error || (toQueue ? unread : "")} />
    </>`;
}
