/** The viewer: what is shown of files, and what can be done there. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { mp3, pdf, png, tar, tiff, webm, zip } from "../harness/contents.js";
import { Person } from "../harness/people.js";
import { stage } from "../harness/stage.js";

/** @import { Locator, Page } from "playwright-core" */

const MARKDOWN = `# Plan

The **ferry** leaves, says [the page](https://example.com/ferry).
[run](javascript:document.title='owned') [run too](data:text/html,<script>parent.document.title='owned'</script>)
<a href="javascript:document.title='owned'">and this</a> <a href="/page/first-start">here</a>
<script>document.title = "owned"</script>
<img src="/nothing" onerror="document.title = 'owned'" alt="a broken one">
<svg onload="document.title = 'owned'"></svg><iframe srcdoc="<script>parent.document.title='owned'</script>"></iframe>
<form action="/logout" id="app" name="body"><input name="attributes"></form>
<div id="content" class="toast" onclick="document.title = 'owned'">a div</div>

- [x] cabin booked
- [ ] tent packed

![a map](https://example.com/map.png)
![a dot](data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==)

| left | right |
| --- | ---: |
| 1 | 2 |

\`\`\`js
const answer = 42;
\`\`\`
`;
const LONG = "a line of a very long text\n".repeat(110_000);
const ROWS = ["name;amount", ...Array.from({ length: 700 }, (_, row) => `"row; ${row}";${row}`)].join("\n");
const BACKUP = { "docs/": Buffer.alloc(0), "docs/letter.txt": Buffer.from("Dear all"), "film.bin": Buffer.alloc(1_200_000) };
const noise = (/** @type {number} */ value) => (Math.sin(value * 78_233) * 43_758) % 1;
/** Of no pattern, so that the file is too large to be shown where a view will do. */
const LARGE = png(1700, 400, (x, y) => [200 * x + 40 * noise(x + 7 * y), 120, 200 * y + 40 * noise(3 * x + y)]);
const FILES = [
  { name: "a large.png", mimeType: "image/png", buffer: LARGE },
  { name: "b notes.txt", mimeType: "text/plain", buffer: Buffer.from("some notes") },
  { name: "c small.png", mimeType: "image/png", buffer: png(300, 200, (x) => [250 * x, 90, 90]) },
  { name: "d scan.tiff", mimeType: "image/tiff", buffer: tiff(640, 480) },
  { name: "e plan.md", mimeType: "text/markdown", buffer: Buffer.from(MARKDOWN) },
  { name: "f code.py", mimeType: "text/x-python", buffer: Buffer.from("def total(rows):\n    return '<b>' + sum(rows)\n") },
  { name: "g table.csv", mimeType: "text/csv", buffer: Buffer.from(ROWS) },
  { name: "h long.txt", mimeType: "text/plain", buffer: Buffer.from(LONG) },
  { name: "i backup.zip", mimeType: "application/zip", buffer: zip(BACKUP) },
  { name: "j backup.tar", mimeType: "application/x-tar", buffer: tar(BACKUP) },
  { name: "k backup.tar.gz", mimeType: "application/gzip", buffer: gzipSync(tar(BACKUP)) },
  { name: "l damaged.zip", mimeType: "application/zip", buffer: Buffer.alloc(3000, "PK") },
  { name: "m offer.pdf", mimeType: "application/pdf", buffer: pdf("Our offer", "你好") },
  {
    name: "n song.mp3",
    mimeType: "audio/mpeg",
    buffer: mp3({ title: "Harbour song", artist: "The Ferrymen", cover: png(40, 40, (x) => [90, 250 * x, 90]) }),
  },
];
const set = stage({ prepare: furnish });

/** @param {import("../harness/stage.js").Stage} set */
async function furnish({ browser, cloud, token }) {
  const person = await Person.works(browser, cloud, token);
  const film = { name: "o film.webm", mimeType: "video/webm", buffer: await webm(person.page) };
  await person.uploads([...FILES, film]);
  await person.uploadsAreDone(FILES.length + 1);
  const views = {
    ...{ "a large.png": "preview", "c small.png": "thumbnail", "d scan.tiff": "preview" },
    ...{ "m offer.pdf": "first-page", "n song.mp3": "cover", [film.name]: "poster" },
  };
  await person.page.evaluate(
    async ({ views, token }) => {
      const hasView = async (/** @type {[string, string]} */ [name, view]) => {
        const query = new URLSearchParams({ path: "/", name });
        const response = await fetch(`/page/metadata?${query}`, { headers: { Authorization: `Bearer ${token}` } });
        return (await response.json()).views.includes(view);
      };
      while (!(await Promise.all(Object.entries(views).map(hasView))).every(Boolean)) await new Promise(requestAnimationFrame);
    },
    { views, token },
  );
  await person.leaves();
}

