// @ts-check
/** The site's accent colour, made safe to read: contrast by the WCAG formula, adjusted where it falls short. */

/** @typedef {[number, number, number]} Rgb each 0…255 */

export const DEFAULT_ACCENT = '#7d1d3f';
/** The surfaces that accent-coloured text stands on; the same values are in `styles.js`. */
export const LIGHT_SURFACE = '#f5f2f3';
export const DARK_SURFACE = '#2b2628';
const TEXT_CONTRAST = 4.5;
/** Thin light strokes on a dark ground need more than the minimum to look as clear. */
const DARK_TEXT_CONTRAST = 7;

/**
 * @param {string} hex `#rgb` or `#rrggbb`
 * @returns {Rgb|null}
 */
export function parse(hex) {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(hex);
  const full = short ? `#${short[1]}${short[1]}${short[2]}${short[2]}${short[3]}${short[3]}` : hex;
  const parts = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(full);
  return parts ? [parseInt(parts[1] ?? '', 16), parseInt(parts[2] ?? '', 16), parseInt(parts[3] ?? '', 16)] : null;
}

/**
 * @param {Rgb} rgb
 * @returns {string}
 */
function hex(rgb) {
  return `#${rgb.map((value) => Math.round(value).toString(16).padStart(2, '0')).join('')}`;
}

/**
 * @param {Rgb} rgb
 * @returns {number} relative luminance, 0…1
 */
function luminance(rgb) {
  const [red, green, blue] = /** @type {Rgb} */ (
    rgb.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    })
  );
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * @param {Rgb} one
 * @param {Rgb} other
 * @returns {number} 1…21
 */
export function contrast(one, other) {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (Number(light) + 0.05) / (Number(dark) + 0.05);
}

/**
 * Move a colour towards another until it can be read on a surface; the hue of the site stays as far as it can.
 * @param {Rgb} colour
 * @param {Rgb} towards
 * @param {Rgb} surface
 * @param {number} [enough] contrast, 1…21
 * @returns {Rgb}
 */
function readable(colour, towards, surface, enough = TEXT_CONTRAST) {
  for (let step = 0; step <= 20; step += 1) {
    const share = step / 20;
    const mixed = /** @type {Rgb} */ (
      colour.map((value, index) => Math.round(value + (Number(towards[index]) - value) * share))
    );
    if (contrast(mixed, surface) >= enough) return mixed;
  }
  return towards;
}

/**
 * @param {string} accent the configured colour; anything that is not one gives the default
 * @returns {{fill: string, lightText: string, darkText: string}} `fill` carries white text; the two others are text in
 *   the accent on the light and on the dark surface
 */
export function palette(accent) {
  /** @type {Rgb} */
  const black = [0, 0, 0];
  /** @type {Rgb} */
  const white = [255, 255, 255];
  const base = parse(accent) ?? /** @type {Rgb} */ (parse(DEFAULT_ACCENT));
  return {
    fill: hex(readable(base, black, white)),
    lightText: hex(readable(base, black, /** @type {Rgb} */ (parse(LIGHT_SURFACE)))),
    darkText: hex(readable(base, white, /** @type {Rgb} */ (parse(DARK_SURFACE)), DARK_TEXT_CONTRAST)),
  };
}
