// @ts-check
// Dialogs of the actions, settings and help.
import { act } from "../actions.js";
import { ring } from "../attention.js";
import { html } from "../html.js";
import { byName, label, LANGUAGES, t } from "../i18n.js";
import { repeatsSound, setRepeatsSound } from "../keep.js";
import { cardOf, lastSeq, nameOf } from "../model.js";
import { route, go } from "../router.js";
import { changeMe, settingsOf, showDialog, signOut } from "../session.js";
import { KEYS } from "../shortcuts.js";
import { useStore } from "../store.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { CallbackDialog } from "./callbacks.js";
import { CannedDialog } from "./canned.js";
import { Dialog } from "./dialog.js";
import { DuplicateDialog, LinkDialog, UnlinkDialog } from "./dialogs_citizen.js";
import { AssignDialog } from "./dialogs_queue.js";
import { HideDialog, PublicDialog } from "./dialogs_social.js";
import { TransferDialog } from "./dialogs_transfer.js";
import { GuideDialog } from "./guides.js";
import { MacroDialog } from "./macros.js";
import { PasswordDialog } from "./password.js";
import { PushSettings } from "./push.js";
import { PickList, TextArea } from "./picklist.js";

const closeDialog = () => {
  showDialog(null);
  if (route().page === "help") go("#/inbox", true);
};

/**
 * @param {string} id
 * @param {any} action
 */
function useAct(id, action) {
  const [error, setError] = useState("");
  const busy = useStore((s) => s.busy.has(id));
  return {
    error,
    busy,
    /** @param {object} fields */
    async run(fields) {
      setError("");
      const result = await act(action, id, fields);
      if (result.ok) closeDialog();
      else if (result.error) setError(result.error);
    },
  };
}

/** @param {{busy: boolean, submit: string, icon?: string}} props */
const Buttons = ({ busy, submit, icon }) => html`
  <${Button} onClick=${closeDialog}>${t("action.cancel")}</>
  <${Button} kind="primary" type="submit" icon=${icon} busy=${busy}>${submit}</>`;

/** First invalid control of a form gets the focus, after the errors have been drawn. @param {Event} event */
function focusInvalid(event) {
  const form = /** @type {HTMLElement} */ (event.target);
  setTimeout(() => /** @type {HTMLElement|null} */ (form.querySelector("[aria-invalid=true]"))?.focus(), 30);
}

/** Return to the assistant, put aside, specialist finished: an optional note only. @param {{id: string, action: "return"|"hold"|"level2_done"}} props */
function NoteDialog({ id, action }) {
  const { error, busy, run } = useAct(id, action);
  const [note, setNote] = useState("");
  return html`
    <${Dialog} title=${t(`dialog.${action}.title`)} onClose=${closeDialog} onSubmit=${() => run(note.trim() ? { note: note.trim() } : {})}
      footer=${html`<${Buttons} busy=${busy} submit=${t(`dialog.${action}.submit`)} />`}>
      <p class="dialog__lead">${t(`dialog.${action}.lead`)}</p>
      <${TextArea} label=${t("form.note")} optional value=${note} onInput=${setNote} autofocus />
      <${Alert} text=${error} />
    </>`;
}

/** @param {{id: string}} props */
function Level2Dialog({ id }) {
  const { error, busy, run } = useAct(id, "level2");
  const institutions = useStore((s) => s.level2Institutions);
  // The likely one is chosen and stands first, else it would have to be looked for in a list of a hundred.
  const likely = institutions.find((one) => one.id === cardOf(id)?.institution?.id)?.id ?? "";
  const [institution, setInstitution] = useState(likely);
  const [note, setNote] = useState("");
  const [tried, setTried] = useState(false);
  const items = byName(institutions).sort((a, b) => Number(b.id === likely) - Number(a.id === likely));
  return html`
    <${Dialog} title=${t("dialog.level2.title")} onClose=${closeDialog}
      onSubmit=${(/** @type {Event} */ event) => {
        setTried(true);
        if (institution && note.trim()) run({ institution_id: institution, note: note.trim() });
        else focusInvalid(event);
      }}
      footer=${html`<${Buttons} busy=${busy} submit=${t("dialog.level2.submit")} />`}>
      <p class="dialog__lead">${t("dialog.level2.lead")}</p>
      <${PickList} legend=${t("dialog.level2.institution")} items=${items} value=${institution} onChange=${setInstitution} autofocus
        empty=${t("dialog.level2.nobody")} error=${tried && !institution ? t("dialog.level2.institution_missing") : ""} />
      <${TextArea} label=${t("dialog.level2.note")} rows=${3} value=${note} onInput=${setNote}
        error=${tried && !note.trim() ? t("dialog.level2.note_missing") : ""} />
      <${Alert} text=${error} />
    </>`;
}

