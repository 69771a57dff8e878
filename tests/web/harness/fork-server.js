/** Clouds forked from a process that has loaded all modules, which is ten times as quick as loading them for each. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import path from "node:path";
import { env } from "node:process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SCRIPT = fileURLToPath(new URL("fork_server.py", import.meta.url));
const ENDED = /\nexited -?\d+\n/;
export const BIN = path.join(ROOT, ".venv/bin");

/** @type {Promise<string> | undefined} */
let ofThisProcess;

/**
 * Starts a server, which ends with this process.
 * @param {Record<string, string>} [environment] of the interpreter, besides that of this process
 * @returns {Promise<string>} the path of its socket
 */
export async function startForkServer(environment = {}) {
  const server = spawn(path.join(BIN, "python"), [SCRIPT], {
    stdio: ["pipe", "pipe", "inherit"],
    cwd: ROOT,
    env: { ...env, ...environment },
  });
  const [socket] = await Promise.race([
    once(server.stdout, "data"),
    once(server, "exit").then(([code]) => Promise.reject(new Error(`the fork server ended with ${code}`))),
  ]);
  server.stdout.destroy();
  server.unref();
  /** @type {net.Socket} */ (server.stdin).unref();
  return String(socket).trim();
}

/** The server that all test files share, or one for this process where nobody has started that. @returns {Promise<string>} */
export function sharedForkServer() {
  return (ofThisProcess ??= env["FORK_SERVER"] ? Promise.resolve(env["FORK_SERVER"]) : startForkServer());
}

/** `discord-cloud` with some arguments, in a process of its own. */
export class Command {
  #connection;
  #printed = "";

  /** @param {net.Socket} connection */
  constructor(connection) {
    this.#connection = connection;
    connection.setEncoding("utf8").on("data", (text) => (this.#printed += text));
  }

  /**
   * @param {string} server
   * @param {string[]} args
   * @param {Record<string, string | undefined>} environment
   */
  static async start(server, args, environment) {
    const connection = net.connect({ path: server, allowHalfOpen: true });
    await once(connection, "connect");
    connection.write(`${JSON.stringify({ arguments: args, environment })}\n`);
    return new Command(connection);
  }

  /** What it has printed so far. */
  get printed() {
    return this.#printed;
  }

  /**
   * Waits until it has printed something.
   * @param {RegExp} pattern
   */
  async prints(pattern) {
    for (;;) {
      const found = pattern.exec(this.#printed);
      if (found) return found;
      if (ENDED.test(this.#printed) || this.#connection.readableEnded) throw new Error(`discord-cloud ended: ${this.#printed}`);
      const next = new AbortController();
      await Promise.race(["data", "end"].map((event) => once(this.#connection, event, { signal: next.signal })));
      next.abort();
    }
  }

  /** Ends it, as a crash or an update of the machine would, and waits for that. */
  async stop() {
    this.#connection.end();
    await this.prints(ENDED);
    // A worker that outlives it for a moment has the connection as well, and would keep this process waiting for its end.
    this.#connection.destroy();
  }
}
