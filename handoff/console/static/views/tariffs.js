// @ts-check
// Price lists: prepared as a copy, compared on last year's cases, approved by a second person, in force on their day.
import { told } from "../actions.js";
import * as api from "../api.js";
import { Alert, Button } from "../components/bits.js";
import { Confirm } from "../components/confirm.js";
import { Field, focusInvalid, focusSoon } from "../components/field.js";
import { Icon } from "../components/icons.js";
import { IconButton } from "../components/queueform.js";
import { cx, html } from "../html.js";
import { calendarDay, dateTime, label, t } from "../i18n.js";
import { cell, count as number, money, Table, toTyped, typed } from "../money.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { useEffect, useId, useRef, useState } from "../vendor/hooks.js";

/** @param {{state: string}} props */
const StateChip = ({ state }) => html`<span class=${cx("chip", state === "in_force" && "chip--active", state === "approved" && "chip--on_hold", ["over", "withdrawn"].includes(state) && "chip--closed")}>${label("tariffs.state", state)}</span>`;

/** @param {any} list */
const span = (list) => (list.valid_to ? t("tariffs.span", { from: calendarDay(list.valid_from), to: calendarDay(list.valid_to) }) : t("tariffs.from_on", { from: calendarDay(list.valid_from) }));

/** @param {{id: string|null}} props a price list, or `new` */
export function TariffsPage({ id }) {
  const [all, setAll] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  useEffect(() => {
    let here = true;
    setError("");
    api.get("settlement/price_lists").then((got) => here && setAll(got), (problem) => here && setError(told(problem)));
    return () => {
      here = false;
    };
  }, [id, round]);
  const name = all?.lists.find((/** @type {any} */ one) => one.id === id)?.name;
  return html`
    <main class="page settlements" id="main" tabindex="-1">
      <header class="page__head">
        <a class="icon-button" href=${id ? "#/tariffs" : "#/settlements"} aria-label=${t(id ? "tariffs.to_list" : "settlements.to_list")}><${Icon} name="back" /></a>
        <h1 id="tariffs-title">${id === "new" ? t("tariffs.new") : (name ?? t("tariffs.title"))}</h1>
        ${!id && all?.may_write && html`<div class="page__buttons"><a class="button button--primary" href="#/tariffs/new"><${Icon} name="plus" /><span>${t("tariffs.new")}</span></a></div>`}
      </header>
      <${Alert} text=${error} />
      ${error && html`<${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
      ${!all && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${all && !id && html`<${Lists} lists=${all.lists} />`}
      ${all && id === "new" && html`<${NewList} lists=${all.lists} />`}
      ${all && id && id !== "new" && html`<${PriceList} key=${id} id=${id} known=${all.known} onChanged=${() => setRound(round + 1)} />`}
    </main>`;
}

/** @param {{lists: any[]}} props */
function Lists({ lists }) {
  const columns = ["name", "state", "valid", "prepared", "approved"].map((name) => ({ name: t(`tariffs.column.${name}`) }));
  return html`
    <p class="muted">${t("tariffs.lead")}</p>
    ${!lists.length && html`<p>${t("tariffs.none")}</p>`}
    ${lists.length > 0 && html`<${Table} labelledby="tariffs-title" head=${columns}>
      ${lists.map((one) => html`<tr key=${one.id} role="row">
        <th scope="row" role="rowheader"><a href=${`#/tariffs/${encodeURIComponent(one.id)}`}><bdi>${one.name}</bdi></a></th>
        ${cell(columns[1].name, html`<${StateChip} state=${one.state} />`)}
        ${cell(columns[2].name, span(one))}
        ${cell(columns[3].name, one.created_by && html`<bdi>${one.created_by}</bdi><br /><span class="muted">${dateTime(one.created_at)}</span>`)}
        ${cell(columns[4].name, one.approved_by && html`<bdi>${one.approved_by}</bdi><br /><span class="muted">${dateTime(one.approved_at)}</span>`)}
      </tr>`)}</>`}`;
}

/** @param {{label: string, value: string, options: {id: string, name: string}[], onChange: (value: string) => void, hidden?: boolean}} props `hidden`: the label is read only */
function Select({ label: name, value, options, onChange, hidden = false }) {
  const id = useId();
  return html`<div class="field"><label for=${id} class=${hidden ? "vh" : undefined}>${name}</label>
    <select class="input" id=${id} value=${value} onChange=${(/** @type {any} */ e) => onChange(e.target.value)}>
      ${options.map((one) => html`<option key=${one.id} value=${one.id} selected=${one.id === value}>${one.name}</option>`)}
    </select></div>`;
}

/** The first of next month, then of those after it. */
function monthsAhead() {
  const now = new Date();
  return Array.from({ length: 24 }, (_, ahead) => new Date(Date.UTC(now.getFullYear(), now.getMonth() + 1 + ahead, 1)).toISOString().slice(0, 10));
}

/** @param {{lists: any[]}} props */
function NewList({ lists }) {
  const year = new Date().getFullYear() + 1;
  const [name, setName] = useState(t("tariffs.new_name", { year: String(year) }));
  const [from, setFrom] = useState(`${year}-01-01`);
  const [copy, setCopy] = useState("");
  const [error, setError] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const submit = async () => {
    setTried(true);
    if (busy) return;
    if (!name.trim()) return focusInvalid(form.current);
    setBusy(true);
    setError("");
    try {
      const made = await api.post("settlement/price_lists", { name: name.trim(), valid_from: from, ...(copy ? { copy_of: copy } : {}) });
      toast("ok", t("tariffs.prepared"));
      go(`#/tariffs/${encodeURIComponent(made.id)}`);
    } catch (problem) {
      setError(told(problem));
      setBusy(false);
    }
  };
  return html`<form class="price-form" noValidate ref=${form} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
    <p class="muted">${t("tariffs.new_lead")}</p>
    <${Field} label=${t("tariffs.name")} maxlength="120" value=${name} onInput=${setName} error=${tried && !name.trim() ? t("tariffs.wrong.name") : ""} />
    <${Select} label=${t("tariffs.valid_from")} value=${from} onChange=${setFrom} options=${monthsAhead().map((day) => ({ id: day, name: calendarDay(day) }))} />
    <${Select} label=${t("tariffs.copy_of")} value=${copy} onChange=${setCopy} options=${[{ id: "", name: t("tariffs.copy_today") }, ...lists.map((one) => ({ id: one.id, name: one.name }))]} />
    <${Alert} text=${error} />
    <div><${Button} type="submit" kind="primary" icon="plus" busy=${busy}>${t("tariffs.prepare")}</></div>
  </form>`;
}

