// @ts-check
/** Building page elements without markup strings: nothing here can turn text into HTML, scripts or inline styles. */

/** @typedef {Node|string|null|undefined|false} Child */

const SVG = 'http://www.w3.org/2000/svg';

/** Outlines on a 24 × 24 grid, drawn with a 2 px stroke. */
const ICONS = /** @type {const} */ ({
  chat: ['M4 5.5h16v11H11l-4.5 3.5v-3.5H4z', 'M8 9.5h8', 'M8 12.7h5'],
  minimise: ['M6 9.5l6 6 6-6'],
  close: ['M6.5 6.5l11 11', 'M17.5 6.5l-11 11'],
  menu: ['M5 12h.01', 'M12 12h.01', 'M19 12h.01'],
  send: ['M5 12h13', 'M12.5 6l6 6-6 6'],
  external: ['M13 5h6v6', 'M19 5l-8.5 8.5', 'M17 14v5H5V7h5'],
  clock: ['M12 4a8 8 0 100 16 8 8 0 000-16z', 'M12 8v4.3l2.8 1.7'],
  shield: ['M12 3.5l7 2.6v5.2c0 4.4-2.9 7.6-7 9.2-4.1-1.6-7-4.8-7-9.2V6.1z', 'M9 12l2.2 2.2L15 10.4'],
  down: ['M12 5v13', 'M6.5 12.5L12 18l5.5-5.5'],
  check: ['M5 12.5l4.5 4.5L19 7.5'],
  clip: ['M19.5 11l-8 8a5 5 0 01-7-7l8.6-8.6a3.3 3.3 0 014.7 4.7l-8.4 8.4a1.7 1.7 0 01-2.4-2.4l7.6-7.6'],
  file: ['M6 3.5h8l4.5 4.5v12.5H6z', 'M13.5 3.5V8.5h5'],
  camera: ['M4 7.5h4l1.5-2.5h5L16 7.5h4V19H4z', 'M12 10a3 3 0 100 6 3 3 0 000-6z'],
  alert: ['M12 4L2.8 19.5h18.4z', 'M12 10v4', 'M12 17h.01'],
});

/**
 * An element with attributes, listeners (`onclick`, …) and children. `undefined`, `null` and `false` leave an attribute out.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else {
      set(element, name, value);
    }
  }
  element.append(...present(children));
  return element;
}

/**
 * @param {Child[]} children
 * @returns {(Node|string)[]}
 */
function present(children) {
  return /** @type {(Node|string)[]} */ (children.filter((child) => child || child === ''));
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
export function set(element, name, value) {
  if (value === undefined || value === null || value === false) element.removeAttribute(name);
  else element.setAttribute(name, value === true ? '' : String(value));
}

/**
 * Change a text only when it differs: live regions speak at every change.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {keyof typeof ICONS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('focusable', 'false');
  for (const outline of ICONS[name]) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', outline);
    svg.append(path);
  }
  return svg;
}
