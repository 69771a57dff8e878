/** The code for making the administrator, which the manager prints in a link to the page. */

const PARAMETER = "setup";

/**
 * Takes the code out of the address, so that neither the address bar nor the history shows it.
 * @returns empty when there is none
 */
export function takeSetupCode(): string {
  const address = new URL(location.href);
  const code = address.searchParams.get(PARAMETER) ?? "";
  address.searchParams.delete(PARAMETER);
  if (address.href !== location.href) history.replaceState(history.state, "", address.href);
  return code;
}
