// @ts-check
/** The two forms of the chat, fetched only when one is needed: contact details, and the rating after the end. */

import { h, icon, set, write } from './dom.js';
import { COMMENT_LIMIT, lengthOf } from './protocol.js';

/**
 * @typedef {import('./protocol.js').Contact} Contact
 * @typedef {import('./protocol.js').Rating} Rating
 * @typedef {import('./texts.js').Texts} Texts
 *
 * @typedef {object} Form
 * @property {HTMLElement} element
 * @property {(busy: boolean, problem?: string|null) => void} busy waiting for the server, or its complaint
 * @property {() => void} label write all words anew in the language of now
 */

const EMAIL = /^[^\s@<>"(),;:\\]+@[^\s@<>"(),;:\\]+\.[^\s@<>"(),;:\\.]{2,}$/;

/**
 * @param {string} text
 * @returns {boolean} whether a person could dial it: 7 to 15 digits with the usual spacing
 */
export function isPhone(text) {
  const digits = text.replace(/\D/g, '').length;
  return /^\+?[\d\s().-]+$/.test(text) && digits >= 7 && digits <= 15;
}

/**
 * @param {string} text
 * @returns {boolean}
 */
export function isEmail(text) {
  return text.length <= 254 && EMAIL.test(text);
}

/**
 * A line that says what is wrong with a field; it is tied to the field by `aria-describedby`.
 * @param {string} id
 */
function errorLine(id) {
  const text = h('span');
  const element = h('p', { class: 'error', id, hidden: true }, icon('alert'), text);
  return {
    element,
    /** @param {string} message empty when all is well */
    show(message) {
      write(text, message);
      element.hidden = !message;
    },
  };
}

/**
 * Form for contact details: a name, one of e-mail and phone, and consent.
 * @param {Texts} texts
 * @param {(contact: Contact) => void} submit
 * @param {() => void} later the citizen puts it off
 * @returns {Form}
 */
export function contactForm(texts, submit, later) {
  /** @type {Record<string, string>} */
  let wrong = {};
  const title = h('h3', { id: 'contact-title', tabindex: '-1' });
  const intro = h('p', { class: 'hint' });
  const either = h('p', { class: 'hint', id: 'contact-either' });

  /** @param {string} name @param {string} type @param {string} autocomplete @param {string} [describedby] */
  const field = (name, type, autocomplete, describedby = '') => {
    const label = h('label', { for: `contact-${name}` });
    const error = errorLine(`contact-${name}-error`);
    const input = h('input', {
      id: `contact-${name}`,
      type,
      autocomplete,
      maxlength: name === 'name' ? '120' : '254',
      'aria-describedby': `${describedby} contact-${name}-error`.trim(),
    });
    return { label, error, input, element: h('div', { class: 'group' }, label, input, error.element) };
  };
  const name = field('name', 'text', 'name');
  const email = field('email', 'email', 'email', 'contact-either');
  const phone = field('phone', 'tel', 'tel', 'contact-either');
  set(name.input, 'required', true);

  const consentText = h('span');
  const consentError = errorLine('contact-consent-error');
  const consent = h('input', { type: 'checkbox', required: true, 'aria-describedby': 'contact-consent-error' });
  const problem = errorLine('contact-problem');
  const send = h('button', { type: 'submit', class: 'primary' });
  const notNow = h('button', { type: 'button', class: 'secondary', onclick: later });
  let waiting = false;

  const element = h(
    'form',
    { class: 'form card', novalidate: true, 'aria-labelledby': 'contact-title', onsubmit: onSubmit },
    title,
    intro,
    name.element,
    either,
    email.element,
    phone.element,
    h('div', { class: 'group' }, h('label', { class: 'consent' }, consent, consentText), consentError.element),
    h('div', { role: 'alert' }, problem.element),
    h('div', { class: 'row' }, send, notNow),
  );

  /** @param {Event} event */
  function onSubmit(event) {
    event.preventDefault();
    if (waiting) return;
    const contact = {
      name: name.input.value.trim(),
      email: email.input.value.trim(),
      phone: phone.input.value.trim(),
      consent: consent.checked,
    };
    wrong = {};
    if (!contact.name) wrong['name'] = 'contact_error_name';
    if (!contact.email && !contact.phone) wrong['email'] = 'contact_error_either';
    if (contact.email && !isEmail(contact.email)) wrong['email'] = 'contact_error_email';
    if (contact.phone && !isPhone(contact.phone)) wrong['phone'] = 'contact_error_phone';
    if (!contact.consent) wrong['consent'] = 'contact_error_consent';
    showErrors();
    problem.show('');
    const first = [name.input, email.input, phone.input, consent].find(
      (input) => input.getAttribute('aria-invalid') === 'true',
    );
    if (first) first.focus();
    else submit(contact);
  }

  function showErrors() {
    for (const [key, input, error] of /** @type {const} */ ([
      ['name', name.input, name.error],
      ['email', email.input, email.error],
      ['phone', phone.input, phone.error],
      ['consent', consent, consentError],
    ])) {
      const text = wrong[key];
      error.show(text ? texts.t(text) : '');
      set(input, 'aria-invalid', text ? 'true' : null);
    }
  }

  function label() {
    write(title, texts.t('contact_title'));
    write(intro, texts.t('contact_intro'));
    write(either, texts.t('contact_either'));
    write(name.label, texts.t('contact_name'));
    write(email.label, texts.t('contact_email'));
    write(phone.label, texts.t('contact_phone'));
    write(consentText, texts.t('contact_consent'));
    write(send, texts.t(waiting ? 'contact_sending' : 'contact_send'));
    write(notNow, texts.t('contact_later'));
    showErrors();
  }

  label();
  return {
    element,
    label,
    busy(busy, complaint = null) {
      waiting = busy;
      set(send, 'aria-disabled', busy ? 'true' : null);
      problem.show(complaint ?? '');
      label();
    },
  };
}

/**
 * The rating: five words to choose from, and room for a comment.
 * @param {Texts} texts
 * @param {(rating: Rating) => void} submit
 * @returns {Form}
 */
export function ratingForm(texts, submit) {
  const legend = h('legend');
  const error = errorLine('rate-error');
  const commentLabel = h('label', { for: 'rate-comment' });
  const counter = h('p', { class: 'hint', id: 'rate-counter', hidden: true });
  const comment = h('textarea', {
    id: 'rate-comment',
    rows: '2',
    maxlength: String(COMMENT_LIMIT),
    'aria-describedby': 'rate-counter',
    oninput: count,
  });
  const send = h('button', { type: 'submit', class: 'primary' });
  let waiting = false;
  let missing = false;
  const choices = [5, 4, 3, 2, 1].map((score) => {
    const text = h('span');
    const input = h('input', {
      type: 'radio',
      name: 'score',
      value: String(score),
      'aria-describedby': 'rate-error',
      onchange: () => {
        missing = false;
        label();
      },
    });
    return { score, text, input, element: h('label', { class: 'score' }, input, text) };
  });
  const element = h(
    'form',
    { class: 'form card', novalidate: true, onsubmit: onSubmit },
    h('fieldset', { class: 'scores' }, legend, ...choices.map((choice) => choice.element)),
    error.element,
    h('div', { class: 'group' }, commentLabel, comment, counter),
    h('div', { class: 'row' }, send),
  );

  function count() {
    const left = COMMENT_LIMIT - lengthOf(comment.value);
    counter.hidden = left > 100;
    write(counter, texts.t('counter_left', { count: Math.max(0, left) }));
  }

  /** @param {Event} event */
  function onSubmit(event) {
    event.preventDefault();
    if (waiting) return;
    const chosen = choices.find((choice) => choice.input.checked);
    missing = !chosen;
    label();
    if (chosen) submit({ score: chosen.score, comment: comment.value.trim() });
    else choices[0]?.input.focus();
  }

  function label() {
    write(legend, texts.t('rate_title'));
    for (const { score, text } of choices) write(text, texts.t(`rate_${score}`));
    write(commentLabel, texts.t('rate_comment'));
    write(send, texts.t(waiting ? 'rate_sending' : 'rate_send'));
    error.show(missing ? texts.t('rate_error') : '');
    for (const { input } of choices) set(input, 'aria-invalid', missing ? 'true' : null);
    count();
  }

  label();
  return {
    element,
    label,
    busy(busy) {
      waiting = busy;
      set(send, 'aria-disabled', busy ? 'true' : null);
      label();
    },
  };
}