/**
 * @param {string} name
 * @param {Parameters<typeof Person.works>[3]} [options]
 */
async function opens(name, options = {}) {
  const person = await Person.works(set.browser, set.cloud, set.token, {
    at: `/#/?open=${encodeURIComponent(name)}`,
    ...options,
  });
  return { person, page: person.page, viewer: await showing(person.page, name) };
}

/**
 * @param {Page} page
 * @param {string} name
 */
async function showing(page, name) {
  const viewer = page.getByRole("dialog", { name, exact: true });
  await viewer.waitFor();
  return viewer;
}

/**
 * The picture on the stage, once it is there.
 * @param {Locator} viewer
 * @param {string} name
 */
async function pictureIn(viewer, name) {
  const picture = viewer.getByRole("img", { name });
  await picture.waitFor();
  return {
    picture,
    source: () => picture.evaluate((element) => /** @type {HTMLImageElement} */ (element).currentSrc),
    width: async () => (await picture.boundingBox())?.width ?? 0,
  };
}

/**
 * Waits until a picture is as large as that, compared with its size before.
 * @param {Page} page
 * @param {string} name
 * @param {{ from: number, to: number }} width in pixels
 */
async function isAsWide(page, name, { from, to }) {
  await page.waitForFunction(
    ({ alt, from, to }) => {
      const width = document.querySelector(`img[alt="${alt}"]`)?.getBoundingClientRect().width ?? 0;
      return width >= from && width <= to;
    },
    { alt: name, from, to },
  );
}

test("a large picture is shown by its view, and by the original when somebody zooms in", async () => {
  const name = "a large.png";
  const { person, page, viewer } = await opens(name);
  const { source, width } = await pictureIn(viewer, name);
  assert.match(await source(), /\/preview\?/);
  await isAsWide(page, name, { from: 600, to: 1280 });
  const whole = await width();
  const original = page.waitForRequest((request) => /\/content\/\d+\/\d+\?/.test(request.url()));
  await page.mouse.move(640, 400);
  await page.mouse.wheel(0, -500);
  await original;
  await isAsWide(page, name, { from: whole * 1.8, to: Infinity });
  await page.mouse.dblclick(640, 400);
  await isAsWide(page, name, { from: 0, to: whole + 1 });
  await page.mouse.dblclick(640, 400);
  await isAsWide(page, name, { from: whole * 1.8, to: Infinity });
  await page.keyboard.press("0");
  await isAsWide(page, name, { from: 0, to: whole + 1 });
  await viewer.getByRole("button", { name: "Zoom out", disabled: true }).waitFor();
  await viewer.getByRole("button", { name: "Zoom in" }).click();
  await isAsWide(page, name, { from: whole * 1.5, to: whole * 1.7 });
  await page.keyboard.press("-");
  await isAsWide(page, name, { from: 0, to: whole + 1 });
  await person.leaves();
});

test("two fingers zoom a picture, and one moves it then instead of going on to the next file", async () => {
  const name = "c small.png";
  const { person, page, viewer } = await opens(name, { hasTouch: true, isMobile: true, viewport: { width: 390, height: 800 } });
  const { width } = await pictureIn(viewer, name);
  const whole = await width();
  const devtools = await person.context.newCDPSession(page);
  const touch = (/** @type {"touchStart" | "touchMove" | "touchEnd"} */ type, /** @type {number[]} */ ...xs) =>
    devtools.send("Input.dispatchTouchEvent", { type, touchPoints: xs.map((x, id) => ({ x, y: 420, id })) });
  await touch("touchStart", 170, 220);
  for (const apart of [40, 80, 120]) await touch("touchMove", 170 - apart, 220 + apart);
  await touch("touchEnd");
  await isAsWide(page, name, { from: whole * 1.5, to: Infinity });
  await touch("touchStart", 300);
  for (const x of [240, 180, 120]) await touch("touchMove", x);
  await touch("touchEnd");
  assert.ok(await viewer.isVisible());
  await person.leaves();
});

test("pictures that browsers do not show are shown by their view, and animated and small ones as they are", async () => {
  const { person, page, viewer } = await opens("d scan.tiff");
  assert.match(await (await pictureIn(viewer, "d scan.tiff")).source(), /\/preview\?/);
  await page.keyboard.press("ArrowLeft");
  const small = await showing(page, "c small.png");
  assert.match(await (await pictureIn(small, "c small.png")).source(), /\/content\/\d+\/\d+\?/);
  await person.leaves();
});

