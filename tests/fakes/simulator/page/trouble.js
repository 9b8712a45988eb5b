// @ts-check
// What can go wrong with a platform, in words: how it takes what Pietura sends, and how it tells Pietura.
import { useState } from "/vendor/hooks.js";
import { Writer } from "./bits.js";
import { html } from "./html.js";
import { order } from "./server.js";
import { clock, t } from "./texts.js";

/** @typedef {import("./types.js").Live} Live */
/** @typedef {import("./posts.js").Place} Place */

/** Names of the fakes' operations. @type {Record<string, string[]>} */
const OPERATIONS = {
  facebook: ["send", "comment", "private_reply", "hide", "post", "*"],
  x: ["send", "comment", "hide", "post", "*"],
  telegram: ["send", "*"],
};
const FAULTS = [
  "timeout_after", "timeout_before", "reset_after", "reset", "malformed", "slow", "bad_gateway", "rate_limited", "server_error", "unavailable",
  "token_expired", "token_revoked", "window_closed", "blocked", "deleted", "private_reply_used", "permission",
];
/** How often, as the fakes count it. @type {Record<string, {times?: number, ratio?: number}>} */
const OFTEN = { once: { times: 1 }, thrice: { times: 3 }, fifth: { ratio: 0.2 }, always: { ratio: 1 } };
const SLOW_S = 5;
const WAIT_S = 10;
/** Shares of events, as in bad weather. @type {Record<string, Partial<import("./types.js").Weather>>} */
const WEATHER = {
  duplicates: { duplicates: 0.34 },
  out_of_order: { out_of_order: 0.34 },
  late: { late: 1, late_s: 2 },
  unknown: { unknown: 0.34 },
  wrong_signature: { wrong_signature: 0.34 },
};

/** @param {{place: Place, live: Live, served: boolean}} props */
export function Trouble({ place, live, served }) {
  return html`
    <section class="panel trouble" id="trouble" tabindex="-1" aria-labelledby="trouble-title">
      <h2 id="trouble-title">${t("trouble.title")}</h2>
      <p class="muted">${t("trouble.intro")}</p>
      <${Sends} key=${place.channel} place=${place} live=${live} />
      <${Telling} place=${place} live=${live} />
      ${place.channel !== "telegram" && served && html`<${Outside} place=${place} />`}
      <${Beneath} live=${live} />
    </section>`;
}

/** @param {{place: Place, live: Live}} props */
function Sends({ place, live }) {
  const { channel, announce } = place;
  const [operation, setOperation] = useState("send");
  const [fault, setFault] = useState("timeout_after");
  const [often, setOften] = useState("once");
  const [problem, setProblem] = useState(false);
  const set = (/** @type {object} */ wanted, /** @type {string} */ words) =>
    order(channel, "faults", wanted).then(() => { setProblem(false); announce(words); }, () => setProblem(true));
  const add = () => set({ operation, fault, ...OFTEN[often], delay_s: SLOW_S, retry_after_s: WAIT_S }, t("trouble.set_now"));
  return html`
    <form class="sentence" onSubmit=${(/** @type {Event} */ e) => { e.preventDefault(); void add(); }}>
      <h3>${t("trouble.sends")}</h3>
      <${Choice} id="trouble-what" label=${t("trouble.what")} value=${operation} onChange=${setOperation}
        options=${OPERATIONS[channel].map((one) => [one, t(`operation.${one === "*" ? "any" : one}`)])} />
      <${Choice} id="trouble-often" label=${t("trouble.often")} value=${often} onChange=${setOften} options=${Object.keys(OFTEN).map((one) => [one, t(`often.${one}`)])} />
      <${Choice} id="trouble-then" label=${t("trouble.then")} value=${fault} onChange=${setFault} options=${FAULTS.map((one) => [one, t(`fault.${one}`)])} />
      <button type="submit" class="button button--main">${t("trouble.set")}</button>
      ${problem && html`<p class="problem" role="alert">${t("write.failed")}</p>`}
    </form>
    ${live.faults.length > 0 && html`
      <div class="set">
        <h4>${t("trouble.now")}</h4>
        <ul>${live.faults.map((one, i) => html`<li key=${i}>${t(`operation.${one.operation === "*" ? "any" : one.operation}`)}: ${t(`fault.${one.fault}`)}
          <span class="muted"> – ${one.left === null ? t("trouble.until_off") : t("trouble.left", { n: one.left })}</span></li>`)}</ul>
        <button type="button" class="button" onClick=${() => set({ clear: true }, t("trouble.cleared"))}>${t("trouble.clear")}</button>
      </div>`}`;
}

/** @param {{id: string, label: string, value: string, options: string[][], onChange: (value: string) => void}} props */
function Choice({ id, label, value, options, onChange }) {
  return html`
    <div class="choice"><label for=${id}>${label}</label>
      <select id=${id} value=${value} onChange=${(/** @type {any} */ e) => onChange(e.target.value)}>
        ${options.map(([one, words]) => html`<option key=${one} value=${one}>${words}</option>`)}</select></div>`;
}

/** @param {{place: Place, live: Live}} props */
function Telling({ place, live }) {
  const [problem, setProblem] = useState(false);
  const isOn = (/** @type {string} */ name) => Number(/** @type {any} */ (live.weather)[name]) > 0;
  const change = (/** @type {string} */ name, /** @type {boolean} */ on) => {
    const wanted = Object.keys(WEATHER).filter((one) => (one === name ? on : isOn(one)));
    order(place.channel, "weather", Object.assign({ seed: 1 }, ...wanted.map((one) => WEATHER[one]))).then(() => setProblem(false), () => setProblem(true));
  };
  return html`
    <fieldset class="weather">
      <legend>${t("weather.title")}</legend>
      ${Object.keys(WEATHER).map((name) => html`
        <label key=${name}><input type="checkbox" checked=${isOn(name)} onChange=${(/** @type {any} */ e) => change(name, e.target.checked)} />${t(`weather.${name}`)}</label>`)}
      ${problem && html`<p class="problem" role="alert">${t("write.failed")}</p>`}
    </fieldset>`;
}

/** @param {{place: Place}} props */
function Outside({ place }) {
  const { channel, account, me, announce } = place;
  const say = async (/** @type {string} */ text) => {
    await order(channel, "outside", { account: account.id, person: me.id, text });
    announce(t("outside.done"));
  };
  return html`
    <details><summary>${t("outside.title")}</summary>
      <p class="muted">${t("outside.intro")}</p>
      <${Writer} id="say-outside" label=${t("outside.label", { name: me.name })} button=${t("talk.send")} rows=${1} onSend=${say} /></details>`;
}

/** @param {{live: Live}} props */
function Beneath({ live }) {
  return html`
    <details><summary>${t("beneath.title")}</summary>
      <p>${t("beneath.told", live.told)}</p>
      <h3>${t("beneath.calls")}</h3>
      ${!live.calls.length && html`<p class="muted">${t("beneath.none")}</p>`}
      <ul class="calls">${live.calls.map((one, i) => html`<li key=${i}><time dateTime=${one.at}>${clock(one.at)}</time> <code>${one.operation}</code>
        <span class=${one.status === null || one.status >= 400 ? "mark mark--hidden" : "mark"}>${one.status ?? t("beneath.silent")}</span></li>`)}</ul></details>`;
}
