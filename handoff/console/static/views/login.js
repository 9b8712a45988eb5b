// @ts-check
import * as api from "../api.js";
import { Alert, Button } from "../components/bits.js";
import { Icon } from "../components/icons.js";
import { html } from "../html.js";
import { LANGUAGES, t } from "../i18n.js";
import { changeLanguage, signIn } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** @param {unknown} error */
function explain(error) {
  if (!(error instanceof api.ApiError)) throw error;
  if (error.code === "initial_password_expired") return error.detail;
  if (error.status === 401) return t("login.bad_credentials");
  if (error.status === 429) {
    const seconds = Math.max(1, Math.ceil(error.retryAfterS));
    return seconds > 90 ? t("login.too_many_minutes", { count: Math.ceil(seconds / 60) }) : t("login.too_many_seconds", { count: seconds });
  }
  if (error.status === 0) return t("error.network");
  return error.status >= 500 ? t("error.server") : error.detail || t("login.bad_credentials");
}

export function Login() {
  const lang = useStore((s) => s.lang);
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState({ email: "", password: "" });
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const first = useRef(/** @type {HTMLInputElement|null} */ (null));
  const second = useRef(/** @type {HTMLInputElement|null} */ (null));
  useEffect(() => first.current?.focus(), []);

  /** @param {Event} event */
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    const lacks = {
      email: /^\S+@\S+$/.test(email.trim()) ? "" : t(email.trim() ? "login.email_bad" : "login.email_missing"),
      password: password ? "" : t("login.password_missing"),
    };
    setMissing(lacks);
    setError("");
    if (lacks.email) return first.current?.focus();
    if (lacks.password) return second.current?.focus();
    setBusy(true);
    try {
      await signIn(email.trim(), password);
    } catch (problem) {
      setError(explain(problem));
      setBusy(false);
      second.current?.select();
    }
  };

  /** @param {any} props */
  const field = ({ id, name, value, problem, onInput, ...rest }) => html`
    <div class="field">
      <label for=${id}>${name}</label>
      <input class="input" id=${id} value=${value} aria-invalid=${problem ? "true" : undefined} aria-describedby=${problem ? `${id}-error` : undefined}
        required onInput=${(/** @type {any} */ e) => onInput(e.target.value)} ...${rest} />
      ${problem && html`<p class="field__error" id=${`${id}-error`}>${problem}</p>`}
    </div>`;

  return html`
    <main class="login">
      <form class="login__box" onSubmit=${submit} noValidate aria-labelledby="login-title">
        <p class="brand"><img src="/console/static/favicon.svg" alt="" width="34" height="34" /><span>${t("product")}</span></p>
        <h1 id="login-title">${t("login.title")}</h1>
        <${Alert} text=${error} />
        ${field({ id: "email", name: t("login.email"), value: email, problem: missing.email, onInput: setEmail, type: "email", autocomplete: "username", ref: first, inputmode: "email", spellcheck: false })}
        ${field({ id: "password", name: t("login.password"), value: password, problem: missing.password, onInput: setPassword, type: "password", autocomplete: "current-password", ref: second })}
        <${Button} kind="primary" type="submit" busy=${busy}>${t(busy ? "login.busy" : "login.submit")}</>
      </form>
      <div class="segments login__langs" role="group" aria-label=${t("settings.language")}>
        ${LANGUAGES.map((code) => html`<button type="button" key=${code} lang=${code} aria-pressed=${code === lang ? "true" : "false"}
          onClick=${() => changeLanguage(code).catch(() => setError(t("error.network")))}>${t(`own_language.${code}`)}</button>`)}
      </div>
    </main>`;
}

/** The server could not be reached at the start. @param {{onRetry: () => void}} props */
export const Unreachable = ({ onRetry }) => html`
  <main class="login"><div class="login__box" role="alert"><p class="brand"><img src="/console/static/favicon.svg" alt="" width="34" height="34" /><span>${t("product")}</span></p>
    <h1><${Icon} name="warn" size=${22} /> ${t("error.network")}</h1><${Button} kind="primary" icon="refresh" onClick=${onRetry}>${t("action.try_again")}</></div></main>`;
