// @ts-check
/**
 * What the widget remembers, keyed by site. `localStorage` keeps what outlives the tab (token, unsent messages),
 * `sessionStorage` what belongs to this tab (open or closed, the draft). Where the browser forbids both, memory serves.
 *
 * @typedef {object} Outgoing a message that the server has not acknowledged yet
 * @property {string} id UUID, the same on every retry
 * @property {string} text
 * @property {string|null} payload of the button that was pressed
 * @property {string} lang
 * @property {number} at when it was written, milliseconds since 1970
 * @property {import('./protocol.js').Attachment[]} [attachments] files that go with it
 * @property {boolean} [uploaded] whether they are all with the server
 * @property {boolean} [gone] the server no longer has one of them
 * @property {string} [failed] why the server refused it for good, in the citizen's language
 */

/** @implements {Pick<Storage, 'getItem'|'setItem'|'removeItem'>} */
class Memory {
  constructor() {
    /** @type {Map<string, string>} */
    this.map = new Map();
  }

  /** @param {string} key */
  getItem(key) {
    return this.map.get(key) ?? null;
  }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.map.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.map.delete(key);
  }

  keys() {
    return [...this.map.keys()];
  }
}

/** Web storage that also works when it is full, forbidden or absent. */
class Shelf {
  /** @param {() => Storage} open */
  constructor(open) {
    this.memory = new Memory();
    /** @type {Storage|null} */
    this.real = null;
    try {
      this.real = open();
      const probe = 'pietura:probe';
      this.real.setItem(probe, '1');
      this.real.removeItem(probe);
    } catch {
      this.real = null;
    }
  }

  /** @param {string} key @returns {string|null} */
  get(key) {
    const kept = this.memory.getItem(key);
    if (kept !== null) return kept;
    try {
      return this.real?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  /** @param {string} key @param {string|null} value */
  set(key, value) {
    this.memory.removeItem(key);
    try {
      if (value === null) this.real?.removeItem(key);
      else if (this.real) this.real.setItem(key, value);
      else this.memory.setItem(key, value);
    } catch {
      // The quota is used up by the host page: this tab at least still knows.
      if (value !== null) this.memory.setItem(key, value);
    }
  }

  /** @returns {string[]} */
  keys() {
    try {
      return [...(this.real ? Object.keys(this.real) : []), ...this.memory.keys()];
    } catch {
      return this.memory.keys();
    }
  }
}

export class Store {
  /** @param {string} site */
  constructor(site) {
    this.prefix = `pietura:${site}:`;
    this.lasting = new Shelf(() => localStorage);
    this.tab = new Shelf(() => sessionStorage);
  }

  /**
   * @param {Shelf} shelf
   * @param {string} name
   * @returns {unknown}
   */
  read(shelf, name) {
    try {
      return JSON.parse(shelf.get(this.prefix + name) ?? 'null');
    } catch {
      return null;
    }
  }

  /**
   * @param {Shelf} shelf
   * @param {string} name
   * @param {unknown} value null forgets
   */
  keep(shelf, name, value) {
    shelf.set(this.prefix + name, value === null ? null : JSON.stringify(value));
  }

  /** @returns {string|null} */
  get token() {
    const value = this.read(this.lasting, 'token');
    return typeof value === 'string' ? value : null;
  }

  set token(value) {
    this.keep(this.lasting, 'token', value);
  }

  /** @returns {Outgoing[]} oldest first */
  outbox() {
    // One key a message: two tabs that write at the same moment cannot overwrite each other's.
    const start = `${this.prefix}out:`;
    return this.lasting
      .keys()
      .filter((key) => key.startsWith(start))
      .map((key) => /** @type {Outgoing|null} */ (this.read(this.lasting, key.slice(this.prefix.length))))
      .filter((item) => item !== null && typeof item.id === 'string' && typeof item.text === 'string')
      .map((item) => /** @type {Outgoing} */ (item))
      .sort((one, other) => one.at - other.at);
  }

  /** @param {Outgoing} item */
  putOut(item) {
    this.keep(this.lasting, `out:${item.id}`, item);
  }

  /** @param {string} id */
  dropOut(id) {
    this.keep(this.lasting, `out:${id}`, null);
  }

  /**
   * Call back when another tab of the same site changed something.
   * @param {(name: string) => void} changed name without the prefix
   */
  onOtherTab(changed) {
    addEventListener('storage', (event) => {
      if (event.storageArea !== this.lasting.real || !event.key?.startsWith(this.prefix)) return;
      changed(event.key.slice(this.prefix.length));
    });
  }
}
