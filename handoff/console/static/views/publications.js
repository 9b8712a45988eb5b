// @ts-check
// What institutions publish: the list, the forms, one publication. The filter lives in the address.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { Alert, Button } from "../components/bits.js";
import { CommentForm } from "../components/commentform.js";
import { Icon } from "../components/icons.js";
import { Pager } from "../components/pager.js";
import { PublicationForm } from "../components/publicationform.js";
import { PublicationState, PublicationView } from "../components/publicationview.js";
import { html } from "../html.js";
import { dateTime, label, lang as currentLang, t } from "../i18n.js";
import { usePolled } from "../polling.js";
import { emptyForm, excerpt, formOf } from "../publishing.js";
import { go } from "../router.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";

const EVERY_S = 15;
/** What people look for, and the states that it means. @type {Record<string, string[]>} */
const GROUPS = {
  all: [],
  proposed: ["proposed"],
  drafts: ["draft", "rejected"],
  planned: ["approved", "scheduled", "publishing"],
  published: ["published"],
  troubled: ["failed", "partly_failed"],
  cancelled: ["cancelled"],
};

/** The list as it was last looked at: where the back button leads. */
const lastList = { hash: "#/publications" };

/** @param {{id: string|null, part: string|null, params: URLSearchParams}} props `id`: a publication, or `new`, `comment` */
export function Publications({ id, part, params }) {
  const title = id === "new" ? "publications.new" : id === "comment" ? "publications.new_comment" : part === "edit" ? "publications.edit_title" : id ? "publications.one" : "publications.title";
  const key = params.toString();
  useEffect(() => {
    if (!id) lastList.hash = `#/publications${key ? `?${key}` : ""}`;
  }, [id, key]);
  let body;
  if (id === "new" || id === "comment") body = html`<${Compose} key=${id} id=${null} kind=${id === "new" ? "post" : "comment"} />`;
  else if (id && part === "edit") body = html`<${Compose} key=${id} id=${id} kind="post" />`;
  else if (id) body = html`<${PublicationView} key=${id} id=${id} />`;
  else body = html`<${List} params=${params} />`;
  return html`
    <main class="page publications" id="main" tabindex="-1">
      <header class="page__head">
        ${id && html`<a class="icon-button" href=${part === "edit" ? `#/publications/${id}` : lastList.hash} aria-label=${t("publications.to_list")}><${Icon} name="back" /></a>`}
        <h1>${t(title)}</h1>
        ${!id && html`<div class="page__buttons"><a class="button button--primary" href="#/publications/new"><${Icon} name="plus" /><span>${t("publications.new")}</span></a>
          <a class="button" href="#/publications/comment"><${Icon} name="talk" /><span>${t("publications.new_comment")}</span></a></div>`}
      </header>
      ${body}
    </main>`;
}

/** @param {{params: URLSearchParams}} props */
function List({ params }) {
  const lang = useStore((s) => s.lang);
  const asked = params.get("show") ?? "all";
  const group = GROUPS[asked] ? asked : "all";
  const page = Math.max(1, Number(params.get("page")) || 1);
  const states = GROUPS[group].map((state) => `state=${state}`);
  const { data, error, reload } = usePolled(`publications?${[...states, `page=${page}`].join("&")}`, EVERY_S * 1000, lang);
  /** @param {string} name @param {number} at */
  const hash = (name, at = 1) => `#/publications${api.query({ show: name === "all" ? "" : name, page: at > 1 ? at : "" })}`;
  return html`
    <nav class="subnav" aria-label=${t("publications.filter")}>${Object.keys(GROUPS).map((name) => html`
      <a key=${name} href=${hash(name)} aria-current=${name === group ? "page" : undefined}>${t(`publications.show.${name}`)}</a>`)}</nav>
    ${error && html`<div><${Alert} text=${data ? t("channels.stale", { reason: reason(error) }) : reason(error)} /><${Button} icon="refresh" onClick=${reload}>${t("action.try_again")}</></div>`}
    ${!data && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
    ${data && html`
      <p class="muted" role="status">${t("publications.total", { count: data.total })}</p>
      ${data.rows.length === 0
        ? html`<p class="empty"><${Icon} name="megaphone" size=${28} />${t(group === "all" ? "publications.none" : "publications.none_here")}</p>`
        : html`<div class="table-wrap" role="region" aria-labelledby="publications-caption" tabindex="0"><table class="table publications__table" role="table">
            <caption class="vh" id="publications-caption">${t("publications.title")}</caption>
            <thead role="rowgroup"><tr role="row">${["text", "state", "accounts", "when", "author"].map((column) => html`<th scope="col" role="columnheader">${t(`publications.column.${column}`)}</th>`)}</tr></thead>
            <tbody role="rowgroup">${data.rows.map((/** @type {any} */ row) => html`<${Row} key=${row.id} row=${row} />`)}</tbody>
          </table></div>`}
      <${Pager} answer=${data} hash=${(/** @type {number} */ at) => hash(group, at)} />`}`;
}

