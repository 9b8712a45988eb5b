// @ts-check
// A publication is composed once and adapted for each network; what does not fit is said while it is typed.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { serverNow } from "../clock.js";
import { html } from "../html.js";
import { dollars, label, t } from "../i18n.js";
import { bodyOf, byChannel, placeProblem, useFits, useKeptForm, wrongWith } from "../publishing.js";
import { toField } from "../riga.js";
import { toast } from "../session.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Choice, Field, focusInvalid, Tick } from "./field.js";
import { Icon } from "./icons.js";
import { PostPreview } from "./postpreview.js";

/** @typedef {import("../publishing.js").Usable} Usable */
/** @typedef {import("../publishing.js").Fit} Fit */
/** @typedef {import("../publishing.js").Form} Form */

const LANGS = ["lv", "ru", "en"];

/**
 * Saving and proposing, with what was refused at its field; of a change by somebody else nothing is written over.
 * @param {{publication: any, kept: ReturnType<typeof useKeptForm>, channels: string[], accounts: Usable[], onDone: (publication: any) => void}} props
 */
export function useSaving({ publication, kept, channels, accounts, onDone }) {
  const [errors, setErrors] = useState(/** @type {Record<string, string>} */ ({}));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState("");
  const [conflict, setConflict] = useState(/** @type {any} */ (null));
  const form = useRef(/** @type {HTMLFormElement|null} */ (null));
  /** What has been saved, when proposing it was refused: the next attempt changes it and makes no second one. */
  const saved = useRef(publication);

  /** @param {Record<string, string>} found @param {string} otherwise */
  const show = (found, otherwise) => {
    setErrors(found);
    setError(Object.keys(found).length ? t("channels.wrong.summary", { count: Object.keys(found).length }) : otherwise);
    focusInvalid(form.current);
  };

  /** @param {boolean} propose @param {number} [over] a newer version that the person has decided to write over */
  const submit = async (propose, over) => {
    if (busy) return;
    setConflict(null);
    const wrong = wrongWith(kept.form, channels);
    if (Object.keys(wrong).length) {
      show(wrong, "");
      return;
    }
    setErrors({});
    setError("");
    setBusy(propose ? "propose" : "save");
    try {
      const body = bodyOf(kept.form, channels);
      const known = saved.current;
      const version = over ?? kept.version.current;
      saved.current = known ? await api.put(`publications/${known.id}`, { ...body, version }) : await api.post("publications", body);
      kept.version.current = saved.current.version;
      kept.forget();
      if (!known) {
        // It exists from now on, whatever becomes of proposing it: going on, and coming back, mean this one.
        kept.name.current = `publication-${saved.current.id}`;
        history.replaceState(null, "", `#/publications/${saved.current.id}/edit`);
      }
      const done = propose ? await api.post(`publications/${saved.current.id}/propose`, { version: saved.current.version }) : saved.current;
      toast("ok", t(propose ? "publications.proposed" : "publications.saved"));
      onDone(done);
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setBusy("");
      if (problem.status === 409 && saved.current) {
        const now = await api.get(`publications/${saved.current.id}`).catch(() => null);
        if (now) {
          setConflict(now);
          return;
        }
      }
      show(placeProblem(problem, accounts, kept.form.kind), reason(problem));
    }
  };

  /** What is typed into a field that was refused takes its error away. @param {string} name of the field @param {Partial<Form>} patch */
  const mend = (name, patch) => {
    kept.change(patch);
    if (errors[name]) setErrors(Object.fromEntries(Object.entries(errors).filter(([one]) => one !== name)));
  };
  return { errors, error, busy, conflict, form, submit, mend };
}

