// @ts-check
// The page: choose a platform, an account and who to be; write as a follower, and see what comes back.
import { useEffect, useRef, useState } from "/vendor/hooks.js";
import { render } from "/vendor/preact.js";
import { CHANNELS, firstAccount, read, write } from "./choice.js";
import { cx, html } from "./html.js";
import { Posts } from "./posts.js";
import { about, follow } from "./server.js";
import { Talk } from "./talk.js";
import { firstLanguage, lang, LANGUAGES, t, useLanguage } from "./texts.js";
import { Trouble } from "./trouble.js";

/** @typedef {import("./types.js").About} About */
/** @typedef {import("./types.js").Account} Account */
/** @typedef {import("./types.js").Choice} Choice */
/** @typedef {import("./types.js").Live} Live */

const NAMES = { facebook: "Facebook", x: "X", telegram: "Telegram" };
const LANGUAGE_NAMES = { lv: "Latviešu", ru: "Русский", en: "English" };

/** Everything the account has said to a follower, by id: what is new among it is announced. @param {Account} account @param {string} me */
function heard(account, me) {
  const direct = account.direct.find((one) => one.person.id === me)?.messages.filter((one) => one.by !== "person") ?? [];
  const mine = new Set(account.posts.flatMap((post) => post.comments).filter((one) => one.author.id === me).map((one) => one.id));
  const answers = account.posts.flatMap((post) => post.comments).filter((one) => one.by !== "person" && one.parent && mine.has(one.parent));
  return [...direct, ...answers].map((one) => ({ id: one.id, text: one.text }));
}

/** The address holds the choice: a jump must not put something else there. @param {any} event */
function jump(event) {
  event.preventDefault();
  const part = document.getElementById(event.currentTarget.getAttribute("href").slice(1));
  part?.scrollIntoView();
  part?.focus({ preventScroll: true });
}

/** @param {{facts: About}} props */
function App({ facts }) {
  const [choice, setChoice] = useState(() => read(facts));
  const [live, setLive] = useState(/** @type {Live|null} */ (null));
  const [there, setThere] = useState(true);
  const [said, setSaid] = useState("");
  const [, setWords] = useState(lang());
  const known = useRef(/** @type {{of: string, ids: Set<string>}} */ ({ of: "", ids: new Set() }));
  const person = facts.followers.find((one) => one.key === choice.follower) ?? facts.followers[0];
  const me = { id: person.ids[choice.channel], name: person.name };

  useEffect(() => {
    setLive(null);
    return follow(choice.channel, setLive, setThere);
  }, [choice.channel]);
  useEffect(() => {
    const back = () => setChoice(read(facts));
    addEventListener("hashchange", back);
    return () => removeEventListener("hashchange", back);
  }, []);

  const shown = live && live.world.platform === choice.channel ? live : null;
  const accounts = shown?.world.accounts ?? [];
  const account = accounts.find((one) => one.id === choice.account) ?? accounts[0];
  useEffect(() => {
    if (!account) return;
    const now = heard(account, me.id);
    const of = `${choice.channel} ${account.id} ${me.id}`;
    if (known.current.of === of) {
      const fresh = now.filter((one) => !known.current.ids.has(one.id));
      if (fresh.length) setSaid(t("arrived", { name: account.name, text: fresh[fresh.length - 1].text }));
    }
    known.current = { of, ids: new Set(now.map((one) => one.id)) };
  }, [live, choice]);

  const change = (/** @type {Partial<Choice>} */ part) => {
    const next = { ...choice, ...part };
    if (part.channel && part.channel !== choice.channel) next.account = firstAccount(facts, part.channel);
    write(next);
    setChoice(next);
  };
  const speak = (/** @type {string} */ code) => useLanguage(code).then(() => setWords(code));
  const served = facts.accounts.some((one) => one.channel === choice.channel && one.id === account?.id);
  const place = account && { channel: choice.channel, account, me, announce: setSaid };
  return html`
    <a class="skip" href="#main" onClick=${(/** @type {Event} */ e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>${t("skip")}</a>
    <header class="top">
      <div class="top__name"><h1>${t("title")}</h1><p>${t("intro")} ${t("not_real")}</p></div>
      <div class="top__side">
        <div class="languages" role="group" aria-label=${t("language")}>
          ${LANGUAGES.map((code) => html`<button key=${code} type="button" lang=${code} class="plain" aria-pressed=${lang() === code} onClick=${() => speak(code)}>${LANGUAGE_NAMES[code]}</button>`)}
        </div>
        ${facts.console && html`<p class="top__console"><a class="button" href=${facts.console} target="_blank" rel="noopener">${t("console")}<span class="vh"> ${t("new_tab")}</span></a>
          <span>${t("console_login", facts.operator)}</span></p>`}
      </div>
    </header>
    ${!there && html`<p class="notice notice--bad" role="alert">${t("gone")}</p>`}
    ${there && shown && !shown.connected && html`<p class="notice" role="status">${t("not_connected")}</p>`}
    <p class="vh" role="status" aria-live="polite">${said}</p>
    <main id="main" tabindex="-1" class=${`on-${choice.channel}`}>
      <${Chooser} facts=${facts} choice=${choice} accounts=${accounts} account=${account} served=${served} onChange=${change} />
      ${!place || !shown ? html`<p class="muted wait" role="status">${t("wait")}</p>` : html`
        <nav class="jump" aria-label=${t("jump")}>
          ${choice.channel !== "telegram" && html`<a href="#posts" onClick=${jump}>${t("posts.title")}</a>`}
          ${served && html`<a href="#talk" onClick=${jump}>${t("talk.title")}</a>`}
          <a href="#trouble" onClick=${jump}>${t("trouble.title")}</a>
        </nav>
        <div class=${cx("columns", choice.channel === "telegram" && "columns--talk")}>
          ${choice.channel !== "telegram" && html`<${Posts} key=${`${account.id}`} place=${place} />`}
          ${served && html`<${Talk} key=${`${account.id} ${me.id}`} place=${place} />`}
          <${Trouble} place=${place} live=${shown} served=${served} />
        </div>`}
    </main>`;
}

