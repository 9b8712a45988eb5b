// @ts-check
// Shapes of what the console API sends (docs/protocol.md). Only types: this module exports nothing at run time.

/** @typedef {"bot"|"queued"|"offered"|"active"|"on_hold"|"level2"|"wrap_up"|"closed"|"abandoned"} CardState */
/** @typedef {"take"|"reply"|"return"|"transfer"|"accept"|"decline"|"level2"|"level2_done"|"hold"|"resume"|"close"|"hide"|"unhide"|"assign"|"to_queue"} Action */
/** @typedef {{id: string, name: string}} Named */
/** `name` is `outside` of somebody who answered on the platform itself. @typedef {{kind: "citizen"|"assistant"|"operator"|"specialist"|"system", name: string|null}} Author */
/** @typedef {"direct"|"public"|"private"} Mode */
/** `id`, `type` and `state` of a file that lies with us; `url` of one on a platform. @typedef {{kind: string, name: string|null, url: string|null, size: number|null, id?: string, type?: string, state?: "ready"|"checking"|"infected"|"erased"}} Attachment */
/** A file that is on its way with a message. @typedef {{id: string, name: string, size: number}} PendingFile */
/** What became of a message on its platform; null in the web chat. @typedef {"queued"|"sent"|"delivered"|"read"|"failed"|"unknown"|"cancelled"|null} Delivery */

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
 * @property {{title: string, url: string|null, date: string|null, seen?: boolean}|null} source
 * @property {Attachment[]} attachments
 * @property {string|null} placeholder what stands in the text, at its end, for things that are not text
 * @property {boolean} edited
 * @property {boolean} deleted
 * @property {Mode|null} mode
 * @property {Delivery} delivery
 * @property {string|null} delivery_reason
 */

/**
 * One way to answer on a platform, and whether it is open now.
 * @typedef {object} WayToAnswer
 * @property {Mode} mode
 * @property {boolean} allowed
 * @property {string|null} refusal a code of `social.refusal.*`
 * @property {number} text_limit
 * @property {string|null} closes_at
 */

/**
 * What the one who writes on a platform must know.
 * @typedef {object} Place
 * @property {string} channel
 * @property {Named} account
 * @property {"direct"|"comment"} kind
 * @property {WayToAnswer[]} modes
 * @property {number} text_limit
 * @property {boolean} splits a text longer than the limit goes out in parts
 * @property {string|null} window_closes_at
 * @property {string|null} assistant_window_closes_at
 * @property {boolean} human_agent
 * @property {boolean} private_reply_left
 * @property {boolean} summoned
 * @property {Record<string, number>|null} cost in US dollars, by mode
 * @property {Record<string, number>} sends
 * @property {string|null} paused
 * @property {boolean} blocked
 * @property {boolean} deleted
 * @property {boolean} can_hide
 * @property {boolean} hidden
 * @property {boolean} hide_proposed
 * @property {boolean} answered_outside
 */

/** @typedef {{id: string|null, name: string|null, handle: string|null}} Writer */

/**
 * @typedef {object} ThreadComment
 * @property {string|null} ref
 * @property {string|null} parent_ref
 * @property {Writer} author
 * @property {string} text
 * @property {Attachment[]} attachments
 * @property {string|null} placeholder
 * @property {boolean} edited
 * @property {string} at
 * @property {string|null} url
 * @property {boolean} hidden
 * @property {boolean} deleted
 * @property {string|null} conversation_id null when the person may not see it
 * @property {CardState|null} state
 * @property {{author: Author, text: string, at: string, delivery: Delivery}[]} answers
 */

/**
 * What stands around a conversation on its platform.
 * @typedef {object} Thread
 * @property {"direct"|"comment"} kind
 * @property {{id: string, name: string, channel: string}} account
 * @property {Writer} author
 * @property {string|null} comment_ref
 * @property {string|null} parent_ref
 * @property {string|null} url
 * @property {{ref: string, text: string, link: string|null, url: string|null, published_at: string|null, ours: boolean}|null} post
 * @property {string} created_at
 * @property {string} received_at
 * @property {string} last_inbound_at
 * @property {string|null} private_reply_at
 * @property {{at: string, by: string|null, reason: string|null}|null} hidden
 * @property {string|null} deleted_at
 * @property {string|null} answered_outside_at
 * @property {{kind: "hide"|"unhide", state: string, reason: string|null}|null} last_deed
 * @property {ThreadComment[]} comments
 */