/** @param {{id: string, known: any, onChanged: () => void}} props */
function PriceList({ id, known, onChanged }) {
  const [list, setList] = useState(/** @type {any} */ (null));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [act, setAct] = useState("");
  // What is typed stays until it is saved: a form is only made anew after that.
  const [saves, setSaves] = useState(0);
  const [dirty, setDirty] = useState(false);
  const [beside, setBeside] = useState(false);
  const path = `settlement/price_lists/${encodeURIComponent(id)}`;
  const load = () => api.get(path).then((got) => (setList(got), setError("")), (problem) => setError(told(problem)));
  useEffect(() => {
    load();
  }, [id]);
  /** @param {any} got */
  const taken = (got) => {
    setList(got);
    onChanged();
  };
  /** Acts are about what is saved, not about what is only typed. @param {string} what */
  const ask = (what) => {
    if (dirty && what !== "delete") setError(t("tariffs.save_first"));
    else if (what === "compare") compare();
    else setAct(what);
  };
  const compare = async () => {
    if (busy) return;
    setBusy(true);
    setError("");
    try {
      taken(await api.post(`${path}/compare`, { version: list.version }));
      focusSoon("comparison");
    } catch (problem) {
      setError(told(problem));
    }
    setBusy(false);
  };
  /** @param {string} what @param {string} [why] */
  const confirmed = async (what, why) => {
    try {
      if (what === "delete") {
        await api.remove(`${path}?version=${list.version}`);
        toast("ok", t("tariffs.deleted"));
        go("#/tariffs");
        return "";
      }
      taken(await api.post(`${path}/${what}`, { version: list.version, ...(what === "withdraw" ? { reason: why } : {}) }));
    } catch (problem) {
      return told(problem);
    }
    setAct("");
    toast("ok", t(`tariffs.${what}_done`));
    document.getElementById("main")?.focus();
    return "";
  };
  if (!list) return error ? html`<${Alert} text=${error} />` : html`<p class="muted" role="status">${t("conversation.loading")}</p>`;
  const may = new Set(list.may);
  const buttons = { compare: "swap", approve: "done", withdraw: "undo", delete: "bin" };
  return html`
    <p class="price-head"><${StateChip} state=${list.state} /> <span>${span(list)}</span>
      ${list.copied_from && html`<span class="muted">${t("tariffs.copied", { name: list.copied_from.name })}</span>`}
      ${list.created_by && html`<span class="muted">${t("tariffs.prepared_by", { who: list.created_by, when: dateTime(list.created_at) })}</span>`}
      ${list.approved_by && html`<span class="muted">${t("tariffs.approved_by", { who: list.approved_by, when: dateTime(list.approved_at) })}</span>`}
      ${list.withdrawn_by && html`<span class="muted">${t("tariffs.withdrawn_by", { who: list.withdrawn_by, why: list.withdrawn_why ?? "" })}</span>`}</p>
    ${list.state === "compared" && !may.has("approve") && may.has("compare") && html`<p class="notice-line"><${Icon} name="info" />${t("tariffs.another")}</p>`}
    <div class="row-buttons">${Object.entries(buttons).filter(([what]) => may.has(what)).map(([what, icon]) => html`<${Button} key=${what} icon=${icon} kind=${what === "approve" ? "primary" : ""} busy=${busy && what === "compare"}
      onClick=${() => ask(what)}>${t(`tariffs.${what}`)}</>`)}</div>
    <${Alert} text=${error} />
    ${may.has("change") ? html`<${Form} key=${saves} list=${list} known=${known} onDirty=${() => setDirty(true)} onReload=${() => load().then(() => setBeside(true))}
      onSaved=${(/** @type {any} */ got) => { taken(got); setSaves(saves + 1); setDirty(false); setBeside(false); setError(""); }} />
      ${beside && html`<p class="notice-line"><${Icon} name="info" />${t("tariffs.beside")}</p><${Prices} list=${list} />`}` : html`<${Prices} list=${list} />`}
    ${list.comparison && html`<${Comparison} it=${list.comparison} />`}
    ${act && html`<${Confirm} title=${t(`tariffs.${act}_title`, { name: list.name })} lead=${t(`tariffs.${act}_lead`, { from: calendarDay(list.valid_from) })} submit=${t(`tariffs.${act}`)} icon=${buttons[/** @type {"approve"} */ (act)]}
      onClose=${() => setAct("")} onConfirm=${(/** @type {string} */ why) => confirmed(act, why)} reason=${act === "withdraw" ? { label: t("disputes.reason"), missing: t("disputes.reason_missing") } : undefined} />`}`;
}

