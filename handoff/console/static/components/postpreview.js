// @ts-check
// A post as a follower sees it. The picture itself is not fetched: the console loads nothing from other addresses.
import { cx, html } from "../html.js";
import { t } from "../i18n.js";
import { pieces } from "../text.js";
import { Icon } from "./icons.js";

/** @param {string} address */
function hostAndPath(address) {
  try {
    const url = new URL(address);
    return { host: url.host.replace(/^www\./, ""), path: decodeURI(url.pathname === "/" ? "" : url.pathname) };
  } catch {
    return { host: address, path: "" };
  }
}

/** @param {{address: string}} props */
function LinkBox({ address }) {
  const { host, path } = hostAndPath(address);
  return html`<div class="preview__link"><${Icon} name="link" /><p><span class="preview__host">${host}</span><span class="preview__path">${path}</span>
    <span class="muted">${t("publications.preview_link_note")}</span></p></div>`;
}

/**
 * @param {{channel: string, name: string, text: string, link: string|null, picture: string|null, lang: string, under?: string}} props
 *   `under`: of a comment: the post that it stands under
 */
export function PostPreview({ channel, name, text, link, picture, lang, under }) {
  // X has no field for a link, nor has a photo on Facebook: there it stands in the text.
  const inText = link !== null && (channel === "x" || picture !== null) && !text.includes(link);
  const whole = inText ? `${text}\n${link}` : text;
  return html`
    <figure class=${cx("preview", `preview--${channel}`)}>
      ${under && html`<p class="preview__under muted"><${Icon} name="talk" size=${14} /> ${t("publications.preview_under", { post: under })}</p>`}
      <p class="preview__who"><span class="preview__face" aria-hidden="true">${[...name][0] ?? ""}</span><span><bdi class="preview__name">${name}</bdi><span class="muted">${t("publications.preview_now")}</span></span></p>
      <div class="preview__text" lang=${lang}><bdi>${pieces(whole).map((piece) => (typeof piece === "string" ? piece : html`<span class="preview__address">${piece.url}</span>`))}</bdi></div>
      ${picture && html`<div class="preview__picture"><${Icon} name="picture" size=${24} /><p><bdi>${picture}</bdi><span class="muted">${t("publications.preview_picture_note")}</span></p></div>`}
      ${link && !picture && html`<${LinkBox} address=${link} />`}
    </figure>`;
}
