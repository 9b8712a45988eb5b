// @ts-check
// A week's shifts by centre, and how they compare with what the forecast asks for. Everything is done with buttons and forms.
import { told } from "../actions.js";
import * as api from "../api.js";
import { announce } from "../attention.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Dialog } from "../components/dialog.js";
import { Field, focusInvalid } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { ShiftChart, shortDay } from "../components/shiftchart.js";
import { html } from "../html.js";
import { calendarDay, dateTime, dayName, label, lang, number, t } from "../i18n.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** @typedef {{id: string, version: number, centre_id: string, staff_id: string|null, people: number, day: string, begins: string, ends: string}} Shift */
/** @typedef {{id: string, name: string, centre_id: string, gone: boolean}} Person */
/** @typedef {{day: string, hours: [string, string]|null, passed: boolean}} Day */
/**
 * @typedef {object} Week
 * @property {string} week
 * @property {string} today
 * @property {Day[]} days
 * @property {{id: string, name: string}[]} centres
 * @property {Person[]} people
 * @property {Shift[]} shifts
 * @property {import("../components/shiftchart.js").Hour[]} hours
 * @property {any} forecast
 */

/** @param {string} day @param {number} by */
const dayFrom = (day, by) => new Date(Date.parse(`${day}T00:00:00Z`) + by * 86400000).toISOString().slice(0, 10);
/** @param {number} share of one, in percent */
const percent = (share) => t("response.percent", { value: number(Math.round(share * 1000) / 10) });

/** @param {{params: URLSearchParams}} props */
export function ShiftsPage({ params }) {
  const asked = params.get("week") ?? "";
  const wanted = /^\d{4}-\d\d-\d\d$/.test(asked) ? asked : "";
  const [week, setWeek] = useState(/** @type {Week|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const [editing, setEditing] = useState(/** @type {{shift: Shift|null, day: string, staff: string|null}|null} */ (null));
  const [copying, setCopying] = useState(false);
  const mine = useStore((s) => s.me?.centre?.id ?? "");
  const language = lang();
  const reload = () => setRound(round + 1);
  // Until the week that was asked for is there, nothing can be written into the one before it.
  const coming = week !== null && wanted !== "" && (wanted < week.week || wanted > dayFrom(week.week, 6));
  useEffect(() => {
    let here = true;
    setError("");
    api.get(`shifts${api.query({ week: wanted })}`).then(
      (found) => {
        if (!here) return;
        setWeek(found);
        announce(t("shifts.loaded", { day: calendarDay(found.week), count: found.shifts.length }));
      },
      // What is being written stays.
      (problem) => here && (setWeek((now) => (editing ? now : null)), setError(told(problem))),
    );
    return () => {
      here = false;
    };
  }, [wanted, round, language]);
  const running = week?.forecast.state === "running";
  useEffect(() => {
    if (!running) return undefined;
    // How far it is; when it is done, the week with it.
    const every = setInterval(() => {
      api.get("forecast").then(
        (found) => (found.state === "running" ? setWeek((now) => now && { ...now, forecast: found }) : (announce(t(`shifts.forecast_is.${found.state}`)), reload())),
        () => {},
      );
    }, 2000);
    return () => clearInterval(every);
  }, [running, round]);
  const centres = week?.centres ?? [];
  // One's own centre first; another by choice.
  const home = (centres.find((one) => one.id === mine) ?? centres[0])?.id ?? "";
  const centre = centres.find((one) => one.id === params.get("centre"))?.id ?? home;
  const address = (/** @type {string} */ day, /** @type {string} */ which = centre) => `#/shifts${api.query({ week: day, centre: which === home ? "" : which })}`;
  const saved = (/** @type {Week} */ found, /** @type {string} */ text) => {
    setWeek(found);
    setEditing(null);
    toast("ok", text);
  };
  return html`
    <main class="page shifts" id="main" tabindex="-1">
      <header class="page__head"><h1>${t("shifts.title")}</h1>
        ${week && html`<nav class="staffing__months" aria-label=${t("shifts.weeks")}>
          <a class="icon-button" href=${address(dayFrom(week.week, -7))} aria-label=${t("shifts.week_before")}><${Icon} name="back" /></a>
          <strong>${calendarDay(week.week)} – ${calendarDay(dayFrom(week.week, 6))}</strong>
          <a class="icon-button" href=${address(dayFrom(week.week, 7))} aria-label=${t("shifts.week_after")}><${Icon} name="right" /></a></nav>`}</header>
      <p class="muted">${t("shifts.lead")}</p>
      ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${reload}>${t("action.try_again")}</>`}
      ${!week && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${week && html`
        <section inert=${coming} aria-busy=${coming}><div class="page__head"><h2 id="shifts-plan">${t("shifts.plan")}</h2>
            <div class="field field--inline"><label for="shifts-centre">${t("staffing.centre")}</label>
              <select class="input" id="shifts-centre" value=${centre} onChange=${(/** @type {any} */ e) => go(address(week.week, e.target.value), true)}>${centres.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === centre}>${one.name}</option>`)}</select></div>
            <${Button} icon="copy" onClick=${() => setCopying(true)}>${t("shifts.copy_week")}</></div>
          <${Grid} week=${week} centre=${centre} onEdit=${setEditing} /></section>
        <section><h2 id="shifts-need">${t("shifts.need")}</h2>
          <p class="muted">${t("shifts.need_lead")}</p>
          <${Forecast} forecast=${week.forecast} onChanged=${(/** @type {any} */ forecast) => setWeek({ ...week, forecast })} onReload=${reload} />
          <${ShiftChart} hours=${week.hours} /></section>`}
      ${week && editing && html`<${ShiftDialog} week=${week} centre=${centre} start=${editing} onClose=${() => setEditing(null)} onSaved=${saved} onReload=${reload} />`}
      ${week && copying && html`<${Confirm} title=${t("shifts.copy_week")} icon="copy" submit=${t("shifts.copy_week")}
        lead=${t("shifts.copy_lead", { from: calendarDay(dayFrom(week.week, -7)), to: calendarDay(week.week), centre: centres.find((one) => one.id === centre)?.name ?? "" })}
        onClose=${() => setCopying(false)} onConfirm=${async () => {
          try {
            const found = await api.post("shifts/copy", { from_week: dayFrom(week.week, -7), to_week: week.week, centre_id: centre });
            setWeek(found);
            toast("ok", t("shifts.copied", { copied: found.copied, left_out: found.left_out }));
          } catch (problem) {
            return told(problem);
          }
          setCopying(false);
          return "";
        }} />`}
    </main>`;
}

