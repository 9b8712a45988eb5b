// @ts-check
/**
 * Puts the widget together: configuration, language, conversation, view, invitations.
 *
 * @typedef {import('./protocol.js').Config} Config
 * @typedef {{open: () => void, close: () => void, setLanguage: (lang: string) => void}} App
 */

import { Notices } from './notices.js';
import { Proactive } from './proactive.js';
import { Session } from './session.js';
import { Store } from './store.js';
import { Texts } from './texts.js';
import { Uploads } from './uploads.js';
import { View } from './view.js';

const CONFIG_WITHIN_MS = 8_000;
const CONFIG_PAUSES_MS = [1_000, 3_000, 8_000, 20_000, 60_000];

class Refused extends Error {}

/**
 * @param {string} origin
 * @param {string} site
 * @returns {Promise<Config>}
 * @throws {Refused} when the server does not know the site or does not serve this page
 * @throws {Error} when the server cannot be reached
 */
async function fetchConfig(origin, site) {
  const answer = await fetch(`${origin}/chat/config?site=${encodeURIComponent(site)}`, {
    credentials: 'omit',
    signal: AbortSignal.timeout(CONFIG_WITHIN_MS),
  });
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
    throw new Refused(`the site "${site}" is not served here (${answer.status})`);
  }
  if (!answer.ok) throw new Error(`configuration: ${answer.status}`);
  return answer.json();
}

/**
 * The configuration; the one kept from an earlier visit when the server is away, so that what the citizen has written
 * stays in sight and goes out as soon as the server is back.
 * @param {string} origin
 * @param {string} site
 * @param {Store} store
 * @returns {Promise<Config>}
 */
async function configuration(origin, site, store) {
  for (let attempt = 0; ; attempt += 1) {
    try {
      const config = await fetchConfig(origin, site);
      // A notice is of its hour and so is an invitation: what was told at an earlier visit is not told again.
      store.keep(store.lasting, 'config', { ...config, notices: [], proactive: [] });
      return config;
    } catch (reason) {
      if (reason instanceof Refused) {
        store.keep(store.lasting, 'config', null);
        throw reason;
      }
      const kept = /** @type {Config|null} */ (store.read(store.lasting, 'config'));
      if (kept?.texts) return kept;
      const wait = CONFIG_PAUSES_MS[attempt];
      if (wait === undefined) throw reason;
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random())));
    }
  }
}

/** @returns {Promise<void>} resolved when the page has a body */
function parsed() {
  if (document.body) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener('DOMContentLoaded', () => resolve(), { once: true }));
}

/**
 * The first language: what the citizen chose on a page of the same language, else what the page says.
 * @param {Store} store
 * @param {string} pageLang
 * @returns {string}
 */
function firstLanguage(store, pageLang) {
  const kept = /** @type {{lang?: string, page?: string}|null} */ (store.read(store.lasting, 'lang'));
  return kept?.lang && kept.page === pageLang ? kept.lang : pageLang;
}

/**
 * @param {{origin: string, site: string, lang: string}} options `lang` as the script tag has it, or empty
 * @returns {Promise<App>}
 */
export async function start({ origin, site, lang }) {
  const store = new Store(site);
  const config = await configuration(origin, site, store);
  await parsed();
  // The page it leads to is the server's own, also when the configuration leaves its name out.
  const hasPrivacyPage = config.privacy_url && URL.canParse(config.privacy_url, origin);
  config.privacy_url = hasPrivacyPage ? new URL(config.privacy_url, origin).href : '';

  const pageLang = (lang || document.documentElement.lang || config.lang || 'lv').toLowerCase();
  const texts = new Texts(config.texts, config.languages, config.lang || 'lv');
  texts.choose(firstLanguage(store, pageLang));

  /** @type {View} */
  let view;
  /** @type {Notices} */
  let notices;
  const uploads = config.attachments
    ? new Uploads({
        origin,
        site,
        limits: config.attachments,
        texts,
        token: () => session.token,
        changed: () => {
          session.uploadsMoved();
          view?.changed('files');
        },
      })
    : null;
  /** @type {Session} */
  const session = new Session({
    url: `${origin.replace(/^http/, 'ws')}/chat/ws?site=${encodeURIComponent(site)}`,
    store,
    uploads,
    lost: () => texts.t('file_lost'),
    lang: () => texts.lang,
    changed: (change) => (change === 'notices' ? notices?.changed() : view?.changed(change)),
  });
  /** @param {Record<string, string>} words */
  const inLang = (words) => words[texts.lang] ?? words[config.lang] ?? words['lv'] ?? '';
  const proactive = new Proactive({
    rules: Array.isArray(config.proactive) ? config.proactive : [],
    store,
    quiet: () => view.isOpen || session.open,
    show: (rule) => view.invite(rule ? inLang(rule.text) : '', rule?.begin ? { title: inLang(rule.begin.title), payload: rule.begin.payload } : null),
  });
  view = new View({
    config,
    texts,
    session,
    uploads,
    store,
    onDeclined: (invitation) => proactive.decline(invitation),
    onLanguage: (code) => setLanguage(code),
  });

  notices = new Notices({
    url: `${origin}/chat/notices?site=${encodeURIComponent(site)}`,
    first: config.notices ?? [],
    store,
    texts,
    panel: view.el.notices,
    dock: view.el.outages,
    closed: () => (view.isOpen ? view.focusInside() : view.el.launcher.focus()),
  });

  /** @param {string} code */
  function setLanguage(code) {
    const before = texts.lang;
    if (!texts.choose(code)) return;
    store.keep(store.lasting, 'lang', { lang: texts.lang, page: pageLang });
    if (texts.lang === before) return;
    view.label();
    notices.show();
    session.languageChanged();
  }

  store.onOtherTab((name) => {
    if (name !== 'lang' || !texts.choose(firstLanguage(store, pageLang))) return;
    view.label();
    notices.show();
  });

  store.onOtherTab((name) => {
    if (name === 'notices') notices.show();
  });

  document.body.append(view.host);
  if (store.read(store.tab, 'open') === true) view.open({ focus: false });
  else if (session.worthConnecting) session.start();
  proactive.start();

  return {
    open: () => view.open(),
    close: () => view.close(),
    setLanguage,
  };
}
