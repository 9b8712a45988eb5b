// @ts-check
// Notices to everybody: an outage, a change of hours. What citizens see is shown beside the form while it is written.
import * as api from "../api.js";
import { told } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Choice, Field, focusInvalid, Tick } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { cx, html } from "../html.js";
import { dateTime, label, LANGUAGES, lang, t } from "../i18n.js";
import { fromField, toField } from "../riga.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useEffect, useId, useRef, useState } from "../vendor/hooks.js";

const TEXT_LIMIT = 400;

/**
 * @typedef {object} PublicNotice
 * @property {string} id
 * @property {"live"|"planned"|"over"} state
 * @property {"information"|"outage"} kind
 * @property {Record<string, string>} text
 * @property {string|null} site
 * @property {boolean} banner
 * @property {boolean} greeting
 * @property {string} starts_at
 * @property {string} ends_at
 * @property {string|null} ended_at
 * @property {number} version
 * @property {string|null} changed_by
 * @property {string} changed_at
 *
 * @typedef {{notices: PublicNotice[], sites: {key: string, name: string}[]}} All
 */

/** @param {{id: string|null}} props a notice, or `new` */
export function NoticesPage({ id }) {
  const [all, setAll] = useState(/** @type {All|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    let here = true;
    const look = () => api.get("notices").then((found) => here && (setAll(found), setError("")), (problem) => here && setError(told(problem)));
    look();
    // What is planned begins and what is live ends by itself.
    const every = id ? 0 : setInterval(look, 15000);
    return () => {
      here = false;
      clearInterval(every);
    };
  }, [id, round]);
  const notice = id && id !== "new" ? (all?.notices.find((one) => one.id === id) ?? null) : null;
  const missing = Boolean(all && id && id !== "new" && !notice);
  return html`
    <main class="page notices-page" id="main" tabindex="-1">
      <header class="page__head">
        ${id && html`<a class="icon-button" href="#/notices" aria-label=${t("notices.to_list")}><${Icon} name="back" /></a>`}
        <h1>${t(id === "new" ? "notices.new" : id ? "notices.one" : "notices.title")}</h1>
        ${!id && html`<div class="page__buttons"><a class="button button--primary" href="#/notices/new"><${Icon} name="plus" /><span>${t("notices.new")}</span></a></div>`}
      </header>
      ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
      ${!all && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${missing && html`<p role="alert">${t("notices.missing")}</p>`}
      ${all && !id && html`<${List} all=${all} onChanged=${setAll} />`}
      ${all && (id === "new" || notice) && html`<${NoticeForm} key=${id} one=${notice} sites=${all.sites} onSaved=${setAll} onReload=${() => setRound(round + 1)} />`}
    </main>`;
}

/** @param {PublicNotice} one @param {All["sites"]} sites */
const where = (one, sites) =>
  [one.banner && t("notices.banner"), one.greeting && t("notices.greeting"), one.site ? (sites.find((site) => site.key === one.site)?.name ?? one.site) : t("notices.everywhere")]
    .filter(Boolean)
    .join(" · ");

/** @param {{all: All, onChanged: (all: All) => void}} props */
function List({ all, onChanged }) {
  const [ending, setEnding] = useState(/** @type {PublicNotice|null} */ (null));
  const end = async () => {
    try {
      onChanged(await api.post(`notices/${ending?.id}/end`, { version: ending?.version }));
    } catch (problem) {
      return told(problem);
    }
    setEnding(null);
    toast("ok", t("notices.ended"));
    document.getElementById("main")?.focus();
    return "";
  };
  return html`
    <p class="muted">${t("notices.lead")}</p>
    ${!all.notices.length && html`<p>${t("notices.none")}</p>`}
    <ul class="notice-list" role="list">${all.notices.map((one) => html`
      <li key=${one.id} class=${cx("notice-row", one.state === "over" && "notice-row--over")}>
        <div class="notice-row__main">
          <p class="notice-row__chips"><span class=${cx("chip", one.state === "live" ? "chip--active" : one.state === "over" && "chip--closed")}>${label("notices.state", one.state)}</span>
            <span class="chip">${label("notices.kind", one.kind)}</span></p>
          <p class="notice-row__text"><bdi lang=${lang()}>${one.text[lang()]}</bdi></p>
          <p class="muted">${dateTime(one.starts_at)} – ${dateTime(one.ended_at ?? one.ends_at)} · ${where(one, all.sites)}</p>
          <p class="muted">${t("notices.changed", { who: one.changed_by ?? "–", when: dateTime(one.changed_at) })}</p>
        </div>
        ${one.state !== "over" && html`<div class="notice-row__buttons">
          <a class="button" href=${`#/notices/${one.id}`}><${Icon} name="edit" /><span>${t("notices.edit")}</span></a>
          <${Button} icon="ban" onClick=${() => setEnding(one)}>${t(one.state === "live" ? "notices.end" : "notices.call_off")}</>
        </div>`}
      </li>`)}</ul>
    ${ending && html`<${Confirm} title=${t(ending.state === "live" ? "notices.end" : "notices.call_off")} lead=${t("notices.end_lead")} submit=${t(ending.state === "live" ? "notices.end" : "notices.call_off")} icon="ban"
      onClose=${() => setEnding(null)} onConfirm=${end}><blockquote class="notice-quote"><bdi>${ending.text[lang()]}</bdi></blockquote></>`}`;
}

/** @param {{one: PublicNotice|null, sites: All["sites"], onSaved: (all: All) => void, onReload: () => void}} props */
function NoticeForm({ one, sites, onSaved, onReload }) {
  const [kind, setKind] = useState(one?.kind ?? "information");
  const [text, setText] = useState(/** @type {Record<string, string>} */ (one?.text ?? { lv: "", ru: "", en: "" }));
  const [site, setSite] = useState(one?.site ?? "");
  const [banner, setBanner] = useState(one?.banner ?? true);
  const [greeting, setGreeting] = useState(one?.greeting ?? true);
  const [starts, setStarts] = useState(one ? toField(one.starts_at) : "");
  const [ends, setEnds] = useState(one ? toField(one.ends_at) : "");
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  // What somebody else has saved meanwhile stands beside what was typed, which stays.
  const [beside, setBeside] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const siteId = useId();
  const submit = async () => {
    if (busy) return;
    /** @type {Record<string, string>} */
    const wrong = {};
    for (const code of LANGUAGES) if (!text[code].trim()) wrong[code] = t("notices.wrong.text");
    // A field that was not touched keeps its instant, seconds included.
    const from = one && starts === toField(one.starts_at) ? one.starts_at : fromField(starts);
    const until = one && ends === toField(one.ends_at) ? one.ends_at : fromField(ends);
    if (starts && !from) wrong.starts = t("notices.wrong.time");
    if (!until) wrong.ends = t("notices.wrong.ends");
    else if (from && from >= until) wrong.ends = t("notices.wrong.ends_first");
    if (!banner && !greeting) wrong.where = t("notices.wrong.nowhere");
    setErrors(wrong);
    setError("");
    if (Object.keys(wrong).length) return focusInvalid(form.current);
    setBusy(true);
    const body = { kind, text, site: site || null, banner, greeting, starts_at: from, ends_at: until };
    try {
      onSaved(one ? await api.put(`notices/${one.id}`, { ...body, version: one.version }) : await api.post("notices", body));
      toast("ok", t("notices.saved"));
      go("#/notices");
    } catch (problem) {
      setError(told(problem));
      setStale(problem instanceof api.ApiError && problem.code === "notice_changed");
      setBusy(false);
    }
  };
  return html`
    <div class="notice-form">
      <form noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
        <${Choice} legend=${t("notices.kind")} value=${kind} onChange=${setKind} items=${["information", "outage"].map((code) => ({ id: code, name: label("notices.kind", code), note: label("notices.kind_note", code) }))} />
        ${LANGUAGES.map((code) => html`<${Field} key=${code} rows=${3} lang=${code} maxLength=${TEXT_LIMIT} label=${t(`notices.text.${code}`)} hint=${beside && one && one.text[code] !== text[code] ? t("notices.now", { text: one.text[code] }) : undefined} value=${text[code]} error=${errors[code]}
          onInput=${(/** @type {string} */ words) => setText({ ...text, [code]: words })} />`)}
        <div class="notice-form__times">
          <${Field} type="datetime-local" label=${t("notices.starts")} hint=${t("notices.starts_hint")} optional value=${starts} onInput=${setStarts} error=${errors.starts} />
          <${Field} type="datetime-local" label=${t("notices.ends")} hint=${t("notices.ends_hint")} value=${ends} onInput=${setEnds} error=${errors.ends} />
        </div>
        <div class="field"><label for=${siteId}>${t("notices.site")}</label>
          <select class="input" id=${siteId} value=${site} onChange=${(/** @type {any} */ e) => setSite(e.target.value)}>
            <option value="">${t("notices.everywhere")}</option>
            ${sites.map((row) => html`<option key=${row.key} value=${row.key} selected=${row.key === site}>${row.name} (${row.key})</option>`)}
          </select></div>
        <fieldset class="notice-form__where"><legend>${t("notices.where")}</legend>
          <${Tick} text=${t("notices.banner")} note=${t("notices.banner_note")} on=${banner} onChange=${setBanner} invalid=${Boolean(errors.where)} describedby=${errors.where ? "notice-where" : ""} />
          <${Tick} text=${t("notices.greeting")} note=${t("notices.greeting_note")} on=${greeting} onChange=${setGreeting} />
          ${errors.where && html`<p class="field__error" id="notice-where">${errors.where}</p>`}
        </fieldset>
        <${Alert} text=${error} />
        ${stale && html`<${Button} icon="refresh" onClick=${() => { onReload(); setBeside(true); setStale(false); setError(""); }}>${t("notices.look_again")}</>`}
        <${Button} type="submit" kind="primary" icon="done" busy=${busy}>${t(one ? "notices.save" : "notices.publish")}</>
      </form>
      <section class="notice-preview" aria-labelledby="notice-preview"><h2 id="notice-preview">${t("notices.preview")}</h2>
        ${LANGUAGES.map((code) => html`
          <div key=${code} class=${cx("notice-banner", kind === "outage" && "notice-banner--outage")}><${Icon} name="warn" />
            <bdi lang=${code}>${text[code].trim() || "…"}</bdi></div>`)}
      </section>
    </div>`;
}
