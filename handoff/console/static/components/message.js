// @ts-check
// One message as the desk sees it.
import { discard, retry, takeBack } from "../actions.js";
import { beginCorrecting } from "../correcting.js";
import { cx, html, pure } from "../html.js";
import { clock, label, sourceWords, t, time } from "../i18n.js";
import { blocks, pieces, safeUrl } from "../text.js";
import { PendingFiles, StoredFile } from "./attach.js";
import { Changed, DeliveryMark, isTroubled, Trouble } from "./delivery.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Message} Message */

/** @param {{text: string}} props */
const Linked = ({ text }) =>
  pieces(text).map((piece) =>
    typeof piece === "string" ? piece : html`<a href=${piece.url} target="_blank" rel="noopener noreferrer">${piece.url}</a>`);

/** A citizen's words stay exactly what they are; ours are set out with lists and links. @param {{text: string, raw: boolean}} props */
function Body({ text, raw }) {
  if (raw) return html`<bdi class="msg__text">${text}</bdi>`;
  return html`<div class="msg__text">${blocks(text).map((block) =>
    block.kind === "list"
      ? html`<ul>${block.items.map((item) => html`<li><${Linked} text=${item} /></li>`)}</ul>`
      : html`<bdi>${block.lines.map((line, i) => html`${i > 0 && "\n"}<${Linked} text=${line} />`)}</bdi>`)}</div>`;
}

/** Somebody answered on the platform itself: who, it does not tell. @param {import("../types.js").Author} author */
const isOutside = (author) => author.kind === "operator" && author.name === "outside";

/** @param {import("../types.js").Author} author */
export const authorName = (author) => (isOutside(author) ? t("social.outside.author") : (author.name ?? label("author", author.kind)));

/** The text without the mark that stands in it for things that are not text: these are shown by themselves. @param {{text: string, placeholder: string|null}} message */
export const wordsOf = (message) =>
  message.placeholder && message.text.endsWith(message.placeholder) ? message.text.slice(0, -message.placeholder.length).trimEnd() : message.text;

/** @type {Record<string, string>} */
const ATTACHMENT_ICONS = { image: "picture", link: "link", share: "link", location: "target", contact: "user" };
const KNOWN_ATTACHMENTS = new Set(["image", "video", "audio", "file", "sticker", "location", "contact", "share"]);

/**
 * What came besides text, each as a line that can be seen, and opened where there is an address.
 * @param {{attachments: import("../types.js").Attachment[], conversation?: string}} props `conversation`: whose own files are shown, too
 */
export const Attachments = ({ attachments, conversation }) => html`
  <ul class="attachments" aria-label=${t("social.attachments")}>${attachments.map((one, i) => {
    if (one.id && conversation) return html`<li key=${one.id} class="stored"><${StoredFile} conversation=${conversation} one=${one} /></li>`;
    const url = safeUrl(one.url);
    const kind = t(`social.attachment.${KNOWN_ATTACHMENTS.has(one.kind) ? one.kind : "other"}`);
    const name = one.name ? html`: <bdi>${one.name}</bdi>` : null;
    return html`<li key=${i}><${Icon} name=${ATTACHMENT_ICONS[one.kind] ?? "clip"} size=${16} />
      ${url ? html`<a href=${url} target="_blank" rel="noopener noreferrer">${kind}${name}<span class="vh"> ${t("message.new_window")}</span></a>` : html`<span>${kind}${name}</span>`}</li>`;
  })}</ul>`;

/** How an answer to a comment went out. @param {{mode: import("../types.js").Mode|null}} props */
const ModeMark = ({ mode }) =>
  mode === "public" || mode === "private"
    ? html`<span class=${`mode-mark mode-mark--${mode}`}><${Icon} name=${mode === "public" ? "globe" : "lock"} size=${12} />${t(`social.mode_mark.${mode}`)}</span>`
    : null;

