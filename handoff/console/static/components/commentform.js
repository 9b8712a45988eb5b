// @ts-check
// A comment under somebody else's post: one account, one text, the post it goes under.
import { reason } from "../actions.js";
import { html } from "../html.js";
import { byName, label, t } from "../i18n.js";
import { useFits, useKeptForm } from "../publishing.js";
import { Alert } from "./bits.js";
import { Field } from "./field.js";
import { PickList } from "./picklist.js";
import { PostPreview } from "./postpreview.js";
import { ConflictNotice, Cost, Counter, FormButtons, Language, Notes, Restored, useSaving, When } from "./publicationform.js";

/**
 * @param {{publication: any, accounts: import("../publishing.js").Usable[], onDone: (publication: any) => void, start: import("../publishing.js").Form}} props
 *   `publication`: null for a new one
 */
export function CommentForm({ publication, accounts, onDone, start }) {
  const kept = useKeptForm(publication ? `publication-${publication.id}` : "publication-comment", start, publication?.version ?? 0);
  const { form, change } = kept;
  const able = accounts.filter((one) => one.posts || form.accounts.includes(one.id));
  const account = accounts.find((one) => one.id === form.accounts[0]);
  const channels = account ? [account.channel] : [];
  const saving = useSaving({ publication, kept, channels, accounts, onDone });
  const { errors, mend } = saving;
  const { fits, problem, asking } = useFits(form, channels);
  const [fit] = fits;
  // What the server says while it is typed stands at its field as well.
  const postError = errors.post || (problem?.code === "bad_post" ? reason(problem) : "") || (fit?.problems.includes("not_summoned") ? t("publications.wrong.not_summoned") : "");
  const over = Boolean(fit && fit.limit > 0 && fit.length > fit.limit);

  return html`
    <form class="compose" noValidate ref=${saving.form} onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      saving.submit(/** @type {any} */ (event).submitter?.value === "propose");
    }}>
      <${Restored} kept=${kept} />
      ${saving.conflict && html`<${ConflictNotice} now=${saving.conflict} onOver=${() => saving.submit(false, saving.conflict.version)} />`}
      <${Alert} text=${saving.error} />
      <section class="box compose__part" aria-labelledby="part-comment">
        <h2 id="part-comment">${t("publications.part.comment")}</h2>
        <p class="muted">${t("publications.comment_lead")}</p>
        <${PickList} legend=${t("publications.field.account")} value=${account?.id ?? ""} error=${errors.accounts ?? ""} empty=${t("publications.no_accounts")}
          items=${byName(able).map((one) => ({ id: one.id, name: one.name, note: label("channel", one.channel) }))} onChange=${(/** @type {string} */ id) => mend("accounts", { accounts: [id] })} />
        <${Field} label=${t("publications.field.post")} value=${form.post} error=${postError} maxLength="1000" autocomplete="off" spellcheck=${false}
          hint=${t(account?.channel === "x" ? "publications.hint.post_x" : "publications.hint.post")} onInput=${(/** @type {string} */ post) => mend("post", { post })} />
        <${Field} label=${t("publications.field.comment")} rows=${4} lang=${form.lang} spellcheck value=${form.text} maxLength="25000"
          error=${errors.text ?? ""} aria-invalid=${over || errors.text ? "true" : undefined} data-live=${over && !errors.text ? "" : undefined} foot=${html`<${Counter} fit=${fit} asking=${asking} />`}
          onInput=${(/** @type {string} */ text) => mend("text", { text })} />
        <${Language} value=${form.lang} onChange=${(/** @type {string} */ lang) => change({ lang })} />
        ${problem && problem.code !== "bad_post" && html`<${Alert} text=${t("publications.preview_failed", { reason: reason(problem) })} />`}
        <${Cost} fits=${fits} />
        <${Notes} fits=${fits} skip=${["too_long_for_channel", "link_raises_cost", "not_summoned"]} />
        ${account && form.text.trim() && html`<div class="network__see"><p class="network__label">${t("publications.preview", { channel: label("channel", account.channel) })}</p>
          <${PostPreview} channel=${account.channel} name=${account.name} text=${form.text.trim()} link=${null} picture=${null} lang=${form.lang} under=${form.post.trim()} /></div>`}
      </section>
      <${When} form=${form} error=${errors.at ?? ""} onChange=${(/** @type {any} */ patch) => mend("at", patch)} />
      <${FormButtons} busy=${saving.busy} back=${publication ? `#/publications/${publication.id}` : "#/publications"} />
    </form>`;
}
