/** Uploads that were cut off go on: after a reload, in another window, and by themselves. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { Gate } from "../harness/gate.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const set = stage();
/** Three chunks, all different. */
const FILM = Buffer.concat([1, 2, 3].map((fill) => Buffer.alloc(8_000_000, fill)));
let folder = "";
let film = "";

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "discord-cloud-resuming-"));
  film = path.join(folder, "film.mkv");
  await writeFile(film, FILM);
});
after(() => rm(folder, { recursive: true }));

/**
 * @param {Person} person
 * @param {string} [name]
 */
const unfinished = (person, name = "film.mkv") => person.page.locator('.queue-row[data-state="kept"]').filter({ hasText: name });

/**
 * A new user of that name, in a folder of that name.
 * @param {string} folder
 */
async function worksIn(folder) {
  const token = await set.cloud.register(folder, set.token);
  const person = await Person.works(set.browser, set.cloud, token);
  await person.makesFolder(folder);
  await person.row(folder).dblclick();
  await person.page.getByText("This folder is empty").waitFor();
  return { person, token, gate: await Gate.before(person.page) };
}

/**
 * Waits until one chunk of a file is stored, and holds the others.
 * @param {Person} person
 * @param {Gate} gate
 */
async function storesOneChunk(person, gate) {
  await gate.holds(2);
  const stored = person.page.waitForResponse("**/upload");
  await gate.pass(1);
  await stored;
  await gate.holds(2);
}

/** @param {Person} person */
async function reloads(person) {
  await person.page.reload();
  await person.ready();
  await unfinished(person).waitFor();
}

/**
 * Counts chunks from now on that a service has stored.
 * @param {Person} person
 */
function storedFromNowOn({ context }) {
  let count = 0;
  context.on("response", (response) => {
    if (response.url().endsWith("/upload") && response.request().method() === "POST" && response.ok()) count += 1;
  });
  return {
    /** @param {number} wanted when the upload is over; the browser may tell of the last ones later than the page does */
    counts: async (wanted) => {
      if (count < wanted) await context.waitForEvent("response", () => count >= wanted);
      assert.equal(count, wanted);
    },
  };
}

/**
 * Chooses a file in the dialog that the button opens.
 * @param {Person} person
 * @param {string} file
 */
async function goesOnWith(person, file) {
  const chooser = person.page.waitForEvent("filechooser");
  await unfinished(person)
    .getByRole("button", { name: /^Resume.* film.mkv$/ })
    .click();
  await (await chooser).setFiles(file);
}

/** @param {Person} person who has the film in the list */
async function hasTheWholeFilm(person) {
  const [download] = await Promise.all([person.page.waitForEvent("download"), person.chooses("film.mkv", "Download")]);
  const hash = createHash("sha256");
  for await (const piece of await download.createReadStream()) hash.update(piece);
  assert.equal(hash.digest("hex"), createHash("sha256").update(FILM).digest("hex"));
}

test("after a reload the file is chosen again, no other one is taken, and only what is missing is sent", async () => {
  const { person, gate } = await worksIn("reloaded");
  await person.page.setInputFiles("#pick-files", film);
  await storesOneChunk(person, gate);
  await reloads(person);
  await unfinished(person).getByText("10.0 / 22.9 MiB stored · In /reloaded").waitFor();
  await unfinished(person)
    .getByText(/^Kept until/)
    .waitFor();
  const other = path.join(folder, "other.mkv");
  await writeFile(other, Buffer.alloc(FILM.length, 9));
  await goesOnWith(person, other);
  await unfinished(person).getByRole("alert").getByText("“other.mkv” is another file").waitFor();
  const changed = path.join(folder, "changed", "film.mkv");
  await mkdir(path.dirname(changed));
  await writeFile(changed, FILM);
  await utimes(changed, 1, 1);
  await goesOnWith(person, changed);
  await unfinished(person).getByRole("alert").getByText("“film.mkv” was changed").waitFor();
  const stored = storedFromNowOn(person);
  await gate.open();
  await goesOnWith(person, film);
  await person.uploadsAreDone(1);
  await stored.counts(2);
  await hasTheWholeFilm(person);
  await person.leaves();
});

test("where the browser remembers the file, one click goes on", async () => {
  const { person, gate } = await worksIn("remembered");
  // Files of the page's own file system have the handles that the dialog would give.
  await person.context.addInitScript(() => {
    window.showOpenFilePicker = async () => [await (await navigator.storage.getDirectory()).getFileHandle("film.mkv")];
  });
  await person.page.reload();
  await person.page.evaluate(async () => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle("film.mkv", { create: true });
    const writing = await handle.createWritable();
    for (const fill of [1, 2, 3]) await writing.write(new Uint8Array(8_000_000).fill(fill));
    await writing.close();
  });
  await person.page.getByRole("button", { name: "Upload files" }).click();
  await storesOneChunk(person, gate);
  await reloads(person);
  const stored = storedFromNowOn(person);
  await gate.open();
  await unfinished(person)
    .getByRole("button", { name: /^Resume.* film.mkv$/ })
    .press("Enter");
  await person.uploadsAreDone(1);
  await stored.counts(2);
  await hasTheWholeFilm(person);
  await person.leaves();
});

