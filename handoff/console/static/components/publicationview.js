// @ts-check
// One publication: what followers will see, who stands behind it, the decision, and what became of it.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { cx, html } from "../html.js";
import { dateTime, dollars, label, t } from "../i18n.js";
import { byChannel, excerpt } from "../publishing.js";
import { usePolled } from "../polling.js";
import { conversationHash } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Confirm } from "./confirm.js";
import { focusSoon } from "./field.js";
import { Icon } from "./icons.js";
import { PostPreview } from "./postpreview.js";
import { Cost, Counter, Notes, tightest } from "./publicationform.js";

const EVERY_S = 10;
const OVER = new Set(["published", "partly_failed", "failed", "publishing"]);
/** States of a send that has gone out. */
const OUT = new Set(["sent", "delivered", "read"]);

/** What a second person decides about; if it changes under his eyes he is told before he decides. @param {any} one */
const content = (one) =>
  JSON.stringify([one.text, one.link, one.picture_url, one.variants, one.lang, one.post, one.publish_at, one.targets.map((/** @type {any} */ to) => to.account.id)]);

/** @param {{state: string, name: string}} props */
export const PublicationState = ({ state, name }) => html`<span class=${`chip publication-state publication-state--${state}`}>${name}</span>`;

/** @param {{id: string}} props */
export function PublicationView({ id }) {
  const lang = useStore((s) => s.lang);
  const me = useStore((s) => s.me);
  const { data, error, reload, replace } = usePolled(`publications/${encodeURIComponent(id)}`, EVERY_S * 1000, lang);
  /** What is shown: a newer content waits until the person asks for it. */
  const [shown, setShown] = useState(/** @type {any} */ (null));
  const [asks, setAsks] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState("");
  const [busy, setBusy] = useState("");
  const before = useRef("");
  useEffect(() => {
    if (!data) return;
    setShown((/** @type {any} */ was) => (was && was.id === data.id && content(was) !== content(data) ? was : data));
  }, [data]);
  const newer = Boolean(shown && data && content(shown) !== content(data));
  useEffect(() => {
    if (!shown) return;
    if (before.current && before.current !== shown.state_name) announce(t("publications.now", { state: shown.state_name }));
    before.current = shown.state_name;
  }, [shown?.state_name]);

  if (!shown) {
    return error
      ? html`<div><${Alert} text=${error.status === 404 ? t("publications.missing") : reason(error)} /><${Button} icon="refresh" onClick=${reload}>${t("action.try_again")}</></div>`
      : html`<p class="muted" role="status">${t("conversation.loading")}</p>`;
  }
  const one = shown;
  const may = new Set(one.may);

  /** @param {string} what @param {object} [fields] @returns {Promise<string>} what went wrong, or nothing */
  const act = async (what, fields = {}) => {
    setFailed("");
    try {
      const next = await api.post(`publications/${one.id}/${what}`, { version: one.version, ...fields });
      setAsks(null);
      setShown(next);
      replace(next);
      toast("ok", t(`publications.done.${what}`));
      focusSoon("publication-title");
      return "";
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      if (problem.status !== 409) return reason(problem);
      // Somebody else was faster: who, and what stands there now.
      const now = await api.get(`publications/${one.id}`).catch(() => null);
      setAsks(null);
      if (now) {
        setShown(now);
        replace(now);
      }
      const who = now?.decided_by?.id !== me?.id ? now?.decided_by?.name : null;
      setFailed(now && now.state !== one.state ? t(who ? "publications.race_by" : "publications.race", { state: now.state_name, who: who ?? "" }) : t("publications.race_content"));
      focusSoon("publication-title");
      return "";
    }
  };
  const propose = async () => {
    if (busy) return;
    setBusy("propose");
    setFailed(await act("propose"));
    setBusy("");
  };
  /** @param {string} name @param {any} [more] */
  const ask = (name, more = {}) => setAsks({ name, ...more });

  const channels = [...new Set(one.targets.map((/** @type {any} */ to) => to.account.channel))].sort(byChannel);
  const total = (one.fits ?? []).reduce((/** @type {number} */ all, /** @type {any} */ fit) => all + Number(fit.cost ?? 0), 0);
  const when = one.publish_at ? t("publications.at_time", { time: dateTime(one.publish_at) }) : t("publications.when.now");
  return html`
    <div class="publication">
      <header class="page__head publication__head">
        <h2 id="publication-title" tabindex="-1">${excerpt(one.text)}</h2>
        <${PublicationState} state=${one.state} name=${one.state_name} />
      </header>
      ${newer && html`<div class="notice newer" role="status"><p>${t("publications.newer")}</p><${Button} icon="refresh" onClick=${() => {
        setShown(data);
        focusSoon("publication-title");
      }}>${t("publications.show_newer")}</></div>`}
      ${error && html`<${Alert} text=${t("channels.stale", { reason: reason(error) })} />`}
      <${Alert} text=${failed} />
      ${one.state === "rejected" && one.reason && html`<div class="alert rejected"><${Icon} name="info" /><p><strong>${t("publications.rejected_by", { who: one.decided_by?.name ?? "–" })}</strong> <bdi>${one.reason}</bdi></p></div>`}
      <div class="publication__actions" role="group" aria-label=${t("conversation.actions")}>
        ${may.has("approve") && html`<${Button} kind="primary" icon="done" onClick=${() => ask("approve")}>${t("publications.approve")}</>`}
        ${may.has("reject") && html`<${Button} icon="close" onClick=${() => ask("reject")}>${t("publications.reject")}</>`}
        ${may.has("propose") && html`<${Button} kind="primary" icon="send" busy=${busy === "propose"} onClick=${propose}>${t("publications.propose")}</>`}
        ${may.has("revise") && html`<a class="button" href=${`#/publications/${one.id}/edit`}><${Icon} name="edit" /><span>${t("publications.edit")}</span></a>`}
        ${may.has("cancel") && html`<${Button} icon="ban" onClick=${() => ask("cancel")}>${t("publications.cancel")}</>`}
      </div>
      ${one.state === "proposed" && !may.has("approve") && html`<p class="notice why-not">${t(whyNot(one, me))}</p>`}
      ${one.state !== "draft" && may.has("revise") && one.state !== "rejected" && html`<p class="muted">${t("publications.edit_note")}</p>`}
      <section class="box" aria-labelledby="part-results"><h2 id="part-results">${t(OVER.has(one.state) ? "publications.part.results" : "publications.part.accounts")}</h2>
        <ul class="results">${one.targets.map((/** @type {any} */ to) => html`<${Target} key=${to.account.id} to=${to} planned=${!OVER.has(one.state)}
          mayRetry=${may.has("retry")} mayMark=${me?.role === "supervisor" || me?.role === "admin"} onAsk=${ask} />`)}</ul>
      </section>
      <section aria-labelledby="part-see"><h2 id="part-see" class="publication__heading">${t("publications.part.see")}</h2>
        <div class="see">${channels.map((channel) => html`<${Seen} key=${channel} channel=${channel} one=${one} />`)}</div>
      </section>
      ${(OVER.has(one.state) || one.comments_total > 0) && html`<${Comments} one=${one} />`}
      <section class="box" aria-labelledby="part-facts"><h2 id="part-facts">${t("publications.part.facts")}</h2><${Facts} one=${one} when=${when} /></section>
      ${asks && html`<${Question} asks=${asks} one=${one} when=${when} total=${total} onClose=${() => setAsks(null)} onAct=${act} />`}
    </div>`;
}