/** @param {{week: Week, centre: string, onEdit: (start: {shift: Shift|null, day: string, staff: string|null}) => void}} props */
function Grid({ week, centre, onEdit }) {
  const own = week.shifts.filter((one) => one.centre_id === centre);
  const people = week.people.filter((one) => one.centre_id === centre || own.some((shift) => shift.staff_id === one.id));
  /** @type {{id: string|null, name: string}[]} */
  const rows = [...people, { id: null, name: t("shifts.unnamed") }];
  return html`
    <div class="table-wrap" role="region" aria-labelledby="shifts-plan" tabindex="0">
      <table class="table shifts__grid" role="table" aria-labelledby="shifts-plan">
        <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${t("shifts.person")}</th>${week.days.map((one) => html`<th scope="col" role="columnheader" key=${one.day} class=${one.day === week.today ? "shifts__today" : ""}>${shortDay(one.day)}${!one.hours && html`<br /><span class="muted">${t("hours.closed")}</span>`}</th>`)}</tr></thead>
        <tbody role="rowgroup">${rows.map((row) => html`<tr role="row" key=${row.id ?? "unnamed"}>
          <th scope="row" role="rowheader"><bdi>${row.name}</bdi></th>
          ${week.days.map((day) => {
            const shifts = own.filter((one) => one.staff_id === row.id && one.day === day.day);
            const what = { person: row.name, day: dayName(`${day.day}T12:00:00Z`) };
            return html`<td role="cell" key=${day.day} data-label=${shortDay(day.day)} class=${day.hours ? "" : "shifts__shut"}><div class="shifts__cell">
              ${shifts.map((one) => (day.passed
                ? html`<span class="shift shift--passed" key=${one.id}>${one.begins}–${one.ends}${one.people > 1 ? ` × ${one.people}` : ""}</span>`
                : html`<button type="button" class="shift" key=${one.id} aria-label=${t("shifts.edit_one", { ...what, begins: one.begins, ends: one.ends })} onClick=${() => onEdit({ shift: one, day: day.day, staff: row.id })}>${one.begins}–${one.ends}${one.people > 1 ? ` × ${one.people}` : ""}</button>`))}
              ${!day.passed && html`<button type="button" class="icon-button shifts__add" aria-label=${t("shifts.add_one", what)} onClick=${() => onEdit({ shift: null, day: day.day, staff: row.id })}><${Icon} name="plus" size=${16} /></button>`}
              ${day.passed && !shifts.length && html`<span class="muted">–</span>`}</div></td>`;
          })}</tr>`)}</tbody></table></div>`;
}

