// @ts-check
// A native modal dialog: focus trap, Escape and background inertness come from the browser.
import { html } from "../html.js";
import { t } from "../i18n.js";
import { useEffect, useId, useLayoutEffect, useRef } from "../vendor/hooks.js";
import { Icon } from "./icons.js";

/**
 * @param {{title: string, onClose: () => void, onSubmit?: (event: Event) => void, children?: any, footer?: any, wide?: boolean}} props
 */
export function Dialog({ title, onClose, onSubmit, children, footer, wide = false }) {
  const ref = useRef(/** @type {HTMLDialogElement|null} */ (null));
  const heading = useId();
  const close = useRef(onClose);
  close.current = onClose;
  useLayoutEffect(() => {
    const dialog = /** @type {HTMLDialogElement} */ (ref.current);
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    dialog.showModal();
    /** @type {HTMLElement|null} */ (dialog.querySelector("[data-focus]"))?.focus();
    return () => {
      if (dialog.open) dialog.close();
      // The element that opened it may have gone meanwhile (a button of an action done).
      if (before?.isConnected && before !== document.body) before.focus();
      else document.getElementById("conversation-title")?.focus();
    };
  }, []);
  useEffect(() => {
    const dialog = /** @type {HTMLDialogElement} */ (ref.current);
    /** @param {Event} event */
    const cancel = (event) => {
      event.preventDefault(); // the state decides what is open
      close.current();
    };
    dialog.addEventListener("cancel", cancel);
    return () => dialog.removeEventListener("cancel", cancel);
  }, []);
  const body = html`
    <div class="dialog__body">${children}</div>
    ${footer && html`<div class="dialog__foot">${footer}</div>`}`;
  return html`
    <dialog ref=${ref} class=${wide ? "dialog dialog--wide" : "dialog"} aria-labelledby=${heading}>
      <header class="dialog__head">
        <h2 id=${heading}>${title}</h2>
        <button type="button" class="icon-button" onClick=${onClose} aria-label=${t("action.close_dialog")}><${Icon} name="close" /></button>
      </header>
      ${onSubmit
        ? html`<form class="dialog__form" noValidate
          onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
            // From wherever the focus is; a text field has done it already.
            if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented || event.repeat) return;
            event.preventDefault();
            /** @type {HTMLFormElement} */ (event.currentTarget).requestSubmit();
          }}
          onSubmit=${(/** @type {Event} */ event) => {
            event.preventDefault();
            onSubmit(event);
          }}>${body}</form>`
        : html`<div class="dialog__form">${body}</div>`}
    </dialog>`;
}
