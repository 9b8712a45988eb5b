// @ts-check
// Files of services: everything out; a file in, with what it would change, a second person's word, and the way back.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Choice, Field, focusSoon } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { differences } from "../differences.js";
import { html } from "../html.js";
import { dateTime, t } from "../i18n.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { KnowledgeNav } from "./knowledge.js";
import { Check, checkRuns, WorseAsks } from "./wording.js";

/** @typedef {{field: string, before: string, after: string}} FieldChange */
/** @typedef {{id: string, row: number, title: string, kind: "new"|"changed", changes: FieldChange[]}} Item */
/** @typedef {{row: number, field: string, code: string, args: Record<string, string>}} RowProblem */
/**
 * @typedef {object} Import
 * @property {string} id
 * @property {number} version
 * @property {string} file
 * @property {string} form
 * @property {number} rows
 * @property {"draft"|"proposed"|"applied"|"undone"|"dropped"} state
 * @property {"all"|"good"} mode
 * @property {Record<string, number>} counts
 * @property {string} note
 * @property {string} decision
 * @property {{id: string, name: string}} author
 * @property {{id: string, name: string}|null} decided_by
 * @property {{id: string, name: string}|null} undone_by
 * @property {string} created_at
 * @property {string|null} applied_at
 * @property {string|null} undone_at
 * @property {string[]} may
 * @property {"new"|"changed"} part
 * @property {number} offset
 * @property {Item[]} items
 * @property {RowProblem[]} problems
 * @property {{id: string, title: string}[]} gone
 * @property {import("./wording.js").Check} check
 */

const MOST_BYTES = 10 * 1024 * 1024;
/** So many the server gives at once. */
const PAGE = 50;
const MOST_SHOWN = 100;
const COUNTS = ["new", "changed", "unchanged", "problems", "gone", "left"];
const EXPORTS = [["form=json", "json"], ["form=csv", "csv"], ["form=jsonld", "jsonld"], ["form=csv&variants=true", "variants"]];

/** @param {{id: string|null}} props */
export function ImportsPage({ id }) {
  return html`<main class="page desk" id="main" tabindex="-1">${id ? html`<${ImportView} key=${id} id=${id} />` : html`<${Files} />`}</main>`;
}

/** @param {unknown} problem */
function said(problem) {
  if (!(problem instanceof api.ApiError)) throw problem;
  return reason(problem);
}

