// @ts-check
// Conversation plans and guides: the list, one with its versions, and the wish that waits for a second person.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Icon } from "../components/icons.js";
import { fold } from "../components/picklist.js";
import { StepChanges } from "../components/plandiff.js";
import { PlanForm } from "../components/planform.js";
import { useWish, WishAsks, WishHead } from "../components/wish.js";
import { cx, html } from "../html.js";
import { calendarDay, dateTime, label, lang, t } from "../i18n.js";
import { readDraft } from "../keep.js";
import { newPlan, STEP_ICON, stepLine, triggerText } from "../plans.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Fetching, KnowledgeNav, useFetched } from "./knowledge.js";

/** @typedef {import("../plans.js").Plan} Plan */
/** @typedef {import("../plans.js").PlanChange} PlanChange */
/** @typedef {import("../plans.js").Choices} Choices */
/** @typedef {{id: string, name: string, kind: string, in_force: boolean, number: number|null, steps: number, triggers: import("../plans.js").Trigger[], review: string|null, due: boolean, changed_at: string, open: string|null}} Row */
/** @typedef {{number: number, current: boolean, origin: string, by: string|null, at: string, content: Plan, differences: import("../plans.js").Differences}} Version */

const SHOWN = ["all", "due", "open"];

/** @param {{id: string|null, params: URLSearchParams}} props `id`: one of them, or `new` */
export function PlansPage({ id, params }) {
  const [name, setName] = useState("");
  return html`
    <main class="page desk plans-page" id="main" tabindex="-1">
      <header class="page__head">
        ${id && html`<a class="icon-button" href="#/plans" aria-label=${t("plans.to_list")}><${Icon} name="back" /></a>`}
        <h1>${id === "new" ? t("plans.new") : id ? name || t("plans.one") : t("plans.title")}</h1>
        ${!id && html`<div class="page__buttons"><a class="button button--primary" href="#/plans/new"><${Icon} name="plus" /><span>${t("plans.new")}</span></a></div>`}
      </header>
      ${!id && html`<${KnowledgeNav} current="plans" />`}
      ${id === null ? html`<${List} show=${params.get("show") ?? "all"} />` : html`<${One} key=${id} id=${id} onName=${setName} />`}
    </main>`;
}

