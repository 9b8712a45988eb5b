// @ts-check
// An account's posts with what was written under them, nested, and the ways to write, edit and delete.
import { useState } from "/vendor/hooks.js";
import { Attached, Face, Writer } from "./bits.js";
import { cx, html } from "./html.js";
import { order } from "./server.js";
import { t, when } from "./texts.js";

/** @typedef {import("./types.js").Comment} Comment */
/** @typedef {import("./types.js").Post} Post */
/**
 * @typedef {object} Place
 * @property {import("./types.js").Channel} channel
 * @property {import("./types.js").Account} account
 * @property {import("./types.js").Person} me
 * @property {(words: string) => void} announce
 */

/** @param {{place: Place}} props */
export function Posts({ place }) {
  const posts = place.account.posts.filter((post) => !post.scheduled_for);
  const later = place.account.posts.filter((post) => post.scheduled_for);
  return html`
    <section class="panel" id="posts" tabindex="-1" aria-labelledby="posts-title">
      <h2 id="posts-title">${t("posts.title")}</h2>
      ${!posts.length && html`<p class="muted">${t("posts.none")}</p>`}
      ${posts.map((post) => html`<${OnePost} key=${post.id} place=${place} post=${post} />`)}
      ${later.map((post) => html`<p key=${post.id} class="muted">${t("posts.later", { time: when(post.scheduled_for ?? "") })}: ${post.text}</p>`)}
    </section>`;
}

/** X has no place for posts that only name an account: they stand together. @param {Post} post */
const isMentions = (post) => post.id.startsWith("mentions:");

/** @param {{place: Place, post: Post}} props */
function OnePost({ place, post }) {
  const { channel, account, me } = place;
  const mentions = isMentions(post);
  const top = post.comments.filter((one) => !one.parent || !post.comments.some((other) => other.id === one.parent));
  const label = mentions ? t("posts.mention_label", { name: post.text }) : t(channel === "x" ? "posts.reply_label" : "posts.comment_label");
  const say = (/** @type {string} */ text) =>
    order(channel, "say", { account: account.id, person: me.id, name: me.name, kind: "comment", post: post.id, text });
  return html`
    <article class=${cx("post", mentions && "post--mentions")} aria-label=${mentions ? t("posts.mentions", { name: post.text }) : post.text.slice(0, 60)}>
      <header class="post__head">
        ${mentions
          ? html`<h3>${t("posts.mentions", { name: post.text })}</h3>`
          : html`<${Face} name=${account.name} kind="account" /><h3>${account.name}</h3><time dateTime=${post.at}>${when(post.at)}</time>`}
      </header>
      ${!mentions && html`<p class="post__text">${post.text}</p>`}
      ${post.link && html`<p class="post__link">${post.link}</p>`}
      ${post.picture && html`<p class="attached">${t("attached.image")}: ${post.picture}</p>`}
      ${top.length > 0 && html`<ul class="comments">${top.map((one) => html`<${OneComment} key=${one.id} place=${place} post=${post} comment=${one} />`)}</ul>`}
      <${Writer} id=${`say-${post.id}`} label=${label} button=${t(mentions || channel === "x" ? "posts.post" : "posts.comment")} rows=${1} onSend=${say} />
    </article>`;
}

/** @param {{place: Place, post: Post, comment: Comment}} props */
function OneComment({ place, post, comment }) {
  const { channel, account, me } = place;
  const [doing, setDoing] = useState(/** @type {""|"reply"|"edit"} */ (""));
  const [problem, setProblem] = useState(false);
  const answers = post.comments.filter((one) => one.parent === comment.id);
  const mine = comment.by === "person" && comment.author.id === me.id;
  const ours = comment.by !== "person";
  const stop = () => {
    setDoing("");
    document.getElementById(`do-${comment.id}`)?.focus();
  };
  const reply = async (/** @type {string} */ text) => {
    await order(channel, "say", { account: account.id, person: me.id, name: me.name, kind: "comment", post: post.id, parent: comment.id, text });
    stop();
  };
  const edit = async (/** @type {string} */ text) => {
    await order(channel, "edit", { account: account.id, ref: comment.id, text });
    stop();
  };
  const remove = async () => {
    try {
      await order(channel, "delete", { account: account.id, ref: comment.id });
      place.announce(t("posts.deleted_now"));
      document.getElementById(`comment-${comment.id}`)?.focus();
    } catch {
      setProblem(true);
    }
  };
  return html`
    <li class="comment" id=${`comment-${comment.id}`} tabindex="-1">
      <div class=${cx("comment__body", ours && "comment__body--account", comment.deleted && "comment__body--gone")}>
        <p class="comment__head">
          <${Face} name=${comment.author.name} kind=${ours ? "account" : mine ? "me" : ""} />
          <strong>${mine ? t("me", { name: comment.author.name }) : comment.author.name}</strong>
          <time dateTime=${comment.at}>${when(comment.at)}</time>
          ${comment.by === "us" && html`<span class="mark mark--us">${t("by.us")}</span>`}
          ${comment.by === "outside" && html`<span class="mark">${t("by.outside")}</span>`}
          ${comment.edited && !comment.deleted && html`<span class="mark">${t("edited")}</span>`}
          ${comment.hidden && !comment.deleted && html`<span class="mark mark--hidden">${t("hidden")}</span>`}
        </p>
        ${comment.deleted
          ? html`<p class="muted">${t("posts.deleted")}</p>`
          : html`<p class="comment__text">${comment.text}</p><${Attached} kind=${comment.attachment} />`}
        ${!comment.deleted && !doing && html`
          <p class="comment__ways">
            <button type="button" class="plain" id=${`do-${comment.id}`} onClick=${() => setDoing("reply")}>${t("posts.reply")}<span class="vh"> ${comment.author.name}</span></button>
            ${mine && html`<button type="button" class="plain" onClick=${() => setDoing("edit")}>${t("posts.edit")}</button>
            <button type="button" class="plain" onClick=${remove}>${t("posts.delete")}</button>`}
          </p>`}
        ${problem && html`<p class="problem" role="alert">${t("write.failed")}</p>`}
        ${doing === "reply" && html`<${Writer} id=${`reply-${comment.id}`} label=${t("posts.reply_to", { name: comment.author.name })} button=${t("posts.reply")} rows=${1} focus onSend=${reply} onCancel=${stop} />`}
        ${doing === "edit" && html`<${Writer} id=${`edit-${comment.id}`} label=${t("posts.new_text")} button=${t("save")} rows=${1} focus start=${comment.text} onSend=${edit} onCancel=${stop} />`}
      </div>
      ${answers.length > 0 && html`<ul class="comments">${answers.map((one) => html`<${OneComment} key=${one.id} place=${place} post=${post} comment=${one} />`)}</ul>`}
    </li>`;
}
