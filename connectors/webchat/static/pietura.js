// @ts-check
/**
 * Pietura web chat: the one script a site embeds.
 *
 *   <script src="https://HOST/widget/pietura.js" data-site="demo" data-lang="lv" defer></script>
 *
 * This file only finds its own tag, offers `window.Pietura` at once and fetches the rest from its own folder, so that
 * the page around it is never held up. Needs of the page's Content-Security-Policy: `script-src HOST; connect-src HOST
 * wss://HOST` and nothing else.
 *
 * @typedef {object} PieturaApi
 * @property {() => Promise<void>} open open the chat
 * @property {() => Promise<void>} close close the chat; the conversation is kept
 * @property {(lang: string) => Promise<void>} setLanguage change the language of the chat
 */
(() => {
  'use strict';
  const page = /** @type {Window & {Pietura?: Readonly<PieturaApi>}} */ (window);
  if (page.Pietura) return;

  const own = document.currentScript ?? document.querySelector('script[data-site][src*="pietura.js"]');
  if (!(own instanceof HTMLScriptElement) || !own.src || !own.dataset.site) {
    console.warn('Pietura: the script tag needs src and data-site');
    return;
  }
  const { site, lang = '' } = own.dataset;
  const source = new URL(own.src, location.href);

  /** @type {Promise<import('./pietura/main.js').App>} */
  const app = import(new URL('pietura/main.js', source).href).then((main) =>
    main.start({ origin: source.origin, site, lang }),
  );
  // A site must never break because its chat could not start.
  app.catch((reason) => console.warn('Pietura: the chat did not start.', reason));

  page.Pietura = Object.freeze({
    open: () => app.then((it) => it.open()),
    close: () => app.then((it) => it.close()),
    setLanguage: (/** @type {string} */ code) => app.then((it) => it.setLanguage(code)),
  });
})();
