// @ts-check
/**
 * Invitations by rule: on which page, and after what. Shown rarely and never to somebody who has already said no. Of forms
 * it notes only that somebody fills them in, that something was refused, or that it was sent: never what, and never where to.
 *
 * @typedef {import('./protocol.js').ProactiveRule} ProactiveRule
 */

const DAY_MS = 24 * 60 * 60 * 1000;
/** A rule rests for so long once it was shown; `session`: for this visit. */
const REST_MS = /** @type {Record<string, number>} */ ({ day: DAY_MS, week: 7 * DAY_MS });
const REMEMBERED = 50;
/** Rules that come due together: the most important is shown. */
const TOGETHER_MS = 100;
/** Nobody is spoken to while he types. */
const TYPES_MS = 3_000;
/** What was begun longer ago is no unfinished business of this visit. */
const BEGUN_MS = 30 * 60 * 1000;
const MOST_OF_ADDRESS = 300;
const FIELDS = 'input:not([type=search]):not([type=hidden]), textarea, select';

/** @returns {string} what the rules' patterns are matched against */
export function here() {
  let hash = location.hash;
  try {
    hash = decodeURIComponent(hash);
  } catch {
    // A stray percent sign: the pattern sees it as it stands.
  }
  // No page of a site is called so long; a pattern must not be kept busy by what a link says.
  return (location.pathname + hash).slice(0, MOST_OF_ADDRESS);
}

/** @param {Event} event @returns {boolean} whether it happened in a field of the page's own forms */
function inField(event) {
  const target = event.composedPath()[0];
  const ours = event.composedPath().some((one) => one instanceof Element && one.localName === 'pietura-chat');
  if (ours || !(target instanceof Element)) return false;
  return target.matches(FIELDS) && !target.closest('[role=search]');
}

export class Proactive {
  /**
   * @param {object} options
   * @param {ProactiveRule[]} options.rules the most important first
   * @param {import('./store.js').Store} options.store
   * @param {() => boolean} options.quiet whether an invitation would disturb now
   * @param {(rule: ProactiveRule|null) => void} options.show null takes the invitation away
   */
  constructor({ rules, store, quiet, show }) {
    this.store = store;
    this.quiet = quiet;
    this.show = show;
    this.page = '';
    this.typedAt = 0;
    this.done = false;
    this.last = '';
    /** @type {Set<ReturnType<typeof setTimeout>>} */
    this.timers = new Set();
    /** @type {ReturnType<typeof setTimeout>|undefined} until somebody has left a form alone */
    this.idle = undefined;
    /** @type {ProactiveRule[]} those that wait for something on this page */
    this.armed = [];
    /** @type {Set<ProactiveRule>} */
    this.due = new Set();
    this.rules = rules.flatMap((rule) => {
      try {
        return [{ rule, pattern: new RegExp(rule.page, 'u') }];
      } catch {
        console.warn(`Pietura: the page pattern of the rule "${rule.id}" is not valid.`);
        return [];
      }
    });
  }

  start() {
    if (this.rules.length === 0) return;
    const moved = () => this.arrive();
    addEventListener('hashchange', moved);
    addEventListener('popstate', moved);
    // Sites that change the address by script tell nobody but this, where the browser has it.
    const navigation = /** @type {{navigation?: EventTarget}} */ (/** @type {unknown} */ (window)).navigation;
    navigation?.addEventListener('currententrychange', moved);
    this.watch();
    this.arrive();
  }

  /** Listens for no more than the rules ask for. */
  watch() {
    const asks = (/** @type {string[]} */ ...kinds) => this.rules.some(({ rule }) => kinds.includes(rule.when ?? 'time'));
    if (asks('scroll')) addEventListener('scroll', () => this.scrolled(), { passive: true, capture: true });
    document.addEventListener('input', (event) => inField(event) && this.filled(), true);
    document.addEventListener('submit', () => this.sent(), true);
    if (asks('form_error')) {
      document.addEventListener('invalid', (event) => inField(event) && this.refused(), true);
      new MutationObserver((changes) => {
        const marked = changes.some(({ target }) => target instanceof Element && target.getAttribute('aria-invalid') === 'true');
        if (marked) this.refused();
      }).observe(document.documentElement, { attributes: true, subtree: true, attributeFilter: ['aria-invalid'] });
    }
  }

  /** The citizen is on a page, perhaps a new one. */
  arrive() {
    const page = here();
    if (page === this.page) return;
    if (this.page) this.show(null);
    this.page = page;
    this.disarm();
    if (this.declined().includes(page) || this.store.read(this.store.tab, 'unwanted')) return;
    for (const { rule, pattern } of this.rules) {
      if (this.rests(rule) || this.refusals().includes(rule.id)) continue;
      const on = pattern.test(page);
      if (rule.when === 'unfinished') {
        if (on) this.armed.push(rule);
        else if (this.begun(rule)) this.after(rule);
      } else if (on) {
        this.armed.push(rule);
        if ((rule.when ?? 'time') === 'time') this.after(rule);
      }
    }
    this.scrolled();
  }

