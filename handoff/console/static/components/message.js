// @ts-check
// One message as the desk sees it.
import { discard, retry } from "../actions.js";
import { cx, html, pure } from "../html.js";
import { calendarDay, clock, label, t, time } from "../i18n.js";
import { blocks, pieces, safeUrl } from "../text.js";
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

/** @param {import("../types.js").Author} author */
export const authorName = (author) => author.name ?? label("author", author.kind);

export const MessageView = pure(
  /** @param {{message: Message, mine: boolean, grouped: boolean, seen: boolean}} props `grouped`: the same person spoke just before */
  ({ message, mine, grouped, seen }) => {
    const { author } = message;
    if (author.kind === "system") {
      return html`<li class="msg msg--system"><p><${Icon} name="info" size=${14} /><span class="vh">${label("author", "system")}: </span><bdi>${message.text}</bdi>
        <time datetime=${message.ts} title=${clock(message.ts)}>${time(message.ts)}</time></p></li>`;
    }
    const source = message.source;
    const sourceUrl = safeUrl(source?.url);
    const sourceText = source ? [source.title, source.date ? calendarDay(source.date) : ""].filter(Boolean).join(", ") : "";
    return html`
      <li class=${cx("msg", `msg--${author.kind}`, grouped && "msg--grouped")}>
        <p class=${grouped ? "msg__meta vh" : "msg__meta"}>
          ${author.kind === "assistant" && html`<${Icon} name="robot" size=${15} />`}
          <bdi class="msg__author">${mine ? t("author.me") : authorName(author)}</bdi>
          ${author.kind !== "citizen" && author.name && !mine && html`<span class="msg__kind">${label("author", author.kind)}</span>`}
        </p>
        <div class="msg__bubble" lang=${message.lang || undefined}>
          <${Body} text=${message.text} raw=${author.kind === "citizen"} />
          ${message.links.length > 0 && html`<ul class="msg__links" aria-label=${t("message.links")}>${message.links.map((link) => {
            const url = safeUrl(link.url);
            return html`<li>${url ? html`<a href=${url} target="_blank" rel="noopener noreferrer">${link.title}<span class="vh"> ${t("message.new_window")}</span></a>` : link.title}</li>`;
          })}</ul>`}
          ${message.buttons.length > 0 && html`<ul class="msg__buttons" aria-label=${t("message.buttons")}>${message.buttons.map((button) => html`<li>${button.title}</li>`)}</ul>`}
          ${sourceText && html`<p class="msg__source">${t("message.source")}: ${sourceUrl ? html`<a href=${sourceUrl} target="_blank" rel="noopener noreferrer">${sourceText}</a>` : sourceText}</p>`}
        </div>
        <p class="msg__foot"><time datetime=${message.ts} title=${clock(message.ts)}>${time(message.ts)}</time>
          ${mine && html`<span class="msg__state"><${Icon} name="check" size=${13} />${t(seen ? "message.seen" : "message.sent")}</span>`}</p>
      </li>`;
  },
);

/** A message on its way, or one that did not arrive. @param {{one: import("../types.js").Pending}} props */
export const PendingView = ({ one }) => html`
  <li class=${`msg msg--operator msg--${one.state}`}>
    <p class="msg__meta vh"><bdi>${t("author.me")}</bdi></p>
    <div class="msg__bubble"><${Body} text=${one.text} raw=${false} /></div>
    <p class="msg__foot"><time datetime=${one.ts}>${time(one.ts)}</time>
      ${one.state === "sending"
        ? html`<span class="msg__state">${t("message.sending")}</span>`
        : html`<span class="msg__state msg__state--failed"><${Icon} name="warn" size=${14} />${t("message.failed")}${one.error ? ` – ${one.error}` : ""}</span>`}
    </p>
    ${one.state === "failed" && html`<p class="msg__retry">
      <button type="button" class="link-button" onClick=${() => retry(one)}>${t("message.retry")}</button>
      <button type="button" class="link-button" onClick=${() => discard(one)}>${t("message.discard")}</button>
    </p>`}
  </li>`;
