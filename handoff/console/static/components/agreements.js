// @ts-check
// Agreements on workplaces: the list with what may be done, and the form with what the agreement would come to.
import * as api from "../api.js";
import { told } from "../actions.js";
import { html } from "../html.js";
import { calendarDay, dateTime, euros, label, lang, monthName, share, t } from "../i18n.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Confirm } from "./confirm.js";
import { Choice, Field, focusInvalid, Tick } from "./field.js";
import { Icon } from "./icons.js";

/**
 * @typedef {{kind: "whole"|"proportional"|"steps", full_from?: string, least?: string, steps?: [string, string][]}} Rule
 * @typedef {object} Agreement
 * @property {string} id
 * @property {number} version
 * @property {"proposed"|"approved"|"refused"} state
 * @property {{id: string, name: string}} centre
 * @property {string} valid_from
 * @property {string|null} valid_to
 * @property {number} workplaces
 * @property {([string, string]|null)[]|null} week
 * @property {string} amount
 * @property {Rule} rule
 * @property {string} note
 * @property {string} written_by
 * @property {string} written_at
 * @property {string|null} decided_by
 * @property {string|null} decided_at
 * @property {string|null} reason
 * @property {string|null} ending_on
 * @property {string|null} ending_by
 * @property {string[]} may
 *
 * @typedef {{agreements: Agreement[], centres: {id: string, name: string}[]}} Listed
 */

/** A Monday, and the days after it. @param {number} number @param {"long"|"short"} [length] */
export const weekday = (number, length = "long") => new Intl.DateTimeFormat(lang(), { weekday: length, timeZone: "UTC" }).format(Date.UTC(2024, 0, 1 + number));
/** @param {string} month @param {number} by */
export const monthFrom = (month, by) => {
  const [year, number] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 + by, 1)).toISOString().slice(0, 7);
};
/** @param {Agreement} one */
const period = (one) => (one.valid_to ? `${calendarDay(one.valid_from)} – ${calendarDay(one.valid_to)}` : t("staffing.from_on", { day: calendarDay(one.valid_from) }));

/** @param {Rule} rule */
export function ruleText(rule) {
  if (rule.kind === "whole") return t("staffing.rule_is.whole");
  if (rule.kind === "proportional") return t("staffing.rule_is.proportional", { full: rule.full_from ?? "100", least: rule.least ?? "0" });
  const steps = (rule.steps ?? []).map(([begins, off]) => t("staffing.rule_is.step", { begins, off })).join("; ");
  return t("staffing.rule_is.steps", { full: rule.full_from ?? "100", steps });
}
/** @param {Agreement["week"]} week */
const weekText = (week) => (week ? week.map((day, number) => day && `${weekday(number, "short")} ${day.join("–")}`).filter(Boolean).join(", ") : t("staffing.as_working_time"));