/**
 * @typedef {object} Level2Clock
 * @property {string} since
 * @property {string} soon_at half of the time has gone
 * @property {string} late_at four fifths have
 * @property {string} due_at
 * @property {string|null} answered_at
 * @property {boolean} overdue on record as late
 */

/**
 * One clock of a conversation; times are working times.
 * @typedef {object} ServiceClock
 * @property {"waiting"|"first_response"|"handling"|"resolution"|"level2"|"comment"} kind
 * @property {string} started_at
 * @property {number|null} target_s null: measured, not judged
 * @property {string|null} soon_at half of the time has gone
 * @property {string|null} late_at four fifths have
 * @property {string|null} due_at null while it stands still
 * @property {boolean} paused
 * @property {number} spent_s before `runs_from`; of a stopped one all
 * @property {string|null} runs_from
 * @property {string|null} stopped_at
 * @property {string|null} cause why it stopped
 * @property {boolean} breached
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
 * @property {import("./components/guides.js").Progress|null} [plan]
 * @property {string|null} reason
 * @property {string|null} waiting_since
 * @property {string} opened_at
 * @property {string|null} closed_at
 * @property {string|null} due_at
 * @property {{ts: string, author: Author|string, text: string}|null} last
 * @property {number} seq of the last message
 * @property {Named|null} holder
 * @property {Named|null} offered_to
 * @property {{since: string, until: string|null, routed: boolean}|null} offer `routed`: by the router, nobody holds it
 * @property {{id: string, name: string, mode: string}|null} queue while it waits
 * @property {{code: string, text: string}|null} waits_for why nobody has been asked
 * @property {number} weight in hundredths of a unit of capacity
 * @property {Named|null} specialist
 * @property {Named|null} level2_institution
 * @property {number} unread
 * @property {{name: string|null, email: string|null, phone: string|null}|null} contact
 * @property {{score: number, comment: string|null}|null} rating
 * @property {string|null} case_no
 * @property {number} notes how many private notes there are
 * @property {boolean} mentioned a note calls me, and I have not looked yet
 * @property {Action[]} may
 * @property {Writer|null} author
 * @property {Place|null} composer null in the web chat
 * @property {{ref: string, text: string, url: string|null}|null} post
 * @property {{since: string, soon_at: string, late_at: string}|null} clock of an answer that is due on a platform
 * @property {Level2Clock|null} level2_clock until when the institution should answer; null when it is not at level 2
 * @property {ServiceClock|null} service_clock what is due first of what we promised; null when nothing is
 */

/** @typedef {{sound: boolean, notify: boolean, shortcuts: boolean, enter_sends: boolean, theme: "auto"|"light"|"dark", push_waiting: boolean, push_offers: boolean, push_messages: boolean, push_level2: boolean, push_mentions: boolean}} Settings */

/**
 * @typedef {object} Me
 * @property {string} id
 * @property {boolean} [made_up] figures and conversations of the past were made up for the demo
 * @property {string} name
 * @property {string} email
 * @property {"operator"|"specialist"|"supervisor"|"editor"|"accountant"|"admin"} role
 * @property {string|Named|null} centre
 * @property {string|Named|null} institution
 * @property {string} lang
 * @property {"available"|"away"} availability
 * @property {string|null} away_reason when it was not my own choice
 * @property {number} capacity
 * @property {Partial<Settings>|null} settings
 * @property {string} csrf
 * @property {boolean} must_change_password an administrator handed out the password
 */

/**
 * Presence, availability and load are three facts; `carries` is in hundredths of a unit.
 * @typedef {{id: string, name: string, role: string, availability: "available"|"away", online: boolean, load: number, carries: number,
 *   capacity: number, away_reason: string|null}} Colleague
 */
