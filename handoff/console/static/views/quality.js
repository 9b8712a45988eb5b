// @ts-check
// The quality part: the criteria of twelve months by centre, each number with its rows and its formula.
import * as api from "../api.js";
import { told } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { FormulaForm, FormulaWords } from "../components/qualityform.js";
import { Failed, useRows } from "../components/fetched.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { cx, html } from "../html.js";
import { dateTime, decimal, duration, euros, label, monthName, number, share, t, timeOrDate } from "../i18n.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @typedef {{part: number, whole: number}} Count */
/** @typedef {Count & {met: boolean|null, months: Count[]}} Figure */
/** @typedef {import("../components/qualityform.js").Formula} Formula */
/** @typedef {{amount: string, base: string, coefficient: string|null, exact: string, bounded: "floor"|"cap"|null, judged: {measure: string, part: number, whole: number, points: string|null, most: string}[]}} Result */
/** @typedef {{id: string|null, name: string|null, criteria: Record<string, Figure>, result: Result|null}} Centre */
/** @typedef {{month: string, months: string[], at: string, complete: boolean, targets: Record<string, {percent: string|null, seconds: number|null, more_than: boolean}>, total: Record<string, Figure>,
 *   centres: Centre[], formula: Formula|null, formulas: Formula[], may_write: boolean, this_month: string}} Found */

export const CRITERIA = ["chat_begun", "social_answered", "solved", "mail_answered"];

/** @param {{id: string|null, params: URLSearchParams}} props `id`: `rows`, `formula` (a new one), or a draft */
export function QualityPage({ id, params }) {
  return html`<main class="page quality" id="main" tabindex="-1">
    ${id === "rows" ? html`<${Rows} key=${params.toString()} params=${params} />` : html`<${Overview} id=${id} params=${params} />`}
  </main>`;
}

/** @param {{id: string|null, params: URLSearchParams}} props */
function Overview({ id, params }) {
  const lang = useStore((s) => s.lang);
  const asked = params.get("month") ?? "";
  const [found, setFound] = useState(/** @type {Found|null} */ (null));
  const [error, setError] = useState("");
  const [again, setAgain] = useState(0);
  useEffect(() => {
    let stale = false;
    setError("");
    api.get(`quality${api.query({ month: asked })}`).then(
      (got) => !stale && setFound(got),
      (problem) => {
        if (stale) return;
        setFound(null);
        setError(told(problem));
      },
    );
    return () => {
      stale = true;
    };
  }, [asked, lang, again]);
  const reload = () => setAgain(again + 1);
  const draft = found?.formulas.find((one) => one.id === id && one.state === "draft") ?? null;
  const failed = error && html`<div class="response__failed"><${Alert} text=${error} /><${Button} icon="refresh" onClick=${reload}>${t("action.try_again")}</></div>`;
  if (id && found?.may_write && (id === "formula" || draft)) {
    return html`<header class="page__head"><a class="icon-button" href="#/quality" aria-label=${t("quality.back")}><${Icon} name="back" /></a>
        <h1>${t(draft ? "quality.formula.edit" : "quality.formula.new")}</h1></header>${failed}
      <${FormulaForm} key=${id} draft=${draft} base=${draft ?? found.formula} found=${found} onReload=${reload} onSaved=${() => {
        toast("ok", t("quality.formula.saved"));
        reload();
        go("#/quality");
      }} />`;
  }
  return html`
    <header class="page__head"><h1>${t("quality.title")}</h1></header>
    <p class="muted">${t("quality.lead")}</p>
    ${failed}
    ${!found && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${found && html`
      <${Months} found=${found} />
      <${Table} found=${found} />
      <${Trend} found=${found} wanted=${params.get("centre")} />
      <${Amounts} found=${found} opened=${params.get("centre")} />
      <${Formulas} found=${found} onChanged=${setFound} onReload=${reload} />`}`;
}

