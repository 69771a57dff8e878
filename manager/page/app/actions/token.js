/**
 * Where the token is kept: in this tab alone, or in this browser when somebody wants to stay logged in.
 * Either is out of reach of other sites; no script but the page's own runs here (docs/web.md).
 */

const KEY = "discord-cloud.token";

/** @returns {string | null} */
export function rememberedToken() {
  return sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
}

/**
 * @param {string} token
 * @param {boolean} stay
 */
export function rememberToken(token, stay) {
  forgetToken();
  (stay ? localStorage : sessionStorage).setItem(KEY, token);
}

/** Whether the token outlives this tab. */
export function staysLoggedIn() {
  return localStorage.getItem(KEY) !== null;
}

export function forgetToken() {
  sessionStorage.removeItem(KEY);
  localStorage.removeItem(KEY);
}
