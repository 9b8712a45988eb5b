// @ts-check
/**
 * What goes over the wire, as the widget sees it (`docs/protocol.md` is the full account), and the limits both ends keep.
 *
 * @typedef {'citizen'|'assistant'|'operator'|'specialist'|'system'} AuthorKind
 * @typedef {{kind: AuthorKind, name: string|null}} Author
 * @typedef {{title: string, payload: string}} Choice a button under a message
 * @typedef {{title: string, url: string, kind?: 'eservice'|'info'}} Link
 * @typedef {{title: string, url: string, date?: string|null, seen?: boolean}} Source `seen`: `date` is only the day on which the page was looked at
 *
 * @typedef {object} Message
 * @property {number} seq counts from 1 in a conversation, without gaps
 * @property {string} id UUID
 * @property {string|null} client_id the id that the sender's widget gave it
 * @property {string|null} ts ISO 8601, UTC; null for a greeting, which is stored only once the citizen writes
 * @property {Author} author
 * @property {string} text plain text
 * @property {string} lang
 * @property {Choice[]} [buttons]
 * @property {Link[]} [links]
 * @property {Source|null} [source]
 * @property {Attachment[]} [attachments]
 * @property {string|null} [placeholder] what stands at the end of `text` for files
 * @property {boolean} [edited] it was corrected after it had been sent
 *
 * @typedef {object} Attachment
 * @property {string} [id] of a file that lies with us
 * @property {string} kind `image` or `file`
 * @property {string|null} name
 * @property {string} [type]
 * @property {number|null} size bytes
 * @property {'ready'|'checking'|'infected'|'erased'} [state]
 *
 * @typedef {object} AttachmentLimits
 * @property {number} file bytes of one file
 * @property {number} conversation bytes of all files of a conversation
 * @property {number} per_message
 * @property {string} accept for the browser's dialog
 *
 * @typedef {'assistant'|'waiting'|'operator'|'on_hold'|'specialist'|'ended'} Phase
 *
 * @typedef {object} State who speaks now, and what the citizen may do
 * @property {Phase} phase
 * @property {string|null} name
 * @property {string|null} wait_text
 * @property {boolean} asks_contact
 * @property {boolean} may_rate
 * @property {number|null} rated
 *
 * @typedef {{name: string, email: string, phone: string, consent: boolean}} Contact
 * @typedef {{score: number, comment: string}} Rating
 *
 * @typedef {{t: 'welcome', token: string, conversation: string, cursor: number, lang: string, state: State}} WelcomeFrame
 * @typedef {{t: 'ack', id: string, seq: number, ts: string}} AckFrame
 * @typedef {{t: 'message', message: Message}} MessageFrame
 * @typedef {{t: 'state', state: State}} StateFrame
 * @typedef {{t: 'typing', author: Author, on: boolean}} TypingFrame
 * @typedef {{t: 'seen', seq: number}} SeenFrame
 * @typedef {{t: 'rated', score: number}} RatedFrame
 * @typedef {{t: 'contact_ok'}} ContactOkFrame
 * @typedef {{t: 'error', code: string, id: string|null, text: string, retry: boolean, retry_after_s: number}} ErrorFrame
 * @typedef {{t: 'pong'}} PongFrame
 * @typedef {{t: 'notices'}} NoticesFrame the notices have changed: ask for them
 * @typedef {WelcomeFrame|AckFrame|MessageFrame|StateFrame|TypingFrame|SeenFrame|RatedFrame|ContactOkFrame|ErrorFrame|PongFrame|NoticesFrame} ServerFrame
 *
 * @typedef {object} ProactiveRule when the chat invites
 * @property {string} id
 * @property {string} page pattern for path and fragment
 * @property {'time'|'scroll'|'form_error'|'inactive'|'unfinished'} [when] what happened on the page; `time` where it is not said
 * @property {number} after_s seconds after that
 * @property {number} [share] percent of the page's height that was scrolled to
 * @property {'session'|'day'|'week'} [once]
 * @property {Record<string, string>} text by language
 * @property {{title: Record<string, string>, payload: string}|null} [begin] the plan that is offered
 *
 * @typedef {object} Notice what everybody is told
 * @property {string} id another one when the words change
 * @property {'information'|'outage'} kind
 * @property {Record<string, string>} text by language
 * @property {number} starts_in_s seconds from the answer
 * @property {number} ends_in_s
 *
 * @typedef {object} Config answer to `GET /chat/config`
 * @property {string} site
 * @property {string} name
 * @property {string} lang
 * @property {string[]} languages
 * @property {string} accent
 * @property {Record<string, Record<string, string>>} texts by language, then by key
 * @property {ProactiveRule[]} proactive
 * @property {string} privacy_url
 * @property {Notice[]} [notices]
 * @property {AttachmentLimits|null} [attachments] null where files are not taken
 */

/** Longest message, in Unicode characters (the server counts the same way). */
export const TEXT_LIMIT = 4000;
/** Longest comment with a rating, in Unicode characters. */
export const COMMENT_LIMIT = 500;
/** Milliseconds between pings, and how long a pong may take. */
export const PING_EVERY_MS = 20_000;
export const PONG_WITHIN_MS = 10_000;
/** A typing indicator that nobody renews goes off after this long. */
export const TYPING_SHOWN_MS = 6_000;

/** @type {Readonly<State>} what is assumed before the server has said anything */
export const FRESH_STATE = Object.freeze({
  phase: 'assistant',
  name: null,
  wait_text: null,
  asks_contact: false,
  may_rate: false,
  rated: null,
});

/**
 * Number of Unicode characters, as the server counts them: an emoji outside the basic plane is one, not two.
 * @param {string} text
 * @returns {number}
 */
export function lengthOf(text) {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/**
 * A random UUID. `crypto.randomUUID` exists only on secure origins, and some municipal sites still run on plain http.
 * @returns {string}
 */
export function uuid() {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (Number(bytes[6]) & 0x0f) | 0x40;
  bytes[8] = (Number(bytes[8]) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
