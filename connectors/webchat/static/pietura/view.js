// @ts-check
/**
 * What the citizen sees. Built once; afterwards only what changed is touched, so that screen readers hear new messages
 * and nothing twice.
 *
 * @typedef {import('./protocol.js').Config} Config
 * @typedef {import('./session.js').Change} Change
 * @typedef {import('./session.js').Entry} Entry
 * @typedef {import('./session.js').Session} Session
 * @typedef {import('./forms.js').Form} Form
 * @typedef {import('./rows.js').Row} Row
 * @typedef {import('./uploads.js').Uploads} Uploads
 */

import { plain } from './content.js';
import { h, icon, set, write } from './dom.js';
import { showChosen } from './files.js';
import { layout } from './layout.js';
import { lengthOf, TEXT_LIMIT } from './protocol.js';
import { messageRow, showDelivery, wordsOf } from './rows.js';
import { styles } from './styles.js';

const COUNTER_FROM = TEXT_LIMIT - 400;
const NEAR_END_PX = 80;
/** Messages that come within so long of each other are read as one. */
const TOGETHER_MS = 4_000;
const LOST_AFTER_MS = 1_200;
const RESTORED_FOR_MS = 2_500;
const MAX_ROWS = 6;
const FULL_SCREEN = '(max-width: 520px), (max-height: 480px)';

export class View {
  /**
   * @param {object} options
   * @param {Config} options.config
   * @param {import('./texts.js').Texts} options.texts
   * @param {Session} options.session
   * @param {Uploads|null} [options.uploads] null where files are not taken
   * @param {import('./store.js').Store} options.store
   * @param {(invitation: boolean) => void} options.onDeclined the citizen closed the chat, or the invitation
   * @param {(lang: string) => void} options.onLanguage
   */
  constructor({ config, texts, session, uploads = null, store, onDeclined, onLanguage }) {
    this.config = config;
    this.texts = texts;
    this.session = session;
    this.uploads = uploads;
    this.store = store;
    this.onDeclined = onDeclined;

    this.isOpen = false;
    this.fullScreen = matchMedia(FULL_SCREEN);
    /** @type {Map<string, Row>} */
    this.rows = new Map();
    /** @type {Map<string, HTMLElement>} dividers between days and conversations */
    this.dividers = new Map();
    this.pinned = true;
    this.atEnd = true;
    this.lastTop = 0;
    this.lastUnread = 0;
    /** The file whose failure was told last. */
    this.failedSaid = '';
    this.newestKey = '';
    this.contactLater = false;
    /** @type {Form|null} */
    this.contact = null;
    /** @type {Form|null} */
    this.rating = null;
    /** @type {Promise<typeof import('./forms.js')>|null} */
    this.forms = null;
    /** @type {Record<'line'|'counter', ReturnType<typeof setTimeout>|undefined>} */
    this.timers = { line: undefined, counter: undefined };
    /** @type {import('./connection.js').Status} what the banner about the line says */
    this.lineShown = 'idle';
    const { sheets, fit } = styles(config.accent);
    this.fit = fit;
    this.host = document.createElement('pietura-chat');
    this.shadow = this.host.attachShadow({ mode: 'open' });
    this.shadow.adoptedStyleSheets = sheets;

    this.el = layout(config, texts, {
      open: () => this.open(),
      close: () => this.close(),
      language: onLanguage,
      menu: () => this.toggleMenu(),
      askEnd: () => this.askEnd(),
      end: () => this.end(),
      cancelEnd: () => this.cancelEnd(),
      retryLine: () => session.connection.retryNow(),
      dismissProblem: () => this.dismissProblem(),
      scrolled: () => this.scrolled(),
      showNew: () => this.follow({ force: true, smooth: true }),
      written: () => this.written(),
      key: (event) => this.inputKey(event),
      submit: (event) => this.submit(event),
      attach: () => this.toggleTray(),
      picked: (event) => this.picked(event),
      pasted: (event) => this.pasted(event),
      startNew: () => this.startNew(),
    });
    this.el.input.value = String(store.read(store.tab, 'draft') ?? '');
    this.shadow.append(this.el.root);

    this.label();
    this.listen();
  }

