/** Runs Node.js with the given arguments, and a fork server that all its test files share. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import process, { argv, execPath } from "node:process";
import { startForkServer } from "./fork-server.js";

const node = spawn(execPath, argv.slice(2), {
  stdio: "inherit",
  env: { ...process.env, FORK_SERVER: await startForkServer() },
});
const [code] = await once(node, "exit");
process.exitCode = code ?? 1;
