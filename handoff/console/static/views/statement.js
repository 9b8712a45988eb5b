// @ts-check
// A statement: what it comes to, how that was reckoned, and the rows behind every figure. One that is not closed yet is shown the same way.
import * as api from "../api.js";
import { reason, told } from "../actions.js";
import { announce } from "../attention.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Field } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { html } from "../html.js";
import { dateTime, dayKey, label, lang, monthName, t } from "../i18n.js";
import { cell, count as number, money, sum, Table } from "../money.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** What rows are narrowed by; each is a value of the row. */
const FILTERS = ["tariff", "case_kind", "channel", "level", "price", "centre", "account", "late", "case_no", "payer"];

/** @param {{id: string|null, params: URLSearchParams}} props a number, or `preview` with month, kind and party */
export function StatementPage({ id, params }) {
  const open = id === "preview";
  const path = open
    ? `settlement/periods/${params.get("month") ?? ""}/preview/${params.get("kind") ?? ""}/${encodeURIComponent(params.get("party") ?? "")}`
    : `settlement/statements/${encodeURIComponent(id ?? "")}`;
  const [one, setOne] = useState(/** @type {any} */ (null));
  const [others, setOthers] = useState(/** @type {any[]} */ ([]));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    let here = true;
    setError("");
    api.get(path).then(
      (got) => {
        if (!here) return;
        setOne(got);
        // What a centre served for others is questioned in their statements; older ones tell the rows of shares only there.
        if (got.number) api.get(`settlement/statements?month=${got.month}`).then((found) => here && setOthers(found.statements), () => {});
      },
      (problem) => here && setError(told(problem)),
    );
    return () => {
      here = false;
    };
  }, [path, round]);
  /** The address of this page with rows narrowed. @param {Record<string, any>} filters */
  const rows = (filters) => {
    const kept = open ? { month: params.get("month") ?? "", kind: params.get("kind") ?? "", party: params.get("party") ?? "" } : {};
    return `#/statement/${encodeURIComponent(id ?? "")}${api.query({ ...kept, rows: "1", ...filters })}`;
  };
  return html`
    <main class="page settlements" id="main" tabindex="-1">
      <header class="page__head">
        <a class="icon-button" href=${one ? `#/settlements/${one.month}` : "#/settlements"} aria-label=${t("statement.to_month")}><${Icon} name="back" /></a>
        <h1>${one ? (one.number ? t("statement.title", { number: one.number }) : t("statement.preview_title")) : t("statement.one")}</h1>
        ${one?.number && html`<div class="page__buttons">
          <a class="button" download href=${`${api.BASE}settlement/statements/${encodeURIComponent(one.number)}.pdf?lang=${lang()}`}><${Icon} name="download" /><span>PDF</span></a>
          <a class="button" download href=${`${api.BASE}settlement/statements/${encodeURIComponent(one.number)}.xlsx?lang=${lang()}`}><${Icon} name="download" /><span>XLSX</span></a>
        </div>`}
      </header>
      <${Alert} text=${error} />
      ${error && html`<${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
      ${!one && !error && html`<p class="muted" role="status">${t("settlements.reckoning")}</p>`}
      ${one && html`<${Summary} one=${one} rows=${rows} others=${others} />
        <${Lines} path=${path} one=${one} params=${params} rows=${rows} others=${others} onAsked=${() => setRound(round + 1)} />`}
    </main>`;
}

