// @ts-check
// Latvia's wall clock and the instants behind it: people plan in Riga's time, wherever their browser is.

const PARTS = new Intl.DateTimeFormat("en-GB", {
  timeZone: "Europe/Riga",
  hourCycle: "h23",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
});

/** @param {number} instant milliseconds @returns {string} `YYYY-MM-DDTHH:MM`, as a field for date and time holds it */
function wallClock(instant) {
  const part = Object.fromEntries(PARTS.formatToParts(instant).map((one) => [one.type, one.value]));
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}`;
}

/** @param {string|number} when an instant @returns {string} Riga's time for a field; "" for no instant */
export function toField(when) {
  const instant = new Date(when).getTime();
  return Number.isNaN(instant) ? "" : wallClock(instant);
}

/**
 * The instant of a time in Riga. Of an hour that the clock shows twice it is the first.
 * @param {string} field `YYYY-MM-DDTHH:MM`
 * @returns {string|null} ISO 8601 in UTC; null for no time, or one that the clock skips in spring
 */
export function fromField(field) {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(field)) return null;
  const asUtc = Date.parse(`${field}:00Z`);
  // Riga is two or three hours ahead of UTC: summer time first, which is also the first of two.
  for (const hours of [3, 2]) {
    const instant = asUtc - hours * 3600 * 1000;
    if (wallClock(instant) === field) return new Date(instant).toISOString();
  }
  return null;
}
