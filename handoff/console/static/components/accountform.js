// @ts-check
// The form of a channel account: one for adding and for changing. Credentials go in and are never shown again.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { byName, label, t } from "../i18n.js";
import { readDraft, writeDraft } from "../keep.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Choice, Field, focusInvalid, namedFields, Tick } from "./field.js";
import { PickList } from "./picklist.js";

/** @typedef {import("../channelhealth.js").Account} Account */
/** @typedef {{channel: string, credentials: string[], optional: string[]}} Kind */
/** @typedef {{kind: "institution"|"municipality", id: string, name: string}} Owner */

/** What can be set beside the credentials, by platform. @type {Record<string, string[]>} */
const SETTINGS = {
  facebook: ["comment_policy", "direct", "human_agent", "api_version"],
  x: ["comment_policy", "direct", "post_limit"],
  telegram: ["username"],
};
const ALL_SETTINGS = ["comment_policy", "direct", "human_agent", "api_version", "post_limit", "username", "base_url"];
const POLICIES = ["public", "private", "never"];
/** Secrets that are ours to make up: a random one is better than any that somebody thinks of. */
const MADE_UP = new Set(["verify_token", "secret_token"]);
/** Checked here as by the server (handoff/channels/schemas.py), so that the field says what is wrong. @type {Record<string, RegExp>} */
const SHAPES = {
  api_version: /^v\d{1,3}\.\d{1,2}$/,
  username: /^[A-Za-z][A-Za-z0-9_]{3,31}$/,
  base_url: /^https?:\/\/\S{1,190}$/,
};
const POST_LIMIT = { least: 280, most: 25000 };

/** @param {{kind: string, id: string}} owner */
const ownerKey = (owner) => `${owner.kind}:${owner.id}`;

/** @param {Account|null} account @param {string} channel */
function startOf(account, channel) {
  const settings = account?.settings ?? {};
  return {
    channel: account?.channel ?? channel,
    platform_id: account?.platform_id ?? "",
    name: account?.name ?? "",
    owner: account ? ownerKey(account.owner) : "",
    enabled: account?.enabled ?? true,
    comment_policy: settings.comment_policy ?? "never",
    direct: settings.direct !== false,
    human_agent: settings.human_agent === true,
    api_version: settings.api_version ?? "",
    post_limit: settings.post_limit ? String(settings.post_limit) : "",
    username: settings.username ?? "",
    base_url: settings.base_url ?? "",
  };
}
/** @typedef {ReturnType<typeof startOf>} Values */

/** @param {Values} values @returns {Record<string, any>} the settings that the platform knows; empty ones are left out */
function settingsOf(values) {
  const known = [...(SETTINGS[values.channel] ?? ["comment_policy"]), "base_url"];
  /** @type {Record<string, any>} */
  const settings = {};
  for (const name of ALL_SETTINGS) {
    const value = /** @type {any} */ (values)[name];
    if (!known.includes(name) || value === "") continue;
    settings[name] = name === "post_limit" ? Number(value) : typeof value === "string" ? value.trim() : value;
  }
  return settings;
}

/** 64 of them, so that each is as likely as the others; Telegram takes no more kinds than these. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** @returns {string} 32 signs that nobody guesses */
const randomSecret = () => [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => LETTERS[byte % LETTERS.length]).join("");

/**
 * @param {{account: Account|null, kinds: Kind[], owners: Owner[], onSaved: (account: Account) => void}} props
 *   `account`: null for a new one
 */
