// @ts-check
// Canned answers: the list, and the form of one. What somebody else has changed meanwhile is never written over.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Field, focusInvalid, namedFields } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { fold } from "../components/picklist.js";
import { html } from "../html.js";
import { byName, dateTime, LANGUAGES, t } from "../i18n.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { KnowledgeNav } from "./knowledge.js";

/**
 * @typedef {object} CannedAnswer
 * @property {string} id
 * @property {number} version
 * @property {string} shortcut
 * @property {string} title
 * @property {Record<string, string>} texts
 * @property {{id: string, name: string}|null} institution
 * @property {string|null} changed_by
 * @property {string} changed_at
 */
/** @typedef {{canned: CannedAnswer[], variables: string[]}} All */

/** @param {{id: string|null}} props `id`: one of them, or `new` */
export function CannedPage({ id }) {
  const [all, setAll] = useState(/** @type {All|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    setError("");
    setAll(null);
    api.get("canned").then(setAll, (problem) => {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
    });
  }, [id, round]);
  const one = id && id !== "new" ? (all?.canned.find((row) => row.id === id) ?? null) : null;
  const missing = Boolean(id && id !== "new" && all && !one);
  return html`
    <main class="page canned-page" id="main" tabindex="-1">
      <header class="page__head">
        ${id && html`<a class="icon-button" href="#/canned" aria-label=${t("canned.to_list")}><${Icon} name="back" /></a>`}
        <h1>${id === "new" ? t("canned.new") : one ? one.title : t("canned.title")}</h1>
        ${!id && html`<div class="page__buttons"><a class="button button--primary" href="#/canned/new"><${Icon} name="plus" /><span>${t("canned.new")}</span></a></div>`}
      </header>
      ${!id && html`<${KnowledgeNav} current="canned" />`}
      ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
      ${!all && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${missing && html`<p role="alert">${t("canned.missing")}</p>`}
      ${all && !id && html`<${CannedList} all=${all} />`}
      ${all && id && !missing && html`<${CannedForm} key=${id} one=${one} variables=${all.variables} />`}
    </main>`;
}

/** @param {{all: All}} props */
function CannedList({ all }) {
  const [search, setSearch] = useState("");
  const wanted = fold(search.trim());
  const shown = all.canned.filter((row) => !wanted || [row.shortcut, row.title, ...Object.values(row.texts)].some((text) => fold(text).includes(wanted)));
  return html`
    <p class="muted">${t("canned.lead")}</p>
    <div class="field canned-page__search"><label for="canned-list-search">${t("canned.search")}</label>
      <input class="input" id="canned-list-search" type="search" value=${search} onInput=${(/** @type {any} */ e) => setSearch(e.target.value)} /></div>
    <p class="vh" role="status">${t("canned.found", { count: shown.length })}</p>
    ${!shown.length && html`<p class="muted">${t(all.canned.length ? "pick.nothing" : "canned.none")}</p>`}
    <ul class="canned-list" role="list">${shown.map((row) => html`
      <li key=${row.id}><a class="canned-row" href=${`#/canned/${row.id}`}>
        <span class="canned-row__title"><bdi>${row.title}</bdi></span><code class="canned__shortcut">/${row.shortcut}</code>
        <span class="canned-row__langs">${LANGUAGES.map((lang) => html`<span key=${lang} class=${row.texts[lang] ? "badge badge--lang" : "badge badge--lang badge--lacks"}>
          <span aria-hidden="true">${lang.toUpperCase()}</span><span class="vh">${t(row.texts[lang] ? "canned.has" : "canned.lacks", { lang: t(`language.${lang}`) })}</span></span>`)}</span>
        <span class="canned-row__text">${row.texts.lv}</span>
        <span class="canned-row__who muted">${row.institution ? row.institution.name : t("canned.for_all")} · ${dateTime(row.changed_at)}${row.changed_by && ` · ${row.changed_by}`}</span>
      </a></li>`)}</ul>`;
}

/** @param {{one: CannedAnswer|null, variables: string[]}} props */
function CannedForm({ one, variables }) {
  const institutions = useStore((s) => s.institutions);
  // What was seen when the form was opened: a list fetched anew meanwhile must not lend its version to an old text.
  const [version] = useState(one?.version);
  const [shortcut, setShortcut] = useState(one?.shortcut ?? "");
  const [title, setTitle] = useState(one?.title ?? "");
  const [texts, setTexts] = useState(/** @type {Record<string, string>} */ ({ lv: "", ru: "", en: "", ...one?.texts }));
  const [institution, setInstitution] = useState(one?.institution?.id ?? "");
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));

  /** @returns {Record<string, string>} what the form itself can see to be wrong */
  const wrong = () => {
    /** @type {Record<string, string>} */
    const found = {};
    if (!/^[\p{L}\p{N}_-]{1,32}$/u.test(shortcut.trim())) found.shortcut = t("canned.wrong.shortcut");
    if (!title.trim()) found.title = t("canned.wrong.title");
    if (!texts.lv.trim()) found.lv = t("canned.wrong.lv");
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
    const body = { shortcut: shortcut.trim(), title: title.trim(), texts, institution_id: institution || null };
    try {
      if (one) await api.put(`canned/${one.id}`, { ...body, version });
      else await api.post("canned", body);
      toast("ok", t("canned.saved"));
      go("#/canned");
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy(false);
      const text = reason(problem);
      if (problem.code === "shortcut_taken" || namedFields(problem).includes("shortcut")) setErrors({ shortcut: text });
      else setError(text);
      focusInvalid(form.current);
    }
  };
  const drop = async () => {
    if (!one) return "";
    try {
      await api.remove(`canned/${one.id}${api.query({ version })}`);
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      return reason(problem);
    }
    setDeleting(false);
    toast("ok", t("canned.deleted"));
    go("#/canned");
    return "";
  };
  const variableList = variables.map((name) => html`<li key=${name}><code>${`{${name}}`}</code> ${t(`canned.variable.${name}`)}</li>`);
  return html`
    <form class="canned-form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      <div class="canned-form__row">
        <${Field} label=${t("canned.field.title")} value=${title} onInput=${setTitle} error=${errors.title} maxLength="120" />
        <${Field} label=${t("canned.field.shortcut")} hint=${t("canned.field.shortcut_hint")} value=${shortcut} onInput=${setShortcut} error=${errors.shortcut} maxLength="32" autocapitalize="none" spellcheck=${false} />
      </div>
      ${LANGUAGES.map((lang) => html`<${Field} key=${lang} label=${t(`language.${lang}`)} value=${texts[lang]} lang=${lang} rows=${3} maxLength="4000" spellcheck
        optional=${lang !== "lv"} error=${errors[lang]} onInput=${(/** @type {string} */ text) => setTexts({ ...texts, [lang]: text })} />`)}
      <div class="canned-form__variables"><h2>${t("canned.variables")}</h2><p class="muted">${t("canned.variables_lead")}</p><ul>${variableList}</ul></div>
      <div class="field"><label for="canned-institution">${t("canned.field.institution")}</label>
        <select class="input" id="canned-institution" value=${institution} onChange=${(/** @type {any} */ e) => setInstitution(e.target.value)}>
          <option value="" selected=${!institution}>${t("canned.for_all")}</option>
          ${byName(institutions).map((body) => html`<option key=${body.id} value=${body.id} selected=${body.id === institution}>${body.name}</option>`)}
        </select></div>
      <${Alert} text=${error} />
      <div class="canned-form__buttons">
        <${Button} type="submit" kind="primary" icon="done" busy=${busy}>${t("canned.save")}</>
        ${one && html`<${Button} icon="bin" onClick=${() => setDeleting(true)}>${t("canned.delete")}</>`}
      </div>
    </form>
    ${deleting && html`<${Confirm} title=${t("canned.delete")} lead=${t("canned.delete_lead", { title: one?.title ?? "" })} submit=${t("canned.delete")} icon="bin"
      onClose=${() => setDeleting(false)} onConfirm=${drop} />`}`;
}