/** Why the person may not decide. @param {any} one @param {import("../types.js").Me|null} me */
function whyNot(one, me) {
  const behind = [one.author, one.edited_by, one.proposed_by].some((person) => person?.id === me?.id);
  if (me?.role === "editor") return behind ? "publications.why.editor_own" : "publications.why.editor";
  return "publications.why.own";
}

/** @param {{asks: any, one: any, when: string, total: number, onClose: () => void, onAct: (act: string, fields?: object) => Promise<string>}} props */
function Question({ asks, one, when, total, onClose, onAct }) {
  const accounts = one.targets.map((/** @type {any} */ to) => `${to.account.name} (${label("channel", to.account.channel)})`);
  if (asks.name === "approve") {
    return html`<${Confirm} title=${t("publications.ask.approve.title")} lead=${t("publications.ask.approve.lead", { when })} submit=${t("publications.approve")} icon="done"
      onClose=${onClose} onConfirm=${() => onAct("approve")}>
      <ul class="bullets">${accounts.map((/** @type {string} */ name) => html`<li><bdi>${name}</bdi></li>`)}</ul>
      ${total > 0 && html`<p>${t("publications.cost", { amount: dollars(String(total)) })}</p>`}
    </>`;
  }
  if (asks.name === "reject") {
    return html`<${Confirm} title=${t("publications.ask.reject.title")} lead=${t("publications.ask.reject.lead")} submit=${t("publications.reject")}
      reason=${{ label: t("publications.field.reason"), missing: t("publications.wrong.reason") }} onClose=${onClose} onConfirm=${(/** @type {string} */ why) => onAct("reject", { reason: why })} />`;
  }
  if (asks.name === "cancel") {
    return html`<${Confirm} title=${t("publications.ask.cancel.title")} lead=${t(one.state === "publishing" ? "publications.ask.cancel.lead_publishing" : "publications.ask.cancel.lead")}
      submit=${t("publications.cancel")} reason=${{ label: t("publications.field.reason"), missing: "", optional: true }} onClose=${onClose}
      onConfirm=${(/** @type {string} */ why) => onAct("cancel", why ? { reason: why } : {})} />`;
  }
  return html`<${Confirm} title=${t(`publications.ask.${asks.name}.title`, { name: asks.account.name })} lead=${t(`publications.ask.${asks.name}.lead${asks.state === "unknown" ? "_unknown" : ""}`)}
    submit=${t(`publications.${asks.name}`)} onClose=${onClose} onConfirm=${() => onAct(asks.name, { account_id: asks.account.id })} />`;
}

