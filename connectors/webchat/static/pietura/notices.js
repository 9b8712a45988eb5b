// @ts-check
/**
 * Notices to everybody: an outage, a change of hours. Each appears and goes at its second, in the citizen's language, and
 * stays away once he has closed it. Times come as seconds from now: the clock of his device may be wrong.
 *
 * @typedef {import('./protocol.js').Notice} Notice
 * @typedef {{notice: Notice, from: number, until: number}} Known times on the page's own clock, milliseconds
 */

import { plain } from './content.js';
import { h, icon } from './dom.js';

const ASK_EVERY_MS = 60_000;
/** Everybody hears of a change at once and must not ask at once. */
const SPREAD_MS = 2_500;
const AFTER_MS = 500;
const REMEMBERED = 50;

export class Notices {
  /**
   * @param {object} options
   * @param {string} options.url where to ask
   * @param {Notice[]} options.first what came with the configuration
   * @param {import('./store.js').Store} options.store
   * @param {import('./texts.js').Texts} options.texts
   * @param {HTMLElement} options.panel place in the window of the chat: shows everything
   * @param {HTMLElement} options.dock place beside the launcher: shows only outages, so that nobody asks what is known
   * @param {() => void} options.closed where the focus goes when one was closed
   */
  constructor({ url, first, store, texts, panel, dock, closed }) {
    this.url = url;
    this.store = store;
    this.texts = texts;
    this.panel = panel;
    this.dock = dock;
    this.closed = closed;
    /** @type {Known[]} */
    this.known = [];
    this.shown = '';
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.timer = undefined;
    /** @type {ReturnType<typeof setTimeout>|undefined} */
    this.asking = undefined;
    this.take(first);
    this.askIn(ASK_EVERY_MS);
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.askIn(AFTER_MS);
    });
  }

  /** Something has changed: ask, though not all widgets in the same instant. */
  changed() {
    this.askIn(AFTER_MS + Math.random() * SPREAD_MS);
  }

  /** @param {number} wait milliseconds */
  askIn(wait) {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), wait);
  }

  async ask() {
    this.askIn(ASK_EVERY_MS);
    // A page that nobody looks at asks when somebody does.
    if (document.visibilityState !== 'visible') return;
    try {
      const answer = await fetch(this.url, { credentials: 'omit', signal: AbortSignal.timeout(8_000) });
      if (answer.ok) this.take((await answer.json()).notices);
    } catch {
      // The server is away: what is known goes on, and ends by its time.
    }
  }

  /** @param {Notice[]} notices */
  take(notices) {
    const now = performance.now();
    this.known = notices.map((notice) => ({
      notice,
      from: now + notice.starts_in_s * 1000,
      until: now + notice.ends_in_s * 1000,
    }));
    this.show();
  }

  /** Draws what holds now, and comes back when that changes. */
  show() {
    clearTimeout(this.timer);
    const now = performance.now();
    const away = this.dismissed();
    const live = this.known.filter((one) => one.from <= now && now < one.until && !away.includes(one.notice.id));
    const looks = JSON.stringify([this.texts.lang, live.map((one) => one.notice.id)]);
    if (looks !== this.shown) {
      this.shown = looks;
      this.panel.replaceChildren(...live.map((one) => this.card(one.notice)));
      this.dock.replaceChildren(
        ...live.filter((one) => one.notice.kind === 'outage').map((one) => this.card(one.notice)),
      );
    }
    const next = Math.min(...this.known.flatMap((one) => [one.from, one.until]).filter((at) => at > now));
    // What lies further than a timer can count is asked for anew long before.
    if (next < now + 2 * ASK_EVERY_MS) this.timer = setTimeout(() => this.show(), next - now + 20);
  }

  /** @param {Notice} notice */
  card(notice) {
    const close = h(
      'button',
      {
        type: 'button',
        class: 'round',
        'aria-label': this.texts.t('dismiss'),
        title: this.texts.t('dismiss'),
        onclick: () => this.dismiss(notice.id),
      },
      icon('close'),
    );
    const own = notice.text[this.texts.lang];
    return h(
      'div',
      { class: notice.kind === 'outage' ? 'public-notice outage' : 'public-notice' },
      icon('alert'),
      h('bdi', { class: 'banner-text', lang: own ? null : 'lv' }, plain(own ?? notice.text['lv'] ?? '')),
      close,
    );
  }

  /** @param {string} id */
  dismiss(id) {
    const others = this.dismissed().filter((one) => one !== id);
    this.store.keep(this.store.lasting, 'notices', [...others, id].slice(-REMEMBERED));
    this.show();
    this.closed();
  }

  /** @returns {string[]} */
  dismissed() {
    const ids = this.store.read(this.store.lasting, 'notices');
    return Array.isArray(ids) ? ids.map(String) : [];
  }
}