/** @param {any} line */
const levelName = (line) => (line.level === null ? t("tariffs.levels_1_2") : label("level", line.level));

/** @param {{list: any}} props */
function Prices({ list }) {
  const columns = ["case_kind", "channel", "level", "price"].map((name, at) => ({ name: t(`statement.column.${name}`), num: at === 3 }));
  const fees = ["what", "monthly"].map((name, at) => ({ name: t(`tariffs.column.${name}`), num: at === 1 }));
  return html`
    <section class="settlements__part" aria-labelledby="prices-title"><h2 id="prices-title">${t("tariffs.prices")}</h2>
      <${Table} labelledby="prices-title" head=${columns}>${list.lines.map((/** @type {any} */ one) => html`<tr key=${one.id} role="row">
        <th scope="row" role="rowheader">${one.case_kind ? label("case_kind", one.case_kind) : t("tariffs.any_kind")}</th>
        ${cell(columns[1].name, one.channel ? label("channel", one.channel) : t("tariffs.any_channel"))}
        ${cell(columns[2].name, levelName(one))}${cell(columns[3].name, money(one.price), true)}</tr>`)}</></section>
    <section class="settlements__part" aria-labelledby="monthly-title"><h2 id="monthly-title">${t("tariffs.fees")}</h2>
      ${!list.fees.length && html`<p class="muted">${t("tariffs.no_fees")}</p>`}
      ${list.fees.length > 0 && html`<${Table} labelledby="monthly-title" head=${fees}>${list.fees.map((/** @type {any} */ one, /** @type {number} */ at) => html`<tr key=${at} role="row">
        <th scope="row" role="rowheader">${one.account ?? (one.channel ? t("tariffs.accounts_of", { channel: label("channel", one.channel) }) : t("tariffs.any_account"))}</th>
        ${cell(fees[1].name, one.pays ? money(one.monthly) : t("tariffs.pays_nothing"), true)}</tr>`)}</>`}</section>`;
}

