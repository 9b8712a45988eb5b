// @ts-check
// Sites: where the chat may stand, in what words and colour, and when it invites. The widget itself is drawn beside the form.
import * as api from "../api.js";
import { told, uuid } from "../actions.js";
import { announce } from "../attention.js";
import { Alert, Button } from "../components/bits.js";
import { CopyField, Field, focusInvalid, focusSoon, Tick } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { cx, html } from "../html.js";
import { byName, dateTime, label, LANGUAGES, lang, number, t } from "../i18n.js";
import { fromField, toField } from "../riga.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useId, useRef, useState } from "../vendor/hooks.js";

/** Own words, and how long each may be. */
const WORDS = /** @type {const} */ ({ title: 60, launcher: 40, greeting: 1000, placeholder: 60, notice: 600 });
const LONG = ["greeting", "notice"];
const WIDGET_KEYS = /** @type {Record<string, string>} */ ({ launcher: "widget.launcher", placeholder: "widget.input_placeholder", notice: "widget.notice_text" });
const MATCHES = ["contains", "starts", "is", "pattern"];
const WHENS = ["time", "scroll", "form_error", "inactive", "unfinished"];
const ONCE = ["session", "day", "week"];

/**
 * @typedef {object} Rule
 * @property {string} id
 * @property {string} name
 * @property {string} match
 * @property {string} address
 * @property {string} when
 * @property {number} after_s
 * @property {number} share
 * @property {string} once
 * @property {Record<string, string>} text
 * @property {string|null} starts_at
 * @property {string|null} ends_at
 * @property {boolean} enabled
 *
 * @typedef {object} Site
 * @property {string} key
 * @property {string} name
 * @property {string|null} institution_id
 * @property {string[]} origins
 * @property {string} lang
 * @property {string} accent
 * @property {string} privacy_url
 * @property {Record<string, Record<string, string>>} texts
 * @property {Rule[]} rules
 * @property {boolean} enabled
 * @property {number} version
 * @property {string|null} changed_by
 * @property {string|null} changed_at
 *
 * @typedef {{sites: Site[], may_write: boolean, least_contrast: number, catalogue: Record<string, Record<string, string>>, greeting: Record<string, {text: string}>}} All
 */

/** Contrast of a colour with white (WCAG). @param {string} colour `#rrggbb` */
function contrast(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const share = parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05);
}

/** As the server makes it of what was written. @param {Rule} rule */
function patternOf({ match, address }) {
  if (match === "pattern") return address;
  const plain = address.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
  return { contains: plain, starts: `^${plain}`, is: `^${plain}$` }[match] ?? plain;
}

/** Whether a rule is for a page; null when its pattern is not valid. @param {Rule} rule @param {string} page an address, whole or from the path on */
function fits(rule, page) {
  try {
    const url = new URL(page, location.origin);
    return new RegExp(patternOf(rule), "u").test(url.pathname + decodeURIComponent(url.hash));
  } catch {
    return null;
  }
}