/** @param {{facts: About, choice: Choice, accounts: Account[], account: Account|undefined, served: boolean, onChange: (part: Partial<Choice>) => void}} props */
function Chooser({ facts, choice, accounts, account, served, onChange }) {
  return html`
    <div class="chooser">
      <fieldset><legend>${t("choose.platform")}</legend><div class="pills">
        ${CHANNELS.map((one) => html`<label key=${one} class="pill"><input type="radio" name="platform" value=${one} checked=${choice.channel === one} onChange=${() => onChange({ channel: one })} /><span>${NAMES[one]}</span></label>`)}</div>
      </fieldset>
      <div class="field"><label for="account">${t("choose.account")}</label>
        <select id="account" value=${account?.id ?? ""} onChange=${(/** @type {any} */ e) => onChange({ account: e.target.value })}>
          ${accounts.map((one) => html`<option key=${one.id} value=${one.id}>${one.name}</option>`)}</select>
        ${account && !served && html`<p class="hint">${t("choose.not_ours")}</p>`}</div>
      <fieldset><legend>${t("choose.follower")}</legend><div class="pills">
        ${facts.followers.map((one) => html`<label key=${one.key} class="pill"><input type="radio" name="follower" value=${one.key} checked=${choice.follower === one.key} onChange=${() => onChange({ follower: one.key })} /><span>${one.name}</span></label>`)}</div>
      </fieldset>
    </div>`;
}

const root = /** @type {HTMLElement} */ (document.getElementById("app"));
try {
  await useLanguage(firstLanguage());
  render(html`<${App} facts=${await about()} />`, root);
} catch (error) {
  root.innerHTML = "";
  const words = document.createElement("p");
  words.className = "notice notice--bad";
  words.setAttribute("role", "alert");
  // Without the server there are no texts either.
  words.textContent = "Simulators neatbild · Симулятор не отвечает · The simulator does not answer";
  root.append(words);
}
