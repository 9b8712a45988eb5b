// @ts-check
// Pages that keep themselves true without frames of their own: fetched now, and again every few seconds while looked at.
import * as api from "./api.js";
import { serverNow } from "./clock.js";
import { useEffect, useRef, useState } from "./vendor/hooks.js";

/**
 * @typedef {object} Polled
 * @property {any} data what came last; null before anything came, and after another path was asked for
 * @property {api.ApiError|null} error of the last look; the data may be older then
 * @property {number} at when the data came, by the server's clock; 0 before
 * @property {() => void} reload looks again at once, or as soon as the look under way has brought its answer
 * @property {(data: any) => void} replace puts in what an action's answer brought; a look under way is let go
 */

/**
 * @param {string} path
 * @param {number} everyMs
 * @param {string} [again] looks anew when it changes (the language: the server's words come in it)
 * @returns {Polled}
 */
export function usePolled(path, everyMs, again = "") {
  const [now, setNow] = useState({ path, data: /** @type {any} */ (null), error: /** @type {api.ApiError|null} */ (null), at: 0 });
  const generation = useRef(0);
  const look = useRef(() => {});
  useEffect(() => {
    let over = false;
    let timer = 0;
    let looking = false;
    let anew = false;
    const next = () => {
      clearTimeout(timer);
      if (!over) timer = window.setTimeout(() => (document.visibilityState === "visible" ? look.current() : next()), everyMs);
    };
    look.current = async () => {
      clearTimeout(timer);
      // On a slow line an answer that comes late is shown all the same: whoever always waits for the next one sees none.
      if (looking) {
        anew = true;
        return;
      }
      looking = true;
      anew = false;
      const mine = generation.current;
      try {
        const data = await api.get(path);
        if (!over && mine === generation.current) setNow({ path, data, error: null, at: serverNow() });
      } catch (error) {
        if (!(error instanceof api.ApiError)) throw error;
        if (!over && mine === generation.current) setNow((was) => (was.path === path ? { ...was, error } : { path, data: null, error, at: 0 }));
      } finally {
        looking = false;
      }
      if (over) return;
      if (anew) look.current();
      else next();
    };
    const seen = () => {
      if (document.visibilityState === "visible") look.current();
    };
    document.addEventListener("visibilitychange", seen);
    look.current();
    return () => {
      over = true;
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [path, everyMs, again]);
  const current = now.path === path ? now : { data: null, error: null, at: 0 };
  return {
    data: current.data,
    error: current.error,
    at: current.at,
    reload: () => look.current(),
    replace(data) {
      generation.current += 1;
      setNow({ path, data, error: null, at: serverNow() });
      // What is on its way is older than this; it is asked for anew.
      look.current();
    },
  };
}
