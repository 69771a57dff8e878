/** Logging in at an OpenID provider: the browser leaves the page, and comes back with a cookie that no script reads. */

const BEGIN = "/login/oidc";
const RETURN = /^#oidc(?:-error=([a-z-]+))?$/;
/** Whether the login shall outlive the tab: the page asks before it is left. */
const STAY = "discord-cloud.openid-stay";

export function leaveForProvider(stay: boolean) {
  sessionStorage.setItem(STAY, stay ? "yes" : "");
  location.assign(BEGIN);
}

/**
 * Takes out of the address that the browser comes from the provider.
 * @returns null when it does not
 */
export function takeReturn(): { error: string | null; stay: boolean } | null {
  const found = RETURN.exec(location.hash);
  if (!found) return null;
  history.replaceState(history.state, "", location.pathname + location.search);
  const stay = sessionStorage.getItem(STAY) === "yes";
  sessionStorage.removeItem(STAY);
  return { error: found[1] ?? null, stay };
}
