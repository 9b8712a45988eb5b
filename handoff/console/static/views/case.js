// @ts-check
// One case: its row, its entries in the ledger, what happened, and the form of a correction.
import * as api from "../api.js";
import { reason as explain } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Timeline } from "../components/details.js";
import { Icon } from "../components/icons.js";
import { TextArea } from "../components/picklist.js";
import { html } from "../html.js";
import { byName, dateTime, duration, euros, label, t } from "../i18n.js";
import { nameOf } from "../model.js";
import { supervises } from "../pages.js";
import { conversationHash } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { lastList, named, outcomeName } from "./cases.js";

/** Columns of the ledger's entries, each shown only when some entry has it. */
const ENTRY_COLUMNS = ["ts", "kind", "actor", "reason", "level", "institution", "service", "outcome", "tariff", "amount_eur"];

/** @param {{no: string}} props */
export function CaseView({ no }) {
  const institutions = useStore((s) => s.institutions);
  const outcomes = useStore((s) => s.caseOutcomes);
  const topics = useStore((s) => s.topics);
  // Accountants see what is counted, not what was said, and correct by way of a dispute.
  const whole = useStore((s) => supervises(s.me?.role ?? ""));
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [again, setAgain] = useState(0);
  useEffect(() => {
    let stale = false;
    setError("");
    api.get(`cases/${encodeURIComponent(no)}`).then(
      (got) => !stale && setFound(got),
      (problem) => !stale && setError(problem.status === 404 ? (problem.code === "case_not_settled" ? t("case.not_settled") : t("case.missing")) : explain(problem)),
    );
    return () => {
      stale = true;
    };
  }, [no, again]);

  const row = found?.row;
  /** @type {[string, any][]} */
  const facts = row
    ? [
        ["channel", [label("channel", row.channel), row.site].filter(Boolean).join(" · ")],
        ["language", label("language", row.lang)],
        ["level", label("level", row.level)],
        ["institution", named(row.institution, institutions)],
        ["municipality", nameOf(row.municipality)],
        ["service", nameOf(row.service)],
        ["topic", named(row.topic, topics)],
        ["outcome", outcomeName(row.outcome, outcomes)],
        ["operator", [nameOf(row.operator), nameOf(row.centre)].filter(Boolean).join(", ")],
        ["opened_at", dateTime(row.opened_at)],
        ["queued_at", dateTime(row.queued_at)],
        ["taken_at", dateTime(row.taken_at)],
        ["first_reply_at", dateTime(row.first_reply_at)],
        ["level2_at", dateTime(row.level2_at)],
        ["closed_at", dateTime(row.closed_at)],
        ["wait_s", duration(row.wait_s)],
        ["handle_s", duration(row.handle_s)],
        ["rating", row.rating ? `${row.rating?.score ?? row.rating}/5` : ""],
        ["tariff", nameOf(row.tariff)],
        ["amount_eur", euros(row.amount_eur)],
      ]
    : [];
  return html`
    <main class="page" id="main" tabindex="-1">
      <header class="page__head">
        <a class="icon-button" href=${lastList.hash} aria-label=${t("case.back")}><${Icon} name="back" /></a>
        <h1>${t("case.title", { no })}</h1>
        ${whole && row?.conversation_id && html`<a class="button" href=${conversationHash(row.conversation_id)}><${Icon} name="inbox" /><span>${t("case.conversation")}</span></a>`}
      </header>
      ${error && html`<div><${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setAgain((n) => n + 1)}>${t("action.try_again")}</></div>`}
      ${!found && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${found && html`
        <div class="case">
          <section class="box" aria-labelledby="case-facts"><h2 id="case-facts">${t("case.facts")}</h2>
            <dl class="facts facts--wide">${facts.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${t(`column.${name}`)}</dt><dd><bdi>${value}</bdi></dd></div>`)}</dl></section>
          ${whole && html`<section class="box" aria-labelledby="case-timeline"><h2 id="case-timeline">${t("details.timeline")}</h2><${Timeline} events=${found.timeline} /></section>`}
          <section class="box case__wide" aria-labelledby="case-entries"><h2 id="case-entries">${t("case.entries")}</h2><${Entries} entries=${found.entries} institutions=${institutions} outcomes=${outcomes} /></section>
          ${whole && html`<${Correction} key=${`${no}-${found.entries.length}`} no=${no} row=${row} onDone=${setFound} />`}
        </div>`}
    </main>`;
}

/** @param {{entries: any[], institutions: any[], outcomes: any[]}} props */
function Entries({ entries, institutions, outcomes }) {
  const rows = entries.map((/** @type {any} */ entry) => ({
    ...entry,
    ts: entry.recorded_at,
    actor: entry.recorded_by ?? label("author", "system"),
    reason: entry.why,
    // A reversing entry takes back what it names.
    amount_eur: entry.sign < 0 && entry.amount_eur ? `-${entry.amount_eur}` : entry.amount_eur,
  }));
  const columns = ENTRY_COLUMNS.filter((name) => rows.some((row) => row[name] !== undefined && row[name] !== null && row[name] !== ""));
  /** @param {any} row @param {string} name */
  const show = (row, name) => {
    const value = row[name];
    if (name === "ts") return dateTime(value);
    if (name === "kind") return label("entry", value);
    if (name === "level") return label("level", value);
    if (name === "institution") return named(value, institutions);
    if (name === "outcome") return outcomeName(value, outcomes);
    if (name === "amount_eur") return euros(value);
    return nameOf(value);
  };
  return html`
    <div class="table-wrap" role="group" aria-labelledby="case-entries" tabindex="0"><table class="table" role="table">
      <thead role="rowgroup"><tr role="row">${columns.map((name) => html`<th scope="col" role="columnheader" class=${name === "amount_eur" ? "num" : ""}>${t(`column.${name}`)}</th>`)}</tr></thead>
      <tbody role="rowgroup">${rows.map((row, i) => html`<tr role="row" key=${i} class=${`entry entry--${row.kind}`}>${columns.map((name) => html`
        <td role="cell" class=${name === "amount_eur" ? "num" : ""} data-label=${t(`column.${name}`)}><bdi>${show(row, name)}</bdi></td>`)}</tr>`)}</tbody>
    </table></div>`;
}

/** @param {{no: string, row: any, onDone: (found: any) => void}} props */
function Correction({ no, row, onDone }) {
  const services = useStore((s) => s.services);
  const institutions = useStore((s) => s.institutions);
  const outcomes = useStore((s) => s.caseOutcomes);
  const [institution, setInstitution] = useState("");
  const [service, setService] = useState("");
  const [outcome, setOutcome] = useState("");
  const [level, setLevel] = useState("");
  const [why, setWhy] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const changes = {
    ...(institution ? { institution_id: institution } : {}),
    ...(service ? { service_id: service } : {}),
    ...(outcome ? { outcome } : {}),
    ...(level ? { level: Number(level) } : {}),
  };
  const nothing = Object.keys(changes).length === 0;

  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    setTried(true);
    setError("");
    if (busy) return;
    if (!why.trim() || nothing) {
      const form = /** @type {HTMLElement} */ (event.target);
      setTimeout(() => /** @type {HTMLElement|null} */ (form.querySelector("[aria-invalid=true]"))?.focus(), 30);
      return;
    }
    setBusy(true);
    try {
      const found = await api.post(`cases/${encodeURIComponent(no)}/correct`, { reason: why.trim(), changes });
      toast("ok", t("case.corrected"));
      onDone(found);
      document.getElementById("main")?.focus();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(explain(problem));
      setBusy(false);
    }
  };
  /** @param {string} id @param {string} name @param {string} value @param {(v: string) => void} change @param {{id: string, name: string}[]} options @param {string} now */
  const select = (id, name, value, change, options, now) => html`
    <div class="field"><label for=${id}>${name}</label>
      <select class="input" id=${id} value=${value} aria-invalid=${tried && nothing && id === "c-institution" ? "true" : undefined}
        aria-describedby=${tried && nothing ? "c-nothing" : undefined} onChange=${(/** @type {any} */ e) => change(e.target.value)}>
        <option value="" selected=${!value}>${now ? t("case.keep", { now }) : t("case.keep_empty")}</option>
        ${options.map((one) => html`<option value=${one.id} selected=${value === one.id}>${one.name}</option>`)}
      </select></div>`;
  return html`
    <section class="box case__wide" aria-labelledby="case-correct">
      <h2 id="case-correct">${t("case.correct")}</h2>
      <p class="muted">${t("case.correct_lead")}</p>
      <form class="correct" onSubmit=${submit} noValidate>
        ${select("c-institution", t("column.institution"), institution, setInstitution, byName(institutions), named(row.institution, institutions))}
        ${select("c-outcome", t("column.outcome"), outcome, setOutcome, outcomes, outcomeName(row.outcome, outcomes))}
        ${select("c-level", t("column.level"), level, setLevel, ["0", "1", "2"].map((id) => ({ id, name: label("level", id) })), label("level", row.level))}
        ${select("c-service", t("column.service"), service, setService, byName(services), nameOf(row.service))}
        ${tried && nothing && html`<p class="field__error" id="c-nothing">${t("case.nothing_changed")}</p>`}
        <${TextArea} label=${t("case.reason")} value=${why} onInput=${setWhy} rows=${2} error=${tried && !why.trim() ? t("case.reason_missing") : ""} />
        <${Alert} text=${error} />
        <div><${Button} type="submit" kind="primary" busy=${busy}>${t("case.submit")}</></div>
      </form>
    </section>`;
}
