// @ts-check
// The forms of a queue, of what a person serves, and of what conversations weigh. What somebody else has changed meanwhile is
// never written over: what is stored now is shown beside what was typed.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { byName, label, LANGUAGES, t } from "../i18n.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { state, useStore } from "../store.js";
import { useId, useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Choice, Field, focusInvalid, namedFields, Tick } from "./field.js";
import { Icon } from "./icons.js";
import { fold } from "./picklist.js";

/** @typedef {import("../types.js").Queue} Queue */
/** @typedef {import("../types.js").Queues} Queues */
/** @typedef {import("../types.js").Named} Named */

const SEARCH_FROM = 12;

/**
 * Any of many. What is chosen stays in sight, whatever is searched for.
 * @param {{legend: string, hint?: string, items: Named[], value: string[], onChange: (ids: string[]) => void}} props
 */
function AnyOf({ legend, hint, items, value, onChange }) {
  const id = useId();
  const [search, setSearch] = useState("");
  const wanted = fold(search.trim());
  const searchable = items.length >= SEARCH_FROM;
  const shown = items.filter((item) => value.includes(item.id) || (searchable && !wanted ? false : fold(item.name).includes(wanted)));
  /** @param {string} one @param {boolean} on */
  const toggle = (one, on) => onChange(on ? [...value, one] : value.filter((other) => other !== one));
  return html`
    <fieldset class="anyof" aria-describedby=${hint ? `${id}-hint` : undefined}>
      <legend>${legend} <span class="muted">${value.length ? t("queues.chosen", { count: value.length }) : t("queues.any")}</span></legend>
      ${hint && html`<p class="field__hint" id=${`${id}-hint`}>${hint}</p>`}
      ${searchable && html`<input class="input" type="search" value=${search} placeholder=${t("pick.search")} aria-label=${t("pick.search_in", { what: legend })}
        onInput=${(/** @type {any} */ e) => setSearch(e.target.value)} />`}
      <div class=${searchable ? "anyof__box anyof__box--long" : "anyof__box"}>
        ${shown.map((item) => html`<label key=${item.id} class="anyof__item"><input type="checkbox" checked=${value.includes(item.id)}
          onChange=${(/** @type {any} */ e) => toggle(item.id, e.target.checked)} /><span>${item.name}</span></label>`)}
        ${searchable && wanted && !shown.length && html`<p class="muted">${t("pick.nothing")}</p>`}
      </div>
    </fieldset>`;
}

/**
 * Some of a few, in an order that matters.
 * @param {{legend: string, hint?: string, items: Named[], value: string[], onChange: (ids: string[]) => void}} props
 */
function InOrder({ legend, hint, items, value, onChange }) {
  const id = useId();
  const name = (/** @type {string} */ one) => items.find((item) => item.id === one)?.name ?? one;
  const left = items.filter((item) => !value.includes(item.id));
  /** @param {number} at @param {number} step */
  const move = (at, step) => {
    const next = [...value];
    [next[at], next[at + step]] = [next[at + step], next[at]];
    onChange(next);
  };
  return html`
    <fieldset class="inorder" aria-describedby=${hint ? `${id}-hint` : undefined}>
      <legend>${legend}</legend>
      ${hint && html`<p class="field__hint" id=${`${id}-hint`}>${hint}</p>`}
      ${value.length > 0 && html`<ol class="inorder__list">${value.map((one, at) => html`
        <li key=${one}><span>${name(one)}</span>
          <${IconButton} icon="down" turned label=${t("queues.up", { name: name(one) })} off=${at === 0} onClick=${() => move(at, -1)} />
          <${IconButton} icon="down" label=${t("queues.down", { name: name(one) })} off=${at === value.length - 1} onClick=${() => move(at, 1)} />
          <${IconButton} icon="close" label=${t("queues.remove", { name: name(one) })} onClick=${() => onChange(value.filter((other) => other !== one))} /></li>`)}</ol>`}
      ${left.length > 0 && html`<select class="input" aria-label=${t("queues.add_to", { what: legend })} value=""
        onChange=${(/** @type {any} */ e) => { if (e.target.value) onChange([...value, e.target.value]); e.target.value = ""; }}>
        <option value="">${t("queues.add")}</option>${left.map((item) => html`<option key=${item.id} value=${item.id}>${item.name}</option>`)}</select>`}
    </fieldset>`;
}

