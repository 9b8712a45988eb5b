// @ts-check
// The form of a plan: its names, what begins it, and its steps in order. Errors stand at the step they are about.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { cx, html } from "../html.js";
import { label, lang, LANGUAGES, t } from "../i18n.js";
import { readDraft, writeDraft } from "../keep.js";
import { ANSWERS, cleanPlan, freeId, invitationNames, KINDS, mayBeSkipped, MOST_STEPS, newOption, newStep, noWords, problemLines, STEP_ICON, stepLine, TERMINAL, TRIGGERS, TURNS, waysOf } from "../plans.js";
import { fromField, toField } from "../riga.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useId, useRef, useState } from "../vendor/hooks.js";
import { StepChanges } from "./plandiff.js";
import { Alert, Button } from "./bits.js";
import { Choice, Field, focusSoon, Tick } from "./field.js";
import { Icon } from "./icons.js";
import { PlanTalk } from "./plantalk.js";

/** @typedef {import("../plans.js").Plan} Plan */
/** @typedef {import("../plans.js").Step} Step */
/** @typedef {import("../plans.js").Words} Words */
/** @typedef {import("../plans.js").Problem} Problem */
/** @typedef {import("../plans.js").Choices} Choices */
/** @typedef {import("../plans.js").PlanChange} PlanChange */

const CHECK_AFTER_MS = 700;

/** A text in the three languages, side by side. @param {{id: string, legend: string, words: Words, onChange: (words: Words) => void, rows?: number, hint?: string, most?: number, optional?: boolean}} props */
function WordsField({ id, legend, words, onChange, rows = 2, hint, most = 2000, optional = false }) {
  return html`
    <fieldset class="plan-words"><legend>${legend}${optional && html` <span class="muted">${t("form.optional")}</span>`}</legend>
      ${hint && html`<p class="field__hint" id=${`${id}-hint`}>${hint}</p>`}
      <div class="plan-words__langs">${LANGUAGES.map((code) => {
        const value = /** @type {Record<string, string>} */ (/** @type {unknown} */ (words))[code];
        const type = (/** @type {any} */ e) => onChange(/** @type {Words} */ ({ ...words, [code]: e.target.value }));
        return html`<div key=${code} class="field"><label for=${`${id}-${code}`}>${label("language", code)}</label>
          ${rows > 1
            ? html`<textarea class="input" id=${`${id}-${code}`} rows=${rows} lang=${code} maxLength=${most} value=${value} spellcheck aria-describedby=${hint ? `${id}-hint` : undefined} onInput=${type}></textarea>`
            : html`<input class="input" id=${`${id}-${code}`} lang=${code} maxLength=${most} value=${value} aria-describedby=${hint ? `${id}-hint` : undefined} onInput=${type} />`}</div>`;
      })}</div>
    </fieldset>`;
}

