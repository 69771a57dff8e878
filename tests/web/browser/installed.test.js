/** The page as an app: without a network, after an update, and when other apps share files with it. */

import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startForkServer } from "../harness/fork-server.js";
import { Gate } from "../harness/gate.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const MANAGER = fileURLToPath(new URL("../../../manager", import.meta.url));

const set = stage({ isWhole: true });

/** Somebody whose browser keeps the page. */
async function keepsThePage() {
  const person = await Person.works(set.browser, set.cloud, set.token, { serviceWorkers: "allow" });
  await person.page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated");
  return person;
}

/** Where the page has its files. @param {Person} person */
function base(person) {
  return person.page.locator("script[src]").getAttribute("src");
}

test("the page opens without the manager, says so, and goes on once it is back; nothing of its user is kept", async () => {
  const person = await keepsThePage();
  const { page } = person;
  await person.uploads([{ name: "secret.txt", buffer: Buffer.from("between us") }]);
  await person.uploadsAreDone(1);
  await person.row("secret.txt").dblclick();
  await page.getByRole("dialog", { name: "secret.txt" }).getByText("between us").waitFor();
  const { port } = set.cloud;
  await set.cloud.down();
  await page.goto(`${set.cloud.url}/`);
  await page.getByRole("alert").getByText("You are offline").waitFor();
  const kept = await page.evaluate(async () => {
    const caches_ = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const requests = await Promise.all(caches_.map((cache) => cache.keys()));
    return requests.flat().map((request) => new URL(request.url).pathname);
  });
  assert.ok(kept.includes("/") && kept.length > 5);
  for (const pathname of kept) assert.match(pathname, /^\/(page\/[0-9a-f]{16}\/[\w-]+\.(js|css|svg))?$/);
  await set.cloud.up(port);
  await person.row("secret.txt").waitFor();
  await person.leaves();
});

/**
 * Makes a manager whose page has a viewer of another name, and so none of the page that runs.
 * @returns {Promise<string>} the folder to import it from
 */
async function makeUpdate() {
  const folder = await mkdtemp(path.join(tmpdir(), "discord-cloud-updated-"));
  await cp(MANAGER, path.join(folder, "manager"), { recursive: true, filter: (file) => !file.includes("__pycache__") });
  const bundle = path.join(folder, "manager", "page");
  const names = await readdir(bundle);
  const viewer = names.find((name) => name.startsWith("open-file")) ?? "";
  for (const name of names.filter((name) => name.endsWith(".js"))) {
    const script = await readFile(path.join(bundle, name), "utf8");
    await writeFile(path.join(bundle, name), script.replaceAll(viewer, "open-file-UPDATED0.js"));
  }
  await rename(path.join(bundle, viewer), path.join(bundle, "open-file-UPDATED0.js"));
  return folder;
}

test("after an update of the manager the page goes on with its own files, and offers to reload once uploads are done", async () => {
  const updated = await makeUpdate();
  const person = await keepsThePage();
  const { page } = person;
  const before = await base(person);
  const gate = await Gate.before(page);
  const { port } = set.cloud;
  await set.cloud.down();
  await person.uploads([{ name: "slow.txt", buffer: Buffer.from("slow") }]);
  await set.cloud.up(port, {}, await startForkServer({ PYTHONPATH: updated }));
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await gate.holds(1);
  await page.getByText("Reload the page once the uploads are done.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Reload" }).count(), 0);
  await gate.open();
  await person.uploadsAreDone(1);
  await person.row("slow.txt").dblclick();
  await page.getByRole("dialog", { name: "slow.txt" }).getByText("slow", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Reload" }).click();
  await page.getByText("A new version is ready.").waitFor({ state: "detached" });
  await person.row("slow.txt").waitFor();
  assert.notEqual(await base(person), before);
  await page.waitForFunction(async () => (await caches.keys()).length === 2);
  await set.cloud.down();
  await set.cloud.up(port);
  await person.leaves();
  await rm(updated, { recursive: true });
});

test("files that another app shares go into the folder that one chooses", async () => {
  const person = await keepsThePage();
  const { page } = person;
  await person.makesFolder("holiday");
  await page.evaluate(() => {
    const input = Object.assign(document.createElement("input"), { type: "file", name: "files", multiple: true });
    const transfer = new DataTransfer();
    for (const name of ["one.txt", "two.txt"]) transfer.items.add(new File([name], name));
    input.files = transfer.files;
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: "/page/shared-files", enctype: "multipart/form-data" });
    form.append(input);
    document.body.append(form);
    form.submit();
  });
  const dialog = page.getByRole("dialog", { name: "Upload 2 shared files" });
  await dialog.getByText("one.txt, two.txt").waitFor();
  assert.equal(new URL(page.url()).search, "");
  await dialog.getByRole("button", { name: "holiday" }).click();
  await dialog.getByText("No folders in here").or(dialog.locator(".folder-list .muted")).first().waitFor();
  await dialog.getByRole("button", { name: "Upload", exact: true }).click();
  await person.sees(["one.txt", "two.txt"]);
  await person.leaves();
});

test("the page can be installed as an app", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const devtools = await person.context.newCDPSession(person.page);
  const { url, errors, data } = await devtools.send("Page.getAppManifest");
  assert.match(url, /\/page\/[0-9a-f]{16}\/manifest\.webmanifest$/);
  assert.deepEqual(errors, []);
  assert.equal(JSON.parse(data ?? "{}").name, "discord-cloud");
  const { installabilityErrors } = await devtools.send("Page.getInstallabilityErrors");
  // The windows of tests keep nothing, and nothing is installed from those.
  assert.deepEqual(
    installabilityErrors.map(({ errorId }) => errorId),
    ["in-incognito"],
  );
  await person.leaves();
});