  disarm() {
    for (const timer of this.timers) clearTimeout(timer);
    clearTimeout(this.idle);
    this.timers.clear();
    this.due.clear();
    this.armed = [];
    this.done = false;
    this.last = '';
  }

  /** @param {string} when @returns {ProactiveRule[]} */
  waiting(when) {
    return this.armed.filter((rule) => rule.when === when);
  }

  /** What the rule waits for has happened: its delay begins. @param {ProactiveRule} rule */
  after(rule) {
    this.armed = this.armed.filter((one) => one !== rule);
    this.later(() => this.ripe(rule), Math.max(0, rule.after_s) * 1000);
  }

  /** @param {() => void} act @param {number} wait milliseconds */
  later(act, wait) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, wait);
    this.timers.add(timer);
  }

  /** @param {ProactiveRule} rule */
  ripe(rule) {
    if (this.done) return;
    if (this.due.size === 0) this.later(() => this.choose(), TOGETHER_MS);
    this.due.add(rule);
  }

  choose() {
    const types = this.typedAt + TYPES_MS - Date.now();
    if (types > 0) {
      this.later(() => this.choose(), types);
      return;
    }
    const first = this.rules.find(({ rule }) => this.due.has(rule))?.rule;
    this.due.clear();
    if (!first || this.quiet() || this.declined().includes(this.page)) return;
    // One on a page is enough.
    this.done = true;
    const shelf = first.once === 'session' ? this.store.tab : this.store.lasting;
    this.store.keep(shelf, `shown:${first.id}`, Date.now());
    this.store.keep(this.store.tab, `begun:${first.id}`, null);
    this.last = first.id;
    this.show(first);
  }

  // ---- what the citizen does on the page ---------------------------------------------------------------------------

  scrolled() {
    const { scrollHeight, clientHeight } = document.documentElement;
    // What fits the window is not read by scrolling.
    if (scrollHeight <= clientHeight + 1) return;
    const share = ((scrollY + clientHeight) / scrollHeight) * 100;
    for (const rule of this.waiting('scroll')) if (share >= (rule.share ?? 50)) this.after(rule);
  }

  filled() {
    this.typedAt = Date.now();
    for (const rule of this.waiting('unfinished')) this.store.keep(this.store.tab, `begun:${rule.id}`, Date.now());
    clearTimeout(this.idle);
    const idle = this.waiting('inactive').sort((one, other) => one.after_s - other.after_s)[0];
    if (idle) this.idle = setTimeout(() => this.ripe(idle), Math.max(1, idle.after_s) * 1000);
  }

  sent() {
    clearTimeout(this.idle);
    for (const rule of this.waiting('unfinished')) this.store.keep(this.store.tab, `begun:${rule.id}`, null);
  }

  refused() {
    for (const rule of this.waiting('form_error')) this.after(rule);
  }

  // ---- what is remembered ------------------------------------------------------------------------------------------

  /**
   * The citizen closed the chat or the invitation here.
   * @param {boolean} [invitation] it was the invitation: he is not asked this again, nor anything else in this visit
   */
  decline(invitation = false) {
    const page = here();
    const refused = this.last;
    this.disarm();
    this.done = true;
    const pages = this.declined().filter((one) => one !== page);
    this.store.keep(this.store.tab, 'declined', [...pages, page].slice(-REMEMBERED));
    if (!invitation) return;
    this.store.keep(this.store.tab, 'unwanted', true);
    if (refused) this.store.keep(this.store.lasting, 'refused', [...this.refusals(), refused].slice(-REMEMBERED));
  }

  /** @returns {string[]} */
  declined() {
    return this.list(this.store.tab, 'declined');
  }

  /** @returns {string[]} rules whose invitation was closed */
  refusals() {
    return this.list(this.store.lasting, 'refused');
  }

  /** @param {import('./store.js').Store['tab']} shelf @param {string} name @returns {string[]} */
  list(shelf, name) {
    const kept = this.store.read(shelf, name);
    return Array.isArray(kept) ? kept.map(String) : [];
  }

  /** @param {ProactiveRule} rule @returns {boolean} whether a form of its page was begun in this visit and not sent */
  begun(rule) {
    return Date.now() - (Number(this.store.read(this.store.tab, `begun:${rule.id}`)) || 0) < BEGUN_MS;
  }

  /** @param {ProactiveRule} rule @returns {boolean} whether it was shown not long ago */
  rests(rule) {
    if (rule.once === 'session') return Boolean(this.store.read(this.store.tab, `shown:${rule.id}`));
    const at = Number(this.store.read(this.store.lasting, `shown:${rule.id}`)) || 0;
    return Date.now() - at < (REST_MS[rule.once ?? 'week'] ?? 7 * DAY_MS);
  }
}
