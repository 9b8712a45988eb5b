// @ts-check
// Conversation plans, as they are read and written: kinds of steps, triggers, and what of them is said in words.
import { label, t } from "./i18n.js";

/** @typedef {{lv: string, ru: string, en: string}} Words */
/** @typedef {{id: string, label: Words, next: string|null}} Option */
/** @typedef {{op: string, value: string, next: string}} Case */
/** @typedef {{title: Words, url: string}} LinkTo */
/**
 * @typedef {object} Step
 * @property {string} id
 * @property {string} kind
 * @property {Words} text
 * @property {Words} name
 * @property {Words} help
 * @property {string|null} next
 * @property {string|null} answer
 * @property {Option[]} options
 * @property {boolean} [optional] stored versions may be older than it
 * @property {number|null} least
 * @property {number|null} most
 * @property {string} when
 * @property {string|null} on
 * @property {Case[]} cases
 * @property {LinkTo[]} links
 * @property {string[]} service_ids
 * @property {string|null} topic
 * @property {string|null} institution_id
 * @property {boolean} visit
 */
/** @typedef {{kind: string, value: string, how: string}} Trigger */
/** @typedef {{kind: string, name: Words, service_id: string|null, triggers: Trigger[], source: {title: string, url: string, date: string}|null, review: string|null, steps: Step[]}} Plan */
/** @typedef {{code: string, step: string|null, values: Record<string, any>}} Problem */
/** @typedef {{id: string, name: string}} Named */
/** @typedef {{services: Named[], life_events: Named[], institutions: Named[], invitations: (Named & {site: string, enabled: boolean})[]}} Choices */
/** @typedef {{what: string, id: string, before: Step|null, after: Step|null}} StepChange */
/** @typedef {{parts: string[], steps: StepChange[]}} Differences */
/**
 * @typedef {object} PlanChange
 * @property {string} id
 * @property {number} version
 * @property {string} plan_id
 * @property {string} name
 * @property {Plan|null} content
 * @property {number|null} base
 * @property {string} state
 * @property {string} note
 * @property {string} decision
 * @property {{id: string, name: string}} author
 * @property {{id: string, name: string}|null} decided_by
 * @property {string} changed_at
 * @property {string|null} valid_from
 * @property {string|null} valid_to
 * @property {Differences|null} differences
 * @property {string[]} may
 */

export const KINDS = ["say", "ask", "do", "branch", "link", "services", "hand_over", "call_back", "end"];
export const TERMINAL = ["services", "hand_over", "call_back", "end"];
export const ANSWERS = ["choice", "yes_no", "text", "date", "number"];
export const TRIGGERS = ["life_event", "service", "turn", "payload", "proactive"];
export const TURNS = ["complaint", "suggestion", "tech_problem", "capabilities"];
/** Kinds of message that have an answer, beside which a plan can be offered. */
const OFFERED = ["tech_problem", "capabilities"];
export const MOST_STEPS = 60;
export const STEP_ICON = /** @type {Record<string, string>} */ ({
  say: "talk",
  ask: "question",
  do: "done",
  branch: "swap",
  link: "link",
  services: "expert",
  hand_over: "people",
  call_back: "phone",
  end: "check",
});

/** @returns {Words} */
export const noWords = () => ({ lv: "", ru: "", en: "" });

/** @param {string} prefix @param {string[]} taken @returns {string} the first free of `s1`, `s2` … */
export function freeId(prefix, taken) {
  let number = 1;
  while (taken.includes(`${prefix}${number}`)) number += 1;
  return `${prefix}${number}`;
}

/** @param {string} id @param {string} kind @returns {Step} */
export function newStep(id, kind) {
  return {
    id,
    kind,
    text: noWords(),
    name: noWords(),
    help: noWords(),
    next: null,
    answer: kind === "ask" ? "choice" : null,
    options: kind === "ask" ? [newOption("o1"), newOption("o2")] : [],
    optional: false,
    least: null,
    most: null,
    when: "any",
    on: null,
    cases: [],
    links: kind === "link" ? [{ title: noWords(), url: "" }] : [],
    service_ids: [],
    topic: null,
    institution_id: null,
    visit: false,
  };
}

/** @param {string} id @returns {Option} */
export const newOption = (id) => ({ id, label: noWords(), next: null });

