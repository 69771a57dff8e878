/** Enrolling second factors, with a confirmation of who one is. */

import type { AppEnrolment, Enrolled } from "../../types/account.js";
import { deviceName } from "./device-name.js";
import { askManager } from "./http.js";
import { makePasskey } from "./passkeys.js";

export class Enrolment {
  #confirmation;

  /** @param confirmation good for some minutes */
  constructor(confirmation: string) {
    this.#confirmation = confirmation;
  }

  /** A new secret for an authenticator app. */
  async beginApp(): Promise<AppEnrolment> {
    return askManager("/account/factors/totp", { body: { confirmation: this.#confirmation } });
  }

  /** Enrols the app, which shows a code. */
  async finishApp(begun: AppEnrolment, code: string, label: string): Promise<Enrolled> {
    return finish("totp", { enrolment: begun.enrolment, code, label });
  }

  /** Makes a passkey, and enrols it. */
  async addPasskey(label: string): Promise<Enrolled> {
    const begun = await askManager("/account/factors/passkey", { body: { confirmation: this.#confirmation } });
    const passkey = await makePasskey(begun.passkey_options);
    return finish("passkey", { enrolment: begun.enrolment, passkey, label });
  }
}

async function finish(kind: "totp" | "passkey", body: object): Promise<Enrolled> {
  const session = { device: deviceName(navigator.userAgent), renewable: true };
  return askManager(`/account/factors/${kind}/finish`, { body: { ...body, ...session } });
}
