// @ts-check
// The formula of the quality part: in words, and as a form with what it would come to.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { decimal, euros, monthName, t } from "../i18n.js";
import { useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Choice, Field, focusInvalid, Tick } from "./field.js";

/** @typedef {{percent: string, points: string}} Step */
/** @typedef {{measure: string, steps: Step[]}} Criterion */
/** @typedef {{id: string, version: number, state: "draft"|"approved", valid_from: string, month: number, base_kind: "amount"|"share", base: string, floor: string|null, cap: string|null, criteria: Criterion[], reason: string,
 *   written_by: string|null, written_at: string, decided_by: string|null, decided_at: string|null, may_approve: boolean, own: boolean}} Formula */

const CRITERIA = ["chat_begun", "social_answered", "solved", "mail_answered"];
/** Of "more than 80 %" a step is reached only beyond it. */
const MORE_THAN = new Set(["solved"]);
/** Where nothing was written before: a part for nearly, all for reached. @type {Record<string, Step[]>} */
const FIRST = {
  chat_begun: [{ percent: "90", points: "20" }, { percent: "95", points: "40" }],
  social_answered: [{ percent: "90", points: "15" }, { percent: "95", points: "30" }],
  solved: [{ percent: "80", points: "20" }],
  mail_answered: [{ percent: "100", points: "10" }],
};

/** @param {number} month 1–12 */
const inYear = (month) => monthName(`2000-${String(month).padStart(2, "0")}`, true);

/** @param {{formula: Formula}} props */
export function FormulaWords({ formula }) {
  return html`<ul class="quality__words">
    <li>${t(formula.base_kind === "amount" ? "quality.words.amount" : "quality.words.share", { value: formula.base_kind === "amount" ? euros(formula.base) : decimal(formula.base) })}</li>
    ${formula.criteria.map((one) => html`<li key=${one.measure}>${t(`targets.measure.${one.measure}`)}: ${one.steps.map((step) => t(MORE_THAN.has(one.measure) ? "quality.words.step_more" : "quality.words.step", { percent: decimal(step.percent), points: decimal(step.points) })).join("; ")}</li>`)}
    ${(formula.floor !== null || formula.cap !== null) && html`<li>${[formula.floor !== null && t("quality.words.floor", { value: euros(formula.floor) }), formula.cap !== null && t("quality.words.cap", { value: euros(formula.cap) })].filter(Boolean).join(", ")}</li>`}
    <li>${t("quality.words.month", { month: inYear(formula.month) })}</li></ul>`;
}

/** @param {string} text */
const plain = (text) => text.trim().replace(",", ".");
/** @param {string} text @param {boolean} [signed] */
const isDecimal = (text, signed = false) => (signed ? /^-?\d{1,8}(\.\d{1,2})?$/ : /^\d{1,8}(\.\d{1,2})?$/).test(plain(text));

/**
 * @param {{draft: Formula|null, base: Formula|null, found: import("../views/quality.js").Found, onSaved: () => void, onReload: () => void}} props
 *   `draft`: what is changed, null for a new one; `base`: what the form begins with
 */
