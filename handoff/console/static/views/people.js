// @ts-check
// Accounts: who works here, in what role and where; initial passwords, sessions, closing. What people serve is with the queues.
import * as api from "../api.js";
import { told } from "../actions.js";
import { announce } from "../attention.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Choice, CopyField, Field, focusInvalid, focusSoon, Tick } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { html } from "../html.js";
import { byName, dateTime, label, LANGUAGES, t } from "../i18n.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/**
 * @typedef {object} Person
 * @property {string} id
 * @property {string} name
 * @property {string} email
 * @property {string} role
 * @property {{id: string, name: string}|null} centre
 * @property {string|null} institution_id
 * @property {string[]} languages
 * @property {boolean} disabled
 * @property {string|null} seen_at
 * @property {string|null} initial_until
 * @property {boolean} initial_expired
 * @property {number} version
 * @property {number} [sessions]
 * @property {boolean} [own]
 */
/** @typedef {{id: string, name: string}[]} Named */
/** @typedef {{rows: Person[], total: number, page: number, pages: number, centres: Named, roles: string[]}} Listing */

const FILTERS = ["q", "role", "state"];
/** Shown once: kept only until one leaves the account's page. @type {{id: string, password: string}|null} */
let handedOut = null;

/** @param {{id: string|null, params: URLSearchParams}} props */
export function PeoplePage({ id, params }) {
  return html`
    <main class="page people" id="main" tabindex="-1">
      ${id ? html`<${Account} key=${id} id=${id} />` : html`<${Accounts} params=${params} />`}
    </main>`;
}