/** @param {{id: string}} props */
function CloseDialog({ id }) {
  const { error, busy, run } = useAct(id, "close");
  const topics = useStore((s) => s.topics);
  const outcomes = useStore((s) => s.outcomes);
  const known = cardOf(id)?.topic ?? "";
  const isKnown = topics.some((one) => one.id === known);
  const [topic, setTopic] = useState(isKnown ? known : "");
  const [outcome, setOutcome] = useState("");
  const [comment, setComment] = useState("");
  const [tried, setTried] = useState(false);
  // What the citizen writes while this is being filled in lies behind it, unread.
  const seen = useRef(lastSeq(id));
  return html`
    <${Dialog} title=${t("dialog.close.title")} onClose=${closeDialog} wide
      onSubmit=${async (/** @type {Event} */ event) => {
        setTried(true);
        if (!topic || !outcome) {
          focusInvalid(event);
          return;
        }
        await run({ topic, outcome, seq: seen.current, ...(comment.trim() ? { comment: comment.trim() } : {}) });
        // Whoever was told of it confirms anew.
        seen.current = lastSeq(id);
      }}
      footer=${html`<${Buttons} busy=${busy} submit=${t("dialog.close.submit")} icon="done" />`}>
      <div class="dialog__columns">
        <${PickList} legend=${t("dialog.close.topic")} items=${topics} value=${topic} onChange=${setTopic} autofocus=${!isKnown}
          error=${tried && !topic ? t("dialog.close.topic_missing") : ""} />
        <${PickList} legend=${t("dialog.close.outcome")} items=${outcomes} value=${outcome} onChange=${setOutcome} autofocus=${isKnown}
          error=${tried && !outcome ? t("dialog.close.outcome_missing") : ""} />
      </div>
      <${TextArea} label=${t("form.comment")} optional rows=${2} value=${comment} onInput=${setComment} />
      <${Alert} text=${error} />
    </>`;
}

function HelpDialog() {
  const on = useStore((s) => settingsOf(s.me).shortcuts);
  return html`
    <${Dialog} title=${t("help.title")} onClose=${closeDialog}>
      ${!on && html`<p class="notice">${t("help.off")}</p>`}
      <dl class="keys">
        ${KEYS.map(([key, what]) => html`<div key=${key}><dt><kbd>${key}</kbd></dt><dd>${t(`key.${what}`)}</dd></div>`)}
        <div><dt><kbd>↑</kbd> <kbd>↓</kbd></dt><dd>${t("key.arrows")}</dd></div>
        <div><dt><kbd>Enter</kbd></dt><dd>${t("key.enter")}</dd></div>
        <div><dt><kbd>Alt</kbd>+<kbd>1</kbd>–<kbd>3</kbd></dt><dd>${t("key.aid_writing")}</dd></div>
        <div><dt><kbd>↑</kbd></dt><dd>${t("key.correct")}</dd></div>
        <div><dt><kbd>Ctrl</kbd>+<kbd>Enter</kbd></dt><dd>${t("key.ctrl_enter")}</dd></div>
        <div><dt><kbd>Esc</kbd></dt><dd>${t("key.escape")}</dd></div>
      </dl>
      <p class="muted">${t("help.note")}</p>
    </>`;
}

/** @param {{id: string, text: string, note?: string, on: boolean, disabled?: boolean, onChange: (on: boolean) => void}} props */
const Check = ({ id, text, note, on, disabled = false, onChange }) => html`
  <div class="check">
    <input type="checkbox" id=${id} checked=${on} disabled=${disabled} aria-describedby=${note ? `${id}-note` : undefined}
      onChange=${(/** @type {any} */ e) => onChange(e.target.checked)} />
    <label for=${id}>${text}</label>
    ${note && html`<p class="muted" id=${`${id}-note`}>${note}</p>`}
  </div>`;

