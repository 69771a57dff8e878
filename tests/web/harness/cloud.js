/** A real `discord-cloud up` on a free port of this machine, with a data folder of its own. */

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { env as environment } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BIN, Command, sharedForkServer } from "./fork-server.js";

const run = promisify(execFile);

export const PASSWORD = "correct horse battery";

export class Cloud {
  /** @type {Command | null} */
  #command = null;
  #settings;
  url = "";

  /**
   * @param {string} data
   * @param {Record<string, string>} settings
   */
  constructor(data, settings) {
    this.data = data;
    this.#settings = settings;
  }

  /**
   * A cloud that nobody has used yet.
   * @param {{ asksForCode?: boolean, settings?: Record<string, string> }} [options] whether its first user needs the setup code, and
   *   further settings
   */
  static async start({ asksForCode = false, settings = {} } = {}) {
    const data = await mkdtemp(path.join(tmpdir(), "discord-cloud-web-"));
    const cloud = new Cloud(data, { SETUP_CODE: asksForCode ? "" : "none", ...settings });
    await cloud.up(0);
    return cloud;
  }

  /**
   * @param {number} port 0: any that is free
   * @param {Record<string, string>} [more] settings of this time
   * @param {string} [forkServer] of another release
   */
  async up(port, more = {}, forkServer) {
    this.#command = await Command.start(
      forkServer ?? (await sharedForkServer()),
      ["up", "--data", this.data, "--port", String(port)],
      { ...environment, ...this.#settings, ...more },
    );
    this.url = (await this.#command.prints(/ready (http:\S+)/))[1] ?? "";
  }

  /** Ends it, as a crash or an update of the machine would; `up` goes on with the same data. */
  async down() {
    await this.#command?.stop();
    this.#command = null;
  }

  /** Where the administrator is made; only of a cloud that has no user. */
  async setupLink() {
    return (await this.#command?.prints(/http:\S+setup=\S+/))?.[0] ?? "";
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  async destroy() {
    await this.down();
    await rm(this.data, { recursive: true, force: true });
  }

  /**
   * @param {string} username
   * @param {string} [adminToken] none for the first user
   */
  async register(username, adminToken) {
    await this.addsUser(username, adminToken);
    return this.login(username);
  }

  /**
   * @param {string} username
   * @param {string} [adminToken] none for the first user
   */
  async addsUser(username, adminToken) {
    await this.#post("/register", { username, password: PASSWORD, ...(adminToken && { adminToken }) });
  }

  /**
   * @param {string} name
   * @param {readonly string[]} members
   * @param {string} token of an administrator
   */
  async makesGroup(name, members, token) {
    await this.#post("/admin/groups", { name }, token);
    for (const user of members) await this.#post(`/admin/groups/${name}/members`, { user }, token);
  }

  /** @param {string} username */
  async login(username) {
    const { token } = await this.#post("/login", { username, password: PASSWORD });
    return /** @type {string} */ (token);
  }

  /**
   * The status with which a token or an app password is answered.
   * @param {string} credential
   */
  async statusOf(credential) {
    return (await fetch(`${this.url}/status`, { headers: { Authorization: `Bearer ${credential}` } })).status;
  }

  /**
   * Runs a Python script of this folder on the data.
   * @param {string} script
   * @param {...string} values
   */
  async python(script, ...values) {
    const file = fileURLToPath(new URL(script, import.meta.url));
    await run(path.join(BIN, "python"), [file, this.data, ...values]);
  }

  /**
   * @param {string} route
   * @param {object} body
   * @param {string} [token]
   */
  async #post(route, body, token) {
    const response = await fetch(this.url + route, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${route}: ${JSON.stringify(answer)}`);
    return answer;
  }
}
