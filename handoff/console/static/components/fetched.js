// @ts-check
// What a page asks the server for, and what stands there when it does not come.
import { reason } from "../actions.js";
import * as api from "../api.js";
import { announce } from "../attention.js";
import { html } from "../html.js";
import { t } from "../i18n.js";
import { useStore } from "../store.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { Alert, Button } from "./bits.js";

/**
 * What a call brings, fetched again when its path or the language changes. What came last stays until then, and when the same is asked
 * again in vain.
 * @param {string} path
 * @param {(got: any) => string} said what a screen reader hears of it
 */
export function useFetched(path, said) {
  const lang = useStore((s) => s.lang);
  const [found, setFound] = useState({ path: "", answer: /** @type {any} */ (null) });
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(true);
  const [again, setAgain] = useState(0);
  useEffect(() => {
    let stale = false;
    setBusy(true);
    setError("");
    api.get(path).then(
      (got) => {
        if (stale) return;
        setFound({ path, answer: got });
        setBusy(false);
        announce(said(got));
      },
      (problem) => {
        if (stale) return;
        // Figures of another question must not stand under this one.
        setFound((was) => (was.path === path ? was : { path, answer: null }));
        setError(reason(problem));
        setBusy(false);
      },
    );
    return () => {
      stale = true;
    };
  }, [path, lang, again]);
  return { answer: found.answer, error, busy, reload: () => setAgain((n) => n + 1) };
}

/**
 * Rows behind a figure: one came here by a link that is gone now, so reading goes on at the heading, also of the next page.
 * @param {string} path
 * @param {(got: any) => string} said
 * @param {string} heading id of the page's heading
 */
export function useRows(path, said, heading) {
  const found = useFetched(path, said);
  useEffect(() => {
    if (found.answer) document.getElementById(heading)?.focus();
  }, [found.answer]);
  return found;
}

/** @param {{text: string, onRetry: () => void}} props */
export const Failed = ({ text, onRetry }) => html`<div class="response__failed"><${Alert} text=${text} /><${Button} icon="refresh" onClick=${onRetry}>${t("action.try_again")}</></div>`;
