// @ts-check
// Queues: in which order conversations find theirs, who serves what, and what a conversation weighs.
import * as api from "../api.js";
import { reason } from "../actions.js";
import { announce } from "../attention.js";
import { Alert, Button } from "../components/bits.js";
import { Icon } from "../components/icons.js";
import { units } from "../components/offer.js";
import { IconButton, inWords, QueueForm, ServingForm, skillsInWords, WeightsForm } from "../components/queueform.js";
import { html } from "../html.js";
import { label, t } from "../i18n.js";
import { toast } from "../session.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";

/** @typedef {import("../types.js").Queues} Queues */

/** @param {{id: string|null, part: string|null}} props `id`: a queue, `new`, or `people` with a person as `part` */
export function QueuesPage({ id, part }) {
  const [all, setAll] = useState(/** @type {Queues|null} */ (null));
  const [error, setError] = useState("");
  const [round, setRound] = useState(0);
  // Presence and load change all the time: the frame of colleagues tells when to look again.
  const colleagues = useStore((s) => s.colleagues);
  useEffect(() => {
    setError("");
    api.get("queues").then(setAll, (problem) => {
      if (!(problem instanceof api.ApiError)) throw problem;
      setError(reason(problem));
    });
  }, [id, round, colleagues]);
  const queue = id && id !== "new" && id !== "people" ? (all?.queues.find((row) => row.id === id) ?? null) : null;
  const person = id === "people" ? (all?.people.find((row) => row.id === part) ?? null) : null;
  const missing = Boolean(all && id && id !== "new" && !queue && !person);
  const title = id === "new" ? t("queues.new") : (queue?.title ?? person?.name ?? t("queues.title"));
  return html`
    <main class="page queues" id="main" tabindex="-1">
      <header class="page__head">
        ${id && html`<a class="icon-button" href="#/queues" aria-label=${t("queues.to_list")}><${Icon} name="back" /></a>`}
        <h1>${title}</h1>
        ${!id && html`<div class="page__buttons"><a class="button button--primary" href="#/queues/new"><${Icon} name="plus" /><span>${t("queues.new")}</span></a></div>`}
      </header>
      ${error && html`<${Alert} text=${error} /><${Button} icon="refresh" onClick=${() => setRound(round + 1)}>${t("action.try_again")}</>`}
      ${!all && !error && html`<p class="muted" role="status">${t("conversation.loading")}</p>`}
      ${missing && html`<p role="alert">${t("queues.missing")}</p>`}
      ${all && !id && html`<${Lists} all=${all} taken=${setAll} />`}
      ${all && (id === "new" || queue) && html`<${QueueForm} key=${id} one=${queue} all=${all} taken=${setAll} />`}
      ${all && person && html`<${ServingForm} key=${person.id} one=${person} all=${all} taken=${setAll} />`}
    </main>`;
}

/** @param {{all: Queues, taken: (all: Queues) => void}} props */
function Lists({ all, taken }) {
  const [busy, setBusy] = useState(false);
  const order = all.queues.filter((row) => !row.common).map((row) => row.id);
  /** @param {number} at @param {number} step */
  const move = async (at, step) => {
    if (busy) return;
    const next = [...order];
    [next[at], next[at + step]] = [next[at + step], next[at]];
    setBusy(true);
    try {
      taken(await api.put("queues/order", { seen: order, order: next }));
      announce(t("queues.moved", { name: all.queues[at].title, place: at + step + 1 }));
    } catch (problem) {
      if (!(problem instanceof api.ApiError)) throw problem;
      toast("error", reason(problem));
      // What is stored now; if that cannot be had either, what is in sight stays, and it has been said that nothing was moved.
      await api.get("queues").then(taken, () => {});
    }
    setBusy(false);
  };
  return html`
    <p class="muted">${t("queues.lead")}</p>
    <ol class="queue-list" role="list">${all.queues.map((row, at) => html`
      <li key=${row.id} class=${row.enabled ? "queue-row" : "queue-row queue-row--off"}>
        <span class="queue-row__order">
          ${!row.common && html`<${IconButton} icon="down" turned label=${t("queues.up", { name: row.title })} off=${at === 0} onClick=${() => move(at, -1)} />
            <${IconButton} icon="down" label=${t("queues.down", { name: row.title })} off=${at === order.length - 1} onClick=${() => move(at, 1)} />`}
        </span>
        <span class="queue-row__main">
          <a class="queue-row__name" href=${`#/queues/${row.id}`}><bdi>${row.title}</bdi></a>
          <span class=${row.mode === "offers" ? "chip chip--active" : "chip"}>${t(`queues.mode.${row.mode}`)}</span>
          ${!row.enabled && html`<span class="chip chip--closed">${t("queues.off")}</span>`}
          <span class="queue-row__rules">${inWords(row, all)}</span>
          ${row.mode === "offers" && html`<span class="queue-row__who muted">${[
            skillsInWords(row.skills, true),
            row.centres.map((one) => all.known.centres.find((centre) => centre.id === one)?.name ?? one).join(" → "),
            row.centres.length ? (row.overflow_after_s === null ? t("queues.no_overflow") : t("queues.overflow_at", { count: row.overflow_after_s })) : "",
            t("queues.timeout_at", { count: row.offer_timeout_s }),
          ].filter(Boolean).join(" · ")}</span>`}
        </span>
        <span class="queue-row__count"><strong>${row.waiting}</strong> ${t("queues.waiting", { count: row.waiting })}</span>
      </li>`)}</ol>
    <section class="queues__part" aria-labelledby="queues-people"><h2 id="queues-people">${t("queues.people")}</h2>
      <p class="muted">${t("queues.people_lead")}</p>
      <div class="table-box table-wrap" tabindex="0" role="group" aria-labelledby="queues-people"><table class="table people-table" role="table" aria-labelledby="queues-people">
        <thead role="rowgroup"><tr role="row">${["name", "presence", "availability", "load", "languages", "skills"].map((one) => html`<th key=${one} scope="col" role="columnheader">${t(`queues.column.${one}`)}</th>`)}</tr></thead>
        <tbody role="rowgroup">${all.people.map((one) => html`<tr key=${one.id} role="row">
          <th scope="row" role="rowheader"><a href=${`#/queues/people/${one.id}`}><bdi>${one.name}</bdi></a><span class="muted">${[label("role", one.role), one.centre?.name].filter(Boolean).join(" · ")}</span></th>
          <td role="cell" data-label=${t("queues.column.presence")}>${t(one.online ? "presence.here" : "presence.gone")}</td>
          <td role="cell" data-label=${t("queues.column.availability")}>${t(one.availability === "available" ? "availability.available" : "availability.away")}${one.away_reason && html`<span class="muted">${t(`away_why.${one.away_reason}`)}</span>`}</td>
          <td role="cell" data-label=${t("queues.column.load")} class="people-table__load">${units(one.carries)} / ${units(one.capacity * 100)}</td>
          <td role="cell" data-label=${t("queues.column.languages")}>${one.languages.map((lang) => lang.toUpperCase()).join(", ")}</td>
          <td role="cell" data-label=${t("queues.column.skills")}>${skillsInWords(one.skills) || "–"}</td></tr>`)}</tbody>
      </table></div></section>
    <section class="queues__part" aria-labelledby="queues-weights"><h2 id="queues-weights">${t("queues.weights")}</h2><p class="muted">${t("queues.weights_lead")}</p>
      <${WeightsForm} all=${all} taken=${taken} /></section>`;
}
