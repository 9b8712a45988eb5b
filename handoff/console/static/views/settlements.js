// @ts-check
// Months: what is open, closed, or being closed; and what a month comes to for each centre and institution, with sums that can be
// followed and checked.
import * as api from "../api.js";
import { reason, told } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Closing, isStuck } from "../components/closing.js";
import { Confirm } from "../components/confirm.js";
import { focusSoon } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { cx, html } from "../html.js";
import { dateTime, label, lang, monthName, t } from "../i18n.js";
import { cell, count as number, money, same, sum, Table } from "../money.js";
import { usePolled } from "../polling.js";
import { toast } from "../session.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** How often one looks: while a month is being closed the bar should move. */
const QUICK_MS = 1500;
const CALM_MS = 30000;

/** @param {{period: any}} props */
export const StateChip = ({ period }) =>
  isStuck(period)
    ? html`<span class="chip chip--stuck"><${Icon} name="warn" size=${14} />${t("settlements.state.stuck")}</span>`
    : html`<span class=${cx("chip", period.state === "closing" && "chip--queued", period.state === "closed" && "chip--active")}>${label("settlements.state", period.state)}</span>`;

/** The question before a month is closed. @param {{month: string, onClose: () => void, onBegun: () => void}} props */
function CloseMonth({ month, onClose, onBegun }) {
  const close = async () => {
    try {
      await api.post(`settlement/periods/${month}/close`);
    } catch (problem) {
      return told(problem);
    }
    toast("info", t("settlements.close_begun", { month: monthName(month) }));
    onBegun();
    return "";
  };
  return html`<${Confirm} title=${t("settlements.close_title", { month: monthName(month) })} lead=${t("settlements.close_lead")}
    submit=${t("settlements.close")} icon="lock" onClose=${onClose} onConfirm=${close} />`;
}

/** @param {{id: string|null}} props a month, `YYYY-MM` */
export const SettlementsPage = ({ id }) => (id ? html`<${Month} key=${id} month=${id} />` : html`<${Months} />`);