/** @param {{list: any, known: any, onDirty: () => void, onSaved: (list: any) => void, onReload: () => void}} props */
function Form({ list, known, onDirty, onSaved, onReload }) {
  const [name, setName] = useState(list.name);
  const [from, setFrom] = useState(list.valid_from);
  const [lines, setLines] = useState(/** @type {any[]} */ (list.lines.map((/** @type {any} */ one) => ({ ...one, price: toTyped(one.price) }))));
  const [fees, setFees] = useState(/** @type {any[]} */ (list.fees.map((/** @type {any} */ one) => ({ ...one, monthly: toTyped(one.monthly) }))));
  const [tried, setTried] = useState(false);
  const [error, setError] = useState("");
  const [stale, setStale] = useState(false);
  const [busy, setBusy] = useState(false);
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  const ahead = monthsAhead();
  const submit = async () => {
    setTried(true);
    if (busy) return;
    if (!name.trim() || lines.some((one) => typed(one.price, 4) === null) || fees.some((one) => one.pays && typed(one.monthly, 2) === null)) return focusInvalid(form.current);
    setBusy(true);
    setError("");
    const body = {
      version: list.version,
      name: name.trim(),
      valid_from: from,
      lines: lines.map((one) => ({ case_kind: one.case_kind || null, channel: one.channel || null, level: one.level === "" || one.level === null ? null : Number(one.level), price: typed(one.price, 4) })),
      fees: fees.map((one) => ({ channel: one.channel || null, account_id: one.account_id || null, monthly: typed(one.monthly, 2) ?? "0", pays: one.pays })),
    };
    try {
      const saved = await api.put(`settlement/price_lists/${encodeURIComponent(list.id)}`, body);
      toast("ok", t("tariffs.saved"));
      onSaved(saved);
    } catch (problem) {
      setError(told(problem));
      setStale(problem instanceof api.ApiError && problem.code === "price_list_changed");
      setBusy(false);
    }
  };
  /** @param {number} at @param {Record<string, any>} change */
  const setLine = (at, change) => setLines(lines.map((one, place) => (place === at ? { ...one, ...change } : one)));
  /** @param {number} at @param {Record<string, any>} change */
  const setFee = (at, change) => setFees(fees.map((one, place) => (place === at ? { ...one, ...change } : one)));
  const kinds = [{ id: "", name: t("tariffs.any_kind") }, ...known.kinds.map((/** @type {string} */ id) => ({ id, name: label("case_kind", id) }))];
  const channels = [{ id: "", name: t("tariffs.any_channel") }, ...known.channels.map((/** @type {string} */ id) => ({ id, name: label("channel", id) }))];
  const levels = [{ id: "", name: t("tariffs.levels_1_2") }, ...known.levels.map((/** @type {number} */ id) => ({ id: String(id), name: label("level", id) }))];
  const accounts = [
    { id: "", name: t("tariffs.any_account") },
    ...known.channels.map((/** @type {string} */ id) => ({ id: `channel:${id}`, name: t("tariffs.accounts_of", { channel: label("channel", id) }) })),
    ...known.accounts.map((/** @type {any} */ one) => ({ id: `account:${one.id}`, name: `${one.name} (${label("channel", one.channel)})` })),
  ];
  /** @param {number} at @param {string} picked */
  const setWhose = (at, picked) => {
    const [kind, value] = picked.split(/:(.*)/s);
    setFee(at, { channel: kind === "channel" ? value : null, account_id: kind === "account" ? value : null });
  };
  return html`<form class="price-form" noValidate ref=${form} onInput=${onDirty} onChange=${onDirty} onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); submit(); }}>
    <div class="two-columns">
      <${Field} label=${t("tariffs.name")} maxlength="120" value=${name} onInput=${setName} error=${tried && !name.trim() ? t("tariffs.wrong.name") : ""} />
      <${Select} label=${t("tariffs.valid_from")} value=${from} onChange=${setFrom} options=${(ahead.includes(from) ? ahead : [from, ...ahead]).map((day) => ({ id: day, name: calendarDay(day) }))} />
    </div>
    <fieldset class="price-lines"><legend>${t("tariffs.prices")}</legend><p class="field__hint">${t("tariffs.prices_hint")}</p>
      ${lines.map((one, at) => html`<div class="price-line" key=${at} role="group" aria-label=${t("tariffs.line", { number: at + 1 })}>
        <${Select} label=${t("statement.column.case_kind")} value=${one.case_kind ?? ""} options=${kinds} onChange=${(/** @type {string} */ value) => setLine(at, { case_kind: value })} />
        <${Select} label=${t("statement.column.channel")} value=${one.channel ?? ""} options=${channels} onChange=${(/** @type {string} */ value) => setLine(at, { channel: value })} />
        <${Select} label=${t("statement.column.level")} value=${one.level === null ? "" : String(one.level)} options=${levels} onChange=${(/** @type {string} */ value) => setLine(at, { level: value })} />
        <${Field} label=${t("tariffs.price_eur")} inputmode="decimal" class="input num" value=${one.price} onInput=${(/** @type {string} */ value) => setLine(at, { price: value })} error=${tried && typed(one.price, 4) === null ? t("tariffs.wrong.price") : ""} />
        <${IconButton} icon="bin" label=${t("tariffs.remove_line", { number: at + 1 })} onClick=${() => (onDirty(), setLines(lines.filter((_, place) => place !== at)))} />
      </div>`)}
      <div><${Button} icon="plus" onClick=${() => (onDirty(), setLines([...lines, { case_kind: "", channel: "", level: "", price: "" }]))}>${t("tariffs.add_line")}</></div>
    </fieldset>
    <fieldset class="price-lines"><legend>${t("tariffs.fees")}</legend><p class="field__hint">${t("tariffs.fees_hint")}</p>
      ${fees.map((one, at) => html`<div class="price-line price-line--fee" key=${at} role="group" aria-label=${t("tariffs.fee_line", { number: at + 1 })}>
        <${Select} label=${t("tariffs.whose")} value=${one.account_id ? `account:${one.account_id}` : one.channel ? `channel:${one.channel}` : ""} options=${accounts} onChange=${(/** @type {string} */ value) => setWhose(at, value)} />
        <${Select} label=${t("tariffs.pays")} value=${one.pays ? "yes" : "no"} options=${[{ id: "yes", name: t("tariffs.pays_yes") }, { id: "no", name: t("tariffs.pays_nothing") }]} onChange=${(/** @type {string} */ value) => setFee(at, { pays: value === "yes" })} />
        <${Field} label=${t("tariffs.monthly_eur")} inputmode="decimal" class="input num" disabled=${!one.pays} value=${one.monthly} onInput=${(/** @type {string} */ value) => setFee(at, { monthly: value })} error=${tried && one.pays && typed(one.monthly, 2) === null ? t("tariffs.wrong.monthly") : ""} />
        <${IconButton} icon="bin" label=${t("tariffs.remove_fee", { number: at + 1 })} onClick=${() => (onDirty(), setFees(fees.filter((_, place) => place !== at)))} />
      </div>`)}
      <div><${Button} icon="plus" onClick=${() => (onDirty(), setFees([...fees, { channel: null, account_id: null, monthly: "", pays: true }]))}>${t("tariffs.add_fee")}</></div>
    </fieldset>
    <${Alert} text=${error} />
    ${stale && html`<${Button} icon="refresh" onClick=${() => { setStale(false); setError(""); onReload(); }}>${t("tariffs.look_again")}</>`}
    <div><${Button} type="submit" kind="primary" icon="done" busy=${busy}>${t("tariffs.save")}</></div>
  </form>`;
}

