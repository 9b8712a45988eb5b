// @ts-check
// What is composed, as the form holds it and as the server wants it; drafts in the browser; refusals at their fields.
import * as api from "./api.js";
import { reason } from "./actions.js";
import { serverNow } from "./clock.js";
import { namedFields } from "./components/field.js";
import { t } from "./i18n.js";
import { readDraft, writeDraft } from "./keep.js";
import { fromField, toField } from "./riga.js";
import { state } from "./store.js";
import { useEffect, useRef, useState } from "./vendor/hooks.js";

/** @typedef {{id: string, channel: string, name: string, institution_id: string|null, municipality_id: string|null, posts: boolean, paused: string|null, priced: boolean}} Usable */
/** @typedef {{account: {id: string, channel: string, name: string}, text: string, link: string|null, length: number, limit: number, cost: string|null, cost_without_link: string|null, problems: string[], warnings: string[], notes: string[]}} Fit */
/** @typedef {{text: string|null, link: boolean}} Variant `text`: null follows the base text */
/**
 * @typedef {object} Form
 * @property {"post"|"comment"} kind
 * @property {string} lang
 * @property {string} text
 * @property {string} link
 * @property {string} picture_url
 * @property {string[]} accounts
 * @property {Record<string, Variant>} variants by channel
 * @property {"now"|"at"} when
 * @property {string} at Riga's time, as a field holds it
 * @property {string} post of a comment: the post it goes under
 */

const PREVIEW_DELAY_MS = 350;
/** Channels in the order in which they are shown everywhere. */
const ORDER = ["facebook", "x", "telegram"];
/** @param {string} a @param {string} b */
export const byChannel = (a, b) => (ORDER.indexOf(a) + 1 || 99) - (ORDER.indexOf(b) + 1 || 99);

/** @param {Form["kind"]} kind @param {string} lang @returns {Form} */
export const emptyForm = (kind, lang) => ({ kind, lang, text: "", link: "", picture_url: "", accounts: [], variants: {}, when: "now", at: "", post: "" });

/** The form of what is stored. @param {any} publication @returns {Form} */
export const formOf = (publication) => ({
  kind: publication.kind,
  lang: publication.lang,
  text: publication.text,
  link: publication.link ?? "",
  picture_url: publication.picture_url ?? "",
  accounts: publication.targets.map((/** @type {any} */ one) => one.account.id),
  variants: Object.fromEntries(
    Object.entries(publication.variants ?? {}).map(([channel, one]) => [channel, { text: one.text ?? null, link: one.link !== false }]),
  ),
  when: publication.publish_at ? "at" : "now",
  at: publication.publish_at ? toField(publication.publish_at) : "",
  post: publication.post ?? "",
});

/** An address that a platform may be given; the server checks the same. @param {string} text */
export function isAddress(text) {
  try {
    const url = new URL(text);
    return (url.protocol === "http:" || url.protocol === "https:") && !url.username && !url.password && !/\s/.test(text);
  } catch {
    return false;
  }
}

/**
 * What goes to the server.
 * @param {Form} form
 * @param {string[]} channels those of the chosen accounts
 * @param {boolean} preview leaves out what is only half typed
 */
export function bodyOf(form, channels, preview = false) {
  /** @type {Record<string, {text: string|null, link: boolean}>} */
  const variants = {};
  for (const channel of channels) {
    const own = form.variants[channel];
    if (own && (own.text !== null || !own.link)) variants[channel] = { text: own.text?.trim() || null, link: own.link };
  }
  /** @param {string} text */
  const address = (text) => (text.trim() && (!preview || isAddress(text.trim())) ? text.trim() : null);
  const common = {
    kind: form.kind,
    lang: form.lang,
    text: form.text.trim(),
    link: address(form.link),
    accounts: form.accounts,
    publish_at: !preview && form.when === "at" ? fromField(form.at) : null,
  };
  if (form.kind === "comment") return { ...common, post: form.post.trim() };
  return { ...common, picture_url: address(form.picture_url), variants };
}

/**
 * What is wrong with a form before anything is sent.
 * @param {Form} form
 * @param {string[]} channels
 * @returns {Record<string, string>}
 */
export function wrongWith(form, channels) {
  /** @type {Record<string, string>} */
  const found = {};
  if (form.kind === "comment" && !form.post.trim()) found.post = t("publications.wrong.post");
  if (!form.text.trim()) found.text = t("publications.wrong.text");
  if (form.link.trim() && !isAddress(form.link.trim())) found.link = t("publications.wrong.address");
  if (form.kind === "post" && form.picture_url.trim() && !isAddress(form.picture_url.trim())) found.picture_url = t("publications.wrong.address");
  if (!form.accounts.length) found.accounts = t(form.kind === "comment" ? "publications.wrong.account" : "publications.wrong.accounts");
  for (const channel of channels) {
    const own = form.variants[channel];
    if (own && own.text !== null && !own.text.trim()) found[`variant.${channel}`] = t("publications.wrong.variant");
  }
  if (form.when === "at") {
    const instant = fromField(form.at);
    if (!form.at) found.at = t("publications.wrong.at");
    else if (!instant) found.at = t("publications.wrong.no_such_time");
    else if (Date.parse(instant) <= serverNow()) found.at = t("publications.wrong.past");
  }
  return found;
}

