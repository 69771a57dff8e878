/** Enrolling second factors, with a confirmation of who one is. */

/** @import { AppEnrolment, Enrolled } from "../../types/account.js" */
import { deviceName } from "./device-name.js";
import { askManager } from "./http.js";
import { makePasskey } from "./passkeys.js";

export class Enrolment {
  #confirmation;

  /** @param {string} confirmation good for some minutes */
  constructor(confirmation) {
    this.#confirmation = confirmation;
  }

  /**
   * A new secret for an authenticator app.
   * @returns {Promise<AppEnrolment>}
   */
  async beginApp() {
    return askManager("/account/factors/totp", { body: { confirmation: this.#confirmation } });
  }

  /**
   * Enrols the app, which shows a code.
   * @param {AppEnrolment} begun
   * @param {string} code
   * @param {string} label
   * @returns {Promise<Enrolled>}
   */
  async finishApp(begun, code, label) {
    return finish("totp", { enrolment: begun.enrolment, code, label });
  }

  /**
   * Makes a passkey, and enrols it.
   * @param {string} label
   * @returns {Promise<Enrolled>}
   */
  async addPasskey(label) {
    const begun = await askManager("/account/factors/passkey", { body: { confirmation: this.#confirmation } });
    const passkey = await makePasskey(begun.passkey_options);
    return finish("passkey", { enrolment: begun.enrolment, passkey, label });
  }
}

/**
 * @param {"totp" | "passkey"} kind
 * @param {object} body
 * @returns {Promise<Enrolled>}
 */
async function finish(kind, body) {
  const session = { device: deviceName(navigator.userAgent), renewable: true };
  return askManager(`/account/factors/${kind}/finish`, { body: { ...body, ...session } });
}
