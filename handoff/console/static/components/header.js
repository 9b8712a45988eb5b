// @ts-check
// The bar on top: product, pages, working time, availability, the person's menu.
import { html } from "../html.js";
import { label, LANGUAGES, t } from "../i18n.js";
import { countUnsent } from "../keep.js";
import { nameOf } from "../model.js";
import { isCurrent, MENU, seesInbox } from "../pages.js";
import { changeMe, settingsOf, showDialog, signOut, toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { CallbackCount } from "./callbacks.js";
import { Icon } from "./icons.js";
import { Load } from "./offer.js";

const PHONE = window.matchMedia("(max-width: 480px)");
/** So many pages stand in the bar of a phone, so that it stays one row. */
const ON_PHONE = 3;

function usePhone() {
  const [phone, setPhone] = useState(PHONE.matches);
  useEffect(() => {
    const change = () => setPhone(PHONE.matches);
    PHONE.addEventListener("change", change);
    return () => PHONE.removeEventListener("change", change);
  }, []);
  return phone;
}

function OpenPill() {
  const open = useStore((s) => s.open);
  if (!open) return null;
  const state = t(open.is_open ? "open.yes" : "open.no");
  return html`<p class=${open.is_open ? "pill pill--open" : "pill pill--shut"} title=${open.text || state}>
    <span class="pill__dot" aria-hidden="true"></span><span class="pill__text">${open.text || state}</span><span class="pill__short" aria-hidden="true">${state}</span>
  </p>`;
}

/** @param {{item: import("../pages.js").MenuPage, page: string, look?: string, onGo?: () => void}} props */
function PageLink({ item, page, look, onGo }) {
  return html`<a class=${look} href=${`#/${item.page}`} aria-current=${isCurrent(item.page, page) ? "page" : undefined} onClick=${onGo}>
    <${Icon} name=${item.icon} /><span>${t(item.name)}</span>${item.page === "callbacks" && html`<${CallbackCount} />`}
  </a>`;
}

/** What does not fit the bar. @param {{items: import("../pages.js").MenuPage[], page: string}} props */
function MorePages({ items, page }) {
  const list = useRef(/** @type {HTMLElement|null} */ (null));
  const current = items.find((item) => isCurrent(item.page, page));
  /** Below the button, and never beyond the edge. @param {MouseEvent} e */
  const place = (e) => {
    const button = /** @type {HTMLElement} */ (e.currentTarget).getBoundingClientRect();
    if (!list.current) return;
    list.current.style.top = `${button.bottom + 4}px`;
    list.current.style.left = `${Math.max(8, Math.min(button.left, window.innerWidth - 264))}px`;
  };
  return html`
    <button type="button" class="nav__more" popovertarget="more-pages" data-current=${current ? "yes" : undefined} onClick=${place}>
      <${Icon} name="more" /><span>${current ? t(current.name) : t("nav.more")}</span>${current && html`<span class="vh">. ${t("nav.more")}</span>`}<${Icon} name="down" size=${14} />
    </button>
    <div id="more-pages" popover="auto" class="menu menu--pages" ref=${list}>
      ${items.map((item) => html`<${PageLink} key=${item.page} item=${item} page=${page} look="menu__item" onGo=${() => list.current?.hidePopover()} />`)}
    </div>`;
}

/** @param {{page: string}} props */
export function Header({ page }) {
  const me = useStore((s) => s.me);
  const lang = useStore((s) => s.lang);
  const menu = useRef(/** @type {HTMLElement|null} */ (null));
  const phone = usePhone();
  if (!me) return null;
  const settings = settingsOf(me);
  const hide = () => menu.current?.hidePopover();
  const available = me.availability === "available";
  const pages = MENU.filter((item) => item.sees(me.role));
  const bar = pages.filter((item) => item.bar(me.role)).slice(0, phone ? ON_PHONE : undefined);
  const more = pages.filter((item) => !bar.includes(item));
  return html`
    <header class="top">
      <a class="brand" href=${`#/${pages[0].page}`} aria-label=${t("product")}><img src="/console/static/favicon.svg" alt="" width="26" height="26" /><span>${t("product")}</span></a>
      <nav class=${pages.length > 2 ? "nav nav--many" : "nav"} aria-label=${t("nav.label")}>
        ${bar.map((item) => html`<${PageLink} key=${item.page} item=${item} page=${page} />`)}
        ${more.length > 0 && html`<${MorePages} items=${more} page=${page} />`}
      </nav>
      <${OpenPill} />
      <${Load} />
      ${seesInbox(me.role) && html`<button type="button" class="switch" role="switch" aria-checked=${available ? "true" : "false"} aria-label=${t("availability.label")}
        title=${t("availability.label")} onClick=${() => changeMe({ availability: available ? "away" : "available" })}>
        <span class="switch__track" aria-hidden="true"><span class="switch__knob"></span></span>
        <span class="switch__text" aria-hidden="true">${t(available ? "availability.available" : "availability.away")}</span>
      </button>`}
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
        <button type="button" class="menu__item" onClick=${() => { hide(); showDialog({ kind: "password" }); }}><${Icon} name="lock" />${t("password.title")}</button>
        <button type="button" class="menu__item" onClick=${() => { hide(); showDialog({ kind: "help" }); }}><${Icon} name="help" />${t("help.title")}</button>
        <button type="button" class="menu__item" onClick=${() => {
          hide();
          if (countUnsent(me.id)) showDialog({ kind: "sign_out" });
          else signOut().catch(() => toast("error", t("error.network")));
        }}><${Icon} name="out" />${t("action.sign_out")}</button>
      </div>
    </header>`;
}
