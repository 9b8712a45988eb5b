// @ts-check
// Targets of the service: what holds, from which day, who set it and why. Set by administrators; what is planned can be taken back.
import * as api from "../api.js";
import { told } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Dialog } from "../components/dialog.js";
import { Field, focusInvalid, focusSoon } from "../components/field.js";
import { html } from "../html.js";
import { calendarDay, dateTime, decimal, lang, t } from "../i18n.js";
import { toast } from "../session.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @typedef {{seconds: number|null, percent: string|null}} Value */
/** @typedef {Value & {id: number, from: string, reason: string, who: string|null, at: string, planned: boolean}} Line */
/** @typedef {Value & {measure: string, timed: boolean, shared: boolean, more_than: boolean, needed: boolean, since: string|null, seen: number, history: Line[], first: Value}} Measure */
/** @typedef {{today: string, may_set: boolean, measures: Measure[]}} Targets */

/** Working time in words: hours, minutes, seconds. @param {number} seconds */
export function span(seconds) {
  const parts = [[3600, "hours"], [60, "minutes"], [1, "seconds"]];
  let left = seconds;
  /** @type {string[]} */
  const words = [];
  for (const [size, name] of /** @type {[number, string][]} */ (parts)) {
    const count = Math.floor(left / size);
    left %= size;
    if (count) words.push(t(`targets.${name}`, { count }));
  }
  return words.join(" ");
}

/** What a target asks for, in words. @param {Value} one @param {Measure} measure */
export function inWords(one, measure) {
  const parts = [];
  if (measure.timed) parts.push(one.seconds === null ? t("targets.not_judged") : t("targets.within", { time: span(one.seconds) }));
  if (measure.shared && one.percent !== null) parts.push(t(measure.more_than ? "targets.more_than" : "targets.at_least", { percent: decimal(one.percent) }));
  return parts.join(", ");
}

