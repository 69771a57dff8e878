/** Takes the pictures of the page for README and docs: `node tests/web/harness/pictures.js <folder>`. */

import { argv } from "node:process";
import path from "node:path";
import { Cloud } from "./cloud.js";
import { mp3, pdf, wav, zip } from "./contents.js";
import { openBrowser, Person, settles } from "./people.js";
import { photographs } from "./photographs.js";

/** @import { Page } from "playwright-core" */

const HEIGHT = 640;
const AMONG_FILES = ["Bay at dusk.jpg", "Harbour.jpg", "Northern lights.jpg"];
const NOTES = "# Trip to the islands\n\nThe ferry leaves at **seven**.\n";

const folder = argv[2] ?? "docs/images";
const [cloud, browser] = await Promise.all([Cloud.start(), openBrowser()]);
try {
  const token = await cloud.register("ada");
  await furnish(token);
  await onAComputer(token);
  await onAPhone(token);
} finally {
  await browser.close();
  await cloud.destroy();
}

/** @param {string} token */
async function furnish(token) {
  const person = await Person.works(browser, cloud, token);
  const { page } = person;
  for (const name of ["Archive", "Holidays \u{1F3D6}\uFE0F", "Projects", "Tax returns"]) await person.makesFolder(name);
  const taken = await photographs(page, HEIGHT);
  const pictures = Object.entries(taken).map(([name, buffer]) => ({ name, mimeType: "image/jpeg", buffer }));
  const files = [
    ...pictures.filter(({ name }) => AMONG_FILES.includes(name)),
    { name: "Contract.pdf", mimeType: "application/pdf", buffer: pdf("Contract") },
    { name: "Interview.wav", mimeType: "audio/wav", buffer: wav(40) },
    { name: "Notes from the trip.md", mimeType: "text/markdown", buffer: Buffer.from(NOTES) },
    { name: "Sources of the page.zip", mimeType: "application/zip", buffer: zip({ "notes.txt": Buffer.alloc(430_000, "n") }) },
    {
      name: "Song of the ferry.mp3",
      mimeType: "audio/mpeg",
      buffer: mp3({ title: "Song of the ferry", artist: "The Ferrymen", cover: taken["Bay at dusk.jpg"] ?? Buffer.alloc(0) }),
    },
  ];
  await person.uploads(files);
  await person.uploadsAreDone(files.length);
  await page.goto(`${cloud.url}/#/${encodeURIComponent("Holidays \u{1F3D6}\uFE0F")}`);
  await page.getByText("This folder is empty").waitFor();
  await person.uploads(pictures);
  await page
    .locator(".row")
    .nth(pictures.length - 1)
    .waitFor();
  await person.leaves();
}

/** @param {string} token */
async function onAComputer(token) {
  const person = await Person.works(browser, cloud, token);
  const { page } = person;
  await person.row("Harbour.jpg").click();
  await page.locator(".details-picture img").waitFor();
  await page.getByText("960 × 640").waitFor();
  await takes(page, "table-light.png");
  await page.emulateMedia({ colorScheme: "dark" });
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("img", { name: "Harbour.jpg" }).waitFor();
  await page.keyboard.press("i");
  await page.getByRole("dialog").getByText("960 × 640").waitFor();
  await takes(page, "viewer-dark.jpg");
  await person.leaves();
  const other = await Person.works(browser, cloud, token, { colorScheme: "dark", at: "/#/?view=grid" });
  await other.page.getByRole("button", { name: "Details" }).click();
  await other.page.getByRole("gridcell", { name: "Holidays" }).dblclick();
  await other.page.locator(".tile img").nth(6).waitFor();
  await other.page.mouse.move(640, 790);
  await takes(other.page, "tiles-dark.png");
  await other.leaves();
}

/** @param {string} token */
async function onAPhone(token) {
  const phone = { viewport: { width: 360, height: 740 }, deviceScaleFactor: 1.5, hasTouch: true, isMobile: true };
  const person = await Person.works(browser, cloud, token, phone);
  await person.row("Harbour.jpg").locator("img").waitFor();
  await takes(person.page, "narrow-light.png");
  await person.leaves();
}

/**
 * @param {Page} page
 * @param {string} name of the file; a photograph that fills the window is smaller as JPEG
 */
async function takes(page, name) {
  await page.waitForFunction(() => [...document.images].every((image) => image.complete));
  await settles(page);
  await page.screenshot({ path: path.join(folder, name), animations: "disabled" });
}