export const MessageView = pure(
  /**
   * @param {{message: Message, mine: boolean, grouped: boolean, seen: boolean, conversation: string, writer: string, decides: boolean, url: string|null, correctable: boolean}} props
   *   `grouped`: the same person spoke just before; `writer`: the citizen's name, where the platform tells it; `decides`, `url`: see `Trouble`
   */
  ({ message, mine, grouped, seen, conversation, writer, decides, url, correctable }) => {
    const { author } = message;
    const troubled = isTroubled(message.delivery);
    const trouble = troubled && html`<${Trouble} conversation=${conversation} message=${message} decides=${decides} url=${url} />`;
    if (author.kind === "system") {
      return html`<li class="msg msg--system" id=${`msg-${message.id}`} tabindex="-1"><p><${Icon} name="info" size=${14} /><span class="vh">${label("author", "system")}: </span><bdi>${message.text}</bdi>
        <time datetime=${message.ts} title=${clock(message.ts)}>${time(message.ts)}</time></p>${trouble}</li>`;
    }
    const outside = isOutside(author);
    const source = message.source;
    const sourceUrl = safeUrl(source?.url);
    const sourceText = source ? sourceWords(source) : "";
    const words = wordsOf(message);
    // Where nothing but a mark was written, the mark is what there is to read.
    const nothing = message.deleted && author.kind === "citizen" ? t("social.deleted_placeholder") : !words && !message.attachments.length ? message.placeholder : "";
    return html`
      <li class=${cx("msg", `msg--${author.kind}`, grouped && "msg--grouped", outside && "msg--outside", troubled && "msg--troubled")} id=${`msg-${message.id}`} tabindex="-1">
        <p class=${grouped ? "msg__meta vh" : "msg__meta"}>
          ${author.kind === "assistant" && html`<${Icon} name="robot" size=${15} />`}
          ${outside && html`<${Icon} name="outside" size=${14} />`}
          <bdi class="msg__author">${mine ? t("author.me") : (author.kind === "citizen" && writer) || authorName(author)}</bdi>
          ${author.kind !== "citizen" && author.name && !mine && !outside && html`<span class="msg__kind">${label("author", author.kind)}</span>`}
          ${outside && html`<span class="msg__kind">${t("social.outside.mark")}</span>`}
        </p>
        <div class="msg__bubble" lang=${message.lang || undefined}>
          ${nothing ? html`<span class="msg__nothing" lang=${document.documentElement.lang}>${nothing}</span>` : words && html`<${Body} text=${words} raw=${author.kind === "citizen"} />`}
          ${message.attachments.length > 0 && html`<div lang=${document.documentElement.lang}><${Attachments} attachments=${message.attachments} conversation=${conversation} /></div>`}
          ${message.links.length > 0 && html`<ul class="msg__links" aria-label=${t("message.links")}>${message.links.map((link) => {
            const url = safeUrl(link.url);
            return html`<li>${url ? html`<a href=${url} target="_blank" rel="noopener noreferrer">${link.title}<span class="vh"> ${t("message.new_window")}</span></a>` : link.title}</li>`;
          })}</ul>`}
          ${message.buttons.length > 0 && html`<ul class="msg__buttons" aria-label=${t("message.buttons")}>${message.buttons.map((button) => html`<li>${button.title}</li>`)}</ul>`}
          ${sourceText && html`<p class="msg__source">${t("message.source")}: ${sourceUrl ? html`<a href=${sourceUrl} target="_blank" rel="noopener noreferrer">${sourceText}</a>` : sourceText}</p>`}
        </div>
        <p class="msg__foot"><time datetime=${message.ts} title=${clock(message.ts)}>${time(message.ts)}</time>
          <${ModeMark} mode=${message.mode} />
          ${message.delivery && !troubled && !outside && html`<${DeliveryMark} delivery=${message.delivery} reason=${message.delivery_reason} />`}
          ${!message.delivery && mine && html`<span class="msg__state"><${Icon} name="check" size=${13} />${t(seen ? "message.seen" : "message.sent")}</span>`}
          ${correctable && html`<button type="button" class="link-button msg__correct" onClick=${() => beginCorrecting(conversation)}>${t("correction.begin")}</button>`}</p>
        ${(message.edited || message.deleted) && html`<${Changed} conversation=${conversation} message=${message} />`}
        ${trouble}
      </li>`;
  },
);

/** A message on its way, or one that did not arrive. @param {{one: import("../types.js").Pending}} props */
export const PendingView = ({ one }) => html`
  <li class=${`msg msg--operator msg--${one.state}`}>
    <p class="msg__meta vh"><bdi>${t("author.me")}</bdi></p>
    <div class="msg__bubble">${one.text && html`<${Body} text=${one.text} raw=${false} />`}${one.attachments && html`<${PendingFiles} files=${one.attachments} />`}</div>
    <p class="msg__foot"><time datetime=${one.ts}>${time(one.ts)}</time>
      <${ModeMark} mode=${one.mode ?? null} />
      ${one.state === "sending"
        ? html`<span class="msg__state">${t("message.sending")}</span>`
        : html`<span class="msg__state msg__state--failed"><${Icon} name="warn" size=${14} />${t("message.failed")}${one.error ? ` – ${one.error}` : ""}</span>`}
    </p>
    ${one.state === "failed" && html`<p class="msg__retry">
      <button type="button" class="link-button" onClick=${() => retry(one)}>${t("message.retry")}</button>
      ${!one.transient && html`<button type="button" class="link-button" onClick=${() => takeBack(one)}>${t("social.take_back")}</button>`}
      <button type="button" class="link-button" onClick=${() => discard(one)}>${t("message.discard")}</button>
    </p>`}
  </li>`;
