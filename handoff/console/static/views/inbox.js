// @ts-check
import { ConversationPane } from "../components/conversation.js";
import { Details } from "../components/details.js";
import { Icon } from "../components/icons.js";
import { List } from "../components/list.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { settingsOf } from "../session.js";
import { useStore } from "../store.js";

/** Three panes; on narrow screens one at a time, chosen by the address. @param {{id: string|null, part: string|null}} props */
export function Inbox({ id, part }) {
  const me = useStore((s) => s.me);
  const shows = !id ? "list" : part === "details" ? "details" : "conversation";
  return html`
    <main class=${`inbox inbox--${shows}`} id="main" tabindex="-1">
      <h1 class="vh">${t("nav.inbox")}</h1>
      <${List} current=${id} />
      ${id
        ? html`<${ConversationPane} key=${id} id=${id} /><${Details} key=${`d-${id}`} id=${id} />`
        : html`<section class="conversation conversation--none" aria-label=${t("conversation.none_title")}><div class="empty"><${Icon} name="inbox" size=${32} />
            <p>${t("conversation.none")}</p>${settingsOf(me).shortcuts && html`<p class="muted">${t("conversation.none_keys")}</p>`}</div></section>`}
    </main>`;
}
