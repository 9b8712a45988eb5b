// @ts-check
// Questioned lines of statements: who does not agree and why, decided by another person.
import { told } from "../actions.js";
import * as api from "../api.js";
import { announce } from "../attention.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Choice } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { cx, html } from "../html.js";
import { byName, dateTime, label, monthName, t } from "../i18n.js";
import { cell, count as number, money, Table } from "../money.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useId, useState } from "../vendor/hooks.js";

const STATES = ["open", "accepted", "refused", "withdrawn"];
const FILTERS = ["state", "number", "centre", "institution", "case_no", "page"];

/** @param {{params: URLSearchParams}} props */
export function DisputesPage({ params }) {
  const asked = Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? ""]));
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const [act, setAct] = useState(/** @type {{what: string, one: any}|null} */ (null));
  const key = params.toString();
  useEffect(() => {
    let here = true;
    setError("");
    api.get(`settlement/disputes${api.query(asked)}`).then(
      (got) => {
        if (!here) return;
        setFound(got);
        announce(t("disputes.found", { count: got.total }));
      },
      (problem) => here && setError(told(problem)),
    );
    return () => {
      here = false;
    };
  }, [key, round]);
  const done = () => {
    setAct(null);
    setRound(round + 1);
    document.getElementById("main")?.focus();
  };
  /** Leads to the disputes of one party. @param {Record<string, string>} filter @param {string} name */
  const only = (filter, name) => html`<a href=${`#/disputes${api.query(filter)}`} aria-label=${t("disputes.only", { name })}><bdi>${name}</bdi></a>`;
  const columns = ["case_no", "statement", "amount", "why", "raised", "state"].map((name, at) => ({ name: t(`disputes.column.${name}`), num: at === 2 }));
  return html`
    <main class="page settlements" id="main" tabindex="-1">
      <header class="page__head">
        <a class="icon-button" href="#/settlements" aria-label=${t("settlements.to_list")}><${Icon} name="back" /></a>
        <h1 id="disputes-title">${t("disputes.title")}</h1></header>
      <p class="muted">${t("disputes.lead")}</p>
      <nav class="state-filter" aria-label=${t("disputes.by_state")}>
        ${["", ...STATES].map((state) => html`<a key=${state} class="button" aria-current=${asked.state === state ? "true" : undefined} href=${`#/disputes${api.query({ ...asked, state, page: "" })}`}>
          ${state ? label("disputes.state", state) : t("disputes.all")}${state && found && html` <span class="muted">${number(found.counts[state] ?? 0)}</span>`}</a>`)}
      </nav>
      ${(asked.number || asked.case_no || asked.centre || asked.institution) && html`<p class="line-filters__now">
        ${asked.institution && html`<span class="chip">${t("column.institution")}: <bdi>${found?.rows.find((/** @type {any} */ one) => one.party_id === asked.institution)?.party ?? asked.institution}</bdi></span>`}
        ${asked.centre && html`<span class="chip">${t("settlements.column.centre")}: <bdi>${found?.rows.find((/** @type {any} */ one) => one.centre_id === asked.centre)?.centre ?? asked.centre}</bdi></span>`}
        ${asked.number && html`<span class="chip">${t("statement.title", { number: asked.number })}</span>`}
        ${asked.case_no && html`<span class="chip">${t("statement.filter.case_no")}: ${asked.case_no}</span>`}
        <a class="button button--quiet" href="#/disputes">${t("disputes.everything")}</a></p>`}
      <${Alert} text=${error} />
      ${!found && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${found && !found.rows.length && html`<p>${t("disputes.none")}</p>`}
      ${found && found.rows.length > 0 && html`<${Table} labelledby="disputes-title" head=${columns}>
        ${found.rows.map((/** @type {any} */ one) => html`<tr key=${one.id} role="row">
          <th scope="row" role="rowheader"><a href=${`#/cases/${one.case_no}`}>${one.case_no}</a></th>
          ${cell(columns[1].name, html`<a href=${`#/statement/${encodeURIComponent(one.number)}?rows=1&case_no=${one.case_no}`}>${one.number}</a><br /><span class="muted">${monthName(one.month)}</span>
            ${one.kind === "institution" && html`<br />${only({ institution: one.party_id }, one.party)}`}
            ${one.centre && html`<br />${only({ centre: one.centre_id }, one.centre)}`}`)}
          ${cell(columns[2].name, money(one.amount), true)}
          ${cell(columns[3].name, html`<bdi>${one.reason}</bdi>${one.asked_by && html`<br /><span class="muted"><bdi>${one.asked_by}</bdi></span>`}`)}
          ${cell(columns[4].name, html`<bdi>${one.raised_by}</bdi><br /><span class="muted">${dateTime(one.raised_at)}</span>`)}
          ${cell(columns[5].name, html`<span class=${cx("chip", one.state === "open" && "chip--queued", one.state === "accepted" && "chip--active")}>${label("disputes.state", one.state)}</span>
            ${one.decided_by && html`<p class="muted">${[one.decided_by, one.act && label("disputes.act", one.act), one.decision].filter(Boolean).join(" · ")}</p>`}
            ${one.settled_in && html`<p class="muted">${t("disputes.settled_in", { month: monthName(one.settled_in) })}</p>`}
            ${one.state === "open" && !one.may.includes("accept") && found.may.includes("decide") && html`<p class="muted">${t("disputes.another")}</p>`}
            <span class="row-buttons">${one.may.map((/** @type {string} */ what) => html`<${Button} key=${what} onClick=${() => setAct({ what, one })}>${t(`disputes.${what}`)}<span class="vh"> ${one.case_no}</span></>`)}</span>`)}
        </tr>`)}</>`}
      ${found && html`<${Pager} answer=${found} hash=${(/** @type {number} */ at) => `#/disputes${api.query({ ...asked, page: at })}`} />`}
      ${act && act.what === "accept" && html`<${Accept} one=${act.one} onClose=${() => setAct(null)} onDone=${done} />`}
      ${act && act.what !== "accept" && html`<${Decide} what=${act.what} one=${act.one} onClose=${() => setAct(null)} onDone=${done} />`}
    </main>`;
}

/** Refused or taken back. @param {{what: string, one: any, onClose: () => void, onDone: () => void}} props */
function Decide({ what, one, onClose, onDone }) {
  /** @param {string} why */
  const decide = async (why) => {
    try {
      await api.post(`settlement/disputes/${one.id}/${what}`, { version: one.version, reason: why });
    } catch (problem) {
      return told(problem);
    }
    toast("ok", t(`disputes.${what}_done`));
    onDone();
    return "";
  };
  return html`<${Confirm} title=${t(`disputes.${what}_title`, { no: one.case_no })} lead=${t(`disputes.${what}_lead`)} submit=${t(`disputes.${what}`)} icon="done"
    onClose=${onClose} onConfirm=${decide} reason=${{ label: t("disputes.reason"), missing: t("disputes.reason_missing") }}><${Asked} one=${one} /></>`;
}

/** @param {{one: any}} props */
const Asked = ({ one }) => html`<blockquote class="notice-quote"><bdi>${one.reason}</bdi></blockquote>`;

/** Whoever questions it is right: the case is not counted, or counted otherwise. @param {{one: any, onClose: () => void, onDone: () => void}} props */
function Accept({ one, onClose, onDone }) {
  const institutions = useStore((s) => s.institutions);
  const outcomes = useStore((s) => s.caseOutcomes);
  const services = useStore((s) => s.services);
  const [centres, setCentres] = useState(/** @type {{id: string, name: string}[]} */ ([]));
  const [act, setAct] = useState("reverse");
  const [changes, setChanges] = useState(/** @type {Record<string, string>} */ ({}));
  useEffect(() => {
    api.get(`settlement/statements?kind=centre&month=${one.month}`).then((found) => setCentres(found.statements.map((/** @type {any} */ row) => ({ id: row.party_id, name: row.party }))), () => {});
  }, []);
  /** @param {string} why */
  const accept = async (why) => {
    const wanted = Object.fromEntries(Object.entries(changes).filter(([, value]) => value));
    if (act === "correct" && !Object.keys(wanted).length) return t("disputes.nothing_changed");
    const body = { version: one.version, reason: why, act, ...(act === "correct" ? { changes: { ...wanted, ...(wanted.level ? { level: Number(wanted.level) } : {}) } } : {}) };
    try {
      await api.post(`settlement/disputes/${one.id}/accept`, body);
    } catch (problem) {
      return told(problem);
    }
    toast("ok", t("disputes.accept_done"));
    onDone();
    return "";
  };
  /** @param {string} key @param {string} name @param {{id: string, name: string}[]} options */
  const select = (key, name, options) => html`<${Select} label=${name} value=${changes[key] ?? ""} options=${options} onChange=${(/** @type {string} */ value) => setChanges({ ...changes, [key]: value })} />`;
  return html`<${Confirm} title=${t("disputes.accept_title", { no: one.case_no })} lead=${t("disputes.accept_lead")} submit=${t("disputes.accept")} icon="done"
    onClose=${onClose} onConfirm=${accept} reason=${{ label: t("disputes.reason"), missing: t("disputes.reason_missing") }}>
    <${Asked} one=${one} />
    <${Choice} legend=${t("disputes.how")} value=${act} onChange=${setAct} items=${["reverse", "correct"].map((id) => ({ id, name: label("disputes.act", id), note: t(`disputes.act_note.${id}`) }))} />
    ${act === "correct" && html`<div class="two-columns">
      ${select("level", t("column.level"), ["0", "1", "2"].map((id) => ({ id, name: label("level", id) })))}
      ${select("centre_id", t("settlements.column.centre"), centres)}
      ${select("institution_id", t("column.institution"), byName(institutions))}
      ${services.length > 0 && select("service_id", t("column.service"), byName(services))}
      ${select("outcome", t("column.outcome"), outcomes)}
    </div>`}</>`;
}

/** @param {{label: string, value: string, options: {id: string, name: string}[], onChange: (value: string) => void}} props */
function Select({ label: name, value, options, onChange }) {
  const id = useId();
  return html`<div class="field"><label for=${id}>${name}</label>
    <select class="input" id=${id} value=${value} onChange=${(/** @type {any} */ e) => onChange(e.target.value)}>
      <option value="" selected=${!value}>${t("disputes.unchanged")}</option>
      ${options.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === value}>${one.name}</option>`)}
    </select></div>`;
}
