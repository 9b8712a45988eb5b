// @ts-check
// Guides to e-services: sent step by step from the composer, and where the citizen is in one.
import * as api from "../api.js";
import { reason, uuid } from "../actions.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { loadConversation, showDialog, toast } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Dialog } from "./dialog.js";
import { Icon } from "./icons.js";
import { PickList } from "./picklist.js";

/** @typedef {{name: string, title: string, number: number, of: number, guide: boolean, stuck: boolean}} Progress */
/** @typedef {{id: string, name: string, service: string|null, steps: string[]}} Guide */

/** Where the citizen is in a plan. @param {{plan: Progress|null|undefined}} props */
export function PlanProgress({ plan }) {
  if (!plan) return null;
  return html`<p class="conversation__why plan-progress" role="status"><${Icon} name=${plan.stuck ? "warn" : "done"} size=${16} />
    <strong><bdi>${plan.name}</bdi>:</strong> <bdi>${t(plan.stuck ? "plans.progress.stuck" : plan.number ? "plans.progress.step" : "plans.progress.question", { number: plan.number, of: plan.of, title: plan.title })}</bdi></p>`;
}

/** @param {{id: string}} props */
export const GuideButton = ({ id }) => html`
  <button type="button" class="button button--quiet" onClick=${() => showDialog({ kind: "guide", id })}>
    <${Icon} name="done" /><span>${t("plans.guide.open")}</span></button>`;

/** @param {{id: string}} props */
export function GuideDialog({ id }) {
  const [shown, setShown] = useState(/** @type {{guides: Guide[], running: Progress|null}|null} */ (null));
  const [chosen, setChosen] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  // One sending, however often its answer is lost on the way.
  const run = useRef(uuid());
  const close = () => showDialog(null);
  useEffect(() => {
    api.get(api.conversationPath(id, "guides")).then(setShown, (problem) => {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
    });
  }, []);
  const guide = shown?.guides.find((one) => one.id === chosen) ?? null;
  const send = async () => {
    if (busy || !guide) return;
    setBusy(true);
    setError("");
    try {
      await api.post(api.conversationPath(id, "guides"), { id: run.current, guide_id: guide.id });
      loadConversation(id).catch(() => {});
      close();
      toast("ok", t("plans.guide.sent", { name: guide.name }));
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
      setBusy(false);
    }
  };
  return html`
    <${Dialog} title=${t("plans.guide.title")} onClose=${close} wide onSubmit=${send}
      footer=${html`<${Button} onClick=${close}>${t("action.cancel")}</><${Button} kind="primary" type="submit" icon="send" busy=${busy || !guide}>${t("plans.guide.send")}</>`}>
      <p class="muted">${t("plans.guide.lead")}</p>
      ${shown?.running && html`<p class="notice">${t("plans.guide.running", { name: shown.running.name })}</p>`}
      ${shown
        ? html`<${PickList} legend=${t("plans.guide.which")} autofocus items=${shown.guides.map((one) => ({ id: one.id, name: one.name, note: one.service ?? "" }))} value=${chosen} empty=${t("plans.guide.none")}
            onChange=${(/** @type {string} */ which) => { run.current = uuid(); setChosen(which); }} />`
        : !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${guide && html`<section aria-label=${guide.name}><h3>${t("plans.guide.steps")}</h3><ol class="plan-reading plan-reading--numbered">${guide.steps.map((one, at) => html`<li key=${at}><p class="desk__text">${one}</p></li>`)}</ol></section>`}
      <${Alert} text=${error} />
    </>`;
}
