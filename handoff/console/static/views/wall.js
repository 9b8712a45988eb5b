// @ts-check
// The wallboard: a few huge numbers for the room. No names of citizens and no texts; colour is never the only sign.
import { useBoard } from "../board.js";
import { serverNow, useNow } from "../clock.js";
import { Button } from "../components/bits.js";
import { Icon } from "../components/icons.js";
import { cx, html } from "../html.js";
import { clock, duration, number, share, t } from "../i18n.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** A wait that is longer than this calls for hands. */
const LONG_MS = 60_000;

export function Wall() {
  const { board, old, error } = useBoard();
  const [full, setFull] = useState(Boolean(document.fullscreenElement));
  const now = useNow();
  useEffect(() => {
    const change = () => setFull(Boolean(document.fullscreenElement));
    document.addEventListener("fullscreenchange", change);
    /** A screen in a room is touched by nobody: it must not go dark. @type {any} */
    let lamp = null;
    const light = () => {
      if (document.visibilityState === "visible") navigator.wakeLock?.request("screen").then((got) => (lamp = got), () => {});
    };
    light();
    document.addEventListener("visibilitychange", light);
    return () => {
      document.removeEventListener("fullscreenchange", change);
      document.removeEventListener("visibilitychange", light);
      lamp?.release();
    };
  }, []);
  const toggle = () => (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen()).catch(() => {});
  const waits = board?.oldest_since ? now - Date.parse(board.oldest_since) : 0;
  /** @param {string} name @param {any} big @param {any} below @param {"good"|"bad"|""} [mood] */
  const field = (name, big, below, mood = "") => html`<div class=${cx("wall__field", mood && `wall__field--${mood}`)}>
    <dt>${mood && html`<${Icon} name=${mood === "good" ? "check" : "warn"} size=${28} />`}${t(`wall.${name}`)}</dt><dd><span class=${cx("wall__big", String(big).length > 3 && "wall__big--long")}>${big}</span>${below && html`<span class="wall__below">${below}</span>`}</dd></div>`;
  /** @param {string} name */
  const target = (name) => {
    const one = board.windows.today.shares[name];
    const words = one.whole ? html`${t("board.of", { part: one.part, count: one.whole })}<br />${t(one.met ? "response.met" : "response.missed")} (${t(`board.target.${name}`, { percent: board.targets[name] })})` : t("response.not_judged");
    return field(name, one.whole ? share(one.part, one.whole) : "–", words, one.met === null ? "" : one.met ? "good" : "bad");
  };
  return html`<main class="wall" id="main" tabindex="-1">
    <header class="wall__head"><h1>${t("wall.title")}</h1>
      ${board && html`<p class=${cx("wall__at", (old || error) && "wall__at--old")} role=${old ? "alert" : undefined}>
        ${(old || error) && html`<${Icon} name="warn" size=${22} />`}${t(old ? "wall.old" : error ? "wall.trying" : "board.at", { time: clock(board.at), age: duration((serverNow() - Date.parse(board.at)) / 1000) })}</p>`}
      <${Button} icon="show" onClick=${toggle}>${t(full ? "wall.leave_full" : "wall.full")}</>
      ${!full && html`<a class="button" href="#/board">${t("board.back")}</a>`}</header>
    ${!board && html`<p class="wall__loading" role="status">${t(error ? "wall.no_line" : "conversation.loading")}</p>`}
    ${board && html`<dl class=${cx("wall__fields", old && "wall__fields--old")}>
      ${field("waiting", number(board.now.waiting), board.oldest_since ? t("wall.oldest", { time: duration(waits / 1000) }) : t("wall.nobody"), board.now.waiting === 0 ? "good" : waits > LONG_MS ? "bad" : "")}
      ${field("in_service", number(board.now.in_service), t("wall.free", { count: free(board.people) }))}
      ${field("level2", number(board.now.level2), board.now.level2_over ? t("wall.level2_over", { count: board.now.level2_over }) : t("wall.level2_fine"), board.now.level2_over ? "bad" : "")}
      ${target("chats")}${target("posts")}${target("solved")}
    </dl>`}
  </main>`;
}

/** Free places of operators who are there and available. @param {any[]} people */
const free = (people) => people.filter((one) => one.capacity !== null && one.online && one.availability === "available").reduce((sum, one) => sum + Math.max(0, Math.floor(one.capacity - one.carries / 100)), 0);