function SettingsDialog() {
  const me = useStore((s) => s.me);
  const lang = useStore((s) => s.lang);
  const [repeats, setRepeats] = useState(repeatsSound());
  const [permission, setPermission] = useState("Notification" in window ? Notification.permission : "unsupported");
  if (!me) return null;
  const settings = settingsOf(me);
  return html`
    <${Dialog} title=${t("settings.title")} onClose=${closeDialog}
      footer=${html`<${Button} kind="primary" onClick=${closeDialog}>${t("action.done")}</>`}>
      <fieldset class="group">
        <legend>${t("settings.attention")}</legend>
        <${Check} id="set-sound" text=${t("settings.sound")} on=${settings.sound}
          onChange=${(/** @type {boolean} */ sound) => {
            changeMe({ settings: { sound } });
            if (sound) ring("new", true);
          }} />
        <${Check} id="set-repeat" text=${t("settings.repeat")} on=${repeats} disabled=${!settings.sound}
          onChange=${(/** @type {boolean} */ on) => {
            setRepeatsSound(on);
            setRepeats(on);
          }} />
        <${Check} id="set-notify" text=${t("settings.notify")} note=${t("settings.notify_note")}
          on=${settings.notify && permission === "granted"} disabled=${permission !== "granted"}
          onChange=${(/** @type {boolean} */ notify) => changeMe({ settings: { notify } })} />
        ${permission === "default" && html`<${Button} icon="bell" onClick=${async () => {
          const answer = await Notification.requestPermission();
          setPermission(answer);
          if (answer === "granted") changeMe({ settings: { notify: true } });
        }}>${t("settings.allow_notify")}</>`}
        ${permission === "denied" && html`<p class="muted" role="status">${t("settings.notify_denied")}</p>`}
        ${me.role === "specialist" && html`<${Check} id="set-level2-mail" text=${t("settings.level2_mail")} note=${t("settings.level2_mail_note")} on=${settings.level2_mail}
          onChange=${(/** @type {boolean} */ on) => changeMe({ settings: { level2_mail: on } })} />`}
        ${permission === "unsupported" && html`<p class="muted">${t("settings.notify_unsupported")}</p>`}
      </fieldset>
      <${PushSettings} me=${me} onPermission=${setPermission} />
      <fieldset class="group">
        <legend>${t("settings.keyboard")}</legend>
        <${Check} id="set-shortcuts" text=${t("settings.shortcuts")} note=${t("settings.shortcuts_note")} on=${settings.shortcuts}
          onChange=${(/** @type {boolean} */ shortcuts) => changeMe({ settings: { shortcuts } })} />
        <${Check} id="set-enter" text=${t("settings.enter_sends")} note=${t("settings.enter_note")} on=${settings.enter_sends}
          onChange=${(/** @type {boolean} */ on) => changeMe({ settings: { enter_sends: on } })} />
      </fieldset>
      <fieldset class="group">
        <legend>${t("settings.look")}</legend>
        <div class="field field--inline">
          <label for="set-lang">${t("settings.language")}</label>
          <select id="set-lang" class="input" value=${lang} onChange=${(/** @type {any} */ e) => changeMe({ lang: e.target.value })}>
            ${LANGUAGES.map((code) => html`<option value=${code} lang=${code} selected=${code === lang}>${t(`own_language.${code}`)}</option>`)}
          </select>
        </div>
        <div class="field field--inline">
          <label for="set-theme">${t("settings.theme")}</label>
          <select id="set-theme" class="input" value=${settings.theme}
            onChange=${(/** @type {any} */ e) => changeMe({ settings: { theme: e.target.value } })}>
            ${["auto", "light", "dark"].map((one) => html`<option value=${one} selected=${one === settings.theme}>${t(`theme.${one}`)}</option>`)}
          </select>
        </div>
      </fieldset>
      <p class="muted">${[me.name, me.email, label("role", me.role), nameOf(me.centre), nameOf(me.institution)].filter(Boolean).join(" · ")}</p>
    </>`;
}

/** Asked only when something unsent would be lost. */
function SignOutDialog() {
  const [error, setError] = useState("");
  return html`
    <${Dialog} title=${t("action.sign_out")} onClose=${closeDialog}
      onSubmit=${() => signOut().catch(() => setError(t("error.network")))}
      footer=${html`<${Buttons} busy=${false} submit=${t("action.sign_out")} />`}>
      <p class="dialog__lead">${t("dialog.sign_out.lead")}</p>
      <${Alert} text=${error} />
    </>`;
}

export function DialogHost() {
  const dialog = useStore((s) => s.dialog);
  if (!dialog) return null;
  const id = dialog.id ?? "";
  switch (dialog.kind) {
    case "return":
    case "hold":
    case "level2_done":
      return html`<${NoteDialog} key=${dialog.kind + id} id=${id} action=${dialog.kind} />`;
    case "transfer":
      return html`<${TransferDialog} key=${id} id=${id} />`;
    case "to_queue":
      return html`<${TransferDialog} key=${`queue-${id}`} id=${id} only />`;
    case "assign":
      return html`<${AssignDialog} key=${id} id=${id} />`;
    case "level2":
      return html`<${Level2Dialog} key=${id} id=${id} />`;
    case "close":
      return html`<${CloseDialog} key=${id} id=${id} />`;
    case "public":
      return html`<${PublicDialog} key=${id} id=${id} text=${dialog.with.text} then=${dialog.with.then} />`;
    case "canned":
      return html`<${CannedDialog} key=${id} id=${id} />`;
    case "callback":
      return html`<${CallbackDialog} key=${id} id=${id} />`;
    case "macro":
      return html`<${MacroDialog} key=${id} id=${id} />`;
    case "guide":
      return html`<${GuideDialog} key=${id} id=${id} />`;
    case "hide":
      return html`<${HideDialog} key=${id} id=${id} />`;
    case "link":
      return html`<${LinkDialog} key=${id} id=${id} />`;
    case "unlink":
      return html`<${UnlinkDialog} key=${id} id=${id} identity=${dialog.with.identity} />`;
    case "duplicate":
      return html`<${DuplicateDialog} key=${id} id=${id} suggestion=${dialog.with.suggestion} />`;
    case "password":
      return html`<${PasswordDialog} />`;
    case "help":
      return html`<${HelpDialog} />`;
    case "settings":
      return html`<${SettingsDialog} />`;
    case "sign_out":
      return html`<${SignOutDialog} />`;
    default:
      return null;
  }
}
