// @ts-check
// A comment where it stands: the post on top, everything said under it in its order, the conversation in its own place.
import { cx, html, pure } from "../html.js";
import { dateTime, label, t, timeOrDate } from "../i18n.js";
import { conversationHash } from "../router.js";
import { safeUrl } from "../text.js";
import { useState } from "../vendor/hooks.js";
import { DeliveryMark, isTroubled } from "./delivery.js";
import { Icon } from "./icons.js";
import { Attachments, authorName, wordsOf } from "./message.js";
import { ChannelIcon, writerName } from "./social.js";

/** @typedef {import("../types.js").Thread} Thread */
/** @typedef {import("../types.js").ThreadComment} Comment */
/** @typedef {{comment: Comment, answers: Branch[]}} Branch */

/** Comments before and after the open one that are shown at first: a post that is much talked about has hundreds. */
const NEAR = 3;

/**
 * Comments as a tree, in the order in which they came. One whose parent is not known (deleted before our time) stands by itself.
 * @param {Comment[]} comments
 * @returns {Branch[]}
 */
export function treeOf(comments) {
  /** @type {Map<string, Branch>} */
  const byRef = new Map();
  const all = comments.map((comment) => ({ comment, answers: /** @type {Branch[]} */ ([]) }));
  for (const branch of all) if (branch.comment.ref) byRef.set(branch.comment.ref, branch);
  /** @type {Branch[]} */
  const roots = [];
  for (const branch of all) {
    const parent = branch.comment.parent_ref ? byRef.get(branch.comment.parent_ref) : undefined;
    // A comment is never younger than its answers: what says otherwise would be a ring.
    if (parent && parent !== branch && Date.parse(parent.comment.at) <= Date.parse(branch.comment.at)) parent.answers.push(branch);
    else roots.push(branch);
  }
  return roots;
}

/** @param {Branch} branch @param {string|null} ref @returns {boolean} */
const holds = (branch, ref) => branch.comment.ref === ref || branch.answers.some((one) => holds(one, ref));

/** The post: whose, when, what; and where it can be seen. @param {{thread: Thread}} props */
export function Post({ thread }) {
  const post = thread.post;
  if (!post) return null;
  const url = safeUrl(post.url);
  const link = safeUrl(post.link);
  return html`
    <article class="post" aria-label=${t("social.post")}>
      <p class="post__head"><${ChannelIcon} channel=${thread.account.channel} size=${17} /><strong><bdi>${thread.account.name}</bdi></strong>
        ${post.published_at && html`<time datetime=${post.published_at} title=${dateTime(post.published_at)}>${timeOrDate(post.published_at)}</time>`}</p>
      ${post.text ? html`<bdi class="post__text">${post.text}</bdi>` : html`<p class="muted">${t("social.post_unknown")}</p>`}
      ${link && html`<p class="post__link"><a href=${link} target="_blank" rel="noopener noreferrer">${link}<span class="vh"> ${t("message.new_window")}</span></a></p>`}
      ${url && html`<p class="post__open"><a href=${url} target="_blank" rel="noopener noreferrer"><${Icon} name="outside" size=${14} />${t("social.open_post", { channel: label("channel", thread.account.channel) })}<span class="vh"> ${t("message.new_window")}</span></a></p>`}
    </article>`;
}

/** @param {{comment: Comment}} props what is to be known of a comment at a glance */
const Marks = ({ comment }) => html`
  ${comment.hidden && html`<span class="chip chip--hidden"><${Icon} name="hide" size=${12} /> ${t("social.hidden")}</span>`}
  ${comment.deleted && html`<span class="chip"><${Icon} name="bin" size=${12} /> ${t("social.deleted")}</span>`}
  ${comment.edited && !comment.deleted && html`<span class="chip"><${Icon} name="edit" size=${12} /> ${t("social.edited")}</span>`}
  ${comment.state && html`<span class=${`chip chip--${comment.state}`}>${label("state", comment.state)}</span>`}`;