/** @param {{one: any, rows: (filters: Record<string, any>) => string, others: any[]}} props */
function Summary({ one, rows, others }) {
  const centre = one.kind === "centre";
  const adjusted = sum(one.adjustments.map((/** @type {any} */ each) => each.amount));
  const parts = centre
    ? [[t("statement.variable"), one.variable, "#tariffs-title"], [t("statement.shares"), one.fee, "#division-title"]]
    : [
        [t("statement.social_cases"), sum(one.fees.map((/** @type {any} */ fee) => fee.cases_amount)), "#fees-title"],
        [t("statement.fixed"), sum(one.fees.map((/** @type {any} */ fee) => fee.fixed)), "#fees-title"],
      ];
  parts.push([t("statement.adjusted"), adjusted, one.adjustments.length ? "#adjustments-title" : ""]);
  return html`
    <section class="box statement-head" aria-label=${t("settlements.summary")}>
      <dl class="statement-facts">
        <dt>${t(centre ? "statement.payee" : "statement.payer")}</dt><dd><bdi>${one.party}</bdi></dd>
        <dt>${t("settlements.column.month")}</dt><dd>${monthName(one.month)}</dd>
        ${one.number && html`<dt>${t("statement.closed")}</dt><dd>${dateTime(one.closed_at)}, ${one.closed_by}</dd>`}
        ${one.digest && html`<dt>${t("statement.digest")}</dt><dd class="digest">${one.digest}</dd>`}
        ${one.disputes.open > 0 && html`<dt>${t("disputes.title")}</dt><dd><a href=${`#/disputes?number=${encodeURIComponent(one.number)}`}>${t("statement.disputes_open", { count: one.disputes.open })}</a></dd>`}
      </dl>
      <table class="totals"><caption class="vh">${t("settlements.summary")}</caption><tbody>
        ${parts.map(([name, amount, to]) => html`<tr key=${name}><th scope="row">${to ? html`<a href=${to} onClick=${jump}>${name}</a>` : name}</th><td class="num">${money(amount)}</td></tr>`)}
        <tr class="sum"><th scope="row">${t(centre ? "statement.total_centre" : "statement.total_institution")}</th><td class="num">${money(one.total)}</td></tr>
      </tbody></table>
    </section>
    <${Tariffs} one=${one} rows=${rows} />
    ${!centre && html`<${Fees} one=${one} rows=${rows} />`}
    ${(one.shares.length > 0 || !centre) && html`<${Division} one=${one} rows=${rows} others=${others} />`}
    ${one.adjustments.length > 0 && html`<${Adjustments} one=${one} />`}`;
}

/** Within the page: the address belongs to the routes. @param {MouseEvent} event */
function jump(event) {
  event.preventDefault();
  const to = document.getElementById(/** @type {HTMLAnchorElement} */ (event.currentTarget).getAttribute("href")?.slice(1) ?? "");
  to?.scrollIntoView();
  to?.focus();
}

/** @param {{one: any, rows: (filters: Record<string, any>) => string}} props */
function Tariffs({ one, rows }) {
  const columns = ["case_kind", "channel", "level", "tariff", "price", "cases", "amount"].map((name, at) => ({ name: t(`statement.column.${name}`), num: at > 3 }));
  return html`<section class="settlements__part" aria-labelledby="tariffs-title"><h2 id="tariffs-title" tabindex="-1">${t("statement.tariffs")}</h2>
    ${!one.tariffs.length && html`<p class="muted">${t("statement.no_cases")}</p>`}
    ${one.tariffs.length > 0 && html`<${Table} labelledby="tariffs-title" head=${columns}>
      ${one.tariffs.map((/** @type {any} */ row) => {
        const behind = rows({ tariff: row.tariff_id ?? "", case_kind: row.case_kind, channel: row.channel, level: row.level, price: row.price });
        return html`<tr key=${behind} role="row">
          <th scope="row" role="rowheader">${label("case_kind", row.case_kind)}</th>
          ${cell(columns[1].name, label("channel", row.channel))}
          ${cell(columns[2].name, row.level)}
          ${cell(columns[3].name, row.tariff_id)}
          ${cell(columns[4].name, money(row.price), true)}
          ${cell(columns[5].name, html`<a href=${behind} aria-label=${t("statement.open_rows", { what: number(row.cases) })}>${number(row.cases)}</a>`, true)}
          ${cell(columns[6].name, html`<a href=${behind} aria-label=${t("statement.open_rows", { what: money(row.amount) })}>${money(row.amount)}</a>`, true)}
        </tr>`;
      })}
      <tr class="sum" role="row"><th scope="row" role="rowheader">${t("settlements.sum")}</th>${[1, 2, 3, 4].map(() => cell("", " "))}
        ${cell(columns[5].name, number(one.tariffs.reduce((/** @type {number} */ all, /** @type {any} */ row) => all + row.cases, 0)), true)}
        ${cell(columns[6].name, money(sum(one.tariffs.map((/** @type {any} */ row) => row.amount))), true)}</tr></>`}
  </section>`;
}

