// @ts-check
/**
 * The parts of the widget, built once: launcher, panel, head, banners, messages, foot. What happens with them is the
 * view's business; here is only what there is, in which order, and with which words.
 *
 * @typedef {import('./protocol.js').Config} Config
 * @typedef {import('./texts.js').Texts} Texts
 *
 * @typedef {object} Actions what the parts call when they are used
 * @property {() => void} open
 * @property {() => void} close
 * @property {(lang: string) => void} language
 * @property {() => void} menu
 * @property {() => void} askEnd
 * @property {() => void} end
 * @property {() => void} cancelEnd
 * @property {() => void} retryLine
 * @property {() => void} dismissProblem
 * @property {() => void} scrolled
 * @property {() => void} showNew
 * @property {() => void} written
 * @property {(event: KeyboardEvent) => void} key
 * @property {(event: Event) => void} submit
 * @property {() => void} attach
 * @property {(event: Event) => void} picked
 * @property {(event: ClipboardEvent) => void} pasted
 * @property {() => void} startNew
 *
 * @typedef {ReturnType<typeof layout>} Layout
 */

import { anchor, plain, safeUrl } from './content.js';
import { h, icon, set, write } from './dom.js';

/**
 * @param {Config} config
 * @param {Texts} texts
 * @param {Actions} on
 */
