// @ts-check
// Finding conversations: words, filters, saved views, and the same done to many. What is asked lives in the address, so it can be kept
// and sent to a colleague.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { Alert, Button, LangBadge, StateChip } from "../components/bits.js";
import { BulkBar, MOST_SELECTED } from "../components/bulk.js";
import { Icon } from "../components/icons.js";
import { ChannelIcon, placeName, writerName } from "../components/social.js";
import { FILTERS, loadViews, ManageViews, SaveView, viewHash, ViewTabs } from "../components/views.js";
import { cx, html } from "../html.js";
import { byName, label, number, t, timeOrDate } from "../i18n.js";
import { conversationHash, go } from "../router.js";
import { settingsOf } from "../session.js";
import { state, useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { outcomeName } from "./cases.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {{kind: string, seq: number|null, author: string, name: string|null, at: string, parts: {text: string, mark: boolean}[]}} Place */
/** @typedef {{card: Card, outcome: string|null, places: Place[]}} Row */
/** @typedef {{rows: Row[], total: number, more_than: boolean, next: string|null, indexing: number}} Answer */

const STATES = ["open", "over", "bot", "queued", "offered", "active", "on_hold", "level2", "wrap_up", "closed", "abandoned"];
const CHANNELS = ["webchat", "facebook", "x", "telegram"];
const SYSTEM_OUTCOMES = ["answered", "unanswered", "abandoned", "not_classified"];

/** @param {string} value */
const stateName = (value) => (value === "open" || value === "over" ? t(`search.state.${value}`) : label("state", value));

/** @param {{params: URLSearchParams}} props */
export function SearchPage({ params }) {
  const key = params.toString();
  /** @type {Record<string, string>} */
  const asked = Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? ""]));
  const view = params.get("view") ?? "";
  const [form, setForm] = useState(asked);
  const [answer, setAnswer] = useState(/** @type {Answer|null} */ (null));
  const [error, setError] = useState("");
  const [again, setAgain] = useState(0);
  const [busy, setBusy] = useState(true);
  const [more, setMore] = useState(false);
  const [chosen, setChosen] = useState(/** @type {Map<string, Card>} */ (new Map()));
  const [dialog, setDialog] = useState("");
  const round = useRef(0);

  useEffect(() => {
    setForm(asked);
    setChosen(new Map());
  }, [key]);
  useEffect(() => {
    const mine = ++round.current;
    setBusy(true);
    setError("");
    api.get(`search${api.query(asked)}`).then(
      (got) => {
        if (mine !== round.current) return;
        setAnswer(got);
        setBusy(false);
        announce(totalText(got));
      },
      (problem) => {
        if (mine !== round.current) return;
        setError(reason(problem));
        setBusy(false);
      },
    );
    return () => {
      round.current += 1;
    };
  }, [key, again]);

  const next = async () => {
    if (!answer?.next || more) return;
    const mine = round.current;
    setMore(true);
    try {
      const got = await api.get(`search${api.query({ ...asked, cursor: answer.next })}`);
      if (mine === round.current) {
        const held = new Set(answer.rows.map((row) => row.card.id));
        const fresh = got.rows.filter((/** @type {Row} */ row) => !held.has(row.card.id));
        setAnswer({ ...answer, rows: [...answer.rows, ...fresh], next: got.next });
        if (fresh.length) setTimeout(() => document.getElementById(`found-${fresh[0].card.id}`)?.focus(), 30);
      }
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
    }
    setMore(false);
  };
  /** @param {KeyboardEvent} event */
  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !settingsOf(state.me).shortcuts) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName) && target.getAttribute("type") !== "checkbox") return;
    if (document.querySelector("dialog[open]")) return;
    const step = event.code === "KeyJ" ? 1 : event.code === "KeyK" ? -1 : 0;
    if (step) {
      const links = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".found__link")]);
      const at = links.findIndex((link) => link === target || link.closest(".found") === target.closest(".found"));
      links[Math.min(links.length - 1, Math.max(0, at + (at < 0 ? Math.max(0, step) : step)))]?.focus();
    } else if (event.key === "/") document.getElementById("search-q")?.focus();
    else return;
    event.preventDefault();
  };
  useEffect(() => {
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);

  const badDates = Boolean(form.from && form.to && form.from > form.to);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (badDates) {
      document.getElementById("search-to")?.focus();
      return;
    }
    const hash = viewHash(form, "");
    if (hash === location.hash) setAgain((n) => n + 1);
    else go(hash);
  };
  /** @param {Card} card @param {boolean} on */
  const choose = (card, on) => {
    const now = new Map(chosen);
    if (on && now.size < MOST_SELECTED) now.set(card.id, card);
    else now.delete(card.id);
    setChosen(now);
  };
  const active = FILTERS.filter((name) => name !== "q" && name !== "sort" && asked[name]).length;
  const rows = answer?.rows ?? [];
  const serves = useStore((s) => s.me?.role !== "specialist");
  return html`
    <main class="page search-page" id="main" tabindex="-1">
      <header class="page__head"><h1>${t("search.title")}</h1><p class="muted page__total" role="status">${answer && !busy ? totalText(answer) : ""}</p></header>
      <${ViewTabs} current=${view} onManage=${() => setDialog("manage")} />
      <form role="search" aria-label=${t("search.title")} onSubmit=${submit} noValidate>
        <div class="search-box">
          <div class="field"><label for="search-q">${t("search.words")}</label>
            <input class="input" type="search" id="search-q" value=${form.q} maxLength="200" aria-describedby="search-hint"
              onInput=${(/** @type {any} */ e) => setForm({ ...form, q: e.target.value })} /></div>
          <${Button} kind="primary" type="submit" icon="search">${t("search.find")}</>
        </div>
        <p class="field__hint" id="search-hint">${t("search.hint")}</p>
        <details class="search-filters" open=${active > 0 && window.innerWidth > 760}>
          <summary>${t("search.filters")}${active > 0 && html` <span class="count">${active}</span>`}</summary>
          <${Filters} form=${form} setForm=${setForm} badDates=${badDates} />
          <div class="filters__buttons"><${Button} type="submit" icon="search">${t("search.find")}</>
            <a class="button" href="#/search">${t("cases.clear")}</a></div>
        </details>
      </form>
      ${answer && answer.indexing > 0 && html`<p class="notice"><${Icon} name="clock" />${t("search.indexing", { count: answer.indexing })}</p>`}
      ${error && html`<div><${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setAgain((n) => n + 1)}>${t("action.try_again")}</></div>`}
      <div class="search-tools">
        ${rows.length > 0 && serves && html`<${SelectAll} rows=${rows} chosen=${chosen} setChosen=${setChosen} />`}
        <label class="search-tools__sort" for="search-sort">${t("search.sort")}
          <select class="input" id="search-sort" value=${asked.sort || "recent"} onChange=${(/** @type {any} */ e) => go(viewHash({ ...asked, sort: e.target.value === "recent" ? "" : e.target.value }, view))}>
            ${["recent", "relevant"].map((one) => html`<option key=${one} value=${one} selected=${(asked.sort || "recent") === one}>${t(`search.sort.${one}`)}</option>`)}
          </select></label>
        ${key && html`<${Button} icon="plus" onClick=${() => setDialog("save")}>${t("search.save")}</>`}
      </div>
      ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      <ol class=${cx("founds", busy && "founds--busy")} role="list" aria-label=${t("search.results")} aria-busy=${busy ? "true" : undefined}>
        ${rows.map((row) => html`<${Found} key=${row.card.id} row=${row} selectable=${serves} on=${chosen.has(row.card.id)} full=${chosen.size >= MOST_SELECTED} onChoose=${choose} />`)}
      </ol>
      ${answer && rows.length === 0 && html`<p class="empty"><${Icon} name="search" size=${28} />${t("search.nothing")}</p>`}
      ${answer?.next && html`<p class="search-more"><${Button} icon="down" busy=${more} onClick=${next}>${t("search.more")}</></p>`}
      ${chosen.size > 0 && html`<${BulkBar} cards=${[...chosen.values()]} onClear=${() => setChosen(new Map())} onDone=${() => { setChosen(new Map()); setAgain((n) => n + 1); loadViews(); }} />`}
      ${dialog === "save" && html`<${SaveView} query=${asked} view=${view} onClose=${() => setDialog("")} />`}
      ${dialog === "manage" && html`<${ManageViews} onClose=${() => setDialog("")} />`}
    </main>`;
}

