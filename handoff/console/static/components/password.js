// @ts-check
// One's own password: changed at will, or at the first sign-in, before anything else is open.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { boot, showDialog, signOut, toast } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { Field, focusInvalid, focusSoon, Tick } from "./field.js";

const SHORTEST = 12;

/** What the form holds, and how it is sent. @param {() => void} onDone */
function usePassword(onDone) {
  const [values, setValues] = useState({ current: "", new: "", repeat: "" });
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  /** @param {Element|null} form */
  const submit = async (form) => {
    if (busy) return;
    /** @type {Record<string, string>} */
    const wrong = {};
    if (!values.current) wrong.current = t("password.missing");
    if ([...values.new].length < SHORTEST) wrong.new = t("password.short");
    else if (values.new !== values.repeat) wrong.repeat = t("password.differs");
    setErrors(wrong);
    setError("");
    if (Object.keys(wrong).length) return focusInvalid(form);
    setBusy(true);
    try {
      await api.post("me/password", { current: values.current, new: values.new });
      toast("ok", t("password.done"));
      return onDone();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      const told = reason(problem);
      if (problem.code === "wrong_password") setErrors({ current: told });
      else if (problem.code.startsWith("password_")) setErrors({ new: told });
      else setError(told);
      focusInvalid(form);
    }
    setBusy(false);
  };
  /** @param {"current"|"new"|"repeat"} name @param {string} autocomplete */
  const field = (name, autocomplete) => html`<${Field} id=${`password-${name}`} label=${t(`password.${name}`)} type=${shown ? "text" : "password"} maxLength="200"
    value=${values[name]} autocomplete=${autocomplete} spellcheck=${false} autocapitalize="none" error=${errors[name]} hint=${name === "new" ? t("password.new_hint") : undefined}
    onInput=${(/** @type {string} */ text) => setValues({ ...values, [name]: text })} />`;
  const fields = html`${field("current", "current-password")}${field("new", "new-password")}${field("repeat", "new-password")}
    <${Tick} text=${t("password.show")} on=${shown} onChange=${setShown} /><${Alert} text=${error} />`;
  return { fields, submit, busy };
}

export function PasswordDialog() {
  const close = () => showDialog(null);
  const { fields, submit, busy } = usePassword(close);
  return html`
    <${Dialog} title=${t("password.title")} onClose=${close} onSubmit=${(/** @type {Event} */ e) => submit(/** @type {Element} */ (e.target))}
      footer=${html`<${Button} onClick=${close}>${t("action.cancel")}</><${Button} kind="primary" type="submit" icon="lock" busy=${busy}>${t("password.submit")}</>`}>
      <div class="password">${fields}</div>
    </>`;
}

/** Instead of the console, as long as the password is one that an administrator handed out. */
export function FirstPassword() {
  const { fields, submit, busy } = usePassword(boot);
  const [error, setError] = useState("");
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  useEffect(() => {
    focusSoon("password-current");
  }, []);
  return html`
    <main class="login">
      <form class="login__box" noValidate ref=${form} aria-labelledby="password-title" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(form.current); }}>
        <p class="brand"><img src="/console/static/favicon.svg" alt="" width="34" height="34" /><span>${t("product")}</span></p>
        <h1 id="password-title">${t("password.forced")}</h1>
        <p>${t("password.forced_lead")}</p>
        ${fields}<${Alert} text=${error} />
        <${Button} kind="primary" type="submit" busy=${busy}>${t("password.submit")}</>
        <${Button} icon="out" onClick=${() => signOut().catch(() => setError(t("error.network")))}>${t("action.sign_out")}</>
      </form>
    </main>`;
}