/** @type {Record<string, string>} */
const FIELD_OF = {
  publish_at_past: "at",
  publish_at_too_far: "at",
  unknown_account: "accounts",
  unknown_channel: "accounts",
  account_disabled: "accounts",
  posts_not_supported: "accounts",
  comments_not_supported: "accounts",
  not_summoned: "post",
  bad_post: "post",
  text_empty: "text",
};

/**
 * What the server refused, at the fields it speaks of; empty when it speaks of none.
 * @param {api.ApiError} problem
 * @param {Usable[]} accounts
 * @param {Form["kind"]} kind
 * @returns {Record<string, string>}
 */
export function placeProblem(problem, accounts, kind) {
  const text = reason(problem);
  if (problem.code === "too_long_for_channel") {
    if (kind === "comment") return { text };
    /** @type {Record<string, string>} */
    const found = {};
    for (const one of problem.body.problems ?? []) {
      const account = accounts.find((known) => known.id === one.account);
      if (account && one.code === "too_long_for_channel") {
        found[`variant.${account.channel}`] = t("publications.wrong.too_long", { count: one.length - one.limit, limit: one.limit });
      }
    }
    return Object.keys(found).length ? found : { text };
  }
  if (FIELD_OF[problem.code]) return { [FIELD_OF[problem.code]]: text };
  return Object.fromEntries(
    namedFields(problem).map((path) => {
      const [first, second] = path.split(".");
      const name = first === "variants" ? `variant.${second}` : first === "publish_at" ? "at" : first;
      return [name, t("publications.wrong.other")];
    }),
  );
}

/**
 * How what is being typed would fit each account; asked of the server a moment after the last key.
 * @param {Form} form
 * @param {string[]} channels
 * @returns {{fits: Fit[], problem: api.ApiError|null, asking: boolean}} `fits`: the last answer, also while a new one is on its way
 */
export function useFits(form, channels) {
  const [answer, setAnswer] = useState({ fits: /** @type {Fit[]} */ ([]), problem: /** @type {api.ApiError|null} */ (null), asking: false });
  const body = bodyOf(form, channels, true);
  const complete = Boolean(body.text && form.accounts.length && (form.kind === "post" || form.post.trim()));
  const key = complete ? JSON.stringify(body) : "";
  useEffect(() => {
    if (!key) {
      setAnswer({ fits: [], problem: null, asking: false });
      return undefined;
    }
    let stale = false;
    setAnswer((was) => ({ ...was, asking: true }));
    const timer = setTimeout(async () => {
      try {
        const got = await api.post("publications/preview", JSON.parse(key));
        if (!stale) setAnswer({ fits: got.targets, problem: null, asking: false });
      } catch (problem) {
        if (!(problem instanceof api.ApiError)) throw problem;
        if (!stale) setAnswer((was) => ({ ...was, problem, asking: false }));
      }
    }, PREVIEW_DELAY_MS);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [key]);
  return answer;
}

/**
 * A form that the browser keeps until it is saved.
 * @param {string} name
 * @param {Form} start
 * @param {number} version of what is stored; 0 for something new
 */
export function useKeptForm(name, start, version) {
  const me = state.me?.id ?? "";
  const [kept] = useState(() => {
    try {
      const found = JSON.parse(readDraft(me, name) || "null");
      return found && typeof found.form?.text === "string" ? found : null;
    } catch {
      return null;
    }
  });
  const [form, setForm] = useState(/** @type {Form} */ (kept ? { ...start, ...kept.form } : start));
  const [restored, setRestored] = useState(Boolean(kept));
  // The version that the person saw when he began to type: a change by somebody else since then must not be written over.
  const seen = useRef(kept ? Number(kept.version) : version);
  const original = useRef(JSON.stringify(start));
  const own = useRef(name);
  return {
    form,
    restored,
    version: seen,
    name: own,
    /** @param {Partial<Form>} patch */
    change(patch) {
      setForm((was) => {
        const next = { ...was, ...patch };
        const same = JSON.stringify(next) === original.current;
        writeDraft(me, own.current, same ? "" : JSON.stringify({ version: seen.current, form: next }));
        return next;
      });
    },
    /** What was restored is let go; the form is what is stored. */
    drop() {
      writeDraft(me, own.current, "");
      seen.current = version;
      setForm(start);
      setRestored(false);
    },
    forget: () => writeDraft(me, own.current, ""),
  };
}

/** How a publication's text begins: it has no title of its own. @param {string} text @param {number} [most] */
export function excerpt(text, most = 90) {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most).replace(/\s+\S*$/, "")}…`;
}
