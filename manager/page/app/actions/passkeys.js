/** Passkeys, as the browser has them (WebAuthn level 3). Options and answers are JSON, as the manager takes them. */

import { text } from "../text/text.js";

/** Whether the browser can: only where the page comes by HTTPS, or from this machine. */
export function hasPasskeys() {
  return typeof window.PublicKeyCredential?.parseRequestOptionsFromJSON === "function";
}

/**
 * Makes a passkey.
 * @param {PublicKeyCredentialCreationOptionsJSON} options
 */
export async function makePasskey(options) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return answer(navigator.credentials.create({ publicKey }));
}

/**
 * Asks for a passkey.
 * @param {PublicKeyCredentialRequestOptionsJSON} options
 */
export async function askForPasskey(options) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return answer(navigator.credentials.get({ publicKey }));
}

/** @param {Promise<Credential | null>} asked */
async function answer(asked) {
  try {
    const credential = /** @type {PublicKeyCredential} */ (await asked);
    return credential.toJSON();
  } catch (error) {
    // A browser does not tell the page whether the user, time, or a missing passkey was the reason.
    const isKnown = error instanceof DOMException && error.name === "InvalidStateError";
    throw new Error(isKnown ? text.secondFactor.passkeyKnown : text.secondFactor.passkeyRefused);
  }
}