/** Where a post can be looked at, if its number tells. @param {string} channel @param {string|null} ref */
function addressOf(channel, ref) {
  if (!ref || !/^[\d_]+$/.test(ref)) return null;
  if (channel === "x") return `https://x.com/i/web/status/${ref}`;
  return channel === "facebook" ? `https://www.facebook.com/${ref}` : null;
}

/** What became of it on one account. @param {{to: any, planned: boolean, mayRetry: boolean, mayMark: boolean, onAsk: (name: string, more: any) => void}} props */
function Target({ to, planned, mayRetry, mayMark, onAsk }) {
  const { account, state } = to;
  const address = addressOf(account.channel, to.ref);
  return html`
    <li class="result-row" data-account=${account.id}>
      <p class="result-row__who"><span class="account__channel">${label("channel", account.channel)}</span> <bdi>${account.name}</bdi></p>
      ${!planned && html`<p><span class=${cx("chip", "send-state", `send-state--${OUT.has(state) ? "sent" : state}`)}>${label("publications.target", state)}</span>
        ${to.sent_at && html` <span class="muted">${dateTime(to.sent_at)}</span>`}${Number(to.cost) > 0 && html` <span class="muted">· ${dollars(to.cost)}</span>`}
        ${address && html` · <a href=${address} target="_blank" rel="noopener noreferrer">${t("publications.look_there")}<span class="vh"> ${t("message.new_window")}</span></a>`}</p>`}
      ${!planned && to.reason_text && html`<p class="result-row__why"><${Icon} name="warn" size=${16} /><span>${to.reason_text}
        ${to.detail && html`<br /><span class="muted">${t("channels.platform_says")} <q lang="en">${to.detail}</q></span>`}</span></p>`}
      ${!planned && ["failed", "unknown", "cancelled"].includes(state) && (mayRetry || (mayMark && state === "unknown")) && html`<p class="result-row__buttons">
        ${mayRetry && html`<${Button} icon="send" onClick=${() => onAsk("send_again", { account, state })}>${t("publications.send_again")}<span class="vh">: ${account.name}</span></>`}
        ${mayMark && state === "unknown" && html`<${Button} icon="check" onClick=${() => onAsk("mark_sent", { account, state: "" })}>${t("publications.mark_sent")}<span class="vh">: ${account.name}</span></>`}
      </p>`}
    </li>`;
}

