/** A real `discord-cloud up` on a free port of this machine, with a data folder of its own. */

import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { env as environment } from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BIN = path.join(ROOT, ".venv/bin");
const run = promisify(execFile);

export const PASSWORD = "correct horse battery";

export class Cloud {
  /** @type {import("node:child_process").ChildProcess | null} */
  #process = null;
  #settings;
  url = "";
  /** Where the administrator is made, as it is printed; null while nothing was printed. @type {string | null} */
  setupLink = null;

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
   */
  async up(port, more = {}) {
    const process = spawn(path.join(BIN, "discord-cloud"), ["up", "--data", this.data, "--port", String(port)], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: ROOT,
      env: { ...environment, ...this.#settings, ...more },
    });
    this.#process = process;
    process.stderr?.on("data", (/** @type {Buffer} */ data) => {
      this.setupLink ??= /http:\S+setup=\S+/.exec(data.toString())?.[0] ?? null;
    });
    this.url = await readyUrl(process);
  }

  /** Ends it, as a crash or an update of the machine would; `up` goes on with the same data. */
  async down() {
    const process = this.#process;
    if (!process) return;
    this.#process = null;
    if (process.exitCode === null && process.signalCode === null) {
      const gone = new Promise((resolve) => process.once("exit", resolve));
      process.kill("SIGTERM");
      await gone;
    }
    // A worker that outlives it for a moment has the pipes as well, and would keep this process waiting for their end.
    process.stdout?.destroy();
    process.stderr?.destroy();
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

/**
 * @param {import("node:child_process").ChildProcess} process
 * @returns {Promise<string>}
 */
function readyUrl(process) {
  return new Promise((resolve, reject) => {
    let said = "";
    const hear = (/** @type {Buffer} */ data) => {
      said += data.toString();
      const ready = /ready (http:\S+)/.exec(said);
      if (ready?.[1]) resolve(ready[1]);
    };
    process.stdout?.on("data", hear);
    process.stderr?.on("data", hear);
    process.once("exit", (code) => reject(new Error(`discord-cloud ended with ${code}: ${said}`)));
  });
}
