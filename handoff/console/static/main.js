// @ts-check
import { startAttention } from "./attention.js";
import { DialogHost } from "./components/dialogs.js";
import { editsKnowledge, Header, seesCases, seesChannels, seesInbox, seesPublications, seesResponseTimes } from "./components/header.js";
import { StatusBar, Toasts } from "./components/statusbar.js";
import { html } from "./html.js";
import { firstLanguage, t, useLanguage } from "./i18n.js";
import { useRoute } from "./router.js";
import { boot, showDialog } from "./session.js";
import { startShortcuts } from "./shortcuts.js";
import { set, useStore } from "./store.js";
import { useEffect } from "./vendor/hooks.js";
import { render } from "./vendor/preact.js";
import { CannedPage } from "./views/canned.js";
import { CaseView } from "./views/case.js";
import { Cases } from "./views/cases.js";
import { Channels } from "./views/channels.js";
import { Inbox } from "./views/inbox.js";
import { KnowledgePage } from "./views/knowledge.js";
import { Login, Unreachable } from "./views/login.js";
import { Publications } from "./views/publications.js";
import { ResponseTimes } from "./views/responsetimes.js";

/** The page that is shown: the one asked for, if the person may see it. @param {string} asked @param {string} role */
function pageFor(asked, role) {
  if (asked === "cases" && seesCases(role)) return "cases";
  if (asked === "response-times" && seesResponseTimes(role)) return "response-times";
  if (asked === "channels" && seesChannels(role)) return "channels";
  if ((asked === "canned" || asked === "knowledge") && editsKnowledge(role)) return asked;
  if (asked === "publications" && seesPublications(role)) return "publications";
  return seesInbox(role) ? "inbox" : "publications";
}

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
  const page = pageFor(here.page, role);
  const asked = page === here.page;
  /** @type {Record<string, () => any>} */
  const views = {
    cases: () => (here.id ? html`<${CaseView} key=${`${here.id}-${lang}`} no=${here.id} />` : html`<${Cases} params=${here.params} />`),
    "response-times": () => html`<${ResponseTimes} id=${here.id} params=${here.params} />`,
    channels: () => html`<${Channels} id=${here.id} params=${here.params} />`,
    publications: () => html`<${Publications} id=${asked ? here.id : null} part=${here.part} params=${here.params} />`,
    knowledge: () => html`<${KnowledgePage} id=${here.id} params=${here.params} />`,
    canned: () => html`<${CannedPage} id=${here.id} />`,
    inbox: () => html`<${Inbox} id=${asked ? here.id : null} part=${here.part} key=${lang} />`,
  };
  // Where cards are cached the language is the key, so that every text is drawn anew; where forms are it is not: nothing typed is lost.
  return html`
    <div class=${page === "inbox" ? "app" : "app app--page"}>
      <a class="skip" href="#main" onClick=${(/** @type {Event} */ e) => {
        e.preventDefault(); // the address belongs to the routes
        document.getElementById("main")?.focus();
      }}>${t("nav.skip")}</a>
      <${Header} page=${page} />
      ${views[page]()}
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
