// @ts-check
/**
 * Invitations by rule: on which page, after how long. Shown rarely and never to somebody who has already said no.
 *
 * @typedef {import('./protocol.js').ProactiveRule} ProactiveRule
 */

const REST_MS = 7 * 24 * 60 * 60 * 1000;
const REMEMBERED_PAGES = 50;

/** @returns {string} what the rules' patterns are matched against */
export function here() {
  let hash = location.hash;
  try {
    hash = decodeURIComponent(hash);
  } catch {
    // A stray percent sign: the pattern sees it as it stands.
  }
  return location.pathname + hash;
}

export class Proactive {
  /**
   * @param {object} options
   * @param {ProactiveRule[]} options.rules
   * @param {import('./store.js').Store} options.store
   * @param {() => boolean} options.quiet whether an invitation would disturb now
   * @param {(rule: ProactiveRule|null) => void} options.show null takes the invitation away
   */
  constructor({ rules, store, quiet, show }) {
    this.store = store;
    this.quiet = quiet;
    this.show = show;
    this.page = '';
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
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
    this.arrive();
  }

  /** The citizen is on a page, perhaps a new one. */
  arrive() {
    const page = here();
    if (page === this.page) return;
    if (this.page) this.show(null);
    this.page = page;
    clearTimeout(this.timer);
    const due = this.rules
      .filter(({ rule, pattern }) => pattern.test(page) && !this.rests(rule))
      .sort((one, other) => one.rule.after_s - other.rule.after_s)[0];
    if (!due || this.declined().includes(page)) return;
    this.timer = setTimeout(() => {
      if (this.quiet() || this.declined().includes(page)) return;
      this.store.keep(this.store.lasting, `shown:${due.rule.id}`, Date.now());
      this.show(due.rule);
    }, Math.max(0, due.rule.after_s) * 1000);
  }

  /** The citizen closed the chat or the invitation here. */
  decline() {
    clearTimeout(this.timer);
    const pages = this.declined().filter((page) => page !== here());
    this.store.keep(this.store.tab, 'declined', [...pages, here()].slice(-REMEMBERED_PAGES));
  }

  /** @returns {string[]} */
  declined() {
    const pages = this.store.read(this.store.tab, 'declined');
    return Array.isArray(pages) ? pages.map(String) : [];
  }

  /** @param {ProactiveRule} rule @returns {boolean} whether it was shown within the last week */
  rests(rule) {
    const at = Number(this.store.read(this.store.lasting, `shown:${rule.id}`)) || 0;
    return Date.now() - at < REST_MS;
  }
}