/** @param {{icon: string, label: string, turned?: boolean, off?: boolean, onClick: () => void}} props */
export const IconButton = ({ icon, label: name, turned = false, off = false, onClick }) => html`
  <button type="button" class=${turned ? "icon-button icon-button--turned" : "icon-button"} aria-label=${name} title=${name} aria-disabled=${off ? "true" : undefined}
    onClick=${() => !off && onClick()}><${Icon} name=${icon} /></button>`;

/**
 * Skills with a level each.
 * @param {{legend: string, hint: string, known: string[], value: [string, number][], onChange: (rows: [string, number][]) => void, error?: string}} props
 */
function Skills({ legend, hint, known, value, onChange, error = "" }) {
  const id = useId();
  /** @param {number} at @param {[string, number]} row */
  const put = (at, row) => onChange(value.map((old, i) => (i === at ? row : old)));
  return html`
    <fieldset class="skills" aria-describedby=${`${id}-hint`}>
      <legend>${legend}</legend>
      <p class="field__hint" id=${`${id}-hint`}>${hint}</p>
      <datalist id=${`${id}-known`}>${known.map((one) => html`<option key=${one} value=${one}></option>`)}</datalist>
      ${value.map(([name, level], at) => html`<div class="skills__row" key=${at}>
        <input class="input" list=${`${id}-known`} value=${name} maxLength="40" aria-label=${t("queues.skill_name", { number: at + 1 })} aria-invalid=${error && (!name.trim() || value.findIndex(([other]) => other.trim() === name.trim()) < at) ? "true" : undefined}
          aria-describedby=${error ? `${id}-error` : undefined}
          onInput=${(/** @type {any} */ e) => put(at, [e.target.value, level])} />
        <select class="input" aria-label=${t("queues.skill_level", { number: at + 1 })} value=${String(level)} onChange=${(/** @type {any} */ e) => put(at, [name, Number(e.target.value)])}>
          ${[1, 2, 3, 4, 5].map((one) => html`<option key=${one} value=${String(one)} selected=${one === level}>${t(`queues.level.${one}`)}</option>`)}</select>
        <${IconButton} icon="close" label=${t("queues.remove", { name: name || t("queues.skill_name", { number: at + 1 }) })} onClick=${() => onChange(value.filter((_, i) => i !== at))} /></div>`)}
      <div><${Button} icon="plus" onClick=${() => onChange([...value, ["", 3]])}>${t("queues.skill_add")}</></div>
      ${error && html`<p class="field__error" id=${`${id}-error`} role="alert">${error}</p>`}
    </fieldset>`;
}

/** @param {[string, number][]} rows @returns {Record<string, number>} */
const skillsOf = (rows) => Object.fromEntries(rows.filter(([name]) => name.trim()).map(([name, level]) => [name.trim(), level]));

/** @param {[string, number][]} rows @returns {string} what is wrong with them; nothing when all is well */
function wrongSkills(rows) {
  if (rows.some(([skill]) => !skill.trim())) return t("queues.wrong.skill");
  return new Set(rows.map(([skill]) => skill.trim())).size < rows.length ? t("queues.wrong.skill_twice") : "";
}

/** Whole numbers only; anything else is told and kept as it was typed. @param {string} text @param {number} least @param {number} most */
const inRange = (text, least, most) => /^\d+$/.test(text.trim()) && Number(text) >= least && Number(text) <= most;

/** A queue's rules in one sentence. @param {Queue} queue @param {Queues} all */
export function inWords(queue, all) {
  if (queue.common) return t("queues.takes_rest");
  /** @param {string[]} ids @param {(id: string) => string} name */
  const list = (ids, name) => ids.map(name).join(", ");
  const parts = [
    list(queue.institutions, (id) => state.institutions.find((one) => one.id === id)?.name ?? id),
    list(queue.services, (id) => all.known.services.find((one) => one.id === id)?.name ?? id),
    list(queue.topics, (id) => state.topics.find((one) => one.id === id)?.name ?? id),
    list(queue.languages, (id) => label("language", id)),
    list(queue.channels, (id) => label("channel", id)),
  ].filter(Boolean);
  return parts.length ? parts.join(" · ") : t("queues.takes_all");
}