/** Somebody else was faster: what stands there now, and what can be done with what was typed. @param {{now: any, onOver: () => void}} props */
export function ConflictNotice({ now, onOver }) {
  const who = now.decided_by?.name ?? now.edited_by?.name ?? "";
  return html`<div class="alert conflict" role="alert"><${Icon} name="warn" /><div>
    <p>${t("publications.conflict", { state: now.state_name, who })}</p>
    <p class="conflict__buttons"><a href=${`#/publications/${now.id}`}>${t("publications.conflict_look")}</a>
      ${now.may.includes("revise") && html`<button type="button" class="link-button" onClick=${onOver}>${t("publications.conflict_over")}</button>`}</p></div></div>`;
}

/** @param {{kept: ReturnType<typeof useKeptForm>}} props */
export const Restored = ({ kept }) =>
  kept.restored
    ? html`<div class="notice restored" role="status"><p>${t("publications.restored")}</p>
        <button type="button" class="link-button" onClick=${() => kept.drop()}>${t("channels.drop_restored")}</button></div>`
    : null;

/**
 * @param {{publication: any, accounts: Usable[], lang: string, onDone: (publication: any) => void, start: Form}} props `publication`: null for a new one
 */
export function PublicationForm({ publication, accounts, onDone, start }) {
  const kept = useKeptForm(`publication-${publication?.id ?? "new"}`, start, publication?.version ?? 0);
  const { form, change } = kept;
  const channels = [...new Set(accounts.filter((one) => form.accounts.includes(one.id)).map((one) => one.channel))].sort(byChannel);
  const saving = useSaving({ publication, kept, channels, accounts, onDone });
  const { errors, mend } = saving;
  const { fits, problem, asking } = useFits(form, channels);

  /** @param {string} channel @param {Partial<import("../publishing.js").Variant>} patch */
  const adapt = (channel, patch) => {
    const own = form.variants[channel] ?? { text: null, link: true };
    mend(`variant.${channel}`, { variants: { ...form.variants, [channel]: { ...own, ...patch } } });
  };

  return html`
    <form class="compose" noValidate ref=${saving.form} onSubmit=${(/** @type {Event} */ event) => {
      event.preventDefault();
      saving.submit(/** @type {any} */ (event).submitter?.value === "propose");
    }}>
      <${Restored} kept=${kept} />
      ${saving.conflict && html`<${ConflictNotice} now=${saving.conflict} onOver=${() => saving.submit(false, saving.conflict.version)} />`}
      <${Alert} text=${saving.error} />
      <section class="box compose__part" aria-labelledby="part-base">
        <h2 id="part-base">${t("publications.part.base")}</h2>
        <${Field} label=${t("publications.field.text")} rows=${6} lang=${form.lang} spellcheck value=${form.text} error=${errors.text ?? ""} maxLength="25000"
          onInput=${(/** @type {string} */ text) => mend("text", { text })} />
        <div class="compose__row">
          <${Field} label=${t("publications.field.link")} optional type="url" inputmode="url" maxLength="1000" value=${form.link} error=${errors.link ?? ""} autocomplete="off"
            hint=${t("publications.hint.link")} onInput=${(/** @type {string} */ link) => mend("link", { link })} />
          <${Field} label=${t("publications.field.picture")} optional type="url" inputmode="url" maxLength="1000" value=${form.picture_url} error=${errors.picture_url ?? ""} autocomplete="off"
            hint=${t("publications.hint.picture")} onInput=${(/** @type {string} */ picture_url) => mend("picture_url", { picture_url })} />
        </div>
        <${Language} value=${form.lang} onChange=${(/** @type {string} */ lang) => change({ lang })} />
      </section>
      <${Targets} accounts=${accounts} chosen=${form.accounts} error=${errors.accounts ?? ""} onChange=${(/** @type {string[]} */ chosen) => mend("accounts", { accounts: chosen })} />
      <section class="compose__networks" aria-labelledby="part-networks">
        <h2 id="part-networks">${t("publications.part.networks")}</h2>
        <p class="muted">${t(channels.length ? "publications.networks_lead" : "publications.networks_none")}</p>
        ${problem && html`<${Alert} text=${t("publications.preview_failed", { reason: reason(problem) })} />`}
        ${channels.map((channel) => html`<${NetworkCard} key=${channel} channel=${channel} form=${form} asking=${asking}
          fits=${fits.filter((one) => one.account.channel === channel)} accounts=${accounts.filter((one) => one.channel === channel && form.accounts.includes(one.id))}
          error=${errors[`variant.${channel}`] ?? ""} onAdapt=${(/** @type {any} */ patch) => adapt(channel, patch)} />`)}
      </section>
      <${When} form=${form} error=${errors.at ?? ""} onChange=${(/** @type {Partial<Form>} */ patch) => mend("at", patch)} />
      <${FormButtons} busy=${saving.busy} back=${publication ? `#/publications/${publication.id}` : "#/publications"} />
    </form>`;
}

/** @param {{busy: string, back: string}} props */
export const FormButtons = ({ busy, back }) => html`
  <div class="compose__buttons">
    <${Button} type="submit" value="save" busy=${busy === "save"}>${t("publications.save_draft")}</>
    <${Button} type="submit" kind="primary" icon="send" value="propose" busy=${busy === "propose"}>${t("publications.propose")}</>
    <a class="button" href=${back}>${t("channels.back")}</a>
    <p class="muted">${t("publications.propose_note")}</p>
  </div>`;

/** @param {{value: string, onChange: (lang: string) => void}} props */
export const Language = ({ value, onChange }) => html`
  <div class="field compose__lang"><label for="publication-lang">${t("publications.field.lang")}</label>
    <select class="input" id="publication-lang" value=${value} onChange=${(/** @type {any} */ e) => onChange(e.target.value)}>
      ${LANGS.map((code) => html`<option value=${code} selected=${code === value}>${label("language", code)}</option>`)}
    </select></div>`;

/** Accounts by network. @param {{accounts: Usable[], chosen: string[], error: string, onChange: (chosen: string[]) => void}} props */
function Targets({ accounts, chosen, error, onChange }) {
  const channels = [...new Set(accounts.map((one) => one.channel))].sort(byChannel);
  return html`
    <section class="box compose__part" aria-labelledby="part-accounts">
      <h2 id="part-accounts">${t("publications.part.accounts")}</h2>
      ${error && html`<p class="field__error" id="accounts-error">${error}</p>`}
      ${accounts.length === 0 && html`<p class="muted">${t("publications.no_accounts")}</p>`}
      <div class="targets">${channels.map((channel) => {
        const here = accounts.filter((one) => one.channel === channel);
        const able = here.filter((one) => one.posts).map((one) => one.id);
        const all = able.length > 0 && able.every((id) => chosen.includes(id));
        return html`
          <fieldset class="group" key=${channel}>
            <legend>${label("channel", channel)}</legend>
            ${able.length > 2 && html`<button type="button" class="link-button" onClick=${() => onChange(all ? chosen.filter((id) => !able.includes(id)) : [...new Set([...chosen, ...able])])}>
              ${t(all ? "publications.none_of" : "publications.all_of", { channel: label("channel", channel) })}</button>`}
            ${here.map((one) => html`<${Tick} key=${one.id} text=${one.name} on=${chosen.includes(one.id)} disabled=${!one.posts && !chosen.includes(one.id)}
              invalid=${Boolean(error)} describedby=${error ? "accounts-error" : ""}
              note=${!one.posts ? t(channel === "telegram" ? "publications.no_posts_there" : "publications.no_posts_now") : one.paused ? t("publications.paused_there") : undefined}
              onChange=${(/** @type {boolean} */ on) => onChange(on ? [...chosen, one.id] : chosen.filter((id) => id !== one.id))} />`)}
          </fieldset>`;
      })}</div>
    </section>`;
}

/** Of several accounts of a network the one that leaves the least room. @param {Fit[]} fits @returns {Fit|undefined} */
export const tightest = (fits) => [...fits].sort((a, b) => a.limit - a.length - (b.limit - b.length))[0];

/**
 * How much of the limit is used; said aloud only when there is too much.
 * @param {{fit: Fit|undefined, asking: boolean}} props
 */
export function Counter({ fit, asking }) {
  const over = fit && fit.limit > 0 && fit.length > fit.limit ? fit.length - fit.limit : 0;
  return html`<p class=${over ? "counter counter--over" : "counter"} aria-busy=${asking ? "true" : undefined}>
      ${fit && fit.limit > 0 ? t("publications.counter", { length: fit.length, limit: fit.limit }) : t("publications.counter_none")}</p>
    <p class="field__error" role="status">${over ? t("publications.wrong.too_long", { count: over, limit: fit?.limit ?? 0 }) : ""}</p>`;
}

/** What it costs on a network that charges. @param {{fits: Fit[]}} props */
export function Cost({ fits }) {
  const priced = fits.filter((one) => one.cost !== null);
  if (!priced.length) return null;
  const sum = priced.reduce((all, one) => all + Number(one.cost), 0);
  const dear = priced.find((one) => one.warnings.includes("link_raises_cost"));
  return html`<p class="cost"><strong>${t("publications.cost", { amount: dollars(String(sum)) })}</strong>${priced.length > 1 && html` <span class="muted">${t("publications.cost_each", { count: priced.length })}</span>`}</p>
    ${dear && html`<p class="notice cost__warning"><${Icon} name="warn" size=${16} /> ${t("publications.link_dear", { with: dollars(dear.cost), without: dollars(dear.cost_without_link) })}</p>`}`;
}

/** What stands in the way, and what should be known, but for what the counter and the cost say already. @param {{fits: Fit[], skip?: string[]}} props */
export function Notes({ fits, skip = ["too_long_for_channel", "link_raises_cost"] }) {
  const notes = fits.flatMap((one) => [...one.problems, ...one.warnings]
    .map((code, i) => ({ code, text: one.notes[i], account: one.account.name, bad: i < one.problems.length }))
    .filter((note) => !skip.includes(note.code)));
  return notes.map((note) => html`<p key=${`${note.account}-${note.code}`} class=${note.bad ? "field__error" : "notice"}><bdi>${note.account}</bdi>: ${note.text}</p>`);
}

/**
 * One network's own text and how its followers will see it.
 * @param {{channel: string, form: Form, fits: Fit[], asking: boolean, accounts: Usable[], error: string, onAdapt: (patch: any) => void}} props
 */
function NetworkCard({ channel, form, fits, asking, accounts, error, onAdapt }) {
  const own = form.variants[channel] ?? { text: null, link: true };
  const name = label("channel", channel);
  const fit = tightest(fits);
  const over = Boolean(fit && fit.limit > 0 && fit.length > fit.limit);
  const adapted = own.text !== null;
  const text = own.text ?? form.text;
  const link = form.link.trim() && own.link ? form.link.trim() : null;
  return html`
    <article class="box network" aria-labelledby=${`network-${channel}`} data-channel=${channel}>
      <h3 id=${`network-${channel}`}>${name} <span class="muted">${accounts.map((one) => one.name).join(", ")}</span></h3>
      <div class="network__edit">
        <div class="field">
          <label for=${`variant-${channel}`}>${t("publications.field.variant", { channel: name })}</label>
          <p class="field__hint" id=${`variant-${channel}-hint`}>${t(adapted ? "publications.variant_own" : "publications.variant_base")}</p>
          <textarea class="input" id=${`variant-${channel}`} rows="6" lang=${form.lang} spellcheck value=${text} maxLength="25000"
            aria-invalid=${over || error ? "true" : undefined} data-live=${over && !error ? "" : undefined} aria-describedby=${`variant-${channel}-hint variant-${channel}-count${error ? ` variant-${channel}-error` : ""}`}
            onInput=${(/** @type {any} */ e) => onAdapt({ text: e.target.value })}></textarea>
          <div class="field__foot" id=${`variant-${channel}-count`}><${Counter} fit=${fit} asking=${asking} /></div>
          ${error && !over && html`<p class="field__error" id=${`variant-${channel}-error`}>${error}</p>`}
        </div>
        ${adapted && html`<${Button} icon="undo" onClick=${() => {
          onAdapt({ text: null });
          document.getElementById(`variant-${channel}`)?.focus();
        }}>${t("publications.variant_reset")}<span class="vh">: ${name}</span></>`}
        ${form.link.trim() && html`<${Tick} text=${t("publications.with_link", { channel: name })} on=${own.link} onChange=${(/** @type {boolean} */ on) => onAdapt({ link: on })} />`}
        <${Cost} fits=${fits} />
        <${Notes} fits=${fits} />
      </div>
      <div class="network__see"><p class="network__label">${t("publications.preview", { channel: name })}</p>
        <${PostPreview} channel=${channel} name=${accounts[0]?.name ?? ""} text=${text.trim() || t("publications.preview_empty")} link=${link} lang=${form.lang}
          picture=${form.picture_url.trim() || null} /></div>
    </article>`;
}

/** @param {{form: Form, error: string, onChange: (patch: Partial<Form>) => void}} props */
export function When({ form, error, onChange }) {
  return html`
    <section class="box compose__part" aria-labelledby="part-when">
      <h2 id="part-when">${t("publications.part.when")}</h2>
      <${Choice} legend=${t("publications.field.when")} value=${form.when} items=${["now", "at"].map((id) => ({ id, name: t(`publications.when.${id}`) }))}
        onChange=${(/** @type {any} */ when) => onChange({ when })} />
      ${form.when === "at" && html`<div class="compose__at"><${Field} label=${t("publications.field.at")} hint=${t("publications.hint.at")} type="datetime-local" id="publication-at"
        value=${form.at} min=${toField(serverNow())} error=${error} onInput=${(/** @type {string} */ at) => onChange({ at })} /></div>`}
    </section>`;
}
