// @ts-check
// Working time: the hours by weekday, days that differ, and what comes of both. Nothing is written over unseen.
import * as api from "../api.js";
import { told } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Field, focusInvalid, focusSoon, Tick } from "../components/field.js";
import { html } from "../html.js";
import { calendarDay, dateTime, dayName, lang, t } from "../i18n.js";
import { toast } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** @typedef {([string, string]|null)[]} Week */
/** @typedef {{day: string, working: boolean, note: string}} Exception */
/** @typedef {{day: string, hours: [string, string]|null}} Day */
/**
 * @typedef {object} Calendar
 * @property {number} version
 * @property {boolean} may_set_week
 * @property {Week} week Monday first
 * @property {Exception[]} exceptions
 * @property {{day: string, name: string}[]} holidays
 * @property {Day[]} days
 * @property {string|null} changed_by
 * @property {string|null} changed_at
 */

/** A Monday: weekdays are named in the person's language from the days after it. @param {number} number */
const weekday = (number) => new Intl.DateTimeFormat(lang(), { weekday: "long", timeZone: "UTC" }).format(Date.UTC(2024, 0, 1 + number));
export function HoursPage() {
  const [calendar, setCalendar] = useState(/** @type {Calendar|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const language = lang();
  useEffect(() => {
    setError("");
    api.get("hours").then(setCalendar, (problem) => setError(told(problem)));
  }, [round, language]);
  const reload = () => setRound(round + 1);
  return html`
    <main class="page hours-page" id="main" tabindex="-1">
      <header class="page__head"><h1>${t("hours.title")}</h1></header>
      <${Alert} text=${error} />
      ${error && html`<${Button} icon="refresh" onClick=${reload}>${t("action.try_again")}</>`}
      ${!calendar && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${calendar && html`
        <p class="muted">${t("hours.lead")}${calendar.changed_at && ` ${t("hours.changed", { who: calendar.changed_by ?? "–", when: dateTime(calendar.changed_at) })}`}</p>
        <div class="hours-page__columns">
          <${WeekForm} calendar=${calendar} onSaved=${setCalendar} onReload=${reload} />
          <${Exceptions} calendar=${calendar} onSaved=${setCalendar} onReload=${reload} />
          <section aria-labelledby="hours-holidays"><h2 id="hours-holidays">${t("hours.holidays")}</h2>
            <p class="muted">${t("hours.holidays_lead")}</p>
            <ul class="hours-list">${calendar.holidays.map((one) => html`<li key=${one.day}><span>${calendarDay(one.day)}</span><span>${one.name}</span></li>`)}</ul></section>
        </div>`}
    </main>`;
}

/** @param {{days: Day[]}} props */
const Days = ({ days }) => html`<ul class="hours-list">${days.map((one) => html`
  <li key=${one.day} class=${one.hours ? "" : "hours-list__shut"}><span>${dayName(`${one.day}T12:00:00Z`)}</span><span>${one.hours ? one.hours.join("–") : t("hours.closed")}</span></li>`)}</ul>`;

/** @param {{calendar: Calendar, onSaved: (calendar: Calendar) => void, onReload: () => void}} props */
function WeekForm({ calendar, onSaved, onReload }) {
  const may = calendar.may_set_week;
  // The version that was seen when the form was filled: a change of exceptions of one's own passes its new one on.
  const [version, setVersion] = useState(calendar.version);
  const [week, setWeek] = useState(calendar.week.map((day) => ({ open: Boolean(day), opens: day?.[0] ?? "08:00", closes: day?.[1] ?? "18:00" })));
  const [days, setDays] = useState(/** @type {Day[]|null} */ (null));
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const typed = JSON.stringify(week);
  const body = () => ({ week: week.map((day) => (day.open ? [day.opens, day.closes] : null)) });
  const changed = JSON.stringify(body().week) !== JSON.stringify(calendar.week);
  const whole = week.every((day) => !day.open || (day.opens && day.closes));
  const wrong = week.map((day) => (day.open && (!day.opens || !day.closes || day.opens >= day.closes) ? t("hours.wrong") : ""));
  const bad = wrong.some(Boolean);
  useEffect(() => {
    setVersion(calendar.version);
    if (!changed) setDays(null);
  }, [calendar.version]);
  useEffect(() => {
    if (!may || !changed || !whole || bad) {
      setDays(null);
      return;
    }
    let here = true;
    const wait = setTimeout(() => {
      api.post("hours/preview", body()).then(
        (found) => here && (setDays(found.days), setError("")),
        (problem) => here && setError(told(problem)),
      );
    }, 400);
    return () => {
      here = false;
      clearTimeout(wait);
    };
  }, [typed, calendar.version]);
  /** @param {number} number @param {object} change */
  const set = (number, change) => setWeek(week.map((day, at) => (at === number ? { ...day, ...change } : day)));
  const submit = async () => {
    if (busy) return;
    setError("");
    if (bad) return focusInvalid(form.current);
    setBusy(true);
    try {
      onSaved(await api.put("hours/week", { ...body(), version }));
      setStale(false);
      toast("ok", t("hours.saved"));
    } catch (problem) {
      setError(told(problem));
      setStale(problem instanceof api.ApiError && problem.code === "calendar_changed");
    }
    setBusy(false);
  };
  return html`
    <section aria-labelledby="hours-week"><h2 id="hours-week">${t("hours.week")}</h2>
      <form noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
        ${week.map((day, number) => html`
          <fieldset class="hours-day" key=${number} disabled=${!may}><legend class="vh">${weekday(number)}</legend>
            <${Tick} text=${weekday(number)} on=${day.open} disabled=${!may} onChange=${(/** @type {boolean} */ open) => set(number, { open })} />
            ${day.open
              ? html`<input class="input" type="time" value=${day.opens} aria-label=${t("hours.opens")} aria-invalid=${wrong[number] ? "true" : undefined} aria-describedby=${wrong[number] ? `hours-error-${number}` : undefined}
                  onInput=${(/** @type {any} */ e) => set(number, { opens: e.target.value })} /><span aria-hidden="true">–</span>
                <input class="input" type="time" value=${day.closes} aria-label=${t("hours.closes")} aria-describedby=${wrong[number] ? `hours-error-${number}` : undefined} onInput=${(/** @type {any} */ e) => set(number, { closes: e.target.value })} />`
              : html`<span class="muted">${t("hours.closed")}</span>`}
            ${may && JSON.stringify(body().week[number]) !== JSON.stringify(calendar.week[number]) && html`<p class="muted hours-day__now">${t("hours.now", { hours: calendar.week[number]?.join("–") ?? t("hours.closed") })}</p>`}
            ${wrong[number] && html`<p class="field__error" id=${`hours-error-${number}`}>${wrong[number]}</p>`}
          </fieldset>`)}
        <${Alert} text=${error} />
        ${stale && html`<${Button} icon="refresh" onClick=${onReload}>${t("hours.look_again")}</>`}
        ${may ? html`<${Button} type="submit" kind="primary" icon="done" busy=${busy}>${t("hours.save")}</>` : html`<p class="muted">${t("hours.admins_only")}</p>`}
      </form>
      <h3>${t(days ? "hours.preview_new" : "hours.preview")}</h3>
      <${Days} days=${days ?? calendar.days} />
    </section>`;
}

/** @param {{calendar: Calendar, onSaved: (calendar: Calendar) => void, onReload: () => void}} props */
function Exceptions({ calendar, onSaved, onReload }) {
  const [day, setDay] = useState("");
  const [note, setNote] = useState("");
  const [working, setWorking] = useState(false);
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  const [removing, setRemoving] = useState(/** @type {Exception|null} */ (null));
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const submit = async () => {
    if (busy) return;
    /** @type {Record<string, string>} */
    const wrong = {};
    if (!day) wrong.day = t("hours.day_missing");
    if (!note.trim()) wrong.note = t("hours.note_missing");
    setErrors(wrong);
    setError("");
    if (Object.keys(wrong).length) return focusInvalid(form.current);
    setBusy(true);
    try {
      onSaved(await api.post("hours/exceptions", { day, working, note: note.trim(), version: calendar.version }));
      setDay("");
      setNote("");
      setStale(false);
      toast("ok", t("hours.saved"));
      focusSoon("hours-day");
    } catch (problem) {
      setError(told(problem));
      setStale(problem instanceof api.ApiError && problem.code === "calendar_changed");
    }
    setBusy(false);
  };
  const remove = async () => {
    try {
      onSaved(await api.remove(`hours/exceptions/${removing?.day}${api.query({ version: calendar.version })}`));
    } catch (problem) {
      return told(problem);
    }
    setRemoving(null);
    toast("ok", t("hours.saved"));
    focusSoon("hours-day");
    return "";
  };
  return html`
    <section aria-labelledby="hours-exceptions"><h2 id="hours-exceptions">${t("hours.exceptions")}</h2>
      <p class="muted">${t("hours.exceptions_lead")}</p>
      ${!calendar.exceptions.length && html`<p class="muted">${t("hours.no_exceptions")}</p>`}
      <ul class="hours-list">${calendar.exceptions.map((one) => html`
        <li key=${one.day}><span>${calendarDay(one.day)} · ${t(one.working ? "hours.working" : "hours.closed")}<br /><bdi class="muted">${one.note}</bdi></span>
          <button type="button" class="button" aria-label=${t("hours.remove_day", { day: calendarDay(one.day) })} onClick=${() => setRemoving(one)}>${t("hours.remove")}</button></li>`)}</ul>
      <form class="hours-exception" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
        <${Field} id="hours-day" type="date" label=${t("hours.day")} value=${day} onInput=${setDay} error=${errors.day} />
        <${Tick} text=${t("hours.is_working")} on=${working} onChange=${setWorking} />
        <${Field} label=${t("hours.note")} value=${note} onInput=${setNote} error=${errors.note} maxLength="200" />
        <${Alert} text=${error} />
        ${stale && html`<${Button} icon="refresh" onClick=${onReload}>${t("hours.look_again")}</>`}
        <${Button} type="submit" icon="plus" busy=${busy}>${t("hours.add")}</>
      </form>
      ${removing && html`<${Confirm} title=${t("hours.remove")} lead=${t("hours.remove_lead", { day: calendarDay(removing.day) })} submit=${t("hours.remove")} icon="bin"
        onClose=${() => setRemoving(null)} onConfirm=${remove} />`}
    </section>`;
}