/** @param {Record<string, number>} skills @param {boolean} [least] true where it is what is asked for */
export const skillsInWords = (skills, least = false) =>
  Object.entries(skills).map(([name, level]) => t(least ? "queues.skill_at" : "queues.has_skill", { name, level })).join(", ");

/** @param {{one: Queue|null, all: Queues, taken: (all: Queues) => void}} props */
export function QueueForm({ one, all, taken }) {
  const institutions = useStore((s) => s.institutions);
  const topics = useStore((s) => s.topics);
  const [version, setVersion] = useState(one?.version ?? 0);
  const [name, setName] = useState(/** @type {Record<string, string>} */ ({ lv: "", ru: "", en: "", ...one?.name }));
  const [mode, setMode] = useState(/** @type {string} */ (one?.mode ?? "offers"));
  const [enabled, setEnabled] = useState(one?.enabled ?? true);
  const [rules, setRules] = useState({
    institutions: one?.institutions ?? [], services: one?.services ?? [], topics: one?.topics ?? [], languages: one?.languages ?? [], channels: one?.channels ?? [],
  });
  const [skills, setSkills] = useState(/** @type {[string, number][]} */ (Object.entries(one?.skills ?? {})));
  const [centres, setCentres] = useState(one?.centres ?? []);
  const [overflows, setOverflows] = useState(one ? one.overflow_after_s !== null : true);
  const [after, setAfter] = useState(String(one?.overflow_after_s ?? 30));
  const [helpers, setHelpers] = useState(one?.overflow_centres ?? []);
  const [timeout, setTimeoutText] = useState(String(one?.offer_timeout_s ?? 30));
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stored, setStored] = useState(/** @type {Queue|null} */ (null));
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const common = one?.common ?? false;

  const wrong = () => {
    /** @type {Record<string, string>} */
    const found = {};
    if (!name.lv.trim()) found.name = t("queues.wrong.name");
    // Only what is in sight can be mended; what is hidden goes with what it was, or with what is usual.
    if (mode === "offers") found.skills = wrongSkills(skills);
    if (mode === "offers" && centres.length && overflows && !inRange(after, 0, 86400)) found.after = t("queues.wrong.seconds", { least: 0, most: 86400 });
    if (mode === "offers" && !inRange(timeout, 10, 600)) found.timeout = t("queues.wrong.seconds", { least: 10, most: 600 });
    if (!found.skills) delete found.skills;
    return found;
  };
  const submit = async () => {
    if (busy) return;
    const found = wrong();
    setErrors(found);
    setError("");
    if (Object.keys(found).length) {
      focusInvalid(form.current);
      return;
    }
    setBusy(true);
    const body = {
      name, mode, enabled, ...rules, skills: skillsOf(skills), centres, overflow_centres: helpers,
      overflow_after_s: overflows ? (inRange(after, 0, 86400) ? Number(after) : 30) : null,
      offer_timeout_s: inRange(timeout, 10, 600) ? Number(timeout) : 30,
    };
    try {
      taken(one ? await api.put(`queues/${one.id}`, { ...body, version }) : await api.post("queues", body));
      toast("ok", t("queues.saved"));
      go("#/queues");
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy(false);
      setError(reason(problem));
      if (namedFields(problem).includes("name")) setErrors({ name: reason(problem) });
      if (problem.code === "queue_changed" && one) await compare(one.id).catch(() => {});
      focusInvalid(form.current);
    }
  };
  /** @param {string} id */
  const compare = async (id) => {
    const latest = /** @type {Queues} */ (await api.get("queues")).queues.find((row) => row.id === id);
    if (!latest) return;
    setVersion(latest.version);
    setStored(latest);
  };
  return html`
    <form class="queue-form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      <div class="queue-form__names">
        ${LANGUAGES.map((lang) => html`<${Field} key=${lang} label=${t(`queues.name.${lang}`)} value=${name[lang]} maxLength="120" optional=${lang !== "lv"} lang=${lang}
          error=${lang === "lv" ? errors.name : ""} onInput=${(/** @type {string} */ text) => setName({ ...name, [lang]: text })} />`)}
      </div>
      <${Choice} legend=${t("queues.mode")} value=${mode} onChange=${setMode} items=${[
        { id: "offers", name: t("queues.mode.offers"), note: t("queues.mode_note.offers") },
        { id: "pull", name: t("queues.mode.pull"), note: t("queues.mode_note.pull") },
      ]} />
      ${common ? html`<p class="notice">${t("queues.common_note")}</p>` : html`
        <${Tick} text=${t("queues.enabled")} note=${t("queues.enabled_note")} on=${enabled} onChange=${setEnabled} />
        <section class="queue-form__part"><h2>${t("queues.rules")}</h2><p class="muted">${t("queues.rules_lead")}</p>
          <${AnyOf} legend=${t("queues.institutions")} items=${byName(institutions)} value=${rules.institutions} onChange=${(/** @type {string[]} */ ids) => setRules({ ...rules, institutions: ids })} />
          <${AnyOf} legend=${t("queues.services")} items=${byName(all.known.services)} value=${rules.services} onChange=${(/** @type {string[]} */ ids) => setRules({ ...rules, services: ids })} />
          <${AnyOf} legend=${t("queues.topics")} items=${byName(topics)} value=${rules.topics} onChange=${(/** @type {string[]} */ ids) => setRules({ ...rules, topics: ids })} />
          <${AnyOf} legend=${t("queues.languages")} items=${LANGUAGES.map((id) => ({ id, name: label("language", id) }))} value=${rules.languages} onChange=${(/** @type {string[]} */ ids) => setRules({ ...rules, languages: ids })} />
          <${AnyOf} legend=${t("queues.channels")} items=${all.known.channels.map((id) => ({ id, name: label("channel", id) }))} value=${rules.channels} onChange=${(/** @type {string[]} */ ids) => setRules({ ...rules, channels: ids })} />
        </section>`}
      ${mode === "offers" && html`
        <section class="queue-form__part"><h2>${t("queues.who")}</h2><p class="muted">${t("queues.who_lead")}</p>
          <${Skills} legend=${t("queues.skills_needed")} hint=${t("queues.skills_needed_hint")} known=${all.known.skills} value=${skills} onChange=${setSkills} error=${errors.skills} />
          <${InOrder} legend=${t("queues.centres")} hint=${t("queues.centres_hint")} items=${all.known.centres} value=${centres} onChange=${setCentres} />
          ${centres.length > 0 && html`
            <${Tick} text=${t("queues.overflow")} on=${overflows} onChange=${setOverflows} />
            ${overflows && html`
              <${Field} label=${t("queues.overflow_after")} value=${after} onInput=${setAfter} error=${errors.after} inputmode="numeric" />
              <${InOrder} legend=${t("queues.helpers")} hint=${t("queues.helpers_hint")} items=${all.known.centres.filter((c) => !centres.includes(c.id))} value=${helpers.filter((c) => !centres.includes(c))} onChange=${setHelpers} />`}`}
          <${Field} label=${t("queues.offer_timeout")} hint=${t("queues.offer_timeout_hint")} value=${timeout} onInput=${setTimeoutText} error=${errors.timeout} inputmode="numeric" />
        </section>`}
      <${Alert} text=${error} />
      ${stored && html`<p class="notice">${t("queues.stored_now", { name: stored.title, mode: t(`queues.mode.${stored.mode}`), rules: inWords(stored, all) })}</p>`}
      <div class="queue-form__buttons"><${Button} type="submit" kind="primary" icon="done" busy=${busy}>${t("queues.save")}</><a class="button" href="#/queues">${t("action.cancel")}</a></div>
    </form>`;
}