/** @param {{it: any}} props */
function Comparison({ it }) {
  const figures = ["cases", "old", "new", "difference"].map((name) => ({ name: t(`tariffs.column.${name}`), num: true }));
  /** @param {any} row */
  const amounts = (row) => html`${cell(figures[0].name, number(row.cases), true)}${cell(figures[1].name, money(row.old), true)}${cell(figures[2].name, money(row.new), true)}${cell(figures[3].name, html`<${Difference} value=${row.difference} />`, true)}`;
  const sections = [
    { id: "by-kind", title: t("tariffs.by_kind"), rows: it.kinds, name: (/** @type {any} */ row) => [label("case_kind", row.case_kind), label("channel", row.channel), t("statement.level", { level: String(row.level) })].join(", ") },
    { id: "by-centre", title: t("tariffs.by_centre"), rows: it.centres, name: (/** @type {any} */ row) => row.name },
    { id: "by-institution", title: t("tariffs.by_institution"), rows: it.institutions, name: (/** @type {any} */ row) => row.name },
  ];
  return html`<section class="settlements__part" aria-labelledby="comparison"><h2 id="comparison" tabindex="-1">${t("tariffs.comparison")}</h2>
    <p class="muted">${t("tariffs.compared_on", { cases: number(it.cases), from: calendarDay(it.from), to: calendarDay(it.to), with: it.with?.name ?? "–" })}</p>
    <p class="comparison-total"><span>${t("tariffs.column.old")}: <strong>${money(it.old)}</strong></span> <span>${t("tariffs.column.new")}: <strong>${money(it.new)}</strong></span> <span>${t("tariffs.column.difference")}: <strong><${Difference} value=${it.difference} /></strong></span></p>
    ${sections.filter((one) => one.rows.length).map((one) => html`<h3 key=${`${one.id} head`} id=${one.id}>${one.title}</h3>
      <${Table} key=${one.id} labelledby=${one.id} head=${[{ name: t("tariffs.column.what") }, ...figures]}>
        ${one.rows.map((/** @type {any} */ row, /** @type {number} */ at) => html`<tr key=${at} role="row"><th scope="row" role="rowheader"><bdi>${one.name(row) || t("tariffs.nobodys")}</bdi></th>${amounts(row)}</tr>`)}</>`)}
  </section>`;
}

/** Its sign is written: colour alone says nothing to some. @param {{value: string}} props */
const Difference = ({ value }) => html`<span class=${Number(value) === 0 ? "" : Number(value) > 0 ? "more" : "less"}>${Number(value) > 0 ? "+" : ""}${money(value)}</span>`;