test("cancelled uploads are tried again at once, also after a reload where the browser remembers their files", async () => {
  const { person, gate } = await worksIn("regretted");
  const { page } = person;
  await person.context.addInitScript(() => {
    window.showOpenFilePicker = async () => {
      const folder = await navigator.storage.getDirectory();
      return Promise.all(["one.txt", "two.txt"].map((name) => folder.getFileHandle(name)));
    };
  });
  await page.reload();
  await page.evaluate(async () => {
    for (const name of ["one.txt", "two.txt"]) {
      const handle = await (await navigator.storage.getDirectory()).getFileHandle(name, { create: true });
      const writing = await handle.createWritable();
      await writing.write(name);
      await writing.close();
    }
  });
  const cancelled = page.locator('.queue-row[data-state="cancelled"]');
  await page.getByRole("button", { name: "Upload files" }).click();
  await gate.holds(1);
  await person.cancelsAllUploads();
  await cancelled.nth(1).waitFor();
  await page.getByText("2 uploads cancelled").waitFor();
  await page.getByRole("button", { name: "Retry cancelled" }).click();
  await gate.holds(2);
  await person.cancelsAllUploads();
  await cancelled.nth(1).waitFor();
  await page.reload();
  await page.getByText("2 uploads cancelled").waitFor();
  await gate.open();
  await page.getByRole("button", { name: "Retry one.txt" }).click();
  await person.sees(["one.txt"]);
  await page.reload();
  await cancelled.getByText("two.txt").waitFor();
  assert.equal(await cancelled.count(), 1);
  await page.getByRole("button", { name: "Clear list" }).click();
  await cancelled.waitFor({ state: "detached" });
  await page.reload();
  await person.sees(["one.txt"]);
  assert.equal(await cancelled.count(), 0);
  await person.leaves();
});

test("an upload that is dropped is gone, and so is one that another file takes the place of, which is told", async () => {
  const { person, gate } = await worksIn("dropped");
  const draft = path.join(folder, "draft.mkv");
  await writeFile(draft, Buffer.alloc(FILM.length, 8));
  await person.page.setInputFiles("#pick-files", [film, draft]);
  await storesOneChunk(person, gate);
  await gate.holds(4);
  await reloads(person);
  await unfinished(person).getByRole("button", { name: "Discard the upload of film.mkv" }).press("Enter");
  await unfinished(person).waitFor({ state: "detached" });
  await unfinished(person, "draft.mkv").waitFor();
  await gate.open();
  await person.uploads([{ name: "draft.mkv", buffer: Buffer.from("done") }]);
  await person.page.getByText("draft.mkv has changed since its upload began").waitFor();
  await person.uploadsAreDone(1);
  const listed = person.page
    .waitForEvent("websocket")
    .then((socket) => socket.waitForEvent("framereceived", (frame) => String(frame.payload).includes("s2c:kept-uploads")));
  await person.page.reload();
  await listed;
  await person.ready();
  assert.equal(await unfinished(person, "").count(), 0);
  await person.leaves();
});

test("whoever picks the same file in another window goes on there, and the first window says so", async () => {
  const { person, token, gate } = await worksIn("elsewhere");
  await person.page.setInputFiles("#pick-files", film);
  await storesOneChunk(person, gate);
  const other = await Person.works(set.browser, set.cloud, token, { at: "/#/elsewhere" });
  await unfinished(other).getByText("Is being uploaded elsewhere").waitFor();
  // What is seen on a button is said of it as well.
  await unfinished(other).getByRole("button", { name: "Resume here: film.mkv", exact: true }).waitFor();
  const stored = storedFromNowOn(other);
  await other.page.setInputFiles("#pick-files", film);
  await person.page.locator('.queue-row[data-state="elsewhere"]').getByText("Continued elsewhere").waitFor();
  await other.uploadsAreDone(1);
  await stored.counts(2);
  await hasTheWholeFilm(other);
  await gate.open();
  await other.leaves();
  await person.leaves();
});

/**
 * Somebody whose upload meets its name in a folder where that was free when it began.
 * @param {string} folder
 */
async function meetsItsName(folder) {
  const { person, token, gate } = await worksIn(folder);
  await person.page.setInputFiles("#pick-files", film);
  await storesOneChunk(person, gate);
  const other = await Person.works(set.browser, set.cloud, token, { at: `/#/${folder}` });
  await other.uploads([{ name: "film.mkv", buffer: Buffer.from("short") }]);
  await other.row("film.mkv").waitFor();
  await other.leaves();
  await gate.open();
  const question = person.page.getByRole("dialog", { name: "Name already exists" });
  await question.waitFor();
  return { person, question };
}

test("a question about a taken name is asked again after a reload, and needs no file", async () => {
  const { person, question } = await meetsItsName("asked");
  await person.page.reload();
  await question.getByRole("button", { name: /^Keep both/ }).click();
  await person.sees(["film (1).mkv", "film.mkv"]);
  await person.leaves();
});

test("when the manager was away the upload goes on by itself, with what is missing", async () => {
  const { person, gate } = await worksIn("restarted");
  await person.page.setInputFiles("#pick-files", film);
  await storesOneChunk(person, gate);
  const { port } = set.cloud;
  await set.cloud.down();
  await person.page.locator('.queue-row[data-state="waiting"]').getByText("Waiting · 10.0 / 22.9 MiB").waitFor();
  const stored = storedFromNowOn(person);
  await gate.open();
  await set.cloud.up(port);
  await person.uploadsAreDone(1);
  await stored.counts(2);
  await hasTheWholeFilm(person);
  await person.leaves();
});

test("a question about a taken name is asked again when the manager is back, also after a reload", async () => {
  const { person, question } = await meetsItsName("askedanew");
  const { port } = set.cloud;
  await set.cloud.down();
  await question.waitFor({ state: "detached" });
  await set.cloud.up(port);
  await question.waitFor();
  await person.page.reload();
  await question.getByRole("button", { name: /^Keep both/ }).click();
  await person.sees(["film (1).mkv", "film.mkv"]);
  await person.leaves();
});
