// @ts-check
// The ledger: filters, table with paging, CSV with the same filters. The filters live in the address, so that it can be kept.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { Alert, Button } from "../components/bits.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { html } from "../html.js";
import { byName, dateTime, duration, euros, label, t } from "../i18n.js";
import { nameOf } from "../model.js";
import { go } from "../router.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @typedef {import("../types.js").CaseRow} CaseRow */

const FILTERS = ["from", "to", "channel", "level", "outcome", "institution", "operator", "q"];
/** Channels met in this session: a filter for one that is not there would find nothing. */
const channels = new Set(["webchat"]);
/** The list as it was last filtered: where a case's back button leads. */
export const lastList = { hash: "#/cases" };

/** @param {any} value @param {{id: string, name: string}[]} names */
export function named(value, names) {
  const text = nameOf(value);
  return names.find((one) => one.id === text)?.name ?? text;
}

/** Outcomes that nobody chooses: the system gives them. They are not among the snapshot's. */
const SYSTEM_OUTCOMES = ["answered", "unanswered", "abandoned", "not_classified"];

/** @param {any} value @param {{id: string, name: string}[]} outcomes */
export const outcomeName = (value, outcomes) => outcomes.find((one) => one.id === value)?.name ?? label("outcome", nameOf(value));

/** @param {{id: string, name: string}[]} outcomes */
const allOutcomes = (outcomes) => [
  ...outcomes,
  ...SYSTEM_OUTCOMES.filter((id) => !outcomes.some((one) => one.id === id)).map((id) => ({ id, name: label("outcome", id) })),
];

/** @param {any} rating @returns {string} */
const stars = (rating) => {
  const score = rating && typeof rating === "object" ? rating.score : rating;
  return score ? `${score}/5` : "";
};