test("pictures before and after are loaded in advance", async () => {
  const { person, page, viewer } = await opens("f code.py");
  await viewer.locator("pre").waitFor();
  const loaded = page.waitForRequest((request) => request.url().includes("/preview?"));
  await page.keyboard.press("ArrowLeft");
  await (await showing(page, "e plan.md")).getByRole("cell", { name: "2", exact: true }).waitFor();
  await loaded;
  // The policy of the page keeps what is in the Markdown from running, and says so.
  person.troubles = person.troubles.filter((report) => !report.includes("Content Security Policy"));
  await person.leaves();
});

test("a slide show goes from picture to picture, can be paused, and ends with the last one", async () => {
  const { person, page, viewer } = await opens("a large.png");
  await pictureIn(viewer, "a large.png");
  await viewer.getByRole("button", { name: "Start slide show" }).click();
  await page.clock.fastForward(5_000);
  const small = await showing(page, "c small.png");
  await pictureIn(small, "c small.png");
  await small.getByRole("button", { name: "Pause slide show" }).click();
  await page.clock.fastForward(30_000);
  await small.getByRole("button", { name: "Start slide show" }).click();
  await page.clock.fastForward(5_000);
  const scan = await showing(page, "d scan.tiff");
  await pictureIn(scan, "d scan.tiff");
  await page.clock.fastForward(5_000);
  await scan.getByRole("button", { name: "Start slide show" }).waitFor();
  await person.leaves();
});

test("sound has its cover and title, and a film its poster", async () => {
  const { person, page, viewer } = await opens("n song.mp3");
  await viewer.getByText("Harbour song").waitFor();
  await viewer.getByText("The Ferrymen").waitFor();
  await page.waitForFunction(() => [...document.images].some((each) => each.naturalWidth === 40));
  await page.keyboard.press("ArrowRight");
  const film = await showing(page, "o film.webm");
  await film.locator('video[poster*="/poster?"]').waitFor();
  await person.leaves();
});