/** @returns {Plan} */
export const newPlan = () => ({ kind: "plan", name: noWords(), service_id: null, triggers: [], source: null, review: null, steps: [newStep("s1", "say"), newStep("s2", "hand_over")] });

/** Whether a question can have a button that passes it over. @param {Step} step */
export const mayBeSkipped = (step) => ["text", "date", "number"].includes(step.answer ?? "");

/** How a beginning can go about it, the usual first. @param {{kind: string, value: string}} trigger @returns {string[]} */
export function waysOf({ kind, value }) {
  if (kind === "proactive") return ["offer"];
  if (kind === "life_event" || kind === "service") return ["offer", "start"];
  return kind === "turn" && OFFERED.includes(value) ? ["start", "offer"] : ["start"];
}

/** Invitations for a choice: the same name may stand on several sites. @param {Choices} choices @returns {Named[]} */
export const invitationNames = (choices) =>
  choices.invitations.map((one) => ({ id: one.id, name: t(one.enabled ? "plans.invitation" : "plans.invitation_off", { name: one.name, site: one.site }) }));

/** What a step takes with it, and nothing that belongs to another kind. @param {Step} step @returns {Step} */
export function cleanStep(step) {
  const kept = newStep(step.id, step.kind);
  const asks = step.kind === "ask";
  return {
    ...kept,
    text: step.kind === "branch" ? noWords() : step.text,
    name: asks ? step.name : noWords(),
    help: step.kind === "do" ? step.help : noWords(),
    next: TERMINAL.includes(step.kind) ? null : step.next,
    answer: asks ? step.answer : null,
    options: asks && (step.answer === "choice" || step.answer === "yes_no") ? step.options : [],
    optional: asks && mayBeSkipped(step) && Boolean(step.optional),
    least: asks && step.answer === "number" ? step.least : null,
    most: asks && step.answer === "number" ? step.most : null,
    when: asks && step.answer === "date" ? step.when : "any",
    on: step.kind === "branch" ? step.on : null,
    cases: step.kind === "branch" ? step.cases : [],
    links: ["link", "do", "say", "end"].includes(step.kind) ? step.links : [],
    service_ids: step.kind === "services" ? step.service_ids : [],
    topic: ["hand_over", "call_back"].includes(step.kind) ? step.topic : null,
    institution_id: ["hand_over", "call_back"].includes(step.kind) ? step.institution_id : null,
    visit: step.kind === "call_back" && step.visit,
  };
}

/** A plan as it goes to the server. @param {Plan} plan @returns {Plan} */
export const cleanPlan = (plan) => ({ ...plan, service_id: plan.service_id || null, review: plan.review || null, source: plan.source?.url || plan.source?.title ? plan.source : null, steps: plan.steps.map(cleanStep) });

/** What is wrong, in words. @param {Problem} problem */
const problemText = (problem) => t(`plans.problem.${problem.code}`, { ...problem.values, lang: label("language", problem.values.lang ?? "") });

/** What is wrong, a sentence each: missing languages of one step together. @param {Problem[]} problems @returns {string[]} */
export function problemLines(problems) {
  /** @type {Map<string, Set<string>>} */
  const missing = new Map();
  const lines = new Set();
  for (const one of problems) {
    if (one.values.lang) missing.set(one.code, (missing.get(one.code) ?? new Set()).add(label("language", one.values.lang)));
    else lines.add(problemText(one));
  }
  return [...[...missing].map(([code, langs]) => t(`plans.problem.${code}`, { lang: [...langs].join(", ") })), ...lines];
}

/** @param {Trigger} trigger @param {Choices|null} choices */
export function triggerText(trigger, choices) {
  const known = choices === null ? undefined : { service: choices.services, life_event: choices.life_events, proactive: invitationNames(choices) }[trigger.kind];
  const value = trigger.kind === "turn" ? label("knowledge.intent", trigger.value) : (known?.find((one) => one.id === trigger.value)?.name ?? trigger.value);
  return `${label("plans.trigger", trigger.kind)}: ${value}${trigger.how === "offer" ? ` (${t("plans.how.offer_short")})` : ""}`;
}

/** A step in one line. @param {Step} step @param {string} lang */
export function stepLine(step, lang) {
  const text = /** @type {Record<string, string>} */ (/** @type {unknown} */ (step.text))[lang] || step.text.lv;
  return step.kind === "branch" ? t("plans.branch_line") : text || t("plans.no_text");
}
