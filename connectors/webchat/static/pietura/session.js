// @ts-check
/**
 * The conversation as the widget knows it: messages in order, what is still to be delivered, who speaks now.
 *
 * The server is the truth. Nothing but the token and the unacknowledged messages is kept between page loads; all else
 * is replayed from cursor 0. A message leaves the outbox only when the server has acknowledged it, and carries the same
 * id on every attempt, so that none is lost and none is doubled.
 *
 * @typedef {import('./protocol.js').Author} Author
 * @typedef {import('./protocol.js').Contact} Contact
 * @typedef {import('./protocol.js').ErrorFrame} ErrorFrame
 * @typedef {import('./protocol.js').Message} Message
 * @typedef {import('./protocol.js').Rating} Rating
 * @typedef {import('./protocol.js').ServerFrame} ServerFrame
 * @typedef {import('./protocol.js').State} State
 * @typedef {import('./protocol.js').WelcomeFrame} WelcomeFrame
 * @typedef {import('./store.js').Outgoing} Outgoing
 * @typedef {import('./connection.js').Status} Status
 *
 * @typedef {'sending'|'unsent'|'failed'|'sent'|'seen'|null} Delivery null for messages of others
 *
 * @typedef {object} Entry one message on the screen
 * @property {string} key stable: the id the widget gave, or conversation and number
 * @property {number} epoch which conversation of this page it belongs to: 0, 1, …
 * @property {number|null} seq null until acknowledged
 * @property {string|null} clientId
 * @property {boolean} own written by the citizen
 * @property {Date} at
 * @property {Message} message
 *
 * @typedef {'entries'|'state'|'status'|'typing'|'problem'|'contact'|'rated'|'files'|'notices'} Change
 */

import { Connection } from './connection.js';
import { FRESH_STATE, TYPING_SHOWN_MS, uuid } from './protocol.js';

/** Without an acknowledgement for so long the message is sent again; the server does not double it. */
const RESEND_AFTER_MS = 12_000;
/** From here on the citizen is told that the message has not gone out: at once with no line, later with one. */
const UNSENT_OFFLINE_MS = 4_000;
const UNSENT_ONLINE_MS = 30_000;
/** A message whose files no page sends any longer: the tab that had them was closed. */
const FILES_LOST_MS = 120_000;
/** A replay is over when nothing has followed for so long. */
const REPLAY_QUIET_MS = 700;
/** How long a skipped number may come late. */
const GAP_PATIENCE_MS = 3_000;
const TYPING_EVERY_MS = 3_000;
const TYPING_IDLE_MS = 5_000;

export class Session {
  /**
   * @param {object} options
   * @param {string} options.url of the socket
   * @param {import('./store.js').Store} options.store
   * @param {import('./uploads.js').Uploads|null} [options.uploads]
   * @param {() => string} [options.lost] what is said of a message whose files are lost
   * @param {() => string} options.lang
   * @param {(change: Change) => void} options.changed
   */
  constructor({ url, store, uploads = null, lost = () => '', lang, changed }) {
    this.store = store;
    this.uploads = uploads;
    this.lost = lost;
    this.lang = lang;
    this.changed = changed;

    /** @type {string|null} */
    this.conversation = null;
    this.token = store.token;
    this.epoch = 0;
    /** @type {Map<string, Entry>} */
    this.entries = new Map();
    /** @type {State} */
    this.state = { ...FRESH_STATE };
    /** The citizen has asked for a new conversation; it begins with the next message. */
    this.reopened = false;
    this.seenSeq = 0;
    /** @type {Author|null} */
    this.typingAuthor = null;
    /** @type {ErrorFrame|null} an error that belongs to no message */
    this.problem = null;
    this.contactDone = false;
    /** @type {string|null} what was wrong with the contact details */
    this.contactProblem = null;
    /** While true, messages are history and not news. */
    this.replaying = false;

    /** @type {Map<string, Outgoing>} */
    this.out = new Map();
    /** @type {Map<string, number>} id → when it was given to the socket that is open now */
    this.sentAt = new Map();
    /** @type {Map<string, number>} id → not before */
    this.holdUntil = new Map();
    /** @type {Map<string, {text: string, times: number}>} id → why the server asked to wait, and how often */
    this.delays = new Map();
    /** What was asked for while the line may have been down; asked again until it shows in the state. */
    this.wishes = { end: false, contact: /** @type {Contact|null} */ (null), rate: /** @type {Rating|null} */ (null) };

    /** The token was taken over from another tab: its conversation is asked for from the beginning. */
    this.adopted = false;
    /** The last number that was missed, so that a number that never comes is asked for once only. */
    this.missed = 0;
    this.readSent = 0;
    this.typingSentAt = 0;
    /** @type {Record<'tick'|'typing'|'idle'|'replay'|'gap'|'wish', ReturnType<typeof setTimeout>|undefined>} */
    this.timers = {
      tick: undefined,
      typing: undefined,
      idle: undefined,
      replay: undefined,
      gap: undefined,
      wish: undefined,
    };

    const uploading = /** @type {string[]} */ (store.read(store.tab, 'uploading') ?? []);
    for (const item of store.outbox()) {
      this.show(item);
      // A file cannot be kept over a page load; the words can.
      if (uploading.includes(item.id) && item.attachments?.length && !item.uploaded) this.loseFiles(item);
    }
    store.keep(store.tab, 'uploading', null);
    store.onOtherTab((name) => this.otherTab(name));

    this.connection = new Connection({
      url,
      hello: () => {
        this.sentAt.clear();
        return {
          t: 'hello',
          v: 1,
          token: this.token,
          cursor: this.cursor(),
          lang: this.lang(),
          page: pageAddress(),
        };
      },
      onFrame: (frame) => this.receive(frame),
      onStatus: () => {
        this.tick();
        this.changed('status');
      },
    });
  }