/** @param {{one: import("../types.js").Serving, all: Queues, taken: (all: Queues) => void}} props */
export function ServingForm({ one, all, taken }) {
  const [version, setVersion] = useState(one.version);
  const [languages, setLanguages] = useState(one.languages);
  const [skills, setSkills] = useState(/** @type {[string, number][]} */ (Object.entries(one.skills)));
  const [capacity, setCapacity] = useState(String(one.capacity));
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stored, setStored] = useState(/** @type {import("../types.js").Serving|null} */ (null));
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const submit = async () => {
    if (busy) return;
    /** @type {Record<string, string>} */
    const found = {};
    if (!languages.length) found.languages = t("queues.wrong.languages");
    found.skills = wrongSkills(skills);
    if (!found.skills) delete found.skills;
    if (!inRange(capacity, 0, 50)) found.capacity = t("queues.wrong.capacity");
    setErrors(found);
    setError("");
    if (Object.keys(found).length) {
      focusInvalid(form.current);
      return;
    }
    setBusy(true);
    try {
      taken(await api.put(`queues/people/${one.id}`, { version, languages, skills: skillsOf(skills), capacity: Number(capacity) }));
      toast("ok", t("queues.saved"));
      go("#/queues");
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy(false);
      setError(reason(problem));
      if (problem.code !== "serving_changed") return;
      const latest = await api.get("queues").then((/** @type {Queues} */ now) => now.people.find((row) => row.id === one.id), () => undefined);
      if (!latest) return;
      setVersion(latest.version);
      setStored(latest);
    }
  };
  return html`
    <form class="queue-form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      <${AnyOf} legend=${t("queues.speaks")} items=${LANGUAGES.map((id) => ({ id, name: label("language", id) }))} value=${languages} onChange=${setLanguages} />
      ${errors.languages && html`<p class="field__error" role="alert">${errors.languages}</p>`}
      <${Skills} legend=${t("queues.skills")} hint=${t("queues.skills_hint")} known=${all.known.skills} value=${skills} onChange=${setSkills} error=${errors.skills} />
      <${Field} label=${t("queues.capacity")} hint=${t("queues.capacity_hint")} value=${capacity} onInput=${setCapacity} error=${errors.capacity} inputmode="numeric" />
      <${Alert} text=${error} />
      ${stored && html`<p class="notice">${t("queues.serving_now", { languages: stored.languages.map((lang) => label("language", lang)).join(", "), skills: skillsInWords(stored.skills) || "–", capacity: stored.capacity })}</p>`}
      <div class="queue-form__buttons"><${Button} type="submit" kind="primary" icon="done" busy=${busy}>${t("queues.save")}</><a class="button" href="#/queues">${t("action.cancel")}</a></div>
    </form>`;
}

