// @ts-check
/**
 * The look. Constructable style sheets work under a page's strict `style-src`, and the shadow root keeps the page's own
 * rules out. Sizes are in px on purpose: `rem` would follow the host page's root size, which many sites set to 62.5 %.
 */

import { palette } from './colour.js';

/**
 * @param {string} accent
 * @returns {string}
 */
function theme(accent) {
  const { fill, lightText, darkText } = palette(accent);
  return `
:host { --fill: ${fill}; --accent: ${lightText}; }
@media (prefers-color-scheme: dark) { :host { --accent: ${darkText}; } }
`;
}

const BASE = `
:host {
  all: initial;
  --bg: #ffffff; --surface: #f5f2f3; --raised: #ffffff; --text: #1f1a1c; --muted: #61575b; --line: #e3dcde;
  --control: #8b7f84; --danger: #b3261e; --danger-bg: #fdf1f0; --calm-bg: #f4f0e6; --calm-line: #d9cfb4;
  --shadow: 0 1px 2px rgb(40 20 28 / 8%), 0 12px 40px rgb(40 20 28 / 20%);
  --focus: #0b57d0;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :host {
    --bg: #1c181a; --surface: #2b2628; --raised: #242022; --text: #f3edef; --muted: #bcb0b5; --line: #443b3f;
    --control: #94878c; --danger: #ffb4ab; --danger-bg: #3c2422; --calm-bg: #322d22; --calm-line: #575036;
    --shadow: 0 1px 2px rgb(0 0 0 / 40%), 0 12px 40px rgb(0 0 0 / 55%);
    --focus: #a8c7fa;
  }
}
@media print { :host { display: none; } }

*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
.root {
  font: 400 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif;
  color: var(--text); text-align: start; -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
}
h2, h3, p, ul, fieldset { margin: 0; padding: 0; border: 0; }
button, input, textarea { font: inherit; color: inherit; margin: 0; }
button { cursor: pointer; background: none; border: 0; padding: 0; -webkit-tap-highlight-color: transparent; }
bdi { unicode-bidi: isolate; }
a { color: var(--accent); text-underline-offset: 2px; text-decoration-thickness: 1px; }
a:hover { text-decoration-thickness: 2px; }
:focus { outline: none; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.icon {
  inline-size: 20px; block-size: 20px; flex: none; fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linecap: round; stroke-linejoin: round;
}
.icon-menu { stroke-width: 3; }
.icon-external { inline-size: 15px; block-size: 15px; vertical-align: -2px; margin-inline-start: 4px; }
.sr {
  position: absolute; inline-size: 1px; block-size: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap;
}

/* Launcher and invitation */
.dock {
  position: fixed; z-index: 2147483000; inset-block-end: max(20px, env(safe-area-inset-bottom));
  inset-inline-end: max(20px, env(safe-area-inset-right)); display: flex; flex-direction: column; align-items: flex-end;
  gap: 12px; max-inline-size: calc(100vw - 40px); pointer-events: none;
}
.dock > * { pointer-events: auto; }
.launcher {
  position: relative; display: inline-flex; align-items: center; gap: 10px; min-block-size: 56px;
  padding-block: 12px; padding-inline: 18px 22px; border-radius: 28px; background: var(--fill); color: #fff; font-weight: 600;
  box-shadow: 0 2px 6px rgb(40 20 28 / 18%), 0 8px 24px rgb(40 20 28 / 22%); border: 1px solid transparent;
  transition: transform .15s ease, box-shadow .15s ease;
}
.launcher:hover { transform: translateY(-1px); box-shadow: 0 3px 8px rgb(40 20 28 / 22%), 0 12px 30px rgb(40 20 28 / 28%); }
.launcher:focus-visible { outline-color: var(--focus); outline-offset: 3px; box-shadow: 0 0 0 3px var(--bg); }
.launcher .icon { inline-size: 26px; block-size: 26px; stroke-width: 1.8; }
.badge {
  position: absolute; inset-block-start: -6px; inset-inline-end: -4px; min-inline-size: 24px; block-size: 24px;
  padding-inline: 6px; border-radius: 12px; background: #fff; color: #8c1d18; border: 2px solid #b3261e;
  font-size: 13px; line-height: 20px; font-weight: 700; text-align: center;
}
.invite {
  display: flex; align-items: flex-start; max-inline-size: 320px; background: var(--raised); color: var(--text);
  border: 1px solid var(--line); border-radius: 16px 16px 4px 16px; box-shadow: var(--shadow);
}
.invite-open { flex: 1; text-align: start; padding: 14px 4px 14px 18px; border-radius: inherit; overflow-wrap: anywhere; }
.invite-open strong { display: block; color: var(--accent); font-size: 13px; margin-block-end: 2px; }
.invite .round { margin: 6px; }
.invite { flex-wrap: wrap; }
.invite-begin { flex: 1 0 calc(100% - 36px); margin: 0 18px 14px; }

/* Panel */
.panel {
  position: fixed; z-index: 2147483001; inset: auto; inset-block-end: max(20px, env(safe-area-inset-bottom));
  inset-inline-end: max(20px, env(safe-area-inset-right)); inline-size: min(400px, calc(100vw - 40px));
  block-size: min(680px, calc(100vh - 40px)); block-size: min(680px, calc(100dvh - 40px)); max-inline-size: none; max-block-size: none;
  margin: 0; padding: 0; border: 1px solid var(--line); border-radius: 18px; overflow: hidden; background: var(--bg);
  color: var(--text); box-shadow: var(--shadow); flex-direction: column;
}
.panel[open] { display: flex; }
.panel::backdrop { background: var(--bg); }
.panel:focus-visible { outline-offset: -3px; }

.head {
  position: relative; flex: none; display: grid; grid-template-columns: auto minmax(0, 1fr) auto; grid-template-areas: "mark title actions" "who who langs";
  align-items: center; gap: 6px 10px; padding: 12px 12px 10px 16px; background: var(--fill); color: #fff;
  border-block-end: 1px solid transparent;
}
.head :focus-visible { outline-color: #fff; }
.mark {
  grid-area: mark; display: grid; place-items: center; inline-size: 36px; block-size: 36px; border-radius: 50%;
  background: #fff; color: var(--fill);
}
.title { grid-area: title; font-size: 16.5px; line-height: 1.3; font-weight: 650; overflow-wrap: anywhere; }
.round {
  flex: none; display: grid; place-items: center; inline-size: 36px; block-size: 36px; border-radius: 50%;
  border: 1px solid transparent;
}
.round:hover { background: rgb(128 110 116 / 18%); }
.head .round:hover { background: rgb(255 255 255 / 16%); }
.who { grid-area: who; font-size: 13.5px; line-height: 1.4; overflow-wrap: anywhere; }
.langs { grid-area: langs; justify-self: end; display: flex; gap: 2px; }
.actions { grid-area: actions; justify-self: end; display: flex; gap: 2px; }
.lang {
  min-inline-size: 34px; min-block-size: 28px; padding-inline: 6px; border-radius: 8px; font-size: 13px; font-weight: 600;
  text-transform: uppercase; border: 1px solid transparent;
}
.lang:hover { background: rgb(255 255 255 / 16%); }
.lang[aria-pressed="true"] { background: #fff; color: var(--fill); }
.menu {
  position: absolute; z-index: 5; inset-block-start: calc(100% + 4px); inset-inline-end: 12px; min-inline-size: 220px;
  max-inline-size: 280px; padding: 6px; background: var(--raised); color: var(--text); border: 1px solid var(--line);
  border-radius: 12px; box-shadow: var(--shadow);
}
.menu > * {
  display: block; inline-size: 100%; padding: 10px 12px; border-radius: 8px; text-align: start; color: inherit;
  text-decoration: none;
}
.menu > *:hover { background: var(--surface); }
.menu :focus-visible { outline-color: var(--focus); outline-offset: -2px; }
.menu > button:disabled { color: var(--muted); cursor: default; background: none; }

.banner {
  flex: none; display: flex; align-items: center; gap: 10px; padding: 8px 12px 8px 16px; font-size: 14px;
  background: var(--calm-bg); border-block-end: 1px solid var(--calm-line);
}
.banner-text { flex: 1; min-inline-size: 0; }
.banner.problem { background: var(--danger-bg); color: var(--danger); border-color: currentColor; }
.banner .link { flex: none; }
.notices { flex: none; max-block-size: 40%; overflow-y: auto; }
.public-notice {
  display: flex; align-items: flex-start; gap: 10px; padding: 8px 8px 8px 16px; font-size: 14px; line-height: 1.45;
  background: var(--calm-bg); border-block-end: 1px solid var(--calm-line);
}
.public-notice .icon { margin-block-start: 8px; }
.public-notice .round .icon { margin: 0; }
.public-notice bdi { padding-block: 7px; overflow-wrap: anywhere; white-space: pre-line; }
.public-notice.outage > .icon { color: var(--danger); }
.outages { display: grid; gap: 8px; max-inline-size: 320px; }
.outages .public-notice { border: 1px solid var(--calm-line); border-radius: 16px; box-shadow: var(--shadow); }
.dock:has([aria-expanded="true"]) .outages { display: none; }
.pulse { inline-size: 10px; block-size: 10px; border-radius: 50%; background: currentColor; flex: none; animation: pulse 1.4s ease-in-out infinite; }
@keyframes pulse { 50% { opacity: .25; } }
.link {
  color: var(--accent); text-decoration: underline; text-underline-offset: 2px; min-block-size: 24px; font-weight: 550;
  text-align: start; border-radius: 4px;
}
.link:hover { text-decoration-thickness: 2px; }

/* Messages */
.scroll {
  flex: 1; min-block-size: 0; overflow-y: auto; overscroll-behavior: contain; padding: 16px; scrollbar-width: thin;
  scrollbar-color: var(--control) transparent;
}
.scroll:focus-visible { outline-offset: -3px; }
.notice {
  display: flex; gap: 10px; padding: 12px 14px; border-radius: 12px; font-size: 13.5px; line-height: 1.45;
  border: 1px solid var(--line); color: var(--muted); margin-block-end: 18px;
}
.notice .icon { color: var(--accent); margin-block-start: 1px; }
.notice strong { color: var(--text); display: block; }
.log { display: flex; flex-direction: column; }
.day, .divider {
  display: flex; align-items: center; gap: 12px; margin-block: 14px 10px; font-size: 12.5px; color: var(--muted);
}
.day::before, .day::after, .divider::before, .divider::after { content: ""; flex: 1; border-block-start: 1px solid var(--line); }
.divider { font-weight: 600; color: var(--accent); margin-block: 24px 14px; }
.divider::before, .divider::after { border-color: currentColor; opacity: .45; }
.msg { display: flex; flex-direction: column; align-items: flex-start; margin-block-start: 14px; max-inline-size: 100%; }
.msg.follows { margin-block-start: 6px; }
.msg:first-child { margin-block-start: 0; }
.by { display: flex; flex-wrap: wrap; align-items: center; column-gap: 8px; font-size: 13px; color: var(--muted); margin-block-end: 4px; padding-inline-start: 2px; }
.by b { font-weight: 600; color: var(--text); }
.auto { font-size: 12px; padding-inline: 7px; border: 1px solid var(--control); border-radius: 9px; }
.avatar {
  inline-size: 24px; block-size: 24px; border-radius: 50%; display: grid; place-items: center; background: var(--fill);
  color: #fff; font-size: 12.5px; font-weight: 700; text-transform: uppercase; border: 1px solid transparent;
}
.body {
  max-inline-size: min(100%, 330px); padding: 10px 14px; border-radius: 4px 16px 16px; background: var(--surface);
  border: 1px solid transparent; overflow-wrap: anywhere;
}
.follows .body { border-start-start-radius: 16px; }
.body p + p, .body ul + p, .body p + ul, .body ul + ul { margin-block-start: 8px; }
.body ul { padding-inline-start: 20px; }
.body li + li { margin-block-start: 3px; }
.body li::marker { color: var(--accent); }
.person .body { background: var(--bg); border-color: var(--control); }
.system { align-items: stretch; }
.system .body { max-inline-size: none; background: none; border: 1px dashed var(--control); border-radius: 12px; font-size: 14px; }
.own { align-items: flex-end; }
.own .body { background: var(--fill); color: #fff; border-radius: 16px 16px 4px; max-inline-size: min(88%, 320px); }
.verbatim { white-space: pre-wrap; }
.own.undelivered .body { background: none; color: var(--text); border: 1px dashed var(--control); }
.links { display: flex; flex-direction: column; align-items: flex-start; gap: 8px; margin-block-start: 12px; }
.go {
  display: inline-flex; align-items: center; gap: 4px; min-block-size: 40px; padding: 8px 16px; border-radius: 10px;
  background: var(--fill); color: #fff; font-weight: 600; text-decoration: none; border: 1px solid transparent; line-height: 1.35;
}
.go:hover { text-decoration: underline; }
.info { display: inline-block; padding-block: 3px; }
.source { margin-block-start: 12px; padding-block-start: 8px; border-block-start: 1px solid var(--line); font-size: 13px; color: var(--muted); }
.source a { display: inline-block; min-block-size: 24px; padding-block: 2px; color: inherit; }
.source a:hover { color: var(--accent); }
.choices { display: flex; flex-wrap: wrap; gap: 8px; margin-block-start: 10px; }
.choice {
  min-block-size: 40px; padding: 7px 16px; border-radius: 20px; border: 1.5px solid var(--accent); color: var(--accent);
  background: var(--bg); font-weight: 550; text-align: start; line-height: 1.35; overflow-wrap: anywhere;
}
.choice:hover { background: var(--surface); }
.meta { display: flex; flex-wrap: wrap; justify-content: flex-end; align-items: center; gap: 2px 12px; margin-block-start: 4px; font-size: 12.5px; color: var(--muted); padding-inline: 2px; }
.meta .icon { inline-size: 14px; block-size: 14px; vertical-align: -2px; }
.meta.failed { color: var(--danger); }
.meta.failed .link { color: var(--danger); }
.refusal { flex-basis: 100%; text-align: end; }
.meta .hint { color: var(--muted); }
.typing { display: flex; align-items: center; gap: 10px; margin-block-start: 14px; font-size: 13.5px; color: var(--muted); }
.dots { display: inline-flex; gap: 4px; padding: 10px 12px; border-radius: 4px 14px 14px; background: var(--surface); }
.dots i { inline-size: 7px; block-size: 7px; border-radius: 50%; background: var(--muted); animation: pulse 1.2s ease-in-out infinite; }
.dots i:nth-child(2) { animation-delay: .15s; }
.dots i:nth-child(3) { animation-delay: .3s; }
.below {
  position: absolute; inset-inline: 0; inset-block-end: 100%; display: flex; justify-content: center; padding-block-end: 10px;
  pointer-events: none;
}
.below button {
  pointer-events: auto; display: inline-flex; align-items: center; gap: 6px; min-block-size: 36px; padding-inline: 14px; border-radius: 18px;
  background: var(--raised); color: var(--accent); border: 1px solid var(--line); box-shadow: var(--shadow); font-size: 14px; font-weight: 600;
}
.below .icon { inline-size: 16px; block-size: 16px; }

/* Foot */
.foot { position: relative; flex: none; border-block-start: 1px solid var(--line); background: var(--bg); }
.wait { display: flex; gap: 10px; align-items: flex-start; padding: 10px 16px; font-size: 14px; background: var(--calm-bg); border-block-end: 1px solid var(--calm-line); }
.wait .icon { inline-size: 18px; block-size: 18px; margin-block-start: 2px; }
.ask { padding: 12px 16px; border-block-end: 1px solid var(--line); }
.ask p { font-weight: 600; margin-block-end: 10px; }
.row { display: flex; flex-wrap: wrap; gap: 8px; }
.primary, .secondary {
  min-block-size: 40px; padding: 8px 18px; border-radius: 10px; font-weight: 600; border: 1.5px solid transparent; line-height: 1.35;
}
.primary { background: var(--fill); color: #fff; }
.primary:hover { text-decoration: underline; }
.primary[aria-disabled="true"] { opacity: .75; cursor: progress; }
.secondary { border-color: var(--control); }
.secondary:hover { background: var(--surface); }
.composer { padding: 12px; padding-block-end: max(12px, env(safe-area-inset-bottom)); }
.field {
  display: flex; align-items: flex-end; gap: 6px; padding: 4px; border: 1.5px solid var(--control); border-radius: 24px; background: var(--bg);
}
.field:focus-within { border-color: var(--accent); box-shadow: 0 0 0 1.5px var(--accent); }
.input {
  flex: 1; min-inline-size: 0; resize: none; border: 0; background: none; padding: 7px 4px 7px 14px; font-size: 16px; line-height: 24px;
  max-block-size: 158px; overflow-y: auto; outline: none; scrollbar-width: thin;
}
.input:focus-visible { outline: none; }
.input::placeholder { color: var(--muted); opacity: 1; }
.send { flex: none; display: grid; place-items: center; inline-size: 38px; block-size: 38px; border-radius: 50%; background: var(--fill); color: #fff; border: 1px solid transparent; }
.send:hover { filter: brightness(1.12); }
.send[aria-disabled="true"] { background: var(--surface); color: var(--muted); border-color: var(--line); cursor: default; filter: none; }
.counter { padding: 6px 14px 0; font-size: 13px; color: var(--muted); text-align: end; }
.counter.over { color: var(--danger); font-weight: 600; }
.over-limit { border-color: var(--danger); }
/* Files */
.attach { flex: none; display: grid; place-items: center; inline-size: 38px; block-size: 38px; border-radius: 50%; color: var(--muted); border: 1px solid transparent; }
.attach:hover, .attach[aria-expanded="true"] { color: var(--accent); background: var(--surface); }
.attach:not([hidden]) + .input { padding-inline-start: 2px; }
.tray { display: grid; gap: 10px; margin-block-end: 10px; padding: 12px; border: 1px solid var(--line); border-radius: 14px; background: var(--surface); max-block-size: min(45vh, 300px); overflow-y: auto; }
.tray-warning { display: flex; gap: 8px; font-size: 13.5px; line-height: 1.45; }
.tray-warning .icon { color: var(--accent); inline-size: 18px; block-size: 18px; margin-block-start: 1px; }
.tray-note { font-size: 12.5px; line-height: 1.4; color: var(--muted); }
.tray .secondary { display: inline-flex; align-items: center; gap: 8px; padding-inline: 14px; background: var(--bg); }
.tray .error { margin: 0; }
.touch { display: none !important; }
@media (pointer: coarse) { .touch { display: inline-flex !important; } }
.chosen-list, .files { list-style: none; display: grid; gap: 6px; }
.chosen-list:empty { display: none; }
.chosen { display: flex; align-items: center; gap: 8px; padding: 6px 4px 6px 10px; border: 1px solid var(--line); border-radius: 10px; background: var(--bg); font-size: 14px; }
.chosen.failed { border-color: var(--danger); }
.chosen.failed small { color: var(--danger); }
.chosen-what { flex: 1; min-inline-size: 0; display: grid; overflow-wrap: anywhere; line-height: 1.35; }
.chosen small, .file small { font-size: 12.5px; color: var(--muted); }
.chosen progress { inline-size: 100%; block-size: 4px; margin-block-start: 4px; accent-color: var(--accent); }
.body .files { padding: 0; justify-items: start; }
.body > * + .files { margin-block-start: 8px; }
.file-box { display: grid; gap: 4px; justify-items: start; max-inline-size: 100%; }
.file {
  display: inline-flex; align-items: center; gap: 8px; min-block-size: 40px; max-inline-size: 100%; padding: 6px 12px 6px 10px; text-align: start;
  border: 1px solid var(--control); border-radius: 10px; background: var(--bg); color: var(--text); font-size: 14px; line-height: 1.35;
}
.file span { display: grid; min-inline-size: 0; overflow-wrap: anywhere; }
button.file:hover bdi { text-decoration: underline; }
span.file { border-style: dashed; }
.file.infected small { color: var(--danger); }
.file-problem:not(:empty) { font-size: 13px; padding: 2px 8px; border-radius: 6px; background: var(--bg); color: var(--danger); }
.picture { display: block; border: 1px solid var(--control); border-radius: 10px; overflow: hidden; background: var(--bg); max-inline-size: 100%; }
.picture canvas { display: block; block-size: auto; max-inline-size: 100%; min-inline-size: 48px; min-block-size: 48px; }
.edited { font-style: italic; }
.drop { display: none; position: absolute; inset: 0; z-index: 6; place-content: center; justify-items: center; gap: 8px; background: var(--bg); color: var(--accent); border: 3px dashed var(--accent); border-radius: inherit; font-weight: 600; pointer-events: none; opacity: .94; }
.dropping .drop { display: grid; }
.ended { padding: 12px 16px; padding-block-end: max(12px, env(safe-area-inset-bottom)); }
.ended button { inline-size: 100%; }
.over { margin-block-start: 18px; display: grid; gap: 14px; }
.over .card { margin: 0; }

/* Forms */
.card { margin-block-start: 18px; padding: 16px; border: 1px solid var(--control); border-radius: 14px; background: var(--bg); }
.form { display: grid; gap: 14px; }
.form h3 { font-size: 16px; line-height: 1.35; font-weight: 650; }
.form .hint { font-size: 13.5px; color: var(--muted); }
.group { display: grid; gap: 4px; }
.group label { font-weight: 600; font-size: 14px; }
.group input, .group textarea {
  inline-size: 100%; min-block-size: 42px; padding: 8px 12px; font-size: 16px; border: 1.5px solid var(--control); border-radius: 10px; background: var(--bg);
}
.group textarea { resize: vertical; min-block-size: 72px; }
.group input:focus-visible, .group textarea:focus-visible { outline-offset: 1px; }
[aria-invalid="true"] { border-color: var(--danger) !important; }
.error { display: flex; gap: 6px; align-items: flex-start; color: var(--danger); font-size: 13.5px; }
.error .icon { inline-size: 16px; block-size: 16px; margin-block-start: 2px; }
.group .consent { display: flex; gap: 10px; align-items: flex-start; font-weight: 400; }
.consent input, .score input { inline-size: 22px; block-size: 22px; flex: none; margin: 0; accent-color: var(--accent); }
.scores { display: grid; gap: 6px; }
.scores legend { font-size: 16px; font-weight: 650; padding: 0; margin-block-end: 8px; }
.score { display: flex; align-items: center; gap: 10px; min-block-size: 38px; padding: 4px 12px; border: 1.5px solid var(--line); border-radius: 10px; }
.score:hover { border-color: var(--control); }
.score:has(:checked) { border-color: var(--accent); background: var(--surface); font-weight: 600; }
.done { display: flex; gap: 10px; align-items: flex-start; font-weight: 600; }
.done .icon { color: var(--accent); margin-block-start: 2px; }

/* Phones, and zoomed-in pages where a floating window would be too small to use */
@media (max-width: 520px), (max-height: 480px) {
  .dock { inset-block-end: max(16px, env(safe-area-inset-bottom)); inset-inline-end: max(16px, env(safe-area-inset-right)); max-inline-size: calc(100vw - 32px); }
  .panel {
    inset: 0; inline-size: 100vw; block-size: 100vh; block-size: 100dvh; border: 0; border-radius: 0; box-shadow: none;
  }
  .panel.fitted { inset-block-start: var(--top, 0px); block-size: var(--height, 100dvh); }
  .head { padding-block-start: max(10px, env(safe-area-inset-top)); }
  .body { max-inline-size: min(100%, 480px); }
}
@media (max-width: 520px) {
  .launcher { padding: 14px; }
  .launcher-text { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
}
@media (max-width: 340px) {
  .mark { display: none; }
  .head { grid-template-areas: "title title actions" "who who langs"; }
  .scroll { padding: 12px; }
}
@media (max-height: 480px) {
  .head { grid-template-columns: auto minmax(0, 1fr) auto auto; grid-template-areas: "title who langs actions"; padding-block: 4px; }
  .mark { display: none; }
  .composer { padding-block: 8px; }
}
/* 1280 × 1024 at 400 %: too low for a part that scrolls within a part that stands, so all of it scrolls. */
@media (max-height: 320px) {
  .panel { overflow-y: auto; }
  .scroll { flex: 1 0 180px; }
}

@media (prefers-reduced-motion: no-preference) {
  .panel[open] { animation: rise .18s ease-out; }
  .invite { animation: rise .25s ease-out; }
  .msg.new { animation: appear .18s ease-out; }
  .scroll.smooth { scroll-behavior: smooth; }
  @keyframes rise { from { opacity: 0; transform: translateY(12px); } }
  @keyframes appear { from { opacity: 0; transform: translateY(4px); } }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
  .launcher:hover { transform: none; }
}

@media (forced-colors: active) {
  .launcher, .body, .own .body, .go, .primary, .send, .badge, .invite, .panel, .menu, .lang, .avatar, .round, .head, .choice, .secondary, .field, .mark {
    border: 1px solid ButtonText;
  }
  .own .body { border-inline-end-width: 5px; }
  .lang[aria-pressed="true"] { background: Highlight; color: HighlightText; forced-color-adjust: none; }
  .send[aria-disabled="true"], .menu > button:disabled { color: GrayText; border-color: GrayText; }
  .pulse, .dots i { background: CanvasText; forced-color-adjust: none; }
  .field:focus-within { outline: 2px solid Highlight; }
  .score:has(:checked) { border-color: Highlight; }
}
`;

/**
 * @param {string} accent the site's colour
 * @returns {{sheets: CSSStyleSheet[], fit: (top: number, height: number) => void}} `fit` tells the full-screen panel
 *   what the on-screen keyboard leaves of the screen, in CSS pixels
 */
export function styles(accent) {
  const base = new CSSStyleSheet();
  base.replaceSync(BASE);
  const own = new CSSStyleSheet();
  own.replaceSync(theme(accent));
  const room = new CSSStyleSheet();
  return {
    sheets: [base, own, room],
    fit: (top, height) => room.replaceSync(`:host { --top: ${Math.round(top)}px; --height: ${Math.round(height)}px; }`),
  };
}
