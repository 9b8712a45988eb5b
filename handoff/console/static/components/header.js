// @ts-check
// The bar on top: product, pages, working time, availability, the person's menu.
import { html } from "../html.js";
import { label, LANGUAGES, t } from "../i18n.js";
import { countUnsent } from "../keep.js";
import { nameOf } from "../model.js";
import { changeMe, settingsOf, showDialog, signOut, toast } from "../session.js";
import { useStore } from "../store.js";
import { useRef } from "../vendor/hooks.js";
import { Icon } from "./icons.js";

const SEES_CASES = new Set(["supervisor", "admin"]);

/** @param {string} role */
export const seesCases = (role) => SEES_CASES.has(role);
/** @param {string} role */
export const seesResponseTimes = (role) => SEES_CASES.has(role);
/** The board of accounts; only administrators change anything there. @param {string} role */
export const seesChannels = (role) => SEES_CASES.has(role);
/** @param {string} role */
export const seesPublications = (role) => role === "editor" || SEES_CASES.has(role);
/** @param {string} role */
export const editsKnowledge = (role) => role === "editor" || SEES_CASES.has(role);
/** Editors have no conversations. @param {string} role */
export const seesInbox = (role) => role !== "editor";

/** The pages of a role, in the order of the menu: route, icon, key of the name. @param {string} role */
const pagesOf = (role) => [
  ...(seesInbox(role) ? [["inbox", "inbox", "nav.inbox"]] : []),
  ...(seesCases(role) ? [["cases", "cases", "nav.cases"]] : []),
  ...(seesResponseTimes(role) ? [["response-times", "clock", "response.title"]] : []),
  ...(seesPublications(role) ? [["publications", "megaphone", "publications.title"]] : []),
  ...(editsKnowledge(role) ? [["knowledge", "expert", "knowledge.base"]] : []),
  ...(seesChannels(role) ? [["channels", "plug", "channels.title"]] : []),
];

function OpenPill() {
  const open = useStore((s) => s.open);
  if (!open) return null;
  const state = t(open.is_open ? "open.yes" : "open.no");
  return html`<p class=${open.is_open ? "pill pill--open" : "pill pill--shut"} title=${open.text || state}>
    <span class="pill__dot" aria-hidden="true"></span><span class="pill__text">${open.text || state}</span><span class="pill__short" aria-hidden="true">${state}</span>
  </p>`;
}

/** @param {{page: string}} props */
export function Header({ page }) {
  const me = useStore((s) => s.me);
  const lang = useStore((s) => s.lang);
  const menu = useRef(/** @type {HTMLElement|null} */ (null));
  if (!me) return null;
  const settings = settingsOf(me);
  const hide = () => menu.current?.hidePopover();
  const available = me.availability === "available";
  const pages = pagesOf(me.role);
  return html`
    <header class="top">
      <a class="brand" href=${`#/${pages[0][0]}`} aria-label=${t("product")}><img src="/console/static/favicon.svg" alt="" width="26" height="26" /><span>${t("product")}</span></a>
      <nav class=${pages.length > 2 ? "nav nav--many" : "nav"} aria-label=${t("nav.label")}>
        ${pages.map(([name, icon, text]) => html`<a key=${name} href=${`#/${name}`} aria-current=${page === name || (page === "canned" && name === "knowledge") ? "page" : undefined}><${Icon} name=${icon} /><span>${t(text)}</span></a>`)}
      </nav>
      <${OpenPill} />
      <button type="button" class="switch" role="switch" aria-checked=${available ? "true" : "false"} aria-label=${t("availability.label")}
        title=${t("availability.label")} onClick=${() => changeMe({ availability: available ? "away" : "available" })}>
        <span class="switch__track" aria-hidden="true"><span class="switch__knob"></span></span>
        <span class="switch__text" aria-hidden="true">${t(available ? "availability.available" : "availability.away")}</span>
      </button>
      <button type="button" class="me" popovertarget="me-menu" aria-haspopup="dialog">
        <${Icon} name="user" /><span class="me__who"><span class="me__name">${me.name}</span><span class="me__role">${label("role", me.role)}</span></span>
        <span class="vh">, ${t("nav.menu")}</span><${Icon} name="down" size=${14} />
      </button>
      <div id="me-menu" popover="auto" class="menu menu--me" ref=${menu} role="dialog" aria-label=${t("nav.menu")}>
        <p class="menu__head"><strong>${me.name}</strong><span>${[label("role", me.role), nameOf(me.centre), nameOf(me.institution)].filter(Boolean).join(" · ")}</span></p>
        <div class="menu__row">
          <span id="menu-lang">${t("settings.language")}</span>
          <div class="segments" role="group" aria-labelledby="menu-lang">
            ${LANGUAGES.map((code) => html`<button type="button" key=${code} aria-pressed=${code === lang ? "true" : "false"} lang=${code}
              aria-label=${t(`own_language.${code}`)} onClick=${() => changeMe({ lang: code })}>${code.toUpperCase()}</button>`)}
          </div>
        </div>
        <div class="menu__row">
          <span id="menu-theme">${t("settings.theme")}</span>
          <div class="segments" role="group" aria-labelledby="menu-theme">
            ${["auto", "light", "dark"].map((one) => html`<button type="button" key=${one} aria-pressed=${settings.theme === one ? "true" : "false"}
              onClick=${() => changeMe({ settings: { theme: /** @type {any} */ (one) } })}>${t(`theme_short.${one}`)}</button>`)}
          </div>
        </div>
        <button type="button" class="menu__item" onClick=${() => { hide(); showDialog({ kind: "settings" }); }}><${Icon} name="gear" />${t("settings.title")}</button>
        <button type="button" class="menu__item" onClick=${() => { hide(); showDialog({ kind: "help" }); }}><${Icon} name="help" />${t("help.title")}</button>
        <button type="button" class="menu__item" onClick=${() => {
          hide();
          if (countUnsent(me.id)) showDialog({ kind: "sign_out" });
          else signOut().catch(() => toast("error", t("error.network")));
        }}><${Icon} name="out" />${t("action.sign_out")}</button>
      </div>
    </header>`;
}