/** @param {{id: string|null}} props a site's key, or `new` */
export function SitesPage({ id }) {
  const [all, setAll] = useState(/** @type {All|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    let here = true;
    api.get("sites").then((found) => here && (setAll(found), setError("")), (problem) => here && setError(told(problem)));
    return () => {
      here = false;
    };
  }, [id, round]);
  const site = id && id !== "new" ? (all?.sites.find((one) => one.key === id) ?? null) : null;
  const missing = Boolean(all && id && id !== "new" && !site);
  return html`
    <main class="page sites" id="main" tabindex="-1">
      <header class="page__head">
        ${id && html`<a class="icon-button" href="#/sites" aria-label=${t("sites.to_list")}><${Icon} name="back" /></a>`}
        <h1>${id === "new" ? t("sites.new") : (site?.name ?? t("sites.title"))}</h1>
        ${site && html`<p><${State} site=${site} /></p>`}
        ${!id && all?.may_write && html`<a class="button button--primary" href="#/sites/new"><${Icon} name="plus" /><span>${t("sites.new")}</span></a>`}
      </header>
      ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
      ${!all && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${missing && html`<p role="alert">${t("sites.missing")}</p>`}
      ${all && !id && html`<${List} all=${all} />`}
      ${all && (site || (id === "new" && all.may_write)) && html`<${SiteForm} key=${`${id}-${round}`} one=${site} all=${all} onSaved=${setAll} onReload=${() => setRound(round + 1)} />`}
    </main>`;
}

/** @param {{site: Site}} props */
const State = ({ site }) => html`<span class=${cx("chip", site.enabled ? "chip--active" : "chip--closed")}>${t(site.enabled ? "sites.on" : "sites.off")}</span>`;

/** @param {{all: All}} props */
function List({ all }) {
  return html`
    <p class="muted">${t("sites.lead")}${!all.may_write && html` ${t("sites.read_only")}`}</p>
    ${!all.sites.length && html`<p>${t("sites.none")}</p>`}
    <ul class="site-list" role="list">${all.sites.map((one) => html`
      <li key=${one.key} class=${cx("site-row", !one.enabled && "site-row--off")}>
        <span class="site-row__mark" aria-hidden="true"><svg viewBox="0 0 24 24" width="28" height="28"><rect width="24" height="24" rx="7" fill=${one.accent} /></svg></span>
        <div class="site-row__main">
          <p><a href=${`#/sites/${encodeURIComponent(one.key)}`}><bdi>${one.name}</bdi></a> <span class="muted">${one.key}</span> <${State} site=${one} /></p>
          <p class="muted">${one.origins.map((origin) => (origin === "self" ? t("sites.self") : origin)).join(", ") || t("sites.nowhere")} · ${t("sites.rules_count", { count: one.rules.filter((rule) => rule.enabled).length })}</p>
        </div>
      </li>`)}</ul>`;
}

/** @param {Site|null} one */
const draftOf = (one) => ({
  key: one?.key ?? "",
  name: one?.name ?? "",
  institution_id: one?.institution_id ?? "",
  self: one ? one.origins.includes("self") : false,
  origins: (one?.origins ?? []).filter((origin) => origin !== "self").join("\n"),
  lang: one?.lang ?? "lv",
  accent: one?.accent ?? "#7d1d3f",
  privacy_url: one?.privacy_url ?? "",
  texts: Object.fromEntries(LANGUAGES.map((code) => [code, Object.fromEntries(Object.keys(WORDS).map((word) => [word, one?.texts[code]?.[word] ?? ""]))])),
  rules: (one?.rules ?? []).map((rule) => ({ ...rule, text: Object.fromEntries(LANGUAGES.map((code) => [code, rule.text[code] ?? ""])) })),
  enabled: one?.enabled ?? true,
});

/** @param {{one: Site|null, all: All, onSaved: (all: All) => void, onReload: () => void}} props */
function SiteForm({ one, all, onSaved, onReload }) {
  const institutions = useStore((s) => s.institutions);
  const [values, setValues] = useState(draftOf(one));
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  const [shown, setShown] = useState(lang());
  const [editing, setEditing] = useState(/** @type {string|null} */ (null));
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const id = useId();
  /** @param {string} name */
  const set = (name) => (/** @type {any} */ value) => setValues({ ...values, [name]: value });
  /** @param {string} code @param {string} word */
  const setWord = (code, word) => (/** @type {string} */ text) => setValues({ ...values, texts: { ...values.texts, [code]: { ...values.texts[code], [word]: text } } });
  const origins = [...(values.self ? ["self"] : []), ...values.origins.split(/[\s,]+/).filter(Boolean)];
  const ratio = contrast(values.accent);
  const weak = ratio < all.least_contrast;
  const submit = async () => {
    if (busy) return;
    /** @type {Record<string, string>} */
    const wrong = {};
    if (!one && !/^[a-z0-9][a-z0-9-]{1,39}$/.test(values.key.trim())) wrong.key = t("sites.wrong.key");
    if (!values.name.trim()) wrong.name = t("sites.wrong.name");
    if (weak) wrong.accent = t("sites.wrong.contrast", { least: number(all.least_contrast) });
    for (const rule of values.rules) if (wrongRule(rule)) wrong.rules = wrong.rules ?? t("sites.wrong.rule", { name: rule.name || t("sites.rule_new") });
    setErrors(wrong);
    setError("");
    if (Object.keys(wrong).length) {
      if (wrong.rules && Object.keys(wrong).length === 1) setEditing(values.rules.find(wrongRule)?.id ?? null);
      return focusInvalid(form.current);
    }
    setBusy(true);
    const { key, self: _self, ...rest } = values;
    const body = { ...rest, origins, institution_id: values.institution_id || null };
    try {
      const found = one ? await api.put(`sites/${encodeURIComponent(one.key)}`, { ...body, version: one.version }) : await api.post("sites", { ...body, key: key.trim() });
      onSaved(found);
      toast("ok", t("sites.saved"));
      setStale(false);
      if (!one) go(`#/sites/${encodeURIComponent(key.trim())}`, true);
    } catch (problem) {
      const text = told(problem);
      const code = problem instanceof api.ApiError ? problem.code : "";
      const field = { site_key: "key", site_taken: "key", site_origin: "origins", site_contrast: "accent", site_privacy: "privacy_url" }[code];
      if (field) {
        setErrors({ [field]: text });
        focusInvalid(form.current);
      } else setError(text);
      setStale(code === "site_changed");
    }
    setBusy(false);
  };
  return html`
    <div class="site-form">
      <form noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
        ${!all.may_write && html`<p class="muted">${t("sites.read_only")}</p>`}
        <fieldset class="site-form__all" disabled=${!all.may_write}><legend class="vh">${t("sites.title")}</legend>
        <section class="box" aria-labelledby=${`${id}-where`}><h2 id=${`${id}-where`}>${t("sites.where")}</h2>
          ${!one && html`<${Field} label=${t("sites.key")} hint=${t("sites.key_hint")} value=${values.key} onInput=${set("key")} error=${errors.key} maxLength="40" autocomplete="off" autocapitalize="none" spellcheck=${false} />`}
          <${Field} label=${t("sites.name")} hint=${t("sites.name_hint")} value=${values.name} onInput=${set("name")} error=${errors.name} maxLength="120" />
          <div class="field"><label for=${`${id}-institution`}>${t("sites.institution")} <span class="muted">${t("form.optional")}</span></label>
            <select class="input" id=${`${id}-institution`} value=${values.institution_id} onChange=${(/** @type {any} */ e) => set("institution_id")(e.target.value)}>
              <option value="" selected=${!values.institution_id}>–</option>
              ${byName(institutions).map((row) => html`<option key=${row.id} value=${row.id} selected=${row.id === values.institution_id}>${row.name}</option>`)}
            </select></div>
          <${Field} rows=${3} label=${t("sites.origins")} hint=${t("sites.origins_hint")} value=${values.origins} onInput=${set("origins")} error=${errors.origins} spellcheck=${false} autocapitalize="none" />
          <${Tick} text=${t("sites.self")} note=${t("sites.self_note")} on=${values.self} onChange=${set("self")} />
          <${Field} label=${t("sites.privacy")} hint=${t("sites.privacy_hint")} value=${values.privacy_url} onInput=${set("privacy_url")} error=${errors.privacy_url} maxLength="500" spellcheck=${false} autocapitalize="none" optional />
          <${Tick} text=${t("sites.enabled")} note=${t("sites.enabled_note")} on=${values.enabled} onChange=${set("enabled")} />
        </section>
        <section class="box" aria-labelledby=${`${id}-look`}><h2 id=${`${id}-look`}>${t("sites.look")}</h2>
          <div class="site-form__row">
            <div class="field"><label for=${`${id}-accent`}>${t("sites.accent")}</label>
              <p class="field__hint" id=${`${id}-accent-hint`}>${t("sites.contrast", { ratio: number(Math.floor(ratio * 10) / 10), least: number(all.least_contrast) })}</p>
              <input class="site-form__colour" type="color" id=${`${id}-accent`} value=${values.accent} aria-invalid=${errors.accent ? "true" : undefined}
                aria-describedby=${`${id}-accent-hint${weak ? ` ${id}-accent-error` : ""}`} onInput=${(/** @type {any} */ e) => set("accent")(e.target.value)} />
              ${weak && html`<p class="field__error" id=${`${id}-accent-error`} role="status">${t("sites.wrong.contrast", { least: number(all.least_contrast) })}</p>`}</div>
            <div class="field"><label for=${`${id}-lang`}>${t("sites.lang")}</label>
              <p class="field__hint">${t("sites.lang_hint")}</p>
              <select class="input" id=${`${id}-lang`} value=${values.lang} onChange=${(/** @type {any} */ e) => set("lang")(e.target.value)}>
                ${LANGUAGES.map((code) => html`<option key=${code} value=${code} selected=${code === values.lang}>${label("language", code)}</option>`)}
              </select></div>
          </div>
        </section>
        <section class="box" aria-labelledby=${`${id}-texts`}><h2 id=${`${id}-texts`}>${t("sites.texts")}</h2>
          <p class="muted">${t("sites.texts_lead")}</p>
          ${Object.entries(WORDS).map(([word, most]) => html`
            <fieldset key=${word} class="site-form__words"><legend>${t(`sites.word.${word}`)}</legend>
              ${word === "greeting" && html`<p class="field__hint">${t("sites.greeting_hint")}</p>`}
              ${LANGUAGES.map((code) => html`<${Field} key=${code} label=${label("language", code)} lang=${code} rows=${LONG.includes(word) ? 4 : 0} maxLength=${most}
                value=${values.texts[code][word]} placeholder=${catalogueWord(all, values, code, word)} onInput=${setWord(code, word)} />`)}
            </fieldset>`)}
        </section>
        <${Rules} rules=${values.rules} editing=${editing} error=${errors.rules} onEdit=${setEditing} onChange=${(/** @type {Rule[]} */ rules) => { setErrors({ ...errors, rules: "" }); set("rules")(rules); }} mayWrite=${all.may_write} />
        </fieldset>
        ${one && html`<section class="box"><${CopyField} label=${t("sites.snippet")} hint=${t("sites.snippet_hint")} value=${`<script src="${location.origin}/widget/pietura.js" data-site="${one.key}" defer></script>`} /></section>`}
        <${Alert} text=${error} />
        ${stale && html`<${Button} icon="refresh" onClick=${onReload}>${t("people.load_latest")}</>`}
        ${all.may_write && html`<div class="site-form__save"><${Button} kind="primary" type="submit" icon="done" busy=${busy}>${t(one ? "sites.save" : "sites.create")}</>
          ${one?.changed_at && html`<span class="muted">${t("notices.changed", { who: one.changed_by ?? "–", when: dateTime(one.changed_at) })}</span>`}</div>`}
      </form>
      <${Preview} values=${values} all=${all} rule=${values.rules.find((rule) => rule.id === editing) ?? values.rules.find((rule) => rule.enabled)} shown=${shown} onLang=${setShown} />
    </div>`;
}

/** What stands there when nothing of one's own does. @param {All} all @param {ReturnType<typeof draftOf>} values @param {string} code @param {string} word */
function catalogueWord(all, values, code, word) {
  if (word === "title") return values.name;
  if (word === "greeting") return all.greeting[code]?.text ?? "";
  return all.catalogue[code]?.[WIDGET_KEYS[word]] ?? "";
}

/** @param {Rule} rule */
const wrongRule = (rule) =>
  !rule.name.trim() || LANGUAGES.some((code) => !rule.text[code].trim()) || fits(rule, "/") === null || Boolean(rule.starts_at && rule.ends_at && rule.ends_at <= rule.starts_at);

/** @param {{rules: Rule[], editing: string|null, error?: string, mayWrite: boolean, onEdit: (id: string|null) => void, onChange: (rules: Rule[]) => void}} props */
function Rules({ rules, editing, error, mayWrite, onEdit, onChange }) {
  const [page, setPage] = useState("");
  /** @param {number} at @param {number} to */
  const move = (at, to) => {
    const next = [...rules];
    next.splice(to, 0, ...next.splice(at, 1));
    onChange(next);
    announce(t("sites.moved", { name: next[to].name, place: to + 1 }));
    // The same button, in its new place; where it has none to go to, its neighbour.
    focusSoon(`rule-${next[to].id}-${to < at ? (to ? "up" : "down") : to < next.length - 1 ? "down" : "up"}`);
  };
  const add = () => {
    const rule = { id: uuid().slice(0, 8), name: "", match: "contains", address: "", when: "time", after_s: 20, share: 50, once: "day", text: { lv: "", ru: "", en: "" }, starts_at: null, ends_at: null, enabled: true };
    onChange([...rules, rule]);
    onEdit(rule.id);
    focusSoon(`rule-${rule.id}-name`);
  };
  return html`
    <section class="box" aria-labelledby="site-rules"><h2 id="site-rules">${t("sites.rules")}</h2>
      <p class="muted">${t("sites.rules_lead")}</p>
      ${rules.length > 0 && html`<${Field} label=${t("sites.try")} hint=${t("sites.try_hint")} value=${page} onInput=${setPage} type="url" spellcheck=${false} autocapitalize="none" />`}
      ${error && html`<p class="field__error" role="alert">${error}</p>`}
      <ol class="rule-list" role="list">${rules.map((rule, at) => html`
        <li key=${rule.id} class=${cx("rule", !rule.enabled && "rule--off")}>
          <div class="rule__head">
            <p class="rule__what"><strong>${rule.name || t("sites.rule_new")}</strong>
              ${!rule.enabled && html` <span class="chip chip--closed">${t("sites.off")}</span>`}
              ${page.trim() && html` <span class=${cx("chip", fits(rule, page.trim()) && "chip--active")}>${t(fits(rule, page.trim()) ? "sites.fits" : "sites.fits_not")}</span>`}
              <br /><span class="muted">${summary(rule)}</span></p>
            ${mayWrite && html`<div class="rule__buttons">
              <button type="button" class="icon-button" id=${`rule-${rule.id}-up`} disabled=${at === 0} aria-label=${t("sites.up", { name: rule.name })} onClick=${() => move(at, at - 1)}><${Icon} name="up" /></button>
              <button type="button" class="icon-button" id=${`rule-${rule.id}-down`} disabled=${at === rules.length - 1} aria-label=${t("sites.down", { name: rule.name })} onClick=${() => move(at, at + 1)}><${Icon} name="down" /></button>
              <button type="button" class="button" aria-expanded=${editing === rule.id ? "true" : "false"} onClick=${() => onEdit(editing === rule.id ? null : rule.id)}><${Icon} name="edit" /><span>${t("sites.rule_edit")}<span class="vh"> ${rule.name}</span></span></button>
            </div>`}
          </div>
          ${(editing === rule.id || !mayWrite) && html`<${RuleForm} rule=${rule} onChange=${(/** @type {Rule} */ next) => onChange(rules.map((one) => (one.id === rule.id ? next : one)))}
            onRemove=${() => { onChange(rules.filter((one) => one.id !== rule.id)); onEdit(null); focusSoon("rule-add"); }} />`}
        </li>`)}</ol>
      ${!rules.length && html`<p>${t("sites.rules_none")}</p>`}
      ${mayWrite && html`<${Button} id="rule-add" icon="plus" onClick=${add}>${t("sites.rule_add")}</>`}
    </section>`;
}

/** @param {Rule} rule */
const summary = (rule) =>
  [
    rule.match === "contains" && !rule.address ? t("sites.every_page") : `${label("sites.match", rule.match)} ${rule.address}`,
    t(`sites.when_short.${rule.when}`, { seconds: rule.after_s, share: rule.share }),
    label("sites.once", rule.once),
  ].join(" · ");

/** @param {{rule: Rule, onChange: (rule: Rule) => void, onRemove: () => void}} props */
function RuleForm({ rule, onChange, onRemove }) {
  const id = `rule-${rule.id}`;
  /** @param {string} name */
  const set = (name) => (/** @type {any} */ value) => onChange({ ...rule, [name]: value });
  /** @param {string} name @param {string[]} options */
  const select = (name, options) => html`
    <div class="field"><label for=${`${id}-${name}`}>${t(`sites.rule.${name}`)}</label>
      <select class="input" id=${`${id}-${name}`} value=${/** @type {any} */ (rule)[name]} onChange=${(/** @type {any} */ e) => set(name)(e.target.value)}>
        ${options.map((code) => html`<option key=${code} value=${code} selected=${code === /** @type {any} */ (rule)[name]}>${label(`sites.${name}`, code)}</option>`)}
      </select></div>`;
  /** @param {string} name @param {number} least @param {number} most */
  const count = (name, least, most) => html`<${Field} type="number" inputMode="numeric" min=${least} max=${most} label=${t(`sites.rule.${name}`)} value=${String(/** @type {any} */ (rule)[name])}
    onInput=${(/** @type {string} */ text) => set(name)(Math.min(most, Math.max(least, Math.round(Number(text)) || least)))} />`;
  const empty = (/** @type {string} */ text) => (text.trim() ? "" : t("sites.wrong.empty"));
  const ends = rule.starts_at && rule.ends_at && rule.ends_at <= rule.starts_at ? t("sites.wrong.times") : "";
  return html`
    <div class="rule__form">
      <${Field} id=${`${id}-name`} label=${t("sites.rule.name")} hint=${t("sites.rule.name_hint")} maxLength="80" value=${rule.name} onInput=${set("name")} error=${empty(rule.name)} data-live />
      <div class="site-form__row">${select("match", MATCHES)}
        <${Field} label=${t("sites.rule.address")} hint=${t("sites.rule.address_hint")} maxLength="200" spellcheck=${false} autocapitalize="none" value=${rule.address} onInput=${set("address")} error=${fits(rule, "/") === null ? t("sites.wrong.pattern") : ""} /></div>
      <div class="site-form__row">${select("when", WHENS)}
        ${rule.when === "scroll" && count("share", 10, 100)}${count("after_s", 0, 3600)}${select("once", ONCE)}</div>
      <p class="muted">${t(`sites.when_note.${rule.when}`)}</p>
      ${LANGUAGES.map((code) => html`<${Field} key=${code} label=${t(`sites.rule.text.${code}`)} lang=${code} rows=${2} maxLength="200" value=${rule.text[code]} error=${empty(rule.text[code])} data-live
        onInput=${(/** @type {string} */ text) => set("text")({ ...rule.text, [code]: text })} />`)}
      <div class="site-form__row">
        <${Field} type="datetime-local" label=${t("sites.rule.starts")} optional value=${rule.starts_at ? toField(rule.starts_at) : ""} onInput=${(/** @type {string} */ text) => set("starts_at")(fromField(text))} />
        <${Field} type="datetime-local" label=${t("sites.rule.ends")} optional value=${rule.ends_at ? toField(rule.ends_at) : ""} error=${ends} onInput=${(/** @type {string} */ text) => set("ends_at")(fromField(text))} />
      </div>
      <${Tick} text=${t("sites.rule.enabled")} on=${rule.enabled} onChange=${set("enabled")} />
      <${Button} icon="ban" onClick=${onRemove}>${t("sites.rule_remove")}</>
    </div>`;
}

/** The widget itself, drawn with what the form holds. @param {{values: ReturnType<typeof draftOf>, all: All, rule?: Rule, shown: string, onLang: (lang: string) => void}} props */
function Preview({ values, all, rule, shown, onLang }) {
  const frame = useRef(/** @type {HTMLIFrameElement|null} */ (null));
  const [ready, setReady] = useState(false);
  const [open, setOpen] = useState(true);
  const id = useId();
  const texts = Object.fromEntries(LANGUAGES.map((code) => {
    const own = values.texts[code];
    const words = Object.entries(WIDGET_KEYS).filter(([word]) => own[word].trim()).map(([word, key]) => [key, own[word].trim()]);
    return [code, { ...all.catalogue[code], "widget.title": own.title.trim() || values.name, ...Object.fromEntries(words) }];
  }));
  const wanted = {
    kind: "preview",
    lang: shown,
    open,
    invitation: rule?.text[shown]?.trim() ?? "",
    greeting: { ...all.greeting[shown], ...(values.texts[shown].greeting.trim() ? { text: values.texts[shown].greeting.trim() } : {}) },
    config: { site: "preview", name: values.name, lang: values.lang, languages: LANGUAGES, accent: values.accent, texts, proactive: [], privacy_url: "" },
  };
  const message = JSON.stringify(wanted);
  useEffect(() => {
    if (!ready) return undefined;
    const timer = setTimeout(() => frame.current?.contentWindow?.postMessage(JSON.parse(message), location.origin), 150);
    return () => clearTimeout(timer);
  }, [ready, message]);
  return html`
    <section class="site-preview" aria-labelledby=${`${id}-head`}><h2 id=${`${id}-head`}>${t("sites.preview")}</h2>
      <div class="site-preview__tools">
        <div class="field"><label for=${`${id}-lang`}>${t("sites.preview_lang")}</label>
          <select class="input" id=${`${id}-lang`} value=${shown} onChange=${(/** @type {any} */ e) => onLang(e.target.value)}>
            ${LANGUAGES.map((code) => html`<option key=${code} value=${code} selected=${code === shown}>${label("language", code)}</option>`)}
          </select></div>
        <div class="field"><label for=${`${id}-open`}>${t("sites.preview_what")}</label>
          <select class="input" id=${`${id}-open`} value=${open ? "window" : "invitation"} onChange=${(/** @type {any} */ e) => setOpen(e.target.value === "window")}>
            ${["window", "invitation"].map((what) => html`<option key=${what} value=${what} selected=${(what === "window") === open}>${t(`sites.preview_${what}`)}</option>`)}
          </select></div>
      </div>
      <iframe class="site-preview__frame" ref=${frame} title=${t("sites.preview_title")} src="/widget/preview" onLoad=${() => setReady(true)}></iframe>
    </section>`;
}
