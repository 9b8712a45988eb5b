// @ts-check
// Questions from life: what citizens were not helped with, in groups, and what is made of them.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Alert, Button, LangBadge } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { focusSoon, Tick } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { html } from "../html.js";
import { dateTime, number, t } from "../i18n.js";
import { readDraft, writeDraft } from "../keep.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Fetching, KnowledgeNav, useFetched } from "./knowledge.js";
import { KindField } from "./training.js";
import { ServiceForm } from "./wording.js";

/** @typedef {{id: string, version: number, lang: string, state: string, size: number, first_at: string, last_at: string, week: number, week_before: number, why: Record<string, number>, texts: string[], decided_by: string|null, decided_at: string|null, since: number, change: {id: string, state: string, service_id: string}|null}} Group */
/** @typedef {Group & {questions: {text: string, why: string, at: string, answers: string[]}[], services: {id: string, title: string, probability: number}[], institutions: {id: string, name: string}[]}} GroupPage */

const STATES = ["open", "taken", "not_ours"];
const ASPECTS = ["general", "how", "where", "cost", "deadline", "documents", "eligibility", "amount", "result"];

/** @param {{id: string|null, params: URLSearchParams}} props */
export const LifePage = ({ id, params }) => html`<main class="page desk" id="main" tabindex="-1">${id ? html`<${GroupView} key=${id} id=${id} />` : html`<${Groups} params=${params} />`}</main>`;

/** How many, since when, more or fewer than before. @param {{group: Group}} props */
const Figures = ({ group }) => html`
  <p class="change__head"><${LangBadge} lang=${group.lang} /><strong>${t("life.size", { count: group.size })}</strong>
    <span class="muted">${dateTime(group.first_at)} – ${dateTime(group.last_at)}</span>
    <span class=${group.week > group.week_before ? "life__more" : "muted"}>${t("life.trend", { week: number(group.week), before: number(group.week_before) })}</span></p>
  <p class="muted">${Object.entries(group.why).map(([why, count]) => `${t(`life.why.${why}`)}: ${number(count)}`).join(" · ")}</p>`;

/** @param {{params: URLSearchParams}} props */
function Groups({ params }) {
  const asked = params.get("show") ?? "open";
  const shown = STATES.includes(asked) ? asked : "open";
  const page = Number(params.get("page")) || 1;
  const { got, error, again } = useFetched(`editor/life${api.query({ state: shown, page })}`);
  /** @type {Group[]} */
  const groups = got?.groups ?? [];
  return html`
    <header class="page__head"><h1>${t("knowledge.base")}</h1></header>
    <${KnowledgeNav} current="life" />
    <p class="muted">${t("life.lead")}</p>
    <nav class="segments desk__filter" aria-label=${t("knowledge.filter")}>${STATES.map((name) => html`<a key=${name} href=${name === "open" ? "#/life" : `#/life?show=${name}`} aria-current=${shown === name ? "true" : undefined}>${t(`life.state.${name}`)} <span class="count">${got?.counts[name] ?? 0}</span></a>`)}</nav>
    <${Fetching} got=${got} error=${error} again=${again} />
    ${got && !groups.length && html`<p class="muted">${t("life.none")}</p>`}
    <ul class="desk__changes" role="list">${groups.map((group) => html`
      <li class="box life__group" key=${group.id}><h2 lang=${group.lang}><a href=${`#/life/${group.id}`}><bdi>${group.texts[0]}</bdi></a></h2>
        ${group.texts.length > 1 && html`<ul class="wording__list" lang=${group.lang}>${group.texts.slice(1).map((one) => html`<li key=${one}><bdi>${one}</bdi></li>`)}</ul>`}
        <${Figures} group=${group} />
        ${group.state !== "open" && html`<p class="muted">${group.decided_by && html`<bdi>${group.decided_by}</bdi> · `}${group.decided_at && dateTime(group.decided_at)} · ${t("life.since", { count: group.since })}</p>`}
      </li>`)}</ul>
    ${got && html`<${Pager} answer=${got} hash=${(/** @type {number} */ to) => `#/life${api.query({ show: shown, page: to })}`} />`}`;
}

