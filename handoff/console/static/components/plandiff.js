// @ts-check
// What has become of a plan's steps between two versions.
import { html } from "../html.js";
import { label, LANGUAGES, t } from "../i18n.js";
import { Difference } from "../views/knowledge.js";

/** @typedef {import("../plans.js").Step} Step */
/** @typedef {import("../plans.js").Words} Words */

/** Every text of a step in one language, a line each. @param {Step|null} step @param {string} lang */
function textsOf(step, lang) {
  if (!step) return "";
  const said = (/** @type {Words} */ words) => /** @type {Record<string, string>} */ (/** @type {unknown} */ (words))[lang];
  return [said(step.text), said(step.name), said(step.help), ...step.options.map((one) => said(one.label)), ...step.links.map((one) => `${said(one.title)} ${one.url}`)].filter(Boolean).join("\n");
}

/** Where a step leads and what it asks for, without its texts. @param {Step|null} step */
const rulesOf = (step) => (step ? JSON.stringify({ ...step, text: 0, name: 0, help: 0, options: step.options.map((one) => [one.id, one.next]), links: step.links.length }) : "");

/** @param {{differences: import("../plans.js").Differences|null}} props */
export function StepChanges({ differences }) {
  if (!differences) return null;
  const { parts, steps } = differences;
  if (!parts.length && !steps.length) return html`<p class="muted">${t("plans.diff.same")}</p>`;
  return html`
    ${parts.length > 0 && html`<p>${t("plans.diff.parts", { parts: parts.map((one) => label("plans.part", one)).join(", ") })}</p>`}
    <ul class="plan-diff" role="list">${steps.map((one) => html`
      <li key=${one.id}><p class="change__head"><span class=${`chip plan-diff__what plan-diff__what--${one.what}`}>${label("plans.diff", one.what)}</span>
          <strong>${label("plans.step", (one.after ?? one.before)?.kind ?? "")}</strong> <span class="muted">${one.id}</span></p>
        ${one.what !== "moved" && LANGUAGES.map((code) => {
          const before = textsOf(one.before, code);
          const after = textsOf(one.after, code);
          return before !== after && html`<${Difference} key=${code} before=${before} after=${after} lang=${code} />`;
        })}
        ${one.what === "changed" && rulesOf(one.before) !== rulesOf(one.after) && html`<p class="muted">${t("plans.diff.rules")}</p>`}
      </li>`)}</ul>`;
}
