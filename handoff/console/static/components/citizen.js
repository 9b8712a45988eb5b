// @ts-check
// The citizen's card: his identities and how we know, what he asked before, whether the same is open elsewhere.
import { reason as explain, refill } from "../actions.js";
import { ApiError } from "../api.js";
import { announce } from "../attention.js";
import { about, loadCitizen, newCode, newDeepLink, restsFor } from "../citizen.js";
import { useNow } from "../clock.js";
import { cx, html } from "../html.js";
import { dateTime, duration, label, t, timeOrDate } from "../i18n.js";
import { cardOf, isOver } from "../model.js";
import { conversationHash } from "../router.js";
import { showDialog, toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Button } from "./bits.js";
import { CitizenRights } from "./citizenrights.js";
import { Icon } from "./icons.js";
import { ChannelIcon, PlaceNote } from "./social.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {import("../types.js").Citizen} Citizen */
/** @typedef {import("../types.js").HistoryEntry} HistoryEntry */
/** @typedef {import("../types.js").Identity} Identity */
/** @typedef {import("../types.js").Suggestion} Suggestion */

/** Keeps the card true while its conversation is open. @param {Card} card @returns {Citizen|"failed"|null} */
function useCitizen(card) {
  const ready = useStore((s) => s.conversations.get(card.id)?.status === "ready");
  const citizen = useStore((s) => s.conversations.get(card.id)?.citizen ?? null);
  const news = useStore((s) => s.conversations.get(card.id)?.news ?? 0);
  const known = useRef({ news: -1, held: "" });
  // Who holds a conversation may do more about its citizen: then there is no waiting.
  const held = `${card.state} ${card.holder?.id}`;
  useEffect(() => {
    if (!ready || (known.current.news === news && known.current.held === held)) return undefined;
    const timer = setTimeout(() => {
      known.current = { news, held };
      loadCitizen(card.id);
    }, known.current.held === held ? restsFor(card.id) : 0);
    return () => clearTimeout(timer);
  }, [ready, news, held]);
  return citizen;
}

/** @param {{channel: string, account: {name: string}}} place */
const Place = (place) => html`<${ChannelIcon} channel=${place.channel} /> <bdi>${place.account.name}</bdi>`;

/** @param {{one: Identity, id: string, may: boolean}} props */
const IdentityView = ({ one, id, may }) => html`
  <li class="identity">
    <p class="identity__who"><${ChannelIcon} channel=${one.channel} size=${16} /><strong><bdi>${one.name ?? t("citizen.nameless")}</bdi></strong>${one.this && html`<span class="chip">${t("citizen.this")}</span>`}</p>
    <p class="muted"><bdi>${one.account.name}</bdi></p>
    ${one.link
      ? html`<p class="identity__why"><${Icon} name="link" size=${13} /><span>${one.link.text}${one.link.by && html` · <bdi>${one.link.by.name}</bdi>`} · <time datetime=${one.link.at}>${timeOrDate(one.link.at)}</time>${one.link.reason && html`<br /><bdi>${one.link.reason}</bdi>`}</span></p>`
      : html`<p class="identity__why muted">${t("citizen.alone")}</p>`}
    ${may && one.link && html`<button type="button" class="link-button" onClick=${() => showDialog({ kind: "unlink", id, with: { identity: one } })}>${t("citizen.unlink")}<span class="vh">: ${one.name ?? t("citizen.nameless")}, ${label("channel", one.channel)}</span></button>`}
  </li>`;

/** @param {{one: HistoryEntry}} props */
function Past({ one }) {
  const topics = useStore((s) => s.topics);
  const outcomes = useStore((s) => s.caseOutcomes);
  const about = one.service?.title ?? topics.find((each) => each.id === one.topic)?.name ?? one.topic ?? t("card.no_service");
  const outcome = one.outcome ? (outcomes.find((each) => each.id === one.outcome)?.name ?? label("outcome", one.outcome)) : label("state", one.state);
  return html`
    <li><a class="past" href=${conversationHash(one.conversation)}>
      <span class="past__when"><time datetime=${one.opened_at}>${timeOrDate(one.opened_at)}</time><${Place} channel=${one.channel} account=${one.account} /></span>
      <span class="past__what"><bdi>${about}</bdi></span>
      <span class=${cx("chip", one.outcome ? "" : `chip--${one.state}`)}>${outcome}</span>
    </a></li>`;
}