  /** @returns {Status} */
  get status() {
    return this.connection.status;
  }

  /** @returns {boolean} whether there is something to come back for without being asked */
  get worthConnecting() {
    return (this.token !== null && this.store.read(this.store.lasting, 'live') === true) || this.out.size > 0;
  }

  /** @returns {boolean} whether the citizen has begun to talk and nobody has ended it */
  get open() {
    if (this.conversation === null) return this.worthConnecting;
    return this.state.phase !== 'ended' && this.current().some((entry) => entry.own);
  }

  start() {
    this.connection.start();
  }

  // ---- what the citizen does -------------------------------------------------------------------------------------

  /**
   * @param {string} text
   * @param {string|null} [payload] of the button that was pressed
   * @param {import('./protocol.js').Attachment[]} [attachments] files that may still be on their way
   */
  send(text, payload = null, attachments = []) {
    /** @type {Outgoing} */
    const item = { id: uuid(), text, payload, lang: this.lang(), at: this.nextTime() };
    if (attachments.length) item.attachments = attachments;
    this.store.putOut(item);
    this.show(item);
    this.noteUploading();
    this.typing(false);
    this.start();
    this.flush();
    this.changed('entries');
  }

  /** @param {string} id */
  retry(id) {
    const item = this.out.get(id);
    if (!item) return;
    const { failed: _, gone, ...again } = item;
    if (again.attachments && this.uploads) {
      const files = gone ? this.uploads.anew(again.attachments) : again.attachments;
      // Without the files it would be another message: they have to be attached again.
      if (!files || !this.uploads.standing(files).held) return;
      if (gone) again.uploaded = false;
      again.attachments = files;
      for (const file of files) this.uploads.retry(String(file.id));
      const entry = this.entries.get(id);
      if (entry) entry.message = { ...entry.message, attachments: files };
    }
    this.out.set(id, again);
    this.store.putOut(again);
    this.noteUploading();
    this.sentAt.delete(id);
    this.holdUntil.delete(id);
    this.delays.delete(id);
    this.start();
    this.connection.retryNow();
    this.flush();
    this.changed('entries');
  }

  /**
   * Take back a message that the server has refused.
   * @param {string} id
   * @returns {string} its text
   */
  discard(id) {
    const item = this.out.get(id);
    this.forget(id);
    this.entries.delete(id);
    this.changed('entries');
    return item?.text ?? '';
  }

  /** @param {string} id @returns {import('./protocol.js').Attachment[]} files of a message that waits or was refused */
  filesOf(id) {
    return this.out.get(id)?.attachments ?? [];
  }