/** @param {{listed: Listed, month: string, onChanged: (listed: Listed) => void}} props */
export function Agreements({ listed, month, onChanged }) {
  const [asked, setAsked] = useState(/** @type {{act: string, one: Agreement}|null} */ (null));
  const [day, setDay] = useState("");
  /** @param {string} why */
  const confirm = async (why) => {
    if (!asked) return "";
    const { act, one } = asked;
    const path = `staffing/agreements/${one.id}`;
    try {
      if (act === "withdraw") onChanged(await api.remove(`${path}${api.query({ version: one.version })}`));
      else if (act === "approve_end" || act === "refuse_end") onChanged(await api.post(`${path}/end/${act === "approve_end" ? "approve" : "refuse"}`, { version: one.version }));
      else if (act === "end") {
        if (!day) return t("staffing.wrong.last_day");
        onChanged(await api.post(`${path}/end`, { version: one.version, last_day: day }));
      } else onChanged(await api.post(`${path}/${act}`, act === "refuse" ? { version: one.version, reason: why } : { version: one.version }));
    } catch (problem) {
      return told(problem);
    }
    setAsked(null);
    setDay("");
    toast("ok", t(`staffing.done.${act}`));
    document.getElementById("agreements")?.focus();
    return "";
  };
  const named = asked ? `${asked.one.centre.name}, ${period(asked.one)}` : "";
  return html`
    <section class="agreements" aria-labelledby="agreements">
      <div class="page__head"><h2 id="agreements" tabindex="-1">${t("staffing.agreements")}</h2>
        <a class="button" href="#/staffing/agreement/new"><${Icon} name="plus" /><span>${t("staffing.new")}</span></a></div>
      ${!listed.agreements.length && html`<p class="muted">${t("staffing.no_agreements")}</p>`}
      <ul class="notice-list" role="list">${listed.agreements.map((one) => html`
        <li key=${one.id} class="notice-row">
          <div class="notice-row__main">
            <p class="notice-row__chips"><span class=${`chip ${one.state === "approved" ? "chip--active" : one.state === "proposed" ? "chip--queued" : ""}`}>${label("staffing.state", one.state)}</span>
              ${one.ending_on && html`<span class="chip chip--queued">${t("staffing.ending", { day: calendarDay(one.ending_on) })}</span>`}</p>
            <h3 class="agreements__name"><bdi>${one.centre.name}</bdi> · ${period(one)}</h3>
            <p>${t("staffing.agreed_line", { count: one.workplaces, amount: euros(one.amount) })}. ${weekText(one.week)}.</p>
            <p>${ruleText(one.rule)}</p>
            ${one.note && html`<p><bdi>${one.note}</bdi></p>`}
            ${one.reason && html`<p class="notice"><${Icon} name="warn" />${t("staffing.reason", { reason: one.reason })}</p>`}
            <p class="muted">${t("staffing.written", { who: one.written_by, when: dateTime(one.written_at) })}${one.decided_by && ` ${t(`staffing.decided.${one.state}`, { who: one.decided_by, when: dateTime(one.decided_at) })}`}${one.ending_by && ` ${t("staffing.ending_by", { who: one.ending_by })}`}</p>
          </div>
          <div class="notice-row__buttons">
            ${one.may.includes("approve") && html`<${Button} kind="primary" icon="check" aria-label=${t("staffing.act_of", { act: t("staffing.act.approve"), centre: one.centre.name })} onClick=${() => setAsked({ act: "approve", one })}>${t("staffing.act.approve")}</>`}
            ${one.may.includes("change") && html`<a class="button" href=${`#/staffing/agreement/${one.id}`} aria-label=${t("staffing.act_of", { act: t("staffing.act.change"), centre: one.centre.name })}><${Icon} name="edit" /><span>${t("staffing.act.change")}</span></a>`}
            ${["refuse", "withdraw", "approve_end", "refuse_end", "end"].filter((act) => one.may.includes(act) && !(act === "end" && one.ending_on)).map((act) => html`
              <${Button} key=${act} aria-label=${t("staffing.act_of", { act: t(`staffing.act.${act}`), centre: one.centre.name })} onClick=${() => setAsked({ act, one })}>${t(`staffing.act.${act}`)}</>`)}
          </div>
        </li>`)}</ul>
      ${asked && html`<${Confirm} title=${t(`staffing.act.${asked.act}`)} lead=${t(`staffing.ask.${asked.act}`, { what: named, day: asked.one.ending_on ? calendarDay(asked.one.ending_on) : "" })} submit=${t(`staffing.act.${asked.act}`)}
        reason=${asked.act === "refuse" ? { label: t("staffing.why"), missing: t("staffing.why_missing") } : undefined} onClose=${() => setAsked(null)} onConfirm=${confirm}>
        ${asked.act === "end" && html`<${Field} type="date" label=${t("staffing.last_day")} value=${day} onInput=${setDay} />`}
        ${asked.act === "approve" && html`<${Preview} wanted=${bodyOf(asked.one)} month=${month} />`}
      </>`}
    </section>`;
}

/** @param {Agreement} one */
const bodyOf = (one) => ({ centre_id: one.centre.id, valid_from: one.valid_from, valid_to: one.valid_to, workplaces: one.workplaces, week: one.week, amount: one.amount, rule: one.rule, note: one.note });

/** What it would come to in a month that was. @param {{wanted: any, month: string}} props */
export function Preview({ wanted, month }) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const key = JSON.stringify(wanted);
  useEffect(() => {
    if (!wanted) return undefined;
    let here = true;
    const wait = setTimeout(() => {
      api.post("staffing/agreements/preview", { ...wanted, month: `${month}-01` }).then(
        (answer) => here && (setFound(answer), setError("")),
        (problem) => here && (setFound(null), setError(told(problem))),
      );
    }, 400);
    return () => {
      here = false;
      clearTimeout(wait);
    };
  }, [key, month]);
  if (!wanted) return html`<p class="muted">${t("staffing.preview_waits")}</p>`;
  return html`<div class="agreements__preview" aria-live="polite"><h3>${t("staffing.preview", { month: monthName(month) })}</h3>
    <${Alert} text=${error} />
    ${!found && !error && html`<p class="muted">${t("conversation.loading")}</p>`}
    ${found && (found.agreed
      ? html`<p>${t(found.over ? "staffing.preview_is" : "staffing.preview_so_far", { share: share(found.filled, found.agreed), base: euros(found.base), due: euros(found.due) })}</p>`
      : html`<p>${t("staffing.preview_nothing")}</p>`)}</div>`;
}