function Months() {
  const [quick, setQuick] = useState(false);
  const [closing, setClosing] = useState("");
  const found = usePolled("settlement/periods", quick ? QUICK_MS : CALM_MS);
  const months = /** @type {any[]} */ (found.data?.months ?? []);
  const busy = months.some((one) => one.state === "closing");
  useEffect(() => setQuick(busy), [busy]);
  const columns = [
    { name: t("settlements.column.month") },
    { name: t("settlements.column.state") },
    ...["cases", "variable", "fee", "adjustments", "total"].map((one) => ({ name: t(`settlements.column.${one}`), num: true })),
    { name: t("settlements.column.closed") },
  ];
  return html`
    <main class="page settlements" id="main" tabindex="-1">
      <header class="page__head"><h1 id="settlements-title">${t("settlements.title")}</h1>
        <nav class="page__buttons" aria-label=${t("settlements.more")}>
          <a class="button" href="#/tariffs"><${Icon} name="note" /><span>${t("tariffs.title")}</span></a>
          <a class="button" href="#/disputes"><${Icon} name="question" /><span>${t("disputes.title")}</span></a>
        </nav></header>
      <p class="muted">${t("settlements.lead")}</p>
      <${Alert} text=${found.error ? reason(found.error) : ""} />
      ${!found.data && !found.error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${found.data && !months.length && html`<p>${t("settlements.none")}</p>`}
      ${months.filter((one) => one.state === "closing").map((one) => html`<${Closing} key=${one.month} period=${one} titled onChange=${() => found.reload()} />`)}
      ${months.length > 0 && html`<${Table} labelledby="settlements-title" head=${columns}>
        ${months.map((one) => html`<tr key=${one.month} role="row">
          <th scope="row" role="rowheader"><a href=${`#/settlements/${one.month}`}>${monthName(one.month)}</a></th>
          ${cell(columns[1].name, html`<${StateChip} period=${one} />`)}
          ${cell(columns[2].name, one.cases === null ? "" : number(one.cases), true)}
          ${["variable", "fee", "adjustments", "total"].map((key, at) => cell(columns[at + 3].name, money(one[key]), true))}
          ${cell(columns[7].name, one.state === "closed"
            ? html`${dateTime(one.closed_at)}<br /><span class="muted">${one.closed_by}</span>`
            : one.may.includes("close") && html`<${Button} icon="lock" onClick=${() => setClosing(one.month)}>${t("settlements.close")}<span class="vh"> ${monthName(one.month)}</span></>`)}
        </tr>`)}</>`}
      ${closing && html`<${CloseMonth} month=${closing} onClose=${() => setClosing("")} onBegun=${() => { setClosing(""); setQuick(true); found.reload(); focusSoon("main"); }} />`}
    </main>`;
}

/** @param {{month: string}} props */
function Month({ month }) {
  const [quick, setQuick] = useState(false);
  const [asking, setAsking] = useState(false);
  const known = usePolled(`settlement/periods/${encodeURIComponent(month)}`, quick ? QUICK_MS : CALM_MS);
  const [preview, setPreview] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const state = known.data?.state;
  useEffect(() => setQuick(state === "closing"), [state]);
  useEffect(() => {
    setError("");
    if (state !== "open") return undefined;
    let here = true;
    api.get(`settlement/periods/${encodeURIComponent(month)}/preview`).then(
      (got) => here && setPreview(got),
      (problem) => here && setError(told(problem)),
    );
    return () => {
      here = false;
    };
  }, [state, round, month, lang()]);
  const shown = state === "closed" ? known.data : state === "open" ? preview : null;
  return html`
    <main class="page settlements" id="main" tabindex="-1">
      <header class="page__head">
        <a class="icon-button" href="#/settlements" aria-label=${t("settlements.to_list")}><${Icon} name="back" /></a>
        <h1>${monthName(month)}</h1>
        ${known.data && html`<${StateChip} period=${known.data} />`}
        <div class="page__buttons">
          ${state === "open" && html`<${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("settlements.again")}</>`}
          ${known.data?.may.includes("close") && html`<${Button} kind="primary" icon="lock" onClick=${() => setAsking(true)}>${t("settlements.close")}</>`}
        </div>
      </header>
      <${Alert} text=${error || (known.error ? reason(known.error) : "")} />
      ${state === "closing" && html`<${Closing} period=${known.data} onChange=${(/** @type {any} */ now) => known.replace(now)} />`}
      ${state === "closed" && html`<p class="muted">${t("settlements.closed_by", { who: known.data.closed_by ?? "–", when: dateTime(known.data.closed_at) })}</p>`}
      ${state === "open" && preview && html`<p class="notice-line"><${Icon} name="info" />${t("settlements.preview", { when: dateTime(preview.at) })}</p>`}
      ${!shown && state !== "closing" && !error && !known.error && html`<p class="muted" role="status">${t("settlements.reckoning")}</p>`}
      ${shown && html`<${Figures} period=${shown} />`}
      ${asking && html`<${CloseMonth} month=${month} onClose=${() => setAsking(false)} onBegun=${() => { setAsking(false); known.reload(); focusSoon("main"); }} />`}
    </main>`;
}

/** @param {any} row a statement's head @returns {string} where it is read */
const where = (row) =>
  row.number ? `#/statement/${encodeURIComponent(row.number)}` : `#/statement/preview${api.query({ month: row.month, kind: row.kind, party: row.party_id })}`;

/** @param {{period: any}} props */
function Figures({ period }) {
  const centres = period.statements.filter((/** @type {any} */ one) => one.kind === "centre");
  const institutions = period.statements.filter((/** @type {any} */ one) => one.kind === "institution");
  return html`
    ${(period.problems ?? []).length > 0 && html`<ul class="problems">${period.problems.map((/** @type {any} */ one) => html`<li key=${one.code}><${Icon} name="warn" />${t(`settlements.problem.${one.code}`, { count: one.count })}</li>`)}</ul>`}
    <${Parties} id="to-centres" title=${t("settlements.to_centres")} rows=${centres} parts=${["variable", "fee", "adjustments", "total"]} fee=${t("settlements.column.shares")} />
    <${Parties} id="from-institutions" title=${t("settlements.from_institutions")} rows=${institutions} parts=${["total"]} fee="" />
    <${Controls} period=${period} centres=${centres} institutions=${institutions} />`;
}

/** @param {{id: string, title: string, rows: any[], parts: string[], fee: string}} props `fee`: what the fee is called here */
function Parties({ id, title, rows, parts, fee }) {
  /** @param {string} part */
  const name = (part) => (part === "fee" ? fee : t(`settlements.column.${part}`));
  const columns = [
    { name: t(`settlements.column.${id === "to-centres" ? "centre" : "institution"}`) },
    { name: t("settlements.column.number") },
    { name: t("settlements.column.cases"), num: true },
    { name: t("settlements.column.late"), num: true },
    ...parts.map((part) => ({ name: name(part), num: true })),
  ];
  const total = (/** @type {string} */ key) => rows.reduce((/** @type {number} */ all, one) => all + one[key], 0);
  return html`<section class="settlements__part" aria-labelledby=${id}><h2 id=${id}>${title}</h2>
    ${!rows.length && html`<p class="muted">${t("settlements.nobody")}</p>`}
    ${rows.length > 0 && html`<${Table} labelledby=${id} head=${columns}>
      ${rows.map((one) => html`<tr key=${one.party_id} role="row">
        <th scope="row" role="rowheader"><a href=${where(one)}><bdi>${one.party}</bdi></a></th>
        ${cell(columns[1].name, one.number ?? t("settlements.not_yet"))}
        ${cell(columns[2].name, number(one.cases), true)}
        ${cell(columns[3].name, number(one.late), true)}
        ${parts.map((part, at) => cell(columns[at + 4].name, money(one[part]), true))}
      </tr>`)}
      <tr class="sum" role="row"><th scope="row" role="rowheader">${t("settlements.sum")}</th>${cell("", " ")}
        ${cell(columns[2].name, number(total("cases")), true)}${cell(columns[3].name, number(total("late")), true)}
        ${parts.map((part, at) => cell(columns[at + 4].name, money(sum(rows.map((one) => one[part]))), true))}</tr></>`}
  </section>`;
}

/** What must agree, worked out here from the rows in sight and not taken from the server's word. @param {{period: any, centres: any[], institutions: any[]}} props */
function Controls({ period, centres, institutions }) {
  const cases = [...centres, ...institutions].reduce((/** @type {number} */ all, one) => all + one.cases, 0);
  const outside = period.unassigned?.cases ?? 0;
  const shares = sum(centres.map((one) => one.fee));
  const fees = sum(institutions.map((one) => one.fee));
  const paid = sum(centres.map((one) => one.total));
  const parts = sum(centres.flatMap((one) => [one.variable, one.fee, one.adjustments]));
  const checks = [
    { text: t("settlements.check.cases", { listed: number(cases), outside: number(outside), ledger: number(period.ledger.cases) }), fits: cases + outside === period.ledger.cases },
    { text: t("settlements.check.fees", { fees: money(fees), shares: money(shares), undivided: money(period.undivided) }), fits: same(fees, sum([shares, period.undivided])) },
    { text: t("settlements.check.paid", { parts: money(parts), paid: money(paid) }), fits: same(parts, paid) && same(paid, period.total) },
  ];
  return html`<section class="box" aria-labelledby="controls"><h2 id="controls">${t("settlements.controls")}</h2>
    <p class="muted">${t("settlements.ledger", { entries: number(period.ledger.entries), amount: money(period.ledger.amount) })}</p>
    <ul class="checks">${checks.map((one) => html`<li key=${one.text} class=${one.fits ? "checks__ok" : "checks__bad"}>
      <${Icon} name=${one.fits ? "check" : "warn"} /><span><strong>${t(one.fits ? "settlements.fits" : "settlements.fits_not")}</strong> ${one.text}</span></li>`)}</ul>
  </section>`;
}
