// @ts-check
/**
 * One message on the screen.
 *
 * @typedef {import('./protocol.js').Message} Message
 * @typedef {import('./session.js').Delivery} Delivery
 * @typedef {import('./session.js').Entry} Entry
 * @typedef {import('./texts.js').Texts} Texts
 *
 * @typedef {object} Row a message and the parts of it that may change
 * @property {HTMLElement} element
 * @property {Message} message
 * @property {number} arrived when it came, milliseconds since 1970; 0 when it is history
 * @property {HTMLElement} by author and time
 * @property {HTMLElement|null} choices
 * @property {HTMLElement} meta whether it has gone out
 * @property {string} shown what `meta` says, to leave it alone while it stays the same
 */

import { anchor, plain, rich, safeUrl, verbatim } from './content.js';
import { h, icon } from './dom.js';
import { messageFiles } from './files.js';

/**
 * @param {Entry} entry
 * @param {Texts} texts
 * @param {boolean} news whether it has just come, as opposed to being replayed
 * @param {(title: string, payload: string) => void} choose
 * @param {import('./uploads.js').Uploads|null} uploads
 * @returns {Row}
 */
export function messageRow(entry, texts, news, choose, uploads) {
  const { message } = entry;
  const { kind } = message.author;
  const newWindow = texts.t('new_window');
  const lang = message.lang || null;
  const files = uploads ? (message.attachments ?? []).filter((one) => one.id) : [];
  const words = files.length ? wordsOf(message) : message.text;
  const body = h(
    'div',
    { class: 'body', lang },
    ...(!words ? [] : entry.own ? verbatim(words) : rich(words, newWindow)),
  );
  if (uploads && files.length) body.append(messageFiles(files, texts, uploads));
  /** @type {HTMLElement|null} */
  let choices = null;
  if (!entry.own) {
    const links = (message.links ?? []).filter((link) => safeUrl(link.url));
    if (links.length) {
      body.append(
        h(
          'div',
          { class: 'links' },
          ...links.map((link) =>
            anchor(link.title || link.url, link.url, newWindow, {
              class: link.kind === 'eservice' ? 'go' : 'info',
              icon: true,
            }),
          ),
        ),
      );
    }
    if (message.source) {
      const date = message.source.date ? texts.isoDay(message.source.date) : '';
      const title = plain(message.source.title);
      const words = !date
        ? texts.t('source_undated', { title })
        : message.source.seen
          ? texts.t('source_seen', { title, date })
          : texts.t('source', { title, date });
      // In the language of the interface, unlike the message around it.
      body.append(h('p', { class: 'source', lang: texts.lang }, anchor(words, message.source.url, newWindow)));
    }
    if (message.buttons?.length) {
      choices = h(
        'div',
        { class: 'choices', role: 'group', 'aria-label': texts.t('choices') },
        ...message.buttons.map(({ title, payload }) =>
          h(
            'button',
            { type: 'button', class: 'choice', lang, onclick: () => choose(title, payload) },
            h('bdi', {}, plain(title)),
          ),
        ),
      );
    }
  }
  const by = byline(entry, texts);
  if (message.edited) by.append(h('span', { class: 'edited' }, texts.t('edited')));
  // Its changes are told by the view where they matter; the log speaks of new messages only.
  const meta = h('div', { class: 'meta', 'aria-live': 'off', hidden: !entry.own });
  const look = entry.own ? 'own' : kind === 'operator' || kind === 'specialist' ? 'person' : kind;
  const element = h('div', { class: `msg ${look}${news ? ' new' : ''}` }, by, body, choices, meta);
  return { element, message, arrived: news ? Date.now() : 0, by, choices, meta, shown: '' };
}

/**
 * The text without the mark that stands in it for files: these are shown by themselves.
 * @param {Message} message
 * @returns {string}
 */
export function wordsOf({ text, placeholder }) {
  return placeholder && text.endsWith(placeholder) ? text.slice(0, -placeholder.length).trimEnd() : text;
}

/**
 * Who speaks and when; the assistant always with the word that it is automatic.
 * @param {Entry} entry
 * @param {Texts} texts
 * @returns {HTMLElement}
 */
function byline(entry, texts) {
  const { kind, name } = entry.message.author;
  const time = h('time', { datetime: entry.at.toISOString() }, texts.time(entry.at));
  if (entry.own) return h('p', { class: 'by sr' }, `${texts.t('author_you')}, `, time);
  if (kind === 'assistant') {
    return h(
      'p',
      { class: 'by' },
      h('b', {}, texts.t('author_assistant')),
      h('span', { class: 'auto' }, texts.t('author_automatic')),
      time,
    );
  }
  if (kind !== 'operator' && kind !== 'specialist') {
    return h('p', { class: 'by' }, h('b', {}, texts.t('author_system')), time);
  }
  const known = name ? plain(name) : '';
  if (!known) return h('p', { class: 'by' }, h('b', {}, texts.t(`author_${kind}_unnamed`)), time);
  return h(
    'p',
    { class: 'by' },
    h('span', { class: 'avatar', 'aria-hidden': 'true' }, [...known][0]),
    h('b', {}, h('bdi', {}, known)),
    h('span', {}, texts.t(`author_${kind}`)),
    time,
  );
}

/**
 * Show whether the citizen's message has gone out, and what he can do when it has not.
 * @param {Row} row
 * @param {Entry} entry
 * @param {Texts} texts
 * @param {{delivery: Delivery, remark: string|null}} state
 * @param {{retry: () => void, edit: () => void, remove: () => void}} on
 * @returns {boolean} whether there is something new that the citizen should hear of
 */
export function showDelivery(row, entry, texts, { delivery, remark }, on) {
  const time = texts.time(entry.at);
  const shown = `${delivery} ${remark} ${time}`;
  if (shown === row.shown) return false;
  const before = row.shown;
  row.shown = shown;
  const bad = delivery === 'unsent' || delivery === 'failed';
  row.meta.classList.toggle('failed', bad);
  row.element.classList.toggle('undelivered', bad);

  const link = (/** @type {string} */ key, /** @type {() => void} */ onclick) =>
    h('button', { type: 'button', class: 'link', onclick }, texts.t(key));
  if (delivery === 'failed') {
    row.meta.replaceChildren(
      h('span', { class: 'refusal' }, remark ?? ''),
      link('unsent_retry', on.retry),
      link('unsent_edit', on.edit),
      link('unsent_delete', on.remove),
    );
  } else if (delivery === 'unsent') {
    row.meta.replaceChildren(
      link('unsent_retry', on.retry),
      h('span', { class: 'refusal hint' }, texts.t('unsent_hint')),
    );
  } else if (delivery === 'sending') {
    row.meta.replaceChildren(h('span', {}, remark ?? ''), h('span', {}, texts.t('sending')));
  } else {
    row.meta.replaceChildren(
      h('span', { 'aria-hidden': 'true' }, time),
      h('span', { class: delivery ?? '' }, icon('check'), ` ${texts.t(delivery === 'seen' ? 'seen' : 'sent')}`),
    );
  }
  return before !== '' && ((bad && !before.startsWith('unsent')) || (delivery === 'sending' && remark !== null));
}
