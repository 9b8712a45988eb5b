// @ts-check
/** The demonstration site's pages: one section each, chosen by the part of the address after `#`. */
(() => {
  'use strict';
  const sections = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('.page')]);
  const home = document.title;

  /** @param {boolean} arrived by a link, as opposed to loading the page */
  function show(arrived) {
    const wanted = location.hash.replace(/^#/, '') || '/';
    const found = sections.find((each) => each.dataset.page === wanted);
    // The skip link also changes the hash, and is no page.
    if (!found && arrived && !wanted.startsWith('/')) return;
    const section = found ?? sections[0];
    if (!section) return;
    for (const each of sections) each.hidden = each !== section;
    for (const link of document.querySelectorAll('.nav a')) {
      if (link.getAttribute('href') === `#${section.dataset.page}`) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    const heading = section.querySelector('h1');
    document.title = section === sections[0] ? home : `${heading?.textContent} – ${home}`;
    if (arrived) {
      scrollTo(0, 0);
      heading?.focus();
    }
  }

  addEventListener('hashchange', () => show(true));
  show(false);
})();