/** @param {Answer} answer */
const totalText = (answer) => (answer.more_than ? t("search.more_than", { total: number(answer.total) }) : t("search.total", { count: answer.total }));

/** @param {{rows: Row[], chosen: Map<string, Card>, setChosen: (now: Map<string, Card>) => void}} props */
function SelectAll({ rows, chosen, setChosen }) {
  const all = rows.slice(0, MOST_SELECTED).every((row) => chosen.has(row.card.id));
  return html`<div class="check search-tools__all"><input type="checkbox" id="search-all" checked=${all}
    onChange=${(/** @type {any} */ e) => setChosen(e.target.checked ? new Map(rows.slice(0, MOST_SELECTED).map((row) => [row.card.id, row.card])) : new Map())} />
    <label for="search-all">${t("search.select_all")}</label></div>`;
}

/** @param {{row: Row, selectable: boolean, on: boolean, full: boolean, onChoose: (card: Card, on: boolean) => void}} props */
function Found({ row, selectable, on, full, onChoose }) {
  const topics = useStore((s) => s.topics);
  const outcomes = useStore((s) => s.caseOutcomes);
  const { card } = row;
  const subject = card.service?.title ?? topics.find((one) => one.id === card.topic)?.name ?? card.topic ?? t("card.no_service");
  const who = writerName(card.author) || card.contact?.name || t("citizen.nameless");
  const place = card.institution?.name ?? (card.composer ? placeName(card) : "");
  return html`
    <li class=${cx("found", on && "found--on")}>
      ${selectable && html`<span class="found__check"><input type="checkbox" id=${`choose-${card.id}`} checked=${on} disabled=${full && !on}
        aria-label=${t("search.select", { what: `${subject}, ${who}` })} onChange=${(/** @type {any} */ e) => onChoose(card, e.target.checked)} /></span>`}
      <a class="found__link" id=${`found-${card.id}`} href=${conversationHash(card.id)}>
        <span class="found__top"><${ChannelIcon} channel=${card.channel} /><strong class="found__what"><bdi>${subject}</bdi></strong><${StateChip} card=${card} /><${LangBadge} lang=${card.lang} />${card.unread > 0 && html`<span class="badge badge--unread"><span aria-hidden="true">${card.unread}</span><span class="vh">${t("card.unread", { count: card.unread })}</span></span>`}</span>
        <span class="found__who muted"><bdi>${who}</bdi>${place && html` · <bdi>${place}</bdi>`}${card.holder && html` · <${Icon} name="user" size=${13} /> <bdi>${card.holder.name}</bdi>`}${row.outcome && html` · ${outcomeName(row.outcome, outcomes)}`}${card.rating && html` · ${card.rating.score}/5`}</span>
        ${row.places.length
          ? row.places.map((one) => html`<span class="found__text" key=${`${one.kind}-${one.at}`}><span class="found__said">${one.kind === "note" ? t("search.note") : label("author", one.author)}: </span><bdi>${one.parts.map((part) => (part.mark ? html`<mark>${part.text}</mark>` : part.text))}</bdi></span>`)
          : card.last && html`<span class="found__text"><bdi>${card.last.text}</bdi></span>`}
        <span class="found__end muted"><time datetime=${card.last?.ts ?? card.opened_at}>${timeOrDate(card.last?.ts ?? card.opened_at)}</time>${card.case_no && html` · ${t("search.case", { no: String(card.case_no) })}`}</span>
      </a>
    </li>`;
}

