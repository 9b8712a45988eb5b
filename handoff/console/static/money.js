// @ts-check
// Money as the server tells it: decimal text. Sums are reckoned in hundredths of a cent, so that what is shown as a check is exact.
import { html } from "./html.js";
import { lang } from "./i18n.js";

/** @type {Map<string, any>} */
const formats = new Map();

/** @param {number} most digits after the point */
function format(most) {
  const key = `${lang()}|${most}`;
  let found = formats.get(key);
  const options = /** @type {any} */ ({ style: "currency", currency: "EUR", minimumFractionDigits: 2, maximumFractionDigits: most, useGrouping: "always" });
  if (!found) formats.set(key, (found = new Intl.NumberFormat(lang(), options)));
  return found;
}

/** An amount; digits beyond the cent only where there are any. @param {string|number|null|undefined} value decimal text */
export function money(value) {
  if (value === null || value === undefined || value === "") return "–";
  const amount = Number(value);
  return Number.isNaN(amount) ? String(value) : format(4).format(amount);
}

/** A whole number, with thousands apart as accounts write them. @param {number} value */
export const count = (value) => new Intl.NumberFormat(lang(), { useGrouping: /** @type {any} */ ("always") }).format(value);

/** @param {string|number|null|undefined} value decimal text @returns {bigint} in hundredths of a cent */
export function exact(value) {
  const [, sign, whole, part] = /^(-?)(\d*)(?:\.(\d*))?$/.exec(String(value ?? "0")) ?? ["", "", "0", ""];
  const amount = BigInt(whole || "0") * 10000n + BigInt((part ?? "").padEnd(4, "0").slice(0, 4));
  return sign ? -amount : amount;
}

/** @param {Iterable<string|number|null|undefined>} values decimal texts @returns {string} their sum as decimal text */
export function sum(values) {
  let total = 0n;
  for (const value of values) total += exact(value);
  const bare = total < 0n ? -total : total;
  return `${total < 0n ? "-" : ""}${bare / 10000n}.${String(bare % 10000n).padStart(4, "0")}`;
}

/** @param {string} a @param {string} b whether two amounts are the same, however many noughts they end with */
export const same = (a, b) => exact(a) === exact(b);

/** What somebody typed as an amount, in his language's way, as decimal text; null if it is none. @param {string} text @param {number} places */
export function typed(text, places) {
  const bare = text.trim().replace(/[\s\u00a0]/g, "").replace(",", ".");
  return new RegExp(`^\\d{1,6}(\\.\\d{1,${places}})?$`).test(bare) ? bare : null;
}

/** Decimal text as one writes it in a field: with the language's point, without noughts beyond the cent. @param {string} value */
export function toTyped(value) {
  const [whole, part = ""] = value.split(".");
  const kept = part.replace(/0+$/, "").padEnd(2, "0");
  return `${whole}${lang() === "en" ? "." : ","}${kept}`;
}

/**
 * A cell; on a phone its column's name stands before it.
 * @param {string} name of the column @param {any} content @param {boolean} [num]
 */
export const cell = (name, content, num = false) =>
  html`<td role="cell" class=${num ? "num" : undefined} data-label=${name}><span>${content === null || content === undefined || content === "" ? "–" : content}</span></td>`;

/** @param {{labelledby: string, head: {name: string, num?: boolean}[], children?: any}} props a table that scrolls on its own when it must */
export const Table = ({ labelledby, head, children }) => html`
  <div class="table-wrap" tabindex="0" role="group" aria-labelledby=${labelledby}>
    <table class="table money-table" role="table" aria-labelledby=${labelledby}>
      <thead role="rowgroup"><tr role="row">${head.map((one) => html`<th key=${one.name} scope="col" role="columnheader" class=${one.num ? "num" : undefined}>${one.name}</th>`)}</tr></thead>
      <tbody role="rowgroup">${children}</tbody>
    </table>
  </div>`;
