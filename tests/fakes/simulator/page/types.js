// @ts-check
// What the simulator's server tells (tests/fakes/control.py, tests/fakes/simulator/app.py).

/** @typedef {"facebook"|"x"|"telegram"} Channel */
/** @typedef {"person"|"us"|"outside"} By who wrote: a follower, the account through Pietura, the account past it */
/** @typedef {{id: string, name: string}} Person */
/** @typedef {{id: string, by: By, text: string, at: string, edited: boolean, deleted: boolean, attachment: string|null, buttons: string[]}} Message */
/** @typedef {{id: string, author: Person, by: By, text: string, at: string, parent: string|null, edited: boolean, deleted: boolean, hidden: boolean, attachment: string|null}} Comment */
/** @typedef {{id: string, account: string, text: string, at: string, link: string|null, picture: string|null, scheduled_for: string|null, comments: Comment[]}} Post */
/** @typedef {{person: Person, blocked: boolean, messages: Message[]}} Direct */
/** @typedef {{id: string, name: string, webhook: string|null, posts: Post[], direct: Direct[]}} Account */
/** @typedef {{operation: string, fault: string, left: number|null, ratio: number|null, fired: number}} Fault */
/** @typedef {{duplicates: number, out_of_order: number, late: number, late_s: number, unknown: number, wrong_signature: number, batch: number, seed: number}} Weather */
/** @typedef {{operation: string, status: number|null, at: string}} Call */
/**
 * @typedef {object} Live
 * @property {string} seen mark of this state
 * @property {{platform: Channel, accounts: Account[], people: Person[]}} world
 * @property {Fault[]} faults
 * @property {Weather} weather
 * @property {{taken: number, refused: number, forged: number}} told
 * @property {Call[]} calls newest first
 * @property {boolean} connected
 */
/** @typedef {{key: string, name: string, ids: Record<Channel, string>}} Follower */
/**
 * @typedef {object} About
 * @property {Follower[]} followers
 * @property {{channel: Channel, id: string}[]} accounts those that Pietura serves
 * @property {string|null} console
 * @property {{email: string, password: string}} operator
 * @property {string} administrator
 */
/** @typedef {{channel: Channel, account: string, follower: string}} Choice */

export {};