/** @param {{one: any, rows: (filters: Record<string, any>) => string}} props */
function Fees({ one, rows }) {
  const columns = ["account", "channel", "fixed", "cases", "cases_amount", "fee"].map((name, at) => ({ name: t(`statement.column.${name}`), num: at > 1 }));
  /** @param {string} key */
  const total = (key) => money(sum(one.fees.map((/** @type {any} */ row) => row[key])));
  return html`<section class="settlements__part" aria-labelledby="fees-title"><h2 id="fees-title" tabindex="-1">${t("statement.fees")}</h2>
    <${Table} labelledby="fees-title" head=${columns}>
      ${one.fees.map((/** @type {any} */ row) => html`<tr key=${row.account_id} role="row">
        <th scope="row" role="rowheader"><bdi>${row.account}</bdi></th>
        ${cell(columns[1].name, label("channel", row.channel))}
        ${cell(columns[2].name, money(row.fixed), true)}
        ${cell(columns[3].name, html`<a href=${rows({ account: row.account_id })} aria-label=${t("statement.open_rows", { what: number(row.cases) })}>${number(row.cases)}</a>`, true)}
        ${cell(columns[4].name, html`<a href=${rows({ account: row.account_id })} aria-label=${t("statement.open_rows", { what: money(row.cases_amount) })}>${money(row.cases_amount)}</a>`, true)}
        ${cell(columns[5].name, money(row.amount), true)}
      </tr>`)}
      <tr class="sum" role="row"><th scope="row" role="rowheader">${t("settlements.sum")}</th>${cell("", " ")}
        ${cell(columns[2].name, total("fixed"), true)}
        ${cell(columns[3].name, number(one.fees.reduce((/** @type {number} */ all, /** @type {any} */ row) => all + row.cases, 0)), true)}
        ${cell(columns[4].name, total("cases_amount"), true)}${cell(columns[5].name, total("amount"), true)}</tr></>
  </section>`;
}

/** @param {{one: any, rows: (filters: Record<string, any>) => string, others: any[]}} props */
function Division({ one, rows, others }) {
  const centre = one.kind === "centre";
  const columns = [
    { name: t(`settlements.column.${centre ? "institution" : "centre"}`) },
    ...["fee", "served", "exact", "added", "share"].map((name) => ({ name: t(`statement.column.${name}`), num: true })),
  ];
  /** Rows by which it was divided: those that the centre served; of before they were told here, in the institution's statement. @param {any} row */
  const behind = (row) => {
    if (!centre) return rows({ centre: row.centre_id });
    if (one.served_entries) return rows({ payer: row.institution_id });
    const theirs = others.find((each) => each.kind === "institution" && each.party_id === row.institution_id);
    return theirs ? `#/statement/${encodeURIComponent(theirs.number)}${api.query({ rows: "1", centre: row.centre_id })}` : "";
  };
  const odd = new Set(one.shares.map((/** @type {any} */ row) => row.basis).filter((/** @type {string} */ basis) => basis !== "served"));
  return html`<section class="settlements__part" aria-labelledby="division-title"><h2 id="division-title" tabindex="-1">${t(centre ? "statement.shares" : "statement.division")}</h2>
    ${!one.shares.length && html`<p class="muted">${t("statement.no_shares")}</p>`}
    ${one.shares.length > 0 && html`<${Table} labelledby="division-title" head=${columns}>
      ${one.shares.map((/** @type {any} */ row) => {
        const text = t("statement.served", { served: number(row.served), all: number(row.served_by_all) });
        const to = row.basis === "served" ? behind(row) : "";
        return html`<tr key=${`${row.institution_id} ${row.centre_id}`} role="row">
          <th scope="row" role="rowheader"><bdi>${centre ? row.institution : row.centre}</bdi></th>
          ${cell(columns[1].name, money(row.fee), true)}
          ${cell(columns[2].name, html`${to ? html`<a href=${to} aria-label=${t("statement.open_rows", { what: text })}>${text}</a>` : text}${row.basis !== "served" && html`<br /><span class="muted">${label("statement.basis", row.basis)}</span>`}`, true)}
          ${cell(columns[3].name, row.exact.replace(/\/1$/, ""), true)}
          ${cell(columns[4].name, row.cents_added ? `${row.cents_added > 0 ? "+" : ""}${row.cents_added}` : "–", true)}
          ${cell(columns[5].name, money(row.amount), true)}
        </tr>`;
      })}
      <tr class="sum" role="row"><th scope="row" role="rowheader">${t("settlements.sum")}</th>${[1, 2, 3, 4].map(() => cell("", " "))}
        ${cell(columns[5].name, money(sum(one.shares.map((/** @type {any} */ row) => row.amount))), true)}</tr></>
    <p class="muted small">${t("statement.rule")} ${[...odd].map((basis) => t(`statement.rule_${basis}`)).join(" ")}</p>`}
  </section>`;
}