/** Which twelve months. @param {{found: Found}} props */
function Months({ found }) {
  const [year, month] = found.this_month.split("-").map(Number);
  const choices = Array.from({ length: 25 }, (_, back) => {
    const at = year * 12 + month - 1 - back;
    return `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}`;
  });
  if (!choices.includes(found.month)) choices.push(found.month);
  return html`<div class="quality__months"><div class="field"><label for="quality-month">${t("quality.until")}</label>
      <select class="input" id="quality-month" value=${found.month} onChange=${(/** @type {any} */ e) => go(`#/quality?month=${e.target.value}`)}>
        ${choices.map((one) => html`<option key=${one} value=${one} selected=${one === found.month}>${monthName(one)}</option>`)}</select></div>
    <p class="muted">${t("quality.period", { first: monthName(found.months[0]), last: monthName(found.month) })}${!found.complete && ` ${t("quality.not_complete", { time: dateTime(found.at) })}`}</p></div>`;
}

/** Whether the target is met, in words and with a sign. @param {{met: boolean|null}} props */
const Met = ({ met }) => html`<span class=${cx("chip met", met === true && "met--yes", met === false && "met--no")}>
  ${met !== null && html`<${Icon} name=${met ? "check" : "warn"} size=${14} />`}${t(met === null ? "response.not_judged" : met ? "response.met" : "response.missed")}</span>`;

/** @param {Found} found @param {string} criterion */
function asked(found, criterion) {
  const { percent, more_than } = found.targets[criterion];
  return percent === null ? "" : t(more_than ? "targets.more_than" : "targets.at_least", { percent: decimal(percent) });
}

/** @param {Record<string, string|null|undefined>} more a null centre: nobody's */
const rowsHash = (more) => {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(more)) if (value !== undefined) params.set(name, value ?? "");
  return `#/quality/rows?${params}`;
};

/** @param {{found: Found, criterion: string, figure: Figure, centre?: string|null, name: string}} props */
function Cell({ found, criterion, figure, centre, name }) {
  const { part, whole, met } = figure;
  const of = `${t(`targets.measure.${criterion}`)}, ${name}`;
  if (!whole) return html`<span class="muted">${t("quality.nothing")}</span>`;
  /** @param {string|undefined} standing */
  const hash = (standing) => rowsHash({ month: found.month, criterion, centre, standing });
  return html`<div class="quality__cell"><strong>${share(part, whole)}</strong> <${Met} met=${met} />
    <span class="muted"><a href=${hash(undefined)}>${t("board.of", { part, count: whole })}<span class="vh"> – ${of}</span></a>
      ${whole > part && html`<br /><a class="figure--trouble" href=${hash("missed")}>${t("quality.missed", { count: whole - part })}<span class="vh"> – ${of}</span></a>`}</span></div>`;
}

/** @param {{found: Found}} props */
function Table({ found }) {
  /** @param {Record<string, Figure>} criteria @param {string} name @param {string|null|undefined} centre */
  const cells = (criteria, name, centre) => CRITERIA.map((one) => html`<td role="cell" key=${one} data-label=${t(`targets.measure.${one}`)}><${Cell} found=${found} criterion=${one} figure=${criteria[one]} centre=${centre} name=${name} /></td>`);
  return html`<section><h2 id="quality-table">${t("quality.by_centre")}</h2>
    <div class="table-wrap" role="region" aria-labelledby="quality-table" tabindex="0"><table class="table quality__table" role="table">
      <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${t("quality.centre")}</th>
        ${CRITERIA.map((one) => html`<th scope="col" role="columnheader" key=${one}>${t(`targets.measure.${one}`)}<br /><span class="muted quality__asked">${asked(found, one)}</span></th>`)}</tr></thead>
      <tbody role="rowgroup">
        ${found.centres.map((one) => {
          const name = one.name ?? t("quality.nobody");
          return html`<tr role="row" key=${one.id ?? ""}><th scope="row" role="rowheader"><bdi>${name}</bdi></th>${cells(one.criteria, name, one.id)}</tr>`;
        })}
        <tr role="row" class="quality__total"><th scope="row" role="rowheader">${t("quality.total")}</th>${cells(found.total, t("quality.total"), undefined)}</tr>
      </tbody></table></div>
    <details class="quality__how"><summary>${t("quality.how_counted")}</summary><dl>${CRITERIA.map((one) => html`<div key=${one}><dt>${t(`targets.measure.${one}`)}</dt><dd>${t(`quality.note.${one}`)}</dd></div>`)}</dl></details>
  </section>`;
}

