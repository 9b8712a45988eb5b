// @ts-check
// Which platform and account is looked at, and who one is; it stands in the address, so that a reload changes nothing.

/** @typedef {import("./types.js").About} About */
/** @typedef {import("./types.js").Choice} Choice */

/** @type {import("./types.js").Channel[]} */
export const CHANNELS = ["facebook", "x", "telegram"];

/** @param {About} about @param {import("./types.js").Channel} channel */
export const firstAccount = (about, channel) => about.accounts.find((one) => one.channel === channel)?.id ?? "";

/** @param {About} about @returns {Choice} */
export function read(about) {
  const [channel, account, follower] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const known = CHANNELS.find((one) => one === channel) ?? "facebook";
  return {
    channel: known,
    account: (known === channel && account) || firstAccount(about, known),
    follower: about.followers.find((one) => one.key === follower)?.key ?? about.followers[0].key,
  };
}

/** @param {Choice} choice */
export const write = (choice) => history.replaceState(null, "", `#/${choice.channel}/${encodeURIComponent(choice.account)}/${choice.follower}`);
