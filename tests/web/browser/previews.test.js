/** Looking into files. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { pdf, png, wav, webm } from "../harness/contents.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

const LINES = Array.from({ length: 12_000 }, (_, line) => `line ${line} of a long text`).join("\n");
const SCRIPT = "document.title = 'owned';\n";
const set = stage({ isWhole: true, prepare: furnish });

/** @param {import("../harness/stage.js").Stage} set */
async function furnish({ browser, cloud, token }) {
  const person = await Person.works(browser, cloud, token);
  await person.uploads([
    { name: "a picture.png", mimeType: "image/png", buffer: png(320, 200, (x, y) => [255 * x, 120, 255 * y]) },
    { name: "b film.webm", mimeType: "video/webm", buffer: await webm(person.page) },
    { name: "c tone.wav", mimeType: "audio/wav", buffer: wav(20) },
    { name: "d paper.pdf", mimeType: "application/pdf", buffer: pdf("Offer") },
    { name: "e text.txt", mimeType: "text/plain", buffer: Buffer.from(LINES) },
    { name: "f unknown.bin", buffer: Buffer.from([0, 1, 2, 3]) },
    { name: "h latin", buffer: Buffer.from("Gr\xfc\xdfe aus K\xf6ln", "latin1") },
    { name: "i wide.txt", mimeType: "text/plain", buffer: Buffer.from("\ufeffGrüße", "utf16le") },
    { name: "j data", buffer: Buffer.from([0, 1, 2, 3, 255, 254, 0, 7]) },
    { name: "k empty.txt", buffer: Buffer.alloc(0) },
    { name: "l script.js", buffer: Buffer.from(SCRIPT) },
    { name: "g page.html", mimeType: "text/html", buffer: Buffer.from("<script>parent.document.title='owned'</script>") },
  ]);
  await person.uploadsAreDone(12);
  await person.leaves();
}

/**
 * @param {string} name
 */
async function opens(name) {
  const person = await Person.works(set.browser, set.cloud, set.token, { at: `/#/?open=${encodeURIComponent(name)}` });
  const viewer = person.page.getByRole("dialog", { name });
  await viewer.waitFor();
  return { person, viewer };
}

test("a picture is shown, and the arrow keys go on to the next file", async () => {
  const { person, viewer } = await opens("a picture.png");
  await viewer.getByRole("img", { name: "a picture.png" }).waitFor();
  await person.page.waitForFunction(() =>
    [...document.images].some((each) => each.alt === "a picture.png" && each.naturalWidth === 320),
  );
  await person.page.keyboard.press("ArrowRight");
  await person.page.getByRole("dialog", { name: "b film.webm" }).waitFor();
  await person.page.keyboard.press("ArrowLeft");
  await viewer.waitFor();
  await person.page.keyboard.press("Escape");
  await viewer.waitFor({ state: "detached" });
  assert.ok(!person.page.url().includes("open"));
  await person.leaves();
});

test("details tell what processing found out, when it has", async () => {
  const { person } = await opens("a picture.png");
  await person.page.keyboard.press("Escape");
  const details = person.page.getByRole("complementary", { name: "Details" });
  await details.getByText("320 × 200").waitFor();
  await person.row("c tone.wav").click();
  await details.getByText("0:20").waitFor();
  await person.leaves();
});

test("films and music play", async () => {
  for (const [name, tag] of [
    ["b film.webm", "video"],
    ["c tone.wav", "audio"],
  ]) {
    const { person } = await opens(String(name));
    await person.page.waitForFunction((wanted) => {
      const player = /** @type {HTMLMediaElement | null} */ (document.querySelector(wanted));
      return player !== null && player.readyState >= 2;
    }, `dialog ${tag}`);
    await person.leaves();
  }
});

test("media is asked for by ranges", async () => {
  const { person } = await opens("k empty.txt");
  const ranged = person.page.waitForRequest((request) => "range" in request.headers() && request.url().includes("/content/"));
  await person.page.keyboard.press("Escape");
  await person.row("c tone.wav").dblclick();
  const response = await (await ranged).response();
  assert.equal(response?.status(), 206);
  await person.leaves();
});

test("a PDF is shown as a document", async () => {
  const { person, viewer } = await opens("d paper.pdf");
  const source = await viewer.locator("iframe").getAttribute("src");
  assert.match(source ?? "", /^blob:/);
  await person.leaves();
});

test("a long text is shown from its beginning, and goes on when that is wanted", async () => {
  const { person, viewer } = await opens("e text.txt");
  await viewer.getByText("line 0 of a long text").waitFor();
  const shown = () => viewer.locator("pre").evaluate((element) => element.textContent?.length ?? 0);
  assert.equal(await shown(), 128 * 1024);
  await viewer.getByRole("button", { name: /^Show more/ }).click();
  await person.page.waitForFunction((length) => document.querySelector("pre")?.textContent?.length === length, LINES.length);
  await person.leaves();
});

test("what cannot be shown can be downloaded, and pages are shown as text", async () => {
  const unknown = await opens("f unknown.bin");
  await unknown.viewer.getByText("No preview for files of this type").waitFor();
  const [download] = await Promise.all([
    unknown.person.page.waitForEvent("download"),
    unknown.viewer.locator(".blank").getByRole("button", { name: "Download" }).click(),
  ]);
  assert.equal(download.suggestedFilename(), "f unknown.bin");
  await unknown.person.leaves();
  const page = await opens("g page.html");
  await page.viewer.getByText("<script>").waitFor();
  assert.notEqual(await page.person.page.title(), "owned");
  await page.person.leaves();
});

test("texts are read in their encoding whatever their type, and empty files are said to be empty", async () => {
  for (const [name, words] of [
    ["h latin", "Grüße aus Köln"],
    ["i wide.txt", "Grüße"],
    ["j data", "No preview for files of this type"],
    ["k empty.txt", "This file is empty."],
  ]) {
    const { person, viewer } = await opens(String(name));
    await viewer.getByText(String(words)).waitFor();
    await person.leaves();
  }
});

test("a stored script does not run, whatever gets into the page that names it", async () => {
  const { person } = await opens("k empty.txt");
  await person.page.keyboard.press("Escape");
  const fetched = person.page.waitForRequest(
    (request) => request.url().includes("/content/") && request.resourceType() === "fetch",
  );
  await person.row("l script.js").dblclick();
  await person.page.getByRole("dialog", { name: "l script.js" }).getByText("owned").waitFor();
  const outcomes = await person.page.evaluate(
    async (address) => {
      const loads = (/** @type {string} */ type) =>
        new Promise((resolve) => {
          const script = Object.assign(document.createElement("script"), { src: address, type });
          script.onload = () => resolve("ran");
          script.onerror = () => resolve("refused");
          document.head.append(script);
        });
      const imported = import(address).then(
        () => "ran",
        () => "refused",
      );
      return [await loads(""), await loads("module"), await imported, document.title];
    },
    (await fetched).url(),
  );
  assert.deepEqual(outcomes, ["refused", "refused", "refused", "discord-cloud"]);
  const refusals = person.troubles.splice(0);
  assert.ok(refusals.length > 0 && refusals.every((text) => text.includes("Content Security Policy")), refusals.join());
  await person.leaves();
});