function Files() {
  const [imports, setImports] = useState(/** @type {Import[]|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    let current = true;
    setError("");
    api.get("editor/imports").then((got) => current && setImports(got.imports), (problem) => current && setError(said(problem)));
    return () => {
      current = false;
    };
  }, [round]);
  return html`
    <header class="page__head"><h1>${t("knowledge.base")}</h1></header>
    <${KnowledgeNav} current="files" />
    <div class="exchange">
      <${Upload} />
      <section class="box" aria-labelledby="export-title"><h2 id="export-title">${t("exchange.export")}</h2><p class="muted">${t("exchange.export_lead")}</p>
        <ul class="exchange__list" role="list">${EXPORTS.map(([query, name]) => html`<li key=${name}><a class="button" href=${`/console/api/editor/export?${query}`} download=""><${Icon} name="download" /><span>${t(`exchange.export.${name}`)}</span></a></li>`)}
          <li><a class="button" href="/console/api/editor/untranslated.csv" download=""><${Icon} name="download" /><span>${t("exchange.export.untranslated")}</span></a></li></ul>
      </section>
    </div>
    <h2>${t("exchange.imports")}</h2>
    ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setRound((n) => n + 1)}>${t("action.try_again")}</>`}
    ${!imports && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${imports && !imports.length && html`<p class="muted">${t("exchange.none")}</p>`}
    ${imports && imports.length > 0 && html`<div class="table-wrap"><table class="table">
      <thead><tr><th scope="col">${t("exchange.col.file")}</th><th scope="col">${t("exchange.col.state")}</th><th scope="col">${t("exchange.count.new")}</th><th scope="col">${t("exchange.count.changed")}</th><th scope="col">${t("exchange.count.problems")}</th><th scope="col">${t("exchange.col.author")}</th><th scope="col">${t("exchange.col.when")}</th></tr></thead>
      <tbody>${imports.map((one) => html`<tr key=${one.id}>
        <th scope="row"><a href=${`#/import/${one.id}`}><bdi>${one.file}</bdi></a></th>
        <td data-label=${t("exchange.col.state")}>${t(`exchange.state.${one.state}`)}</td>
        <td data-label=${t("exchange.count.new")}>${one.counts.new}</td>
        <td data-label=${t("exchange.count.changed")}>${one.counts.changed}</td>
        <td data-label=${t("exchange.count.problems")}>${one.counts.problems}</td>
        <td data-label=${t("exchange.col.author")}><bdi>${one.author.name}</bdi></td>
        <td data-label=${t("exchange.col.when")}>${dateTime(one.created_at)}</td></tr>`)}</tbody></table></div>`}`;
}

function Upload() {
  const [file, setFile] = useState(/** @type {File|null} */ (null));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async () => {
    if (busy) return;
    const problem = !file ? t("exchange.choose_first") : file.size > MOST_BYTES ? t("exchange.too_large") : "";
    setError(problem);
    if (!file || problem) return focusSoon("import-file");
    setBusy(true);
    try {
      const row = await api.upload(`editor/imports${api.query({ file: file.name })}`, file);
      go(`#/import/${row.id}`);
    } catch (refused) {
      setError(said(refused));
      setBusy(false);
      focusSoon("import-file");
    }
  };
  return html`
    <section class="box" aria-labelledby="import-title"><h2 id="import-title">${t("exchange.import")}</h2><p class="muted">${t("exchange.import_lead")}</p>
      <form class="desk__form" noValidate onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); send(); }}>
        <div class="field"><label for="import-file">${t("exchange.file")}</label><p class="field__hint" id="import-hint">${t("exchange.file_hint")}</p>
          <input class="input" id="import-file" type="file" accept=".csv,.json,.jsonld,.txt" aria-invalid=${error ? "true" : undefined} aria-describedby=${error ? "import-hint import-error" : "import-hint"}
            onChange=${(/** @type {any} */ e) => { setFile(e.target.files[0] ?? null); setError(""); }} />
          ${error && html`<p class="field__error" id="import-error" role="alert">${error}</p>`}</div>
        <div><${Button} type="submit" kind="primary" icon="search" busy=${busy}>${t("exchange.look")}</></div>
        <p class="muted" role="status">${busy ? t("exchange.reading") : ""}</p>
      </form>
    </section>`;
}

