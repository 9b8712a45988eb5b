// @ts-check
// A plan tried out as a chat: the real engine, a conversation that is stored nowhere.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { cx, html } from "../html.js";
import { label, LANGUAGES, t } from "../i18n.js";
import { useId, useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Icon } from "./icons.js";

/** @typedef {{own?: string, said?: {text: string, buttons: {title: string, payload: string}[], links: {title: string, url: string}[], source: {title: string}|null}, note?: string}} Line */

/** @param {{content: () => any}} props `content`: the plan as it stands in the form */
export function PlanTalk({ content }) {
  const [lines, setLines] = useState(/** @type {Line[]} */ ([]));
  const [context, setContext] = useState({});
  const [lang, setLang] = useState("lv");
  const [text, setText] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const log = useRef(/** @type {HTMLElement|null} */ (null));
  const id = useId();
  /** @param {{text?: string, payload?: string}} what @param {string} own */
  const talk = async (what, own) => {
    if (busy) return;
    setBusy(true);
    setError("");
    const fresh = what.payload === "begin";
    const before = fresh ? [] : lines;
    try {
      const answer = await api.post("plans/talk", { content: content(), lang, context: fresh ? {} : context, ...what });
      setContext(answer.context);
      if (LANGUAGES.includes(answer.lang)) setLang(answer.lang);
      /** @type {Line[]} */
      const next = [...before, ...(own ? [{ own }] : []), ...answer.said.map((/** @type {any} */ said) => ({ said }))];
      if (answer.handoff) next.push({ note: t("plans.talk.handoff", { reason: label("reason", answer.handoff.reason), told: answer.handoff.told ?? "–" }) });
      else if (answer.outcome === "unavailable") next.push({ note: t("knowledge.why.unavailable") });
      else if (answer.outcome === "empty") next.push({ note: t("plans.talk.empty") });
      else if (!answer.step) next.push({ note: t("plans.talk.over") });
      setLines(next);
      setText("");
      setTimeout(() => log.current?.scrollTo({ top: log.current.scrollHeight }), 30);
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
    }
    setBusy(false);
  };
  const last = lines.length - 1;
  return html`
    <section class="plan-talk" aria-labelledby=${`${id}-title`}>
      <header class="desk__head"><h2 id=${`${id}-title`}>${t("plans.talk.title")}</h2>
        <label class="vh" for=${`${id}-lang`}>${t("plans.talk.lang")}</label>
        <select class="input" id=${`${id}-lang`} value=${lang} onChange=${(/** @type {any} */ e) => setLang(e.target.value)}>
          ${LANGUAGES.map((code) => html`<option key=${code} value=${code} selected=${code === lang}>${label("language", code)}</option>`)}</select>
        <${Button} icon="play" busy=${busy} onClick=${() => talk({ payload: "begin" }, "")}>${t(lines.length ? "plans.talk.again" : "plans.talk.begin")}</></header>
      <p class="muted">${t("plans.talk.lead")}</p>
      <div class="plan-talk__log" role="log" aria-label=${t("plans.talk.title")} tabindex="0" ref=${log}>
        ${!lines.length && html`<p class="muted">${t("plans.talk.nothing")}</p>`}
        ${lines.map((line, at) => html`
          <div key=${at} class=${cx("plan-talk__line", line.own && "plan-talk__line--own", line.note && "plan-talk__line--note")}>
            ${line.own && html`<p><span class="vh">${t("plans.talk.citizen")}: </span><bdi>${line.own}</bdi></p>`}
            ${line.note && html`<p><${Icon} name="info" size=${14} /><bdi>${line.note}</bdi></p>`}
            ${line.said && html`<p lang=${lang}><span class="vh">${t("plans.talk.assistant")}: </span><bdi>${line.said.text}</bdi></p>
              ${line.said.links.map((link) => html`<a key=${link.url} href=${link.url} target="_blank" rel="noreferrer noopener">${link.title}</a>`)}
              ${line.said.source && html`<p class="muted">${line.said.source.title}</p>`}
              ${line.said.buttons.length > 0 && html`<div class="plan-talk__buttons">${line.said.buttons.map((button) => html`
                <button type="button" key=${button.payload} class="button" disabled=${at < last - 1} onClick=${() => talk({ text: button.title, payload: button.payload }, button.title)}><bdi lang=${lang}>${button.title}</bdi></button>`)}</div>`}`}
          </div>`)}
      </div>
      <${Alert} text=${error} />
      <form class="plan-talk__say" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); e.stopPropagation(); if (text.trim()) talk({ text: text.trim() }, text.trim()); }}>
        <label class="vh" for=${`${id}-text`}>${t("plans.talk.say")}</label>
        <input class="input" id=${`${id}-text`} value=${text} lang=${lang} maxLength="1000" placeholder=${t("plans.talk.say")} onInput=${(/** @type {any} */ e) => setText(e.target.value)} />
        <${Button} type="submit" icon="send" busy=${busy || !text.trim()}>${t("plans.talk.send")}</>
      </form>
    </section>`;
}