  /** A file has come further, has arrived, or has failed: messages that wait for it go out or say why not. */
  uploadsMoved() {
    this.settleFiles();
    this.flush();
  }

  settleFiles() {
    for (const item of this.out.values()) {
      if (!item.attachments || item.uploaded || item.failed || !this.uploads) continue;
      const { ready, failed, held } = this.uploads.standing(item.attachments);
      if (held && ready) {
        item.uploaded = true;
        this.store.putOut(item);
      } else if (failed?.error) {
        item.failed = failed.error;
        this.store.putOut(item);
        this.changed('entries');
      }
    }
    this.noteUploading();
  }

  /** So that the next page of this tab knows which messages have lost their files. */
  noteUploading() {
    const ids = [...this.out.values()].filter((item) => item.attachments && !item.uploaded).map((item) => item.id);
    this.store.keep(this.store.tab, 'uploading', ids.length ? ids : null);
  }

  /** @param {Outgoing} item */
  loseFiles(item) {
    const failed = { ...item, failed: this.lost() };
    this.out.set(item.id, failed);
    this.store.putOut(failed);
  }

  end() {
    this.wishes.end = true;
    this.start();
    this.connection.send({ t: 'end' });
  }

  /** @param {Rating} rating */
  rate(rating) {
    this.wishes.rate = rating;
    this.connection.send({ t: 'rate', ...rating });
  }

  /** @param {Contact} contact */
  contact(contact) {
    this.contactProblem = null;
    this.wishes.contact = contact;
    this.connection.send({ t: 'contact', ...contact });
  }

  languageChanged() {
    this.connection.send({ t: 'lang', lang: this.lang() });
  }

  reopen() {
    this.reopened = true;
    this.changed('state');
  }

  /**
   * Tell that the citizen is writing; never what.
   * @param {boolean} on
   */
  typing(on) {
    clearTimeout(this.timers.idle);
    const now = Date.now();
    if (on) {
      this.timers.idle = setTimeout(() => this.typing(false), TYPING_IDLE_MS);
      if (now - this.typingSentAt < TYPING_EVERY_MS) return;
      if (this.connection.send({ t: 'typing', on: true })) this.typingSentAt = now;
    } else if (this.typingSentAt) {
      this.typingSentAt = 0;
      this.connection.send({ t: 'typing', on: false });
    }
  }

  /** The citizen has what came so far before his eyes. */
  read() {
    const last = this.lastIncoming();
    if (last > this.readSeq()) {
      this.store.keep(this.store.lasting, 'read', { conversation: this.conversation, seq: last });
      this.changed('status');
    }
    if (last > this.readSent && this.connection.send({ t: 'read', seq: last })) this.readSent = last;
  }

  dismissProblem() {
    this.problem = null;
    this.changed('problem');
  }

  // ---- what the view asks ----------------------------------------------------------------------------------------

  /** @returns {Entry[]} everything, in order */
  ordered() {
    return [...this.entries.values()].sort(
      (one, other) =>
        one.epoch - other.epoch ||
        (one.seq ?? Infinity) - (other.seq ?? Infinity) ||
        one.at.getTime() - other.at.getTime() ||
        0,
    );
  }

  /** @returns {Entry[]} the conversation that goes on now */
  current() {
    return [...this.entries.values()].filter((entry) => entry.epoch === this.epoch);
  }

  /** @returns {number} messages of others that the citizen has not seen */
  unread() {
    const current = this.current();
    const begun = current.some((entry) => entry.own);
    const read = this.readSeq();
    return current.filter(
      (entry) =>
        !entry.own &&
        Number(entry.seq) > read &&
        // A greeting that nobody asked for is no reason to call for attention.
        (begun || entry.message.author.kind === 'operator' || entry.message.author.kind === 'specialist'),
    ).length;
  }

  /**
   * @param {Entry} entry
   * @returns {Delivery}
   */
  delivery(entry) {
    if (!entry.own) return null;
    const item = this.out.get(entry.key);
    if (item) {
      if (item.failed) return 'failed';
      const age = Date.now() - item.at;
      const limit = this.status === 'online' ? UNSENT_ONLINE_MS : UNSENT_OFFLINE_MS;
      return age > limit && !this.holdUntil.has(item.id) ? 'unsent' : 'sending';
    }
    // Another tab has delivered it; the number comes with the message itself.
    if (entry.seq === null) return 'sending';
    return entry.epoch < this.epoch || entry.seq > this.seenSeq ? 'sent' : 'seen';
  }

