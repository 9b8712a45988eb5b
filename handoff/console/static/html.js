// @ts-check
import htm from "./vendor/htm.js";
import { Component, h } from "./vendor/preact.js";

export const html = htm.bind(h);

/**
 * A component drawn again only when one of its props changed: a list of cards gets a frame every few seconds all day long.
 * @template P
 * @param {import("./vendor/preact.js").FC<P>} inner
 * @returns {any}
 */
export function pure(inner) {
  return class Pure extends Component {
    /** @param {any} next */
    shouldComponentUpdate(next) {
      const now = /** @type {any} */ (this.props);
      const keys = Object.keys(next);
      return keys.length !== Object.keys(now).length || keys.some((key) => !Object.is(now[key], next[key]));
    }
    render() {
      return h(inner, this.props);
    }
  };
}

/** @param {...(string|false|null|undefined)} names */
export const cx = (...names) => names.filter(Boolean).join(" ");
