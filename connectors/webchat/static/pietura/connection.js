// @ts-check
/**
 * The socket that comes back: reconnects with growing, jittered pauses, at once when the network or the citizen returns,
 * and notices a line that is dead though nobody closed it.
 *
 * @typedef {import('./protocol.js').ServerFrame} ServerFrame
 * @typedef {'idle'|'connecting'|'online'|'lost'} Status
 */

import { PING_EVERY_MS, PONG_WITHIN_MS } from './protocol.js';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const WELCOME_WITHIN_MS = 10_000;

/**
 * The pause before the n-th attempt. Spread over the whole range: after a restart of the server thousands of widgets
 * come back, and they must not come at once.
 * @param {number} attempt 0, 1, 2, …
 * @param {number} [chance] 0…1
 * @returns {number} milliseconds
 */
export function pause(attempt, chance = Math.random()) {
  const ceiling = Math.min(LONGEST_PAUSE_MS, 2 * FIRST_PAUSE_MS * 2 ** Math.min(attempt, 10));
  return FIRST_PAUSE_MS + chance * (ceiling - FIRST_PAUSE_MS);
}

export class Connection {
  /**
   * @param {object} options
   * @param {string} options.url
   * @param {() => object} options.hello the first frame, made anew for every attempt
   * @param {(frame: ServerFrame) => void} options.onFrame
   * @param {(status: Status) => void} options.onStatus
   */
  constructor({ url, hello, onFrame, onStatus }) {
    this.url = url;
    this.hello = hello;
    this.onFrame = onFrame;
    this.onStatus = onStatus;
    /** @type {Status} */
    this.status = 'idle';
    /** @type {WebSocket|null} */
    this.socket = null;
    this.wanted = false;
    this.attempt = 0;
    /** @type {Record<'retry'|'welcome'|'ping'|'pong', ReturnType<typeof setTimeout>|undefined>} */
    this.timers = { retry: undefined, welcome: undefined, ping: undefined, pong: undefined };

    addEventListener('online', () => this.retryNow());
    addEventListener('offline', () => this.drop());
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState !== 'visible') return;
      if (this.status === 'online') this.ping(PONG_WITHIN_MS / 2);
      else this.retryNow();
    });
    // An open socket would keep the page out of the back/forward cache.
    addEventListener('pagehide', () => this.cut());
    addEventListener('pageshow', (event) => {
      if (event.persisted) this.retryNow();
    });
  }

  start() {
    if (this.wanted) return;
    this.wanted = true;
    this.attempt = 0;
    this.connect();
  }

  /** Connect now instead of after the pause. */
  retryNow() {
    if (!this.wanted || this.status === 'online' || this.socket) return;
    this.attempt = 0;
    this.connect();
  }

  /** Close and connect anew, as after a change of the token. */
  restart() {
    this.cut();
    this.attempt = 0;
    this.wanted = true;
    this.connect();
  }

  /**
   * @param {object} frame
   * @returns {boolean} whether it was handed to an open socket; that it arrived is known only from the answer
   */
  send(frame) {
    if (this.status !== 'online' || this.socket?.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  connect() {
    clearTimeout(this.timers.retry);
    if (!this.wanted || this.socket) return;
    this.become(this.attempt === 0 && this.status === 'idle' ? 'connecting' : this.status);
    let socket;
    try {
      socket = new WebSocket(this.url);
    } catch {
      this.later();
      return;
    }
    this.socket = socket;
    this.timers.welcome = setTimeout(() => this.drop(), WELCOME_WITHIN_MS);
    socket.addEventListener('open', () => {
      if (socket === this.socket) socket.send(JSON.stringify(this.hello()));
    });
    socket.addEventListener('message', (event) => {
      if (socket === this.socket) this.receive(event.data);
    });
    socket.addEventListener('close', () => {
      if (socket === this.socket) this.drop();
    });
  }

  /** @param {unknown} data */
  receive(data) {
    /** @type {ServerFrame} */
    let frame;
    try {
      frame = JSON.parse(String(data));
    } catch {
      return;
    }
    // Whatever arrives proves that the line is alive.
    clearTimeout(this.timers.pong);
    if (frame.t === 'welcome') {
      clearTimeout(this.timers.welcome);
      this.attempt = 0;
      this.schedulePing();
      // Online first: what the session does with the welcome includes sending.
      this.become('online');
    }
    if (frame.t !== 'pong') this.onFrame(frame);
  }

  schedulePing() {
    clearTimeout(this.timers.ping);
    this.timers.ping = setTimeout(() => this.ping(PONG_WITHIN_MS), PING_EVERY_MS);
  }

  /** @param {number} within milliseconds */
  ping(within) {
    if (!this.send({ t: 'ping' })) return;
    clearTimeout(this.timers.pong);
    this.timers.pong = setTimeout(() => this.drop(), within);
    this.schedulePing();
  }

  /** The line is lost: say so and try again after a pause. */
  drop() {
    if (!this.wanted) return;
    this.cut();
    this.become('lost');
    this.later();
  }

  later() {
    clearTimeout(this.timers.retry);
    this.timers.retry = setTimeout(() => this.connect(), pause(this.attempt));
    this.attempt += 1;
  }

  cut() {
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    const socket = this.socket;
    this.socket = null;
    if (this.status === 'online') this.become('lost');
    try {
      socket?.close();
    } catch {
      // A socket that is still connecting may refuse; it is forgotten either way.
    }
  }

  /** @param {Status} status */
  become(status) {
    if (status === this.status) return;
    this.status = status;
    this.onStatus(status);
  }
}