/** @param {{one: Agreement|null, listed: Listed, month: string, onSaved: (listed: Listed) => void, onReload: () => void}} props */
export function AgreementForm({ one, listed, month, onSaved, onReload }) {
  const [centre, setCentre] = useState(one?.centre.id ?? "");
  const [from, setFrom] = useState(one?.valid_from ?? "");
  const [to, setTo] = useState(one?.valid_to ?? "");
  const [workplaces, setWorkplaces] = useState(one ? String(one.workplaces) : "");
  const [own, setOwn] = useState(one?.week ? "own" : "as");
  const [week, setWeek] = useState((one?.week ?? [...Array(5).fill(["08:00", "18:00"]), null, null]).map((day) => ({ open: Boolean(day), opens: day?.[0] ?? "08:00", closes: day?.[1] ?? "18:00" })));
  const [amount, setAmount] = useState(one?.amount ?? "");
  const [kind, setKind] = useState(/** @type {Rule["kind"]} */ (one?.rule.kind ?? "proportional"));
  const [full, setFull] = useState(one?.rule.full_from ?? "95");
  const [least, setLeast] = useState(one?.rule.least ?? "0");
  const [steps, setSteps] = useState(/** @type {[string, string][]} */ (one?.rule.steps ?? [["90", "10"], ["0", "50"]]));
  const [note, setNote] = useState(one?.note ?? "");
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  // What was typed is kept against the version that was seen; whoever looks at the latest takes its version with it.
  const [version, setVersion] = useState(one?.version ?? 0);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const plain = (/** @type {string} */ text) => text.trim().replace(",", ".");
  const right = (/** @type {string} */ text, most = 100) => /^\d+(\.\d{1,2})?$/.test(plain(text)) && Number(plain(text)) <= most;
  const check = () => {
    /** @type {Record<string, string>} */
    const wrong = {};
    if (!centre) wrong.centre = t("staffing.wrong.centre");
    if (!from) wrong.from = t("staffing.wrong.from");
    if (to && from && to < from) wrong.to = t("staffing.wrong.to");
    if (!/^\d{1,3}$/.test(workplaces.trim()) || Number(workplaces) < 1 || Number(workplaces) > 200) wrong.workplaces = t("staffing.wrong.workplaces");
    if (!right(amount, 1e7)) wrong.amount = t("staffing.wrong.amount");
    if (kind !== "whole" && (!right(full) || Number(plain(full)) <= 0)) wrong.full = t("staffing.wrong.percent");
    if (kind === "proportional" && !right(least)) wrong.least = t("staffing.wrong.percent");
    if (kind === "steps" && !steps.every(([begins, off]) => right(begins) && right(off))) wrong.steps = t("staffing.wrong.percent");
    if (own === "own" && (!week.some((day) => day.open) || week.some((day) => day.open && !(day.opens && day.opens < day.closes)))) wrong.week = t("staffing.wrong.week");
    return wrong;
  };
  const body = () => ({
    centre_id: centre,
    valid_from: from,
    valid_to: to || null,
    workplaces: Number(workplaces),
    week: own === "own" ? week.map((day) => (day.open ? [day.opens, day.closes] : null)) : null,
    amount: plain(amount),
    rule: kind === "whole" ? { kind } : kind === "proportional" ? { kind, full_from: plain(full), least: plain(least) } : { kind, full_from: plain(full), steps: steps.map((pair) => pair.map(plain)) },
    note: note.trim(),
  });
  const whole = !Object.keys(check()).length;
  const submit = async () => {
    if (busy) return;
    const wrong = check();
    setErrors(wrong);
    setError("");
    if (Object.keys(wrong).length) return focusInvalid(form.current);
    setBusy(true);
    try {
      onSaved(one ? await api.put(`staffing/agreements/${one.id}`, { ...body(), version }) : await api.post("staffing/agreements", body()));
      toast("ok", t("staffing.saved"));
      go("#/staffing");
      return;
    } catch (problem) {
      setError(told(problem));
      setStale(problem instanceof api.ApiError && problem.status === 409);
    }
    setBusy(false);
  };
  /** @param {number} number @param {object} change */
  const setDay = (number, change) => setWeek(week.map((day, at) => (at === number ? { ...day, ...change } : day)));
  /** @param {number} at @param {number} place @param {string} text */
  const setStep = (at, place, text) => setSteps(steps.map((pair, number) => (number === at ? /** @type {[string, string]} */ (pair.map((value, which) => (which === place ? text : value))) : pair)));
  return html`
    <form class="agreement-form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      <div class="field"><label for="agreement-centre">${t("staffing.centre")}</label>
        <select class="input" id="agreement-centre" value=${centre} aria-invalid=${errors.centre ? "true" : undefined} aria-describedby=${errors.centre ? "agreement-centre-error" : undefined} onChange=${(/** @type {any} */ e) => setCentre(e.target.value)}>
          <option value="" selected=${!centre}>${t("staffing.choose")}</option>
          ${listed.centres.map((each) => html`<option key=${each.id} value=${each.id} selected=${centre === each.id}>${each.name}</option>`)}</select>
        ${errors.centre && html`<p class="field__error" id="agreement-centre-error">${errors.centre}</p>`}</div>
      <div class="agreement-form__pair">
        <${Field} type="date" label=${t("staffing.valid_from")} value=${from} onInput=${setFrom} error=${errors.from} />
        <${Field} type="date" label=${t("staffing.valid_to")} value=${to} onInput=${setTo} error=${errors.to} optional hint=${t("staffing.valid_to_hint")} />
      </div>
      <div class="agreement-form__pair">
        <${Field} inputmode="numeric" label=${t("staffing.workplaces")} value=${workplaces} onInput=${setWorkplaces} error=${errors.workplaces} hint=${t("staffing.workplaces_hint")} />
        <${Field} inputmode="decimal" label=${t("staffing.amount")} value=${amount} onInput=${setAmount} error=${errors.amount} hint=${t("staffing.amount_hint")} />
      </div>
      <${Choice} legend=${t("staffing.hours")} value=${own} onChange=${setOwn} items=${[{ id: "as", name: t("staffing.as_working_time") }, { id: "own", name: t("staffing.own_hours"), note: t("staffing.own_hours_note") }]} />
      ${own === "own" && html`<div>${week.map((day, number) => html`
        <fieldset class="hours-day" key=${number}><legend class="vh">${weekday(number)}</legend>
          <${Tick} text=${weekday(number)} on=${day.open} onChange=${(/** @type {boolean} */ open) => setDay(number, { open })} invalid=${Boolean(errors.week)} describedby=${errors.week ? "agreement-week-error" : ""} />
          ${day.open ? html`<input class="input" type="time" value=${day.opens} aria-label=${t("hours.opens")} onInput=${(/** @type {any} */ e) => setDay(number, { opens: e.target.value })} /><span aria-hidden="true">–</span>
            <input class="input" type="time" value=${day.closes} aria-label=${t("hours.closes")} onInput=${(/** @type {any} */ e) => setDay(number, { closes: e.target.value })} />` : html`<span class="muted">${t("hours.closed")}</span>`}
        </fieldset>`)}${errors.week && html`<p class="field__error" id="agreement-week-error">${errors.week}</p>`}</div>`}
      <${Choice} legend=${t("staffing.rule")} value=${kind} onChange=${setKind} items=${["proportional", "steps", "whole"].map((id) => ({ id, name: t(`staffing.rule_kind.${id}`), note: t(`staffing.rule_note.${id}`) }))} />
      ${kind !== "whole" && html`<div class="agreement-form__pair">
        <${Field} inputmode="decimal" label=${t("staffing.full_from")} value=${full} onInput=${setFull} error=${errors.full} />
        ${kind === "proportional" && html`<${Field} inputmode="decimal" label=${t("staffing.least")} value=${least} onInput=${setLeast} error=${errors.least} />`}</div>`}
      ${kind === "steps" && html`<fieldset class="agreement-form__steps"><legend>${t("staffing.steps")}</legend>
        ${steps.map(([begins, off], at) => html`<div class="agreement-form__step" key=${at}>
          <${Field} inputmode="decimal" label=${t("staffing.step_from")} value=${begins} onInput=${(/** @type {string} */ text) => setStep(at, 0, text)} />
          <${Field} inputmode="decimal" label=${t("staffing.step_off")} value=${off} onInput=${(/** @type {string} */ text) => setStep(at, 1, text)} />
          <${Button} icon="bin" aria-label=${t("staffing.step_remove", { begins })} onClick=${() => setSteps(steps.filter((_, number) => number !== at))}>${t("staffing.remove")}</></div>`)}
        <${Button} icon="plus" onClick=${() => setSteps([...steps, ["", ""]])}>${t("staffing.step_add")}</>
        ${errors.steps && html`<p class="field__error" role="alert">${errors.steps}</p>`}</fieldset>`}
      <${Field} label=${t("staffing.note")} value=${note} onInput=${setNote} optional maxLength="500" />
      <${Preview} wanted=${whole ? body() : null} month=${month} />
      <${Alert} text=${error} />
      ${stale && html`<p>${one && t("staffing.now", { what: `${period(one)}; ${t("staffing.agreed_line", { count: one.workplaces, amount: euros(one.amount) })}; ${weekText(one.week)}; ${ruleText(one.rule)}` })}</p>
        <${Button} icon="refresh" onClick=${() => { onReload(); setStale(false); setError(""); }}>${t("hours.look_again")}</>`}
      ${one && one.version !== version && html`<p class="notice">${t("staffing.newer", { who: one.written_by, what: `${period(one)}; ${t("staffing.agreed_line", { count: one.workplaces, amount: euros(one.amount) })}; ${weekText(one.week)}; ${ruleText(one.rule)}` })}
        <${Button} onClick=${() => setVersion(one.version)}>${t("staffing.keep_mine")}</></p>`}
      <p class="muted">${t("staffing.second_person")}</p>
      <div class="page__buttons"><${Button} type="submit" kind="primary" icon="send" busy=${busy}>${t("staffing.submit")}</><a class="button" href="#/staffing">${t("action.cancel")}</a></div>
    </form>`;
}