/** @param {{id: string, text: string, value: string, items: {id: string, name: string}[], none?: string, onChange: (id: string) => void}} props `none`: what an empty choice means */
function Select({ id, text, value, items, none, onChange }) {
  const known = items.some((one) => one.id === value);
  return html`
    <div class="field"><label for=${id}>${text}</label>
      <select class="input" id=${id} value=${value} onChange=${(/** @type {any} */ e) => onChange(e.target.value)}>
        ${(none !== undefined || !value) && html`<option value="" selected=${!value}>${none ?? t("macro.choose")}</option>`}
        ${value && !known && html`<option value=${value} selected>${value}</option>`}
        ${items.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === value}>${one.name}</option>`)}
      </select></div>`;
}

/**
 * @param {{planId: string|null, base: number|null, content: Plan, change: PlanChange|null, choices: Choices, current: Plan|null, onDone: (planId: string) => void, onCancel: () => void}} props
 *   `base`: the number of the version that was seen; `current`: what is in force
 */
export function PlanForm({ planId, base: seen, content, change, choices, current, onDone, onCancel }) {
  const me = useStore((s) => s.me?.id ?? "");
  const draft = `plan.${planId ?? "new"}`;
  const [plan, setPlan] = useState(/** @type {() => Plan} */ (() => {
    try {
      return JSON.parse(readDraft(me, draft) || "null") ?? content;
    } catch {
      return content;
    }
  }));
  const [note, setNote] = useState(change?.note ?? "");
  const [from, setFrom] = useState(toField(change?.valid_from ?? ""));
  const [to, setTo] = useState(toField(change?.valid_to ?? ""));
  const [open, setOpen] = useState(/** @type {string|null} */ (null));
  const [problems, setProblems] = useState(/** @type {Problem[]} */ ([]));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [base, setBase] = useState(seen);
  const [moved, setMoved] = useState(/** @type {any} */ (null));
  const [saved, setSaved] = useState(/** @type {PlanChange|null} */ (null));
  const stored = useRef(change);
  const id = useId();

  /** @param {Partial<Plan>} patch */
  const edit = (patch) => setPlan((now) => {
    const next = { ...now, ...patch };
    writeDraft(me, draft, JSON.stringify(next));
    return next;
  });
  const latest = useRef(plan);
  latest.current = plan;
  useEffect(() => {
    // What is wrong is told while one writes, so that nothing waits for the end.
    const timer = setTimeout(() => {
      api.post("plans/check", { content: cleanPlan(plan) }).then((answer) => setProblems(answer.problems), () => {});
    }, CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [plan]);
  const leave = (/** @type {() => void} */ then) => {
    writeDraft(me, draft, "");
    then();
  };

  /** @param {number} at @param {Partial<Step>} patch */
  const change1 = (at, patch) => edit({ steps: plan.steps.map((step, i) => (i === at ? { ...step, ...patch } : step)) });
  /** @param {number} at @param {number} by */
  const move = (at, by) => {
    const steps = [...plan.steps];
    const [step] = steps.splice(at, 1);
    steps.splice(at + by, 0, step);
    edit({ steps });
    const edge = at + by === 0 ? "down" : at + by === steps.length - 1 ? "up" : by < 0 ? "up" : "down";
    focusSoon(`${id}-${step.id}-${edge}`);
  };
  const add = (/** @type {string} */ kind) => {
    const step = newStep(freeId("s", plan.steps.map((one) => one.id)), kind);
    // Before the steps at which a plan ends, so that it is reached.
    const last = plan.steps.at(-1);
    const at = last && TERMINAL.includes(last.kind) && !TERMINAL.includes(kind) ? plan.steps.length - 1 : plan.steps.length;
    edit({ steps: [...plan.steps.slice(0, at), step, ...plan.steps.slice(at)] });
    setOpen(step.id);
    focusSoon(`${id}-${step.id}-kind`);
  };
  /** @param {number} at */
  const remove = (at) => {
    const gone = plan.steps[at].id;
    // Whoever led to it leads on in the list from now on.
    const unled = (/** @type {Step} */ step) => ({
      ...step,
      next: step.next === gone ? null : step.next,
      options: step.options.map((option) => (option.next === gone ? { ...option, next: null } : option)),
      cases: step.cases.filter((one) => one.next !== gone),
      on: step.on === gone ? null : step.on,
    });
    edit({ steps: plan.steps.filter((_, i) => i !== at).map(unled) });
    focusSoon(`${id}-add`);
  };

  /** @param {boolean} propose */
  const submit = async (propose) => {
    if (busy) return;
    setError("");
    const starts = from ? fromField(from) : null;
    const ends = to ? fromField(to) : null;
    if ((from && !starts) || (to && !ends)) return setError(t("knowledge.wrong.time"));
    setBusy(true);
    const body = { content: cleanPlan(plan), base, note: note.trim(), valid_from: starts, valid_to: ends };
    try {
      const known = stored.current;
      stored.current = known
        ? await api.put(`plans/changes/${known.id}`, { ...body, version: known.version })
        : await api.post("plans/changes", { ...body, ...(planId && { plan_id: planId }) });
      const saved = /** @type {PlanChange} */ (stored.current);
      if (propose) await api.post(`plans/changes/${saved.id}/propose`, { version: saved.version });
      toast("ok", t(propose ? "plans.proposed" : "knowledge.saved"));
      leave(() => onDone(saved.plan_id));
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy(false);
      setError(reason(problem));
      if (problem.code === "plan_wrong") {
        const found = /** @type {Problem[]} */ (problem.body.problems);
        setProblems(found);
        const at = found.find((one) => one.step)?.step ?? null;
        setOpen(at);
        focusSoon(at ? `${id}-${at}-kind` : `${id}-problems`);
      }
      if (problem.code === "plan_changed" && planId) {
        const page = await api.get(`plans/${encodeURIComponent(planId)}`);
        const now = page.versions.find((/** @type {any} */ one) => one.current) ?? null;
        setMoved(now);
        setBase(now?.number ?? null);
      }
      // The wish itself was stored otherwise: whoever saves again has been shown how.
      const known = stored.current;
      if (problem.code === "edited_elsewhere" && known) {
        await api.get(`plans/${encodeURIComponent(known.plan_id)}`).then((page) => {
          if (page.change?.id !== known.id) return;
          stored.current = page.change;
          setSaved(page.change);
        }, () => {});
      }
    }
  };
  const general = problems.filter((one) => one.step === null || !plan.steps.some((step) => step.id === one.step));
  const steps = plan.steps.map((step, at) => ({ id: step.id, name: t("plans.step_ref", { number: at + 1, text: stepLine(step, lang()).slice(0, 50) }) }));
  return html`
    <div class="plan-form">
      <form noValidate class="plan-form__main" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(true); }}>
        <${WordsField} id=${`${id}-name`} legend=${t("plans.field.name")} rows=${1} most=${80} words=${plan.name} onChange=${(/** @type {Words} */ name) => edit({ name })} />
        <${Choice} legend=${t("plans.field.kind")} value=${plan.kind} onChange=${(/** @type {string} */ kind) => edit({ kind })} items=${["plan", "guide"].map((code) => ({ id: code, name: label("plans.kind", code), note: label("plans.kind_note", code) }))} />
        <${Select} id=${`${id}-service`} text=${t("plans.field.service")} value=${plan.service_id ?? ""} items=${choices.services} none=${t("plans.none")} onChange=${(/** @type {string} */ value) => edit({ service_id: value || null })} />
        <${Triggers} id=${id} plan=${plan} choices=${choices} onChange=${(/** @type {any} */ triggers) => edit({ triggers })} />
        <fieldset class="plan-part"><legend>${t("plans.field.source")}${plan.kind === "plan" && html` <span class="muted">${t("form.optional")}</span>`}</legend>
          <div class="desk__row">
            <${Field} label=${t("plans.field.source_title")} value=${plan.source?.title ?? ""} maxLength="200" onInput=${(/** @type {string} */ title) => edit({ source: { url: "", date: today(), ...plan.source, title } })} />
            <${Field} label=${t("plans.field.source_url")} type="url" value=${plan.source?.url ?? ""} maxLength="500" onInput=${(/** @type {string} */ url) => edit({ source: { title: "", date: today(), ...plan.source, url } })} />
            <${Field} label=${t("plans.field.source_date")} type="date" value=${plan.source?.date ?? ""} onInput=${(/** @type {string} */ date) => edit({ source: { title: "", url: "", ...plan.source, date: date || today() } })} />
            <${Field} label=${t("plans.field.review")} type="date" value=${plan.review ?? ""} onInput=${(/** @type {string} */ review) => edit({ review: review || null })} />
          </div></fieldset>
        ${general.length > 0 && html`<div class="notice plan-problems" id=${`${id}-problems`} tabindex="-1"><p><strong>${t("plans.problems")}</strong></p>
          <ul>${problemLines(general).map((one) => html`<li key=${one}>${one}</li>`)}</ul></div>`}
        <fieldset class="macro-form__steps"><legend>${t("plans.steps")}</legend>
          <p class="muted">${t("plans.steps_lead")}</p>
          <ol role="list">${plan.steps.map((step, at) => {
            const wrong = problems.filter((one) => one.step === step.id);
            const isOpen = open === step.id;
            return html`
              <li key=${step.id} class=${cx("macro-form__step", wrong.length > 0 && "plan-step--wrong")}><div role="group" aria-label=${t("macro.step_no", { number: at + 1 })}>
                <div class="macro-form__head">
                  <span class="macro-form__no" aria-hidden="true">${at + 1}.</span><${Icon} name=${STEP_ICON[step.kind]} />
                  <label class="vh" for=${`${id}-${step.id}-kind`}>${t("macro.step_what", { number: at + 1 })}</label>
                  <select class="input" id=${`${id}-${step.id}-kind`} value=${step.kind} aria-describedby=${wrong.length ? `${id}-${step.id}-wrong` : undefined} aria-invalid=${wrong.length ? "true" : undefined} data-live=""
                    onChange=${(/** @type {any} */ e) => { const fresh = newStep(step.id, e.target.value); change1(at, { ...fresh, text: step.text, next: step.next }); setOpen(step.id); }}>
                    ${KINDS.map((kind) => html`<option key=${kind} value=${kind} selected=${kind === step.kind}>${label("plans.step", kind)}</option>`)}</select>
                  <button type="button" class="icon-button" id=${`${id}-${step.id}-up`} disabled=${at === 0} aria-label=${t("macro.up", { number: at + 1 })} onClick=${() => move(at, -1)}><${Icon} name="up" /></button>
                  <button type="button" class="icon-button" id=${`${id}-${step.id}-down`} disabled=${at === plan.steps.length - 1} aria-label=${t("macro.down", { number: at + 1 })} onClick=${() => move(at, 1)}><${Icon} name="down" /></button>
                  <button type="button" class="icon-button" aria-label=${t("macro.remove", { number: at + 1 })} onClick=${() => remove(at)}><${Icon} name="bin" /></button>
                </div>
                <button type="button" class="plan-step__line" aria-expanded=${isOpen ? "true" : "false"} onClick=${() => setOpen(isOpen ? null : step.id)}>
                  <${Icon} name=${isOpen ? "up" : "edit"} size=${16} /><bdi lang=${lang()}>${stepLine(step, lang())}</bdi></button>
                ${wrong.length > 0 && html`<ul class="plan-step__wrong" id=${`${id}-${step.id}-wrong`}>${problemLines(wrong).map((one) => html`<li key=${one} class="field__error">${one}</li>`)}</ul>`}
                ${isOpen && html`<${StepFields} id=${`${id}-${step.id}`} step=${step} plan=${plan} steps=${steps} choices=${choices} onChange=${(/** @type {Partial<Step>} */ patch) => change1(at, patch)} />`}
              </div></li>`;
          })}</ol>
          <div class="plan-form__add"><${Select} id=${`${id}-add`} text=${t("plans.add_step")} value="" none=${t("plans.add_choose")} items=${KINDS.map((kind) => ({ id: kind, name: label("plans.step", kind) }))}
            onChange=${(/** @type {string} */ kind) => kind && plan.steps.length < MOST_STEPS && add(kind)} /></div>
        </fieldset>
        ${moved && html`<div class="notice"><p><strong>${t("plans.moved", { number: moved.number })}</strong></p><${StepChanges} differences=${moved.differences} /></div>`}
        ${saved && html`<div class="notice"><p><strong>${t("plans.moved_change")}</strong></p><${StepChanges} differences=${saved.differences} /></div>`}
        <div class="desk__row">
          <${Field} label=${t("plans.field.from")} optional type="datetime-local" value=${from} onInput=${setFrom} />
          <${Field} label=${t("plans.field.to")} optional type="datetime-local" value=${to} onInput=${setTo} />
        </div>
        <${Field} label=${t("knowledge.field.note")} hint=${t("knowledge.field.note_hint")} optional value=${note} onInput=${setNote} maxLength="1000" />
        <${Alert} text=${error} />
        <div class="desk__buttons">
          <${Button} type="submit" kind="primary" icon="send" busy=${busy}>${t("knowledge.propose")}</>
          <${Button} busy=${busy} onClick=${() => submit(false)}>${t("knowledge.save")}</>
          <${Button} kind="quiet" onClick=${() => leave(stored.current === change ? onCancel : () => onDone(/** @type {PlanChange} */ (stored.current).plan_id))}>${t("action.cancel")}</>
        </div>
        ${current === null && planId && html`<p class="muted">${t("plans.not_in_force")}</p>`}
      </form>
      <${PlanTalk} content=${() => cleanPlan(latest.current)} />
    </div>`;
}

/** @returns {string} the day that it is in Riga */
const today = () => toField(Date.now()).slice(0, 10);

/** @param {{id: string, plan: Plan, choices: Choices, onChange: (triggers: any[]) => void}} props */
function Triggers({ id, plan, choices, onChange }) {
  const rows = plan.triggers;
  /** @param {number} at @param {object} patch */
  const set = (at, patch) => onChange(rows.map((row, i) => (i === at ? { ...row, ...patch } : row)));
  /** @param {string} kind @returns {{id: string, name: string}[]} */
  const valuesOf = (kind) => {
    if (kind === "proactive") return invitationNames(choices);
    return kind === "turn" ? TURNS.map((code) => ({ id: code, name: label("knowledge.intent", code) })) : kind === "service" ? choices.services : choices.life_events;
  };
  return html`
    <fieldset class="plan-part"><legend>${t("plans.triggers")}</legend>
      <p class="muted">${t(plan.kind === "guide" ? "plans.triggers_guide" : "plans.triggers_lead")}</p>
      <ul role="list" class="plan-triggers">${rows.map((row, at) => html`
        <li key=${at} class="plan-trigger">
          <${Select} id=${`${id}-t${at}-kind`} text=${t("plans.trigger_kind")} value=${row.kind} items=${TRIGGERS.map((kind) => ({ id: kind, name: label("plans.trigger", kind) }))} onChange=${(/** @type {string} */ kind) => set(at, { kind, value: "", how: kind === "service" || kind === "proactive" ? "offer" : "start" })} />
          ${row.kind === "payload"
            ? html`<${Field} label=${label("plans.trigger_value", row.kind)} value=${row.value} maxLength="120" onInput=${(/** @type {string} */ value) => set(at, { value })} />`
            : html`<${Select} id=${`${id}-t${at}-value`} text=${label("plans.trigger_value", row.kind)} value=${row.value} items=${valuesOf(row.kind)} onChange=${(/** @type {string} */ value) => set(at, { value, how: waysOf({ kind: row.kind, value }).includes(row.how) ? row.how : "start" })} />`}
          ${waysOf(row).length > 1 && html`<${Select} id=${`${id}-t${at}-how`} text=${t("plans.how")} value=${row.how} items=${waysOf(row).map((how) => ({ id: how, name: label("plans.how", how) }))} onChange=${(/** @type {string} */ how) => set(at, { how })} />`}
          <button type="button" class="icon-button" aria-label=${t("plans.trigger_remove", { number: at + 1 })} onClick=${() => { onChange(rows.filter((_, i) => i !== at)); focusSoon(`${id}-t-add`); }}><${Icon} name="bin" /></button>
        </li>`)}</ul>
      <${Button} id=${`${id}-t-add`} icon="plus" onClick=${() => { onChange([...rows, { kind: "service", value: "", how: "offer" }]); focusSoon(`${id}-t${rows.length}-kind`); }}>${t("plans.trigger_add")}</>
    </fieldset>`;
}

/** @param {{id: string, step: Step, plan: Plan, steps: {id: string, name: string}[], choices: Choices, onChange: (patch: Partial<Step>) => void}} props */
function StepFields({ id, step, plan, steps, choices, onChange }) {
  const topics = useStore((s) => s.topics);
  const others = steps.filter((one) => one.id !== step.id);
  /** @param {string} key @param {string|null} value @param {(id: string) => void} then @param {string} [text] */
  const leads = (key, value, then, text) => html`<${Select} id=${`${id}-${key}`} text=${text ?? t("plans.field.next")} value=${value ?? ""} items=${others} none=${t("plans.next_in_order")} onChange=${then} />`;
  return html`<div class="plan-step__fields">
    ${step.kind !== "branch" && html`<${WordsField} id=${`${id}-text`} legend=${label("plans.text_of", step.kind)} rows=${3} words=${step.text} onChange=${(/** @type {Words} */ text) => onChange({ text })} />`}
    ${step.kind === "do" && html`<${WordsField} id=${`${id}-help`} legend=${t("plans.field.help")} hint=${t("plans.field.help_hint")} optional rows=${2} words=${step.help} onChange=${(/** @type {Words} */ help) => onChange({ help })} />`}
    ${step.kind === "ask" && html`
      <${Select} id=${`${id}-answer`} text=${t("plans.field.answer")} value=${step.answer ?? ""} items=${ANSWERS.map((one) => ({ id: one, name: label("plans.answer", one) }))}
        onChange=${(/** @type {string} */ answer) => onChange({ answer, options: answer === "choice" ? [newOption("o1"), newOption("o2")] : answer === "yes_no" ? [newOption("yes"), newOption("no")] : [] })} />
      <${WordsField} id=${`${id}-aname`} legend=${t("plans.field.answer_name")} hint=${t("plans.field.answer_name_hint")} optional rows=${1} most=${80} words=${step.name} onChange=${(/** @type {Words} */ name) => onChange({ name })} />
      ${step.answer === "number" && html`<div class="desk__row">
        <${Field} label=${t("plans.field.least")} optional type="number" value=${step.least ?? ""} onInput=${(/** @type {string} */ v) => onChange({ least: v === "" ? null : Number(v) })} />
        <${Field} label=${t("plans.field.most")} optional type="number" value=${step.most ?? ""} onInput=${(/** @type {string} */ v) => onChange({ most: v === "" ? null : Number(v) })} /></div>`}
      ${step.answer === "date" && html`<${Select} id=${`${id}-when`} text=${t("plans.field.when")} value=${step.when} items=${["any", "past", "future"].map((one) => ({ id: one, name: label("plans.when", one) }))} onChange=${(/** @type {string} */ when) => onChange({ when })} />`}
      ${mayBeSkipped(step) && html`<${Tick} text=${t("plans.field.optional")} note=${t("plans.field.optional_note")} on=${Boolean(step.optional)} onChange=${(/** @type {boolean} */ optional) => onChange({ optional })} />`}
      ${step.answer === "yes_no" && html`<div class="desk__row">${["yes", "no"].map((one) => leads(`o-${one}`, step.options.find((option) => option.id === one)?.next ?? null,
        (next) => onChange({ options: ["yes", "no"].map((code) => ({ ...newOption(code), next: code === one ? next || null : (step.options.find((option) => option.id === code)?.next ?? null) })) }), t(`plans.if_${one}`)))}</div>`}
      ${step.answer === "choice" && html`<${Options} id=${id} step=${step} leads=${leads} onChange=${onChange} />`}`}
    ${step.kind === "branch" && html`<${Cases} id=${id} step=${step} plan=${plan} steps=${steps} others=${others} onChange=${onChange} />`}
    ${["link", "do", "say", "end"].includes(step.kind) && html`<${Links} id=${id} links=${step.links} onChange=${(/** @type {any} */ links) => onChange({ links })} />`}
    ${step.kind === "services" && html`<${Services} id=${id} chosen=${step.service_ids} all=${choices.services} onChange=${(/** @type {string[]} */ service_ids) => onChange({ service_ids })} />`}
    ${["hand_over", "call_back"].includes(step.kind) && html`<div class="desk__row">
      <${Select} id=${`${id}-topic`} text=${t("plans.field.topic")} value=${step.topic ?? ""} items=${topics} none=${t("plans.none")} onChange=${(/** @type {string} */ topic) => onChange({ topic: topic || null })} />
      <${Select} id=${`${id}-institution`} text=${t("plans.field.institution")} value=${step.institution_id ?? ""} items=${choices.institutions} none=${t("plans.none")} onChange=${(/** @type {string} */ institution_id) => onChange({ institution_id: institution_id || null })} /></div>`}
    ${step.kind === "call_back" && html`<${Tick} text=${t("plans.field.visit")} note=${t("plans.field.visit_note")} on=${step.visit} onChange=${(/** @type {boolean} */ visit) => onChange({ visit })} />`}
    ${!TERMINAL.includes(step.kind) && step.answer !== "yes_no" && leads("next", step.next, (next) => onChange({ next: next || null }), step.kind === "branch" ? t("plans.otherwise") : undefined)}
  </div>`;
}

/** @param {{id: string, step: Step, leads: (key: string, value: string|null, then: (id: string) => void, text?: string) => any, onChange: (patch: Partial<Step>) => void}} props */
function Options({ id, step, leads, onChange }) {
  /** @param {number} at @param {object} patch */
  const set = (at, patch) => onChange({ options: step.options.map((option, i) => (i === at ? { ...option, ...patch } : option)) });
  return html`<fieldset class="plan-part"><legend>${t("plans.options")}</legend>
    <ol role="list" class="plan-options">${step.options.map((option, at) => html`
      <li key=${option.id} class="plan-option">
        <${WordsField} id=${`${id}-${option.id}`} legend=${t("plans.option_no", { number: at + 1 })} rows=${1} most=${60} words=${option.label} onChange=${(/** @type {Words} */ words) => set(at, { label: words })} />
        ${leads(`${option.id}-next`, option.next, (next) => set(at, { next: next || null }))}
        <button type="button" class="icon-button" aria-label=${t("plans.option_remove", { number: at + 1 })} disabled=${step.options.length <= 2} onClick=${() => onChange({ options: step.options.filter((_, i) => i !== at) })}><${Icon} name="bin" /></button>
      </li>`)}</ol>
    <${Button} icon="plus" busy=${step.options.length >= 8} onClick=${() => step.options.length < 8 && onChange({ options: [...step.options, newOption(freeId("o", step.options.map((one) => one.id)))] })}>${t("plans.option_add")}</>
  </fieldset>`;
}

/** @param {{id: string, step: Step, plan: Plan, steps: {id: string, name: string}[], others: {id: string, name: string}[], onChange: (patch: Partial<Step>) => void}} props */
function Cases({ id, step, plan, steps, others, onChange }) {
  const asks = plan.steps.filter((one) => one.kind === "ask");
  const asked = asks.find((one) => one.id === step.on) ?? null;
  const fixed = asked?.answer === "choice" || asked?.answer === "yes_no";
  const values = asked?.answer === "yes_no" ? ["yes", "no"].map((one) => ({ id: one, name: t(`plans.${one}`) })) : (asked?.options ?? []).map((one) => ({ id: one.id, name: one.label.lv || one.id }));
  /** @param {number} at @param {object} patch */
  const set = (at, patch) => onChange({ cases: step.cases.map((one, i) => (i === at ? { ...one, ...patch } : one)) });
  const first = others[0]?.id ?? "";
  return html`
    <${Select} id=${`${id}-on`} text=${t("plans.field.on")} value=${step.on ?? ""} items=${steps.filter((one) => asks.some((ask) => ask.id === one.id))} onChange=${(/** @type {string} */ on) => onChange({ on: on || null, cases: [] })} />
    ${asked && html`<ol role="list" class="plan-options">${step.cases.map((one, at) => html`
      <li key=${at} class="plan-case">
        ${!fixed && html`<${Select} id=${`${id}-c${at}-op`} text=${t("plans.field.op")} value=${one.op} items=${["is", "less", "more"].map((op) => ({ id: op, name: label("plans.op", op) }))} onChange=${(/** @type {string} */ op) => set(at, { op })} />`}
        ${fixed
          ? html`<${Select} id=${`${id}-c${at}-value`} text=${t("plans.field.value")} value=${one.value} items=${values} onChange=${(/** @type {string} */ value) => set(at, { value })} />`
          : html`<${Field} label=${t("plans.field.value")} type=${asked.answer === "date" ? "date" : "text"} value=${one.value} maxLength="120" onInput=${(/** @type {string} */ value) => set(at, { value })} />`}
        <${Select} id=${`${id}-c${at}-next`} text=${t("plans.field.next")} value=${one.next} items=${others} onChange=${(/** @type {string} */ next) => set(at, { next })} />
        <button type="button" class="icon-button" aria-label=${t("plans.case_remove", { number: at + 1 })} onClick=${() => onChange({ cases: step.cases.filter((_, i) => i !== at) })}><${Icon} name="bin" /></button>
      </li>`)}</ol>
      <${Button} icon="plus" onClick=${() => onChange({ cases: [...step.cases, { op: "is", value: fixed ? (values[0]?.id ?? "") : "", next: first }] })}>${t("plans.case_add")}</>`}`;
}

/** @param {{id: string, links: import("../plans.js").LinkTo[], onChange: (links: any[]) => void}} props */
function Links({ id, links, onChange }) {
  /** @param {number} at @param {object} patch */
  const set = (at, patch) => onChange(links.map((one, i) => (i === at ? { ...one, ...patch } : one)));
  return html`<fieldset class="plan-part"><legend>${t("plans.links")}</legend>
    <ul role="list" class="plan-options">${links.map((one, at) => html`
      <li key=${at} class="plan-option">
        <${Field} label=${t("plans.field.url")} type="url" value=${one.url} maxLength="500" placeholder="https://" onInput=${(/** @type {string} */ url) => set(at, { url })} />
        <${WordsField} id=${`${id}-l${at}`} legend=${t("plans.field.link_title")} rows=${1} most=${80} words=${one.title} onChange=${(/** @type {Words} */ title) => set(at, { title })} />
        <button type="button" class="icon-button" aria-label=${t("plans.link_remove", { number: at + 1 })} onClick=${() => onChange(links.filter((_, i) => i !== at))}><${Icon} name="bin" /></button>
      </li>`)}</ul>
    <${Button} icon="plus" busy=${links.length >= 6} onClick=${() => links.length < 6 && onChange([...links, { title: noWords(), url: "" }])}>${t("plans.link_add")}</>
  </fieldset>`;
}

/** @param {{id: string, chosen: string[], all: {id: string, name: string}[], onChange: (ids: string[]) => void}} props */
function Services({ id, chosen, all, onChange }) {
  return html`<fieldset class="plan-part"><legend>${t("plans.services")}</legend>
    <ul role="list" class="plan-chosen">${chosen.map((one, at) => html`
      <li key=${one}><bdi>${all.find((row) => row.id === one)?.name ?? one}</bdi>
        <button type="button" class="icon-button" aria-label=${t("plans.service_remove", { name: all.find((row) => row.id === one)?.name ?? one })} onClick=${() => onChange(chosen.filter((_, i) => i !== at))}><${Icon} name="close" /></button></li>`)}</ul>
    <${Select} id=${`${id}-service`} text=${t("plans.service_add")} value="" none=${t("macro.choose")} items=${all.filter((one) => !chosen.includes(one.id))} onChange=${(/** @type {string} */ one) => one && onChange([...chosen, one])} />
  </fieldset>`;
}
