// @ts-check
// The live socket: keeps itself connected, asks for what was missed by cursor, notices a dead line by a missing pong.

const PING_MS = 20000;
const PONG_MS = 10000;
const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 15000;
const SIGNED_OUT = 4401;

/**
 * @typedef {object} LiveHandlers
 * @property {(frame: any) => void} frame
 * @property {(status: "connecting"|"online"|"offline", retryAt: number|null) => void} status
 * @property {() => void} alive something was heard from the server
 * @property {() => void} signedOut
 * @property {() => void} refused the hand-shake failed: the session may have ended
 * @property {() => string|null} looking the conversation that is open
 */

export class Live {
  /** @param {LiveHandlers} on */
  constructor(on) {
    this.on = on;
    this.cursor = 0;
    this.wanted = false;
    /** @type {WebSocket|null} */
    this.socket = null;
    this.attempt = 0;
    this.retryTimer = 0;
    this.pingTimer = 0;
    this.pongTimer = 0;
    this.wake = () => {
      if (!this.wanted || document.visibilityState === "hidden") return;
      if (!this.socket) this.connect();
      else if (this.socket.readyState === WebSocket.OPEN) this.ping(); // after sleep the line may be dead without saying so
    };
    this.lost = () => {
      if (this.wanted) this.drop();
    };
  }

  /** @param {number} cursor */
  start(cursor) {
    this.stop();
    this.cursor = cursor;
    this.wanted = true;
    window.addEventListener("online", this.wake);
    window.addEventListener("offline", this.lost);
    document.addEventListener("visibilitychange", this.wake);
    this.connect();
  }

  stop() {
    this.wanted = false;
    window.removeEventListener("online", this.wake);
    window.removeEventListener("offline", this.lost);
    document.removeEventListener("visibilitychange", this.wake);
    this.clear();
    const socket = this.socket;
    this.socket = null;
    socket?.close(1000);
  }

  /** Try now instead of waiting for the next turn. */
  retryNow() {
    if (this.wanted && !this.socket) this.connect();
  }

  clear() {
    clearTimeout(this.retryTimer);
    clearInterval(this.pingTimer);
    clearTimeout(this.pongTimer);
    this.pongTimer = 0;
  }

  connect() {
    this.clear();
    this.on.status("connecting", null);
    const url = new URL("/console/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("cursor", String(this.cursor));
    const socket = new WebSocket(url);
    let opened = false;
    this.socket = socket;
    socket.onopen = () => {
      if (this.socket !== socket) return;
      opened = true;
      this.attempt = 0;
      this.pingTimer = window.setInterval(() => this.ping(), PING_MS);
      this.on.status("online", null);
      this.ping();
    };
    socket.onmessage = (event) => {
      if (this.socket !== socket) return;
      clearTimeout(this.pongTimer);
      this.pongTimer = 0;
      this.on.alive();
      let frame;
      try {
        frame = JSON.parse(event.data);
      } catch {
        return;
      }
      if (frame && typeof frame === "object" && frame.kind !== "pong") this.on.frame(frame);
    };
    socket.onclose = (event) => {
      if (this.socket !== socket) return;
      this.socket = null;
      if (event.code === SIGNED_OUT) {
        this.stop();
        this.on.signedOut();
        return;
      }
      if (!opened) this.on.refused();
      this.later();
    };
  }

  ping() {
    if (this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ kind: "ping", looking: this.on.looking(), focused: document.visibilityState === "visible" && document.hasFocus() }));
    if (!this.pongTimer) this.pongTimer = window.setTimeout(() => this.drop(), PONG_MS);
  }

  /** Give up a line that is dead or must be one (the network is gone), without waiting for its closing hand-shake. */
  drop() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.later();
  }

  later() {
    if (!this.wanted) return;
    this.clear();
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_MIN_MS * 2 ** this.attempt);
    this.attempt += 1;
    // Jitter: after a restart of the server the whole floor would otherwise knock at the same moment.
    const delay = ceiling / 2 + Math.random() * (ceiling / 2);
    this.on.status("offline", Date.now() + delay);
    this.retryTimer = window.setTimeout(() => this.connect(), delay);
  }
}
