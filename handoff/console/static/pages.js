// @ts-check
// Every page that has a place in the menu: who sees it, how it is called, and whether it stands in the bar or behind "more".

/** @typedef {import("./router.js").Page} Page */
/** @typedef {{page: Page, icon: string, name: string, sees: (role: string) => boolean, bar: (role: string) => boolean}} MenuPage */

/** @param {...string} roles */
const only = (...roles) => (/** @type {string} */ role) => roles.includes(role);

/** @param {string} role */
export const supervises = only("supervisor", "admin");
/** @param {string} role */
const administers = only("admin");
/** @param {string} role */
export const servesCitizens = only("operator", "supervisor", "admin");
/** Figures, or what was asked in vain. @param {string} role */
export const seesReports = only("supervisor", "admin", "accountant", "editor");
/** @param {string} role */
export const editsKnowledge = only("editor", "supervisor", "admin");
/** Editors have no conversations. @param {string} role */
export const seesInbox = only("operator", "specialist", "supervisor", "admin");
/** Whoever serves citizens, and whoever writes for those who do. @param {string} role */
export const usesMacros = only("operator", "editor", "supervisor", "admin");

/** Cases, prices, settlements. @param {string} role */
export const seesMoney = only("accountant", "supervisor", "admin");

const always = () => true;
const never = () => false;
const editors = only("editor");
const accountants = only("accountant");

/** In the order of the menu. @type {MenuPage[]} */
export const MENU = [
  { page: "inbox", icon: "inbox", name: "nav.inbox", sees: seesInbox, bar: always },
  { page: "callbacks", icon: "phone", name: "callback.title", sees: servesCitizens, bar: always },
  { page: "search", icon: "search", name: "search.title", sees: seesInbox, bar: always },
  { page: "board", icon: "show", name: "board.title", sees: supervises, bar: always },
  { page: "cases", icon: "cases", name: "nav.cases", sees: seesMoney, bar: always },
  { page: "settlements", icon: "swap", name: "settlements.title", sees: seesMoney, bar: accountants },
  { page: "knowledge", icon: "expert", name: "knowledge.base", sees: editsKnowledge, bar: editors },
  { page: "publications", icon: "megaphone", name: "publications.title", sees: editsKnowledge, bar: editors },
  { page: "reports", icon: "target", name: "reports.title", sees: seesReports, bar: only("accountant") },
  { page: "response-times", icon: "clock", name: "response.title", sees: supervises, bar: never },
  { page: "queues", icon: "people", name: "queues.title", sees: supervises, bar: never },
  { page: "channels", icon: "plug", name: "channels.title", sees: supervises, bar: never },
  { page: "notices", icon: "megaphone", name: "notices.title", sees: supervises, bar: never },
  { page: "hours", icon: "clock", name: "hours.title", sees: supervises, bar: never },
  { page: "sites", icon: "globe", name: "sites.title", sees: supervises, bar: never },
  { page: "people", icon: "user", name: "people.title", sees: administers, bar: never },
  { page: "audit", icon: "lock", name: "audit.title", sees: administers, bar: never },
  { page: "targets", icon: "check", name: "targets.title", sees: supervises, bar: never },
  { page: "quality", icon: "cases", name: "quality.title", sees: only("supervisor", "accountant", "admin"), bar: never },
  { page: "shifts", icon: "people", name: "shifts.title", sees: supervises, bar: never },
  { page: "staffing", icon: "cases", name: "staffing.title", sees: only("supervisor", "accountant", "admin"), bar: never },
  { page: "open-data", icon: "show", name: "open_data.title", sees: supervises, bar: never },
];

/** Pages without a place of their own in the menu. @type {Partial<Record<Page, (role: string) => boolean>>} */
const ELSEWHERE = {
  wall: supervises,
  canned: editsKnowledge,
  macros: usesMacros,
  import: editsKnowledge,
  life: editsKnowledge,
  plans: editsKnowledge,
  unify: editsKnowledge,
  training: editsKnowledge,
  statement: seesMoney,
  disputes: seesMoney,
  tariffs: seesMoney,
};

/** Whether a role may open a page. @param {Page} page @param {string} role */
export function seesPage(page, role) {
  const sees = MENU.find((one) => one.page === page)?.sees ?? ELSEWHERE[page];
  return sees !== undefined && sees(role);
}

/** The page under which another stands in the menu. @type {Partial<Record<Page, Page>>} */
const UNDER = {
  canned: "knowledge",
  macros: "knowledge",
  import: "knowledge",
  life: "knowledge",
  plans: "knowledge",
  unify: "knowledge",
  training: "knowledge",
  statement: "settlements",
  disputes: "settlements",
  tariffs: "settlements",
};

/** Whether a menu item stands for the page that is shown. @param {Page} item @param {string} shown */
export const isCurrent = (item, shown) => item === shown || UNDER[/** @type {Page} */ (shown)] === item;
