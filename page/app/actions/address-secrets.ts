/** What a link to the page holds that nobody else may see: the code for making the administrator, or an invitation. */

/**
 * Takes it out of the address, so that neither the address bar nor the history shows it.
 * @param parameter `setup` or `invitation`
 * @returns empty when there is none
 */
export function takeSecret(parameter: "setup" | "invitation"): string {
  const address = new URL(location.href);
  const secret = address.searchParams.get(parameter) ?? "";
  address.searchParams.delete(parameter);
  if (address.href !== location.href) history.replaceState(history.state, "", address.href);
  return secret;
}
