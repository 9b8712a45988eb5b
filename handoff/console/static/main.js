// @ts-check
import { startAttention } from "./attention.js";
import { DialogHost } from "./components/dialogs.js";
import { Header, seesCases } from "./components/header.js";
import { StatusBar, Toasts } from "./components/statusbar.js";
import { html } from "./html.js";
import { firstLanguage, t, useLanguage } from "./i18n.js";
import { useRoute } from "./router.js";
import { boot, showDialog } from "./session.js";
import { startShortcuts } from "./shortcuts.js";
import { set, useStore } from "./store.js";
import { useEffect } from "./vendor/hooks.js";
import { render } from "./vendor/preact.js";
import { CaseView } from "./views/case.js";
import { Cases } from "./views/cases.js";
import { Inbox } from "./views/inbox.js";
import { Login, Unreachable } from "./views/login.js";

function App() {
  const phase = useStore((s) => s.phase);
  const lang = useStore((s) => s.lang);
  const role = useStore((s) => s.me?.role ?? "");
  const here = useRoute();
  useEffect(() => {
    if (phase === "ready" && here.page === "help") showDialog({ kind: "help" });
  }, [phase, here.page]);
  if (phase === "login") return html`<${Login} />`;
  if (phase === "failed") return html`<${Unreachable} onRetry=${boot} />`;
  if (phase === "loading") return html`<p class="boot" role="status">${t("conversation.loading")}</p>`;
  const cases = here.page === "cases" && seesCases(role);
  // The language is the key of the page: every text is drawn anew, cached cards too.
  return html`
    <div class=${cases ? "app app--page" : "app"}>
      <a class="skip" href="#main" onClick=${(/** @type {Event} */ e) => {
        e.preventDefault(); // the address belongs to the routes
        document.getElementById("main")?.focus();
      }}>${t("nav.skip")}</a>
      <${Header} page=${cases ? "cases" : "inbox"} />
      ${cases
        ? here.id
          ? html`<${CaseView} key=${`${here.id}-${lang}`} no=${here.id} />`
          : html`<${Cases} params=${here.params} />`
        : html`<${Inbox} id=${here.page === "inbox" ? here.id : null} part=${here.part} key=${lang} />`}
      <${StatusBar} />
      <${Toasts} />
      <${DialogHost} key=${`dialogs-${lang}`} />
    </div>`;
}

async function start() {
  const first = firstLanguage();
  // Without texts nothing can be said: wait for the server.
  for (let loaded = false; !loaded; ) {
    try {
      await useLanguage(first);
      loaded = true;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 2000));
    }
  }
  set({ lang: first });
  const region = document.createElement("div");
  region.className = "vh";
  region.setAttribute("aria-live", "polite");
  document.body.append(region);
  render(html`<${App} />`, /** @type {Element} */ (document.getElementById("app")));
  startAttention(region);
  startShortcuts();
  await boot();
}

start();