/** @param {{id: string}} props */
function ImportView({ id }) {
  const [got, setGot] = useState(/** @type {Import|null} */ (null));
  const [error, setError] = useState("");
  const [asked, setAsked] = useState({ part: "", offset: 0, round: 0 });
  const heading = useRef(/** @type {HTMLElement|null} */ (null));
  useEffect(() => {
    let current = true;
    setError("");
    const path = `editor/imports/${encodeURIComponent(id)}`;
    api.get(path + api.query({ part: asked.part || undefined, offset: asked.offset || undefined })).then(
      (answer) => {
        if (!current) return;
        // A file of nothing but new services shows them first.
        if (!asked.part && !answer.counts.changed && answer.counts.new) setAsked({ ...asked, part: "new" });
        else setGot(answer);
      },
      (problem) => current && setError(said(problem)),
    );
    return () => {
      current = false;
    };
  }, [id, asked]);
  useEffect(() => heading.current?.focus(), [Boolean(got)]);
  /** @param {"new"|"changed"} part @param {number} offset */
  const show = (part, offset) => setAsked({ part, offset, round: asked.round + 1 });
  const again = () => setAsked({ ...asked, round: asked.round + 1 });
  return html`
    <header class="page__head"><a class="icon-button" href="#/import" aria-label=${t("exchange.to_list")}><${Icon} name="back" /></a>
      <h1 tabindex="-1" ref=${heading}><bdi>${got?.file ?? t("exchange.import")}</bdi></h1></header>
    ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${again}>${t("action.try_again")}</>`}
    ${!got && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${got && html`<${ImportBody} got=${got} again=${again} show=${show} />`}`;
}

/** @param {{got: Import, again: () => void, show: (part: "new"|"changed", offset: number) => void}} props */
function ImportBody({ got, again, show }) {
  const runs = checkRuns(got.check);
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setTimeout(again, 1500);
    return () => clearTimeout(timer);
  }, [got]);
  const judged = got.state === "proposed" || (got.state === "draft" && got.check.needed) || got.check.result;
  const total = got.counts[got.part];
  return html`
    <p class="exchange__state"><span class="chip">${t(`exchange.state.${got.state}`)}</span> <span class="muted"><bdi>${got.author.name}</bdi>, ${dateTime(got.created_at)}${got.decided_by && html` · ${t("exchange.decided_by", { name: got.decided_by.name })}`}${got.applied_at && html`, ${dateTime(got.applied_at)}`}${got.undone_by && html` · ${t("exchange.undone_by", { name: got.undone_by.name })}${got.undone_at && `, ${dateTime(got.undone_at)}`}`}</span></p>
    ${got.note && html`<p class="desk__text"><strong>${t("exchange.note")}:</strong> ${got.note}</p>`}
    ${got.decision && html`<p class="desk__text"><strong>${t("exchange.decision")}:</strong> ${got.decision}</p>`}
    <dl class="exchange__counts">${COUNTS.filter((name) => got.counts[name] || name === "new" || name === "changed").map((name) => html`<div class="box" key=${name}><dt>${t(`exchange.count.${name}`)}</dt><dd>${got.counts[name]}</dd></div>`)}</dl>
    ${judged && html`<${Check} change=${got} />`}
    <${Steps} got=${got} again=${again} />
    ${got.problems.length > 0 && html`<section class="box" aria-labelledby="problems-title"><h2 id="problems-title">${t("exchange.problems")}</h2>
      <div class="table-wrap"><table class="table"><thead><tr><th scope="col">${t("exchange.col.row")}</th><th scope="col">${t("exchange.col.field")}</th><th scope="col">${t("exchange.col.problem")}</th></tr></thead>
        <tbody>${got.problems.map((one, i) => html`<tr key=${i}><th scope="row">${one.row || "–"}${one.args.node && html` <code>${one.args.node}</code>`}</th><td data-label=${t("exchange.col.field")}><code>${one.field || "–"}</code></td><td data-label=${t("exchange.col.problem")}>${t(`exchange.problem.${one.code}`, one.args)}</td></tr>`)}</tbody></table></div>
      ${got.counts.problems > got.problems.length && html`<p class="muted">${t("exchange.first_only", { count: got.problems.length })}</p>`}
      <p><a class="button" href=${`/console/api/editor/imports/${encodeURIComponent(got.id)}/problems.csv`} download=""><${Icon} name="download" /><span>${t("exchange.problems_csv")}</span></a></p></section>`}
    <section class="exchange__changes" aria-labelledby="items-title"><h2 id="items-title">${t("exchange.changes")}</h2>
      <div class="segments" role="group" aria-label=${t("exchange.changes")}>${/** @type {("changed"|"new")[]} */ (["changed", "new"]).map((part) => html`<button type="button" key=${part} aria-pressed=${part === got.part ? "true" : "false"} onClick=${() => show(part, 0)}>${t(`exchange.count.${part}`)} ${got.counts[part]}</button>`)}</div>
      ${!got.items.length && html`<p class="muted">${t("exchange.no_changes")}</p>`}
      <ul class="desk__changes" role="list">${got.items.map((item) => html`<li class="box" key=${item.id}><h3><bdi>${item.title}</bdi> <span class="muted"><code>${item.id}</code> · ${t("exchange.row", { row: item.row })}</span></h3>
        <dl class="exchange__fields">${item.changes.map((one) => html`<div key=${one.field}><dt><code>${one.field}</code></dt><dd class="diff">${one.before ? differences(one.before, one.after).map(({ kind, text }, i) => (kind === "same" ? text : kind === "new" ? html`<ins key=${i}>${text}</ins>` : html`<del key=${i}>${text}</del>`)) : html`<ins>${one.after}</ins>`}</dd></div>`)}</dl></li>`)}</ul>
      ${total > PAGE && html`<nav class="desk__buttons" aria-label=${t("exchange.pages")}>
        <${Button} icon="back" busy=${got.offset === 0} onClick=${() => got.offset > 0 && show(got.part, Math.max(0, got.offset - PAGE))}>${t("exchange.page_before")}</>
        <span class="muted" role="status">${t("exchange.shown", { from: got.offset + 1, to: Math.min(got.offset + PAGE, total), total })}</span>
        <${Button} icon="right" busy=${got.offset + PAGE >= total} onClick=${() => got.offset + PAGE < total && show(got.part, got.offset + PAGE)}>${t("exchange.page_after")}</></nav>`}
    </section>
    ${got.gone.length > 0 && html`<details class="box"><summary>${t("exchange.count.gone")} (${got.gone.length})</summary><p class="muted">${t("exchange.gone_lead")}</p>
      <ul>${got.gone.slice(0, MOST_SHOWN).map((one) => html`<li key=${one.id}><a href=${`#/knowledge/${one.id}`}><bdi>${one.title}</bdi></a> <code>${one.id}</code></li>`)}</ul>
      ${got.gone.length > MOST_SHOWN && html`<p class="muted">${t("exchange.first_only", { count: MOST_SHOWN })}</p>`}</details>`}`;
}

/** What this person may do with it now. @param {{got: Import, again: () => void}} props */
function Steps({ got, again }) {
  const [mode, setMode] = useState(/** @type {string} */ ("all"));
  const [note, setNote] = useState(got.note);
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState("");
  const may = new Set(got.may);
  const path = `editor/imports/${encodeURIComponent(got.id)}`;
  /** @param {string} act @param {Record<string, unknown>} [more] @returns {Promise<string>} what went wrong, or nothing */
  const act = async (act, more = {}) => {
    try {
      if (act === "drop") await api.remove(`${path}${api.query({ version: got.version })}`);
      else await api.post(`${path}/${act}`, { version: got.version, ...more });
    } catch (problem) {
      // Somebody was faster: what there is now is fetched, and what is typed stays.
      if (problem instanceof api.ApiError && problem.status === 409) again();
      return said(problem);
    }
    toast("ok", t(`exchange.did.${act}`));
    setAsking("");
    again();
    return "";
  };
  /** @param {string} name @param {Record<string, unknown>} [more] */
  const now = async (name, more) => {
    if (busy) return;
    setBusy(true);
    setError(await act(name, more));
    setBusy(false);
  };
  const runs = checkRuns(got.check);
  const approve = () => (got.check.fresh && got.check.result?.is_worse ? setAsking("approve") : now("approve"));
  if (!may.size) return null;
  const something = got.counts.new + got.counts.changed > 0;
  return html`
    <section class="box" aria-label=${t("exchange.steps")}>
      ${may.has("propose") && something && html`<div class="desk__form">
        ${got.counts.problems > 0 && html`<${Choice} legend=${t("exchange.mode")} value=${mode} onChange=${setMode}
          items=${["all", "good"].map((id) => ({ id, name: t(`exchange.mode.${id}`), note: t(`exchange.mode.${id}_note`) }))} />`}
        <${Field} label=${t("exchange.note")} value=${note} onInput=${setNote} rows=${2} optional maxLength="2000" /></div>`}
      ${may.has("propose") && !something && html`<p>${t("exchange.nothing")}</p>`}
      <${Alert} text=${error} />
      <div class="desk__buttons">
        ${may.has("propose") && something && html`<${Button} kind="primary" icon="send" busy=${busy} onClick=${() => now("propose", { mode, note })}>${t("exchange.propose")}</>`}
        ${may.has("approve") && html`<${Button} kind="primary" icon="check" busy=${busy || runs} onClick=${() => !runs && approve()}>${t("exchange.approve")}</>`}
        ${may.has("send_back") && html`<${Button} icon="back" onClick=${() => setAsking("send_back")}>${t("exchange.send_back")}</>`}
        ${may.has("check") && html`<${Button} icon="refresh" busy=${busy} onClick=${() => now("check")}>${t("exchange.check")}</>`}
        ${may.has("undo") && html`<${Button} icon="undo" onClick=${() => setAsking("undo")}>${t("exchange.undo")}</>`}
        ${may.has("drop") && html`<${Button} kind="quiet" icon="bin" onClick=${() => setAsking("drop")}>${t("exchange.drop")}</>`}
      </div>
      ${asking === "approve" && html`<${WorseAsks} check=${got.check} onClose=${() => setAsking("")} onConfirm=${(/** @type {string} */ note) => act("approve", { note })} />`}
      ${asking === "undo" && html`<${Confirm} title=${t("exchange.undo")} lead=${t("exchange.undo_lead")} submit=${t("exchange.undo")} icon="undo" onClose=${() => setAsking("")} onConfirm=${() => act("undo")} />`}
      ${asking === "drop" && html`<${Confirm} title=${t("exchange.drop")} lead=${t("exchange.drop_lead")} submit=${t("exchange.drop")} icon="bin" onClose=${() => setAsking("")} onConfirm=${() => act("drop")} />`}
      ${asking === "send_back" && html`<${Confirm} title=${t("exchange.send_back")} lead=${t("exchange.send_back_lead")} submit=${t("exchange.send_back")} icon="back" onClose=${() => setAsking("")}
        reason=${{ label: t("exchange.decision"), missing: t("exchange.reason_missing") }} onConfirm=${(/** @type {string} */ why) => act("send_back", { note: why })} />`}
    </section>`;
}
