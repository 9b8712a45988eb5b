// @ts-check
// What got stuck on a channel: events that were given up, and sends that failed or of which nobody knows. A person decides.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { html } from "../html.js";
import { dateTime, label, t } from "../i18n.js";
import { usePolled } from "../polling.js";
import { conversationHash, go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Confirm } from "./confirm.js";
import { Freshness } from "./accountcard.js";
import { Icon } from "./icons.js";

const EVERY_S = 20;

/** What went wrong with an event, as the server notes it, in words. @param {string|null} error */
function eventError(error) {
  if (!error) return "";
  const [, where] = /^bad_payload: (.*)$/s.exec(error) ?? [];
  if (where !== undefined) return t("channels.event_error.bad_payload", { where });
  if (error === "not_yet") return t("channels.event_error.not_yet");
  return t("channels.event_error.other", { error });
}

/**
 * @typedef {object} Question what is asked before an action
 * @property {any} row
 * @property {string} act
 * @property {string} title
 * @property {string} lead
 * @property {string} submit
 */

/**
 * @param {{kind: "events"|"sends", account: string, accounts: {id: string, name: string}[]}} props `account`: "" for all
 */
export function Stuck({ kind, account, accounts }) {
  const lang = useStore((s) => s.lang);
  const path = `channels/${kind === "events" ? "events" : "outbox"}`;
  const { data, error, at, reload } = usePolled(`${path}${api.query({ account })}`, EVERY_S * 1000, lang);
  const [busy, setBusy] = useState(/** @type {number|null} */ (null));
  const [failed, setFailed] = useState("");
  const [asks, setAsks] = useState(/** @type {Question|null} */ (null));
  /** Those dealt with since the last look: they must not be pressed twice. */
  const [gone, setGone] = useState(/** @type {Set<number>} */ (new Set()));
  const rows = (data?.rows ?? []).filter((/** @type {any} */ row) => !gone.has(row.id));

  /** @param {any} row @param {string} act @returns {Promise<string>} what went wrong, or nothing */
  const carryOut = async (row, act) => {
    setFailed("");
    try {
      await api.post(`${path}/${row.id}/${act}`, {});
      toast("ok", t(`channels.done.${kind}.${act}`));
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      // Somebody else, or the platform's own echo, has decided meanwhile.
      if (problem.status === 409 || problem.status === 404) toast("info", t("channels.changed_meanwhile"));
      else return reason(problem);
    }
    setGone((was) => new Set(was).add(row.id));
    setAsks(null);
    reload();
    // The button pressed goes with its row.
    setTimeout(() => document.getElementById("stuck-title")?.focus(), 60);
    return "";
  };
  /** @param {any} row @param {string} act */
  const atOnce = async (row, act) => {
    if (busy !== null) return;
    setBusy(row.id);
    setFailed(await carryOut(row, act));
    setBusy(null);
  };
  /** @param {any} row @param {string} act @param {string} how key of the words */
  const ask = (row, act, how) => setAsks({ row, act, title: t(`channels.ask.${how}.title`), lead: t(`channels.ask.${how}.lead`), submit: t(`channels.ask.${how}.submit`) });

  return html`
    <section class="stuck-part" aria-labelledby="stuck-title">
      <header class="page__head">
        <h2 id="stuck-title" tabindex="-1">${t(`channels.${kind}.title`)}</h2>
        <${Freshness} at=${at} everyS=${EVERY_S} onReload=${() => {
          reload();
          announce(t("channels.reloading"));
        }} />
      </header>
      <p class="muted">${t(`channels.${kind}.lead`)}</p>
      <div class="field stuck-part__account"><label for="stuck-account">${t("channels.account")}</label>
        <select class="input" id="stuck-account" value=${account} onChange=${(/** @type {any} */ e) => go(`#/channels/${kind}${api.query({ account: e.target.value })}`)}>
          <option value="" selected=${!account}>${t("channels.all_accounts")}</option>
          ${accounts.map((one) => html`<option value=${one.id} selected=${one.id === account}>${one.name}</option>`)}
        </select></div>
      ${error && html`<${Alert} text=${reason(error)} />`}
      <${Alert} text=${failed} />
      ${!data && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${data && rows.length === 0 && html`<p class="empty"><${Icon} name="done" size=${28} />${t(`channels.${kind}.empty`)}</p>`}
      ${rows.length > 0 && html`<ul class="stuck">${rows.map((/** @type {any} */ row) =>
        kind === "events"
          ? html`<${EventRow} key=${row.id} row=${row} busy=${busy === row.id} onRetry=${() => atOnce(row, "retry")} onDiscard=${() => ask(row, "discard", "discard")} />`
          : html`<${SendRow} key=${row.id} row=${row} onRetry=${() => ask(row, "retry", row.state === "unknown" ? "retry_unknown" : "retry_failed")}
              onMark=${() => ask(row, "mark_sent", "mark_sent")} />`)}</ul>`}
      ${asks && html`<${Confirm} title=${asks.title} lead=${asks.lead} submit=${asks.submit} onClose=${() => setAsks(null)} onConfirm=${() => carryOut(asks.row, asks.act)}>
        ${asks.row.text && html`<blockquote class="stuck__text"><bdi>${asks.row.text}</bdi></blockquote>`}
      </>`}
    </section>`;
}

/** @param {{row: any}} props */
const Where = ({ row }) => html`<p class="muted stuck__where">${label("channel", row.account.channel)} · <bdi>${row.account.name}</bdi>${row.conversation_id && html` · <a href=${conversationHash(row.conversation_id)}>${t("channels.conversation")}</a>`}</p>`;

/** @param {{row: any, busy: boolean, onRetry: () => void, onDiscard: () => void}} props */
const EventRow = ({ row, busy, onRetry, onDiscard }) => html`
  <li class="box stuck__row" data-row=${row.id}>
    <h3>${label("channels.event_kind", row.kind)} <span class="muted">${dateTime(row.occurred_at)}</span></h3>
    <${Where} row=${row} />
    <p class="stuck__why"><${Icon} name="warn" size=${16} /><span>${eventError(row.error)}</span></p>
    <p class="muted">${t("channels.attempts", { count: row.attempts })} · ${t("channels.received_at", { time: dateTime(row.received_at) })}</p>
    <div class="stuck__buttons">
      <${Button} icon="refresh" busy=${busy} onClick=${onRetry}>${t("channels.retry_event")}</>
      <${Button} onClick=${onDiscard}>${t("channels.discard_event")}</>
    </div>
  </li>`;

/** @param {{row: any, onRetry: () => void, onMark: () => void}} props */
const SendRow = ({ row, onRetry, onMark }) => html`
  <li class="box stuck__row" data-row=${row.id}>
    <h3>${label("channels.send_kind", row.kind)} <span class=${`chip send-state send-state--${row.state}`}>${t(`channels.send_state.${row.state}`)}</span></h3>
    <${Where} row=${row} />
    ${row.text && html`<blockquote class="stuck__text"><bdi>${row.text}</bdi></blockquote>`}
    <p class="stuck__why"><${Icon} name="warn" size=${16} /><span>${row.reason_text ?? t("channels.reason_unknown")}
      ${row.detail && html`<br /><span class="muted">${t("channels.platform_says")} <q lang="en">${row.detail}</q></span>`}</span></p>
    <p class="muted">${[
      t(row.by_person ? "channels.by_person" : "channels.by_assistant"),
      t("channels.written_at", { time: dateTime(row.created_at) }),
      t("channels.attempts", { count: row.attempts }),
      row.last_attempt_at && t("channels.last_attempt", { time: dateTime(row.last_attempt_at) }),
    ].filter(Boolean).join(" · ")}</p>
    <div class="stuck__buttons">
      <${Button} icon="send" onClick=${onRetry}>${t("channels.retry_send")}</>
      <${Button} icon="check" onClick=${onMark}>${t("channels.mark_sent")}</>
    </div>
  </li>`;