export function FormulaForm({ draft, base, found, onSaved, onReload }) {
  const [year, month] = found.this_month.split("-").map(Number);
  const months = Array.from({ length: 19 }, (_, on) => {
    const at = year * 12 + month - 1 + on;
    return `${Math.floor(at / 12)}-${String((at % 12) + 1).padStart(2, "0")}`;
  });
  const begins = draft?.valid_from.slice(0, 7) ?? months[0];
  const [form, setForm] = useState({
    from: months.includes(begins) ? begins : months[0],
    month: base?.month ?? 12,
    kind: base?.base_kind ?? "amount",
    base: base ? decimal(base.base, false) : "",
    floor: base?.floor ? decimal(base.floor, false) : "0",
    cap: base?.cap ? decimal(base.cap, false) : "",
    reason: draft?.reason ?? "",
  });
  const [rules, setRules] = useState(
    CRITERIA.map((measure) => {
      const kept = base?.criteria.find((one) => one.measure === measure);
      return { measure, on: base ? Boolean(kept) : measure !== "mail_answered", steps: (kept?.steps ?? FIRST[measure]).map((step) => ({ percent: decimal(step.percent, false), points: decimal(step.points, false) })) };
    }),
  );
  const [wrong, setWrong] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(/** @type {any} */ (null));
  /** @param {object} change */
  const set = (change) => {
    setForm({ ...form, ...change });
    setTried(null);
  };
  /** @param {number} at @param {object} change */
  const setRule = (at, change) => {
    setRules(rules.map((one, n) => (n === at ? { ...one, ...change } : one)));
    setTried(null);
  };
  const check = () => {
    /** @type {Record<string, string>} */
    const bad = {};
    if (!isDecimal(form.base) || (form.kind === "share" && Number(plain(form.base)) > 100)) bad.base = t("quality.wrong.base");
    for (const name of /** @type {const} */ (["floor", "cap"])) if (form[name].trim() && !isDecimal(form[name], true)) bad[name] = t("quality.wrong.amount");
    if (!bad.floor && !bad.cap && form.floor.trim() && form.cap.trim() && Number(plain(form.floor)) > Number(plain(form.cap))) bad.cap = t("quality.wrong.bounds");
    if (!form.reason.trim()) bad.reason = t("quality.wrong.reason");
    if (!rules.some((one) => one.on)) bad.rules = t("quality.wrong.rules");
    for (const one of rules) {
      if (!one.on) continue;
      const right = one.steps.every((step, at) => isDecimal(step.percent) && Number(plain(step.percent)) <= 100 && isDecimal(step.points, true) && (at === 0 || Number(plain(step.percent)) > Number(plain(one.steps[at - 1].percent))));
      if (!right || !one.steps.some((step) => Number(plain(step.points)) > 0)) bad[one.measure] = t("quality.wrong.steps");
    }
    setWrong(bad);
    setError("");
    return !Object.keys(bad).length;
  };
  const body = () => ({
    valid_from: `${form.from}-01`,
    month: Number(form.month),
    base_kind: form.kind,
    base: plain(form.base),
    floor: form.floor.trim() ? plain(form.floor) : null,
    cap: form.cap.trim() ? plain(form.cap) : null,
    criteria: rules.filter((one) => one.on).map((one) => ({ measure: one.measure, steps: one.steps.map((step) => ({ percent: plain(step.percent), points: plain(step.points) })) })),
    reason: form.reason.trim(),
  });
  /** @param {() => Promise<void>} act @param {Element|null} within */
  const run = async (act, within) => {
    if (busy) return;
    if (!check()) return focusInvalid(within);
    setBusy(true);
    try {
      await act();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
      setStale(problem.code === "formula_changed");
    }
    setBusy(false);
  };
  const preview = (/** @type {any} */ e) => run(async () => setTried(await api.post("quality/preview", { ...body(), until: `${found.this_month}-01` })), e.target.closest("form"));
  const submit = (/** @type {any} */ e) => {
    e.preventDefault();
    run(async () => {
      if (draft) await api.put(`quality/formulas/${draft.id}`, { ...body(), version: draft.version });
      else await api.post("quality/formulas", body());
      onSaved();
    }, e.target);
  };
  return html`<form class="quality-form" noValidate onSubmit=${submit}>
    <p class="muted">${t("quality.form_lead")}</p>
    <div class="quality-form__row">
      <div class="field"><label for="qf-from">${t("quality.field.from")}</label><select class="input" id="qf-from" value=${form.from} onChange=${(/** @type {any} */ e) => set({ from: e.target.value })}>
        ${months.map((one) => html`<option key=${one} value=${one} selected=${one === form.from}>${monthName(one)}</option>`)}</select></div>
      <div class="field"><label for="qf-month">${t("quality.field.month")}</label><select class="input" id="qf-month" value=${String(form.month)} onChange=${(/** @type {any} */ e) => set({ month: Number(e.target.value) })}>
        ${Array.from({ length: 12 }, (_, at) => html`<option key=${at} value=${String(at + 1)} selected=${at + 1 === Number(form.month)}>${inYear(at + 1)}</option>`)}</select></div></div>
    <${Choice} legend=${t("quality.field.kind")} value=${form.kind} onChange=${(/** @type {string} */ kind) => set({ kind })} items=${[
      { id: "amount", name: t("quality.kind.amount"), note: t("quality.kind_note.amount") },
      { id: "share", name: t("quality.kind.share"), note: t("quality.kind_note.share") },
    ]} />
    <div class="quality-form__row">
      <${Field} label=${t(`quality.field.base_${form.kind}`)} value=${form.base} onInput=${(/** @type {string} */ base) => set({ base })} error=${wrong.base} inputmode="decimal" maxLength="12" />
      <${Field} label=${t("quality.field.floor")} value=${form.floor} onInput=${(/** @type {string} */ floor) => set({ floor })} error=${wrong.floor} optional inputmode="decimal" maxLength="12" />
      <${Field} label=${t("quality.field.cap")} value=${form.cap} onInput=${(/** @type {string} */ cap) => set({ cap })} error=${wrong.cap} optional inputmode="decimal" maxLength="12" /></div>
    <h2>${t("quality.field.criteria")}</h2>
    <p class="muted">${t("quality.criteria_lead")}</p>
    ${wrong.rules && html`<p class="field__error" role="alert">${wrong.rules}</p>`}
    ${rules.map((one, at) => {
      const name = t(`targets.measure.${one.measure}`);
      return html`<fieldset key=${one.measure} class="quality-form__rule"><legend class="vh">${name}</legend>
        <${Tick} text=${name} on=${one.on} onChange=${(/** @type {boolean} */ on) => setRule(at, { on })} />
        ${one.on && html`${one.steps.map((step, n) => html`<div class="quality-form__step" key=${n}>
          ${/** @type {const} */ (["percent", "points"]).map((field) => html`<label key=${field}>${t(field === "percent" && MORE_THAN.has(one.measure) ? "quality.field.percent_more" : `quality.field.${field}`)}
            <input class="input" inputmode="decimal" maxlength="8" value=${step[field]} aria-invalid=${wrong[one.measure] ? "true" : undefined} aria-describedby=${wrong[one.measure] ? `qf-${one.measure}-error` : undefined}
              onInput=${(/** @type {any} */ e) => setRule(at, { steps: one.steps.map((was, k) => (k === n ? { ...was, [field]: e.target.value } : was)) })} /></label>`)}
          ${one.steps.length > 1 && html`<${Button} icon="bin" onClick=${() => setRule(at, { steps: one.steps.filter((_, k) => k !== n) })}>${t("quality.remove_step")}<span class="vh">: ${name}, ${n + 1}</span></>`}</div>`)}
          ${one.steps.length < 10 && html`<${Button} icon="plus" onClick=${() => setRule(at, { steps: [...one.steps, { percent: "", points: "" }] })}>${t("quality.add_step")}<span class="vh">: ${name}</span></>`}
          ${wrong[one.measure] && html`<p class="field__error" id=${`qf-${one.measure}-error`}>${wrong[one.measure]}</p>`}`}</fieldset>`;
    })}
    <${Field} label=${t("quality.field.reason")} value=${form.reason} onInput=${(/** @type {string} */ text) => set({ reason: text })} rows=${2} maxLength="500" error=${wrong.reason} />
    <${Alert} text=${error} />
    ${stale && html`<${Button} icon="refresh" onClick=${onReload}>${t("hours.look_again")}</>`}
    <div class="quality__acts"><${Button} icon="show" busy=${busy} onClick=${preview}>${t("quality.formula.preview")}</><${Button} kind="primary" type="submit" icon="done" busy=${busy}>${t("quality.formula.save")}</></div>
    <div role="status">${tried && html`<h2 id="quality-preview">${t("quality.preview", { month: monthName(tried.month) })}</h2>
      <div class="table-wrap" role="region" aria-labelledby="quality-preview" tabindex="0"><table class="table quality__table" role="table">
        <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${t("quality.centre")}</th><th scope="col" role="columnheader" class="num">${t("quality.before")}</th><th scope="col" role="columnheader" class="num">${t("quality.after")}</th></tr></thead>
        <tbody role="rowgroup">${tried.centres.map((/** @type {any} */ one) => html`<tr role="row" key=${one.id}><th scope="row" role="rowheader"><bdi>${one.name}</bdi></th>
          <td role="cell" class="num" data-label=${t("quality.before")}>${one.before === null ? "–" : euros(one.before)}</td>
          <td role="cell" class="num" data-label=${t("quality.after")}>${one.after?.coefficient == null ? t("quality.nothing") : euros(one.after.amount)}</td></tr>`)}</tbody></table></div>`}</div>
  </form>`;
}