const WIDTH = 600;
const HEIGHT = 150;

/** @param {{found: Found, wanted: string|null}} props */
function Trend({ found, wanted }) {
  const [criterion, setCriterion] = useState(CRITERIA[0]);
  const [centre, setCentre] = useState(wanted ?? "*");
  const one = centre === "*" ? null : found.centres.find((row) => (row.id ?? "") === centre);
  const figures = (one?.criteria ?? found.total)[criterion].months;
  const target = found.targets[criterion].percent;
  const name = one ? (one.name ?? t("quality.nobody")) : t("quality.total");
  const step = WIDTH / figures.length;
  const line = target === null ? null : HEIGHT - (Number(target) / 100) * HEIGHT;
  /** @param {Count} count */
  const below = (count) => target !== null && count.whole > 0 && (found.targets[criterion].more_than ? count.part * 100 <= Number(target) * count.whole : count.part * 100 < Number(target) * count.whole);
  return html`<section class="quality__trend"><h2 id="quality-trend">${t("quality.trend")}</h2>
    <div class="quality__choose">
      <div class="field"><label for="quality-criterion">${t("quality.criterion")}</label><select class="input" id="quality-criterion" value=${criterion} onChange=${(/** @type {any} */ e) => setCriterion(e.target.value)}>
        ${CRITERIA.map((id) => html`<option key=${id} value=${id} selected=${id === criterion}>${t(`targets.measure.${id}`)}</option>`)}</select></div>
      <div class="field"><label for="quality-centre">${t("quality.centre")}</label><select class="input" id="quality-centre" value=${centre} onChange=${(/** @type {any} */ e) => setCentre(e.target.value)}>
        <option value="*" selected=${centre === "*"}>${t("quality.total")}</option>
        ${found.centres.map((row) => html`<option key=${row.id ?? ""} value=${row.id ?? ""} selected=${centre === (row.id ?? "")}>${row.name ?? t("quality.nobody")}</option>`)}</select></div></div>
    ${/* The table below says the same in words: the picture is for the eye. */ ""}
    <svg class="quality__chart" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
      <rect class="quality__ground" width=${WIDTH} height=${HEIGHT} />
      ${figures.map((count, at) => count.whole > 0 && html`<rect key=${at} class=${below(count) ? "quality__bar quality__bar--below" : "quality__bar"} x=${at * step + step * 0.15} width=${step * 0.7}
        y=${HEIGHT - (count.part / count.whole) * HEIGHT} height=${(count.part / count.whole) * HEIGHT} />`)}
      ${line !== null && html`<line class="quality__line" x1="0" x2=${WIDTH} y1=${line} y2=${line} />`}</svg>
    <p class="muted quality__legend">${target === null ? "" : t("quality.line", { text: asked(found, criterion) })}</p>
    <div class="table-wrap" role="region" aria-labelledby="quality-trend" tabindex="0"><table class="table quality__months-table" role="table"><caption class="vh">${t(`targets.measure.${criterion}`)}, ${name}</caption>
      <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${t("quality.month")}</th><th scope="col" role="columnheader" class="num">${t("quality.share")}</th><th scope="col" role="columnheader" class="num">${t("quality.count")}</th></tr></thead>
      <tbody role="rowgroup">${found.months.map((month, at) => html`<tr role="row" key=${month}><th scope="row" role="rowheader">${monthName(month)}</th>
        <td role="cell" class="num" data-label=${t("quality.share")}>${figures[at].whole ? share(figures[at].part, figures[at].whole) : "–"}${below(figures[at]) && html` <span class="quality__below"><${Icon} name="warn" size=${13} />${t("quality.below")}</span>`}</td>
        <td role="cell" class="num" data-label=${t("quality.count")}>${figures[at].whole ? html`<a href=${rowsHash({ month: found.month, of: month, criterion, centre: centre === "*" ? undefined : centre })}>${t("board.of", { part: figures[at].part, count: figures[at].whole })}<span class="vh"> – ${monthName(month)}</span></a>` : html`<span class="muted">${number(0)}</span>`}</td></tr>`)}</tbody></table></div>
  </section>`;
}

/** A decimal, or a fraction as it is. @param {string} value */
const exactly = (value) => (value.includes("/") ? value : decimal(value));

