// @ts-check
// The knowledge base beside the conversation: search, all that is known about a service, into the composer.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { html } from "../html.js";
import { label, LANGUAGES, sourceWords, t } from "../i18n.js";
import { conversationHash, go } from "../router.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { insert } from "./aids.js";
import { Alert, Button } from "./bits.js";
import { Icon } from "./icons.js";

/** @typedef {import("../types.js").Card} Card */
/** @typedef {import("../types.js").KnownAnswer} KnownAnswer */
/** @typedef {{id: string, title: string, institution: string, probability: number}} Found */

const SEARCH_DELAY_MS = 250;

/** @param {{card: Card}} props */
export function KnowledgePanel({ card }) {
  const [search, setSearch] = useState("");
  const [lang, setLang] = useState(card.lang);
  /** What is looked at: what a search found, or one service. */
  const [showing, setShowing] = useState(/** @type {"found"|"service"} */ ("service"));
  const [found, setFound] = useState(/** @type {Found[]|null} */ (null));
  /** Enter was pressed before the answer was there: the first that comes is opened. */
  const hurried = useRef(false);
  const [service, setService] = useState(/** @type {{id: string, title: string}|null} */ (card.service));
  const [answers, setAnswers] = useState(/** @type {KnownAnswer[]|null} */ (null));
  const [error, setError] = useState("");
  const heading = useRef(/** @type {HTMLElement|null} */ (null));

  // What the conversation turns out to be about is shown, as long as nothing else is looked for.
  useEffect(() => {
    if (!search) setService(card.service);
  }, [card.service?.id]);

  /** @param {unknown} problem */
  const fail = (problem) => {
    if (!(problem instanceof api.ApiError)) throw problem;
    setError(reason(problem));
  };
  useEffect(() => {
    const wanted = search.trim();
    if (showing === "service" || !wanted) return undefined;
    setError("");
    // What was found for other words must not be taken for the answer to these.
    setFound(null);
    let current = true;
    const timer = setTimeout(() => {
      api.get(`knowledge${api.query({ q: wanted, lang })}`).then(
        (answer) => {
          if (!current) return;
          setFound(answer.services);
          if (hurried.current && answer.services.length) open(answer.services[0]);
          hurried.current = false;
        },
        (problem) => current && fail(problem),
      );
    }, SEARCH_DELAY_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [search, lang, showing]);
  useEffect(() => {
    setAnswers(null);
    if (!service) return undefined;
    let current = true;
    api.get(`knowledge/${encodeURIComponent(service.id)}${api.query({ lang, municipality: card.municipality?.id })}`).then(
      (answer) => current && setAnswers(answer.answers),
      (problem) => current && fail(problem),
    );
    return () => {
      current = false;
    };
  }, [service?.id, lang, card.municipality?.id]);

  /** @param {Found} one */
  const open = (one) => {
    setService({ id: one.id, title: one.title });
    setShowing("service");
    setError("");
    setTimeout(() => heading.current?.focus(), 60);
  };
  /** @param {KnownAnswer} answer */
  const take = (answer) => {
    // Where one pane is shown at a time, the composer is behind this one.
    go(conversationHash(card.id));
    setTimeout(() => insert(card.id, answer.text, answer.latvian), 60);
  };
  const first = answers?.[0];
  return html`
    <div class="knowledge">
      <h2 class="vh">${t("knowledge.title")}</h2>
      <form class="knowledge__search" role="search" onSubmit=${(/** @type {Event} */ e) => {
        e.preventDefault();
        if (showing === "service") setShowing(search.trim() ? "found" : "service");
        else if (found?.[0]) open(found[0]);
        else hurried.current = !found;
      }}>
        <label class="vh" for="knowledge-search">${t("knowledge.search")}</label>
        <input id="knowledge-search" class="input" type="search" value=${search} placeholder=${t("knowledge.search")} maxLength="300" autocomplete="off"
          onInput=${(/** @type {any} */ e) => {
            hurried.current = false;
            setSearch(e.target.value);
            setShowing(e.target.value.trim() ? "found" : "service");
          }} />
        <div class="segments" role="group" aria-label=${t("knowledge.lang")}>
          ${LANGUAGES.map((code) => html`<button type="button" key=${code} aria-pressed=${code === lang ? "true" : "false"} lang=${code}
            aria-label=${t(`own_language.${code}`)} onClick=${() => setLang(code)}>${code.toUpperCase()}</button>`)}
        </div>
      </form>
      <${Alert} text=${error} />
      <p class="vh" role="status">${showing === "found" && found ? t("knowledge.found", { count: found.length }) : ""}</p>
      ${showing === "found" && found && html`<ul class="knowledge__found" role="list">${found.map((one) => html`
        <li key=${one.id}><button type="button" class="knowledge__one" onClick=${() => open(one)}>
          <span class="knowledge__title"><bdi>${one.title}</bdi></span><span class="muted"><bdi>${one.institution}</bdi></span>
        </button></li>`)}
        ${found.length === 0 && html`<li class="muted">${t("pick.nothing")}</li>`}</ul>`}
      ${showing === "service" && service && html`
        ${found && search.trim() && html`<p><button type="button" class="link-button" onClick=${() => setShowing("found")}>${t("knowledge.to_found")}</button></p>`}
        <h3 class="knowledge__service" tabindex="-1" ref=${heading}><bdi>${service.title}</bdi></h3>
        ${first && html`<p class="muted"><bdi>${first.institution}</bdi></p>`}
        ${!answers && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
        ${answers?.map((answer) => html`
          <article class="known" key=${answer.aspect}>
            <h4>${answer.aspect_name}${answer.lang !== lang && html` <span class="badge badge--lang"><span aria-hidden="true">${answer.lang.toUpperCase()}</span><span class="vh">${label("language", answer.lang)}</span></span>`}</h4>
            <p class="known__text" lang=${answer.lang}>${answer.text}</p>
            ${answer.latvian && html`<p class="beside" role="note"><span class="badge badge--lang" aria-hidden="true">LV</span><span class="vh">${t("beside.latvian")}</span><span lang="lv">${answer.latvian}</span></p>`}
            <div class="known__foot">
              ${answer.source && html`<a href=${answer.source.url} target="_blank" rel="noopener noreferrer">${sourceWords(answer.source)}<span class="vh"> ${t("message.new_window")}</span></a>`}
              ${card.may.includes("reply") && html`<${Button} icon="edit" onClick=${() => take(answer)}>${t("knowledge.use")}<span class="vh">: ${answer.aspect_name}</span></>`}
            </div>
          </article>`)}`}
      ${showing === "service" && !service && html`<p class="muted knowledge__empty"><${Icon} name="search" />${t("knowledge.empty")}</p>`}
    </div>`;
}