/** @param {{one: any}} props */
function Adjustments({ one }) {
  const columns = ["adjustment", "text", "source", "amount"].map((name, at) => ({ name: t(`statement.column.${name}`), num: at === 3 }));
  return html`<section class="settlements__part" aria-labelledby="adjustments-title"><h2 id="adjustments-title" tabindex="-1">${t("statement.adjusted")}</h2>
    <${Table} labelledby="adjustments-title" head=${columns}>
      ${one.adjustments.map((/** @type {any} */ row, /** @type {number} */ at) => html`<tr key=${at} role="row">
        <th scope="row" role="rowheader">${label("adjustment", row.kind)}</th>
        ${cell(columns[1].name, row.text)}${cell(columns[2].name, row.source.startsWith("#/") ? html`<a href=${row.source}>${label("statement.source", row.kind)}</a>` : row.source)}${cell(columns[3].name, money(row.amount), true)}</tr>`)}
      <tr class="sum" role="row"><th scope="row" role="rowheader">${t("settlements.sum")}</th>${cell("", " ")}${cell("", " ")}
        ${cell(columns[3].name, money(sum(one.adjustments.map((/** @type {any} */ row) => row.amount))), true)}</tr></>
  </section>`;
}

/** @param {{path: string, one: any, params: URLSearchParams, rows: (filters: Record<string, any>) => string, others: any[], onAsked: () => void}} props */
function Lines({ path, one, params, rows, others, onAsked }) {
  /** @type {Record<string, string>} */
  const asked = Object.fromEntries(FILTERS.filter((name) => params.get(name)).map((name) => [name, params.get(name) ?? ""]));
  const page = Math.max(1, Number(params.get("page")) || 1);
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const [questioned, setQuestioned] = useState(/** @type {any} */ (null));
  const [wanted, setWanted] = useState(asked.case_no ?? "");
  const heading = useRef(/** @type {HTMLElement|null} */ (null));
  const key = `${path}${api.query({ ...asked, page })}`;
  useEffect(() => {
    let here = true;
    setError("");
    api.get(`${path}/lines${api.query({ ...asked, page })}`).then(
      (got) => {
        if (!here) return;
        setFound(got);
        announce(t("statement.rows_found", { count: got.total }));
      },
      (problem) => here && setError(told(problem)),
    );
    return () => {
      here = false;
    };
  }, [key, round]);
  useEffect(() => {
    if (!params.get("rows")) return;
    heading.current?.scrollIntoView();
    heading.current?.focus();
  }, [key]);
  /** @param {string} name */
  const value = (name) => {
    const it = asked[name];
    if (name === "case_kind" || name === "channel") return label(name, it);
    if (name === "price") return money(it);
    if (name === "late") return t(`statement.late.${it}`);
    if (name === "centre") return one.shares.find((/** @type {any} */ row) => row.centre_id === it)?.centre ?? it;
    if (name === "payer") return one.shares.find((/** @type {any} */ row) => row.institution_id === it)?.institution ?? it;
    if (name === "account") return one.fees.find((/** @type {any} */ row) => row.account_id === it)?.account ?? it;
    return it;
  };
  // A case that another pays for stands in his statement, and is questioned there.
  const stands = asked.payer ? others.find((each) => each.kind === "institution" && each.party_id === asked.payer)?.number : one.number;
  const centre = one.kind === "institution";
  const columns = [
    { name: t("statement.column.case_no") },
    { name: t("statement.column.closed") },
    { name: t("statement.column.case_kind") },
    { name: t("statement.column.level") },
    { name: t("statement.column.subject") },
    ...(centre ? [{ name: t("settlements.column.centre") }] : []),
    { name: t("column.outcome") },
    { name: t("statement.column.price"), num: true },
    { name: t("statement.column.amount"), num: true },
    { name: t("statement.column.dispute") },
  ];
  const at = (/** @type {number} */ place) => columns[place < 5 || centre ? place : place - 1].name;
  return html`<section class="settlements__part" aria-labelledby="lines-title"><h2 id="lines-title" tabindex="-1" ref=${heading}>${t("statement.lines")}</h2>
    <form class="line-filters" role="search" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); go(rows({ ...asked, case_no: wanted.replace(/\D/g, "") })); }}>
      <${Field} label=${t("statement.column.case_no")} inputmode="numeric" value=${wanted} onInput=${setWanted} />
      <${Button} type="submit" icon="search">${t("statement.find")}</>
      ${one.entries > 0 && html`<a class="button" href=${rows({ late: "yes" })}>${t("statement.only_late")}</a>`}
    </form>
    ${Object.keys(asked).length > 0 && html`<p class="line-filters__now"><span class="muted">${t("statement.filtered")}</span>
      ${Object.keys(asked).map((name) => html`<span class="chip" key=${name}>${t(`statement.filter.${name}`)}: ${value(name)}</span>`)}
      <a class="button button--quiet" href=${rows({})} onClick=${() => setWanted("")}>${t("statement.all_rows")}</a></p>`}
    ${asked.payer && html`<p class="muted">${t("statement.served_rows")}</p>`}
    <${Alert} text=${error} />
    ${found && html`<p role="status"><strong>${t("statement.rows_sum", { rows: number(found.total), cases: number(found.cases), amount: money(found.amount) })}</strong></p>
    ${found.rows.length > 0 && html`<${Table} labelledby="lines-title" head=${columns}>
      ${found.rows.map((/** @type {any} */ row) => html`<tr key=${row.entry_id} role="row" class=${row.sign < 0 ? "entry--reversal" : undefined}>
        <th scope="row" role="rowheader"><a href=${`#/cases/${row.case_no}`}>${row.case_no}</a></th>
        ${cell(at(1), dayKey(row.closed_at))}
        ${cell(at(2), html`${label("case_kind", row.case_kind)}${row.account && html`<br /><span class="muted">${label("channel", row.channel)}: <bdi>${row.account}</bdi></span>`}`)}
        ${cell(at(3), row.level)}
        ${cell(at(4), html`<bdi>${[row.institution, row.service].filter(Boolean).join(" · ") || "–"}</bdi>${(row.kind !== "settled" || row.late) && html`<br /><span class="muted">${[row.kind !== "settled" && label("entry_kind", row.kind), row.late && t("statement.late.yes"), row.why].filter(Boolean).join(" · ")}</span>`}`)}
        ${centre && cell(at(5), row.centre)}
        ${cell(at(6), label("outcome", row.outcome))}
        ${cell(at(7), money(row.price), true)}
        ${cell(at(8), money(row.amount), true)}
        ${cell(at(9), html`${row.dispute && html`<a href=${`#/disputes?case_no=${row.case_no}`}>${label("disputes.state", row.dispute.state)}</a> `}
          ${row.dispute?.state !== "open" && stands && row.sign > 0 && html`<${Button} icon="question" onClick=${() => setQuestioned(row)}>${t("statement.question")}<span class="vh"> ${row.case_no}</span></>`}`)}
      </tr>`)}</>`}
    <${Pager} answer=${found} hash=${(/** @type {number} */ at) => rows({ ...asked, page: at })} />`}
    ${questioned && html`<${Question} number=${stands} line=${questioned} onClose=${() => setQuestioned(null)}
      onDone=${() => { setQuestioned(null); setRound(round + 1); onAsked(); }} />`}
  </section>`;
}

/** Somebody does not agree with a line. @param {{number: string, line: any, onClose: () => void, onDone: () => void}} props */
function Question({ number: of, line, onClose, onDone }) {
  const [by, setBy] = useState("");
  /** @param {string} why */
  const ask = async (why) => {
    try {
      await api.post("settlement/disputes", { number: of, entry_id: line.entry_id, reason: why, asked_by: by.trim() });
    } catch (problem) {
      return told(problem);
    }
    toast("ok", t("statement.questioned"));
    onDone();
    return "";
  };
  return html`<${Confirm} title=${t("statement.question_title", { no: line.case_no })} lead=${t("statement.question_lead")} submit=${t("statement.question")} icon="question"
    onClose=${onClose} onConfirm=${ask} reason=${{ label: t("statement.question_why"), missing: t("statement.question_missing") }}>
    <${Field} label=${t("statement.question_by")} hint=${t("statement.question_by_hint")} optional maxlength="200" value=${by} onInput=${setBy} /></>`;
}
