// @ts-check
// Direct messages between the follower and the account.
import { useEffect, useRef, useState } from "/vendor/hooks.js";
import { Attached, Writer } from "./bits.js";
import { cx, html } from "./html.js";
import { order } from "./server.js";
import { t, when } from "./texts.js";

/** @typedef {import("./types.js").Message} Message */
/** @typedef {import("./posts.js").Place} Place */

/** What can be sent besides text, where the platform tells of it. @type {Record<string, string[]>} */
const THINGS = {
  facebook: ["image", "sticker", "location", "file", "audio"],
  x: ["image", "video"],
  telegram: ["image", "sticker", "location", "contact", "file", "audio"],
};

/** @param {{place: Place}} props */
export function Talk({ place }) {
  const { channel, account, me, announce } = place;
  const [thing, setThing] = useState("");
  const [problem, setProblem] = useState(false);
  const end = useRef(/** @type {HTMLElement|null} */ (null));
  const direct = account.direct.find((one) => one.person.id === me.id);
  const messages = direct?.messages ?? [];
  const newest = messages.at(-1)?.id;
  useEffect(() => {
    // The list scrolls, not the page.
    if (end.current) end.current.scrollTop = end.current.scrollHeight;
  }, [newest, me.id, account.id]);

  const say = async (/** @type {object} */ more) => {
    setProblem(false);
    await order(channel, "say", { account: account.id, person: me.id, name: me.name, ...more });
  };
  const write = async (/** @type {string} */ text) => {
    await say({ text, ...(thing && { attachment: { kind: thing } }) });
    setThing("");
  };
  const quietly = (/** @type {Promise<unknown>} */ work) => work.catch(() => setProblem(true));
  const sendThing = () => quietly(say({ attachment: { kind: thing } }).then(() => setThing("")));
  const press = (/** @type {string} */ title) => quietly(say(channel === "telegram" ? { payload: title } : { text: title, payload: title }));
  const block = () => quietly(order(channel, "block", { account: account.id, person: me.id, blocked: !direct?.blocked })
    .then(() => announce(t(direct?.blocked ? "talk.unblocked" : "talk.blocked"))));
  // A button that was answered is not pressed again.
  const last = messages.filter((one) => !one.deleted).at(-1);
  return html`
    <section class="panel talk" id="talk" tabindex="-1" aria-labelledby="talk-title">
      <div class="panel__head"><h2 id="talk-title">${t("talk.title")}</h2>
        <button type="button" class="plain" onClick=${block}>${t(direct?.blocked ? "talk.unblock" : "talk.block")}</button></div>
      ${direct?.blocked && html`<p class="notice">${t("talk.blocked")}</p>`}
      <div class="talk__list" ref=${end} tabindex="0" role="region" aria-label=${t("talk.list", { name: account.name })}>
        ${!messages.length && html`<p class="muted talk__none">${t(channel === "telegram" ? "talk.none_telegram" : "talk.none")}</p>`}
        <ul>
          ${messages.map((one) => html`<${OneMessage} key=${one.id} place=${place} message=${one} pressable=${channel === "telegram" || one === last} onPress=${press} />`)}
        </ul>
      </div>
      ${problem && html`<p class="problem" role="alert">${t("write.failed")}</p>`}
      <${Writer} id="say-direct" label=${t("talk.label")} button=${t("talk.send")} rows=${2} hint=${t("write.hint")} onSend=${write}>
        <span class="inline"><label for="attach">${t("talk.attach")}</label>
          <select id="attach" value=${thing} onChange=${(/** @type {any} */ e) => setThing(e.target.value)}>
            <option value="">${t("talk.nothing")}</option>
            ${(THINGS[channel] ?? []).map((one) => html`<option key=${one} value=${one}>${t(`attached.${one}`)}</option>`)}
          </select></span>
        ${thing && html`<button type="button" class="button" onClick=${sendThing}>${t("talk.without_text")}</button>`}
      </${Writer}>
    </section>`;
}

/** @param {{place: Place, message: Message, pressable: boolean, onPress: (title: string) => void}} props */
function OneMessage({ place, message, pressable, onPress }) {
  const { channel, account } = place;
  const [editing, setEditing] = useState(false);
  const mine = message.by === "person";
  const save = async (/** @type {string} */ text) => {
    await order(channel, "edit", { account: account.id, ref: message.id, text });
    setEditing(false);
  };
  const remove = () => order(channel, "delete", { account: account.id, ref: message.id }).then(() => place.announce(t("talk.deleted_now")), () => undefined);
  const who = mine ? t("you") : account.name;
  return html`
    <li class=${cx("message", mine ? "message--mine" : "message--theirs")}>
      <p class="message__head"><span>${who}</span> <time dateTime=${message.at}>${when(message.at)}</time>
        ${message.by === "us" && html`<span class="mark mark--us">${t("by.us")}</span>`}
        ${message.by === "outside" && html`<span class="mark">${t("by.outside")}</span>`}
        ${message.edited && !message.deleted && html`<span class="mark">${t("edited")}</span>`}</p>
      <div class="message__bubble">
        ${message.deleted ? html`<p class="muted">${t("talk.deleted")}</p>` : html`${message.text && html`<p class="message__text">${message.text}</p>`}<${Attached} kind=${message.attachment} />`}
      </div>
      ${message.buttons.length > 0 && pressable && html`
        <div class="message__buttons" role="group" aria-label=${t("talk.buttons")}>
          ${message.buttons.map((title) => html`<button key=${title} type="button" class="button" onClick=${() => onPress(title)}>${title}</button>`)}</div>`}
      ${mine && !message.deleted && !editing && html`
        <p class="message__ways">
          ${channel !== "x" && message.text && html`<button type="button" class="plain" onClick=${() => setEditing(true)}>${t("posts.edit")}</button>`}
          <button type="button" class="plain" onClick=${remove}>${t("posts.delete")}</button></p>`}
      ${editing && html`<${Writer} id=${`edit-${message.id}`} label=${t("posts.new_text")} button=${t("save")} rows=${1} focus start=${message.text} onSend=${save} onCancel=${() => setEditing(false)} />`}
    </li>`;
}
