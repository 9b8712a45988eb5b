// @ts-check
// The live board: who waits, who serves, whether the targets are met; every figure leads to its rows.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { rowsHash, useBoard } from "../board.js";
import { useNow } from "../clock.js";
import { Alert, Button } from "../components/bits.js";
import { ClockRows, ClocksNow } from "../components/clocksnow.js";
import { Failed, useRows } from "../components/fetched.js";
import { Icon } from "../components/icons.js";
import { units } from "../components/offer.js";
import { Pager } from "../components/pager.js";
import { cx, html } from "../html.js";
import { clock, duration, label, number, share, t, time, timeOrDate } from "../i18n.js";
import { usePolled } from "../polling.js";
import { conversationHash } from "../router.js";
import { useStore } from "../store.js";
import { useState } from "../vendor/hooks.js";

/** @typedef {import("../board.js").Share} Share */

const GROUPS = ["institution", "queue", "channel", "centre", "language"];
const SHARES = ["chats", "posts", "solved"];
/** What stands behind the part of a share that is missing. @type {Record<string, string>} */
const MISSING = { chats: "chats_late", posts: "posts_late", solved: "not_solved" };
const WINDOWS = ["hour", "today"];

/** @param {{id: string|null, params: URLSearchParams}} props */
export function BoardPage({ id, params }) {
  return html`<main class="page situation" id="main" tabindex="-1">
    ${id === "rows" ? html`<${Rows} key=${params.toString()} params=${params} />` : id === "clocks" ? html`<${ClockRows} params=${params} />` : html`<${Overview} />`}
  </main>`;
}

function Overview() {
  const { board, error, old, reload } = useBoard();
  const role = useStore((s) => s.me?.role ?? "");
  return html`
    <header class="page__head">
      <h1>${t("board.title")}</h1>
      <a class="button" href="#/wall"><${Icon} name="show" /><span>${t("board.to_wall")}</span></a>
    </header>
    ${error && !board && html`<div class="response__failed"><${Alert} text=${reason(error)} /><${Button} icon="refresh" onClick=${reload}>${t("action.try_again")}</></div>`}
    ${!board && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${board && html`
      <p class=${cx("situation__at", old && "situation__at--old")} role=${old ? "alert" : undefined}>
        <${Icon} name=${old ? "warn" : "clock"} size=${14} />${t(old ? "board.at_old" : "board.at", { time: clock(board.at) })}${!board.is_open && html` · ${t("board.shut")}`}</p>
      <${Now} board=${board} />
      <${Targets} board=${board} />
      <${ClocksNow} />
      <${Groups} board=${board} />
      <${People} people=${board.people} />
      ${board.mail.failed > 0 && role !== "admin" && html`<p class="place-note place-note--warn"><${Icon} name="warn" size=${16} />${t("board.mail_failed", { count: board.mail.failed })}</p>`}
      ${role === "admin" && html`<${Mail} />`}`}`;
}

/** A figure that leads to its rows; nought leads nowhere. @param {{figure: string, window?: string, count: number, more?: Record<string, string>, of?: string, trouble?: boolean}} props */
function Figure({ figure, window = "now", count, more = {}, of = "", trouble = false }) {
  if (!count) return html`<span class="muted">${number(count)}</span>`;
  return html`<a class=${cx("figure", trouble && "figure--trouble")} href=${rowsHash(figure, window, more)}>${number(count)}<span class="vh"> – ${t(`board.figure.${figure}`)}${of && `, ${of}`}${window !== "now" && `, ${t(`board.window.${window}`)}`}</span></a>`;
}

/** How long since, ticking. @param {{since: string|null}} props */
function Since({ since }) {
  const now = useNow();
  return since ? html`<span class="situation__ticking">${duration((now - Date.parse(since)) / 1000)}</span>` : html`<span class="muted">–</span>`;
}

/** @param {{board: any}} props */
function Now({ board }) {
  const { now } = board;
  /** @param {string} figure @param {any} [below] @param {boolean} [trouble] */
  const tile = (figure, below, trouble = false) => html`<div class=${cx("tile", trouble && "tile--trouble")}><dt>${t(`board.figure.${figure}`)}</dt>
    <dd><span class="tile__big"><${Figure} figure=${figure} count=${now[figure]} trouble=${trouble} /></span>${below && html`<span class="tile__below">${below}</span>`}</dd></div>`;
  const level2 = ["level2_soon", "level2_late", "level2_over"].filter((one) => now[one] > 0);
  return html`<section aria-labelledby="board-now"><h2 id="board-now">${t("board.now")}</h2>
    <dl class="tiles">
      ${tile("waiting", board.oldest_since && html`${t("board.oldest")} <${Since} since=${board.oldest_since} />`, now.waiting > 0)}
      ${tile("in_service")}
      ${tile("level2", level2.length > 0 && level2.map((one) => html`<span class="tile__part" key=${one}>${t(`board.figure.${one}`)}: <${Figure} figure=${one} count=${now[one]} trouble=${one === "level2_over"} /> </span>`), now.level2_over > 0)}
      ${tile("wrap_up")}
      ${tile("with_assistant")}
    </dl></section>`;
}