/** @param {{show: string}} props */
function List({ show }) {
  const { got, error, again } = useFetched("plans");
  const choices = useFetched("plans/choices");
  const [search, setSearch] = useState("");
  const wanted = fold(search.trim());
  /** @type {Row[]} */
  const rows = got?.plans ?? [];
  /** @type {PlanChange[]} */
  const changes = got?.changes ?? [];
  const shown = rows.filter((row) => (show !== "due" || row.due) && (show !== "open" || row.open) && (!wanted || fold(row.name).includes(wanted)));
  const fresh = changes.filter((one) => !rows.some((row) => row.id === one.plan_id));
  return html`
    <p class="muted">${t("plans.lead")}</p>
    <div class="desk__tools">
      <div class="field"><label for="plans-search">${t("plans.search")}</label>
        <input class="input" id="plans-search" type="search" value=${search} onInput=${(/** @type {any} */ e) => setSearch(e.target.value)} /></div>
      <nav class="segments desk__filter" aria-label=${t("knowledge.filter")}>${SHOWN.map((one) => html`
        <a key=${one} href=${one === "all" ? "#/plans" : `#/plans?show=${one}`} aria-current=${show === one ? "true" : undefined}>${t(`plans.show.${one}`)}</a>`)}</nav>
    </div>
    <${Fetching} got=${got} error=${error} again=${again} />
    ${show !== "due" && fresh.length > 0 && html`<section aria-labelledby="plans-fresh"><h2 id="plans-fresh">${t("plans.fresh")}</h2>
      <ul class="canned-list" role="list">${fresh.map((one) => html`<li key=${one.id}><a class="canned-row" href=${`#/plans/${one.plan_id}`}>
        <span class="canned-row__title"><bdi>${one.name}</bdi></span><span class=${cx("chip", `chip--${one.state}`)}>${t(`knowledge.state.${one.state}`)}</span>
        <span class="canned-row__who muted"><bdi>${one.author.name}</bdi> · ${dateTime(one.changed_at)}</span></a></li>`)}</ul></section>`}
    ${got && html`<p class="vh" role="status">${t("plans.found", { count: shown.length })}</p>`}
    ${got && !shown.length && html`<p class="muted">${t("pick.nothing")}</p>`}
    <ul class="canned-list" role="list">${shown.map((row) => html`
      <li key=${row.id}><a class="canned-row" href=${`#/plans/${row.id}`}>
        <span class="canned-row__title"><bdi>${row.name}</bdi></span>
        <span class="badge">${label("plans.kind", row.kind)}</span>
        ${!row.in_force && html`<span class="chip chip--closed">${t("plans.withdrawn")}</span>`}
        ${row.open && html`<span class=${cx("chip", `chip--${row.open}`)}>${t(`knowledge.state.${row.open}`)}</span>`}
        <span class="canned-row__text">${row.triggers.map((one) => triggerText(one, choices.got)).join("; ") || t("plans.no_triggers")}</span>
        <span class="canned-row__who muted">${t("plans.steps_count", { count: row.steps })} · ${row.number !== null ? t("knowledge.version", { number: row.number }) : t("plans.withdrawn")} · ${dateTime(row.changed_at)}
          ${row.review && html` · ${row.due ? html`<span class="desk__due"><${Icon} name="warn" size=${14} />${t("knowledge.review", { day: calendarDay(row.review) })}</span>` : t("knowledge.review", { day: calendarDay(row.review) })}`}</span>
      </a></li>`)}</ul>`;
}

/** @param {{id: string, onName: (name: string) => void}} props */
function One({ id, onName }) {
  const me = useStore((s) => s.me?.id ?? "");
  const isNew = id === "new";
  const page = useFetched(isNew ? "plans" : `plans/${encodeURIComponent(id)}`);
  const choices = useFetched("plans/choices");
  const [editing, setEditing] = useState(isNew || readDraft(me, `plan.${id}`) !== "");
  const [back, setBack] = useState(/** @type {number|null} */ (null));
  const [withdrawing, setWithdrawing] = useState(false);
  /** @type {Version[]} */
  const versions = isNew ? [] : (page.got?.versions ?? []);
  /** @type {PlanChange|null} */
  const change = isNew ? null : (page.got?.change ?? null);
  const current = versions.find((one) => one.current) ?? null;
  const base = current?.number ?? null;
  const content = change?.content ?? current?.content ?? versions[0]?.content ?? newPlan();
  const called = isNew || !page.got ? "" : /** @type {Record<string, string>} */ (/** @type {unknown} */ (content.name))[lang()] || content.name.lv;
  useEffect(() => onName(called), [called]);
  const ready = page.got && choices.got;
  const mayWrite = !change || change.may.includes("rewrite");
  const restore = async () => {
    try {
      await api.post(`plans/${encodeURIComponent(id)}/restore`, { to: back, base });
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      return reason(problem);
    }
    setBack(null);
    toast("ok", t("knowledge.restored"));
    page.again();
    return "";
  };
  const withdraw = async (/** @type {string} */ note) => {
    try {
      const made = await api.post("plans/changes", { plan_id: id, content: null, base, note });
      await api.post(`plans/changes/${made.id}/propose`, { version: made.version });
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      return reason(problem);
    }
    setWithdrawing(false);
    toast("ok", t("plans.proposed"));
    page.again();
    return "";
  };
  if (!ready) return html`<${Fetching} got=${page.got} error=${page.error || choices.error} again=${() => { page.again(); choices.again(); }} />`;
  if (editing && mayWrite) {
    return html`<${PlanForm} key=${`${id}-${change?.version ?? 0}`} planId=${isNew ? null : id} base=${base} content=${content} change=${change} choices=${choices.got} current=${current?.content ?? null}
      onDone=${(/** @type {string} */ planId) => { setEditing(false); page.again(); if (isNew) go(`#/plans/${planId}`, true); document.getElementById("main")?.focus(); }}
      onCancel=${() => { setEditing(false); if (isNew) go("#/plans"); }} />`;
  }
  return html`
    ${change && html`<${ChangeBox} key=${`${change.id}-${change.version}`} change=${change} choices=${choices.got} again=${page.again} onEdit=${() => setEditing(true)} />`}
    <section class="box" aria-labelledby="plan-now">
      <header class="desk__head"><h2 id="plan-now">${current ? t("plans.now", { number: current.number }) : t("plans.not_in_force")}</h2>
        ${!change && html`<${Button} icon="edit" onClick=${() => setEditing(true)}>${t("knowledge.edit")}</>`}
        ${!change && current && html`<${Button} kind="quiet" icon="ban" onClick=${() => setWithdrawing(true)}>${t("plans.withdraw")}</>`}</header>
      ${current && html`<${Reading} plan=${current.content} choices=${choices.got} />`}
    </section>
    ${versions.length > 0 && html`<section class="box" aria-labelledby="plan-versions"><h2 id="plan-versions">${t("knowledge.history")}</h2>
      <ol class="versions" role="list">${versions.map((one) => html`
        <li key=${one.number}>
          <p class="change__head"><strong>${t("knowledge.version", { number: one.number })}</strong>${one.current && html` <span class="chip chip--active">${t("plans.in_force")}</span>`}
            <time datetime=${one.at}>${dateTime(one.at)}</time> · ${one.by ? html`<bdi>${one.by}</bdi>` : t(`plans.origin.${one.origin}`)}</p>
          ${one.number > 1 && html`<${StepChanges} differences=${one.differences} />`}
          ${!one.current && !change && html`<${Button} icon="undo" onClick=${() => setBack(one.number)}>${t("knowledge.restore")}<span class="vh">: ${t("knowledge.version", { number: one.number })}</span></>`}
        </li>`)}</ol></section>`}
    ${back !== null && html`<${Confirm} title=${t("knowledge.restore")} lead=${t("plans.restore_lead", { number: back })} submit=${t("knowledge.restore")} icon="undo" onClose=${() => setBack(null)} onConfirm=${restore} />`}
    ${withdrawing && html`<${Confirm} title=${t("plans.withdraw")} lead=${t("plans.withdraw_lead")} submit=${t("knowledge.propose")} icon="ban" onClose=${() => setWithdrawing(false)} reason=${{ label: t("knowledge.field.note"), missing: t("knowledge.why_missing") }} onConfirm=${withdraw} />`}`;
}

/** A plan to be read. @param {{plan: Plan, choices: Choices}} props */
const Reading = ({ plan, choices }) => html`
  <dl class="facts">
    <div><dt>${t("plans.field.kind")}</dt><dd>${label("plans.kind", plan.kind)}</dd></div>
    ${plan.service_id && html`<div><dt>${t("plans.field.service")}</dt><dd>${choices.services.find((one) => one.id === plan.service_id)?.name ?? plan.service_id}</dd></div>`}
    <div><dt>${t("plans.triggers")}</dt><dd>${plan.triggers.map((one) => triggerText(one, choices)).join("; ") || t("plans.no_triggers")}</dd></div>
    ${plan.source && html`<div><dt>${t("plans.field.source")}</dt><dd><a href=${plan.source.url} target="_blank" rel="noreferrer noopener">${plan.source.title}</a>, ${calendarDay(plan.source.date)}</dd></div>`}
    ${plan.review && html`<div><dt>${t("plans.field.review")}</dt><dd>${calendarDay(plan.review)}</dd></div>`}
  </dl>
  <ol class="plan-reading" role="list">${plan.steps.map((step, at) => html`
    <li key=${step.id}><span class="plan-reading__no" aria-hidden="true">${at + 1}.</span><${Icon} name=${STEP_ICON[step.kind]} size=${16} />
      <div><p class="muted">${label("plans.step", step.kind)}${step.answer && html` · ${label("plans.answer", step.answer)}`}</p>
        <p class="desk__text" lang=${lang()}><bdi>${stepLine(step, lang())}</bdi></p>
        ${step.options.length > 0 && html`<p class="muted">${step.options.map((one) => {
          const name = /** @type {Record<string, string>} */ (/** @type {unknown} */ (one.label))[lang()] || (one.id === "yes" || one.id === "no" ? t(`plans.${one.id}`) : one.id);
          const to = plan.steps.findIndex((other) => other.id === one.next);
          return to >= 0 ? `${name} → ${to + 1}.` : name;
        }).join(" · ")}</p>`}
        ${step.next && html`<p class="muted">→ ${plan.steps.findIndex((other) => other.id === step.next) + 1}.</p>`}</div></li>`)}</ol>`;

/** @param {{change: PlanChange, choices: Choices, again: () => void, onEdit: () => void}} props */
function ChangeBox({ change, choices, again, onEdit }) {
  const done = () => {
    again();
    document.getElementById("main")?.focus();
  };
  const wish = useWish("plans/changes", change, { done, conflict: again, said: (verb) => `plans.done.${verb}` });
  const { busy, error, press, setAsking } = wish;
  const may = new Set(change.may);
  return html`
    <section class="box change" aria-label=${t("plans.change")}>
      <${WishHead} change=${change} />
      ${change.content === null ? html`<p><strong>${t("plans.withdraws")}</strong></p>` : html`<${StepChanges} differences=${change.differences} />`}
      ${change.content !== null && html`<details><summary>${t("plans.whole")}</summary><${Reading} plan=${change.content} choices=${choices} /></details>`}
      <${Alert} text=${error} />
      <div class="desk__buttons">
        ${may.has("approve") && html`<${Button} kind="primary" icon="check" busy=${busy} onClick=${() => press("approve")}>${t("knowledge.approve")}</>`}
        ${may.has("propose") && html`<${Button} kind="primary" icon="send" busy=${busy} onClick=${() => press("propose")}>${t("knowledge.propose")}</>`}
        ${may.has("rewrite") && change.content !== null && html`<${Button} icon="edit" onClick=${onEdit}>${t("knowledge.edit")}</>`}
        ${may.has("send_back") && html`<${Button} icon="undo" onClick=${() => setAsking("send_back")}>${t("knowledge.send_back")}</>`}
        ${may.has("drop") && html`<${Button} kind="quiet" icon="bin" onClick=${() => setAsking("drop")}>${t("knowledge.drop")}</>`}
      </div>
      <${WishAsks} wish=${wish} drop=${t("plans.drop_lead")} />
    </section>`;
}