  /**
   * @param {Entry} entry
   * @returns {string|null} what the server has to say about it: why it was refused, or why it has to wait
   */
  remark(entry) {
    return this.out.get(entry.key)?.failed ?? this.delays.get(entry.key)?.text ?? null;
  }

  // ---- what the server says --------------------------------------------------------------------------------------

  /** @param {ServerFrame} frame */
  receive(frame) {
    switch (frame.t) {
      case 'welcome':
        this.welcome(frame);
        break;
      case 'ack':
        this.acknowledged(frame.id, frame.seq, frame.ts);
        break;
      case 'message':
        this.message(frame.message);
        break;
      case 'state':
        this.apply(frame.state);
        break;
      case 'typing':
        this.showTyping(frame.on ? frame.author : null);
        break;
      case 'seen':
        this.seenSeq = Math.max(this.seenSeq, frame.seq);
        this.changed('entries');
        break;
      case 'rated':
        this.wishes.rate = null;
        this.state = { ...this.state, rated: frame.score };
        this.changed('rated');
        break;
      case 'contact_ok':
        this.wishes.contact = null;
        this.contactDone = true;
        this.changed('contact');
        break;
      case 'error':
        this.refused(frame);
        break;
      case 'notices':
        this.changed('notices');
        break;
      default:
      // A frame of a later protocol version is no reason to stop.
    }
  }

  /** @param {WelcomeFrame} frame */
  welcome(frame) {
    const replay = this.adopted || (this.conversation === null && this.token !== null);
    this.adopted = false;
    if (frame.conversation !== this.conversation) {
      if (this.conversation !== null) {
        this.epoch += 1;
        this.seenSeq = 0;
        this.readSent = 0;
        this.missed = 0;
        this.contactDone = false;
        this.wishes = { end: false, contact: null, rate: null };
      }
      this.conversation = frame.conversation;
      this.reopened = false;
    }
    for (const entry of this.entries.values()) if (entry.seq === null) entry.epoch = this.epoch;
    this.token = frame.token;
    this.store.token = frame.token;
    this.problem = null;
    this.replaying = replay;
    if (replay) this.quietSoon();
    this.apply(frame.state);
    this.uploads?.lineBack();
    this.flush();
    this.wishAgain();
    this.changed('problem');
    this.changed('entries');
  }

  /** Ask again for what was asked for and has not shown in the state. */
  wishAgain() {
    const { end, contact, rate } = this.wishes;
    if (end && this.state.phase !== 'ended') this.connection.send({ t: 'end' });
    if (contact) this.connection.send({ t: 'contact', ...contact });
    if (rate && this.state.rated === null) this.connection.send({ t: 'rate', ...rate });
  }

  quietSoon() {
    clearTimeout(this.timers.replay);
    this.timers.replay = setTimeout(() => {
      this.replaying = false;
      this.changed('entries');
    }, REPLAY_QUIET_MS);
  }

  /** @param {Message} message */
  message(message) {
    if (this.replaying) this.quietSoon();
    const own = message.author.kind === 'citizen';
    if (own && message.client_id) this.forget(message.client_id);
    const key = (own && message.client_id) || `${this.conversation}:${message.seq}`;
    const known = this.entries.get(key);
    this.entries.set(key, {
      key,
      epoch: this.epoch,
      seq: message.seq,
      clientId: message.client_id,
      own,
      at: message.ts ? new Date(message.ts) : known?.at ?? new Date(),
      message,
    });
    if (!own && this.typingAuthor?.kind === message.author.kind) this.showTyping(null);
    this.remember();
    this.watchGap();
    this.changed('entries');
  }

  /** A number was skipped: if it does not come by itself, ask for everything after the last unbroken one. */
  watchGap() {
    clearTimeout(this.timers.gap);
    const next = this.cursor() + 1;
    if (next <= this.missed || !this.current().some((entry) => Number(entry.seq) > next)) return;
    this.timers.gap = setTimeout(() => {
      if (this.cursor() + 1 !== next || this.status !== 'online') return;
      this.missed = next;
      this.connection.restart();
    }, GAP_PATIENCE_MS);
  }