/** @param {{form: Record<string, string>, setForm: (form: Record<string, string>) => void, badDates: boolean}} props */
function Filters({ form, setForm, badDates }) {
  const institutions = useStore((s) => s.institutions);
  const outcomes = useStore((s) => s.outcomes);
  const topics = useStore((s) => s.topics);
  const services = useStore((s) => s.services);
  const [choices, setChoices] = useState({ centres: /** @type {any[]} */ ([]), staff: /** @type {any[]} */ ([]), queues: /** @type {any[]} */ ([]) });
  useEffect(() => {
    api.get("search/choices").then(setChoices, () => {});
  }, []);
  /** @param {string} name */
  const onInput = (name) => (/** @type {any} */ e) => setForm({ ...form, [name]: e.target.value });
  /** @param {string} name @param {{id: string, name: string}[]} options */
  const select = (name, options) => html`
    <div class="field"><label for=${`search-${name}`}>${t(`search.${name}`)}</label>
      <select class="input" id=${`search-${name}`} value=${form[name]} onChange=${onInput(name)}>
        <option value="" selected=${!form[name]}>${t("cases.any")}</option>
        ${options.map((one) => html`<option key=${one.id} value=${one.id} selected=${form[name] === one.id}>${one.name}</option>`)}
      </select></div>`;
  /** @param {string} name */
  const yes = (name) => html`<div class="check"><input type="checkbox" id=${`search-${name}`} checked=${form[name] === "yes"}
    onChange=${(/** @type {any} */ e) => setForm({ ...form, [name]: e.target.checked ? "yes" : "" })} /><label for=${`search-${name}`}>${t(`search.${name}`)}</label></div>`;
  const allOutcomes = [...outcomes, ...SYSTEM_OUTCOMES.filter((id) => !outcomes.some((one) => one.id === id)).map((id) => ({ id, name: label("outcome", id) }))];
  return html`
    <div class="filters">
      ${select("state", STATES.map((id) => ({ id, name: stateName(id) })))}
      ${select("channel", CHANNELS.map((id) => ({ id, name: label("channel", id) })))}
      ${select("institution", byName(institutions))}
      ${select("service", byName(services))}
      ${select("topic", topics)}
      ${select("outcome", allOutcomes)}
      ${select("lang", ["lv", "ru", "en"].map((id) => ({ id, name: label("language", id) })))}
      ${choices.queues.length > 1 && select("queue", choices.queues)}
      ${select("holder", choices.staff)}
      ${select("centre", byName(choices.centres))}
      <div class="field"><label for="search-from">${t("cases.from")}</label><input class="input" type="date" id="search-from" value=${form.from} onInput=${onInput("from")} /></div>
      <div class="field"><label for="search-to">${t("cases.to")}</label><input class="input" type="date" id="search-to" value=${form.to} onInput=${onInput("to")}
        aria-invalid=${badDates ? "true" : undefined} aria-describedby=${badDates ? "search-to-error" : undefined} />
        ${badDates && html`<p class="field__error" id="search-to-error">${t("cases.bad_dates")}</p>`}</div>
      ${select("rating", ["5", "4", "3", "2", "1", "low", "any", "none"].map((id) => ({ id, name: /\d/.test(id) ? `${id}/5` : t(`search.rating.${id}`) })))}
      <fieldset class="search-yes"><legend class="vh">${t("search.only")}</legend>${yes("level2")}${yes("unread")}${yes("later")}</fieldset>
    </div>`;
}
