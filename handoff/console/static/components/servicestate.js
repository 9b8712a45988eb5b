// @ts-check
// Whether a service is provided, and when it was looked at last: what an editor does with a service as a whole.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { toast } from "../session.js";
import { useState } from "../vendor/hooks.js";
import { Fetching, useFetched } from "../views/knowledge.js";
import { WordingChangeView } from "../views/wording.js";
import { Button } from "./bits.js";
import { Confirm } from "./confirm.js";

/** @param {{service: {id: string, withdrawn: boolean}, again: () => void}} props */
export function ServiceState({ service, again }) {
  const path = `editor/services/${encodeURIComponent(service.id)}`;
  const { got, error, again: retry } = useFetched(`${path}/wording`);
  const [asking, setAsking] = useState("");
  /** @type {import("../views/wording.js").WordingChange|null} */
  const wished = got?.changes.find((/** @type {any} */ one) => one.kind === "withdrawal") ?? null;
  /** @param {() => Promise<unknown>} work @param {string} said @returns {Promise<string>} what went wrong, or nothing */
  const done = async (work, said) => {
    try {
      await work();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      // A wish that could be stored and not submitted is there, to be submitted.
      retry();
      return reason(problem);
    }
    setAsking("");
    toast("ok", t(said));
    again();
    retry();
    return "";
  };
  const review = () => done(() => api.post(`${path}/reviewed`, {}), "knowledge.reviewed_done");
  /** @param {string} note */
  const withdraw = (note) => done(async () => {
    const change = await api.post(`${path}/withdrawal`, { withdrawn: !service.withdrawn, note });
    await api.post(`editor/wording/${change.id}/propose`, { version: change.version });
  }, "knowledge.proposed");
  const verb = service.withdrawn ? "offer" : "withdraw";
  return html`
    ${service.withdrawn && html`<p class="notice"><strong>${t("knowledge.service_withdrawn")}</strong> ${t("knowledge.service_withdrawn_lead")}</p>`}
    <div class="desk__buttons">
      ${!service.withdrawn && html`<${Button} icon="check" onClick=${() => setAsking("review")}>${t("knowledge.reviewed")}</>`}
      ${got && !wished && html`<${Button} kind="quiet" icon=${service.withdrawn ? "undo" : "bin"} onClick=${() => setAsking(verb)}>${t(`knowledge.service_${verb}`)}</>`}
    </div>
    <${Fetching} got=${got} error=${error} again=${retry} />
    ${wished && html`<section class="box" aria-label=${t("wording.kind.withdrawal")}><${WordingChangeView} key=${`${wished.id}-${wished.version}`} change=${wished} there=${null} again=${() => { retry(); again(); }} /></section>`}
    ${asking === "review" && html`<${Confirm} title=${t("knowledge.reviewed")} lead=${t("knowledge.reviewed_lead")} submit=${t("knowledge.reviewed")} icon="check" onClose=${() => setAsking("")} onConfirm=${review} />`}
    ${asking === verb && html`<${Confirm} title=${t(`knowledge.service_${verb}`)} lead=${t(`knowledge.service_${verb}_lead`)} submit=${t("knowledge.propose")} icon="send" onClose=${() => setAsking("")}
      reason=${{ label: t("knowledge.field.note"), missing: t("knowledge.service_why_missing") }} onConfirm=${withdraw} />`}`;
}