export function layout(config, texts, on) {
  /** @type {(() => void)[]} */
  const labels = [];

  /**
   * @template {HTMLElement} E
   * @param {E} element
   * @param {string} key its text
   * @returns {E}
   */
  const worded = (element, key) => {
    labels.push(() => write(element, texts.t(key)));
    return element;
  };

  /**
   * @template {HTMLElement} E
   * @param {E} element
   * @param {string} key its name, for a control that shows only a picture
   * @returns {E}
   */
  const named = (element, key) => {
    labels.push(() => {
      set(element, 'aria-label', texts.t(key));
      set(element, 'title', texts.t(key));
    });
    return element;
  };

  /**
   * @param {string} look
   * @param {() => void} onclick
   * @param {Record<string, unknown>} [more]
   * @returns {HTMLButtonElement}
   */
  const button = (look, onclick, more = {}) => h('button', { type: 'button', class: look, onclick, ...more });

  const name = () => plain(texts.own('title', config.name));
  const privacyUrl = safeUrl(config.privacy_url);

  // ---- launcher and invitation
  const badge = h('span', { class: 'badge', hidden: true, 'aria-hidden': 'true' });
  const launcher = button('launcher', on.open, {
    'aria-haspopup': 'dialog',
    'aria-expanded': 'false',
    'aria-controls': 'panel',
  });
  launcher.append(icon('chat'), worded(h('span', { class: 'launcher-text' }), 'launcher'), badge);
  const invitation = h('div', { role: 'status' });
  const outages = h('div', { class: 'outages', role: 'status' });
  const announcer = h('div', { class: 'sr', role: 'status' });
  const dock = h('div', { class: 'dock' }, outages, invitation, launcher, announcer);

  // ---- head
  const title = h('h2', { class: 'title' });
  labels.push(() => write(title, name()));
  const who = h('p', { class: 'who', role: 'status' });
  const langs = texts.languages.map((code) => {
    const native = nativeName(code);
    const choice = button('lang', () => on.language(code), { lang: code, title: native });
    choice.append(code);
    set(choice, 'aria-label', `${code.toUpperCase()} – ${native}`);
    return choice;
  });
  const langGroup = h('div', { class: 'langs', role: 'group', hidden: langs.length < 2 }, ...langs);
  labels.push(() => set(langGroup, 'aria-label', texts.t('languages')));

  const menuButton = named(button('round', on.menu, { 'aria-expanded': 'false', 'aria-controls': 'menu' }), 'menu');
  menuButton.append(icon('menu'));
  const endButton = worded(button('', on.askEnd), 'menu_end');
  const menu = h('div', { class: 'menu', id: 'menu', hidden: true }, endButton);
  if (privacyUrl) {
    const privacy = h('a', { href: privacyUrl, target: '_blank', rel: 'noopener noreferrer' });
    labels.push(() =>
      privacy.replaceChildren(
        texts.t('menu_privacy'),
        icon('external'),
        h('span', { class: 'sr' }, ` ${texts.t('new_window')}`),
      ),
    );
    menu.append(privacy);
  }
  const minimise = named(button('round', on.close), 'minimise');
  minimise.append(icon('minimise'));
  const menuWrap = h('div', { class: 'menu-wrap' }, menuButton, menu);
  const head = h(
    'div',
    { class: 'head' },
    h('span', { class: 'mark', 'aria-hidden': 'true' }, icon('chat')),
    title,
    who,
    langGroup,
    h('div', { class: 'actions' }, menuWrap, minimise),
  );

  // ---- banners: the line, and what the server complained of
  const lineText = h('span', { class: 'banner-text' });
  const lineRetry = worded(button('link', on.retryLine), 'retry_now');
  const line = h(
    'div',
    { class: 'banner', hidden: true },
    h('span', { class: 'pulse', 'aria-hidden': 'true' }),
    lineText,
    lineRetry,
  );
  const problemText = h('span', { class: 'banner-text' });
  const dismiss = named(button('round', on.dismissProblem), 'dismiss');
  dismiss.append(icon('close'));
  const problem = h('div', { class: 'banner problem', hidden: true }, icon('alert'), problemText, dismiss);

  const notices = h('div', { class: 'notices', role: 'status' });

  // ---- messages
  const notice = h('div', { class: 'notice' });
  labels.push(() => {
    const body = h('p', {}, h('strong', {}, texts.t('notice_title')), `${texts.t('notice_text')} `);
    if (privacyUrl) body.append(anchor(texts.t('notice_link'), privacyUrl, texts.t('new_window')));
    notice.replaceChildren(icon('shield'), body);
  });
  const log = h('div', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions' });
  const typing = h('div', { class: 'typing', hidden: true });
  const contactSlot = h('div');
  const contactStatus = h('div', { role: 'status' });
  const endedText = worded(h('p', { tabindex: '-1' }), 'ended');
  const ratingSlot = h('div');
  const ratingStatus = h('div', { role: 'status' });
  const over = h('div', { class: 'over', hidden: true }, endedText, ratingSlot, ratingStatus);
  const scroll = h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'group', onscroll: on.scrolled },
    notice,
    log,
    typing,
    contactSlot,
    contactStatus,
    over,
  );
  labels.push(() => {
    set(log, 'aria-label', texts.t('log'));
    set(scroll, 'aria-label', texts.t('log'));
  });

  // ---- foot
  const belowButton = button('', on.showNew);
  belowButton.append(icon('down'), worded(h('span'), 'new_below'));
  const below = h('div', { class: 'below', hidden: true }, belowButton);
  const waitText = h('span');
  const wait = h('div', { class: 'wait', hidden: true }, icon('clock'), waitText);
  const endYes = worded(button('primary', on.end), 'end_yes');
  const ask = h(
    'div',
    { class: 'ask', role: 'group', 'aria-labelledby': 'end-question', hidden: true },
    worded(h('p', { id: 'end-question' }), 'end_question'),
    h('div', { class: 'row' }, endYes, worded(button('secondary', on.cancelEnd), 'end_no')),
  );
  const input = h('textarea', {
    class: 'input',
    id: 'input',
    rows: '1',
    enterkeyhint: 'send',
    autocomplete: 'off',
    'aria-describedby': 'input-hint counter',
    oninput: on.written,
    onkeydown: on.key,
    onpaste: on.pasted,
  });
  labels.push(() => set(input, 'placeholder', texts.t('input_placeholder')));
  const sendButton = named(h('button', { type: 'submit', class: 'send' }, icon('send')), 'send');
  const counter = h('p', { class: 'counter', id: 'counter', hidden: true });
  // Files: a button that opens what there is to say about them, and the two ways to choose one.
  const limits = config.attachments;
  const attachButton = named(
    button('attach', on.attach, { 'aria-expanded': 'false', 'aria-controls': 'tray', hidden: !limits }),
    'attach',
  );
  attachButton.append(icon('clip'));
  /** @param {Record<string, unknown>} more */
  const chooser = (more) =>
    h('input', { type: 'file', class: 'sr', tabindex: '-1', 'aria-hidden': 'true', onchange: on.picked, ...more });
  const picker = chooser({ multiple: true, accept: limits?.accept });
  // A telephone's own dialog does not offer the camera where documents may be chosen, too.
  const camera = chooser({ accept: 'image/jpeg,image/png', capture: 'environment' });
  const chooseButton = button('secondary', () => picker.click());
  chooseButton.append(icon('file'), worded(h('span'), 'attach_choose'));
  const cameraButton = button('secondary touch', () => camera.click());
  cameraButton.append(icon('camera'), worded(h('span'), 'attach_camera'));
  const chosen = h('ul', { class: 'chosen-list' });
  const fileProblem = h('p', { class: 'error', role: 'alert', hidden: true });
  const fileLimits = h('p', { class: 'tray-note' });
  labels.push(() => {
    const size = texts.number((limits?.file ?? 0) / 1024 / 1024);
    write(fileLimits, limits ? texts.t('attach_limits', { size, count: limits.per_message }) : '');
    set(tray, 'aria-label', texts.t('attach'));
    set(chosen, 'aria-label', texts.t('files'));
  });
  const tray = h(
    'div',
    { class: 'tray', id: 'tray', role: 'group', hidden: true },
    h('div', { class: 'tray-warning' }, icon('shield'), worded(h('p'), 'attach_note')),
    chosen,
    fileProblem,
    h('div', { class: 'row' }, chooseButton, cameraButton),
    fileLimits,
    picker,
    camera,
  );
  const dropHere = h('div', { class: 'drop', 'aria-hidden': 'true' }, icon('clip'), worded(h('span'), 'attach_drop'));
  const field = h('div', { class: 'field' }, attachButton, input, sendButton);
  const composer = h(
    'form',
    { class: 'composer', onsubmit: on.submit },
    worded(h('label', { class: 'sr', for: 'input' }), 'input_label'),
    tray,
    field,
    counter,
    worded(h('p', { class: 'sr', id: 'input-hint' }), 'input_hint'),
  );
  const newButton = worded(button('primary', on.startNew), 'new_conversation');
  const ended = h('div', { class: 'ended', hidden: true }, newButton);

  // ---- panel
  const speaker = h('div', { class: 'sr', role: 'status' });
  const panel = h(
    'dialog',
    { class: 'panel', role: 'dialog', id: 'panel', tabindex: '-1' },
    head,
    h('div', { role: 'status' }, line),
    h('div', { role: 'alert' }, problem),
    notices,
    scroll,
    h('div', { class: 'foot' }, below, h('div', { role: 'status' }, wait), ask, composer, ended),
    dropHere,
    speaker,
  );
  labels.push(() => set(panel, 'aria-label', texts.t('dialog', { name: name() })));

  const root = h('section', { class: 'root' }, dock, panel);
  labels.push(() => {
    root.lang = texts.lang;
    root.dir = texts.direction;
    set(root, 'aria-label', texts.t('region'));
    for (const choice of langs) set(choice, 'aria-pressed', String(choice.lang === texts.lang));
  });

  return {
    announcer,
    ask,
    attachButton,
    badge,
    below,
    chooseButton,
    chosen,
    composer,
    contactSlot,
    contactStatus,
    counter,
    endButton,
    endYes,
    ended,
    endedText,
    field,
    fileProblem,
    input,
    invitation,
    launcher,
    line,
    lineRetry,
    lineText,
    log,
    menu,
    menuButton,
    menuWrap,
    newButton,
    notices,
    outages,
    over,
    panel,
    problem,
    problemText,
    ratingSlot,
    ratingStatus,
    root,
    scroll,
    sendButton,
    speaker,
    tray,
    typing,
    wait,
    waitText,
    who,
    /** Write all words anew, in the language of now. */
    label() {
      for (const each of labels) each();
    },
  };
}

/**
 * @param {string} code
 * @returns {string} the language's own name for itself
 */
function nativeName(code) {
  try {
    return new Intl.DisplayNames([code], { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}
