/** Names of users, as they are typed. */

const MAX_LENGTH = 16;
const NEVER_IN_NAMES = /[^A-Za-z0-9]/g;

/** What of a text may be a user's name, or a part of one. */
export function asUserName(typed: string) {
  return typed.replace(NEVER_IN_NAMES, "").slice(0, MAX_LENGTH);
}
