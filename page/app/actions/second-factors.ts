/** One's own second factors. A change takes a confirmation of who one is, which is kept for its few minutes. */

import type { FactorList, Proof } from "../../types/account.js";
import { Enrolment } from "./enrolment.js";
import { askManager } from "./http.js";
import { askForPasskey } from "./passkeys.js";

/** For how long a confirmation is used: it is good for five minutes. */
const CONFIRMED_MS = 280_000;

export class SecondFactors {
  #confirmation = "";
  #confirmedUntil = 0;
  #token;

  constructor(token: () => Promise<string>) {
    this.#token = token;
  }

  async list(): Promise<FactorList> {
    return askManager("/account/factors", { token: await this.#token() });
  }

  /** Whether a change can be made without asking who one is. */
  get isConfirmed() {
    return Date.now() < this.#confirmedUntil;
  }

  /** Keeps a confirmation that was just made. */
  keep(confirmation: string) {
    this.#confirmation = confirmation;
    this.#confirmedUntil = Date.now() + CONFIRMED_MS;
  }

  forget() {
    this.#confirmedUntil = 0;
  }

  async confirmByPassword(password: string) {
    await this.#confirm({ password });
  }

  async confirmByCode(code: string) {
    const { challenge } = await this.#ask("/account/confirmation/options", {});
    await this.#confirm({ challenge, code });
  }

  async confirmByPasskey() {
    const { challenge, passkey_options: options } = await this.#ask("/account/confirmation/options", {});
    await this.#confirm({ challenge, passkey: await askForPasskey(options) });
  }

  /** What enrols with the confirmation. */
  get enrolment() {
    return new Enrolment(this.#confirmation);
  }

  async remove(id: string) {
    await askManager("/account/factors/remove", { body: { confirmation: this.#confirmation, id } });
  }

  /** New recovery codes, which replace the earlier ones. */
  async newRecoveryCodes(): Promise<string[]> {
    return (await askManager("/account/recovery-codes", { body: { confirmation: this.#confirmation } })).recovery_codes;
  }

  async #confirm(proof: Proof) {
    this.keep((await this.#ask("/account/confirmation", proof)).confirmation);
  }

  async #ask(path: string, body: object) {
    return askManager(path, { body, token: await this.#token() });
  }
}
