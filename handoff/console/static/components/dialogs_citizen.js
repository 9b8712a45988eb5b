// @ts-check
// Dialogs about citizens: two identities linked, a link undone, a second contact closed as a duplicate. Each with its reason.
import { reason as explain } from "../actions.js";
import { ApiError } from "../api.js";
import { about } from "../citizen.js";
import { html } from "../html.js";
import { label, t, timeOrDate } from "../i18n.js";
import { showDialog, toast } from "../session.js";
import { useStore } from "../store.js";
import { useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { focusInvalid } from "./field.js";
import { PickList, TextArea } from "./picklist.js";
import { placeName, writerName } from "./social.js";

const closeDialog = () => showDialog(null);

/**
 * Carries out something about the citizen and closes the dialog; what is said against it stays in the dialog.
 * @param {string} id
 * @param {string} done key of what is said when it is done
 */
function useAbout(id, done) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  return {
    busy,
    error,
    /** @param {Parameters<typeof about>[1]} verb @param {object} [body] */
    async run(verb, body) {
      if (busy) return;
      setBusy(true);
      setError("");
      try {
        await about(id, verb, body);
        toast("ok", t(done));
        closeDialog();
      } catch (problem) {
        if (!(problem instanceof ApiError)) throw problem;
        setError(explain(problem));
        setBusy(false);
      }
    },
  };
}

/** @param {{busy: boolean, submit: string, icon?: string}} props */
const Buttons = ({ busy, submit, icon }) => html`
  <${Button} onClick=${closeDialog}>${t("action.cancel")}</>
  <${Button} kind="primary" type="submit" icon=${icon} busy=${busy}>${submit}</>`;

/** @param {{id: string}} props */
export function LinkDialog({ id }) {
  const cards = useStore((s) => s.cards);
  const topics = useStore((s) => s.topics);
  const { busy, error, run } = useAbout(id, "citizen.linked");
  const [other, setOther] = useState("");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const items = [...cards.values()]
    .filter((card) => card.id !== id)
    .sort((a, b) => Date.parse(b.last?.ts ?? b.opened_at) - Date.parse(a.last?.ts ?? a.opened_at))
    .map((card) => ({
      id: card.id,
      name: writerName(card.author) || card.contact?.name || t("citizen.nameless"),
      note: [
        label("channel", card.channel), placeName(card), timeOrDate(card.opened_at),
        card.service?.title ?? topics.find((one) => one.id === card.topic)?.name ?? "",
      ].filter(Boolean).join(" · "),
    }));
  return html`
    <${Dialog} title=${t("citizen.link")} onClose=${closeDialog}
      onSubmit=${(/** @type {Event} */ event) => {
        setTried(true);
        if (other && reason.trim()) run("link", { conversation_id: other, reason: reason.trim() });
        else focusInvalid(/** @type {Element} */ (event.target));
      }}
      footer=${html`<${Buttons} busy=${busy} submit=${t("citizen.link_submit")} icon="link" />`}>
      <p class="dialog__lead">${t("citizen.link_lead")}</p>
      <${PickList} legend=${t("citizen.link_which")} items=${items} value=${other} onChange=${setOther} autofocus
        empty=${t("citizen.link_nobody")} error=${tried && !other ? t("citizen.link_missing") : ""} />
      <${TextArea} label=${t("citizen.reason")} value=${reason} onInput=${setReason} rows=${2}
        error=${tried && !reason.trim() ? t("citizen.reason_missing") : ""} />
      <${Alert} text=${error} />
    </>`;
}

/** @param {{id: string, identity: import("../types.js").Identity}} props */
export function UnlinkDialog({ id, identity }) {
  const { busy, error, run } = useAbout(id, "citizen.unlinked");
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  return html`
    <${Dialog} title=${t("citizen.unlink")} onClose=${closeDialog}
      onSubmit=${(/** @type {Event} */ event) => {
        setTried(true);
        if (reason.trim()) run("unlink", { identity_id: identity.id, reason: reason.trim() });
        else focusInvalid(/** @type {Element} */ (event.target));
      }}
      footer=${html`<${Buttons} busy=${busy} submit=${t("citizen.unlink_submit")} />`}>
      <p class="dialog__lead">${t("citizen.unlink_lead", { name: identity.name ?? t("citizen.nameless"), channel: label("channel", identity.channel) })}</p>
      <${TextArea} label=${t("citizen.reason")} value=${reason} onInput=${setReason} autofocus rows=${2}
        error=${tried && !reason.trim() ? t("citizen.reason_missing") : ""} />
      <${Alert} text=${error} />
    </>`;
}

/** The second of two conversations ends as a duplicate: which one, is said before. @param {{id: string, suggestion: import("../types.js").Suggestion}} props */
export function DuplicateDialog({ id, suggestion }) {
  const { busy, error, run } = useAbout(id, "citizen.accepted");
  const closes = suggestion.closes;
  const own = closes?.id === id;
  // Of one's own conversation the newest version is known; of the other one that which the suggestion was made for.
  const version = useStore((s) => (own ? (s.cards.get(id) ?? s.conversations.get(id)?.card)?.version : undefined)) ?? closes?.version;
  return html`
    <${Dialog} title=${t("citizen.accept")} onClose=${closeDialog}
      onSubmit=${() => run(`suggestions/${suggestion.id}/accept`, { version })}
      footer=${html`<${Buttons} busy=${busy} submit=${t("citizen.accept_submit")} icon="done" />`}>
      <p tabindex="-1" data-focus="">${t(own ? "citizen.accept_this" : "citizen.accept_other", { place: suggestion.account.name, time: timeOrDate(suggestion.opened_at) })}</p>
      <p class="muted">${t("citizen.accept_note")}</p>
      <${Alert} text=${error} />
    </>`;
}