export function AccountForm({ account, kinds, owners, onSaved }) {
  const me = useStore((s) => s.me?.id ?? "");
  const draftName = `channel-${account?.id ?? "new"}`;
  // What is not secret is kept in the browser until it is saved; secrets are kept nowhere.
  const [restored] = useState(() => {
    try {
      const kept = JSON.parse(readDraft(me, draftName) || "null");
      return kept && typeof kept === "object" ? kept : null;
    } catch {
      return null;
    }
  });
  const [values, setValues] = useState(/** @type {Values} */ ({ ...startOf(account, kinds[0]?.channel ?? ""), ...restored }));
  const [secrets, setSecrets] = useState(/** @type {Record<string, string>} */ ({}));
  const [shown, setShown] = useState(false);
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [dropped, setDropped] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const kind = kinds.find((one) => one.channel === values.channel);
  const wanted = SETTINGS[values.channel] ?? ["comment_policy"];
  /** Names of the credentials that are set; none when they cannot be read any more: then all are asked for. */
  const set_ = new Set(account?.credentials ?? []);

  const typed = Object.values(secrets).some(Boolean);
  useEffect(() => {
    if (!typed) return undefined;
    /** @param {BeforeUnloadEvent} event */
    const warn = (event) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    return () => window.removeEventListener("beforeunload", warn);
  }, [typed]);

  /** @param {Partial<Values>} patch */
  const change = (patch) => {
    const next = { ...values, ...patch };
    setValues(next);
    const same = JSON.stringify(next) === JSON.stringify(startOf(account, kinds[0]?.channel ?? ""));
    writeDraft(me, draftName, same ? "" : JSON.stringify(next));
    // A mistake is mended as soon as its field is touched; others stay until they are.
    setErrors((was) => Object.fromEntries(Object.entries(was).filter(([name]) => !(name in patch))));
  };
  /** @param {string} name @param {string|undefined} value undefined: it stays what it is */
  const changeSecret = (name, value) => {
    const next = { ...secrets };
    if (value === undefined) delete next[name];
    else next[name] = value;
    setSecrets(next);
    setErrors((was) => Object.fromEntries(Object.entries(was).filter(([one]) => one !== `credentials.${name}`)));
  };

  const check = () => {
    /** @type {Record<string, string>} */
    const found = {};
    if (!values.name.trim()) found.name = t("channels.wrong.name");
    if (!values.platform_id.trim()) found.platform_id = t("channels.wrong.platform_id");
    if (!values.owner) found.owner = t("channels.wrong.owner");
    for (const name of [...(kind?.credentials ?? []), ...(kind?.optional ?? [])]) {
      const optional = kind?.optional.includes(name);
      const given = secrets[name]?.trim();
      const begun = name in secrets;
      if (!given && (begun ? !optional || set_.has(name) : !optional && !set_.has(name))) found[`credentials.${name}`] = t("channels.wrong.credential");
    }
    for (const [name, shape] of Object.entries(SHAPES)) {
      const value = String(/** @type {any} */ (values)[name]).trim();
      if ((wanted.includes(name) || name === "base_url") && value && !shape.test(value)) found[name] = t(`channels.wrong.${name}`);
    }
    const limit = Number(values.post_limit);
    if (wanted.includes("post_limit") && values.post_limit && !(Number.isInteger(limit) && limit >= POST_LIMIT.least && limit <= POST_LIMIT.most)) {
      found.post_limit = t("channels.wrong.post_limit", { least: POST_LIMIT.least, most: POST_LIMIT.most });
    }
    return found;
  };

  /** What the server refused, at the field that it speaks of. @param {api.ApiError} problem @returns {Record<string, string>} */
  const placed = (problem) => {
    const text = reason(problem);
    const names = String(problem.body.names ?? "").split(", ").filter(Boolean);
    switch (problem.code) {
      case "account_exists":
        return { platform_id: text };
      case "bad_owner":
      case "bad_institution":
      case "bad_value":
        return { owner: text };
      case "credentials_missing":
        return Object.fromEntries(names.map((name) => [`credentials.${name}`, t("channels.wrong.credential")]));
      case "base_url_refused":
        return { base_url: text };
      default:
        return Object.fromEntries(namedFields(problem).map((path) => [path.replace(/^settings\./, "").replace(/^(institution|municipality)_id$/, "owner"), t("channels.wrong.other")]));
    }
  };

  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const found = check();
    setErrors(found);
    setError("");
    if (Object.keys(found).length) {
      setError(t("channels.wrong.summary", { count: Object.keys(found).length }));
      focusInvalid(form.current);
      return;
    }
    setBusy(true);
    const [ownerKind, ownerId] = values.owner.split(/:(.*)/s);
    const owner = { [ownerKind === "municipality" ? "municipality_id" : "institution_id"]: ownerId };
    const fresh = Object.fromEntries(Object.entries(secrets).filter(([, value]) => value.trim()));
    const common = { name: values.name.trim(), ...owner, settings: settingsOf(values) };
    try {
      const saved = account
        ? await api.put(`channels/${account.id}`, { ...common, ...(Object.keys(fresh).length ? { credentials: fresh } : {}) })
        : await api.post("channels", { ...common, channel: values.channel, platform_id: values.platform_id.trim(), credentials: fresh, enabled: values.enabled });
      writeDraft(me, draftName, "");
      setSecrets({});
      setShown(false);
      setBusy(false);
      if (account) toast("ok", t("channels.saved"));
      onSaved(saved);
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      const there = placed(problem);
      setErrors(there);
      setError(Object.keys(there).length ? t("channels.wrong.summary", { count: Object.keys(there).length }) : reason(problem));
      setBusy(false);
      focusInvalid(form.current);
    }
  };

  // The one chosen stands first, else it would have to be looked for among two hundred.
  const first = account ? ownerKey(account.owner) : "";
  const ownerItems = byName(owners.map((one) => ({ id: ownerKey(one), name: one.name, note: t(`channels.owner_kind.${one.kind}`) })))
    .sort((a, b) => Number(b.id === first) - Number(a.id === first));
  /** @param {string} name */
  const text = (name) => ({ value: String(/** @type {any} */ (values)[name]), error: errors[name] ?? "", onInput: (/** @type {string} */ value) => change({ [name]: value }) });
  const channelText = (/** @type {string} */ name) => {
    const own = t(`${name}.${values.channel}`);
    return own === `${name}.${values.channel}` ? t(name) : own;
  };

  return html`
    <form class="account-form" onSubmit=${submit} noValidate ref=${form}>
      ${restored && !dropped && html`<div class="notice account-form__restored" role="status"><p>${t("channels.restored")}</p>
        <button type="button" class="link-button" onClick=${() => {
          setDropped(true);
          setValues(startOf(account, kinds[0]?.channel ?? ""));
          writeDraft(me, draftName, "");
          setErrors({});
        }}>${t("channels.drop_restored")}</button></div>`}
      <${Alert} text=${error} />
      <section class="box account-form__part" aria-labelledby="part-account">
        <h2 id="part-account">${t("channels.part.account")}</h2>
        ${!account && html`<${Choice} legend=${t("channels.field.channel")} value=${values.channel}
          items=${kinds.map((one) => ({ id: one.channel, name: label("channel", one.channel) }))}
          onChange=${(/** @type {string} */ channel) => {
            change({ channel });
            setSecrets({});
            setErrors({});
          }} />`}
        <${Field} label=${t("channels.field.name")} hint=${t("channels.hint.name")} maxLength="200" autocomplete="off" ...${text("name")} />
        ${account
          ? html`<p class="account-form__fixed"><span class="muted">${channelText("channels.field.platform_id")}</span> <code>${account.platform_id}</code></p>`
          : html`<${Field} label=${channelText("channels.field.platform_id")} hint=${channelText("channels.hint.platform_id")} maxLength="64" autocomplete="off"
              spellcheck=${false} inputmode="numeric" ...${text("platform_id")} />`}
        <${PickList} legend=${t("channels.field.owner")} items=${ownerItems} value=${values.owner} error=${errors.owner ?? ""}
          onChange=${(/** @type {string} */ owner) => change({ owner })} />
      </section>
      <section class="box account-form__part" aria-labelledby="part-credentials">
        <h2 id="part-credentials">${t("channels.part.credentials")}</h2>
        <p class="field__hint">${t("channels.credentials_lead")}</p>
        ${account && account.credentials === null && html`<p class="notice">${t("channels.trouble.unreadable")} ${t("channels.todo.unreadable")}</p>`}
        ${[...(kind?.credentials ?? []), ...(kind?.optional ?? [])].map((name) => html`
          <${Secret} key=${`${values.channel}.${name}`} channel=${values.channel} name=${name} isSet=${set_.has(name)} optional=${kind?.optional.includes(name) ?? false}
            value=${secrets[name]} shown=${shown} error=${errors[`credentials.${name}`] ?? ""}
            onChange=${(/** @type {string|undefined} */ value) => changeSecret(name, value)} />`)}
        <${Tick} text=${t("channels.show_typed")} on=${shown} onChange=${setShown} />
      </section>
      <section class="box account-form__part" aria-labelledby="part-settings">
        <h2 id="part-settings">${t("channels.part.settings")}</h2>
        ${wanted.includes("comment_policy") && html`<${Choice} legend=${t("channels.field.comment_policy")} hint=${t("channels.hint.comment_policy")} value=${values.comment_policy}
          items=${POLICIES.filter((id) => id !== "private" || values.channel !== "x" || values.comment_policy === id).map((id) => ({ id, name: t(`channels.policy.${id}`), note: channelText(`channels.policy_note.${id}`) }))}
          onChange=${(/** @type {string} */ comment_policy) => change({ comment_policy })} />`}
        ${wanted.includes("direct") && html`<${Tick} text=${t("channels.field.direct")} note=${channelText("channels.hint.direct")} on=${values.direct} onChange=${(/** @type {boolean} */ direct) => change({ direct })} />`}
        ${wanted.includes("human_agent") && html`<${Tick} text=${t("channels.field.human_agent")} note=${t("channels.hint.human_agent")} on=${values.human_agent}
          onChange=${(/** @type {boolean} */ human_agent) => change({ human_agent })} />`}
        ${wanted.includes("api_version") && html`<${Field} label=${t("channels.field.api_version")} optional hint=${t("channels.hint.api_version")} placeholder="v26.0" autocomplete="off" spellcheck=${false} ...${text("api_version")} />`}
        ${wanted.includes("post_limit") && html`<${Field} label=${t("channels.field.post_limit")} optional hint=${t("channels.hint.post_limit")} inputmode="numeric" autocomplete="off" ...${text("post_limit")} />`}
        ${wanted.includes("username") && html`<${Field} label=${t("channels.field.username")} optional hint=${t("channels.hint.username")} autocomplete="off" spellcheck=${false} ...${text("username")} />`}
        ${!account && html`<${Tick} text=${t("channels.field.enabled")} note=${t("channels.hint.enabled")} on=${values.enabled} onChange=${(/** @type {boolean} */ enabled) => change({ enabled })} />`}
        <details class="account-form__more" open=${Boolean(values.base_url || errors.base_url)}>
          <summary>${t("channels.for_trials")}</summary>
          <${Field} label=${t("channels.field.base_url")} optional hint=${t("channels.hint.base_url")} type="url" autocomplete="off" ...${text("base_url")} />
        </details>
      </section>
      <div class="account-form__buttons">
        <${Button} type="submit" kind="primary" busy=${busy}>${t(account ? "channels.save" : "channels.add_submit")}</>
        <a class="button" href="#/channels">${t("channels.back")}</a>
      </div>
    </form>`;
}

