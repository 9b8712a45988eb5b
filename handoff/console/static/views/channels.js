// @ts-check
// Channel accounts: the health board, and for administrators their forms and what got stuck.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { rank, standing, troubles } from "../channelhealth.js";
import { useNow } from "../clock.js";
import { AccountActions, AccountCard, Freshness, StandingChip, Troubles } from "../components/accountcard.js";
import { AccountForm } from "../components/accountform.js";
import { Alert, Button } from "../components/bits.js";
import { CopyField, focusSoon } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { Stuck } from "../components/stuck.js";
import { html } from "../html.js";
import { byName, label, number, t } from "../i18n.js";
import { usePolled } from "../polling.js";
import { go } from "../router.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** @typedef {import("../channelhealth.js").Account} Account */

const EVERY_S = 15;

/** @param {{id: string|null, params: URLSearchParams}} props `id`: an account, or `new`, `events`, `sends` */
export function Channels({ id, params }) {
  const lang = useStore((s) => s.lang);
  const admin = useStore((s) => s.me?.role === "admin");
  const polled = usePolled(admin ? "channels" : "channels/board", EVERY_S * 1000, lang);
  /** @type {Account[]} */
  const accounts = polled.data?.accounts ?? [];
  /** @param {Account} changed */
  const take = (changed) => {
    const known = accounts.some((one) => one.id === changed.id);
    polled.replace({ ...polled.data, accounts: known ? accounts.map((one) => (one.id === changed.id ? changed : one)) : [...accounts, changed] });
  };
  const shown = admin ? id : null;
  let body;
  if (!polled.data) {
    body = polled.error
      ? html`<div><${Alert} text=${reason(polled.error)} /><${Button} icon="refresh" onClick=${polled.reload}>${t("action.try_again")}</></div>`
      : html`<p class="muted" role="status">${t("conversation.loading")}</p>`;
  } else if (shown === "new") body = html`<${NewAccount} polled=${polled} onSaved=${take} />`;
  else if (shown === "events" || shown === "sends") {
    body = html`<${Tabs} current=${shown} accounts=${accounts} />
      <${Stuck} key=${shown} kind=${shown} account=${params.get("account") ?? ""} accounts=${byName(accounts)} />`;
  } else if (shown) {
    const account = accounts.find((one) => one.id === shown);
    body = account
      ? html`<${AccountPage} key=${shown} account=${account} polled=${polled} fresh=${params.get("added") === "yes"} onChange=${take} />`
      : html`<${Alert} text=${t("channels.missing")} />`;
  } else body = html`${admin && html`<${Tabs} current="" accounts=${accounts} />`}<${Board} polled=${polled} accounts=${accounts} admin=${admin} onChange=${take} />`;
  const inside = shown && shown !== "events" && shown !== "sends";
  return html`
    <main class="page channels" id="main" tabindex="-1">
      <header class="page__head">
        ${inside && html`<a class="icon-button" href="#/channels" aria-label=${t("channels.to_board")}><${Icon} name="back" /></a>`}
        <h1>${inside ? (shown === "new" ? t("channels.add") : (accounts.find((one) => one.id === shown)?.name ?? t("channels.title"))) : t("channels.title")}</h1>
        ${admin && !inside && html`<a class="button button--primary" href="#/channels/new"><${Icon} name="plus" /><span>${t("channels.add")}</span></a>`}
      </header>
      ${body}
    </main>`;
}

/** @param {{current: string, accounts: Account[]}} props */
function Tabs({ current, accounts }) {
  /** @param {...string} names */
  const sum = (...names) => accounts.reduce((all, one) => all + names.reduce((some, name) => some + (one.counts[name] ?? 0), 0), 0);
  /** @type {[string, number|null][]} */
  const tabs = [["", null], ["events", sum("dead")], ["sends", sum("failed", "unknown")]];
  return html`<nav class="subnav" aria-label=${t("channels.parts")}>${tabs.map(([name, count]) => html`
    <a key=${name} href=${`#/channels${name ? `/${name}` : ""}`} aria-current=${name === current ? "page" : undefined}>${t(`channels.tab.${name || "board"}`)}
      ${count !== null && html` <span class=${count ? "count count--hot" : "count"}>${number(count)}</span>`}</a>`)}</nav>`;
}