/** Whether the target is met, in words and with a sign. @param {{met: boolean|null}} props */
const Met = ({ met }) => html`<span class=${cx("chip met", met === true && "met--yes", met === false && "met--no")}>
  ${met !== null && html`<${Icon} name=${met ? "check" : "warn"} size=${14} />`}${t(met === null ? "response.not_judged" : met ? "response.met" : "response.missed")}</span>`;

/** @param {{board: any}} props */
function Targets({ board }) {
  const { longest } = board;
  return html`<section><h2 id="board-targets">${t("board.targets")}</h2>
    <div class="table-wrap" role="region" aria-labelledby="board-targets" tabindex="0"><table class="table situation__table" role="table">
      <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${t("board.what")}</th>${WINDOWS.map((one) => html`<th scope="col" role="columnheader" key=${one}>${t(`board.window.${one}`)}</th>`)}</tr></thead>
      <tbody role="rowgroup">
        ${SHARES.map((name) => html`<tr role="row" key=${name}>
          <th scope="row" role="rowheader">${t(`board.share.${name}`)}<br /><span class="muted situation__target">${t(`board.target.${name}`, { percent: board.targets[name] })}</span></th>
          ${WINDOWS.map((window) => {
            /** @type {Share} */
            const one = board.windows[window].shares[name];
            const { counts } = board.windows[window];
            return html`<td role="cell" key=${window} data-label=${t(`board.window.${window}`)}><div class="situation__share">
              <strong>${one.whole ? share(one.part, one.whole) : "–"}</strong> <${Met} met=${one.met} />
              ${one.whole > 0 && html`<span class="situation__of">${t("board.of", { part: one.part, count: one.whole })}
                ${counts[MISSING[name]] > 0 && html`<br />${t(`board.figure.${MISSING[name]}`)}: <${Figure} figure=${MISSING[name]} window=${window} count=${counts[MISSING[name]]} trouble />`}
                <br /><a href=${rowsHash({ chats: "chats", posts: "posts", solved: "requests" }[name] ?? name, window)}>${t("board.all_rows")}<span class="vh">: ${t(`board.share.${name}`)}, ${t(`board.window.${window}`)}</span></a></span>`}
            </div></td>`;
          })}</tr>`)}
        ${["contained", "abandoned"].map((name) => html`<tr role="row" key=${name}><th scope="row" role="rowheader">${t(`board.share.${name}`)}</th>
          ${WINDOWS.map((window) => {
            /** @type {Share} */
            const one = board.windows[window].shares[name];
            return html`<td role="cell" key=${window} data-label=${t(`board.window.${window}`)}><div class="situation__share"><strong>${one.whole ? share(one.part, one.whole) : "–"}</strong>
              <span class="situation__of"><${Figure} figure=${name} window=${window} count=${one.part} trouble=${name === "abandoned"} /> ${t("board.of_whole", { count: one.whole })}</span></div></td>`;
          })}</tr>`)}
        <tr role="row"><th scope="row" role="rowheader">${t("board.figure.level2_overdue")}</th>
          ${WINDOWS.map((window) => html`<td role="cell" key=${window} data-label=${t(`board.window.${window}`)}><${Figure} figure="level2_overdue" window=${window} count=${board.windows[window].counts.level2_overdue} trouble /></td>`)}</tr>
      </tbody></table></div>
    <p class="situation__longest"><strong>${t("board.longest")}:</strong> ${longest ? html`<${Longest} one=${longest} />` : t("board.nobody_waited")}</p>
  </section>`;
}

/** @param {{one: any}} props */
function Longest({ one }) {
  const how = one.how === "taken" && one.taker ? t("board.taken_by", { name: one.taker, time: time(one.ended_at) })
    : one.how === null ? t("board.still_waits") : t(`board.wait_${one.how}`, { time: time(one.ended_at) });
  return html`${duration(one.working_s)}${one.whole_s - one.working_s > 60 && html` (${t("board.with_night", { time: duration(one.whole_s) })})`}${", "}${t("board.since", { time: timeOrDate(one.began_at) })}; ${how}${one.requeued && `; ${t("board.requeued")}`}${one.transferred && `; ${t("board.transferred")}`}. <a href=${conversationHash(one.id)}>${t("board.case", { no: String(one.case_no) })}</a>`;
}

