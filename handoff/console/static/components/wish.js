// @ts-check
// A wish for a change, whatever it is of (answers, wording, plans): who wished for it, and what becomes of it by a press. Somebody
// may always be faster: then what there is now is fetched, so that it can be compared, and nothing is overwritten.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { cx, html } from "../html.js";
import { dateTime, t } from "../i18n.js";
import { toast } from "../session.js";
import { useState } from "../vendor/hooks.js";
import { Confirm } from "./confirm.js";

/** @typedef {{id: string, version: number, state: string, author: {name: string}, changed_at: string, valid_from: string|null, valid_to: string|null, note: string|null, decision: string|null, decided_by: {name: string}|null}} Wish */

/**
 * What can be done with a wish; `act` and `tried` tell what was said against it.
 * @param {string} path of the kind's changes, `plans/changes`
 * @param {{id: string, version: number}} change
 * @param {{done: (verb: string) => void, conflict: () => unknown, said?: (verb: string) => string}} how `said`: the key of what is told when it is done
 */
export function useWish(path, change, { done, conflict, said = (verb) => `knowledge.done.${verb}` }) {
  const [asking, setAsking] = useState(/** @type {"send_back"|"drop"|"approve"|null} */ (null));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  /** @param {() => Promise<unknown>} work @returns {Promise<string>} */
  const tried = async (work) => {
    try {
      await work();
      return "";
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      if (problem.status === 409) await conflict();
      return reason(problem);
    }
  };
  /** @param {string} verb @param {object} [more] @returns {Promise<string>} */
  const act = async (verb, more = {}) => {
    const against = await tried(() =>
      verb === "drop"
        ? api.remove(`${path}/${change.id}${api.query({ version: change.version })}`)
        : api.post(`${path}/${change.id}/${verb}`, { version: change.version, ...more }));
    if (against) return against;
    setAsking(null);
    toast("ok", t(said(verb)));
    done(verb);
    return "";
  };
  /** A press that asks nothing first. @param {() => Promise<string>} work */
  const pressed = async (work) => {
    if (busy) return;
    setBusy(true);
    setError(await work());
    setBusy(false);
  };
  return { asking, setAsking, busy, error, act, tried, pressed, press: (/** @type {string} */ verb) => pressed(() => act(verb)) };
}

/** In which state it is, whose it is, since when, why, and what was said to it. @param {{change: Wish}} props */
export const WishHead = ({ change }) => html`
  <p class="change__head"><span class=${cx("chip", `chip--${change.state}`)}>${t(`knowledge.state.${change.state}`)}</span>
    <bdi>${change.author.name}</bdi> · <time datetime=${change.changed_at}>${dateTime(change.changed_at)}</time>
    ${change.valid_from && html`<span> · ${t("knowledge.valid_from", { time: dateTime(change.valid_from) })}</span>`}${change.valid_to && html`<span> · ${t("knowledge.valid_to", { time: dateTime(change.valid_to) })}</span>`}</p>
  ${change.note && html`<p><strong>${t("knowledge.field.note")}:</strong> <bdi>${change.note}</bdi></p>`}
  ${change.decision && html`<p><strong>${change.decided_by ? change.decided_by.name : ""}:</strong> <bdi>${change.decision}</bdi></p>`}`;

/** What is asked before it is sent back or dropped. @param {{wish: ReturnType<typeof useWish>, drop: string}} props `drop`: what dropping means */
export const WishAsks = ({ wish: { asking, setAsking, act }, drop }) => html`
  ${asking === "send_back" && html`<${Confirm} title=${t("knowledge.send_back")} lead=${t("knowledge.send_back_lead")} submit=${t("knowledge.send_back")} icon="undo" onClose=${() => setAsking(null)}
    reason=${{ label: t("knowledge.why"), missing: t("knowledge.why_missing") }} onConfirm=${(/** @type {string} */ note) => act("send_back", { note })} />`}
  ${asking === "drop" && html`<${Confirm} title=${t("knowledge.drop")} lead=${drop} submit=${t("knowledge.drop")} icon="bin" onClose=${() => setAsking(null)} onConfirm=${() => act("drop")} />`}`;