/** @param {{polled: import("../polling.js").Polled, accounts: Account[], admin: boolean, onChange: (account: Account) => void}} props */
function Board({ polled, accounts, admin, onChange }) {
  const now = Math.floor(useNow() / 60000) * 60000;
  const [over, setOver] = useState(false);
  const [inside, setInside] = useState(false);
  const shown = useCalmOrder(accounts, now, over || inside);
  const counted = { works: 0, attention: 0, paused: 0, off: 0 };
  for (const one of accounts) counted[standing(one, troubles(one, now))] += 1;
  const summary = /** @type {const} */ (["paused", "attention", "works", "off"])
    .filter((name) => counted[name])
    .map((name) => `${t(`channels.standing.${name}`)}: ${number(counted[name])}`)
    .join(" · ");
  const before = useRef(summary);
  useEffect(() => {
    // News of trouble, and of its end, reaches those who do not see the board.
    if (before.current !== summary) announce(summary);
    before.current = summary;
  }, [summary]);
  return html`
    <div class="board__head">
      <p class="board__summary">${summary}</p>
      <${Freshness} at=${polled.at} everyS=${EVERY_S} onReload=${() => {
        polled.reload();
        announce(t("channels.reloading"));
      }} />
    </div>
    ${polled.error && html`<${Alert} text=${t("channels.stale", { reason: reason(polled.error) })} />`}
    ${accounts.length === 0
      ? html`<p class="empty"><${Icon} name="plug" size=${28} />${t(admin ? "channels.none_admin" : "channels.none")}</p>`
      : html`<ul class="board" aria-label=${t("channels.tab.board")} onPointerEnter=${(/** @type {PointerEvent} */ e) => setOver(e.pointerType === "mouse")}
          onPointerLeave=${() => setOver(false)} onFocusIn=${() => setInside(true)} onFocusOut=${() => setInside(false)}>
          ${shown.map((one) => html`<${AccountCard} key=${one.id} account=${one} now=${now} admin=${admin} onChange=${onChange} />`)}
        </ul>`}`;
}

/**
 * Trouble first; but while the pointer is over the board or the focus in it, nothing slips away from under a click.
 * @param {Account[]} accounts
 * @param {number} now
 * @param {boolean} frozen
 */
function useCalmOrder(accounts, now, frozen) {
  const order = useRef(/** @type {string[]} */ ([]));
  /** @type {Account[]} */
  const sorted = byName(accounts);
  const ranks = new Map(accounts.map((one) => [one.id, rank(one, now)]));
  sorted.sort((a, b) => (ranks.get(a.id) ?? 0) - (ranks.get(b.id) ?? 0));
  if (frozen) {
    const place = new Map(order.current.map((id, i) => [id, i]));
    sorted.sort((a, b) => (place.get(a.id) ?? Infinity) - (place.get(b.id) ?? Infinity) || 0);
  }
  order.current = sorted.map((one) => one.id);
  return sorted;
}

/** @param {{polled: import("../polling.js").Polled, onSaved: (account: Account) => void}} props */
const NewAccount = ({ polled, onSaved }) => html`
  <${AccountForm} account=${null} kinds=${polled.data.kinds} owners=${polled.data.owners} onSaved=${(/** @type {Account} */ saved) => {
    onSaved(saved);
    go(`#/channels/${saved.id}?added=yes`, true);
  }} />`;

/** @param {{account: Account, polled: import("../polling.js").Polled, fresh: boolean, onChange: (account: Account) => void}} props `fresh`: just added */
function AccountPage({ account, polled, fresh, onChange }) {
  const now = Math.floor(useNow() / 60000) * 60000;
  const known = troubles(account, now);
  // After saving the form begins anew with what is stored; a look in between leaves alone what is being typed.
  const [saves, setSaves] = useState(0);
  useEffect(() => {
    if (fresh) focusSoon("account-added");
  }, [fresh]);
  return html`
    ${fresh && html`<section class="box added" aria-labelledby="account-added">
      <h2 id="account-added" tabindex="-1"><${Icon} name="done" /> ${t("channels.added_title")}</h2>
      <ol class="steps">${["address", "subscribe", "test"].map((step) => html`<li key=${step}>${t(`channels.added_step.${step}`)}</li>`)}</ol>
    </section>`}
    <section class="box" aria-labelledby="account-state">
      <div class="account__head">
        <h2 id="account-state" tabindex="-1"><span class="account__channel">${label("channel", account.channel)}</span> ${t("channels.part.connection")}</h2>
        <${StandingChip} account=${account} known=${known} />
      </div>
      <${Troubles} known=${known} admin=${true} id=${account.id} />
      <${CopyField} label=${t("channels.webhook_address")} value=${account.webhook_url} hint=${t("channels.webhook_address_hint")} />
      <${AccountActions} account=${account} onChange=${onChange} />
    </section>
    <${AccountForm} key=${saves} account=${account} kinds=${polled.data.kinds} owners=${polled.data.owners} onSaved=${(/** @type {Account} */ saved) => {
      onChange(saved);
      setSaves((n) => n + 1);
      focusSoon("account-state");
    }} />`;
}
