/** A real OpenID provider, in a process of its own. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("../../manager/openid/provider.js", import.meta.url));

export class OpenIdProvider {
  #process;

  /**
   * @param {import("node:child_process").ChildProcess} process
   * @param {string} url
   */
  constructor(process, url) {
    this.#process = process;
    this.url = url;
  }

  static async start() {
    const process = spawn("node", [SCRIPT], { stdio: ["pipe", "pipe", "ignore"] });
    const url = await new Promise((resolve, reject) => {
      process.stdout.once("data", (/** @type {Buffer} */ data) => resolve(data.toString().trim()));
      process.once("exit", () => reject(new Error("the provider has not started")));
    });
    return new OpenIdProvider(process, url);
  }

  /** What a manager needs to know of it. */
  get settings() {
    return {
      OIDC_ISSUER: this.url,
      OIDC_CLIENT_ID: "discord-cloud",
      OIDC_CLIENT_SECRET: "a secret+of/the client",
      OIDC_NAME: "Example",
      OIDC_CREATE_USERS: "true",
    };
  }

  /** @param {{ redirect_uri?: string, account?: Record<string, unknown> }} wanted */
  async change(wanted) {
    await fetch(`${this.url}/control`, { method: "POST", body: JSON.stringify(wanted) });
  }

  stop() {
    this.#process.kill();
  }
}
