// @ts-check
import htm from "/vendor/htm.js";
import { h } from "/vendor/preact.js";

export const html = htm.bind(h);
/** @param {...(string|false|null|undefined)} names */
export const cx = (...names) => names.filter(Boolean).join(" ");