test("a PDF is drawn page by page where the browser does not show PDFs, and its words can be read aloud", async () => {
  const { person, page } = await opens("n song.mp3");
  /** @type {string[]} */
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.evaluate(() => Object.defineProperty(navigator, "pdfViewerEnabled", { value: false }));
  await page.keyboard.press("ArrowLeft");
  const viewer = await showing(page, "m offer.pdf");
  await viewer.getByRole("img", { name: "Page 1" }).waitFor();
  await viewer.getByText("Our offer").waitFor();
  const isDrawn = await viewer.locator("canvas").evaluate((element) => {
    const canvas = /** @type {HTMLCanvasElement} */ (element);
    const pixels = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data ?? [];
    return pixels.some((value, at) => at % 4 === 0 && value < 100);
  });
  assert.ok(isDrawn);
  // What is not in the file comes from this origin: encodings of Chinese, Japanese and Korean, and fonts of symbols.
  await viewer.getByText("你好").waitFor();
  const resources = asked.filter((url) => /bcmap|pfb/.test(url));
  assert.deepEqual(resources.map((url) => url.replace(/^http:.*\/page\/[0-9a-f]{16}\//, "")).sort(), [
    "pdf/Adobe-GB1-UCS2.bcmap",
    "pdf/FoxitDingbats.pfb",
    "pdf/UniGB-UCS2-H.bcmap",
  ]);
  await person.leaves();
});

test("Markdown is rendered, and nothing in it runs, loads, or leads anywhere unseen", async () => {
  const { person, page } = await opens("f code.py");
  /** @type {string[]} */
  const asked = [];
  page.on("request", (request) => asked.push(new URL(request.url()).pathname));
  await page.keyboard.press("ArrowLeft");
  const viewer = await showing(page, "e plan.md");
  await viewer.getByRole("heading", { name: "Plan" }).waitFor();
  await viewer.locator(".hljs-keyword").getByText("const").waitFor();
  const link = viewer.getByRole("link", { name: "the page" });
  assert.deepEqual(await Promise.all(["href", "target", "rel"].map((name) => link.getAttribute(name))), [
    "https://example.com/ferry",
    "_blank",
    "noopener noreferrer nofollow",
  ]);
  await viewer.getByRole("listitem").getByText("\u2611 cabin booked").waitFor();
  await viewer.getByRole("listitem").getByText("\u2610 tent packed").waitFor();
  await viewer.getByRole("link", { name: "a map" }).waitFor();
  await viewer.getByRole("img", { name: "a dot" }).waitFor();
  await viewer.getByRole("cell", { name: "2", exact: true }).waitFor();
  const found = await viewer.locator(".markdown").evaluate((root) => ({
    links: [...root.querySelectorAll("a[href]")].map((each) => each.getAttribute("href")),
    forbidden: root.querySelectorAll("script, style, svg, iframe, form, input, [id], [name], [style], [srcset], .toast").length,
    handlers: [...root.querySelectorAll("*")].flatMap((each) => each.getAttributeNames()).filter((name) => name.startsWith("on")),
    images: [...root.querySelectorAll("img")].map((each) => each.src.slice(0, 15)),
  }));
  assert.deepEqual(found, {
    links: ["https://example.com/ferry", "https://example.com/map.png"],
    forbidden: 0,
    handlers: [],
    images: ["data:image/png;"],
  });
  await viewer.getByText("and this").click();
  await viewer.getByText("a div").click();
  assert.equal(await page.title(), "discord-cloud");
  assert.ok(!asked.some((path) => path.includes("nothing") || path.includes("map.png")), asked.join());
  await viewer.getByRole("button", { name: "Text", exact: true }).click();
  await viewer.getByText("<script>").first().waitFor();
  // The browser reports what the policy of the page has kept from running while it was sanitised.
  const reports = person.troubles.splice(0);
  assert.ok(
    reports.every((report) => report.includes("Content Security Policy")),
    reports.join(),
  );
  await person.leaves();
});

test("code is coloured, and stays text", async () => {
  const { person, viewer } = await opens("f code.py");
  await viewer.locator(".hljs-keyword").getByText("return").waitFor();
  assert.equal(await viewer.locator("pre").textContent(), "def total(rows):\n    return '<b>' + sum(rows)\n");
  await person.leaves();
});

test("a table is shown as one, as far as anybody reads it", async () => {
  const { person, viewer } = await opens("g table.csv");
  await viewer.getByRole("columnheader", { name: "amount" }).waitFor();
  await viewer.getByRole("cell", { name: "row; 7", exact: true }).waitFor();
  assert.equal(await viewer.locator("tbody tr").count(), 500);
  await viewer.getByText("The first 500 rows and 2 columns.").waitFor();
  await person.leaves();
});

test("of a long text no more is loaded than a page can bear", async () => {
  const { person, page, viewer } = await opens("h long.txt");
  for (const shown of ["128", "512"]) {
    await viewer.getByText(`This is the beginning: ${shown} KiB`).waitFor();
    await viewer.getByRole("button", { name: /^Show more/ }).click();
  }
  await viewer.getByText("This is the beginning: 2.0 MiB of 2.8 MiB.").waitFor();
  await viewer.getByText("Download the file to see all of it.").waitFor();
  assert.equal(await viewer.getByRole("button", { name: /^Show more/ }).count(), 0);
  assert.equal(await page.evaluate(() => document.querySelector("dialog pre")?.textContent?.length), 2 ** 21);
  await person.leaves();
});

test("what is in archives is listed, without loading them", async () => {
  for (const name of ["i backup.zip", "j backup.tar", "k backup.tar.gz"]) {
    const { person, page, viewer } = await opens("h long.txt");
    await viewer.getByText("This is the beginning").waitFor();
    let loaded = 0;
    page.on("response", (response) => {
      if (response.url().includes("/content/")) loaded += Number(response.headers()["content-length"]);
    });
    await page.evaluate((hash) => void (location.hash = hash), `#/?open=${encodeURIComponent(name)}`);
    const archive = await showing(page, name);
    await archive.getByRole("row", { name: /^docs\/letter\.txt 8 B/ }).waitFor();
    await archive.getByRole("row", { name: /^film\.bin 1\.1 MiB/ }).waitFor();
    assert.ok(loaded > 0 && loaded < 700_000, `${name}: ${loaded} bytes`);
    await person.leaves();
  }
  const damaged = await opens("l damaged.zip");
  await damaged.viewer.getByText("The contents of this archive cannot be listed.").waitFor();
  await damaged.person.leaves();
});

test("details, sharing and links are there while the file is open, and Escape closes one after the other", async () => {
  const { person, page, viewer } = await opens("c small.png");
  await pictureIn(viewer, "c small.png");
  await page.keyboard.press("i");
  const facts = viewer.getByRole("complementary", { name: "Details" });
  await facts.getByText("300 × 200").waitFor();
  for (const [button, dialog] of /** @type {const} */ ([
    ["Share", /Share/],
    ["Copy a link", /link/i],
  ])) {
    await viewer.getByRole("button", { name: button, exact: true }).click();
    const above = page.getByRole("dialog", { name: dialog });
    await above.waitFor();
    await page.keyboard.press("Escape");
    await above.waitFor({ state: "detached" });
    assert.ok(
      await viewer.getByRole("button", { name: button, exact: true }).evaluate((each) => each === document.activeElement),
    );
  }
  await viewer.getByRole("button", { name: "Hide details" }).click();
  await facts.waitFor({ state: "detached" });
  await page.keyboard.press("Escape");
  await viewer.waitFor({ state: "detached" });
  await person.leaves();
});

test("on a phone the actions are in a menu, and Back closes it before the file", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token, {
    hasTouch: true,
    isMobile: true,
    viewport: { width: 390, height: 800 },
  });
  const { page } = person;
  await person.row("c small.png").tap();
  const viewer = await showing(page, "c small.png");
  const actions = viewer.getByRole("button", { name: "Actions" });
  await actions.tap();
  await page.getByRole("menuitem", { name: "Share" }).waitFor();
  await page.goBack();
  await page.getByRole("menuitem", { name: "Share" }).waitFor({ state: "detached" });
  await actions.tap();
  await page.getByRole("menuitem", { name: "Details" }).tap();
  await viewer.getByRole("complementary", { name: "Details" }).getByText("300 × 200").waitFor();
  await actions.tap();
  await page.getByRole("menuitem", { name: "Delete" }).tap();
  const next = await showing(page, "d scan.tiff");
  await next.getByRole("button", { name: "Undo" }).tap();
  await page.goBack();
  await next.waitFor({ state: "detached" });
  await page.getByRole("heading", { name: "All files", level: 1 }).waitFor();
  await person.leaves();
});

