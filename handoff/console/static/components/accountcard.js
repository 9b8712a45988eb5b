// @ts-check
// One channel account on the board: how it is doing, what to do about it, and the buttons that administrators have.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { daysLeft, errorText, moment, standing, troubles, webhookText } from "../channelhealth.js";
import { cx, html } from "../html.js";
import { calendarDay, dateTime, dollars, label, number, t, timeOrDate } from "../i18n.js";
import { toast } from "../session.js";
import { useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Confirm } from "./confirm.js";
import { Icon } from "./icons.js";

/** @typedef {import("../channelhealth.js").Account} Account */
/** @typedef {import("../channelhealth.js").Trouble} Trouble */

const STANDING_ICON = { works: "check", paused: "pause", attention: "warn", off: "ban" };
/** Channels whose platform charges for sends. */
const PRICED = new Set(["x"]);

/** @param {{account: Account, known: Trouble[]}} props */
export function StandingChip({ account, known }) {
  const how = standing(account, known);
  return html`<span class=${`chip standing standing--${how}`}><${Icon} name=${STANDING_ICON[how]} size=${14} />${t(`channels.standing.${how}`)}</span>`;
}

/** What is wrong, in words, and what to do about it. @param {{known: Trouble[], admin: boolean, id: string}} props */
export const Troubles = ({ known, admin, id }) =>
  known.length > 0
    ? html`<ul class="account-troubles" aria-label=${t("channels.troubles")}>${known.map((one) => html`
        <li key=${one.code} class=${one.bad ? "account-trouble account-trouble--bad" : "account-trouble"}><${Icon} name="warn" size=${16} />
          <p><strong>${one.text}</strong>${admin ? one.todo && html` ${one.todo}` : one.bad && html` ${t("channels.tell_administrator")}`}
            ${admin && STUCK_OF[one.code] && html` <a href=${`#/channels/${STUCK_OF[one.code]}?account=${id}`}>${t(`channels.look.${STUCK_OF[one.code]}`)}</a>`}</p></li>`)}</ul>`
    : null;

/** @type {Record<string, string>} */
const STUCK_OF = { dead: "events", failed: "sends", unknown: "sends" };

/** @param {{account: Account, now: number}} props */
function Facts({ account, now }) {
  const { check, counts } = account;
  const token = check?.token_expires_at;
  const version = check?.api_version_ends;
  const speaks = account.settings.api_version;
  const waits = (counts.new ?? 0) + (counts.waiting ?? 0);
  const owed = (counts.queued ?? 0) + (counts.sending ?? 0);
  const never = t("channels.never");
  /** @type {[string, any][]} */
  const facts = [
    ["last_event", moment(account.last_event_at, never)],
    ["last_sent", moment(account.last_sent_at, never)],
    ["webhook", webhookText(account)],
    ["token", !check ? t("channels.webhook.not_checked") : token ? t("channels.token_until", { date: dateTime(token), count: Math.max(0, daysLeft(token, now)) }) : t("channels.token_no_end")],
    ["version", (speaks || version) && [speaks, version && t("channels.version_until", { date: calendarDay(version), count: Math.max(0, daysLeft(version, now)) })].filter(Boolean).join(", ")],
    ["events", t("channels.counts_in", { waits: number(waits), dead: number(counts.dead ?? 0) })],
    ["sends", t("channels.counts_out", { owed: number(owed), failed: number(counts.failed ?? 0), unknown: number(counts.unknown ?? 0) })],
    ["spend", (PRICED.has(account.channel) || Number(account.spend) > 0) && dollars(account.spend)],
    ["last_error", account.last_error && html`${errorText(account.last_error)} <span class="muted">(${moment(account.last_error_at, "")})</span>`],
    ["checked", moment(account.checked_at, t("channels.webhook.not_checked"))],
  ];
  return html`<dl class="facts account__facts">${facts.map(([name, value]) => value && html`
    <div key=${name}><dt>${t(`channels.fact.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/**
 * Test, connect, switch off and on, with what came of it in words.
 * @param {{account: Account, onChange: (account: Account) => void, editLink?: boolean}} props
 */
export function AccountActions({ account, onChange, editLink = false }) {
  const [busy, setBusy] = useState("");
  const [result, setResult] = useState(/** @type {{ok: boolean, act: string, check: any}|null} */ (null));
  const [error, setError] = useState("");
  const [asks, setAsks] = useState(false);
  /** @param {"test"|"subscribe"} act */
  const ask = async (act) => {
    if (busy) return;
    setBusy(act);
    setError("");
    setResult(null);
    announce(t(`channels.${act}_under_way`));
    try {
      const answer = await api.post(`channels/${account.id}/${act}`, {});
      setResult({ ok: answer.ok, act, check: answer.account.check });
      onChange(answer.account);
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
    }
    setBusy("");
  };
  const turn = async () => {
    try {
      const changed = await api.put(`channels/${account.id}`, { enabled: !account.enabled });
      setAsks(false);
      toast("ok", t(changed.enabled ? "channels.switched_on" : "channels.switched_off", { name: account.name }));
      onChange(changed);
      return "";
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      return reason(problem);
    }
  };
  const name = html`<span class="vh">: ${account.name}</span>`;
  const turns = account.enabled ? "off" : "on";
  return html`
    <div class="account__actions">
      <${Button} icon="refresh" busy=${busy === "test"} onClick=${() => ask("test")}>${t(busy === "test" ? "channels.test_under_way" : "channels.test")}${name}</>
      <${Button} icon="plug" busy=${busy === "subscribe"} onClick=${() => ask("subscribe")}>${t(busy === "subscribe" ? "channels.subscribe_under_way" : "channels.subscribe")}${name}</>
      ${editLink && html`<a class="button" href=${`#/channels/${account.id}`}><${Icon} name="edit" /><span>${t("channels.edit")}${name}</span></a>`}
      <${Button} icon=${account.enabled ? "ban" : "play"} onClick=${() => setAsks(true)}>${t(`channels.switch_${turns}`)}${name}</>
    </div>
    <div class="account__result" role="status">${result && html`<${Result} ...${result} />`}</div>
    <${Alert} text=${error} />
    ${asks && html`<${Confirm} title=${t(`channels.switch_${turns}_title`, { name: account.name })} lead=${t(`channels.switch_${turns}_lead`)}
      submit=${t(`channels.switch_${turns}`)} onClose=${() => setAsks(false)} onConfirm=${turn} />`}`;
}

/** What the platform said when it was asked. @param {{ok: boolean, act: string, check: any}} props */
function Result({ ok, act, check }) {
  if (ok) {
    return html`<p class="result result--ok"><${Icon} name="done" /><span>${t(`channels.${act}_ok`)}${check?.name && html` ${t("channels.known_as", { name: check.name })}`}</span></p>`;
  }
  const problems = (check?.problems ?? []).map((/** @type {any} */ one) => one.text).join(" ");
  return html`<p class="result result--bad"><${Icon} name="warn" /><span><strong>${t(`channels.${act}_bad`)}</strong> ${problems}
    ${check?.detail && html`<br /><span class="muted">${t("channels.platform_says")} <q lang="en">${check.detail}</q></span>`}</span></p>`;
}

/** @param {{account: Account, now: number, admin: boolean, onChange: (account: Account) => void}} props */
export function AccountCard({ account, now, admin, onChange }) {
  const known = troubles(account, now);
  const how = standing(account, known);
  return html`
    <li class=${cx("box", "account", `account--${how}`)} data-account=${account.id}>
      <header class="account__head">
        <h2><span class="account__channel">${label("channel", account.channel)}</span>
          ${admin ? html`<a href=${`#/channels/${account.id}`}><bdi>${account.name}</bdi></a>` : html`<bdi>${account.name}</bdi>`}</h2>
        <${StandingChip} account=${account} known=${known} />
        <p class="muted account__owner"><bdi>${account.owner.name}</bdi></p>
      </header>
      <${Troubles} known=${known} admin=${admin} id=${account.id} />
      <${Facts} account=${account} now=${now} />
      ${admin && html`<${AccountActions} account=${account} onChange=${onChange} editLink />`}
    </li>`;
}

/** @param {{at: number, everyS: number, onReload: () => void}} props */
export const Freshness = ({ at, everyS, onReload }) => html`
  <p class="fresh muted"><span>${at ? t("channels.fresh", { time: timeOrDate(at), count: everyS }) : ""}</span>
    <button type="button" class="icon-button" onClick=${onReload} aria-label=${t("channels.reload")} title=${t("channels.reload")}><${Icon} name="refresh" /></button></p>`;
