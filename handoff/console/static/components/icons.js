// @ts-check
// Line icons, 20 × 20, in the colour of the text. Always beside a text or inside a labelled control: hidden from screen readers.
import { html } from "../html.js";

/** @type {Record<string, string>} */
const PATHS = {
  inbox: "M3 11h4l1.5 2.5h3L13 11h4M3 11l2-6.5h10l2 6.5v4.5H3z",
  cases: "M5 3h7l3 3v11H5zM12 3v3h3M7.5 10h5M7.5 13h5",
  user: "M10 10a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM4 16.5c.8-3 3-4.5 6-4.5s5.2 1.5 6 4.5",
  robot: "M4.5 7.5h11v8h-11zM10 7.5V4M7.5 11v1M12.5 11v1M2.5 10.5v3M17.5 10.5v3",
  menu: "M3 5.5h14M3 10h14M3 14.5h14",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  back: "M12 4.5 6.5 10l5.5 5.5",
  right: "M8 4.5 13.5 10 8 15.5",
  close: "M5 5l10 10M15 5 5 15",
  check: "M4 10.5 8.2 15 16 5.5",
  send: "M3.5 10 16.5 4l-4 12.5-3-5.5zM9.5 11l3-3",
  take: "M10 3v9M6.5 8.5 10 12l3.5-3.5M4 13.5V17h12v-3.5",
  undo: "M7.5 5 4 8.5 7.5 12M4 8.5h8a4 4 0 0 1 0 8H9",
  swap: "M4 7h11M12 4l3 3-3 3M16 13H5M8 10l-3 3 3 3",
  expert: "M10 3.5 17.5 7 10 10.5 2.5 7zM5.5 8.5V13c2.5 2 6.5 2 9 0V8.5",
  pause: "M7.5 5v10M12.5 5v10",
  play: "M7 4.5v11l8.5-5.5z",
  done: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM7 10l2.2 2.3L13 8",
  search: "M9 14A5 5 0 1 0 9 4a5 5 0 0 0 0 10zM12.8 12.8 16.5 16.5",
  info: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 9.5v4M10 6.7v.1",
  warn: "M10 3.5 17.5 16h-15zM10 8.5v3.2M10 13.8v.1",
  bell: "M5.5 13.5V9a4.5 4.5 0 0 1 9 0v4.5l1.5 1.5H4zM8.5 17h3",
  gear: "M3 6h7M14 6h3M3 14h3M10 14h7M12 4v4M8 12v4",
  help: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM8 8.2a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.5M10 13.6v.1",
  out: "M8 4H4v12h4M8.5 10H17M14 7l3 3-3 3",
  download: "M10 3.5v9M6.5 9 10 12.5 13.5 9M4 16.5h12",
  refresh: "M16 5v4h-4M4 15v-4h4M15.5 9A6 6 0 0 0 5 6.5M4.5 11A6 6 0 0 0 15 13.5",
  clock: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM10 6v4.2l2.8 1.6",
  down: "M4.5 8 10 13.5 15.5 8",
  quiet: "M3 10.5h14v5H3zM6 10.5V7a4 4 0 0 1 8 0v3.5",
};

/** @param {{name: string, size?: number}} props */
export const Icon = ({ name, size = 18 }) => html`
  <svg class="icon" width=${size} height=${size} viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.6"
    stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false"><path d=${PATHS[name]} /></svg>`;
