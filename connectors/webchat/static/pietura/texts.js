// @ts-check
/** The words of the widget: one catalogue a language, taken from the server's configuration. */

const RTL = new Set(['ar', 'fa', 'he', 'ur', 'yi']);
const LOCALES = /** @type {Record<string, string>} */ ({ lv: 'lv-LV', ru: 'ru-RU', en: 'en-GB' });

export class Texts {
  /**
   * @param {Record<string, Record<string, string>>} catalogues by language
   * @param {string[]} languages those that the citizen may choose
   * @param {string} lang the first language
   */
  constructor(catalogues, languages, lang) {
    this.catalogues = catalogues;
    this.languages = languages.filter((code) => catalogues[code]);
    this.lang = this.languages[0] ?? 'lv';
    this.choose(lang);
  }

  /**
   * Change the language. A tag with a region (`ru-LV`) means its language.
   * @param {string} lang
   * @returns {boolean} whether the language is offered
   */
  choose(lang) {
    const code = lang.toLowerCase().split(/[-_]/)[0] ?? '';
    if (!this.languages.includes(code)) return false;
    this.lang = code;
    return true;
  }

  /** @returns {'ltr'|'rtl'} */
  get direction() {
    return RTL.has(this.lang) ? 'rtl' : 'ltr';
  }

  /**
   * One text. A key that a language lacks is taken from Latvian: half a sentence in another language serves the citizen
   * better than nothing.
   * @param {string} key without the prefix `widget.`
   * @param {Record<string, string|number>} [values] for the `{placeholders}`
   * @returns {string}
   */
  t(key, values = {}) {
    const full = `widget.${key}`;
    const text = this.catalogues[this.lang]?.[full] ?? this.catalogues['lv']?.[full] ?? '';
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
  }

  /**
   * A text that a site may have of its own; the catalogue has none.
   * @param {string} key without the prefix `widget.`
   * @param {string} otherwise
   * @returns {string}
   */
  own(key, otherwise) {
    return this.catalogues[this.lang]?.[`widget.${key}`] || otherwise;
  }

  /**
   * @param {number} value
   * @returns {string}
   */
  number(value) {
    return new Intl.NumberFormat(LOCALES[this.lang] ?? this.lang, { maximumFractionDigits: 1 }).format(value);
  }

  /**
   * @param {Date} date
   * @returns {string} hours and minutes, in the citizen's time zone
   */
  time(date) {
    return new Intl.DateTimeFormat(LOCALES[this.lang] ?? this.lang, {
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }).format(date);
  }

  /**
   * @param {Date} date
   * @param {Date} [now]
   * @returns {string} "Today", "Yesterday" or the date
   */
  day(date, now = new Date()) {
    const yesterday = new Date(now);
    yesterday.setDate(now.getDate() - 1);
    if (date.toDateString() === now.toDateString()) return this.t('today');
    if (date.toDateString() === yesterday.toDateString()) return this.t('yesterday');
    return this.date(date.getFullYear(), date.getMonth() + 1, date.getDate());
  }

  /**
   * The date of a source, which is a calendar day and so has no time zone.
   * @param {string} iso `2026-01-22`; of some sources only the year or the month is known: `2024`, `2024-04`
   * @returns {string} empty when it is not a date
   */
  isoDay(iso) {
    const parts = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?/.exec(iso);
    if (!parts) return '';
    const [, year, month, day] = parts;
    if (day) return this.date(Number(year), Number(month), Number(day));
    return month ? `${month}.${year}` : year;
  }

  /**
   * @param {number} year
   * @param {number} month 1…12
   * @param {number} day
   * @returns {string}
   */
  date(year, month, day) {
    if (this.lang === 'lv' || this.lang === 'ru') {
      const short = `${String(day).padStart(2, '0')}.${String(month).padStart(2, '0')}.${year}`;
      return this.lang === 'lv' ? `${short}.` : short;
    }
    // Words for the month: 02/03/2026 is read one way in London and another in New York.
    return new Intl.DateTimeFormat(LOCALES[this.lang] ?? this.lang, {
      day: 'numeric',
      month: 'long',
      year: 'numeric',
      timeZone: 'UTC',
    }).format(new Date(Date.UTC(year, month - 1, day)));
  }
}