const CommentView = pure(
  /** @param {{comment: Comment}} props */
  ({ comment }) => {
    const name = writerName(comment.author) || t("social.somebody");
    const words = wordsOf(comment);
    return html`
      <div class="comment">
        <p class="comment__meta"><bdi class="comment__author">${name}</bdi><time datetime=${comment.at} title=${dateTime(comment.at)}>${timeOrDate(comment.at)}</time><${Marks} comment=${comment} /></p>
        ${comment.deleted
          ? html`<p class="msg__nothing">${t("social.deleted_placeholder")}</p>`
          : html`${(words || !comment.attachments.length) && html`<bdi class="comment__text">${words || comment.placeholder}</bdi>`}
              ${comment.attachments.length > 0 && html`<${Attachments} attachments=${comment.attachments} />`}`}
        ${comment.conversation_id && html`<a class="comment__open" href=${conversationHash(comment.conversation_id)}>${t("social.open_conversation")}<span class="vh">: ${name}, ${timeOrDate(comment.at)}</span></a>`}
        ${comment.answers.length > 0 && html`<ol class="comment__answers" aria-label=${t("social.answers")}>${comment.answers.map((answer, i) => html`
          <li key=${i} class=${cx("answer", isTroubled(answer.delivery) && "answer--troubled")}>
            <p class="comment__meta"><${Icon} name=${answer.author.kind === "assistant" ? "robot" : "user"} size=${14} /><bdi class="comment__author">${authorName(answer.author)}</bdi>
              ${answer.author.name && answer.author.name !== "outside" && html`<span>${label("author", answer.author.kind)}</span>`}
              <time datetime=${answer.at} title=${dateTime(answer.at)}>${timeOrDate(answer.at)}</time><${DeliveryMark} delivery=${answer.delivery} /></p>
            <bdi class="comment__text">${answer.text}</bdi></li>`)}</ol>`}
      </div>`;
  },
);

/**
 * The post and what stands under it. `children`: the open conversation, drawn in the place of its comment.
 * @param {{thread: Thread, children?: any}} props
 */
export function ThreadView({ thread, children }) {
  const [all, setAll] = useState(false);
  const roots = treeOf(thread.comments);
  const at = roots.findIndex((branch) => holds(branch, thread.comment_ref));
  const from = all ? 0 : Math.max(0, at - NEAR);
  const to = all ? roots.length : at + NEAR + 1;
  const shown = roots.slice(from, to);
  const own = safeUrl(thread.url);
  const left = thread.comments.length - shown.reduce((sum, branch) => sum + sizeOf(branch), 0);
  /** @param {Branch} branch @returns {any} */
  const draw = ({ comment, answers }) => {
    const here = comment.ref === thread.comment_ref;
    return html`
      <li key=${comment.ref} class=${cx("tree__node", here && "tree__node--here")} aria-current=${here ? "true" : undefined}>
        ${here ? html`<div class="comment comment--here"><p class="comment__here"><${Icon} name="right" size=${14} />${t("social.this_comment")} <${Marks} comment=${{ ...comment, state: null }} />${own && html`<a class="comment__there" href=${own} target="_blank" rel="noopener noreferrer"><${Icon} name="outside" size=${13} />${t("social.open_there", { channel: label("channel", thread.account.channel) })}<span class="vh"> ${t("message.new_window")}</span></a>`}</p>${children}</div>` : html`<${CommentView} comment=${comment} />`}
        ${answers.length > 0 && html`<ol class="tree tree--inner">${answers.map(draw)}</ol>`}
      </li>`;
  };
  return html`
    <${Post} thread=${thread} />
    <div class="thread__head"><h3>${t("social.comments", { count: thread.comments.length })}</h3>
      ${(left > 0 || all) && roots.length > 2 * NEAR + 1 && html`<button type="button" class="link-button" aria-expanded=${all ? "true" : "false"} onClick=${() => setAll(!all)}>${all ? t("social.show_near") : t("social.show_all", { count: left })}</button>`}</div>
    ${at < 0
      ? html`<div class="comment comment--here">${children}</div>`
      : html`<ol class="tree">${shown.map(draw)}</ol>`}`;
}

/** @param {Branch} branch @returns {number} */
const sizeOf = (branch) => branch.answers.reduce((sum, one) => sum + sizeOf(one), 1);