/** What the formula comes to, with every step on the way. @param {{found: Found, opened: string|null}} props */
function Amounts({ found, opened }) {
  const paid = found.centres.filter((one) => one.result);
  if (!found.formula || !paid.length) return null;
  const { formula } = found;
  const settles = Number(found.month.slice(5)) === formula.month;
  return html`<section><h2 id="quality-amounts">${t("quality.amounts")}</h2>
    <p class="muted">${t(settles ? "quality.settles" : "quality.settles_in", { month: monthName(`2000-${String(formula.month).padStart(2, "0")}`, true) })}</p>
    <ul class="quality__amounts" role="list">${paid.map((one) => {
      const result = /** @type {Result} */ (one.result);
      return html`<li key=${one.id} class="box"><h3><bdi>${one.name}</bdi></h3><p class="quality__amount">${result.coefficient === null ? t("quality.nothing") : euros(result.amount)}</p>
        ${result.coefficient !== null && html`<details open=${opened === one.id}><summary>${t("quality.how_worked")}<span class="vh">: ${one.name}</span></summary>
          <ul>${result.judged.map((row) => html`<li key=${row.measure}>${t(`targets.measure.${row.measure}`)}: ${row.points === null ? t("quality.nothing") : t("quality.points_of", { share: share(row.part, row.whole), points: decimal(row.points), most: decimal(row.most) })}</li>`)}
            <li>${t("quality.coefficient", { value: exactly(result.coefficient) })}</li>
            <li>${t("quality.base", { value: exactly(result.base) })}</li>
            <li>${t("quality.product", { value: exactly(result.exact) })}</li>
            ${result.bounded && html`<li>${t(`quality.bounded.${result.bounded}`, { value: euros(/** @type {any} */ (formula)[result.bounded]) })}</li>`}
            <li>${t("quality.rounded", { value: euros(result.amount) })}</li></ul></details>`}</li>`;
    })}</ul></section>`;
}