/** @param {{params: URLSearchParams}} props */
function Accounts({ params }) {
  const institutions = useStore((s) => s.institutions);
  const key = params.toString();
  const asked = Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? ""]));
  const page = Math.max(1, Number(params.get("page")) || 1);
  const [form, setForm] = useState(asked);
  const [answer, setAnswer] = useState(/** @type {Listing|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => setForm(asked), [key]);
  useEffect(() => {
    let here = true;
    setError("");
    api.get(`people${api.query({ ...asked, page })}`).then(
      (found) => {
        if (!here) return;
        setAnswer(found);
        announce(t("people.total", { count: found.total }));
      },
      (problem) => here && setError(told(problem)),
    );
    return () => {
      here = false;
    };
  }, [key, round]);
  /** @param {Event} event */
  const submit = (event) => {
    event.preventDefault();
    const hash = `#/people${api.query(form)}`;
    if (hash === location.hash) setRound(round + 1);
    else go(hash);
  };
  /** @param {string} name @param {Named} options */
  const select = (name, options) => html`
    <div class="field"><label for=${`p-${name}`}>${t(`people.${name}`)}</label>
      <select class="input" id=${`p-${name}`} value=${form[name]} onChange=${(/** @type {any} */ e) => setForm({ ...form, [name]: e.target.value })}>
        <option value="" selected=${!form[name]}>${t("cases.any")}</option>
        ${options.map((one) => html`<option value=${one.id} selected=${form[name] === one.id}>${one.name}</option>`)}
      </select></div>`;
  /** @param {string} name @param {any} value */
  const cell = (name, value) => html`<td role="cell" data-label=${t(`people.${name}`)}>${value || "–"}</td>`;
  return html`
    <header class="page__head"><h1>${t("people.title")}</h1><p class="muted page__total">${answer && t("people.total", { count: answer.total })}</p>
      <a class="button button--primary" href="#/people/new"><${Icon} name="plus" /><span>${t("people.new")}</span></a></header>
    <p class="muted">${t("people.lead")} <a href="#/queues">${t("queues.title")}</a></p>
    <form class="filters" role="search" aria-label=${t("people.filters")} onSubmit=${submit}>
      <div class="field field--text"><label for="p-q">${t("people.q")}</label><input class="input" id="p-q" type="search" maxLength="200" value=${form.q} onInput=${(/** @type {any} */ e) => setForm({ ...form, q: e.target.value })} /></div>
      ${select("role", (answer?.roles ?? []).map((role) => ({ id: role, name: label("role", role) })))}
      ${select("state", ["open", "disabled"].map((state) => ({ id: state, name: t(`people.state.${state}`) })))}
      <div class="filters__buttons"><${Button} kind="primary" type="submit" icon="search">${t("cases.show")}</>${FILTERS.some((name) => asked[name]) && html`<a class="button" href="#/people">${t("cases.clear")}</a>`}</div>
    </form>
    ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
    ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${answer && html`
      <div class="table-wrap" role="region" aria-labelledby="people-caption" tabindex="0"><table class="table" role="table">
        <caption class="vh" id="people-caption">${t("people.title")}</caption>
        <thead role="rowgroup"><tr role="row">${["name", "role", "centre", "institution", "seen_at", "state"].map((one) => html`<th key=${one} scope="col" role="columnheader">${t(`people.${one}`)}</th>`)}</tr></thead>
        <tbody role="rowgroup">${answer.rows.map((one) => html`<tr key=${one.id} role="row">
          <th scope="row" role="rowheader"><a href=${`#/people/${one.id}`}><bdi>${one.name}</bdi></a><br /><span class="muted people__email">${one.email}</span></th>
          ${cell("role", label("role", one.role))}
          ${cell("centre", one.centre?.name)}
          ${cell("institution", one.institution_id && (institutions.find((row) => row.id === one.institution_id)?.name ?? one.institution_id))}
          ${cell("seen_at", one.seen_at ? dateTime(one.seen_at) : t("people.never"))}
          ${cell("state", html`<${State} one=${one} />`)}</tr>`)}</tbody>
      </table>${answer.rows.length === 0 && html`<p class="empty"><${Icon} name="search" size=${28} />${t("people.nothing")}</p>`}</div>
      <${Pager} answer=${answer} hash=${(/** @type {number} */ at) => `#/people${api.query({ ...asked, page: at })}`} />`}`;
}

/** @param {{one: Person}} props */
const State = ({ one }) => html`<span class=${one.disabled ? "chip chip--closed" : "chip chip--active"}>${t(one.disabled ? "people.state.disabled" : "people.state.open")}</span>${
  one.initial_until && html`<span class="muted"> ${one.initial_expired ? t("people.initial_expired") : t("people.initial", { when: dateTime(one.initial_until) })}</span>`}`;

/** One account, or a new one. @param {{id: string}} props */
function Account({ id }) {
  const fresh = id === "new";
  const [one, setOne] = useState(/** @type {Person|null} */ (null));
  const [places, setPlaces] = useState(/** @type {Listing|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  const [password, setPassword] = useState(handedOut?.id === id ? handedOut.password : "");
  useEffect(() => () => {
    handedOut = null;
  }, []);
  const shown = Boolean(password && one);
  useEffect(() => {
    if (shown) focusSoon("people-password-head");
  }, [password, shown]);
  useEffect(() => {
    setError("");
    Promise.all([api.get("people"), fresh ? null : api.get(`people/${encodeURIComponent(id)}`)]).then(
      ([all, found]) => {
        setPlaces(all);
        setOne(found);
      },
      (problem) => setError(problem.status === 404 ? t("people.missing") : told(problem)),
    );
  }, [round]);
  /** @param {{person: Person, password: string}} opened */
  const opened = (opened) => {
    if (fresh) {
      handedOut = { id: opened.person.id, password: opened.password };
      go(`#/people/${opened.person.id}`, true);
      return;
    }
    setOne(opened.person);
    setPassword(opened.password);
  };
  return html`
    <header class="page__head"><a class="icon-button" href="#/people" aria-label=${t("people.to_list")}><${Icon} name="back" /></a>
      <h1>${fresh ? t("people.new") : (one?.name ?? t("people.title"))}</h1>${one && html`<p><${State} one=${one} /></p>`}</header>
    ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
    ${!places && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${password && one && html`<section class="box people__password" aria-labelledby="people-password-head">
      <h2 id="people-password-head" tabindex="-1">${t("people.password")}</h2><p>${t("people.password_lead", { name: one.name })}</p>
      <${CopyField} label=${t("people.password")} value=${password} /></section>`}
    ${places && (fresh || one) && html`<div class="people__columns">
      <${AccountForm} key=${one ? round : "new"} one=${one} centres=${places.centres} roles=${places.roles} onSaved=${setOne} onOpened=${opened} onReload=${() => setRound(round + 1)} />
      ${one && html`<${Access} one=${one} onChanged=${setOne} onOpened=${opened} />`}</div>`}`;
}

/** @param {{one: Person|null, centres: Named, roles: string[], onSaved: (one: Person) => void, onOpened: (opened: any) => void, onReload: () => void}} props */
function AccountForm({ one, centres, roles, onSaved, onOpened, onReload }) {
  const institutions = useStore((s) => s.institutions);
  const [values, setValues] = useState({
    name: one?.name ?? "",
    email: one?.email ?? "",
    role: one?.role ?? "operator",
    centre_id: one?.centre?.id ?? "",
    institution_id: one?.institution_id ?? "",
    languages: one?.languages ?? ["lv"],
  });
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  /** @param {string} name */
  const set = (name) => (/** @type {any} */ value) => setValues({ ...values, [name]: value });
  const specialist = values.role === "specialist";
  const submit = async () => {
    if (busy) return;
    /** @type {Record<string, string>} */
    const wrong = {};
    if (!values.name.trim()) wrong.name = t("people.wrong.name");
    if (!/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(values.email.trim())) wrong.email = t("people.wrong.email");
    if (values.role === "operator" && !values.centre_id) wrong.centre_id = t("people.wrong.centre");
    if (specialist && !values.institution_id) wrong.institution_id = t("people.wrong.institution");
    if (!one && !values.languages.length) wrong.languages = t("people.wrong.languages");
    setErrors(wrong);
    setError("");
    if (Object.keys(wrong).length) return focusInvalid(form.current);
    setBusy(true);
    const { languages, ...rest } = values;
    const body = { ...rest, centre_id: (!specialist && values.centre_id) || null, institution_id: (specialist && values.institution_id) || null };
    try {
      if (one) {
        onSaved(await api.put(`people/${one.id}`, { ...body, version: one.version }));
        setStale(false);
        toast("ok", t("people.saved"));
      } else onOpened(await api.post("people", { ...body, languages }));
    } catch (problem) {
      const text = told(problem);
      const code = problem instanceof api.ApiError ? problem.code : "";
      if (code === "email_taken") {
        setErrors({ email: text });
        focusInvalid(form.current);
      } else setError(text);
      setStale(code === "account_changed");
    }
    setBusy(false);
  };
  /** @param {"centre_id"|"institution_id"} name @param {string} title @param {Named} options @param {string} none */
  const select = (name, title, options, none) => html`
    <div class="field"><label for=${`person-${name}`}>${title}</label>
      <select class="input" id=${`person-${name}`} value=${values[name]} aria-invalid=${errors[name] ? "true" : undefined} aria-describedby=${errors[name] ? `person-${name}-error` : undefined}
        onChange=${(/** @type {any} */ e) => set(name)(e.target.value)}>
        <option value="" selected=${!values[name]}>${none}</option>
        ${options.map((row) => html`<option value=${row.id} selected=${row.id === values[name]}>${row.name}</option>`)}
      </select>${errors[name] && html`<p class="field__error" id=${`person-${name}-error`}>${errors[name]}</p>`}</div>`;
  return html`
    <form class="box people__form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
      <${Field} label=${t("people.name")} hint=${t("people.name_hint")} value=${values.name} onInput=${set("name")} error=${errors.name} maxLength="120" autocomplete="off" />
      <${Field} label=${t("people.email")} type="email" value=${values.email} onInput=${set("email")} error=${errors.email} maxLength="200" autocomplete="off" />
      ${one?.own
        ? html`<p class="muted">${t("people.role")}: ${label("role", one.role)}. ${t("people.own_role")}</p>`
        : html`<${Choice} legend=${t("people.role")} value=${values.role} onChange=${set("role")} items=${roles.map((role) => ({ id: role, name: label("role", role), note: label("people.role_note", role) }))} />`}
      ${specialist
        ? select("institution_id", t("people.institution"), byName(institutions), "–")
        : select("centre_id", t("people.centre"), byName(centres), t("people.no_centre"))}
      ${!one && html`<fieldset class="choice" aria-describedby=${errors.languages ? "person-languages-error" : undefined}><legend>${t("people.languages")}</legend>
        ${LANGUAGES.map((code) => html`<${Tick} key=${code} text=${label("language", code)} on=${values.languages.includes(code)} invalid=${Boolean(errors.languages)}
          onChange=${(/** @type {boolean} */ on) => set("languages")(on ? [...values.languages, code] : values.languages.filter((row) => row !== code))} />`)}
        ${errors.languages && html`<p class="field__error" id="person-languages-error">${errors.languages}</p>`}</fieldset>`}
      <${Alert} text=${error} />
      ${stale && html`<${Button} icon="refresh" onClick=${onReload}>${t("people.load_latest")}</>`}
      <${Button} kind="primary" type="submit" icon="done" busy=${busy}>${t(one ? "people.save" : "people.create")}</>
    </form>`;
}

/** Sessions, password, closing. @param {{one: Person, onChanged: (one: Person) => void, onOpened: (opened: any) => void}} props */
function Access({ one, onChanged, onOpened }) {
  const [asking, setAsking] = useState(/** @type {string} */ (""));
  const confirm = async () => {
    const path = `people/${one.id}`;
    try {
      if (asking === "reset") onOpened(await api.post(`${path}/reset_password`, { version: one.version }));
      else if (asking === "sign_out") {
        await api.post(`${path}/sign_out`);
        onChanged(await api.get(path));
      } else onChanged(await api.post(`${path}/${asking}`, { version: one.version }));
    } catch (problem) {
      return told(problem);
    }
    setAsking("");
    toast("ok", t("people.saved"));
    return "";
  };
  const may = one.own ? [] : one.disabled ? ["reset", "enable"] : ["reset", "sign_out", "disable"];
  /** @type {Record<string, string>} */
  const icons = { reset: "lock", sign_out: "out", disable: "ban", enable: "undo" };
  return html`
    <section class="box people__access" aria-labelledby="people-access"><h2 id="people-access">${t("people.access")}</h2>
      <p>${one.sessions ? t("people.sessions", { count: one.sessions }) : t("people.no_sessions")}</p>
      ${one.own && html`<p class="muted">${t("people.own_account")}</p>`}
      ${may.map((what) => html`<${Button} key=${what} icon=${icons[what]} onClick=${() => setAsking(what)}>${t(`people.${what}`)}</>`)}
      <ul class="people__links">
        ${["operator", "supervisor"].includes(one.role) && !one.disabled && html`<li><a href=${`#/queues/people/${one.id}`}>${t("people.serving")}</a></li>`}
        <li><a href=${`#/audit${api.query({ person: one.id })}`}>${t("people.trail")}</a></li>
        <li><a href=${`#/audit${api.query({ object: one.id })}`}>${t("people.trail_about")}</a></li>
      </ul>
      ${asking && html`<${Confirm} title=${t(`people.${asking}`)} lead=${t(`people.${asking}_lead`, { name: one.name })} submit=${t(`people.${asking}`)} icon=${icons[asking]}
        onClose=${() => setAsking("")} onConfirm=${confirm} />`}
    </section>`;
}
