// @ts-check
/**
 * The widget as it will be, drawn from what a form of the console holds: its own parts, without a server behind them. Only
 * a page of the same origin can say what is drawn, and nothing of it is kept.
 *
 * @typedef {object} Wanted
 * @property {import('../pietura/protocol.js').Config} config
 * @property {string} lang
 * @property {boolean} open the window of the chat, as opposed to the button with an invitation
 * @property {string} invitation empty for none
 * @property {Partial<import('../pietura/protocol.js').Message>} greeting
 */

import { FRESH_STATE } from '../pietura/protocol.js';
import { Session } from '../pietura/session.js';
import { Store } from '../pietura/store.js';
import { Texts } from '../pietura/texts.js';
import { View } from '../pietura/view.js';

/** @type {View|null} */
let shown = null;

/** @param {Wanted} wanted */
function draw(wanted) {
  const { config, open, invitation, greeting } = wanted;
  shown?.host.remove();
  const store = new Store('preview');
  store.lasting.real = null;
  store.tab.real = null;
  const texts = new Texts(config.texts, config.languages, wanted.lang);
  const session = new Session({
    url: '',
    store,
    lang: () => texts.lang,
    changed: (change) => view.changed(change),
  });
  // Nobody is there to talk to.
  session.start = () => undefined;
  session.send = () => undefined;
  /** @type {View} */
  const view = new View({
    config,
    texts,
    session,
    store,
    onDeclined: () => undefined,
    onLanguage: (lang) => draw({ ...wanted, lang, open: view.isOpen }),
  });
  // A dialog that is opened takes the focus, which belongs to the form outside.
  view.raise = () => view.el.panel.setAttribute('open', '');
  shown = view;
  document.documentElement.lang = texts.lang;
  document.body.append(view.host);
  session.receive({ t: 'welcome', token: '', conversation: 'preview', cursor: 0, lang: texts.lang, state: { ...FRESH_STATE } });
  session.receive({
    t: 'message',
    message: {
      seq: 1,
      id: 'preview',
      client_id: null,
      ts: null,
      author: { kind: 'assistant', name: null },
      text: '',
      lang: texts.lang,
      ...greeting,
    },
  });
  if (open) view.open({ focus: false });
  else if (invitation) view.invite(invitation);
}

addEventListener('message', (event) => {
  if (event.origin !== location.origin || event.source !== parent || event.data?.kind !== 'preview') return;
  draw(event.data);
});
