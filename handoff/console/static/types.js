// @ts-check
// Shapes of what the console API sends (docs/protocol.md). Only types: this module exports nothing at run time.

/** @typedef {"bot"|"queued"|"offered"|"active"|"on_hold"|"level2"|"wrap_up"|"closed"|"abandoned"} CardState */
/** @typedef {"take"|"reply"|"return"|"transfer"|"accept"|"decline"|"level2"|"level2_done"|"hold"|"resume"|"close"} Action */
/** @typedef {{id: string, name: string}} Named */
/** @typedef {{kind: "citizen"|"assistant"|"operator"|"specialist"|"system", name: string|null}} Author */

/**
 * @typedef {object} Message
 * @property {number} seq counts from 1 within a conversation, without gaps
 * @property {string} id
 * @property {string|null} client_id
 * @property {string} ts
 * @property {Author} author
 * @property {string} text
 * @property {string} lang
 * @property {{title: string, payload: string}[]} buttons
 * @property {{title: string, url: string, kind: string}[]} links
 * @property {{title: string, url: string|null, date: string|null}|null} source
 */

/**
 * @typedef {object} Card
 * @property {string} id
 * @property {number} version
 * @property {CardState} state
 * @property {string} channel
 * @property {string} site
 * @property {string} lang
 * @property {Named|null} institution
 * @property {{id: string, title: string}|null} service
 * @property {string|null} topic
 * @property {Named|null} municipality
 * @property {string|null} summary
 * @property {string|null} reason
 * @property {string|null} waiting_since
 * @property {string} opened_at
 * @property {string|null} closed_at
 * @property {string|null} due_at
 * @property {{ts: string, author: Author|string, text: string}|null} last
 * @property {Named|null} holder
 * @property {Named|null} offered_to
 * @property {Named|null} specialist
 * @property {Named|null} level2_institution
 * @property {number} unread
 * @property {{name: string|null, email: string|null, phone: string|null}|null} contact
 * @property {{score: number, comment: string|null}|null} rating
 * @property {string|null} case_no
 * @property {Action[]} may
 */

/** @typedef {{sound: boolean, notify: boolean, shortcuts: boolean, enter_sends: boolean, theme: "auto"|"light"|"dark"}} Settings */

/**
 * @typedef {object} Me
 * @property {string} id
 * @property {string} name
 * @property {string} email
 * @property {"operator"|"specialist"|"supervisor"|"editor"|"admin"} role
 * @property {string|Named|null} centre
 * @property {string|Named|null} institution
 * @property {string} lang
 * @property {"available"|"away"} availability
 * @property {Partial<Settings>|null} settings
 * @property {string} csrf
 */

/** @typedef {{id: string, name: string, role: string, availability: string, online: boolean, load: number}} Colleague */
/** @typedef {{ts: string, kind: string, actor: string|Named|null, text: string|null}} TimelineEvent */

/**
 * A message on its way: shown at once, replaced by the stored one when the server has it.
 * @typedef {object} Pending
 * @property {string} id made once; repeated on every retry so that nothing is doubled
 * @property {string} conversation
 * @property {string} text
 * @property {string} ts
 * @property {"sending"|"failed"} state
 * @property {string|null} error a text for the person
 * @property {boolean} transient true when the network failed: sent again by itself after reconnecting
 */

/**
 * @typedef {object} Conversation
 * @property {"loading"|"ready"|"failed"|"missing"} status
 * @property {Card|null} card
 * @property {Message[]} messages ordered by `seq`
 * @property {TimelineEvent[]} timeline
 * @property {{author: Author, until: number}|null} typing
 * @property {number} seen the citizen has read up to this `seq`
 */

/**
 * @typedef {object} CaseRow
 * @property {string} no
 * @property {string} conversation_id
 * @property {string} channel
 * @property {string} site
 * @property {string} lang
 * @property {0|1|2} level
 * @property {any} institution
 * @property {any} service
 * @property {any} municipality
 * @property {any} operator
 * @property {any} centre
 * @property {string} opened_at
 * @property {string|null} queued_at
 * @property {string|null} taken_at
 * @property {string|null} first_reply_at
 * @property {string|null} level2_at
 * @property {string|null} closed_at
 * @property {number|null} wait_s
 * @property {number|null} handle_s
 * @property {any} outcome
 * @property {any} topic
 * @property {any} rating
 * @property {any} tariff
 * @property {string|null} amount_eur decimal text
 * @property {number|null} corrections
 */

export {};
