// @ts-check
// Open data: whether they are published, what of, and the tables as everybody sees them. Switched by administrators.
import * as api from "../api.js";
import { told } from "../actions.js";
import { Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Failed, useFetched } from "../components/fetched.js";
import { focusSoon } from "../components/field.js";
import { Pager } from "../components/pager.js";
import { html } from "../html.js";
import { dateTime, decimal, monthName, number, t } from "../i18n.js";
import { toast } from "../session.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @typedef {{id: string, title: string, about: string, rows: number, files: {kind: string, url: string}[]}} Dataset */
/** @typedef {{published: boolean, version: number, who: string|null, at: string|null, may_switch: boolean, licence: {id: string, url: string},
 *   least: number, url: string, months: string[], making: boolean, datasets: Dataset[]}} State */

/** @param {{id: string|null, params: URLSearchParams}} props */
export function OpenDataPage({ id, params }) {
  const [changed, setChanged] = useState(/** @type {State|null} */ (null));
  const [asking, setAsking] = useState(false);
  const { answer, error, reload } = useFetched("open-data", (/** @type {State} */ got) => t(got.published ? "open_data.on" : "open_data.off"));
  useEffect(() => setChanged(null), [answer]);
  const making = (changed ?? answer)?.making ?? false;
  useEffect(() => {
    if (!making) return undefined;
    const timer = setTimeout(reload, 2000);
    return () => clearTimeout(timer);
  }, [making, answer]);
  /** @type {State|null} */
  const state = changed ?? answer;
  const chosen = state?.datasets.find((one) => one.id === id) ?? state?.datasets[0];
  const turn = async () => {
    try {
      setChanged(await api.put("open-data", { published: !state?.published, version: state?.version ?? 0 }));
    } catch (problem) {
      return told(problem);
    }
    setAsking(false);
    toast("ok", t(state?.published ? "open_data.switched_off" : "open_data.switched_on"));
    focusSoon("open-data-state");
    return "";
  };
  return html`
    <main class="page open-data" id="main" tabindex="-1">
      <header class="page__head"><h1>${t("open_data.title")}</h1></header>
      ${state && html`<p class="muted">${t("open_data.lead", { least: state.least })}</p>`}
      ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
      ${!state && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${making && html`<p role="status">${t("open_data.making")}</p>`}
      ${state && html`
        <section class="box open-data__state" aria-labelledby="open-data-state">
          <div><h2 id="open-data-state" tabindex="-1">${t(state.published ? "open_data.on" : "open_data.off")}</h2>
            <p class="muted">${state.at ? t("open_data.decided", { who: state.who ?? "–", at: dateTime(state.at) }) : t("open_data.undecided")}</p>
            ${state.published && html`<p><a href=${state.url} target="_blank" rel="noopener"><bdi>${state.url}</bdi></a></p>`}</div>
          ${state.may_switch
            ? html`<${Button} kind=${state.published ? undefined : "primary"} onClick=${() => setAsking(true)}>${t(state.published ? "open_data.switch_off" : "open_data.switch_on")}</>`
            : html`<p class="muted">${t("open_data.admins_only")}</p>`}
        </section>
        <dl class="open-data__facts">
          <div><dt>${t("open_data.months")}</dt><dd>${making ? "…" : state.months.length ? t("open_data.from_to", { first: monthName(state.months[state.months.length - 1]), last: monthName(state.months[0]), count: state.months.length }) : t("open_data.no_month")}</dd></div>
          <div><dt>${t("open_data.licence")}</dt><dd><a href=${state.licence.url} target="_blank" rel="noopener license">${state.licence.id}</a></dd></div>
          <div><dt>${t("open_data.least")}</dt><dd>${t("open_data.least_is", { least: state.least })}</dd></div>
        </dl>
        <h2>${t("open_data.tables")}</h2>
        <ul class="open-data__tables" role="list">${state.datasets.map((one) => html`<li key=${one.id} class="box">
          <h3><a href=${`#/open-data/${one.id}`} aria-current=${one.id === chosen?.id ? "true" : undefined}>${one.title}</a></h3>
          <p class="muted">${one.about}</p>
          <p>${!making && t("open_data.rows", { count: one.rows, n: number(one.rows) })}${state.published && one.files.map((file) => html` · <a href=${file.url} download>${file.kind.toUpperCase()}<span class="vh">: ${one.title}</span></a>`)}</p></li>`)}</ul>
        ${chosen && !making && html`<${Preview} key=${chosen.id} dataset=${chosen} page=${Math.max(1, Number(params.get("page")) || 1)} />`}
      `}
      ${asking && state && html`<${Confirm} title=${t(state.published ? "open_data.switch_off" : "open_data.switch_on")} lead=${t(state.published ? "open_data.off_means" : "open_data.on_means", { licence: state.licence.id, count: state.months.length })}
        submit=${t(state.published ? "open_data.switch_off" : "open_data.switch_on")} onClose=${() => setAsking(false)} onConfirm=${turn} />`}
    </main>`;
}

/** @param {{dataset: Dataset, page: number}} props */
function Preview({ dataset, page }) {
  const { answer, error, reload } = useFetched(`open-data/${dataset.id}?page=${page}`, (/** @type {any} */ got) => t("open_data.rows", { count: got.total, n: number(got.total) }));
  /** @param {any} value @param {string} kind */
  const shown = (value, kind) => {
    if (value === null || value === "") return html`<span class="muted">–</span>`;
    if (kind === "boolean") return t(value ? "open_data.yes" : "open_data.no");
    return kind === "integer" || kind === "decimal" ? decimal(String(value)) : value;
  };
  /** @param {string} kind */
  const figure = (kind) => (kind === "integer" || kind === "decimal" ? "num" : undefined);
  return html`<section aria-labelledby="open-data-preview">
    <h2 id="open-data-preview">${t("open_data.preview", { title: dataset.title })}</h2>
    <p class="muted">${t("open_data.preview_lead")}</p>
    ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
    ${answer?.rows.length === 0 && html`<p>${t("open_data.no_month")}</p>`}
    ${answer?.rows.length > 0 && html`
      <div class="table-wrap" tabindex="0" role="region" aria-labelledby="open-data-preview"><table class="table open-data__table">
        <thead><tr>${answer.columns.map((/** @type {any} */ one) => html`<th key=${one.name} scope="col" class=${figure(one.kind)} title=${one.about}><code>${one.name}</code></th>`)}</tr></thead>
        <tbody>${answer.rows.map((/** @type {any[]} */ row, /** @type {number} */ at) => html`<tr key=${at}>${row.map((value, place) => html`<td key=${place} class=${figure(answer.columns[place].kind)}>${shown(value, answer.columns[place].kind)}</td>`)}</tr>`)}</tbody>
      </table></div>
      <${Pager} answer=${answer} hash=${(/** @type {number} */ wanted) => `#/open-data/${dataset.id}?page=${wanted}`} />
      <details><summary>${t("open_data.columns")}</summary><dl class="open-data__columns">${answer.columns.map((/** @type {any} */ one) => html`<div key=${one.name}><dt><code>${one.name}</code></dt><dd>${one.about}</dd></div>`)}</dl></details>`}
  </section>`;
}