/** @param {{id: string}} props */
function GroupView({ id }) {
  const { got, error, again } = useFetched(`editor/life/${encodeURIComponent(id)}`);
  /** @type {GroupPage|null} */
  const group = got;
  return html`
    <header class="page__head"><a class="icon-button" href="#/life" aria-label=${t("life.to_list")}><${Icon} name="back" /></a><h1>${t("life.group")}</h1></header>
    <${Fetching} got=${got} error=${error} again=${again} />
    ${group && html`<${Figures} group=${group} /><${GroupWork} key=${group.id} group=${group} again=${again} />`}`;
}

/** Under which name a new service that is being written is kept. @param {string} group */
const serviceDraft = (group) => `life.${group}.service`;

/** @param {{group: GroupPage, again: () => void}} props */
function GroupWork({ group, again }) {
  const me = useStore((s) => s.me?.id ?? "");
  const services = useFetched("editor/services");
  const turns = useFetched("editor/turns");
  const [kind, setKind] = useState("complaint");
  const texts = [...new Set(group.questions.map((one) => one.text))];
  const [picked, setPicked] = useState(new Set(texts.slice(0, 5)));
  const [service, setService] = useState(group.services[0]?.id ?? "");
  const [aspect, setAspect] = useState("general");
  const [proposing, setProposing] = useState(readDraft(me, serviceDraft(group.id)) !== "");
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState("");
  const [against, setAgainst] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    if (proposing) document.getElementById("new-institution")?.focus();
  }, [proposing]);
  const answers = [...new Set(group.questions.flatMap((one) => one.answers))];
  const chosen = texts.filter((one) => picked.has(one));
  /** @param {() => Promise<void>} step @param {(text: string) => void} [tell] where it is told what went wrong */
  const doing = async (step, tell = setError) => {
    if (busy) return;
    setBusy(true);
    tell("");
    try {
      await step();
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      conflict(problem);
      tell(reason(problem));
    }
    setBusy(false);
  };
  /** Somebody was faster: what there is now is fetched; what is chosen and typed here stays. @param {unknown} problem */
  const conflict = (problem) => {
    if (problem instanceof api.ApiError && problem.status === 409) again();
  };
  const asExamples = () => doing(async () => {
    await api.post(`editor/life/${group.id}/examples`, { version: group.version, service_id: service, lang: group.lang, texts: chosen });
    toast("ok", t("life.drafted"));
    go(`#/knowledge/${service}?lang=${group.lang}`);
  });
  const asTurn = () => doing(async () => {
    await api.post(`editor/life/${group.id}/turn`, { version: group.version, intent: kind, lang: group.lang, texts: chosen });
    toast("ok", t("life.drafted"));
    go("#/training?show=waiting");
  });
  /** @param {string} state */
  const decide = async (state) => {
    try {
      await api.post(`editor/life/${group.id}/decide`, { version: group.version, state });
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      conflict(problem);
      return reason(problem);
    }
    toast("ok", t(`life.done.${state}`));
    again();
    return "";
  };
  /** The operator's words open in the form of the answer, where they are only a beginning; what is begun there stays before them.
   * @param {string} text */
  const useAnswer = (text) => doing(async () => {
    if (!service) {
      setAgainst(t("life.service_first"));
      focusSoon("life-service");
      return;
    }
    const page = await api.get(`editor/services/${encodeURIComponent(service)}`);
    const change = page.changes.find((/** @type {any} */ one) => one.lang === group.lang && one.aspect === aspect) ?? null;
    if (change && !change.may.includes("rewrite")) {
      setAgainst(t("life.answer_open", { who: change.author.name }));
      return;
    }
    if (group.state === "open") await api.post(`editor/life/${group.id}/decide`, { version: group.version, state: "taken" });
    const draft = `answer.${service}.${group.lang}.${aspect}`;
    const begun = readDraft(me, draft) || (change?.text ?? "");
    writeDraft(me, draft, !begun ? text : begun.includes(text) ? begun : `${begun}\n\n${text}`);
    toast("ok", t(begun ? "life.appended" : "life.prefilled"));
    go(`#/knowledge/${service}?lang=${group.lang}`);
  }, setAgainst);
  return html`
    <div class="desk__service">
      <div class="desk__answers">
        <section class="box" aria-labelledby="life-questions"><h2 id="life-questions">${t("life.questions")}</h2>
          <p class="muted">${t("life.pick")}</p>
          ${texts.map((one) => html`<${Tick} key=${one} text=${html`<bdi lang=${group.lang}>${one}</bdi>`} on=${picked.has(one)} note=${t(`life.why.${group.questions.find((q) => q.text === one)?.why}`)}
            onChange=${(/** @type {boolean} */ on) => { const next = new Set(picked); on ? next.add(one) : next.delete(one); setPicked(next); }} />`)}
        </section>
        <section class="box" aria-labelledby="life-answers"><h2 id="life-answers">${t("life.answers")}</h2>
          ${answers.length ? html`<p class="muted">${t("life.answers_lead")}</p>
            <div class="field"><label for="life-aspect">${t("life.aspect")}</label><select class="input" id="life-aspect" value=${aspect} onChange=${(/** @type {any} */ e) => setAspect(e.target.value)}>${ASPECTS.map((one) => html`<option key=${one} value=${one} selected=${one === aspect}>${t(`knowledge.aspect.${one}`)}</option>`)}</select></div>
            ${answers.map((one) => html`<div class="trial__said" key=${one}><p class="desk__text" lang=${group.lang}>${one}</p><${Button} icon="edit" busy=${busy} onClick=${() => useAnswer(one)}>${t("life.use_answer")}</></div>`)}`
          : html`<p class="muted">${t("life.no_answers")}</p>`}
          <${Alert} text=${against} />
        </section>
      </div>
      <section class="box" aria-labelledby="life-do"><h2 id="life-do">${t("life.do")}</h2>
        ${group.change && html`<p><a href="#/knowledge/changes">${t("life.has_change")}</a> · ${t(`knowledge.state.${group.change.state}`)}</p>`}
        <div class="field"><label for="life-service">${t("life.service")}</label><select class="input" id="life-service" value=${service} onChange=${(/** @type {any} */ e) => setService(e.target.value)}>
          ${!service && html`<option value="" selected>${t("macro.choose")}</option>`}
          ${group.services.map((one) => html`<option key=${`n${one.id}`} value=${one.id} selected=${one.id === service}>${one.title}</option>`)}
          ${(services.got?.services ?? []).filter((/** @type {any} */ one) => !group.services.some((near) => near.id === one.id)).map((/** @type {any} */ one) => html`<option key=${one.id} value=${one.id} selected=${one.id === service}>${one.title}</option>`)}</select></div>
        <${Alert} text=${error} />
        <div class="desk__buttons">
          <${Button} kind="primary" icon="plus" busy=${busy || !chosen.length || !service} onClick=${() => chosen.length && service && asExamples()}>${t("life.as_examples")}</>
          ${!proposing && html`<${Button} icon="note" onClick=${() => setProposing(true)}>${t("life.as_service")}</>`}
          ${group.state === "not_ours" || (group.state === "taken" && !group.change)
            ? html`<${Button} icon="undo" busy=${busy} onClick=${() => decide("open").then(setError)}>${t("life.reopen")}</>`
            : html`<${Button} kind="quiet" icon="ban" onClick=${() => setAsking(true)}>${t("life.not_ours")}</>`}
        </div>
        ${turns.got && html`<div class="life__turn"><p class="muted">${t("life.turn_lead")}</p>
          <${KindField} id="life-kind" kinds=${turns.got.kinds.map((/** @type {any} */ one) => one.intent)} value=${kind} onChange=${setKind} />
          <${Button} icon="plus" busy=${busy || !chosen.length} onClick=${() => chosen.length && asTurn()}>${t("life.as_turn")}</></div>`}
        ${proposing && html`<${ServiceForm} first=${{ examples: { [group.lang]: chosen }, answer: answers[0] ? { [group.lang]: answers[0] } : {} }} change=${null} draft=${serviceDraft(group.id)} institutions=${group.institutions}
          onCancel=${() => setProposing(false)} onDone=${() => go("#/knowledge/changes?show=draft")}
          send=${(/** @type {any} */ body) => api.post(`editor/life/${group.id}/service`, { version: group.version, service: body }).catch((problem) => {
            conflict(problem);
            throw problem;
          })} />`}
        ${asking && html`<${Confirm} title=${t("life.not_ours")} lead=${t("life.not_ours_lead")} submit=${t("life.not_ours")} icon="ban" onClose=${() => setAsking(false)} onConfirm=${async () => { const said = await decide("not_ours"); if (!said) setAsking(false); return said; }} />`}
      </section>
    </div>`;
}