export function TargetsPage() {
  const [all, setAll] = useState(/** @type {Targets|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const [editing, setEditing] = useState(/** @type {string|null} */ (null));
  const [removing, setRemoving] = useState(/** @type {{measure: Measure, line: Line}|null} */ (null));
  const language = lang();
  useEffect(() => {
    setError("");
    api.get("service_level/targets").then(setAll, (problem) => setError(told(problem)));
  }, [round, language]);
  const measure = all?.measures.find((one) => one.measure === editing);
  const remove = async () => {
    try {
      setAll(await api.remove(`service_level/targets/${removing?.line.id}`));
    } catch (problem) {
      return told(problem);
    }
    const back = removing?.measure.measure;
    setRemoving(null);
    toast("ok", t("targets.withdrawn"));
    focusSoon(`target-${back}`);
    return "";
  };
  return html`
    <main class="page target-page" id="main" tabindex="-1">
      <header class="page__head"><h1>${t("targets.title")}</h1></header>
      <p class="muted">${t("targets.lead")}${all && !all.may_set && ` ${t("targets.admins_only")}`}</p>
      <${Alert} text=${error} />
      ${error && html`<${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
      ${!all && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${all && html`<ul class="target-list" role="list">${all.measures.map((one) => html`
        <li key=${one.measure} class="box"><div class="target-list__head"><h2 id=${`target-${one.measure}`} tabindex="-1">${t(`targets.measure.${one.measure}`)}</h2>
          ${all.may_set && html`<${Button} onClick=${() => setEditing(one.measure)}>${t("targets.change")}<span class="vh">: ${t(`targets.measure.${one.measure}`)}</span></>`}</div>
          <p><strong>${inWords(one, one)}</strong> <span class="muted">${one.since ? t("targets.since", { day: calendarDay(one.since) }) : t("targets.usual")}</span></p>
          <p class="muted target-list__note">${t(`targets.note.${one.measure}`)}</p>
          ${one.history.length > 0 && html`<details><summary>${t("targets.history", { count: one.history.length })}</summary><ul class="target-list__history">
            ${one.history.map((line) => html`<li key=${line.id}><span><strong>${t("targets.from", { day: calendarDay(line.from) })}</strong>${line.planned && ` (${t("targets.planned")})`}: ${inWords(line, one)}. <bdi>${line.reason}</bdi>
              <span class="muted"> ${line.who ?? "–"}, ${dateTime(line.at)}</span></span>
              ${all.may_set && line.planned && html`<${Button} icon="bin" onClick=${() => setRemoving({ measure: one, line })}>${t("targets.withdraw")}<span class="vh">: ${t(`targets.measure.${one.measure}`)}, ${calendarDay(line.from)}</span></>`}</li>`)}
            <li><strong>${t("targets.before")}</strong>: ${inWords(one.first, one)}</li></ul></details>`}
        </li>`)}</ul>`}
      ${all && measure && html`<${TargetForm} key=${measure.measure} measure=${measure} today=${all.today} onClose=${() => setEditing(null)} onSaved=${(/** @type {Targets} */ got) => {
        setAll(got);
        setEditing(null);
        toast("ok", t("targets.saved"));
      }} onReload=${() => setRound(round + 1)} />`}
      ${removing && html`<${Confirm} title=${t("targets.withdraw")} lead=${t("targets.withdraw_lead", { day: calendarDay(removing.line.from) })} submit=${t("targets.withdraw")} icon="bin"
        onClose=${() => setRemoving(null)} onConfirm=${remove} />`}
    </main>`;
}

/** @param {number|null} seconds @returns {[string, string, string]} */
const split = (seconds) => seconds === null ? ["", "", ""] : [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60].map((one) => (one ? String(one) : "")) /** @type {any} */;

/** @param {{measure: Measure, today: string, onClose: () => void, onSaved: (all: Targets) => void, onReload: () => void}} props */
function TargetForm({ measure, today, onClose, onSaved, onReload }) {
  const [time, setTime] = useState(split(measure.seconds));
  const [percent, setPercent] = useState(measure.percent === null ? "" : decimal(measure.percent));
  const [day, setDay] = useState(today);
  const [why, setWhy] = useState("");
  const [seen, setSeen] = useState(measure.seen);
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  const whole = time.map((one) => one.trim());
  const seconds = whole.every((one) => !one) ? null : Number(whole[0] || 0) * 3600 + Number(whole[1] || 0) * 60 + Number(whole[2] || 0);
  const share = percent.trim().replace(",", ".");
  /** @param {Event} event */
  const submit = async (event) => {
    if (busy) return;
    /** @type {Record<string, string>} */
    const wrong = {};
    if (measure.timed && (whole.some((one) => !/^\d*$/.test(one)) || seconds === 0 || (measure.needed && seconds === null))) wrong.time = t("targets.wrong.time");
    if (measure.shared && !(/^\d{1,3}(\.\d{1,2})?$/.test(share) && Number(share) > 0 && Number(share) <= 100)) wrong.percent = t("targets.wrong.percent");
    if (!day || day < today) wrong.day = t("targets.wrong.day");
    if (!why.trim()) wrong.why = t("targets.wrong.why");
    setErrors(wrong);
    setError("");
    if (Object.keys(wrong).length) return focusInvalid(/** @type {Element} */ (event.target));
    setBusy(true);
    try {
      onSaved(await api.put(`service_level/targets/${measure.measure}`, { valid_from: day, seconds: measure.timed ? seconds : null, percent: measure.shared ? share : null, reason: why.trim(), seen }));
      return;
    } catch (problem) {
      setError(told(problem));
      setStale(problem instanceof api.ApiError && problem.code === "target_changed");
    }
    setBusy(false);
  };
  // Looked at again, the form keeps what was typed; what holds now stands above it.
  useEffect(() => {
    setSeen(measure.seen);
    setStale(false);
  }, [measure.seen]);
  const units = ["hours", "minutes", "seconds"];
  return html`
    <${Dialog} title=${t(`targets.measure.${measure.measure}`)} onClose=${onClose} onSubmit=${submit}
      footer=${html`<${Button} onClick=${onClose}>${t("action.cancel")}</><${Button} kind="primary" type="submit" icon="done" busy=${busy}>${t("targets.save")}</>`}>
      <p class="muted">${t("targets.now", { text: inWords(measure, measure) })}</p>
      ${measure.timed && html`<fieldset class="target-time" aria-describedby=${errors.time ? "target-time-error" : undefined}><legend>${t("targets.time")}</legend>
        ${units.map((name, at) => html`<label key=${name}><input class="input" inputmode="numeric" maxlength="4" value=${time[at]} aria-invalid=${errors.time ? "true" : undefined} data-focus=${at === 0 ? "" : undefined}
          onInput=${(/** @type {any} */ e) => setTime(/** @type {[string, string, string]} */ (time.map((one, n) => (n === at ? e.target.value : one))))} /> ${t(`targets.unit.${name}`)}</label>`)}
        ${!measure.needed && html`<p class="field__hint">${t("targets.time_hint")}</p>`}
        ${errors.time && html`<p class="field__error" id="target-time-error">${errors.time}</p>`}</fieldset>`}
      ${measure.shared && html`<${Field} label=${t(measure.more_than ? "targets.percent_more" : "targets.percent")} value=${percent} onInput=${setPercent} inputmode="decimal" maxLength="6" error=${errors.percent} data-focus=${measure.timed ? undefined : ""} />`}
      <${Field} type="date" label=${t("targets.day")} hint=${t("targets.day_hint")} value=${day} onInput=${setDay} min=${today} error=${errors.day} />
      <${Field} label=${t("targets.why")} value=${why} onInput=${setWhy} rows=${2} maxLength="500" error=${errors.why} />
      <${Alert} text=${error} />
      ${stale && html`<${Button} icon="refresh" onClick=${onReload}>${t("hours.look_again")}</>`}
    </>`;
}
