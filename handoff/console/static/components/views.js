// @ts-check
// Saved views: searches that a person keeps, or that supervisors keep for everybody; with how many conversations each has now.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { number, t } from "../i18n.js";
import { go } from "../router.js";
import { toast } from "../session.js";
import { set, state, useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";
import { Confirm } from "./confirm.js";
import { Dialog } from "./dialog.js";
import { Field, focusInvalid, Tick } from "./field.js";
import { Icon } from "./icons.js";

/** @typedef {{id: string, version: number, name: string, shared: boolean, own: boolean, query: Record<string, string>, count: number|null, may: string[]}} View */

export const FILTERS = ["q", "state", "channel", "institution", "service", "topic", "outcome", "lang", "holder", "centre", "from", "to", "rating", "level2", "unread", "later", "queue", "sort"];
const COUNTED = 1000;
/** Counting all views costs as much as some searches: nobody looks at them every minute, and not at all in a hidden tab. */
const AGAIN_MS = 5 * 60000;

/** The address of a search: everything asked stands in it, so whoever gets it finds the same. @param {Record<string, string>} query @param {string} view */
export const viewHash = (query, view) => `#/search${api.query({ ...Object.fromEntries(FILTERS.map((name) => [name, query[name]])), view })}`;

/** Fetch the views and their counts anew. */
export async function loadViews() {
  try {
    set({ views: (await api.get("search/views")).views });
  } catch (problem) {
    if (!(problem instanceof api.ApiError)) throw problem;
    // Those held stay; the next round tries again.
  }
}

/** @returns {View[]} */
function useViews() {
  useEffect(() => {
    let at = 0;
    const look = () => {
      if (document.visibilityState !== "visible" || Date.now() - at < AGAIN_MS) return;
      at = Date.now();
      loadViews();
    };
    look();
    // Looked at often, asked seldom: whoever comes back to the tab after a while sees new counts at once.
    const timer = setInterval(look, AGAIN_MS / 10);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return useStore((s) => s.views);
}

/** @param {number|null} count */
const countText = (count) => (count === null ? "" : count > COUNTED ? `${number(COUNTED)}+` : number(count));

/** @param {{current: string, onManage?: () => void}} props */
export function ViewTabs({ current, onManage }) {
  const views = useViews();
  if (!views.length && !onManage) return null;
  return html`
    <nav class="views" aria-label=${t("search.views")}>
      <ul class="views__list" role="list">
        ${onManage && html`<li><a class="view" href="#/search" aria-current=${!current ? "page" : undefined}>${t("search.all")}</a></li>`}
        ${views.map((view) => html`<li key=${view.id}><a class="view" href=${viewHash(view.query, view.id)} aria-current=${current === view.id ? "page" : undefined}>
          ${view.shared && html`<${Icon} name="people" size=${14} /><span class="vh">${t("search.shared")}: </span>`}<bdi>${view.name}</bdi> <span class="count">${countText(view.count)}</span></a></li>`)}
      </ul>
      ${onManage && views.some((view) => view.may.length) && html`<button type="button" class="icon-button" aria-label=${t("search.manage")} title=${t("search.manage")} onClick=${onManage}><${Icon} name="gear" /></button>`}
    </nav>`;
}

/** @param {{query: Record<string, string>, view: string, onClose: () => void}} props */
export function SaveView({ query, view, onClose }) {
  const supervises = useStore((s) => s.me?.role === "supervisor" || s.me?.role === "admin");
  const kept = state.views.find((one) => one.id === view && one.may.includes("change"));
  const [name, setName] = useState(kept?.name ?? "");
  const [shared, setShared] = useState(kept?.shared ?? false);
  const [over, setOver] = useState(Boolean(kept));
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  /** @param {Event} event */
  const submit = async (event) => {
    setTried(true);
    if (busy) return;
    if (!name.trim()) {
      focusInvalid(/** @type {Element} */ (event.target));
      return;
    }
    setBusy(true);
    setError("");
    const asked = Object.fromEntries(FILTERS.filter((one) => query[one]).map((one) => [one, query[one]]));
    try {
      const body = { name: name.trim(), shared, query: asked };
      const { views } = kept && over ? await api.put(`search/views/${kept.id}`, { ...body, version: kept.version }) : await api.post("search/views", body);
      set({ views });
      const saved = views.find((/** @type {View} */ one) => one.name === name.trim() && one.shared === shared);
      toast("ok", t("search.saved"));
      onClose();
      if (saved) go(viewHash(saved.query, saved.id), true);
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
      setBusy(false);
      if (problem.code === "view_changed") loadViews();
    }
  };
  return html`
    <${Dialog} title=${t("search.save")} onClose=${onClose} onSubmit=${submit}
      footer=${html`<${Button} onClick=${onClose}>${t("action.cancel")}</><${Button} kind="primary" type="submit" icon="done" busy=${busy}>${t("search.save_submit")}</>`}>
      <${Field} label=${t("search.view_name")} value=${name} onInput=${setName} maxLength="60" data-focus="" error=${tried && !name.trim() ? t("search.view_name_missing") : ""} />
      ${supervises && html`<${Tick} text=${t("search.share")} note=${t("search.share_note")} on=${shared} onChange=${setShared} />`}
      ${kept && html`<${Tick} text=${t("search.overwrite", { name: kept.name })} on=${over} onChange=${setOver} />`}
      <${Alert} text=${error} />
    </>`;
}

/** Rename, order, delete. @param {{onClose: () => void}} props */
export function ManageViews({ onClose }) {
  const views = useStore((s) => s.views);
  const [error, setError] = useState("");
  const [names, setNames] = useState(/** @type {Record<string, string>} */ ({}));
  const [dropping, setDropping] = useState(/** @type {View|null} */ (null));
  /** @param {() => Promise<any>} work */
  const run = async (work) => {
    setError("");
    try {
      const got = await work();
      if (got) set({ views: got.views });
      else await loadViews();
      return true;
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
      if (problem.code === "view_changed") await loadViews();
      return false;
    }
  };
  /** @param {View} view @param {number} step */
  const move = async (view, step) => {
    const ids = views.filter((one) => one.shared === view.shared && one.may.length).map((one) => one.id);
    const at = ids.indexOf(view.id);
    ids.splice(at, 1);
    ids.splice(at + step, 0, view.id);
    await run(() => api.post("search/views/order", { ids }));
    setTimeout(() => document.getElementById(`view-${view.id}`)?.focus(), 30);
  };
  /** @param {View} view */
  const rename = async (view) => {
    const name = (names[view.id] ?? view.name).trim();
    if (!name || name === view.name) return;
    if (await run(() => api.put(`search/views/${view.id}`, { name, shared: view.shared, query: view.query, version: view.version }))) toast("ok", t("search.saved"));
  };
  const mine = views.filter((view) => view.may.length);
  return html`
    <${Dialog} title=${t("search.manage")} onClose=${onClose} footer=${html`<${Button} kind="primary" onClick=${onClose}>${t("search.ready")}</>`}>
      <ul class="view-rows" role="list">${mine.map((view) => {
        const group = mine.filter((one) => one.shared === view.shared);
        const at = group.indexOf(view);
        return html`
        <li class="view-row" key=${view.id}>
          <${Field} id=${`view-${view.id}`} label=${t(view.shared ? "search.name_shared" : "search.name_own")} value=${names[view.id] ?? view.name} maxLength="60"
            onInput=${(/** @type {string} */ name) => setNames({ ...names, [view.id]: name })}
            onKeyDown=${(/** @type {KeyboardEvent} */ e) => e.key === "Enter" && rename(view)} />
          <span class="view-row__buttons">
            ${(names[view.id] ?? view.name) !== view.name && html`<${Button} icon="done" onClick=${() => rename(view)}>${t("search.save_submit")}</>`}
            ${at > 0 && html`<button type="button" class="icon-button" aria-label=${t("search.earlier", { name: view.name })} onClick=${() => move(view, -1)}><${Icon} name="back" /></button>`}
            ${at < group.length - 1 && html`<button type="button" class="icon-button" aria-label=${t("search.later_place", { name: view.name })} onClick=${() => move(view, 1)}><${Icon} name="right" /></button>`}
            <button type="button" class="icon-button" aria-label=${t("search.drop", { name: view.name })} onClick=${() => setDropping(view)}><${Icon} name="bin" /></button>
          </span>
        </li>`;
      })}</ul>
      ${!mine.length && html`<p class="muted">${t("search.no_views")}</p>`}
      <${Alert} text=${error} />
    </>
    ${dropping && html`<${Confirm} title=${t("search.drop_title")} lead=${t(dropping.shared ? "search.drop_shared" : "search.drop_own", { name: dropping.name })} submit=${t("search.drop_submit")} icon="bin"
      onClose=${() => setDropping(null)} onConfirm=${async () => {
        try {
          await api.remove(`search/views/${dropping.id}${api.query({ version: dropping.version })}`);
        } catch (problem) {
          if (!(problem instanceof api.ApiError)) throw problem;
          return reason(problem);
        }
        setDropping(null);
        await loadViews();
        return "";
      }} />`}`;
}
