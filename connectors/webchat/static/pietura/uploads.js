// @ts-check
/**
 * Files on their way to the server. Each has an id made once: an upload that broke is tried again under it, and the server keeps
 * one. A message that is sent with files waits for them in the outbox; what is chosen and not sent yet lies beside the composer.
 *
 * @typedef {import('./protocol.js').Attachment} Attachment
 * @typedef {import('./protocol.js').AttachmentLimits} AttachmentLimits
 * @typedef {import('./texts.js').Texts} Texts
 *
 * @typedef {object} Upload
 * @property {string} id
 * @property {File} file
 * @property {string} name
 * @property {'waiting'|'uploading'|'ready'|'failed'} state `waiting`: for the line, or for its turn
 * @property {number} progress 0…1
 * @property {string} error why it failed, in the citizen's language
 * @property {boolean} again whether trying once more may help
 * @property {Attachment} view as it will stand in the message
 * @property {XMLHttpRequest|null} request
 * @property {number} breaks how often in a row it broke off without a word from the server
 */

import { uuid } from './protocol.js';

const IMAGE = /^image\/(?:jpeg|png|webp)$/;
const MIB = 1024 * 1024;
/** Two at once: a telephone's line is narrow, and the first file should not wait for the last. */
const AT_ONCE = 2;
/** After so many breaks in a row the citizen is asked; what is written later must not wait for ever. */
const MOST_BREAKS = 4;
const AFTER_BREAK_MS = 2_000;

export class Uploads {
  /**
   * @param {object} options
   * @param {string} options.origin of the server
   * @param {string} options.site
   * @param {AttachmentLimits} options.limits
   * @param {Texts} options.texts
   * @param {() => string|null} options.token
   * @param {() => void} options.changed something has moved on
   */
  constructor({ origin, site, limits, texts, token, changed }) {
    this.origin = origin;
    this.site = site;
    this.limits = limits;
    this.texts = texts;
    this.token = token;
    this.changed = changed;
    /** @type {Map<string, Upload>} all that this page has in hand */
    this.all = new Map();
    /** @type {Upload[]} what is to go with the next message */
    this.chosen = [];
  }

  /**
   * @param {Iterable<File>} files
   * @returns {string} what was not taken and why; empty when all were
   */
  add(files) {
    let problem = '';
    for (const file of files) {
      if (this.chosen.length >= this.limits.per_message) {
        problem = this.texts.t('attach_many', { count: this.limits.per_message });
        break;
      }
      const name = file.name || '';
      if (file.size > this.limits.file) {
        const values = { name, size: this.megabytes(file.size), limit: this.megabytes(this.limits.file) };
        problem = this.texts.t('attach_large', values);
        continue;
      }
      const id = uuid();
      /** @type {Upload} */
      const upload = {
        id,
        file,
        name,
        state: 'waiting',
        progress: 0,
        error: '',
        again: false,
        view: {
          id,
          kind: IMAGE.test(file.type) ? 'image' : 'file',
          name,
          type: file.type,
          size: file.size,
          state: 'ready',
        },
        request: null,
        breaks: 0,
      };
      this.all.set(id, upload);
      this.chosen.push(upload);
    }
    this.pump();
    this.changed();
    return problem;
  }

  /** What was chosen goes with a message, all of it, wherever each stands. @returns {Attachment[]} */
  take() {
    const taken = this.chosen;
    this.chosen = [];
    return taken.map((upload) => upload.view);
  }

  /** What was to go with a message is to be chosen anew. @param {Attachment[]} views */
  putBack(views) {
    for (const { id } of views) {
      const upload = this.all.get(String(id));
      if (upload && !this.chosen.includes(upload)) this.chosen.push(upload);
    }
    this.changed();
  }

  /** The citizen does not want to send it. @param {string} id */
  remove(id) {
    const upload = this.all.get(id);
    if (!upload) return;
    this.all.delete(id);
    this.chosen = this.chosen.filter((one) => one !== upload);
    upload.request?.abort();
    if (upload.state === 'ready') {
      // What is not asked for is swept by itself in an hour; sooner is kinder.
      fetch(this.address(id), { method: 'DELETE', headers: this.headers() }).catch(() => undefined);
    }
    this.pump();
    this.changed();
  }

  /** @param {string} id */
  retry(id) {
    const upload = this.all.get(id);
    if (upload?.state !== 'failed') return;
    upload.state = 'waiting';
    upload.error = '';
    upload.breaks = 0;
    this.pump();
    this.changed();
  }

