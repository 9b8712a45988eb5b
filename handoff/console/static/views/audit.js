// @ts-check
// The audit trail: found by person, act, object and period; the filters live in the address.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { Alert, Button } from "../components/bits.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { html } from "../html.js";
import { byName, dateTime, label, t } from "../i18n.js";
import { conversationHash, go } from "../router.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @typedef {{id: number, at: string, person: {id: string, name: string}|null, action: string, object: {id: string, name: string, kind: "person"|"conversation"|"other"}|null, detail: any}} Line */
/** @typedef {{rows: Line[], total: number, page: number, pages: number, up_to: number, actions: string[], people: {id: string, name: string}[]}} Trail */

/** Whose values have names of their own. @type {Record<string, string>} */
const NAMED = { role: "role", languages: "language", lang: "language", aspect: "knowledge.aspect", wording: "wording.kind" };

const FILTERS = ["from", "to", "person", "action", "object"];

/** @param {any} value @param {string} [name] what the value is of @returns {string} */
const inWords = (value, name = "") => {
  if (value === null || value === undefined || value === "") return "–";
  if (typeof value === "boolean") return t(value ? "audit.yes" : "audit.no");
  if (Array.isArray(value) && value.every((one) => typeof one !== "object")) return value.map((one) => inWords(one, name)).join(", ") || "–";
  if (name in NAMED) return label(NAMED[name], value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

/** What was before and is now, name by name. @param {any} side */
const sides = (side) => (side && typeof side === "object" && !Array.isArray(side) ? side : side === null || side === undefined ? {} : { value: side });

/** @param {{detail: any}} props */
function Detail({ detail }) {
  const { before, after, ...rest } = detail ?? {};
  const was = sides(before);
  const now = sides(after);
  const names = [...new Set([...Object.keys(was), ...Object.keys(now)])].filter((name) => JSON.stringify(was[name]) !== JSON.stringify(now[name]));
  if (!names.length && !Object.keys(rest).length) return "–";
  return html`<ul class="trail__detail">
    ${names.map((name) => html`<li key=${name}><span class="muted">${label("audit.field", name)}:</span> ${name in was && html`<del><span class="vh">${t("audit.was")} </span>${inWords(was[name], name)}</del> `}${
      name in now && html`<ins><span class="vh">${t("audit.now")} </span>${inWords(now[name], name)}</ins>`}</li>`)}
    ${Object.entries(rest).map(([name, value]) => html`<li key=${`-${name}`}><span class="muted">${label("audit.field", name)}:</span> ${inWords(value, name)}</li>`)}
  </ul>`;
}

/** @param {{about: Line["object"]}} props */
function About({ about }) {
  if (!about) return "–";
  if (about.kind === "person") return html`<a href=${`#/people/${about.id}`}><bdi>${about.name}</bdi></a>`;
  if (about.kind === "conversation") return html`<a href=${conversationHash(about.id)}>${t("audit.conversation")}</a><span class="muted trail__id"> ${about.id}</span>`;
  return html`<span class="trail__id">${about.id}</span>`;
}

/** @param {{params: URLSearchParams}} props */
export function AuditPage({ params }) {
  const key = params.toString();
  const asked = Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? ""]));
  const page = Math.max(1, Number(params.get("page")) || 1);
  const [form, setForm] = useState(asked);
  const [answer, setAnswer] = useState(/** @type {Trail|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => setForm(asked), [key]);
  useEffect(() => {
    let here = true;
    setError("");
    api.get(`audit${api.query({ ...asked, page, up_to: params.get("up_to") ?? "" })}`).then(
      (found) => {
        if (!here) return;
        setAnswer(found);
        announce(t("audit.total", { count: found.total }));
      },
      (problem) => {
        if (!(problem instanceof api.ApiError)) throw problem;
        if (here) setError(reason(problem));
      },
    );
    return () => {
      here = false;
    };
  }, [key, round]);
  const bad = Boolean(form.from && form.to && form.from > form.to);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    if (bad) {
      document.getElementById("a-to")?.focus();
      return;
    }
    const hash = `#/audit${api.query(form)}`;
    if (hash === location.hash) setRound(round + 1);
    else go(hash);
  };
  /** @param {string} name */
  const onInput = (name) => (/** @type {any} */ e) => setForm({ ...form, [name]: e.target.value });
  /** @param {string} name @param {{id: string, name: string}[]} options */
  const select = (name, options) => html`
    <div class="field"><label for=${`a-${name}`}>${t(`audit.${name}`)}</label>
      <select class="input" id=${`a-${name}`} value=${form[name]} onChange=${onInput(name)}>
        <option value="" selected=${!form[name]}>${t("cases.any")}</option>
        ${options.map((one) => html`<option value=${one.id} selected=${form[name] === one.id}>${one.name}</option>`)}
      </select></div>`;
  /** @param {string} name @param {any} value */
  const cell = (name, value) => html`<td role="cell" data-label=${t(`audit.column.${name}`)}>${value}</td>`;
  return html`
    <main class="page trail" id="main" tabindex="-1">
      <header class="page__head"><h1>${t("audit.title")}</h1><p class="muted page__total">${answer && t("audit.total", { count: answer.total })}</p>
        <a class="button" href=${`${api.BASE}audit.csv${api.query(asked)}`} download><${Icon} name="download" /><span>${t("audit.csv")}</span></a></header>
      <p class="muted">${t("audit.lead")}</p>
      <form class="filters" role="search" aria-label=${t("audit.filters")} onSubmit=${submit} noValidate>
        <div class="field"><label for="a-from">${t("audit.from")}</label><input class="input" type="date" id="a-from" value=${form.from} onInput=${onInput("from")} /></div>
        <div class="field"><label for="a-to">${t("audit.to")}</label><input class="input" type="date" id="a-to" value=${form.to} onInput=${onInput("to")}
          aria-invalid=${bad ? "true" : undefined} aria-describedby=${bad ? "a-to-error" : undefined} />${bad && html`<p class="field__error" id="a-to-error">${t("cases.bad_dates")}</p>`}</div>
        ${select("person", [{ id: "-", name: t("audit.nobody") }, ...byName(answer?.people ?? [])])}
        ${select("action", byName((answer?.actions ?? []).map((id) => ({ id, name: label("audit.action", id) }))))}
        <div class="field field--text"><label for="a-object">${t("audit.object")}</label><input class="input" type="search" id="a-object" maxLength="80" spellcheck=${false} value=${form.object} onInput=${onInput("object")} /></div>
        <div class="filters__buttons"><${Button} kind="primary" type="submit" icon="search">${t("cases.show")}</>${FILTERS.some((name) => asked[name]) && html`<a class="button" href="#/audit">${t("cases.clear")}</a>`}</div>
      </form>
      ${error && html`<div><${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</></div>`}
      ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${answer && html`
        <div class="table-wrap" role="region" aria-labelledby="audit-caption" tabindex="0"><table class="table" role="table">
          <caption class="vh" id="audit-caption">${t("audit.title")}</caption>
          <thead role="rowgroup"><tr role="row">${["at", "person", "action", "object", "detail"].map((one) => html`<th key=${one} scope="col" role="columnheader">${t(`audit.column.${one}`)}</th>`)}</tr></thead>
          <tbody role="rowgroup">${answer.rows.map((line) => html`<tr key=${line.id} role="row">
            <th scope="row" role="rowheader">${dateTime(line.at)}</th>
            ${cell("person", line.person ? html`<bdi>${line.person.name}</bdi>` : t("audit.nobody"))}
            ${cell("action", label("audit.action", line.action))}
            ${cell("object", html`<span><${About} about=${line.object} /></span>`)}
            ${cell("detail", html`<${Detail} detail=${line.detail} />`)}</tr>`)}</tbody>
        </table>${answer.rows.length === 0 && html`<p class="empty"><${Icon} name="search" size=${28} />${t("audit.nothing")}</p>`}</div>
        <${Pager} answer=${answer} hash=${(/** @type {number} */ at) => `#/audit${api.query({ ...asked, page: at, up_to: answer.up_to })}`} />`}
    </main>`;
}