/** @param {{found: Found, onChanged: (found: Found) => void, onReload: () => void}} props */
function Formulas({ found, onChanged, onReload }) {
  const [deciding, setDeciding] = useState(/** @type {{formula: Formula, what: "approve"|"withdraw"}|null} */ (null));
  const decide = async () => {
    if (!deciding) return "";
    try {
      const got = await api.post(`quality/formulas/${deciding.formula.id}/${deciding.what}`, { version: deciding.formula.version });
      // The answer is of this month; another that is looked at is fetched anew.
      if (got.month === found.month) onChanged(got);
      else onReload();
    } catch (problem) {
      return told(problem);
    }
    toast("ok", t(`quality.formula.${deciding.what}_done`));
    setDeciding(null);
    return "";
  };
  return html`<section><div class="quality__head"><h2 id="quality-formulas">${t("quality.formulas")}</h2>
      ${found.may_write && html`<a class="button" href="#/quality/formula"><${Icon} name="plus" /><span>${t("quality.formula.new")}</span></a>`}</div>
    <p class="muted">${t("quality.formulas_lead")}</p>
    ${!found.formulas.length && html`<p>${t("quality.no_formula")}</p>`}
    <ul class="quality__formulas" role="list">${found.formulas.map((one) => html`<li key=${one.id} class="box">
      <p><span class=${cx("chip", one.state === "approved" && "met--yes")}>${t(`quality.state.${one.state}`)}</span>${" "}<strong>${t("quality.valid_from", { month: monthName(one.valid_from.slice(0, 7)) })}</strong></p>
      <${FormulaWords} formula=${one} />
      <p class="muted"><bdi>${one.reason}</bdi> ${t("quality.written_by", { who: one.written_by ?? "–", when: dateTime(one.written_at) })}${one.decided_at && ` ${t("quality.decided_by", { who: one.decided_by ?? "–", when: dateTime(one.decided_at) })}`}</p>
      ${one.state === "draft" && found.may_write && html`<div class="quality__acts">
        ${one.may_approve && html`<${Button} kind="primary" icon="check" onClick=${() => setDeciding({ formula: one, what: "approve" })}>${t("quality.formula.approve")}</>`}
        <a class="button" href=${`#/quality/${one.id}`}>${t("quality.formula.change")}</a>
        <${Button} icon="bin" onClick=${() => setDeciding({ formula: one, what: "withdraw" })}>${t("quality.formula.withdraw")}</></div>
        ${one.own && html`<p class="muted">${t("quality.second_person")}</p>`}`}</li>`)}</ul>
    ${deciding && html`<${Confirm} title=${t(`quality.formula.${deciding.what}`)} lead=${t(`quality.formula.${deciding.what}_lead`, { month: monthName(deciding.formula.valid_from.slice(0, 7)) })} submit=${t(`quality.formula.${deciding.what}`)}
      icon=${deciding.what === "approve" ? "check" : "bin"} onClose=${() => setDeciding(null)} onConfirm=${decide} />`}
  </section>`;
}

// --- the rows behind a figure ----------------------------------------------------------------------------------------

/** @param {{params: URLSearchParams}} props */
function Rows({ params }) {
  const criterion = params.get("criterion") ?? CRITERIA[0];
  const { answer, error, reload } = useRows(`quality/rows?${params}`, (got) => t("quality.rows", { count: got.total }), "quality-rows");
  /** @param {number} at */
  const hash = (at) => `#/quality/rows?${new URLSearchParams({ ...Object.fromEntries(params), page: String(at) })}`;
  const months = params.get("of") ?? params.get("month");
  const columns = ["case", "centre", "channel", "level", "at", "due_at", "ended_at", "how", "met"];
  return html`
    <header class="page__head"><h1 id="quality-rows" tabindex="-1">${t(`targets.measure.${criterion}`)}</h1>
      <a class="button" href=${`#/quality${api.query({ month: params.get("month") ?? "" })}`}><${Icon} name="back" /><span>${t("quality.back")}</span></a></header>
    <p class="muted">${t(`quality.note.${criterion}`)}</p>
    ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
    ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${answer && html`<p>${t("quality.rows", { count: answer.total })}${months && ` · ${params.get("of") ? monthName(months) : t("quality.year_until", { month: monthName(months) })}`}</p>
      ${answer.total > 0 && html`<div class="table-wrap" role="region" aria-labelledby="quality-rows" tabindex="0"><table class="table quality__rows" role="table">
        <thead role="rowgroup"><tr role="row">${columns.map((one) => html`<th scope="col" role="columnheader" key=${one}>${t(`quality.column.${one}`)}</th>`)}</tr></thead>
        <tbody role="rowgroup">${answer.rows.map((/** @type {any} */ row, /** @type {number} */ at) => html`<tr role="row" key=${`${row.case_no}-${at}`}>
          <th scope="row" role="rowheader"><a href=${`#/cases/${row.case_no}`}>${t("board.case", { no: String(row.case_no) })}</a></th>
          <td role="cell" data-label=${t("quality.column.centre")}>${row.centre ?? "–"}</td>
          <td role="cell" data-label=${t("quality.column.channel")}>${label("channel", row.channel)}</td>
          <td role="cell" data-label=${t("quality.column.level")}>${number(row.level)}</td>
          <td role="cell" data-label=${t("quality.column.at")}>${timeOrDate(row.at)}</td>
          <td role="cell" data-label=${t("quality.column.due_at")}>${row.due_at ? timeOrDate(row.due_at) : "–"}</td>
          <td role="cell" data-label=${t("quality.column.ended_at")}>${row.ended_at ? timeOrDate(row.ended_at) : "–"}${row.worked_s !== null && html`<br /><span class="muted">${t("quality.worked", { time: duration(row.worked_s) })}</span>`}</td>
          <td role="cell" data-label=${t("quality.column.how")}>${row.how ? howSaid(row.how) : t("quality.still_open")}</td>
          <td role="cell" data-label=${t("quality.column.met")}><span class=${cx("chip met", row.met ? "met--yes" : "met--no")}><${Icon} name=${row.met ? "check" : "warn"} size=${14} />${t(row.met ? "quality.row_met" : "quality.row_missed")}</span></td></tr>`)}</tbody></table></div>`}
      <${Pager} answer=${answer} hash=${hash} />`}`;
}

/** Why a clock stopped, or what a case came to. @param {string} how */
function howSaid(how) {
  const cause = label("service.cause", how);
  return cause === how ? label("outcome", how) : cause;
}