  /**
   * Whether the files of a message are with the server.
   * @param {Attachment[]} views
   * @returns {{ready: boolean, failed: Upload|undefined, held: boolean}} `held`: this page can still do something for them
   */
  standing(views) {
    const uploads = views.map(({ id }) => this.all.get(String(id)));
    return {
      ready: uploads.every((upload) => upload?.state === 'ready'),
      failed: uploads.find((upload) => upload?.state === 'failed'),
      held: uploads.every(Boolean),
    };
  }

  /**
   * The server no longer has them (the conversation they were for is gone): they are sent anew, as new files.
   * @param {Attachment[]} views
   * @returns {Attachment[]|null} null when this page has not kept them
   */
  anew(views) {
    const uploads = views.map(({ id }) => this.all.get(String(id)));
    if (!uploads.every((upload) => upload !== undefined)) return null;
    const fresh = uploads.map((upload) => {
      this.all.delete(upload.id);
      const id = uuid();
      /** @type {Upload} */
      const again = { ...upload, id, state: 'waiting', progress: 0, error: '', breaks: 0, view: { ...upload.view, id } };
      this.all.set(id, again);
      return again.view;
    });
    this.pump();
    return fresh;
  }

  /** Begin what waits, as far as there is a token and room. */
  pump() {
    if (!this.token()) return;
    let busy = [...this.all.values()].filter((upload) => upload.state === 'uploading').length;
    for (const upload of this.all.values()) {
      if (busy >= AT_ONCE) return;
      if (upload.state !== 'waiting') continue;
      busy += 1;
      this.begin(upload);
    }
  }

  /** The line is back: what failed for want of it is tried again. */
  lineBack() {
    for (const upload of this.all.values()) {
      if (upload.state === 'failed' && upload.breaks > 0) this.retry(upload.id);
    }
    this.pump();
  }

  /** @param {Upload} upload */
  begin(upload) {
    // fetch does not tell how far an upload has come.
    const request = new XMLHttpRequest();
    upload.request = request;
    upload.state = 'uploading';
    upload.progress = 0;
    request.open('PUT', this.address(upload.id));
    for (const [name, value] of Object.entries(this.headers())) request.setRequestHeader(name, value);
    request.setRequestHeader('X-Pietura-Name', encodeURIComponent(upload.name));
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = (event) => {
      if (!event.lengthComputable) return;
      upload.progress = event.loaded / event.total;
      this.changed();
    };
    const done = () => {
      upload.request = null;
      this.pump();
      this.changed();
    };
    request.onload = () => {
      const answer = json(request.responseText);
      if (request.status === 200 && answer?.id) {
        upload.state = 'ready';
        upload.progress = 1;
        upload.breaks = 0;
        Object.assign(upload.view, answer);
      } else {
        upload.state = 'failed';
        upload.error = answer?.title || this.texts.t('file_gave_up');
        upload.again = !answer?.title || Boolean(answer.retry);
      }
      done();
    };
    // Without a word of why: the line was lost, and with the line it goes on.
    request.onerror = () => {
      upload.state = 'failed';
      upload.again = true;
      upload.breaks += 1;
      if (upload.breaks >= MOST_BREAKS) upload.error = this.texts.t('file_gave_up');
      else setTimeout(() => upload.state === 'failed' && !upload.error && this.again(upload), AFTER_BREAK_MS * upload.breaks);
      done();
    };
    request.onabort = done;
    request.send(upload.file);
  }

  /** @param {Upload} upload that broke off */
  again(upload) {
    upload.state = 'waiting';
    this.pump();
    this.changed();
  }

  /**
   * A file that was sent, for showing or saving it: the page's own copy, or the server's.
   * @param {Attachment} view
   * @returns {Promise<Blob>}
   * @throws {Error} it cannot be had now
   */
  async blob(view) {
    const own = this.all.get(String(view.id));
    if (own) return own.file;
    const answer = await fetch(this.address(String(view.id)), { headers: this.headers() });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.blob();
  }

  /** @param {string} id */
  address(id) {
    return `${this.origin}/chat/attachments/${id}?site=${encodeURIComponent(this.site)}`;
  }

  headers() {
    return { Authorization: `Bearer ${this.token()}`, 'X-Pietura-Lang': this.texts.lang };
  }

  /** @param {number} size bytes @returns {string} a number with at most one decimal */
  megabytes(size) {
    return this.texts.number(Math.max(0.1, Math.ceil((size / MIB) * 10) / 10));
  }

  /** @param {number} size bytes @returns {string} */
  size(size) {
    if (size >= MIB) return this.texts.t('size_mb', { count: this.megabytes(size) });
    return this.texts.t('size_kb', { count: this.texts.number(Math.max(1, Math.round(size / 1024))) });
  }
}

/** @param {string} text */
function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