/** @param {{board: any}} props */
function Groups({ board }) {
  const [by, setBy] = useState("institution");
  const rows = board.groups[by];
  /** @param {any} row */
  const named = (row) => row.id === null ? t(`board.none.${by}`) : by === "channel" ? label("channel", row.id) : by === "language" ? label("language", row.id) : row.name;
  return html`<section>
    <div class="situation__head"><h2 id="board-groups">${t("board.groups")}</h2>
      <div class="segments" role="group" aria-labelledby="board-groups">${GROUPS.map((one) => html`<button type="button" key=${one} aria-pressed=${one === by ? "true" : "false"} onClick=${() => setBy(one)}>${t(`board.by.${one}`)}</button>`)}</div></div>
    ${rows.length === 0 ? html`<p class="muted">${t("board.nothing_now")}</p>` : html`
    <div class="table-wrap" role="region" aria-labelledby="board-groups" tabindex="0"><table class="table situation__table" role="table">
      <thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${t(`board.by.${by}`)}</th>
        ${["waiting", "oldest", "in_service", "level2", "level2_over"].map((one) => html`<th scope="col" role="columnheader" class="num" key=${one}>${one === "oldest" ? t("board.oldest") : t(`board.figure.${one}`)}</th>`)}</tr></thead>
      <tbody role="rowgroup">${rows.map((/** @type {any} */ row) => {
        const more = { by, group: row.id ?? "" };
        /** @param {string} figure @param {any} [content] */
        const cell = (figure, content) => html`<td role="cell" class="num" key=${figure} data-label=${figure === "oldest" ? t("board.oldest") : t(`board.figure.${figure}`)}>${content ?? html`<${Figure} figure=${figure} count=${row[figure]} more=${more} of=${named(row)} trouble=${figure === "level2_over"} />`}</td>`;
        return html`<tr role="row" key=${row.id ?? ""}><th scope="row" role="rowheader"><bdi>${named(row)}</bdi></th>${cell("waiting")}${cell("oldest", html`<${Since} since=${row.oldest_since} />`)}${cell("in_service")}${cell("level2")}${cell("level2_over")}</tr>`;
      })}</tbody></table></div>`}
  </section>`;
}

/** @param {{people: any[]}} props */
function People({ people }) {
  return html`<section><h2 id="board-people">${t("board.people")}</h2>
    <div class="table-wrap" role="region" aria-labelledby="board-people" tabindex="0"><table class="table situation__table" role="table">
      <thead role="rowgroup"><tr role="row">${["person", "place", "presence", "availability", "talks", "load"].map((one) => html`<th scope="col" role="columnheader" key=${one} class=${cx((one === "talks" || one === "load") && "num")}>${t(`board.column.${one}`)}</th>`)}</tr></thead>
      <tbody role="rowgroup">${people.map((one) => {
        const full = one.capacity !== null && one.carries >= one.capacity * 100;
        return html`<tr role="row" key=${one.id}><th scope="row" role="rowheader"><bdi>${one.name}</bdi><br /><span class="muted situation__target">${label("role", one.role)}</span></th>
          <td role="cell" data-label=${t("board.column.place")}>${one.place ?? "–"}</td>
          <td role="cell" data-label=${t("board.column.presence")}><span class=${cx("chip met", one.online && "met--yes")}>${one.online && html`<${Icon} name="check" size=${14} />`}${t(one.online ? "board.online" : "board.offline")}</span></td>
          <td role="cell" data-label=${t("board.column.availability")}>${t(one.availability === "available" ? "availability.available" : "availability.away")}</td>
          <td role="cell" class="num" data-label=${t("board.column.talks")}>${number(one.load)}</td>
          <td role="cell" class="num" data-label=${t("board.column.load")}>${one.capacity === null ? html`<span class="muted">–</span>` : t("board.load", { load: units(one.carries), count: units(one.capacity * 100) })}${full && html` <span class="situation__full">${t("board.full")}</span>`}</td></tr>`;
      })}</tbody></table></div></section>`;
}

