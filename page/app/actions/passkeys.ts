/** Passkeys, as the browser has them (WebAuthn level 3). Options and answers are JSON, as the manager takes them. */

import { text } from "../text/text.js";

/** Whether the browser can: only where the page comes by HTTPS, or from this machine. */
export function hasPasskeys() {
  return typeof window.PublicKeyCredential?.parseRequestOptionsFromJSON === "function";
}

/** Makes a passkey. */
export async function makePasskey(options: PublicKeyCredentialCreationOptionsJSON) {
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  return answer(navigator.credentials.create({ publicKey }));
}

/** Asks for a passkey. */
export async function askForPasskey(options: PublicKeyCredentialRequestOptionsJSON) {
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  return answer(navigator.credentials.get({ publicKey }));
}

async function answer(asked: Promise<Credential | null>) {
  try {
    const credential = (await asked) as PublicKeyCredential;
    return credential.toJSON();
  } catch (error) {
    // A browser does not tell the page whether the user, time, or a missing passkey was the reason.
    const isKnown = error instanceof DOMException && error.name === "InvalidStateError";
    throw new Error(isKnown ? text.secondFactor.passkeyKnown : text.secondFactor.passkeyRefused);
  }
}
