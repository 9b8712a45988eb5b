// @ts-check
// Files: choosing them beside the composer, and what is shown of those in messages.
import { again, attach, fileUrl, remove, sizeText, useChosen, useLimits } from "../attaching.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Attachment} Attachment */

/**
 * The button that chooses files. Where the channel takes none it stays in its place and says why.
 * @param {{id: string, here: boolean, onProblem: (text: string) => void}} props `here`: whether files can be sent in this conversation
 */
export function AttachButton({ id, here, onProblem }) {
  const limits = useLimits();
  const field = useRef(/** @type {HTMLInputElement|null} */ (null));
  const label = here ? t("files.attach") : t("files.not_here");
  return html`
    <button type="button" class="icon-button" aria-label=${label} title=${label} aria-disabled=${here ? undefined : "true"}
      onClick=${() => (here ? field.current?.click() : onProblem(t("files.not_here")))}><${Icon} name="clip" /></button>
    ${here && html`<input type="file" multiple hidden ref=${field} id="composer-files" accept=${limits?.accept} onChange=${async (/** @type {any} */ e) => {
      const files = [...e.target.files];
      // The same file may be chosen again.
      e.target.value = "";
      onProblem(await attach(id, files));
      document.getElementById("composer-text")?.focus();
    }} />`}`;
}

/** What is to go with the message. @param {{id: string}} props */
export function Chosen({ id }) {
  const files = useChosen(id);
  const [said, setSaid] = useState("");
  const failed = files.find((one) => one.state === "failed");
  const ready = files.length > 0 && files.every((one) => one.state === "ready");
  useEffect(() => {
    setSaid(failed?.error ? `${failed.name}: ${reason(failed.error)}` : ready ? t("files.ready", { count: files.length }) : "");
  }, [failed?.id, ready, files.length]);
  return html`
    <p class="vh" role="status">${said}</p>
    ${files.length > 0 && html`<ul class="chosen" role="list" aria-label=${t("files.chosen")}>${files.map((one) => html`
      <li key=${one.id} class=${one.state === "failed" ? "chosen__one chosen__one--failed" : "chosen__one"}>
        <${Icon} name=${one.file.type.startsWith("image/") ? "picture" : "clip"} size=${16} />
        <span class="chosen__what"><bdi>${one.name}</bdi>
          ${one.state === "uploading"
            ? html`<progress max="1" value=${one.progress} aria-label=${t("files.progress", { name: one.name })}></progress>`
            : html`<span class="chosen__note">${one.state === "failed" && one.error ? reason(one.error) : sizeText(one.file.size)}</span>`}
        </span>
        ${one.state === "failed" && one.error?.transient && html`<button type="button" class="link-button" onClick=${() => again(one)}>${t("action.try_again")}</button>`}
        <button type="button" class="icon-button" aria-label=${t("files.remove", { name: one.name })} title=${t("files.remove", { name: one.name })}
          onClick=${() => {
            remove(one);
            document.getElementById("composer-text")?.focus();
          }}><${Icon} name="close" size=${16} /></button>
      </li>`)}</ul>`}`;
}

/** Files that are on their way with a message. @param {{files: import("../types.js").PendingFile[]}} props */
export const PendingFiles = ({ files }) =>
  html`<ul class="attachments" role="list" aria-label=${t("social.attachments")}>${files.map((one) => html`<li key=${one.id}><${Icon} name="clip" size=${16} /><bdi>${one.name}</bdi></li>`)}</ul>`;

/** A file that lies with us. @param {{conversation: string, one: Attachment}} props */
export function StoredFile({ conversation, one }) {
  const [broken, setBroken] = useState(false);
  const name = one.name ?? "";
  const size = sizeText(one.size ?? 0);
  if (one.state !== "ready") {
    return html`<span class=${`file file--${one.state}`}><${Icon} name=${one.state === "infected" ? "warn" : "clip"} size=${16} /><span><bdi>${name}</bdi> <span class="file__note">${t(`files.state.${one.state}`)}</span></span></span>`;
  }
  const id = String(one.id);
  const saved = html`<a class="file" href=${fileUrl(conversation, id)} download=${name} title=${t("files.download", { name, size })}>
    <${Icon} name="download" size=${16} /><span><span class="vh">${t("files.download_word")} </span><bdi>${name}</bdi> <span class="file__note">${size}</span></span></a>`;
  if (one.kind !== "image" || broken) return html`${saved}${broken && html`<span class="file__note">${t("files.not_shown")}</span>`}`;
  return html`
    <a class="file-picture" href=${fileUrl(conversation, id, true)} target="_blank" rel="noopener">
      <img src=${fileUrl(conversation, id, true)} alt=${t("files.picture", { name })} loading="lazy" onError=${() => setBroken(true)} />
      <span class="vh"> ${t("message.new_window")}</span></a>
    ${saved}`;
}