/** Mails that could not be sent: administrators see why, and try again. */
function Mail() {
  const { data, replace } = usePolled("mail", 30_000);
  const [error, setError] = useState("");
  if (!data) return null;
  /** @param {number} id @param {"retry"|"discard"} what */
  const decide = async (id, what) => {
    setError("");
    try {
      replace(await api.post(`mail/${id}/${what}`));
      announce(t(`board.mail.${what}_done`));
    } catch (problem) {
      setError(reason(/** @type {any} */ (problem)));
    }
  };
  return html`<section aria-labelledby="board-mail"><h2 id="board-mail">${t("board.mail.title")}</h2>
    <p class="muted">${data.on ? t("board.mail.state", { queued: data.counts.queued, failed: data.counts.failed }) : t("board.mail.off")}</p>
    <${Alert} text=${error} />
    ${data.rows.length > 0 && html`<ul class="situation__mails">${data.rows.map((/** @type {any} */ row) => html`<li key=${row.id}>
      <span><bdi>${row.to}</bdi> · ${t(`board.mail.kind.${row.kind}`)} · ${timeOrDate(row.created_at)} · ${t(row.state === "failed" ? "board.mail.failed" : "board.mail.tried", { count: row.attempts })} <code>${row.error}</code></span>
      ${row.state === "failed" && html`<span class="situation__mail-acts"><${Button} icon="refresh" onClick=${() => decide(row.id, "retry")}>${t("board.mail.retry")}<span class="vh">: ${row.to}</span></><${Button} icon="bin" onClick=${() => decide(row.id, "discard")}>${t("board.mail.discard")}<span class="vh">: ${row.to}</span></></span>`}
    </li>`)}</ul>`}
  </section>`;
}

// --- the rows behind a figure ----------------------------------------------------------------------------------------

/** @param {{params: URLSearchParams}} props */
function Rows({ params }) {
  const figure = params.get("figure") ?? "waiting";
  const window = params.get("window") ?? "now";
  const page = Math.max(1, Number(params.get("page")) || 1);
  const path = `board/rows${api.query({ figure, window, by: params.get("by") ?? "", group: params.get("group") ?? "", page })}${params.get("by") && !params.get("group") ? "&group=" : ""}`;
  const { answer, error, reload } = useRows(path, (got) => t("board.rows_total", { count: got.total }), "board-rows");
  const columns = ["case", "state", "channel", "institution", "holder", "began", "waiting", "ended"];
  /** @param {number} at */
  const hash = (at) => `#/board/rows?${new URLSearchParams({ ...Object.fromEntries(params), page: String(at) })}`;
  return html`
    <header class="page__head"><h1 id="board-rows" tabindex="-1">${t(`board.figure.${figure}`)}${window !== "now" && ` – ${t(`board.window.${window}`)}`}</h1>
      <a class="button" href="#/board"><${Icon} name="back" /><span>${t("board.back")}</span></a></header>
    ${error && html`<${Failed} text=${error} onRetry=${reload} />`}
    ${!answer && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${answer && html`<p class="muted">${t("board.rows_total", { count: answer.total })} · ${t("board.at", { time: clock(answer.at) })}</p>
      ${answer.total > 0 && html`<div class="table-wrap" role="region" aria-labelledby="board-rows" tabindex="0"><table class="table situation__table" role="table">
        <thead role="rowgroup"><tr role="row">${columns.map((one) => html`<th scope="col" role="columnheader" key=${one}>${t(`board.column.${one}`)}</th>`)}</tr></thead>
        <tbody role="rowgroup">${answer.rows.map((/** @type {any} */ row) => html`<tr role="row" key=${row.id}>
          <th scope="row" role="rowheader"><a href=${conversationHash(row.id)}>${t("board.case", { no: String(row.case_no) })}</a></th>
          <td role="cell" data-label=${t("board.column.state")}>${label("state", row.state)}</td>
          <td role="cell" data-label=${t("board.column.channel")}>${label("channel", row.channel)}, ${label("language", row.lang)}</td>
          <td role="cell" data-label=${t("board.column.institution")}>${row.institution ?? "–"}${row.service && html`<br /><span class="muted">${row.service}</span>`}</td>
          <td role="cell" data-label=${t("board.column.holder")}>${row.holder ?? "–"}${row.centre && html`<br /><span class="muted">${row.centre}</span>`}</td>
          <td role="cell" data-label=${t("board.column.began")}>${timeOrDate(row.opened_at)}</td>
          <td role="cell" data-label=${t("board.column.waiting")}>${row.waiting_since ? html`<${Since} since=${row.waiting_since} />` : row.queued_at && row.taken_at ? duration((Date.parse(row.taken_at) - Date.parse(row.queued_at)) / 1000) : "–"}</td>
          <td role="cell" data-label=${t("board.column.ended")}>${row.closed_at ? timeOrDate(row.closed_at) : "–"}</td></tr>`)}</tbody></table></div>`}
      <${Pager} answer=${answer} hash=${hash} />`}`;
}