/** @param {{one: Suggestion, id: string, serves: boolean}} props */
function SuggestionView({ one, id, serves }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const dismiss = async () => {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      await about(id, `suggestions/${one.id}/dismiss`);
      announce(t("citizen.dismissed"));
      document.getElementById("citizen-title")?.focus();
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(explain(problem));
      setBusy(false);
    }
  };
  return html`
    <li class="suggestion">
      <p><strong>${one.text}</strong></p>
      <p class="suggestion__where"><${Place} channel=${one.channel} account=${one.account} /> · <time datetime=${one.opened_at}>${timeOrDate(one.opened_at)}</time> · ${label("state", one.state)}${one.holder && html` · <bdi>${one.holder.name}</bdi>`}</p>
      ${one.last && html`<p class="suggestion__last"><bdi>„${one.last}”</bdi></p>`}
      <p class="muted">${t("citizen.because", { reasons: one.because.map((each) => each.text).join(", ") })}</p>
      ${one.visible && html`<p><a href=${conversationHash(one.id)}>${t("citizen.open_other")}</a></p>`}
      ${serves && html`<div class="suggestion__ways">
        ${one.closes && html`<${Button} kind="primary" icon="check" busy=${busy} onClick=${() => showDialog({ kind: "duplicate", id, with: { suggestion: one } })}>${t("citizen.accept")}</>`}
        <${Button} busy=${busy} onClick=${dismiss}>${t("citizen.dismiss")}</>
      </div>`}
      ${serves && !one.closes && html`<p class="muted">${t("citizen.not_closable")}</p>`}
      ${error && html`<p class="field__error" role="alert">${error}</p>`}
    </li>`;
}

/** @param {{until: string}} props */
function Left({ until }) {
  const now = useNow();
  const left = (Date.parse(until) - now) / 1000;
  return html`${left > 0 ? t("citizen.code_left", { time: duration(left), until: timeOrDate(until) }) : t("citizen.code_over")}`;
}