/**
 * @typedef {{id: string, common: boolean, title: string, name: Record<string, string>, enabled: boolean, mode: "offers"|"pull",
 *   institutions: string[], services: string[], topics: string[], languages: string[], channels: string[], skills: Record<string, number>,
 *   centres: string[], overflow_after_s: number|null, overflow_centres: string[], offer_timeout_s: number, version: number, waiting: number}} Queue
 */
/**
 * @typedef {{id: string, name: string, role: string, centre: Named|null, online: boolean, availability: string, away_reason: string|null,
 *   carries: number, capacity: number, languages: string[], skills: Record<string, number>, version: number}} Serving
 */
/**
 * @typedef {{queues: Queue[], people: Serving[], weights: {version: number, webchat: number, direct: number, comment: number},
 *   known: {channels: string[], centres: Named[], services: Named[], skills: string[]}}} Queues
 */
/** @typedef {{ts: string, kind: string, actor: string|Named|null, text: string|null}} TimelineEvent */

/**
 * @typedef {object} Identity
 * @property {string} id
 * @property {string} channel
 * @property {Named} account
 * @property {string|null} name
 * @property {string} since
 * @property {boolean} this whose conversation is looked at
 * @property {{evidence: string, text: string, reason: string|null, by: Named|null, at: string}|null} link
 */

/**
 * @typedef {object} Suggestion
 * @property {string} id of the other conversation
 * @property {string} text
 * @property {{code: string, text: string}[]} because
 * @property {string} channel
 * @property {Named} account
 * @property {string} opened_at
 * @property {CardState} state
 * @property {Named|null} holder
 * @property {number|null} case_no
 * @property {boolean} visible
 * @property {string|null} last
 * @property {{id: string, version: number}|null} closes the conversation that ends as a duplicate; null when the person may not end it
 */

/** What colleagues tell each other. @typedef {{id: string, ts: string, author: Named, text: string, mentions: Named[]}} Note */

/**
 * @typedef {object} HistoryEntry
 * @property {string} conversation
 * @property {string} identity
 * @property {string} channel
 * @property {Named} account
 * @property {CardState} state
 * @property {string} opened_at
 * @property {string|null} closed_at
 * @property {string|null} service_id
 * @property {{id: string, title: string}|null} [service]
 * @property {string|null} topic
 * @property {string|null} outcome
 * @property {number|null} case_no
 * @property {string|null} last
 */

/**
 * @typedef {object} Citizen
 * @property {string|null} citizen null while the identity stands alone
 * @property {Identity[]} identities
 * @property {HistoryEntry[]} history
 * @property {number} hidden conversations that the person may not see
 * @property {Suggestion[]} suggestions
 * @property {{id: string, channel: string, name: string}[]} deep_links accounts that a link can lead to
 * @property {("link"|"unlink"|"code"|"deep_link")[]} may
 * @property {{id: string, text: string, at: string, author: {id: string, name: string}, may_delete: boolean}[]} notes about the citizen
 * @property {{conversation: string, at: string, name: string|null, email: string|null, phone: string|null}[]} consents
 * @property {("note"|"export"|"erase")[]} rights
 */

/**
 * An answer of the knowledge base, ready to be sent.
 * @typedef {object} KnownAnswer
 * @property {{id: string, title: string}} service
 * @property {string} institution
 * @property {string} aspect
 * @property {string} aspect_name
 * @property {string} text
 * @property {string} lang
 * @property {string|null} latvian the same in Latvian, where `lang` is another language
 * @property {{title: string, url: string, date: string|null, seen?: boolean}|null} source
 * @property {number|null} probability
 */

/**
 * A message on its way: shown at once, replaced by the stored one when the server has it.
 * @typedef {object} Pending
 * @property {string} id made once; repeated on every retry so that nothing is doubled
 * @property {string} conversation
 * @property {string} text
 * @property {Mode} [mode]
 * @property {PendingFile[]} [attachments]
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
 * @property {Thread|null} thread null in the web chat
 * @property {Note[]} notes private, in order of time
 * @property {Named[]} mentionable colleagues who see it too
 * @property {boolean} mayNote
 * @property {Citizen|"failed"|null} citizen null until it has been fetched
 * @property {number} news how often something was heard of it: what a card does not show may have changed as well
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