/** Roles are written out because on a phone the cells are laid out as blocks. @param {{row: any}} props */
function Row({ row }) {
  /** @param {string} column @param {any} content */
  const cell = (column, content) => html`<td role="cell" data-label=${t(`publications.column.${column}`)}>${content}</td>`;
  const when = row.finished_at ?? row.publish_at;
  return html`
    <tr role="row" data-publication=${row.id}>
      <th scope="row" role="rowheader"><a href=${`#/publications/${row.id}`}><bdi>${excerpt(row.text)}</bdi></a>${row.kind === "comment" && html` <span class="chip">${t("publications.kind.comment")}</span>`}</th>
      ${cell("state", html`<${PublicationState} state=${row.state} name=${row.state_name} />`)}
      ${cell("accounts", html`<span>${row.targets.map((/** @type {any} */ to, /** @type {number} */ i) => html`${i > 0 && html`<br />`}<span class="muted">${label("channel", to.account.channel)}</span> <bdi>${to.account.name}</bdi>`)}</span>`)}
      ${cell("when", html`<span>${when ? dateTime(when) : t("publications.when_short")}</span>`)}
      ${cell("author", html`<bdi>${row.author?.name ?? "–"}</bdi>`)}
    </tr>`;
}

/** Fetches what a form needs, and then leaves it alone: what is typed is not overtaken by a later look. @param {{id: string|null, kind: "post"|"comment"}} props */
function Compose({ id, kind }) {
  const [known, setKnown] = useState(/** @type {{accounts: any[], publication: any}|null} */ (null));
  const [error, setError] = useState(/** @type {api.ApiError|null} */ (null));
  const [again, setAgain] = useState(0);
  useEffect(() => {
    let stale = false;
    setError(null);
    Promise.all([api.get("publications/accounts"), id ? api.get(`publications/${encodeURIComponent(id)}`) : null]).then(
      ([usable, publication]) => !stale && setKnown({ accounts: usable.accounts, publication }),
      (problem) => {
        if (!(problem instanceof api.ApiError)) throw problem;
        if (!stale) setError(problem);
      },
    );
    return () => {
      stale = true;
    };
  }, [id, again]);
  if (error) return html`<div><${Alert} text=${error.status === 404 ? t("publications.missing") : reason(error)} /><${Button} icon="refresh" onClick=${() => setAgain((n) => n + 1)}>${t("action.try_again")}</></div>`;
  if (!known) return html`<p class="muted" role="status">${t("conversation.loading")}</p>`;
  const { accounts, publication } = known;
  if (publication && !publication.may.includes("revise")) {
    return html`<div><${Alert} text=${t("publications.not_editable", { state: publication.state_name })} /><a class="button" href=${`#/publications/${publication.id}`}>${t("publications.conflict_look")}</a></div>`;
  }
  const form = publication ? formOf(publication) : emptyForm(kind, currentLang());
  const done = (/** @type {any} */ saved) => go(`#/publications/${saved.id}`);
  const Form = form.kind === "comment" ? CommentForm : PublicationForm;
  return html`<${Form} publication=${publication} accounts=${accounts} start=${form} onDone=${done} />`;
}