/** A code or a link for linking: shown once, copied or put into the answer. @param {{card: Card, deepLinks: Citizen["deep_links"]}} props */
function CodeWord({ card, deepLinks }) {
  const [code, setCode] = useState(/** @type {{shown: string, expires_at: string, say: string, by: string}|null} */ (null));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  // Under a comment everybody would read it, and whoever writes it first on another channel would be taken for its author.
  const inPublic = card.composer?.kind === "comment";
  const email = card.contact?.email;
  const [account, setAccount] = useState("");
  const leadsTo = deepLinks.find((one) => one.id === account) ?? deepLinks[0];
  /** @param {"chat"|"email"|"link"} by */
  const make = async (by) => {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      const given = by === "link" ? await newDeepLink(card.id, leadsTo.id) : await newCode(card.id, by);
      setCode({ ...given, by });
      setTimeout(() => document.getElementById("code-word")?.focus(), 30);
    } catch (problem) {
      if (!(problem instanceof ApiError)) throw problem;
      setError(explain(problem));
    }
    setBusy(false);
  };
  const copy = async () => {
    const field = /** @type {HTMLInputElement|null} */ (document.getElementById("code-word"));
    try {
      await navigator.clipboard.writeText(code?.shown ?? "");
      toast("ok", t("citizen.copied"));
    } catch {
      // Over plain HTTP, or without permission: it is selected, Ctrl+C does the rest.
      field?.focus();
      toast("info", t("citizen.copy_by_hand"));
    }
  };
  return html`
    <div class="code-word">
      <p class="code-word__ways">
        <${Button} icon="lock" busy=${busy} onClick=${() => make("chat")}>${t("citizen.code")}</>
        ${email && html`<${Button} busy=${busy} onClick=${() => make("email")}>${t("citizen.code_email")}</>`}
      </p>
      ${leadsTo && html`<p class="code-word__ways">
        ${deepLinks.length > 1 && html`<select class="input" aria-label=${t("citizen.link_to")} onChange=${(/** @type {any} */ e) => setAccount(e.target.value)}>
          ${deepLinks.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === leadsTo.id}>${one.name}</option>`)}</select>`}
        <${Button} icon="link" busy=${busy} onClick=${() => make("link")}>${t("citizen.deep_link", { channel: label("channel", leadsTo.channel) })}</></p>`}
      ${!code && html`<p class="muted">${t("citizen.code_lead")}</p>`}
      ${code && html`<div class="code-word__given">
        <label for="code-word">${t(code.by === "link" ? "citizen.deep_link_given" : code.by === "email" ? "citizen.code_for_email" : "citizen.code_for_chat")}</label>
        <div class="copy__row"><input class="input code-word__field" id="code-word" readonly value=${code.shown} aria-describedby="code-left" onFocus=${(/** @type {any} */ e) => e.target.select()} />
          <${Button} icon="copy" onClick=${copy}>${t("citizen.copy")}</></div>
        <p class="muted" id="code-left"><${Left} until=${code.expires_at} /></p>
        ${code.by === "email"
          ? html`<p><a href=${`mailto:${email}?body=${encodeURIComponent(code.say)}`}>${t("citizen.code_mail")}</a></p>`
          : inPublic
            ? html`<p class="notice">${t("citizen.code_not_public")}</p>`
            : card.may.includes("reply") && html`<p><button type="button" class="link-button" onClick=${() => refill(card.id, code.say)}>${t("citizen.code_insert")}</button></p>`}
      </div>`}
      ${error && html`<p class="field__error" role="alert">${error}</p>`}
    </div>`;
}

/** @param {{card: Card}} props */
export function CitizenCard({ card }) {
  const citizen = useCitizen(card);
  const serves = useStore((s) => s.me?.role !== "specialist");
  if (citizen === null) return html`<h3>${t("citizen.title")}</h3><p class="muted">${t("conversation.loading")}</p>`;
  if (citizen === "failed") {
    return html`<h3>${t("citizen.title")}</h3><p role="alert">${t("citizen.failed")}</p><p><button type="button" class="link-button" onClick=${() => loadCitizen(card.id)}>${t("action.try_again")}</button></p>`;
  }
  const may = new Set(citizen.may);
  return html`
    <section class="citizen" aria-labelledby="citizen-title">
      <h3 id="citizen-title" tabindex="-1">${t("citizen.title")}</h3>
      ${citizen.suggestions.length > 0 && html`<ul class="suggestions" aria-label=${t("citizen.suggestions")}>${citizen.suggestions.map((one) => html`<${SuggestionView} key=${one.id} one=${one} id=${card.id} serves=${serves} />`)}</ul>`}
      ${citizen.identities.length
        ? html`<ul class="identities" aria-label=${t("citizen.identities")}>${citizen.identities.map((one) => html`<${IdentityView} key=${one.id} one=${one} id=${card.id} may=${may.has("unlink")} />`)}</ul>`
        : html`<p class="muted">${t("citizen.unknown")}</p>`}
      ${may.has("link") && html`<p><${Button} icon="people" onClick=${() => showDialog({ kind: "link", id: card.id })}>${t("citizen.link")}</></p>`}
      ${may.has("code") && !isOver(card) && html`<${CodeWord} key=${card.id} card=${card} deepLinks=${may.has("deep_link") ? citizen.deep_links : []} />`}
      <h3>${t("citizen.history")}</h3>
      ${citizen.history.length
        ? html`<ol class="pasts">${citizen.history.map((one) => html`<${Past} key=${one.conversation} one=${one} />`)}</ol>`
        : html`<p class="muted">${t("citizen.no_history")}</p>`}
      ${citizen.hidden > 0 && html`<p class="muted">${t("citizen.hidden", { count: citizen.hidden })}</p>`}
      <${CitizenRights} key=${`rights-${card.id}`} card=${card} citizen=${citizen} />
    </section>`;
}

/** That the same is open elsewhere must be seen where the details are not. @param {{id: string}} props */
export function SuggestionNote({ id }) {
  const first = useStore((s) => {
    const citizen = s.conversations.get(id)?.citizen;
    return citizen && citizen !== "failed" ? (citizen.suggestions[0] ?? null) : null;
  });
  if (!first || !cardOf(id)) return null;
  return html`<div class="only-no-details only-no-details--block"><${PlaceNote} icon="people"><p>${first.text} <a href=${conversationHash(id, "details")}>${t("citizen.look")}</a></p></></div>`;
}
