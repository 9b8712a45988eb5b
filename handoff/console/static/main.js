// @ts-check
import { startAttention } from "./attention.js";
import { DialogHost } from "./components/dialogs.js";
import { Header } from "./components/header.js";
import { OfferCard } from "./components/offer.js";
import { FirstPassword } from "./components/password.js";
import { StatusBar, Toasts } from "./components/statusbar.js";
import { html } from "./html.js";
import { firstLanguage, t, useLanguage } from "./i18n.js";
import { seesInbox, seesMoney, seesPage } from "./pages.js";
import { useRoute } from "./router.js";
import { boot, showDialog } from "./session.js";
import { startShortcuts } from "./shortcuts.js";
import { set, useStore } from "./store.js";
import { useEffect } from "./vendor/hooks.js";
import { render } from "./vendor/preact.js";
import { CallbacksPage } from "./views/callbacks.js";
import { AuditPage } from "./views/audit.js";
import { BoardPage } from "./views/board.js";
import { CannedPage } from "./views/canned.js";
import { CaseView } from "./views/case.js";
import { Cases } from "./views/cases.js";
import { Channels } from "./views/channels.js";
import { HoursPage } from "./views/hours.js";
import { ImportsPage } from "./views/imports.js";
import { DisputesPage } from "./views/disputes.js";
import { Inbox } from "./views/inbox.js";
import { KnowledgePage } from "./views/knowledge.js";
import { LifePage } from "./views/life.js";
import { Login, Unreachable } from "./views/login.js";
import { MacrosPage } from "./views/macros.js";
import { NoticesPage } from "./views/notices.js";
import { PeoplePage } from "./views/people.js";
import { PlansPage } from "./views/plans.js";
import { Publications } from "./views/publications.js";
import { QualityPage } from "./views/quality.js";
import { QueuesPage } from "./views/queues.js";
import { ReportsPage } from "./views/reports.js";
import { ResponseTimes } from "./views/responsetimes.js";
import { SearchPage } from "./views/search.js";
import { TrainingPage } from "./views/training.js";
import { UnifyPage } from "./views/unify.js";
import { TargetsPage } from "./views/targets.js";
import { ShiftsPage } from "./views/shifts.js";
import { StaffingPage } from "./views/staffing.js";
import { SettlementsPage } from "./views/settlements.js";
import { StatementPage } from "./views/statement.js";
import { TariffsPage } from "./views/tariffs.js";
import { OpenDataPage } from "./views/opendata.js";
import { SitesPage } from "./views/sites.js";
import { Wall } from "./views/wall.js";

/** The page that is shown: the one asked for, if the person may see it. @param {import("./router.js").Page} asked @param {string} role */
function pageFor(asked, role) {
  if (seesPage(asked, role)) return asked;
  if (seesInbox(role)) return "inbox";
  return seesMoney(role) ? "cases" : "publications";
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
  if (phase === "password") return html`<${FirstPassword} />`;
  if (phase === "failed") return html`<${Unreachable} onRetry=${boot} />`;
  if (phase === "loading") return html`<main class="boot" id="main" tabindex="-1"><h1 class="vh">${t("product")}</h1><p role="status">${t("conversation.loading")}</p></main>`;
  const page = pageFor(here.page, role);
  const asked = page === here.page;
  /** @type {Record<string, () => any>} */
  const views = {
    cases: () => (here.id ? html`<${CaseView} key=${`${here.id}-${lang}`} no=${here.id} />` : html`<${Cases} params=${here.params} />`),
    settlements: () => html`<${SettlementsPage} id=${here.id} />`,
    statement: () => html`<${StatementPage} key=${here.id === "preview" ? here.params.get("party") : here.id} id=${here.id} params=${here.params} />`,
    disputes: () => html`<${DisputesPage} params=${here.params} />`,
    tariffs: () => html`<${TariffsPage} id=${here.id} />`,
    board: () => html`<${BoardPage} id=${here.id} params=${here.params} />`,
    wall: () => html`<${Wall} />`,
    search: () => html`<${SearchPage} params=${here.params} />`,
    reports: () => html`<${ReportsPage} id=${here.id} params=${here.params} />`,
    "response-times": () => html`<${ResponseTimes} id=${here.id} params=${here.params} />`,
    channels: () => html`<${Channels} id=${here.id} params=${here.params} />`,
    publications: () => html`<${Publications} id=${asked ? here.id : null} part=${here.part} params=${here.params} />`,
    knowledge: () => html`<${KnowledgePage} id=${here.id} params=${here.params} />`,
    callbacks: () => html`<${CallbacksPage} id=${here.id} />`,
    macros: () => html`<${MacrosPage} id=${here.id} />`,
    canned: () => html`<${CannedPage} id=${here.id} />`,
    life: () => html`<${LifePage} id=${here.id} params=${here.params} />`,
    unify: () => html`<${UnifyPage} id=${here.id} params=${here.params} />`,
    import: () => html`<${ImportsPage} id=${here.id} />`,
    queues: () => html`<${QueuesPage} id=${here.id} part=${here.part} />`,
    training: () => html`<${TrainingPage} params=${here.params} />`,
    plans: () => html`<${PlansPage} id=${here.id} params=${here.params} />`,
    notices: () => html`<${NoticesPage} key=${here.id ?? "all"} id=${here.id} />`,
    hours: () => html`<${HoursPage} />`,
    sites: () => html`<${SitesPage} id=${here.id} />`,
    "open-data": () => html`<${OpenDataPage} id=${here.id} params=${here.params} />`,
    people: () => html`<${PeoplePage} id=${here.id} params=${here.params} />`,
    audit: () => html`<${AuditPage} params=${here.params} />`,
    targets: () => html`<${TargetsPage} />`,
    quality: () => html`<${QualityPage} id=${here.id} params=${here.params} />`,
    shifts: () => html`<${ShiftsPage} params=${here.params} />`,
    staffing: () => html`<${StaffingPage} id=${here.id} part=${here.part} params=${here.params} />`,
    inbox: () => html`<${Inbox} id=${asked ? here.id : null} part=${here.part} key=${lang} />`,
  };
  // A screen on the wall has no menu: whoever stands before it touches nothing.
  if (page === "wall") return html`<div class="app--wall">${views.wall()}</div>`;
  // Where cards are cached the language is the key, so that every text is drawn anew; where forms are it is not: nothing typed is lost.
  return html`
    <div class=${page === "inbox" ? "app" : "app app--page"}>
      <a class="skip" href="#main" onClick=${(/** @type {Event} */ e) => {
        e.preventDefault(); // the address belongs to the routes
        document.getElementById("main")?.focus();
      }}>${t("nav.skip")}</a>
      <${Header} page=${page} />
      <${OfferCard} />
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
