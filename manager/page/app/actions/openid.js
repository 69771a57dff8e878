/** Logging in at an OpenID provider: the browser leaves the page, and comes back with a cookie that no script reads. */

const BEGIN = "/login/oidc";
const RETURN = /^#oidc(?:-error=([a-z-]+))?$/;
/** Whether the login shall outlive the tab: the page asks before it is left. */
const STAY = "discord-cloud.openid-stay";

/** @param {boolean} stay */
export function leaveForProvider(stay) {
  sessionStorage.setItem(STAY, stay ? "yes" : "");
  location.assign(BEGIN);
}

/**
 * Takes out of the address that the browser comes from the provider.
 * @returns {{ error: string | null, stay: boolean } | null} null when it does not
 */
export function takeReturn() {
  const found = RETURN.exec(location.hash);
  if (!found) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  const stay = sessionStorage.getItem(STAY) === "yes";
  sessionStorage.removeItem(STAY);
  return { error: found[1] ?? null, stay };
}