  // ---- building ------------------------------------------------------------------------------------------------

  listen() {
    this.el.panel.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || event.isComposing) return;
      event.preventDefault();
      event.stopPropagation();
      if (!this.el.menu.hidden) this.closeMenu(true);
      else if (!this.el.ask.hidden) this.cancelEnd();
      else if (!this.el.tray.hidden && !this.uploads?.chosen.length) this.toggleTray();
      else this.close();
    });
    // The back gesture of a phone asks a full-screen dialog to close.
    this.el.panel.addEventListener('cancel', (event) => {
      event.preventDefault();
      this.close();
    });
    this.el.panel.addEventListener('click', (event) => {
      if (!this.el.menu.hidden && !event.composedPath().includes(this.el.menuWrap)) {
        this.closeMenu(false);
      }
    });
    this.el.menu.addEventListener('focusout', (event) => {
      const next = /** @type {Node|null} */ (event.relatedTarget);
      if (next && !this.el.menu.contains(next) && next !== this.el.menuButton) this.closeMenu(false);
    });
    this.fullScreen.addEventListener('change', () => {
      if (!this.isOpen) return;
      const focused = /** @type {HTMLElement|null} */ (this.shadow.activeElement);
      this.el.panel.close();
      this.raise();
      focused?.focus();
    });
    document.addEventListener('visibilitychange', () => this.look());
    if (this.uploads) this.listenToDrops();
    this.el.log.addEventListener('drawn', () => (this.atEnd ? this.stick() : undefined));
    const room = window.visualViewport;
    const refit = () => {
      if (!room || !this.isOpen) return;
      // Pinch zoom also changes the visual viewport, and there the panel must stay where it is.
      const fitted = this.fullScreen.matches && room.scale < 1.05;
      this.el.panel.classList.toggle('fitted', fitted);
      if (fitted) this.fit(room.offsetTop, room.height);
      this.stick();
    };
    room?.addEventListener('resize', refit);
    room?.addEventListener('scroll', refit);
  }

  /** A file may be dropped anywhere on the panel. */
  listenToDrops() {
    const { panel } = this.el;
    const takes = (/** @type {DragEvent} */ event) =>
      !this.el.composer.hidden && Boolean(event.dataTransfer?.types.includes('Files'));
    panel.addEventListener('dragover', (event) => {
      if (!takes(event)) return;
      event.preventDefault();
      panel.classList.add('dropping');
    });
    panel.addEventListener('dragleave', (event) => {
      const next = /** @type {Node|null} */ (event.relatedTarget);
      if (!next || !panel.contains(next)) panel.classList.remove('dropping');
    });
    panel.addEventListener('drop', (event) => {
      panel.classList.remove('dropping');
      if (!takes(event)) return;
      event.preventDefault();
      this.addFiles(event.dataTransfer?.files ?? []);
    });
  }

  // ---- opening and closing --------------------------------------------------------------------------------------

  /** @param {{focus?: boolean}} [options] without focus when a page load only restores what was open */
  open({ focus = true } = {}) {
    if (!this.isOpen) {
      this.isOpen = true;
      this.store.keep(this.store.tab, 'open', true);
      this.invite('');
      this.raise();
      this.el.launcher.hidden = true;
      set(this.el.launcher, 'aria-expanded', 'true');
      this.session.start();
      this.renderAll();
      this.follow({ force: true });
    }
    if (focus) this.focusInside();
  }

  /** Put the panel on the screen: over everything on a phone, beside the page elsewhere. */
  raise() {
    if (this.fullScreen.matches) {
      this.el.panel.showModal();
    } else {
      // show() would move the focus into the panel even when a page load merely restores it.
      const active = document.activeElement;
      this.el.panel.show();
      if (active === this.host || !(this.shadow.activeElement instanceof HTMLElement)) return;
      this.shadow.activeElement.blur();
      if (active instanceof HTMLElement && active !== document.body) active.focus();
    }
  }

  focusInside() {
    // On a touch screen the focus in the text field would raise the keyboard over what is there to read.
    if (matchMedia('(pointer: coarse)').matches || this.el.composer.hidden) this.el.panel.focus();
    else this.el.input.focus();
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.store.keep(this.store.tab, 'open', null);
    this.closeMenu(false);
    const hadFocus = this.shadow.activeElement !== null;
    this.el.panel.close();
    this.el.launcher.hidden = false;
    set(this.el.launcher, 'aria-expanded', 'false');
    if (hadFocus || document.activeElement === document.body) this.el.launcher.focus();
    this.onDeclined(false);
    this.renderBadge();
  }

  /**
   * @param {string} text of the invitation; empty takes it away
   * @param {{title: string, payload: string}|null} [begin] what may be begun at once
   */
  invite(text, begin = null) {
    if (!text || this.isOpen) {
      this.el.invitation.replaceChildren();
      return;
    }
    const close = h(
      'button',
      {
        type: 'button',
        class: 'round',
        'aria-label': this.texts.t('proactive_close'),
        title: this.texts.t('proactive_close'),
        onclick: () => {
          const hadFocus = this.shadow.activeElement === close;
          this.invite('');
          this.onDeclined(true);
          if (hadFocus) this.el.launcher.focus();
        },
      },
      icon('close'),
    );
    this.el.invitation.replaceChildren(
      h(
        'div',
        { class: 'invite' },
        h(
          'button',
          { type: 'button', class: 'invite-open', title: this.texts.t('proactive_open'), onclick: () => this.open() },
          h('strong', {}, plain(this.texts.own('title', this.config.name))),
          h('bdi', {}, plain(text)),
        ),
        close,
        begin &&
          h(
            'button',
            {
              type: 'button',
              class: 'choice invite-begin',
              onclick: () => {
                this.open();
                this.choose(begin.title, begin.payload);
              },
            },
            plain(begin.title),
          ),
      ),
    );
  }

  toggleMenu() {
    if (!this.el.menu.hidden) {
      this.closeMenu(true);
      return;
    }
    const canEnd = this.session.open;
    this.el.endButton.disabled = !canEnd;
    this.el.menu.hidden = false;
    set(this.el.menuButton, 'aria-expanded', 'true');
    /** @type {HTMLElement|null} */ (this.el.menu.querySelector('button:not(:disabled), a'))?.focus();
  }

  /** @param {boolean} refocus */
  closeMenu(refocus) {
    this.el.menu.hidden = true;
    set(this.el.menuButton, 'aria-expanded', 'false');
    if (refocus) this.el.menuButton.focus();
  }

  askEnd() {
    this.closeMenu(false);
    this.el.ask.hidden = false;
    this.el.endYes.focus();
  }

  cancelEnd() {
    this.el.ask.hidden = true;
    this.el.input.focus();
  }

  end() {
    this.el.ask.hidden = true;
    this.session.end();
    this.el.panel.focus();
  }

  startNew() {
    this.session.reopen();
    this.focusInside();
    if (!this.el.composer.hidden) this.el.input.focus();
  }

  dismissProblem() {
    this.session.dismissProblem();
    this.focusInside();
  }

  // ---- writing ---------------------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  inputKey(event) {
    // Enter also ends the choice of a word in an input method; that Enter is not ours.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit(event);
  }

  /** @param {Event} event */
  submit(event) {
    event.preventDefault();
    const text = this.el.input.value.trim();
    const chosen = this.uploads?.chosen ?? [];
    if ((!text && !chosen.length) || lengthOf(text) > TEXT_LIMIT) {
      this.el.input.focus();
      return;
    }
    // What has failed for good would be left behind unnoticed.
    const failed = chosen.find((upload) => upload.state === 'failed' && upload.error);
    if (failed) {
      this.showFileProblem(this.texts.t('attach_failed', { name: plain(failed.name) }));
      return;
    }
    this.setInput('');
    this.session.send(text, null, this.uploads?.take() ?? []);
    this.showFileProblem('');
    this.closeTray();
    this.follow({ force: true, smooth: true });
    this.el.input.focus();
  }

  // ---- files -----------------------------------------------------------------------------------------------------

  toggleTray() {
    if (!this.el.tray.hidden) {
      this.closeTray();
      this.el.input.focus();
      return;
    }
    this.openTray();
    this.el.chooseButton.focus();
  }

  openTray() {
    this.el.tray.hidden = false;
    set(this.el.attachButton, 'aria-expanded', 'true');
    this.stick();
  }

  closeTray() {
    this.el.tray.hidden = true;
    set(this.el.attachButton, 'aria-expanded', 'false');
    this.renderFiles();
  }

  /** @param {Event} event of one of the two file inputs */
  picked(event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const files = [...(field.files ?? [])];
    // The same file may be chosen again.
    field.value = '';
    this.addFiles(files);
  }

  /** @param {ClipboardEvent} event */
  pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || !this.uploads) return;
    event.preventDefault();
    this.addFiles(files);
  }

  /** @param {Iterable<File>} files */
  addFiles(files) {
    if (!this.uploads) return;
    const before = this.uploads.chosen.length;
    this.openTray();
    // Without a line and a token there is nowhere to send them.
    this.session.start();
    const problem = this.uploads.add(files);
    this.showFileProblem(problem);
    const added = this.uploads.chosen.slice(before).map((upload) => plain(upload.name));
    if (added.length && !problem) write(this.el.speaker, this.texts.t('attach_added', { names: added.join(', ') }));
    this.stick();
    // On a touch screen the focus in the text field would raise the keyboard over the files.
    if (added.length && !matchMedia('(pointer: coarse)').matches) this.el.input.focus();
  }

  /** @param {string} text empty when there is none */
  showFileProblem(text) {
    write(this.el.fileProblem, text);
    this.el.fileProblem.hidden = !text;
    this.stick();
  }

  renderFiles() {
    if (!this.uploads) return;
    const focused = this.el.chosen.contains(this.shadow.activeElement);
    showChosen(this.el.chosen, this.uploads, this.texts);
    const failed = this.uploads.chosen.find((upload) => upload.state === 'failed' && upload.error);
    if (failed && this.failedSaid !== failed.id) {
      this.failedSaid = failed.id;
      write(this.el.speaker, `${plain(failed.name)}: ${failed.error}`);
    }
    if (!this.uploads.chosen.length && this.failedSaid) {
      this.failedSaid = '';
      this.showFileProblem('');
    }
    // The pressed button went away with its row.
    if (focused && !this.el.chosen.contains(this.shadow.activeElement)) this.el.chooseButton.focus();
    this.renderSendButton();
  }

  renderSendButton() {
    const length = lengthOf(this.el.input.value.trim());
    const nothing = length === 0 && !this.uploads?.chosen.length;
    set(this.el.sendButton, 'aria-disabled', nothing || length > TEXT_LIMIT ? 'true' : null);
  }

  /** @param {string} text */
  setInput(text) {
    this.el.input.value = text;
    this.renderInput();
    this.store.keep(this.store.tab, 'draft', text || null);
  }

  written() {
    this.renderInput();
    this.store.keep(this.store.tab, 'draft', this.el.input.value || null);
    this.session.typing(this.el.input.value.trim() !== '');
  }

  renderInput() {
    const length = lengthOf(this.el.input.value.trim());
    const left = TEXT_LIMIT - length;
    const over = left < 0;
    this.renderSendButton();
    set(this.el.input, 'aria-invalid', over ? 'true' : null);
    this.el.field.classList.toggle('over-limit', over);
    this.el.counter.classList.toggle('over', over);
    this.el.counter.hidden = length < COUNTER_FROM;
    const words = over
      ? this.texts.t('counter_over', { count: -left })
      : this.texts.t('counter_left', { count: left });
    if (!this.el.counter.hidden) {
      write(this.el.counter, words);
      // Not at every key: a screen reader would talk over the typing.
      clearTimeout(this.timers.counter);
      this.timers.counter = setTimeout(() => write(this.el.speaker, words), 1_000);
    }
    this.el.input.rows = 1;
    const style = getComputedStyle(this.el.input);
    const line = parseFloat(style.lineHeight) || 24;
    const padding = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    this.el.input.rows = Math.max(1, Math.min(MAX_ROWS, Math.round((this.el.input.scrollHeight - padding) / line)));
  }

  /**
   * @param {string} title
   * @param {string} payload
   */
  choose(title, payload) {
    this.session.send(title, payload);
    this.follow({ force: true, smooth: true });
    // The pressed button goes away with its row; the focus must not fall out of the panel.
    this.focusInside();
  }

  // ---- showing ---------------------------------------------------------------------------------------------------

  /** Write all words anew, in the language of now. */
  label() {
    this.el.label();
    this.contact?.label();
    this.rating?.label();
    this.rows.clear();
    this.dividers.clear();
    this.el.chosen.replaceChildren();
    set(this.el.log, 'aria-live', 'off');
    this.el.log.replaceChildren();
    this.renderAll();
    this.follow({ force: true });
  }

  renderAll() {
    this.renderEntries();
    this.renderState();
    this.renderLine();
    this.renderProblem();
    this.renderTyping();
    this.renderInput();
    this.renderFiles();
    this.renderBadge();
  }

  /** @param {Change} change */
  changed(change) {
    switch (change) {
      case 'entries':
        this.renderEntries();
        this.renderBadge();
        this.look();
        break;
      case 'state':
      case 'rated':
      case 'contact':
        this.renderState();
        this.renderEntries();
        break;
      case 'status':
        this.renderLine();
        this.renderBadge();
        break;
      case 'typing':
        this.renderTyping();
        break;
      case 'problem':
        this.renderProblem();
        break;
      case 'files':
        this.renderFiles();
        break;
    }
  }

  /** Note as read what is in sight. */
  look() {
    if (this.isOpen && this.pinned && document.visibilityState === 'visible') this.session.read();
  }

  renderEntries() {
    // Nothing is laid out while the panel is closed; opening renders.
    const entries = this.session.ordered();
    set(this.el.log, 'aria-live', this.session.replaying || !this.isOpen ? 'off' : 'polite');
    const newest = entries[entries.length - 1];
    const keep = new Set();
    /** @type {Element|null} */
    let place = this.el.log.firstElementChild;
    /** @type {Entry|null} */
    let before = null;
    let arrived = false;
    let changed = false;

    /** @param {HTMLElement} element */
    const put = (element) => {
      keep.add(element);
      if (element === place) place = place.nextElementSibling;
      else this.el.log.insertBefore(element, place);
    };

    for (const entry of entries) {
      const fresh = before !== null && entry.epoch !== before.epoch;
      if (fresh) put(this.divider(`epoch:${entry.epoch}`, 'divider', this.texts.t('divider_new')));
      const today = new Date().toDateString();
      const day = entry.at.toDateString();
      const newDay = before ? before.at.toDateString() !== day : day !== today;
      if (newDay) put(this.divider(`day:${entry.epoch}:${day}`, 'day', this.texts.day(entry.at)));

      let row = this.rows.get(entry.key);
      if (row && row.message !== entry.message && !sameContent(row.message, entry.message)) row = undefined;
      if (!row) {
        const known = this.rows.has(entry.key);
        const choose = (/** @type {string} */ title, /** @type {string} */ payload) => this.choose(title, payload);
        row = messageRow(entry, this.texts, !this.session.replaying && !known, choose, this.uploads);
        this.rows.set(entry.key, row);
        // What has merely changed is heard where it stands; nobody is pulled to it.
        arrived ||= !known;
        changed ||= known;
      }
      row.message = entry.message;
      const follows = !fresh && !newDay && before !== null && sameAuthor(before, entry);
      row.element.classList.toggle('follows', follows);
      if (!entry.own) row.by.classList.toggle('sr', follows && !entry.message.edited);
      if (row.choices) row.choices.hidden = entry !== newest || this.session.state.phase === 'ended';
      this.renderDelivery(row, entry);
      put(row.element);
      before = entry;
    }
    if (this.session.reopened && !entries.some((entry) => entry.epoch > this.session.epoch)) {
      put(this.divider(`epoch:${this.session.epoch + 1}`, 'divider', this.texts.t('divider_new')));
    }
    for (const child of [...this.el.log.children]) if (!keep.has(child)) child.remove();
    for (const [key, row] of this.rows) if (!keep.has(row.element)) this.rows.delete(key);
    for (const [key, element] of this.dividers) if (!keep.has(element)) this.dividers.delete(key);

    const isNew = newest !== undefined && newest.key !== this.newestKey;
    this.newestKey = newest?.key ?? '';
    if (arrived && this.isOpen) {
      if (this.pinned) this.follow({ smooth: !this.session.replaying });
      else if (isNew && newest && !newest.own) this.el.below.hidden = false;
    } else if (changed) {
      this.stick();
    }
  }

  /**
   * @param {string} key
   * @param {string} look
   * @param {string} text
   * @returns {HTMLElement}
   */
  divider(key, look, text) {
    let element = this.dividers.get(key);
    if (!element) {
      element = h('div', { class: look }, h('span', {}, text));
      this.dividers.set(key, element);
    }
    return element;
  }

  /**
   * @param {Row} row
   * @param {Entry} entry
   */
  renderDelivery(row, entry) {
    if (!entry.own) return;
    const { session } = this;
    const focused = row.meta.contains(this.shadow.activeElement);
    const remark = session.remark(entry);
    const turned = showDelivery(row, entry, this.texts, { delivery: session.delivery(entry), remark }, {
      retry: () => session.retry(entry.key),
      edit: () => {
        const files = session.filesOf(entry.key);
        this.setInput(session.discard(entry.key));
        if (files.length) {
          this.uploads?.putBack(files);
          this.openTray();
        }
        this.el.input.focus();
      },
      remove: () => {
        for (const file of session.filesOf(entry.key)) this.uploads?.remove(String(file.id));
        session.discard(entry.key);
        this.focusInside();
      },
    });
    if (turned) write(this.el.speaker, remark ?? this.texts.t('announce_unsent'));
    // The pressed link is gone; the focus must not fall out of the panel with it.
    if (focused && !row.meta.contains(this.shadow.activeElement)) this.focusInside();
  }

  renderState() {
    const t = this.texts;
    const { phase, name, wait_text: waitText, asks_contact: asksContact } = this.session.state;
    const known = name ? plain(name) : '';
    if (this.session.reopened) write(this.el.who, t.t('who_assistant'));
    else if (phase === 'assistant' || phase === 'waiting' || phase === 'ended') write(this.el.who, t.t(`who_${phase}`));
    else write(this.el.who, known ? t.t(`who_${phase}`, { name: known }) : t.t(`who_${phase}_unnamed`));

    const over = phase === 'ended' && !this.session.reopened;
    const wait = over ? '' : waitText ?? '';
    this.el.wait.hidden = !wait;
    write(this.el.waitText, wait);

    const active = this.shadow.activeElement;
    const focused = this.el.composer.contains(active) || this.el.ask.contains(active);
    this.el.composer.hidden = over;
    this.el.ended.hidden = !over;
    this.el.over.hidden = !over;
    if (over) {
      this.el.ask.hidden = true;
      this.el.below.hidden = true;
      if (focused) this.el.endedText.focus();
    }
    // A form that cannot be fetched now is asked for again with the next state, at the latest after reconnecting.
    this.renderRating(over).catch(() => undefined);
    this.renderContact(asksContact && phase !== 'ended').catch(() => undefined);
    this.stick();
  }

  /** @param {boolean} over */
  async renderRating(over) {
    const { may_rate: may, rated } = this.session.state;
    const done = over && rated !== null;
    this.el.newButton.className = 'primary';
    if (done) {
      const focused = this.el.ratingSlot.contains(this.shadow.activeElement);
      this.rating = null;
      this.el.ratingSlot.replaceChildren();
      this.say(this.el.ratingStatus, this.texts.t('rate_thanks'));
      if (focused) this.el.newButton.focus();
      return;
    }
    this.el.ratingStatus.replaceChildren();
    if (!over || !may) {
      this.rating = null;
      this.el.ratingSlot.replaceChildren();
      return;
    }
    if (!this.rating) {
      const { ratingForm } = await this.loadForms();
      if (this.rating || !this.session.state.may_rate || this.session.state.rated !== null) return;
      this.rating = ratingForm(this.texts, (rating) => {
        this.session.rate(rating);
        this.rating?.busy(true);
      });
      this.el.ratingSlot.replaceChildren(this.rating.element);
      this.follow();
    }
    this.rating.busy(this.session.wishes.rate !== null);
    this.el.newButton.className = 'secondary';
  }

  /** @param {boolean} asked */
  async renderContact(asked) {
    const { contactDone, contactProblem, wishes } = this.session;
    if (contactDone || !asked) {
      const focused = this.el.contactSlot.contains(this.shadow.activeElement);
      this.contact = null;
      this.el.contactSlot.replaceChildren();
      if (contactDone) this.say(this.el.contactStatus, this.texts.t('contact_ok'), 'card');
      else this.el.contactStatus.replaceChildren();
      if (focused) this.focusInside();
      return;
    }
    this.el.contactStatus.replaceChildren();
    if (this.contactLater) {
      this.contact = null;
      this.el.contactSlot.replaceChildren(
        h(
          'div',
          { class: 'choices' },
          h(
            'button',
            {
              type: 'button',
              class: 'choice',
              onclick: async () => {
                this.contactLater = false;
                await this.renderContact(true);
                /** @type {HTMLElement|null} */ (this.el.contactSlot.querySelector('input'))?.focus();
              },
            },
            this.texts.t('contact_reopen'),
          ),
        ),
      );
      return;
    }
    if (!this.contact) {
      const { contactForm } = await this.loadForms();
      if (this.contact || !this.session.state.asks_contact) return;
      this.contact = contactForm(
        this.texts,
        (contact) => {
          this.session.contact(contact);
          this.contact?.busy(true);
        },
        () => {
          this.contactLater = true;
          this.renderContact(true);
          /** @type {HTMLElement|null} */ (this.el.contactSlot.querySelector('button'))?.focus();
        },
      );
      this.el.contactSlot.replaceChildren(this.contact.element);
      this.follow();
    }
    this.contact.busy(wishes.contact !== null, contactProblem);
  }

  /**
   * @param {HTMLElement} slot a status region
   * @param {string} text
   * @param {string} [look]
   */
  say(slot, text, look = '') {
    if (slot.textContent === text) return;
    slot.replaceChildren(h('p', { class: `done ${look}`.trim() }, icon('check'), h('span', {}, text)));
  }

  loadForms() {
    this.forms ??= import('./forms.js').catch((reason) => {
      // The line was down when the form was needed: the next render tries again.
      this.forms = null;
      throw reason;
    });
    return this.forms;
  }

  renderLine() {
    const { status } = this.session;
    const { line, lineText, lineRetry } = this.el;
    clearTimeout(this.timers.line);
    if (status === 'connecting' || status === 'lost') {
      const show = () => {
        this.lineShown = status;
        line.hidden = false;
        lineRetry.hidden = status === 'connecting';
        write(lineText, this.texts.t(status));
        this.stick();
      };
      // A line that comes back at once is not worth a word, unless the browser itself says that it is offline.
      if (!line.hidden || !navigator.onLine) show();
      else this.timers.line = setTimeout(show, LOST_AFTER_MS);
    } else if (!line.hidden) {
      const back = this.lineShown === 'lost';
      this.lineShown = status;
      lineRetry.hidden = true;
      if (back) write(lineText, this.texts.t('restored'));
      this.timers.line = setTimeout(
        () => {
          line.hidden = true;
        },
        back ? RESTORED_FOR_MS : 0,
      );
    }
  }

  renderProblem() {
    const { problem } = this.session;
    this.el.problem.hidden = !problem;
    write(this.el.problemText, problem ? problem.text || this.texts.t('generic_error') : '');
  }

  renderTyping() {
    const author = this.session.typingAuthor;
    this.el.typing.hidden = !author;
    if (!author) return;
    const text =
      author.kind === 'assistant'
        ? this.texts.t('typing_assistant')
        : author.name
          ? this.texts.t('typing_person', { name: plain(author.name) })
          : this.texts.t('typing_someone');
    this.el.typing.replaceChildren(
      h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i')),
      h('span', {}, text),
    );
    this.stick();
  }

  renderBadge() {
    const count = this.isOpen ? 0 : this.session.unread();
    this.el.badge.hidden = count === 0;
    write(this.el.badge, count > 99 ? '99+' : String(count));
    set(
      this.el.launcher,
      'aria-label',
      this.texts.t(count ? 'launcher_unread' : 'launcher_label', { count, launcher: this.texts.t('launcher') }),
    );
    if (count > this.lastUnread && !this.session.replaying) {
      const last = this.session.ordered().findLast((entry) => !entry.own);
      const { kind, name } = last?.message.author ?? { kind: 'assistant', name: null };
      const person = kind === 'operator' || kind === 'specialist';
      const who = person && name ? plain(name) : this.texts.t(person ? `author_${kind}_unnamed` : `author_${kind}`);
      write(this.el.announcer, this.texts.t('announce_new', { name: who }));
    } else if (count === 0) {
      write(this.el.announcer, '');
    }
    this.lastUnread = count;
  }

  // ---- scrolling -------------------------------------------------------------------------------------------------

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.el.scroll;
    if (scrollHeight - scrollTop - clientHeight < NEAR_END_PX) {
      this.pinned = true;
      this.atEnd = true;
      this.el.below.hidden = true;
      this.look();
    } else if (scrollTop < this.lastTop) {
      // Only going up lets go of what is new: on the way down a smooth movement is merely not there yet.
      this.pinned = false;
      this.atEnd = false;
    }
    this.lastTop = scrollTop;
  }

  /**
   * Show what is new: its end, or its beginning when it is longer than the window, for reading starts there. Leaves the
   * citizen alone who has scrolled up.
   * @param {{force?: boolean, smooth?: boolean}} [options] `force` when he himself has asked for it
   */
  follow({ force = false, smooth = false } = {}) {
    if (!this.isOpen || !(this.pinned || force)) return;
    const { scroll } = this.el;
    const end = scroll.scrollHeight - scroll.clientHeight;
    const start = this.newestRow();
    const top = Math.min(end, start ? start.offsetTop - scroll.offsetTop - 12 : end);
    this.scrollTo(top, smooth);
    this.pinned = true;
    this.atEnd = end - top < NEAR_END_PX;
    this.el.below.hidden = true;
  }

  /** Keep the end in sight when something below the messages has come or gone. */
  stick() {
    if (!this.isOpen || !this.atEnd) return;
    this.scrollTo(this.el.scroll.scrollHeight - this.el.scroll.clientHeight, false);
  }

  /**
   * @param {number} top
   * @param {boolean} smooth
   */
  scrollTo(top, smooth) {
    this.el.scroll.classList.toggle('smooth', smooth);
    // So that the widget's own way up is not taken for the citizen's.
    this.lastTop = Math.min(this.lastTop, top);
    this.el.scroll.scrollTop = top;
  }

  /** @returns {HTMLElement|null} where what is new begins: answers often come in two or three messages at once */
  newestRow() {
    const entries = this.session.ordered();
    const rowAt = (/** @type {number} */ at) => this.rows.get(entries[at]?.key ?? '');
    let index = entries.length - 1;
    while (index > 0 && !entries[index]?.own && !entries[index - 1]?.own) {
      if (Date.now() - (rowAt(index - 1)?.arrived ?? 0) > TOGETHER_MS) break;
      index -= 1;
    }
    return rowAt(index)?.element ?? null;
  }
}

/**
 * @param {Entry} one
 * @param {Entry} other
 * @returns {boolean}
 */
function sameAuthor(one, other) {
  const a = one.message.author;
  const b = other.message.author;
  return a.kind === b.kind && a.name === b.name && Math.abs(other.at.getTime() - one.at.getTime()) < 5 * 60_000;
}

/**
 * Whether a message that has come again looks as it did; then its row stays, and nobody hears it twice.
 * @param {import('./protocol.js').Message} one
 * @param {import('./protocol.js').Message} other
 * @returns {boolean}
 */
function sameContent(one, other) {
  const look = (/** @type {import('./protocol.js').Message} */ it) =>
    JSON.stringify([
      it.author.kind,
      it.author.name,
      // The mark for files is the server's own; with the files in hand the words alone are compared.
      wordsOf(it),
      it.buttons ?? [],
      it.links ?? [],
      it.source ?? null,
      (it.attachments ?? []).map((file) => [file.id, file.state]),
      Boolean(it.edited),
    ]);
  return look(one) === look(other);
}