/** @param {{params: URLSearchParams}} props */
export function Cases({ params }) {
  const institutions = useStore((s) => s.institutions);
  const outcomes = useStore((s) => s.caseOutcomes);
  const colleagues = useStore((s) => s.colleagues);
  const me = useStore((s) => s.me);
  const key = params.toString();
  /** @type {Record<string, string>} */
  const asked = Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? ""]));
  const page = Math.max(1, Number(params.get("page")) || 1);
  const [form, setForm] = useState(asked);
  const [answer, setAnswer] = useState(/** @type {{rows: CaseRow[], total: number, page: number, pages: number}|null} */ (null));
  const [error, setError] = useState("");
  const [again, setAgain] = useState(0);
  const [busy, setBusy] = useState(true);

  useEffect(() => {
    setForm(asked);
    lastList.hash = `#/cases${key ? `?${key}` : ""}`;
  }, [key]);
  useEffect(() => {
    let stale = false;
    setBusy(true);
    setError("");
    api.get(`cases${api.query({ ...asked, page })}`).then(
      (got) => {
        if (stale) return;
        for (const row of got.rows) channels.add(row.channel);
        setAnswer(got);
        setBusy(false);
        announce(t("cases.total", { count: got.total }));
      },
      (problem) => {
        if (stale) return;
        setError(reason(problem));
        setBusy(false);
      },
    );
    return () => {
      stale = true;
    };
  }, [key, again]);

  const badDates = Boolean(form.from && form.to && form.from > form.to);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (badDates) {
      document.getElementById("f-to")?.focus();
      return;
    }
    const hash = `#/cases${api.query(form)}`;
    if (hash === location.hash) setAgain((n) => n + 1);
    else go(hash);
  };
  /** @param {string} name */
  const onInput = (name) => (/** @type {any} */ e) => setForm({ ...form, [name]: e.target.value });
  /** @param {string} name @param {{id: string, name: string}[]} options */
  const select = (name, options) => html`
    <div class="field"><label for=${`f-${name}`}>${t(`cases.${name}`)}</label>
      <select class="input" id=${`f-${name}`} value=${form[name]} onChange=${onInput(name)}>
        <option value="" selected=${!form[name]}>${t("cases.any")}</option>
        ${options.map((one) => html`<option value=${one.id} selected=${form[name] === one.id}>${one.name}</option>`)}
      </select></div>`;
  const people = me && !colleagues.some((c) => c.id === me.id) ? [...colleagues, { id: me.id, name: me.name }] : colleagues;
  const active = FILTERS.some((name) => asked[name]);

  return html`
    <main class="page" id="main" tabindex="-1">
      <header class="page__head">
        <h1>${t("cases.title")}</h1>
        <p class="muted page__total">${answer && t("cases.total", { count: answer.total })}</p>
        <a class="button" href=${api.csvUrl(asked)} download><${Icon} name="download" /><span>${t("cases.csv")}</span></a>
      </header>
      <form class="filters" role="search" aria-label=${t("cases.filters")} onSubmit=${submit} noValidate>
        <div class="field"><label for="f-from">${t("cases.from")}</label><input class="input" type="date" id="f-from" value=${form.from} onInput=${onInput("from")} /></div>
        <div class="field"><label for="f-to">${t("cases.to")}</label><input class="input" type="date" id="f-to" value=${form.to} onInput=${onInput("to")}
          aria-invalid=${badDates ? "true" : undefined} aria-describedby=${badDates ? "f-to-error" : undefined} />
          ${badDates && html`<p class="field__error" id="f-to-error">${t("cases.bad_dates")}</p>`}</div>
        ${select("channel", [...channels].map((id) => ({ id, name: label("channel", id) })))}
        ${select("level", ["0", "1", "2"].map((id) => ({ id, name: label("level", id) })))}
        ${select("outcome", allOutcomes(outcomes))}
        ${select("institution", byName(institutions))}
        ${select("operator", byName(people))}
        <div class="field field--text"><label for="f-q">${t("cases.q")}</label><input class="input" type="search" id="f-q" value=${form.q} onInput=${onInput("q")} /></div>
        <div class="filters__buttons">
          <${Button} kind="primary" type="submit" icon="search">${t("cases.show")}</>
          ${active && html`<a class="button" href="#/cases">${t("cases.clear")}</a>`}
        </div>
      </form>
      ${error && html`<div><${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setAgain((n) => n + 1)}>${t("action.try_again")}</></div>`}
      ${answer && html`
        <div class=${busy ? "table-wrap table-wrap--busy" : "table-wrap"} aria-busy=${busy ? "true" : undefined} role="region" aria-labelledby="cases-caption" tabindex="0">
          <table class="table" role="table">
            <caption class="vh" id="cases-caption">${t("cases.title")}</caption>
            <thead role="rowgroup"><tr role="row">${["no", "opened_at", "channel_level", "institution", "service", "operator", "wait_s", "handle_s", "outcome", "rating", "amount_eur"].map((column) => html`
              <th scope="col" role="columnheader" class=${/_s$|_eur$|rating/.test(column) ? "num" : ""}>${t(`column.${column}`)}</th>`)}</tr></thead>
            <tbody role="rowgroup">${answer.rows.map((row) => html`
              <tr role="row" key=${row.no}>
                <th scope="row" role="rowheader" data-label=${t("column.no")}><a href=${`#/cases/${encodeURIComponent(row.no)}`}>${row.no}</a>${row.corrections ? html` <span class="badge" title=${t("cases.corrected", { count: row.corrections })}>±${row.corrections}<span class="vh"> ${t("cases.corrected", { count: row.corrections })}</span></span>` : null}</th>
                ${cell("opened_at", dateTime(row.opened_at))}
                ${cell("channel_level", html`<span>${label("channel", row.channel)}</span><br /><span class="muted">${label("level", row.level)} · <span title=${label("language", row.lang)}>${row.lang?.toUpperCase()}</span></span>`)}
                ${cell("institution", html`<bdi>${named(row.institution, institutions) || "–"}</bdi>${nameOf(row.municipality) && html`<br /><span class="muted">${nameOf(row.municipality)}</span>`}`)}
                ${cell("service", nameOf(row.service) && html`<bdi>${nameOf(row.service)}</bdi>`)}
                ${cell("operator", html`<bdi>${nameOf(row.operator) || "–"}</bdi>${nameOf(row.centre) && html`<br /><span class="muted">${nameOf(row.centre)}</span>`}`)}
                ${cell("wait_s", duration(row.wait_s), true)}
                ${cell("handle_s", duration(row.handle_s), true)}
                ${cell("outcome", outcomeName(row.outcome, outcomes))}
                ${cell("rating", stars(row.rating), true)}
                ${cell("amount_eur", euros(row.amount_eur), true)}
              </tr>`)}
            </tbody>
          </table>
          ${answer.rows.length === 0 && html`<p class="empty"><${Icon} name="search" size=${28} />${t("cases.nothing")}</p>`}
        </div>
        <${Pager} answer=${answer} hash=${(/** @type {number} */ at) => `#/cases${api.query({ ...asked, page: at })}`} />`}
      ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    </main>`;
}

/** Roles are written out because on a phone the cells are laid out as blocks, and tables lose their meaning with that. @param {string} column @param {any} content @param {boolean} [num] */
const cell = (column, content, num = false) => html`<td role="cell" class=${num ? "num" : ""} data-label=${t(`column.${column}`)}>${content || html`<span class="muted">–</span>`}</td>`;