/** @param {{all: Queues, taken: (all: Queues) => void}} props */
export function WeightsForm({ all, taken }) {
  const kinds = /** @type {("webchat"|"direct"|"comment")[]} */ (["webchat", "direct", "comment"]);
  const start = () => Object.fromEntries(kinds.map((kind) => [kind, String(all.weights[kind] / 100).replace(".", ",")]));
  const [version, setVersion] = useState(all.weights.version);
  const [typed, setTyped] = useState(/** @type {Record<string, string>} */ (start()));
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const submit = async () => {
    if (busy) return;
    /** @type {Record<string, string>} */
    const found = {};
    for (const kind of kinds) if (!/^\d{1,2}([.,]\d{1,2})?$/.test(typed[kind].trim()) || Number(typed[kind].replace(",", ".")) > 10) found[kind] = t("queues.wrong.weight");
    setErrors(found);
    setError("");
    if (Object.keys(found).length) {
      focusInvalid(form.current);
      return;
    }
    setBusy(true);
    try {
      const weights = Object.fromEntries(kinds.map((kind) => [kind, Math.round(Number(typed[kind].trim().replace(",", ".")) * 100)]));
      const after = await api.put("queues/weights", { version, ...weights });
      setVersion(after.weights.version);
      taken(after);
      toast("ok", t("queues.saved"));
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
      if (problem.code === "weights_changed") {
        const latest = /** @type {Queues|null} */ (await api.get("queues").catch(() => null));
        if (latest) {
          setVersion(latest.weights.version);
          taken(latest);
        }
      }
    }
    setBusy(false);
  };
  return html`
    <form class="weights" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      ${kinds.map((kind) => html`<${Field} key=${kind} label=${t(`queues.weight.${kind}`)} value=${typed[kind]} inputmode="decimal" error=${errors[kind]}
        onInput=${(/** @type {string} */ text) => setTyped({ ...typed, [kind]: text })} foot=${error ? t("queues.weight_now", { weight: String(all.weights[kind] / 100).replace(".", ",") }) : undefined} />`)}
      <${Button} type="submit" icon="done" busy=${busy}>${t("queues.save")}</>
      <${Alert} text=${error} />
    </form>`;
}