/** @param {{week: Week, centre: string, start: {shift: Shift|null, day: string, staff: string|null}, onClose: () => void, onSaved: (week: Week, text: string) => void, onReload: () => void}} props */
function ShiftDialog({ week, centre, start, onClose, onSaved, onReload }) {
  const { shift } = start;
  // Of several people who have changed it the latest version is taken over only when it was looked at.
  const latest = shift && week.shifts.find((one) => one.id === shift.id);
  const usual = week.days.find((one) => one.day === start.day)?.hours ?? ["08:00", "18:00"];
  const [day, setDay] = useState(start.day);
  const [staff, setStaff] = useState(start.staff ?? "");
  const [count, setCount] = useState(String(shift?.people ?? 1));
  const [begins, setBegins] = useState(shift?.begins ?? usual[0]);
  const [ends, setEnds] = useState(shift?.ends ?? usual[1]);
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLDivElement|null} */ (null));
  const people = week.people.filter((one) => one.centre_id === centre && !one.gone);
  /** @param {() => Promise<Week>} act @param {string} text */
  const run = async (act, text) => {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      onSaved(await act(), text);
      return;
    } catch (problem) {
      setError(told(problem));
      setStale(problem instanceof api.ApiError && problem.status === 409);
    }
    setBusy(false);
  };
  const submit = () => {
    /** @type {Record<string, string>} */
    const wrong = {};
    if (!day) wrong.day = t("shifts.wrong.day");
    if (!begins || !ends || begins >= ends) wrong.ends = t("shifts.wrong.ends");
    if (!staff && (!/^\d{1,3}$/.test(count) || Number(count) < 1 || Number(count) > 100)) wrong.count = t("shifts.wrong.count");
    setErrors(wrong);
    if (Object.keys(wrong).length) return focusInvalid(form.current);
    const body = { centre_id: centre, staff_id: staff || null, people: staff ? 1 : Number(count), day, begins, ends };
    return run(() => (shift ? api.put(`shifts/${shift.id}`, { ...body, version: latest?.version ?? shift.version }) : api.post("shifts", body)), t("shifts.saved"));
  };
  return html`
    <${Dialog} title=${t(shift ? "shifts.edit" : "shifts.add")} onClose=${onClose} onSubmit=${submit}
      footer=${html`${shift && html`<${Button} icon="bin" onClick=${() => run(() => api.remove(`shifts/${shift.id}${api.query({ version: latest?.version ?? shift.version })}`), t("shifts.removed"))}>${t("shifts.remove")}</>`}
        <${Button} onClick=${onClose}>${t("action.cancel")}</><${Button} type="submit" kind="primary" icon="done" busy=${busy}>${t("shifts.save")}</>`}>
      <div ref=${form} class="shifts__form">
        <div class="field"><label for="shift-person">${t("shifts.person")}</label>
          <select class="input" id="shift-person" value=${staff} onChange=${(/** @type {any} */ e) => setStaff(e.target.value)}>
            <option value="" selected=${!staff}>${t("shifts.unnamed")}</option>${people.map((one) => html`<option key=${one.id} value=${one.id} selected=${staff === one.id}>${one.name}</option>`)}</select></div>
        ${!staff && html`<${Field} label=${t("shifts.count")} value=${count} onInput=${setCount} inputmode="numeric" error=${errors.count} />`}
        <${Field} type="date" label=${t("hours.day")} value=${day} onInput=${setDay} error=${errors.day} />
        <div class="agreement-form__pair"><${Field} type="time" label=${t("hours.opens")} value=${begins} onInput=${setBegins} data-focus="" />
          <${Field} type="time" label=${t("hours.closes")} value=${ends} onInput=${setEnds} error=${errors.ends} /></div>
        <${Alert} text=${error} />
        ${stale && html`<${Button} icon="refresh" onClick=${() => { onReload(); setStale(false); setError(""); }}>${t("hours.look_again")}</>`}
        ${latest && shift && latest.version !== shift.version && html`<p class="notice">${t("shifts.now", { what: `${calendarDay(latest.day)} ${latest.begins}–${latest.ends}` })}</p>`}
        ${shift && !latest && html`<p class="notice">${t("shifts.gone")}</p>`}
      </div></>`;
}