/**
 * One credential: what is set is only said to be set. A new value is written, the old one is never shown.
 * @param {{channel: string, name: string, isSet: boolean, optional: boolean, value: string|undefined, shown: boolean, error: string,
 *   onChange: (value: string|undefined) => void}} props `value`: undefined while it stays what it is
 */
function Secret({ channel, name, isSet, optional, value, shown, error, onChange }) {
  const id = `secret-${name}`;
  const title = label(`channels.credential.${channel}`, name);
  const hint = label(`channels.credential_hint.${channel}`, name);
  const open = !isSet || value !== undefined;
  if (!open) {
    return html`
      <div class="secret secret--set">
        <p><span class="secret__name">${title}</span> <span class="chip chip--active">${t("channels.is_set")}</span></p>
        <${Button} id=${id} onClick=${() => {
          onChange("");
          setTimeout(() => document.getElementById(id)?.focus(), 30);
        }}>${t("channels.replace")}<span class="vh">: ${title}</span></>
      </div>`;
  }
  return html`
    <div class="secret">
      <${Field} id=${id} label=${title} hint=${hint === name ? undefined : hint} optional=${optional && !isSet} value=${value ?? ""} error=${error} onInput=${onChange}
        type=${shown ? "text" : "password"} autocomplete="new-password" spellcheck=${false} maxLength="4000" />
      <div class="secret__buttons">
        ${MADE_UP.has(name) && html`<${Button} onClick=${() => onChange(randomSecret())}>${t("channels.make_up")}<span class="vh">: ${title}</span></>`}
        ${isSet && html`<${Button} onClick=${() => {
          onChange(undefined);
          setTimeout(() => document.getElementById(id)?.focus(), 30);
        }}>${t("channels.keep_old")}<span class="vh">: ${title}</span></>`}
      </div>
    </div>`;
}