/** How followers of one network see it. @param {{channel: string, one: any}} props */
function Seen({ channel, one }) {
  const fits = (one.fits ?? []).filter((/** @type {any} */ fit) => fit.account.channel === channel);
  const fit = tightest(fits);
  const variant = one.variants?.[channel];
  const name = one.targets.find((/** @type {any} */ to) => to.account.channel === channel)?.account.name ?? "";
  return html`
    <div class="box seen" data-channel=${channel}>
      <h3>${label("channel", channel)} ${variant?.text && html`<span class="chip">${t("publications.adapted")}</span>`}</h3>
      <${PostPreview} channel=${channel} name=${name} text=${fit?.text ?? variant?.text ?? one.text} link=${fit ? fit.link : one.link} picture=${one.picture_url} lang=${one.lang}
        under=${one.post ?? undefined} />
      ${!OVER.has(one.state) && html`<div><${Counter} fit=${fit} asking=${false} /><${Cost} fits=${fits} /><${Notes} fits=${fits} /></div>`}
    </div>`;
}

/** Comments that followed; the conversation of each is open to those who may see it. @param {{one: any}} props */
function Comments({ one }) {
  const rows = one.comments ?? [];
  const names = new Map(one.targets.map((/** @type {any} */ to) => [to.account.id, to.account]));
  return html`
    <section class="box" aria-labelledby="part-comments">
      <h2 id="part-comments">${t("publications.part.comments")} <span class="count">${one.comments_total ?? rows.length}</span></h2>
      ${rows.length === 0 && html`<p class="muted">${t("publications.no_comments")}</p>`}
      ${rows.length > 0 && html`<ol class="follow">${rows.map((/** @type {any} */ row) => {
        const account = /** @type {any} */ (names.get(row.account));
        return html`<li key=${row.ref} class="follow__one">
          <p class="follow__who"><bdi>${row.author ?? t("publications.author_unknown")}</bdi> <span class="muted">${account ? `${label("channel", account.channel)} · ${account.name} · ` : ""}${dateTime(row.at)}</span>
            ${row.hidden && html` <span class="chip">${t("publications.comment_hidden")}</span>`}${row.deleted && html` <span class="chip">${t("publications.comment_deleted")}</span>`}</p>
          ${row.text && html`<p class="follow__text"><bdi>${row.text}</bdi></p>`}
          ${row.conversation && html`<p><a href=${conversationHash(row.conversation)}>${t("channels.conversation")}</a> <span class="chip">${label("state", row.state)}</span></p>`}
        </li>`;
      })}</ol>`}
      ${rows.length < (one.comments_total ?? 0) && html`<p class="muted">${t("publications.more_comments", { count: one.comments_total - rows.length })}</p>`}
    </section>`;
}

/** @param {{one: any, when: string}} props */
function Facts({ one, when }) {
  const decided = one.decided_by && (one.state === "rejected" ? "rejected" : "approved");
  /** @param {any} person @param {string|null} at */
  const who = (person, at) => person && html`<bdi>${person.name}</bdi>, ${dateTime(at)}`;
  /** @type {[string, any][]} */
  const facts = [
    ["kind", t(`publications.kind.${one.kind}`)],
    ["when", when],
    ["lang", label("language", one.lang)],
    ["link", one.link && html`<bdi>${one.link}</bdi>`],
    ["picture", one.picture_url && html`<bdi>${one.picture_url}</bdi>`],
    ["post", one.post && html`<bdi>${one.post}</bdi>`],
    ["author", who(one.author, one.created_at)],
    ["edited", one.edited_by && (one.edited_by.id !== one.author?.id) && html`<bdi>${one.edited_by.name}</bdi>`],
    ["proposed", who(one.proposed_by, one.proposed_at)],
    [decided ?? "approved", decided && who(one.decided_by, one.decided_at)],
    ["reason", one.reason && html`<bdi>${one.reason}</bdi>`],
    ["begun", one.begun_at && dateTime(one.begun_at)],
    ["finished", one.finished_at && dateTime(one.finished_at)],
    ["spent", Number(one.cost) > 0 && dollars(one.cost)],
  ];
  return html`<dl class="facts facts--wide">${facts.map(([name, value]) => value && html`<div key=${name}><dt>${t(`publications.fact.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>`;
}