test("a file that is deleted in the viewer gives way to the next one, and can be had back there", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  await person.row("c small.png").dblclick();
  const viewer = await showing(page, "c small.png");
  await viewer.getByRole("button", { name: "Delete" }).click();
  const next = await showing(page, "d scan.tiff");
  await next.getByRole("button", { name: "Undo" }).click();
  // The one that is back comes before this one.
  await next.getByText(/^4 of /).waitFor();
  await page.keyboard.press("ArrowLeft");
  await showing(page, "c small.png");
  await page.keyboard.press("Escape");
  await viewer.waitFor({ state: "detached" });
  await person.leaves();
});

test("whoever closes the viewer is in the list, at the file that was seen last", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  const isAt = (/** @type {string} */ name) =>
    page.waitForFunction((wanted) => {
      const list = document.activeElement;
      const row = document.getElementById(list?.getAttribute("aria-activedescendant") ?? "");
      return list?.id === "content" && row?.querySelector(".name")?.textContent === wanted;
    }, name);
  await page.locator("#content").focus();
  await person.row("b notes.txt").click();
  await page.keyboard.press("Enter");
  await showing(page, "b notes.txt");
  await page.keyboard.press("ArrowRight");
  await showing(page, "c small.png");
  await page.keyboard.press("Escape");
  await isAt("c small.png");
  await page.goto(`${set.cloud.url}/#/?open=${encodeURIComponent("g table.csv")}`);
  await showing(page, "g table.csv");
  await page.keyboard.press("Escape");
  await isAt("g table.csv");
  await person.leaves();
});

test("the libraries of the viewer come with the first file that needs them, and none with the page", async () => {
  const person = await Person.works(set.browser, set.cloud, set.token);
  const { page } = person;
  /** @type {Set<string>} */
  const loaded = new Set();
  page.on("request", (request) => {
    const [, name] = /^\/page\/[0-9a-f]+\/(.*)/.exec(new URL(request.url()).pathname) ?? [];
    // Names of parts have a digest.
    const part = name?.replace(/-[A-Z0-9]{8}\./, ".");
    // Uploads and dialogs come as soon as the browser has nothing else to do, and the icon where it has a window.
    if (part && !/^(uploads-part\.js|on-demand-dialogs\.js|favicon\.svg)$/.test(part)) loaded.add(part);
  });
  await page.reload();
  await person.ready();
  assert.deepEqual([...loaded].sort(), ["chunk.js", "icons.svg", "main.css"]);
  await person.row("b notes.txt").dblclick();
  await (await showing(page, "b notes.txt")).getByText("some notes").waitFor();
  assert.ok(![...loaded].some((name) => /photoswipe|markdown|pdf|table|archive/.test(name)));
  await page.keyboard.press("ArrowRight");
  await pictureIn(await showing(page, "c small.png"), "c small.png");
  assert.ok(loaded.has("photoswipe.esm.js"));
  await person.leaves();
});