  /** Keep whether the next page should connect by itself: an opened but unused chat costs the server nothing there. */
  remember() {
    const live = this.state.phase !== 'ended' && this.current().some((entry) => entry.own);
    this.store.keep(this.store.lasting, 'live', live);
  }

  /** @param {string} id @param {number} seq @param {string} ts */
  acknowledged(id, seq, ts) {
    this.forget(id);
    const entry = this.entries.get(id);
    if (entry) {
      entry.seq = seq;
      entry.at = new Date(ts);
      entry.epoch = this.epoch;
    }
    this.remember();
    this.watchGap();
    this.changed('entries');
  }

  /** @param {State} state */
  apply(state) {
    this.state = { ...FRESH_STATE, ...state };
    if (this.state.phase === 'ended') {
      this.wishes.end = false;
      this.showTyping(null);
    } else {
      this.reopened = false;
    }
    if (this.state.rated !== null) this.wishes.rate = null;
    if (this.conversation !== null && !this.replaying) this.remember();
    this.changed('state');
  }

  /** @param {Author|null} author */
  showTyping(author) {
    clearTimeout(this.timers.typing);
    this.typingAuthor = author;
    if (author) this.timers.typing = setTimeout(() => this.showTyping(null), TYPING_SHOWN_MS);
    this.changed('typing');
  }

  /** @param {ErrorFrame} frame */
  refused(frame) {
    if (frame.code === 'token_invalid') {
      this.dropConversation();
      return;
    }
    const item = frame.id ? this.out.get(frame.id) : undefined;
    if (item) {
      if (frame.retry) {
        const times = (this.delays.get(item.id)?.times ?? 0) + 1;
        this.delays.set(item.id, { text: frame.text, times });
        // A server in trouble is not helped by everybody asking every second.
        const wait = Math.max(frame.retry_after_s || 0, Math.min(30, 2 ** (times - 1))) * 1000;
        this.holdUntil.set(item.id, Date.now() + wait);
        this.sentAt.delete(item.id);
        setTimeout(() => this.flush(), wait + 50);
      } else {
        const failed = { ...item, failed: frame.text || frame.code, gone: frame.code === 'attachment_gone' };
        this.out.set(item.id, failed);
        this.store.putOut(failed);
      }
      this.changed('entries');
      return;
    }
    if (frame.code === 'bad_contact') {
      this.wishes.contact = null;
      this.contactProblem = frame.text;
      this.changed('contact');
      return;
    }
    if (frame.retry) {
      clearTimeout(this.timers.wish);
      this.timers.wish = setTimeout(() => this.wishAgain(), Math.max(3, frame.retry_after_s || 0) * 1000);
    } else {
      // Refused for good: asking again at every reconnect would not help.
      this.wishes.rate = null;
      this.wishes.contact = null;
      this.changed('contact');
      this.changed('rated');
    }
    this.problem = frame;
    this.changed('problem');
  }

  // ---- inside ----------------------------------------------------------------------------------------------------

  /** The kept conversation is gone at the server: forget it here too, but not what is still to be sent. */
  dropConversation() {
    this.token = null;
    this.store.token = null;
    this.store.keep(this.store.lasting, 'read', null);
    this.store.keep(this.store.lasting, 'live', null);
    this.forgetConversation();
  }

  forgetConversation() {
    this.conversation = null;
    this.seenSeq = 0;
    this.readSent = 0;
    this.missed = 0;
    this.contactDone = false;
    this.wishes = { end: false, contact: null, rate: null };
    for (const entry of [...this.entries.values()]) if (entry.seq !== null) this.entries.delete(entry.key);
    this.changed('entries');
  }

