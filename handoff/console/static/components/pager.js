// @ts-check
// From page to page of a long list.
import { html } from "../html.js";
import { number, t } from "../i18n.js";
import { Icon } from "./icons.js";

/** @param {{answer: {page: number, pages: number}, hash: (page: number) => string}} props */
export function Pager({ answer: { page, pages }, hash }) {
  if (pages < 2) return null;
  return html`<nav class="pager" aria-label=${t("cases.pages")}>
    ${page > 1 ? html`<a class="button" rel="prev" href=${hash(page - 1)}><${Icon} name="back" />${t("cases.previous")}</a>` : html`<span></span>`}
    <p>${t("cases.page_of", { page: number(page), pages: number(pages) })}</p>
    ${page < pages ? html`<a class="button" rel="next" href=${hash(page + 1)}>${t("cases.next")}<${Icon} name="right" /></a>` : html`<span></span>`}
  </nav>`;
}
