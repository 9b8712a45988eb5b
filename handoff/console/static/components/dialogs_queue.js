// @ts-check
// A supervisor puts a conversation into somebody's hands.
import { act } from "../actions.js";
import { html } from "../html.js";
import { byName, label, t } from "../i18n.js";
import { cardOf } from "../model.js";
import { showDialog } from "../session.js";
import { useStore } from "../store.js";
import { useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { focusInvalid } from "./field.js";
import { units } from "./offer.js";
import { PickList, TextArea } from "./picklist.js";

/** @param {{id: string}} props */
export function AssignDialog({ id }) {
  const me = useStore((s) => s.me);
  const busy = useStore((s) => s.busy.has(id));
  const colleagues = useStore((s) => s.colleagues);
  const [to, setTo] = useState("");
  const [why, setWhy] = useState("");
  const [error, setError] = useState("");
  const [tried, setTried] = useState(false);
  const card = cardOf(id);
  const close = () => showDialog(null);
  const others = colleagues.filter((c) => c.id !== me?.id && c.id !== card?.holder?.id && (c.role === "operator" || c.role === "supervisor"));
  const items = byName(others).map((c) => ({ id: c.id, name: c.name, dim: !c.online || c.availability !== "available", note: factsOf(c) }));
  items.sort((a, b) => Number(a.dim) - Number(b.dim));
  if (me && card?.holder?.id !== me.id) items.unshift({ id: me.id, name: t("assign.me", { name: me.name }), dim: false, note: t("assign.me_note") });
  /** @param {Event} event */
  const submit = async (event) => {
    setTried(true);
    if (!to || !why.trim()) {
      focusInvalid(/** @type {Element} */ (event.target));
      return;
    }
    setError("");
    const result = await act("assign", id, { to_user: to, reason: why.trim() });
    if (result.ok) close();
    else if (result.error) setError(result.error);
  };
  return html`
    <${Dialog} title=${t("assign.title")} onClose=${close} onSubmit=${submit}
      footer=${html`<${Button} onClick=${close}>${t("action.cancel")}</><${Button} kind="primary" type="submit" icon="people" busy=${busy}>${t("assign.submit")}</>`}>
      <p class="dialog__lead">${t("assign.lead")}</p>
      <${PickList} legend=${t("assign.who")} items=${items} value=${to} onChange=${setTo} autofocus error=${tried && !to ? t("assign.who_missing") : ""} />
      <${TextArea} label=${t("assign.why")} rows=${2} value=${why} onInput=${setWhy} error=${tried && !why.trim() ? t("assign.why_missing") : ""} />
      <${Alert} text=${error} />
    </>`;
}

/** Presence, availability and load: three facts. @param {import("../types.js").Colleague} c */
export const factsOf = (c) =>
  [
    label("role", c.role),
    t(c.online ? "presence.here" : "presence.gone"),
    t(c.availability === "available" ? "colleague.available" : "colleague.away"),
    t("load.short", { load: units(c.carries ?? 0), capacity: units((c.capacity ?? 0) * 100) }),
  ].join(" · ");