/** How good the forecast is, and what it was computed with. @param {{forecast: any, onChanged: (forecast: any) => void, onReload: () => void}} props */
function Forecast({ forecast, onChanged, onReload }) {
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const { quality, setting } = forecast;
  /** @param {() => Promise<any>} act @param {boolean} [week] */
  const run = async (act, week = false) => {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      onChanged(await act());
      if (week) onReload();
    } catch (problem) {
      setError(told(problem));
      if (problem instanceof api.ApiError && problem.status === 409) onReload();
    }
    setBusy(false);
  };
  return html`
    <div class="box shifts__forecast">
      ${forecast.enough_on !== null && html`<p class="notice"><${Icon} name="info" />${t("shifts.too_little", { days: forecast.history_days, least: forecast.least_days, on: calendarDay(forecast.enough_on) })}</p>`}
      ${forecast.state === "failed" && html`<p class="notice"><${Icon} name="warn" />${t("shifts.forecast_is.failed")}</p>`}
      ${forecast.state === "running" && html`<p role="status"><${Icon} name="clock" /> ${t("shifts.running", { stage: label("shifts.stage", forecast.stage) })}</p>`}
      ${quality && html`
        <p>${t("shifts.made", { when: dateTime(forecast.made_at), from: calendarDay(quality.from), to: calendarDay(quality.to), count: quality.contacts })}</p>
        <p>${t("shifts.error_is", { model: t(`shifts.model.${quality.model}`), wape: percent(quality.tried[quality.model].wape), mae: number(Math.round(quality.tried[quality.model].mae * 10) / 10), naive: percent(quality.tried.last_week.wape), days: quality.folds * quality.window_days })}
          ${quality.coverage !== null && ` ${t("shifts.coverage", { share: percent(quality.coverage) })}`}</p>
        <p>${t("shifts.computed_with", { minutes: number(Math.round(quality.handle_s / 6) / 10), count: quality.handled, share: number(forecast.target.share * 100), seconds: forecast.target.within_s })}</p>`}
      <${Alert} text=${error} />
      <div class="shifts__acts">
        <div class="field field--inline"><label for="shifts-at-once">${t("shifts.at_once")}</label>
          <select class="input" id="shifts-at-once" value=${String(setting.at_once)} onChange=${(/** @type {any} */ e) => run(() => api.put("forecast/setting", { at_once: Number(e.target.value), version: setting.version }), true)}>
            ${[1, 2, 3, 4, 5, 6].map((one) => html`<option key=${one} value=${String(one)} selected=${setting.at_once === one}>${one}</option>`)}</select></div>
        ${forecast.enough_on === null && html`<${Button} icon="refresh" busy=${busy || forecast.state === "running"} onClick=${() => forecast.state !== "running" && run(() => api.post("forecast"))}>${t("shifts.ask")}</>`}</div>
      <p class="muted">${t("shifts.at_once_note")}</p>
    </div>`;
}