  /** Send what waits, oldest first, each at most once a connection unless its answer is overdue. */
  flush() {
    if (this.status !== 'online') return;
    const now = Date.now();
    this.settleFiles();
    for (const item of [...this.out.values()].sort((one, other) => one.at - other.at)) {
      if (item.failed) continue;
      if (item.attachments && !item.uploaded) {
        if (this.uploads?.standing(item.attachments).held) break;
        if (now - item.at > FILES_LOST_MS) this.loseFiles(item);
        // Another tab has them and sends it.
        continue;
      }
      const held = this.holdUntil.get(item.id) ?? 0;
      // What was written later must not overtake what the server asked to hold back.
      if (held > now) break;
      this.holdUntil.delete(item.id);
      const before = this.sentAt.get(item.id);
      if (before !== undefined && now - before < RESEND_AFTER_MS) continue;
      const files = item.attachments?.map((file) => file.id);
      const frame = { t: 'send', id: item.id, text: item.text, payload: item.payload, ...(files && { attachments: files }) };
      if (!this.connection.send(frame)) return;
      this.sentAt.set(item.id, now);
    }
    this.tick();
  }

  /** While something is undelivered, look every two seconds whether it is overdue. */
  tick() {
    clearTimeout(this.timers.tick);
    if (this.out.size === 0) return;
    this.timers.tick = setTimeout(() => {
      this.flush();
      this.changed('entries');
      this.tick();
    }, 2_000);
  }

  /** @param {Outgoing} item */
  show(item) {
    this.out.set(item.id, item);
    if (this.entries.has(item.id)) return;
    const author = { kind: /** @type {const} */ ('citizen'), name: null };
    this.entries.set(item.id, {
      key: item.id,
      epoch: this.reopened ? this.epoch + 1 : this.epoch,
      seq: null,
      clientId: item.id,
      own: true,
      at: new Date(item.at),
      message: {
        seq: 0,
        id: item.id,
        client_id: item.id,
        ts: new Date(item.at).toISOString(),
        author,
        text: item.text,
        lang: item.lang,
        attachments: item.attachments ?? [],
      },
    });
    this.tick();
  }

  /** @param {string} id */
  forget(id) {
    this.out.delete(id);
    this.store.dropOut(id);
    this.sentAt.delete(id);
    this.holdUntil.delete(id);
    this.delays.delete(id);
  }

  /** @returns {number} now, but later than anything that waits: two messages of one millisecond keep their order */
  nextTime() {
    return Math.max(Date.now(), ...[...this.out.values()].map((item) => item.at + 1));
  }

  /** @returns {number} the highest number up to which no message is missing */
  cursor() {
    if (this.conversation === null || this.adopted) return 0;
    const held = new Set(this.current().map((entry) => entry.seq));
    let seq = 0;
    while (held.has(seq + 1)) seq += 1;
    return seq;
  }

  /** @returns {number} */
  lastIncoming() {
    return this.current().reduce((last, entry) => (entry.own ? last : Math.max(last, entry.seq ?? 0)), 0);
  }

  /** @returns {number} */
  readSeq() {
    const kept = /** @type {{conversation?: string, seq?: number}|null} */ (
      this.store.read(this.store.lasting, 'read')
    );
    return kept?.conversation === this.conversation ? Number(kept?.seq) || 0 : 0;
  }

  /** @param {string} name of what another tab changed */
  otherTab(name) {
    if (name === 'token') {
      // The value of now and not that of the event: when two tabs begin at once, both settle on the last one written.
      const token = this.store.token;
      if (token === null || token === this.token) return;
      if (this.conversation !== null && this.state.phase !== 'ended') this.forgetConversation();
      this.token = token;
      this.adopted = true;
      if (this.status !== 'idle') this.connection.restart();
    } else if (name.startsWith('out:')) {
      const id = name.slice(4);
      const item = this.store.outbox().find((each) => each.id === id);
      if (item?.failed && item.attachments && this.uploads?.standing(item.attachments).held) {
        // That tab gave up on files which this one has in hand.
        const { failed: _, ...mine } = item;
        this.out.set(id, mine);
      } else if (item) {
        this.show(item);
        this.start();
      } else {
        if (this.out.get(id)?.failed) this.entries.delete(id);
        this.out.delete(id);
      }
      this.changed('entries');
    } else if (name === 'read') {
      this.changed('status');
    }
  }
}

/**
 * Where the citizen is. Without the query: search words and access tokens of other systems stand there.
 * @returns {string}
 */
function pageAddress() {
  const hash = /^#[\p{L}\d/_-]{0,80}$/u.test(decodeSafely(location.hash)) ? location.hash : '';
  return `${location.origin}${location.pathname}${hash}`;
}

/** @param {string} text @returns {string} */
function decodeSafely(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
